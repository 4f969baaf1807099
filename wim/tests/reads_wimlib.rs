//! What `wimlib-imagex` writes is read: all codecs and chunk sizes, solid,
//! split and delta files, integrity tables, several images, odd ones.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test ends where something is wrong"
)]

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use support::{
    WIMLIB, file, make_source, open, read_everything, tree_of_folder, tree_of_image, wimlib,
};
use wimwright_testdata::program;
use wimwright_wim::compress::Codec;
use wimwright_wim::metadata::tag;
use wimwright_wim::{Archive, Error, Hash, ReadAt as _, Version};

/// A folder with the source in it; wimlib writes beside it.
struct Bench {
    folder: tempfile::TempDir,
}

impl Bench {
    fn new(test: &str) -> Option<Bench> {
        program(WIMLIB, test).then(|| {
            let folder = tempfile::tempdir().unwrap();
            make_source(&folder.path().join("source"));
            Bench { folder }
        })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn capture(&self, name: &str, options: &[&str]) -> PathBuf {
        let (source, wim) = (self.path("source"), self.path(name));
        let fixed = [
            "capture",
            source.to_str().unwrap(),
            wim.to_str().unwrap(),
            "image one",
        ];
        wimlib(&[&fixed, options].concat());
        wim
    }

    fn assert_same(&self, archive: &Archive, what: &str) {
        let expected = tree_of_folder(&self.path("source"));
        assert_eq!(tree_of_image(archive, 1), expected, "{what}");
        assert!(read_everything(archive) > 40, "{what}");
    }
}

#[test]
fn every_codec_and_chunk_size() {
    let Some(bench) = Bench::new("every_codec_and_chunk_size") else {
        return;
    };
    let xpress = [4, 8, 16, 32, 64].map(|size| ("xpress", Codec::Xpress, size));
    let lzx = [32, 64, 128, 256, 512, 1024, 2048].map(|size| ("lzx", Codec::Lzx, size));
    let lzms = [32, 128, 1024, 65536].map(|size| ("lzms", Codec::Lzms, size));
    for (name, codec, size) in xpress.into_iter().chain(lzx).chain(lzms) {
        let (compress, chunk) = (
            format!("--compress={name}"),
            format!("--chunk-size={size}K"),
        );
        let wim = bench.capture("codec.wim", &[&compress, &chunk]);
        let archive = open(&wim);
        assert_eq!(archive.header().codec(), Some(codec));
        assert_eq!(archive.header().chunk_size, size * 1024);
        bench.assert_same(&archive, &format!("{name} {size}K"));
    }
    let archive = open(&bench.capture("none.wim", &["--compress=none"]));
    assert_eq!(archive.header().codec(), None);
    bench.assert_same(&archive, "none");
}

#[test]
fn solid_resources() {
    let Some(bench) = Bench::new("solid_resources") else {
        return;
    };
    for (codec, name, size) in [
        (Codec::Lzms, "lzms", "64M"),
        (Codec::Lzms, "lzms", "128K"),
        (Codec::Lzx, "lzx", "64K"),
        (Codec::Xpress, "xpress", "32K"),
    ] {
        let (compress, chunk) = (
            format!("--solid-compress={name}"),
            format!("--solid-chunk-size={size}"),
        );
        let wim = bench.capture("solid.wim", &["--solid", &compress, &chunk]);
        let archive = open(&wim);
        assert_eq!(archive.header().version, Version::Solid);
        bench.assert_same(&archive, &format!("solid {name} {size}"));
        let blob = archive.blobs().find(|blob| blob.size == 250_000).unwrap();
        assert_eq!(blob.solid.as_ref().unwrap().codec, codec);
        // Any part of a blob, without the rest.
        let whole = fs::read(bench.path("source/a/text.txt")).unwrap();
        let reader = archive.open_blob(blob.id).unwrap();
        for (offset, length) in [
            (0, 1),
            (131_071, 2),
            (249_990, 10),
            (60_000, 150_000),
            (250_000, 0),
        ] {
            let mut part = vec![0; length];
            reader.read_exact_at(&mut part, offset as u64).unwrap();
            assert_eq!(part, whole[offset..offset + length], "{length} at {offset}");
        }
        assert!(reader.read_exact_at(&mut [0; 2], 249_999).is_err());
    }
}

#[test]
fn any_range_of_a_blob() {
    let Some(bench) = Bench::new("any_range_of_a_blob") else {
        return;
    };
    let whole = fs::read(bench.path("source/mixed")).unwrap();
    for compress in ["none", "xpress", "lzx"] {
        let archive = open(&bench.capture("range.wim", &[&format!("--compress={compress}")]));
        let id = archive.find(&Hash::of(&whole)).unwrap();
        let reader = archive.open_blob(id).unwrap();
        let length = whole.len();
        for start in (0..length)
            .step_by(9973)
            .chain([0, 32_767, 32_768, length - 1, length])
        {
            for end in [start, start + 1, start + 40_000, length].map(|end| end.min(length)) {
                let mut part = vec![0; end - start];
                reader.read_exact_at(&mut part, start as u64).unwrap();
                assert_eq!(part, whole[start..end], "{compress}: {start} to {end}");
            }
        }
        assert_eq!(reader.read_all(1 << 20).unwrap(), whole);
        assert!(matches!(reader.read_all(1000), Err(Error::TooLong { .. })));
    }
}

#[test]
fn integrity_tables_and_unix_data() {
    let Some(bench) = Bench::new("integrity_tables_and_unix_data") else {
        return;
    };
    let wim = bench.capture("check.wim", &["--check", "--unix-data", "--boot"]);
    let archive = open(&wim);
    bench.assert_same(&archive, "check");
    let table = archive.integrity().unwrap().unwrap();
    let bytes = fs::read(&wim).unwrap();
    let blobs = archive.header().blob_table;
    let end = blobs.offset + blobs.stored_size;
    assert_eq!(table.verify(&bytes, end).unwrap(), []);
    let again = wimwright_wim::IntegrityTable::build(&bytes, end, None, &|_, _| false).unwrap();
    assert_eq!(again, table);
    assert_eq!(archive.header().boot_index, 1);
    assert_eq!(
        archive.header().boot_metadata,
        archive.metadata_entry(1).unwrap().resource
    );
    let metadata = archive.metadata(1).unwrap();
    let root = metadata.root().unwrap();
    let one = metadata.child(&root, |name| name == "one").unwrap();
    let item = one
        .tagged_items()
        .find(|item| item.tag == tag::WIMLIB_UNIX_DATA)
        .unwrap();
    // Owner, group, mode, device.
    assert_eq!(item.data[8..12], 0o100_600_u32.to_le_bytes());
    let plain = open(&bench.capture("plain.wim", &[]));
    assert_eq!(plain.integrity().unwrap(), None);
    assert_eq!(plain.header().boot_index, 0);
}

#[test]
fn split_sets() {
    let Some(bench) = Bench::new("split_sets") else {
        return;
    };
    let wim = bench.capture("whole.wim", &["--compress=xpress"]);
    let first = bench.path("part.swm");
    wimlib(&[
        "split",
        wim.to_str().unwrap(),
        first.to_str().unwrap(),
        "0.1",
    ]);
    let part = |number: u32| match number {
        1 => first.clone(),
        number => bench.path(&format!("part{number}.swm")),
    };
    let parts = u32::from(open(&first).header().parts);
    assert!(parts >= 3, "{parts} parts");
    let files = |numbers: &mut dyn Iterator<Item = u32>| {
        numbers.map(|n| file(&part(n))).collect::<Vec<_>>()
    };
    // Part 1 need not come first.
    let archive = Archive::open_all(files(&mut (1..=parts).rev())).unwrap();
    assert_eq!(archive.missing_parts(), [] as [u16; 0]);
    bench.assert_same(&archive, "split");

    let lacking = Archive::open_all(files(&mut (1..=parts).filter(|n| *n != 2))).unwrap();
    assert_eq!(lacking.missing_parts(), [2]);
    let alone = Archive::open(file(&part(2)));
    assert!(matches!(alone, Err(Error::NotFirstPart { part: 2, .. })));
    let twice = Archive::open_all(files(&mut [1, 2, 2].into_iter()));
    assert!(matches!(twice, Err(Error::PartTwice { part: 2, .. })));
}

#[test]
fn delta_files() {
    let Some(bench) = Bench::new("delta_files") else {
        return;
    };
    let base = bench.capture("base.wim", &[]);
    fs::write(bench.path("source/new file"), b"only in the delta").unwrap();
    let from = format!("--delta-from={}", base.display());
    let delta = bench.capture("delta.wim", &[&from]);
    let alone = open(&delta);
    assert!(alone.blob_count() < 3, "the delta has only what is new");
    assert_eq!(alone.find(&Hash::of(b"1")), None);
    let archive = Archive::open_all(vec![file(&delta), file(&base)]).unwrap();
    bench.assert_same(&archive, "delta");
    // The file named first has the images.
    assert_eq!(archive.header().guid, open(&delta).header().guid);
}

#[test]
fn several_images_and_an_empty_one() {
    let Some(bench) = Bench::new("several_images_and_an_empty_one") else {
        return;
    };
    let wim = bench.capture("two.wim", &[]);
    let other = bench.path("other");
    fs::create_dir(&other).unwrap();
    wimlib(&[
        "append",
        other.to_str().unwrap(),
        wim.to_str().unwrap(),
        "nothing in it",
    ]);
    let archive = open(&wim);
    assert_eq!(archive.image_count(), 2);
    bench.assert_same(&archive, "first of two");
    assert_eq!(archive.metadata(2).unwrap().dentry_count(), 1);
    let name = archive.xml().image(2).unwrap().text("NAME");
    assert_eq!(name.as_deref(), Some("nothing in it"));
    let errors = [archive.metadata(0), archive.metadata(3)].map(Result::err);
    assert!(
        errors
            .iter()
            .all(|error| matches!(error, Some(Error::NoSuchImage { count: 2, .. })))
    );
    // What wimlib says of the XML is what we wrote back.
    let xml = archive.xml().to_bytes();
    let range = archive.header().xml;
    let stored = &fs::read(&wim).unwrap()[range.offset as usize..][..range.size as usize];
    assert_eq!(xml, stored);
}

#[test]
fn pipable_files_are_refused_by_name() {
    let Some(bench) = Bench::new("pipable_files_are_refused_by_name") else {
        return;
    };
    let wim = bench.capture("pipe.wim", &["--pipable"]);
    let error = Archive::open(file(&wim)).err().unwrap();
    assert!(error.to_string().contains("pipable"), "{error}");
    let not_a_wim = Archive::open(file(Path::new("/proc/self/exe")))
        .err()
        .unwrap();
    assert!(matches!(not_a_wim, Error::NotAWim { .. }));
}
