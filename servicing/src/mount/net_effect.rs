//! What the changes of a mount come to: a plan, like that of any other
//! operation. What was made and removed again leaves nothing.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::MountCommitError;
use super::inodes::{Inodes, Origin, ROOT};
use crate::backend::{FileChange, RESERVED};
use crate::blob::{Blob, ContentId, Identified};
use crate::draft::{Draft, DraftError, Overlay, Planned};
use crate::path::ImagePath;
use crate::plan::{Basis, Certainty, Change, Times};
use crate::tree::{FileTree, Kind, MemoryTree, TreeError};

/// What differs from the image, path by path.
pub(super) fn planned(
    inodes: &Inodes,
    image: &dyn FileTree,
) -> Result<Vec<(ImagePath, Planned)>, MountCommitError> {
    let mut found = Vec::new();
    // Paths of the image that have another name now: what takes their old name
    // is something else.
    let mut moved = BTreeSet::new();
    let mut open = vec![(ROOT, ImagePath::root())];
    let mut new_files = Vec::new();
    while let Some((number, path)) = open.pop() {
        let Some(directory) = inodes.get(number) else {
            continue;
        };
        for spelled in &directory.changed().hidden {
            let name = spelled.name();
            // What has the name now takes its place. Another spelling of it may
            // be the image's own, and stays.
            let taken = directory
                .child_alike(name)
                .and_then(|child| inodes.get(child));
            if taken.is_none_or(|child| child.origin == Origin::Here) {
                found.push((path.child(name.clone()), Planned::removed()));
            }
        }
        for child in directory.children.values() {
            let Some(inode) = inodes.get(*child) else {
                continue;
            };
            let path = path.child(inode.name.clone());
            if number == ROOT && inode.name.is(RESERVED) {
                return Err(MountCommitError::CutOff);
            }
            if inode.kind == Kind::Directory {
                open.push((*child, path.clone()));
            }
            let changed = inode.changed();
            let blob: Option<Arc<dyn Blob>> = match &changed.content {
                Some(content) => {
                    let blob: Arc<dyn Blob> = Arc::clone(content) as _;
                    let id = ContentId::of_blob(blob.as_ref());
                    let id = id.map_err(|error| TreeError::new(&path, error))?;
                    Some(Arc::new(Identified { id, blob }))
                }
                None => None,
            };
            let planned = match (&inode.origin, blob) {
                (Origin::New, None) => Planned::directory(),
                (Origin::New, Some(blob)) => {
                    // Whether it replaces a file is known at the end.
                    let here = directory.hidden_alike(&inode.name).cloned();
                    let above = inodes.origin(number);
                    let replaced = above.zip(here).map(|(above, name)| above.child(name));
                    new_files.push((found.len(), replaced));
                    Planned::file(blob, None)
                }
                (Origin::At(origin), blob) => {
                    moved.insert(origin.clone());
                    Planned::renamed(origin.clone(), blob)
                }
                (Origin::Here, Some(blob)) => Planned::file(blob, inodes.origin(*child)),
                (Origin::Here, None)
                    if changed.attributes.is_none() && changed.times.is_empty() =>
                {
                    continue;
                }
                (Origin::Here, None) => Planned::kept(inodes.origin(*child)),
            };
            found.push((path, planned.with(changed.attributes, changed.times)));
        }
    }
    for (at, replaced) in new_files {
        // A program that saves a file under another name, and then renames it,
        // changes a file: it keeps all but its content.
        let Some(replaced) = replaced.filter(|path| !moved.contains(path)) else {
            continue;
        };
        if let Some((_, planned)) = found.get_mut(at)
            && image.has_file(&replaced)?
        {
            planned.replaces(replaced);
        }
    }
    let mut seen = BTreeSet::new();
    for (path, _) in &found {
        if !seen.insert(path) {
            return Err(MountCommitError::CaseClash { path: path.clone() });
        }
    }
    Ok(found)
}

/// Plans it: the draft is then what the mount shows.
pub(super) fn plan(
    draft: &mut Draft,
    source_name: &str,
    planned: Vec<(ImagePath, Planned)>,
) -> Result<(), DraftError> {
    let changes = Overlay::new(Arc::clone(draft.base()), planned).net_changes()?;
    let mut contents = MemoryTree::new();
    for change in &changes {
        if let FileChange::Put { path, content, .. } = change {
            contents.insert_blob(path.clone(), Arc::clone(content));
        }
    }
    let source = draft.add_source(source_name, Arc::new(contents));
    let basis = Basis {
        certainty: Certainty::Stated,
        section: "mount".into(),
    };
    for change in changes {
        let change = match change {
            FileChange::Put { path, .. } => {
                let _ = draft.put_file(&path, source, &path, None, &basis)?;
                continue;
            }
            FileChange::MakeDirectory { path } => Change::MakeDirectory { path },
            FileChange::Remove { path } => Change::Remove { path },
            FileChange::Rename { from, to } => Change::Rename { from, to },
            FileChange::Link { path, to } => Change::Link { path, to },
            FileChange::SetAttributes { path, attributes } => {
                Change::SetAttributes { path, attributes }
            }
            // A mount sets none, and makes no links.
            FileChange::SetDetails { .. } | FileChange::MakeLink { .. } => continue,
            FileChange::SetTimes { path, times } => {
                // No filesystem of a host lets a program set when a file was
                // made.
                let created = None;
                let times = Times { created, ..times };
                Change::SetTimes { path, times }
            }
        };
        let _ = draft.plan_change(change, &basis)?;
    }
    Ok(())
}
