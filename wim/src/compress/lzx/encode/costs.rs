//! What each item costs, in parts of a bit ([`BIT`]).

use super::super::offsets::EXTRA_BITS;
use super::super::{ALIGNED_SYMBOLS, LENGTH_SYMBOLS, LITERALS};
use super::item::Item;
use super::statistics::{LONG_MATCH, Statistics, header};
use super::way::Step;
use crate::compress::log2::{BIT, log2};

/// Lengths that are compared at once, down from any length of 2 or more.
pub(super) const GROUP: usize = 4;

/// Entries of a row: the lengths from -[`GROUP`] to 257. Those below 2 cost too
/// much to be taken.
pub(super) const LENGTHS: usize = GROUP + 258;

/// Costs of literals and of matches by slot and length.
#[derive(Clone, Debug)]
pub(super) struct Costs {
    pub(super) literals: [Step; LITERALS],
    /// Main symbol, length symbol and extra bits, but for the lowest three.
    pub(super) matches: Box<[[Step; LENGTHS]; 64]>,
    /// The three lowest bits of an offset that has as many extra bits, behind
    /// the nothing of one that has not.
    aligned: [[u32; ALIGNED_SYMBOLS]; 2],
}

impl Default for Costs {
    fn default() -> Self {
        Costs {
            literals: [Step::default(); LITERALS],
            matches: Box::new([[Step::new(1 << 28, 0); LENGTHS]; 64]),
            aligned: [[0; ALIGNED_SYMBOLS]; 2],
        }
    }
}

impl Costs {
    /// Costs before anything is known but the bytes themselves.
    pub(super) fn guess(&mut self, bytes: &[u8], slots: usize) {
        let mut counts = [0_u32; LITERALS];
        for &byte in bytes {
            counts[usize::from(byte)] += 1;
        }
        let total = log2(bytes.len() as u32);
        for (cost, &count) in self.literals.iter_mut().zip(&counts) {
            *cost = literal((total - log2(count)).clamp(3 * BIT, 11 * BIT));
        }
        let lengths = [6 * BIT; LENGTH_SYMBOLS];
        let mut main = [[0; 8]; 64];
        for (slot, costs) in main.iter_mut().enumerate() {
            let recent = if slot < 3 { 5 } else { 7 };
            *costs = [0, 0, 0, 1, 1, 2, 2, 0].map(|more| (recent + more) * BIT);
        }
        self.fill_matches(&main, &lengths, slots);
        self.aligned[1] = [3 * BIT; ALIGNED_SYMBOLS];
    }

    /// Costs where symbols are as frequent as `statistics` says.
    pub(super) fn learn(&mut self, statistics: &Statistics, slots: usize) {
        let main = entropy(&statistics.main[..LITERALS + slots * 8]);
        for (cost, symbol) in self.literals.iter_mut().zip(0..) {
            *cost = literal(main(statistics.main[symbol]));
        }
        let length = entropy(&statistics.length);
        let lengths = statistics.length.map(length);
        let mut headers = [[0; 8]; 64];
        let (symbols, _) = statistics.main[LITERALS..].as_chunks::<8>();
        for (costs, symbols) in headers.iter_mut().zip(symbols) {
            *costs = symbols.map(&main);
        }
        self.fill_matches(&headers, &lengths, slots);

        let aligned = entropy(&statistics.aligned);
        let costs = statistics.aligned.map(aligned);
        let spent: u64 = statistics
            .aligned
            .iter()
            .zip(&costs)
            .map(|(&count, &cost)| u64::from(count) * u64::from(cost))
            .sum();
        let count: u64 = statistics
            .aligned
            .iter()
            .map(|&count| u64::from(count))
            .sum();
        // The code itself takes 24 bits.
        let pays = spent + u64::from(24 * BIT) < count * u64::from(3 * BIT);
        self.aligned[1] = costs.map(|cost| if pays { cost } else { 3 * BIT });
    }

    fn fill_matches(
        &mut self,
        main: &[[u32; 8]; 64],
        lengths: &[u32; LENGTH_SYMBOLS],
        slots: usize,
    ) {
        for (slot, row) in self.matches.iter_mut().enumerate().take(slots) {
            let extra = match u32::from(EXTRA_BITS[slot]) {
                few @ 0..3 => few * BIT,
                many => (many - 3) * BIT,
            };
            let step = |length, cost| Step::new(cost, Item::of_match(0, length).bits());
            let (short, long) = row[GROUP..].split_at_mut(LONG_MATCH);
            for (length, place) in short.iter_mut().enumerate().skip(2) {
                *place = step(length, main[slot][header(length)] + extra);
            }
            let header = main[slot][7] + extra;
            for ((place, cost), length) in long.iter_mut().zip(lengths).zip(LONG_MATCH..) {
                *place = step(length, header + cost);
            }
        }
    }

    /// The raised offset, and the part of its cost that is not in the row of
    /// its slot.
    #[inline(always)]
    pub(super) fn offset_step(&self, slot: usize, raised: u32) -> Step {
        // From slot 8 on there are three extra bits.
        let aligned = self.aligned[usize::from(slot >= 8)][raised as usize & 7];
        Step::new(aligned, raised)
    }
}

fn literal(cost: u32) -> Step {
    Step::new(cost, Item::LITERAL.bits())
}

/// Cost of a symbol by how often it is used; an unused one costs some more
/// than one used once, as it would if it came to be used.
fn entropy(counts: &[u32]) -> impl Fn(u32) -> u32 {
    let total = log2(counts.iter().sum());
    move |count| {
        let cost = if count == 0 {
            total + BIT
        } else {
            total.saturating_sub(log2(count))
        };
        cost.clamp(BIT, 16 * BIT)
    }
}
