//! Many blobs in one pass.
//!
//! Small ones side by side, one thread each; a large one by itself, unpacked
//! on all threads while the bytes before are consumed; those of a solid
//! resource as its chunks come.

use std::io;
use std::sync::Arc;

use rayon::prelude::*;

use super::{BlobId, BlobReader, Inner, Place};
use crate::chunks::Work;
use crate::error::{Error, FileOffset};
use crate::hash::{Hash, Hasher};
use crate::solid::Solid;

/// From this size on a blob is unpacked by all threads: below it there are
/// mostly others to work on.
const LARGE: u64 = 16 << 20;

/// Bytes that are read in one go.
const PIECE: u64 = 1 << 20;

/// Bytes of a large blob that are read in one go.
const LARGE_PIECE: u64 = 4 << 20;

/// Takes the bytes of a blob.
pub trait BlobConsumer: Send {
    /// Takes the next bytes.
    ///
    /// # Errors
    /// What hinders it; reading stops.
    fn data(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Takes the outcome: all bytes were given and their hash is right, or
    /// what is wrong with the blob.
    ///
    /// # Errors
    /// What hinders it; reading stops. An error in the outcome may well be
    /// taken note of, and no error given.
    fn end(self: Box<Self>, outcome: Result<(), Error>) -> io::Result<()>;
}

type Open<'a, 'c> = &'a (dyn Fn(BlobId) -> io::Result<Box<dyn BlobConsumer + 'c>> + Sync);

/// A blob whose bytes are on their way.
struct Running<'c> {
    consumer: Box<dyn BlobConsumer + 'c>,
    hasher: Hasher,
}

impl<'c> Running<'c> {
    fn start(open: Open<'_, 'c>, id: BlobId) -> Result<Running<'c>, Error> {
        let consumer = open(id).map_err(|source| Error::Consumer { source })?;
        Ok(Running {
            consumer,
            hasher: Hasher::default(),
        })
    }

    fn data(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.hasher.update(bytes);
        let given = self.consumer.data(bytes);
        given.map_err(|source| Error::Consumer { source })
    }

    /// Ends it; `read` says how reading went.
    fn end(self, expected: Hash, at: u64, read: Result<(), Error>) -> Result<(), Error> {
        let outcome = read.and_then(|()| {
            let found = self.hasher.finish();
            match found == expected {
                true => Ok(()),
                false => Err(Error::HashMismatch {
                    what: "blob",
                    at: FileOffset(at),
                    expected,
                    found,
                }),
            }
        });
        let taken = self.consumer.end(outcome);
        taken.map_err(|source| Error::Consumer { source })
    }
}

pub(super) fn read_many(
    archive: &Arc<Inner>,
    blobs: &[BlobId],
    open: Open<'_, '_>,
) -> Result<(), Error> {
    let mut alone = Vec::new();
    let mut large = Vec::new();
    let mut solid = Vec::new();
    for id in blobs {
        let Some(blob) = archive.blobs.get(*id) else {
            continue;
        };
        let offset = blob.resource.offset;
        match blob.place {
            Place::Solid { solid: number } => solid.push((number, offset, *id)),
            Place::Alone { file } if blob.resource.size >= LARGE => large.push((file, offset, *id)),
            Place::Alone { file } => alone.push((file, offset, *id)),
            Place::Missing => alone.push((u16::MAX, offset, *id)),
        }
    }
    alone.sort_unstable();
    large.sort_unstable();
    solid.sort_unstable();
    for (_, _, id) in large {
        read_large(archive, id, open)?;
    }
    alone
        .par_iter()
        .try_for_each(|(_, _, id)| read_alone(archive, *id, open))?;
    for group in solid.chunk_by(|one, next| one.0 == next.0) {
        let number = group.first().map_or(0, |(number, _, _)| *number as usize);
        let ids: Vec<_> = group.iter().map(|(_, _, id)| *id).collect();
        if let Some(solid) = archive.solids.get(number) {
            read_solid(archive, solid, &ids, open)?;
        }
    }
    Ok(())
}

/// Where a blob lies, for messages.
fn place(archive: &Inner, id: BlobId) -> u64 {
    archive.blobs.get(id).map_or(0, |blob| blob.resource.offset)
}

fn expected(archive: &Inner, id: BlobId) -> Hash {
    archive.blobs.get(id).map_or(Hash::ZERO, |blob| blob.hash)
}

/// One blob on this thread.
fn read_alone(archive: &Arc<Inner>, id: BlobId, open: Open<'_, '_>) -> Result<(), Error> {
    let mut running = Running::start(open, id)?;
    let reader = BlobReader::open(archive.clone(), id);
    let (reader, read) = match reader {
        Ok(reader) => (Some(reader), Ok(())),
        Err(error) => (None, Err(error)),
    };
    let mut outcome = read;
    if let Some(reader) = reader {
        let mut buffer = vec![0; reader.size().min(PIECE) as usize];
        let mut at = 0;
        while at < reader.size() {
            let length = (reader.size() - at).min(PIECE);
            let part = buffer.get_mut(..length as usize).unwrap_or_default();
            outcome = reader.read_with(Work::Here, at, part);
            if outcome.is_err() {
                break;
            }
            running.data(part)?;
            at += length;
        }
    }
    running.end(expected(archive, id), place(archive, id), outcome)
}

/// One blob, unpacked by all threads while its consumer takes what came
/// before.
fn read_large(archive: &Arc<Inner>, id: BlobId, open: Open<'_, '_>) -> Result<(), Error> {
    let mut running = Running::start(open, id)?;
    let hash = expected(archive, id);
    let reader = match BlobReader::open(archive.clone(), id) {
        Ok(reader) => reader,
        Err(error) => return running.end(hash, place(archive, id), Err(error)),
    };
    let (mut ready, mut next) = (Vec::new(), Vec::new());
    let mut at = 0;
    let mut outcome = Ok(());
    loop {
        let length = (reader.size() - at).min(LARGE_PIECE);
        next.resize(length as usize, 0);
        let (read, taken) = rayon::join(
            || reader.read_with(Work::Spread, at, &mut next),
            || running.data(&ready),
        );
        taken?;
        if read.is_err() {
            outcome = read;
            break;
        }
        at += length;
        std::mem::swap(&mut ready, &mut next);
        if ready.is_empty() {
            break;
        }
    }
    running.end(hash, place(archive, id), outcome)
}

/// The blobs of a solid resource, which are in order.
fn read_solid(
    archive: &Inner,
    solid: &Solid,
    ids: &[BlobId],
    open: Open<'_, '_>,
) -> Result<(), Error> {
    let file = archive.files.get(solid.file).unwrap_or(archive.main());
    let chunk_size = u64::from(solid.chunk_size());
    // All threads, but not more small chunks than make a fair piece.
    let batch = (PIECE / chunk_size).max(rayon::current_num_threads() as u64);
    let range = |id: &BlobId| {
        archive.blobs.get(*id).map_or((0, 0), |blob| {
            let start = blob.resource.offset;
            (start, start.saturating_add(blob.resource.size))
        })
    };
    let mut waiting = ids.iter().peekable();
    // Blobs that go on in the next batch, with where they end.
    let mut open_blobs: Vec<(BlobId, u64, Running<'_>)> = Vec::new();
    let mut chunk = 0;
    while !open_blobs.is_empty() || waiting.peek().is_some() {
        if open_blobs.is_empty()
            && let Some(id) = waiting.peek()
        {
            chunk = chunk.max(range(id).0 / chunk_size);
        }
        let first = chunk * chunk_size;
        let stop = (chunk + batch)
            .min(solid.size.div_ceil(chunk_size))
            .max(chunk);
        let unpacked = match solid.unpack(&*file.file, &archive.pool, chunk, stop) {
            Ok(unpacked) => unpacked,
            Err(error) => {
                return fail_solid(archive, error, open_blobs, waiting, open);
            }
        };
        let end = (stop * chunk_size).min(solid.size);
        let mut here = std::mem::take(&mut open_blobs);
        while let Some(id) = waiting.next_if(|id| {
            let (start, until) = range(id);
            start < end || (start == until && start <= end)
        }) {
            here.push((*id, range(id).1, Running::start(open, *id)?));
        }
        let given = here.into_par_iter().map(|(id, until, mut running)| {
            let start = range(&id).0.max(first);
            for (number, plain) in (chunk..).zip(&unpacked) {
                let from = number * chunk_size;
                let begin = start.max(from) - from;
                let finish = until.clamp(from, from + plain.len() as u64) - from;
                if let Some(part) = plain.get(begin as usize..finish as usize) {
                    running.data(part)?;
                }
            }
            if until <= end {
                running.end(expected(archive, id), range(&id).0, Ok(()))?;
                return Ok(None);
            }
            Ok(Some((id, until, running)))
        });
        let given: Result<Vec<_>, Error> = given.collect();
        open_blobs = given?.into_iter().flatten().collect();
        if chunk == stop {
            break;
        }
        chunk = stop;
    }
    Ok(())
}

/// A chunk is damaged: every blob from here on is, too. The rest of the
/// resource is not tried, since blobs lie across chunks.
fn fail_solid<'i>(
    archive: &Inner,
    error: Error,
    running: Vec<(BlobId, u64, Running<'_>)>,
    waiting: impl Iterator<Item = &'i BlobId>,
    open: Open<'_, '_>,
) -> Result<(), Error> {
    let (at, index) = match &error {
        Error::Decode { at, index, .. } | Error::Chunk { at, index, .. } => (*at, *index),
        _ => (FileOffset(0), 0),
    };
    let mut first = Some(error);
    let mut again = || first.take().unwrap_or(Error::SolidDamaged { at, index });
    for (id, _, running) in running {
        running.end(expected(archive, id), place(archive, id), Err(again()))?;
    }
    for id in waiting {
        let running = Running::start(open, *id)?;
        running.end(expected(archive, *id), place(archive, *id), Err(again()))?;
    }
    Ok(())
}
