//! How the net effect of drafts gets into the images of a WIM file.
//!
//! Nothing is written while it is staged: new content is compared with what
//! the file has, metadata are edited in memory and packed, chunks that did not
//! change keep their packed bytes. [`StagedWim::commit`] then changes the file
//! in place, all its images at once; the crate `wim` says why a cut at any
//! moment leaves the old images or the new ones. Where the user wants a
//! compact file instead, a new one is written beside it and renamed over it.

mod details;
mod edit;
mod nested;

use std::path::Path;
use std::sync::Arc;

use edit::ImageEdit;
pub(crate) use nested::NestedWim;
use wimwright_hive::FileTime;
use wimwright_wim::compress::Level;
use wimwright_wim::{
    Archive, ChunkBase, CompactOptions, NamedFile, Update, UpdateOptions, compact,
};

use super::{BackendError, FileChange};
use crate::patched::Patched;
use crate::time;
use crate::tree::WimTree;
use crate::wim_file::{NewWim, Overwrite, WimFile, WimFileError};

/// From this much new content on, better packing is worth its time, in bytes.
const MUCH: u64 = 32 << 20;

/// How hard to pack. A driver's files and the changed chunks of a hive are
/// little: packed best they would save some kilobytes, and take half the time of
/// the whole commit.
fn level(images: &[(Arc<WimTree>, Vec<FileChange>)]) -> Level {
    let changes = images.iter().flat_map(|(_, changes)| changes);
    let new = changes.map(|change| match change {
        FileChange::Put {
            differs: Some(differs),
            ..
        } => differs.iter().map(|range| range.end - range.start).sum(),
        FileChange::Put { content, .. } => content.len(),
        _ => 0,
    });
    match new.fold(0, u64::saturating_add) {
        ..MUCH => Level::Fast,
        _ => Level::Normal,
    }
}

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
    how: How,
    file: Arc<WimFile>,
}

enum How {
    /// The file is changed in place.
    InPlace(Box<Update>),
    /// A new one takes its place.
    Rebuilt(NewWim),
}

impl StagedWim {
    /// Works out what `changes` come to. `now` is when the files that they
    /// touch are written.
    ///
    /// # Errors
    /// What keeps the changes from being made.
    pub(crate) fn in_place(
        file: &Arc<WimFile>,
        images: Vec<(Arc<WimTree>, Vec<FileChange>)>,
        now: FileTime,
    ) -> Result<StagedWim, BackendError> {
        let mut update = file.update_at(level(&images))?;
        carry_out(&mut update, file.archive(), file.path(), images, now)?;
        Ok(StagedWim {
            how: How::InPlace(Box::new(update)),
            file: Arc::clone(file),
        })
    }

    /// The same, written beside the old file as a new one: without holes, the
    /// metadata in the order of the tree.
    ///
    /// # Errors
    /// What keeps the changes from being made, and what writing says.
    pub(crate) fn rebuilt(
        file: &Arc<WimFile>,
        images: Vec<(Arc<WimTree>, Vec<FileChange>)>,
        now: FileTime,
    ) -> Result<StagedWim, BackendError> {
        let host = |error| WimFileError::host(file.path(), error);
        let wim = |error| WimFileError::wim(file.path(), error);
        let archive = file.archive();
        // First changed in place, but in scratch space over the old file.
        let patched = Arc::new(Patched::new(file.bytes()?).map_err(host)?);
        let update = Update::begin(archive, Arc::clone(&patched) as _, UpdateOptions::default());
        let mut update = update.map_err(wim)?;
        carry_out(&mut update, archive, file.path(), images, now)?;
        let _ = update.commit().map_err(wim)?;
        let name = file.path().display().to_string();
        let changed = Archive::open(NamedFile::new(name, patched)).map_err(wim)?;
        let new = NewWim::create(file.path(), Overwrite::Replace)?;
        let mut options = CompactOptions::default();
        options.integrity = !archive.header().integrity.is_absent();
        options.tree_order = true;
        compact(&changed, new.file(), options).map_err(wim)?;
        Ok(StagedWim {
            how: How::Rebuilt(new),
            file: Arc::clone(file),
        })
    }

    /// Writes the changes: all of them or none.
    ///
    /// # Errors
    /// [`BackendError::Wim`]; the file has the old images or the new ones.
    pub(crate) fn commit(self) -> Result<(), BackendError> {
        match self.how {
            How::InPlace(update) => {
                let written = update.commit();
                let _ = written.map_err(|error| WimFileError::wim(self.file.path(), error))?;
            }
            How::Rebuilt(new) => new.finish()?,
        }
        Ok(())
    }
}
