//! Files, directories and links: first what goes, then what comes.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::super::{FileChange, FileDifference, FileState};
use super::{AsPlanError, BASIS, Planner, by_path};
use crate::blob::{Blob, ContentId};
use crate::path::ImagePath;
use crate::plan::{Change, Content};
use crate::registry::{HiveName, LOG_ENDINGS};
use crate::tree::{FileTree as _, Kind, TreeError};

impl Planner<'_> {
    /// Plans what differs in files; the files of the hives in `whole` are put
    /// in place as they are in the second image.
    pub(super) fn files(
        &mut self,
        found: &[FileDifference],
        whole: &BTreeSet<HiveName>,
    ) -> Result<(), AsPlanError> {
        let mut settled = BTreeSet::new();
        for hive in whole {
            self.hive_file(hive, &mut settled)?;
        }
        let found: Vec<FileDifference> = found
            .iter()
            .filter(|found| !settled.contains(&found.path))
            .cloned()
            .collect();
        self.removals(&found)?;
        for (path, change) in by_path(&found) {
            if let FileChange::Spelling { old, .. } = change
                && let Some(above) = path.parent()
            {
                self.plan(Change::Rename {
                    from: above.child(old.clone()),
                    to: path.clone(),
                })?;
            }
        }
        for (path, state) in comes(&found) {
            if state.kind == Kind::Directory {
                self.plan(Change::MakeDirectory { path: path.clone() })?;
            }
        }
        for (path, state) in comes(&found) {
            if state.kind == Kind::Link {
                self.link(path)?;
            }
        }
        self.contents(&found)?;
        if self.options.metadata {
            self.links(&found)?;
        }
        self.metadata(&found)
    }

    /// Puts a hive's file and logs in place as the second image has them.
    fn hive_file(
        &mut self,
        hive: &HiveName,
        settled: &mut BTreeSet<ImagePath>,
    ) -> Result<(), AsPlanError> {
        let (old, new) = (self.a.hive_file(hive)?, self.b.hive_file(hive)?);
        let logs = LOG_ENDINGS.iter();
        let mut files = vec![(Some(old.clone()), Some(new.clone()))];
        files.extend(logs.map(|ending| (old.with_suffix(ending), new.with_suffix(ending))));
        for (old, new) in files {
            let (Some(old), Some(new)) = (old, new) else {
                continue;
            };
            match self.b.open(&new)? {
                Some(blob) => self.put(&old, &blob)?,
                None if self.a.has_file(&old)? => {
                    self.plan(Change::Remove { path: old.clone() })?;
                }
                None => {}
            }
            settled.insert(old);
            settled.insert(new);
        }
        Ok(())
    }

    /// Removes what the second image has not, or has otherwise. What was left
    /// out of the comparison stays, and with it the directories above it.
    fn removals(&mut self, found: &[FileDifference]) -> Result<(), AsPlanError> {
        let mut gone: Vec<(&ImagePath, Kind)> = Vec::new();
        for (path, change) in by_path(found) {
            match change {
                FileChange::Removed(state) | FileChange::Replaced { old: state, .. } => {
                    gone.push((path, state.kind));
                }
                FileChange::Moved { from } => gone.push((from, Kind::File)),
                _ => {}
            }
        }
        gone.sort_by_key(|(path, _)| *path);
        let piecemeal = !self.options.exclude.is_nothing();
        if !piecemeal {
            let mut last: Option<&ImagePath> = None;
            for (path, _) in gone {
                // With its directory it is gone already.
                if last.is_none_or(|last| !path.starts_with(last)) {
                    self.plan(Change::Remove { path: path.clone() })?;
                    last = Some(path);
                }
            }
            return Ok(());
        }
        for (path, kind) in gone.into_iter().rev() {
            let full = kind == Kind::Directory
                && self
                    .a
                    .read_dir(path)?
                    .is_some_and(|names| !names.is_empty());
            if !full {
                self.plan(Change::Remove { path: path.clone() })?;
            }
        }
        Ok(())
    }

    /// Makes a link as the second image has it.
    pub(super) fn link(&mut self, path: &ImagePath) -> Result<(), AsPlanError> {
        let there = match self.holds_details {
            true => self.b.reparse_point(path)?,
            false => None,
        };
        let Some(there) = there else {
            self.refuse(
                path,
                "a link, and plans make links only between images that are both in WIM files",
            );
            return Ok(());
        };
        let link = there.try_map(|blob| self.content(path, blob))?;
        let path = path.clone();
        self.plan(Change::MakeLink { path, link })
    }

    /// Puts files that the second image has, or has with other content. One
    /// that is a name of a file there becomes one here.
    fn contents(&mut self, found: &[FileDifference]) -> Result<(), AsPlanError> {
        let mut pending: BTreeSet<ImagePath> = by_path(found)
            .filter(|(_, change)| is_put(change))
            .map(|(path, _)| path.clone())
            .collect();
        for (path, _) in by_path(found).filter(|(_, change)| is_put(change)) {
            let blob = self.b.open(path)?;
            let blob = blob.ok_or_else(|| changed(path))?;
            let other = match self.b.metadata(path)?.map_or(1, |found| found.links) {
                ..=1 => None,
                _ => self.other_name(path, &blob, &pending)?,
            };
            match other {
                Some(to) => {
                    let path = path.clone();
                    self.plan(Change::Link { path, to })?;
                }
                None => self.put(path, &blob)?,
            }
            pending.remove(path);
        }
        Ok(())
    }

    /// Another name that the file has in the second image, which is here what
    /// it is there.
    fn other_name(
        &self,
        path: &ImagePath,
        blob: &Arc<dyn Blob>,
        pending: &BTreeSet<ImagePath>,
    ) -> Result<Option<ImagePath>, AsPlanError> {
        let mut wanted = None;
        for name in self.b.names(path)? {
            if name == *path || pending.contains(&name) {
                continue;
            }
            if let Some(here) = self.a.open(&name)? {
                let wanted = match wanted {
                    Some(id) => id,
                    None => *wanted.insert(id(path, blob)?),
                };
                // It may have been left out of the comparison.
                if here.len() == wanted.len && id(&name, &here)? == wanted {
                    return Ok(Some(name));
                }
            }
        }
        Ok(None)
    }

    pub(super) fn put(
        &mut self,
        path: &ImagePath,
        blob: &Arc<dyn Blob>,
    ) -> Result<(), AsPlanError> {
        let (_, place) = self
            .contents
            .add(blob)
            .map_err(|error| TreeError::new(path, error))?;
        let put = self.a.put_file(path, self.source, &place, None, &BASIS);
        let _ = put?;
        Ok(())
    }

    /// What a stream holds, as the plan names it.
    pub(super) fn content(
        &self,
        path: &ImagePath,
        blob: &Arc<dyn Blob>,
    ) -> Result<Content, AsPlanError> {
        let added = self.contents.add(blob);
        let (id, place) = added.map_err(|error| TreeError::new(path, error))?;
        Ok(Content::Source {
            source: self.source.index(),
            path: place,
            expand: None,
            id,
        })
    }
}

/// What the second image has and the first has not, or as another kind of
/// thing.
fn comes(found: &[FileDifference]) -> impl Iterator<Item = (&ImagePath, &FileState)> {
    by_path(found).filter_map(|(path, change)| match change {
        FileChange::Added(state) | FileChange::Replaced { new: state, .. } => Some((path, state)),
        _ => None,
    })
}

fn is_put(change: &FileChange) -> bool {
    match change {
        FileChange::Added(state) | FileChange::Replaced { new: state, .. } => {
            state.kind == Kind::File
        }
        FileChange::Content { .. } | FileChange::Moved { .. } => true,
        _ => false,
    }
}

pub(super) fn changed(path: &ImagePath) -> TreeError {
    super::super::files::changed(path)
}

fn id(path: &ImagePath, blob: &Arc<dyn Blob>) -> Result<ContentId, TreeError> {
    ContentId::of_blob(blob.as_ref()).map_err(|error| TreeError::new(path, error))
}
