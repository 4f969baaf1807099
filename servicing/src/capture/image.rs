//! The metadata of an image from a listed tree and the hashes of its contents.
//!
//! Of an entry that was applied and not written to since, everything is taken
//! from the sidecar. One that was written to keeps what Windows keeps when a
//! program saves a file: security, attributes, short name, named streams, and
//! when it was created. One that is new inherits the security of its directory.

use std::collections::HashMap;

use wimwright_wim::metadata::{
    Dentry, DirectoryId, EntryFields, MetadataBuilder, Reparse, StreamFields, StreamKind, attribute,
};
use wimwright_wim::{FileTime, Hash};

use super::applied::Applied;
use super::contents::{Hashes, Place};
use super::describe::ARCHIVE;
use super::entries::{Entry, EntryId, Listing};
use super::notes::Notes;
use super::scan::Scan;
use crate::security::inherited;
use crate::sidecar::{kind_on_host, tagged_without_mark};
use crate::text::Text;
use crate::tree::Kind;

/// A stream of an entry that is being made.
struct OwnStream {
    kind: StreamKind,
    name: Vec<u16>,
    hash: Hash,
}

/// An entry that is being made.
#[derive(Default)]
struct Made {
    name: Vec<u16>,
    short_name: Vec<u16>,
    attributes: u32,
    security: Option<u32>,
    created: FileTime,
    accessed: FileTime,
    written: FileTime,
    link_group: u64,
    reparse: Option<Reparse>,
    streams: Vec<OwnStream>,
    tagged: Vec<u8>,
    unknown: u32,
    unused: [u64; 2],
}

struct Maker<'s> {
    scan: &'s Scan,
    hashes: &'s Hashes,
    notes: &'s mut Notes,
    /// The first entry of each file, hard links that the sidecar knows
    /// included.
    leaders: HashMap<EntryId, EntryId>,
    /// Numbers of link groups, by first entry.
    groups: HashMap<EntryId, u64>,
    /// Security of each entry, by number in the builder.
    security: Vec<Option<u32>>,
    /// The descriptors, by that number.
    descriptors: Vec<Vec<u8>>,
    numbers: HashMap<Vec<u8>, u32>,
    inherited: HashMap<(u32, bool), Option<u32>>,
}

/// Makes the metadata of an image, to be finished when the listed tree is no
/// longer in memory.
///
/// # Errors
/// What the metadata cannot hold: a name too long, or too many of them.
pub(super) fn metadata(
    scan: &Scan,
    hashes: &Hashes,
    notes: &mut Notes,
) -> Result<MetadataBuilder, wimwright_wim::Error> {
    let mut maker = Maker {
        scan,
        hashes,
        notes,
        leaders: HashMap::new(),
        groups: HashMap::new(),
        security: vec![None; scan.entries.count() as usize],
        descriptors: Vec::new(),
        numbers: HashMap::new(),
        inherited: HashMap::new(),
    };
    maker.find_links();
    let root = maker.make(EntryId::ROOT, None);
    let (mut builder, root) = MetadataBuilder::new(&root.fields(&[]))?;
    let mut directories: Vec<Option<DirectoryId>> = vec![None; scan.entries.count() as usize];
    if let Some(place) = directories.first_mut() {
        *place = Some(root);
    }
    for listing in &scan.entries.listings {
        let directory = directories.get(listing.directory.0 as usize);
        if let Some(directory) = directory.copied().flatten() {
            let added = maker.list(&mut builder, directory, *listing)?;
            for (id, place) in listing.entries().zip(added) {
                if let Some(known) = directories.get_mut(id.0 as usize) {
                    *known = place;
                }
            }
        }
    }
    // Each is there once, so the builder gives them the numbers they have.
    for descriptor in &maker.descriptors {
        builder.security(descriptor);
    }
    Ok(builder)
}

impl Made {
    fn fields<'m>(&'m self, streams: &'m [StreamFields<'m>]) -> EntryFields<'m> {
        EntryFields {
            name: &self.name,
            short_name: &self.short_name,
            attributes: self.attributes,
            security_id: self.security,
            created: self.created,
            accessed: self.accessed,
            written: self.written,
            link_group: self.link_group,
            reparse: self.reparse,
            streams,
            tagged: &self.tagged,
            unknown: self.unknown,
            unused: self.unused,
        }
    }
}

impl<'s> Maker<'s> {
    /// Adds the entries of a directory.
    fn list(
        &mut self,
        builder: &mut MetadataBuilder,
        directory: DirectoryId,
        listing: Listing,
    ) -> Result<Vec<Option<DirectoryId>>, wimwright_wim::Error> {
        let ids = listing.entries();
        if ids.clone().next().is_none() {
            return Ok(Vec::new());
        }
        let made: Vec<Made> = ids
            .map(|id| self.make(id, Some(listing.directory)))
            .collect();
        let streams: Vec<Vec<StreamFields<'_>>> = made
            .iter()
            .map(|made| {
                let streams = made.streams.iter().map(|stream| StreamFields {
                    kind: stream.kind,
                    name: &stream.name,
                    hash: stream.hash,
                });
                streams.collect()
            })
            .collect();
        let fields = made
            .iter()
            .zip(&streams)
            .map(|(made, streams)| made.fields(streams));
        builder.list(directory, fields)
    }

    fn entry(&self, id: EntryId) -> Option<&'s Entry> {
        self.scan.entries.get(id)
    }

    /// What the sidecar has for an entry, where that can be the same thing.
    fn origin(&self, entry: &Entry) -> Option<(&'s Applied, Dentry<'s>)> {
        let applied = self.scan.applied.as_ref()?;
        let dentry = applied.dentry(entry.origin?)?;
        let same = entry.identity.is_none() || kind_on_host(&dentry) == entry.kind;
        same.then_some((applied, dentry))
    }

    /// Whether an entry is as it was applied.
    fn is_unchanged(&self, id: EntryId, entry: &Entry) -> bool {
        let Some((applied, dentry)) = self.origin(entry) else {
            return false;
        };
        let Some(identity) = entry.identity else {
            return true;
        };
        let content = entry.kind != Kind::File || self.has_content_of(id, &dentry);
        content && applied.is_unchanged(&dentry, entry.kind, identity.modified)
    }

    fn has_content_of(&self, id: EntryId, dentry: &Dentry<'_>) -> bool {
        self.hashes.get(id, Place::Data) == dentry.content()
    }

    /// Finds hard links: those of the host, and those that were applied and
    /// are two files now, still unchanged.
    fn find_links(&mut self) {
        let mut by_group: HashMap<u64, EntryId> = HashMap::new();
        let mut members: HashMap<EntryId, u64> = HashMap::new();
        for (id, entry) in self.scan.entries.iter() {
            if entry.kind != Kind::File {
                continue;
            }
            let mut leader = self
                .leaders
                .get(&entry.leader)
                .copied()
                .unwrap_or(entry.leader);
            if let Some(first) = self.entry(entry.leader)
                && let Some((_, dentry)) = self.origin(first)
                && dentry.link_group() != 0
                && self.is_unchanged(entry.leader, first)
            {
                leader = *by_group.entry(dentry.link_group()).or_insert(leader);
            }
            if leader != id {
                self.leaders.insert(id, leader);
            }
            *members.entry(leader).or_default() += 1;
        }
        let mut number = 0;
        for (id, _) in self.scan.entries.iter() {
            if members.get(&id).is_some_and(|count| *count > 1) {
                number += 1;
                self.groups.insert(id, number);
            }
        }
    }

    /// Makes an entry; `parent` has to be made before.
    fn make(&mut self, id: EntryId, parent: Option<EntryId>) -> Made {
        let Some(own) = self.entry(id) else {
            return Made::default();
        };
        let leader = self.leaders.get(&id).copied().unwrap_or(id);
        let Some(entry) = self.entry(leader) else {
            return Made::default();
        };
        let mut made = match self.origin(entry) {
            Some((applied, dentry)) if self.is_unchanged(leader, entry) => {
                self.as_applied(leader, entry, applied, &dentry)
            }
            Some((applied, dentry)) => self.changed(leader, entry, applied, &dentry),
            None => self.new_entry(leader, entry, parent),
        };
        made.name = units(&self.scan.entries, id);
        made.short_name = self.short_name(own, &made.name);
        made.link_group = self.groups.get(&leader).copied().unwrap_or_default();
        if let Some(known) = self.security.get_mut(id.0 as usize) {
            *known = made.security;
        }
        made
    }

    /// A name has its own short name, whatever file it is.
    fn short_name(&self, own: &Entry, name: &[u16]) -> Vec<u16> {
        if let Some((_, dentry)) = self.origin(own) {
            let names = [dentry.name().units().collect(), name.to_vec()];
            let [stored, name] = names.map(|units: Vec<u16>| Text::from_units(&units));
            return match stored.eq_ignore_case(&name) {
                true => dentry.short_name().units().collect(),
                false => Vec::new(),
            };
        }
        let extra = own.extra.as_ref();
        extra
            .map(|extra| extra.short_name.clone())
            .unwrap_or_default()
    }

    /// Everything as it was applied.
    fn as_applied(
        &mut self,
        id: EntryId,
        entry: &Entry,
        applied: &Applied,
        dentry: &Dentry<'_>,
    ) -> Made {
        let mut streams = Vec::new();
        for stream in dentry.streams() {
            // What the image lacked when it was applied is nowhere.
            let on_host = entry.identity.is_some() && stream.is_content();
            if on_host || stream.hash.is_zero() || applied.has(&stream.hash) {
                streams.push(OwnStream {
                    kind: stream.kind,
                    name: stream.name.units().collect(),
                    hash: stream.hash,
                });
            } else {
                let path = self.scan.entries.image_path(id);
                self.notes.stream_lost(&path, &stream.name.to_string());
            }
        }
        Made {
            attributes: dentry.attributes(),
            security: self.security_of(applied, dentry),
            created: dentry.created(),
            accessed: dentry.accessed(),
            written: dentry.written(),
            reparse: dentry.reparse(),
            streams,
            tagged: tagged_without_mark(dentry),
            unknown: dentry.unknown(),
            unused: dentry.unused(),
            ..Made::default()
        }
    }

    /// What was applied, with what was written to it since.
    fn changed(
        &mut self,
        id: EntryId,
        entry: &Entry,
        applied: &Applied,
        dentry: &Dentry<'_>,
    ) -> Made {
        let was = self.as_applied(id, entry, applied, dentry);
        let same_content = self.has_content_of(id, dentry);
        let host = self.of_host(id, entry);
        let mut made = Made {
            accessed: entry.accessed,
            written: entry.written,
            ..was
        };
        match entry.kind {
            // Something came or went in it.
            Kind::Directory => {}
            // It was touched.
            Kind::File if same_content => {}
            // It was written to: what is in it now is plain.
            Kind::File => {
                made.attributes &= !(attribute::REPARSE_POINT | attribute::ENCRYPTED);
                made.attributes |= ARCHIVE;
                made.reparse = None;
                made.streams.retain(|stream| !stream.name.is_empty());
                made.streams.extend(host.streams);
            }
            Kind::Link => {
                let is_directory = host.attributes & attribute::DIRECTORY;
                made.attributes = made.attributes & !attribute::DIRECTORY | is_directory;
                made.reparse = host.reparse;
                made.streams.retain(|stream| !stream.name.is_empty());
                made.streams.extend(host.streams);
            }
        }
        made
    }

    fn new_entry(&mut self, id: EntryId, entry: &Entry, parent: Option<EntryId>) -> Made {
        let mut made = self.of_host(id, entry);
        let known = entry.extra.as_ref().and_then(|extra| extra.security);
        made.security = match known {
            Some(number) => {
                let descriptor = self.scan.entries.descriptors.get(number as usize);
                descriptor
                    .cloned()
                    .map(|descriptor| self.number(descriptor))
            }
            None if self.scan.applied.is_some() => self.inherit(id, entry, parent),
            None => None,
        };
        made
    }

    /// What the host says of an entry.
    fn of_host(&self, id: EntryId, entry: &Entry) -> Made {
        let mut made = Made {
            attributes: entry.attributes,
            created: entry.created,
            accessed: entry.accessed,
            written: entry.written,
            ..Made::default()
        };
        let mut stream = |kind, name: &[u16], place| {
            made.streams.push(OwnStream {
                kind,
                name: name.to_vec(),
                hash: self.hashes.get(id, place),
            });
        };
        if entry.kind == Kind::File {
            stream(StreamKind::Data, &[], Place::Data);
        }
        if let Some(extra) = &entry.extra {
            if let Some(point) = &extra.reparse {
                stream(StreamKind::Reparse, &[], Place::Reparse);
                made.reparse = Some(point.reparse);
            }
            for (number, named) in (0..).zip(&extra.streams) {
                made.streams.push(OwnStream {
                    kind: StreamKind::Data,
                    name: named.name.clone(),
                    hash: self.hashes.get(id, Place::Stream(number)),
                });
            }
            made.tagged.clone_from(&extra.tagged);
        }
        made
    }

    fn security_of(&mut self, applied: &Applied, dentry: &Dentry<'_>) -> Option<u32> {
        let descriptor = applied.security(dentry)?.to_vec();
        Some(self.number(descriptor))
    }

    /// What a new entry inherits from its directory.
    fn inherit(&mut self, id: EntryId, entry: &Entry, parent: Option<EntryId>) -> Option<u32> {
        let above = self.security.get(parent?.0 as usize).copied().flatten()?;
        let is_directory = entry.attributes & attribute::DIRECTORY != 0;
        if let Some(known) = self.inherited.get(&(above, is_directory)) {
            return *known;
        }
        let descriptor = self.descriptors.get(above as usize)?;
        let number = match inherited(descriptor, is_directory) {
            Ok(descriptor) => Some(self.number(descriptor)),
            Err(error) => {
                let path = self.scan.entries.image_path(id);
                self.notes.security_not_inherited(&path, &error);
                None
            }
        };
        self.inherited.insert((above, is_directory), number);
        number
    }

    /// The number that the builder gives a descriptor.
    fn number(&mut self, descriptor: Vec<u8>) -> u32 {
        if let Some(known) = self.numbers.get(&descriptor) {
            return *known;
        }
        let number = self.descriptors.len() as u32;
        self.descriptors.push(descriptor.clone());
        self.numbers.insert(descriptor, number);
        number
    }
}

fn units(entries: &super::entries::Entries, id: EntryId) -> Vec<u16> {
    use std::os::unix::ffi::OsStrExt as _;
    let text = Text::from_wtf8(entries.name(id).as_bytes());
    text.map(|text| text.units().collect()).unwrap_or_default()
}
