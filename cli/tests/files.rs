//! `files put`, `files delete`, `files rename`, `files script`.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on ends"
)]

mod support;

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use support::{content, run_in, snapshot};
use tempfile::TempDir;
use wimwright::ExitCode;
use wimwright_testdata::program;

/// A folder with an image `image` in which no Windows is, and files to put.
fn bench() -> TempDir {
    let top = tempfile::tempdir().unwrap();
    for (file, bytes) in [
        ("image/a.txt", "a"),
        ("image/Sub/b.txt", "b"),
        ("image/Sub/deep/c.txt", "c"),
        ("new/one.txt", "one"),
        ("new/two/three.txt", "three"),
        ("new/SUB/b.txt", "b of new"),
    ] {
        let path = top.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    top
}

fn names(directory: &Path) -> Vec<String> {
    let found = content(directory).into_iter();
    let text = |bytes: Option<Vec<u8>>| match bytes {
        Some(bytes) => format!(" = {}", String::from_utf8_lossy(&bytes)),
        None => "/".to_owned(),
    };
    found
        .map(|(path, bytes)| format!("{}{}", path.display(), text(bytes)))
        .collect()
}

#[test]
fn files_and_directories_are_put_and_a_second_time_changes_nothing() {
    let top = bench();
    let image = top.path().join("image");
    run_in(top.path(), "files put @image @new/one.txt Docs/First.txt")
        .ends(ExitCode::Done)
        .says(&["1 file written"]);
    run_in(top.path(), "files put @image @new /").ends(ExitCode::Done);
    let expected = [
        "Docs/",
        "Docs/First.txt = one",
        "Sub/",
        "Sub/b.txt = b of new",
        "Sub/deep/",
        "Sub/deep/c.txt = c",
        "a.txt = a",
        "one.txt = one",
        "two/",
        "two/three.txt = three",
    ];
    assert_eq!(names(&image), expected);
    // Windows' times have 100 ns.
    let written = |path: PathBuf| {
        let time = fs::metadata(path).unwrap().modified().unwrap();
        let since = time.duration_since(std::time::UNIX_EPOCH).unwrap();
        since.as_nanos() / 100
    };
    assert_eq!(
        written(image.join("one.txt")),
        written(top.path().join("new/one.txt"))
    );
    let before = snapshot(&image);
    let again = run_in(top.path(), "files put @image @new / --json").ends(ExitCode::Done);
    assert_eq!(again.json()["changed"], false);
    assert_eq!(snapshot(&image), before);
}

#[test]
fn what_is_in_the_way_or_missing_is_refused_and_nothing_changes() {
    let top = bench();
    std::os::unix::fs::symlink("two", top.path().join("new/link")).unwrap();
    let before = snapshot(&top.path().join("image"));
    for (words, code, complaint) in [
        (
            "put @image @new/one.txt Sub",
            ExitCode::Refused,
            "is a directory in the image",
        ),
        (
            "put @image @new a.txt",
            ExitCode::Refused,
            "is not a directory in the image",
        ),
        (
            "put @image @new x",
            ExitCode::Refused,
            "is a link, which is not put",
        ),
        (
            "put @image @absent x",
            ExitCode::Damaged,
            "cannot be opened",
        ),
        (
            "put @image @new/one.txt a?b",
            ExitCode::Usage,
            "not allowed in a Windows name",
        ),
        (
            "put @image @new/one.txt ../x",
            ExitCode::Usage,
            "cannot go up",
        ),
        (
            "delete @image absent",
            ExitCode::Refused,
            "the image has no `absent`",
        ),
        (
            "delete @image a.txt Sub",
            ExitCode::Refused,
            "`Sub` is a directory",
        ),
        (
            "delete @image / --recurse",
            ExitCode::Refused,
            "image root itself",
        ),
        (
            "rename @image absent x",
            ExitCode::Refused,
            "the image has no `absent`",
        ),
        (
            "rename @image a.txt Sub\\b.txt",
            ExitCode::Refused,
            "is there already",
        ),
        (
            "rename @image a.txt Sub --force",
            ExitCode::Refused,
            "is a directory",
        ),
        (
            "rename @image Sub a.txt --force",
            ExitCode::Refused,
            "is not a directory",
        ),
        (
            "rename @image Sub Sub/deep/x",
            ExitCode::Refused,
            "into itself",
        ),
    ] {
        run_in(top.path(), &format!("files {words}"))
            .ends(code)
            .complains(&[complaint]);
        assert_eq!(snapshot(&top.path().join("image")), before, "{words}");
    }
    let planned = run_in(top.path(), "files delete @image Sub --recurse --dry-run");
    planned.ends(ExitCode::Done).says(&["- Sub", "dry run"]);
    assert_eq!(snapshot(&top.path().join("image")), before);
}

#[test]
fn names_are_deleted_and_renamed() {
    let top = bench();
    let image = top.path().join("image");
    run_in(top.path(), "files rename @image sub/deep Deep/er").ends(ExitCode::Done);
    run_in(top.path(), "files rename @image a.txt sub/B.TXT --force").ends(ExitCode::Done);
    assert_eq!(
        names(&image),
        [
            "Deep/",
            "Deep/er/",
            "Deep/er/c.txt = c",
            "Sub/",
            "Sub/B.TXT = a"
        ]
    );
    run_in(
        top.path(),
        "files delete @image SUB deep/ER/c.txt --recurse",
    )
    .ends(ExitCode::Done);
    run_in(top.path(), "files delete @image absent --force")
        .ends(ExitCode::Done)
        .says(&["nothing to change"]);
    assert_eq!(names(&image), ["Deep/", "Deep/er/"]);
}

fn script(top: &Path, words: &[&str], text: &str) -> (i32, String) {
    let mut program = Command::new(env!("CARGO_BIN_EXE_wimwright"));
    program
        .args(["files", "script"])
        .args(words)
        .current_dir(top);
    let piped = program.stdin(Stdio::piped()).stdout(Stdio::null());
    let mut child = piped.stderr(Stdio::piped()).spawn().unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(text.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    (
        output.status.code().unwrap(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    )
}

const SCRIPT: &str = "# like wimupdate's\nadd new/one.txt '/My Files/one.txt'\n\
                      delete --recursive /Sub/deep\nrename /a.txt \"/My Files/one.txt\"\n\
                      add new/two /two\n\nrename /two /My\\ Files\n";

#[test]
fn a_script_is_done_in_one_commit_or_not_at_all() {
    let top = bench();
    let image = top.path().join("image");
    let before = snapshot(&image);
    let (code, err) = script(top.path(), &["image"], SCRIPT);
    assert_eq!(code, 2, "{err}");
    assert!(err.contains("line 7: `rename` takes two words"), "{err}");
    let good = SCRIPT.replace("/My\\ Files", "/Sub/two");
    let (code, err) = script(top.path(), &["image"], &format!("{good}delete nothing\n"));
    assert_eq!(code, 4, "{err}");
    assert!(err.contains("line 8: `delete nothing`"), "{err}");
    assert_eq!(snapshot(&image), before);
    let (code, err) = script(
        top.path(),
        &["image", "--force"],
        &format!("{good}delete no\n"),
    );
    assert_eq!(code, 0, "{err}");
    assert_eq!(
        names(&image),
        [
            "My Files/",
            "My Files/one.txt = a",
            "Sub/",
            "Sub/b.txt = b",
            "Sub/two/",
            "Sub/two/three.txt = three"
        ]
    );
}

#[test]
fn a_script_does_to_a_wim_what_wimlib_does() {
    let test = "a_script_does_to_a_wim_what_wimlib_does";
    if !program("wimlib-imagex", test) {
        return;
    }
    let top = bench();
    let text = SCRIPT.replace("/My\\ Files", "/Sub/two");
    let wimlib = |words: &[&str], text: &str| {
        let mut program = Command::new("wimlib-imagex");
        program.args(words).current_dir(top.path());
        let piped = program.stdin(Stdio::piped()).stdout(Stdio::null());
        let mut child = piped.stderr(Stdio::null()).spawn().unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(text.as_bytes())
            .unwrap();
        assert!(child.wait().unwrap().success(), "{words:?}");
    };
    wimlib(&["capture", "image", "ours.wim"], "");
    fs::copy(top.path().join("ours.wim"), top.path().join("theirs.wim")).unwrap();
    wimlib(&["update", "theirs.wim"], &text);
    let (code, err) = script(top.path(), &["ours.wim"], &text);
    assert_eq!(code, 0, "{err}");
    wimlib(&["verify", "ours.wim"], "");
    let mut applied = Vec::new();
    for wim in ["ours.wim", "theirs.wim"] {
        let to = format!("{wim}.applied");
        wimlib(&["apply", wim, "1", &to], "");
        let to = top.path().join(to);
        let date = fs::metadata(to.join("Sub/two/three.txt"))
            .unwrap()
            .modified();
        applied.push((content(&to), date.unwrap()));
    }
    assert_eq!(applied[0], applied[1]);
}
