//! The INF texts of a folder.

use std::fs;
use std::path::{Path, PathBuf};

/// All INF texts under `folder`, in the order of their paths.
pub(crate) fn inf_files(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            inf_files(&path, found);
        } else if path.extension().is_some_and(|extension| {
            ["inf", "inx", "oem"].contains(&extension.to_string_lossy().to_lowercase().as_str())
        }) {
            found.push(path);
        }
    }
}
