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
use wimwright_wim::metadata::{DentryId, attribute, push_tagged, tag};

use super::applied::Applied;
use super::entries::{Entries, EntryId, Extra, NewEntry};
use super::exclusions::Fate;
use super::host::{self, HostKind, HostTree, Identity, Status};
use super::link::{NOT_FIXED, link_point};
use super::notes::Notes;
use super::ntfs::{Driver, NtfsReader, StreamAccess, VALUE_LIMIT};
use super::{CaptureError, CaptureOptions, FileId};
use crate::backend::is_reserved_name;
use crate::path::Name;
use crate::sidecar::{Sidecar, UNFINISHED};
use crate::tree::Kind;
use crate::tree::directory::{host_name, shown, windows_name};

/// Attribute of every file that is new or was changed, until a backup program
/// takes it away.
pub(super) const ARCHIVE: u32 = 0x20;
/// Inode of an NTFS volume's root.
const NTFS_ROOT: u64 = 5;
/// Tags of reparse points that have no content of their own: symbolic links,
/// junctions, links of WSL, sockets.
const WITHOUT_CONTENT: [u32; 4] = [0xA000_000C, 0xA000_0003, 0xA000_001D, 0x8000_0023];

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

struct Scanner<'o> {
    host: HostTree,
    options: &'o CaptureOptions,
    leave_out: HashSet<FileId>,
    entries: Entries,
    applied: Option<Applied>,
    notes: Notes,
    ntfs: NtfsReader,
    drivers: HashMap<u64, Option<Driver>>,
    descriptors: HashMap<Vec<u8>, u32>,
    /// The first name of each file that has several.
    linked: HashMap<FileId, EntryId>,
    /// Whether the directory is the root of an NTFS volume.
    whole_volume: bool,
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
        let names = host::names(directory).map_err(|source| {
            let path = self.entries.image_path(open.directory);
            CaptureError::read(path, source)
        })?;
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

    fn push(&mut self, name: &OsStr, parent: EntryId, status: &Status, fate: Fate) -> EntryId {
        let kind = match status.kind {
            HostKind::Directory => Kind::Directory,
            HostKind::Link => Kind::Link,
            HostKind::File | HostKind::Special(_) => Kind::File,
        };
        let (created, accessed) = match self.options.reproducible {
            // A copy of a tree has other times of birth and reading.
            true => (status.written, status.written),
            false => (status.created.unwrap_or(status.written), status.accessed),
        };
        let id = self.entries.push(&NewEntry {
            name,
            parent,
            kind,
            identity: Some(status.identity),
            created,
            accessed,
            written: status.written,
        });
        if let Some(entry) = self.entries.get_mut(id) {
            entry.stored = fate.stored;
            entry.attributes = match kind {
                Kind::Directory => attribute::DIRECTORY,
                Kind::File => ARCHIVE,
                Kind::Link => attribute::REPARSE_POINT,
            };
        }
        id
    }

    fn driver(&mut self, status: &Status, directory: BorrowedFd<'_>) -> Option<Driver> {
        // Asked of the directory, once for a filesystem; where another one is
        // mounted, its root is asked when it is listed.
        let device = status.identity.device;
        if let Some(known) = self.drivers.get(&device) {
            return *known;
        }
        let directory_is_on_it =
            host::status_of(directory).is_ok_and(|directory| directory.identity.device == device);
        let found = directory_is_on_it.then(|| self.ntfs.driver(directory))?;
        self.drivers.insert(device, found);
        found
    }

    /// Takes over what an NTFS volume tells of an entry.
    fn add_facts(
        &mut self,
        id: EntryId,
        driver: Driver,
        directory: BorrowedFd<'_>,
        name: &OsStr,
    ) -> io::Result<()> {
        let facts = self.ntfs.read(driver, directory, name)?;
        let mut extra = Extra {
            short_name: facts.short_name,
            reparse: facts.reparse,
            streams: facts.streams,
            ..Extra::default()
        };
        match facts.security {
            Some(Ok(descriptor)) => extra.security = Some(self.descriptor(descriptor)),
            Some(Err(error)) => {
                let path = self.entries.image_path(id);
                self.notes.no_security(&path, &error);
            }
            None => {}
        }
        if !facts.object_id.is_empty() {
            push_tagged(&mut extra.tagged, tag::OBJECT_ID, &facts.object_id);
        }
        if facts.short_name_unknown {
            let path = self.entries.image_path(id);
            self.notes.short_name_unknown(&path);
        }
        if facts.has_attributes {
            let path = self.entries.image_path(id);
            self.notes.extended_attributes(&path);
        }
        let whole_volume = self.whole_volume;
        if let Some(reparse) = &mut extra.reparse
            && !whole_volume
        {
            // Its target counts from the volume's root, which this is not.
            reparse.reparse.flags |= NOT_FIXED;
        }
        let Some(entry) = self.entries.get_mut(id) else {
            return Ok(());
        };
        entry.attributes = facts.attributes;
        if let Some([created, accessed, written]) = facts.times {
            (entry.created, entry.accessed, entry.written) = (created, accessed, written);
        }
        entry.extra = Some(Box::new(extra));
        Ok(())
    }

    fn descriptor(&mut self, descriptor: Vec<u8>) -> u32 {
        if let Some(known) = self.descriptors.get(&descriptor) {
            return *known;
        }
        let number = self.entries.descriptors.len() as u32;
        self.entries.descriptors.push(descriptor.clone());
        self.descriptors.insert(descriptor, number);
        number
    }

    /// Looks at what a volume told; `false` where the entry is left out.
    fn check_facts(&mut self, id: EntryId) -> Result<bool, CaptureError> {
        let path = self.entries.image_path(id);
        let Some(entry) = self.entries.get_mut(id) else {
            return Ok(false);
        };
        let is_directory = entry.attributes & attribute::DIRECTORY != 0;
        if entry.attributes & attribute::ENCRYPTED != 0 && !is_directory {
            self.notes.encrypted(&path);
            return Ok(false);
        }
        let Some(extra) = &mut entry.extra else {
            return Ok(true);
        };
        let too_long = |stream: &&super::entries::NamedStream| {
            stream.access == StreamAccess::Attribute && stream.size > VALUE_LIMIT as u64
        };
        if let Some(stream) = extra.streams.iter().find(too_long) {
            let stream = String::from_utf16_lossy(&stream.name);
            return Err(CaptureError::StreamTooLong { path, stream });
        }
        match (&extra.reparse, entry.kind) {
            // The driver reads what the reparse point stands for: compressed
            // or deduplicated content, which is captured as it is read.
            (Some(_), Kind::File) => {
                extra.reparse = None;
                entry.attributes &= !attribute::REPARSE_POINT;
            }
            (Some(point), Kind::Link)
                if !is_directory && !WITHOUT_CONTENT.contains(&point.reparse.tag) =>
            {
                let tag = point.reparse.tag;
                self.notes.content_out_of_reach(&path, tag);
            }
            _ => {}
        }
        Ok(true)
    }

    /// Makes a link of the host a reparse point, unless the volume told it;
    /// `false` where it cannot be one.
    fn add_link(
        &mut self,
        id: EntryId,
        directory: BorrowedFd<'_>,
        name: &OsStr,
    ) -> io::Result<bool> {
        let known = self.entries.get(id).and_then(|entry| entry.extra.as_ref());
        if known.is_some_and(|extra| extra.reparse.is_some()) {
            return Ok(true);
        }
        let target = host::link_target(directory, name)?;
        let root = self.host.real.clone();
        let Some(point) = link_point(&target, &root, self.options.fix_links) else {
            let path = self.entries.image_path(id);
            self.notes.link_target(&path, &target);
            return Ok(false);
        };
        let leads_to = host::status_of_target(directory, name);
        let to_directory = leads_to.is_ok_and(|found| found.kind == HostKind::Directory);
        if let Some(entry) = self.entries.get_mut(id) {
            entry.attributes |= attribute::REPARSE_POINT;
            if to_directory {
                entry.attributes |= attribute::DIRECTORY;
            }
            entry.extra.get_or_insert_default().reparse = Some(point);
        }
        Ok(true)
    }

    /// Finds the first name of a file that has several.
    fn join_links(&mut self, id: EntryId, status: &Status) {
        if status.kind != HostKind::File || status.links < 2 {
            return;
        }
        let leader = *self.linked.entry(status.identity.file()).or_insert(id);
        if let Some(entry) = self.entries.get_mut(id) {
            entry.leader = leader;
        }
    }

    /// Finds what the sidecar has under the name of an entry.
    fn set_origin(&mut self, id: EntryId, parent: EntryId) {
        let above = self.entries.get(parent).and_then(|parent| parent.origin);
        let (Some(applied), Some(above)) = (&mut self.applied, above) else {
            return;
        };
        let name = windows_name(self.entries.name(id));
        let origin = name.and_then(|name| applied.child(above, &name));
        let dentry = origin.and_then(|origin| applied.dentry(origin));
        let Some(entry) = self.entries.get_mut(id) else {
            return;
        };
        entry.origin = origin;
        let leader = entry.leader;
        // Of a link that was not touched the sidecar knows more: a junction
        // looks the same.
        if let (Some(dentry), Some(identity), Kind::Link) = (dentry, entry.identity, entry.kind)
            && applied.is_unchanged(&dentry, entry.kind, identity.modified)
            && let Some(extra) = &mut entry.extra
        {
            extra.reparse = None;
        }
        // A new name of a file that was applied under this one.
        if let Some(first) = self.entries.get_mut(leader) {
            first.origin = first.origin.or(origin);
        }
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
