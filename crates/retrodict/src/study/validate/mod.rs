//! What a study's values must be, each alone and all together.

mod inference;
mod rounds;

pub(super) use inference::own_sections;
pub(super) use rounds::rounds;

use inference::inference;

use super::config::{ObservationSection, ObservedValues, StudyConfig};
use super::memory;
use super::read::list;
use super::simulator_config::SimulatorConfig;
use super::source::Source;
use crate::error::{Error, Result};
<<<<<<< HEAD:crates/retrodict/src/study/validate.rs
use crate::estimator::RatioConfig;
use crate::infer::sequential::{Acquisition, ProposalKind, SequentialConfig};
use crate::infer::{AbcRejectionConfig, SearchConfig};
use crate::sample::SamplerConfig;
use crate::table::Table;
=======
use crate::infer::Missing;
>>>>>>> main:crates/retrodict/src/study/validate/mod.rs

/// Fewer simulations than this teach a network nothing.
const MIN_SIMULATIONS: usize = 100;
/// Fewer draws than this give no quantiles worth printing.
const MIN_DRAWS: usize = 100;
/// Fewer test simulations than this cannot tell right from wrong.
const MIN_TESTS: usize = 20;

/// Checks everything that can be checked without reading another file or starting a simulator.
pub(super) fn validate(config: &StudyConfig, source: &Source) -> Result<()> {
    name(config, source)?;
    seed(config, source)?;
    simulator(&config.simulator, source)?;
    if let Some(observation) = &config.observation {
        validate_observation(observation, config.inference.missing, source)?;
    }
    inference(config, source)?;
    counts(config, source)
}

fn name(config: &StudyConfig, source: &Source) -> Result<()> {
    let name = &config.study.name;
    let allowed = |c: char| c.is_alphanumeric() || "-_. ".contains(c);
    let good = !name.trim().is_empty()
        && name.len() <= 100
        && !name.starts_with(['.', ' '])
        && !name.ends_with(' ')
        && name.chars().all(allowed);
    if good {
        return Ok(());
    }
    Err(source.error(
        "study.name",
        format!("given {name:?}, expected up to 100 letters, digits, `-`, `_`, `.` or spaces"),
        "The run's folder is called after it: choose a name that a folder can have.",
    ))
}

fn seed(config: &StudyConfig, source: &Source) -> Result<()> {
    // TOML's whole numbers end at 2⁶³ − 1; the resolved study has to hold the seed.
    if i64::try_from(config.study.seed).is_ok() {
        return Ok(());
    }
    Err(source.error(
        "study.seed",
        format!("given {}, expected at most {}", config.study.seed, i64::MAX),
        "Choose a smaller seed.",
    ))
}

fn simulator(config: &SimulatorConfig, source: &Source) -> Result<()> {
    let kinds = config.kinds();
    if kinds.len() != 1 {
        let given = if kinds.is_empty() {
            "given none".to_string()
        } else {
            format!("given {}", kinds.join(" and "))
        };
        return Err(source.error(
            "simulator",
            format!("{given}, expected exactly one kind of simulator"),
            format!("Give one of {}.", list(&SimulatorConfig::KINDS)),
        ));
    }
    let later = match kinds[0] {
        "library" => Some(
            "Wrap the library in a small program behind the worker protocol (`retrodict init DIR --simulator c` writes one) and use `worker`.",
        ),
        "um_bridge" => Some(
            "Call the server from a small program behind the worker protocol (`retrodict init DIR --simulator python` writes one) and use `worker`.",
        ),
        _ => None,
    };
    if let Some(advice) = later {
        let field = format!("simulator.{}", kinds[0]);
        return Err(source.error(&field, "not available in this version", advice));
    }
    let share = config.max_failed;
    if !(0.0..=1.0).contains(&share) {
        return Err(source.error(
            "simulator.max_failed",
            format!("given {share}, expected a share from 0 to 1"),
            "Give the largest share of simulations that may fail, for example 0.5.",
        ));
    }
    if let Some(worker) = &config.worker {
        worker
            .validate()
            .map_err(|error| within(source, "simulator", error))?;
    }
    Ok(())
}

/// A mistake in a value, with the section in which its dotted name stands.
fn within(source: &Source, section: &str, error: Error) -> Error {
    source.restated(error, |what| format!("{section}.{what}"))
}

fn validate_observation(
    observation: &ObservationSection,
    missing: Missing,
    source: &Source,
) -> Result<()> {
    match (&observation.values, &observation.file) {
        (Some(_), Some(_)) => Err(source.error(
            "observation",
            "given both `values` and `file`, expected one of them",
            "Remove one.",
        )),
        (None, None) => Err(source.error(
            "observation",
            "given neither `values` nor `file`, expected one of them",
            "Write the data out with `values = [...]` or name a csv, npy or npz file with `file`.",
        )),
        (Some(values), None) => observed_values(values, missing, source),
        (None, Some(_)) => Ok(()),
    }
}

fn observed_values(values: &ObservedValues, missing: Missing, source: &Source) -> Result<()> {
    let gaps = missing != Missing::Refuse;
    let rows: Vec<&[f64]> = match values {
        ObservedValues::One(row) => vec![row],
        ObservedValues::Several(rows) => rows.iter().map(Vec::as_slice).collect(),
    };
    let field = "observation.values";
    let Some(first) = rows.first().filter(|row| !row.is_empty()) else {
        return Err(source.error(
            field,
            "is empty; expected numbers",
            "Give the observed data.",
        ));
    };
    for (i, row) in rows.iter().enumerate() {
        if row.len() != first.len() {
            return Err(source.error(
                field,
                format!(
                    "observation {} has {} values and the first has {}; expected the same length",
                    i + 1,
                    row.len(),
                    first.len()
                ),
                "Give every observation the length of the simulator's data.",
            ));
        }
        let wrong = |value: &f64| !(value.is_finite() || gaps && value.is_nan());
        if let Some(j) = row.iter().position(wrong) {
            return Err(source.error(
                field,
                format!(
                    "value {} of observation {} is {}, expected a finite number",
                    j + 1,
                    i + 1,
                    row[j]
                ),
                "Leave missing values out of the data, in the simulator and in the observation, or say with `inference.missing` what they mean.",
            ));
        }
    }
    Ok(())
}

<<<<<<< HEAD:crates/retrodict/src/study/validate.rs
fn inference(config: &StudyConfig, source: &Source) -> Result<()> {
    let inference = &config.inference;
    let Some(method) = config.method() else {
        return Err(source.error(
            "inference.method",
            format!("`{}` arrives in a later version", inference.method.name()),
            format!(
                "Use one of {}.",
                list(&Method::available().map(Method::name).collect::<Vec<_>>())
            ),
        ));
    };
    sections(inference, method, source)?;
    trials(config, method, source)?;
    let named = |field: &str, result: Result<()>| {
        result.map_err(|error| option_error(source, field, error))
    };
    named("inference.estimator", inference.estimator.validate())?;
    named("inference.train", inference.train.validate())?;
    let sampler = inference.sampler.as_ref();
    named(
        "inference.sampler",
        sampler.map_or(Ok(()), SamplerConfig::validate),
    )?;
    if let Some(SamplerConfig::Importance(config)) = sampler
        && !config.resample
    {
        return Err(source.error(
            "inference.sampler.resample",
            "given false, expected true: the files of a run have no column for weights",
            "Leave it out, or draw weighted samples with the library.",
        ));
    }
    let classifier = inference.classifier.as_ref();
    named(
        "inference.classifier",
        classifier.map_or(Ok(()), RatioConfig::validate),
    )?;
    let abc = inference.abc.as_ref();
    named(
        "inference.abc",
        abc.map_or(Ok(()), AbcRejectionConfig::validate),
    )?;
    let sequential = inference.sequential.as_ref();
    named(
        "inference.sequential",
        sequential.map_or(Ok(()), SequentialConfig::validate),
    )?;
    let search = inference.search.as_ref();
    named(
        "inference.search",
        search.map_or(Ok(()), SearchConfig::validate),
    )
}

/// Refuses the settings of another method than the study's: they would change nothing.
fn sections(inference: &InferenceSection, method: Method, source: &Source) -> Result<()> {
    let sampled: Vec<Method> = Method::available().filter(|m| m.needs_sampler()).collect();
    let own = [
        (
            "classifier",
            inference.classifier.is_some(),
            &[Method::Nre][..],
        ),
        ("abc", inference.abc.is_some(), &[Method::AbcRejection]),
        (
            "kernel_density",
            inference.kernel_density.is_some(),
            &[Method::ClassicalKde],
        ),
        (
            "histogram",
            inference.histogram.is_some(),
            &[Method::ClassicalHistogram],
        ),
        ("search", inference.search.is_some(), &[Method::Npe]),
        ("sampler", inference.sampler.is_some(), &sampled[..]),
    ];
    for (section, given, methods) in own {
        if given && !methods.contains(&method) {
            let names: Vec<_> = methods.iter().map(|method| method.name()).collect();
            return Err(source.error(
                &format!("inference.{section}"),
                format!(
                    "given with `method = \"{}\"`, which does not use it",
                    method.name()
                ),
                format!(
                    "Remove the section, or choose {} as the method.",
                    list(&names)
                ),
            ));
        }
    }
    Ok(())
}

/// Trials need a likelihood that can be multiplied.
fn trials(config: &StudyConfig, method: Method, source: &Source) -> Result<()> {
    if !config.trials() || method.needs_sampler() {
        return Ok(());
    }
    Err(source.error(
        "observation.trials",
        format!("given with `method = \"{}\"`, which learns the posterior of one trial", method.name()),
        "Use `nle`, `nre`, `auto` or a classical method, or give each row as an observation of its own without `trials`.",
    ))
}

/// What several rounds need: a method that can be aimed, a simulator to run, one posterior to aim at, and
/// enough simulations for each.
pub(super) fn rounds(config: &StudyConfig, source: &Source, observations: &Table) -> Result<()> {
    let inference = &config.inference;
    let field = "inference.rounds";
    let refuse = |problem: String, advice: &str| Err(source.error(field, problem, advice));
    if inference.rounds == 0 {
        return refuse(
            "given 0, expected at least 1".into(),
            "Leave it out for one round.",
        );
    }
    if !inference.is_sequential() {
        return match inference.sequential {
            Some(_) => Err(source.error(
                "inference.sequential",
                "given with `rounds = 1`, which does not use it",
                "Remove the section, or give `rounds`.",
            )),
            None => Ok(()),
        };
    }
    let rounds = inference.rounds;
    let method = config.method().unwrap_or(inference.method);
    if !matches!(method, Method::Npe | Method::Nle | Method::Nre) {
        return refuse(
            format!(
                "given {rounds} with `method = \"{}\"`, which knows one round",
                method.name()
            ),
            "Use `npe`, `nle` or `nre`, or leave `rounds` out.",
        );
    }
    if config.simulator.data.is_some() {
        return refuse(
            format!("given {rounds} with simulations that exist already"),
            "Later rounds simulate where the earlier ones point to: give a simulator that can be run, or leave `rounds` out.",
        );
    }
    if inference.search.is_some() {
        return refuse(
            format!("given {rounds} with a search for hyper-parameters, which knows one round"),
            "Search with one round, write what it finds into the study, and remove the search.",
        );
    }
    if let Some(sequential) = &inference.sequential {
        let aimed = method == Method::Npe;
        if aimed && sequential.acquisition != Acquisition::None {
            return Err(source.error(
                "inference.sequential.acquisition",
                "given with `method = \"npe\"`, whose loss could not correct for what is chosen",
                "Use `nle` or `nre`, or leave it out.",
            ));
        }
        if sequential.acquisition != Acquisition::None && inference.train.ensemble_size < 2 {
            return Err(source.error(
                "inference.sequential.acquisition",
                "given with one network, which has no other to disagree with",
                "Give an `ensemble_size` of at least 2 in [inference.train], or leave it out.",
            ));
        }
        if !aimed && sequential.proposal != ProposalKind::Truncated {
            return Err(source.error(
                "inference.sequential.proposal",
                format!(
                    "given with `method = \"{}\"`, which always proposes draws from the posterior",
                    method.name()
                ),
                "Use `npe`, or leave it out.",
            ));
        }
    }
    let n = observations.n_rows();
    if n > 1 && !config.trials() {
        return refuse(
            format!("given {rounds} with {n} observations, expected one to aim at"),
            "Give each observation a study of its own, or leave `rounds` out: one round serves all of them.",
        );
    }
    let each = inference.simulations.unwrap_or(DEFAULT_SIMULATIONS) / rounds;
    if each < MIN_SIMULATIONS {
        return refuse(
            format!(
                "given {rounds}, which leaves {each} simulations a round, expected at least {MIN_SIMULATIONS}"
            ),
            "Give more simulations or fewer rounds.",
        );
    }
    Ok(())
}

=======
>>>>>>> main:crates/retrodict/src/study/validate/mod.rs
/// A mistake in an option, with the place where the study gives it.
pub(super) fn option_error(source: &Source, section: &str, error: Error) -> Error {
    source.restated(error, |what| match what.split('`').nth(1) {
        Some(option) if !option.is_empty() => format!("{section}.{option}"),
        _ => section.to_string(),
    })
}

fn counts(config: &StudyConfig, source: &Source) -> Result<()> {
    let from_data = config.simulator.data.is_some();
    let at_least = |field: &str, given: usize, smallest: usize, why: &str| {
        if given >= smallest {
            return Ok(());
        }
        Err(source.error(
            field,
            format!("given {given}, expected at least {smallest}"),
            why,
        ))
    };
    if let Some(simulations) = config.inference.simulations {
        at_least(
            "inference.simulations",
            simulations,
            MIN_SIMULATIONS,
            "Fewer teach the estimator nothing; a few thousand are a good start.",
        )?;
    }
    at_least(
        "posterior.draws",
        config.posterior.draws,
        MIN_DRAWS,
        "Fewer give no intervals.",
    )?;
    at_least(
        "check.posterior_draws",
        config.check.posterior_draws,
        MIN_TESTS,
        "Fewer cannot tell a right posterior from a wrong one.",
    )?;
    if config.check.test_simulations > 0 {
        at_least(
            "check.test_simulations",
            config.check.test_simulations,
            MIN_TESTS,
            "Give 0 to do without calibration checks; fewer cannot tell right from wrong.",
        )?;
    }
    if config.check.predictive_simulations > 0 {
        at_least(
            "check.predictive_simulations",
            config.check.predictive_simulations,
            MIN_TESTS,
            "Give 0 to do without posterior predictive checks; fewer show nothing.",
        )?;
    }
    // Every array has at least one column; the width is checked again when it is known.
    let arrays = [
        (
            "inference.simulations",
            config.inference.simulations.filter(|_| !from_data),
        ),
        ("posterior.draws", Some(config.posterior.draws)),
        (
            "check.test_simulations",
            Some(config.check.test_simulations),
        ),
        ("check.posterior_draws", Some(config.check.posterior_draws)),
        (
            "check.predictive_simulations",
            Some(config.check.predictive_simulations),
        ),
    ];
    arrays
        .iter()
        .try_for_each(|(field, n)| fits(source, field, n.unwrap_or(0), 1))
}

/// The simulations to learn from are on disk, which is larger than memory, but not without end.
const DISK: f64 = 100.0;

/// Refuses an array of `rows` × `columns` numbers that the computer's memory cannot hold, or for the
/// simulations to learn from its disk.
pub(super) fn fits(source: &Source, field: &str, rows: usize, columns: usize) -> Result<()> {
    let bytes = (rows as f64) * (columns as f64) * size_of::<f64>() as f64;
    let memory = memory::total() as f64;
    let on_disk = field == "inference.simulations";
    // Of an array in memory there are copies beside it.
    if bytes <= if on_disk { DISK } else { 0.5 } * memory {
        return Ok(());
    }
    Err(source.error(
        field,
        format!(
            "{rows} rows of {columns} numbers take {} GB, and this computer has {} GB of memory",
            gigabytes(bytes),
            gigabytes(memory)
        ),
        "Give fewer, or summarise the data in the simulator.",
    ))
}

fn gigabytes(bytes: f64) -> String {
    format!("{:.1}", bytes / 1e9)
}
