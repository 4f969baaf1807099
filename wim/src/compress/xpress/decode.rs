//! Compressed XPRESS chunk into plain bytes.

use super::{LENGTHS_LEN, SHORTEST_MATCH, SYMBOLS};
use crate::compress::CodecError;
use crate::compress::bit_reader::BitReader;
use crate::compress::copy_match::copy_match;
use crate::compress::huffman::DecodeTable;

/// The name of the only code, for errors.
const CODE: &str = "XPRESS";

#[derive(Clone, Debug, Default)]
pub(in crate::compress) struct XpressDecoder {
    table: DecodeTable<2048, SYMBOLS>,
}

impl XpressDecoder {
    pub(in crate::compress) fn decode(
        &mut self,
        compressed: &[u8],
        plain: &mut [u8],
    ) -> Result<(), CodecError> {
        let wanted = plain.len();
        let ends_early = |at| CodecError::EndsEarly {
            at,
            wanted,
            available: compressed.len(),
        };
        let Some((packed, _)) = compressed.split_first_chunk::<LENGTHS_LEN>() else {
            return if wanted == 0 {
                Ok(())
            } else {
                Err(ends_early(0))
            };
        };
        let mut lengths = [0; SYMBOLS];
        for (pair, byte) in lengths.chunks_exact_mut(2).zip(packed) {
            if let [even, odd] = pair {
                *even = byte & 15;
                *odd = byte >> 4;
            }
        }
        self.table
            .build(&lengths)
            .map_err(|_| CodecError::TooManyCodeWords { code: CODE, at: 0 })?;

        let mut bits = BitReader::new(compressed, LENGTHS_LEN);
        let mut at = 0;
        while at < wanted {
            bits.refill();
            let mut symbol = self.symbol(&mut bits, at)?;
            if symbol < 256 {
                // 49 bits were there: enough for another symbol and its offset.
                if let Some(byte) = plain.get_mut(at) {
                    *byte = symbol as u8;
                }
                at += 1;
                if at == wanted {
                    break;
                }
                symbol = self.symbol(&mut bits, at)?;
                if symbol < 256 {
                    if let Some(byte) = plain.get_mut(at) {
                        *byte = symbol as u8;
                    }
                    at += 1;
                    continue;
                }
            }
            let mut length = usize::from(symbol & 15);
            if length == 15 {
                length = long_length(&mut bits, at)?.ok_or_else(|| ends_early(at))?;
            }
            length += SHORTEST_MATCH;
            let offset_bits = u32::from(symbol >> 4 & 15);
            let offset = 1 << offset_bits | bits.take(offset_bits) as usize;
            if offset > at {
                return Err(CodecError::OffsetTooLong {
                    at,
                    offset: offset as u64,
                });
            }
            let room = wanted - at;
            if length > room {
                return Err(CodecError::MatchTooLong { at, length, room });
            }
            copy_match(plain, at, offset, length);
            at += length;
        }
        if bits.overrun() {
            return Err(ends_early(at));
        }
        Ok(())
    }

    #[inline(always)]
    fn symbol(&self, bits: &mut BitReader<'_>, at: usize) -> Result<u16, CodecError> {
        match self.table.look_up(bits.peek()) {
            Some((symbol, length)) => {
                bits.consume(length);
                Ok(symbol)
            }
            None => Err(CodecError::NoSuchCodeWord { code: CODE, at }),
        }
    }
}

/// Reads a length (less the shortest match) of 15 or more: a byte, and where
/// that is 255 a 16-bit number. `None` when the input ends.
///
/// \[MS-XCA\] has a third, 32-bit form for lengths above 65535; no chunk of a
/// WIM is long enough for it.
fn long_length(bits: &mut BitReader<'_>, at: usize) -> Result<Option<usize>, CodecError> {
    let position = bits.rewind_to_bytes();
    let (length, used) = match *bits.bytes_from(position) {
        [255, low, high, ..] => {
            let field = u16::from_le_bytes([low, high]);
            if field < 15 {
                return Err(CodecError::LengthField { at, field });
            }
            (usize::from(field), 3)
        }
        [255, ..] | [] => return Ok(None),
        [byte, ..] => (usize::from(byte) + 15, 1),
    };
    bits.continue_at(position + used);
    Ok(Some(length))
}
