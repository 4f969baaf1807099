//! Differences of files.

use schemars::JsonSchema;
use serde::Serialize;
use wimwright_servicing::diff::{self, FileDifference, FileState};
use wimwright_servicing::registry::Condition;
use wimwright_servicing::{ImagePath, Kind, Text, time};

use crate::render::json::image::{DirKind, HiveState};
use crate::render::json::plan;

/// A difference of files.
#[derive(Debug, JsonSchema, Serialize)]
pub struct FileDifferenceEntry {
    /// The path, as the second image spells it, else as the first does.
    #[schemars(with = "plan::Text")]
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
    /// Another number of hard links, or as many of other names.
    Links,
    /// The content of a file that only the first image has, under a name that
    /// only the second has.
    Moved,
    /// Made at another time.
    Created,
    /// Other attributes.
    Attributes,
    /// Another short name.
    ShortName,
    /// Another security descriptor.
    Security,
    /// A named stream that holds something else, or is in one image only.
    Stream,
    /// Another object id, or other extended attributes.
    Tagged,
    /// Other reparse data.
    Reparse,
}

/// What one image has: the fields that the change is about.
#[derive(Debug, Default, JsonSchema, Serialize)]
pub struct FileSide {
    /// What it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<DirKind>,
    /// Length in bytes: of a file, a stream, or reparse data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// Where a link leads, with backslashes from the image root where it lies
    /// in the image.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<plan::Text>")]
    pub target: Option<Text>,
    /// The name as spelled.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<plan::Text>")]
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
    /// The path from which it was moved.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<plan::Text>")]
    pub path: Option<ImagePath>,
    /// When it was made, ISO 8601 UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created: Option<String>,
    /// Its Windows attributes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attributes: Option<u32>,
    /// The short name; empty for none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<plan::Text>")]
    pub short_name: Option<Text>,
    /// The security descriptor, self-relative, in hexadecimal; empty for none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub security: Option<String>,
    /// What a WIM file stores behind the entry, in hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tagged: Option<String>,
    /// The name of the stream.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<plan::Text>")]
    pub stream: Option<Text>,
    /// The tag that says who handles a reparse point.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reparse_tag: Option<u32>,
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

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
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
            Found::Moved { from } => {
                let old = FileSide {
                    path: Some(from.clone()),
                    ..FileSide::default()
                };
                (FileChange::Moved, (Some(old), Some(FileSide::default())))
            }
            Found::Created { old, new } => (
                FileChange::Created,
                sides(*old, *new, |side, at| side.created = Some(time::iso(at))),
            ),
            Found::Attributes { old, new } => (
                FileChange::Attributes,
                sides(*old, *new, |side, attributes| {
                    side.attributes = Some(attributes);
                }),
            ),
            Found::ShortName { old, new } => (
                FileChange::ShortName,
                sides(old, new, |side, name| side.short_name = Some(name.clone())),
            ),
            Found::Security { old, new } => (
                FileChange::Security,
                sides(old, new, |side, bytes| side.security = Some(hex(bytes))),
            ),
            Found::Tagged { old, new } => (
                FileChange::Tagged,
                sides(old, new, |side, bytes| side.tagged = Some(hex(bytes))),
            ),
            Found::Stream { name, old, new } => {
                let side = |len: Option<u64>| {
                    Some(FileSide {
                        stream: Some(name.clone()),
                        size: Some(len?),
                        ..FileSide::default()
                    })
                };
                (FileChange::Stream, (side(*old), side(*new)))
            }
            Found::Reparse { old, new } => (
                FileChange::Reparse,
                sides(*old, *new, |side, (tag, len)| {
                    side.reparse_tag = Some(tag);
                    side.size = Some(len);
                }),
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
