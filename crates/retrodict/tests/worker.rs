//! Worker processes: real programs, with every bad habit that a simulator can have.

#![allow(clippy::unwrap_used, reason = "a test ends where it fails")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use retrodict::simulate::{
    Noise, Observer, Progress, Protocol, Simulations, Simulator, Status, WorkerConfig, WorkerPool,
    simulate,
};
use retrodict::{Error, Result, Seed, Stream, Table};

const NOISE: Noise = Noise {
    seed: Seed(1),
    purpose: Stream::Simulator,
    first: 0,
};

/// Parameters on a grid: θ₁ runs over [0, 1) in steps of 1/n.
fn theta(n: usize) -> Table {
    let values = (0..n).flat_map(|i| [i as f64 / n as f64, 1.0 + i as f64]);
    Table::new(["a", "b"], values.collect()).unwrap()
}

fn config(program: &str, arguments: &[&str]) -> WorkerConfig {
    let script = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/worker")
        .join(program);
    let script = script.to_str().unwrap();
    let protocol = if program == "binary.py" {
        Protocol::Binary
    } else {
        Protocol::Text
    };
    let command = ["python3", script]
        .into_iter()
        .chain(arguments.iter().copied());
    let mut config = WorkerConfig::new(command, protocol);
    config.workers = Some(2);
    config
}

fn run(config: WorkerConfig, n: usize) -> Result<Simulations> {
    let pool = WorkerPool::start(config, ".", 2)?;
    simulate(&pool, theta(n), NOISE, &())
}

fn message(outcome: Result<Simulations>) -> String {
    outcome.unwrap_err().to_string()
}

fn bits(simulations: &Simulations) -> Vec<u64> {
    simulations.x.values().iter().map(|v| v.to_bits()).collect()
}

/// The rows that have this status, as shares of the grid.
fn rows_with(simulations: &Simulations, status: Status) -> Vec<f64> {
    (0..simulations.len())
        .filter(|&i| simulations.status[i] == status)
        .map(|i| simulations.theta.row(i)[0])
        .collect()
}

#[test]
fn every_number_of_workers_and_size_of_batch_gives_the_same_bits() {
    for (program, cases) in [
        (
            "binary.py",
            vec![("good", 1, 1000), ("good", 3, 7), ("in_pieces", 2, 50)],
        ),
        ("text.py", vec![("good", 1, 1000), ("good", 3, 7)]),
    ] {
        let reference = run(config(program, &["good"]), 2000).unwrap();
        assert!(reference.status.iter().all(|&s| s == Status::Ok));
        assert!((reference.x.row(1999)[0] - 1.0).abs() < 6.0);
        for (habit, workers, batch) in cases {
            let mut config = config(program, &[habit]);
            config.workers = Some(workers);
            config.batch = batch;
            let other = run(config, 2000).unwrap();
            assert_eq!(
                bits(&reference),
                bits(&other),
                "{program} {workers} {batch}"
            );
        }
    }
}

#[test]
fn seeds_are_different_and_fit_the_protocol() {
    for (program, bits, twins) in [("binary.py", 53, 0), ("text.py", 31, 1)] {
        let pool = WorkerPool::start(config(program, &["seed"]), ".", 2).unwrap();
        let simulations = simulate(&pool, theta(10_000), NOISE, &()).unwrap();
        let seeds: std::collections::BTreeSet<u64> =
            simulations.x.rows().map(|x| x[0] as u64).collect();
        // Among 10⁴ seeds of 31 bits, more than one pair is expected to agree with probability
        // 3·10⁻⁴; the seeds are fixed.
        assert!(seeds.len() >= 10_000 - twins);
        assert!(seeds.iter().all(|&s| s < 1 << bits));
        assert!(seeds.iter().any(|&s| s > 1 << (bits - 1)));
    }
}

#[test]
fn the_trait_and_the_table_give_the_same_row() {
    let pool = WorkerPool::start(config("binary.py", &["good"]), ".", 2).unwrap();
    let table = simulate(&pool, theta(10), NOISE, &()).unwrap();
    let mut x = [0.0; 2];
    let mut random = NOISE.seed.stream(NOISE.purpose, 7);
    pool.simulate(theta(10).row(7), &mut random, &mut x)
        .unwrap();
    assert_eq!(x, table.x.row(7));
    assert_eq!((pool.n_parameters(), pool.data_shape()), (2, vec![2]));
}

#[test]
fn nan_and_failures_are_counted_and_their_rows_are_nan() {
    for (program, habit, status) in [
        ("binary.py", "nan_for_a_tenth", Status::NotFinite),
        ("binary.py", "fails_for_a_tenth", Status::Failed),
        ("text.py", "fails_for_a_tenth", Status::Failed),
    ] {
        let simulations = run(config(program, &[habit]), 1000).unwrap();
        let rows = rows_with(&simulations, status);
        assert_eq!(
            (rows.len(), simulations.failures().len()),
            (100, 1),
            "{habit}"
        );
        assert!(rows.iter().all(|&a| a < 0.1));
        assert!(simulations.x.row(5).iter().all(|v| v.is_nan()));
        assert!(simulations.x.row(100).iter().all(|v| v.is_finite()));
    }
}

#[test]
fn only_the_rows_that_end_their_process_are_marked() {
    for (program, habit, status) in [
        ("binary.py", "crashes_for_some", Status::Crashed),
        ("binary.py", "segfaults_for_some", Status::Crashed),
        ("text.py", "crashes_for_some", Status::Crashed),
        ("text.py", "columns_for_some", Status::Malformed),
        ("text.py", "words_for_some", Status::Malformed),
    ] {
        let reference = run(config(program, &["good"]), 300).unwrap();
        let simulations = run(config(program, &[habit]), 300).unwrap();
        assert_eq!(
            rows_with(&simulations, status).len(),
            6,
            "{program} {habit}: {:?}",
            simulations.failures()
        );
        let valid = |s: &Simulations| bits(&s.select(&simulations.valid_rows()));
        assert_eq!(valid(&simulations), valid(&reference));
    }
}

#[test]
fn a_simulation_that_always_hangs_is_marked_and_costs_two_timeouts_at_most() {
    for program in ["binary.py", "text.py"] {
        let reference = run(config(program, &["good"]), 200).unwrap();
        let mut config = config(program, &["hangs_for_some"]);
        config.timeout = 3.0;
        let started = Instant::now();
        let simulations = run(config, 199).unwrap();
        assert_eq!(
            rows_with(&simulations, Status::TimedOut).len(),
            1,
            "{program}"
        );
        assert_eq!(simulations.failures().len(), 1);
        assert!(started.elapsed() < Duration::from_mins(1));
        let (row, end) = (100, simulations.len());
        assert!(simulations.x.row(row).iter().all(|v| v.is_nan()));
        // The noise of a row is that of its index, whatever happened before it.
        let noise = |s: &Simulations, i: usize| s.x.row(i)[0] - s.theta.row(i)[0];
        for i in (0..row).chain(row + 1..end) {
            assert!((noise(&simulations, i) - noise(&reference, i)).abs() < 1e-12);
        }
    }
}

#[test]
fn what_goes_wrong_once_leaves_no_trace() {
    let reference = run(config("binary.py", &["good"]), 500).unwrap();
    for habit in ["hangs_once", "garbage_once", "half_a_frame"] {
        let folder = tempfile::tempdir().unwrap();
        let mut config = config("binary.py", &[habit, folder.path().to_str().unwrap()]);
        config.timeout = 3.0;
        let simulations = run(config, 500).unwrap();
        assert!(
            folder.path().join("once").exists(),
            "{habit} did not happen"
        );
        assert_eq!(bits(&reference), bits(&simulations), "{habit}");
    }
}

/// The processes that run our script with this folder as their last argument.
fn processes(folder: &Path) -> Vec<u32> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let Ok(id) = entry.file_name().to_string_lossy().parse() else {
            continue;
        };
        let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        if String::from_utf8_lossy(&line).contains(folder.to_str().unwrap()) {
            found.push(id);
        }
    }
    found
}

#[test]
fn workers_killed_at_random_lose_and_change_nothing() {
    // Each simulation kills its process with probability 1/200, whatever its seed: none dies among
    // 2000 with probability 4·10⁻⁵, and one dies five times in a row with 6·10⁻⁹.
    let reference = run(config("binary.py", &["good"]), 2000).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    let simulations = run(config("binary.py", &["killed_at_random", path]), 2000).unwrap();
    assert!(folder.path().join("killed").exists());
    assert_eq!(simulations.failures().len(), 0);
    assert_eq!(bits(&reference), bits(&simulations));
}

#[cfg(target_os = "linux")]
#[test]
fn no_process_outlives_its_pool() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    let pool = WorkerPool::start(config("binary.py", &["good", path]), ".", 2).unwrap();
    simulate(&pool, theta(100), NOISE, &()).unwrap();
    assert!(!processes(folder.path()).is_empty());
    drop(pool);
    assert_eq!(processes(folder.path()), Vec::<u32>::new());
}

#[test]
fn a_flood_on_standard_error_blocks_nothing_and_reaches_the_log_in_part() {
    struct Log(Mutex<usize>);
    impl Observer for Log {
        fn log(&self, line: &str) {
            assert!(line.len() <= 4096);
            *self.0.lock().unwrap() += 1;
        }
    }
    let pool = WorkerPool::start(config("binary.py", &["flood"]), ".", 2).unwrap();
    let log = Log(Mutex::new(0));
    let simulations = simulate(&pool, theta(3000), NOISE, &log).unwrap();
    assert_eq!(simulations.failures().len(), 0);
    assert!(*log.0.lock().unwrap() > 10);
}

#[test]
fn simulators_that_cannot_work_are_refused_with_what_to_do() {
    let silent = |startup_timeout| WorkerConfig {
        startup_timeout,
        ..config("binary.py", &["silent"])
    };
    let hanging = |program: &str, habit: &str| WorkerConfig {
        timeout: 0.3,
        ..config(program, &[habit])
    };
    let text_of_binary = WorkerConfig {
        protocol: Protocol::Binary,
        ..config("text.py", &["good"])
    };
    let absent = WorkerConfig::new(["./no-such-program"], Protocol::Text);
    for (config, parts) in [
        (
            config("binary.py", &["dies_at_start"]),
            vec!["exit code 1", "no module named physics"],
        ),
        (silent(0.5), vec!["before it had said hello", "flush"]),
        (
            config("binary.py", &["banner"]),
            vec!["`Welcome to the simulator!`", "standard error"],
        ),
        (
            config("binary.py", &["three"]),
            vec!["takes 3 parameters", "study has 2"],
        ),
        (
            config("binary.py", &["garbage"]),
            vec!["mean 1.0", "protocol"],
        ),
        (
            config("binary.py", &["too_much"]),
            vec!["more than", "done"],
        ),
        (config("text.py", &["debug_line"]), vec!["step 1 of 1"]),
        (config("text.py", &["debug_number"]), vec!["more than"]),
        (
            config("text.py", &["endless_line"]),
            vec!["wrote a line of more than"],
        ),
        (
            hanging("binary.py", "hangs"),
            vec!["6 times in a row", "never answered", "flush"],
        ),
        (
            hanging("text.py", "no_flush"),
            vec!["never answered", "flush"],
        ),
        (
            WorkerConfig {
                timeout: 0.5,
                ..text_of_binary
            },
            vec!["never answered"],
        ),
        (absent, vec!["./no-such-program", "Is it installed"]),
    ] {
        let command = config.command_line();
        let message = message(run(config, 50));
        for part in parts {
            assert!(
                message.contains(part),
                "{command}: no `{part}` in: {message}"
            );
        }
    }
}

#[test]
fn configurations_that_cannot_be_used_are_refused() {
    let good = || config("binary.py", &["good"]);
    for (config, field) in [
        (
            WorkerConfig {
                command: vec![],
                ..good()
            },
            "worker.command",
        ),
        (
            WorkerConfig {
                command: vec![" ".into()],
                ..good()
            },
            "worker.command",
        ),
        (
            WorkerConfig {
                timeout: 0.0,
                ..good()
            },
            "worker.timeout",
        ),
        (
            WorkerConfig {
                timeout: f64::NAN,
                ..good()
            },
            "worker.timeout",
        ),
        (
            WorkerConfig {
                startup_timeout: f64::INFINITY,
                ..good()
            },
            "worker.startup_timeout",
        ),
        (
            WorkerConfig {
                workers: Some(0),
                ..good()
            },
            "worker.workers",
        ),
        (WorkerConfig { batch: 0, ..good() }, "worker.batch"),
    ] {
        let message = message(run(config, 10));
        assert!(message.starts_with(field), "{field}: {message}");
    }
}

#[test]
fn an_interrupt_ends_even_a_simulation_that_hangs() {
    struct Soon(Instant);
    impl Observer for Soon {
        fn interrupted(&self) -> bool {
            self.0.elapsed() > Duration::from_millis(300)
        }
        fn progress(&self, _: &Progress) {}
    }
    let pool = WorkerPool::start(config("binary.py", &["hangs"]), ".", 2).unwrap();
    let started = Instant::now();
    let error = simulate(&pool, theta(50), NOISE, &Soon(started)).unwrap_err();
    assert!(matches!(error, Error::Interrupted), "{error}");
    assert!(started.elapsed() < Duration::from_secs(3));
}

#[test]
fn log_likelihoods_are_answered_in_both_protocols_beside_simulations() {
    let theta = theta(1000);
    let x = [0.25, -1.5];
    for program in ["binary.py", "text.py"] {
        for (workers, batch) in [(1, 1000), (3, 7)] {
            let mut config = config(program, &["likelihood"]);
            (config.workers, config.batch) = (Some(workers), batch);
            let pool = WorkerPool::start(config, ".", 2).unwrap();
            assert!(pool.has_log_likelihood());
            let mut values = vec![0.0; 1000];
            pool.log_likelihood(theta.values(), &x, &mut values, &())
                .unwrap();
            for (value, theta) in values.iter().zip(theta.rows()) {
                let (a, b) = (theta[0], theta[1]);
                if a < 0.1 {
                    assert_eq!(*value, f64::NEG_INFINITY);
                } else if a < 0.2 || (0.5 < a && a < 0.505) {
                    assert!(value.is_nan(), "{program} {a}");
                } else {
                    let exact = -0.5 * (x[0] - a).powi(2) - b * x[1];
                    assert!((value - exact).abs() < 1e-12, "{program} {a}");
                }
            }
            let simulations = simulate(&pool, theta.clone(), NOISE, &()).unwrap();
            assert_eq!(simulations.failures().len(), 0);
        }
    }
}

#[test]
fn a_worker_that_only_simulates_is_asked_for_nothing_else() {
    let pool = WorkerPool::start(config("text.py", &["good"]), ".", 2).unwrap();
    assert!(!pool.has_log_likelihood());
    let error = pool.log_likelihood(&[0.5, 1.0], &[0.0, 0.0], &mut [0.0], &());
    let message = error.unwrap_err().to_string();
    assert!(message.contains("gives no log-likelihood"), "{message}");
}

#[test]
fn awk_and_c_speak_the_protocol() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/worker");
    let folder = tempfile::tempdir().unwrap();
    let built = Command::new("cc")
        .args(["-O1", "-o"])
        .arg(folder.path().join("worker"))
        .arg(sources.join("worker.c"))
        .status()
        .unwrap();
    assert!(built.success());
    // Only mawk needs, and knows, `-W interactive`.
    let version = Command::new("awk")
        .args(["-W", "version"])
        .output()
        .unwrap();
    let mawk = String::from_utf8_lossy(&version.stdout).contains("mawk");
    let script: PathBuf = sources.join("worker.awk");
    let script = script.to_str().unwrap();
    let awk = if mawk {
        vec!["awk", "-W", "interactive", "-f", script]
    } else {
        vec!["awk", "-f", script]
    };
    for (command, protocol) in [(awk, Protocol::Text), (vec!["./worker"], Protocol::Binary)] {
        let mut config = WorkerConfig::new(command, protocol);
        config.workers = Some(2);
        let pool = WorkerPool::start(config, folder.path(), 2).unwrap();
        let simulations = simulate(&pool, theta(1000), NOISE, &()).unwrap();
        assert_eq!(simulations.failures().len(), 0);
        for (theta, x) in simulations.theta.rows().zip(simulations.x.rows()) {
            assert!((0.0..=1.0).contains(&(x[0] - theta[0])), "{theta:?} {x:?}");
            assert!(
                (-1e-9..=1.0).contains(&(x[1] / theta[1])),
                "{theta:?} {x:?}"
            );
        }
    }
}
