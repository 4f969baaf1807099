//! One large blob: read, hashed, compressed and written window by window, so
//! that memory does not depend on its size.

use rayon::prelude::*;

use super::blobs::{NewBlob, check_hash};
use super::chunk_table;
use super::encoders::Encoders;
use super::pack::pack_chunk;
use crate::error::{Error, FileOffset};
use crate::hash::{Hash, Hasher};
use crate::resource_header::{ResourceFlags, ResourceHeader};
use crate::storage::WriteAt;

/// Plain bytes in a window.
const WINDOW: usize = 4 << 20;

/// Writes a blob from `at` on. What was written there means nothing until the
/// caller takes the place.
pub(super) fn write(
    file: &dyn WriteAt,
    at: u64,
    encoders: &Encoders,
    blob: &NewBlob,
    size: u64,
) -> Result<(Hash, ResourceHeader), Error> {
    let mut hasher = Hasher::default();
    let header = ResourceHeader {
        flags: ResourceFlags::empty(),
        stored_size: size,
        offset: at,
        size,
    };
    if encoders.packing.codec.is_none() {
        copy(file, at, blob, size, Some(&mut hasher))?;
        let hash = hasher.finish();
        check_hash(blob.hash, hash)?;
        return Ok((hash, header));
    }
    let chunk_len = encoders.chunk_len();
    let (table_len, _) = chunk_table::table_len(size, chunk_len);
    let window_len = WINDOW.next_multiple_of(chunk_len);
    let mut lengths = Vec::new();
    let mut end = at + table_len;
    let (mut window, mut next) = (Vec::new(), Vec::new());
    let mut read_to = 0;
    read_window(blob, size, window_len, &mut read_to, &mut window)?;
    let mut index = 0;
    while !window.is_empty() {
        let (packed, (read, ())) = rayon::join(
            || {
                let chunks = window.par_chunks(chunk_len).enumerate();
                chunks
                    .map(|(number, plain)| {
                        let base = blob.base.as_ref();
                        pack_chunk(encoders, base, index + number as u64, plain)
                    })
                    .collect::<Result<Vec<_>, Error>>()
            },
            || {
                rayon::join(
                    || read_window(blob, size, window_len, &mut read_to, &mut next),
                    || hasher.update(&window),
                )
            },
        );
        read?;
        let mut stored = Vec::new();
        for (chunk, plain) in packed?.iter().zip(window.chunks(chunk_len)) {
            let chunk = chunk.as_deref().unwrap_or(plain);
            lengths.push(chunk.len());
            stored.extend_from_slice(chunk);
            index += 1;
        }
        write_at(file, &stored, end)?;
        end += stored.len() as u64;
        std::mem::swap(&mut window, &mut next);
    }
    let hash = hasher.finish();
    check_hash(blob.hash, hash)?;
    if end - at >= size {
        copy(file, at, blob, size, None)?;
        return Ok((hash, header));
    }
    write_at(file, &chunk_table::table(size, lengths), at)?;
    let header = ResourceHeader {
        flags: ResourceFlags::COMPRESSED,
        stored_size: end - at,
        ..header
    };
    Ok((hash, header))
}

fn read_window(
    blob: &NewBlob,
    size: u64,
    length: usize,
    from: &mut u64,
    window: &mut Vec<u8>,
) -> Result<(), Error> {
    let length = (size - *from).min(length as u64);
    window.resize(length as usize, 0);
    blob.source
        .read_exact_at(window, *from)
        .map_err(|source| Error::Source { source })?;
    *from += length;
    Ok(())
}

/// Stores a blob as it is.
fn copy(
    file: &dyn WriteAt,
    at: u64,
    blob: &NewBlob,
    size: u64,
    mut hasher: Option<&mut Hasher>,
) -> Result<(), Error> {
    let mut window = Vec::new();
    let mut from = 0;
    while from < size {
        let start = at + from;
        read_window(blob, size, WINDOW, &mut from, &mut window)?;
        let (written, ()) = rayon::join(
            || write_at(file, &window, start),
            || {
                if let Some(hasher) = &mut hasher {
                    hasher.update(&window);
                }
            },
        );
        written?;
    }
    Ok(())
}

fn write_at(file: &dyn WriteAt, bytes: &[u8], at: u64) -> Result<(), Error> {
    file.write_all_at(bytes, at).map_err(|source| Error::Write {
        what: "blob",
        at: FileOffset(at),
        source,
    })
}
