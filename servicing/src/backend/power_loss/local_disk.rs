//! Disks of the model, written to a folder of this host and read back through
//! the tree. Owners, modes and extended attributes stay out of it: not every
//! host lets a test set them.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::disk::{Disk, File, Node, ROOT, Snapshot};
use crate::path::ImagePath;
use crate::tree::{DirectoryTree, FileTree, Kind};

/// Writes all that can be reached on `disk`.
pub(super) fn write(disk: &Disk, folder: &Path) {
    let mut written: HashMap<usize, PathBuf> = HashMap::new();
    let mut open = vec![(folder.to_owned(), ROOT)];
    while let Some((directory, inode)) = open.pop() {
        for (name, inode) in disk.names(inode) {
            let path = directory.join(name);
            match disk.node(*inode) {
                Node::Directory(_) => {
                    fs::create_dir(&path).unwrap();
                    open.push((path, *inode));
                }
                Node::File(file) => match written.get(inode) {
                    Some(first) => fs::hard_link(first, &path).unwrap(),
                    None => {
                        fs::write(&path, &file.bytes).unwrap();
                        written.insert(*inode, path);
                    }
                },
            }
        }
    }
}

/// What `tree` shows.
pub(super) fn read(tree: &DirectoryTree) -> Snapshot {
    let mut snapshot = Snapshot::new();
    tree.walk(&ImagePath::root(), &mut |path, kind| {
        let host: PathBuf = path.names().iter().map(ToString::to_string).collect();
        let file = (kind == Kind::File).then(|| File {
            bytes: tree.read(path, 10_000).unwrap().unwrap(),
            ..File::default()
        });
        snapshot.insert(host, file);
        Ok(())
    })
    .unwrap();
    snapshot
}

/// The snapshot without what stays out of it.
pub(super) fn bare(snapshot: &Snapshot) -> Snapshot {
    let bare = |file: &File| File {
        bytes: file.bytes.clone(),
        ..File::default()
    };
    let entries = snapshot.iter();
    entries
        .map(|(path, file)| (path.clone(), file.as_ref().map(bare)))
        .collect()
}
