//! Which file it really is: what `hal.dll` and `ntoskrnl.exe` are under their
//! installed names.
//!
//! Four things inside a file say it, each by itself: the version resource, the
//! name of the symbol file, strings by which the HAL knows itself, and the time
//! stamp of known builds. They are read one by one; where they disagree nothing
//! is guessed. What is read is what was seen in all HALs of XP SP1 and SP3 and
//! of XP x64.

mod builds;
mod hal_file;
mod kernel_file;
mod strings;

pub use hal_file::{Hal, HalFile};
pub use kernel_file::KernelFile;

use wimwright_servicing::pe::{PeFacts, VersionNumber, VersionResource};

use crate::evidence::{Evidence, EvidenceKind};

/// Where it is said what the pieces of evidence mean.
const SEEN: &str = "read in the HALs and kernels of XP SP1, XP SP3 and XP x64";
const BUILDS: &str =
    "Geoff Chappell, \"HAL Versions\" and \"Kernel Versions\"; XP SP1 and SP3 files";

/// What pieces of evidence come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Identity<T> {
    /// All of them fit this one.
    Known(T),
    /// They contradict each other, or fit several: these.
    Ambiguous(Vec<T>),
    /// There are none.
    Unknown,
}

impl<T: Copy + PartialEq> Identity<T> {
    /// Settles what each piece of evidence allows.
    fn of(allowed: &[Vec<T>]) -> Identity<T> {
        let Some((first, rest)) = allowed.split_first() else {
            return Identity::Unknown;
        };
        let common = first.iter().copied();
        let common = common.filter(|one| rest.iter().all(|other| other.contains(one)));
        match common.collect::<Vec<T>>().as_slice() {
            [one] => Identity::Known(*one),
            [] => {
                let mut all = Vec::new();
                for one in allowed.iter().flatten() {
                    if !all.contains(one) {
                        all.push(*one);
                    }
                }
                Identity::Ambiguous(all)
            }
            several => Identity::Ambiguous(several.to_vec()),
        }
    }

    /// The one that it is, where that is sure.
    pub fn known(&self) -> Option<T> {
        match self {
            Identity::Known(one) => Some(*one),
            _ => None,
        }
    }
}

/// What version and debug information say of a file, for both kinds of file.
struct Said {
    /// The file names, without what is no name.
    names: Vec<String>,
    version: Option<VersionNumber>,
    /// Whether it is a checked (debug) build.
    checked: Option<bool>,
    evidence: Vec<Evidence>,
}

/// Reads the names that a file carries: `OriginalFilename` and `InternalName`
/// of any translation, and its symbol file.
fn said(path: &str, facts: &PeFacts) -> Said {
    let mut said = Said {
        names: Vec::new(),
        version: None,
        checked: None,
        evidence: Vec::new(),
    };
    match &facts.version {
        Ok(Some(resource)) => {
            for field in ["OriginalFilename", "InternalName"] {
                if let Some(name) = text(resource, field) {
                    let place = format!("{path} ({field})");
                    said.add(EvidenceKind::VersionResource, place, &name);
                }
            }
            if let Some(fixed) = resource.fixed {
                said.version = Some(fixed.file_version);
                said.checked = Some(fixed.file_flags & 1 != 0);
                said.evidence.push(Evidence::new(
                    EvidenceKind::VersionResource,
                    format_args!("{path} (file version)"),
                    fixed.file_version,
                    SEEN,
                ));
            }
        }
        Ok(None) => said.note(path, "no version resource"),
        Err(error) => said.note(path, &format!("damaged version resource: {error}")),
    }
    match &facts.pdb {
        Ok(Some(name)) => {
            let place = format!("{path} (symbol file)");
            said.add(EvidenceKind::SymbolFile, place, name);
        }
        Ok(None) => {}
        Err(error) => said.note(path, &format!("damaged debug directory: {error}")),
    }
    said
}

/// A text of the resource, where it is not empty.
fn text(resource: &VersionResource, field: &str) -> Option<String> {
    let text = resource.string(field)?.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

impl Said {
    fn add(&mut self, kind: EvidenceKind, place: String, name: &str) {
        self.names.push(name.to_owned());
        self.evidence.push(Evidence::new(kind, place, name, SEEN));
    }

    fn note(&mut self, path: &str, what: &str) {
        self.evidence
            .push(Evidence::new(EvidenceKind::File, path, what, SEEN));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evidence_settles_only_what_all_of_it_allows() {
        for (allowed, found) in [
            (vec![], Identity::Unknown),
            (vec![vec![1], vec![1], vec![1, 2]], Identity::Known(1)),
            (
                vec![vec![1, 2], vec![1, 2]],
                Identity::Ambiguous(vec![1, 2]),
            ),
            (
                vec![vec![1], vec![2], vec![1]],
                Identity::Ambiguous(vec![1, 2]),
            ),
        ] {
            assert_eq!(Identity::of(&allowed), found);
        }
    }
}
