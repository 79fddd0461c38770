//! The energy distance between two samples of trials.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::mmd::root;
use super::trials::{Trials, euclidean, pair_mean};
use super::{Distance, DistanceFunction, ScaleMethod};
use crate::error::Result;
use crate::table::Table;

/// √(2 mean ‖x − y‖ − mean ‖x − x′‖ − mean ‖y − y′‖) over all pairs of trials (Székely and Rizzo
/// 2013; Nguyen et al. 2020, arXiv:1905.05884). It has no bandwidth.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct EnergyConfig {
    /// How many values one trial has.
    pub columns: usize,
    /// What each column is divided by.
    pub scale: ScaleMethod,
}

impl Default for EnergyConfig {
    fn default() -> Self {
        Self {
            columns: 1,
            scale: ScaleMethod::default(),
        }
    }
}

impl Distance for EnergyConfig {
    fn fit(&self, simulated: &Table, observed: &[f64]) -> Result<DistanceFunction> {
        let trials = Trials::new(self.columns, self.scale, simulated.values(), observed.len())?;
        let observed = trials.scaled(observed);
        let own = pair_mean(&observed, &observed, self.columns, euclidean);
        Ok(Box::new(move |x| {
            let x = trials.scaled(x);
            let theirs = pair_mean(&x, &x, trials.columns(), euclidean);
            let cross = pair_mean(&x, &observed, trials.columns(), euclidean);
            root(2.0 * cross - theirs - own)
        }))
    }
}
