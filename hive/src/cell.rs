//! Cells: the pieces that tile a bin, each starting with its own size.
//!
//! The size counts its own four bytes; it is negative while the cell is in
//! use. Everything after it is the record. Records name cells by their offset,
//! and every such offset is a claim: [`Cells::get`] checks it each time, which
//! costs a comparison or two.

use crate::base_block::MinorVersion;
use crate::bin::Bin;
use crate::error::Error;
use crate::field::u32_at;
use crate::offset::{BASE_BLOCK_LEN, CELL_ALIGNMENT, CellOffset, FileOffset};

/// Something that gives out cells: a hive in memory, or one that is read page
/// by page. Look-ups are written once, on top of this.
pub(crate) trait CellSource: Copy {
    /// The bytes of a cell after its size field.
    type Cell: AsRef<[u8]>;

    /// The allocated cell at `at`.
    ///
    /// # Errors
    /// Where no allocated cell can be there.
    fn cell(self, at: CellOffset) -> Result<Self::Cell, Error>;

    /// Size of the bins, in bytes: a bound for everything counted.
    fn bins_size(self) -> u32;
}

/// All cells of a hive in memory.
#[derive(Clone, Copy)]
pub(crate) struct Cells<'h> {
    pub(crate) bins: &'h [u8],
    pub(crate) minor: MinorVersion,
}

impl<'h> Cells<'h> {
    /// The bytes of the allocated cell at `at`, its size field not included.
    ///
    /// # Errors
    /// [`Error::CellOutside`], [`Error::CellNotAllocated`].
    #[inline]
    pub(crate) fn get(self, at: CellOffset) -> Result<&'h [u8], Error> {
        let Some((size, rest)) = self
            .bins
            .get(at.index()..)
            .and_then(|rest| rest.split_first_chunk::<4>())
        else {
            return Err(self.outside(at));
        };
        let size = allocated_len(i32::from_le_bytes(*size))
            .ok_or(Error::CellNotAllocated { at: at.in_file() })?;
        rest.get(..size).ok_or_else(|| self.outside(at))
    }

    #[cold]
    fn outside(self, at: CellOffset) -> Error {
        Error::CellOutside {
            at: at.in_file(),
            end: FileOffset((BASE_BLOCK_LEN + self.bins.len()) as u64),
        }
    }
}

impl<'h> CellSource for Cells<'h> {
    type Cell = &'h [u8];

    #[inline]
    fn cell(self, at: CellOffset) -> Result<&'h [u8], Error> {
        self.get(at)
    }

    fn bins_size(self) -> u32 {
        u32::try_from(self.bins.len()).unwrap_or(u32::MAX)
    }
}

/// The bytes after the size field that an allocated cell with this size field
/// holds; `None` when the cell is free or the size impossible.
#[inline]
pub(crate) fn allocated_len(size: i32) -> Option<usize> {
    let length = size.checked_neg()?.checked_sub(4)?;
    usize::try_from(length).ok()
}

/// One cell, found by walking a bin.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CellSpan {
    pub(crate) at: CellOffset,
    /// Its length with the size field, in bytes.
    pub(crate) size: u32,
    pub(crate) is_allocated: bool,
}

/// Walks the cells of a bin in order; ends after the first error.
pub(crate) struct BinCells<'h> {
    bins: &'h [u8],
    next: u32,
    end: u32,
}

impl<'h> BinCells<'h> {
    pub(crate) fn new(bins: &'h [u8], bin: Bin) -> Self {
        BinCells {
            bins,
            next: bin.start + crate::bin::BIN_HEADER_LEN,
            end: bin.start + bin.size,
        }
    }
}

impl Iterator for BinCells<'_> {
    type Item = Result<CellSpan, Error>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.next >= self.end {
            return None;
        }
        let at = CellOffset(self.next);
        let available = self.end - self.next;
        let field = u32_at(self.bins, at.index()).unwrap_or(0).cast_signed();
        let size = field.unsigned_abs();
        let error = if size == 0 || !size.is_multiple_of(CELL_ALIGNMENT) {
            Error::CellSize {
                at: at.in_file(),
                size,
            }
        } else if size > available {
            Error::CellTooLong {
                at: at.in_file(),
                size,
                available,
            }
        } else {
            self.next += size;
            return Some(Ok(CellSpan {
                at,
                size,
                is_allocated: field < 0,
            }));
        };
        self.next = self.end;
        Some(Err(error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bin_with(sizes: &[i32]) -> Vec<u8> {
        let mut bin = crate::bin::header(0, 4096).to_vec();
        for size in sizes {
            let start = bin.len();
            bin.extend(size.to_le_bytes());
            bin.resize(
                start + usize::try_from(size.unsigned_abs()).unwrap().max(4),
                0,
            );
        }
        bin.resize(4096, 0);
        bin
    }

    fn walk(bytes: &[u8]) -> Vec<Result<CellSpan, Error>> {
        BinCells::new(
            bytes,
            Bin {
                start: 0,
                size: 4096,
            },
        )
        .collect()
    }

    #[test]
    fn cells_tile_their_bin() {
        let bin = bin_with(&[-16, 8, -(4096 - 32 - 24)]);
        let cells: Vec<_> = walk(&bin).into_iter().map(Result::unwrap).collect();
        assert_eq!(cells.len(), 3);
        assert!(cells[0].is_allocated && !cells[1].is_allocated);
        let source = Cells {
            bins: &bin,
            minor: MinorVersion::V1_5,
        };
        assert_eq!(source.get(cells[0].at).unwrap().len(), 12);
        assert!(matches!(
            source.get(cells[1].at),
            Err(Error::CellNotAllocated { .. })
        ));
        assert!(matches!(
            source.get(CellOffset(4096)),
            Err(Error::CellOutside { .. })
        ));
    }

    #[test]
    fn impossible_sizes_end_the_walk() {
        assert!(matches!(
            walk(&bin_with(&[-12]))[0],
            Err(Error::CellSize { size: 12, .. })
        ));
        assert!(matches!(
            walk(&bin_with(&[0]))[0],
            Err(Error::CellSize { size: 0, .. })
        ));
        let mut bin = bin_with(&[-16]);
        bin[32..36].copy_from_slice(&i32::MIN.to_le_bytes());
        assert!(matches!(
            walk(&bin)[0],
            Err(Error::CellTooLong {
                size: 0x8000_0000,
                ..
            })
        ));
        assert_eq!(allocated_len(i32::MIN), None);
        assert_eq!(allocated_len(-4), Some(0));
        assert_eq!(allocated_len(-1), None);
    }
}
