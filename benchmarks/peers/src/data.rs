//! The simulations that every side reads from the same files.

use std::path::Path;

use retrodict::prior::{DistributionConfig, Prior};
use retrodict::simulate::{Simulations, Status, read_rows};
use retrodict::{Error, Result, Table};

/// Rows on which posteriors and networks are trained; test simulations come behind them.
pub(crate) const TRAINING_ROWS: usize = 10_000;

/// The prior of the parameters in the folder's files: independent standard normals, so that no side
/// has to reject a draw.
pub(crate) fn standard_normal_prior(n_parameters: usize) -> Result<Prior> {
    let normal = |j| (format!("theta_{j}"), DistributionConfig::normal(0.0, 1.0));
    Prior::new((1..=n_parameters).map(normal))
}

/// The simulations in `theta.npy` and `x.npy`, all of them valid.
pub(crate) fn read(folder: &Path) -> Result<Simulations> {
    let theta = read_table(folder, "theta")?;
    let x = read_table(folder, "x")?;
    if theta.n_rows() != x.n_rows() {
        return Err(Error::file(
            folder,
            format!("{} rows of θ, {} of x", theta.n_rows(), x.n_rows()),
            "Let the driver write both files again.",
        ));
    }
    let status = vec![Status::Ok; x.n_rows()];
    Ok(Simulations { theta, x, status })
}

fn read_table(folder: &Path, name: &str) -> Result<Table> {
    let table = read_rows(folder.join(format!("{name}.npy")))?;
    Table::numbered(name, table.n_columns(), table.values().to_vec())
}
