//! Components: key, manifest and files.

use std::collections::{BTreeMap, BTreeSet};

use sha1::Sha1;
use sha2::{Digest as _, Sha256};

use super::super::compressed_manifest::{self, Bases};
use super::super::identity::Identity;
use super::super::key_form::{component_name, deployment_name, file_value_name};
use super::super::manifest::{ComponentFile, Manifest};
use super::super::store::{StoreError, base_manifest};
use super::super::store_names::{self, FILE_MARK, from_registry_text};
use super::super::xml::MAX_XML;
use super::store::{ComponentKey, Store};
use super::{Check, Rule};
use crate::blob::{for_each_chunk, read_all};
use crate::path::ImagePath;
use crate::tree::{FileTree as _, Kind, TreeError};

/// Bit of an `f!` value that says that the file was taken out of the store
/// (measured on one image: cbs, section 6.3).
const REMOVED: u32 = 0x40;

/// Longest file that is held in memory to compare digests other than SHA-256.
const MAX_HELD: u64 = 64 << 20;

/// Folders of WinSxS that are no component's have fewer underscores.
const UNDERSCORES_OF_A_NAME: usize = 5;

/// What is kept of a manifest.
pub(super) struct Seen {
    pub(super) identity: Identity,
    /// Names of the components that a deployment pulls in.
    pub(super) installs: Vec<String>,
    /// The files with a place of their own.
    pub(super) linked: Vec<ComponentFile>,
    pub(super) deployment: bool,
    pub(super) digests: Digests,
}

/// SHA-1 and SHA-256 of a plain manifest.
pub(super) type Digests = ([u8; 20], [u8; 32]);

/// What is known of all manifests, by component.
pub(super) type Manifests = BTreeMap<String, Seen>;

pub(super) fn check(check: &mut Check<'_>, store: &Store) -> Result<Manifests, StoreError> {
    let draft = check.draft;
    let windows = draft.facts().windows.clone();
    // That it cannot be had is told by each manifest that needs it.
    let base = base_manifest(draft)?.unwrap_or_default();
    let mut manifests = Manifests::new();
    for (name, key) in &store.components {
        if !check.has_component(name) {
            continue;
        }
        let path = store_names::manifest(&windows, name)?;
        let Some(blob) = draft.open(&path)? else {
            check.add(Rule::ManifestMissing, &path, "is not there, but has a key");
            continue;
        };
        let bytes = read_all(blob.as_ref(), MAX_XML);
        let bytes = bytes.map_err(|source| TreeError::new(&path, source))?;
        let bases = Bases {
            manifest: base.as_deref(),
            version: None,
        };
        let plain = match compressed_manifest::expand(&bytes, bases) {
            Ok(plain) => plain,
            Err(error) => {
                check.add(Rule::ManifestDamaged, &path, error);
                continue;
            }
        };
        let sha256: [u8; 32] = Sha256::digest(&plain).into();
        if key.digest.as_deref() != Some(&sha256) {
            let digest = crate::hex::Hex(&sha256);
            let message = format!("has SHA-256 {digest}, not that of its key");
            check.add(Rule::ManifestDigest, &path, message);
        }
        let manifest = match Manifest::parse(&plain) {
            Ok(manifest) => manifest,
            Err(error) => {
                check.add(Rule::ManifestDamaged, &path, error);
                continue;
            }
        };
        check_names(check, name, key, &manifest);
        check_files(check, name, key, &manifest)?;
        if key.deployments.is_empty() {
            let message = "no deployment pulls it in";
            check.add(
                Rule::ComponentUnused,
                store_names::component_key(name),
                message,
            );
        }
        for deployment in &key.deployments {
            if !store.deployments.contains_key(deployment) {
                let message = format!("names deployment `{deployment}`, which has no key");
                let place = store_names::component_key(name);
                check.add(Rule::DeploymentMissing, place, message);
            }
        }
        let seen = Seen {
            installs: manifest.installs().map(component_name).collect(),
            linked: manifest
                .files
                .into_iter()
                .filter(|file| file.destination.is_some())
                .collect(),
            deployment: manifest.deployment,
            digests: (Sha1::digest(&plain).into(), sha256),
            identity: manifest.identity,
        };
        manifests.insert(name.clone(), seen);
    }
    if check.is_whole() {
        check_for_strays(check, store, &windows)?;
    }
    Ok(manifests)
}

fn check_names(check: &mut Check<'_>, name: &str, key: &ComponentKey, manifest: &Manifest) {
    let place = store_names::component_key(name);
    let expected = component_name(&manifest.identity);
    if expected != name {
        let message = format!("has the manifest of `{expected}`");
        check.add(Rule::ComponentName, &place, message);
    }
    let text = key.identity.as_deref().map(String::from_utf8_lossy);
    let read = text.as_deref().and_then(from_registry_text);
    if read.as_ref() != Some(&manifest.identity) {
        let text = text.unwrap_or_default();
        let message = format!("has the identity `{text}`, its manifest another");
        check.add(Rule::ComponentIdentity, &place, message);
    }
    if manifest.deployment
        && !key
            .deployments
            .contains(&deployment_name(&manifest.identity))
    {
        let message = "is a deployment, but does not name itself";
        check.add(Rule::DeploymentComponents, &place, message);
    }
}

fn check_files(
    check: &mut Check<'_>,
    name: &str,
    key: &ComponentKey,
    manifest: &Manifest,
) -> Result<(), StoreError> {
    let place = store_names::component_key(name);
    let folder = store_names::component_folder(&check.draft.facts().windows, name)?;
    let mut values: BTreeSet<&String> = key.files.keys().collect();
    for file in &manifest.files {
        let value = file_value_name(&file.name);
        // Other names have a value, too, but it is not known how it is called.
        let number = match &value {
            Ok(value) => {
                let value = value.to_lowercase();
                let found = key.files.get(&value).copied();
                if found.is_none() {
                    let message = format!("has no value `{value}`");
                    check.add(Rule::FileValue, &place, message);
                }
                values.remove(&value);
                found
            }
            Err(_) => None,
        };
        let path = folder.join_path(&ImagePath::parse(&file.name)?);
        match check.draft.open(&path)? {
            Some(blob) => check_digest(check, &path, blob.as_ref(), file)?,
            None if number.is_some_and(|number| number & REMOVED != 0) => {}
            None => check.add(Rule::FileMissing, &path, "is not there"),
        }
    }
    let ascii = manifest.files.iter().all(|file| file.name.is_ascii());
    for value in values.into_iter().filter(|_| ascii) {
        let file = value.strip_prefix(FILE_MARK).unwrap_or(value);
        let message = format!("has a value for file `{file}`, its manifest has none");
        check.add(Rule::FileValue, &place, message);
    }
    Ok(())
}

fn check_digest(
    check: &mut Check<'_>,
    path: &ImagePath,
    blob: &dyn crate::blob::Blob,
    file: &ComponentFile,
) -> Result<(), StoreError> {
    let Some(digest) = &file.digest else {
        return Ok(());
    };
    let failed = |source| TreeError::new(path, source);
    let mut hasher = Sha256::new();
    for_each_chunk(blob, |chunk| {
        hasher.update(chunk);
        Ok(())
    })
    .map_err(failed)?;
    let matches = match digest.matches_sha256(&hasher.finalize()) {
        Some(matches) => Some(matches),
        None if blob.len() <= MAX_HELD => {
            digest.matches(&read_all(blob, MAX_HELD).map_err(failed)?)
        }
        None => None,
    };
    if matches == Some(false) {
        check.add(Rule::FileDigest, path, "is not the file of its manifest");
    }
    Ok(())
}

/// Manifests and folders without a key.
fn check_for_strays(
    check: &mut Check<'_>,
    store: &Store,
    windows: &ImagePath,
) -> Result<(), StoreError> {
    let manifests = windows.join("WinSxS\\Manifests")?;
    for entry in check.draft.read_dir(&manifests)?.unwrap_or_default() {
        let file = entry.name.to_string().to_lowercase();
        let name = file.strip_suffix(".manifest");
        if name.is_none_or(|name| !store.components.contains_key(name)) {
            let place = manifests.child(entry.name);
            check.add(Rule::ManifestWithoutKey, place, "has no key");
        }
    }
    let folder = windows.join("WinSxS")?;
    for entry in check.draft.read_dir(&folder)?.unwrap_or_default() {
        let name = entry.name.to_string().to_lowercase();
        let like_a_component = name.matches('_').count() >= UNDERSCORES_OF_A_NAME;
        if entry.kind == Kind::Directory
            && like_a_component
            && !store.components.contains_key(&name)
        {
            let place = folder.child(entry.name);
            check.add(Rule::FolderWithoutKey, place, "has no key");
        }
    }
    Ok(())
}
