//! Ridge regression of each column on those before it.

use faer::linalg::solvers::Solve;
use faer::{Mat, Side};

use super::truncated_regression::Regression;

/// Candidates for the ridge, in units of the regressors' variance times rows' noise; the last is
/// as good as no regression.
const RIDGES: [f64; 6] = [0.1, 1.0, 10.0, 100.0, 1000.0, 1e9];
const FOLDS: usize = 5;
/// The smallest residual variance, relative to that of the values: below it `f32` has no digits.
const MIN_VARIANCE: f64 = 1e-6;

/// Sums of products of all columns, in each fold of the rows: all that regressions need.
pub(super) struct Products {
    folds: Vec<(f64, Mat<f64>)>,
}

impl Products {
    /// Of a design whose first column is one.
    pub(super) fn new(design: &Mat<f64>) -> Self {
        let (n, p) = (design.nrows(), design.ncols());
        let fold = |k: usize| {
            let rows: Vec<usize> = (k..n).step_by(FOLDS).collect();
            let part = Mat::from_fn(rows.len(), p, |i, j| design[(rows[i], j)]);
            (rows.len() as f64, part.transpose() * &part)
        };
        Self {
            folds: (0..FOLDS).map(fold).collect(),
        }
    }

    /// The regression of column `target` on all columns before it, and the ridge that predicts best
    /// in cross-validation. Without a solution, the slopes are zero.
    pub(super) fn regress(&self, target: usize) -> (Regression, f64) {
        let score = |ridge: f64| -> f64 {
            let scores = (0..FOLDS).map(|judge| {
                let (n, products) = &self.folds[judge];
                let fit = solve(&self.sum(|fold| fold != judge), target, ridge);
                fit.map_or(f64::NEG_INFINITY, |fit| {
                    let squares = residual_squares(products, target, &fit.slopes);
                    -n * fit.sd.ln() - 0.5 * squares / fit.sd.powi(2)
                })
            });
            scores.sum()
        };
        let last = RIDGES[RIDGES.len() - 1];
        let candidates = RIDGES.map(|ridge| (score(ridge), ridge));
        let best = candidates
            .into_iter()
            .fold((f64::NEG_INFINITY, last), |best, next| {
                if next.0 > best.0 { next } else { best }
            });
        let nothing = Regression {
            slopes: vec![0.0; target],
            sd: 1.0,
        };
        let fit = solve(&self.sum(|_| true), target, best.1);
        (fit.unwrap_or(nothing), best.1)
    }

    fn sum(&self, wanted: impl Fn(usize) -> bool) -> (f64, Mat<f64>) {
        let p = self.folds[0].1.nrows();
        let mut total = (0.0, Mat::zeros(p, p));
        for (fold, (n, products)) in self.folds.iter().enumerate() {
            if wanted(fold) {
                total.0 += n;
                total.1 += products;
            }
        }
        total
    }
}

fn solve((n, products): &(f64, Mat<f64>), target: usize, ridge: f64) -> Option<Regression> {
    let penalty = |i: usize, j: usize| if i == j && i > 0 { ridge } else { 0.0 };
    let left = Mat::from_fn(target, target, |i, j| products[(i, j)] + penalty(i, j));
    let right = Mat::from_fn(target, 1, |i, _| products[(i, target)]);
    let solution = left.llt(Side::Lower).ok()?.solve(&right);
    let slopes: Vec<f64> = (0..target).map(|i| solution[(i, 0)]).collect();
    let squares = residual_squares(products, target, &slopes).max(0.0);
    let floor = MIN_VARIANCE * products[(target, target)].max(1e-30);
    let sd = ((squares + floor) / n).sqrt();
    let finite = slopes.iter().all(|v| v.is_finite()) && sd.is_finite() && sd > 0.0;
    finite.then_some(Regression { slopes, sd })
}

/// Σ (z − aᵀ r)² from the sums of products.
fn residual_squares(products: &Mat<f64>, target: usize, slopes: &[f64]) -> f64 {
    let mut total = products[(target, target)];
    for (i, a) in slopes.iter().enumerate() {
        total -= 2.0 * a * products[(i, target)];
        for (j, b) in slopes.iter().enumerate() {
            total += a * b * products[(i, j)];
        }
    }
    total
}
