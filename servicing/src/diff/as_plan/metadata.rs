//! What is known of files beside names and contents.

use std::collections::BTreeMap;

use super::super::{FileChange, FileDifference};
use super::{AsPlanError, Planner, by_path};
use crate::path::ImagePath;
use crate::plan::{Change, FileDetails, STORED_ATTRIBUTES, STRUCTURAL_ATTRIBUTES, Times};
use crate::tree::{FileTree as _, Kind, TreeError};

/// How much a file gets of what the second image knows of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Given {
    /// The short name, which a rename loses.
    ShortName,
    /// The time of its content.
    Written,
    /// Everything.
    All,
}

impl Planner<'_> {
    pub(super) fn metadata(&mut self, found: &[FileDifference]) -> Result<(), AsPlanError> {
        let mut given: BTreeMap<&ImagePath, Given> = BTreeMap::new();
        for (path, change) in by_path(found) {
            let much = match change {
                FileChange::Removed(_)
                | FileChange::HiveCondition { .. }
                | FileChange::HiveVersion { .. } => continue,
                FileChange::Spelling { .. } => Given::ShortName,
                FileChange::Content { .. } if !self.options.metadata => Given::Written,
                _ => Given::All,
            };
            let known = given.entry(path).or_insert(much);
            *known = much.max(*known);
        }
        // A directory's times last: filling it changes them.
        for (path, much) in given.into_iter().rev() {
            self.give(path, much)?;
        }
        Ok(())
    }

    fn give(&mut self, path: &ImagePath, much: Given) -> Result<(), AsPlanError> {
        if self.is_link(path)? {
            return self.link_again(path);
        }
        if much != Given::Written {
            self.give_details(path, much)?;
        }
        if much == Given::ShortName {
            return Ok(());
        }
        let (Some(was), Some(is)) = (self.a.metadata(path)?, self.b.metadata(path)?) else {
            return Ok(());
        };
        let kind = match is.kind {
            Kind::Directory => 0x10,
            _ => 0,
        };
        let holds = self.holds_details;
        if let Some(attributes) = is.attributes.filter(|_| holds) {
            let unsettable = STRUCTURAL_ATTRIBUTES & !STORED_ATTRIBUTES;
            let attributes = attributes & !unsettable | kind;
            if was.attributes != Some(attributes) {
                let path = path.clone();
                self.plan(Change::SetAttributes { path, attributes })?;
            }
        }
        // The host says itself when a directory was changed.
        if !holds && is.kind == Kind::Directory {
            return Ok(());
        }
        let (was, is) = (was.times(), is.times());
        let wanted = Times {
            created: is.created.filter(|_| holds),
            accessed: is.accessed.filter(|_| holds),
            written: is.written,
        };
        if !wanted.is_empty() && was.only(wanted) != wanted {
            self.plan(Change::SetTimes {
                path: path.clone(),
                times: wanted,
            })?;
        }
        Ok(())
    }

    fn give_details(&mut self, path: &ImagePath, much: Given) -> Result<(), AsPlanError> {
        if !self.holds_details {
            return Ok(());
        }
        let (Some(was), Some(is)) = (self.a.details(path)?, self.b.details(path)?) else {
            return Ok(());
        };
        let unread = |error| TreeError::new(path, error);
        let (was, wanted) = (
            was.identified().map_err(unread)?,
            is.identified().map_err(unread)?,
        );
        let all = much == Given::All;
        let mut missing = FileDetails {
            short_name: is
                .short_name
                .filter(|_| was.short_name != wanted.short_name),
            ..FileDetails::default()
        };
        if all {
            missing.security = is.security.filter(|_| was.security != wanted.security);
            missing.streams = is.streams.filter(|_| was.streams != wanted.streams);
            missing.tagged = is.tagged.filter(|_| was.tagged != wanted.tagged);
            missing.stored = is.stored.filter(|_| was.stored != wanted.stored);
        }
        if missing.is_empty() {
            return Ok(());
        }
        let details = missing.try_map(|blob| self.content(path, blob))?;
        let path = path.clone();
        self.plan(Change::SetDetails { path, details })
    }

    /// Whether the second image has a link there.
    fn is_link(&self, path: &ImagePath) -> Result<bool, AsPlanError> {
        Ok(self.b.reparse_point(path)?.is_some() || self.b.link_target(path)?.is_some())
    }

    /// Makes a link anew that is not as the second image has it.
    fn link_again(&mut self, path: &ImagePath) -> Result<(), AsPlanError> {
        let (Some(was), Some(is)) = (self.a.reparse_point(path)?, self.b.reparse_point(path)?)
        else {
            return Ok(());
        };
        let ids = |blob: &std::sync::Arc<dyn crate::blob::Blob>| {
            crate::blob::ContentId::of_blob(blob.as_ref())
                .map_err(|error| TreeError::new(path, error))
        };
        if was.try_map(ids)? == is.try_map(ids)? {
            return Ok(());
        }
        self.plan(Change::Remove { path: path.clone() })?;
        self.link(path)
    }
}
