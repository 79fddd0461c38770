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

/// log p(x | θ) up to what does not depend on θ, which is all that a comparison or a pool takes:
/// (1 − β) log p̂(x | θ) + β log r(θ, x), or the first alone.
#[derive(Debug, Clone)]
pub struct LearnedLikelihood {
    /// p̂, of neural likelihood estimation.
    pub density: Arc<NeuralLikelihood>,
    /// r, of neural ratio estimation, and β.
    pub ratio: Option<(Arc<NeuralRatio>, f64)>,
}

/// Where the ratio stands in the folder of the density.
const RATIO: &str = "ratio";

impl LearnedLikelihood {
    pub(in crate::infer) fn new(density: NeuralLikelihood) -> Self {
        Self {
            density: Arc::new(density),
            ratio: None,
        }
    }

    /// The method, as a study has it.
    pub fn method(&self) -> &'static str {
        match self.ratio {
            None => "nle",
            Some(_) => "nle and nre",
        }
    }

    /// The same with the exponent that `choice` says, or without the ratio.
    pub(in crate::infer) fn with_ratio_as_in(&self, choice: &Choice) -> Self {
        let ratio = self.ratio.as_ref().map(|(ratio, _)| ratio);
        Self {
            density: Arc::clone(&self.density),
            ratio: ratio.cloned().zip(choice.ratio),
        }
    }

    /// The exponent of the ratio with which the true parameters of `proposed` simulations stand out best from
    /// those of others; nothing without a ratio, or of fewer than 20 simulations.
    ///
    /// # Errors
    /// If a density cannot be evaluated.
    pub(in crate::infer) fn best_ratio_share(&self, proposed: &Simulations) -> Result<Option<f64>> {
        let (Some((ratio, _)), Some(rivals)) = (&self.ratio, Rivals::new(proposed)) else {
            return Ok(None);
        };
        let ratios = ratio.log_ratio_many(&rivals.theta, &rivals.x)?;
        let densities = self.density.log_prob_many(&rivals.theta, &rivals.x)?;
        Ok(Some(rivals.compared(&ratios, &densities).share))
    }

    /// The value for pairs of rows, each up to a constant of its x.
    ///
    /// # Errors
    /// If the tables do not have as many rows, or not the columns that were learned from.
    pub fn log_likelihood_many(&self, theta: &Table, x: &Table) -> Result<Vec<f64>> {
        let mut values = self.density.log_prob_many(theta, x)?;
        if let Some((ratio, share)) = &self.ratio {
            pool(&mut values, &ratio.log_ratio_many(theta, x)?, *share);
        }
        Ok(values)
    }

    pub(super) fn save(&self, folder: &Path) -> Result<()> {
        if let Some((ratio, _)) = &self.ratio {
            ratio.save(folder.join(RATIO))?;
        }
        self.density.save(folder)
    }

    pub(super) fn load(choice: &Choice, folder: &Path, prior: &Prior) -> Result<Self> {
        let mut own = Self::new(NeuralLikelihood::load(folder, prior)?);
        if let Some(share) = choice.fitted_ratio() {
            let ratio = NeuralRatio::load(folder.join(RATIO), prior)?;
            own.ratio = Some((Arc::new(ratio), share));
        }
        Ok(own)
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
        self.density.n_data()
    }

    fn log_likelihood(&self, theta: &[f64], x: &[f64], values: &mut [f64]) -> Result<()> {
        self.density.log_likelihood(theta, x, values)?;
        if let Some((ratio, share)) = &self.ratio
            && *share > 0.0
        {
            let mut others = vec![0.0; values.len()];
            ratio.log_likelihood(theta, x, &mut others)?;
            pool(values, &others, *share);
        }
        Ok(())
    }

    fn takes_missing(&self) -> bool {
        self.ratio.is_none() && self.density.takes_missing()
    }

    fn with_gradient(
        &self,
        theta: &[f64],
        x: &[f64],
        values: &mut [f64],
        gradients: &mut [f64],
    ) -> Result<bool> {
        let has = self.density.with_gradient(theta, x, values, gradients)?;
        let Some((ratio, share)) = &self.ratio else {
            return Ok(has);
        };
        let (mut others, mut slopes) = (vec![0.0; values.len()], vec![0.0; gradients.len()]);
        let has = has && ratio.with_gradient(theta, x, &mut others, &mut slopes)?;
        pool(values, &others, *share);
        pool(gradients, &slopes, *share);
        Ok(has)
    }

    fn gains_from_batches(&self) -> bool {
        self.density.gains_from_batches()
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
