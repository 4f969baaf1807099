//! The bit streams of a delta: least significant bit first.
//!
//! A stream begins with three bits that say how many bits of its last byte are
//! padding. A number is written as `n` zero bits, a one, and `4 * (n + 1)` bits
//! of it; a buffer as its length, padding to a whole byte, and its bytes.

use super::DeltaError;

/// Reads one stream.
pub(super) struct BitReader<'a> {
    bytes: &'a [u8],
    /// The next bit.
    at: u64,
    /// Where the stream ends, in bits.
    end: u64,
}

impl<'a> BitReader<'a> {
    /// A stream that is the whole of `bytes`.
    pub(super) fn new(bytes: &'a [u8]) -> Result<BitReader<'a>, DeltaError> {
        let len = bytes.len() as u64 * 8;
        let mut reader = BitReader {
            bytes,
            at: 0,
            end: len,
        };
        let padding = u64::from(reader.bits(3)?);
        reader.end = len - padding.min(len - 3);
        Ok(reader)
    }

    /// The next 32 bits, where there are so many; zeros behind the end.
    pub(super) fn peek(&self) -> u32 {
        let byte = (self.at / 8) as usize;
        let shift = self.at % 8;
        let word = match self.bytes.get(byte..byte + 8) {
            Some(&[a, b, c, d, e, f, g, h]) => u64::from_le_bytes([a, b, c, d, e, f, g, h]),
            _ => {
                let rest = self.bytes.get(byte..).unwrap_or_default();
                let bytes = rest.iter().take(8).enumerate();
                bytes.fold(0, |word, (index, byte)| {
                    word | u64::from(*byte) << (8 * index)
                })
            }
        };
        (word >> shift) as u32
    }

    /// Passes over bits.
    pub(super) fn skip(&mut self, count: u32) -> Result<(), DeltaError> {
        let next = self.at + u64::from(count);
        if next > self.end {
            return Err(DeltaError::Ends { bits: self.end });
        }
        self.at = next;
        Ok(())
    }

    /// The next `count` bits, 32 at most.
    pub(super) fn bits(&mut self, count: u32) -> Result<u32, DeltaError> {
        let word = self.peek();
        self.skip(count)?;
        Ok(match count {
            0 => 0,
            32.. => word,
            _ => word & ((1 << count) - 1),
        })
    }

    /// How many zero bits come before the next one, which is passed over too.
    pub(super) fn zeros(&mut self, most: u32) -> Result<u32, DeltaError> {
        let count = self.peek().trailing_zeros();
        if count > most {
            return Err(DeltaError::Number { bit: self.at });
        }
        self.skip(count + 1)?;
        Ok(count)
    }

    /// A number.
    pub(super) fn number(&mut self) -> Result<u64, DeltaError> {
        let nibbles = self.zeros(15)? + 1;
        let low = u64::from(self.bits(4 * nibbles.min(8))?);
        let high = u64::from(self.bits(4 * nibbles.saturating_sub(8))?);
        Ok(high << 32 | low)
    }

    /// A buffer.
    pub(super) fn buffer(&mut self) -> Result<&'a [u8], DeltaError> {
        let len = self.number()?;
        self.bytes(len)
    }

    /// Whole bytes, from the next one that begins on.
    pub(super) fn bytes(&mut self, len: u64) -> Result<&'a [u8], DeltaError> {
        let start = self.at.div_ceil(8);
        let end = start
            .checked_add(len)
            .filter(|end| *end <= self.bytes.len() as u64);
        let end = end.ok_or(DeltaError::Ends { bits: self.end })?;
        self.at = end * 8;
        let range = start as usize..end as usize;
        Ok(self.bytes.get(range).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

    use super::*;

    #[test]
    fn numbers_as_the_public_description_works_them_out() {
        // Padding 1, then 14 and 17.
        let mut reader = BitReader::new(&[0xe9, 0x46, 0x00]).unwrap();
        assert_eq!(reader.number(), Ok(14));
        assert_eq!(reader.number(), Ok(17));
    }

    #[test]
    fn nothing_is_read_behind_the_end() {
        // Three bits of padding in a stream of one byte leave two bits.
        let mut reader = BitReader::new(&[0b0000_1011]).unwrap();
        assert_eq!(reader.bits(2), Ok(1));
        assert_eq!(reader.bits(1), Err(DeltaError::Ends { bits: 5 }));
        assert!(BitReader::new(&[]).is_err());
        assert!(BitReader::new(&[0; 9]).unwrap().number().is_err());
        // A buffer that claims more than there is.
        assert!(BitReader::new(&[0xe8, 0x00]).unwrap().buffer().is_err());
    }
}
