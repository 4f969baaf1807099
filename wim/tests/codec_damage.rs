//! Damaged chunks: data or an error, never a panic, and the decoder can be used
//! again. Where wimlib takes a damaged chunk as well, both see the same data.
//!
//! The damage is the same every time, so a failure comes again.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test ends where something is wrong"
)]

mod common;

use common::{Numbers, libwim, made_up};
use wimwright_wim::compress::{Codec, CodecError, Decoder, Encoded, Encoder, Level};

/// A sound chunk.
struct Chunk {
    compressed: Vec<u8>,
    plain: Vec<u8>,
}

/// Chunks of LZMS that wimlib 1.13.5 wrote from text, rising numbers and x86
/// code: those of `lzms/decode.rs`.
const LZMS: [(&str, usize); 3] = [
    (
        "7510299f00700000001a386e95174b99dc5b1b48d998db1b975545646e61206e69616761",
        1240,
    ),
    (
        "cb338400b4471d2fe91bafef4ca7f785adf9000000a045c1c7c0c7c0c7c0c7c0c7c0c7c0\
         c7c0df9c326b4939c00a48760463451800400000",
        1200,
    ),
    (
        "b16e6aa981e688099f524a87320c601c0000900dd3fc5b3e342f67bc92e048741d5001c0\
         032874366a003dab0e8d1874267000f9aafed1336107c0e8015732008e0e5094680900e8",
        1600,
    ),
];

fn hex(digits: &str) -> Vec<u8> {
    let digits: Vec<u8> = digits.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

/// Sound chunks of every kind of data: ours, for LZMS wimlib's.
fn sound(codec: Codec) -> Vec<Chunk> {
    let mut chunks = Vec::new();
    if codec == Codec::Lzms {
        let mut decoder = Decoder::new(codec, 1 << 15).unwrap();
        for (digits, length) in LZMS {
            let compressed = hex(digits);
            let mut plain = vec![0; length];
            decoder.decode(&compressed, &mut plain).unwrap();
            chunks.push(Chunk { compressed, plain });
        }
        return chunks;
    }
    for level in [Level::Fast, Level::Normal] {
        let mut encoder = Encoder::new(codec, 1 << 15, level).unwrap();
        for sample in made_up(3000) {
            let mut compressed = Vec::new();
            if encoder.encode(&sample.bytes, &mut compressed) == Encoded::Compressed {
                let plain = sample.bytes;
                chunks.push(Chunk { compressed, plain });
            }
        }
    }
    chunks
}

/// Spoils a chunk in one to four places.
fn spoil(bytes: &mut Vec<u8>, numbers: &mut Numbers) {
    for _ in 0..=numbers.below(4) {
        let at = numbers.below(bytes.len());
        match numbers.below(8) {
            0..=2 => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << numbers.below(8);
                }
            }
            3 => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = [0, 0xFF, 0x7F, 0x80][numbers.below(4)];
                }
            }
            4 => bytes.truncate(at),
            5 => bytes.extend((0..numbers.below(40)).map(|_| numbers.next() as u8)),
            6 => {
                let from = numbers.below(bytes.len());
                let count = numbers.below(16).min(bytes.len() - at.max(from));
                bytes.copy_within(from..from + count, at);
            }
            _ => {
                bytes.remove(at.min(bytes.len().saturating_sub(1)));
            }
        }
        if bytes.is_empty() {
            bytes.push(0);
        }
    }
}

#[test]
fn no_damage_makes_a_decoder_panic() {
    for codec in [Codec::Xpress, Codec::Lzx, Codec::Lzms] {
        let chunks = sound(codec);
        assert!(chunks.len() >= 3, "{codec}");
        let mut decoder = Decoder::new(codec, 1 << 15).unwrap();
        let mut numbers = Numbers(0x0123_4567_89AB_CDEF);
        let mut refused = 0;
        for round in 0..40_000 {
            let chunk = &chunks[round % chunks.len()];
            let mut spoiled = chunk.compressed.clone();
            spoil(&mut spoiled, &mut numbers);
            // Sometimes another plain length is asked for.
            let length = match numbers.below(4) {
                0 => numbers.below(5000),
                _ => chunk.plain.len(),
            };
            let mut plain = vec![0; length];
            refused += usize::from(decoder.decode(&spoiled, &mut plain).is_err());
            if round % 100 == 0 {
                let mut plain = vec![0xAA; chunk.plain.len()];
                decoder.decode(&chunk.compressed, &mut plain).unwrap();
                assert!(plain == chunk.plain, "{codec} after round {round}");
            }
        }
        assert!((1000..40_000).contains(&refused), "{codec}: {refused}");
    }
}

#[test]
fn random_bytes_are_data_or_an_error() {
    for codec in [Codec::Xpress, Codec::Lzx, Codec::Lzms] {
        let mut decoder = Decoder::new(codec, 1 << 15).unwrap();
        let mut numbers = Numbers(42);
        for round in 0..20_000 {
            // Few different bytes are more often taken for sound lengths.
            let mask = [0xFF, 0x11, 0x01, 0x33][round % 4];
            let length = numbers.below(600);
            let noise: Vec<u8> = (0..length).map(|_| numbers.next() as u8 & mask).collect();
            let mut plain = vec![0; numbers.below(4000)];
            let _ = decoder.decode(&noise, &mut plain);
        }
    }
}

#[test]
fn wimlib_sees_the_same_in_damaged_chunks() {
    let Some(peer) = libwim("wimlib_sees_the_same_in_damaged_chunks") else {
        return;
    };
    for codec in [Codec::Xpress, Codec::Lzx, Codec::Lzms] {
        let chunks = sound(codec);
        let mut numbers = Numbers(77);
        let damaged: Vec<(usize, Vec<u8>)> = (0..4000)
            .map(|round| {
                let chunk = &chunks[round % chunks.len()];
                let mut spoiled = chunk.compressed.clone();
                spoil(&mut spoiled, &mut numbers);
                (chunk.plain.len(), spoiled)
            })
            .collect();
        let asked: Vec<(usize, &[u8])> = damaged
            .iter()
            .map(|(length, spoiled)| (*length, spoiled.as_slice()))
            .collect();
        let (theirs, _) = peer.decompress(codec, 1 << 15, &asked);
        let mut decoder = Decoder::new(codec, 1 << 15).unwrap();
        let mut agreed = 0;
        for (number, ((length, spoiled), theirs)) in damaged.iter().zip(theirs).enumerate() {
            let mut plain = vec![0; *length];
            let ours = decoder.decode(spoiled, &mut plain);
            match (ours, theirs) {
                (Ok(()), Some(theirs)) => {
                    assert!(plain == theirs, "{codec} chunk {number}");
                    agreed += 1;
                }
                // wimlib reads zeros past the end.
                (Err(CodecError::EndsEarly { .. }), Some(_)) => {}
                // wimlib takes these for shorter ones.
                (Err(CodecError::LengthField { .. }), Some(_)) => {}
                // wimlib cuts a run that goes past the last symbol.
                (Err(CodecError::LengthRun { .. }), Some(_)) => {}
                // In a code without any word wimlib reads symbol 0.
                (Err(CodecError::NoSuchCodeWord { .. }), Some(_)) => {}
                (Err(error), Some(_)) => panic!("{codec} chunk {number}: {error}"),
                // We take codes with words left over.
                (_, None) => {}
            }
        }
        assert!(agreed > 100, "{codec}: {agreed} agreed");
    }
}
