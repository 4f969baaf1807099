//! The streams of a file, and how their hashes are told apart.
//!
//! A dentry has a hash of its own and may be followed by entries for more
//! streams. One of the unnamed hashes is the data, another the reparse data;
//! which is which follows from the attributes and the order.

use super::dentry::attribute;
use crate::error::{Error, FileOffset};
use crate::field::{align8, bytes_at, u16_at, u64_at};
use crate::hash::Hash;
use crate::utf16::Utf16;

/// Bytes of an entry before the name.
pub(super) const FIXED_LEN: usize = 38;

/// What a stream is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StreamKind {
    /// Data, unnamed or named.
    Data,
    /// What a reparse point holds, without its 8 leading bytes (tag, length).
    Reparse,
    /// An encrypted file as the system exports it.
    Encrypted,
}

/// A stream of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stream<'a> {
    /// What it is.
    pub kind: StreamKind,
    /// Its name; empty for the unnamed ones.
    pub name: Utf16<'a>,
    /// Which content it has; [`Hash::ZERO`] for none.
    pub hash: Hash,
}

impl Stream<'_> {
    /// Whether it is the unnamed data.
    pub fn is_content(&self) -> bool {
        self.kind == StreamKind::Data && self.name.is_empty()
    }
}

/// Checks the `count` stream entries behind a dentry at `dentry`; gives the
/// length up to the end of the last. `start` is the dentry's own length.
pub(super) fn stream_entries(
    bytes: &[u8],
    start: usize,
    count: u16,
    dentry: FileOffset,
) -> Result<u32, Error> {
    let mut at = start;
    for index in 0..count {
        let entry = bytes.get(at..).unwrap_or_default();
        let claimed = u64_at(entry, 0).unwrap_or_default();
        let padded = align8(claimed).filter(|padded| *padded <= entry.len() as u64);
        let name = u16_at(entry, FIXED_LEN - 2).unwrap_or(u16::MAX);
        let needed = FIXED_LEN as u64 + u64::from(name);
        let (Some(padded), true, true) = (padded, name.is_multiple_of(2), needed <= claimed) else {
            return Err(Error::StreamEntry {
                at: FileOffset(dentry.0.saturating_add(at as u64)),
                index,
                claimed,
                name,
                available: entry.len() as u64,
            });
        };
        at += padded as usize;
    }
    // Metadata are far below 4 GiB, so this cannot be cut off.
    Ok(u32::try_from(at).unwrap_or(u32::MAX))
}

/// The streams of a dentry; made by [`Dentry::streams`](super::Dentry::streams).
#[derive(Clone)]
pub struct Streams<'a> {
    attributes: u32,
    main: Option<Hash>,
    /// Entries not yet given.
    extra: &'a [u8],
    /// Number of the next hash: 0 is the main one.
    index: u32,
    reparse: Option<u32>,
    data: Option<u32>,
}

impl<'a> Streams<'a> {
    pub(super) fn new(attributes: u32, main: Hash, extra: &'a [u8]) -> Streams<'a> {
        let mut streams = Streams {
            attributes,
            main: Some(main),
            extra,
            index: 0,
            reparse: None,
            data: None,
        };
        // First those that have content, then an empty one takes the place
        // that is left.
        let mut empty = None;
        let mut entries = streams.clone();
        while let Some((index, name, hash)) = entries.entry() {
            match () {
                () if !name.is_empty() => {}
                // The main hash is zero wherever all streams are entries.
                () if hash.is_zero() => empty = empty.filter(|first| *first > 0).or(Some(index)),
                () => streams.place(index),
            }
        }
        if let Some(index) = empty {
            streams.place(index);
        }
        streams
    }

    fn place(&mut self, index: u32) {
        let is_reparse = self.attributes & attribute::REPARSE_POINT != 0;
        if is_reparse && self.reparse.is_none() {
            self.reparse = Some(index);
        } else if self.data.is_none() {
            self.data = Some(index);
        }
    }

    /// The next hash as stored.
    fn entry(&mut self) -> Option<(u32, Utf16<'a>, Hash)> {
        let index = self.index;
        self.index += 1;
        if let Some(main) = self.main.take() {
            return Some((index, Utf16::default(), main));
        }
        let length = usize::try_from(align8(u64_at(self.extra, 0)?)?).ok()?;
        let hash = Hash(bytes_at(self.extra, 16)?);
        let name = usize::from(u16_at(self.extra, FIXED_LEN - 2)?);
        let name = self.extra.get(FIXED_LEN..FIXED_LEN + name)?;
        self.extra = self.extra.get(length..)?;
        Some((index, Utf16::new(name), hash))
    }
}

impl<'a> Iterator for Streams<'a> {
    type Item = Stream<'a>;

    fn next(&mut self) -> Option<Stream<'a>> {
        loop {
            let (index, name, hash) = self.entry()?;
            let is_directory = self.attributes & attribute::DIRECTORY != 0;
            let encrypted = self.attributes & attribute::ENCRYPTED != 0 && !is_directory;
            let kind = match () {
                () if !name.is_empty() => StreamKind::Data,
                () if self.reparse == Some(index) => StreamKind::Reparse,
                () if self.data != Some(index) || (is_directory && hash.is_zero()) => continue,
                () if encrypted => StreamKind::Encrypted,
                () => StreamKind::Data,
            };
            return Some(Stream { kind, name, hash });
        }
    }
}
