//! The way back of each change, worked out before it is made.

use std::collections::HashSet;

use super::{Draft, DraftError, registry};
use crate::blob::ContentId;
use crate::bundle::place;
use crate::path::ImagePath;
use crate::plan::{Basis, Change, Content, Expect, FileDetails, State, Step, Subject, Times};
use crate::registry::{HiveName, KeyPath, RegistryError};
use crate::text::Text;
use crate::tree::FileTree as _;

impl Draft {
    /// The changes that would take `change` back, last one first. Content that
    /// `change` displaces is kept for a bundle.
    pub(super) fn inverse(
        &mut self,
        change: &Change,
        found: Option<State>,
    ) -> Result<Vec<Change>, DraftError> {
        Ok(match change {
            Change::PutFile { path, .. } => match found {
                Some(State::File(id)) => {
                    let mut changes = Vec::new();
                    if !self.name_again(path, &mut changes)? {
                        changes.push(self.displaced(path, id)?);
                        changes.extend(self.attributes_again(path)?);
                        changes.extend(self.written_time(path)?);
                    }
                    changes.reverse();
                    changes
                }
                _ => {
                    let mut changes = self.made_above(path)?;
                    changes.push(Change::Remove { path: path.clone() });
                    changes
                }
            },
            Change::MakeDirectory { path } | Change::MakeLink { path, .. } => {
                let mut changes = self.made_above(path)?;
                changes.push(Change::Remove { path: path.clone() });
                changes
            }
            Change::Link { path, .. } => match found {
                Some(State::File(id)) => {
                    let mut changes = Vec::new();
                    if !self.name_again(path, &mut changes)? {
                        changes.push(self.displaced(path, id)?);
                        self.metadata_again(path, &mut changes)?;
                    }
                    changes.reverse();
                    changes
                }
                _ => {
                    let mut changes = self.made_above(path)?;
                    changes.push(Change::Remove { path: path.clone() });
                    changes
                }
            },
            Change::Remove { path } => {
                let mut changes = self.removed_again(path)?;
                changes.reverse();
                changes
            }
            Change::Rename { from, to } => {
                let back = Change::Rename {
                    from: to.clone(),
                    to: from.clone(),
                };
                // Last one first: the directories made for it go after it, and
                // the short name, which a rename loses, comes once it is back.
                let mut changes = self.made_above(to)?;
                changes.push(back);
                let mut after = Vec::new();
                self.short_name_again(from, &mut after)?;
                after.extend(changes);
                after
            }
            Change::SetAttributes { path, .. } => match found {
                Some(State::Attributes(Some(attributes))) => vec![Change::SetAttributes {
                    path: path.clone(),
                    attributes,
                }],
                // What the image did not know cannot be given back.
                _ => Vec::new(),
            },
            Change::SetTimes { path, times } => match found {
                Some(State::Times(before)) if !before.only(*times).is_empty() => {
                    vec![Change::SetTimes {
                        path: path.clone(),
                        times: before.only(*times),
                    }]
                }
                _ => Vec::new(),
            },
            Change::SetDetails { path, details } => match found {
                Some(State::Details(_)) => self.details_again(path, Some(details))?,
                _ => Vec::new(),
            },
            Change::CreateKey { hive, key } => {
                let made = self.missing_keys(hive, key)?.into_iter();
                let hive = hive.clone();
                made.map(|key| Change::DeleteKey {
                    hive: hive.clone(),
                    key,
                })
                .collect()
            }
            Change::DeleteKey { hive, key } => {
                let mut changes = Vec::new();
                if let Some(open) = self.hives.get(hive)? {
                    let rebuilt = key.find(&open).and_then(|found| match found {
                        Some(found) => registry::rebuild(hive, key, found, &mut changes),
                        None => Ok(()),
                    });
                    rebuilt.map_err(|source| RegistryError::in_hive(hive, source))?;
                }
                changes.reverse();
                changes
            }
            Change::SetValue {
                hive, key, name, ..
            }
            | Change::DeleteValue { hive, key, name } => {
                let (hive, key, name) = (hive.clone(), key.clone(), name.clone());
                vec![match found {
                    Some(State::Value(data)) => Change::SetValue {
                        hive,
                        key,
                        name,
                        data,
                    },
                    _ => Change::DeleteValue { hive, key, name },
                }]
            }
            Change::SetKeySecurity { hive, key, .. } => match found {
                Some(State::Security(descriptor)) => vec![Change::SetKeySecurity {
                    hive: hive.clone(),
                    key: key.clone(),
                    descriptor,
                }],
                _ => Vec::new(),
            },
            // A recovered hive stays recovered: its logs' changes are the
            // image's own.
            Change::RecoverHive { .. } | Change::Require { .. } => Vec::new(),
        })
    }

    /// `changes`, which take a change back that has been made now, with what
    /// they expect. Last one first, as they come.
    ///
    /// They expect what the change has left: what was added since, to a
    /// directory or key that it made, is not removed with it.
    pub(super) fn expecting(&self, changes: Vec<Change>) -> Result<Vec<Step>, DraftError> {
        let mut steps = Vec::with_capacity(changes.len());
        let mut brought_back: HashSet<Subject> = HashSet::new();
        for change in changes.into_iter().rev() {
            let subject = change.subject();
            let expect = match (&change, &subject) {
                // What stands there only once the changes before it are made.
                (_, Subject::Attributes(path) | Subject::Times(path) | Subject::Details(path))
                    if brought_back.contains(&Subject::Path(path.clone())) =>
                {
                    Expect::Present
                }
                (_, Subject::KeySecurity { hive, key })
                    if brought_back.contains(&Subject::Key {
                        hive: hive.clone(),
                        key: key.clone(),
                    }) =>
                {
                    Expect::Present
                }
                (Change::Rename { .. }, _) => Expect::Present,
                (Change::DeleteKey { .. }, _) => Expect::Empty,
                (Change::Remove { path }, _)
                    if self.kind_state(&subject)? == Some(State::Directory) =>
                {
                    debug_assert!(!path.is_root());
                    Expect::Empty
                }
                (Change::SetTimes { times, .. }, _) => {
                    expected_times(self.state(&subject)?, *times)
                }
                (Change::SetDetails { details, .. }, _) => {
                    expected_details(self.state(&subject)?, &details.ids())
                }
                _ => Expect::as_found(self.state(&subject)?),
            };
            if let Change::Rename { to, .. } = &change {
                brought_back.insert(Subject::Path(to.clone()));
            }
            brought_back.insert(subject);
            steps.push(Step {
                change,
                expect,
                basis: Basis::verified("undo"),
            });
        }
        steps.reverse();
        Ok(steps)
    }

    /// Whether the directory or key is there and has nothing in it.
    pub(super) fn is_empty(&self, subject: &Subject) -> Result<bool, DraftError> {
        Ok(match subject {
            Subject::Path(path) => {
                let entries = self.files.read_dir(path)?;
                entries.is_some_and(|entries| entries.is_empty())
            }
            Subject::Key { hive, key } => {
                self.has_key(hive, key)?
                    && self.subkeys(hive, key)?.is_empty()
                    && self.value_names(hive, key)?.is_empty()
            }
            _ => false,
        })
    }

    /// A file's content that a change displaces, kept for a bundle; and the
    /// change that brings it back from there.
    pub(super) fn displaced(
        &mut self,
        path: &ImagePath,
        id: ContentId,
    ) -> Result<Change, DraftError> {
        if let Some(blob) = self.files.open(path)? {
            self.displaced.insert(id, blob);
        }
        Ok(Change::PutFile {
            path: path.clone(),
            content: Content::Source {
                source: 0,
                path: place(id)?,
                expand: None,
                id,
            },
        })
    }

    /// What gives a file that is brought back the time of its content again.
    fn written_time(&self, path: &ImagePath) -> Result<Option<Change>, DraftError> {
        let found = self.files.metadata(path)?;
        let written = found.and_then(|found| found.times().written);
        Ok(written.map(|written| Change::SetTimes {
            path: path.clone(),
            times: Times {
                written: Some(written),
                ..Times::default()
            },
        }))
    }

    /// What removes the directories that are made above `path`, last one first.
    fn made_above(&self, path: &ImagePath) -> Result<Vec<Change>, DraftError> {
        let Some(parent) = path.parent() else {
            return Ok(Vec::new());
        };
        let Some(top) = self.files.first_missing(&parent)? else {
            return Ok(Vec::new());
        };
        let names = parent.names();
        let depths = top.names().len()..=names.len();
        Ok(depths
            .map(|depth| Change::Remove {
                path: ImagePath::from_names(names.iter().take(depth).cloned()),
            })
            .collect())
    }

    /// The keys that are made with `key`, the uppermost first.
    fn missing_keys(&self, hive: &HiveName, key: &KeyPath) -> Result<Vec<KeyPath>, DraftError> {
        let units = key.units();
        let separators = units.iter().enumerate();
        let ends = separators.filter_map(|(at, unit)| (*unit == u16::from(b'\\')).then_some(at));
        let mut missing = Vec::new();
        for end in ends.chain([units.len()]) {
            let part = units.get(..end).unwrap_or_default();
            let part = KeyPath::from(Text::from_units(part));
            if !missing.is_empty() || !self.has_key(hive, &part)? {
                missing.push(part);
            }
        }
        Ok(missing)
    }
}

/// That the times which `asked` gives are as found. Not when it was read:
/// whoever reads a file changes that.
pub(super) fn expected_times(found: Option<State>, asked: Times) -> Expect {
    Expect::as_found(found.map(|found| match found {
        State::Times(found) => State::Times(found.only(Times {
            accessed: None,
            ..asked
        })),
        other => other,
    }))
}

/// That the details which `asked` gives are as found.
pub(super) fn expected_details(found: Option<State>, asked: &FileDetails<ContentId>) -> Expect {
    Expect::as_found(found.map(|found| match found {
        State::Details(found) => State::Details(found.only(asked)),
        other => other,
    }))
}
