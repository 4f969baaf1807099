//! `build`: the same job on directories and WIM files, what is left alone, what
//! is refused, and what is there when somebody pulls the plug.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on ends"
)]

#[path = "../support/mod.rs"]
mod support;

mod again;
mod examples;
mod job;
mod matrix;
mod outputs;
mod refused;
mod schema;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use support::{run_in, sample};
use tempfile::TempDir;
use wimwright::ExitCode;

/// The sample, the same in `base.wim`, and what steps read.
fn bench() -> TempDir {
    let top = sample();
    let at = |name: &str| top.path().join(name);
    fs::create_dir_all(at("image/Users/x")).unwrap();
    fs::write(at("image/Users/x/old.log"), "old").unwrap();
    fs::write(at("image/pagefile.sys"), "pages").unwrap();
    run_in(top.path(), "capture @image @base.wim --name Base").ends(ExitCode::Done);
    fs::write(
        at("tweak.reg"),
        "Windows Registry Editor Version 5.00\r\n\r\n\
         [HKEY_LOCAL_MACHINE\\SOFTWARE\\Build]\r\n\"Made\"=\"yes\"\r\n",
    )
    .unwrap();
    fs::create_dir_all(at("files/below")).unwrap();
    fs::write(at("files/a.txt"), "a").unwrap();
    fs::write(at("files/below/b.txt"), "b").unwrap();
    top
}

/// Writes a build file.
fn file(top: &TempDir, name: &str, text: &str) {
    fs::write(top.path().join(name), text).unwrap();
}

/// The steps of most tests.
const STEPS: &str = r#"
[[steps]]
drivers = { from = ["viostor"] }
[[steps]]
registry = { import = ["tweak.reg"] }
[[steps]]
put = { from = "files", to = "Tools" }
[[steps]]
remove = { paths = ["Users/x/old.log", "Users/none"] }
"#;

/// A build of one source.
fn one(image: &str) -> String {
    format!(
        "[sources.pro]\nimage = \"{image}\"\nname = \"Pro\"\n{STEPS}\n[[outputs]]\nfile = \"out/pro.wim\"\n"
    )
}

/// Runs the program as a process of its own, with the time of its writing given;
/// it has to succeed.
fn process(folder: &Path, words: &str) -> Output {
    let done = Command::new(env!("CARGO_BIN_EXE_wimwright"))
        .args(words.split_whitespace())
        .current_dir(folder)
        .env("SOURCE_DATE_EPOCH", "1700000000")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{words}: {said}");
    done
}
