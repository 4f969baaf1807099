//! A host directory as a tree: an extracted or mounted image, a driver folder.
//!
//! Windows names over a host that tells `SYSTEM` from `system`. Listings are
//! kept once read. Symbolic links are followed where they stay inside the
//! directory, never else; a listing names a link to a directory as a link even
//! then, so that nothing that walks a tree walks in circles. Pipes, sockets
//! and devices are shown as links, and never opened.

mod file;
mod host_name;
mod link;
mod names;
mod windows_metadata;

use std::collections::HashMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use cap_std::ambient_authority;
use cap_std::fs::{Dir, FileType};
use file::OpenFiles;
pub(crate) use file::{FileBlob, open_to_read};
pub(crate) use host_name::{host_name, or_dot, path_from_text, path_text, shown, windows_name};
pub(crate) use names::Names;
use windows_metadata::WindowsMetadata;
pub(crate) use windows_metadata::{ATTRIBUTES, CREATED, holds_attributes};

use super::{Entry, FileTree, Kind, Metadata, TreeError};
use crate::backend::is_reserved_name;
use crate::blob::Blob;
use crate::path::{ImagePath, Name};
use crate::text::Text;

/// What a host name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HostKind {
    File,
    Directory,
    Link,
    /// A pipe, socket or device.
    Special,
}

impl From<FileType> for HostKind {
    fn from(file_type: FileType) -> HostKind {
        if file_type.is_file() {
            HostKind::File
        } else if file_type.is_dir() {
            HostKind::Directory
        } else if file_type.is_symlink() {
            HostKind::Link
        } else {
            HostKind::Special
        }
    }
}

/// Names in one directory that Windows cannot tell apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameClash {
    /// The directory.
    pub directory: ImagePath,
    /// The names; any other spelling of them means the first.
    pub names: Vec<Name>,
}

/// A host name that is no Windows name: the tree does not show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnreadableName {
    /// The directory.
    pub directory: ImagePath,
    /// The name, as the host spells it.
    pub name: OsString,
}

struct Listing {
    names: Names<HostKind>,
    unreadable: Vec<OsString>,
}

#[derive(Default)]
struct Listings {
    /// Counts how often the listings were dropped, so that one which was being
    /// read meanwhile is not kept.
    age: u64,
    /// By path below the root, without links.
    read: HashMap<PathBuf, Arc<Listing>>,
}

/// Where an image path leads on the host: a path below the root, without links.
enum Place {
    File(PathBuf),
    Directory(PathBuf),
    /// A link that is not followed, or a special file.
    Link(PathBuf),
}

/// A host directory as a tree.
pub struct DirectoryTree {
    root: Arc<Dir>,
    /// Where `root` was opened.
    directory: PathBuf,
    listings: Mutex<Listings>,
    files: Arc<OpenFiles>,
    /// Whether the filesystem holds Windows metadata, once asked for.
    windows: OnceLock<bool>,
}

impl DirectoryTree {
    /// Opens the directory `root`; a link there is followed, wherever it leads.
    ///
    /// # Errors
    /// [`TreeError`] when it is no directory or cannot be opened.
    pub fn open(root: &Path) -> Result<DirectoryTree, TreeError> {
        let opened = Dir::open_ambient_dir(root, ambient_authority());
        let opened = opened.map_err(|error| {
            let message = format!("directory `{}`: {error}", root.display());
            TreeError::new(&ImagePath::root(), io::Error::new(error.kind(), message))
        })?;
        Ok(DirectoryTree::over(Arc::new(opened), root))
    }

    /// The tree over a directory that was opened at `directory`.
    pub(crate) fn over(root: Arc<Dir>, directory: &Path) -> DirectoryTree {
        DirectoryTree {
            root,
            directory: directory.to_owned(),
            listings: Mutex::default(),
            files: Arc::default(),
            windows: OnceLock::new(),
        }
    }

    /// Names that differ only by case, in the directories read so far.
    pub fn name_clashes(&self) -> Vec<NameClash> {
        self.of_listings(|directory, listing| {
            let clash = |names| NameClash {
                directory: directory.clone(),
                names,
            };
            listing.names.clashes().map(clash).collect()
        })
    }

    /// Host names that are no Windows names, in the directories read so far.
    pub fn unreadable_names(&self) -> Vec<UnreadableName> {
        self.of_listings(|directory, listing| {
            let unreadable = |name: &OsString| UnreadableName {
                directory: directory.clone(),
                name: name.clone(),
            };
            listing.unreadable.iter().map(unreadable).collect()
        })
    }

    /// Drops the listings: the directory was written to.
    pub(crate) fn forget(&self) {
        let mut listings = self.lock_listings();
        listings.age += 1;
        listings.read.clear();
    }

    fn of_listings<T>(&self, each: impl Fn(&ImagePath, &Listing) -> Vec<T>) -> Vec<T> {
        let mut read: Vec<(PathBuf, Arc<Listing>)> = {
            let listings = self.lock_listings();
            let pairs = listings.read.iter();
            pairs
                .map(|(path, listing)| (path.clone(), Arc::clone(listing)))
                .collect()
        };
        read.sort_by(|left, right| left.0.cmp(&right.0));
        read.iter()
            .flat_map(|(path, listing)| each(&shown(path), listing))
            .collect()
    }

    fn lock_listings(&self) -> MutexGuard<'_, Listings> {
        self.listings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The names in a directory, given by a path without links.
    fn listing(&self, directory: &Path) -> io::Result<Option<Arc<Listing>>> {
        let age = {
            let listings = self.lock_listings();
            if let Some(listing) = listings.read.get(directory) {
                return Ok(Some(Arc::clone(listing)));
            }
            listings.age
        };
        let entries = match list(&self.root, directory) {
            Err(error) if is_missing(&error) => return Ok(None),
            other => other?,
        };
        let (mut names, mut unreadable) = (Vec::new(), Vec::new());
        for (name, kind) in entries {
            match windows_name(&name) {
                Some(name) if directory.as_os_str().is_empty() && is_reserved_name(&name) => {}
                Some(name) => names.push((name, kind)),
                None => unreadable.push(name),
            }
        }
        unreadable.sort();
        let listing = Arc::new(Listing {
            names: Names::new(names),
            unreadable,
        });
        let mut listings = self.lock_listings();
        if listings.age == age {
            listings
                .read
                .insert(directory.to_owned(), Arc::clone(&listing));
        }
        Ok(Some(listing))
    }

    fn find(&self, path: &ImagePath) -> io::Result<Option<Place>> {
        let mut place = Place::Directory(PathBuf::new());
        for name in path.names() {
            let Place::Directory(mut host) = place else {
                return Ok(None);
            };
            let Some(listing) = self.listing(&host)? else {
                return Ok(None);
            };
            let Some((found, kind)) = listing.names.find(name) else {
                return Ok(None);
            };
            host.push(host_name(found));
            place = match kind {
                HostKind::File => Place::File(host),
                HostKind::Directory => Place::Directory(host),
                HostKind::Special => Place::Link(host),
                HostKind::Link => self.follow(host),
            };
        }
        Ok(Some(place))
    }

    /// Where a link leads. All that keeps it from being followed (it leads
    /// outside, to nothing, in circles) makes it a link that is not followed.
    fn follow(&self, link: PathBuf) -> Place {
        match resolve(&self.root, &link) {
            Ok((path, HostKind::File)) => Place::File(path),
            Ok((path, HostKind::Directory)) => Place::Directory(path),
            _ => Place::Link(link),
        }
    }

    fn find_metadata(&self, path: &ImagePath) -> io::Result<Option<Metadata>> {
        let (host, kind) = match self.find(path)? {
            None => return Ok(None),
            Some(Place::File(host)) => (host, Kind::File),
            Some(Place::Directory(host)) => (host, Kind::Directory),
            Some(Place::Link(host)) => (host, Kind::Link),
        };
        let metadata = match self.root.symlink_metadata(or_dot(&host)) {
            Err(error) if is_missing(&error) => return Ok(None),
            other => other?,
        };
        let time = |time: io::Result<cap_std::time::SystemTime>| {
            Some(crate::time::from_system(time.ok()?.into_std()))
        };
        let windows = match kind {
            Kind::Link => WindowsMetadata::default(),
            _ => self.windows_metadata(&host),
        };
        Ok(Some(Metadata {
            kind,
            attributes: windows.attributes,
            created: windows.created.or_else(|| time(metadata.created())),
            accessed: time(metadata.accessed()),
            len: if kind == Kind::File {
                metadata.len()
            } else {
                0
            },
            modified: time(metadata.modified()),
            links: if kind == Kind::File {
                links(&metadata)
            } else {
                1
            },
        }))
    }

    /// What tells a file from all others of the host; `None` for what is no
    /// file.
    #[cfg(unix)]
    fn find_file_number(&self, path: &ImagePath) -> io::Result<Option<(u64, u64)>> {
        use cap_std::fs::MetadataExt as _;
        let Some(Place::File(host)) = self.find(path)? else {
            return Ok(None);
        };
        match self.root.symlink_metadata(&host) {
            Ok(metadata) => Ok(Some((metadata.dev(), metadata.ino()))),
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The same on hosts that do not number their files: the path tells.
    #[cfg(not(unix))]
    fn find_file_number(&self, path: &ImagePath) -> io::Result<Option<PathBuf>> {
        Ok(match self.find(path)? {
            Some(Place::File(host)) => Some(host),
            _ => None,
        })
    }

    /// What a listing says of a name in it.
    fn listed(&self, directory: &Path, name: &Name, kind: HostKind) -> Entry {
        Entry {
            name: name.clone(),
            kind: match kind {
                HostKind::File => Kind::File,
                HostKind::Directory => Kind::Directory,
                HostKind::Special => Kind::Link,
                HostKind::Link => match self.follow(directory.join(host_name(name))) {
                    Place::File(_) => Kind::File,
                    _ => Kind::Link,
                },
            },
        }
    }

    fn find_entry(&self, path: &ImagePath) -> io::Result<Option<Entry>> {
        let (Some(above), Some(name)) = (path.parent(), path.file_name()) else {
            return Ok(None);
        };
        let Some(Place::Directory(host)) = self.find(&above)? else {
            return Ok(None);
        };
        let Some(listing) = self.listing(&host)? else {
            return Ok(None);
        };
        let found = listing.names.find(name);
        Ok(found.map(|(name, kind)| self.listed(&host, name, *kind)))
    }

    fn find_entries(&self, path: &ImagePath) -> io::Result<Option<Vec<Entry>>> {
        let Some(Place::Directory(host)) = self.find(path)? else {
            return Ok(None);
        };
        let Some(listing) = self.listing(&host)? else {
            return Ok(None);
        };
        let entries = listing.names.iter();
        let entries = entries.map(|(name, kind)| self.listed(&host, name, *kind));
        Ok(Some(entries.collect()))
    }
}

impl FileTree for DirectoryTree {
    fn metadata(&self, path: &ImagePath) -> Result<Option<Metadata>, TreeError> {
        self.find_metadata(path)
            .map_err(|error| TreeError::new(path, error))
    }

    fn read_dir(&self, path: &ImagePath) -> Result<Option<Vec<Entry>>, TreeError> {
        self.find_entries(path)
            .map_err(|error| TreeError::new(path, error))
    }

    fn entry(&self, path: &ImagePath) -> Result<Option<Entry>, TreeError> {
        self.find_entry(path)
            .map_err(|error| TreeError::new(path, error))
    }

    fn open(&self, path: &ImagePath) -> Result<Option<Arc<dyn Blob>>, TreeError> {
        let place = self
            .find(path)
            .map_err(|error| TreeError::new(path, error))?;
        let Some(Place::File(host)) = place else {
            return Ok(None);
        };
        match FileBlob::open(&self.root, host, &self.files) {
            Ok(blob) => Ok(Some(blob)),
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(TreeError::new(path, error)),
        }
    }

    fn same_file(&self, one: &ImagePath, other: &ImagePath) -> Result<bool, TreeError> {
        let number = |path: &ImagePath| {
            let number = self.find_file_number(path);
            number.map_err(|error| TreeError::new(path, error))
        };
        let found = number(one)?;
        Ok(found.is_some() && (one == other || found == number(other)?))
    }

    fn names(&self, path: &ImagePath) -> Result<Vec<ImagePath>, TreeError> {
        let mut names = vec![path.clone()];
        let links = self.metadata(path)?.map_or(0, |found| found.links);
        if links < 2 || self.link_target(path)?.is_some() {
            return Ok(names);
        }
        // The host says how many there are, not which: all is looked through
        // until they are found. A list instead of recursion.
        let mut open = vec![ImagePath::root()];
        while let Some(directory) = open.pop() {
            for entry in self.read_dir(&directory)?.unwrap_or_default() {
                let below = directory.child(entry.name);
                match entry.kind {
                    Kind::Directory => open.push(below),
                    Kind::File
                        if below != *path
                            && self.same_file(path, &below)?
                            && self.link_target(&below)?.is_none() =>
                    {
                        names.push(below);
                    }
                    _ => {}
                }
            }
            if names.len() as u64 == links {
                break;
            }
        }
        Ok(names)
    }

    fn link_target(&self, path: &ImagePath) -> Result<Option<Text>, TreeError> {
        self.find_link_target(path)
            .map_err(|error| TreeError::new(path, error))
    }
}

fn is_missing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

/// How many names a file has.
pub(crate) fn links(metadata: &cap_std::fs::Metadata) -> u64 {
    #[cfg(unix)]
    {
        use cap_std::fs::MetadataExt as _;
        metadata.nlink()
    }
    #[cfg(not(unix))]
    {
        let _ = metadata;
        1
    }
}

/// The host names in a directory below `root`.
pub(crate) fn list(root: &Dir, directory: &Path) -> io::Result<Vec<(OsString, HostKind)>> {
    let mut names = Vec::new();
    for entry in root.read_dir(or_dot(directory))? {
        let entry = entry?;
        let name = entry.file_name();
        let mut file_type = entry.file_type()?;
        if file_type == FileType::unknown() {
            // Some filesystems do not say it in the directory.
            file_type = match root.symlink_metadata(directory.join(&name)) {
                Err(error) if is_missing(&error) => continue,
                metadata => metadata?.file_type(),
            };
        }
        names.push((name, file_type.into()));
    }
    Ok(names)
}

/// Where a path leads that may hold links: a path below `root` without links.
///
/// # Errors
/// `PermissionDenied` where it leads outside or to what is ours, else what the
/// host says.
pub(crate) fn resolve(root: &Dir, path: &Path) -> io::Result<(PathBuf, HostKind)> {
    let kind = root.metadata(or_dot(path))?.file_type().into();
    let resolved = root.canonicalize(or_dot(path))?;
    if is_reserved(&resolved) {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    if resolved == Path::new(".") {
        return Ok((PathBuf::new(), kind));
    }
    Ok((resolved, kind))
}

/// Whether a path below the root is the reserved one or lies in it.
pub(crate) fn is_reserved(path: &Path) -> bool {
    path.components()
        .next()
        .and_then(|first| windows_name(first.as_os_str()))
        .is_some_and(|name| is_reserved_name(&name))
}

#[cfg(test)]
mod tests;
