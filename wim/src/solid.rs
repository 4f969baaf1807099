//! Solid resources: many blobs compressed as one, in large chunks (mostly
//! 64 MiB).
//!
//! To read one blob, the chunks that hold it are unpacked whole. The last two
//! of an archive stay in memory, so neighbours cost nothing more.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use crate::chunks::{Chunks, Work};
use crate::compress::Codec;
use crate::decoder_pool::DecoderPool;
use crate::error::{Error, FileOffset};
use crate::field::{u32_at, u64_at};
use crate::resource_header::ResourceHeader;
use crate::storage::ReadAt;

/// Bytes before the table of chunk sizes.
const FIXED_LEN: usize = 16;

/// Most chunks read: 32 KiB, the smallest, times this is 512 GiB.
const MAX_CHUNKS: u64 = 1 << 24;

/// Unpacked chunks kept.
const KEPT: usize = 2;

/// An unpacked chunk.
type Plain = Arc<Vec<u8>>;

/// The chunks that were unpacked last: of which solid resource (by where it
/// lies), which chunk, and what is in it.
#[derive(Default)]
pub(crate) struct SolidCache(Mutex<VecDeque<(SolidPlace, u64, Plain)>>);

/// The file of a solid resource, and its offset there.
type SolidPlace = (usize, u64);

/// A solid resource.
pub(crate) struct Solid {
    /// Which of the archive's files it is in.
    pub(crate) file: usize,
    pub(crate) header: ResourceHeader,
    /// Plain bytes in all.
    pub(crate) size: u64,
    chunks: Chunks,
}

impl Solid {
    /// Reads the resource's own header and table.
    ///
    /// # Errors
    /// [`Error::ResourceOutside`], [`Error::Io`], [`Error::SolidCodec`],
    /// [`Error::SolidChunkSize`], [`Error::ChunkTable`], [`Error::Chunk`],
    /// [`Error::TooLong`].
    pub(crate) fn open(
        file: usize,
        bytes: &dyn ReadAt,
        length: u64,
        header: ResourceHeader,
    ) -> Result<Solid, Error> {
        const WHAT: &str = "solid resource";
        let at = FileOffset(header.offset);
        let Some(end) = header.end().filter(|end| *end <= length) else {
            return Err(Error::ResourceOutside {
                what: WHAT,
                at,
                stored: header.stored_size,
                length,
            });
        };
        let mut fixed = [0; FIXED_LEN];
        let io = |source| Error::io(WHAT, at, source);
        bytes.read_exact_at(&mut fixed, header.offset).map_err(io)?;
        let size = u64_at(&fixed, 0).unwrap_or_default();
        let chunk_size = u32_at(&fixed, 8).unwrap_or_default();
        let codec = match u32_at(&fixed, 12).unwrap_or_default() {
            1 => Codec::Xpress,
            2 => Codec::Lzx,
            3 => Codec::Lzms,
            found => return Err(Error::SolidCodec { at, found }),
        };
        if !codec.allows_chunk_size(chunk_size) {
            return Err(Error::SolidChunkSize {
                at,
                codec,
                found: chunk_size,
            });
        }
        let count = size.div_ceil(u64::from(chunk_size));
        let table = count.saturating_mul(4);
        let start = table.saturating_add(FIXED_LEN as u64);
        if start > header.stored_size {
            return Err(Error::ChunkTable {
                what: WHAT,
                at,
                size,
                table,
                stored: header.stored_size,
            });
        }
        if count > MAX_CHUNKS {
            return Err(Error::TooLong {
                what: "table of a solid resource",
                length: count,
                limit: MAX_CHUNKS,
            });
        }
        let mut sizes = vec![0; table as usize];
        bytes
            .read_exact_at(&mut sizes, header.offset + FIXED_LEN as u64)
            .map_err(io)?;
        let mut borders = vec![header.offset + start];
        let mut border = header.offset + start;
        for (index, size) in (0..).zip(sizes.chunks_exact(4)) {
            let size = u64::from(u32_at(size, 0).unwrap_or(u32::MAX));
            if border + size > end {
                return Err(Error::Chunk {
                    index,
                    at: FileOffset(border),
                    end: FileOffset(border + size),
                    plain: u64::from(chunk_size),
                });
            }
            border += size;
            borders.push(border);
        }
        Ok(Solid {
            file,
            header,
            size,
            chunks: Chunks::known(codec, chunk_size, size, borders.into()),
        })
    }

    pub(crate) fn codec(&self) -> Codec {
        self.chunks.codec
    }

    pub(crate) fn chunk_size(&self) -> u32 {
        self.chunks.chunk_size
    }

    /// An unpacked chunk. While one thread unpacks, others wait: mostly for
    /// the same chunk.
    fn chunk(
        &self,
        file: &dyn ReadAt,
        pool: &DecoderPool,
        cache: &SolidCache,
        index: u64,
    ) -> Result<Plain, Error> {
        let place = (self.file, self.header.offset);
        let mut kept = cache.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_it = |kept: &&(SolidPlace, u64, Plain)| (kept.0, kept.1) == (place, index);
        if let Some((_, _, plain)) = kept.iter().find(is_it) {
            return Ok(plain.clone());
        }
        kept.truncate(KEPT - 1);
        let mut plain = vec![0; self.chunks.plain_len(index) as usize];
        let start = index * u64::from(self.chunk_size());
        self.chunks
            .read(file, pool, Work::Here, start, &mut plain)?;
        let plain = Arc::new(plain);
        kept.push_front((place, index, plain.clone()));
        Ok(plain)
    }

    /// Fills `buffer` with the plain bytes from `offset` on.
    ///
    /// # Errors
    /// [`Error::Range`], [`Error::Io`], [`Error::Chunk`], [`Error::Decode`].
    pub(crate) fn read(
        &self,
        file: &dyn ReadAt,
        pool: &DecoderPool,
        cache: &SolidCache,
        offset: u64,
        buffer: &mut [u8],
    ) -> Result<(), Error> {
        let range = Error::Range {
            offset,
            length: buffer.len() as u64,
            size: self.size,
        };
        if offset
            .checked_add(buffer.len() as u64)
            .is_none_or(|end| end > self.size)
        {
            return Err(range);
        }
        let chunk_size = u64::from(self.chunk_size());
        let (mut at, mut rest) = (offset, buffer);
        while !rest.is_empty() {
            let plain = self.chunk(file, pool, cache, at / chunk_size)?;
            let from = plain.get((at % chunk_size) as usize..).unwrap_or_default();
            let length = from.len().min(rest.len());
            let (part, behind) = rest.split_at_mut(length);
            part.copy_from_slice(from.get(..length).unwrap_or_default());
            (at, rest) = (at + length as u64, behind);
            if length == 0 {
                return Err(range);
            }
        }
        Ok(())
    }

    /// Unpacks the chunks from `first` to before `stop`, each on a thread of
    /// its own.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub(crate) fn unpack(
        &self,
        file: &dyn ReadAt,
        pool: &DecoderPool,
        first: u64,
        stop: u64,
    ) -> Result<Vec<Vec<u8>>, Error> {
        use rayon::prelude::*;
        (first..stop)
            .into_par_iter()
            .map(|index| {
                let mut plain = vec![0; self.chunks.plain_len(index) as usize];
                let start = index * u64::from(self.chunk_size());
                self.chunks
                    .read(file, pool, Work::Here, start, &mut plain)?;
                Ok(plain)
            })
            .collect()
    }
}
