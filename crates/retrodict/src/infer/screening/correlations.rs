//! How the functions of two sets of columns go together, and how probable as much is if they are independent.

use faer::{Mat, MatRef};
use libm::erfc;
use statrs::function::gamma::gamma_ur;

use super::scores::Scores;

/// The correlations of the functions of the data with those of the parameters, and of each set in itself.
pub(super) struct Correlations {
    /// From so many rows.
    n: f64,
    /// Data by parameters.
    across: Mat<f64>,
    /// Data by data.
    data: Mat<f64>,
    /// Parameters by parameters.
    parameters: Mat<f64>,
}

impl Correlations {
    pub(super) fn new(parameters: &Scores, data: &Scores) -> Self {
        let n = data.values.nrows() as f64;
        let product = |a: &Mat<f64>, b: &Mat<f64>| {
            let sums = a.transpose() * b;
            Mat::from_fn(sums.nrows(), sums.ncols(), |i, j| sums[(i, j)] / n)
        };
        Self {
            n,
            across: product(&data.values, &parameters.values),
            data: product(&data.values, &data.values),
            parameters: product(&parameters.values, &parameters.values),
        }
    }

    /// Whether functions `own` of the data are independent of `told`: the probability of correlations as large, by the sum of
    /// their squares and by the largest, whichever says less for it.
    pub(super) fn probability(&self, own: &[usize], told: &Told) -> f64 {
        let squares = own.iter().map(|&i| self.squares(i, told));
        let (sum, largest) = squares.fold((0.0, 0.0_f64), |(sum, largest), (own, most)| {
            (sum + own, largest.max(most))
        });
        let pairs = (own.len() * told.len(self)) as f64;
        let by_sum = self.probability_of_sum(sum, own, told);
        let by_largest = pairs * probability_of_square(largest);
        (2.0 * by_sum.min(by_largest)).min(1.0)
    }

    /// The same by the sum alone, which sees what is spread over all of them.
    ///
    /// With the functions' correlations R and S in each set, n Σ r² has mean tr R tr S and variance 2 ‖R‖² ‖S‖² if they are
    /// independent, and nearly a gamma distribution.
    ///
    /// # Reference
    /// Gretton et al. 2007, "A kernel statistical test of independence", NIPS 20, whose statistic this is with finitely many
    /// functions.
    pub(super) fn probability_of_all(&self, own: &[usize], told: &Told) -> f64 {
        let sum = own.iter().map(|&i| self.squares(i, told).0).sum();
        self.probability_of_sum(sum, own, told)
    }

    fn probability_of_sum(&self, sum: f64, own: &[usize], told: &Told) -> f64 {
        let mean = (own.len() * told.len(self)) as f64;
        let variance = 2.0 * self.square_norm(&self.data, own) * told.square_norm(self);
        gamma_ur(mean * mean / variance, sum * mean / variance)
    }

    /// n Σ r² and the largest n r² of one function.
    fn squares(&self, i: usize, told: &Told) -> (f64, f64) {
        let with_parameters = (0..self.parameters.ncols()).map(|k| self.across[(i, k)]);
        let with_data = told.data.iter().map(|&k| self.data[(i, k)]);
        let squares = with_parameters.chain(with_data).map(|r| self.n * r * r);
        squares.fold((0.0, 0.0_f64), |(sum, most), own| {
            (sum + own, most.max(own))
        })
    }

    /// ‖R‖² of some of the functions, without what chance adds to it.
    fn square_norm(&self, matrix: &Mat<f64>, of: &[usize]) -> f64 {
        let p = of.len() as f64;
        let all: f64 = of.iter().map(|&i| row_square(matrix.as_ref(), i, of)).sum();
        p + (all - p - p * (p - 1.0) / self.n).max(0.0)
    }
}

fn row_square(matrix: MatRef<'_, f64>, i: usize, columns: &[usize]) -> f64 {
    columns.iter().map(|&j| matrix[(i, j)].powi(2)).sum()
}

/// What data are compared with: the parameters, and functions of the data that depend on them.
#[derive(Default)]
pub(super) struct Told {
    pub(super) data: Vec<usize>,
}

impl Told {
    fn len(&self, all: &Correlations) -> usize {
        all.parameters.ncols() + self.data.len()
    }

    fn square_norm(&self, all: &Correlations) -> f64 {
        let parameters: Vec<usize> = (0..all.parameters.ncols()).collect();
        let across: f64 = (self.data.iter())
            .map(|&i| row_square(all.across.as_ref(), i, &parameters))
            .sum();
        let by_chance = (parameters.len() * self.data.len()) as f64 / all.n;
        all.square_norm(&all.parameters, &parameters)
            + all.square_norm(&all.data, &self.data)
            + 2.0 * (across - by_chance).max(0.0)
    }
}

/// The probability of a squared standard normal number at least as large.
pub(super) fn probability_of_square(square: f64) -> f64 {
    erfc((square / 2.0).sqrt())
}
