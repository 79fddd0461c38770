//! Pairs of parameters and data, and what became of each simulation.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::table::Table;

/// What became of a simulation. The numbers are part of the file format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Status {
    /// It gave data.
    Ok = 0,
    /// The simulator said that it failed.
    Failed = 1,
    /// It gave a number that is not finite.
    NotFinite = 2,
    /// Its process died.
    Crashed = 3,
    /// It took longer than the time allowed.
    TimedOut = 4,
    /// Its answer could not be understood.
    Malformed = 5,
}

impl Status {
    /// The status with this number in a file.
    pub fn from_code(code: u8) -> Option<Self> {
        [
            Self::Ok,
            Self::Failed,
            Self::NotFinite,
            Self::Crashed,
            Self::TimedOut,
            Self::Malformed,
        ]
        .into_iter()
        .find(|status| *status as u8 == code)
    }

    /// The status as a scientist would say it.
    pub fn words(self) -> &'static str {
        match self {
            Self::Ok => "succeeded",
            Self::Failed => "failed by the simulator's own word",
            Self::NotFinite => "gave NaN or infinite values",
            Self::Crashed => "crashed",
            Self::TimedOut => "timed out",
            Self::Malformed => "gave an answer that could not be read",
        }
    }
}

/// How many simulations failed, by kind.
pub type Failures = BTreeMap<Status, usize>;

/// Rows of (θ, x, status). The rows of simulations that failed hold NaN as data.
#[derive(Debug, Clone, PartialEq)]
pub struct Simulations {
    /// The parameters, one row a simulation.
    pub theta: Table,
    /// The data, one row a simulation.
    pub x: Table,
    /// What became of each simulation.
    pub status: Vec<Status>,
}

impl Simulations {
    /// How many simulations there are, failed ones included.
    pub fn len(&self) -> usize {
        self.status.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.status.is_empty()
    }

    /// Removes all rows and keeps the room they took.
    pub(crate) fn clear(&mut self) {
        self.theta.clear();
        self.x.clear();
        self.status.clear();
    }

    /// The positions of the rows that hold data.
    pub fn valid_rows(&self) -> Vec<usize> {
        (0..self.len())
            .filter(|&i| self.status[i] == Status::Ok)
            .collect()
    }

    /// Only the rows that hold data.
    #[must_use]
    pub fn valid(&self) -> Self {
        self.select(&self.valid_rows())
    }

    /// The rows at these positions, in this order.
    #[must_use]
    pub fn select(&self, rows: &[usize]) -> Self {
        Self {
            theta: self.theta.select(rows),
            x: self.x.select(rows),
            status: rows.iter().map(|&i| self.status[i]).collect(),
        }
    }

    /// These rows, and then those of `later`.
    ///
    /// # Errors
    /// If the columns are not as many.
    pub fn followed_by(&self, later: &Self) -> Result<Self> {
        let join = |a: &Table, b: &Table| {
            Table::new(a.names().to_vec(), [a.values(), b.values()].concat())
        };
        Ok(Self {
            theta: join(&self.theta, &later.theta)?,
            x: join(&self.x, &later.x)?,
            status: [&self.status[..], &later.status].concat(),
        })
    }

    /// How many simulations failed, by kind.
    pub fn failures(&self) -> Failures {
        let mut failures = Failures::new();
        for &status in self.status.iter().filter(|&&s| s != Status::Ok) {
            *failures.entry(status).or_default() += 1;
        }
        failures
    }
}
