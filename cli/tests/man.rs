//! Manual pages and completions, as `man`, mandoc and the shells take them.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on ends"
)]

mod support;

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use support::{run, run_in};
use wimwright::ExitCode;
use wimwright_testdata::program;

fn pages(top: &std::path::Path) -> Vec<PathBuf> {
    run_in(top, "man @man -q").ends(ExitCode::Done);
    let found = fs::read_dir(top.join("man")).unwrap();
    let mut pages: Vec<_> = found.map(|entry| entry.unwrap().path()).collect();
    pages.sort();
    pages
}

#[test]
fn every_page_is_shown_by_man_without_a_warning() {
    let test = "every_page_is_shown_by_man_without_a_warning";
    if !program("man", test) {
        return;
    }
    let top = tempfile::tempdir().unwrap();
    for page in pages(top.path()) {
        let shown = Command::new("man")
            .args(["--warnings=w", "--encoding=utf8", "-l"])
            .arg(&page)
            .env("LC_ALL", "C.UTF-8")
            .env("MANPAGER", "cat")
            .env("MANWIDTH", "80")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&shown.stderr);
        assert!(shown.status.success(), "{}: {said}", page.display());
        // Long words that cannot be adjusted are no fault of the page.
        let faults: Vec<&str> = said
            .lines()
            .filter(|line| !line.contains("cannot adjust line") && !line.contains("break line"))
            .collect();
        assert!(faults.is_empty(), "{}: {faults:?}", page.display());
        let text = String::from_utf8_lossy(&shown.stdout);
        for part in ["NAME", "SYNOPSIS", "DESCRIPTION", "EXIT STATUS"] {
            assert!(text.contains(part), "{}: no {part}", page.display());
        }
    }
}

#[test]
fn every_page_passes_mandoc() {
    if Command::new("mandoc").arg("-V").output().is_err() {
        wimwright_testdata::skipped("every_page_passes_mandoc", "`mandoc` is not installed");
        return;
    }
    let top = tempfile::tempdir().unwrap();
    let pages = pages(top.path());
    let found = Command::new("mandoc")
        .args(["-T", "lint", "-W", "warning"])
        .args(&pages)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&found.stdout);
    assert!(found.status.success(), "{said}");
    // It can fail.
    let broken = top.path().join("broken.1");
    fs::write(&broken, ".SH\n.XX\n").unwrap();
    let mut lint = Command::new("mandoc");
    lint.args(["-T", "lint", "-W", "warning"]).arg(&broken);
    assert!(!lint.output().unwrap().status.success());
}

#[test]
fn pages_that_are_there_are_replaced_only_when_asked() {
    let top = tempfile::tempdir().unwrap();
    let pages = pages(top.path());
    let first = pages.first().unwrap();
    fs::write(first, "mine").unwrap();
    run_in(top.path(), "man @man")
        .ends(ExitCode::Refused)
        .complains(&["is there already", "hint: `--force` replaces it"]);
    assert_eq!(fs::read(first).unwrap(), b"mine");
    let number = format!("wrote {} manual pages", pages.len());
    run_in(top.path(), "man @man --force")
        .ends(ExitCode::Done)
        .says(&[&number]);
    assert_ne!(fs::read(first).unwrap(), b"mine");
}

/// Asks the script what may follow `words`, as bash does when Tab is pressed.
const COMPLETE: &str = r#"
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
_wimwright wimwright "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
printf '%s\n' "${COMPREPLY[@]}"
"#;

#[test]
fn bash_completes_verbs_and_options() {
    if !program("bash", "bash_completes_verbs_and_options") {
        return;
    }
    let top = tempfile::tempdir().unwrap();
    let script = top.path().join("wimwright.bash");
    fs::write(&script, run(&["completions", "bash"]).out).unwrap();
    for (words, candidates) in [
        (["wimwright", "ma"].as_slice(), ["man"].as_slice()),
        (&["wimwright", "drivers", "ex"], &["export"]),
        (&["wimwright", "drivers", "add", "--al"], &["--allow-older"]),
        (&["wimwright", "completions", "z"], &["zsh"]),
    ] {
        let found = Command::new("bash")
            .args(["-c", COMPLETE, "bash"])
            .arg(&script)
            .args(words)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&found.stdout);
        let said: Vec<&str> = said.lines().collect();
        let why = String::from_utf8_lossy(&found.stderr);
        assert_eq!(said, candidates, "{words:?}: {why}");
    }
}

#[test]
fn each_shell_reads_its_script() {
    let top = tempfile::tempdir().unwrap();
    for (shell, check) in [("bash", "-n"), ("zsh", "-n"), ("fish", "-n")] {
        if !program(shell, "each_shell_reads_its_script") {
            continue;
        }
        let script = top.path().join(shell);
        fs::write(&script, run(&["completions", shell]).out).unwrap();
        let read = Command::new(shell)
            .arg(check)
            .arg(&script)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&read.stderr);
        assert!(read.status.success() && said.is_empty(), "{shell}: {said}");
    }
}
