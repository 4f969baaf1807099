//! What the changes of a mount come to: a plan, like that of any other
//! operation. What was made and removed again leaves nothing.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::inodes::{Inodes, Origin, ROOT};
use crate::backend::FileChange;
use crate::blob::{Blob, ContentId, Identified};
use crate::draft::{Draft, DraftError, Overlay, Planned};
use crate::path::ImagePath;
use crate::plan::{Basis, Certainty, Change, Times};
use crate::tree::{FileTree, Kind, MemoryTree, TreeError};

/// What differs from the image, path by path.
pub(super) fn planned(
    inodes: &Inodes,
    image: &dyn FileTree,
) -> Result<Vec<(ImagePath, Planned)>, TreeError> {
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
        for name in &directory.hidden {
            if !directory.children.contains_key(name) {
                found.push((path.child(name.clone()), Planned::removed()));
            }
        }
        for child in directory.children.values() {
            let Some(inode) = inodes.get(*child) else {
                continue;
            };
            let path = path.child(inode.name.clone());
            if inode.kind == Kind::Directory {
                open.push((*child, path.clone()));
            }
            let blob: Option<Arc<dyn Blob>> = match &inode.content {
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
                    let here = directory.hidden.contains(&inode.name);
                    let replaced = inodes.origin(number).filter(|_| here);
                    let replaced = replaced.map(|above| above.child(inode.name.clone()));
                    new_files.push((found.len(), replaced));
                    Planned::file(blob, None)
                }
                (Origin::At(origin), blob) => {
                    moved.insert(origin.clone());
                    Planned::renamed(origin.clone(), blob)
                }
                (Origin::Here, Some(blob)) => Planned::file(blob, inodes.origin(*child)),
                (Origin::Here, None) if inode.attributes.is_none() && inode.times.is_empty() => {
                    continue;
                }
                (Origin::Here, None) => Planned::kept(inodes.origin(*child)),
            };
            found.push((path, planned.with(inode.attributes, inode.times)));
        }
    }
    for (at, replaced) in new_files {
        // A program that saves a file under another name, and then renames it,
        // changes a file: it keeps all but its content.
        let Some(replaced) = replaced.filter(|path| !moved.contains(path)) else {
            continue;
        };
        let Some((above, name)) = replaced.parent().zip(replaced.file_name()) else {
            continue;
        };
        let mut entries = image.read_dir(&above)?.unwrap_or_default().into_iter();
        let spelled = entries.find(|entry| entry.name == *name);
        if let (Some(spelled), Some((_, planned))) = (spelled, found.get_mut(at))
            && image.has_file(&replaced)?
        {
            planned.replaces(above.child(spelled.name));
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
            FileChange::SetAttributes { path, attributes } => {
                Change::SetAttributes { path, attributes }
            }
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
