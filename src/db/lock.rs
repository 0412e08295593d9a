//! One SQLite file, one process: a lock of the operating system on a file beside the database.
//!
//! The kernel frees it when the process dies, however it dies; there is no pid file to clean up, and the empty lock file may stay.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

/// Why there is no lock.
#[derive(Debug)]
pub(crate) enum LockError {
    /// Somebody has it.
    Held,
    /// The file cannot be made or locked.
    Failed(std::io::Error),
}

/// Held until released or dropped.
#[derive(Debug)]
pub(crate) struct ProcessLock(File);

impl ProcessLock {
    /// Locks `<database>.lock`.
    pub(crate) fn take(database: &Path) -> Result<Self, LockError> {
        let mut name = database.as_os_str().to_owned();
        name.push(".lock");
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(PathBuf::from(name)).map_err(LockError::Failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => Err(LockError::Held),
            Err(TryLockError::Error(error)) => Err(LockError::Failed(error)),
        }
    }

    /// Frees the lock although the value lives on.
    pub(crate) fn release(&self) {
        // Nothing to do about a failure: the kernel frees it with the process.
        let _ = self.0.unlock();
    }
}
