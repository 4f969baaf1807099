//! Editing in place: what every edit shares.
//!
//! An edit first finds out whether anything changes at all, and checks what it
//! is given; only then does it write, and only the cells that it needs. The
//! base block is kept in step, so that the bytes are a complete, clean hive
//! after every call. An edit that fails with anything but a refusal of its
//! arguments (a damaged record that the structure check does not look at) may
//! leave a part of itself behind.
//!
//! One file for each step: [`keys`], [`subkey_lists`], [`values`],
//! [`security_records`], and [`create`] for new hives.

mod create;
mod keys;
mod security_records;
mod subkey_lists;
mod values;

use crate::alloc::FreeCells;
use crate::base_block::{BINS_SIZE_AT, PRIMARY_SEQUENCE_AT, SECONDARY_SEQUENCE_AT};
use crate::error::Error;
use crate::field::u32_at;
use crate::hive::{FileTime, Hive, finish_base_block, put_u32};
use crate::key;
use crate::offset::{CellOffset, FileOffset};
use crate::pages::PAGE;
use security_records::SecurityIndex;

/// The security descriptor of a new key.
#[derive(Clone, Copy, Debug)]
pub enum Security<'a> {
    /// What Windows would give it under its parent; see
    /// [`inherited_security`](crate::inherited_security). The parent's own
    /// where that cannot be parsed.
    Inherit,
    /// This one, in self-relative form.
    Descriptor(&'a [u8]),
}

/// What edits know about the hive beyond its bytes.
#[derive(Clone, Default)]
pub(crate) struct EditState {
    /// Whether the index below has been built.
    is_indexed: bool,
    pub(crate) free: FreeCells,
    security: SecurityIndex,
    /// Both sequence numbers, counted up once.
    sequence: Option<u32>,
    /// Whether the security records' own counts can be relied on.
    pub(crate) counts_are_right: bool,
}

impl Hive {
    /// Gets ready to edit: refuses a differencing hive, and builds the index
    /// of free cells at the first time.
    pub(crate) fn begin_edit(&mut self) -> Result<(), Error> {
        if self.is_differencing() {
            return Err(Error::Differencing);
        }
        if !self.edit.is_indexed {
            self.edit.free = FreeCells::index(self.cells().bins);
            self.edit.is_indexed = true;
        }
        Ok(())
    }

    /// Marks the hive as edited: its sequence numbers go up, once.
    fn touch(&mut self) {
        self.is_edited = true;
        if self.edit.sequence.is_none() {
            let field = |at| u32_at(&self.bytes, at).unwrap_or(0);
            let old = field(PRIMARY_SEQUENCE_AT).max(field(SECONDARY_SEQUENCE_AT));
            self.edit.sequence = Some(old.wrapping_add(1));
            self.seal();
        }
    }

    /// Brings sequence numbers and checksum up to date.
    fn seal(&mut self) {
        if let Some(sequence) = self.edit.sequence {
            finish_base_block(&mut self.bytes, sequence);
            self.changed.add(FileOffset(0), 1);
        }
    }

    /// Writes the size of the bins into the base block.
    pub(crate) fn write_bins_size(&mut self) {
        let size = self.layout.bins_size;
        put_u32(&mut self.bytes, BINS_SIZE_AT, size);
        self.touch();
        self.seal();
    }

    /// Writes into the file. Pages that hold these bytes already stay clean.
    pub(crate) fn write_file(&mut self, at: FileOffset, bytes: &[u8]) {
        let mut at = at.0;
        let mut rest = bytes;
        while !rest.is_empty() {
            let in_page = usize::try_from(PAGE - at % PAGE).unwrap_or(usize::MAX);
            let (part, after) = rest.split_at(in_page.min(rest.len()));
            let start = usize::try_from(at).unwrap_or(usize::MAX);
            let is_there =
                |file: &[u8]| file.get(start..).is_some_and(|file| file.starts_with(part));
            if !is_there(&self.bytes) {
                self.warm_up(FileOffset(at));
                let place = self
                    .bytes
                    .get_mut(start..)
                    .and_then(|file| file.get_mut(..part.len()));
                // In range: callers write into cells that they have looked up.
                if let Some(place) = place {
                    place.copy_from_slice(part);
                    self.changed.add(FileOffset(at), part.len());
                }
            }
            at += part.len() as u64;
            rest = after;
        }
    }

    /// Writes into the record of the cell at `at`, `offset` bytes after its
    /// size field.
    pub(crate) fn write(&mut self, at: CellOffset, offset: usize, bytes: &[u8]) {
        self.write_file(FileOffset(at.in_file().0 + 4 + offset as u64), bytes);
    }

    /// Writes a size field, `offset` 0, of the cell at `at`.
    pub(crate) fn write_u32(&mut self, at: CellOffset, offset: usize, value: u32) {
        self.write_file(
            FileOffset(at.in_file().0 + offset as u64),
            &value.to_le_bytes(),
        );
    }

    /// Writes a 32-bit field of the record in the cell at `at`.
    fn write_field(&mut self, at: CellOffset, offset: usize, value: u32) {
        self.write(at, offset, &value.to_le_bytes());
    }

    /// Allocates a cell for `record` and writes it.
    fn allocate_record(&mut self, record: &[u8]) -> Result<CellOffset, Error> {
        let at = self.allocate(record.len())?;
        self.write(at, 0, record);
        Ok(at)
    }

    /// Sets a key's time of the last change.
    fn stamp(&mut self, key: CellOffset, now: FileTime) {
        self.write(key, key::field_at::LAST_WRITTEN, &now.0.to_le_bytes());
    }
}
