//! Split sets: wimlib joins what we split, and we read it as one.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test ends where something is wrong"
)]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use support::capture::create;
use support::{WIMLIB, file, make_source, open, tree_of_folder, tree_of_image, wimlib};
use wimwright_testdata::program;
use wimwright_wim::{Archive, Error, VerifyOptions, split};

const GUID: [u8; 16] = *b"fedcba9876543210";

fn part(folder: &Path, number: u16) -> PathBuf {
    match number {
        1 => folder.join("ours.swm"),
        number => folder.join(format!("ours{number}.swm")),
    }
}

#[test]
fn wimlib_joins_what_we_split() {
    if !program(WIMLIB, "wimlib_joins_what_we_split") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    make_source(Path::new(&at("source")));
    for options in [
        ["--compress=xpress", "--check"],
        ["--compress=lzx", "--boot"],
        ["--solid", "--boot"],
    ] {
        let whole = at("whole.wim");
        wimlib(&[&["capture", &at("source"), &whole], options.as_slice()].concat());
        let archive = open(Path::new(&whole));
        let mut create_part = |number| -> std::io::Result<Arc<dyn wimwright_wim::WriteAt>> {
            Ok(create(&part(folder.path(), number)))
        };
        let headers = split(&archive, 110_000, GUID, &mut create_part).unwrap();
        let solid = options[0] == "--solid";
        assert!(
            headers.len() >= if solid { 2 } else { 3 },
            "{} parts",
            headers.len()
        );
        for (number, header) in (1..).zip(&headers) {
            let length = fs::metadata(part(folder.path(), number)).unwrap().len();
            let blobs = header.blob_table.size / 50;
            assert!(
                length <= 110_000 || blobs == 1 || solid,
                "part {number}: {length} bytes, {blobs} blobs"
            );
            wimlib(&[
                "info",
                part(folder.path(), number).to_str().unwrap(),
                "--header",
            ]);
        }
        let files = (1..=headers.len() as u16).map(|number| file(&part(folder.path(), number)));
        let set = Archive::open_all(files.collect()).unwrap();
        assert_eq!(
            tree_of_image(&set, 1),
            tree_of_folder(Path::new(&at("source")))
        );
        let found = set.verify(VerifyOptions::default(), &|_| ()).unwrap();
        assert!(
            found.findings.is_empty(),
            "{options:?}: {:?}",
            found.findings
        );
        assert_eq!(set.header().boot_index, archive.header().boot_index);

        let joined = at("joined.wim");
        let glob: Vec<_> = (1..=headers.len() as u16)
            .map(|number| part(folder.path(), number).to_str().unwrap().to_owned())
            .collect();
        let mut arguments = vec!["join", joined.as_str()];
        arguments.extend(glob.iter().map(String::as_str));
        wimlib(&arguments);
        wimlib(&["verify", &joined]);
        assert_eq!(
            tree_of_image(&open(Path::new(&joined)), 1),
            tree_of_folder(Path::new(&at("source")))
        );
        let again = split(&set, 100_000, GUID, &mut create_part);
        assert!(matches!(again, Err(Error::SplitOfParts { .. })));
        fs::remove_file(&joined).unwrap();
    }
}
