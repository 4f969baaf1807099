//! `drivers export`.

use schemars::JsonSchema;
use serde::Serialize;

use super::Document;
use super::image::FindingEntry;

/// `drivers export`.
#[derive(Debug, JsonSchema, Serialize)]
pub struct DriversExport {
    /// The directory as it was named.
    pub directory: String,
    /// One entry an image.
    pub images: Vec<ExportedDrivers>,
}

impl Document for DriversExport {
    const NAME: &'static str = "drivers-export";
}

/// What exporting packages of an image gave.
#[derive(Debug, JsonSchema, Serialize)]
pub struct ExportedDrivers {
    /// The image as it was named.
    pub image: String,
    /// One entry a package, or a name that names none.
    pub results: Vec<ExportedResult>,
    /// What is odd.
    pub findings: Vec<FindingEntry>,
}

/// What became of one package.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct ExportedResult {
    /// As it was named; its published name where all are exported.
    pub name: String,
    /// `oem0.inf`; null where the image has none of that name.
    pub published_name: Option<String>,
    /// The name of its folder; null where nothing says it.
    pub package_id: Option<String>,
    /// The INF's name before it was published; null where nothing says it.
    pub original_file_name: Option<String>,
    /// What became of it.
    pub outcome: ExportOutcome,
    /// Why it was refused.
    pub reason: Option<String>,
    /// Its files, from its folder; empty where it was refused.
    pub files: Vec<String>,
}

/// What became of a package.
#[derive(Clone, Copy, Debug, JsonSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ExportOutcome {
    /// Its folder is there now.
    Exported,
    /// It was not exported; `reason` says why.
    Refused,
}
