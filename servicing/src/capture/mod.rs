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

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::Arc;

pub use error::CaptureError;
pub use exclusions::{ExclusionError, Exclusions};
use store::Destination;
use wimwright_hive::FileTime;
use wimwright_wim::metadata::attribute;
use wimwright_wim::{Element, HeaderFlags, Metadata, Packing, WimWriter, WriteOptions};

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
    /// Its name; `None` takes that of the directory, with a number behind it
    /// where the file has an image of that name.
    pub name: Option<String>,
    /// Its description.
    pub description: Option<String>,
    /// Its edition, like `Professional`; Windows Setup asks for it.
    pub flags: Option<String>,
    /// Whether it becomes the one that boots from the file.
    pub boot: bool,
    /// When it was made.
    pub time: FileTime,
}

impl ImageDescription {
    fn element(&self, name: &str) -> Element {
        let mut element = Element::new("IMAGE");
        element.set_text("NAME", name);
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

/// What would be captured.
#[derive(Clone, Debug)]
pub struct Preview {
    /// Directories, the root included; a link to one is none.
    pub directories: u64,
    /// All else, each hard link by itself.
    pub files: u64,
    /// Bytes that would be read, each file once.
    pub bytes: u64,
    /// Entries that the exclusions leave out.
    pub excluded: u64,
    /// Entries that could not be captured.
    pub lost: u64,
    /// What the user should know.
    pub findings: Vec<Finding>,
}

/// Looks at what a capture of `directory` to `wim` would take; nothing is
/// written, and no content is read.
///
/// # Errors
/// [`CaptureError`].
pub fn preview(
    directory: &Path,
    wim: &Path,
    options: &CaptureOptions,
) -> Result<Preview, CaptureError> {
    let _backend = DirectoryBackend::open(directory)?;
    let there = fs::metadata(wim).ok();
    let leave_out: Vec<FileId> = there.iter().map(FileId::of).collect();
    let scan = scan::scan(directory, options, &leave_out)?;
    let is_directory = |attributes: u32| {
        attributes & (attribute::DIRECTORY | attribute::REPARSE_POINT) == attribute::DIRECTORY
    };
    let entries = scan.entries.iter();
    let directories = entries.filter(|(_, entry)| is_directory(entry.attributes));
    let directories = directories.count() as u64;
    Ok(Preview {
        directories,
        files: u64::from(scan.entries.count()) - directories,
        bytes: contents::bytes(&scan),
        excluded: scan.notes.excluded,
        lost: scan.notes.lost,
        findings: scan.notes.into_findings(),
    })
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
    options: &CaptureOptions,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Captured, CaptureError> {
    let new = NewWim::create(wim, file.overwrite)?;
    let written = new.reader().metadata();
    let written = written.map_err(|error| WimFileError::host(wim, error))?;
    let mut leave_out = vec![FileId::of(&written)];
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
    let name = name_of(image, directory, &[], wim)?;
    let job = Job {
        directory,
        wim,
        element: image.element(&name),
        name,
        options,
        leave_out: &leave_out,
    };
    let mut captured = job.run(&mut writer, progress)?;
    if image.boot {
        writer.set_boot(captured.index);
    }
    writer.finish().map_err(failed)?;
    let length = new.reader().metadata();
    let length = length.map_err(|error| WimFileError::host(wim, error))?;
    captured.wim_len = length.len();
    new.finish()?;
    Ok(captured)
}

/// Captures `directory` as a further image of the WIM file at `wim`, in place:
/// at every moment the file is the old one or the new one. It keeps its
/// integrity table, or has none, unless `integrity` says something else.
///
/// Contents are packed as the file is. Absolute links are told from the tree's
/// root only where the file says that those of its other images are.
///
/// # Errors
/// [`CaptureError`]; the file is as it was then.
pub fn append(
    directory: &Path,
    wim: &Path,
    image: &ImageDescription,
    integrity: Option<bool>,
    options: &CaptureOptions,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Captured, CaptureError> {
    let failed = |error| CaptureError::wim(wim, error);
    let file = WimFile::open(wim, &[], Access::Write)?;
    let archive = file.archive();
    let names: Vec<String> = (1..=archive.image_count())
        .map(|index| {
            let image = archive.xml().image(index);
            image
                .and_then(|image| image.text("NAME"))
                .unwrap_or_default()
        })
        .collect();
    let name = name_of(image, directory, &names, wim)?;
    let there = fs::metadata(wim).map_err(|error| WimFileError::host(wim, error))?;
    let fixed = archive.header().flags.contains(HeaderFlags::REPARSE_FIXED);
    let options = CaptureOptions {
        fix_links: options.fix_links && fixed,
        ..options.clone()
    };
    let mut update = file.update()?;
    if let Some(integrity) = integrity {
        update.set_integrity(integrity);
    }
    let job = Job {
        directory,
        wim,
        element: image.element(&name),
        name,
        options: &options,
        leave_out: &[FileId::of(&there)],
    };
    let mut captured = job.run(&mut update, progress)?;
    if image.boot {
        update.set_boot(captured.index).map_err(failed)?;
    }
    let committed = update.commit().map_err(failed)?;
    captured.wim_len = committed.length_after;
    Ok(captured)
}

/// The name of an image that goes into a file which has images of these names.
fn name_of(
    image: &ImageDescription,
    directory: &Path,
    taken: &[String],
    wim: &Path,
) -> Result<String, CaptureError> {
    let place = |name: &str| {
        let name = name.to_lowercase();
        taken.iter().position(|taken| taken.to_lowercase() == name)
    };
    if let Some(name) = &image.name {
        // Any number of images may have none.
        return match place(name).filter(|_| !name.is_empty()) {
            None => Ok(name.clone()),
            Some(at) => Err(CaptureError::NameTaken {
                file: wim.to_owned(),
                name: name.clone(),
                index: at as u32 + 1,
            }),
        };
    }
    let real = fs::canonicalize(directory).ok();
    let name = real.as_deref().unwrap_or(directory).file_name();
    let name = name
        .unwrap_or("image".as_ref())
        .to_string_lossy()
        .into_owned();
    let numbered = (2..).map(|number: u32| format!("{name} ({number})"));
    let mut names = std::iter::once(name.clone()).chain(numbered);
    Ok(names.find(|name| place(name).is_none()).unwrap_or(name))
}

/// A tree that becomes an image.
struct Job<'j> {
    directory: &'j Path,
    wim: &'j Path,
    name: String,
    element: Element,
    options: &'j CaptureOptions,
    leave_out: &'j [FileId],
}

impl Job<'_> {
    /// Lists the tree, stores its contents, and adds its image.
    fn run(
        mut self,
        to: &mut dyn Destination,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Captured, CaptureError> {
        let failed = |error| CaptureError::wim(self.wim, error);
        // A commit to the tree that was interrupted is finished or undone first.
        let backend = DirectoryBackend::open(self.directory)?;
        let mut scan = scan::scan(self.directory, self.options, self.leave_out)?;
        let mut notes = std::mem::take(&mut scan.notes);
        if scan.entries.count() == 1 {
            notes.nothing_captured();
        }
        match windows_block::windows_block(backend.tree().as_ref()) {
            Ok(Some(block)) => self.element.push(block),
            Ok(None) => {}
            Err(error) => notes.windows_unknown(&error),
        }
        drop(backend);
        let scan = Arc::new(scan);
        let (hashes, bytes) = contents::store(&scan, to, progress).map_err(failed)?;
        let metadata = image::metadata(&scan, &hashes, &mut notes).map_err(failed)?;
        drop((scan, hashes));
        let metadata = metadata.finish().map_err(failed)?;
        let (directories, files) = counts(&metadata);
        let index = to.add_image(metadata, self.element).map_err(failed)?;
        Ok(Captured {
            index,
            name: self.name,
            directories,
            files,
            bytes,
            wim_len: 0,
            excluded: notes.excluded,
            lost: notes.lost,
            findings: notes.into_findings(),
        })
    }
}

/// Directories, and all else, links to directories included.
fn counts(metadata: &Metadata) -> (u64, u64) {
    let directories = metadata
        .walk()
        .filter(|(_, entry)| entry.is_directory() && !entry.is_reparse_point());
    let directories = directories.count() as u64;
    (directories, metadata.dentry_count() - directories)
}
