//! Symbolic links, and further names of files.

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use rayon::prelude::*;
use rustix::fs::{AtFlags, Mode, OFlags, linkat, openat, renameat, symlinkat, utimensat};
use rustix::io::Errno;

use super::contents::Contents;
use super::error::ApplyError;
use super::holds::{Driver, Lack, Place};
use super::job::{Job, omission_of};
use super::link_target::{reparse_data, target};
use super::new_file::{NewFile, remove, times_of};
use super::omission::Omission;
use super::outline::{ItemId, What};

/// Makes all symbolic links of the image.
///
/// # Errors
/// What the host refused; what it cannot have is noted.
pub(super) fn make_symbolic_links(job: &Job<'_>) -> Result<(), ApplyError> {
    let links: Vec<ItemId> = job.outline.of(What::Link).map(|(id, _)| id).collect();
    links.par_iter().try_for_each(|id| symbolic_link(job, *id))
}

fn symbolic_link(job: &Job<'_>, id: ItemId) -> Result<(), ApplyError> {
    let Some(entry) = job.entry(id) else {
        return Ok(());
    };
    let data = match reparse_data(job.archive, &entry) {
        Ok(data) => data.unwrap_or_default(),
        Err(error) => {
            job.notes.damage(id, &error);
            return Ok(());
        }
    };
    let path = job.outline.path(job.metadata, id);
    let Some(to) = target(job.metadata, &path, &entry, &data) else {
        job.notes.omit(id, Omission::LinkTarget);
        return Ok(());
    };
    let failed = |source| job.failed("link", id, source);
    let (directory, name) = place(job, id).map_err(failed)?;
    let temporary = job.target.temporary_name(id);
    let made = put(&directory, &name, &temporary, |name| {
        symlinkat(&to, &directory, name)
    });
    match made {
        Ok(()) => {}
        Err(Errno::PERM | Errno::OPNOTSUPP | Errno::NOSYS) => {
            job.notes.omit(id, Omission::NoLinks);
            return Ok(());
        }
        Err(error) => match omission_of(error) {
            Some(omission) => {
                job.notes.omit(id, omission);
                return Ok(());
            }
            None => return Err(failed(error.into())),
        },
    }
    let times = times_of(&entry);
    utimensat(&directory, &name, &times, AtFlags::SYMLINK_NOFOLLOW)
        .map_err(|error| job.failed("set the times of", id, error.into()))
}

/// Gives files their further names.
///
/// # Errors
/// As [`make_symbolic_links`].
pub(super) fn make_hard_links(job: &Job<'_>, contents: &Contents) -> Result<(), ApplyError> {
    let links = contents.links.par_iter();
    links.try_for_each(|(id, first)| hard_link(job, *id, *first))
}

/// Gives files their object ids, when all names of those that they replace are
/// gone.
///
/// # Errors
/// What the host refused.
pub(super) fn give_object_ids(job: &Job<'_>, contents: &Contents) -> Result<(), ApplyError> {
    if job.holds.driver != Driver::Ntfs3g {
        return Ok(());
    }
    let links: HashSet<ItemId> = contents.links.iter().map(|(id, _)| *id).collect();
    for (id, _) in job.outline.of(What::File) {
        let entry = job
            .entry(id)
            .filter(|entry| !entry.tagged_bytes().is_empty());
        let Some(entry) = entry.filter(|_| !links.contains(&id) && !job.notes.is_missing(id))
        else {
            continue;
        };
        let placed = place(job, id).map_err(|source| job.failed("finish", id, source))?;
        let (directory, name) = placed;
        let place = Place {
            directory: &directory,
            name: &name,
        };
        let mut lacking = |lack| job.notes.lack(id, lack);
        job.holds.give_tagged(&entry, &place, &mut lacking);
    }
    Ok(())
}

fn hard_link(job: &Job<'_>, id: ItemId, first: ItemId) -> Result<(), ApplyError> {
    if job.notes.is_missing(first) {
        // What was said of the file goes for its other names.
        job.notes.follow(id, first);
        return Ok(());
    }
    let failed = |source| job.failed("link", id, source);
    let (directory, name) = place(job, id).map_err(failed)?;
    let (from, first_name) = place(job, first).map_err(failed)?;
    let temporary = job.target.temporary_name(id);
    let made = put(&directory, &name, &temporary, |name| {
        linkat(&from, &first_name, &directory, name, AtFlags::empty())
    });
    match made {
        Ok(()) => {
            if let Some(entry) = job.entry(id) {
                let place = Place {
                    directory: &directory,
                    name: &name,
                };
                let mut lacking = |lack| job.notes.lack(id, lack);
                job.holds.give_short_name(&entry, &place, &mut lacking);
            }
            Ok(())
        }
        // Too many names, a filesystem where files have one, or another one
        // that is mounted there.
        Err(Errno::MLINK | Errno::PERM | Errno::OPNOTSUPP | Errno::NOSYS | Errno::XDEV) => {
            let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let source = openat(&from, &first_name, flags, Mode::empty());
            let source = File::from(source.map_err(|error| failed(error.into()))?);
            let mut file = NewFile::create(job, id)?;
            file.copy(&source)?;
            if file.place()?.is_some() {
                job.notes.lack(id, Lack::HardLink);
            }
            Ok(())
        }
        Err(error) => match omission_of(error) {
            Some(omission) => {
                job.notes.omit(id, omission);
                Ok(())
            }
            None => Err(failed(error.into())),
        },
    }
}

/// The directory of an item, and its name there.
fn place(job: &Job<'_>, id: ItemId) -> io::Result<(Arc<OwnedFd>, OsString)> {
    let parent = job.outline.item(id).parent;
    let directory = job.target.directory(job.outline, job.metadata, parent)?;
    Ok((directory, job.outline.host_name(job.metadata, id)))
}

/// Makes something under its name, or, where something has that already,
/// under another and then in its place.
fn put(
    directory: &OwnedFd,
    name: &OsStr,
    temporary: &OsStr,
    make: impl Fn(&OsStr) -> rustix::io::Result<()>,
) -> rustix::io::Result<()> {
    match make(name) {
        Err(Errno::EXIST) => {}
        other => return other,
    }
    make(temporary)?;
    let renamed = renameat(directory, temporary, directory, name);
    // Two names of one file: the renaming does nothing, and both stay.
    remove(directory, temporary);
    renamed
}
