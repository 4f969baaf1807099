//! The commit itself: journal, steps, end. Each step may be done twice.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use super::RESERVED;
use super::error::BackendError;
use super::host::Host;
use super::journal::{self, How, Journal, Put, Stamp, removed_path, staged_path};
use super::moves;
use super::sweep::sweep;
use crate::blob::{Blob, ContentId, for_each_chunk};
use crate::tree::directory::{HostKind, shown};

/// Makes a staged commit happen.
///
/// # Errors
/// [`BackendError::Interrupted`] after the commit point, all others before.
pub(crate) fn commit(host: &dyn Host, journal: &Journal) -> Result<(), BackendError> {
    journal.write(host)?;
    // The staged files' names, before the journal that relies on them.
    sync(host, Path::new(RESERVED))?;
    rename(host, &journal::draft_path(), &journal::path())?;
    if let Err(error) = sync(host, Path::new(RESERVED)) {
        return Err(withdraw(host, error));
    }
    // Committed: from here on the next open finishes what stops here.
    carry_out(host, journal, Phase::TakeAway).map_err(|error| interrupted(host, error))?;
    finish(host);
    Ok(())
}

/// An error that left the image between old and new.
pub(crate) fn interrupted(host: &dyn Host, error: BackendError) -> BackendError {
    BackendError::Interrupted {
        directory: host.locate(Path::new("")),
        source: Box::new(error),
    }
}

/// Takes back a journal of which nobody knows whether it is on the disk. When
/// that is not known either, only the next open can tell.
fn withdraw(host: &dyn Host, error: BackendError) -> BackendError {
    let withdrawn = rename(host, &journal::path(), &journal::draft_path())
        .and_then(|()| sync(host, Path::new(RESERVED)));
    match withdrawn {
        Ok(()) => error,
        Err(_) => interrupted(host, error),
    }
}

/// Removes what a commit needs no more. That it worked is not the commit's
/// business: the next open does it again.
pub(crate) fn finish(host: &dyn Host) {
    let _ = sweep(host);
}

/// How far a commit in force is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// What goes or moves is taken out of the image.
    TakeAway,
    /// All of that is done; what moves and what is new is put into its place.
    Place,
}

/// Carries out the steps from `phase` on, those done already too, and notes
/// that all are done.
pub(crate) fn carry_out(
    host: &dyn Host,
    journal: &Journal,
    phase: Phase,
) -> Result<(), BackendError> {
    let in_force = match journal.moves.is_empty() {
        true => {
            structure(host, journal)?;
            journal::path()
        }
        false => {
            if phase == Phase::TakeAway {
                moves::take_away(host, journal)?;
                rename(host, &journal::path(), &journal::placing_path())?;
                sync(host, Path::new(RESERVED))?;
            }
            moves::place(host, journal)?;
            journal::placing_path()
        }
    };
    put_content(host, journal)?;
    stamp(host, &journal.stamps)?;
    rename(host, &in_force, &journal::done_path())
}

/// Removals and new directories, where nothing moves.
fn structure(host: &dyn Host, journal: &Journal) -> Result<(), BackendError> {
    remove(host, &journal.removals)?;
    make_directories(host, &journal.directories)?;
    // Synced before any file is moved to its place. It may take the name of
    // one that goes, and would be moved away itself when the steps are carried
    // out again; and a directory that a cut takes back would take it along.
    let mut touched = BTreeSet::new();
    for path in journal.removals.iter().chain(&journal.directories) {
        touched.insert(parent(path));
    }
    if !journal.removals.is_empty() {
        touched.insert(RESERVED.into());
    }
    sync_all(host, &touched)
}

/// Moves staged content to its place, or writes it over what is there.
fn put_content(host: &dyn Host, journal: &Journal) -> Result<(), BackendError> {
    let mut touched = BTreeSet::from([RESERVED.into()]);
    for (number, put) in journal.puts.iter().enumerate() {
        let staged = staged_path(number);
        match (status(host, &staged)?, put.how) {
            (None, _) => require_in_place(host, put)?,
            (Some(_), How::Rename) => rename(host, &staged, &put.path)?,
            (Some(_), How::InPlace) => overwrite(host, &staged, put)?,
        }
        touched.insert(parent(&put.path));
    }
    sync_all(host, &touched)
}

/// Sets attributes and times, when nothing else changes them any more. Times
/// first: setting attributes changes none, but readonly may keep times from
/// being set.
fn stamp(host: &dyn Host, stamps: &[Stamp]) -> Result<(), BackendError> {
    for stamp in stamps {
        let failed = |error| BackendError::host(host, &stamp.path, error);
        if !stamp.times.is_empty() {
            host.set_times(&stamp.path, stamp.times).map_err(failed)?;
        }
        if let Some(attributes) = stamp.attributes {
            host.set_attributes(&stamp.path, attributes)
                .map_err(failed)?;
        }
        let synced = match status(host, &stamp.path)? {
            Some(HostKind::Directory) => host.sync_directory(&stamp.path),
            _ => host.sync_file(&stamp.path),
        };
        synced.map_err(failed)?;
    }
    Ok(())
}

/// Moves what goes into the reserved directory.
fn remove(host: &dyn Host, removals: &[PathBuf]) -> Result<(), BackendError> {
    for (number, path) in removals.iter().enumerate() {
        let to = removed_path(number);
        if status(host, &to)?.is_none() && status(host, path)?.is_some() {
            rename(host, path, &to)?;
        }
    }
    Ok(())
}

/// Makes the new directories.
fn make_directories(host: &dyn Host, directories: &[PathBuf]) -> Result<(), BackendError> {
    directories
        .iter()
        .try_for_each(|path| make_directory(host, path))
}

/// Makes a directory, unless that was done already.
pub(super) fn make_directory(host: &dyn Host, path: &Path) -> Result<(), BackendError> {
    let made = host.create_directory(path);
    if made
        .as_ref()
        .is_err_and(|error| error.kind() == io::ErrorKind::AlreadyExists)
        && status(host, path)? == Some(HostKind::Directory)
    {
        return Ok(());
    }
    made.map_err(|error| BackendError::host(host, path, error))
}

/// Writes staged content over a file that is there.
fn overwrite(host: &dyn Host, staged: &Path, put: &Put) -> Result<(), BackendError> {
    let on_staged = |error| BackendError::host(host, staged, error);
    let on_target = |error| BackendError::host(host, &put.path, error);
    let content = host.read(staged).map_err(on_staged)?;
    let mut file = host.open_in_place(&put.path).map_err(on_target)?;
    let mut offset = 0;
    for_each_chunk(content.as_ref(), |chunk| {
        file.write_at(offset, chunk)?;
        offset += chunk.len() as u64;
        Ok(())
    })
    .and_then(|()| file.set_len(offset))
    .map_err(on_target)?;
    drop(file);
    host.sync_file(&put.path).map_err(on_target)
}

/// A staged file that is gone was moved to its place.
fn require_in_place(host: &dyn Host, put: &Put) -> Result<(), BackendError> {
    let there = status(host, &put.path)? == Some(HostKind::File);
    if there && holds(host, &put.path, put.content)? {
        return Ok(());
    }
    Err(BackendError::ContentLost {
        path: shown(&put.path),
    })
}

/// Whether the file at `path` holds this content.
pub(crate) fn holds(
    host: &dyn Host,
    path: &Path,
    content: ContentId,
) -> Result<bool, BackendError> {
    let blob = host.read(path);
    let found = blob.and_then(|blob| same(blob.as_ref(), content));
    found.map_err(|error| BackendError::host(host, path, error))
}

fn same(blob: &dyn Blob, content: ContentId) -> io::Result<bool> {
    Ok(blob.len() == content.len && ContentId::of_blob(blob)? == content)
}

pub(super) fn parent(path: &Path) -> PathBuf {
    path.parent().unwrap_or(Path::new("")).to_owned()
}

pub(super) fn status(host: &dyn Host, path: &Path) -> Result<Option<HostKind>, BackendError> {
    match host.status(path) {
        // A file stands where the directory above was.
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => Ok(None),
        Err(error) => Err(BackendError::host(host, path, error)),
        Ok(status) => Ok(status.map(|status| status.kind)),
    }
}

pub(super) fn rename(host: &dyn Host, from: &Path, to: &Path) -> Result<(), BackendError> {
    host.rename(from, to)
        .map_err(|error| BackendError::host(host, to, error))
}

fn sync(host: &dyn Host, directory: &Path) -> Result<(), BackendError> {
    host.sync_directory(directory)
        .map_err(|error| BackendError::host(host, directory, error))
}

pub(super) fn sync_all(
    host: &dyn Host,
    directories: &BTreeSet<PathBuf>,
) -> Result<(), BackendError> {
    directories
        .iter()
        .try_for_each(|directory| sync(host, directory))
}
