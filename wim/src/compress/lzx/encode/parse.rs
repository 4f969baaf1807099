//! The cheapest way to write a block, given what items cost.
//!
//! From left to right every position passes on what it costs to be reached,
//! with each item that may follow. The recent offsets are those of the
//! cheapest way so far: another way might leave better ones, so the result is
//! near the optimum, not at it.

use super::cache::MatchCache;
use super::costs::{Costs, LENGTHS};
use super::item::{Item, Recent};
use super::way::{Step, Way};
use crate::compress::matches::Window;

/// Longest match.
pub(super) const LONGEST: usize = 257;

/// Positions that can be reached from one, itself included.
const REACH: usize = LONGEST + 1;

/// The working memory.
#[derive(Clone, Debug, Default)]
pub(super) struct Parser {
    ways: Vec<Way>,
    recent: Vec<Recent>,
}

impl Parser {
    /// Sets `path` to the items of the block of positions `start..end` of the
    /// window; `cache` holds its matches. Returns the recent offsets at its
    /// end.
    ///
    /// `QUICK` takes matches in their full length only.
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
        self.ways.clear();
        self.ways.resize(count + REACH, Way::NONE);
        self.recent.clear();
        self.recent.resize(count + 1, recent);
        if let Some(first) = self.ways.first_mut() {
            *first = Way::start();
        }

        let mut done = 0;
        while done < count {
            let ways = self.ways.get_mut(done..);
            let Some(ways) = ways.and_then(|ways| ways.first_chunk_mut::<REACH>()) else {
                break;
            };
            let item = ways[0].item();
            let base = ways[0].base();
            let before = self.recent.get(done.saturating_sub(item.length()));
            let recent = before.copied().unwrap_or_default().after(item);
            if let Some(place) = self.recent.get_mut(done) {
                *place = recent;
            }

            let at = start.wrapping_add(done);
            let literal = costs.literals[usize::from(window.byte(at))];
            ways[1] = ways[1].or(base.and(literal).way());

            let most = LONGEST.min(count.wrapping_sub(done));
            if most < 2 {
                break;
            }
            let matches = cache.at(at);
            // The longest match of all, taken as it is where it is long enough.
            let longest = matches.last().map_or(0, |found| found.length().min(most));
            let two = window.two(at);
            let mut jump = 1;
            // At the first position nothing lies behind; later every recent
            // offset has been used or is 1.
            if at > 1 {
                for (index, offset) in recent.all().into_iter().enumerate() {
                    let before = at.wrapping_sub(offset as usize);
                    if window.two(before) != two {
                        continue;
                    }
                    let length = window.extend(at, before, 2, most);
                    let is_nice = length >= nice && length >= longest;
                    let from = if QUICK || is_nice { length } else { 2 };
                    let base = base.and(Step::new(0, index as u32));
                    reach(ways, from, length, base, &costs.matches[index]);
                    if is_nice {
                        jump = length;
                        break;
                    }
                }
            }
            if jump == 1 {
                let mut from = 2;
                for found in matches {
                    let length = found.length().min(most);
                    let base = base.and(costs.offset_step(found.slot(), found.raised()));
                    let row = &costs.matches[found.slot()];
                    if length >= nice {
                        reach(ways, length, length, base, row);
                        jump = length;
                        break;
                    }
                    reach(ways, if QUICK { length } else { from }, length, base, row);
                    from = length.wrapping_add(1);
                }
            }
            done = done.wrapping_add(jump);
        }

        path.clear();
        let mut at = count;
        while at > 0 {
            let Some(way) = self.ways.get(at) else {
                break;
            };
            path.push(way.item());
            at = at.saturating_sub(way.item().length().max(1));
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
    ways: &mut [Way; REACH],
    shortest: usize,
    longest: usize,
    base: Step,
    row: &[Step; LENGTHS],
) {
    let range = shortest..longest.wrapping_add(1);
    let ways = ways.get_mut(range.clone()).unwrap_or_default();
    let row = row.get(range).unwrap_or_default();
    for (way, &step) in ways.iter_mut().zip(row) {
        *way = way.or(base.and(step).way());
    }
}
