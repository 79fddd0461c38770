//! The `[parameters]` table: what is written is read again, and what is wrong is explained.

use super::{conditional, continuous, dirichlet, discrete, multivariate_normal};
use crate::prior::{DistributionConfig as D, ParametersConfig, Prior};
use crate::{Seed, Stream};

fn read(text: &str) -> crate::Result<ParametersConfig> {
    ParametersConfig::from_table(&text.parse().unwrap())
}

#[test]
fn every_configuration_survives_toml_and_json() {
    let mut configs = continuous();
    configs.extend(discrete());
    configs.extend([dirichlet(), multivariate_normal()]);
    let entries = configs.into_iter().enumerate();
    let mut all = ParametersConfig(
        entries
            .map(|(i, config)| (format!("z{}", 100 - i), config.label("λ").unit("m/s")))
            .collect(),
    );
    all.0.extend(conditional().to_config().unwrap().0);
    let text = toml::to_string(&all).unwrap();
    assert_eq!(toml::from_str::<ParametersConfig>(&text).unwrap(), all);
    assert_eq!(read(&text).unwrap(), all);
    let json = serde_json::to_string(&all).unwrap();
    assert_eq!(
        serde_json::from_str::<ParametersConfig>(&json).unwrap(),
        all
    );
    assert_eq!(Prior::from_config(&all).unwrap().to_config().unwrap(), all);
}

#[test]
fn the_table_of_a_study_is_read_in_order() {
    let config = read(
        r#"
        mu_2 = { prior = "uniform", low = -2, high = 2.0, label = "μ₂", unit = "km/s" }
        mu_1 = { prior = "uniform", low = -5, high = -2 }
        t = { prior = "student_t", degrees_of_freedom = 3 }
        cut = { prior = "truncated", distribution = { prior = "normal", mean = 0, sd = 1 }, low = 0 }
        between = { prior = "uniform", low = "mu_1", high = "mu_2" }
        "#,
    )
    .unwrap();
    let prior = Prior::from_config(&config).unwrap();
    assert_eq!(prior.names(), ["mu_2", "mu_1", "t", "cut", "between"]);
    assert_eq!(prior.parameters()[0].title(), "μ₂ [km/s]");
    let draws = prior.sample_table(1_000, Seed(1), Stream::Test);
    assert!(
        draws
            .rows()
            .all(|theta| theta[1] <= theta[4] && theta[4] <= theta[0] && theta[3] >= 0.0)
    );
}

#[test]
fn wrong_entries_are_explained() {
    let wrong = [
        (
            "mu = 3.0",
            "parameters.mu: given `3.0`, a value of type float",
        ),
        ("mu = { low = 0.0, high = 1.0 }", "no key `prior`"),
        (
            "mu = { prior = \"unifrom\", low = 0.0, high = 1.0 }",
            "Did you mean `uniform`?",
        ),
        (
            "mu = { prior = \"uniform\", low = 0.0, hihg = 1.0 }",
            "Did you mean `high`?",
        ),
        ("mu = { prior = \"uniform\", low = 0.0 }", "no key `high`"),
        (
            "mu = { prior = \"uniform\", low = true, high = 1.0 }",
            "a number or the name of an earlier",
        ),
        (
            "mu = { prior = \"normal\", mean = 0.0, sd = 1.0, lable = \"x\" }",
            "unknown field `lable`",
        ),
        (
            "mu = { prior = \"discrete\", values = 3.0, probabilities = [1.0] }",
            "parameters.mu",
        ),
    ];
    for (text, expected) in wrong {
        let message = read(text).unwrap_err().to_string();
        assert!(
            message.contains(expected) && message.contains("parameters.mu"),
            "{text}: {message}"
        );
    }
}

#[test]
fn the_schema_knows_every_key() {
    let schema = schemars::schema_for!(ParametersConfig);
    let text = serde_json::to_string(&schema).unwrap();
    for word in [
        "unevaluatedProperties\":false",
        "truncated",
        "degrees_of_freedom",
        "covariance",
        "label",
        "unit",
        "mean_log",
    ] {
        assert!(text.contains(word), "{word}");
    }
}

#[test]
fn only_earlier_parameters_can_be_named() {
    let config = read(
        r#"
        a = { prior = "uniform", low = 0.0, high = "b" }
        b = { prior = "uniform", low = 1.0, high = 2.0 }
        "#,
    );
    let message = Prior::from_config(&config.unwrap())
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("parameters.a.high: given `b`"),
        "{message}"
    );
    assert!(matches!(D::uniform(0.0, "b"), D::Uniform { .. }));
}
