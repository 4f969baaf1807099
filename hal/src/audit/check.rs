//! A check: data with a name, and the function that runs it.

use std::fmt;

use wimwright_servicing::{Architecture, Generation, ImageFacts};

use crate::computer::Target;
use crate::decision::StopCode;
use crate::evidence::Evidence;
use crate::survey::{Survey, Unreadable};

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing.
    Note,
    /// Likely not what is wanted.
    Warning,
    /// Windows will not start, or not as it should.
    Error,
}

impl Severity {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Which images a check is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applies {
    /// All.
    All,
    /// Windows 2000, XP and Server 2003.
    Nt5,
    /// The same, on x86.
    Nt5X86,
    /// Windows Vista and later.
    Later,
}

impl Applies {
    /// Whether an image is one of them.
    pub fn to(self, facts: &ImageFacts) -> bool {
        let nt5 = facts.generation == Generation::Nt5;
        match self {
            Applies::All => true,
            Applies::Nt5 => nt5,
            Applies::Nt5X86 => nt5 && facts.architecture == Architecture::X86,
            Applies::Later => !nt5,
        }
    }

    /// The same in plain words.
    pub fn plain(self) -> &'static str {
        match self {
            Applies::All => "every Windows",
            Applies::Nt5 => "Windows 2000, XP and Server 2003",
            Applies::Nt5X86 => "32-bit Windows 2000, XP and Server 2003",
            Applies::Later => "Windows Vista and later",
        }
    }
}

/// What a check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// How much it matters.
    pub severity: Severity,
    /// What is wrong, in plain words.
    pub message: String,
    /// What it rests on.
    pub evidence: Vec<Evidence>,
    /// What to do about it; that of the check where there is none.
    pub remedy: Option<String>,
    /// The stop code to expect, where it keeps Windows from starting.
    pub stop_code: Option<StopCode>,
    /// Whether it keeps Windows from starting at all.
    pub prevents_boot: bool,
}

impl Found {
    pub(crate) fn new(severity: Severity, message: impl Into<String>) -> Found {
        Found {
            severity,
            message: message.into(),
            evidence: Vec::new(),
            remedy: None,
            stop_code: None,
            prevents_boot: false,
        }
    }

    pub(crate) fn note(message: impl Into<String>) -> Found {
        Found::new(Severity::Note, message)
    }

    pub(crate) fn warning(message: impl Into<String>) -> Found {
        Found::new(Severity::Warning, message)
    }

    pub(crate) fn error(message: impl Into<String>) -> Found {
        Found::new(Severity::Error, message)
    }

    pub(crate) fn with(mut self, evidence: impl IntoIterator<Item = Evidence>) -> Found {
        self.evidence.extend(evidence);
        self
    }

    pub(crate) fn remedy(mut self, remedy: impl Into<String>) -> Found {
        self.remedy = Some(remedy.into());
        self
    }

    /// It keeps Windows from starting, with this code where one is known.
    pub(crate) fn stops(mut self, code: Option<StopCode>) -> Found {
        self.prevents_boot = true;
        self.stop_code = code;
        self
    }
}

/// What checks give: what they found, or why they could not check.
pub(crate) type Outcome = Result<Vec<Found>, Unreadable>;

/// How a check is run.
#[derive(Clone, Copy)]
pub(crate) enum Run {
    /// Once an image.
    Image(fn(&Survey) -> Outcome),
    /// Once an image and computer.
    Target(fn(&Survey, &Target) -> Outcome),
    /// It gives the verdict on an image and computer.
    Verdict,
}

/// A check.
#[derive(Clone, Copy)]
pub struct Check {
    /// Its kebab-case name.
    pub name: &'static str,
    /// How much its gravest finding matters.
    pub severity: Severity,
    /// Which images it is for.
    pub applies: Applies,
    /// What it wants to be true, in a sentence.
    pub title: &'static str,
    /// Why that matters.
    pub why: &'static str,
    /// What to do where it is not so.
    pub remedy: &'static str,
    /// Where that is said.
    pub source: &'static str,
    pub(crate) run: Run,
}

impl Check {
    /// Whether it looks at an image and a computer together.
    pub fn needs_target(&self) -> bool {
        !matches!(self.run, Run::Image(_))
    }
}

impl fmt::Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Check")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
