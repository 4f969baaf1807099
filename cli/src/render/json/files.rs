//! `files put`, `files delete`, `files rename`, `files script`.

use schemars::JsonSchema;
use serde::Serialize;

use super::Document;
use super::image::FindingEntry;
use super::plan::{OfImage, PlanDocument, ReceiptDocument};

/// A command on the files of images.
#[derive(Debug, JsonSchema, Serialize)]
pub struct FilesEdit<'a> {
    /// Whether an image changed; with `--dry-run`, whether it would.
    pub changed: bool,
    /// One entry an image.
    pub images: Vec<EditedFiles<'a>>,
    /// What would be done; with `--dry-run` and one image only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<PlanDocument<'a>>,
    /// What was done; without `--dry-run`, with one image only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receipt: Option<ReceiptDocument>,
}

impl Document for FilesEdit<'_> {
    const NAME: &'static str = "files-edit";
}

/// What a command on files came to in an image.
#[derive(Debug, JsonSchema, Serialize)]
pub struct EditedFiles<'a> {
    /// The image as it was named.
    pub image: String,
    /// What is odd.
    pub findings: Vec<FindingEntry>,
    /// With several images: plan or receipt of this one.
    #[serde(flatten)]
    pub done: OfImage<'a>,
}
