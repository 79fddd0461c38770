//! The distances of simulations that exist, and which of them are accepted.

use crate::infer::abc::comparison::Comparison;
use crate::infer::abc::population::Population;
use crate::simulate::Simulations;

/// Which simulations are accepted.
#[derive(Debug, Clone, Copy)]
pub(in crate::infer::abc) enum Wanted {
    All,
    Within(f64),
    Share(f64),
    Nearest(usize),
}

/// The distances of simulations that exist.
pub(in crate::infer::abc) struct Measured {
    /// Row and distance of those that gave data and have a distance.
    pairs: Vec<(usize, f64)>,
    pub(in crate::infer::abc) n_undefined: usize,
}

impl Measured {
    pub(in crate::infer::abc) fn new(
        simulations: &Simulations,
        comparison: &Comparison<'_>,
    ) -> Self {
        let rows = simulations.valid_rows();
        let x = simulations.x.select(&rows);
        let distances = comparison.distances(x.values(), x.n_columns());
        let n = rows.len();
        let pairs: Vec<(usize, f64)> = rows
            .into_iter()
            .zip(distances)
            .filter(|(_, d)| !d.is_nan())
            .collect();
        Self {
            n_undefined: n - pairs.len(),
            pairs,
        }
    }

    /// How many simulations gave data.
    pub(in crate::infer::abc) fn n_valid(&self) -> usize {
        self.pairs.len() + self.n_undefined
    }

    pub(super) fn smallest(&self) -> f64 {
        self.pairs
            .iter()
            .map(|(_, d)| *d)
            .fold(f64::INFINITY, f64::min)
    }

    /// The accepted simulations in the order of their rows, and the tolerance.
    pub(in crate::infer::abc) fn nearest(
        &self,
        simulations: &Simulations,
        wanted: Wanted,
    ) -> (Population, f64) {
        let count = match wanted {
            Wanted::All => self.pairs.len(),
            Wanted::Share(q) => (q * self.pairs.len() as f64).ceil() as usize,
            Wanted::Nearest(n) => n,
            Wanted::Within(t) => self.pairs.iter().filter(|(_, d)| *d <= t).count(),
        };
        let mut kept = self.pairs.clone();
        kept.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
        kept.truncate(count);
        let farthest = kept.last().map_or(0.0, |(_, d)| *d);
        kept.sort_unstable_by_key(|(row, _)| *row);
        let mut population = Population::default();
        for (row, distance) in kept {
            let (theta, x) = (simulations.theta.row(row), simulations.x.row(row));
            population.push(theta, x, distance, 0.0);
        }
        let tolerance = if let Wanted::Within(t) = wanted {
            t
        } else {
            farthest
        };
        (population, tolerance)
    }
}
