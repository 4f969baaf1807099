//! Changes of names, attributes and times: what they need, and their effect on
//! the draft's files.

use std::sync::Arc;

use super::{Draft, DraftError, conflict};
use crate::blob::{Blob, ContentId, Identified};
use crate::path::ImagePath;
use crate::plan::{
    Content, FileDetails, ReparsePoint, STRUCTURAL_ATTRIBUTES, State, Subject, Times,
};
use crate::tree::{FileTree as _, Kind};

/// The attribute that says that something is a directory.
const DIRECTORY: u32 = 0x10;
/// The attribute that says that something is a reparse point.
const REPARSE_POINT: u32 = 0x400;

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
            // What is new is stored as the plan says.
            (None, Kind::Directory) => DIRECTORY | self.stored(path)?,
            (None, Kind::File) => self.stored(path)?,
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
        for name in self.files.names_if_several(path)? {
            self.files.set_attributes(&name, attributes);
        }
        Ok(())
    }

    pub(super) fn set_times(&mut self, path: &ImagePath, times: Times) -> Result<(), DraftError> {
        if self.files.metadata(path)?.is_none() {
            return Err(conflict(path, "there is nothing to set times of"));
        }
        for name in self.files.names_if_several(path)? {
            self.files.set_times(&name, times);
        }
        Ok(())
    }

    /// Gives what is at `path` details that the image holds.
    pub(super) fn set_details(
        &mut self,
        path: &ImagePath,
        details: &FileDetails<Content>,
    ) -> Result<(), DraftError> {
        if self.files.metadata(path)?.is_none() {
            return Err(conflict(path, "there is nothing to set details of"));
        }
        self.holds_details(path)?;
        let details = details.try_map(|content| self.stream(path, content))?;
        let short_name = details.short_name.clone();
        let shared = FileDetails {
            short_name: None,
            ..details
        };
        for name in self.files.names_if_several(path)? {
            // The short name goes with one name, all else with the file.
            let mut own = shared.clone();
            if name == *path {
                own.short_name.clone_from(&short_name);
            }
            self.files.set_details(&name, own);
        }
        Ok(())
    }

    /// Makes a link that holds what the image's own hold.
    pub(super) fn make_link(
        &mut self,
        path: &ImagePath,
        link: &ReparsePoint<Content>,
    ) -> Result<(), DraftError> {
        if path.is_root() {
            return Err(conflict(path, "this is the image root"));
        }
        if self.files.metadata(path)?.is_some() {
            return Err(conflict(path, "something is in the way"));
        }
        if link.attributes & REPARSE_POINT == 0 {
            return Err(conflict(
                path,
                "its attributes do not say that it is a link",
            ));
        }
        self.holds_details(path)?;
        let link = link.try_map(|content| self.stream(path, content))?;
        self.make_above(path)?;
        self.files.make_link(path, link);
        Ok(())
    }

    /// How something that the plan makes is stored.
    fn stored(&self, path: &ImagePath) -> Result<u32, DraftError> {
        let details = self.files.details(path)?;
        Ok(details.and_then(|details| details.stored).unwrap_or(0))
    }

    /// Refuses images that hold no security, short names, streams and links of
    /// Windows' own.
    fn holds_details(&self, path: &ImagePath) -> Result<(), DraftError> {
        match self.files.base().details(&ImagePath::root())? {
            Some(_) => Ok(()),
            None => Err(conflict(
                path,
                "a directory on the host holds no security, short names, streams and links of \
                 Windows; an image in a WIM file does",
            )),
        }
    }

    /// What a stream of `path` will hold.
    fn stream(&self, path: &ImagePath, content: &Content) -> Result<Arc<dyn Blob>, DraftError> {
        let id = content.id();
        let blob = self.content_blob(content, path)?;
        Ok(Arc::new(Identified { id, blob }))
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
