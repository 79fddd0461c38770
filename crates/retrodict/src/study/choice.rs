//! What `auto` means for a study.

use super::config::StudyConfig;
use super::method::Method;
use super::resolved::DEFAULT_SIMULATIONS;
use crate::infer::auto::{Choice, Situation};
use crate::infer::{Missing, fits_in_memory};
use crate::prior::Prior;
use crate::table::Table;

/// What is chosen by rule, if the study's method is `auto`; writes the number of rounds into the study.
pub(super) fn choose(
    config: &mut StudyConfig,
    prior: &Prior,
    observations: &Table,
) -> Option<Choice> {
    let inference = &config.inference;
    if inference.method != Method::Auto {
        return None;
    }
    let simulations = inference.simulations.unwrap_or(DEFAULT_SIMULATIONS);
    let n_data = observations.n_columns();
    let columns = prior.n_parameters() + n_data;
    // These know one round, and several keep their simulations in memory.
    let one = inference.search.is_some()
        || inference.restriction.is_some()
        || inference.correction.is_some()
        || inference.missing != Missing::Refuse
        || !fits_in_memory(simulations, columns, inference.train.memory);
    let situation = Situation {
        n_parameters: prior.n_parameters(),
        discrete: !prior.discrete_parameters().is_empty(),
        n_data,
        simulations,
        observations: if config.trials() {
            1
        } else {
            observations.n_rows()
        },
        trials: config.trials(),
        simulator: config.simulator.data.is_none(),
        rounds: inference.rounds.or(one.then_some(1)),
    };
    let choice = situation.choice();
    if !situation.trials {
        config.inference.rounds.get_or_insert(choice.rounds);
    }
    Some(choice)
}
