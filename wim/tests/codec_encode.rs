//! Chunks that we encode are decoded by wimlib and by us to what was put in.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test ends where something is wrong"
)]

mod common;

use common::{Libwim, Sample, libwim, made_up, real};
use wimwright_wim::compress::{Codec, Decoder, Encoded, Encoder, Level};

/// Encodes here, decodes here and with wimlib; returns how many chunks it was.
fn encode_all(
    peer: Option<Libwim>,
    codec: Codec,
    chunk_size: u32,
    level: Level,
    samples: &[Sample],
) -> usize {
    let mut encoder = Encoder::new(codec, chunk_size, level).unwrap();
    let mut decoder = Decoder::new(codec, chunk_size).unwrap();
    let mut names = Vec::new();
    let mut plain = Vec::new();
    let mut compressed = Vec::new();
    for sample in samples {
        for chunk in sample.bytes.chunks(chunk_size as usize) {
            let mut out = b"before".to_vec();
            if encoder.encode(chunk, &mut out) == Encoded::Incompressible {
                assert_eq!(out, b"before");
                continue;
            }
            let written = out.split_off(6);
            assert_eq!(out, b"before");
            assert!(written.len() < chunk.len());
            let what = format!("{codec} {chunk_size} {level:?} {}", sample.name);
            let mut back = vec![0xAA; chunk.len()];
            decoder
                .decode(&written, &mut back)
                .unwrap_or_else(|error| panic!("{what}: {error}"));
            assert!(back == chunk, "{what}");
            names.push(what);
            plain.push(chunk);
            compressed.push(written);
        }
    }
    if let Some(peer) = peer {
        let chunks: Vec<(usize, &[u8])> = plain
            .iter()
            .zip(&compressed)
            .map(|(plain, compressed)| (plain.len(), compressed.as_slice()))
            .collect();
        let (decoded, _) = peer.decompress(codec, chunk_size, &chunks);
        for ((name, plain), decoded) in names.iter().zip(&plain).zip(decoded) {
            assert!(decoded.as_deref() == Some(*plain), "wimlib: {name}");
        }
    }
    plain.len()
}

const LEVELS: [Level; 2] = [Level::Fast, Level::Normal];

#[test]
fn made_up_data_of_every_chunk_size() {
    let peer = libwim("made_up_data_of_every_chunk_size");
    for codec in [Codec::Xpress, Codec::Lzx] {
        let sizes = codec.chunk_sizes();
        let mut size = *sizes.start();
        while size <= *sizes.end() {
            for level in LEVELS {
                let samples = made_up(size.min(1 << 17) as usize + 1000);
                let encoded = encode_all(peer, codec, size, level, &samples);
                assert!(encoded >= 8, "{codec} {size}: {encoded} chunks");
            }
            size *= 2;
        }
    }
}

#[test]
fn real_files() {
    let Some(corpus) = wimwright_testdata::corpus("real_files") else {
        return;
    };
    let peer = libwim("real_files");
    let samples = real(&corpus);
    for (codec, size) in [
        (Codec::Xpress, 1 << 15),
        (Codec::Xpress, 1 << 16),
        (Codec::Lzx, 1 << 15),
        (Codec::Lzx, 1 << 20),
    ] {
        for level in LEVELS {
            let encoded = encode_all(peer, codec, size, level, &samples);
            assert!(encoded >= samples.len() - 1, "{codec} {size}: {encoded}");
        }
    }
}

#[test]
fn every_short_length() {
    let peer = libwim("every_short_length");
    let samples: Vec<Sample> = (0..100).chain(280..330).flat_map(made_up).collect();
    for codec in [Codec::Xpress, Codec::Lzx] {
        for level in LEVELS {
            let encoded = encode_all(peer, codec, 1 << 15, level, &samples);
            assert!(encoded > 50, "{codec}: {encoded}");
        }
    }
}
