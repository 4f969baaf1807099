//! A tree seen through planned file changes.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::backend::FileChange;
use crate::blob::{Blob, ContentId};
use crate::path::ImagePath;
use crate::plan::State;
use crate::text::Text;
use crate::tree::{Entry, FileTree, Kind, Metadata, TreeError};

/// What the plan makes of a path.
#[derive(Clone)]
enum Node {
    File {
        blob: Arc<dyn Blob>,
        id: ContentId,
    },
    /// A directory that the plan makes. An opaque one stands where something
    /// was removed, and hides what the base has below.
    Directory {
        opaque: bool,
    },
    Removed,
}

/// A base tree with planned changes over it, and the way back.
#[derive(Clone)]
pub(super) struct Files {
    base: Arc<dyn FileTree>,
    nodes: BTreeMap<ImagePath, Node>,
    /// Every replaced node, oldest first: a savepoint is a length of it.
    history: Vec<(ImagePath, Option<Node>)>,
}

impl Files {
    pub(super) fn new(base: Arc<dyn FileTree>) -> Files {
        Files {
            base,
            nodes: BTreeMap::new(),
            history: Vec::new(),
        }
    }

    pub(super) fn base(&self) -> &Arc<dyn FileTree> {
        &self.base
    }

    pub(super) fn savepoint(&self) -> usize {
        self.history.len()
    }

    pub(super) fn roll_back(&mut self, savepoint: usize) {
        while self.history.len() > savepoint {
            match self.history.pop() {
                Some((path, Some(node))) => self.nodes.insert(path, node),
                Some((path, None)) => self.nodes.remove(&path),
                None => None,
            };
        }
    }

    fn set(&mut self, path: &ImagePath, node: Option<Node>) {
        let before = match node {
            Some(node) => self.nodes.insert(path.clone(), node),
            None => self.nodes.remove(path),
        };
        self.history.push((path.clone(), before));
    }

    pub(super) fn put(&mut self, path: &ImagePath, blob: Arc<dyn Blob>, id: ContentId) {
        self.set(path, Some(Node::File { blob, id }));
    }

    pub(super) fn make_directory(&mut self, path: &ImagePath) {
        let opaque = matches!(self.nodes.get(path), Some(Node::Removed));
        self.set(path, Some(Node::Directory { opaque }));
    }

    pub(super) fn remove(&mut self, path: &ImagePath) -> Result<(), TreeError> {
        let below: Vec<ImagePath> = self
            .nodes
            .range(path.clone()..)
            .map(|(below, _)| below)
            .skip_while(|below| *below == path)
            .take_while(|below| below.starts_with(path))
            .cloned()
            .collect();
        for path in below {
            self.set(&path, None);
        }
        let in_base = !self.hidden(path) && self.base.metadata(path)?.is_some();
        self.set(path, in_base.then_some(Node::Removed));
        Ok(())
    }

    /// Whether a planned removal above `path` hides what the base has there.
    fn hidden(&self, path: &ImagePath) -> bool {
        let mut above = path.parent();
        while let Some(directory) = above {
            if let Some(Node::Removed | Node::Directory { opaque: true } | Node::File { .. }) =
                self.nodes.get(&directory)
            {
                return true;
            }
            above = directory.parent();
        }
        false
    }

    /// What is at `path`, as expectations compare it.
    pub(super) fn state(&self, path: &ImagePath) -> Result<Option<State>, TreeError> {
        if let Some(Node::File { id, .. }) = self.nodes.get(path) {
            return Ok(Some(State::File(*id)));
        }
        let Some(metadata) = self.metadata(path)? else {
            return Ok(None);
        };
        Ok(Some(match metadata.kind {
            Kind::Directory => State::Directory,
            Kind::Link => State::Link,
            Kind::File => match self.open(path)? {
                Some(blob) => State::File(
                    ContentId::of_blob(blob.as_ref())
                        .map_err(|error| TreeError::new(path, error))?,
                ),
                None => return Ok(None),
            },
        }))
    }

    /// The topmost directory above `path`, or `path` itself, that is not there.
    pub(super) fn first_missing(&self, path: &ImagePath) -> Result<Option<ImagePath>, TreeError> {
        let names = path.names();
        for depth in 1..=names.len() {
            let part = ImagePath::from_names(names.iter().take(depth).cloned());
            if self.metadata(&part)?.is_none() {
                return Ok(Some(part));
            }
        }
        Ok(None)
    }

    /// What a backend has to do so that the base becomes what is seen here.
    pub(super) fn net_changes(&self) -> Result<Vec<FileChange>, TreeError> {
        let mut changes = Vec::new();
        for (path, node) in &self.nodes {
            let base = match self.hidden(path) {
                true => None,
                false => self.base.metadata(path)?.map(|found| found.kind),
            };
            let path = path.clone();
            match (node, base) {
                (Node::Removed, Some(_)) => changes.push(FileChange::Remove { path }),
                (Node::Removed, None) => {}
                (Node::Directory { opaque: false }, Some(Kind::Directory)) => {}
                (Node::Directory { .. }, base) => {
                    if base.is_some() {
                        changes.push(FileChange::Remove { path: path.clone() });
                    }
                    changes.push(FileChange::MakeDirectory { path });
                }
                (Node::File { blob, .. }, base) => {
                    if matches!(base, Some(Kind::Directory)) {
                        changes.push(FileChange::Remove { path: path.clone() });
                    }
                    changes.push(FileChange::Put {
                        path,
                        content: Arc::clone(blob),
                        in_place_if_linked: false,
                        differs: None,
                    });
                }
            }
        }
        Ok(changes)
    }
}

impl FileTree for Files {
    fn metadata(&self, path: &ImagePath) -> Result<Option<Metadata>, TreeError> {
        match self.nodes.get(path) {
            Some(Node::File { id, .. }) => Ok(Some(Metadata::file(id.len))),
            Some(Node::Directory { .. }) => Ok(Some(Metadata::directory())),
            Some(Node::Removed) => Ok(None),
            None if self.hidden(path) => Ok(None),
            None => self.base.metadata(path),
        }
    }

    fn read_dir(&self, path: &ImagePath) -> Result<Option<Vec<Entry>>, TreeError> {
        let opaque = match self.nodes.get(path) {
            Some(Node::File { .. } | Node::Removed) => return Ok(None),
            Some(Node::Directory { opaque }) => *opaque,
            None => false,
        };
        let planned_directory = matches!(self.nodes.get(path), Some(Node::Directory { .. }));
        let from_base = match opaque || self.hidden(path) {
            true => None,
            false => self.base.read_dir(path)?,
        };
        if from_base.is_none() && !planned_directory {
            return Ok(None);
        }
        let depth = path.names().len() + 1;
        let planned = self
            .nodes
            .range(path.clone()..)
            .skip_while(|(below, _)| *below == path)
            .take_while(|(below, _)| below.starts_with(path))
            .filter(|(below, _)| below.names().len() == depth);
        let mut entries: BTreeMap<_, Entry> = from_base
            .unwrap_or_default()
            .into_iter()
            .map(|entry| (entry.name.clone(), entry))
            .collect();
        for (below, node) in planned {
            let Some(name) = below.file_name() else {
                continue;
            };
            let kind = match node {
                Node::Removed => {
                    entries.remove(name);
                    continue;
                }
                Node::File { .. } => Kind::File,
                Node::Directory { .. } => Kind::Directory,
            };
            // A replaced file keeps the spelling it was found with.
            let entry = entries.entry(name.clone()).or_insert_with(|| Entry {
                name: name.clone(),
                kind,
            });
            entry.kind = kind;
        }
        Ok(Some(entries.into_values().collect()))
    }

    fn open(&self, path: &ImagePath) -> Result<Option<Arc<dyn Blob>>, TreeError> {
        match self.nodes.get(path) {
            Some(Node::File { blob, .. }) => Ok(Some(Arc::clone(blob))),
            Some(_) => Ok(None),
            None if self.hidden(path) => Ok(None),
            None => self.base.open(path),
        }
    }

    fn link_target(&self, path: &ImagePath) -> Result<Option<Text>, TreeError> {
        match self.nodes.get(path) {
            Some(_) => Ok(None),
            None if self.hidden(path) => Ok(None),
            None => self.base.link_target(path),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blob::MemoryBlob;
    use crate::tree::MemoryTree;

    fn path(text: &str) -> ImagePath {
        ImagePath::parse(text).unwrap()
    }

    fn listing(tree: &dyn FileTree) -> Vec<String> {
        let mut seen = Vec::new();
        tree.walk(&ImagePath::root(), &mut |path, _| {
            seen.push(path.to_string());
            Ok(())
        })
        .unwrap();
        seen
    }

    fn files() -> Files {
        let mut base = MemoryTree::new();
        for name in ["a\\one", "a\\two", "b\\deep\\three"] {
            base.insert(name, name.as_bytes()).unwrap();
        }
        Files::new(Arc::new(base))
    }

    fn put(files: &mut Files, name: &str, bytes: &'static [u8]) {
        let blob = MemoryBlob::new(bytes);
        files.put(&path(name), Arc::new(blob), ContentId::of(bytes));
    }

    #[test]
    fn reads_show_what_the_plan_leaves_and_a_savepoint_takes_it_back() {
        let mut files = files();
        let before = listing(&files);
        let savepoint = files.savepoint();
        put(&mut files, "A\\TWO", b"new");
        files.make_directory(&path("c"));
        put(&mut files, "c\\x", b"x");
        files.remove(&path("b")).unwrap();
        files.make_directory(&path("b"));
        put(&mut files, "b\\four", b"4");
        files.remove(&path("a\\one")).unwrap();
        assert_eq!(
            listing(&files),
            ["a", "a\\two", "b", "b\\four", "c", "c\\x"]
        );
        assert_eq!(files.read(&path("a\\two"), 9).unwrap().unwrap(), b"new");
        assert_eq!(files.metadata(&path("b\\deep\\three")).unwrap(), None);
        let net: Vec<String> = files
            .net_changes()
            .unwrap()
            .iter()
            .map(|change| match change {
                FileChange::Put { path, .. } => format!("put {path}"),
                FileChange::MakeDirectory { path } => format!("make {path}"),
                FileChange::Remove { path } => format!("remove {path}"),
            })
            .collect();
        assert_eq!(
            net,
            [
                "remove a\\one",
                "put A\\TWO",
                "remove b",
                "make b",
                "put b\\four",
                "make c",
                "put c\\x"
            ]
        );
        files.roll_back(savepoint);
        assert_eq!(listing(&files), before);
        assert!(files.net_changes().unwrap().is_empty());
    }

    #[test]
    fn what_was_planned_and_removed_again_leaves_no_change() {
        let mut files = files();
        files.make_directory(&path("c"));
        put(&mut files, "c\\x", b"x");
        files.remove(&path("c")).unwrap();
        assert!(files.net_changes().unwrap().is_empty());
    }
}
