//! The writes of a commit, in their order.

use std::collections::HashSet;

use super::references::ImageReferences;
use super::{Update, UpdateImage, nearer, table};
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

/// From this gain on resources are copied into holes.
const WORTH_COPYING: u64 = 256 << 10;

/// How often what lies behind the end is brought nearer; the last time it is
/// the tables alone, for they cannot be written where they are.
const ROUNDS: u32 = 4;

/// Bytes copied at once.
const PIECE: u64 = 1 << 20;

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
    /// The images' metadata first.
    entries: Vec<BlobEntry>,
    xml: WimXml,
}

impl Tables {
    /// Bytes that they take up at most: the XML data tell their own place.
    fn max_len(&self) -> u64 {
        let mut xml = self.xml.clone();
        xml.set_total_bytes(u64::MAX);
        (blob_table::to_bytes(&self.entries).len() + xml.to_bytes().len()) as u64
    }

    /// Writes them at `at`, and says so in `header`; gives where they end.
    fn write(&mut self, store: &BlobStore, at: u64, header: &mut Header) -> Result<u64, Error> {
        let entries = blob_table::to_bytes(&self.entries);
        store.write_at("blob table", &entries, at)?;
        header.blob_table = table_header(&entries, at, ResourceFlags::METADATA);
        let end = at + entries.len() as u64;
        self.xml.set_total_bytes(end);
        let xml = self.xml.to_bytes();
        store.write_at("XML data", &xml, end)?;
        header.xml = table_header(&xml, end, ResourceFlags::METADATA);
        Ok(end + xml.len() as u64)
    }

    /// Brings what lies behind the end nearer, as long as it pays: resources
    /// from `new_from` on, and the tables, which are at `now`. The header in
    /// the file is `header`, before and after. Gives where the tables end.
    fn move_nearer(
        &mut self,
        store: &BlobStore,
        mut now: (u64, u64),
        new_from: u64,
        header: &mut Header,
    ) -> Result<u64, Error> {
        for round in 1..=ROUNDS {
            let data_end = nearer::data_end(&self.entries);
            let mut moves = match round < ROUNDS {
                true => nearer::moves(&self.entries, new_from, now),
                false => Vec::new(),
            };
            let mut moved = self.moved(&moves);
            if data_end < nearer::data_end(&moved) + WORTH_COPYING {
                moves.clear();
                moved = self.moved(&moves);
            }
            // The header in the file names the copied ones where they were.
            let mut named: Vec<(u64, u64)> = moves.iter().map(|moved| moved.from).collect();
            named.push(now);
            let at = free_spot(&named, nearer::data_end(&moved), self.max_len());
            if moves.is_empty() && now.0 < at + WORTH_MOVING {
                break;
            }
            let before = (header.clone(), std::mem::replace(&mut self.entries, moved));
            match self.write_nearer(store, &moves, at, header) {
                Ok(end) => now = (at, end),
                // The commit is done already, this was to save room only.
                Err(_) => {
                    (*header, self.entries) = before;
                    break;
                }
            }
            put_header(&*store.file, header)?;
        }
        Ok(now.1)
    }

    /// Carries out moves and writes the tables at `at`; all but the header.
    fn write_nearer(
        &mut self,
        store: &BlobStore,
        moves: &[nearer::Move],
        at: u64,
        header: &mut Header,
    ) -> Result<u64, Error> {
        for step in moves {
            copy(store, step)?;
        }
        header.boot_metadata = self.boot_metadata(header).unwrap_or_default();
        let end = self.write(store, at, header)?;
        sync(&*store.file)?;
        Ok(end)
    }

    /// The entries after these moves.
    fn moved(&self, moves: &[nearer::Move]) -> Vec<BlobEntry> {
        let mut entries = self.entries.clone();
        for step in moves {
            if let Some(entry) = entries.get_mut(step.entry) {
                entry.resource.offset = step.to;
            }
        }
        entries
    }

    /// Where the metadata of the bootable image are.
    fn boot_metadata(&self, header: &Header) -> Option<ResourceHeader> {
        let boot = header.boot_index.checked_sub(1)?;
        Some(self.entries.get(boot as usize)?.resource)
    }
}

/// Copies a resource as it is stored.
fn copy(store: &BlobStore, step: &nearer::Move) -> Result<(), Error> {
    let length = step.from.1 - step.from.0;
    let mut buffer = vec![0; length.min(PIECE) as usize];
    let mut done = 0;
    while done < length {
        let piece = buffer.get_mut(..(length - done).min(PIECE) as usize);
        let piece = piece.unwrap_or_default();
        let at = step.from.0 + done;
        let read = store.file.read_exact_at(piece, at);
        read.map_err(|source| Error::io("resource", FileOffset(at), source))?;
        store.write_at("resource", piece, step.to + done)?;
        done += piece.len() as u64;
    }
    Ok(())
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
        let new_from = space.end();
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
        let mut tables = match written {
            Ok(written) => written,
            Err(error) => {
                // Nothing behind the old length is named by the old header.
                let _ = file.set_len(length);
                return Err(error);
            }
        };
        let data_end = nearer::data_end(&tables.entries);
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

        if !append_only {
            // Whatever only the old header named is free now.
            let now = (at, end);
            end = tables.move_nearer(&store, now, new_from, &mut header)?;
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

    /// Writes blobs and metadata; gives the tables that name them.
    fn write_data(
        self,
        store: &mut BlobStore,
        references: &ImageReferences,
        header: &mut Header,
    ) -> Result<Tables, Error> {
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
        entries.extend(table::kept_entries(self.archive.inner(), references));
        entries.extend(store.blobs.iter().map(|blob| blob.entry(part)));
        let tables = Tables {
            entries,
            xml: self.xml,
        };
        header.boot_metadata = tables.boot_metadata(header).unwrap_or_default();
        Ok(tables)
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
        assert_eq!(free_spot(&[(150, 190)], 100, 50), 100);
        assert_eq!(free_spot(&[(149, 190)], 100, 50), 190);
        assert_eq!(free_spot(&[(100, 140)], 100, 40), 140);
    }
}
