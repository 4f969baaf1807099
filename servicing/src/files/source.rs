//! What is put into an image: a file or a directory of the host.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::FilesError;
use crate::path::ImagePath;
use crate::tree::directory::windows_name;
use crate::tree::{DirectoryTree, FileTree};

/// A file or directory of the host, opened to be put into an image.
pub struct HostSource {
    directory: PathBuf,
    tree: Arc<dyn FileTree>,
    /// The file in the directory; `None` for the directory itself.
    file: Option<ImagePath>,
}

impl HostSource {
    /// Opens what the user named.
    ///
    /// # Errors
    /// [`FilesError::Source`] and [`FilesError::SourceKind`].
    pub fn open(given: &Path) -> Result<HostSource, FilesError> {
        let failed = |source| FilesError::Source {
            path: given.to_owned(),
            source,
        };
        let found = std::fs::metadata(given).map_err(failed)?;
        let (directory, file) = match (found.is_dir(), found.is_file()) {
            (true, _) => (given.to_owned(), None),
            (_, true) => {
                let name = given.file_name().and_then(windows_name);
                let name = name.ok_or_else(|| failed(io::ErrorKind::InvalidFilename.into()))?;
                let above = given.parent().filter(|above| *above != Path::new(""));
                let above = above.unwrap_or(Path::new("."));
                (above.to_owned(), Some(ImagePath::from_names([name])))
            }
            _ => {
                return Err(FilesError::SourceKind {
                    path: given.to_owned(),
                });
            }
        };
        let tree = DirectoryTree::open(&directory).map_err(|error| failed(error.source))?;
        Ok(HostSource {
            directory,
            tree: Arc::new(tree),
            file,
        })
    }

    /// The directory, as a plan names it to open it again.
    pub fn name(&self) -> String {
        self.directory.display().to_string()
    }

    pub(super) fn tree(&self) -> Arc<dyn FileTree> {
        Arc::clone(&self.tree)
    }

    pub(super) fn file(&self) -> Option<&ImagePath> {
        self.file.as_ref()
    }
}
