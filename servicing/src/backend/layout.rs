//! From changes with Windows names to steps on host paths.
//!
//! Reads the directories that the changes touch, and plays the changes on
//! what it read, so that a later change sees what an earlier one leaves. All
//! that can be known to fail is found here, before anything is written.

use std::collections::{HashMap, HashSet};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use super::error::BackendError;
use super::host::Host;
use super::{FileChange, RESERVED};
use crate::blob::Blob;
use crate::path::{ImagePath, Name};
use crate::tree::directory::{HostKind, Names, host_name, shown, windows_name};

/// A file to be written.
pub(crate) struct Write {
    /// Below the image root, without links.
    pub(crate) path: PathBuf,
    /// As the change names it.
    pub(crate) shown: ImagePath,
    pub(crate) content: Arc<dyn Blob>,
    /// Whether a file is there that stays until this is written.
    pub(crate) replaces: bool,
    pub(crate) in_place_if_linked: bool,
}

/// What is to be done, in this order.
#[derive(Default)]
pub(crate) struct Layout {
    pub(crate) removals: Vec<PathBuf>,
    pub(crate) directories: Vec<PathBuf>,
    pub(crate) writes: Vec<Write>,
}

impl Layout {
    /// Whether the image is as the changes want it already.
    pub(crate) fn is_empty(&self) -> bool {
        self.removals.is_empty() && self.directories.is_empty() && self.writes.is_empty()
    }
}

/// Works out what `changes` come to on the host.
///
/// # Errors
/// What is in the way of a change, and what the host says.
pub(crate) fn lay_out(host: &dyn Host, changes: Vec<FileChange>) -> Result<Layout, BackendError> {
    let mut planner = Planner {
        host,
        device: None,
        directories_seen: HashMap::new(),
        changeable: HashSet::new(),
        removals: Vec::new(),
        directories: Vec::new(),
        writes: Vec::new(),
    };
    for change in changes {
        match change {
            FileChange::Put {
                path,
                content,
                in_place_if_linked,
                ..
            } => planner.put(path, content, in_place_if_linked)?,
            FileChange::MakeDirectory { path } => {
                planner.directory(&path, Missing::Make)?;
            }
            FileChange::Remove { path } => planner.remove(&path)?,
        }
    }
    Ok(Layout {
        removals: planner.removals,
        directories: planner.directories.into_iter().flatten().collect(),
        writes: planner.writes.into_iter().flatten().collect(),
    })
}

/// What a name stands for, as the changes so far leave it.
#[derive(Clone, Copy)]
enum Found {
    /// What is on the host.
    There(HostKind),
    /// A directory to be made; an index.
    NewDirectory(usize),
    /// A file to be written; an index.
    Write(usize),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Missing {
    Make,
    Leave,
}

struct Planner<'a> {
    host: &'a dyn Host,
    /// The filesystem of the image root.
    device: Option<u64>,
    /// The names in the directories that changes led to.
    directories_seen: HashMap<PathBuf, Names<Found>>,
    /// Directories known to be changeable.
    changeable: HashSet<PathBuf>,
    removals: Vec<PathBuf>,
    /// `None` where a later change took it back.
    directories: Vec<Option<PathBuf>>,
    /// `None` where a later change took it back.
    writes: Vec<Option<Write>>,
}

impl Planner<'_> {
    fn put(
        &mut self,
        path: ImagePath,
        content: Arc<dyn Blob>,
        in_place_if_linked: bool,
    ) -> Result<(), BackendError> {
        let Some((name, parent)) = self.parent(&path, Missing::Make)? else {
            return Err(BackendError::DirectoryInTheWay { path });
        };
        let (spelling, replaces) = match self.find(&parent, &name)? {
            None => (name, false),
            Some((spelling, Found::There(HostKind::File))) => (spelling, true),
            Some((spelling, Found::Write(earlier))) => {
                let earlier = self.writes.get_mut(earlier).and_then(Option::take);
                (spelling, earlier.is_some_and(|earlier| earlier.replaces))
            }
            Some((_, Found::There(HostKind::Directory) | Found::NewDirectory(_))) => {
                return Err(BackendError::DirectoryInTheWay { path });
            }
            Some((_, Found::There(HostKind::Link))) => {
                return Err(BackendError::LinkInTheWay { path });
            }
            Some((_, Found::There(HostKind::Special))) => {
                return Err(BackendError::SpecialInTheWay { path });
            }
        };
        let target = parent.join(host_name(&spelling));
        self.claim(&parent)?;
        if replaces {
            self.check_filesystem(&target)?;
        } else {
            self.check_name(&target)?;
        }
        self.note(&parent, &spelling, Found::Write(self.writes.len()));
        self.writes.push(Some(Write {
            path: target,
            shown: path,
            content,
            replaces,
            in_place_if_linked,
        }));
        Ok(())
    }

    fn remove(&mut self, path: &ImagePath) -> Result<(), BackendError> {
        if path.is_root() {
            return Err(BackendError::Root);
        }
        let Some((name, parent)) = self.parent(path, Missing::Leave)? else {
            return Ok(());
        };
        let Some((spelling, found)) = self.find(&parent, &name)? else {
            return Ok(());
        };
        let target = parent.join(host_name(&spelling));
        let on_host = match found {
            Found::There(kind) => Some(kind),
            Found::NewDirectory(index) => {
                if let Some(planned) = self.directories.get_mut(index) {
                    *planned = None;
                }
                None
            }
            Found::Write(index) => {
                let write = self.writes.get_mut(index).and_then(Option::take);
                write
                    .is_some_and(|write| write.replaces)
                    .then_some(HostKind::File)
            }
        };
        if let Some(kind) = on_host {
            self.claim(&parent)?;
            self.check_removable(&target, kind)?;
            // What lies in it goes with it. A step of its own could move a new
            // file when the steps are carried out again.
            self.removals.retain(|path| !path.starts_with(&target));
            self.removals.push(target.clone());
        }
        if let Some(names) = self.directories_seen.get_mut(&parent) {
            names.remove(&spelling);
        }
        if self.directories_seen.contains_key(&target) {
            self.forget_below(&target);
        }
        Ok(())
    }

    /// Takes back what was planned below a directory that goes.
    fn forget_below(&mut self, directory: &Path) {
        self.directories_seen
            .retain(|path, _| !path.starts_with(directory));
        self.changeable.retain(|path| !path.starts_with(directory));
        for planned in &mut self.directories {
            planned.take_if(|path| path.starts_with(directory));
        }
        for planned in &mut self.writes {
            planned.take_if(|write| write.path.starts_with(directory));
        }
    }

    /// The last name of `path`, and the directory it is in; `None` for the
    /// root, or where there is no such directory and none is to be made.
    fn parent(
        &mut self,
        path: &ImagePath,
        missing: Missing,
    ) -> Result<Option<(Name, PathBuf)>, BackendError> {
        let (Some(name), Some(parent)) = (path.file_name(), path.parent()) else {
            return Ok(None);
        };
        if path.names().first().is_some_and(|first| first.is(RESERVED)) {
            return Err(BackendError::Reserved { path: path.clone() });
        }
        let parent = self.directory(&parent, missing)?;
        Ok(parent.map(|parent| (name.clone(), parent)))
    }

    /// The host path of the directory `path`; `None` where it is missing and
    /// to be left so.
    fn directory(
        &mut self,
        path: &ImagePath,
        missing: Missing,
    ) -> Result<Option<PathBuf>, BackendError> {
        let mut host = PathBuf::new();
        for (depth, name) in path.names().iter().enumerate() {
            let here = || ImagePath::from_names(path.names().iter().take(depth + 1).cloned());
            if depth == 0 && name.is(RESERVED) {
                return Err(BackendError::Reserved { path: path.clone() });
            }
            host = match (self.find(&host, name)?, missing) {
                (Some((spelling, found)), _) => {
                    let target = host.join(host_name(&spelling));
                    match found {
                        Found::There(HostKind::Directory) | Found::NewDirectory(_) => target,
                        Found::There(HostKind::Link) => match (self.follow(&target)?, missing) {
                            (Some(directory), _) => directory,
                            (None, Missing::Leave) => return Ok(None),
                            (None, Missing::Make) => {
                                return Err(BackendError::LinkInTheWay { path: here() });
                            }
                        },
                        // Nothing is below a file, so nothing is to be removed.
                        _ if missing == Missing::Leave => return Ok(None),
                        Found::There(HostKind::Special) => {
                            return Err(BackendError::SpecialInTheWay { path: here() });
                        }
                        Found::There(HostKind::File) | Found::Write(_) => {
                            return Err(BackendError::FileInTheWay { path: here() });
                        }
                    }
                }
                (None, Missing::Leave) => return Ok(None),
                (None, Missing::Make) => {
                    let target = host.join(host_name(name));
                    self.claim(&host)?;
                    self.check_name(&target)?;
                    self.note(&host, name, Found::NewDirectory(self.directories.len()));
                    self.directories.push(Some(target.clone()));
                    self.directories_seen
                        .insert(target.clone(), Names::new(Vec::new()));
                    self.changeable.insert(target.clone());
                    target
                }
            };
        }
        Ok(Some(host))
    }

    /// The directory that a link leads to, as the changes so far leave it.
    fn follow(&mut self, link: &Path) -> Result<Option<PathBuf>, BackendError> {
        let Ok((resolved, HostKind::Directory)) = self.host.resolve(link) else {
            return Ok(None);
        };
        let mut directory = PathBuf::new();
        for component in resolved.components() {
            let Component::Normal(exact) = component else {
                return Ok(None);
            };
            let Some(name) = windows_name(exact) else {
                return Ok(None);
            };
            match self.find(&directory, &name)? {
                Some((spelling, Found::There(HostKind::Directory) | Found::NewDirectory(_)))
                    if spelling.as_text() == name.as_text() =>
                {
                    directory.push(exact);
                }
                _ => return Ok(None),
            }
        }
        Ok(Some(directory))
    }

    fn find(
        &mut self,
        directory: &Path,
        name: &Name,
    ) -> Result<Option<(Name, Found)>, BackendError> {
        if !self.directories_seen.contains_key(directory) {
            let listed = self
                .host
                .list(directory)
                .map_err(|error| self.failed(directory, error))?;
            let names = listed.iter().filter_map(|(name, kind)| {
                let name = windows_name(name)?;
                let ours = directory.as_os_str().is_empty() && name.is(RESERVED);
                (!ours).then_some((name, Found::There(*kind)))
            });
            self.directories_seen
                .insert(directory.to_owned(), Names::new(names.collect()));
        }
        let names = self.directories_seen.get(directory);
        let found = names.and_then(|names| names.find(name));
        Ok(found.map(|(spelling, found)| (spelling.clone(), *found)))
    }

    fn note(&mut self, directory: &Path, name: &Name, found: Found) {
        if let Some(names) = self.directories_seen.get_mut(directory) {
            names.put(name, found);
        }
    }

    /// Makes sure that names in the directory can be changed.
    fn claim(&mut self, directory: &Path) -> Result<(), BackendError> {
        if self.changeable.contains(directory) {
            return Ok(());
        }
        self.check_filesystem(directory)?;
        self.host
            .check_changeable(directory)
            .map_err(|error| self.failed(directory, error))?;
        self.changeable.insert(directory.to_owned());
        Ok(())
    }

    /// Renames do not cross filesystems.
    fn check_filesystem(&mut self, path: &Path) -> Result<(), BackendError> {
        let device_of = |path: &Path| -> Result<Option<u64>, BackendError> {
            let status = self
                .host
                .status(path)
                .map_err(|error| self.failed(path, error))?;
            Ok(status.map(|status| status.device))
        };
        let device = device_of(path)?;
        let of_root = match self.device {
            Some(known) => Some(known),
            None => device_of(Path::new(""))?,
        };
        self.device = of_root;
        if device != of_root {
            return Err(BackendError::OtherFilesystem { path: shown(path) });
        }
        Ok(())
    }

    /// Asks the host for a name that it does not have: it says here what it
    /// would say when the name is made (too long, a forbidden character).
    fn check_name(&self, path: &Path) -> Result<(), BackendError> {
        // Below a directory that is not there yet only the whole path's length
        // is checked; the root is as good as any directory for the name.
        let name = path.file_name().map(Path::new);
        for asked in [Some(path), name].into_iter().flatten() {
            match self.host.status(asked) {
                Err(error) if error.kind() != std::io::ErrorKind::NotADirectory => {
                    return Err(self.failed(path, error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Makes sure that all in a directory can be removed once it is moved.
    fn check_removable(&mut self, path: &Path, kind: HostKind) -> Result<(), BackendError> {
        self.check_filesystem(path)?;
        let mut directories = Vec::new();
        if kind == HostKind::Directory {
            directories.push(path.to_owned());
        }
        while let Some(directory) = directories.pop() {
            let failed = |error| self.failed(&directory, error);
            self.host.check_changeable(&directory).map_err(failed)?;
            for (name, kind) in self.host.list(&directory).map_err(failed)? {
                if kind == HostKind::Directory {
                    let below = directory.join(name);
                    self.check_filesystem(&below)?;
                    directories.push(below);
                }
            }
        }
        Ok(())
    }

    fn failed(&self, path: &Path, error: std::io::Error) -> BackendError {
        BackendError::host(self.host, path, error)
    }
}
