//! The content that a plan needs, as the source that it will be.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use crate::blob::{Blob, ContentId, Identified};
use crate::bundle::{CONTENT, place};
use crate::path::ImagePath;
use crate::tree::{Entry, FileTree, Metadata, TreeError};

/// Content by its place in the bundle. It is filled while the plan is made that
/// names it.
#[derive(Default)]
pub(super) struct Contents(Mutex<ByPlace>);

type ByPlace = BTreeMap<ImagePath, (ContentId, Arc<dyn Blob>)>;

impl Contents {
    /// Takes what a file or stream holds; gives where it lies in the bundle.
    pub(super) fn add(&self, blob: &Arc<dyn Blob>) -> io::Result<(ContentId, ImagePath)> {
        let id = ContentId::of_blob(blob.as_ref())?;
        let path = place(id).map_err(|error| error.source)?;
        let blob: Arc<dyn Blob> = Arc::new(Identified {
            id,
            blob: Arc::clone(blob),
        });
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.entry(path.clone()).or_insert((id, blob));
        Ok((id, path))
    }

    /// All of it.
    pub(super) fn all(&self) -> Vec<(ContentId, Arc<dyn Blob>)> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.values().cloned().collect()
    }
}

impl FileTree for Contents {
    fn metadata(&self, path: &ImagePath) -> Result<Option<Metadata>, TreeError> {
        let is_folder = path.is_root() || path.names().iter().all(|name| name.is(CONTENT));
        if is_folder {
            return Ok(Some(Metadata::directory()));
        }
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(known.get(path).map(|(id, _)| Metadata::file(id.len)))
    }

    fn read_dir(&self, _: &ImagePath) -> Result<Option<Vec<Entry>>, TreeError> {
        // A plan names what it takes; nobody lists a source of it.
        Ok(None)
    }

    fn open(&self, path: &ImagePath) -> Result<Option<Arc<dyn Blob>>, TreeError> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(known.get(path).map(|(_, blob)| Arc::clone(blob)))
    }
}
