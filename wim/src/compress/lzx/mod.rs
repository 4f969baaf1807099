//! LZX as WIM files use it, and as cabinets do.
//!
//! \[MS-PATCH\] describes LZX DELTA and the cabinet form is in its older
//! papers; a WIM differs from both:
//!
//! * The window is one chunk. Everything starts fresh in each chunk: code word
//!   lengths at 0, the three recent offsets at 1, positions at 0.
//! * No bit tells whether E8 translation is used: it always is, over the whole
//!   chunk, with 12,000,000 as the file size.
//! * A block's size is one bit for 32768, else 16 bits (windows of 32 KiB) or
//!   24 bits.
//! * An uncompressed block begins at the next 16-bit unit, and a whole unit is
//!   dropped when the header already ended with one. (Seen on Windows media:
//!   others' decoders had this wrong.)
//! * The longest match is 257 bytes, and the longest offset 3 bytes less than
//!   the window.
//!
//! The form of cabinets is decoded beside it, by [`CabinetLzx`].

mod cabinet;
mod codes;
mod decode;
mod e8;
mod encode;
mod lengths;
mod offsets;

pub use cabinet::CabinetLzx;
pub(super) use decode::LzxDecoder;
pub(super) use encode::LzxEncoder;

/// Literals in front of the main symbols.
const LITERALS: usize = 256;

/// Offset slots of the largest window (2 MiB).
const MOST_SLOTS: usize = 50;

/// Main symbols of the largest window: literals, and 8 length headers for each
/// offset slot.
const MOST_MAIN: usize = LITERALS + 8 * MOST_SLOTS;

/// Symbols of the length code.
const LENGTH_SYMBOLS: usize = 249;

/// Symbols of the code of the three lowest offset bits.
const ALIGNED_SYMBOLS: usize = 8;

/// Symbols of the code that code word lengths are written with.
const PRE_SYMBOLS: usize = 20;

/// Bytes of a block whose size is one bit.
const DEFAULT_BLOCK: usize = 32_768;

/// Length header that says that a length symbol follows.
const LONG_HEADER: u16 = 7;

/// Shortest match.
const SHORTEST_MATCH: usize = 2;
