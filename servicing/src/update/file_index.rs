//! `_manifest_.cix.xml`: what a container's members are made into.
//!
//! ```text
//! Container[name, type, length]
//!   Files/File[id, name, length, time, attr]
//!     Hash[alg, value]                     of the file
//!     Delta
//!       Source[type RAW|PA19|PA30, name | offset, length]   the member, or a range of the storage file
//!         Hash[alg, value]                 of the member
//!       Basis[file]                        another file of the list
//! ```
//!
//! Without a source the file is its basis, byte for byte. Facts: cbs, section
//! 2, checked on both real packages; the form with offsets (`.psf`) is stated
//! there, not checked.

use std::collections::HashMap;

use serde::Serialize;
use sha1::Sha1;
use sha2::{Digest as _, Sha256};
use wimwright_hive::FileTime;

use super::xml::{self, Element, XmlError};

/// Most files of one index; the largest packages have some 200,000.
const MAX_FILES: usize = 1 << 20;

/// Why a file is no index.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FileIndexError {
    /// It is no XML.
    #[error(transparent)]
    Xml(#[from] XmlError),
    /// The XML is about something else.
    #[error("the document is `{found}`, expected `Container`")]
    NotThis {
        /// What is there.
        found: String,
    },
    /// A value that has to be there is not, or is none of its kind.
    #[error("file {index} of the list: `{what}` is missing or is no {expected}")]
    Value {
        /// Which file, from 1.
        index: usize,
        /// The attribute or element.
        what: &'static str,
        /// What is expected.
        expected: &'static str,
    },
    /// Two files of the same number.
    #[error("two files of the list have the number {id}")]
    Twice {
        /// The number.
        id: u32,
    },
    /// More files than are read.
    #[error("the list has more than {MAX_FILES} files")]
    TooMany,
}

/// A digest in an index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum IndexHash {
    /// SHA-1, of packages until about 2018.
    Sha1(#[serde(serialize_with = "crate::hex::serialize")] [u8; 20]),
    /// SHA-256.
    Sha256(#[serde(serialize_with = "crate::hex::serialize")] [u8; 32]),
}

impl IndexHash {
    /// Whether `bytes` have it.
    pub fn matches(&self, bytes: &[u8]) -> bool {
        match self {
            IndexHash::Sha1(hash) => *hash == *Sha1::digest(bytes),
            IndexHash::Sha256(hash) => *hash == *Sha256::digest(bytes),
        }
    }
}

/// How a member becomes the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum SourceKind {
    /// It is the file.
    Raw,
    /// It is a delta.
    Pa30,
    /// It is a delta of the older kind.
    Pa19,
    /// Something else.
    Other(String),
}

/// Where the bytes lie.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum SourcePlace {
    /// A member of the container.
    Member(String),
    /// A range of the storage file.
    Range {
        /// From its start, in bytes.
        offset: u64,
        /// In bytes.
        len: u64,
    },
}

/// What a file is made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Source {
    /// How.
    pub kind: SourceKind,
    /// Where.
    pub place: SourcePlace,
    /// The digest of the bytes there.
    pub hash: Option<IndexHash>,
}

/// A file of the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct IndexedFile {
    /// Its number.
    pub id: u32,
    /// Its name in the package, with backslashes.
    pub name: String,
    /// Its length in bytes, where it is said.
    pub len: Option<u64>,
    /// When it was last written, where it is said.
    #[serde(skip)]
    pub time: Option<FileTime>,
    /// Its attributes, where they are said.
    pub attributes: Option<u32>,
    /// Its digest.
    pub hash: Option<IndexHash>,
    /// What it is made from; `None` for a copy of its basis.
    pub source: Option<Source>,
    /// The number of the file that it is a difference from.
    pub basis: Option<u32>,
}

/// The list.
#[derive(Clone, Debug, Default)]
pub struct FileIndex {
    files: Vec<IndexedFile>,
    by_id: HashMap<u32, usize>,
    by_name: HashMap<String, usize>,
}

impl IndexedFile {
    /// Whether it is stored as it is.
    pub fn is_plain(&self) -> bool {
        let source = self.source.as_ref();
        self.basis.is_none() && source.is_some_and(|source| source.kind == SourceKind::Raw)
    }
}

impl FileIndex {
    /// Reads one.
    ///
    /// # Errors
    /// [`FileIndexError`].
    pub fn parse(bytes: &[u8]) -> Result<FileIndex, FileIndexError> {
        let mut index = FileIndex::default();
        let mut failed = None;
        let root = xml::parse_each(bytes, |depth, element| {
            // `Container/Files/File`.
            if depth != 2 || element.name != "File" {
                return Some(element);
            }
            if failed.is_none() {
                failed = index.add(&element).err();
            }
            None
        })?;
        if root.name != "Container" {
            return Err(FileIndexError::NotThis { found: root.name });
        }
        match failed {
            Some(error) => Err(error),
            None => Ok(index),
        }
    }

    /// The files, in the order of the list.
    pub fn files(&self) -> &[IndexedFile] {
        &self.files
    }

    /// The file of that number.
    pub fn by_id(&self, id: u32) -> Option<&IndexedFile> {
        self.by_id.get(&id).and_then(|at| self.files.get(*at))
    }

    /// The file of that name, whatever its case.
    pub fn by_name(&self, name: &str) -> Option<&IndexedFile> {
        let at = self.by_name.get(&key(name))?;
        self.files.get(*at)
    }

    fn add(&mut self, element: &Element) -> Result<(), FileIndexError> {
        if self.files.len() >= MAX_FILES {
            return Err(FileIndexError::TooMany);
        }
        let index = self.files.len() + 1;
        let file = file(element, index)?;
        let at = self.files.len();
        if self.by_id.insert(file.id, at).is_some() {
            return Err(FileIndexError::Twice { id: file.id });
        }
        // Two files of one name: the first one is what is found by it.
        self.by_name.entry(key(&file.name)).or_insert(at);
        self.files.push(file);
        Ok(())
    }
}

fn key(name: &str) -> String {
    name.replace('/', "\\").to_lowercase()
}

fn file(element: &Element, index: usize) -> Result<IndexedFile, FileIndexError> {
    let number = |element: &Element, what: &'static str| -> Result<Option<u64>, FileIndexError> {
        let value = element.attribute(what).map(str::parse);
        let expected = "number";
        value.transpose().map_err(|_| FileIndexError::Value {
            index,
            what,
            expected,
        })
    };
    let value = |what, expected| FileIndexError::Value {
        index,
        what,
        expected,
    };
    let small = |number: u64, what| u32::try_from(number).map_err(|_| value(what, "number"));
    let name = element.attribute("name").filter(|name| !name.is_empty());
    let delta = element.child("Delta");
    let source = delta.and_then(|delta| delta.child("Source"));
    let basis = delta.and_then(|delta| delta.child("Basis"));
    let source = source
        .map(|source| -> Result<Source, FileIndexError> {
            let kind = match source.attribute("type") {
                Some("RAW") => SourceKind::Raw,
                Some("PA30") => SourceKind::Pa30,
                Some("PA19") => SourceKind::Pa19,
                Some(other) => SourceKind::Other(other.to_owned()),
                None => return Err(value("Source/type", "kind of source")),
            };
            let place = match (number(source, "offset")?, number(source, "length")?) {
                (Some(offset), Some(len)) => SourcePlace::Range { offset, len },
                _ => {
                    let name = source.attribute("name");
                    SourcePlace::Member(name.ok_or(value("Source/name", "name"))?.to_owned())
                }
            };
            let hash = hash(source, index)?;
            Ok(Source { kind, place, hash })
        })
        .transpose()?;
    let basis = basis.map(|basis| number(basis, "file")?.ok_or(value("Basis/file", "number")));
    let basis = basis.transpose()?.map(|id| small(id, "Basis/file"));
    // Lists of ranges need no numbers.
    let id = number(element, "id")?.unwrap_or(index as u64);
    let attributes = number(element, "attr")?.map(|bits| small(bits, "attr"));
    let file = IndexedFile {
        id: small(id, "id")?,
        name: name.ok_or(value("name", "name"))?.to_owned(),
        len: number(element, "length")?,
        time: number(element, "time")?.map(FileTime),
        attributes: attributes.transpose()?,
        hash: hash(element, index)?,
        source,
        basis: basis.transpose()?,
    };
    match (&file.source, file.basis) {
        (None, None) => Err(value("Delta", "source or basis")),
        _ => Ok(file),
    }
}

fn hash(element: &Element, index: usize) -> Result<Option<IndexHash>, FileIndexError> {
    let Some(hash) = element.child("Hash") else {
        return Ok(None);
    };
    let bytes = hash.attribute("value").and_then(crate::hex::parse);
    let bytes = bytes.unwrap_or_default();
    let algorithm = hash.attribute("alg").unwrap_or_default();
    let read = match algorithm.to_ascii_uppercase().as_str() {
        "SHA1" => bytes.try_into().ok().map(IndexHash::Sha1),
        "SHA256" => bytes.try_into().ok().map(IndexHash::Sha256),
        _ => None,
    };
    read.map(Some).ok_or(FileIndexError::Value {
        index,
        what: "Hash",
        expected: "SHA-1 or SHA-256",
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

    use super::*;

    fn parse(files: &str) -> Result<FileIndex, FileIndexError> {
        let text =
            format!("<Container xmlns='urn:ContainerIndex'><Files>{files}</Files></Container>");
        FileIndex::parse(text.as_bytes())
    }

    #[test]
    fn members_ranges_and_copies() {
        let index = parse(
            "<File id='7' name='a\\B.dll' length='5' time='1' attr='32'><Hash alg='SHA1' \
             value='a9993e364706816aba3e25717850c26c9cd0d89d'/><Delta><Source type='PA30' name='0'/>\
             <Basis file='8'/></Delta></File>\
             <File id='8' name='c'><Delta><Basis file='7'/></Delta></File>\
             <File name='d'><Delta><Source type='RAW' offset='7' length='9'/></Delta></File>",
        )
        .unwrap();
        let first = index.by_name("A/b.DLL").unwrap();
        assert_eq!((first.id, first.basis, first.len), (7, Some(8), Some(5)));
        assert!(first.hash.as_ref().unwrap().matches(b"abc"));
        assert_eq!(index.by_id(8).unwrap().source, None);
        // Without a number it has that of its place.
        let range = index.by_id(3).unwrap().source.as_ref().unwrap();
        assert_eq!(range.place, SourcePlace::Range { offset: 7, len: 9 });
        let twice = "<File id='1' name='a'><Delta><Basis file='1'/></Delta></File>".repeat(2);
        assert!(matches!(
            parse(&twice),
            Err(FileIndexError::Twice { id: 1 })
        ));
    }

    #[test]
    fn a_list_that_is_none_is_refused_by_its_rule() {
        let error = |files: &str| parse(files).unwrap_err().to_string();
        assert!(error("<File id='1' name='a'/>").contains("source or basis"));
        assert!(error("<File id='x' name='a'/>").contains("`id`"));
        let bad = "<File id='1' name='a'><Hash alg='SHA1' value='00'/><Delta><Basis file='1'/></Delta></File>";
        assert!(error(bad).contains("`Hash`"));
        let other = FileIndex::parse(b"<Other/>").unwrap_err();
        assert!(matches!(other, FileIndexError::NotThis { .. }));
    }
}
