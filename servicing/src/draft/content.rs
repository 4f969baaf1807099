//! Where a draft gets content from, and that it is still what was planned.

use std::sync::Arc;

use super::{Draft, DraftError};
use crate::blob::{Blob, ContentId, MemoryBlob};
use crate::compressed;
use crate::path::ImagePath;
use crate::plan::Content;
use crate::tree::TreeError;

/// What messages call the image where it is a source of its own content.
const THE_IMAGE: &str = "the image itself";

impl Draft {
    /// That the place which `content` names still holds what was planned.
    pub(crate) fn check_content_of(
        &self,
        content: &Content,
        wanted_by: &ImagePath,
    ) -> Result<(), DraftError> {
        match content {
            Content::Inline(_) => Ok(()),
            Content::Image { .. } | Content::Source { .. } => {
                self.content_blob(content, wanted_by).map(|_| ())
            }
        }
    }

    /// The bytes of `content`, which are what was planned.
    pub(super) fn content_blob(
        &self,
        content: &Content,
        wanted_by: &ImagePath,
    ) -> Result<Arc<dyn Blob>, DraftError> {
        let (blob, source, from, id) = match content {
            Content::Inline(bytes) => return Ok(Arc::new(MemoryBlob::new(bytes.clone()))),
            Content::Image { path, expand, id } => {
                let blob = self.image_blob(path, expand.as_deref())?;
                (blob, None, path, id)
            }
            Content::Source {
                source,
                path,
                expand,
                id,
            } => {
                let blob = self.source_blob(*source, path, expand.as_deref(), wanted_by)?;
                (blob, Some(*source), path, id)
            }
        };
        self.check_content(source, from, blob.as_ref(), *id)?;
        Ok(blob)
    }

    /// A file's content in the image as it is without the plan.
    pub(super) fn image_blob(
        &self,
        from: &ImagePath,
        expand: Option<&str>,
    ) -> Result<Arc<dyn Blob>, DraftError> {
        let blob = self.files.base().open(from)?;
        let blob = blob.ok_or_else(|| DraftError::NotInSource {
            source_name: THE_IMAGE.to_owned(),
            path: from.clone(),
        })?;
        expanded(blob, from, expand)
    }

    /// A file's content in a source.
    pub(crate) fn source_blob(
        &self,
        index: usize,
        from: &ImagePath,
        expand: Option<&str>,
        wanted_by: &ImagePath,
    ) -> Result<Arc<dyn Blob>, DraftError> {
        let no_source = || DraftError::NoSource {
            path: wanted_by.clone(),
            index,
        };
        let tree = self.sources.get(index).ok_or_else(no_source)?;
        let blob = tree.open(from)?.ok_or_else(|| DraftError::NotInSource {
            source_name: self.source_name(Some(index)),
            path: from.clone(),
        })?;
        expanded(blob, from, expand)
    }

    /// What a source is called; the image itself where there is no index.
    fn source_name(&self, index: Option<usize>) -> String {
        match index {
            None => THE_IMAGE.to_owned(),
            Some(index) => {
                let source = self.plan.sources.get(index);
                source.map_or_else(String::new, |source| source.name.clone())
            }
        }
    }

    fn check_content(
        &self,
        source: Option<usize>,
        from: &ImagePath,
        blob: &dyn Blob,
        expected: ContentId,
    ) -> Result<(), DraftError> {
        let found = ContentId::of_blob(blob).map_err(|error| TreeError::new(from, error))?;
        if found == expected {
            return Ok(());
        }
        Err(DraftError::ContentChanged {
            source_name: self.source_name(source),
            path: from.clone(),
            expected,
            found,
        })
    }
}

/// The file itself, or the one that is taken out of it.
fn expanded(
    blob: Arc<dyn Blob>,
    from: &ImagePath,
    expand: Option<&str>,
) -> Result<Arc<dyn Blob>, DraftError> {
    let Some(wanted) = expand else {
        return Ok(blob);
    };
    let plain = compressed::expand_blob(&blob, wanted);
    let plain = plain.map_err(|source| DraftError::Expand {
        path: from.clone(),
        source,
    })?;
    Ok(Arc::new(MemoryBlob::new(plain)))
}
