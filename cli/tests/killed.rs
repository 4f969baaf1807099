//! A program that is killed while it changes a WIM file leaves the old images
//! or the new ones.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test ends where something is wrong"
)]

mod support;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use support::sample;
use wimwright_testdata::program;

fn command(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wimwright"));
    command
        .args(words)
        .env("SOURCE_DATE_EPOCH", "1767225600")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

fn done(words: &[&str]) {
    let status = command(words).status().unwrap();
    assert!(status.success(), "{words:?}");
}

/// What every file of the image holds.
fn files(wim: &Path) -> String {
    let listed = Command::new(env!("CARGO_BIN_EXE_wimwright"))
        .args(["dir", wim.to_str().unwrap(), "--recurse", "--json"])
        .output()
        .unwrap();
    assert!(listed.status.success());
    String::from_utf8(listed.stdout).unwrap()
}

#[test]
fn a_killed_commit_leaves_the_old_image_or_the_new_one() {
    let peer = program("wimlib-imagex", "killed commits (read by wimlib)");
    let top = sample();
    let at = |name: &str| top.path().join(name).to_str().unwrap().to_owned();
    let (image, base, whole, wim) = (at("image"), at("base.wim"), at("whole.wim"), at("a.wim"));
    let package = at("viostor");
    done(&[
        "capture",
        &image,
        &base,
        "--name",
        "one",
        "--compress",
        "lzx",
        "--check",
    ]);
    fs::copy(&base, &whole).unwrap();
    let began = Instant::now();
    done(&["drivers", "add", &whole, &package]);
    let took = began.elapsed();
    let named = |path: &str| files(Path::new(path)).replace(path, "the file");
    let (old, new) = (named(&base), named(&whole));
    assert_ne!(old, new);
    let (mut olds, mut news) = (0, 0);
    for round in 0..40_u32 {
        fs::copy(&base, &wim).unwrap();
        let mut child = command(&["drivers", "add", &wim, &package])
            .spawn()
            .unwrap();
        // From its start to a while after its end.
        sleep(took * round / 32 + Duration::from_micros(u64::from(round) * 137));
        // It may have come to its end.
        let _ = child.kill();
        let _ = child.wait().unwrap();
        done(&["verify", &wim]);
        match named(&wim) {
            found if found == old => olds += 1,
            found if found == new => news += 1,
            found => panic!("round {round}: {found}"),
        }
        if peer && round % 8 == 7 {
            let verified = Command::new("wimlib-imagex")
                .args(["verify", &wim])
                .output();
            assert!(verified.unwrap().status.success(), "round {round}");
        }
        // Whatever the cut left, the next run ends as an undisturbed one.
        done(&["drivers", "add", &wim, &package]);
        assert_eq!(named(&wim), new, "round {round}");
    }
    assert!(olds > 0 && news > 0, "{olds} old, {news} new");
}
