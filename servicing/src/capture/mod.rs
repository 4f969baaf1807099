//! Capture: a host directory becomes an image of a WIM file.
//!
//! | step | file |
//! |---|---|
//! | list the tree in NT's order, without what is left out | `scan`, `exclusions`, `host` |
//! | what Windows knows of its files: links, a mounted NTFS volume, the sidecar of an apply | `link`, `ntfs`, `applied` |
//! | read each content once, and store it | `contents`, `store` |
//! | metadata, and what the XML data say | `image`, `windows_block` |
//!
//! Where the metadata come from, in this order:
//! 1. A **mounted NTFS volume** tells them itself (ntfs-3g: all; ntfs3:
//!    attributes, security and times).
//! 2. The **sidecar** that `apply` wrote into the root of the tree tells them
//!    of everything that was applied.
//! 3. **Plain files of Linux** get the attribute `ARCHIVE` (directories theirs),
//!    their own times, and no security descriptor, as wimlib captures them:
//!    what has none inherits its directory's when it is applied.
//!
//! The result depends on nothing but the tree and the options: not on the order
//! in which the host lists directories, nor on the number of threads. With
//! [`CaptureOptions::reproducible`] it does not depend on when the tree was
//! copied or read either.

mod applied;
mod contents;
mod entries;
mod error;
mod exclusions;
mod host;
mod image;
mod link;
mod notes;
mod ntfs;
mod scan;
mod store;
mod windows_block;

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::Arc;

pub use error::CaptureError;
pub use exclusions::{ExclusionError, Exclusions};
use store::Destination;
use wimwright_hive::FileTime;
use wimwright_wim::{Element, HeaderFlags, Packing, WimWriter, WriteOptions};

use crate::backend::DirectoryBackend;
use crate::finding::Finding;
use crate::image::Access;
use crate::time;
use crate::wim_file::{NewWim, Overwrite, WimFile, WimFileError};

/// A file of the host, whatever its names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FileId {
    device: u64,
    inode: u64,
}

impl FileId {
    /// The file that `metadata` describes.
    fn of(metadata: &fs::Metadata) -> FileId {
        // As statx gives the number's halves.
        let device = metadata.dev();
        let (major, minor) = (rustix::fs::major(device), rustix::fs::minor(device));
        FileId {
            device: u64::from(major) << 32 | u64::from(minor),
            inode: metadata.ino(),
        }
    }
}

/// How a tree is captured.
#[derive(Clone, Debug, Default)]
pub struct CaptureOptions {
    /// What is left out.
    pub exclusions: Exclusions,
    /// Absolute links into the tree are told from its root, so that they lead
    /// to the same place wherever the image is applied.
    pub fix_links: bool,
    /// Times that a copy of the tree does not share, of birth and of reading,
    /// are replaced by that of the last write.
    pub reproducible: bool,
}

/// What the XML data say of an image beside what is found in it.
#[derive(Clone, Debug)]
pub struct ImageDescription {
    /// Its name.
    pub name: String,
    /// Its description.
    pub description: Option<String>,
    /// Its edition, like `Professional`; Windows Setup asks for it.
    pub flags: Option<String>,
    /// When it was made.
    pub time: FileTime,
}

impl ImageDescription {
    fn element(&self) -> Element {
        let mut element = Element::new("IMAGE");
        element.set_text("NAME", &self.name);
        if let Some(description) = &self.description {
            element.set_text("DESCRIPTION", description);
        }
        if let Some(flags) = &self.flags {
            element.set_text("FLAGS", flags);
        }
        let time = time::to_wim(self.time);
        element.set_time("CREATIONTIME", time);
        element.set_time("LASTMODIFICATIONTIME", time);
        element
    }
}

/// What a new WIM file is like.
#[derive(Clone, Copy, Debug)]
pub struct NewFile {
    /// How its contents are stored.
    pub packing: Packing,
    /// What becomes of a file of that name.
    pub overwrite: Overwrite,
    /// Whether it gets an integrity table.
    pub integrity: bool,
}

/// A captured image.
#[derive(Clone, Debug)]
pub struct Captured {
    /// Its number in the file, from 1 on.
    pub index: u32,
    /// Its name.
    pub name: String,
    /// Directories, the root included; a link to one is none.
    pub directories: u64,
    /// All else, each hard link by itself.
    pub files: u64,
    /// Bytes that were read, each file once.
    pub bytes: u64,
    /// Length of the WIM file now, in bytes.
    pub wim_len: u64,
    /// Entries that the exclusions leave out.
    pub excluded: u64,
    /// Entries that could not be captured, or not with all they hold; the
    /// findings name them.
    pub lost: u64,
    /// What the user should know.
    pub findings: Vec<Finding>,
}

/// Captures `directory` into a new WIM file at `wim`, which is there when it is
/// complete, or not at all. `progress` is told how many bytes of how many were
/// read.
///
/// # Errors
/// [`CaptureError`]; nothing is written then.
pub fn capture(
    directory: &Path,
    wim: &Path,
    file: &NewFile,
    image: &ImageDescription,
    boot: bool,
    options: &CaptureOptions,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Captured, CaptureError> {
    let new = NewWim::create(wim, file.overwrite)?;
    let mut leave_out = vec![identity(wim, &new.reader())?];
    // The one that is going to be replaced.
    leave_out.extend(fs::metadata(wim).ok().as_ref().map(FileId::of));
    let failed = |error| CaptureError::wim(wim, error);
    let mut flags = HeaderFlags::empty();
    if options.fix_links {
        flags |= HeaderFlags::REPARSE_FIXED;
    }
    let write_options = WriteOptions {
        integrity: file.integrity,
        flags,
        ..WriteOptions::new(file.packing, None)
    };
    let mut writer = WimWriter::create(new.file(), write_options).map_err(failed)?;
    let mut captured = store_image(
        directory,
        wim,
        &mut writer,
        image,
        options,
        &leave_out,
        progress,
    )?;
    if boot {
        writer.set_boot(captured.index);
    }
    writer.finish().map_err(failed)?;
    captured.wim_len = length(wim, &new.reader())?;
    new.finish()?;
    Ok(captured)
}

/// Captures `directory` as a further image of the WIM file at `wim`, in place:
/// at every moment the file is the old one or the new one. Absolute links are
/// told from the tree's root where the file says that its other images are.
///
/// # Errors
/// [`CaptureError`]; the file is as it was then.
pub fn append(
    directory: &Path,
    wim: &Path,
    image: &ImageDescription,
    boot: bool,
    options: &CaptureOptions,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Captured, CaptureError> {
    let failed = |error| CaptureError::wim(wim, error);
    let file = WimFile::open(wim, &[], Access::Write)?;
    let archive = file.archive();
    for index in 1..=archive.image_count() {
        let name = archive
            .xml()
            .image(index)
            .and_then(|image| image.text("NAME"));
        if name.is_some_and(|name| name.to_lowercase() == image.name.to_lowercase()) {
            return Err(CaptureError::NameTaken {
                file: wim.to_owned(),
                name: image.name.clone(),
                index,
            });
        }
    }
    let metadata = fs::metadata(wim).map_err(|error| WimFileError::host(wim, error))?;
    let options = CaptureOptions {
        fix_links: archive.header().flags.contains(HeaderFlags::REPARSE_FIXED),
        ..options.clone()
    };
    let mut update = file.update()?;
    let leave_out = [FileId::of(&metadata)];
    let mut captured = store_image(
        directory,
        wim,
        &mut update,
        image,
        &options,
        &leave_out,
        progress,
    )?;
    if boot {
        update.set_boot(captured.index).map_err(failed)?;
    }
    let committed = update.commit().map_err(failed)?;
    captured.wim_len = committed.length_after;
    Ok(captured)
}

/// Lists a tree, stores its contents, and adds its image.
fn store_image(
    directory: &Path,
    wim: &Path,
    to: &mut dyn Destination,
    image: &ImageDescription,
    options: &CaptureOptions,
    leave_out: &[FileId],
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Captured, CaptureError> {
    let failed = |error| CaptureError::wim(wim, error);
    // A commit to the tree that was interrupted is finished or undone first.
    let backend = DirectoryBackend::open(directory)?;
    let mut scan = scan::scan(directory, options, leave_out)?;
    let mut notes = std::mem::take(&mut scan.notes);
    if scan.entries.count() == 1 {
        notes.nothing_captured();
    }
    let mut element = image.element();
    match windows_block::windows_block(backend.tree().as_ref()) {
        Ok(Some(block)) => element.push(block),
        Ok(None) => {}
        Err(error) => notes.windows_unknown(&error),
    }
    drop(backend);
    let scan = Arc::new(scan);
    let (hashes, bytes) = contents::store(&scan, to, progress).map_err(failed)?;
    let metadata = image::metadata(&scan, &hashes, &mut notes).map_err(failed)?;
    drop((scan, hashes));
    let (directories, files) = counts(&metadata);
    let index = to.add_image(metadata, element).map_err(failed)?;
    Ok(Captured {
        index,
        name: image.name.clone(),
        directories,
        files,
        bytes,
        wim_len: 0,
        excluded: notes.excluded,
        lost: notes.lost,
        findings: notes.into_findings(),
    })
}

fn identity(wim: &Path, file: &File) -> Result<FileId, WimFileError> {
    let metadata = file.metadata();
    let metadata = metadata.map_err(|error| WimFileError::host(wim, error))?;
    Ok(FileId::of(&metadata))
}

fn length(wim: &Path, file: &File) -> Result<u64, WimFileError> {
    let metadata: io::Result<fs::Metadata> = file.metadata();
    let metadata = metadata.map_err(|error| WimFileError::host(wim, error))?;
    Ok(metadata.len())
}

/// Directories, and all else, links to directories included.
fn counts(metadata: &wimwright_wim::Metadata) -> (u64, u64) {
    let directories = metadata
        .walk()
        .filter(|(_, entry)| entry.is_directory() && !entry.is_reparse_point());
    let directories = directories.count() as u64;
    (directories, metadata.dentry_count() - directories)
}
