//! Where new cells go: free cells first, then a new bin behind the last one.
//!
//! The index of free cells is built in one pass over the bins before the first
//! edit. A cell is taken from the smallest free one it fits into, at its
//! front; what is left stays free. Free cells on pages that differ already
//! come first, so that an edit changes few pages. A freed cell is merged with
//! free neighbours in its bin. Only size fields are written: what a freed cell
//! held stays there until the room is used again.

use std::collections::BTreeSet;

use crate::base_block::MAX_BINS_SIZE;
use crate::bin::{self, BIN_ALIGNMENT, BIN_HEADER_LEN, Bins};
use crate::bits::Bits;
use crate::cell::BinCells;
use crate::error::Error;
use crate::field::u32_at;
use crate::hive::Hive;
use crate::offset::{BASE_BLOCK_LEN, CELL_ALIGNMENT, CellOffset, FileOffset};
use crate::pages::{PAGE, page_of};

/// Windows pads the file of a live hive to a multiple of this, in bytes.
const FILE_PADDING: usize = 256 * 1024;

/// A page that has not been written to yet is better one with room for the
/// next few cells, too, in bytes: holes of just the right size are scattered
/// over the hive, and each would make another page differ.
const ROOM_AHEAD: u32 = 512;

/// The free cells of a hive, by size and by place. Their sizes are in the bins.
#[derive(Clone, Debug, Default)]
pub(crate) struct FreeCells {
    /// Whether the page has not been written to, size, offset.
    by_size: BTreeSet<(bool, u32, u32)>,
    /// What was left of the cell that was cut last, not in the set above: it
    /// is mostly the next one to be cut. Offset, size.
    rest: Option<(u32, u32)>,
    /// Offsets, in units of the cells' alignment.
    starts: Bits,
    /// Offsets at which bins start, in units of their alignment.
    bins: Bits,
    /// Pages of the file that edits have written to.
    warm: Bits,
}

/// The number of a place where a cell can start.
fn unit(at: u32) -> usize {
    at as usize / CELL_ALIGNMENT as usize
}

impl FreeCells {
    /// Finds all free cells of bins that the structure check has passed.
    pub(crate) fn index(bins: &[u8]) -> Self {
        let mut free = FreeCells {
            starts: Bits::with_room(bins.len() / CELL_ALIGNMENT as usize),
            ..FreeCells::default()
        };
        let mut found = Vec::new();
        for bin in Bins::new(bins).flatten() {
            free.add_bin(bin.start);
            for cell in BinCells::new(bins, bin)
                .flatten()
                .filter(|cell| !cell.is_allocated)
            {
                free.starts.insert(unit(cell.at.0));
                found.push((true, cell.size, cell.at.0));
            }
        }
        // From a sorted list the set is built in one go.
        found.sort_unstable();
        free.by_size = found.into_iter().collect();
        free
    }

    fn add_bin(&mut self, start: u32) {
        self.bins.insert((start / BIN_ALIGNMENT) as usize);
    }

    fn is_cold(&self, at: u32) -> bool {
        !self.warm.contains(page_of(CellOffset(at).in_file()))
    }

    fn insert(&mut self, at: u32, size: u32) {
        self.starts.insert(unit(at));
        self.by_size.insert((self.is_cold(at), size, at));
    }

    /// Adds what is left of a cell that has been cut.
    fn insert_rest(&mut self, at: u32, size: u32) {
        self.starts.insert(unit(at));
        if let Some((at, size)) = self.rest.replace((at, size)) {
            self.insert(at, size);
        }
    }

    fn remove(&mut self, at: u32, size: u32) {
        self.starts.remove(unit(at));
        if self.rest == Some((at, size)) {
            self.rest = None;
        } else {
            self.by_size.remove(&(self.is_cold(at), size, at));
        }
    }

    /// Whether a free cell starts at `at`.
    fn contains(&self, at: u32) -> bool {
        self.starts.contains(unit(at))
    }

    /// The last free cell before `at` in the same bin.
    fn before(&self, at: u32) -> Option<u32> {
        let page = (at / BIN_ALIGNMENT) as usize;
        let bin = self.bins.last_below(page + 1, 0)? * BIN_ALIGNMENT as usize;
        let found = self
            .starts
            .last_below(unit(at), bin / CELL_ALIGNMENT as usize)?;
        u32::try_from(found * CELL_ALIGNMENT as usize).ok()
    }

    /// Takes out the smallest free cell of at least `size` bytes, on a page
    /// that has been written to if there is one.
    fn take(&mut self, size: u32) -> Option<(u32, u32)> {
        let smallest = |is_cold: bool, size: u32| {
            let fitting = (is_cold, size, 0)..=(is_cold, u32::MAX, u32::MAX);
            self.by_size
                .range(fitting)
                .next()
                .map(|&(_, size, at)| (size, at))
        };
        // The rest was written to when it was cut.
        let rest = self
            .rest
            .map(|(at, size)| (size, at))
            .filter(|&(found, _)| found >= size);
        let (found, at) = smallest(false, size)
            .into_iter()
            .chain(rest)
            .min()
            .or_else(|| smallest(true, size.max(ROOM_AHEAD)))
            .or_else(|| smallest(true, size))?;
        self.remove(at, found);
        Some((at, found))
    }
}

/// The size of a cell for a record of `length` bytes.
fn cell_size(length: usize) -> Result<u32, Error> {
    u32::try_from(length)
        .ok()
        .and_then(|length| {
            length
                .checked_add(4)?
                .checked_next_multiple_of(CELL_ALIGNMENT)
        })
        .filter(|&size| size <= MAX_BINS_SIZE)
        .ok_or(Error::Full {
            size: length as u64,
            limit: u64::from(MAX_BINS_SIZE),
        })
}

impl Hive {
    /// Refuses an edit that may need `length` more bytes than the hive can
    /// ever hold, before it has changed anything.
    pub(crate) fn require_room(&self, length: usize) -> Result<(), Error> {
        // Lists that have to move and the ends of bins: at most a few times
        // the largest list, which has 65535 elements.
        const SLACK: u64 = 4 * 1024 * 1024;
        let size = u64::from(self.layout.bins_size) + length as u64 + SLACK;
        let limit = u64::from(MAX_BINS_SIZE);
        if size > limit {
            return Err(Error::Full { size, limit });
        }
        Ok(())
    }

    /// Allocates a cell for a record of `length` bytes. Its content is what
    /// was there before.
    pub(crate) fn allocate(&mut self, length: usize) -> Result<CellOffset, Error> {
        let size = cell_size(length)?;
        let (at, found) = match self.edit.free.take(size) {
            Some(found) => found,
            None => self.append_bin(size)?,
        };
        self.occupy(at, size, found);
        Ok(CellOffset(at))
    }

    /// Makes the first `size` of `found` bytes at `at` a cell in use, the rest
    /// a free one.
    fn occupy(&mut self, at: u32, size: u32, found: u32) {
        if let Some(rest) = found.checked_sub(size).filter(|&rest| rest > 0) {
            self.write_u32(CellOffset(at + size), 0, rest);
            self.edit.free.insert_rest(at + size, rest);
        }
        self.write_u32(CellOffset(at), 0, size.wrapping_neg());
    }

    /// Learns that an edit has written to the page of `at`: its free cells
    /// are the first to be used.
    pub(crate) fn warm_up(&mut self, at: FileOffset) {
        let page = page_of(at);
        if at.0 < BASE_BLOCK_LEN as u64 || self.edit.free.warm.contains(page) {
            return;
        }
        let start = at.0 / PAGE * PAGE - BASE_BLOCK_LEN as u64;
        let first = unit(u32::try_from(start).unwrap_or(u32::MAX));
        let mut end = first + PAGE as usize / CELL_ALIGNMENT as usize;
        let mut free = Vec::new();
        while let Some(found) = self.edit.free.starts.last_below(end, first) {
            let at = u32::try_from(found * CELL_ALIGNMENT as usize).unwrap_or(u32::MAX);
            free.push((at, self.free_size(at)));
            end = found;
        }
        for &(at, size) in &free {
            self.edit.free.remove(at, size);
        }
        self.edit.free.warm.insert(page);
        for (at, size) in free {
            self.edit.free.insert(at, size);
        }
    }

    /// Size of the free cell at `at`.
    fn free_size(&self, at: u32) -> u32 {
        u32_at(self.cells().bins, CellOffset(at).index()).unwrap_or(0)
    }

    /// Frees the cell at `at`.
    pub(crate) fn free(&mut self, at: CellOffset) {
        let Some(mut size) = self.size_of(at) else {
            return;
        };
        // The freed cell itself, too: a handle of a deleted key must not find
        // an allocated cell.
        self.write_u32(at, 0, size);
        let mut start = at.0;
        let after = at.0 + size;
        if self.edit.free.contains(after) {
            let its_size = self.free_size(after);
            self.edit.free.remove(after, its_size);
            size += its_size;
        }
        if let Some(before) = self.edit.free.before(start) {
            let its_size = self.free_size(before);
            if before + its_size == start {
                self.edit.free.remove(before, its_size);
                start = before;
                size += its_size;
            }
        }
        self.write_u32(CellOffset(start), 0, size);
        self.edit.free.insert(start, size);
    }

    /// Makes room for a record of `length` bytes in place of the one in the
    /// cell at `at`: there if it fits, there with the free cell behind it, or
    /// elsewhere. The content is kept; the cell never shrinks.
    pub(crate) fn reallocate(
        &mut self,
        at: CellOffset,
        length: usize,
    ) -> Result<CellOffset, Error> {
        let needed = cell_size(length)?;
        let size = self.size_of(at).unwrap_or(0);
        if needed <= size {
            return Ok(at);
        }
        let behind = at.0 + size;
        if self.edit.free.contains(behind) {
            let free = self.free_size(behind);
            if size + free >= needed {
                self.edit.free.remove(behind, free);
                self.occupy(at.0, needed, size + free);
                return Ok(at);
            }
        }
        let moved = self.allocate(length)?;
        let content = self.cells().get(at)?.to_vec();
        self.write(moved, 0, &content);
        self.free(at);
        Ok(moved)
    }

    /// Size of the allocated cell at `at`, its size field included.
    fn size_of(&self, at: CellOffset) -> Option<u32> {
        let field = u32_at(self.cells().bins, at.index())?;
        let size = field.cast_signed().checked_neg()?;
        u32::try_from(size).ok()
    }

    /// Adds a bin with one free cell of at least `size` bytes.
    fn append_bin(&mut self, size: u32) -> Result<(u32, u32), Error> {
        let start = self.layout.bins_size;
        let full = |size: u64| Error::Full {
            size,
            limit: u64::from(MAX_BINS_SIZE),
        };
        let bin_size = size
            .checked_add(BIN_HEADER_LEN)
            .and_then(|size| size.checked_next_multiple_of(BIN_ALIGNMENT))
            .ok_or_else(|| full(u64::from(size)))?;
        let end = start
            .checked_add(bin_size)
            .filter(|&end| end <= MAX_BINS_SIZE)
            .ok_or_else(|| full(u64::from(start) + u64::from(bin_size)))?;
        let file_end = BASE_BLOCK_LEN + end as usize;
        if self.bytes.len() < file_end {
            // A file that ended with its last bin goes on doing so; a padded
            // one stays padded.
            let is_padded = self.bytes.len() > BASE_BLOCK_LEN + start as usize;
            let length = if is_padded {
                file_end.next_multiple_of(FILE_PADDING)
            } else {
                file_end
            };
            self.changed.add(
                FileOffset(self.bytes.len() as u64),
                length - self.bytes.len(),
            );
            self.bytes.resize(length, 0);
        }
        self.layout.bins_size = end;
        self.edit.free.add_bin(start);
        // What lay behind the last bin may be anything.
        let file_start = CellOffset(start).in_file();
        self.write_file(file_start, &vec![0; bin_size as usize]);
        self.write_file(file_start, &bin::header(start, bin_size));
        self.write_bins_size();
        let (at, size) = (start + BIN_HEADER_LEN, bin_size - BIN_HEADER_LEN);
        self.write_u32(CellOffset(at), 0, size);
        Ok((at, size))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base_block::MinorVersion;
    use crate::hive::FileTime;

    /// A new hive with an index, and the offset of its only free cell.
    fn hive() -> (Hive, u32) {
        let descriptor = crate::acl::inherited_security(&{
            let mut empty = vec![0; 20];
            empty[0] = 1;
            empty[3] = 0x80;
            empty
        })
        .unwrap();
        let mut hive = Hive::create(MinorVersion::V1_5, "root", &descriptor, FileTime(1)).unwrap();
        hive.begin_edit().unwrap();
        let (at, _) = free_cells(&hive)[0];
        (hive, at)
    }

    /// Offset and size of the free cells: as indexed, and as they are.
    fn free_cells(hive: &Hive) -> Vec<(u32, u32)> {
        let sorted = |free: &FreeCells| {
            let sizes = free.by_size.iter().map(|&(_, size, at)| (at, size));
            let mut cells: Vec<_> = sizes.chain(free.rest).collect();
            cells.sort_unstable();
            let starts = free.starts.iter().map(|unit| unit as u32 * CELL_ALIGNMENT);
            assert!(
                starts.eq(cells.iter().map(|&(at, _)| at)),
                "starts and sizes differ"
            );
            cells
        };
        let indexed = sorted(&hive.edit.free);
        assert_eq!(
            sorted(&FreeCells::index(hive.cells().bins)),
            indexed,
            "index and bins differ"
        );
        for &(is_cold, _, at) in &hive.edit.free.by_size {
            assert_eq!(is_cold, hive.edit.free.is_cold(at));
        }
        indexed
    }

    #[test]
    fn freed_neighbours_are_merged_whatever_the_order() {
        for order in [
            [0, 1, 2],
            [0, 2, 1],
            [1, 0, 2],
            [1, 2, 0],
            [2, 0, 1],
            [2, 1, 0],
        ] {
            let (mut hive, _) = hive();
            let before = free_cells(&hive);
            let cells = [20, 33, 100].map(|length| hive.allocate(length).unwrap());
            assert_ne!(free_cells(&hive), before);
            for index in order {
                hive.free(cells[index]);
                free_cells(&hive);
            }
            assert_eq!(free_cells(&hive), before, "{order:?}");
        }
    }

    #[test]
    fn the_smallest_free_cell_that_fits_is_taken() {
        let (mut hive, first) = hive();
        let cells = [100, 4, 40, 4, 60, 4].map(|length| hive.allocate(length).unwrap());
        hive.free(cells[0]);
        hive.free(cells[2]);
        hive.free(cells[4]);
        assert_eq!(hive.allocate(50).unwrap(), cells[4]);
        assert_eq!(hive.allocate(30).unwrap(), cells[2]);
        assert_eq!(hive.allocate(90).unwrap(), CellOffset(first));
    }

    #[test]
    fn a_bin_is_added_where_nothing_fits() {
        let (mut hive, _) = hive();
        let end = hive.layout.bins_size;
        let at = hive.allocate(4096 - 32 - 3).unwrap();
        assert_eq!(at.0, end + 32);
        assert_eq!(
            hive.layout.bins_size,
            end + 8192,
            "a cell of 4072 bytes and the header"
        );
        assert_eq!(hive.bytes.len(), 4096 + hive.layout.bins_size as usize);
        // Neither cell may merge across the bin's header.
        hive.free(at);
        assert_eq!(free_cells(&hive).len(), 2);
    }

    #[test]
    fn cells_grow_in_place_where_the_next_one_is_free() {
        let (mut hive, _) = hive();
        let cells = [40, 40, 4].map(|length| hive.allocate(length).unwrap());
        hive.write(cells[0], 0, b"content");
        hive.free(cells[1]);
        assert_eq!(hive.reallocate(cells[0], 80).unwrap(), cells[0]);
        let moved = hive.reallocate(cells[0], 200).unwrap();
        assert_ne!(moved, cells[0]);
        assert!(hive.cells().get(moved).unwrap().starts_with(b"content"));
        assert!(hive.cells().get(cells[0]).is_err(), "the old place is free");
        free_cells(&hive);
    }

    #[test]
    fn what_cannot_fit_is_refused() {
        assert!(matches!(cell_size(usize::MAX), Err(Error::Full { .. })));
        assert!(matches!(cell_size(0x8000_0000), Err(Error::Full { .. })));
        assert_eq!(
            (
                cell_size(0).unwrap(),
                cell_size(4).unwrap(),
                cell_size(5).unwrap()
            ),
            (8, 8, 16)
        );
    }
}
