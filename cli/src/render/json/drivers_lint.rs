//! `drivers lint`.

use schemars::JsonSchema;
use serde::Serialize;
use wimwright_drivers::model::{InfKind, Severity};
use wimwright_drivers::{LintFinding, LintMode, Linted};

use super::Document;

/// `drivers lint`.
#[derive(Debug, JsonSchema, Serialize)]
pub struct DriversLint {
    /// Which demands were made.
    pub mode: DriversLintMode,
    /// How many findings are errors; with `--strict` warnings are, too.
    pub errors: usize,
    /// How many findings are warnings.
    pub warnings: usize,
    /// One entry a file, in the order of their paths.
    pub infs: Vec<LintedInf>,
}

impl Document for DriversLint {
    const NAME: &'static str = "drivers-lint";
}

/// Which demands are made of an INF.
#[derive(Clone, Copy, Debug, JsonSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DriversLintMode {
    /// Those of every INF.
    Basic,
    /// Those of a declarative driver.
    Declarative,
    /// Those of a universal driver.
    Universal,
    /// Those of a Windows driver, with package isolation.
    Windows,
}

impl From<LintMode> for DriversLintMode {
    fn from(mode: LintMode) -> Self {
        match mode {
            LintMode::Basic => DriversLintMode::Basic,
            LintMode::Declarative => DriversLintMode::Declarative,
            LintMode::Universal => DriversLintMode::Universal,
            LintMode::Windows => DriversLintMode::Windows,
        }
    }
}

/// What was found in one INF.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct LintedInf {
    /// Its path; or the package as it was named, where no INF was found.
    pub inf: String,
    /// What the INF is for; null where it could not be read.
    pub kind: Option<LintedKind>,
    /// The architecture that an input of a build was read for, as stampinf
    /// writes it; null for a finished INF.
    pub stamped_for: Option<String>,
    /// Why it could not be read.
    pub error: Option<String>,
    /// Whether there are more findings than are listed.
    pub truncated: bool,
    /// What is wrong, in the order of the file.
    pub findings: Vec<LintFindingEntry>,
}

impl LintedInf {
    pub(crate) fn new(inf: String, linted: &Linted) -> Self {
        LintedInf {
            inf,
            kind: Some(linted.kind.into()),
            stamped_for: linted
                .stamped_for
                .map(|architecture| architecture.to_string()),
            error: None,
            truncated: linted.truncated,
            findings: linted.findings.iter().map(LintFindingEntry::from).collect(),
        }
    }

    pub(crate) fn unread(inf: String, error: String) -> Self {
        LintedInf {
            inf,
            kind: None,
            stamped_for: None,
            error: Some(error),
            truncated: false,
            findings: Vec::new(),
        }
    }
}

/// What an INF is for.
#[derive(Clone, Copy, Debug, JsonSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LintedKind {
    /// Drivers for devices.
    Device,
    /// A driver without devices.
    Primitive,
    /// A device class or an interface class.
    Class,
    /// An input of a build.
    Template,
    /// No INF of Setup, or one that installs nothing.
    Other,
    /// The `txtsetup.oem` of text mode setup.
    TextSetup,
}

impl From<InfKind> for LintedKind {
    fn from(kind: InfKind) -> Self {
        match kind {
            InfKind::Device => LintedKind::Device,
            InfKind::Primitive => LintedKind::Primitive,
            InfKind::Class => LintedKind::Class,
            InfKind::Template => LintedKind::Template,
            InfKind::Other => LintedKind::Other,
            InfKind::TextSetup => LintedKind::TextSetup,
        }
    }
}

/// One broken rule.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct LintFindingEntry {
    /// InfVerif's or Inf2Cat's number of the rule, such as `1203`; its name,
    /// where neither has it.
    pub rule: String,
    /// The name of the rule.
    pub name: String,
    /// How much it weighs.
    pub severity: LintLevel,
    /// Line, counted from 1; null where the whole file is meant.
    pub line: Option<u32>,
    /// Character of the line, counted from 1; null where the whole file is
    /// meant.
    pub column: Option<u32>,
    /// The section; null where none is meant.
    pub section: Option<String>,
    /// What is wrong.
    pub message: String,
    /// What to do about it, where that is known.
    pub hint: Option<String>,
    /// The page that states the rule.
    pub page: String,
}

impl From<&LintFinding> for LintFindingEntry {
    fn from(found: &LintFinding) -> Self {
        let place = |number: u32| (number != 0).then_some(number);
        LintFindingEntry {
            rule: found.rule.id().to_owned(),
            name: found.rule.name().to_owned(),
            severity: found.severity.into(),
            line: place(found.line),
            column: place(found.column),
            section: Some(found.section.clone()).filter(|name| !name.is_empty()),
            message: found.message.clone(),
            hint: found.rule.hint().map(str::to_owned),
            page: found.rule.page(),
        }
    }
}

/// How much a finding weighs.
#[derive(Clone, Copy, Debug, JsonSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LintLevel {
    /// Worth knowing.
    Note,
    /// It may not be meant so.
    Warning,
    /// It must be mended.
    Error,
}

impl From<Severity> for LintLevel {
    fn from(severity: Severity) -> Self {
        match severity {
            Severity::Note => LintLevel::Note,
            Severity::Warning => LintLevel::Warning,
            Severity::Error => LintLevel::Error,
        }
    }
}
