//! A resource header: 24 bytes that say where a piece of a WIM file lies.

use crate::field::{bytes_at, u64_at};

bitflags::bitflags! {
    /// What a resource header says of its resource.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct ResourceFlags: u8 {
        /// The entry is unused.
        const FREE = 0x01;
        /// Metadata of an image; XML data and blob table carry it too.
        const METADATA = 0x02;
        /// Stored in compressed chunks.
        const COMPRESSED = 0x04;
        /// Continued in another part (no known file has one).
        const SPANNED = 0x08;
        /// Part of a solid resource, or the solid resource itself.
        const SOLID = 0x10;
        /// Flags that are not known are kept.
        const _ = !0;
    }
}

/// Where a resource lies in its file, and how long it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ResourceHeader {
    /// How it is stored.
    pub flags: ResourceFlags,
    /// Bytes that it takes up in the file (56 bits are stored).
    pub stored_size: u64,
    /// Where it starts: in the file, or in the solid data that holds it.
    pub offset: u64,
    /// Its length, in bytes, when unpacked.
    pub size: u64,
}

impl ResourceHeader {
    /// Length of the stored form, in bytes.
    pub(crate) const LEN: usize = 24;
    /// Largest number that the stored size can hold.
    pub(crate) const MAX_STORED_SIZE: u64 = (1 << 56) - 1;

    /// Reads the header at `at`; `None` where the bytes end before it does.
    pub(crate) fn parse(bytes: &[u8], at: usize) -> Option<ResourceHeader> {
        let first = u64_at(bytes, at)?;
        let [.., flags] = bytes_at::<8>(bytes, at)?;
        Some(ResourceHeader {
            flags: ResourceFlags::from_bits_retain(flags),
            stored_size: first & Self::MAX_STORED_SIZE,
            offset: u64_at(bytes, at.checked_add(8)?)?,
            size: u64_at(bytes, at.checked_add(16)?)?,
        })
    }

    /// The stored form.
    pub(crate) fn to_bytes(self) -> [u8; Self::LEN] {
        let first = self.stored_size & Self::MAX_STORED_SIZE;
        let first = first | (u64::from(self.flags.bits()) << 56);
        let mut bytes = [0; Self::LEN];
        let fields = [first, self.offset, self.size];
        for (place, field) in bytes.chunks_exact_mut(8).zip(fields) {
            place.copy_from_slice(&field.to_le_bytes());
        }
        bytes
    }

    /// Whether it says that there is no such resource.
    pub fn is_absent(&self) -> bool {
        self.stored_size == 0 && self.size == 0
    }

    /// Where it ends; `None` where that is beyond all numbers.
    pub(crate) fn end(&self) -> Option<u64> {
        self.offset.checked_add(self.stored_size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flags_share_eight_bytes_with_the_size() {
        let bytes = [
            0xA2, 0x25, 0x9D, 0x02, 0, 0, 0, 6, 8, 0, 0, 0, 0, 0, 0, 0x80, 1, 0, 0, 0, 0, 0, 0, 0,
        ];
        let header = ResourceHeader::parse(&bytes, 0).unwrap();
        assert_eq!(header.stored_size, 0x029D_25A2);
        assert_eq!(
            header.flags,
            ResourceFlags::METADATA | ResourceFlags::COMPRESSED
        );
        assert_eq!((header.offset, header.size), (1 << 63 | 8, 1));
        assert_eq!(header.to_bytes(), bytes);
        assert_eq!(ResourceHeader::parse(&bytes, 1), None);
        let unknown = [0xFF; 24];
        let header = ResourceHeader::parse(&unknown, 0).unwrap();
        assert_eq!(header.to_bytes(), unknown, "unknown flags are kept");
        assert_eq!(header.end(), None);
    }
}
