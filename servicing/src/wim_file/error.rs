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
