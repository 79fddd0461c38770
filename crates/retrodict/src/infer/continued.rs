//! Training that goes on where a finished one ended.

use super::discrete::DiscreteColumn;
use super::model_file::ModelConfig;
use super::neural::NeuralPosterior;
use super::npe::{NpeConfig, Prepared};
use crate::error::{Error, Result};
use crate::prior::Prior;
use crate::seed::Seed;
use crate::simulate::Simulations;
use crate::train::{Observer, TrainLog, fit_from};

/// Goes on training the networks of `posterior`, as [`super::npe`] trains fresh ones: on more simulations, or on
/// the same for longer. θ are draws from the prior, as ever.
///
/// The networks keep their architecture, and their space: standardisations and the linear guess are those of the
/// simulations that they began with, so weights mean the same. The schedule of the learning rate begins anew.
/// A network that the simulations held out do not find better, by `min_improvement` standard errors, stays as it was.
///
/// # Errors
/// As [`super::npe`]; and if `config` says another estimator, support or treatment of missing data than the networks
/// have, the data have other columns, or a discrete parameter has a value that the networks do not know.
pub fn npe_continued(
    prior: &Prior,
    simulations: &Simulations,
    (posterior, config): (&NeuralPosterior, &NpeConfig),
    seed: Seed,
    observer: Observer<'_>,
) -> Result<(NeuralPosterior, TrainLog)> {
    let model = posterior.config();
    check_settings(model, config)?;
    let mut prepared = Prepared::new(prior, simulations, config, None, seed)?;
    check_data(model, &prepared, simulations)?;
    prepared.target = posterior.target.clone();
    prepared.standard_x = model.x.clone();
    let split = &prepared.split;
    let [train, validation] = [&split.train, &split.validation].map(|rows| prepared.examples(rows));
    let fitted = fit_from(
        &posterior.flow,
        &posterior.members,
        (&train, &validation),
        &config.train,
        seed,
        observer,
    )?;
    // Whether the guess is beaten was settled when the networks were fresh.
    let settled = NpeConfig {
        linear_guess: false,
        ..config.clone()
    };
    let (continued, mut log) = prepared.finish(prior, &settled, fitted)?;
    log.notes.extend(unchanged(&log));
    Ok((continued, log))
}

/// Which networks gained nothing.
fn unchanged(log: &TrainLog) -> Option<String> {
    let same = log.members.iter().filter(|member| member.best_epoch == 0);
    let (same, all) = (same.count(), log.members.len());
    (same > 0).then(|| {
        format!(
            "{same} of {all} networks stay as they were: more training does not predict the simulations held out \
             better"
        )
    })
}

/// The settings have to be those of the networks, or the study would say what is not so.
fn check_settings(model: &ModelConfig, config: &NpeConfig) -> Result<()> {
    let refuse = |option: &str, given: String, expected: String| {
        let advice = "Give the settings that the networks were trained with, or train fresh ones.";
        Err(Error::invalid(
            option,
            given,
            format!("{expected}, as the networks to go on with have"),
            advice,
        ))
    };
    if config.train.is_conservative() {
        return refuse(
            "train.balance or train.coverage_penalty",
            "given".into(),
            "none".into(),
        );
    }
    if config.estimator != model.estimator {
        let text = |estimator| serde_json::to_string(estimator).expect("settings are plain data");
        return refuse("estimator", text(&config.estimator), text(&model.estimator));
    }
    if config.support != model.support {
        return refuse(
            "support",
            format!("{:?}", config.support),
            format!("{:?}", model.support),
        );
    }
    let guess = config.linear_guess && !model.target.columns().is_empty();
    if guess != model.linear_guess.is_some() {
        let text = |guess: bool| guess.to_string();
        return refuse("linear_guess", text(guess), text(!guess));
    }
    let masked = config.missing == super::Missing::Mask;
    if masked != model.masked {
        let word = |masked| if masked { "`mask`" } else { "`refuse`" };
        return refuse("missing", word(masked).into(), word(model.masked).into());
    }
    Ok(())
}

fn check_data(model: &ModelConfig, prepared: &Prepared, simulations: &Simulations) -> Result<()> {
    let (given, known) = (simulations.x.n_columns(), model.x.columns().len());
    if given != known {
        return Err(Error::invalid(
            "data",
            format!("{given} columns"),
            format!("{known}, as the networks to go on with were trained on"),
            "Give simulations of the same simulator.",
        ));
    }
    for (now, then) in prepared
        .target
        .discrete
        .iter()
        .zip(&model.discrete_parameters)
    {
        if let Some(level) = unknown(now, then) {
            let name = &model.parameters[now.column];
            return Err(Error::invalid(
                format!("discrete parameter `{name}`"),
                level,
                "a value that the networks to go on with were trained on",
                "Train fresh networks.",
            ));
        }
    }
    Ok(())
}

/// A value of `now` that is none of `then`.
fn unknown(now: &DiscreteColumn, then: &DiscreteColumn) -> Option<f64> {
    let mut levels = now.levels.iter().copied();
    levels.find(|level| !then.levels.contains(level))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::infer::Posterior;
    use crate::infer::npe;
    use crate::infer::testing::silent;
    use crate::prior::DistributionConfig as D;
    use crate::seed::Stream;
    use crate::simulate::Status;
    use crate::table::Table;

    const NOISE: f64 = 0.3;

    /// x = θ² + 0.3 ε, which a linear guess knows nothing of, with θ uniform in (0, 2).
    fn simulations(n: usize) -> (Prior, Simulations) {
        let prior = Prior::new([("a", D::uniform(0.0, 2.0))]).unwrap();
        let mut random = Seed(3).stream(Stream::Test, n as u64);
        let theta: Vec<f64> = (0..n).map(|_| 2.0 * random.uniform()).collect();
        let x = theta.iter().map(|t| t * t + NOISE * random.normal());
        let x = Table::numbered("x", 1, x.collect()).unwrap();
        let theta = Table::new(prior.names(), theta).unwrap();
        let status = vec![Status::Ok; n];
        (prior, Simulations { theta, x, status })
    }

    fn config(epochs: usize) -> NpeConfig {
        let text = format!(
            r#"{{"estimator":{{"kind":"nsf","transforms":2,"network":{{"hidden":[16]}}}},"train":{{"max_epochs":{epochs},"ensemble_size":2}}}}"#
        );
        serde_json::from_str(&text).unwrap()
    }

    /// −log q of 4,000 simulations.
    fn loss(posterior: &NeuralPosterior) -> f64 {
        let (_, tests) = simulations(4000);
        let all = posterior.log_prob_many(&tests.theta, &tests.x).unwrap();
        -all.iter().sum::<f64>() / all.len() as f64
    }

    #[test]
    fn training_goes_on_where_it_ended() {
        let (prior, all) = simulations(2000);
        let (first, log) = npe(&prior, &all, &config(4), Seed(1), &silent).unwrap();
        let settings = (&first, &config(40));
        let (second, further) = npe_continued(&prior, &all, settings, Seed(1), &silent).unwrap();
        // The same seed holds the same rows out.
        for (before, after) in log.members.iter().zip(&further.members) {
            assert_eq!(after.initial_validation_loss, before.best_validation_loss);
            assert!(after.best_validation_loss < before.best_validation_loss - 0.02);
        }
        assert!(loss(&second) < loss(&first) - 0.02);
        // And as good as fresh networks that were trained as long.
        let (fresh, _) = npe(&prior, &all, &config(44), Seed(1), &silent).unwrap();
        assert!(loss(&second) < loss(&fresh) + 0.02);
    }

    #[test]
    fn more_simulations_of_the_same_kind_are_learned_from_in_the_space_of_the_first() {
        let (prior, all) = simulations(3000);
        let few = all.select(&(0..200).collect::<Vec<_>>());
        let (first, _) = npe(&prior, &few, &config(40), Seed(1), &silent).unwrap();
        let settings = (&first, &config(40));
        let (second, _) = npe_continued(&prior, &all, settings, Seed(2), &silent).unwrap();
        assert_eq!(second.config().x, first.config().x);
        assert_eq!(second.config().target, first.config().target);
        assert!(loss(&second) < loss(&first) - 0.02);
        let folder = tempfile::tempdir().unwrap();
        second.save(folder.path()).unwrap();
        let loaded = NeuralPosterior::load(folder.path(), &prior).unwrap();
        assert_eq!(loaded.config(), second.config());
    }

    #[test]
    fn networks_that_cannot_gain_stay_to_the_bit_and_it_is_said() {
        let (prior, all) = simulations(400);
        let (first, _) = npe(&prior, &all, &config(60), Seed(1), &silent).unwrap();
        let still = NpeConfig {
            train: crate::train::TrainConfig {
                min_improvement: 100.0,
                ..config(3).train
            },
            ..config(3)
        };
        let (second, log) =
            npe_continued(&prior, &all, (&first, &still), Seed(1), &silent).unwrap();
        assert_eq!(second.members, first.members);
        let notes = log.notes.join(" ");
        assert!(notes.contains("2 of 2 networks stay"), "{notes}");
        let draws = |posterior: &NeuralPosterior| posterior.sample(&[1.0], 100, Seed(4)).unwrap();
        assert_eq!(draws(&first).draws, draws(&second).draws);
    }

    #[test]
    fn what_the_networks_are_not_is_refused() {
        let (prior, all) = simulations(200);
        let (first, _) = npe(&prior, &all, &config(2), Seed(1), &silent).unwrap();
        let refused = |config: &NpeConfig, all: &Simulations, word: &str| {
            let result = npe_continued(&prior, all, (&first, config), Seed(1), &silent);
            let message = result.unwrap_err().to_string();
            assert!(message.contains(word), "{message}");
        };
        let estimator = NpeConfig::default().estimator;
        refused(
            &NpeConfig {
                estimator,
                ..config(2)
            },
            &all,
            "estimator",
        );
        let linear_guess = false;
        refused(
            &NpeConfig {
                linear_guess,
                ..config(2)
            },
            &all,
            "linear_guess",
        );
        let missing = crate::infer::Missing::Mask;
        refused(
            &NpeConfig {
                missing,
                ..config(2)
            },
            &all,
            "missing",
        );
        let mut more = config(2);
        more.train.ensemble_size = 3;
        refused(&more, &all, "ensemble_size");
        let x = [all.x.values(), all.x.values()].concat();
        let x = Table::numbered("x", 2, x).unwrap();
        refused(&config(2), &Simulations { x, ..all.clone() }, "2 columns");
    }
}
