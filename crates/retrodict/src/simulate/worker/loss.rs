//! How an exchange with a worker can end badly, and what that means for a simulation.

use std::process::ExitStatus;

use crate::simulate::Status;

/// Why a process gave no answer that can be used. It is stopped, and another one takes over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Loss {
    /// It ended by itself.
    Died(String),
    /// Someone else ended it.
    Killed(String),
    /// It did not answer in time.
    TimedOut(String),
    /// What it wrote is not an answer.
    Malformed(String),
    /// The user asked to stop.
    Interrupted,
}

impl Loss {
    /// What became of a process that ended.
    pub(crate) fn from_exit(exit: ExitStatus) -> Self {
        #[cfg(unix)]
        {
            use std::os::unix::process::ExitStatusExt;
            /// Hang-up, interrupt, quit, kill and terminate come from outside.
            const OUTSIDE: [i32; 5] = [1, 2, 3, 9, 15];
            if let Some(signal) = exit.signal() {
                let words = format!("was ended by signal {signal}");
                return if OUTSIDE.contains(&signal) {
                    Self::Killed(words)
                } else {
                    Self::Died(words)
                };
            }
        }
        match exit.code() {
            Some(code) => Self::Died(format!("ended by itself with exit code {code}")),
            None => Self::Died("ended by itself".into()),
        }
    }

    /// What is written of a simulation that was lost in this way too often.
    pub(crate) fn status(&self) -> Status {
        match self {
            Self::Died(_) | Self::Killed(_) | Self::Interrupted => Status::Crashed,
            Self::TimedOut(_) => Status::TimedOut,
            Self::Malformed(_) => Status::Malformed,
        }
    }

    /// How often a simulation that runs alone may be lost in this way before it is given up.
    ///
    /// Once could be bad luck. A process killed from outside says little about the simulation, but
    /// one that eats all memory is killed from outside as well, each time.
    pub(crate) fn most_attempts(&self) -> usize {
        match self {
            Self::Killed(_) => 5,
            Self::Died(_) | Self::TimedOut(_) | Self::Malformed(_) | Self::Interrupted => 2,
        }
    }

    /// After how many losses in a row, with no answer between, the simulator is given up.
    ///
    /// A simulator that has never answered is more likely broken than unlucky, above all if its
    /// process lives and says nothing or nonsense.
    pub(crate) fn most_in_a_row(&self, has_answered: bool) -> usize {
        match self {
            _ if has_answered => 100,
            Self::TimedOut(_) | Self::Malformed(_) => 6,
            _ => 20,
        }
    }

    /// What happened, as the end of a sentence about the process.
    pub(crate) fn words(&self) -> &str {
        match self {
            Self::Died(words)
            | Self::Killed(words)
            | Self::TimedOut(words)
            | Self::Malformed(words) => words,
            Self::Interrupted => "was interrupted",
        }
    }
}
