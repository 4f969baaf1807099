//! Power cuts in commits that give names other places, and set attributes and
//! times.

use std::path::Path;

use super::disk::Disk;
use super::explore::{Effort, Explorer, Run, Subsets, Verdict};
use super::model_host::{Failure, Lasting, ModelHost, Trouble};
use super::{
    QUICK, add_file, commit, cut_after, cut_commit, image, killed, make, operations, path, put,
    remove, trees,
};
use crate::backend::FileChange;
use crate::backend::recovery::recover;
use crate::plan::Times;

fn rename(from: &str, to: &str) -> FileChange {
    FileChange::Rename {
        from: path(from),
        to: path(to),
    }
}

fn attributes(at: &str, attributes: u32) -> FileChange {
    let path = path(at);
    FileChange::SetAttributes { path, attributes }
}

fn written(at: &str) -> FileChange {
    let times = Times {
        written: Some(crate::time::from_unix_seconds(1)),
        ..Times::default()
    };
    let path = path(at);
    FileChange::SetTimes { path, times }
}

/// Two that swap their names, a directory that goes without one of its files,
/// one that moves with a new file in it into one that is made, a name that
/// only changes its case.
fn moves() -> Vec<FileChange> {
    vec![
        rename("bootmgr", "temporary"),
        rename("Windows\\System32\\old.sys", "bootmgr"),
        rename("temporary", "Windows\\System32\\old.sys"),
        rename("Temp\\b\\c", "Windows\\c"),
        remove("Temp"),
        make("Windows\\new"),
        rename("Windows\\System32\\directory", "Windows\\new\\inner"),
        put("Windows\\new\\inner\\y", b'y', 30),
        put("windows\\new\\inner\\X", b'z', 30),
        rename("Windows\\System32\\file", "Windows\\System32\\FILE"),
        attributes("Windows\\System32\\FILE", 0x21),
        written("Windows\\c"),
    ]
}

#[test]
fn names_end_where_they_were_sent() {
    let (old, new) = trees(&image(), &moves());
    for (was, is) in [
        ("bootmgr", "Windows/System32/old.sys"),
        ("Windows/System32/old.sys", "bootmgr"),
        ("Temp/b/c", "Windows/c"),
        ("Windows/System32/file", "Windows/System32/FILE"),
    ] {
        let bytes = |snapshot: &super::Snapshot, at: &str| {
            snapshot[Path::new(at)].as_ref().unwrap().bytes.clone()
        };
        assert_eq!(bytes(&old, was), bytes(&new, is), "{was}");
    }
    for gone in [
        "Temp",
        "Windows/System32/directory",
        "Windows/System32/file",
    ] {
        assert!(!new.contains_key(Path::new(gone)), "{gone}");
    }
    let inner = Path::new("Windows/new/inner");
    assert_eq!(new[&inner.join("x")].as_ref().unwrap().bytes, [b'z'; 30]);
    assert_eq!(new[&inner.join("y")].as_ref().unwrap().bytes, [b'y'; 30]);
    let stamped = new[Path::new("Windows/System32/FILE")].as_ref().unwrap();
    assert_eq!(
        stamped.extended[std::ffi::OsStr::new("attributes")],
        0x21_u32.to_ne_bytes()
    );
    // Three that were in `Temp` went, one directory and one file came.
    assert_eq!(new.len(), old.len() - 1);
}

#[test]
fn a_cut_at_any_moment_of_a_move_leaves_the_old_tree_or_the_new_one() {
    let effort = Effort {
        commit: Subsets {
            all_to: 8,
            random: 100,
        },
        recovery: Some(Subsets {
            all_to: 4,
            random: 8,
        }),
    };
    let tally = cut_commit(&image(), &moves(), effort);
    eprintln!("moves: {tally:?}");
    assert!(tally.disks > 300 && tally.moments > 3_000, "{tally:?}");
}

#[test]
fn every_subset_is_tried_for_one_move_at_a_time() {
    let all = Subsets {
        all_to: 14,
        random: 0,
    };
    let everything = Effort {
        commit: all,
        recovery: Some(all),
    };
    for changes in [
        vec![rename("bootmgr", "Windows\\bootmgr")],
        vec![rename("Temp", "Windows\\Temp")],
        vec![rename("Temp\\b\\c", "c"), remove("Temp")],
        vec![rename("Temp\\b", "b"), rename("Temp", "b\\Temp")],
        vec![rename("Temp", "t"), make("Temp"), rename("t", "Temp\\t")],
        vec![
            remove("bootmgr"),
            rename("Windows\\System32\\old.sys", "bootmgr"),
        ],
        vec![
            rename("Temp", "t"),
            put("t\\a", b'n', 30),
            attributes("t\\a", 0x21),
            written("t\\b\\c"),
        ],
    ] {
        let tally = cut_commit(&image(), &changes, everything);
        assert_eq!(tally.exhausted, tally.moments);
    }
}

#[test]
fn a_move_killed_anywhere_and_then_cut_is_finished_or_undone() {
    let (image, changes) = (image(), moves());
    let (old, new) = trees(&image, &changes);
    let mut explorer = Explorer::new(&old, &new, QUICK);
    for killed_at in 0..operations(&image, &changes) {
        let host = ModelHost::troubled(image.clone(), killed(killed_at));
        let _ = commit(&host, changes.clone());
        let left = host.state().log.len();
        host.state().trouble = Trouble::default();
        let recovered = recover(&host).unwrap();
        cut_after(&mut explorer, &image, &host, left, recovered)
            .unwrap_or_else(|bad| panic!("killed at operation {killed_at}: {bad}"));
    }
}

#[test]
fn an_operation_of_a_move_that_fails_once_is_made_up_for() {
    let (image, changes) = (image(), moves());
    let (old, new) = trees(&image, &changes);
    let explorer = Explorer::new(&old, &new, QUICK);
    for at in 0..operations(&image, &changes) {
        let trouble = Trouble {
            failures: vec![Failure {
                at,
                kind: std::io::ErrorKind::Other,
                lasting: Lasting::Once,
            }],
            ..Trouble::default()
        };
        let host = ModelHost::troubled(image.clone(), trouble);
        let _ = commit(&host, changes.clone());
        host.state().trouble = Trouble::default();
        let recovered = recover(&host).unwrap();
        explorer
            .judge(&host.state().disk.snapshot(), recovered)
            .unwrap_or_else(|bad| panic!("operation {at}: {bad}"));
    }
}

/// The syncs of a commit, and whether leaving one out is noticed.
fn syncs_needed(image: &Disk, changes: &[FileChange]) -> Vec<(String, bool)> {
    let (old, new) = trees(image, changes);
    let complete = ModelHost::new(image.clone());
    commit(&complete, changes.to_vec()).unwrap();
    let syncs = complete.state().syncs.clone();
    let needed = syncs.into_iter().enumerate().map(|(number, sync)| {
        let trouble = Trouble {
            skip_sync: Some(number),
            ..Trouble::default()
        };
        let host = ModelHost::troubled(image.clone(), trouble);
        commit(&host, changes.to_vec()).unwrap();
        let mut explorer = Explorer::new(&old, &new, QUICK);
        let run = Run::new(image, &host.state(), QUICK.commit, Some(Verdict::New));
        (sync, explorer.cut_everywhere(run).is_err())
    });
    needed.collect()
}

#[test]
fn no_sync_of_a_move_can_be_left_out() {
    // Some syncs of the reserved directory are not needed here, because another
    // one follows before anything hurts: they have their reason where content
    // is put, too, or where that other one is missing, as below.
    let repeated = "names in /.wimwright";
    let changes = vec![
        rename("Temp\\a", "a"),
        rename("Temp\\b\\c", "Windows\\c"),
        remove("Temp\\b"),
        rename("Temp", "t"),
        make("n\\m"),
        rename("bootmgr", "n\\m\\bootmgr"),
        rename("Windows\\System32\\old.sys", "bootmgr"),
        attributes("a", 0x21),
    ];
    let mut image: Disk = image();
    add_file(&mut image, "Temp/z", b'z', 20);
    let syncs = syncs_needed(&image, &changes);
    let unneeded = syncs.iter().filter(|(_, needed)| !needed);
    let unneeded: Vec<_> = unneeded.filter(|(sync, _)| sync != repeated).collect();
    assert!(unneeded.is_empty(), "{unneeded:#?} of {syncs:#?}");
    assert!(syncs.iter().filter(|(_, needed)| *needed).count() > 13);

    // Two that swap their names: whether a name is the old or the new one is
    // told by the journal's name alone.
    let swap = vec![
        rename("bootmgr", "s"),
        rename("Temp", "bootmgr"),
        rename("s", "Temp"),
    ];
    let needed = |(sync, needed): (String, bool)| needed.then_some(sync);
    let needed: Vec<_> = syncs_needed(&image, &swap)
        .into_iter()
        .filter_map(needed)
        .collect();
    assert_eq!(
        needed,
        [
            "names in /",
            "file .wimwright/journal.new",
            // The journal comes into force, all is taken away, and the journal
            // says so.
            repeated,
            "names in /",
            repeated,
            repeated,
            "names in /",
        ]
    );
}
