//! What the tests of the command line share.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test file uses a part of it"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

/// A folder that is removed at the end, and the program run in it.
pub struct Sandbox(tempfile::TempDir);

impl Sandbox {
    pub fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder can be made"))
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.file(name);
        fs::create_dir_all(path.parent().expect("a file has a folder"))
            .expect("folders can be made");
        fs::write(&path, content).expect("files can be written");
        path
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        let path = self.file(name);
        fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    pub fn json(&self, name: &str) -> serde_json::Value {
        serde_json::from_slice(&self.read(name)).expect("the file holds JSON")
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_retrodict"));
        command.args(arguments).current_dir(self.path());
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments)
            .output()
            .expect("the program starts")
    }

    /// Runs and expects an exit code; prints what the program said if it is another.
    pub fn expect(&self, code: i32, arguments: &[&str]) -> Output {
        let output = self.run(arguments);
        assert_eq!(
            output.status.code(),
            Some(code),
            "retrodict {}\n{}\n{}",
            arguments.join(" "),
            stdout(&output),
            stderr(&output)
        );
        assert!(!stderr(&output).contains("panicked"), "{}", stderr(&output));
        output
    }

    /// Starts, and is killed so many milliseconds later.
    pub fn kill_after(&self, milliseconds: u64, arguments: &[&str]) {
        let mut command = self.command(arguments);
        let mut child = command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts");
        std::thread::sleep(Duration::from_millis(milliseconds));
        child.kill().expect("it can be killed");
        child.wait().expect("it ends");
    }

    /// A run that comes to its end, and what it said. So little training may well deserve the verdict `failed`.
    pub fn finish(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(
            matches!(output.status.code(), Some(0 | 3)),
            "retrodict {}: {:?}\n{}\n{}",
            arguments.join(" "),
            output.status,
            stdout(&output),
            stderr(&output)
        );
        stdout(&output)
    }
}

pub fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A study that is done in a second: few simulations, one small network, few checks.
pub const QUICK: &str = r#"
[study]
name = "quick"
seed = 1

[simulator]
builtin = "gaussian_toy"

[inference]
simulations = 300

[inference.estimator]
kind = "maf"
transforms = 1

[inference.estimator.network]
hidden = [8]

[inference.train]
ensemble_size = 1
max_epochs = 5

[posterior]
draws = 200

[check]
posterior_draws = 50
test_simulations = 40
predictive_simulations = 40
"#;

/// The same, with a worker written in Python.
pub const QUICK_WORKER: &str = r#"
[study]
name = "quick"
seed = 1

[parameters]
a = { prior = "uniform", low = -2.0, high = 2.0 }
b = { prior = "normal", mean = 0.0, sd = 1.0, label = "β", unit = "m" }

[simulator]
worker = { command = ["python3", "simulator.py"], protocol = "text", timeout = 5.0 }

[observation]
values = [0.5, -0.2]

[inference]
simulations = 300

[inference.estimator]
kind = "maf"
transforms = 1

[inference.estimator.network]
hidden = [8]

[inference.train]
ensemble_size = 1
max_epochs = 5

[posterior]
draws = 200

[check]
posterior_draws = 50
test_simulations = 40
predictive_simulations = 40
"#;

/// x = θ + 0.1 ε, in twenty lines of Python without anything installed.
pub const WORKER: &str = r#"import json, random, sys

print(json.dumps({"retrodict": 1, "parameters": 2, "data": [2]}), flush=True)
for line in sys.stdin:
    seed, *theta = line.split()
    generator = random.Random(int(seed))
    theta = [float(value) for value in theta]
    print(*[value + 0.1 * generator.gauss(0, 1) for value in theta], flush=True)
"#;
