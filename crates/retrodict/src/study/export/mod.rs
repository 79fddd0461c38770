//! The files that hold a posterior's draws, readable without Retrodict.
//!
//! | file | what it is |
//! |---|---|
//! | `samples.npy` | `f64`, draws × parameters, for `numpy.load` |
//! | `samples.csv` | the same with a header of parameter names; every digit survives |
//! | `posterior.zarr` | Zarr v3 as ArviZ lays it out, for `xarray.open_datatree` |
//! | `summary.json` | mean, sd, median and intervals of each parameter |
//! | `sampler.json` | if a sampler drew: which, how often it evaluated the density, and what it met |
//!
//! With several observations the names are `samples-000.npy`, `samples-001.npy`, ….

mod groups;
mod summary;
pub(super) mod table;
mod zarr;

use std::fs;
use std::path::Path;

use crate::error::{Error, Result};
use crate::npy;
use crate::prior::Parameter;
use crate::samples::Samples;
use crate::table::Table;

/// What is written about one posterior.
#[derive(Debug, Clone, Copy)]
pub struct PosteriorExport<'a> {
    /// The draws.
    pub samples: &'a Samples,
    /// The parameters, one for each column of the draws.
    pub parameters: &'a [Parameter],
    /// The observation.
    pub observation: &'a [f64],
    /// The shape of the observation.
    pub observation_shape: &'a [usize],
    /// Data simulated from draws of the posterior, one row a draw, if there are any.
    pub predictive: Option<&'a Table>,
    /// The time to write into the file, as ISO 8601; without it the bytes depend on the draws alone.
    pub created_at: Option<&'a str>,
}

impl PosteriorExport<'_> {
    /// Writes the files into `folder`, which is made if it is missing. `index` is the
    /// observation's, if there are several.
    ///
    /// Each file appears whole or not at all, and `summary.json` last: where it is, the others are.
    ///
    /// # Errors
    /// If the number of draws is not a multiple of the number of chains, the observation does not
    /// have its shape, or a file cannot be written.
    pub fn write(&self, folder: &Path, index: Option<usize>) -> Result<()> {
        self.check()?;
        fs::create_dir_all(folder).map_err(Error::io(folder, "create the folder"))?;
        let draws = &self.samples.draws;
        let shape = [draws.n_rows(), draws.n_columns()];
        let path = |stem, extension| folder.join(file_name(stem, index, extension));
        npy::write(path("samples", "npy"), &shape, draws.values())?;
        npy::write_atomically(path("samples", "csv"), &table::csv(draws))?;
        zarr::write(&path("posterior", "zarr"), &groups::groups(self))?;
        if let Some(bytes) = summary::sampler(self.samples) {
            npy::write_atomically(path("sampler", "json"), &bytes)?;
        }
        npy::write_atomically(path("summary", "json"), &summary::json(self.samples))
    }

    fn check(&self) -> Result<()> {
        let (n_draws, n_chains) = (self.samples.draws.n_rows(), self.samples.n_chains);
        if n_chains == 0 || !n_draws.is_multiple_of(n_chains) {
            return Err(Error::invalid(
                "chains",
                format!("{n_draws} draws from {n_chains} chains"),
                "equally many draws from each of at least one chain",
                "Cut the chains to one length.",
            ));
        }
        let expected: usize = self.observation_shape.iter().product();
        if expected != self.observation.len() {
            return Err(Error::invalid(
                "observation",
                format!("{} values", self.observation.len()),
                format!("{expected}, to fill the shape {:?}", self.observation_shape),
                "Give the shape that the observation has.",
            ));
        }
        assert_eq!(
            self.parameters.len(),
            self.samples.draws.n_columns(),
            "one parameter a column"
        );
        Ok(())
    }
}

/// `samples.npy`, or `samples-007.npy` for one of several observations.
pub fn file_name(stem: &str, index: Option<usize>, extension: &str) -> String {
    match index {
        None => format!("{stem}.{extension}"),
        Some(index) => format!("{stem}-{index:03}.{extension}"),
    }
}

#[cfg(test)]
mod tests;
