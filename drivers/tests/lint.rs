//! Lint of every real INF of the corpus.
//!
//! How often each rule is broken, and by whose INFs, is `golden/lint.txt`,
//! which was read against the INFs: a finding on Microsoft's own samples is
//! either something InfVerif says of them too, or a bug here. With
//! `WIMWRIGHT_BLESS=1` the file is written anew, to be read again.
//!
//! InfVerif itself has a say: `peer/infverif.txt` holds what it printed for
//! samples of the corpus, as people reported it in public.

#![allow(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test support"
)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use wimwright_drivers::{LintFinding, LintMode, LintOptions, Linted, lint_bytes};
use wimwright_inf::{Inf, ParseOptions};

/// All INFs under `folder`, in the order of their paths.
fn infs(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            infs(&path, found);
        } else if path.extension().is_some_and(|extension| {
            ["inf", "inx", "oem"].contains(&extension.to_string_lossy().to_lowercase().as_str())
        }) {
            found.push(path);
        }
    }
}

fn lint(path: &Path, mode: LintMode) -> Linted {
    let options = LintOptions {
        mode,
        stampinf: true,
        now: None,
    };
    let name = path.file_name().unwrap().to_string_lossy();
    lint_bytes(&name, &fs::read(path).unwrap(), &options)
}

#[test]
fn the_findings_on_real_infs_are_as_reviewed() {
    let test = "the_findings_on_real_infs_are_as_reviewed";
    let Some(corpus) = wimwright_testdata::corpus(test) else {
        return;
    };
    let drivers = corpus.join("drivers");
    let mut paths = Vec::new();
    infs(&drivers, &mut paths);
    // Whose INF, and which rule: how many findings in how many files.
    let mut counts: BTreeMap<(String, String), (usize, usize)> = BTreeMap::new();
    let mut files: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    let mut list = String::new();
    for path in &paths {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let whose = match name.split_once("__") {
            Some((whose, _)) => whose.to_owned(),
            None => "packages".to_owned(),
        };
        let linted = lint(path, LintMode::Windows);
        // Wine's INF sets up a whole registry.
        assert!(!linted.truncated || whose == "wine8.0", "{name}");
        let mut in_file: BTreeMap<String, usize> = BTreeMap::new();
        for finding in &linted.findings {
            let rule = finding.rule;
            *in_file
                .entry(format!("{} {}", rule.id(), rule.name()))
                .or_default() += 1;
            writeln!(list, "{name}:{finding}").unwrap();
        }
        let of = files.entry(whose.clone()).or_default();
        of.0 += 1;
        of.1 += usize::from(linted.findings.is_empty());
        for (rule, count) in in_file {
            let known = counts.entry((whose.clone(), rule)).or_default();
            known.0 += count;
            known.1 += 1;
        }
    }
    if let Some(to) = std::env::var_os("WIMWRIGHT_LINT_LIST") {
        fs::write(to, list).unwrap();
    }
    let mut text = String::new();
    for (whose, (all, clean)) in &files {
        writeln!(text, "{whose}: {all} files, {clean} without a finding").unwrap();
        for ((of, rule), (findings, in_files)) in &counts {
            if of == whose {
                writeln!(text, "  {rule}: {findings} in {in_files} files").unwrap();
            }
        }
    }
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/lint.txt");
    if std::env::var_os("WIMWRIGHT_BLESS").is_some() {
        fs::write(&golden, &text).unwrap();
    }
    let reviewed = fs::read_to_string(&golden).unwrap_or_default();
    for (number, (ours, reviewed)) in (1..).zip(text.lines().zip(reviewed.lines())) {
        assert_eq!(ours, reviewed, "line {number} of {}", golden.display());
    }
    assert_eq!(text.lines().count(), reviewed.lines().count());
}

/// One file of `peer/infverif.txt`.
struct Reported {
    file: String,
    mode: LintMode,
    whole: bool,
    /// Severity, number, line.
    rows: Vec<(String, String, u32)>,
}

fn reports() -> Vec<Reported> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peer/infverif.txt");
    let text = fs::read_to_string(path).unwrap();
    let mut reports: Vec<Reported> = Vec::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let words: Vec<_> = line.split_whitespace().collect();
        match (line.starts_with(' '), words.as_slice()) {
            (false, [file, mode, how_much]) => reports.push(Reported {
                file: (*file).to_owned(),
                mode: match *mode {
                    "basic" => LintMode::Basic,
                    "universal" => LintMode::Universal,
                    "windows" => LintMode::Windows,
                    other => panic!("{other}"),
                },
                whole: *how_much == "whole",
                rows: Vec::new(),
            }),
            (true, [severity, number, line]) => {
                let row = (
                    (*severity).to_owned(),
                    (*number).to_owned(),
                    line.parse().unwrap(),
                );
                reports.last_mut().unwrap().rows.push(row);
            }
            _ => panic!("`{line}`"),
        }
    }
    reports
}

#[test]
fn what_infverif_printed_is_what_is_found() {
    let Some(corpus) = wimwright_testdata::corpus("what_infverif_printed_is_what_is_found") else {
        return;
    };
    let folder = corpus.join("drivers/inf-only");
    let reports = reports();
    assert_eq!(reports.len(), 10);
    for report in reports {
        let path = folder.join(&report.file);
        let bytes = fs::read(&path).unwrap();
        let inf = Inf::parse(&bytes, &ParseOptions::default());
        let mut ours: Vec<_> = lint(&path, report.mode).findings;
        for (severity, number, line) in &report.rows {
            // InfVerif names the header of a list for some rules where this
            // names the entry.
            let is_it = |found: &LintFinding| {
                let header = inf.section(&found.section).map(|s| s.header_line());
                let severity_of = format!("{:?}", found.severity).to_lowercase();
                found.rule.id() == number
                    && severity_of == *severity
                    && (found.line == *line || header == Some(*line))
            };
            let at = ours.iter().position(is_it);
            let at = at.unwrap_or_else(|| {
                panic!(
                    "{}: {severity} {number} in line {line} of {ours:#?}",
                    report.file
                )
            });
            ours.remove(at);
        }
        assert!(
            !report.whole || ours.is_empty(),
            "{}: {ours:#?}",
            report.file
        );
    }
}
