//! Which names share a file.
//!
//! Of each file the first of its names leads: the others become links to it.
//! Where two files of the second image are one in the first, all but one of the
//! leaders get a file of their own first.

use super::super::{FileChange, FileDifference};
use super::{AsPlanError, Planner, by_path};
use crate::path::ImagePath;
use crate::plan::Change;
use crate::tree::FileTree as _;

impl Planner<'_> {
    pub(super) fn links(&mut self, found: &[FileDifference]) -> Result<(), AsPlanError> {
        let about: Vec<&ImagePath> = by_path(found)
            .filter(|(_, change)| matches!(change, FileChange::Links { .. }))
            .map(|(path, _)| path)
            .collect();
        let mut followers = Vec::new();
        let mut leaders: Vec<&ImagePath> = Vec::new();
        for path in &about {
            let wanted = self.b.names(path)?;
            let leader = wanted.iter().min().unwrap_or(path);
            if *leader != **path {
                followers.push((*path, leader.clone()));
                continue;
            }
            let mut shared = false;
            for name in self.a.names(path)? {
                // What has no word of its own stays what it is.
                let stays = leaders.contains(&&name) || !about.contains(&&name);
                shared |= stays && !wanted.contains(&name);
            }
            if shared {
                self.part(path)?;
            }
            leaders.push(path);
        }
        for (path, leader) in followers {
            if !self.a.same_file(path, &leader)? {
                self.plan(Change::Link {
                    path: path.clone(),
                    to: leader,
                })?;
            }
        }
        Ok(())
    }

    /// Makes a name of several a file of its own.
    fn part(&mut self, path: &ImagePath) -> Result<(), AsPlanError> {
        let blob = self.b.open(path)?;
        let blob = blob.ok_or_else(|| super::files::changed(path))?;
        self.plan(Change::Remove { path: path.clone() })?;
        self.put(path, &blob)
    }
}
