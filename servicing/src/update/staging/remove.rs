//! Takes back what staging put into an image: exactly that.

use std::collections::BTreeSet;

use super::super::identity::Identity;
use super::super::key_form::deployment_name;
use super::super::mum::Mum;
use super::super::store::{PackageState, PackageStore, StoredPackage};
use super::super::store_names::{
    self, CATALOGS, COMPONENTS, DEPLOYMENT_MARK, catalog_key, component_key, deployment_key,
    package_value_text, split_package_value,
};
use super::super::xml::MAX_XML;
use super::error::StageError;
use super::packages_key::{CLIENT, index_key, package_key};
use crate::draft::Draft;
use crate::path::ImagePath;
use crate::plan::{Basis, Change};
use crate::registry::{HiveName, KeyPath};
use crate::text::Text;
use crate::tree::FileTree as _;

/// What it rests on: what staging planned.
const BACK: Basis = Basis::stated("cbs 6.5");

/// What taking a package back came to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unstaged {
    /// The package.
    pub identity: Identity,
    /// It and the packages that it brought, by name.
    pub packages: Vec<String>,
    /// Components that the store has no more.
    pub components: Vec<String>,
}

/// Plans that a package which this program staged is taken back, with all that
/// only it brought.
///
/// # Errors
/// [`StageError`], where it is not there, in use, or was staged by others.
pub fn unstage(draft: &mut Draft, identity: &Identity) -> Result<Unstaged, StageError> {
    draft.attempt(|draft| plan(draft, identity))
}

fn plan(draft: &mut Draft, identity: &Identity) -> Result<Unstaged, StageError> {
    let store = PackageStore::read(draft)?;
    super::preconditions::check_image(draft, &store)?;
    let top = store
        .package(identity)
        .ok_or_else(|| StageError::NoPackage {
            name: identity.package_name(),
        })?;
    check_ours(top)?;
    let own = top.identity.package_name();
    if let Some(owner) = top
        .owners
        .iter()
        .find(|one| !one.eq_ignore_ascii_case(&own))
    {
        return Err(StageError::Owned {
            identity: Box::new(top.identity.clone()),
            owner: owner.clone(),
        });
    }
    let packages = with_those_it_brought(&store, top)?;
    let mut gone = Vec::new();
    for package in &packages {
        remove_marks(draft, package)?;
    }
    let components = remove_unused(draft, &packages)?;
    for package in &store.packages {
        if !packages.contains(&package.identity) {
            remove_owners(draft, package, &packages)?;
        }
    }
    for package in &packages {
        remove_package(draft, package)?;
        gone.push(package.package_name());
    }
    Ok(Unstaged {
        identity: top.identity.clone(),
        packages: gone,
        components,
    })
}

fn check_ours(package: &StoredPackage) -> Result<(), StageError> {
    let identity = Box::new(package.identity.clone());
    let client = package.client.clone().unwrap_or_default();
    if client != CLIENT {
        return Err(StageError::NotOurs { identity, client });
    }
    match package.state {
        PackageState::STAGED => Ok(()),
        state => Err(StageError::InUse { identity, state }),
    }
}

/// The package, and those that nobody but it and these holds.
fn with_those_it_brought(
    store: &PackageStore,
    top: &StoredPackage,
) -> Result<Vec<Identity>, StageError> {
    let mut names = BTreeSet::from([top.identity.package_name().to_ascii_lowercase()]);
    let mut found = vec![top.identity.clone()];
    loop {
        let before = found.len();
        for package in &store.packages {
            let name = package.identity.package_name().to_ascii_lowercase();
            let mut owners = package.owners.iter();
            let held = !package.owners.is_empty()
                && owners.all(|owner| names.contains(&owner.to_ascii_lowercase()));
            if held && !names.contains(&name) {
                check_ours(package)?;
                names.insert(name);
                found.push(package.identity.clone());
            }
        }
        if found.len() == before {
            return Ok(found);
        }
    }
}

/// Takes packages that go from those that hold one which stays.
fn remove_owners(
    draft: &mut Draft,
    package: &StoredPackage,
    gone: &[Identity],
) -> Result<(), StageError> {
    for owner in &package.owners {
        let is_gone = |one: &Identity| one.package_name().eq_ignore_ascii_case(owner);
        if gone.iter().any(is_gone) {
            let change = Change::DeleteValue {
                hive: HiveName::Software,
                key: package_key(&package.identity).join("Owners"),
                name: Text::from(owner.as_str()),
            };
            let _ = draft.plan_change(change, &BACK)?;
        }
    }
    Ok(())
}

/// Takes the package's marks from its deployments.
fn remove_marks(draft: &mut Draft, package: &Identity) -> Result<(), StageError> {
    for short in deployments_of(draft, package)? {
        let key = deployment_key(&short);
        for name in draft.value_names(HiveName::Components, &key)? {
            let Some(data) = draft.value(HiveName::Components, &key, &name)? else {
                continue;
            };
            let of = package_value_text(&data.bytes).and_then(split_package_value);
            let marked = ["p!", "s!", "i!"].iter().any(|mark| name.starts_with(mark));
            if marked && of.is_some_and(|(of, _)| of == *package) {
                delete_value(draft, &key, &name)?;
            }
        }
    }
    Ok(())
}

/// The short names of the deployments that a package of the image brings.
fn deployments_of(draft: &Draft, package: &Identity) -> Result<BTreeSet<String>, StageError> {
    let path = store_names::package_file(&draft.facts().windows, package, "mum")?;
    let bytes = draft.read(&path, MAX_XML)?;
    let mum = bytes.and_then(|bytes| Mum::parse(&bytes).ok());
    Ok(match mum {
        Some(mum) => mum
            .deployments()
            .map(|(_, identity)| deployment_name(identity))
            .collect(),
        None => BTreeSet::new(),
    })
}

/// Removes deployments without a mark, components without a deployment, and
/// catalogs without either.
fn remove_unused(draft: &mut Draft, packages: &[Identity]) -> Result<Vec<String>, StageError> {
    let mut dead = BTreeSet::new();
    for package in packages {
        for short in deployments_of(draft, package)? {
            let key = deployment_key(&short);
            let names = draft.value_names(HiveName::Components, &key)?;
            let marked = |name: &String| name.get(1..2) == Some("!");
            if draft.has_key(HiveName::Components, &key)? && !names.iter().any(marked) {
                delete_key(draft, HiveName::Components, key)?;
                dead.insert(format!("{DEPLOYMENT_MARK}{short}"));
            }
        }
    }
    let mut components = Vec::new();
    for name in draft.subkeys(HiveName::Components, &KeyPath::from(COMPONENTS))? {
        let key = component_key(&name);
        if take_marks(draft, &key, &dead)? {
            remove_component(draft, &name)?;
            components.push(name);
        }
    }
    let windows = draft.facts().windows.clone();
    for sha256 in draft.subkeys(HiveName::Components, &KeyPath::from(CATALOGS))? {
        let key = catalog_key(&sha256);
        if take_marks(draft, &key, &dead)? {
            delete_key(draft, HiveName::Components, key)?;
            remove(draft, store_names::catalog(&windows, &sha256)?)?;
        }
    }
    Ok(components)
}

/// Takes the marks of deployments that are gone from a key; gives whether it had
/// some, and has none any more.
fn take_marks(
    draft: &mut Draft,
    key: &KeyPath,
    dead: &BTreeSet<String>,
) -> Result<bool, StageError> {
    let names = draft.value_names(HiveName::Components, key)?;
    let marks = names
        .iter()
        .filter(|name| name.starts_with(DEPLOYMENT_MARK));
    let (gone, left): (Vec<_>, Vec<_>) = marks.partition(|name| dead.contains(*name));
    if gone.is_empty() {
        return Ok(false);
    }
    if left.is_empty() {
        return Ok(true);
    }
    for name in gone {
        delete_value(draft, key, name)?;
    }
    Ok(false)
}

fn remove_component(draft: &mut Draft, name: &str) -> Result<(), StageError> {
    delete_key(draft, HiveName::Components, component_key(name))?;
    let windows = draft.facts().windows.clone();
    remove(draft, store_names::manifest(&windows, name)?)?;
    remove(draft, store_names::component_folder(&windows, name)?)
}

fn remove_package(draft: &mut Draft, package: &Identity) -> Result<(), StageError> {
    let windows = draft.facts().windows.clone();
    for ending in ["mum", "cat"] {
        remove(draft, store_names::package_file(&windows, package, ending)?)?;
    }
    delete_key(draft, HiveName::Software, package_key(package))?;
    let index = index_key(package);
    let names = draft.value_names(HiveName::Software, &index)?;
    let own = package.package_name();
    match names.as_slice() {
        [only] if only.eq_ignore_ascii_case(&own) => delete_key(draft, HiveName::Software, index),
        names if names.iter().any(|name| name.eq_ignore_ascii_case(&own)) => {
            let change = Change::DeleteValue {
                hive: HiveName::Software,
                key: index,
                name: Text::from(own),
            };
            let _ = draft.plan_change(change, &BACK)?;
            Ok(())
        }
        _ => Ok(()),
    }
}

fn remove(draft: &mut Draft, path: ImagePath) -> Result<(), StageError> {
    if draft.metadata(&path)?.is_some() {
        let _ = draft.plan_change(Change::Remove { path }, &BACK)?;
    }
    Ok(())
}

fn delete_key(draft: &mut Draft, hive: HiveName, key: KeyPath) -> Result<(), StageError> {
    let _ = draft.plan_change(Change::DeleteKey { hive, key }, &BACK)?;
    Ok(())
}

fn delete_value(draft: &mut Draft, key: &KeyPath, name: &str) -> Result<(), StageError> {
    let change = Change::DeleteValue {
        hive: HiveName::Components,
        key: key.clone(),
        name: Text::from(name),
    };
    let _ = draft.plan_change(change, &BACK)?;
    Ok(())
}
