//! What differs between the files of two trees: exactly that, and all of it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test program")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use wimwright_servicing::diff::{
    Exclude, FileChange, FileDifference, FileState, Options, Step, files,
};
use wimwright_servicing::{DirectoryTree, FileTree, Kind, MemoryTree};

fn tree(files: &[(&str, &str)]) -> MemoryTree {
    let mut tree = MemoryTree::new();
    for (path, content) in files {
        tree.insert(path, content.as_bytes()).unwrap();
    }
    tree
}

fn compare(a: &dyn FileTree, b: &dyn FileTree, options: &Options) -> Vec<FileDifference> {
    files(a, b, options, &mut |_, _, _| {}).unwrap()
}

/// A line a difference.
fn told(found: &[FileDifference]) -> Vec<String> {
    let kind = |kind| match kind {
        Kind::File => "file",
        Kind::Directory => "directory",
        Kind::Link => "link",
    };
    let line = |FileDifference { path, change }: &FileDifference| match change {
        FileChange::Added(new) => format!("+ {path} {} {}", kind(new.kind), new.len),
        FileChange::Removed(old) => format!("- {path} {} {}", kind(old.kind), old.len),
        FileChange::Replaced { old, new } => {
            let target = |target: &Option<_>| {
                let target: &Option<wimwright_servicing::Text> = target;
                target.as_ref().map_or(String::new(), |to| format!(" {to}"))
            };
            let (was, is) = (kind(old.kind), kind(new.kind));
            let (from, to) = (target(&old.target), target(&new.target));
            format!("! {path} {was}{from} > {is}{to}")
        }
        FileChange::Content { old, new, first } => match first {
            Some(first) => format!("~ {path} {old} > {new} at {first}"),
            None => format!("~ {path} {old} > {new}"),
        },
        FileChange::Spelling { old, new } => format!("~ {path} {old} > {new}"),
        FileChange::HiveCondition { old, new } => format!("~ {path} {old:?} > {new:?}"),
        FileChange::HiveVersion { old, new } => format!("~ {path} {old:?} > {new:?}"),
        FileChange::Modified { .. } => format!("~ {path} time"),
        FileChange::Links { old, new } => format!("~ {path} links {old} > {new}"),
        FileChange::Moved { from } => format!("{from} > {path}"),
        other => format!("~ {path} {other:?}"),
    };
    found.iter().map(line).collect()
}

/// The same differences, seen from the other side.
fn mirrored(found: &[FileDifference]) -> Vec<FileDifference> {
    let turn = |FileDifference { path, change }: &FileDifference| FileDifference {
        path: path.clone(),
        change: match change.clone() {
            FileChange::Added(state) => FileChange::Removed(state),
            FileChange::Removed(state) => FileChange::Added(state),
            FileChange::Replaced { old, new } => FileChange::Replaced { old: new, new: old },
            FileChange::Content { old, new, first } => FileChange::Content {
                old: new,
                new: old,
                first,
            },
            FileChange::Spelling { old, new } => FileChange::Spelling { old: new, new: old },
            FileChange::Modified { old, new } => FileChange::Modified { old: new, new: old },
            other @ (FileChange::HiveCondition { .. } | FileChange::HiveVersion { .. }) => {
                panic!("files alone know no hives: {other:?}")
            }
            FileChange::Links { old, new } => FileChange::Links { old: new, new: old },
            FileChange::Moved { from } => {
                return FileDifference {
                    path: from,
                    change: FileChange::Moved { from: path.clone() },
                };
            }
            other => panic!("a directory does not hold {other:?}"),
        },
    };
    let mut turned: Vec<FileDifference> = found.iter().map(turn).collect();
    turned.sort_by(|left, right| left.path.cmp(&right.path));
    turned
}

/// The same differences for one who does not look for moved files.
fn unmoved(found: &[FileDifference]) -> Vec<FileDifference> {
    let state = || FileState {
        kind: Kind::File,
        len: 1,
        target: None,
    };
    let apart = |found: &FileDifference| match &found.change {
        FileChange::Moved { from } => vec![
            FileDifference {
                path: from.clone(),
                change: FileChange::Removed(state()),
            },
            FileDifference {
                path: found.path.clone(),
                change: FileChange::Added(state()),
            },
        ],
        _ => vec![found.clone()],
    };
    found.iter().flat_map(apart).collect()
}

fn write(root: &Path, path: &str, content: impl AsRef<[u8]>) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

#[test]
fn each_kind_of_difference_is_told_as_it_is() {
    let base = [
        ("Windows\\a.txt", "one"),
        ("Windows\\b.txt", "two"),
        ("Windows\\sub\\c.txt", ""),
        ("x", "x"),
    ];
    for (change, expected) in [
        (&base[..], &[][..]),
        (
            &[
                base[0],
                base[1],
                base[2],
                base[3],
                ("Windows\\d.txt", "4444"),
            ],
            &["+ Windows\\d.txt file 4"],
        ),
        (&[base[0], base[2], base[3]], &["- Windows\\b.txt file 3"]),
        (
            &[base[0], base[2], base[3], ("Windows\\sub\\z.txt", "two")],
            &["Windows\\b.txt > Windows\\sub\\z.txt"],
        ),
        // Of two that are alike nobody can say which was moved; empty ones all
        // are.
        (
            &[
                base[0],
                base[2],
                base[3],
                ("Windows\\y.txt", "two"),
                ("Windows\\z.txt", "two"),
            ],
            &[
                "- Windows\\b.txt file 3",
                "+ Windows\\y.txt file 3",
                "+ Windows\\z.txt file 3",
            ],
        ),
        (
            &[base[0], base[1], base[3], ("Windows\\sub\\e.txt", "")],
            &[
                "- Windows\\sub\\c.txt file 0",
                "+ Windows\\sub\\e.txt file 0",
            ],
        ),
        (
            &[base[0], ("Windows\\b.txt", "twO"), base[2], base[3]],
            &["~ Windows\\b.txt 3 > 3 at 2"],
        ),
        (
            &[base[0], ("Windows\\b.txt", "two!"), base[2], base[3]],
            &["~ Windows\\b.txt 3 > 4"],
        ),
        (
            &[base[0], ("Windows\\B.TXT", "two"), base[2], base[3]],
            &["~ Windows\\B.TXT b.txt > B.TXT"],
        ),
        (
            &[base[0], ("Windows\\B.TXT", "!wo"), base[2], base[3]],
            &[
                "~ Windows\\B.TXT b.txt > B.TXT",
                "~ Windows\\B.TXT 3 > 3 at 0",
            ],
        ),
        // A directory goes and comes with all that is in it.
        (
            &[base[0], base[1], base[3]],
            &["- Windows\\sub directory 0", "- Windows\\sub\\c.txt file 0"],
        ),
        (
            &[base[0], base[1], ("Windows\\sub", "now a file"), base[3]],
            &[
                "! Windows\\sub directory > file",
                "- Windows\\sub\\c.txt file 0",
            ],
        ),
        (
            &[base[0], base[1], base[2], ("x\\y", "below")],
            &["! x file > directory", "+ x\\y file 5"],
        ),
    ] {
        let (a, b) = (tree(&base), tree(change));
        let found = compare(&a, &b, &Options::default());
        assert_eq!(told(&found), expected, "{change:?}");
        let back = compare(&b, &a, &Options::default());
        assert_eq!(mirrored(&back), found, "{change:?}, the other way");
    }
}

#[test]
fn what_is_excluded_is_neither_told_nor_read() {
    let a = tree(&[
        ("Windows\\Temp\\a", "1"),
        ("Windows\\Temp\\b", "1"),
        ("pagefile.sys", "1"),
        ("kept", "1"),
    ]);
    let b = tree(&[
        ("Windows\\Temp\\a", "2"),
        ("Windows\\new.log", "3"),
        ("pagefile.sys", "2"),
        ("kept", "2"),
    ]);
    let options = Options {
        exclude: Exclude::new(&["windows\\temp", "*.log", "\\pagefile.sys"]).unwrap(),
        ..Options::default()
    };
    assert_eq!(told(&compare(&a, &b, &options)), ["~ kept 1 > 1 at 0"]);
    assert_eq!(compare(&a, &b, &Options::default()).len(), 5);
}

#[test]
fn contents_are_compared_to_the_last_byte_and_counted() {
    let mut long = vec![7_u8; 700_000];
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for number in 0..40 {
        write(one.path(), &format!("{number}"), &long);
        write(two.path(), &format!("{number}"), &long);
    }
    long[699_999] = 8;
    write(two.path(), "17", &long);
    long[699_999] = 7;
    long[262_144] = 8;
    write(two.path(), "23", &long);
    let a = DirectoryTree::open(one.path()).unwrap();
    let b = DirectoryTree::open(two.path()).unwrap();
    let mut steps = Vec::new();
    let mut note = |step, done, total| steps.push((step, done, total));
    let found = files(&a, &b, &Options::default(), &mut note).unwrap();
    assert_eq!(
        told(&found),
        [
            "~ 17 700000 > 700000 at 699999",
            "~ 23 700000 > 700000 at 262144"
        ]
    );
    let expected = (1..=40).map(|done| (Step::Files, done, 40));
    assert_eq!(steps, expected.collect::<Vec<_>>());
}

#[cfg(unix)]
mod on_the_host {
    use std::os::unix::fs::symlink;

    use super::*;

    fn trees(one: &Path, two: &Path) -> (DirectoryTree, DirectoryTree) {
        (
            DirectoryTree::open(one).unwrap(),
            DirectoryTree::open(two).unwrap(),
        )
    }

    #[test]
    fn names_that_differ_only_by_case_are_paired_by_spelling() {
        let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        for name in ["Inf/a", "inf/a", "only/SAME", "only/same"] {
            write(one.path(), name, name);
        }
        for name in ["inf/a", "only/same", "only/Same"] {
            write(two.path(), name, name);
        }
        let (a, b) = trees(one.path(), two.path());
        let found = compare(&a, &b, &Options::default());
        assert_eq!(
            told(&found),
            [
                "- Inf directory 0",
                "- Inf\\a file 5",
                "~ only\\Same SAME > Same",
                "~ only\\Same 9 > 9 at 6",
            ]
        );
    }

    #[test]
    fn links_are_compared_by_where_they_lead() {
        let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        for root in [one.path(), two.path()] {
            write(root, "real/file", "content");
            symlink("real", root.join("same")).unwrap();
            let real = root.canonicalize().unwrap().join("real");
            symlink(real, root.join("absolute")).unwrap();
        }
        symlink("real", one.path().join("moved")).unwrap();
        symlink("other", two.path().join("moved")).unwrap();
        // The same content, but once a file and once a link to one.
        write(one.path(), "was", "content");
        symlink("real/file", two.path().join("was")).unwrap();
        symlink("nothing", two.path().join("new")).unwrap();
        let (a, b) = trees(one.path(), two.path());
        let found = compare(&a, &b, &Options::default());
        assert_eq!(
            told(&found),
            [
                "! moved link real > link other",
                "+ new link 0",
                "! was file > link real/file",
            ]
        );
        assert_eq!(mirrored(&compare(&b, &a, &Options::default())), found);
    }

    #[test]
    fn times_and_hard_links_are_told_when_asked_for() {
        let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let then = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000);
        for root in [one.path(), two.path()] {
            for name in ["a", "b", "d/c"] {
                write(root, name, "x");
            }
        }
        fs::hard_link(two.path().join("b"), two.path().join("d/b")).unwrap();
        for root in [one.path(), two.path()] {
            for name in ["a", "b", "d/c", "d", ""] {
                let file = fs::File::open(root.join(name)).unwrap();
                file.set_modified(then).unwrap();
            }
        }
        let touched = fs::File::open(two.path().join("d/c")).unwrap();
        touched
            .set_modified(then + std::time::Duration::from_secs(1))
            .unwrap();
        let (a, b) = trees(one.path(), two.path());
        assert_eq!(
            told(&compare(&a, &b, &Options::default())),
            ["+ d\\b file 1"]
        );
        let options = Options {
            metadata: true,
            ..Options::default()
        };
        let found = compare(&a, &b, &options);
        assert_eq!(
            told(&found),
            ["~ b links 1 > 2", "+ d\\b file 1", "~ d\\c time"]
        );
        assert_eq!(mirrored(&compare(&b, &a, &options)), found);
    }

    #[test]
    fn a_file_that_cannot_be_read_is_an_error_with_its_place() {
        let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        write(one.path(), "d/a", "1");
        write(two.path(), "d/a", "1");
        let (a, b) = trees(one.path(), two.path());
        // Listed, then gone.
        assert!(compare(&a, &b, &Options::default()).is_empty());
        fs::remove_file(two.path().join("d/a")).unwrap();
        let error = files(&a, &b, &Options::default(), &mut |_, _, _| {});
        let error = error.unwrap_err();
        assert_eq!(error.to_string(), "the second image");
        let source = std::error::Error::source(&error).unwrap();
        assert_eq!(source.to_string(), "`d\\a`");
    }

    /// Numbers that look random and are the same in every run.
    struct Dice(u64);

    impl Dice {
        fn roll(&mut self, sides: u64) -> u64 {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            self.0 % sides
        }
    }

    /// Files and directories by chance, and a second tree that is mostly like
    /// the first.
    fn random_pair(seed: u64, one: &Path, two: &Path) {
        let mut dice = Dice(seed * 0x9E37_79B9 + 1);
        let mut directories = vec![String::new()];
        for number in 0..120 {
            let chosen = dice.roll(directories.len() as u64) as usize;
            let name = format!("{}n{number}", directories.get(chosen).unwrap());
            let sides = match dice.roll(10) {
                0 => vec![one],
                1 => vec![two],
                _ => vec![one, two],
            };
            let lone = sides.len() == 1;
            match dice.roll(8) {
                0 | 1 if !lone => {
                    fs::create_dir_all(one.join(&name)).unwrap();
                    fs::create_dir_all(two.join(&name)).unwrap();
                    directories.push(format!("{name}/"));
                }
                // A file here and a directory there.
                2 if !lone && dice.roll(4) == 0 => {
                    write(one, &name, "file");
                    write(two, &format!("{name}/inside"), "file");
                }
                kind => {
                    for side in &sides {
                        let len = dice.roll(3) as usize * 1000;
                        let mut content = vec![b'a'; if lone || kind == 3 { len } else { 5000 }];
                        if kind == 4
                            && let Some(last) = content.last_mut()
                        {
                            *last = dice.roll(3) as u8;
                        }
                        if lone && kind > 5 {
                            write(side, &format!("{name}/deep/file"), content);
                        } else {
                            write(side, &name, content);
                        }
                    }
                }
            }
        }
    }

    /// What `diff -rq` says: the paths that differ, those of one side only
    /// marked by it.
    fn peer(one: &Path, two: &Path) -> BTreeMap<String, char> {
        let output = Command::new("diff")
            .args(["-rq", "--no-dereference"])
            .args([one, two])
            .env("LC_ALL", "C")
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let (one, two) = (one.to_str().unwrap(), two.to_str().unwrap());
        let below = |path: &str, root: &str| {
            let below = path.strip_prefix(root).unwrap();
            below.trim_start_matches('/').replace('/', "\\")
        };
        let mut found = BTreeMap::new();
        for line in text.lines() {
            if let Some(only) = line.strip_prefix("Only in ") {
                let path = only.replacen(": ", "/", 1);
                let (root, mark) = match path.starts_with(one) {
                    true => (one, '-'),
                    false => (two, '+'),
                };
                found.insert(below(&path, root), mark);
            } else if let Some(both) = line.strip_prefix("Files ") {
                let path = both.split(" and ").next().unwrap();
                found.insert(below(path, one), '~');
            } else {
                // File X is a regular file while file Y is a directory
                let path = line.strip_prefix("File ").unwrap();
                let path = path.split(" is a ").next().unwrap();
                found.insert(below(path, one), '!');
            }
        }
        found
    }

    #[test]
    fn the_hosts_diff_finds_the_same_on_random_trees() {
        if !wimwright_testdata::program("diff", "files compared as the host's diff does") {
            return;
        }
        let mut seen = BTreeSet::new();
        for seed in 0..25 {
            let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
            random_pair(seed, one.path(), two.path());
            let (a, b) = trees(one.path(), two.path());
            let found = compare(&a, &b, &Options::default());
            assert_eq!(mirrored(&compare(&b, &a, &Options::default())), found);
            let own: BTreeMap<String, char> = told(&unmoved(&found))
                .iter()
                .map(|line| {
                    let mut words = line.split(' ');
                    let mark = words.next().and_then(|mark| mark.chars().next()).unwrap();
                    (words.next().unwrap().to_owned(), mark)
                })
                .collect();
            let theirs = peer(one.path(), two.path());
            // `diff` names the top of what only one side has, and for a
            // directory that became a file nothing below it.
            let own: BTreeMap<String, char> = own
                .iter()
                .filter(|(path, mark)| {
                    let mut above = path.as_str();
                    while let Some((parent, _)) = above.rsplit_once('\\') {
                        if own
                            .get(parent)
                            .is_some_and(|top| top == *mark || *top == '!')
                        {
                            return false;
                        }
                        above = parent;
                    }
                    true
                })
                .map(|(path, mark)| (path.clone(), *mark))
                .collect();
            assert_eq!(own, theirs, "seed {seed}");
            seen.extend(theirs.into_values());
        }
        assert_eq!(seen, BTreeSet::from(['+', '-', '~', '!']));
    }
}
