//! A WIM file inside an image: WinRE in `Windows\\System32\\Recovery`.
//!
//! It is changed in place as one on the host is, in scratch space; what comes
//! out is new content of the file that it is in the image around it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use wimwright_hive::FileTime;
use wimwright_wim::{Archive, NamedFile, Update, UpdateOptions};

use super::super::{BackendError, FileChange};
use super::carry_out;
use crate::blob::{Blob, ToStore};
use crate::patched::Patched;
use crate::tree::WimTree;
use crate::wim_file::WimFileError;

/// A WIM file inside an image.
pub(crate) struct NestedWim {
    name: PathBuf,
    archive: Archive,
    base: Arc<dyn Blob>,
}

impl NestedWim {
    /// Opens the content of a file of an image; `name` is for messages.
    pub(crate) fn open(name: String, base: Arc<dyn Blob>) -> Result<NestedWim, WimFileError> {
        let file = NamedFile::new(name.clone(), Arc::new(ToStore(Arc::clone(&base))));
        let name = PathBuf::from(name);
        let archive = Archive::open(file).map_err(|error| WimFileError::wim(&name, error))?;
        Ok(NestedWim {
            name,
            archive,
            base,
        })
    }

    pub(crate) fn name(&self) -> &Path {
        &self.name
    }

    pub(crate) fn archive(&self) -> &Archive {
        &self.archive
    }

    /// The trees of all its images, with their numbers.
    pub(crate) fn trees(&self) -> Result<Vec<(u32, Arc<WimTree>)>, WimFileError> {
        let trees = (1..=self.archive.image_count()).map(|index| {
            let tree = WimTree::over(&self.archive, index);
            let tree = tree.map_err(|error| WimFileError::wim(&self.name, error))?;
            Ok((index, Arc::new(tree)))
        });
        trees.collect()
    }

    /// The file as the changes leave it.
    pub(crate) fn changed(
        &self,
        images: Vec<(Arc<WimTree>, Vec<FileChange>)>,
        now: FileTime,
    ) -> Result<Arc<Patched>, BackendError> {
        let host = |error| WimFileError::host(&self.name, error);
        let wim = |error| WimFileError::wim(&self.name, error);
        let patched = Arc::new(Patched::new(Arc::clone(&self.base)).map_err(host)?);
        let file = Arc::clone(&patched) as _;
        // Nobody else knows of the scratch space: holes may be filled.
        let update = Update::begin(&self.archive, file, UpdateOptions::default());
        let mut update = update.map_err(wim)?;
        carry_out(&mut update, &self.archive, &self.name, images, now)?;
        let _ = update.commit().map_err(wim)?;
        Ok(patched)
    }
}
