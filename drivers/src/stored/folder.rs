//! A package's folder in the store, as a tree of its own.
//!
//! It holds on to the files' content, so that a package can be read while the
//! draft that it lies in is being planned.

use std::collections::BTreeMap;
use std::sync::Arc;

use wimwright_servicing::{Blob, Draft, Entry, FileTree, ImagePath, Kind, Metadata, TreeError};

use crate::error::Error;

/// The files of a folder; directories follow from their paths.
pub(crate) struct Folder {
    files: BTreeMap<ImagePath, Arc<dyn Blob>>,
}

impl Folder {
    /// The folder at `top`; `None` where there is none.
    pub(crate) fn of(draft: &Draft, top: &ImagePath) -> Result<Option<Folder>, Error> {
        if !draft.has_directory(top)? {
            return Ok(None);
        }
        let mut files = BTreeMap::new();
        for path in files_below(draft, top)? {
            if let (Some(below), Some(blob)) = (path.below(top), draft.open(&path)?) {
                files.insert(below, blob);
            }
        }
        Ok(Some(Folder { files }))
    }
}

/// Every file below `top`.
pub(crate) fn files_below(draft: &Draft, top: &ImagePath) -> Result<Vec<ImagePath>, Error> {
    let mut files = Vec::new();
    draft.walk(top, &mut |path, kind| {
        if kind == Kind::File {
            files.push(path.clone());
        }
        Ok(())
    })?;
    Ok(files)
}

impl FileTree for Folder {
    fn metadata(&self, path: &ImagePath) -> Result<Option<Metadata>, TreeError> {
        if let Some(blob) = self.files.get(path) {
            return Ok(Some(Metadata::file(blob.len())));
        }
        let directory = path.is_root() || self.files.keys().any(|file| file.starts_with(path));
        Ok(directory.then(Metadata::directory))
    }

    fn read_dir(&self, path: &ImagePath) -> Result<Option<Vec<Entry>>, TreeError> {
        if self.files.contains_key(path) {
            return Ok(None);
        }
        let mut entries: Vec<Entry> = Vec::new();
        for file in self.files.keys() {
            let Some(below) = file.below(path) else {
                continue;
            };
            let kind = match below.names().len() {
                1 => Kind::File,
                _ => Kind::Directory,
            };
            // Files are in order: those of one directory follow each other.
            if let Some(name) = below.names().first()
                && entries.last().is_none_or(|last| last.name != *name)
            {
                entries.push(Entry {
                    name: name.clone(),
                    kind,
                });
            }
        }
        let there = path.is_root() || !entries.is_empty();
        Ok(there.then_some(entries))
    }

    fn open(&self, path: &ImagePath) -> Result<Option<Arc<dyn Blob>>, TreeError> {
        Ok(self.files.get(path).cloned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wimwright_servicing::MemoryBlob;

    #[test]
    fn directories_follow_from_the_files() {
        let files = ["a.inf", "x64\\a.sys", "x64\\deep\\b.dll"];
        let tree = Folder {
            files: files
                .into_iter()
                .map(|path| {
                    let blob: Arc<dyn Blob> = Arc::new(MemoryBlob::new(path.as_bytes()));
                    (ImagePath::parse(path).unwrap(), blob)
                })
                .collect(),
        };
        let mut seen = Vec::new();
        tree.walk(&ImagePath::root(), &mut |path, kind| {
            seen.push(format!("{path} {kind:?}"));
            Ok(())
        })
        .unwrap();
        assert_eq!(
            seen,
            [
                "a.inf File",
                "x64 Directory",
                "x64\\a.sys File",
                "x64\\deep Directory",
                "x64\\deep\\b.dll File"
            ]
        );
        let x64 = ImagePath::parse("X64").unwrap();
        assert!(tree.has_directory(&x64).unwrap());
        assert!(!tree.has_file(&x64).unwrap());
        let none = ImagePath::parse("x86").unwrap();
        assert_eq!(tree.read_dir(&none).unwrap(), None);
    }
}
