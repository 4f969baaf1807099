//! One blob, read at any position.

use std::io;
use std::sync::Arc;

use super::{BlobId, Inner, Place};
use crate::chunks::Work;
use crate::error::Error;
use crate::hash::Hash;
use crate::resource::Resource;
use crate::storage::ReadAt;

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
                    solid.read(&*file.file, pool, start + offset, buffer)
                }
                None => Ok(()),
            },
        }
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
