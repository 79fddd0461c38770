//! Campaigns on disk: killed, damaged, grown and mixed up.

#![allow(clippy::unwrap_used, reason = "a test ends where it fails")]

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use proptest::prelude::*;
use retrodict::prior::{DistributionConfig, Prior};
use retrodict::simulate::{
    Campaign, FunctionSimulator, Manifest, Observer, Progress, Role, SimulationFailure,
    Simulations, Simulator, Status, Store, ThetaSource, check_failures, run_campaign,
};
use retrodict::{Error, Result, Seed, Table};

fn prior() -> Prior {
    let uniform = DistributionConfig::uniform(0.0, 1.0);
    Prior::new([("a", uniform.clone()), ("b", uniform)]).unwrap()
}

/// A simulator with failures of every kind that counts how often it runs.
fn counting(runs: &AtomicUsize) -> impl Simulator {
    FunctionSimulator::new("counting", 2, [3, 1], |theta, random, x| {
        runs.fetch_add(1, Ordering::Relaxed);
        x.copy_from_slice(&[theta[0], theta[1] * random.normal(), random.uniform()]);
        match theta[0] {
            a if a < 0.05 => x[1] = f64::NAN,
            a if a < 0.1 => {
                return Err(SimulationFailure {
                    status: Status::Failed,
                    reason: "too small".into(),
                });
            }
            _ => {}
        }
        Ok(())
    })
}

fn campaign<'a>(simulator: &'a dyn Simulator, prior: &'a Prior, n: usize) -> Campaign<'a> {
    let mut campaign = Campaign::new(simulator, prior, n, Seed(5));
    campaign.shard_rows = Some(100);
    campaign.prior_hash = "prior".into();
    campaign
}

fn bits(s: &Simulations) -> (Vec<u64>, Vec<u64>, Vec<Status>) {
    let bits = |t: &Table| t.values().iter().map(|v| v.to_bits()).collect();
    (bits(&s.theta), bits(&s.x), s.status.clone())
}

/// Runs `n` simulations into `folder`; also how many were run.
fn run(folder: &Path, n: usize) -> Result<(Simulations, usize)> {
    let (runs, prior) = (AtomicUsize::new(0), prior());
    let simulator = counting(&runs);
    let simulations = run_campaign(&campaign(&simulator, &prior, n), Some(folder), &())?;
    drop(simulator);
    Ok((simulations, runs.into_inner()))
}

fn in_memory(n: usize) -> Simulations {
    let (runs, prior) = (AtomicUsize::new(0), prior());
    let simulator = counting(&runs);
    run_campaign(&campaign(&simulator, &prior, n), None, &()).unwrap()
}

fn remove(folder: &Path, name: &str) {
    std::fs::remove_file(folder.join(name)).unwrap();
}

#[test]
fn the_folder_and_the_memory_hold_the_same_bits_and_nothing_runs_twice() {
    let folder = tempfile::tempdir().unwrap();
    let (first, runs) = run(folder.path(), 350).unwrap();
    assert_eq!(runs, 350);
    assert_eq!(bits(&first), bits(&in_memory(350)));
    assert!(first.failures()[&Status::NotFinite] > 5 && first.failures()[&Status::Failed] > 5);
    let (again, runs) = run(folder.path(), 350).unwrap();
    assert_eq!((bits(&again), runs), (bits(&first), 0));
    let store = Store::open(folder.path()).unwrap();
    assert_eq!(store.manifest().data, [3, 1]);
    assert_eq!(store.read_shard(3).unwrap().unwrap().len(), 50);
    assert!(store.read_shard(4).unwrap().is_none());
    assert!(store.read(351).is_err());
}

#[test]
fn a_campaign_may_grow_and_shrink() {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), 130).unwrap();
    let (grown, runs) = run(folder.path(), 350).unwrap();
    assert_eq!((bits(&grown), runs), (bits(&in_memory(350)), 220));
    let (shrunk, runs) = run(folder.path(), 130).unwrap();
    assert_eq!((bits(&shrunk), runs), (bits(&in_memory(130)), 0));
}

#[test]
fn whatever_a_kill_leaves_is_finished_to_the_same_bits() {
    let reference = bits(&in_memory(350));
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), 350).unwrap();
    // Killed before the status, before the data, before anything of the last shard; with temporary
    // files of a process that is gone.
    for gone in [
        vec!["status"],
        vec!["status", "x"],
        vec!["status", "x", "theta"],
    ] {
        for kind in &gone {
            remove(folder.path(), &format!("shard-000001.{kind}.npy"));
        }
        let left = folder.path().join("shard-000001.x.npy.tmp-123");
        std::fs::write(&left, b"\x93NUM").unwrap();
        let (simulations, runs) = run(folder.path(), 350).unwrap();
        assert_eq!(
            (bits(&simulations), runs),
            (reference.clone(), 100),
            "{gone:?}"
        );
        assert!(!left.exists());
    }
}

#[test]
fn a_shard_that_grows_and_is_killed_between_its_files_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), 350).unwrap();
    let grown = tempfile::tempdir().unwrap();
    run(grown.path(), 400).unwrap();
    // θ and x have grown, the status has not.
    for kind in ["theta", "x"] {
        let name = format!("shard-000003.{kind}.npy");
        std::fs::copy(grown.path().join(&name), folder.path().join(&name)).unwrap();
    }
    let (simulations, runs) = run(folder.path(), 350).unwrap();
    assert_eq!((bits(&simulations), runs), (bits(&in_memory(350)), 0));
    let (simulations, runs) = run(folder.path(), 400).unwrap();
    assert_eq!((bits(&simulations), runs), (bits(&in_memory(400)), 50));
}

#[test]
fn an_interrupted_campaign_runs_no_finished_simulation_again() {
    struct After(Mutex<usize>, usize);
    impl Observer for After {
        fn progress(&self, progress: &Progress) {
            *self.0.lock().unwrap() = progress.done;
        }
        fn interrupted(&self) -> bool {
            *self.0.lock().unwrap() >= self.1
        }
    }
    let (folder, prior) = (tempfile::tempdir().unwrap(), prior());
    let runs = AtomicUsize::new(0);
    let simulator = counting(&runs);
    let campaign = campaign(&simulator, &prior, 350);
    for limit in [10, 120, 220] {
        let stop = After(Mutex::new(0), limit);
        let error = run_campaign(&campaign, Some(folder.path()), &stop).unwrap_err();
        assert!(matches!(error, Error::Interrupted), "{error}");
    }
    let simulations = run_campaign(&campaign, Some(folder.path()), &()).unwrap();
    assert_eq!(bits(&simulations), bits(&in_memory(350)));
    drop(campaign);
    assert_eq!(runs.load(Ordering::Relaxed), 350);
}

/// A slow campaign that notes every simulation that it starts; run by another test, and killed.
const FOLDER: &str = "RETRODICT_TEST_KILLED_CAMPAIGN";

fn slow_campaign(folder: &Path) -> Simulations {
    let record = Mutex::new(
        std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(folder.join("record"))
            .unwrap(),
    );
    let simulator = FunctionSimulator::new("slow", 2, [2], |theta, random, x| {
        std::thread::sleep(Duration::from_millis(5));
        x.copy_from_slice(&[theta[0] + random.normal(), theta[1]]);
        writeln!(record.lock().unwrap(), "{}", theta[0].to_bits()).unwrap();
        Ok(())
    });
    let prior = prior();
    let campaign = campaign(&simulator, &prior, 250);
    run_campaign(&campaign, Some(&folder.join("round-000")), &()).unwrap()
}

#[test]
fn child_campaign() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        slow_campaign(Path::new(&folder));
    }
}

#[test]
fn a_campaign_killed_at_any_moment_ends_with_the_same_bits() {
    let (folder, undisturbed) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut n_kills = 0;
    for pause in [120, 310, 90, 230, 170] {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child_campaign", "--test-threads=1"])
            .env(FOLDER, folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(pause));
        n_kills += usize::from(child.try_wait().unwrap().is_none());
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let n_threads = rayon_threads();
    let simulations = slow_campaign(folder.path());
    let record = std::fs::read_to_string(folder.path().join("record")).unwrap();
    let distinct: BTreeSet<&str> = record.lines().collect();
    assert_eq!(distinct.len(), 250);
    // A row noted but not yet kept, or under way in a thread, may run again after each kill.
    let again = record.lines().count() - 250;
    assert!(
        again <= n_kills * 2 * n_threads,
        "{again} again after {n_kills} kills"
    );
    assert_eq!(bits(&simulations), bits(&slow_campaign(undisturbed.path())));
}

fn rayon_threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

#[test]
fn another_campaign_is_refused_with_what_differs() {
    let (folder, priors) = (tempfile::tempdir().unwrap(), prior());
    let runs = AtomicUsize::new(0);
    let simulator = counting(&runs);
    let good = || campaign(&simulator, &priors, 120);
    run_campaign(&good(), Some(folder.path()), &()).unwrap();
    let before = runs.load(Ordering::Relaxed);
    let names = Prior::new([
        ("a", DistributionConfig::uniform(0.0, 1.0)),
        ("c", DistributionConfig::uniform(0.0, 1.0)),
    ]);
    let names = names.unwrap();
    let shape =
        FunctionSimulator::new("counting", 2, [3], |_: &[f64], _: &mut _, _: &mut [f64]| {
            Ok(())
        });
    for (other, part) in [
        (
            Campaign {
                seed: Seed(6),
                ..good()
            },
            "the seed was 5, now 6",
        ),
        (
            Campaign {
                role: Role::Test,
                ..good()
            },
            "their use was training, now test",
        ),
        (
            Campaign {
                first: 10,
                ..good()
            },
            "was number 0, now number 10",
        ),
        (
            Campaign {
                prior_hash: "other".into(),
                ..good()
            },
            "the prior was another one",
        ),
        (
            Campaign {
                simulator_hash: "other".into(),
                ..good()
            },
            "the simulator was another",
        ),
        (campaign(&simulator, &names, 120), "was a, b, now a, c"),
        (campaign(&shape, &priors, 120), "was [3, 1], now [3]"),
    ] {
        let error = run_campaign(&other, Some(folder.path()), &()).unwrap_err();
        assert!(matches!(error, Error::Mismatch { .. }), "{error}");
        assert!(error.to_string().contains(part), "{error}");
    }
    assert_eq!(
        runs.load(Ordering::Relaxed),
        before,
        "nothing was simulated"
    );
}

#[test]
fn damaged_folders_are_refused_by_the_name_of_the_file() {
    type Damage = fn(&Path);
    let cases: [(&str, &str, Damage); 8] = [
        ("manifest.json", "not a manifest", |f| {
            std::fs::write(f, b"{\"format\": 1").unwrap();
        }),
        ("manifest.json", "in format 9", |f| {
            std::fs::write(f, b"{\"format\": 9}").unwrap();
        }),
        ("shard-000001.x.npy", "cut short", |f| {
            let bytes = std::fs::read(f).unwrap();
            std::fs::write(f, &bytes[..bytes.len() - 9]).unwrap();
        }),
        ("shard-000001.theta.npy", "cannot read", |f| {
            std::fs::remove_file(f).unwrap();
        }),
        (
            "shard-000001.status.npy",
            "expected at most 100 rows",
            |f| {
                retrodict::npy::write_bytes(f, &[0; 101]).unwrap();
            },
        ),
        (
            "shard-000001.status.npy",
            "status that does not exist",
            |f| {
                retrodict::npy::write_bytes(f, &[9; 100]).unwrap();
            },
        ),
        ("shard-000001.x.npy", "not finite", |f| {
            retrodict::npy::write(f, &[100, 3, 1], &[f64::NAN; 300]).unwrap();
        }),
        ("shard-000001.theta.npy", "not those that this seed", |f| {
            retrodict::npy::write(f, &[100, 2], &[0.5; 200]).unwrap();
        }),
    ];
    for (name, part, damage) in cases {
        let folder = tempfile::tempdir().unwrap();
        run(folder.path(), 200).unwrap();
        damage(&folder.path().join(name));
        let message = run(folder.path(), 200).unwrap_err().to_string();
        assert!(
            message.contains(name) && message.contains(part),
            "{message}"
        );
    }
}

#[test]
fn too_many_failures_end_the_campaign_early_with_counts_and_advice() {
    let prior = prior();
    let simulator = FunctionSimulator::new("picky", 2, [1], |theta, _: &mut _, x: &mut [f64]| {
        x[0] = if theta[0] < 0.7 { f64::NAN } else { 1.0 };
        Ok(())
    });
    let folder = tempfile::tempdir().unwrap();
    let mut campaign = campaign(&simulator, &prior, 5000);
    for folder in [None, Some(folder.path())] {
        let error = run_campaign(&campaign, folder, &()).unwrap_err();
        let Error::TooManyFailures {
            failed,
            total,
            kinds,
            limit,
            ..
        } = &error
        else {
            panic!("{error}");
        };
        assert!(*failed > 2500 && failed <= total, "{error}");
        assert!(folder.is_none() || *total < 4500, "it went on to {total}");
        assert_eq!(limit, "50 %");
        assert!(kinds.contains("gave NaN or infinite values"), "{error}");
    }
    campaign.max_failed = 0.9;
    let simulations = run_campaign(&campaign, None, &()).unwrap();
    check_failures(&simulations.failures(), 5000, 0.9).unwrap();
    assert!(check_failures(&simulations.failures(), 5000, 0.5).is_err());
    campaign.max_failed = f64::NAN;
    assert!(run_campaign(&campaign, None, &()).is_err());
}

#[test]
fn given_parameters_are_used_as_they_are() {
    let (prior, runs) = (prior(), AtomicUsize::new(0));
    let simulator = counting(&runs);
    let theta = Table::new(["a", "b"], vec![0.5; 240]).unwrap();
    let mut campaign = campaign(&simulator, &prior, 120);
    campaign.theta = ThetaSource::Given(&theta);
    let folder = tempfile::tempdir().unwrap();
    let simulations = run_campaign(&campaign, Some(folder.path()), &()).unwrap();
    assert_eq!(simulations.theta, theta);
    campaign.n = 121;
    let message = run_campaign(&campaign, None, &()).unwrap_err().to_string();
    assert!(
        message.contains("120 rows") && message.contains("121"),
        "{message}"
    );
}

#[test]
fn test_simulations_share_no_randomness_with_training_simulations() {
    let (prior, runs) = (prior(), AtomicUsize::new(0));
    let simulator = counting(&runs);
    let training = campaign(&simulator, &prior, 100);
    let test = Campaign {
        role: Role::Test,
        ..campaign(&simulator, &prior, 100)
    };
    let [a, b] = [training, test].map(|c| run_campaign(&c, None, &()).unwrap());
    assert!(
        a.theta
            .values()
            .iter()
            .zip(b.theta.values())
            .all(|(a, b)| a != b)
    );
}

#[test]
fn two_processes_do_not_work_in_one_folder() {
    struct Inside<'a>(&'a Path, Mutex<Option<String>>);
    impl Observer for Inside<'_> {
        fn progress(&self, _: &Progress) {
            let message = run(self.0, 120).unwrap_err().to_string();
            *self.1.lock().unwrap() = Some(message);
        }
    }
    let (folder, prior) = (tempfile::tempdir().unwrap(), prior());
    let runs = AtomicUsize::new(0);
    let simulator = counting(&runs);
    let inside = Inside(folder.path(), Mutex::new(None));
    run_campaign(
        &campaign(&simulator, &prior, 120),
        Some(folder.path()),
        &inside,
    )
    .unwrap();
    let message = inside.1.into_inner().unwrap().unwrap();
    assert!(message.contains("another process"), "{message}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn damaged_bytes_in_any_file_never_panic(which in 0_usize..5, at in 0_usize..3000, byte: u8) {
        let folder = tempfile::tempdir().unwrap();
        run(folder.path(), 60).unwrap();
        let names = ["manifest.json", "shard-000000.theta.npy", "shard-000000.x.npy",
            "shard-000000.status.npy", "shard-000000.partial"];
        let path = folder.path().join(names[which]);
        let mut bytes = std::fs::read(&path).unwrap_or_else(|_| vec![0; 300]);
        let at = at % bytes.len();
        bytes[at] = byte;
        std::fs::write(&path, bytes).unwrap();
        let _ = run(folder.path(), 60);
        let _ = Manifest::read(folder.path());
    }
}
