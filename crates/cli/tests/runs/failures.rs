//! Simulators that die, hang, fail or change.

use std::time::{Duration, Instant};

use super::common::{QUICK_WORKER, Sandbox, WORKER, stderr};
use super::modified;

/// The worker with a line put before each simulation.
pub(super) fn troubled(trouble: &str) -> String {
    WORKER.replace(
        "    theta = [float",
        &format!("{trouble}\n    theta = [float"),
    )
}

fn counts(sandbox: &Sandbox) -> serde_json::Value {
    sandbox.json("runs/quick/provenance.json")["simulations"]["training"].clone()
}

#[test]
fn a_worker_that_dies_now_and_then_is_restarted_and_counted() {
    let sandbox = Sandbox::new();
    sandbox.write("study.toml", QUICK_WORKER);
    sandbox.write(
        "simulator.py",
        troubled("    if int(seed) % 20 == 0: sys.exit(3)"),
    );
    sandbox.finish(&["run", "study.toml"]);
    let counts = counts(&sandbox);
    let crashed = counts["failed"]["crashed"].as_u64().unwrap();
    // Binomial(300, 1/20): 15 ± 3.8; false alarm below 10⁻⁴.
    assert!((1..=32).contains(&crashed), "{counts}");
    assert_eq!(counts["succeeded"].as_u64().unwrap() + crashed, 300);
}

#[test]
fn nan_for_a_tenth_of_the_prior_is_counted_and_never_trained_on() {
    let sandbox = Sandbox::new();
    sandbox.write("study.toml", QUICK_WORKER);
    sandbox.write(
        "simulator.py",
        troubled("    if float(theta[0]) > 1.6: print('nan nan', flush=True); continue"),
    );
    sandbox.finish(&["run", "study.toml"]);
    let counts = counts(&sandbox);
    let not_finite = counts["failed"]["not_finite"].as_u64().unwrap();
    // Binomial(300, 0.1): 30 ± 5.2; false alarm below 10⁻⁴.
    assert!((9..=52).contains(&not_finite), "{counts}");
}

#[test]
fn a_simulation_that_hangs_is_stopped_and_counted() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "study.toml",
        QUICK_WORKER.replace("timeout = 5.0", "timeout = 1.0"),
    );
    let hang = "    if not __import__('os').path.exists('hung'): open('hung', 'w').close(); __import__('time').sleep(1000)";
    sandbox.write("simulator.py", troubled(hang));
    let start = Instant::now();
    sandbox.finish(&["run", "study.toml"]);
    assert!(start.elapsed() < Duration::from_mins(1));
    // A simulation that was stopped may be tried once more and then succeed.
    let counts = counts(&sandbox);
    let timed_out = counts["failed"]["timed_out"].as_u64().unwrap_or(0);
    assert!(
        timed_out <= 4 && counts["succeeded"].as_u64() == Some(300 - timed_out),
        "{counts}"
    );
}

#[test]
fn when_most_simulations_fail_the_answer_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.write("study.toml", QUICK_WORKER);
    sandbox.write(
        "simulator.py",
        troubled(
            "    if float(theta[0]) > -1.5: print('failed no solution', flush=True); continue",
        ),
    );
    let output = sandbox.expect(4, &["run", "study.toml"]);
    let message = stderr(&output);
    for words in [
        "simulations failed",
        "failed by the simulator's own word",
        "limit of 50 %",
    ] {
        assert!(message.contains(words), "{message}");
    }
    // Allowing more failures needs no new simulations.
    let before = modified(&sandbox, "runs/quick/simulations/round-000/manifest.json");
    let study = QUICK_WORKER.replace("[simulator]", "[simulator]\nmax_failed = 0.95");
    sandbox.write("study.toml", study);
    sandbox.finish(&["run", "study.toml"]);
    assert_eq!(
        before,
        modified(&sandbox, "runs/quick/simulations/round-000/manifest.json")
    );
}

#[test]
fn a_changed_simulator_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.write("study.toml", QUICK_WORKER);
    sandbox.write("simulator.py", WORKER);
    sandbox.expect(0, &["simulate", "study.toml"]);
    sandbox.write("simulator.py", WORKER.replace("0.1 *", "0.2 *"));
    let output = sandbox.expect(2, &["run", "study.toml"]);
    assert!(
        stderr(&output).contains("file.simulator.py was"),
        "{}",
        stderr(&output)
    );
}
