//! `sbibm density`: the mean log-density of the true parameters of fresh simulations. It has less noise
//! than C2ST and needs no reference posterior; settings were chosen with it.

use std::process::ExitCode;

use retrodict::simulate::{Noise, builtin, simulate};
use retrodict::{Result, Seed, Stream};

use crate::arguments::{Arguments, DensityOptions};
use crate::method::{Method, Trained};
use crate::run::train;

pub(crate) fn run(arguments: &Arguments, options: &DensityOptions) -> Result<ExitCode> {
    arguments.set_threads()?;
    let (label, config) = Method::read(&options.settings)?;
    for &n in &options.simulations {
        for task in options.selection.tasks()? {
            let (mut all, mut seconds, mut epochs) = (Vec::new(), 0.0, 0);
            for &seed in &options.seeds {
                let trained = train(task, n, &config, Seed(seed))?;
                seconds += trained.train_seconds;
                epochs += trained.epochs;
                all.push(mean_log_density(task, &trained.posterior, options.fresh)?);
            }
            let count = all.len() as f64;
            let mean = all.iter().sum::<f64>() / count;
            println!(
                "{label}, {task}, {n} simulations: {mean:.4} over seeds {all:.3?}, {:.2} s and {} epochs a run",
                seconds / count,
                epochs / all.len()
            );
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Over simulations that no seed of a training has.
fn mean_log_density(task: &str, posterior: &Trained, fresh: usize) -> Result<f64> {
    let builtin = builtin::by_name(task)?;
    let seed = Seed(0).derive(Stream::TestParameters, 0);
    let theta = builtin
        .prior
        .sample_table(fresh, seed, Stream::TestParameters);
    let noise = Noise {
        seed,
        purpose: Stream::TestSimulator,
        first: 0,
    };
    let fresh = simulate(&*builtin.simulator, theta, noise, &())?;
    let rows = fresh.valid_rows();
    let (theta, x) = (fresh.theta.select(&rows), fresh.x.select(&rows));
    let density = posterior.log_prob_many(&theta, &x)?;
    Ok(density.iter().sum::<f64>() / density.len() as f64)
}
