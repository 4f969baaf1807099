//! What update packages come in, told by content.
//!
//! ```text
//! .msu          a cabinet, or since Windows 11 24H2 a WIM file, with packages inside
//! .cab          a cabinet: update.mum and payload, or scan data
//! folder        either of them, unpacked
//! .exe          XP and Server 2003: a program with a cabinet inside
//! .psf          express storage beside a package: payload by ranges of an index
//! ```
//!
//! A [`Container`] is a tree of files ([`Container::tree`]) and the containers
//! among these. Sets of several cabinets are opened by any part. Facts: cbs,
//! sections 2 and 10; none of WIM packages, storage files and hotfixes was at
//! hand, so those rest on what is stated there.

mod error;
mod extract;
mod form;
mod host;
mod index;
mod open;

use std::sync::Arc;

pub use error::ContainerError;
pub use extract::{Extracted, LeftOut, extract};
pub use form::{CabinetForm, Form, Role};
pub use index::{Index, IndexError, IndexKind};

use super::payload::{Payload, PayloadError};
use crate::blob::Blob;
use crate::path::ImagePath;
use crate::tree::FileTree;

/// How deep containers are opened inside each other: a package is in a cabinet
/// in an .msu, scan data one deeper.
pub const MAX_DEPTH: usize = 4;

/// Most containers that are opened in one. The largest packages, with a
/// servicing stack and languages, have some twenty.
pub const MAX_CONTAINERS: usize = 256;

/// A container, and what is in it.
pub struct Container {
    name: String,
    len: u64,
    form: Form,
    role: Role,
    tree: Arc<dyn FileTree>,
    members: Vec<Member>,
    index: Option<Result<Index, IndexError>>,
    storage: Option<Arc<dyn Blob>>,
    nested: Vec<Container>,
    refused: Vec<Refused>,
}

/// A file of a container.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Member {
    /// Where.
    pub path: ImagePath,
    /// Its length in bytes.
    pub len: u64,
    /// Number of the cabinet's folder that it is in, from 0 on.
    pub folder: Option<usize>,
    /// Whether it can be read: a folder can be compressed in a way that is
    /// not.
    pub is_read: bool,
}

/// A file that looks like a container by its name and is none that is read.
#[derive(Debug)]
#[non_exhaustive]
pub struct Refused {
    /// Which file.
    pub path: ImagePath,
    /// Why it is not opened.
    pub error: ContainerError,
}

impl Container {
    /// Opens a file that lies alone: parts of its set and express storage are
    /// not looked for.
    ///
    /// # Errors
    /// As [`Container::open`].
    pub fn of_file(
        name: impl Into<String>,
        blob: &Arc<dyn Blob>,
    ) -> Result<Container, ContainerError> {
        open::Opening::default().file(name.into(), blob, &|_| Ok(None))
    }

    /// Its name: of the file, or where it lies in the container around it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its length in bytes, all parts together; 0 of a folder.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether it holds no file.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// What it is made as.
    pub fn form(&self) -> &Form {
        &self.form
    }

    /// What it is for.
    pub fn role(&self) -> Role {
        self.role
    }

    /// Its files as they are stored; see [`Container::payload`].
    pub fn tree(&self) -> &Arc<dyn FileTree> {
        &self.tree
    }

    /// Its files, a directory's together.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// What its files are made into, where it has an index of that.
    ///
    /// # Errors
    /// What is wrong with the index.
    pub fn index(&self) -> Option<Result<&Index, &IndexError>> {
        self.index.as_ref().map(Result::as_ref)
    }

    /// The containers among its files.
    pub fn nested(&self) -> &[Container] {
        &self.nested
    }

    /// Files that look like containers and are none that is read.
    pub fn refused(&self) -> &[Refused] {
        &self.refused
    }

    /// The packages in it, itself and however deep: what holds an
    /// `update.mum`.
    pub fn packages(&self) -> Vec<&Container> {
        let mut packages = Vec::new();
        let mut open = vec![self];
        while let Some(container) = open.pop() {
            if container.role == Role::Package {
                packages.push(container);
            }
            open.extend(container.nested.iter().rev());
        }
        packages
    }

    /// Its files as its index says that they are to be.
    ///
    /// # Errors
    /// [`PayloadError`], where the index cannot be read.
    pub fn payload(&self) -> Result<Payload, PayloadError> {
        match &self.index {
            Some(Ok(index)) => {
                let files = Some(index.files.clone());
                Payload::with_index(Arc::clone(&self.tree), files, self.storage.clone())
            }
            // It says what is wrong with the index.
            _ => Payload::open(Arc::clone(&self.tree)),
        }
    }
}
