//! How often each symbol is used.

use super::super::offsets::{EXTRA_BITS, SLOT_BASES};
use super::super::{
    ALIGNED_SYMBOLS, LENGTH_SYMBOLS, LITERALS, LONG_HEADER, MOST_MAIN, SHORTEST_MATCH,
};
use super::item::{Item, slot};
use crate::compress::matches::Window;

/// Length header of a match, and whether a length symbol follows.
#[inline(always)]
pub(super) fn header(length: usize) -> usize {
    (length - SHORTEST_MATCH).min(usize::from(LONG_HEADER))
}

/// Shortest match that has a length symbol.
pub(super) const LONG_MATCH: usize = SHORTEST_MATCH + LONG_HEADER as usize;

/// Frequencies of the symbols of all codes.
#[derive(Clone, Debug)]
pub(super) struct Statistics {
    pub(super) main: [u32; MOST_MAIN],
    pub(super) length: [u32; LENGTH_SYMBOLS],
    pub(super) aligned: [u32; ALIGNED_SYMBOLS],
}

impl Default for Statistics {
    fn default() -> Self {
        Statistics {
            main: [0; MOST_MAIN],
            length: [0; LENGTH_SYMBOLS],
            aligned: [0; ALIGNED_SYMBOLS],
        }
    }
}

impl Statistics {
    /// Counts exactly `items`, which begin at `at`.
    pub(super) fn of<const LEN: usize>(&mut self, window: &Window<LEN>, at: usize, items: &[Item]) {
        *self = Statistics::default();
        let mut at = at;
        for &item in items {
            self.count(item, window.byte(at));
            at = at.wrapping_add(item.length());
        }
    }

    /// Counts an item; `byte` is that of a literal.
    #[inline(always)]
    pub(super) fn count(&mut self, item: Item, byte: u8) {
        if item.is_literal() {
            self.main[usize::from(byte)] += 1;
            return;
        }
        let raised = item.raised();
        let slot = slot(raised);
        let length = item.length();
        self.main[LITERALS + slot * 8 + header(length)] += 1;
        if length >= LONG_MATCH {
            self.length[length - LONG_MATCH] += 1;
        }
        if EXTRA_BITS[slot] >= 3 {
            // The bases of such slots are multiples of 8.
            debug_assert!(SLOT_BASES[slot].is_multiple_of(8));
            self.aligned[raised as usize & 7] += 1;
        }
    }

    pub(super) fn add(&mut self, other: &Statistics) {
        let add = |to: &mut [u32], from: &[u32]| {
            for (to, from) in to.iter_mut().zip(from) {
                *to += from;
            }
        };
        add(&mut self.main, &other.main);
        add(&mut self.length, &other.length);
        add(&mut self.aligned, &other.aligned);
    }
}
