//! A file cut into parts: the same resources, byte for byte, spread over
//! several files. Part 1 has the metadata.

use std::io;
use std::sync::Arc;

use crate::archive::{Archive, OpenFile, copy_range};
use crate::blob_table::{self, BlobEntry};
use crate::error::{Error, FileOffset};
use crate::hash::Hasher;
use crate::header::{HEADER_LEN, Header, HeaderFlags};
use crate::integrity::IntegrityTable;
use crate::resource_header::{ResourceFlags, ResourceHeader};
use crate::storage::WriteAt;
use crate::write::{guid_of, table_header};

/// Bytes of an entry in the blob table.
const ENTRY_LEN: u64 = 50;

/// What is moved as one: a resource, and the entries that lie in it.
struct Unit {
    resource: ResourceHeader,
    /// In table order; a solid resource's own entry comes first.
    entries: Vec<BlobEntry>,
}

impl Unit {
    fn length(&self) -> u64 {
        self.resource.stored_size + self.entries.len() as u64 * ENTRY_LEN
    }
}

/// Splits an archive of one file into parts of at most `part_size` bytes, as
/// far as its resources allow: none is cut, so a part with one that is larger
/// is larger too, and part 1 holds all metadata. `create` opens each part, by
/// its number from 1 on. Gives the headers of the parts.
///
/// `guid` is the identity of the set and must not be that of the archive;
/// `None` derives one from the archive's tables and the size of the parts.
///
/// # Errors
/// [`Error::SplitOfParts`] when the archive is a set or has references itself,
/// [`Error::TooLong`] above 65,535 parts, [`Error::Write`], [`Error::Io`].
pub fn split(
    archive: &Archive,
    part_size: u64,
    guid: impl Into<Option<[u8; 16]>>,
    create: &mut dyn FnMut(u16) -> io::Result<Arc<dyn WriteAt>>,
) -> Result<Vec<Header>, Error> {
    let inner = archive.inner();
    let source = inner.main();
    if inner.files.len() > 1 || source.header.parts > 1 {
        return Err(Error::SplitOfParts {
            files: inner.files.len(),
            parts: source.header.parts,
        });
    }
    let xml = archive.xml().to_bytes();
    let fixed = HEADER_LEN as u64 + xml.len() as u64;
    let parts = assign(&source.entries, part_size.saturating_sub(fixed));
    let total = u16::try_from(parts.len()).map_err(|_| Error::TooLong {
        what: "list of parts",
        length: parts.len() as u64,
        limit: u64::from(u16::MAX),
    })?;
    let integrity = !source.header.integrity.is_absent();
    let guid = guid.into().unwrap_or_else(|| identity(source, part_size));
    let mut headers = Vec::new();
    for (number, units) in (1..=total).zip(parts) {
        let file = create(number).map_err(|source| Error::Write {
            what: "part",
            at: FileOffset(0),
            source,
        })?;
        let mut header = Header {
            flags: source.header.flags | HeaderFlags::SPANNED,
            guid,
            part: number,
            parts: total,
            blob_table: ResourceHeader::default(),
            boot_metadata: ResourceHeader::default(),
            integrity: ResourceHeader::default(),
            ..source.header.clone()
        };
        if number > 1 {
            header.boot_index = 0;
        }
        let boot = source.header.boot_metadata;
        write_part(archive, &*file, &mut header, units, boot, &xml, integrity)?;
        headers.push(header);
    }
    Ok(headers)
}

/// The identity of a set: another one for other content, and for other parts.
fn identity(source: &OpenFile, part_size: u64) -> [u8; 16] {
    let mut hasher = Hasher::default();
    hasher.update(b"split set");
    hasher.update(&source.header.to_bytes());
    hasher.update(&blob_table::to_bytes(&source.entries));
    hasher.update(&part_size.to_le_bytes());
    guid_of(hasher.finish())
}

/// Which units come into which part: all metadata into the first, the rest in
/// the order in which they lie.
fn assign(entries: &[BlobEntry], room: u64) -> Vec<Vec<Unit>> {
    let mut metadata = Vec::new();
    let mut units: Vec<Unit> = Vec::new();
    for run in entries.chunk_by(|one, next| one.is_solid() && next.is_solid()) {
        match run.first() {
            Some(first) if first.is_solid() => units.extend(solid_unit(run)),
            Some(entry) => {
                let unit = Unit {
                    resource: entry.resource,
                    entries: vec![*entry],
                };
                match entry.is_metadata() {
                    true => metadata.push(unit),
                    false => units.push(unit),
                }
            }
            None => {}
        }
    }
    units.sort_by_key(|unit| unit.resource.offset);
    let mut used: u64 = metadata.iter().map(Unit::length).sum();
    let mut parts = vec![metadata];
    for unit in units {
        let length = unit.length();
        if used > 0 && used + length > room {
            parts.push(Vec::new());
            used = 0;
        }
        used += length;
        if let Some(part) = parts.last_mut() {
            part.push(unit);
        }
    }
    parts
}

/// A run of solid resources cannot be cut: offsets count through all of it.
/// So it is one unit, and its resources lie one behind the other.
fn solid_unit(run: &[BlobEntry]) -> Option<Unit> {
    let resources = run.iter().filter(|entry| entry.is_solid_resource());
    let first = resources.clone().map(|entry| entry.resource.offset).min()?;
    let stored = resources.map(|entry| entry.resource.stored_size).sum();
    Some(Unit {
        resource: ResourceHeader {
            offset: first,
            stored_size: stored,
            ..ResourceHeader::default()
        },
        entries: run.to_vec(),
    })
}

fn write_part(
    archive: &Archive,
    file: &dyn WriteAt,
    header: &mut Header,
    units: Vec<Unit>,
    boot: ResourceHeader,
    xml: &[u8],
    integrity: bool,
) -> Result<(), Error> {
    let source = archive.inner().main();
    let write = |what, bytes: &[u8], at: u64| {
        file.write_all_at(bytes, at).map_err(|source| Error::Write {
            what,
            at: FileOffset(at),
            source,
        })
    };
    let mut started = header.clone();
    started.flags |= HeaderFlags::WRITE_IN_PROGRESS;
    write("header", &started.to_bytes(), 0)?;
    let mut at = HEADER_LEN as u64;
    let mut entries = Vec::new();
    for unit in units {
        for mut entry in unit.entries {
            entry.part = header.part;
            // Blobs in a solid resource count from the start of its data.
            if !entry.is_solid() || entry.is_solid_resource() {
                let from = entry.resource;
                copy_range(&*source.file, from.offset, from.stored_size, file, at)?;
                if entry.is_metadata() && header.boot_index > 0 && from == boot {
                    header.boot_metadata = ResourceHeader { offset: at, ..from };
                }
                entry.resource.offset = at;
                at += from.stored_size;
            }
            entries.push(entry);
        }
    }
    let table = blob_table::to_bytes(&entries);
    header.blob_table = table_header(&table, at, ResourceFlags::METADATA);
    write("blob table", &table, at)?;
    let end = at + table.len() as u64;
    header.xml = table_header(xml, end, ResourceFlags::METADATA);
    write("XML data", xml, end)?;
    if integrity {
        let at = end + xml.len() as u64;
        let table = IntegrityTable::build(file, end, None, &|_, _| false)?.to_bytes();
        header.integrity = table_header(&table, at, ResourceFlags::empty());
        write("integrity table", &table, at)?;
    }
    let sync = || {
        file.sync().map_err(|source| Error::Write {
            what: "part",
            at: FileOffset(0),
            source,
        })
    };
    sync()?;
    write("header", &header.to_bytes(), 0)?;
    sync()
}
