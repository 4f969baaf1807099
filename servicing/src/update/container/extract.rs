//! A container's files into a folder of the host: all of them that can be
//! read, or none.

use std::collections::BTreeSet;
use std::fs::{self, File, FileTimes};
use std::io::{self, BufRead, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::form::Form;
use super::{Container, ContainerError};
use crate::cabinet::Compression;
use crate::container::Meter;
use crate::path::ImagePath;
use crate::time;
use crate::tree::directory::host_name;

/// What was taken out.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Extracted {
    /// How many files.
    pub files: u64,
    /// Their lengths together, in bytes.
    pub bytes: u64,
    /// Files that cannot be read because of how they are compressed.
    pub left_out: Vec<LeftOut>,
}

/// A file that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LeftOut {
    /// Which.
    pub path: ImagePath,
    /// Number of the cabinet's folder, from 0 on.
    pub folder: usize,
    /// How that is compressed.
    pub compression: Compression,
}

/// Puts the files of a container, as they are stored, into the new folder
/// `target`. Nothing is there before all are: they are written into a folder
/// beside it, which gets its name at the end. Files inside nested containers
/// stay in these.
///
/// Times of last write are set; attributes are not.
///
/// # Errors
/// [`ContainerError::Exists`]; what is damaged, with the file; what the host
/// says. Then nothing is left.
pub fn extract(
    container: &Container,
    target: &Path,
    meter: &Arc<Meter>,
) -> Result<Extracted, ContainerError> {
    if *container.form() == Form::Folder {
        return Err(ContainerError::Folder);
    }
    if target.symlink_metadata().is_ok() {
        return Err(ContainerError::Exists {
            path: target.to_owned(),
        });
    }
    let host = |source| ContainerError::host(target, source);
    let parent = match target.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(".wimwright-");
    // As `mkdir` makes them: tempfile's own default is the user alone.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(fs::Permissions::from_mode(0o777));
    }
    let folder = builder.tempdir_in(parent).map_err(host)?;
    let done = write_all(container, folder.path(), meter)?;
    // A name that somebody else has taken meanwhile stays theirs; an empty
    // folder is nobody's loss.
    fs::rename(folder.path(), target).map_err(host)?;
    let _ = folder.keep();
    Ok(done)
}

fn write_all(
    container: &Container,
    folder: &Path,
    meter: &Arc<Meter>,
) -> Result<Extracted, ContainerError> {
    let mut done = Extracted {
        files: 0,
        bytes: 0,
        left_out: Vec::new(),
    };
    let (Form::Cabinet(form) | Form::Program { cabinet: form, .. }) = container.form() else {
        return write(container, container.members().iter(), folder, meter, done);
    };
    let readable = container.members().iter().filter(|member| member.is_read);
    let unread = container.members().iter().filter(|member| !member.is_read);
    done.left_out = unread
        .filter_map(|member| {
            let (compression, _) = form.folders.get(member.folder?)?;
            Some(LeftOut {
                path: member.path.clone(),
                folder: member.folder?,
                compression: *compression,
            })
        })
        .collect();
    write(container, readable, folder, meter, done)
}

fn write<'m>(
    container: &Container,
    members: impl Iterator<Item = &'m super::Member>,
    folder: &Path,
    meter: &Arc<Meter>,
    mut done: Extracted,
) -> Result<Extracted, ContainerError> {
    let mut paths = Vec::new();
    let mut files: Vec<PathBuf> = Vec::new();
    let mut directories = BTreeSet::new();
    for member in members {
        let names = member.path.names().iter().map(host_name);
        let file = folder.join(names.collect::<PathBuf>());
        directories.extend(file.parent().map(Path::to_owned));
        files.push(file);
        paths.push(member.path.clone());
        done.bytes += member.len;
    }
    for directory in directories {
        fs::create_dir_all(&directory).map_err(|source| ContainerError::host(directory, source))?;
    }
    meter.begin(done.bytes);
    let count = AtomicU64::new(0);
    let tree = container.tree();
    tree.read_many(&paths, &|place, bytes| {
        let (Some(file), Some(path)) = (files.get(place), paths.get(place)) else {
            return Err(io::ErrorKind::NotFound.into());
        };
        let file = write_file(file, bytes, meter)?;
        let metadata = tree.metadata(path).map_err(|error| error.source)?;
        let modified = metadata.and_then(|metadata| metadata.modified);
        if let Some(modified) = modified.and_then(time::to_system) {
            file.set_times(FileTimes::new().set_modified(modified))?;
        }
        count.fetch_add(1, Ordering::Relaxed);
        Ok(())
    })?;
    done.files = count.into_inner();
    Ok(done)
}

fn write_file(path: &Path, bytes: &mut dyn BufRead, meter: &Meter) -> io::Result<File> {
    let mut file = File::create_new(path)?;
    loop {
        let piece = bytes.fill_buf()?;
        if piece.is_empty() {
            return Ok(file);
        }
        file.write_all(piece)?;
        let len = piece.len();
        meter.add(len as u64);
        bytes.consume(len);
    }
}
