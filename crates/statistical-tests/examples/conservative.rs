//! Prints what caution buys and costs where simulations are few, as the guide shows it:
//! `cargo run --release -p retrodict-statistical-tests --example conservative [seeds]`.

use std::ops::ControlFlow;
use std::time::Instant;

use retrodict::check::{CalibrationChecks, LogProbability};
use retrodict::infer::{NeuralPosterior, NpeConfig, npe};
use retrodict::simulate::builtin::{Builtin, by_name};
use retrodict::simulate::{Noise, Simulations, simulate};
use retrodict::train::{EpochRecord, TrainConfig};
use retrodict::{Seed, Stream};

const BUDGETS: [usize; 2] = [512, 2048];
const TESTS: usize = 1000;
const DRAWS: usize = 200;

fn main() {
    let seeds: u64 = std::env::args()
        .nth(1)
        .map_or(5, |n| n.parse().expect("a number of seeds"));
    let task = by_name("slcp").expect("a built-in simulator");
    println!(
        "| simulations | training | 50 % region holds | 68 % | 95 % | log-probability | seconds |"
    );
    println!("|---:|---|---:|---:|---:|---:|---:|");
    for n in BUDGETS {
        for (words, ensemble_size, coverage_penalty, balance) in [
            ("one network", 1, None, None),
            ("one network, `coverage_penalty = 5`", 1, Some(5.0), None),
            ("one network, `coverage_penalty = 50`", 1, Some(50.0), None),
            ("one network, `balance = 100`", 1, None, Some(100.0)),
            ("three networks (default)", 3, None, None),
        ] {
            let train = TrainConfig {
                ensemble_size,
                coverage_penalty,
                balance,
                ..TrainConfig::default()
            };
            let each: Vec<[f64; 5]> = (0..seeds).map(|seed| run(&task, n, &train, seed)).collect();
            let mean = |k: usize| each.iter().map(|one| one[k]).sum::<f64>() / seeds as f64;
            println!(
                "| {n} | {words} | {:.1} % | {:.1} % | {:.1} % | {:.2} | {:.1} |",
                100.0 * mean(0),
                100.0 * mean(1),
                100.0 * mean(2),
                mean(3),
                mean(4)
            );
        }
    }
}

fn simulations(task: &Builtin, n: usize, seed: Seed, streams: [Stream; 2]) -> Simulations {
    let theta = task.prior.sample_table(n, seed, streams[0]);
    let noise = Noise {
        seed,
        purpose: streams[1],
        first: 0,
    };
    simulate(&*task.simulator, theta, noise, &()).expect("a built-in simulator")
}

/// Coverage at three levels, mean log-probability of the truth, and seconds of training.
fn run(task: &Builtin, n: usize, train: &TrainConfig, seed: u64) -> [f64; 5] {
    let seed = Seed(seed);
    let known = simulations(task, n, seed, [Stream::Parameters, Stream::Simulator]);
    let tests = [Stream::TestParameters, Stream::TestSimulator];
    let tests = simulations(task, TESTS, Seed(99), tests);
    let config = NpeConfig {
        train: train.clone(),
        ..NpeConfig::default()
    };
    let silent = |_: &EpochRecord| ControlFlow::Continue(());
    let start = Instant::now();
    let fitted = npe(&task.prior, &known, &config, seed, &silent);
    let (posterior, _): (NeuralPosterior, _) = fitted.expect("a posterior");
    let seconds = start.elapsed().as_secs_f64();
    let found = CalibrationChecks::run(&posterior, &tests, DRAWS, seed).expect("draws");
    let log_q = posterior
        .log_prob_many(&tests.theta, &tests.x)
        .expect("densities");
    let log_q = LogProbability::of(Some(&log_q), &log_q);
    let held = |k: usize| found.coverage.joint.at[k].coverage;
    [held(0), held(1), held(2), log_q.gain, seconds]
}
