//! Simulations that exist already, in `.npy` files that need not fit into memory.

use std::ops::Range;
use std::path::Path;

use rayon::prelude::*;

use super::blocks::empty;
use super::picked::Picked;
use super::{Blocks, SimulationSource};
use crate::error::{Error, Result};
use crate::npy::RowFile;
use crate::prior::Prior;
use crate::simulate::{Failures, Simulations, Status};
use crate::table::Table;

/// Rows of a `.npy` file of parameters and one of data, read when they are asked for. Rows whose
/// data are not finite count as failed.
#[derive(Debug, Clone)]
pub struct GivenSimulations {
    theta: RowFile,
    x: RowFile,
    parameters: Vec<String>,
    data: Vec<String>,
    picked: Picked,
    failures: Failures,
}

impl GivenSimulations {
    /// Opens the files and passes over them once; `data` are the names of the columns of x. Of the
    /// rows that are not in `without`, `n` are taken, evenly spread; all if it is absent.
    ///
    /// # Errors
    /// If the files cannot be read or do not belong together, they hold too few rows, or a row of
    /// parameters is outside the prior's support.
    pub fn open(
        [theta, x]: [&Path; 2],
        prior: &Prior,
        data: Vec<String>,
        (n, without): (Option<usize>, Vec<usize>),
    ) -> Result<Self> {
        let (theta, x) = (RowFile::open(theta)?, RowFile::open(x)?);
        let parameters = prior.names();
        check_shapes(&theta, &x, [parameters.len(), data.len()])?;
        let total = theta.n_rows();
        let n = n.unwrap_or(total.saturating_sub(without.len()));
        let mut given = Self {
            theta,
            x,
            parameters,
            data,
            picked: Picked::rest(total, without, n),
            failures: Failures::new(),
        };
        given.failures = given.survey(prior)?;
        Ok(given)
    }

    /// Checks every row that is used and counts those without data.
    fn survey(&self, prior: &Prior) -> Result<Failures> {
        let blocks = Blocks::of(self);
        let counts = (0..blocks.count()).into_par_iter().map(|block| {
            let (rows, mut found) = (blocks.rows(block), empty(self)?);
            self.read(rows.clone(), &mut found)?;
            self.check_support(&found.theta, rows.start, prior)?;
            Ok(found.failures())
        });
        counts.try_reduce(Failures::new, |mut all, block| {
            for (status, n) in block {
                *all.entry(status).or_default() += n;
            }
            Ok(all)
        })
    }

    fn check_support(&self, theta: &Table, first: usize, prior: &Prior) -> Result<()> {
        let outside = |row: &[f64]| row.iter().any(|v| !v.is_finite()) || !prior.contains(row);
        let Some((i, row)) = theta.rows().enumerate().find(|(_, row)| outside(row)) else {
            return Ok(());
        };
        let row_number = self.picked.position(first + i) + 1;
        Err(Error::file(
            self.theta.path(),
            format!("row {row_number} is outside the prior: {row:?}"),
            "State the prior from which these parameters were drawn, or remove the row from both files.",
        ))
    }

    /// The rows at these positions of the files, in this order.
    ///
    /// # Errors
    /// If they cannot be read.
    pub fn rows(&self, positions: &[usize]) -> Result<Simulations> {
        let mut found = empty(self)?;
        for run in positions.chunk_by(|a, b| a + 1 == *b) {
            self.read_run(run[0]..run[0] + run.len(), &mut found)?;
        }
        Ok(found)
    }

    fn read_run(&self, rows: Range<usize>, out: &mut Simulations) -> Result<()> {
        let mut theta = self.theta.reader()?;
        let mut x = self.x.reader()?;
        self.read_through([&mut theta, &mut x], rows, out)
    }

    fn read_through(
        &self,
        [theta, x]: [&mut crate::npy::RowReader<'_>; 2],
        rows: Range<usize>,
        out: &mut Simulations,
    ) -> Result<()> {
        let (n, width) = (rows.len(), self.data.len());
        let mut parameters = Vec::with_capacity(n * self.parameters.len());
        theta.read(rows.clone(), &mut parameters)?;
        let mut values = Vec::with_capacity(n * width);
        x.read(rows, &mut values)?;
        for row in values.chunks_exact_mut(width) {
            let finite = row.iter().all(|v| v.is_finite());
            out.status.push(if finite {
                Status::Ok
            } else {
                Status::NotFinite
            });
            if !finite {
                row.fill(f64::NAN);
            }
        }
        out.theta.append(|all| all.append(&mut parameters));
        out.x.append(|all| all.append(&mut values));
        Ok(())
    }
}

impl SimulationSource for GivenSimulations {
    fn parameters(&self) -> &[String] {
        &self.parameters
    }

    fn data(&self) -> &[String] {
        &self.data
    }

    fn n_rows(&self) -> usize {
        self.picked.len()
    }

    fn read(&self, rows: Range<usize>, block: &mut Simulations) -> Result<()> {
        let (mut theta, mut x) = (self.theta.reader()?, self.x.reader()?);
        let positions: Vec<usize> = rows.map(|i| self.picked.position(i)).collect();
        for run in positions.chunk_by(|a, b| a + 1 == *b) {
            self.read_through([&mut theta, &mut x], run[0]..run[0] + run.len(), block)?;
        }
        Ok(())
    }

    fn failures(&self) -> Result<Failures> {
        Ok(self.failures.clone())
    }
}

fn check_shapes(theta: &RowFile, x: &RowFile, widths: [usize; 2]) -> Result<()> {
    for (file, expected) in [(theta, widths[0]), (x, widths[1])] {
        if file.row_length() != expected {
            return Err(Error::file(
                file.path(),
                format!("has {} columns, expected {expected}", file.row_length()),
                "Give one column for each parameter and one for each number of an observation.",
            ));
        }
    }
    if theta.n_rows() != x.n_rows() {
        return Err(Error::file(
            x.path(),
            format!(
                "has {} rows, but {} has {}",
                x.n_rows(),
                theta.path().display(),
                theta.n_rows()
            ),
            "Give one row of data for each row of parameters.",
        ));
    }
    Ok(())
}
