//! How many networks the rounds train.

use super::tests::{methods, needle, quick, task};
use super::*;
use crate::error::Result;
use crate::infer::auto::AutoConfig;
use crate::infer::testing::silent;
use crate::infer::{NleConfig, NpeConfig, NreConfig, TmnreConfig};
use crate::sample::SamplerConfig;
use crate::seed::Seed;
use crate::simulate::{Simulations, Simulator};
use crate::table::Table;
use crate::train::TrainLog;

/// Counts the networks of each round.
struct Counting<'a> {
    simulations: InMemory<'a>,
    networks: Vec<usize>,
}

impl RoundKeeper for Counting<'_> {
    fn simulate(&mut self, round: usize, first: u64, theta: &Table) -> Result<Simulations> {
        self.simulations.simulate(round, first, theta)
    }

    fn keep_fitted(
        &mut self,
        _: usize,
        _: &RoundModel,
        log: &TrainLog,
        _: &RoundReport,
    ) -> Result<()> {
        self.networks.push(log.members.len());
        Ok(())
    }
}

/// Of three rounds of 500 simulations each.
fn networks(method: &SequentialMethod, config: &SequentialConfig) -> Vec<usize> {
    let (prior, simulator) = needle();
    let task = task(&prior, method, config, &[0.2, 1.0]);
    let mut keeper = Counting {
        simulations: InMemory::new(&simulator as &dyn Simulator, Seed(3)),
        networks: Vec::new(),
    };
    sequential(&task, &mut keeper, &silent).unwrap();
    keeper.networks
}

fn small<C: serde::de::DeserializeOwned>() -> C {
    serde_json::from_str(r#"{"train":{"max_epochs":5,"ensemble_size":2}}"#).unwrap()
}

#[test]
fn rounds_that_only_aim_train_as_many_networks_as_asked_for() {
    let [npe, nle, nre] = methods();
    let ratio: NreConfig = small();
    let tmnre = TmnreConfig {
        ratio: ratio.clone(),
        ..TmnreConfig::default()
    };
    let situation = crate::infer::auto::Situation {
        n_parameters: 2,
        n_data: 2,
        simulations: 1500,
        observations: 1,
        simulator: true,
        rounds: Some(3),
        ..Default::default()
    };
    let auto = AutoConfig {
        choice: situation.choice(),
        npe: small::<NpeConfig>(),
        nle: small::<NleConfig>(),
        nre: ratio,
        sampler: SamplerConfig::default(),
    };
    let auto = SequentialMethod::Auto(Box::new(auto));
    let config = SequentialConfig {
        networks_to_aim: Some(1),
        ..quick()
    };
    for method in [npe, nle, nre, auto] {
        assert_eq!(networks(&method, &config), [1, 1, 2], "{}", method.name());
    }
    // Two marginals in each round, and their pair in the last.
    let tmnre = SequentialMethod::Tmnre(tmnre);
    assert_eq!(networks(&tmnre, &config), [2, 2, 6]);
}

#[test]
fn few_simulations_and_disagreement_want_all_networks() {
    let [npe, nle, _] = methods();
    assert_eq!(networks(&npe, &quick()), [2, 2, 2]);
    let config = SequentialConfig {
        acquisition: Acquisition::Disagreement,
        networks_to_aim: Some(1),
        ..quick()
    };
    assert_eq!(networks(&nle, &config), [2, 2, 2]);
    // More than there are is no reason to train more.
    let config = SequentialConfig {
        networks_to_aim: Some(5),
        ..quick()
    };
    assert_eq!(networks(&npe, &config), [2, 2, 2]);
}

#[test]
fn from_ten_thousand_simulations_on_one_network_aims() {
    let config = SequentialConfig::default();
    assert_eq!(config.most_networks(9999), None);
    assert_eq!(config.most_networks(10_000), Some(1));
    let all = SequentialConfig {
        networks_to_aim: Some(3),
        ..config
    };
    assert_eq!(all.most_networks(100_000), Some(3));
}
