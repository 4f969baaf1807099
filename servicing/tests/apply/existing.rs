//! What is on the target already.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::path::Path;

use wimwright_servicing::Access;
use wimwright_servicing::apply::{ApplyError, ApplyOptions, Applying};
use wimwright_wim::Packing;

use crate::support::{apply, apply_with, directory, file, junction, open, seen, wim};

fn read(path: impl AsRef<Path>) -> String {
    fs::read_to_string(path).unwrap()
}

/// A folder with `x.wim` of `entries` and an empty directory `out`.
fn with(entries: &[crate::support::Made]) -> (tempfile::TempDir, wimwright_wim::Archive) {
    let folder = tempfile::tempdir().unwrap();
    wim(&folder.path().join("x.wim"), Packing::STORED, entries);
    fs::create_dir(folder.path().join("out")).unwrap();
    let archive = open(&folder.path().join("x.wim"));
    (folder, archive)
}

#[test]
fn what_the_image_does_not_name_stays_and_what_it_names_is_replaced() {
    let (folder, archive) = with(&[file("a/named", "new"), file("other", "new"), directory("d")]);
    let out = folder.path().join("out");
    fs::create_dir_all(out.join("a")).unwrap();
    fs::create_dir_all(out.join("d/deep")).unwrap();
    for name in ["a/named", "a/mine", "d/deep/mine", "mine"] {
        fs::write(out.join(name), "old").unwrap();
    }
    // A name elsewhere of a file that is replaced.
    fs::hard_link(out.join("a/named"), out.join("another name")).unwrap();
    let options = ApplyOptions::default();
    let planned = Applying::new(&archive, 1, &out, options, Access::Read).unwrap();
    let replaced: Vec<String> = planned.replaced().map(|path| path.to_string()).collect();
    assert_eq!(replaced, ["a\\named"]);
    assert_eq!(planned.preview().counts.directories, 0);
    drop(planned);
    assert_eq!(read(out.join("a/named")), "old", "only looked at");
    assert!(!out.join(".wimwright-sidecar").exists());
    let report = apply(&archive, &out);
    assert_eq!(report.replaced, 1);
    for (name, content) in [
        ("a/named", "new"),
        ("other", "new"),
        ("a/mine", "old"),
        ("d/deep/mine", "old"),
        ("mine", "old"),
        ("another name", "old"),
    ] {
        assert_eq!(read(out.join(name)), content, "{name}");
    }
}

#[test]
fn links_on_the_target_are_replaced_and_never_followed() {
    let (folder, archive) = with(&[
        file("file", "new"),
        file("directory/below", "new"),
        file("deep/er/file", "new"),
        junction("link", "\\??\\C:\\directory"),
    ]);
    let out = folder.path().join("out");
    let outside = folder.path().join("outside");
    fs::create_dir_all(outside.join("er")).unwrap();
    for name in ["file", "below", "er/file"] {
        fs::write(outside.join(name), "theirs").unwrap();
    }
    symlink(outside.join("file"), out.join("file")).unwrap();
    symlink(&outside, out.join("directory")).unwrap();
    symlink("../outside", out.join("deep")).unwrap();
    symlink("/etc/passwd", out.join("link")).unwrap();
    // Planted where temporary files and the sidecar go.
    symlink(outside.join("file"), out.join(".wimwright-new-1")).unwrap();
    symlink(outside.join("made"), out.join(".wimwright-sidecar.new")).unwrap();
    let before = seen(&outside);
    let refused = apply_with(&archive, &out, ApplyOptions::default());
    assert!(
        matches!(refused, Err(ApplyError::Target { .. })),
        "the marker is a link"
    );
    fs::remove_file(out.join(".wimwright-sidecar.new")).unwrap();
    let report = apply(&archive, &out);
    assert_eq!(report.replaced, 4);
    assert_eq!(seen(&outside), before);
    for name in ["file", "directory/below", "deep/er/file", "link/below"] {
        assert_eq!(read(out.join(name)), "new", "{name}");
    }
    for name in ["file", "directory", "deep"] {
        assert!(
            !fs::symlink_metadata(out.join(name)).unwrap().is_symlink(),
            "{name}"
        );
    }
    assert!(!out.join(".wimwright-new-1").exists());
}

#[test]
fn directories_and_files_in_each_others_way_are_refused_before_anything_is_written() {
    let (folder, archive) = with(&[
        file("a", "new"),
        directory("b"),
        file("c/d", "new"),
        junction("e", "\\??\\C:\\b"),
    ]);
    let out = folder.path().join("out");
    for name in ["A", "c/d", "e"] {
        fs::create_dir_all(out.join(name)).unwrap();
    }
    fs::write(out.join("b"), "old").unwrap();
    let before = seen(&out);
    let error = apply_with(&archive, &out, ApplyOptions::default()).unwrap_err();
    let text = error.to_string();
    for part in [
        "`a` is a directory on the target and a file or link in the image",
        "`b` is a file on the target and a directory in the image",
        "`c\\d` is a directory",
        "`e` is a directory",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert_eq!(seen(&out), before);
}

#[test]
fn names_that_differ_by_case_are_one_and_get_the_images_spelling() {
    let (folder, archive) = with(&[
        file("Windows/System32/ntdll.dll", "new"),
        file("both", "small"),
        file("BOTH", "large"),
    ]);
    let out = folder.path().join("out");
    fs::create_dir_all(out.join("WINDOWS/system32")).unwrap();
    fs::write(out.join("WINDOWS/system32/NTDLL.DLL"), "old").unwrap();
    fs::write(out.join("WINDOWS/system32/mine"), "old").unwrap();
    fs::write(out.join("Both"), "old").unwrap();
    apply(&archive, &out);
    let names: Vec<_> = seen(&out).into_keys().collect();
    let names: Vec<&str> = names.iter().map(|name| name.to_str().unwrap()).collect();
    assert_eq!(
        names,
        [
            "",
            "BOTH",
            "Windows",
            "Windows/System32",
            "Windows/System32/mine",
            "Windows/System32/ntdll.dll",
            "both"
        ]
    );
    assert_eq!(read(out.join("Windows/System32/ntdll.dll")), "new");
    assert_eq!(read(out.join("both")), "small");
    assert_eq!(read(out.join("BOTH")), "large");
}

#[test]
fn an_apply_that_was_interrupted_is_told_and_cleared_up() {
    let (folder, archive) = with(&[file("a/b", "new"), file("c", "new")]);
    let out = folder.path().join("out");
    fs::create_dir(out.join("a")).unwrap();
    for name in [
        ".wimwright-sidecar.new",
        "a/.wimwright-new-2",
        ".wimwright-new-17",
    ] {
        fs::write(out.join(name), "half").unwrap();
    }
    fs::write(out.join(".wimwright-new-x"), "not ours").unwrap();
    fs::create_dir(out.join(".wimwright-new-3")).unwrap();
    let report = apply(&archive, &out);
    assert!(
        report
            .findings
            .iter()
            .any(|finding| finding.name == "apply-interrupted")
    );
    let left: Vec<_> = seen(&out).into_keys().collect();
    let left: Vec<&str> = left.iter().map(|name| name.to_str().unwrap()).collect();
    assert_eq!(
        left,
        ["", ".wimwright-new-3", ".wimwright-new-x", "a", "a/b", "c"]
    );
    assert!(out.join(".wimwright-sidecar").exists());
    let report = apply(&archive, &out);
    assert!(report.findings.is_empty(), "{:?}", report.findings);
}

#[test]
fn one_apply_at_a_time() {
    let (folder, archive) = with(&[file("a", "new")]);
    let out = folder.path().join("out");
    let options = ApplyOptions::default();
    let first = Applying::new(&archive, 1, &out, options, Access::Write).unwrap();
    let second = apply_with(&archive, &out, ApplyOptions::default());
    assert!(matches!(second, Err(ApplyError::Backend(_))));
    drop(first);
    apply(&archive, &out);
}

#[test]
fn names_of_one_file_are_one_file_and_equal_contents_are_not() {
    let (folder, archive) = with(&[
        file("a", "same").link(5),
        file("b/c", "same").link(5),
        file("d", "same"),
        file("other content", "other").link(5),
        file("e", "").link(6),
        file("f", "").link(6),
    ]);
    let out = folder.path().join("out");
    apply(&archive, &out);
    let inode = |name: &str| fs::metadata(out.join(name)).unwrap().ino();
    assert_eq!(inode("a"), inode("b/c"));
    assert_ne!(inode("a"), inode("d"));
    assert_ne!(inode("a"), inode("other content"));
    assert_eq!(inode("e"), inode("f"));
    assert_eq!(read(out.join("other content")), "other");
    // Once more: a name takes the place of another name of the same file.
    apply(&archive, &out);
    assert_eq!(inode("a"), inode("b/c"));
    assert_eq!(read(out.join("b/c")), "same");
    assert!(
        seen(&out)
            .keys()
            .all(|name| !name.to_str().unwrap().contains("wimwright"))
    );
}
