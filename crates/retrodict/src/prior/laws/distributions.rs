//! Density, tails, quantile, sampler and moments agree with each other.

use super::{continuous, discrete};
use crate::prior::conditional::Values;
use crate::prior::{DistributionConfig, Interval, Law, SupportKind, Tail, Univariate, coordinate};
use crate::{Seed, Stream};

fn build(config: &DistributionConfig) -> Univariate {
    Values::NONE.build(config).unwrap()
}

/// ∫ g(x) p(x) dx by the trapezoidal rule, which converges geometrically after the substitution
/// x(z), z = sinh(s): the tails of the integrand then fall off doubly exponentially.
fn integrate(law: &Univariate, g: impl Fn(f64) -> f64) -> f64 {
    const STEP: f64 = 1.0 / 128.0;
    let support = law.support();
    let nodes = (-5_000..=5_000).map(|i| {
        let s = f64::from(i) * STEP;
        // The centre of the grid is moved to the median, so that narrow densities are resolved.
        let centre = coordinate::forward(SupportKind::Logit, law, law.quantile(Tail::Lower(0.5)));
        let x = coordinate::inverse_interval(SupportKind::Logit, support, centre.value + s.sinh());
        STEP * s.cosh() * (law.log_density(x.value) + x.log_derivative).exp() * g(x.value)
    });
    nodes.filter(|v| v.is_finite()).sum()
}

#[test]
fn every_density_integrates_to_one() {
    // The numbers next to 1 are 10⁻¹⁶ apart: a beta density that rises there hides 4 · 10⁻⁷. A
    // component of a mixture that ends within the others makes a corner.
    for config in continuous() {
        let total = integrate(&build(&config), |_| 1.0);
        assert!((total - 1.0).abs() < 1e-5, "{config:?}: {total}");
    }
}

#[test]
fn every_distribution_function_is_the_integral_of_the_density() {
    for config in continuous() {
        let law = build(&config);
        for p in [0.001, 0.1, 0.35, 0.5, 0.75, 0.98] {
            let x = law.quantile(Tail::Lower(p));
            let Interval { low, high } = law.support();
            let spread = law.quantile(Tail::Lower(0.6)) - law.quantile(Tail::Lower(0.4));
            let h = 1e-5 * spread.min(x - low).min(high - x);
            let slope = (law.tails(x + h).lower - law.tails(x - h).lower) / (2.0 * h);
            let density = law.log_density(x).exp();
            // Rounding in x and in the difference of two tails, next to the error of order h².
            let tolerance = 1e-6 * density + 1e-15 / h * (1.0 + density * x.abs());
            assert!(
                (slope - density).abs() < tolerance,
                "{config:?} at {x}: {slope} {density}"
            );
            let tails = law.tails(x);
            assert!(
                (tails.lower + tails.upper - 1.0).abs() < 1e-12,
                "{config:?} at {x}"
            );
        }
    }
}

#[test]
fn every_quantile_inverts_its_tail() {
    for config in continuous() {
        let law = build(&config);
        for p in [1e-200, 1e-30, 1e-8, 0.01, 0.3, 0.5, 0.9, 1.0 - 1e-9] {
            for tail in [Tail::Lower(p), Tail::Upper(p)] {
                let x = law.quantile(tail);
                let Interval { low, high } = law.support();
                if x.abs() < 1e-300 || !law.contains(x.next_up()) || !law.contains(x.next_down()) {
                    assert!(low <= x && x <= high, "{config:?} {tail:?}: {x}");
                    continue;
                }
                // What the nearest numbers to x allow, and eight digits.
                let [before, after] = [x.next_down(), x.next_up()].map(|x| law.tails(x));
                let (found, step) = match tail {
                    Tail::Lower(_) => (law.tails(x).lower, after.lower - before.lower),
                    Tail::Upper(_) => (law.tails(x).upper, before.upper - after.upper),
                };
                let tolerance = 2.0 * step.abs() + 1e-8 * p + 1e-14 * (p > 0.5) as u8 as f64;
                assert!(
                    (found - p).abs() <= tolerance,
                    "{config:?} {tail:?}: {x}, {found}"
                );
            }
        }
    }
}

#[test]
fn the_mean_and_sd_are_those_of_the_density() {
    for config in continuous() {
        let law = build(&config);
        let moments = law.moments();
        let Some(mean) = moments.mean else { continue };
        let Some(sd) = moments.sd else { continue };
        // A component that ends within the support of the others makes a corner.
        let is_smooth = !matches!(law, Univariate::Mixture(_));
        let tolerance = if is_smooth { 1e-6 } else { 1e-4 };
        let found = integrate(&law, |x| x);
        assert!(
            (found - mean).abs() < tolerance * sd,
            "{config:?}: {found} {mean}"
        );
        let found = integrate(&law, |x| (x - mean).powi(2)).sqrt();
        assert!(
            (found / sd - 1.0).abs() < tolerance,
            "{config:?}: {found} {sd}"
        );
    }
}

/// The Kolmogorov–Smirnov distance between draws and a distribution function.
fn distance(mut draws: Vec<f64>, law: &Univariate) -> f64 {
    draws.sort_by(f64::total_cmp);
    let n = draws.len() as f64;
    let mut largest: f64 = 0.0;
    for (i, x) in draws.iter().enumerate() {
        // For a discrete distribution the steps of both functions fall together: compare after
        // the last of equal draws only.
        if draws.get(i + 1) == Some(x) {
            continue;
        }
        let first = draws.partition_point(|y| y < x) as f64;
        let cdf = law.tails(*x).lower;
        largest = largest.max((i as f64 + 1.0) / n - cdf);
        if law.is_continuous() {
            largest = largest.max(cdf - first / n);
        } else {
            largest = largest.max(cdf - (i as f64 + 1.0) / n);
        }
    }
    largest
}

#[test]
fn every_sampler_passes_kolmogorov_smirnov() {
    // 10⁵ draws; √n D > 2.7 has probability 2 exp(−2 · 2.7²) < 10⁻⁶ for each of 24 distributions.
    let n = 100_000;
    for (i, config) in continuous().iter().chain(&discrete()).enumerate() {
        let law = build(config);
        let mut random = Seed(5).stream(Stream::Test, i as u64);
        let draws: Vec<f64> = (0..n).map(|_| law.sample(&mut random)).collect();
        assert!(draws.iter().all(|x| law.contains(*x)), "{config:?}");
        let scaled = distance(draws, &law) * (n as f64).sqrt();
        assert!(scaled < 2.7, "{config:?}: {scaled}");
    }
}

#[test]
fn nothing_is_nan_or_infinitely_dense() {
    let everywhere = [f64::NAN, f64::INFINITY, f64::MAX, 1e200, 1.0, 5e-324, 0.0];
    for config in continuous().iter().chain(&discrete()) {
        let law = build(config);
        for x in everywhere.iter().flat_map(|x| [*x, -x]) {
            let value = law.log_density(x);
            assert!(
                !value.is_nan() && value < f64::INFINITY,
                "{config:?} at {x}: {value}"
            );
            assert!(!law.contains(x) || x.is_finite());
            if x.is_nan() {
                continue;
            }
            let tails = law.tails(x);
            for p in [tails.lower, tails.upper] {
                assert!((0.0..=1.0).contains(&p), "{config:?} at {x}: {tails:?}");
            }
        }
    }
}

#[test]
fn discrete_probabilities_sum_to_one_and_quantiles_reach_them() {
    for config in discrete() {
        let law = build(&config);
        assert!(config.is_discrete() && !law.is_continuous() && !law.is_connected());
        let levels = law.levels(1000).unwrap();
        let total: f64 = levels.iter().map(|x| law.log_density(*x).exp()).sum();
        // A Poisson distribution leaves 2·10⁻⁹ out.
        let bound = if matches!(law, Univariate::Poisson(_)) {
            3e-9
        } else {
            1e-14
        };
        assert!((total - 1.0).abs() < bound, "{config:?}: {total}");
        assert!(law.levels(levels.len() - 1).is_none());
        let mut below = f64::NAN;
        for &value in &levels {
            let tails = law.tails(value);
            let mass = law.log_density(value).exp();
            assert!(law.contains(value) && !law.contains(value + 0.01));
            if mass > 1e-6 {
                assert_eq!(law.quantile(Tail::Lower(tails.lower - 0.5 * mass)), value);
                assert_eq!(law.quantile(Tail::Upper(tails.upper + 0.5 * mass)), value);
            }
            assert!(
                below.is_nan() || (tails.lower - below - mass).abs() < 1e-12,
                "{config:?}"
            );
            below = tails.lower;
        }
    }
}
