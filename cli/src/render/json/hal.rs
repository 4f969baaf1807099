//! `hal audit`, `hal target`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use wimwright_drivers::boot_path::BootCheck;
use wimwright_drivers::check::{Check as StoreCheck, Severity as StoreSeverity};
use wimwright_drivers::{LintMode, LintRule};
use wimwright_hal as hal;
use wimwright_hal::audit::check::{Check, Severity};
use wimwright_hal::generalize::{Cleaning, Leftover};
use wimwright_servicing::Generation;

use super::Document;
use super::image::FindingEntry;
use super::plan::{OfImage, PlanDocument, ReceiptDocument};
use super::spool::Spooled;

/// `hal audit`.
#[derive(Debug, JsonSchema, Serialize)]
pub struct HalAudit {
    /// Whether the targets were given; without, the verdicts are on the six
    /// kinds of PC and bear on no exit code.
    pub targets_given: bool,
    /// One entry an image, in the order in which they were named.
    #[schemars(with = "Vec<AuditedImage>")]
    pub images: Spooled<AuditedImage>,
}

impl Document for HalAudit {
    const NAME: &'static str = "hal-audit";
}

/// What the audit of an image gave.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
pub struct AuditedImage {
    /// The image as it was named.
    pub image: String,
    /// What its WIM file calls it.
    pub title: Option<String>,
    /// Why it could not be audited; null where it was, and the rest is there.
    pub error: Option<String>,
    /// Windows' version, like `5.1.2600`.
    pub version: Option<String>,
    /// `Service Pack 3`; null where there is none.
    pub service_pack: Option<String>,
    /// `nt5` for 2000, XP and 2003; `nt6` for Vista and 7; `driver-database`
    /// for all later ones.
    pub generation: Option<String>,
    /// `x86`, `amd64`, `arm`, `arm64`, `ia64`.
    pub architecture: Option<String>,
    /// What is installed.
    pub installed: Option<InstalledEntry>,
    /// The verdicts, one a computer.
    pub targets: Vec<TargetEntry>,
    /// What is odd, in the order of the checks.
    pub findings: Vec<AuditFindingEntry>,
}

/// What an image has installed.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
pub struct InstalledEntry {
    /// The class of the HAL, like `acpiapic_up`; null where it cannot be told,
    /// and from Vista on.
    pub hal: Option<String>,
    /// What Device Manager calls it.
    pub description: Option<String>,
    /// The HAL file's name on the media.
    pub hal_file: Option<String>,
    /// The kernel's name on the media.
    pub kernel: Option<String>,
    /// The same of the kernel for PAE.
    pub pae_kernel: Option<String>,
    /// Build and service pack of the files.
    pub level: Option<String>,
    /// Whether HAL, kernels and registry are of one piece.
    pub consistent: bool,
    /// What that rests on.
    pub evidence: Vec<EvidenceEntry>,
}

/// A verdict.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
pub struct TargetEntry {
    /// The computer.
    pub target: String,
    /// The HAL class that it needs; null where too little is known.
    pub hal: Option<String>,
    /// How sure that class is.
    pub confidence: Option<ConfidenceEntry>,
    /// What becomes of the image there.
    pub verdict: VerdictEntry,
    /// The check that decides it; `explain` tells more.
    pub check: String,
    /// The stop code to expect, like `0x7B`; null where none is known.
    pub stop_code: Option<String>,
    /// Whether Microsoft supports this HAL there; null where there is no
    /// verdict, or where something else keeps the image from booting.
    pub supported: Option<bool>,
    /// Why.
    pub reason: String,
    /// What to do.
    pub remedy: Option<String>,
    /// What it rests on: what is installed, what the computer's class was
    /// worked out from, and what else decides it.
    pub evidence: Vec<EvidenceEntry>,
    /// What is not sure of the computer, and what the image does there by
    /// itself.
    pub notes: Vec<String>,
    /// Where the rule stands.
    pub source: String,
    /// How sure the rule is.
    pub certainty: String,
}

/// What becomes of an image on a computer.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum VerdictEntry {
    /// It boots, and that is supported.
    Boots,
    /// It boots, unsupported or with less than the computer can do.
    BootsDegraded,
    /// It boots with one processor, and the HAL can be switched.
    NeedsHalSwitch,
    /// It does not boot.
    WillNotBoot,
    /// This Windows chooses its HAL by itself.
    NotImageBound,
    /// Too little is known.
    Unknown,
}

impl From<hal::Verdict> for VerdictEntry {
    fn from(verdict: hal::Verdict) -> VerdictEntry {
        match verdict {
            hal::Verdict::Boots => VerdictEntry::Boots,
            hal::Verdict::BootsDegraded => VerdictEntry::BootsDegraded,
            hal::Verdict::NeedsHalSwitch => VerdictEntry::NeedsHalSwitch,
            hal::Verdict::WillNotBoot => VerdictEntry::WillNotBoot,
            hal::Verdict::NotImageBound => VerdictEntry::NotImageBound,
            hal::Verdict::Unknown => VerdictEntry::Unknown,
        }
    }
}

/// How sure a class is.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ConfidenceEntry {
    /// Firmware tables, or a Windows of that generation, say it.
    Exact,
    /// It follows from what another system saw.
    Inferred,
    /// Some of it is what nearly all computers are like.
    Assumed,
}

impl From<hal::Confidence> for ConfidenceEntry {
    fn from(confidence: hal::Confidence) -> ConfidenceEntry {
        match confidence {
            hal::Confidence::Exact => ConfidenceEntry::Exact,
            hal::Confidence::Inferred => ConfidenceEntry::Inferred,
            hal::Confidence::Assumed => ConfidenceEntry::Assumed,
        }
    }
}

/// Something odd.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
pub struct AuditFindingEntry {
    /// The check that found it.
    pub check: String,
    /// How much it matters.
    pub severity: SeverityEntry,
    /// What was found.
    pub message: String,
    /// The computer that it is about; null for the image itself.
    pub target: Option<String>,
    /// The stop code to expect, where it keeps Windows from starting.
    pub stop_code: Option<String>,
    /// What it rests on.
    pub evidence: Vec<EvidenceEntry>,
    /// What to do.
    pub remedy: String,
    /// Where that is said.
    pub source: String,
}

/// How much a finding of an audit matters.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SeverityEntry {
    /// Worth knowing.
    Note,
    /// Likely not what is wanted.
    Warning,
    /// Windows will not start, or not as it should.
    Error,
}

impl SeverityEntry {
    /// As text says it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            SeverityEntry::Note => "note",
            SeverityEntry::Warning => "warning",
            SeverityEntry::Error => "error",
        }
    }
}

impl From<Severity> for SeverityEntry {
    fn from(severity: Severity) -> SeverityEntry {
        match severity {
            Severity::Note => SeverityEntry::Note,
            Severity::Warning => SeverityEntry::Warning,
            Severity::Error => SeverityEntry::Error,
        }
    }
}

/// A piece of evidence.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
pub struct EvidenceEntry {
    /// Where it was read.
    pub path: String,
    /// What stands there.
    pub value: String,
    /// What was looked at: `version-resource`, `registry`, ...
    pub kind: String,
    /// Where it is said what that means.
    pub source: String,
}

impl From<&hal::Evidence> for EvidenceEntry {
    fn from(piece: &hal::Evidence) -> EvidenceEntry {
        EvidenceEntry {
            path: piece.path.clone(),
            value: piece.value.clone(),
            kind: piece.kind.name().to_owned(),
            source: piece.source.to_owned(),
        }
    }
}

pub(super) fn pieces(evidence: &[hal::Evidence]) -> Vec<EvidenceEntry> {
    evidence.iter().map(EvidenceEntry::from).collect()
}

impl AuditedImage {
    /// An image that could not be audited.
    pub(crate) fn failed(image: String, error: String) -> AuditedImage {
        AuditedImage {
            image,
            title: None,
            error: Some(error),
            version: None,
            service_pack: None,
            generation: None,
            architecture: None,
            installed: None,
            targets: Vec::new(),
            findings: Vec::new(),
        }
    }

    /// What an audit gave.
    pub(crate) fn new(image: String, title: Option<String>, audit: &hal::Audit) -> AuditedImage {
        use wimwright_servicing::Generation;
        let facts = &audit.facts;
        let generation = match facts.generation {
            Generation::Nt5 => "nt5",
            Generation::Nt6 => "nt6",
            Generation::DriverDatabase => "driver-database",
        };
        let installed = &audit.installed;
        AuditedImage {
            image,
            title,
            error: None,
            version: Some(facts.version.to_string()),
            service_pack: facts.service_pack.clone(),
            generation: Some(generation.to_owned()),
            architecture: Some(facts.architecture.to_string()),
            installed: Some(InstalledEntry {
                hal: installed.hal.map(|hal| hal.id().to_owned()),
                description: installed.hal.map(|hal| hal.description().to_owned()),
                hal_file: installed.hal_file.map(str::to_owned),
                kernel: installed.kernel.map(|kernel| kernel.to_string()),
                pae_kernel: installed.pae_kernel.map(|kernel| kernel.to_string()),
                level: installed.level.map(|level| level.to_string()),
                consistent: installed.consistent,
                evidence: pieces(&installed.evidence),
            }),
            targets: audit.targets.iter().map(TargetEntry::from).collect(),
            findings: audit.findings.iter().map(AuditFindingEntry::from).collect(),
        }
    }
}

impl From<&hal::audit::TargetVerdict> for TargetEntry {
    fn from(found: &hal::audit::TargetVerdict) -> TargetEntry {
        TargetEntry {
            target: found.target.clone(),
            hal: found.hal.map(|hal| hal.id().to_owned()),
            confidence: found.confidence.map(ConfidenceEntry::from),
            verdict: found.verdict.into(),
            check: found.check.to_owned(),
            stop_code: found.stop_code.map(|code| code.to_string()),
            supported: found.supported,
            reason: found.reason.clone(),
            remedy: found.remedy.clone(),
            evidence: pieces(&found.evidence),
            notes: found
                .notes
                .iter()
                .chain(&found.by_itself)
                .cloned()
                .collect(),
            source: found.source.to_owned(),
            certainty: found.certainty.to_string(),
        }
    }
}

impl From<&hal::Finding> for AuditFindingEntry {
    fn from(finding: &hal::Finding) -> AuditFindingEntry {
        AuditFindingEntry {
            check: finding.check.to_owned(),
            severity: finding.severity.into(),
            message: finding.message.clone(),
            target: finding.target.clone(),
            stop_code: finding.stop_code.map(|code| code.to_string()),
            evidence: pieces(&finding.evidence),
            remedy: finding.remedy.clone(),
            source: finding.source.to_owned(),
        }
    }
}

/// `hal set`.
#[derive(Debug, JsonSchema, Serialize)]
pub struct HalSet<'a> {
    /// Whether an image changed; with `--dry-run`, whether it would.
    pub changed: bool,
    /// One entry an image.
    pub images: Vec<HalSetEntry<'a>>,
    /// What would be done; with `--dry-run` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<PlanDocument<'a>>,
    /// What was done; without `--dry-run` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receipt: Option<ReceiptDocument>,
}

impl Document for HalSet<'_> {
    const NAME: &'static str = "hal-set";
}

/// What switching the HAL of an image gave.
#[derive(Debug, JsonSchema, Serialize)]
pub struct HalSetEntry<'a> {
    /// The image as it was named.
    pub image: String,
    /// The HAL that was installed.
    pub from: String,
    /// The HAL that is installed now.
    pub to: String,
    /// The files that are others now.
    pub files: Vec<SwitchedFile>,
    /// What is odd.
    pub findings: Vec<FindingEntry>,
    /// What was done to it, where there are several images.
    #[serde(flatten)]
    pub done: OfImage<'a>,
}

/// A file that is another now.
#[derive(Debug, JsonSchema, Serialize)]
pub struct SwitchedFile {
    /// Where it is.
    pub path: String,
    /// Where it was taken from.
    pub from: String,
}

/// `hal target`.
#[derive(Debug, JsonSchema, Serialize)]
pub struct HalTarget {
    /// One entry a computer.
    pub targets: Vec<HalTargetEntry>,
}

impl Document for HalTarget {
    const NAME: &'static str = "hal-target";
}

/// Which HAL a computer needs.
#[derive(Debug, JsonSchema, Serialize)]
pub struct HalTargetEntry {
    /// The computer.
    pub target: String,
    /// The HAL class; null where too little is known.
    pub hal: Option<String>,
    /// What Device Manager calls it.
    pub description: Option<String>,
    /// How sure it is.
    pub confidence: Option<ConfidenceEntry>,
    /// What it was worked out from.
    pub inputs: Vec<EvidenceEntry>,
    /// What is missing, or odd.
    pub notes: Vec<String>,
}

impl From<&hal::Target> for HalTargetEntry {
    fn from(target: &hal::Target) -> HalTargetEntry {
        HalTargetEntry {
            target: target.name.clone(),
            hal: target.hal.map(|hal| hal.id().to_owned()),
            description: target.hal.map(|hal| hal.description().to_owned()),
            confidence: target.confidence.map(ConfidenceEntry::from),
            inputs: pieces(&target.inputs),
            notes: target.notes.clone(),
        }
    }
}

/// `hal audit --list`.
#[derive(Debug, JsonSchema, Serialize)]
pub struct HalChecks {
    /// The checks, in the order in which they are run.
    pub checks: Vec<CheckEntry>,
}

impl Document for HalChecks {
    const NAME: &'static str = "hal-checks";
}

/// A check.
#[derive(Debug, JsonSchema, Serialize)]
pub struct CheckEntry {
    /// Its kebab-case name.
    pub name: String,
    /// The command that has it: `hal audit`, `boot predict`, `drivers check`,
    /// `drivers lint`, `generalize report`.
    pub command: String,
    /// Its number, where it has one: InfVerif's or Inf2Cat's.
    pub number: Option<String>,
    /// How much its gravest finding matters.
    pub severity: SeverityEntry,
    /// The images that it is for.
    pub applies_to: String,
    /// Whether it looks at an image and a computer together.
    pub needs_target: bool,
    /// What it wants to be true.
    pub title: String,
    /// Why that matters.
    pub why: String,
    /// What to do where it is not so.
    pub remedy: String,
    /// Where that is said.
    pub source: String,
}

impl From<&Check> for CheckEntry {
    fn from(check: &Check) -> CheckEntry {
        CheckEntry {
            name: check.name.to_owned(),
            command: "hal audit".to_owned(),
            number: None,
            severity: check.severity.into(),
            applies_to: check.applies.plain().to_owned(),
            needs_target: check.needs_target(),
            title: check.title.to_owned(),
            why: check.why.to_owned(),
            remedy: check.remedy.to_owned(),
            source: check.source.to_owned(),
        }
    }
}

impl From<&BootCheck> for CheckEntry {
    fn from(check: &BootCheck) -> CheckEntry {
        CheckEntry {
            name: check.name.to_owned(),
            command: "boot predict".to_owned(),
            number: None,
            severity: SeverityEntry::Error,
            applies_to: "every Windows".to_owned(),
            needs_target: true,
            title: check.description.trim_end_matches('.').to_owned(),
            why: "Windows takes its drivers from the disk that it boots from; until that disk is \
                  reached there are only those that the loader has loaded, and without one of them \
                  it stops with 0x7B"
                .to_owned(),
            remedy: "the finding names the command; `wimwright boot predict` shows the whole way"
                .to_owned(),
            source: format!("{} ({})", check.basis.section, check.basis.certainty),
        }
    }
}

impl From<&StoreCheck> for CheckEntry {
    fn from(check: &StoreCheck) -> CheckEntry {
        let names = check.generations.iter().map(|generation| match generation {
            Generation::Nt5 => "2000, XP and Server 2003",
            Generation::Nt6 => "Vista and 7",
            Generation::DriverDatabase => "8 and later",
        });
        let names: Vec<&str> = names.collect();
        CheckEntry {
            name: check.name.to_owned(),
            command: "drivers check".to_owned(),
            number: None,
            severity: check.severity.into(),
            applies_to: format!("Windows {}", names.join("; ")),
            needs_target: false,
            title: check.description.trim_end_matches('.').to_owned(),
            why: check.effect.trim_end_matches('.').to_owned(),
            remedy:
                "each fault names what mends it; `wimwright drivers check IMAGE --repair` does \
                     what can be done with what the image holds"
                    .to_owned(),
            source: check.source.to_owned(),
        }
    }
}

impl From<LintRule> for CheckEntry {
    fn from(rule: LintRule) -> CheckEntry {
        let modes = [
            LintMode::Basic,
            LintMode::Declarative,
            LintMode::Universal,
            LintMode::Windows,
        ];
        let severities = modes.into_iter().filter_map(|mode| rule.severity(mode));
        let number = rule.id() != rule.name();
        CheckEntry {
            name: rule.name().to_owned(),
            command: "drivers lint".to_owned(),
            number: number.then(|| rule.id().to_owned()),
            severity: severities
                .max()
                .map_or(SeverityEntry::Note, SeverityEntry::from),
            applies_to: "INF files".to_owned(),
            needs_target: false,
            title: rule.title().to_owned(),
            why: match number {
                true => format!(
                    "InfVerif and Inf2Cat say so as {}; Windows may refuse the package, or install it otherwise than meant",
                    rule.id()
                ),
                false => {
                    "Windows may refuse the package, or install it otherwise than meant".to_owned()
                }
            },
            remedy: rule.hint().map_or_else(
                || "correct the line that `wimwright drivers lint PACKAGE` names".to_owned(),
                str::to_owned,
            ),
            source: rule.page(),
        }
    }
}

impl From<&Leftover> for CheckEntry {
    fn from(leftover: &Leftover) -> CheckEntry {
        let remedy = match leftover.cleaning {
            Cleaning::Offline(how) => format!("`wimwright generalize clean IMAGE` does it: {how}"),
            Cleaning::Not(instead) => format!("not offline: {instead}"),
        };
        CheckEntry {
            name: leftover.name.to_owned(),
            command: "generalize report".to_owned(),
            number: None,
            severity: leftover.severity.into(),
            applies_to: leftover.applies.plain().to_owned(),
            needs_target: false,
            title: format!("{}, in {}", leftover.title, leftover.place),
            why: leftover.why.to_owned(),
            remedy,
            source: format!("{} ({})", leftover.source, leftover.certainty),
        }
    }
}

impl From<StoreSeverity> for SeverityEntry {
    fn from(severity: StoreSeverity) -> SeverityEntry {
        match severity {
            StoreSeverity::Note => SeverityEntry::Note,
            StoreSeverity::Warning => SeverityEntry::Warning,
            StoreSeverity::Error => SeverityEntry::Error,
        }
    }
}
