//! Files of wimlib changed in place: codecs we cannot write, solid resources,
//! images that go, chunks that stay, and when a change is refused.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test ends where something is wrong"
)]

mod support;

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use support::model::{Disk, files_of, metadata_of, set_files, stream};
use support::{WIMLIB, make_source, open, read_everything, tree_of_folder, tree_of_image, wimlib};
use wimwright_testdata::program;
use wimwright_wim::metadata::{EntryFields, MetadataEditor};
use wimwright_wim::{
    Archive, ChunkBase, Error, FileTime, Hash, NamedFile, NewBlob, Update, UpdateOptions,
    VerifyOptions,
};

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

    fn text(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    /// A file with two images: the source, and its folder `many`.
    fn two_images(&self, options: &[&str]) -> PathBuf {
        let wim = self.path("two.wim");
        let (source, path) = (self.text("source"), self.text("two.wim"));
        wimlib(&[&["capture", &source, &path, "first"], options].concat());
        wimlib(&["append", &self.text("source/many"), &path, "second"]);
        wim
    }
}

fn writable(path: &Path) -> Arc<File> {
    Arc::new(File::options().read(true).write(true).open(path).unwrap())
}

fn assert_sound(path: &Path) -> Archive {
    let archive = open(path);
    let found = archive.verify(VerifyOptions::default(), &|_| ()).unwrap();
    assert!(found.findings.is_empty(), "{:?}", found.findings);
    wimlib(&["verify", path.to_str().unwrap()]);
    archive
}

#[test]
fn files_of_every_codec_are_changed() {
    let Some(bench) = Bench::new("files_of_every_codec_are_changed") else {
        return;
    };
    for (options, compresses) in [
        (vec!["--compress=none", "--check"], false),
        (vec!["--compress=xpress"], true),
        (vec!["--compress=lzms", "--check"], false),
        (vec!["--solid", "--solid-compress=lzms"], false),
        (
            vec!["--solid", "--solid-compress=lzx", "--solid-chunk-size=32K"],
            false,
        ),
    ] {
        let wim = bench.two_images(&options);
        let archive = open(&wim);
        let integrity = archive.integrity().unwrap().is_some();
        let mut update = Update::begin(&archive, writable(&wim), UpdateOptions::default()).unwrap();
        assert_eq!(update.compresses(), compresses, "{options:?}");
        let new = b"new content".repeat(5000);
        let hash = update.add_blob(NewBlob::new(new.clone())).unwrap();
        assert_eq!(hash, Hash::of(&new));
        assert_eq!(
            update.add_blob(NewBlob::new(Vec::new())).unwrap(),
            Hash::ZERO
        );
        let mut editor = MetadataEditor::new(archive.metadata(2).unwrap());
        let root = editor.metadata().root().unwrap().id();
        let name: Vec<u16> = "new file".encode_utf16().collect();
        let streams = [stream(&new)];
        let fields = EntryFields {
            name: &name,
            streams: &streams,
            ..EntryFields::default()
        };
        editor.insert(root, &[fields]).unwrap();
        let (metadata, changes) = editor.finish().unwrap();
        let base = ChunkBase::of_metadata(&archive, 2, Some(changes)).unwrap();
        update
            .set_metadata(2, metadata, base, FileTime(0x01DE_0000_0000_0000))
            .unwrap();
        update.set_boot(2).unwrap();
        update.commit().unwrap();

        let archive = assert_sound(&wim);
        assert_eq!(archive.integrity().unwrap().is_some(), integrity);
        assert_eq!(
            tree_of_image(&archive, 1),
            tree_of_folder(&bench.path("source")),
            "{options:?}"
        );
        assert_eq!(files_of(&archive, 2)["/new file"], new);
        assert_eq!(
            archive.header().boot_metadata,
            archive.metadata_entry(2).unwrap().resource
        );
        let second = archive.xml().image(2).unwrap();
        assert_eq!(second.number("FILECOUNT"), Some(42));
        assert_eq!(
            second.time("LASTMODIFICATIONTIME"),
            Some(FileTime(0x01DE_0000_0000_0000))
        );
        let info = wimlib(&["info", wim.to_str().unwrap()]);
        assert!(info.contains("Boot Index:     2"), "{info}");

        // Without the first image only what the second names stays.
        let length = fs::metadata(&wim).unwrap().len();
        let mut update = Update::begin(&archive, writable(&wim), UpdateOptions::default()).unwrap();
        update.remove_image(1).unwrap();
        assert!(matches!(
            update.remove_image(2),
            Err(Error::NoSuchImage { index: 2, count: 1 })
        ));
        update.commit().unwrap();
        let archive = assert_sound(&wim);
        assert_eq!((archive.image_count(), archive.header().boot_index), (1, 1));
        assert_eq!(
            archive.xml().image(1).unwrap().text("NAME").as_deref(),
            Some("second")
        );
        assert_eq!(files_of(&archive, 1).len(), 42);
        assert!(archive.blob_count() < 45, "{} blobs", archive.blob_count());
        assert!(fs::metadata(&wim).unwrap().len() <= length + 16_384);
        assert!(read_everything(&archive) > 30);
        // wimlib goes on from there.
        wimlib(&[
            "append",
            &bench.text("source"),
            wim.to_str().unwrap(),
            "third",
        ]);
        assert_eq!(
            tree_of_image(&assert_sound(&wim), 2),
            tree_of_folder(&bench.path("source"))
        );
    }
}

#[test]
fn solid_resources_stay_when_images_go() {
    let Some(bench) = Bench::new("solid_resources_stay_when_images_go") else {
        return;
    };
    let wim = bench.two_images(&["--solid", "--solid-compress=lzx", "--solid-chunk-size=32K"]);
    let other = bench.path("other");
    fs::create_dir(&other).unwrap();
    for number in 0..20 {
        let bytes = support::text(500 + number, 5000 + number as usize);
        fs::write(other.join(format!("file {number}")), bytes).unwrap();
    }
    let (source, single) = (bench.text("other"), bench.text("single.wim"));
    wimlib(&["capture", &source, &single, "third", "--solid"]);
    wimlib(&["export", &single, "1", wim.to_str().unwrap(), "--solid"]);
    let archive = open(&wim);
    let offsets = |archive: &Archive| {
        let solids = archive.blobs().filter_map(|blob| blob.solid);
        let offsets: std::collections::BTreeSet<_> = solids.map(|solid| solid.offset).collect();
        offsets.len()
    };
    assert_eq!(offsets(&archive), 2, "two solid resources");
    let mut update = Update::begin(&archive, writable(&wim), UpdateOptions::default()).unwrap();
    update.remove_image(1).unwrap();
    update.commit().unwrap();
    let archive = assert_sound(&wim);
    assert_eq!(offsets(&archive), 2);
    assert_eq!(tree_of_image(&archive, 2), tree_of_folder(&other));
    let mut update = Update::begin(&archive, writable(&wim), UpdateOptions::default()).unwrap();
    update.remove_image(1).unwrap();
    update.commit().unwrap();
    let archive = assert_sound(&wim);
    assert_eq!(offsets(&archive), 1);
    assert_eq!(tree_of_image(&archive, 1), tree_of_folder(&other));
    assert_eq!(read_everything(&archive), 20);
}

/// Starts of the chunks of a resource, and its end, from its stored form.
fn borders(stored: &[u8], size: usize) -> Vec<usize> {
    let count = size.div_ceil(32_768);
    let table = (count - 1) * 4;
    let starts = stored[..table]
        .chunks(4)
        .map(|entry| table + u32::from_le_bytes(entry.try_into().unwrap()) as usize);
    [table]
        .into_iter()
        .chain(starts)
        .chain([stored.len()])
        .collect()
}

#[test]
fn chunks_that_did_not_change_stay_packed() {
    let Some(bench) = Bench::new("chunks_that_did_not_change_stay_packed") else {
        return;
    };
    let mut content = fs::read(bench.path("source/a/text.txt")).unwrap();
    let old_hash = Hash::of(&content);
    content[100_000] ^= 1;
    content.extend_from_slice(b"and a bit more at the end");
    let (dirty, end) = (100_000..100_001, 250_000..content.len() as u64);
    for ranges in [Some(vec![dirty, end]), None] {
        let wim = bench.two_images(&["--compress=lzx"]);
        let bytes = fs::read(&wim).unwrap();
        let archive = open(&wim);
        let old = archive.open_blob(archive.find(&old_hash).unwrap()).unwrap();
        let old_resource = archive
            .blob(archive.find(&old_hash).unwrap())
            .unwrap()
            .resource;
        let mut update = Update::begin(&archive, writable(&wim), UpdateOptions::default()).unwrap();
        let base = ChunkBase::of_blob(&old, ranges.clone());
        let blob = NewBlob {
            base,
            ..NewBlob::new(content.clone())
        };
        update.add_blob(blob).unwrap();
        let mut editor = MetadataEditor::new(archive.metadata(1).unwrap());
        let root = editor.metadata().root().unwrap();
        let entry = editor
            .metadata()
            .child(&root, |name| name == "one")
            .unwrap()
            .id();
        let root = root.id();
        let name: Vec<u16> = "one".encode_utf16().collect();
        let streams = [stream(&content)];
        let fields = EntryFields {
            name: &name,
            streams: &streams,
            ..EntryFields::default()
        };
        editor.replace(root, entry, &fields).unwrap();
        let (metadata, _) = editor.finish().unwrap();
        update.set_metadata(1, metadata, None, FileTime(1)).unwrap();
        update.commit().unwrap();

        let archive = assert_sound(&wim);
        assert_eq!(files_of(&archive, 1)["/one"], content);
        let now = fs::read(&wim).unwrap();
        let new = archive
            .blob(archive.find(&Hash::of(&content)).unwrap())
            .unwrap()
            .resource;
        let stored = |bytes: &[u8], resource: wimwright_wim::ResourceHeader| {
            bytes[resource.offset as usize..][..resource.stored_size as usize].to_vec()
        };
        let (old, new) = (stored(&bytes, old_resource), stored(&now, new));
        let (old_at, new_at) = (borders(&old, 250_000), borders(&new, content.len()));
        for chunk in 0..7 {
            let same =
                old[old_at[chunk]..old_at[chunk + 1]] == new[new_at[chunk]..new_at[chunk + 1]];
            assert_eq!(same, chunk != 3, "chunk {chunk}, ranges {ranges:?}");
        }
    }
}

#[test]
fn changes_are_refused_for_a_reason() {
    let Some(bench) = Bench::new("changes_are_refused_for_a_reason") else {
        return;
    };
    let wim = bench.two_images(&["--compress=xpress"]);
    let bytes = fs::read(&wim).unwrap();
    let begin = |bytes: Vec<u8>, options| {
        let disk = Disk::new(bytes);
        Update::begin(&disk.open(), disk, options)
    };
    let with_flags = |flags: u8| {
        let mut bytes = bytes.clone();
        bytes[0x10] |= flags;
        bytes
    };
    let usual = UpdateOptions::default();
    assert!(matches!(begin(with_flags(4), usual), Err(Error::ReadOnly)));
    assert!(matches!(
        begin(with_flags(0x40), usual),
        Err(Error::WriteInProgress)
    ));
    let mut take_over = UpdateOptions::default();
    take_over.take_over = true;
    let committed = begin(with_flags(0x40), take_over)
        .unwrap()
        .commit()
        .unwrap();
    assert!(
        !committed
            .header
            .flags
            .contains(wimwright_wim::HeaderFlags::WRITE_IN_PROGRESS)
    );

    wimlib(&[
        "split",
        wim.to_str().unwrap(),
        &bench.text("part.swm"),
        "0.1",
    ]);
    let part = fs::read(bench.path("part.swm")).unwrap();
    assert!(matches!(
        begin(part, usual),
        Err(Error::UpdateOfPart { part: 1, .. })
    ));

    // Somebody else comes in between.
    let disk = Disk::new(bytes.clone());
    let archive = disk.open();
    let mut first = Update::begin(&archive, disk.clone(), usual).unwrap();
    let second = Update::begin(&archive, disk.clone(), usual).unwrap();
    first.set_boot(1).unwrap();
    first.commit().unwrap();
    assert!(matches!(second.commit(), Err(Error::Changed)));
    assert!(matches!(
        Update::begin(&archive, disk, usual),
        Err(Error::Changed)
    ));

    // Content that is nowhere, that changes, that cannot be read.
    let disk = Disk::new(bytes.clone());
    let archive = disk.open();
    let mut update = Update::begin(&archive, disk.clone(), usual).unwrap();
    let files = [("/x".to_owned(), b"nowhere".to_vec())].into();
    let missing = update.set_metadata(1, metadata_of(&files), None, FileTime(1));
    assert!(matches!(missing, Err(Error::NotStored { .. })));
    let other = NewBlob {
        hash: Some(Hash::of(b"nowhere")),
        ..NewBlob::new(b"another".to_vec())
    };
    update.add_blob(other).unwrap();
    update
        .set_metadata(1, metadata_of(&files), None, FileTime(1))
        .unwrap();
    assert!(matches!(update.commit(), Err(Error::HashMismatch { .. })));
    assert!(disk.bytes() == bytes, "nothing was changed");

    struct Unreadable;
    impl wimwright_wim::ReadAt for Unreadable {
        fn len(&self) -> io::Result<u64> {
            Ok(10)
        }
        fn read_exact_at(&self, _: &mut [u8], _: u64) -> io::Result<()> {
            Err(io::ErrorKind::PermissionDenied.into())
        }
    }
    let mut update = Update::begin(&archive, disk.clone(), usual).unwrap();
    assert!(matches!(
        update.add_blob(NewBlob::new(Unreadable)),
        Err(Error::Source { .. })
    ));
    let known = NewBlob {
        hash: Some(Hash::of(b"nowhere")),
        ..NewBlob::new(Unreadable)
    };
    update.add_blob(known).unwrap();
    update
        .set_metadata(1, metadata_of(&files), None, FileTime(1))
        .unwrap();
    assert!(matches!(update.commit(), Err(Error::Source { .. })));
    assert!(disk.bytes() == bytes, "nothing was changed");
}

#[test]
fn with_readers_a_commit_only_appends() {
    let Some(bench) = Bench::new("with_readers_a_commit_only_appends") else {
        return;
    };
    for options in [
        ["--compress=none", "--check"],
        ["--compress=xpress", "--nocheck"],
    ] {
        let wim = bench.two_images(&options);
        let disk = Disk::new(fs::read(&wim).unwrap());
        for round in 0..4_u8 {
            let before = disk.bytes();
            let reader = disk.open();
            let tree = tree_of_image(&reader, 1);
            let mut appends = UpdateOptions::default();
            appends.append_only = true;
            let mut update = Update::begin(&reader, disk.clone(), appends).unwrap();
            let files = [("/x".to_owned(), vec![round; 3000])].into();
            set_files(&mut update, 2, &files);
            update.commit().unwrap();
            let after = disk.bytes();
            assert!(after.len() > before.len());
            assert!(after[208..before.len()] == before[208..], "round {round}");
            // The reader goes on as if nothing had happened.
            assert_eq!(tree_of_image(&reader, 1), tree);
            read_everything(&reader);
            assert_eq!(files_of(&disk.open(), 2), files);
        }
        // Once nobody reads, what was left behind is used again.
        let grown = disk.bytes().len();
        for round in 10..20_u8 {
            let archive = disk.open();
            let usual = UpdateOptions::default();
            let mut update = Update::begin(&archive, disk.clone(), usual).unwrap();
            let files = [("/x".to_owned(), vec![round; 3000])].into();
            set_files(&mut update, 2, &files);
            update.commit().unwrap();
        }
        assert!(disk.bytes().len() < grown + 8192);
        fs::write(&wim, disk.bytes()).unwrap();
        assert_sound(&wim);
        let again = Archive::open(NamedFile::new("x", disk.clone())).unwrap();
        assert_eq!(
            tree_of_image(&again, 1),
            tree_of_folder(&bench.path("source"))
        );
    }
}
