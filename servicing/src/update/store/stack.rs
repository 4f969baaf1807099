//! The servicing stack: the part of Windows that installs updates, and the base
//! manifest in it.

use std::sync::Arc;

use serde::Serialize;

use super::{CBS_KEY, StoreError, broken, key, winner};
use crate::draft::Draft;
use crate::registry::Hive;
use crate::tree::FileTree as _;
use crate::update::compressed_manifest::{self, BaseManifestError};
use crate::update::identity::Identity;
use crate::update::package::SERVICING_STACK;
use crate::update::version::AssemblyVersion;

/// Longest `wcp.dll`, in bytes; the largest seen in public listings has 5 MiB.
const MAX_WCP: u64 = 64 << 20;

/// Start of the names of its folders behind the architecture.
const FOLDER: &str = "_microsoft-windows-servicingstack_31bf3856ad364e35_";

/// The servicing stack of an image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ServicingStack {
    /// Its version.
    pub version: AssemblyVersion,
    /// Where that is said.
    pub evidence: String,
}

pub(super) fn read(
    draft: &Draft,
    software: &Arc<Hive>,
) -> Result<Option<ServicingStack>, StoreError> {
    if let Some(cbs) = key(software, &format!("{CBS_KEY}\\Version"))? {
        let mut found = None;
        for value in cbs.values().map_err(broken)? {
            let name = value
                .map_err(broken)?
                .name()
                .map_err(broken)?
                .to_string_lossy();
            found = found.max(name.parse::<AssemblyVersion>().ok());
        }
        if let Some(version) = found {
            let evidence = format!("HKLM\\SOFTWARE\\{CBS_KEY}\\Version");
            return Ok(Some(ServicingStack { version, evidence }));
        }
    }
    let windows = &draft.facts().windows;
    let versions = windows.join("servicing\\Version")?;
    let names = draft.read_dir(&versions)?.unwrap_or_default();
    let named = names
        .iter()
        .filter_map(|entry| entry.name.to_string().parse().ok());
    if let Some(version) = named.max() {
        let evidence = versions.to_string();
        return Ok(Some(ServicingStack { version, evidence }));
    }
    let facts = draft.facts();
    let identity = Identity {
        name: SERVICING_STACK.to_owned(),
        culture: String::new(),
        kind: None,
        version: AssemblyVersion([facts.version.major as u16, facts.version.minor as u16, 0, 0]),
        public_key_token: "31bf3856ad364e35".to_owned(),
        architecture: facts.architecture.name().to_owned(),
        version_scope: Some("nonSxS".to_owned()),
    };
    if let Some(version) = winner(draft, &identity)? {
        let evidence = "the version in use of its component".to_owned();
        return Ok(Some(ServicingStack { version, evidence }));
    }
    let folders = folders(draft)?;
    Ok(folders
        .into_iter()
        .next()
        .map(|(version, name)| ServicingStack {
            version,
            evidence: format!("WinSxS\\{name}"),
        }))
}

/// The folders of servicing stacks in the store, the highest version first.
fn folders(draft: &Draft) -> Result<Vec<(AssemblyVersion, String)>, StoreError> {
    let store = draft.facts().windows.join("WinSxS")?;
    let mut found = Vec::new();
    for entry in draft.read_dir(&store)?.unwrap_or_default() {
        let name = entry.name.to_string();
        let lower = name.to_ascii_lowercase();
        let Some((_, rest)) = lower.split_once(FOLDER) else {
            continue;
        };
        let version = rest.split('_').next().and_then(|text| text.parse().ok());
        if let Some(version) = version {
            found.push((version, name));
        }
    }
    found.sort();
    found.reverse();
    Ok(found)
}

/// The base manifest of the image's servicing stack, that its compressed
/// manifests are differences from; `None` where no stack has one (before
/// Windows 8.1).
///
/// # Errors
/// [`StoreError`]; a `wcp.dll` that cannot be read is passed over for that of
/// another version, and told by the inner error where there is no other.
pub fn base_manifest(
    draft: &Draft,
) -> Result<Result<Option<Vec<u8>>, BaseManifestError>, StoreError> {
    let mut failed = None;
    for (_, name) in folders(draft)? {
        let path = draft
            .facts()
            .windows
            .join(&format!("WinSxS\\{name}\\wcp.dll"))?;
        let Some(bytes) = draft.read(&path, MAX_WCP)? else {
            continue;
        };
        match compressed_manifest::base_manifest(&bytes) {
            Ok(Some(manifest)) => return Ok(Ok(Some(manifest))),
            Ok(None) => {}
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    Ok(match failed {
        Some(error) => Err(error),
        None => Ok(None),
    })
}
