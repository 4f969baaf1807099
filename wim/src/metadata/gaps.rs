//! Bytes of a metadata resource that belong to nothing.

use std::collections::BTreeMap;

use super::Metadata;

/// Free ranges: start and end, apart from each other.
#[derive(Clone, Debug, Default)]
pub(super) struct Gaps(BTreeMap<u32, u32>);

impl Gaps {
    /// What is free between these used ranges, which come in any order.
    pub(super) fn between(mut used: Vec<(u32, u32)>, length: u32) -> Gaps {
        used.sort_unstable();
        let mut gaps = BTreeMap::new();
        let mut end = 0;
        for (start, stop) in used {
            if start > end {
                gaps.insert(end, start);
            }
            end = end.max(stop);
        }
        if end < length {
            gaps.insert(end, length);
        }
        Gaps(gaps)
    }

    /// Frees a range.
    pub(super) fn free(&mut self, start: u32, end: u32) {
        if start >= end {
            return;
        }
        let (mut start, mut end) = (start, end);
        if let Some((before, stop)) = self.0.range(..start).next_back().map(|(a, b)| (*a, *b))
            && stop >= start
        {
            self.0.remove(&before);
            (start, end) = (before, end.max(stop));
        }
        while let Some((next, stop)) = self.0.range(start..=end).next().map(|(a, b)| (*a, *b)) {
            self.0.remove(&next);
            end = end.max(stop);
        }
        self.0.insert(start, end);
    }

    /// Takes a range, of which parts may have been taken before.
    pub(super) fn take(&mut self, start: u32, end: u32) {
        let before = self.0.range(..start).next_back();
        let first = before.map_or(start, |(from, _)| *from);
        let touched: Vec<_> = self.0.range(first..end).map(|(a, b)| (*a, *b)).collect();
        for (from, to) in touched.into_iter().filter(|(_, to)| *to > start) {
            self.0.remove(&from);
            if from < start {
                self.0.insert(from, start);
            }
            if end < to {
                self.0.insert(end, to);
            }
        }
    }

    /// How much is free from `at` on, without a break.
    pub(super) fn room_at(&self, at: u32) -> u32 {
        let gap = self.0.range(..=at).next_back();
        gap.map_or(0, |(_, end)| end.saturating_sub(at))
    }

    /// The smallest gap of at least `length` bytes that starts at `from` or
    /// behind.
    pub(super) fn best(&self, length: u32, from: u32) -> Option<u32> {
        let fitting = self
            .0
            .range(from..)
            .filter(|(start, end)| *end - *start >= length);
        fitting
            .min_by_key(|(start, end)| *end - *start)
            .map(|(start, _)| *start)
    }

    /// The same, for a place that lies in its `unit` as `like` does.
    pub(super) fn best_like(&self, length: u32, from: u32, like: u32, unit: u32) -> Option<u32> {
        let places = self.0.range(from..).filter_map(|(start, end)| {
            let at = start + (like % unit + unit - start % unit) % unit;
            (at <= *end && end - at >= length).then_some((end - start, at))
        });
        places.min().map(|(_, at)| at)
    }

    /// All of them, in order: where each starts and ends.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, u32)> {
        self.0.iter().map(|(start, end)| (*start, *end))
    }

    /// Bytes in all gaps.
    pub(super) fn total(&self) -> u64 {
        self.0
            .iter()
            .map(|(start, end)| u64::from(end - start))
            .sum()
    }
}

/// A list of entries: where it ends, its closing zero included, and the entry
/// of its directory.
#[derive(Clone, Copy, Debug)]
pub(super) struct List {
    pub(super) end: u32,
    pub(super) parent: u32,
}

/// How the bytes of a tree are used.
pub(super) struct Layout {
    /// All lists that have entries, by where they start.
    pub(super) lists: BTreeMap<u32, List>,
    /// What is free between them.
    pub(super) gaps: Gaps,
    /// Directories without entries whose list, nothing but its closing zero,
    /// lies in bytes of something else.
    pub(super) borrowers: Vec<u32>,
}

/// Finds out how the bytes of a tree are used.
pub(super) fn layout(metadata: &Metadata) -> Layout {
    let mut lists = BTreeMap::new();
    let mut empty = Vec::new();
    let mut used = vec![(0, metadata.security.end)];
    if let Some(root) = metadata.root() {
        used.push((root.id().0, root.next() + 8));
    }
    for (_, dentry) in metadata.walk().filter(|(_, dentry)| dentry.is_directory()) {
        let Ok(start) = u32::try_from(dentry.subdir()) else {
            continue;
        };
        let last = metadata.children(&dentry).last();
        match last {
            Some(last) => {
                let list = List {
                    end: last.next() + 8,
                    parent: dentry.id().0,
                };
                used.push((start, list.end));
                lists.insert(start, list);
            }
            None if start > 0 => empty.push((start, dentry.id().0)),
            None => {}
        }
    }
    used.sort_unstable();
    let is_taken = |start: u32| {
        let before = used.partition_point(|(from, _)| *from < start + 8);
        let before = before.checked_sub(1).and_then(|before| used.get(before));
        before.is_some_and(|(_, end)| *end > start)
    };
    let (taken, apart): (Vec<_>, Vec<_>) =
        empty.into_iter().partition(|(start, _)| is_taken(*start));
    // Several directories may have the same zero.
    used.extend(apart.into_iter().map(|(start, _)| (start, start + 8)));
    let length = metadata.bytes().len() as u32;
    Layout {
        lists,
        gaps: Gaps::between(used, length),
        borrowers: taken.into_iter().map(|(_, dentry)| dentry).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_become_one() {
        let mut gaps = Gaps::between(vec![(50, 60), (0, 10), (20, 30)], 100);
        assert_eq!(
            (gaps.total(), gaps.room_at(30), gaps.room_at(31)),
            (10 + 20 + 40, 20, 19)
        );
        gaps.free(20, 30);
        assert_eq!((gaps.room_at(10), gaps.total()), (40, 80));
        gaps.free(50, 60);
        assert_eq!(gaps.room_at(10), 90);
        gaps.take(40, 50);
        assert_eq!((gaps.room_at(10), gaps.room_at(50)), (30, 50));
        assert_eq!(gaps.best(30, 0), Some(10), "the smallest that fits");
        assert_eq!(
            (gaps.best(31, 0), gaps.best(30, 11), gaps.best(51, 0)),
            (Some(50), Some(50), None)
        );
        assert_eq!(
            (gaps.room_at(12), gaps.room_at(45)),
            (28, 0),
            "from inside a gap"
        );
        assert_eq!(gaps.best_like(20, 0, 1013, 10), Some(13));
        assert_eq!(gaps.best_like(28, 0, 1013, 10), Some(53));
        gaps.take(5, 45);
        assert_eq!(gaps.total(), 50);
        gaps.take(60, 200);
        assert_eq!((gaps.total(), gaps.room_at(50)), (10, 10));
    }
}
