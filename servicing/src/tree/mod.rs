//! A tree: something with Windows names that can be listed and read.
//!
//! An image directory, a driver folder and a memory fixture are trees; so is
//! a [`Draft`](crate::Draft), which shows a tree as a plan would leave it. A
//! tree is never written to.

pub mod cabinet;
pub(crate) mod directory;
mod memory;
pub(crate) mod wim;

use std::io::{self, BufRead};
use std::sync::Arc;

pub use directory::{DirectoryTree, NameClash, UnreadableName};
pub use memory::MemoryTree;
pub use wim::WimTree;
use wimwright_hive::FileTime;

use crate::blob::{Blob, BlobBytes, read_all};
use crate::path::{ImagePath, Name};
use crate::plan::{FileDetails, ReparsePoint, Times};
use crate::text::Text;

/// What stopped a tree from being read.
#[derive(Debug, thiserror::Error)]
#[error("`{path}`")]
pub struct TreeError {
    /// Where.
    pub path: ImagePath,
    /// Why.
    #[source]
    pub source: io::Error,
}

impl TreeError {
    /// An error at `path`.
    pub fn new(path: &ImagePath, source: io::Error) -> TreeError {
        TreeError {
            path: path.clone(),
            source,
        }
    }
}

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A file with content.
    File,
    /// A directory.
    Directory,
    /// A symbolic link, junction or other reparse point that is not followed:
    /// it leads outside the tree, to nothing, or to itself.
    Link,
}

/// What a tree knows of a file or directory beside its content.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metadata {
    /// File, directory or link.
    pub kind: Kind,
    /// Length of the content in bytes; 0 for all but files.
    pub len: u64,
    /// Its Windows attributes, where the tree knows them.
    pub attributes: Option<u32>,
    /// When it was made, where the tree knows it.
    pub created: Option<FileTime>,
    /// When it was last read, where the tree knows it.
    pub accessed: Option<FileTime>,
    /// When the content was last written, where the tree knows it.
    pub modified: Option<FileTime>,
    /// How many names in the tree the file has; 1 where the tree cannot know.
    pub links: u64,
}

impl Metadata {
    /// A directory's.
    pub fn directory() -> Metadata {
        Metadata {
            kind: Kind::Directory,
            len: 0,
            attributes: None,
            created: None,
            accessed: None,
            modified: None,
            links: 1,
        }
    }

    /// A file's.
    pub fn file(len: u64) -> Metadata {
        Metadata {
            kind: Kind::File,
            len,
            attributes: None,
            created: None,
            accessed: None,
            modified: None,
            links: 1,
        }
    }

    /// Its times.
    pub fn times(&self) -> Times {
        Times {
            created: self.created,
            accessed: self.accessed,
            written: self.modified,
        }
    }
}

/// One name in a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The name, spelled as found.
    pub name: Name,
    /// What it stands for.
    pub kind: Kind,
}

/// What is done with each of many files: its place in the list of paths, and
/// its bytes. It may be called from several threads, in any order.
pub type ReadFile<'e> = dyn Fn(usize, &mut dyn BufRead) -> io::Result<()> + Sync + 'e;

/// Something with Windows names that can be listed and read.
///
/// Names are compared without case. Where two names differ only by case, the
/// exact spelling wins, else the one that sorts first by its bytes.
pub trait FileTree: Send + Sync {
    /// What is at `path`; `None` where there is nothing.
    ///
    /// # Errors
    /// [`TreeError`] when the tree cannot be read there.
    fn metadata(&self, path: &ImagePath) -> Result<Option<Metadata>, TreeError>;

    /// The names in a directory, in NT's order; `None` where there is no
    /// directory.
    ///
    /// # Errors
    /// [`TreeError`] when the tree cannot be read there.
    fn read_dir(&self, path: &ImagePath) -> Result<Option<Vec<Entry>>, TreeError>;

    /// A file's content; `None` where there is no file.
    ///
    /// # Errors
    /// [`TreeError`] when the tree cannot be read there.
    fn open(&self, path: &ImagePath) -> Result<Option<Arc<dyn Blob>>, TreeError>;

    /// Where the link at `path` leads, as the tree says it; a target inside
    /// the tree that is given from the host's root is shown from the tree's,
    /// with backslashes. `None` for all but links, and where a tree does not
    /// know its links' targets.
    ///
    /// # Errors
    /// As [`FileTree::metadata`].
    fn link_target(&self, path: &ImagePath) -> Result<Option<Text>, TreeError> {
        let _ = path;
        Ok(None)
    }

    /// Whether two paths are names of one file (hard links), or the same name
    /// of one. A tree that cannot know says so of equal paths only.
    ///
    /// # Errors
    /// As [`FileTree::metadata`].
    fn same_file(&self, one: &ImagePath, other: &ImagePath) -> Result<bool, TreeError> {
        Ok(one == other && self.has_file(one)?)
    }

    /// All names in the tree of the file at `path`, with `path` itself first.
    /// A tree that cannot know gives that alone.
    ///
    /// # Errors
    /// As [`FileTree::metadata`].
    fn names(&self, path: &ImagePath) -> Result<Vec<ImagePath>, TreeError> {
        Ok(vec![path.clone()])
    }

    /// What Windows keeps of what is at `path` beside content, attributes and
    /// times; of a link, not of what it leads to. `None` where there is
    /// nothing, and where a tree holds no such things.
    ///
    /// # Errors
    /// As [`FileTree::metadata`].
    fn details(&self, path: &ImagePath) -> Result<Option<FileDetails<Arc<dyn Blob>>>, TreeError> {
        let _ = path;
        Ok(None)
    }

    /// The link, or other reparse point, at `path` with all that is known of
    /// it; `None` for all else, and where a tree holds no such things.
    ///
    /// # Errors
    /// As [`FileTree::metadata`].
    fn reparse_point(
        &self,
        path: &ImagePath,
    ) -> Result<Option<ReparsePoint<Arc<dyn Blob>>>, TreeError> {
        let _ = path;
        Ok(None)
    }

    /// What the listing of its directory says of `path`: its name as spelled
    /// there. `None` where there is nothing, and for the root.
    ///
    /// # Errors
    /// As [`FileTree::metadata`].
    fn entry(&self, path: &ImagePath) -> Result<Option<Entry>, TreeError> {
        let (Some(above), Some(name)) = (path.parent(), path.file_name()) else {
            return Ok(None);
        };
        let entries = self.read_dir(&above)?.unwrap_or_default();
        let mut alike: Vec<Entry> = entries
            .into_iter()
            .filter(|entry| entry.name == *name)
            .collect();
        let exact = |entry: &Entry| entry.name.as_text() == name.as_text();
        match alike.iter().position(exact) {
            Some(at) => Ok(Some(alike.swap_remove(at))),
            None => Ok(alike.into_iter().next()),
        }
    }

    /// Whether a file is there.
    ///
    /// # Errors
    /// As [`FileTree::metadata`].
    fn has_file(&self, path: &ImagePath) -> Result<bool, TreeError> {
        let metadata = self.metadata(path)?;
        Ok(metadata.is_some_and(|found| found.kind == Kind::File))
    }

    /// Whether a directory is there.
    ///
    /// # Errors
    /// As [`FileTree::metadata`].
    fn has_directory(&self, path: &ImagePath) -> Result<bool, TreeError> {
        let metadata = self.metadata(path)?;
        Ok(metadata.is_some_and(|found| found.kind == Kind::Directory))
    }

    /// A whole file of at most `limit` bytes; `None` where there is no file.
    ///
    /// # Errors
    /// [`TreeError`] when it is longer, or cannot be read.
    fn read(&self, path: &ImagePath, limit: u64) -> Result<Option<Vec<u8>>, TreeError> {
        self.open(path)?
            .map(|blob| read_all(blob.as_ref(), limit).map_err(|error| TreeError::new(path, error)))
            .transpose()
    }

    /// Hands the contents of several files to `each`, in whatever order is
    /// quickest: trees that hold files packed together unpack them once, on
    /// all processors. Files may be in memory only in part at a time; what
    /// `each` does not read is passed over.
    ///
    /// # Errors
    /// [`TreeError`] where there is no file, it cannot be read, or `each`
    /// failed on it. Others may have been handed over already.
    fn read_many(&self, paths: &[ImagePath], each: &ReadFile<'_>) -> Result<(), TreeError> {
        for (index, path) in paths.iter().enumerate() {
            let blob = self.open(path)?;
            let missing = || TreeError::new(path, io::ErrorKind::NotFound.into());
            let blob = blob.ok_or_else(missing)?;
            each(index, &mut BlobBytes::new(blob.as_ref()))
                .map_err(|error| TreeError::new(path, error))?;
        }
        Ok(())
    }

    /// Calls `each` for everything below `top`, a directory before what is in
    /// it; links are named, not entered.
    ///
    /// # Errors
    /// The first [`TreeError`], from the tree or from `each`.
    fn walk(
        &self,
        top: &ImagePath,
        each: &mut dyn FnMut(&ImagePath, Kind) -> Result<(), TreeError>,
    ) -> Result<(), TreeError> {
        // A list instead of recursion: directories nest as deep as they like.
        let mut open = vec![(top.clone(), Kind::Directory)];
        while let Some((path, kind)) = open.pop() {
            if path != *top {
                each(&path, kind)?;
            }
            if kind == Kind::Directory {
                let entries = self.read_dir(&path)?.unwrap_or_default();
                let below = entries.into_iter().rev();
                open.extend(below.map(|entry| (path.child(entry.name), entry.kind)));
            }
        }
        Ok(())
    }
}
