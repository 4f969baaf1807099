//! Blobs on their way into a file: each content once, small ones many at a
//! time, large ones window by window.
//!
//! Where a blob lands depends only on the order in which blobs come, never on
//! the number of threads.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use rayon::prelude::*;

use super::Packing;
use super::encoders::Encoders;
use super::large;
use super::pack::{Packed, PackedResource, Plain, new_ones, pack};
use crate::chunk_reuse::ChunkBase;
use crate::error::{Error, FileOffset};
use crate::hash::Hash;
use crate::resource_header::{ResourceFlags, ResourceHeader};
use crate::space::Space;
use crate::storage::{ReadAt, WriteAt};

/// Plain bytes in memory at once.
const BATCH: u64 = 16 << 20;

/// Contents in memory at once: their readers may be open files.
const BATCH_COUNT: usize = 256;

/// From this size on a blob is not held in memory.
const LARGE: u64 = 8 << 20;

/// Content to be stored.
pub struct NewBlob {
    /// Reads it; may be asked for the same bytes twice.
    pub source: Box<dyn ReadAt>,
    /// Its hash, where it is known: content that the file has already is then
    /// not even read. What is read has to agree with it.
    pub hash: Option<Hash>,
    /// What it was made from.
    pub base: Option<ChunkBase>,
}

impl NewBlob {
    /// Content of which nothing else is known.
    pub fn new(source: impl ReadAt + 'static) -> NewBlob {
        NewBlob {
            source: Box::new(source),
            hash: None,
            base: None,
        }
    }
}

/// A blob in the file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StoredBlob {
    pub(crate) hash: Hash,
    pub(crate) resource: ResourceHeader,
    pub(crate) references: u64,
}

/// Blobs of a file that is being written.
pub(crate) struct BlobStore {
    pub(crate) file: Arc<dyn WriteAt>,
    pub(crate) space: Space,
    pub(crate) encoders: Encoders,
    /// In the order in which they came.
    pub(crate) blobs: Vec<StoredBlob>,
    by_hash: HashMap<Hash, u32>,
    /// What was written besides blobs, which have their ranges.
    written: Mutex<Vec<(u64, u64)>>,
}

impl BlobStore {
    pub(crate) fn new(file: Arc<dyn WriteAt>, space: Space, packing: Packing) -> BlobStore {
        BlobStore {
            file,
            space,
            encoders: Encoders::new(packing),
            blobs: Vec::new(),
            by_hash: HashMap::new(),
            written: Mutex::default(),
        }
    }

    pub(crate) fn find(&self, hash: &Hash) -> Option<&StoredBlob> {
        self.blobs.get(*self.by_hash.get(hash)? as usize)
    }

    pub(crate) fn find_mut(&mut self, hash: &Hash) -> Option<&mut StoredBlob> {
        self.blobs.get_mut(*self.by_hash.get(hash)? as usize)
    }

    /// Names a blob that lies in the file.
    pub(crate) fn insert(&mut self, hash: Hash, resource: ResourceHeader) {
        self.by_hash.insert(hash, self.blobs.len() as u32);
        self.blobs.push(StoredBlob {
            hash,
            resource,
            references: 0,
        });
    }

    /// Stores contents; gives their hashes in order, zero for empty ones.
    ///
    /// # Errors
    /// [`Error::Source`] with what `contents` or a reader gave,
    /// [`Error::HashMismatch`], [`Error::Write`], [`Error::Encoder`].
    pub(crate) fn add(
        &mut self,
        contents: &mut dyn Iterator<Item = io::Result<NewBlob>>,
    ) -> Result<Vec<Hash>, Error> {
        let mut hashes = Vec::new();
        let mut ready: Vec<Packed> = Vec::new();
        let mut held = None;
        loop {
            let batch = next_batch(contents, &mut held)?;
            let is_last = batch.is_empty() && held.is_none();
            // What was packed is written while the next is read and packed.
            // Hashes of both count as known.
            let on_the_way: std::collections::HashSet<Hash> =
                ready.iter().map(|packed| packed.hash).collect();
            let by_hash = &self.by_hash;
            let is_known = |hash: &Hash| by_hash.contains_key(hash) || on_the_way.contains(hash);
            let (encoders, file) = (&self.encoders, &self.file);
            let placed = place(&mut self.space, &ready);
            let (packed, written) = rayon::join(
                || read_and_pack(batch, encoders, &is_known, &mut hashes),
                || write(&**file, &ready, &placed),
            );
            written?;
            let packed = packed?;
            for (packed, at) in std::mem::replace(&mut ready, packed).iter().zip(placed) {
                self.insert(packed.hash, packed.header(at));
            }
            if let Some((blob, size)) = held.take_if(|(_, size)| *size >= LARGE) {
                // Everything before it has to be in place first.
                let placed = place(&mut self.space, &ready);
                write(&*self.file, &ready, &placed)?;
                for (packed, at) in std::mem::take(&mut ready).iter().zip(placed) {
                    self.insert(packed.hash, packed.header(at));
                }
                hashes.push(self.add_large(&blob, size)?);
            }
            if is_last && ready.is_empty() {
                return Ok(hashes);
            }
        }
    }

    fn add_large(&mut self, blob: &NewBlob, size: u64) -> Result<Hash, Error> {
        if let Some(hash) = blob.hash
            && self.find(&hash).is_some()
        {
            return Ok(hash);
        }
        let at = self.space.end();
        let (hash, header) = large::write(&*self.file, at, &self.encoders, blob, size)?;
        if self.find(&hash).is_none() {
            self.space.take_end(header.stored_size);
            self.insert(hash, header);
        }
        Ok(hash)
    }

    /// Writes one resource that is no blob, such as metadata, at the best
    /// place.
    pub(crate) fn add_packed(
        &mut self,
        packed: PackedResource,
    ) -> Result<(Hash, ResourceHeader), Error> {
        let PackedResource(packed) = packed;
        let at = self.space.take(packed.stored.len() as u64);
        self.write_at("metadata resource", &packed.stored, at)?;
        Ok((packed.hash, packed.header(at)))
    }

    /// Ranges that were written, tables included.
    pub(crate) fn written(&self) -> Vec<(u64, u64)> {
        let written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        let blobs = self.blobs.iter().map(|blob| blob.resource);
        let blobs = blobs.map(|resource| (resource.offset, resource.offset + resource.stored_size));
        written.iter().copied().chain(blobs).collect()
    }

    /// Writes a table as it is, at a place of its own.
    pub(crate) fn write_at(&self, what: &'static str, bytes: &[u8], at: u64) -> Result<(), Error> {
        let written = self.file.write_all_at(bytes, at);
        written.map_err(|source| Error::Write {
            what,
            at: FileOffset(at),
            source,
        })?;
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        written.push((at, at + bytes.len() as u64));
        Ok(())
    }
}

impl Packed {
    fn header(&self, at: u64) -> ResourceHeader {
        ResourceHeader {
            flags: match self.compressed {
                true => ResourceFlags::COMPRESSED,
                false => ResourceFlags::empty(),
            },
            stored_size: self.stored.len() as u64,
            offset: at,
            size: self.size,
        }
    }
}

/// Takes contents until memory is full. One that is large ends the batch and
/// is held back, so that it comes behind it.
fn next_batch(
    contents: &mut dyn Iterator<Item = io::Result<NewBlob>>,
    held: &mut Option<(NewBlob, u64)>,
) -> Result<Vec<(NewBlob, u64)>, Error> {
    let source = |source| Error::Source { source };
    let mut batch = Vec::new();
    let mut bytes = 0;
    if let Some((blob, size)) = held.take() {
        bytes += size;
        batch.push((blob, size));
    }
    while batch.len() < BATCH_COUNT
        && let Some(blob) = contents.next()
    {
        let blob = blob.map_err(source)?;
        let size = blob.source.len().map_err(source)?;
        if size >= LARGE || bytes + size > BATCH {
            *held = Some((blob, size));
            break;
        }
        bytes += size;
        batch.push((blob, size));
    }
    Ok(batch)
}

/// Reads a batch, hashes it, and packs what is new.
fn read_and_pack(
    batch: Vec<(NewBlob, u64)>,
    encoders: &Encoders,
    is_known: &(dyn Fn(&Hash) -> bool + Sync),
    hashes: &mut Vec<Hash>,
) -> Result<Vec<Packed>, Error> {
    let read = batch.into_par_iter().map(|(blob, size)| {
        if let Some(hash) = blob.hash
            && (is_known(&hash) || hash.is_zero())
        {
            return Ok(Plain {
                hash,
                bytes: Vec::new(),
                base: None,
            });
        }
        let mut bytes = vec![0; size as usize];
        let read = blob.source.read_exact_at(&mut bytes, 0);
        read.map_err(|source| Error::Source { source })?;
        let hash = match bytes.is_empty() {
            true => Hash::ZERO,
            false => Hash::of(&bytes),
        };
        check_hash(blob.hash, hash)?;
        Ok(Plain {
            hash,
            bytes,
            base: blob.base,
        })
    });
    let read: Vec<Plain> = read.collect::<Result<_, _>>()?;
    hashes.extend(read.iter().map(|content| content.hash));
    pack(new_ones(read, is_known), encoders)
}

/// Compares a hash that was promised.
pub(super) fn check_hash(expected: Option<Hash>, found: Hash) -> Result<(), Error> {
    match expected {
        Some(expected) if expected != found => Err(Error::HashMismatch {
            what: "content to be stored",
            at: FileOffset(0),
            expected,
            found,
        }),
        _ => Ok(()),
    }
}

/// A place for each resource, in order.
fn place(space: &mut Space, packed: &[Packed]) -> Vec<u64> {
    let lengths = packed.iter().map(|packed| packed.stored.len() as u64);
    lengths.map(|length| space.take(length)).collect()
}

fn write(file: &dyn WriteAt, packed: &[Packed], placed: &[u64]) -> Result<(), Error> {
    for (packed, at) in packed.iter().zip(placed) {
        file.write_all_at(&packed.stored, *at)
            .map_err(|source| Error::Write {
                what: "blob",
                at: FileOffset(*at),
                source,
            })?;
    }
    Ok(())
}
