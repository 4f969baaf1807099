//! What stops a directory from being opened, locked or committed to.

use std::io;
use std::path::{Path, PathBuf};

use super::host::Host;
use crate::path::ImagePath;
use crate::plan::AttributeNames;
use crate::security::SecurityError;
use crate::tree::TreeError;
use crate::wim_file::WimFileError;

/// What stops a directory from being opened, locked or committed to.
///
/// Unless a variant says otherwise, the image is as it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackendError {
    /// The image directory cannot be opened.
    #[error("`{}` cannot be opened as an image directory", directory.display())]
    NotOpened {
        /// The directory.
        directory: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Somebody else writes to the image.
    #[error("`{}` is locked by another process that is writing to it", directory.display())]
    Locked {
        /// The image directory.
        directory: PathBuf,
    },
    /// The lock was not taken before staging.
    #[error("`{}` is not locked for writing", directory.display())]
    NotLocked {
        /// The image directory.
        directory: PathBuf,
    },
    /// Two commits were prepared at once.
    #[error("a commit to `{}` is already being prepared", directory.display())]
    AlreadyStaged {
        /// The image directory.
        directory: PathBuf,
    },
    /// The filesystem is read-only.
    #[error("`{}` is on a read-only filesystem", path.display())]
    ReadOnly {
        /// The host path.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// An interrupted commit is to be finished, but nothing can be written.
    #[error(
        "`{}` holds an interrupted commit, which cannot be finished because nothing can be \
         written there",
        directory.display()
    )]
    PendingUnwritable {
        /// The image directory.
        directory: PathBuf,
        /// Why.
        source: Box<BackendError>,
    },
    /// An interrupted commit is to be finished before another may begin.
    #[error("`{}` holds an interrupted commit", directory.display())]
    Pending {
        /// The image directory.
        directory: PathBuf,
    },
    /// No room for the new content.
    #[error("no space left to write `{}`", path.display())]
    NoSpace {
        /// The host path.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The host does not permit it.
    #[error("no permission for `{}`", path.display())]
    Permission {
        /// The host path.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The host gave another error.
    #[error("`{}`", path.display())]
    Host {
        /// The host path.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// New content could not be read.
    #[error("the new content of `{path}` cannot be read")]
    Content {
        /// The file to be written.
        path: ImagePath,
        /// Why.
        source: io::Error,
    },
    /// The host gives a file no second name.
    #[error("`{path}` cannot be made a hard link on this filesystem")]
    LinkRefused {
        /// The new name.
        path: ImagePath,
        /// Why.
        source: io::Error,
    },
    /// The file that gets a name has to be written in place, so it cannot be
    /// linked to before.
    #[error("`{path}` cannot be a hard link to a file that is rewritten in the same commit")]
    LinkToRewritten {
        /// The new name.
        path: ImagePath,
    },
    /// A link stands where a file or directory is to be written.
    #[error("`{path}` is a symbolic link or another reparse point")]
    LinkInTheWay {
        /// The link.
        path: ImagePath,
    },
    /// A pipe, socket or device stands where a file is to be written.
    #[error("`{path}` is a pipe, socket or device on the host")]
    SpecialInTheWay {
        /// The special file.
        path: ImagePath,
    },
    /// A directory stands where a file is to be written.
    #[error("`{path}` is a directory, not a file")]
    DirectoryInTheWay {
        /// The directory.
        path: ImagePath,
    },
    /// A file stands where a directory is needed.
    #[error("`{path}` is a file, not a directory")]
    FileInTheWay {
        /// The file.
        path: ImagePath,
    },
    /// A change of the image root itself.
    #[error("the image root itself cannot be removed, renamed or given attributes or times")]
    Root,
    /// Nothing is where something is to be renamed, or to get attributes.
    #[error("`{path}`: nothing is there")]
    NothingThere {
        /// Where.
        path: ImagePath,
    },
    /// Something has the name that something else is to get.
    #[error("`{path}` is there already")]
    NameTaken {
        /// Where.
        path: ImagePath,
    },
    /// A directory is to be moved into itself.
    #[error("`{from}` cannot become `{to}`, which lies in it")]
    IntoItself {
        /// The directory.
        from: ImagePath,
        /// Its new path.
        to: ImagePath,
    },
    /// Attributes that the filesystem does not hold.
    #[error(
        "`{path}`: the filesystem cannot hold the attributes `{}`",
        AttributeNames(*attributes)
    )]
    AttributesNotHeld {
        /// The file or directory.
        path: ImagePath,
        /// The attributes.
        attributes: u32,
    },
    /// A creation time that the filesystem lets nobody set.
    #[error("`{path}`: the filesystem lets nobody set when a file was made")]
    CreationTimeNotHeld {
        /// The file or directory.
        path: ImagePath,
    },
    /// Security, short names, streams or links that only a WIM file holds.
    #[error(
        "`{path}`: a directory on the host holds no security, short names, streams and links of \
         Windows"
    )]
    DetailsNotHeld {
        /// The file, link or directory.
        path: ImagePath,
    },
    /// A change of or below a reserved name.
    #[error("`{path}`: wimwright keeps that name for itself")]
    Reserved {
        /// The path in the change.
        path: ImagePath,
    },
    /// Something under the reserved name is not ours.
    #[error("`{}` is in the way: the name `{}` is reserved", path.display(), super::RESERVED)]
    ReservedTaken {
        /// The host path.
        path: PathBuf,
    },
    /// Another filesystem is mounted inside the image.
    #[error("`{path}` is on another filesystem than the image root")]
    OtherFilesystem {
        /// Where.
        path: ImagePath,
    },
    /// What the host holds about a file cannot be kept.
    #[error(
        "`{path}` cannot be replaced: its {what} cannot be given to the new file, and writing in \
         place would change its other names"
    )]
    AttributeLost {
        /// The file.
        path: ImagePath,
        /// Which attribute.
        what: String,
        /// Why.
        source: io::Error,
    },
    /// More steps than a journal may hold.
    #[error("a journal of {len} bytes is longer than the {max} that are read back")]
    JournalTooLong {
        /// Its length in bytes.
        len: u64,
        /// The largest that is read.
        max: u64,
    },
    /// The journal of an interrupted commit is not as it was written. The
    /// image may be between old and new.
    #[error("the journal `{}` of an interrupted commit is damaged: {reason}", path.display())]
    JournalDamaged {
        /// The journal.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The journal of an interrupted commit was written by another version of
    /// the program. The image may be between old and new.
    #[error("the journal `{}` has format {found}; {known} is known", path.display())]
    JournalFormat {
        /// The journal.
        path: PathBuf,
        /// Its format version.
        found: u32,
        /// The version that is known.
        known: u32,
    },
    /// New content that the journal names, or something that it moves, is
    /// neither staged nor in place. The image may be between old and new.
    #[error("the new content of `{path}` is lost: it is neither staged nor in place")]
    ContentLost {
        /// The file.
        path: ImagePath,
    },
    /// The WIM file.
    #[error(transparent)]
    Wim(#[from] WimFileError),
    /// An entry of an image in a WIM file cannot be written.
    #[error("`{path}`")]
    Image {
        /// The file or directory.
        path: ImagePath,
        /// Why.
        source: wimwright_wim::Error,
    },
    /// What a new file inherits from its directory cannot be told.
    #[error("the security of `{path}` cannot be worked out")]
    Security {
        /// The new file or directory.
        path: ImagePath,
        /// Why.
        source: SecurityError,
    },
    /// An image without even a root directory.
    #[error("the image has no root directory")]
    NoRoot,
    /// What is there cannot be read.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// An error after the commit point: the image may be between old and new
    /// until it is opened again.
    #[error("the commit to `{}` was interrupted", directory.display())]
    Interrupted {
        /// The image directory.
        directory: PathBuf,
        /// Why.
        source: Box<BackendError>,
    },
}

impl BackendError {
    /// What the host said of `path`, a path below the image root.
    pub(crate) fn host(host: &dyn Host, path: &Path, source: io::Error) -> BackendError {
        let path = host.locate(path);
        match source.kind() {
            io::ErrorKind::ReadOnlyFilesystem => BackendError::ReadOnly { path, source },
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                BackendError::NoSpace { path, source }
            }
            io::ErrorKind::PermissionDenied => BackendError::Permission { path, source },
            _ => BackendError::Host { path, source },
        }
    }

    /// Whether nothing can be written here, whatever is tried.
    pub(crate) fn is_unwritable(&self) -> bool {
        matches!(
            self,
            BackendError::ReadOnly { .. } | BackendError::Permission { .. }
        )
    }

    /// What would help, where that is known.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            BackendError::Locked { .. } => "wait until the other command has ended",
            BackendError::ReadOnly { .. } => "mount the filesystem writable",
            BackendError::PendingUnwritable { .. } => {
                "open the image once from where it can be written to; nothing is lost until then"
            }
            BackendError::Pending { .. } => "open the image again: that finishes the commit",
            BackendError::NoSpace { .. } => {
                "make room: all new content is written beside the old before anything is replaced"
            }
            BackendError::Permission { .. } => {
                "run this as the user who owns the files of the image"
            }
            BackendError::LinkInTheWay { .. } => {
                "name the file or directory that the link leads to"
            }
            BackendError::OtherFilesystem { .. } => {
                "unmount what is mounted inside the image, or service it by itself"
            }
            BackendError::ReservedTaken { .. } => "move it away if it is yours",
            BackendError::AttributesNotHeld { .. } | BackendError::CreationTimeNotHeld { .. } => {
                "put the image on NTFS, mounted with ntfs-3g, or into a WIM file"
            }
            BackendError::DetailsNotHeld { .. } => "service the image in a WIM file",
            BackendError::AttributeLost { .. } => {
                "run this as a user who may set what the file has"
            }
            BackendError::JournalDamaged { .. } | BackendError::ContentLost { .. } => {
                "the image may be partly changed: restore it from a copy, or look into \
                 `.wimwright`, which holds the new content, and remove that to keep the image as \
                 it is"
            }
            BackendError::JournalFormat { .. } => {
                "open the image with the version of the program that wrote the journal"
            }
            BackendError::Interrupted { source, .. } => {
                let and_then = "open the image again: that finishes the commit";
                return Some(match source.hint() {
                    Some(first) => format!("{first}; then {and_then}"),
                    None => and_then.to_owned(),
                });
            }
            _ => return None,
        };
        Some(hint.to_owned())
    }
}
