//! A folder of the image, as a tree of its own.

use wimwright_servicing::{Draft, FileTree as _, ImagePath, Kind, MemoryTree};

use crate::error::Error;

/// The folder at `top`; `None` where there is none. It holds on to the files'
/// content, so that a package can be read while the draft that it lies in is
/// being planned.
pub(crate) fn folder_tree(draft: &Draft, top: &ImagePath) -> Result<Option<MemoryTree>, Error> {
    if !draft.has_directory(top)? {
        return Ok(None);
    }
    let mut paths = Vec::new();
    draft.walk(top, &mut |path, kind| {
        if kind == Kind::File {
            paths.push(path.clone());
        }
        Ok(())
    })?;
    let mut tree = MemoryTree::new();
    for path in paths {
        if let (Some(below), Some(blob)) = (path.below(top), draft.open(&path)?) {
            tree.insert_blob(below, blob);
        }
    }
    Ok(Some(tree))
}
