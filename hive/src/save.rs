//! Saving a hive to a file: the only place where this crate touches one.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::hive::Hive;

/// How many bytes are compared at a time.
const COMPARED: usize = 64 * 1024;

/// Writes a hive over the file at `path`, or makes that file.
///
/// The bytes go into a new file beside it, which is synced and renamed over
/// it, and then the folder is synced: after a crash at any moment the file is
/// the old one or the new one. An existing file's mode is kept, and a symbolic
/// link goes on naming its target. Nothing is written where the file holds
/// these bytes already.
///
/// # Errors
/// [`Error::Io`].
pub fn save(hive: &Hive, path: &Path) -> Result<(), Error> {
    // A rename over a link would replace the link.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let path = target.as_path();
    let old = match fs::metadata(path) {
        Ok(metadata) if metadata.len() == hive.as_bytes().len() as u64 => {
            if holds(path, hive.as_bytes()).map_err(Error::io("reading the hive file"))? {
                return Ok(());
            }
            Some(metadata)
        }
        Ok(metadata) => Some(metadata),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(Error::io("reading the hive file's mode")(error)),
    };
    let (beside, mut file) =
        create_beside(path).map_err(Error::io("making a file beside the hive"))?;
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

/// Whether the file at `path`, which has their length, holds these bytes.
fn holds(path: &Path, bytes: &[u8]) -> io::Result<bool> {
    let mut file = File::open(path)?;
    let mut buffer = vec![0; COMPARED.min(bytes.len())];
    for part in bytes.chunks(COMPARED) {
        let read = buffer.get_mut(..part.len()).unwrap_or_default();
        file.read_exact(read)?;
        // An edit changes the first bytes, so this mostly ends at once.
        if read != part {
            return Ok(false);
        }
    }
    Ok(true)
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
        match OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&beside)
        {
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
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_path: &Path) -> io::Result<()> {
    // A folder cannot be opened as a file; renames are in the journal.
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base_block::MinorVersion;
    use crate::hive::FileTime;

    fn new_hive() -> Hive {
        let empty = [
            1, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        ];
        let descriptor = crate::inherited_security(&empty).unwrap();
        Hive::create(MinorVersion::V1_5, "root", &descriptor, FileTime(1)).unwrap()
    }

    #[test]
    fn a_file_is_replaced_as_a_whole_or_left_alone() {
        let mut hive = new_hive();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("HIVE");
        save(&hive, &path).unwrap();
        assert!(fs::read(&path).unwrap() == hive.as_bytes());
        // Nothing to write: the file is not touched, so its inode stays.
        let opened = File::open(&path).unwrap();
        save(&hive, &path).unwrap();
        assert!(is_same_file(&opened, &path));
        let root = hive.root().id();
        hive.set_value(root, &[0x41], 3, &[1; 100], FileTime(2))
            .unwrap();
        let mut permissions = fs::metadata(&path).unwrap().permissions();
        permissions.set_readonly(true);
        fs::set_permissions(&path, permissions).unwrap();
        save(&hive, &path).unwrap();
        assert!(fs::read(&path).unwrap() == hive.as_bytes());
        assert!(
            !is_same_file(&opened, &path),
            "the old file was not written into"
        );
        assert!(
            fs::metadata(&path).unwrap().permissions().readonly(),
            "the mode is kept"
        );
        assert_eq!(
            fs::read_dir(folder.path()).unwrap().count(),
            1,
            "nothing is left beside it"
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_link_goes_on_naming_its_target() {
        let hive = new_hive();
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("HIVE"), folder.path().join("link"));
        fs::write(&path, b"old").unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        save(&hive, &link).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert!(fs::read(&path).unwrap() == hive.as_bytes());
    }

    #[cfg(unix)]
    fn is_same_file(opened: &File, path: &Path) -> bool {
        use std::os::unix::fs::MetadataExt as _;
        opened.metadata().unwrap().ino() == fs::metadata(path).unwrap().ino()
    }

    #[cfg(not(unix))]
    fn is_same_file(opened: &File, path: &Path) -> bool {
        opened.metadata().unwrap().modified().ok() == fs::metadata(path).unwrap().modified().ok()
    }

    #[test]
    fn what_cannot_be_written_is_an_error_and_leaves_nothing() {
        let hive = new_hive();
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("missing/HIVE");
        assert!(matches!(save(&hive, &missing), Err(Error::Io { .. })));
        // A folder stands where the file should go.
        assert!(matches!(save(&hive, folder.path()), Err(Error::Io { .. })));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
