//! A `.npy` file that is read some rows at a time.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::{Kind, Layout, count, cut_short};
use crate::error::{Error, Result};

/// No header that NumPy writes has more bytes.
const LONGEST_HEADER: u64 = 1 << 17;
/// Bytes that are read and decoded at a time: small enough to stay in the nearest cache.
const PIECE: usize = 1 << 16;

/// A `.npy` file of which only the header has been read; the first axis counts the rows.
///
/// Rows are read at their position in the file, not through a memory map: that needs no `unsafe`, and
/// a file that someone cuts short meanwhile is an error and not the death of the process.
#[derive(Debug, Clone)]
pub struct RowFile {
    path: PathBuf,
    kind: Kind,
    start: u64,
    shape: Vec<usize>,
    row_length: usize,
}

impl RowFile {
    /// Reads the header of a file.
    ///
    /// # Errors
    /// As [`super::read`], and if the array has no axis.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let mut file = File::open(path).map_err(Error::io(path, "read"))?;
        let mut head = Vec::new();
        Read::by_ref(&mut file)
            .take(LONGEST_HEADER)
            .read_to_end(&mut head)
            .map_err(Error::io(path, "read"))?;
        let size = file.metadata().map_err(Error::io(path, "read"))?.len();
        Self::understand(path, &head, size).map_err(|problem| {
            let advice = "Write it with `numpy.save` from an array of numbers.";
            Error::file(path, problem, advice)
        })
    }

    fn understand(path: &Path, head: &[u8], size: u64) -> std::result::Result<Self, String> {
        let Layout { kind, shape, start } = Layout::parse(head)?;
        let n = count(&shape)?;
        let found = (size.saturating_sub(start as u64) / kind.width() as u64) as usize;
        if found < n {
            return Err(cut_short(found, n, &shape));
        }
        let Some((_, row)) = shape.split_first() else {
            return Err("an array of shape []; expected rows × columns".into());
        };
        let row_length = count(row)?;
        Ok(Self {
            path: path.to_path_buf(),
            kind,
            start: start as u64,
            shape,
            row_length,
        })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The length along each axis.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// How many rows there are.
    pub fn n_rows(&self) -> usize {
        self.shape[0]
    }

    /// How many numbers a row has.
    pub fn row_length(&self) -> usize {
        self.row_length
    }

    /// The file, open for reading. Nothing is held open in between: a campaign may have more shards
    /// than a process may have open files.
    ///
    /// # Errors
    /// If it cannot be opened.
    pub fn reader(&self) -> Result<RowReader<'_>> {
        let file = File::open(&self.path).map_err(Error::io(&self.path, "read"))?;
        Ok(RowReader {
            of: self,
            file,
            piece: Vec::new(),
        })
    }
}

/// An open [`RowFile`].
#[derive(Debug)]
pub struct RowReader<'a> {
    of: &'a RowFile,
    file: File,
    piece: Vec<u8>,
}

impl RowReader<'_> {
    /// Adds the numbers of these rows to `out`.
    ///
    /// # Errors
    /// If the file cannot be read, or has become shorter.
    pub fn read(&mut self, rows: Range<usize>, out: &mut Vec<f64>) -> Result<()> {
        assert!(rows.end <= self.of.n_rows(), "a row that is not there");
        let bytes = self.of.row_length * self.of.kind.width();
        let start = self.of.start + (rows.start * bytes) as u64;
        let problem = || Error::io(&self.of.path, "read");
        self.file.seek(SeekFrom::Start(start)).map_err(problem())?;
        let mut left = rows.len() * bytes;
        while left > 0 {
            self.piece.resize(left.min(PIECE), 0);
            self.file.read_exact(&mut self.piece).map_err(problem())?;
            self.of.kind.decode(&self.piece, out);
            left -= self.piece.len();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::npy;

    #[test]
    fn any_rows_are_those_of_the_whole_array() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.npy");
        // More than one piece, and pieces that end within a row.
        let values: Vec<f64> = (0..3 * 7 * 2000).map(|i| f64::from(i) / 7.0).collect();
        npy::write(&path, &[2000, 3, 7], &values).unwrap();
        let file = RowFile::open(&path).unwrap();
        assert_eq!((file.n_rows(), file.row_length()), (2000, 21));
        let mut reader = file.reader().unwrap();
        for rows in [0..2000, 5..6, 1999..2000, 40..40, 3..1500] {
            let mut out = vec![-1.0];
            reader.read(rows.clone(), &mut out).unwrap();
            assert_eq!(out[0], -1.0);
            assert_eq!(out[1..], values[rows.start * 21..rows.end * 21]);
        }
    }

    #[test]
    fn every_type_is_read_as_the_whole_file_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.npy");
        for (kind, width) in [("<f8", 8), (">f4", 4), ("<i2", 2), ("|u1", 1), (">i8", 8)] {
            let mut bytes = npy::header(kind, &[5, 3]);
            bytes.extend((0..15 * width).map(|i| (i * 7 % 120) as u8));
            std::fs::write(&path, &bytes).unwrap();
            let mut out = Vec::new();
            let file = RowFile::open(&path).unwrap();
            file.reader().unwrap().read(1..4, &mut out).unwrap();
            assert_eq!(out, npy::read(&path).unwrap().values[3..12], "{kind}");
        }
    }

    #[test]
    fn a_file_that_is_cut_short_is_an_error_before_and_while_it_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.npy");
        npy::write(&path, &[100, 2], &[0.5; 200]).unwrap();
        let file = RowFile::open(&path).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(&path, &bytes[..bytes.len() - 8]).unwrap();
        let message = RowFile::open(&path).unwrap_err().to_string();
        assert!(message.contains("cut short: 199 of the 200"), "{message}");
        let mut reader = file.reader().unwrap();
        assert!(reader.read(0..99, &mut Vec::new()).is_ok());
        assert!(reader.read(0..100, &mut Vec::new()).is_err());
    }
}
