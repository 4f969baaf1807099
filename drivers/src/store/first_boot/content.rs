//! Where the bytes of a package come from when its files are planned.

use std::sync::Arc;

use wimwright_servicing::plan::{self, Basis, Change};
use wimwright_servicing::{Blob, Draft, ImagePath, SourceId, read_all};

use crate::add::refusal::{Refusal, Stop};

/// The largest file that is carried in a plan.
const MAX_INLINE: u64 = 256 * 1024 * 1024;

/// Files outside a package's folder: where they go, and what they are.
pub(crate) type PlacedFiles = Vec<(ImagePath, Arc<dyn Blob>)>;

/// A package's files, as a plan names them.
pub(crate) enum Content {
    /// They lie in a source of the plan.
    Source(SourceId),
    /// They lie in the image itself, whose folder may go away: the plan
    /// carries them.
    Image,
}

impl Content {
    /// Plans that a file of the package stands at `path`.
    pub(crate) fn put(
        &self,
        draft: &mut Draft,
        path: &ImagePath,
        from: &ImagePath,
        expand: Option<&str>,
        blob: &Arc<dyn Blob>,
        basis: &Basis,
    ) -> Result<(), Stop> {
        match self {
            Content::Source(source) => {
                let _ = draft.put_file(path, *source, from, expand, basis)?;
            }
            Content::Image => {
                let bytes = read_all(blob.as_ref(), MAX_INLINE).map_err(|source| {
                    let path = from.clone();
                    Refusal::Read { path, source }
                })?;
                let change = Change::PutFile {
                    path: path.clone(),
                    content: plan::Content::Inline(bytes),
                };
                let _ = draft.plan_change(change, basis)?;
            }
        }
        Ok(())
    }
}
