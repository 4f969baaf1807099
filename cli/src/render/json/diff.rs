//! `diff`.

use schemars::JsonSchema;
use serde::Serialize;
use wimwright_drivers::{DriverDifference, Field};
use wimwright_servicing::diff::{self, FileDifference, FileState, HiveChange, RegistryDifference};
use wimwright_servicing::registry::{Condition, HiveName, KeyDetail, KeyPath, RegChange, RegData};
use wimwright_servicing::{ImagePath, Kind, Text, time};

use super::Document;
use super::drivers::DriverEntry;
use super::image::{DirKind, FindingEntry, HiveState};

/// `diff`: how the second of two images differs from the first.
#[derive(Debug, JsonSchema, Serialize)]
pub struct Diff {
    /// Whether they differ.
    pub different: bool,
    /// The two, in the order in which they were named.
    pub images: Vec<DiffedImage>,
    /// What was compared.
    pub compared: Vec<Compared>,
    /// What was not, and why.
    pub left_out: Vec<LeftOut>,
    /// The files, by path; null where they were not compared.
    pub files: Option<Vec<FileDifferenceEntry>>,
    /// The registry, by hive and key; null where it was not compared.
    pub registry: Option<Vec<RegistryDifferenceEntry>>,
    /// The driver packages, by published name; null where they were not
    /// compared.
    pub drivers: Option<Vec<DriverDifferenceEntry>>,
    /// What is odd about the comparison; what is odd about an image stands
    /// with it.
    pub findings: Vec<FindingEntry>,
}

impl Document for Diff {
    const NAME: &'static str = "diff";
}

/// One of the two.
#[derive(Debug, JsonSchema, Serialize)]
pub struct DiffedImage {
    /// The image as it was named.
    pub image: String,
    /// The Windows directory in it; null where it was compared as files only.
    pub windows_directory: Option<String>,
    /// What is odd about it.
    pub findings: Vec<FindingEntry>,
}

/// A part that was compared.
#[derive(Clone, Copy, Debug, JsonSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Compared {
    /// Files and directories.
    Files,
    /// All hives.
    Registry,
    /// Driver packages.
    Drivers,
}

/// Something that was not compared.
#[derive(Clone, Debug, JsonSchema, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// Its kebab-case name.
    pub name: String,
    /// What it is, and why it was left out.
    pub reason: String,
}

/// A difference of files.
#[derive(Debug, JsonSchema, Serialize)]
pub struct FileDifferenceEntry {
    /// The path, as the second image spells it, else as the first does.
    #[schemars(with = "super::plan::Text")]
    pub path: ImagePath,
    /// What differs.
    pub change: FileChange,
    /// The first image's side; null where it has nothing there.
    pub old: Option<FileSide>,
    /// The second image's side; null where it has nothing there.
    pub new: Option<FileSide>,
    /// The first byte that differs in contents of equal length.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_difference: Option<u64>,
}

/// How files differ.
#[derive(Clone, Copy, Debug, JsonSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileChange {
    /// Only the second image has it. What is below a directory is named, too.
    Added,
    /// Only the first image has it. What is below a directory is named, too.
    Removed,
    /// Another kind of thing, or a link that leads elsewhere.
    Replaced,
    /// Another content.
    Content,
    /// The same name in another case.
    Spelling,
    /// A hive that was left dirty in one image and not, or otherwise, in the
    /// other.
    HiveState,
    /// A hive of another format version.
    HiveVersion,
    /// Another time of last write.
    Modified,
    /// Another number of hard links.
    Links,
}

/// What one image has: the fields that the change is about.
#[derive(Debug, Default, JsonSchema, Serialize)]
pub struct FileSide {
    /// What it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<DirKind>,
    /// Length in bytes; files only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// Where a link leads, with backslashes from the image root where it lies
    /// in the image.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<super::plan::Text>")]
    pub target: Option<Text>,
    /// The name as spelled.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<super::plan::Text>")]
    pub name: Option<Text>,
    /// How the hive was found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hive_state: Option<HiveState>,
    /// The hive's minor format version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hive_version: Option<u32>,
    /// When it was last written, ISO 8601 UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub modified: Option<String>,
    /// Number of hard links.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub links: Option<u64>,
}

impl FileSide {
    fn of(state: &FileState) -> FileSide {
        FileSide {
            kind: Some(DirKind::from(state.kind)),
            size: (state.kind == Kind::File).then_some(state.len),
            target: state.target.clone(),
            ..FileSide::default()
        }
    }
}

/// Makes both sides of a change that sets one field.
fn sides<T>(
    old: T,
    new: T,
    set: impl Fn(&mut FileSide, T),
) -> (Option<FileSide>, Option<FileSide>) {
    let side = |value| {
        let mut side = FileSide::default();
        set(&mut side, value);
        Some(side)
    };
    (side(old), side(new))
}

impl From<&FileDifference> for FileDifferenceEntry {
    fn from(found: &FileDifference) -> FileDifferenceEntry {
        use diff::FileChange as Found;
        let mut first_difference = None;
        let (change, (old, new)) = match &found.change {
            Found::Added(new) => (FileChange::Added, (None, Some(FileSide::of(new)))),
            Found::Removed(old) => (FileChange::Removed, (Some(FileSide::of(old)), None)),
            Found::Replaced { old, new } => (
                FileChange::Replaced,
                (Some(FileSide::of(old)), Some(FileSide::of(new))),
            ),
            Found::Content { old, new, first } => {
                first_difference = *first;
                let sides = sides(*old, *new, |side, size| side.size = Some(size));
                (FileChange::Content, sides)
            }
            Found::Spelling { old, new } => (
                FileChange::Spelling,
                sides(old, new, |side, name| {
                    side.name = Some(name.as_text().clone());
                }),
            ),
            Found::HiveCondition { old, new } => (
                FileChange::HiveState,
                sides(old, new, |side, condition| {
                    side.hive_state = Some(match condition {
                        Condition::Clean => HiveState::Clean,
                        Condition::Replayed(_) => HiveState::DirtyReplayed,
                        Condition::Unrecovered(_) => HiveState::DirtyLost,
                    });
                }),
            ),
            Found::HiveVersion { old, new } => (
                FileChange::HiveVersion,
                sides(old, new, |side, version| {
                    side.hive_version = Some(version.number());
                }),
            ),
            Found::Modified { old, new } => (
                FileChange::Modified,
                sides(*old, *new, |side, at| side.modified = Some(time::iso(at))),
            ),
            Found::Links { old, new } => (
                FileChange::Links,
                sides(*old, *new, |side, links| side.links = Some(links)),
            ),
        };
        FileDifferenceEntry {
            path: found.path.clone(),
            change,
            old,
            new,
            first_difference,
        }
    }
}

/// A difference of registries.
#[derive(Debug, JsonSchema, Serialize)]
pub struct RegistryDifferenceEntry {
    /// The hive.
    #[schemars(with = "super::plan::HiveShape")]
    pub hive: HiveName,
    /// The key, as the second image spells it, else as the first does; empty
    /// for the hive's root, null for a whole hive.
    #[schemars(with = "Option<super::plan::Text>")]
    pub key: Option<KeyPath>,
    /// What differs.
    pub change: RegistryChange,
    /// The value's name, empty for the default value; null for all but values.
    #[schemars(with = "Option<super::plan::Text>")]
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
    #[schemars(with = "Option<super::plan::DataShape>")]
    pub data: Option<RegData>,
    /// The name as spelled, or the class name; absent where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<super::plan::Text>")]
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
