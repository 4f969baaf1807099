//! [`Hive`]: a whole hive in memory, checked before the first answer.

use std::fmt;
use std::ops::Range;

use crate::base_block::{
    BaseBlock, CHECKSUM_AT, Layout, MinorVersion, PRIMARY_SEQUENCE_AT, SECONDARY_SEQUENCE_AT,
    checksum,
};
use crate::bin;
use crate::cell::Cells;
use crate::check::{self, Finding, Report};
use crate::edit::EditState;
use crate::error::Error;
use crate::key::{Key, KeyId};
use crate::log::{Recovery, Replay};
use crate::offset::{BASE_BLOCK_LEN, FileOffset};
use crate::pages::PageSet;

/// A time as Windows stores it: 100 ns since 1601-01-01, UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileTime(pub u64);

/// A hive in memory: its structure has been checked, and it can be edited.
///
/// The bytes are those of the file, kept whole: edits change what they have to
/// and nothing else, and [`Hive::as_bytes`] is at every moment the file to be
/// saved.
#[derive(Clone)]
pub struct Hive {
    pub(crate) bytes: Vec<u8>,
    pub(crate) layout: Layout,
    /// Pages that differ from the bytes that were opened.
    pub(crate) changed: PageSet,
    pub(crate) is_edited: bool,
    pub(crate) edit: EditState,
}

impl Hive {
    /// Opens a clean hive and checks its structure.
    ///
    /// # Errors
    /// [`Error::Dirty`] and [`Error::Checksum`] when the hive's logs are
    /// needed ([`Error::needs_logs`]); else what is wrong with the base block,
    /// or the first fatal finding of the structure check.
    pub fn open(bytes: Vec<u8>) -> Result<Hive, Error> {
        let base_block = BaseBlock::of_hive(&bytes, bytes.len() as u64)?;
        base_block.require_clean()?;
        let layout = base_block.layout(bytes.len() as u64)?;
        Self::checked(bytes, layout, PageSet::default())
    }

    /// Opens a hive, brought up to date from its logs if it is dirty.
    ///
    /// `logs` are the contents of those of its `.LOG`, `.LOG1` and `.LOG2`
    /// that exist, in any order; empty ones are allowed. They are ignored when
    /// the hive is clean, as Windows does: then there is no [`Recovery`].
    /// After a replay both sequence numbers are the last applied one plus one.
    ///
    /// # Errors
    /// [`Error::NoUsableLog`] when the hive is dirty and no log helps; else as
    /// [`Hive::open`].
    pub fn open_with_logs(
        mut bytes: Vec<u8>,
        logs: &[Vec<u8>],
    ) -> Result<(Hive, Option<Recovery>), Error> {
        let length = bytes.len() as u64;
        let base_block = BaseBlock::of_hive(&bytes, length)?;
        if base_block.require_clean().is_ok() {
            return Ok((Self::open(bytes)?, None));
        }
        let bins = bytes.get(BASE_BLOCK_LEN..).unwrap_or_default();
        let replay = Replay::plan(&base_block, bin::first_bin_time(bins), length, logs)?;
        let mut changed = PageSet::default();
        replay.apply(&mut bytes, |at, length| changed.add(at, length));
        finish_base_block(&mut bytes, replay.sequence);
        changed.add(FileOffset(0), BASE_BLOCK_LEN);
        let layout = BaseBlock::of_hive(&bytes, length)?.layout(bytes.len() as u64)?;
        Ok((
            Self::checked(bytes, layout, changed)?,
            Some(replay.recovery),
        ))
    }

    /// Opens a hive as it lies there, without the writes that its logs hold:
    /// sequence numbers and checksum do not count. What was written last is
    /// lost; a dirty hive may also contradict itself.
    ///
    /// # Errors
    /// What is wrong with the base block, or the first fatal finding of the
    /// structure check.
    pub fn open_accepting_dirty(bytes: Vec<u8>) -> Result<Hive, Error> {
        let length = bytes.len() as u64;
        let layout = BaseBlock::of_hive(&bytes, length)?.layout(length)?;
        Self::checked(bytes, layout, PageSet::default())
    }

    fn checked(bytes: Vec<u8>, layout: Layout, changed: PageSet) -> Result<Hive, Error> {
        let edit = EditState::default();
        let mut hive = Hive {
            bytes,
            layout,
            changed,
            is_edited: false,
            edit,
        };
        let report = hive.check();
        // Where not all findings were kept, one may be about a count.
        hive.edit.counts_are_right = report.found == report.findings.len();
        for finding in report.findings {
            match finding {
                Finding::Broken(error) => return Err(error),
                Finding::SecurityCount { .. } => hive.edit.counts_are_right = false,
                _ => {}
            }
        }
        Ok(hive)
    }

    /// The format version.
    pub fn minor_version(&self) -> MinorVersion {
        self.layout.minor
    }

    /// Whether this is a differencing hive (1.6): readable, but its keys are
    /// only what differs from another hive, and every edit is refused.
    pub fn is_differencing(&self) -> bool {
        self.layout.minor == MinorVersion::V1_6
    }

    /// The file as it would be saved now. After an edit both sequence numbers
    /// are one higher than in the opened file and the checksum is right.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The file as it would be saved now.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Whether an edit changed something. A replay of logs does not count.
    pub fn is_edited(&self) -> bool {
        self.is_edited
    }

    /// The parts of the file that differ from the bytes that were opened, in
    /// pages of 4096 bytes, merged; growth included, replayed logs too. A page
    /// whose bytes were changed and changed back may be among them.
    pub fn dirty_pages(&self) -> Vec<Range<u64>> {
        self.changed.ranges(self.bytes.len() as u64)
    }

    /// Checks the structure as it is now.
    pub fn check(&self) -> Report {
        check::run(self.cells().bins, self.layout)
    }

    /// The root key.
    pub fn root(&self) -> Key<'_> {
        Key::read(self.cells(), self.layout.root, self.layout.root)
            .expect("the structure check has read the root key, and no edit removes it")
    }

    /// The key at a `\`-separated path below the root; an empty path is the
    /// root. Names are compared as the registry does.
    ///
    /// # Errors
    /// When a record is damaged: not to be expected once the hive is open.
    pub fn key(&self, path: &str) -> Result<Option<Key<'_>>, Error> {
        self.root().path(path)
    }

    /// The key that a handle names.
    ///
    /// # Errors
    /// [`Error::NoSuchKey`] when it was deleted.
    pub fn key_by_id(&self, id: KeyId) -> Result<Key<'_>, Error> {
        Key::read(self.cells(), id.0, self.layout.root)
            .map_err(|_| Error::NoSuchKey { at: id.0.in_file() })
    }

    pub(crate) fn cells(&self) -> Cells<'_> {
        let bins = self.bytes.get(BASE_BLOCK_LEN..).unwrap_or_default();
        Cells {
            bins: bins.get(..self.layout.bins_size as usize).unwrap_or(bins),
            minor: self.layout.minor,
        }
    }
}

impl fmt::Debug for Hive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hive")
            .field("version", &self.layout.minor)
            .field("bins_size", &self.layout.bins_size)
            .field("is_edited", &self.is_edited)
            .finish_non_exhaustive()
    }
}

/// Sets both sequence numbers and the checksum of the base block at the start
/// of `bytes`.
pub(crate) fn finish_base_block(bytes: &mut [u8], sequence: u32) {
    if let Some(block) = bytes.first_chunk_mut::<512>() {
        for at in [PRIMARY_SEQUENCE_AT, SECONDARY_SEQUENCE_AT] {
            put_u32(block, at, sequence);
        }
        let sum = checksum(block);
        put_u32(block, CHECKSUM_AT, sum);
    }
}

/// Writes a field that lies inside `bytes`.
pub(crate) fn put_u32(bytes: &mut [u8], at: usize, value: u32) {
    if let Some(field) = bytes.get_mut(at..).and_then(|rest| rest.first_chunk_mut()) {
        *field = value.to_le_bytes();
    }
}
