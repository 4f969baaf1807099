//! Features that people turn on and off.
//!
//! A feature is an `update` of a package with a `selectable` in the package's
//! mum; its state is a value of its name below the package's key (`Updates`).

use std::fmt;

use serde::{Serialize, Serializer};

use super::{PackageState, PackageStore, StoreError, mum};
use crate::draft::Draft;
use crate::finding::Finding;
use crate::update::identity::Identity;
use crate::update::mum::{Condition, Update};

/// A feature's state, in the words of DISM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FeatureState {
    /// On.
    Enabled,
    /// Off, its files in the store.
    Disabled,
    /// Off, its files gone.
    DisabledWithPayloadRemoved,
    /// On from the next start on.
    EnablePending,
    /// Off from the next start on.
    DisablePending,
    /// On in part.
    PartiallyInstalled,
    /// Neither of these.
    Other(PackageState),
}

impl FeatureState {
    fn of(state: PackageState) -> FeatureState {
        match state {
            PackageState::INSTALLED | PackageState::PERMANENT => FeatureState::Enabled,
            PackageState::STAGED | PackageState::SUPERSEDED => FeatureState::Disabled,
            PackageState::RESOLVED | PackageState::ABSENT => {
                FeatureState::DisabledWithPayloadRemoved
            }
            PackageState::INSTALL_PENDING => FeatureState::EnablePending,
            PackageState::UNINSTALL_PENDING => FeatureState::DisablePending,
            PackageState::PARTIALLY_INSTALLED => FeatureState::PartiallyInstalled,
            other => FeatureState::Other(other),
        }
    }
}

impl fmt::Display for FeatureState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FeatureState::Enabled => f.write_str("enabled"),
            FeatureState::Disabled => f.write_str("disabled"),
            FeatureState::DisabledWithPayloadRemoved => f.write_str("disabled-payload-removed"),
            FeatureState::EnablePending => f.write_str("enable-pending"),
            FeatureState::DisablePending => f.write_str("disable-pending"),
            FeatureState::PartiallyInstalled => f.write_str("partially-installed"),
            FeatureState::Other(state) => state.fmt(f),
        }
    }
}

impl Serialize for FeatureState {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A feature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Feature {
    /// Its name.
    pub name: String,
    /// Its name for people.
    pub display_name: Option<String>,
    /// One line on it.
    pub description: Option<String>,
    /// The package that brings it.
    pub package: Identity,
    /// Its state.
    pub state: FeatureState,
    /// Whether it is on unless somebody turns it off.
    pub default_on: Option<bool>,
    /// Features that have to be on for it.
    pub parents: Vec<String>,
}

/// The features of an image, in the order of their names. Packages whose mum is
/// missing or damaged are told as findings.
///
/// # Errors
/// [`StoreError`], where a hive or directory cannot be read.
pub fn features(
    draft: &Draft,
    store: &PackageStore,
) -> Result<(Vec<Feature>, Vec<Finding>), StoreError> {
    let mut features = Vec::new();
    let mut findings = Vec::new();
    for package in &store.packages {
        if package.updates.is_empty() {
            continue;
        }
        let identity = &package.identity;
        let mum = match mum(draft, identity) {
            Ok(Some(mum)) => mum,
            Ok(None) => {
                findings.push(Finding::warning(
                    "mum-missing",
                    format!("`{identity}` has states of features, but its mum is not there"),
                ));
                continue;
            }
            Err(error @ StoreError::Mum { .. }) => {
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                findings.push(Finding::warning(
                    "mum-damaged",
                    format!("{error}: {}", cause.unwrap_or_default()),
                ));
                continue;
            }
            Err(other) => return Err(other),
        };
        for update in &mum.updates {
            let Some(selectable) = &update.selectable else {
                continue;
            };
            let state = package.updates.iter();
            let state = state
                .clone()
                .find(|(name, _)| name.eq_ignore_ascii_case(&update.name));
            features.push(Feature {
                name: update.name.clone(),
                display_name: update.display_name.clone(),
                description: update.description.clone(),
                package: identity.clone(),
                state: FeatureState::of(
                    state.map_or(package_state(package.state), |(_, state)| *state),
                ),
                default_on: selectable.default_on(),
                parents: parents(update),
            });
        }
    }
    features.sort_by(|a, b| {
        let key = |feature: &Feature| feature.name.to_ascii_lowercase();
        key(a)
            .cmp(&key(b))
            .then(a.package.version.cmp(&b.package.version))
    });
    Ok((features, findings))
}

/// What a feature without a value of its own is: at most staged, as nobody
/// turned it on.
fn package_state(package: PackageState) -> PackageState {
    match package.is_installed() {
        true => PackageState::STAGED,
        false => package,
    }
}

fn parents(update: &Update) -> Vec<String> {
    let conditions = update.applicable.iter().flat_map(|one| &one.conditions);
    let named = conditions.flat_map(|condition| match condition {
        Condition::DetectUpdate { updates } => updates.as_slice(),
        _ => &[],
    });
    named.map(|update| update.name.clone()).collect()
}
