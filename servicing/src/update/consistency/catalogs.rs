//! Catalogs of the store: key, file, and what they cover.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use sha2::{Digest as _, Sha256};

use super::super::store::StoreError;
use super::super::store_names::{self, catalog_key};
use super::components::{Digests, Manifests};
use super::store::Store;
use super::{Check, Rule};
use crate::blob::read_all;
use crate::catalog::{Catalog, MAX_CATALOG_LEN};
use crate::hex::Hex;
use crate::tree::{FileTree as _, TreeError};

pub(super) fn check(
    check: &mut Check<'_>,
    store: &Store,
    manifests: &Manifests,
) -> Result<(), StoreError> {
    let windows = check.draft.facts().windows.clone();
    // Manifests by the deployments that pull them in.
    let mut of: BTreeMap<&String, Vec<(&str, &Digests)>> = BTreeMap::new();
    for (name, manifest) in manifests {
        let key = store.components.get(name);
        for short in key.into_iter().flat_map(|key| &key.deployments) {
            let pulled_in = of.entry(short).or_default();
            pulled_in.push((name, &manifest.digests));
        }
    }
    let mut covered: BTreeSet<&str> = BTreeSet::new();
    for (sha256, deployments) in &store.catalogs {
        let ours = deployments.iter().filter(|one| check.has_deployment(one));
        let ours: Vec<&String> = ours.collect();
        if ours.is_empty() && !check.is_whole() {
            continue;
        }
        for short in ours {
            let named = store.deployments.get(short);
            if named.is_none_or(|key| key.catalog.as_ref() != Some(sha256)) {
                let message = format!("names deployment `{short}`, which does not name it");
                check.add(Rule::CatalogDeployment, catalog_key(sha256), message);
            }
        }
        let path = store_names::catalog(&windows, sha256)?;
        let Some(blob) = check.draft.open(&path)? else {
            check.add(Rule::CatalogMissing, &path, "is not there, but has a key");
            continue;
        };
        let bytes = read_all(blob.as_ref(), MAX_CATALOG_LEN as u64);
        let bytes = bytes.map_err(|source| TreeError::new(&path, source))?;
        let found = Hex(&Sha256::digest(&bytes)).to_string();
        if found != *sha256 {
            check.add(Rule::CatalogDigest, &path, format!("has SHA-256 {found}"));
        }
        let listed = listed(&bytes);
        for (name, (sha1, sha256)) in deployments.iter().filter_map(|one| of.get(one)).flatten() {
            if listed.contains(&sha1[..]) || listed.contains(&sha256[..]) {
                covered.insert(name);
            }
        }
    }
    for name in manifests.keys() {
        if !covered.contains(name.as_str()) {
            let place = store_names::manifest(&windows, name)?;
            let message = "is listed by no catalog of its deployments";
            check.add(Rule::ManifestNotCovered, place, message);
        }
    }
    if !check.is_whole() {
        return Ok(());
    }
    let folder = windows.join("WinSxS\\Catalogs")?;
    for entry in check.draft.read_dir(&folder)?.unwrap_or_default() {
        let file = entry.name.to_string().to_lowercase();
        let name = file.strip_suffix(".cat");
        if name.is_none_or(|name| !store.catalogs.contains_key(name)) {
            let place = folder.child(entry.name);
            check.add(Rule::CatalogWithoutKey, place, "has no key");
        }
    }
    Ok(())
}

/// The digests that a catalog lists; none where it is no catalog.
pub(super) fn listed(bytes: &[u8]) -> HashSet<Vec<u8>> {
    let members = Catalog::parse(bytes).map(|catalog| catalog.members);
    let members = members.unwrap_or_default().into_iter();
    members
        .filter_map(|member| member.digest.map(|digest| digest.bytes))
        .collect()
}
