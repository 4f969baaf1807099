//! Plain chunk into LZX.
//!
//! 1. E8 translation ([`super::e8`]).
//! 2. All matches of the chunk, or of the next [`SEGMENT`] bytes of a long one
//!    ([`cache`]).
//! 3. A first cheapest path with guessed costs ([`parse`], [`costs`]).
//! 4. Blocks where the symbols' frequencies change ([`split`]).
//! 5. For each block another path with the costs of the first, and the block
//!    written with the codes that fit it ([`block`]).
//!
//! The fast level takes one path instead of 2., 3. and the one in 5. ([`lazy`]).
//!
//! Uncompressed blocks are never written: other decoders have had them wrong,
//! and a chunk that needs them is better stored as it is.

mod block;
mod cache;
mod costs;
mod item;
mod lazy;
mod parse;
mod split;
mod statistics;
mod way;
mod write_lengths;

use block::{BlockWriter, Form};
use cache::MatchCache;
use costs::Costs;
use item::{Item, Recent};
use lazy::Lazy;
use parse::{Block, Parser};
use statistics::Statistics;

use super::e8;
use super::offsets::slots;
use crate::compress::bit_writer::BitWriter;
use crate::compress::encoder::Level;
use crate::compress::matches::{BinaryTree, Effort, GROUP, HashChain, Position, Window};

/// Bytes whose matches are held at one time.
const SEGMENT: usize = 1 << 17;

/// Encoder for one chunk size.
#[derive(Debug)]
pub(in crate::compress) enum LzxEncoder {
    Small(Box<Sized<u16, { 1 << 15 }, { (1 << 16) + GROUP }>>),
    Medium(Box<Sized<u16, { 1 << 16 }, { (1 << 17) + GROUP }>>),
    Large(Box<Sized<u32, { 1 << 21 }, { (1 << 22) + GROUP }>>),
}

impl LzxEncoder {
    pub(in crate::compress) fn new(chunk_size: u32, level: Level) -> Self {
        match chunk_size {
            0..=0x8000 => LzxEncoder::Small(Box::new(Sized::new(chunk_size, level))),
            0x8001..=0x1_0000 => LzxEncoder::Medium(Box::new(Sized::new(chunk_size, level))),
            _ => LzxEncoder::Large(Box::new(Sized::new(chunk_size, level))),
        }
    }

    /// Appends the compressed chunk to `out`, whatever its size.
    pub(in crate::compress) fn encode(&mut self, plain: &[u8], out: &mut Vec<u8>) {
        match self {
            LzxEncoder::Small(encoder) => encoder.encode(plain, out),
            LzxEncoder::Medium(encoder) => encoder.encode(plain, out),
            LzxEncoder::Large(encoder) => encoder.encode(plain, out),
        }
    }
}

/// The encoder for chunks of up to `NODES` bytes.
#[derive(Debug)]
pub(in crate::compress) struct Sized<P, const NODES: usize, const LEN: usize> {
    form: Form,
    effort: Effort,
    window: Window<LEN>,
    finder: Finder<P, NODES>,
    path: Vec<Item>,
    statistics: Statistics,
    writer: BlockWriter,
}

/// How items are chosen.
#[derive(Debug)]
enum Finder<P, const NODES: usize> {
    Lazy(HashChain<P, NODES>),
    Shortest(Box<Shortest<P, NODES>>),
}

/// What the shortest path needs.
#[derive(Debug)]
struct Shortest<P, const NODES: usize> {
    tree: BinaryTree<P, NODES>,
    cache: MatchCache,
    costs: Costs,
    parser: Parser,
}

impl<P: Position, const NODES: usize> Default for Shortest<P, NODES> {
    fn default() -> Self {
        Shortest {
            tree: BinaryTree::default(),
            cache: MatchCache::default(),
            costs: Costs::default(),
            parser: Parser::default(),
        }
    }
}

impl<P: Position, const NODES: usize, const LEN: usize> Sized<P, NODES, LEN> {
    fn new(chunk_size: u32, level: Level) -> Self {
        let (effort, finder) = match level {
            Level::Fast => (
                Effort {
                    depth: 16,
                    nice: 48,
                },
                Finder::Lazy(HashChain::default()),
            ),
            Level::Normal => (
                Effort {
                    // A large window has more to find.
                    depth: if chunk_size > 1 << 16 { 24 } else { 16 },
                    nice: if chunk_size > 1 << 16 { 128 } else { 64 },
                },
                Finder::Shortest(Box::default()),
            ),
        };
        Sized {
            form: Form {
                slots: slots(chunk_size),
                long_sizes: chunk_size >= 1 << 16,
            },
            effort,
            window: Window::default(),
            finder,
            path: Vec::new(),
            statistics: Statistics::default(),
            writer: BlockWriter::default(),
        }
    }

    fn encode(&mut self, plain: &[u8], out: &mut Vec<u8>) {
        e8::to_absolute(self.window.load(plain));
        match &mut self.finder {
            Finder::Lazy(chains) => chains.clear(),
            Finder::Shortest(shortest) => shortest.tree.clear(),
        }
        self.writer.clear();
        let mut bits = BitWriter::new(out);
        let mut recent = Recent::START;
        let end = 1 + plain.len();
        let mut start = 1;
        while start < end {
            let segment_end = end.min(start + SEGMENT);
            recent = self.segment(&mut bits, (start, segment_end), end, recent);
            start = segment_end;
        }
        bits.finish();
    }

    /// Writes the positions `start..end` of a chunk that ends at `chunk_end`,
    /// and returns the recent offsets after them.
    fn segment(
        &mut self,
        bits: &mut BitWriter<'_>,
        (start, end): (usize, usize),
        chunk_end: usize,
        mut recent: Recent,
    ) -> Recent {
        let window = &self.window;
        let mut path = std::mem::take(&mut self.path);
        let path = &mut path;
        match &mut self.finder {
            Finder::Lazy(chains) => {
                let effort = self.effort;
                let mut lazy = Lazy {
                    window,
                    chains,
                    effort,
                };
                lazy.find((start, end), recent, path);
            }
            Finder::Shortest(shortest) => {
                shortest.cache.fill(
                    &mut shortest.tree,
                    window,
                    (start, end),
                    chunk_end,
                    self.effort,
                );
                shortest
                    .costs
                    .guess(window.bytes(start, end), self.form.slots);
                let block = Block { start, end, recent };
                shortest.parser.parse::<LEN, true>(
                    window,
                    &shortest.cache,
                    &shortest.costs,
                    block,
                    self.effort.nice,
                    path,
                );
            }
        }
        let mut at = start;
        let mut rest = path.as_slice();
        let mut second = Vec::new();
        for size in split::split(window, start, path) {
            let mut counted = 0;
            let count = rest
                .iter()
                .take_while(|item| {
                    let within = counted < size;
                    counted += item.length();
                    within
                })
                .count();
            let (mut items, later) = rest.split_at(count);
            rest = later;
            self.statistics.of(window, at, items);
            if let Finder::Shortest(shortest) = &mut self.finder {
                // The first path's items of this block tell its costs.
                shortest.costs.learn(&self.statistics, self.form.slots);
                let block = Block {
                    start: at,
                    end: at + size,
                    recent,
                };
                shortest.parser.parse::<LEN, false>(
                    window,
                    &shortest.cache,
                    &shortest.costs,
                    block,
                    self.effort.nice,
                    &mut second,
                );
                items = &second;
                self.statistics.of(window, at, items);
            }
            let form = self.form;
            self.writer
                .write(bits, form, window, (at, size), items, &self.statistics);
            recent = items
                .iter()
                .fold(recent, |recent, &item| recent.after(item));
            at += size;
        }
        recent
    }
}
