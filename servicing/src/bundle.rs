//! Bundles: folders that hold plans and the content that these need.
//!
//! A plan that puts files names where their content comes from. Where that is
//! nowhere else any more (content that a commit replaces), the content lies
//! beside the plan: in the folder `content`, each under its SHA-1.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha1::{Digest as _, Sha1};

use crate::blob::{Blob, ContentId, for_each_chunk};
use crate::path::ImagePath;
use crate::tree::TreeError;

/// How the plan of a bundle names the bundle itself.
pub(crate) const THE_BUNDLE: &str = ".";

/// The folder of a bundle in which content lies.
pub(crate) const CONTENT: &str = "content";

/// Where content lies in a bundle.
pub(crate) fn place(id: ContentId) -> Result<ImagePath, TreeError> {
    let name = format!("{CONTENT}\\{}", id.sha1_hex());
    ImagePath::parse(&name)
        .map_err(|error| TreeError::new(&ImagePath::root(), io::Error::other(error)))
}

/// Why a bundle could not be written.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// Something is there already.
    #[error("bundle `{}`: there is something already", path.display())]
    Occupied {
        /// The folder.
        path: PathBuf,
    },
    /// The content is not what was planned; it changed meanwhile.
    #[error("content of {expected} is not what it was any more")]
    Changed {
        /// What it was.
        expected: ContentId,
    },
    /// It cannot be written.
    #[error("bundle `{}`", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// Writes a bundle's content into the folder `bundle`, which is made, or is
/// there and empty. When it fails the folder is empty again, or gone.
///
/// # Errors
/// [`BundleError`].
pub(crate) fn write_content<'b>(
    bundle: &Path,
    contents: impl IntoIterator<Item = (ContentId, &'b Arc<dyn Blob>)>,
) -> Result<(), BundleError> {
    let failed = |source| BundleError::Write {
        path: bundle.to_owned(),
        source,
    };
    let made = match fs::create_dir(bundle) {
        Ok(()) => true,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let entries = fs::read_dir(bundle).map_err(|_| BundleError::Occupied {
                path: bundle.to_owned(),
            })?;
            if entries.count() > 0 {
                return Err(BundleError::Occupied {
                    path: bundle.to_owned(),
                });
            }
            false
        }
        Err(error) => return Err(failed(error)),
    };
    let folder = bundle.join(CONTENT);
    let written = write_all(&folder, contents);
    if written.is_err() {
        // Taking it away again is all that can be done; why it failed is told.
        let _ = fs::remove_dir_all(&folder);
        if made {
            let _ = fs::remove_dir(bundle);
        }
    }
    written
}

fn write_all<'b>(
    folder: &Path,
    contents: impl IntoIterator<Item = (ContentId, &'b Arc<dyn Blob>)>,
) -> Result<(), BundleError> {
    for (number, (id, blob)) in contents.into_iter().enumerate() {
        if number == 0 {
            fs::create_dir(folder).map_err(|source| BundleError::Write {
                path: folder.to_owned(),
                source,
            })?;
        }
        let path = folder.join(id.sha1_hex());
        if path.exists() {
            continue;
        }
        let found = write(&path, blob.as_ref()).map_err(|source| BundleError::Write {
            path: path.clone(),
            source,
        })?;
        if found != id {
            return Err(BundleError::Changed { expected: id });
        }
    }
    Ok(())
}

fn write(path: &Path, blob: &dyn Blob) -> io::Result<ContentId> {
    let mut file = File::create_new(path)?;
    let mut digest = Sha1::new();
    for_each_chunk(blob, |chunk| {
        digest.update(chunk);
        file.write_all(chunk)
    })?;
    file.sync_all()?;
    Ok(ContentId {
        len: blob.len(),
        sha1: digest.finalize().into(),
    })
}
