//! Which update packages and features two images differ in.
//!
//! A package is known by its whole identity. What is left on both sides is
//! paired by all of it but the version, where each image has one left: another
//! version of the same. A feature is known by its name and that of its package.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use super::Side;
use crate::draft::Draft;
use crate::finding::Finding;
use crate::update::identity::Identity;
use crate::update::store::{Feature, PackageStore, StoreError, StoredPackage, features};

/// How two images differ in an update package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PackageDifference {
    /// Only the second image has it.
    Added(StoredPackage),
    /// Only the first image has it.
    Removed(StoredPackage),
    /// Both have it, or another version of it.
    Changed {
        /// In the first image.
        old: Box<StoredPackage>,
        /// In the second.
        new: Box<StoredPackage>,
        /// What differs; never empty.
        fields: Vec<PackageField>,
    },
}

/// What can differ in a package that both images have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PackageField {
    /// Its version.
    Version,
    /// Installed, staged, superseded, ...
    State,
    /// Whether people see it.
    Visibility,
    /// What brought it.
    Client,
    /// Packages that hold it.
    Owners,
    /// The states of its updates, features among them.
    Updates,
}

/// How two images differ in a feature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FeatureDifference {
    /// Only the second image has it.
    Added(Feature),
    /// Only the first image has it.
    Removed(Feature),
    /// It has another state.
    Changed {
        /// In the first image.
        old: Box<Feature>,
        /// In the second.
        new: Box<Feature>,
    },
}

impl PackageDifference {
    /// The package as the second image has it, else as the first does.
    pub fn package(&self) -> &StoredPackage {
        match self {
            PackageDifference::Added(package) | PackageDifference::Removed(package) => package,
            PackageDifference::Changed { new, .. } => new,
        }
    }
}

impl FeatureDifference {
    /// The feature as the second image has it, else as the first does.
    pub fn feature(&self) -> &Feature {
        match self {
            FeatureDifference::Added(feature) | FeatureDifference::Removed(feature) => feature,
            FeatureDifference::Changed { new, .. } => new,
        }
    }
}

/// How the update states of two images differ.
#[derive(Clone, Debug, Default)]
pub struct UpdateDifferences {
    /// In their packages, in the order of names.
    pub packages: Vec<PackageDifference>,
    /// In their features, in the order of names.
    pub features: Vec<FeatureDifference>,
    /// What is odd in the state of each.
    pub findings: [Vec<Finding>; 2],
}

/// Why update states could not be compared.
#[derive(Debug, thiserror::Error)]
#[error("{side}")]
pub struct UpdateDiffError {
    /// Which image's.
    pub side: Side,
    /// Why.
    #[source]
    pub source: StoreError,
}

/// Compares the update packages and features of two images. An image without
/// such a state, as those before Windows Vista are, has none.
///
/// # Errors
/// [`UpdateDiffError`], where a hive or directory cannot be read.
pub fn updates(a: &Draft, b: &Draft) -> Result<UpdateDifferences, UpdateDiffError> {
    let (old, old_features, of_old) = read(Side::A, a)?;
    let (new, new_features, of_new) = read(Side::B, b)?;
    Ok(UpdateDifferences {
        packages: packages(&old, &new),
        features: compare_features(&old_features, &new_features),
        findings: [of_old, of_new],
    })
}

type Read = (Vec<StoredPackage>, Vec<Feature>, Vec<Finding>);

fn read(side: Side, draft: &Draft) -> Result<Read, UpdateDiffError> {
    let failed = |source| UpdateDiffError { side, source };
    let store = match PackageStore::read(draft) {
        Ok(store) => store,
        Err(StoreError::NoState) => return Ok(Read::default()),
        Err(error) => return Err(failed(error)),
    };
    let (features, found) = features(draft, &store).map_err(failed)?;
    let mut findings = store.findings;
    findings.extend(found);
    Ok((store.packages, features, findings))
}

/// All of an identity but its version.
fn family(identity: &Identity) -> [String; 4] {
    [
        &identity.name,
        &identity.public_key_token,
        &identity.architecture,
        &identity.culture,
    ]
    .map(|part| part.to_lowercase())
}

fn packages(old: &[StoredPackage], new: &[StoredPackage]) -> Vec<PackageDifference> {
    let mut found = Vec::new();
    let mut left: BTreeMap<[String; 4], (Vec<&StoredPackage>, Vec<&StoredPackage>)> =
        BTreeMap::new();
    let known = |packages: &'_ [StoredPackage]| -> HashMap<Identity, usize> {
        let packages = packages.iter().enumerate();
        packages
            .map(|(at, package)| (package.identity.clone(), at))
            .collect()
    };
    let (in_old, in_new) = (known(old), known(new));
    for package in old {
        let same = in_new.get(&package.identity).and_then(|at| new.get(*at));
        match same {
            Some(other) => found.extend(changed(package, other)),
            None => left
                .entry(family(&package.identity))
                .or_default()
                .0
                .push(package),
        }
    }
    for package in new {
        if !in_old.contains_key(&package.identity) {
            left.entry(family(&package.identity))
                .or_default()
                .1
                .push(package);
        }
    }
    for (old, new) in left.into_values() {
        if let ([old], [new]) = (old.as_slice(), new.as_slice()) {
            found.extend(changed(old, new));
            continue;
        }
        let removed = old.into_iter().cloned().map(PackageDifference::Removed);
        found.extend(removed);
        found.extend(new.into_iter().cloned().map(PackageDifference::Added));
    }
    found.sort_by_cached_key(|difference| difference.package().identity.to_string());
    found
}

fn changed(old: &StoredPackage, new: &StoredPackage) -> Option<PackageDifference> {
    let fields: Vec<PackageField> = [
        (
            old.identity.version != new.identity.version,
            PackageField::Version,
        ),
        (old.state != new.state, PackageField::State),
        (old.visibility != new.visibility, PackageField::Visibility),
        (old.client != new.client, PackageField::Client),
        (old.owners != new.owners, PackageField::Owners),
        (old.updates != new.updates, PackageField::Updates),
    ]
    .into_iter()
    .filter_map(|(differs, field)| differs.then_some(field))
    .collect();
    (!fields.is_empty()).then(|| PackageDifference::Changed {
        old: Box::new(old.clone()),
        new: Box::new(new.clone()),
        fields,
    })
}

fn compare_features(old: &[Feature], new: &[Feature]) -> Vec<FeatureDifference> {
    let by_key = |features: &[Feature]| -> BTreeMap<(String, [String; 4]), Vec<Feature>> {
        let mut by_key: BTreeMap<_, Vec<Feature>> = BTreeMap::new();
        for feature in features {
            let key = (feature.name.to_lowercase(), family(&feature.package));
            by_key.entry(key).or_default().push(feature.clone());
        }
        by_key
    };
    let mut before = by_key(old);
    let mut found = Vec::new();
    for (key, features) in by_key(new) {
        let mut known = before.remove(&key).unwrap_or_default().into_iter();
        for feature in features {
            match known.next() {
                Some(old) if old.state != feature.state => {
                    found.push(FeatureDifference::Changed {
                        old: Box::new(old),
                        new: Box::new(feature),
                    });
                }
                Some(_) => {}
                None => found.push(FeatureDifference::Added(feature)),
            }
        }
        found.extend(known.map(FeatureDifference::Removed));
    }
    let rest = before.into_values().flatten();
    found.extend(rest.map(FeatureDifference::Removed));
    found.sort_by_cached_key(|difference| difference.feature().name.to_lowercase());
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::update::store::{FeatureState, PackageState};

    fn package(name: &str, state: PackageState) -> StoredPackage {
        StoredPackage {
            identity: Identity::from_package_name(name).unwrap(),
            state,
            visibility: None,
            time: None,
            client: None,
            owners: Vec::new(),
            updates: Vec::new(),
        }
    }

    fn told(found: &[PackageDifference]) -> Vec<String> {
        let line = |difference: &PackageDifference| match difference {
            PackageDifference::Added(package) => format!("+ {}", package.identity),
            PackageDifference::Removed(package) => format!("- {}", package.identity),
            PackageDifference::Changed { new, fields, .. } => {
                format!("~ {} {fields:?}", new.identity)
            }
        };
        found.iter().map(line).collect()
    }

    #[test]
    fn another_version_is_a_change_and_several_are_told_apart() {
        let named = |name: &str, version: &str| {
            package(
                &format!("{name}~31bf~amd64~~{version}"),
                PackageState::INSTALLED,
            )
        };
        let old = [
            named("A", "1.0.0.0"),
            named("B", "1.0.0.0"),
            named("C", "1.0.0.0"),
        ];
        let mut staged = named("A", "1.0.0.0");
        staged.state = PackageState::STAGED;
        let new = [
            staged,
            named("b", "2.0.0.0"),
            named("C", "2.0.0.0"),
            named("C", "3.0.0.0"),
            named("D", "1.0.0.0"),
        ];
        assert_eq!(
            told(&packages(&old, &new)),
            [
                "~ A~31bf~amd64~~1.0.0.0 [State]",
                "- C~31bf~amd64~~1.0.0.0",
                "+ C~31bf~amd64~~2.0.0.0",
                "+ C~31bf~amd64~~3.0.0.0",
                "+ D~31bf~amd64~~1.0.0.0",
                "~ b~31bf~amd64~~2.0.0.0 [Version]",
            ]
        );
        assert!(packages(&old, &old).is_empty());
    }

    #[test]
    fn features_differ_in_state_and_in_being_there() {
        let feature = |name: &str, version: &str, state| Feature {
            name: name.to_owned(),
            display_name: None,
            description: None,
            package: Identity::from_package_name(&format!("P~31bf~amd64~~{version}")).unwrap(),
            state,
            default_on: None,
            parents: Vec::new(),
        };
        let old = [
            feature("TelnetClient", "1.0.0.0", FeatureState::Disabled),
            feature("Same", "1.0.0.0", FeatureState::Enabled),
            feature("Gone", "1.0.0.0", FeatureState::Enabled),
        ];
        let new = [
            feature("telnetclient", "1.0.0.0", FeatureState::Enabled),
            feature("Same", "2.0.0.0", FeatureState::Enabled),
            feature("New", "1.0.0.0", FeatureState::Disabled),
        ];
        let found = compare_features(&old, &new);
        let line = |found: &FeatureDifference| match found {
            FeatureDifference::Added(feature) => format!("+ {}", feature.name),
            FeatureDifference::Removed(feature) => format!("- {}", feature.name),
            FeatureDifference::Changed { old, new } => {
                format!("~ {} {} > {}", new.name, old.state, new.state)
            }
        };
        let found: Vec<String> = found.iter().map(line).collect();
        assert_eq!(
            found,
            ["- Gone", "+ New", "~ telnetclient disabled > enabled"]
        );
    }
}
