//! Why a WIM file on the host was not opened or written.

use std::io;
use std::path::{Path, PathBuf};

/// Why a WIM file was not opened or written.
#[derive(Debug, thiserror::Error)]
pub enum WimFileError {
    /// The system said no.
    #[error("`{path}`")]
    Host {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// What is wrong with the file, or keeps it from being changed.
    #[error("`{path}`")]
    Wim {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: wimwright_wim::Error,
    },
    /// Another program writes to it.
    #[error("`{path}` is being written to by another program")]
    Locked {
        /// Which file.
        path: PathBuf,
    },
    /// A writer kept a reader out for too long.
    #[error("`{path}` is being committed to by another program, and that does not come to an end")]
    Busy {
        /// Which file.
        path: PathBuf,
    },
    /// It was opened to read.
    #[error("`{path}` was not opened for writing")]
    NotForWriting {
        /// Which file.
        path: PathBuf,
    },
    /// The output exists.
    #[error("`{path}` exists")]
    Exists {
        /// Which file.
        path: PathBuf,
    },
    /// The output exists and is a directory or device.
    #[error("`{path}` exists and is no ordinary file")]
    NotAFile {
        /// Which file.
        path: PathBuf,
    },
    /// A pattern that cannot be read.
    #[error("`{pattern}` is no pattern of file names: {reason}")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A pattern that no file fits.
    #[error("no file fits `{pattern}`")]
    NoReference {
        /// The pattern.
        pattern: String,
    },
}

impl WimFileError {
    /// Whether the file, or what is asked for, cannot be served although
    /// nothing is damaged.
    pub fn is_refusal(&self) -> bool {
        match self {
            WimFileError::Host { .. } => false,
            WimFileError::Wim { source, .. } => is_refusal(source),
            WimFileError::Locked { .. }
            | WimFileError::Busy { .. }
            | WimFileError::NotForWriting { .. }
            | WimFileError::Exists { .. }
            | WimFileError::NotAFile { .. }
            | WimFileError::Pattern { .. }
            | WimFileError::NoReference { .. } => true,
        }
    }

    /// What can be done about it, where that is known.
    pub fn hint(&self) -> Option<String> {
        match self {
            WimFileError::Wim { source, .. } => hint(source).map(str::to_owned),
            WimFileError::Exists { .. } => Some("`--force` replaces it".to_owned()),
            _ => None,
        }
    }

    /// The system's error about a file.
    pub fn host(path: &Path, source: io::Error) -> WimFileError {
        let path = path.to_owned();
        WimFileError::Host { path, source }
    }

    /// An error of the WIM file itself.
    pub fn wim(path: &Path, source: wimwright_wim::Error) -> WimFileError {
        let path = path.to_owned();
        WimFileError::Wim { path, source }
    }
}

fn is_refusal(error: &wimwright_wim::Error) -> bool {
    use wimwright_wim::Error;
    match error {
        Error::In { source, .. } => is_refusal(source),
        Error::Pipable
        | Error::NotFirstPart { .. }
        | Error::PartTwice { .. }
        | Error::PartMissing { .. }
        | Error::PartsMissing { .. }
        | Error::ReadOnly
        | Error::WriteInProgress
        | Error::NoSuchImage { .. }
        | Error::UpdateOfPart { .. }
        | Error::Changed
        | Error::SplitOfParts { .. }
        | Error::OtherPacking { .. }
        | Error::NotStored { .. }
        | Error::Encoder { .. } => true,
        _ => false,
    }
}

fn hint(error: &wimwright_wim::Error) -> Option<&'static str> {
    use wimwright_wim::Error;
    Some(match error {
        Error::In { source, .. } => return hint(source),
        Error::NotFirstPart { .. } => "name the first part of the set",
        Error::PartMissing { .. } | Error::NotStored { .. } => {
            "`--ref 'NAME*.swm'` names the other parts of a set, or the files that hold what is missing"
        }
        Error::ReadOnly => "`export FILE:all NEW.wim` writes a copy that can be changed",
        Error::WriteInProgress => {
            "if no other program writes to it, one was interrupted: `verify` says whether the \
             file is sound, and `export FILE:all NEW.wim` writes a copy of what its header names"
        }
        Error::UpdateOfPart { .. } => "`join PART... NEW.wim` makes one file of a set",
        _ => return None,
    })
}
