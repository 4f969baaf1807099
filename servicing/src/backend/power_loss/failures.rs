//! Hosts that refuse: errors at any operation, a full disk, attributes that
//! cannot be kept, journals that cannot be read.

use std::io;
use std::path::Path;

use super::disk::{Disk, Effect};
use super::explore::{Explorer, Verdict};
use super::model_host::{Failure, Lasting, ModelHost, Trouble};
use super::{QUICK, commit, image, killed, mix, operations, path, put, remove, trees};
use crate::backend::error::BackendError;
use crate::backend::host::{Host as _, Ntfs};
use crate::backend::journal::{How, Journal, path as journal_path, staged_path};
use crate::backend::recovery::{Leftover, Recovered, look, recover};
use crate::backend::staging::StagedCommit;
use crate::backend::{FileChange, RESERVED};
use crate::blob::{Blob, MemoryBlob};

#[test]
fn an_operation_that_fails_leaves_the_old_tree_or_one_that_is_finished_later() {
    let (image, changes) = (image(), mix());
    let (old, new) = trees(&image, &changes);
    let explorer = Explorer::new(&old, &new, QUICK);
    let [mut committed, mut interrupted, mut undone] = [0; 3];
    for at in 0..operations(&image, &changes) {
        for lasting in [Lasting::Once, Lasting::ForEver] {
            let kind = io::ErrorKind::StorageFull;
            let host = ModelHost::troubled(
                image.clone(),
                Trouble {
                    failures: vec![Failure { at, kind, lasting }],
                    ..Trouble::default()
                },
            );
            let result = commit(&host, changes.clone());
            host.state().trouble = Trouble::default();
            let promised = match &result {
                Ok(()) => {
                    committed += 1;
                    Some(Verdict::New)
                }
                Err(BackendError::Interrupted { source, .. }) => {
                    assert!(
                        matches!(**source, BackendError::NoSpace { .. }),
                        "{source:?}"
                    );
                    interrupted += 1;
                    None
                }
                Err(BackendError::NoSpace { .. }) => {
                    undone += 1;
                    Some(Verdict::Old)
                }
                Err(error) => panic!("operation {at}: {error:?}"),
            };
            if lasting == Lasting::Once && promised == Some(Verdict::Old) {
                // Undone at once, not by the next open.
                assert_eq!(host.state().disk.snapshot(), old, "operation {at}");
            }
            let recovered = recover(&host).unwrap();
            let verdict = explorer
                .judge(&host.state().disk.snapshot(), recovered)
                .unwrap();
            assert!(
                promised.is_none_or(|promised| promised == verdict),
                "operation {at}"
            );
        }
    }
    assert!(committed > 10 && interrupted > 10 && undone > 10);
}

#[test]
fn a_full_disk_leaves_the_image_as_it_was() {
    let (image, changes) = (image(), mix());
    let (old, new) = trees(&image, &changes);
    let mut full = 0;
    for space in (0..6000).step_by(50) {
        let host = ModelHost::troubled(
            image.clone(),
            Trouble {
                space: Some(space),
                ..Trouble::default()
            },
        );
        match commit(&host, changes.clone()) {
            Ok(()) => assert_eq!(host.state().disk.snapshot(), new, "{space} bytes"),
            Err(error @ BackendError::NoSpace { .. }) => {
                assert!(error.hint().unwrap().contains("make room"), "{error}");
                assert_eq!(host.state().disk.snapshot(), old, "{space} bytes");
                full += 1;
            }
            Err(BackendError::Interrupted { source, .. }) => {
                // Full when a file was to grow in place; finished once there is room.
                assert!(
                    matches!(*source, BackendError::NoSpace { .. }),
                    "{source:?}"
                );
                host.state().trouble = Trouble::default();
                let finished = Some(Recovered::Finished {
                    changes: changes.len(),
                });
                assert_eq!(recover(&host).unwrap(), finished);
                assert_eq!(host.state().disk.snapshot(), new, "{space} bytes");
            }
            Err(error) => panic!("{space} bytes: {error:?}"),
        }
    }
    assert!(full > 10 && full < 100, "{full}");
}

#[test]
fn a_read_only_host_is_told_from_one_that_is_full() {
    let refused = |kind, at| {
        let failures = vec![Failure {
            at,
            kind,
            lasting: Lasting::ForEver,
        }];
        Trouble {
            failures,
            ..Trouble::default()
        }
    };
    for (kind, hint) in [
        (io::ErrorKind::ReadOnlyFilesystem, "writable"),
        (io::ErrorKind::PermissionDenied, "user"),
    ] {
        let host = ModelHost::troubled(image(), refused(kind, 0));
        let error = commit(&host, mix()).unwrap_err();
        assert!(error.is_unwritable(), "{error:?}");
        assert!(error.to_string().contains("/image/.wimwright"), "{error}");
        assert!(error.hint().unwrap().contains(hint), "{error}");
    }
    // Killed in the middle, then mounted read-only.
    let all = operations(&image(), &mix());
    let mut pending = 0;
    for at in 0..all {
        let host = ModelHost::troubled(image(), killed(at));
        let _ = commit(&host, mix());
        let left = look(&host).unwrap();
        let seen = host.state().disk.snapshot();
        host.state().trouble = refused(io::ErrorKind::ReadOnlyFilesystem, 0);
        match recover(&host) {
            // A tree that is all old or all new can be read as it is.
            Ok(_) => assert_ne!(left, Leftover::Pending, "killed at {at}"),
            Err(error @ BackendError::PendingUnwritable { .. }) => {
                assert_eq!(left, Leftover::Pending, "killed at {at}");
                assert!(error.to_string().contains("/image"), "{error}");
                assert!(error.hint().is_some());
                pending += 1;
            }
            Err(error) => panic!("killed at {at}: {error:?}"),
        }
        assert_eq!(host.state().disk.snapshot(), seen, "killed at {at}");
    }
    assert!(pending > 10, "{pending}");
}

/// How a file is given new content on this host.
fn how(trouble: &Trouble, at: &str, in_place_if_linked: bool) -> Result<How, BackendError> {
    let host = ModelHost::troubled(image(), trouble.clone());
    let change = FileChange::Put {
        path: path(at),
        content: std::sync::Arc::new(MemoryBlob::new(*b"new")),
        in_place_if_linked,
        differs: None,
    };
    let staged = StagedCommit::new(&host.shared(), vec![change])?;
    let how = staged.journal.puts[0].how;
    staged.commit()?;
    assert!(look(&host).unwrap() == Leftover::Nothing);
    Ok(how)
}

#[test]
fn a_file_is_written_in_place_where_a_new_one_would_lose_something() {
    let (alone, linked) = (
        "Windows\\System32\\config\\SYSTEM",
        "Windows\\System32\\config\\SOFTWARE",
    );
    let plain = Trouble::default();
    let refusing = Trouble {
        refuse_attribute: Some("user.mark".into()),
        ..Trouble::default()
    };
    let ntfs = |short_name| Trouble {
        ntfs: Some(Ntfs { short_name }),
        ..Trouble::default()
    };
    for (trouble, at, in_place_if_linked, expected) in [
        (&plain, alone, true, How::Rename),
        (&plain, alone, false, How::Rename),
        (&plain, linked, true, How::InPlace),
        (&plain, linked, false, How::Rename),
        (&refusing, alone, false, How::InPlace),
        (&refusing, linked, true, How::InPlace),
        (&ntfs(false), alone, false, How::InPlace),
        // The short name is no second name.
        (&ntfs(true), alone, false, How::InPlace),
        (&ntfs(true), linked, false, How::Rename),
        (&ntfs(true), linked, true, How::InPlace),
    ] {
        let chosen = how(trouble, at, in_place_if_linked).unwrap();
        assert_eq!(chosen, expected, "{trouble:?}, {at}, {in_place_if_linked}");
    }
    // Neither is right: the other name must not change, and the mark not go.
    let error = how(&refusing, linked, false).unwrap_err();
    assert!(
        matches!(error, BackendError::AttributeLost { .. }),
        "{error:?}"
    );
    assert!(error.to_string().contains("user.mark"), "{error}");
}

/// A disk with a journal in force and nothing carried out yet.
fn committed() -> Disk {
    let all = operations(&image(), &mix());
    for at in 0..all {
        let host = ModelHost::troubled(image(), killed(at));
        let _ = commit(&host, mix());
        if look(&host).unwrap() == Leftover::Pending {
            return host.state().disk.clone();
        }
    }
    panic!("no journal ever came into force");
}

#[test]
fn a_damaged_journal_is_never_carried_out_nor_thrown_away() {
    let disk = committed();
    let journal = disk.find(&journal_path()).unwrap();
    let staged = disk.find(&staged_path(1)).unwrap();
    for (damaged, at) in [(journal, 0), (journal, 200), (staged, 5)] {
        let mut disk = disk.clone();
        disk.apply(&Effect::Sector(damaged, at, vec![b'#']));
        let before = disk.snapshot();
        let host = ModelHost::new(disk);
        let error = recover(&host).unwrap_err();
        assert!(
            matches!(error, BackendError::JournalDamaged { .. }),
            "{error:?}"
        );
        assert!(error.hint().is_some());
        assert_eq!(host.state().disk.snapshot(), before);
    }
}

#[test]
fn content_that_is_neither_staged_nor_in_place_is_told() {
    let mut disk = committed();
    let reserved = disk.find(Path::new(RESERVED)).unwrap();
    disk.apply(&Effect::Names(vec![(reserved, "new-0".into(), None)]));
    let error = recover(&ModelHost::new(disk)).unwrap_err();
    assert!(
        matches!(error, BackendError::ContentLost { .. }),
        "{error:?}"
    );
    assert!(error.to_string().contains("config\\SYSTEM"), "{error}");
}

#[test]
fn a_pending_commit_is_not_swept_away_by_the_next() {
    let host = ModelHost::new(committed());
    let error = StagedCommit::new(&host.shared(), mix()).err().unwrap();
    assert!(matches!(error, BackendError::Pending { .. }), "{error:?}");
    assert_eq!(look(&host).unwrap(), Leftover::Pending);
}

#[test]
fn files_of_others_under_the_reserved_name_stay() {
    for name in [".wimwright/notes.txt", ".wimwright"] {
        let mut disk = image();
        super::add_file(&mut disk, name, b'n', 10);
        let before = disk.snapshot();
        let host = ModelHost::new(disk);
        assert_eq!(recover(&host).unwrap(), None);
        let error = commit(&host, mix()).unwrap_err();
        assert!(
            matches!(error, BackendError::ReservedTaken { .. }),
            "{error:?}"
        );
        assert!(error.to_string().contains(name), "{error}");
        assert_eq!(host.state().disk.snapshot(), before);
    }
}

/// Content that breaks off.
struct Broken;

impl Blob for Broken {
    fn len(&self) -> u64 {
        1000
    }

    fn read_into(&self, _offset: u64, _buffer: &mut [u8]) -> io::Result<()> {
        Err(io::Error::other("bad sector"))
    }
}

#[test]
fn content_that_cannot_be_read_is_told_from_a_host_that_cannot_write() {
    let host = ModelHost::new(image());
    let broken = FileChange::Put {
        path: path("Windows\\new"),
        content: std::sync::Arc::new(Broken),
        in_place_if_linked: false,
        differs: None,
    };
    let error = commit(&host, vec![put("a", b'a', 10), broken, remove("Temp")]).unwrap_err();
    assert!(matches!(error, BackendError::Content { .. }), "{error:?}");
    assert!(error.to_string().contains("Windows\\new"), "{error}");
    assert_eq!(host.state().disk.snapshot(), image().snapshot());
}

#[test]
fn nothing_to_do_is_nothing_done() {
    let host = ModelHost::new(image());
    let nothing = vec![
        remove("absent\\file"),
        super::make("Windows\\System32"),
        remove("bootmgr\\x"),
    ];
    commit(&host, nothing).unwrap();
    assert_eq!(host.state().operations, 0);
    let empty = Journal::default();
    assert!(empty.has_no_steps());
    assert!(host.status(Path::new(RESERVED)).unwrap().is_none());
}
