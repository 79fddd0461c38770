//! The two moons, from simulations on disk to draws on disk, with default settings.

use std::fmt::Write;
use std::ops::ControlFlow;
use std::time::Instant;

use retrodict::infer::{NeuralPosterior, NpeConfig, Posterior, npe};
use retrodict::simulate::{Noise, builtin, read_rows};
use retrodict::train::EpochRecord;
use retrodict::{Error, Result, Seed, Stream, Table, npy};

use crate::arguments::{TwoMoonsDataOptions, TwoMoonsOptions};
use crate::conversation::{converse, hello, took};
use crate::data;

const TASK: &str = "two_moons";

/// Writes simulations for all sides.
pub(crate) fn simulate(options: &TwoMoonsDataOptions) -> Result<()> {
    let task = builtin::by_name(TASK)?;
    let seed = Seed(1);
    let theta = task.prior.sample_table(options.n, seed, Stream::Parameters);
    let noise = Noise {
        seed,
        purpose: Stream::Simulator,
        first: 0,
    };
    let simulations = retrodict::simulate::simulate(&*task.simulator, theta, noise, &())?;
    for (name, table) in [("theta", &simulations.theta), ("x", &simulations.x)] {
        let path = options.data.join(format!("{name}.npy"));
        npy::write(path, &[table.n_rows(), table.n_columns()], table.values())?;
    }
    Ok(())
}

/// Trains to convergence; what is timed is training alone.
pub(crate) fn run(options: &TwoMoonsOptions) -> Result<()> {
    let task = builtin::by_name(TASK)?;
    let mut simulations = data::read(&options.data)?;
    simulations.theta = Table::new(task.prior.names(), simulations.theta.values().to_vec())?;
    let observations = read_rows(&options.observations)?;
    let mut seed = 0;
    converse(hello(), || {
        seed += 1;
        let observer = |_: &EpochRecord| ControlFlow::Continue(());
        let start = Instant::now();
        let config = NpeConfig::default();
        let (posterior, log) = npe(&task.prior, &simulations, &config, Seed(seed), &observer)?;
        let mut answer = took(start.elapsed().as_secs_f64(), 1);
        let epochs: usize = log.members.iter().map(|member| member.epochs.len()).sum();
        answer.insert("epochs".into(), epochs.into());
        draw(&posterior, &observations, options, Seed(seed))?;
        Ok(answer)
    })
}

fn draw(
    posterior: &NeuralPosterior,
    observations: &Table,
    options: &TwoMoonsOptions,
    seed: Seed,
) -> Result<()> {
    for (i, x) in observations.rows().enumerate() {
        let seed = seed.derive(Stream::Posterior, i as u64);
        let draws = posterior.sample(x, options.n, seed)?.draws;
        let path = options.out.join(format!("draws-{}.csv", i + 1));
        std::fs::write(&path, csv(&draws)).map_err(Error::io(&path, "write"))?;
    }
    Ok(())
}

fn csv(table: &Table) -> String {
    let mut text = table.names().join(",");
    text.push('\n');
    for row in table.rows() {
        for (j, value) in row.iter().enumerate() {
            let comma = if j == 0 { "" } else { "," };
            let _ = write!(text, "{comma}{value}");
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_are_written_under_a_header() {
        let table = Table::new(["a", "b"], vec![1.0, -0.5, 2.0, 0.25]).unwrap();
        assert_eq!(csv(&table), "a,b\n1,-0.5\n2,0.25\n");
    }
}
