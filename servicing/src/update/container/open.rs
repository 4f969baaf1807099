//! Opening: which container it is, and which are among its files.

use std::sync::Arc;

use wimwright_wim::{Archive, NamedFile};

use super::form::{CabinetForm, Form, Role};
use super::index::{self, Index};
use super::{Container, ContainerError, MAX_CONTAINERS, MAX_DEPTH, Member, Refused};
use crate::blob::{Blob, ToStore};
use crate::cabinet::{Beside, Cabinet, CabinetTree, find_cabinets};
use crate::path::{ImagePath, Name};
use crate::tree::{FileTree, Kind, TreeError, WimTree};

const CABINET: &[u8] = b"MSCF";
const WIM: &[u8] = b"MSWIM\0\0\0";
const PROGRAM: &[u8] = b"MZ";

/// Endings of files that are containers; what they are is told by content.
const ENDINGS: [&str; 3] = [".cab", ".msu", ".wim"];
const STORAGE: &str = ".psf";

/// Opens a container and those in it.
#[derive(Default)]
pub(super) struct Opening {
    opened: usize,
    depth: usize,
}

/// The files of a container, before it is looked into.
struct Bare {
    len: u64,
    form: Form,
    tree: Arc<dyn FileTree>,
    members: Vec<Member>,
}

impl Opening {
    /// A folder with files.
    pub(super) fn folder(
        &mut self,
        name: String,
        tree: Arc<dyn FileTree>,
    ) -> Result<Container, ContainerError> {
        let members = listed(tree.as_ref())?;
        let bare = Bare {
            len: 0,
            form: Form::Folder,
            tree,
            members,
        };
        self.container(name, bare, &|_| Ok(None))
    }

    /// A file; `beside` finds others in its folder.
    pub(super) fn file(
        &mut self,
        name: String,
        blob: &Arc<dyn Blob>,
        beside: &Beside<'_>,
    ) -> Result<Container, ContainerError> {
        self.opened += 1;
        if self.opened > MAX_CONTAINERS {
            return Err(ContainerError::TooMany);
        }
        if self.depth >= MAX_DEPTH {
            return Err(ContainerError::TooDeep);
        }
        let mut start = [0; 8];
        let known = blob.len().min(start.len() as u64) as usize;
        let start = start.get_mut(..known).unwrap_or_default();
        let unreadable = |source| ContainerError::host(&name, source);
        blob.read_into(0, start).map_err(unreadable)?;
        let bare = if start.starts_with(CABINET) {
            in_cabinet(Cabinet::open_set(&name, blob, beside)?)?
        } else if start == WIM {
            in_wim(&name, blob)?
        } else if start.starts_with(PROGRAM) {
            in_program(&name, blob).map_err(|error| match error {
                ContainerError::Host { source, .. } => unreadable(source),
                error => error,
            })?
        } else {
            let start = start.to_vec();
            return Err(ContainerError::Unknown { start });
        };
        self.container(name, bare, beside)
    }

    /// Looks for the index, and for the containers among the files.
    fn container(
        &mut self,
        name: String,
        bare: Bare,
        beside: &Beside<'_>,
    ) -> Result<Container, ContainerError> {
        let tree = bare.tree.as_ref();
        let file = name.rsplit(['\\', '/']).next().unwrap_or_default();
        let storage_name = match file.rsplit_once('.') {
            Some((stem, _)) => format!("{stem}{STORAGE}"),
            None => format!("{file}{STORAGE}"),
        };
        let host = |source| ContainerError::host(&name, source);
        let storage = match beside(&storage_name).map_err(host)? {
            Some(storage) => Some((storage_name, storage)),
            None => own_storage(tree, &bare.members)?,
        };
        let named = storage.as_ref().map(|(name, blob)| (name.as_str(), blob));
        let index = match Index::find(tree, named) {
            Some(index) => Some(index),
            None => match &storage {
                Some((name, _)) => beside(&format!("{name}.cix.xml"))
                    .map_err(host)?
                    .map(|blob| index::beside(blob.as_ref())),
                None => None,
            },
        };
        let indexed = index.iter().flatten().flat_map(|index| index.files.files());
        let indexed = indexed.map(|file| file.name.as_str());
        let role = Role::of(&bare.members, indexed);
        let mut container = Container {
            name,
            len: bare.len,
            form: bare.form,
            role,
            tree: bare.tree,
            members: bare.members,
            index,
            storage: storage.map(|(_, blob)| blob),
            nested: Vec::new(),
            refused: Vec::new(),
        };
        self.depth += 1;
        let looked = self.look_into(&mut container);
        self.depth -= 1;
        looked.map(|()| container)
    }

    fn look_into(&mut self, container: &mut Container) -> Result<(), ContainerError> {
        // Parts of sets that were opened by another part.
        let mut parts: Vec<ImagePath> = Vec::new();
        for member in &container.members {
            let path = &member.path;
            let is_container = |name: &Name| ENDINGS.iter().any(|ending| name.ends_with(ending));
            if !path.file_name().is_some_and(is_container)
                || !member.is_read
                || parts.contains(path)
            {
                continue;
            }
            let Some(blob) = container.tree.open(path)? else {
                continue;
            };
            let folder = path.parent().unwrap_or_default();
            let sibling = |name: &str| Name::new(name).ok().map(|name| folder.child(name));
            let tree = container.tree.as_ref();
            let opened = self.file(path.to_string(), &blob, &|wanted| match sibling(wanted) {
                Some(path) => tree.open(&path).map_err(|error| error.source),
                None => Ok(None),
            });
            match opened {
                Ok(nested) => {
                    if let Form::Cabinet(form) = &nested.form {
                        parts.extend(form.parts.iter().filter_map(|part| sibling(part)));
                    }
                    container.nested.push(nested);
                }
                Err(ContainerError::TooMany) => return Err(ContainerError::TooMany),
                Err(error) => container.refused.push(Refused {
                    path: path.clone(),
                    error,
                }),
            }
        }
        Ok(())
    }
}

fn in_cabinet(cabinet: Cabinet) -> Result<Bare, ContainerError> {
    let form = CabinetForm::of(&cabinet);
    let lengths = cabinet.parts().iter();
    let len = lengths.map(|part| u64::from(part.header.len) + part.behind);
    let len = len.sum();
    let (tree, members) = cabinet_tree(cabinet)?;
    Ok(Bare {
        len,
        form: Form::Cabinet(form),
        tree,
        members,
    })
}

fn cabinet_tree(cabinet: Cabinet) -> Result<(Arc<dyn FileTree>, Vec<Member>), ContainerError> {
    let tree = CabinetTree::new(cabinet)?;
    let members = tree.files().map(|(path, file)| Member {
        path,
        len: file.len,
        folder: Some(file.folder),
        is_read: tree.cabinet().check_method(file).is_ok(),
    });
    let members = members.collect();
    Ok((Arc::new(tree), members))
}

fn in_wim(name: &str, blob: &Arc<dyn Blob>) -> Result<Bare, ContainerError> {
    let file = NamedFile::new(name, Arc::new(ToStore(Arc::clone(blob))));
    let archive = Archive::open(file).map_err(ContainerError::Wim)?;
    let images = archive.image_count();
    if images != 1 {
        return Err(ContainerError::Images { images });
    }
    let tree = WimTree::over(&archive, 1).map_err(ContainerError::Wim)?;
    let members = listed(&tree)?;
    Ok(Bare {
        len: blob.len(),
        form: Form::Wim { image: 1 },
        tree: Arc::new(tree),
        members,
    })
}

fn in_program(name: &str, blob: &Arc<dyn Blob>) -> Result<Bare, ContainerError> {
    let found = find_cabinets(blob, 0).map_err(|source| ContainerError::host(name, source))?;
    let count = found.len();
    let mut found = found.into_iter();
    let (Some(only), None) = (found.next(), found.next()) else {
        return Err(match count {
            0 => ContainerError::NoCabinet,
            count => ContainerError::SeveralCabinets { count },
        });
    };
    let form = CabinetForm::of(&only.cabinet);
    let (tree, members) = cabinet_tree(only.cabinet)?;
    Ok(Bare {
        len: blob.len(),
        form: Form::Program {
            at: only.at,
            cabinet: form,
        },
        tree,
        members,
    })
}

/// The files of a tree that says no more of them.
fn listed(tree: &dyn FileTree) -> Result<Vec<Member>, TreeError> {
    let mut members = Vec::new();
    tree.walk(&ImagePath::root(), &mut |path, kind| {
        if kind == Kind::File {
            let metadata = tree.metadata(path)?;
            members.push(Member {
                path: path.clone(),
                len: metadata.map_or(0, |metadata| metadata.len),
                folder: None,
                is_read: true,
            });
        }
        Ok(())
    })?;
    Ok(members)
}

/// A storage file, and what it is called.
type Storage = (String, Arc<dyn Blob>);

/// The storage file among a package's own files, as in a folder that it was
/// unpacked to; `None` where there is none, or several.
fn own_storage(tree: &dyn FileTree, members: &[Member]) -> Result<Option<Storage>, TreeError> {
    let is_storage = |path: &ImagePath| match path.names() {
        [name] => name.ends_with(STORAGE),
        _ => false,
    };
    let mut storages = members.iter().filter(|member| is_storage(&member.path));
    let (Some(only), None) = (storages.next(), storages.next()) else {
        return Ok(None);
    };
    let is_package = |path: &ImagePath| match path.names() {
        [name] => name.is("update.mum"),
        _ => false,
    };
    if !members.iter().any(|member| is_package(&member.path)) {
        return Ok(None);
    }
    let blob = tree.open(&only.path)?;
    Ok(blob.map(|blob| (only.path.to_string(), blob)))
}
