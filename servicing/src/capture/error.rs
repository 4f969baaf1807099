//! Why a tree was not captured. Nothing was written then.

use std::io;
use std::path::{Path, PathBuf};

use crate::backend::BackendError;
use crate::path::ImagePath;
use crate::wim_file::WimFileError;

/// Why a tree was not captured.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CaptureError {
    /// The directory cannot be opened.
    #[error("directory `{}`", path.display())]
    Directory {
        /// The directory as it was named.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Something in it cannot be read.
    #[error("`{path}`")]
    Read {
        /// Where.
        path: ImagePath,
        /// What the system said.
        source: io::Error,
    },
    /// A file is not what it was when the tree was listed.
    #[error("`{path}` was changed while the tree was captured")]
    Changed {
        /// Where.
        path: ImagePath,
    },
    /// A file or directory is gone.
    #[error("`{path}` was removed while the tree was captured")]
    Vanished {
        /// Where.
        path: ImagePath,
    },
    /// A mounted volume has a stream that the mount does not give.
    #[error(
        "stream `{stream}` of `{path}` is longer than the 64 KiB that this mount of an NTFS volume \
         gives"
    )]
    StreamTooLong {
        /// Whose.
        path: ImagePath,
        /// Which.
        stream: String,
    },
    /// The WIM file has an image of that name.
    #[error("`{}` has an image named `{name}` already, the image {index}", file.display())]
    NameTaken {
        /// The file.
        file: PathBuf,
        /// The name.
        name: String,
        /// Number of that image.
        index: u32,
    },
    /// The directory, or a commit to it that was interrupted.
    #[error(transparent)]
    Backend(#[from] BackendError),
    /// What an earlier apply wrote beside the tree.
    #[error(transparent)]
    Sidecar(#[from] crate::sidecar::SidecarError),
    /// The WIM file.
    #[error(transparent)]
    File(#[from] WimFileError),
    /// The WIM file's content.
    #[error("`{}`", path.display())]
    Wim {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        source: wimwright_wim::Error,
    },
}

impl CaptureError {
    /// What the system said of something in the tree.
    pub(super) fn read(path: ImagePath, source: io::Error) -> CaptureError {
        match source.kind() {
            io::ErrorKind::NotFound => CaptureError::Vanished { path },
            _ => CaptureError::Read { path, source },
        }
    }

    /// An error of the WIM file at `path`. Where a reader of this tree failed,
    /// it said so in its own words.
    pub(super) fn wim(path: &Path, source: wimwright_wim::Error) -> CaptureError {
        let wim = |source| CaptureError::Wim {
            path: path.to_owned(),
            source,
        };
        match source {
            wimwright_wim::Error::Source { source } => source
                .downcast()
                .unwrap_or_else(|source| wim(wimwright_wim::Error::Source { source })),
            source => wim(source),
        }
    }

    /// What the user can do about it, where that is known.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            CaptureError::Changed { .. } | CaptureError::Vanished { .. } => {
                "capture again when nothing writes to the tree".to_owned()
            }
            CaptureError::StreamTooLong { .. } => {
                "mount the volume with `ntfs-3g -o streams_interface=windows`".to_owned()
            }
            CaptureError::Backend(error) => return error.hint(),
            CaptureError::File(error) => return error.hint(),
            CaptureError::NameTaken { .. } => "give another name with --name".to_owned(),
            CaptureError::Read { source, .. }
                if source.kind() == io::ErrorKind::PermissionDenied =>
            {
                "capture as a user who may read the whole tree".to_owned()
            }
            _ => return None,
        })
    }
}

impl From<CaptureError> for io::Error {
    /// For readers, whose errors are the system's.
    fn from(error: CaptureError) -> io::Error {
        io::Error::other(error)
    }
}
