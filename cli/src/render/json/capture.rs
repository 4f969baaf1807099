//! `capture` and `append`.

use std::path::Path;

use schemars::JsonSchema;
use serde::Serialize;
use wimwright_servicing::capture::{Captured, Preview};

use super::Document;
use super::image::FindingEntry;

/// `capture`.
#[derive(Debug, JsonSchema, Serialize)]
pub struct Capture {
    /// Whether anything was written.
    pub changed: bool,
    /// Whether nothing was to be written.
    pub dry_run: bool,
    /// The WIM file as it was named.
    pub wim: String,
    /// One entry an image.
    pub images: Vec<CapturedImage>,
}

impl Document for Capture {
    const NAME: &'static str = "capture";
}

/// `append`.
#[derive(Debug, JsonSchema, Serialize)]
pub struct Append {
    /// Whether anything was written.
    pub changed: bool,
    /// Whether nothing was to be written.
    pub dry_run: bool,
    /// The WIM file as it was named.
    pub wim: String,
    /// One entry an image.
    pub images: Vec<CapturedImage>,
}

impl Document for Append {
    const NAME: &'static str = "append";
}

/// An image that was made of a directory, or would be.
#[derive(Debug, JsonSchema, Serialize)]
pub struct CapturedImage {
    /// The image: `install.wim:1`; null for a dry run.
    pub image: Option<String>,
    /// Its number in the file; null for a dry run.
    pub image_index: Option<u32>,
    /// Its name; null for a dry run.
    pub image_name: Option<String>,
    /// The directory as it was named.
    pub source: String,
    /// Directories, the root included.
    pub directories: u64,
    /// All else, each hard link by itself.
    pub files: u64,
    /// Bytes of content, each file once.
    pub bytes: u64,
    /// Length of the WIM file in bytes; null for a dry run.
    pub size: Option<u64>,
    /// Entries that exclusion lists leave out; what is below a directory that
    /// is left out is not counted.
    pub excluded: u64,
    /// Entries that cannot be captured, or not with all they hold; the
    /// findings name them.
    pub lost: u64,
    /// What is odd.
    pub findings: Vec<FindingEntry>,
}

impl CapturedImage {
    pub(crate) fn done(source: String, wim: &Path, done: &Captured) -> CapturedImage {
        CapturedImage {
            image: Some(format!("{}:{}", wim.display(), done.index)),
            image_index: Some(done.index),
            image_name: Some(done.name.clone()),
            source,
            directories: done.directories,
            files: done.files,
            bytes: done.bytes,
            size: Some(done.wim_len),
            excluded: done.excluded,
            lost: done.lost,
            findings: done.findings.iter().map(FindingEntry::from).collect(),
        }
    }

    pub(crate) fn planned(source: String, found: &Preview) -> CapturedImage {
        CapturedImage {
            image: None,
            image_index: None,
            image_name: None,
            source,
            directories: found.directories,
            files: found.files,
            bytes: found.bytes,
            size: None,
            excluded: found.excluded,
            lost: found.lost,
            findings: found.findings.iter().map(FindingEntry::from).collect(),
        }
    }
}
