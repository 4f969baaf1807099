//! Applying an image of a WIM file to a directory, and extracting some of it.
//!
//! 1. [`Applying::new`] looks and writes nothing: what the image has, what of
//!    it is on the target already, what is in the way.
//! 2. [`Applying::run`] moves an old system aside, makes directories, writes
//!    contents in the order in which they lie in the archive, on all threads,
//!    then links, then times, then the sidecar.
//!
//! Files that the image does not name stay as they are; files that it names
//! are replaced, each by one that is complete. An apply is no transaction:
//! one that was interrupted has replaced some files, and the unfinished sidecar
//! says so until another one comes to its end. No link on the target is
//! followed, so nothing outside of it is touched.
//!
//! What the target's filesystem does not hold lies in the sidecar (see
//! [`sidecar`](crate::sidecar)); on NTFS the filesystem holds it.
//!
//! Memory: the image's metadata, some 30 bytes for each of its entries, and a
//! few megabytes for each thread; with a sidecar on the target or entries that
//! the target cannot have, the metadata a second time.
//!
//! Not done: wimlib's UNIX data (owner, mode, devices) are kept in the sidecar
//! and not applied; sparse files are written in full.

mod contents;
mod directories;
mod error;
mod existing;
mod holds;
mod host_clock;
mod job;
mod link_target;
mod links;
mod new_file;
mod old_system;
mod omission;
mod outline;
mod report;
mod run;
mod select;
mod target;

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use wimwright_wim::{Archive, Metadata};

pub use error::ApplyError;
pub use existing::Conflict;
pub use job::Damaged;
pub use report::{Counts, Moved, Preview, Report};

use crate::backend::{DirectoryBackend, is_reserved_name};
use crate::finding::Finding;
use crate::image::Access;
use crate::path::{ImagePath, Name};
use crate::sidecar::{Sidecar, UNFINISHED, name_of};
use crate::tree::directory::{HostKind, windows_name};
use contents::Contents;
use existing::Existing;
use holds::{Driver, Holds};
use omission::Omission;
use outline::{ItemId, Outline, ROOT, Wanted, What};
use target::Target;

/// What to apply.
#[derive(Clone, Debug)]
pub enum Selection {
    /// All of the image.
    Whole,
    /// Entries that fit a path or pattern, with all below them: `*` and `?`
    /// stand for characters of a name, `**` for any number of names.
    Matching {
        /// Paths or patterns, from the image root.
        patterns: Vec<String>,
        /// Whether the directories that they are in are made as well.
        with_directories: bool,
    },
}

/// How to apply.
#[derive(Clone, Debug)]
pub struct ApplyOptions {
    /// What to apply.
    pub selection: Selection,
    /// The directory in the target's root that a Windows on the target is
    /// moved into; without it, such a target is refused.
    pub move_old: Option<Name>,
    /// Whether a sidecar is written, where the target's filesystem does not
    /// hold all that Windows knows.
    pub sidecar: bool,
}

impl Default for ApplyOptions {
    /// All of the image, and all that is known of it.
    fn default() -> ApplyOptions {
        ApplyOptions {
            selection: Selection::Whole,
            move_old: None,
            sidecar: true,
        }
    }
}

/// An image about to be applied. Dropped, nothing was written.
#[must_use = "nothing is applied until it runs"]
pub struct Applying<'a> {
    archive: &'a Archive,
    index: u32,
    options: ApplyOptions,
    metadata: Metadata,
    outline: Outline,
    path: PathBuf,
    /// `None` where there is nothing yet.
    there: Option<There>,
    contents: Contents,
    preview: Preview,
    omitted: Vec<(ItemId, Omission)>,
}

/// A target that is there.
struct There {
    target: Target,
    existing: Existing,
    moved: Vec<OsString>,
    old_sidecar: Option<Sidecar>,
    /// Held for its lock.
    _backend: DirectoryBackend,
}

impl<'a> Applying<'a> {
    /// Looks at the image `index` of `archive`, from 1 on, and at the directory
    /// `target`. With [`Access::Write`] the target is locked until the apply
    /// has run or is dropped.
    ///
    /// # Errors
    /// [`ApplyError`]: what is wrong with the image, or in the way.
    pub fn new(
        archive: &'a Archive,
        index: u32,
        target: &Path,
        options: ApplyOptions,
        access: Access,
    ) -> Result<Applying<'a>, ApplyError> {
        let metadata = archive.metadata(index)?;
        if metadata.root().is_none() {
            return Err(ApplyError::NoRoot);
        }
        let wanted = match &options.selection {
            Selection::Whole => Wanted::Everything,
            Selection::Matching {
                patterns,
                with_directories,
            } => select::select(&metadata, patterns, *with_directories)?,
        };
        let found = open(target, access)?;
        let near = match &found {
            Some((target, _)) => target.root().try_clone(),
            None => nearest(target),
        };
        let near = near.map_err(|source| ApplyError::Target {
            path: target.to_owned(),
            source,
        })?;
        let holds = Holds::of(&near);
        let mut outline = Outline::new(&metadata, &wanted, holds.reparse_points());
        let omitted = leave_out_long_names(&mut outline, &metadata, &near, holds);
        let mut findings = Vec::new();
        let there = match found {
            None => None,
            Some((target, backend)) => Some(There::look(
                target,
                backend,
                &outline,
                &metadata,
                &options,
                &mut findings,
            )?),
        };
        let contents = Contents::of(archive, &metadata, &outline)?;
        findings.extend(short_of_space(&near, contents.bytes));
        let kept = options.sidecar;
        findings.extend(
            omitted
                .iter()
                .map(|(id, omission)| omission.finding(&outline.path(&metadata, *id), kept)),
        );
        let preview = preview(
            &outline,
            &metadata,
            there.as_ref(),
            &contents,
            &options,
            findings,
        );
        Ok(Applying {
            archive,
            index,
            options,
            metadata,
            outline,
            path: target.to_owned(),
            there,
            contents,
            preview,
            omitted,
        })
    }

    /// What it is going to do.
    pub fn preview(&self) -> &Preview {
        &self.preview
    }

    /// The files and links on the target in whose place those of the image
    /// come, from the root of the target.
    pub fn replaced(&self) -> impl Iterator<Item = ImagePath> + '_ {
        let existing = self
            .there
            .iter()
            .flat_map(|there| there.existing.all_replaced());
        existing.map(|id| self.outline.path(&self.metadata, id))
    }
}

/// The directories that several images are applied to: one for each in
/// `directory`, with the image's name where it can be a file's and no other
/// image has it, else with its number.
pub fn directories_of_images(archive: &Archive, images: &[u32], directory: &Path) -> Vec<PathBuf> {
    let name = |index: &u32| {
        let text = archive.xml().image(*index)?.text("NAME")?;
        Name::new(&text).ok()
    };
    let names: Vec<Option<Name>> = images.iter().map(name).collect();
    let of = images.iter().zip(&names).map(|(index, name)| match name {
        Some(name)
            if names
                .iter()
                .flatten()
                .filter(|other| *other == name)
                .count()
                == 1 =>
        {
            crate::tree::directory::host_name(name)
        }
        _ => index.to_string().into(),
    });
    of.map(|name| directory.join(name)).collect()
}

/// Opens the target and, to write, locks it; `None` where nothing is there.
fn open(path: &Path, access: Access) -> Result<Option<(Target, DirectoryBackend)>, ApplyError> {
    let failed = |source| ApplyError::Target {
        path: path.to_owned(),
        source,
    };
    match std::fs::metadata(path) {
        Ok(found) if found.is_dir() => {}
        Ok(_) => {
            return Err(ApplyError::NotADirectory {
                path: path.to_owned(),
            });
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    }
    let mut backend = DirectoryBackend::open(path)?;
    if access == Access::Write {
        backend.lock()?;
    }
    let target = Target::open(path).map_err(failed)?;
    Ok(Some((target, backend)))
}

/// The directory above a target which is not there yet that is there.
fn nearest(target: &Path) -> io::Result<std::os::fd::OwnedFd> {
    let mut above = target.ancestors().skip(1);
    let above = above.find(|above| !above.as_os_str().is_empty() && above.is_dir());
    Target::open(above.unwrap_or(Path::new(".")))?
        .root()
        .try_clone()
}

/// Leaves out what has a name that is too long here. ntfs-3g counts as Windows
/// does, all others count bytes.
fn leave_out_long_names(
    outline: &mut Outline,
    metadata: &Metadata,
    near: &std::os::fd::OwnedFd,
    holds: Holds,
) -> Vec<(ItemId, Omission)> {
    let mut omitted: Vec<(ItemId, Omission)> = Vec::new();
    for (id, item) in outline.below_root() {
        if let What::Omitted(omission) = item.what {
            omitted.push((id, omission));
        }
    }
    let Ok(longest) = target::longest_name(near) else {
        return omitted;
    };
    for id in 1..outline.len() {
        if matches!(outline.item(id).what, What::Omitted(_)) {
            continue;
        }
        let name = outline.host_name(metadata, id);
        let length = match holds.driver {
            Driver::Other => name.len() as u64,
            Driver::Ntfs3g | Driver::Ntfs3 => outline
                .dentry(metadata, id)
                .map_or(0, |entry| entry.name().len() as u64),
        };
        if length > longest {
            omitted.push((id, Omission::NameTooLong));
            outline.omit(id, Omission::NameTooLong);
        }
    }
    omitted
}

/// A finding where the contents need more room than there is. It may still
/// fit: files that are replaced make room, and some filesystems compress.
fn short_of_space(near: &std::os::fd::OwnedFd, needed: u64) -> Option<Finding> {
    let found = rustix::fs::fstatvfs(near).ok()?;
    let free = found.f_bavail.saturating_mul(found.f_frsize);
    (needed > free).then(|| {
        Finding::warning(
            "little-space",
            format!("{needed} bytes are to be written, and {free} are free on the target"),
        )
    })
}

impl There {
    fn look(
        target: Target,
        backend: DirectoryBackend,
        outline: &Outline,
        metadata: &Metadata,
        options: &ApplyOptions,
        findings: &mut Vec<Finding>,
    ) -> Result<There, ApplyError> {
        let failed = |source| ApplyError::Target {
            path: target.path().to_owned(),
            source,
        };
        let root = target::list(target.root()).map_err(failed)?;
        if root.iter().any(|(name, _)| name == UNFINISHED) {
            findings.push(Finding::warning(
                "apply-interrupted",
                "an earlier apply to this directory did not come to its end: it holds a part of \
                 that image",
            ));
        }
        let whole = matches!(options.selection, Selection::Whole);
        let moved = match whole {
            true => moves(
                &target, &backend, &root, outline, metadata, options, findings,
            )?,
            false => Vec::new(),
        };
        let existing = Existing::look(&target, outline, metadata, &moved)?;
        let old_sidecar = match whole && options.sidecar {
            true => Sidecar::open(target.path())?,
            false => None,
        };
        Ok(There {
            target,
            existing,
            moved,
            old_sidecar,
            _backend: backend,
        })
    }
}

/// Which names in the root are moved aside.
fn moves(
    target: &Target,
    backend: &DirectoryBackend,
    root: &[(OsString, HostKind)],
    outline: &Outline,
    metadata: &Metadata,
    options: &ApplyOptions,
    findings: &mut Vec<Finding>,
) -> Result<Vec<OsString>, ApplyError> {
    let windows = old_system::windows_directories(backend.tree().as_ref());
    let windows = windows.map_err(|error| ApplyError::Host {
        what: "look for a Windows in",
        path: error.path,
        source: error.source,
    })?;
    let Some(into) = &options.move_old else {
        return match windows.is_empty() {
            true => Ok(Vec::new()),
            false => Err(ApplyError::HoldsWindows {
                target: target.path().to_owned(),
                windows,
            }),
        };
    };
    if windows.is_empty() {
        findings.push(Finding::note(
            "nothing-to-move",
            "there is no Windows on the target: nothing is moved aside",
        ));
        return Ok(Vec::new());
    }
    if is_reserved_name(into) {
        return Err(ApplyError::MoveOldReserved {
            name: into.to_string(),
        });
    }
    let has_name = |(name, _): &(OsString, HostKind)| windows_name(name).as_ref() == Some(into);
    if root.iter().any(has_name) {
        return Err(ApplyError::MoveOldTaken {
            name: into.to_string(),
        });
    }
    let mut profiles_are_link = false;
    for id in outline.children(ROOT) {
        let Some(entry) = outline.dentry(metadata, id) else {
            continue;
        };
        let Some(name) = name_of(entry.name()) else {
            continue;
        };
        if name == *into {
            return Err(ApplyError::MoveOldInImage {
                name: into.to_string(),
            });
        }
        if old_system::is_old_profiles(&name) && entry.is_reparse_point() {
            profiles_are_link = true;
        }
    }
    let moved = old_system::to_move(root, &windows, profiles_are_link);
    let device = |name: &std::ffi::OsStr| {
        let flags = rustix::fs::AtFlags::SYMLINK_NOFOLLOW;
        rustix::fs::statat(target.root(), name, flags).map(|found| found.st_dev)
    };
    let here = device(std::ffi::OsStr::new(".")).ok();
    for name in &moved {
        if device(name).ok() != here {
            let name = windows_name(name).map(|name| ImagePath::root().child(name));
            return Err(ApplyError::OtherFilesystem {
                path: name.unwrap_or_default(),
            });
        }
    }
    Ok(moved)
}

fn preview(
    outline: &Outline,
    metadata: &Metadata,
    there: Option<&There>,
    contents: &Contents,
    options: &ApplyOptions,
    findings: Vec<Finding>,
) -> Preview {
    let is_new = |id| there.is_none_or(|there| !there.existing.has_directory(id));
    let directories = outline.of(What::Directory).filter(|(id, _)| is_new(*id));
    let path = |id: &ItemId| outline.path(metadata, *id);
    let existing = there.map(|there| &there.existing);
    let removed = existing.map_or_else(Vec::new, |existing| {
        let logs = existing.stale.iter().filter(|stale| stale.is_log);
        logs.filter_map(|stale| Some(path(&stale.directory).child(windows_name(&stale.name)?)))
            .collect()
    });
    let names = there.map_or_else(Vec::new, |there| {
        let names = there.moved.iter().filter_map(|name| windows_name(name));
        names.map(|name| ImagePath::root().child(name)).collect()
    });
    let moved = options.move_old.as_ref().filter(|_| !names.is_empty());
    Preview {
        counts: Counts {
            files: contents.file_count(),
            directories: directories.count() as u64,
            links: outline.of(What::Link).count() as u64,
            hard_links: contents.links.len() as u64,
            bytes: contents.bytes,
        },
        replaced: existing.map_or(0, |existing| existing.all_replaced().count() as u64),
        removed,
        moved: moved.map(|into| Moved {
            names,
            into: ImagePath::root().child(into.clone()),
        }),
        findings,
    }
}
