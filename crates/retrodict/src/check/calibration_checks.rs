//! Every check that test simulations allow, in one call.

use serde::{Deserialize, Serialize};

use super::Check;
use super::calibration::Calibration;
use super::coverage::ExpectedCoverage;
use super::data_dependence::DataDependence;
use super::rank_uniformity::RankUniformity;
use crate::error::Result;
use crate::infer::Posterior;
use crate::seed::Seed;
use crate::simulate::Simulations;

/// What test simulations, never trained on, tell about a posterior.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CalibrationChecks {
    /// The ranks of the truth, from which the rest follows.
    pub calibration: Calibration,
    /// Simulation-based calibration.
    pub ranks: RankUniformity,
    /// Coverage of credible regions.
    pub coverage: ExpectedCoverage,
    /// Whether the posterior's errors depend on the data.
    pub dependence: DataDependence,
}

impl CalibrationChecks {
    /// Draws `n_draws` times from the posterior of each valid test simulation and compares them
    /// with the truth. Same seed, same answer, for any number of threads.
    ///
    /// # Errors
    /// As [`Calibration::measure`].
    pub fn run(
        posterior: &dyn Posterior,
        test: &Simulations,
        n_draws: usize,
        seed: Seed,
    ) -> Result<Self> {
        let calibration = Calibration::measure(posterior, test, n_draws, seed)?;
        let ranks = RankUniformity::of(&calibration);
        Ok(Self {
            coverage: ExpectedCoverage::of(&calibration, &ranks),
            dependence: DataDependence::of(&calibration, test),
            ranks,
            calibration,
        })
    }

    /// The checks, for the verdict.
    pub fn checks(&self) -> Vec<Check> {
        let mut checks = self.ranks.checks();
        checks.push(self.coverage.check());
        self.and_of_parameters(checks)
    }

    /// Those of each parameter by itself, of draws that have the marginals of the posterior and no more.
    pub fn checks_of_marginals(&self) -> Vec<Check> {
        self.and_of_parameters(self.ranks.checks_of_parameters())
    }

    fn and_of_parameters(&self, mut checks: Vec<Check>) -> Vec<Check> {
        checks.extend(self.dependence.checks());
        checks.push(self.calibration.check_answers());
        checks
    }
}
