//! From changes with Windows names to steps on host paths.
//!
//! Reads the directories that the changes touch, and plays the changes on
//! what it read, so that a later change sees what an earlier one leaves. The
//! steps follow from how the picture ends, whatever detours led there. All
//! that can be known to fail is found here, before anything is written.

mod checks;
mod picture;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use picture::{Missing, New, Picture, ROOT};

use super::FileChange;
use super::error::BackendError;
use super::host::Host;
use super::journal::{Move, Stamp};
use crate::blob::Blob;
use crate::path::ImagePath;
use crate::plan::Times;
use crate::tree::directory::HostKind;

/// A file to be written.
pub(crate) struct Write {
    /// Below the image root, without links.
    pub(crate) path: PathBuf,
    /// As the change names it.
    pub(crate) shown: ImagePath,
    pub(crate) content: Arc<dyn Blob>,
    /// The file that stays until this is written, by its path before the
    /// commit.
    pub(crate) replaces: Option<PathBuf>,
    pub(crate) in_place_if_linked: bool,
}

/// A name that a file gets beside the one it has.
pub(crate) struct NewLink {
    /// Below the image root, without links.
    pub(crate) path: PathBuf,
    /// As the change names it.
    pub(crate) shown: ImagePath,
    pub(crate) to: LinkTo,
}

/// The file that gets a name.
pub(crate) enum LinkTo {
    /// One on the host, by its path before the commit.
    Host(PathBuf),
    /// One that is written, by its place among the writes.
    Written(usize),
}

/// What is to be done, in this order.
#[derive(Default)]
pub(crate) struct Layout {
    /// Names that go, by their paths before the commit.
    pub(crate) removals: Vec<PathBuf>,
    /// Names that get another path.
    pub(crate) moves: Vec<Move>,
    /// Directories that come, the upper ones first.
    pub(crate) directories: Vec<PathBuf>,
    /// New content.
    pub(crate) writes: Vec<Write>,
    /// Files that get one more name.
    pub(crate) links: Vec<NewLink>,
    /// Attributes and times.
    pub(crate) stamps: Vec<Stamp>,
}

impl Layout {
    /// Whether the image is as the changes want it already.
    pub(crate) fn is_empty(&self) -> bool {
        self.removals.is_empty()
            && self.moves.is_empty()
            && self.directories.is_empty()
            && self.writes.is_empty()
            && self.links.is_empty()
            && self.stamps.is_empty()
    }
}

/// Works out what `changes` come to on the host.
///
/// # Errors
/// What is in the way of a change, and what the host says.
pub(crate) fn lay_out(host: &dyn Host, changes: Vec<FileChange>) -> Result<Layout, BackendError> {
    let mut planner = Planner {
        picture: Picture::new(host),
        writes: Vec::new(),
        links: Vec::new(),
        stamps: Vec::new(),
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
                planner.picture.directory(&path, Missing::Make)?;
            }
            FileChange::Remove { path } => planner.remove(&path)?,
            FileChange::Rename { from, to } => planner.rename(&from, &to)?,
            FileChange::Link { path, to } => planner.link(path, to)?,
            FileChange::SetAttributes { path, attributes } => {
                planner.set_attributes(&path, attributes)?;
            }
            FileChange::SetTimes { path, times } => planner.set_times(&path, times)?,
            FileChange::SetDetails { path, .. } | FileChange::MakeLink { path, .. } => {
                return Err(BackendError::DetailsNotHeld { path });
            }
        }
    }
    planner.end()
}

struct Planner<'a> {
    picture: Picture<'a>,
    /// What gets new content, in the order of the changes.
    writes: Vec<usize>,
    /// Names that files get, as the changes name them, and the files.
    links: Vec<(usize, ImagePath, ImagePath)>,
    /// What gets attributes or times, in the order of the changes.
    stamps: Vec<usize>,
}

impl Planner<'_> {
    fn put(
        &mut self,
        path: ImagePath,
        content: Arc<dyn Blob>,
        in_place_if_linked: bool,
    ) -> Result<(), BackendError> {
        let Some((name, parent)) = self.picture.parent(&path, Missing::Make)? else {
            return Err(BackendError::DirectoryInTheWay { path });
        };
        let file = match self.picture.find(parent, &name)? {
            Some(found) => {
                if self.picture.node(found).is_directory() {
                    return Err(BackendError::DirectoryInTheWay { path });
                }
                match self.picture.node(found).host_kind() {
                    Some(HostKind::Link) => return Err(BackendError::LinkInTheWay { path }),
                    Some(HostKind::Special) => return Err(BackendError::SpecialInTheWay { path }),
                    _ => found,
                }
            }
            None => {
                let file = self.picture.add(parent, &name, false);
                self.picture.check_name(&self.picture.path(file))?;
                file
            }
        };
        self.picture.claim(parent)?;
        if let Some(host) = self.picture.host_path(file) {
            self.picture.check_filesystem(&host)?;
        }
        let earlier = self.picture.node_mut(file).new.replace(New {
            shown: path,
            content,
            in_place_if_linked,
        });
        if earlier.is_none() {
            self.writes.push(file);
        }
        Ok(())
    }

    fn remove(&mut self, path: &ImagePath) -> Result<(), BackendError> {
        if path.is_root() {
            return Err(BackendError::Root);
        }
        let Some((name, parent)) = self.picture.parent(path, Missing::Leave)? else {
            return Ok(());
        };
        let Some(found) = self.picture.find(parent, &name)? else {
            return Ok(());
        };
        if let (Some(host), Some(kind)) = (
            self.picture.host_path(found),
            self.picture.node(found).host_kind(),
        ) {
            self.picture.claim_original_parent(found)?;
            self.picture.check_removable(&host, kind)?;
        }
        self.picture.detach(found);
        self.picture.node_mut(found).gone = true;
        Ok(())
    }

    fn rename(&mut self, from: &ImagePath, to: &ImagePath) -> Result<(), BackendError> {
        if from.is_root() || to.is_root() {
            return Err(BackendError::Root);
        }
        let nothing = || BackendError::NothingThere { path: from.clone() };
        let Some((name, old_parent)) = self.picture.parent(from, Missing::Leave)? else {
            return Err(nothing());
        };
        let found = self.picture.find(old_parent, &name)?;
        let moved = found.ok_or_else(nothing)?;
        let Some((name, parent)) = self.picture.parent(to, Missing::Make)? else {
            return Err(BackendError::Root);
        };
        if self.picture.is_in(parent, moved) {
            return Err(BackendError::IntoItself {
                from: from.clone(),
                to: to.clone(),
            });
        }
        if self
            .picture
            .find(parent, &name)?
            .is_some_and(|found| found != moved)
        {
            return Err(BackendError::NameTaken { path: to.clone() });
        }
        if let Some(host) = self.picture.host_path(moved) {
            self.picture.claim_original_parent(moved)?;
            self.picture.check_filesystem(&host)?;
            if self.picture.node(moved).is_directory() && parent != old_parent {
                // The directory says what is above it, which changes.
                self.picture.check_changeable(&host)?;
            }
        }
        self.picture.claim(parent)?;
        self.picture.detach(moved);
        self.picture.attach(moved, parent, &name);
        self.picture.check_name(&self.picture.path(moved))
    }

    fn link(&mut self, path: ImagePath, to: ImagePath) -> Result<(), BackendError> {
        if self.file(&to)? == self.picture_of(&path)? {
            return Ok(());
        }
        self.remove_file(&path)?;
        let Some((name, parent)) = self.picture.parent(&path, Missing::Make)? else {
            return Err(BackendError::Root);
        };
        let link = self.picture.add(parent, &name, false);
        self.picture.check_name(&self.picture.path(link))?;
        self.picture.claim(parent)?;
        self.links.push((link, path, to));
        Ok(())
    }

    /// What is at `path`; `None` where there is nothing.
    fn picture_of(&mut self, path: &ImagePath) -> Result<Option<usize>, BackendError> {
        match self.picture.parent(path, Missing::Leave)? {
            Some((name, parent)) => self.picture.find(parent, &name),
            None => Ok(None),
        }
    }

    /// The file at `path`.
    fn file(&mut self, path: &ImagePath) -> Result<Option<usize>, BackendError> {
        let found = self.picture_of(path)?;
        let file = found.ok_or_else(|| BackendError::NothingThere { path: path.clone() })?;
        if self.picture.node(file).is_directory() {
            return Err(BackendError::DirectoryInTheWay { path: path.clone() });
        }
        match self.picture.node(file).host_kind() {
            Some(HostKind::Link) => Err(BackendError::LinkInTheWay { path: path.clone() }),
            Some(HostKind::Special) => Err(BackendError::SpecialInTheWay { path: path.clone() }),
            _ => Ok(Some(file)),
        }
    }

    /// Removes the file at `path`, where one is.
    fn remove_file(&mut self, path: &ImagePath) -> Result<(), BackendError> {
        match self.picture_of(path)? {
            Some(_) => {
                self.file(path)?;
                self.remove(path)
            }
            None => Ok(()),
        }
    }

    fn set_attributes(&mut self, path: &ImagePath, attributes: u32) -> Result<(), BackendError> {
        let node = self.stamped(path)?;
        if self.picture.host.holds_attributes() {
            self.picture.node_mut(node).attributes = Some(attributes);
            return Ok(());
        }
        // What a file or directory without special attributes has on NTFS is
        // what any has elsewhere: directory, archive, normal.
        match attributes & !(0x10 | 0x20 | 0x80) {
            0 => Ok(()),
            _ => Err(BackendError::AttributesNotHeld {
                path: path.clone(),
                attributes,
            }),
        }
    }

    fn set_times(&mut self, path: &ImagePath, times: Times) -> Result<(), BackendError> {
        let node = self.stamped(path)?;
        if times.created.is_some() && !self.picture.host.holds_attributes() {
            return Err(BackendError::CreationTimeNotHeld { path: path.clone() });
        }
        let node = self.picture.node_mut(node);
        node.times = times.or(node.times);
        Ok(())
    }

    /// What gets attributes or times.
    fn stamped(&mut self, path: &ImagePath) -> Result<usize, BackendError> {
        let nothing = || BackendError::NothingThere { path: path.clone() };
        let Some((name, parent)) = self.picture.parent(path, Missing::Leave)? else {
            // The commit itself changes the root after all else.
            return Err(match path.is_root() {
                true => BackendError::Root,
                false => nothing(),
            });
        };
        let node = self.picture.find(parent, &name)?.ok_or_else(nothing)?;
        match self.picture.node(node).host_kind() {
            Some(HostKind::Link) => return Err(BackendError::LinkInTheWay { path: path.clone() }),
            Some(HostKind::Special) => {
                return Err(BackendError::SpecialInTheWay { path: path.clone() });
            }
            _ => {}
        }
        if let Some(host) = self.picture.host_path(node) {
            self.picture.check_filesystem(&host)?;
            self.picture.check_owned(&host)?;
        }
        if !std::mem::replace(&mut self.picture.node_mut(node).stamped, true) {
            self.stamps.push(node);
        }
        Ok(node)
    }

    /// The steps that lead to the picture as it is now.
    fn end(mut self) -> Result<Layout, BackendError> {
        let mut layout = Layout::default();
        let picture = &self.picture;
        for node in picture.all() {
            let Some(host) = picture.host_path(node) else {
                if picture.node(node).is_directory() && !picture.is_dead(node) {
                    layout.directories.push(picture.path(node));
                }
                continue;
            };
            match picture.is_dead(node) {
                // What lies in it goes with it.
                true if !picture.is_original_parent_dead(node) => layout.removals.push(host),
                false if node != ROOT && picture.is_moved(node) => layout.moves.push(Move {
                    from: host,
                    to: picture.path(node),
                }),
                _ => {}
            }
        }
        let depth = |path: &PathBuf| path.components().count();
        layout.directories.sort_by_key(depth);
        for node in std::mem::take(&mut self.stamps) {
            if self.picture.is_dead(node) {
                continue;
            }
            let path = self.picture.path(node);
            let node = self.picture.node(node);
            if node.attributes.is_some() || !node.times.is_empty() {
                layout.stamps.push(Stamp {
                    path,
                    attributes: node.attributes,
                    times: node.times,
                });
            }
        }
        let mut written = HashMap::new();
        for node in std::mem::take(&mut self.writes) {
            if self.picture.is_dead(node) {
                continue;
            }
            let (path, replaces) = (self.picture.path(node), self.picture.host_path(node));
            if let Some(new) = self.picture.node_mut(node).new.take() {
                written.insert(node, layout.writes.len());
                layout.writes.push(Write {
                    path,
                    shown: new.shown,
                    content: new.content,
                    replaces,
                    in_place_if_linked: new.in_place_if_linked,
                });
            }
        }
        // A link to a link is one to the file.
        let mut targets = HashMap::new();
        for (link, shown, to) in std::mem::take(&mut self.links) {
            if self.picture.is_dead(link) {
                continue;
            }
            let mut target = self.file(&to)?;
            while let Some(next) = target.and_then(|at| targets.get(&at)) {
                target = Some(*next);
            }
            let target = target.filter(|target| *target != link);
            let nothing = || BackendError::NothingThere { path: to.clone() };
            let target = target.ok_or_else(nothing)?;
            targets.insert(link, target);
            let to = match (written.get(&target), self.picture.host_path(target)) {
                (Some(write), _) => LinkTo::Written(*write),
                (None, Some(host)) => {
                    self.picture.check_filesystem(&host)?;
                    LinkTo::Host(host)
                }
                (None, None) => return Err(nothing()),
            };
            layout.links.push(NewLink {
                path: self.picture.path(link),
                shown,
                to,
            });
        }
        Ok(layout)
    }
}
