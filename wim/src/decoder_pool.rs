//! Decoders that wait for their next chunk.

use std::sync::{Mutex, PoisonError};

use crate::compress::{Codec, CodecError, Decoder};

/// Lends decoders, so that each thread has one of its own and none is set up
/// twice.
#[derive(Default)]
pub(crate) struct DecoderPool(Mutex<Vec<Decoder>>);

impl DecoderPool {
    /// Decodes one chunk.
    pub(crate) fn decode(
        &self,
        codec: Codec,
        chunk_size: u32,
        compressed: &[u8],
        plain: &mut [u8],
    ) -> Result<(), CodecError> {
        let fits =
            |decoder: &Decoder| (decoder.codec(), decoder.chunk_size()) == (codec, chunk_size);
        let waiting = {
            let mut pool = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            pool.iter()
                .position(fits)
                .map(|found| pool.swap_remove(found))
        };
        let mut decoder = match waiting {
            Some(decoder) => decoder,
            None => Decoder::new(codec, chunk_size)?,
        };
        let result = decoder.decode(compressed, plain);
        let mut pool = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        pool.push(decoder);
        result
    }
}
