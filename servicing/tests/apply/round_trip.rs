//! Applied to a filesystem that knows nothing of Windows and captured again,
//! an image is the image that it was.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use wimwright_servicing::capture::{CaptureOptions, ImageDescription, NewFile, capture};
use wimwright_servicing::{FileTime, Overwrite};
use wimwright_wim::Packing;
use wimwright_wim::compress::Codec;

use crate::ntfs::{Entry, read};
use crate::sidecar::entries;
use crate::support::{apply, open, wim};

fn capture_to(tree: &Path, wim: &Path) {
    let image = ImageDescription {
        name: Some("again".to_owned()),
        boot: false,
        description: None,
        flags: None,
        time: FileTime(0),
    };
    let file = NewFile {
        packing: Packing::STORED,
        overwrite: Overwrite::Refuse,
        integrity: false,
    };
    let options = CaptureOptions::default();
    capture(tree, wim, &file, &image, &options, &mut |_, _| {}).unwrap();
}

/// That two images say the same of each entry.
fn assert_same(before: &BTreeMap<String, Entry>, after: &BTreeMap<String, Entry>) {
    assert_eq!(
        before.keys().collect::<Vec<_>>(),
        after.keys().collect::<Vec<_>>()
    );
    for (path, entry) in before {
        assert_eq!(*entry, after[path], "{path}");
    }
}

#[test]
fn an_image_is_the_same_after_apply_and_capture() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    wim(&at("1.wim"), Packing::new(Codec::Xpress), &entries());
    apply(&open(&at("1.wim")), &at("out"));
    capture_to(&at("out"), &at("2.wim"));
    let before = read(&at("1.wim"));
    assert_same(&before, &read(&at("2.wim")));
    // And once more, with the sidecar of what was captured.
    apply(&open(&at("2.wim")), &at("again"));
    capture_to(&at("again"), &at("3.wim"));
    assert_same(&before, &read(&at("3.wim")));
}

#[test]
fn what_was_written_to_meanwhile_is_new_and_all_else_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    wim(&at("1.wim"), Packing::STORED, &entries());
    apply(&open(&at("1.wim")), &at("out"));
    fs::write(at("out/folder/1601"), "young").unwrap();
    fs::write(at("out/folder/new"), "new").unwrap();
    fs::remove_file(at("out/link to it")).unwrap();
    capture_to(&at("out"), &at("2.wim"));
    let (before, after) = (read(&at("1.wim")), read(&at("2.wim")));
    for (path, entry) in &before {
        match path.as_str() {
            "link to it" => assert!(!after.contains_key(path)),
            "folder/1601" => assert_ne!(*entry, after[path]),
            // No name but one is left.
            "Long name.txt" => assert_eq!(entry.streams, after[path].streams),
            // Written to by what is new in it.
            "folder" => assert_eq!(entry.security, after[path].security),
            _ => assert_eq!(*entry, after[path], "{path}"),
        }
    }
    assert!(after.contains_key("folder/new"));
}
