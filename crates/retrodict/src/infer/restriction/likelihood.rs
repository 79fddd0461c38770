//! The likelihood of data *and* of a simulation that succeeds.

use super::RestrictedPrior;
use crate::error::Result;
use crate::infer::potential::LogLikelihood;
use crate::table::Table;

/// log p(x | θ, success) + log p(success | θ) within a restricted prior, −∞ outside.
///
/// A likelihood or a ratio that was learned from successful simulations knows the first term alone; with
/// the second its posterior is that given that a simulation succeeds, as that of a posterior learned from
/// them is. Of several trials each has succeeded.
#[derive(Debug)]
pub struct RestrictedLikelihood {
    likelihood: Box<dyn LogLikelihood>,
    restricted: RestrictedPrior,
}

impl RestrictedLikelihood {
    /// A likelihood of the same parameters, held within a restricted prior.
    pub fn new(likelihood: Box<dyn LogLikelihood>, restricted: RestrictedPrior) -> Self {
        Self {
            likelihood,
            restricted,
        }
    }
}

impl LogLikelihood for RestrictedLikelihood {
    fn n_data(&self) -> usize {
        self.likelihood.n_data()
    }

    fn log_likelihood(&self, theta: &[f64], x: &[f64], values: &mut [f64]) -> Result<()> {
        self.likelihood.log_likelihood(theta, x, values)?;
        let n_trials = (x.len() / self.n_data()).max(1) as f64;
        let table = Table::new(self.restricted.prior().names(), theta.to_vec())?;
        let probabilities = self.restricted.classifier().probability(&table);
        for (value, probability) in values.iter_mut().zip(probabilities) {
            *value = if probability >= self.restricted.threshold() {
                *value + n_trials * probability.ln()
            } else {
                f64::NEG_INFINITY
            };
        }
        Ok(())
    }

    fn takes_missing(&self) -> bool {
        self.likelihood.takes_missing()
    }

    fn gains_from_batches(&self) -> bool {
        self.likelihood.gains_from_batches()
    }
}
