//! The integrity table: a SHA-1 for every 10 MiB from the end of the header to
//! the end of the blob table.
//!
//! It covers all those bytes, also such as nothing names any more.

use rayon::prelude::*;

use crate::error::{Error, FileOffset};
use crate::field::{bytes_at, u32_at};
use crate::hash::{Hash, Hasher};
use crate::header::HEADER_LEN;
use crate::storage::ReadAt;

/// Bytes that one hash covers, as all known writers have it.
pub(crate) const CHUNK: u32 = 10 << 20;

/// Largest table read, in bytes: with 10 MiB chunks, for a file of 16 TiB.
pub(crate) const MAX_TABLE_LEN: u64 = 32 << 20;

/// Bytes before the hashes.
const FIXED: usize = 12;

/// Pieces in which a file is read to be hashed: small, so that as many as
/// there are processors stay in their caches.
const PIECE: usize = 256 * 1024;

/// The table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IntegrityTable {
    /// Bytes that each hash covers; the last covers what is left.
    pub chunk_size: u32,
    /// A hash for each chunk.
    pub hashes: Vec<Hash>,
}

impl IntegrityTable {
    /// Reads a table that lies at `at`.
    ///
    /// # Errors
    /// [`Error::IntegrityTable`].
    pub fn parse(bytes: &[u8], at: FileOffset) -> Result<IntegrityTable, Error> {
        let claims = (|| Some((u32_at(bytes, 0)?, u32_at(bytes, 4)?, u32_at(bytes, 8)?)))();
        let (size, count, chunk_size) = claims.unwrap_or_default();
        let length = bytes.len() as u64;
        let expected = FIXED as u64 + u64::from(count) * 20;
        if u64::from(size) != length || expected != length || chunk_size == 0 {
            return Err(Error::IntegrityTable {
                at,
                length,
                size,
                count,
                chunk_size,
            });
        }
        let hashes = bytes.get(FIXED..).unwrap_or_default().chunks_exact(20);
        let hashes = hashes.filter_map(|hash| bytes_at(hash, 0).map(Hash));
        Ok(IntegrityTable {
            chunk_size,
            hashes: hashes.collect(),
        })
    }

    /// The stored form.
    pub fn to_bytes(&self) -> Vec<u8> {
        let size = FIXED + self.hashes.len() * 20;
        let mut bytes = Vec::with_capacity(size);
        for field in [size as u32, self.hashes.len() as u32, self.chunk_size] {
            bytes.extend_from_slice(&field.to_le_bytes());
        }
        for hash in &self.hashes {
            bytes.extend_from_slice(&hash.0);
        }
        bytes
    }

    /// The table for a file whose blob table ends at `end`. Chunks of `old`
    /// that `unchanged` vouches for (by the range of file offsets) are not
    /// read again.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::TooLong`].
    pub fn build(
        file: &dyn ReadAt,
        end: u64,
        old: Option<&IntegrityTable>,
        unchanged: &(dyn Fn(u64, u64) -> bool + Sync),
    ) -> Result<IntegrityTable, Error> {
        let chunks: Vec<_> = chunks(end, CHUNK).collect();
        if chunks.len() as u64 * 20 + FIXED as u64 > MAX_TABLE_LEN {
            return Err(Error::TooLong {
                what: "integrity table",
                length: chunks.len() as u64 * 20,
                limit: MAX_TABLE_LEN,
            });
        }
        let old = old.filter(|old| old.chunk_size == CHUNK);
        let hashes = chunks
            .par_iter()
            .enumerate()
            .map(|(index, &(start, stop))| {
                let known = old.and_then(|old| old.hashes.get(index));
                match known {
                    Some(hash) if unchanged(start, stop) => Ok(*hash),
                    _ => hash_range(file, start, stop),
                }
            });
        Ok(IntegrityTable {
            chunk_size: CHUNK,
            hashes: hashes.collect::<Result<_, _>>()?,
        })
    }

    /// Compares a file whose blob table ends at `end`; gives the ranges that
    /// differ from the table.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::IntegrityCount`].
    pub fn verify(
        &self,
        file: &dyn ReadAt,
        end: u64,
    ) -> Result<Vec<(FileOffset, FileOffset)>, Error> {
        let expected = chunks(end, self.chunk_size).count();
        if expected != self.hashes.len() {
            return Err(Error::IntegrityCount {
                expected,
                found: self.hashes.len(),
            });
        }
        let chunks: Vec<_> = chunks(end, self.chunk_size).zip(&self.hashes).collect();
        let compared = chunks.par_iter().map(|((start, stop), stored)| {
            let found = hash_range(file, *start, *stop)?;
            Ok((found != **stored).then_some((FileOffset(*start), FileOffset(*stop))))
        });
        let compared: Result<Vec<_>, Error> = compared.collect();
        Ok(compared?.into_iter().flatten().collect())
    }
}

/// Ranges of the file that have a hash each.
fn chunks(end: u64, chunk_size: u32) -> impl Iterator<Item = (u64, u64)> {
    let step = u64::from(chunk_size.max(1));
    let start = HEADER_LEN as u64;
    let count = end.saturating_sub(start).div_ceil(step);
    (0..count).map(move |index| {
        let from = start + index * step;
        (from, end.min(from + step))
    })
}

fn hash_range(file: &dyn ReadAt, start: u64, stop: u64) -> Result<Hash, Error> {
    let mut hasher = Hasher::default();
    let mut buffer = vec![0; PIECE];
    let mut at = start;
    while at < stop {
        let length = (stop - at).min(PIECE as u64) as usize;
        let part = buffer.get_mut(..length).unwrap_or_default();
        file.read_exact_at(part, at)
            .map_err(|source| Error::io("integrity-checked bytes", FileOffset(at), source))?;
        hasher.update(part);
        at += length as u64;
    }
    Ok(hasher.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_byte_is_found_in_its_chunk() {
        let end = 208 + 2 * u64::from(CHUNK) + 5;
        let mut file = vec![7_u8; end as usize + 100];
        let table = IntegrityTable::build(&file, end, None, &|_, _| false).unwrap();
        assert_eq!(table.hashes.len(), 3);
        let stored = table.to_bytes();
        let table = IntegrityTable::parse(&stored, FileOffset(end)).unwrap();
        assert_eq!(table.verify(&file, end).unwrap(), []);
        file[0] = 1;
        file[end as usize] = 1;
        assert_eq!(table.verify(&file, end).unwrap(), [], "outside");
        file[end as usize - 1] = 1;
        let last = FileOffset(208 + 2 * u64::from(CHUNK));
        assert_eq!(table.verify(&file, end).unwrap(), [(last, FileOffset(end))]);
        assert!(matches!(
            table.verify(&file, end - 5),
            Err(Error::IntegrityCount {
                expected: 2,
                found: 3
            })
        ));
        let again = IntegrityTable::build(&file, end, Some(&table), &|start, _| start < last.0);
        assert_eq!(again.unwrap().verify(&file, end).unwrap(), []);
    }

    #[test]
    fn claims_must_agree() {
        let good = IntegrityTable {
            chunk_size: CHUNK,
            hashes: vec![Hash::of(b"x")],
        }
        .to_bytes();
        for (at, value) in [(0, 31), (4, 2), (4, 0), (8, 0)] {
            let mut bytes = good.clone();
            bytes[at..at + 4].copy_from_slice(&u32::to_le_bytes(value));
            let found = IntegrityTable::parse(&bytes, FileOffset(0));
            assert!(found.is_err(), "{value} at {at}");
        }
        assert!(IntegrityTable::parse(&good[..11], FileOffset(0)).is_err());
    }
}
