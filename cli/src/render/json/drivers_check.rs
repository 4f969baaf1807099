//! `drivers check`.

use schemars::JsonSchema;
use serde::Serialize;
use wimwright_drivers::check::Severity;

use super::Document;
use super::image::FindingEntry;
use super::plan::{OfImage, PlanDocument, ReceiptDocument};

/// `drivers check`.
#[derive(Debug, JsonSchema, Serialize)]
pub struct DriversCheck<'a> {
    /// Whether the image changed; with `--dry-run`, whether it would.
    pub changed: bool,
    /// One entry an image.
    pub images: Vec<CheckedImage<'a>>,
    /// What would be done; with `--repair --dry-run` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<PlanDocument<'a>>,
    /// What was done; with `--repair` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receipt: Option<ReceiptDocument>,
}

impl Document for DriversCheck<'_> {
    const NAME: &'static str = "drivers-check";
}

/// What is wrong with the driver store of an image.
#[derive(Debug, JsonSchema, Serialize)]
pub struct CheckedImage<'a> {
    /// The image as it was named.
    pub image: String,
    /// What is wrong; with `--repair`, what is left.
    pub faults: Vec<FaultEntry>,
    /// What was mended; with `--dry-run`, what would be.
    pub mended: Vec<FaultEntry>,
    /// What is odd beside that.
    pub findings: Vec<FindingEntry>,
    /// What was done to it, where there are several images.
    #[serde(flatten)]
    pub done: OfImage<'a>,
}

/// A fault.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct FaultEntry {
    /// The check that found it.
    pub check: String,
    /// What that check looks at.
    pub rule: String,
    /// The sections of the reference that the rule rests on.
    pub source: String,
    /// How much it weighs.
    pub severity: FaultSeverity,
    /// Where: a path of the image, or a registry key.
    pub place: String,
    /// What is wrong there.
    pub message: String,
    /// What it does to the user.
    pub effect: String,
    /// Whether `--repair` mends it.
    pub repairable: bool,
    /// What mends it, in words.
    pub mend: String,
    /// The command that mends it, where one does.
    pub command: Option<String>,
}

/// How much a fault weighs.
#[derive(Clone, Copy, Debug, JsonSchema, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FaultSeverity {
    /// Worth knowing; does not count for the exit code.
    Note,
    /// Windows copes, and something else will not.
    Warning,
    /// A driver does not work, or the machine does not start.
    Error,
}

impl From<Severity> for FaultSeverity {
    fn from(severity: Severity) -> FaultSeverity {
        match severity {
            Severity::Note => FaultSeverity::Note,
            Severity::Warning => FaultSeverity::Warning,
            Severity::Error => FaultSeverity::Error,
        }
    }
}
