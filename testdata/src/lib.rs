//! Test files, where the corpus is, and which peer programs are here.
//!
//! Used by the other crates' tests only. The corpus of real hives and driver
//! packages is not part of the repository; [`corpus`] finds it or says that
//! the test is skipped. Peer programs (`hivexsh`, Python with regipy, ...) are
//! looked up by [`program`], with the same word when they are missing.

#![expect(clippy::panic, reason = "test support: a damaged corpus ends the test")]

pub mod cabinet;
pub mod cbs_image;
pub mod image;
pub mod nt5;
mod nt5_disk;
pub mod pa30;
pub mod pe;
pub mod update_package;

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The folder `testdata/files` of the repository: small, openly licensed
/// files, each listed in `testdata/README.md`.
pub fn files() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("files")
}

/// The corpus: `WIMWRIGHT_CORPUS`, else `../shared/corpus` beside the
/// repository. `None` says on standard error that `test` is skipped.
pub fn corpus(test: &str) -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus");
    let found = std::env::var_os("WIMWRIGHT_CORPUS").map_or(beside, PathBuf::from);
    if found.is_dir() {
        return Some(found);
    }
    skipped(test, "no corpus (set WIMWRIGHT_CORPUS)");
    None
}

/// Reads a corpus file; a name ending in `.zst` is decompressed, and a plain
/// name falls back to its `.zst` twin.
///
/// # Panics
/// When the file is missing or damaged: the corpus is there, but not whole.
pub fn read(path: &Path) -> Vec<u8> {
    let mut twin = path.as_os_str().to_owned();
    twin.push(".zst");
    let (path, compressed) = match path.extension() {
        Some(extension) if extension == "zst" => (path.to_path_buf(), true),
        _ if path.exists() => (path.to_path_buf(), false),
        _ => (PathBuf::from(twin), true),
    };
    let bytes = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    if !compressed {
        return bytes;
    }
    let mut decoder = ruzstd::decoding::StreamingDecoder::new(bytes.as_slice())
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut plain = Vec::new();
    decoder
        .read_to_end(&mut plain)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    plain
}

/// Whether `name` can be started; says that `test` is skipped when not.
pub fn program(name: &str, test: &str) -> bool {
    if Command::new(name).arg("--version").output().is_ok() {
        return true;
    }
    skipped(test, &format!("`{name}` is not installed"));
    false
}

/// A Python interpreter that can import `module`; says that `test` is skipped
/// when there is none.
pub fn python_with(module: &str, test: &str) -> Option<&'static str> {
    let found = ["python3", "/usr/bin/python3"].into_iter().find(|python| {
        Command::new(python)
            .args(["-c", &format!("import {module}")])
            .output()
            .is_ok_and(|output| output.status.success())
    });
    if found.is_none() {
        skipped(test, &format!("no Python with `{module}`"));
    }
    found
}

/// Says on standard error that `test` did not run, and why.
pub fn skipped(test: &str, reason: &str) {
    // Straight to the file descriptor: the test harness captures `eprintln!`
    // of passing tests, and a skipped test must be seen.
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr(), "skipped: {test}: {reason}");
}
