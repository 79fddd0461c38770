//! Starting the simulator that a study names.

use super::observation;
use super::resolved::{Study, restate};
use crate::error::Result;
use crate::simulate::{CommandSimulator, Simulator, WorkerPool};

impl Study {
    /// Starts the study's own simulator and checks that it takes the study's parameters and gives
    /// data like the observation. A command does not say how long its data are: it has to give as
    /// many values as an observation has.
    pub(super) fn start_simulator(&self) -> Result<Box<dyn Simulator>> {
        let n = self.prior().n_parameters();
        let config = &self.config().simulator;
        let simulator: Box<dyn Simulator> = if let Some(worker) = &config.worker {
            let pool = WorkerPool::start(worker.clone(), self.folder(), n);
            Box::new(pool.map_err(|error| restate(self.source(), "simulator.worker", error))?)
        } else if let Some(command) = &config.command {
            let names = self.prior().names();
            let length = self.observations().n_columns();
            let simulator = CommandSimulator::new(command.clone(), self.folder(), &names, [length]);
            Box::new(simulator.map_err(|error| restate(self.source(), "simulator", error))?)
        } else {
            unreachable!("a study has a built-in simulator, a worker, a command or data")
        };
        let length = simulator.data_shape().iter().product();
        observation::check_length(self.source(), self.observations().n_columns(), length)?;
        Ok(simulator)
    }
}
