//! What a verdict rests on: where it was read, what stood there, and which
//! rule makes it mean something.

use std::fmt;

/// What was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EvidenceKind {
    /// The file itself: there or not, its machine, its checksum.
    File,
    /// A text or number of its version resource.
    VersionResource,
    /// The name of its symbol file.
    SymbolFile,
    /// A string in its sections by which it knows itself.
    IdentityString,
    /// Its time stamp, and for HALs its length, in the list of known builds.
    KnownBuild,
    /// A registry value.
    Registry,
    /// A line of boot.ini.
    BootIni,
    /// A line of `repair\setup.log`.
    SetupLog,
    /// A line of an answer file or INF.
    Inf,
    /// What an administrator knows of the computer.
    Hardware,
}

impl EvidenceKind {
    /// Its kebab-case name.
    pub fn name(self) -> &'static str {
        match self {
            EvidenceKind::File => "file",
            EvidenceKind::VersionResource => "version-resource",
            EvidenceKind::SymbolFile => "symbol-file",
            EvidenceKind::IdentityString => "identity-string",
            EvidenceKind::KnownBuild => "known-build",
            EvidenceKind::Registry => "registry",
            EvidenceKind::BootIni => "boot-ini",
            EvidenceKind::SetupLog => "setup-log",
            EvidenceKind::Inf => "inf",
            EvidenceKind::Hardware => "hardware",
        }
    }
}

/// One piece of evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// Where it was read: a file of the image, a registry value, a table.
    pub path: String,
    /// What stands there.
    pub value: String,
    /// What was looked at.
    pub kind: EvidenceKind,
    /// Where it is said what that means.
    pub source: &'static str,
}

impl Evidence {
    /// A piece of evidence.
    pub fn new(
        kind: EvidenceKind,
        path: impl fmt::Display,
        value: impl fmt::Display,
        source: &'static str,
    ) -> Evidence {
        Evidence {
            path: path.to_string(),
            value: value.to_string(),
            kind,
            source,
        }
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.value)
    }
}
