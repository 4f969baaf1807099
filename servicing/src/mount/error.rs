//! Why an image could not be mounted or unmounted.

use std::io;
use std::path::PathBuf;

/// Why an image could not be mounted or unmounted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MountError {
    /// The mount failed.
    #[error("`{}` cannot be mounted on", directory.display())]
    NotMounted {
        /// Where.
        directory: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is no directory.
    #[error("`{}` is no directory", directory.display())]
    NotADirectory {
        /// Where.
        directory: PathBuf,
    },
    /// Another mount is there.
    #[error("`{}` is mounted on already", directory.display())]
    MountedAlready {
        /// Where.
        directory: PathBuf,
    },
    /// No image is mounted there.
    #[error("no image is mounted at `{}`", directory.display())]
    NoMount {
        /// Where.
        directory: PathBuf,
    },
    /// The process of the mount is gone, and what it had not committed.
    #[error(
        "the process of the mount at `{}` is gone: what was changed in it is lost, the image is \
         as it was",
        directory.display()
    )]
    Gone {
        /// Where.
        directory: PathBuf,
    },
    /// There is something to commit, and nobody said whether to.
    #[error("what was changed at `{}` is not in the image yet", directory.display())]
    Changed {
        /// Where.
        directory: PathBuf,
    },
    /// The image was mounted to be looked at.
    #[error("the image at `{}` is mounted to be looked at, not to be changed", directory.display())]
    ReadOnly {
        /// Where.
        directory: PathBuf,
    },
    /// Programs use the mount.
    #[error("`{}` is in use", directory.display())]
    Busy {
        /// Where.
        directory: PathBuf,
    },
    /// It cannot be unmounted, or asked.
    #[error("`{}` cannot be unmounted", directory.display())]
    NotUnmounted {
        /// Where.
        directory: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The list of mounts cannot be read.
    #[error("the list of mounts cannot be read")]
    List {
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl MountError {
    /// What the user can do about it, where we know.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            MountError::NotMounted { source, .. } => match source.kind() {
                io::ErrorKind::NotFound => {
                    "mounting needs FUSE: the device /dev/fuse and the program fusermount3"
                }
                io::ErrorKind::PermissionDenied => {
                    "whoever mounts needs to own the directory and may need to be in the group \
                     `fuse`"
                }
                _ => return None,
            },
            MountError::Changed { .. } => "--commit writes it there, --discard throws it away",
            MountError::Busy { .. } => {
                "close what is open in it, and leave it in every shell; `fuser -vm DIRECTORY` \
                 names the processes"
            }
            MountError::Gone { .. } => "`mounts --clean` frees the directory",
            MountError::NoMount { .. } => "`mounts` lists where images are mounted",
            _ => return None,
        };
        Some(hint.to_owned())
    }
}
