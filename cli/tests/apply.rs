//! `apply` and `extract`, as a user meets them.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on ends"
)]

mod support;

use std::fs;
use std::path::Path;

use serde_json::json;
use support::wims::{Bench, CODECS, small};
use support::{content, run_in, snapshot};
use wimwright::ExitCode;

/// What is in a directory, the sidecar aside.
fn applied(directory: &Path) -> Vec<(String, Option<Vec<u8>>)> {
    let found = content(directory).into_iter();
    let found = found.map(|(path, bytes)| (path.to_str().unwrap().to_owned(), bytes));
    found
        .filter(|(path, _)| path != ".wimwright-sidecar")
        .collect()
}

#[test]
fn what_wimlib_captured_is_applied() {
    let Some(bench) = Bench::new("what_wimlib_captured_is_applied") else {
        return;
    };
    let source = applied(&bench.path("source"));
    for options in CODECS {
        bench.two_images("a.wim", options);
        bench
            .run("apply @a.wim:first @out")
            .ends(ExitCode::Done)
            .says(&["applied  ", "24 files, 3 directories, 1 hard link, "]);
        assert!(applied(&bench.path("out")) == source, "{options:?}");
        fs::remove_dir_all(bench.path("out")).unwrap();
    }
    // All images, each into a directory with its name.
    let run = bench
        .run("apply @a.wim:all @out --json")
        .ends(ExitCode::Done);
    let document = run.json();
    assert_eq!(document["schema"], "wimwright/apply/1");
    let targets: Vec<_> = (0..2)
        .map(|image| &document["images"][image]["target"])
        .collect();
    assert_eq!(
        targets,
        [
            &json!(bench.text("out/first")),
            &json!(bench.text("out/second"))
        ]
    );
    assert!(applied(&bench.path("out/first")) == source);
    assert!(applied(&bench.path("out/second")) == applied(&bench.path("source/many")));
}

#[test]
fn a_dry_run_says_what_would_be_and_writes_nothing() {
    let top = tempfile::tempdir().unwrap();
    let at = |name: &str| top.path().join(name);
    small(&at("a.wim"));
    let nothing = run_in(top.path(), "apply @a.wim:1 @new --dry-run").ends(ExitCode::Done);
    nothing.says(&["would apply  ", "1 file, 0 directories"]);
    assert!(!at("new").exists());
    fs::create_dir(at("out")).unwrap();
    fs::write(at("out/FIRST"), "old").unwrap();
    let before = snapshot(top.path());
    let words = "apply @a.wim:1 @out --dry-run";
    run_in(top.path(), words)
        .ends(ExitCode::Done)
        .says(&["1 file to be replaced", "\n    first\n"]);
    let document = run_in(top.path(), &format!("{words} --json")).json();
    assert_eq!(
        (&document["changed"], &document["dry_run"]),
        (&json!(false), &json!(true))
    );
    assert_eq!(document["images"][0]["replaced_files"], json!(["first"]));
    assert_eq!(snapshot(top.path()), before);
    let document = run_in(top.path(), "apply @a.wim:1 @out --json").json();
    let image = &document["images"][0];
    assert_eq!(
        (
            &image["replaced"],
            &image["sidecar"],
            &image["replaced_files"]
        ),
        (&json!(1), &json!(true), &json!(null))
    );
    assert_eq!(fs::read(at("out/first")).unwrap().len(), 1000);
    assert!(!at("out/FIRST").exists());
}

#[test]
fn refusals_say_why_and_what_helps() {
    let top = tempfile::tempdir().unwrap();
    let at = |name: &str| top.path().join(name);
    small(&at("a.wim"));
    fs::create_dir_all(at("windows/WINNT/System32/config")).unwrap();
    fs::write(at("windows/WINNT/System32/config/SYSTEM"), "").unwrap();
    fs::create_dir_all(at("in the way/first")).unwrap();
    fs::create_dir_all(at("taken/old")).unwrap();
    fs::create_dir_all(at("taken/WINNT/System32/config")).unwrap();
    fs::write(at("taken/WINNT/System32/config/SAM"), "").unwrap();
    let before = snapshot(top.path());
    for (words, code, said) in [
        (
            "apply @a.wim:1 @windows",
            ExitCode::Refused,
            &[
                "holds a Windows already, in `WINNT`",
                "hint: `--move-old NAME`",
            ][..],
        ),
        (
            "apply @a.wim:1 @taken --move-old old",
            ExitCode::Refused,
            &["`old` exists on the target", "hint: choose another name"],
        ),
        (
            "apply @a.wim:1 @windows --move-old a/b",
            ExitCode::Usage,
            &["'/'"],
        ),
        (
            "apply @windows @out",
            ExitCode::Refused,
            &["is a directory already", "hint: `cp -a`"],
        ),
        (
            "apply @a.wim @out",
            ExitCode::Refused,
            &["has 2 images, and none is named"],
        ),
        (
            "apply @a.wim:3 @out",
            ExitCode::Refused,
            &["has no image `3`"],
        ),
        (
            "apply @none.wim @out",
            ExitCode::Damaged,
            &["does not exist"],
        ),
        (
            "apply @a.wim:1 @a.wim",
            ExitCode::Refused,
            &["is not a directory"],
        ),
        (
            "extract @a.wim:all first --to @out",
            ExitCode::Refused,
            &["names several images"],
        ),
        (
            "extract @a.wim:1 second --to @out",
            ExitCode::Refused,
            &["holds nothing that fits `second`", "hint: `dir IMAGE -r`"],
        ),
        (
            "extract @a.wim:1 a/../b --to @out",
            ExitCode::Usage,
            &["`..`"],
        ),
        ("extract @a.wim:1 first", ExitCode::Usage, &["--to"]),
    ] {
        run_in(top.path(), words).ends(code).complains(said);
    }
    let words = ["apply", "@a.wim:1", "@in the way"].map(|word| match word.strip_prefix('@') {
        Some(name) => at(name).into_os_string(),
        None => word.into(),
    });
    support::run(&words)
        .ends(ExitCode::Refused)
        .complains(&["`first` is a directory on the target and a file or link in the image"]);
    assert_eq!(snapshot(top.path()), before);
}

#[test]
fn damaged_content_is_named_and_all_else_applied() {
    let Some(bench) = Bench::new("damaged_content_is_named_and_all_else_applied") else {
        return;
    };
    bench.two_images("a.wim", &["--compress=none"]);
    let noise = fs::read(bench.path("source/noise")).unwrap();
    let bytes = bench.read("a.wim");
    let place = bytes.windows(64).position(|bytes| bytes == &noise[..64]);
    bench.patch("a.wim", place.unwrap() + 100, |byte| byte ^ 1);
    let run = bench.run("apply @a.wim:1 @out").ends(ExitCode::Damaged);
    run.complains(&["error: `noise`: not written: ", "blob"]);
    let mut expected = applied(&bench.path("source"));
    expected.retain(|(path, _)| path != "noise");
    assert!(applied(&bench.path("out")) == expected);
    let document = bench.run("apply @a.wim:1 @again --json").json();
    assert_eq!(document["images"][0]["damaged"][0]["path"], "noise");
}

#[test]
fn files_are_extracted() {
    let Some(bench) = Bench::new("files_are_extracted") else {
        return;
    };
    bench.two_images("a.wim", &["--compress=lzx"]);
    bench
        .run("extract @a.wim:1 many/0? TEXT.txt --to @out")
        .ends(ExitCode::Done)
        .says(&["extracted  ", "11 files, 0 directories"]);
    let names: Vec<_> = applied(&bench.path("out"))
        .into_iter()
        .map(|(path, _)| path)
        .collect();
    assert_eq!(names.len(), 11);
    assert!(names.contains(&"text.txt".to_owned()));
    let run = bench.run("extract @a.wim:1 many/linked --to @kept --preserve-dir-structure --json");
    assert_eq!(run.json()["schema"], "wimwright/extract/1");
    let names: Vec<_> = applied(&bench.path("kept"))
        .into_iter()
        .map(|(path, _)| path)
        .collect();
    assert_eq!(names, ["many", "many/linked"]);
    assert_eq!(
        fs::read(bench.path("kept/many/linked")).unwrap(),
        fs::read(bench.path("source/text.txt")).unwrap()
    );
}

#[test]
fn progress_is_told_in_bytes() {
    let top = tempfile::tempdir().unwrap();
    small(&top.path().join("a.wim"));
    let run = run_in(top.path(), "apply @a.wim:1 @out --progress json");
    let last = run.err.lines().last().unwrap();
    let last: serde_json::Value = serde_json::from_str(last).unwrap();
    assert_eq!(last, json!({"step": "apply", "done": 1000, "total": 1000}));
}
