//! Files that are the same but for their path.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::files::{FileChange, FileDifference, changed};
use super::{DiffError, Side};
use crate::blob::ContentId;
use crate::path::ImagePath;
use crate::tree::{FileTree, Kind, TreeError};

/// What holds some content: by its place among the differences.
#[derive(Default)]
struct Holders {
    removed: Vec<usize>,
    added: Vec<usize>,
}

/// Makes one difference of a removed and an added file where each is the only
/// one of its side that holds the content. Empty files are all alike; those in
/// `never` stay apart.
pub(super) fn find(
    a: &dyn FileTree,
    b: &dyn FileTree,
    never: &BTreeSet<ImagePath>,
    found: &mut Vec<FileDifference>,
) -> Result<(), DiffError> {
    let mut by_len: HashMap<u64, Holders> = HashMap::new();
    for (at, difference) in found.iter().enumerate() {
        if never.contains(&difference.path) {
            continue;
        }
        match &difference.change {
            FileChange::Removed(state) if state.kind == Kind::File && state.len > 0 => {
                by_len.entry(state.len).or_default().removed.push(at);
            }
            FileChange::Added(state) if state.kind == Kind::File && state.len > 0 => {
                by_len.entry(state.len).or_default().added.push(at);
            }
            _ => {}
        }
    }
    let mut gone = HashSet::new();
    for alike in by_len.into_values() {
        // Only what may have a twin is read.
        if alike.removed.is_empty() || alike.added.is_empty() {
            continue;
        }
        let mut by_content: HashMap<ContentId, Holders> = HashMap::new();
        for at in alike.removed {
            if let Some(difference) = found.get(at) {
                let id = content(Side::A, a, &difference.path)?;
                by_content.entry(id).or_default().removed.push(at);
            }
        }
        for at in alike.added {
            if let Some(difference) = found.get(at) {
                let id = content(Side::B, b, &difference.path)?;
                by_content.entry(id).or_default().added.push(at);
            }
        }
        for holders in by_content.into_values() {
            if let ([removed], [added]) = (holders.removed.as_slice(), holders.added.as_slice())
                && let Some(from) = found.get(*removed).map(|removed| removed.path.clone())
                && let Some(difference) = found.get_mut(*added)
            {
                difference.change = FileChange::Moved { from };
                gone.insert(*removed);
            }
        }
    }
    let mut at = 0;
    found.retain(|_| {
        at += 1;
        !gone.contains(&(at - 1))
    });
    Ok(())
}

fn content(side: Side, tree: &dyn FileTree, path: &ImagePath) -> Result<ContentId, DiffError> {
    let in_tree = |error| DiffError::tree(side, error);
    let blob = tree.open(path).map_err(in_tree)?;
    let blob = blob.ok_or_else(|| in_tree(changed(path)))?;
    let id = ContentId::of_blob(blob.as_ref());
    id.map_err(|error| in_tree(TreeError::new(path, error)))
}
