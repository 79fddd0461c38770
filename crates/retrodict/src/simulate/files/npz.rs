//! NumPy's `.npz`: a zip archive of `.npy` files, stored or deflated.

use std::io::Read;

use crate::npy::{self, Array};

const END_OF_DIRECTORY: &[u8; 4] = b"PK\x05\x06";
const DIRECTORY_ENTRY: &[u8; 4] = b"PK\x01\x02";
const LOCAL_HEADER: &[u8; 4] = b"PK\x03\x04";
/// The most bytes that one array may unpack to: a small file cannot fill the memory.
const LARGEST: u64 = 1 << 34;

/// The arrays of an archive by name, without the `.npy`; the error says what is wrong.
pub(crate) fn parse(bytes: &[u8]) -> Result<Vec<(String, Array)>, String> {
    // The directory stands at the end, behind it at most a comment of 64 KiB.
    let from = bytes.len().saturating_sub(22 + 0xffff);
    let end = bytes[from..]
        .windows(4)
        .rposition(|w| w == END_OF_DIRECTORY)
        .filter(|end| bytes.len() >= from + end + 22)
        .ok_or("not a `.npz` file: it has no zip directory, or was cut short")?;
    let n_entries = u16_at(bytes, from + end + 10)?;
    let mut at = u32_at(bytes, from + end + 16)?;
    let mut arrays = Vec::new();
    for _ in 0..n_entries {
        let entry = bytes.get(at..).ok_or_else(short)?;
        if !entry.starts_with(DIRECTORY_ENTRY) {
            return Err("a damaged zip directory".into());
        }
        let [name, extra, comment] = [28, 30, 32].map(|i| u16_at(entry, i));
        let name = name?;
        let next = 46 + name + extra? + comment?;
        let text = entry.get(46..46 + name).ok_or_else(short)?;
        let text = String::from_utf8_lossy(text).into_owned();
        let array = npy::parse(&unpack(bytes, entry)?).map_err(|e| format!("`{text}`: {e}"))?;
        arrays.push((text.trim_end_matches(".npy").to_string(), array));
        at += next;
    }
    Ok(arrays)
}

/// The content of the file that a directory entry describes.
fn unpack(bytes: &[u8], entry: &[u8]) -> Result<Vec<u8>, String> {
    let (method, packed, size) = (u16_at(entry, 10)?, u32_at(entry, 20)?, u32_at(entry, 24)?);
    if [packed, size].contains(&(u32::MAX as usize)) {
        return Err("an archive of more than 4 GB; save the arrays as `.npy`".into());
    }
    let local = bytes.get(u32_at(entry, 42)?..).ok_or_else(short)?;
    if !local.starts_with(LOCAL_HEADER) {
        return Err("a damaged zip directory".into());
    }
    let start = 30 + u16_at(local, 26)? + u16_at(local, 28)?;
    let data = local.get(start..start + packed).ok_or_else(short)?;
    let unpacked = match method {
        0 => data.to_vec(),
        8 => {
            let mut unpacked = Vec::new();
            flate2::read::DeflateDecoder::new(data)
                .take(LARGEST)
                .read_to_end(&mut unpacked)
                .map_err(|e| format!("damaged compressed data ({e})"))?;
            unpacked
        }
        other => {
            return Err(format!(
                "compressed by method {other}; expected `numpy.savez`"
            ));
        }
    };
    let mut sum = flate2::Crc::new();
    sum.update(&unpacked);
    if unpacked.len() != size || sum.sum() as usize != u32_at(entry, 16)? {
        return Err("damaged: its checksum is not that of its content".into());
    }
    Ok(unpacked)
}

fn short() -> String {
    "cut short".into()
}

fn u16_at(bytes: &[u8], at: usize) -> Result<usize, String> {
    let field = bytes.get(at..at + 2).ok_or_else(short)?;
    Ok(usize::from(field[0]) | usize::from(field[1]) << 8)
}

fn u32_at(bytes: &[u8], at: usize) -> Result<usize, String> {
    Ok(u16_at(bytes, at)? | u16_at(bytes, at + 2)? << 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Written by `golden/make_npz.py`: `theta`, 3 × 2, and `x`, 3 × 2 × 2.
    const STORED: &[u8] = include_bytes!("../../../tests/golden/stored.npz");
    const DEFLATED: &[u8] = include_bytes!("../../../tests/golden/deflated.npz");

    #[test]
    fn archives_that_numpy_writes_are_read() {
        for bytes in [STORED, DEFLATED] {
            let arrays = parse(bytes).unwrap();
            let names: Vec<&str> = arrays.iter().map(|(name, _)| name.as_str()).collect();
            assert_eq!(names, ["theta", "x"]);
            assert_eq!(arrays[0].1.shape, [3, 2]);
            assert_eq!(arrays[0].1.values, [0.0, 0.5, 1.0, 1.5, 2.0, 2.5]);
            assert_eq!(arrays[1].1.shape, [3, 2, 2]);
            assert_eq!(arrays[1].1.values[11], 11.0);
        }
    }

    #[test]
    fn every_prefix_is_an_error_and_no_panic() {
        for n in 0..DEFLATED.len() {
            assert!(parse(&DEFLATED[..n]).is_err(), "{n}");
        }
    }

    proptest::proptest! {
        #[test]
        fn damaged_bytes_never_panic(at in 0_usize..4000, byte: u8) {
            for archive in [STORED, DEFLATED] {
                let mut bytes = archive.to_vec();
                let at = at % bytes.len();
                bytes[at] = byte;
                let _ = parse(&bytes);
            }
        }
    }
}
