//! What a HAL file is, whatever it is called.

use std::fmt;

use wimwright_servicing::pe::{Checksum, Machine, PeFacts, VersionNumber};
use wimwright_servicing::{FileTree, ImagePath, TreeError};

use super::{BUILDS, Identity, SEEN, builds, said, strings};
use crate::evidence::{Evidence, EvidenceKind};
use crate::kind::{HalType, Processors};

/// The largest file that is taken for a HAL, in bytes; the largest known one
/// has 280,064.
const MAX_LEN: u64 = 4 << 20;

/// A HAL: one of the eight of x86, or the one of x64.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Hal {
    /// One of x86.
    X86(HalType),
    /// That of x64, for one processor and for several.
    X64,
}

impl Hal {
    /// For how many processors it is built; `None` for that of x64, which does
    /// not say it.
    pub fn processors(self) -> Option<Processors> {
        match self {
            Hal::X86(kind) => Some(kind.processors()),
            Hal::X64 => None,
        }
    }
}

impl fmt::Display for Hal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Hal::X86(kind) => kind.fmt(f),
            Hal::X64 => f.write_str("the HAL of x64"),
        }
    }
}

/// A HAL file, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HalFile {
    /// Where it lies.
    pub path: ImagePath,
    /// The machine that it is for; `None` where it is no PE image.
    pub machine: Option<Machine>,
    /// Which HAL it is.
    pub identity: Identity<Hal>,
    /// The version of the file.
    pub version: Option<VersionNumber>,
    /// Whether it is a checked (debug) build.
    pub checked: Option<bool>,
    /// Its checksum; `None` where it is no PE image.
    pub checksum: Option<Checksum>,
    /// How many of the kinds of evidence there are for its identity.
    pub kinds_of_evidence: usize,
    /// What was read.
    pub evidence: Vec<Evidence>,
}

impl HalFile {
    /// Reads the file at `path`; `None` where there is none.
    ///
    /// # Errors
    /// [`TreeError`] when it cannot be read, or is longer than any HAL.
    pub fn read(tree: &dyn FileTree, path: &ImagePath) -> Result<Option<HalFile>, TreeError> {
        let bytes = tree.read(path, MAX_LEN)?;
        Ok(bytes.map(|bytes| HalFile::of(path, &bytes)))
    }

    /// What `bytes`, the whole file, are; `path` says where they lie.
    pub fn of(path: &ImagePath, bytes: &[u8]) -> HalFile {
        let place = path.to_string();
        let facts = match PeFacts::read(bytes) {
            Ok(Some(facts)) => facts,
            not_one => {
                let what = match not_one {
                    Err(error) => format!("no PE image that can be read: {error}"),
                    _ => format!("no PE image ({} bytes)", bytes.len()),
                };
                return HalFile {
                    path: path.clone(),
                    machine: None,
                    identity: Identity::Unknown,
                    version: None,
                    checked: None,
                    checksum: None,
                    kinds_of_evidence: 0,
                    evidence: vec![Evidence::new(EvidenceKind::File, place, what, SEEN)],
                };
            }
        };
        let mut said = said(&place, &facts);
        let mut allowed = Vec::new();
        for name in &said.names {
            allowed.extend(named(facts.machine, name).map(|hal| vec![hal]));
        }
        for (found, what) in [
            (strings_of(facts.machine, bytes), "name"),
            (ids_of(facts.machine, bytes), "hardware id"),
        ] {
            for (hal, text) in found {
                let place = format!("{place} ({what})");
                said.evidence.push(Evidence::new(
                    EvidenceKind::IdentityString,
                    place,
                    text,
                    SEEN,
                ));
                allowed.push(vec![hal]);
            }
        }
        let build = builds::hal(facts.time_date_stamp, bytes.len() as u64);
        if let Some((hal, release)) = build {
            let value = format!(
                "{:08X}, {} bytes: {hal} of {release}",
                facts.time_date_stamp,
                bytes.len()
            );
            said.evidence.push(Evidence::new(
                EvidenceKind::KnownBuild,
                format_args!("{place} (time stamp)"),
                value,
                BUILDS,
            ));
            allowed.push(vec![hal]);
        }
        let kinds = [
            EvidenceKind::VersionResource,
            EvidenceKind::SymbolFile,
            EvidenceKind::IdentityString,
            EvidenceKind::KnownBuild,
        ];
        let is_there = |kind| said.evidence.iter().any(|piece| piece.kind == kind);
        HalFile {
            path: path.clone(),
            machine: Some(facts.machine),
            identity: Identity::of(&allowed),
            version: said.version,
            checked: said.checked,
            checksum: Checksum::of(bytes).ok().flatten(),
            kinds_of_evidence: kinds.into_iter().filter(|kind| is_there(*kind)).count(),
            evidence: said.evidence,
        }
    }
}

/// The HAL whose file has this name, on this machine.
fn named(machine: Machine, name: &str) -> Option<Hal> {
    let kind = HalType::from_media_name(name)?;
    match machine {
        Machine::X86 => Some(Hal::X86(kind)),
        Machine::Amd64 if kind == HalType::StandardPc => Some(Hal::X64),
        _ => None,
    }
}

fn strings_of(machine: Machine, bytes: &[u8]) -> Vec<(Hal, &'static str)> {
    match machine {
        Machine::X86 => {
            let names = strings::names(bytes).into_iter();
            names
                .map(|kind| (Hal::X86(kind), kind.hal_name()))
                .collect()
        }
        Machine::Amd64 if strings::has_name(bytes, strings::X64_NAME) => {
            vec![(Hal::X64, strings::X64_NAME)]
        }
        _ => Vec::new(),
    }
}

fn ids_of(machine: Machine, bytes: &[u8]) -> Vec<(Hal, &'static str)> {
    // The HAL of x64 holds both ids and is neither.
    match machine {
        Machine::X86 => {
            let ids = strings::ids(bytes).into_iter();
            ids.map(|kind| (Hal::X86(kind), kind.id())).collect()
        }
        _ => Vec::new(),
    }
}
