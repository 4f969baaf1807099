//! What a verification finds, as data.

use std::fmt;

use crate::error::{Error, FileOffset};
use crate::hash::Hash;
use crate::metadata::DentryId;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Allowed, and seen in sound files.
    Hint,
    /// Against the rules, but nothing is lost by it.
    Odd,
    /// Something cannot be read, or is not what it was.
    Damage,
}

/// Something that is not as it should be.
#[derive(Debug)]
#[non_exhaustive]
pub enum Finding {
    /// The header says that a write is in progress: it was interrupted, or
    /// goes on.
    WriteInProgress,
    /// The bootable image does not exist.
    BootIndex {
        /// As stored.
        index: u32,
        /// How many images there are.
        count: u32,
    },
    /// The header's copy of the bootable image's metadata is another one:
    /// boot managers use the copy.
    BootMetadata {
        /// The bootable image.
        image: u32,
    },
    /// A part of the split set is not here.
    PartMissing {
        /// Its number.
        part: u16,
    },
    /// The XML data do not name an image.
    ImageNotNamed {
        /// The image.
        image: u32,
    },
    /// The integrity table cannot be used.
    IntegrityTable {
        /// In which file.
        file: String,
        /// Why.
        error: Error,
    },
    /// Bytes differ from the integrity table.
    Integrity {
        /// In which file.
        file: String,
        /// Where the bytes start.
        start: FileOffset,
        /// Where they end.
        end: FileOffset,
    },
    /// Two resources share bytes.
    Overlap {
        /// In which file.
        file: String,
        /// What starts first, and where.
        first: (&'static str, FileOffset),
        /// What starts inside it, and where.
        second: (&'static str, FileOffset),
    },
    /// The metadata of an image cannot be used.
    Metadata {
        /// The image.
        image: u32,
        /// Why.
        error: Error,
    },
    /// A blob cannot be read, or is not what its hash says.
    Blob {
        /// Its hash.
        hash: Hash,
        /// Why.
        error: Error,
    },
    /// Files name content that is nowhere here.
    Dangling {
        /// The content.
        hash: Hash,
        /// The image of the first such file.
        image: u32,
        /// Where its entry is in the metadata.
        at: DentryId,
        /// Its path, names with `\` between them.
        path: String,
        /// How many streams name it, in all images.
        references: u64,
    },
    /// Two entries of a directory have the same name.
    SameName {
        /// The image.
        image: u32,
        /// Where the second entry is in the metadata.
        at: DentryId,
        /// Its path.
        path: String,
    },
    /// An entry names a security descriptor that does not exist.
    SecurityId {
        /// The image.
        image: u32,
        /// Where the entry is in the metadata.
        at: DentryId,
        /// Its path.
        path: String,
        /// The descriptor's number.
        id: u32,
        /// How many there are.
        count: u32,
    },
    /// The blob table counts references otherwise. Known from files that
    /// other writers updated; nobody should rely on it.
    ReferenceCount {
        /// The first blob.
        hash: Hash,
        /// As stored.
        stored: u32,
        /// As counted in the images.
        counted: u64,
        /// How many blobs there are of which this is true.
        blobs: u64,
    },
}

impl Finding {
    /// Its kebab-case name, the same for all findings of its kind.
    pub fn name(&self) -> &'static str {
        match self {
            Finding::WriteInProgress => "write-in-progress",
            Finding::BootIndex { .. } => "boot-index",
            Finding::BootMetadata { .. } => "boot-metadata",
            Finding::PartMissing { .. } => "part-missing",
            Finding::ImageNotNamed { .. } => "image-not-named",
            Finding::IntegrityTable { .. } => "integrity-table",
            Finding::Integrity { .. } => "integrity",
            Finding::Overlap { .. } => "overlap",
            Finding::Metadata { .. } => "metadata",
            Finding::Blob { .. } => "content",
            Finding::Dangling { .. } => "content-missing",
            Finding::SameName { .. } => "same-name",
            Finding::SecurityId { .. } => "security-id",
            Finding::ReferenceCount { .. } => "reference-count",
        }
    }

    /// How bad it is.
    pub fn severity(&self) -> Severity {
        match self {
            Finding::ReferenceCount { .. } => Severity::Hint,
            Finding::WriteInProgress
            | Finding::BootIndex { .. }
            | Finding::BootMetadata { .. }
            | Finding::ImageNotNamed { .. }
            | Finding::SameName { .. }
            | Finding::SecurityId { .. } => Severity::Odd,
            Finding::PartMissing { .. }
            | Finding::IntegrityTable { .. }
            | Finding::Integrity { .. }
            | Finding::Overlap { .. }
            | Finding::Metadata { .. }
            | Finding::Blob { .. }
            | Finding::Dangling { .. } => Severity::Damage,
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Finding::WriteInProgress => write!(f, "the header says that a write is in progress"),
            Finding::BootIndex { index, count } => {
                write!(f, "image {index} is marked bootable, but there are {count}")
            }
            Finding::BootMetadata { image } => write!(
                f,
                "the header's copy of where the metadata of bootable image {image} lie is wrong"
            ),
            Finding::PartMissing { part } => write!(f, "part {part} of the set is not here"),
            Finding::ImageNotNamed { image } => {
                write!(f, "the XML data say nothing of image {image}")
            }
            Finding::IntegrityTable { file, error } => {
                write!(f, "`{file}`: the integrity table cannot be used: ")?;
                chain(f, error)
            }
            Finding::Integrity { file, start, end } => write!(
                f,
                "`{file}`: the bytes from {start} to {end} differ from the integrity table"
            ),
            Finding::Overlap {
                file,
                first: (first, at),
                second: (second, other),
            } => write!(
                f,
                "`{file}`: {second} at {other} lies in the {first} at {at}"
            ),
            Finding::Metadata { image, error } => {
                write!(f, "image {image}: ")?;
                chain(f, error)
            }
            Finding::Blob { hash, error } => {
                write!(f, "blob {hash}: ")?;
                chain(f, error)
            }
            Finding::Dangling {
                hash,
                image,
                path,
                references,
                ..
            } => write!(
                f,
                "content {hash} is not here; {references} streams name it, the first is `{path}` of image {image}"
            ),
            Finding::SameName { image, path, .. } => {
                write!(f, "image {image}: `{path}` is there twice")
            }
            Finding::SecurityId {
                image,
                path,
                id,
                count,
                ..
            } => write!(
                f,
                "image {image}: `{path}` names security descriptor {id}, but there are {count}"
            ),
            Finding::ReferenceCount {
                hash,
                stored,
                counted,
                blobs,
            } => write!(
                f,
                "{blobs} stored reference counts are wrong; the first, of {hash}, is {stored} and not {counted}"
            ),
        }
    }
}

/// An error and its causes in one line.
fn chain(f: &mut fmt::Formatter<'_>, error: &dyn std::error::Error) -> fmt::Result {
    write!(f, "{error}")?;
    match error.source() {
        Some(source) => {
            write!(f, ": ")?;
            chain(f, source)
        }
        None => Ok(()),
    }
}
