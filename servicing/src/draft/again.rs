//! What brings back files, directories and links that a change removes, with
//! all that the image knows of them.

use std::collections::HashSet;
use std::sync::Arc;

use super::{Draft, DraftError};
use crate::blob::{Blob, ContentId};
use crate::bundle::place;
use crate::path::ImagePath;
use crate::plan::{
    Basis, Change, Content, Expect, FileDetails, STORED_ATTRIBUTES, STRUCTURAL_ATTRIBUTES, State,
    Step, Subject, Times,
};
use crate::text::Text;
use crate::tree::{FileTree as _, Kind, TreeError};

/// The attribute that says that something is a directory.
const DIRECTORY: u32 = 0x10;

impl Draft {
    /// What makes again what is at `path`, with all below it, first one first.
    pub(super) fn removed_again(&mut self, path: &ImagePath) -> Result<Vec<Change>, DraftError> {
        let mut changes = Vec::new();
        // What lies behind a link stays.
        if self.link_again(path, &mut changes)? {
            return Ok(changes);
        }
        let mut all = vec![path.clone()];
        self.files.walk(path, &mut |path, _| {
            all.push(path.clone());
            Ok(())
        })?;
        let mut linked = HashSet::new();
        let mut back: HashSet<ImagePath> = HashSet::new();
        for at in &all {
            // A link is what it is, wherever it leads.
            if self.link_again(at, &mut changes)? {
                linked.insert(at.clone());
                continue;
            }
            match self.files.state(at)? {
                Some(State::File(id)) => {
                    let names = self.files.names_if_several(at)?;
                    let mut others = names.into_iter().filter(|name| name != at);
                    let kept = |name: &ImagePath| !name.starts_with(path);
                    match others.find(|name| kept(name) || back.contains(name)) {
                        Some(to) => {
                            if kept(&to) {
                                changes.push(Change::Require {
                                    fact: Subject::Path(to.clone()),
                                });
                            }
                            changes.push(Change::Link {
                                path: at.clone(),
                                to,
                            });
                            linked.insert(at.clone());
                        }
                        None => changes.push(self.displaced(at, id)?),
                    }
                    back.insert(at.clone());
                }
                Some(State::Directory) => {
                    changes.push(Change::MakeDirectory { path: at.clone() });
                }
                // A link that the image holds in a way that no plan can.
                _ => {}
            }
        }
        // A directory's times last: filling it changes them.
        for at in all.iter().rev() {
            match linked.contains(at) {
                true => self.short_name_again(at, &mut changes)?,
                false => self.metadata_again(at, &mut changes)?,
            }
        }
        Ok(changes)
    }

    /// What gives the files of edited hives the time again that they were
    /// written. On the host, where whoever writes a file need not be who may
    /// say when, they have that of the undo.
    pub(super) fn times_of_hives(&self) -> Vec<Step> {
        let mut steps = Vec::new();
        for (hive, _) in self.hives.edited() {
            let Ok(path) = self.hives.base().path(hive) else {
                continue;
            };
            // Where it cannot be read any more the commit says so.
            let found = self.files.base().metadata(&path).ok().flatten();
            let written = found
                .filter(|found| found.attributes.is_some())
                .and_then(|found| found.modified);
            if written.is_some() {
                steps.push(Step {
                    change: Change::SetTimes {
                        path,
                        times: Times {
                            written,
                            ..Times::default()
                        },
                    },
                    expect: Expect::Present,
                    basis: Basis::verified("undo"),
                });
            }
        }
        steps
    }

    /// Brings a link back; `false` where there is none that a plan can make.
    fn link_again(
        &mut self,
        path: &ImagePath,
        changes: &mut Vec<Change>,
    ) -> Result<bool, DraftError> {
        if let Some(link) = self.files.reparse_point(path)? {
            let link = link.try_map(|blob| self.kept(path, blob))?;
            let path = path.clone();
            changes.push(Change::MakeLink { path, link });
            return Ok(true);
        }
        // A link of the host: what it leads to stays where it is.
        Ok(self.files.link_target(path)?.is_some())
    }

    /// Where the file at `path` has other names, what makes it one name of
    /// them again, first one first.
    pub(super) fn name_again(
        &mut self,
        path: &ImagePath,
        changes: &mut Vec<Change>,
    ) -> Result<bool, DraftError> {
        let names = self.files.names_if_several(path)?;
        let Some(to) = names.into_iter().find(|name| name != path) else {
            return Ok(false);
        };
        changes.push(Change::Require {
            fact: Subject::Path(to.clone()),
        });
        changes.push(Change::Link {
            path: path.clone(),
            to,
        });
        self.short_name_again(path, changes)?;
        Ok(true)
    }

    /// What gives a name that is made again its short one, first one first.
    pub(super) fn short_name_again(
        &self,
        path: &ImagePath,
        changes: &mut Vec<Change>,
    ) -> Result<(), DraftError> {
        let found = self.files.details(path)?;
        let short_name = found.and_then(|found| found.short_name);
        if let Some(short_name) = short_name.filter(|name| !name.is_empty()) {
            changes.push(set_short_name(path, short_name));
        }
        Ok(())
    }

    /// What gives a file that is written to the attributes that it has.
    pub(super) fn attributes_again(&self, path: &ImagePath) -> Result<Option<Change>, DraftError> {
        let Some(found) = self.files.metadata(path)? else {
            return Ok(None);
        };
        let kind = match found.kind {
            Kind::Directory => DIRECTORY,
            Kind::File => 0,
            Kind::Link => return Ok(None),
        };
        Ok(found.attributes.map(|attributes| Change::SetAttributes {
            path: path.clone(),
            // Devices and what is encrypted are not brought back as such.
            attributes: attributes & !(STRUCTURAL_ATTRIBUTES & !STORED_ATTRIBUTES) | kind,
        }))
    }

    /// What gives something that is made again its details, attributes and
    /// times, first one first.
    pub(super) fn metadata_again(
        &mut self,
        path: &ImagePath,
        changes: &mut Vec<Change>,
    ) -> Result<(), DraftError> {
        let Some(found) = self.files.metadata(path)? else {
            return Ok(());
        };
        if found.kind == Kind::Link {
            return Ok(());
        }
        changes.extend(self.details_again(path, None)?);
        changes.extend(self.attributes_again(path)?);
        // What knows no attributes holds no time of creation, and there nobody
        // minds when something was read last: whoever reads it changes that.
        let Times {
            created,
            accessed,
            written,
        } = found.times();
        let holds = |_: &_| found.attributes.is_some();
        let times = Times {
            created: created.filter(holds),
            accessed: accessed.filter(holds),
            written,
        };
        if !times.is_empty() {
            changes.push(Change::SetTimes {
                path: path.clone(),
                times,
            });
        }
        Ok(())
    }

    /// What gives something the details again that it has, or those of them
    /// that `asked` gives, too.
    pub(super) fn details_again(
        &mut self,
        path: &ImagePath,
        asked: Option<&FileDetails<Content>>,
    ) -> Result<Vec<Change>, DraftError> {
        let Some(mut found) = self.files.details(path)? else {
            return Ok(Vec::new());
        };
        if let Some(asked) = asked {
            found = found.only(asked);
        }
        if found.is_empty() {
            return Ok(Vec::new());
        }
        let details = found.try_map(|blob| self.kept(path, blob))?;
        let path = path.clone();
        Ok(vec![Change::SetDetails { path, details }])
    }

    /// What a stream holds, kept for a bundle.
    fn kept(&mut self, path: &ImagePath, blob: &Arc<dyn Blob>) -> Result<Content, DraftError> {
        let id = ContentId::of_blob(blob.as_ref());
        let id = id.map_err(|error| TreeError::new(path, error))?;
        self.displaced.insert(id, Arc::clone(blob));
        Ok(Content::Source {
            source: 0,
            path: place(id)?,
            expand: None,
            id,
        })
    }
}

fn set_short_name(path: &ImagePath, short_name: Text) -> Change {
    Change::SetDetails {
        path: path.clone(),
        details: FileDetails {
            short_name: Some(short_name),
            ..FileDetails::default()
        },
    }
}
