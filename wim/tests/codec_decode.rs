//! Chunks that wimlib's codecs write are decoded to what was put in.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test ends where something is wrong"
)]

mod common;

use common::{Libwim, Sample, libwim, made_up, real};
use wimwright_wim::compress::{Codec, Decoder};

/// Compresses with wimlib, decodes here; returns how many chunks it was.
fn decode_all(
    peer: Libwim,
    codec: Codec,
    chunk_size: u32,
    level: u32,
    samples: &[Sample],
) -> usize {
    let mut decoder = Decoder::new(codec, chunk_size).unwrap();
    let chunks: Vec<(&str, &[u8])> = samples
        .iter()
        .flat_map(|sample| {
            let chunks = sample.bytes.chunks(chunk_size as usize);
            chunks.map(|chunk| (sample.name, chunk))
        })
        .collect();
    let plain: Vec<&[u8]> = chunks.iter().map(|(_, chunk)| *chunk).collect();
    let (compressed, _) = peer.compress(codec, chunk_size, level, &plain);
    let mut decoded = 0;
    for ((name, plain), compressed) in chunks.into_iter().zip(compressed) {
        let Some(compressed) = compressed else {
            continue;
        };
        let mut back = vec![0xAA; plain.len()];
        decoder
            .decode(&compressed, &mut back)
            .unwrap_or_else(|error| panic!("{codec} {chunk_size} level {level} {name}: {error}"));
        assert!(
            back == plain,
            "{codec} {chunk_size} level {level} {name}: first difference at {:?}",
            back.iter().zip(plain).position(|(a, b)| a != b)
        );
        decoded += 1;
    }
    decoded
}

#[test]
fn made_up_data_of_every_chunk_size() {
    let Some(peer) = libwim("made_up_data_of_every_chunk_size") else {
        return;
    };
    for codec in [Codec::Xpress, Codec::Lzx, Codec::Lzms] {
        let sizes = codec.chunk_sizes();
        let mut size = *sizes.start();
        while size <= (*sizes.end()).min(1 << 21) {
            let levels: &[u32] = if size == *sizes.start() {
                &[20, 50, 100]
            } else {
                &[50]
            };
            for &level in levels {
                let samples = made_up(size.min(1 << 16) as usize + 1000);
                let decoded = decode_all(peer, codec, size, level, &samples);
                assert!(decoded >= 8, "{codec} {size}: {decoded} chunks");
            }
            size *= 2;
        }
    }
}

#[test]
fn real_files() {
    let Some(peer) = libwim("real_files") else {
        return;
    };
    let Some(corpus) = wimwright_testdata::corpus("real_files") else {
        return;
    };
    let samples = real(&corpus);
    for (codec, size) in [
        (Codec::Xpress, 1 << 15),
        (Codec::Lzx, 1 << 15),
        (Codec::Lzx, 1 << 20),
        (Codec::Lzms, 1 << 17),
        (Codec::Lzms, 1 << 26),
    ] {
        let decoded = decode_all(peer, codec, size, 50, &samples);
        assert!(
            decoded >= samples.len() - 1,
            "{codec} {size}: {decoded} chunks"
        );
    }
}

#[test]
fn every_short_length() {
    let Some(peer) = libwim("every_short_length") else {
        return;
    };
    let samples: Vec<Sample> = (1..100).flat_map(made_up).collect();
    for codec in [Codec::Xpress, Codec::Lzx, Codec::Lzms] {
        let decoded = decode_all(peer, codec, 1 << 15, 50, &samples);
        // XPRESS chunks begin with 256 bytes of lengths: none gets shorter.
        assert_eq!(decoded > 100, codec != Codec::Xpress, "{codec}: {decoded}");
    }
}
