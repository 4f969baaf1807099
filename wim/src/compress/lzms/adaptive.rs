//! Huffman codes that follow what they have coded.

use crate::compress::huffman::{CodeBuilder, DecodeTable};

use super::back_bits::BackBits;

/// Longest code word.
const LONGEST: usize = 15;

/// A code of up to `MOST` symbols. It starts with equal weights and is built
/// again after every `interval` symbols; then the weights are halved.
#[derive(Clone, Debug)]
pub(super) struct AdaptiveCode<const SIZE: usize, const MOST: usize> {
    weights: [u32; MOST],
    lengths: [u8; MOST],
    table: DecodeTable<SIZE, MOST>,
    /// Symbols in use.
    symbols: usize,
    interval: u32,
    until_build: u32,
}

impl<const SIZE: usize, const MOST: usize> Default for AdaptiveCode<SIZE, MOST> {
    fn default() -> Self {
        AdaptiveCode {
            weights: [1; MOST],
            lengths: [0; MOST],
            table: DecodeTable::default(),
            symbols: 0,
            interval: 0,
            until_build: 0,
        }
    }
}

impl<const SIZE: usize, const MOST: usize> AdaptiveCode<SIZE, MOST> {
    /// Starts anew with `symbols` symbols (at most `MOST`).
    pub(super) fn start(&mut self, builder: &mut CodeBuilder, symbols: usize, interval: u32) {
        self.symbols = symbols.min(MOST);
        self.interval = interval;
        self.weights.fill(1);
        self.build(builder);
    }

    /// Reads a symbol, with at least 15 bits there. `None` when the bits are
    /// no code word.
    #[inline(always)]
    pub(super) fn symbol(
        &mut self,
        bits: &mut BackBits<'_>,
        builder: &mut CodeBuilder,
    ) -> Option<usize> {
        let (symbol, length) = self.table.look_up(bits.peek())?;
        bits.consume(length);
        let symbol = usize::from(symbol);
        if let Some(weight) = self.weights.get_mut(symbol) {
            *weight += 1;
        }
        self.until_build -= 1;
        if self.until_build == 0 {
            self.build(builder);
        }
        Some(symbol)
    }

    #[inline(never)]
    fn build(&mut self, builder: &mut CodeBuilder) {
        let symbols = self.symbols;
        let weights = &mut self.weights[..symbols];
        builder.build(weights, LONGEST, &mut self.lengths[..symbols]);
        // The builder never gives more words than there are.
        let _ = self.table.build(&self.lengths[..symbols]);
        for weight in weights {
            *weight = *weight / 2 + 1;
        }
        self.until_build = self.interval;
    }
}
