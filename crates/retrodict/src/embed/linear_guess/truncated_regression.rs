//! Regression with values that are confined to an interval.

use faer::linalg::solvers::Solve;
use faer::{Mat, Side};

use super::truncated_normal::log_mass;
use crate::prior::special::normal_log_density;

/// z = aᵀ r + σ ε, with ε normal and z confined to [−1, 1].
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Regression {
    pub(super) slopes: Vec<f64>,
    pub(super) sd: f64,
}

/// Wider than this, in half-widths of the interval, a normal distribution is flat on it.
const LARGEST_SD: f64 = 5.0;
const MAX_STEPS: usize = 50;
const MAX_HALVINGS: usize = 20;
/// Added to the curvature, a row, so that rounding does not make it negative.
const JITTER: f64 = 1e-9;
/// Steps that gain less than this a row are the last.
const ENOUGH: f64 = 1e-7;

/// The most probable slopes and sd for rows of `design` and their values: Newton's method on γ = a / σ
/// and h = 1 / σ, in which the log-likelihood is concave. A `ridge` holds all slopes but the first
/// to those of `start`, where it begins; that is what it returns if it gets nowhere.
///
/// # Reference
/// Hausman and Wise 1977, Econometrica 45, 919; the parameters of Olsen 1978, Econometrica 46, 1211.
pub(super) fn truncated_regression(
    design: &Mat<f64>,
    values: &[f64],
    ridge: f64,
    start: Regression,
) -> Regression {
    let problem = Problem {
        design,
        values,
        ridge,
        center: &start.slopes,
    };
    let h = (1.0 / start.sd).max(1.0 / LARGEST_SD);
    let mut at = Point {
        gamma: start.slopes.iter().map(|a| a * h).collect(),
        h,
    };
    let mut best = problem.objective(&at);
    for _ in 0..MAX_STEPS {
        let Some(step) = problem.newton_step(&at) else {
            break;
        };
        let Some((next, value)) = problem.line_search(&at, &step, best) else {
            break;
        };
        let gain = value - best;
        (at, best) = (next, value);
        if gain < ENOUGH * values.len() as f64 {
            break;
        }
    }
    if !best.is_finite() {
        return start;
    }
    Regression {
        slopes: at.gamma.iter().map(|gamma| gamma / at.h).collect(),
        sd: 1.0 / at.h,
    }
}

struct Point {
    gamma: Vec<f64>,
    h: f64,
}

impl Point {
    /// This far along a step; h stays where the distribution is not yet flat.
    fn moved(&self, step: &[f64], length: f64) -> Self {
        let gamma = self.gamma.iter().zip(step);
        let last = step[step.len() - 1];
        Self {
            gamma: gamma.map(|(gamma, step)| gamma + length * step).collect(),
            h: (self.h + length * last).max(1.0 / LARGEST_SD),
        }
    }
}

struct Problem<'a> {
    design: &'a Mat<f64>,
    values: &'a [f64],
    ridge: f64,
    /// The slopes that the ridge pulls to.
    center: &'a [f64],
}

/// log N(z; s / h, 1 / h²) on [−1, 1].
fn row_log_likelihood(s: f64, h: f64, z: f64) -> f64 {
    h.ln() + normal_log_density(h * z - s) - log_mass(-h - s, h - s)
}

/// Derivatives of a row's log-likelihood with respect to s = γᵀ r and h; the second ones negated.
struct Derivatives {
    s: f64,
    h: f64,
    ss: f64,
    sh: f64,
    hh: f64,
}

impl Derivatives {
    fn new(s: f64, h: f64, z: f64) -> Self {
        let (a, b, t) = (-h - s, h - s, h * z - s);
        let all = log_mass(a, b);
        let at_low = (normal_log_density(a) - all).exp();
        let at_high = (normal_log_density(b) - all).exp();
        // Of log(Φ(b) − Φ(a)) with respect to s and h.
        let (d, e) = (at_low - at_high, at_high + at_low);
        Self {
            s: t - d,
            h: 1.0 / h - t * z - e,
            ss: 1.0 + a * at_low - b * at_high - d * d,
            sh: -z + a * at_low + b * at_high - d * e,
            hh: 1.0 / (h * h) + z * z + a * at_low - b * at_high - e * e,
        }
    }
}

impl Problem<'_> {
    fn predicted(&self, gamma: &[f64], row: usize) -> f64 {
        let regressors = gamma.iter().enumerate();
        regressors.map(|(k, g)| g * self.design[(row, k)]).sum()
    }

    /// The log-likelihood less the ridge's penalty, up to a constant.
    fn objective(&self, at: &Point) -> f64 {
        let rows = self.values.iter().enumerate();
        let log_likelihood: f64 = rows
            .map(|(row, z)| {
                let s = self.predicted(&at.gamma, row);
                row_log_likelihood(s, at.h, *z)
            })
            .sum();
        let penalty: f64 = (1..at.gamma.len()).map(|k| self.pull(at, k).powi(2)).sum();
        log_likelihood - 0.5 * self.ridge * penalty
    }

    /// How far slope k is from its center, in units of σ.
    fn pull(&self, at: &Point, k: usize) -> f64 {
        at.gamma[k] - at.h * self.center[k]
    }

    /// Where Newton's method goes from here: γ's steps, then h's.
    fn newton_step(&self, at: &Point) -> Option<Vec<f64>> {
        let rows = self.values.iter().enumerate();
        let derivatives: Vec<Derivatives> = rows
            .map(|(row, &z)| Derivatives::new(self.predicted(&at.gamma, row), at.h, z))
            .collect();
        let (mut curvature, mut gradient) = self.of_gamma(at, &derivatives);
        let p = at.gamma.len();
        let (cross, own) = self.of_h(&derivatives);
        let along_h: f64 = derivatives.iter().map(|d| d.h).sum::<f64>()
            + (1..p)
                .map(|k| self.ridge * self.center[k] * self.pull(at, k))
                .sum::<f64>();
        // At its floor h stays where it is.
        if at.h <= 1.0 / LARGEST_SD && along_h < 0.0 {
            curvature[(p, p)] = 1.0;
        } else {
            gradient[(p, 0)] = along_h;
            curvature[(p, p)] = own;
            for (k, cross) in cross.into_iter().enumerate() {
                (curvature[(k, p)], curvature[(p, k)]) = (cross, cross);
            }
        }
        let step = curvature.llt(Side::Lower).ok()?.solve(&gradient);
        let step: Vec<f64> = (0..=p).map(|i| step[(i, 0)]).collect();
        step.iter().all(|v| v.is_finite()).then_some(step)
    }

    /// The negated second and the first derivatives with respect to γ, with a row and a column of
    /// zeros for h.
    fn of_gamma(&self, at: &Point, derivatives: &[Derivatives]) -> (Mat<f64>, Mat<f64>) {
        let (n, p) = (derivatives.len(), at.gamma.len());
        let weighted = Mat::from_fn(n, p, |row, k| derivatives[row].ss * self.design[(row, k)]);
        let products = self.design.transpose() * &weighted;
        let curvature = Mat::from_fn(p + 1, p + 1, |i, j| match (i < p, j < p) {
            (true, true) if i == j => products[(i, i)] + self.ridge_on(i) + JITTER * n as f64,
            (true, true) => 0.5 * (products[(i, j)] + products[(j, i)]),
            _ => 0.0,
        });
        let gradient = Mat::from_fn(p + 1, 1, |i, _| {
            if i == p {
                return 0.0;
            }
            let rows = derivatives.iter().enumerate();
            let total: f64 = rows.map(|(row, s)| s.s * self.design[(row, i)]).sum();
            total - self.ridge_on(i) * self.pull(at, i)
        });
        (curvature, gradient)
    }

    /// The negated second derivatives with respect to h and each γ, and to h twice.
    fn of_h(&self, derivatives: &[Derivatives]) -> (Vec<f64>, f64) {
        let cross = (0..self.center.len()).map(|k| {
            let rows = derivatives.iter().enumerate();
            let total: f64 = rows.map(|(row, s)| s.sh * self.design[(row, k)]).sum();
            total - self.ridge_on(k) * self.center[k]
        });
        let ridge: f64 = self.center[1..].iter().map(|a| self.ridge * a * a).sum();
        let own: f64 = derivatives.iter().map(|s| s.hh).sum();
        (
            cross.collect(),
            own + ridge + JITTER * derivatives.len() as f64,
        )
    }

    fn ridge_on(&self, k: usize) -> f64 {
        if k == 0 { 0.0 } else { self.ridge }
    }

    /// The first of ever shorter steps that gains something, and its objective.
    fn line_search(&self, at: &Point, step: &[f64], best: f64) -> Option<(Point, f64)> {
        (0..MAX_HALVINGS).find_map(|halvings| {
            let next = at.moved(step, 0.5_f64.powi(halvings as i32));
            let value = self.objective(&next);
            (value > best).then_some((next, value))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::{Seed, Stream};

    #[test]
    fn derivatives_are_difference_quotients() {
        for (s, h, z) in [
            (0.0, 1.0, 0.3),
            (4.0, 5.0, 0.99),
            (-40.0, 20.0, -0.98),
            (1.0, 0.3, -0.5),
        ] {
            let exact = Derivatives::new(s, h, z);
            let d = 1e-5 * h;
            let difference = |f: &dyn Fn(f64) -> f64| (f(d) - f(-d)) / (2.0 * d);
            let pairs = [
                (exact.s, difference(&|d| row_log_likelihood(s + d, h, z))),
                (exact.h, difference(&|d| row_log_likelihood(s, h + d, z))),
                (-exact.ss, difference(&|d| Derivatives::new(s + d, h, z).s)),
                (-exact.sh, difference(&|d| Derivatives::new(s, h + d, z).s)),
                (-exact.sh, difference(&|d| Derivatives::new(s + d, h, z).h)),
                (-exact.hh, difference(&|d| Derivatives::new(s, h + d, z).h)),
            ];
            for (exact, quotient) in pairs {
                let scale = 1.0 + exact.abs();
                assert!(
                    (exact - quotient).abs() < 1e-5 * scale,
                    "{exact} {quotient}"
                );
            }
        }
    }

    #[test]
    fn a_flat_prior_s_edges_do_not_tilt_the_line() {
        // z uniform on (−1, 1), x = z + 0.1 ε: z given x is N(x, 0.1²) confined to (−1, 1). Least
        // squares has a slope of 0.97.
        let mut random = Seed(1).stream(Stream::Test, 0);
        let n = 5000;
        let z: Vec<f64> = (0..n).map(|_| 2.0 * random.uniform() - 1.0).collect();
        let x: Vec<f64> = z.iter().map(|z| z + 0.1 * random.normal()).collect();
        let design = Mat::from_fn(n, 2, |i, k| if k == 0 { 1.0 } else { x[i] });
        let start = Regression {
            slopes: vec![0.0, 0.9],
            sd: 0.2,
        };
        let fit = truncated_regression(&design, &z, 0.1, start);
        // Standard errors: 0.0015, 0.0026, 0.0011.
        assert!(fit.slopes[0].abs() < 0.006, "{fit:?}");
        assert!((fit.slopes[1] - 1.0).abs() < 0.01, "{fit:?}");
        assert!((fit.sd - 0.1).abs() < 0.0045, "{fit:?}");
    }

    #[test]
    fn values_piled_up_at_both_ends_give_the_flattest_fit() {
        let design = Mat::from_fn(100, 1, |_, _| 1.0);
        let values: Vec<f64> = (0..100)
            .map(|i| if i % 2 == 0 { 0.999 } else { -0.999 })
            .collect();
        let start = Regression {
            slopes: vec![0.0],
            sd: 1.0,
        };
        let fit = truncated_regression(&design, &values, 0.1, start);
        assert_eq!(fit.sd, LARGEST_SD);
        assert!(fit.slopes[0].abs() < 1e-6);
    }

    #[test]
    fn it_ends_where_the_likelihood_is_largest() {
        for seed in 1..=10 {
            let mut random = Seed(seed).stream(Stream::Test, 0);
            let n = 9000;
            let z: Vec<f64> = (0..n).map(|_| 2.0 * random.uniform() - 1.0).collect();
            let x: Vec<f64> = z.iter().map(|z| z + 0.05 * random.normal()).collect();
            let design = Mat::from_fn(n, 2, |i, k| if k == 0 { 1.0 } else { x[i] });
            let start = Regression {
                slopes: vec![0.0, 0.98],
                sd: 0.055,
            };
            let fit = truncated_regression(&design, &z, 10.0, start);
            // Five standard errors.
            assert!((fit.sd - 0.05).abs() < 0.0021, "seed {seed}: {fit:?}");
        }
    }
}
