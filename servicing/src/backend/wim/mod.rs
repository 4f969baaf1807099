//! How the net effect of drafts gets into the images of a WIM file.
//!
//! Nothing is written while it is staged: new content is compared with what
//! the file has, metadata are edited in memory and packed, chunks that did not
//! change keep their packed bytes. [`StagedWim::commit`] then changes the file
//! in place, all its images at once; the crate `wim` says why a cut at any
//! moment leaves the old images or the new ones.

mod edit;
mod nested;

use std::path::Path;
use std::sync::Arc;

use edit::ImageEdit;
pub(crate) use nested::NestedWim;
use wimwright_hive::FileTime;
use wimwright_wim::{Archive, ChunkBase, Update};

use super::{BackendError, FileChange};
use crate::time;
use crate::tree::WimTree;
use crate::wim_file::{WimFile, WimFileError};

/// Works out what `changes` come to in an update of the archive `name`.
fn carry_out(
    update: &mut Update,
    archive: &Archive,
    name: &Path,
    images: Vec<(Arc<WimTree>, Vec<FileChange>)>,
    now: FileTime,
) -> Result<(), BackendError> {
    for (tree, changes) in images {
        if changes.is_empty() {
            continue;
        }
        let mut edit = ImageEdit::new(&tree, update, now);
        for change in changes {
            edit.carry_out(change)?;
        }
        let wim = |error| WimFileError::wim(name, error);
        let (metadata, changes) = edit.finish().map_err(wim)?;
        let base = ChunkBase::of_metadata(archive, tree.index(), Some(changes)).map_err(wim)?;
        update
            .set_metadata(tree.index(), metadata, base, time::to_wim(now))
            .map_err(wim)?;
    }
    Ok(())
}

/// Changes to images of a WIM file, ready to be written. Dropped, nothing
/// happens.
#[must_use = "a commit that is staged and dropped changes nothing"]
pub(crate) struct StagedWim {
    update: Update,
    file: Arc<WimFile>,
}

impl StagedWim {
    /// Works out what `changes` come to. `now` is when the files that they
    /// touch are written.
    ///
    /// # Errors
    /// What keeps the changes from being made.
    pub(crate) fn new(
        file: &Arc<WimFile>,
        images: Vec<(Arc<WimTree>, Vec<FileChange>)>,
        now: FileTime,
    ) -> Result<StagedWim, BackendError> {
        let mut update = file.update()?;
        carry_out(&mut update, file.archive(), file.path(), images, now)?;
        Ok(StagedWim {
            update,
            file: Arc::clone(file),
        })
    }

    /// Writes the changes: all of them or none.
    ///
    /// # Errors
    /// [`BackendError::Wim`]; the file has the old images or the new ones.
    pub(crate) fn commit(self) -> Result<(), BackendError> {
        let written = self.update.commit();
        let _ = written.map_err(|error| WimFileError::wim(self.file.path(), error))?;
        Ok(())
    }
}
