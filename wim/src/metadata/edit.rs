//! Metadata edited like a heap: what an edit does not need stays where it is,
//! so that most chunks of the compressed resource can be used again.
//!
//! A list that grows takes the gap behind it. Where there is none it moves to
//! another gap or to the end, with room to grow; long ones at the same place
//! within a chunk, so that whole chunks come out as they were. When security
//! data grow, the root entry moves up behind them, and only the lists in the
//! way move.
//!
//! Gaps hold zeros, or whatever was there where nothing else changed; wimlib reads such resources without a word.
//! [`Metadata::in_tree_order`] makes one without gaps.

mod clear;
mod front;
mod rename;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;

use super::dentry::{Dentry, DentryId, Found, SUBDIR_AT, attribute};
use super::entry::EntryFields;
use super::gaps::{Gaps, List, layout};
use super::{MAX_METADATA_LEN, Metadata, security};
use crate::error::Error;

/// Unit in which changes are remembered, in bytes; chunks are multiples of it.
const PAGE: u32 = 4096;

/// Unit in which long lists keep their place, in bytes: the chunk size of
/// nearly all files, and a divisor of the larger ones.
const CHUNK: u32 = 32_768;

/// How edited metadata differ from what they were.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MetadataChanges {
    /// Ranges that differ, in order.
    pub dirty: Vec<Range<u64>>,
    /// Long lists that moved: where they are now, and where they started.
    pub moved: Vec<(Range<u64>, u64)>,
}

/// Metadata that are being edited.
///
/// Every edit may move entries: look entries up again, from the root on,
/// after each.
pub struct MetadataEditor {
    metadata: Metadata,
    lists: BTreeMap<u32, List>,
    gaps: Gaps,
    dirty: BTreeSet<u32>,
    moved: Vec<(Range<u64>, u64)>,
    /// Numbers of known descriptors; filled when the first is asked for.
    descriptors: HashMap<Vec<u8>, u32>,
}

impl MetadataEditor {
    /// Begins to edit.
    pub fn new(metadata: Metadata) -> MetadataEditor {
        let layout = layout(&metadata);
        let mut editor = MetadataEditor {
            metadata,
            lists: layout.lists,
            gaps: layout.gaps,
            dirty: BTreeSet::new(),
            moved: Vec::new(),
            descriptors: HashMap::new(),
        };
        // What they point into may change.
        for directory in layout.borrowers {
            editor.set_subdir(directory, 0);
        }
        editor
    }

    /// The metadata as they are now, to look entries up.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// Bytes that belong to nothing.
    pub fn gap_bytes(&self) -> u64 {
        self.gaps.total()
    }

    /// Adds entries at the end of a directory's list. Directories among them
    /// are empty.
    ///
    /// # Errors
    /// [`Error::NoSuchEntry`] when there is no directory there,
    /// [`Error::TooLong`].
    pub fn insert(
        &mut self,
        directory: DentryId,
        entries: &[EntryFields<'_>],
    ) -> Result<(), Error> {
        let mut list = self.list_bytes(directory)?;
        for entry in entries {
            entry.write(0, &mut list)?;
        }
        self.put_list(directory.0, &list, 0)?;
        self.metadata.dentries += entries.len() as u64;
        Ok(())
    }

    /// Removes an entry of a directory, with all that is in it.
    ///
    /// # Errors
    /// [`Error::NoSuchEntry`].
    pub fn remove(&mut self, directory: DentryId, entry: DentryId) -> Result<(), Error> {
        let range = self.range_of(directory, entry)?;
        let mut list = self.list_bytes(directory)?;
        self.free_below(entry);
        self.metadata.dentries -= 1;
        list.drain(range);
        self.put_list(directory.0, &list, 0)
    }

    /// Frees the lists of all that is in a directory.
    fn free_below(&mut self, directory: DentryId) {
        let mut open = vec![directory];
        while let Some(dentry) = open.pop().and_then(|id| self.metadata.dentry(id)) {
            let below = self.metadata.children(&dentry).map(|child| child.id());
            let count = open.len();
            open.extend(below);
            let count = (open.len() - count) as u64;
            let start = u32::try_from(dentry.subdir()).unwrap_or_default();
            if dentry.is_directory()
                && let Some(list) = self.lists.remove(&start)
            {
                self.gaps.free(start, list.end);
            }
            self.metadata.dentries -= count;
        }
    }

    /// Puts other fields in the place of an entry's. A directory that stays
    /// one keeps what is in it.
    ///
    /// # Errors
    /// [`Error::NoSuchEntry`], [`Error::TooLong`].
    pub fn replace(
        &mut self,
        directory: DentryId,
        entry: DentryId,
        fields: &EntryFields<'_>,
    ) -> Result<(), Error> {
        let range = self.range_of(directory, entry)?;
        let old = self.dentry(entry)?;
        let length = old.raw().len();
        let stays = old.is_directory() && fields.attributes & attribute::DIRECTORY != 0;
        let mut new = Vec::new();
        fields.write(if stays { old.subdir() } else { 0 }, &mut new)?;
        if !stays {
            self.free_below(entry);
        }
        if new.len() == length {
            self.write(entry.0, &new);
            return Ok(());
        }
        let mut list = self.list_bytes(directory)?;
        list.splice(range, new);
        self.put_list(directory.0, &list, 0)
    }

    /// Puts other fields in the place of the root's.
    ///
    /// # Errors
    /// [`Error::NoSuchEntry`] when there is no root, [`Error::TooLong`].
    pub fn replace_root(&mut self, fields: &EntryFields<'_>) -> Result<(), Error> {
        let none = Error::NoSuchEntry {
            at: crate::FileOffset(0),
        };
        let root = self.metadata.root().ok_or(none)?;
        let mut new = Vec::new();
        EntryFields {
            name: &[],
            ..*fields
        }
        .write(root.subdir(), &mut new)?;
        let security = self
            .metadata
            .bytes()
            .get(..self.metadata.security.end as usize);
        let security = security.unwrap_or_default().to_vec();
        self.put_front(&security, &new)
    }

    /// The number of a security descriptor, which is added where it is new.
    ///
    /// # Errors
    /// [`Error::TooLong`].
    pub fn security(&mut self, descriptor: &[u8]) -> Result<u32, Error> {
        if self.descriptors.is_empty() {
            for id in (0..self.metadata.security_count()).rev() {
                let known = self.metadata.security(id).unwrap_or_default().to_vec();
                self.descriptors.insert(known, id);
            }
        }
        if let Some(id) = self.descriptors.get(descriptor) {
            return Ok(*id);
        }
        let id = self.metadata.security_count();
        let known = (0..id).map(|id| self.metadata.security(id).unwrap_or_default().to_vec());
        let mut all: Vec<_> = known.collect();
        all.push(descriptor.to_vec());
        let table = security::to_bytes(&all)?;
        let root = self.metadata.root().map(|root| root.raw().to_vec());
        self.put_front(&table, &root.unwrap_or_default())?;
        self.descriptors.insert(descriptor.to_vec(), id);
        Ok(id)
    }

    /// The edited metadata, checked, and what changed.
    ///
    /// # Errors
    /// [`Error::DentryName`] when a name that was given cannot be one.
    pub fn finish(mut self) -> Result<(Metadata, MetadataChanges), Error> {
        self.clear_gaps();
        let mut dirty: Vec<Range<u64>> = Vec::new();
        for page in self.dirty {
            let start = u64::from(page) * u64::from(PAGE);
            match dirty.last_mut() {
                Some(last) if last.end == start => last.end += u64::from(PAGE),
                _ => dirty.push(start..start + u64::from(PAGE)),
            }
        }
        let changes = MetadataChanges {
            dirty,
            moved: self.moved,
        };
        Ok((Metadata::parse(self.metadata.into_bytes())?, changes))
    }

    fn dentry(&self, id: DentryId) -> Result<Dentry<'_>, Error> {
        let none = Error::NoSuchEntry {
            at: crate::FileOffset(id.offset()),
        };
        self.metadata.dentry(id).ok_or(none)
    }

    /// The entries of a directory as they are stored, without the zero.
    fn list_bytes(&self, directory: DentryId) -> Result<Vec<u8>, Error> {
        let dentry = self.dentry(directory)?;
        if !dentry.is_directory() {
            return Err(Error::NoSuchEntry {
                at: crate::FileOffset(directory.offset()),
            });
        }
        let start = u32::try_from(dentry.subdir()).unwrap_or_default();
        let list = self.lists.get(&start).map(|list| {
            let bytes = self
                .metadata
                .bytes()
                .get(start as usize..list.end as usize - 8);
            bytes.unwrap_or_default().to_vec()
        });
        Ok(list.unwrap_or_default())
    }

    /// Where an entry lies in its directory's list.
    fn range_of(&self, directory: DentryId, entry: DentryId) -> Result<Range<usize>, Error> {
        let parent = self.dentry(directory)?;
        let start = parent.subdir() as usize;
        let mut children = self.metadata.children(&parent);
        let found = children.find(|child| child.id() == entry);
        let found = found.ok_or(Error::NoSuchEntry {
            at: crate::FileOffset(entry.offset()),
        })?;
        let at = entry.0 as usize - start;
        Ok(at..at + found.raw().len())
    }

    /// Puts a list of entries in the place of a directory's, at `from` or
    /// behind; moves it where it has to.
    fn put_list(&mut self, directory: u32, list: &[u8], from: u32) -> Result<(), Error> {
        let old = self.dentry(DentryId(directory))?.subdir();
        let old = u32::try_from(old).unwrap_or_default();
        let known = self.lists.remove(&old);
        if let Some(list) = known {
            self.gaps.free(old, list.end);
        }
        if list.is_empty() {
            self.set_subdir(directory, 0);
            return Ok(());
        }
        let needed = self.checked_len(list.len() as u64 + 8)?;
        let stays = known.is_some() && old >= from;
        let at = match stays && self.room_behind(old) >= needed {
            true => old,
            false => self.place(needed, from, known.map(|_| old))?,
        };
        let end = at + needed;
        if self.metadata.bytes.len() < end as usize {
            self.metadata.bytes.resize(end as usize, 0);
        }
        self.gaps.take(at, end);
        self.write(at, list);
        self.write(end - 8, &[0; 8]);
        self.lists.insert(
            at,
            List {
                end,
                parent: directory,
            },
        );
        self.set_subdir(directory, u64::from(at));
        if at != old && known.is_some() && needed > CHUNK {
            self.note_move(old, at, needed);
        }
        self.rename_parents(at);
        Ok(())
    }

    fn checked_len(&self, length: u64) -> Result<u32, Error> {
        u32::try_from(length)
            .ok()
            .filter(|length| u64::from(*length) <= MAX_METADATA_LEN)
            .ok_or(Error::TooLong {
                what: "list of entries",
                length,
                limit: MAX_METADATA_LEN,
            })
    }

    /// Bytes free from `at` on: a gap, and everything behind the end.
    fn room_behind(&self, at: u32) -> u32 {
        let gap = self.gaps.room_at(at);
        match (at + gap) as usize >= self.metadata.bytes.len() {
            true => MAX_METADATA_LEN as u32 - at,
            false => gap,
        }
    }

    /// A place for a list that cannot stay: the best gap, else the end.
    fn place(&mut self, length: u32, from: u32, old: Option<u32>) -> Result<u32, Error> {
        let gap = match old {
            Some(old) if length > CHUNK => self.gaps.best_like(length, from, old, CHUNK),
            _ => self.gaps.best(length, from),
        };
        if let Some(gap) = gap {
            return Ok(gap);
        }
        // It grew once and may again: some room stays free behind it.
        let room = (length / 8).clamp(256, 16_384).next_multiple_of(8);
        let end = self.metadata.bytes.len() as u32;
        let mut at = end.next_multiple_of(8).max(from);
        if length > CHUNK
            && let Some(old) = old
        {
            let distance = (old % CHUNK + CHUNK - at % CHUNK) % CHUNK;
            at += distance;
        }
        let stop = u64::from(at) + u64::from(length) + u64::from(room);
        if stop > MAX_METADATA_LEN {
            return Err(Error::TooLong {
                what: "metadata resource",
                length: stop,
                limit: MAX_METADATA_LEN,
            });
        }
        self.metadata.bytes.resize(stop as usize, 0);
        self.gaps.free(end, stop as u32);
        Ok(at)
    }

    /// Remembers where a long list came from.
    fn note_move(&mut self, old: u32, new: u32, length: u32) {
        let range = u64::from(new)..u64::from(new) + u64::from(length);
        let known = self.moved.iter_mut();
        match known
            .into_iter()
            .find(|(now, _)| now.start == u64::from(old))
        {
            Some((now, _)) => *now = range,
            None => self.moved.push((range, u64::from(old))),
        }
    }

    /// Tells the lists below a list that their directories moved.
    fn rename_parents(&mut self, list: u32) {
        let mut at = list;
        while let Ok(Found::Dentry(dentry)) = Dentry::read(&self.metadata.bytes, at) {
            let subdir = u32::try_from(dentry.subdir()).unwrap_or_default();
            if dentry.is_directory()
                && let Some(below) = self.lists.get_mut(&subdir)
            {
                below.parent = at;
            }
            at = dentry.next();
        }
    }

    fn set_subdir(&mut self, dentry: u32, list: u64) {
        self.write(dentry + SUBDIR_AT as u32, &list.to_le_bytes());
    }

    /// Writes bytes that lie in the resource, and remembers pages that change.
    fn write(&mut self, at: u32, bytes: &[u8]) {
        let mut at = at;
        let mut rest = bytes;
        while !rest.is_empty() {
            let length = ((PAGE - at % PAGE) as usize).min(rest.len());
            let (piece, behind) = rest.split_at(length);
            let place = self
                .metadata
                .bytes
                .get_mut(at as usize..at as usize + length);
            if let Some(place) = place
                && *place != *piece
            {
                place.copy_from_slice(piece);
                self.dirty.insert(at / PAGE);
            }
            (at, rest) = (at + length as u32, behind);
        }
    }
}
