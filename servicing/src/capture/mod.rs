//! Capture: a host directory becomes an image of a WIM file.
//!
//! | step | file |
//! |---|---|
//! | list the tree in NT's order, without what is left out | `scan`, `exclusions`, `host`, `describe` |
//! | what Windows knows of its files: links, a mounted NTFS volume, the sidecar of an apply | `link`, `ntfs`, `applied` |
//! | read each content once, and store it | `contents`, `store` |
//! | metadata, and what the XML data say | `image`, `windows_block` |
//!
//! Where the metadata come from, in this order:
//! 1. A **mounted NTFS volume** tells them itself (ntfs-3g: all; ntfs3:
//!    attributes, security and times).
//! 2. The **sidecar** that `apply` wrote into the root of the tree tells them
//!    of everything that was applied.
//! 3. **Plain files of Linux** get the attribute `ARCHIVE` (directories theirs),
//!    their own times, and no security descriptor, as wimlib captures them:
//!    what has none inherits its directory's when it is applied.
//!
//! The result depends on nothing but the tree and the options: not on the order
//! in which the host lists directories, nor on the number of threads. With
//! [`CaptureOptions::reproducible`] it does not depend on when the tree was
//! copied or read either.

mod applied;
mod contents;
mod describe;
mod entries;
mod error;
mod exclusions;
mod host;
mod image;
mod link;
mod notes;
mod ntfs;
mod run;
mod scan;
mod store;
mod windows_block;

use std::fs;
use std::os::unix::fs::MetadataExt as _;

pub use error::CaptureError;
pub use exclusions::{ExclusionError, Exclusions};
pub use run::{append, capture, preview};
use wimwright_hive::FileTime;
use wimwright_wim::{Element, Packing};

use crate::finding::Finding;
use crate::time;
use crate::wim_file::Overwrite;

/// A file of the host, whatever its names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FileId {
    device: u64,
    inode: u64,
}

impl FileId {
    /// The file that `metadata` describes.
    fn of(metadata: &fs::Metadata) -> FileId {
        // As statx gives the number's halves.
        let device = metadata.dev();
        let (major, minor) = (rustix::fs::major(device), rustix::fs::minor(device));
        FileId {
            device: u64::from(major) << 32 | u64::from(minor),
            inode: metadata.ino(),
        }
    }
}

/// How a tree is captured.
#[derive(Clone, Debug, Default)]
pub struct CaptureOptions {
    /// What is left out.
    pub exclusions: Exclusions,
    /// Absolute links into the tree are told from its root, so that they lead
    /// to the same place wherever the image is applied.
    pub fix_links: bool,
    /// Times that a copy of the tree does not share, of birth and of reading,
    /// are replaced by that of the last write.
    pub reproducible: bool,
}

/// What the XML data say of an image beside what is found in it.
#[derive(Clone, Debug)]
pub struct ImageDescription {
    /// Its name; `None` takes that of the directory, with a number behind it
    /// where the file has an image of that name.
    pub name: Option<String>,
    /// Its description.
    pub description: Option<String>,
    /// Its edition, like `Professional`; Windows Setup asks for it.
    pub flags: Option<String>,
    /// Whether it becomes the one that boots from the file.
    pub boot: bool,
    /// When it was made.
    pub time: FileTime,
}

impl ImageDescription {
    fn element(&self, name: &str) -> Element {
        let mut element = Element::new("IMAGE");
        element.set_text("NAME", name);
        if let Some(description) = &self.description {
            element.set_text("DESCRIPTION", description);
        }
        if let Some(flags) = &self.flags {
            element.set_text("FLAGS", flags);
        }
        let time = time::to_wim(self.time);
        element.set_time("CREATIONTIME", time);
        element.set_time("LASTMODIFICATIONTIME", time);
        element
    }
}

/// What a new WIM file is like.
#[derive(Clone, Copy, Debug)]
pub struct NewFile {
    /// How its contents are stored.
    pub packing: Packing,
    /// What becomes of a file of that name.
    pub overwrite: Overwrite,
    /// Whether it gets an integrity table.
    pub integrity: bool,
}

/// A captured image.
#[derive(Clone, Debug)]
pub struct Captured {
    /// Its number in the file, from 1 on.
    pub index: u32,
    /// Its name.
    pub name: String,
    /// Directories, the root included; a link to one is none.
    pub directories: u64,
    /// All else, each hard link by itself.
    pub files: u64,
    /// Bytes that were read, each file once.
    pub bytes: u64,
    /// Length of the WIM file now, in bytes.
    pub wim_len: u64,
    /// Entries that the exclusions leave out.
    pub excluded: u64,
    /// Entries that could not be captured, or not with all they hold; the
    /// findings name them.
    pub lost: u64,
    /// What the user should know.
    pub findings: Vec<Finding>,
}

/// What would be captured.
#[derive(Clone, Debug)]
pub struct Preview {
    /// Directories, the root included; a link to one is none.
    pub directories: u64,
    /// All else, each hard link by itself.
    pub files: u64,
    /// Bytes that would be read, each file once.
    pub bytes: u64,
    /// Entries that the exclusions leave out.
    pub excluded: u64,
    /// Entries that could not be captured.
    pub lost: u64,
    /// What the user should know.
    pub findings: Vec<Finding>,
}
