//! What differs between two images, or two trees of any kind.
//!
//! [`files`] walks two trees in step. The registry is compared by key, value
//! and type, so that two hives that say the same are the same, however their
//! cells lie.

mod content;
mod exclude;
mod files;

use std::fmt;

pub use exclude::{Exclude, PatternError};
pub use files::{FileChange, FileDifference, FileState, files};

use crate::registry::RegistryError;
use crate::tree::TreeError;

/// What is compared beside names and contents, and what is left out.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Paths that are not compared.
    pub exclude: Exclude,
    /// Compare times of last write and numbers of hard links of files and
    /// directories.
    pub metadata: bool,
    /// Compare the security descriptors of registry keys.
    pub security: bool,
}

/// One of the two that are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The first.
    A,
    /// The second.
    B,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Side::A => "the first image",
            Side::B => "the second image",
        })
    }
}

/// What stopped a comparison.
#[derive(Debug, thiserror::Error)]
pub enum DiffError {
    /// A tree cannot be read.
    #[error("{side}")]
    Tree {
        /// Which.
        side: Side,
        /// Why.
        #[source]
        source: TreeError,
    },
    /// A hive cannot be read.
    #[error("{side}")]
    Registry {
        /// Which image's.
        side: Side,
        /// Why.
        #[source]
        source: RegistryError,
    },
}

impl DiffError {
    pub(crate) fn tree(side: Side, source: TreeError) -> DiffError {
        DiffError::Tree { side, source }
    }
}
