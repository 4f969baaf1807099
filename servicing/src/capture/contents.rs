//! The contents of a listed tree, in tree order: each file once, whatever its
//! number of names, and opened only while it is read.
//!
//! A file has to be the one that was listed, before and after each reading:
//! content that was changed in between is an error and never half of both.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use rustix::io::Errno;
use wimwright_wim::{Hash, NewBlob, ReadAt};

use super::CaptureError;
use super::applied::Applied;
use super::entries::{Entry, EntryId};
use super::host::{self, Identity};
use super::ntfs::{StreamAccess, VALUE_LIMIT, read_stream, stream_file};
use super::scan::Scan;
use super::store::Destination;
use crate::text::Text;
use crate::tree::Kind;

/// What a content belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Place {
    /// The unnamed data.
    Data,
    /// The data of a reparse point.
    Reparse,
    /// The named stream with this number.
    Stream(u16),
}

/// The hashes of all contents.
#[derive(Default)]
pub(super) struct Hashes {
    /// Of unnamed data, by entry.
    data: Vec<Hash>,
    others: HashMap<(EntryId, Place), Hash>,
}

impl Hashes {
    pub(super) fn get(&self, id: EntryId, place: Place) -> Hash {
        match place {
            Place::Data => self.data.get(id.0 as usize).copied().unwrap_or_default(),
            other => self.others.get(&(id, other)).copied().unwrap_or_default(),
        }
    }

    fn set(&mut self, id: EntryId, place: Place, hash: Hash) {
        match place {
            Place::Data => {
                if let Some(known) = self.data.get_mut(id.0 as usize) {
                    *known = hash;
                }
            }
            other => {
                self.others.insert((id, other), hash);
            }
        }
    }
}

/// Bytes read so far, and all there are.
pub(super) type Progress<'p> = &'p mut dyn FnMut(u64, u64);

/// Stores the contents of a tree; gives their hashes, and how many bytes were
/// read.
pub(super) fn store(
    scan: &Arc<Scan>,
    to: &mut dyn Destination,
    progress: Progress<'_>,
) -> Result<(Hashes, u64), wimwright_wim::Error> {
    let mut hashes = Hashes {
        data: vec![Hash::ZERO; scan.entries.count() as usize],
        others: HashMap::new(),
    };
    let total = bytes(scan);
    let mut done = 0;
    progress(0, total);
    for stored in [false, true] {
        let mut contents = jobs(scan, Some(stored)).map(|(id, place)| {
            done += size_of(scan, (id, place));
            progress(done, total);
            Ok(open(scan, id, place))
        });
        let found = to.add(&mut contents, stored)?;
        for ((id, place), hash) in jobs(scan, Some(stored)).zip(found) {
            hashes.set(id, place, hash);
        }
    }
    if let Some(applied) = &scan.applied {
        to.add(&mut contents_of_sidecar(scan, applied), false)?;
    }
    Ok((hashes, total))
}

/// Bytes of all contents that are on the host.
pub(super) fn bytes(scan: &Scan) -> u64 {
    jobs(scan, None).map(|job| size_of(scan, job)).sum()
}

/// Contents that are on the host, of those entries that are compressed or not.
fn jobs(scan: &Scan, stored: Option<bool>) -> impl Iterator<Item = (EntryId, Place)> + '_ {
    let entries = scan.entries.iter();
    let read = entries.filter(move |(id, entry)| {
        entry.leader == *id
            && entry.identity.is_some()
            && stored.is_none_or(|stored| entry.stored == stored)
    });
    read.flat_map(|(id, entry)| {
        let is_file = entry.kind == Kind::File && size_of_file(entry) > 0;
        let extra = entry.extra.as_ref();
        let reparse = extra.is_some_and(|extra| extra.reparse.is_some());
        let streams = extra.map_or(0, |extra| extra.streams.len()) as u16;
        let reparse = reparse.then_some(Place::Reparse);
        let data = is_file.then_some(Place::Data);
        let places = reparse.into_iter().chain(data);
        places
            .chain((0..streams).map(Place::Stream))
            .map(move |place| (id, place))
    })
}

fn size_of_file(entry: &Entry) -> u64 {
    entry.identity.map_or(0, |identity| identity.size)
}

fn size_of(scan: &Scan, (id, place): (EntryId, Place)) -> u64 {
    let Some(entry) = scan.entries.get(id) else {
        return 0;
    };
    let extra = entry.extra.as_ref();
    match place {
        Place::Data => size_of_file(entry),
        Place::Reparse => extra
            .and_then(|extra| extra.reparse.as_ref())
            .map_or(0, |point| point.data.len() as u64),
        Place::Stream(number) => extra
            .and_then(|extra| extra.streams.get(usize::from(number)))
            .map_or(0, |stream| stream.size),
    }
}

/// The reader of a content.
fn open(scan: &Arc<Scan>, id: EntryId, place: Place) -> NewBlob {
    let extra = scan.entries.get(id).and_then(|entry| entry.extra.as_ref());
    let point = extra.and_then(|extra| extra.reparse.as_ref());
    if let (Place::Reparse, Some(point)) = (place, point) {
        return NewBlob::new(point.data.clone());
    }
    NewBlob::new(HostContent {
        scan: Arc::clone(scan),
        id,
        place,
    })
}

/// What only the sidecar has: named streams, reparse points, encrypted files,
/// and all of what the host could not hold.
fn contents_of_sidecar<'s>(
    scan: &'s Scan,
    applied: &'s Applied,
) -> impl Iterator<Item = io::Result<NewBlob>> + 's {
    let entries = scan.entries.iter();
    let origins = entries.filter_map(|(_, entry)| {
        let origin = applied.dentry(entry.origin?)?;
        Some((entry.identity.is_some(), origin))
    });
    origins.flat_map(|(on_host, origin)| {
        // What is on the host was stored from there.
        let beside = origin
            .streams()
            .filter(move |stream| !(stream.hash.is_zero() || on_host && stream.is_content()));
        beside.filter_map(|stream| {
            let reader = applied.blob(&stream.hash).transpose()?;
            Some(match reader {
                Ok(reader) => Ok(NewBlob {
                    hash: Some(stream.hash),
                    source: Box::new(reader),
                    base: None,
                }),
                Err(error) => Err(io::Error::from(error)),
            })
        })
    })
}

/// A content on the host, opened for each reading.
struct HostContent {
    scan: Arc<Scan>,
    id: EntryId,
    place: Place,
}

impl HostContent {
    fn failed(&self, error: io::Error) -> CaptureError {
        let path = self.scan.entries.image_path(self.id);
        let code = Errno::from_io_error(&error);
        // Something else has its name now, or that of a directory above.
        let replaced = matches!(code, Some(Errno::LOOP | Errno::NOTDIR | Errno::NXIO));
        match error.kind() {
            // Shorter than it was.
            io::ErrorKind::UnexpectedEof => CaptureError::Changed { path },
            _ if replaced => CaptureError::Changed { path },
            _ => CaptureError::read(path, error),
        }
    }

    fn changed(&self) -> CaptureError {
        CaptureError::Changed {
            path: self.scan.entries.image_path(self.id),
        }
    }

    fn read_file(
        &self,
        path: &Path,
        identity: Option<Identity>,
        buffer: &mut [u8],
        offset: u64,
    ) -> Result<(), CaptureError> {
        let failed = |error| self.failed(error);
        let file = self.scan.host.file(path).map_err(failed)?;
        let is_the_same = || -> Result<bool, CaptureError> {
            let now = host::status_of(file.as_fd()).map_err(failed)?;
            Ok(identity.is_none_or(|listed| listed == now.identity))
        };
        if !is_the_same()? {
            return Err(self.changed());
        }
        FileExt::read_exact_at(&file, buffer, offset).map_err(failed)?;
        match is_the_same()? {
            true => Ok(()),
            false => Err(self.changed()),
        }
    }

    fn read_stream(&self, number: u16, buffer: &mut [u8], offset: u64) -> Result<(), CaptureError> {
        let entries = &self.scan.entries;
        let extra = entries.get(self.id).and_then(|entry| entry.extra.as_ref());
        let stream = extra.and_then(|extra| extra.streams.get(usize::from(number)));
        let Some(stream) = stream else {
            return Err(self.changed());
        };
        let host_name = Text::from_units(&stream.name);
        let host_name = host_name.as_wtf8();
        let name = entries.name(self.id);
        let path = entries.host_path(self.id);
        if stream.access == StreamAccess::File {
            let path = path.with_file_name(stream_file(name, host_name));
            return self.read_file(&path, None, buffer, offset);
        }
        let failed = |error| self.failed(error);
        let directory: OwnedFd = match path.parent() {
            Some(above) => self.scan.host.directory(above).map_err(failed)?,
            None => self.scan.host.directory(Path::new("")).map_err(failed)?,
        };
        let mut value = vec![0; VALUE_LIMIT];
        let name: &OsStr = name;
        let length = read_stream(directory.as_fd(), name, host_name, &mut value);
        let length = length.map_err(failed)?;
        let from = usize::try_from(offset).unwrap_or(usize::MAX);
        let part = value
            .get(..length)
            .filter(|_| length as u64 == stream.size)
            .and_then(|value| value.get(from..from.checked_add(buffer.len())?));
        match part {
            Some(part) => {
                buffer.copy_from_slice(part);
                Ok(())
            }
            None => Err(self.changed()),
        }
    }
}

impl ReadAt for HostContent {
    fn len(&self) -> io::Result<u64> {
        Ok(size_of(&self.scan, (self.id, self.place)))
    }

    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        let read = match self.place {
            Place::Stream(number) => self.read_stream(number, buffer, offset),
            Place::Data | Place::Reparse => {
                let entry = self.scan.entries.get(self.id);
                let identity = entry.and_then(|entry| entry.identity);
                let path = self.scan.entries.host_path(self.id);
                self.read_file(&path, identity, buffer, offset)
            }
        };
        read.map_err(io::Error::from)
    }
}
