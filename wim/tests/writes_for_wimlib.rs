//! What we write is read by `wimlib-imagex`: it verifies, lists and applies
//! it, and what comes out is what went in.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test ends where something is wrong"
)]

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use support::capture::{capture, content, create, element};
use support::{
    WIMLIB, make_source, noise, open, read_everything, text, tree_of_folder, tree_of_image, wimlib,
};
use wimwright_testdata::program;
use wimwright_wim::compress::{Codec, Level};
use wimwright_wim::metadata::{EntryFields, MetadataBuilder, attribute};
use wimwright_wim::{Error, Hash, Packing, VerifyOptions, WimWriter, WriteOptions};

const GUID: [u8; 16] = *b"0123456789abcdef";

fn packings() -> Vec<Packing> {
    let with = |codec, chunk_size| Packing {
        codec: Some(codec),
        chunk_size,
        level: Level::Fast,
    };
    vec![
        Packing::STORED,
        with(Codec::Xpress, 4096),
        with(Codec::Xpress, 32_768),
        with(Codec::Xpress, 65_536),
        with(Codec::Lzx, 32_768),
        with(Codec::Lzx, 1 << 20),
    ]
}

fn utf8(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// wimlib reads the file, and the tree it makes is that of the source.
fn assert_wimlib_agrees(wim: &Path, image: u32, source: &Path) {
    wimlib(&["verify", utf8(wim)]);
    let target = tempfile::tempdir().unwrap();
    let out = target.path().join("out");
    wimlib(&["apply", utf8(wim), &image.to_string(), utf8(&out)]);
    assert_eq!(tree_of_folder(&out), tree_of_folder(source));
}

#[test]
fn every_packing() {
    if !program(WIMLIB, "every_packing") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("source");
    make_source(&source);
    for (number, packing) in packings().into_iter().enumerate() {
        let integrity = number % 2 == 0;
        let wim = folder.path().join("x.wim");
        let options = WriteOptions {
            integrity,
            ..WriteOptions::new(packing, GUID)
        };
        let mut writer = WimWriter::create(create(&wim), options).unwrap();
        assert_eq!(capture(&mut writer, &source, "first"), 1);
        assert_eq!(capture(&mut writer, &source, "again"), 2);
        writer.set_boot(2);
        let header = writer.finish().unwrap();
        let archive = open(&wim);
        assert_eq!(*archive.header(), header);
        assert_eq!(archive.integrity().unwrap().is_some(), integrity);
        assert_eq!(
            tree_of_image(&archive, 1),
            tree_of_folder(&source),
            "{packing:?}"
        );
        read_everything(&archive);
        let found = archive.verify(VerifyOptions::default(), &|_| ()).unwrap();
        assert!(
            found.findings.is_empty(),
            "{packing:?}: {:?}",
            found.findings
        );
        assert_wimlib_agrees(&wim, 2, &source);
        let info = wimlib(&["info", utf8(&wim), "--header"]);
        assert!(info.contains("Boot Index                  = 2"), "{info}");
        // wimlib counts as we do.
        let theirs = folder.path().join("theirs.wim");
        wimlib(&["export", utf8(&wim), "all", utf8(&theirs), "--rebuild"]);
        let (ours, theirs) = (open(&wim), open(&theirs));
        assert_eq!(ours.blob_count(), theirs.blob_count());
        for blob in theirs.blobs() {
            let id = ours.find(&blob.hash).unwrap();
            assert_eq!(
                ours.blob(id).unwrap().references,
                blob.references,
                "{}",
                blob.hash
            );
        }
        fs::remove_file(folder.path().join("theirs.wim")).unwrap();
    }
}

#[test]
fn the_counts_in_the_xml_are_those_of_wimlib() {
    if !program(WIMLIB, "the_counts_in_the_xml_are_those_of_wimlib") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    make_source(&at("source"));
    wimlib(&[
        "capture",
        utf8(&at("source")),
        utf8(&at("theirs.wim")),
        "--compress=none",
    ]);
    let options = WriteOptions::new(Packing::STORED, GUID);
    let mut writer = WimWriter::create(create(&at("ours.wim")), options).unwrap();
    capture(&mut writer, &at("source"), "x");
    writer.finish().unwrap();
    let (ours, theirs) = (open(&at("ours.wim")), open(&at("theirs.wim")));
    for name in ["DIRCOUNT", "FILECOUNT", "TOTALBYTES", "HARDLINKBYTES"] {
        let of = |archive: &wimwright_wim::Archive| archive.xml().image(1).unwrap().number(name);
        assert_eq!(of(&ours), of(&theirs), "{name}");
        assert!(of(&ours).is_some(), "{name}");
    }
    let total = ours.xml().root().number("TOTALBYTES");
    assert_eq!(total, Some(ours.header().xml.offset));
    assert_eq!(
        theirs.xml().root().number("TOTALBYTES"),
        Some(theirs.header().xml.offset)
    );
    // The link's reparse data too: the blobs are the same ones.
    let hashes = |archive: &wimwright_wim::Archive| {
        let mut hashes: Vec<_> = archive.blobs().map(|blob| blob.hash).collect();
        hashes.sort();
        hashes
    };
    assert_eq!(hashes(&ours), hashes(&theirs));
}

/// Writes files of all sizes around the borders at which they are treated
/// differently; gives the bytes of the WIM.
fn write_sizes(folder: &Path, packing: Packing) -> Vec<u8> {
    let wim = folder.join("sizes.wim");
    let mut writer = WimWriter::create(create(&wim), WriteOptions::new(packing, GUID)).unwrap();
    capture(&mut writer, &folder.join("source"), "x");
    writer.finish().unwrap();
    fs::read(wim).unwrap()
}

#[test]
fn large_blobs_and_threads() {
    if !program(WIMLIB, "large_blobs_and_threads") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("source");
    fs::create_dir_all(&source).unwrap();
    let write = |name: &str, bytes: &[u8]| fs::write(source.join(name), bytes).unwrap();
    let large = text(1, 9 << 20);
    write("a large", &large);
    write("b large again", &large);
    write("c small", b"small");
    write("d incompressible", &noise(2, (8 << 20) + 5));
    write("e just below", &text(3, (8 << 20) - 1));
    write("f just below too", &text(4, (8 << 20) - 1));
    write("g just there", &text(5, 8 << 20));
    write("h half", &[noise(6, 5 << 20), text(7, 5 << 20)].concat());
    write("i small again", b"small");
    for number in 0..600 {
        write(&format!("z{number:03}"), &text(number, number as usize));
    }
    for packing in [Packing::STORED, packings()[2]] {
        let written = [1, 2, 5].map(|threads| {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            pool.install(|| write_sizes(folder.path(), packing))
        });
        assert!(
            written[0] == written[1] && written[1] == written[2],
            "{packing:?}"
        );
        let wim = folder.path().join("sizes.wim");
        let archive = open(&wim);
        assert_eq!(tree_of_image(&archive, 1), tree_of_folder(&source));
        read_everything(&archive);
        assert_wimlib_agrees(&wim, 1, &source);
        let found = archive.verify(VerifyOptions::default(), &|_| ()).unwrap();
        assert!(found.findings.is_empty(), "{:?}", found.findings);
    }
}

#[test]
fn blobs_are_copied_between_files() {
    if !program(WIMLIB, "blobs_are_copied_between_files") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    make_source(&at("source"));
    for options in [
        vec!["--compress=xpress"],
        vec!["--compress=lzms"],
        vec!["--solid"],
        vec!["--compress=none"],
    ] {
        let (source, theirs) = (at("source"), at("theirs.wim"));
        let arguments = ["capture", utf8(&source), utf8(&theirs)];
        wimlib(&[&arguments, options.as_slice()].concat());
        let archive = open(&at("theirs.wim"));
        for packing in [Packing::STORED, packings()[2]] {
            let mut writer =
                WimWriter::create(create(&at("ours.wim")), WriteOptions::new(packing, GUID))
                    .unwrap();
            let ids: Vec<_> = archive.blobs().map(|blob| blob.id).collect();
            writer.copy_blobs(&archive, &ids).unwrap();
            let element = archive.xml().image(1).unwrap().clone();
            writer
                .add_image(archive.metadata(1).unwrap(), element)
                .unwrap();
            writer.finish().unwrap();
            assert_wimlib_agrees(&at("ours.wim"), 1, &at("source"));
            assert_eq!(
                tree_of_image(&open(&at("ours.wim")), 1),
                tree_of_folder(&at("source"))
            );
        }
    }
}

#[test]
fn rules_of_writing() {
    let folder = tempfile::tempdir().unwrap();
    let path: PathBuf = folder.path().join("x.wim");
    let lzms = Packing::new(Codec::Lzms);
    let refused = WimWriter::create(create(&path), WriteOptions::new(lzms, GUID)).err();
    assert!(
        matches!(refused, Some(Error::Encoder { .. })),
        "{refused:?}"
    );

    let options = WriteOptions::new(Packing::STORED, GUID);
    let mut writer = WimWriter::create(create(&path), options.clone()).unwrap();
    // Until the end the file says that it is not finished.
    let header = wimwright_wim::Header::parse(&fs::read(&path).unwrap()).unwrap();
    assert!(
        header
            .flags
            .contains(wimwright_wim::HeaderFlags::WRITE_IN_PROGRESS)
    );
    let missing = writer.add_blobs([content(folder.path().join("missing"))].into_iter());
    assert!(matches!(missing, Err(Error::Source { .. })));
    let promised = wimwright_wim::NewBlob {
        hash: Some(Hash::of(b"other")),
        ..wimwright_wim::NewBlob::new(b"this".to_vec())
    };
    let broken = writer.add_blobs([Ok(promised)].into_iter());
    assert!(matches!(broken, Err(Error::HashMismatch { .. })));

    let root = EntryFields {
        attributes: attribute::DIRECTORY,
        ..EntryFields::default()
    };
    let name: Vec<u16> = "x".encode_utf16().collect();
    let streams = [wimwright_wim::metadata::StreamFields {
        kind: wimwright_wim::metadata::StreamKind::Data,
        name: &[],
        hash: Hash::of(b"nowhere"),
    }];
    let build = || {
        let (mut builder, id) = MetadataBuilder::new(&root).unwrap();
        let entry = EntryFields {
            name: &name,
            streams: &streams,
            ..EntryFields::default()
        };
        builder.list(id, [entry]).unwrap();
        builder.finish().unwrap()
    };
    let dangling = writer.add_image(build(), element("x"));
    assert!(matches!(dangling, Err(Error::NotStored { .. })));
    writer.set_boot(1);
    assert!(matches!(writer.finish(), Err(Error::NoSuchImage { .. })));

    let options = WriteOptions {
        delta: true,
        ..options
    };
    let mut writer = WimWriter::create(create(&path), options).unwrap();
    assert_eq!(writer.add_image(build(), element("x")).unwrap(), 1);
    writer.finish().unwrap();
    assert_eq!(open(&path).metadata(1).unwrap().dentry_count(), 2);
}
