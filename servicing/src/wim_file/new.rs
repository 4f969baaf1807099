//! A WIM file written beside its name and put there when it is complete.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::{Builder, NamedTempFile, TempPath};
use wimwright_wim::WriteAt;

use super::WimFileError;

/// What becomes of a file that has the name already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overwrite {
    /// It stays, and nothing is written.
    Refuse,
    /// The new one takes its place.
    Replace,
}

/// A file that is being written. Dropped, nothing of it stays.
#[must_use = "a new file that is dropped is gone"]
pub struct NewWim {
    path: PathBuf,
    file: Arc<File>,
    temporary: TempPath,
    overwrite: Overwrite,
}

impl NewWim {
    /// Begins a file that is going to have the name `path`.
    ///
    /// # Errors
    /// [`WimFileError::Exists`], [`WimFileError::NotAFile`], or what the system
    /// says.
    pub fn create(path: &Path, overwrite: Overwrite) -> Result<NewWim, WimFileError> {
        let host = |source| WimFileError::host(path, source);
        let mut target = path.to_owned();
        // Readable for those whom the user's umask lets; NamedTempFile's own
        // default is the user alone.
        let mut permissions = Permissions::from_mode(0o666);
        match fs::metadata(path) {
            Ok(found) if !found.is_file() => {
                return Err(WimFileError::NotAFile { path: target });
            }
            Ok(_) if overwrite == Overwrite::Refuse => {
                return Err(WimFileError::Exists { path: target });
            }
            Ok(found) => {
                permissions = found.permissions();
                // What a link names is replaced, not the link.
                target = fs::canonicalize(path).map_err(host)?;
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(host(error)),
        }
        let folder = match target.parent() {
            Some(folder) if folder != Path::new("") => folder,
            _ => Path::new("."),
        };
        let name = target.file_name().unwrap_or_default();
        let mut prefix = std::ffi::OsString::from(".");
        prefix.push(name);
        let file: NamedTempFile = Builder::new()
            .prefix(&prefix)
            .suffix(".part")
            .permissions(permissions)
            .tempfile_in(folder)
            .map_err(host)?;
        let (file, temporary) = file.into_parts();
        Ok(NewWim {
            path: target,
            file: Arc::new(file),
            temporary,
            overwrite,
        })
    }

    /// Where to write.
    pub fn file(&self) -> Arc<dyn WriteAt> {
        Arc::clone(&self.file) as _
    }

    /// Where to read what was written.
    pub fn reader(&self) -> Arc<File> {
        Arc::clone(&self.file)
    }

    /// Puts the file in its place; it outlives a loss of power from then on.
    ///
    /// # Errors
    /// [`WimFileError::Exists`] when somebody took the name meanwhile, or what
    /// the system says.
    pub fn finish(self) -> Result<(), WimFileError> {
        let host = |source| WimFileError::host(&self.path, source);
        self.file.sync_all().map_err(host)?;
        let put = match self.overwrite {
            Overwrite::Replace => self.temporary.persist(&self.path),
            Overwrite::Refuse => self.temporary.persist_noclobber(&self.path),
        };
        put.map_err(|error| match error.error.kind() {
            io::ErrorKind::AlreadyExists => WimFileError::Exists {
                path: self.path.clone(),
            },
            _ => host(error.error),
        })?;
        let folder = match self.path.parent() {
            Some(folder) if folder != Path::new("") => folder,
            _ => Path::new("."),
        };
        File::open(folder)
            .and_then(|folder| folder.sync_all())
            .map_err(host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_there_when_it_is_finished_and_nothing_is_when_it_is_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new.wim");
        let names = || -> Vec<_> {
            let entries = fs::read_dir(folder.path()).unwrap();
            entries.map(|entry| entry.unwrap().file_name()).collect()
        };
        let new = NewWim::create(&path, Overwrite::Refuse).unwrap();
        new.file().write_all_at(b"half", 0).unwrap();
        drop(new);
        assert!(names().is_empty());

        let new = NewWim::create(&path, Overwrite::Refuse).unwrap();
        let late = NewWim::create(&path, Overwrite::Refuse).unwrap();
        new.file().write_all_at(b"first", 0).unwrap();
        new.finish().unwrap();
        let error = late.finish().unwrap_err();
        assert!(matches!(error, WimFileError::Exists { .. }), "{error}");
        let refused = NewWim::create(&path, Overwrite::Refuse);
        assert!(matches!(refused, Err(WimFileError::Exists { .. })));

        let link = folder.path().join("link.wim");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        let new = NewWim::create(&link, Overwrite::Replace).unwrap();
        new.file().write_all_at(b"second", 0).unwrap();
        new.finish().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"second");
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o640
        );
        assert!(link.is_symlink());
        assert_eq!(names().len(), 2);
        let folder = NewWim::create(folder.path(), Overwrite::Replace);
        assert!(matches!(folder, Err(WimFileError::NotAFile { .. })));
    }
}
