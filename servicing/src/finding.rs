//! Something odd but survivable that the user should see.

use std::fmt;

use serde::Serialize;

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Note,
    /// Likely not what the user wants.
    Warning,
}

/// Something odd but survivable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Its kebab-case name, the same for all findings of its kind.
    pub name: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// What was found, where, and what it means.
    pub message: String,
}

impl Finding {
    /// Worth knowing.
    pub fn note(name: &'static str, message: impl Into<String>) -> Finding {
        Finding {
            name,
            severity: Severity::Note,
            message: message.into(),
        }
    }

    /// Likely not what the user wants.
    pub fn warning(name: &'static str, message: impl Into<String>) -> Finding {
        Finding {
            name,
            severity: Severity::Warning,
            message: message.into(),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Note => "note",
            Severity::Warning => "warning",
        };
        write!(f, "{severity}: {} [{}]", self.message, self.name)
    }
}
