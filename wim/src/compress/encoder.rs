//! One door to the encoders.

use super::lzx::LzxEncoder;
use super::xpress::XpressEncoder;
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
/// The same chunk gives the same bytes, whatever came before it and on any
/// machine.
#[derive(Debug)]
pub struct Encoder {
    chunk_size: u32,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Xpress(Box<XpressEncoder>),
    Lzx(LzxEncoder),
}

impl Encoder {
    /// An encoder for chunks of at most `chunk_size` bytes.
    ///
    /// # Errors
    /// [`CodecError::ChunkSize`] when the codec does not allow that size,
    /// [`CodecError::NoEncoder`] for LZMS.
    pub fn new(codec: Codec, chunk_size: u32, level: Level) -> Result<Self, CodecError> {
        codec.check_chunk_size(chunk_size)?;
        let kind = match codec {
            Codec::Lzx => Kind::Lzx(LzxEncoder::new(chunk_size, level)),
            Codec::Xpress => Kind::Xpress(Box::new(XpressEncoder::new(level))),
            Codec::Lzms => return Err(CodecError::NoEncoder { codec }),
        };
        Ok(Encoder { chunk_size, kind })
    }

    /// Encodes one chunk and appends it to `out`. A chunk longer than the
    /// encoder's chunk size is [`Encoded::Incompressible`].
    pub fn encode(&mut self, plain: &[u8], out: &mut Vec<u8>) -> Encoded {
        let before = out.len();
        if plain.len() as u64 > u64::from(self.chunk_size) || plain.is_empty() {
            return Encoded::Incompressible;
        }
        match &mut self.kind {
            Kind::Xpress(encoder) => encoder.encode(plain, out),
            Kind::Lzx(encoder) => encoder.encode(plain, out),
        }
        if out.len() - before < plain.len() {
            Encoded::Compressed
        } else {
            out.truncate(before);
            Encoded::Incompressible
        }
    }
}
