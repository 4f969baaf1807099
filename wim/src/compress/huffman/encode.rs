//! Symbol frequencies into the code words to write.

use super::CodeBuilder;

/// A canonical code to write with.
#[derive(Clone, Debug)]
pub(in crate::compress) struct EncodeTable<const SYMBOLS: usize> {
    /// Code word lengths, 0 for unused symbols.
    pub(in crate::compress) lengths: [u8; SYMBOLS],
    words: [u16; SYMBOLS],
}

impl<const SYMBOLS: usize> Default for EncodeTable<SYMBOLS> {
    fn default() -> Self {
        EncodeTable {
            lengths: [0; SYMBOLS],
            words: [0; SYMBOLS],
        }
    }
}

impl<const SYMBOLS: usize> EncodeTable<SYMBOLS> {
    /// Builds a code for `weights` with words of at most `longest` bits.
    ///
    /// A lone symbol gets a companion: some decoders, wimlib's for one, refuse
    /// a code with words left over.
    pub(in crate::compress) fn build(
        &mut self,
        builder: &mut CodeBuilder,
        weights: &[u32; SYMBOLS],
        longest: usize,
    ) {
        builder.build(weights, longest, &mut self.lengths);
        let mut used = (0..SYMBOLS).filter(|&symbol| self.lengths[symbol] != 0);
        if let (Some(lone), None) = (used.next(), used.next()) {
            self.lengths[usize::from(lone == 0)] = 1;
        }
        let mut counts = [0_u32; 17];
        for &length in &self.lengths {
            counts[usize::from(length)] += 1;
        }
        counts[0] = 0;
        // The first word of each length.
        let mut next = [0_u32; 17];
        for length in 1..17 {
            next[length] = (next[length - 1] + counts[length - 1]) << 1;
        }
        for (word, &length) in self.words.iter_mut().zip(&self.lengths) {
            let next = &mut next[usize::from(length)];
            *word = *next as u16;
            *next += 1;
        }
    }

    /// The word of `symbol` and its length.
    #[inline(always)]
    pub(in crate::compress) fn word(&self, symbol: usize) -> (u32, u32) {
        (
            u32::from(self.words[symbol]),
            u32::from(self.lengths[symbol]),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::super::DecodeTable;
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_decoder_finds_every_word(weights in prop::array::uniform32(0_u32..2000)) {
            let mut written = EncodeTable::<32>::default();
            written.build(&mut CodeBuilder::default(), &weights, 15);
            let mut read = DecodeTable::<64, 32>::default();
            read.build(&written.lengths).unwrap();
            for (symbol, &weight) in weights.iter().enumerate() {
                if weight > 0 {
                    let (word, length) = written.word(symbol);
                    let bits = u64::from(word) << (64 - length);
                    prop_assert_eq!(read.look_up(bits), Some((symbol as u16, length)));
                }
            }
        }
    }

    #[test]
    fn a_lone_symbol_gets_a_companion() {
        for (symbol, lengths) in [(0, [1, 1, 0]), (1, [1, 1, 0]), (2, [1, 0, 1])] {
            let mut weights = [0; 3];
            weights[symbol] = 5;
            let mut code = EncodeTable::<3>::default();
            code.build(&mut CodeBuilder::default(), &weights, 15);
            assert_eq!(code.lengths, lengths);
        }
    }
}
