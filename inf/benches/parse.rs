//! How long 1,000 INFs take, here and in Wine's setupapi.
//!
//! `cargo bench -p wimwright-inf`. The same files are read both ways: the
//! corpus, from its start again until there are a thousand. Wine's time is
//! that of `SetupOpenInfFileW` alone, taken inside the Wine process with the
//! performance counter (`tests/peer/infdump.c`); ours is given with and
//! without reading the file. On both sides the best of seven counts for each
//! file, and the sum over the files is compared: so neither waits for the disk,
//! nor for other work of the machine.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark prints its figures and stops where it cannot go on"
)]

#[path = "../tests/infs/mod.rs"]
mod infs;
#[path = "../tests/peer/mod.rs"]
mod peer;

use std::fs;
use std::hint::black_box;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use wimwright_inf::{Inf, ParseOptions};

/// How many files are read; the goal is stated for that many.
const FILES: usize = 1000;

/// The best of this many rounds counts; the peer has the same number.
const ROUNDS: usize = 7;

fn main() {
    let Some(corpus) = wimwright_testdata::corpus("parse") else {
        return;
    };
    let mut found = Vec::new();
    infs::inf_files(&corpus.canonicalize().unwrap().join("drivers"), &mut found);
    let files: Vec<PathBuf> = found.into_iter().cycle().take(FILES).collect();
    let bytes: Vec<Vec<u8>> = files.iter().map(|path| fs::read(path).unwrap()).collect();
    let total: usize = bytes.iter().map(Vec::len).sum();
    let options = ParseOptions::default();

    let parse: Duration = bytes
        .iter()
        .map(|bytes| best(|| Inf::parse(black_box(bytes), &options)))
        .sum();
    let read_and_parse: Duration = files
        .iter()
        .map(|path| best(|| Inf::parse(&fs::read(path).unwrap(), &options)))
        .sum();
    println!("{FILES} INFs, {:.1} MB", total as f64 / 1e6);
    println!("parse:             {parse:>10.2?}");
    println!("read and parse:    {read_and_parse:>10.2?}");

    let Some(wine) = peer::Peer::build("parse") else {
        return;
    };
    let wine_time = wine_time(&wine.run("time", &files));
    println!("SetupOpenInfFileW: {wine_time:>10.2?}");
    println!(
        "parse is {:.0} times as fast, read and parse {:.0} times",
        wine_time.as_secs_f64() / parse.as_secs_f64(),
        wine_time.as_secs_f64() / read_and_parse.as_secs_f64()
    );
}

fn best<T>(work: impl Fn() -> T) -> Duration {
    (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            black_box(work());
            start.elapsed()
        })
        .min()
        .unwrap()
}

/// The nanoseconds behind the count of opened files.
fn wine_time(said: &str) -> Duration {
    let nanoseconds = said.trim().split(' ').nth(1).unwrap();
    Duration::from_nanos(nanoseconds.parse().unwrap())
}
