//! Positions in a hive, in the two ways they are counted.
//!
//! Records name each other by offsets from the end of the base block; people,
//! hex editors and error messages count from the start of the file. The two
//! must never be mixed, so they are two types.

use std::fmt;

/// Length of the base block, in bytes: where cell offset 0 lies in the file.
pub(crate) const BASE_BLOCK_LEN: usize = 4096;

/// Alignment of cells, and the smallest cell, in bytes.
pub(crate) const CELL_ALIGNMENT: u32 = 8;

/// What an offset field holds when it names no cell.
pub(crate) const NO_CELL: u32 = u32::MAX;

/// Position of a cell, in bytes from the end of the base block (not from the
/// start of the file; see [`CellOffset::in_file`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CellOffset(pub(crate) u32);

impl CellOffset {
    /// Reads an offset field. `None` where the field says "no cell".
    #[inline]
    pub fn from_field(field: u32) -> Option<Self> {
        (field != NO_CELL).then_some(CellOffset(field))
    }

    /// The same position counted from the start of the file, as error
    /// messages and hex editors count.
    #[inline]
    pub fn in_file(self) -> FileOffset {
        FileOffset(BASE_BLOCK_LEN as u64 + u64::from(self.0))
    }

    /// As an index into the bins.
    #[inline]
    pub(crate) fn index(self) -> usize {
        // Lossless: the crate is for targets with at least 32-bit addresses.
        self.0 as usize
    }
}

/// Position in the hive file, in bytes from its start. Shown in hexadecimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileOffset(pub u64);

impl fmt::Display for FileOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_counted_from_the_end_of_the_base_block() {
        assert_eq!(
            CellOffset::from_field(0x20).unwrap().in_file().to_string(),
            "0x1020"
        );
        assert_eq!(CellOffset::from_field(u32::MAX), None);
    }
}
