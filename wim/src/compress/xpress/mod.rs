//! XPRESS with Huffman codes, \[MS-XCA\] 2.2.
//!
//! A chunk begins with the code word lengths of 512 symbols, four bits each,
//! the lower half of a byte first. Symbols below 256 are literals; of the
//! others the low four bits are the match length less 3 (15: more bytes
//! follow), the next four the number of offset bits. The bit stream is made
//! of 16-bit units, always read one unit ahead; the bytes of long lengths
//! stand between the units where the reader is.

mod bits;
mod decode;
mod encode;

pub(super) use decode::XpressDecoder;
pub(super) use encode::XpressEncoder;

/// Literals; the first symbol behind them also ends a chunk, where no match can
/// follow.
const LITERALS: usize = 256;
const END: usize = LITERALS;

/// Literals and matches.
const SYMBOLS: usize = 512;

/// Bytes taken by the code word lengths.
const LENGTHS_LEN: usize = SYMBOLS / 2;

/// Shortest match.
const SHORTEST_MATCH: usize = 3;
