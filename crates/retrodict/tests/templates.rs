//! The workers that `retrodict init` writes: each gives the data that its comment promises.

#![allow(clippy::unwrap_used, reason = "a test ends where it fails")]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use retrodict::prior::{DistributionConfig, Prior};
use retrodict::simulate::{
    CommandConfig, CommandSimulator, Noise, Simulations, Simulator, Status, WorkerConfig,
    WorkerPool, read_simulations, simulate,
};
use retrodict::{Seed, Stream, Table};

const THETA: [f64; 2] = [1.3, 0.15];
const ERROR: f64 = 0.2;

fn template(language: &str) -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.join("../cli/templates").join(language)
}

/// A copy of a template, as `init` makes it.
fn copy(language: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(template(language)).unwrap().flatten() {
        std::fs::copy(entry.path(), folder.path().join(entry.file_name())).unwrap();
    }
    folder
}

#[derive(serde::Deserialize)]
struct Study {
    simulator: SimulatorSection,
}

#[derive(serde::Deserialize)]
struct SimulatorSection {
    worker: Option<WorkerConfig>,
    command: Option<CommandConfig>,
}

fn study(language: &str) -> Study {
    let text = std::fs::read_to_string(template(language).join("study.toml")).unwrap();
    toml::from_str(&text).unwrap()
}

fn run(simulator: &dyn Simulator, n: usize) -> Simulations {
    assert_eq!(simulator.data_shape(), [10]);
    let theta = Table::new(["omega", "gamma"], THETA.repeat(n)).unwrap();
    let noise = Noise {
        seed: Seed(1),
        purpose: Stream::Simulator,
        first: 0,
    };
    simulate(simulator, theta, noise, &()).unwrap()
}

/// Means within 5 standard errors of x(t) = exp(−γ t) cos(ω t), sds within 5 of 0.2, neighbours
/// uncorrelated: 29 tests at 5 standard errors, false alarm below 2·10⁻⁵.
fn check(language: &str, simulations: &Simulations) {
    assert!(
        simulations.status.iter().all(|&s| s == Status::Ok),
        "{language}"
    );
    let n = simulations.len() as f64;
    let residuals: Vec<Vec<f64>> = (0..10)
        .map(|j| {
            let t = (j + 1) as f64;
            let exact = (-THETA[1] * t).exp() * (THETA[0] * t).cos();
            let column = simulations.x.column(j);
            column.iter().map(|x| (x - exact) / ERROR).collect()
        })
        .collect();
    let mean_product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>() / n;
    for (j, r) in residuals.iter().enumerate() {
        let mean = r.iter().sum::<f64>() / n;
        let variance = mean_product(r, r);
        assert!(
            mean.abs() < 5.0 / n.sqrt(),
            "{language}: mean {j} is {mean}"
        );
        let bound = 5.0 * (2.0 / n).sqrt();
        assert!(
            (variance - 1.0).abs() < bound,
            "{language}: variance {j} is {variance}"
        );
        if j > 0 {
            let correlation = mean_product(r, &residuals[j - 1]);
            assert!(
                correlation.abs() < 5.0 / n.sqrt(),
                "{language}: {j} {correlation}"
            );
        }
    }
}

fn is_installed(program: &str) -> bool {
    let version = Command::new(program)
        .arg("--version")
        .stdout(Stdio::null())
        .status();
    let installed = version.is_ok_and(|status| status.success());
    if !installed {
        eprintln!("{program} is not installed: its template is not tested");
    }
    installed
}

fn check_worker(language: &str, n: usize) {
    let folder = copy(language);
    let config = study(language).simulator.worker.unwrap();
    let pool = WorkerPool::start(config, folder.path(), 2).unwrap();
    check(language, &run(&pool, n));
    if pool.has_log_likelihood() {
        check_likelihood(language, &pool);
    }
}

/// −½ Σ ((x − x(t)) / 0.2)².
fn check_likelihood(language: &str, pool: &WorkerPool) {
    let x: Vec<f64> = (0..10).map(|t| 0.3 - 0.05 * f64::from(t)).collect();
    let theta = [THETA, [0.9, 0.02], [2.0, 0.4]];
    let mut values = [0.0; 3];
    pool.log_likelihood(theta.as_flattened(), &x, &mut values, &())
        .unwrap();
    for (value, theta) in values.iter().zip(theta) {
        let exact = |t: f64| (-theta[1] * t).exp() * (theta[0] * t).cos();
        let square = |(j, x): (usize, &f64)| ((x - exact((j + 1) as f64)) / ERROR).powi(2);
        let expected = -0.5 * x.iter().enumerate().map(square).sum::<f64>();
        assert!(
            (value - expected).abs() < 1e-9,
            "{language}: {value}, {expected}"
        );
    }
}

fn study_pool(language: &str) -> WorkerPool {
    let folder = copy(language);
    let config = study(language).simulator.worker.unwrap();
    WorkerPool::start(config, folder.path(), 2).unwrap()
}

#[test]
fn the_python_worker_gives_its_data() {
    assert!(study_pool("python").has_log_likelihood());
    check_worker("python", 20_000);
}

#[test]
fn the_c_worker_gives_its_data() {
    check_worker("c", 20_000);
}

#[test]
fn the_rust_worker_gives_its_data() {
    check_worker("rust", 20_000);
}

#[test]
fn the_fortran_worker_gives_its_data() {
    if is_installed("gfortran") {
        check_worker("fortran", 20_000);
    }
}

#[test]
fn the_r_worker_gives_its_data() {
    if is_installed("Rscript") {
        check_worker("r", 5_000);
    }
}

#[test]
fn the_julia_worker_gives_its_data() {
    if is_installed("julia") {
        check_worker("julia", 20_000);
    }
}

#[test]
fn the_command_gives_its_data() {
    let folder = copy("command");
    let config = study("command").simulator.command.unwrap();
    let names = ["omega".to_string(), "gamma".to_string()];
    let simulator = CommandSimulator::new(config, folder.path(), &names, [10]).unwrap();
    check("command", &run(&simulator, 400));
}

#[test]
fn the_data_are_read_and_follow_the_model() {
    let folder = template("data");
    let prior = Prior::new([
        ("omega", DistributionConfig::uniform(0.5, 2.5)),
        ("gamma", DistributionConfig::uniform(0.0, 0.5)),
    ]);
    let paths = [folder.join("theta.csv"), folder.join("x.csv")];
    let simulations = read_simulations(&paths[0], &paths[1], &prior.unwrap()).unwrap();
    assert_eq!((simulations.len(), simulations.x.n_columns()), (1500, 10));
    let rows = simulations.theta.rows().zip(simulations.x.rows());
    let squares = rows.map(|(theta, x)| {
        let exact = |t: f64| (-theta[1] * t).exp() * (theta[0] * t).cos();
        let square = |(j, x): (usize, &f64)| ((x - exact((j + 1) as f64)) / ERROR).powi(2);
        x.iter().enumerate().map(square).sum::<f64>()
    });
    // Chi-squared with 15,000 degrees of freedom, 5 standard deviations: false alarm 6·10⁻⁷.
    let sum: f64 = squares.sum();
    assert!((sum - 15_000.0).abs() < 5.0 * 30_000_f64.sqrt(), "{sum}");
}
