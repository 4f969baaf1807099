//! The part of the image that changes lead to, as those so far leave it.

use std::collections::HashSet;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use crate::backend::error::BackendError;
use crate::backend::host::Host;
use crate::backend::is_reserved_name;
use crate::blob::Blob;
use crate::path::{ImagePath, Name};
use crate::plan::Times;
use crate::tree::directory::{HostKind, Names, host_name, windows_name};

/// The image root.
pub(super) const ROOT: usize = 0;

/// What to do where a directory is missing.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Missing {
    Make,
    Leave,
}

/// New content of a file.
pub(super) struct New {
    pub(super) shown: ImagePath,
    pub(super) content: Arc<dyn Blob>,
    pub(super) in_place_if_linked: bool,
}

/// Something on the host, and where it is there.
struct There {
    kind: HostKind,
    path: PathBuf,
    parent: usize,
    name: Name,
}

/// A file or directory that changes led to.
pub(super) struct Node {
    parent: usize,
    name: Name,
    /// `None` for what the changes make.
    there: Option<There>,
    directory: bool,
    /// Once read.
    children: Option<Names<Child>>,
    pub(super) new: Option<New>,
    pub(super) attributes: Option<u32>,
    pub(super) times: Times,
    /// Whether it is to get attributes or times.
    pub(super) stamped: bool,
    pub(super) gone: bool,
}

/// A name in a directory.
#[derive(Clone, Copy)]
enum Child {
    /// What no change led to yet.
    Host(HostKind),
    Node(usize),
}

impl Node {
    pub(super) fn is_directory(&self) -> bool {
        self.directory
    }

    /// What it is on the host; `None` for what the changes make.
    pub(super) fn host_kind(&self) -> Option<HostKind> {
        self.there.as_ref().map(|there| there.kind)
    }
}

/// The part of the image that changes lead to.
pub(super) struct Picture<'a> {
    pub(super) host: &'a dyn Host,
    nodes: Vec<Node>,
    /// The filesystem of the image root, once asked for.
    pub(super) device: Option<u64>,
    /// Directories on the host known to be changeable.
    pub(super) changeable: HashSet<PathBuf>,
}

impl<'a> Picture<'a> {
    pub(super) fn new(host: &'a dyn Host) -> Picture<'a> {
        // The root has no name; this one is never looked at.
        let name = Name::found(crate::text::Text::from("root"));
        let root = name.map(|name| Node {
            parent: ROOT,
            name: name.clone(),
            there: Some(There {
                kind: HostKind::Directory,
                path: PathBuf::new(),
                parent: ROOT,
                name,
            }),
            directory: true,
            children: None,
            new: None,
            attributes: None,
            times: Times::default(),
            stamped: false,
            gone: false,
        });
        Picture {
            host,
            nodes: root.into_iter().collect(),
            device: None,
            changeable: HashSet::new(),
        }
    }

    /// Indices come from this type alone, and nodes are never taken out.
    pub(super) fn node(&self, node: usize) -> &Node {
        &self.nodes[node]
    }

    pub(super) fn node_mut(&mut self, node: usize) -> &mut Node {
        &mut self.nodes[node]
    }

    /// All nodes, in the order in which changes led to them.
    pub(super) fn all(&self) -> impl Iterator<Item = usize> + use<> {
        0..self.nodes.len()
    }

    /// Where it is on the host before the commit; `None` for what is made.
    pub(super) fn host_path(&self, node: usize) -> Option<PathBuf> {
        let there = self.node(node).there.as_ref();
        there.map(|there| there.path.clone())
    }

    /// Its path as the changes so far leave it.
    pub(super) fn path(&self, node: usize) -> PathBuf {
        let mut names = Vec::new();
        let mut at = node;
        while at != ROOT {
            names.push(host_name(&self.node(at).name));
            at = self.node(at).parent;
        }
        names.iter().rev().collect()
    }

    /// Whether it has another name, or lies in another directory, than before.
    pub(super) fn is_moved(&self, node: usize) -> bool {
        let node = self.node(node);
        node.there.as_ref().is_some_and(|there| {
            there.parent != node.parent || there.name.as_text() != node.name.as_text()
        })
    }

    /// Whether it, or something above it, was removed.
    pub(super) fn is_dead(&self, node: usize) -> bool {
        let mut at = node;
        loop {
            if self.node(at).gone {
                return true;
            }
            if at == ROOT {
                return false;
            }
            at = self.node(at).parent;
        }
    }

    /// Whether the directory that it lies in on the host was removed.
    pub(super) fn is_original_parent_dead(&self, node: usize) -> bool {
        let there = self.node(node).there.as_ref();
        there.is_some_and(|there| self.is_dead(there.parent))
    }

    /// Whether `node` is `directory` or lies below it.
    pub(super) fn is_in(&self, node: usize, directory: usize) -> bool {
        let mut at = node;
        while at != directory {
            if at == ROOT {
                return false;
            }
            at = self.node(at).parent;
        }
        true
    }

    /// Takes a node out of the directory that it is in.
    pub(super) fn detach(&mut self, node: usize) {
        let (parent, name) = (self.node(node).parent, self.node(node).name.clone());
        if let Some(names) = &mut self.node_mut(parent).children {
            names.remove(&name);
        }
    }

    /// Puts a node into a directory under a name.
    pub(super) fn attach(&mut self, node: usize, parent: usize, name: &Name) {
        if let Some(names) = &mut self.node_mut(parent).children {
            names.put(name, Child::Node(node));
        }
        let node = self.node_mut(node);
        node.parent = parent;
        node.name = name.clone();
    }

    /// A new file or directory.
    pub(super) fn add(&mut self, parent: usize, name: &Name, directory: bool) -> usize {
        let node = self.push(Node {
            parent,
            name: name.clone(),
            there: None,
            directory,
            children: directory.then(|| Names::new(Vec::new())),
            new: None,
            attributes: None,
            times: Times::default(),
            stamped: false,
            gone: false,
        });
        self.attach(node, parent, name);
        node
    }

    fn push(&mut self, node: Node) -> usize {
        self.nodes.push(node);
        self.nodes.len() - 1
    }

    /// What a name in a directory stands for.
    pub(super) fn find(
        &mut self,
        directory: usize,
        name: &Name,
    ) -> Result<Option<usize>, BackendError> {
        self.read(directory)?;
        let node = self.node(directory);
        let found = node.children.as_ref().and_then(|names| names.find(name));
        let (spelling, kind) = match found {
            None => return Ok(None),
            Some((_, Child::Node(node))) => return Ok(Some(*node)),
            Some((spelling, Child::Host(kind))) => (spelling.clone(), *kind),
        };
        let above = node.there.as_ref().map(|there| there.path.clone());
        let path = above.unwrap_or_default().join(host_name(&spelling));
        let found = self.push(Node {
            parent: directory,
            name: spelling.clone(),
            there: Some(There {
                kind,
                path,
                parent: directory,
                name: spelling.clone(),
            }),
            directory: kind == HostKind::Directory,
            children: None,
            new: None,
            attributes: None,
            times: Times::default(),
            stamped: false,
            gone: false,
        });
        if let Some(names) = &mut self.node_mut(directory).children {
            names.put(&spelling, Child::Node(found));
        }
        Ok(Some(found))
    }

    /// Reads the names in a directory.
    fn read(&mut self, directory: usize) -> Result<(), BackendError> {
        if self.node(directory).children.is_some() {
            return Ok(());
        }
        let path = self.host_path(directory).unwrap_or_default();
        let listed = self.host.list(&path);
        let listed = listed.map_err(|error| self.failed(&path, error))?;
        let names = listed.iter().filter_map(|(name, kind)| {
            let name = windows_name(name)?;
            let ours = directory == ROOT && is_reserved_name(&name);
            (!ours).then_some((name, Child::Host(*kind)))
        });
        let names = Names::new(names.collect());
        self.node_mut(directory).children = Some(names);
        Ok(())
    }

    /// The last name of `path`, and the directory it is in; `None` for the
    /// root, or where there is no such directory and none is to be made.
    pub(super) fn parent(
        &mut self,
        path: &ImagePath,
        missing: Missing,
    ) -> Result<Option<(Name, usize)>, BackendError> {
        let (Some(name), Some(parent)) = (path.file_name(), path.parent()) else {
            return Ok(None);
        };
        if path.names().first().is_some_and(is_reserved_name) {
            return Err(BackendError::Reserved { path: path.clone() });
        }
        let parent = self.directory(&parent, missing)?;
        Ok(parent.map(|parent| (name.clone(), parent)))
    }

    /// The directory `path`; `None` where it is missing and to be left so.
    pub(super) fn directory(
        &mut self,
        path: &ImagePath,
        missing: Missing,
    ) -> Result<Option<usize>, BackendError> {
        let mut directory = ROOT;
        for (depth, name) in path.names().iter().enumerate() {
            let here = || ImagePath::from_names(path.names().iter().take(depth + 1).cloned());
            if depth == 0 && is_reserved_name(name) {
                return Err(BackendError::Reserved { path: path.clone() });
            }
            directory = match (self.find(directory, name)?, missing) {
                (Some(found), _) if self.node(found).directory => found,
                (Some(found), _) => match (self.node(found).host_kind(), missing) {
                    (Some(HostKind::Link), _) => match (self.follow(found)?, missing) {
                        (Some(directory), _) => directory,
                        (None, Missing::Leave) => return Ok(None),
                        (None, Missing::Make) => {
                            return Err(BackendError::LinkInTheWay { path: here() });
                        }
                    },
                    // Nothing is below a file, so nothing is to be removed.
                    (_, Missing::Leave) => return Ok(None),
                    (Some(HostKind::Special), _) => {
                        return Err(BackendError::SpecialInTheWay { path: here() });
                    }
                    _ => return Err(BackendError::FileInTheWay { path: here() }),
                },
                (None, Missing::Leave) => return Ok(None),
                (None, Missing::Make) => {
                    self.claim(directory)?;
                    let made = self.add(directory, name, true);
                    self.check_name(&self.path(made))?;
                    made
                }
            };
        }
        Ok(Some(directory))
    }

    /// The directory that a link leads to, as the changes so far leave it.
    /// Where a link leads that is moved itself is not known before the commit.
    fn follow(&mut self, link: usize) -> Result<Option<usize>, BackendError> {
        let Some(host) = self.host_path(link).filter(|host| *host == self.path(link)) else {
            return Ok(None);
        };
        let Ok((resolved, HostKind::Directory)) = self.host.resolve(&host) else {
            return Ok(None);
        };
        let mut directory = ROOT;
        for component in resolved.components() {
            let Component::Normal(exact) = component else {
                return Ok(None);
            };
            let Some(name) = windows_name(exact) else {
                return Ok(None);
            };
            match self.find(directory, &name)? {
                Some(found)
                    if self.node(found).directory
                        && self.node(found).name.as_text() == name.as_text() =>
                {
                    directory = found;
                }
                _ => return Ok(None),
            }
        }
        Ok(Some(directory))
    }

    pub(super) fn failed(&self, path: &Path, error: std::io::Error) -> BackendError {
        BackendError::host(self.host, path, error)
    }

    /// The directory that a node lies in on the host.
    pub(super) fn original_parent(&self, node: usize) -> usize {
        let there = self.node(node).there.as_ref();
        there.map_or(ROOT, |there| there.parent)
    }
}
