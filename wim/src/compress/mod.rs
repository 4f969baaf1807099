//! The codecs of WIM resources: XPRESS, LZX and LZMS, one chunk at a time.
//!
//! | codec | decodes | encodes | chunk sizes | described in |
//! |---|---|---|---|---|
//! | XPRESS (LZ77 + Huffman) | yes | yes | 4 KiB to 64 KiB | \[MS-XCA\] 2.2 |
//! | LZX, in the form of WIM files | yes | yes | 32 KiB to 2 MiB | \[MS-PATCH\], with the differences that wimlib and Windows show |
//! | LZMS | yes | no | 32 KiB to 1 GiB | proved against files that wimlib writes |
//!
//! Every chunk stands for itself: a codec starts fresh in each, and the chunk's
//! plain length is known from outside. A chunk that does not get shorter is
//! stored as it is, without a codec; that is the container's business, and
//! [`Encoded::Incompressible`] tells it so.
//!
//! The decoders are total: any bytes give data or a [`CodecError`]. They hold
//! their memory from [`Decoder::new`] on and ask for none while decoding.
//! Whether the data is the *right* data only the blob's SHA-1 can tell.
//!
//! Cabinets use LZX in a form of their own, one stream through a whole folder:
//! [`CabinetLzx`].

mod codec;
mod decoder;
mod encoder;
mod error;

mod bit_reader;
mod bit_writer;
mod copy_match;
mod huffman;
mod log2;
mod matches;

mod lzms;
mod lzx;
mod xpress;

pub use codec::Codec;
pub use decoder::Decoder;
pub use encoder::{Encoded, Encoder, Level};
pub use error::CodecError;
pub use lzx::CabinetLzx;
