//! The same search on programs with a mistake: one sync less. It must notice.

use std::collections::BTreeMap;

use super::explore::{Effort, Explorer, Run, Subsets, Verdict};
use super::model_host::{Failure, Lasting, ModelHost, Trouble};
use super::{QUICK, commit, cut_after, image, killed, mix, operations, trees};
use crate::backend::recovery::recover;

fn without_sync(number: usize) -> Trouble {
    Trouble {
        skip_sync: Some(number),
        ..Trouble::default()
    }
}

#[test]
fn no_sync_of_a_commit_can_be_left_out() {
    let (image, changes) = (image(), mix());
    let (old, new) = trees(&image, &changes);
    let complete = ModelHost::new(image.clone());
    commit(&complete, changes.clone()).unwrap();
    let syncs = complete.state().syncs.clone();
    let mut unnoticed = Vec::new();
    for (number, sync) in syncs.iter().enumerate() {
        let host = ModelHost::troubled(image.clone(), without_sync(number));
        commit(&host, changes.clone()).unwrap();
        let mut explorer = Explorer::new(&old, &new, QUICK);
        let run = Run::new(&image, &host.state(), QUICK.commit, Some(Verdict::New));
        match explorer.cut_everywhere(run) {
            Ok(()) => unnoticed.push(sync),
            Err(bad) => eprintln!("without sync {number}, {sync}: {bad}"),
        }
    }
    assert!(unnoticed.is_empty(), "{unnoticed:#?}");
    // Which they are, so that one that is added is looked at.
    assert_eq!(
        syncs,
        [
            // Staging.
            "names in /",
            "file .wimwright/new-0",
            "file .wimwright/new-1",
            "file .wimwright/new-2",
            "file .wimwright/new-3",
            "file .wimwright/new-4",
            "file .wimwright/new-5",
            "file .wimwright/new-6",
            // The journal, before and after it comes into force.
            "file .wimwright/journal.new",
            "names in /.wimwright",
            "names in /.wimwright",
            // What goes, and new directories.
            "names in /",
            "names in /.wimwright",
            "names in /Windows",
            "names in /Windows/INF",
            "names in /Windows/System32",
            // New content.
            "file Windows/System32/config/SOFTWARE",
            "file Windows/System32/config/DEFAULT",
            "names in /.wimwright",
            "names in /Windows/INF",
            "names in /Windows/INF/new",
            "names in /Windows/System32",
            "names in /Windows/System32/config",
            "names in /Windows/System32/file",
            // The journal out of force; all else removed.
            "names in /.wimwright",
            "names in /.wimwright",
        ]
    );
}

/// Quicker still: there is a mutant for each moment.
const QUICKEST: Effort = Effort {
    commit: Subsets {
        all_to: 5,
        random: 10,
    },
    recovery: None,
};

#[test]
fn no_sync_of_a_recovery_can_be_left_out() {
    let (image, changes) = (image(), mix());
    let (old, new) = trees(&image, &changes);
    let count = operations(&image, &changes);
    // Killed at any operation; and killed soon after one that failed, while
    // the commit takes back what it did.
    let mut deaths: Vec<Trouble> = (0..count).map(killed).collect();
    for at in 0..count {
        for later in 1..4 {
            let mut death = killed(at + later);
            death.failures.push(Failure {
                at,
                kind: std::io::ErrorKind::Other,
                lasting: Lasting::Once,
            });
            deaths.push(death);
        }
    }
    let mut noticed: BTreeMap<String, bool> = BTreeMap::new();
    for death in deaths {
        for skip in 0.. {
            let host = ModelHost::troubled(image.clone(), death.clone());
            let _ = commit(&host, changes.clone());
            let before = host.state().syncs.len();
            let left = host.state().log.len();
            host.state().trouble = without_sync(before + skip);
            let recovered = recover(&host).unwrap();
            let Some(sync) = host.state().syncs.get(before + skip).cloned() else {
                break;
            };
            let noticed = noticed
                .entry(format!("{recovered:?}, {skip}: {sync}"))
                .or_default();
            if !*noticed {
                let mut explorer = Explorer::new(&old, &new, QUICKEST);
                *noticed = cut_after(&mut explorer, &image, &host, left, recovered).is_err();
            }
        }
    }
    let unnoticed: Vec<_> = noticed.iter().filter(|(_, noticed)| !**noticed).collect();
    assert!(unnoticed.is_empty(), "{unnoticed:#?}");
    assert!(noticed.len() > 10, "{noticed:#?}");
}
