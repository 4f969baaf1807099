//! A new entry: what it says, and its stored form.

use super::dentry::attribute;
use super::stream::{self, StreamKind};
use crate::error::Error;
use crate::hash::Hash;
use crate::xml::FileTime;

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
    /// Number of its descriptor, as the builder or the editor gave it.
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

#[cfg(test)]
mod tests {
    use super::super::build::MetadataBuilder;
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
}
