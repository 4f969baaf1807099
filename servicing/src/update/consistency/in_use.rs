//! What is in use: versions that win, and hard links to their files.

use std::collections::BTreeSet;

use super::super::destinations;
use super::super::key_form::winners_name;
use super::super::store::{StoreError, WINNERS_KEY};
use super::super::store_names;
use super::components::{Manifests, Seen};
use super::store::Store;
use super::{Check, Rule};
use crate::path::ImagePath;
use crate::tree::FileTree as _;

pub(super) fn check(
    check: &mut Check<'_>,
    store: &Store,
    manifests: &Manifests,
) -> Result<(), StoreError> {
    // Families and versions that the store has.
    let mut there: BTreeSet<(String, String)> = BTreeSet::new();
    for (name, manifest) in manifests {
        let identity = &manifest.identity;
        let family = winners_name(identity);
        let (major, minor) = identity.version.family();
        let version = identity.version.to_string();
        there.insert((family.clone(), version.clone()));
        let winner = store.winners.get(&(family, format!("{major}.{minor}")));
        if winner.is_some_and(|winner| winner.in_use == version) {
            check_links(check, name, manifest)?;
        }
        let installed = || {
            let key = store.components.get(name);
            let deployments = key
                .map(|key| key.deployments.as_slice())
                .unwrap_or_default();
            deployments.iter().any(|short| {
                let marks = store.deployments.get(short).map(|one| &one.marks);
                marks.is_some_and(|marks| marks.keys().any(|mark| mark.starts_with("i!")))
            })
        };
        if winner.is_none() && !manifest.deployment && installed() {
            let message = "is installed, but no version of it is in use";
            let place = store_names::component_key(name);
            check.add(Rule::InstalledWithoutWinner, place, message);
        }
    }
    let known: BTreeSet<&String> = there.iter().map(|(family, _)| family).collect();
    for ((family, versions), winner) in &store.winners {
        if !check.is_whole() && !known.contains(family) {
            continue;
        }
        let place = format!("{WINNERS_KEY}\\{family}\\{versions}");
        if !there.contains(&(family.clone(), winner.in_use.clone())) && check.is_whole() {
            let message = format!("has version `{}` in use, which is not there", winner.in_use);
            check.add(Rule::WinnerMissing, &place, message);
        }
        if !winner.listed.contains(&winner.in_use) {
            let message = format!("has version `{}` in use, but no value of it", winner.in_use);
            check.add(Rule::WinnerNotListed, &place, message);
        }
    }
    Ok(())
}

/// Whether the files of a component in use are where its manifest puts them.
fn check_links(check: &mut Check<'_>, name: &str, manifest: &Seen) -> Result<(), StoreError> {
    let draft = check.draft;
    let facts = draft.facts();
    let folder = store_names::component_folder(&facts.windows, name)?;
    for file in &manifest.linked {
        let destination = file.destination.as_deref().unwrap_or_default();
        // Where that is is not known, nothing can be looked for.
        let Ok(directory) = destinations::directory(facts, &manifest.identity, destination) else {
            continue;
        };
        let stored = folder.join_path(&ImagePath::parse(&file.name)?);
        let linked = file.destination_name.as_ref().unwrap_or(&file.name);
        let linked = directory.join(linked)?;
        if !draft.has_file(&stored)? {
            // Told with the store.
            continue;
        }
        if !draft.has_file(&linked)? {
            check.add(
                Rule::LinkMissing,
                &linked,
                format!("is not there; `{name}` is in use"),
            );
        } else if !draft.same_file(&stored, &linked)? {
            let message = format!("is another file than that of `{name}`, which is in use");
            check.add(Rule::LinkToOther, &linked, message);
        }
    }
    Ok(())
}
