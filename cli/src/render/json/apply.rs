//! `apply` and `extract`.

use schemars::JsonSchema;
use serde::Serialize;
use wimwright_servicing::apply::{Preview, Report};
use wimwright_servicing::{ImagePath, Text};

use super::Document;
use super::image::FindingEntry;

/// `apply`.
#[derive(Debug, JsonSchema, Serialize)]
pub struct Apply {
    /// Whether anything was written.
    pub changed: bool,
    /// Whether nothing was to be written.
    pub dry_run: bool,
    /// One entry an image.
    pub images: Vec<AppliedImage>,
}

impl Document for Apply {
    const NAME: &'static str = "apply";
}

/// `extract`.
#[derive(Debug, JsonSchema, Serialize)]
pub struct Extract {
    /// Whether anything was written.
    pub changed: bool,
    /// Whether nothing was to be written.
    pub dry_run: bool,
    /// One entry an image.
    pub images: Vec<AppliedImage>,
}

impl Document for Extract {
    const NAME: &'static str = "extract";
}

/// What became of one image, or would.
#[derive(Debug, JsonSchema, Serialize)]
pub struct AppliedImage {
    /// The image: `install.wim:1`.
    pub image: String,
    /// The directory.
    pub target: String,
    /// Files, further names not counted; with those that could not be made,
    /// which are named below.
    pub files: u64,
    /// Directories that were not there.
    pub directories: u64,
    /// Symbolic links and junctions.
    pub links: u64,
    /// Further names of files.
    pub hard_links: u64,
    /// Bytes of content.
    pub bytes: u64,
    /// How many files and links that were there were replaced.
    pub replaced: u64,
    /// Which ones; null but for a dry run.
    #[schemars(with = "Option<Vec<super::plan::Text>>")]
    pub replaced_files: Option<Vec<Text>>,
    /// Logs of registry hives that the image replaces: removed.
    #[schemars(with = "Vec<super::plan::Text>")]
    pub removed: Vec<ImagePath>,
    /// The old system that was moved aside; null where none was.
    pub moved: Option<MovedEntry>,
    /// Whether a sidecar was written; null for a dry run.
    pub sidecar: Option<bool>,
    /// Files that were not written, for their content is damaged, or that lost
    /// something else so.
    pub damaged: Vec<DamagedEntry>,
    /// What is odd, and what could not be applied.
    pub findings: Vec<FindingEntry>,
}

/// An old system moved aside.
#[derive(Debug, JsonSchema, Serialize)]
pub struct MovedEntry {
    /// The directory that it was moved into.
    #[schemars(with = "super::plan::Text")]
    pub into: ImagePath,
    /// What was moved, from the root of the target.
    #[schemars(with = "Vec<super::plan::Text>")]
    pub names: Vec<ImagePath>,
}

/// A file that was not written, or lost something.
#[derive(Debug, JsonSchema, Serialize)]
pub struct DamagedEntry {
    /// Where it is or would be.
    #[schemars(with = "super::plan::Text")]
    pub path: ImagePath,
    /// What is wrong.
    pub error: String,
}

impl AppliedImage {
    /// What would be done.
    pub(crate) fn planned(
        image: String,
        target: String,
        preview: &Preview,
        replaced: impl Iterator<Item = ImagePath>,
    ) -> AppliedImage {
        AppliedImage {
            image,
            target,
            files: preview.counts.files,
            directories: preview.counts.directories,
            links: preview.counts.links,
            hard_links: preview.counts.hard_links,
            bytes: preview.counts.bytes,
            replaced: preview.replaced,
            replaced_files: Some(replaced.map(|path| path.to_text()).collect()),
            removed: preview.removed.clone(),
            moved: moved(preview.moved.as_ref()),
            sidecar: None,
            damaged: Vec::new(),
            findings: preview.findings.iter().map(FindingEntry::from).collect(),
        }
    }

    /// What was done.
    pub(crate) fn done(image: String, target: String, report: &Report) -> AppliedImage {
        let damaged = report.damaged.iter().map(|damaged| DamagedEntry {
            path: damaged.path.clone(),
            error: damaged.error.clone(),
        });
        AppliedImage {
            image,
            target,
            files: report.counts.files,
            directories: report.counts.directories,
            links: report.counts.links,
            hard_links: report.counts.hard_links,
            bytes: report.counts.bytes,
            replaced: report.replaced,
            replaced_files: None,
            removed: report.removed.clone(),
            moved: moved(report.moved.as_ref()),
            sidecar: Some(report.sidecar),
            damaged: damaged.collect(),
            findings: report.findings.iter().map(FindingEntry::from).collect(),
        }
    }
}

fn moved(moved: Option<&wimwright_servicing::apply::Moved>) -> Option<MovedEntry> {
    moved.map(|moved| MovedEntry {
        into: moved.into.clone(),
        names: moved.names.clone(),
    })
}
