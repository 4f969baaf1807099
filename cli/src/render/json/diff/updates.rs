//! Differences of update packages and features.

use schemars::JsonSchema;
use serde::Serialize;
use wimwright_servicing::diff::{FeatureDifference, PackageDifference, PackageField};
use wimwright_servicing::update::store::StoredPackage;

use crate::render::json::packages_image::FeatureEntry;

/// A difference of update packages.
#[derive(Debug, JsonSchema, Serialize)]
pub struct PackageDifferenceEntry {
    /// What differs.
    pub change: UpdateChange,
    /// What of `old` and `new` differs; empty where one is null.
    #[schemars(with = "Vec<ChangedPackageFields>")]
    pub fields: Vec<PackageField>,
    /// The first image's; null where it has none.
    pub old: Option<DiffedPackage>,
    /// The second image's; null where it has none.
    pub new: Option<DiffedPackage>,
}

/// How packages and features differ.
#[derive(Clone, Copy, Debug, JsonSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum UpdateChange {
    /// Only the second image has it.
    Added,
    /// Only the first image has it.
    Removed,
    /// Another version, another state, or something else about it.
    Changed,
}

/// The names of what can differ in a package.
#[derive(JsonSchema)]
#[schemars(rename = "PackageField", rename_all = "snake_case")]
#[expect(missing_docs, reason = "says the shape of what another type writes")]
pub enum ChangedPackageFields {
    Version,
    State,
    Visibility,
    Client,
    Owners,
    Updates,
}

/// An update package of an image.
#[derive(Debug, JsonSchema, Serialize)]
pub struct DiffedPackage {
    /// `name~token~architecture~language~version`.
    pub package_name: String,
    /// Its version.
    pub version: String,
    /// `installed`, `staged`, `superseded`, ...
    pub package_state: String,
    /// 1 where people see it, 2 for one that only others need.
    pub visibility: Option<u32>,
    /// What brought it.
    pub install_client: Option<String>,
    /// Packages that hold it.
    pub owners: Vec<String>,
    /// Its updates with states of their own.
    pub updates: Vec<DiffedUpdate>,
}

/// An update of a package.
#[derive(Debug, JsonSchema, Serialize)]
pub struct DiffedUpdate {
    /// Its name.
    pub name: String,
    /// Its state.
    pub state: String,
}

/// A difference of features.
#[derive(Debug, JsonSchema, Serialize)]
pub struct FeatureDifferenceEntry {
    /// What differs.
    pub change: UpdateChange,
    /// The first image's; null where it has none.
    pub old: Option<FeatureEntry>,
    /// The second image's; null where it has none.
    pub new: Option<FeatureEntry>,
}

impl From<&StoredPackage> for DiffedPackage {
    fn from(package: &StoredPackage) -> DiffedPackage {
        let updates = package.updates.iter();
        DiffedPackage {
            package_name: package.identity.to_string(),
            version: package.identity.version.to_string(),
            package_state: package.state.to_string(),
            visibility: package.visibility,
            install_client: package.client.clone(),
            owners: package.owners.clone(),
            updates: updates
                .map(|(name, state)| DiffedUpdate {
                    name: name.clone(),
                    state: state.to_string(),
                })
                .collect(),
        }
    }
}

impl From<&PackageDifference> for PackageDifferenceEntry {
    fn from(found: &PackageDifference) -> PackageDifferenceEntry {
        let (change, old, new, fields) = match found {
            PackageDifference::Added(new) => (UpdateChange::Added, None, Some(new), [].as_slice()),
            PackageDifference::Removed(old) => {
                (UpdateChange::Removed, Some(old), None, [].as_slice())
            }
            PackageDifference::Changed { old, new, fields } => (
                UpdateChange::Changed,
                Some(old.as_ref()),
                Some(new.as_ref()),
                fields.as_slice(),
            ),
        };
        PackageDifferenceEntry {
            change,
            fields: fields.to_vec(),
            old: old.map(DiffedPackage::from),
            new: new.map(DiffedPackage::from),
        }
    }
}

impl From<&FeatureDifference> for FeatureDifferenceEntry {
    fn from(found: &FeatureDifference) -> FeatureDifferenceEntry {
        let (change, old, new) = match found {
            FeatureDifference::Added(new) => (UpdateChange::Added, None, Some(new)),
            FeatureDifference::Removed(old) => (UpdateChange::Removed, Some(old), None),
            FeatureDifference::Changed { old, new } => (
                UpdateChange::Changed,
                Some(old.as_ref()),
                Some(new.as_ref()),
            ),
        };
        FeatureDifferenceEntry {
            change,
            old: old.map(FeatureEntry::from),
            new: new.map(FeatureEntry::from),
        }
    }
}
