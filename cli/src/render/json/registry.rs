//! `registry get`, `set`, `delete`, `export`, `import` and `diff`.

use schemars::JsonSchema;
use serde::Serialize;
use wimwright_servicing::Text;
use wimwright_servicing::registry::{
    HiveName, Imported, KeyContent, Place, RegChange, RegData, RegDifference, ValueType,
};

use super::Document;
use super::image::FindingEntry;
use super::plan::{OfImage, PlanDocument, ReceiptDocument, Text as TextShape};

/// `registry get`.
#[derive(Debug, JsonSchema, Serialize)]
pub struct RegistryGet {
    /// One entry an image.
    pub images: Vec<GotKeys>,
}

impl Document for RegistryGet {
    const NAME: &'static str = "registry-get";
}

/// Keys of an image.
#[derive(Debug, JsonSchema, Serialize)]
pub struct GotKeys {
    /// The image as it was named.
    pub image: String,
    /// The hive: its name, or its file.
    pub hive: String,
    /// The key; with `-r` those below it follow.
    pub keys: Vec<KeyEntry>,
    /// What is odd.
    pub findings: Vec<FindingEntry>,
}

/// A key.
#[derive(Debug, JsonSchema, Serialize)]
pub struct KeyEntry {
    /// Its path from the root of the hive; empty for the root key.
    #[schemars(with = "TextShape")]
    pub key: Text,
    /// Its values: the default value first, then by name. With a name given,
    /// that value alone.
    pub values: Vec<ValueEntry>,
    /// The names of its subkeys.
    #[schemars(with = "Vec<TextShape>")]
    pub subkeys: Vec<Text>,
}

/// A value.
#[derive(Debug, JsonSchema, Serialize)]
pub struct ValueEntry {
    /// Its name; empty for the default value.
    #[schemars(with = "TextShape")]
    pub name: Text,
    /// Its type and data.
    #[serde(flatten)]
    pub data: DataEntry,
}

/// Type and data of a value.
#[derive(Debug, JsonSchema, Serialize)]
pub struct DataEntry {
    /// The type as `registry set --type` takes it: `sz`, `expand-sz`,
    /// `multi-sz`, `dword`, `qword`, `binary`, `none`; else null.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// The type's number.
    pub type_number: u32,
    /// The text of sz and expand-sz.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The texts of multi-sz.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub texts: Option<Vec<String>>,
    /// The number of dword and qword.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<u64>,
    /// All bytes, in hexadecimal.
    pub hex: String,
}

impl From<&RegData> for DataEntry {
    fn from(data: &RegData) -> DataEntry {
        let kind = match ValueType::of_kind(data.kind) {
            ValueType::Other(_) => None,
            known => Some(known.to_string()),
        };
        DataEntry {
            kind,
            type_number: data.kind,
            text: data.as_text(),
            texts: data.as_texts(),
            number: data.as_number(),
            hex: hex(&data.bytes),
        }
    }
}

/// Bytes in hexadecimal.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl From<&KeyContent> for KeyEntry {
    fn from(content: &KeyContent) -> KeyEntry {
        let values = content.values.iter().map(|(name, data)| ValueEntry {
            name: name.clone(),
            data: data.into(),
        });
        KeyEntry {
            key: content.key.as_text().clone(),
            values: values.collect(),
            subkeys: content.subkeys.clone(),
        }
    }
}

/// `registry set`.
#[derive(Debug, JsonSchema, Serialize)]
pub struct RegistrySet<'a> {
    /// What the edit came to.
    #[serde(flatten)]
    pub edit: RegistryEdit<'a>,
}

impl Document for RegistrySet<'_> {
    const NAME: &'static str = "registry-set";
}

/// `registry delete`.
#[derive(Debug, JsonSchema, Serialize)]
pub struct RegistryDelete<'a> {
    /// What the edit came to.
    #[serde(flatten)]
    pub edit: RegistryEdit<'a>,
}

impl Document for RegistryDelete<'_> {
    const NAME: &'static str = "registry-delete";
}

/// What an edit of one key or value came to.
#[derive(Debug, JsonSchema, Serialize)]
pub struct RegistryEdit<'a> {
    /// Whether the image changed; with `--dry-run`, whether it would.
    pub changed: bool,
    /// One entry an image.
    pub images: Vec<EditedPlaces<'a>>,
    /// What would be done; with `--dry-run` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<PlanDocument<'a>>,
    /// What was done; without `--dry-run` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receipt: Option<ReceiptDocument>,
}

/// Where an image was edited.
#[derive(Debug, JsonSchema, Serialize)]
pub struct EditedPlaces<'a> {
    /// The image as it was named.
    pub image: String,
    /// The keys: more than one where control sets differ.
    pub places: Vec<PlaceEntry>,
    /// The value; null where the key itself goes.
    #[schemars(with = "Option<TextShape>")]
    pub name: Option<Text>,
    /// What is odd.
    pub findings: Vec<FindingEntry>,
    /// What was done to it, where there are several images.
    #[serde(flatten)]
    pub done: OfImage<'a>,
}

/// A key of a hive.
#[derive(Debug, JsonSchema, Serialize)]
pub struct PlaceEntry {
    /// The hive: its name, or its file.
    pub hive: String,
    /// The key, from the root of the hive.
    #[schemars(with = "TextShape")]
    pub key: Text,
}

impl From<&Place> for PlaceEntry {
    fn from(place: &Place) -> PlaceEntry {
        PlaceEntry {
            hive: place.hive.to_string(),
            key: place.key.as_text().clone(),
        }
    }
}

/// `registry export`.
#[derive(Debug, JsonSchema, Serialize)]
pub struct RegistryExport {
    /// One entry an image.
    pub images: Vec<Exported>,
}

impl Document for RegistryExport {
    const NAME: &'static str = "registry-export";
}

/// What was exported.
#[derive(Debug, JsonSchema, Serialize)]
pub struct Exported {
    /// The image as it was named.
    pub image: String,
    /// The file that was written.
    pub file: String,
    /// The key as the file names it.
    #[schemars(with = "TextShape")]
    pub key: Text,
    /// How many keys are in it.
    pub keys: usize,
    /// How many values are in it.
    pub values: usize,
    /// What is odd, and what the format cannot say.
    pub findings: Vec<FindingEntry>,
}

/// `registry import`.
#[derive(Debug, JsonSchema, Serialize)]
pub struct RegistryImport<'a> {
    /// Whether the image changed; with `--dry-run`, whether it would.
    pub changed: bool,
    /// One entry an image.
    pub images: Vec<ImportedFiles<'a>>,
    /// What would be done; with `--dry-run` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<PlanDocument<'a>>,
    /// What was done; without `--dry-run` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receipt: Option<ReceiptDocument>,
}

impl Document for RegistryImport<'_> {
    const NAME: &'static str = "registry-import";
}

/// What was brought into an image.
#[derive(Debug, JsonSchema, Serialize)]
pub struct ImportedFiles<'a> {
    /// The image as it was named.
    pub image: String,
    /// One entry a file.
    pub results: Vec<ImportedFile>,
    /// What is odd.
    pub findings: Vec<FindingEntry>,
    /// What was done to it, where there are several images.
    #[serde(flatten)]
    pub done: OfImage<'a>,
}

/// What a `.reg` file asks for, whether it was so already or not.
#[derive(Debug, JsonSchema, Serialize)]
pub struct ImportedFile {
    /// The file as it was named.
    pub file: String,
    /// Keys that it names to be there.
    pub keys: usize,
    /// Keys that it deletes.
    pub deleted_keys: usize,
    /// Values that it sets.
    pub values: usize,
    /// Values that it deletes.
    pub deleted_values: usize,
    /// Lines that were skipped.
    pub skipped_lines: usize,
}

impl From<&Imported> for ImportedFile {
    fn from(imported: &Imported) -> ImportedFile {
        ImportedFile {
            file: imported.file.clone(),
            keys: imported.keys,
            deleted_keys: imported.deleted_keys,
            values: imported.values,
            deleted_values: imported.deleted_values,
            skipped_lines: imported.skipped_lines,
        }
    }
}

/// `registry diff`.
#[derive(Debug, JsonSchema, Serialize)]
pub struct RegistryDiff {
    /// Whether anything differs.
    pub different: bool,
    /// The first side: an image as it was named.
    pub first: String,
    /// The second side: an image, or a `.reg` file that would be imported.
    pub second: String,
    /// One entry a hive that both sides have and that differs, or that only one
    /// has.
    pub hives: Vec<HiveDifferences>,
    /// What is odd.
    pub findings: Vec<FindingEntry>,
}

impl Document for RegistryDiff {
    const NAME: &'static str = "registry-diff";
}

/// How a hive differs.
#[derive(Debug, JsonSchema, Serialize)]
pub struct HiveDifferences {
    /// The hive: its name, or its file.
    pub hive: String,
    /// Which side alone has the hive; null where both have it.
    pub only_in: Option<Side>,
    /// What differs in it; nothing where one side has no such hive.
    pub differences: Vec<DifferenceEntry>,
}

/// A side of a comparison.
#[derive(Clone, Copy, Debug, JsonSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// The first.
    First,
    /// The second.
    Second,
}

/// One difference.
#[derive(Debug, JsonSchema, Serialize)]
pub struct DifferenceEntry {
    /// The key, from the root of the hive.
    #[schemars(with = "TextShape")]
    pub key: Text,
    /// What differs there.
    pub change: ChangeKind,
    /// The value's name, empty for the default value; null for a key.
    #[schemars(with = "Option<TextShape>")]
    pub name: Option<Text>,
    /// What the first side holds.
    pub old: Option<DataEntry>,
    /// What the second side holds.
    pub new: Option<DataEntry>,
    /// The first side's security descriptor, in hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old_security: Option<String>,
    /// The second side's security descriptor, in hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new_security: Option<String>,
}

/// What differs.
#[derive(Clone, Copy, Debug, JsonSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChangeKind {
    /// Only the second side has the key.
    KeyAdded,
    /// Only the first side has the key.
    KeyRemoved,
    /// Only the second side has the value.
    ValueAdded,
    /// Only the first side has the value.
    ValueRemoved,
    /// Both sides have the value, with other data.
    ValueChanged,
    /// The key's security differs.
    SecurityChanged,
}

impl DifferenceEntry {
    /// A difference below the key `top` of `hive`.
    pub(crate) fn new(top: &Place, difference: &RegDifference) -> DifferenceEntry {
        let mut entry = DifferenceEntry {
            key: top.below(&difference.key).key.as_text().clone(),
            change: ChangeKind::KeyAdded,
            name: None,
            old: None,
            new: None,
            old_security: None,
            new_security: None,
        };
        match &difference.what {
            RegChange::KeyAdded | RegChange::Detail(_) => {}
            RegChange::KeyRemoved => entry.change = ChangeKind::KeyRemoved,
            RegChange::ValueAdded { name, new } => {
                entry.change = ChangeKind::ValueAdded;
                entry.name = Some(name.clone());
                entry.new = Some(new.into());
            }
            RegChange::ValueRemoved { name, old } => {
                entry.change = ChangeKind::ValueRemoved;
                entry.name = Some(name.clone());
                entry.old = Some(old.into());
            }
            RegChange::ValueChanged { name, old, new } => {
                entry.change = ChangeKind::ValueChanged;
                entry.name = Some(name.clone());
                entry.old = Some(old.into());
                entry.new = Some(new.into());
            }
            RegChange::SecurityChanged { old, new } => {
                entry.change = ChangeKind::SecurityChanged;
                entry.old_security = Some(hex(old));
                entry.new_security = Some(hex(new));
            }
        }
        entry
    }
}

impl HiveDifferences {
    /// A hive that one side alone has.
    pub(crate) fn only_in(hive: &HiveName, side: Side) -> HiveDifferences {
        HiveDifferences {
            hive: hive.to_string(),
            only_in: Some(side),
            differences: Vec::new(),
        }
    }
}
