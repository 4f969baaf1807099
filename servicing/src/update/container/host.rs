//! Containers of the host: files, what lies beside them, and folders.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::Arc;

use super::open::Opening;
use super::{Container, ContainerError};
use crate::blob::Blob;
use crate::tree::DirectoryTree;

/// A file of the host that packages are read from.
struct HostFile {
    file: File,
    len: u64,
}

impl Blob for HostFile {
    fn len(&self) -> u64 {
        self.len
    }

    fn read_into(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.file.read_exact_at(buffer, offset)
    }
}

fn open(path: &Path) -> io::Result<Arc<dyn Blob>> {
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a file"));
    }
    let len = metadata.len();
    Ok(Arc::new(HostFile { file, len }))
}

/// A file beside `path` whose name is `wanted`, whatever its case.
fn beside(path: &Path, wanted: &str) -> io::Result<Option<Arc<dyn Blob>>> {
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let mut found = None;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        if name == wanted {
            return open(&entry.path()).map(Some);
        }
        if name.eq_ignore_ascii_case(wanted) {
            found = Some(entry.path());
        }
    }
    found.map(|path| open(&path)).transpose()
}

impl Container {
    /// Opens a file or folder of the host. What a file is, is told by its
    /// content; parts of its set and express storage are looked for beside it.
    ///
    /// # Errors
    /// [`ContainerError`]: it cannot be read, or is nothing that packages come
    /// in.
    pub fn open(path: &Path) -> Result<Container, ContainerError> {
        let host = |source| ContainerError::host(path, source);
        let name = path.file_name().unwrap_or(path.as_os_str());
        let name = name.to_string_lossy().into_owned();
        let mut opening = Opening::default();
        if fs::metadata(path).map_err(host)?.is_dir() {
            let tree = Arc::new(DirectoryTree::open(path)?);
            return opening.folder(name, tree);
        }
        let blob = open(path).map_err(host)?;
        opening.file(name, &blob, &|wanted| beside(path, wanted))
    }
}
