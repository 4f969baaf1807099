//! Big data (`db`): a value above 16344 bytes, cut into segments.
//!
//! From version 1.4 on, such a value's cell holds a `db` record: a 16-bit
//! segment count and the offset of a list of segment cells. Each segment holds
//! 16344 bytes, the last one the rest (in a cell as long as the others). Up to 1.3, and where tools other than
//! Windows wrote, the value lies in one cell whatever its size; the length of
//! that cell tells the two apart.

use crate::cell::CellSource;
use crate::error::Error;
use crate::field::{u16_at, u32_at};
use crate::key::{named, wrong_record};
use crate::offset::CellOffset;

/// Most bytes of data in one segment, and in one cell from 1.4 on.
pub(crate) const SEGMENT_LEN: usize = 16344;

/// Length of the record, in bytes.
pub(crate) const RECORD_LEN: usize = 8;

/// A `db` record: how many segments, and where their list is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BigData {
    pub(crate) segments: u16,
    pub(crate) list: CellOffset,
}

impl BigData {
    /// Reads the record of a value of `length` bytes; the segment count has to
    /// fit the length.
    pub(crate) fn parse(cell: &[u8], at: CellOffset, length: usize) -> Result<Self, Error> {
        let (true, Some(segments), Some(list)) =
            (cell.starts_with(b"db"), u16_at(cell, 2), u32_at(cell, 4))
        else {
            return Err(wrong_record(cell, at, "db", "big data record", RECORD_LEN));
        };
        let needed = u32::try_from(length.div_ceil(SEGMENT_LEN)).unwrap_or(u32::MAX);
        if u32::from(segments) != needed {
            return Err(Error::BigDataSegments {
                at: at.in_file(),
                found: segments,
                needed,
            });
        }
        Ok(BigData {
            segments,
            list: named(list, at, "segment list")?,
        })
    }

    /// The offsets in the list's cell.
    pub(crate) fn segments(self, list: &[u8]) -> Result<impl Iterator<Item = CellOffset>, Error> {
        let needed = usize::from(self.segments) * 4;
        let offsets = list.get(..needed).ok_or(Error::RecordTooLong {
            at: self.list.in_file(),
            what: "segment list",
            needed: needed as u64,
            available: list.len() as u64,
        })?;
        Ok(offsets
            .as_chunks()
            .0
            .iter()
            .map(|&offset| CellOffset(u32::from_le_bytes(offset))))
    }
}

/// Length of segment `index` of a value of `length` bytes.
pub(crate) fn segment_len(length: usize, index: usize) -> usize {
    length.saturating_sub(index * SEGMENT_LEN).min(SEGMENT_LEN)
}

/// A segment's data inside its cell.
pub(crate) fn segment(cell: &[u8], at: CellOffset, length: usize) -> Result<&[u8], Error> {
    cell.get(..length).ok_or(Error::RecordTooLong {
        at: at.in_file(),
        what: "big data segment",
        needed: length as u64,
        available: cell.len() as u64,
    })
}

/// Puts the segments of a value of `length` bytes together.
pub(crate) fn collect<S: CellSource>(
    source: S,
    record: &[u8],
    at: CellOffset,
    length: usize,
) -> Result<Vec<u8>, Error> {
    let record = BigData::parse(record, at, length)?;
    // Each segment is a part of the hive, so all of them cannot be more.
    let limit = source.bins_size() as usize;
    if length > limit {
        return Err(Error::RecordTooLong {
            at: at.in_file(),
            what: "big data",
            needed: length as u64,
            available: limit as u64,
        });
    }
    let list = source.cell(record.list)?;
    let mut data = Vec::with_capacity(length);
    for (index, at) in record.segments(list.as_ref())?.enumerate() {
        let cell = source.cell(at)?;
        data.extend_from_slice(segment(cell.as_ref(), at, segment_len(length, index))?);
    }
    Ok(data)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_segment_count_has_to_fit_the_length() {
        let cell = [b'd', b'b', 2, 0, 0x40, 0, 0, 0];
        let at = CellOffset(0x20);
        assert!(BigData::parse(&cell, at, 16345).is_ok());
        assert!(BigData::parse(&cell, at, 2 * SEGMENT_LEN).is_ok());
        for length in [SEGMENT_LEN, 2 * SEGMENT_LEN + 1, usize::MAX] {
            assert!(matches!(
                BigData::parse(&cell, at, length),
                Err(Error::BigDataSegments { found: 2, .. })
            ));
        }
        assert!(matches!(
            BigData::parse(b"db", at, 16345),
            Err(Error::RecordTooLong { .. })
        ));
        assert_eq!(
            [
                segment_len(16345, 0),
                segment_len(16345, 1),
                segment_len(16345, 2)
            ],
            [16344, 1, 0]
        );
    }
}
