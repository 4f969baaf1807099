//! One door to the three decoders.

use super::lzms::LzmsDecoder;
use super::lzx::LzxDecoder;
use super::xpress::XpressDecoder;
use super::{Codec, CodecError};

/// Decodes chunks of one codec and chunk size, one after the other.
///
/// It owns all the memory it needs (XPRESS and LZX under 32 KiB, LZMS under
/// 320 KiB, whatever the chunk size) and may move between threads.
///
/// ```
/// use wimwright_wim::compress::{Codec, Decoder, Encoded, Encoder, Level};
///
/// let plain = b"again and again and again and again and again and again".repeat(20);
/// let mut compressed = Vec::new();
/// let mut encoder = Encoder::new(Codec::Lzx, 32_768, Level::default())?;
/// assert_eq!(encoder.encode(&plain, &mut compressed), Encoded::Compressed);
///
/// let mut decoder = Decoder::new(Codec::Lzx, 32_768)?;
/// let mut back = vec![0; plain.len()];
/// decoder.decode(&compressed, &mut back)?;
/// assert_eq!(back, plain);
/// # Ok::<(), wimwright_wim::compress::CodecError>(())
/// ```
#[derive(Debug)]
pub struct Decoder {
    chunk_size: u32,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Xpress(Box<XpressDecoder>),
    Lzx(Box<LzxDecoder>),
    Lzms(Box<LzmsDecoder>),
}

impl Decoder {
    /// A decoder for chunks of `chunk_size` bytes (the last one of a resource
    /// may be shorter).
    ///
    /// # Errors
    /// [`CodecError::ChunkSize`] when the codec does not allow that size.
    pub fn new(codec: Codec, chunk_size: u32) -> Result<Self, CodecError> {
        codec.check_chunk_size(chunk_size)?;
        let kind = match codec {
            Codec::Xpress => Kind::Xpress(Box::default()),
            Codec::Lzx => Kind::Lzx(Box::new(LzxDecoder::new(chunk_size))),
            Codec::Lzms => Kind::Lzms(Box::default()),
        };
        Ok(Decoder { chunk_size, kind })
    }

    /// The codec it was made for.
    pub fn codec(&self) -> Codec {
        match self.kind {
            Kind::Xpress(_) => Codec::Xpress,
            Kind::Lzx(_) => Codec::Lzx,
            Kind::Lzms(_) => Codec::Lzms,
        }
    }

    /// The chunk size it was made for, in bytes.
    pub fn chunk_size(&self) -> u32 {
        self.chunk_size
    }

    /// Decodes one chunk. `plain` has the exact plain length; after an error
    /// its contents mean nothing.
    ///
    /// A chunk stored as it is (as long as its plain data) must not come here.
    ///
    /// # Errors
    /// The first rule that the compressed bytes break; they may also give
    /// wrong data without an error.
    pub fn decode(&mut self, compressed: &[u8], plain: &mut [u8]) -> Result<(), CodecError> {
        if plain.len() as u64 > u64::from(self.chunk_size) {
            return Err(CodecError::PlainTooLong {
                chunk_size: self.chunk_size,
                wanted: plain.len(),
            });
        }
        match &mut self.kind {
            Kind::Xpress(decoder) => decoder.decode(compressed, plain),
            Kind::Lzx(decoder) => decoder.decode(compressed, plain),
            Kind::Lzms(decoder) => decoder.decode(compressed, plain),
        }
    }
}
