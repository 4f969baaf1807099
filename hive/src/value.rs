//! Values (`vk`): a name, a type and some bytes.
//!
//! Up to four bytes of data lie in the record itself, more in a cell of their
//! own, and much more in [`big_data`] segments. A key names
//! its values by a plain list of offsets, in the order in which they were
//! added. The type is any 32-bit number: real hives hold some that no header
//! file lists.

mod data;

use std::borrow::Cow;
use std::fmt;

use crate::base_block::MinorVersion;
use crate::big_data::{self, SEGMENT_LEN};
use crate::cell::{CellSource, Cells};
use crate::error::Error;
use crate::field::{le_u16, le_u32};
use crate::key::{KeyNode, named, stored_name, wrong_record};
use crate::name::Name;
use crate::offset::CellOffset;

pub(crate) use data::decode;
pub use data::{encode, kind};

/// Length of the record before the name, in bytes.
pub(crate) const FIXED_LEN: usize = 20;

/// Positions of the fields that edits write.
pub(crate) mod field_at {
    pub(crate) const DATA_SIZE: usize = 4;
    pub(crate) const DATA: usize = 8;
    pub(crate) const KIND: usize = 12;
}

/// Set in the size field when the data lies in the record.
pub(crate) const IN_RECORD: u32 = 0x8000_0000;

/// The name is stored as Latin-1.
pub(crate) const LATIN1_NAME: u16 = 1;

/// A value deleted in a differencing hive.
const TOMBSTONE: u16 = 2;

/// Where a value's data is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// In the record's own data field: this many bytes.
    InRecord(usize),
    /// In the cell at this offset, or in segments named there.
    Cell(CellOffset, usize),
    /// Nowhere: a deleted value of a differencing hive.
    Nowhere,
}

/// A value record inside its cell.
#[derive(Clone, Copy)]
pub(crate) struct ValueRecord<'a> {
    fixed: &'a [u8; FIXED_LEN],
    rest: &'a [u8],
}

impl<'a> ValueRecord<'a> {
    #[inline]
    pub(crate) fn parse(cell: &'a [u8], at: CellOffset) -> Result<Self, Error> {
        match cell.split_first_chunk() {
            Some((fixed, rest)) if cell.starts_with(b"vk") => Ok(ValueRecord { fixed, rest }),
            _ => Err(wrong_record(cell, at, "vk", "value", FIXED_LEN)),
        }
    }

    #[inline]
    pub(crate) fn name(self, at: CellOffset) -> Result<Name<'a>, Error> {
        let is_latin1 = self.flags() & LATIN1_NAME != 0;
        stored_name(
            self.rest,
            le_u16::<2, FIXED_LEN>(self.fixed),
            is_latin1,
            at,
            FIXED_LEN,
        )
    }

    pub(crate) fn kind(self) -> u32 {
        le_u32::<{ field_at::KIND }, FIXED_LEN>(self.fixed)
    }

    fn flags(self) -> u16 {
        le_u16::<16, FIXED_LEN>(self.fixed)
    }

    /// Length of the data, in bytes.
    #[inline]
    pub(crate) fn data_len(self) -> usize {
        let size = le_u32::<{ field_at::DATA_SIZE }, FIXED_LEN>(self.fixed);
        (size & !IN_RECORD) as usize
    }

    /// Where the data is.
    #[inline]
    pub(crate) fn place(self, at: CellOffset) -> Result<Place, Error> {
        let size = le_u32::<{ field_at::DATA_SIZE }, FIXED_LEN>(self.fixed);
        let data = le_u32::<{ field_at::DATA }, FIXED_LEN>(self.fixed);
        let length = self.data_len();
        if size & IN_RECORD != 0 {
            if length > 4 {
                return Err(Error::RecordTooLong {
                    at: at.in_file(),
                    what: "data inside a value record",
                    needed: length as u64,
                    available: 4,
                });
            }
            return Ok(Place::InRecord(length));
        }
        if CellOffset::from_field(data).is_none() && self.flags() & TOMBSTONE != 0 {
            return Ok(Place::Nowhere);
        }
        if length == 0 {
            return Ok(Place::InRecord(0));
        }
        named(data, at, "data").map(|at| Place::Cell(at, length))
    }

    /// The data field itself, of which the first `length` bytes are data.
    #[inline]
    pub(crate) fn data_in_record(self, length: usize) -> &'a [u8] {
        self.fixed
            .get(field_at::DATA..)
            .and_then(|data| data.get(..length.min(4)))
            .unwrap_or_default()
    }
}

/// Whether a data cell with `available` bytes holds segments, not the
/// `length` bytes of data themselves.
#[inline]
pub(crate) fn is_segmented(minor: MinorVersion, length: usize, available: usize) -> bool {
    length > SEGMENT_LEN && minor > MinorVersion::V1_3 && available < length
}

/// The data at the start of its cell.
#[inline]
pub(crate) fn plain_data(cell: &[u8], at: CellOffset, length: usize) -> Result<&[u8], Error> {
    cell.get(..length).ok_or(Error::RecordTooLong {
        at: at.in_file(),
        what: "value data",
        needed: length as u64,
        available: cell.len() as u64,
    })
}

/// The offsets in a value list, `count` of them.
#[inline]
pub(crate) fn list_offsets(cell: &[u8], at: CellOffset, count: u32) -> Result<&[[u8; 4]], Error> {
    let needed = u64::from(count) * 4;
    usize::try_from(needed)
        .ok()
        .and_then(|needed| cell.get(..needed))
        .map(|list| list.as_chunks().0)
        .ok_or(Error::RecordTooLong {
            at: at.in_file(),
            what: "value list",
            needed,
            available: cell.len() as u64,
        })
}

/// Finds the value of that name: its position in the list and its cell.
pub(crate) fn find<S: CellSource>(
    source: S,
    node: KeyNode<'_>,
    at: CellOffset,
    name: Name<'_>,
) -> Result<Option<(usize, CellOffset)>, Error> {
    let Some(at) = node.value_list(at)? else {
        return Ok(None);
    };
    let list = source.cell(at)?;
    for (index, &offset) in list_offsets(list.as_ref(), at, node.value_count())?
        .iter()
        .enumerate()
    {
        let at = CellOffset(u32::from_le_bytes(offset));
        let cell = source.cell(at)?;
        let found = ValueRecord::parse(cell.as_ref(), at)?.name(at)?;
        if found.len() == name.len() && found.compare(name).is_eq() {
            return Ok(Some((index, at)));
        }
    }
    Ok(None)
}

/// A value of a hive in memory.
#[derive(Clone, Copy)]
#[doc(alias = "vk")]
pub struct Value<'h> {
    cells: Cells<'h>,
    at: CellOffset,
    record: ValueRecord<'h>,
}

impl<'h> Value<'h> {
    #[inline]
    pub(crate) fn read(cells: Cells<'h>, at: CellOffset) -> Result<Self, Error> {
        let record = ValueRecord::parse(cells.get(at)?, at)?;
        Ok(Value { cells, at, record })
    }

    /// The name; empty for a key's default value.
    ///
    /// # Errors
    /// When the record is damaged: not to be expected once the hive has been
    /// opened.
    #[inline]
    pub fn name(self) -> Result<Name<'h>, Error> {
        self.record.name(self.at)
    }

    /// The type, one of [`kind`] or any other number.
    pub fn kind(self) -> u32 {
        self.record.kind()
    }

    /// Length of the data, in bytes.
    pub fn data_len(self) -> usize {
        self.record.data_len()
    }

    /// The data: borrowed from the hive, or put together from its segments.
    ///
    /// # Errors
    /// As [`Value::name`].
    #[inline]
    pub fn data(self) -> Result<Cow<'h, [u8]>, Error> {
        match self.record.place(self.at)? {
            Place::InRecord(length) => Ok(Cow::Borrowed(self.record.data_in_record(length))),
            Place::Nowhere => Ok(Cow::Borrowed(&[])),
            Place::Cell(at, length) => {
                let cell = self.cells.get(at)?;
                if is_segmented(self.cells.minor, length, cell.len()) {
                    return big_data::collect(self.cells, cell, at, length).map(Cow::Owned);
                }
                plain_data(cell, at, length).map(Cow::Borrowed)
            }
        }
    }

    /// A string value's text up to its first NUL; `None` for other types.
    pub fn as_string(self) -> Option<String> {
        let is_string = matches!(self.kind(), kind::SZ | kind::EXPAND_SZ | kind::LINK);
        decode::string(self.data().ok().filter(|_| is_string)?.as_ref()).into()
    }

    /// A list value's strings; `None` for other types.
    pub fn as_multi_string(self) -> Option<Vec<String>> {
        let data = self.data().ok().filter(|_| self.kind() == kind::MULTI_SZ)?;
        Some(decode::multi_string(&data))
    }

    /// A 32-bit number of either byte order; `None` for other types or
    /// lengths.
    pub fn as_u32(self) -> Option<u32> {
        decode::dword(self.kind(), &self.data().ok()?)
    }

    /// A 64-bit number; `None` for other types or lengths.
    pub fn as_u64(self) -> Option<u64> {
        decode::qword(self.kind(), &self.data().ok()?)
    }
}

impl fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Value")
            .field("at", &self.at.in_file())
            .field("name", &self.name().map(Name::to_string_lossy))
            .field("kind", &self.kind())
            .field("length", &self.data_len())
            .finish_non_exhaustive()
    }
}

/// Iterates over the values of a key.
pub struct Values<'h> {
    cells: Cells<'h>,
    offsets: std::slice::Iter<'h, [u8; 4]>,
}

impl<'h> Values<'h> {
    #[inline]
    pub(crate) fn of(cells: Cells<'h>, node: KeyNode<'_>, at: CellOffset) -> Result<Self, Error> {
        let offsets = match node.value_list(at)? {
            Some(at) => list_offsets(cells.get(at)?, at, node.value_count())?.iter(),
            None => [].iter(),
        };
        Ok(Values { cells, offsets })
    }
}

impl<'h> Iterator for Values<'h> {
    type Item = Result<Value<'h>, Error>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let at = CellOffset(u32::from_le_bytes(*self.offsets.next()?));
        Some(Value::read(self.cells, at))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.offsets.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(size: u32, data: u32, flags: u16) -> Vec<u8> {
        let mut cell = b"vk\0\0".to_vec();
        for field in [size, data, kind::BINARY, u32::from(flags)] {
            cell.extend(field.to_le_bytes());
        }
        cell
    }

    #[test]
    fn data_is_in_the_record_in_a_cell_or_nowhere() {
        let at = CellOffset(0x20);
        for (size, data, flags, expected) in [
            (IN_RECORD | 3, 0x0403_0201, 0, Some(Place::InRecord(3))),
            (IN_RECORD, 0, 0, Some(Place::InRecord(0))),
            (IN_RECORD | 5, 0, 0, None),
            (5, 0x80, 0, Some(Place::Cell(CellOffset(0x80), 5))),
            (0, 0x80, 0, Some(Place::InRecord(0))),
            (5, u32::MAX, 0, None),
            (0, u32::MAX, TOMBSTONE, Some(Place::Nowhere)),
        ] {
            let cell = record(size, data, flags);
            let found = ValueRecord::parse(&cell, at).unwrap().place(at).ok();
            assert_eq!(
                found, expected,
                "size {size:#x} data {data:#x} flags {flags}"
            );
        }
        let cell = record(IN_RECORD | 3, 0x0403_0201, 0);
        assert_eq!(
            ValueRecord::parse(&cell, at).unwrap().data_in_record(3),
            [1, 2, 3]
        );
    }
}
