//! What wimlib captured is applied as wimlib applies it.

use std::fs::{self, File, FileTimes};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use wimwright_testdata::program;

use wimwright_servicing::apply::ApplyOptions;

use crate::support::{Random, WIMLIB, apply, apply_with, assert_same, open, run, text};

/// Names that a Linux host and Windows' own format can both have.
const NAMES: [&str; 12] = [
    "a",
    "A",
    "Gr\u{FC}\u{DF}e",
    "\u{1F600} smile",
    "two  blanks",
    "trailing.",
    "trailing ",
    ".hidden",
    "-dash",
    "colon:name",
    "star*",
    "\u{4E2D}\u{6587}",
];

/// Makes a tree with one of everything in random places.
fn random_tree(root: &Path, seed: u64) {
    let mut random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    fs::create_dir(root).unwrap();
    let mut directories = vec![PathBuf::new()];
    let mut files: Vec<PathBuf> = Vec::new();
    for number in 0..60 {
        let directory = directories[random.below(directories.len() as u64) as usize].clone();
        let name = NAMES[random.below(NAMES.len() as u64) as usize];
        let path = directory.join(match random.below(3) {
            0 => name.to_owned(),
            _ => format!("{name}{number}"),
        });
        let at = root.join(&path);
        if fs::symlink_metadata(&at).is_ok() {
            continue;
        }
        match random.below(10) {
            0 | 1 => {
                fs::create_dir(&at).unwrap();
                directories.push(path);
                continue;
            }
            2 if !files.is_empty() => {
                let first = &files[random.below(files.len() as u64) as usize];
                fs::hard_link(root.join(first), &at).unwrap();
                continue;
            }
            3 if !files.is_empty() => {
                let first = &files[random.below(files.len() as u64) as usize];
                let up: PathBuf = directory.iter().map(|_| "..").collect();
                symlink(up.join(first), &at).unwrap();
                continue;
            }
            4 => {
                let to = &directories[random.below(directories.len() as u64) as usize];
                symlink(fs::canonicalize(root).unwrap().join(to), &at).unwrap();
                continue;
            }
            5 => fs::write(&at, "").unwrap(),
            // Equal contents in several files.
            6 => fs::write(&at, vec![random.below(3) as u8; 5000]).unwrap(),
            _ => {
                let length = match random.below(4) {
                    0 => random.below(10),
                    1 => 32_768,
                    2 => random.below(300_000),
                    _ => random.below(5000),
                };
                fs::write(&at, random.bytes(length)).unwrap();
            }
        }
        set_time(
            &at,
            random.below(4_000_000_000),
            random.below(10_000_000) * 100,
        );
        files.push(path);
    }
    for directory in &directories {
        set_time(&root.join(directory), random.below(2_000_000_000), 700);
    }
}

fn set_time(path: &Path, seconds: u64, nanoseconds: u64) {
    let time =
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds) + Duration::from_nanos(nanoseconds);
    let times = FileTimes::new().set_modified(time).set_accessed(time);
    File::open(path).unwrap().set_times(times).unwrap();
}

#[test]
fn random_trees_are_applied_as_wimlib_applies_them() {
    const TEST: &str = "random_trees_are_applied_as_wimlib_applies_them";
    if !program(WIMLIB, TEST) {
        return;
    }
    for (seed, options) in [
        vec!["--compress=none"],
        vec!["--compress=xpress"],
        vec!["--compress=lzx"],
        vec!["--compress=lzx", "--chunk-size=1M"],
        vec!["--compress=lzms", "--solid", "--solid-chunk-size=64K"],
    ]
    .into_iter()
    .enumerate()
    {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        random_tree(&at("tree"), seed as u64 + 1);
        let file = at("x.wim");
        let mut arguments = vec!["capture", text(folder.path()), text(&file)];
        let tree = at("tree");
        arguments[1] = text(&tree);
        arguments.extend(&options);
        run(WIMLIB, &arguments);
        let report = apply(&open(&file), &at("ours"));
        assert!(report.sidecar, "{options:?}");
        assert!(report.findings.is_empty(), "{:?}", report.findings);
        run(WIMLIB, &["apply", text(&file), "1", text(&at("theirs"))]);
        assert_same(&at("ours"), &at("theirs"));
        // The parts of a split file are one image.
        if seed == 1 {
            let part = at("y.swm");
            run(WIMLIB, &["split", text(&file), text(&part), "0.1"]);
            let mut parts = vec![part.clone()];
            parts.extend(
                (2..)
                    .map(|n| at(&format!("y{n}.swm")))
                    .take_while(|p| p.exists()),
            );
            assert!(parts.len() > 1);
            let wim = wimwright_servicing::WimFile::open(
                &part,
                &parts[1..],
                wimwright_servicing::Access::Read,
            );
            apply(wim.unwrap().archive(), &at("of parts"));
            assert_same(&at("of parts"), &at("theirs"));
            let alone = open(&part);
            let refused = apply_with(&alone, &at("not there"), ApplyOptions::default());
            let refused = refused.unwrap_err().to_string();
            assert!(refused.contains("that is not here: 2"), "{refused}");
            assert!(!at("not there").exists());
        }
        // Applied again, all is as it was.
        let report = apply(&open(&file), &at("ours"));
        assert!(report.replaced > 10);
        assert_same(&at("ours"), &at("theirs"));
    }
}

#[test]
fn a_tree_that_was_applied_is_captured_as_the_same_image() {
    const TEST: &str = "a_tree_that_was_applied_is_captured_as_the_same_image";
    if !program(WIMLIB, TEST) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    random_tree(&at("tree"), 77);
    run(
        WIMLIB,
        &[
            "capture",
            text(&at("tree")),
            text(&at("1.wim")),
            "--compress=none",
        ],
    );
    let options = ApplyOptions {
        sidecar: false,
        ..ApplyOptions::default()
    };
    apply_with(&open(&at("1.wim")), &at("out"), options).unwrap();
    run(
        WIMLIB,
        &[
            "capture",
            text(&at("out")),
            text(&at("2.wim")),
            "--compress=none",
        ],
    );
    let hashes = |name: &str| {
        let archive = open(&at(name));
        let metadata = archive.metadata(1).unwrap();
        let mut all: Vec<_> = metadata
            .walk()
            .map(|(depth, entry)| {
                let link = entry.is_reparse_point();
                let hash = (!link).then(|| entry.content());
                (depth, entry.name().to_string(), entry.written(), hash)
            })
            .collect();
        all.sort_by_key(|(depth, name, written, hash)| {
            (*depth, name.clone(), written.0, hash.map(|hash| hash.0))
        });
        all
    };
    assert_eq!(hashes("1.wim"), hashes("2.wim"));
}
