//! LZMS, the codec of solid resources ("ESD files").
//!
//! No specification is public; what is stated here was proved against chunks
//! that wimlib writes. A chunk is a sequence of 16-bit little-endian units
//! that two streams share:
//!
//! * From the front a range coder decides between the kinds of items, with
//!   probabilities that follow the last 64 decisions made in the same state
//!   ([`range`]).
//! * From the back come Huffman code words and plain bits, most significant
//!   bit first ([`back_bits`]). The five codes adapt: each is built anew from
//!   its frequencies after a fixed number of symbols ([`adaptive`]).
//!
//! Items are literals, LZ matches and *delta matches*: those repeat the
//! differences of bytes that lie a power of two apart, which fits tables of
//! numbers. Both kinds of matches keep three recent offsets to name again. At
//! last a filter makes relative addresses of x86 code out of absolute ones
//! ([`x86`]).

mod adaptive;
mod back_bits;
mod decode;
mod range;
mod recent;
mod slots;
mod x86;

pub(super) use decode::LzmsDecoder;
