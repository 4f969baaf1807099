//! The registry of two images, hive by hive.
//!
//! A hive's file is not compared as a file as well, nor are its logs: cells
//! may lie anywhere, and sequence numbers and logs are how a hive is written,
//! not what it says. What keys and values do not show is told beside the
//! files: whether a hive was dirty, and its format version. Where a hive could
//! not be read whole (it is damaged, or dirty without usable logs, or holds
//! only what differs from another one), its file and logs are compared byte by
//! byte, too, so that nothing goes unseen.

use std::collections::BTreeSet;
use std::mem::discriminant;

use wimwright_hive::{Error as HiveError, Hive};

use super::files::{FileChange, FileDifference};
use super::{DiffError, Options, Side};
use crate::draft::Draft;
use crate::finding::Finding;
use crate::path::ImagePath;
use crate::registry::{
    Condition, DiffOptions, HiveName, LOG_ENDINGS, RegDifference, RegistryError, diff_keys,
};

/// How the registries of two images differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HiveChange {
    /// Only the second image has the hive.
    Added {
        /// Keys in it, the root included.
        keys: usize,
        /// Values in it.
        values: usize,
    },
    /// Only the first image has the hive.
    Removed {
        /// Keys in it, the root included.
        keys: usize,
        /// Values in it.
        values: usize,
    },
    /// Both have it, and it says something else.
    Key(RegDifference),
}

/// A difference of two registries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistryDifference {
    /// The hive.
    pub hive: HiveName,
    /// What differs.
    pub change: HiveChange,
}

/// What comparing hives gave.
#[derive(Default)]
pub(super) struct Compared {
    pub(super) differences: Vec<RegistryDifference>,
    /// What keys and values do not show.
    pub(super) of_files: Vec<FileDifference>,
    /// Files whose bytes need not be compared any more.
    pub(super) files: BTreeSet<ImagePath>,
    /// Files of hives that one image has alone: that they hold the same as
    /// another hive does not make them that hive.
    pub(super) alone: BTreeSet<ImagePath>,
    /// Hives that can be compared as files only.
    pub(super) damaged: Vec<Damaged>,
}

/// A hive that cannot be read.
pub(super) struct Damaged {
    hive: HiveName,
    side: Side,
    source: RegistryError,
}

impl Damaged {
    pub(super) fn finding(&self) -> Finding {
        let reason = std::error::Error::source(&self.source);
        let reason = reason.map_or_else(String::new, |reason| format!(": {reason}"));
        Finding::warning(
            "hive-compared-as-file",
            format!(
                "hive {} of {} cannot be read, so its file is compared instead{reason}",
                self.hive, self.side
            ),
        )
    }

    pub(super) fn into_error(self) -> DiffError {
        DiffError::registry(self.side, self.source)
    }
}

/// Compares every hive of two images, except those whose files are excluded.
/// `progress` is told how many of how many hives are done.
pub(super) fn compare(
    a: &Draft,
    b: &Draft,
    options: &Options,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Compared, DiffError> {
    let listed = |side, draft: &Draft| {
        let hives = draft.hives();
        hives.map_err(|source| DiffError::registry(side, source))
    };
    let mut hives: BTreeSet<HiveName> = listed(Side::A, a)?.into_iter().collect();
    hives.extend(listed(Side::B, b)?);
    let mut compared = Compared::default();
    let total = hives.len() as u64;
    for (done, name) in hives.into_iter().enumerate() {
        let old = Side::A.hive(a, &name, options)?;
        let new = Side::B.hive(b, &name, options)?;
        if let (Some(old), Some(new)) = (old, new) {
            compared.hive(&name, old, new, options)?;
        }
        a.release_hive(&name);
        b.release_hive(&name);
        progress(done as u64 + 1, total);
    }
    Ok(compared)
}

/// A hive of one image.
struct Opened {
    /// Where its file lies.
    file: ImagePath,
    found: Found,
}

enum Found {
    Hive(std::sync::Arc<Hive>, Condition),
    Nothing,
    Damaged(RegistryError),
}

impl Side {
    /// The hive `name` of this side; `None` where its file is excluded.
    fn hive(
        self,
        draft: &Draft,
        name: &HiveName,
        options: &Options,
    ) -> Result<Option<Opened>, DiffError> {
        let failed = |source| DiffError::registry(self, source);
        let file = draft.hive_file(name).map_err(failed)?;
        if options.exclude.covers(&file) {
            return Ok(None);
        }
        let open = || -> Result<Found, RegistryError> {
            match (draft.hive(name)?, draft.hive_condition(name)?) {
                (Some(hive), Some(condition)) => Ok(Found::Hive(hive, condition)),
                _ => Ok(Found::Nothing),
            }
        };
        let found = match open() {
            Err(RegistryError::NotAFile { .. }) => Found::Nothing,
            Err(error @ RegistryError::Hive { .. }) => Found::Damaged(error),
            other => other.map_err(failed)?,
        };
        Ok(Some(Opened { file, found }))
    }
}

impl Compared {
    fn hive(
        &mut self,
        name: &HiveName,
        old: Opened,
        new: Opened,
        options: &Options,
    ) -> Result<(), DiffError> {
        let broken = |source| DiffError::registry(Side::A, RegistryError::in_hive(name, source));
        match (old.found, new.found) {
            (Found::Hive(was, condition), Found::Hive(is, new_condition)) => {
                let options = DiffOptions {
                    security: options.security,
                    details: true,
                };
                let found = diff_keys(Some(was.root()), Some(is.root()), options);
                let found = found.map_err(broken)?.into_iter();
                self.differences
                    .extend(found.map(|difference| RegistryDifference {
                        hive: name.clone(),
                        change: HiveChange::Key(difference),
                    }));
                let seen_whole = |hive: &Hive, condition: &Condition| {
                    !hive.is_differencing() && !matches!(condition, Condition::Unrecovered(_))
                };
                if seen_whole(&was, &condition) && seen_whole(&is, &new_condition) {
                    self.settled(&old.file);
                    self.settled(&new.file);
                }
                self.beside(&old.file, (&was, condition), (&is, new_condition));
            }
            (Found::Hive(was, _), Found::Nothing) => {
                let (keys, values) = count(&was).map_err(broken)?;
                self.alone.insert(old.file);
                self.whole(name, HiveChange::Removed { keys, values });
            }
            (Found::Nothing, Found::Hive(is, _)) => {
                let (keys, values) = count(&is).map_err(broken)?;
                self.alone.insert(new.file);
                self.whole(name, HiveChange::Added { keys, values });
            }
            (was, is) => {
                for (side, found) in [(Side::A, was), (Side::B, is)] {
                    if let Found::Damaged(source) = found {
                        let hive = name.clone();
                        self.damaged.push(Damaged { hive, side, source });
                    }
                }
            }
        }
        Ok(())
    }

    fn whole(&mut self, hive: &HiveName, change: HiveChange) {
        let hive = hive.clone();
        self.differences.push(RegistryDifference { hive, change });
    }

    /// Notes that a hive's bytes say nothing more.
    fn settled(&mut self, file: &ImagePath) {
        self.files.insert(file.clone());
        let logs = LOG_ENDINGS.iter();
        self.files
            .extend(logs.filter_map(|ending| file.with_suffix(ending)));
    }

    /// What keys and values do not show.
    fn beside(
        &mut self,
        file: &ImagePath,
        (was, old): (&Hive, Condition),
        (is, new): (&Hive, Condition),
    ) {
        if discriminant(&old) != discriminant(&new) {
            self.of_files.push(FileDifference {
                path: file.clone(),
                change: FileChange::HiveCondition { old, new },
            });
        }
        let (old, new) = (was.minor_version(), is.minor_version());
        if old != new {
            self.of_files.push(FileDifference {
                path: file.clone(),
                change: FileChange::HiveVersion { old, new },
            });
        }
    }
}

/// Numbers of keys and values in a hive.
fn count(hive: &Hive) -> Result<(usize, usize), HiveError> {
    let (mut keys, mut values) = (0, 0);
    let mut open = vec![hive.root()];
    while let Some(key) = open.pop() {
        keys += 1;
        values += key.values()?.count();
        for below in key.subkeys()? {
            open.push(below?);
        }
    }
    Ok((keys, values))
}
