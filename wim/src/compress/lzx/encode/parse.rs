//! The cheapest way to write a block, given what items cost.
//!
//! From left to right every position passes on what it costs to be reached,
//! with each item that may follow. The recent offsets are those of the
//! cheapest way so far: another way might leave better ones, so the result is
//! near the optimum, not at it.

use super::super::offsets::{EXTRA_BITS, RAISED_BY};
use super::cache::MatchCache;
use super::costs::{Costs, LENGTHS};
use super::item::{Item, ONE_LONGER, Recent, slot};
use crate::compress::matches::Window;

/// Longest match.
pub(super) const LONGEST: usize = 257;

/// How a position is reached: what that costs, above the bits of the last
/// item. The lesser of two nodes is the cheaper way.
type Node = u64;

const UNREACHED: Node = Node::MAX;

/// Nodes that can be reached from one.
const REACH: usize = LONGEST + 1;

/// The working memory.
#[derive(Clone, Debug, Default)]
pub(super) struct Parser {
    nodes: Vec<Node>,
    recent: Vec<Recent>,
}

#[inline(always)]
fn node(cost: u32, item: Item) -> Node {
    u64::from(cost) << 32 | u64::from(item.bits())
}

impl Parser {
    /// Sets `path` to the items of the block of positions `start..end` of the
    /// window; `cache` holds its matches. Returns the recent offsets at its
    /// end.
    #[expect(clippy::too_many_arguments, reason = "one call each, of one function")]
    pub(super) fn parse<const LEN: usize, const QUICK: bool>(
        &mut self,
        window: &Window<LEN>,
        cache: &MatchCache,
        costs: &Costs,
        (start, end): (usize, usize),
        recent: Recent,
        nice: usize,
        path: &mut Vec<Item>,
    ) -> Recent {
        let count = end - start;
        self.nodes.clear();
        self.nodes.resize(count + REACH, UNREACHED);
        self.recent.clear();
        self.recent.resize(count + 1, recent);
        // Before the first item: as if a literal had come for nothing.
        if let Some(first) = self.nodes.first_mut() {
            *first = node(0, Item::LITERAL);
        }

        let mut done = 0;
        while done < count {
            let Some(reached) = self
                .nodes
                .get_mut(done..)
                .and_then(|nodes| nodes.first_chunk_mut::<REACH>())
            else {
                break;
            };
            let cost = (reached[0] >> 32) as u32;
            let item = Item::from_bits(reached[0] as u32);
            let before = self.recent.get(done.saturating_sub(item.length()));
            let recent = before.copied().unwrap_or_default().after(item);
            if let Some(place) = self.recent.get_mut(done) {
                *place = recent;
            }

            let at = start + done;
            let literal = cost.wrapping_add(costs.literals[usize::from(window.byte(at))].into());
            reached[1] = reached[1].min(node(literal, Item::LITERAL));

            let most = LONGEST.min(count - done);
            if most < 2 {
                done += 1;
                continue;
            }
            // The longest match of all, taken as it is where it is long enough.
            let longest = cache
                .at(at)
                .next_back()
                .map_or(0, |found| found.length().min(most));
            let two = window.two(at);
            let mut jump = 1;
            for (index, offset) in recent.all().into_iter().enumerate() {
                let before = at.wrapping_sub(offset as usize);
                // Position 0 is in front of the chunk.
                if before.wrapping_sub(1) >= at || window.two(before) != two {
                    continue;
                }
                let length = window.extend(at, before, 2, most);
                let row = &costs.matches[index];
                if length >= nice && length >= longest {
                    reach(reached, length, length, cost, row, index as u32);
                    jump = length;
                    break;
                }
                reach(
                    reached,
                    if QUICK { length } else { 2 },
                    length,
                    cost,
                    row,
                    index as u32,
                );
            }
            if jump == 1 {
                let mut from = 2;
                for found in cache.at(at) {
                    let length = found.length().min(most);
                    let raised = found.offset() + RAISED_BY;
                    let slot = slot(raised);
                    let mut cost = cost;
                    if EXTRA_BITS[slot & 63] >= 3 {
                        cost = cost.wrapping_add(costs.aligned[raised as usize & 7].into());
                    }
                    let row = &costs.matches[slot & 63];
                    if length >= nice {
                        reach(reached, length, length, cost, row, raised);
                        jump = length;
                        break;
                    }
                    reach(
                        reached,
                        if QUICK { length } else { from },
                        length,
                        cost,
                        row,
                        raised,
                    );
                    from = length + 1;
                }
            }
            done += jump;
        }

        path.clear();
        let mut at = count;
        while at > 0 {
            let item = Item::from_bits(self.nodes.get(at).copied().unwrap_or_default() as u32);
            path.push(item);
            at = at.saturating_sub(item.length().max(1));
        }
        path.reverse();
        let Some(last) = path.last() else {
            return recent;
        };
        let before = self.recent.get(count.saturating_sub(last.length()));
        before.copied().unwrap_or_default().after(*last)
    }
}

/// Reaches further with a match, in each length of `shortest..=longest`.
#[inline(always)]
fn reach(
    reached: &mut [Node; REACH],
    shortest: usize,
    longest: usize,
    cost: u32,
    row: &[u16; LENGTHS],
    raised: u32,
) {
    let nodes = reached.get_mut(shortest..longest + 1).unwrap_or_default();
    let row = row.get(shortest..longest + 1).unwrap_or_default();
    let mut next = node(cost, Item::of_match(raised, shortest));
    for (known, &more) in nodes.iter_mut().zip(row) {
        *known = (*known).min(next.wrapping_add(u64::from(more) << 32));
        next = next.wrapping_sub(ONE_LONGER);
    }
}
