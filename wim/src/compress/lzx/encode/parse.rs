//! The cheapest way to write a block, given what items cost.
//!
//! From left to right every position passes on what it costs to be reached,
//! with each item that may follow. The recent offsets are those of the
//! cheapest way so far: another way might leave better ones, so the result is
//! near the optimum, not at it.

use super::super::offsets::{EXTRA_BITS, RAISED_BY};
use super::cache::MatchCache;
use super::costs::Costs;
use super::item::{Item, Recent, slot};
use crate::compress::matches::Window;

/// Longest match.
pub(super) const LONGEST: usize = 257;

const UNREACHED: u32 = u32::MAX >> 1;

/// The working memory.
#[derive(Clone, Debug, Default)]
pub(super) struct Parser {
    costs: Vec<u32>,
    /// The last item on the way to each position.
    items: Vec<u32>,
    recent: Vec<Recent>,
}

impl Parser {
    /// Sets `path` to the items of the block of positions `start..end` of the
    /// window; `cache` holds its matches from `first` on. Returns the recent
    /// offsets at its end.
    #[expect(clippy::too_many_arguments, reason = "one call each, of one function")]
    pub(super) fn parse<const LEN: usize>(
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
        self.costs.clear();
        self.costs.resize(count + 1, UNREACHED);
        self.items.clear();
        self.items.resize(count + 1, 0);
        self.recent.clear();
        self.recent.resize(count + 1, recent);
        self.costs[0] = 0;

        let mut done = 0;
        while done < count {
            let cost = self.costs[done];
            if cost == UNREACHED {
                done += 1;
                continue;
            }
            let mut recent = recent;
            if done > 0 {
                let item = Item::from_bits(self.items[done]);
                recent = self.recent[done - item.length()].after(item);
                self.recent[done] = recent;
            }
            let at = start + done;
            let byte = window.byte(at);
            self.reach(
                done,
                cost + u32::from(costs.literals[usize::from(byte)]),
                Item::LITERAL,
            );

            let most = LONGEST.min(count - done);
            if most < 2 {
                done += 1;
                continue;
            }
            let two = window.two(at);
            let mut jump = 0;
            for (index, offset) in recent.all().into_iter().enumerate() {
                let before = at.wrapping_sub(offset as usize);
                // Position 0 is in front of the chunk.
                if before.wrapping_sub(1) >= at || window.two(before) != two {
                    continue;
                }
                let length = window.extend(at, before, 2, most);
                let row = &costs.matches[index];
                if length >= nice {
                    let item = Item::of_match(index as u32, length);
                    self.reach(done, cost + u32::from(row[length]), item);
                    jump = length;
                    break;
                }
                self.reach_all(done, 2, length, cost, row, index as u32);
            }
            if jump != 0 {
                done += jump;
                continue;
            }

            let mut from = 2;
            for found in cache.at(at) {
                let length = found.length().min(most);
                if length < from {
                    break;
                }
                let raised = found.offset() + RAISED_BY;
                let slot = slot(raised);
                let mut cost = cost;
                if EXTRA_BITS[slot] >= 3 {
                    cost += u32::from(costs.aligned[raised as usize & 7]);
                }
                let row = &costs.matches[slot];
                if length >= nice {
                    let item = Item::of_match(raised, length);
                    self.reach(done, cost + u32::from(row[length]), item);
                    jump = length;
                    break;
                }
                self.reach_all(done, from, length, cost, row, raised);
                from = length + 1;
            }
            done += jump.max(1);
        }

        path.clear();
        let mut at = count;
        while at > 0 {
            let item = Item::from_bits(self.items[at]);
            path.push(item);
            at -= item.length();
        }
        path.reverse();
        let last = Item::from_bits(self.items[count]);
        self.recent[count - last.length()].after(last)
    }

    #[inline(always)]
    fn reach(&mut self, from: usize, cost: u32, item: Item) {
        let to = from + item.length();
        if cost < self.costs[to] {
            self.costs[to] = cost;
            self.items[to] = item.bits();
        }
    }

    /// Reaches further with a match in each length of `shortest..=longest`.
    #[inline(always)]
    fn reach_all(
        &mut self,
        from: usize,
        shortest: usize,
        longest: usize,
        cost: u32,
        row: &[u16],
        raised: u32,
    ) {
        let mut item = Item::of_match(raised, shortest).bits();
        let costs = &mut self.costs[from + shortest..=from + longest];
        let items = &mut self.items[from + shortest..=from + longest];
        let row = &row[shortest..=longest];
        for ((known, known_item), &more) in costs.iter_mut().zip(items).zip(row) {
            let cost = cost + u32::from(more);
            if cost < *known {
                *known = cost;
                *known_item = item;
            }
            item += 1;
        }
    }
}
