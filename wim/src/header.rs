//! The header: the first 208 bytes of a WIM file, which name all the rest.
//!
//! It is written last, so that a file is valid at every moment or says by its
//! "write in progress" flag that it may not be.

use crate::compress::Codec;
use crate::error::Error;
use crate::field::{bytes_at, u16_at, u32_at};
use crate::resource_header::ResourceHeader;

/// Length of the header in bytes, and the only value of its size field.
pub const HEADER_LEN: usize = 208;

/// First bytes of a WIM file.
const MAGIC: [u8; 8] = *b"MSWIM\0\0\0";
/// First bytes of wimlib's pipable form, in which the parts stand in another
/// order.
const PIPABLE_MAGIC: [u8; 8] = *b"WLPWM\0\0\0";

bitflags::bitflags! {
    /// Flags of the header.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct HeaderFlags: u32 {
        /// Resources may be compressed; one of the codecs is named.
        const COMPRESSED = 0x0000_0002;
        /// Nobody should write to the file.
        const READ_ONLY = 0x0000_0004;
        /// A part of a split set.
        const SPANNED = 0x0000_0008;
        /// Holds no metadata.
        const RESOURCE_ONLY = 0x0000_0010;
        /// Holds nothing but metadata.
        const METADATA_ONLY = 0x0000_0020;
        /// Somebody is writing, or was interrupted.
        const WRITE_IN_PROGRESS = 0x0000_0040;
        /// Targets of absolute links were made relative to the image's root.
        const REPARSE_FIXED = 0x0000_0080;
        /// Chunks are XPRESS.
        const XPRESS = 0x0002_0000;
        /// Chunks are LZX.
        const LZX = 0x0004_0000;
        /// Chunks are LZMS.
        const LZMS = 0x0008_0000;
        /// Chunks are XPRESS, as other writers say it.
        const XPRESS2 = 0x0020_0000;
        /// Flags that are not known are kept.
        const _ = !0;
    }
}

/// The format version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// 0x10D00: every blob by itself.
    Ordinary,
    /// 0xE00: blobs may share solid resources (ESD files).
    Solid,
}

impl Version {
    /// As stored.
    pub fn number(self) -> u32 {
        match self {
            Version::Ordinary => 0x10D00,
            Version::Solid => 0xE00,
        }
    }
}

/// What the header says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The format version.
    pub version: Version,
    /// Flags.
    pub flags: HeaderFlags,
    /// Plain bytes in a compressed chunk; may be 0 where nothing is
    /// compressed.
    pub chunk_size: u32,
    /// Identity of the file; the same in all parts of a split set.
    pub guid: [u8; 16],
    /// Number of this part, from 1 on.
    pub part: u16,
    /// How many parts the set has.
    pub parts: u16,
    /// How many images there are.
    pub image_count: u32,
    /// Where the blob table lies.
    pub blob_table: ResourceHeader,
    /// Where the XML data lie.
    pub xml: ResourceHeader,
    /// Copy of the bootable image's metadata resource header; absent when no
    /// image is bootable.
    pub boot_metadata: ResourceHeader,
    /// Number of the bootable image, from 1 on; 0 when none is.
    pub boot_index: u32,
    /// Where the integrity table lies; absent in most files.
    pub integrity: ResourceHeader,
    /// Bytes that mean nothing yet, kept.
    pub unused: [u8; 60],
}

impl Header {
    /// Reads a header.
    ///
    /// # Errors
    /// [`Error::NotAWim`], [`Error::Pipable`], [`Error::HeaderCut`],
    /// [`Error::HeaderSize`], [`Error::Version`], [`Error::Codec`],
    /// [`Error::ChunkSize`], [`Error::PartNumber`].
    pub fn parse(bytes: &[u8]) -> Result<Header, Error> {
        let magic = bytes_at::<8>(bytes, 0).ok_or(Error::HeaderCut {
            length: bytes.len(),
        })?;
        match magic {
            MAGIC => {}
            PIPABLE_MAGIC => return Err(Error::Pipable),
            found => return Err(Error::NotAWim { found }),
        }
        let header = Self::fields(bytes).ok_or(Error::HeaderCut {
            length: bytes.len(),
        })?;
        let header = header?;
        if header.part == 0 || header.part > header.parts {
            return Err(Error::PartNumber {
                part: header.part,
                parts: header.parts,
            });
        }
        header.check_compression()?;
        Ok(header)
    }

    /// The fields behind the magic; `None` where the bytes end.
    fn fields(bytes: &[u8]) -> Option<Result<Header, Error>> {
        let bytes = bytes.get(..HEADER_LEN)?;
        let size = u32_at(bytes, 0x08)?;
        if size as usize != HEADER_LEN {
            return Some(Err(Error::HeaderSize { found: size }));
        }
        let version = match u32_at(bytes, 0x0C)? {
            0x10D00 => Version::Ordinary,
            0xE00 => Version::Solid,
            found => return Some(Err(Error::Version { found })),
        };
        Some(Ok(Header {
            version,
            flags: HeaderFlags::from_bits_retain(u32_at(bytes, 0x10)?),
            chunk_size: u32_at(bytes, 0x14)?,
            guid: bytes_at(bytes, 0x18)?,
            part: u16_at(bytes, 0x28)?,
            parts: u16_at(bytes, 0x2A)?,
            image_count: u32_at(bytes, 0x2C)?,
            blob_table: ResourceHeader::parse(bytes, 0x30)?,
            xml: ResourceHeader::parse(bytes, 0x48)?,
            boot_metadata: ResourceHeader::parse(bytes, 0x60)?,
            boot_index: u32_at(bytes, 0x78)?,
            integrity: ResourceHeader::parse(bytes, 0x7C)?,
            unused: bytes_at(bytes, 0x94)?,
        }))
    }

    /// The codec of compressed resources outside solid ones; `None` when
    /// nothing may be compressed.
    pub fn codec(&self) -> Option<Codec> {
        if !self.flags.contains(HeaderFlags::COMPRESSED) {
            return None;
        }
        let named = [
            (HeaderFlags::XPRESS, Codec::Xpress),
            (HeaderFlags::XPRESS2, Codec::Xpress),
            (HeaderFlags::LZX, Codec::Lzx),
            (HeaderFlags::LZMS, Codec::Lzms),
        ];
        let found = named
            .into_iter()
            .find(|(flag, _)| self.flags.contains(*flag));
        found.map(|(_, codec)| codec)
    }

    /// Checks that one codec is named and that it has chunks of this size.
    fn check_compression(&self) -> Result<(), Error> {
        if !self.flags.contains(HeaderFlags::COMPRESSED) {
            return Ok(());
        }
        let xpress = self
            .flags
            .intersects(HeaderFlags::XPRESS | HeaderFlags::XPRESS2);
        let lzx = self.flags.contains(HeaderFlags::LZX);
        let lzms = self.flags.contains(HeaderFlags::LZMS);
        let flags = self.flags.bits();
        if u8::from(xpress) + u8::from(lzx) + u8::from(lzms) != 1 {
            return Err(Error::Codec { flags });
        }
        let codec = self.codec().ok_or(Error::Codec { flags })?;
        if !codec.allows_chunk_size(self.chunk_size) {
            return Err(Error::ChunkSize {
                codec,
                found: self.chunk_size,
            });
        }
        Ok(())
    }

    /// The stored form.
    pub fn to_bytes(&self) -> [u8; HEADER_LEN] {
        let mut bytes = Vec::with_capacity(HEADER_LEN);
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&(HEADER_LEN as u32).to_le_bytes());
        bytes.extend_from_slice(&self.version.number().to_le_bytes());
        bytes.extend_from_slice(&self.flags.bits().to_le_bytes());
        bytes.extend_from_slice(&self.chunk_size.to_le_bytes());
        bytes.extend_from_slice(&self.guid);
        bytes.extend_from_slice(&self.part.to_le_bytes());
        bytes.extend_from_slice(&self.parts.to_le_bytes());
        bytes.extend_from_slice(&self.image_count.to_le_bytes());
        bytes.extend_from_slice(&self.blob_table.to_bytes());
        bytes.extend_from_slice(&self.xml.to_bytes());
        bytes.extend_from_slice(&self.boot_metadata.to_bytes());
        bytes.extend_from_slice(&self.boot_index.to_le_bytes());
        bytes.extend_from_slice(&self.integrity.to_bytes());
        bytes.extend_from_slice(&self.unused);
        let mut header = [0; HEADER_LEN];
        for (place, byte) in header.iter_mut().zip(bytes) {
            *place = byte;
        }
        header
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Vec<u8> {
        let mut bytes = vec![0; HEADER_LEN];
        bytes[..8].copy_from_slice(&MAGIC);
        bytes[8] = 208;
        bytes[0x0C..0x10].copy_from_slice(&0x10D00_u32.to_le_bytes());
        bytes[0x10..0x14].copy_from_slice(&0x4_0082_u32.to_le_bytes());
        bytes[0x14..0x18].copy_from_slice(&32768_u32.to_le_bytes());
        bytes[0x28] = 1;
        bytes[0x2A] = 1;
        for (at, byte) in bytes.iter_mut().enumerate().skip(0x2C) {
            *byte = at as u8;
        }
        bytes
    }

    #[test]
    fn a_header_comes_back_as_it_was() {
        let bytes = sample();
        let header = Header::parse(&bytes).unwrap();
        assert_eq!(header.codec(), Some(Codec::Lzx));
        assert_eq!(header.boot_index, 0x7B7A_7978);
        assert_eq!(header.to_bytes().as_slice(), bytes);
    }

    #[test]
    fn rules_are_told_apart() {
        let with = |at: usize, value: &[u8]| {
            let mut bytes = sample();
            bytes[at..at + value.len()].copy_from_slice(value);
            Header::parse(&bytes).unwrap_err().to_string()
        };
        for (at, value, message) in [
            (0, b"WLPWM".as_slice(), "pipable"),
            (0, b"PK", "not a WIM file"),
            (8, &[209], "209"),
            (0x0D, &[0xEE], "version"),
            (0x12, &[6], "one codec"),
            (0x12, &[0], "one codec"),
            (0x14, &[1], "chunk"),
            (0x16, &[0x40], "chunk"),
            (0x28, &[2], "part 2 of 1"),
            (0x28, &[0], "part 0 of 1"),
        ] {
            let found = with(at, value);
            assert!(found.contains(message), "`{found}` names `{message}`");
        }
        assert!(matches!(
            Header::parse(&sample()[..207]),
            Err(Error::HeaderCut { length: 207 })
        ));
        assert!(matches!(
            Header::parse(b"MSW"),
            Err(Error::HeaderCut { length: 3 })
        ));
    }
}
