//! `diff`.

mod drivers;
mod files;
mod registry;
mod updates;

pub use drivers::{ChangedFields, DriverChange, DriverDifferenceEntry};
pub use files::{FileChange, FileDifferenceEntry, FileSide};
pub use registry::{RegistryChange, RegistryDifferenceEntry, RegistrySide};
pub use updates::{
    ChangedPackageFields, DiffedPackage, DiffedUpdate, FeatureDifferenceEntry,
    PackageDifferenceEntry, UpdateChange,
};

use schemars::JsonSchema;
use serde::Serialize;

use super::Document;
use super::image::FindingEntry;

/// `diff`: how the second of two images differs from the first.
#[derive(Debug, JsonSchema, Serialize)]
pub struct Diff {
    /// Whether they differ.
    pub different: bool,
    /// The two, in the order in which they were named.
    pub images: Vec<DiffedImage>,
    /// What was compared.
    pub compared: Vec<Compared>,
    /// What was not, and why.
    pub left_out: Vec<LeftOut>,
    /// The files, by path; null where they were not compared.
    pub files: Option<Vec<FileDifferenceEntry>>,
    /// The registry, by hive and key; null where it was not compared.
    pub registry: Option<Vec<RegistryDifferenceEntry>>,
    /// The driver packages, by published name; null where they were not
    /// compared.
    pub drivers: Option<Vec<DriverDifferenceEntry>>,
    /// The update packages, by name; null where they were not compared.
    pub packages: Option<Vec<PackageDifferenceEntry>>,
    /// The features, by name; null where they were not compared.
    pub features: Option<Vec<FeatureDifferenceEntry>>,
    /// The plan that was written, with `--as-plan`; absent where none was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<DiffPlan>,
    /// What is odd about the comparison; what is odd about an image stands
    /// with it.
    pub findings: Vec<FindingEntry>,
}

impl Document for Diff {
    const NAME: &'static str = "diff";
}

/// A bundle that makes the first image what the second is.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct DiffPlan {
    /// Where it was written.
    pub directory: String,
    /// How many changes it has.
    pub changes: usize,
    /// Bytes of content in it.
    pub content_bytes: u64,
}

/// One of the two.
#[derive(Debug, JsonSchema, Serialize)]
pub struct DiffedImage {
    /// The image as it was named.
    pub image: String,
    /// The Windows directory in it; null where it was compared as files only.
    pub windows_directory: Option<String>,
    /// What is odd about it.
    pub findings: Vec<FindingEntry>,
}

/// A part that was compared.
#[derive(Clone, Copy, Debug, JsonSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Compared {
    /// Files and directories.
    Files,
    /// All hives.
    Registry,
    /// Driver packages.
    Drivers,
    /// Update packages.
    Packages,
    /// Features.
    Features,
}

/// Something that was not compared.
#[derive(Clone, Debug, JsonSchema, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// Its kebab-case name.
    pub name: String,
    /// What it is, and why it was left out.
    pub reason: String,
}
