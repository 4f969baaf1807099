//! How a mount is asked what it is, and told to commit: through a file in its
//! root that no listing shows.
//!
//! Read, the file is a JSON object, [`Status`]. What is written to it is a
//! command; `commit` is the one there is. It returns when the commit is done,
//! and the file tells then what came of it. Only who mounted the image can
//! open the file, as all of the mount.

use std::collections::HashMap;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use fuser::Errno;
use serde::{Deserialize, Serialize};

use super::view::{Answer, View};

/// The name of the file. It is not the one that a commit into a directory uses:
/// what is mounted can be serviced as any other directory.
pub(super) const CONTROL_NAME: &str = ".wimwright-mount";

/// What is written to commit.
const COMMIT: &[u8] = b"commit";

/// The longest status that is read, in bytes: receipts of large commits.
const MAX_STATUS: u64 = 256 * 1024 * 1024;

/// What a mount says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// The image, as it was named.
    pub image: String,
    /// The process that answers.
    pub process: u32,
    /// Whether the image may be changed.
    pub writable: bool,
    /// Whether anything was changed that is not in the image.
    pub changed: bool,
    /// What came of the last commit; `None` where there was none.
    pub committed: Option<Outcome>,
}

/// What came of a commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// Whether the image has the changes now.
    pub done: bool,
    /// What whoever mounted the image says about it.
    pub report: String,
}

/// Commits what a view shows; gives what is to be said about it.
pub(super) type Commit = Box<dyn Fn(&View) -> Outcome + Send + Sync>;

enum Stage {
    /// The image may be changed.
    Open,
    /// A commit is under way.
    Committing,
    /// The image has the changes; the mount is at its end.
    Committed,
}

/// The file that a mount is controlled by.
pub(super) struct Control {
    image: String,
    /// `None` for a mount that only shows the image.
    commit: Option<Commit>,
    state: Mutex<State>,
    next_handle: AtomicU64,
    view: Arc<View>,
}

struct State {
    stage: Stage,
    committed: Option<Outcome>,
    /// What was to be read when it was opened; filled at the first read, so
    /// that a command through the same handle is heard before.
    open: HashMap<u64, Option<Arc<Vec<u8>>>>,
}

impl Control {
    pub(super) fn new(image: String, commit: Option<Commit>, view: Arc<View>) -> Control {
        Control {
            image,
            commit,
            state: Mutex::new(State {
                stage: Stage::Open,
                committed: None,
                open: HashMap::new(),
            }),
            next_handle: AtomicU64::new(1),
            view,
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_writable(&self) -> bool {
        self.commit.is_some()
    }

    /// Whether the image may be changed now.
    pub(super) fn may_change(&self) -> Answer<()> {
        match (&self.commit, &self.state().stage) {
            (None, _) | (_, Stage::Committed) => Err(Errno::EROFS),
            (_, Stage::Committing) => Err(Errno::EBUSY),
            (_, Stage::Open) => Ok(()),
        }
    }

    pub(super) fn open(&self) -> u64 {
        let handle = self.next_handle.fetch_add(1, Ordering::Relaxed);
        self.state().open.insert(handle, None);
        handle
    }

    pub(super) fn close(&self, handle: u64) {
        self.state().open.remove(&handle);
    }

    fn status(&self, state: &State) -> Status {
        let committed = matches!(state.stage, Stage::Committed);
        let changed = self.view.inodes().is_changed();
        Status {
            image: self.image.clone(),
            process: std::process::id(),
            writable: self.is_writable(),
            changed: changed && !committed,
            committed: state.committed.clone(),
        }
    }

    pub(super) fn read(&self, handle: u64, offset: u64, size: usize) -> Answer<Vec<u8>> {
        let mut state = self.state();
        let known = state.open.get(&handle).cloned().ok_or(Errno::EBADF)?;
        let text = match known {
            Some(text) => text,
            None => {
                let status = serde_json::to_vec(&self.status(&state));
                let text = Arc::new(status.map_err(|_| Errno::EIO)?);
                state.open.insert(handle, Some(Arc::clone(&text)));
                text
            }
        };
        let start = usize::try_from(offset)
            .unwrap_or(usize::MAX)
            .min(text.len());
        let end = start.saturating_add(size).min(text.len());
        Ok(text.get(start..end).unwrap_or_default().to_vec())
    }

    /// Does what was written.
    pub(super) fn command(&self, words: &[u8]) -> Answer<()> {
        if words.trim_ascii() != COMMIT {
            return Err(Errno::EINVAL);
        }
        let commit = self.commit.as_ref().ok_or(Errno::EROFS)?;
        {
            let mut state = self.state();
            match state.stage {
                Stage::Open => state.stage = Stage::Committing,
                Stage::Committing => return Err(Errno::EBUSY),
                Stage::Committed => return Err(Errno::EROFS),
            }
        }
        let outcome = commit(&self.view);
        let mut state = self.state();
        state.stage = match outcome.done {
            true => Stage::Committed,
            false => Stage::Open,
        };
        state.committed = Some(outcome);
        Ok(())
    }
}

/// Asks the mount at `directory` what it is.
pub(super) fn ask(directory: &Path) -> std::io::Result<Status> {
    let file = std::fs::File::open(directory.join(CONTROL_NAME))?;
    let mut text = Vec::new();
    file.take(MAX_STATUS).read_to_end(&mut text)?;
    Ok(serde_json::from_slice(&text)?)
}

/// Lets the mount at `directory` commit, and gives what came of it.
pub(super) fn commit(directory: &Path) -> std::io::Result<Option<Outcome>> {
    let mut file = std::fs::File::options()
        .write(true)
        .open(directory.join(CONTROL_NAME))?;
    file.write_all(COMMIT)?;
    drop(file);
    Ok(ask(directory)?.committed)
}
