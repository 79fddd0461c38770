//! What a sampler says when it cannot go on, and what it counts.

use super::*;
use crate::error::Error;

fn fail(target: &dyn LogDensity, config: &SamplerConfig) -> String {
    let dimension = target.dimension();
    let outcome = sample(target, &StandardNormal { dimension }, 1000, config, Seed(1));
    outcome.map(|_| ()).unwrap_err().to_string()
}

fn with_budget(config: SamplerConfig, budget: usize) -> SamplerConfig {
    let mut config = config;
    match &mut config {
        SamplerConfig::Slice(c) => c.max_evaluations = budget,
        SamplerConfig::RandomWalk(c) => c.max_evaluations = budget,
        SamplerConfig::Ensemble(c) => c.max_evaluations = budget,
        SamplerConfig::Nuts(c) => c.max_evaluations = budget,
        SamplerConfig::Smc(c) => c.max_evaluations = budget,
        SamplerConfig::Importance(c) => c.max_evaluations = budget,
        SamplerConfig::Rejection(c) => c.max_evaluations = budget,
        SamplerConfig::Variational(c) => c.max_evaluations = budget,
    }
    config
}

#[test]
fn a_budget_that_is_spent_is_said() {
    let target = Gaussian::chain(2, 0.5);
    for config in all() {
        for budget in [500, 11_000] {
            let message = fail(&target, &with_budget(config.clone(), budget));
            let expected = format!("budget of {budget} density evaluations was spent");
            assert!(message.contains(&expected), "{}: {message}", config.kind());
            assert!(message.contains("max_evaluations"), "{message}");
        }
    }
}

#[test]
fn a_density_that_is_zero_everywhere_is_an_error() {
    for (value, words) in [(f64::NEG_INFINITY, "zero"), (f64::NAN, "were NaN or +∞")] {
        for config in all() {
            let message = fail(&Function(2, move |_: &[f64]| value), &config);
            assert!(message.contains(words), "{}: {message}", config.kind());
            assert!(message.contains("observation"), "{message}");
        }
    }
}

#[test]
fn values_that_are_no_numbers_are_counted_and_never_drawn() {
    let broken = |x: &[f64]| match x[0] {
        x if x < -1.0 => f64::NAN,
        x if x > 1.0 => f64::INFINITY,
        x => -x * x,
    };
    for config in all() {
        let drawn = draw(&Function(1, broken), 1000, &config, 1);
        assert!(drawn.report.invalid > 0, "{}", config.kind());
        assert!(drawn.column(0).iter().all(|x| x.abs() <= 1.0));
        assert!(
            drawn.statistics["log_density"]
                .iter()
                .all(|v| v.is_finite())
        );
    }
}

#[test]
fn nuts_and_variational_inference_need_a_gradient() {
    struct Plain;
    impl LogDensity for Plain {
        fn dimension(&self) -> usize {
            1
        }
        fn log_density(&self, points: &[f64], values: &mut [f64]) {
            values.copy_from_slice(points);
        }
    }
    for config in [
        SamplerConfig::Nuts(NutsConfig::default()),
        SamplerConfig::Variational(VariationalConfig::default()),
    ] {
        let message = fail(&Plain, &config);
        let says = message.contains("gradient") && message.contains("slice");
        assert!(says, "{message}");
    }
}

#[test]
fn options_that_make_no_sense_are_refused() {
    let wrong: [(&str, &str); 8] = [
        ("chains", r#"{"kind": "slice", "chains": 0}"#),
        ("thin", r#"{"kind": "random_walk", "thin": 0}"#),
        ("walkers", r#"{"kind": "ensemble", "walkers": 7}"#),
        (
            "differential_evolution",
            r#"{"kind": "ensemble", "differential_evolution": 1.5}"#,
        ),
        ("max_depth", r#"{"kind": "nuts", "max_depth": 60}"#),
        (
            "effective_share",
            r#"{"kind": "smc", "effective_share": 1.0}"#,
        ),
        (
            "oversampling",
            r#"{"kind": "importance", "oversampling": 0}"#,
        ),
        ("margin", r#"{"kind": "rejection", "margin": 0.5}"#),
    ];
    for (field, text) in wrong {
        let config: SamplerConfig = serde_json::from_str(text).unwrap();
        let message = fail(&Gaussian::chain(2, 0.0), &config);
        assert!(message.contains(field), "{text}: {message}");
    }
    let unknown = serde_json::from_str::<SamplerConfig>(r#"{"kind": "slice", "chain": 3}"#);
    assert!(unknown.unwrap_err().to_string().contains("chain"));
}

#[test]
fn every_configuration_can_be_written_and_read() {
    for config in all() {
        let text = serde_json::to_string(&config).unwrap();
        assert_eq!(
            serde_json::from_str::<SamplerConfig>(&text).unwrap(),
            config
        );
        assert!(text.contains(config.kind()), "{text}");
    }
}

#[test]
fn densities_of_different_dimensions_do_not_go_together() {
    let target = Gaussian::chain(2, 0.0);
    let reference = StandardNormal { dimension: 3 };
    let outcome = sample(&target, &reference, 10, &SamplerConfig::default(), Seed(1));
    assert!(matches!(outcome, Err(Error::Invalid { .. })));
}
