//! One process at a time in a folder, and nothing left behind.

use std::fs::{File, TryLockError};
use std::path::Path;

use crate::error::{Error, Result};

/// Only one process at a time works in a folder; the system ends the lock with the process.
pub(crate) fn lock_folder(folder: &Path) -> Result<File> {
    let path = folder.join(".lock");
    let file = File::create(&path).map_err(Error::io(&path, "create"))?;
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => Err(Error::file(
            folder,
            "another process is simulating into this folder",
            "Wait for it to end, or choose another output folder.",
        )),
        // A file system without locks is no reason not to work.
        Ok(()) | Err(TryLockError::Error(_)) => Ok(file),
    }
}

/// Temporary files of processes that were killed.
pub(crate) fn remove_leftovers(folder: &Path) -> Result<()> {
    let entries = std::fs::read_dir(folder).map_err(Error::io(folder, "read"))?;
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with("shard-") && (name.contains(".tmp-") || name.ends_with(".partial")) {
            remove(&entry.path())?;
        }
    }
    Ok(())
}

pub(crate) fn remove(path: &Path) -> Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::io(path, "remove")(error))
        }
        _ => Ok(()),
    }
}
