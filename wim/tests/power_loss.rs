//! A commit that is cut anywhere leaves the old images or the new ones.
//!
//! All writes and syncs of a commit are recorded. Then every state is rebuilt
//! that a disk may be in when the power fails: what was synced is there; of
//! what was not, any part may be: lost, out of order, or torn between sectors.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test ends where something is wrong"
)]

mod support;

use std::collections::HashSet;
use std::fs;
use std::sync::Arc;

use support::model::{Disk, Files, Operation, apply, files_of, metadata_of, set_files};
use support::{WIMLIB, noise, text, try_wimlib};
use wimwright_testdata::program;
use wimwright_wim::compress::{Codec, Level};
use wimwright_wim::{
    Archive, Error, Hash, NamedFile, NewBlob, Packing, Severity, Update, UpdateOptions,
    VerifyOptions, WimWriter, WriteOptions,
};

const SECTOR: usize = 512;

/// The images of a file: their files, by number.
type Images = Vec<Files>;

fn files(seed: u64) -> Files {
    let name = |number: u64| format!("/d{}/f{number}", number % 3);
    (0..8)
        .map(|number| match (seed + number) % 3 {
            0 => (name(number), text(seed * 10 + number, 3000)),
            1 => (name(number), noise(seed * 10 + number, 2500)),
            // The same in all of them.
            _ => (name(number), text(number, 1500)),
        })
        .collect()
}

fn new_wim(images: &Images, integrity: bool) -> Vec<u8> {
    let disk = Disk::new(Vec::new());
    let packing = Packing {
        level: Level::Fast,
        ..Packing::new(Codec::Lzx)
    };
    let options = WriteOptions {
        integrity,
        ..WriteOptions::new(packing, [9; 16])
    };
    let mut writer = WimWriter::create(disk.clone(), options).unwrap();
    for (number, files) in images.iter().enumerate() {
        let blobs = files.values().map(|bytes| Ok(NewBlob::new(bytes.clone())));
        writer.add_blobs(blobs).unwrap();
        let element = support::capture::element(&format!("image {number}"));
        writer.add_image(metadata_of(files), element).unwrap();
    }
    writer.set_boot(1);
    writer.finish().unwrap();
    disk.bytes()
}

/// Commits these images; gives what was done to the disk.
fn commit(disk: &Arc<Disk>, images: &Images) -> Vec<Operation> {
    disk.take_log();
    let archive = disk.open();
    let mut update = Update::begin(&archive, disk.clone(), UpdateOptions::default()).unwrap();
    for (index, files) in (1..).zip(images) {
        set_files(&mut update, index, files);
    }
    update.commit().unwrap();
    disk.take_log()
}

/// Every state that the disk may be in when the power fails in between.
fn states(before: &[u8], log: &[Operation], visit: &mut dyn FnMut(&[u8], &str)) {
    let mut synced = before.to_vec();
    let mut unsynced: Vec<&Operation> = Vec::new();
    for (number, operation) in log.iter().enumerate() {
        if matches!(operation, Operation::Sync) {
            for operation in unsynced.drain(..) {
                apply(&mut synced, operation);
            }
            visit(&synced, &format!("synced before {number}"));
            continue;
        }
        unsynced.push(operation);
        let count = unsynced.len();
        let mut subset = |keep: &dyn Fn(usize) -> bool, backwards: bool, what: &str| {
            let mut bytes = synced.clone();
            let mut kept: Vec<_> = (0..count).filter(|index| keep(*index)).collect();
            if backwards {
                kept.reverse();
            }
            for index in kept {
                apply(&mut bytes, unsynced[index]);
            }
            visit(&bytes, &format!("{what} at {number}"));
        };
        subset(&|_| true, false, "all");
        subset(&|_| true, true, "backwards");
        subset(&|index| index + 1 == count, false, "only the last");
        subset(&|index| index % 2 == 0, false, "even ones");
        subset(&|index| index % 2 == 1, false, "odd ones");
        for lost in 0..count {
            subset(&|index| index != lost, false, "one lost");
        }
        for round in 0..4_u64 {
            let dice = noise(round * 1000 + number as u64, count);
            subset(&|index| dice[index] & 1 == 1, false, "some");
        }
        // The last one torn: its first sectors, its last ones, one missing.
        if let Operation::Write { at, bytes } = operation {
            let mut base = synced.clone();
            for operation in &unsynced[..count - 1] {
                apply(&mut base, operation);
            }
            let first = SECTOR - *at as usize % SECTOR;
            let mut borders: Vec<usize> = (first..bytes.len()).step_by(SECTOR).collect();
            borders.truncate(6);
            for border in borders {
                for (from, to) in [(0, border), (border, bytes.len())] {
                    let mut torn = base.clone();
                    let part = Operation::Write {
                        at: at + from as u64,
                        bytes: bytes[from..to].to_vec(),
                    };
                    apply(&mut torn, &part);
                    visit(&torn, &format!("torn {from} to {to} at {number}"));
                }
            }
        }
    }
    for operation in unsynced {
        apply(&mut synced, operation);
    }
    visit(&synced, "all of it");
}

/// What a state turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum State {
    Old,
    New,
}

fn judge(bytes: &[u8], old: &Images, new: &Images, what: &str) -> State {
    let file = NamedFile::new("state", Arc::new(bytes.to_vec()));
    let archive = Archive::open(file).unwrap_or_else(|error| panic!("{what}: {error}"));
    let found = archive.verify(VerifyOptions::default(), &|_| ()).unwrap();
    assert!(
        found.worst() < Some(Severity::Damage),
        "{what}: {:?}",
        found.findings
    );
    let images: Images = (1..=archive.image_count())
        .map(|index| files_of(&archive, index))
        .collect();
    match () {
        () if images == *new => State::New,
        () if images == *old => State::Old,
        () => panic!("{what}: neither the old images nor the new ones"),
    }
}

#[test]
fn a_cut_anywhere_leaves_the_old_images_or_the_new_ones() {
    let peer = program(WIMLIB, "a_cut_anywhere (the sample read by wimlib)");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.wim");
    let mut judged = 0;
    for integrity in [false, true] {
        let mut images = vec![files(1), files(2)];
        let disk = Disk::new(new_wim(&images, integrity));
        // The first commit finds no holes; the others find those of the ones
        // before.
        for round in 3..7 {
            let before = disk.bytes();
            let mut next = images.clone();
            next[round % 2] = files(round as u64);
            // Much comes behind the tables, and goes again: then they are
            // written twice, to move forward.
            match round {
                4 => drop(next[0].insert("/big".to_owned(), noise(99, 40_000))),
                5 => next = vec![files(8), [("/only".to_owned(), b"one".to_vec())].into()],
                _ => {}
            }
            let log = commit(&disk, &next);
            let mut seen = HashSet::new();
            let mut outcomes = HashSet::new();
            states(&before, &log, &mut |bytes, what| {
                // Many states are the same.
                if !seen.insert(Hash::of(bytes)) {
                    return;
                }
                let what = format!("integrity {integrity}, round {round}: {what}");
                outcomes.insert(judge(bytes, &images, &next, &what));
                judged += 1;
                if peer && judged % 40 == 0 {
                    fs::write(&path, bytes).unwrap();
                    let output = try_wimlib(&["verify", path.to_str().unwrap()]);
                    let error = String::from_utf8_lossy(&output.stderr).into_owned();
                    assert!(output.status.success(), "{what}: {error}");
                }
            });
            assert_eq!(outcomes.len(), 2, "old and new states were seen");
            assert_eq!(disk.open().integrity().unwrap().is_some(), integrity);
            images = next;
        }
    }
    assert!(judged > 500, "{judged} states");
}

/// Images with one large file each, which no codec makes smaller.
fn large(seeds: [u64; 2], length: usize) -> Images {
    let image = |seed| [("/large".to_owned(), noise(seed, length))].into();
    seeds.into_iter().map(image).collect()
}

#[test]
fn what_replaces_large_files_moves_into_their_place_and_a_cut_loses_nothing() {
    for integrity in [false, true] {
        let (old, new) = (large([1, 2], 400_000), large([3, 4], 390_000));
        let disk = Disk::new(new_wim(&old, integrity));
        let before = disk.bytes();
        let log = commit(&disk, &new);
        let length = disk.bytes().len();
        assert!(length < before.len() + 10_000, "{length}");
        let (mut seen, mut outcomes) = (HashSet::new(), Vec::new());
        states(&before, &log, &mut |bytes, what| {
            if seen.insert(Hash::of(bytes)) {
                let what = format!("integrity {integrity}: {what}");
                outcomes.push(judge(bytes, &old, &new, &what));
            }
        });
        let news = outcomes.iter().filter(|state| **state == State::New);
        assert!(news.count() > 20, "{outcomes:?}");
        assert!(outcomes.contains(&State::Old));

        // What is only there to save room may fail for want of it.
        let mut committed = 0;
        for room in (770_000..800_000).step_by(1013) {
            let disk = Disk::with_room(before.clone(), room);
            let archive = disk.open();
            let options = UpdateOptions::default();
            let mut update = Update::begin(&archive, disk.clone(), options).unwrap();
            set_files(&mut update, 1, &new[0]);
            set_files(&mut update, 2, &new[1]);
            let what = format!("{room} bytes of room");
            let done = update.commit();
            let state = judge(&disk.bytes(), &old, &new, &what);
            match done {
                Ok(_) => {
                    assert_eq!(state, State::New);
                    committed += 1;
                }
                Err(error) => assert!(matches!(error, Error::Write { .. }), "{error}"),
            }
        }
        assert!((1..30).contains(&committed), "{committed} of 30");
    }
}

#[test]
fn a_full_disk_loses_nothing() {
    for integrity in [false, true] {
        let images = vec![files(1), files(2)];
        let disk = Disk::new(new_wim(&images, integrity));
        commit(&disk, &vec![files(3), files(2)]);
        let (old, new) = (vec![files(3), files(2)], vec![files(4), files(5)]);
        let before = disk.bytes();
        let mut failed = 0;
        for room in (0..60_000).step_by(997) {
            let disk = Disk::with_room(before.clone(), room);
            let archive = disk.open();
            let mut update =
                Update::begin(&archive, disk.clone(), UpdateOptions::default()).unwrap();
            set_files(&mut update, 1, &new[0]);
            set_files(&mut update, 2, &new[1]);
            let what = format!("{room} bytes of room");
            let state = match update.commit() {
                Ok(_) => State::New,
                Err(Error::Write { .. }) => {
                    failed += 1;
                    judge(&disk.bytes(), &old, &new, &what)
                }
                Err(error) => panic!("{what}: {error}"),
            };
            assert_eq!(judge(&disk.bytes(), &old, &new, &what), state);
        }
        assert!((10..60).contains(&failed), "{failed} failed");
    }
}
