//! Between a standard normal variable confined to an interval and one that is not.

use crate::prior::Tails;
use crate::prior::special::{
    normal_cdf, normal_log_density, normal_quantile, normal_survival, normal_tails,
};

/// Narrower intervals have the density at their center times their width, to eleven digits near the
/// center of the distribution.
const NARROW: f64 = 1e-5;
/// From here on the tail's asymptotic series is better than the logarithm of a tiny number.
const FAR: f64 = 30.0;
/// Nearer to an end than this, in widths of the interval, distances have no digits left.
const EDGE: f64 = 1e-15;
/// Where the tail of a standard normal variable is as small as a number can be.
const LARGEST_NOISE: f64 = 37.0;

/// The normal quantile of the distribution function of a standard normal variable confined to
/// [a, b], at `t`: y, and log dy/dt. Where t is so confined, y is standard normal.
pub(super) fn to_noise(t: f64, [a, b]: [f64; 2]) -> (f64, f64) {
    let edge = EDGE * (b - a);
    let t = t.clamp(a + edge, b - edge);
    let all = log_mass(a, b);
    let tails = Tails {
        lower: (log_mass(a, t) - all).exp(),
        upper: (log_mass(t, b) - all).exp(),
    };
    let y = normal_quantile(tails.smaller()).clamp(-LARGEST_NOISE, LARGEST_NOISE);
    let log_derivative = normal_log_density(t) - all - normal_log_density(y);
    (y, log_derivative)
}

/// The inverse of [`to_noise`], for a below and b above zero by no more than a few: t, and
/// log dt/dy.
pub(super) fn from_noise(y: f64, [a, b]: [f64; 2]) -> (f64, f64) {
    let y = y.clamp(-LARGEST_NOISE, LARGEST_NOISE);
    let log_all = log_mass(a, b);
    let (all, tails) = (log_all.exp(), normal_tails(y));
    let confined = Tails {
        lower: normal_cdf(a) + tails.lower * all,
        upper: normal_survival(b) + tails.upper * all,
    };
    let t = normal_quantile(confined.smaller());
    let t = t.clamp(a, b);
    (t, normal_log_density(y) + log_all - normal_log_density(t))
}

/// log(Φ(high) − Φ(low)), with its digits wherever the interval lies.
pub(super) fn log_mass(low: f64, high: f64) -> f64 {
    if low + high < 0.0 {
        return log_mass(-high, -low);
    }
    let width = high - low;
    if width < NARROW {
        return width.ln() + normal_log_density(0.5 * (low + high));
    }
    if low <= 0.0 {
        return (-(normal_survival(high) + normal_cdf(low))).ln_1p();
    }
    let log_low = log_upper_tail(low);
    log_low + (-(log_upper_tail(high) - log_low).exp()).ln_1p()
}

/// log(1 − Φ(t)) for t ≥ 0.
fn log_upper_tail(t: f64) -> f64 {
    if t < FAR {
        return normal_survival(t).ln();
    }
    let square = 1.0 / (t * t);
    normal_log_density(t) - t.ln() + (-square + 3.0 * square * square).ln_1p()
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERVALS: [[f64; 2]; 6] = [
        [-1.0, 2.0],
        [-40.0, 3.0],
        [-0.1, 0.1],
        [4.0, 4.5],
        [-60.0, -4.0],
        [4.0, 90.0],
    ];

    #[test]
    fn masses_are_those_of_the_tails_and_of_quadrature() {
        // Simpson's rule relative to the density at the lower end.
        for [low, high] in [[0.3, 0.30002], [-0.5, 1.5], [20.0, 20.3], [35.0, 36.0]] {
            let n = 20_000;
            let h = (high - low) / n as f64;
            let density = |i: usize| {
                let t = low + h * i as f64;
                (0.5 * (low * low - t * t)).exp()
            };
            let sum: f64 = (0..n)
                .step_by(2)
                .map(|i| density(i) + 4.0 * density(i + 1) + density(i + 2))
                .sum();
            let expected = normal_log_density(low) + (sum * h / 3.0).ln();
            assert!((log_mass(low, high) - expected).abs() < 1e-8, "{low}");
            assert_eq!(log_mass(low, high), log_mass(-high, -low));
        }
        assert_eq!(log_mass(1.0, 1.0), f64::NEG_INFINITY);
        assert!((log_mass(-50.0, 50.0)).abs() < 1e-15);
    }

    #[test]
    fn one_undoes_the_other() {
        for interval in INTERVALS {
            for y in [-5.0, -1.0, 0.0, 0.3, 2.0, 5.0] {
                let (t, log_inverse) = from_noise(y, interval);
                let (back, log_derivative) = to_noise(t, interval);
                assert!((back - y).abs() < 1e-6, "{interval:?} {y} {back}");
                assert!((log_inverse + log_derivative).abs() < 1e-6);
                assert!(interval[0] <= t && t <= interval[1]);
            }
        }
    }

    #[test]
    fn the_derivative_is_the_difference_quotient() {
        for interval in INTERVALS {
            for y in [-3.0, 0.2, 2.5] {
                let h = 1e-4;
                let at = |y: f64| from_noise(y, interval).0;
                let quotient = (at(y + h) - at(y - h)) / (2.0 * h);
                let exact = from_noise(y, interval).1.exp();
                assert!((quotient / exact - 1.0).abs() < 1e-5, "{interval:?} {y}");
            }
        }
    }

    #[test]
    fn ends_and_wild_values_stay_finite_and_inside() {
        for [a, b] in INTERVALS {
            for t in [a, b, a - 1.0, b + 1.0] {
                let (y, log_derivative) = to_noise(t, [a, b]);
                assert!(y.is_finite() && log_derivative.is_finite(), "{a} {b} {t}");
            }
            for y in [-1e9, 1e9] {
                let (t, log_derivative) = from_noise(y, [a, b]);
                assert!(a <= t && t <= b && log_derivative.is_finite());
            }
        }
    }
}
