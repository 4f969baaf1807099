//! Compressed chunks that are used again: a chunk is compressed by itself, so
//! where content did not change, its chunks need not either.

use std::ops::Range;
use std::sync::Arc;

use crate::archive::{Archive, BlobReader, Inner};
use crate::chunks::{Chunks, Work};
use crate::error::{Error, FileOffset};
use crate::metadata::MetadataChanges;
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
    /// Ranges that were elsewhere, and where they started.
    moved: Vec<(Range<u64>, u64)>,
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
            moved: Vec::new(),
        })
    }

    /// The metadata of an image, from which new metadata were made by these
    /// changes; without them, chunks are unpacked and compared.
    ///
    /// # Errors
    /// [`Error::NoSuchImage`], or where they lie is wrong.
    pub fn of_metadata(
        archive: &Archive,
        index: u32,
        changes: Option<MetadataChanges>,
    ) -> Result<Option<ChunkBase>, Error> {
        let entry = archive.metadata_entry(index)?;
        let archive = archive.inner().clone();
        let resource = archive
            .main()
            .resource("metadata resource", entry.resource)?;
        let chunks = resource.chunks().cloned();
        let (dirty, moved) = match changes {
            Some(changes) => (Some(changes.dirty), changes.moved),
            None => (None, Vec::new()),
        };
        Ok(chunks.map(|chunks| ChunkBase {
            archive,
            file: 0,
            chunks,
            dirty,
            moved,
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
            && packing.chunk_size == self.chunks.chunk_size;
        if !same {
            return Ok(None);
        }
        if self.has_len(index, plain) && self.is_clean(index, plain) {
            return self.stored(index).map(Some);
        }
        let start = index * u64::from(self.chunks.chunk_size);
        let was_at = self.moved.iter().filter(|(now, _)| now.contains(&start));
        let was_at = was_at.map(|(now, old)| old + (start - now.start));
        let chunk_size = u64::from(self.chunks.chunk_size);
        for index in was_at
            .filter(|at| at % chunk_size == 0)
            .map(|at| at / chunk_size)
        {
            if self.has_len(index, plain) && self.unpacks_to(index, plain) {
                return self.stored(index).map(Some);
            }
        }
        Ok(None)
    }

    fn has_len(&self, index: u64, plain: &[u8]) -> bool {
        index < self.chunks.count() && self.chunks.plain_len(index) == plain.len() as u64
    }

    /// Whether the chunk at its old place is still the same.
    fn is_clean(&self, index: u64, plain: &[u8]) -> bool {
        let Some(dirty) = &self.dirty else {
            return self.unpacks_to(index, plain);
        };
        let start = index * u64::from(self.chunks.chunk_size);
        let end = start + plain.len() as u64;
        let before = dirty.partition_point(|range| range.end <= start);
        dirty.get(before).is_none_or(|range| range.start >= end)
    }

    fn unpacks_to(&self, index: u64, plain: &[u8]) -> bool {
        let mut old = vec![0; plain.len()];
        let start = index * u64::from(self.chunks.chunk_size);
        let pool = &self.archive.pool;
        let read = self
            .chunks
            .read(self.file(), pool, Work::Here, start, &mut old);
        // A base that cannot be read is no use, but no hindrance.
        read.is_ok() && old == plain
    }

    fn file(&self) -> &dyn ReadAt {
        let file = self.archive.files.get(self.file);
        &*file.unwrap_or(self.archive.main()).file
    }

    /// The stored bytes of a chunk.
    fn stored(&self, index: u64) -> Result<Vec<u8>, Error> {
        let borders = self.chunks.borders(self.file(), index, 1)?;
        let [from, to] = borders.as_slice() else {
            return Ok(Vec::new());
        };
        let mut stored = vec![0; (to - from) as usize];
        self.file()
            .read_exact_at(&mut stored, *from)
            .map_err(|source| Error::io("chunk", FileOffset(*from), source))?;
        Ok(stored)
    }
}
