//! Damaged archives, full and read-only targets.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use wimwright_servicing::apply::{ApplyError, ApplyOptions};
use wimwright_testdata::skipped;
use wimwright_wim::Packing;

use crate::support::{Random, apply, apply_with, file, open, seen, wim};

#[test]
fn a_file_with_damaged_content_is_named_and_not_left() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let content = b"some content that is not to be found elsewhere".to_vec();
    let stream = b"a stream that is not to be found elsewhere".to_vec();
    let entries = [
        file("good", "good"),
        file("bad", content.clone()).link(1),
        file("its other name", content.clone()).link(1),
        file("bad too", content.clone()),
        file("with stream", "good").stream("s", &stream),
    ];
    wim(&at("x.wim"), Packing::STORED, &entries);
    let mut bytes = fs::read(at("x.wim")).unwrap();
    for wanted in [&content, &stream] {
        let place = bytes
            .windows(wanted.len())
            .position(|bytes| bytes == wanted);
        bytes[place.unwrap() + 3] ^= 1;
    }
    fs::write(at("x.wim"), bytes).unwrap();
    fs::create_dir(at("out")).unwrap();
    fs::write(at("out/bad too"), "was there").unwrap();
    let report = apply(&open(&at("x.wim")), &at("out"));
    let named: Vec<String> = report
        .damaged
        .iter()
        .map(|damaged| damaged.path.to_string())
        .collect();
    assert_eq!(named, ["bad", "its other name", "bad too", "with stream"]);
    for damaged in &report.damaged {
        let expected = match damaged.path.to_string().as_str() {
            "with stream" => "its stream `s` is lost: blob",
            _ => "not written: ",
        };
        assert!(damaged.error.starts_with(expected), "{}", damaged.error);
    }
    let names: Vec<PathBuf> = seen(&at("out")).into_keys().collect();
    let names: Vec<&str> = names.iter().map(|name| name.to_str().unwrap()).collect();
    assert_eq!(names, ["", "bad too", "good", "with stream"]);
    assert_eq!(fs::read(at("out/bad too")).unwrap(), b"was there");
    assert!(report.findings.is_empty());
}

/// A filesystem in memory, mounted as long as this lives.
struct Mounted(PathBuf);

impl Mounted {
    fn new(at: PathBuf, options: &str, test: &str) -> Option<Mounted> {
        fs::create_dir(&at).unwrap();
        let mut command = Command::new("mount");
        command
            .args(["-t", "tmpfs", "-o", options, "tmpfs"])
            .arg(&at);
        match command.output() {
            Ok(output) if output.status.success() => Some(Mounted(at)),
            _ => {
                skipped(test, "may not mount a filesystem in memory");
                None
            }
        }
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).output();
    }
}

#[test]
fn a_full_target_is_told_and_no_half_file_has_a_name() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let mut random = Random(9);
    let entries: Vec<_> = (0..40)
        .map(|number| file(&format!("file {number}"), random.bytes(100_000)))
        .collect();
    wim(&at("x.wim"), Packing::STORED, &entries);
    let archive = open(&at("x.wim"));
    let test = "a_full_target_is_told_and_no_half_file_has_a_name";
    let Some(target) = Mounted::new(at("out"), "size=1m", test) else {
        return;
    };
    let error = apply_with(&archive, target.path(), ApplyOptions::default()).unwrap_err();
    assert!(matches!(error, ApplyError::Full { .. }), "{error:?}");
    assert!(error.to_string().contains("is full"), "{error}");
    for (path, seen) in seen(target.path()) {
        if let crate::support::Content::File(bytes) = seen.content {
            let marker = path.to_str() == Some(".wimwright-sidecar.new");
            assert!(
                marker || bytes.len() == 100_000,
                "{path:?}: {}",
                bytes.len()
            );
        }
    }
    assert!(target.path().join(".wimwright-sidecar.new").exists());
}

#[test]
fn a_read_only_target_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    wim(&at("x.wim"), Packing::STORED, &[file("a", "new")]);
    let Some(target) = Mounted::new(at("out"), "ro", "a_read_only_target_is_told") else {
        return;
    };
    let error = apply_with(&open(&at("x.wim")), target.path(), ApplyOptions::default());
    let ApplyError::Target { source, .. } = error.unwrap_err() else {
        panic!("not the host's error");
    };
    assert_eq!(source.kind(), std::io::ErrorKind::ReadOnlyFilesystem);
}

#[test]
fn a_target_that_is_a_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    wim(&at("x.wim"), Packing::STORED, &[file("a", "new")]);
    fs::write(at("out"), "a file").unwrap();
    let error = apply_with(&open(&at("x.wim")), &at("out"), ApplyOptions::default());
    assert!(matches!(error, Err(ApplyError::NotADirectory { .. })));
}
