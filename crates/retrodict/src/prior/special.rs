//! Special functions, each with both of its tails.

use libm::erfc;
use statrs::function::erf::erfc_inv;
use statrs::function::gamma::ln_gamma;

use super::{Tail, Tails};

/// log √(2π).
pub(crate) const LOG_SQRT_2PI: f64 = 0.918_938_533_204_672_8;

/// The standard normal's log-density.
pub(crate) fn normal_log_density(z: f64) -> f64 {
    -0.5 * z * z - LOG_SQRT_2PI
}

/// P(Z > z) of the standard normal, with its digits far above zero.
pub(crate) fn normal_survival(z: f64) -> f64 {
    0.5 * erfc(z * std::f64::consts::FRAC_1_SQRT_2)
}

/// P(Z ≤ z) of the standard normal, with its digits far below zero.
pub(crate) fn normal_cdf(z: f64) -> f64 {
    normal_survival(-z)
}

/// The standard normal's tails at `z`.
pub(crate) fn normal_tails(z: f64) -> Tails {
    Tails {
        lower: normal_cdf(z),
        upper: normal_survival(z),
    }
}

/// The standard normal's quantile.
pub(crate) fn normal_quantile(tail: Tail) -> f64 {
    match tail.smaller() {
        Tail::Lower(p) => -upper_quantile(p),
        Tail::Upper(p) => upper_quantile(p),
    }
}

/// The z ≥ 0 with P(Z > z) = p, for p ≤ ½.
fn upper_quantile(p: f64) -> f64 {
    let z = std::f64::consts::SQRT_2 * erfc_inv(2.0 * p);
    // `erfc_inv` is good to ten digits; one step of Newton's method gives the rest.
    let step = (normal_survival(z) - p) / normal_log_density(z).exp();
    if step.is_finite() { z + step } else { z }
}

/// The tails of the gamma distribution with rate one at `x`: the regularised incomplete gamma
/// functions P(shape, x) and Q(shape, x).
///
/// The series of DLMF 8.11.4 below the mean and the continued fraction of DLMF 8.9.2, evaluated by
/// Lentz's method, above; for shapes over 10⁸ the approximation of Wilson and Hilferty (1931).
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
    if shape > 1e8 {
        let third = 1.0 / (9.0 * shape);
        return normal_tails(((x / shape).cbrt() - 1.0 + third) / third.sqrt());
    }
    let front = gamma_log_front(shape, x).exp();
    if x < shape + 1.0 {
        let lower = (front * gamma_series(shape, x)).min(1.0);
        Tails {
            lower,
            upper: 1.0 - lower,
        }
    } else {
        let upper = (front * gamma_fraction(shape, x)).min(1.0);
        Tails {
            lower: 1.0 - upper,
            upper,
        }
    }
}

/// log(x^a e^(−x) / Γ(a)), for large a about its maximum at x = a, where the terms cancel.
fn gamma_log_front(a: f64, x: f64) -> f64 {
    if a < 20.0 {
        return a * x.ln() - x - ln_gamma(a);
    }
    let distance = (x - a) / a;
    // Stirling's series; the next term is below 10⁻¹² for a ≥ 20.
    let inverse = 1.0 / a;
    let square = inverse * inverse;
    let stirling =
        inverse * (1.0 / 12.0 - square * (1.0 / 360.0 - square * (1.0 / 1260.0 - square / 1680.0)));
    a * (distance.ln_1p() - distance) + 0.5 * a.ln() - LOG_SQRT_2PI - stirling
}

/// Σ xⁿ / (a (a + 1) … (a + n)).
fn gamma_series(a: f64, x: f64) -> f64 {
    let mut term = 1.0 / a;
    let mut sum = term;
    for n in 1..n_terms(a) {
        term *= x / (a + n as f64);
        sum += term;
        if term < f64::EPSILON * sum {
            break;
        }
    }
    sum
}

/// 1 / (x + 1 − a − 1(1 − a) / (x + 3 − a − 2(2 − a) / (x + 5 − a − …))).
fn gamma_fraction(a: f64, x: f64) -> f64 {
    let mut bottom = x + 1.0 - a;
    let mut c = 1.0 / TINY;
    let mut d = 1.0 / away_from_zero(bottom);
    let mut fraction = d;
    for n in 1..n_terms(a) {
        let n = n as f64;
        let top = n * (a - n);
        bottom += 2.0;
        d = 1.0 / away_from_zero(top * d + bottom);
        c = away_from_zero(bottom + top / c);
        fraction *= c * d;
        if (c * d - 1.0).abs() < f64::EPSILON {
            break;
        }
    }
    fraction
}

/// Lentz's method replaces zero denominators by this.
const TINY: f64 = 1e-300;

fn away_from_zero(v: f64) -> f64 {
    if v.abs() < TINY { TINY } else { v }
}

/// A generous bound on the number of terms of a series or fraction, which grows as the square root
/// of the larger argument.
fn n_terms(largest: f64) -> usize {
    200 + (10.0 * largest.sqrt()).min(1e6) as usize
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
    if x <= 0.0 {
        return Tails {
            lower: 0.0,
            upper: 1.0,
        };
    }
    if y <= 0.0 {
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
    let mut c = 1.0;
    let mut d = 1.0 / away_from_zero(1.0 - (a + b) * x / (a + 1.0));
    let mut fraction = d;
    for m in 1..n_terms(a.max(b)) {
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
pub(crate) fn log_sum_exp(values: impl Iterator<Item = f64> + Clone) -> f64 {
    let largest = values.clone().fold(f64::NEG_INFINITY, f64::max);
    if largest.is_infinite() {
        return largest;
    }
    largest + values.map(|v| (v - largest).exp()).sum::<f64>().ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_of_large_and_small_terms_do_not_overflow() {
        let of = |terms: &[f64]| log_sum_exp(terms.iter().copied());
        assert!((of(&[1e3, 1e3]) - 1e3 - 2_f64.ln()).abs() < 1e-12);
        assert!((of(&[-1e3, -1e3]) + 1e3 - 2_f64.ln()).abs() < 1e-12);
        assert_eq!(of(&[]), f64::NEG_INFINITY);
        assert_eq!(of(&[f64::NEG_INFINITY; 2]), f64::NEG_INFINITY);
        assert_eq!(of(&[f64::INFINITY, 0.0]), f64::INFINITY);
    }
}
