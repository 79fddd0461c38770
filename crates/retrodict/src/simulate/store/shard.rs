//! One shard: three arrays, whole or absent.

use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::npy::{self, RowFile};
use crate::simulate::Status;

/// The rows of a shard.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shard {
    pub(crate) theta: Vec<f64>,
    pub(crate) x: Vec<f64>,
    pub(crate) status: Vec<Status>,
}

/// The files of a finished shard, to be read some rows at a time.
#[derive(Debug)]
pub(crate) struct ShardFiles {
    theta: RowFile,
    x: RowFile,
    status: RowFile,
}

/// Where a shard is and what a row of it holds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) folder: &'a Path,
    pub(crate) number: usize,
    pub(crate) n_parameters: usize,
    pub(crate) data: &'a [usize],
    /// The most rows that it may have.
    pub(crate) rows: usize,
}

const ADVICE: &str = "Remove the files of this shard and run again: only its rows are simulated.";

impl Place<'_> {
    /// One of its files: `shard-000000.theta.npy`.
    pub(crate) fn path(&self, what: &str) -> PathBuf {
        self.folder.join(format!("shard-{:06}.{what}", self.number))
    }

    /// The length of one row of data.
    pub(crate) fn length(&self) -> usize {
        self.data.iter().product()
    }

    /// Reads the shard; `None` if it is not finished.
    pub(crate) fn read(&self) -> Result<Option<Shard>> {
        let path = self.path("status.npy");
        if !path.exists() {
            return Ok(None);
        }
        let status = self.read_status(&path)?;
        let n = status.len();
        let theta = self.read_rows("theta.npy", n, &[self.n_parameters])?;
        let x = self.read_rows("x.npy", n, self.data)?;
        let shard = Shard { theta, x, status };
        self.check_values(&shard, 0)?;
        Ok(Some(shard))
    }

    /// What became of each simulation; `None` if the shard is not finished.
    pub(crate) fn statuses(&self) -> Result<Option<Vec<Status>>> {
        let path = self.path("status.npy");
        path.exists().then(|| self.read_status(&path)).transpose()
    }

    /// The files of a shard with `n` rows or more.
    pub(crate) fn files(&self, n: usize) -> Result<ShardFiles> {
        let open = |what: &str, row: &[usize]| {
            let file = RowFile::open(self.path(what))?;
            self.check_shape(file.path(), file.shape(), n, row)?;
            Ok(file)
        };
        Ok(ShardFiles {
            theta: open("theta.npy", &[self.n_parameters])?,
            x: open("x.npy", self.data)?,
            status: open("status.npy", &[])?,
        })
    }

    /// Some rows of a finished shard, counted within it.
    pub(crate) fn read_part(&self, files: &ShardFiles, rows: Range<usize>) -> Result<Shard> {
        let (mut shard, mut codes) = (Shard::default(), Vec::new());
        let first = rows.start;
        for (file, out) in [
            (&files.theta, &mut shard.theta),
            (&files.x, &mut shard.x),
            (&files.status, &mut codes),
        ] {
            out.reserve(rows.len() * file.row_length());
            file.reader()?.read(rows.clone(), out)?;
        }
        shard.status = known_statuses(files.status.path(), &codes)?;
        self.check_values(&shard, first)?;
        Ok(shard)
    }

    fn read_status(&self, path: &Path) -> Result<Vec<Status>> {
        let array = npy::read(path)?;
        if array.shape.len() != 1 || array.values.len() > self.rows {
            let problem = format!(
                "has shape {:?}, expected at most {} rows",
                array.shape, self.rows
            );
            return Err(Error::file(path, problem, ADVICE));
        }
        known_statuses(path, &array.values)
    }

    /// The first `n` rows of an array: one that was about to grow may have more than the status.
    fn read_rows(&self, what: &str, n: usize, row: &[usize]) -> Result<Vec<f64>> {
        let path = self.path(what);
        let mut array = npy::read(&path)?;
        self.check_shape(&path, &array.shape, n, row)?;
        array.values.truncate(n * row.iter().product::<usize>());
        Ok(array.values)
    }

    fn check_shape(&self, path: &Path, shape: &[usize], n: usize, row: &[usize]) -> Result<()> {
        let fits = shape
            .split_first()
            .is_some_and(|(&rows, rest)| (n..=self.rows).contains(&rows) && rest == row);
        if fits {
            return Ok(());
        }
        let problem = format!("has shape {shape:?}, expected {n} rows of shape {row:?}");
        Err(Error::file(path, problem, ADVICE))
    }

    /// Parameters are finite; data are finite exactly where a simulation succeeded. The rows start
    /// at `first`.
    fn check_values(&self, shard: &Shard, first: usize) -> Result<()> {
        if shard.theta.iter().any(|v| !v.is_finite()) {
            let problem = "holds parameters that are not finite";
            return Err(Error::file(self.path("theta.npy"), problem, ADVICE));
        }
        let rows = shard.x.chunks_exact(self.length()).zip(&shard.status);
        let wrong = |(x, status): (&[f64], &Status)| {
            if *status == Status::Ok {
                x.iter().any(|v| !v.is_finite())
            } else {
                x.iter().any(|v| !v.is_nan())
            }
        };
        if let Some(row) = rows.into_iter().position(wrong) {
            let problem = format!(
                "row {}, which {}, holds {}",
                first + row,
                shard.status[row].words(),
                if shard.status[row] == Status::Ok {
                    "a value that is not finite"
                } else {
                    "data"
                }
            );
            return Err(Error::file(self.path("x.npy"), problem, ADVICE));
        }
        Ok(())
    }

    /// Writes the shard; the status comes last and says that the rest is there.
    pub(crate) fn write(&self, shard: &Shard) -> Result<()> {
        let n = shard.status.len();
        let shape = [&[n], self.data].concat();
        let status: Vec<u8> = shard.status.iter().map(|&s| s as u8).collect();
        npy::write(
            self.path("theta.npy"),
            &[n, self.n_parameters],
            &shard.theta,
        )?;
        npy::write(self.path("x.npy"), &shape, &shard.x)?;
        npy::write_bytes(self.path("status.npy"), &status)
    }
}

fn known_statuses(path: &Path, codes: &[f64]) -> Result<Vec<Status>> {
    let code = |&v: &f64| Status::from_code(v as u8).filter(|s| f64::from(*s as u8) == v);
    let known: Option<Vec<Status>> = codes.iter().map(code).collect();
    known.ok_or_else(|| Error::file(path, "holds a status that does not exist", ADVICE))
}
