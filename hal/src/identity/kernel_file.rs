//! What a kernel file is, whatever it is called.

use wimwright_servicing::pe::{Machine, PeFacts, ReadError, VersionNumber};
use wimwright_servicing::{FileTree, ImagePath, TreeError};

use super::{BUILDS, Identity, SEEN, builds, said};
use crate::evidence::{Evidence, EvidenceKind};
use crate::kind::Kernel;

/// A kernel file, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KernelFile {
    /// Where it lies.
    pub path: ImagePath,
    /// The machine that it is for; `None` where it is no PE image.
    pub machine: Option<Machine>,
    /// Which kernel it is.
    pub identity: Identity<Kernel>,
    /// The version of the file.
    pub version: Option<VersionNumber>,
    /// Whether it is a checked (debug) build.
    pub checked: Option<bool>,
    /// What was read.
    pub evidence: Vec<Evidence>,
}

impl KernelFile {
    /// Reads of the file at `path` what says which kernel it is; `None` where
    /// there is none.
    ///
    /// # Errors
    /// [`TreeError`] when it cannot be read.
    pub fn read(tree: &dyn FileTree, path: &ImagePath) -> Result<Option<KernelFile>, TreeError> {
        let Some(blob) = tree.open(path)? else {
            return Ok(None);
        };
        let facts = match PeFacts::of_blob(blob.as_ref()) {
            Err(ReadError::Io(error)) => return Err(TreeError::new(path, error)),
            Err(ReadError::Pe(error)) => Err(format!("no PE image that can be read: {error}")),
            Ok(None) => Err(format!("no PE image ({} bytes)", blob.len())),
            Ok(Some(facts)) => Ok(facts),
        };
        Ok(Some(KernelFile::with(path, facts)))
    }

    /// What `bytes`, the whole file, are; `path` says where they lie.
    pub fn of(path: &ImagePath, bytes: &[u8]) -> KernelFile {
        let facts = match PeFacts::read(bytes) {
            Err(error) => Err(format!("no PE image that can be read: {error}")),
            Ok(None) => Err(format!("no PE image ({} bytes)", bytes.len())),
            Ok(Some(facts)) => Ok(facts),
        };
        KernelFile::with(path, facts)
    }

    fn with(path: &ImagePath, facts: Result<PeFacts, String>) -> KernelFile {
        let place = path.to_string();
        let facts = match facts {
            Ok(facts) => facts,
            Err(what) => {
                return KernelFile {
                    path: path.clone(),
                    machine: None,
                    identity: Identity::Unknown,
                    version: None,
                    checked: None,
                    evidence: vec![Evidence::new(EvidenceKind::File, place, what, SEEN)],
                };
            }
        };
        let mut said = said(&place, &facts);
        let names = said.names.iter();
        let mut allowed: Vec<Vec<Kernel>> = names
            .filter_map(|name| Kernel::from_media_name(name))
            .map(|kernel| vec![kernel])
            .collect();
        let (fitting, release) = builds::kernels(facts.time_date_stamp);
        if let Some(release) = release {
            let names: Vec<&str> = fitting.iter().map(|kernel| kernel.media_name()).collect();
            let value = format!(
                "{:08X}: {} of {release}",
                facts.time_date_stamp,
                names.join(" or ")
            );
            said.evidence.push(Evidence::new(
                EvidenceKind::KnownBuild,
                format_args!("{place} (time stamp)"),
                value,
                BUILDS,
            ));
            allowed.push(fitting);
        }
        KernelFile {
            path: path.clone(),
            machine: Some(facts.machine),
            identity: Identity::of(&allowed),
            version: said.version,
            checked: said.checked,
            evidence: said.evidence,
        }
    }
}
