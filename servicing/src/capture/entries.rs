//! Everything that is captured, listed and not yet read: some 150 bytes for
//! each entry, whatever the files hold.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;

use wimwright_wim::FileTime;
use wimwright_wim::metadata::DentryId;

use super::host::Identity;
use super::link::LinkPoint;
use super::ntfs::StreamAccess;
use crate::path::ImagePath;
use crate::tree::Kind;
use crate::tree::directory::shown;

/// Number of an entry; the root's is 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct EntryId(pub(super) u32);

impl EntryId {
    pub(super) const ROOT: EntryId = EntryId(0);

    fn index(self) -> usize {
        self.0 as usize
    }
}

/// A file, directory or link.
pub(super) struct Entry {
    name: (usize, u32),
    pub(super) parent: EntryId,
    pub(super) kind: Kind,
    /// Its content is not compressed.
    pub(super) stored: bool,
    /// Which file of the host it is; `None` for what only the sidecar has.
    pub(super) identity: Option<Identity>,
    /// The first entry that is the same file; mostly itself.
    pub(super) leader: EntryId,
    pub(super) attributes: u32,
    pub(super) created: FileTime,
    pub(super) accessed: FileTime,
    pub(super) written: FileTime,
    /// What the sidecar has under its name.
    pub(super) origin: Option<DentryId>,
    /// What the host knows of it beyond a file of Unix.
    pub(super) extra: Option<Box<Extra>>,
}

/// What a link, or a file of an NTFS volume, has beside its content.
#[derive(Debug, Default)]
pub(super) struct Extra {
    /// Number of its descriptor in [`Entries::descriptors`].
    pub(super) security: Option<u32>,
    pub(super) short_name: Vec<u16>,
    pub(super) tagged: Vec<u8>,
    pub(super) reparse: Option<LinkPoint>,
    pub(super) streams: Vec<NamedStream>,
}

/// A named stream of a file on the host.
#[derive(Debug)]
pub(super) struct NamedStream {
    pub(super) name: Vec<u16>,
    /// Length in bytes.
    pub(super) size: u64,
    pub(super) access: StreamAccess,
}

/// The entries of a directory, in NT's order.
#[derive(Clone, Copy, Debug)]
pub(super) struct Listing {
    pub(super) directory: EntryId,
    first: u32,
    count: u32,
}

impl Listing {
    pub(super) fn entries(self) -> impl Iterator<Item = EntryId> + Clone {
        (self.first..self.first + self.count).map(EntryId)
    }
}

/// All entries, in tree order: those of the root, then those of its first
/// directory, and so on.
#[derive(Default)]
pub(super) struct Entries {
    /// All names, as the host spells them.
    names: Vec<u8>,
    entries: Vec<Entry>,
    /// In tree order.
    pub(super) listings: Vec<Listing>,
    /// Security descriptors, each once.
    pub(super) descriptors: Vec<Vec<u8>>,
}

/// An entry that is about to be listed.
pub(super) struct NewEntry<'n> {
    pub(super) name: &'n OsStr,
    pub(super) parent: EntryId,
    pub(super) kind: Kind,
    pub(super) identity: Option<Identity>,
    pub(super) created: FileTime,
    pub(super) accessed: FileTime,
    pub(super) written: FileTime,
}

impl Entries {
    /// Adds an entry; gives its number. 4 billion of them do not fit into the
    /// memory of their names alone.
    pub(super) fn push(&mut self, new: &NewEntry<'_>) -> EntryId {
        let id = EntryId(u32::try_from(self.entries.len()).unwrap_or(u32::MAX));
        let bytes = new.name.as_bytes();
        self.entries.push(Entry {
            name: (self.names.len(), bytes.len() as u32),
            parent: new.parent,
            kind: new.kind,
            stored: false,
            identity: new.identity,
            leader: id,
            attributes: 0,
            created: new.created,
            accessed: new.accessed,
            written: new.written,
            origin: None,
            extra: None,
        });
        self.names.extend_from_slice(bytes);
        id
    }

    /// Takes the last entry back.
    pub(super) fn pop(&mut self) {
        if let Some(entry) = self.entries.pop() {
            self.names.truncate(entry.name.0);
        }
    }

    /// Notes that the entries from `first` on are those of `directory`.
    pub(super) fn end_listing(&mut self, directory: EntryId, first: u32) {
        let count = self.count().saturating_sub(first);
        self.listings.push(Listing {
            directory,
            first,
            count,
        });
    }

    pub(super) fn count(&self) -> u32 {
        u32::try_from(self.entries.len()).unwrap_or(u32::MAX)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (EntryId, &Entry)> {
        (0..).map(EntryId).zip(&self.entries)
    }

    pub(super) fn get(&self, id: EntryId) -> Option<&Entry> {
        self.entries.get(id.index())
    }

    pub(super) fn get_mut(&mut self, id: EntryId) -> Option<&mut Entry> {
        self.entries.get_mut(id.index())
    }

    /// Its name as the host spells it; empty for the root.
    pub(super) fn name(&self, id: EntryId) -> &OsStr {
        let bytes = self.get(id).and_then(|entry| {
            let (at, length) = entry.name;
            self.names.get(at..at + length as usize)
        });
        OsStr::from_bytes(bytes.unwrap_or_default())
    }

    /// Its path below the captured directory; empty for the root.
    pub(super) fn host_path(&self, id: EntryId) -> PathBuf {
        let mut names = Vec::new();
        let mut at = id;
        while at != EntryId::ROOT {
            names.push(self.name(at));
            at = self.get(at).map_or(EntryId::ROOT, |entry| entry.parent);
        }
        names.iter().rev().collect()
    }

    /// Its path in the image, for people to read.
    pub(super) fn image_path(&self, id: EntryId) -> ImagePath {
        shown(&self.host_path(id))
    }
}
