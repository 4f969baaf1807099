//! Code word lengths into a table that decodes.

/// Longest code word of any codec here.
const LONGEST: usize = 16;

/// The lengths ask for more code words than there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::compress) struct TooManyCodeWords;

/// A canonical code: shorter words first, words of one length by symbol.
///
/// `SIZE` is a power of two: words of up to log2(SIZE) bits are found by one
/// look, longer ones by their length's first word. Codes that leave words
/// unused are accepted (real files have codes with one symbol); only meeting
/// an unused word is an error.
#[derive(Clone, Debug)]
pub(in crate::compress) struct DecodeTable<const SIZE: usize, const SYMBOLS: usize> {
    /// Symbol * 16 + length; 0 where the word is longer or unused.
    short: [u16; SIZE],
    /// Symbols in the order of their words.
    ordered: [u16; SYMBOLS],
    /// For each length above log2(SIZE): the first 16 bits that are beyond
    /// its words.
    beyond: [u32; LONGEST + 1],
    /// For each length: index in `ordered` of its first word.
    first: [u16; LONGEST + 1],
}

impl<const SIZE: usize, const SYMBOLS: usize> Default for DecodeTable<SIZE, SYMBOLS> {
    fn default() -> Self {
        DecodeTable {
            short: [0; SIZE],
            ordered: [0; SYMBOLS],
            beyond: [0; LONGEST + 1],
            first: [0; LONGEST + 1],
        }
    }
}

impl<const SIZE: usize, const SYMBOLS: usize> DecodeTable<SIZE, SYMBOLS> {
    const SHORT_BITS: u32 = SIZE.trailing_zeros();

    /// Builds the code of `lengths` (one per symbol, 0 = unused, at most 16;
    /// symbols beyond `SYMBOLS` are ignored).
    pub(in crate::compress) fn build(&mut self, lengths: &[u8]) -> Result<(), TooManyCodeWords> {
        const { assert!(SIZE.is_power_of_two() && SIZE <= 1 << 15 && SYMBOLS < 1 << 12) };
        let lengths = lengths.get(..SYMBOLS).unwrap_or(lengths);
        let mut counts = [0_u16; 32];
        for &length in lengths {
            counts[usize::from(length & 31)] += 1;
        }
        let mut next = [0_u16; 32];
        let mut index = 0_u16;
        let mut code = 0_u32;
        for length in 1..=LONGEST {
            next[length] = index;
            self.first[length] = index;
            index += counts[length];
            code += u32::from(counts[length]) << (LONGEST - length);
            self.beyond[length] = code;
        }
        if code > 1 << LONGEST {
            return Err(TooManyCodeWords);
        }
        for (symbol, &length) in lengths.iter().enumerate() {
            if length != 0 {
                let slot = &mut next[usize::from(length & 31)];
                if let Some(entry) = self.ordered.get_mut(usize::from(*slot)) {
                    *entry = symbol as u16;
                }
                *slot += 1;
            }
        }
        let mut rest = self.short.as_mut_slice();
        let mut symbols = self.ordered.as_slice();
        for length in 1..=Self::SHORT_BITS {
            let run = 1 << (Self::SHORT_BITS - length);
            let (now, later) = symbols
                .split_at_checked(usize::from(counts[length as usize & 31]))
                .unwrap_or_default();
            symbols = later;
            for &symbol in now {
                // The words were counted: there is room for all of them.
                let (entries, after) = std::mem::take(&mut rest)
                    .split_at_mut_checked(run)
                    .unwrap_or_default();
                entries.fill(symbol << 4 | length as u16);
                rest = after;
            }
        }
        rest.fill(0);
        Ok(())
    }

    /// Finds the code word at the top of `bits` (at least 16 valid ones, or
    /// as many as its longest word): symbol and length.
    #[inline(always)]
    pub(in crate::compress) fn look_up(&self, bits: u64) -> Option<(u16, u32)> {
        let entry = self.short[(bits >> (64 - Self::SHORT_BITS)) as usize];
        if entry != 0 {
            return Some((entry >> 4, u32::from(entry & 15)));
        }
        self.look_up_long(bits)
    }

    #[cold]
    #[inline(never)]
    fn look_up_long(&self, bits: u64) -> Option<(u16, u32)> {
        let word = (bits >> 48) as u32;
        let mut start = self.beyond.get(Self::SHORT_BITS as usize).copied()?;
        for length in Self::SHORT_BITS as usize + 1..=LONGEST {
            let beyond = *self.beyond.get(length)?;
            if word < beyond {
                let index = word.checked_sub(start)? >> (LONGEST - length);
                let index = usize::from(*self.first.get(length)?) + index as usize;
                return Some((*self.ordered.get(index)?, length as u32));
            }
            start = beyond;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Table = DecodeTable<16, 20>;

    fn look_up(lengths: &[u8], word: &str) -> Option<(u16, u32)> {
        let mut table = Table::default();
        table.build(lengths).unwrap();
        let word = u64::from_str_radix(word, 2).unwrap() << (64 - word.len());
        table.look_up(word)
    }

    #[test]
    fn words_are_given_by_length_and_then_by_symbol() {
        let lengths = [3, 0, 1, 7, 3, 6, 4, 7];
        for (word, symbol, length) in [
            ("0", 2, 1),
            ("100", 0, 3),
            ("101", 4, 3),
            ("1100", 6, 4),
            ("110100", 5, 6),
            ("1101010", 3, 7),
            ("1101011", 7, 7),
        ] {
            assert_eq!(look_up(&lengths, word), Some((symbol, length)), "{word}");
        }
        for unused in ["11011", "111", "1111111111111111"] {
            assert_eq!(look_up(&lengths, unused), None, "{unused}");
        }
    }

    #[test]
    fn a_code_of_one_symbol_has_one_word() {
        assert_eq!(look_up(&[0, 0, 1], "0"), Some((2, 1)));
        assert_eq!(look_up(&[0, 0, 1], "1"), None);
        assert_eq!(look_up(&[], "0"), None);
    }

    #[test]
    fn a_table_can_be_built_again() {
        let mut table = Table::default();
        table.build(&[1, 2, 5, 5]).unwrap();
        table.build(&[0, 1]).unwrap();
        assert_eq!(table.look_up(0), Some((1, 1)));
        assert_eq!(table.look_up(u64::MAX), None);
        assert_eq!(table.look_up(0b101 << 61), None);
    }

    #[test]
    fn too_many_code_words_are_refused() {
        let mut table = Table::default();
        assert_eq!(table.build(&[1, 1, 16]), Err(TooManyCodeWords));
        assert_eq!(table.build(&[1, 1]), Ok(()));
        assert_eq!(table.build(&[2; 5]), Err(TooManyCodeWords));
    }

    #[test]
    fn every_word_of_sixteen_bits_is_found() {
        // Lengths 1, 2, ... 15, 16, 16: a complete code.
        let lengths: Vec<u8> = (1..=16).chain([16]).collect();
        let mut table = Table::default();
        table.build(&lengths).unwrap();
        for (symbol, &length) in lengths.iter().enumerate() {
            let ones = u64::MAX << (65 - u32::from(length.min(16))).min(63);
            let word = if symbol == 16 { u64::MAX << 48 } else { ones };
            let word = if symbol == 0 { 0 } else { word };
            assert_eq!(
                table.look_up(word),
                Some((symbol as u16, u32::from(length)))
            );
        }
    }
}
