//! Compressed LZX chunk into plain bytes.

use super::lengths::{PreTable, read_lengths};
use super::offsets::{EXTRA_BITS, RAISED_BY, SLOT_BASES, slots};
use super::{
    ALIGNED_SYMBOLS, DEFAULT_BLOCK, LENGTH_SYMBOLS, LITERALS, LONG_HEADER, MOST_MAIN,
    SHORTEST_MATCH, e8,
};
use crate::compress::CodecError;
use crate::compress::bit_reader::BitReader;
use crate::compress::copy_match::copy_match;
use crate::compress::huffman::DecodeTable;

const MAIN: &str = "main";
const LENGTH: &str = "length";
const ALIGNED: &str = "aligned offset";

#[derive(Debug)]
pub(in crate::compress) struct LzxDecoder {
    /// Main symbols of this window.
    main_symbols: usize,
    /// Whether a block size has 24 bits.
    long_sizes: bool,
    main_lengths: [u8; MOST_MAIN],
    length_lengths: [u8; LENGTH_SYMBOLS],
    pre: PreTable,
    main: DecodeTable<2048, MOST_MAIN>,
    length: DecodeTable<1024, LENGTH_SYMBOLS>,
    aligned: DecodeTable<128, ALIGNED_SYMBOLS>,
}

/// What a block header says.
enum Block {
    Verbatim,
    Aligned,
    Uncompressed,
}

impl LzxDecoder {
    pub(in crate::compress) fn new(chunk_size: u32) -> Self {
        LzxDecoder {
            main_symbols: LITERALS + 8 * slots(chunk_size),
            long_sizes: chunk_size >= 1 << 16,
            main_lengths: [0; MOST_MAIN],
            length_lengths: [0; LENGTH_SYMBOLS],
            pre: PreTable::default(),
            main: DecodeTable::default(),
            length: DecodeTable::default(),
            aligned: DecodeTable::default(),
        }
    }

    pub(in crate::compress) fn decode(
        &mut self,
        compressed: &[u8],
        plain: &mut [u8],
    ) -> Result<(), CodecError> {
        self.main_lengths.fill(0);
        self.length_lengths.fill(0);
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
            match block {
                Block::Uncompressed => {
                    if let Some(part) = plain.get_mut(at..end) {
                        recent = uncompressed(&mut bits, part, at, room)?;
                    }
                }
                Block::Verbatim => {
                    self.read_codes(&mut bits, at)?;
                    self.matches::<false>(&mut bits, plain, at, end, &mut recent)?;
                }
                Block::Aligned => {
                    let lengths = [(); ALIGNED_SYMBOLS].map(|()| bits.read(3) as u8);
                    self.aligned
                        .build(&lengths)
                        .map_err(|_| CodecError::TooManyCodeWords { code: ALIGNED, at })?;
                    self.read_codes(&mut bits, at)?;
                    self.matches::<true>(&mut bits, plain, at, end, &mut recent)?;
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
        let block = match bits.read(3) {
            1 => Block::Verbatim,
            2 => Block::Aligned,
            3 => Block::Uncompressed,
            kind => return Err(CodecError::BlockType { at, kind }),
        };
        let size = match (bits.read(1), self.long_sizes) {
            (1, _) => DEFAULT_BLOCK,
            (_, false) => bits.read(16) as usize,
            (_, true) => bits.read(24) as usize,
        };
        Ok((block, size))
    }

    /// Reads the main code and the length code.
    fn read_codes(&mut self, bits: &mut BitReader<'_>, at: usize) -> Result<(), CodecError> {
        let main = &mut self.main_lengths[..self.main_symbols];
        let (literals, matches) = main.split_at_mut(LITERALS);
        read_lengths(bits, &mut self.pre, literals, at)?;
        read_lengths(bits, &mut self.pre, matches, at)?;
        self.main
            .build(main)
            .map_err(|_| CodecError::TooManyCodeWords { code: MAIN, at })?;
        read_lengths(bits, &mut self.pre, &mut self.length_lengths, at)?;
        self.length
            .build(&self.length_lengths)
            .map_err(|_| CodecError::TooManyCodeWords { code: LENGTH, at })
    }

    /// Decodes a block of literals and matches.
    fn matches<const IS_ALIGNED: bool>(
        &self,
        input: &mut BitReader<'_>,
        plain: &mut [u8],
        start: usize,
        end: usize,
        queue: &mut [u32; 3],
    ) -> Result<(), CodecError> {
        let mut bits = input.clone();
        let mut recent = *queue;
        let mut at = start;
        while at < end {
            bits.refill();
            let mut symbol = decode(&self.main, &mut bits, MAIN, at)?;
            if symbol < LITERALS as u16 {
                if let Some(byte) = plain.get_mut(at) {
                    *byte = symbol as u8;
                }
                at += 1;
                if at == end {
                    break;
                }
                // 49 bits were there: enough for another main symbol.
                symbol = decode(&self.main, &mut bits, MAIN, at)?;
                if symbol < LITERALS as u16 {
                    if let Some(byte) = plain.get_mut(at) {
                        *byte = symbol as u8;
                    }
                    at += 1;
                    continue;
                }
                bits.refill();
            }
            // At least 33 bits are there.
            let symbol = symbol - LITERALS as u16;
            let mut length = symbol & 7;
            if length == LONG_HEADER {
                length += decode(&self.length, &mut bits, LENGTH, at)?;
                bits.refill();
            }
            let length = usize::from(length) + SHORTEST_MATCH;
            let slot = usize::from(symbol / 8);
            let offset = match slot {
                0 => recent[0],
                1 | 2 => {
                    // Only swapped: the order of the other two stays.
                    recent.swap(0, slot);
                    recent[0]
                }
                _ => {
                    let extra = u32::from(EXTRA_BITS[slot & 63]);
                    let mut raised = SLOT_BASES[slot & 63];
                    if IS_ALIGNED && extra >= 3 {
                        raised += bits.take(extra - 3) << 3;
                        raised += u32::from(decode(&self.aligned, &mut bits, ALIGNED, at)?);
                    } else {
                        raised += bits.take(extra);
                    }
                    recent = [raised - RAISED_BY, recent[0], recent[1]];
                    recent[0]
                }
            };
            let room = end - at;
            if offset as usize > at || offset == 0 {
                return Err(CodecError::OffsetTooLong {
                    at,
                    offset: offset.into(),
                });
            }
            if length > room {
                return Err(CodecError::MatchTooLong { at, length, room });
            }
            copy_match(plain, at, offset as usize, length);
            at += length;
        }
        *input = bits;
        *queue = recent;
        Ok(())
    }
}

#[inline(always)]
fn decode<const SIZE: usize, const SYMBOLS: usize>(
    table: &DecodeTable<SIZE, SYMBOLS>,
    bits: &mut BitReader<'_>,
    code: &'static str,
    at: usize,
) -> Result<u16, CodecError> {
    match table.look_up(bits.peek()) {
        Some((symbol, length)) => {
            bits.consume(length);
            Ok(symbol)
        }
        None => Err(CodecError::NoSuchCodeWord { code, at }),
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

fn not_overrun(bits: &BitReader<'_>, at: usize, wanted: usize) -> Result<(), CodecError> {
    if bits.overrun() {
        return Err(CodecError::EndsEarly {
            at,
            wanted,
            available: bits.input_len(),
        });
    }
    Ok(())
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
