//! The writes of a commit, in their order.

use std::collections::HashSet;

use super::references::ImageReferences;
use super::{Update, UpdateImage, table};
use crate::blob_table::{self, BlobEntry};
use crate::error::{Error, FileOffset};
use crate::header::{HEADER_LEN, Header, HeaderFlags};
use crate::integrity::IntegrityTable;
use crate::metadata::Metadata;
use crate::resource_header::{ResourceFlags, ResourceHeader};
use crate::space::Space;
use crate::storage::WriteAt;
use crate::verify::layout;
use crate::write::{BlobStore, Encoders, table_header};
use crate::xml::WimXml;

/// From this gain on the tables are written once more, to be nearer to the
/// data.
const WORTH_MOVING: u64 = 16 << 10;

/// What a commit did.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Committed {
    /// The header now.
    pub header: Header,
    /// Length of the file before, in bytes.
    pub length_before: u64,
    /// Length of the file now.
    pub length_after: u64,
    /// Blobs that were written.
    pub blobs_written: u64,
}

/// Tables that are going to be written.
struct Tables {
    entries: Vec<u8>,
    xml: WimXml,
}

impl Tables {
    /// Bytes that they take up at most: the XML data tell their own place.
    fn max_len(&self) -> u64 {
        let mut xml = self.xml.clone();
        xml.set_total_bytes(u64::MAX);
        (self.entries.len() + xml.to_bytes().len()) as u64
    }

    /// Writes them at `at`, and says so in `header`; gives where they end.
    fn write(&mut self, store: &BlobStore, at: u64, header: &mut Header) -> Result<u64, Error> {
        store.write_at("blob table", &self.entries, at)?;
        header.blob_table = table_header(&self.entries, at, ResourceFlags::METADATA);
        let end = at + self.entries.len() as u64;
        self.xml.set_total_bytes(end);
        let xml = self.xml.to_bytes();
        store.write_at("XML data", &xml, end)?;
        header.xml = table_header(&xml, end, ResourceFlags::METADATA);
        Ok(end + xml.len() as u64)
    }
}

impl Update {
    /// Writes everything. After an error before the new header is in place,
    /// the file has its old images; after one behind it, the new ones.
    ///
    /// # Errors
    /// [`Error::Changed`], [`Error::Source`], [`Error::HashMismatch`] when
    /// content is no longer what it was, [`Error::Write`] (a full disk, for
    /// example), and what is wrong with other images of the file.
    pub fn commit(mut self) -> Result<Committed, Error> {
        self.check_unchanged()?;
        let file = self.file.clone();
        let length = file.len();
        let length = length.map_err(|source| Error::io("header", FileOffset(0), source))?;
        let used = self.used(length)?;
        let references = self.references()?;
        let packing = self.encoders.packing;
        let space = match self.options.append_only {
            true => Space::used_up_to(length.max(HEADER_LEN as u64)),
            false => Space::around(used.clone()),
        };
        let fills_holes = space.has_holes();
        let mut store = BlobStore::new(file.clone(), space, packing);
        store.encoders = std::mem::replace(&mut self.encoders, Encoders::new(packing));

        let had_integrity = !self.old.integrity.is_absent();
        let wants_integrity = self.integrity;
        let old_integrity = match had_integrity {
            true => self.archive.integrity().ok().flatten(),
            false => None,
        };
        let old_end = self.old.blob_table.end().unwrap_or_default();
        let mut header = self.old.clone();
        header.flags.remove(HeaderFlags::WRITE_IN_PROGRESS);
        header.boot_index = self.boot_index;
        header.integrity = ResourceHeader::default();
        if had_integrity && fills_holes {
            let bare = Header {
                integrity: ResourceHeader::default(),
                ..self.old.clone()
            };
            put_header(&*file, &bare)?;
        }

        let append_only = self.options.append_only;
        let written = self.write_data(&mut store, &references, &mut header);
        let (mut tables, data_end) = match written {
            Ok(written) => written,
            Err(error) => {
                // Nothing behind the old length is named by the old header.
                let _ = file.set_len(length);
                return Err(error);
            }
        };
        let from = match append_only {
            true => store.space.end().max(data_end),
            false => data_end,
        };
        let at = free_spot(&used, from, tables.max_len());
        let tables_written = tables
            .write(&store, at, &mut header)
            .and_then(|end| sync(&*file).map(|()| end));
        let mut end = match tables_written {
            Ok(end) => end,
            Err(error) => {
                let _ = file.set_len(length);
                return Err(error);
            }
        };
        put_header(&*file, &header)?;

        // Whatever only the old header named is free now.
        let nearer = match append_only {
            true => at,
            false => nearer_spot((at, end), data_end, tables.max_len()),
        };
        let moves = nearer + WORTH_MOVING <= at;
        if moves || wants_integrity {
            if moves {
                end = tables.write(&store, nearer, &mut header)?;
            }
            if wants_integrity {
                let touched = store.written();
                let covered = header.blob_table.end().unwrap_or_default();
                let old = old_integrity.as_ref();
                let table = IntegrityTable::build(&*file, covered, old, &|start, stop| {
                    let apart = |range: &(u64, u64)| range.1 <= start || stop <= range.0;
                    stop <= old_end && touched.iter().all(apart)
                })?;
                let bytes = table.to_bytes();
                header.integrity = table_header(&bytes, end, ResourceFlags::empty());
                store.write_at("integrity table", &bytes, end)?;
                end += bytes.len() as u64;
            }
            sync(&*file)?;
            put_header(&*file, &header)?;
        }
        if !append_only {
            file.set_len(end).map_err(|source| Error::Write {
                what: "end of the file",
                at: FileOffset(end),
                source,
            })?;
        }
        Ok(Committed {
            header,
            length_before: length,
            length_after: end,
            blobs_written: store.blobs.len() as u64,
        })
    }

    /// Ranges that the old header names.
    fn used(&self, length: u64) -> Result<Vec<(u64, u64)>, Error> {
        let taken = layout::taken(self.archive.inner().main());
        taken
            .into_iter()
            .map(|(start, end, what)| match end <= length {
                true => Ok((start, end)),
                false => Err(Error::ResourceOutside {
                    what,
                    at: FileOffset(start),
                    stored: end.saturating_sub(start),
                    length,
                }),
            })
            .collect()
    }

    /// What all images are going to name.
    fn references(&self) -> Result<ImageReferences, Error> {
        let mut all = ImageReferences::default();
        for image in &self.images {
            match image {
                UpdateImage::Kept { index, .. } => {
                    let bytes = self.archive.inner().metadata_bytes(*index)?;
                    all.add(&ImageReferences::of(&Metadata::parse(bytes)?));
                }
                UpdateImage::New { references, .. } => all.add(references),
            }
        }
        Ok(all)
    }

    /// Writes blobs and metadata; gives the tables that name them, and where
    /// the last of all data ends.
    fn write_data(
        self,
        store: &mut BlobStore,
        references: &ImageReferences,
        header: &mut Header,
    ) -> Result<(Tables, u64), Error> {
        let mut seen = HashSet::new();
        let needed = self.added.into_iter().map(|added| added.blob);
        let mut needed = needed.filter(|blob| {
            let hash = blob.hash.unwrap_or_default();
            references.contains(&hash) && seen.insert(hash)
        });
        store.add(&mut needed.by_ref().map(Ok))?;
        for blob in &mut store.blobs {
            blob.references = u64::from(references.count(&blob.hash));
        }
        let part = self.old.part;
        let mut entries = Vec::new();
        for image in self.images {
            entries.push(match image {
                UpdateImage::Kept { entry, .. } => entry,
                UpdateImage::New { packed, .. } => {
                    let (hash, mut resource) = store.add_packed(packed)?;
                    resource.flags |= ResourceFlags::METADATA;
                    BlobEntry {
                        resource,
                        part,
                        references: 1,
                        hash,
                    }
                }
            });
        }
        header.image_count = entries.len() as u32;
        let boot = header.boot_index.checked_sub(1);
        let boot = boot.and_then(|boot| entries.get(boot as usize));
        header.boot_metadata = boot.map(|entry| entry.resource).unwrap_or_default();
        entries.extend(table::kept_entries(self.archive.inner(), references));
        entries.extend(store.blobs.iter().map(|blob| blob.entry(part)));
        let in_file = entries
            .iter()
            .filter(|entry| !entry.is_solid() || entry.is_solid_resource());
        let ends = in_file.filter_map(|entry| entry.resource.end());
        let data_end = ends.max().unwrap_or_default().max(HEADER_LEN as u64);
        let tables = Tables {
            entries: blob_table::to_bytes(&entries),
            xml: self.xml,
        };
        Ok((tables, data_end))
    }
}

/// The first place from `from` on where `length` bytes lie apart from all
/// `used` ranges.
fn free_spot(used: &[(u64, u64)], from: u64, length: u64) -> u64 {
    let mut used = used.to_vec();
    used.sort_unstable();
    used.iter().fold(from, |at, (start, end)| {
        match *start < at + length && at < *end {
            true => *end,
            false => at,
        }
    })
}

/// Where the tables can be written once more, apart from where they are now.
fn nearer_spot(now: (u64, u64), data_end: u64, length: u64) -> u64 {
    free_spot(&[now], data_end, length)
}

fn sync(file: &dyn WriteAt) -> Result<(), Error> {
    file.sync().map_err(|source| Error::Write {
        what: "file",
        at: FileOffset(0),
        source,
    })
}

/// Writes a header and waits for it.
fn put_header(file: &dyn WriteAt, header: &Header) -> Result<(), Error> {
    file.write_all_at(&header.to_bytes(), 0)
        .map_err(|source| Error::Write {
            what: "header",
            at: FileOffset(0),
            source,
        })?;
    sync(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_free_spot_is_found() {
        let used = [(300, 400), (0, 100), (120, 200)];
        for (from, length, expected) in [
            (0, 10, 100),
            (0, 30, 200),
            (100, 20, 100),
            (150, 100, 200),
            (150, 101, 400),
            (500, 7, 500),
        ] {
            assert_eq!(
                free_spot(&used, from, length),
                expected,
                "{length} from {from}"
            );
        }
    }
    #[test]
    fn tables_never_move_onto_themselves() {
        assert_eq!(nearer_spot((150, 190), 100, 50), 100);
        assert_eq!(nearer_spot((149, 190), 100, 50), 190);
        assert_eq!(nearer_spot((100, 140), 100, 40), 140);
    }
}
