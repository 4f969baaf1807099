//! Compressed LZX chunk into plain bytes.

use super::codes::{Block, Codes, Run, not_overrun};
use super::{DEFAULT_BLOCK, e8};
use crate::compress::CodecError;
use crate::compress::bit_reader::BitReader;

#[derive(Debug)]
pub(in crate::compress) struct LzxDecoder {
    /// Whether a block size has 24 bits.
    long_sizes: bool,
    codes: Codes,
}

impl LzxDecoder {
    pub(in crate::compress) fn new(chunk_size: u32) -> Self {
        LzxDecoder {
            long_sizes: chunk_size >= 1 << 16,
            codes: Codes::new(chunk_size),
        }
    }

    pub(in crate::compress) fn decode(
        &mut self,
        compressed: &[u8],
        plain: &mut [u8],
    ) -> Result<(), CodecError> {
        self.codes.reset();
        let mut bits = BitReader::new(compressed, 0);
        let mut recent = [1; 3];
        let mut at = 0;
        while at < plain.len() {
            let (block, size) = self.block_header(&mut bits, at)?;
            let room = plain.len() - at;
            if size == 0 || size > room {
                // Zeros past the end of the input read as an empty block.
                not_overrun(&bits, at, plain.len())?;
                return Err(CodecError::BlockSize { at, size, room });
            }
            let end = at + size;
            let run = Run {
                start: at,
                stop: end,
                end,
            };
            if block != Block::Uncompressed {
                self.codes.read(block, &mut bits, at)?;
            }
            match block {
                Block::Uncompressed => {
                    if let Some(part) = plain.get_mut(at..end) {
                        recent = uncompressed(&mut bits, part, at, room)?;
                    }
                }
                Block::Verbatim => {
                    self.codes
                        .matches::<false>(&mut bits, plain, run, &mut recent)?;
                }
                Block::Aligned => {
                    self.codes
                        .matches::<true>(&mut bits, plain, run, &mut recent)?;
                }
            }
            not_overrun(&bits, end, plain.len())?;
            at = end;
        }
        e8::from_absolute(plain);
        Ok(())
    }

    fn block_header(
        &self,
        bits: &mut BitReader<'_>,
        at: usize,
    ) -> Result<(Block, usize), CodecError> {
        let block = Block::read(bits, at)?;
        let size = match (bits.read(1), self.long_sizes) {
            (1, _) => DEFAULT_BLOCK,
            (_, false) => bits.read(16) as usize,
            (_, true) => bits.read(24) as usize,
        };
        Ok((block, size))
    }
}

/// Copies an uncompressed block and returns the recent offsets it states.
fn uncompressed(
    bits: &mut BitReader<'_>,
    part: &mut [u8],
    at: usize,
    room: usize,
) -> Result<[u32; 3], CodecError> {
    let start = bits.align();
    let input = bits.bytes_from(start);
    let ends_early = CodecError::EndsEarly {
        at,
        wanted: at + room,
        available: bits.input_len(),
    };
    let Some((offsets, data)) = input
        .split_first_chunk::<12>()
        .and_then(|(offsets, rest)| Some((offsets, rest.get(..part.len())?)))
    else {
        return Err(ends_early);
    };
    part.copy_from_slice(data);
    // A block of odd length is followed by a byte that means nothing, and may
    // be missing at the end.
    let end = start + 12 + part.len().next_multiple_of(2);
    bits.restart_at(end.min(bits.input_len()));
    let mut recent = [0; 3];
    for (offset, field) in recent.iter_mut().zip(offsets.as_chunks::<4>().0) {
        *offset = u32::from_le_bytes(*field);
    }
    Ok(recent)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compress::bit_writer::BitWriter;

    fn decode(chunk: &[u8], length: usize) -> Result<Vec<u8>, CodecError> {
        let mut plain = vec![0xAA; length];
        LzxDecoder::new(1 << 15).decode(chunk, &mut plain)?;
        Ok(plain)
    }

    /// Bits as a chunk: value and count.
    fn bits(fields: &[(u32, u32)]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut writer = BitWriter::new(&mut out);
        for &(value, count) in fields {
            writer.put(value, count);
        }
        writer.finish();
        out
    }

    /// An uncompressed block: `before` bits are in front of its header.
    fn uncompressed_block(size: u32, data: &[u8]) -> Vec<u8> {
        let mut block = bits(&[(3, 3), (0, 1), (size, 16)]);
        block.extend([5, 0, 0, 0, 6, 0, 0, 0, 7, 0, 0, 0]);
        block.extend(data);
        block
    }

    #[test]
    fn uncompressed_blocks_follow_each_other_at_even_places() {
        let two = [
            uncompressed_block(3, b"odd!"),
            uncompressed_block(4, b"even"),
        ];
        assert_eq!(decode(&two.concat(), 7).unwrap(), b"oddeven");
        // The byte behind an odd block may be missing at the end.
        assert_eq!(decode(&uncompressed_block(3, b"odd"), 3).unwrap(), b"odd");
    }

    #[test]
    fn a_block_header_that_ends_with_a_unit_is_followed_by_an_empty_one() {
        // Verbatim block of 1 byte whose codes have one symbol, sized so that
        // the next header ends where a unit does: 4 + 16 bits of header, then
        // pre-codes. The padding comes from the lengths of the last one.
        for padding in 0..16 {
            let mut fields = vec![(1, 3), (0, 1), (1, 16)];
            // Literals: symbol 0 is 1 bit (1 - 0 modulo 17 is 16), all others
            // zeros. Code of lengths: 16 and 18 have words.
            let mut pre = [0; 20];
            pre[16] = 1;
            pre[18] = 1;
            fields.extend(pre.map(|length| (length, 4)));
            fields.push((0, 1));
            for run in [51, 51, 51, 51, 51] {
                fields.extend([(1, 1), (run - 20, 5)]);
            }
            // Matches: all zeros, 240 of them; then the length code, 249, of
            // which some are written one by one to move what follows.
            let mut pre = [0; 20];
            pre[0] = 1;
            pre[18] = 1;
            fields.extend(pre.map(|length| (length, 4)));
            for run in [51, 51, 51, 51, 36] {
                fields.extend([(1, 1), (run - 20, 5)]);
            }
            fields.extend(pre.map(|length| (length, 4)));
            let mut left = 249 - padding;
            fields.extend((0..padding).map(|_| (0, 1)));
            while left > 0 {
                let run = if left > 71 {
                    51
                } else {
                    left.min(51).min(left - 20 * u32::from(left > 51))
                };
                fields.extend([(1, 1), (run - 20, 5)]);
                left -= run;
            }
            // One literal, then an uncompressed block of 2 bytes.
            fields.extend([(0, 1), (3, 3), (0, 1), (2, 16)]);
            let count: u32 = fields.iter().map(|&(_, count)| count).sum();
            let mut chunk = bits(&fields);
            if count.is_multiple_of(16) {
                chunk.extend([0, 0]);
            }
            chunk.extend([1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0]);
            chunk.extend(b"xy");
            assert_eq!(decode(&chunk, 3).unwrap(), b"\0xy", "padding {padding}");
        }
    }

    #[test]
    fn each_rule_has_its_error() {
        let ends_early = |at, wanted, available| CodecError::EndsEarly {
            at,
            wanted,
            available,
        };
        let mut too_many = vec![(1, 3), (1, 1)];
        too_many.extend([(1, 4); 20]);
        let mut long_run = vec![(1, 3), (1, 1)];
        long_run.extend((0..20).map(|symbol| (u32::from(symbol == 18), 4)));
        long_run.extend([(31, 6); 6]);
        for (chunk, length, error) in [
            (vec![], 1, CodecError::BlockType { at: 0, kind: 0 }),
            (
                bits(&[(4, 3), (1, 1)]),
                1,
                CodecError::BlockType { at: 0, kind: 4 },
            ),
            (
                bits(&[(1, 3), (0, 1), (0, 16)]),
                9,
                CodecError::BlockSize {
                    at: 0,
                    size: 0,
                    room: 9,
                },
            ),
            (
                bits(&[(1, 3), (1, 1)]),
                9,
                CodecError::BlockSize {
                    at: 0,
                    size: 32_768,
                    room: 9,
                },
            ),
            (uncompressed_block(4, b"odd"), 4, ends_early(0, 4, 19)),
            (
                bits(&too_many),
                32_768,
                CodecError::TooManyCodeWords {
                    code: "length table",
                    at: 0,
                },
            ),
            (
                bits(&long_run),
                32_768,
                CodecError::LengthRun {
                    at: 0,
                    run: 51,
                    room: 1,
                },
            ),
        ] {
            assert_eq!(decode(&chunk, length), Err(error));
        }
    }
}
