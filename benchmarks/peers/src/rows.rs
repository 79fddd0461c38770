//! What a row costs beside the simulator: in this process, and in another.

use std::time::Instant;

use retrodict::simulate::{
    FunctionSimulator, Noise, Protocol, Simulator, WorkerConfig, WorkerPool, simulate,
};
use retrodict::{Error, Result, Seed, Stream, Table};

use crate::arguments::{Place, RowsOptions};
use crate::conversation::{converse, hello, took};
use crate::worker::{N_DATA, N_PARAMETERS, fill};

/// The most rows that are sent to a worker at once.
const BATCH: usize = 100;

pub(crate) fn run(options: &RowsOptions) -> Result<()> {
    let simulator: Box<dyn Simulator> = match options.place {
        Place::InProcess => Box::new(in_process()),
        Place::Worker => Box::new(in_workers()?),
    };
    let mut seed = 0;
    converse(hello(), || {
        seed += 1;
        let theta = Table::numbered("theta", N_PARAMETERS, vec![0.5; N_PARAMETERS * options.n])?;
        let noise = Noise {
            seed: Seed(seed),
            purpose: Stream::Simulator,
            first: 0,
        };
        let start = Instant::now();
        let simulations = simulate(&*simulator, theta, noise, &())?;
        let seconds = start.elapsed().as_secs_f64();
        all_valid(simulations.valid_rows().len(), options.n)?;
        Ok(took(seconds, options.n))
    })
}

fn in_process() -> impl Simulator {
    FunctionSimulator::new("fill", N_PARAMETERS, [N_DATA], |theta, _, x| {
        fill(theta, x);
        Ok(())
    })
}

/// This program again, as a worker.
fn in_workers() -> Result<WorkerPool> {
    let program = std::env::current_exe().map_err(Error::io("this program", "find"))?;
    let command = [program.to_string_lossy().into_owned(), "worker".into()];
    let config = WorkerConfig {
        batch: BATCH,
        ..WorkerConfig::new(command, Protocol::Binary)
    };
    WorkerPool::start(config, ".", N_PARAMETERS)
}

/// A simulation that fails is quickly done with: it must not count as one.
fn all_valid(n_valid: usize, n: usize) -> Result<()> {
    if n_valid == n {
        return Ok(());
    }
    Err(Error::Simulator {
        simulator: "benchmark".into(),
        problem: format!("{} of {n} rows failed", n - n_valid),
        advice: "This is a defect of the benchmark: please report it.".into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_fail_do_not_count() {
        assert!(all_valid(10, 10).is_ok());
        assert!(all_valid(9, 10).is_err());
    }
}
