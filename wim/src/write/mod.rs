//! A new WIM file: blobs, then metadata, tables, XML, and the header last.

mod blobs;
mod chunk_table;
mod encoders;
mod large;
mod options;
mod pack;

use std::io;
use std::sync::Arc;

pub use blobs::NewBlob;
pub(crate) use blobs::{BlobStore, StoredBlob};
pub(crate) use encoders::Encoders;
pub use options::Packing;
pub(crate) use pack::PackedResource;

use crate::archive::{Archive, BlobId};
use crate::blob_table::{self, BlobEntry};
use crate::chunk_reuse::ChunkBase;
use crate::error::{Error, FileOffset};
use crate::hash::{Hash, Hasher};
use crate::header::{HEADER_LEN, Header, HeaderFlags, Version};
use crate::integrity::IntegrityTable;
use crate::metadata::{ImageCounts, Metadata};
use crate::resource_header::{ResourceFlags, ResourceHeader};
use crate::space::Space;
use crate::storage::WriteAt;
use crate::xml::{Element, WimXml};

/// What a new file is like.
#[derive(Clone, Debug)]
pub struct WriteOptions {
    /// How resources are stored.
    pub packing: Packing,
    /// Identity of the file. `None` derives it from what the file holds when it
    /// is finished, so that the same content gives the same file.
    pub guid: Option<[u8; 16]>,
    /// Whether an integrity table is written.
    pub integrity: bool,
    /// Whether images may name content that is in other files.
    pub delta: bool,
    /// Flags of the header beside those that follow from the packing.
    pub flags: HeaderFlags,
}

impl WriteOptions {
    /// An ordinary file that is packed like this.
    pub fn new(packing: Packing, guid: impl Into<Option<[u8; 16]>>) -> WriteOptions {
        WriteOptions {
            packing,
            guid: guid.into(),
            integrity: false,
            delta: false,
            flags: HeaderFlags::empty(),
        }
    }
}

/// Writes a new file. Until [`finish`](WimWriter::finish) its header says that
/// a write is in progress; the caller puts the file in its place after that.
///
/// The same calls with the same contents write the same bytes, whatever the
/// number of threads.
pub struct WimWriter {
    store: BlobStore,
    /// Their metadata, in order.
    images: Vec<BlobEntry>,
    xml: WimXml,
    options: WriteOptions,
    boot_index: u32,
}

impl WimWriter {
    /// Starts a file; what was in `file` is gone.
    ///
    /// # Errors
    /// [`Error::Encoder`] when the packing cannot be written,
    /// [`Error::Write`].
    pub fn create(file: Arc<dyn WriteAt>, options: WriteOptions) -> Result<WimWriter, Error> {
        options.packing.check()?;
        let write = |source| Error::Write {
            what: "header",
            at: FileOffset(0),
            source,
        };
        file.set_len(0).map_err(write)?;
        let space = Space::used_up_to(HEADER_LEN as u64);
        let writer = WimWriter {
            store: BlobStore::new(file, space, options.packing),
            images: Vec::new(),
            xml: WimXml::new(),
            options,
            boot_index: 0,
        };
        let mut header = writer.header();
        header.flags |= HeaderFlags::WRITE_IN_PROGRESS;
        writer.store.write_at("header", &header.to_bytes(), 0)?;
        Ok(writer)
    }

    fn header(&self) -> Header {
        Header {
            version: Version::Ordinary,
            flags: self.options.flags | self.options.packing.flags(),
            chunk_size: self.options.packing.chunk_size,
            guid: self.options.guid.unwrap_or_default(),
            part: 1,
            parts: 1,
            image_count: self.images.len() as u32,
            blob_table: ResourceHeader::default(),
            xml: ResourceHeader::default(),
            boot_metadata: ResourceHeader::default(),
            boot_index: 0,
            integrity: ResourceHeader::default(),
            unused: [0; 60],
        }
    }

    /// Stores contents, each one once; gives their hashes in order, zero for
    /// empty ones. Readers are asked for some 16 MB ahead, and dropped as soon
    /// as they were read.
    ///
    /// # Errors
    /// [`Error::Source`] with what `contents` or a reader gave,
    /// [`Error::HashMismatch`] when content is not what it was promised to be,
    /// [`Error::Write`].
    pub fn add_blobs(
        &mut self,
        mut contents: impl Iterator<Item = io::Result<NewBlob>>,
    ) -> Result<Vec<Hash>, Error> {
        self.store.add(&mut contents)
    }

    /// As [`add_blobs`](Self::add_blobs), but nothing is compressed: for content
    /// that would not get shorter, or that has to be found as it is.
    ///
    /// # Errors
    /// As [`add_blobs`](Self::add_blobs).
    pub fn add_stored_blobs(
        &mut self,
        mut contents: impl Iterator<Item = io::Result<NewBlob>>,
    ) -> Result<Vec<Hash>, Error> {
        let stored = Encoders::new(Packing::STORED);
        let encoders = std::mem::replace(&mut self.store.encoders, stored);
        let added = self.store.add(&mut contents);
        self.store.encoders = encoders;
        added
    }

    /// Copies blobs from an archive: as they are stored where they are packed
    /// as this file is, else packed anew.
    ///
    /// # Errors
    /// [`Error::PartMissing`], [`Error::Io`], or as for
    /// [`add_blobs`](Self::add_blobs).
    pub fn copy_blobs(&mut self, archive: &Archive, ids: &[BlobId]) -> Result<(), Error> {
        // Runs of blobs that can be copied, and of those that cannot.
        let mut ids = ids.to_vec();
        ids.sort_by_key(|id| archive.inner().place_of(*id));
        let can_copy = |id: &BlobId| archive.inner().stored_like(*id, &self.options.packing);
        let (copied, packed): (Vec<_>, Vec<_>) = ids.into_iter().partition(can_copy);
        for id in copied {
            self.copy_stored(archive, id)?;
        }
        let contents = packed.into_iter().map(|id| {
            let reader = archive.open_blob(id).map_err(io::Error::from)?;
            Ok(NewBlob {
                hash: Some(reader.hash()),
                source: Box::new(reader),
                base: None,
            })
        });
        self.add_blobs(contents).map(drop)
    }

    /// Copies the stored bytes of a blob.
    fn copy_stored(&mut self, archive: &Archive, id: BlobId) -> Result<(), Error> {
        let Some(blob) = archive.blob(id) else {
            return Ok(());
        };
        if self.store.find(&blob.hash).is_some() {
            return Ok(());
        }
        let reader = archive.open_blob(id)?;
        let at = self.store.space.take(blob.resource.stored_size);
        reader.copy_stored(&*self.store.file, at)?;
        let resource = ResourceHeader {
            offset: at,
            ..blob.resource
        };
        self.store.insert(blob.hash, resource);
        Ok(())
    }

    /// Adds an image. Counts are put into `element`, which else says what its
    /// owner wants to say. Gives the number of the image, from 1 on.
    ///
    /// # Errors
    /// [`Error::NotStored`] when it names content that was not stored, unless
    /// the file is a delta; [`Error::Write`].
    pub fn add_image(&mut self, metadata: Metadata, element: Element) -> Result<u32, Error> {
        self.add_image_from(metadata, element, None)
    }

    /// Adds an image of an archive, `metadata` being its metadata: chunks that
    /// are the same are not compressed again.
    ///
    /// # Errors
    /// As for [`add_image`](Self::add_image), or the archive's metadata cannot
    /// be read.
    pub fn copy_image(
        &mut self,
        archive: &Archive,
        index: u32,
        metadata: Metadata,
        element: Element,
    ) -> Result<u32, Error> {
        let base = ChunkBase::of_metadata(archive, index, None)?;
        self.add_image_from(metadata, element, base)
    }

    fn add_image_from(
        &mut self,
        metadata: Metadata,
        mut element: Element,
        base: Option<ChunkBase>,
    ) -> Result<u32, Error> {
        for (_, dentry) in metadata.walk() {
            for stream in dentry.streams().filter(|stream| !stream.hash.is_zero()) {
                match self.store.find_mut(&stream.hash) {
                    Some(blob) => blob.references += 1,
                    None if self.options.delta => {}
                    None => {
                        return Err(Error::NotStored {
                            hash: stream.hash,
                            at: FileOffset(dentry.id().offset()),
                            name: dentry.name().to_string(),
                        });
                    }
                }
            }
        }
        let size_of = |hash: &Hash| self.store.find(hash).map_or(0, |blob| blob.resource.size);
        ImageCounts::of(&metadata, size_of).write(&mut element);
        let packed = PackedResource::pack(metadata.into_bytes(), base, &self.store.encoders)?;
        let (hash, mut resource) = self.store.add_packed(packed)?;
        resource.flags |= ResourceFlags::METADATA;
        let entry = BlobEntry {
            resource,
            part: 1,
            references: 1,
            hash,
        };
        self.images.push(entry);
        let index = self.images.len() as u32;
        self.xml.set_image(index, element);
        Ok(index)
    }

    /// The XML data, to say more than images do.
    pub fn xml_mut(&mut self) -> &mut WimXml {
        &mut self.xml
    }

    /// Marks an image as the bootable one; 0 for none.
    pub fn set_boot(&mut self, index: u32) {
        self.boot_index = index;
    }

    /// Writes tables, XML data and header, and waits until all of it would
    /// outlive a loss of power. Content that no image names is left out of
    /// the tables, unless there is no image at all.
    ///
    /// # Errors
    /// [`Error::NoSuchImage`] when the bootable image does not exist,
    /// [`Error::Write`], [`Error::Io`].
    pub fn finish(mut self) -> Result<Header, Error> {
        let mut header = self.header();
        if self.boot_index > 0 {
            let image = self.images.get(self.boot_index as usize - 1);
            let image = image.ok_or(Error::NoSuchImage {
                index: self.boot_index,
                count: header.image_count,
            })?;
            header.boot_index = self.boot_index;
            header.boot_metadata = image.resource;
        }
        let all = self.images.is_empty();
        let blobs = self.store.blobs.iter();
        let blobs = blobs.filter(|blob| all || blob.references > 0);
        let blobs = blobs.map(|blob| blob.entry(1));
        let images = self.images.iter().copied();
        let entries: Vec<_> = images.chain(blobs).collect();
        let bytes = blob_table::to_bytes(&entries);
        let table = table_header(&bytes, self.store.space.end(), ResourceFlags::METADATA);
        self.store.write_at("blob table", &bytes, table.offset)?;
        header.blob_table = table;
        let mut identity = Hasher::default();
        identity.update(&bytes);
        let end = table.offset + table.stored_size;
        self.xml.set_total_bytes(end);
        let bytes = self.xml.to_bytes();
        header.xml = table_header(&bytes, end, ResourceFlags::METADATA);
        self.store.write_at("XML data", &bytes, end)?;
        if self.options.guid.is_none() {
            identity.update(&bytes);
            header.guid = guid_of(identity.finish());
        }
        if self.options.integrity {
            let table = IntegrityTable::build(&*self.store.file, end, None, &|_, _| false)?;
            let bytes = table.to_bytes();
            let at = header.xml.offset + header.xml.stored_size;
            header.integrity = table_header(&bytes, at, ResourceFlags::empty());
            self.store.write_at("integrity table", &bytes, at)?;
        }
        self.sync()?;
        self.store.write_at("header", &header.to_bytes(), 0)?;
        self.sync()?;
        Ok(header)
    }

    fn sync(&self) -> Result<(), Error> {
        self.store.file.sync().map_err(|source| Error::Write {
            what: "file",
            at: FileOffset(0),
            source,
        })
    }
}

impl StoredBlob {
    /// Its entry in the blob table of a part.
    pub(crate) fn entry(&self, part: u16) -> BlobEntry {
        BlobEntry {
            resource: self.resource,
            part,
            references: u32::try_from(self.references).unwrap_or(u32::MAX),
            hash: self.hash,
        }
    }
}

/// A GUID from a hash: its first 16 bytes with the bits that mark a version 5
/// (named by SHA-1) and the variant of RFC 9562. GUIDs begin with three little
/// endian fields, so the version is at the top of byte 7.
pub(crate) fn guid_of(hash: Hash) -> [u8; 16] {
    let mut guid = [0; 16];
    for (place, byte) in guid.iter_mut().zip(hash.0) {
        *place = byte;
    }
    let [.., version, variant, _, _, _, _, _, _, _] = &mut guid;
    *version = *version & 0x0F | 0x50;
    *variant = *variant & 0x3F | 0x80;
    guid
}

/// The header of a table that is stored as it is.
pub(crate) fn table_header(bytes: &[u8], at: u64, flags: ResourceFlags) -> ResourceHeader {
    ResourceHeader {
        flags,
        stored_size: bytes.len() as u64,
        offset: at,
        size: bytes.len() as u64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The identity of a file that holds `content` and one image called `name`.
    fn identity(guid: Option<[u8; 16]>, content: &'static [u8], name: &str) -> [u8; 16] {
        let file = Arc::new(tempfile::tempfile().unwrap());
        let options = WriteOptions::new(Packing::STORED, guid);
        let mut writer = WimWriter::create(file, options).unwrap();
        writer
            .add_blobs([Ok(NewBlob::new(content))].into_iter())
            .unwrap();
        let root = crate::metadata::EntryFields {
            attributes: crate::metadata::attribute::DIRECTORY,
            ..Default::default()
        };
        let (builder, _) = crate::metadata::MetadataBuilder::new(&root).unwrap();
        let mut element = Element::new("IMAGE");
        element.set_text("NAME", name);
        writer
            .add_image(builder.finish().unwrap(), element)
            .unwrap();
        writer.finish().unwrap().guid
    }

    #[test]
    fn a_file_without_a_given_identity_gets_one_from_its_content() {
        let derived = identity(None, b"content", "image");
        assert_eq!(derived, identity(None, b"content", "image"));
        assert_ne!(derived, identity(None, b"content", "another"));
        assert_eq!((derived[7] >> 4, derived[8] >> 6), (5, 2));
        let given = *b"0123456789abcdef";
        assert_eq!(identity(Some(given), b"content", "image"), given);
    }
}
