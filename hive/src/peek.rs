//! [`Peek`]: a few look-ups without reading the whole hive.
//!
//! A hive inside an image may be compressed in chunks; an answer that needs
//! ten keys should cost ten chunks, not all of them. So bytes are fetched in
//! pages of 32 KiB, kept for the next look-up, and the pages that a log holds
//! are laid over them. The tree's own answers are those of
//! [`Hive`](crate::Hive): the same code walks lists and records.
//!
//! Nothing is checked but what an answer touches, so unlike there any call may
//! meet a damaged record. Loops end: a key's subkeys are counted against what
//! fits into the hive.

mod key;
mod pages;

use std::fmt;
use std::io;
use std::sync::Arc;

use crate::base_block::{BaseBlock, Layout, MinorVersion};
use crate::bin;
use crate::cell::{CellSource, allocated_len};
use crate::error::Error;
use crate::key::KeyId;
use crate::log::{Recovery, Replay};
use crate::offset::{BASE_BLOCK_LEN, CELL_ALIGNMENT, CellOffset, FileOffset};

pub use key::{PeekKey, PeekValue};
use pages::Pages;

/// Bytes that can be read at any offset.
pub trait ReadAt {
    /// How many bytes there are.
    fn len(&self) -> u64;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Fills `buf` with the bytes from `offset` on.
    ///
    /// # Errors
    /// When they cannot be read, or the end comes before `buf` is full.
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()>;
}

impl ReadAt for [u8] {
    fn len(&self) -> u64 {
        <[u8]>::len(self) as u64
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        let start = usize::try_from(offset).map_err(|_| io::ErrorKind::UnexpectedEof)?;
        let bytes = self.get(start..).and_then(|rest| rest.get(..buf.len()));
        buf.copy_from_slice(bytes.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }
}

impl ReadAt for Vec<u8> {
    fn len(&self) -> u64 {
        ReadAt::len(self.as_slice())
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        self.as_slice().read_at(offset, buf)
    }
}

impl<T: ReadAt + ?Sized> ReadAt for &T {
    fn len(&self) -> u64 {
        (**self).len()
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        (**self).read_at(offset, buf)
    }
}

impl<T: ReadAt + ?Sized> ReadAt for Arc<T> {
    fn len(&self) -> u64 {
        (**self).len()
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        (**self).read_at(offset, buf)
    }
}

/// A hive that is read page by page, for look-ups only.
pub struct Peek<R> {
    pages: Pages<R>,
    layout: Layout,
}

impl<R: ReadAt> Peek<R> {
    /// Opens a clean hive; reads its first page.
    ///
    /// # Errors
    /// [`Error::Dirty`] and [`Error::Checksum`] when its logs are needed; what
    /// else is wrong with the base block; [`Error::Io`].
    pub fn open(reader: R) -> Result<Self, Error> {
        let (head, length) = read_head(&reader)?;
        let base_block = BaseBlock::of_hive(&head, length)?;
        base_block.require_clean()?;
        let layout = base_block.layout(length)?;
        Ok(Peek {
            pages: Pages::new(reader),
            layout,
        })
    }

    /// Opens a hive, with what its logs hold laid over it if it is dirty. As
    /// [`Hive::open_with_logs`](crate::Hive::open_with_logs).
    ///
    /// # Errors
    /// [`Error::NoUsableLog`]; else as [`Peek::open`].
    pub fn open_with_logs(reader: R, logs: &[Vec<u8>]) -> Result<(Self, Option<Recovery>), Error> {
        let (head, length) = read_head(&reader)?;
        let base_block = BaseBlock::of_hive(&head, length)?;
        if base_block.require_clean().is_ok() {
            return Ok((Self::open(reader)?, None));
        }
        let bins = head.get(BASE_BLOCK_LEN..).unwrap_or_default();
        let replay = Replay::plan(&base_block, bin::first_bin_time(bins), length, logs)?;
        let mut pages = Pages::new(reader);
        for &(at, bytes) in &replay.pages {
            pages.lay_over(at.in_file(), bytes);
        }
        // The log's base block where the hive's own is lost; it is a log's, so
        // its file type says so.
        let claimed = match replay.base_block {
            Some(block) => BaseBlock::parse(block).map(|block| block.claimed_layout()),
            None => Some(base_block.claimed_layout()),
        };
        let layout = claimed.unwrap_or(Err(Error::BaseBlockCut { length }))?;
        let layout = Layout {
            bins_size: replay.bins_size,
            ..layout
        };
        Ok((Peek { pages, layout }, Some(replay.recovery)))
    }

    /// The format version.
    pub fn minor_version(&self) -> MinorVersion {
        self.layout.minor
    }

    /// The root key.
    ///
    /// # Errors
    /// When it cannot be read, or its record is damaged.
    pub fn root(&self) -> Result<PeekKey<'_, R>, Error> {
        PeekKey::read(self, self.layout.root)
    }

    /// The key at a `\`-separated path below the root; an empty path is the
    /// root.
    ///
    /// # Errors
    /// As [`Peek::root`].
    pub fn key(&self, path: &str) -> Result<Option<PeekKey<'_, R>>, Error> {
        self.root()?.path(path)
    }

    /// The key that a handle names.
    ///
    /// # Errors
    /// [`Error::NoSuchKey`], [`Error::Io`].
    pub fn key_by_id(&self, id: KeyId) -> Result<PeekKey<'_, R>, Error> {
        PeekKey::read(self, id.offset()).map_err(|error| match error {
            Error::Io { .. } => error,
            _ => Error::NoSuchKey {
                at: id.offset().in_file(),
            },
        })
    }

    /// How many pages of 32 KiB have been fetched so far.
    pub fn pages_read(&self) -> usize {
        self.pages.fetched()
    }
}

impl<R> fmt::Debug for Peek<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Peek")
            .field("layout", &self.layout)
            .finish_non_exhaustive()
    }
}

/// The base block with the header of the first bin, and the length of all.
fn read_head<R: ReadAt>(reader: &R) -> Result<(Vec<u8>, u64), Error> {
    let length = reader.len();
    let wanted = BASE_BLOCK_LEN + bin::BIN_HEADER_LEN as usize;
    let mut head = vec![0; usize::try_from(length).unwrap_or(usize::MAX).min(wanted)];
    reader
        .read_at(0, &mut head)
        .map_err(Error::io("reading the base block"))?;
    Ok((head, length))
}

impl<R: ReadAt> CellSource for &Peek<R> {
    type Cell = Vec<u8>;

    fn cell(self, at: CellOffset) -> Result<Vec<u8>, Error> {
        let bins_size = self.layout.bins_size;
        let outside = Error::CellOutside {
            at: at.in_file(),
            end: CellOffset(bins_size).in_file(),
        };
        let available = bins_size.saturating_sub(at.0) as usize;
        if available < 4 || !at.0.is_multiple_of(CELL_ALIGNMENT) {
            return Err(outside);
        }
        let mut size = [0; 4];
        self.pages.read(at.in_file(), &mut size)?;
        let length = allocated_len(i32::from_le_bytes(size))
            .ok_or(Error::CellNotAllocated { at: at.in_file() })?;
        // So the allocation is never larger than the hive.
        if length > available - 4 {
            return Err(outside);
        }
        let mut cell = vec![0; length];
        self.pages.read(FileOffset(at.in_file().0 + 4), &mut cell)?;
        Ok(cell)
    }

    fn bins_size(self) -> u32 {
        self.layout.bins_size
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_read_to_their_end_and_not_beyond() {
        let bytes = vec![1, 2, 3];
        let mut buf = [0; 2];
        bytes.read_at(1, &mut buf).unwrap();
        assert_eq!(buf, [2, 3]);
        for offset in [2, 3, u64::MAX] {
            let error = Arc::new(bytes.clone())
                .read_at(offset, &mut buf)
                .unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof, "{offset}");
        }
    }

    #[test]
    fn a_reader_that_fails_is_an_error_with_its_cause() {
        struct Broken;
        impl ReadAt for Broken {
            fn len(&self) -> u64 {
                1 << 20
            }
            fn read_at(&self, _: u64, _: &mut [u8]) -> io::Result<()> {
                Err(io::Error::other("the disk is gone"))
            }
        }
        let error = Peek::open(Broken).map(drop).unwrap_err();
        let cause = std::error::Error::source(&error).unwrap();
        assert_eq!(cause.to_string(), "the disk is gone");
    }
}
