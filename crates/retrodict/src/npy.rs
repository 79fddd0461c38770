//! NumPy's `.npy` format, read and written (versions 1.0 to 3.0, C order, numeric types).

mod kind;
mod row_file;

use std::fs;
use std::path::Path;

use self::kind::Kind;
pub use self::row_file::{RowFile, RowReader};
use crate::error::{Error, Result};

/// An array as it stands in a `.npy` file: its shape, and its values in C order.
#[derive(Debug, Clone, PartialEq)]
pub struct Array {
    /// The length along each axis.
    pub shape: Vec<usize>,
    /// The values, the last axis running fastest.
    pub values: Vec<f64>,
}

const MAGIC: &[u8] = b"\x93NUMPY";

/// Writes `values` (C order) as little-endian `f64`, atomically: to a temporary name, synced, renamed.
pub fn write(path: impl AsRef<Path>, shape: &[usize], values: &[f64]) -> Result<()> {
    assert_eq!(
        shape.iter().product::<usize>(),
        values.len(),
        "the shape fits the values"
    );
    let mut bytes = header("<f8", shape);
    bytes.extend(values.iter().flat_map(|v| v.to_le_bytes()));
    write_atomically(path, &bytes)
}

/// Writes bytes as a one-dimensional array of `u8`, atomically.
pub fn write_bytes(path: impl AsRef<Path>, values: &[u8]) -> Result<()> {
    let mut bytes = header("|u1", &[values.len()]);
    bytes.extend_from_slice(values);
    write_atomically(path, &bytes)
}

/// Writes a file so that a reader sees the old content or the new, never a half: temporary name,
/// fsync, rename.
pub fn write_atomically(path: impl AsRef<Path>, bytes: &[u8]) -> Result<()> {
    use std::io::Write;
    let path = path.as_ref();
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".tmp-{}", std::process::id()));
    let temporary = path.with_file_name(name);
    let write = || -> std::io::Result<()> {
        let mut file = fs::File::create(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&temporary, path)
    };
    write().map_err(Error::io(path, "write"))
}

/// Reads an array of any real numeric type.
///
/// # Errors
/// If the file cannot be read, is no `.npy` file, is cut short, is in Fortran order with more than
/// one axis, or holds objects, text or complex numbers.
pub fn read(path: impl AsRef<Path>) -> Result<Array> {
    let path = path.as_ref();
    let bytes = fs::read(path).map_err(Error::io(path, "read"))?;
    parse(&bytes).map_err(|problem| {
        Error::file(
            path,
            problem,
            "Write it with `numpy.save` from an array of numbers.",
        )
    })
}

/// Reads an array from the bytes of a `.npy` file; the error says what is wrong with them.
pub fn parse(bytes: &[u8]) -> std::result::Result<Array, String> {
    let layout = Layout::parse(bytes)?;
    let Layout { kind, shape, .. } = layout;
    let (n, data) = (count(&shape)?, &bytes[layout.start..]);
    let found = data.len() / kind.width();
    if found < n {
        return Err(cut_short(found, n, &shape));
    }
    let mut values = Vec::with_capacity(n);
    kind.decode(&data[..n * kind.width()], &mut values);
    Ok(Array { shape, values })
}

/// What the header of a `.npy` file says: the type and shape of the array, and where it starts.
#[derive(Debug)]
struct Layout {
    kind: Kind,
    shape: Vec<usize>,
    start: usize,
}

impl Layout {
    fn parse(bytes: &[u8]) -> std::result::Result<Self, String> {
        let not_npy = || "not a `.npy` file: it does not start with NumPy's mark".to_string();
        let rest = bytes.strip_prefix(MAGIC).ok_or_else(not_npy)?;
        let short = || "cut short within the header".to_string();
        let (&major, rest) = rest.split_first().ok_or_else(short)?;
        let rest = rest.get(1..).ok_or_else(short)?;
        let (length, rest) = if major == 1 {
            let (head, rest) = rest.split_first_chunk::<2>().ok_or_else(short)?;
            (usize::from(u16::from_le_bytes(*head)), rest)
        } else {
            let (head, rest) = rest.split_first_chunk::<4>().ok_or_else(short)?;
            (u32::from_le_bytes(*head) as usize, rest)
        };
        let text = rest.get(..length).ok_or_else(short)?;
        let text =
            std::str::from_utf8(text).map_err(|_| "a header that is not text".to_string())?;
        let (kind, fortran, shape) = parse_header(text)?;
        if fortran && shape.iter().filter(|&&n| n > 1).count() > 1 {
            return Err("in Fortran order; expected C order (`numpy.ascontiguousarray`)".into());
        }
        Ok(Self {
            kind: Kind::parse(&kind)?,
            shape,
            start: bytes.len() - rest.len() + length,
        })
    }
}

fn count(shape: &[usize]) -> std::result::Result<usize, String> {
    let n = shape
        .iter()
        .try_fold(1_usize, |n, &axis| n.checked_mul(axis));
    n.ok_or_else(|| format!("an impossible shape {shape:?}"))
}

fn cut_short(found: usize, n: usize, shape: &[usize]) -> String {
    format!("cut short: {found} of the {n} values that its shape {shape:?} promises")
}

fn header(kind: &str, shape: &[usize]) -> Vec<u8> {
    let axes: Vec<String> = shape.iter().map(ToString::to_string).collect();
    let axes = if axes.len() == 1 {
        format!("{},", axes[0])
    } else {
        axes.join(", ")
    };
    let mut text = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': ({axes}), }}");
    // NumPy aligns the data to 64 bytes, the newline included.
    let unpadded = MAGIC.len() + 4 + text.len() + 1;
    text.extend(std::iter::repeat_n(
        ' ',
        unpadded.next_multiple_of(64) - unpadded,
    ));
    text.push('\n');
    let mut bytes = MAGIC.to_vec();
    bytes.extend([1, 0]);
    bytes.extend((text.len() as u16).to_le_bytes());
    bytes.extend(text.as_bytes());
    bytes
}

fn parse_header(text: &str) -> std::result::Result<(String, bool, Vec<usize>), String> {
    let field = |key: &str| {
        let from = text.find(&format!("'{key}'"))? + key.len() + 2;
        Some(text[from..].trim_start().strip_prefix(':')?.trim_start())
    };
    let missing = |key: &str| format!("a header without a readable `{key}`");
    let kind = field("descr").ok_or_else(|| missing("descr"))?;
    let kind = kind
        .strip_prefix('\'')
        .and_then(|k| k.split_once('\''))
        .ok_or("an array of records; expected an array of numbers")?
        .0;
    let order = field("fortran_order").ok_or_else(|| missing("fortran_order"))?;
    let shape = field("shape").ok_or_else(|| missing("shape"))?;
    let axes = shape
        .strip_prefix('(')
        .and_then(|s| s.split_once(')'))
        .ok_or_else(|| missing("shape"))?
        .0;
    let shape: std::result::Result<Vec<usize>, _> = axes
        .split(',')
        .map(str::trim)
        .filter(|n| !n.is_empty())
        .map(str::parse::<usize>)
        .collect();
    let shape = shape.map_err(|_| missing("shape"))?;
    Ok((kind.to_string(), order.starts_with("True"), shape))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.npy");
        for shape in [vec![], vec![3], vec![2, 3], vec![0, 4]] {
            let n = shape.iter().product();
            let values: Vec<f64> = (0..n).map(|i| i as f64 / 3.0).collect();
            write(&path, &shape, &values).unwrap();
            assert_eq!(read(&path).unwrap(), Array { shape, values });
        }
    }

    #[test]
    fn every_prefix_of_a_file_is_an_error_and_no_panic() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.npy");
        write(&path, &[2, 2], &[1.0, 2.0, 3.0, 4.0]).unwrap();
        let bytes = fs::read(&path).unwrap();
        for n in 0..bytes.len() {
            assert!(parse(&bytes[..n]).is_err());
        }
    }

    proptest::proptest! {
        #[test]
        fn damaged_bytes_never_panic(position in 0_usize..160, byte: u8) {
            let mut bytes = header("<f8", &[2, 2]);
            bytes.extend([0; 32]);
            let position = position % bytes.len();
            bytes[position] = byte;
            let _ = parse(&bytes);
        }
    }
}
