//! The two halves of a move: out of the image, and to where it belongs.
//!
//! Between them all that moves lies in the reserved directory, so names that
//! are swapped, directories that go into others and files that leave one that
//! goes need no order among each other. Each half may be done twice.

use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};

use super::RESERVED;
use super::commit::{make_directory, parent, rename, status, sync_all};
use super::error::BackendError;
use super::host::Host;
use super::journal::{Journal, moved_path, removed_path};
use crate::tree::directory::shown;

/// A name that goes or comes, and the one in the reserved directory that it
/// becomes or was; `None` for a directory that is made.
struct Step<'a> {
    path: &'a Path,
    reserved: Option<PathBuf>,
}

fn depth(step: &Step<'_>) -> usize {
    step.path.components().count()
}

/// Moves all that goes, and all that moves, into the reserved directory. What
/// lies in a directory that goes with these steps goes before it.
pub(super) fn take_away(host: &dyn Host, journal: &Journal) -> Result<(), BackendError> {
    let removals = journal.removals.iter().enumerate();
    let removals = removals.map(|(number, path)| (path, removed_path(number)));
    let moves = journal.moves.iter().enumerate();
    let moves = moves.map(|(number, moved)| (&moved.from, moved_path(number)));
    let mut steps: Vec<Step<'_>> = removals
        .chain(moves)
        .map(|(path, reserved)| Step {
            path,
            reserved: Some(reserved),
        })
        .collect();
    steps.sort_by_key(|step| std::cmp::Reverse(depth(step)));

    // What is above the names that were taken away and not synced.
    let mut above: HashSet<&Path> = HashSet::new();
    let mut touched = BTreeSet::new();
    for step in &steps {
        if above.contains(step.path) {
            // A cut must not take the lower one back when the upper one is
            // gone: it would not be found again.
            sync_all(host, &touched)?;
            touched.clear();
            above.clear();
        }
        if let Some(to) = &step.reserved
            && status(host, to)?.is_none()
            && status(host, step.path)?.is_some()
        {
            rename(host, step.path, to)?;
        }
        let directory = parent(step.path);
        // When the steps are carried out again it may be gone itself: that
        // was after it had been synced.
        if status(host, &directory)?.is_some() {
            above.extend(step.path.ancestors().skip(1));
            touched.insert(directory);
        }
        touched.insert(RESERVED.into());
    }
    sync_all(host, &touched)
}

/// Makes the new directories, and moves what moves to where it belongs, the
/// upper ones first.
pub(super) fn place(host: &dyn Host, journal: &Journal) -> Result<(), BackendError> {
    let moves = journal.moves.iter().enumerate();
    let moves = moves.map(|(number, moved)| Step {
        path: &moved.to,
        reserved: Some(moved_path(number)),
    });
    let made = journal.directories.iter();
    let made = made.map(|path| Step {
        path,
        reserved: None,
    });
    let mut steps: Vec<Step<'_>> = made.chain(moves).collect();
    steps.sort_by_key(depth);

    let mut made: HashSet<&Path> = HashSet::new();
    let mut touched = BTreeSet::new();
    for step in &steps {
        let Some(from) = &step.reserved else {
            make_directory(host, step.path)?;
            made.insert(step.path);
            touched.insert(parent(step.path));
            continue;
        };
        if step.path.ancestors().any(|above| made.contains(above)) {
            // A directory that a cut takes back would take along what was
            // moved into it.
            sync_all(host, &touched)?;
            touched.clear();
            made.clear();
        }
        if status(host, from)?.is_some() {
            rename(host, from, step.path)?;
        } else if status(host, step.path)?.is_none() {
            return Err(BackendError::ContentLost {
                path: shown(step.path),
            });
        }
        touched.insert(parent(step.path));
        touched.insert(RESERVED.into());
    }
    sync_all(host, &touched)
}
