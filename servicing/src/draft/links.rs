//! Hard links that the plan makes: one more name for a file of the base, or for
//! one that the plan puts there.
//!
//! A link to a file of the base is a node with the file's path there as its
//! origin. While it is one, some other path shows that file without being a
//! link; when that path loses the file, a link takes it over, so that all that
//! is known of the file stays with the names that are left.

use std::collections::BTreeMap;

use super::files::{Files, Link, Node, Thing};
use crate::path::ImagePath;
use crate::tree::{FileTree as _, TreeError};

impl Files {
    /// Gives the file at `to` the name `path` as well; a file that has it loses
    /// it.
    pub(super) fn link(&mut self, path: &ImagePath, to: &ImagePath) -> Result<(), TreeError> {
        let mut new = match self.nodes.get(to) {
            Some(node) => node.clone(),
            None => Node::kept(self.origin(to)),
        };
        if let Thing::File { .. } = new.thing {
            if new.link.is_none() {
                new.link = Some(Link::OfPlanned(self.linked));
                self.linked += 1;
                self.set_here(to, new.clone());
            }
            // What it replaces in the base is the business of the first name;
            // what it keeps of that is the file's.
            if new.origin.take().is_some() {
                // What knows no attributes has no times that can be set.
                if let Some(shown) = self.metadata(to)?
                    && shown.attributes.is_some()
                {
                    new.attributes = shown.attributes;
                    new.times = shown.times();
                }
                new.details = self.details(to)?.unwrap_or_default();
            }
        } else {
            new.link = Some(Link::OfBase);
        }
        new.renamed = true;
        self.has_links = true;
        // That one goes with a name.
        new.details.short_name = None;
        self.remove(path)?;
        self.set(path, Some(new));
        Ok(())
    }

    pub(super) fn is_same_file(
        &self,
        one: &ImagePath,
        other: &ImagePath,
    ) -> Result<bool, TreeError> {
        if one == other {
            return self.has_file(one);
        }
        let planned = |path: &ImagePath| match self.nodes.get(path) {
            Some(node) => match (&node.thing, node.link) {
                (Thing::File { .. }, Some(Link::OfPlanned(number))) => Some(Some(number)),
                (Thing::File { .. }, _) => Some(None),
                _ => None,
            },
            None => None,
        };
        match (planned(one), planned(other)) {
            (Some(one), Some(other)) => Ok(one.is_some() && one == other),
            (None, None) => match (self.origin(one), self.origin(other)) {
                (Some(one), Some(other)) => self.base.same_file(&one, &other),
                _ => Ok(false),
            },
            _ => Ok(false),
        }
    }

    /// All names of the file at `path`, where the plan or the base gives files
    /// several; else `path` alone, which need not be a file.
    pub(super) fn names_if_several(&self, path: &ImagePath) -> Result<Vec<ImagePath>, TreeError> {
        let links = self.metadata(path)?.map_or(1, |found| found.links);
        match links > 1 || self.has_links {
            true => self.names_of(path),
            false => Ok(vec![path.clone()]),
        }
    }

    /// All names of the file at `path`, `path` first.
    pub(super) fn names_of(&self, path: &ImagePath) -> Result<Vec<ImagePath>, TreeError> {
        let mut names = vec![path.clone()];
        if !self.has_file(path)? {
            return Ok(names);
        }
        let planned = self.nodes.get(path);
        let candidates: Vec<ImagePath> = match planned.map(|node| (&node.thing, node.link)) {
            Some((Thing::File { .. }, Some(link @ Link::OfPlanned(_)))) => {
                let linked = self.nodes.iter();
                let linked = linked.filter(|(_, node)| node.link == Some(link));
                linked.map(|(path, _)| path.clone()).collect()
            }
            Some((Thing::File { .. }, _)) => Vec::new(),
            _ => match self.origin(path) {
                Some(origin) => self.names_of_base(&origin)?,
                None => Vec::new(),
            },
        };
        for name in candidates {
            if !names.contains(&name) && self.is_same_file(path, &name)? {
                names.push(name);
            }
        }
        Ok(names)
    }

    /// The paths under which the draft shows the file that the base has at
    /// `origin`.
    fn names_of_base(&self, origin: &ImagePath) -> Result<Vec<ImagePath>, TreeError> {
        let of_base = self.base.names(origin)?;
        let mut names: Vec<ImagePath> = of_base.iter().filter_map(|of| self.holder(of)).collect();
        if self.has_links {
            let links = self.links_of_base().into_iter();
            let links = links.filter(|(_, of)| of_base.contains(of));
            names.extend(links.map(|(path, _)| path));
        }
        Ok(names)
    }

    /// By number, the one name of each planned file under which it is written:
    /// the one that replaces a file of the base, else the one that was no link
    /// from the start, for a new file inherits from its directory.
    pub(super) fn leaders(&self) -> BTreeMap<u32, &ImagePath> {
        let mut names: BTreeMap<u32, Vec<(&ImagePath, &Node)>> = BTreeMap::new();
        for (path, node) in &self.nodes {
            if let (Thing::File { .. }, Some(Link::OfPlanned(number))) = (&node.thing, node.link) {
                names.entry(number).or_default().push((path, node));
            }
        }
        let leader = |names: &[(&'_ ImagePath, &Node)]| {
            let rank = |node: &Node| (node.origin.is_none(), node.renamed);
            names
                .iter()
                .position(|(_, node)| names.iter().all(|(_, other)| rank(node) <= rank(other)))
        };
        names
            .into_iter()
            .filter_map(|(number, names)| Some((number, names.get(leader(&names)?)?.0)))
            .collect()
    }

    /// The links to files of the base, by path and origin.
    fn links_of_base(&self) -> Vec<(ImagePath, ImagePath)> {
        let nodes = self.nodes.iter();
        nodes
            .filter(|(_, node)| node.link == Some(Link::OfBase))
            .filter_map(|(path, node)| Some((path.clone(), node.origin.clone()?)))
            .collect()
    }

    /// Makes a link the one name that holds the file of the base at `origin`;
    /// `false` where nothing links to it.
    pub(super) fn hand_over(&mut self, origin: &ImagePath) -> bool {
        if !self.has_links {
            return false;
        }
        let heir = self
            .links_of_base()
            .into_iter()
            .find(|(_, of)| of == origin);
        match heir {
            Some((heir, _)) => {
                self.make_holder(&heir);
                true
            }
            None => false,
        }
    }

    /// The same for every file of the base that is shown at or below `path`, by
    /// links that are not.
    pub(super) fn hand_over_below(&mut self, path: &ImagePath) {
        if !self.has_links {
            return;
        }
        let mut handed_over = Vec::new();
        for (link, origin) in self.links_of_base() {
            let goes = |files: &Files| {
                let holder = files.holder(&origin);
                holder.is_some_and(|holder| holder.starts_with(path))
            };
            if !link.starts_with(path) && !handed_over.contains(&origin) && goes(self) {
                self.make_holder(&link);
                handed_over.push(origin);
            }
        }
    }

    fn make_holder(&mut self, link: &ImagePath) {
        if let Some(node) = self.nodes.get(link) {
            let mut node = node.clone();
            node.link = None;
            self.set_here(link, node);
        }
    }

    /// The path that shows the file of the base at `origin` without being a
    /// link to it.
    fn holder(&self, origin: &ImagePath) -> Option<ImagePath> {
        let moved = self.nodes.iter().filter_map(|(path, node)| {
            let below = origin.below(node.origin.as_ref()?)?;
            (node.link != Some(Link::OfBase)).then(|| path.join_path(&below))
        });
        let mut places = moved.chain([origin.clone()]);
        places.find(|place| {
            let node = self.nodes.get(place);
            let shows = node.is_none_or(|node| node.link.is_none() && node.thing.is_kept());
            shows && self.origin(place).as_ref() == Some(origin)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::backend::FileChange;
    use crate::blob::{ContentId, MemoryBlob};
    use crate::tree::{FileTree, MemoryTree};

    fn path(text: &str) -> ImagePath {
        ImagePath::parse(text).unwrap()
    }

    fn files() -> Files {
        let mut base = MemoryTree::new();
        for name in ["s\\one", "s\\two", "w\\v1\\one", "w\\v1\\two"] {
            base.insert(name, name.as_bytes()).unwrap();
        }
        Files::new(Arc::new(base))
    }

    fn put(files: &mut Files, name: &str, bytes: &'static [u8]) {
        let blob = MemoryBlob::new(bytes);
        let id = ContentId::of(bytes);
        files.put(&path(name), Arc::new(blob), id).unwrap();
    }

    fn link(files: &mut Files, name: &str, to: &str) {
        files.link(&path(name), &path(to)).unwrap();
    }

    fn read(files: &Files, name: &str) -> Option<String> {
        let bytes = files.read(&path(name), 99).unwrap();
        bytes.map(|bytes| String::from_utf8(bytes).unwrap())
    }

    fn net(files: &Files) -> Vec<String> {
        let told = |change: &FileChange| match change {
            FileChange::Put { path, .. } => format!("put {path}"),
            FileChange::Remove { path } => format!("remove {path}"),
            FileChange::Rename { from, to } => format!("rename {from} > {to}"),
            FileChange::Link { path, to } => format!("link {path} = {to}"),
            _ => "another".to_owned(),
        };
        files.net_changes().unwrap().iter().map(told).collect()
    }

    fn same(files: &Files, one: &str, other: &str) -> bool {
        files.same_file(&path(one), &path(other)).unwrap()
    }

    #[test]
    fn a_link_shows_the_file_and_comes_after_it() {
        let mut files = files();
        let savepoint = files.savepoint();
        put(&mut files, "w\\v2\\one", b"new");
        link(&mut files, "S\\ONE", "w\\v2\\one");
        link(&mut files, "s\\two", "W\\V1\\TWO");
        link(&mut files, "a", "s\\one");
        assert_eq!(read(&files, "s\\one").unwrap(), "new");
        assert_eq!(read(&files, "s\\two").unwrap(), "w\\v1\\two");
        assert!(same(&files, "s\\one", "w\\v2\\one") && same(&files, "a", "s\\one"));
        assert!(same(&files, "s\\two", "w\\v1\\two"));
        assert!(!same(&files, "s\\one", "s\\two") && !same(&files, "w\\v1\\one", "s\\one"));
        let listed = files.read_dir(&path("s")).unwrap().unwrap();
        assert_eq!(listed.len(), 2);
        assert_eq!(
            net(&files),
            [
                "put w\\v2\\one",
                "link a = w\\v2\\one",
                "link S\\ONE = w\\v2\\one",
                "link s\\two = W\\V1\\TWO",
            ]
        );
        files.roll_back(savepoint);
        assert!(net(&files).is_empty());
        assert_eq!(read(&files, "s\\one").unwrap(), "s\\one");
    }

    #[test]
    fn a_name_that_is_written_leaves_the_others() {
        let mut files = files();
        link(&mut files, "s\\one", "w\\v1\\one");
        put(&mut files, "s\\one", b"own");
        assert_eq!(read(&files, "w\\v1\\one").unwrap(), "w\\v1\\one");
        assert_eq!(net(&files), ["remove s\\one", "put s\\one"]);
        let mut files = self::files();
        put(&mut files, "n", b"new");
        link(&mut files, "s\\one", "n");
        put(&mut files, "n", b"newer");
        assert_eq!(read(&files, "s\\one").unwrap(), "new");
        assert_eq!(net(&files), ["put n", "remove s\\one", "put s\\one"]);
    }

    #[test]
    fn a_file_stays_as_it_was_with_the_names_that_are_left() {
        // The name it had goes: one link is the file then, moved.
        let mut files = files();
        link(&mut files, "a", "w\\v1\\one");
        link(&mut files, "b", "a");
        files.remove(&path("w")).unwrap();
        assert_eq!(read(&files, "a").unwrap(), "w\\v1\\one");
        assert!(same(&files, "a", "b"));
        assert_eq!(
            net(&files),
            ["rename w\\v1\\one > a", "remove w", "link b = a"]
        );
        // The name it had gets other content.
        let mut files = self::files();
        link(&mut files, "z", "w\\v1\\one");
        put(&mut files, "w\\v1\\one", b"other");
        assert_eq!(read(&files, "z").unwrap(), "w\\v1\\one");
        assert_eq!(net(&files), ["rename w\\v1\\one > z", "put w\\v1\\one"]);
        // The directory with the file moves: the link finds it.
        let mut files = self::files();
        link(&mut files, "s\\one", "w\\v1\\one");
        files.rename(&path("w"), &path("x")).unwrap();
        assert!(same(&files, "s\\one", "x\\v1\\one"));
        assert_eq!(net(&files), ["rename w > x", "link s\\one = x\\v1\\one"]);
        // The link moves, and its old name is free.
        files.rename(&path("s\\one"), &path("s\\three")).unwrap();
        assert_eq!(read(&files, "s\\one"), None);
        assert_eq!(
            net(&files),
            [
                "remove s\\one",
                "rename w > x",
                "link s\\three = x\\v1\\one"
            ]
        );
        // Nothing but a link is left, and it goes.
        files.remove(&path("s\\three")).unwrap();
        files.remove(&path("x")).unwrap();
        assert_eq!(net(&files), ["remove s\\one", "remove w"]);
    }

    #[test]
    fn two_names_that_swap_their_files() {
        let mut files = files();
        link(&mut files, "t", "s\\one");
        link(&mut files, "s\\one", "s\\two");
        link(&mut files, "s\\two", "t");
        files.remove(&path("t")).unwrap();
        assert_eq!(read(&files, "s\\one").unwrap(), "s\\two");
        assert_eq!(read(&files, "s\\two").unwrap(), "s\\one");
        let net = net(&files);
        assert!(
            net.iter().all(|change| change.starts_with("rename")),
            "{net:?}"
        );
    }
}
