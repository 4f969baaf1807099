//! Chunks compressed on all threads, each with an encoder of its own.

use std::sync::{Mutex, PoisonError};

use super::Packing;
use crate::compress::{Encoded, Encoder};
use crate::error::Error;

/// Encoders that wait for their next chunk.
pub(crate) struct Encoders {
    pub(crate) packing: Packing,
    waiting: Mutex<Vec<Encoder>>,
}

impl Encoders {
    pub(crate) fn new(packing: Packing) -> Encoders {
        Encoders {
            packing,
            waiting: Mutex::default(),
        }
    }

    /// Compresses a chunk: `None` when it does not get shorter, or nothing is
    /// compressed at all.
    ///
    /// # Errors
    /// [`Error::Encoder`].
    pub(crate) fn encode(&self, plain: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        let Packing {
            codec: Some(codec),
            chunk_size,
            level,
        } = self.packing
        else {
            return Ok(None);
        };
        let waiting = {
            let mut pool = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            pool.pop()
        };
        let mut encoder = match waiting {
            Some(encoder) => encoder,
            None => Encoder::new(codec, chunk_size, level)
                .map_err(|source| Error::Encoder { source })?,
        };
        let mut out = Vec::new();
        let encoded = encoder.encode(plain, &mut out);
        let mut pool = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        pool.push(encoder);
        Ok(match encoded {
            Encoded::Compressed => Some(out),
            Encoded::Incompressible => None,
        })
    }

    /// Plain bytes in each chunk.
    pub(crate) fn chunk_len(&self) -> usize {
        self.packing.chunk_size.max(1) as usize
    }
}
