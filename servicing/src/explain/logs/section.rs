//! One thing that was tried, and what came of it.

use super::facts::{Fact, said};
use super::mention::codes;
use super::ranked::{Candidate, Ranking};
use super::repeated::short;
use crate::explain::code::{Code, is_success};

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// It worked.
    Succeeded,
    /// The log does not say.
    NoResult,
    /// Errors are logged, and no result.
    Errors,
    /// It failed.
    Failed,
}

impl Outcome {
    /// Its name in documents.
    pub fn name(self) -> &'static str {
        match self {
            Outcome::Succeeded => "succeeded",
            Outcome::NoResult => "no-result",
            Outcome::Errors => "errors",
            Outcome::Failed => "failed",
        }
    }

    /// Whether something went wrong.
    pub fn is_bad(self) -> bool {
        matches!(self, Outcome::Errors | Outcome::Failed)
    }
}

/// A line of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// Its number, counted from 1.
    pub number: u64,
    /// What it says, without time and level, cut where it is long.
    pub text: String,
}

/// A code in the lines of a section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeUse {
    /// The code.
    pub code: Code,
    /// The first line that names it.
    pub first_line: u64,
    /// How many lines do.
    pub count: u64,
}

/// A message whose meaning is known.
#[derive(Clone, Debug)]
pub struct FactFound {
    /// What it means.
    pub fact: &'static Fact,
    /// The first line that says it.
    pub line: LogLine,
}

/// One thing that was tried: a session of DISM or servicing, the installation
/// of a device or package, a run of Setup.
#[derive(Clone, Debug)]
pub struct Section {
    /// What it was.
    pub title: String,
    /// The command line that did it.
    pub command: Option<String>,
    /// The device that it was about.
    pub device: Option<String>,
    /// The driver package or INF that it was about.
    pub driver: Option<String>,
    /// The package of Windows that it was about.
    pub package: Option<String>,
    /// When it began, as the log writes it.
    pub started: Option<String>,
    /// When it ended.
    pub ended: Option<String>,
    /// Its first line.
    pub first_line: u64,
    /// Its last line.
    pub last_line: u64,
    /// What came of it.
    pub outcome: Outcome,
    /// The code that it ended with.
    pub status: Option<Code>,
    /// Errors logged.
    pub errors: u64,
    /// Warnings logged.
    pub warnings: u64,
    /// The line that says why it failed.
    pub cause: Option<LogLine>,
    /// The first errors, at most five; the cause is one of them or stands
    /// before them.
    pub first_errors: Vec<LogLine>,
    /// The codes that it names, in the order in which they came.
    pub codes: Vec<CodeUse>,
    /// Messages whose meaning is known.
    pub facts: Vec<FactFound>,
    /// The drivers that were weighed.
    pub drivers: Vec<Candidate>,
}

/// How much a line weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Weight {
    Info,
    Warning,
    Error,
    Fatal,
}

/// What the parts of a section are bounded by.
const CODES: usize = 16;
const FACTS: usize = 12;
const ERRORS: usize = 5;

/// Which line is the cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// The first error: what comes after follows from it.
    FirstError,
    /// The first line that names the code that it ended with: logs that try
    /// many things report errors that do not matter.
    FirstOfStatus,
}

/// A section that is being read.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) section: Section,
    pub(super) ranking: Ranking,
    /// The first line that names each code.
    places: Vec<(Code, LogLine)>,
    first_warning: Option<LogLine>,
    fatal: bool,
    /// Whether a result was logged.
    pub(super) ended: bool,
}

impl Open {
    pub(super) fn new(title: impl Into<String>, line: u64, started: Option<&str>) -> Open {
        Open {
            section: Section {
                title: short(&title.into()),
                command: None,
                device: None,
                driver: None,
                package: None,
                started: started.map(str::to_owned),
                ended: None,
                first_line: line,
                last_line: line,
                outcome: Outcome::NoResult,
                status: None,
                errors: 0,
                warnings: 0,
                cause: None,
                first_errors: Vec::new(),
                codes: Vec::new(),
                facts: Vec::new(),
                drivers: Vec::new(),
            },
            ranking: Ranking::default(),
            places: Vec::new(),
            first_warning: None,
            fatal: false,
            ended: false,
        }
    }

    /// Takes a line that belongs to it.
    pub(super) fn note(&mut self, number: u64, text: &str, weight: Weight) {
        let section = &mut self.section;
        section.last_line = number;
        let line = || LogLine {
            number,
            text: short(text),
        };
        match weight {
            Weight::Info => {}
            Weight::Warning => {
                section.warnings = section.warnings.saturating_add(1);
                if self.first_warning.is_none() {
                    self.first_warning = Some(line());
                }
            }
            Weight::Error | Weight::Fatal => {
                self.fatal |= weight == Weight::Fatal;
                section.errors = section.errors.saturating_add(1);
                if section.first_errors.len() < ERRORS {
                    section.first_errors.push(line());
                }
            }
        }
        for code in codes(text) {
            if let Some(known) = section.codes.iter_mut().find(|known| known.code == code) {
                known.count = known.count.saturating_add(1);
            } else if section.codes.len() < CODES {
                section.codes.push(CodeUse {
                    code,
                    first_line: number,
                    count: 1,
                });
                self.places.push((code, line()));
            }
        }
        if let Some(fact) = said(text) {
            let known = section
                .facts
                .iter()
                .any(|known| known.fact.name == fact.name);
            if !known && section.facts.len() < FACTS {
                section.facts.push(FactFound { fact, line: line() });
            }
        }
        if weight >= Weight::Warning || section.package.is_none() {
            subject(section, text, weight);
        }
    }

    /// The code that it ended with.
    pub(super) fn ends_with(&mut self, status: u32) {
        self.ended = true;
        self.section.status = Some(Code::hex(status));
    }

    /// Whether the code that it ended with is a failure.
    fn status_fails(&self) -> bool {
        let status = self.section.status.as_ref();
        status.is_some_and(|status| !is_success(status.value))
    }

    /// Ends it.
    pub(super) fn close(mut self, cause: Cause, errors_fail: bool) -> Section {
        let fact_fails = self.section.facts.iter().any(|found| found.fact.fails);
        let kept = |code: &Code| code.value == ERROR_NO_MORE_ITEMS;
        let outcome = match self.section.status {
            // No better driver than the installed one: nothing failed.
            Some(ref status) if kept(status) && !self.has_fact("no-driver") => Outcome::Succeeded,
            Some(_) if self.status_fails() => Outcome::Failed,
            _ if self.fatal => Outcome::Failed,
            _ if self.section.errors > 0 && (errors_fail || fact_fails) => Outcome::Failed,
            Some(_) => Outcome::Succeeded,
            None if self.section.errors > 0 => Outcome::Errors,
            None if self.ended => Outcome::Succeeded,
            None => Outcome::NoResult,
        };
        self.section.outcome = outcome;
        if outcome.is_bad() {
            self.section.cause = self.cause(cause);
        } else {
            // What went well needs no explanation.
            self.section.codes.clear();
        }
        self.section.drivers = self.ranking.finish();
        self.section
    }

    fn has_fact(&self, name: &str) -> bool {
        let mut facts = self.section.facts.iter();
        facts.any(|found| found.fact.name == name)
    }

    fn cause(&self, cause: Cause) -> Option<LogLine> {
        let status = self.section.status.as_ref();
        let place = |wanted: &Code| {
            let mut places = self.places.iter();
            let found = places.find(|(code, _)| code.value == wanted.value);
            found.map(|(_, line)| line.clone())
        };
        let first_error = self.section.first_errors.first().cloned();
        let of_status = status.and_then(place);
        let fact = self.section.facts.iter().find(|found| found.fact.fails);
        let fact = fact.map(|found| found.line.clone());
        let (first, second) = match cause {
            Cause::FirstError => (first_error, fact.or(self.first_warning.clone())),
            Cause::FirstOfStatus => (of_status.clone(), first_error),
        };
        first
            .or(second)
            .or(of_status)
            .or_else(|| self.places.first().map(|(_, line)| line.clone()))
    }
}

/// `0x103`: what a search that finds nothing new ends with.
const ERROR_NO_MORE_ITEMS: u32 = 259;

/// Finds what a line is about, where the section does not know yet.
fn subject(section: &mut Section, text: &str, weight: Weight) {
    if section.package.is_none() {
        section.package = package(text).map(str::to_owned);
    }
    if section.driver.is_none() && weight >= Weight::Warning {
        section.driver = inf(text).map(str::to_owned);
    }
}

/// A package's identity: `Package_for_KB1~31bf3856ad364e35~amd64~~1.2.3.4`.
pub(super) fn package(text: &str) -> Option<&str> {
    // Cheaper than looking at every word of a gigabyte.
    if !text.contains('~') {
        return None;
    }
    let stops = |c: char| {
        c.is_whitespace() || matches!(c, '"' | '\'' | ',' | '[' | ']' | '(' | ')' | '\\' | '/')
    };
    let words = text.split(stops);
    let mut packages = words.filter(|word| word.matches('~').count() >= 4);
    packages
        .next()
        .map(|word| word.trim_end_matches(['.', ':', ';']))
        .filter(|word| word.len() < 300)
}

/// The path of an INF in quotes.
pub(super) fn inf(text: &str) -> Option<&str> {
    let mut rest = text;
    while let Some(start) = rest.find(['\'', '"']) {
        let quote = rest.get(start..=start)?;
        let inner = rest.get(start + 1..)?;
        let Some(end) = inner.find(quote) else {
            // An apostrophe, or a quote that was cut.
            rest = inner;
            continue;
        };
        let word = inner.get(..end)?;
        let tail = word.len().checked_sub(4).and_then(|at| word.get(at..));
        if tail.is_some_and(|tail| tail.eq_ignore_ascii_case(".inf")) && word.len() < 400 {
            return Some(word);
        }
        rest = inner.get(end + 1..)?;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_line_is_about_is_found() {
        let text =
            "Package \"Package_for_KB5012170~31bf3856ad364e35~amd64~~14393.5285.1.4\" requires";
        let name = "Package_for_KB5012170~31bf3856ad364e35~amd64~~14393.5285.1.4";
        assert_eq!(package(text), Some(name));
        assert_eq!(package("C:\\PROGRA~1\\x"), None);
        assert_eq!(
            inf("Failed to add 'C:\\d\\x.INF' - y"),
            Some("C:\\d\\x.INF")
        );
        assert_eq!(inf("don't x.inf"), None);
    }
}
