//! Memory that is dear to make and used again and again.

use std::fmt;
use std::sync::Mutex;

/// Things that threads borrow, one each at a time. There are never more than were needed at once.
pub(super) struct Pool<T> {
    spare: Mutex<Vec<T>>,
}

impl<T> fmt::Debug for Pool<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let spare = self.locked(|spare| spare.len());
        f.debug_struct("Pool").field("spare", &spare).finish()
    }
}

impl<T> Default for Pool<T> {
    fn default() -> Self {
        Self {
            spare: Mutex::new(Vec::new()),
        }
    }
}

impl<T> Pool<T> {
    /// Lends a spare thing to `run`, or a new one from `make`. What a panic interrupts is not kept.
    pub(super) fn lend<R>(&self, make: impl FnOnce() -> T, run: impl FnOnce(&mut T) -> R) -> R {
        let spare = self.locked(Vec::pop);
        let mut thing = spare.unwrap_or_else(make);
        let result = run(&mut thing);
        self.locked(|spare| spare.push(thing));
        result
    }

    fn locked<R>(&self, change: impl FnOnce(&mut Vec<T>) -> R) -> R {
        let mut spare = match self.spare.lock() {
            Ok(spare) => spare,
            Err(poisoned) => poisoned.into_inner(),
        };
        change(&mut spare)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_lent_is_lent_again() {
        let pool = Pool::default();
        let mut made = 0;
        for round in 1..4 {
            let make = || {
                made += 1;
                0
            };
            let uses = pool.lend(make, |uses| {
                *uses += 1;
                *uses
            });
            assert_eq!(uses, round);
        }
        assert_eq!(made, 1);
    }
}
