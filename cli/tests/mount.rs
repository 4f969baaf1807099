//! `mount`, `unmount`, `mounts`: images as directories of this host, looked at
//! and changed. Needs FUSE.

#![cfg(all(feature = "fuse", target_os = "linux"))]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on ends"
)]

mod support;

use std::fs::{self, File};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use support::{content, snapshot};
use tempfile::TempDir;
use wimwright_testdata::{program, skipped};

/// The kinds of images: each test runs on both, with equal results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Directory,
    Wim,
}

/// A folder with an image, and a directory to mount it on, which is unmounted
/// whatever happens.
struct Bench {
    top: TempDir,
    kind: Kind,
}

impl Drop for Bench {
    fn drop(&mut self) {
        let at = self.at("mnt");
        let mut quiet = Command::new("umount");
        quiet.arg("-l").arg(&at).stderr(Stdio::null());
        if !quiet.status().is_ok_and(|status| status.success()) {
            let mut ask = Command::new("fusermount3");
            let _ = ask.args(["-u", "-z", "-q"]).arg(&at).status();
        }
    }
}

impl Bench {
    /// `None` says that `test` is skipped on this kind.
    fn new(kind: Kind, test: &str) -> Option<Bench> {
        if File::options()
            .read(true)
            .write(true)
            .open("/dev/fuse")
            .is_err()
        {
            skipped(test, "/dev/fuse cannot be opened");
            return None;
        }
        if !program("fusermount3", test) {
            return None;
        }
        let bench = Bench {
            top: tempfile::tempdir().unwrap(),
            kind,
        };
        let source = bench.at("source");
        for (file, bytes) in [
            ("Windows/System32/kernel.dll", vec![1; 300_000]),
            ("Windows/System32/drivers/a.sys", b"driver a".to_vec()),
            ("Windows/System32/drivers/b.sys", b"driver b".to_vec()),
            ("Windows/notes.txt", b"old notes".to_vec()),
            ("Temp/x/y", b"y".to_vec()),
            // Two for Linux, one for Windows.
            ("Windows/twin", b"small".to_vec()),
            ("Windows/TWIN", b"LARGE".to_vec()),
            ("empty", Vec::new()),
        ] {
            let path = source.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        fs::create_dir(source.join("no files")).unwrap();
        fs::create_dir(bench.at("mnt")).unwrap();
        if kind == Kind::Wim {
            if !program("wimlib-imagex", test) {
                return None;
            }
            let made = Command::new("wimlib-imagex")
                .args(["capture", "--compress=xpress"])
                .args([&source, &bench.image()])
                .stdout(Stdio::null())
                .status();
            assert!(made.unwrap().success());
        }
        Some(bench)
    }

    fn at(&self, name: &str) -> PathBuf {
        self.top.path().join(name)
    }

    fn mnt(&self, name: &str) -> PathBuf {
        self.at("mnt").join(name)
    }

    fn image(&self) -> PathBuf {
        match self.kind {
            Kind::Directory => self.at("source"),
            Kind::Wim => self.at("image.wim"),
        }
    }

    /// Runs the program; a word that begins with `@` is in the folder.
    fn run(&self, words: &str) -> Output {
        let words = words.split_whitespace().map(|word| match word {
            "IMAGE" => self.image(),
            word => match word.strip_prefix('@') {
                Some(below) => self.at(below),
                None => PathBuf::from(word),
            },
        });
        let mut program = Command::new(env!("CARGO_BIN_EXE_wimwright"));
        program.args(words).stdin(Stdio::null()).output().unwrap()
    }

    fn done(&self, words: &str) -> String {
        let output = self.run(words);
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        assert!(output.status.success(), "{words}: {out}{err}");
        out
    }

    fn refused(&self, words: &str, code: i32, complaint: &str) {
        let output = self.run(words);
        let err = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{words}: {err}");
        assert!(err.contains(complaint), "{words}: {err}");
    }

    /// What the image holds, as another program sees it.
    fn holds(&self) -> std::collections::BTreeMap<PathBuf, Option<Vec<u8>>> {
        match self.kind {
            Kind::Directory => content(&self.at("source")),
            Kind::Wim => {
                let verified = Command::new("wimlib-imagex")
                    .arg("verify")
                    .arg(self.image())
                    .output()
                    .unwrap();
                assert!(verified.status.success(), "{}", text(&verified.stderr));
                let applied = tempfile::tempdir().unwrap();
                let done = Command::new("wimlib-imagex")
                    .args(["apply", self.image().to_str().unwrap(), "1"])
                    .arg(applied.path())
                    .stdout(Stdio::null())
                    .status();
                assert!(done.unwrap().success());
                content(applied.path())
            }
        }
    }

    fn status(&self) -> Value {
        let mounts: Value = serde_json::from_str(&self.done("mounts --json")).unwrap();
        let mounts = mounts["mounts"].as_array().unwrap();
        let here = fs::canonicalize(self.top.path()).unwrap().join("mnt");
        let found = mounts
            .iter()
            .find(|mount| mount["directory"] == here.to_str().unwrap());
        found.cloned().unwrap_or(Value::Null)
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn benches(test: &str) -> impl Iterator<Item = Bench> {
    let kinds = [Kind::Directory, Kind::Wim].into_iter();
    kinds.filter_map(move |kind| Bench::new(kind, test))
}

#[test]
fn a_mounted_image_shows_what_is_in_it_and_takes_nothing() {
    for bench in benches("a_mounted_image_shows_what_is_in_it_and_takes_nothing") {
        let before = content(&bench.at("source"));
        let said = bench.done("mount IMAGE @mnt");
        assert!(said.contains("is mounted at"), "{said}");
        assert_eq!(content(&bench.at("mnt")), before, "{:?}", bench.kind);
        // Names are found as Windows finds them.
        assert_eq!(
            fs::read(bench.mnt("WINDOWS/system32/Drivers/A.SYS")).unwrap(),
            b"driver a"
        );
        for error in [
            fs::write(bench.mnt("new"), "x").unwrap_err(),
            fs::write(bench.mnt("empty"), "x").unwrap_err(),
            fs::remove_file(bench.mnt("empty")).unwrap_err(),
            fs::rename(bench.mnt("empty"), bench.mnt("e")).unwrap_err(),
            fs::create_dir(bench.mnt("d")).unwrap_err(),
        ] {
            assert_eq!(error.kind(), std::io::ErrorKind::ReadOnlyFilesystem);
        }
        for (name, bytes) in [("twin", b"small"), ("TWIN", b"LARGE"), ("Twin", b"LARGE")] {
            let path = bench.mnt("Windows").join(name);
            assert_eq!(fs::read(path).unwrap(), bytes, "{name}");
        }
        let absent = File::open(bench.mnt("absent")).unwrap_err();
        assert_eq!(absent.kind(), std::io::ErrorKind::NotFound);
        // Two may look at the same image, on two directories.
        fs::create_dir(bench.at("other")).unwrap();
        bench.refused("mount IMAGE @mnt", 4, "is mounted on already");
        bench.done("mount IMAGE @other");
        assert_eq!(content(&bench.at("other")), before);
        bench.done("unmount @other");
        assert_eq!(bench.status()["writable"], false);
        bench.refused("unmount @mnt --commit", 4, "mounted to be looked at");
        let busy = File::open(bench.mnt("Windows/notes.txt")).unwrap();
        bench.refused("unmount @mnt", 4, "is in use");
        drop(busy);
        bench.done("unmount @mnt");
        assert_eq!(bench.status(), Value::Null);
        bench.refused("unmount @mnt", 4, "no image is mounted");
        assert_eq!(bench.holds(), before);
    }
}

/// Changes of every kind.
fn work(mnt: &Path) {
    let at = |name: &str| mnt.join(name);
    // In the middle, at the end, and cut.
    let mut file = File::options()
        .write(true)
        .open(at("windows/system32/KERNEL.DLL"));
    let file = file.as_mut().unwrap();
    file.seek(SeekFrom::Start(70_000)).unwrap();
    file.write_all(b"patched").unwrap();
    file.seek(SeekFrom::End(0)).unwrap();
    file.write_all(&[2; 100_000]).unwrap();
    file.set_len(350_000).unwrap();
    // New files and directories.
    fs::create_dir_all(at("New/deep/er")).unwrap();
    fs::write(at("New/deep/er/file.bin"), vec![3; 1_000_000]).unwrap();
    fs::copy(at("Windows/notes.txt"), at("New/copy.txt")).unwrap();
    // A directory moves with all in it, and is worked in.
    fs::rename(at("Windows/System32/drivers"), at("New/drivers")).unwrap();
    fs::write(at("New/drivers/c.sys"), "driver c").unwrap();
    fs::remove_file(at("New/drivers/A.sys")).unwrap();
    // As editors save.
    fs::write(at("Windows/notes.tmp"), "new notes").unwrap();
    fs::rename(at("Windows/notes.tmp"), at("Windows/notes.txt")).unwrap();
    // Two swap their names; one only changes its case, which Linux does not
    // do in one step where both spellings are the same file.
    fs::rename(at("Temp"), at("t")).unwrap();
    fs::rename(at("no files"), at("Temp")).unwrap();
    fs::rename(at("t"), at("no files")).unwrap();
    fs::rename(at("empty"), at("e")).unwrap();
    fs::rename(at("e"), at("EMPTY")).unwrap();
    // One of two that Windows takes for the same.
    fs::write(at("Windows/twin"), "small and new").unwrap();
    // What comes and goes leaves nothing.
    fs::create_dir(at("gone")).unwrap();
    fs::write(at("gone/x"), "x").unwrap();
    fs::remove_dir_all(at("gone")).unwrap();
    // A hole reads as zeros.
    File::create(at("hole")).unwrap().set_len(50_000).unwrap();
    let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
    let dated = File::options().write(true).open(at("New/copy.txt"));
    dated.unwrap().set_modified(time).unwrap();
}

#[test]
fn what_was_changed_is_in_the_image_after_a_commit() {
    for bench in benches("what_was_changed_is_in_the_image_after_a_commit") {
        let kind = bench.kind;
        bench.done("mount IMAGE @mnt --rw");
        let before = bench.status();
        assert_eq!(before["changed"], false, "{before}");
        work(&bench.at("mnt"));
        let expected = content(&bench.at("mnt"));
        assert_eq!(expected[Path::new("hole")], Some(vec![0; 50_000]));
        assert_eq!(
            expected[Path::new("Windows/System32/kernel.dll")]
                .as_ref()
                .unwrap()[69_999..70_008],
            *b"\x01patched\x01"
        );
        assert_eq!(bench.status()["changed"], true);
        assert_ne!(
            content(&bench.at("mnt")),
            bench.holds(),
            "{kind:?}: not yet"
        );

        bench.refused("unmount @mnt", 4, "not in the image yet");
        let open = File::options().append(true).open(bench.mnt("hole"));
        bench.refused("unmount @mnt --commit", 4, "`hole` is open for writing");
        drop(open);
        let done: Value =
            serde_json::from_str(&bench.done("unmount @mnt --commit --json")).unwrap();
        assert_eq!(done["committed"], true);
        let renamed = done["receipt"]["renamed"].as_array().unwrap();
        assert_eq!(renamed.len(), 4, "{renamed:?}");
        assert_eq!(bench.status(), Value::Null);
        assert_eq!(bench.holds(), expected, "{kind:?}");

        // It is all there for the next one, who may write at once.
        bench.done("mount IMAGE @mnt --rw");
        assert_eq!(content(&bench.at("mnt")), expected);
        let dated = fs::metadata(bench.mnt("New/copy.txt")).unwrap().modified();
        let since = dated.unwrap().duration_since(std::time::UNIX_EPOCH);
        assert_eq!(since.unwrap().as_secs(), 1_000_000_000);
        let nothing = bench.done("unmount @mnt --commit");
        assert!(nothing.contains("nothing to change"), "{nothing}");
    }
}

#[test]
fn what_is_discarded_or_killed_was_never_in_the_image() {
    for bench in benches("what_is_discarded_or_killed_was_never_in_the_image") {
        let before = match bench.kind {
            Kind::Directory => snapshot(&bench.at("source")),
            Kind::Wim => [(bench.image(), Some(fs::read(bench.image()).unwrap()))].into(),
        };
        let now = || match bench.kind {
            Kind::Directory => snapshot(&bench.at("source")),
            Kind::Wim => [(bench.image(), Some(fs::read(bench.image()).unwrap()))].into(),
        };
        bench.done("mount IMAGE @mnt --rw");
        work(&bench.at("mnt"));
        let said = bench.done("unmount @mnt --discard");
        assert!(said.contains("thrown away"), "{said}");
        assert_eq!(now(), before);

        bench.done("mount IMAGE @mnt --rw");
        work(&bench.at("mnt"));
        let process = bench.status()["process"].to_string();
        let killed = Command::new("kill").args(["-9", &process]).status();
        assert!(killed.unwrap().success());
        // The kernel notices when the process is gone.
        let mut gone = false;
        for _ in 0..500 {
            gone = fs::metadata(bench.at("mnt")).is_err();
            if gone {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        assert!(gone);
        assert_eq!(bench.status()["alive"], false);
        bench.refused("unmount @mnt --commit", 5, "the image is as it was");
        assert_eq!(now(), before);
        let cleaned = bench.done("mounts --clean");
        assert!(cleaned.contains("is unmounted"), "{cleaned}");
        assert_eq!(bench.status(), Value::Null);
        assert!(fs::read_dir(bench.at("mnt")).unwrap().next().is_none());
        bench.done("mount IMAGE @mnt --rw");
        bench.done("unmount @mnt");
        assert_eq!(now(), before);
    }
}

#[test]
fn one_writes_at_a_time_and_what_windows_cannot_hold_is_refused() {
    for bench in benches("one_writes_at_a_time_and_what_windows_cannot_hold_is_refused") {
        fs::create_dir(bench.at("other")).unwrap();
        bench.done("mount IMAGE @mnt --rw");
        bench.refused("mount IMAGE @other --rw", 4, "by another pro");
        bench.refused("files delete IMAGE empty", 4, "by another pro");
        bench.refused("mount @absent @other", 5, "absent");
        bench.refused("mount IMAGE @absent", 5, "absent");

        let hard = fs::hard_link(bench.mnt("empty"), bench.mnt("second"));
        assert_eq!(hard.unwrap_err().raw_os_error(), Some(95));
        let soft = std::os::unix::fs::symlink("empty", bench.mnt("link"));
        assert_eq!(soft.unwrap_err().raw_os_error(), Some(95));
        for name in ["a:b", "a?", "ends in a dot.", "a\\b", ".wimwright2/.."] {
            assert!(fs::write(bench.mnt(name), "x").is_err(), "{name}");
        }
        assert!(fs::create_dir(bench.mnt("WINDOWS")).is_err());
        assert!(fs::remove_dir(bench.mnt("Windows")).is_err());
        let into_itself = fs::rename(bench.mnt("Windows"), bench.mnt("Windows/System32/w"));
        assert!(into_itself.is_err());
        // The file that the mount is controlled by is listed nowhere.
        assert_eq!(fs::read_dir(bench.at("mnt")).unwrap().count(), 4);
        assert_eq!(bench.status()["changed"], false);
        bench.done("unmount @mnt");
    }
}

#[test]
fn a_directory_of_many_names_is_listed_once_each() {
    let test = "a_directory_of_many_names_is_listed_once_each";
    let Some(bench) = Bench::new(Kind::Directory, test) else {
        return;
    };
    let many = bench.at("source").join("many");
    fs::create_dir(&many).unwrap();
    for number in 0..20_000 {
        File::create(many.join(format!("file number {number:05}"))).unwrap();
    }
    bench.done("mount IMAGE @mnt --rw");
    let list = || {
        let entries = fs::read_dir(bench.mnt("many")).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    let names = list();
    assert_eq!(names.len(), 20_000);
    assert!(names.windows(2).all(|pair| pair[0] < pair[1]));
    fs::remove_file(bench.mnt("many/FILE number 00007")).unwrap();
    fs::write(bench.mnt("many/file number 20000"), "x").unwrap();
    let after = list();
    assert_eq!(after.len(), 20_000);
    assert_eq!(after[7], *"file number 00008");
    bench.done("unmount @mnt --commit");
    assert_eq!(fs::read_dir(&many).unwrap().count(), 20_000);
    assert!(!many.join("file number 00007").exists());
}
