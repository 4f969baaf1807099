//! Paths as scripts for Windows write them.
//!
//! What exists as it is written is meant so. Else a drive letter stands for the
//! directory that was given for it, backslashes separate, and names that are
//! there are found in any case, as Windows finds them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::failure::{Failure, PATH_NOT_FOUND};

/// Which directory stands for which drive.
#[derive(Debug, Default)]
pub(super) struct Drives(BTreeMap<char, PathBuf>);

impl Drives {
    /// From `--drive` words, and the variable's text, which they go before.
    pub(super) fn new(words: &[String], variable: Option<&str>) -> Result<Drives, Failure> {
        let mut drives = BTreeMap::new();
        let variable = variable.unwrap_or_default().split(';');
        let variable = variable.map(str::trim).filter(|word| !word.is_empty());
        for word in variable.chain(words.iter().map(String::as_str)) {
            let drive = word.split_once('=').and_then(|(letter, directory)| {
                let mut letters = letter.trim().trim_end_matches(':').chars();
                let letter = letters.next().filter(char::is_ascii_alphabetic)?;
                let only = letters.next().is_none() && !directory.is_empty();
                only.then(|| (letter.to_ascii_uppercase(), PathBuf::from(directory)))
            });
            let (letter, directory) = drive.ok_or_else(|| {
                Failure::words(format!("`{word}` says no directory of a drive"))
                    .hint("a drive is written like `C=/srv/build`")
            })?;
            drives.insert(letter, directory);
        }
        Ok(Drives(drives))
    }

    /// The path on this computer.
    pub(super) fn host(&self, given: &str) -> Result<PathBuf, Failure> {
        if Path::new(given).symlink_metadata().is_ok() {
            return Ok(PathBuf::from(given));
        }
        let plain = given.strip_prefix(r"\\?\").unwrap_or(given);
        if plain.starts_with(r"\\") {
            let text = format!("`{given}` is a path in a network of Windows");
            return Err(Failure::new(PATH_NOT_FOUND, text)
                .hint("mount the share, and give its path on this computer"));
        }
        if let Some((letter, below)) = drive(plain) {
            return self.on_drive(given, letter, below);
        }
        if let Some(below) = plain.strip_prefix('\\') {
            // The drive that is current on Windows: C: where scripts run.
            return self.on_drive(given, 'C', below);
        }
        match plain.contains('\\') {
            true => Ok(find(top(plain), plain)),
            false => Ok(PathBuf::from(given)),
        }
    }

    fn on_drive(&self, given: &str, letter: char, below: &str) -> Result<PathBuf, Failure> {
        let letter = letter.to_ascii_uppercase();
        let top = self.0.get(&letter).ok_or_else(|| {
            let text = format!("`{given}`: there is no drive {letter}: on this computer");
            Failure::new(PATH_NOT_FOUND, text).hint(format!(
                "say which directory stands for it: `wimwright dism --drive {letter}=DIR ...`, or \
                 WIMWRIGHT_DRIVES='{letter}=DIR'"
            ))
        })?;
        let rooted = below.is_empty() || below.starts_with(['\\', '/']) || given.starts_with('\\');
        if !rooted {
            let text = format!("`{given}` is no path from the root of a drive");
            return Err(Failure::new(PATH_NOT_FOUND, text)
                .hint("shells of Linux take backslashes away: put the word in single quotes"));
        }
        Ok(find(top.clone(), below))
    }
}

/// Where a path without a drive begins.
fn top(path: &str) -> PathBuf {
    match path.starts_with('/') {
        true => PathBuf::from("/"),
        false => PathBuf::new(),
    }
}

/// `C:` and what is behind it.
fn drive(path: &str) -> Option<(char, &str)> {
    let mut letters = path.chars();
    let letter = letters.next().filter(char::is_ascii_alphabetic)?;
    let below = letters.as_str().strip_prefix(':')?;
    Some((letter, below))
}

/// Goes down from `top`, in any case where the names are there.
fn find(top: PathBuf, below: &str) -> PathBuf {
    let names = below.split(['\\', '/']).filter(|name| !name.is_empty());
    names.fold(top, |directory, name| match name {
        "." => directory,
        name => step(&directory, name),
    })
}

fn step(directory: &Path, name: &str) -> PathBuf {
    let exact = directory.join(name);
    if exact.symlink_metadata().is_ok() {
        return exact;
    }
    let listed = match directory.as_os_str().is_empty() {
        true => fs::read_dir("."),
        false => fs::read_dir(directory),
    };
    let wanted = name.to_lowercase();
    let mut fitting = listed.into_iter().flatten().flatten().filter_map(|entry| {
        let there = entry.file_name();
        let fits = there.to_str()?.to_lowercase() == wanted;
        fits.then(|| directory.join(there))
    });
    match (fitting.next(), fitting.next()) {
        // Two that differ by case only: neither is what was written.
        (Some(only), None) => only,
        _ => exact,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drives(top: &Path) -> Drives {
        Drives::new(
            &[format!("c={}", top.display())],
            Some("D:=/iso; ;C=/other"),
        )
        .unwrap()
    }

    #[test]
    fn a_drive_is_a_directory_and_names_are_found_in_any_case() {
        let top = tempfile::tempdir().unwrap();
        fs::create_dir_all(top.path().join("Mount/Windows")).unwrap();
        let drives = drives(top.path());
        let host = |given| drives.host(given).unwrap();
        for given in [
            r"C:\mount\windows",
            r"c:\MOUNT\WINDOWS\",
            r"C:/mount/Windows",
            r"\\?\C:\mount\.\windows",
            r"\mount\windows",
        ] {
            assert_eq!(host(given), top.path().join("Mount/Windows"), "{given}");
        }
        assert_eq!(host("C:"), top.path());
        assert_eq!(host(r"C:\"), top.path());
        // What is not there yet is made as it is written.
        let new = top.path().join("Mount/New/install.wim");
        assert_eq!(host(r"C:\mount\New\install.wim"), new);
        assert_eq!(host(r"D:\x"), Path::new("/iso/x"));
    }

    #[test]
    fn two_names_that_differ_by_case_are_not_guessed_between() {
        let top = tempfile::tempdir().unwrap();
        fs::create_dir(top.path().join("Abc")).unwrap();
        fs::create_dir(top.path().join("ABC")).unwrap();
        let drives = drives(top.path());
        assert_eq!(drives.host(r"C:\ABC").unwrap(), top.path().join("ABC"));
        assert_eq!(drives.host(r"C:\abc").unwrap(), top.path().join("abc"));
    }

    #[test]
    fn what_cannot_be_told_is_refused() {
        let drives = drives(Path::new("/nowhere"));
        for (given, expected) in [
            (r"E:\x", "no drive E:"),
            ("C:mount", "no path from the root"),
            (r"\\server\share\x.wim", "network"),
        ] {
            let failure = drives.host(given).unwrap_err();
            assert!(failure.to_string().contains(expected), "{failure}");
            assert!(failure.hint_text().is_some());
        }
        for word in ["C", "CD=/x", "1=/x", "C="] {
            assert!(Drives::new(&[word.to_owned()], None).is_err(), "{word}");
        }
        // Without a drive: what is written, and separators of Windows.
        assert_eq!(drives.host("/srv/x").unwrap(), Path::new("/srv/x"));
        assert_eq!(drives.host(r"a\b").unwrap(), Path::new("a/b"));
        assert_eq!(drives.host(r"/a\b").unwrap(), Path::new("/a/b"));
    }
}
