//! Runs the program in this process, on images of the demo's sample.

#![allow(dead_code, reason = "each test file uses its part")]

pub(crate) mod wims;
pub(crate) mod windows_seven;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;
use wimwright::{ExitCode, Output, sample};

/// What a run gave.
pub(crate) struct Run {
    pub(crate) code: ExitCode,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// Runs `wimwright` with `args`.
pub(crate) fn run<S: AsRef<OsStr>>(args: &[S]) -> Run {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let program = OsStr::new("wimwright").to_owned();
    let args = args.iter().map(|arg| arg.as_ref().to_owned());
    let code = wimwright::run(
        std::iter::once(program).chain(args),
        Output::plain(&mut out),
        Output::plain(&mut err),
    );
    Run {
        code,
        out: String::from_utf8_lossy(&out).into_owned(),
        err: String::from_utf8_lossy(&err).into_owned(),
    }
}

/// Runs `wimwright` with words that are separated by blanks; `@` at the
/// beginning of a word stands for `top` and a separator.
pub(crate) fn run_in(top: &Path, words: &str) -> Run {
    let words = words
        .split_whitespace()
        .map(|word| match word.strip_prefix('@') {
            Some(below) => top.join(below).into_os_string(),
            None => word.into(),
        });
    run(&words.collect::<Vec<_>>())
}

impl Run {
    /// That it ended as it should.
    pub(crate) fn ends(self, code: ExitCode) -> Run {
        assert_eq!(self.code, code, "out: {}\nerr: {}", self.out, self.err);
        self
    }

    /// Its one JSON document.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out)
            .unwrap_or_else(|error| panic!("{error}: {}\n{}", self.out, self.err))
    }

    pub(crate) fn says(self, words: &[&str]) -> Run {
        for word in words {
            assert!(self.out.contains(word), "no `{word}` in: {}", self.out);
        }
        self
    }

    pub(crate) fn complains(self, words: &[&str]) -> Run {
        for word in words {
            assert!(self.err.contains(word), "no `{word}` in: {}", self.err);
        }
        self
    }
}

/// A directory with the sample `image` and the package `viostor`.
pub(crate) fn sample() -> TempDir {
    let top = tempfile::tempdir().unwrap();
    sample::write_image(&top.path().join("image")).unwrap();
    sample::write_package(&top.path().join("viostor")).unwrap();
    top
}

/// Every file below `directory` with its content; directories without.
pub(crate) fn snapshot(directory: &Path) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
    let mut found = BTreeMap::new();
    let mut open = vec![directory.to_owned()];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(&directory).unwrap() {
            let path = entry.unwrap().path();
            let content = match path.is_dir() {
                true => {
                    open.push(path.clone());
                    None
                }
                false => Some(fs::read(&path).unwrap()),
            };
            found.insert(path, content);
        }
    }
    found
}

/// The same, with paths from `directory`.
pub(crate) fn content(directory: &Path) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
    let below = |path: PathBuf| path.strip_prefix(directory).unwrap().to_owned();
    let found = snapshot(directory).into_iter();
    found
        .map(|(path, content)| (below(path), content))
        .collect()
}

/// A package of an INF that names a file which is not there.
pub(crate) fn broken_package(directory: &Path) {
    sample::write_package(directory).unwrap();
    fs::remove_file(directory.join("viostor.sys")).unwrap();
}

/// Copies a directory with all in it.
pub(crate) fn copy(from: &Path, to: &Path) {
    for (path, bytes) in content(from) {
        let target = to.join(path);
        match bytes {
            None => fs::create_dir_all(&target).unwrap(),
            Some(bytes) => {
                fs::create_dir_all(target.parent().unwrap()).unwrap();
                fs::write(&target, bytes).unwrap();
            }
        }
    }
}
