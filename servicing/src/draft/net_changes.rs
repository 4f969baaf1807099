//! From the nodes of a draft to changes that a backend can carry out one after
//! the other: each finds the tree as the ones before it left it.
//!
//! Paths are worked through from the root down, so what a change needs above
//! it is in its final place. What still has a name that another one gets is
//! moved on first where that can be done at once; where not (two that swap
//! their names, a directory that goes into one that takes its name) it waits
//! in the image's root under a name of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::files::{Files, Link, Node, Thing};
use crate::backend::FileChange;
use crate::path::{ImagePath, Name};
use crate::text::Text;
use crate::tree::TreeError;

impl Files {
    /// What a backend has to do so that the base becomes what is seen here.
    pub(super) fn net_changes(&self) -> Result<Vec<FileChange>, TreeError> {
        let mut net = Net::new(self);
        let mut removed_later = Vec::new();
        let leaders = self.leaders();
        // Names of files that are there, made when all files are.
        let mut links = Vec::new();
        for (path, node) in &self.nodes {
            match (&node.thing, node.link) {
                (Thing::Kept, Some(Link::OfBase)) => {
                    net.make_way_for_link(path)?;
                    links.extend(
                        node.origin
                            .as_ref()
                            .map(|origin| (path, LinkTo::Base(origin))),
                    );
                    continue;
                }
                (Thing::File { .. }, Some(Link::OfPlanned(number))) => match leaders.get(&number) {
                    Some(leader) if *leader != path => {
                        net.make_way_for_link(path)?;
                        links.push((path, LinkTo::Planned(leader)));
                        continue;
                    }
                    _ => {}
                },
                _ => {}
            }
            match &node.thing {
                Thing::Removed => {
                    if let Some(origin) = net.doomed(path)? {
                        match net.movers_below(&origin).is_empty() {
                            true => net.remove(path, origin),
                            false => removed_later.push((path, origin)),
                        }
                    }
                }
                Thing::Directory => {
                    net.make_way(path, None)?;
                    net.changes
                        .push(FileChange::MakeDirectory { path: path.clone() });
                    net.in_place.insert(path.clone());
                }
                Thing::Link(link) => {
                    net.make_way(path, None)?;
                    net.changes.push(FileChange::MakeLink {
                        path: path.clone(),
                        link: Arc::clone(link),
                    });
                }
                Thing::Kept => net.place_origin(node)?,
                Thing::File { blob, .. } => {
                    net.place_origin(node)?;
                    if node.origin.is_none() {
                        net.make_way(path, None)?;
                    }
                    net.changes.push(FileChange::Put {
                        path: path.clone(),
                        content: blob.clone(),
                        in_place_if_linked: false,
                        differs: None,
                    });
                }
            }
        }
        for (path, origin) in removed_later {
            if !net.gone.contains(&origin) {
                net.remove(path, origin);
            }
        }
        for (path, to) in links {
            let to = match to {
                LinkTo::Base(origin) => net.current(origin),
                LinkTo::Planned(leader) => leader.clone(),
            };
            let path = path.clone();
            net.changes.push(FileChange::Link { path, to });
        }
        for (path, node) in &self.nodes {
            if !node.details.is_empty() {
                let (path, details) = (path.clone(), node.details.clone());
                net.changes.push(FileChange::SetDetails { path, details });
            }
            if let Some(attributes) = node.attributes {
                let path = path.clone();
                net.changes
                    .push(FileChange::SetAttributes { path, attributes });
            }
            if !node.times.is_empty() {
                let (path, times) = (path.clone(), node.times);
                net.changes.push(FileChange::SetTimes { path, times });
            }
        }
        Ok(net.changes)
    }

    /// The name that a kept thing had in the base, where it has another one
    /// now.
    pub(super) fn moved_from(&self, path: &ImagePath, node: &Node) -> Option<ImagePath> {
        let moved = node.renamed && node.link != Some(Link::OfBase);
        let origin = node.origin.as_ref().filter(|_| moved)?;
        let spelled = |path: &ImagePath| path.file_name().map(|name| name.as_text().clone());
        let same = self.beneath(path).as_ref() == Some(origin) && spelled(origin) == spelled(path);
        (!same).then(|| origin.clone())
    }
}

/// What a new name is a link to.
enum LinkTo<'a> {
    /// What the base has at this path, wherever it is in the end.
    Base(&'a ImagePath),
    /// What is put at this path.
    Planned(&'a ImagePath),
}

/// One thing of the base that gets another path.
struct Mover {
    from: ImagePath,
    to: ImagePath,
    done: bool,
    /// Whether it waits for what is in its way.
    waits: bool,
}

/// The changes so far, and what they leave.
struct Net<'a> {
    files: &'a Files,
    changes: Vec<FileChange>,
    movers: Vec<Mover>,
    /// The movers by their path in the base.
    by_origin: BTreeMap<ImagePath, usize>,
    /// Where things of the base that were moved are now.
    now: BTreeMap<ImagePath, ImagePath>,
    /// Paths in the base of what was removed.
    gone: BTreeSet<ImagePath>,
    /// Directories that were made or moved to where they belong.
    in_place: BTreeSet<ImagePath>,
    stashed: usize,
}

/// What of the base is at a path that something else gets.
enum InTheWay {
    /// A mover, by its index.
    Mover(usize),
    /// Something that is not in the draft; its path in the base.
    Doomed(ImagePath),
}

impl<'a> Net<'a> {
    fn new(files: &'a Files) -> Net<'a> {
        let mut movers = Vec::new();
        let mut by_origin = BTreeMap::new();
        for (path, node) in &files.nodes {
            if let Some(from) = files.moved_from(path, node) {
                by_origin.insert(from.clone(), movers.len());
                movers.push(Mover {
                    from,
                    to: path.clone(),
                    done: false,
                    waits: false,
                });
            }
        }
        Net {
            files,
            changes: Vec::new(),
            movers,
            by_origin,
            now: BTreeMap::new(),
            gone: BTreeSet::new(),
            in_place: BTreeSet::new(),
            stashed: 0,
        }
    }

    /// The path in the base of what is removed at `path`; `None` where nothing
    /// is there, or it only has another path.
    fn doomed(&self, path: &ImagePath) -> Result<Option<ImagePath>, TreeError> {
        match self.in_the_way(path, None)? {
            Some(InTheWay::Doomed(origin)) => Ok(Some(origin)),
            Some(InTheWay::Mover(_)) | None => Ok(None),
        }
    }

    /// What is at `path` still and does not belong there.
    fn in_the_way(
        &self,
        path: &ImagePath,
        for_mover: Option<usize>,
    ) -> Result<Option<InTheWay>, TreeError> {
        let Some(origin) = self.files.beneath(path) else {
            return Ok(None);
        };
        if self.now.contains_key(&origin) || self.gone.contains(&origin) {
            return Ok(None);
        }
        match self.by_origin.get(&origin) {
            Some(mover) if for_mover == Some(*mover) => Ok(None),
            Some(mover) => Ok(Some(InTheWay::Mover(*mover))),
            None => {
                let found = self.files.base.metadata(&origin)?;
                Ok(found.map(|_| InTheWay::Doomed(origin)))
            }
        }
    }

    /// The movers that are still below a path of the base.
    fn movers_below(&self, origin: &ImagePath) -> Vec<usize> {
        let from = self.by_origin.range(origin.clone()..);
        from.take_while(|(from, _)| from.starts_with(origin))
            .filter(|(from, _)| *from != origin && !self.now.contains_key(*from))
            .map(|(_, mover)| *mover)
            .collect()
    }

    fn remove(&mut self, path: &ImagePath, origin: ImagePath) {
        let path = path.clone();
        self.changes.push(FileChange::Remove { path });
        self.gone.insert(origin);
    }

    /// Where a path of the base is now.
    fn current(&self, origin: &ImagePath) -> ImagePath {
        let mut above = Some(origin.clone());
        while let Some(path) = above {
            if let (Some(now), Some(below)) = (self.now.get(&path), origin.below(&path)) {
                return now.join_path(&below);
            }
            above = path.parent();
        }
        origin.clone()
    }

    /// Whether all above a mover's new path is where it belongs.
    fn is_ready(&self, to: &ImagePath) -> bool {
        let mut above = to.parent();
        while let Some(path) = above {
            if let Some(node) = self.files.nodes.get(&path) {
                let comes = matches!(node.thing, Thing::Directory)
                    || self.files.moved_from(&path, node).is_some();
                if comes && !self.in_place.contains(&path) {
                    return false;
                }
            }
            above = path.parent();
        }
        true
    }

    /// Moves what a node keeps of the base to where it belongs.
    fn place_origin(&mut self, node: &Node) -> Result<(), TreeError> {
        let mover = node.origin.as_ref();
        let mover = mover.and_then(|origin| self.by_origin.get(origin));
        match mover {
            Some(mover) => self.place(*mover),
            None => Ok(()),
        }
    }

    /// Takes away what is at `path` and does not belong there.
    fn make_way(&mut self, path: &ImagePath, for_mover: Option<usize>) -> Result<(), TreeError> {
        match self.in_the_way(path, for_mover)? {
            None => Ok(()),
            Some(InTheWay::Mover(mover)) => match self.can_wait(mover) {
                true => self.place(mover),
                false => self.stash(mover),
            },
            Some(InTheWay::Doomed(origin)) => {
                for mover in self.movers_below(&origin) {
                    self.stash(mover)?;
                }
                self.remove(path, origin);
                Ok(())
            }
        }
    }

    /// The same where a link comes: it takes the place of a file by itself.
    fn make_way_for_link(&mut self, path: &ImagePath) -> Result<(), TreeError> {
        match self.in_the_way(path, None)? {
            Some(InTheWay::Doomed(origin)) if self.files.base.has_file(&origin)? => {
                self.gone.insert(origin);
                Ok(())
            }
            _ => self.make_way(path, None),
        }
    }

    /// Whether a mover can be placed now, with those that it waits for.
    fn can_wait(&self, mover: usize) -> bool {
        self.movers
            .get(mover)
            .is_some_and(|mover| !mover.waits && self.is_ready(&mover.to))
    }

    /// Moves a mover to where it belongs, and before it those in its way. A
    /// list instead of recursion: names may move on in long rows.
    fn place(&mut self, first: usize) -> Result<(), TreeError> {
        let mut row = vec![first];
        while let Some(last) = row.last().copied() {
            let Some(mover) = self.movers.get_mut(last) else {
                return Ok(());
            };
            if mover.done {
                row.pop();
                continue;
            }
            mover.waits = true;
            let (from, to) = (mover.from.clone(), mover.to.clone());
            match self.in_the_way(&to, Some(last))? {
                Some(InTheWay::Mover(other)) if self.can_wait(other) => row.push(other),
                Some(_) => self.make_way(&to, Some(last))?,
                None => {
                    let from_now = self.current(&from);
                    self.changes.push(FileChange::Rename {
                        from: from_now,
                        to: to.clone(),
                    });
                    self.now.insert(from, to.clone());
                    self.in_place.insert(to);
                    if let Some(mover) = self.movers.get_mut(last) {
                        mover.done = true;
                    }
                    row.pop();
                }
            }
        }
        Ok(())
    }

    /// Moves a mover out of the way, into the root.
    fn stash(&mut self, mover: usize) -> Result<(), TreeError> {
        let Some(from) = self.movers.get(mover).map(|mover| mover.from.clone()) else {
            return Ok(());
        };
        let to = self.unused_name()?;
        self.changes.push(FileChange::Rename {
            from: self.current(&from),
            to: to.clone(),
        });
        self.now.insert(from, to);
        Ok(())
    }

    /// A name in the root that neither the base has nor the plan.
    fn unused_name(&mut self) -> Result<ImagePath, TreeError> {
        loop {
            let text = Text::from(format!("wimwright-moving-{}", self.stashed));
            self.stashed += 1;
            let path = ImagePath::from_names(Name::found(text));
            let free = !self.files.nodes.contains_key(&path);
            if free && self.files.base.metadata(&path)?.is_none() {
                return Ok(path);
            }
        }
    }
}
