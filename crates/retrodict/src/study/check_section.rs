//! `[check]`: which checks are made, and of how many simulations.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `[check]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CheckSection {
    /// How many posterior draws each test simulation is compared with.
    pub posterior_draws: usize,
    /// How many extra simulations to test with, never trained on; with `data`, rows split off.
    pub test_simulations: usize,
    /// How many simulations at posterior draws are compared with each observation.
    pub predictive_simulations: usize,
    /// Whether to train on parts of the simulations too, and say what more of them would gain. It takes
    /// nearly as long as the fit.
    pub learning_curve: bool,
    /// On how many of the test simulations a method that simulates for one observation (`abc_smc`,
    /// `synthetic_likelihood`) is calibrated. Each costs as much as the study, so there are none by default.
    pub repeated_inferences: usize,
    /// Whether to rank the observation's own posterior draws, with the simulations at them, among draws of the
    /// posterior given both (posterior SBC). It takes about as long as the calibration.
    pub posterior_calibration: bool,
    /// Whether to find the credible regions of each observation whose coverage is guaranteed.
    pub conformal: bool,
}

impl Default for CheckSection {
    fn default() -> Self {
        Self {
            posterior_draws: 1000,
            test_simulations: 300,
            predictive_simulations: 300,
            learning_curve: false,
            repeated_inferences: 0,
            posterior_calibration: false,
            conformal: false,
        }
    }
}
