//! What a mounted NTFS volume tells of a file through extended attributes.
//!
//! ntfs-3g (its manual, "Extended attributes") gives the self-relative security
//! descriptor, attributes, times to the tick, reparse data, object id and short
//! name in the namespace `system`; named streams as `user.NAME`, 64 KiB of each
//! at most, or, mounted with `streams_interface=windows`, as files
//! `NAME:STREAM`. The kernel's ntfs3 gives descriptor and attributes under
//! names of its own, its times are those of the file itself, and it gives
//! neither streams nor short names.

use std::ffi::OsStr;
use std::io;
use std::os::fd::BorrowedFd;
use std::path::Path;

use rustix::fs::{lgetxattr, lgetxattr_query, llistxattr};
use rustix::io::Errno;
use wimwright_wim::FileTime;
use wimwright_wim::metadata::Reparse;

use super::entries::NamedStream;
use super::host::{path_through, status};
use super::link::LinkPoint;
use crate::text::Text;

/// The longest value of an extended attribute that Linux gives.
pub(super) const VALUE_LIMIT: usize = 65_536;

/// The driver of a mounted NTFS volume.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Driver {
    /// ntfs-3g.
    Ntfs3g,
    /// The kernel's own.
    Ntfs3,
}

/// How the content of a named stream is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StreamAccess {
    /// As the extended attribute `user.NAME`.
    Attribute,
    /// As the file `NAME:STREAM`.
    File,
}

/// What the volume tells of a file.
#[derive(Debug, Default)]
pub(super) struct NtfsFacts {
    pub(super) attributes: u32,
    /// Created, accessed, written.
    pub(super) times: Option<[FileTime; 3]>,
    /// The descriptor; an error where it is there and cannot be read.
    pub(super) security: Option<Result<Vec<u8>, io::Error>>,
    pub(super) short_name: Vec<u16>,
    /// Whether it may have one that the driver does not tell.
    pub(super) short_name_unknown: bool,
    pub(super) reparse: Option<LinkPoint>,
    pub(super) object_id: Vec<u8>,
    /// Whether it has extended attributes of Windows.
    pub(super) has_attributes: bool,
    pub(super) streams: Vec<NamedStream>,
}

/// Reads extended attributes; keeps a buffer for them.
pub(super) struct NtfsReader {
    buffer: Vec<u8>,
}

impl NtfsReader {
    pub(super) fn new() -> NtfsReader {
        NtfsReader {
            buffer: vec![0; VALUE_LIMIT],
        }
    }

    /// The driver of the volume that a directory is on; `None` where it is
    /// none of NTFS.
    pub(super) fn driver(&mut self, directory: BorrowedFd<'_>) -> Option<Driver> {
        // With a name, so that it is the directory itself and not the link.
        let path = path_through(directory, OsStr::new("."));
        if !matches!(
            self.get(&path, "system.ntfs_attrib"),
            Ok(Some([_, _, _, _]))
        ) {
            return None;
        }
        match self.get(&path, "system.ntfs_times") {
            Ok(Some(_)) => Some(Driver::Ntfs3g),
            _ => Some(Driver::Ntfs3),
        }
    }

    fn get(&mut self, path: &Path, name: &str) -> io::Result<Option<&[u8]>> {
        match lgetxattr(path, name, self.buffer.as_mut_slice()) {
            Ok(length) => Ok(self.buffer.get(..length)),
            // EPERM: the root of a volume has no short name.
            Err(Errno::NODATA | Errno::OPNOTSUPP | Errno::PERM) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// What the volume tells of a name in a directory.
    pub(super) fn read(
        &mut self,
        driver: Driver,
        directory: BorrowedFd<'_>,
        name: &OsStr,
    ) -> io::Result<NtfsFacts> {
        let named = match name.is_empty() {
            true => OsStr::new("."),
            false => name,
        };
        let path = path_through(directory, named);
        let mut facts = NtfsFacts::default();
        if let Some(&[a, b, c, d]) = self.get(&path, "system.ntfs_attrib")? {
            facts.attributes = u32::from_ne_bytes([a, b, c, d]);
        }
        let security = match driver {
            Driver::Ntfs3g => "system.ntfs_acl",
            Driver::Ntfs3 => "system.ntfs_security",
        };
        facts.security = match self.get(&path, security) {
            Ok(value) => value.map(|value| Ok(value.to_vec())),
            Err(error) => Some(Err(error)),
        };
        if driver == Driver::Ntfs3 {
            return Ok(facts);
        }
        facts.times = self.get(&path, "system.ntfs_times")?.and_then(times);
        facts.reparse = self
            .get(&path, "system.ntfs_reparse_data")?
            .and_then(reparse);
        if let Some(id) = self.get(&path, "system.ntfs_object_id")? {
            facts.object_id = id.to_vec();
        }
        match self.get(&path, "system.ntfs_dos_name") {
            Ok(short) => facts.short_name = short.map(units).unwrap_or_default(),
            // ntfs-3g says so of files with several names.
            Err(error) if Errno::from_io_error(&error) == Some(Errno::MLINK) => {
                facts.short_name_unknown = true;
            }
            Err(error) => return Err(error),
        }
        facts.has_attributes = self.get(&path, "system.ntfs_ea")?.is_some();
        facts.streams = self.streams(directory, name, &path)?;
        Ok(facts)
    }

    fn streams(
        &mut self,
        directory: BorrowedFd<'_>,
        name: &OsStr,
        path: &Path,
    ) -> io::Result<Vec<NamedStream>> {
        let mut streams = Vec::new();
        if let Some(list) = self.get(path, "ntfs.streams.list")? {
            // Those of the root itself have no name to be opened by.
            if name.is_empty() {
                return Ok(streams);
            }
            let list: Vec<Vec<u8>> = list.split(|byte| *byte == 0).map(<[u8]>::to_vec).collect();
            for stream in list.iter().filter(|stream| !stream.is_empty()) {
                let found = status(directory, &stream_file(name, stream))?;
                streams.push(NamedStream {
                    name: units(stream),
                    size: found.identity.size,
                    access: StreamAccess::File,
                });
            }
            streams.sort_by(|left, right| left.name.cmp(&right.name));
            return Ok(streams);
        }
        let length = match llistxattr(path, self.buffer.as_mut_slice()) {
            Ok(length) => length,
            Err(Errno::OPNOTSUPP) => 0,
            Err(error) => return Err(error.into()),
        };
        let list = self.buffer.get(..length).unwrap_or_default();
        for attribute in list.split(|byte| *byte == 0) {
            let Some(stream) = attribute.strip_prefix(b"user.") else {
                continue;
            };
            // Of a longer one ntfs-3g says that it is so long, and then does
            // not give it.
            let size = match lgetxattr_query(path, attribute)? {
                VALUE_LIMIT.. if !is_readable(path, attribute)? => VALUE_LIMIT + 1,
                size => size,
            };
            streams.push(NamedStream {
                name: units(stream),
                size: size as u64,
                access: StreamAccess::Attribute,
            });
        }
        streams.sort_by(|left, right| left.name.cmp(&right.name));
        Ok(streams)
    }
}

/// Whether an attribute is short enough to be read.
fn is_readable(path: &Path, attribute: &[u8]) -> io::Result<bool> {
    match lgetxattr(path, attribute, vec![0; VALUE_LIMIT].as_mut_slice()) {
        Ok(_) => Ok(true),
        Err(Errno::TOOBIG | Errno::RANGE) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// The name of the file that is a stream.
pub(super) fn stream_file(name: &OsStr, stream: &[u8]) -> std::ffi::OsString {
    use std::os::unix::ffi::OsStrExt as _;
    let mut file = name.to_owned();
    file.push(":");
    file.push(OsStr::from_bytes(stream));
    file
}

/// The content of a stream that is an extended attribute.
pub(super) fn read_stream(
    directory: BorrowedFd<'_>,
    name: &OsStr,
    stream: &[u8],
    buffer: &mut [u8],
) -> io::Result<usize> {
    let named = match name.is_empty() {
        true => OsStr::new("."),
        false => name,
    };
    let path = path_through(directory, named);
    let attribute = [b"user.", stream].concat();
    Ok(lgetxattr(path, attribute, buffer)?)
}

fn units(bytes: &[u8]) -> Vec<u16> {
    let text = Text::from_wtf8(bytes);
    text.map(|text| text.units().collect()).unwrap_or_default()
}

/// Created, written, accessed, and when anything was changed: as ntfs-3g gives
/// them, to be had as [`NtfsFacts::times`].
fn times(value: &[u8]) -> Option<[FileTime; 3]> {
    let mut fields = value.chunks_exact(8).map(|field| {
        let field: Option<[u8; 8]> = field.try_into().ok();
        field.map(u64::from_ne_bytes).map(FileTime)
    });
    let (created, written, accessed) = (fields.next()??, fields.next()??, fields.next()??);
    Some([created, accessed, written])
}

/// A reparse point as the system gives it: tag, length, reserved, data.
fn reparse(value: &[u8]) -> Option<LinkPoint> {
    let (&[a, b, c, d, _, _, e, f], data) = value.split_first_chunk()?;
    Some(LinkPoint {
        reparse: Reparse {
            tag: u32::from_le_bytes([a, b, c, d]),
            reserved: u16::from_le_bytes([e, f]),
            flags: 0,
        },
        data: data.to_vec(),
    })
}
