//! Which bytes of a file are free: holes, and everything behind the end.

use std::collections::BTreeMap;

/// Free bytes of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Space {
    /// Start and end of each hole.
    holes: BTreeMap<u64, u64>,
    /// Where the used part ends.
    end: u64,
}

impl Space {
    /// A file in which everything up to `end` is used.
    pub(crate) fn used_up_to(end: u64) -> Space {
        Space {
            holes: BTreeMap::new(),
            end,
        }
    }

    /// A file in which these ranges (start, end) are used, in any order.
    pub(crate) fn around(mut used: Vec<(u64, u64)>) -> Space {
        used.sort_unstable();
        let mut space = Space::used_up_to(0);
        for (start, end) in used {
            if start > space.end {
                space.holes.insert(space.end, start);
            }
            space.end = space.end.max(end);
        }
        space
    }

    /// Where the used part ends.
    pub(crate) fn end(&self) -> u64 {
        self.end
    }

    /// Whether anything in front of the end is free.
    pub(crate) fn has_holes(&self) -> bool {
        !self.holes.is_empty()
    }

    /// Bytes in holes.
    pub(crate) fn in_holes(&self) -> u64 {
        self.holes.iter().map(|(start, end)| end - start).sum()
    }

    /// Takes `length` bytes: from the smallest hole that has them (the first
    /// of several), else from the end.
    pub(crate) fn take(&mut self, length: u64) -> u64 {
        let found = self.take_in_front(length, u64::MAX);
        found.unwrap_or_else(|| self.take_end(length))
    }

    /// Takes `length` bytes from the smallest hole that has them in front of
    /// `border`; `None` where none has.
    pub(crate) fn take_in_front(&mut self, length: u64, border: u64) -> Option<u64> {
        let fitting = self
            .holes
            .iter()
            .filter(|(start, end)| (**end).min(border).saturating_sub(**start) >= length);
        let best = fitting.min_by_key(|(start, end)| *end - *start);
        let (start, end) = best.map(|(start, end)| (*start, *end))?;
        self.holes.remove(&start);
        if end - start > length {
            self.holes.insert(start + length, end);
        }
        Some(start)
    }

    /// Takes `length` bytes from the end.
    pub(crate) fn take_end(&mut self, length: u64) -> u64 {
        let start = self.end;
        self.end += length;
        start
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_hole_is_taken() {
        let mut space = Space::around(vec![
            (400, 410),
            (0, 100),
            (150, 200),
            (220, 300),
            (250, 260),
        ]);
        assert_eq!((space.end(), space.in_holes()), (410, 50 + 20 + 100));
        assert_eq!(space.take(15), 200, "the smallest that fits");
        assert_eq!(space.take(60), 300);
        assert_eq!(space.take(60), 410, "none fits");
        assert_eq!(space.take(40), 360);
        assert_eq!(space.take(50), 100);
        assert_eq!(
            (space.take(5), space.in_holes(), space.end()),
            (215, 0, 470)
        );
    }
}
