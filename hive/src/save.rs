//! Saving a hive to a file: the only place where this crate touches one.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::hive::Hive;

/// Writes a hive over the file at `path`, or makes that file.
///
/// The bytes go into a new file beside it, which is synced and renamed over
/// it, and then the folder is synced: after a crash at any moment the file is
/// the old one or the new one. An existing file's mode is kept. Nothing is
/// written where the file holds these bytes already.
///
/// # Errors
/// [`Error::Io`].
pub fn save(hive: &Hive, path: &Path) -> Result<(), Error> {
    let old = match fs::metadata(path) {
        Ok(metadata) if metadata.len() == hive.as_bytes().len() as u64 => {
            if fs::read(path).map_err(Error::io("reading the hive file"))? == hive.as_bytes() {
                return Ok(());
            }
            Some(metadata)
        }
        Ok(metadata) => Some(metadata),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(Error::io("reading the hive file's mode")(error)),
    };
    let (beside, mut file) = create_beside(path).map_err(Error::io("making a file beside the hive"))?;
    let written = file
        .write_all(hive.as_bytes())
        .and_then(|()| old.map_or(Ok(()), |old| file.set_permissions(old.permissions())))
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::rename(&beside, path))
        .and_then(|()| sync_folder(path));
    if let Err(error) = written {
        // Gone already when only the last step failed.
        let _ = fs::remove_file(&beside);
        return Err(Error::io("writing the hive file")(error));
    }
    Ok(())
}

/// Makes a new file in the folder of `path`.
fn create_beside(path: &Path) -> io::Result<(PathBuf, File)> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidFilename)?;
    let mut attempt = 0_u32;
    loop {
        let mut beside = OsString::from(".");
        beside.push(name);
        beside.push(format!(".{}-{attempt}.new", std::process::id()));
        let beside = path.with_file_name(beside);
        match OpenOptions::new().write(true).create_new(true).open(&beside) {
            Ok(file) => return Ok((beside, file)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && attempt < 1000 => {
                attempt += 1;
            }
            Err(error) => return Err(error),
        }
    }
}

#[cfg(unix)]
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_path: &Path) -> io::Result<()> {
    // A folder cannot be opened as a file; renames are in the journal.
    Ok(())
}
