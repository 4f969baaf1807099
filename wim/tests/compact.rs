//! Compact files: wimlib's sets become one file, holes go, and the stored
//! bytes stay.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test ends where something is wrong"
)]

mod support;

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use support::capture::create;
use support::{
    WIMLIB, file, make_source, open, read_everything, tree_of_folder, tree_of_image, wimlib,
};
use wimwright_testdata::program;
use wimwright_wim::{
    Archive, CompactOptions, Error, HeaderFlags, ReadAt as _, Update, UpdateOptions, VerifyOptions,
    WriteAt, compact, split,
};

struct Bench(tempfile::TempDir);

impl Bench {
    fn new(test: &str) -> Option<Bench> {
        program(WIMLIB, test).then(|| {
            let folder = tempfile::tempdir().unwrap();
            make_source(&folder.path().join("source"));
            Bench(folder)
        })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    /// The source as image 1 and its folder `many` as image 2, bootable.
    fn two_images(&self, options: &[&str]) -> String {
        let wim = self.text("two.wim");
        let _ = fs::remove_file(&wim);
        wimlib(&[&["capture", &self.text("source"), &wim, "first"], options].concat());
        let many = self.text("source/many");
        wimlib(&["append", &many, &wim, "second", "--boot"]);
        wim
    }

    fn part(&self, number: u16) -> PathBuf {
        match number {
            1 => self.path("set.swm"),
            number => self.path(&format!("set{number}.swm")),
        }
    }

    fn parts(&self) -> Vec<PathBuf> {
        let found = fs::read_dir(self.0.path()).unwrap();
        let found = found.map(|entry| entry.unwrap().path());
        let mut parts: Vec<_> = found
            .filter(|path| path.extension().is_some_and(|end| end == "swm"))
            .collect();
        parts.sort();
        parts
    }
}

fn assert_sound(path: &Path) -> Archive {
    let archive = open(path);
    let found = archive.verify(VerifyOptions::default(), &|_| ()).unwrap();
    assert!(found.findings.is_empty(), "{:?}", found.findings);
    assert_eq!(archive.unused_bytes(), 0);
    wimlib(&["verify", path.to_str().unwrap()]);
    archive
}

fn options(integrity: bool, tree_order: bool) -> CompactOptions {
    let mut options = CompactOptions::default();
    (options.integrity, options.tree_order) = (integrity, tree_order);
    options
}

#[test]
fn sets_of_every_codec_become_one_file_again() {
    let Some(bench) = Bench::new("sets_of_every_codec_become_one_file_again") else {
        return;
    };
    for codec in [
        &["--compress=none"][..],
        &["--compress=xpress", "--chunk-size=4096"],
        &["--compress=lzx", "--check"],
        &["--compress=lzms"],
        &["--solid", "--solid-chunk-size=32768"],
    ] {
        let whole = bench.two_images(codec);
        for part in bench.parts() {
            fs::remove_file(part).unwrap();
        }
        match codec[0] {
            // wimlib does not split these.
            "--solid" => {
                let mut part = |number| -> std::io::Result<std::sync::Arc<dyn WriteAt>> {
                    Ok(create(&bench.part(number)))
                };
                split(&open(Path::new(&whole)), 100_000, [7; 16], &mut part).unwrap();
            }
            _ => drop(wimlib(&["split", &whole, &bench.text("set.swm"), "0.1"])),
        }
        let parts = bench.parts();
        assert!(parts.len() > 1, "{codec:?}");
        // Whatever their order.
        let files = parts.iter().rev().map(|part| file(part)).collect();
        let set = Archive::open_all(files).unwrap();
        let out = bench.path("out.wim");
        let header = compact(&set, create(&out), options(true, false)).unwrap();
        assert_eq!((header.part, header.parts), (1, 1));
        assert!(!header.flags.contains(HeaderFlags::SPANNED));
        assert_eq!(header.guid, set.header().guid);
        assert_eq!(header.boot_index, set.header().boot_index);
        let joined = assert_sound(&out);
        let source = bench.path("source");
        assert_eq!(tree_of_image(&joined, 1), tree_of_folder(&source));
        assert_eq!(
            tree_of_image(&joined, 2),
            tree_of_folder(&source.join("many"))
        );
        // Each blob lies there as it lay in its part.
        for blob in set.blobs() {
            let now = joined.blob(joined.find(&blob.hash).unwrap()).unwrap();
            assert_eq!(now.size, blob.size);
            if blob.solid.is_none() {
                assert_eq!(now.resource.stored_size, blob.resource.stored_size);
                let mut stored = [vec![0; blob.resource.stored_size as usize], Vec::new()];
                stored[1] = stored[0].clone();
                let part = File::open(bench.part(blob.part));
                let at = blob.resource.offset;
                part.unwrap().read_exact_at(&mut stored[0], at).unwrap();
                let out = File::open(&out).unwrap();
                out.read_exact_at(&mut stored[1], now.resource.offset)
                    .unwrap();
                assert!(stored[0] == stored[1], "{codec:?}: {}", blob.hash);
            }
        }
        assert_eq!(read_everything(&joined), read_everything(&set));
    }
}

#[test]
fn holes_and_what_no_image_names_go() {
    let Some(bench) = Bench::new("holes_and_what_no_image_names_go") else {
        return;
    };
    for codec in [["--compress=lzx"], ["--solid"]] {
        let whole = PathBuf::from(bench.two_images(&codec));
        let file = File::options().read(true).write(true).open(&whole).unwrap();
        let archive = open(&whole);
        let mut update = Update::begin(
            &archive,
            std::sync::Arc::new(file),
            UpdateOptions::default(),
        )
        .unwrap();
        update.remove_image(1).unwrap();
        update.commit().unwrap();
        let archive = open(&whole);
        let solid = codec == ["--solid"];
        assert!(solid || archive.unused_bytes() > 100_000);
        let out = bench.path("out.wim");
        compact(&archive, create(&out), options(false, true)).unwrap();
        let compacted = assert_sound(&out);
        assert_eq!(
            tree_of_image(&compacted, 1),
            tree_of_folder(&bench.path("source/many"))
        );
        assert_eq!(compacted.header().boot_index, 1);
        assert_eq!(
            compacted.xml().image(1).unwrap().text("NAME").as_deref(),
            Some("second")
        );
        // Done again, nothing changes.
        let again = bench.path("again.wim");
        compact(&compacted, create(&again), options(false, true)).unwrap();
        assert_eq!(fs::read(&again).unwrap(), fs::read(&out).unwrap());
    }
}

#[test]
fn parts_that_are_not_here_or_do_not_fit_are_refused() {
    let Some(bench) = Bench::new("parts_that_are_not_here_or_do_not_fit_are_refused") else {
        return;
    };
    let whole = bench.two_images(&["--compress=xpress"]);
    wimlib(&["split", &whole, &bench.text("set.swm"), "0.1"]);
    let out = bench.path("out.wim");
    let set = open(&bench.path("set.swm"));
    let found = compact(&set, create(&out), options(false, false));
    let found = found.unwrap_err().to_string();
    assert!(found.starts_with("parts 2"), "{found}");
    // A second part with another chunk size.
    let second = bench.path("set2.swm");
    let mut bytes = fs::read(&second).unwrap();
    bytes[0x14..0x18].copy_from_slice(&8192_u32.to_le_bytes());
    fs::write(&second, bytes).unwrap();
    let set = Archive::open_all(bench.parts().iter().map(|part| file(part)).collect()).unwrap();
    let found = compact(&set, create(&out), options(false, false)).unwrap_err();
    assert_eq!(
        found.to_string(),
        "`set2.swm` is packed with XPRESS chunks of 8192, the first part with XPRESS chunks of 32768"
    );
}

#[test]
fn entries_that_share_bytes_do_not_fill_the_disk() {
    let Some(bench) = Bench::new("entries_that_share_bytes_do_not_fill_the_disk") else {
        return;
    };
    let whole = bench.two_images(&["--compress=none"]);
    let mut bytes = fs::read(&whole).unwrap();
    let length = bytes.len() as u64;
    let header = open(Path::new(&whole)).header().clone();
    // Every blob claims the whole file.
    let table = header.blob_table.offset as usize;
    for entry in bytes[table..table + header.blob_table.size as usize].chunks_exact_mut(50) {
        if entry[7] == 0 {
            entry[..7].copy_from_slice(&length.to_le_bytes()[..7]);
            entry[8..16].fill(0);
            entry[16..24].copy_from_slice(&length.to_le_bytes());
        }
    }
    let mangled = bench.path("mangled.wim");
    fs::write(&mangled, bytes).unwrap();
    let out = bench.path("out.wim");
    let found = compact(&open(&mangled), create(&out), options(false, false));
    assert!(matches!(found, Err(Error::TooLong { .. })), "{found:?}");
    assert!(fs::metadata(&out).unwrap().len() < length);
}

#[test]
fn an_integrity_table_comes_and_goes_in_place() {
    let Some(bench) = Bench::new("an_integrity_table_comes_and_goes_in_place") else {
        return;
    };
    let whole = PathBuf::from(bench.two_images(&["--compress=lzx"]));
    for wanted in [true, false] {
        let archive = open(&whole);
        let file = File::options().read(true).write(true).open(&whole).unwrap();
        let mut update = Update::begin(
            &archive,
            std::sync::Arc::new(file),
            UpdateOptions::default(),
        )
        .unwrap();
        update.set_integrity(wanted);
        let done = update.commit().unwrap();
        assert_eq!(done.header.integrity.is_absent(), !wanted);
        let archive = open(&whole);
        assert_eq!(archive.integrity().unwrap().is_some(), wanted);
        let found = archive.verify(VerifyOptions::default(), &|_| ()).unwrap();
        assert!(found.findings.is_empty(), "{:?}", found.findings);
        wimlib(&["verify", whole.to_str().unwrap()]);
    }
}
