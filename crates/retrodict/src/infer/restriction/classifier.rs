//! The probability that a simulation succeeds.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::RestrictedPrior;
use crate::error::{Error, Result};
use crate::estimator::{
    EVALUATED, Estimator, EstimatorConfig, Examples, FlowConfig, MixedDensity, Purpose,
};
use crate::infer::discrete::{of_parameters, to_real};
use crate::infer::parameter_space::ParameterSpace;
use crate::network::NetworkConfig;
use crate::prior::{Prior, SupportKind};
use crate::seed::{Seed, Stream};
use crate::simulate::{Simulations, Status};
use crate::table::Table;
use crate::train::{Observer, Split, TrainConfig, TrainLog, fit};

/// How the probability of success is learned. Every field has a default.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RestrictionConfig {
    /// The classifier's network.
    pub network: NetworkConfig,
    /// How it is trained.
    pub train: TrainConfig,
    /// The share of simulations that nothing is learned from, by which the threshold is chosen.
    pub threshold_fraction: f64,
    /// The share of successful simulations that may fall outside the restricted prior.
    pub false_negative_rate: f64,
}

impl Default for RestrictionConfig {
    fn default() -> Self {
        Self {
            network: NetworkConfig::default(),
            train: TrainConfig::default(),
            threshold_fraction: 0.2,
            false_negative_rate: 0.001,
        }
    }
}

/// p(success | θ), learned from simulations of which some failed.
#[derive(Debug)]
pub struct SuccessClassifier {
    pub(super) space: ParameterSpace,
    pub(super) density: MixedDensity,
    pub(super) network: NetworkConfig,
    pub(super) members: Vec<Vec<f32>>,
    pub(super) mixture: Vec<f64>,
}

/// Fewer of a kind teach nothing.
const MIN_EACH: usize = 20;
/// The code of success.
const SUCCESS: f32 = 1.0;

impl SuccessClassifier {
    /// Learns from θ and status of simulations, and restricts the prior to where they may succeed.
    ///
    /// The threshold is the largest for which, of the successful simulations held out for it, the stated
    /// share at most has a smaller probability of success.
    ///
    /// # Errors
    /// If an option makes no sense, fewer than 20 simulations failed or succeeded (there is then nothing
    /// to restrict, or nothing to learn from), or training fails.
    ///
    /// # Reference
    /// Lueckmann et al. 2017, arXiv:1711.01861; Deistler, Macke and Gonçalves 2022, PNAS 119.
    pub fn restrict(
        prior: &Prior,
        simulations: &Simulations,
        config: &RestrictionConfig,
        seed: Seed,
        observer: Observer<'_>,
    ) -> Result<(RestrictedPrior, TrainLog)> {
        config.train.validate()?;
        check(simulations, config)?;
        let map = prior.continuous_map(SupportKind::default())?;
        let n_real = map.n_unconstrained() + prior.discrete_columns().len();
        let mut real = Table::numbered("z", n_real, Vec::new())?;
        let mut row = vec![0.0; n_real];
        for theta in simulations.theta.rows() {
            to_real(&map, theta, &mut row);
            real.push(&row);
        }
        let held = seed.derive(Stream::Restriction, 0);
        let first = Split::random(simulations.len(), config.threshold_fraction, held);
        let second = Split::random(first.train.len(), config.train.validation_fraction, seed);
        let [train, validation] = [&second.train, &second.validation]
            .map(|side| -> Vec<usize> { side.iter().map(|&i| first.train[i]).collect() });
        let discrete = of_parameters(prior, &simulations.theta)?;
        let space = ParameterSpace::fit(map, &real.select(&train), discrete);
        let density = Self::density(&config.network, &space)?;
        let pick = |rows: &[usize]| {
            let mut examples = Examples::new(1, space.n_features());
            let mut features = vec![0.0; space.n_features()];
            for &row in rows {
                space.features(real.row(row), &mut features);
                let code = f32::from(u8::from(simulations.status[row] == Status::Ok));
                examples.push(&[code], &features);
            }
            examples
        };
        let (train, validation) = (pick(&train), pick(&validation));
        let fitted = fit(&density, &train, &validation, &config.train, seed, observer)?;
        let classifier = Self {
            space,
            density,
            network: config.network.clone(),
            members: fitted.weights,
            mixture: fitted.log.mixture.clone(),
        };
        let succeeded = first.validation.iter().copied();
        let succeeded = succeeded.filter(|&row| simulations.status[row] == Status::Ok);
        let succeeded: Vec<usize> = succeeded.collect();
        let mut probabilities = classifier.probability(&simulations.theta.select(&succeeded));
        probabilities.sort_by(f64::total_cmp);
        let left_out = (config.false_negative_rate * probabilities.len() as f64) as usize;
        let threshold = probabilities[left_out.min(probabilities.len() - 1)];
        let counts = [left_out, probabilities.len()];
        let restricted = RestrictedPrior::new(prior, classifier, (threshold, counts), seed)?;
        Ok((restricted, fitted.log))
    }

    /// The categorical density of success given θ.
    pub(super) fn density(network: &NetworkConfig, space: &ParameterSpace) -> Result<MixedDensity> {
        let estimator = EstimatorConfig::Maf(FlowConfig {
            transforms: 1,
            network: network.clone(),
        });
        estimator.build_mixed(&[2], &[], space.n_features())
    }

    /// p(success | θ) of each row; zero outside the prior's support.
    pub fn probability(&self, theta: &Table) -> Vec<f64> {
        let n = self.space.n_features();
        let (mut real, mut features) = (vec![0.0; n], vec![0.0; n]);
        let mut workspace = self.density.workspace(EVALUATED, Purpose::Inference);
        let mut out = vec![0.0; theta.n_rows()];
        for (block, out) in out.chunks_mut(EVALUATED).enumerate() {
            workspace.resize(out.len());
            for row in 0..out.len() {
                let theta = theta.row(block * EVALUATED + row);
                if self.space.contains(theta) {
                    self.space.apply(theta, &mut real, &mut features);
                }
                workspace.set_row(row, &[SUCCESS], &features);
            }
            workspace.pad();
            for (weights, share) in self.members.iter().zip(&self.mixture) {
                self.density.log_prob(weights, &mut workspace);
                for (out, log_prob) in out.iter_mut().zip(workspace.log_prob()) {
                    *out += share * f64::from(*log_prob).exp();
                }
            }
            for (row, out) in out.iter_mut().enumerate() {
                if !self.space.contains(theta.row(block * EVALUATED + row)) {
                    *out = 0.0;
                }
            }
        }
        out
    }
}

fn check(simulations: &Simulations, config: &RestrictionConfig) -> Result<()> {
    let shares = [
        ("threshold_fraction", config.threshold_fraction, 0.9),
        ("false_negative_rate", config.false_negative_rate, 0.5),
    ];
    for (field, value, most) in shares {
        if !(0.0..=most).contains(&value) {
            let expected = format!("from 0 to {most}");
            return Err(Error::invalid_option("restriction", field, value, expected));
        }
    }
    let succeeded = simulations.valid_rows().len();
    let failed = simulations.len() - succeeded;
    if succeeded.min(failed) < MIN_EACH {
        return Err(Error::invalid(
            "simulations",
            format!("{succeeded} that succeeded and {failed} that failed"),
            format!("at least {MIN_EACH} of each"),
            "With fewer failures there is nothing to restrict; with fewer successes, simulate more.",
        ));
    }
    Ok(())
}
