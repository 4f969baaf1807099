//! A file changed in place: what stays is not touched, and at every moment
//! the file is the old one or the new one.
//!
//! An [`Update`] is prepared without touching the file; [`Update::commit`]
//! then writes, each step synced before the next:
//!
//! 1. Where the file has an integrity table and holes are going to be filled:
//!    a header without the table, which covers holes too. A cut from here on
//!    leaves the old images without their table.
//! 2. Blobs and metadata into holes or at the end; then, behind all data, blob
//!    table and XML data. Nothing that the old header names is overwritten.
//! 3. The header.
//! 4. Where it pays: the last resources, blob table and XML data once more, into
//!    what only the old header named; then the header again.
//! 5. The new integrity table, and the header that names it.
//!
//! Only then is the file cut behind what is used.

mod nearer;
mod references;
mod steps;
mod table;

use std::collections::HashMap;
use std::io;
use std::sync::Arc;

pub use steps::Committed;

use crate::archive::{Archive, Place};
use crate::blob_table::BlobEntry;
use crate::chunk_reuse::ChunkBase;
use crate::compress::{Encoder, Level};
use crate::error::{Error, FileOffset};
use crate::hash::{Hash, Hasher};
use crate::header::{HEADER_LEN, Header, HeaderFlags};
use crate::metadata::{ImageCounts, Metadata};
use crate::storage::{ReadAt, WriteAt};
use crate::write::{Encoders, NewBlob, PackedResource, Packing};
use crate::xml::{Element, FileTime, WimXml};
pub(crate) use references::ImageReferences;

/// How a file may be changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct UpdateOptions {
    /// Write only behind the end: somebody else is reading the file.
    pub append_only: bool,
    /// Go on although the header says that a write is in progress. Sound
    /// where the file verifies: whoever it was did not come to its end.
    pub take_over: bool,
    /// How hard the encoder works.
    pub level: Level,
}

/// An image as it is going to be.
enum UpdateImage {
    /// As it is: its entry and its number in the file.
    Kept { entry: BlobEntry, index: u32 },
    /// With other metadata, ready to be written.
    New {
        packed: PackedResource,
        references: ImageReferences,
    },
}

/// Content that is going to be stored.
struct Added {
    blob: NewBlob,
    size: u64,
}

/// Changes to a file, prepared and not yet written. Dropping it changes
/// nothing.
#[must_use = "nothing is written before `commit`"]
pub struct Update {
    archive: Archive,
    file: Arc<dyn WriteAt>,
    /// The header as it was read.
    old: Header,
    boot_index: u32,
    /// Whether an integrity table is written.
    integrity: bool,
    xml: WimXml,
    images: Vec<UpdateImage>,
    /// In the order in which it came.
    added: Vec<Added>,
    by_hash: HashMap<Hash, usize>,
    encoders: Encoders,
    options: UpdateOptions,
}

impl Update {
    /// Begins to change the first file of `archive`, which `file` writes.
    ///
    /// # Errors
    /// [`Error::ReadOnly`], [`Error::WriteInProgress`],
    /// [`Error::UpdateOfPart`], [`Error::Changed`] when `file` is no longer
    /// what was opened.
    pub fn begin(
        archive: &Archive,
        file: Arc<dyn WriteAt>,
        options: UpdateOptions,
    ) -> Result<Update, Error> {
        let header = archive.header().clone();
        if header.flags.contains(HeaderFlags::READ_ONLY) {
            return Err(Error::ReadOnly);
        }
        if header.flags.contains(HeaderFlags::WRITE_IN_PROGRESS) && !options.take_over {
            return Err(Error::WriteInProgress);
        }
        if header.parts > 1 {
            return Err(Error::UpdateOfPart {
                part: header.part,
                parts: header.parts,
            });
        }
        let images = &archive.inner().images;
        let images = (1..).zip(images).map(|(index, image)| UpdateImage::Kept {
            entry: *image,
            index,
        });
        let update = Update {
            images: images.collect(),
            boot_index: header.boot_index,
            integrity: !header.integrity.is_absent(),
            xml: archive.xml().clone(),
            added: Vec::new(),
            by_hash: HashMap::new(),
            encoders: Encoders::new(packing(&header, options.level)),
            archive: archive.clone(),
            old: header,
            file,
            options,
        };
        update.check_unchanged()?;
        Ok(update)
    }

    /// Compares the header with the one that was opened.
    fn check_unchanged(&self) -> Result<(), Error> {
        let mut bytes = [0; HEADER_LEN];
        self.file
            .read_exact_at(&mut bytes, 0)
            .map_err(|source| Error::io("header", FileOffset(0), source))?;
        match bytes == self.old.to_bytes() {
            true => Ok(()),
            false => Err(Error::Changed),
        }
    }

    /// Whether new content is compressed. It is not where the file's codec
    /// can only be read.
    pub fn compresses(&self) -> bool {
        self.encoders.packing.codec.is_some()
    }

    /// Takes content that is going to be stored, unless the archive has it;
    /// gives its hash, zero for none. Where the hash is not known, the content
    /// is read for it; it is read again in [`commit`](Update::commit).
    ///
    /// # Errors
    /// [`Error::Source`].
    pub fn add_blob(&mut self, mut blob: NewBlob) -> Result<Hash, Error> {
        let source = |source| Error::Source { source };
        let size = blob.source.len().map_err(source)?;
        if size == 0 {
            return Ok(Hash::ZERO);
        }
        let hash = match blob.hash {
            Some(hash) => hash,
            None => hash_of(&*blob.source, size).map_err(source)?,
        };
        if self.size_of(&hash).is_none() {
            blob.hash = Some(hash);
            self.by_hash.insert(hash, self.added.len());
            self.added.push(Added { blob, size });
        }
        Ok(hash)
    }

    /// Length of content that the archive has, or is going to have.
    fn size_of(&self, hash: &Hash) -> Option<u64> {
        if let Some(added) = self.by_hash.get(hash) {
            return self.added.get(*added).map(|added| added.size);
        }
        let inner = self.archive.inner();
        let blob = inner.blobs.get(inner.blobs.find(hash)?)?;
        (blob.place != Place::Missing).then_some(blob.resource.size)
    }

    /// Gives an image other metadata. All content has to be there or added
    /// before; what the image could not find before may stay missing. Counts
    /// in the XML data follow.
    ///
    /// `base` says which chunks of the old metadata can be used again; without
    /// it all are compressed anew.
    ///
    /// # Errors
    /// [`Error::NoSuchImage`], [`Error::NotStored`].
    pub fn set_metadata(
        &mut self,
        index: u32,
        metadata: Metadata,
        base: Option<ChunkBase>,
        modified: FileTime,
    ) -> Result<(), Error> {
        let kept = match self.image(index)? {
            UpdateImage::Kept { index, .. } => Some(*index),
            UpdateImage::New { .. } => None,
        };
        let references = ImageReferences::of(&metadata);
        self.check_stored(&metadata, kept)?;
        let mut element = self.xml.image_or_new(index).clone();
        self.counts(&metadata).write(&mut element);
        element.set_time("LASTMODIFICATIONTIME", modified);
        self.xml.set_image(index, element);
        let packed = PackedResource::pack(metadata.into_bytes(), base, &self.encoders)?;
        if let Some(image) = self.images.get_mut(index as usize - 1) {
            *image = UpdateImage::New { packed, references };
        }
        Ok(())
    }

    /// Adds an image behind the others; gives its number.
    ///
    /// # Errors
    /// [`Error::NotStored`].
    pub fn add_image(&mut self, metadata: Metadata, element: Element) -> Result<u32, Error> {
        self.add_image_from(metadata, element, None)
    }

    /// Adds an image of another archive, `metadata` being its metadata: chunks
    /// that are the same are not compressed again.
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
        self.check_stored(&metadata, None)?;
        let references = ImageReferences::of(&metadata);
        self.counts(&metadata).write(&mut element);
        let packed = PackedResource::pack(metadata.into_bytes(), base, &self.encoders)?;
        self.images.push(UpdateImage::New { packed, references });
        let index = self.images.len() as u32;
        self.xml.set_image(index, element);
        Ok(index)
    }

    /// Removes an image; those behind it move up. If it was the bootable one,
    /// none is from now on.
    ///
    /// # Errors
    /// [`Error::NoSuchImage`].
    pub fn remove_image(&mut self, index: u32) -> Result<(), Error> {
        self.image(index)?;
        self.images.remove(index as usize - 1);
        self.xml.remove_image(index);
        self.boot_index = match self.boot_index {
            boot if boot == index => 0,
            boot if boot > index => boot - 1,
            boot => boot,
        };
        Ok(())
    }

    /// The XML data, to edit. Images are added and removed by the methods
    /// above.
    pub fn xml_mut(&mut self) -> &mut WimXml {
        &mut self.xml
    }

    /// Whether the file has an integrity table from now on; as before if
    /// nothing is said.
    pub fn set_integrity(&mut self, integrity: bool) {
        self.integrity = integrity;
    }

    /// Marks an image as the bootable one; 0 for none.
    ///
    /// # Errors
    /// [`Error::NoSuchImage`].
    pub fn set_boot(&mut self, index: u32) -> Result<(), Error> {
        if index > 0 {
            self.image(index)?;
        }
        self.boot_index = index;
        Ok(())
    }

    fn image(&self, index: u32) -> Result<&UpdateImage, Error> {
        let at = index.checked_sub(1);
        at.and_then(|at| self.images.get(at as usize))
            .ok_or(Error::NoSuchImage {
                index,
                count: self.images.len() as u32,
            })
    }

    fn counts(&self, metadata: &Metadata) -> ImageCounts {
        ImageCounts::of(metadata, |hash| self.size_of(hash).unwrap_or_default())
    }

    /// Checks that all content is there; what `kept`, the image as it is,
    /// lacks, may be missing.
    fn check_stored(&self, metadata: &Metadata, kept: Option<u32>) -> Result<(), Error> {
        let mut lacking = None;
        for (_, dentry) in metadata.walk() {
            for stream in dentry.streams().filter(|stream| !stream.hash.is_zero()) {
                if self.size_of(&stream.hash).is_some() {
                    continue;
                }
                let known = match (&lacking, kept) {
                    (Some(known), _) => known,
                    (None, Some(kept)) => {
                        let old = self.archive.metadata(kept)?;
                        lacking.insert(ImageReferences::of(&old))
                    }
                    (None, None) => lacking.insert(ImageReferences::default()),
                };
                if !known.contains(&stream.hash) {
                    return Err(Error::NotStored {
                        hash: stream.hash,
                        at: FileOffset(dentry.id().offset()),
                        name: dentry.name().to_string(),
                    });
                }
            }
        }
        Ok(())
    }
}

/// As the file is packed, or as it is where its codec is only read.
pub(crate) fn packing(header: &Header, level: Level) -> Packing {
    let packing = Packing {
        codec: header.codec(),
        chunk_size: header.chunk_size,
        level,
    };
    let can_write = packing
        .codec
        .is_none_or(|codec| Encoder::new(codec, packing.chunk_size, level).is_ok());
    match can_write {
        true => packing,
        false => Packing::STORED,
    }
}

fn hash_of(source: &dyn ReadAt, size: u64) -> io::Result<Hash> {
    const PIECE: u64 = 1 << 20;
    let mut hasher = Hasher::default();
    let mut buffer = vec![0; size.min(PIECE) as usize];
    let mut at = 0;
    while at < size {
        let part = buffer.get_mut(..(size - at).min(PIECE) as usize);
        let part = part.unwrap_or_default();
        source.read_exact_at(part, at)?;
        hasher.update(part);
        at += part.len() as u64;
    }
    Ok(hasher.finish())
}
