//! Densities of one parameter.

use super::bandwidth;
use super::cosine::Cosine;
use super::domain::{Domain, effective_draws};

/// A density on a grid.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Density {
    pub(crate) domain: Domain,
    /// The density in the middle of each cell.
    pub(crate) values: Vec<f64>,
}

/// How fine the grid is.
const CELLS: usize = 512;

/// The best mean error leaves ripples that the eye takes for features: a kernel a seventh wider has
/// none.
const CALM: f64 = 1.3;

/// The density of weighted draws (the weights sum to one) within `bounds`.
///
/// The integral over the domain is the share of the draws inside it, which is one unless there are
/// far outliers.
pub(crate) fn density(values: &[f64], weights: &[f64], bounds: [f64; 2]) -> Density {
    let n_effective = effective_draws(&[values], weights);
    let domain = Domain::of(values, weights, bounds, n_effective);
    let mut counts = vec![0.0; CELLS];
    for (value, weight) in values.iter().zip(weights) {
        if let Some((cell, next)) = domain.cell(*value, CELLS) {
            counts[cell] += weight * (1.0 - next);
            counts[cell + 1] += weight * next;
        }
    }
    let cosine = Cosine::new(CELLS);
    let mut coefficients = cosine.forward(&counts);
    let best = bandwidth::time_1(&coefficients, n_effective);
    let time = domain.bounded_time(best.map(|t| CALM * t));
    for (k, coefficient) in coefficients.iter_mut().enumerate() {
        *coefficient *= decay(k, time);
    }
    let cell = domain.length() / CELLS as f64;
    let values = cosine.inverse(&coefficients).into_iter();
    Density {
        domain,
        // Rounding leaves −10⁻¹⁷ where the density is zero.
        values: values.map(|v| v.max(0.0) / cell).collect(),
    }
}

/// What is left of the k-th cosine after a diffusion time.
pub(super) fn decay(k: usize, time: f64) -> f64 {
    (-0.5 * (std::f64::consts::PI * k as f64).powi(2) * time).exp()
}

impl Density {
    /// The grid's points and their densities, with the ends of the domain added.
    pub(crate) fn curve(&self) -> Vec<(f64, f64)> {
        let n = self.values.len();
        let middle = |i| (self.domain.middle(i, n), self.values[i]);
        let start = (self.domain.low, self.values[0]);
        let end = (self.domain.high, self.values[n - 1]);
        let inside = (0..n).map(middle);
        std::iter::once(start).chain(inside).chain([end]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Seed, Stream};

    fn equal(n: usize) -> Vec<f64> {
        vec![1.0 / n as f64; n]
    }

    fn integral(density: &Density) -> f64 {
        let cell = density.domain.length() / density.values.len() as f64;
        density.values.iter().sum::<f64>() * cell
    }

    fn mean_error(density: &Density, truth: impl Fn(f64) -> f64) -> f64 {
        let n = density.values.len();
        let cell = density.domain.length() / n as f64;
        let error = |i| (density.values[i] - truth(density.domain.middle(i, n))).abs() * cell;
        (0..n).map(error).sum()
    }

    fn normal(z: f64) -> f64 {
        (-0.5 * z * z).exp() / (2.0 * std::f64::consts::PI).sqrt()
    }

    #[test]
    fn densities_of_known_distributions_are_found() {
        // The integrated absolute error of a good kernel estimate from 5,000 draws is about 0.03
        // (normal, two modes) to 0.05 (uniform, exponential with a jump at the bound).
        let mut random = Seed(1).stream(Stream::Test, 0);
        let n = 5000;
        let draws: Vec<f64> = (0..n).map(|_| random.normal()).collect();
        let found = density(&draws, &equal(n), [f64::NEG_INFINITY, f64::INFINITY]);
        assert!((integral(&found) - 1.0).abs() < 1e-9);
        assert!(mean_error(&found, normal) < 0.06);

        let two: Vec<f64> = draws
            .iter()
            .enumerate()
            .map(|(i, z)| 0.1 * z + (i % 2) as f64 * 5.0)
            .collect();
        let found = density(&two, &equal(n), [f64::NEG_INFINITY, f64::INFINITY]);
        let truth = |x: f64| 5.0 * (normal(x / 0.1) + normal((x - 5.0) / 0.1));
        assert!(
            mean_error(&found, truth) < 0.08,
            "{}",
            mean_error(&found, truth)
        );

        let uniform: Vec<f64> = (0..n).map(|_| random.uniform()).collect();
        let found = density(&uniform, &equal(n), [0.0, 1.0]);
        assert_eq!((found.domain.low, found.domain.high), (0.0, 1.0));
        assert!((integral(&found) - 1.0).abs() < 1e-9);
        assert!(
            mean_error(&found, |_| 1.0) < 0.08,
            "{}",
            mean_error(&found, |_| 1.0)
        );

        let exponential: Vec<f64> = (0..n).map(|_| random.exponential()).collect();
        let found = density(&exponential, &equal(n), [0.0, f64::INFINITY]);
        assert_eq!(found.domain.low, 0.0);
        assert!(
            found.values[0] > 0.8,
            "the pile-up at the bound stays: {}",
            found.values[0]
        );
        assert!(mean_error(&found, |x| (-x).exp()) < 0.1);
    }

    #[test]
    fn weights_count_as_repeated_draws() {
        let mut random = Seed(2).stream(Stream::Test, 0);
        let n = 4000;
        let draws: Vec<f64> = (0..n).map(|_| 3.0 * random.normal()).collect();
        // Importance weights that turn N(0, 3²) into N(1, 1).
        let mut weights: Vec<f64> = draws
            .iter()
            .map(|x| normal(x - 1.0) / normal(x / 3.0))
            .collect();
        let total: f64 = weights.iter().sum();
        for weight in &mut weights {
            *weight /= total;
        }
        let found = density(&draws, &weights, [f64::NEG_INFINITY, f64::INFINITY]);
        assert!(mean_error(&found, |x| normal(x - 1.0)) < 0.12);
    }

    #[test]
    fn draws_that_were_resampled_are_as_smooth_as_those_they_came_from() {
        let mut random = Seed(4).stream(Stream::Test, 0);
        let particles: Vec<f64> = (0..400).map(|_| random.normal()).collect();
        let bounds = [f64::NEG_INFINITY, f64::INFINITY];
        let pick = |_| particles[(400.0 * random.uniform()) as usize];
        let resampled: Vec<f64> = (0..10_000).map(pick).collect();
        let found = density(&resampled, &equal(10_000), bounds);
        // As smooth: it turns about as seldom as the density of the particles themselves.
        let turns = |density: &Density| {
            let slopes: Vec<f64> = density.values.windows(2).map(|v| v[1] - v[0]).collect();
            slopes.windows(2).filter(|s| s[0] * s[1] < 0.0).count()
        };
        let own = density(&particles, &equal(400), bounds);
        assert!(turns(&found) <= turns(&own) + 4, "{} turns", turns(&found));
        assert!(mean_error(&found, normal) < 0.2);
        // Counts stay spots.
        let counts: Vec<f64> = (0..2000).map(|i| f64::from(i % 40)).collect();
        assert!(turns(&density(&counts, &equal(2000), bounds)) > 60);
    }

    #[test]
    fn hard_draws_give_finite_densities() {
        let mut random = Seed(3).stream(Stream::Test, 0);
        let narrow: Vec<f64> = (0..500).map(|_| 1e9 + 1e-4 * random.normal()).collect();
        let heavy: Vec<f64> = (0..500)
            .map(|_| random.normal() / random.normal())
            .collect();
        let repeated: Vec<f64> = (0..500).map(|i| f64::from(i % 3)).collect();
        for draws in [
            narrow,
            heavy,
            repeated,
            vec![0.0, 1.0],
            vec![1.0, 1.0, 1.0, 2.0],
        ] {
            let found = density(
                &draws,
                &equal(draws.len()),
                [f64::NEG_INFINITY, f64::INFINITY],
            );
            assert!(found.values.iter().all(|v| v.is_finite()));
            assert!(integral(&found) > 0.95 && integral(&found) < 1.0 + 1e-9);
        }
    }
}
