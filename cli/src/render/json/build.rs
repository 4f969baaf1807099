//! `build`.

use schemars::JsonSchema;
use serde::Serialize;

use super::Document;
use super::drivers::{AddedResult, Outcome};
use super::image::FindingEntry;
use super::packages_add::{AddedPackage, PackageOutcome};
use super::plan::{PlanDocument, ReceiptDocument};

/// `build`.
#[derive(Debug, JsonSchema, Serialize)]
pub struct Build<'a> {
    /// Whether a file was written; with `--dry-run`, whether one would be.
    pub changed: bool,
    /// Whether nothing was written because that was asked for.
    pub dry_run: bool,
    /// The build file as it was named.
    pub file: String,
    /// What was done to images. What several outputs have in common stands here
    /// once.
    pub images: Vec<BuiltImage<'a>>,
    /// One entry an output.
    pub outputs: Vec<BuiltOutput>,
}

impl Document for Build<'_> {
    const NAME: &'static str = "build";
}

/// An image that steps were done to.
#[derive(Debug, JsonSchema, Serialize)]
pub struct BuiltImage<'a> {
    /// The source's name in the build file.
    pub source: String,
    /// The outputs that have it in them, by name.
    pub outputs: Vec<String>,
    /// The image's name.
    pub image_name: Option<String>,
    /// The steps, in order.
    pub steps: Vec<BuiltStep>,
    /// What is odd.
    pub findings: Vec<FindingEntry>,
    /// What would be done; with `--dry-run` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<PlanDocument<'a>>,
    /// What was done; without `--dry-run` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receipt: Option<ReceiptDocument>,
}

/// A step, on an image.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct BuiltStep {
    /// Its word in the build file: `drivers`, `updates`, `registry` ...
    pub step: String,
    /// One entry for everything that it is about.
    pub results: Vec<BuildResult>,
}

/// What became of a package or a file.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct BuildResult {
    /// Which.
    pub subject: String,
    /// What became of it, as the step's command says it: `added`, `first-boot`,
    /// `imported`, `put`, `unchanged`, `refused` ...; `for-other-windows` of a driver
    /// package in a folder that has nothing for this one.
    pub outcome: String,
    /// Why, or what exactly.
    pub reason: Option<String>,
}

/// A file that a build makes.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct BuiltOutput {
    /// Its name in the build.
    pub name: String,
    /// The file, or the parts of the set; with `--dry-run` the first.
    pub files: Vec<String>,
    /// What became of it.
    pub outcome: OutputOutcome,
    /// What it is made from, in one number: equal keys, equal content.
    pub key: String,
    /// Its length in bytes; with `--dry-run`, about what it will have before what
    /// is new is compressed.
    pub size: u64,
}

/// What became of an output.
#[derive(Clone, Copy, Debug, JsonSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum OutputOutcome {
    /// It was written; with `--dry-run`, it would be.
    Built,
    /// It was written in place of an older one; with `--dry-run`, it would be.
    Replaced,
    /// It is there already, made from the same.
    Unchanged,
}

impl BuildResult {
    pub(crate) fn new(subject: String, outcome: &str, reason: Option<String>) -> BuildResult {
        let outcome = outcome.to_owned();
        BuildResult {
            subject,
            outcome,
            reason,
        }
    }

    /// Whether it is not as was asked for.
    pub(crate) fn is_refused(&self) -> bool {
        self.outcome == "refused"
    }

    /// It, and why.
    pub(crate) fn with_reason(&self) -> String {
        match &self.reason {
            Some(reason) => format!("{}: {reason}", self.subject),
            None => self.subject.clone(),
        }
    }
}

impl From<AddedResult> for BuildResult {
    fn from(added: AddedResult) -> BuildResult {
        let outcome = match added.outcome {
            Outcome::Added => "added",
            Outcome::Pending => "pending",
            Outcome::Unchanged => "unchanged",
            Outcome::Superseded => "superseded",
            Outcome::Refused if added.passed_over => "for-other-windows",
            Outcome::Refused => "refused",
            Outcome::NotNeeded => "not-needed",
        };
        let reason = added.reason.or(added.package_id);
        BuildResult::new(added.inf, outcome, reason)
    }
}

impl From<AddedPackage> for BuildResult {
    fn from(added: AddedPackage) -> BuildResult {
        let outcome = match added.outcome {
            PackageOutcome::FirstBoot => "first-boot",
            PackageOutcome::Staged => "staged",
            PackageOutcome::Installed => "installed",
            PackageOutcome::Unchanged => "unchanged",
            PackageOutcome::Refused => "refused",
        };
        BuildResult::new(added.package, outcome, Some(added.reason))
    }
}
