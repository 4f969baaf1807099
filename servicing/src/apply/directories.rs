//! Directories: made before anything goes into them, and finished after.

use rustix::fs::{
    AtFlags, Mode, RenameFlags, futimens, mkdirat, renameat_with, unlinkat, utimensat,
};
use rustix::io::Errno;
use wimwright_wim::Metadata;

use super::error::ApplyError;
use super::existing::Existing;
use super::holds::{Driver, Place};
use super::job::{Job, failed, omission_of};
use super::new_file::times_of;
use super::omission::Omission;
use super::outline::{ItemId, Outline, ROOT, What};
use super::target::{Target, open_directory};

/// Clears away what would be beside or in the way of the new: logs of hives
/// that are replaced, leftovers, links where directories will be; and gives
/// what stays the image's spelling.
///
/// # Errors
/// What the host refused.
pub(super) fn make_room(
    target: &Target,
    outline: &Outline,
    metadata: &Metadata,
    existing: &Existing,
) -> Result<(), ApplyError> {
    let at = |what, id: ItemId| {
        move |source: Errno| failed(target, what, outline.path(metadata, id), source.into())
    };
    let directory = |id: ItemId| {
        let opened = target.directory(outline, metadata, id);
        opened.map_err(|source| failed(target, "open", outline.path(metadata, id), source))
    };
    // Names first, from the root down: the directories are found by them.
    let mut recased: Vec<_> = existing.recased.iter().collect();
    recased.sort_unstable_by_key(|(id, _)| *id);
    for (id, old) in recased {
        let handle = directory(outline.item(*id).parent)?;
        let new = outline.host_name(metadata, *id);
        match renameat_with(&handle, old, &handle, &new, RenameFlags::NOREPLACE) {
            // A filesystem that does not tell them apart, or cannot promise.
            Err(Errno::EXIST | Errno::INVAL | Errno::NOSYS) => {
                renameat_with(&handle, old, &handle, &new, RenameFlags::empty())
            }
            other => other,
        }
        .map_err(at("rename", *id))?;
        target.is_renamed(*id);
    }
    for stale in &existing.stale {
        let handle = directory(stale.directory)?;
        match unlinkat(&handle, &stale.name, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => {}
            Err(error) => return Err(at("remove an old log in", stale.directory)(error)),
        }
    }
    for id in &existing.links_for_directories {
        let handle = directory(outline.item(*id).parent)?;
        let name = outline.host_name(metadata, *id);
        unlinkat(&handle, &name, AtFlags::empty()).map_err(at("replace", *id))?;
    }
    Ok(())
}

/// Makes the directories of the image that are not there. Those that the
/// filesystem cannot have are left out of the outline, with all below.
///
/// # Errors
/// What the host refused.
pub(super) fn make(
    target: &Target,
    outline: &mut Outline,
    metadata: &Metadata,
    existing: &Existing,
    omitted: &mut Vec<(ItemId, Omission)>,
) -> Result<(), ApplyError> {
    for id in 1..outline.len() {
        if outline.item(id).what != What::Directory || existing.has_directory(id) {
            continue;
        }
        let parent = outline.item(id).parent;
        let failed = |what, source| failed(target, what, outline.path(metadata, id), source);
        let handle = target
            .directory(outline, metadata, parent)
            .map_err(|source| failed("open", source))?;
        let name = outline.host_name(metadata, id);
        match mkdirat(&handle, &name, Mode::from_raw_mode(0o777)) {
            Ok(()) => {}
            Err(error) => match omission_of(error) {
                Some(omission) => {
                    omitted.push((id, omission));
                    outline.omit(id, omission);
                }
                None => return Err(failed("make directory", error.into())),
            },
        }
    }
    Ok(())
}

/// Gives directories their times and all else that the filesystem holds, those
/// within others first. The root's times come last of all.
///
/// # Errors
/// What the host refused.
pub(super) fn finish(job: &Job<'_>) -> Result<(), ApplyError> {
    for id in (1..job.outline.len()).rev() {
        let (What::Directory, Some(entry)) = (job.outline.item(id).what, job.entry(id)) else {
            continue;
        };
        let failed = |source| job.failed("finish", id, source);
        let parent = job.outline.item(id).parent;
        let above = job.target.directory(job.outline, job.metadata, parent);
        let above = above.map_err(failed)?;
        let name = job.outline.host_name(job.metadata, id);
        if job.holds.driver == Driver::Other {
            let times = times_of(&entry);
            utimensat(&above, &name, &times, AtFlags::SYMLINK_NOFOLLOW)
                .map_err(|error| failed(error.into()))?;
            continue;
        }
        let directory = open_directory(&above, &name).map_err(failed)?;
        let place = Place {
            directory: &above,
            name: &name,
        };
        let mut lacking = |lack| job.notes.lack(id, lack);
        job.holds
            .give(
                job.archive,
                job.metadata,
                &entry,
                &directory,
                &place,
                &mut lacking,
            )
            .and_then(|()| Ok(futimens(&directory, &times_of(&entry))?))
            .and_then(|()| {
                // What is opened as a directory is none when it is a link.
                drop(directory);
                job.holds.give_tagged(&entry, &place, &mut lacking);
                job.holds
                    .give_named(job.archive, &entry, &place, &mut lacking)
            })
            .map_err(failed)?;
    }
    Ok(())
}

/// Gives the root what the filesystem holds beside its times.
///
/// # Errors
/// What the host refused.
pub(super) fn finish_root(job: &Job<'_>) -> Result<(), ApplyError> {
    let Some(entry) = job.entry(ROOT) else {
        return Ok(());
    };
    let root = job.target.root();
    let place = Place {
        directory: root,
        name: std::ffi::OsStr::new("."),
    };
    let mut lacking = |lack| job.notes.lack(ROOT, lack);
    let given = job.holds.give(
        job.archive,
        job.metadata,
        &entry,
        root,
        &place,
        &mut lacking,
    );
    given.map_err(|source| job.failed("finish", ROOT, source))
}
