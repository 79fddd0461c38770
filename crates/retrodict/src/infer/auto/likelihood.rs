//! What is fitted beside a posterior: a likelihood, or a likelihood and a ratio.

use std::path::Path;
use std::sync::Arc;

use super::Choice;
use super::nearby::Rivals;
use crate::error::Result;
use crate::infer::{LogLikelihood, NeuralLikelihood, NeuralRatio};
use crate::prior::Prior;
use crate::simulate::Simulations;
use crate::table::Table;

/// log p(x | θ) up to what does not depend on θ, which is all that a comparison or a pool takes.
#[derive(Debug, Clone)]
pub enum LearnedLikelihood {
    /// Of neural likelihood estimation.
    Likelihood(Arc<NeuralLikelihood>),
    /// (1 − β) log p̂(x | θ) + β log r(θ, x).
    Pool(Arc<NeuralLikelihood>, Arc<NeuralRatio>, f64),
}

/// Where the ratio of a pool stands in the folder of its likelihood.
const RATIO: &str = "ratio";

impl LearnedLikelihood {
    /// The method, as a study has it.
    pub fn method(&self) -> &'static str {
        match self {
            Self::Likelihood(_) => "nle",
            Self::Pool(..) => "nle and nre",
        }
    }

    /// The same with the exponent that `choice` says, or without the ratio.
    pub(in crate::infer) fn with_ratio_as_in(&self, choice: &Choice) -> Self {
        match (self, choice.ratio) {
            (Self::Pool(likelihood, ratio, _), Some(share)) => {
                Self::Pool(Arc::clone(likelihood), Arc::clone(ratio), share)
            }
            (Self::Pool(likelihood, ..), None) => Self::Likelihood(Arc::clone(likelihood)),
            _ => self.clone(),
        }
    }

    /// A likelihood with a ratio of this exponent in it.
    pub(in crate::infer) fn with_ratio(self, ratio: NeuralRatio, share: f64) -> Self {
        let (Self::Likelihood(likelihood) | Self::Pool(likelihood, ..)) = self;
        Self::Pool(likelihood, Arc::new(ratio), share)
    }

    fn density(&self) -> &NeuralLikelihood {
        match self {
            Self::Likelihood(likelihood) | Self::Pool(likelihood, ..) => likelihood,
        }
    }

    /// The exponent of a pool's ratio with which the true parameters of `proposed` simulations stand out best from
    /// those of others; nothing without a ratio, or of fewer than 20 simulations.
    ///
    /// # Errors
    /// If a density cannot be evaluated.
    pub(in crate::infer) fn best_ratio_share(&self, proposed: &Simulations) -> Result<Option<f64>> {
        let Self::Pool(likelihood, ratio, _) = self else {
            return Ok(None);
        };
        let Some(rivals) = Rivals::new(proposed) else {
            return Ok(None);
        };
        let ratios = ratio.log_ratio_many(&rivals.theta, &rivals.x)?;
        let likelihoods = likelihood.log_prob_many(&rivals.theta, &rivals.x)?;
        Ok(Some(rivals.compared(&ratios, &likelihoods).share))
    }

    /// The value for pairs of rows, each up to a constant of its x.
    ///
    /// # Errors
    /// If the tables do not have as many rows, or not the columns that were learned from.
    pub fn log_likelihood_many(&self, theta: &Table, x: &Table) -> Result<Vec<f64>> {
        match self {
            Self::Likelihood(likelihood) => likelihood.log_prob_many(theta, x),
            Self::Pool(likelihood, ratio, share) => {
                let mut values = likelihood.log_prob_many(theta, x)?;
                pool(&mut values, &ratio.log_ratio_many(theta, x)?, *share);
                Ok(values)
            }
        }
    }

    pub(super) fn save(&self, folder: &Path) -> Result<()> {
        match self {
            Self::Likelihood(likelihood) => likelihood.save(folder),
            Self::Pool(likelihood, ratio, _) => {
                ratio.save(folder.join(RATIO))?;
                likelihood.save(folder)
            }
        }
    }

    pub(super) fn load(choice: &Choice, folder: &Path, prior: &Prior) -> Result<Self> {
        let likelihood = Self::Likelihood(Arc::new(NeuralLikelihood::load(folder, prior)?));
        Ok(match choice.fitted_ratio() {
            Some(share) => {
                likelihood.with_ratio(NeuralRatio::load(folder.join(RATIO), prior)?, share)
            }
            None => likelihood,
        })
    }
}

/// (1 − β) a + β b, each counted only if it has an exponent: −∞ · 0 is nothing.
fn pool(values: &mut [f64], others: &[f64], share: f64) {
    if share == 0.0 {
        return;
    }
    if share >= 1.0 {
        return values.copy_from_slice(others);
    }
    for (value, other) in values.iter_mut().zip(others) {
        *value = (1.0 - share) * *value + share * other;
    }
}

impl LogLikelihood for LearnedLikelihood {
    fn n_data(&self) -> usize {
        self.density().n_data()
    }

    fn log_likelihood(&self, theta: &[f64], x: &[f64], values: &mut [f64]) -> Result<()> {
        match self {
            Self::Likelihood(likelihood) => likelihood.log_likelihood(theta, x, values),
            Self::Pool(likelihood, ratio, share) => {
                likelihood.log_likelihood(theta, x, values)?;
                if *share > 0.0 {
                    let mut others = vec![0.0; values.len()];
                    ratio.log_likelihood(theta, x, &mut others)?;
                    pool(values, &others, *share);
                }
                Ok(())
            }
        }
    }

    fn takes_missing(&self) -> bool {
        match self {
            Self::Likelihood(likelihood) => likelihood.takes_missing(),
            Self::Pool(..) => false,
        }
    }

    fn with_gradient(
        &self,
        theta: &[f64],
        x: &[f64],
        values: &mut [f64],
        gradients: &mut [f64],
    ) -> Result<bool> {
        match self {
            Self::Likelihood(likelihood) => likelihood.with_gradient(theta, x, values, gradients),
            Self::Pool(likelihood, ratio, share) => {
                let (mut others, mut slopes) =
                    (vec![0.0; values.len()], vec![0.0; gradients.len()]);
                let has = likelihood.with_gradient(theta, x, values, gradients)?
                    && ratio.with_gradient(theta, x, &mut others, &mut slopes)?;
                pool(values, &others, *share);
                pool(gradients, &slopes, *share);
                Ok(has)
            }
        }
    }

    fn gains_from_batches(&self) -> bool {
        self.density().gains_from_batches()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_exponent_does_not_count_even_if_it_is_infinite() {
        let pooled = |share| {
            let mut values = [f64::NEG_INFINITY, 1.0];
            pool(&mut values, &[2.0, f64::NEG_INFINITY], share);
            values
        };
        assert_eq!(pooled(0.0), [f64::NEG_INFINITY, 1.0]);
        assert_eq!(pooled(0.5), [f64::NEG_INFINITY; 2]);
        assert_eq!(pooled(1.0), [2.0, f64::NEG_INFINITY]);
    }
}
