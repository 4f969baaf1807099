//! What is on the target already where the image has something: what is
//! replaced, what is in the way, and what must not stay beside the new.
//!
//! Names are compared as Windows does. Something whose name differs by case
//! from the image's is the same thing, and gets the image's spelling.

use std::collections::{HashMap, HashSet};
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io::{self, Read as _};
use std::os::fd::OwnedFd;

use rustix::fs::{Mode, OFlags, openat};
use wimwright_wim::Metadata;

use super::error::ApplyError;
use super::old_system::{LogKind, hive_of_log};
use super::outline::{ItemId, Outline, ROOT, What};
use super::target::{Target, is_temporary, list};
use crate::backend::is_reserved_name;
use crate::path::{ImagePath, Name};
use crate::tree::directory::{HostKind, Names, windows_name};

/// Conflicts that a message names.
const SHOWN: usize = 10;

/// Something that is in the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// Where, from the root of the target.
    pub path: ImagePath,
    /// Whether a directory is there, and the image has a file or link;
    /// otherwise it is the other way round.
    pub directory_there: bool,
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.directory_there {
            true => write!(
                f,
                "`{}` is a directory on the target and a file or link in the image",
                self.path
            ),
            false => write!(
                f,
                "`{}` is a file on the target and a directory in the image",
                self.path
            ),
        }
    }
}

/// Something on the target that is removed though the image has nothing of its
/// name.
#[derive(Clone, Debug)]
pub(super) struct Stale {
    pub(super) directory: ItemId,
    pub(super) name: OsString,
    /// Whether it is the log of a registry hive; otherwise an interrupted
    /// apply left it.
    pub(super) is_log: bool,
}

/// What is on the target already.
#[derive(Default)]
pub(super) struct Existing {
    /// Directories that are there.
    directories: HashSet<ItemId>,
    /// Files and links that are replaced.
    replaced: Vec<ItemId>,
    /// Links that are replaced by directories.
    pub(super) links_for_directories: Vec<ItemId>,
    /// Things with a name that differs by case from the image's.
    pub(super) recased: Vec<(ItemId, OsString)>,
    /// What must not stay.
    pub(super) stale: Vec<Stale>,
    conflicts: Vec<ItemId>,
}

impl Existing {
    /// Looks at the target. What is in `moved` counts as gone from its root.
    pub(super) fn look(
        target: &Target,
        outline: &Outline,
        metadata: &Metadata,
        moved: &[OsString],
    ) -> Result<Existing, ApplyError> {
        let mut existing = Existing::default();
        existing.directories.insert(ROOT);
        let directories =
            std::iter::once(ROOT).chain(outline.of(What::Directory).map(|(id, _)| id));
        for id in directories {
            if !existing.directories.contains(&id) {
                continue;
            }
            let failed = |source| ApplyError::Host {
                what: "list",
                path: outline.path(metadata, id),
                source,
            };
            let handle = target.directory(outline, metadata, id).map_err(failed)?;
            let mut names = list(&handle).map_err(failed)?;
            if id == ROOT {
                names.retain(|(name, _)| {
                    let ours = windows_name(name).is_some_and(|name| is_reserved_name(&name));
                    !ours && !moved.contains(name)
                });
            }
            existing.look_into(target, outline, metadata, id, &handle, &names);
        }
        if existing.conflicts.is_empty() {
            return Ok(existing);
        }
        let shown = existing.conflicts.iter().take(SHOWN);
        Err(ApplyError::InTheWay {
            conflicts: shown
                .map(|id| Conflict {
                    path: outline.path(metadata, *id),
                    directory_there: outline.item(*id).what != What::Directory,
                })
                .collect(),
            more: existing.conflicts.len().saturating_sub(SHOWN),
        })
    }

    /// Files and links that are replaced, by whatever it is.
    pub(super) fn all_replaced(&self) -> impl Iterator<Item = ItemId> + '_ {
        let links = self.links_for_directories.iter();
        self.replaced.iter().chain(links).copied()
    }

    /// Whether a directory is there already.
    pub(super) fn has_directory(&self, id: ItemId) -> bool {
        self.directories.contains(&id)
    }

    fn look_into(
        &mut self,
        target: &Target,
        outline: &Outline,
        metadata: &Metadata,
        directory: ItemId,
        handle: &OwnedFd,
        names: &[(OsString, HostKind)],
    ) {
        let wanted: HashMap<OsString, ItemId> = outline
            .children(directory)
            .filter(|id| !matches!(outline.item(*id).what, What::Omitted(_)))
            .map(|id| (outline.host_name(metadata, id), id))
            .collect();
        let named = wanted.iter();
        let named = named.filter_map(|(name, id)| Some((windows_name(name)?, *id)));
        let by_name: Names<ItemId> = Names::new(named.collect());
        let exact: HashSet<&OsStr> = names.iter().map(|(name, _)| name.as_os_str()).collect();
        let mut taken = HashSet::new();
        for (name, kind) in names {
            if is_temporary(name) && *kind != HostKind::Directory {
                self.stale.push(Stale {
                    directory,
                    name: name.clone(),
                    is_log: false,
                });
                continue;
            }
            let windows = windows_name(name);
            let found = match wanted.get(name) {
                Some(id) => Some(*id),
                // Another spelling, of something that is not there itself.
                None => windows
                    .as_ref()
                    .and_then(|name| by_name.find(name))
                    .map(|(_, id)| *id)
                    .filter(|id| !exact.contains(outline.host_name(metadata, *id).as_os_str()))
                    .filter(|id| taken.insert(*id)),
            };
            match (found, windows) {
                (Some(id), _) => {
                    if !wanted.contains_key(name) {
                        target.is_spelled(id, name);
                        self.recased.push((id, name.clone()));
                    }
                    self.meet(id, outline.item(id).what, *kind);
                }
                (None, Some(windows))
                    if *kind == HostKind::File
                        && is_stale_log(outline, &by_name, handle, name, &windows) =>
                {
                    self.stale.push(Stale {
                        directory,
                        name: name.clone(),
                        is_log: true,
                    });
                }
                _ => {}
            }
        }
    }

    /// An item of the image and what the target has in its place.
    fn meet(&mut self, id: ItemId, what: What, kind: HostKind) {
        match (what, kind) {
            (What::Directory, HostKind::Directory) => {
                self.directories.insert(id);
            }
            (What::Directory, HostKind::Link) => self.links_for_directories.push(id),
            (What::Directory, _) | (_, HostKind::Directory) => self.conflicts.push(id),
            _ => self.replaced.push(id),
        }
    }
}

/// Whether a file on the target is the log of a hive that the image brings: it
/// belongs to the hive that was there.
fn is_stale_log(
    outline: &Outline,
    by_name: &Names<ItemId>,
    directory: &OwnedFd,
    name: &OsStr,
    windows: &Name,
) -> bool {
    let Some((hive, kind)) = windows.as_text().as_str().and_then(hive_of_log) else {
        return false;
    };
    let Ok(hive) = Name::new(hive) else {
        return false;
    };
    let is_brought = by_name
        .find(&hive)
        .is_some_and(|(_, id)| outline.item(*id).what == What::File);
    match kind {
        _ if !is_brought => false,
        LogKind::Transactions => true,
        // What cannot be read is not known to be harmless.
        LogKind::Registry => begins_as_hive(directory, name).unwrap_or(true),
    }
}

fn begins_as_hive(directory: &OwnedFd, name: &OsStr) -> io::Result<bool> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = openat(directory, name, flags, Mode::empty())?;
    let mut magic = Vec::new();
    std::fs::File::from(file).take(4).read_to_end(&mut magic)?;
    Ok(magic == b"regf")
}
