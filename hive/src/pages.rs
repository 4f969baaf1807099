//! Which 4096-byte pages of a hive file hold other bytes than when it was
//! opened.

use std::ops::Range;

use crate::offset::FileOffset;

/// Length of a page, in bytes.
pub(crate) const PAGE: u64 = 4096;

/// A set of pages: one bit for each.
#[derive(Clone, Debug, Default)]
pub(crate) struct PageSet {
    words: Vec<u64>,
}

impl PageSet {
    /// Adds the pages that `length` bytes at `at` touch.
    pub(crate) fn add(&mut self, at: FileOffset, length: usize) {
        if length == 0 {
            return;
        }
        let end = at.0 + length as u64;
        for page in at.0 / PAGE..end.div_ceil(PAGE) {
            let word = usize::try_from(page / 64).unwrap_or(usize::MAX);
            if word >= self.words.len() {
                self.words.resize(word + 1, 0);
            }
            if let Some(word) = self.words.get_mut(word) {
                *word |= 1 << (page % 64);
            }
        }
    }

    /// Whether the page of `at` is in the set.
    pub(crate) fn contains(&self, at: FileOffset) -> bool {
        let page = at.0 / PAGE;
        let word = usize::try_from(page / 64).ok().and_then(|word| self.words.get(word));
        word.is_some_and(|word| word >> (page % 64) & 1 != 0)
    }

    /// The pages as merged file ranges; the last one ends where the file of
    /// `length` bytes does.
    pub(crate) fn ranges(&self, length: u64) -> Vec<Range<u64>> {
        let mut ranges: Vec<Range<u64>> = Vec::new();
        for (word, first) in self.words.iter().zip((0_u64..).step_by(64)) {
            for page in (0..64).filter(|bit| word >> bit & 1 != 0).map(|bit| first + bit) {
                let (start, end) = (page * PAGE, (page * PAGE + PAGE).min(length));
                match ranges.last_mut().filter(|range| range.end == start) {
                    Some(range) => range.end = end,
                    None => ranges.push(start..end),
                }
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
        assert!(pages.contains(FileOffset(12287)) && !pages.contains(FileOffset(12288)));
        assert!(!pages.contains(FileOffset(u64::MAX)));
        assert_eq!(pages.ranges(64 * 4096 + 7), [0..12288, 262_144..262_151]);
    }
}
