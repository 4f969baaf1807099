//! What the target's filesystem holds beside names, content and two times.
//!
//! On NTFS everything is given to the filesystem itself, through the extended
//! attributes that its two Linux drivers answer to: ntfs-3g to `system.ntfs_*`
//! for attributes, security, times, reparse data, object ids and short names,
//! and to `user.*` or `FILE:STREAM` for named streams, as it was mounted; the
//! kernel's ntfs3 to attributes and security only. What a filesystem lacks the
//! sidecar keeps.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::{AsFd, AsRawFd as _, OwnedFd};
use std::path::PathBuf;

use rustix::fs::{
    AtFlags, Mode, OFlags, XattrFlags, fgetxattr, fsetxattr, lsetxattr, openat, unlinkat,
};
use sha1::{Digest as _, Sha1};
use wimwright_wim::metadata::{Dentry, StreamKind, tag};
use wimwright_wim::{Archive, BlobReader, Hash, Metadata};

use super::link_target::reparse_data;
use crate::sidecar::name_of;
use crate::tree::directory::host_name;

/// The most that Linux lets the value of an extended attribute have, in bytes.
const MAX_ATTRIBUTE: u64 = 64 * 1024;

/// Bytes of a stream that are copied in one go.
const PIECE: usize = 1 << 20;

/// Which driver holds the target.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Driver {
    /// One that knows nothing of Windows.
    #[default]
    Other,
    /// ntfs-3g.
    Ntfs3g,
    /// The kernel's own driver for NTFS.
    Ntfs3,
}

/// How named streams are reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Streams {
    #[default]
    Nowhere,
    /// As extended attributes `user.STREAM`.
    Attributes,
    /// As `FILE:STREAM`.
    Names,
}

/// What a filesystem holds.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Holds {
    pub(super) driver: Driver,
    streams: Streams,
}

/// Something of an entry that the target could not be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Lack {
    /// The content of an encrypted file, which only Windows can decrypt.
    Encrypted,
    /// A named stream.
    Stream,
    /// The security descriptor.
    Security,
    /// Attributes.
    Attributes,
    /// The short name.
    ShortName,
    /// The reparse data.
    Reparse,
    /// The object id.
    ObjectId,
    /// Extended attributes of OS/2 and others that are not understood.
    TaggedItem,
    /// The time of creation.
    Created,
    /// A hard link, in whose place a copy was made.
    HardLink,
}

/// Where an entry is on the host.
pub(super) struct Place<'p> {
    pub(super) directory: &'p OwnedFd,
    pub(super) name: &'p OsStr,
}

impl Place<'_> {
    /// A path that leads there whatever becomes of the directory's name; its
    /// last name is not followed.
    fn path(&self) -> PathBuf {
        let directory = format!("/proc/self/fd/{}", self.directory.as_raw_fd());
        PathBuf::from(directory).join(self.name)
    }

    fn set(&self, name: &str, value: &[u8]) -> io::Result<()> {
        Ok(lsetxattr(self.path(), name, value, XattrFlags::empty())?)
    }
}

impl Holds {
    /// Asks the filesystem; nothing is written.
    pub(super) fn of(root: &OwnedFd) -> Holds {
        let has = |name: &str| fgetxattr(root, name, &mut [0_u8; 256]).is_ok();
        let driver = match () {
            () if has("system.ntfs_times_be") => Driver::Ntfs3g,
            () if has("system.ntfs_attrib") => Driver::Ntfs3,
            () => Driver::Other,
        };
        Holds {
            driver,
            streams: Streams::Nowhere,
        }
    }

    /// Whether reparse points are held as what they are.
    pub(super) fn reparse_points(&self) -> bool {
        self.driver == Driver::Ntfs3g
    }

    /// Finds out how named streams are reached, with the help of a file that
    /// may be written to.
    pub(super) fn try_streams(&mut self, directory: &OwnedFd, file: &File, name: &OsStr) {
        if self.driver != Driver::Ntfs3g {
            return;
        }
        const PROBE: &str = "user.wimwright";
        if fsetxattr(file, PROBE, b"x", XattrFlags::empty()).is_ok() {
            let _ = rustix::fs::fremovexattr(file, PROBE);
            self.streams = Streams::Attributes;
            return;
        }
        let stream = stream_path(name, OsStr::new("wimwright"));
        if create(directory, &stream).is_err() {
            return;
        }
        // Where names may hold colons, this has made a file.
        let listed = fgetxattr(file, "ntfs.streams.list", &mut [0_u8; 4096]);
        if listed.is_ok_and(|length| length > 0) {
            self.streams = Streams::Names;
        }
        let _ = unlinkat(directory, &stream, AtFlags::empty());
    }

    /// Whether a name is one of a stream here, and of no file.
    pub(super) fn refuses(&self, name: &OsStr) -> bool {
        self.streams == Streams::Names && name.as_encoded_bytes().contains(&b':')
    }

    /// Gives an open file or directory what can be given before it has its
    /// name. `lacking` is told what could not be given. Content that is
    /// damaged is passed over: all content is read for its hash as well, and
    /// noted there.
    ///
    /// # Errors
    /// That there is no more room.
    pub(super) fn give(
        &self,
        archive: &Archive,
        metadata: &Metadata,
        entry: &Dentry<'_>,
        file: impl AsFd + Copy,
        place: &Place<'_>,
        lacking: &mut dyn FnMut(Lack),
    ) -> io::Result<()> {
        let set = |name: &str, value: &[u8]| fsetxattr(file, name, value, XattrFlags::empty());
        let security = entry.security_id().and_then(|id| metadata.security(id));
        match self.driver {
            Driver::Other => {}
            Driver::Ntfs3 => {
                // The sidecar has all of it.
                if let Some(security) = security {
                    let _ = set("system.ntfs_security", security);
                }
                let _ = set("system.ntfs_attrib", &entry.attributes().to_le_bytes());
                lacking(Lack::Created);
            }
            Driver::Ntfs3g => {
                for stream in entry.streams().filter(|stream| !stream.name.is_empty()) {
                    let Some(name) = name_of(stream.name) else {
                        lacking(Lack::Stream);
                        continue;
                    };
                    let name = host_name(&name);
                    match self.give_stream(archive, &stream.hash, file, place, &name)? {
                        Fate::Held | Fate::Damaged => {}
                        Fate::NotHeld => lacking(Lack::Stream),
                    }
                }
                if security.is_some_and(|security| set("system.ntfs_acl", security).is_err()) {
                    lacking(Lack::Security);
                }
                let attributes = entry.attributes().to_be_bytes();
                if set("system.ntfs_attrib_be", &attributes).is_err() {
                    lacking(Lack::Attributes);
                }
            }
        }
        let mut streams = entry.streams();
        if streams.any(|stream| stream.kind == StreamKind::Encrypted && !stream.hash.is_zero()) {
            lacking(Lack::Encrypted);
        }
        Ok(())
    }

    /// One stream.
    fn give_stream(
        &self,
        archive: &Archive,
        hash: &Hash,
        file: impl AsFd,
        place: &Place<'_>,
        stream: &OsStr,
    ) -> io::Result<Fate> {
        let reader = archive.find(hash).map(|id| archive.open_blob(id));
        let Ok(reader) = reader.transpose() else {
            return Ok(Fate::Damaged);
        };
        let size = reader.as_ref().map_or(0, BlobReader::size);
        match self.streams {
            Streams::Nowhere => Ok(Fate::NotHeld),
            Streams::Attributes if size > MAX_ATTRIBUTE => Ok(Fate::NotHeld),
            Streams::Attributes => {
                let bytes = match reader.map(|reader| reader.read_all(MAX_ATTRIBUTE)) {
                    Some(Ok(bytes)) if Hash::of(&bytes) == *hash => bytes,
                    Some(_) => return Ok(Fate::Damaged),
                    None => Vec::new(),
                };
                let mut name = OsString::from("user.");
                name.push(stream);
                Ok(match fsetxattr(file, &name, &bytes, XattrFlags::empty()) {
                    Ok(()) => Fate::Held,
                    Err(_) => Fate::NotHeld,
                })
            }
            Streams::Names => {
                let path = stream_path(place.name, stream);
                let Ok(mut to) = create(place.directory, &path) else {
                    return Ok(Fate::NotHeld);
                };
                let Some(reader) = reader else {
                    return Ok(Fate::Held);
                };
                let found = copy(&reader, &mut to)?;
                if found != Some(*hash) {
                    let _ = unlinkat(place.directory, &path, AtFlags::empty());
                    return Ok(Fate::Damaged);
                }
                Ok(Fate::Held)
            }
        }
    }

    /// Gives an entry what only something with its final name can have. For a
    /// directory, after all that is in it was made.
    ///
    /// # Errors
    /// What the host said to the times.
    pub(super) fn give_named(
        &self,
        archive: &Archive,
        entry: &Dentry<'_>,
        place: &Place<'_>,
        lacking: &mut dyn FnMut(Lack),
    ) -> io::Result<()> {
        if self.driver != Driver::Ntfs3g {
            if !entry.short_name().is_empty() && self.driver == Driver::Ntfs3 {
                lacking(Lack::ShortName);
            }
            return Ok(());
        }
        self.give_short_name(entry, place, lacking);
        if let (Some(reparse), Ok(Some(data))) = (entry.reparse(), reparse_data(archive, entry)) {
            let length = u16::try_from(data.len()).unwrap_or(u16::MAX);
            let mut bytes = reparse.tag.to_le_bytes().to_vec();
            bytes.extend_from_slice(&length.to_le_bytes());
            bytes.extend_from_slice(&reparse.reserved.to_le_bytes());
            bytes.extend_from_slice(&data);
            if place.set("system.ntfs_reparse_data", &bytes).is_err() {
                lacking(Lack::Reparse);
            }
        }
        self.give_times(place, &Holds::times(entry))
    }

    /// Gives an entry its object id and what else is tagged. No two files have
    /// the same id, so whatever is replaced has to be gone.
    pub(super) fn give_tagged(
        &self,
        entry: &Dentry<'_>,
        place: &Place<'_>,
        lacking: &mut dyn FnMut(Lack),
    ) {
        if self.driver != Driver::Ntfs3g {
            return;
        }
        for item in entry.tagged_items() {
            if item.tag != tag::OBJECT_ID {
                lacking(Lack::TaggedItem);
            } else if place.set("system.ntfs_object_id", item.data).is_err() {
                lacking(Lack::ObjectId);
            }
        }
    }

    /// The times of an entry, to be given later.
    pub(super) fn times(entry: &Dentry<'_>) -> Vec<u8> {
        let times = [entry.created(), entry.written(), entry.accessed()];
        let bytes = times.into_iter().flat_map(|time| time.0.to_be_bytes());
        bytes.collect()
    }

    /// Gives all three times, where the host holds them.
    pub(super) fn give_times(&self, place: &Place<'_>, times: &[u8]) -> io::Result<()> {
        match self.driver {
            Driver::Ntfs3g => place.set("system.ntfs_times_be", times),
            Driver::Other | Driver::Ntfs3 => Ok(()),
        }
    }

    /// The short name alone, which goes with one of a file's names.
    pub(super) fn give_short_name(
        &self,
        entry: &Dentry<'_>,
        place: &Place<'_>,
        lacking: &mut dyn FnMut(Lack),
    ) {
        let short = entry.short_name();
        if short.is_empty() || self.driver != Driver::Ntfs3g {
            return;
        }
        let name = name_of(short).map(|name| host_name(&name));
        let set = name.map(|name| place.set("system.ntfs_dos_name", name.as_encoded_bytes()));
        if set.is_none_or(|set| set.is_err()) {
            lacking(Lack::ShortName);
        }
    }
}

/// What became of a stream.
enum Fate {
    Held,
    NotHeld,
    Damaged,
}

/// Copies a blob; gives the hash of what was copied, or nothing where it could
/// not be read.
fn copy(from: &BlobReader, to: &mut File) -> io::Result<Option<Hash>> {
    let mut hasher = Sha1::default();
    let mut buffer = vec![0; PIECE];
    let mut at = 0;
    while at < from.size() {
        let length = (from.size() - at).min(PIECE as u64);
        let part = buffer.get_mut(..length as usize).unwrap_or_default();
        if from.read(at, part).is_err() {
            return Ok(None);
        }
        hasher.update(&*part);
        to.write_all(part)?;
        at += length;
    }
    Ok(Some(Hash(hasher.finalize().into())))
}

/// `FILE:STREAM`.
fn stream_path(name: &OsStr, stream: &OsStr) -> OsString {
    let mut path = name.to_owned();
    path.push(":");
    path.push(stream);
    path
}

fn create(directory: &OwnedFd, name: &OsStr) -> io::Result<File> {
    let flags =
        OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let opened = openat(directory, name, flags, Mode::from_raw_mode(0o666))?;
    Ok(File::from(opened))
}

impl Lack {
    /// The kebab-case name of the finding, and what is meant.
    pub(super) fn words(self) -> (&'static str, &'static str) {
        match self {
            Lack::Encrypted => ("encrypted", "encrypted content, which only Windows reads"),
            Lack::Stream => ("stream-not-held", "named streams"),
            Lack::Security => ("security-not-held", "security"),
            Lack::Attributes => ("attributes-not-held", "attributes"),
            Lack::ShortName => ("short-name-not-held", "short names"),
            Lack::Reparse => ("reparse-not-held", "reparse data"),
            Lack::ObjectId => ("object-id-not-held", "object ids"),
            Lack::TaggedItem => ("extended-attributes-not-held", "extended attributes"),
            Lack::Created => ("created-not-held", "times of creation"),
            Lack::HardLink => ("hard-link-not-held", "hard links: copies were made"),
        }
    }
}
