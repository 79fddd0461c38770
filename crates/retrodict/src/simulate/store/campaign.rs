//! A campaign: n simulations, run once each, whatever happens in between.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::prior::Prior;
use crate::seed::{Seed, Stream};
use crate::simulate::rows::check_columns;
use crate::simulate::store::journal::Journal;
use crate::simulate::store::shard::{Place, Shard};
use crate::simulate::store::{Manifest, Store, check_failures, too_many};
use crate::simulate::{
    Failures, Noise, Observer, Progress, RowSink, Rows, Simulations, Simulator, Status, simulate,
};
use crate::table::Table;

/// What simulations are for; each use has random numbers of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// To learn from.
    Training,
    /// To check with; never trained on.
    Test,
    /// To compare with the observation: θ are given posterior draws.
    Predictive,
}

impl Role {
    /// Where θ comes from.
    pub fn parameters(self) -> Stream {
        match self {
            Self::Training => Stream::Parameters,
            Self::Test => Stream::TestParameters,
            Self::Predictive => Stream::Posterior,
        }
    }

    /// Where the simulator's noise comes from.
    pub fn noise(self) -> Stream {
        match self {
            Self::Training => Stream::Simulator,
            Self::Test => Stream::TestSimulator,
            Self::Predictive => Stream::Predictive,
        }
    }
}

/// Where the parameters of a campaign come from.
#[derive(Debug, Clone, Copy)]
pub enum ThetaSource<'a> {
    /// Drawn from a prior: simulation *i* from its own stream.
    Prior(&'a Prior),
    /// Given, one row a simulation; as the proposals of a later round are.
    Given(&'a Table),
}

/// What to simulate.
pub struct Campaign<'a> {
    /// What simulates.
    pub simulator: &'a dyn Simulator,
    /// Where θ comes from.
    pub theta: ThetaSource<'a>,
    /// How many simulations; with given parameters, at most one a row.
    pub n: usize,
    /// The seed of the run.
    pub seed: Seed,
    /// What the simulations are for.
    pub role: Role,
    /// The index of the first simulation: how many there were in earlier rounds.
    pub first: u64,
    /// A hash of where θ comes from, to tell whether a folder belongs to this campaign.
    pub prior_hash: String,
    /// A hash of what the simulator is, for the same purpose.
    pub simulator_hash: String,
    /// The largest share of simulations that may fail, from 0 to 1.
    pub max_failed: f64,
    /// How many simulations a shard holds; a fiftieth of all, from 1,000 to 50,000, if absent.
    pub shard_rows: Option<usize>,
}

impl std::fmt::Debug for Campaign<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Campaign")
            .field("simulator", &self.simulator.name())
            .field("n", &self.n)
            .field("seed", &self.seed)
            .field("role", &self.role)
            .field("first", &self.first)
            .finish_non_exhaustive()
    }
}

/// The share of failed simulations that is accepted unless the study says otherwise.
pub const MAX_FAILED: f64 = 0.5;

/// Runs a campaign in memory, or in `folder`, where only what is missing is simulated.
///
/// Kill it at any moment: the same call goes on from there, runs no finished simulation again, and
/// ends with the same bits. The number of simulations may have grown since.
///
/// # Errors
/// If the folder holds other simulations ([`Error::Mismatch`]), another process works in it, or a
/// shard is damaged ([`Error::File`]); if more than the share `max_failed` fails
/// ([`Error::TooManyFailures`], as soon as that is certain); if the simulator cannot go on; if the
/// observer is interrupted.
pub fn run_campaign(
    campaign: &Campaign<'_>,
    folder: Option<&Path>,
    observer: &dyn Observer,
) -> Result<Simulations> {
    match folder {
        Some(folder) => campaign.complete(folder, observer)?.read(campaign.n),
        None => campaign.in_memory(observer),
    }
}

impl<'a> Campaign<'a> {
    /// A campaign of training simulations with θ from the prior, and defaults for everything else.
    pub fn new(simulator: &'a dyn Simulator, prior: &'a Prior, n: usize, seed: Seed) -> Self {
        Self {
            simulator,
            theta: ThetaSource::Prior(prior),
            n,
            seed,
            role: Role::Training,
            first: 0,
            prior_hash: String::new(),
            simulator_hash: simulator.name(),
            max_failed: MAX_FAILED,
            shard_rows: None,
        }
    }

    /// Simulates what is missing in `folder`, without keeping the data in memory.
    ///
    /// # Errors
    /// As [`run_campaign`].
    pub fn complete(&self, folder: &Path, observer: &dyn Observer) -> Result<Store> {
        self.validate()?;
        std::fs::create_dir_all(folder).map_err(Error::io(folder, "create the folder"))?;
        let _lock = lock_folder(folder)?;
        let store = Store::create(folder, &self.manifest())?;
        let rows = store.manifest().shard_rows;
        let progress = Mutex::new(Progress {
            done: 0,
            total: self.n,
            failures: Failures::new(),
        });
        for number in 0..self.n.div_ceil(rows) {
            let needed = (self.n - number * rows).min(rows);
            self.complete_shard(&store.place(number), needed, &progress, observer)?;
        }
        remove_leftovers(folder)?;
        check_failures(&lock(&progress).failures, self.n, self.max_failed)?;
        Ok(store)
    }

    fn in_memory(&self, observer: &dyn Observer) -> Result<Simulations> {
        self.validate()?;
        let theta = Table::new(self.names(), self.draw(0, self.n))?;
        let noise = Noise {
            seed: self.seed,
            purpose: self.role.noise(),
            first: self.first,
        };
        let simulations = simulate(self.simulator, theta, noise, observer)?;
        check_failures(&simulations.failures(), self.n, self.max_failed)?;
        Ok(simulations)
    }

    fn names(&self) -> Vec<String> {
        match self.theta {
            ThetaSource::Prior(prior) => prior.names(),
            ThetaSource::Given(table) => table.names().to_vec(),
        }
    }

    fn validate(&self) -> Result<()> {
        check_columns(self.simulator, self.names().len())?;
        if let ThetaSource::Given(table) = self.theta
            && table.n_rows() < self.n
        {
            return Err(Error::invalid(
                "campaign.theta",
                format!("{} rows", table.n_rows()),
                format!("{}, one for each simulation", self.n),
                "Give more parameters or ask for fewer simulations.",
            ));
        }
        if !(0.0..=1.0).contains(&self.max_failed) {
            return Err(Error::invalid(
                "max_failed",
                self.max_failed,
                "a share from 0 to 1",
                "Leave it out for 0.5.",
            ));
        }
        if self.shard_rows == Some(0) {
            return Err(Error::invalid(
                "shard_rows",
                0,
                "1 or more",
                "Leave it out for a default.",
            ));
        }
        Ok(())
    }

    fn manifest(&self) -> Manifest {
        /// The most bytes that a shard of default size has.
        const LARGEST: usize = 256 << 20;
        let (parameters, data) = (self.names(), self.simulator.data_shape());
        let row = 8 * (parameters.len() + data.iter().product::<usize>());
        let rows = self.n.div_ceil(50).clamp(1000, 50_000);
        let rows = rows.min((LARGEST / row).max(1));
        Manifest {
            format: Manifest::format(),
            seed: self.seed.0,
            role: self.role,
            first: self.first,
            parameters,
            data,
            shard_rows: self.shard_rows.unwrap_or(rows),
            prior: self.prior_hash.clone(),
            simulator: self.simulator_hash.clone(),
        }
    }

    /// θ of the simulations from `start` on, counted within the campaign.
    fn draw(&self, start: usize, n: usize) -> Vec<f64> {
        match self.theta {
            ThetaSource::Given(table) => {
                let p = table.n_columns();
                table.values()[start * p..(start + n) * p].to_vec()
            }
            ThetaSource::Prior(prior) => {
                let p = prior.n_parameters();
                let mut theta = vec![0.0; n * p];
                for (i, row) in theta.chunks_exact_mut(p).enumerate() {
                    let index = self.first + (start + i) as u64;
                    prior.sample(&mut self.seed.stream(self.role.parameters(), index), row);
                }
                theta
            }
        }
    }

    /// Makes sure that a shard holds its first `needed` rows.
    fn complete_shard(
        &self,
        place: &Place<'_>,
        needed: usize,
        progress: &Mutex<Progress>,
        observer: &dyn Observer,
    ) -> Result<()> {
        let start = place.number * place.rows;
        let found = place.read()?.unwrap_or_default();
        let shard = Shard {
            theta: self.draw(start, needed),
            x: vec![f64::NAN; needed * place.length()],
            status: Vec::new(),
        };
        check_theta(place, &found, &shard.theta)?;
        if found.status.len() >= needed {
            lock(progress).add(&found.status[..needed]);
            observer.progress(&lock(progress));
            return Ok(());
        }
        let mut under_way = UnderWay::new(self, *place, shard, progress, observer)?;
        under_way.take_found(&found);
        let missing = under_way.missing();
        let p = place.n_parameters;
        let theta: Vec<f64> = missing
            .iter()
            .flat_map(|&i| under_way.theta[i * p..(i + 1) * p].iter().copied())
            .collect();
        let indices: Vec<u64> = missing
            .iter()
            .map(|&i| self.first + (start + i) as u64)
            .collect();
        under_way.positions = missing;
        let rows = Rows::new(&theta, &indices, self.seed, self.role.noise());
        if !rows.is_empty() {
            self.simulator.simulate_rows(&rows, &under_way)?;
        }
        place.write(&under_way.into_shard())?;
        remove(&place.path("partial"))
    }
}

/// The parameters of a shard that was found have to be those that this campaign draws.
fn check_theta(place: &Place<'_>, found: &Shard, drawn: &[f64]) -> Result<()> {
    let same = found
        .theta
        .iter()
        .zip(drawn)
        .all(|(a, b)| a.to_bits() == b.to_bits());
    if same {
        return Ok(());
    }
    Err(Error::Mismatch {
        path: place.path("theta.npy"),
        difference: "its parameters are not those that this seed and prior give".into(),
        advice: "Choose another output folder, or remove this one to simulate again.".into(),
    })
}

/// A shard while its rows come in.
struct UnderWay<'a> {
    place: Place<'a>,
    theta: Vec<f64>,
    /// Where the rows of the request stand in the shard.
    positions: Vec<usize>,
    kept: Mutex<Kept>,
    progress: &'a Mutex<Progress>,
    observer: &'a dyn Observer,
    max_failed: f64,
}

struct Kept {
    x: Vec<f64>,
    status: Vec<Option<Status>>,
    journal: Journal,
}

impl<'a> UnderWay<'a> {
    /// An unfinished shard with what its journal remembers.
    fn new(
        campaign: &Campaign<'_>,
        place: Place<'a>,
        shard: Shard,
        progress: &'a Mutex<Progress>,
        observer: &'a dyn Observer,
    ) -> Result<Self> {
        let n = shard.theta.len() / place.n_parameters;
        let length = place.length();
        let (journal, records) = Journal::open(&place.path("partial"), length)?;
        let mut kept = Kept {
            x: shard.x,
            status: vec![None; n],
            journal,
        };
        for record in records.into_iter().filter(|r| r.position < n) {
            kept.x[record.position * length..][..length].copy_from_slice(&record.x);
            kept.status[record.position] = Some(record.status);
        }
        let known: Vec<Status> = kept.status.iter().flatten().copied().collect();
        lock(progress).add(&known);
        Ok(Self {
            place,
            theta: shard.theta,
            positions: Vec::new(),
            kept: Mutex::new(kept),
            progress,
            observer,
            max_failed: campaign.max_failed,
        })
    }

    /// Takes the rows of a shard that was finished when the campaign was smaller.
    fn take_found(&mut self, found: &Shard) {
        let length = self.place.length();
        let kept = self.kept.get_mut().unwrap_or_else(PoisonError::into_inner);
        for (i, &status) in found.status.iter().enumerate() {
            if kept.status[i].is_none() {
                lock(self.progress).add(&[status]);
            }
            kept.status[i] = Some(status);
            kept.x[i * length..][..length].copy_from_slice(&found.x[i * length..][..length]);
        }
    }

    fn missing(&self) -> Vec<usize> {
        let kept = lock(&self.kept);
        (0..kept.status.len())
            .filter(|&i| kept.status[i].is_none())
            .collect()
    }

    fn into_shard(self) -> Shard {
        let kept = self
            .kept
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        let whole = "a simulator finishes every row or returns an error";
        Shard {
            theta: self.theta,
            x: kept.x,
            status: kept.status.into_iter().map(|s| s.expect(whole)).collect(),
        }
    }
}

impl RowSink for UnderWay<'_> {
    fn finished(&self, first: usize, status: &[Status], x: &[f64]) -> Result<()> {
        let length = self.place.length();
        let positions = &self.positions[first..first + status.len()];
        {
            let mut kept = lock(&self.kept);
            for (i, (&position, &status)) in positions.iter().zip(status).enumerate() {
                kept.x[position * length..][..length].copy_from_slice(&x[i * length..][..length]);
                kept.status[position] = Some(status);
            }
            kept.journal.append(positions, status, x)?;
        }
        let mut progress = lock(self.progress);
        progress.add(status);
        self.observer.progress(&progress);
        // No success to come could bring the share below the limit again.
        let failed: usize = progress.failures.values().sum();
        if failed as f64 > self.max_failed * progress.total as f64 {
            return Err(too_many(&progress.failures, progress.done, self.max_failed));
        }
        Ok(())
    }

    fn interrupted(&self) -> bool {
        self.observer.interrupted()
    }

    fn log(&self, line: &str) {
        self.observer.log(line);
    }
}

/// Only one process at a time works in a folder; the system ends the lock with the process.
fn lock_folder(folder: &Path) -> Result<File> {
    let path = folder.join(".lock");
    let file = File::create(&path).map_err(Error::io(&path, "create"))?;
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => Err(Error::file(
            folder,
            "another process is simulating into this folder",
            "Wait for it to end, or choose another output folder.",
        )),
        // A file system without locks is no reason not to work.
        Ok(()) | Err(TryLockError::Error(_)) => Ok(file),
    }
}

/// Temporary files of processes that were killed.
fn remove_leftovers(folder: &Path) -> Result<()> {
    let entries = std::fs::read_dir(folder).map_err(Error::io(folder, "read"))?;
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with("shard-") && (name.contains(".tmp-") || name.ends_with(".partial")) {
            remove(&entry.path())?;
        }
    }
    Ok(())
}

fn remove(path: &Path) -> Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::io(path, "remove")(error))
        }
        _ => Ok(()),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
