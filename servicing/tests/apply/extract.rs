//! Some of an image.

use std::fs;
use std::path::Path;

use wimwright_servicing::apply::{ApplyError, ApplyOptions, Selection};
use wimwright_wim::{Archive, Packing};

use crate::support::{apply_with, directory, file, junction, open, seen, wim};

fn archive(folder: &Path) -> Archive {
    let entries = [
        file("Windows/System32/a.dll", "a"),
        file("Windows/System32/b.DLL", "b"),
        file("Windows/System32/drivers/x.sys", "x"),
        file("Windows/SysWOW64/a.dll", "a of 32 bits"),
        file("Windows/notepad.exe", "n"),
        directory("Windows/empty"),
        file("Users/me/a.dll", "mine"),
        junction("Documents and Settings", "\\??\\C:\\Users"),
        directory("").attributes(4),
    ];
    wim(&folder.join("x.wim"), Packing::STORED, &entries);
    open(&folder.join("x.wim"))
}

fn options(patterns: &[&str], with_directories: bool) -> ApplyOptions {
    ApplyOptions {
        selection: Selection::Matching {
            patterns: patterns
                .iter()
                .map(|pattern| (*pattern).to_owned())
                .collect(),
            with_directories,
        },
        move_old: None,
        sidecar: false,
    }
}

#[test]
fn what_fits_is_extracted_with_all_below() {
    let folder = tempfile::tempdir().unwrap();
    let archive = archive(folder.path());
    for (number, (patterns, with_directories, expected)) in [
        (&["windows/notepad.exe"][..], false, &["notepad.exe"][..]),
        (&["\\Windows\\System32\\*.dll"], false, &["a.dll", "b.DLL"]),
        (
            &["Windows/System32/"],
            false,
            &[
                "System32",
                "System32/a.dll",
                "System32/b.DLL",
                "System32/drivers",
                "System32/drivers/x.sys",
            ],
        ),
        (
            &["Windows/System32/?.dll", "Users"],
            true,
            &[
                "Users",
                "Users/me",
                "Users/me/a.dll",
                "Windows",
                "Windows/System32",
                "Windows/System32/a.dll",
                "Windows/System32/b.DLL",
            ],
        ),
        (&["**/drivers"], false, &["drivers", "drivers/x.sys"]),
        (
            &["**\\A.dll"],
            true,
            &[
                "Users",
                "Users/me",
                "Users/me/a.dll",
                "Windows",
                "Windows/SysWOW64",
                "Windows/SysWOW64/a.dll",
                "Windows/System32",
                "Windows/System32/a.dll",
            ],
        ),
        (
            &["Documents and Settings"],
            false,
            &["Documents and Settings"],
        ),
        (&["Windows/empty", "Windows/EMPTY"], false, &["empty"]),
    ]
    .into_iter()
    .enumerate()
    {
        let out = folder.path().join(format!("out{number}"));
        apply_with(&archive, &out, options(patterns, with_directories)).unwrap();
        let names: Vec<_> = seen(&out).into_keys().skip(1).collect();
        let names: Vec<&str> = names.iter().map(|name| name.to_str().unwrap()).collect();
        assert_eq!(names, expected, "{patterns:?} {with_directories}");
        assert!(!out.join(".wimwright-sidecar").exists());
    }
    let all = folder.path().join("all");
    apply_with(&archive, &all, options(&["/"], false)).unwrap();
    assert_eq!(seen(&all).len(), 15);
}

#[test]
fn nothing_is_extracted_where_a_pattern_fits_nothing_or_names_clash() {
    let folder = tempfile::tempdir().unwrap();
    let archive = archive(folder.path());
    let out = folder.path().join("out");
    let refused = |patterns: &[&str], with_directories| {
        let refused = apply_with(&archive, &out, options(patterns, with_directories));
        assert!(!out.exists());
        refused.unwrap_err()
    };
    let error = refused(&["Windows/notepad.exe", "Windows/*.com"], false);
    assert_eq!(
        error.to_string(),
        "the image holds nothing that fits `Windows/*.com`"
    );
    // The link is not followed: its files are where they are.
    assert!(matches!(
        refused(&["Documents and Settings/me"], false),
        ApplyError::NothingFits { .. }
    ));
    let error = refused(&["**/a.dll"], false);
    assert!(matches!(error, ApplyError::SameName { .. }));
    assert!(error.to_string().contains("as `a.dll`"), "{error}");
    assert!(matches!(
        refused(&["a/../b"], false),
        ApplyError::Pattern(_)
    ));
    assert!(matches!(
        refused(&["C:\\Windows"], true),
        ApplyError::Pattern(_)
    ));
    assert!(matches!(refused(&[""], true), ApplyError::Pattern(_)));
}

#[test]
fn a_target_keeps_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let archive = archive(folder.path());
    let out = folder.path().join("out");
    // Not refused: single files may well be put into a Windows.
    fs::create_dir_all(out.join("Windows/System32/config")).unwrap();
    fs::write(out.join("Windows/System32/config/SYSTEM"), "regf").unwrap();
    let before = seen(&out)[Path::new("Windows/System32/config")].clone();
    apply_with(&archive, &out, options(&["Windows/notepad.exe"], true)).unwrap();
    let after = seen(&out);
    assert_eq!(after[Path::new("Windows/System32/config")], before);
    assert_eq!(fs::read(out.join("Windows/notepad.exe")).unwrap(), b"n");
}
