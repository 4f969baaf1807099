//! The cheapest way to write a block, given what items cost.
//!
//! From left to right every position passes on what it costs to be reached,
//! with each item that may follow. The recent offsets are those of the
//! cheapest way so far: another way might leave better ones, so the result is
//! near the optimum, not at it.

use super::cache::MatchCache;
use super::costs::{Costs, GROUP, LENGTHS};
use super::item::{Item, Recent};
use super::way::{Step, Way};
use crate::compress::matches::Window;

/// Longest match.
pub(super) const LONGEST: usize = 257;

/// Positions that can be reached from one; so many before it are there for
/// groups that begin with lengths below 2.
const REACH: usize = GROUP + LONGEST + 1;

/// What a path is looked for: the positions `start..end` of the window, and the
/// recent offsets at its start.
#[derive(Clone, Copy, Debug)]
pub(super) struct Block {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) recent: Recent,
}

/// The working memory.
#[derive(Clone, Debug, Default)]
pub(super) struct Parser {
    ways: Vec<Way>,
    recent: Vec<Recent>,
}

impl Parser {
    /// Sets `path` to the items of a block of the window, whose matches `cache`
    /// holds.
    ///
    /// `QUICK` takes matches in their full length only.
    pub(super) fn parse<const LEN: usize, const QUICK: bool>(
        &mut self,
        window: &Window<LEN>,
        cache: &MatchCache,
        costs: &Costs,
        Block { start, end, recent }: Block,
        nice: usize,
        path: &mut Vec<Item>,
    ) {
        let count = end - start;
        self.ways.clear();
        self.ways.resize(count + REACH, Way::NONE);
        self.recent.clear();
        self.recent.resize(count + 1, recent);
        if let Some(first) = self.ways.get_mut(GROUP) {
            *first = Way::start();
        }

        let mut done = 0;
        while done < count {
            let ways = self.ways.get_mut(done..);
            let Some(ways) = ways.and_then(|ways| ways.first_chunk_mut::<REACH>()) else {
                break;
            };
            let item = ways[GROUP].item();
            let base = ways[GROUP].base();
            let before = self.recent.get(done.saturating_sub(item.length()));
            let recent = before.copied().unwrap_or_default().after(item);
            if let Some(place) = self.recent.get_mut(done) {
                *place = recent;
            }

            let at = start.wrapping_add(done);
            let literal = costs.literals[usize::from(window.byte(at))];
            ways[GROUP + 1] = ways[GROUP + 1].or(base.and(literal).way());

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
            let Some(way) = self.ways.get(GROUP + at) else {
                break;
            };
            path.push(way.item());
            at = at.saturating_sub(way.item().length().max(1));
        }
        path.reverse();
    }
}

/// Reaches further with a match, in the lengths of `shortest..=longest` and
/// some below, which it has as well.
#[inline(always)]
fn reach(
    ways: &mut [Way; REACH],
    shortest: usize,
    longest: usize,
    base: Step,
    row: &[Step; LENGTHS],
) {
    let mut first = longest.wrapping_sub(GROUP - 1);
    loop {
        let from = first.wrapping_add(GROUP);
        let ways = ways
            .get_mut(from..)
            .and_then(|ways| ways.first_chunk_mut::<GROUP>());
        let row = row.get(from..).and_then(|row| row.first_chunk::<GROUP>());
        let (Some(ways), Some(row)) = (ways, row) else {
            return;
        };
        let [way0, way1, way2, way3] = *ways;
        let [step0, step1, step2, step3] = *row;
        *ways = [
            way0.or(base.and(step0).way()),
            way1.or(base.and(step1).way()),
            way2.or(base.and(step2).way()),
            way3.or(base.and(step3).way()),
        ];
        if first <= shortest || first > longest {
            return;
        }
        first = first.wrapping_sub(GROUP);
    }
}
