//! An image directory, opened and written to.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use cap_std::ambient_authority;
use cap_std::fs::Dir;

use super::FileChange;
use super::error::BackendError;
use super::host::Host;
use super::local::LocalHost;
use super::lock::Lock;
use super::recovery::{Leftover, Recovered, look, recover};
use super::staging::StagedCommit;
use crate::tree::DirectoryTree;

/// An image directory.
pub struct DirectoryBackend {
    directory: PathBuf,
    root: Arc<Dir>,
    host: Arc<dyn Host>,
    tree: Arc<DirectoryTree>,
    lock: Option<Arc<Lock>>,
    /// Whether a [`Staged`] is alive: all of them would use the same names.
    staging: Arc<AtomicBool>,
    recovered: Option<Recovered>,
}

impl DirectoryBackend {
    /// Opens the image directory `root` for reading. A commit that was
    /// interrupted is finished or undone first, under the lock.
    ///
    /// # Errors
    /// [`BackendError::Locked`] when a commit is under way, or
    /// [`BackendError::PendingUnwritable`] when an interrupted one cannot be
    /// finished; [`BackendError::NotOpened`] when there is no such directory.
    pub fn open(root: &Path) -> Result<DirectoryBackend, BackendError> {
        let directory = root.to_owned();
        let root = Dir::open_ambient_dir(root, ambient_authority());
        let root = Arc::new(root.map_err(|source| BackendError::NotOpened {
            directory: directory.clone(),
            source,
        })?);
        let mut backend = DirectoryBackend {
            host: Arc::new(LocalHost {
                root: Arc::clone(&root),
                shown: directory.clone(),
            }),
            tree: Arc::new(DirectoryTree::over(Arc::clone(&root), &directory)),
            directory,
            root,
            lock: None,
            staging: Arc::default(),
            recovered: None,
        };
        if !matches!(
            look(backend.host.as_ref())?,
            Leftover::Nothing | Leftover::Foreign(_)
        ) {
            let _lock = Lock::take(&backend.root, &backend.directory)?;
            backend.recovered = recover(backend.host.as_ref())?;
        }
        Ok(backend)
    }

    /// Locks the image for writing, as long as the backend or what it staged
    /// is there. A commit that another process left since the image was opened
    /// is finished or undone.
    ///
    /// # Errors
    /// [`BackendError::Locked`] when another process, or another backend in
    /// this one, has the lock; else as [`DirectoryBackend::open`].
    pub fn lock(&mut self) -> Result<(), BackendError> {
        if self.lock.is_some() {
            return Ok(());
        }
        let lock = Lock::take(&self.root, &self.directory)?;
        let recovered = recover(self.host.as_ref())?;
        self.recovered = recovered.or(self.recovered);
        // Whoever had the lock before may have changed anything.
        self.tree.forget();
        self.lock = Some(Arc::new(lock));
        Ok(())
    }

    /// The image as a tree.
    pub fn tree(&self) -> Arc<DirectoryTree> {
        Arc::clone(&self.tree)
    }

    /// What became of an interrupted commit that opening or locking found.
    pub fn recovered(&self) -> Option<Recovered> {
        self.recovered
    }

    /// Writes all new content into the reserved directory; the image's own
    /// files are not touched. The image must be locked.
    ///
    /// # Errors
    /// What keeps the changes from being made; nothing is left behind.
    pub fn stage(&self, changes: Vec<FileChange>) -> Result<Staged, BackendError> {
        let Some(lock) = &self.lock else {
            return Err(BackendError::NotLocked {
                directory: self.directory.clone(),
            });
        };
        if self.staging.swap(true, Ordering::AcqRel) {
            return Err(BackendError::AlreadyStaged {
                directory: self.directory.clone(),
            });
        }
        let turn = Turn(Arc::clone(&self.staging));
        Ok(Staged {
            commit: StagedCommit::new(&self.host, changes)?,
            tree: Arc::clone(&self.tree),
            _turn: turn,
            _lock: Arc::clone(lock),
        })
    }
}

/// Given back when the [`Staged`] that has it is gone.
struct Turn(Arc<AtomicBool>);

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

/// A commit whose new content is written beside the old. Dropped, that is
/// removed again, and the image is as it was.
#[must_use = "a commit that is staged and dropped changes nothing"]
pub struct Staged {
    // Fields are dropped in this order: the lock goes last.
    commit: StagedCommit,
    tree: Arc<DirectoryTree>,
    _turn: Turn,
    _lock: Arc<Lock>,
}

impl Staged {
    /// Makes the changes: all of them, whatever happens meanwhile.
    ///
    /// # Errors
    /// [`BackendError::Interrupted`] when the image is between old and new
    /// until it is opened again; with any other error it is as it was.
    pub fn commit(self) -> Result<(), BackendError> {
        let committed = self.commit.commit();
        self.tree.forget();
        committed
    }
}
