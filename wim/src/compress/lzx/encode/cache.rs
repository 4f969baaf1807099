//! All matches of a part of the chunk, found once and looked at by every pass.

use super::super::offsets::RAISED_BY;
use super::item::slot_of_new;
use super::parse::LONGEST;
use crate::compress::matches::{BinaryTree, Effort, Position, Window};

/// A match: raised offset, its slot, and the length.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found(u64);

impl Found {
    #[inline(always)]
    fn new(length: usize, offset: usize) -> Found {
        let raised = (offset as u32).wrapping_add(RAISED_BY);
        Found((length as u64) << 40 | (slot_of_new(raised) as u64) << 32 | u64::from(raised))
    }

    #[inline(always)]
    pub(super) fn length(self) -> usize {
        (self.0 >> 40) as usize
    }

    #[inline(always)]
    pub(super) fn slot(self) -> usize {
        (self.0 >> 32) as usize & 63
    }

    #[inline(always)]
    pub(super) fn raised(self) -> u32 {
        self.0 as u32
    }
}

/// The matches at each position, from the shortest to the longest.
#[derive(Clone, Debug, Default)]
pub(super) struct MatchCache {
    first: usize,
    matches: Vec<Found>,
    /// Where each position's matches begin; one more at the end.
    starts: Vec<u32>,
}

/// Matches kept for each position on average; behind that, positions get none.
const KEPT: usize = 12;

impl MatchCache {
    /// Finds the matches of positions `start..end` of a chunk that ends at
    /// `chunk_end`.
    pub(super) fn fill<P: Position, const NODES: usize, const LEN: usize>(
        &mut self,
        tree: &mut BinaryTree<P, NODES>,
        window: &Window<LEN>,
        (start, end): (usize, usize),
        chunk_end: usize,
        effort: Effort,
    ) {
        self.first = start;
        self.matches.resize((end - start) * KEPT, Found(0));
        self.starts.clear();
        let mut count = 0;
        let mut at = start;
        while at < end {
            self.starts.push(count as u32);
            let most = LONGEST.min(chunk_end.wrapping_sub(at));
            if most < 3 {
                at += 1;
                continue;
            }
            let matches = &mut self.matches;
            let best = tree.look_up(window, at, most, effort, |length, offset| {
                if let Some(place) = matches.get_mut(count) {
                    *place = Found::new(length, offset);
                    count += 1;
                }
            });
            at += 1;
            if best >= effort.nice {
                // Taken as it is: what lies inside is entered only.
                for _ in 1..best {
                    if at == end {
                        break;
                    }
                    self.starts.push(count as u32);
                    let most = LONGEST.min(chunk_end - at);
                    if most >= 3 {
                        tree.look_up(window, at, most, effort, |_, _| {});
                    }
                    at += 1;
                }
            }
        }
        self.starts.push(count as u32);
    }

    /// The matches at `at`.
    #[inline(always)]
    pub(super) fn at(&self, at: usize) -> &[Found] {
        let [start, end] = match self.starts.get(at - self.first..) {
            Some([start, end, ..]) => [*start, *end],
            _ => [0, 0],
        };
        let matches = self.matches.get(start as usize..end as usize);
        matches.unwrap_or_default()
    }
}
