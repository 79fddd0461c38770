//! Compositions of fields that are known exactly.

use super::fields::{Fields, Velocity};
use super::symmetric::Symmetric;
use super::*;
use crate::estimator::{Estimator, PathConfig};
use crate::infer::classical::covariance::moments;
use crate::infer::vector_field::{FieldConfig, FieldModel};
use crate::prior::DistributionConfig;

const D: usize = 2;

/// Trials of a linear Gaussian problem: yᵢ = y + shiftᵢ, y ~ N(m, S), and each is told xᵢ = y + N(0, R).
struct Exact {
    space: CommonSpace,
    /// The mean of y, not yet shifted, and the covariance of each trial's posterior.
    means: Vec<Vec<f64>>,
    covariance: Symmetric,
    /// As of a trained field, beyond which it is that at the nearest.
    angles: [f64; 2],
    /// What is added to w.
    error: f64,
}

impl Exact {
    /// The trials, and the mean and covariance of the posterior of all of them.
    fn new(n: usize, path: &str, error: f64) -> (Self, (Vec<f64>, Symmetric)) {
        let center = vec![0.3, -0.4];
        let spread = Symmetric::new(&[1.3, 0.4, 0.4, 0.8], D, 0.0);
        // One direction is learned about four times better than the prior knows it, one hardly at all.
        let told = Symmetric::new(&[8.0, 7.5, 7.5, 8.0], D, 0.0);
        let prior = spread.matrix(f64::recip);
        let one: Vec<f64> = sum(&prior, &told.matrix(|p| p), 1.0);
        let covariance = Symmetric::new(&Symmetric::new(&one, D, 0.0).matrix(f64::recip), D, 0.0);
        let (mut weighted, mut part) = (vec![0.0; D], vec![0.0; D]);
        spread.apply(f64::recip, &center, &mut weighted);
        let own = weighted.clone();
        let mut means = Vec::new();
        for trial in 0..n {
            let x = [0.8 + (trial as f64).sin(), 0.1 - (2.0 * trial as f64).cos()];
            told.apply(|p| p, &x, &mut part);
            weighted.iter_mut().zip(&part).for_each(|(w, p)| *w += p);
            let weighted: Vec<f64> = own.iter().zip(&part).map(|(a, b)| a + b).collect();
            let mut mean = vec![0.0; D];
            covariance.apply(|v| v, &weighted, &mut mean);
            means.push(mean);
        }
        let all = sum(&prior, &told.matrix(|p| p), n as f64);
        let all = Symmetric::new(&all, D, 0.0);
        let mut mean = vec![0.0; D];
        all.apply(f64::recip, &weighted, &mut mean);
        let path: PathConfig = serde_json::from_str(&format!(r#"{{"kind":"{path}"}}"#)).unwrap();
        let shift = |trial: usize| vec![0.7 * trial as f64, -0.2 * trial as f64];
        let space = CommonSpace {
            shifts: (0..n).map(shift).collect(),
            center,
            spread,
        };
        let angles = path.times().map(|t| path.angle(t));
        let exact = Self {
            space,
            means,
            covariance,
            angles,
            error,
        };
        let covariance = Symmetric::new(&all.matrix(f64::recip), D, 0.0);
        (exact, (mean, covariance))
    }

    /// The mean and covariance of draws.
    fn composed(&self, config: &CompositionConfig, n: usize) -> (Vec<f64>, Vec<f64>) {
        let composer = Composer::new(self, &self.space, config, Seed(1));
        let random = Seed(1).stream(Stream::Posterior, 0);
        moments(&composer.draw(random, n), D)
    }
}

fn sum(a: &[f64], b: &[f64], factor: f64) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a + factor * b).collect()
}

impl Fields for Exact {
    fn least_angle(&self) -> f64 {
        self.angles[0]
    }

    fn carry(&self, trial: usize, noise: &[f64]) -> Vec<f64> {
        let mean = sum(&self.means[trial], &self.space.shifts[trial], 1.0);
        let mut out = vec![0.0; noise.len()];
        for (z, y) in noise.chunks_exact(D).zip(out.chunks_exact_mut(D)) {
            self.covariance.apply(f64::sqrt, z, y);
            for (y, mean) in y.iter_mut().zip(&mean) {
                *y += mean;
            }
        }
        out
    }

    /// E[y | u] = m + c C (c² C + s²)⁻¹ (u − c m), and w = (c u − E[y | u]) / s.
    fn velocity(&self, _: usize) -> Velocity<'_> {
        Box::new(|trial, angle, points| {
            let (s, c) = angle.clamp(self.angles[0], self.angles[1]).sin_cos();
            let shift = &self.space.shifts[trial];
            let mean: Vec<f64> = sum(&self.means[trial], shift, 1.0);
            let gain = |v: f64| c * v / (c * c * v + s * s);
            let mut part = [0.0; D];
            for point in points.chunks_exact_mut(D) {
                self.covariance
                    .apply(gain, &sum(point, &mean, -c), &mut part);
                for ((u, mean), part) in point.iter_mut().zip(&mean).zip(&part) {
                    *u = (c * *u - mean - part) / s + self.error;
                }
            }
        })
    }
}

/// What is wrong with draws: their mean's distance from the exact one in sds, and the sds' ratios less
/// one, in the directions in which the exact covariance is diagonal.
fn wrong((mean, covariance): &(Vec<f64>, Vec<f64>), exact: &(Vec<f64>, Symmetric)) -> [f64; 2] {
    let difference: Vec<f64> = mean.iter().zip(&exact.0).map(|(a, b)| a - b).collect();
    let mut whitened = vec![0.0; D];
    exact
        .1
        .apply(|v| v.sqrt().recip(), &difference, &mut whitened);
    let distance = whitened.iter().map(|v| v * v).sum::<f64>().sqrt();
    // Σ^−½ Ĉ Σ^−½ has the ratios' squares as eigenvalues.
    let half = exact.1.matrix(|v| v.sqrt().recip());
    let ratio = Symmetric::new(&product(&product(&half, covariance), &half), D, 0.0);
    let ratios = ratio.values().iter().map(|v| (v.sqrt() - 1.0).abs());
    [distance, ratios.fold(0.0, f64::max)]
}

fn product(a: &[f64], b: &[f64]) -> Vec<f64> {
    (0..D * D)
        .map(|k| (0..D).map(|l| a[k / D * D + l] * b[l * D + k % D]).sum())
        .collect()
}

const PATHS: [&str; 4] = [
    "flow_matching",
    "variance_exploding",
    "variance_preserving",
    "sub_variance_preserving",
];

#[test]
fn the_gaussian_composition_is_exact_for_normal_posteriors_with_few_steps_and_draws() {
    let config = CompositionConfig::Gaussian(GaussianComposition {
        draws: 50,
        steps: 12,
    });
    for path in PATHS {
        for n in [2, 3, 10] {
            let (fields, exact) = Exact::new(n, path, 0.0);
            let [distance, ratio] = wrong(&fields.composed(&config, 8000), &exact);
            // Chance: 0.016 for the distance, 0.008 for a ratio. Beyond the path's last angle the field is
            // that at the last.
            assert!(distance < 0.07, "{path}, {n}: {distance}");
            assert!(ratio < 0.04, "{path}, {n}: {ratio}");
        }
    }
}

#[test]
fn the_factorized_composition_comes_close_for_normal_posteriors() {
    let config = CompositionConfig::Factorized(FactorizedComposition::default());
    for (path, n) in [(0, 3), (1, 3), (2, 10), (3, 3)] {
        let (fields, exact) = Exact::new(n, PATHS[path], 0.0);
        let [distance, ratio] = wrong(&fields.composed(&config, 1000), &exact);
        // Chance: 0.045 and 0.022, five times; and what the steps leave, 0.05 and 0.03.
        assert!(distance < 0.25, "{path}, {n}: {distance}");
        assert!(ratio < 0.14, "{path}, {n}: {ratio}");
    }
}

#[test]
fn an_error_of_the_field_grows_with_the_number_of_trials() {
    // The same error of w at all angles: that of the score is as large as 1 / tan φ, and the angle at
    // which the posterior is found is as small as its sd, 1 / √N.
    let config = CompositionConfig::default();
    let distance = |n: usize| {
        let (fields, exact) = Exact::new(n, PATHS[0], 0.05);
        wrong(&fields.composed(&config, 4000), &exact)[0]
    };
    let [one, four, sixteen] = [1, 4, 16].map(distance);
    for growth in [four / one, sixteen / four] {
        assert!((2.0..4.5).contains(&growth), "{one} {four} {sixteen}");
    }
}

/// A posterior whose network is zero: what it says is the guess, or without one the standardisation.
fn without_network(prior: &Prior, guess: Option<&str>) -> FieldTrials {
    let standardization = |columns: [[f64; 2]; 2]| {
        let [a, b] =
            columns.map(|[mean, sd]| format!(r#"{{"kind":"linear","mean":{mean},"sd":{sd}}}"#));
        serde_json::from_str(&format!("[{a},{b}]")).unwrap()
    };
    let config = FieldConfig {
        support: SupportKind::Probit,
        ..FieldConfig::default()
    };
    let model = FieldModel::new(
        prior,
        &config,
        [
            standardization([[0.1, 0.8], [0.2, 0.7]]),
            standardization([[0.3, 1.7], [1.2, 2.1]]),
        ],
        guess.map(|json| serde_json::from_str(json).unwrap()),
        1,
    );
    let mut posterior = FieldPosterior::assemble(prior, model, Vec::new()).unwrap();
    posterior.members = vec![vec![0.0; posterior.field.n_weights()]];
    FieldTrials::new(posterior, prior, CompositionConfig::default()).unwrap()
}

#[test]
fn trials_of_a_posterior_that_is_known_are_composed_in_one_space() {
    // z = (a, (b − 1) / 2) is standard normal under the prior, t = ((z₁ − 0.1) / 0.8, (z₂ − 0.2) / 0.7).
    let prior = Prior::new([
        ("a", DistributionConfig::normal(0.0, 1.0)),
        ("b", DistributionConfig::normal(1.0, 2.0)),
    ])
    .unwrap();
    let x = [0.9, 0.4, 1.4, -0.1, 0.3, 1.6];
    // x = (a, b) + ε: a | x ~ N(x₁ / 2, 1 / 2), b | x ~ N((1 / 4 + x₂) / 1.25, 0.8), as regressions of t on
    // the standardised x; the last slope is that of t₂ on t₁.
    let guess = format!(
        r#"[{{"slopes":[{},{},0.0],"sd":{},"confined":false}},
            {{"slopes":[{},0.0,{},0.0],"sd":{},"confined":false}}]"#,
        (0.3 / 2.0 - 0.1) / 0.8,
        1.7 / 2.0 / 0.8,
        0.5_f64.sqrt() / 0.8,
        (((0.25 + 1.2) / 1.25 - 1.0) / 2.0 - 0.2) / 0.7,
        2.1 / 1.25 / 2.0 / 0.7,
        0.8_f64.sqrt() / 2.0 / 0.7,
    );
    let total = |j: usize| x.iter().skip(j).step_by(2).sum::<f64>();
    let linear = [[total(0), 4.0], [0.25 + total(1), 3.25]];
    // Three times N(0.1, 0.8²) over the prior twice, and as much for z₂.
    let [p, q] = [0.8_f64, 0.7].map(|sd| sd.powi(-2));
    let same = [[0.3 * p, 3.0 * p - 2.0], [0.6 * q, 3.0 * q - 2.0]];
    let same = [
        same[0],
        [0.5 * same[1][0] + 0.25 * same[1][1], 0.25 * same[1][1]],
    ];
    for (guess, weighted) in [(Some(guess.as_str()), linear), (None, same)] {
        let mut trials = without_network(&prior, guess);
        for (kind, tolerance) in [("gaussian", 0.1), ("factorized", 0.2)] {
            trials.composition = serde_json::from_str(&format!(r#"{{"kind":"{kind}"}}"#)).unwrap();
            let samples = trials.sample(&x, 3000, Seed(3)).unwrap();
            for (summary, [weighted, precision]) in samples.summary().iter().zip(weighted) {
                let (mean, sd) = (weighted / precision, precision.sqrt().recip());
                let words = format!("{kind}, {}: {summary:?}, {mean} {sd}", guess.is_some());
                // Five standard errors, and with Langevin steps as much again.
                assert!((summary.mean - mean).abs() < tolerance * sd, "{words}");
                assert!((summary.sd / sd - 1.0).abs() < 0.7 * tolerance, "{words}");
            }
        }
        // The density is the product, whatever draws are like.
        let thetas = Table::new(["a", "b"], vec![0.5, 0.2, 1.1, 1.4]).unwrap();
        let log_prob = trials.log_unnormalized(&thetas, &x).unwrap();
        let exact = |theta: [f64; 2]| -> f64 {
            let terms = weighted.iter().zip(theta);
            terms.map(|([w, p], t)| w * t - 0.5 * p * t * t).sum()
        };
        let difference = exact([0.5, 0.2]) - exact([1.1, 1.4]);
        assert!(
            (log_prob[0] - log_prob[1] - difference).abs() < 0.02,
            "{log_prob:?}"
        );
    }
}
