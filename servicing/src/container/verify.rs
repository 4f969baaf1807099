//! Whether a file is sound.

use std::sync::Arc;

use wimwright_wim::{Severity, VerifyOptions};

use super::contents::check_parts;
use super::{ContainerError, Meter};
use crate::wim_file::WimFile;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum VerifySeverity {
    /// Seen in sound files.
    Note,
    /// Against the rules, but nothing is lost by it.
    Warning,
    /// Something cannot be read, or is not what it was.
    Damage,
}

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifyFinding {
    /// Its kebab-case name, the same for all findings of its kind.
    pub name: &'static str,
    /// How bad it is.
    pub severity: VerifySeverity,
    /// What, and where.
    pub message: String,
}

/// What was verified, and what was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Everything found.
    pub findings: Vec<VerifyFinding>,
    /// Images whose tree was walked.
    pub images: u32,
    /// Files and directories in them.
    pub entries: u64,
    /// Blobs that were read and are what their SHA-1 says.
    pub blobs: u64,
    /// Plain bytes that were read.
    pub bytes: u64,
    /// Whether the file has an integrity table.
    pub integrity: bool,
}

impl Verified {
    /// Whether nothing is wrong: notes are about sound files.
    pub fn is_sound(&self) -> bool {
        let mut findings = self.findings.iter();
        findings.all(|finding| finding.severity == VerifySeverity::Note)
    }
}

/// Verifies a file: structure, integrity table, that everything images name is
/// there, and the SHA-1 of every content.
///
/// # Errors
/// [`ContainerError::PartsMissing`], else only what keeps the verification
/// itself from going on.
pub fn verify(wim: &WimFile, meter: &Arc<Meter>) -> Result<Verified, ContainerError> {
    let archive = wim.archive();
    check_parts(wim.path(), archive)?;
    let here = archive.blobs().filter(|blob| blob.is_here);
    meter.begin(here.map(|blob| blob.size).fold(0, u64::saturating_add));
    let found = archive
        .verify(VerifyOptions::default(), &|bytes| meter.add(bytes))
        .map_err(ContainerError::wim(wim.path()))?;
    let findings = found.findings.iter().map(|finding| VerifyFinding {
        name: finding.name(),
        severity: match finding.severity() {
            Severity::Hint => VerifySeverity::Note,
            Severity::Odd => VerifySeverity::Warning,
            Severity::Damage => VerifySeverity::Damage,
        },
        message: finding.to_string(),
    });
    Ok(Verified {
        findings: findings.collect(),
        images: found.images,
        entries: found.dentries,
        blobs: found.blobs,
        bytes: found.bytes,
        integrity: !archive.header().integrity.is_absent(),
    })
}
