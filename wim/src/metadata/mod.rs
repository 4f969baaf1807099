//! Metadata of an image: its tree of directory entries and its security
//! descriptors, in one resource.
//!
//! The resource stays as it is in memory, and entries are looked at where they
//! lie: an image of 100,000 files takes some 20 MB, and nothing is kept for
//! each. [`Metadata::parse`] walks the whole tree once; after that every
//! answer is a plain look-up that cannot fail.

mod build;
mod check;
mod dentry;
mod edit;
mod entry;
mod gaps;
mod owned;
mod security;
mod statistics;
mod stream;
mod tagged;
mod tree_order;

pub use build::{DirectoryId, MetadataBuilder};
pub use dentry::{Dentry, DentryId, Reparse, attribute};
pub use edit::{MetadataChanges, MetadataEditor};
pub use entry::{EntryFields, StreamFields};
pub use owned::OwnedEntry;
pub use statistics::ImageCounts;
pub use stream::{Stream, StreamKind, Streams};
pub use tagged::{TaggedItem, TaggedItems, push_tagged, tag};

use crate::error::Error;
use dentry::Found;
use security::SecurityTable;

/// Largest metadata resource read or written, in bytes: room for five million
/// files. Windows images have 10 to 30 MB.
pub const MAX_METADATA_LEN: u64 = 1 << 30;

/// The metadata of an image, checked.
#[derive(Clone)]
pub struct Metadata {
    bytes: Vec<u8>,
    security: SecurityTable,
    root: Option<DentryId>,
    dentries: u64,
}

impl Metadata {
    /// Checks an unpacked metadata resource: every entry of the tree lies in
    /// it, none twice, and every name can be one.
    ///
    /// # Errors
    /// The first rule that is broken; see [`Error`]. Offsets count from the
    /// start of the unpacked resource.
    pub fn parse(bytes: Vec<u8>) -> Result<Metadata, Error> {
        if bytes.len() as u64 > MAX_METADATA_LEN {
            return Err(Error::TooLong {
                what: "metadata resource",
                length: bytes.len() as u64,
                limit: MAX_METADATA_LEN,
            });
        }
        let security = SecurityTable::parse(&bytes)?;
        // An image without even a root has nothing behind the descriptors.
        let root = match (security.end as usize) < bytes.len() {
            true => match Dentry::read(&bytes, security.end)? {
                Found::Dentry(root) => Some(root.id()),
                Found::End => None,
            },
            false => None,
        };
        let mut metadata = Metadata {
            bytes,
            security,
            root,
            dentries: 0,
        };
        metadata.dentries = check::check(&metadata)?;
        Ok(metadata)
    }

    /// The unpacked resource.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The unpacked resource, given back.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// The root directory; `None` in an image that has nothing at all.
    pub fn root(&self) -> Option<Dentry<'_>> {
        self.dentry(self.root?)
    }

    /// How many entries the tree has, the root included.
    pub fn dentry_count(&self) -> u64 {
        self.dentries
    }

    /// The entry at a position that this metadata gave.
    pub fn dentry(&self, id: DentryId) -> Option<Dentry<'_>> {
        match Dentry::read(&self.bytes, id.0) {
            Ok(Found::Dentry(dentry)) => Some(dentry),
            Ok(Found::End) | Err(_) => None,
        }
    }

    /// The entries of a directory, in stored order; none for a file.
    pub fn children(&self, directory: &Dentry<'_>) -> Children<'_> {
        let subdir = match directory.is_directory() {
            true => directory.subdir(),
            false => 0,
        };
        Children {
            bytes: &self.bytes,
            next: u32::try_from(subdir).ok().filter(|at| *at != 0),
        }
    }

    /// The first entry of a directory for whose name `is_it` says so.
    pub fn child(
        &self,
        directory: &Dentry<'_>,
        mut is_it: impl FnMut(crate::Utf16<'_>) -> bool,
    ) -> Option<Dentry<'_>> {
        self.children(directory).find(|child| is_it(child.name()))
    }

    /// All entries, each directory before what is in it, its entries in
    /// stored order; the root comes first.
    pub fn walk(&self) -> Walk<'_> {
        Walk {
            metadata: self,
            open: Vec::new(),
            root: self.root(),
        }
    }

    /// How many security descriptors there are.
    pub fn security_count(&self) -> u32 {
        self.security.len()
    }

    /// The security descriptor with this number.
    pub fn security(&self, id: u32) -> Option<&[u8]> {
        self.security.get(&self.bytes, id)
    }

    /// Bytes behind the last descriptor that belong to none: up to 7 are
    /// padding, more draw a warning from wimlib.
    pub fn security_slack(&self) -> u32 {
        self.security.slack
    }
}

/// The entries of a directory; made by [`Metadata::children`].
#[derive(Clone)]
pub struct Children<'a> {
    bytes: &'a [u8],
    next: Option<u32>,
}

impl<'a> Iterator for Children<'a> {
    type Item = Dentry<'a>;

    fn next(&mut self) -> Option<Dentry<'a>> {
        match Dentry::read(self.bytes, self.next.take()?) {
            Ok(Found::Dentry(dentry)) => {
                self.next = Some(dentry.next());
                Some(dentry)
            }
            Ok(Found::End) | Err(_) => None,
        }
    }
}

/// All entries of an image; made by [`Metadata::walk`].
pub struct Walk<'a> {
    metadata: &'a Metadata,
    open: Vec<Children<'a>>,
    root: Option<Dentry<'a>>,
}

impl<'a> Iterator for Walk<'a> {
    /// The entry, and how many directories lie above it.
    type Item = (usize, Dentry<'a>);

    fn next(&mut self) -> Option<(usize, Dentry<'a>)> {
        if let Some(root) = self.root.take() {
            self.open.push(self.metadata.children(&root));
            return Some((0, root));
        }
        loop {
            let depth = self.open.len();
            match self.open.last_mut()?.next() {
                Some(dentry) => {
                    if dentry.is_directory() {
                        self.open.push(self.metadata.children(&dentry));
                    }
                    return Some((depth, dentry));
                }
                None => self.open.pop(),
            };
        }
    }
}
