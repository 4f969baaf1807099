//! The content of a host file.
//!
//! A plan may name thousands of files, more than a process may hold open.
//! So all files of a tree share a bounded number of handles: a file whose
//! handle was given up is opened again when it is read, and has to be the
//! same file still.

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use cap_std::fs::{Dir, Metadata, OpenOptions};

use crate::blob::Blob;

/// Handles that the files of one tree hold open at most. Processes may have
/// 1024 in all, where nobody raised it.
const MAX_OPEN: usize = 128;

/// Opens the file at `path` to read, which must be one: opening a pipe would
/// wait for its other end.
pub(crate) fn open_to_read(root: &Dir, path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use cap_std::fs::OpenOptionsExt as _;
        let flags = rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOFOLLOW;
        options.custom_flags(flags.bits().cast_signed());
    }
    let file = root.open_with(path, &options)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a file"));
    }
    Ok(file.into_std())
}

/// Fills `buffer` from `offset` on.
#[cfg(unix)]
fn read_exact_at(file: &File, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, buffer, offset)
}

/// Fills `buffer` from `offset` on.
#[cfg(windows)]
fn read_exact_at(file: &File, mut offset: u64, mut buffer: &mut [u8]) -> io::Result<()> {
    use std::os::windows::fs::FileExt as _;
    while !buffer.is_empty() {
        let read = file.seek_read(buffer, offset)?;
        buffer = match buffer.get_mut(read..) {
            Some(rest) if read > 0 => rest,
            _ => return Err(io::ErrorKind::UnexpectedEof.into()),
        };
        offset += read as u64;
    }
    Ok(())
}

/// What tells that a file opened again is the same, unchanged.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Identity {
    #[cfg(unix)]
    number: (u64, u64),
    len: u64,
    modified: Option<std::time::SystemTime>,
}

impl Identity {
    fn of(file: &File) -> io::Result<Identity> {
        let metadata = Metadata::from_file(file)?;
        Ok(Identity {
            #[cfg(unix)]
            number: {
                use cap_std::fs::MetadataExt as _;
                (metadata.dev(), metadata.ino())
            },
            len: metadata.len(),
            modified: metadata
                .modified()
                .ok()
                .map(cap_std::time::SystemTime::into_std),
        })
    }
}

/// The files of one tree that are open.
#[derive(Default)]
pub(crate) struct OpenFiles {
    /// Oldest first.
    open: Mutex<VecDeque<Weak<FileBlob>>>,
}

impl OpenFiles {
    /// Notes that `blob` holds a handle now; the oldest give up theirs.
    fn opened(&self, blob: Weak<FileBlob>) {
        let mut surplus = Vec::new();
        {
            let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
            open.push_back(blob);
            while open.len() > MAX_OPEN {
                surplus.extend(open.pop_front());
            }
        }
        for blob in surplus.iter().filter_map(Weak::upgrade) {
            blob.lock_handle().take();
        }
    }
}

/// The content of a host file, as long as it was when it was opened.
pub(crate) struct FileBlob {
    this: Weak<FileBlob>,
    root: Arc<Dir>,
    path: PathBuf,
    identity: Identity,
    handle: Mutex<Option<Arc<File>>>,
    files: Arc<OpenFiles>,
}

impl FileBlob {
    /// Opens the file at `path`, a path without links.
    pub(crate) fn open(
        root: &Arc<Dir>,
        path: PathBuf,
        files: &Arc<OpenFiles>,
    ) -> io::Result<Arc<FileBlob>> {
        let file = open_to_read(root, &path)?;
        let identity = Identity::of(&file)?;
        let blob = Arc::new_cyclic(|this| FileBlob {
            this: this.clone(),
            root: Arc::clone(root),
            path,
            identity,
            handle: Mutex::new(Some(Arc::new(file))),
            files: Arc::clone(files),
        });
        files.opened(Arc::downgrade(&blob));
        Ok(blob)
    }

    fn lock_handle(&self) -> std::sync::MutexGuard<'_, Option<Arc<File>>> {
        self.handle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn file(&self) -> io::Result<Arc<File>> {
        if let Some(file) = self.lock_handle().as_ref() {
            return Ok(Arc::clone(file));
        }
        let file = open_to_read(&self.root, &self.path)?;
        if Identity::of(&file)? != self.identity {
            return Err(io::Error::other("the file was changed while it was in use"));
        }
        let file = Arc::new(file);
        *self.lock_handle() = Some(Arc::clone(&file));
        self.files.opened(self.this.clone());
        Ok(file)
    }
}

impl Blob for FileBlob {
    fn len(&self) -> u64 {
        self.identity.len
    }

    fn read_into(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let end = offset.checked_add(buffer.len() as u64);
        if end.is_none_or(|end| end > self.identity.len) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        read_exact_at(self.file()?.as_ref(), offset, buffer)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use cap_std::ambient_authority;

    use super::*;
    use crate::blob::read_all;

    fn tree() -> (tempfile::TempDir, Arc<Dir>) {
        let folder = tempfile::tempdir().unwrap();
        let root = Dir::open_ambient_dir(folder.path(), ambient_authority()).unwrap();
        (folder, Arc::new(root))
    }

    #[test]
    fn more_files_are_read_than_may_be_open() {
        let (folder, root) = tree();
        let files = Arc::default();
        let blobs: Vec<_> = (0..3 * MAX_OPEN)
            .map(|number| {
                fs::write(folder.path().join(number.to_string()), number.to_string()).unwrap();
                FileBlob::open(&root, number.to_string().into(), &files).unwrap()
            })
            .collect();
        for _ in 0..2 {
            for (number, blob) in blobs.iter().enumerate() {
                assert_eq!(
                    read_all(blob.as_ref(), 10).unwrap(),
                    number.to_string().into_bytes()
                );
            }
        }
        let open = blobs
            .iter()
            .filter(|blob| blob.lock_handle().is_some())
            .count();
        assert_eq!(open, MAX_OPEN);
    }

    #[test]
    fn a_file_replaced_after_its_handle_was_given_up_is_not_read() {
        let (folder, root) = tree();
        fs::write(folder.path().join("a"), "old").unwrap();
        let blob = FileBlob::open(&root, "a".into(), &Arc::default()).unwrap();
        blob.lock_handle().take();
        fs::write(folder.path().join("b"), "new").unwrap();
        fs::rename(folder.path().join("b"), folder.path().join("a")).unwrap();
        let error = read_all(blob.as_ref(), 10).unwrap_err();
        assert!(error.to_string().contains("changed"), "{error}");
    }

    #[test]
    fn a_file_that_shrinks_is_an_error() {
        let (folder, root) = tree();
        fs::write(folder.path().join("a"), [7; 1000]).unwrap();
        let blob = FileBlob::open(&root, "a".into(), &Arc::default()).unwrap();
        fs::write(folder.path().join("a"), [7; 10]).unwrap();
        assert_eq!(blob.len(), 1000);
        let error = read_all(blob.as_ref(), 1000).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }
}
