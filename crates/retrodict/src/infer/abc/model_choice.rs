//! Which of several models made the observation.

use serde::{Deserialize, Serialize};

use super::distance::Distance;
use super::rejection::AbcRejectionConfig;
use super::{acceptance::AcceptanceConfig, comparison};
use crate::error::{Error, Result};
use crate::infer::SummariesConfig;
use crate::prior::Prior;
use crate::simulate::{Simulations, Status};
use crate::table::Table;

/// One of the models: simulations of it with θ drawn from its prior.
#[derive(Debug, Clone, Copy)]
pub struct AbcModel<'a> {
    /// What it is called.
    pub name: &'a str,
    /// The prior of its parameters.
    pub prior: &'a Prior,
    /// Its simulations; data have the same columns in all models.
    pub simulations: &'a Simulations,
    /// Its weight before the data are seen; weights of all models are scaled to sum to one.
    pub prior_weight: f64,
}

/// How probable a model is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelProbability {
    /// The model.
    pub name: String,
    /// Its probability given that the distance is within the tolerance.
    pub probability: f64,
    /// The standard error of that, for independent simulations.
    pub standard_error: f64,
    /// How many of its simulations were accepted.
    pub n_accepted: usize,
}

/// The posterior probability of each model, by rejection: the share of the accepted simulations that
/// are of it, each simulation counting as its model's prior weight over its number of simulations.
///
/// Scales of the distance are those of all models' simulations together. A failed simulation is a
/// rejected one, so a model whose simulations fail is the less probable for it. Summaries that are
/// sufficient within each model need not be so for the choice between them (Robert et al. 2011,
/// arXiv:1102.4432): compare the data themselves where that is possible.
///
/// # Errors
/// As [`abc_rejection`](super::abc_rejection); if there is no model, a weight is not positive, the
/// models' data have different columns, or `config` has summaries, measurement noise or an
/// adjustment, which belong to the parameters of one model.
///
/// # Reference
/// Grelaud et al. (2009), arXiv:0807.2767; Toni and Stumpf (2010), arXiv:0911.1705.
pub fn abc_model_choice(
    models: &[AbcModel<'_>],
    observation: &[f64],
    config: &AbcRejectionConfig,
    distance: Option<&dyn Distance>,
) -> Result<Vec<ModelProbability>> {
    config.validate()?;
    check(models, observation, config)?;
    let pooled = pool(models)?;
    let recipe = distance.unwrap_or(&config.distance);
    let function = recipe.fit(&pooled, observation)?;
    let distances: Vec<Vec<f64>> = models
        .iter()
        .map(|model| {
            let valid = |i: usize| model.simulations.status[i] == Status::Ok;
            let rows = model.simulations.x.rows().enumerate();
            rows.map(|(i, x)| if valid(i) { function(x) } else { f64::NAN })
                .collect()
        })
        .collect();
    let tolerance = tolerance(&distances, config);
    let counts: Vec<usize> = distances
        .iter()
        .map(|d| d.iter().filter(|d| **d <= tolerance).count())
        .collect();
    if counts.iter().all(|n| *n == 0) {
        return Err(Error::invalid(
            "abc_model_choice option `tolerance`",
            format!("{tolerance}, within which no simulation of any model lies"),
            "a tolerance that simulations reach",
            "Raise it, simulate more, or give `quantile` instead.",
        ));
    }
    Ok(probabilities(models, &counts))
}

fn probabilities(models: &[AbcModel<'_>], counts: &[usize]) -> Vec<ModelProbability> {
    // Evidence of each model but for a common factor, and its variance.
    let evidence = models.iter().zip(counts).map(|(model, &n)| {
        let (total, n) = (model.simulations.len() as f64, n as f64);
        let rate = n / total;
        // One count at least, so that a model without any has an error all the same.
        let variance = (n.max(1.0) / total) * (1.0 - rate) / total;
        [
            model.prior_weight * rate,
            model.prior_weight.powi(2) * variance,
        ]
    });
    let evidence: Vec<[f64; 2]> = evidence.collect();
    let sum: f64 = evidence.iter().map(|[e, _]| e).sum();
    let all: f64 = evidence.iter().map(|[_, v]| v).sum();
    let each = models.iter().zip(counts).zip(&evidence);
    each.map(|((model, &n_accepted), [own, variance])| {
        let p = own / sum;
        // Linear propagation to p = e / Σ e.
        let square = (1.0 - p).powi(2) * variance + p * p * (all - variance);
        ModelProbability {
            name: model.name.to_string(),
            probability: p,
            standard_error: square.sqrt() / sum,
            n_accepted,
        }
    })
    .collect()
}

/// The tolerance that was given, or the quantile of all models' distances.
fn tolerance(distances: &[Vec<f64>], config: &AbcRejectionConfig) -> f64 {
    if let Some(tolerance) = config.tolerance {
        return tolerance;
    }
    let mut all: Vec<f64> = distances
        .iter()
        .flatten()
        .copied()
        .filter(|d| !d.is_nan())
        .collect();
    all.sort_unstable_by(f64::total_cmp);
    let n = (config.share() * all.len() as f64).ceil() as usize;
    all.get(n.max(1) - 1).copied().unwrap_or(0.0)
}

fn pool(models: &[AbcModel<'_>]) -> Result<Table> {
    let mut values = Vec::new();
    for model in models {
        for i in model.simulations.valid_rows() {
            values.extend_from_slice(model.simulations.x.row(i));
        }
    }
    Table::new(models[0].simulations.x.names().to_vec(), values)
}

fn check(models: &[AbcModel<'_>], observation: &[f64], config: &AbcRejectionConfig) -> Result<()> {
    let Some(first) = models.first() else {
        return Err(Error::invalid(
            "models",
            "none",
            "at least one",
            "Give the models to compare.",
        ));
    };
    for model in models {
        let columns = [first, model].map(|m| m.simulations.x.n_columns());
        if columns[0] != columns[1] {
            return Err(Error::invalid(
                format!("model `{}`", model.name),
                format!("{} data", columns[1]),
                format!("{} data, as `{}` has", columns[0], first.name),
                "Let all models simulate the same data.",
            ));
        }
        if !(model.prior_weight > 0.0 && model.prior_weight.is_finite()) {
            return Err(Error::invalid(
                format!("prior weight of the model `{}`", model.name),
                model.prior_weight,
                "a positive number",
                "Leave the model out if it is impossible.",
            ));
        }
        comparison::check(model.prior, model.simulations, observation)?;
    }
    let plain = config.summaries == SummariesConfig::None
        && config.acceptance == AcceptanceConfig::Uniform
        && config.adjustment == super::AdjustmentConfig::None;
    if plain {
        return Ok(());
    }
    Err(Error::invalid(
        "abc_model_choice",
        "summaries, measurement noise or an adjustment",
        "none of them: they belong to the parameters of one model",
        "Leave them out.",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prior::DistributionConfig as D;
    use crate::seed::{Seed, Stream};
    use crate::simulate::{FunctionSimulator, Noise, simulate};

    fn simulations(prior: &Prior, scale: f64, n: usize, seed: u64) -> Simulations {
        let simulator = FunctionSimulator::new("normal", 1, [1], move |theta, random, x| {
            x[0] = theta[0] + scale * random.normal();
            Ok(())
        });
        let theta = prior.sample_table(n, Seed(seed), Stream::Parameters);
        let noise = Noise {
            seed: Seed(seed),
            purpose: Stream::Simulator,
            first: 0,
        };
        simulate(&simulator, theta, noise, &()).unwrap()
    }

    #[test]
    fn the_odds_of_two_normal_models_are_exact() {
        // x | model is N(0, 1 + s²) with s = 1 and s = 3; the second counts twice before the data.
        let prior = Prior::new([("a", D::normal(0.0, 1.0))]).unwrap();
        let (one, two) = (
            simulations(&prior, 1.0, 40_000, 1),
            simulations(&prior, 3.0, 20_000, 2),
        );
        let model = |name, simulations, prior_weight| AbcModel {
            name,
            prior: &prior,
            simulations,
            prior_weight,
        };
        let models = [model("narrow", &one, 0.5), model("wide", &two, 1.0)];
        let config: AbcRejectionConfig = serde_json::from_str(r#"{"tolerance":0.05}"#).unwrap();
        let found = abc_model_choice(&models, &[0.5], &config, None).unwrap();
        let density = |variance: f64| (-0.5 * 0.25 / variance).exp() / variance.sqrt();
        let exact = 0.5 * density(2.0) / (0.5 * density(2.0) + density(10.0));
        println!("{found:?}, exactly {exact}");
        assert!((found[0].probability - exact).abs() < 5.0 * found[0].standard_error);
        assert!(found[0].standard_error < 0.02);
        assert!((found[0].probability + found[1].probability - 1.0).abs() < 1e-12);
        let config = AbcRejectionConfig {
            quantile: Some(0.05),
            ..AbcRejectionConfig::default()
        };
        let found = abc_model_choice(&models, &[0.5], &config, None).unwrap();
        assert_eq!(found.iter().map(|m| m.n_accepted).sum::<usize>(), 3000);
        assert!((found[0].probability - exact).abs() < 5.0 * found[0].standard_error);
    }

    #[test]
    fn wrong_models_are_refused() {
        let prior = Prior::new([("a", D::normal(0.0, 1.0))]).unwrap();
        let simulations = simulations(&prior, 1.0, 100, 1);
        let config = AbcRejectionConfig::default();
        let mut model = AbcModel {
            name: "m",
            prior: &prior,
            simulations: &simulations,
            prior_weight: 0.0,
        };
        assert!(abc_model_choice(&[], &[0.0], &config, None).is_err());
        assert!(abc_model_choice(&[model], &[0.0], &config, None).is_err());
        model.prior_weight = 1.0;
        assert!(abc_model_choice(&[model], &[0.0, 1.0], &config, None).is_err());
        let config = AbcRejectionConfig {
            adjustment: crate::infer::abc::AdjustmentConfig::LocalLinear,
            ..config
        };
        assert!(abc_model_choice(&[model], &[0.0], &config, None).is_err());
    }
}
