//! `capture` and `append`: what a user sees of them, and the whole way from
//! an image to a directory and back.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on ends"
)]

mod support;

use std::fs;

use serde_json::json;
use support::run_in;
use support::wims::Bench;
use wimwright::ExitCode;

#[test]
fn a_directory_becomes_an_image_that_wimlib_applies() {
    let Some(bench) = Bench::new("a_directory_becomes_an_image_that_wimlib_applies") else {
        return;
    };
    for (words, compression) in [
        ("", "lzx"),
        ("--compress none", "none"),
        ("--compress fast --chunk-size 4K", "xpress"),
        ("--compress max --chunk-size 64K --check --boot", "lzx"),
    ] {
        bench
            .run(&format!("capture @source @a.wim --force {words}"))
            .ends(ExitCode::Done)
            .says(&[
                "captured  `",
                "as image 1 `source`",
                "4 directories, 25 files, ",
            ]);
        assert_eq!(bench.info("a.wim")["compression"], compression);
        assert_eq!(
            bench.info("a.wim")["integrity_table"],
            words.contains("--check")
        );
        let boot = words.contains("--boot").then_some(1);
        assert_eq!(bench.info("a.wim")["boot_index"], json!(boot));
        bench.assert_sound("a.wim");
        bench.assert_applies("a.wim", 1, &bench.path("source"));
    }
    let before = bench.read("a.wim");
    bench
        .run("capture @source @a.wim")
        .ends(ExitCode::Refused)
        .complains(&["exists", "hint: `--force` replaces it"]);
    assert!(bench.read("a.wim") == before);
    assert_eq!(bench.names(), ["a.wim"]);

    fs::write(bench.path("source/new"), "new").unwrap();
    bench
        .run("append @source @a.wim --flags Pro --description d --no-check")
        .ends(ExitCode::Done)
        .says(&["as image 2 `source (2)`", "the file has"]);
    let image = &bench.info("a.wim")["images"][1];
    assert_eq!(image["image_description"], "d");
    assert_eq!(bench.info("a.wim")["integrity_table"], false);
    bench.assert_sound("a.wim");
    bench.assert_applies("a.wim", 2, &bench.path("source"));
    bench
        .run("append @source @a.wim --name SOURCE")
        .ends(ExitCode::Refused)
        .complains(&["has an image named `SOURCE` already, the image 1", "hint: "]);
}

#[test]
fn wrong_words_are_refused_before_anything_is_written() {
    let top = tempfile::tempdir().unwrap();
    fs::create_dir(top.path().join("tree")).unwrap();
    fs::write(top.path().join("tree/file"), "x").unwrap();
    fs::write(top.path().join("bad.ini"), "[ExclusionLst]\n*\n").unwrap();
    fs::write(top.path().join("good.ini"), "[ExclusionList]\nfile\n").unwrap();
    for (words, code, said) in [
        ("capture @none @a.wim", ExitCode::Damaged, "none"),
        ("capture @tree/file @a.wim", ExitCode::Damaged, "file"),
        (
            "capture @tree @a.wim --compress zip",
            ExitCode::Usage,
            "zip",
        ),
        (
            "capture @tree @a.wim --compress lzms",
            ExitCode::Refused,
            "LZMS",
        ),
        (
            "capture @tree @a.wim --chunk-size 5K",
            ExitCode::Usage,
            "5120",
        ),
        (
            "capture @tree @a.wim --exclude-file @bad.ini",
            ExitCode::Damaged,
            "line 1",
        ),
        (
            "capture @tree @a.wim --exclude-file @no.ini",
            ExitCode::Damaged,
            "no.ini",
        ),
        (
            "capture @tree @tree --force",
            ExitCode::Refused,
            "no ordinary file",
        ),
        ("append @tree @a.wim", ExitCode::Damaged, "a.wim"),
    ] {
        run_in(top.path(), words).ends(code).complains(&[said]);
        assert!(!top.path().join("a.wim").exists(), "{words}");
    }
    run_in(top.path(), "capture @tree @a.wim --exclude-file @good.ini")
        .ends(ExitCode::Done)
        .says(&["1 directory, 0 files", "1 entry left out"])
        .complains(&["nothing but its root directory [nothing-captured]"]);
}

#[test]
fn what_is_lost_is_named_and_a_dry_run_writes_nothing() {
    let top = tempfile::tempdir().unwrap();
    fs::create_dir(top.path().join("tree")).unwrap();
    fs::write(top.path().join("tree/a\\b"), "x").unwrap();
    fs::write(top.path().join("tree/plain"), "x").unwrap();
    let planned = run_in(top.path(), "capture @tree @a.wim --dry-run --json");
    let planned = planned.ends(ExitCode::Partly).json();
    assert!(!top.path().join("a.wim").exists());
    assert_eq!(
        (&planned["changed"], &planned["dry_run"]),
        (&json!(false), &json!(true))
    );
    let done = run_in(top.path(), "capture @tree @a.wim --json");
    let done = done.ends(ExitCode::Partly).json();
    let [planned, done] = [planned, done].map(|found| found["images"][0].clone());
    for field in ["directories", "files", "bytes", "lost", "findings"] {
        assert_eq!(planned[field], done[field], "{field}");
    }
    assert_eq!(done["lost"], 1);
    assert_eq!(done["findings"][0]["name"], "name-not-of-windows");
    assert_eq!(done["image_name"], "tree");
}

#[test]
fn an_image_goes_to_a_directory_and_back() {
    let Some(bench) = Bench::new("an_image_goes_to_a_directory_and_back") else {
        return;
    };
    bench.run("capture @source @a.wim").ends(ExitCode::Done);
    bench.run("apply @a.wim @tree").ends(ExitCode::Done);
    bench
        .run("capture @tree @b.wim --name source")
        .ends(ExitCode::Done);
    assert_eq!(bench.tree("a.wim", 1), bench.tree("b.wim", 1));
    bench.assert_sound("b.wim");
}
