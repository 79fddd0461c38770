//! The simulations of a shard that is not finished: an append-only file of records.
//!
//! A record is the row's position in the shard (`u64`), its status (`u8`), its data (`f64`s) and a
//! checksum (`u64`), all little endian. Records have one length, so one that was cut short by a kill
//! damages no other.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::simulate::Status;

/// Finished rows, in the order in which they were finished.
#[derive(Debug)]
pub(crate) struct Journal {
    path: PathBuf,
    file: Option<File>,
    length: usize,
}

/// A row as it was recorded.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Record {
    pub(crate) position: usize,
    pub(crate) status: Status,
    pub(crate) x: Vec<f64>,
}

impl Journal {
    /// A journal of rows of `length` values, and what is in it already. The file is made with the
    /// first record.
    pub(crate) fn open(path: &Path, length: usize) -> Result<(Self, Vec<Record>)> {
        let journal = Self {
            path: path.to_path_buf(),
            file: None,
            length,
        };
        let bytes = match std::fs::read(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            other => other.map_err(Error::io(path, "read"))?,
        };
        let whole = bytes.len() - bytes.len() % journal.record_length();
        if whole < bytes.len() {
            let shorten = || {
                OpenOptions::new()
                    .write(true)
                    .open(path)?
                    .set_len(whole as u64)
            };
            shorten().map_err(Error::io(path, "shorten"))?;
        }
        let records = bytes[..whole].chunks_exact(journal.record_length());
        let records = records.filter_map(decode).collect();
        Ok((journal, records))
    }

    fn record_length(&self) -> usize {
        8 + 1 + 8 * self.length + 8
    }

    /// Adds rows at these positions.
    pub(crate) fn append(
        &mut self,
        positions: &[usize],
        status: &[Status],
        x: &[f64],
    ) -> Result<()> {
        let mut bytes = Vec::with_capacity(positions.len() * self.record_length());
        for ((position, status), x) in positions.iter().zip(status).zip(x.chunks(self.length)) {
            let start = bytes.len();
            bytes.extend((*position as u64).to_le_bytes());
            bytes.push(*status as u8);
            bytes.extend(x.iter().flat_map(|v| v.to_le_bytes()));
            let sum = checksum(&bytes[start..]);
            bytes.extend(sum.to_le_bytes());
        }
        let write = |file: &mut Option<File>| {
            if file.is_none() {
                let open = OpenOptions::new()
                    .create(true)
                    .append(true)
                    .open(&self.path);
                *file = Some(open?);
            }
            file.as_mut().map_or(Ok(()), |file| file.write_all(&bytes))
        };
        write(&mut self.file).map_err(Error::io(&self.path, "write"))
    }
}

/// A record, unless it is damaged: then its row is simulated again.
fn decode(bytes: &[u8]) -> Option<Record> {
    let (body, sum) = bytes.split_last_chunk::<8>()?;
    if checksum(body).to_le_bytes() != *sum {
        return None;
    }
    let (position, rest) = body.split_first_chunk::<8>()?;
    let (code, data) = rest.split_first()?;
    let value = |b: &[u8]| f64::from_le_bytes(b.try_into().expect("eight bytes"));
    Some(Record {
        position: usize::try_from(u64::from_le_bytes(*position)).ok()?,
        status: Status::from_code(*code)?,
        x: data.chunks_exact(8).map(value).collect(),
    })
}

/// FNV-1a, 64 bits: finds torn and overwritten records (Fowler, Noll and Vo, RFC 9923).
fn checksum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_prefix_and_every_damage_keeps_the_other_records() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.partial");
        let (mut journal, none) = Journal::open(&path, 2).unwrap();
        assert!(none.is_empty());
        let status = [Status::Ok, Status::Failed, Status::Ok];
        let x = [1.0, 2.0, f64::NAN, f64::NAN, 5.0, 6.0];
        journal.append(&[4, 0, 7], &status, &x).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        let record = bytes.len() / 3;
        for n in 0..bytes.len() {
            std::fs::write(&path, &bytes[..n]).unwrap();
            let (_, records) = Journal::open(&path, 2).unwrap();
            assert_eq!(records.len(), n / record);
            assert_eq!(std::fs::metadata(&path).unwrap().len() as usize % record, 0);
            let mut damaged = bytes.clone();
            damaged[n] ^= 0x10;
            std::fs::write(&path, &damaged).unwrap();
            let (_, records) = Journal::open(&path, 2).unwrap();
            assert_eq!(records.len(), 2, "byte {n}");
        }
        std::fs::write(&path, &bytes).unwrap();
        let (_, records) = Journal::open(&path, 2).unwrap();
        assert_eq!((records[2].position, &*records[2].x), (7, &[5.0, 6.0][..]));
        assert_eq!(records[1].status, Status::Failed);
    }

    #[test]
    fn the_checksum_is_fnv_1a() {
        // Test vectors of RFC 9923.
        assert_eq!(checksum(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(checksum(b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(checksum(b"foobar"), 0x8594_4171_f739_67e8);
    }
}
