//! A cabinet as a tree.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use super::MAX_DIRECTORIES;
use super::error::{CabinetError, MemberError};
use super::names::Member;
use super::set::Cabinet;
use crate::blob::{Blob, BlobBytes};
use crate::path::{ImagePath, Name};
use crate::text::Text;
use crate::tree::directory::Names;
use crate::tree::{Entry, FileTree, Kind, Metadata, ReadFile, TreeError};

/// The files of a cabinet as a tree.
pub struct CabinetTree {
    cabinet: Cabinet,
    /// By directory: the names in it.
    directories: BTreeMap<ImagePath, Names<Child>>,
    hidden: Vec<usize>,
}

/// What a name stands for.
#[derive(Clone, Copy, Debug)]
enum Child {
    Directory,
    /// The file with this number.
    File(usize),
}

/// The names of each directory, by their exact spelling.
type Lists = BTreeMap<ImagePath, List>;
type List = BTreeMap<Text, (Name, Child)>;

/// Puts the file with this number at `path`; the file that it hides, or
/// itself where a directory has its name.
fn put(lists: &mut Lists, path: &ImagePath, number: usize) -> Option<usize> {
    let (name, directories) = path.names().split_last()?;
    let mut above = ImagePath::root();
    let mut hidden = None;
    for directory in directories {
        let path = above.child(directory.clone());
        // Directories that differ by case are one, as in Windows.
        if !lists.contains_key(&path) {
            let list = lists.entry(above).or_default();
            let key = directory.as_text().clone();
            let entry = (directory.clone(), Child::Directory);
            if let Some((_, Child::File(file))) = list.insert(key, entry) {
                hidden = Some(file);
            }
            lists.insert(path.clone(), List::new());
        }
        above = path;
    }
    let list = lists.entry(above).or_default();
    let entry = (name.clone(), Child::File(number));
    match list.get(name.as_text()) {
        Some((_, Child::Directory)) => return Some(number),
        Some((_, Child::File(before))) => hidden = Some(*before),
        None => {}
    }
    list.insert(name.as_text().clone(), entry);
    hidden
}

impl CabinetTree {
    /// The tree of a cabinet. Where a name stands there twice, the file that
    /// the cabinet lists later is in the tree, as unpacking in order would
    /// leave it; a directory hides a file of its name.
    ///
    /// # Errors
    /// The first file whose name is no path inside a directory, and
    /// [`CabinetError::TooManyDirectories`].
    pub fn new(cabinet: Cabinet) -> Result<CabinetTree, CabinetError> {
        let mut lists = Lists::from([(ImagePath::root(), List::new())]);
        let mut hidden = Vec::new();
        for (number, member) in cabinet.members().iter().enumerate() {
            let path = member.path().map_err(|fault| CabinetError::Member {
                name: member.name.clone(),
                source: MemberError::Name(fault),
            })?;
            hidden.extend(put(&mut lists, &path, number));
            if lists.len() > MAX_DIRECTORIES {
                return Err(CabinetError::TooManyDirectories {
                    most: MAX_DIRECTORIES,
                });
            }
        }
        let directories = lists
            .into_iter()
            .map(|(path, list)| (path, Names::new(list.into_values().collect())))
            .collect();
        hidden.sort_unstable();
        Ok(CabinetTree {
            cabinet,
            directories,
            hidden,
        })
    }

    /// The cabinet.
    pub fn cabinet(&self) -> &Cabinet {
        &self.cabinet
    }

    /// The files that are not in the tree because another has their name.
    pub fn hidden(&self) -> impl Iterator<Item = &Member> {
        let members = self.cabinet.members();
        self.hidden.iter().filter_map(|number| members.get(*number))
    }

    /// The files of the tree, a directory's together.
    pub fn files(&self) -> impl Iterator<Item = (ImagePath, &Member)> {
        let members = self.cabinet.members();
        let entries = self.directories.iter().flat_map(|(path, names)| {
            let files = names.iter().filter_map(|(name, child)| match child {
                Child::File(number) => Some((name, *number)),
                Child::Directory => None,
            });
            files.map(move |(name, number)| (path.child(name.clone()), number))
        });
        entries.filter_map(|(path, number)| Some((path, members.get(number)?)))
    }

    fn child(&self, path: &ImagePath) -> Option<Child> {
        let (Some(above), Some(name)) = (path.parent(), path.file_name()) else {
            return Some(Child::Directory);
        };
        let (_, child) = self.directories.get(&above)?.find(name)?;
        Some(*child)
    }
}

impl FileTree for CabinetTree {
    fn metadata(&self, path: &ImagePath) -> Result<Option<Metadata>, TreeError> {
        Ok(match self.child(path) {
            Some(Child::Directory) => Some(Metadata::directory()),
            Some(Child::File(number)) => self.cabinet.members().get(number).map(|member| {
                let mut metadata = Metadata::file(member.len);
                metadata.attributes = Some(member.attributes);
                metadata.modified = member.modified;
                metadata
            }),
            None => None,
        })
    }

    fn read_dir(&self, path: &ImagePath) -> Result<Option<Vec<Entry>>, TreeError> {
        let Some(names) = self.directories.get(path) else {
            return Ok(None);
        };
        let entries = names.iter().map(|(name, child)| Entry {
            name: name.clone(),
            kind: match child {
                Child::Directory => Kind::Directory,
                Child::File(_) => Kind::File,
            },
        });
        Ok(Some(entries.collect()))
    }

    fn open(&self, path: &ImagePath) -> Result<Option<Arc<dyn Blob>>, TreeError> {
        let Some(Child::File(number)) = self.child(path) else {
            return Ok(None);
        };
        let opened = self.cabinet.open_member(number);
        opened.map_err(|fault| TreeError::new(path, unreadable(fault)))
    }

    fn read_many(&self, paths: &[ImagePath], each: &ReadFile<'_>) -> Result<(), TreeError> {
        // A file may be wanted twice.
        let mut places: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (index, path) in paths.iter().enumerate() {
            match self.child(path) {
                Some(Child::File(number)) => places.entry(number).or_default().push(index),
                _ => return Err(TreeError::new(path, io::ErrorKind::NotFound.into())),
            }
        }
        let wanted: Vec<usize> = places.keys().copied().collect();
        let done = self.cabinet.read_members(&wanted, &|number, bytes| {
            match places.get(&number).map(Vec::as_slice).unwrap_or_default() {
                [index] => each(*index, bytes),
                several => {
                    // Read again for each: rare, and never all in memory.
                    let blob = self.cabinet.open_member(number).map_err(unreadable)?;
                    let blob = blob.ok_or(io::ErrorKind::NotFound)?;
                    several
                        .iter()
                        .try_for_each(|index| each(*index, &mut BlobBytes::new(blob.as_ref())))
                }
            }
        });
        done.map_err(|(number, fault)| {
            let path = places.get(&number).and_then(|places| places.first());
            let path = path.and_then(|place| paths.get(*place));
            TreeError::new(path.unwrap_or(&ImagePath::root()), unreadable(fault))
        })
    }
}

/// As trees tell it.
fn unreadable(fault: MemberError) -> io::Error {
    match fault {
        MemberError::Use(error) => error,
        fault => io::Error::new(io::ErrorKind::InvalidData, fault),
    }
}
