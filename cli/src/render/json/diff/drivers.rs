//! Differences of driver packages.

use schemars::JsonSchema;
use serde::Serialize;
use wimwright_drivers::{DriverDifference, Field};

use crate::render::json::drivers::DriverEntry;

/// A difference of driver packages.
#[derive(Debug, JsonSchema, Serialize)]
pub struct DriverDifferenceEntry {
    /// What differs.
    pub change: DriverChange,
    /// The fields of `old` and `new` that differ; empty where one is null.
    #[schemars(with = "Vec<ChangedFields>")]
    pub fields: Vec<Field>,
    /// The first image's; null where it has none.
    pub old: Option<DriverEntry>,
    /// The second image's; null where it has none.
    pub new: Option<DriverEntry>,
}

/// How driver packages differ.
#[derive(Clone, Copy, Debug, JsonSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DriverChange {
    /// Only the second image has it.
    Added,
    /// Only the first image has it.
    Removed,
    /// Another version, or something else about it.
    Changed,
    /// The same package under another published name.
    Renumbered,
}

/// The names of the fields of a driver package.
#[derive(JsonSchema)]
#[schemars(rename = "DriverField", rename_all = "snake_case")]
#[expect(missing_docs, reason = "says the shape of what another type writes")]
pub enum ChangedFields {
    PublishedName,
    OriginalFileName,
    Inbox,
    ClassName,
    ClassGuid,
    ProviderName,
    Date,
    Version,
    BootCritical,
    DriverSignature,
    PackageId,
    Architecture,
    HardwareIds,
}

impl From<&DriverDifference> for DriverDifferenceEntry {
    fn from(found: &DriverDifference) -> DriverDifferenceEntry {
        let (change, old, new, fields) = match found {
            DriverDifference::Added(new) => (DriverChange::Added, None, Some(new), [].as_slice()),
            DriverDifference::Removed(old) => (DriverChange::Removed, Some(old), None, &[][..]),
            DriverDifference::Changed { old, new, fields } => {
                let change = match found.is_renumbered() {
                    true => DriverChange::Renumbered,
                    false => DriverChange::Changed,
                };
                (change, Some(&**old), Some(&**new), fields.as_slice())
            }
        };
        DriverDifferenceEntry {
            change,
            fields: fields.to_vec(),
            old: old.map(DriverEntry::from),
            new: new.map(DriverEntry::from),
        }
    }
}
