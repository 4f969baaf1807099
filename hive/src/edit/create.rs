//! A new hive: base block, one bin, root key, one security record.

use crate::acl;
use crate::base_block::{BINS_SIZE_AT, Layout, MinorVersion, SIGNATURE};
use crate::error::Error;
use crate::hive::{FileTime, Hive, finish_base_block, put_u32};
use crate::key::KeyFlags;
use crate::name::StoredName;
use crate::offset::{BASE_BLOCK_LEN, CellOffset, FileOffset, NO_CELL};
use crate::pages::PageSet;

use super::EditState;
use super::keys::{new_node, require_key_name};
use super::security_records::new_record;

/// Where the first cell of a hive is.
const FIRST_CELL: CellOffset = CellOffset(0x20);

impl Hive {
    /// Makes a new hive of version 1.3 or 1.5 with a root key and nothing
    /// else. `root_security` is a self-relative descriptor.
    ///
    /// It is clean, with sequence numbers of 1, which edits do not count up:
    /// there is no older state to tell it from.
    ///
    /// # Errors
    /// [`Error::NewVersion`], [`Error::KeyName`], [`Error::Descriptor`].
    pub fn create(
        minor: MinorVersion,
        root_name: &str,
        root_security: &[u8],
        now: FileTime,
    ) -> Result<Hive, Error> {
        if !matches!(minor, MinorVersion::V1_3 | MinorVersion::V1_5) {
            return Err(Error::NewVersion { minor });
        }
        let units: Vec<u16> = root_name.encode_utf16().collect();
        require_key_name(&units)?;
        acl::require_valid(root_security)?;
        let mut bytes = vec![0; BASE_BLOCK_LEN];
        for (at, field) in [
            (0, u32::from_le_bytes(SIGNATURE)),
            (20, 1),
            (24, minor.number()),
            (32, 1),
            (36, FIRST_CELL.0),
            (BINS_SIZE_AT, 0),
            (44, 1),
        ] {
            put_u32(&mut bytes, at, field);
        }
        let mut hive = Hive {
            bytes,
            layout: Layout {
                minor,
                bins_size: 0,
                root: FIRST_CELL,
            },
            changed: PageSet::default(),
            is_edited: true,
            edit: EditState {
                is_indexed: true,
                sequence: Some(1),
                counts_are_right: true,
                ..EditState::default()
            },
        };
        hive.write_file(FileOffset(12), &now.0.to_le_bytes());
        let name = StoredName::from_units(&units);
        let mut node = new_node(
            name.as_name(),
            CellOffset(NO_CELL),
            CellOffset(NO_CELL),
            now,
        );
        let flags = KeyFlags::ROOT.0 | KeyFlags::NO_DELETE.0;
        if let Some(byte) = node.get_mut(2) {
            // Both flags lie in the first byte of the field.
            *byte |= u8::try_from(flags).unwrap_or(0);
        }
        let root = hive.allocate_record(&node)?;
        hive.write_file(FileOffset(BASE_BLOCK_LEN as u64 + 20), &now.0.to_le_bytes());
        let record = hive.allocate_record(&new_record(root_security, None))?;
        hive.link_first_record(record, root);
        finish_base_block(&mut hive.bytes, 1);
        hive.changed.add(FileOffset(0), hive.bytes.len());
        Ok(hive)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_hive_is_clean_and_holds_its_root_key() {
        let descriptor = crate::inherited_security(&[
            1, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        ])
        .unwrap();
        for (minor, name) in [
            (MinorVersion::V1_3, "Größe"),
            (MinorVersion::V1_5, "Ω-root"),
        ] {
            let made = Hive::create(minor, name, &descriptor, FileTime(77)).unwrap();
            assert!(made.dirty_pages().into_iter().eq(std::iter::once(0..8192)));
            let hive = Hive::open(made.into_bytes()).unwrap();
            let report = hive.check();
            assert_eq!((report.keys, report.security, report.found), (1, 1, 0));
            let root = hive.root();
            assert_eq!(root.name().unwrap().to_string_lossy(), name);
            assert_eq!(root.last_written(), FileTime(77));
            assert_eq!(root.security().unwrap(), descriptor);
            assert!(root.flags().contains(KeyFlags::ROOT) && root.parent().unwrap().is_none());
            assert_eq!(hive.minor_version(), minor);
        }
        for minor in [MinorVersion::V1_4, MinorVersion::V1_6] {
            let refused = Hive::create(minor, "root", &descriptor, FileTime(0)).map(drop);
            assert!(matches!(refused, Err(Error::NewVersion { .. })));
        }
        let refused = Hive::create(MinorVersion::V1_5, "root", b"junk", FileTime(0)).map(drop);
        assert!(matches!(refused, Err(Error::Descriptor { length: 4, .. })));
        // Name and descriptor that need more than one bin of 4096 bytes.
        let mut large = descriptor;
        large.resize(9000, 0);
        let made = Hive::create(MinorVersion::V1_5, &"x".repeat(255), &large, FileTime(0)).unwrap();
        assert_eq!(Hive::open(made.into_bytes()).unwrap().check().found, 0);
    }
}
