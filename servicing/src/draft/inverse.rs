//! The way back of each change, worked out before it is made.

use super::{Draft, DraftError, registry};
use crate::blob::ContentId;
use crate::path::ImagePath;
use crate::plan::{Change, Content, State};
use crate::registry::{HiveName, KeyPath, RegistryError};
use crate::text::Text;
use crate::tree::FileTree as _;

impl Draft {
    /// The changes that would take `change` back, last one first.
    pub(super) fn inverse(
        &self,
        change: &Change,
        found: Option<State>,
    ) -> Result<Vec<Change>, DraftError> {
        Ok(match change {
            Change::PutFile { path, .. } | Change::MakeDirectory { path } => match found {
                Some(State::File(id)) => vec![displaced(path, id)],
                _ => {
                    let top = self.files.first_missing(path)?;
                    let path = top.unwrap_or_else(|| path.clone());
                    vec![Change::Remove { path }]
                }
            },
            // No change makes a link, so none brings one back.
            Change::Remove { path } if self.files.link_target(path)?.is_some() => Vec::new(),
            Change::Remove { path } => {
                let mut changes = Vec::new();
                match found {
                    Some(State::File(id)) => changes.push(displaced(path, id)),
                    _ => changes.push(Change::MakeDirectory { path: path.clone() }),
                }
                let mut below = Vec::new();
                self.files.walk(path, &mut |path, _| {
                    below.push(path.clone());
                    Ok(())
                })?;
                for path in below {
                    match self.files.state(&path)? {
                        Some(State::File(id)) => changes.push(displaced(&path, id)),
                        _ => changes.push(Change::MakeDirectory { path }),
                    }
                }
                changes.reverse();
                changes
            }
            Change::Rename { from, to } => {
                let back = Change::Rename {
                    from: to.clone(),
                    to: from.clone(),
                };
                let made = match to.parent() {
                    Some(parent) => self.files.first_missing(&parent)?,
                    None => None,
                };
                // Last one first: the directories made for it go after it.
                let made = made.map(|path| Change::Remove { path });
                made.into_iter().chain([back]).collect()
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
            Change::CreateKey { hive, key } => {
                let key = self.first_missing_key(hive, key)?;
                let hive = hive.clone();
                vec![Change::DeleteKey { hive, key }]
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
            // A recovered hive stays recovered: its logs' changes are the
            // image's own.
            Change::RecoverHive { .. } | Change::Require { .. } => Vec::new(),
        })
    }

    fn first_missing_key(&self, hive: &HiveName, key: &KeyPath) -> Result<KeyPath, DraftError> {
        let units = key.units();
        let separators = units.iter().enumerate();
        let ends = separators.filter_map(|(at, unit)| (*unit == u16::from(b'\\')).then_some(at));
        for end in ends.chain([units.len()]) {
            let part = units.get(..end).unwrap_or_default();
            let part = KeyPath::from(Text::from_units(part));
            if !self.has_key(hive, &part)? {
                return Ok(part);
            }
        }
        Ok(key.clone())
    }
}

/// A file's old content, which a receipt names and a bundle may hold.
fn displaced(path: &ImagePath, id: ContentId) -> Change {
    Change::PutFile {
        path: path.clone(),
        content: Content::Source {
            source: 0,
            path: path.clone(),
            expand: None,
            id,
        },
    }
}
