//! Programs that are started once a simulation.

#![allow(clippy::unwrap_used, reason = "a test ends where it fails")]

use std::path::Path;
use std::time::{Duration, Instant};

use retrodict::simulate::{
    CommandConfig, CommandSimulator, FileFormat, Noise, Observer, Simulations, Simulator, Status,
    simulate,
};
use retrodict::{Error, Result, Seed, Stream, Table, npy};

const NOISE: Noise = Noise {
    seed: Seed(1),
    purpose: Stream::Simulator,
    first: 0,
};

fn config(template: &str) -> CommandConfig {
    CommandConfig {
        template: template.into(),
        format: FileFormat::Csv,
        timeout: 20.0,
        workers: Some(2),
    }
}

fn simulator(config: CommandConfig, folder: &Path) -> Result<CommandSimulator> {
    CommandSimulator::new(config, folder, &["a".into(), "b".into()], [2])
}

/// Runs `script` as `sh sim.sh ARGUMENTS`, over a₁ = 0, 1, … and b = 0.5.
fn run(script: &str, config: CommandConfig, n: usize) -> Result<Simulations> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("sim.sh"), script).unwrap();
    let simulator = simulator(config, folder.path())?;
    let theta = (0..n).flat_map(|i| [i as f64, 0.5]).collect();
    simulate(&simulator, Table::new(["a", "b"], theta)?, NOISE, &())
}

#[test]
fn parameters_seed_and_data_travel_by_every_way() {
    let by_files = "tail -n 1 $1 | tr ',' ' ' | { read a b; echo \"x,y\n$a,$3\" > $2; }";
    let by_words = "echo $1; echo $2";
    let reference = run(by_files, config("sh sim.sh {parameters} {data} {seed}"), 12).unwrap();
    assert_eq!(reference.failures().len(), 0);
    for (i, x) in reference.x.rows().enumerate() {
        let seed = NOISE.seed.stream(NOISE.purpose, i as u64).next_u64() >> 33;
        assert_eq!(x, [i as f64, seed as f64]);
    }
    let one = CommandConfig {
        workers: Some(1),
        ..config("sh sim.sh {a} {seed}")
    };
    assert_eq!(run(by_words, one, 12).unwrap().x, reference.x);
}

#[test]
fn npy_files_travel_both_ways() {
    let npy = CommandConfig {
        format: FileFormat::Npy,
        ..config("cp {parameters} {data}")
    };
    let simulations = run("", npy, 3).unwrap();
    assert_eq!(simulations.x.values(), simulations.theta.values());
    // What the program reads is NumPy's format.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.npy");
    npy::write(&path, &[2], &[0.0, 0.5]).unwrap();
    assert_eq!(npy::read(&path).unwrap().shape, [2]);
}

#[test]
fn every_way_to_fail_has_its_status() {
    let script = "case $1 in
        1.0) echo no convergence >&2; exit 3;;
        2.0) kill -SEGV $$;;
        3.0) sleep 60;;
        4.0) echo 1;;
        5.0) echo one two three; echo 1 two;;
        6.0) echo 1 nan;;
        7.0) kill -9 $$;;
        *) echo 1 2;;
    esac";
    let config = CommandConfig {
        timeout: 1.0,
        ..config("sh sim.sh {a} {seed}")
    };
    let started = Instant::now();
    let simulations = run(script, config, 10).unwrap();
    let expected = [
        Status::Ok,
        Status::Failed,
        Status::Crashed,
        Status::TimedOut,
        Status::Malformed,
        Status::Malformed,
        Status::NotFinite,
        Status::Crashed,
        Status::Ok,
        Status::Ok,
    ];
    assert_eq!(simulations.status, expected);
    for (x, status) in simulations.x.rows().zip(expected) {
        assert!(x.iter().all(|v| v.is_nan() != (status == Status::Ok)));
    }
    assert!(started.elapsed() < Duration::from_secs(15));
}

#[test]
fn a_program_that_never_works_is_refused_with_what_it_said() {
    for (template, part) in [
        ("sh sim.sh {a}", "licence expired"),
        ("./no-such-program {a}", "Is it installed"),
    ] {
        let error = run("echo licence expired >&2; exit 1", config(template), 100).unwrap_err();
        assert!(matches!(error, Error::Simulator { .. }));
        assert!(error.to_string().contains(part), "{error}");
    }
}

#[test]
fn configurations_that_cannot_be_used_are_refused() {
    let good = || config("cat {parameters}");
    for (config, part) in [
        (
            CommandConfig {
                timeout: -1.0,
                ..good()
            },
            "command.timeout",
        ),
        (
            CommandConfig {
                workers: Some(0),
                ..good()
            },
            "command.workers",
        ),
        (config("cat {data}"), "finds its parameters"),
    ] {
        let message = simulator(config, Path::new(".")).unwrap_err().to_string();
        assert!(message.contains(part), "{message}");
    }
}

#[test]
fn an_interrupt_ends_a_program_that_runs() {
    struct Soon(Instant);
    impl Observer for Soon {
        fn interrupted(&self) -> bool {
            self.0.elapsed() > Duration::from_millis(200)
        }
    }
    let simulator = simulator(config("sleep 3{b}"), Path::new(".")).unwrap();
    let theta = Table::new(["a", "b"], vec![0.0; 20]).unwrap();
    let started = Instant::now();
    let error = simulate(&simulator, theta, NOISE, &Soon(started)).unwrap_err();
    assert!(matches!(error, Error::Interrupted), "{error}");
    assert!(started.elapsed() < Duration::from_secs(2));
    assert_eq!(simulator.n_parameters(), 2);
}
