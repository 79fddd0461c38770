//! `sbibm run`: one amortised posterior a task and number of simulations, measured on each
//! observation.

use std::ops::ControlFlow;
use std::process::ExitCode;
use std::time::Instant;

use retrodict::check::c2st;
use retrodict::simulate::{Noise, builtin, simulate};
use retrodict::train::EpochRecord;
use retrodict::{Result, Seed, Stream};

use crate::arguments::{Arguments, RunOptions};
use crate::data::Data;
use crate::machine::Machine;
use crate::method::{self, Method};
use crate::results::{self, Record, Seconds};
use crate::sequential;

pub(crate) fn run(arguments: &Arguments, options: &RunOptions) -> Result<ExitCode> {
    arguments.set_threads()?;
    let rounds = options.rounds.is_some_and(|n| n > 1);
    if rounds || !options.settings.method.is_amortised() {
        sequential::run(arguments, options)?;
        return Ok(ExitCode::SUCCESS);
    }
    let data = arguments.data();
    let (label, config) = Method::read(&options.settings)?;
    let done = results::read(&options.out)?;
    let machine = Machine::current();
    for &n in &options.simulations {
        let written_out = config.written_out(n);
        for task in options.selection.tasks()? {
            let known = |number: &usize| {
                done.iter().any(|r| {
                    (r.task.as_str(), r.simulations, r.observation) == (task, n, *number)
                        && r.seed == options.seed
                        && r.config == written_out
                })
            };
            let mut numbers = options.selection.observations()?;
            numbers.retain(|number| !known(number));
            if numbers.is_empty() {
                continue;
            }
            let trained = train(task, n, &config, Seed(options.seed))?;
            for number in numbers {
                let (c2st, seconds) = measure(&trained, &data, task, number, options.seed)?;
                println!(
                    "{task}, {n} simulations, observation {number}: C2ST {c2st:.3} \
                     (training {:.1} s, draws {:.2} s, C2ST {:.1} s)",
                    seconds.train, seconds.sample, seconds.c2st
                );
                let record = Record {
                    task: task.into(),
                    simulations: n,
                    observation: number,
                    seed: options.seed,
                    label: label.clone(),
                    config: written_out.clone(),
                    c2st,
                    failed_simulations: trained.failed,
                    epochs: trained.epochs,
                    seconds,
                    threads: rayon::current_num_threads(),
                    version: env!("CARGO_PKG_VERSION").into(),
                    machine: machine.clone(),
                    choice: None,
                };
                results::append(&options.out, &record)?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

pub(crate) struct Trained {
    pub(crate) posterior: method::Trained,
    failed: usize,
    pub(crate) epochs: usize,
    simulate_seconds: f64,
    pub(crate) train_seconds: f64,
}

pub(crate) fn train(task: &str, n: usize, config: &Method, seed: Seed) -> Result<Trained> {
    let builtin = builtin::by_name(task)?;
    let start = Instant::now();
    let theta = builtin.prior.sample_table(n, seed, Stream::Parameters);
    let noise = Noise {
        seed,
        purpose: Stream::Simulator,
        first: 0,
    };
    let simulations = simulate(&*builtin.simulator, theta, noise, &())?;
    let simulate_seconds = start.elapsed().as_secs_f64();
    let start = Instant::now();
    let observer = |_: &EpochRecord| ControlFlow::Continue(());
    let (posterior, log) = config.fit(&builtin.prior, &simulations, seed, &observer)?;
    Ok(Trained {
        posterior,
        failed: simulations.len() - simulations.valid_rows().len(),
        epochs: log.members.iter().map(|member| member.epochs.len()).sum(),
        simulate_seconds,
        train_seconds: start.elapsed().as_secs_f64(),
    })
}

fn measure(
    trained: &Trained,
    data: &Data,
    task: &str,
    number: usize,
    seed: u64,
) -> Result<(f64, Seconds)> {
    let x = data.observation(task, number)?;
    let reference = data.reference(task, number)?;
    let start = Instant::now();
    // Each observation has draws of its own.
    let draw_seed = Seed(seed).derive(Stream::Posterior, number as u64);
    let samples = trained
        .posterior
        .posterior()
        .sample(&x, reference.n_rows(), draw_seed)?;
    let sample = start.elapsed().as_secs_f64();
    let start = Instant::now();
    let accuracy = c2st(&reference, &samples.draws, Seed(seed))?;
    let seconds = Seconds {
        simulate: trained.simulate_seconds,
        train: trained.train_seconds,
        sample,
        c2st: start.elapsed().as_secs_f64(),
    };
    Ok((accuracy, seconds))
}
