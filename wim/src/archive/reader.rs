//! One blob, read at any position.

use std::io;
use std::sync::Arc;

use super::{BlobId, Inner, Place};
use crate::chunks::{Chunks, Work};
use crate::error::{Error, FileOffset};
use crate::hash::Hash;
use crate::resource::Resource;
use crate::storage::{ReadAt, WriteAt};

/// A blob's content. It keeps the archive open and may be read from several
/// threads; the hash is not compared (see
/// [`Archive::read_many`](super::Archive::read_many) for that).
#[derive(Clone)]
pub struct BlobReader {
    archive: Arc<Inner>,
    hash: Hash,
    size: u64,
    source: Source,
}

#[derive(Clone)]
pub(super) enum Source {
    Alone { file: usize, resource: Resource },
    Solid { solid: usize, offset: u64 },
}

impl BlobReader {
    pub(super) fn open(archive: Arc<Inner>, id: BlobId) -> Result<BlobReader, Error> {
        let blob = archive.blobs.get(id).copied().ok_or(Error::Range {
            offset: u64::from(id.0),
            length: 1,
            size: u64::from(archive.blobs.len()),
        })?;
        let source = match blob.place {
            Place::Alone { file } => {
                let file = usize::from(file);
                let open = archive.files.get(file).unwrap_or(archive.main());
                let resource = open.resource("blob", blob.resource)?;
                Source::Alone { file, resource }
            }
            Place::Solid { solid } => Source::Solid {
                solid: solid as usize,
                offset: blob.resource.offset,
            },
            Place::Missing => {
                return Err(Error::PartMissing {
                    hash: blob.hash,
                    part: blob.part,
                    parts: archive.main().header.parts,
                });
            }
        };
        Ok(BlobReader {
            archive,
            hash: blob.hash,
            size: blob.resource.size,
            source,
        })
    }

    /// The hash that its content should have.
    pub fn hash(&self) -> Hash {
        self.hash
    }

    /// Its length, in bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Fills `buffer` with the bytes from `offset` on; chunks are unpacked on
    /// all threads.
    ///
    /// # Errors
    /// [`Error::Range`], [`Error::Io`], [`Error::Chunk`], [`Error::Decode`].
    pub fn read(&self, offset: u64, buffer: &mut [u8]) -> Result<(), Error> {
        self.read_with(Work::Spread, offset, buffer)
    }

    pub(super) fn read_with(
        &self,
        work: Work,
        offset: u64,
        buffer: &mut [u8],
    ) -> Result<(), Error> {
        let length = buffer.len() as u64;
        if offset.checked_add(length).is_none_or(|end| end > self.size) {
            return Err(Error::Range {
                offset,
                length,
                size: self.size,
            });
        }
        let pool = &self.archive.pool;
        match &self.source {
            Source::Alone { file, resource } => {
                let file = self.archive.files.get(*file).unwrap_or(self.archive.main());
                resource.read(&*file.file, pool, work, offset, buffer)
            }
            Source::Solid {
                solid,
                offset: start,
            } => match self.archive.solids.get(*solid) {
                Some(solid) => {
                    let file = self
                        .archive
                        .files
                        .get(solid.file)
                        .unwrap_or(self.archive.main());
                    solid.read(
                        &*file.file,
                        pool,
                        &self.archive.cache,
                        start + offset,
                        buffer,
                    )
                }
                None => Ok(()),
            },
        }
    }

    /// The chunks of a blob that has some of its own, and which of the
    /// archive's files they are in.
    pub(crate) fn chunks(&self) -> Option<(Arc<Inner>, usize, Chunks)> {
        match &self.source {
            Source::Alone { file, resource } => {
                let chunks = resource.chunks()?.clone();
                Some((self.archive.clone(), *file, chunks))
            }
            Source::Solid { .. } => None,
        }
    }

    /// Copies the stored bytes, packed as they are, to `to` from `at` on. Not
    /// for blobs in solid resources, of which there are no such bytes.
    pub(crate) fn copy_stored(&self, to: &dyn WriteAt, at: u64) -> Result<(), Error> {
        let Source::Alone { file, resource } = &self.source else {
            return Ok(());
        };
        let file = self.archive.files.get(*file).unwrap_or(self.archive.main());
        copy_range(
            &*file.file,
            resource.header.offset,
            resource.header.stored_size,
            to,
            at,
        )
    }

    /// The whole content, at most `limit` bytes.
    ///
    /// # Errors
    /// [`Error::TooLong`] above the limit, else as [`read`](Self::read).
    pub fn read_all(&self, limit: u64) -> Result<Vec<u8>, Error> {
        // As for resources: memory is asked for as it fills.
        const STEP: u64 = 16 << 20;
        if self.size > limit {
            return Err(Error::TooLong {
                what: "blob",
                length: self.size,
                limit,
            });
        }
        let mut bytes = Vec::new();
        while (bytes.len() as u64) < self.size {
            let start = bytes.len();
            bytes.resize(start + (self.size - start as u64).min(STEP) as usize, 0);
            self.read(start as u64, bytes.get_mut(start..).unwrap_or_default())?;
        }
        Ok(bytes)
    }
}

impl ReadAt for BlobReader {
    fn len(&self) -> io::Result<u64> {
        Ok(self.size)
    }

    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.read(offset, buffer).map_err(io::Error::from)
    }
}

/// Copies bytes from one file to another.
pub(crate) fn copy_range(
    from: &dyn ReadAt,
    start: u64,
    length: u64,
    to: &dyn WriteAt,
    at: u64,
) -> Result<(), Error> {
    const STEP: u64 = 1 << 20;
    let mut buffer = vec![0; length.min(STEP) as usize];
    let mut done = 0;
    while done < length {
        let step = (length - done).min(STEP);
        let part = buffer.get_mut(..step as usize).unwrap_or_default();
        from.read_exact_at(part, start + done)
            .map_err(|source| Error::io("resource", FileOffset(start + done), source))?;
        to.write_all_at(part, at + done)
            .map_err(|source| Error::Write {
                what: "resource",
                at: FileOffset(at + done),
                source,
            })?;
        done += step;
    }
    Ok(())
}
