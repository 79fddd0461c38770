//! Trains on more simulations than memory holds, and says how much memory and time that took.
//!
//! `cargo run --release -p retrodict --example large_data -- FOLDER [ROWS [STEPS]]` simulates ROWS
//! (10⁷ unless given) of 10 parameters and 100 data into FOLDER, 880 bytes a row, and trains on them
//! from there, at most STEPS steps a network (the default unless given).
//! The folder stays: delete it when you are done.

#![allow(clippy::unwrap_used, reason = "an example stops at what goes wrong")]

use std::ops::ControlFlow;
use std::path::Path;
use std::time::Instant;

use retrodict::infer::{NpeConfig, Posterior, npe_from};
use retrodict::prior::{DistributionConfig, Prior};
use retrodict::simulate::{Campaign, FunctionSimulator, StoredSimulations};
use retrodict::train::{EpochRecord, TrainLog};
use retrodict::{Random, Result, Seed};

const PARAMETERS: usize = 10;
const DATA: usize = 100;

/// xⱼ = sin(θₖ + j / 30) + 0.3 θₖ₊₁² + ε / 2, with k = j mod 10.
fn simulate(theta: &[f64], random: &mut Random, x: &mut [f64]) {
    for (j, x) in x.iter_mut().enumerate() {
        let [a, b] = [theta[j % PARAMETERS], theta[(j + 1) % PARAMETERS]];
        *x = (a + j as f64 / 30.0).sin() + 0.3 * b * b + 0.5 * random.normal();
    }
}

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().expect("give a folder for the simulations");
    let n = arguments.next().map_or(10_000_000, |n| n.parse().unwrap());
    let uniform = DistributionConfig::uniform(-1.0, 1.0);
    let names = (1..=PARAMETERS).map(|i| (format!("theta_{i}"), uniform.clone()));
    let prior = Prior::new(names)?;
    let source = timed("simulation", || stored(Path::new(&folder), &prior, n))?;
    let mut config = NpeConfig::default();
    if let Some(steps) = arguments.next() {
        config.train.max_steps = steps.parse().unwrap();
    }
    let observer = |record: &EpochRecord| {
        println!(
            "network {}, epoch {} of {}: training loss {:.4}, validation loss {:.4}",
            record.member + 1,
            record.epoch,
            record.max_epochs,
            record.train_loss,
            record.validation_loss
        );
        ControlFlow::Continue(())
    };
    let (posterior, log): (_, TrainLog) = timed("training", || {
        npe_from(&prior, &source, &config, Seed(1), &observer)
    })?;
    println!(
        "{} rows trained on, {} held out",
        log.n_train, log.n_validation
    );
    log.notes.iter().for_each(|note| println!("{note}"));
    let mut x = vec![0.0; DATA];
    simulate(
        &[0.25; PARAMETERS],
        &mut Seed(2).stream(retrodict::Stream::Test, 0),
        &mut x,
    );
    for summary in posterior.sample(&x, 2000, Seed(3))?.summary() {
        println!(
            "{}: {:.3} ± {:.3} (truth 0.25)",
            summary.name, summary.mean, summary.sd
        );
    }
    Ok(())
}

fn stored(folder: &Path, prior: &Prior, n: usize) -> Result<StoredSimulations> {
    let simulator = FunctionSimulator::new("large", PARAMETERS, [DATA], |theta, random, x| {
        simulate(theta, random, x);
        Ok(())
    });
    let campaign = Campaign::new(&simulator, prior, n, Seed(1));
    let store = campaign.complete(folder, &())?;
    StoredSimulations::open(store, n, (1..=DATA).map(|i| format!("x_{i}")).collect())
}

/// Does something, and prints how long it took and the most memory that the process ever had.
fn timed<T>(what: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let start = Instant::now();
    let result = work()?;
    let seconds = start.elapsed().as_secs_f64();
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find(|line| line.starts_with("VmHWM:"));
    println!(
        "{what}: {seconds:.1} s, {}",
        peak.unwrap_or("memory unknown")
    );
    Ok(result)
}
