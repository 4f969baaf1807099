//! Where a new block, with codes of its own, is worth its header.

use super::item::Item;
use super::statistics::Statistics;
use crate::compress::log2::{BIT, log2};
use crate::compress::matches::Window;

/// Bytes of the smallest part looked at.
const PART: usize = 2048;

/// What a block of its own must save, in bits: its header takes about half, and
/// codes for few items fit less well than their entropy promises.
const HEADER: u64 = 1400;

/// A part of the items, with what it would cost by itself.
#[derive(Clone, Debug)]
struct Part {
    bytes: usize,
    statistics: Statistics,
    cost: u64,
}

/// Splits the items of a part of the chunk that begins at `start`: bytes of
/// each block.
pub(super) fn split<const LEN: usize>(
    window: &Window<LEN>,
    start: usize,
    items: &[Item],
) -> Vec<usize> {
    let mut parts = Vec::new();
    let mut at = start;
    let mut part = Statistics::default();
    let mut from = start;
    for &item in items {
        part.count(item, window.byte(at));
        at += item.length();
        if at - from >= PART {
            parts.push(Part::new(at - from, std::mem::take(&mut part)));
            from = at;
        }
    }
    if at > from {
        parts.push(Part::new(at - from, part));
    }
    // Neighbours are joined as long as that saves anything, the best pair
    // first.
    let mut joined: Vec<Part> = parts
        .windows(2)
        .map(|pair| pair[0].with(&pair[1]))
        .collect();
    while let Some((index, _)) = joined
        .iter()
        .enumerate()
        .map(|(index, both)| {
            let apart = parts[index].cost + parts[index + 1].cost + HEADER * u64::from(BIT);
            (index, apart as i64 - both.cost as i64)
        })
        .filter(|&(_, saved)| saved > 0)
        .max_by_key(|&(index, saved)| (saved, std::cmp::Reverse(index)))
    {
        parts[index] = joined.remove(index);
        parts.remove(index + 1);
        if index > 0 {
            joined[index - 1] = parts[index - 1].with(&parts[index]);
        }
        if index < joined.len() {
            joined[index] = parts[index].with(&parts[index + 1]);
        }
    }
    parts.iter().map(|part| part.bytes).collect()
}

impl Part {
    fn new(bytes: usize, statistics: Statistics) -> Self {
        let cost = entropy(&statistics.main) + entropy(&statistics.length);
        Part {
            bytes,
            statistics,
            cost,
        }
    }

    fn with(&self, next: &Part) -> Part {
        let mut statistics = self.statistics.clone();
        statistics.add(&next.statistics);
        Part::new(self.bytes + next.bytes, statistics)
    }
}

/// What the symbols counted take together.
fn entropy(counts: &[u32]) -> u64 {
    let mut total = 0;
    let mut saved = 0;
    for &count in counts {
        if count != 0 {
            total += count;
            saved += u64::from(count) * u64::from(log2(count));
        }
    }
    u64::from(total) * u64::from(log2(total)) - saved.min(u64::from(total) * u64::from(log2(total)))
}
