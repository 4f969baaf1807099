//! A file written anew without holes: what images name and nothing else, the
//! stored bytes as they are. The parts of a split set become one file again.
//!
//! Nothing is unpacked but the metadata, so files of every codec can be
//! written, solid resources included. A solid resource of which an image needs
//! anything is kept whole. Content that is nowhere here stays named and
//! missing, as it was.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::archive::{Archive, BlobId, Inner, Place, copy_range};
use crate::blob_table::{self, BlobEntry};
use crate::chunk_reuse::ChunkBase;
use crate::commit::{ImageReferences, packing};
use crate::compress::Level;
use crate::error::{Error, FileOffset};
use crate::hash::Hash;
use crate::header::{HEADER_LEN, Header, HeaderFlags};
use crate::integrity::IntegrityTable;
use crate::metadata::Metadata;
use crate::resource_header::{ResourceFlags, ResourceHeader};
use crate::space::Space;
use crate::storage::WriteAt;
use crate::write::{BlobStore, Encoders, PackedResource, table_header};

/// How a compact file is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CompactOptions {
    /// Whether an integrity table is written.
    pub integrity: bool,
    /// Whether metadata that have gaps, or lists in another order than that of
    /// the tree, are put in order. Else they are copied.
    pub tree_order: bool,
}

/// Writes what the images of an archive name to `file`, in the order in which
/// it lies. Identity, flags and XML data stay; what says "part of a set",
/// "read-only" and "write in progress" goes. What was in `file` is gone. Gives
/// the new header when everything would outlive a loss of power.
///
/// # Errors
/// [`Error::PartsMissing`], [`Error::OtherPacking`] when the parts are not
/// packed alike, [`Error::PartMissing`] when content lies in a part that is not
/// of the set, [`Error::TooLong`] when resources share bytes, what is wrong
/// with metadata, [`Error::Io`], [`Error::Write`].
pub fn compact(
    archive: &Archive,
    file: Arc<dyn WriteAt>,
    options: CompactOptions,
) -> Result<Header, Error> {
    let inner = archive.inner();
    check_parts(inner)?;
    let mut header = started(&inner.main().header);
    let write = |source| Error::Write {
        what: "header",
        at: FileOffset(0),
        source,
    };
    file.set_len(0).map_err(write)?;
    let packing = packing(&header, Level::Normal);
    let space = Space::used_up_to(HEADER_LEN as u64);
    let mut store = BlobStore::new(file, space, packing);
    store.write_at("header", &header.to_bytes(), 0)?;

    let encoders = Encoders::new(packing);
    let mut references = ImageReferences::default();
    let mut entries = Vec::new();
    for index in 1..=archive.image_count() {
        let metadata = archive.metadata(index)?;
        references.add(&ImageReferences::of(&metadata));
        let entry = match options.tree_order {
            true => put_in_order(archive, index, metadata, &mut store, &encoders)?,
            false => copy_metadata(inner, *archive.metadata_entry(index)?, &mut store)?,
        };
        entries.push(entry);
    }
    header.boot_metadata = match header.boot_index.checked_sub(1) {
        Some(boot) => entries.get(boot as usize).map(|entry| entry.resource),
        None => None,
    }
    .unwrap_or_default();
    if header.boot_metadata.is_absent() {
        header.boot_index = 0;
    }
    // A file without images is one that others refer to.
    let keeps_all = entries.is_empty();
    let needed = |blob: &Hash| keeps_all || references.contains(blob);
    entries.extend(copy_blobs(inner, &mut store, &needed, &references)?);
    finish(archive, header, &store, &entries, options.integrity)
}

/// All parts have to be here; packed in different ways they cannot be one
/// file.
fn check_parts(archive: &Inner) -> Result<(), Error> {
    let main = &archive.main().header;
    let missing = archive.missing_parts();
    if !missing.is_empty() {
        let parts = main.parts;
        return Err(Error::PartsMissing { missing, parts });
    }
    for file in archive
        .files
        .iter()
        .filter(|file| is_part(&file.header, main))
    {
        let header = &file.header;
        let same = header.codec() == main.codec()
            && (header.codec().is_none() || header.chunk_size == main.chunk_size);
        if !same {
            return Err(Error::OtherPacking {
                file: file.name.clone(),
                codec: header.codec(),
                chunk_size: header.chunk_size,
                expected: main.codec(),
                expected_chunk_size: main.chunk_size,
            });
        }
    }
    Ok(())
}

fn is_part(header: &Header, main: &Header) -> bool {
    header.guid == main.guid
}

/// The header while the file is being written.
fn started(main: &Header) -> Header {
    let mut header = Header {
        part: 1,
        parts: 1,
        blob_table: ResourceHeader::default(),
        xml: ResourceHeader::default(),
        boot_metadata: ResourceHeader::default(),
        integrity: ResourceHeader::default(),
        ..main.clone()
    };
    header
        .flags
        .remove(HeaderFlags::SPANNED | HeaderFlags::READ_ONLY);
    header.flags.insert(HeaderFlags::WRITE_IN_PROGRESS);
    header
}

/// Metadata in tree order; copied where they are so already.
fn put_in_order(
    archive: &Archive,
    index: u32,
    metadata: Metadata,
    store: &mut BlobStore,
    encoders: &Encoders,
) -> Result<BlobEntry, Error> {
    let ordered = metadata.in_tree_order()?;
    let entry = *archive.metadata_entry(index)?;
    if ordered.bytes() == metadata.bytes() {
        return copy_metadata(archive.inner(), entry, store);
    }
    drop(metadata);
    let base = ChunkBase::of_metadata(archive, index, None)?;
    let packed = PackedResource::pack(ordered.into_bytes(), base, encoders)?;
    let (hash, mut resource) = store.add_packed(packed)?;
    resource.flags |= ResourceFlags::METADATA;
    Ok(BlobEntry {
        resource,
        part: 1,
        references: 1,
        hash,
    })
}

fn copy_metadata(
    archive: &Inner,
    entry: BlobEntry,
    store: &mut BlobStore,
) -> Result<BlobEntry, Error> {
    let resource = copy_resource(archive, 0, entry.resource, store)?;
    Ok(BlobEntry {
        resource,
        part: 1,
        ..entry
    })
}

/// Copies a resource of one of the files; gives where it lies now.
fn copy_resource(
    archive: &Inner,
    file: usize,
    from: ResourceHeader,
    store: &mut BlobStore,
) -> Result<ResourceHeader, Error> {
    let source = archive.files.get(file).unwrap_or(archive.main());
    let outside = || Error::ResourceOutside {
        what: "resource",
        at: FileOffset(from.offset),
        stored: from.stored_size,
        length: source.length,
    };
    let end = from.end().filter(|end| *end <= source.length);
    end.ok_or_else(outside)?;
    let at = store.space.take(from.stored_size);
    copy_range(
        &*source.file,
        from.offset,
        from.stored_size,
        &*store.file,
        at,
    )?;
    Ok(ResourceHeader { offset: at, ..from })
}

/// Copies all blobs that are needed; gives their entries.
fn copy_blobs(
    archive: &Inner,
    store: &mut BlobStore,
    needed: &dyn Fn(&Hash) -> bool,
    references: &ImageReferences,
) -> Result<Vec<BlobEntry>, Error> {
    let main = &archive.main().header;
    let part_of = |file: usize| {
        let header = archive.files.get(file).map(|file| &file.header);
        let header = header.filter(|header| is_part(header, main));
        header.map(|header| header.part)
    };
    let mut alone: BTreeMap<(u16, u64, BlobId), (usize, BlobEntry)> = BTreeMap::new();
    let mut solid: BTreeMap<u32, Vec<BlobEntry>> = BTreeMap::new();
    for (id, blob) in archive.blobs.iter() {
        // Of two entries for the same content the one that is read stays.
        if !needed(&blob.hash) || archive.blobs.find(&blob.hash) != Some(id) {
            continue;
        }
        let entry = BlobEntry {
            resource: blob.resource,
            part: 1,
            references: match references.count(&blob.hash) {
                0 => blob.references,
                count => count,
            },
            hash: blob.hash,
        };
        match blob.place {
            Place::Alone { file } => {
                let file = usize::from(file);
                // Content of other files is theirs: a delta stays one.
                if let Some(part) = part_of(file) {
                    let place = (part, blob.resource.offset, id);
                    alone.insert(place, (file, entry));
                }
            }
            Place::Solid { solid: number } => solid.entry(number).or_default().push(entry),
            Place::Missing => {
                return Err(Error::PartMissing {
                    hash: blob.hash,
                    part: blob.part,
                    parts: main.parts,
                });
            }
        }
    }
    // Resources do not share bytes in a sound file. In another one a few bytes
    // could become more than any disk holds.
    let stored = alone.values().map(|(_, entry)| entry.resource.stored_size);
    let stored = stored.fold(0, u64::saturating_add);
    let limit = archive.files.iter().map(|file| file.length).sum();
    if stored > limit {
        return Err(Error::TooLong {
            what: "stored content",
            length: stored,
            limit,
        });
    }
    let mut entries = Vec::with_capacity(alone.len());
    for (_, (file, mut entry)) in alone {
        entry.resource = copy_resource(archive, file, entry.resource, store)?;
        entries.push(entry);
    }
    entries.extend(copy_solids(archive, store, solid, &part_of)?);
    Ok(entries)
}

/// Copies solid resources, which come in one run: offsets count through all of
/// it.
fn copy_solids(
    archive: &Inner,
    store: &mut BlobStore,
    blobs: BTreeMap<u32, Vec<BlobEntry>>,
    part_of: &dyn Fn(usize) -> Option<u16>,
) -> Result<Vec<BlobEntry>, Error> {
    let mut ordered = BTreeMap::new();
    for (number, blobs) in blobs {
        if let Some(solid) = archive.solids.get(number as usize)
            && let Some(part) = part_of(solid.file)
        {
            ordered.insert((part, solid.header.offset), (solid, blobs));
        }
    }
    let mut resources = Vec::new();
    let mut located = Vec::new();
    let mut start: u64 = 0;
    for (solid, blobs) in ordered.into_values() {
        let stored = archive.files.get(solid.file);
        let stored = stored.into_iter().flat_map(|file| &file.entries);
        let mut stored =
            stored.filter(|entry| entry.is_solid_resource() && entry.resource == solid.header);
        if let Some(entry) = stored.next() {
            resources.push(BlobEntry {
                resource: copy_resource(archive, solid.file, entry.resource, store)?,
                part: 1,
                ..*entry
            });
        }
        located.extend(blobs.into_iter().map(|mut entry| {
            // The stored form has the length in the place of the stored size.
            entry.resource.offset = entry.resource.offset.saturating_add(start);
            entry.resource.stored_size = entry.resource.size;
            entry.resource.size = 0;
            entry
        }));
        start = start.saturating_add(solid.size);
    }
    resources.extend(located);
    Ok(resources)
}

/// Writes tables, XML data and header behind the data.
fn finish(
    archive: &Archive,
    mut header: Header,
    store: &BlobStore,
    entries: &[BlobEntry],
    integrity: bool,
) -> Result<Header, Error> {
    let sync = || {
        store.file.sync().map_err(|source| Error::Write {
            what: "file",
            at: FileOffset(0),
            source,
        })
    };
    let table = blob_table::to_bytes(entries);
    let at = store.space.end();
    header.blob_table = table_header(&table, at, ResourceFlags::METADATA);
    store.write_at("blob table", &table, at)?;
    let end = at + table.len() as u64;
    let mut xml = archive.xml().clone();
    xml.set_total_bytes(end);
    let xml = xml.to_bytes();
    header.xml = table_header(&xml, end, ResourceFlags::METADATA);
    store.write_at("XML data", &xml, end)?;
    if integrity {
        let at = end + xml.len() as u64;
        let table = IntegrityTable::build(&*store.file, end, None, &|_, _| false)?.to_bytes();
        header.integrity = table_header(&table, at, ResourceFlags::empty());
        store.write_at("integrity table", &table, at)?;
    }
    header.flags.remove(HeaderFlags::WRITE_IN_PROGRESS);
    sync()?;
    store.write_at("header", &header.to_bytes(), 0)?;
    sync()?;
    Ok(header)
}
