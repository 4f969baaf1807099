//! COMPONENTS and the part of SOFTWARE that is about packages, as maps.

use std::collections::BTreeMap;

use super::super::identity::Identity;
use super::super::store::{CBS_KEY, PackageState, StoreError, WINNERS_KEY};
use super::super::store_names::{CATALOGS, COMPONENTS, DEPLOYMENT_MARK, DEPLOYMENTS, FILE_MARK};
use crate::draft::Draft;
use crate::registry::{HiveError, HiveName, Key, KeyPath, RegistryError};

/// The key of a component.
#[derive(Default)]
pub(super) struct ComponentKey {
    pub(super) identity: Option<Vec<u8>>,
    pub(super) digest: Option<Vec<u8>>,
    /// Short names of deployments.
    pub(super) deployments: Vec<String>,
    /// Names of `f!` values, with the number that they hold.
    pub(super) files: BTreeMap<String, u32>,
}

/// The key of a deployment.
#[derive(Default)]
pub(super) struct DeploymentKey {
    pub(super) identity: Option<Vec<u8>>,
    pub(super) catalog: Option<String>,
    /// `p!`, `s!` and `i!` values.
    pub(super) marks: BTreeMap<String, Vec<u8>>,
}

/// The key of a package.
pub(super) struct PackageKey {
    pub(super) identity: Identity,
    pub(super) state: Option<u32>,
    pub(super) install_name: Option<String>,
    pub(super) owners: Vec<String>,
}

/// Versions of a component: the one in use, and all.
#[derive(Default)]
pub(super) struct Winner {
    pub(super) in_use: String,
    pub(super) listed: Vec<String>,
}

/// All of it. Names are in lower case.
#[derive(Default)]
pub(super) struct Store {
    pub(super) components: BTreeMap<String, ComponentKey>,
    pub(super) deployments: BTreeMap<String, DeploymentKey>,
    /// By SHA-256: short names of deployments.
    pub(super) catalogs: BTreeMap<String, Vec<String>>,
    /// By package name.
    pub(super) packages: BTreeMap<String, PackageKey>,
    /// Names of packages without version, with the names that they lead to.
    pub(super) index: BTreeMap<String, Vec<String>>,
    /// By family of components and of versions, `6.1`.
    pub(super) winners: BTreeMap<(String, String), Winner>,
}

impl PackageKey {
    pub(super) fn state(&self) -> PackageState {
        PackageState::from_value(self.state.unwrap_or_default())
    }
}

impl Store {
    pub(super) fn read(draft: &Draft) -> Result<Store, StoreError> {
        let mut store = Store::default();
        store.read_components(draft)?;
        store.read_software(draft)?;
        Ok(store)
    }

    fn read_components(&mut self, draft: &Draft) -> Result<(), StoreError> {
        let Some(hive) = draft.hive(HiveName::Components)? else {
            return Ok(());
        };
        let in_hive = |source| broken(&HiveName::Components, source);
        let each = |path: &str, read: &mut dyn FnMut(String, Key<'_>) -> Result<(), HiveError>| {
            let top = KeyPath::from(path).find(&hive);
            match top {
                Ok(Some(top)) => each_subkey(top, read),
                Ok(None) => Ok(()),
                Err(error) => Err(error),
            }
            .map_err(in_hive)
        };
        each(COMPONENTS, &mut |name, key| {
            self.components.insert(name, component(key)?);
            Ok(())
        })?;
        each(DEPLOYMENTS, &mut |name, key| {
            self.deployments.insert(name, deployment(key)?);
            Ok(())
        })?;
        each(CATALOGS, &mut |name, key| {
            let names = value_names(key)?.into_iter();
            let marks = names.filter_map(|name| mark(&name, DEPLOYMENT_MARK));
            self.catalogs.insert(name, marks.collect());
            Ok(())
        })
    }

    fn read_software(&mut self, draft: &Draft) -> Result<(), StoreError> {
        let Some(hive) = draft.hive(HiveName::Software)? else {
            return Ok(());
        };
        let mut read = || -> Result<(), HiveError> {
            if let Some(top) = KeyPath::from(CBS_KEY).find(&hive)? {
                if let Some(packages) = top.subkey("Packages")? {
                    each_subkey(packages, &mut |name, key| {
                        // What is no package name is named by the store's reader.
                        if let Ok(identity) = Identity::from_package_name(&name) {
                            let package = package(key, identity)?;
                            self.packages.insert(name, package);
                        }
                        Ok(())
                    })?;
                }
                if let Some(index) = top.subkey("PackageIndex")? {
                    each_subkey(index, &mut |name, key| {
                        let names = value_names(key)?.into_iter();
                        let names = names.map(|name| name.to_lowercase());
                        self.index.insert(name, names.collect());
                        Ok(())
                    })?;
                }
            }
            let Some(winners) = KeyPath::from(WINNERS_KEY).find(&hive)? else {
                return Ok(());
            };
            each_subkey(winners, &mut |component, key| {
                each_subkey(key, &mut |family, key| {
                    let in_use = key.value("")?.and_then(|value| value.as_string());
                    let listed = value_names(key)?.into_iter();
                    let winner = Winner {
                        in_use: in_use.unwrap_or_default(),
                        listed: listed.filter(|name| !name.is_empty()).collect(),
                    };
                    self.winners.insert((component.clone(), family), winner);
                    Ok(())
                })
            })
        };
        read().map_err(|source| broken(&HiveName::Software, source))
    }
}

fn broken(hive: &HiveName, source: HiveError) -> StoreError {
    StoreError::Registry(RegistryError::in_hive(hive, source))
}

fn each_subkey(
    key: Key<'_>,
    each: &mut dyn FnMut(String, Key<'_>) -> Result<(), HiveError>,
) -> Result<(), HiveError> {
    for below in key.subkeys()? {
        let below = below?;
        each(below.name()?.to_string_lossy().to_lowercase(), below)?;
    }
    Ok(())
}

fn value_names(key: Key<'_>) -> Result<Vec<String>, HiveError> {
    let values = key.values()?;
    values
        .map(|value| Ok(value?.name()?.to_string_lossy()))
        .collect()
}

/// What follows a mark in the name of a value, in lower case.
fn mark(name: &str, mark: &str) -> Option<String> {
    let start = name.get(..mark.len())?;
    let rest = name.get(mark.len()..)?;
    start
        .eq_ignore_ascii_case(mark)
        .then(|| rest.to_lowercase())
}

fn component(key: Key<'_>) -> Result<ComponentKey, HiveError> {
    let mut component = ComponentKey::default();
    for value in key.values()? {
        let value = value?;
        let name = value.name()?.to_string_lossy();
        if let Some(deployment) = mark(&name, DEPLOYMENT_MARK) {
            component.deployments.push(deployment);
        } else if name.starts_with(FILE_MARK) {
            let number = value.as_u32().unwrap_or_default();
            component.files.insert(name.to_lowercase(), number);
        } else if name.eq_ignore_ascii_case("identity") {
            component.identity = Some(value.data()?.into_owned());
        } else if name.eq_ignore_ascii_case("S256H") {
            component.digest = Some(value.data()?.into_owned());
        }
    }
    Ok(component)
}

fn deployment(key: Key<'_>) -> Result<DeploymentKey, HiveError> {
    let mut deployment = DeploymentKey::default();
    for value in key.values()? {
        let value = value?;
        let name = value.name()?.to_string_lossy();
        if ["p!", "s!", "i!"].iter().any(|mark| name.starts_with(mark)) {
            deployment.marks.insert(name, value.data()?.into_owned());
        } else if name.eq_ignore_ascii_case("appid") {
            deployment.identity = Some(value.data()?.into_owned());
        } else if name.eq_ignore_ascii_case("CatalogThumbprint") {
            deployment.catalog = value.as_string().map(|text| text.to_lowercase());
        }
    }
    Ok(deployment)
}

fn package(key: Key<'_>, identity: Identity) -> Result<PackageKey, HiveError> {
    let text = |name: &str| -> Result<Option<String>, HiveError> {
        Ok(key.value(name)?.and_then(|value| value.as_string()))
    };
    let owners = match key.subkey("Owners")? {
        Some(owners) => value_names(owners)?,
        None => Vec::new(),
    };
    Ok(PackageKey {
        identity,
        state: key.value("CurrentState")?.and_then(|value| value.as_u32()),
        install_name: text("InstallName")?,
        owners,
    })
}
