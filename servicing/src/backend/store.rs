//! What images are kept in: a directory holds one, a WIM file any number.

use std::sync::Arc;

use wimwright_hive::FileTime;

use super::{BackendError, DirectoryBackend, FileChange, Staged, StagedWim};
use crate::tree::{DirectoryTree, FileTree, NameClash, UnreadableName, WimTree};
use crate::wim_file::WimFile;

/// Where images are kept and written.
pub(crate) enum Store {
    /// A directory with one image.
    Directory(DirectoryBackend),
    /// A WIM file.
    Wim(Arc<WimFile>),
}

/// The files of one image of a store.
#[derive(Clone)]
pub(crate) enum ImageTree {
    Directory(Arc<DirectoryTree>),
    Wim(Arc<WimTree>),
}

impl ImageTree {
    pub(crate) fn files(&self) -> Arc<dyn FileTree> {
        match self {
            ImageTree::Directory(tree) => Arc::clone(tree) as _,
            ImageTree::Wim(tree) => Arc::clone(tree) as _,
        }
    }

    pub(crate) fn name_clashes(&self) -> Vec<NameClash> {
        match self {
            ImageTree::Directory(tree) => tree.name_clashes(),
            ImageTree::Wim(tree) => tree.name_clashes(),
        }
    }

    pub(crate) fn unreadable_names(&self) -> Vec<UnreadableName> {
        match self {
            ImageTree::Directory(tree) => tree.unreadable_names(),
            // The metadata are refused where a name is none.
            ImageTree::Wim(_) => Vec::new(),
        }
    }
}

impl Store {
    /// Prepares the changes to some of its images, so that all of them are
    /// made at once. `now` is when the files that they touch are written;
    /// with `rebuild` a WIM file is written anew instead of in place.
    pub(crate) fn stage(
        self: &Arc<Store>,
        images: Vec<(ImageTree, Vec<FileChange>)>,
        now: FileTime,
        rebuild: bool,
    ) -> Result<StagedStore, BackendError> {
        match self.as_ref() {
            Store::Directory(backend) => {
                // It holds one image.
                let changes = images.into_iter().flat_map(|(_, changes)| changes);
                Ok(StagedStore::Directory {
                    staged: backend.stage(changes.collect())?,
                    _store: Arc::clone(self),
                })
            }
            Store::Wim(file) => {
                let images = images.into_iter().filter_map(|(tree, changes)| match tree {
                    ImageTree::Wim(tree) => Some((tree, changes)),
                    ImageTree::Directory(_) => None,
                });
                let images = images.collect();
                let staged = match rebuild {
                    true => StagedWim::rebuilt(file, images, now)?,
                    false => StagedWim::in_place(file, images, now)?,
                };
                Ok(StagedStore::Wim(Box::new(staged)))
            }
        }
    }
}

/// Changes to images of a store, ready to be made.
#[must_use = "a commit that is staged and dropped changes nothing"]
pub(crate) enum StagedStore {
    Directory {
        staged: Staged,
        /// Keeps the lock.
        _store: Arc<Store>,
    },
    Wim(Box<StagedWim>),
}

impl StagedStore {
    /// Makes all of them.
    pub(crate) fn commit(self) -> Result<(), BackendError> {
        match self {
            StagedStore::Directory { staged, .. } => staged.commit(),
            StagedStore::Wim(staged) => staged.commit(),
        }
    }
}
