//! Special functions, each with both of its tails.

use statrs::function::erf::{erfc, erfc_inv};
use statrs::function::gamma::{gamma_lr, gamma_ur, ln_gamma};

use super::{Tail, Tails};

/// log √(2π).
pub(super) const LOG_SQRT_2PI: f64 = 0.918_938_533_204_672_8;

/// The standard normal's log-density.
pub(super) fn normal_log_density(z: f64) -> f64 {
    -0.5 * z * z - LOG_SQRT_2PI
}

/// The standard normal's tails at `z`.
pub(super) fn normal_tails(z: f64) -> Tails {
    let z = z * std::f64::consts::FRAC_1_SQRT_2;
    Tails {
        lower: 0.5 * erfc(-z),
        upper: 0.5 * erfc(z),
    }
}

/// The standard normal's quantile.
pub(super) fn normal_quantile(tail: Tail) -> f64 {
    match tail.smaller() {
        Tail::Lower(p) => -std::f64::consts::SQRT_2 * erfc_inv(2.0 * p),
        Tail::Upper(p) => std::f64::consts::SQRT_2 * erfc_inv(2.0 * p),
    }
}

/// The tails of the gamma distribution with rate one at `x`: the regularised incomplete gamma
/// functions P(shape, x) and Q(shape, x).
pub(super) fn gamma_tails(shape: f64, x: f64) -> Tails {
    if x <= 0.0 {
        return Tails {
            lower: 0.0,
            upper: 1.0,
        };
    }
    if x == f64::INFINITY {
        return Tails {
            lower: 1.0,
            upper: 0.0,
        };
    }
    Tails {
        lower: gamma_lr(shape, x),
        upper: gamma_ur(shape, x),
    }
}

/// log B(a, b).
pub(super) fn log_beta(a: f64, b: f64) -> f64 {
    ln_gamma(a) + ln_gamma(b) - ln_gamma(a + b)
}

/// The tails of the beta distribution at `x`, with `y` = 1 − x given apart so that neither side
/// loses digits: the regularised incomplete beta functions `I_x(a, b)` and `I_y(b, a)`.
///
/// The continued fraction of DLMF 8.17.22, evaluated by Lentz's method.
pub(super) fn beta_tails(a: f64, b: f64, x: f64, y: f64) -> Tails {
    if x <= 0.0 || y >= 1.0 {
        return Tails {
            lower: 0.0,
            upper: 1.0,
        };
    }
    if y <= 0.0 || x >= 1.0 && y < f64::MIN_POSITIVE {
        return Tails {
            lower: 1.0,
            upper: 0.0,
        };
    }
    let log_front = a * x.ln() + b * y.ln() - log_beta(a, b);
    // The fraction converges fast on its own side of the mean only.
    if x * (a + b + 2.0) < a + 1.0 {
        let lower = (log_front.exp() * beta_fraction(a, b, x) / a).min(1.0);
        Tails {
            lower,
            upper: 1.0 - lower,
        }
    } else {
        let upper = (log_front.exp() * beta_fraction(b, a, y) / b).min(1.0);
        Tails {
            lower: 1.0 - upper,
            upper,
        }
    }
}

fn beta_fraction(a: f64, b: f64, x: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let away_from_zero = |v: f64| if v.abs() < TINY { TINY } else { v };
    // The number of terms grows as the square root of the larger argument; this bound is generous.
    let n_terms = 200 + (10.0 * a.max(b).sqrt()).min(1e6) as usize;
    let mut c = 1.0;
    let mut d = 1.0 / away_from_zero(1.0 - (a + b) * x / (a + 1.0));
    let mut fraction = d;
    for m in 1..n_terms {
        let m = m as f64;
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        let mut change = 1.0;
        for term in [even, odd] {
            d = 1.0 / away_from_zero(1.0 + term * d);
            c = away_from_zero(1.0 + term / c);
            change = c * d;
            fraction *= change;
        }
        if (change - 1.0).abs() < f64::EPSILON {
            break;
        }
    }
    fraction
}

/// log Σ exp(vᵢ); −∞ if there is nothing to add.
pub(super) fn log_sum_exp(values: impl Iterator<Item = f64> + Clone) -> f64 {
    let largest = values.clone().fold(f64::NEG_INFINITY, f64::max);
    if largest == f64::NEG_INFINITY {
        return largest;
    }
    largest + values.map(|v| (v - largest).exp()).sum::<f64>().ln()
}
