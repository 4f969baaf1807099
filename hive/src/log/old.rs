//! Old logs: a `DIRT` vector, then the pages it names.

use crate::base_block::{BaseBlock, Layout};
use crate::bin;
use crate::error::LogRefusal;
use crate::offset::{CellOffset, FileOffset};

use super::{LogFormat, Primary, Recovery, Replay, SECTOR};

/// An old log that can be applied.
pub(super) struct OldLog<'l> {
    base_block: &'l [u8; SECTOR],
    pub(super) sequence: u32,
    bins_size: u32,
    pages: Vec<(CellOffset, &'l [u8])>,
    page_count: usize,
}

impl<'l> OldLog<'l> {
    pub(super) fn read(
        log: &'l [u8],
        base_block: &'l [u8; SECTOR],
        head: &BaseBlock,
        layout: Layout,
        hive: &Primary<'_>,
    ) -> Result<Self, LogRefusal> {
        if head.primary_sequence != head.secondary_sequence {
            return Err(LogRefusal::Sequence {
                primary: head.primary_sequence,
                secondary: head.secondary_sequence,
            });
        }
        let vector = log
            .get(SECTOR..)
            .and_then(|rest| rest.strip_prefix(b"DIRT"))
            .ok_or(LogRefusal::NoDirtyVector {
                at: FileOffset(SECTOR as u64),
            })?;
        let vector_len = layout.bins_size as usize / SECTOR / 8;
        let data_at = (SECTOR + 4 + vector_len).next_multiple_of(SECTOR);
        let cut = |needed: usize| LogRefusal::Cut {
            needed: needed as u64,
            available: log.len() as u64,
        };
        let vector = vector.get(..vector_len).ok_or_else(|| cut(data_at))?;
        let page_count: usize = vector.iter().map(|byte| byte.count_ones() as usize).sum();
        let data_len = page_count * SECTOR;
        let mut data = log
            .get(data_at..)
            .and_then(|rest| rest.get(..data_len))
            .ok_or_else(|| cut(data_at + data_len))?;
        let mut pages = Vec::new();
        for (byte, position) in vector.iter().zip(0_u32..) {
            for bit in (0..8).filter(|bit| byte >> bit & 1 != 0) {
                let Some((page, rest)) = data.split_at_checked(SECTOR) else {
                    return Err(cut(data_at + data_len));
                };
                data = rest;
                pages.push((CellOffset((position * 8 + bit) * SECTOR as u32), page));
            }
        }
        // The log and the hive have the time of the same write. Where the
        // hive's base block is lost, its first bin tells it: as the log holds
        // it, or as it was when the log does not.
        let expected = match (hive.intact, pages.first()) {
            (Some(primary), _) => Some(primary.last_written),
            (None, Some(&(CellOffset(0), page))) => bin::first_bin_time(page),
            (None, _) => hive.first_bin_time,
        };
        if let Some(expected) = expected.filter(|&time| time != head.last_written) {
            let found = head.last_written.0;
            return Err(LogRefusal::OtherTime {
                found,
                expected: expected.0,
            });
        }
        Ok(OldLog {
            base_block,
            sequence: head.primary_sequence,
            bins_size: layout.bins_size,
            pages,
            page_count,
        })
    }

    pub(super) fn into_replay(self, hive: &Primary<'_>) -> Replay<'l> {
        let base_block = Some(self.base_block).filter(|_| hive.intact.is_none());
        Replay {
            base_block,
            bins_size: self.bins_size,
            sequence: self.sequence.wrapping_add(1),
            recovery: Recovery {
                format: LogFormat::Old,
                applied: self.sequence..=self.sequence,
                pages: self.page_count,
                base_block_from_log: base_block.is_some(),
            },
            pages: self.pages,
        }
    }
}
