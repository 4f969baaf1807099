//! From bytes to what a log says.

use std::collections::VecDeque;

use super::dated::Dated;
use super::events::Events;
use super::lines::{Line, Lines, LogEncoding};
use super::repeated::{Repeated, Repeats};
use super::section::{Outcome, Section, Weight};
use super::text_log::TextLog;
use super::xp_log::{self, XpLog};

/// Which log it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogKind {
    /// CBS.log, CbsPersist: component based servicing.
    Cbs,
    /// dism.log.
    Dism,
    /// setupact.log, setuperr.log: Windows Setup and sysprep.
    Setup,
    /// setupapi.dev.log, setupapi.app.log and the like: Vista and later.
    SetupApi,
    /// setupapi.log: Windows 2000 to Server 2003.
    SetupApiXp,
}

impl LogKind {
    /// Its name in documents.
    pub fn name(self) -> &'static str {
        match self {
            LogKind::Cbs => "cbs",
            LogKind::Dism => "dism",
            LogKind::Setup => "setup",
            LogKind::SetupApi => "setupapi",
            LogKind::SetupApiXp => "setupapi-xp",
        }
    }
}

/// What a log says.
#[derive(Clone, Debug)]
pub struct Log {
    /// Which log it is.
    pub kind: LogKind,
    /// How it is encoded.
    pub encoding: LogEncoding,
    /// How many lines it has.
    pub lines: u64,
    /// Lines that were longer than 64 KiB, and cut.
    pub cut_lines: u64,
    /// What it says of the machine, in its own words.
    pub system: Option<String>,
    /// The first time in it, as it writes it: the machine's local time.
    pub first_time: Option<String>,
    /// The last.
    pub last_time: Option<String>,
    /// Sections that succeeded.
    pub succeeded: u64,
    /// Sections whose result the log does not say.
    pub no_result: u64,
    /// Sections with errors and no result.
    pub with_errors: u64,
    /// Sections that failed.
    pub failed: u64,
    /// The sections in order: of those that failed the last 200, and of the
    /// others the last 200.
    pub sections: Vec<Section>,
    /// Errors that it says more than once, the commonest first.
    pub repeated: Vec<Repeated>,
}

impl Log {
    /// Whether something went wrong.
    pub fn has_failures(&self) -> bool {
        self.failed > 0 || self.with_errors > 0
    }
}

/// Why a log cannot be explained.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LogError {
    /// It is empty.
    #[error("it is empty")]
    Empty,
    /// It is no text.
    #[error("it is no text")]
    Binary,
    /// No line of it has a form that is known.
    #[error("none of its first {lines} lines is one of a log that is known")]
    Unknown {
        /// How many lines were looked at.
        lines: u64,
    },
}

/// How many lines may come before one that tells the log: headers, and the end
/// of an entry that began in an earlier file.
const UNTOLD: u64 = 1000;
/// How many sections of each sort are kept.
const KEPT: usize = 200;

/// Which form lines have.
#[derive(Debug)]
enum Form {
    Untold,
    Dated(Box<Events>),
    Text(Box<TextLog>),
    Xp(Box<XpLog>),
}

/// Reads a log from pieces of any size.
#[derive(Debug)]
pub struct LogReader {
    lines: Lines,
    told: Told,
    given_up: bool,
}

/// What was understood so far.
#[derive(Debug)]
struct Told {
    form: Form,
    /// Headers of setupapi logs stand before what tells which one it is.
    header: Vec<String>,
    sections: Kept,
    repeats: Repeats,
}

/// The sections that are kept.
#[derive(Debug, Default)]
struct Kept {
    bad: VecDeque<Section>,
    good: VecDeque<Section>,
    succeeded: u64,
    no_result: u64,
    with_errors: u64,
    failed: u64,
}

impl Kept {
    fn add(&mut self, section: Section) {
        let counted = match section.outcome {
            Outcome::Succeeded => &mut self.succeeded,
            Outcome::NoResult => &mut self.no_result,
            Outcome::Errors => &mut self.with_errors,
            Outcome::Failed => &mut self.failed,
        };
        *counted = counted.saturating_add(1);
        let kept = match section.outcome.is_bad() {
            true => &mut self.bad,
            false => &mut self.good,
        };
        if kept.len() >= KEPT {
            kept.pop_front();
        }
        kept.push_back(section);
    }
}

impl Default for LogReader {
    fn default() -> LogReader {
        LogReader::new()
    }
}

impl LogReader {
    /// A reader that has read nothing.
    pub fn new() -> LogReader {
        LogReader {
            lines: Lines::default(),
            told: Told {
                form: Form::Untold,
                header: Vec::new(),
                sections: Kept::default(),
                repeats: Repeats::default(),
            },
            given_up: false,
        }
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    /// When it is clear that this is no log: there is no need to read on.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<(), LogError> {
        let told = &mut self.told;
        self.lines.feed(bytes, &mut |line| told.line(line));
        self.check()
    }

    /// Ends reading, and says what the log says.
    ///
    /// # Errors
    /// When it is no log that is known.
    pub fn finish(mut self) -> Result<Log, LogError> {
        let told = &mut self.told;
        self.lines.finish(&mut |line| told.line(line));
        let lines = self.lines.count();
        if self.lines.is_binary() {
            return Err(LogError::Binary);
        }
        let mut log = Log {
            kind: LogKind::Setup,
            encoding: self.lines.encoding(),
            lines,
            cut_lines: self.lines.cut,
            system: None,
            first_time: None,
            last_time: None,
            succeeded: 0,
            no_result: 0,
            with_errors: 0,
            failed: 0,
            sections: Vec::new(),
            repeated: Vec::new(),
        };
        let mut told = self.told;
        let sections = &mut told.sections;
        let mut done = |section| sections.add(section);
        match told.form {
            Form::Untold if lines == 0 => return Err(LogError::Empty),
            Form::Untold => return Err(LogError::Unknown { lines }),
            Form::Dated(mut events) => {
                events.finish(&mut done);
                log.kind = match *events {
                    Events {
                        dism_lines,
                        servicing_lines,
                        setup_lines,
                        ..
                    } if dism_lines >= servicing_lines.max(setup_lines) && dism_lines > 0 => {
                        LogKind::Dism
                    }
                    Events {
                        servicing_lines,
                        setup_lines,
                        ..
                    } if servicing_lines > setup_lines => LogKind::Cbs,
                    _ => LogKind::Setup,
                };
                (log.system, log.first_time, log.last_time) =
                    (events.system, events.first_time, events.last_time);
            }
            Form::Text(mut text) => {
                text.finish(&mut done);
                log.kind = LogKind::SetupApi;
                log.system = match (text.version, text.architecture) {
                    (Some(version), Some(of)) => Some(format!("Windows {version}, {of}")),
                    (Some(version), None) => Some(format!("Windows {version}")),
                    _ => None,
                };
                (log.first_time, log.last_time) = (text.first_time, text.last_time);
            }
            Form::Xp(mut xp) => {
                xp.finish(&mut done);
                log.kind = LogKind::SetupApiXp;
                log.system = xp.version.map(|version| format!("Windows {version}"));
                (log.first_time, log.last_time) = (xp.first_time, xp.last_time);
            }
        }
        let kept = told.sections;
        log.succeeded = kept.succeeded;
        log.no_result = kept.no_result;
        log.with_errors = kept.with_errors;
        log.failed = kept.failed;
        log.sections = kept.bad.into_iter().chain(kept.good).collect();
        log.sections.sort_by_key(|section| section.first_line);
        log.repeated = told.repeats.finish();
        Ok(log)
    }

    fn check(&mut self) -> Result<(), LogError> {
        let untold = matches!(self.told.form, Form::Untold);
        let lines = self.lines.count();
        self.given_up |= untold && (lines > UNTOLD || self.lines.is_binary());
        match (self.given_up, self.lines.is_binary()) {
            (false, _) => Ok(()),
            (true, true) => Err(LogError::Binary),
            (true, false) => Err(LogError::Unknown { lines }),
        }
    }
}

impl Told {
    fn line(&mut self, line: Line<'_>) {
        if matches!(self.form, Form::Untold) {
            self.tell(line.text);
        }
        let (number, text) = (line.number, line.text);
        let sections = &mut self.sections;
        let mut done = |section| sections.add(section);
        match &mut self.form {
            Form::Untold => {}
            Form::Dated(events) => {
                if let Some(line) = Dated::parse(text).filter(|line| line.weight >= Weight::Error) {
                    self.repeats.add(number, line.message);
                }
                events.line(number, text, &mut done);
            }
            Form::Text(log) => {
                if let Some(error) = text.strip_prefix("!!!") {
                    self.repeats.add(number, error.trim());
                }
                log.line(number, text, &mut done);
            }
            Form::Xp(log) => {
                if let Some((id, message)) =
                    xp_log::entry(text).filter(|(id, _)| id.starts_with('E'))
                {
                    self.repeats.add(number, &format!("#{id} {message}"));
                }
                log.line(number, text, &mut done);
            }
        }
    }

    /// Tells the log by a line.
    fn tell(&mut self, text: &str) {
        let is_text = text.starts_with(">>>  [")
            || text.starts_with(">>> [")
            || text == "[BeginLog]"
            || text.starts_with("[Boot Session:");
        self.form = if is_text {
            let mut log = TextLog::default();
            for line in &self.header {
                log.line(0, line, &mut |_| {});
            }
            Form::Text(Box::new(log))
        } else if xp_log::header(text).is_some() || xp_log::entry(text).is_some() {
            let mut log = XpLog::default();
            for line in &self.header {
                log.line(0, line, &mut |_| {});
            }
            Form::Xp(Box::new(log))
        } else if Dated::parse(text).is_some() {
            Form::Dated(Box::default())
        } else {
            // The header has six lines.
            if self.header.len() < 16 && text.len() < 200 {
                self.header.push(text.to_owned());
            }
            return;
        };
        self.header = Vec::new();
    }
}
