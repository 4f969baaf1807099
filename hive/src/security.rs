//! Security records (`sk`): one security descriptor, shared by keys.
//!
//! All of them form a ring through their forward and backward offsets; each
//! counts the keys that name it.

use crate::error::Error;
use crate::field::le_u32;
use crate::key::wrong_record;
use crate::offset::CellOffset;

/// Length of the record before the descriptor, in bytes.
pub(crate) const FIXED_LEN: usize = 20;

/// Positions of the fields that edits write.
pub(crate) mod field_at {
    pub(crate) const NEXT: usize = 4;
    pub(crate) const PREVIOUS: usize = 8;
    pub(crate) const COUNT: usize = 12;
}

/// A security record inside its cell.
#[derive(Clone, Copy)]
pub(crate) struct SecurityRecord<'a> {
    fixed: &'a [u8; FIXED_LEN],
    rest: &'a [u8],
}

impl<'a> SecurityRecord<'a> {
    pub(crate) fn parse(cell: &'a [u8], at: CellOffset) -> Result<Self, Error> {
        match cell.split_first_chunk() {
            Some((fixed, rest)) if cell.starts_with(b"sk") => Ok(SecurityRecord { fixed, rest }),
            _ => Err(wrong_record(cell, at, "sk", "security record", FIXED_LEN)),
        }
    }

    pub(crate) fn next(self) -> CellOffset {
        CellOffset(le_u32::<{ field_at::NEXT }, FIXED_LEN>(self.fixed))
    }

    pub(crate) fn previous(self) -> CellOffset {
        CellOffset(le_u32::<{ field_at::PREVIOUS }, FIXED_LEN>(self.fixed))
    }

    /// Keys that name this record, as stored.
    pub(crate) fn count(self) -> u32 {
        le_u32::<{ field_at::COUNT }, FIXED_LEN>(self.fixed)
    }

    /// The descriptor, in self-relative form.
    pub(crate) fn descriptor(self, at: CellOffset) -> Result<&'a [u8], Error> {
        let length = le_u32::<16, FIXED_LEN>(self.fixed);
        usize::try_from(length)
            .ok()
            .and_then(|length| self.rest.get(..length))
            .ok_or(Error::RecordTooLong {
                at: at.in_file(),
                what: "security descriptor",
                needed: u64::from(length) + FIXED_LEN as u64,
                available: (self.rest.len() + FIXED_LEN) as u64,
            })
    }
}
