//! The files of two trees, walked in step.
//!
//! Names are compared without case. Where a directory holds names that differ
//! only by case, those spelled alike are paired first, then what is left in
//! order; the rest was added or removed.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use wimwright_hive::{FileTime, MinorVersion};

use super::content::{self, Pair};
use super::{DiffError, Options, Side, metadata, moved};
use crate::path::{ImagePath, Name};
use crate::registry::Condition;
use crate::text::Text;
use crate::tree::{Entry, FileTree, Kind, TreeError};

/// What is at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileState {
    /// File, directory or link. A link to a file is a link here, whether the
    /// tree follows it or not.
    pub kind: Kind,
    /// Length of the content in bytes; 0 for all but files.
    pub len: u64,
    /// Where a link leads; `None` for all but links, and where the tree does
    /// not know.
    pub target: Option<Text>,
}

/// How the files at one path differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileChange {
    /// Only the second tree has it.
    Added(FileState),
    /// Only the first tree has it.
    Removed(FileState),
    /// It is another kind of thing, or a link that leads elsewhere.
    Replaced {
        /// In the first tree.
        old: FileState,
        /// In the second.
        new: FileState,
    },
    /// Another content.
    Content {
        /// Length in the first tree, in bytes.
        old: u64,
        /// Length in the second.
        new: u64,
        /// The first byte that differs, where the lengths are equal.
        first: Option<u64>,
    },
    /// The same name in another case.
    Spelling {
        /// In the first tree.
        old: Name,
        /// In the second.
        new: Name,
    },
    /// A hive that was left dirty in one image and not, or in another way, in
    /// the other.
    HiveCondition {
        /// In the first image.
        old: Condition,
        /// In the second.
        new: Condition,
    },
    /// A hive of another format version.
    HiveVersion {
        /// In the first image.
        old: MinorVersion,
        /// In the second.
        new: MinorVersion,
    },
    /// The content of a file that only the first tree has; the path is that of
    /// one that only the second has, and no other there holds the same.
    Moved {
        /// In the first tree.
        from: ImagePath,
    },
    /// Another time of last write; only when asked for, as all below.
    Modified {
        /// In the first tree.
        old: FileTime,
        /// In the second.
        new: FileTime,
    },
    /// Another number of hard links, or as many with other names.
    Links {
        /// In the first tree.
        old: u64,
        /// In the second.
        new: u64,
    },
    /// Made at another time; where both trees hold Windows' own metadata, as
    /// all below.
    Created {
        /// In the first tree.
        old: FileTime,
        /// In the second.
        new: FileTime,
    },
    /// Other attributes.
    Attributes {
        /// In the first tree.
        old: u32,
        /// In the second.
        new: u32,
    },
    /// Another short name; empty for none.
    ShortName {
        /// In the first tree.
        old: Text,
        /// In the second.
        new: Text,
    },
    /// Another security descriptor, self-relative; empty for none.
    Security {
        /// In the first tree.
        old: Vec<u8>,
        /// In the second.
        new: Vec<u8>,
    },
    /// A named stream that holds something else, or is in one tree only.
    Stream {
        /// Its name.
        name: Text,
        /// Its length in the first tree, in bytes.
        old: Option<u64>,
        /// Its length in the second.
        new: Option<u64>,
    },
    /// Another object id, other extended attributes, or whatever else a WIM
    /// file stores behind an entry.
    Tagged {
        /// In the first tree.
        old: Vec<u8>,
        /// In the second.
        new: Vec<u8>,
    },
    /// Other reparse data, of a link that leads to the same place or of another
    /// reparse point.
    Reparse {
        /// Tag and length of the data in the first tree.
        old: (u32, u64),
        /// In the second.
        new: (u32, u64),
    },
}

/// A difference of two trees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileDifference {
    /// Where, as the second tree spells it, else as the first does.
    pub path: ImagePath,
    /// What differs.
    pub change: FileChange,
}

/// Files that are not compared like others.
#[derive(Clone, Copy)]
pub(super) struct Apart<'p> {
    /// Whose contents are compared by other means.
    pub(super) contents: &'p BTreeSet<ImagePath>,
    /// Which are no other file under a new name, whatever they hold.
    pub(super) never_moved: &'p BTreeSet<ImagePath>,
}

/// Compares the files of two trees, except those that are `apart`.
/// `progress` is told how many of how many contents are compared.
pub(super) fn compare(
    a: &dyn FileTree,
    b: &dyn FileTree,
    options: &Options,
    apart: Apart<'_>,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Vec<FileDifference>, DiffError> {
    let mut walk = Walk {
        a,
        b,
        options,
        by_other_means: apart.contents,
        found: Vec::new(),
        pairs: Vec::new(),
        open: vec![Both {
            old: ImagePath::root(),
            new: ImagePath::root(),
            alone: true,
        }],
    };
    while let Some(directory) = walk.open.pop() {
        walk.directory(&directory)?;
    }
    let Walk {
        mut found, pairs, ..
    } = walk;
    let contents = content::compare(a, b, &pairs, progress)?;
    moved::find(a, b, apart.never_moved, &mut found)?;
    if options.metadata {
        let of_moved: Vec<_> = found
            .iter()
            .filter_map(|found| match &found.change {
                FileChange::Moved { from } => Some((from.clone(), found.path.clone())),
                _ => None,
            })
            .collect();
        for (old, new) in of_moved {
            metadata::compare(a, b, (&old, &new), &mut found)?;
        }
    }
    for (pair, first) in pairs.into_iter().zip(contents) {
        if first.is_some() {
            found.push(FileDifference {
                path: pair.b,
                change: FileChange::Content {
                    old: pair.len,
                    new: pair.len,
                    first,
                },
            });
        }
    }
    found.sort_by(|left, right| left.path.cmp(&right.path));
    Ok(found)
}

/// A file or directory that is not as it was a moment ago.
pub(super) fn changed(path: &ImagePath) -> TreeError {
    TreeError::new(path, io::Error::other("it was changed while it was read"))
}

struct Walk<'t> {
    a: &'t dyn FileTree,
    b: &'t dyn FileTree,
    options: &'t Options,
    by_other_means: &'t BTreeSet<ImagePath>,
    found: Vec<FileDifference>,
    /// Files of equal length.
    pairs: Vec<Pair>,
    /// Directories that both trees have. A list instead of recursion:
    /// directories nest as deep as they like.
    open: Vec<Both>,
}

/// A path that both trees have, as each spells it.
struct Both {
    old: ImagePath,
    new: ImagePath,
    /// Whether no other spelling of it is in either tree: else nobody can say
    /// which of them was compared by other means.
    alone: bool,
}

impl Walk<'_> {
    fn directory(&mut self, at: &Both) -> Result<(), DiffError> {
        self.metadata(at)?;
        let old = entries(Side::A, self.a, &at.old)?;
        let new = entries(Side::B, self.b, &at.new)?;
        for names in in_step(old, new) {
            match names {
                Names::Old(name) => self.one_sided(Side::A, at.old.child(name))?,
                Names::New(name) => self.one_sided(Side::B, at.new.child(name))?,
                Names::Both { old, new, alone } => self.both(Both {
                    old: at.old.child(old),
                    new: at.new.child(new),
                    alone: at.alone && alone,
                })?,
            }
        }
        Ok(())
    }

    /// Something, with all below it, that only one tree has.
    fn one_sided(&mut self, side: Side, top: ImagePath) -> Result<(), DiffError> {
        let tree = match side {
            Side::A => self.a,
            Side::B => self.b,
        };
        let mut open = vec![top];
        while let Some(path) = open.pop() {
            if self.options.exclude.covers(&path) {
                continue;
            }
            let state = state(side, tree, &path)?;
            if state.kind == Kind::Directory {
                let below = entries(side, tree, &path)?;
                open.extend(below.into_iter().map(|entry| path.child(entry.name)));
            }
            self.found.push(FileDifference {
                path,
                change: match side {
                    Side::A => FileChange::Removed(state),
                    Side::B => FileChange::Added(state),
                },
            });
        }
        Ok(())
    }

    /// Something that both trees have.
    fn both(&mut self, at: Both) -> Result<(), DiffError> {
        let (old, new) = (&at.old, &at.new);
        if self.options.exclude.covers(old) {
            return Ok(());
        }
        let was = state(Side::A, self.a, old)?;
        let is = state(Side::B, self.b, new)?;
        if let (Some(spelled), Some(now)) = (old.file_name(), new.file_name())
            && spelled.as_text() != now.as_text()
        {
            let change = FileChange::Spelling {
                old: spelled.clone(),
                new: now.clone(),
            };
            self.differs(new, change);
        }
        match (was.kind, is.kind) {
            (Kind::Directory, Kind::Directory) => self.open.push(at),
            (Kind::File, Kind::File) => {
                self.metadata(&at)?;
                self.contents(at, was.len, is.len);
            }
            _ if was == is => {
                if self.options.metadata {
                    metadata::compare_links(self.a, self.b, (old, new), &mut self.found)?;
                }
            }
            _ => {
                // What is below a directory goes or comes with it.
                if was.kind == Kind::Directory {
                    self.below(Side::A, old)?;
                }
                if is.kind == Kind::Directory {
                    self.below(Side::B, new)?;
                }
                let change = FileChange::Replaced { old: was, new: is };
                self.differs(new, change);
            }
        }
        Ok(())
    }

    fn below(&mut self, side: Side, directory: &ImagePath) -> Result<(), DiffError> {
        let tree = match side {
            Side::A => self.a,
            Side::B => self.b,
        };
        for entry in entries(side, tree, directory)? {
            self.one_sided(side, directory.child(entry.name))?;
        }
        Ok(())
    }

    fn contents(&mut self, at: Both, was: u64, is: u64) {
        if self.is_by_other_means(&at) {
            return;
        }
        if was == is {
            self.pairs.push(Pair {
                a: at.old,
                b: at.new,
                len: was,
            });
        } else {
            let change = FileChange::Content {
                old: was,
                new: is,
                first: None,
            };
            self.differs(&at.new, change);
        }
    }

    fn is_by_other_means(&self, at: &Both) -> bool {
        at.alone && self.by_other_means.contains(&at.old)
    }

    /// What else the trees know of a file or directory.
    fn metadata(&mut self, at: &Both) -> Result<(), DiffError> {
        if !self.options.metadata {
            return Ok(());
        }
        metadata::compare(self.a, self.b, (&at.old, &at.new), &mut self.found)
    }

    fn differs(&mut self, path: &ImagePath, change: FileChange) {
        self.found.push(FileDifference {
            path: path.clone(),
            change,
        });
    }
}

/// The names in a directory that must be there.
fn entries(side: Side, tree: &dyn FileTree, path: &ImagePath) -> Result<Vec<Entry>, DiffError> {
    let of_tree = |error| DiffError::tree(side, error);
    let entries = tree.read_dir(path).map_err(of_tree)?;
    entries.ok_or_else(|| of_tree(changed(path)))
}

pub(super) fn metadata_of(
    side: Side,
    tree: &dyn FileTree,
    path: &ImagePath,
) -> Result<crate::tree::Metadata, DiffError> {
    let of_tree = |error| DiffError::tree(side, error);
    let found = tree.metadata(path).map_err(of_tree)?;
    found.ok_or_else(|| of_tree(changed(path)))
}

/// What is at a path that must be there.
fn state(side: Side, tree: &dyn FileTree, path: &ImagePath) -> Result<FileState, DiffError> {
    let of_tree = |error| DiffError::tree(side, error);
    if let Some(target) = tree.link_target(path).map_err(of_tree)? {
        return Ok(FileState {
            kind: Kind::Link,
            len: 0,
            target: Some(target),
        });
    }
    let found = metadata_of(side, tree, path)?;
    Ok(FileState {
        kind: found.kind,
        len: found.len,
        target: None,
    })
}

/// A name of two directories.
enum Names {
    /// In the first only.
    Old(Name),
    /// In the second only.
    New(Name),
    /// In both.
    Both { old: Name, new: Name, alone: bool },
}

/// Pairs the names of two directories, in NT's order.
fn in_step(old: Vec<Entry>, new: Vec<Entry>) -> Vec<Names> {
    let mut by_name: BTreeMap<Name, (Vec<Name>, Vec<Name>)> = BTreeMap::new();
    for entry in old {
        by_name
            .entry(entry.name.clone())
            .or_default()
            .0
            .push(entry.name);
    }
    for entry in new {
        by_name
            .entry(entry.name.clone())
            .or_default()
            .1
            .push(entry.name);
    }
    let mut names = Vec::new();
    for (old, new) in by_name.into_values() {
        pair(old, new, &mut names);
    }
    names
}

/// Pairs names that are equal without case: those spelled alike, then the rest
/// in order.
fn pair(old: Vec<Name>, mut new: Vec<Name>, names: &mut Vec<Names>) {
    let alone = old.len() < 2 && new.len() < 2;
    let mut left = Vec::new();
    for old in old {
        match new.iter().position(|new| new.as_text() == old.as_text()) {
            Some(at) => {
                let new = new.remove(at);
                names.push(Names::Both { old, new, alone });
            }
            None => left.push(old),
        }
    }
    let mut new = new.into_iter();
    for old in left {
        names.push(match new.next() {
            Some(new) => Names::Both { old, new, alone },
            None => Names::Old(old),
        });
    }
    names.extend(new.map(Names::New));
}
