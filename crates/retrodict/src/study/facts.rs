//! What a study only points to, and what its results depend on all the same.

use std::path::Path;

use super::config::StudyConfig;
use super::record::Inputs;
use super::source::Source;
use super::{continued, hash, observation};
use crate::error::Result;
use crate::table::Table;

/// Observations up to this many numbers are compared number by number, longer ones by their hash.
const SHOWN: usize = 20;

/// The SHA-256 of each file that the simulator is made of (as far as its command names them) or
/// that holds its data, as `file.NAME`; of networks to go on with; and the observation, as `observation`.
pub(super) fn facts(
    config: &StudyConfig,
    source: &Source,
    folder: &Path,
    observations: &Table,
) -> Result<Inputs> {
    let mut facts = Inputs::new();
    let mut files: Vec<&str> = Vec::new();
    if let Some(worker) = &config.simulator.worker {
        files.extend(worker.command.iter().map(String::as_str));
    }
    if let Some(command) = &config.simulator.command {
        files.extend(command.template.split_whitespace());
    }
    if let Some(data) = &config.simulator.data {
        observation::check_exists(source, "simulator.data.theta", folder, &data.theta)?;
        observation::check_exists(source, "simulator.data.x", folder, &data.x)?;
        files.extend([data.theta.as_str(), data.x.as_str()]);
    }
    let given = config.inference.given_rounds.as_ref();
    if let Some(weights) = given.and_then(|given| given.weights.as_deref()) {
        let field = "inference.given_rounds.weights";
        observation::check_exists(source, field, folder, weights)?;
        files.push(weights);
    }
    for name in files {
        let path = folder.join(name);
        if path.is_file() {
            facts.insert(format!("file.{name}"), hash::of_file(&path)?);
        }
    }
    if let Some(name) = &config.inference.continue_from {
        let hash = continued::fact(source, folder, name)?;
        facts.insert(continued::FACT.into(), hash);
    }
    facts.insert("observation".into(), observation_fact(observations));
    Ok(facts)
}

fn observation_fact(observations: &Table) -> String {
    if observations.values().len() <= SHOWN {
        let rows: Vec<&[f64]> = observations.rows().collect();
        return format!("{rows:?}");
    }
    let bytes: Vec<u8> = observations
        .values()
        .iter()
        .flat_map(|v| v.to_le_bytes())
        .collect();
    let shape = format!("{} × {}", observations.n_rows(), observations.n_columns());
    format!("{shape} numbers with SHA-256 {}", hash::of_bytes(&bytes))
}
