//! A tree seen through planned file changes.
//!
//! Each path that the plan touched has a node. What has none shows what the
//! base has there; below a renamed directory that is what the base has under
//! its old name. So a rename costs one node, whatever the directory holds.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::blob::{Blob, ContentId};
use crate::path::ImagePath;
use crate::plan::{FileDetails, ReparsePoint, STORED_ATTRIBUTES, State, Times};
use crate::text::Text;
use crate::tree::wim::reparse_target;
use crate::tree::{Entry, FileTree, Kind, Metadata, TreeError};

/// Attributes that change when a file is written to.
///
/// Source: \[MS-FSCC\] 2.6, file attributes.
const ARCHIVE: u32 = 0x20;
const NORMAL: u32 = 0x80;
const ENCRYPTED: u32 = 0x4000;

/// What the plan makes of a path.
#[derive(Clone)]
pub(super) struct Node {
    pub(super) thing: Thing,
    /// The path in the base of what stands here: what the plan does not change
    /// of it shows, and for a directory what lies below. `None` for what is
    /// new and what is removed.
    pub(super) origin: Option<ImagePath>,
    /// Whether the plan gave it this name, which is spelled as in the plan.
    pub(super) renamed: bool,
    /// Whether this is one more name of a file: of that of the base at the
    /// origin, or of a planned one.
    pub(super) link: Option<Link>,
    pub(super) attributes: Option<u32>,
    pub(super) times: Times,
    pub(super) details: FileDetails<Arc<dyn Blob>>,
}

/// How a path is one name of several that the plan gives a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Link {
    /// One more name of the file that the base has at the origin, which another
    /// path shows without being a link.
    OfBase,
    /// One of the names of the planned file with this number.
    OfPlanned(u32),
}

/// What stands at a path that the plan touched.
#[derive(Clone)]
pub(super) enum Thing {
    /// What the base has at the origin.
    Kept,
    /// This content.
    File { blob: Arc<dyn Blob>, id: ContentId },
    /// A directory that the plan makes.
    Directory,
    /// A link that the plan makes.
    Link(Arc<ReparsePoint<Arc<dyn Blob>>>),
    /// Nothing; the base has something here.
    Removed,
}

impl Thing {
    pub(super) fn is_kept(&self) -> bool {
        matches!(self, Thing::Kept)
    }
}

impl Node {
    fn new(thing: Thing, origin: Option<ImagePath>) -> Node {
        Node {
            thing,
            origin,
            renamed: false,
            link: None,
            attributes: None,
            times: Times::default(),
            details: FileDetails::default(),
        }
    }

    /// What the base has at `origin`.
    pub(super) fn kept(origin: Option<ImagePath>) -> Node {
        Node::new(Thing::Kept, origin)
    }

    /// What the plan sets of it.
    fn over(&self, mut metadata: Metadata) -> Metadata {
        metadata.attributes = self.attributes.or(metadata.attributes);
        if let (Some(attributes), Some(stored)) = (metadata.attributes, self.details.stored) {
            metadata.attributes = Some(attributes & !STORED_ATTRIBUTES | stored);
        }
        let times = self.times.or(metadata.times());
        metadata.created = times.created;
        metadata.accessed = times.accessed;
        metadata.modified = times.written;
        metadata
    }
}

/// What a path is to show, for an [`Overlay`].
#[cfg(all(feature = "fuse", target_os = "linux"))]
pub(crate) struct Planned(Node);

#[cfg(all(feature = "fuse", target_os = "linux"))]
impl Planned {
    /// Nothing; the base has something there.
    pub(crate) fn removed() -> Planned {
        Planned(Node::new(Thing::Removed, None))
    }

    /// A new directory.
    pub(crate) fn directory() -> Planned {
        Planned(Node::new(Thing::Directory, None))
    }

    /// A file with this content; with an origin, one of the base that is
    /// written to.
    ///
    /// The blob has to know its identity.
    pub(crate) fn file(blob: Arc<dyn Blob>, origin: Option<ImagePath>) -> Planned {
        let id = blob.known_id().unwrap_or_else(|| ContentId::of(&[]));
        Planned(Node::new(Thing::File { blob, id }, origin))
    }

    /// What the base has there.
    pub(crate) fn kept(origin: Option<ImagePath>) -> Planned {
        Planned(Node::new(Thing::Kept, origin))
    }

    /// What the base has elsewhere, with other content where some is given.
    pub(crate) fn renamed(origin: ImagePath, content: Option<Arc<dyn Blob>>) -> Planned {
        let mut planned = match content {
            Some(blob) => Planned::file(blob, Some(origin)),
            None => Planned::kept(Some(origin)),
        };
        planned.0.renamed = true;
        planned
    }

    /// With these attributes and times.
    pub(crate) fn with(mut self, attributes: Option<u32>, times: Times) -> Planned {
        self.0.attributes = attributes;
        self.0.times = times;
        self
    }

    /// Makes it new content of a file that the base has, spelled as there; it
    /// gets the spelling of its path here.
    pub(crate) fn replaces(&mut self, origin: ImagePath) {
        self.0.origin = Some(origin);
        self.0.renamed = true;
    }
}

/// A tree of which is known what shall be changed, but not in which order.
#[cfg(all(feature = "fuse", target_os = "linux"))]
pub(crate) struct Overlay(Files);

#[cfg(all(feature = "fuse", target_os = "linux"))]
impl Overlay {
    /// `base` with these paths changed.
    pub(crate) fn new(base: Arc<dyn FileTree>, planned: Vec<(ImagePath, Planned)>) -> Overlay {
        let mut files = Files::new(base);
        let nodes = planned
            .into_iter()
            .map(|(path, Planned(node))| (path, node));
        files.nodes = nodes.collect();
        Overlay(files)
    }

    /// The changes, in an order in which they can be made.
    pub(crate) fn net_changes(&self) -> Result<Vec<crate::backend::FileChange>, TreeError> {
        self.0.net_changes()
    }
}

/// A base tree with planned changes over it, and the way back.
#[derive(Clone)]
pub(super) struct Files {
    pub(super) base: Arc<dyn FileTree>,
    pub(super) nodes: BTreeMap<ImagePath, Node>,
    /// Every replaced node with its spelling, oldest first: a savepoint is a
    /// length of it.
    history: Vec<(ImagePath, Option<(ImagePath, Node)>)>,
    /// Whether the plan ever made a link.
    pub(super) has_links: bool,
    /// How many planned files were given more than one name.
    pub(super) linked: u32,
}

impl Files {
    pub(super) fn new(base: Arc<dyn FileTree>) -> Files {
        Files {
            base,
            nodes: BTreeMap::new(),
            history: Vec::new(),
            has_links: false,
            linked: 0,
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
            if let Some((path, before)) = self.history.pop() {
                self.nodes.remove(&path);
                self.nodes.extend(before);
            }
        }
    }

    /// Puts a node under exactly this spelling.
    pub(super) fn set(&mut self, path: &ImagePath, node: Option<Node>) {
        let before = self.nodes.remove_entry(path);
        self.nodes.extend(node.map(|node| (path.clone(), node)));
        self.history.push((path.clone(), before));
    }

    /// Puts a node under the spelling that is there, if one is.
    pub(super) fn set_here(&mut self, path: &ImagePath, node: Node) {
        let known = self.nodes.get_key_value(path).map(|(known, _)| known);
        let path = known.unwrap_or(path).clone();
        self.set(&path, Some(node));
    }

    pub(super) fn put(
        &mut self,
        path: &ImagePath,
        blob: Arc<dyn Blob>,
        id: ContentId,
    ) -> Result<(), TreeError> {
        let mut node = match self.nodes.get(path) {
            // One name of several gets a file of its own.
            Some(node) if node.link == Some(Link::OfBase) => Node::new(Thing::Kept, None),
            // A file that was removed and comes back is the one it was.
            Some(node) if !matches!(node.thing, Thing::Removed) => node.clone(),
            _ => Node::new(Thing::Kept, self.beneath(path)),
        };
        if let Some(origin) = &node.origin
            && (!self.base.has_file(origin)? || self.hand_over(origin))
        {
            node.origin = None;
        }
        node.link = None;
        node.thing = Thing::File { blob, id };
        node.times.written = None;
        self.set_here(path, node);
        Ok(())
    }

    pub(super) fn make_directory(&mut self, path: &ImagePath) {
        self.set(path, Some(Node::new(Thing::Directory, None)));
    }

    pub(super) fn make_link(&mut self, path: &ImagePath, link: ReparsePoint<Arc<dyn Blob>>) {
        self.set(path, Some(Node::new(Thing::Link(Arc::new(link)), None)));
    }

    pub(super) fn remove(&mut self, path: &ImagePath) -> Result<(), TreeError> {
        self.hand_over_below(path);
        self.take_away(path)
    }

    /// Takes away what is at `path`, of which nothing is left there.
    fn take_away(&mut self, path: &ImagePath) -> Result<(), TreeError> {
        for below in self.nodes_from(path) {
            self.set(&below, None);
        }
        let in_base = match self.beneath(path) {
            Some(origin) => self.base.metadata(&origin)?.is_some(),
            None => false,
        };
        if in_base {
            self.set(path, Some(Node::new(Thing::Removed, None)));
        }
        Ok(())
    }

    /// Gives what is at `from`, with all below it, the path `to`, where nothing
    /// else may be.
    pub(super) fn rename(&mut self, from: &ImagePath, to: &ImagePath) -> Result<(), TreeError> {
        let mut top = match self.nodes.get(from) {
            Some(node) => node.clone(),
            None => Node::new(Thing::Kept, self.origin(from)),
        };
        top.renamed = true;
        let mut moved = vec![(to.clone(), top)];
        for path in self.nodes_from(from) {
            let below = path.below(from).filter(|below| !below.is_root());
            if let (Some(below), Some(node)) = (below, self.nodes.get(&path)) {
                moved.push((to.join_path(&below), node.clone()));
            }
        }
        self.take_away(from)?;
        for (path, node) in moved {
            self.set(&path, Some(node));
        }
        Ok(())
    }

    pub(super) fn set_attributes(&mut self, path: &ImagePath, attributes: u32) {
        let mut node = self.node_or_kept(path);
        node.attributes = Some(attributes);
        self.set_here(path, node);
    }

    pub(super) fn set_times(&mut self, path: &ImagePath, times: Times) {
        let mut node = self.node_or_kept(path);
        node.times = times.or(node.times);
        self.set_here(path, node);
    }

    pub(super) fn set_details(&mut self, path: &ImagePath, details: FileDetails<Arc<dyn Blob>>) {
        if details.is_empty() {
            return;
        }
        let mut node = self.node_or_kept(path);
        node.details = details.or(node.details);
        self.set_here(path, node);
    }

    fn node_or_kept(&self, path: &ImagePath) -> Node {
        let node = self.nodes.get(path).cloned();
        node.unwrap_or_else(|| Node::new(Thing::Kept, self.origin(path)))
    }

    /// The nodes at and below `path`.
    fn nodes_from(&self, path: &ImagePath) -> Vec<ImagePath> {
        let from = self.nodes.range(path.clone()..).map(|(below, _)| below);
        from.take_while(|below| below.starts_with(path))
            .cloned()
            .collect()
    }

    /// The path in the base of what `path` shows, where that is not new; the
    /// base need not have anything there.
    pub(super) fn origin(&self, path: &ImagePath) -> Option<ImagePath> {
        let mut above = path.clone();
        loop {
            if let Some(node) = self.nodes.get(&above) {
                let below = path.below(&above)?;
                return Some(node.origin.as_ref()?.join_path(&below));
            }
            match above.parent() {
                Some(parent) => above = parent,
                None => return Some(path.clone()),
            }
        }
    }

    /// The path in the base of what `path` would show if it had no node: what
    /// has to make way for what stands here.
    pub(super) fn beneath(&self, path: &ImagePath) -> Option<ImagePath> {
        match (path.parent(), path.file_name()) {
            (Some(parent), Some(name)) => Some(self.origin(&parent)?.child(name.clone())),
            _ => Some(ImagePath::root()),
        }
    }

    /// What a listing of the base says that `origin` is: a link to a directory
    /// is a link there.
    fn listed_kind(&self, origin: &ImagePath) -> Result<Option<Kind>, TreeError> {
        let found = self.base.metadata(origin)?.map(|found| found.kind);
        match found {
            Some(Kind::Directory) if self.base.link_target(origin)?.is_some() => {
                Ok(Some(Kind::Link))
            }
            found => Ok(found),
        }
    }

    /// What a planned file holds; `None` for all that is not planned.
    pub(super) fn planned_content(&self, path: &ImagePath) -> Option<ContentId> {
        match self.nodes.get(path)?.thing {
            Thing::File { id, .. } => Some(id),
            _ => None,
        }
    }

    /// What is at `path`, as expectations compare it.
    pub(super) fn state(&self, path: &ImagePath) -> Result<Option<State>, TreeError> {
        if let Some(id) = self.planned_content(path) {
            return Ok(Some(State::File(id)));
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
}

impl FileTree for Files {
    fn same_file(&self, one: &ImagePath, other: &ImagePath) -> Result<bool, TreeError> {
        self.is_same_file(one, other)
    }

    fn metadata(&self, path: &ImagePath) -> Result<Option<Metadata>, TreeError> {
        let base = || match self.origin(path) {
            Some(origin) => self.base.metadata(&origin),
            None => Ok(None),
        };
        let Some(node) = self.nodes.get(path) else {
            return base();
        };
        let found = match &node.thing {
            Thing::Removed => None,
            Thing::Kept => base()?,
            Thing::Directory => Some(Metadata::directory()),
            Thing::Link(link) => {
                let mut found = Metadata::file(0);
                found.kind = Kind::Link;
                found.attributes = Some(link.attributes);
                found.created = link.times.created;
                found.accessed = link.times.accessed;
                found.modified = link.times.written;
                Some(found)
            }
            Thing::File { id, .. } => {
                let mut found = Metadata::file(id.len);
                if let Some(base) = base()? {
                    // As the backend of WIM files does; what the driver of a
                    // mounted NTFS does is its own business.
                    let of_wim = self.base.details(&ImagePath::root())?.is_some();
                    found.attributes = base.attributes.map(|attributes| match of_wim {
                        true => attributes & !(ENCRYPTED | NORMAL) | ARCHIVE,
                        false => attributes,
                    });
                    found.created = base.created;
                    found.accessed = base.accessed;
                }
                Some(found)
            }
        };
        Ok(found.map(|found| node.over(found)))
    }

    fn read_dir(&self, path: &ImagePath) -> Result<Option<Vec<Entry>>, TreeError> {
        let node = self.nodes.get(path).map(|node| &node.thing);
        if matches!(
            node,
            Some(Thing::File { .. } | Thing::Link(_) | Thing::Removed)
        ) {
            return Ok(None);
        }
        let from_base = match self.origin(path) {
            Some(origin) => self.base.read_dir(&origin)?,
            None => None,
        };
        if from_base.is_none() && !matches!(node, Some(Thing::Directory)) {
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
            let found = entries.remove(name);
            let kind = match (&node.thing, &node.origin) {
                (Thing::File { .. }, _) => Some(Kind::File),
                (Thing::Directory, _) => Some(Kind::Directory),
                (Thing::Link(_), _) => Some(Kind::Link),
                (Thing::Kept, Some(origin)) => self.listed_kind(origin)?,
                (Thing::Removed, _) | (Thing::Kept, None) => None,
            };
            if let Some(kind) = kind {
                // A replaced file keeps the spelling it was found with.
                let name = match found {
                    Some(found) if !node.renamed => found.name,
                    _ => name.clone(),
                };
                entries.insert(name.clone(), Entry { name, kind });
            }
        }
        Ok(Some(entries.into_values().collect()))
    }

    fn open(&self, path: &ImagePath) -> Result<Option<Arc<dyn Blob>>, TreeError> {
        if let Some(Node {
            thing: Thing::File { blob, .. },
            ..
        }) = self.nodes.get(path)
        {
            return Ok(Some(Arc::clone(blob)));
        }
        match self.origin(path) {
            Some(origin) => self.base.open(&origin),
            None => Ok(None),
        }
    }

    fn link_target(&self, path: &ImagePath) -> Result<Option<Text>, TreeError> {
        if let Some(Node {
            thing: Thing::Link(link),
            ..
        }) = self.nodes.get(path)
        {
            return Ok(reparse_target(link.tag, &link.data).map(Text::from));
        }
        match self.origin(path) {
            Some(origin) => self.base.link_target(&origin),
            None => Ok(None),
        }
    }

    fn names(&self, path: &ImagePath) -> Result<Vec<ImagePath>, TreeError> {
        self.names_of(path)
    }

    fn details(&self, path: &ImagePath) -> Result<Option<FileDetails<Arc<dyn Blob>>>, TreeError> {
        let base = || match self.origin(path) {
            Some(origin) => self.base.details(&origin),
            None => Ok(None),
        };
        let Some(node) = self.nodes.get(path) else {
            return base();
        };
        let found = match &node.thing {
            Thing::Removed => None,
            Thing::Link(link) => Some(link.details.clone()),
            Thing::Kept => base()?,
            Thing::File { .. } | Thing::Directory => match base()? {
                Some(found) => Some(found),
                // What it inherits is worked out by the commit.
                None if self.base.details(&ImagePath::root())?.is_some() => Some(FileDetails {
                    security: None,
                    short_name: Some(Text::default()),
                    streams: Some(Vec::new()),
                    tagged: Some(Vec::new()),
                    stored: Some(0),
                }),
                None => None,
            },
        };
        let moved = node.link == Some(Link::OfBase) || self.moved_from(path, node).is_some();
        Ok(found.map(|mut found| {
            if moved {
                // The short name belonged to the old name.
                found.short_name = Some(Text::default());
            }
            node.details.clone().or(found)
        }))
    }

    fn reparse_point(
        &self,
        path: &ImagePath,
    ) -> Result<Option<ReparsePoint<Arc<dyn Blob>>>, TreeError> {
        let found = match self.nodes.get(path).map(|node| &node.thing) {
            Some(Thing::Link(link)) => Some(ReparsePoint::clone(link)),
            Some(Thing::Kept) | None => match self.origin(path) {
                Some(origin) => self.base.reparse_point(&origin)?,
                None => None,
            },
            Some(_) => None,
        };
        let Some(mut found) = found else {
            return Ok(None);
        };
        if let Some(node) = self.nodes.get(path) {
            found.attributes = node.attributes.unwrap_or(found.attributes);
            found.times = node.times.or(found.times);
        }
        if let Some(details) = self.details(path)? {
            found.details = details;
        }
        Ok(Some(found))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::FileChange;
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
        let id = ContentId::of(bytes);
        files.put(&path(name), Arc::new(blob), id).unwrap();
    }

    fn rename(files: &mut Files, from: &str, to: &str) {
        files.rename(&path(from), &path(to)).unwrap();
    }

    fn told(change: &FileChange) -> String {
        match change {
            FileChange::Put { path, .. } => format!("put {path}"),
            FileChange::MakeDirectory { path } => format!("make {path}"),
            FileChange::Remove { path } => format!("remove {path}"),
            FileChange::Rename { from, to } => format!("rename {from} > {to}"),
            FileChange::Link { path, to } => format!("link {path} = {to}"),
            FileChange::SetAttributes { path, attributes } => format!("{path} {attributes:#x}"),
            FileChange::SetTimes { path, times } => format!("{path} {times}"),
            FileChange::SetDetails { path, details } => format!("{path} {details}"),
            FileChange::MakeLink { path, .. } => format!("make link {path}"),
        }
    }

    fn net(files: &Files) -> Vec<String> {
        files.net_changes().unwrap().iter().map(told).collect()
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
        let net: Vec<String> = files.net_changes().unwrap().iter().map(told).collect();
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

    #[test]
    fn a_renamed_directory_shows_what_it_held_and_what_was_planned_in_it() {
        let mut files = files();
        let before = listing(&files);
        let savepoint = files.savepoint();
        put(&mut files, "b\\new", b"n");
        files.remove(&path("a\\one")).unwrap();
        rename(&mut files, "B", "a\\C");
        assert_eq!(
            listing(&files),
            [
                "a",
                "a\\C",
                "a\\C\\deep",
                "a\\C\\deep\\three",
                "a\\C\\new",
                "a\\two"
            ]
        );
        let three = path("A\\c\\deep\\three");
        assert_eq!(files.read(&three, 99).unwrap().unwrap(), b"b\\deep\\three");
        assert_eq!(files.metadata(&path("b\\deep")).unwrap(), None);
        put(&mut files, "a\\c\\deep\\three", b"3");
        files.remove(&path("a\\c\\new")).unwrap();
        assert_eq!(
            net(&files),
            ["rename B > a\\C", "put a\\c\\deep\\three", "remove a\\one"]
        );
        // Only what is new in the plan is another file than before.
        rename(&mut files, "a\\C", "b");
        assert_eq!(
            net(&files),
            ["remove a\\one", "rename B > b", "put b\\deep\\three"]
        );
        files.roll_back(savepoint);
        assert_eq!(listing(&files), before);
        assert!(net(&files).is_empty());
    }

    #[test]
    fn what_has_a_name_that_another_gets_makes_way_first() {
        let mut files = files();
        // A log that rotates, and two that swap.
        put(&mut files, "log", b"new");
        files.remove(&path("a\\two")).unwrap();
        rename(&mut files, "a\\one", "a\\two");
        put(&mut files, "a\\one", b"1");
        assert_eq!(
            net(&files),
            [
                "remove a\\two",
                "rename a\\one > a\\two",
                "put a\\one",
                "put log"
            ]
        );
        let mut files = self::files();
        rename(&mut files, "a", "t");
        rename(&mut files, "b", "a");
        rename(&mut files, "t", "b");
        assert_eq!(
            listing(&files),
            ["a", "a\\deep", "a\\deep\\three", "b", "b\\one", "b\\two"]
        );
        assert_eq!(
            net(&files),
            [
                "rename b > wimwright-moving-0",
                "rename a > b",
                "rename wimwright-moving-0 > a"
            ]
        );
    }

    #[test]
    fn a_directory_that_goes_is_emptied_of_what_stays() {
        let mut files = files();
        rename(&mut files, "b\\deep\\three", "kept");
        files.remove(&path("b")).unwrap();
        put(&mut files, "b", b"a file now");
        rename(&mut files, "a", "z");
        files.make_directory(&path("a"));
        rename(&mut files, "z", "a\\inner");
        assert_eq!(
            listing(&files),
            [
                "a",
                "a\\inner",
                "a\\inner\\one",
                "a\\inner\\two",
                "b",
                "kept"
            ]
        );
        assert_eq!(
            net(&files),
            [
                "rename a > wimwright-moving-0",
                "make a",
                "rename wimwright-moving-0 > a\\inner",
                "rename b\\deep\\three > wimwright-moving-1",
                "remove b",
                "put b",
                "rename wimwright-moving-1 > kept"
            ]
        );
    }

    #[test]
    fn metadata_is_set_last_and_goes_with_its_file() {
        let mut files = files();
        let time = crate::time::from_unix_seconds(1_000_000_000);
        let times = Times {
            written: Some(time),
            ..Times::default()
        };
        files.set_attributes(&path("a\\one"), 0x21);
        files.set_times(&path("A"), times);
        rename(&mut files, "a", "n");
        let one = files.metadata(&path("n\\one")).unwrap().unwrap();
        assert_eq!(one.attributes, Some(0x21));
        assert_eq!(one.len, 5);
        assert_eq!(
            files.metadata(&path("n")).unwrap().unwrap().modified,
            Some(time)
        );
        assert_eq!(
            net(&files),
            [
                "rename A > n",
                "n written 2001-09-09T01:46:40Z",
                "n\\one 0x21"
            ]
        );
    }
}
