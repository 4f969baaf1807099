//! What an apply is going to do, and what it did.

use crate::finding::Finding;
use crate::path::ImagePath;

use super::job::Damaged;

/// How much is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Files, further names not counted.
    pub files: u64,
    /// Directories that were not there.
    pub directories: u64,
    /// Symbolic links and junctions.
    pub links: u64,
    /// Further names of files.
    pub hard_links: u64,
    /// Bytes of content that are written.
    pub bytes: u64,
}

/// What an apply is going to do.
#[derive(Clone, Debug)]
pub struct Preview {
    /// How much is made.
    pub counts: Counts,
    /// How many files and links on the target those of the image replace; see
    /// [`Applying::replaced`](super::Applying::replaced).
    pub replaced: u64,
    /// Logs of registry hives that the image replaces: they are removed, for
    /// they belong to the hive that was there.
    pub removed: Vec<ImagePath>,
    /// What is moved aside with the old system, and into which directory.
    pub moved: Option<Moved>,
    /// What is odd, and what cannot be applied.
    pub findings: Vec<Finding>,
}

/// An old system moved aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// Names in the root of the target.
    pub names: Vec<ImagePath>,
    /// The directory there that they are moved into.
    pub into: ImagePath,
}

/// What an apply did.
#[derive(Clone, Debug)]
pub struct Report {
    /// How much was to be made; what of it was not stands below.
    pub counts: Counts,
    /// As in [`Preview::replaced`].
    pub replaced: u64,
    /// As in [`Preview::removed`].
    pub removed: Vec<ImagePath>,
    /// As in [`Preview::moved`].
    pub moved: Option<Moved>,
    /// Whether a sidecar was written.
    pub sidecar: bool,
    /// Files that were not written, for their content is damaged, and files
    /// that lost something else so. What was there of the name of a file that
    /// was not written is there still.
    pub damaged: Vec<Damaged>,
    /// What is odd, and what could not be applied.
    pub findings: Vec<Finding>,
}
