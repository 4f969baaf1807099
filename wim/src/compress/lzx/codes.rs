//! What both decoders share: the block's codes, and a run of literals and
//! matches.

use super::lengths::{PreTable, read_lengths};
use super::offsets::{EXTRA_BITS, RAISED_BY, SLOT_BASES, slots};
use super::{ALIGNED_SYMBOLS, LENGTH_SYMBOLS, LITERALS, LONG_HEADER, MOST_MAIN, SHORTEST_MATCH};
use crate::compress::CodecError;
use crate::compress::bit_reader::BitReader;
use crate::compress::copy_match::copy_match;
use crate::compress::huffman::DecodeTable;

const MAIN: &str = "main";
const LENGTH: &str = "length";
const ALIGNED: &str = "aligned offset";

/// The codes of a block; their lengths go on from the block before.
#[derive(Debug)]
pub(super) struct Codes {
    /// Main symbols of this window.
    main_symbols: usize,
    main_lengths: [u8; MOST_MAIN],
    length_lengths: [u8; LENGTH_SYMBOLS],
    pre: PreTable,
    main: DecodeTable<2048, MOST_MAIN>,
    length: DecodeTable<1024, LENGTH_SYMBOLS>,
    aligned: DecodeTable<128, ALIGNED_SYMBOLS>,
}

/// What a block header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Block {
    Verbatim,
    Aligned,
    Uncompressed,
}

impl Block {
    /// Reads the three bits that tell.
    pub(super) fn read(bits: &mut BitReader<'_>, at: usize) -> Result<Self, CodecError> {
        match bits.read(3) {
            1 => Ok(Block::Verbatim),
            2 => Ok(Block::Aligned),
            3 => Ok(Block::Uncompressed),
            kind => Err(CodecError::BlockType { at, kind }),
        }
    }
}

/// Where a run of literals and matches lies in the plain bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run {
    /// Where it begins.
    pub(super) start: usize,
    /// No literal and no match begins here or behind it.
    pub(super) stop: usize,
    /// No match reaches past it; as long as `stop` lies before it, the plain
    /// bytes go on for a longest match behind `stop`.
    pub(super) end: usize,
}

impl Codes {
    /// For a window of `window` bytes.
    pub(super) fn new(window: u32) -> Self {
        Codes {
            main_symbols: LITERALS + 8 * slots(window),
            main_lengths: [0; MOST_MAIN],
            length_lengths: [0; LENGTH_SYMBOLS],
            pre: PreTable::default(),
            main: DecodeTable::default(),
            length: DecodeTable::default(),
            aligned: DecodeTable::default(),
        }
    }

    /// Forgets the lengths of the block before.
    pub(super) fn reset(&mut self) {
        self.main_lengths.fill(0);
        self.length_lengths.fill(0);
    }

    /// Reads the codes that a verbatim or aligned block begins with.
    pub(super) fn read(
        &mut self,
        block: Block,
        bits: &mut BitReader<'_>,
        at: usize,
    ) -> Result<(), CodecError> {
        if block == Block::Aligned {
            let lengths = [(); ALIGNED_SYMBOLS].map(|()| bits.read(3) as u8);
            self.aligned
                .build(&lengths)
                .map_err(|_| CodecError::TooManyCodeWords { code: ALIGNED, at })?;
        }
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

    /// Decodes literals and matches, and says where the last one ended.
    pub(super) fn matches<const IS_ALIGNED: bool>(
        &self,
        input: &mut BitReader<'_>,
        plain: &mut [u8],
        run: Run,
        queue: &mut [u32; 3],
    ) -> Result<usize, CodecError> {
        let mut bits = input.clone();
        let mut recent = *queue;
        let mut at = run.start;
        while at < run.stop {
            bits.refill();
            let mut symbol = decode(&self.main, &mut bits, MAIN, at)?;
            if symbol < LITERALS as u16 {
                if let Some(byte) = plain.get_mut(at) {
                    *byte = symbol as u8;
                }
                at += 1;
                if at == run.stop {
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
            let room = run.end - at;
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
        Ok(at)
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

/// Whether what was taken was there.
pub(super) fn not_overrun(
    bits: &BitReader<'_>,
    at: usize,
    wanted: usize,
) -> Result<(), CodecError> {
    if bits.overrun() {
        return Err(CodecError::EndsEarly {
            at,
            wanted,
            available: bits.input_len(),
        });
    }
    Ok(())
}
