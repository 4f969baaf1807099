//! Contents in memory to resources in memory: hashed, compared with what is
//! known, compressed chunk by chunk on all threads.

use std::collections::HashSet;

use rayon::prelude::*;

use super::chunk_table;
use super::encoders::Encoders;
use crate::chunk_reuse::ChunkBase;
use crate::error::Error;
use crate::hash::Hash;

/// A resource in memory, ready to be written.
pub(crate) struct PackedResource(pub(super) Packed);

impl PackedResource {
    /// Packs one resource, with the chunks of `base` where they are the same.
    ///
    /// # Errors
    /// [`Error::Encoder`], or the base cannot be read.
    pub(crate) fn pack(
        bytes: Vec<u8>,
        base: Option<ChunkBase>,
        encoders: &Encoders,
    ) -> Result<PackedResource, Error> {
        let hash = Hash::of(&bytes);
        let packed = pack_one(Plain { hash, bytes, base }, encoders)?;
        Ok(PackedResource(packed))
    }
}

/// Content in memory.
pub(super) struct Plain {
    pub(super) hash: Hash,
    pub(super) bytes: Vec<u8>,
    pub(super) base: Option<ChunkBase>,
}

/// A resource ready to be written.
pub(super) struct Packed {
    pub(super) hash: Hash,
    /// Its plain length.
    pub(super) size: u64,
    pub(super) compressed: bool,
    /// Its stored form, chunk table included.
    pub(super) stored: Vec<u8>,
}

/// Compresses contents that are all different.
///
/// # Errors
/// [`Error::Encoder`], or a base cannot be read.
pub(super) fn pack(contents: Vec<Plain>, encoders: &Encoders) -> Result<Vec<Packed>, Error> {
    if encoders.packing.codec.is_none() {
        return Ok(contents.into_iter().map(as_it_is).collect());
    }
    let chunks: Vec<_> = contents
        .iter()
        .flat_map(|content| {
            let chunks = content.bytes.chunks(encoders.chunk_len());
            (0..)
                .zip(chunks)
                .map(move |(index, plain)| (content, index, plain))
        })
        .collect();
    let packed = chunks
        .par_iter()
        .map(|(content, index, plain)| pack_chunk(encoders, content.base.as_ref(), *index, plain));
    let packed: Vec<Option<Vec<u8>>> = packed.collect::<Result<_, _>>()?;
    drop(chunks);
    let mut packed = packed.into_iter();
    let joined = contents.into_iter().map(|content| {
        let count = content.bytes.len().div_ceil(encoders.chunk_len());
        let chunks: Vec<_> = packed.by_ref().take(count).collect();
        join(content, &chunks, encoders.chunk_len())
    });
    Ok(joined.collect())
}

fn pack_one(content: Plain, encoders: &Encoders) -> Result<Packed, Error> {
    if encoders.packing.codec.is_none() {
        return Ok(as_it_is(content));
    }
    let chunks = content.bytes.par_chunks(encoders.chunk_len()).enumerate();
    let packed = chunks
        .map(|(index, plain)| pack_chunk(encoders, content.base.as_ref(), index as u64, plain));
    let packed: Vec<_> = packed.collect::<Result<_, _>>()?;
    Ok(join(content, &packed, encoders.chunk_len()))
}

/// One chunk: from the base where it is the same, else compressed. `None`
/// when it is stored as it is.
pub(super) fn pack_chunk(
    encoders: &Encoders,
    base: Option<&ChunkBase>,
    index: u64,
    plain: &[u8],
) -> Result<Option<Vec<u8>>, Error> {
    let reused = match base {
        Some(base) => base.reuse(&encoders.packing, index, plain)?,
        None => None,
    };
    match reused {
        Some(stored) if stored.len() == plain.len() => Ok(None),
        Some(stored) => Ok(Some(stored)),
        None => encoders.encode(plain),
    }
}

fn as_it_is(content: Plain) -> Packed {
    Packed {
        hash: content.hash,
        size: content.bytes.len() as u64,
        compressed: false,
        stored: content.bytes,
    }
}

/// Puts the chunks of a resource together, if that makes it shorter.
fn join(content: Plain, chunks: &[Option<Vec<u8>>], chunk_len: usize) -> Packed {
    let plain = content.bytes.chunks(chunk_len);
    let stored: Vec<&[u8]> = chunks
        .iter()
        .zip(plain)
        .map(|(chunk, plain)| chunk.as_deref().unwrap_or(plain))
        .collect();
    let size = content.bytes.len() as u64;
    let table = chunk_table::table(size, stored.iter().map(|chunk| chunk.len()));
    let length = table.len() + stored.iter().map(|chunk| chunk.len()).sum::<usize>();
    if length >= content.bytes.len() {
        return as_it_is(content);
    }
    let mut joined = Vec::with_capacity(length);
    joined.extend_from_slice(&table);
    for chunk in stored {
        joined.extend_from_slice(chunk);
    }
    Packed {
        hash: content.hash,
        size,
        compressed: true,
        stored: joined,
    }
}

/// Keeps the first of each content that `is_known` does not know.
pub(super) fn new_ones(contents: Vec<Plain>, is_known: impl Fn(&Hash) -> bool) -> Vec<Plain> {
    let mut seen = HashSet::new();
    let mut new = contents;
    new.retain(|content| {
        !content.bytes.is_empty() && !is_known(&content.hash) && seen.insert(content.hash)
    });
    new
}
