//! One change to an image, with what it believes to be there now.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::basis::Basis;
use super::details::{FileDetails, ReparsePoint};
use super::metadata::{AttributeNames, Times};
use crate::blob::ContentId;
use crate::path::ImagePath;
use crate::registry::{HiveName, KeyPath, RegData};
use crate::text::Text;

/// A single change. Plain data: it can be printed, saved and compared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Change {
    /// A file gets this content; directories above it are made.
    PutFile {
        /// Which file.
        path: ImagePath,
        /// What it will hold.
        content: Content,
    },
    /// A directory is made, with those above it.
    MakeDirectory {
        /// Which directory.
        path: ImagePath,
    },
    /// A file, or a directory with all in it, is removed.
    Remove {
        /// Which.
        path: ImagePath,
    },
    /// A file or directory, with all in it, gets another name or place. What
    /// has that name must be removed before; directories above it are made.
    Rename {
        /// What.
        from: ImagePath,
        /// Its path from then on.
        to: ImagePath,
    },
    /// A file that is there gets one more name, as a hard link: both names then
    /// stand for the same content, times, attributes and security. A file that
    /// has the name loses it; directories above it are made.
    Link {
        /// The new name.
        path: ImagePath,
        /// A name that the file has already.
        to: ImagePath,
    },
    /// A file or directory gets these attributes.
    SetAttributes {
        /// Which.
        path: ImagePath,
        /// All of them, as Windows numbers them. Those that say what it is
        /// ([`STRUCTURAL_ATTRIBUTES`](super::STRUCTURAL_ATTRIBUTES)) must be
        /// as they are.
        attributes: u32,
    },
    /// A file or directory gets these times.
    SetTimes {
        /// Which.
        path: ImagePath,
        /// The times; those that are not given stay.
        #[serde(flatten)]
        times: Times,
    },
    /// A file or directory gets these details: security, short name, streams.
    /// Only images that hold such things can be given them.
    SetDetails {
        /// Which.
        path: ImagePath,
        /// The details; those that are not given stay.
        #[serde(flatten)]
        details: FileDetails<Content>,
    },
    /// A link, or another reparse point, is made; directories above it, too.
    /// Only images that hold such things can be given one.
    MakeLink {
        /// Where nothing is.
        path: ImagePath,
        /// All about it.
        link: ReparsePoint<Content>,
    },
    /// A key is created, with those above it.
    CreateKey {
        /// In which hive.
        hive: HiveName,
        /// Which key.
        key: KeyPath,
    },
    /// A key is deleted with all below it.
    DeleteKey {
        /// In which hive.
        hive: HiveName,
        /// Which key.
        key: KeyPath,
    },
    /// A value is set; its key is created where missing.
    SetValue {
        /// In which hive.
        hive: HiveName,
        /// Which key.
        key: KeyPath,
        /// The value's name; empty for the default value.
        name: Text,
        /// Its new type and data.
        data: RegData,
    },
    /// A value is deleted.
    DeleteValue {
        /// In which hive.
        hive: HiveName,
        /// Which key.
        key: KeyPath,
        /// The value's name; empty for the default value.
        name: Text,
    },
    /// A key gets this security descriptor.
    SetKeySecurity {
        /// In which hive.
        hive: HiveName,
        /// Which key.
        key: KeyPath,
        /// The descriptor in self-relative form.
        #[serde(with = "crate::hex")]
        descriptor: Vec<u8>,
    },
    /// A dirty hive is brought to a state that can be edited.
    RecoverHive {
        /// Which hive.
        hive: HiveName,
        /// How.
        how: Recovered,
    },
    /// Nothing is written: a fact that the plan relies on, or a change that
    /// was true already.
    Require {
        /// What the fact is about.
        fact: Subject,
    },
}

/// How a dirty hive became editable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Recovered {
    /// Its transaction logs were replayed.
    Replayed {
        /// What the logs held, in words.
        applied: String,
    },
    /// It was taken as it is, because the user said so; what its lost logs
    /// held is not in it.
    AcceptedDirty,
}

/// What a change or a requirement is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Subject {
    /// A file or directory.
    Path(ImagePath),
    /// The attributes of a file or directory.
    Attributes(ImagePath),
    /// The times of a file or directory.
    Times(ImagePath),
    /// Security, short name and streams of a file or directory.
    Details(ImagePath),
    /// A registry key.
    Key {
        /// In which hive.
        hive: HiveName,
        /// Which.
        key: KeyPath,
    },
    /// The security descriptor of a registry key.
    KeySecurity {
        /// In which hive.
        hive: HiveName,
        /// Which.
        key: KeyPath,
    },
    /// A registry value.
    Value {
        /// In which hive.
        hive: HiveName,
        /// In which key.
        key: KeyPath,
        /// Which; empty for the default value.
        name: Text,
    },
    /// A whole hive.
    Hive(HiveName),
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Subject::Path(path) => write!(f, "{path}"),
            Subject::Attributes(path) => write!(f, "attributes of {path}"),
            Subject::Times(path) => write!(f, "times of {path}"),
            Subject::Details(path) => write!(f, "details of {path}"),
            Subject::Key { hive, key } => write!(f, "{hive}\\{key}"),
            Subject::KeySecurity { hive, key } => write!(f, "security of {hive}\\{key}"),
            Subject::Value { hive, key, name } if name.is_empty() => {
                write!(f, "{hive}\\{key} (default)")
            }
            Subject::Value { hive, key, name } => write!(f, "{hive}\\{key} \"{name}\""),
            Subject::Hive(hive) => write!(f, "hive {hive}"),
        }
    }
}

impl Subject {
    /// Whether it is about files, not about the registry.
    pub fn is_of_files(&self) -> bool {
        matches!(
            self,
            Subject::Path(_) | Subject::Attributes(_) | Subject::Times(_) | Subject::Details(_)
        )
    }
}

impl Change {
    /// What the change is about.
    pub fn subject(&self) -> Subject {
        match self {
            Change::PutFile { path, .. }
            | Change::MakeDirectory { path }
            | Change::Remove { path }
            | Change::Link { path, .. }
            | Change::MakeLink { path, .. }
            | Change::Rename { from: path, .. } => Subject::Path(path.clone()),
            Change::SetAttributes { path, .. } => Subject::Attributes(path.clone()),
            Change::SetTimes { path, .. } => Subject::Times(path.clone()),
            Change::SetDetails { path, .. } => Subject::Details(path.clone()),
            Change::CreateKey { hive, key } | Change::DeleteKey { hive, key } => Subject::Key {
                hive: hive.clone(),
                key: key.clone(),
            },
            Change::SetValue {
                hive, key, name, ..
            }
            | Change::DeleteValue { hive, key, name } => Subject::Value {
                hive: hive.clone(),
                key: key.clone(),
                name: name.clone(),
            },
            Change::SetKeySecurity { hive, key, .. } => Subject::KeySecurity {
                hive: hive.clone(),
                key: key.clone(),
            },
            Change::RecoverHive { hive, .. } => Subject::Hive(hive.clone()),
            Change::Require { fact } => fact.clone(),
        }
    }

    /// All content that it puts into the image.
    pub fn contents(&self) -> Vec<&Content> {
        let streams = match self {
            Change::PutFile { content, .. } => return vec![content],
            Change::SetDetails { details, .. } => &details.streams,
            Change::MakeLink { link, .. } => &link.details.streams,
            _ => &None,
        };
        let streams = streams.iter().flatten();
        streams.map(|stream| &stream.content).collect()
    }

    /// The same, to be changed.
    pub(crate) fn contents_mut(&mut self) -> Vec<&mut Content> {
        let streams = match self {
            Change::PutFile { content, .. } => return vec![content],
            Change::SetDetails { details, .. } => &mut details.streams,
            Change::MakeLink { link, .. } => &mut link.details.streams,
            _ => return Vec::new(),
        };
        let streams = streams.iter_mut().flatten();
        streams.map(|stream| &mut stream.content).collect()
    }

    /// Whether it writes anything.
    pub fn writes(&self) -> bool {
        !matches!(self, Change::Require { .. })
    }
}

/// Where a file's new bytes come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Content {
    /// In the plan itself.
    Inline(#[serde(with = "crate::hex")] Vec<u8>),
    /// In the image as it was before the plan: its driver cache holds files that
    /// it may be given.
    Image {
        /// The file there.
        path: ImagePath,
        /// The file is a cabinet, and this the name of the one that is taken
        /// out of it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expand: Option<String>,
        /// What the content, after that, must be.
        id: ContentId,
    },
    /// In one of the plan's sources.
    Source {
        /// Index into [`Plan::sources`](super::Plan::sources).
        source: usize,
        /// The file there.
        path: ImagePath,
        /// The file is compressed (`x.sy_`, a cabinet), and this is the name
        /// of the one that is taken out of it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expand: Option<String>,
        /// What the content, after that, must be.
        id: ContentId,
    },
}

impl Content {
    /// The identity of the content.
    pub fn id(&self) -> ContentId {
        match self {
            Content::Inline(bytes) => ContentId::of(bytes),
            Content::Image { id, .. } | Content::Source { id, .. } => *id,
        }
    }
}

/// What a change believes to be there now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Expect {
    /// Whatever.
    Anything,
    /// Nothing.
    Absent,
    /// Something.
    Present,
    /// A directory or key with nothing in it.
    Empty,
    /// Exactly this.
    Exactly(State),
}

/// The state of a file or value, as far as expectations compare it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// A file with this content.
    File(ContentId),
    /// A directory.
    Directory,
    /// A link that is not followed.
    Link,
    /// These attributes; `None` where the image does not know them.
    Attributes(Option<u32>),
    /// These times, as far as the image knows them.
    Times(Times),
    /// These details, as far as the image knows them; nothing is known where it
    /// does not hold such things.
    Details(FileDetails<ContentId>),
    /// A key.
    Key,
    /// This security descriptor, in self-relative form.
    Security(#[serde(with = "crate::hex")] Vec<u8>),
    /// A value with this data.
    Value(RegData),
    /// A hive that needs no recovery.
    Clean,
    /// A hive whose last changes are in its logs, or lost.
    Dirty,
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            State::File(id) => write!(f, "a file of {id}"),
            State::Directory => f.write_str("a directory"),
            State::Link => f.write_str("a link"),
            State::Attributes(None) => f.write_str("attributes that are not known"),
            State::Attributes(Some(attributes)) => write!(f, "{}", AttributeNames(*attributes)),
            State::Times(times) => write!(f, "{times}"),
            State::Details(details) => write!(f, "{details}"),
            State::Key => f.write_str("a key"),
            State::Security(descriptor) => {
                write!(f, "a security descriptor of {} bytes", descriptor.len())
            }
            State::Value(data) => write!(f, "{data}"),
            State::Clean => f.write_str("a clean hive"),
            State::Dirty => f.write_str("a dirty hive"),
        }
    }
}

impl fmt::Display for Expect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Expect::Anything => f.write_str("anything"),
            Expect::Absent => f.write_str("nothing"),
            Expect::Present => f.write_str("something"),
            Expect::Empty => f.write_str("a directory or key with nothing in it"),
            Expect::Exactly(state) => write!(f, "{state}"),
        }
    }
}

impl Expect {
    /// Whether `found` is as expected. Of [`Expect::Empty`] it only tells that
    /// there is a directory or key.
    pub fn holds(&self, found: Option<&State>) -> bool {
        match (self, found) {
            (Expect::Anything, _) | (Expect::Absent, None) | (Expect::Present, Some(_)) => true,
            (Expect::Empty, Some(State::Directory | State::Key)) => true,
            // Of times those that are expected.
            (Expect::Exactly(State::Times(expected)), Some(State::Times(found))) => {
                found.only(*expected) == *expected
            }
            // Of details, too.
            (Expect::Exactly(State::Details(expected)), Some(State::Details(found))) => {
                found.clone().only(expected) == *expected
            }
            (Expect::Exactly(expected), Some(found)) => expected == found,
            _ => false,
        }
    }

    /// The expectation that what was found is still there.
    pub fn as_found(found: Option<State>) -> Expect {
        found.map_or(Expect::Absent, Expect::Exactly)
    }
}

/// A change with what it expects and what it rests on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// The change.
    #[serde(flatten)]
    pub change: Change,
    /// What must be there when it is applied.
    pub expect: Expect,
    /// Why Windows would do it.
    pub basis: Basis,
}
