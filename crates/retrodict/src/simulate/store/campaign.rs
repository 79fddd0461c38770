//! A campaign: n simulations, run once each, whatever happens in between.

use std::path::Path;
use std::sync::Mutex;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::prior::Prior;
use crate::seed::{Seed, Stream};
use crate::simulate::rows::check_columns;
use crate::simulate::store::cleaning::{lock_folder, remove, remove_leftovers};
use crate::simulate::store::shard::{Place, Shard};
use crate::simulate::store::under_way::{UnderWay, lock};
use crate::simulate::store::{Manifest, Store, check_failures};
use crate::simulate::{
    Failures, Noise, Observer, Progress, Rows, Simulations, Simulator, simulate,
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
        let mut under_way = UnderWay::new(*place, shard, progress, observer, self.max_failed)?;
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
