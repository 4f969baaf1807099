//! Opening: headers and tables of all files, brought together.

use super::blobs::{Blob, Blobs, Place, SolidRun};
use super::{Inner, NamedFile, OpenFile};
use crate::blob_table::{self, BlobEntry};
use crate::decoder_pool::DecoderPool;
use crate::error::{Error, FileOffset};
use crate::header::{HEADER_LEN, Header};
use crate::resource_header::ResourceFlags;
use crate::solid::{Solid, SolidCache};
use crate::storage::ReadAt;
use crate::xml::{self, WimXml};

pub(super) fn open(files: Vec<NamedFile>) -> Result<Inner, Error> {
    let several = files.len() > 1;
    let pool = DecoderPool::default();
    let named = |name: &str, error: Error| match several {
        true => error.in_file(name),
        false => error,
    };
    let mut open = Vec::with_capacity(files.len());
    for NamedFile { name, file } in files {
        let file = open_file(name.clone(), file, &pool).map_err(|error| named(&name, error))?;
        open.push(file);
    }
    let open = order(open)?;
    let mut blobs = Blobs::default();
    let mut solids = Vec::new();
    for (number, file) in open.iter().enumerate() {
        add_blobs(number, file, &mut blobs, &mut solids)
            .map_err(|error| named(&file.name, error))?;
    }
    let mut inner = Inner {
        files: open,
        blobs,
        solids,
        images: Vec::new(),
        xml: WimXml::new(),
        pool,
        cache: SolidCache::default(),
    };
    let main = inner.main();
    let (images, xml) = images(main, &inner.pool).map_err(|error| named(&main.name, error))?;
    (inner.images, inner.xml) = (images, xml);
    Ok(inner)
}

/// Reads the header and the blob table of a file.
fn open_file(
    name: String,
    file: std::sync::Arc<dyn ReadAt>,
    pool: &DecoderPool,
) -> Result<OpenFile, Error> {
    let header_io = |source| Error::io("header", FileOffset(0), source);
    let length = file.len().map_err(header_io)?;
    let mut bytes = [0; HEADER_LEN];
    let part = bytes.get_mut(..length.min(HEADER_LEN as u64) as usize);
    let part = part.unwrap_or_default();
    file.read_exact_at(part, 0).map_err(header_io)?;
    let header = Header::parse(part)?;
    let mut open = OpenFile {
        name,
        file,
        length,
        header,
        entries: Vec::new(),
    };
    let table = open.header.blob_table;
    let bytes = open.read_table("blob table", table, pool, blob_table::MAX_TABLE_LEN)?;
    open.entries = blob_table::parse(&bytes, FileOffset(table.offset))?;
    Ok(open)
}

/// Puts the file with the images first: part 1 of the set that the first file
/// belongs to.
fn order(mut files: Vec<OpenFile>) -> Result<Vec<OpenFile>, Error> {
    let Some(first) = files.first() else {
        return Err(Error::HeaderCut { length: 0 });
    };
    let (guid, part, parts) = (first.header.guid, first.header.part, first.header.parts);
    let in_set = |file: &OpenFile, part: u16| {
        parts > 1 && file.header.guid == guid && file.header.part == part
    };
    if part != 1 {
        let found = files.iter().position(|file| in_set(file, 1));
        let found = found.ok_or(Error::NotFirstPart { part, parts })?;
        let main = files.remove(found);
        files.insert(0, main);
    }
    for (number, file) in files.iter().enumerate() {
        let twice = files.iter().take(number);
        let twice = twice
            .filter(|_| parts > 1)
            .find(|other| file.header.guid == guid && in_set(other, file.header.part));
        if let Some(first) = twice {
            return Err(Error::PartTwice {
                part: file.header.part,
                first: first.name.clone(),
                second: file.name.clone(),
            });
        }
    }
    if files.len() > usize::from(u16::MAX) {
        return Err(Error::TooLong {
            what: "list of files",
            length: files.len() as u64,
            limit: u64::from(u16::MAX),
        });
    }
    Ok(files)
}

/// Adds the blobs of a file, and its solid resources.
fn add_blobs(
    number: usize,
    file: &OpenFile,
    blobs: &mut Blobs,
    solids: &mut Vec<Solid>,
) -> Result<(), Error> {
    // A table is a sequence of solid runs and single entries.
    for run in file
        .entries
        .chunk_by(|one, next| one.is_solid() && next.is_solid())
    {
        if !run.first().is_some_and(BlobEntry::is_solid) {
            let entries = run.iter().filter(|entry| !entry.is_metadata());
            for entry in entries {
                let place = match entry.part == file.header.part || file.header.parts == 1 {
                    true => Place::Alone {
                        file: number as u16,
                    },
                    false => Place::Missing,
                };
                blobs.push(Blob {
                    hash: entry.hash,
                    resource: entry.resource,
                    references: entry.references,
                    part: entry.part,
                    place,
                });
            }
            continue;
        }
        let first = solids.len();
        for entry in run.iter().filter(|entry| entry.is_solid_resource()) {
            solids.push(Solid::open(
                number,
                &*file.file,
                file.length,
                entry.resource,
            )?);
        }
        let solid_run = SolidRun::new(first as u32, solids.get(first..).unwrap_or_default());
        for entry in run.iter().filter(|entry| !entry.is_solid_resource()) {
            blobs.push(solid_run.place(entry)?);
        }
    }
    Ok(())
}

/// The images: metadata entries in order, as many as the header says.
fn images(main: &OpenFile, pool: &DecoderPool) -> Result<(Vec<BlobEntry>, WimXml), Error> {
    let entries = main.entries.iter();
    let images = entries.filter(|entry| entry.is_metadata() && !entry.is_solid());
    let images: Vec<_> = images.copied().collect();
    let claimed = main.header.image_count;
    if images.len() != claimed as usize
        && !main
            .header
            .flags
            .contains(crate::HeaderFlags::RESOURCE_ONLY)
    {
        return Err(Error::ImageCount {
            claimed,
            found: images.len(),
        });
    }
    let header = main.header.xml;
    if header.is_absent() {
        return Ok((images, WimXml::new()));
    }
    let header = crate::ResourceHeader {
        flags: header.flags & ResourceFlags::COMPRESSED,
        ..header
    };
    let bytes = main.read_table("XML data", header, pool, xml::MAX_LEN)?;
    let xml = WimXml::parse(&bytes, FileOffset(header.offset))?;
    Ok((images, xml))
}
