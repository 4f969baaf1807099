//! A tree in memory: fixtures, generated packages, the demo's sample.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Entry, FileTree, Kind, Metadata, TreeError};
use crate::blob::{Blob, MemoryBlob};
use crate::path::{ImagePath, PathError};

/// Files in memory under Windows names; directories follow from the paths.
#[derive(Clone, Default)]
pub struct MemoryTree {
    /// `None` stands for a directory.
    entries: BTreeMap<ImagePath, Option<Arc<dyn Blob>>>,
}

impl MemoryTree {
    /// An empty tree.
    pub fn new() -> MemoryTree {
        MemoryTree::default()
    }

    /// Puts a file at `path`, with the directories above it.
    ///
    /// # Errors
    /// [`PathError`] when `path` is no image path.
    pub fn insert(&mut self, path: &str, bytes: impl Into<Vec<u8>>) -> Result<(), PathError> {
        let path = ImagePath::parse(path)?;
        self.insert_blob(path, Arc::new(MemoryBlob::new(bytes.into())));
        Ok(())
    }

    /// Puts a file that lies elsewhere at `path`, with the directories above
    /// it; its content stays where it is.
    pub fn insert_blob(&mut self, path: ImagePath, blob: Arc<dyn Blob>) {
        let mut parent = path.parent();
        while let Some(directory) = parent.filter(|directory| !directory.is_root()) {
            parent = directory.parent();
            self.entries.entry(directory).or_insert(None);
        }
        self.entries.insert(path, Some(blob));
    }
}

fn kind(content: &Option<Arc<dyn Blob>>) -> Kind {
    match content {
        Some(_) => Kind::File,
        None => Kind::Directory,
    }
}

impl FileTree for MemoryTree {
    fn metadata(&self, path: &ImagePath) -> Result<Option<Metadata>, TreeError> {
        if path.is_root() {
            return Ok(Some(Metadata::directory()));
        }
        Ok(self.entries.get(path).map(|content| match content {
            Some(blob) => Metadata::file(blob.len()),
            None => Metadata::directory(),
        }))
    }

    fn read_dir(&self, path: &ImagePath) -> Result<Option<Vec<Entry>>, TreeError> {
        if !path.is_root() && !matches!(self.entries.get(path), Some(None)) {
            return Ok(None);
        }
        let depth = path.names().len() + 1;
        let below = self.entries.range(path.clone()..);
        let children = below
            .skip_while(|(below, _)| *below == path)
            .take_while(|(below, _)| below.starts_with(path))
            .filter(|(below, _)| below.names().len() == depth)
            .filter_map(|(below, content)| {
                Some(Entry {
                    name: below.file_name()?.clone(),
                    kind: kind(content),
                })
            });
        Ok(Some(children.collect()))
    }

    fn open(&self, path: &ImagePath) -> Result<Option<Arc<dyn Blob>>, TreeError> {
        Ok(match self.entries.get(path) {
            Some(Some(blob)) => Some(Arc::clone(blob)),
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_follow_from_the_files_and_names_ignore_case() {
        let mut tree = MemoryTree::new();
        tree.insert("Windows\\System32\\a.sys", *b"abc").unwrap();
        tree.insert("windows\\INF\\b.inf", *b"").unwrap();
        let names = |path: &str| {
            let entries = tree.read_dir(&ImagePath::parse(path).unwrap()).unwrap();
            entries.map(|list| list.iter().map(|e| e.name.to_string()).collect::<Vec<_>>())
        };
        assert_eq!(names(""), Some(vec!["Windows".to_owned()]));
        assert_eq!(
            names("WINDOWS"),
            Some(vec!["INF".to_owned(), "System32".to_owned()])
        );
        assert_eq!(names("Windows\\System32\\a.sys"), None);
        let path = ImagePath::parse("windows/system32/A.SYS").unwrap();
        assert_eq!(tree.read(&path, 10).unwrap().unwrap(), b"abc");
        let mut seen = Vec::new();
        tree.walk(&ImagePath::root(), &mut |path, _| {
            seen.push(path.to_string());
            Ok(())
        })
        .unwrap();
        assert_eq!(
            seen,
            [
                "Windows",
                "Windows\\INF",
                "Windows\\INF\\b.inf",
                "Windows\\System32",
                "Windows\\System32\\a.sys"
            ]
        );
    }
}
