//! Changes of names, attributes and times: what they need, and their effect on
//! the draft's files.

use super::{Draft, DraftError, conflict};
use crate::blob::ContentId;
use crate::path::ImagePath;
use crate::plan::{STRUCTURAL_ATTRIBUTES, State, Subject, Times};
use crate::tree::{FileTree as _, Kind};

/// The attribute that says that something is a directory.
const DIRECTORY: u32 = 0x10;

impl Draft {
    /// What is there, without what it holds: of any file that it is one, with
    /// an identity that says nothing.
    pub(super) fn kind_state(&self, subject: &Subject) -> Result<Option<State>, DraftError> {
        let Subject::Path(path) = subject else {
            return self.state(subject);
        };
        let found = self.files.metadata(path)?;
        Ok(found.map(|found| match found.kind {
            Kind::Directory => State::Directory,
            Kind::Link => State::Link,
            Kind::File => State::File(ContentId::of(&[])),
        }))
    }

    /// Whether what is at `path` is spelled exactly like this.
    pub(super) fn is_spelled(&self, path: &ImagePath) -> Result<bool, DraftError> {
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            return Ok(true);
        };
        let entries = self.files.read_dir(&parent)?.unwrap_or_default();
        Ok(entries
            .iter()
            .any(|entry| entry.name.as_text() == name.as_text()))
    }

    pub(super) fn rename(&mut self, from: &ImagePath, to: &ImagePath) -> Result<(), DraftError> {
        if from.is_root() || to.is_root() {
            return Err(conflict(&ImagePath::root(), "this is the image root"));
        }
        if self.files.metadata(from)?.is_none() {
            return Err(conflict(from, "there is nothing to rename"));
        }
        if from != to {
            if to.starts_with(from) {
                return Err(conflict(to, "a directory cannot be moved into itself"));
            }
            if self.files.metadata(to)?.is_some() {
                return Err(conflict(to, "something is in the way"));
            }
            self.make_above(to)?;
        }
        Ok(self.files.rename(from, to)?)
    }

    /// Gives the file `to` the name `path` as well.
    pub(super) fn link(&mut self, path: &ImagePath, to: &ImagePath) -> Result<(), DraftError> {
        match self.files.metadata(to)?.map(|found| found.kind) {
            Some(Kind::File) => {}
            Some(_) => return Err(conflict(to, "only files have more than one name")),
            None => return Err(conflict(to, "there is no file to link to")),
        }
        self.make_way(path)?;
        Ok(self.files.link(path, to)?)
    }

    pub(super) fn set_attributes(
        &mut self,
        path: &ImagePath,
        attributes: u32,
    ) -> Result<(), DraftError> {
        let Some(found) = self.files.metadata(path)? else {
            return Err(conflict(path, "there is nothing to set attributes of"));
        };
        let is = match (found.attributes, found.kind) {
            (Some(attributes), _) => attributes,
            (None, Kind::Directory) => DIRECTORY,
            (None, Kind::File) => 0,
            (None, Kind::Link) => {
                return Err(conflict(path, "the attributes of this link are not known"));
            }
        };
        if (is ^ attributes) & STRUCTURAL_ATTRIBUTES != 0 {
            return Err(conflict(
                path,
                "attributes that say what it is, or how it is stored, cannot be set",
            ));
        }
        self.files.set_attributes(path, attributes);
        Ok(())
    }

    pub(super) fn set_times(&mut self, path: &ImagePath, times: Times) -> Result<(), DraftError> {
        if self.files.metadata(path)?.is_none() {
            return Err(conflict(path, "there is nothing to set times of"));
        }
        self.files.set_times(path, times);
        Ok(())
    }

    /// The files and directories that have another path than in the image, by
    /// their old one and the new one.
    pub(crate) fn renamed(&self) -> Vec<(ImagePath, ImagePath)> {
        let nodes = self.files.nodes.iter();
        nodes
            .filter_map(|(path, node)| Some((self.files.moved_from(path, node)?, path.clone())))
            .collect()
    }
}
