//! Training on simulations that are not in memory takes the same memory for any number of them.

#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    reason = "a test stops at what it does not expect"
)]

use std::fs;
use std::ops::{ControlFlow, Range};

use peak_alloc::PeakAlloc;
use retrodict::infer::{NpeConfig, npe_from};
use retrodict::prior::{DistributionConfig, Prior};
use retrodict::simulate::{Failures, SimulationSource, Simulations, Status};
use retrodict::{Result, Seed, Stream};

/// Rows that are made when they are asked for: x = θ + ε, five times each.
struct Made {
    n: usize,
    parameters: Vec<String>,
    data: Vec<String>,
}

impl SimulationSource for Made {
    fn parameters(&self) -> &[String] {
        &self.parameters
    }

    fn data(&self) -> &[String] {
        &self.data
    }

    fn n_rows(&self) -> usize {
        self.n
    }

    fn read(&self, rows: Range<usize>, block: &mut Simulations) -> Result<()> {
        for i in rows {
            let mut random = Seed(1).stream(Stream::Test, i as u64);
            let theta = [random.normal(), random.normal()];
            let x: Vec<f64> = (0..10).map(|j| theta[j % 2] + random.normal()).collect();
            block.theta.push(&theta);
            block.x.push(&x);
            block.status.push(Status::Ok);
        }
        Ok(())
    }

    fn failures(&self) -> Result<Failures> {
        Ok(Failures::new())
    }
}

/// Counts what is allocated: what the system's allocator keeps of freed memory differs from run to run
/// by more than this test looks for.
#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

/// The most memory that was resident at once in this process, in megabytes.
fn resident() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.unwrap().trim().strip_suffix("kB").unwrap().trim();
    kilobytes.parse::<f64>().unwrap() / 1e3
}

/// The most that was allocated at once while training on `n` rows with 20 MB, in megabytes.
fn train(n: usize) -> f64 {
    let normal = DistributionConfig::normal(0.0, 1.0);
    let prior = Prior::new([("a", normal.clone()), ("b", normal)]).unwrap();
    let source = Made {
        n,
        parameters: prior.names(),
        data: (0..10).map(|i| format!("x_{i}")).collect(),
    };
    let text = r#"{"estimator":{"kind":"maf","transforms":1,"network":{"hidden":[8]}},
        "train":{"memory":"20 MB","max_steps":1500,"ensemble_size":2,"batch_size":200}}"#;
    let config: NpeConfig = serde_json::from_str(text).unwrap();
    let go_on = |_: &_| ControlFlow::Continue(());
    HEAP.reset_peak_usage();
    let (_, log) = npe_from(&prior, &source, &config, Seed(1), &go_on).unwrap();
    assert_eq!(log.n_train + log.n_validation, n);
    HEAP.peak_usage() as f64 / 1e6
}

#[test]
fn memory_does_not_grow_with_the_number_of_rows() {
    let some = train(250_000);
    let many = train(1_500_000);
    println!("{some} MB, {many} MB, resident {} MB", resident());
    // 24 and 144 MB of numbers.
    assert!(resident() < 60.0, "{} MB", resident());
    assert!(many - some < 3.0, "{some} MB, then {many} MB");
}
