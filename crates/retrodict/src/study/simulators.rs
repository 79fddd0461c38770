//! Starting the simulator that a study names.

use std::sync::Arc;

use super::observation;
use super::resolved::Study;
use crate::error::{Error, Result};
use crate::simulate::builtin;
use crate::simulate::{CommandSimulator, Simulator, WorkerPool};

impl Study {
    /// Starts the study's own simulator and checks that it takes the study's parameters and gives
    /// data like the observation. A command does not say how long its data are: it has to give as
    /// many values as an observation has.
    pub(super) fn start_simulator(&self) -> Result<Arc<dyn Simulator>> {
        let n = self.prior().n_parameters();
        let config = &self.config().simulator;
        let simulator: Arc<dyn Simulator> = if let Some(name) = &config.builtin {
            Arc::from(builtin::by_name(name)?.simulator)
        } else if let Some(worker) = &config.worker {
            let pool = WorkerPool::start(worker.clone(), self.folder(), n);
            Arc::new(pool.map_err(|error| self.source().restated_at("simulator.worker", error))?)
        } else if let Some(command) = &config.command {
            let names = self.prior().names();
            let length = self.observations().n_columns();
            let simulator = CommandSimulator::new(command.clone(), self.folder(), &names, [length]);
            Arc::new(simulator.map_err(|error| self.source().restated_at("simulator", error))?)
        } else if let Some(function) = &config.function {
            return Err(Error::Simulator {
                simulator: function.name.clone(),
                problem: "it is a function of the program that made this study, and is not here"
                    .into(),
                advice: "Run the study from that program and give it the simulator again.".into(),
            });
        } else {
            unreachable!(
                "a study has a built-in simulator, a worker, a command, a function or data"
            )
        };
        let length = simulator.data_shape().iter().product();
        observation::check_length(self.source(), self.observations().n_columns(), length)?;
        Ok(simulator)
    }
}
