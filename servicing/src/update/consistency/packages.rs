//! Packages: key, description, catalog, and what they bring.

use sha1::Sha1;
use sha2::{Digest as _, Sha256};

use super::super::identity::Identity;
use super::super::key_form::deployment_name;
use super::super::mum::Mum;
use super::super::store::StoreError;
use super::super::store_names;
use super::super::version::AssemblyVersion;
use super::super::xml::MAX_XML;
use super::catalogs::listed;
use super::store::{PackageKey, Store};
use super::{Check, Rule};
use crate::blob::read_all;
use crate::catalog::MAX_CATALOG_LEN;
use crate::path::ImagePath;
use crate::tree::{FileTree as _, TreeError};

pub(super) fn check(check: &mut Check<'_>, store: &Store) -> Result<(), StoreError> {
    for (name, key) in &store.packages {
        if check.has_package(&key.identity) {
            check_key(check, store, name, key);
            check_mum(check, store, key)?;
        }
    }
    if !check.is_whole() {
        return Ok(());
    }
    let folder = check.draft.facts().windows.join("servicing\\Packages")?;
    for entry in check.draft.read_dir(&folder)?.unwrap_or_default() {
        let file = entry.name.to_string().to_lowercase();
        let Some(name) = file.strip_suffix(".mum") else {
            continue;
        };
        if !store.packages.contains_key(name) {
            let place = folder.child(entry.name);
            check.add(Rule::MumWithoutKey, place, "has no key");
        }
    }
    Ok(())
}

fn place(identity: &Identity) -> String {
    format!("Packages\\{identity}")
}

fn check_key(check: &mut Check<'_>, store: &Store, name: &str, key: &PackageKey) {
    let identity = &key.identity;
    let expected = format!("{identity}.mum");
    let install_name = key.install_name.as_deref().unwrap_or_default();
    if !install_name.eq_ignore_ascii_case(&expected) {
        let message = format!("has `InstallName` `{install_name}`");
        check.add(Rule::PackageName, place(identity), message);
    }
    let state = key.state();
    if key.state.is_none() || state.name().is_none() {
        check.add(
            Rule::PackageState,
            place(identity),
            format!("is in state `{state}`"),
        );
    }
    let any = identity.with_version(AssemblyVersion([0; 4]));
    let index = store.index.get(&any.package_name().to_lowercase());
    if index.is_none_or(|names| names.is_empty()) {
        let message = format!("is not found by `PackageIndex\\{any}`");
        check.add(Rule::PackageIndex, place(identity), message);
    }
    for owner in &key.owners {
        let owner_name = owner.to_lowercase();
        if owner_name != *name && !store.packages.contains_key(&owner_name) {
            let message = format!("is held by `{owner}`, which the image does not have");
            check.add(Rule::PackageOwner, place(identity), message);
        }
    }
}

fn check_mum(check: &mut Check<'_>, store: &Store, key: &PackageKey) -> Result<(), StoreError> {
    let identity = &key.identity;
    let windows = check.draft.facts().windows.clone();
    let path = store_names::package_file(&windows, identity, "mum")?;
    let Some(bytes) = read(check, &path, MAX_XML)? else {
        check.add(Rule::MumMissing, &path, "is not there, but has a key");
        return Ok(());
    };
    let mum = match Mum::parse(&bytes) {
        Ok(mum) => mum,
        Err(error) => {
            check.add(Rule::MumDamaged, &path, error);
            return Ok(());
        }
    };
    if mum.identity.package_name() != identity.package_name()
        && !mum
            .identity
            .package_name()
            .eq_ignore_ascii_case(&identity.package_name())
    {
        let message = format!("describes `{}`", mum.identity);
        check.add(Rule::PackageName, &path, message);
    }
    let catalog = store_names::package_file(&windows, identity, "cat")?;
    let lists = match read(check, &catalog, MAX_CATALOG_LEN as u64)? {
        Some(catalog) => {
            let listed = listed(&catalog);
            listed.contains(&Sha1::digest(&bytes)[..])
                || listed.contains(&Sha256::digest(&bytes)[..])
        }
        None => false,
    };
    if !lists {
        let message = "is not listed by the catalog beside it";
        check.add(Rule::MumNotCovered, &path, message);
    }
    for inner in mum.packages() {
        if !store
            .packages
            .contains_key(&inner.package_name().to_lowercase())
        {
            let message = format!("brings package `{inner}`, which the image does not have");
            check.add(Rule::PackageParts, place(identity), message);
        }
    }
    for (update, deployment) in mum.deployments() {
        let short = deployment_name(deployment);
        if !store.deployments.contains_key(&short) {
            let update = &update.name;
            let message = format!("brings deployment `{short}` in `{update}`, which has no key");
            check.add(Rule::PackageParts, place(identity), message);
        }
    }
    Ok(())
}

fn read(check: &Check<'_>, path: &ImagePath, most: u64) -> Result<Option<Vec<u8>>, StoreError> {
    let Some(blob) = check.draft.open(path)? else {
        return Ok(None);
    };
    let bytes = read_all(blob.as_ref(), most).map_err(|source| TreeError::new(path, source))?;
    Ok(Some(bytes))
}
