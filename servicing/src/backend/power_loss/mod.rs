//! Power cuts at every moment of a commit, on a disk in memory.
//!
//! The disk remembers each effect of each operation. A cut keeps what a sync
//! came after, and any subset of the rest. What is assumed of the host, and is
//! what ext4, XFS and btrfs promise beyond POSIX:
//!
//! * a rename is kept or lost as a whole, over the file that it replaces too;
//! * a sync that returned did what it says: of a file, its content, length and
//!   attributes; of a directory, the names in it;
//! * a sector of 512 bytes is written whole or not at all.
//!
//! What is not assumed, though most hosts do better:
//!
//! * that a sync of a file keeps its name (ext4 does);
//! * that effects are kept in the order in which they happened, in one
//!   directory or file or across them (journals of filesystems do for names);
//! * that a rename between two directories is kept when only one of them was
//!   synced;
//! * that length and content of a file belong together: a longer file may hold
//!   zeros where content was written;
//! * that what one process saw is on the disk when it is killed and another
//!   one goes on.
//!
//! Every different disk that comes up is opened: the tree must be the old one
//! or the new one, byte by byte and name by name, attributes included; the
//! reserved directory must be gone; what the user is told must be true; and
//! once a commit returned, or an open answered, no other answer may follow.
//!
//! All subsets are tried where few effects are open at once, else all but one,
//! one alone, and random ones with a fixed seed. Opening a disk is cut at every
//! moment as well, and opening what that leaves, until no new disk comes up.
//! One run tries some 1,300,000 subsets at 136,000 moments, and opens the
//! 18,600 different disks that they leave. The mutants show that the search is
//! sharp: without any one of the 26 syncs of that commit, or of those of a
//! recovery, it finds a disk that is lost.

mod disk;
mod explore;
mod failures;
mod links;
mod local_disk;
mod model_host;
mod moves;
mod mutants;

use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::sync::Arc;

use disk::{Crash, Disk, Effect, Node, ROOT, Snapshot, name_of, new_file};
use explore::{Effort, Explorer, Run, Subsets, Tally, Verdict};
use model_host::{Failure, Lasting, ModelHost, Trouble};

use super::error::BackendError;
use super::recovery::{Recovered, recover};
use super::staging::StagedCommit;
use super::{DirectoryBackend, FileChange, RESERVED};
use crate::blob::MemoryBlob;
use crate::path::ImagePath;

const THOROUGH: Effort = Effort {
    commit: Subsets {
        all_to: 10,
        random: 300,
    },
    recovery: Some(Subsets {
        all_to: 4,
        random: 12,
    }),
};

/// Enough to find a missing sync.
const QUICK: Effort = Effort {
    commit: Subsets {
        all_to: 6,
        random: 50,
    },
    recovery: None,
};

/// Makes a file; the bytes tell which it is.
fn add_file(disk: &mut Disk, path: &str, fill: u8, len: usize) {
    let path = Path::new(path);
    let parent = add_directory(disk, path.parent().unwrap());
    let mut file = new_file();
    file.bytes = vec![fill; len];
    file.mode = 0o640;
    file.owner = (7, 8);
    file.extended
        .insert(OsString::from("user.mark"), vec![fill]);
    let inode = disk.allocate(Node::File(file));
    disk.apply(&Effect::Names(vec![(
        parent,
        name_of(path).to_owned(),
        Some(inode),
    )]));
}

fn add_link(disk: &mut Disk, path: &str, target: &str) {
    let path = Path::new(path);
    let parent = add_directory(disk, path.parent().unwrap());
    let inode = disk.find(Path::new(target)).unwrap();
    disk.apply(&Effect::Names(vec![(
        parent,
        name_of(path).to_owned(),
        Some(inode),
    )]));
}

fn add_directory(disk: &mut Disk, path: &Path) -> usize {
    if let Some(found) = disk.find(path) {
        return found;
    }
    let parent = path
        .parent()
        .map_or(ROOT, |parent| add_directory(disk, parent));
    let inode = disk.allocate(Node::Directory(Default::default()));
    disk.apply(&Effect::Names(vec![(
        parent,
        name_of(path).to_owned(),
        Some(inode),
    )]));
    inode
}

fn image() -> Disk {
    let mut disk = Disk::new();
    add_file(&mut disk, "bootmgr", b'b', 10);
    add_file(&mut disk, "Windows/System32/config/SYSTEM", b'S', 1100);
    add_file(&mut disk, "Windows/System32/config/SOFTWARE", b'W', 600);
    add_link(
        &mut disk,
        "Windows/WinSxS/SOFTWARE",
        "Windows/System32/config/SOFTWARE",
    );
    add_file(&mut disk, "Windows/System32/config/DEFAULT", b'D', 700);
    add_link(
        &mut disk,
        "Windows/WinSxS/DEFAULT",
        "Windows/System32/config/DEFAULT",
    );
    add_file(&mut disk, "Windows/System32/old.sys", b'o', 600);
    add_file(&mut disk, "Temp/a", b'a', 20);
    add_file(&mut disk, "Temp/b/c", b'c', 20);
    add_file(&mut disk, "Windows/System32/directory/x", b'x', 20);
    add_file(&mut disk, "Windows/System32/file", b'f', 20);
    disk
}

fn path(text: &str) -> ImagePath {
    ImagePath::parse(text).unwrap()
}

fn put(at: &str, fill: u8, len: usize) -> FileChange {
    FileChange::Put {
        path: path(at),
        content: Arc::new(MemoryBlob::new(vec![fill; len])),
        in_place_if_linked: true,
        differs: None,
    }
}

fn make(at: &str) -> FileChange {
    FileChange::MakeDirectory { path: path(at) }
}

fn remove(at: &str) -> FileChange {
    FileChange::Remove { path: path(at) }
}

/// A bit of everything.
fn mix() -> Vec<FileChange> {
    vec![
        // Replaced by a file of another length.
        put("windows\\system32\\CONFIG\\system", b's', 600),
        // Written in place, longer and shorter, as they have two names.
        put("Windows\\System32\\config\\SOFTWARE", b'w', 1100),
        put("Windows\\System32\\config\\DEFAULT", b'd', 100),
        put("Windows\\INF\\new\\oem0.inf", b'i', 600),
        put("Windows\\INF\\oem0.pnf", b'p', 40),
        make("Windows\\empty"),
        remove("Windows\\System32\\old.sys"),
        remove("Temp"),
        // A directory gives way to a file, and a file to a directory.
        remove("Windows\\System32\\directory"),
        put("Windows\\System32\\directory", b'y', 30),
        remove("Windows\\System32\\file"),
        put("Windows\\System32\\file\\inside", b'z', 30),
    ]
}

fn commit(host: &ModelHost, changes: Vec<FileChange>) -> Result<(), BackendError> {
    StagedCommit::new(&host.shared(), changes)?.commit()
}

/// The tree before and after the changes.
fn trees(image: &Disk, changes: &[FileChange]) -> (Snapshot, Snapshot) {
    let host = ModelHost::new(image.clone());
    commit(&host, changes.to_vec()).unwrap();
    (image.snapshot(), host.state().disk.snapshot())
}

/// Cuts the power at every moment of a commit of `changes`.
fn cut_commit(image: &Disk, changes: &[FileChange], effort: Effort) -> Tally {
    let (old, new) = trees(image, changes);
    let host = ModelHost::new(image.clone());
    commit(&host, changes.to_vec()).unwrap();
    let mut explorer = Explorer::new(&old, &new, effort);
    let run = Run::new(image, &host.state(), effort.commit, Some(Verdict::New));
    explorer
        .cut_everywhere(run)
        .unwrap_or_else(|bad| panic!("{bad}"));
    explorer.tally
}

#[test]
fn the_mix_does_what_it_says() {
    let (old, new) = trees(&image(), &mix());
    let content = |snapshot: &Snapshot, at: &str| {
        let found = snapshot.get(Path::new(at)).cloned();
        found.map(|file| file.map(|file| (file.bytes.first().copied(), file.bytes.len())))
    };
    for (at, before, after) in [
        (
            "bootmgr",
            Some(Some((Some(b'b'), 10))),
            Some(Some((Some(b'b'), 10))),
        ),
        (
            "Windows/System32/config/SYSTEM",
            Some(Some((Some(b'S'), 1100))),
            Some(Some((Some(b's'), 600))),
        ),
        (
            "Windows/WinSxS/SOFTWARE",
            Some(Some((Some(b'W'), 600))),
            Some(Some((Some(b'w'), 1100))),
        ),
        (
            "Windows/WinSxS/DEFAULT",
            Some(Some((Some(b'D'), 700))),
            Some(Some((Some(b'd'), 100))),
        ),
        (
            "Windows/INF/new/oem0.inf",
            None,
            Some(Some((Some(b'i'), 600))),
        ),
        ("Windows/INF/oem0.pnf", None, Some(Some((Some(b'p'), 40)))),
        ("Windows/empty", None, Some(None)),
        (
            "Windows/System32/old.sys",
            Some(Some((Some(b'o'), 600))),
            None,
        ),
        ("Temp", Some(None), None),
        ("Temp/b/c", Some(Some((Some(b'c'), 20))), None),
        (
            "Windows/System32/directory",
            Some(None),
            Some(Some((Some(b'y'), 30))),
        ),
        (
            "Windows/System32/file",
            Some(Some((Some(b'f'), 20))),
            Some(None),
        ),
        (
            "Windows/System32/file/inside",
            None,
            Some(Some((Some(b'z'), 30))),
        ),
        (RESERVED, None, None),
    ] {
        assert_eq!(content(&old, at), before, "before: {at}");
        assert_eq!(content(&new, at), after, "after: {at}");
    }
    // What the host holds about replaced files is kept, renamed or in place.
    for at in ["SYSTEM", "SOFTWARE", "DEFAULT"] {
        let at = Path::new("Windows/System32/config").join(at);
        let kept = |snapshot: &Snapshot| {
            let file = snapshot[&at].clone().unwrap();
            (file.mode, file.owner, file.extended)
        };
        assert_eq!(kept(&old), kept(&new), "{}", at.display());
    }
    assert_eq!(
        new[Path::new("Windows/INF/new/oem0.inf")]
            .as_ref()
            .unwrap()
            .mode,
        0o644
    );
}

#[test]
fn a_cut_at_any_moment_leaves_the_old_tree_or_the_new_one() {
    let tally = cut_commit(&image(), &mix(), THOROUGH);
    eprintln!("a bit of everything: {tally:?}");
    assert!(tally.tried > 1_000_000 && tally.disks > 10_000, "{tally:?}");
}

#[test]
fn every_subset_is_tried_for_one_change_at_a_time() {
    let all = Subsets {
        all_to: 14,
        random: 0,
    };
    let everything = Effort {
        commit: all,
        recovery: Some(all),
    };
    for changes in [
        vec![put("Windows\\System32\\config\\SYSTEM", b's', 600)],
        vec![put("Windows\\System32\\config\\SOFTWARE", b'w', 1100)],
        vec![put("Windows\\System32\\config\\DEFAULT", b'd', 100)],
        vec![put("Windows\\INF\\new\\oem0.inf", b'i', 600)],
        vec![make("Windows\\empty\\below")],
        vec![remove("Windows\\System32\\old.sys")],
        vec![remove("Temp")],
        vec![
            remove("Windows\\System32\\directory"),
            put("Windows\\System32\\directory", b'y', 30),
        ],
        vec![
            remove("Windows\\System32\\file"),
            put("Windows\\System32\\file\\inside", b'z', 30),
        ],
    ] {
        let tally = cut_commit(&image(), &changes, everything);
        assert_eq!(tally.exhausted, tally.moments);
    }
}

#[test]
fn a_killed_process_may_be_followed_by_a_power_cut() {
    let (image, changes) = (image(), mix());
    let (old, new) = trees(&image, &changes);
    let mut explorer = Explorer::new(&old, &new, QUICK);
    for killed_at in 0..operations(&image, &changes) {
        let host = ModelHost::troubled(image.clone(), killed(killed_at));
        let _ = commit(&host, changes.clone());
        let left = host.state().log.len();
        host.state().trouble = Trouble::default();
        // Another process goes on, with what is on the disk only in part.
        let recovered = recover(&host).unwrap();
        cut_after(&mut explorer, &image, &host, left, recovered)
            .unwrap_or_else(|bad| panic!("killed at operation {killed_at}: {bad}"));
    }
    eprintln!("killed, then cut: {:?}", explorer.tally);
}

#[test]
fn a_host_on_disk_takes_what_a_cut_left_like_the_one_in_memory() {
    let (image, changes) = (image(), mix());
    let (old, new) = trees(&image, &changes);
    let (old, new) = (local_disk::bare(&old), local_disk::bare(&new));
    let host = ModelHost::new(image.clone());
    commit(&host, changes).unwrap();
    let explorer = Explorer::new(&old, &new, QUICK);
    let state = host.state();
    let mut verdicts = [0, 0];
    for number in 0..120 {
        // Every moment in turn, with half of what is open kept at random.
        let moment = number * state.log.len() / 119;
        let crash = Crash::new(&image, &state.disk, &state.log[..moment]);
        let disk = crash.disk(&|open| (number * 31 + open * 17) % 5 < 3);
        let folder = tempfile::tempdir().unwrap();
        local_disk::write(&disk, folder.path());
        let backend = DirectoryBackend::open(folder.path()).unwrap();
        let found = local_disk::read(&backend.tree());
        let verdict = explorer
            .judge(&found, backend.recovered())
            .unwrap_or_else(|bad| panic!("cut after {moment} events: {bad}"));
        assert!(!folder.path().join(RESERVED).exists());
        verdicts[usize::from(verdict == Verdict::New)] += 1;
    }
    assert!(verdicts.iter().all(|count| *count > 20), "{verdicts:?}");
}

/// How many operations a commit is.
fn operations(image: &Disk, changes: &[FileChange]) -> usize {
    let host = ModelHost::new(image.clone());
    commit(&host, changes.to_vec()).unwrap();
    host.state().operations
}

/// The trouble of a process that is killed.
fn killed(at: usize) -> Trouble {
    Trouble {
        failures: vec![Failure {
            at,
            kind: io::ErrorKind::Interrupted,
            lasting: Lasting::ForEver,
        }],
        ..Trouble::default()
    }
}

/// Cuts the power at every moment of a recovery that began at event `from`.
fn cut_after(
    explorer: &mut Explorer<'_>,
    image: &Disk,
    host: &ModelHost,
    from: usize,
    recovered: Option<Recovered>,
) -> Result<(), String> {
    let verdict = explorer.judge(&host.state().disk.snapshot(), recovered)?;
    let mut run = Run::new(image, &host.state(), explorer.effort.commit, Some(verdict));
    run.from = from;
    explorer.cut_everywhere(run)
}
