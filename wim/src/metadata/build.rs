//! A metadata resource from nothing: list by list, straight into its stored
//! form.
//!
//! The caller decides the order of the lists; tree order (a directory's
//! entries, then those of its first directory, and so on) is what other
//! writers use.

use std::collections::HashMap;

use super::dentry::attribute;
use super::entry::EntryFields;
use super::{MAX_METADATA_LEN, Metadata, security};
use crate::error::Error;

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
        let security = security::to_bytes(&self.descriptors)?;
        let shift = security.len() as u64;
        for dentry in std::mem::take(&mut self.with_list) {
            let list = self.subdir(dentry) + shift;
            self.set_subdir(dentry, list);
        }
        // Moved up in place: a copy would take the tree's size once more.
        self.tree.splice(0..0, security);
        Metadata::parse(self.tree)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{StreamFields, StreamKind};
    use super::*;
    use crate::hash::Hash;
    use crate::xml::FileTime;

    fn units(text: &str) -> Vec<u16> {
        text.encode_utf16().collect()
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
