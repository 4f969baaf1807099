//! The walk over the tree: every entry is listed before any content is read.
//!
//! Directories are visited from a list of those still to come, each opened by
//! its path from the root: depth costs neither stack nor open files.

use std::collections::{HashMap, HashSet};
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStringExt as _;
use std::path::Path;

use wimwright_wim::FileTime;
use wimwright_wim::metadata::DentryId;

use super::applied::Applied;
use super::entries::{Entries, EntryId, NewEntry};
use super::exclusions::Fate;
use super::host::{self, HostKind, HostTree, Identity, Status};
use super::notes::Notes;
use super::ntfs::{Driver, NtfsReader};
use super::{CaptureError, CaptureOptions, FileId};
use crate::backend::is_reserved_name;
use crate::path::Name;
use crate::sidecar::{Sidecar, UNFINISHED};
use crate::tree::Kind;
use crate::tree::directory::{host_name, shown, windows_name};

/// Inode of an NTFS volume's root.
const NTFS_ROOT: u64 = 5;
/// A tree, listed.
pub(super) struct Scan {
    pub(super) host: HostTree,
    pub(super) entries: Entries,
    /// What an earlier apply wrote beside the tree.
    pub(super) applied: Option<Applied>,
    pub(super) notes: Notes,
}

/// A name that is going to be an entry.
struct Found {
    folded: Vec<u16>,
    name: OsString,
    source: Source,
    fate: Fate,
}

/// Where an entry is.
#[derive(Clone, Copy)]
enum Source {
    /// On the host.
    Host(Status),
    /// In the sidecar alone: the host could not hold it.
    Kept(DentryId, Kind),
}

/// A directory still to be visited.
struct Open {
    directory: EntryId,
    fate: Fate,
}

/// A tree that is being listed.
pub(super) struct Scanner<'o> {
    pub(super) host: HostTree,
    pub(super) options: &'o CaptureOptions,
    leave_out: HashSet<FileId>,
    pub(super) entries: Entries,
    pub(super) applied: Option<Applied>,
    pub(super) notes: Notes,
    pub(super) ntfs: NtfsReader,
    pub(super) drivers: HashMap<u64, Option<Driver>>,
    pub(super) descriptors: HashMap<Vec<u8>, u32>,
    /// The first name of each file that has several.
    pub(super) linked: HashMap<FileId, EntryId>,
    /// Whether the directory is the root of an NTFS volume.
    pub(super) whole_volume: bool,
}

/// Lists the tree at `directory`.
///
/// # Errors
/// [`CaptureError`] when something of it cannot be read.
pub(super) fn scan(
    directory: &Path,
    options: &CaptureOptions,
    leave_out: &[FileId],
) -> Result<Scan, CaptureError> {
    let open = |source| CaptureError::Directory {
        path: directory.to_owned(),
        source,
    };
    let host = HostTree::open(directory).map_err(open)?;
    let root = host.directory(Path::new("")).map_err(open)?;
    let status = host::status_of(root.as_fd()).map_err(open)?;
    let mut scanner = Scanner {
        host,
        options,
        leave_out: leave_out.iter().copied().collect(),
        entries: Entries::default(),
        applied: Sidecar::open(directory)?.map(Applied::new),
        notes: Notes::default(),
        ntfs: NtfsReader::new(),
        drivers: HashMap::new(),
        descriptors: HashMap::new(),
        linked: HashMap::new(),
        whole_volume: false,
    };
    scanner.root(&status, root.as_fd()).map_err(open)?;
    drop(root);
    let mut open = vec![Open {
        directory: EntryId::ROOT,
        fate: Fate::default(),
    }];
    while let Some(next) = open.pop() {
        // So that the first of them is visited next.
        let below = scanner.list(&next)?;
        open.extend(below.into_iter().rev());
    }
    Ok(Scan {
        host: scanner.host,
        entries: scanner.entries,
        applied: scanner.applied,
        notes: scanner.notes,
    })
}

impl Scanner<'_> {
    fn root(&mut self, status: &Status, directory: BorrowedFd<'_>) -> io::Result<()> {
        let id = self.push(OsStr::new(""), EntryId::ROOT, status, Fate::default());
        if let Some(driver) = self.driver(status, directory) {
            self.whole_volume = status.identity.inode == NTFS_ROOT;
            // The volume itself knows, and knows better.
            self.applied = None;
            self.add_facts(id, driver, directory, OsStr::new(""))?;
        }
        if let (Some(applied), Some(root)) = (&self.applied, self.entries.get_mut(id)) {
            root.origin = applied.root();
        }
        Ok(())
    }

    /// Lists one directory; gives those in it.
    fn list(&mut self, open: &Open) -> Result<Vec<Open>, CaptureError> {
        let first = self.entries.count();
        let listed = self.entries.get(open.directory);
        let identity = listed.and_then(|entry| entry.identity);
        let directory = match identity {
            Some(identity) => Some(self.open_directory(open.directory, &identity)?),
            None => None,
        };
        let mut found = match &directory {
            Some(directory) => self.look_at(open, directory.as_fd())?,
            None => Vec::new(),
        };
        self.add_kept(open, &mut found);
        // The bytes decide between names that differ by case only.
        found.sort_by(|left, right| {
            let names = || left.name.cmp(&right.name);
            left.folded.cmp(&right.folded).then_with(names)
        });
        self.name_findings(open.directory, &found);
        let mut below = Vec::new();
        for entry in &found {
            let added = match (entry.source, &directory) {
                (Source::Host(status), Some(directory)) => {
                    self.add(open.directory, directory.as_fd(), entry, &status)?
                }
                (Source::Kept(origin, kind), _) => self.add_from_sidecar(open, entry, origin, kind),
                (Source::Host(_), None) => None,
            };
            below.extend(added.map(|directory| Open {
                directory,
                fate: entry.fate,
            }));
        }
        self.entries.end_listing(open.directory, first);
        Ok(below)
    }

    fn open_directory(&self, id: EntryId, listed: &Identity) -> Result<OwnedFd, CaptureError> {
        let failed = |source| CaptureError::read(self.entries.image_path(id), source);
        let path = self.entries.host_path(id);
        let directory = self.host.directory(&path).map_err(failed)?;
        let status = host::status_of(directory.as_fd()).map_err(failed)?;
        match status.identity.file() == listed.file() {
            true => Ok(directory),
            false => Err(CaptureError::Changed {
                path: self.entries.image_path(id),
            }),
        }
    }

    /// Adds what an earlier apply could not put on the host.
    fn add_kept(&mut self, open: &Open, found: &mut Vec<Found>) {
        let origin = self
            .entries
            .get(open.directory)
            .and_then(|entry| entry.origin);
        let (Some(applied), Some(origin)) = (&self.applied, origin) else {
            return;
        };
        for (name, id, kind) in applied.kept(origin) {
            let folded = folded(&name);
            if found.iter().all(|found| found.folded != folded) {
                found.push(Found {
                    folded,
                    name: host_name(&name),
                    source: Source::Kept(id, kind),
                    fate: open.fate,
                });
            }
        }
    }

    fn add_from_sidecar(
        &mut self,
        open: &Open,
        found: &Found,
        origin: DentryId,
        kind: Kind,
    ) -> Option<EntryId> {
        let id = self.entries.push(&NewEntry {
            name: &found.name,
            parent: open.directory,
            kind,
            identity: None,
            created: FileTime(0),
            accessed: FileTime(0),
            written: FileTime(0),
        });
        if let Some(entry) = self.entries.get_mut(id) {
            entry.origin = Some(origin);
            entry.stored = found.fate.stored;
        }
        (kind == Kind::Directory).then_some(id)
    }

    /// Decides which names of a directory become entries.
    fn look_at(
        &mut self,
        open: &Open,
        directory: BorrowedFd<'_>,
    ) -> Result<Vec<Found>, CaptureError> {
        let mut names = host::names(directory).map_err(|source| {
            let path = self.entries.image_path(open.directory);
            CaptureError::read(path, source)
        })?;
        // So that what is found on the way does not depend on the host's order.
        names.sort();
        let at = |scanner: &Self, name: &OsStr| {
            let path = scanner.entries.host_path(open.directory).join(name);
            shown(&path)
        };
        let above = self.entries.host_path(open.directory);
        let mut path: Vec<Name> = above.iter().filter_map(windows_name).collect();
        let mut found = Vec::with_capacity(names.len());
        for name in names {
            let name = OsString::from_vec(name.into_bytes());
            let Some(windows) = windows_name(&name) else {
                let directory = self.entries.image_path(open.directory);
                self.notes.no_windows_name(&directory, &name);
                continue;
            };
            if open.directory == EntryId::ROOT && self.is_ours(&windows) {
                continue;
            }
            let folded = folded(&windows);
            path.push(windows);
            let fate = self.options.exclusions.fate(open.fate, &path);
            path.pop();
            let Some(fate) = fate else {
                self.notes.excluded += 1;
                continue;
            };
            let status = host::status(directory, &name);
            let status = status.map_err(|error| CaptureError::read(at(self, &name), error))?;
            if self.leave_out.contains(&status.identity.file()) {
                self.notes.output_in_tree(&at(self, &name));
                continue;
            }
            let is_directory = status.kind == HostKind::Directory;
            if let HostKind::Special(what) = status.kind {
                self.notes.special(&at(self, &name), what);
                continue;
            }
            if !is_directory && !fate.takes_files() {
                self.notes.excluded += 1;
                continue;
            }
            found.push(Found {
                folded,
                name,
                source: Source::Host(status),
                fate,
            });
        }
        Ok(found)
    }

    /// Whether a name in the root is one that this program itself puts there.
    fn is_ours(&mut self, name: &Name) -> bool {
        if name.is(UNFINISHED) {
            self.notes.unfinished_apply();
        }
        is_reserved_name(name)
    }

    fn name_findings(&mut self, directory: EntryId, found: &[Found]) {
        let alike = found.chunk_by(|left, right| left.folded == right.folded);
        for group in alike.filter(|group| group.len() > 1) {
            let names: Vec<&OsStr> = group.iter().map(|found| found.name.as_os_str()).collect();
            let directory = self.entries.image_path(directory);
            self.notes.names_differ_by_case(&directory, &names);
        }
        for found in found {
            let text = found.name.to_str().map(Name::new);
            if let Some(Err(reason)) = text {
                let directory = self.entries.image_path(directory);
                self.notes.odd_name(&directory, &found.name, &reason);
            }
        }
    }

    /// Adds one entry; gives its number where it is a directory.
    fn add(
        &mut self,
        parent: EntryId,
        directory: BorrowedFd<'_>,
        found: &Found,
        status: &Status,
    ) -> Result<Option<EntryId>, CaptureError> {
        let driver = self.driver(status, directory);
        let id = self.push(&found.name, parent, status, found.fate);
        let mut taken = true;
        if let Some(driver) = driver {
            let added = self.add_facts(id, driver, directory, &found.name);
            added.map_err(|error| CaptureError::read(self.entries.image_path(id), error))?;
            taken = self.check_facts(id)?;
        }
        if status.kind == HostKind::Link && taken {
            let added = self.add_link(id, directory, &found.name);
            taken =
                added.map_err(|error| CaptureError::read(self.entries.image_path(id), error))?;
        }
        if !taken {
            self.entries.pop();
            return Ok(None);
        }
        self.join_links(id, status);
        self.set_origin(id, parent);
        Ok((status.kind == HostKind::Directory).then_some(id))
    }
}

/// A name as NT sorts and compares it.
fn folded(name: &Name) -> Vec<u16> {
    name.as_text().units().map(wimwright_hive::upcase).collect()
}

impl Identity {
    /// Which file it is, whatever its version.
    pub(super) fn file(&self) -> FileId {
        FileId {
            device: self.device,
            inode: self.inode,
        }
    }
}
