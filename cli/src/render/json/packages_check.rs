//! `packages check`.

use schemars::JsonSchema;
use serde::Serialize;
use wimwright_servicing::update::applicability as lib;
use wimwright_servicing::update::batch::{Batch, Placed};
use wimwright_servicing::update::order::{Edge, Rank};
use wimwright_servicing::update::package::{CatalogState, Package, PackageKind};

use super::Document;
use super::image::FindingEntry;
use super::packages_image::UpdateState;

/// `packages check`.
#[derive(Debug, JsonSchema, Serialize)]
pub struct PackagesCheck {
    /// One entry for each image.
    pub images: Vec<CheckedPackages>,
    /// Files that hold no package that can be read.
    pub unreadable: Vec<UnreadablePackage>,
}

impl Document for PackagesCheck {
    const NAME: &'static str = "packages-check";
}

/// A file that holds no package that can be read.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct UnreadablePackage {
    /// The file as it was named.
    pub file: String,
    /// Why.
    pub reason: String,
}

/// What an image says to packages.
#[derive(Debug, JsonSchema, Serialize)]
pub struct CheckedPackages {
    /// The image as it was named.
    pub image: String,
    /// The part of Windows that installs updates, and what is pending.
    #[serde(flatten)]
    pub state: UpdateState,
    /// The packages, in the order in which they go.
    pub packages: Vec<CheckedPackage>,
    /// Needs that go round; empty where there is an order.
    pub cycle: Vec<AfterEntry>,
    /// What the user should know about the image.
    pub findings: Vec<FindingEntry>,
}

/// What an image says to a package.
#[derive(Debug, JsonSchema, Serialize)]
pub struct CheckedPackage {
    /// The file, and the package in it where that holds several.
    pub file: String,
    /// `name~token~architecture~language~version`.
    pub package_name: String,
    /// What kind of package it is.
    pub kind: PackageKindEntry,
    /// Its rank among those that it could be swapped with.
    pub rank: RankEntry,
    /// Packages that it comes after, and why.
    pub after: Vec<AfterEntry>,
    /// What its signature is worth.
    pub signature: CatalogStateEntry,
    /// Why it is not `signed`: `packages add` takes it only when it is forced.
    pub signature_reason: Option<String>,
    /// What all rules come to.
    pub verdict: ApplicabilityEntry,
    /// The rules, in the order in which they were asked.
    pub rules: Vec<RuleEntry>,
}

/// That a package comes after another.
#[derive(Debug, JsonSchema, Serialize)]
pub struct AfterEntry {
    /// The one that comes first.
    pub before: String,
    /// The one that needs it.
    pub after: String,
    /// Why.
    pub reason: String,
}

/// A rule with what it compared.
#[derive(Debug, JsonSchema, Serialize)]
pub struct RuleEntry {
    /// Its name.
    pub rule: String,
    /// What it found.
    pub outcome: RuleOutcome,
    /// What the package asks for.
    pub asked: String,
    /// What the image has.
    pub found: String,
    /// What would help, where that is known.
    pub hint: Option<String>,
}

/// What a rule found.
#[derive(Clone, Copy, Debug, JsonSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RuleOutcome {
    /// It holds.
    Holds,
    /// It does not, and that decides.
    Fails,
    /// What is known does not suffice to say.
    Unclear,
}

/// What all rules come to.
#[derive(Clone, Copy, Debug, JsonSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ApplicabilityEntry {
    /// The image takes it.
    Applicable,
    /// It is there.
    Installed,
    /// A newer one is there.
    Superseded,
    /// It is not for this image.
    NotApplicable,
    /// It is, but not yet.
    Blocked,
    /// What is known does not suffice to say.
    Unclear,
}

/// What kind of package it is.
#[derive(Clone, Copy, Debug, JsonSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PackageKindEntry {
    /// It brings a servicing stack.
    ServicingStack,
    /// A cumulative update.
    Cumulative,
    /// A language pack.
    LanguagePack,
    /// A feature.
    Feature,
    /// Any other update.
    Update,
}

/// The rank of a package.
#[derive(Clone, Copy, Debug, JsonSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RankEntry {
    /// Servicing stacks.
    ServicingStack,
    /// Cumulative updates that a later one comes after.
    Checkpoint,
    /// Cumulative updates.
    Cumulative,
    /// All others.
    Rest,
}

/// What a package's signature is worth.
#[derive(Clone, Copy, Debug, JsonSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CatalogStateEntry {
    /// Signed, by somebody whom a trusted authority vouches for.
    Signed,
    /// Signed, but nobody who is trusted vouches for the signer.
    Untrusted,
    /// Nobody signed it, or not all of it is covered.
    Unsigned,
    /// The signature does not fit.
    Invalid,
}

impl From<lib::Outcome> for RuleOutcome {
    fn from(outcome: lib::Outcome) -> RuleOutcome {
        match outcome {
            lib::Outcome::Holds => RuleOutcome::Holds,
            lib::Outcome::Fails => RuleOutcome::Fails,
            lib::Outcome::Unclear => RuleOutcome::Unclear,
        }
    }
}

impl From<lib::Verdict> for ApplicabilityEntry {
    fn from(verdict: lib::Verdict) -> ApplicabilityEntry {
        match verdict {
            lib::Verdict::Applicable => ApplicabilityEntry::Applicable,
            lib::Verdict::Installed => ApplicabilityEntry::Installed,
            lib::Verdict::Superseded => ApplicabilityEntry::Superseded,
            lib::Verdict::NotApplicable => ApplicabilityEntry::NotApplicable,
            lib::Verdict::Blocked => ApplicabilityEntry::Blocked,
            lib::Verdict::Unclear => ApplicabilityEntry::Unclear,
        }
    }
}

impl From<PackageKind> for PackageKindEntry {
    fn from(kind: PackageKind) -> PackageKindEntry {
        match kind {
            PackageKind::ServicingStack => PackageKindEntry::ServicingStack,
            PackageKind::Cumulative => PackageKindEntry::Cumulative,
            PackageKind::LanguagePack => PackageKindEntry::LanguagePack,
            PackageKind::Feature => PackageKindEntry::Feature,
            PackageKind::Update => PackageKindEntry::Update,
        }
    }
}

impl From<Rank> for RankEntry {
    fn from(rank: Rank) -> RankEntry {
        match rank {
            Rank::ServicingStack => RankEntry::ServicingStack,
            Rank::Checkpoint => RankEntry::Checkpoint,
            Rank::Cumulative => RankEntry::Cumulative,
            Rank::Rest => RankEntry::Rest,
        }
    }
}

impl From<CatalogState> for CatalogStateEntry {
    fn from(state: CatalogState) -> CatalogStateEntry {
        match state {
            CatalogState::Signed => CatalogStateEntry::Signed,
            CatalogState::Untrusted => CatalogStateEntry::Untrusted,
            CatalogState::Unsigned => CatalogStateEntry::Unsigned,
            CatalogState::Invalid => CatalogStateEntry::Invalid,
        }
    }
}

impl From<&lib::Rule> for RuleEntry {
    fn from(rule: &lib::Rule) -> RuleEntry {
        RuleEntry {
            rule: rule.rule.to_owned(),
            outcome: rule.outcome.into(),
            asked: rule.asked.clone(),
            found: rule.found.clone(),
            hint: rule.hint.clone(),
        }
    }
}

impl CheckedPackages {
    pub(crate) fn new(
        image: &str,
        state: UpdateState,
        packages: &[Package],
        batch: &Batch,
        findings: Vec<FindingEntry>,
    ) -> CheckedPackages {
        let edges = |edges: &[Edge]| -> Vec<AfterEntry> {
            let named = |at: usize| {
                packages
                    .get(at)
                    .map_or(String::new(), |one| one.name().to_owned())
            };
            let each = edges.iter().map(|edge| AfterEntry {
                before: named(edge.before),
                after: named(edge.after),
                reason: edge.reason.clone(),
            });
            each.collect()
        };
        let of = |placed: &Placed| -> Option<CheckedPackage> {
            let package = packages.get(placed.given)?;
            Some(CheckedPackage {
                file: package.name().to_owned(),
                package_name: package.identity().to_string(),
                kind: package.kind().into(),
                rank: placed.rank.into(),
                after: edges(&placed.after),
                signature: package.signature().into(),
                signature_reason: package.signature_reason(),
                verdict: placed.applicability.verdict.into(),
                rules: placed
                    .applicability
                    .rules
                    .iter()
                    .map(RuleEntry::from)
                    .collect(),
            })
        };
        CheckedPackages {
            image: image.to_owned(),
            state,
            packages: batch.placed.iter().filter_map(of).collect(),
            cycle: edges(&batch.cycle),
            findings,
        }
    }
}
