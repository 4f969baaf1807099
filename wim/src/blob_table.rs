//! The blob table (lookup table): which contents a file holds, and where.
//!
//! "Blob" is the content of a stream, known by its SHA-1 and stored once. The
//! metadata of the images stand in the same table, in the order of the images.
//! Entries of solid resources come in runs: those with the size
//! [`SOLID_RESOURCE_SIZE`] say where the resources lie, the others say where
//! in the data of all of them, put one behind the other, a blob starts.

use crate::error::{Error, FileOffset};
use crate::field::{bytes_at, u16_at, u32_at};
use crate::hash::Hash;
use crate::resource_header::{ResourceFlags, ResourceHeader};

/// The size that marks an entry as a solid resource.
pub(crate) const SOLID_RESOURCE_SIZE: u64 = 0x1_0000_0000;

/// Length of an entry, in bytes.
const ENTRY_LEN: usize = 50;

/// Largest table read, in bytes: some six million blobs, twenty times what the
/// largest known files hold.
pub(crate) const MAX_TABLE_LEN: u64 = 300_000_000;

/// An entry as it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlobEntry {
    /// Where the content lies.
    pub resource: ResourceHeader,
    /// The part of the split set that holds it, from 1 on.
    pub part: u16,
    /// How many streams name it. Only a hint: other writers get it wrong.
    pub references: u32,
    /// Its SHA-1.
    pub hash: Hash,
}

impl BlobEntry {
    fn parse(bytes: &[u8]) -> Option<BlobEntry> {
        Some(BlobEntry {
            resource: ResourceHeader::parse(bytes, 0)?,
            part: u16_at(bytes, 24)?,
            references: u32_at(bytes, 26)?,
            hash: Hash(bytes_at(bytes, 30)?),
        })
    }

    /// Whether it is the metadata of an image.
    pub fn is_metadata(&self) -> bool {
        self.resource.flags.contains(ResourceFlags::METADATA)
    }

    /// Whether it lies in a solid resource, or is one.
    pub fn is_solid(&self) -> bool {
        self.resource.flags.contains(ResourceFlags::SOLID)
    }

    /// Whether it says where a solid resource lies.
    pub fn is_solid_resource(&self) -> bool {
        self.is_solid() && self.resource.size == SOLID_RESOURCE_SIZE
    }
}

/// Reads a table that lies at `at`.
///
/// # Errors
/// [`Error::BlobTableLength`].
pub(crate) fn parse(bytes: &[u8], at: FileOffset) -> Result<Vec<BlobEntry>, Error> {
    let entries = bytes.chunks_exact(ENTRY_LEN);
    if !entries.remainder().is_empty() {
        return Err(Error::BlobTableLength {
            at,
            length: bytes.len() as u64,
        });
    }
    Ok(entries.filter_map(BlobEntry::parse).collect())
}

/// The stored form of a table.
pub(crate) fn to_bytes(entries: &[BlobEntry]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(entries.len() * ENTRY_LEN);
    for entry in entries {
        bytes.extend_from_slice(&entry.resource.to_bytes());
        bytes.extend_from_slice(&entry.part.to_le_bytes());
        bytes.extend_from_slice(&entry.references.to_le_bytes());
        bytes.extend_from_slice(&entry.hash.0);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_comes_back_as_it_was() {
        let bytes: Vec<u8> = (0..150).collect();
        let entries = parse(&bytes, FileOffset(0)).unwrap();
        assert_eq!(entries.len(), 3);
        assert_eq!(entries[1].part, u16::from_le_bytes([74, 75]));
        assert_eq!(to_bytes(&entries), bytes);
        assert!(matches!(
            parse(&bytes[..149], FileOffset(9)),
            Err(Error::BlobTableLength {
                at: FileOffset(9),
                length: 149
            })
        ));
    }
}
