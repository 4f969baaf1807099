//! The metadata of one image, edited change by change.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use wimwright_hive::{FileTime, upcase};
use wimwright_wim::metadata::{
    Dentry, DentryId, EntryFields, MetadataChanges, MetadataEditor, OwnedEntry, StreamFields,
    StreamKind, attribute,
};
use wimwright_wim::{ChunkBase, Error, Hash, Metadata, NewBlob, Update};

use super::super::{BackendError, FileChange};
use crate::blob::{Blob, ContentId, ToStore};
use crate::path::{ImagePath, Name};
use crate::plan::STRUCTURAL_ATTRIBUTES;
use crate::security;
use crate::time;
use crate::tree::{TreeError, WimTree};

/// An image being edited.
pub(super) struct ImageEdit<'a> {
    tree: &'a WimTree,
    pub(super) editor: MetadataEditor,
    pub(super) update: &'a mut Update,
    pub(super) now: wimwright_wim::FileTime,
    /// By descriptor of a directory: what new files and new directories in it
    /// get.
    inherited: HashMap<(u32, bool), Option<u32>>,
    /// What got another path: the old one, and the new one.
    renamed: Vec<(ImagePath, ImagePath)>,
    /// The highest number of a group of hard links, once asked for.
    last_group: Option<u64>,
}

/// An entry, and the directory that it is in.
#[derive(Clone, Copy)]
pub(super) struct Place {
    directory: DentryId,
    entry: DentryId,
}

impl<'a> ImageEdit<'a> {
    pub(super) fn new(tree: &'a WimTree, update: &'a mut Update, now: FileTime) -> ImageEdit<'a> {
        ImageEdit {
            tree,
            editor: MetadataEditor::new(tree.entries().clone()),
            update,
            now: time::to_wim(now),
            inherited: HashMap::new(),
            renamed: Vec::new(),
            last_group: None,
        }
    }

    /// Makes one change.
    pub(super) fn carry_out(&mut self, change: FileChange) -> Result<(), BackendError> {
        match change {
            FileChange::Put {
                path,
                content,
                in_place_if_linked,
                differs,
            } => {
                let real = self.tree.without_links(&path)?;
                let hash = self.add_content(&real, &content, differs)?;
                self.put(&real, hash, in_place_if_linked)
            }
            FileChange::MakeDirectory { path } => {
                let real = self.tree.without_links(&path)?;
                self.directory(&real).map(drop)
            }
            FileChange::Remove { path } => {
                let real = self.tree.without_links(&path)?;
                self.remove(&real)
            }
            FileChange::Rename { from, to } => {
                let from = self.tree.without_links(&from)?;
                let to = self.tree.without_links(&to)?;
                self.rename(&from, &to)?;
                self.renamed.push((from, to));
                Ok(())
            }
            FileChange::Link { path, to } => {
                let path = self.tree.without_links(&path)?;
                let to = self.tree.without_links(&to)?;
                self.link(&path, &to)
            }
            FileChange::SetAttributes { path, attributes } => {
                let real = self.tree.without_links(&path)?;
                self.restamp(&real, |entry| {
                    let kept = entry.attributes & STRUCTURAL_ATTRIBUTES;
                    entry.attributes = kept | attributes & !STRUCTURAL_ATTRIBUTES;
                })
            }
            FileChange::SetDetails { path, details } => {
                let real = self.tree.without_links(&path)?;
                self.set_details(&real, &details)
            }
            FileChange::MakeLink { path, link } => {
                let real = self.tree.without_links(&path)?;
                self.make_link(&real, &link)
            }
            FileChange::SetTimes { path, times } => {
                let real = self.tree.without_links(&path)?;
                self.restamp(&real, |entry| {
                    let set = |field: &mut wimwright_wim::FileTime, time: Option<FileTime>| {
                        *field = time.map_or(*field, time::to_wim);
                    };
                    set(&mut entry.created, times.created);
                    set(&mut entry.accessed, times.accessed);
                    set(&mut entry.written, times.written);
                })
            }
        }
    }

    /// The edited metadata.
    pub(super) fn finish(self) -> Result<(Metadata, MetadataChanges), Error> {
        self.editor.finish()
    }

    /// Where the image has what is at `path` by now.
    fn before(&self, path: &ImagePath) -> ImagePath {
        let renamed = self.renamed.iter().rev();
        renamed.fold(path.clone(), |path, (from, to)| match path.below(to) {
            Some(below) => from.join_path(&below),
            None => path,
        })
    }

    /// Hands content over to be stored; chunks that it shares with what is at
    /// `path` now are used again.
    fn add_content(
        &mut self,
        path: &ImagePath,
        content: &Arc<dyn Blob>,
        differs: Option<Vec<Range<u64>>>,
    ) -> Result<Hash, BackendError> {
        let unreadable = |source| BackendError::Content {
            path: path.clone(),
            source,
        };
        let id = ContentId::of_blob(content.as_ref()).map_err(unreadable)?;
        if id.len == 0 {
            return Ok(Hash::ZERO);
        }
        // Where the old content is out of reach there is nothing to use again.
        let old = self.tree.reader(&self.before(path)).ok().flatten();
        let base = old.and_then(|old| ChunkBase::of_blob(&old, differs));
        let mut blob = NewBlob::new(ToStore(Arc::clone(content)));
        blob.hash = Some(Hash(id.sha1));
        blob.base = base;
        self.update
            .add_blob(blob)
            .map_err(|source| BackendError::Image {
                path: path.clone(),
                source,
            })
    }

    fn put(&mut self, path: &ImagePath, hash: Hash, in_place: bool) -> Result<(), BackendError> {
        let (Some(name), Some(parent)) = (path.file_name(), path.parent()) else {
            return Err(BackendError::DirectoryInTheWay { path: path.clone() });
        };
        let directory = self.directory(&parent)?;
        let Some(place) = self.child(directory, name) else {
            let security_id = self.inherit(path, directory, false)?;
            // A descriptor that is new may have moved everything.
            let directory = self.find_directory(&parent).unwrap_or(directory);
            let units: Vec<u16> = name.as_text().units().collect();
            let streams = [StreamFields {
                kind: StreamKind::Data,
                name: &[],
                hash,
            }];
            let fields = EntryFields {
                name: &units,
                attributes: attribute::ARCHIVE,
                security_id,
                streams: &streams,
                ..self.made_now()
            };
            let added = self.editor.insert(directory, &[fields]);
            return added.map_err(|source| failed(path, source));
        };
        let dentry = self.dentry(path, place.entry)?;
        match () {
            () if dentry.is_reparse_point() => {
                return Err(BackendError::LinkInTheWay { path: path.clone() });
            }
            () if dentry.is_directory() => {
                return Err(BackendError::DirectoryInTheWay { path: path.clone() });
            }
            () => {}
        }
        let group = dentry.link_group();
        self.set_content(path, place, hash, in_place)?;
        if in_place && group != 0 {
            // Entries move as they are edited: each is looked for anew.
            while let Some(place) = self.other_link(group, hash) {
                self.set_content(path, place, hash, true)?;
            }
        }
        Ok(())
    }

    /// Gives an entry other content; all else about it stays. A name that does
    /// not keep its other names becomes a file of its own.
    fn set_content(
        &mut self,
        path: &ImagePath,
        place: Place,
        hash: Hash,
        keeps_links: bool,
    ) -> Result<(), BackendError> {
        let mut entry = OwnedEntry::of(&self.dentry(path, place.entry)?);
        // What an encrypted file holds only its Windows can write.
        entry
            .streams
            .retain(|(kind, _, _)| *kind != StreamKind::Encrypted);
        entry.set_content(hash);
        let now = self.now;
        let plain = entry.plain();
        plain.attributes &= !(attribute::ENCRYPTED | attribute::NORMAL);
        plain.attributes |= attribute::ARCHIVE;
        plain.written = now;
        if !keeps_links {
            plain.link_group = 0;
        }
        entry
            .with_fields(|fields| self.editor.replace(place.directory, place.entry, fields))
            .map_err(|source| failed(path, source))
    }

    /// An entry of a group of hard links that does not have `hash` yet.
    fn other_link(&self, group: u64, hash: Hash) -> Option<Place> {
        let metadata = self.editor.metadata();
        let mut links = self.links(group).into_iter();
        links.find(|place| {
            let dentry = metadata.dentry(place.entry);
            dentry.is_some_and(|dentry| dentry.content() != hash)
        })
    }

    fn remove(&mut self, path: &ImagePath) -> Result<(), BackendError> {
        let (Some(name), Some(parent)) = (path.file_name(), path.parent()) else {
            return Err(BackendError::Root);
        };
        let Some(directory) = self.find_directory(&parent) else {
            return Ok(());
        };
        match self.child(directory, name) {
            Some(place) => self
                .editor
                .remove(place.directory, place.entry)
                .map_err(|source| failed(path, source)),
            None => Ok(()),
        }
    }

    /// Gives an entry another path, with all in it and all that is known of
    /// it but the short name, which belongs to the old one.
    fn rename(&mut self, from: &ImagePath, to: &ImagePath) -> Result<(), BackendError> {
        let (Some(name), Some(above)) = (to.file_name(), to.parent()) else {
            return Err(BackendError::Root);
        };
        let old = from.file_name().zip(from.parent());
        let (old_name, old_above) = old.ok_or(BackendError::Root)?;
        let missing = |path: &ImagePath| {
            let source = std::io::ErrorKind::NotFound.into();
            BackendError::Tree(TreeError::new(path, source))
        };
        let directory = self.find_directory(&old_above);
        let place = directory.and_then(|directory| self.child(directory, old_name));
        let place = place.ok_or_else(|| missing(from))?;
        if to.starts_with(from) && to != from {
            return Err(BackendError::DirectoryInTheWay { path: to.clone() });
        }
        let target = self.find_directory(&above).ok_or_else(|| missing(&above))?;
        match self.child(target, name) {
            Some(other) if other.entry != place.entry => {
                return Err(BackendError::FileInTheWay { path: to.clone() });
            }
            _ => {}
        }
        let mut entry = OwnedEntry::of(&self.dentry(from, place.entry)?);
        entry.name = name.as_text().units().collect();
        entry.short_name.clear();
        let find = |metadata: &Metadata| directory_of(metadata, &above);
        entry
            .with_fields(|fields| {
                self.editor
                    .rename(place.directory, place.entry, fields, find)
            })
            .map_err(|source| failed(from, source))
    }

    /// Gives a file one more name: an entry like the one it has, both in one
    /// group. Its content is stored once.
    fn link(&mut self, path: &ImagePath, to: &ImagePath) -> Result<(), BackendError> {
        let (Some(name), Some(above)) = (path.file_name(), path.parent()) else {
            return Err(BackendError::Root);
        };
        let missing = || {
            let source = std::io::ErrorKind::NotFound.into();
            BackendError::Tree(TreeError::new(to, source))
        };
        let found = to.file_name().zip(to.parent()).and_then(|(name, above)| {
            let directory = self.find_directory(&above)?;
            self.child(directory, name)
        });
        let place = found.ok_or_else(missing)?;
        let dentry = self.dentry(to, place.entry)?;
        match () {
            () if dentry.is_reparse_point() => {
                return Err(BackendError::LinkInTheWay { path: to.clone() });
            }
            () if dentry.is_directory() => {
                return Err(BackendError::DirectoryInTheWay { path: to.clone() });
            }
            () => {}
        }
        let mut entry = OwnedEntry::of(&dentry);
        let group = match dentry.link_group() {
            0 => self.new_link_group(),
            group => group,
        };
        entry.plain().link_group = group;
        entry
            .with_fields(|fields| self.editor.replace(place.directory, place.entry, fields))
            .map_err(|source| failed(to, source))?;
        let directory = self.directory(&above)?;
        if let Some(old) = self.child(directory, name) {
            let there = self.dentry(path, old.entry)?;
            match () {
                () if there.is_reparse_point() => {
                    return Err(BackendError::LinkInTheWay { path: path.clone() });
                }
                () if there.is_directory() => {
                    return Err(BackendError::DirectoryInTheWay { path: path.clone() });
                }
                () => {}
            }
            let removed = self.editor.remove(old.directory, old.entry);
            removed.map_err(|source| failed(path, source))?;
        }
        let directory = self.directory(&above)?;
        entry.name = name.as_text().units().collect();
        entry.short_name.clear();
        entry
            .with_fields(|fields| self.editor.insert(directory, std::slice::from_ref(fields)))
            .map_err(|source| failed(path, source))
    }

    /// A number that no group of hard links has.
    fn new_link_group(&mut self) -> u64 {
        let groups = || {
            let entries = self.editor.metadata().walk();
            entries.map(|(_, dentry)| dentry.link_group())
        };
        let last = match self.last_group {
            Some(last) => last,
            None => groups().max().unwrap_or(0),
        };
        let group = match last.checked_add(1) {
            Some(group) => group,
            // Some images number their files from the top: a gap is looked for.
            None => {
                let taken: HashSet<u64> = groups().collect();
                let free = (1..u64::MAX).find(|group| !taken.contains(group));
                return free.unwrap_or(u64::MAX);
            }
        };
        self.last_group = Some(group);
        group
    }

    /// Changes what an entry says of itself beside its names and streams; the
    /// other names of a file with several say the same.
    fn restamp(
        &mut self,
        path: &ImagePath,
        change: impl Fn(&mut EntryFields<'static>),
    ) -> Result<(), BackendError> {
        self.rewrite(path, true, |entry| change(entry.plain()))
    }

    /// Changes an entry, and with `all` those of the other names of its file.
    pub(super) fn rewrite(
        &mut self,
        path: &ImagePath,
        all: bool,
        change: impl Fn(&mut OwnedEntry),
    ) -> Result<(), BackendError> {
        let Some((name, above)) = path.file_name().zip(path.parent()) else {
            let root = self.editor.metadata().root().ok_or(BackendError::NoRoot)?;
            let mut entry = OwnedEntry::of(&root);
            change(&mut entry);
            let replaced = entry.with_fields(|fields| self.editor.replace_root(fields));
            return replaced.map_err(|source| failed(path, source));
        };
        let directory = self.find_directory(&above);
        let place = directory.and_then(|directory| self.child(directory, name));
        let place = place.ok_or_else(|| {
            let source = std::io::ErrorKind::NotFound.into();
            BackendError::Tree(TreeError::new(path, source))
        })?;
        let dentry = self.dentry(path, place.entry)?;
        let group = dentry.link_group();
        let one_name = !all || group == 0 || dentry.is_directory() || dentry.is_reparse_point();
        if one_name {
            return self.rewrite_entry(path, place, &change);
        }
        // Entries that get another length may move, but not past each other.
        for number in 0..self.links(group).len() {
            if let Some(place) = self.links(group).get(number).copied() {
                self.rewrite_entry(path, place, &change)?;
            }
        }
        Ok(())
    }

    fn rewrite_entry(
        &mut self,
        path: &ImagePath,
        place: Place,
        change: impl Fn(&mut OwnedEntry),
    ) -> Result<(), BackendError> {
        let mut entry = OwnedEntry::of(&self.dentry(path, place.entry)?);
        change(&mut entry);
        entry
            .with_fields(|fields| self.editor.replace(place.directory, place.entry, fields))
            .map_err(|source| failed(path, source))
    }

    /// All entries of a group of hard links.
    fn links(&self, group: u64) -> Vec<Place> {
        let metadata = self.editor.metadata();
        let mut found = Vec::new();
        let mut open: Vec<DentryId> = metadata.root().map(|root| root.id()).into_iter().collect();
        while let Some(directory) = open.pop() {
            let Some(dentry) = metadata.dentry(directory) else {
                continue;
            };
            for child in metadata.children(&dentry) {
                if child.is_directory() {
                    open.push(child.id());
                } else if child.link_group() == group {
                    found.push(Place {
                        directory,
                        entry: child.id(),
                    });
                }
            }
        }
        found
    }

    /// The directory `path`, where it is there.
    fn find_directory(&self, path: &ImagePath) -> Option<DentryId> {
        directory_of(self.editor.metadata(), path)
    }

    /// The directory `path`, made where it is missing.
    pub(super) fn directory(&mut self, path: &ImagePath) -> Result<DentryId, BackendError> {
        let root = self.editor.metadata().root().map(|root| root.id());
        let mut at = match root {
            Some(root) => root,
            None => return Err(BackendError::NoRoot),
        };
        for (depth, name) in path.names().iter().enumerate() {
            let here = || ImagePath::from_names(path.names().iter().take(depth + 1).cloned());
            at = match self.child(at, name) {
                Some(place) => {
                    let dentry = self.dentry(path, place.entry)?;
                    match () {
                        () if dentry.is_reparse_point() => {
                            return Err(BackendError::LinkInTheWay { path: here() });
                        }
                        () if !dentry.is_directory() => {
                            return Err(BackendError::FileInTheWay { path: here() });
                        }
                        () => place.entry,
                    }
                }
                None => {
                    let made = here();
                    self.make_directory(&made, at, name)?;
                    self.find_directory(&made).ok_or(BackendError::NoRoot)?
                }
            };
        }
        Ok(at)
    }

    fn make_directory(
        &mut self,
        path: &ImagePath,
        parent: DentryId,
        name: &Name,
    ) -> Result<(), BackendError> {
        let security_id = self.inherit(path, parent, true)?;
        // A descriptor that is new may have moved everything.
        let above = path.parent().and_then(|above| self.find_directory(&above));
        let units: Vec<u16> = name.as_text().units().collect();
        let fields = EntryFields {
            name: &units,
            attributes: attribute::DIRECTORY,
            security_id,
            ..self.made_now()
        };
        let made = self.editor.insert(above.unwrap_or(parent), &[fields]);
        made.map_err(|source| failed(path, source))
    }

    /// What a new entry has that nothing else says.
    fn made_now(&self) -> EntryFields<'static> {
        EntryFields {
            created: self.now,
            accessed: self.now,
            written: self.now,
            ..EntryFields::default()
        }
    }

    /// The number of the descriptor that something new in `directory` gets;
    /// none where the directory has none, as in images of plain files.
    pub(super) fn inherit(
        &mut self,
        path: &ImagePath,
        directory: DentryId,
        is_directory: bool,
    ) -> Result<Option<u32>, BackendError> {
        let Some(parent) = self.dentry(path, directory)?.security_id() else {
            return Ok(None);
        };
        if let Some(known) = self.inherited.get(&(parent, is_directory)) {
            return Ok(*known);
        }
        let metadata = self.editor.metadata();
        let descriptor = metadata.security(parent).unwrap_or_default();
        let given = security::inherited(descriptor, is_directory);
        let given = given.map_err(|source| BackendError::Security {
            path: path.clone(),
            source,
        })?;
        let id = self.editor.security(&given);
        let id = id.map_err(|source| failed(path, source))?;
        self.inherited.insert((parent, is_directory), Some(id));
        Ok(Some(id))
    }

    /// The entry `name` of a directory: the exact spelling, else the first by
    /// its bytes that is equal without case.
    pub(super) fn child(&self, directory: DentryId, name: &Name) -> Option<Place> {
        child_of(self.editor.metadata(), directory, name)
    }

    fn dentry(&self, path: &ImagePath, id: DentryId) -> Result<Dentry<'_>, BackendError> {
        let found = self.editor.metadata().dentry(id);
        found.ok_or_else(|| {
            let source = std::io::ErrorKind::NotFound.into();
            BackendError::Tree(TreeError::new(path, source))
        })
    }
}

pub(super) fn failed(path: &ImagePath, source: Error) -> BackendError {
    BackendError::Image {
        path: path.clone(),
        source,
    }
}

/// The directory `path`, where it is there.
fn directory_of(metadata: &Metadata, path: &ImagePath) -> Option<DentryId> {
    let mut at = metadata.root()?.id();
    for name in path.names() {
        at = child_of(metadata, at, name)?.entry;
        let dentry = metadata.dentry(at)?;
        if !dentry.is_directory() || dentry.is_reparse_point() {
            return None;
        }
    }
    Some(at)
}

/// The entry `name` of a directory: the exact spelling, else the first by its
/// bytes that is equal without case.
fn child_of(metadata: &Metadata, directory: DentryId, name: &Name) -> Option<Place> {
    let wanted: Vec<u16> = name.as_text().units().collect();
    let same = |dentry: &Dentry<'_>| {
        dentry.name().len() == wanted.len()
            && dentry
                .name()
                .units()
                .zip(&wanted)
                .all(|(unit, wanted)| upcase(unit) == upcase(*wanted))
    };
    let exact = |dentry: &Dentry<'_>| dentry.name().units().eq(wanted.iter().copied());
    let alike = metadata.children(&metadata.dentry(directory)?).filter(same);
    let best = alike.min_by_key(|dentry| {
        // UTF-8 and UTF-16 sort alike but for surrogates, which stand for
        // what comes last in UTF-8.
        let units: Vec<u32> = char::decode_utf16(dentry.name().units())
            .map(|unit| unit.map_or_else(|lone| lone.unpaired_surrogate().into(), u32::from))
            .collect();
        (!exact(dentry), units)
    })?;
    Some(Place {
        directory,
        entry: best.id(),
    })
}
