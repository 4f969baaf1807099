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
//! Uncompressed blocks are never written: other decoders have had them wrong,
//! and a chunk that needs them is better stored as it is.

mod block;
mod cache;
mod costs;
mod item;
mod parse;
mod split;
mod statistics;
mod way;
mod write_lengths;

use block::{BlockWriter, Form};
use cache::MatchCache;
use costs::Costs;
use item::Recent;
use parse::Parser;
use statistics::Statistics;

use super::e8;
use super::offsets::slots;
use crate::compress::bit_writer::BitWriter;
use crate::compress::matches::{BinaryTree, Effort, GROUP, Position, Window};

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
    pub(in crate::compress) fn new(chunk_size: u32) -> Self {
        match chunk_size {
            ..=0x8000 => LzxEncoder::Small(Box::new(Sized::new(chunk_size))),
            ..=0x1_0000 => LzxEncoder::Medium(Box::new(Sized::new(chunk_size))),
            _ => LzxEncoder::Large(Box::new(Sized::new(chunk_size))),
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
    tree: BinaryTree<P, NODES>,
    cache: MatchCache,
    costs: Costs,
    parser: Parser,
    path: Vec<item::Item>,
    statistics: Statistics,
    writer: BlockWriter,
}

impl<P: Position, const NODES: usize, const LEN: usize> Sized<P, NODES, LEN> {
    fn new(chunk_size: u32) -> Self {
        Sized {
            form: Form {
                slots: slots(chunk_size),
                long_sizes: chunk_size >= 1 << 16,
            },
            effort: Effort {
                depth: std::env::var("DEPTH").map_or(24, |v| v.parse().unwrap()),
                nice: std::env::var("NICE").map_or(48, |v| v.parse().unwrap()),
            },
            window: Window::default(),
            tree: BinaryTree::default(),
            cache: MatchCache::default(),
            costs: Costs::default(),
            parser: Parser::default(),
            path: Vec::new(),
            statistics: Statistics::default(),
            writer: BlockWriter::default(),
        }
    }

    fn encode(&mut self, plain: &[u8], out: &mut Vec<u8>) {
        e8::to_absolute(self.window.load(plain));
        self.tree.clear();
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

    /// Writes the positions `start..end` of a chunk that ends at `chunk_end`.
    fn segment(
        &mut self,
        bits: &mut BitWriter<'_>,
        (start, end): (usize, usize),
        chunk_end: usize,
        mut recent: Recent,
    ) -> Recent {
        let effort = self.effort;
        let tree = &mut self.tree;
        self.cache
            .fill(tree, &self.window, (start, end), chunk_end, effort);
        self.costs
            .guess(self.window.bytes(start, end), self.form.slots);
        self.parse::<true>((start, end), recent);
        let sizes = split::split(&self.window, start, &self.path);
        let mut at = start;
        let mut path = std::mem::take(&mut self.path);
        let mut rest = path.as_slice();
        for size in sizes {
            // The first path's items of this block tell its costs.
            self.statistics.clear();
            let mut counted = 0;
            while let [item, after @ ..] = rest
                && counted < size
            {
                self.statistics.count(*item, self.window.byte(at + counted));
                counted += item.length();
                rest = after;
            }
            self.costs.learn(&self.statistics, self.form.slots);
            let mut next = self.parse::<false>((at, at + size), recent);
            for _ in 2..std::env::var("PASSES").map_or(2, |v| v.parse().unwrap()) {
                self.statistics.clear();
                let mut position = at;
                for &item in &self.path {
                    self.statistics.count(item, self.window.byte(position));
                    position += item.length();
                }
                self.costs.learn(&self.statistics, self.form.slots);
                next = self.parse::<false>((at, at + size), recent);
            }
            self.statistics.clear();
            let mut position = at;
            for &item in &self.path {
                self.statistics.count(item, self.window.byte(position));
                position += item.length();
            }
            self.writer.write(
                bits,
                self.form,
                &self.window,
                (at, size),
                &self.path,
                &self.statistics,
            );
            recent = next;
            at += size;
        }
        path.clear();
        recent
    }

    fn parse<const QUICK: bool>(&mut self, block: (usize, usize), recent: Recent) -> Recent {
        self.parser.parse::<LEN, QUICK>(
            &self.window,
            &self.cache,
            &self.costs,
            block,
            recent,
            self.effort.nice,
            &mut self.path,
        )
    }
}
