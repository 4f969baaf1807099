//! What can be wrong with a chunk, one variant for each rule.

use super::Codec;

/// Why a chunk cannot be decoded, or a codec not be set up. Positions are
/// bytes: `at` in the plain chunk, `byte` in the compressed one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CodecError {
    /// The codec does not allow this chunk size.
    #[error(
        "{codec} chunks hold a power of two of bytes from {smallest} to {largest}, but {size} was asked for"
    )]
    ChunkSize {
        /// The codec.
        codec: Codec,
        /// The size that was asked for, in bytes.
        size: u32,
        /// The smallest size allowed, in bytes.
        smallest: u32,
        /// The largest size allowed, in bytes.
        largest: u32,
    },
    /// The codec can only be decoded here.
    #[error("writing {codec} is not supported")]
    NoEncoder {
        /// The codec.
        codec: Codec,
    },
    /// More plain data is wanted than a chunk holds.
    #[error("a chunk of at most {chunk_size} bytes cannot hold {wanted} bytes")]
    PlainTooLong {
        /// The chunk size in bytes.
        chunk_size: u32,
        /// The plain length that was asked for.
        wanted: usize,
    },
    /// The compressed bytes end before the plain data is complete.
    #[error("compressed chunk ends after {available} bytes, at plain byte {at} of {wanted}")]
    EndsEarly {
        /// How many plain bytes there were by then.
        at: usize,
        /// How many there should be.
        wanted: usize,
        /// Length of the compressed chunk.
        available: usize,
    },
    /// An LZMS chunk is made of 16-bit units and has at least two of them.
    #[error("compressed LZMS chunk has {length} bytes, expected an even number of at least 4")]
    UnitCount {
        /// Length of the compressed chunk.
        length: usize,
    },
    /// A set of code word lengths claims more code words than there are.
    #[error("{code} code at plain byte {at} has more code words than its lengths leave room for")]
    TooManyCodeWords {
        /// Which code.
        code: &'static str,
        /// Position in the plain chunk.
        at: usize,
    },
    /// The bits are no code word of the code.
    #[error("bits at plain byte {at} are no code word of the {code} code")]
    NoSuchCodeWord {
        /// Which code.
        code: &'static str,
        /// Position in the plain chunk.
        at: usize,
    },
    /// A match begins before the chunk does.
    #[error("match at plain byte {at} reaches back {offset} bytes")]
    OffsetTooLong {
        /// Position in the plain chunk.
        at: usize,
        /// How far it reaches back.
        offset: u64,
    },
    /// A match runs past the end of the chunk.
    #[error("match at plain byte {at} has {length} bytes, but the chunk ends after {room}")]
    MatchTooLong {
        /// Position in the plain chunk.
        at: usize,
        /// Length of the match.
        length: usize,
        /// How many bytes are left.
        room: usize,
    },
    /// An XPRESS match length is written in a longer form than it needs.
    #[error("match at plain byte {at} has the length field {field} where it must be at least 15")]
    LengthField {
        /// Position in the plain chunk.
        at: usize,
        /// The field's value.
        field: u16,
    },
    /// LZX knows block types 1 to 3.
    #[error("block at plain byte {at} has type {kind}, expected 1, 2 or 3")]
    BlockType {
        /// Position in the plain chunk.
        at: usize,
        /// The type found.
        kind: u32,
    },
    /// An LZX block is empty or longer than the chunk.
    #[error("block at plain byte {at} has {size} bytes, expected 1 to {room}")]
    BlockSize {
        /// Position in the plain chunk.
        at: usize,
        /// The size it states.
        size: usize,
        /// How many bytes are left.
        room: usize,
    },
    /// A run of LZX code word lengths goes past the last symbol.
    #[error("a run of {run} code word lengths at plain byte {at} follows where {room} are left")]
    LengthRun {
        /// Position in the plain chunk.
        at: usize,
        /// Length of the run.
        run: usize,
        /// How many lengths are left.
        room: usize,
    },
}
