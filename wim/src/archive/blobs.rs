//! All blobs of an archive: the tables of its files in one, found by hash.

use std::collections::HashMap;

use crate::blob_table::BlobEntry;
use crate::error::Error;
use crate::hash::Hash;
use crate::resource_header::ResourceHeader;
use crate::solid::Solid;

/// Number of a blob in an archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlobId(pub(crate) u32);

/// Where a blob lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// In a resource of its own, in this file of the archive.
    Alone { file: u16 },
    /// In a solid resource.
    Solid { solid: u32 },
    /// In a part that is not here.
    Missing,
}

/// A blob of an archive.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Blob {
    pub(crate) hash: Hash,
    /// As stored; of a solid one, the offset counts from the start of its
    /// solid resource.
    pub(crate) resource: ResourceHeader,
    pub(crate) references: u32,
    pub(crate) part: u16,
    pub(crate) place: Place,
}

/// The table.
#[derive(Default)]
pub(crate) struct Blobs {
    blobs: Vec<Blob>,
    by_hash: HashMap<Hash, u32>,
}

impl Blobs {
    pub(crate) fn len(&self) -> u32 {
        self.blobs.len() as u32
    }

    pub(crate) fn get(&self, id: BlobId) -> Option<&Blob> {
        self.blobs.get(id.0 as usize)
    }

    pub(crate) fn find(&self, hash: &Hash) -> Option<BlobId> {
        self.by_hash.get(hash).map(|id| BlobId(*id))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (BlobId, &Blob)> {
        (0..).map(BlobId).zip(&self.blobs)
    }

    /// Adds a blob; of two with the same hash, the first that is here counts.
    pub(crate) fn push(&mut self, blob: Blob) {
        let id = self.len();
        let known = self
            .by_hash
            .get(&blob.hash)
            .and_then(|known| self.blobs.get(*known as usize));
        if known.is_none_or(|known| known.place == Place::Missing) {
            self.by_hash.insert(blob.hash, id);
        }
        self.blobs.push(blob);
    }
}

/// The entries of a run of solid ones: which blob lies in which resource.
pub(crate) struct SolidRun<'a> {
    /// Number of the first in the archive's list.
    first: u32,
    solids: &'a [Solid],
}

impl<'a> SolidRun<'a> {
    pub(crate) fn new(first: u32, solids: &'a [Solid]) -> SolidRun<'a> {
        SolidRun { first, solids }
    }

    /// Finds the resource that holds a blob of the run; its offset counts
    /// through all resources of the run.
    ///
    /// # Errors
    /// [`Error::SolidBlob`].
    pub(crate) fn place(&self, entry: &BlobEntry) -> Result<Blob, Error> {
        let mut offset = entry.resource.offset;
        // The length stands in the place of the stored size, and the size
        // itself is zero: so wimlib writes it.
        let size = entry.resource.stored_size;
        // A run has few resources: each is gigabytes long.
        for (solid, number) in self.solids.iter().zip(self.first..) {
            let end = offset.checked_add(size);
            if end.is_some_and(|end| end <= solid.size) {
                return Ok(Blob {
                    hash: entry.hash,
                    resource: ResourceHeader {
                        offset,
                        size,
                        ..entry.resource
                    },
                    references: entry.references,
                    part: entry.part,
                    place: Place::Solid { solid: number },
                });
            }
            match offset.checked_sub(solid.size) {
                Some(rest) => offset = rest,
                None => break,
            }
        }
        Err(Error::SolidBlob {
            hash: entry.hash,
            offset: entry.resource.offset,
            size,
            available: self
                .solids
                .iter()
                .map(|solid| solid.size)
                .fold(0, u64::saturating_add),
        })
    }
}
