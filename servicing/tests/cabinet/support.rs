//! Opening cabinets and taking everything out of them.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};

use wimwright_servicing::cabinet::{Cabinet, CabinetError, MemberError};
use wimwright_servicing::{Blob, MemoryBlob};

/// Bytes as a blob.
pub(crate) fn blob(bytes: &[u8]) -> Arc<dyn Blob> {
    Arc::new(MemoryBlob::new(bytes))
}

/// A file of the host, with the others of its folder beside it.
pub(crate) fn open(path: &Path) -> Result<Cabinet, CabinetError> {
    let name = path.file_name().unwrap().to_str().unwrap();
    let folder = path.parent().unwrap();
    let beside = |name: &str| {
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            if entry.file_name().eq_ignore_ascii_case(name) {
                return Ok(Some(blob(&std::fs::read(entry.path())?)));
            }
        }
        Ok(None)
    };
    Cabinet::open_set(name, &blob(&std::fs::read(path).unwrap()), &beside)
}

/// The contents of the files with these numbers, in their order.
pub(crate) fn take(
    cabinet: &Cabinet,
    numbers: &[usize],
) -> Result<Vec<Vec<u8>>, (usize, MemberError)> {
    let taken = Mutex::new(vec![None; cabinet.members().len()]);
    cabinet.read_members(numbers, &|number, bytes| {
        let mut content = Vec::new();
        bytes.read_to_end(&mut content)?;
        let before = taken.lock().unwrap()[number].replace(content);
        assert_eq!(before, None, "file {number} came twice");
        Ok(())
    })?;
    let taken = taken.into_inner().unwrap();
    Ok(numbers
        .iter()
        .map(|number| taken[*number].clone().unwrap())
        .collect())
}

/// The contents of all files.
pub(crate) fn take_all(cabinet: &Cabinet) -> Result<Vec<Vec<u8>>, (usize, MemberError)> {
    let all: Vec<usize> = (0..cabinet.members().len()).collect();
    take(cabinet, &all)
}

/// An error with everything behind it.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}

/// Everything below a folder, by its path with backslashes.
pub(crate) fn files_below(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut open = vec![folder.to_path_buf()];
    let mut files = Vec::new();
    while let Some(directory) = open.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path: PathBuf = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap();
                let name = name.to_string_lossy().replace('/', "\\");
                files.push((name, std::fs::read(&path).unwrap()));
            }
        }
    }
    files.sort();
    files
}

/// What cabextract takes out of a cabinet; `None` where it fails.
pub(crate) fn cabextract(cabinet: &Path) -> Option<Vec<(String, Vec<u8>)>> {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new("cabextract")
        .args(["-q", "-d"])
        .arg(folder.path())
        .arg(cabinet)
        .output()
        .unwrap();
    output.status.success().then(|| files_below(folder.path()))
}

/// Bytes that compress well but not all too well, always the same.
pub(crate) fn noise(seed: u32, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(1);
    std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_103_515_245).wrapping_add(12_345);
        // Nine bits of choice become four or five.
        let choice = (state >> 16) as u8;
        match choice % 3 {
            0 => b'e',
            1 => choice & 0x1f,
            _ => choice,
        }
    })
    .take(length)
    .collect()
}
