//! Draws as one file, where the user wants them.

use std::path::Path;

use super::export::table;
use crate::error::{Error, Result};
use crate::npy;
use crate::table::Table;

/// The table as CSV: a header of column names, then numbers that read back to the same bits.
pub fn to_csv(draws: &Table) -> String {
    String::from_utf8(table::csv(draws)).expect("names and numbers are text")
}

/// Writes a table as `.csv` or as `.npy` (`f64`, rows × columns), by the ending of the name.
///
/// # Errors
/// If the name ends otherwise, or the file cannot be written.
pub fn write_table(path: impl AsRef<Path>, draws: &Table) -> Result<()> {
    let path = path.as_ref();
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("npy") => npy::write(path, &[draws.n_rows(), draws.n_columns()], draws.values()),
        Some("csv") => npy::write_atomically(path, &table::csv(draws)),
        _ => Err(Error::invalid(
            "the name of the file for draws",
            path.display(),
            "a name that ends in .csv or .npy",
            "Choose one of the two formats.",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ending_of_the_name_decides_the_format() {
        let folder = tempfile::tempdir().unwrap();
        let draws = Table::new(["a", "b"], vec![0.1, -2.0]).unwrap();
        let path = |name: &str| folder.path().join(name);
        write_table(path("d.csv"), &draws).unwrap();
        assert_eq!(
            std::fs::read_to_string(path("d.csv")).unwrap(),
            to_csv(&draws)
        );
        write_table(path("d.npy"), &draws).unwrap();
        assert_eq!(npy::read(path("d.npy")).unwrap().shape, [1, 2]);
        assert!(write_table(path("d.txt"), &draws).is_err());
    }
}
