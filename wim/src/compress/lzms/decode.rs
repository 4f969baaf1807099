//! Compressed LZMS chunk into plain bytes.

use super::adaptive::AdaptiveCode;
use super::back_bits::BackBits;
use super::range::{Decision, RangeDecoder};
use super::recent::Recent;
use super::slots::{LENGTH_SLOTS, LENGTHS, OFFSET_SLOTS, OFFSETS, Slot, offset_slots};
use super::x86::{self, LastUses};
use crate::compress::CodecError;
use crate::compress::copy_match::copy_match;
use crate::compress::huffman::CodeBuilder;

const LITERAL: &str = "literal";
const LENGTH: &str = "length";
const LZ_OFFSET: &str = "LZ offset";
const DELTA_OFFSET: &str = "delta offset";
const DELTA_POWER: &str = "delta power";

#[derive(Debug)]
pub(in crate::compress) struct LzmsDecoder {
    builder: CodeBuilder,
    codes: Codes,
    last_uses: Box<LastUses>,
}

#[derive(Debug, Default)]
struct Codes {
    literal: AdaptiveCode<1024, 256>,
    length: AdaptiveCode<512, LENGTH_SLOTS>,
    lz_offset: AdaptiveCode<1024, OFFSET_SLOTS>,
    delta_offset: AdaptiveCode<1024, OFFSET_SLOTS>,
    delta_power: AdaptiveCode<128, 8>,
}

/// The decisions of the range coder.
#[derive(Default)]
struct Decisions {
    /// No: literal.
    is_match: Decision<16>,
    /// No: LZ match.
    is_delta: Decision<32>,
    lz: Repeated,
    delta: Repeated,
}

/// Whether a match has a recent offset, and which.
#[derive(Default)]
struct Repeated {
    is_recent: Decision<64>,
    not_first: Decision<64>,
    not_second: Decision<64>,
}

impl Repeated {
    /// The name of the recent offset, or `None` for a new one.
    #[inline(always)]
    fn read(&mut self, range: &mut RangeDecoder<'_>) -> Option<usize> {
        if !range.decide(&mut self.is_recent) {
            None
        } else if !range.decide(&mut self.not_first) {
            Some(0)
        } else if !range.decide(&mut self.not_second) {
            Some(1)
        } else {
            Some(2)
        }
    }
}

/// What the item before was.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Item {
    Literal,
    Lz,
    Delta,
}

/// Distance between the bytes whose differences repeat, as a power of two, and
/// how many such distances back.
#[derive(Clone, Copy)]
struct Delta {
    power: u32,
    raw_offset: u32,
}

impl Default for LzmsDecoder {
    fn default() -> Self {
        LzmsDecoder {
            builder: CodeBuilder::default(),
            codes: Codes::default(),
            last_uses: Box::new([0; 1 << 16]),
        }
    }
}

impl LzmsDecoder {
    pub(in crate::compress) fn decode(
        &mut self,
        compressed: &[u8],
        plain: &mut [u8],
    ) -> Result<(), CodecError> {
        if plain.is_empty() {
            return Ok(());
        }
        if compressed.len() < 4 || !compressed.len().is_multiple_of(2) {
            return Err(CodecError::UnitCount {
                length: compressed.len(),
            });
        }
        self.codes.start(&mut self.builder, plain.len());
        self.items(compressed, plain)?;
        x86::undo(plain, &mut self.last_uses);
        Ok(())
    }

    fn items(&mut self, compressed: &[u8], plain: &mut [u8]) -> Result<(), CodecError> {
        let codes = &mut self.codes;
        let builder = &mut self.builder;
        let mut range = RangeDecoder::new(compressed);
        let mut bits = BackBits::new(compressed);
        let mut decisions = Decisions::default();
        let mut offsets = Recent::new([1, 2, 3, 4]);
        let mut deltas = Recent::new([1, 2, 3, 4].map(|raw_offset| Delta {
            power: 0,
            raw_offset,
        }));
        let mut before = Item::Literal;
        let wanted = plain.len();
        let mut at = 0;
        while at < wanted {
            let unknown = |code| CodecError::NoSuchCodeWord { code, at };
            bits.refill();
            if !range.decide(&mut decisions.is_match) {
                let symbol = codes.literal.symbol(&mut bits, builder);
                if let Some(byte) = plain.get_mut(at) {
                    *byte = symbol.ok_or_else(|| unknown(LITERAL))? as u8;
                }
                at += 1;
                before = Item::Literal;
                continue;
            }
            if range.overrun() || bits.overrun() {
                return Err(CodecError::EndsEarly {
                    at,
                    wanted,
                    available: compressed.len(),
                });
            }
            if !range.decide(&mut decisions.is_delta) {
                let offset = if let Some(index) = decisions.lz.read(&mut range) {
                    offsets.take(index, before == Item::Lz)
                } else {
                    let slot = codes.lz_offset.symbol(&mut bits, builder);
                    let slot = slot.ok_or_else(|| unknown(LZ_OFFSET))?;
                    let offset = value(OFFSETS.get(slot), &mut bits);
                    offsets.push(offset);
                    offset
                };
                before = Item::Lz;
                let length = codes.length(&mut bits, builder, at, wanted)?;
                let offset = offset as usize;
                if offset > at {
                    return Err(too_long(at, offset as u64));
                }
                copy_match(plain, at, offset, length);
                at += length;
            } else {
                let delta = if let Some(index) = decisions.delta.read(&mut range) {
                    deltas.take(index, before == Item::Delta)
                } else {
                    let power = codes.delta_power.symbol(&mut bits, builder);
                    let power = power.ok_or_else(|| unknown(DELTA_POWER))? as u32;
                    bits.refill();
                    let slot = codes.delta_offset.symbol(&mut bits, builder);
                    let slot = slot.ok_or_else(|| unknown(DELTA_OFFSET))?;
                    let raw_offset = value(OFFSETS.get(slot), &mut bits);
                    let delta = Delta { power, raw_offset };
                    deltas.push(delta);
                    delta
                };
                before = Item::Delta;
                let length = codes.length(&mut bits, builder, at, wanted)?;
                let span = 1_usize << (delta.power & 7);
                // Below 2^31 times 2^7.
                let offset = u64::from(delta.raw_offset) * span as u64;
                let back = offset + span as u64;
                if back > at as u64 {
                    return Err(too_long(at, back));
                }
                repeat_differences(plain, at, offset as usize, span, length);
                at += length;
            }
        }
        if range.overrun() || bits.overrun() {
            return Err(CodecError::EndsEarly {
                at,
                wanted,
                available: compressed.len(),
            });
        }
        Ok(())
    }
}

impl Codes {
    /// Starts the codes for a chunk of `length` plain bytes.
    fn start(&mut self, builder: &mut CodeBuilder, length: usize) {
        let offsets = offset_slots(length);
        self.literal.start(builder, 256, 1024);
        self.length.start(builder, LENGTH_SLOTS, 512);
        self.lz_offset.start(builder, offsets, 1024);
        self.delta_offset.start(builder, offsets, 1024);
        self.delta_power.start(builder, 8, 512);
    }

    /// Reads the length of a match at `at` of a chunk of `wanted` bytes.
    #[inline(always)]
    fn length(
        &mut self,
        bits: &mut BackBits<'_>,
        builder: &mut CodeBuilder,
        at: usize,
        wanted: usize,
    ) -> Result<usize, CodecError> {
        bits.refill();
        let slot = self.length.symbol(bits, builder);
        let slot = slot.ok_or(CodecError::NoSuchCodeWord { code: LENGTH, at })?;
        let length = value(LENGTHS.get(slot), bits) as usize;
        let room = wanted - at;
        if length > room {
            return Err(CodecError::MatchTooLong { at, length, room });
        }
        Ok(length)
    }
}

/// The slot's first value plus its extra bits (at most 30).
#[inline(always)]
fn value(slot: Option<&Slot>, bits: &mut BackBits<'_>) -> u32 {
    slot.map_or(0, |slot| slot.base + bits.take(slot.extra_bits.into()))
}

#[cold]
fn too_long(at: usize, offset: u64) -> CodecError {
    CodecError::OffsetTooLong { at, offset }
}

/// Each byte differs from the one `span` before it as much as the byte
/// `offset` before it differs from the one `span` before that.
fn repeat_differences(plain: &mut [u8], at: usize, offset: usize, span: usize, length: usize) {
    for to in at..at + length {
        let byte = |back: usize| plain.get(to.wrapping_sub(back)).copied().unwrap_or(0);
        let next = byte(offset)
            .wrapping_add(byte(span))
            .wrapping_sub(byte(offset + span));
        if let Some(place) = plain.get_mut(to) {
            *place = next;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(hex: &str) -> Vec<u8> {
        let digits: Vec<char> = hex.chars().collect();
        digits
            .chunks(2)
            .map(|pair| u8::from_str_radix(&pair.iter().collect::<String>(), 16).unwrap())
            .collect()
    }

    /// Written by wimlib 1.13.5, level 50, from the data that the test makes.
    const TEXT: &str = "7510299f00700000001a386e95174b99dc5b1b48d998db1b975545646e61206e69616761";
    const TABLE: &str = "cb338400b4471d2fe91bafef4ca7f785adf9000000a045c1c7c0c7c0c7c0c7c0c7c0c7c0\
                         c7c0df9c326b4939c00a48760463451800400000";
    const CODE: &str = "b16e6aa981e688099f524a87320c601c0000900dd3fc5b3e342f67bc92e048741d5001c0\
                         032874366a003dab0e8d1874267000f9aafed1336107c0e8015732008e0e5094680900e8";

    #[test]
    fn lz_matches_delta_matches_and_x86_code_of_wimlib_are_decoded() {
        let text = b"again and again and once more, ".repeat(40);
        let table: Vec<u8> = (0..300_u32)
            .flat_map(|number| (number * 24 + 0x40_0000).to_le_bytes())
            .collect();
        let mut code = Vec::new();
        for number in 0..200 {
            let target = number % 3 * 1000 - code.len() as i32;
            code.push(0xE8);
            code.extend(target.to_le_bytes());
            code.extend([0x89, 0x45, (number % 7) as u8]);
        }
        let mut decoder = LzmsDecoder::default();
        for (compressed, plain) in [(TEXT, text), (TABLE, table), (CODE, code)] {
            let mut back = vec![0xAA; plain.len()];
            decoder.decode(&bytes(compressed), &mut back).unwrap();
            assert!(back == plain, "{compressed}");
        }
    }

    #[test]
    fn what_is_no_lzms_is_refused() {
        let mut decoder = LzmsDecoder::default();
        let text = bytes(TEXT);
        for length in [0, 1, 2, 3, 5, text.len() - 1] {
            assert_eq!(
                decoder.decode(&text[..length], &mut [0; 1240]),
                Err(CodecError::UnitCount { length })
            );
        }
        // Decisions and bits without end, all ones: the first item is a match.
        let ones = vec![0xFF; 64];
        assert!(decoder.decode(&ones, &mut vec![0; 4096]).is_err());
        assert_eq!(decoder.decode(&[], &mut []), Ok(()));
    }
}
