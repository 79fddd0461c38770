//! A likelihood that is known: that of a built-in simulator, or one that a worker computes.

use std::sync::Arc;

use super::watcher::Watcher;
use crate::error::{Error, Result};
use crate::infer::{FunctionLikelihood, LogLikelihood};
use crate::simulate::builtin;
use crate::simulate::{SimulationSource, Simulator};
use crate::study::Run;

/// At so many draws from the prior a likelihood is tried before it is used.
const TRIED: usize = 100;

/// log p(x | θ) as a simulator computes it.
struct SimulatorLikelihood {
    simulator: Arc<dyn Simulator>,
    watcher: Watcher,
}

impl Run<'_> {
    /// The likelihood of the study's simulator.
    pub(in crate::study) fn known_likelihood(&self) -> Result<Box<dyn LogLikelihood>> {
        let n_data = self.study().observations().n_columns();
        if let Some(name) = &self.study().config().simulator.builtin
            && let Some(function) = builtin::by_name(name)?.log_likelihood
        {
            return Ok(Box::new(FunctionLikelihood::new(n_data, function)?));
        }
        let simulator = Arc::clone(self.simulator()?);
        if !simulator.has_log_likelihood() {
            return Err(crate::simulate::no_log_likelihood(simulator.name()));
        }
        let watcher = Watcher::new(self);
        Ok(Box::new(SimulatorLikelihood { simulator, watcher }))
    }

    /// Asks for the likelihood of the observations at draws from the prior, to find mistakes before a
    /// sampler meets them.
    pub(in crate::study) fn try_likelihood(&self, source: &dyn SimulationSource) -> Result<()> {
        let likelihood = self.known_likelihood()?;
        let simulations = self.all_simulations(source)?;
        let n = TRIED.min(simulations.len());
        let theta = simulations.theta.select(&(0..n).collect::<Vec<_>>());
        for x in self.study().observations().rows() {
            let mut values = vec![f64::NAN; n];
            likelihood.log_likelihood(theta.values(), x, &mut values)?;
            let wrong = values
                .iter()
                .filter(|v| v.is_nan() || **v == f64::INFINITY)
                .count();
            if wrong == n {
                return Err(Error::Sampling {
                    problem: format!(
                        "the log-likelihood of the observation is no number at any of {n} draws from the prior"
                    ),
                    advice:
                        "Ask the simulator for it by hand; −∞ stands for data that are impossible."
                            .into(),
                });
            }
            if wrong > 0 {
                self.note(format!(
                    "the log-likelihood is no number at {wrong} of {n} draws from the prior; such θ count as impossible"
                ));
            }
        }
        Ok(())
    }
}

impl LogLikelihood for SimulatorLikelihood {
    fn n_data(&self) -> usize {
        self.simulator.data_shape().iter().product()
    }

    fn log_likelihood(&self, theta: &[f64], x: &[f64], values: &mut [f64]) -> Result<()> {
        values.fill(0.0);
        let mut own = vec![0.0; values.len()];
        for trial in x.chunks_exact(self.n_data()) {
            self.simulator
                .log_likelihood(theta, trial, &mut own, &self.watcher)?;
            for (sum, own) in values.iter_mut().zip(&own) {
                *sum += own;
            }
        }
        Ok(())
    }
}

impl std::fmt::Debug for SimulatorLikelihood {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SimulatorLikelihood")
            .field("simulator", &self.simulator.name())
            .finish_non_exhaustive()
    }
}
