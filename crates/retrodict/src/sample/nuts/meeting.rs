//! Where chains that each know one point at a time have all their points evaluated together.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::sample::LogDensity;

/// What a chain is at.
enum Seat {
    /// The chain is on its way to its next point.
    Away,
    Asks(Vec<f64>),
    Told(Answer),
    /// The chain has ended.
    Left,
}

struct Answer {
    value: f64,
    /// None if the density has no gradient.
    gradient: Option<Vec<f64>>,
}

/// The seats of all chains. Whoever evaluates waits until no chain is away; so what is evaluated together, and with
/// it every bit, does not depend on which chain is faster.
pub(super) struct Meeting {
    seats: Mutex<Vec<Seat>>,
    changed: Condvar,
}

impl Meeting {
    pub(super) fn new(n_chains: usize) -> Self {
        Self {
            seats: Mutex::new((0..n_chains).map(|_| Seat::Away).collect()),
            changed: Condvar::new(),
        }
    }

    /// The density as a chain sees it from its own thread.
    pub(super) fn chair(&self, chain: usize, dimension: usize) -> Chair<'_> {
        Chair {
            meeting: self,
            chain,
            dimension,
        }
    }

    /// Evaluates what chains ask for until the last one has left.
    pub(super) fn serve(&self, target: &dyn LogDensity) {
        // If the density panics, chains must not wait for it.
        let _closed = Closes(self);
        while let Some((chains, points)) = self.questions() {
            let mut values = vec![0.0; chains.len()];
            let mut gradients = vec![0.0; points.len()];
            let exist = target.with_gradient(&points, &mut values, &mut gradients);
            let mut seats = self.seats();
            let rows = gradients.chunks_exact(target.dimension());
            for ((chain, value), gradient) in chains.into_iter().zip(values).zip(rows) {
                let gradient = exist.then(|| gradient.to_vec());
                seats[chain] = Seat::Told(Answer { value, gradient });
            }
            drop(seats);
            self.changed.notify_all();
        }
    }

    /// Who asks, and their points one after the other, when no chain is away; none if all have left.
    fn questions(&self) -> Option<(Vec<usize>, Vec<f64>)> {
        let is_open = |seat: &Seat| matches!(seat, Seat::Away | Seat::Told(_));
        let mut seats = self.seats();
        while seats.iter().any(is_open) {
            seats = self
                .changed
                .wait(seats)
                .unwrap_or_else(PoisonError::into_inner);
        }
        let (mut chains, mut points) = (Vec::new(), Vec::new());
        for (chain, seat) in seats.iter().enumerate() {
            if let Seat::Asks(point) = seat {
                chains.push(chain);
                points.extend_from_slice(point);
            }
        }
        (!chains.is_empty()).then_some((chains, points))
    }

    fn seats(&self) -> MutexGuard<'_, Vec<Seat>> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells all chains that there will be no answer.
struct Closes<'a>(&'a Meeting);

impl Drop for Closes<'_> {
    fn drop(&mut self) {
        self.0.seats().fill_with(|| Seat::Left);
        self.0.changed.notify_all();
    }
}

/// The place of one chain: it asks, and waits until all others ask, too, or have left.
pub(super) struct Chair<'a> {
    meeting: &'a Meeting,
    chain: usize,
    dimension: usize,
}

impl Chair<'_> {
    fn ask(&self, point: &[f64]) -> Answer {
        let mut seats = self.meeting.seats();
        if !matches!(seats[self.chain], Seat::Left) {
            seats[self.chain] = Seat::Asks(point.to_vec());
            self.meeting.changed.notify_all();
        }
        loop {
            match std::mem::replace(&mut seats[self.chain], Seat::Away) {
                Seat::Told(answer) => return answer,
                Seat::Left => {
                    seats[self.chain] = Seat::Left;
                    return Answer {
                        value: f64::NEG_INFINITY,
                        gradient: None,
                    };
                }
                waiting => seats[self.chain] = waiting,
            }
            seats = self
                .meeting
                .changed
                .wait(seats)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl LogDensity for Chair<'_> {
    fn dimension(&self) -> usize {
        self.dimension
    }

    fn log_density(&self, points: &[f64], values: &mut [f64]) {
        for (value, point) in values.iter_mut().zip(points.chunks_exact(self.dimension)) {
            *value = self.ask(point).value;
        }
    }

    fn with_gradient(&self, points: &[f64], values: &mut [f64], gradients: &mut [f64]) -> bool {
        let rows = points.chunks_exact(self.dimension);
        let rows = rows.zip(gradients.chunks_exact_mut(self.dimension));
        for ((point, gradient), value) in rows.zip(values) {
            let answer = self.ask(point);
            *value = answer.value;
            match answer.gradient {
                Some(own) => gradient.copy_from_slice(&own),
                None => return false,
            }
        }
        true
    }
}

impl Drop for Chair<'_> {
    fn drop(&mut self) {
        self.meeting.seats()[self.chain] = Seat::Left;
        self.meeting.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use super::*;

    /// −½ z², which counts how often it is asked, and panics beyond a limit.
    struct Counting {
        asked: AtomicUsize,
        limit: usize,
    }

    impl LogDensity for Counting {
        fn dimension(&self) -> usize {
            1
        }

        fn log_density(&self, points: &[f64], values: &mut [f64]) {
            for (value, z) in values.iter_mut().zip(points) {
                *value = -0.5 * z * z;
            }
        }

        fn with_gradient(&self, points: &[f64], values: &mut [f64], gradients: &mut [f64]) -> bool {
            let asked = self.asked.fetch_add(1, Ordering::Relaxed);
            assert!(asked < self.limit, "the limit");
            self.log_density(points, values);
            for (gradient, z) in gradients.iter_mut().zip(points) {
                *gradient = -z;
            }
            true
        }
    }

    /// Chain k asks for k, 2 k, … as many times as its number says; true if all answers were right.
    fn meet(target: &Counting, n_steps: &[usize]) -> Vec<bool> {
        let meeting = Meeting::new(n_steps.len());
        thread::scope(|scope| {
            let chains: Vec<_> = n_steps
                .iter()
                .enumerate()
                .map(|(k, &n)| {
                    let chair = meeting.chair(k, 1);
                    scope.spawn(move || {
                        (1..=n).all(|step| {
                            let z = (k * step) as f64;
                            let (mut value, mut gradient) = ([0.0], [0.0]);
                            chair.with_gradient(&[z], &mut value, &mut gradient)
                                && (value[0], gradient[0]) == (-0.5 * z * z, -z)
                        })
                    })
                })
                .collect();
            let served = catch_unwind(AssertUnwindSafe(|| meeting.serve(target)));
            assert_eq!(served.is_err(), target.limit < usize::MAX);
            chains.into_iter().map(|c| c.join().unwrap()).collect()
        })
    }

    #[test]
    fn all_points_are_evaluated_together_and_chains_may_end_before_others() {
        let target = Counting {
            asked: AtomicUsize::new(0),
            limit: usize::MAX,
        };
        let right = meet(&target, &[5, 0, 17, 3]);
        assert!(right.iter().all(|right| *right), "{right:?}");
        // As often as the longest chain has points.
        assert_eq!(target.asked.into_inner(), 17);
    }

    #[test]
    fn chains_do_not_wait_for_a_density_that_panicked() {
        let target = Counting {
            asked: AtomicUsize::new(0),
            limit: 4,
        };
        let right = meet(&target, &[5, 3, 9]);
        assert_eq!(right, [false, true, false]);
    }
}
