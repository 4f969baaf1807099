//! New logs: entries that pile up until the hive is written.

use crate::base_block::MAX_BINS_SIZE;
use crate::error::LogRefusal;
use crate::field::{le_u32, u32_at, u64_at};
use crate::offset::{CellOffset, FileOffset};

use super::{Primary, SECTOR};

/// Header of an entry, in bytes.
pub(super) const ENTRY_HEADER_LEN: usize = 40;

/// A new log with at least one entry that counts.
pub(super) struct NewLog<'l> {
    pub(super) base_block: &'l [u8; SECTOR],
    /// Valid, consecutive, and not older than the hive.
    pub(super) entries: Vec<Entry<'l>>,
}

impl<'l> NewLog<'l> {
    pub(super) fn read(
        log: &'l [u8],
        base_block: &'l [u8; SECTOR],
        hive: &Primary<'_>,
    ) -> Result<Self, LogRefusal> {
        let mut entries: Vec<Entry<'_>> = Vec::new();
        let mut rest = log.get(SECTOR..).unwrap_or_default();
        while let Some((entry, after)) = Entry::read(rest) {
            let expected = entries.last().map(|last| last.sequence.wrapping_add(1));
            if expected.is_some_and(|expected| expected != entry.sequence)
                || !hive.allows(entry.bins_size)
            {
                break;
            }
            entries.push(entry);
            rest = after;
        }
        let Some(last) = entries.last().map(|entry| entry.sequence) else {
            return Err(LogRefusal::NoEntry {
                at: FileOffset(SECTOR as u64),
            });
        };
        if let Some(hive) = hive.intact {
            // What the hive already holds; the first entry may be far above it.
            let needed = hive.secondary_sequence;
            entries.retain(|entry| entry.sequence >= needed);
            if entries.is_empty() {
                return Err(LogRefusal::Older { last, needed });
            }
        }
        Ok(NewLog {
            base_block,
            entries,
        })
    }
}

/// One write to the hive.
pub(super) struct Entry<'l> {
    pub(super) sequence: u32,
    pub(super) bins_size: u32,
    pub(super) pages: Vec<(CellOffset, &'l [u8])>,
}

impl<'l> Entry<'l> {
    /// Reads the entry at the start of `log`; `None` when there is no valid
    /// one.
    fn read(log: &'l [u8]) -> Option<(Self, &'l [u8])> {
        let header: &[u8; ENTRY_HEADER_LEN] = log.first_chunk()?;
        let size = le_u32::<4, ENTRY_HEADER_LEN>(header) as usize;
        if !header.starts_with(b"HvLE") || size < ENTRY_HEADER_LEN || !size.is_multiple_of(SECTOR) {
            return None;
        }
        let (entry, rest) = log.split_at_checked(size)?;
        let body = entry.get(ENTRY_HEADER_LEN..)?;
        if marvin32(entry.get(..32)?) != u64_at(entry, 32)? || marvin32(body) != u64_at(entry, 24)?
        {
            return None;
        }
        let bins_size = le_u32::<16, ENTRY_HEADER_LEN>(header);
        if bins_size == 0 || !bins_size.is_multiple_of(4096) || bins_size > MAX_BINS_SIZE {
            return None;
        }
        let count = le_u32::<20, ENTRY_HEADER_LEN>(header) as usize;
        let (references, mut data) = body.split_at_checked(count.checked_mul(8)?)?;
        let mut pages = Vec::with_capacity(count);
        for reference in references.chunks_exact(8) {
            let (offset, length) = (u32_at(reference, 0)?, u32_at(reference, 4)?);
            if offset.checked_add(length)? > bins_size {
                return None;
            }
            let (page, after) = data.split_at_checked(length as usize)?;
            data = after;
            pages.push((CellOffset(offset), page));
        }
        let sequence = le_u32::<12, ENTRY_HEADER_LEN>(header);
        Some((
            Entry {
                sequence,
                bins_size,
                pages,
            },
            rest,
        ))
    }
}

/// Seed of the log's hashes. The specification prints its bytes from the most
/// significant one on; every entry of the real logs tried agrees.
const MARVIN_SEED: (u32, u32) = (0x7A4E_55C5, 0x82EF_4D88);

/// Marvin32 with the log's seed, over a multiple of four bytes.
pub(super) fn marvin32(bytes: &[u8]) -> u64 {
    let (mut low, mut high) = MARVIN_SEED;
    let mut step = |word: u32| {
        low = low.wrapping_add(word);
        high ^= low;
        low = low.rotate_left(20).wrapping_add(high);
        high = high.rotate_left(9) ^ low;
        low = low.rotate_left(27).wrapping_add(high);
        high = high.rotate_left(19);
    };
    for &word in bytes.as_chunks::<4>().0 {
        step(u32::from_le_bytes(word));
    }
    // The end mark; all that is hashed here is a multiple of four bytes long.
    step(0x80);
    step(0);
    u64::from(low) | u64::from(high) << 32
}
