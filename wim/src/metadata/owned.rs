//! An entry taken out of its metadata, to be changed and put back.

use super::dentry::Dentry;
use super::entry::{EntryFields, StreamFields};
use super::stream::StreamKind;
use crate::hash::Hash;

/// What an entry says, with everything it was found with.
#[derive(Clone, Debug, Default)]
pub struct OwnedEntry {
    /// Its name.
    pub name: Vec<u16>,
    /// Its short (8.3) name.
    pub short_name: Vec<u16>,
    /// All its streams: kind, name, content.
    pub streams: Vec<(StreamKind, Vec<u16>, Hash)>,
    /// Its tagged items in their stored form.
    pub tagged: Vec<u8>,
    /// The rest; what it borrows is in the fields above.
    rest: EntryFields<'static>,
}

impl OwnedEntry {
    /// A copy of all that `dentry` says.
    pub fn of(dentry: &Dentry<'_>) -> OwnedEntry {
        let streams = dentry.streams();
        OwnedEntry {
            name: dentry.name().units().collect(),
            short_name: dentry.short_name().units().collect(),
            streams: streams
                .map(|stream| (stream.kind, stream.name.units().collect(), stream.hash))
                .collect(),
            tagged: dentry.tagged_bytes().to_vec(),
            rest: EntryFields {
                attributes: dentry.attributes(),
                security_id: dentry.security_id(),
                created: dentry.created(),
                accessed: dentry.accessed(),
                written: dentry.written(),
                link_group: dentry.link_group(),
                reparse: dentry.reparse(),
                unknown: dentry.unknown(),
                unused: dentry.unused(),
                ..EntryFields::default()
            },
        }
    }

    /// The fields that borrow nothing, to be changed.
    pub fn plain(&mut self) -> &mut EntryFields<'static> {
        &mut self.rest
    }

    /// Gives the unnamed data other content.
    pub fn set_content(&mut self, hash: Hash) {
        let mut unnamed = self.streams.iter_mut();
        let unnamed = unnamed.find(|(kind, name, _)| *kind == StreamKind::Data && name.is_empty());
        match unnamed {
            Some((_, _, content)) => *content = hash,
            None => self.streams.insert(0, (StreamKind::Data, Vec::new(), hash)),
        }
    }

    /// Its streams as [`fields`](Self::fields) takes them.
    pub fn stream_fields(&self) -> Vec<StreamFields<'_>> {
        let streams = self.streams.iter();
        let streams = streams.map(|(kind, name, hash)| StreamFields {
            kind: *kind,
            name,
            hash: *hash,
        });
        streams.collect()
    }

    /// The entry as it is to be stored, with these streams.
    pub fn fields<'f>(&'f self, streams: &'f [StreamFields<'f>]) -> EntryFields<'f> {
        EntryFields {
            name: &self.name,
            short_name: &self.short_name,
            streams,
            tagged: &self.tagged,
            ..self.rest
        }
    }

    /// Calls `take` with the entry as it is to be stored.
    pub fn with_fields<T>(&self, take: impl FnOnce(&EntryFields<'_>) -> T) -> T {
        take(&self.fields(&self.stream_fields()))
    }
}
