//! A resource that is not solid: where it lies, checked against its file, and
//! how it is read.

use crate::chunks::{Chunks, Work};
use crate::decoder_pool::DecoderPool;
use crate::error::{Error, FileOffset};
use crate::header::Header;
use crate::resource_header::{ResourceFlags, ResourceHeader};
use crate::storage::ReadAt;

/// A resource.
#[derive(Clone, Debug)]
pub(crate) struct Resource {
    /// What it is, for messages.
    what: &'static str,
    pub(crate) header: ResourceHeader,
    chunks: Option<Chunks>,
}

impl Resource {
    /// Checks where a resource of a file of `length` bytes lies.
    ///
    /// # Errors
    /// [`Error::ResourceOutside`], [`Error::ResourceSize`],
    /// [`Error::NoCodec`], [`Error::ChunkTable`].
    pub(crate) fn new(
        what: &'static str,
        header: ResourceHeader,
        file: &Header,
        length: u64,
    ) -> Result<Resource, Error> {
        let at = FileOffset(header.offset);
        if header.end().is_none_or(|end| end > length) {
            return Err(Error::ResourceOutside {
                what,
                at,
                stored: header.stored_size,
                length,
            });
        }
        let chunks = match header.flags.contains(ResourceFlags::COMPRESSED) {
            true => {
                let codec = file.codec().ok_or(Error::NoCodec { what, at })?;
                Some(Chunks::of_resource(what, &header, codec, file.chunk_size)?)
            }
            false if header.stored_size != header.size => {
                return Err(Error::ResourceSize {
                    what,
                    at,
                    stored: header.stored_size,
                    size: header.size,
                });
            }
            false => None,
        };
        Ok(Resource {
            what,
            header,
            chunks,
        })
    }

    /// Fills `buffer` with the plain bytes from `offset` on.
    ///
    /// # Errors
    /// [`Error::Range`], [`Error::Io`], [`Error::Chunk`], [`Error::Decode`].
    pub(crate) fn read(
        &self,
        file: &dyn ReadAt,
        pool: &DecoderPool,
        work: Work,
        offset: u64,
        buffer: &mut [u8],
    ) -> Result<(), Error> {
        if let Some(chunks) = &self.chunks {
            return chunks.read(file, pool, work, offset, buffer);
        }
        let length = buffer.len() as u64;
        if offset
            .checked_add(length)
            .is_none_or(|end| end > self.header.size)
        {
            return Err(Error::Range {
                offset,
                length,
                size: self.header.size,
            });
        }
        let at = self.header.offset + offset;
        file.read_exact_at(buffer, at)
            .map_err(|source| Error::io(self.what, FileOffset(at), source))
    }

    /// The whole resource.
    ///
    /// # Errors
    /// [`Error::TooLong`] above `limit`, else as [`read`](Self::read).
    pub(crate) fn read_all(
        &self,
        file: &dyn ReadAt,
        pool: &DecoderPool,
        limit: u64,
    ) -> Result<Vec<u8>, Error> {
        // Memory is asked for as it fills: a small file that claims a large
        // resource fails at its first chunk.
        const STEP: u64 = 16 << 20;
        let size = self.header.size;
        if size > limit {
            return Err(Error::TooLong {
                what: self.what,
                length: size,
                limit,
            });
        }
        let mut bytes = Vec::new();
        while (bytes.len() as u64) < size {
            let start = bytes.len();
            let step = (size - start as u64).min(STEP) as usize;
            bytes.resize(start + step, 0);
            let part = bytes.get_mut(start..).unwrap_or_default();
            self.read(file, pool, Work::Spread, start as u64, part)?;
        }
        Ok(bytes)
    }

    /// The chunks, where it is compressed.
    pub(crate) fn chunks(&self) -> Option<&Chunks> {
        self.chunks.as_ref()
    }
}
