//! The real packages of the corpus, taken apart.

#![allow(dead_code, reason = "not every test needs all of it")]

pub(crate) mod made;

use std::io::{Cursor, Read as _};
use std::path::Path;

use wimwright_servicing::{FileTree as _, ImagePath, Kind, MemoryTree};

/// The files of a cabinet.
pub(crate) fn cabinet(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut cabinet = cab::Cabinet::new(Cursor::new(bytes)).unwrap();
    let folders = cabinet.folder_entries();
    let names: Vec<String> = folders
        .flat_map(|folder| folder.file_entries().map(|file| file.name().to_owned()))
        .collect();
    names
        .into_iter()
        .map(|name| {
            let mut bytes = Vec::new();
            let mut file = cabinet.read_file(&name).unwrap();
            file.read_to_end(&mut bytes).unwrap();
            (name, bytes)
        })
        .collect()
}

/// The package cabinet in an `.msu`, as a tree.
pub(crate) fn of_msu(corpus: &Path, name: &str) -> MemoryTree {
    let outer = std::fs::read(corpus.join("packages/msu").join(name)).unwrap();
    let members = cabinet(&outer);
    let inner = members.iter().find(|(name, _)| {
        let name = name.to_ascii_lowercase();
        name.ends_with(".cab") && name != "wsusscan.cab"
    });
    tree(cabinet(&inner.unwrap().1))
}

/// The package that somebody made by hand.
pub(crate) fn hand_made(corpus: &Path) -> MemoryTree {
    let name = "Z-he3als-NoDefender-Package31bf3856ad364e35amd641.0.0.0.cab";
    let bytes = std::fs::read(corpus.join("packages/cab-custom-cbs").join(name)).unwrap();
    tree(cabinet(&bytes))
}

/// Files as a tree.
pub(crate) fn tree(files: Vec<(String, Vec<u8>)>) -> MemoryTree {
    let mut tree = MemoryTree::new();
    for (name, bytes) in files {
        tree.insert(&name, bytes).unwrap();
    }
    tree
}

/// The files of a tree whose names end so.
pub(crate) fn ending(tree: &MemoryTree, end: &str) -> Vec<(String, Vec<u8>)> {
    let mut paths: Vec<ImagePath> = Vec::new();
    tree.walk(&ImagePath::root(), &mut |path, kind| {
        if kind == Kind::File && path.to_string().to_ascii_lowercase().ends_with(end) {
            paths.push(path.clone());
        }
        Ok(())
    })
    .unwrap();
    paths
        .into_iter()
        .map(|path| {
            let bytes = tree.read(&path, 1 << 28).unwrap().unwrap();
            (path.to_string(), bytes)
        })
        .collect()
}

/// The two packages of the vendor.
pub(crate) const MSUS: [&str; 2] = [
    "Windows6.1-KB2999226-x64.msu",
    "Windows6.1-KB4528069-x64.msu",
];
