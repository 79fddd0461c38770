//! Rounds that somebody else has made: simulations of which all but the first come from proposals.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::corrected::{Correction, npe_corrected};
use super::importance::near;
use super::{ProposalKind, SequentialConfig, SequentialMethod};
use crate::error::{Error, Result};
use crate::infer::{NeuralPosterior, NpeConfig};
use crate::prior::Prior;
use crate::seed::Seed;
use crate::simulate::Simulations;
use crate::train::{Observer, TrainLog};

/// Where the parameters of given simulations were drawn from, and which loss corrects for it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GivenRounds {
    /// How many simulations each round made, in order: those of the first drew from the prior, those of later
    /// ones from proposals aimed at one observation.
    pub rounds: Vec<usize>,
    /// `atomic`, which needs to know nothing of the proposals, or `importance_weighted`.
    #[serde(default = "atomic")]
    pub loss: ProposalKind,
    /// Among how many θ the atomic loss has to tell the right one.
    #[serde(default = "atoms")]
    pub atoms: usize,
    /// For importance weights: a `.npy` file with one number a simulation, prior over proposal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weights: Option<String>,
}

fn atomic() -> ProposalKind {
    ProposalKind::Atomic
}

fn atoms() -> usize {
    SequentialConfig::default().atoms
}

impl GivenRounds {
    /// Refuses losses that given rounds cannot have, and what they do not go with.
    ///
    /// # Errors
    /// An [`Error::Invalid`] that names the option.
    pub fn validate(&self, npe: &NpeConfig, prior: &Prior) -> Result<()> {
        let weighted = self.loss == ProposalKind::ImportanceWeighted;
        if !weighted && self.loss != ProposalKind::Atomic {
            return Err(Error::invalid(
                "given rounds option `loss`",
                format!("`{}`", self.loss.name()),
                "`atomic` or `importance_weighted`",
                "Simulations inside a truncated prior need no correction: give those inside the last region \
                 as if they came from the prior.",
            ));
        }
        if weighted != self.weights.is_some() {
            let given = if weighted { "no weights" } else { "weights" };
            return Err(Error::invalid(
                "given rounds option `weights`",
                format!("{given} with `{}`", self.loss.name()),
                "weights with `importance_weighted`, and none with `atomic`",
                "Give the file of weights with the loss that uses it.",
            ));
        }
        if self.rounds.len() < 2 || self.rounds[1..].contains(&0) {
            return Err(Error::invalid(
                "given rounds option `rounds`",
                format!("{:?}", self.rounds),
                "how many simulations each of at least two rounds made",
                "Leave it out for one round. If none came from the prior, the first is 0.",
            ));
        }
        let config = self.sequential();
        config.validate()?;
        config.check_method(&SequentialMethod::Npe(npe.clone()), prior)
    }

    fn sequential(&self) -> SequentialConfig {
        SequentialConfig {
            proposal: self.loss,
            atoms: self.atoms,
            ..SequentialConfig::default()
        }
    }

    fn check_sizes(&self, n: usize, weights: Option<&[f64]>) -> Result<()> {
        let total: usize = self.rounds.iter().sum();
        if total != n {
            return Err(Error::invalid(
                "given rounds option `rounds`",
                format!("{:?}, {total} together", self.rounds),
                format!("{n} together: as many as there are simulations"),
                "Count every simulation, failed ones too.",
            ));
        }
        let Some(weights) = weights else {
            return Ok(());
        };
        let good = |w: &f64| w.is_finite() && *w >= 0.0;
        if weights.len() != n || !weights.iter().all(good) || !weights.iter().any(|w| *w > 0.0) {
            let bad = weights.iter().filter(|w| !good(w)).count();
            return Err(Error::invalid(
                "given rounds option `weights`",
                format!(
                    "{} numbers, {bad} of them negative or not finite",
                    weights.len()
                ),
                format!("{n}, none negative and at least one above zero"),
                "Give p(θ) over the density from which θ was drawn, for each simulation.",
            ));
        }
        Ok(())
    }
}

/// Trains q(θ | x) as [`crate::infer::npe()`], on simulations of several rounds whose proposals somebody else
/// has made. The atomic loss (Greenberg et al. 2019, arXiv:1905.07488) needs to know nothing of them;
/// importance weights (Lueckmann et al. 2017, arXiv:1711.01861) need `weights`, one a simulation: p(θ) over the
/// density from which it was drawn. The latter learn from the simulations whose data are near the observation
/// `x`, as in [`super::sequential()`].
///
/// The result holds near the observation at which the proposals were aimed: it is not amortised.
///
/// # Errors
/// If the rounds do not add up to the simulations or a weight is no weight; otherwise as
/// [`crate::infer::npe()`].
pub fn npe_given_rounds(
    prior: &Prior,
    simulations: &Simulations,
    (config, given, weights): (&NpeConfig, &GivenRounds, Option<&[f64]>),
    x: &[f64],
    seed: Seed,
    observer: Observer<'_>,
) -> Result<(NeuralPosterior, TrainLog)> {
    given.validate(config, prior)?;
    given.check_sizes(simulations.len(), weights)?;
    let Some(weights) = weights else {
        let correction = Correction::Atomic {
            atoms: given.atoms,
            first: given.rounds[0],
        };
        return npe_corrected(prior, simulations, (config, correction), seed, observer);
    };
    let last = *given.rounds.last().expect("there are two rounds");
    let rows = near(simulations, x, last);
    let chosen = simulations.select(&rows);
    let weights: Vec<f64> = rows.iter().map(|&row| weights[row]).collect();
    let correction = Correction::Weights(&weights);
    npe_corrected(prior, &chosen, (config, correction), seed, observer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::infer::Posterior;
    use crate::infer::testing::silent;
    use crate::prior::DistributionConfig as D;
    use crate::seed::Stream;
    use crate::simulate::Status;
    use crate::table::Table;

    const NOISE: f64 = 0.3;
    const X: f64 = 1.5;
    /// The proposal of the second round: off the posterior, and narrower than the prior.
    const PROPOSAL: [f64; 2] = [0.8, 0.4];

    /// θ ~ N(0, 2²) and then from the proposal; x = θ + 0.3 ε.
    fn rounds(n: usize) -> (Prior, Simulations) {
        let prior = Prior::new([("a", D::normal(0.0, 2.0))]).unwrap();
        let mut random = Seed(3).stream(Stream::Test, 0);
        let mut theta = Vec::new();
        for i in 0..2 * n {
            let [mean, sd] = if i < n { [0.0, 2.0] } else { PROPOSAL };
            theta.push(mean + sd * random.normal());
        }
        let x = theta.iter().map(|t| t + NOISE * random.normal()).collect();
        let simulations = Simulations {
            theta: Table::new(prior.names(), theta).unwrap(),
            x: Table::numbered("x", 1, x).unwrap(),
            status: vec![Status::Ok; 2 * n],
        };
        (prior, simulations)
    }

    fn given(loss: ProposalKind, n: usize) -> GivenRounds {
        GivenRounds {
            rounds: vec![n, n],
            loss,
            atoms: 10,
            weights: (loss == ProposalKind::ImportanceWeighted).then(|| "weights.npy".into()),
        }
    }

    fn small() -> NpeConfig {
        let text = r#"{"estimator":{"kind":"nsf","transforms":2,"network":{"hidden":[16]}},"train":{"max_epochs":30,"ensemble_size":1}}"#;
        serde_json::from_str(text).unwrap()
    }

    fn weights(prior: &Prior, simulations: &Simulations) -> Vec<f64> {
        let normal = |t: f64| {
            let z = (t - PROPOSAL[0]) / PROPOSAL[1];
            (-0.5 * z * z).exp() / (PROPOSAL[1] * (2.0 * std::f64::consts::PI).sqrt())
        };
        let of = |theta: &[f64]| {
            let p = prior.log_prob(theta).exp();
            p / (0.5 * p + 0.5 * normal(theta[0]))
        };
        simulations.theta.rows().map(of).collect()
    }

    #[test]
    fn given_rounds_give_the_posterior_under_the_prior() {
        let n = 1500;
        let (prior, simulations) = rounds(n);
        let variance = 1.0 / (0.25 + 1.0 / (NOISE * NOISE));
        let exact = [variance * X / (NOISE * NOISE), variance.sqrt()];
        let weights = weights(&prior, &simulations);
        for loss in [ProposalKind::Atomic, ProposalKind::ImportanceWeighted] {
            let given = given(loss, n);
            let weights = given.weights.as_ref().map(|_| &weights[..]);
            let settings = (&small(), &given, weights);
            let fit = npe_given_rounds(&prior, &simulations, settings, &[X], Seed(1), &silent);
            let samples = fit.unwrap().0.sample(&[X], 4000, Seed(2)).unwrap();
            let found = &samples.summary()[0];
            assert!(
                (found.mean - exact[0]).abs() < 0.25 * exact[1],
                "{loss:?}: mean {}, expected {}",
                found.mean,
                exact[0]
            );
            let ratio = found.sd / exact[1];
            assert!((0.8..1.25).contains(&ratio), "{loss:?}: sd ratio {ratio}");
        }
        // The same simulations taken for draws from the prior are wrong: the proposal pulls.
        let (plain, _) =
            crate::infer::npe(&prior, &simulations, &small(), Seed(1), &silent).unwrap();
        let samples = plain.sample(&[X], 4000, Seed(2)).unwrap();
        let off = (samples.summary()[0].mean - exact[0]).abs() / exact[1];
        assert!(off > 0.25, "uncorrected: {off} sds off");
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let (prior, simulations) = rounds(100);
        let refused = |given: &GivenRounds, weights: Option<&[f64]>, word: &str| {
            let settings = (&small(), given, weights);
            let fit = npe_given_rounds(&prior, &simulations, settings, &[X], Seed(1), &silent);
            let message = fit.unwrap_err().to_string();
            assert!(message.contains(word), "{message}");
        };
        let atomic = given(ProposalKind::Atomic, 100);
        let rounds = |rounds: &[usize]| GivenRounds {
            rounds: rounds.to_vec(),
            ..atomic.clone()
        };
        refused(&rounds(&[100, 50]), None, "150 together");
        refused(&rounds(&[200]), None, "at least two rounds");
        refused(&rounds(&[200, 0]), None, "at least two rounds");
        let loss = |loss| GivenRounds {
            loss,
            ..atomic.clone()
        };
        refused(&loss(ProposalKind::Truncated), None, "`truncated`");
        refused(&loss(ProposalKind::ImportanceWeighted), None, "no weights");
        let weighted = given(ProposalKind::ImportanceWeighted, 100);
        refused(&weighted, Some(&[1.0; 3]), "3 numbers");
        refused(&weighted, Some(&[0.0; 200]), "at least one above zero");
        let mut bad = vec![1.0; 200];
        bad[7] = f64::NAN;
        refused(&weighted, Some(&bad), "1 of them");
    }
}
