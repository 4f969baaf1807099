//! A capture from its beginning to its end: the WIM file, the tree, the image.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use wimwright_wim::metadata::attribute;
use wimwright_wim::{Element, HeaderFlags, Metadata, WimWriter, WriteOptions};

use super::store::Destination;
use super::{
    CaptureError, CaptureOptions, Captured, FileId, ImageDescription, NewFile, Preview, contents,
    image, scan, windows_block,
};
use crate::backend::DirectoryBackend;
use crate::image::Access;
use crate::wim_file::{NewWim, WimFile, WimFileError};

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
