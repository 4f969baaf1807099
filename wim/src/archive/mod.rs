//! An open archive: one WIM file, the parts of a split set, or a file and
//! those that it refers to.

mod blobs;
mod open;
mod read_many;
mod reader;

use std::sync::Arc;

pub use blobs::BlobId;
pub(crate) use blobs::{Blobs, Place};
pub use read_many::BlobConsumer;
pub use reader::BlobReader;
pub(crate) use reader::copy_range;

use crate::blob_table::BlobEntry;
use crate::compress::Codec;
use crate::decoder_pool::DecoderPool;
use crate::error::Error;
use crate::hash::Hash;
use crate::header::Header;
use crate::integrity::{IntegrityTable, MAX_TABLE_LEN};
use crate::metadata::{MAX_METADATA_LEN, Metadata};
use crate::resource::Resource;
use crate::resource_header::{ResourceFlags, ResourceHeader};
use crate::solid::{Solid, SolidCache};
use crate::space::Space;
use crate::storage::ReadAt;
use crate::verify::layout;
use crate::write::Packing;
use crate::xml::WimXml;

/// A file handed in, and what it is called in messages.
#[derive(Clone)]
pub struct NamedFile {
    /// Its name.
    pub name: String,
    /// Its bytes.
    pub file: Arc<dyn ReadAt>,
}

impl NamedFile {
    /// A file with this name.
    pub fn new(name: impl Into<String>, file: Arc<dyn ReadAt>) -> NamedFile {
        NamedFile {
            name: name.into(),
            file,
        }
    }
}

/// What is known of one of the files.
pub(crate) struct OpenFile {
    pub(crate) name: String,
    pub(crate) file: Arc<dyn ReadAt>,
    pub(crate) length: u64,
    pub(crate) header: Header,
    /// Its blob table as stored.
    pub(crate) entries: Vec<BlobEntry>,
}

/// An open archive. Cheap to clone; every method may be called from any
/// thread.
#[derive(Clone)]
pub struct Archive {
    inner: Arc<Inner>,
}

pub(crate) struct Inner {
    /// The file with the images comes first.
    pub(crate) files: Vec<OpenFile>,
    pub(crate) blobs: Blobs,
    pub(crate) solids: Vec<Solid>,
    /// Their metadata, as the blob table names them.
    pub(crate) images: Vec<BlobEntry>,
    pub(crate) xml: WimXml,
    pub(crate) pool: DecoderPool,
    pub(crate) cache: SolidCache,
}

/// What is known of a blob without reading it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlobInfo {
    /// Its number in the archive.
    pub id: BlobId,
    /// Its SHA-1.
    pub hash: Hash,
    /// Its length, in bytes.
    pub size: u64,
    /// Where and how it lies in the file. Of a blob in a solid resource the
    /// offset counts from the start of the unpacked resource.
    pub resource: ResourceHeader,
    /// The solid resource that holds it.
    pub solid: Option<SolidInfo>,
    /// The part that holds it, from 1 on.
    pub part: u16,
    /// The stored number of references: a hint.
    pub references: u32,
    /// Whether the part that holds it is here.
    pub is_here: bool,
}

/// A solid resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SolidInfo {
    /// Where it lies in its file.
    pub offset: u64,
    /// Bytes that it takes up.
    pub stored_size: u64,
    /// Its length when unpacked.
    pub size: u64,
    /// Its codec.
    pub codec: Codec,
    /// Plain bytes in each chunk.
    pub chunk_size: u32,
}

impl Archive {
    /// Opens one file. Content in other parts of its set, or in other files
    /// that it refers to, cannot be read.
    ///
    /// # Errors
    /// [`Error::NotFirstPart`] for a later part of a split set, else what is
    /// wrong with the file.
    pub fn open(file: NamedFile) -> Result<Archive, Error> {
        Self::open_all(vec![file])
    }

    /// Opens a file together with other parts of its set, or with other WIM
    /// files that hold content it refers to. The first file, or part 1 of its
    /// set, has the images.
    ///
    /// # Errors
    /// [`Error::NotFirstPart`] when part 1 is not among them,
    /// [`Error::PartTwice`], else what is wrong with one of the files.
    pub fn open_all(files: Vec<NamedFile>) -> Result<Archive, Error> {
        open::open(files).map(|inner| Archive {
            inner: Arc::new(inner),
        })
    }

    pub(crate) fn inner(&self) -> &Arc<Inner> {
        &self.inner
    }

    /// The header of the file with the images.
    pub fn header(&self) -> &Header {
        &self.inner.main().header
    }

    /// Names and headers of all files, the one with the images first.
    pub fn files(&self) -> impl Iterator<Item = (&str, &Header)> {
        let files = self.inner.files.iter();
        files.map(|file| (file.name.as_str(), &file.header))
    }

    /// Parts of the split set that are not here.
    pub fn missing_parts(&self) -> Vec<u16> {
        self.inner.missing_parts()
    }

    /// The XML data.
    pub fn xml(&self) -> &WimXml {
        &self.inner.xml
    }

    /// How many images there are.
    pub fn image_count(&self) -> u32 {
        self.inner.images.len() as u32
    }

    /// The blob table entry of an image's metadata; counts from 1.
    ///
    /// # Errors
    /// [`Error::NoSuchImage`].
    pub fn metadata_entry(&self, index: u32) -> Result<&BlobEntry, Error> {
        self.inner.image(index)
    }

    /// The metadata of an image, read and checked; counts from 1.
    ///
    /// # Errors
    /// [`Error::NoSuchImage`], [`Error::HashMismatch`], else what is wrong
    /// with the resource or the metadata in it.
    pub fn metadata(&self, index: u32) -> Result<Metadata, Error> {
        Metadata::parse(self.inner.metadata_bytes(index)?)
    }

    /// The integrity table of the file with the images.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::IntegrityTable`], or where it lies is wrong.
    pub fn integrity(&self) -> Result<Option<IntegrityTable>, Error> {
        self.inner.main().integrity(&self.inner.pool)
    }

    /// Bytes of the file with the images that neither its header nor its blob
    /// table names.
    pub fn unused_bytes(&self) -> u64 {
        let main = self.inner.main();
        let taken = layout::taken(main).into_iter();
        let space = Space::around(taken.map(|(start, end, _)| (start, end)).collect());
        space.in_holes() + main.length.saturating_sub(space.end())
    }

    /// How many blobs there are; metadata are none.
    pub fn blob_count(&self) -> u32 {
        self.inner.blobs.len()
    }

    /// The blob with this hash.
    pub fn find(&self, hash: &Hash) -> Option<BlobId> {
        self.inner.blobs.find(hash)
    }

    /// What is known of a blob.
    pub fn blob(&self, id: BlobId) -> Option<BlobInfo> {
        let blob = self.inner.blobs.get(id)?;
        let solid = match blob.place {
            Place::Solid { solid } => self.inner.solids.get(solid as usize),
            Place::Alone { .. } | Place::Missing => None,
        };
        Some(BlobInfo {
            id,
            hash: blob.hash,
            size: blob.resource.size,
            resource: blob.resource,
            solid: solid.map(|solid| SolidInfo {
                offset: solid.header.offset,
                stored_size: solid.header.stored_size,
                size: solid.size,
                codec: solid.codec(),
                chunk_size: solid.chunk_size(),
            }),
            part: blob.part,
            references: blob.references,
            is_here: blob.place != Place::Missing,
        })
    }

    /// All blobs, in the order of the blob tables.
    pub fn blobs(&self) -> impl Iterator<Item = BlobInfo> {
        (0..self.blob_count()).filter_map(|id| self.blob(BlobId(id)))
    }

    /// A blob's content, to be read at any position.
    ///
    /// # Errors
    /// [`Error::PartMissing`], or where it lies is wrong.
    pub fn open_blob(&self, id: BlobId) -> Result<BlobReader, Error> {
        BlobReader::open(self.inner.clone(), id)
    }

    /// Reads many blobs, each to its end and with its hash compared, on all
    /// threads and in the order in which they lie; solid resources are
    /// unpacked once. `open` is asked for a consumer when a blob's turn
    /// comes.
    ///
    /// Memory: a few megabytes; for solid resources, twice their chunk size
    /// for each thread.
    ///
    /// # Errors
    /// The first error of `open` or of a consumer. What is wrong with a blob
    /// goes to its consumer.
    pub fn read_many<'c>(
        &self,
        blobs: &[BlobId],
        open: &(dyn Fn(BlobId) -> std::io::Result<Box<dyn BlobConsumer + 'c>> + Sync),
    ) -> Result<(), Error> {
        read_many::read_many(&self.inner, blobs, open)
    }
}

impl Inner {
    pub(crate) fn main(&self) -> &OpenFile {
        // `open` refuses an empty list.
        self.files
            .first()
            .expect("an archive has at least one file")
    }

    /// Orders blobs as they lie.
    pub(crate) fn place_of(&self, id: BlobId) -> (u32, u32, u64) {
        let Some(blob) = self.blobs.get(id) else {
            return (u32::MAX, 0, 0);
        };
        match blob.place {
            Place::Alone { file } => (0, u32::from(file), blob.resource.offset),
            Place::Solid { solid } => (1, solid, blob.resource.offset),
            Place::Missing => (u32::MAX, 0, 0),
        }
    }

    /// Whether the stored bytes of a blob mean the same where resources are
    /// packed in this way.
    pub(crate) fn stored_like(&self, id: BlobId, packing: &Packing) -> bool {
        let Some(blob) = self.blobs.get(id) else {
            return false;
        };
        let Place::Alone { file } = blob.place else {
            return false;
        };
        let header = self.files.get(usize::from(file)).map(|file| &file.header);
        header.is_some_and(|header| {
            // What the file stores as it is did not get shorter by its own
            // packing; by another it may.
            let same = header.codec() == packing.codec
                && (packing.codec.is_none() || header.chunk_size == packing.chunk_size);
            same || (packing.codec.is_none()
                && !blob.resource.flags.contains(ResourceFlags::COMPRESSED))
        })
    }

    pub(crate) fn missing_parts(&self) -> Vec<u16> {
        let main = &self.main().header;
        let is_here = |part: &u16| {
            let mut files = self.files.iter().map(|file| &file.header);
            files.any(|header| header.guid == main.guid && header.part == *part)
        };
        (1..=main.parts).filter(|part| !is_here(part)).collect()
    }

    pub(crate) fn image(&self, index: u32) -> Result<&BlobEntry, Error> {
        let at = index.checked_sub(1);
        at.and_then(|at| self.images.get(at as usize))
            .ok_or(Error::NoSuchImage {
                index,
                count: self.images.len() as u32,
            })
    }

    /// The unpacked metadata resource of an image.
    pub(crate) fn metadata_bytes(&self, index: u32) -> Result<Vec<u8>, Error> {
        let entry = self.image(index)?;
        let bytes = self
            .main()
            .resource("metadata resource", entry.resource)?
            .read_all(&*self.main().file, &self.pool, MAX_METADATA_LEN)?;
        let found = Hash::of(&bytes);
        if found != entry.hash {
            return Err(Error::HashMismatch {
                what: "metadata resource",
                at: crate::FileOffset(entry.resource.offset),
                expected: entry.hash,
                found,
            });
        }
        Ok(bytes)
    }
}

impl OpenFile {
    /// A resource of this file.
    pub(crate) fn resource(
        &self,
        what: &'static str,
        header: ResourceHeader,
    ) -> Result<Resource, Error> {
        Resource::new(what, header, &self.header, self.length)
    }

    /// Reads a table or the XML data. Their header may say "compressed"; no
    /// known writer does that.
    pub(crate) fn read_table(
        &self,
        what: &'static str,
        header: ResourceHeader,
        pool: &DecoderPool,
        limit: u64,
    ) -> Result<Vec<u8>, Error> {
        self.resource(what, header)?
            .read_all(&*self.file, pool, limit)
    }

    pub(crate) fn integrity(&self, pool: &DecoderPool) -> Result<Option<IntegrityTable>, Error> {
        let header = self.header.integrity;
        if header.is_absent() || header.offset == 0 {
            return Ok(None);
        }
        // Some writers leave the flags of the table unset, others "metadata".
        let header = ResourceHeader {
            flags: header.flags & ResourceFlags::COMPRESSED,
            ..header
        };
        let bytes = self.read_table("integrity table", header, pool, MAX_TABLE_LEN)?;
        IntegrityTable::parse(&bytes, crate::FileOffset(header.offset)).map(Some)
    }
}
