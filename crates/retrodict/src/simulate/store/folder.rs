//! A folder of finished simulations, read back.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::simulate::store::manifest::Manifest;
use crate::simulate::store::shard::{Place, Shard, ShardFiles};
use crate::simulate::{Failures, Simulations, Status};
use crate::table::Table;

/// A folder with simulations.
#[derive(Debug, Clone)]
pub struct Store {
    folder: PathBuf,
    manifest: Manifest,
}

impl Store {
    /// Opens a folder that has a manifest.
    ///
    /// # Errors
    /// If there is none, or it cannot be used.
    pub fn open(folder: impl AsRef<Path>) -> Result<Self> {
        let folder = folder.as_ref();
        let manifest = Manifest::read(folder)?.ok_or_else(|| {
            Error::file(
                folder.join(Manifest::FILE),
                "does not exist, so the folder holds no simulations",
                "Run `retrodict simulate` first.",
            )
        })?;
        Ok(Self {
            folder: folder.to_path_buf(),
            manifest,
        })
    }

    /// Opens a folder for a campaign that `wanted` describes, and makes it if need be.
    pub(crate) fn create(folder: &Path, wanted: &Manifest) -> Result<Self> {
        std::fs::create_dir_all(folder).map_err(Error::io(folder, "create the folder"))?;
        let manifest = if let Some(found) = Manifest::read(folder)? {
            found.check(wanted, folder)?;
            found
        } else {
            wanted.write(folder)?;
            wanted.clone()
        };
        Ok(Self {
            folder: folder.to_path_buf(),
            manifest,
        })
    }

    /// What the simulations are.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Where they are.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn place(&self, number: usize) -> Place<'_> {
        Place {
            folder: &self.folder,
            number,
            n_parameters: self.manifest.parameters.len(),
            data: &self.manifest.data,
            rows: self.manifest.shard_rows,
        }
    }

    /// The simulations of one shard; `None` if it is not finished.
    ///
    /// # Errors
    /// If one of its files is missing or damaged.
    pub fn read_shard(&self, number: usize) -> Result<Option<Simulations>> {
        let shard = self.place(number).read()?;
        shard.map(|shard| self.simulations(shard)).transpose()
    }

    /// The first `n` simulations, in order.
    ///
    /// # Errors
    /// If a shard is damaged, or they are not all there.
    pub fn read(&self, n: usize) -> Result<Simulations> {
        let mut all = Shard::default();
        for number in 0..n.div_ceil(self.manifest.shard_rows) {
            let needed = (n - all.status.len()).min(self.manifest.shard_rows);
            let place = self.place(number);
            let shard = place.read()?.filter(|shard| shard.status.len() >= needed);
            let shard = shard.ok_or_else(|| unfinished(&place, needed))?;
            all.theta
                .extend(&shard.theta[..needed * place.n_parameters]);
            all.x.extend(&shard.x[..needed * place.length()]);
            all.status.extend(&shard.status[..needed]);
        }
        self.simulations(all)
    }

    /// The files of a shard that holds `needed` rows, whose failures are counted.
    pub(crate) fn open_shard(
        &self,
        number: usize,
        needed: usize,
        failures: &mut Failures,
    ) -> Result<ShardFiles> {
        let place = self.place(number);
        let statuses = place.statuses()?.filter(|found| found.len() >= needed);
        let statuses = statuses.ok_or_else(|| unfinished(&place, needed))?;
        for &status in statuses[..needed].iter().filter(|&&s| s != Status::Ok) {
            *failures.entry(status).or_default() += 1;
        }
        place.files(needed)
    }

    fn simulations(&self, shard: Shard) -> Result<Simulations> {
        let length = self.manifest.data.iter().product();
        Ok(Simulations {
            theta: Table::new(self.manifest.parameters.clone(), shard.theta)?,
            x: Table::numbered("x", length, shard.x)?,
            status: shard.status,
        })
    }
}

fn unfinished(place: &Place<'_>, needed: usize) -> Error {
    Error::file(
        place.path("status.npy"),
        format!("this shard does not yet hold the {needed} simulations it should"),
        "Run `retrodict simulate` to finish the campaign.",
    )
}
