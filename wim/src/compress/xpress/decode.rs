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

#[cfg(test)]
mod tests {
    use super::*;

    /// Code word lengths in front of `stream`.
    fn chunk(lengths: &[(usize, u8)], stream: &[u8]) -> Vec<u8> {
        let mut chunk = vec![0; LENGTHS_LEN];
        for &(symbol, length) in lengths {
            chunk[symbol / 2] |= length << (symbol % 2 * 4);
        }
        chunk.extend_from_slice(stream);
        chunk
    }

    fn decode(chunk: &[u8], length: usize) -> Result<Vec<u8>, CodecError> {
        let mut plain = vec![0xAA; length];
        XpressDecoder::default().decode(chunk, &mut plain)?;
        Ok(plain)
    }

    #[test]
    fn a_code_of_one_symbol() {
        let chunk = chunk(&[(b'z'.into(), 1)], &[0; 4]);
        assert_eq!(decode(&chunk, 20).unwrap(), [b'z'; 20]);
    }

    #[test]
    fn long_lengths_stand_behind_the_second_unit() {
        // a (0), then matches of offset 1 whose length follows (1); the bytes
        // come after the two units read ahead.
        let lengths = [(b'a'.into(), 1), (256 + 15, 1)];
        for (bytes, length) in [
            (vec![0], 1 + 18),
            (vec![254], 1 + 18 + 254),
            (vec![255, 15, 0], 1 + 18),
            (vec![255, 0x00, 0x10], 1 + 3 + 4096),
        ] {
            let stream = [vec![0, 0b0100_0000, 0, 0], bytes].concat();
            let plain = decode(&chunk(&lengths, &stream), length).unwrap();
            assert!(plain.iter().all(|&byte| byte == b'a'), "length {length}");
        }
    }

    #[test]
    fn each_rule_has_its_error() {
        let lengths = [(b'a'.into(), 1), (256 + 15, 1)];
        let with = |stream: &[u8]| chunk(&lengths, stream);
        for (chunk, length, error) in [
            (
                vec![0; 255],
                1,
                CodecError::EndsEarly {
                    at: 0,
                    wanted: 1,
                    available: 255,
                },
            ),
            (
                chunk(&[(0, 1), (1, 1), (2, 1)], &[0; 4]),
                1,
                CodecError::TooManyCodeWords { code: CODE, at: 0 },
            ),
            (
                chunk(&[(0, 2)], &[0xFF; 4]),
                1,
                CodecError::NoSuchCodeWord { code: CODE, at: 0 },
            ),
            (
                with(&[0, 0x80, 0, 0, 0]),
                30,
                CodecError::OffsetTooLong { at: 0, offset: 1 },
            ),
            (
                with(&[0, 0x40, 0, 0, 10]),
                20,
                CodecError::MatchTooLong {
                    at: 1,
                    length: 28,
                    room: 19,
                },
            ),
            (
                with(&[0, 0x40, 0, 0, 255, 14, 0]),
                20,
                CodecError::LengthField { at: 1, field: 14 },
            ),
            (
                with(&[0, 0x40, 0, 0]),
                20,
                CodecError::EndsEarly {
                    at: 1,
                    wanted: 20,
                    available: 260,
                },
            ),
            (
                with(&[0, 0]),
                17,
                CodecError::EndsEarly {
                    at: 17,
                    wanted: 17,
                    available: 258,
                },
            ),
        ] {
            assert_eq!(decode(&chunk, length), Err(error));
        }
    }
}
