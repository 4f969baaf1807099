//! Transaction logs: what a dirty hive's last writes were, replayed in memory.
//!
//! Both formats start with the first 512 bytes of a base block.
//! * Old (file type 1 or 2, XP to 8): a `DIRT` vector with one bit for each 512
//!   bytes of bins, then those pages in order. One write, all or nothing.
//! * New (file type 6, 8.1 and later): entries `HvLE`, each with a sequence
//!   number, references and pages, and two hashes over itself. Writes pile up
//!   there, in `.LOG1` and `.LOG2` in turn, until the hive is written.
//!
//! Which one a hive has depends on the Windows that wrote it, not on the
//! hive's version. Nothing is written here: [`Replay`] lists what to copy.

mod new;
mod old;

use std::ops::RangeInclusive;

use crate::base_block::{BINS_SIZE_AT, BaseBlock, FILE_TYPE_AT};
use crate::error::{Error, LogRefusal};
use crate::hive::FileTime;
use crate::offset::{BASE_BLOCK_LEN, CellOffset, FileOffset};

use new::{Entry, NewLog};
use old::OldLog;

/// A log is written in sectors of this many bytes; so is an old log's page.
const SECTOR: usize = 512;

/// The two formats of logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// `DIRT` vector and pages.
    Old,
    /// `HvLE` entries.
    New,
}

/// What a replay did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovery {
    /// Format of the logs used.
    pub format: LogFormat,
    /// First and last sequence number applied.
    pub applied: RangeInclusive<u32>,
    /// Page references applied from a new log, or 512-byte pages from an old
    /// one.
    pub pages: usize,
    /// Whether the hive's own base block was damaged and the log's was taken.
    pub base_block_from_log: bool,
}

/// What has to be copied where to bring a hive up to date.
pub(crate) struct Replay<'l> {
    /// The log's base block, where the hive's own is damaged.
    pub(crate) base_block: Option<&'l [u8; SECTOR]>,
    /// Size of the bins afterwards, in bytes.
    pub(crate) bins_size: u32,
    /// Bytes to write, in order; later ones win.
    pub(crate) pages: Vec<(CellOffset, &'l [u8])>,
    /// Both sequence numbers afterwards.
    pub(crate) sequence: u32,
    pub(crate) recovery: Recovery,
}

impl<'l> Replay<'l> {
    /// Works out how `logs` bring the hive of `length` bytes up to date.
    /// `primary` is its base block; `first_bin_time` helps where that is
    /// damaged.
    ///
    /// # Errors
    /// [`Error::NoUsableLog`] with one reason for each log.
    pub(crate) fn plan(
        primary: &BaseBlock,
        first_bin_time: Option<FileTime>,
        length: u64,
        logs: &'l [Vec<u8>],
    ) -> Result<Self, Error> {
        let hive = Primary {
            intact: primary.is_intact().then_some(primary),
            first_bin_time,
            // A log can only add bins whose pages it holds.
            largest: length + logs.iter().map(|log| log.len() as u64).sum::<u64>(),
        };
        let mut refusals = Vec::new();
        let (mut old, mut new) = (Vec::new(), Vec::new());
        for log in logs {
            match Log::read(log, &hive) {
                Ok(Log::Old(log)) => old.push(log),
                Ok(Log::New(log)) => new.push(log),
                Err(refusal) => refusals.push(refusal),
            }
        }
        new.sort_by_key(|log| log.entries.first().map(|entry| entry.sequence));
        // Two old logs are written in turn: the later one counts.
        let old = old.into_iter().max_by_key(|log| log.sequence);
        Self::from_entries(&new, &hive)
            .or_else(|| old.map(|log| log.into_replay(&hive)))
            .ok_or(Error::NoUsableLog(refusals))
    }

    fn from_entries(logs: &[NewLog<'l>], hive: &Primary<'_>) -> Option<Self> {
        let mut pages = Vec::new();
        let mut applied: Option<(u32, &Entry<'_>)> = None;
        let mut base_block = None;
        for log in logs {
            for entry in &log.entries {
                let expected = applied.map(|(_, last)| last.sequence.wrapping_add(1));
                if expected.is_some_and(|expected| expected != entry.sequence) {
                    break;
                }
                let first = applied.map_or(entry.sequence, |(first, _)| first);
                applied = Some((first, entry));
                base_block = Some(log.base_block);
                pages.extend_from_slice(&entry.pages);
            }
        }
        let (first, last) = applied?;
        let base_block = base_block.filter(|_| hive.intact.is_none());
        Some(Replay {
            base_block,
            bins_size: last.bins_size,
            sequence: last.sequence.wrapping_add(1),
            recovery: Recovery {
                format: LogFormat::New,
                applied: first..=last.sequence,
                pages: pages.len(),
                base_block_from_log: base_block.is_some(),
            },
            pages,
        })
    }

    /// Writes everything into the hive's bytes, which grow if need be, and
    /// tells `changed` which bytes.
    pub(crate) fn apply(&self, hive: &mut Vec<u8>, mut changed: impl FnMut(FileOffset, usize)) {
        let end = BASE_BLOCK_LEN + self.bins_size as usize;
        if hive.len() < end {
            changed(FileOffset(hive.len() as u64), end - hive.len());
            hive.resize(end, 0);
        }
        let mut write = |at: FileOffset, bytes: &[u8]| {
            let start = usize::try_from(at.0).unwrap_or(usize::MAX);
            let place = hive
                .get_mut(start..)
                .and_then(|rest| rest.get_mut(..bytes.len()));
            // In range: pages lie inside the bins, which lie inside the file.
            if let Some(place) = place {
                place.copy_from_slice(bytes);
                changed(at, bytes.len());
            }
        };
        for &(at, bytes) in &self.pages {
            write(at.in_file(), bytes);
        }
        if let Some(base_block) = self.base_block {
            write(FileOffset(0), base_block);
            write(FileOffset(FILE_TYPE_AT as u64), &[0; 4]);
        }
        write(
            FileOffset(BINS_SIZE_AT as u64),
            &self.bins_size.to_le_bytes(),
        );
    }
}

/// What the logs have to fit to.
struct Primary<'b> {
    intact: Option<&'b BaseBlock>,
    first_bin_time: Option<FileTime>,
    /// Largest file the logs can make, in bytes.
    largest: u64,
}

impl Primary<'_> {
    fn allows(&self, bins_size: u32) -> bool {
        BASE_BLOCK_LEN as u64 + u64::from(bins_size) <= self.largest
    }
}

enum Log<'l> {
    Old(OldLog<'l>),
    New(NewLog<'l>),
}

impl<'l> Log<'l> {
    fn read(log: &'l [u8], hive: &Primary<'_>) -> Result<Self, LogRefusal> {
        if log.is_empty() {
            return Err(LogRefusal::Empty);
        }
        let head = BaseBlock::parse(log).ok_or(LogRefusal::NoBaseBlock)?;
        let sector = log.first_chunk().ok_or(LogRefusal::NoBaseBlock)?;
        if !head.is_intact() {
            return Err(LogRefusal::Checksum {
                stored: head.stored_checksum,
                computed: head.computed_checksum,
            });
        }
        let layout = head
            .claimed_layout()
            .ok()
            .filter(|layout| hive.allows(layout.bins_size));
        let layout = layout.ok_or(LogRefusal::BaseBlock)?;
        match head.file_type {
            1 | 2 => OldLog::read(log, sector, &head, layout, hive).map(Log::Old),
            6 => NewLog::read(log, sector, hive).map(Log::New),
            file_type => Err(LogRefusal::FileType { file_type }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::new::{ENTRY_HEADER_LEN, marvin32};
    use super::*;

    /// An entry with one page of `fill` at offset 0.
    fn entry(sequence: u32, bins_size: u32, fill: u8) -> Vec<u8> {
        let size = (ENTRY_HEADER_LEN + 8 + 4096).next_multiple_of(SECTOR);
        let mut bytes = vec![0; size];
        bytes[..4].copy_from_slice(b"HvLE");
        for (at, field) in [
            (4, size as u32),
            (12, sequence),
            (16, bins_size),
            (20, 1),
            (44, 4096),
        ] {
            bytes[at..at + 4].copy_from_slice(&field.to_le_bytes());
        }
        bytes[48..48 + 4096].fill(fill);
        let body = marvin32(&bytes[40..]);
        bytes[24..32].copy_from_slice(&body.to_le_bytes());
        let head = marvin32(&bytes[..32]);
        bytes[32..40].copy_from_slice(&head.to_le_bytes());
        bytes
    }

    fn base_block(file_type: u32, sequences: (u32, u32)) -> [u8; SECTOR] {
        let mut block = [0; SECTOR];
        block[..4].copy_from_slice(b"regf");
        for (at, field) in [
            (4, sequences.0),
            (8, sequences.1),
            (20, 1),
            (24, 5),
            (28, file_type),
            (32, 1),
            (36, 0x20),
            (40, 4096),
        ] {
            block[at..at + 4].copy_from_slice(&field.to_le_bytes());
        }
        let sum = crate::base_block::checksum(&block);
        block[508..].copy_from_slice(&sum.to_le_bytes());
        block
    }

    fn new_log(entries: &[Vec<u8>]) -> Vec<u8> {
        [base_block(6, (9, 9)).to_vec(), entries.concat()].concat()
    }

    fn applied(sequences: (u32, u32), logs: &[Vec<u8>]) -> Result<RangeInclusive<u32>, Error> {
        let primary = BaseBlock::parse(&base_block(0, sequences)).unwrap();
        Replay::plan(&primary, None, 8192, logs).map(|replay| replay.recovery.applied)
    }

    #[test]
    fn consecutive_entries_are_applied_across_logs_from_the_older_one_on() {
        let later = new_log(&[entry(12, 4096, 3)]);
        let earlier = new_log(&[entry(10, 4096, 1), entry(11, 4096, 2)]);
        assert_eq!(
            applied((7, 6), &[later.clone(), earlier.clone()]).unwrap(),
            10..=12
        );
        // A gap ends the replay, whatever comes after it.
        let gap = new_log(&[entry(13, 4096, 3)]);
        assert_eq!(applied((7, 6), &[earlier.clone(), gap]).unwrap(), 10..=11);
        // What the hive already holds is left out.
        assert_eq!(
            applied((12, 11), &[earlier.clone(), later]).unwrap(),
            11..=12
        );
        assert!(matches!(
            applied((14, 13), &[earlier, Vec::new()]),
            Err(Error::NoUsableLog(refusals))
                if refusals == [LogRefusal::Older { last: 11, needed: 13 }, LogRefusal::Empty]
        ));
    }

    #[test]
    fn a_damaged_entry_ends_its_log() {
        for damaged in [0, 6, 17, 25, 33, 41, 500, 4000] {
            let mut second = entry(11, 4096, 2);
            second[damaged] ^= 1;
            let log = new_log(&[entry(10, 4096, 1), second.clone(), entry(12, 4096, 3)]);
            assert_eq!(applied((7, 6), &[log]).unwrap(), 10..=10, "byte {damaged}");
            let refused = applied((7, 6), &[new_log(&[second])]);
            assert!(
                matches!(refused, Err(Error::NoUsableLog(_))),
                "byte {damaged}"
            );
        }
    }

    #[test]
    fn an_entry_cannot_grow_the_hive_beyond_what_the_logs_hold() {
        let log = new_log(&[entry(10, 0x4000_0000, 1)]);
        assert!(matches!(
            applied((7, 6), &[log]),
            Err(Error::NoUsableLog(refusals)) if matches!(refusals[..], [LogRefusal::NoEntry { .. }])
        ));
    }

    #[test]
    fn old_logs_need_equal_sequences_a_vector_and_all_pages() {
        let mut log = base_block(1, (5, 5)).to_vec();
        log.extend(b"DIRT\x81");
        log.resize(1024, 0);
        log.extend([7; 1024]);
        let primary = BaseBlock::parse(&base_block(0, (5, 4))).unwrap();
        let plan = |log: &[u8]| {
            let logs = [log.to_vec()];
            Replay::plan(&primary, None, 8192, &logs).map(|replay| {
                replay
                    .pages
                    .iter()
                    .map(|(at, page)| (at.0, page.len()))
                    .collect::<Vec<_>>()
            })
        };
        assert_eq!(plan(&log).unwrap(), [(0, 512), (7 * 512, 512)]);
        let refusal = |log: &[u8]| match plan(log) {
            Err(Error::NoUsableLog(refusals)) => refusals[0],
            other => panic!("{other:?}"),
        };
        assert!(matches!(
            refusal(&log[..2047]),
            LogRefusal::Cut {
                needed: 2048,
                available: 2047
            }
        ));
        assert!(matches!(
            refusal(&log[..514]),
            LogRefusal::NoDirtyVector { .. }
        ));
        assert!(matches!(refusal(&log[..511]), LogRefusal::NoBaseBlock));
        let torn = [&base_block(1, (5, 4)), &log[512..]].concat();
        assert!(matches!(
            refusal(&torn),
            LogRefusal::Sequence {
                primary: 5,
                secondary: 4
            }
        ));
        let hive = base_block(0, (5, 5));
        assert!(matches!(
            refusal(&hive),
            LogRefusal::FileType { file_type: 0 }
        ));
    }
}
