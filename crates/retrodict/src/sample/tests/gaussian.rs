//! Moments of correlated normal densities, and the evidence of a linear Gaussian model.

use super::*;

/// How far a sampler may be off, in Monte Carlo standard errors that it states itself: one false alarm
/// in 10⁶ a number, were they normal.
const ERRORS: f64 = 5.0;

fn assert_gaussian(target: &Gaussian, config: &SamplerConfig, n: usize, least_ess: f64) {
    let drawn = draw(target, n, config, 1);
    let what = format!("{} in {} dimensions", config.kind(), target.mean.len());
    for (j, own) in drawn.diagnostics().iter().enumerate() {
        let [mean, sd] = moments(&drawn.column(j));
        assert!(own.r_hat < 1.05, "{what}: R̂ {}", own.r_hat);
        assert!(own.ess_bulk > least_ess, "{what}: ESS {}", own.ess_bulk);
        let off = (mean - target.mean[j]) / own.mcse_mean;
        assert!(off.abs() < ERRORS, "{what}: mean {mean}, {off} errors off");
        let off = (sd - target.sd[j]) / own.mcse_sd;
        assert!(off.abs() < ERRORS, "{what}: sd {sd}, {off} errors off");
    }
    assert_correlations(target, &drawn, &what);
}

fn assert_correlations(target: &Gaussian, drawn: &Drawn, what: &str) {
    let d = target.mean.len();
    let exact = |j: usize, x: f64| (x - target.mean[j]) / target.sd[j];
    for j in 1..d {
        // The product of two standardised coordinates has mean ρ, and its own standard error.
        let pairs = drawn.column(j - 1).into_iter().zip(drawn.column(j));
        let products: Vec<f64> = pairs.map(|(a, b)| exact(j - 1, a) * exact(j, b)).collect();
        let own = crate::sample::Diagnostics::of(&products, drawn.n_chains);
        let off = (moments(&products)[0] - target.rho) / own.mcse_mean;
        assert!(off.abs() < ERRORS, "{what}: correlation {off} errors off");
    }
}

#[test]
fn slice_sampling_has_the_moments_of_normal_densities() {
    for (d, rho, ess) in [(1, 0.0, 1000.0), (2, 0.9, 200.0), (10, 0.5, 700.0)] {
        let config = SamplerConfig::Slice(SliceConfig::default());
        assert_gaussian(&Gaussian::chain(d, rho), &config, 8000, ess);
    }
}

#[test]
fn the_random_walk_has_the_moments_of_normal_densities() {
    for (d, rho) in [(1, 0.0), (2, 0.9), (10, 0.8)] {
        let config = RandomWalkConfig {
            thin: 2 * d,
            ..RandomWalkConfig::default()
        };
        let target = Gaussian::chain(d, rho);
        assert_gaussian(
            &target,
            &SamplerConfig::RandomWalk(config.clone()),
            4000,
            800.0,
        );
        let drawn = draw(&target, 1000, &SamplerConfig::RandomWalk(config), 2);
        let rate = drawn.report.acceptance.unwrap();
        let best = if d == 1 { 0.44 } else { 0.234 };
        assert!((rate - best).abs() < 0.06, "{d}: {rate}");
    }
}

#[test]
fn the_ensemble_has_the_moments_of_normal_densities() {
    for share in [0.0, 1.0] {
        for (d, rho) in [(1, 0.0), (2, 0.9), (10, 0.8)] {
            let config = EnsembleConfig {
                differential_evolution: share,
                thin: 10 * d.max(2),
                ..EnsembleConfig::default()
            };
            let config = SamplerConfig::Ensemble(config);
            assert_gaussian(&Gaussian::chain(d, rho), &config, 4000, 300.0);
        }
    }
}

#[test]
fn nuts_has_the_moments_of_normal_densities() {
    for (d, rho) in [(1, 0.0), (2, 0.9), (10, 0.8)] {
        let config = SamplerConfig::Nuts(NutsConfig::default());
        let target = Gaussian::chain(d, rho);
        assert_gaussian(&target, &config, 4000, 800.0);
        let drawn = draw(&target, 400, &config, 2);
        assert_eq!(drawn.report.divergences, 0);
        assert_eq!(drawn.statistics["n_steps"].len(), drawn.n_draws());
    }
}

#[test]
fn independent_samplers_have_the_moments_of_normal_densities() {
    let tempering = SamplerConfig::Smc(SmcConfig::default());
    for (d, rho) in [(1, 0.0), (2, 0.9), (10, 0.8)] {
        assert_gaussian(&Gaussian::chain(d, rho), &tempering, 2000, 1000.0);
    }
    for (d, rho) in [(1, 0.0), (2, 0.9)] {
        let target = Gaussian::chain(d, rho);
        let rejection = SamplerConfig::Rejection(RejectionConfig::default());
        assert_gaussian(&target, &rejection, 2000, 1500.0);
        let importance = SamplerConfig::Importance(ImportanceConfig::default());
        assert_gaussian(&target, &importance, 2000, 1500.0);
    }
}

#[test]
fn variational_inference_has_the_moments_of_normal_densities() {
    for (d, rho) in [(1, 0.0), (2, 0.9)] {
        let config = SamplerConfig::Variational(VariationalConfig::default());
        let target = Gaussian::chain(d, rho);
        assert_gaussian(&target, &config, 2000, 1000.0);
        let report = draw(&target, 2000, &config, 2).report;
        // 16,000 weights: a standard error of 10⁻³ is a spread of 0.13.
        let error = report.evidence.unwrap().standard_error;
        assert!(error < 1e-3 && report.notes.is_empty(), "{d}: {report:?}");
    }
}

#[test]
fn weighted_draws_have_the_moments_of_a_normal_density() {
    let target = Gaussian::chain(2, 0.5);
    let config = SamplerConfig::Importance(ImportanceConfig {
        resample: false,
        ..ImportanceConfig::default()
    });
    let drawn = draw(&target, 20_000, &config, 1);
    let weights: Vec<f64> = drawn
        .log_weights
        .as_ref()
        .unwrap()
        .iter()
        .map(|w| w.exp())
        .collect();
    assert!((weights.iter().sum::<f64>() - 1.0).abs() < 1e-12);
    let effective = 1.0 / weights.iter().map(|w| w * w).sum::<f64>();
    for j in 0..2 {
        let mean: f64 = drawn
            .column(j)
            .iter()
            .zip(&weights)
            .map(|(x, w)| x * w)
            .sum();
        let error = target.sd[j] / effective.sqrt();
        assert!((mean - target.mean[j]).abs() < ERRORS * error);
    }
    assert!(drawn.report.k_hat.unwrap() < 0.5);
}

/// θ ~ N(0, I) in d dimensions, x = θ + ε / 2 in each: log p(x) is that of N(0, 1.25 I).
fn linear_gaussian(d: usize) -> (impl Fn(&[f64]) -> f64 + Sync, f64) {
    let log_normal = |x: f64, variance: f64| {
        -0.5 * (x * x / variance + (2.0 * std::f64::consts::PI * variance).ln())
    };
    let x: Vec<f64> = (0..d).map(|j| 1.5 - 0.4 * j as f64).collect();
    let exact = x.iter().map(|x| log_normal(*x, 1.25)).sum();
    let target = move |theta: &[f64]| {
        let pairs = theta.iter().zip(&x);
        pairs
            .map(|(t, x)| log_normal(*t, 1.0) + log_normal(x - t, 0.25))
            .sum()
    };
    (target, exact)
}

#[test]
fn the_evidence_of_a_linear_gaussian_model_is_exact_within_its_error() {
    for (d, config) in [
        (5, SamplerConfig::Smc(SmcConfig::default())),
        (2, SamplerConfig::Importance(ImportanceConfig::default())),
    ] {
        let (target, exact) = linear_gaussian(d);
        let evidence = draw(&Function(d, target), 1000, &config, 3)
            .report
            .evidence
            .unwrap();
        let off = (evidence.log_evidence - exact) / evidence.standard_error;
        assert!(
            evidence.standard_error < 0.1,
            "{}: {evidence:?}",
            config.kind()
        );
        assert!(off.abs() < ERRORS, "{}: {off} errors off", config.kind());
    }
}

#[test]
fn the_stated_error_of_the_evidence_is_its_error() {
    // Thirty runs: the mean square of their errors in units of the stated one is χ²₃₀/30, between 0.4
    // and 2 but once in 10³, were the stated error exact; it may be too large by half.
    let (target, exact) = linear_gaussian(3);
    let target = Function(3, target);
    let config = SamplerConfig::Smc(SmcConfig {
        particles: 200,
        ..SmcConfig::default()
    });
    let squares = (0..30).map(|seed| {
        let evidence = draw(&target, 1, &config, 100 + seed)
            .report
            .evidence
            .unwrap();
        ((evidence.log_evidence - exact) / evidence.standard_error).powi(2)
    });
    let mean = squares.sum::<f64>() / 30.0;
    assert!((0.2..2.0).contains(&mean), "{mean}");
}
