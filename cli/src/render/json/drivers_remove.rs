//! `drivers remove`.

use schemars::JsonSchema;
use serde::Serialize;
use wimwright_drivers as drivers;

use super::Document;
use super::image::FindingEntry;
use super::plan::{OfImage, PlanDocument, ReceiptDocument};

/// `drivers remove`.
#[derive(Debug, JsonSchema, Serialize)]
pub struct DriversRemove<'a> {
    /// Whether the image changed; with `--dry-run`, whether it would.
    pub changed: bool,
    /// One entry an image.
    pub images: Vec<Removed<'a>>,
    /// What would be done; with `--dry-run` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<PlanDocument<'a>>,
    /// What was done; without `--dry-run` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receipt: Option<ReceiptDocument>,
}

impl Document for DriversRemove<'_> {
    const NAME: &'static str = "drivers-remove";
}

/// What removing packages from an image gave.
#[derive(Debug, JsonSchema, Serialize)]
pub struct Removed<'a> {
    /// The image as it was named.
    pub image: String,
    /// One entry a package, or a name that names none.
    pub results: Vec<RemovedResult>,
    /// What is odd.
    pub findings: Vec<FindingEntry>,
    /// What was done to it, where there are several images.
    #[serde(flatten)]
    pub done: OfImage<'a>,
}

/// What became of one package.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct RemovedResult {
    /// As it was named.
    pub name: String,
    /// `oem0.inf`; null where the image has none of that name.
    pub published_name: Option<String>,
    /// Its folder in the driver store; null where nothing says it.
    pub package_id: Option<String>,
    /// The INF's name before it was published; null where nothing says it.
    pub original_file_name: Option<String>,
    /// What became of it.
    pub outcome: RemoveOutcome,
    /// Why it was refused.
    pub reason: Option<String>,
    /// What is odd about it.
    pub findings: Vec<FindingEntry>,
}

/// What became of a package.
#[derive(Clone, Copy, Debug, JsonSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RemoveOutcome {
    /// It is not in the image any more.
    Removed,
    /// It was not removed; `reason` says why.
    Refused,
}

impl From<drivers::RemoveResult> for RemovedResult {
    fn from(result: drivers::RemoveResult) -> RemovedResult {
        RemovedResult {
            name: result.name,
            published_name: result.published_name,
            package_id: result.package_id,
            original_file_name: result.original_file_name,
            outcome: match result.outcome {
                drivers::RemoveOutcome::Removed => RemoveOutcome::Removed,
                drivers::RemoveOutcome::Refused => RemoveOutcome::Refused,
            },
            reason: result.reason,
            findings: result.findings.iter().map(FindingEntry::from).collect(),
        }
    }
}
