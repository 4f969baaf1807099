//! Differences of registries.

use schemars::JsonSchema;
use serde::Serialize;
use wimwright_servicing::Text;
use wimwright_servicing::diff::{HiveChange, RegistryDifference};
use wimwright_servicing::registry::{HiveName, KeyDetail, KeyPath, RegChange, RegData};

use crate::render::json::plan;

/// A difference of registries.
#[derive(Debug, JsonSchema, Serialize)]
pub struct RegistryDifferenceEntry {
    /// The hive.
    #[schemars(with = "plan::HiveShape")]
    pub hive: HiveName,
    /// The key, as the second image spells it, else as the first does; empty
    /// for the hive's root, null for a whole hive.
    #[schemars(with = "Option<plan::Text>")]
    pub key: Option<KeyPath>,
    /// What differs.
    pub change: RegistryChange,
    /// The value's name, empty for the default value; null for all but values.
    #[schemars(with = "Option<plan::Text>")]
    pub name: Option<Text>,
    /// The first image's side; null where it has nothing there.
    pub old: Option<RegistrySide>,
    /// The second image's side; null where it has nothing there.
    pub new: Option<RegistrySide>,
}

/// How registries differ.
#[derive(Clone, Copy, Debug, JsonSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RegistryChange {
    /// Only the second image has the hive; what is in it is counted only.
    HiveAdded,
    /// Only the first image has the hive; what is in it is counted only.
    HiveRemoved,
    /// Only the second image has the key. What is below it is named, too.
    KeyAdded,
    /// Only the first image has the key. What is below it is named, too.
    KeyRemoved,
    /// Only the second image has the value.
    ValueAdded,
    /// Only the first image has the value.
    ValueRemoved,
    /// The value has another type, other data, or both.
    ValueChanged,
    /// The key has another security descriptor.
    Security,
    /// The key's name is the same in another case.
    KeySpelling,
    /// The value's name is the same in another case.
    ValueSpelling,
    /// The key has another class name.
    Class,
    /// The key has other flags.
    Flags,
}

/// What one image has: the fields that the change is about.
#[derive(Debug, Default, JsonSchema, Serialize)]
pub struct RegistrySide {
    /// The value's type and data.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<plan::DataShape>")]
    pub data: Option<RegData>,
    /// The name as spelled, or the class name; absent where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<plan::Text>")]
    pub text: Option<Text>,
    /// The flags, as the key's record has them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flags: Option<u16>,
    /// The security descriptor, self-relative, in hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub security: Option<String>,
    /// Number of keys in the hive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keys: Option<usize>,
    /// Number of values in the hive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub values: Option<usize>,
}

impl RegistrySide {
    fn data(data: &RegData) -> RegistrySide {
        RegistrySide {
            data: Some(data.clone()),
            ..RegistrySide::default()
        }
    }

    fn text(text: Option<&Text>) -> RegistrySide {
        RegistrySide {
            text: text.cloned(),
            ..RegistrySide::default()
        }
    }

    fn flags(flags: u16) -> RegistrySide {
        RegistrySide {
            flags: Some(flags),
            ..RegistrySide::default()
        }
    }

    fn security(descriptor: &[u8]) -> RegistrySide {
        let hex = descriptor.iter().map(|byte| format!("{byte:02x}"));
        RegistrySide {
            security: Some(hex.collect()),
            ..RegistrySide::default()
        }
    }

    fn counts(keys: usize, values: usize) -> RegistrySide {
        RegistrySide {
            keys: Some(keys),
            values: Some(values),
            ..RegistrySide::default()
        }
    }
}

impl From<&RegistryDifference> for RegistryDifferenceEntry {
    fn from(found: &RegistryDifference) -> RegistryDifferenceEntry {
        let entry = |change, name: Option<&Text>, old, new| RegistryDifferenceEntry {
            hive: found.hive.clone(),
            key: match &found.change {
                HiveChange::Key(found) => Some(found.key.clone()),
                _ => None,
            },
            change,
            name: name.cloned(),
            old,
            new,
        };
        let both = |change, name, old, new| entry(change, name, Some(old), Some(new));
        let what = match &found.change {
            HiveChange::Added { keys, values } => {
                let new = RegistrySide::counts(*keys, *values);
                return entry(RegistryChange::HiveAdded, None, None, Some(new));
            }
            HiveChange::Removed { keys, values } => {
                let old = RegistrySide::counts(*keys, *values);
                return entry(RegistryChange::HiveRemoved, None, Some(old), None);
            }
            HiveChange::Key(found) => &found.what,
        };
        match what {
            RegChange::KeyAdded => {
                let new = Some(RegistrySide::default());
                entry(RegistryChange::KeyAdded, None, None, new)
            }
            RegChange::KeyRemoved => {
                let old = Some(RegistrySide::default());
                entry(RegistryChange::KeyRemoved, None, old, None)
            }
            RegChange::ValueAdded { name, new } => {
                let new = Some(RegistrySide::data(new));
                entry(RegistryChange::ValueAdded, Some(name), None, new)
            }
            RegChange::ValueRemoved { name, old } => {
                let old = Some(RegistrySide::data(old));
                entry(RegistryChange::ValueRemoved, Some(name), old, None)
            }
            RegChange::ValueChanged { name, old, new } => {
                let (old, new) = (RegistrySide::data(old), RegistrySide::data(new));
                both(RegistryChange::ValueChanged, Some(name), old, new)
            }
            RegChange::SecurityChanged { old, new } => {
                let (old, new) = (RegistrySide::security(old), RegistrySide::security(new));
                both(RegistryChange::Security, None, old, new)
            }
            RegChange::Detail(KeyDetail::KeySpelling { old, new }) => {
                let (old, new) = (RegistrySide::text(Some(old)), RegistrySide::text(Some(new)));
                both(RegistryChange::KeySpelling, None, old, new)
            }
            RegChange::Detail(KeyDetail::ValueSpelling { old, new }) => {
                let sides = (RegistrySide::text(Some(old)), RegistrySide::text(Some(new)));
                both(RegistryChange::ValueSpelling, Some(new), sides.0, sides.1)
            }
            RegChange::Detail(KeyDetail::Class { old, new }) => {
                let (old, new) = (old.as_ref(), new.as_ref());
                let (old, new) = (RegistrySide::text(old), RegistrySide::text(new));
                both(RegistryChange::Class, None, old, new)
            }
            RegChange::Detail(KeyDetail::Flags { old, new }) => {
                let (old, new) = (RegistrySide::flags(*old), RegistrySide::flags(*new));
                both(RegistryChange::Flags, None, old, new)
            }
        }
    }
}
