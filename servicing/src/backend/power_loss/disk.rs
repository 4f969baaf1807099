//! A disk in memory that remembers what was written to it and what was synced.

use std::collections::BTreeMap;
use std::collections::hash_map::DefaultHasher;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use crate::tree::directory::HostKind;

/// The smallest part of a file that is written whole or not at all, in bytes.
const SECTOR: usize = 512;

/// The number of a file or directory.
pub(super) type Inode = usize;

/// The image root.
pub(super) const ROOT: Inode = 0;

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct File {
    pub(super) bytes: Vec<u8>,
    pub(super) owner: (u32, u32),
    pub(super) mode: u32,
    pub(super) extended: BTreeMap<OsString, Vec<u8>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Node {
    File(File),
    Directory(BTreeMap<OsString, Inode>),
}

/// One thing that a crash keeps or loses as a whole.
#[derive(Clone, Debug)]
pub(super) enum Effect {
    /// Names in directories: a new one, one gone, or, for a rename, both.
    Names(Vec<(Inode, OsString, Option<Inode>)>),
    /// Bytes inside one sector of a file.
    Sector(Inode, usize, Vec<u8>),
    /// A file's length.
    Length(Inode, usize),
    Owner(Inode, (u32, u32)),
    Mode(Inode, u32),
    Extended(Inode, OsString, Vec<u8>),
}

impl Effect {
    fn file(&self) -> Option<Inode> {
        match self {
            Effect::Names(_) => None,
            Effect::Sector(file, ..)
            | Effect::Length(file, _)
            | Effect::Owner(file, _)
            | Effect::Mode(file, _)
            | Effect::Extended(file, ..) => Some(*file),
        }
    }
}

/// What happened, in order.
#[derive(Clone, Debug)]
pub(super) enum Event {
    Effect(Effect),
    SyncFile(Inode),
    SyncNames(Inode),
}

/// What is on a disk.
#[derive(Clone, Debug)]
pub(super) struct Disk {
    /// Shared: most disks that a crash leaves differ in few of them.
    nodes: Vec<Arc<Stored>>,
}

#[derive(Debug)]
struct Stored {
    node: Node,
    /// A number that stands for what the node holds, once asked for.
    print: OnceLock<u64>,
}

impl Stored {
    fn new(node: Node) -> Arc<Stored> {
        Arc::new(Stored {
            node,
            print: OnceLock::new(),
        })
    }

    fn print(&self) -> u64 {
        *self.print.get_or_init(|| {
            let mut hasher = DefaultHasher::new();
            self.node.hash(&mut hasher);
            hasher.finish()
        })
    }
}

impl Clone for Stored {
    /// For a change, so without the number.
    fn clone(&self) -> Stored {
        Stored {
            node: self.node.clone(),
            print: OnceLock::new(),
        }
    }
}

/// All that can be reached from the root: the bytes and attributes of files,
/// `None` for directories. A file with several names has the first of them as
/// an attribute under each, named [`FIRST_NAME`].
pub(super) type Snapshot = BTreeMap<PathBuf, Option<File>>;

/// What a snapshot calls the first name of a file that has several.
const FIRST_NAME: &str = "first name";

impl Disk {
    pub(super) fn new() -> Disk {
        Disk {
            nodes: vec![Stored::new(Node::Directory(BTreeMap::new()))],
        }
    }

    pub(super) fn node(&self, inode: Inode) -> &Node {
        &self.nodes[inode].node
    }

    pub(super) fn names(&self, directory: Inode) -> &BTreeMap<OsString, Inode> {
        match &self.nodes[directory].node {
            Node::Directory(names) => names,
            Node::File(_) => panic!("{directory} is no directory"),
        }
    }

    pub(super) fn file(&self, inode: Inode) -> &File {
        match &self.nodes[inode].node {
            Node::File(file) => file,
            Node::Directory(_) => panic!("{inode} is no file"),
        }
    }

    fn node_mut(&mut self, inode: Inode) -> &mut Node {
        let stored = Arc::make_mut(&mut self.nodes[inode]);
        stored.print.take();
        &mut stored.node
    }

    fn names_mut(&mut self, directory: Inode) -> &mut BTreeMap<OsString, Inode> {
        match self.node_mut(directory) {
            Node::Directory(names) => names,
            Node::File(_) => panic!("{directory} is no directory"),
        }
    }

    fn file_mut(&mut self, inode: Inode) -> &mut File {
        match self.node_mut(inode) {
            Node::File(file) => file,
            Node::Directory(_) => panic!("{inode} is no file"),
        }
    }

    /// A new file or directory without a name. Until it has one that a crash
    /// kept, it is not there.
    pub(super) fn allocate(&mut self, node: Node) -> Inode {
        self.nodes.push(Stored::new(node));
        self.nodes.len() - 1
    }

    /// What is new on `later`, without names and content: numbers on both then
    /// mean the same.
    pub(super) fn grow_like(&mut self, later: &Disk) {
        for node in &later.nodes[self.nodes.len()..] {
            self.nodes.push(Stored::new(match &node.node {
                Node::File(_) => Node::File(new_file()),
                Node::Directory(_) => Node::Directory(BTreeMap::new()),
            }));
        }
    }

    pub(super) fn apply(&mut self, effect: &Effect) {
        match effect {
            Effect::Names(changes) => {
                for (directory, name, inode) in changes {
                    let names = self.names_mut(*directory);
                    match inode {
                        Some(inode) => names.insert(name.clone(), *inode),
                        None => names.remove(name),
                    };
                }
            }
            Effect::Sector(inode, at, bytes) => {
                let file = &mut self.file_mut(*inode).bytes;
                // Bytes past the end that was kept are not to be seen.
                let end = (at + bytes.len()).min(file.len());
                if let Some(part) = file.get_mut(*at..end) {
                    part.copy_from_slice(&bytes[..end - at]);
                }
            }
            Effect::Length(inode, len) => self.file_mut(*inode).bytes.resize(*len, 0),
            Effect::Owner(inode, owner) => self.file_mut(*inode).owner = *owner,
            Effect::Mode(inode, mode) => self.file_mut(*inode).mode = *mode,
            Effect::Extended(inode, name, value) => {
                self.file_mut(*inode)
                    .extended
                    .insert(name.clone(), value.clone());
            }
        }
    }

    /// The number at a path; `None` where there is nothing.
    pub(super) fn find(&self, path: &Path) -> Option<Inode> {
        path.iter()
            .try_fold(ROOT, |directory, name| match &self.nodes[directory].node {
                Node::Directory(names) => names.get(name).copied(),
                Node::File(_) => None,
            })
    }

    pub(super) fn kind(&self, inode: Inode) -> HostKind {
        match &self.nodes[inode].node {
            Node::File(_) => HostKind::File,
            Node::Directory(_) => HostKind::Directory,
        }
    }

    /// How many names it has.
    pub(super) fn links(&self, inode: Inode) -> u64 {
        let directories = self.nodes.iter().filter_map(|stored| match &stored.node {
            Node::Directory(names) => Some(names),
            Node::File(_) => None,
        });
        directories
            .flat_map(BTreeMap::values)
            .filter(|named| **named == inode)
            .count() as u64
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        let mut snapshot = Snapshot::new();
        let mut names: BTreeMap<Inode, Vec<PathBuf>> = BTreeMap::new();
        let mut open = vec![(PathBuf::new(), ROOT)];
        while let Some((path, directory)) = open.pop() {
            for (name, inode) in self.names(directory) {
                let path = path.join(name);
                snapshot.insert(
                    path.clone(),
                    match &self.nodes[*inode].node {
                        Node::File(file) => {
                            names.entry(*inode).or_default().push(path);
                            Some(file.clone())
                        }
                        Node::Directory(_) => {
                            open.push((path, *inode));
                            None
                        }
                    },
                );
            }
        }
        for names in names.values().filter(|names| names.len() > 1) {
            let first = names.iter().min().unwrap().as_os_str();
            for name in names {
                let file = snapshot.get_mut(name).unwrap().as_mut().unwrap();
                let first = first.as_encoded_bytes().to_vec();
                file.extended.insert(FIRST_NAME.into(), first);
            }
        }
        snapshot
    }

    /// A number that tells what can be reached, names of one file included.
    /// Which numbers files and directories have does not matter: a directory
    /// made twice is the same.
    pub(super) fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        let mut met = vec![0_u32; self.nodes.len()];
        let mut count = 0;
        let mut open = vec![ROOT];
        while let Some(inode) = open.pop() {
            if met[inode] == 0 {
                count += 1;
                met[inode] = count;
            }
            met[inode].hash(&mut hasher);
            match &self.nodes[inode].node {
                Node::File(_) => self.nodes[inode].print().hash(&mut hasher),
                Node::Directory(names) => {
                    names.len().hash(&mut hasher);
                    for (name, inode) in names {
                        name.hash(&mut hasher);
                        open.push(*inode);
                    }
                }
            }
        }
        hasher.finish()
    }
}

/// A file as the host makes it.
pub(super) fn new_file() -> File {
    File {
        mode: 0o644,
        ..File::default()
    }
}

/// A write as a disk does it: what it does to the length, and sector by sector.
pub(super) fn write_effects(disk: &Disk, inode: Inode, at: usize, bytes: &[u8]) -> Vec<Effect> {
    let mut effects = Vec::new();
    let end = at + bytes.len();
    if end > disk.file(inode).bytes.len() {
        effects.push(Effect::Length(inode, end));
    }
    let mut start = at;
    while start < end {
        let stop = end.min((start / SECTOR + 1) * SECTOR);
        effects.push(Effect::Sector(
            inode,
            start,
            bytes[start - at..stop - at].to_vec(),
        ));
        start = stop;
    }
    effects
}

/// A crash: what of a log is on the disk whatever happens, and what may be.
pub(super) struct Crash<'a> {
    /// With all that was kept before the first effect that may be lost.
    disk: Disk,
    /// The effects from there on, and whether they are kept.
    rest: Vec<(&'a Effect, bool)>,
    /// How many may be lost.
    pub(super) open: usize,
}

impl<'a> Crash<'a> {
    /// A crash after all of `log`, which began with `base` and led to `end`.
    /// What a file sync came after is kept; names are kept when every directory
    /// that they are in was synced.
    pub(super) fn new(base: &Disk, end: &Disk, log: &'a [Event]) -> Crash<'a> {
        let mut synced_files = Vec::new();
        let mut synced_names = Vec::new();
        let mut effects = Vec::new();
        for event in log.iter().rev() {
            match event {
                Event::SyncFile(inode) => synced_files.push(*inode),
                Event::SyncNames(inode) => synced_names.push(*inode),
                Event::Effect(effect) => {
                    let kept = match (effect, effect.file()) {
                        (Effect::Names(changes), _) => changes
                            .iter()
                            .all(|(directory, ..)| synced_names.contains(directory)),
                        (_, Some(file)) => synced_files.contains(&file),
                        (_, None) => false,
                    };
                    effects.push((effect, kept));
                }
            }
        }
        effects.reverse();
        let certain = effects.iter().take_while(|(_, kept)| *kept).count();
        let rest = effects.split_off(certain);
        let mut disk = base.clone();
        disk.grow_like(end);
        effects.iter().for_each(|(effect, _)| disk.apply(effect));
        let open = rest.iter().filter(|(_, kept)| !kept).count();
        Crash { disk, rest, open }
    }

    /// The disk when of the open effects those are kept, in order, that
    /// `survives` names.
    pub(super) fn disk(&self, survives: &dyn Fn(usize) -> bool) -> Disk {
        let mut disk = self.disk.clone();
        let mut number = 0;
        for (effect, kept) in &self.rest {
            if !kept {
                number += 1;
            }
            if *kept || survives(number - 1) {
                disk.apply(effect);
            }
        }
        disk
    }
}

/// What differs between two snapshots, for messages.
pub(super) struct Difference<'a>(pub(super) &'a Snapshot, pub(super) &'a Snapshot);

impl fmt::Display for Difference<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Difference(left, right) = self;
        for path in left
            .keys()
            .chain(right.keys().filter(|path| !left.contains_key(*path)))
        {
            let show = |entry: Option<&Option<File>>| match entry {
                None => "nothing".to_owned(),
                Some(None) => "a directory".to_owned(),
                Some(Some(file)) => format!(
                    "{} bytes of {:?}, mode {:o}, {} attributes",
                    file.bytes.len(),
                    file.bytes.first(),
                    file.mode,
                    file.extended.len()
                ),
            };
            if left.get(path) != right.get(path) {
                let (left, right) = (show(left.get(path)), show(right.get(path)));
                write!(f, "`{}`: {left} / {right}; ", path.display())?;
            }
        }
        Ok(())
    }
}

/// A name in a path of tests.
pub(super) fn name_of(path: &Path) -> &OsStr {
    path.file_name().unwrap()
}
