//! Rows of numbers from a file.

use std::path::Path;

use crate::error::{Error, Result};
use crate::npy::{self, Array};
use crate::simulate::files::npz;
use crate::table::Table;

const FORMATS: &str = "Give a `.csv`, `.npy` or `.npz` file.";

/// Reads a table with one row a simulation: CSV (with or without a header), `.npy` or `.npz` with
/// one array.
///
/// The first axis of an array counts the rows, all others are a row; an array with one axis is a
/// column. Columns without a header are called `column_1`, `column_2`, …. `NaN`, `inf` and, in CSV,
/// `NA` are numbers.
///
/// # Errors
/// If the file cannot be read, is of another kind, is damaged, has no column, or has rows of
/// different lengths or cells that are no numbers; the message names row and column, from one.
pub fn read_rows(path: impl AsRef<Path>) -> Result<Table> {
    let path = path.as_ref();
    match extension(path).as_str() {
        "npy" | "npz" => table(path, &read_array(path)?),
        _ => read_csv(path),
    }
}

pub(super) fn extension(path: &Path) -> String {
    let extension = path.extension().unwrap_or_default();
    extension.to_string_lossy().to_ascii_lowercase()
}

/// The array of a `.npy` file, or the only one of a `.npz` file.
pub(super) fn read_array(path: &Path) -> Result<Array> {
    if extension(path) == "npy" {
        return npy::read(path);
    }
    let bytes = std::fs::read(path).map_err(Error::io(path, "read"))?;
    let advice = "Write it with `numpy.savez` from one array of numbers.";
    let mut arrays = npz::parse(&bytes).map_err(|problem| Error::file(path, problem, advice))?;
    if let (Some((_, array)), true) = (arrays.pop(), arrays.is_empty()) {
        return Ok(array);
    }
    let names: Vec<String> = arrays.into_iter().map(|(name, _)| name).collect();
    let problem = format!(
        "holds more arrays than one or none ({}…), so it is not clear which is meant",
        names.join(", ")
    );
    Err(Error::file(path, problem, advice))
}

fn table(path: &Path, array: &Array) -> Result<Table> {
    let n_columns = match array.shape.split_first() {
        Some((_, rest)) => rest.iter().product(),
        None => 0,
    };
    if n_columns == 0 {
        let problem = format!(
            "an array of shape {:?}; expected rows × columns",
            array.shape
        );
        return Err(Error::file(path, problem, "Save a table of numbers."));
    }
    Table::numbered("column", n_columns, array.values.clone())
}

/// Reads comma-separated numbers; a first row without a single number is the header.
pub(super) fn read_csv(path: &Path) -> Result<Table> {
    let bytes = std::fs::read(path).map_err(Error::io(path, "read"))?;
    let wrong = |problem: String, advice: &str| Error::file(path, problem, advice);
    if bytes.contains(&0) {
        return Err(wrong("not a text file".into(), FORMATS));
    }
    // Excel marks UTF-8 with three bytes.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(csv::Trim::All)
        .comment(Some(b'#'))
        .from_reader(bytes);
    let (mut header, mut values, mut n_columns) = (None, Vec::new(), 0);
    for (i, record) in reader.records().enumerate() {
        let record =
            record.map_err(|e| wrong(format!("not comma-separated text: {e}"), FORMATS))?;
        if i == 0 {
            n_columns = record.len();
            if record.iter().all(|cell| number(cell).is_none()) {
                header = Some(record.iter().map(String::from).collect::<Vec<_>>());
                continue;
            }
        }
        let line = record.position().map_or(i as u64 + 1, csv::Position::line);
        if record.len() != n_columns {
            let problem = format!(
                "line {line} has {} columns, expected {n_columns} as in the first",
                record.len()
            );
            return Err(wrong(
                problem,
                "Give the same number of columns in every row.",
            ));
        }
        for (j, cell) in record.iter().enumerate() {
            values.push(number(cell).ok_or_else(|| {
                let problem = format!("line {line}, column {}: `{cell}` is no number", j + 1);
                wrong(
                    problem,
                    "Write numbers with a decimal point, separated by commas.",
                )
            })?);
        }
    }
    match header {
        _ if n_columns == 0 => Err(wrong("holds no numbers".into(), FORMATS)),
        Some(names) => Table::new(names, values)
            .map_err(|e| wrong(format!("a header that cannot be used: {e}"), FORMATS)),
        None => Table::numbered("column", n_columns, values),
    }
}

fn number(cell: &str) -> Option<f64> {
    if cell == "NA" {
        return Some(f64::NAN);
    }
    cell.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Table> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        std::fs::write(&path, text).unwrap();
        read_rows(&path)
    }

    #[test]
    fn csv_is_read_with_and_without_a_header() {
        for (text, names) in [
            ("1,2\n3,4\n", ["column_1", "column_2"]),
            ("a, b\n1, 2\r\n3 ,4", ["a", "b"]),
            ("\u{feff}a,b\n# a remark\n\n1,2\n3,4e0\n", ["a", "b"]),
        ] {
            let table = read(text).unwrap();
            assert_eq!(table.names(), names);
            assert_eq!(table.values(), [1.0, 2.0, 3.0, 4.0]);
        }
        assert!(
            read("1,NaN\nNA,-inf").unwrap().values()[1..3]
                .iter()
                .all(|v| v.is_nan())
        );
        assert_eq!(read("a,b\n").unwrap().n_rows(), 0);
    }

    #[test]
    fn wrong_csv_is_refused_with_the_place() {
        for (text, part) in [
            ("", "holds no numbers"),
            ("1,2\n3\n", "line 2 has 1 columns, expected 2"),
            ("a,b\n1,2\n3,x\n", "line 3, column 2: `x` is no number"),
            ("a,a\n1,2\n", "`a` twice"),
            ("1;2\n3;4\n", "line 2, column 1: `3;4`"),
            ("PK\x03\x04\0\0", "not a text file"),
        ] {
            let message = read(text).unwrap_err().to_string();
            assert!(message.contains(part), "{text:?}: {message}");
        }
    }

    #[test]
    fn arrays_of_any_shape_are_rows() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.npy");
        for (shape, n_columns) in [(vec![6], 1), (vec![2, 3], 3), (vec![1, 3, 2], 6)] {
            npy::write(&path, &shape, &[1.0; 6]).unwrap();
            assert_eq!(read_rows(&path).unwrap().n_columns(), n_columns);
        }
        npy::write(&path, &[], &[1.0]).unwrap();
        assert!(
            read_rows(&path)
                .unwrap_err()
                .to_string()
                .contains("shape []")
        );
        npy::write(&path, &[3, 0], &[]).unwrap();
        assert!(read_rows(&path).is_err());
        let two = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/stored.npz");
        let message = read_rows(two).unwrap_err().to_string();
        assert!(message.contains("more arrays than one"), "{message}");
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_a_table_or_an_error(text in "[ -~\n\r]{0,60}") {
            let _ = read(&text);
        }
    }
}
