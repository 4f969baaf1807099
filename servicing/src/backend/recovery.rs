//! What an interrupted commit left, and what the next open makes of it.

use std::path::{Path, PathBuf};

use super::RESERVED;
use super::commit::{Phase, carry_out, finish, holds, interrupted};
use super::error::BackendError;
use super::host::Host;
use super::journal::{Journal, done_path, is_ours, path, placing_path, staged_path};
use super::sweep::sweep;
use crate::tree::directory::HostKind;

/// What became of an interrupted commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recovered {
    /// It had been committed, and was finished.
    Finished {
        /// How many changes it consists of.
        changes: usize,
    },
    /// It had not been committed, and what it had staged was removed.
    Undone,
}

/// What is under the reserved name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Leftover {
    /// Nothing.
    Nothing,
    /// The directory, empty.
    Empty,
    /// Staged content without a journal in force.
    Staged,
    /// A journal in force.
    Pending,
    /// A journal whose steps are all carried out.
    Done,
    /// Something that is not ours, and nothing that is.
    Foreign(PathBuf),
}

/// Looks what is under the reserved name.
pub(crate) fn look(host: &dyn Host) -> Result<Leftover, BackendError> {
    let reserved = Path::new(RESERVED);
    let failed = |error| BackendError::host(host, reserved, error);
    match host
        .status(reserved)
        .map_err(failed)?
        .map(|status| status.kind)
    {
        None => return Ok(Leftover::Nothing),
        Some(HostKind::Directory) => {}
        Some(_) => return Ok(Leftover::Foreign(reserved.to_owned())),
    }
    let mut found = Leftover::Empty;
    for (name, _) in host.list(reserved).map_err(failed)? {
        let at = reserved.join(&name);
        if at == path() || at == placing_path() {
            return Ok(Leftover::Pending);
        }
        if at == done_path() {
            found = Leftover::Done;
        } else if !name.to_str().is_some_and(is_ours) {
            if found == Leftover::Empty {
                found = Leftover::Foreign(at);
            }
        } else if found != Leftover::Done {
            found = Leftover::Staged;
        }
    }
    Ok(found)
}

/// Finishes or undoes an interrupted commit. The lock must be held.
///
/// # Errors
/// Only where the image is between old and new: what a cut left of staging or
/// of clearing up stays where it cannot be removed, and hurts nobody.
pub(crate) fn recover(host: &dyn Host) -> Result<Option<Recovered>, BackendError> {
    match look(host)? {
        Leftover::Nothing | Leftover::Foreign(_) => Ok(None),
        Leftover::Empty => {
            finish(host);
            Ok(None)
        }
        Leftover::Staged => Ok(sweep(host).is_ok().then_some(Recovered::Undone)),
        Leftover::Done => {
            // Only for the number: all steps are carried out.
            let changes = Journal::read(host, &done_path()).map_or(0, |journal| journal.changes);
            finish(host);
            Ok(Some(Recovered::Finished { changes }))
        }
        Leftover::Pending => {
            let changes = carry_out_again(host).map_err(|error| match error {
                BackendError::JournalDamaged { .. }
                | BackendError::JournalFormat { .. }
                | BackendError::ContentLost { .. } => error,
                error if error.is_unwritable() => BackendError::PendingUnwritable {
                    directory: host.locate(Path::new("")),
                    source: Box::new(error),
                },
                error => interrupted(host, error),
            })?;
            finish(host);
            Ok(Some(Recovered::Finished { changes }))
        }
    }
}

fn carry_out_again(host: &dyn Host) -> Result<usize, BackendError> {
    let placing = placing_path();
    let status = host.status(&placing);
    let status = status.map_err(|error| BackendError::host(host, &placing, error))?;
    let (phase, path) = match status {
        Some(_) => (Phase::Place, placing),
        None => (Phase::TakeAway, path()),
    };
    let journal = Journal::read(host, &path)?;
    // When only the process died, what it saw need not be on the disk yet, and
    // no step may get there before the journal.
    let reserved = Path::new(RESERVED);
    let synced = host.sync_directory(reserved);
    synced.map_err(|error| BackendError::host(host, reserved, error))?;
    // All that is staged is checked before anything is touched.
    for (number, put) in journal.puts.iter().enumerate() {
        let staged = staged_path(number);
        let status = host.status(&staged);
        let status = status.map_err(|error| BackendError::host(host, &staged, error))?;
        if status.is_some() && !holds(host, &staged, put.content)? {
            return Err(BackendError::JournalDamaged {
                path: host.locate(&path),
                reason: format!("`{}` does not hold {}", staged.display(), put.content),
            });
        }
    }
    carry_out(host, &journal, phase)?;
    Ok(journal.changes)
}
