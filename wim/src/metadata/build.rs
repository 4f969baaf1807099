//! A metadata resource from nothing: list by list, straight into its stored
//! form.
//!
//! The caller decides the order of the lists; tree order (a directory's
//! entries, then those of its first directory, and so on) is what other
//! writers use.

use super::dentry::attribute;
use super::security;
use super::stream::{self, StreamKind};
use super::{MAX_METADATA_LEN, Metadata};
use crate::error::Error;
use crate::hash::Hash;
use crate::xml::FileTime;
use std::collections::HashMap;

/// A stream to be named by an entry.
#[derive(Clone, Copy, Debug)]
pub struct StreamFields<'a> {
    /// What it is.
    pub kind: StreamKind,
    /// Its name; empty for the unnamed ones.
    pub name: &'a [u16],
    /// Its content; [`Hash::ZERO`] for none.
    pub hash: Hash,
}

/// What an entry says.
#[derive(Clone, Copy, Debug, Default)]
pub struct EntryFields<'a> {
    /// Its name; empty for the root.
    pub name: &'a [u16],
    /// Its short (8.3) name; mostly empty.
    pub short_name: &'a [u16],
    /// The attribute bits; [`attribute::DIRECTORY`] makes it a directory.
    pub attributes: u32,
    /// Number of its descriptor, as [`MetadataBuilder::security`] gave it.
    pub security_id: Option<u32>,
    /// When it was created.
    pub created: FileTime,
    /// When it was last read.
    pub accessed: FileTime,
    /// When it was last written.
    pub written: FileTime,
    /// Number that its hard links share; 0 for none. Ignored for reparse
    /// points, which have [`reparse`](Self::reparse) in its place.
    pub link_group: u64,
    /// Tag, reserved and flags of a reparse point.
    pub reparse: Option<super::Reparse>,
    /// All its streams, in any order.
    pub streams: &'a [StreamFields<'a>],
    /// Tagged items in their stored form; see [`push_tagged`](super::push_tagged).
    pub tagged: &'a [u8],
    /// The field at 0x54.
    pub unknown: u32,
    /// Two unused fields.
    pub unused: [u64; 2],
}

impl EntryFields<'_> {
    /// The streams in the order in which they are stored: reparse data,
    /// unnamed data, named data. A file that has named streams stores an
    /// unnamed one even when it is empty; a directory never does.
    fn stored_streams(&self) -> Vec<StreamFields<'_>> {
        let unnamed = |kind| {
            let mut found = self.streams.iter();
            found.find(|stream| stream.kind == kind && stream.name.is_empty())
        };
        let named = self.streams.iter().filter(|stream| !stream.name.is_empty());
        let is_directory = self.attributes & attribute::DIRECTORY != 0;
        let is_encrypted = self.attributes & attribute::ENCRYPTED != 0 && !is_directory;
        if is_encrypted && let Some(raw) = unnamed(StreamKind::Encrypted) {
            return vec![*raw];
        }
        let mut stored = Vec::new();
        stored.extend(unnamed(StreamKind::Reparse).copied());
        let data = unnamed(StreamKind::Data).copied();
        let empty = StreamFields {
            kind: StreamKind::Data,
            name: &[],
            hash: Hash::ZERO,
        };
        match data {
            Some(data) if !is_directory => stored.push(data),
            None if !is_directory && named.clone().next().is_some() => stored.push(empty),
            _ => {}
        }
        stored.extend(named.copied());
        // A link whose only other stream is an empty unnamed one needs no
        // entry for that.
        if let [first, second] = stored.as_slice()
            && first.kind == StreamKind::Reparse
            && second.name.is_empty()
            && second.hash.is_zero()
        {
            stored.pop();
        }
        stored
    }

    /// Appends the entry in its stored form; `subdir` is where its list is.
    pub(super) fn write(&self, subdir: u64, out: &mut Vec<u8>) -> Result<(), Error> {
        let streams = self.stored_streams();
        let (main, extra) = match streams.as_slice() {
            [] => (Hash::ZERO, streams.as_slice()),
            [only] if only.name.is_empty() => (only.hash, streams.get(1..).unwrap_or_default()),
            all => (Hash::ZERO, all),
        };
        let start = out.len();
        let name = name_len(self.name)?;
        let short = name_len(self.short_name)?;
        let extra_count = u16::try_from(extra.len()).map_err(|_| Error::TooLong {
            what: "list of streams",
            length: extra.len() as u64,
            limit: u64::from(u16::MAX),
        })?;
        out.extend_from_slice(&[0; 8]);
        out.extend_from_slice(&self.attributes.to_le_bytes());
        out.extend_from_slice(&self.security_id.unwrap_or(u32::MAX).to_le_bytes());
        out.extend_from_slice(&subdir.to_le_bytes());
        for field in [
            self.unused[0],
            self.unused[1],
            self.created.0,
            self.accessed.0,
            self.written.0,
        ] {
            out.extend_from_slice(&field.to_le_bytes());
        }
        out.extend_from_slice(&main.0);
        out.extend_from_slice(&self.unknown.to_le_bytes());
        match self.reparse {
            Some(reparse) if self.attributes & attribute::REPARSE_POINT != 0 => {
                out.extend_from_slice(&reparse.tag.to_le_bytes());
                out.extend_from_slice(&reparse.reserved.to_le_bytes());
                out.extend_from_slice(&reparse.flags.to_le_bytes());
            }
            _ => out.extend_from_slice(&self.link_group.to_le_bytes()),
        }
        for field in [extra_count, short, name] {
            out.extend_from_slice(&field.to_le_bytes());
        }
        push_name(out, self.name);
        push_name(out, self.short_name);
        if !self.tagged.is_empty() {
            pad(out, start);
            out.extend_from_slice(self.tagged);
        }
        // The length counts the padding in all files that wimlib writes.
        pad(out, start);
        let length = (out.len() - start) as u64;
        if let Some(field) = out.get_mut(start..start + 8) {
            field.copy_from_slice(&length.to_le_bytes());
        }
        for stream in extra {
            let name = name_len(stream.name)?;
            let length = stream::FIXED_LEN + super::dentry::with_nul(name);
            let start = out.len();
            let length = length.next_multiple_of(8) as u64;
            out.extend_from_slice(&length.to_le_bytes());
            out.extend_from_slice(&[0; 8]);
            out.extend_from_slice(&stream.hash.0);
            out.extend_from_slice(&name.to_le_bytes());
            push_name(out, stream.name);
            pad(out, start);
        }
        Ok(())
    }
}

fn name_len(name: &[u16]) -> Result<u16, Error> {
    let length = name.len() as u64 * 2;
    // Two bytes less than the field holds: a NUL follows.
    u16::try_from(length)
        .ok()
        .filter(|length| *length < u16::MAX - 1)
        .ok_or(Error::TooLong {
            what: "name",
            length,
            limit: u64::from(u16::MAX) - 3,
        })
}

fn push_name(out: &mut Vec<u8>, name: &[u16]) {
    if !name.is_empty() {
        out.extend(name.iter().flat_map(|unit| unit.to_le_bytes()));
        out.extend_from_slice(&[0; 2]);
    }
}

fn pad(out: &mut Vec<u8>, start: usize) {
    out.resize(start + (out.len() - start).next_multiple_of(8), 0);
}

/// A directory whose entries are still to be added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DirectoryId(u32);

/// Builds a metadata resource.
pub struct MetadataBuilder {
    descriptors: Vec<Vec<u8>>,
    known: HashMap<Vec<u8>, u32>,
    /// The tree; offsets in it count from its start.
    tree: Vec<u8>,
    /// Directories that have a list: where their list offset has to be put.
    with_list: Vec<u32>,
}

impl MetadataBuilder {
    /// Starts with a root directory, whose name is left empty.
    ///
    /// # Errors
    /// [`Error::TooLong`], [`Error::RootNotDirectory`].
    pub fn new(root: &EntryFields<'_>) -> Result<(MetadataBuilder, DirectoryId), Error> {
        let mut builder = MetadataBuilder {
            descriptors: Vec::new(),
            known: HashMap::new(),
            tree: Vec::new(),
            with_list: Vec::new(),
        };
        if root.attributes & attribute::DIRECTORY == 0 {
            return Err(Error::RootNotDirectory {
                at: crate::FileOffset(0),
                attributes: root.attributes,
            });
        }
        let root = EntryFields { name: &[], ..*root };
        root.write(0, &mut builder.tree)?;
        // The root is a list of its own.
        builder.tree.extend_from_slice(&[0; 8]);
        Ok((builder, DirectoryId(0)))
    }

    /// The number of a security descriptor; equal ones are stored once.
    pub fn security(&mut self, descriptor: &[u8]) -> u32 {
        if let Some(id) = self.known.get(descriptor) {
            return *id;
        }
        let id = self.descriptors.len() as u32;
        self.descriptors.push(descriptor.to_vec());
        self.known.insert(descriptor.to_vec(), id);
        id
    }

    /// Adds all entries of a directory, once. Gives, for each entry that is a
    /// directory, the place for its own entries; a directory without entries
    /// needs none.
    ///
    /// # Errors
    /// [`Error::TooLong`].
    pub fn list<'e>(
        &mut self,
        directory: DirectoryId,
        entries: impl IntoIterator<Item = EntryFields<'e>>,
    ) -> Result<Vec<Option<DirectoryId>>, Error> {
        let list = self.tree.len();
        let mut added = Vec::new();
        for entry in entries {
            let at = self.tree.len() as u32;
            entry.write(0, &mut self.tree)?;
            let is_directory = entry.attributes & attribute::DIRECTORY != 0;
            added.push(is_directory.then_some(DirectoryId(at)));
            if self.tree.len() as u64 > MAX_METADATA_LEN {
                return Err(Error::TooLong {
                    what: "metadata resource",
                    length: self.tree.len() as u64,
                    limit: MAX_METADATA_LEN,
                });
            }
        }
        self.tree.extend_from_slice(&[0; 8]);
        self.set_subdir(directory.0, list as u64);
        self.with_list.push(directory.0);
        Ok(added)
    }

    fn set_subdir(&mut self, dentry: u32, list: u64) {
        let at = dentry as usize + super::dentry::SUBDIR_AT;
        if let Some(field) = self.tree.get_mut(at..at + 8) {
            field.copy_from_slice(&list.to_le_bytes());
        }
    }

    fn subdir(&self, dentry: u32) -> u64 {
        let at = dentry as usize + super::dentry::SUBDIR_AT;
        crate::field::u64_at(&self.tree, at).unwrap_or_default()
    }

    /// The resource, read back.
    ///
    /// # Errors
    /// [`Error::TooLong`], [`Error::DentryName`].
    pub fn finish(mut self) -> Result<Metadata, Error> {
        let mut bytes = security::to_bytes(&self.descriptors)?;
        let shift = bytes.len() as u64;
        for dentry in std::mem::take(&mut self.with_list) {
            let list = self.subdir(dentry) + shift;
            self.set_subdir(dentry, list);
        }
        bytes.append(&mut self.tree);
        Metadata::parse(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn units(text: &str) -> Vec<u16> {
        text.encode_utf16().collect()
    }

    #[test]
    fn streams_are_stored_in_the_order_that_windows_reads() {
        let (a, b, c) = (Hash::of(b"a"), Hash::of(b"b"), Hash::of(b"c"));
        let name = units("n");
        let data = |hash| StreamFields {
            kind: StreamKind::Data,
            name: &[],
            hash,
        };
        let named = StreamFields {
            kind: StreamKind::Data,
            name: &name,
            hash: b,
        };
        let link = StreamFields {
            kind: StreamKind::Reparse,
            name: &[],
            hash: c,
        };
        let (file, dir, point) = (0x80, attribute::DIRECTORY, attribute::REPARSE_POINT);
        // Attributes, streams, main hash, stored extra hashes.
        let rows = [
            (file, vec![], Hash::ZERO, vec![]),
            (file, vec![data(a)], a, vec![]),
            (file, vec![named, data(a)], Hash::ZERO, vec![a, b]),
            (file, vec![named], Hash::ZERO, vec![Hash::ZERO, b]),
            (dir, vec![], Hash::ZERO, vec![]),
            (dir, vec![named], Hash::ZERO, vec![b]),
            (dir | point, vec![named, link], Hash::ZERO, vec![c, b]),
            (dir | point, vec![link], c, vec![]),
            (point, vec![data(Hash::ZERO), link], c, vec![]),
            (point, vec![link, data(a)], Hash::ZERO, vec![c, a]),
            (point, vec![link, named], Hash::ZERO, vec![c, Hash::ZERO, b]),
        ];
        for (row, (attributes, streams, main, extra)) in rows.into_iter().enumerate() {
            let entry_name = units("file");
            let entry = EntryFields {
                name: &entry_name,
                attributes,
                streams: &streams,
                ..EntryFields::default()
            };
            let root = EntryFields {
                attributes: dir,
                ..EntryFields::default()
            };
            let (mut builder, directory) = MetadataBuilder::new(&root).unwrap();
            builder.list(directory, [entry]).unwrap();
            let metadata = builder.finish().unwrap();
            let entry = metadata.children(&metadata.root().unwrap()).next().unwrap();
            assert_eq!(entry.main_hash(), main, "row {row}");
            assert_eq!(
                usize::from(entry.extra_stream_count()),
                extra.len(),
                "row {row}"
            );
            let read: Vec<_> = entry.streams().map(|s| (s.kind, s.hash)).collect();
            for stream in &streams {
                if !stream.hash.is_zero() {
                    assert!(
                        read.contains(&(stream.kind, stream.hash)),
                        "row {row}: {read:?}"
                    );
                }
            }
            if !extra.is_empty() {
                assert_eq!(
                    read.iter().map(|s| s.1).collect::<Vec<_>>(),
                    extra,
                    "row {row}"
                );
            }
        }
    }

    #[test]
    fn a_tree_comes_back_with_all_its_fields() {
        let root = EntryFields {
            attributes: attribute::DIRECTORY,
            written: FileTime(9),
            ..EntryFields::default()
        };
        let (mut builder, root) = MetadataBuilder::new(&root).unwrap();
        assert_eq!(
            (
                builder.security(b"one"),
                builder.security(b"two"),
                builder.security(b"one")
            ),
            (0, 1, 0)
        );
        let (dir, file, short) = (
            units("dir"),
            units("some file \u{1F600}"),
            units("SOMEFI~1"),
        );
        let mut tagged = Vec::new();
        super::super::push_tagged(&mut tagged, 1, b"id");
        super::super::push_tagged(&mut tagged, 77, b"0123456789");
        let hash = Hash::of(b"x");
        let data = [StreamFields {
            kind: StreamKind::Data,
            name: &[],
            hash,
        }];
        let entries = [
            EntryFields {
                name: &dir,
                attributes: attribute::DIRECTORY,
                ..EntryFields::default()
            },
            EntryFields {
                name: &file,
                short_name: &short,
                attributes: 0x22,
                security_id: Some(1),
                created: FileTime(1),
                accessed: FileTime(2),
                written: FileTime(3),
                link_group: 7,
                streams: &data,
                tagged: &tagged,
                unknown: 5,
                unused: [8, 9],
                reparse: None,
            },
        ];
        let added = builder.list(root, entries).unwrap();
        assert!(added[0].is_some() && added[1].is_none());
        builder
            .list(
                added[0].unwrap(),
                [EntryFields {
                    name: &file,
                    ..EntryFields::default()
                }],
            )
            .unwrap();
        let metadata = builder.finish().unwrap();
        assert_eq!(metadata.dentry_count(), 4);
        assert_eq!(metadata.security(1), Some(b"two".as_slice()));
        let walked: Vec<_> = metadata
            .walk()
            .map(|(depth, d)| (depth, d.name().to_string()))
            .collect();
        let long = "some file \u{1F600}".to_owned();
        assert_eq!(
            walked,
            [
                (0, String::new()),
                (1, "dir".to_owned()),
                (2, long.clone()),
                (1, long)
            ]
        );
        let root = metadata.root().unwrap();
        let dentry = metadata
            .child(&root, |name| name == "some file \u{1F600}")
            .unwrap();
        assert_eq!(dentry.short_name(), "SOMEFI~1");
        assert_eq!(
            (dentry.created(), dentry.accessed(), dentry.written()),
            (FileTime(1), FileTime(2), FileTime(3))
        );
        assert_eq!(
            (
                dentry.link_group(),
                dentry.security_id(),
                dentry.attributes()
            ),
            (7, Some(1), 0x22)
        );
        assert_eq!(
            (dentry.content(), dentry.unknown(), dentry.unused()),
            (hash, 5, [8, 9])
        );
        let items: Vec<_> = dentry
            .tagged_items()
            .map(|item| (item.tag, item.data))
            .collect();
        assert_eq!(items, [(1, b"id".as_slice()), (77, b"0123456789")]);
    }
}
