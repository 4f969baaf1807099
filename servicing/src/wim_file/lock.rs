//! Who may do what with a WIM file at once.
//!
//! Two locks that do not touch each other:
//!
//! * the writer's, `flock` on the file: wimlib takes the same one when it
//!   changes a file, so that its writers are kept out as well
//! * the readers', shared, on the first byte of the file as an open file
//!   description lock; a writer that gets it alone may fill holes
//!
//! Filesystems without locks let everyone in, but then nobody is ever known to
//! be alone, and a file only grows.

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;

use super::WimFileError;

/// The one writer's lock, held until dropped.
pub(super) struct WriterLock(Arc<File>);

impl WriterLock {
    pub(super) fn take(file: &Arc<File>, path: &Path) -> Result<WriterLock, WimFileError> {
        match file.try_lock() {
            Ok(()) => Ok(WriterLock(Arc::clone(file))),
            Err(TryLockError::WouldBlock) => Err(WimFileError::Locked {
                path: path.to_owned(),
            }),
            Err(TryLockError::Error(error)) if is_unsupported(&error) => {
                Ok(WriterLock(Arc::clone(file)))
            }
            Err(TryLockError::Error(error)) => Err(WimFileError::host(path, error)),
        }
    }
}

impl Drop for WriterLock {
    /// By word, for a program that is just being started elsewhere holds a copy
    /// of the open file.
    fn drop(&mut self) {
        // If that fails, closing the file gives it up.
        let _ = self.0.unlock();
    }
}

/// A reader's lock, held until dropped.
pub(super) struct ReaderLock {
    file: Arc<File>,
    /// Whether the filesystem has such locks.
    known: bool,
}

impl ReaderLock {
    /// Waits while a writer fills holes: that takes seconds.
    pub(super) fn take(file: &Arc<File>, path: &Path) -> Result<ReaderLock, WimFileError> {
        const TURN: Duration = Duration::from_millis(20);
        const TURNS: usize = 3000;
        for _ in 0..TURNS {
            let known = match set(file, libc::F_RDLCK) {
                Ok(()) => true,
                Err(Errno::EAGAIN | Errno::EACCES) => {
                    thread::sleep(TURN);
                    continue;
                }
                // A filesystem without such locks.
                Err(_) => false,
            };
            return Ok(ReaderLock {
                file: Arc::clone(file),
                known,
            });
        }
        Err(WimFileError::Busy {
            path: path.to_owned(),
        })
    }

    /// Whether nobody else reads the file; from now on nobody begins to.
    pub(super) fn is_alone(&self) -> bool {
        self.known && set(&self.file, libc::F_WRLCK).is_ok()
    }
}

impl Drop for ReaderLock {
    fn drop(&mut self) {
        // If that fails, closing the file gives it up.
        let _ = set(&self.file, libc::F_UNLCK);
    }
}

pub(super) fn set(file: &File, kind: libc::c_int) -> Result<(), Errno> {
    let lock = libc::flock {
        l_type: kind as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: 0,
        l_len: 1,
        l_pid: 0,
    };
    fcntl(file, FcntlArg::F_OFD_SETLK(&lock)).map(drop)
}

/// Whether the filesystem has no such locks.
fn is_unsupported(error: &io::Error) -> bool {
    let codes = [Errno::ENOLCK, Errno::ENOSYS, Errno::EOPNOTSUPP];
    error
        .raw_os_error()
        .is_some_and(|code| codes.contains(&Errno::from_raw(code)))
}
