//! The fast path: the longest match in sight, put off by a literal where the
//! next position has a better one.

use super::super::offsets::RAISED_BY;
use super::item::{Item, Recent};
use super::parse::LONGEST;
use crate::compress::matches::{Effort, HashChain, Position, Window};

/// Shortest new match worth its offset, and how near it must be.
const SHORTEST: usize = 3;
const FARTHEST_SHORT: usize = 2048;

/// A match and what it saves, in eighths of a byte.
#[derive(Clone, Copy)]
struct Candidate {
    item: Item,
    worth: u32,
}

/// Finds items for one part of a chunk after the other.
#[derive(Debug)]
pub(super) struct Lazy<'a, P, const NODES: usize, const LEN: usize> {
    pub(super) window: &'a Window<LEN>,
    pub(super) chains: &'a mut HashChain<P, NODES>,
    pub(super) effort: Effort,
}

impl<P: Position, const NODES: usize, const LEN: usize> Lazy<'_, P, NODES, LEN> {
    /// Sets `path` to items for the positions `start..end`.
    pub(super) fn find(
        &mut self,
        (start, end): (usize, usize),
        mut recent: Recent,
        path: &mut Vec<Item>,
    ) {
        path.clear();
        // Four bytes are hashed.
        let last = end.saturating_sub(4);
        let mut at = start;
        while at <= last {
            let Some(mut best) = self.best(at, end, SHORTEST - 1, recent) else {
                path.push(Item::LITERAL);
                at += 1;
                continue;
            };
            let mut entered = at + 1;
            while best.item.length() < self.effort.nice && at < last {
                let next = self.best(at + 1, end, best.item.length() - 1, recent);
                entered = at + 2;
                match next {
                    Some(next) if next.worth > best.worth + 4 => best = next,
                    _ => break,
                }
                path.push(Item::LITERAL);
                at += 1;
            }
            path.push(best.item);
            recent = recent.after(best.item);
            at += best.item.length();
            self.chains.skip(self.window, entered, at.min(last + 1));
        }
        path.extend((at..end).map(|_| Item::LITERAL));
    }

    /// Enters `at` and returns the match there that saves most, if it is
    /// longer than `known` or has a recent offset.
    #[inline(always)]
    fn best(&mut self, at: usize, end: usize, known: usize, recent: Recent) -> Option<Candidate> {
        let most = LONGEST.min(end - at);
        let mut best: Option<Candidate> = None;
        let mut better = |item: Item, bits: u32| {
            let worth = (item.length() as u32 * 8).saturating_sub(bits);
            if best.is_none_or(|best| worth > best.worth) {
                best = Some(Candidate { item, worth });
            }
        };
        let found = self
            .chains
            .longest(self.window, at, known, most, self.effort);
        if found.length > SHORTEST || found.length == SHORTEST && found.offset <= FARTHEST_SHORT {
            let raised = found.offset as u32 + RAISED_BY;
            better(Item::of_match(raised, found.length), 8 + raised.ilog2());
        }
        let two = self.window.two(at);
        // At the first position nothing lies behind.
        if at > 1 {
            for (index, offset) in recent.all().into_iter().enumerate() {
                let before = at.wrapping_sub(offset as usize);
                if self.window.two(before) == two {
                    let length = self.window.extend(at, before, 2, most);
                    if length >= SHORTEST {
                        better(Item::of_match(index as u32, length), 7);
                    }
                }
            }
        }
        best
    }
}
