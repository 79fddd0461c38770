//! Methods that ask the simulator themselves: sequential Monte Carlo, synthetic and known likelihoods.
//!
//! What they simulate is recorded as it comes, so that a run that was killed goes on where it was: the
//! method is run again from its beginning, and finds what it asks for in the record.

mod abc_smc;
mod known_likelihood;
mod recorded_likelihood;
mod recorded_simulator;
mod repeated;
mod watcher;

use std::fs;
use std::path::{Path, PathBuf};

use crate::check::Check;
use crate::error::{Error, Result};
use crate::infer::Posterior;
use crate::npy;
use crate::report::html::Fact;
use crate::simulate::{Failures, SimulationSource};
use crate::study::{Method, Run, Stage};

/// What a record rests on: another simulator or seed makes it worthless.
const RESTS_ON: &str = "rests-on.txt";

impl Run<'_> {
    /// What the method needs before it can draw, in the model's folder.
    pub(super) fn fit_online(&self, folder: &Path, source: &dyn SimulationSource) -> Result<()> {
        fs::create_dir_all(folder).map_err(Error::io(folder, "create the folder"))?;
        match self.method() {
            Method::AbcSmc => self.fit_abc_smc(folder, source),
            Method::Likelihood => self.try_likelihood(source),
            _ => self.synthetic_likelihood().map(|_| ()),
        }
    }

    /// The posterior of a method that asks the simulator.
    pub(super) fn online_posterior(&self, folder: &Path) -> Result<Box<dyn Posterior>> {
        match self.method() {
            Method::AbcSmc => Ok(Box::new(self.populations(folder)?)),
            Method::Likelihood => self.sampled(self.known_likelihood()?),
            _ => self.sampled(Box::new(self.synthetic_likelihood()?)),
        }
    }

    /// How many simulations the method ran by itself, and how many of them failed.
    pub(super) fn online_counts(&self) -> Result<Option<(Failures, usize)>> {
        match self.method() {
            Method::AbcSmc if self.is_done(Stage::Fit) => self.abc_smc_counts().map(Some),
            Method::SyntheticLikelihood => self.synthetic_counts(),
            _ => Ok(None),
        }
    }

    /// What is to be checked about the method itself, beside its draws.
    pub(super) fn online_checks(&self) -> Result<Vec<Check>> {
        match self.method() {
            Method::AbcSmc => self.abc_smc_checks(),
            _ => Ok(Vec::new()),
        }
    }

    /// What the report says about the draws of observation `i`.
    pub(super) fn online_facts(&self, i: usize) -> Result<Vec<Fact>> {
        match self.method() {
            Method::AbcSmc => self.abc_smc_facts(i),
            _ => Ok(Vec::new()),
        }
    }

    fn method(&self) -> Method {
        self.study().config().inference.method
    }

    /// A folder for what is simulated under this name, emptied if it rests on something else.
    fn record_folder(&self, name: &str, rests_on: &str) -> Result<PathBuf> {
        let folder = self.folder().online_simulations(name);
        let path = folder.join(RESTS_ON);
        if fs::read_to_string(&path).is_ok_and(|there| there == rests_on) {
            return Ok(folder);
        }
        if folder.exists() {
            fs::remove_dir_all(&folder).map_err(Error::io(&folder, "remove"))?;
        }
        fs::create_dir_all(&folder).map_err(Error::io(&folder, "create the folder"))?;
        npy::write_atomically(&path, rests_on.as_bytes())?;
        Ok(folder)
    }
}

/// 53 bits of a hash of numbers, as a number that a record holds exactly.
fn mark(values: &[f64]) -> f64 {
    // FNV-1a over words, with the finaliser of splitmix64.
    let hash = values
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, value| {
            let mixed = (hash ^ (value + 0.0).to_bits()).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed ^ (mixed >> 31)
        });
    (hash >> 11) as f64
}
