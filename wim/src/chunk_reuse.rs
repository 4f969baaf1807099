//! Compressed chunks that are used again: a chunk is compressed by itself, so
//! where content did not change, its chunks need not either.

use std::ops::Range;
use std::sync::Arc;

use crate::archive::{Archive, BlobReader, Inner};
use crate::chunks::{Chunks, Work};
use crate::error::{Error, FileOffset};
use crate::storage::ReadAt;
use crate::write::Packing;

/// Content that new content was made from.
#[derive(Clone)]
pub struct ChunkBase {
    archive: Arc<Inner>,
    file: usize,
    chunks: Chunks,
    /// Ranges in which the new content differs; `None` when nobody knows.
    dirty: Option<Vec<Range<u64>>>,
}

impl ChunkBase {
    /// The blob that new content was made from. `dirty` are the ranges in
    /// which it differs, in order; a chunk that no range touches is taken over
    /// without another look. Without them, chunks are unpacked and compared.
    ///
    /// `None` where the blob has no chunks of its own: it is stored as it is,
    /// or solid.
    pub fn of_blob(blob: &BlobReader, dirty: Option<Vec<Range<u64>>>) -> Option<ChunkBase> {
        let (archive, file, chunks) = blob.chunks()?;
        Some(ChunkBase {
            archive,
            file,
            chunks,
            dirty,
        })
    }

    /// The metadata of an image, from which new metadata were made.
    ///
    /// # Errors
    /// [`Error::NoSuchImage`], or where they lie is wrong.
    pub fn of_metadata(
        archive: &Archive,
        index: u32,
        dirty: Option<Vec<Range<u64>>>,
    ) -> Result<Option<ChunkBase>, Error> {
        let entry = archive.metadata_entry(index)?;
        let archive = archive.inner().clone();
        let resource = archive
            .main()
            .resource("metadata resource", entry.resource)?;
        let chunks = resource.chunks().cloned();
        Ok(chunks.map(|chunks| ChunkBase {
            archive,
            file: 0,
            chunks,
            dirty,
        }))
    }

    /// The stored bytes of the chunk at `index`, if they unpack to `plain`
    /// and can be used where chunks are packed in this way.
    pub(crate) fn reuse(
        &self,
        packing: &Packing,
        index: u64,
        plain: &[u8],
    ) -> Result<Option<Vec<u8>>, Error> {
        let same = packing.codec == Some(self.chunks.codec)
            && packing.chunk_size == self.chunks.chunk_size
            && index < self.chunks.count()
            && self.chunks.plain_len(index) == plain.len() as u64;
        if !same {
            return Ok(None);
        }
        let start = index * u64::from(self.chunks.chunk_size);
        let end = start + plain.len() as u64;
        let file = self
            .archive
            .files
            .get(self.file)
            .unwrap_or(self.archive.main());
        match &self.dirty {
            Some(dirty) => {
                let before = dirty.partition_point(|range| range.end <= start);
                if dirty.get(before).is_some_and(|range| range.start < end) {
                    return Ok(None);
                }
            }
            None => {
                let mut old = vec![0; plain.len()];
                let pool = &self.archive.pool;
                // A base that cannot be read is no use, but no hindrance.
                let read = self
                    .chunks
                    .read(&*file.file, pool, Work::Here, start, &mut old);
                if read.is_err() || old != plain {
                    return Ok(None);
                }
            }
        }
        let borders = self.chunks.borders(&*file.file, index, 1)?;
        let [from, to] = borders.as_slice() else {
            return Ok(None);
        };
        let mut stored = vec![0; (to - from) as usize];
        file.file
            .read_exact_at(&mut stored, *from)
            .map_err(|source| Error::io("chunk", FileOffset(*from), source))?;
        Ok(Some(stored))
    }
}
