//! Plain chunk into XPRESS: lazy matching.
//!
//! A match is put off by a literal when the next position has a clearly better
//! one, or the position after that.

use super::bits::UnitWriter;
use super::{END, LENGTHS_LEN, LITERALS, SHORTEST_MATCH, SYMBOLS};
use crate::compress::encoder::Level;
use crate::compress::huffman::{CodeBuilder, EncodeTable};
use crate::compress::matches::{Effort, GROUP, HashChain, Match, Window, zeros};

/// Largest chunk.
const MOST: usize = 1 << 16;

/// Longest code word.
const LONGEST_WORD: usize = 15;

/// A match of three bytes farther away than this costs more than literals.
const FARTHEST_SHORT: usize = 4096;

/// Encoder for all chunk sizes.
#[derive(Debug)]
pub(in crate::compress) struct XpressEncoder {
    effort: Effort,
    window: Window<{ 2 * MOST + GROUP }>,
    chains: HashChain<u16, MOST>,
    /// Literals: the byte. Matches: the offset, and above it the length.
    items: Box<[u32; MOST]>,
    /// How many items there are: no more than bytes.
    count: usize,
    weights: [u32; SYMBOLS],
    builder: CodeBuilder,
    code: EncodeTable<SYMBOLS>,
}

impl XpressEncoder {
    pub(in crate::compress) fn new(level: Level) -> Self {
        XpressEncoder {
            effort: match level {
                Level::Fast => Effort { depth: 8, nice: 32 },
                Level::Normal => Effort {
                    depth: 24,
                    nice: 64,
                },
            },
            window: Window::default(),
            chains: HashChain::default(),
            items: zeros(),
            count: 0,
            weights: [0; SYMBOLS],
            builder: CodeBuilder::default(),
            code: EncodeTable::default(),
        }
    }

    /// Appends the compressed chunk to `out`, whatever its size.
    pub(in crate::compress) fn encode(&mut self, plain: &[u8], out: &mut Vec<u8>) {
        self.window.load(plain);
        self.chains.clear();
        self.count = 0;
        self.weights.fill(0);
        self.find_items(1 + plain.len());
        self.weights[END] += 1;
        self.code
            .build(&mut self.builder, &self.weights, LONGEST_WORD);
        out.reserve(LENGTHS_LEN + plain.len());
        let (pairs, _) = self.code.lengths.as_chunks::<2>();
        out.extend(pairs.iter().map(|[even, odd]| even | odd << 4));
        self.write(out);
    }

    /// Sets the items and their weights, for a chunk that ends at `end`.
    fn find_items(&mut self, end: usize) {
        let lazy = Effort {
            depth: self.effort.depth / 2,
            ..self.effort
        };
        // Four bytes are hashed.
        let last = end.saturating_sub(4);
        let mut at = 1;
        while at <= last {
            let mut best = self.longest(at, SHORTEST_MATCH - 1, end, self.effort);
            if best.length == 0 {
                self.literal(at);
                at = at.wrapping_add(1);
                continue;
            }
            let mut entered = at + 1;
            while best.length < self.effort.nice && at < last {
                let next = self.longest(at + 1, best.length.wrapping_sub(1), end, lazy);
                entered = at + 2;
                if next.length == 0 || !is_better(next, best, 2) {
                    break;
                }
                self.literal(at);
                at = at.wrapping_add(1);
                best = next;
            }
            self.take(at, best, entered, last);
            at = at.wrapping_add(best.length);
        }
        while at < end {
            self.literal(at);
            at += 1;
        }
    }

    #[inline(always)]
    fn longest(&mut self, at: usize, known: usize, end: usize, effort: Effort) -> Match {
        let most = end.wrapping_sub(at);
        let found = self.chains.longest(&self.window, at, known, most, effort);
        if found.length == SHORTEST_MATCH && found.offset > FARTHEST_SHORT {
            return Match::default();
        }
        found
    }

    #[inline(always)]
    fn push(&mut self, item: u32, symbol: usize) {
        self.items[self.count & (MOST - 1)] = item;
        self.count = self.count.wrapping_add(1);
        let weight = &mut self.weights[symbol & (SYMBOLS - 1)];
        *weight = weight.wrapping_add(1);
    }

    #[inline(always)]
    fn literal(&mut self, at: usize) {
        let byte = self.window.byte(at);
        self.push(byte.into(), byte.into());
    }

    /// Takes a match at `at`; the positions before `entered` are entered.
    #[inline(always)]
    fn take(&mut self, at: usize, found: Match, entered: usize, last: usize) {
        let item = (found.length as u32) << 16 | found.offset as u32;
        self.push(item, symbol(found));
        let behind = at.wrapping_add(found.length).min(last.wrapping_add(1));
        self.chains.skip(&self.window, entered, behind);
    }

    fn write(&self, out: &mut Vec<u8>) {
        let mut bits = UnitWriter::new(out);
        for &item in self.items.iter().take(self.count) {
            if item < LITERALS as u32 {
                let (word, length) = self.code.word(item as usize);
                bits.put(word, length);
                continue;
            }
            let item = Match {
                length: (item >> 16) as usize,
                offset: item as usize & 0xFFFF,
            };
            let (word, length) = self.code.word(symbol(item));
            bits.put(word, length);
            let length = item.length.wrapping_sub(SHORTEST_MATCH);
            if length >= 15 {
                match u8::try_from(length - 15) {
                    Ok(byte @ ..=254) => bits.byte(byte),
                    _ => {
                        // A chunk has at most 65536 bytes, one of them in
                        // front of the match.
                        let [low, high] = (length as u16).to_le_bytes();
                        bits.byte(255);
                        bits.byte(low);
                        bits.byte(high);
                    }
                }
            }
            let offset_bits = item.offset.ilog2();
            bits.put(item.offset as u32 ^ 1 << offset_bits, offset_bits);
        }
        let (word, length) = self.code.word(END);
        bits.put(word, length);
        bits.finish();
    }
}

/// The symbol of a match.
#[inline(always)]
fn symbol(found: Match) -> usize {
    let offset_bits = found.offset.ilog2() as usize;
    LITERALS + (offset_bits << 4 | found.length.wrapping_sub(SHORTEST_MATCH).min(15))
}

/// Whether `next` saves at least `margin` quarters of a byte more than `best`.
#[inline(always)]
fn is_better(next: Match, best: Match, margin: i32) -> bool {
    let length = next.length as i32 - best.length as i32;
    let offset = best.offset.ilog2() as i32 - next.offset.ilog2() as i32;
    4 * length + offset > margin
}
