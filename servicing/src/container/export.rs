//! Images copied into a new file, or added to one that exists.
//!
//! Content that the destination packs as the source does is copied as it is
//! stored; other content is packed anew. What the destination has already is
//! not copied at all.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

use wimwright_wim::{
    Archive, BlobReader, ChunkBase, Element, HeaderFlags, Metadata, NewBlob, Packing, ReadAt as _,
    WimWriter, WriteOptions,
};

use super::compression::Compression;
use super::contents::{self, Contents};
use super::meter::{CountedContent, CountedFile};
use super::{ContainerError, Meter, PackingChoice};
use crate::finding::Finding;
use crate::image::Access;
use crate::wim_file::{NewWim, Overwrite, WimFile, WimFileError};

/// How images are exported.
#[derive(Clone, Debug, Default)]
pub struct ExportOptions {
    /// How a new file is packed; a file that exists has to be packed so.
    pub packing: PackingChoice,
    /// Pack content anew even where it is packed as asked for.
    pub recompress: bool,
    /// Whether the image is the bootable one of its new file. Of several that
    /// one is which is in the source.
    pub boot: bool,
    /// Whether the file has an integrity table; a new one has none, and one
    /// that exists keeps what it has, if nothing is said.
    pub check: Option<bool>,
    /// Another name for the image.
    pub name: Option<String>,
    /// Another description.
    pub description: Option<String>,
}

/// What an export did.
#[derive(Clone, Debug)]
pub struct Exported {
    /// Whether the images were added to a file that existed.
    pub appended: bool,
    /// The images.
    pub images: Vec<ExportedImage>,
    /// How the destination is packed.
    pub compression: Compression,
    /// Plain bytes in its chunks; 0 without compression.
    pub chunk_size: u32,
    /// Length of the destination now.
    pub length: u64,
    /// What the user should know.
    pub findings: Vec<Finding>,
}

/// An image that was exported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportedImage {
    /// Its number in the source, from 1 on.
    pub source: u32,
    /// Its number in the destination.
    pub index: u32,
    /// Its name there.
    pub name: Option<String>,
}

/// An image on its way.
struct Outgoing {
    source: u32,
    element: Element,
}

/// Exports `images` (numbers from 1 on) of `source`. A destination that exists
/// gets them added, unless `overwrite` says that a new file takes its place.
///
/// # Errors
/// [`ContainerError`]; the destination is then what it was.
pub fn export(
    source: &WimFile,
    images: &[u32],
    destination: &Path,
    overwrite: Overwrite,
    options: &ExportOptions,
    meter: &Arc<Meter>,
) -> Result<Exported, ContainerError> {
    let outgoing = outgoing(source, images, options)?;
    let boot = boot_of(source, images, options)?;
    let findings: Vec<Finding> = contents::write_in_progress(source).into_iter().collect();
    let append = overwrite == Overwrite::Refuse && exists(destination)?;
    let job = Export {
        source,
        destination,
        images: outgoing,
        boot,
        options,
        meter,
        findings,
    };
    match append {
        true => job.append(),
        false => job.create(overwrite),
    }
}

fn exists(path: &Path) -> Result<bool, ContainerError> {
    match fs::metadata(path) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(ContainerError::host(path)(error)),
    }
}

/// The images with what the XML data are going to say of them.
fn outgoing(
    source: &WimFile,
    images: &[u32],
    options: &ExportOptions,
) -> Result<Vec<Outgoing>, ContainerError> {
    if let Some(name) = &options.name
        && images.len() > 1
    {
        return Err(ContainerError::OneName {
            count: images.len(),
            name: name.clone(),
        });
    }
    let described = images.iter().map(|&image| {
        let mut element = contents::element_of(source.archive(), image);
        if let Some(name) = &options.name {
            contents::set_text(&mut element, "name", "NAME", name)?;
        }
        if let Some(text) = &options.description {
            contents::set_text(&mut element, "description", "DESCRIPTION", text)?;
        }
        Ok(Outgoing {
            source: image,
            element,
        })
    });
    let described: Vec<Outgoing> = described.collect::<Result<_, ContainerError>>()?;
    // Two of the same name would clash in the destination.
    for (number, image) in described.iter().enumerate() {
        let name = image.element.text("NAME").unwrap_or_default();
        let before = described.iter().take(number);
        let mut same =
            before.filter(|other| other.element.text("NAME").unwrap_or_default() == name);
        if let Some(other) = same.next()
            && !name.is_empty()
        {
            return Err(ContainerError::NameTaken {
                file: source.path().to_owned(),
                image: other.source,
                name,
            });
        }
    }
    Ok(described)
}

/// Which of the images (by its place among them) is going to be bootable.
fn boot_of(
    source: &WimFile,
    images: &[u32],
    options: &ExportOptions,
) -> Result<Option<usize>, ContainerError> {
    if !options.boot {
        return Ok(None);
    }
    if images.len() == 1 {
        return Ok(Some(0));
    }
    let bootable = source.archive().header().boot_index;
    let found = images.iter().position(|image| *image == bootable);
    let none = || ContainerError::NoBoot {
        file: source.path().to_owned(),
    };
    found.map(Some).ok_or_else(none)
}

struct Export<'e> {
    source: &'e WimFile,
    destination: &'e Path,
    images: Vec<Outgoing>,
    boot: Option<usize>,
    options: &'e ExportOptions,
    meter: &'e Arc<Meter>,
    findings: Vec<Finding>,
}

impl Export<'_> {
    fn contents(&self) -> Result<Contents, ContainerError> {
        let images: Vec<u32> = self.images.iter().map(|image| image.source).collect();
        contents::of_images(self.source, &images)
    }

    fn metadata(&self, image: u32) -> Result<Metadata, ContainerError> {
        let metadata = self.source.archive().metadata(image);
        metadata.map_err(ContainerError::wim(self.source.path()))
    }

    /// Writes a new file.
    fn create(mut self, overwrite: Overwrite) -> Result<Exported, ContainerError> {
        let archive = self.source.archive().clone();
        let packing = match self.options.packing.packing(archive.header())? {
            Some(packing) => packing,
            None => {
                self.findings.push(Finding::note(
                    "compression",
                    "the source is compressed as LZMS, which this version does not write: the \
                     new file is compressed as LZX",
                ));
                self.options.packing.instead_of_lzms()?
            }
        };
        let contents = self.contents()?;
        let new = NewWim::create(self.destination, overwrite)?;
        let at = ContainerError::wim(self.destination);
        let options = WriteOptions {
            integrity: self.options.check.unwrap_or_default(),
            flags: archive.header().flags & HeaderFlags::REPARSE_FIXED,
            ..WriteOptions::new(packing, None)
        };
        let repacks = repacks(&archive, packing, self.options.recompress);
        let mut writer = match repacks {
            true => WimWriter::create(new.file(), options),
            false => WimWriter::create(CountedFile::over(new.file(), self.meter), options),
        }
        .map_err(&at)?;
        copy_contents(
            &mut writer,
            &archive,
            &contents,
            repacks,
            self.options.recompress,
            self.meter,
        )
        .map_err(&at)?;
        let mut exported = Vec::new();
        for image in std::mem::take(&mut self.images) {
            let name = image.element.text("NAME");
            let metadata = self.metadata(image.source)?;
            let index = writer.copy_image(&archive, image.source, metadata, image.element);
            exported.push(ExportedImage {
                source: image.source,
                index: index.map_err(&at)?,
                name,
            });
        }
        if let Some(boot) = self.boot.and_then(|boot| exported.get(boot)) {
            writer.set_boot(boot.index);
        }
        writer.finish().map_err(&at)?;
        let length = new.reader().len();
        let length = length.map_err(ContainerError::host(self.destination))?;
        new.finish()?;
        Ok(Exported {
            appended: false,
            images: exported,
            compression: Compression::of(packing.codec),
            chunk_size: packing.chunk_size,
            length,
            findings: self.findings,
        })
    }

    /// Adds the images to a file that exists.
    fn append(mut self) -> Result<Exported, ContainerError> {
        let path = self.destination;
        let destination = match WimFile::open(path, &[], Access::Write) {
            Err(WimFileError::Wim {
                source:
                    wimwright_wim::Error::NotAWim { .. } | wimwright_wim::Error::HeaderCut { .. },
                ..
            }) => {
                let path = path.to_owned();
                return Err(ContainerError::NotAWim { path });
            }
            opened => opened?,
        };
        let header = destination.archive().header().clone();
        self.check_packing(destination.archive())?;
        for image in &self.images {
            let name = image.element.text("NAME").unwrap_or_default();
            contents::check_name(path, destination.archive(), &name, None)?;
        }
        let archive = self.source.archive().clone();
        let contents = self.contents()?;
        self.meter.begin(contents.bytes);
        let mut update = destination.update()?;
        if !update.compresses() && header.codec().is_some() {
            self.findings.push(Finding::note(
                "compression",
                format!(
                    "`{}` is compressed as LZMS, which this version does not write: what is added \
                     to it is stored as it is",
                    path.display()
                ),
            ));
        }
        let from = ContainerError::wim(self.source.path());
        let at = ContainerError::wim(path);
        for id in contents.blobs {
            let reader = archive.open_blob(id).map_err(&from)?;
            let size = reader.size();
            let known = destination.archive().find(&reader.hash());
            if known.is_some() {
                self.meter.add(size);
            }
            let blob = new_blob(reader, self.options.recompress, self.meter);
            update.add_blob(blob).map_err(&at)?;
        }
        let mut exported = Vec::new();
        for image in std::mem::take(&mut self.images) {
            let name = image.element.text("NAME");
            let metadata = self.metadata(image.source)?;
            let index = update.copy_image(&archive, image.source, metadata, image.element);
            exported.push(ExportedImage {
                source: image.source,
                index: index.map_err(&at)?,
                name,
            });
        }
        if let Some(boot) = self.boot.and_then(|boot| exported.get(boot)) {
            update.set_boot(boot.index).map_err(&at)?;
        }
        if let Some(check) = self.options.check {
            update.set_integrity(check);
        }
        let done = update.commit().map_err(&at)?;
        Ok(Exported {
            appended: true,
            images: exported,
            compression: Compression::of(header.codec()),
            chunk_size: header.chunk_size,
            length: done.length_after,
            findings: self.findings,
        })
    }

    /// What is asked for has to be what the destination is.
    fn check_packing(&self, destination: &Archive) -> Result<(), ContainerError> {
        let header = destination.header();
        let has = Compression::of(header.codec());
        let asked = self.options.packing;
        let same = asked.compression.is_none_or(|asked| asked == has)
            && asked
                .chunk_size
                .is_none_or(|asked| asked == header.chunk_size);
        if same {
            return Ok(());
        }
        let words = |compression: Compression, chunk_size: Option<u32>| match chunk_size {
            Some(size) if size > 0 => format!("{compression} with chunks of {size} bytes"),
            _ => compression.to_string(),
        };
        Err(ContainerError::PackedOtherwise {
            file: self.destination.to_owned(),
            has: words(has, Some(header.chunk_size)),
            asked: words(asked.compression.unwrap_or(has), asked.chunk_size),
        })
    }
}

/// Whether content is packed anew rather than copied.
pub(super) fn repacks(archive: &Archive, packing: Packing, recompress: bool) -> bool {
    let header = archive.header();
    let same = header.codec() == packing.codec
        && (packing.codec.is_none() || header.chunk_size == packing.chunk_size);
    let has_solid = archive.blobs().any(|blob| blob.solid.is_some());
    recompress || !same || has_solid
}

/// Stores content of an archive in a new file. `writer` counts what is written
/// to it where nothing is packed anew; else reads are counted.
pub(super) fn copy_contents(
    writer: &mut WimWriter,
    archive: &Archive,
    contents: &Contents,
    repacks: bool,
    recompress: bool,
    meter: &Arc<Meter>,
) -> Result<(), wimwright_wim::Error> {
    if !repacks {
        let stored = contents.blobs.iter().filter_map(|id| archive.blob(*id));
        let stored = stored.map(|blob| blob.resource.stored_size);
        meter.begin(stored.fold(0, u64::saturating_add));
        return writer.copy_blobs(archive, &contents.blobs);
    }
    meter.begin(contents.bytes);
    let mut blobs = contents.blobs.clone();
    // As they lie: files are read from front to back, solid chunks once.
    blobs.sort_by_key(|id| {
        let blob = archive.blob(*id);
        blob.map(|blob| {
            let solid = blob.solid.map(|solid| solid.offset);
            (blob.part, solid, blob.resource.offset)
        })
    });
    let contents = blobs.into_iter().map(|id| {
        let reader = archive.open_blob(id).map_err(io::Error::from)?;
        Ok(new_blob(reader, recompress, meter))
    });
    writer.add_blobs(contents).map(drop)
}

/// Content of an archive for another file; its compressed chunks are used
/// again where they fit.
fn new_blob(reader: BlobReader, recompress: bool, meter: &Arc<Meter>) -> NewBlob {
    NewBlob {
        hash: Some(reader.hash()),
        base: match recompress {
            true => None,
            // Unchanged from the first byte to the last.
            false => ChunkBase::of_blob(&reader, Some(Vec::new())),
        },
        source: Box::new(CountedContent::new(reader, meter)),
    }
}
