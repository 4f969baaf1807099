//! How fast chunks are encoded and decoded and how small they get, beside
//! wimlib's codecs on the same chunks in the same run.
//!
//! `cargo bench -p wimwright-wim [-- CODEC [KIND]]`. wimlib runs in a process
//! of its own on one thread and times itself, chunk by chunk. Each figure is
//! the median of interleaved rounds.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a benchmark prints, and ends where something is wrong"
)]

#[path = "../tests/common/mod.rs"]
mod common;

use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};

use common::{Libwim, Sample, libwim};
use wimwright_wim::compress::{Codec, Decoder, Encoded, Encoder, Level};

const ROUNDS: usize = 5;

/// Bytes taken of each kind.
const ENOUGH: usize = 3 << 20;

/// Nanoseconds that this thread has run: other load on the machine counts less
/// than in the time that passed.
fn cpu_time() -> u64 {
    let times = fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    times.split(' ').next().unwrap().parse().unwrap()
}

/// The files of `folder` whose names end so, in order.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut found: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    found.sort();
    let mut all = Vec::new();
    for path in found {
        if path.is_dir() {
            all.extend(files(&path, ending));
        } else if path.to_string_lossy().ends_with(ending) {
            all.push(path);
        }
    }
    all
}

fn joined(files: impl IntoIterator<Item = PathBuf>, skip: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    for path in files.into_iter().skip(skip) {
        bytes.extend(wimwright_testdata::read(&path));
        if bytes.len() > ENOUGH {
            break;
        }
    }
    bytes.truncate(ENOUGH);
    bytes
}

fn samples(corpus: &Path) -> Vec<Sample> {
    let wine = Path::new("/usr/lib/x86_64-linux-gnu/wine/x86_64-windows");
    let drivers = files(&corpus.join("drivers"), "");
    let has = |part: &'static str, ending: &'static str| {
        let drivers = drivers.clone();
        drivers.into_iter().filter(move |path| {
            let path = path.to_string_lossy();
            // Co-installers carry a compressed cabinet each.
            path.contains(part) && path.ends_with(ending) && !path.to_lowercase().contains("coinst")
        })
    };
    let all = vec![
        Sample {
            name: "PE x64, MSVC",
            bytes: joined(has("amd64", ".dll").chain(has("amd64", ".sys")), 0),
        },
        Sample {
            name: "PE x64, wine",
            bytes: joined(files(wine, ".dll"), 300),
        },
        Sample {
            name: "PE x86, MSVC",
            bytes: joined(has("x86", ".dll").chain(has("x86", ".sys")), 0),
        },
        Sample {
            name: "text (INF)",
            bytes: joined(has("", ".inf"), 0),
        },
        Sample {
            name: "hive",
            bytes: joined([corpus.join("hives/SYSTEM-win10-2004-x64.zst")], 0),
        },
        Sample {
            name: "packed (MSU, CAB)",
            bytes: joined(files(&corpus.join("packages/msu"), ".msu"), 0),
        },
        Sample {
            name: "bitmap",
            bytes: bitmap(),
        },
    ];
    all.into_iter()
        .filter(|sample| !sample.bytes.is_empty())
        .collect()
}

/// A picture of 1024 x 1024 pixels of three bytes: gradients, edges and some
/// noise.
fn bitmap() -> Vec<u8> {
    let mut numbers = common::Numbers(77);
    let mut bytes = Vec::new();
    for y in 0_u32..1024 {
        for x in 0_u32..1024 {
            let inside = (x / 100 + y / 80) % 3 == 0;
            let noise = if (x / 256 + y / 256) % 2 == 0 {
                numbers.next() as u32 & 3
            } else {
                0
            };
            let shade = if inside { x / 4 } else { 255 - y / 8 };
            bytes.extend([shade + noise, y / 4, (x + y) / 16 + noise].map(|part| part as u8));
        }
    }
    bytes
}

/// Sizes and speeds of one side: bytes, MB/s.
#[derive(Default)]
struct Side {
    bytes: usize,
    encoding: Vec<f64>,
    decoding: Vec<f64>,
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

fn main() {
    let mut wanted = std::env::args().skip(1).filter(|word| word != "--bench");
    let wanted_codec = wanted.next().unwrap_or_default().to_uppercase();
    let wanted_kind = wanted.next().unwrap_or_default();
    let Some(corpus) = wimwright_testdata::corpus("codecs") else {
        return;
    };
    let Some(peer) = libwim("codecs") else {
        return;
    };
    let samples = samples(&corpus);
    println!(
        "codec, chunk, level | kind | plain | ours/wimlib size | encode MB/s ours, wimlib, ratio | decode MB/s ours, wimlib, ratio"
    );
    for (codec, chunk_size, level, peer_level) in [
        (Codec::Xpress, 1 << 15, Some(Level::Normal), 50),
        (Codec::Lzx, 1 << 15, Some(Level::Fast), 20),
        (Codec::Lzx, 1 << 15, Some(Level::Normal), 50),
        (Codec::Lzx, 1 << 21, Some(Level::Normal), 50),
        (Codec::Lzms, 1 << 17, None, 50),
    ] {
        if !codec.to_string().starts_with(&wanted_codec) {
            continue;
        }
        for sample in &samples {
            if sample.name.contains(&wanted_kind) {
                compare(peer, codec, chunk_size, level, peer_level, sample);
            }
        }
    }
}

fn compare(
    peer: Libwim,
    codec: Codec,
    chunk_size: u32,
    level: Option<Level>,
    peer_level: u32,
    sample: &Sample,
) {
    let chunks: Vec<&[u8]> = sample.bytes.chunks(chunk_size as usize).collect();
    let total = sample.bytes.len() as f64;
    let speed = |nanoseconds: u64| total * 1000.0 / nanoseconds as f64;
    let (mut our_side, mut their_side) = (Side::default(), Side::default());
    for _ in 0..ROUNDS {
        let (theirs, spent) = peer.compress(codec, chunk_size, peer_level, &chunks);
        their_side.encoding.push(speed(spent));
        let stored = |written: &Option<Vec<u8>>, chunk: &[u8]| {
            written.as_ref().map_or(chunk.len(), Vec::len)
        };
        their_side.bytes = (theirs.iter().zip(&chunks))
            .map(|(written, chunk)| stored(written, chunk))
            .sum();
        if let Some(level) = level
            && let Ok(mut encoder) = Encoder::new(codec, chunk_size, level)
        {
            let start = cpu_time();
            let mut out = Vec::with_capacity(chunk_size as usize * 2);
            our_side.bytes = 0;
            for chunk in &chunks {
                out.clear();
                our_side.bytes += match encoder.encode(chunk, &mut out) {
                    Encoded::Compressed => out.len(),
                    Encoded::Incompressible => chunk.len(),
                };
            }
            our_side.encoding.push(speed(cpu_time() - start));
        }
        let compressed: Vec<(usize, &[u8])> = (theirs.iter().zip(&chunks))
            .filter_map(|(written, chunk)| Some((chunk.len(), written.as_deref()?)))
            .collect();
        let coded: usize = compressed.iter().map(|(length, _)| length).sum();
        let share = coded as f64 / total;
        let (_, spent) = peer.decompress(codec, chunk_size, &compressed);
        their_side.decoding.push(speed(spent) * share);
        let mut decoder = Decoder::new(codec, chunk_size).unwrap();
        let mut plain = vec![0; chunk_size as usize];
        let start = cpu_time();
        for &(length, compressed) in &compressed {
            decoder.decode(compressed, &mut plain[..length]).unwrap();
            black_box(&plain);
        }
        let spent = cpu_time() - start;
        our_side.decoding.push(speed(spent.max(1)) * share);
    }
    let (our_encoding, their_encoding) = (
        median(&mut our_side.encoding),
        median(&mut their_side.encoding),
    );
    let (our_decoding, their_decoding) = (
        median(&mut our_side.decoding),
        median(&mut their_side.decoding),
    );
    let level = level.map_or(String::new(), |level| format!("{level:?}"));
    println!(
        "{codec} {}K {level} | {} | {:.1} MB | {} / {} = {:.4} | {our_encoding:.1}, {their_encoding:.1}, {:.2} | {our_decoding:.0}, {their_decoding:.0}, {:.2}",
        chunk_size / 1024,
        sample.name,
        total / 1e6,
        our_side.bytes,
        their_side.bytes,
        our_side.bytes as f64 / their_side.bytes as f64,
        our_encoding / their_encoding,
        our_decoding / their_decoding,
    );
}
