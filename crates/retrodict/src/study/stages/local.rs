//! The local test of a run: is the posterior right at the observations themselves?

use std::slice;

use super::check::MOST_OBSERVATIONS;
use super::numbered::of_observation;
use crate::check::{Calibration, Check, LocalTest, LocalTwoSample};
use crate::error::Result;
use crate::seed::Seed;
use crate::simulate::Simulations;
use crate::study::Run;

impl Run<'_> {
    /// The local two-sample test at each observation, from what calibration has drawn already.
    ///
    /// None where the observation is no datum of a simulation, because it is several trials or lacks some of
    /// its features: the test simulations say nothing about it.
    pub(super) fn test_locally(
        &self,
        calibration: &Calibration,
        tests: &Simulations,
    ) -> Result<Vec<Check>> {
        let config = self.study().config();
        let observations = self.study().observations();
        let whole = observations.values().iter().all(|v| v.is_finite());
        if self.study().trials() || !whole {
            return Ok(Vec::new());
        }
        let n = observations.n_rows().min(MOST_OBSERVATIONS);
        let local = LocalTest::train(calibration, tests, Seed(config.study.seed))?;
        let all = self.samples()?;
        let at = |i: usize| local.at(observations.row(i), &all[i]);
        let mut found: Vec<LocalTwoSample> = (0..n).map(at).collect();
        LocalTwoSample::adjust(&mut found);
        self.keep("local_two_sample", &found)?;
        let powers = local.powers(&found[0], observations.row(0), &all[0]);
        self.keep("local_power", &powers)?;
        let mut checks: Vec<Check> = found.iter().map(LocalTwoSample::check).collect();
        for (i, check) in checks.iter_mut().enumerate() {
            of_observation(slice::from_mut(check), i, observations.n_rows());
        }
        Ok(checks)
    }
}
