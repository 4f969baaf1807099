//! What differs between two images, or two trees of any kind.
//!
//! [`files`] walks two trees in step. [`images`] compares the registry as
//! well, by key, value and type, so that two hives that say the same are the
//! same, however their cells lie; their files then count as the same, too.
//!
//! What trees know of files beside names and contents is compared where that
//! is asked for and both trees hold it: two images in WIM files hold
//! attributes, times, short names, security, streams and reparse data, a
//! directory on the host only the time of the last write and hard links.
//! [`updates`] compares update packages and features.

mod as_plan;
mod content;
mod exclude;
mod files;
mod metadata;
mod moved;
mod packages;
mod registry;

use std::collections::BTreeSet;
use std::fmt;

pub use as_plan::{AsPlanError, Bundle, Inexpressible, as_plan};
pub use exclude::{Exclude, PatternError};
pub(crate) use exclude::{NamePattern, fits_name, parse as parse_pattern};
pub use files::{FileChange, FileDifference, FileState};
pub use packages::{
    FeatureDifference, PackageDifference, PackageField, UpdateDiffError, UpdateDifferences, updates,
};
pub use registry::{HiveChange, RegistryDifference};

use crate::draft::Draft;
use crate::finding::Finding;
use crate::registry::RegistryError;
use crate::tree::{FileTree, TreeError};

/// What is compared beside names and contents, and what is left out.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Paths that are not compared.
    pub exclude: Exclude,
    /// Compare what trees know of files and directories beside names and
    /// contents.
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
    fn tree(side: Side, source: TreeError) -> DiffError {
        DiffError::Tree { side, source }
    }

    fn registry(side: Side, source: RegistryError) -> DiffError {
        DiffError::Registry { side, source }
    }

    /// Which of the two it is about.
    pub fn side(&self) -> Side {
        match self {
            DiffError::Tree { side, .. } | DiffError::Registry { side, .. } => *side,
        }
    }
}

/// What is being compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Hives.
    Hives,
    /// Contents of files.
    Files,
}

/// Told how many of how many hives or files are done.
pub type Progress<'p> = dyn FnMut(Step, u64, u64) + 'p;

/// How two images differ.
#[derive(Clone, Debug, Default)]
pub struct ImageDifferences {
    /// In their files, in the order of their paths.
    pub files: Vec<FileDifference>,
    /// In their registries, by hive and key.
    pub registry: Vec<RegistryDifference>,
    /// What the user should know beside them.
    pub findings: Vec<Finding>,
}

/// Compares the files of two trees, hives like any other. The differences
/// stand in the order of their paths; what lies below a directory that was
/// added or removed is named as well.
///
/// # Errors
/// [`DiffError::Tree`] when a tree cannot be read, or changes meanwhile.
pub fn files(
    a: &dyn FileTree,
    b: &dyn FileTree,
    options: &Options,
    progress: &mut Progress<'_>,
) -> Result<Vec<FileDifference>, DiffError> {
    let none = BTreeSet::new();
    let apart = files::Apart {
        contents: &none,
        never_moved: &none,
    };
    files::compare(a, b, options, apart, &mut |done, total| {
        progress(Step::Files, done, total);
    })
}

/// Compares the registries of two images.
///
/// # Errors
/// [`DiffError`] when an image cannot be read, or a hive of it is damaged:
/// [`images`] compares the files of such hives instead.
pub fn registry(
    a: &Draft,
    b: &Draft,
    options: &Options,
    progress: &mut Progress<'_>,
) -> Result<Vec<RegistryDifference>, DiffError> {
    let compared = registry::compare(a, b, options, &mut |done, total| {
        progress(Step::Hives, done, total);
    })?;
    match compared.damaged.into_iter().next() {
        Some(damaged) => Err(damaged.into_error()),
        None => Ok(compared.differences),
    }
}

/// Compares the files and registries of two images. The files of hives are
/// told only for what the registry does not show of them.
///
/// # Errors
/// [`DiffError`] when an image cannot be read, or changes meanwhile.
pub fn images(
    a: &Draft,
    b: &Draft,
    options: &Options,
    progress: &mut Progress<'_>,
) -> Result<ImageDifferences, DiffError> {
    let compared = registry::compare(a, b, options, &mut |done, total| {
        progress(Step::Hives, done, total);
    })?;
    let apart = files::Apart {
        contents: &compared.files,
        never_moved: &compared.alone,
    };
    let mut files = files::compare(a, b, options, apart, &mut |done, total| {
        progress(Step::Files, done, total);
    })?;
    files.extend(compared.of_files);
    files.sort_by(|left, right| left.path.cmp(&right.path));
    let findings = compared.damaged.iter().map(registry::Damaged::finding);
    Ok(ImageDifferences {
        files,
        findings: findings.collect(),
        registry: compared.differences,
    })
}
