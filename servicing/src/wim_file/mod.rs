//! WIM files on the host: opened and locked, changed in place, or written anew
//! beside their name.

mod error;
mod lock;
mod new;
mod references;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use error::WimFileError;
use lock::{ReaderLock, WriterLock};
pub use new::{NewWim, Overwrite};
pub use references::expand_references;
use wimwright_wim::compress::Level;
use wimwright_wim::{Archive, NamedFile, ReadAt as _, Update, UpdateOptions};

use crate::blob::Blob;
use crate::image::Access;

/// An open WIM file, with those that it refers to.
///
/// Any number of readers share a file with one writer. What a writer commits
/// while they are there goes behind the end, so that they go on reading what
/// they opened; alone, it fills the holes that earlier commits left.
pub struct WimFile {
    path: PathBuf,
    archive: Archive,
    file: Arc<File>,
    // Given up in this order.
    reader: ReaderLock,
    writer: Option<WriterLock>,
}

impl WimFile {
    /// Opens the WIM file `path`. Content that it does not have itself is
    /// looked for in `references`: parts of its set, or files that it was
    /// captured against.
    ///
    /// # Errors
    /// [`WimFileError::Locked`] when another writer has it, else what is wrong
    /// with one of the files.
    pub fn open(
        path: &Path,
        references: &[PathBuf],
        access: Access,
    ) -> Result<WimFile, WimFileError> {
        let host = |source| WimFileError::host(path, source);
        let mut options = File::options();
        options.read(true).write(access == Access::Write);
        let file = Arc::new(options.open(path).map_err(host)?);
        let writer = match access {
            Access::Read => None,
            Access::Write => Some(WriterLock::take(&file, path)?),
        };
        // It may have been replaced between opening and locking.
        if writer.is_some() && !same_file(path, &file) {
            return Err(WimFileError::Locked {
                path: path.to_owned(),
            });
        }
        // From here on nobody writes where this header says that something is.
        let reader = ReaderLock::take(&file, path)?;
        let named = NamedFile::new(path.display().to_string(), Arc::clone(&file) as _);
        let mut files = vec![named];
        for path in references {
            // A pattern for the parts of a set names the first one, too.
            if same_file(path, &file) {
                continue;
            }
            let file = File::open(path).map_err(|source| WimFileError::host(path, source))?;
            files.push(NamedFile::new(path.display().to_string(), Arc::new(file)));
        }
        let archive = Archive::open_all(files).map_err(|source| WimFileError::wim(path, source))?;
        Ok(WimFile {
            path: path.to_owned(),
            archive,
            file,
            reader,
            writer,
        })
    }

    /// The file as it was named.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What is in it.
    pub fn archive(&self) -> &Archive {
        &self.archive
    }

    /// The bytes of the file.
    pub(crate) fn bytes(&self) -> Result<Arc<dyn Blob>, WimFileError> {
        let len = self.file.metadata();
        let len = len
            .map_err(|source| WimFileError::host(&self.path, source))?
            .len();
        Ok(Arc::new(FileBytes {
            file: Arc::clone(&self.file),
            len,
        }))
    }

    /// Begins to change the file in place; it has to be open for writing. As
    /// long as this `WimFile` lives, new readers wait from now on, unless
    /// others are there already: then they are not disturbed, and the file
    /// only grows.
    ///
    /// # Errors
    /// [`WimFileError::NotForWriting`], or why this file cannot be changed in
    /// place.
    pub fn update(&self) -> Result<Update, WimFileError> {
        self.update_at(Level::Normal)
    }

    /// The same, with content packed at this level.
    ///
    /// # Errors
    /// As for [`update`](WimFile::update).
    pub(crate) fn update_at(&self, level: Level) -> Result<Update, WimFileError> {
        if self.writer.is_none() {
            return Err(WimFileError::NotForWriting {
                path: self.path.clone(),
            });
        }
        let mut options = UpdateOptions::default();
        options.level = level;
        options.append_only = !self.reader.is_alone();
        let file = Arc::clone(&self.file) as _;
        Update::begin(&self.archive, file, options)
            .map_err(|source| WimFileError::wim(&self.path, source))
    }
}

/// The bytes of an open file, which has a lock on it.
struct FileBytes {
    file: Arc<File>,
    len: u64,
}

impl Blob for FileBytes {
    fn len(&self) -> u64 {
        self.len
    }

    fn read_into(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.file.read_exact_at(buffer, offset)
    }
}

/// Whether `path` is the open file.
#[cfg(unix)]
fn same_file(path: &Path, file: &File) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let same = |left: &std::fs::Metadata, right: &std::fs::Metadata| {
        (left.dev(), left.ino()) == (right.dev(), right.ino())
    };
    match (std::fs::metadata(path), file.metadata()) {
        (Ok(left), Ok(right)) => same(&left, &right),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use wimwright_wim::{Packing, WimWriter, WriteOptions};

    use super::*;

    #[test]
    fn writers_never_meet_and_only_a_lone_one_fills_holes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.wim");
        let file = File::options()
            .read(true)
            .write(true)
            .create_new(true)
            .open(&path);
        let options = WriteOptions::new(Packing::STORED, [7; 16]);
        let writer = WimWriter::create(Arc::new(file.unwrap()), options).unwrap();
        writer.finish().unwrap();

        let open = |access| WimFile::open(&path, &[], access);
        let reader = open(Access::Read).unwrap();
        assert!(matches!(
            reader.update(),
            Err(WimFileError::NotForWriting { .. })
        ));
        let writer = open(Access::Write).unwrap();
        assert!(matches!(
            open(Access::Write),
            Err(WimFileError::Locked { .. })
        ));
        assert!(!writer.reader.is_alone());
        let second = open(Access::Read).unwrap();
        drop(reader);
        assert!(!writer.reader.is_alone());
        drop(second);
        assert!(writer.reader.is_alone());
        let shared = set(&File::open(&path).unwrap());
        assert_eq!(shared, Err(nix::errno::Errno::EAGAIN), "a reader waits");
        drop(writer);
        let writer = open(Access::Write).unwrap();
        let _ = writer.update().unwrap().commit().unwrap();
    }

    fn set(file: &File) -> Result<(), nix::errno::Errno> {
        lock::set(file, nix::libc::F_RDLCK)
    }
}
