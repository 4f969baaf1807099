//! The prefix codes of a delta.
//!
//! Only the length of each symbol's code is stored. Codes are numbered from
//! the longest to the shortest, within a length in the order of symbols, so
//! that the longest have the smallest values (DEFLATE does it the other way
//! round); they are read from their most significant bit on.

use super::DeltaError;
use super::bits::BitReader;

/// Longest code, in bits.
const LONGEST: usize = 16;

/// Codes up to this length are looked up at once.
const QUICK: u32 = 10;

/// A code, ready to read.
pub(super) struct Huffman {
    /// Symbols by length of code, the shortest first, then in order.
    symbols: Vec<u16>,
    /// By length: the smallest 16 bits that begin with a code of that length.
    low: [u32; LONGEST + 1],
    /// By length: the code of the first symbol.
    first: [u32; LONGEST + 1],
    /// By length: where its symbols begin in `symbols`.
    start: [u32; LONGEST + 1],
    /// By the next bits: symbol and length of its code; length 0 where the
    /// code is longer.
    quick: Vec<(u16, u8)>,
}

impl Huffman {
    /// The code whose lengths these are; `what` names it in errors.
    pub(super) fn new(lengths: &[u8], what: &'static str) -> Result<Huffman, DeltaError> {
        let broken = || DeltaError::Code { what };
        let mut count = [0_u32; LONGEST + 1];
        for length in lengths {
            *count.get_mut(usize::from(*length)).ok_or_else(broken)? += 1;
        }
        count[0] = 0;
        let used: u32 = count.iter().sum();
        let mut first = [0_u32; LONGEST + 1];
        let mut low = [u32::MAX; LONGEST + 1];
        let mut next = 0_u32;
        for length in (1..=LONGEST).rev() {
            // A length may end with an odd number of codes only where a lone
            // symbol needs no second one.
            if !next.is_multiple_of(2) && used > 1 {
                return Err(broken());
            }
            // `next` is in units of the length below.
            first[length] = next.div_ceil(2);
            if length == LONGEST {
                first[length] = 0;
            }
            if count[length] > 0 {
                low[length] = first[length] << (LONGEST - length);
            }
            next = first[length] + count[length];
            if next > 1 << length {
                return Err(broken());
            }
        }
        if used > 1 && next != 2 {
            return Err(broken());
        }
        let mut start = [0_u32; LONGEST + 1];
        for length in 1..=LONGEST {
            start[length] = start[length - 1] + count[length - 1];
        }
        let mut symbols = vec![0_u16; used as usize];
        let mut place = start;
        let mut quick = vec![(0, 0); 1 << QUICK];
        for (symbol, length) in lengths.iter().enumerate() {
            let length = usize::from(*length);
            if length == 0 {
                continue;
            }
            let symbol = symbol as u16;
            let index = place[length];
            place[length] += 1;
            if let Some(place) = symbols.get_mut(index as usize) {
                *place = symbol;
            }
            if length <= QUICK as usize {
                let code = first[length] + index - start[length];
                let reversed = code.reverse_bits() >> (32 - length);
                for entry in quick
                    .iter_mut()
                    .skip(reversed as usize)
                    .step_by(1 << length)
                {
                    *entry = (symbol, length as u8);
                }
            }
        }
        Ok(Huffman {
            symbols,
            low,
            first,
            start,
            quick,
        })
    }

    /// The code in which all symbols weigh the same: the first ones are a bit
    /// shorter where their number is no power of two.
    pub(super) fn even(symbols: usize, what: &'static str) -> Result<Huffman, DeltaError> {
        let bits = usize::BITS - (symbols - 1).leading_zeros();
        let shorter = (1 << bits) - symbols;
        let lengths: Vec<u8> = (0..symbols)
            .map(|symbol| bits as u8 - u8::from(symbol < shorter))
            .collect();
        Huffman::new(&lengths, what)
    }

    /// Reads a symbol.
    pub(super) fn read(
        &self,
        reader: &mut BitReader<'_>,
        what: &'static str,
    ) -> Result<u16, DeltaError> {
        let bits = reader.peek();
        let quick = self.quick.get(bits as usize & ((1 << QUICK) - 1));
        if let Some((symbol, length @ 1..)) = quick {
            reader.skip(u32::from(*length))?;
            return Ok(*symbol);
        }
        let value = u32::from((bits as u16).reverse_bits());
        let length = (1..=LONGEST).find(|length| value >= self.low[*length]);
        let symbol = length.and_then(|length| {
            let code = value >> (LONGEST - length);
            let index = self.start[length] + (code - self.first[length]);
            let symbol = self.symbols.get(index as usize)?;
            let before = self.start.get(length + 1).copied().unwrap_or(u32::MAX);
            (index < before).then_some((*symbol, length))
        });
        let (symbol, length) = symbol.ok_or(DeltaError::Code { what })?;
        reader.skip(length as u32)?;
        Ok(symbol)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

    use super::*;

    #[test]
    fn the_longest_codes_have_the_smallest_values() {
        // Lengths 2, 3, 3, 1: codes 01, 000, 001, 1.
        let code = Huffman::new(&[2, 3, 3, 1], "test").unwrap();
        // Three bits of padding count, then 1, 01, 000, 001.
        let bits = [1, 0, 1, 0, 0, 0, 0, 0, 1];
        let mut bytes = vec![0_u8; 2];
        for (index, bit) in bits.iter().enumerate() {
            bytes[(index + 3) / 8] |= bit << ((index + 3) % 8);
        }
        let mut reader = BitReader::new(&bytes).unwrap();
        let read: Vec<u16> = (0..4)
            .map(|_| code.read(&mut reader, "test").unwrap())
            .collect();
        assert_eq!(read, [3, 0, 1, 2]);
    }

    #[test]
    fn a_code_that_is_none_is_refused() {
        for lengths in [&[1_u8, 1, 1][..], &[2, 2, 2], &[17], &[1, 2], &[3, 3, 2, 2]] {
            assert!(Huffman::new(lengths, "test").is_err(), "{lengths:?}");
        }
        // Nothing, and one symbol alone, are codes.
        let none = Huffman::new(&[0, 0], "test").unwrap();
        let mut reader = BitReader::new(&[0; 8]).unwrap();
        assert_eq!(
            none.read(&mut reader, "test"),
            Err(DeltaError::Code { what: "test" })
        );
        let one = Huffman::new(&[0, 1], "test").unwrap();
        assert_eq!(one.read(&mut reader, "test"), Ok(1));
    }

    #[test]
    fn long_codes_are_read_as_short_ones() {
        // One code of each length from 1 to 15, and two of 16.
        let lengths: Vec<u8> = (1..=15).chain([16, 16]).collect();
        let code = Huffman::new(&lengths, "test").unwrap();
        // All zeros is the first of the two longest.
        let mut reader = BitReader::new(&[0; 8]).unwrap();
        assert_eq!(code.read(&mut reader, "test"), Ok(15));
        // Fifteen zeros and a one is the second.
        let mut reader = BitReader::new(&[0, 0, 0b100, 0, 0, 0, 0, 0]).unwrap();
        assert_eq!(code.read(&mut reader, "test"), Ok(16));
    }
}
