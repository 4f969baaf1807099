//! `packages add` and `packages remove`.

use schemars::JsonSchema;
use serde::Serialize;
use wimwright_servicing::update::add::{AddOutcome, AddResult};
use wimwright_servicing::update::remove::Removed;

use super::Document;
use super::image::FindingEntry;
use super::plan::{OfImage, PlanDocument, ReceiptDocument};

/// `packages add`.
#[derive(Debug, JsonSchema, Serialize)]
pub struct PackagesAdd<'a> {
    /// Whether something changed; with `--dry-run`, whether it would.
    pub changed: bool,
    /// One entry an image.
    pub images: Vec<AddedPackages<'a>>,
    /// What was written for Setup; with `--answer-file` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer_file: Option<AnswerFileWritten>,
    /// What would be done; with `--dry-run` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<PlanDocument<'a>>,
    /// What was done; without `--dry-run` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receipt: Option<ReceiptDocument>,
}

impl Document for PackagesAdd<'_> {
    const NAME: &'static str = "packages-add";
}

/// What adding packages to an image gave.
#[derive(Debug, JsonSchema, Serialize)]
pub struct AddedPackages<'a> {
    /// The image as it was named.
    pub image: String,
    /// One entry a package, in the order of the words.
    pub results: Vec<AddedPackage>,
    /// What is odd.
    pub findings: Vec<FindingEntry>,
    /// What was done to it, where there are several images.
    #[serde(flatten)]
    pub done: OfImage<'a>,
}

/// What became of one package.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct AddedPackage {
    /// The file as it was named, without its folder.
    pub package: String,
    /// What became of it.
    pub outcome: PackageOutcome,
    /// Why.
    pub reason: String,
    /// What could not be told of it, like whether it applies; null where nothing is
    /// in doubt.
    pub doubt: Option<String>,
    /// Why it only waits for the first boot and is not staged as well; null where
    /// it is, or was not to be.
    pub not_staged: Option<String>,
    /// `name~token~architecture~culture~version`; null where that is not known.
    pub identity: Option<String>,
    /// What installs it: `setup-complete`, `service`, `gui-run-once`, `cmdlines` or
    /// `answer-file`; null where nothing does.
    pub mechanism: Option<String>,
    /// Its place among the packages that wait in the image.
    pub number: Option<u32>,
    /// Who signed it; a claim, unless it is trusted.
    pub signer_name: Option<String>,
}

/// What became of a package.
#[derive(Clone, Copy, Debug, JsonSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PackageOutcome {
    /// Windows installs it: at the first boot, or from an answer file.
    FirstBoot,
    /// It is in the component store, not applied; `mechanism` says what installs it
    /// at the first boot, null that nothing does.
    Staged,
    /// It is installed.
    Installed,
    /// It was there before.
    Unchanged,
    /// It was not added; `reason` says why.
    Refused,
}

/// What was written for Setup.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct AnswerFileWritten {
    /// The answer file.
    pub path: String,
    /// Whether anything was, or would be, written.
    pub changed: bool,
    /// The cabinets that were put beside it.
    pub cabinets: Vec<String>,
}

impl AddedPackage {
    /// A file that is no package.
    pub(crate) fn refused(package: String, reason: String) -> AddedPackage {
        AddedPackage {
            package,
            outcome: PackageOutcome::Refused,
            reason,
            doubt: None,
            not_staged: None,
            identity: None,
            mechanism: None,
            number: None,
            signer_name: None,
        }
    }
}

impl From<AddResult> for AddedPackage {
    fn from(result: AddResult) -> AddedPackage {
        AddedPackage {
            package: result.package,
            outcome: match result.outcome {
                AddOutcome::FirstBoot => PackageOutcome::FirstBoot,
                AddOutcome::Staged => PackageOutcome::Staged,
                AddOutcome::Installed => PackageOutcome::Installed,
                AddOutcome::Unchanged => PackageOutcome::Unchanged,
                _ => PackageOutcome::Refused,
            },
            reason: result.reason,
            doubt: result.doubt,
            not_staged: result.not_staged,
            identity: result.identity,
            mechanism: result.way.map(|way| way.name().to_owned()),
            number: result.number,
            signer_name: result.signer,
        }
    }
}

/// `packages remove`.
#[derive(Debug, JsonSchema, Serialize)]
pub struct PackagesRemove<'a> {
    /// Whether the image changed; with `--dry-run`, whether it would.
    pub changed: bool,
    /// One entry an image.
    pub images: Vec<RemovedPackages<'a>>,
    /// What would be done; with `--dry-run` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<PlanDocument<'a>>,
    /// What was done; without `--dry-run` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receipt: Option<ReceiptDocument>,
}

impl Document for PackagesRemove<'_> {
    const NAME: &'static str = "packages-remove";
}

/// What taking packages back gave.
#[derive(Debug, JsonSchema, Serialize)]
pub struct RemovedPackages<'a> {
    /// The image as it was named.
    pub image: String,
    /// One entry a package.
    pub results: Vec<RemovedPackage>,
    /// What is odd.
    pub findings: Vec<FindingEntry>,
    /// What was done to it, where there are several images.
    #[serde(flatten)]
    pub done: OfImage<'a>,
}

/// A package that was taken back.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct RemovedPackage {
    /// The file as it was added; its identity where it did not wait.
    pub package: String,
    /// Its place among the packages that waited; null where it did not.
    pub number: Option<u32>,
    /// Packages that were staged, it and those that it brought.
    pub staged: Vec<String>,
    /// `name~token~architecture~culture~version`; null where that is not known.
    pub identity: Option<String>,
}

impl From<&Removed> for RemovedPackage {
    fn from(removed: &Removed) -> RemovedPackage {
        let waiting = removed.waiting.as_ref();
        let staged = removed.staged.as_ref();
        let staged_as = staged.map(|staged| staged.identity.package_name());
        let identity = waiting.and_then(|waiting| waiting.identity.clone());
        let identity = identity.or(staged_as);
        RemovedPackage {
            package: match waiting {
                Some(waiting) => waiting.name.clone(),
                None => identity.clone().unwrap_or_default(),
            },
            number: waiting.map(|waiting| waiting.number),
            staged: staged.map_or_else(Vec::new, |staged| staged.packages.clone()),
            identity,
        }
    }
}
