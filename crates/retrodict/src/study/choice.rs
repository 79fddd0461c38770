//! What `auto` means for a study.

use super::config::StudyConfig;
use super::method::Method;
use super::resolved::DEFAULT_SIMULATIONS;
use crate::infer::auto::{Choice, Situation};
use crate::prior::Prior;
use crate::table::Table;

/// What is chosen by rule, if the study's method is `auto`; writes the number of rounds, and how these choose
/// parameters, into the study.
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
        simulator: !config.simulator.is_given(),
        // Rounds take several fits, and what comes of them is drawn and checked slowly: they have to be asked for.
        rounds: inference.rounds.or(Some(1)),
    };
    let choice = situation.choice();
    if !situation.trials {
        let asked = inference.rounds.map(|_| situation.most_rounds());
        config.inference.rounds = asked.or(Some(choice.rounds));
    }
    if config.inference.is_sequential() {
        let sequential = &mut config.inference.sequential;
        sequential.get_or_insert_with(|| situation.sequential());
    }
    Some(choice)
}
