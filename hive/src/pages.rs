//! Which 4096-byte pages of a hive file hold other bytes than when it was
//! opened.

use std::ops::Range;

use crate::bits::Bits;
use crate::offset::FileOffset;

/// Length of a page, in bytes.
pub(crate) const PAGE: u64 = 4096;

/// The number of the page that `at` lies in.
#[inline]
pub(crate) fn page_of(at: FileOffset) -> usize {
    usize::try_from(at.0 / PAGE).unwrap_or(usize::MAX)
}

/// A set of pages.
#[derive(Clone, Debug, Default)]
pub(crate) struct PageSet {
    pages: Bits,
}

impl PageSet {
    /// Adds the pages that `length` bytes at `at` touch.
    pub(crate) fn add(&mut self, at: FileOffset, length: usize) {
        let Some(last) = length.checked_sub(1) else {
            return;
        };
        for page in page_of(at)..=page_of(FileOffset(at.0 + last as u64)) {
            self.pages.insert(page);
        }
    }

    /// The pages as merged file ranges; the last one ends where the file of
    /// `length` bytes does.
    pub(crate) fn ranges(&self, length: u64) -> Vec<Range<u64>> {
        let mut ranges: Vec<Range<u64>> = Vec::new();
        for page in self.pages.iter() {
            let start = page as u64 * PAGE;
            let end = (start + PAGE).min(length);
            match ranges.last_mut().filter(|range| range.end == start) {
                Some(range) => range.end = end,
                None => ranges.push(start..end),
            }
        }
        ranges
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn touched_pages_are_merged() {
        let mut pages = PageSet::default();
        pages.add(FileOffset(4090), 10);
        pages.add(FileOffset(8192), 1);
        pages.add(FileOffset(64 * 4096), 4096);
        pages.add(FileOffset(90_000), 0);
        assert_eq!(pages.ranges(64 * 4096 + 7), [0..12288, 262_144..262_151]);
    }
}
