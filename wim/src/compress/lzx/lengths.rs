//! Code word lengths as LZX writes them: differences to the block before, in
//! runs, with a small code of their own.

use super::PRE_SYMBOLS;
use crate::compress::CodecError;
use crate::compress::bit_reader::BitReader;
use crate::compress::huffman::DecodeTable;

/// The code that lengths are written with; its words have at most 15 bits.
pub(super) type PreTable = DecodeTable<64, PRE_SYMBOLS>;

/// Reads the lengths of one part of a code over those of the block before.
pub(super) fn read_lengths(
    bits: &mut BitReader<'_>,
    table: &mut PreTable,
    lengths: &mut [u8],
    at: usize,
) -> Result<(), CodecError> {
    const CODE: &str = "length table";
    let mut pre_lengths = [0; PRE_SYMBOLS];
    for length in &mut pre_lengths {
        *length = bits.read(4) as u8;
    }
    table
        .build(&pre_lengths)
        .map_err(|_| CodecError::TooManyCodeWords { code: CODE, at })?;
    let symbol = |bits: &mut BitReader<'_>| {
        let (symbol, length) = table
            .look_up(bits.peek())
            .ok_or(CodecError::NoSuchCodeWord { code: CODE, at })?;
        bits.consume(length);
        Ok(symbol as u8)
    };

    let mut rest = lengths;
    while let [first, ..] = rest {
        bits.refill();
        // 49 bits: a symbol, five bits and another symbol.
        let (run, length) = match symbol(bits)? {
            17 => (4 + bits.take(4) as usize, 0),
            18 => (20 + bits.take(5) as usize, 0),
            19 => {
                let run = 4 + bits.take(1) as usize;
                (run, shorter_by(*first, symbol(bits)?))
            }
            difference => (1, shorter_by(*first, difference)),
        };
        let room = rest.len();
        let Some((now, later)) = std::mem::take(&mut rest).split_at_mut_checked(run) else {
            return Err(CodecError::LengthRun { at, run, room });
        };
        now.fill(length);
        rest = later;
    }
    Ok(())
}

/// `length` - `difference` modulo 17. The difference is a symbol of up to 19.
fn shorter_by(length: u8, difference: u8) -> u8 {
    (length + 34 - difference) % 17
}
