//! `packages inspect`: what is listed, taken out, and refused.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on ends"
)]

mod support;

use std::fs;
use std::path::Path;

use wimwright::ExitCode;
use wimwright_testdata::cabinet::{Cabinet, File, Method};

use support::run_in;

/// An installer with a package, and a broken one beside it.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let package = Cabinet {
        behind: vec![1; 2000],
        ..Cabinet::of(
            Method::Lzx { window: 21 },
            &[("update.mum", b"mum"), ("a\\b.dll", &[7; 40_000])],
        )
    };
    let package = package.build();
    let mut files = vec![
        File::new("Windows-KB1-x64.cab", package.clone()),
        File::new("Windows-KB1-x64-pkgProperties.txt", *b"a=\"b\"\r\n"),
    ];
    files.extend((0..20).map(|number| File::new(&format!("f{number:02}\u{1b}"), *b"x")));
    let installer = Cabinet {
        folders: vec![(Method::Mszip, files)],
        ..Cabinet::default()
    };
    let mut quantum = Cabinet::of(Method::Stored, &[("plain", b"plain")]);
    let packed = (Method::Named(0x1572), vec![File::new("packed", *b"?")]);
    quantum.folders.push(packed);
    let escape = Cabinet::of(Method::Stored, &[("..\\evil", b"x")]);
    let parts = Cabinet::of(Method::Stored, &[("big", &[7; 90_000])]);
    let parts = parts.build_set(&["one.cab", "two.cab"]);
    for (name, bytes) in [
        ("installer.msu", installer.build()),
        ("quantum.cab", quantum.build()),
        ("escape.cab", escape.build()),
        ("cut.cab", package[..900].to_vec()),
        ("one.cab", parts[0].clone()),
        ("text.cab", b"text".to_vec()),
    ] {
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    folder
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_package_is_listed_with_what_is_in_it() {
    let folder = folder();
    let top = folder.path();
    run_in(top, "packages inspect @installer.msu")
        .ends(ExitCode::Findings)
        .complains(&["installer.msu` is no package that can be understood: `update.mum`: line 1"])
        .says(&[
            "installer.msu  standalone installer, cabinet,",
            "1 folder: MSZIP",
            "22 files,",
            "and 10 more (`--verbose` lists them)",
            "Windows-KB1-x64.cab  update package, cabinet, 42.1 kB",
            "1 folder: LZX:21",
            "2.0 kB behind its end, mostly a signature",
            "40000  a\\b.dll",
        ]);
    let whole = run_in(top, "packages inspect @installer.msu --verbose").ends(ExitCode::Findings);
    assert!(whole.out.contains("f19") && !whole.out.contains("more"));
    // A name's control characters do not reach the terminal.
    assert!(!whole.out.contains('\u{1b}'), "{}", whole.out);
    let json = run_in(top, "packages inspect @installer.msu --json").json();
    assert_eq!(json["container"]["role"], "msu");
    assert_eq!(json["container"]["nested"][0]["role"], "package");
    assert_eq!(
        json["container"]["nested"][0]["folders"][0]["compression"],
        "LZX:21"
    );
    assert_eq!(json["container"]["members"].as_array().unwrap().len(), 22);
}

#[test]
fn files_are_taken_out_all_or_none() {
    let folder = folder();
    let top = folder.path();
    let before = names(top);
    run_in(top, "packages inspect @installer.msu --extract @out")
        .ends(ExitCode::Done)
        .says(&["extracted  22 files, 42.2 kB, to `"]);
    assert_eq!(names(&top.join("out")).len(), 22);
    run_in(top, "packages inspect @installer.msu --extract @out")
        .ends(ExitCode::Refused)
        .complains(&[
            "out` is there already",
            "hint: name a folder that is not there",
        ]);
    fs::remove_dir_all(top.join("out")).unwrap();

    run_in(top, "packages inspect @quantum.cab --extract @out")
        .ends(ExitCode::Partly)
        .complains(&["`packed`: folder 1 is compressed with Quantum:7:21, which is not read"]);
    assert_eq!(names(&top.join("out")), ["plain"]);
    fs::remove_dir_all(top.join("out")).unwrap();
    run_in(top, "packages inspect @quantum.cab")
        .ends(ExitCode::Findings)
        .says(&[
            "1 stored, 1 Quantum:7:21",
            "(compressed in a way that is not read)",
        ]);

    // A bit of the last file.
    let path = top.join("installer.msu");
    let mut bytes = fs::read(&path).unwrap();
    let end = bytes.len();
    bytes[end - 5] ^= 4;
    fs::write(path, bytes).unwrap();
    run_in(top, "packages inspect @installer.msu --extract @out")
        .ends(ExitCode::Damaged)
        .complains(&["data block 1 of folder 0: its checksum is"]);
    assert_eq!(names(top), before);
}

#[test]
fn what_cannot_be_read_is_refused_with_the_reason() {
    let folder = folder();
    let top = folder.path();
    for (words, code, why) in [
        (
            "@escape.cab",
            ExitCode::Refused,
            "member `..\\evil`: its name leads up with `..`",
        ),
        ("@cut.cab", ExitCode::Damaged, "the cabinet claims"),
        (
            "@one.cab",
            ExitCode::Refused,
            "`one.cab` goes on in `two.cab`, which is not beside it",
        ),
        (
            "@one.cab",
            ExitCode::Refused,
            "hint: put all parts into one folder",
        ),
        (
            "@text.cab",
            ExitCode::Refused,
            "neither a cabinet, a WIM file, nor a program",
        ),
        ("@none.cab", ExitCode::Damaged, "No such file"),
    ] {
        run_in(top, &format!("packages inspect {words}"))
            .ends(code)
            .complains(&[why]);
        run_in(top, &format!("packages inspect {words} --extract @out")).ends(code);
        assert!(!top.join("out").exists());
    }
    assert!(!top.parent().unwrap().join("evil").exists());
    // A folder is opened, and each of them named.
    run_in(top, "packages inspect @")
        .ends(ExitCode::Findings)
        .says(&[
            "`escape.cab`: member `..\\evil`",
            "`cut.cab`: the cabinet claims",
            "`one.cab`:",
        ]);
}
