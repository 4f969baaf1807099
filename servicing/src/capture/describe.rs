//! What is known of an entry that is being listed: its kind and times, what an
//! NTFS volume tells of it, where it leads, which other names it has, and what
//! the sidecar has under its name.

use std::ffi::OsStr;
use std::io;
use std::os::fd::BorrowedFd;

use wimwright_wim::metadata::{attribute, push_tagged, tag};

use super::CaptureError;
use super::entries::{EntryId, Extra, NamedStream, NewEntry};
use super::exclusions::Fate;
use super::host::{self, HostKind, Status};
use super::link::{NOT_FIXED, link_point};
use super::ntfs::{Driver, StreamAccess, VALUE_LIMIT};
use super::scan::Scanner;
use crate::tree::Kind;
use crate::tree::directory::windows_name;

/// Attribute of every file that is new or was changed, until a backup program
/// takes it away.
pub(super) const ARCHIVE: u32 = 0x20;
/// Tags of reparse points that have no content of their own: symbolic links,
/// junctions, links of WSL, sockets.
const WITHOUT_CONTENT: [u32; 4] = [0xA000_000C, 0xA000_0003, 0xA000_001D, 0x8000_0023];

impl Scanner<'_> {
    pub(super) fn push(
        &mut self,
        name: &OsStr,
        parent: EntryId,
        status: &Status,
        fate: Fate,
    ) -> EntryId {
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

    pub(super) fn driver(&mut self, status: &Status, directory: BorrowedFd<'_>) -> Option<Driver> {
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
    pub(super) fn add_facts(
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
    pub(super) fn check_facts(&mut self, id: EntryId) -> Result<bool, CaptureError> {
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
        let too_long = |stream: &&NamedStream| {
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
    pub(super) fn add_link(
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
    pub(super) fn join_links(&mut self, id: EntryId, status: &Status) {
        if status.kind != HostKind::File || status.links < 2 {
            return;
        }
        let leader = *self.linked.entry(status.identity.file()).or_insert(id);
        if let Some(entry) = self.entries.get_mut(id) {
            entry.leader = leader;
        }
    }

    /// Finds what the sidecar has under the name of an entry.
    pub(super) fn set_origin(&mut self, id: EntryId, parent: EntryId) {
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
