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

fn main() {
    let corpus = wimwright_testdata::corpus("codecs").unwrap();
    let Some(peer) = libwim("codecs") else { return };
    let codec = if std::env::var("XP").is_ok() {
        Codec::Xpress
    } else {
        Codec::Lzx
    };
    let fast = std::env::var("FAST").is_ok();
    for size in [1usize << 15, 1 << 21] {
        if (fast || codec == Codec::Xpress || std::env::var("SMALL").is_ok()) && size > 1 << 15 {
            continue;
        }
        for sample in samples(&corpus) {
            if sample.name.starts_with("packed") {
                continue;
            }
            let chunks: Vec<&[u8]> = sample.bytes.chunks(size).collect();
            let key = format!(
                "/tmp/codec/peer-{codec}-{size}-{fast}-{}-{}",
                sample.name.replace(['/', ' '], "_"),
                sample.bytes.len()
            );
            let theirs: usize = match fs::read_to_string(&key) {
                Ok(text) => text.parse().unwrap(),
                Err(_) => {
                    let (out, _) =
                        peer.compress(codec, size as u32, if fast { 20 } else { 50 }, &chunks);
                    let n = out
                        .iter()
                        .zip(&chunks)
                        .map(|(o, c)| o.as_ref().map_or(c.len(), Vec::len))
                        .sum::<usize>();
                    fs::write(&key, n.to_string()).unwrap();
                    n
                }
            };
            let mut encoder = Encoder::new(
                codec,
                size as u32,
                if fast { Level::Fast } else { Level::Normal },
            )
            .unwrap();
            let start = cpu_time();
            let mut ours = 0;
            let mut out = Vec::new();
            for chunk in &chunks {
                out.clear();
                ours += match encoder.encode(chunk, &mut out) {
                    Encoded::Compressed => out.len(),
                    _ => chunk.len(),
                };
            }
            println!(
                "{size} {:18} {ours} {theirs} {:.4}  {:.2} MB/s",
                sample.name,
                ours as f64 / theirs as f64,
                sample.bytes.len() as f64 / 1e6 / ((cpu_time() - start) as f64 / 1e9)
            );
        }
    }
}
