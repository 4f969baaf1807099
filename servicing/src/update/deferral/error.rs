//! Why a package cannot wait for the first boot.

use super::payload::PackageKind;
use crate::draft::DraftError;
use crate::facts::WindowsVersion;
use crate::path::{ImagePath, PathError};
use crate::registry::RegistryError;
use crate::tree::TreeError;

impl DeferError {
    /// What the user can do about it, where that is known.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            DeferError::NotWaiting { .. } => {
                "`packages list IMAGE` names the packages that wait".to_owned()
            }
            DeferError::Pending { .. } => {
                "boot the image once, so that Windows finishes them, and capture it again"
                    .to_owned()
            }
            DeferError::Draft(error) => return error.hint(),
            DeferError::Registry(error) => return error.hint(),
            _ => return None,
        })
    }
}

/// Why packages cannot be deferred, or the queue not be read or changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeferError {
    /// WinPE has no first boot: what it changes is gone when it ends.
    #[error("WinPE keeps nothing of what it does, so a package cannot wait for its first boot")]
    WindowsPe,
    /// Windows 2000 or older.
    #[error("packages can wait for the first boot of Windows XP and later, and this is {version}")]
    TooOld {
        /// What it is.
        version: WindowsVersion,
    },
    /// The state of the image has no mechanism.
    #[error("no way is known to run something at the next boot of this image: {reason}")]
    NoMechanism {
        /// Why.
        reason: String,
    },
    /// The package is for other versions of Windows.
    #[error("`{name}` is {kind}, which {version} cannot install")]
    OtherWindows {
        /// The package.
        name: String,
        /// What it is.
        kind: PackageKind,
        /// What the image is.
        version: WindowsVersion,
    },
    /// Windows has work to finish, and another installation would disturb it.
    #[error("the image has servicing operations to finish at its next boot: {evidence}")]
    Pending {
        /// What says so.
        evidence: String,
    },
    /// The Windows directory has a name that scripts cannot use as it is.
    #[error("the Windows directory is called `{windows}`, which a script cannot name safely")]
    WindowsName {
        /// Its name.
        windows: ImagePath,
    },
    /// The queue is not as it was written.
    #[error("`{path}` is not a queue that can be read: {reason}")]
    Queue {
        /// The queue.
        path: ImagePath,
        /// What is wrong.
        reason: String,
    },
    /// The marked lines of a script are not as they were written.
    #[error(
        "`{path}` begins a block of ours that has no end: it was edited, and what is to be left \
         of it cannot be told"
    )]
    Edited {
        /// The script.
        path: ImagePath,
    },
    /// `InstallFilesPath` leads where the image is not.
    #[error("InstallFilesPath of `{path}` is `{value}`, which is not a folder of this image")]
    InstallFilesPath {
        /// The answer file.
        path: ImagePath,
        /// The value.
        value: String,
    },
    /// No package of that name waits.
    #[error("no package `{name}` waits for the first boot")]
    NotWaiting {
        /// The name that was asked for.
        name: String,
    },
    /// Several packages have that name.
    #[error("{count} packages that wait are called `{name}`; name one by its number: {numbers}")]
    Ambiguous {
        /// The name that was asked for.
        name: String,
        /// How many there are.
        count: usize,
        /// Their numbers.
        numbers: String,
    },
    /// A package cannot be read.
    #[error("`{name}` cannot be read")]
    Package {
        /// The package.
        name: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A change cannot be planned.
    #[error(transparent)]
    Draft(#[from] DraftError),
    /// The image cannot be read.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// A hive cannot be read.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// A name that is no path.
    #[error(transparent)]
    Path(#[from] PathError),
}
