//! Writing a block.

use super::super::offsets::{EXTRA_BITS, SLOT_BASES};
use super::super::{ALIGNED_SYMBOLS, DEFAULT_BLOCK, LENGTH_SYMBOLS, LITERALS, MOST_MAIN};
use super::item::{Item, slot};
use super::statistics::{LONG_MATCH, Statistics, header};
use super::write_lengths::write_lengths;
use crate::compress::bit_writer::BitWriter;
use crate::compress::huffman::{CodeBuilder, EncodeTable};
use crate::compress::matches::Window;

/// Longest words of the main and the length code, and of the aligned offset
/// code.
const LONGEST_WORD: usize = 16;
const LONGEST_ALIGNED: usize = 7;

/// Codes and what they were in the block before.
#[derive(Clone, Debug, Default)]
pub(super) struct BlockWriter {
    builder: CodeBuilder,
    main: EncodeTable<MOST_MAIN>,
    length: EncodeTable<LENGTH_SYMBOLS>,
    aligned: EncodeTable<ALIGNED_SYMBOLS>,
    main_before: Lengths<MOST_MAIN>,
    length_before: Lengths<LENGTH_SYMBOLS>,
}

#[derive(Clone, Debug)]
struct Lengths<const SYMBOLS: usize>([u8; SYMBOLS]);

impl<const SYMBOLS: usize> Default for Lengths<SYMBOLS> {
    fn default() -> Self {
        Lengths([0; SYMBOLS])
    }
}

/// What is the same for all blocks of a chunk.
#[derive(Clone, Copy, Debug)]
pub(super) struct Form {
    /// Offset slots of the window.
    pub(super) slots: usize,
    /// Whether block sizes have 24 bits.
    pub(super) long_sizes: bool,
}

impl BlockWriter {
    /// Begins a chunk.
    pub(super) fn clear(&mut self) {
        self.main_before = Lengths::default();
        self.length_before = Lengths::default();
    }

    /// Writes `items`, which `statistics` counts, as the block of `size` bytes
    /// that begins at `start`.
    pub(super) fn write<const LEN: usize>(
        &mut self,
        bits: &mut BitWriter<'_>,
        form: Form,
        window: &Window<LEN>,
        (start, size): (usize, usize),
        items: &[Item],
        statistics: &Statistics,
    ) {
        let builder = &mut self.builder;
        self.main.build(builder, &statistics.main, LONGEST_WORD);
        self.length.build(builder, &statistics.length, LONGEST_WORD);
        self.aligned
            .build(builder, &statistics.aligned, LONGEST_ALIGNED);
        let count: u32 = statistics.aligned.iter().sum();
        let spent: u32 = (statistics.aligned.iter().zip(&self.aligned.lengths))
            .map(|(count, &length)| count * u32::from(length))
            .sum();
        let is_aligned = spent + 24 < count * 3;

        bits.put(if is_aligned { 2 } else { 1 }, 3);
        if size == DEFAULT_BLOCK {
            bits.put(1, 1);
        } else {
            bits.put(0, 1);
            bits.put(size as u32, if form.long_sizes { 24 } else { 16 });
        }
        if is_aligned {
            for &length in &self.aligned.lengths {
                bits.put(length.into(), 3);
            }
        }
        let main = LITERALS + 8 * form.slots;
        for part in [0..LITERALS, LITERALS..main] {
            let before = &self.main_before.0[part.clone()];
            write_lengths(bits, builder, before, &self.main.lengths[part]);
        }
        write_lengths(bits, builder, &self.length_before.0, &self.length.lengths);
        self.main_before.0 = self.main.lengths;
        self.length_before.0 = self.length.lengths;

        if is_aligned {
            self.write_items::<LEN, true>(bits, window, start, items);
        } else {
            self.write_items::<LEN, false>(bits, window, start, items);
        }
    }

    fn write_items<const LEN: usize, const IS_ALIGNED: bool>(
        &self,
        bits: &mut BitWriter<'_>,
        window: &Window<LEN>,
        start: usize,
        items: &[Item],
    ) {
        let mut at = start;
        for &item in items {
            if item.is_literal() {
                let (word, length) = self.main.word(window.byte(at).into());
                bits.put(word, length);
                at += 1;
                continue;
            }
            let raised = item.raised();
            let slot = slot(raised);
            let (word, length) = self.main.word(LITERALS + slot * 8 + header(item.length()));
            bits.put(word, length);
            if item.length() >= LONG_MATCH {
                let (word, length) = self.length.word(item.length() - LONG_MATCH);
                bits.put(word, length);
            }
            let extra = u32::from(EXTRA_BITS[slot]);
            let low = raised - SLOT_BASES[slot];
            if IS_ALIGNED && extra >= 3 {
                bits.put(low >> 3, extra - 3);
                let (word, length) = self.aligned.word(low as usize & 7);
                bits.put(word, length);
            } else {
                bits.put(low, extra);
            }
            at += item.length();
        }
    }
}
