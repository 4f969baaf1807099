//! Power cuts in commits that give files more names.

use std::path::Path;

use super::explore::{Effort, Explorer, Subsets};
use super::model_host::{Failure, Lasting, ModelHost, Trouble};
use super::{
    QUICK, commit, cut_after, cut_commit, image, killed, operations, path, put, remove, trees,
};
use crate::backend::FileChange;
use crate::backend::error::BackendError;
use crate::backend::host::Ntfs;
use crate::backend::recovery::recover;

fn link(at: &str, to: &str) -> FileChange {
    FileChange::Link {
        path: path(at),
        to: path(to),
    }
}

/// New names for a file that is written, for one that is there, for one that
/// moves, and in place of a file.
fn links() -> Vec<FileChange> {
    vec![
        put("Windows\\WinSxS\\c_2\\file", b'2', 600),
        remove("Windows\\System32\\old.sys"),
        FileChange::Rename {
            from: path("Temp\\a"),
            to: path("Windows\\a"),
        },
        link("Windows\\System32\\file", "windows\\winsxs\\c_2\\FILE"),
        link("Windows\\new\\file", "Windows\\System32\\file"),
        link("Windows\\System32\\old.sys", "bootmgr"),
        link("Windows\\System32\\a", "Windows\\a"),
    ]
}

#[test]
fn names_of_one_file_end_as_such() {
    let host = ModelHost::new(image());
    commit(&host, links()).unwrap();
    let state = host.state();
    let number = |at: &str| state.disk.find(Path::new(at)).unwrap();
    for (one, other, names) in [
        ("Windows/System32/file", "Windows/WinSxS/c_2/file", 3),
        ("Windows/new/file", "Windows/WinSxS/c_2/file", 3),
        ("Windows/System32/old.sys", "bootmgr", 2),
        ("Windows/System32/a", "Windows/a", 2),
    ] {
        assert_eq!(number(one), number(other), "{one}");
        assert_eq!(state.disk.links(number(one)), names, "{one}");
    }
}

#[test]
fn a_cut_at_any_moment_leaves_the_old_names_or_the_new_ones() {
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
    let tally = cut_commit(&image(), &links(), effort);
    eprintln!("links: {tally:?}");
    assert!(tally.disks > 100 && tally.moments > 1_000, "{tally:?}");
}

#[test]
fn a_link_killed_anywhere_and_then_cut_is_finished_or_undone() {
    let (image, changes) = (image(), links());
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
fn an_operation_of_a_link_that_fails_once_is_made_up_for() {
    let (image, changes) = (image(), links());
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

#[test]
fn what_cannot_be_linked_is_refused_before_anything_is_written() {
    for (changes, expected) in [
        (vec![link("x", "nothing")], "nothing is there"),
        (vec![link("x", "Temp")], "is a directory"),
        (vec![link("Temp", "bootmgr")], "is a directory"),
        (vec![link("bootmgr\\x", "Temp\\a")], "is a file"),
        (
            vec![link("x", "Temp\\a"), remove("Temp")],
            "nothing is there",
        ),
    ] {
        let host = ModelHost::new(image());
        let error = commit(&host, changes).unwrap_err().to_string();
        assert!(error.contains(expected), "{expected}: {error}");
        assert_eq!(host.state().disk.snapshot(), image().snapshot());
    }
    // On NTFS a file that is there is written in place.
    let ntfs = Trouble {
        ntfs: Some(Ntfs { short_name: false }),
        ..Trouble::default()
    };
    let host = ModelHost::troubled(image(), ntfs);
    let changes = vec![put("bootmgr", b'n', 30), link("x", "bootmgr")];
    let error = commit(&host, changes).unwrap_err();
    assert!(matches!(error, BackendError::LinkToRewritten { .. }));
    assert_eq!(host.state().disk.snapshot(), image().snapshot());
    // A host without links says so while nothing is written yet.
    let operation = operations(&image(), &[]) + 1;
    let trouble = Trouble {
        failures: vec![Failure {
            at: operation + 1,
            kind: std::io::ErrorKind::Unsupported,
            lasting: Lasting::Once,
        }],
        ..Trouble::default()
    };
    let host = ModelHost::troubled(image(), trouble);
    let error = commit(&host, vec![link("x", "bootmgr")]).unwrap_err();
    assert!(matches!(error, BackendError::LinkRefused { .. }), "{error}");
    assert_eq!(host.state().disk.snapshot(), image().snapshot());
}
