//! One writer per image: a lock on the directory itself, so that nothing is
//! left behind when its process dies.

use std::fs::{File, TryLockError};
use std::path::Path;

use cap_std::fs::Dir;

use super::error::BackendError;

/// The lock, held until dropped.
#[derive(Debug)]
pub(crate) struct Lock {
    directory: File,
}

impl Lock {
    /// Takes the lock on the image in `root`, which people know as `shown`.
    pub(crate) fn take(root: &Dir, shown: &Path) -> Result<Lock, BackendError> {
        let failed = |source| BackendError::Host {
            path: shown.to_owned(),
            source,
        };
        // Opened anew: the lock belongs to the open file, and a second backend
        // in this process is refused like one in another.
        let directory = root.open(".").map_err(failed)?.into_std();
        match directory.try_lock() {
            Ok(()) => Ok(Lock { directory }),
            Err(TryLockError::WouldBlock) => Err(BackendError::Locked {
                directory: shown.to_owned(),
            }),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }
}

impl Drop for Lock {
    /// Gives the lock up by word, not by closing the file alone: a program that
    /// another thread starts holds a copy of the open file until it runs, and
    /// the lock with it.
    fn drop(&mut self) {
        // If that fails, closing the file gives it up.
        let _ = self.directory.unlock();
    }
}
