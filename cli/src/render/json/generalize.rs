//! `generalize report`, `generalize clean`, `generalize stage`.

use schemars::JsonSchema;
use serde::Serialize;
use wimwright_hal::generalize;
use wimwright_hal::generalize::answer_file::Says;

use super::Document;
use super::hal::{EvidenceEntry, SeverityEntry, pieces};
use super::image::FindingEntry;
use super::plan::{OfImage, PlanDocument, ReceiptDocument};

/// `generalize report`.
#[derive(Debug, JsonSchema, Serialize)]
pub struct GeneralizeReport {
    /// One entry an image.
    pub images: Vec<ReportedImage>,
}

impl Document for GeneralizeReport {
    const NAME: &'static str = "generalize-report";
}

/// What is known of an image's generalization.
#[derive(Debug, JsonSchema, Serialize)]
pub struct ReportedImage {
    /// The image as it was named.
    pub image: String,
    /// What its WIM file calls it.
    pub title: Option<String>,
    /// Whether it is generalized.
    pub verdict: VerdictOfState,
    /// Why, in a sentence.
    pub reason: String,
    /// What the next boot runs first: a pass of answer files, `mini-setup`,
    /// `windows-welcome`, `factory`; null for nothing.
    pub next_pass: Option<String>,
    /// All that is to be run until Windows is ready.
    pub passes: Vec<String>,
    /// What that rests on.
    pub evidence: Vec<EvidenceEntry>,
    /// What contradicts the rest.
    pub differences: Vec<String>,
    /// What the last Setup noted of the passes of answer files.
    pub passes_noted: Vec<PassStatusEntry>,
    /// The answer files that are where Windows looks, in the order in which it
    /// looks.
    pub answer_files: Vec<AnswerFileEntry>,
    /// Which of them wins, one entry a pass.
    pub winners: Vec<WinnerEntry>,
    /// The logs of Setup and Sysprep.
    pub logs: Vec<LogEntry>,
    /// What must not be cloned.
    pub leftovers: Vec<LeftoverEntry>,
    /// What could not be looked for.
    pub unchecked: Vec<UncheckedEntry>,
    /// What is odd about the image itself.
    pub findings: Vec<FindingEntry>,
}

/// Whether an image is generalized.
#[derive(Clone, Copy, Debug, JsonSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum VerdictOfState {
    /// Sysprep generalized it, and it has not been booted since.
    Generalized,
    /// It is an installation.
    NotGeneralized,
    /// It is as Microsoft's media have it.
    VendorMedia,
    /// Some signs are there and others are not.
    Inconsistent,
}

impl VerdictOfState {
    /// Its name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            VerdictOfState::Generalized => "generalized",
            VerdictOfState::NotGeneralized => "not-generalized",
            VerdictOfState::VendorMedia => "vendor-media",
            VerdictOfState::Inconsistent => "inconsistent",
        }
    }
}

impl From<generalize::Verdict> for VerdictOfState {
    fn from(verdict: generalize::Verdict) -> VerdictOfState {
        match verdict {
            generalize::Verdict::Generalized => VerdictOfState::Generalized,
            generalize::Verdict::NotGeneralized => VerdictOfState::NotGeneralized,
            generalize::Verdict::VendorMedia => VerdictOfState::VendorMedia,
            generalize::Verdict::Inconsistent => VerdictOfState::Inconsistent,
        }
    }
}

/// What the last Setup noted of a pass.
#[derive(Debug, JsonSchema, Serialize)]
pub struct PassStatusEntry {
    /// The pass.
    pub pass: String,
    /// The number that stands there.
    pub status: u32,
}

/// An answer file.
#[derive(Debug, JsonSchema, Serialize)]
pub struct AnswerFileEntry {
    /// Where it is.
    pub path: String,
    /// Which of the places it is: `registry`, `panther-unattend`, `panther`,
    /// `sysprep`, `system-drive`, `sysprep-inf`.
    pub place: String,
    /// The place's number in Microsoft's table.
    pub rank: u8,
    /// Why it cannot be used; null where it can.
    pub error: Option<String>,
    /// What it has for which pass; empty for sysprep.inf.
    pub passes: Vec<AnswerPassEntry>,
    /// How many passwords can be read in it.
    pub passwords: usize,
    /// How many passwords Windows has blanked out.
    pub blanked: usize,
}

/// What an answer file has for a pass.
#[derive(Debug, JsonSchema, Serialize)]
pub struct AnswerPassEntry {
    /// The pass.
    pub pass: String,
    /// Whether it was run already.
    pub processed: bool,
    /// The components that it has settings for.
    pub components: Vec<String>,
}

/// The answer file that a pass takes its settings from.
#[derive(Debug, JsonSchema, Serialize)]
pub struct WinnerEntry {
    /// The pass.
    pub pass: String,
    /// The file.
    pub path: String,
    /// Whether that pass was run already, so that nothing of it is applied.
    pub processed: bool,
    /// Files further down with settings for the pass, which are not read.
    pub hidden: Vec<String>,
}

/// A log, in short.
#[derive(Debug, JsonSchema, Serialize)]
pub struct LogEntry {
    /// Which file.
    pub path: String,
    /// Its length in bytes.
    pub len: u64,
    /// The time of its last line, as it stands there.
    pub last_time: Option<String>,
    /// The last phase that it names.
    pub last_phase: Option<String>,
    /// How many lines of its last run are errors.
    pub errors: usize,
    /// The provider that failed.
    pub failing_provider: Option<String>,
    /// The code that it gave.
    pub code: Option<String>,
    /// The line that says so.
    pub line: Option<String>,
    /// Where that line is, counted from 1.
    pub line_number: Option<usize>,
    /// Whether only the end of the file was read.
    pub cut: bool,
}

/// Something that must not be cloned.
#[derive(Debug, JsonSchema, Serialize)]
pub struct LeftoverEntry {
    /// Which kind it is.
    pub name: String,
    /// Where it is.
    #[serde(rename = "where")]
    pub place: String,
    /// What is there; keys and passwords are never shown whole.
    pub value: String,
    /// Whether `generalize clean` removes it.
    pub cleanable: bool,
    /// How much it matters.
    pub severity: SeverityEntry,
    /// Why it matters.
    pub why: String,
    /// How it is cleaned, or what to do instead.
    pub remedy: String,
}

/// A kind that could not be looked for.
#[derive(Debug, JsonSchema, Serialize)]
pub struct UncheckedEntry {
    /// Its name.
    pub name: String,
    /// Why.
    pub reason: String,
}

impl ReportedImage {
    /// What a report says.
    pub(crate) fn new(
        image: String,
        title: Option<String>,
        report: &generalize::Report,
        findings: Vec<FindingEntry>,
    ) -> ReportedImage {
        let state = &report.state;
        ReportedImage {
            image,
            title,
            verdict: state.verdict.into(),
            reason: state.reason.clone(),
            next_pass: state.next_boot.first_pass().map(str::to_owned),
            passes: texts(state.next_boot.passes()),
            evidence: pieces(&state.evidence),
            differences: state.differences.clone(),
            passes_noted: state
                .passes_noted
                .iter()
                .map(|noted| PassStatusEntry {
                    pass: noted.pass.clone(),
                    status: noted.status,
                })
                .collect(),
            answer_files: report
                .answer_files
                .files
                .iter()
                .map(AnswerFileEntry::from)
                .collect(),
            winners: report
                .answer_files
                .winners
                .iter()
                .map(|winner| WinnerEntry {
                    pass: winner.pass.clone(),
                    path: winner.path.clone(),
                    processed: winner.processed,
                    hidden: winner.hidden.clone(),
                })
                .collect(),
            logs: report.logs.iter().map(LogEntry::from).collect(),
            leftovers: report.leftovers.iter().flat_map(leftovers).collect(),
            unchecked: report
                .unchecked
                .iter()
                .map(|unchecked| UncheckedEntry {
                    name: unchecked.name.to_owned(),
                    reason: unchecked.reason.to_string(),
                })
                .collect(),
            findings,
        }
    }
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

impl From<&generalize::answer_file::AnswerFile> for AnswerFileEntry {
    fn from(file: &generalize::answer_file::AnswerFile) -> AnswerFileEntry {
        let mut entry = AnswerFileEntry {
            path: file.path.clone(),
            place: file.place.name().to_owned(),
            rank: file.place.rank(),
            error: None,
            passes: Vec::new(),
            passwords: 0,
            blanked: 0,
        };
        match &file.says {
            Says::Nothing(reason) => entry.error = Some(reason.clone()),
            Says::Sealed(sealed) => entry.passwords = sealed.secrets.len(),
            Says::Unattend(unattend) => {
                entry.passwords = unattend.secrets.len();
                entry.blanked = unattend.blanked;
                let passes = unattend.passes.iter().map(|pass| AnswerPassEntry {
                    pass: pass.name.clone(),
                    processed: pass.processed,
                    components: pass
                        .components
                        .iter()
                        .map(|component| component.name.clone())
                        .collect(),
                });
                entry.passes = passes.collect();
            }
        }
        entry
    }
}

impl From<&generalize::LogSummary> for LogEntry {
    fn from(log: &generalize::LogSummary) -> LogEntry {
        LogEntry {
            path: log.path.clone(),
            len: log.len,
            last_time: log.last_time.clone(),
            last_phase: log.last_phase.clone(),
            errors: log.errors,
            failing_provider: log.failing_provider.clone(),
            code: log.code.clone(),
            line: log.line.clone(),
            line_number: log.line_number,
            cut: log.cut,
        }
    }
}

fn leftovers(found: &generalize::Found) -> impl Iterator<Item = LeftoverEntry> {
    let leftover = found.leftover;
    found.items.iter().map(move |item| LeftoverEntry {
        name: leftover.name.to_owned(),
        place: item.place.clone(),
        value: item.value.clone(),
        cleanable: item.is_cleanable(),
        severity: leftover.severity.into(),
        why: leftover.why.to_owned(),
        remedy: item.kept.unwrap_or(leftover.cleaning.text()).to_owned(),
    })
}

/// `generalize report --list`.
#[derive(Debug, JsonSchema, Serialize)]
pub struct GeneralizeLeftovers {
    /// What is looked for, in the order of the report.
    pub leftovers: Vec<LeftoverKindEntry>,
}

impl Document for GeneralizeLeftovers {
    const NAME: &'static str = "generalize-leftovers";
}

/// A kind of leftover.
#[derive(Debug, JsonSchema, Serialize)]
pub struct LeftoverKindEntry {
    /// Its kebab-case name.
    pub name: String,
    /// What it is.
    pub title: String,
    /// Where it is looked for.
    #[serde(rename = "where")]
    pub place: String,
    /// Why it matters.
    pub why: String,
    /// How much it matters.
    pub severity: SeverityEntry,
    /// The Windows that it is looked for in.
    pub applies_to: String,
    /// Whether `generalize clean` removes it.
    pub cleanable: bool,
    /// How it is cleaned, or what to do instead.
    pub remedy: String,
    /// Where that is said.
    pub source: String,
    /// How sure it is: `verified`, `stated`, `recalled`.
    pub certainty: String,
}

impl From<&generalize::Leftover> for LeftoverKindEntry {
    fn from(leftover: &generalize::Leftover) -> LeftoverKindEntry {
        LeftoverKindEntry {
            name: leftover.name.to_owned(),
            title: leftover.title.to_owned(),
            place: leftover.place.to_owned(),
            why: leftover.why.to_owned(),
            severity: leftover.severity.into(),
            applies_to: leftover.applies.plain().to_owned(),
            cleanable: leftover.cleaning.is_offline(),
            remedy: leftover.cleaning.text().to_owned(),
            source: leftover.source.to_owned(),
            certainty: leftover.certainty.to_string(),
        }
    }
}

/// `generalize clean`.
#[derive(Debug, JsonSchema, Serialize)]
pub struct GeneralizeClean<'a> {
    /// Whether an image changed; with `--dry-run`, whether it would.
    pub changed: bool,
    /// One entry an image.
    pub images: Vec<CleanedImage<'a>>,
    /// What would be done; with `--dry-run` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<PlanDocument<'a>>,
    /// What was done; without `--dry-run` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receipt: Option<ReceiptDocument>,
}

impl Document for GeneralizeClean<'_> {
    const NAME: &'static str = "generalize-clean";
}

/// What cleaning an image gave.
#[derive(Debug, JsonSchema, Serialize)]
pub struct CleanedImage<'a> {
    /// The image as it was named.
    pub image: String,
    /// What was removed, by kind.
    pub cleaned: Vec<CleanedEntry>,
    /// What is odd.
    pub findings: Vec<FindingEntry>,
    /// What was done to it, where there are several images.
    #[serde(flatten)]
    pub done: OfImage<'a>,
}

/// What was removed of a kind.
#[derive(Debug, JsonSchema, Serialize)]
pub struct CleanedEntry {
    /// Which kind.
    pub name: String,
    /// How many files, folders, keys and values.
    pub removed: usize,
    /// Where they were.
    pub places: Vec<String>,
    /// What of it stays.
    pub kept: Vec<KeptEntry>,
}

/// What stays of a kind that is cleaned.
#[derive(Debug, JsonSchema, Serialize)]
pub struct KeptEntry {
    /// Where it is.
    pub place: String,
    /// Why it stays.
    pub reason: String,
}

impl From<&generalize::Cleaned> for CleanedEntry {
    fn from(cleaned: &generalize::Cleaned) -> CleanedEntry {
        CleanedEntry {
            name: cleaned.name.to_owned(),
            removed: cleaned.removed,
            places: cleaned.places.clone(),
            kept: cleaned
                .kept
                .iter()
                .map(|kept| KeptEntry {
                    place: kept.place.clone(),
                    reason: kept.reason.to_owned(),
                })
                .collect(),
        }
    }
}

/// `generalize stage`.
#[derive(Debug, JsonSchema, Serialize)]
pub struct GeneralizeStage<'a> {
    /// Whether an image changed; with `--dry-run`, whether it would.
    pub changed: bool,
    /// One entry an image.
    pub images: Vec<StagedImage<'a>>,
    /// What would be done; with `--dry-run` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<PlanDocument<'a>>,
    /// What was done; without `--dry-run` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receipt: Option<ReceiptDocument>,
}

impl Document for GeneralizeStage<'_> {
    const NAME: &'static str = "generalize-stage";
}

/// What staging an image gave.
#[derive(Debug, JsonSchema, Serialize)]
pub struct StagedImage<'a> {
    /// The image as it was named.
    pub image: String,
    /// Whether it is generalized.
    pub verdict: VerdictOfState,
    /// The files that Windows will read.
    pub placed: Vec<String>,
    /// What was in the way and is not any more.
    pub removed: Vec<String>,
    /// The passes still to come that the answer file has settings for.
    pub passes: Vec<String>,
    /// The drivers of `[SysprepMassStorage]` that were put into a sealed image.
    pub drivers: Vec<StagedDriver>,
    /// What is odd.
    pub findings: Vec<FindingEntry>,
    /// What was done to it, where there are several images.
    #[serde(flatten)]
    pub done: OfImage<'a>,
}

/// A driver of `[SysprepMassStorage]`.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct StagedDriver {
    /// Its INF, as the section names it.
    pub inf: String,
    /// The hardware ids that the section names it for.
    pub hardware_ids: Vec<String>,
    /// What became of it: `pending`, `unchanged`, `refused`, ...
    pub outcome: String,
    /// Why it was refused.
    pub reason: Option<String>,
}
