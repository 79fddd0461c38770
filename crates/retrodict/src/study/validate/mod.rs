//! What a study's values must be, each alone and all together.

mod checks;
mod continue_from;
mod counts;
mod given_rounds;
mod inference;
mod observation;
mod rounds;
mod simulator;
mod sizes;
mod together;

pub(super) use continue_from::continue_from;
pub(super) use given_rounds::given_rounds;
pub(super) use inference::own_sections;
pub(super) use rounds::rounds;
pub(super) use sizes::fits;

use checks::checks;
use counts::counts;
use inference::inference;
use observation::observation;
use simulator::simulator;
use sizes::sizes;

use super::config::StudyConfig;
use super::source::Source;
use crate::error::Result;

/// Checks everything that can be checked without reading another file or starting a simulator.
pub(super) fn validate(config: &StudyConfig, source: &Source) -> Result<()> {
    name(config, source)?;
    seed(config, source)?;
    simulator(&config.simulator, source)?;
    if let Some(given) = &config.observation {
        observation(given, config.inference.missing, source)?;
    }
    inference(config, source)?;
    counts(config, source)?;
    checks(config, source)?;
    sizes(config, source)
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
