//! The base block (`regf`): the first 4096 bytes of a hive.
//!
//! Only what a reader needs is decoded; the block itself stays as it is. In
//! hives of the XP era the bytes from 112 on hold leftovers of memory, and the
//! checksum covers them, so nothing is read there and nothing is tidied up.
//! A log starts with the first 512 bytes of the same block.

use std::fmt;

use crate::error::Error;
use crate::field::{le_u32, le_u64, u32_at};
use crate::hive::FileTime;
use crate::offset::{BASE_BLOCK_LEN, CellOffset, FileOffset};

/// Signature of a hive and of a log.
pub(crate) const SIGNATURE: [u8; 4] = *b"regf";

/// Largest size of the bins, in bytes: bit 31 of an offset means "volatile" in
/// memory, so a stored offset has 31 bits.
pub(crate) const MAX_BINS_SIZE: u32 = 0x7FFF_F000;

/// Positions of the fields that edits write.
pub(crate) const PRIMARY_SEQUENCE_AT: usize = 4;
pub(crate) const SECONDARY_SEQUENCE_AT: usize = 8;
pub(crate) const FILE_TYPE_AT: usize = 28;
pub(crate) const BINS_SIZE_AT: usize = 40;
pub(crate) const CHECKSUM_AT: usize = 508;

/// The minor format version; the major one is always 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MinorVersion {
    /// 1.3: `lf` lists, values of any size in one cell.
    V1_3,
    /// 1.4: as 1.3, but values above 16344 bytes in `db` segments.
    V1_4,
    /// 1.5: `lh` lists with hashes.
    V1_5,
    /// 1.6: a differencing hive, a layer over another one.
    V1_6,
}

impl MinorVersion {
    fn from_field(minor: u32) -> Option<Self> {
        match minor {
            3 => Some(MinorVersion::V1_3),
            4 => Some(MinorVersion::V1_4),
            5 => Some(MinorVersion::V1_5),
            6 => Some(MinorVersion::V1_6),
            _ => None,
        }
    }

    /// As stored: 3 to 6.
    pub fn number(self) -> u32 {
        match self {
            MinorVersion::V1_3 => 3,
            MinorVersion::V1_4 => 4,
            MinorVersion::V1_5 => 5,
            MinorVersion::V1_6 => 6,
        }
    }
}

impl fmt::Display for MinorVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "1.{}", self.number())
    }
}

/// What a base block says, as far as it is needed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BaseBlock {
    pub(crate) primary_sequence: u32,
    pub(crate) secondary_sequence: u32,
    pub(crate) last_written: FileTime,
    pub(crate) major: u32,
    pub(crate) minor: u32,
    pub(crate) file_type: u32,
    pub(crate) format: u32,
    pub(crate) root: u32,
    pub(crate) bins_size: u32,
    pub(crate) stored_checksum: u32,
    pub(crate) computed_checksum: u32,
}

impl BaseBlock {
    /// Decodes a block of at least 512 bytes; `None` when it is shorter or does
    /// not start with `regf`. Nothing else is checked.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let block: &[u8; 512] = bytes.first_chunk()?;
        (*block.first_chunk::<4>()? == SIGNATURE).then(|| BaseBlock {
            primary_sequence: le_u32::<PRIMARY_SEQUENCE_AT, 512>(block),
            secondary_sequence: le_u32::<SECONDARY_SEQUENCE_AT, 512>(block),
            last_written: FileTime(le_u64::<12, 16, 512>(block)),
            major: le_u32::<20, 512>(block),
            minor: le_u32::<24, 512>(block),
            file_type: le_u32::<FILE_TYPE_AT, 512>(block),
            format: le_u32::<32, 512>(block),
            root: le_u32::<36, 512>(block),
            bins_size: le_u32::<BINS_SIZE_AT, 512>(block),
            stored_checksum: le_u32::<CHECKSUM_AT, 512>(block),
            computed_checksum: checksum(block),
        })
    }

    /// Decodes the base block of a hive file of `length` bytes.
    ///
    /// # Errors
    /// [`Error::NotAHive`], [`Error::BaseBlockCut`].
    pub(crate) fn of_hive(bytes: &[u8], length: u64) -> Result<Self, Error> {
        let found = bytes.first_chunk::<4>().copied().unwrap_or_default();
        if found != SIGNATURE {
            return Err(Error::NotAHive { found });
        }
        if length < BASE_BLOCK_LEN as u64 {
            return Err(Error::BaseBlockCut { length });
        }
        Self::parse(bytes).ok_or(Error::BaseBlockCut { length })
    }

    /// Whether the checksum is right.
    pub(crate) fn is_intact(&self) -> bool {
        self.stored_checksum == self.computed_checksum
    }

    /// Checks that the last write to the hive finished.
    ///
    /// # Errors
    /// [`Error::Checksum`], [`Error::Dirty`].
    pub(crate) fn require_clean(&self) -> Result<(), Error> {
        if !self.is_intact() {
            return Err(Error::Checksum {
                stored: self.stored_checksum,
                computed: self.computed_checksum,
            });
        }
        if self.primary_sequence != self.secondary_sequence {
            return Err(Error::Dirty {
                primary: self.primary_sequence,
                secondary: self.secondary_sequence,
            });
        }
        Ok(())
    }

    /// Checks version, kind and size against a file of `length` bytes.
    ///
    /// # Errors
    /// [`Error::Version`], [`Error::Kind`], [`Error::BinsSize`],
    /// [`Error::Truncated`].
    pub(crate) fn layout(&self, length: u64) -> Result<Layout, Error> {
        let layout = self.claimed_layout()?;
        if self.file_type != 0 {
            return Err(Error::Kind {
                file_type: self.file_type,
                format: self.format,
            });
        }
        let expected = BASE_BLOCK_LEN as u64 + u64::from(layout.bins_size);
        if expected > length {
            return Err(Error::Truncated {
                expected: FileOffset(expected),
                length: FileOffset(length),
            });
        }
        Ok(layout)
    }

    /// The layout that the block claims, of a hive or of a log's copy.
    pub(crate) fn claimed_layout(&self) -> Result<Layout, Error> {
        let version = Error::Version {
            major: self.major,
            minor: self.minor,
        };
        let minor = MinorVersion::from_field(self.minor).filter(|_| self.major == 1);
        let minor = minor.ok_or(version)?;
        if self.format != 1 {
            return Err(Error::Kind {
                file_type: self.file_type,
                format: self.format,
            });
        }
        let size = self.bins_size;
        if size == 0 || !size.is_multiple_of(4096) || size > MAX_BINS_SIZE {
            return Err(Error::BinsSize { size });
        }
        let root = CellOffset::from_field(self.root).ok_or(Error::CellMissing {
            at: FileOffset(0),
            what: "root key",
        })?;
        Ok(Layout {
            minor,
            bins_size: size,
            root,
        })
    }
}

/// Where things are: what the rest of the crate needs of a base block.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layout {
    pub(crate) minor: MinorVersion,
    pub(crate) bins_size: u32,
    pub(crate) root: CellOffset,
}

/// The checksum of a base block: XOR of its first 127 dwords, where 0 and -1
/// are avoided.
pub(crate) fn checksum(block: &[u8; 512]) -> u32 {
    let sum = (0..CHECKSUM_AT)
        .step_by(4)
        .filter_map(|at| u32_at(block, at))
        .fold(0, |sum, dword| sum ^ dword);
    match sum {
        0 => 1,
        u32::MAX => u32::MAX - 1,
        sum => sum,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_avoids_zero_and_minus_one() {
        let mut block = [0; 512];
        assert_eq!(checksum(&block), 1);
        block[..4].fill(0xFF);
        assert_eq!(checksum(&block), 0xFFFF_FFFE);
        block[4..8].copy_from_slice(b"regf");
        assert_eq!(checksum(&block), !u32::from_le_bytes(*b"regf"));
    }

    #[test]
    fn rules_are_told_apart() {
        let mut block = [0; 4096];
        assert!(matches!(
            BaseBlock::of_hive(&block, 4096),
            Err(Error::NotAHive { .. })
        ));
        block[..4].copy_from_slice(b"regf");
        assert!(matches!(
            BaseBlock::of_hive(&block[..600], 600),
            Err(Error::BaseBlockCut { length: 600 })
        ));
        let parsed = BaseBlock::of_hive(&block, 4096).unwrap();
        assert!(matches!(
            parsed.require_clean(),
            Err(Error::Checksum { stored: 0, .. })
        ));
        assert!(matches!(
            parsed.layout(4096),
            Err(Error::Version { major: 0, minor: 0 })
        ));
    }
}
