//! Densities that are not normal: two modes, a banana, an edge.

use super::*;
use crate::prior::special::{normal_log_density, normal_survival};

/// low N(−center, sd² I) + (1 − low) N(center, sd² I).
pub(super) fn modes(x: &[f64], [center, sd, low]: [f64; 3]) -> f64 {
    let at = |center: f64| -> f64 {
        let squares: f64 = x.iter().map(|x| (x - center).powi(2)).sum();
        -0.5 * squares / (sd * sd)
    };
    let [a, b] = [low.ln() + at(-center), (1.0 - low).ln() + at(center)];
    a.max(b) + (-(a - b).abs()).exp().ln_1p()
}

fn two_modes(x: &[f64]) -> f64 {
    modes(x, [1.5, 0.2, 0.3])
}

#[test]
fn two_modes_get_their_shares() {
    let target = Function(2, two_modes);
    let ensemble = EnsembleConfig {
        walkers: Some(200),
        warmup: 200,
        thin: 5,
        ..EnsembleConfig::default()
    };
    for config in [
        SamplerConfig::Smc(SmcConfig::default()),
        SamplerConfig::Ensemble(ensemble),
        SamplerConfig::Importance(ImportanceConfig::default()),
    ] {
        let drawn = draw(&target, 2000, &config, 1);
        let low: Vec<f64> = drawn.column(0).into_iter().filter(|x| *x < 0.0).collect();
        let share = low.len() as f64 / drawn.n_draws() as f64;
        // A sampler that loses a mode has a share of 0 or 1, one that starts evenly 0.5.
        assert!((share - 0.3).abs() < 0.07, "{}: {share}", config.kind());
        let [mean, sd] = moments(&low);
        assert!(
            (mean + 1.5).abs() < 0.06 && (sd - 0.2).abs() < 0.03,
            "{mean} {sd}"
        );
    }
}

#[test]
fn starts_are_shared_out_between_modes() {
    // Slice sampling cannot cross, so the share is that of the starts: 200 of them, a standard error of
    // 0.032, so beyond 0.15 once in 10⁵.
    let config = SamplerConfig::Slice(SliceConfig {
        chains: 200,
        warmup: 20,
        hand_over: false,
        ..SliceConfig::default()
    });
    let drawn = draw(&Function(2, two_modes), 200, &config, 1);
    let low = drawn.column(0).iter().filter(|x| **x < 0.0).count();
    assert!((low as f64 / 200.0 - 0.3).abs() < 0.15);
}

/// x ~ N(0, 1), y given x ~ N(x², 0.5²): y has mean 1 and variance 2.25.
fn banana(p: &[f64]) -> f64 {
    -0.5 * p[0].powi(2) - 2.0 * (p[1] - p[0] * p[0]).powi(2)
}

#[test]
fn a_banana_has_its_moments() {
    let slice = SliceConfig {
        thin: 5,
        hand_over: false,
        ..SliceConfig::default()
    };
    let ensemble = EnsembleConfig {
        thin: 50,
        ..EnsembleConfig::default()
    };
    let configs = [
        SamplerConfig::Slice(slice),
        SamplerConfig::RandomWalk(RandomWalkConfig::default()),
        SamplerConfig::Ensemble(ensemble),
        SamplerConfig::Nuts(NutsConfig::default()),
        SamplerConfig::Smc(SmcConfig::default()),
    ];
    for config in configs {
        let drawn = draw(&Function(2, banana), 4000, &config, 5);
        let exact = [[0.0, 1.0], [1.0, 1.5]];
        for (j, own) in drawn.diagnostics().iter().enumerate() {
            let [mean, sd] = moments(&drawn.column(j));
            let what = format!("{}, coordinate {j}: {mean} {sd} {own:?}", config.kind());
            assert!((mean - exact[j][0]).abs() < 5.0 * own.mcse_mean, "{what}");
            assert!((sd - exact[j][1]).abs() < 5.0 * own.mcse_sd, "{what}");
            assert!(own.ess_bulk > 100.0 && own.r_hat < 1.05, "{what}");
        }
    }
}

#[test]
fn a_density_with_an_edge_is_never_left() {
    // N(0, ½) above 0.5, nothing below: its mean is that of a truncated normal.
    let edge = |x: &[f64]| {
        if x[0] > 0.5 {
            -x[0] * x[0]
        } else {
            f64::NEG_INFINITY
        }
    };
    let at = 0.5_f64.sqrt();
    let exact = at * normal_log_density(at).exp() / normal_survival(at);
    for config in all() {
        let drawn = draw(&Function(1, edge), 4000, &config, 1);
        let column = drawn.column(0);
        assert!(column.iter().all(|x| *x > 0.5), "{}", config.kind());
        let own = drawn.diagnostics()[0];
        let off = (moments(&column)[0] - exact) / own.mcse_mean;
        assert!(off.abs() < 5.0, "{}: {off}", config.kind());
    }
}

#[test]
fn slice_widths_find_any_scale() {
    for sd in [1e-6, 1e4] {
        let target = Function(1, move |x: &[f64]| -0.5 * (x[0] / sd).powi(2));
        let config = SamplerConfig::Slice(SliceConfig {
            hand_over: false,
            ..SliceConfig::default()
        });
        let drawn = draw(&target, 2000, &config, 1);
        let own = drawn.diagnostics()[0];
        let found = moments(&drawn.column(0))[1];
        assert!((found - sd).abs() < 5.0 * own.mcse_sd, "{sd}: {found}");
        assert!(own.ess_bulk > 500.0, "{own:?}");
        // Stepping out and shrinking take a handful of evaluations each.
        let sweeps = 20 * (200 + 100);
        assert!(drawn.report.evaluations < 10_000 + 12 * sweeps);
    }
}
