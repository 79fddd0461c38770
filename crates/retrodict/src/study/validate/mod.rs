//! What a study's values must be, each alone and all together.

mod continue_from;
mod given_rounds;
mod inference;
mod rounds;
mod together;

pub(super) use continue_from::continue_from;
pub(super) use given_rounds::given_rounds;
pub(super) use inference::own_sections;
pub(super) use rounds::rounds;

use inference::inference;

use super::config::{ObservationSection, ObservedValues, StudyConfig};
use super::memory;
use super::read::list;
use super::simulator_config::SimulatorConfig;
use super::source::Source;
use crate::error::{Error, Result};
use crate::infer::{ErrorsAt, Missing};

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
    if config.check.repeated_inferences > 0 {
        at_least(
            "check.repeated_inferences",
            config.check.repeated_inferences,
            MIN_TESTS,
            "Give 0 to do without calibration of methods that simulate for one observation.",
        )?;
        at_least(
            "check.test_simulations",
            config.check.test_simulations,
            config.check.repeated_inferences,
            "Inference is repeated on test simulations: give as many, or a smaller `check.repeated_inferences`.",
        )?;
    }
    learning_curve(config, source)?;
    posterior_calibration(config, source)?;
    conformal(config, source)?;
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

/// Parts of the simulations can be trained on if they are all from the prior, and compared on test simulations.
fn learning_curve(config: &StudyConfig, source: &Source) -> Result<()> {
    if !config.check.learning_curve {
        return Ok(());
    }
    let method = config.method();
    let problem = if !method.trains() {
        format!("given with `{}`, which trains nothing", method.name())
    } else if config.inference.is_sequential() {
        "given with several rounds, whose simulations are not from the prior".into()
    } else if config.check.test_simulations == 0 {
        "given without test simulations to compare on".into()
    } else {
        return Ok(());
    };
    let advice =
        "Use a method with networks, `rounds = 1` and `check.test_simulations`, or remove it.";
    Err(source.error("check.learning_curve", problem, advice))
}

/// Posterior draws have to be simulated, and posteriors of what comes of them to be known.
fn posterior_calibration(config: &StudyConfig, source: &Source) -> Result<()> {
    if !config.check.posterior_calibration {
        return Ok(());
    }
    let method = config.method();
    let problem = if !method.gives_densities() {
        format!(
            "given with `{}`, which does not know the density of any observation's posterior",
            method.name()
        )
    } else if config.inference.is_sequential() {
        "given with several rounds, whose posterior serves one observation only".into()
    } else if config.inference.robust.is_some() {
        "given with `robust`: the simulator makes no data with errors, and the posterior is of such"
            .into()
    } else if config.inference.correction.is_some() {
        "given with `correction`, whose draws take too long for hundreds of posteriors".into()
    } else if config.simulator.data.is_some() {
        "given with `data`: there is no simulator to run at posterior draws".into()
    } else if config.check.predictive_simulations == 0 {
        "given without predictive simulations to rank".into()
    } else {
        return Ok(());
    };
    let advice = "Use `npe`, `nle`, `nre`, `fmpe`, `npse` or a classical method, `rounds = 1`, a simulator and \
                  `check.predictive_simulations`, or remove it.";
    Err(source.error("check.posterior_calibration", problem, advice))
}

/// Guarantees hold where the observation and the test simulations come about in the same way.
fn conformal(config: &StudyConfig, source: &Source) -> Result<()> {
    if !config.check.conformal {
        return Ok(());
    }
    let robust = config.inference.robust.as_ref();
    let method = config.method();
    let problem = if method.simulates() {
        format!(
            "given with `{}`, which is not tested on other simulations",
            method.name()
        )
    } else if config.inference.is_sequential() {
        "given with several rounds, whose posterior serves one observation only".into()
    } else if config.trials() {
        "given with trials, of which test simulations have one".into()
    } else if robust.is_some_and(|robust| robust.at == ErrorsAt::Observation) {
        "given with `robust.at = \"observation\"`, where the network alone is tested".into()
    } else if config.check.test_simulations == 0 {
        "given without test simulations to calibrate with".into()
    } else {
        return Ok(());
    };
    let advice = "Use `rounds = 1` and `check.test_simulations`, or remove it.";
    Err(source.error("check.conformal", problem, advice))
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
