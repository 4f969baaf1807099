//! Content: bytes that can be read at any place, without knowing where they
//! lie (host file, memory, compressed resource).

use std::fmt;
use std::io::{self, BufRead, Read};
use std::ops::Range;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha1::{Digest as _, Sha1};

/// What is read at once, in bytes: large enough to make system calls cheap,
/// small enough to stay in cache.
const CHUNK: u64 = 256 * 1024;

/// Content that can be read at any offset, from several threads.
pub trait Blob: Send + Sync {
    /// Its length, in bytes.
    fn len(&self) -> u64;

    /// Fills `buffer` from `offset` on.
    ///
    /// # Errors
    /// `UnexpectedEof` when the range leaves the blob, else what reading gave.
    fn read_into(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()>;

    /// Whether there is nothing in it.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Its identity, where the place that it lies in vouches for it: a WIM file
    /// names content by it.
    fn known_id(&self) -> Option<ContentId> {
        None
    }
}

/// A blob whose identity was worked out already.
pub(crate) struct Identified {
    pub(crate) id: ContentId,
    pub(crate) blob: Arc<dyn Blob>,
}

impl Blob for Identified {
    fn len(&self) -> u64 {
        self.blob.len()
    }

    fn read_into(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.blob.read_into(offset, buffer)
    }

    fn known_id(&self) -> Option<ContentId> {
        Some(self.id)
    }
}

/// A blob as the `wim` crate reads what it stores.
pub(crate) struct ToStore(pub(crate) Arc<dyn Blob>);

impl wimwright_wim::ReadAt for ToStore {
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.len())
    }

    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.0.read_into(offset, buffer)
    }
}

/// Content in memory.
#[derive(Clone)]
pub struct MemoryBlob(Arc<[u8]>);

impl MemoryBlob {
    /// A blob with these bytes.
    pub fn new(bytes: impl Into<Arc<[u8]>>) -> MemoryBlob {
        MemoryBlob(bytes.into())
    }
}

impl Blob for MemoryBlob {
    fn len(&self) -> u64 {
        self.0.len() as u64
    }

    fn read_into(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let part = usize::try_from(offset)
            .ok()
            .and_then(|start| self.0.get(start..start.checked_add(buffer.len())?))
            .ok_or(io::ErrorKind::UnexpectedEof)?;
        buffer.copy_from_slice(part);
        Ok(())
    }
}

/// A blob from some place on.
pub(crate) struct PartOfBlob {
    blob: Arc<dyn Blob>,
    start: u64,
}

impl PartOfBlob {
    /// What of `blob` lies behind its first `start` bytes.
    pub(crate) fn new(blob: Arc<dyn Blob>, start: u64) -> PartOfBlob {
        PartOfBlob { blob, start }
    }
}

impl Blob for PartOfBlob {
    fn len(&self) -> u64 {
        self.blob.len().saturating_sub(self.start)
    }

    fn read_into(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let offset = self.start.checked_add(offset);
        let offset = offset.ok_or(io::ErrorKind::UnexpectedEof)?;
        self.blob.read_into(offset, buffer)
    }
}

/// Reads a whole blob of at most `limit` bytes.
///
/// # Errors
/// `FileTooLarge` above the limit, else what reading gave.
pub fn read_all(blob: &dyn Blob, limit: u64) -> io::Result<Vec<u8>> {
    let len = blob.len();
    if len > limit {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("{len} bytes, more than the {limit} allowed here"),
        ));
    }
    let len = usize::try_from(len).map_err(|_| io::ErrorKind::FileTooLarge)?;
    let mut bytes = vec![0; len];
    blob.read_into(0, &mut bytes)?;
    Ok(bytes)
}

/// Hands a blob's bytes to `take`, one chunk after another.
///
/// # Errors
/// What reading or `take` gave.
pub fn for_each_chunk(
    blob: &dyn Blob,
    take: impl FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<()> {
    for_each_chunk_of(blob, 0..blob.len(), take)
}

/// The same for a part of a blob.
///
/// # Errors
/// What reading or `take` gave.
pub(crate) fn for_each_chunk_of(
    blob: &dyn Blob,
    range: Range<u64>,
    mut take: impl FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<()> {
    let mut offset = range.start;
    let mut buffer = vec![0; range.end.saturating_sub(offset).min(CHUNK) as usize];
    while offset < range.end {
        let part = buffer
            .get_mut(..(range.end - offset).min(CHUNK) as usize)
            .ok_or(io::ErrorKind::UnexpectedEof)?;
        blob.read_into(offset, part)?;
        take(part)?;
        offset += part.len() as u64;
    }
    Ok(())
}

/// A blob from front to back.
pub(crate) struct BlobBytes<'b> {
    blob: &'b dyn Blob,
    /// Where the buffer ends in the blob.
    at: u64,
    buffer: Vec<u8>,
    used: usize,
}

impl<'b> BlobBytes<'b> {
    pub(crate) fn new(blob: &'b dyn Blob) -> BlobBytes<'b> {
        BlobBytes {
            blob,
            at: 0,
            buffer: Vec::new(),
            used: 0,
        }
    }
}

impl BufRead for BlobBytes<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let left = self.blob.len().saturating_sub(self.at);
        if self.used >= self.buffer.len() && left > 0 {
            self.buffer.resize(left.min(CHUNK) as usize, 0);
            self.blob.read_into(self.at, &mut self.buffer)?;
            self.at += self.buffer.len() as u64;
            self.used = 0;
        }
        Ok(self.buffer.get(self.used..).unwrap_or_default())
    }

    fn consume(&mut self, amount: usize) {
        self.used += amount;
    }
}

impl Read for BlobBytes<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(buffer)?;
        self.consume(read);
        Ok(read)
    }
}

/// What a file holds, told by length and SHA-1 (the identity that WIM files
/// use, so that an image there is compared without reading it).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ContentId {
    /// Length in bytes.
    pub len: u64,
    /// SHA-1 of the bytes.
    #[serde(with = "crate::hex")]
    pub sha1: [u8; 20],
}

impl ContentId {
    /// The identity of these bytes.
    pub fn of(bytes: &[u8]) -> ContentId {
        ContentId {
            len: bytes.len() as u64,
            sha1: Sha1::digest(bytes).into(),
        }
    }

    /// The identity of a blob, which is read for it unless it is known.
    ///
    /// # Errors
    /// What reading gave.
    pub fn of_blob(blob: &dyn Blob) -> io::Result<ContentId> {
        if let Some(known) = blob.known_id() {
            return Ok(known);
        }
        let mut hasher = Sha1::new();
        for_each_chunk(blob, |chunk| {
            hasher.update(chunk);
            Ok(())
        })?;
        Ok(ContentId {
            len: blob.len(),
            sha1: hasher.finalize().into(),
        })
    }
}

impl ContentId {
    /// The SHA-1 as 40 hexadecimal digits.
    pub fn sha1_hex(&self) -> String {
        self.sha1.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl fmt::Display for ContentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes, sha1 {}", self.len, self.sha1_hex())
    }
}

impl fmt::Debug for ContentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_read_past_the_end_is_an_error_and_not_a_panic() {
        let blob = MemoryBlob::new(vec![1, 2, 3]);
        let mut buffer = [0; 2];
        blob.read_into(1, &mut buffer).unwrap();
        assert_eq!(buffer, [2, 3]);
        for offset in [2, 3, u64::MAX] {
            let error = blob.read_into(offset, &mut buffer).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof, "at {offset}");
        }
        assert_eq!(
            read_all(&blob, 2).unwrap_err().kind(),
            io::ErrorKind::FileTooLarge
        );
    }

    #[test]
    fn a_blob_is_identified_as_its_bytes_are() {
        let bytes: Vec<u8> = (0..1_000_000_u32).map(|n| n as u8).collect();
        let blob = MemoryBlob::new(bytes.clone());
        assert_eq!(ContentId::of_blob(&blob).unwrap(), ContentId::of(&bytes));
        assert_eq!(
            ContentId::of(b"").to_string(),
            "0 bytes, sha1 da39a3ee5e6b4b0d3255bfef95601890afd80709"
        );
    }
}
