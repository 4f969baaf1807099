//! A file written anew: without holes, metadata in order, and packed in
//! another way if that is asked for.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use wimwright_wim::{
    CompactOptions, HeaderFlags, Packing, ReadAt, WimWriter, WriteOptions, compact,
};

use super::compression::Compression;
use super::contents::{Contents, check_changeable, element_of};
use super::export::{copy_contents, repacks};
use super::meter::CountedFile;
use super::{ContainerError, Meter, PackingChoice};
use crate::image::Access;
use crate::wim_file::{NewWim, Overwrite, WimFile};

/// How a file is optimized.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OptimizeOptions {
    /// How it is packed; as before, if nothing is said.
    pub packing: PackingChoice,
    /// Pack everything anew, even where the packing stays.
    pub recompress: bool,
    /// Whether it has an integrity table; as before, if nothing is said.
    pub check: Option<bool>,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Optimized {
    /// Whether the file is another one now.
    pub changed: bool,
    /// Length of the file before, in bytes.
    pub length_before: u64,
    /// Its length now.
    pub length: u64,
    /// How it is packed.
    pub compression: Compression,
    /// Plain bytes in its chunks; 0 without compression.
    pub chunk_size: u32,
}

/// Optimizes the file `path`: a new one is written beside it and takes its
/// place. Images, their order, identity and XML data stay; content that no
/// image names goes. A file that is so already stays as it is, byte for byte.
///
/// # Errors
/// [`ContainerError::Lzms`] when it would have to be written,
/// [`ContainerError::File`].
pub fn optimize(
    path: &Path,
    options: &OptimizeOptions,
    meter: &Arc<Meter>,
) -> Result<Optimized, ContainerError> {
    let wim = WimFile::open(path, &[], Access::Write)?;
    check_changeable(&wim)?;
    let archive = wim.archive();
    let header = archive.header();
    let host = ContainerError::host(path);
    let at = ContainerError::wim(path);
    let length_before = std::fs::metadata(path).map_err(&host)?.len();
    let integrity = options.check.unwrap_or(!header.integrity.is_absent());
    let asked = options.packing != PackingChoice::default() || options.recompress;
    let packing = match asked {
        true => options.packing.packing(header)?,
        false => None,
    };
    let packing = match packing {
        Some(packing) if repacks(archive, packing, options.recompress) => Some(packing),
        None if asked => return Err(ContainerError::Lzms),
        _ => None,
    };
    let same = Optimized {
        changed: false,
        length_before,
        length: length_before,
        compression: Compression::of(header.codec()),
        chunk_size: match header.codec() {
            Some(_) => header.chunk_size,
            None => 0,
        },
    };
    let as_before = integrity != header.integrity.is_absent();
    if packing.is_none() && as_before && is_compact(&wim)? {
        return Ok(same);
    }
    let new = NewWim::create(path, Overwrite::Replace)?;
    let (compression, chunk_size) = match packing {
        Some(packing) => {
            repack(&wim, packing, &new, options.recompress, integrity, meter)?;
            (Compression::of(packing.codec), packing.chunk_size)
        }
        None => {
            meter.begin(length_before - archive.unused_bytes().min(length_before));
            let mut options = CompactOptions::default();
            (options.integrity, options.tree_order) = (integrity, true);
            compact(archive, CountedFile::over(new.file(), meter), options).map_err(&at)?;
            (same.compression, same.chunk_size)
        }
    };
    let length = new.reader().len().map_err(&host)?;
    let old = File::open(path).map_err(&host)?;
    if length == length_before && is_same(&old, &new.reader(), length).map_err(&host)? {
        return Ok(same);
    }
    new.finish()?;
    Ok(Optimized {
        changed: true,
        length_before,
        length,
        compression,
        chunk_size,
    })
}

/// Whether nothing would be gained: no byte is unused, every blob is named by
/// an image, and all metadata are in tree order.
fn is_compact(wim: &WimFile) -> Result<bool, ContainerError> {
    let archive = wim.archive();
    if archive.unused_bytes() > 0 {
        return Ok(false);
    }
    let at = ContainerError::wim(wim.path());
    let mut contents = Contents::default();
    for image in 1..=archive.image_count() {
        let metadata = archive.metadata(image).map_err(&at)?;
        contents.add(archive, &metadata, |_, _| Ok(()))?;
        let ordered = metadata.in_tree_order().map_err(&at)?;
        if ordered.bytes() != metadata.bytes() {
            return Ok(false);
        }
    }
    Ok(
        archive.image_count() == 0
            || contents.blobs.len() as u64 == u64::from(archive.blob_count()),
    )
}

/// Writes everything packed in this way.
fn repack(
    wim: &WimFile,
    packing: Packing,
    new: &NewWim,
    recompress: bool,
    integrity: bool,
    meter: &Arc<Meter>,
) -> Result<(), ContainerError> {
    let archive = wim.archive();
    let at = ContainerError::wim(wim.path());
    let mut contents = Contents::default();
    let mut is_delta = false;
    for image in 1..=archive.image_count() {
        let metadata = archive.metadata(image).map_err(&at)?;
        contents.add(archive, &metadata, |_, _| {
            // What is not here stays named and missing.
            is_delta = true;
            Ok(())
        })?;
    }
    let header = archive.header();
    let follow_from_packing = HeaderFlags::COMPRESSED
        | HeaderFlags::XPRESS
        | HeaderFlags::XPRESS2
        | HeaderFlags::LZX
        | HeaderFlags::LZMS;
    let options = WriteOptions {
        integrity,
        delta: is_delta,
        flags: header.flags - follow_from_packing,
        ..WriteOptions::new(packing, header.guid)
    };
    let mut writer = WimWriter::create(new.file(), options).map_err(&at)?;
    *writer.xml_mut() = archive.xml().clone();
    copy_contents(&mut writer, archive, &contents, true, recompress, meter).map_err(&at)?;
    for image in 1..=archive.image_count() {
        let metadata = archive
            .metadata(image)
            .and_then(|found| found.in_tree_order());
        let element = element_of(archive, image);
        writer
            .add_image(metadata.map_err(&at)?, element)
            .map_err(&at)?;
    }
    writer.set_boot(header.boot_index.min(archive.image_count()));
    writer.finish().map_err(&at)?;
    Ok(())
}

/// Whether two files of this length have the same bytes.
fn is_same(left: &File, right: &File, length: u64) -> std::io::Result<bool> {
    const STEP: u64 = 1 << 20;
    let step = length.min(STEP) as usize;
    let (mut one, mut other) = (vec![0; step], vec![0; step]);
    let mut at = 0;
    while at < length {
        let part = (length - at).min(STEP) as usize;
        let (one, other) = match (one.get_mut(..part), other.get_mut(..part)) {
            (Some(one), Some(other)) => (one, other),
            _ => return Ok(false),
        };
        left.read_exact_at(one, at)?;
        right.read_exact_at(other, at)?;
        if one != other {
            return Ok(false);
        }
        at += part as u64;
    }
    Ok(true)
}
