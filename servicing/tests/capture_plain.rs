//! Captures of plain Linux directories: what wimlib makes of the same tree,
//! that nothing but the tree decides, and what cannot be captured.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test ends where something is wrong"
)]

mod capturing;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, File, FileTimes};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rustix::fs::{Mode, OFlags};

use capturing::{
    Numbers, Seen, WIMLIB, captured, image, new_file, open, options, seen, try_append, try_capture,
    utf8, wimlib,
};
use wimwright_servicing::capture::{
    CaptureError, CaptureOptions, Exclusions, ImageDescription, capture, preview,
};
use wimwright_servicing::{Overwrite, WimFileError};
use wimwright_testdata::program;
use wimwright_wim::compress::Codec;
use wimwright_wim::{HeaderFlags, Packing, VerifyOptions};

/// Something of everything that a Linux filesystem holds and Windows, too.
fn make_tree(at: &Path) {
    let write = |name: &str, bytes: &[u8]| fs::write(at.join(name), bytes).unwrap();
    for folder in [
        "dir/sub",
        "empty",
        "Ünïcode \u{1F600}",
        "System Volume Information",
    ] {
        fs::create_dir_all(at.join(folder)).unwrap();
    }
    write("zero", b"");
    write("one", b"1");
    write("twin", b"1");
    write(
        "dir/text.txt",
        &b"some text, again and again\r\n".repeat(5000),
    );
    write("dir/sub/noise", &noise(7, 100_000));
    write("Ünïcode \u{1F600}/Straße", b"name");
    write("pagefile.sys", b"page");
    write("System Volume Information/x", b"x");
    fs::hard_link(at.join("dir/text.txt"), at.join("also")).unwrap();
    fs::hard_link(at.join("dir/text.txt"), at.join("dir/sub/third")).unwrap();
    symlink("dir/text.txt", at.join("to file")).unwrap();
    symlink("dir", at.join("to dir")).unwrap();
    symlink("../one", at.join("dir/up")).unwrap();
    symlink("nowhere", at.join("dangling")).unwrap();
    symlink("/usr/share", at.join("outside")).unwrap();
    symlink(at.join("dir"), at.join("dir/sub/inside")).unwrap();
}

fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut numbers = Numbers(seed);
    (0..length).map(|_| numbers.next(256) as u8).collect()
}

fn set_written(path: &Path, time: SystemTime) {
    let file = File::open(path).unwrap();
    let times = FileTimes::new().set_modified(time).set_accessed(time);
    file.set_times(times).unwrap();
}

/// What differs from wimlib's capture on purpose is made equal.
fn as_wimlib_says(seen: &BTreeMap<String, Seen>) -> BTreeMap<String, Seen> {
    let mut seen = seen.clone();
    for entry in seen.values_mut() {
        // wimlib: NORMAL; here ARCHIVE, as Windows gives to new files.
        if entry.attributes == 0x20 {
            entry.attributes = 0x80;
        }
        // wimlib takes the last write for the creation, and knows no birth.
        entry.times[0] = entry.times[2];
        // Each of the two changes it for the other by reading.
        entry.times[1] = entry.times[2];
    }
    seen
}

#[test]
fn wimlib_says_the_same_of_a_tree_and_reads_ours() {
    const TEST: &str = "wimlib_says_the_same_of_a_tree_and_reads_ours";
    if !program(WIMLIB, TEST) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let tree = at("tree");
    make_tree(&tree);
    for (number, packing) in [
        Packing::STORED,
        Packing::new(Codec::Xpress),
        Packing::new(Codec::Lzx),
    ]
    .into_iter()
    .enumerate()
    {
        let [ours, theirs] = ["ours", "theirs"].map(|name| at(&format!("{name}{number}.wim")));
        let file = new_file(packing);
        let boot = ImageDescription {
            boot: true,
            ..image("x")
        };
        let done = capture(&tree, &ours, &file, &boot, &options(), &mut |_, _| {});
        let done = done.unwrap();
        assert_eq!(
            (done.index, done.lost, done.excluded),
            (1, 0, 2),
            "{:?}",
            done.findings
        );
        assert!(done.findings.is_empty(), "{:?}", done.findings);
        assert_eq!(done.wim_len, fs::metadata(&ours).unwrap().len());
        let before = preview(&tree, &at("new.wim"), &options()).unwrap();
        assert_eq!(
            (
                before.directories,
                before.files,
                before.bytes,
                before.excluded
            ),
            (done.directories, done.files, done.bytes, done.excluded)
        );

        wimlib(&[
            "capture",
            utf8(&tree),
            utf8(&theirs),
            "x",
            "--compress=none",
        ]);
        let (our, their) = (open(&ours), open(&theirs));
        let found = seen(&our, 1);
        assert_eq!(as_wimlib_says(&found), as_wimlib_says(&seen(&their, 1)));
        assert_eq!(found.len() as u64, done.directories + done.files);
        assert_eq!(our.header().boot_index, 1);
        assert!(our.header().flags.contains(HeaderFlags::REPARSE_FIXED));
        for count in ["DIRCOUNT", "FILECOUNT", "TOTALBYTES", "HARDLINKBYTES"] {
            let [our, their] = [&our, &their].map(|wim| wim.xml().image(1).unwrap().number(count));
            assert_eq!(our, their, "{count}");
        }

        wimlib(&["verify", utf8(&ours)]);
        let out = at(&format!("out{number}"));
        wimlib(&["apply", utf8(&ours), "1", utf8(&out)]);
        let again = at(&format!("again{number}.wim"));
        wimlib(&["capture", utf8(&out), utf8(&again), "x", "--compress=none"]);
        let mut applied = seen(&open(&again), 1);
        let mut expected = as_wimlib_says(&found);
        for seen in [&mut applied, &mut expected] {
            // Reading changes it, and wimlib does not restore a link's.
            seen.values_mut()
                .for_each(|entry| entry.times[1] = entry.times[2]);
            seen.get_mut("").unwrap().times = [Default::default(); 3];
        }
        assert_eq!(applied, expected);
    }
}

/// Copies a tree, its entries in another order, with its times.
fn shuffled_copy(from: &Path, to: &Path, seed: u64) {
    fs::create_dir(to).unwrap();
    let mut names: Vec<_> = fs::read_dir(from)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    names.sort();
    let mut numbers = Numbers(seed);
    for at in (1..names.len()).rev() {
        names.swap(at, numbers.next(at as u64 + 1) as usize);
    }
    for name in names {
        let (from, to) = (from.join(&name), to.join(&name));
        let found = fs::symlink_metadata(&from).unwrap();
        if found.is_dir() {
            shuffled_copy(&from, &to, seed);
        } else if found.is_file() {
            fs::copy(&from, &to).unwrap();
            set_written(&to, found.modified().unwrap());
        }
    }
    set_written(to, fs::metadata(from).unwrap().modified().unwrap());
}

#[test]
fn the_same_tree_gives_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let tree = at("tree");
    make_tree(&tree);
    let mut numbers = Numbers(42);
    for number in 0..300 {
        let name = format!("dir/file{}", numbers.next(1 << 40));
        let bytes = noise(number % 50 + 1, (number * 37) as usize);
        fs::write(tree.join(name), bytes).unwrap();
    }
    shuffled_copy(&tree, &at("left"), 1);
    // Read and born at another time.
    std::thread::sleep(Duration::from_millis(20));
    shuffled_copy(&tree, &at("right"), 99);
    fs::read(at("right/one")).unwrap();

    let reproducible = CaptureOptions {
        reproducible: true,
        ..options()
    };
    let mut file = new_file(Packing::new(Codec::Xpress));
    file.integrity = true;
    for (name, threads) in [("left", 1), ("right", 4)] {
        let wim = at(&format!("{name}.wim"));
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| {
            capture(
                &at(name),
                &wim,
                &file,
                &image("x"),
                &reproducible,
                &mut |_, _| {},
            )
        })
        .unwrap();
    }
    let [left, right] = ["left.wim", "right.wim"].map(|name| fs::read(at(name)).unwrap());
    assert!(left == right, "the files differ");
    assert_ne!(open(&at("left.wim")).header().guid, [0; 16]);

    // One more byte is another file.
    fs::write(at("right/one"), "2").unwrap();
    let other = at("other.wim");
    capture(
        &at("right"),
        &other,
        &file,
        &image("x"),
        &reproducible,
        &mut |_, _| {},
    )
    .unwrap();
    assert_ne!(
        open(&other).header().guid,
        open(&at("left.wim")).header().guid
    );
}

#[test]
fn a_second_image_is_added_in_place_and_shares_content() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let tree = at("tree");
    make_tree(&tree);
    let wim = at("a.wim");
    captured(&tree, &wim);
    let before = fs::metadata(&wim).unwrap().len();
    fs::write(tree.join("new"), noise(3, 50_000)).unwrap();
    fs::remove_file(tree.join("one")).unwrap();
    let done = try_append(&tree, &wim, "second").unwrap();
    assert_eq!(done.index, 2);
    let grown = done.wim_len - before;
    assert!((50_000..70_000).contains(&grown), "{grown}");
    let archive = open(&wim);
    assert_eq!(
        archive.xml().image(2).unwrap().text("NAME").unwrap(),
        "second"
    );
    let (first, second) = (seen(&archive, 1), seen(&archive, 2));
    assert!(first.contains_key("one") && !second.contains_key("one"));
    assert!(second.contains_key("new") && second.contains_key("twin"));
    let verified = archive.verify(VerifyOptions::default(), &|_| {}).unwrap();
    assert!(verified.findings.is_empty(), "{:?}", verified.findings);
    if program(
        WIMLIB,
        "a_second_image_is_added_in_place_and_shares_content",
    ) {
        wimlib(&["verify", utf8(&wim)]);
        wimlib(&["apply", utf8(&wim), "second", utf8(&at("out"))]);
        assert_eq!(fs::read(at("out/new")).unwrap(), noise(3, 50_000));
    }

    let bytes = fs::read(&wim).unwrap();
    for name in ["second", "SECOND", "test"] {
        let error = try_append(&tree, &wim, name).unwrap_err();
        assert!(matches!(error, CaptureError::NameTaken { .. }), "{error}");
    }
    assert!(fs::read(&wim).unwrap() == bytes);
}

#[test]
fn what_cannot_be_captured_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let tree = folder.path().join("tree");
    fs::create_dir(&tree).unwrap();
    let write = |name: &[u8]| fs::write(tree.join(OsStr::from_bytes(name)), name).unwrap();
    for name in [
        &b"back\\slash"[..],
        b"latin1 \xFC",
        b"Name",
        b"NAME",
        b"a:b",
        b"trailing.",
        b"control\x01",
        b"plain",
    ] {
        write(name);
    }
    symlink(OsStr::from_bytes(b"bad\\target"), tree.join("link")).unwrap();
    let fifo = std::process::Command::new("mkfifo")
        .arg(tree.join("pipe"))
        .status();
    assert!(fifo.unwrap().success());
    let wim = folder.path().join("a.wim");
    let done = captured(&tree, &wim);
    let names: Vec<&str> = done.findings.iter().map(|finding| finding.name).collect();
    let count = |name: &str| names.iter().filter(|found| **found == name).count();
    for (name, expected) in [
        ("name-not-of-windows", 2),
        ("names-differ-by-case", 1),
        ("name-odd-for-windows", 3),
        ("link-not-of-windows", 1),
        ("special-file", 1),
    ] {
        assert_eq!(count(name), expected, "{name}: {:?}", done.findings);
    }
    assert_eq!(done.lost, 3);
    let paths: Vec<String> = seen(&open(&wim), 1).into_keys().collect();
    let expected = [
        "",
        "NAME",
        "Name",
        "a:b",
        "control\u{1}",
        "plain",
        "trailing.",
    ];
    assert_eq!(paths, expected);
}

#[test]
fn a_file_that_lies_in_the_tree_is_not_captured_into_itself() {
    let folder = tempfile::tempdir().unwrap();
    let tree = folder.path().join("tree");
    fs::create_dir(&tree).unwrap();
    fs::write(tree.join("a"), "a").unwrap();
    let wim = tree.join("out.wim");
    let done = captured(&tree, &wim);
    assert_eq!(done.findings[0].name, "output-in-tree");
    let paths = |index| seen(&open(&wim), index).into_keys().collect::<Vec<_>>();
    assert_eq!(paths(1), ["", "a"]);
    // In place, through another name.
    let alias = folder.path().join("alias.wim");
    fs::hard_link(&wim, &alias).unwrap();
    try_append(&tree, &alias, "second").unwrap();
    assert_eq!(paths(2), ["", "a"]);
    fs::remove_file(&alias).unwrap();
    // And where it takes the place of one.
    let mut file = new_file(Packing::STORED);
    let refused = capture(&tree, &wim, &file, &image("x"), &options(), &mut |_, _| {});
    let refused = refused.unwrap_err();
    assert!(
        matches!(refused, CaptureError::File(WimFileError::Exists { .. })),
        "{refused}"
    );
    file.overwrite = Overwrite::Replace;
    capture(&tree, &wim, &file, &image("x"), &options(), &mut |_, _| {}).unwrap();
    assert_eq!(paths(1), ["", "a"]);
    assert_eq!(open(&wim).image_count(), 1);
}

#[test]
fn exclusions_decide_what_is_captured_and_may_leave_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let tree = folder.path().join("tree");
    make_tree(&tree);
    fs::create_dir_all(tree.join("keep/deep")).unwrap();
    fs::write(tree.join("keep/deep/file"), noise(9, 5000)).unwrap();
    fs::write(tree.join("keep/other"), "o").unwrap();
    let paths = |list: &str, number: u32| {
        let mut exclusions = Exclusions::nothing();
        exclusions.add(list.as_bytes()).unwrap();
        let options = CaptureOptions {
            exclusions,
            ..options()
        };
        let wim = folder.path().join(format!("{number}.wim"));
        let mut file = new_file(Packing::new(Codec::Xpress));
        file.overwrite = Overwrite::Replace;
        let done = capture(&tree, &wim, &file, &image("x"), &options, &mut |_, _| {});
        let paths: Vec<String> = seen(&open(&wim), 1).into_keys().collect();
        (paths, done.unwrap())
    };
    let list = "[ExclusionList]\n*\n[ExclusionException]\n\\keep\\deep\\file\n\\dir\\sub\n";
    let (found, done) = paths(list, 1);
    let expected = [
        "",
        "dir",
        "dir\\sub",
        "dir\\sub\\inside",
        "dir\\sub\\noise",
        "dir\\sub\\third",
        "keep",
        "keep\\deep",
        "keep\\deep\\file",
    ];
    assert_eq!(found, expected);
    assert!(done.excluded > 5);
    let (found, done) = paths("[ExclusionList]\n*\n", 2);
    assert_eq!(found, [""]);
    assert_eq!(done.findings[0].name, "nothing-captured");

    // Content that is not compressed, though it could be.
    let list = "[ExclusionList]\n\\dir\\text.txt\n\\also\n[CompressionExclusionList]\nthird\n";
    paths(list, 3);
    let archive = open(&folder.path().join("3.wim"));
    let text = archive.blobs().find(|blob| blob.size > 130_000).unwrap();
    assert_eq!(text.resource.stored_size, text.size);
}

#[test]
fn a_tree_that_changes_meanwhile_is_not_captured() {
    let folder = tempfile::tempdir().unwrap();
    let tree = folder.path().join("tree");
    fs::create_dir(&tree).unwrap();
    fs::write(tree.join("a"), noise(1, 1000)).unwrap();
    fs::write(tree.join("b"), noise(2, 1000)).unwrap();
    let wim = folder.path().join("a.wim");
    type Act = fn(&Path);
    let rows: [(&str, Act); 4] = [
        ("was changed", |path| {
            fs::write(path, noise(3, 1000)).unwrap();
        }),
        ("was changed", |path| fs::write(path, b"short").unwrap()),
        ("was removed", |path| fs::remove_file(path).unwrap()),
        ("was changed", |path| {
            fs::remove_file(path).unwrap();
            symlink("a", path).unwrap();
        }),
    ];
    for (words, act) in rows {
        let path = tree.join("b");
        let _ = fs::remove_file(&path);
        fs::write(&path, noise(2, 1000)).unwrap();
        // What is told to progress first: the tree is listed, nothing is read.
        let mut listed = false;
        let mut meanwhile = |_, _| {
            if !std::mem::replace(&mut listed, true) {
                // A time that differs, however coarse the host's clock is.
                std::thread::sleep(Duration::from_millis(20));
                act(&path);
            }
        };
        let file = new_file(Packing::STORED);
        let done = capture(&tree, &wim, &file, &image("x"), &options(), &mut meanwhile);
        let error = done.unwrap_err();
        let said = format!("{error}");
        assert!(
            said.contains("`b`") && said.contains(words),
            "{words}: {said}"
        );
        assert!(error.hint().is_some(), "{error}");
        let left: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
        assert_eq!(left.len(), 1, "nothing is left of a capture that failed");
    }
}

#[test]
fn what_may_not_be_read_is_named_and_nothing_is_written() {
    // Root may read everything.
    let locked = tempfile::tempdir().unwrap();
    let probe = locked.path().join("probe");
    fs::write(&probe, "x").unwrap();
    fs::set_permissions(&probe, fs::Permissions::from_mode(0o000)).unwrap();
    if File::open(&probe).is_ok() {
        let reason = "this user may read everything";
        wimwright_testdata::skipped(
            "what_may_not_be_read_is_named_and_nothing_is_written",
            reason,
        );
        return;
    }
    let wim: PathBuf = locked.path().join("a.wim");
    let error = try_capture(locked.path(), &wim, &options()).unwrap_err();
    assert!(error.to_string().contains("`probe`"), "{error}");
    assert!(!wim.exists());
}

#[test]
fn directories_nest_as_deep_as_windows_reads() {
    let folder = tempfile::tempdir().unwrap();
    let tree = folder.path().join("tree");
    fs::create_dir(&tree).unwrap();
    // Far beyond what a path of the host can say, so from level to level.
    let flags = OFlags::DIRECTORY | OFlags::CLOEXEC;
    let mut at = rustix::fs::open(&tree, flags, Mode::empty()).unwrap();
    for level in 1..=1500 {
        let name = format!("d{level}");
        rustix::fs::mkdirat(&at, &name, Mode::from_raw_mode(0o755)).unwrap();
        at = rustix::fs::openat(&at, &name, flags, Mode::empty()).unwrap();
    }
    let flags = OFlags::CREATE | OFlags::WRONLY;
    rustix::fs::openat(&at, "file", flags, Mode::from_raw_mode(0o644)).unwrap();
    let wim = folder.path().join("a.wim");
    let done = captured(&tree, &wim);
    assert_eq!((done.directories, done.files), (1501, 1));
    let deepest = seen(&open(&wim), 1)
        .into_keys()
        .max_by_key(String::len)
        .unwrap();
    assert!(deepest.ends_with("d1500\\file") && deepest.len() > 7000);
    let removed = std::process::Command::new("rm")
        .arg("-rf")
        .arg(&tree)
        .status();
    assert!(removed.unwrap().success());
}
