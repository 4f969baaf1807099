//! A file of the image on its way into the tree: written under a name of its
//! own, given all that belongs to it, and then put in its place, so that its
//! own name never shows half of it.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::OwnedFd;
use std::sync::Arc;

use rustix::fs::{
    AtFlags, Mode, OFlags, Timespec, Timestamps, copy_file_range, futimens, openat, renameat,
    unlinkat,
};
use rustix::io::Errno;
use wimwright_wim::metadata::Dentry;

use super::error::ApplyError;
use super::holds::Place;
use super::job::{Job, omission_of};
use super::outline::ItemId;
use crate::sidecar::HostTime;

/// Bytes copied in one go where the system cannot copy by itself.
const PIECE: usize = 256 * 1024;

/// A file that has no place yet. Dropped, it is gone.
pub(super) struct NewFile<'j, 'a> {
    job: &'j Job<'a>,
    id: ItemId,
    directory: Arc<OwnedFd>,
    temporary: OsString,
    /// Gone when it was placed.
    file: Option<File>,
}

impl<'j, 'a> NewFile<'j, 'a> {
    /// Begins the file of an item.
    pub(super) fn create(job: &'j Job<'a>, id: ItemId) -> Result<NewFile<'j, 'a>, ApplyError> {
        let failed = |source| job.failed("create", id, source);
        let parent = job.outline.item(id).parent;
        let directory = job
            .target
            .directory(job.outline, job.metadata, parent)
            .map_err(failed)?;
        let temporary = job.target.temporary_name(id);
        let flags =
            OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mode = Mode::from_raw_mode(0o666);
        let file =
            openat(&directory, &temporary, flags, mode).map_err(|error| failed(error.into()))?;
        Ok(NewFile {
            job,
            id,
            directory,
            temporary,
            file: Some(File::from(file)),
        })
    }

    /// Appends content.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), ApplyError> {
        let Some(file) = &mut self.file else {
            return Ok(());
        };
        let written = file.write_all(bytes);
        written.map_err(|source| self.job.failed("write", self.id, source))
    }

    /// Takes over the content of a file that was written before. A filesystem
    /// that can lets both share it.
    pub(super) fn copy(&mut self, from: &File) -> Result<(), ApplyError> {
        let Some(file) = &mut self.file else {
            return Ok(());
        };
        let copied = copy(from, file);
        copied.map_err(|source| self.job.failed("write", self.id, source))
    }

    /// Puts the file in its place, with its times and all that the filesystem
    /// holds beside them. Gives it, still open, unless the filesystem cannot
    /// have the name, which is noted.
    pub(super) fn place(mut self) -> Result<Option<File>, ApplyError> {
        let job = self.job;
        let id = self.id;
        let (Some(entry), Some(file)) = (job.entry(id), &self.file) else {
            return Ok(None);
        };
        let place = Place {
            directory: &self.directory,
            name: &self.temporary,
        };
        let mut lacking = |lack| job.notes.lack(id, lack);
        job.holds
            .give(
                job.archive,
                job.metadata,
                &entry,
                file,
                &place,
                &mut lacking,
            )
            .map_err(|error| job.failed("write", id, error))?;
        futimens(file, &times_of(&entry))
            .map_err(|error| job.failed("set the times of", id, error.into()))?;
        let name = job.outline.host_name(job.metadata, id);
        match renameat(&self.directory, &self.temporary, &self.directory, &name) {
            Ok(()) => {}
            Err(error) => match omission_of(error) {
                Some(omission) => {
                    job.notes.omit(id, omission);
                    return Ok(None);
                }
                None => return Err(job.failed("replace", id, error.into())),
            },
        }
        let file = self.file.take();
        let place = Place {
            directory: &self.directory,
            name: &name,
        };
        job.holds
            .give_named(job.archive, &entry, &place, &mut lacking)
            .map_err(|error| job.failed("set the times of", id, error))?;
        Ok(file)
    }
}

/// The times of an entry, as the host takes them.
pub(super) fn times_of(entry: &Dentry<'_>) -> Timestamps {
    let timespec = |time| {
        let time = HostTime::of(time);
        Timespec {
            tv_sec: time.seconds,
            tv_nsec: time.nanoseconds.into(),
        }
    };
    Timestamps {
        last_access: timespec(entry.accessed()),
        last_modification: timespec(entry.written()),
    }
}

impl Drop for NewFile<'_, '_> {
    fn drop(&mut self) {
        if self.file.is_some() {
            remove(&self.directory, &self.temporary);
        }
    }
}

/// Removes what is not needed any more; that it stays harms nobody, and the
/// next apply removes it.
pub(super) fn remove(directory: &OwnedFd, name: &OsStr) {
    let _ = unlinkat(directory, name, AtFlags::empty());
}

/// Copies all of a file.
fn copy(from: &File, to: &mut File) -> io::Result<()> {
    let mut at = 0;
    loop {
        match copy_file_range(from, Some(&mut at), &*to, None, usize::MAX >> 1) {
            Ok(0) => return Ok(()),
            Ok(_) => {}
            Err(Errno::INTR) => {}
            Err(Errno::XDEV | Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) if at == 0 => break,
            Err(error) => return Err(error.into()),
        }
    }
    let mut buffer = vec![0; PIECE];
    loop {
        let read = std::os::unix::fs::FileExt::read_at(from, &mut buffer, at)?;
        if read == 0 {
            return Ok(());
        }
        to.write_all(buffer.get(..read).unwrap_or_default())?;
        at += read as u64;
    }
}
