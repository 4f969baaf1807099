//! `explain`.

use schemars::JsonSchema;
use serde::Serialize;
use wimwright_servicing::explain::logs::{self, Log, LogCode, LogLine, Section};
use wimwright_servicing::explain::{self, Code, Entry, Explanation, Step};

use super::Document;
use super::hal::CheckEntry;
use crate::exit::ExitCode;

/// `explain`: of `checks`, `code`, `exit` and `log` those that the word is.
#[derive(Debug, JsonSchema, Serialize)]
pub struct Explained {
    /// What was to be explained.
    pub word: String,
    /// What it is; a number may be a check and a code: then both are there.
    pub kind: ExplainedKind,
    /// The checks and rules: several where commands have checks of one name.
    pub checks: Vec<CheckEntry>,
    /// The code.
    pub code: Option<ExplainedCode>,
    /// The exit code of this program.
    pub exit: Option<ExitEntry>,
    /// The log.
    pub log: Option<ExplainedLog>,
}

impl Document for Explained {
    const NAME: &'static str = "explain";
}

impl Explained {
    pub(crate) fn new(word: &str, kind: ExplainedKind) -> Explained {
        Explained {
            word: word.to_owned(),
            kind,
            checks: Vec::new(),
            code: None,
            exit: None,
            log: None,
        }
    }
}

/// What a word is.
#[derive(Clone, Copy, Debug, JsonSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExplainedKind {
    /// A check or rule.
    Check,
    /// An error code or a stop code.
    Code,
    /// An exit code of this program.
    Exit,
    /// A log.
    Log,
}

/// An exit code of this program.
#[derive(Debug, JsonSchema, Serialize)]
pub struct ExitEntry {
    /// Its number.
    pub code: u8,
    /// What it means.
    pub meaning: String,
    /// What to do then.
    pub advice: String,
}

impl From<ExitCode> for ExitEntry {
    fn from(code: ExitCode) -> ExitEntry {
        ExitEntry {
            code: code as u8,
            meaning: code.meaning().to_owned(),
            advice: code.advice().to_owned(),
        }
    }
}

/// A code.
#[derive(Debug, JsonSchema, Serialize)]
pub struct ExplainedCode {
    /// As it is written: `0x800F081E`, `1168`, `STOP 0x0000007B`,
    /// `0xC1900101 - 0x20017`.
    pub code: String,
    /// Its number.
    pub value: u32,
    /// Whether a list has it; otherwise its structure is all that is known.
    pub known: bool,
    /// How it is made up; null for stops.
    pub structure: Option<String>,
    /// What it means, likeliest first.
    pub meanings: Vec<MeaningEntry>,
    /// What Windows Setup was doing, where an extend code was given.
    pub setup: Option<SetupEntry>,
}

/// A meaning of a code.
#[derive(Debug, JsonSchema, Serialize)]
pub struct MeaningEntry {
    /// Who numbers it: `hresult`, `win32`, `setupapi`, `ntstatus`, `stop`.
    pub family: String,
    /// Its name in the headers of Windows; null where no page gives one.
    pub name: Option<String>,
    /// What failed.
    pub meaning: String,
    /// How sure name and meaning are: `verified`, `stated`, `recalled`,
    /// `inferred`.
    pub certainty: String,
    /// Where they are said.
    pub source: String,
    /// The usual causes, the likeliest first.
    pub causes: Vec<CauseEntry>,
    /// What to do.
    pub steps: Vec<StepEntry>,
}

/// A usual cause.
#[derive(Debug, JsonSchema, Serialize)]
pub struct CauseEntry {
    /// What it is.
    pub text: String,
    /// How sure it is that this is one.
    pub certainty: String,
}

/// Something to do.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
pub struct StepEntry {
    /// What and why.
    pub text: String,
    /// The command, where there is one; `IMAGE` and the like are to be filled
    /// in.
    pub command: Option<String>,
}

impl From<&Step> for StepEntry {
    fn from(step: &Step) -> StepEntry {
        StepEntry {
            text: step.text.to_owned(),
            command: step.command.map(|command| format!("wimwright {command}")),
        }
    }
}

/// What Windows Setup was doing.
#[derive(Debug, JsonSchema, Serialize)]
pub struct SetupEntry {
    /// The phase, by its name in Setup.
    pub phase: String,
    /// The phase in words.
    pub when: String,
    /// The operation, by its name in Setup.
    pub operation: String,
    /// What result and extend code mean together, where that is known.
    pub meaning: Option<String>,
    /// Where that is said.
    pub source: String,
}

impl From<&Entry> for MeaningEntry {
    fn from(entry: &Entry) -> MeaningEntry {
        let causes = entry.causes.iter().map(|cause| CauseEntry {
            text: cause.text.to_owned(),
            certainty: cause.sure.to_string(),
        });
        MeaningEntry {
            family: entry.family.name().to_owned(),
            name: (!entry.name.is_empty()).then(|| entry.name.to_owned()),
            meaning: entry.meaning.to_owned(),
            certainty: entry.sure.to_string(),
            source: entry.source.to_owned(),
            causes: causes.collect(),
            steps: entry.steps.iter().map(StepEntry::from).collect(),
        }
    }
}

impl From<&Explanation> for ExplainedCode {
    fn from(found: &Explanation) -> ExplainedCode {
        let meanings = found.entries.iter().copied().map(MeaningEntry::from);
        ExplainedCode {
            code: found.code.to_string(),
            value: found.code.value,
            known: !found.entries.is_empty(),
            structure: found.structure.map(|structure| structure.to_string()),
            meanings: meanings.collect(),
            setup: found.step.map(|step| SetupEntry {
                phase: step.phase.to_owned(),
                when: step.when.to_owned(),
                operation: step.operation.to_owned(),
                meaning: found.pair.map(|pair| pair.meaning.to_owned()),
                source: found
                    .pair
                    .map_or(step.source, |pair| pair.source)
                    .to_owned(),
            }),
        }
    }
}

/// A log.
#[derive(Debug, JsonSchema, Serialize)]
pub struct ExplainedLog {
    /// Its name as it was given.
    pub name: String,
    /// `cbs`, `dism`, `setup`, `setupapi`, `setupapi-xp`.
    pub log: String,
    /// `ascii`, `utf-8`, `ansi`, `utf-16le`, `utf-16be`.
    pub encoding: String,
    /// How many lines it has.
    pub lines: u64,
    /// Lines that were too long to be read whole.
    pub cut_lines: u64,
    /// What it says of the machine.
    pub system: Option<String>,
    /// The first time in it, as it writes it: the machine's local time.
    pub first_time: Option<String>,
    /// The last.
    pub last_time: Option<String>,
    /// Sections that succeeded.
    pub succeeded: u64,
    /// Sections whose result is not in the log.
    pub no_result: u64,
    /// Sections with errors and no result.
    pub with_errors: u64,
    /// Sections that failed.
    pub failed: u64,
    /// The sections in order; of those with failures the last 200, and of the
    /// others the last 200.
    pub sections: Vec<LogSection>,
    /// Errors that come again and again, the commonest first.
    pub repeated: Vec<RepeatedEntry>,
    /// The codes of what failed, those that matter first, each once.
    pub codes: Vec<LogCodeEntry>,
}

/// Something that was tried.
#[derive(Debug, JsonSchema, Serialize)]
pub struct LogSection {
    /// What it was.
    pub title: String,
    /// `succeeded`, `no-result`, `errors`, `failed`.
    pub outcome: String,
    /// The command line.
    pub command: Option<String>,
    /// The device.
    pub device: Option<String>,
    /// The driver package or INF.
    pub driver: Option<String>,
    /// The package of Windows.
    pub package: Option<String>,
    /// When it began, as the log writes it.
    pub started: Option<String>,
    /// When it ended.
    pub ended: Option<String>,
    /// Its first line.
    pub first_line: u64,
    /// Its last line.
    pub last_line: u64,
    /// The code that it ended with.
    pub status: Option<String>,
    /// The name of that code.
    pub status_name: Option<String>,
    /// Errors logged.
    pub errors: u64,
    /// Warnings logged.
    pub warnings: u64,
    /// The line that says why it failed.
    pub cause: Option<LogLineEntry>,
    /// The first errors.
    pub first_errors: Vec<LogLineEntry>,
    /// Messages whose meaning is known.
    pub facts: Vec<FactEntry>,
    /// The drivers that Windows weighed for the device.
    pub drivers: Vec<CandidateEntry>,
}

/// A line of a log.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
pub struct LogLineEntry {
    /// Its number, counted from 1.
    pub line: u64,
    /// What it says.
    pub text: String,
}

impl From<&LogLine> for LogLineEntry {
    fn from(line: &LogLine) -> LogLineEntry {
        LogLineEntry {
            line: line.number,
            text: line.text.clone(),
        }
    }
}

/// A message whose meaning is known.
#[derive(Debug, JsonSchema, Serialize)]
pub struct FactEntry {
    /// Its kebab-case name.
    pub name: String,
    /// What it means.
    pub meaning: String,
    /// The first line that says it.
    pub line: u64,
    /// What to do.
    pub steps: Vec<StepEntry>,
    /// Where it is explained or was published.
    pub source: String,
}

/// A driver that Windows weighed.
#[derive(Debug, JsonSchema, Serialize)]
pub struct CandidateEntry {
    /// Its INF.
    pub inf: String,
    /// What it calls the device.
    pub description: Option<String>,
    /// Its rank; the lowest wins.
    pub rank: Option<String>,
    /// How well it is signed.
    pub signer: Option<String>,
    /// Its date, as the log writes it.
    pub date: Option<String>,
    /// Its version.
    pub version: Option<String>,
    /// Whether it was chosen.
    pub selected: bool,
}

/// An error that comes again and again.
#[derive(Debug, JsonSchema, Serialize)]
pub struct RepeatedEntry {
    /// What it says, the first time.
    pub text: String,
    /// How often.
    pub count: u64,
    /// The first line that says it.
    pub first_line: u64,
    /// The last.
    pub last_line: u64,
}

/// A code in a log.
#[derive(Debug, JsonSchema, Serialize)]
pub struct LogCodeEntry {
    /// The first line that names it.
    pub first_line: u64,
    /// How many lines do.
    pub count: u64,
    /// Whether something ended with it, or the line that says why names it.
    pub main: bool,
    /// What it means.
    pub explained: ExplainedCode,
}

impl ExplainedLog {
    pub(crate) fn new(name: &str, log: &Log) -> ExplainedLog {
        let repeated = log.repeated.iter().map(|repeated| RepeatedEntry {
            text: repeated.text.clone(),
            count: repeated.count,
            first_line: repeated.first_line,
            last_line: repeated.last_line,
        });
        ExplainedLog {
            name: name.to_owned(),
            log: log.kind.name().to_owned(),
            encoding: log.encoding.name().to_owned(),
            lines: log.lines,
            cut_lines: log.cut_lines,
            system: log.system.clone(),
            first_time: log.first_time.clone(),
            last_time: log.last_time.clone(),
            succeeded: log.succeeded,
            no_result: log.no_result,
            with_errors: log.with_errors,
            failed: log.failed,
            sections: log.sections.iter().map(LogSection::from).collect(),
            repeated: repeated.collect(),
            codes: log.codes().iter().map(LogCodeEntry::from).collect(),
        }
    }
}

impl From<&LogCode> for LogCodeEntry {
    fn from(told: &LogCode) -> LogCodeEntry {
        LogCodeEntry {
            first_line: told.first_line,
            count: told.count,
            main: told.main,
            explained: ExplainedCode::from(&explain::explain(told.code)),
        }
    }
}

impl From<&Section> for LogSection {
    fn from(section: &Section) -> LogSection {
        let facts = section.facts.iter().map(|found| FactEntry {
            name: found.fact.name.to_owned(),
            meaning: found.fact.meaning.to_owned(),
            line: found.line.number,
            steps: found.fact.steps.iter().map(StepEntry::from).collect(),
            source: found.fact.source.to_owned(),
        });
        LogSection {
            title: section.title.clone(),
            outcome: section.outcome.name().to_owned(),
            command: section.command.clone(),
            device: section.device.clone(),
            driver: section.driver.clone(),
            package: section.package.clone(),
            started: section.started.clone(),
            ended: section.ended.clone(),
            first_line: section.first_line,
            last_line: section.last_line,
            status: section.status.map(|status| status.to_string()),
            status_name: section.status.and_then(name_of),
            errors: section.errors,
            warnings: section.warnings,
            cause: section.cause.as_ref().map(LogLineEntry::from),
            first_errors: section
                .first_errors
                .iter()
                .map(LogLineEntry::from)
                .collect(),
            facts: facts.collect(),
            drivers: section.drivers.iter().map(CandidateEntry::from).collect(),
        }
    }
}

/// The name of the likeliest meaning.
fn name_of(code: Code) -> Option<String> {
    let found = explain::explain(code).entries.first().copied()?;
    (!found.name.is_empty()).then(|| found.name.to_owned())
}

impl From<&logs::Candidate> for CandidateEntry {
    fn from(candidate: &logs::Candidate) -> CandidateEntry {
        CandidateEntry {
            inf: candidate.inf.clone(),
            description: candidate.description.clone(),
            rank: candidate.rank.clone(),
            signer: candidate.signer.clone(),
            date: candidate.date.clone(),
            version: candidate.version.clone(),
            selected: candidate.selected,
        }
    }
}
