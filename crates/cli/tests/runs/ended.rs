//! Runs that are killed, ended or interrupted, and go on.

use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

use super::common::{QUICK, QUICK_WORKER, Sandbox, stderr};
use super::failures::troubled;

#[cfg(unix)]
#[test]
fn killed_at_any_moment_a_rerun_gives_the_same_bits() {
    let sandbox = Sandbox::new();
    // Slow enough to be killed on the way: 300 simulations of two milliseconds.
    sandbox.write("study.toml", QUICK_WORKER);
    sandbox.write(
        "simulator.py",
        troubled("    __import__('time').sleep(0.002)"),
    );
    sandbox.finish(&["run", "study.toml", "--out", "whole"]);
    for (i, milliseconds) in [150, 400, 700].into_iter().enumerate() {
        let out = format!("killed-{i}");
        sandbox.kill_after(milliseconds, &["run", "study.toml", "--out", &out]);
        sandbox.finish(&["run", "study.toml", "--out", &out]);
        let draws = |run: &str| sandbox.read(&format!("{run}/posterior/samples.npy"));
        assert!(
            draws("whole") == draws(&out),
            "killed after {milliseconds} ms"
        );
    }
}

/// Waits until so many epochs are written down, and then ends the program with a signal.
#[cfg(unix)]
fn end_after_epochs(sandbox: &Sandbox, out: &str, epochs: usize, signal: &str) {
    let mut command = sandbox.command(&["run", "study.toml", "--out", out]);
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program is built");
    let log = sandbox.file(out).join("train.jsonl");
    let start = Instant::now();
    loop {
        let lines = fs::read_to_string(&log).map_or(0, |text| text.lines().count());
        if lines >= epochs {
            break;
        }
        assert!(matches!(child.try_wait(), Ok(None)), "it ended too soon");
        assert!(start.elapsed() < Duration::from_mins(2), "{lines} epochs");
        std::thread::sleep(Duration::from_millis(2));
    }
    let kill = std::process::Command::new("kill")
        .args([signal, &child.id().to_string()])
        .status();
    assert!(kill.is_ok_and(|status| status.success()));
    child.wait().expect("it was started");
}

#[cfg(unix)]
#[test]
fn a_training_that_was_ended_goes_on_where_it_was_and_gives_the_same_bits() {
    let sandbox = Sandbox::new();
    let study = QUICK
        .replace("simulations = 300", "simulations = 2000")
        .replace("hidden = [8]", "hidden = [40, 40]")
        .replace(
            "ensemble_size = 1\nmax_epochs = 5",
            "ensemble_size = 2\nmax_epochs = 60\ncycle_epochs = 60\npatience = 60",
        );
    sandbox.write("study.toml", study);
    sandbox.finish(&["run", "study.toml", "--out", "whole"]);
    assert!(!sandbox.file("whole/checkpoints").exists());
    for (out, signals) in [("asked", ["-INT", "-INT"]), ("killed", ["-INT", "-KILL"])] {
        for (signal, epochs) in signals.into_iter().zip([20, 60]) {
            end_after_epochs(&sandbox, out, epochs, signal);
            assert!(sandbox.file(out).join("checkpoints").exists(), "{out}");
        }
        sandbox.finish(&["run", "study.toml", "--out", out]);
        for name in [
            "model/weights-0.safetensors",
            "model/weights-1.safetensors",
            "model/training.json",
            "posterior/samples.npy",
        ] {
            let of = |run: &str| sandbox.read(&format!("{run}/{name}"));
            assert!(of("whole") == of(out), "{out}: {name}");
        }
        let epochs = |run: &str| {
            let text = sandbox.read(&format!("{run}/train.jsonl"));
            let text = String::from_utf8_lossy(&text);
            let mut lines: Vec<String> = text.lines().map(String::from).collect();
            lines.sort();
            lines
        };
        assert_eq!(epochs("whole"), epochs(out), "{out}");
        assert!(!sandbox.file(out).join("checkpoints").exists());
    }
}

#[cfg(unix)]
#[test]
fn an_interrupt_saves_what_is_there_and_exits_with_130() {
    let sandbox = Sandbox::new();
    sandbox.write("study.toml", QUICK_WORKER);
    sandbox.write(
        "simulator.py",
        troubled("    __import__('time').sleep(0.02)"),
    );
    let mut command = sandbox.command(&["run", "study.toml"]);
    let child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    std::thread::sleep(Duration::from_secs(1));
    let kill = std::process::Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(kill.unwrap().success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("interrupted"),
        "{}",
        stderr(&output)
    );
    sandbox.write(
        "simulator.py",
        troubled("    __import__('time').sleep(0.02)"),
    );
    sandbox.finish(&["run", "study.toml"]);
}

#[cfg(unix)]
#[test]
fn a_search_that_is_killed_goes_on_where_it_was() {
    let sandbox = Sandbox::new();
    let search = "\n[inference.search]\nmethod = \"random\"\ntrials = 4\nwidth = [8, 24]\n\
        depth = [1, 2]\ntransforms = [1, 2]\nbatch_size = [32, 64]\n";
    sandbox.write("study.toml", format!("{QUICK}{search}"));
    let whole = sandbox.finish(&["run", "study.toml", "--out", "whole"]);
    assert!(whole.contains("Verdict"), "{whole}");
    let mut command = sandbox.command(&["run", "study.toml", "--out", "killed"]);
    let quiet = command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = quiet.spawn().unwrap();
    let trials = || fs::read_dir(sandbox.file("killed/search")).map_or(0, Iterator::count);
    let patience = Instant::now() + Duration::from_mins(1);
    while trials() == 0 && Instant::now() < patience {
        std::thread::sleep(Duration::from_millis(2));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    sandbox.finish(&["run", "study.toml", "--out", "killed"]);
    let draws = |run: &str| sandbox.read(&format!("{run}/posterior/samples.npy"));
    assert!(draws("whole") == draws("killed"));
    // All columns but the last, the seconds.
    let trials = |run: &str| {
        let table = String::from_utf8(sandbox.read(&format!("{run}/search.csv"))).unwrap();
        let rows = table
            .lines()
            .map(|row| row.rsplit_once(',').unwrap().0.to_string());
        rows.collect::<Vec<_>>()
    };
    assert_eq!(trials("whole"), trials("killed"));
    assert_eq!(trials("whole").len(), 5);
    assert!(sandbox.file("whole/figures/search.svg").exists());
}
