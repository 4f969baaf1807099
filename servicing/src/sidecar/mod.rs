//! The sidecar: what Windows knows of the files of an applied tree and the
//! host's filesystem cannot hold.
//!
//! `apply` writes it as [`SIDECAR`] into the root of the tree: a small WIM file
//! with one image, the metadata of everything that was applied. Of the
//! contents it has those that are nowhere in the tree: named streams, reparse
//! data, encrypted files, and whatever could not be made on the host. `capture`
//! takes from it what an unchanged file had. Any program for WIM files can
//! list it.
//!
//! No tree shows the sidecar, and it describes no file of its own name.

mod host_times;
mod write;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cap_std::ambient_authority;
use cap_std::fs::Dir;
pub use host_times::{HostTime, HostTimes};
use wimwright_wim::metadata::{Dentry, DentryId, StreamKind, tag};
use wimwright_wim::{Archive, BlobReader, Hash, Metadata, NamedFile, Utf16};
pub(crate) use write::{Kept, OldSidecar, SidecarContent, SidecarWriter};

use crate::path::{ImagePath, Name};
use crate::text::Text;
use crate::tree::Kind;
use crate::tree::directory::{Names, open_to_read};

/// The sidecar's name in the root of a tree.
pub const SIDECAR: &str = ".wimwright-sidecar";

/// The name of one that is being written. Where it is there, the tree was not
/// applied to its end.
pub const UNFINISHED: &str = ".wimwright-sidecar.new";

/// The version of what is written here.
const VERSION: &str = "1";

/// Number of the tagged item that marks an entry which is not on the host: a
/// name too long for it, say. Its contents are all in the sidecar.
pub const KEPT_TAG: u32 = 0x574B_4550;

/// Tag of a symbolic link ([MS-FSCC] 2.1.2.1).
pub(crate) const SYMLINK: u32 = 0xA000_000C;
/// Tag of a junction or mount point.
pub(crate) const MOUNT_POINT: u32 = 0xA000_0003;

/// Why a sidecar was not read.
#[derive(Debug, thiserror::Error)]
pub enum SidecarError {
    /// The system could not read it.
    #[error("`{}`", path.display())]
    Host {
        /// The sidecar.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is damaged.
    #[error("`{}`", path.display())]
    Wim {
        /// The sidecar.
        path: PathBuf,
        /// What is wrong with it.
        source: wimwright_wim::Error,
    },
    /// Some other file has its name.
    #[error("`{}` is a WIM file, but no sidecar of an applied tree", path.display())]
    NotASidecar {
        /// The file.
        path: PathBuf,
    },
    /// A later version wrote it.
    #[error("`{}` is of version {found}; this program knows version {VERSION}", path.display())]
    Version {
        /// The sidecar.
        path: PathBuf,
        /// Its version.
        found: String,
    },
}

/// The sidecar of an applied tree.
pub struct Sidecar {
    archive: Archive,
    metadata: Metadata,
    times: HostTimes,
}

impl Sidecar {
    /// Opens the sidecar of the tree in the directory `root`; `None` where
    /// there is none.
    ///
    /// # Errors
    /// [`SidecarError`].
    pub fn open(root: &Path) -> Result<Option<Sidecar>, SidecarError> {
        let opened = Dir::open_ambient_dir(root, ambient_authority());
        let root_directory = opened.map_err(|source| SidecarError::Host {
            path: root.to_owned(),
            source,
        })?;
        Sidecar::open_in(&root_directory, root)
    }

    /// The same in an open directory, which messages call `shown`.
    pub(crate) fn open_in(root: &Dir, shown: &Path) -> Result<Option<Sidecar>, SidecarError> {
        let path = shown.join(SIDECAR);
        match open_to_read(root, Path::new(SIDECAR)) {
            Ok(file) => Sidecar::read(file, path).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(SidecarError::Host { path, source }),
        }
    }

    fn read(file: File, path: PathBuf) -> Result<Sidecar, SidecarError> {
        let named = NamedFile::new(path.display().to_string(), Arc::new(file));
        let read = Archive::open(named).and_then(|archive| {
            let metadata = archive.metadata(1)?;
            Ok((archive, metadata))
        });
        let (archive, metadata) = match read {
            Ok(read) => read,
            Err(source) => return Err(SidecarError::Wim { path, source }),
        };
        let said = archive.xml().image(1);
        let version = said.and_then(|element| element.text("WIMWRIGHT/SIDECAR"));
        let times = said.and_then(HostTimes::read);
        match (version, times) {
            (Some(version), Some(times)) if version == VERSION => Ok(Sidecar {
                archive,
                metadata,
                times,
            }),
            (Some(found), _) if found != VERSION => Err(SidecarError::Version { path, found }),
            _ => Err(SidecarError::NotASidecar { path }),
        }
    }

    /// The sidecar as the WIM file that it is.
    pub fn archive(&self) -> &Archive {
        &self.archive
    }

    /// The metadata of all that was applied.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// The entry at `path`, a name being found as trees find theirs: the exact
    /// spelling, else the first that differs by case only.
    pub fn find(&self, path: &ImagePath) -> Option<Dentry<'_>> {
        let mut found = self.metadata.root()?;
        for name in path.names() {
            found = self.names(&found).find(name)?;
        }
        Some(found)
    }

    /// The entries of a directory, to find many of them.
    pub fn names(&self, directory: &Dentry<'_>) -> SidecarNames<'_> {
        let children = self.metadata.children(directory);
        let named = children.filter_map(|entry| Some((name_of(entry.name())?, entry.id())));
        SidecarNames {
            metadata: &self.metadata,
            names: Names::new(named.collect()),
        }
    }

    /// Whether what is on the host now, seen without following a link and with
    /// this time of last write, is what was applied for `entry`. Content is
    /// not looked at: whoever captures it reads it anyway, and compares hashes.
    pub fn is_unchanged(&self, entry: &Dentry<'_>, kind: Kind, written: HostTime) -> bool {
        !is_kept(entry)
            && kind_on_host(entry) == kind
            && self.times.held(entry.written()) == written
    }

    /// Content that is in the sidecar: of named streams, reparse points,
    /// encrypted files and entries that are not on the host; `None` where it
    /// is in the tree itself.
    ///
    /// # Errors
    /// Where it lies is wrong.
    pub fn open_blob(&self, hash: &Hash) -> Result<Option<BlobReader>, wimwright_wim::Error> {
        let found = self.archive.find(hash);
        found.map(|id| self.archive.open_blob(id)).transpose()
    }
}

/// The entries of one directory of a sidecar.
pub struct SidecarNames<'s> {
    metadata: &'s Metadata,
    names: Names<DentryId>,
}

impl<'s> SidecarNames<'s> {
    /// The entry with this name: the exact spelling, else the first that
    /// differs by case only.
    pub fn find(&self, name: &Name) -> Option<Dentry<'s>> {
        let (_, id) = self.names.find(name)?;
        self.metadata.dentry(*id)
    }

    /// All of them, in NT's order.
    pub fn iter(&self) -> impl Iterator<Item = Dentry<'s>> + '_ {
        let ids = self.names.iter().map(|(_, id)| *id);
        ids.filter_map(|id| self.metadata.dentry(id))
    }
}

/// Whether an entry of a sidecar was never on the host; its contents are all
/// in the sidecar.
pub fn is_kept(entry: &Dentry<'_>) -> bool {
    entry.tagged_items().any(|item| item.tag == KEPT_TAG)
}

/// What an entry of an image becomes on a filesystem that is not Windows':
/// links are the reparse points that are symbolic links or junctions; other
/// reparse points become empty files and directories.
pub fn kind_on_host(entry: &Dentry<'_>) -> Kind {
    match entry.reparse() {
        Some(reparse) if matches!(reparse.tag, SYMLINK | MOUNT_POINT) => Kind::Link,
        _ if entry.is_directory() => Kind::Directory,
        _ => Kind::File,
    }
}

/// The tagged items of an entry without the sidecar's own, in stored form.
pub fn tagged_without_mark(entry: &Dentry<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    if !is_kept(entry) {
        bytes.extend_from_slice(entry.tagged_bytes());
        return bytes;
    }
    for item in entry.tagged_items().filter(|item| item.tag != KEPT_TAG) {
        wimwright_wim::metadata::push_tagged(&mut bytes, item.tag, item.data);
    }
    bytes
}

/// Whether a stream's content is nowhere on the host but in the sidecar.
fn is_beside_the_tree(entry: &Dentry<'_>, kind: StreamKind, name: Utf16<'_>) -> bool {
    let data = kind == StreamKind::Data && name.is_empty();
    // What a symbolic link is on the host has no place for data.
    !data || is_kept(entry) || kind_on_host(entry) == Kind::Link
}

/// A stored name as a tree has it.
pub(crate) fn name_of(name: Utf16<'_>) -> Option<Name> {
    let units: Vec<u16> = name.units().collect();
    Name::found(Text::from_units(&units))
}

/// Whether a name in the root of a tree is one of the sidecar's.
pub(crate) fn is_sidecar_name(name: &Name) -> bool {
    name.is(SIDECAR) || name.is(UNFINISHED)
}

const _: () = assert!(KEPT_TAG != tag::OBJECT_ID && KEPT_TAG != tag::EXTENDED_ATTRIBUTES);
