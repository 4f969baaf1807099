//! All that the backend asks of the host, in one place.
//!
//! So that a disk in memory can stand in for it, lose power at any moment, be
//! full, or refuse. Paths are below the image root, spelled exactly, and hold
//! no links but where a method says so.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::blob::Blob;
use crate::plan::Times;
use crate::tree::directory::HostKind;

/// What is at a path, a link not being followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Status {
    pub(crate) kind: HostKind,
    /// How many names it has.
    pub(crate) links: u64,
    /// The filesystem that it is on.
    pub(crate) device: u64,
}

/// What the host holds about a file beside its content and times.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Attributes {
    /// User and group.
    pub(crate) owner: (u32, u32),
    /// Permission bits.
    pub(crate) mode: u32,
    /// Extended attributes; `None` for a value that cannot be read.
    pub(crate) extended: BTreeMap<OsString, Option<Vec<u8>>>,
    /// What there is only on NTFS.
    pub(crate) ntfs: Option<Ntfs>,
}

/// What NTFS holds about a file, of which a new file cannot be given all:
/// streams, short name, object id, creation time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ntfs {
    /// Whether it has a short name, which the host counts among its names.
    pub(crate) short_name: bool,
}

/// What the backend asks of the host.
pub(crate) trait Host: Send + Sync {
    /// The path as a person would name it.
    fn locate(&self, path: &Path) -> PathBuf;

    /// What is there; `None` where there is nothing.
    fn status(&self, path: &Path) -> io::Result<Option<Status>>;

    /// The names in a directory, in no order.
    fn list(&self, directory: &Path) -> io::Result<Vec<(OsString, HostKind)>>;

    /// Where a path leads whose last name is a link.
    fn resolve(&self, link: &Path) -> io::Result<(PathBuf, HostKind)>;

    /// An error unless names may be added to and removed from the directory.
    fn check_changeable(&self, directory: &Path) -> io::Result<()>;

    /// An error unless times and attributes of what is there may be set.
    fn check_owned(&self, path: &Path) -> io::Result<()>;

    /// Whether the host holds Windows attributes and creation times.
    fn holds_attributes(&self) -> bool;

    /// The content of a file.
    fn read(&self, file: &Path) -> io::Result<Arc<dyn Blob>>;

    /// What the host holds about a file.
    fn attributes(&self, file: &Path) -> io::Result<Attributes>;

    /// Makes a new file, to be written.
    fn create(&self, file: &Path) -> io::Result<Box<dyn HostFile>>;

    /// Opens a file to be written over; its content stays as it is.
    fn open_in_place(&self, file: &Path) -> io::Result<Box<dyn HostFile>>;

    /// Makes a new directory.
    fn create_directory(&self, directory: &Path) -> io::Result<()>;

    /// Gives `from` the name `to`, in place of a file that has it.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Gives a file one more name, which must be free.
    fn link(&self, file: &Path, name: &Path) -> io::Result<()>;

    /// Removes a name that is no directory's.
    fn remove_file(&self, file: &Path) -> io::Result<()>;

    /// Removes an empty directory.
    fn remove_directory(&self, directory: &Path) -> io::Result<()>;

    /// Sets Windows attributes of a file or directory.
    fn set_attributes(&self, path: &Path, attributes: u32) -> io::Result<()>;

    /// Sets times of a file or directory.
    fn set_times(&self, path: &Path, times: Times) -> io::Result<()>;

    /// Returns when content and attributes of the file are on the disk.
    fn sync_file(&self, file: &Path) -> io::Result<()>;

    /// Returns when the names in the directory are on the disk.
    fn sync_directory(&self, directory: &Path) -> io::Result<()>;
}

/// A file being written.
pub(crate) trait HostFile {
    /// Writes all of `bytes` at `offset`.
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()>;

    /// Cuts the file off, or extends it with zeros.
    fn set_len(&mut self, len: u64) -> io::Result<()>;

    /// What the host holds about it.
    fn attributes(&mut self) -> io::Result<Attributes>;

    /// Gives it to a user and a group.
    fn set_owner(&mut self, owner: (u32, u32)) -> io::Result<()>;

    /// Sets the permission bits.
    fn set_mode(&mut self, mode: u32) -> io::Result<()>;

    /// Sets an extended attribute.
    fn set_attribute(&mut self, name: &std::ffi::OsStr, value: &[u8]) -> io::Result<()>;
}
