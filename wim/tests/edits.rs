//! Images edited in place again and again, against a plain map as the model,
//! with wimlib reading in between.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test ends where something is wrong"
)]

mod support;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use support::capture::element;
use support::model::{Disk, Files, files_of, metadata_of, stream};
use support::{WIMLIB, noise, paths, text, wimlib};
use wimwright_testdata::program;
use wimwright_wim::compress::{Codec, Level};
use wimwright_wim::metadata::{
    DentryId, EntryFields, MetadataBuilder, MetadataEditor, OwnedEntry, attribute,
};
use wimwright_wim::{
    ChunkBase, Committed, FileTime, Metadata, NewBlob, Packing, Update, UpdateOptions,
    VerifyOptions, WimWriter, WriteOptions,
};

/// Numbers that look random and are the same every time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % sides
    }
}

/// The entry at a path, and that of its directory.
fn find(metadata: &Metadata, path: &str) -> Option<(DentryId, DentryId)> {
    let mut at = metadata.root()?;
    let mut parent = at.id();
    for name in path.split('/').skip(1) {
        parent = at.id();
        at = metadata.child(&at, |found| found == name)?;
    }
    Some((parent, at.id()))
}

fn put(editor: &mut MetadataEditor, path: &str, bytes: &[u8], security: Option<u32>) {
    let streams = [stream(bytes)];
    let name = path.rsplit('/').next().unwrap();
    let name: Vec<u16> = name.encode_utf16().collect();
    let fields = EntryFields {
        name: &name,
        attributes: 0x20,
        security_id: security,
        streams: &streams,
        ..EntryFields::default()
    };
    if let Some((directory, entry)) = find(editor.metadata(), path) {
        return editor.replace(directory, entry, &fields).unwrap();
    }
    let directory = folder(editor, &path[..path.rfind('/').unwrap()]);
    editor.insert(directory, &[fields]).unwrap();
}

/// The folder at a path, made where it is missing.
fn folder(editor: &mut MetadataEditor, path: &str) -> DentryId {
    if path.is_empty() {
        return editor.metadata().root().unwrap().id();
    }
    if let Some((_, entry)) = find(editor.metadata(), path) {
        return entry;
    }
    let (above, name) = path.rsplit_once('/').unwrap();
    let above = folder(editor, above);
    let name: Vec<u16> = name.encode_utf16().collect();
    let fields = EntryFields {
        name: &name,
        attributes: attribute::DIRECTORY,
        ..EntryFields::default()
    };
    editor.insert(above, &[fields]).unwrap();
    find(editor.metadata(), path).unwrap().1
}

fn remove(editor: &mut MetadataEditor, path: &str) {
    let (directory, entry) = find(editor.metadata(), path).unwrap();
    editor.remove(directory, entry).unwrap();
}

/// The tree of metadata: paths, with the hash of files.
fn tree(metadata: &Metadata) -> Vec<(String, String)> {
    let all = paths(metadata).into_iter();
    let mut tree: Vec<_> = all
        .map(|(path, dentry)| {
            (
                path,
                format!("{} {}", dentry.is_directory(), dentry.content()),
            )
        })
        .collect();
    tree.sort();
    tree
}

fn new_wim(files: &Files, packing: Packing, integrity: bool) -> Arc<Disk> {
    let disk = Disk::new(Vec::new());
    let options = WriteOptions {
        integrity,
        ..WriteOptions::new(packing, [5; 16])
    };
    let mut writer = WimWriter::create(disk.clone(), options).unwrap();
    let blobs = files.values().map(|bytes| Ok(NewBlob::new(bytes.clone())));
    writer.add_blobs(blobs).unwrap();
    writer.add_image(metadata_of(files), element("x")).unwrap();
    writer.set_boot(1);
    writer.finish().unwrap();
    disk
}

/// Edits the image and commits.
fn commit(disk: &Arc<Disk>, new: &[&[u8]], edit: impl FnOnce(&mut MetadataEditor)) -> Committed {
    let archive = disk.open();
    let mut update = Update::begin(&archive, disk.clone(), UpdateOptions::default()).unwrap();
    for bytes in new {
        update.add_blob(NewBlob::new(bytes.to_vec())).unwrap();
    }
    let mut editor = MetadataEditor::new(archive.metadata(1).unwrap());
    edit(&mut editor);
    let (metadata, changes) = editor.finish().unwrap();
    let base = ChunkBase::of_metadata(&archive, 1, Some(changes)).unwrap();
    update.set_metadata(1, metadata, base, FileTime(7)).unwrap();
    update.commit().unwrap()
}

fn many(count: usize) -> Files {
    let path = |number: usize| {
        format!(
            "/folder {}/sub {}/file {number:05}.txt",
            number % 7,
            number % 31
        )
    };
    (0..count)
        .map(|number| (path(number), text(number as u64, 20 + number % 50)))
        .collect()
}

#[test]
fn random_commits_end_as_the_model_does() {
    let peer = program(WIMLIB, "random_commits (read by wimlib in between)");
    let folder = tempfile::tempdir().unwrap();
    let wim = folder.path().join("x.wim");
    let packing = |codec| Packing {
        level: Level::Fast,
        ..Packing::new(codec)
    };
    for (seed, packing, integrity) in [(1, Packing::STORED, true), (2, packing(Codec::Lzx), false)]
    {
        let mut dice = Dice(seed);
        let mut model = many(300);
        let disk = new_wim(&model, packing, integrity);
        let mut renamed = 0;
        for round in 0..50_u64 {
            let mut changes: Vec<(String, Option<Vec<u8>>)> = Vec::new();
            for step in 0..=dice.roll(6) as u64 {
                let known: Vec<_> = model.keys().cloned().collect();
                let some = |dice: &mut Dice| known[dice.roll(known.len())].clone();
                let fresh = match dice.roll(4) {
                    0 => noise(round * 10 + step, 5000 + dice.roll(60_000)),
                    _ => text(round * 10 + step, dice.roll(9000)),
                };
                changes.push(match dice.roll(5) {
                    0 | 1 => (some(&mut dice), Some(fresh)),
                    2 => (
                        format!("/new {}/deeper/file {round} {step}", dice.roll(4)),
                        Some(fresh),
                    ),
                    3 => (format!("/folder 1/sub 1/added {round} {step}"), Some(fresh)),
                    _ => (some(&mut dice), None),
                });
            }
            let mut removed = std::collections::BTreeSet::new();
            changes.retain(|(path, _)| removed.insert(path.clone()));
            let new: Vec<&[u8]> = changes
                .iter()
                .filter_map(|(_, bytes)| bytes.as_deref())
                .collect();
            let descriptor = vec![round as u8; 20 + dice.roll(60)];
            commit(&disk, &new, |editor| {
                let security = (round % 3 == 0).then(|| editor.security(&descriptor).unwrap());
                for (path, bytes) in &changes {
                    match bytes {
                        Some(bytes) => put(editor, path, bytes, security),
                        None => remove(editor, path),
                    }
                }
            });
            for (path, bytes) in changes {
                match bytes {
                    Some(bytes) => model.insert(path, bytes),
                    None => model.remove(&path),
                };
            }
            if round % 2 == 1 {
                // A folder with all in it goes into another, and back, or a file does.
                let known: Vec<_> = model.keys().cloned().collect();
                let file = known[dice.roll(known.len())].clone();
                let (here, there) = ("/folder 1".to_owned(), "/folder 2/sub 1/moved".to_owned());
                let is_there = model.keys().any(|path| path.starts_with(&there));
                let (from, to) = match (round % 4, is_there) {
                    (1, false) => (here, there),
                    (1, true) => (there, here),
                    _ => (file, format!("/folder 2/renamed {round}")),
                };
                if find(&disk.open().metadata(1).unwrap(), &from).is_some()
                    && find(&disk.open().metadata(1).unwrap(), &to).is_none()
                {
                    commit(&disk, &[], |editor| rename(editor, &from, &to));
                    let below = format!("{from}/");
                    model = std::mem::take(&mut model)
                        .into_iter()
                        .map(|(path, bytes)| match path.strip_prefix(&below) {
                            Some(rest) => (format!("{to}/{rest}"), bytes),
                            None if path == from => (to.clone(), bytes),
                            None => (path, bytes),
                        })
                        .collect();
                    renamed += 1;
                }
            }
            let archive = disk.open();
            assert!(files_of(&archive, 1) == model, "seed {seed}, round {round}");
            let found = archive.verify(VerifyOptions::default(), &|_| ()).unwrap();
            assert!(
                found.findings.is_empty(),
                "round {round}: {:?}",
                found.findings
            );
            assert_eq!(
                archive.header().boot_metadata,
                archive.metadata_entry(1).unwrap().resource
            );
            assert_eq!(archive.integrity().unwrap().is_some(), integrity);
            let metadata = archive.metadata(1).unwrap();
            let tidy = metadata.in_tree_order().unwrap();
            assert!(tidy.bytes().len() <= metadata.bytes().len());
            assert_eq!(tree(&tidy), tree(&metadata));
            if peer && round % 10 == 9 {
                fs::write(&wim, disk.bytes()).unwrap();
                assert_wimlib_agrees(&wim, &model);
            }
        }
        assert!(renamed > 5, "{renamed}");
    }
}

fn rename(editor: &mut MetadataEditor, from: &str, to: &str) {
    let (above, name) = to.rsplit_once('/').unwrap();
    folder(editor, above);
    let (directory, entry) = find(editor.metadata(), from).unwrap();
    let mut fields = OwnedEntry::of(&editor.metadata().dentry(entry).unwrap());
    fields.name = name.encode_utf16().collect();
    let target = |metadata: &Metadata| match above {
        "" => Some(metadata.root()?.id()),
        above => find(metadata, above).map(|(_, entry)| entry),
    };
    let done = fields.with_fields(|fields| editor.rename(directory, entry, fields, target));
    done.unwrap();
}

fn assert_wimlib_agrees(wim: &Path, model: &Files) {
    let path = wim.to_str().unwrap();
    wimlib(&["verify", path]);
    wimlib(&["info", path, "--header", "--blobs"]);
    let out = tempfile::tempdir().unwrap();
    wimlib(&["apply", path, "1", out.path().to_str().unwrap()]);
    for (name, bytes) in model {
        let found = fs::read(format!("{}{name}", out.path().display())).unwrap();
        assert!(found == *bytes, "{name}");
    }
    // wimlib goes on from there: appends, and writes it anew.
    let empty = tempfile::tempdir().unwrap();
    wimlib(&["append", empty.path().to_str().unwrap(), path, "more"]);
    wimlib(&["optimize", path]);
    wimlib(&["verify", path]);
}

#[test]
fn few_chunks_are_touched() {
    let files = many(12_000);
    let metadata = metadata_of(&files);
    let before = metadata.bytes().len() as u64;
    let mut editor = MetadataEditor::new(metadata);
    for (number, path) in [
        "/folder 1/sub 1/one",
        "/folder 3/sub 3/two",
        "/three",
        "/new/four",
    ]
    .iter()
    .enumerate()
    {
        put(&mut editor, path, &[number as u8], None);
    }
    let descriptor = vec![1; 100];
    assert_eq!(editor.security(&descriptor).unwrap(), 0);
    assert_eq!(editor.security(&descriptor).unwrap(), 0);
    let expected = {
        let mut files = files;
        for (number, path) in [
            "/folder 1/sub 1/one",
            "/folder 3/sub 3/two",
            "/three",
            "/new/four",
        ]
        .iter()
        .enumerate()
        {
            files.insert((*path).to_owned(), vec![number as u8]);
        }
        tree(&metadata_of(&files))
    };
    let (metadata, changes) = editor.finish().unwrap();
    assert_eq!(tree(&metadata), expected);
    assert_eq!(metadata.security(0), Some(descriptor.as_slice()));
    let dirty: u64 = changes
        .dirty
        .iter()
        .map(|range| range.end - range.start)
        .sum();
    assert!(
        before > 1_000_000 && dirty < 100_000,
        "{dirty} of {before} bytes are dirty"
    );
    // Edits go on: no edit, no change.
    let bytes = metadata.bytes().to_vec();
    let (same, changes) = MetadataEditor::new(metadata).finish().unwrap();
    assert_eq!((same.bytes(), changes.dirty), (bytes.as_slice(), vec![]));
}

#[test]
fn lists_that_are_nothing_but_their_end_do_not_get_lost() {
    let root = EntryFields {
        attributes: attribute::DIRECTORY,
        ..EntryFields::default()
    };
    let (mut builder, id) = MetadataBuilder::new(&root).unwrap();
    let names = ["empty", "empty too"].map(|name| name.encode_utf16().collect::<Vec<u16>>());
    let directories = names.iter().map(|name| EntryFields { name, ..root });
    let added = builder.list(id, directories).unwrap();
    for id in added {
        // Some writers give every directory a list.
        assert_eq!(builder.list(id.unwrap(), []).unwrap(), []);
    }
    let mut editor = MetadataEditor::new(builder.finish().unwrap());
    // So long that the root moves over where the lists were.
    editor.security(&[9; 5000]).unwrap();
    put(&mut editor, "/empty/file", b"x", Some(0));
    let (metadata, _) = editor.finish().unwrap();
    let found: Vec<_> = paths(&metadata).into_iter().map(|(path, _)| path).collect();
    assert_eq!(found, ["", "/empty", "/empty/file", "/empty too"]);
}

#[test]
fn a_long_list_moves_by_whole_chunks() {
    let name = |number: usize| format!("/long/a rather long name of a file, number {number:05}");
    let files: Files = (0..2000).map(|number| (name(number), Vec::new())).collect();
    let packing = Packing {
        level: Level::Fast,
        ..Packing::new(Codec::Lzx)
    };
    let disk = new_wim(&files, packing, false);
    let before = disk.open().metadata_entry(1).unwrap().resource;
    let list = |disk: &Arc<Disk>| {
        let archive = disk.open();
        let bytes = archive.metadata(1).unwrap().bytes().len();
        (
            archive.metadata_entry(1).unwrap().resource.stored_size,
            bytes,
        )
    };
    // Behind the long list comes that of another folder, so it has to move.
    commit(&disk, &[], |editor| put(editor, "/z/last", b"", None));
    let archive = disk.open();
    let mut editor = MetadataEditor::new(archive.metadata(1).unwrap());
    // One in the middle changes, too: its chunk cannot stay as it is.
    let (directory, entry) = find(editor.metadata(), &name(1000)).unwrap();
    let changed: Vec<u16> = name(1000)[6..].encode_utf16().collect();
    let fields = EntryFields {
        name: &changed,
        attributes: 0x21,
        ..EntryFields::default()
    };
    editor.replace(directory, entry, &fields).unwrap();
    put(&mut editor, "/long/one more", b"", None);
    let (metadata, changes) = editor.finish().unwrap();
    assert_eq!(changes.moved.len(), 1);
    let (now, was) = &changes.moved[0];
    assert_eq!(now.start % 32_768, was % 32_768);
    let base = ChunkBase::of_metadata(&archive, 1, Some(changes)).unwrap();
    let mut update = Update::begin(&archive, disk.clone(), UpdateOptions::default()).unwrap();
    update.set_metadata(1, metadata, base, FileTime(7)).unwrap();
    update.commit().unwrap();
    let (_, length) = list(&disk);
    assert!(
        length as u64 > before.size + 200_000,
        "the list has moved to the end"
    );
    let metadata = disk.open().metadata(1).unwrap();
    assert_eq!(metadata.dentry_count(), 2005);
    let (_, entry) = find(&metadata, &name(1000)).unwrap();
    assert_eq!(metadata.dentry(entry).unwrap().attributes(), 0x21);
    // There is room now: the next one finds it.
    let mut editor = MetadataEditor::new(metadata);
    put(&mut editor, "/long/and another", b"", None);
    let (_, changes) = editor.finish().unwrap();
    assert_eq!(changes.moved, []);
    let dirty: u64 = changes
        .dirty
        .iter()
        .map(|range| range.end - range.start)
        .sum();
    assert!(dirty <= 8192, "{dirty} bytes are dirty");
}

#[test]
fn again_and_again_does_not_make_the_file_grow() {
    for integrity in [false, true] {
        let disk = new_wim(&many(2000), Packing::STORED, integrity);
        let payload = noise(77, 300_000);
        let mut first = 0;
        for round in 0..100_usize {
            let name = format!("/drivers/package {}/driver.sys", round % 3);
            let bytes = [payload.as_slice(), &round.to_le_bytes()].concat();
            commit(&disk, &[&bytes], |editor| put(editor, &name, &bytes, None));
            let removed = commit(&disk, &[], |editor| remove(editor, &name));
            match round {
                0 => first = removed.length_after,
                _ => {
                    let limit = first + first / 50;
                    let length = removed.length_after;
                    assert!(
                        length <= limit,
                        "round {round}: {length} bytes, {first} at first"
                    );
                }
            }
        }
    }
}
