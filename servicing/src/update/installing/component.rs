//! One component put to use: links, registry, and the version that wins.

use std::collections::BTreeSet;

use super::super::compressed_manifest::{self, Bases};
use super::super::destinations;
use super::super::identity::Identity;
use super::super::key_form::{component_name, winners_name};
use super::super::manifest::Manifest;
use super::super::store::{WINNERS_KEY, base_manifest, winner};
use super::super::store_names;
use super::super::version::AssemblyVersion;
use super::super::xml::MAX_XML;
use super::InstallError;
use super::registry::{self, KeyToSet};
use crate::draft::Draft;
use crate::path::ImagePath;
use crate::plan::{Basis, Change};
use crate::registry::{HiveName, KeyPath, RegData};
use crate::tree::FileTree as _;

/// That files in place are hard links of those in the store.
const LINKS: Basis = Basis::stated("cbs 6.1");
/// How registry values of manifests are written.
const VALUES: Basis = Basis::stated("cbs 3.2");
/// What descriptors become in a hive is recalled.
const SECURITY: Basis = Basis::recalled("cbs 3.2");
/// Names and data of these values are checked on exports; that the highest
/// version wins is recalled.
const WINNERS: Basis = Basis::recalled("cbs 6.2, 7");

/// What came of a component.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Its version is in use from now on.
    InUse,
    /// A higher version is; this one stays in the store.
    Loses,
}

/// Plans that a component in the store is put to use.
pub(super) fn install(
    draft: &mut Draft,
    name: &str,
    manifest: &Manifest,
) -> Result<Outcome, InstallError> {
    let identity = &manifest.identity;
    let there = winner(draft, identity)?;
    list_version(draft, identity)?;
    if there.is_some_and(|there| there > identity.version) {
        return Ok(Outcome::Loses);
    }
    let old = match there.filter(|there| *there < identity.version) {
        Some(version) => Some(old_manifest(draft, name, identity, version)?),
        None => None,
    };
    let keys = registry::keys(draft, name, manifest)?;
    if let Some((old_name, old)) = &old {
        refuse_dropped(draft, name, (old_name, old), manifest, &keys)?;
    }
    link_files(draft, name, manifest, old.as_ref())?;
    set_keys(draft, &keys)?;
    set_winner(draft, identity)?;
    Ok(Outcome::InUse)
}

/// The manifest of the version in use, and the component's name.
fn old_manifest(
    draft: &Draft,
    name: &str,
    identity: &Identity,
    version: AssemblyVersion,
) -> Result<(String, Manifest), InstallError> {
    let no_old = || InstallError::NoOld {
        component: name.to_owned(),
        version: version.to_string(),
    };
    let old_name = component_name(&identity.with_version(version));
    let path = store_names::manifest(&draft.facts().windows, &old_name)?;
    let bytes = draft.read(&path, MAX_XML)?.ok_or_else(no_old)?;
    let base = base_manifest(draft)?.unwrap_or_default();
    let bases = Bases {
        manifest: base.as_deref(),
        version: None,
    };
    let plain = compressed_manifest::expand(&bytes, bases).map_err(|_| no_old())?;
    let manifest = Manifest::parse(&plain).map_err(|_| no_old())?;
    Ok((old_name, manifest))
}

/// Where the files of a component are linked to: place, and name in its folder.
fn destinations_of(
    draft: &Draft,
    name: &str,
    manifest: &Manifest,
) -> Result<Vec<(ImagePath, ImagePath)>, InstallError> {
    let facts = draft.facts();
    let mut found = Vec::new();
    for file in &manifest.files {
        let Some(destination) = &file.destination else {
            continue;
        };
        let directory = destinations::directory(facts, &manifest.identity, destination);
        let directory = directory.map_err(|source| InstallError::Destination {
            component: name.to_owned(),
            source,
        })?;
        let linked = file.destination_name.as_ref().unwrap_or(&file.name);
        found.push((directory.join(linked)?, ImagePath::parse(&file.name)?));
    }
    Ok(found)
}

/// What the version in use has and the new one does not would have to be taken
/// away, which is not known how.
fn refuse_dropped(
    draft: &Draft,
    name: &str,
    (old_name, old): (&str, &Manifest),
    new: &Manifest,
    keys: &[KeyToSet],
) -> Result<(), InstallError> {
    let dropped = |what: String| InstallError::Dropped {
        component: name.to_owned(),
        what,
        version: old.identity.version.to_string(),
    };
    let new_places: BTreeSet<ImagePath> = destinations_of(draft, name, new)?
        .into_iter()
        .map(|(place, _)| place)
        .collect();
    for (place, _) in destinations_of(draft, old_name, old)? {
        if !new_places.contains(&place) {
            return Err(dropped(format!("`{place}`")));
        }
    }
    if let Some(beyond) = old.beyond.first() {
        return Err(dropped(format!("`{beyond}`")));
    }
    for key in &old.keys {
        let known = keys
            .iter()
            .find(|one| one.path.eq_ignore_ascii_case(&key.path));
        let Some(known) = known else {
            return Err(dropped(format!("key `{}`", key.path)));
        };
        for value in &key.values {
            let kept = |(name, _): &(String, RegData)| name.eq_ignore_ascii_case(&value.name);
            if !known.values.iter().any(kept) {
                return Err(dropped(format!("value `{}: {}`", key.path, value.name)));
            }
        }
    }
    Ok(())
}

fn link_files(
    draft: &mut Draft,
    name: &str,
    manifest: &Manifest,
    old: Option<&(String, Manifest)>,
) -> Result<(), InstallError> {
    let windows = draft.facts().windows.clone();
    let folder = store_names::component_folder(&windows, name)?;
    let old_files = match old {
        Some((old_name, old)) => {
            let folder = store_names::component_folder(&windows, old_name)?;
            destinations_of(draft, old_name, old)?
                .into_iter()
                .map(|(place, file)| (place, folder.join_path(&file)))
                .collect()
        }
        None => Vec::new(),
    };
    for (place, file) in destinations_of(draft, name, manifest)? {
        let stored = folder.join_path(&file);
        if draft.metadata(&place)?.is_some() && !draft.same_file(&place, &stored)? {
            let old = old_files.iter().find(|(old, _)| *old == place);
            let is_old = match old {
                Some((_, stored)) => draft.same_file(&place, stored)?,
                None => false,
            };
            if !is_old {
                return Err(InstallError::Occupied {
                    path: place,
                    component: name.to_owned(),
                });
            }
        }
        let change = Change::Link {
            path: place,
            to: stored,
        };
        let _ = draft.plan_change(change, &LINKS)?;
    }
    Ok(())
}

fn set_keys(draft: &mut Draft, keys: &[KeyToSet]) -> Result<(), InstallError> {
    for key in keys {
        for (hive, path) in &key.places {
            if !draft.has_key(hive, path)? {
                let _ = draft.create_key(hive, path, &VALUES)?;
            }
            for (name, data) in &key.values {
                let _ = draft.set_value(hive, path, name, data.clone(), &VALUES)?;
            }
            if let Some(descriptor) = &key.security {
                let change = Change::SetKeySecurity {
                    hive: hive.clone(),
                    key: path.clone(),
                    descriptor: descriptor.clone(),
                };
                let _ = draft.plan_change(change, &SECURITY)?;
            }
        }
    }
    Ok(())
}

/// The keys of a component's versions: of all, and of those of its family.
fn winners_keys(identity: &Identity) -> (KeyPath, KeyPath, String) {
    let (major, minor) = identity.version.family();
    let family = format!("{major}.{minor}");
    let top = KeyPath::from(format!("{WINNERS_KEY}\\{}", winners_name(identity)));
    let key = top.join(&family);
    (top, key, family)
}

/// Plans that the version is one of those that are there.
fn list_version(draft: &mut Draft, identity: &Identity) -> Result<(), InstallError> {
    let (_, key, _) = winners_keys(identity);
    let version = identity.version.to_string();
    let data = RegData::binary([1]);
    let _ = draft.set_value(HiveName::Software, &key, &version, data, &WINNERS)?;
    Ok(())
}

/// Plans that the version is the one in use.
fn set_winner(draft: &mut Draft, identity: &Identity) -> Result<(), InstallError> {
    let (top, key, family) = winners_keys(identity);
    let version = RegData::sz(&identity.version.to_string());
    let _ = draft.set_value(HiveName::Software, &key, "", version, &WINNERS)?;
    let known = draft.value(HiveName::Software, &top, "")?;
    let known = known.and_then(|data| data.as_text());
    let number = |text: &str| -> Option<(u16, u16)> {
        let (major, minor) = text.split_once('.')?;
        Some((major.parse().ok()?, minor.parse().ok()?))
    };
    // Families stand beside each other; the highest one is named above.
    let higher = known.as_deref().and_then(number) > number(&family);
    if !higher {
        let data = RegData::sz(&family);
        let _ = draft.set_value(HiveName::Software, &top, "", data, &WINNERS)?;
    }
    Ok(())
}
