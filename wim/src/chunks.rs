//! Compressed data: a table of chunks, then the chunks, each compressed by
//! itself. Any range is read by unpacking the chunks that it touches.
//!
//! A chunk as long as its plain data is stored as it is.

use std::sync::Arc;

use rayon::prelude::*;

use crate::compress::Codec;
use crate::decoder_pool::DecoderPool;
use crate::error::{Error, FileOffset};
use crate::resource_header::ResourceHeader;
use crate::storage::ReadAt;

/// Plain bytes unpacked in one go: enough chunks to keep all processors busy,
/// few enough to be small beside everything else.
const BATCH: u64 = 2 << 20;

/// Who unpacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    /// The calling thread only: others have resources of their own.
    Here,
    /// All threads, chunk by chunk.
    Spread,
}

/// Where the chunks of some compressed data lie.
#[derive(Clone, Debug)]
pub(crate) struct Chunks {
    pub(crate) codec: Codec,
    /// Plain bytes in each chunk but the last.
    pub(crate) chunk_size: u32,
    /// Plain bytes in all.
    pub(crate) size: u64,
    table: Table,
    /// Where the last chunk ends.
    end: u64,
}

#[derive(Clone, Debug)]
enum Table {
    /// The file has the start of each chunk but the first, counted from
    /// `data`, where that one starts.
    Starts { at: u64, wide: bool, data: u64 },
    /// The start of each chunk, and the end of the last.
    Known(Arc<[u64]>),
}

impl Chunks {
    /// The chunks of a resource that is not solid.
    ///
    /// # Errors
    /// [`Error::ChunkTable`].
    pub(crate) fn of_resource(
        what: &'static str,
        header: &ResourceHeader,
        codec: Codec,
        chunk_size: u32,
    ) -> Result<Chunks, Error> {
        let count = header.size.div_ceil(u64::from(chunk_size.max(1)));
        let wide = header.size > u64::from(u32::MAX);
        let entry = entry_len(wide);
        let table = count.saturating_sub(1).saturating_mul(entry);
        if table >= header.stored_size.max(1) {
            return Err(Error::ChunkTable {
                what,
                at: FileOffset(header.offset),
                size: header.size,
                table,
                stored: header.stored_size,
            });
        }
        Ok(Chunks {
            codec,
            chunk_size,
            size: header.size,
            table: Table::Starts {
                at: header.offset,
                wide,
                data: header.offset + table,
            },
            end: header.offset + header.stored_size,
        })
    }

    /// Chunks whose borders are known: the start of each, then the end.
    pub(crate) fn known(codec: Codec, chunk_size: u32, size: u64, borders: Arc<[u64]>) -> Chunks {
        Chunks {
            codec,
            chunk_size,
            size,
            end: borders.last().copied().unwrap_or_default(),
            table: Table::Known(borders),
        }
    }

    /// How many chunks there are.
    pub(crate) fn count(&self) -> u64 {
        self.size.div_ceil(u64::from(self.chunk_size))
    }

    /// Plain bytes in a chunk.
    pub(crate) fn plain_len(&self, index: u64) -> u64 {
        let start = index.saturating_mul(u64::from(self.chunk_size));
        self.size
            .saturating_sub(start)
            .min(u64::from(self.chunk_size))
    }

    /// The borders of `count` chunks from `first` on: the start of each, then
    /// the end of the last, as positions in the file.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::Chunk`].
    pub(crate) fn borders(
        &self,
        file: &dyn ReadAt,
        first: u64,
        count: u64,
    ) -> Result<Vec<u64>, Error> {
        let stop = first + count;
        let borders = match &self.table {
            Table::Known(borders) => {
                let range = first as usize..=stop as usize;
                borders.get(range).unwrap_or_default().to_vec()
            }
            Table::Starts { at, wide, data } => {
                let entry = entry_len(*wide);
                // The first chunk has no entry, nor has the end of the last.
                let from = first.max(1);
                let to = stop.min(self.count().saturating_sub(1));
                let listed = (to + 1).saturating_sub(from);
                let mut bytes = vec![0; (listed * entry) as usize];
                let table = at + (from - 1) * entry;
                file.read_exact_at(&mut bytes, table)
                    .map_err(|source| Error::io("table of chunks", FileOffset(table), source))?;
                let mut borders = Vec::with_capacity(count as usize + 1);
                if first == 0 {
                    borders.push(*data);
                }
                borders.extend(bytes.chunks_exact(entry as usize).map(|entry| {
                    let start = match *wide {
                        true => crate::field::u64_at(entry, 0),
                        false => crate::field::u32_at(entry, 0).map(u64::from),
                    };
                    data.saturating_add(start.unwrap_or(u64::MAX))
                }));
                if stop == self.count() {
                    borders.push(self.end);
                }
                borders
            }
        };
        for (index, pair) in (first..).zip(borders.windows(2)) {
            let [start, end] = pair else { continue };
            let plain = self.plain_len(index);
            let length = end.saturating_sub(*start);
            if start >= end || *end > self.end || length > plain {
                return Err(Error::Chunk {
                    index,
                    at: FileOffset(*start),
                    end: FileOffset(*end),
                    plain,
                });
            }
        }
        Ok(borders)
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
        let length = buffer.len() as u64;
        let end = offset.checked_add(length).filter(|end| *end <= self.size);
        let end = end.ok_or(Error::Range {
            offset,
            length,
            size: self.size,
        })?;
        let chunk = u64::from(self.chunk_size);
        let batch = match work {
            Work::Here => BATCH / chunk,
            Work::Spread => (BATCH / chunk).max(rayon::current_num_threads() as u64),
        };
        let (mut at, mut rest) = (offset, buffer);
        while !rest.is_empty() {
            let first = at / chunk;
            let stop = (first + batch.max(1)).min(end.div_ceil(chunk));
            let length = (stop * chunk).min(end) - at;
            let (part, behind) = rest.split_at_mut(length as usize);
            self.read_batch(file, pool, work, (first, stop), at - first * chunk, part)?;
            (at, rest) = (at + length, behind);
        }
        Ok(())
    }

    /// Unpacks chunks into `part`, whose first byte is the one at `skip` in
    /// the first of them.
    fn read_batch(
        &self,
        file: &dyn ReadAt,
        pool: &DecoderPool,
        work: Work,
        (first, stop): (u64, u64),
        skip: u64,
        part: &mut [u8],
    ) -> Result<(), Error> {
        let borders = self.borders(file, first, stop - first)?;
        let (Some(start), Some(end)) = (borders.first().copied(), borders.last().copied()) else {
            return Ok(());
        };
        // No chunk is longer than its plain data, so this is bounded.
        let mut compressed = vec![0; (end - start) as usize];
        file.read_exact_at(&mut compressed, start)
            .map_err(|source| Error::io("chunks", FileOffset(start), source))?;
        let head = (u64::from(self.chunk_size) - skip).min(part.len() as u64);
        let (head, tail) = part.split_at_mut(head as usize);
        let mut pieces = vec![(skip as usize, head)];
        pieces.extend(
            tail.chunks_mut(self.chunk_size as usize)
                .map(|piece| (0, piece)),
        );
        let one = |(number, (skip, piece)): (usize, (usize, &mut [u8]))| {
            let pair = borders.get(number).zip(borders.get(number + 1));
            let chunk = pair.and_then(|(from, to)| {
                compressed.get((from - start) as usize..(to - start) as usize)
            });
            let index = first + number as u64;
            let at = FileOffset(pair.map_or(start, |(from, _)| *from));
            self.read_chunk(pool, index, at, chunk.unwrap_or_default(), skip, piece)
        };
        match work {
            Work::Spread if pieces.len() > 1 => {
                pieces.into_par_iter().enumerate().try_for_each(one)
            }
            _ => pieces.into_iter().enumerate().try_for_each(one),
        }
    }

    /// Unpacks a part of one chunk.
    fn read_chunk(
        &self,
        pool: &DecoderPool,
        index: u64,
        at: FileOffset,
        compressed: &[u8],
        skip: usize,
        piece: &mut [u8],
    ) -> Result<(), Error> {
        let plain_len = self.plain_len(index) as usize;
        if compressed.len() == plain_len {
            let part = compressed.get(skip..skip + piece.len());
            piece.copy_from_slice(part.unwrap_or_default());
            return Ok(());
        }
        let decode = |plain: &mut [u8]| {
            pool.decode(self.codec, self.chunk_size, compressed, plain)
                .map_err(|source| Error::Decode { index, at, source })
        };
        if piece.len() == plain_len {
            return decode(piece);
        }
        let mut plain = vec![0; plain_len];
        decode(&mut plain)?;
        piece.copy_from_slice(plain.get(skip..skip + piece.len()).unwrap_or_default());
        Ok(())
    }
}

/// Bytes in an entry of the table: positions beyond 4 GiB need eight.
fn entry_len(wide: bool) -> u64 {
    match wide {
        true => 8,
        false => 4,
    }
}
