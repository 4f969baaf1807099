//! Every hive of the corpus against the facts that an independent parser found:
//! verdicts, counts, replayed states.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test ends where something is wrong"
)]

mod common;

use common::State;
use sha2::{Digest as _, Sha256};
use wimwright_hive::{
    Error, FileTime, Finding, Hive, Key, LogFormat, LogRefusal, Report, Security, check, upcase,
};

type Rule = fn(&Error) -> bool;

/// Hives that the structure check refuses, by the rule they break.
const BROKEN: &[(&str, Rule)] = &[
    ("SYSTEM-corrupt-hbin", |error| {
        matches!(error, Error::BinSignature { .. })
    }),
    ("edge/SAMBadHBinHeader", |error| {
        matches!(error, Error::BinSignature { .. })
    }),
    ("edge/corrupt_sub_key_list.hiv", |error| {
        matches!(error, Error::CellNotAllocated { .. })
    }),
    ("yarp/BadListHive", |error| {
        matches!(error, Error::CellShared { .. })
    }),
    ("yarp/BadSubkeyHive", |error| {
        matches!(error, Error::CellShared { .. })
    }),
    ("yarp/EffectiveSizeHive", |error| {
        matches!(error, Error::CellOutside { .. })
    }),
    ("yarp/TruncatedDirtyHive", |error| {
        matches!(error, Error::Truncated { .. })
    }),
    ("yarp/TruncatedHive", |error| {
        matches!(error, Error::Truncated { .. })
    }),
    // A key's name runs six bytes beyond its cell; other parsers cut it.
    ("yarp/TruncatedNameHive", |error| {
        matches!(error, Error::RecordTooLong { .. })
    }),
    ("yarp/BadBaseBlockHive/BadBaseBlockHive", |error| {
        matches!(error, Error::Version { .. })
    }),
];

/// Facts that the two parsers count differently, and why.
fn differs(name: &str, fact: &str) -> Option<&'static str> {
    match (name, fact) {
        ("edge/SAMBadHBinHeader", "structural errors") => Some("the bins after a lost one"),
        ("yarp/BadListHive", "lf") => Some("a list met again is not counted again"),
        ("yarp/HealedHive", "sk" | "sk refcount errors" | "unreferenced cells") => {
            Some("a record in the ring that no key names is counted as a record")
        }
        ("yarp/TruncatedNameHive", "keys" | "sk refcount errors" | "structural errors") => {
            Some("the key with the cut name is refused")
        }
        _ => None,
    }
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn count(report: &Report, kind: fn(&Finding) -> bool) -> usize {
    report
        .findings
        .iter()
        .filter(|finding| kind(finding))
        .count()
}

#[test]
fn every_hive_gets_the_verdict_of_the_independent_parser() {
    let Some(corpus) = wimwright_testdata::corpus("verdicts") else {
        return;
    };
    for row in common::hives(&corpus) {
        let name = row.name.as_str();
        let bytes = row.read(&corpus);
        let opened = Hive::open(bytes.clone()).map(drop);
        let accepted = Hive::open_accepting_dirty(bytes).map(drop);
        let broken = BROKEN.iter().find(|(broken, _)| *broken == name);
        match row.state {
            State::NotAHive => assert!(matches!(opened, Err(Error::NotAHive { .. })), "{name}"),
            State::Dirty { bad_checksum } => {
                let error = opened.expect_err(name);
                assert!(error.needs_logs(), "{name}: {error}");
                assert_eq!(
                    matches!(error, Error::Checksum { .. }),
                    bad_checksum,
                    "{name}: {error}"
                );
            }
            State::Clean if broken.is_none() => {
                opened.unwrap_or_else(|error| panic!("{name}: {error}"));
            }
            State::Clean => assert!(opened.is_err(), "{name}"),
        }
        match broken {
            Some((_, rule)) => {
                let error = accepted.expect_err(name);
                assert!(rule(&error), "{name}: {error}");
            }
            None => assert_eq!(accepted.is_err(), row.state == State::NotAHive, "{name}"),
        }
    }
}

#[test]
fn every_count_is_that_of_the_independent_parser() {
    let Some(corpus) = wimwright_testdata::corpus("counts") else {
        return;
    };
    let mut checked = 0;
    for row in common::hives(&corpus) {
        let name = row.name.as_str();
        let report = match check(&row.read(&corpus)) {
            Ok(report) => report,
            Err(error) => {
                assert!(
                    matches!(error, Error::NotAHive { .. } | Error::Version { .. }),
                    "{name}: {error}"
                );
                continue;
            }
        };
        // Data of up to four bytes, which lies in the value record, does not
        // count as a largest value there.
        let largest = row.number("largest value");
        let small = largest == 0 && report.largest_value <= 4;
        for (fact, ours, theirs) in [
            (
                "minor",
                report.minor.number() as usize,
                row.minor() as usize,
            ),
            ("keys", report.keys, row.number("keys")),
            ("values", report.values, row.number("values")),
            ("sk", report.security, row.number("sk")),
            ("class names", report.class_names, row.number("class names")),
            (
                "big-data values",
                report.big_values,
                row.number("big-data values"),
            ),
            (
                "long values",
                report.long_values,
                row.number_before("values over 16344"),
            ),
            (
                "largest value",
                if small { 0 } else { report.largest_value },
                largest,
            ),
            ("lf", report.lists.lf, row.lists("lf")),
            ("lh", report.lists.lh, row.lists("lh")),
            ("li", report.lists.li, row.lists("li")),
            ("ri", report.lists.ri, row.lists("ri")),
            (
                "unreferenced cells",
                report.unreferenced,
                row.number("unreferenced cells"),
            ),
            (
                "order errors",
                count(&report, |finding| matches!(finding, Finding::Order { .. })),
                row.number("order errors"),
            ),
            (
                "sk refcount errors",
                count(&report, |finding| {
                    matches!(finding, Finding::SecurityCount { .. })
                }),
                row.number("sk refcount errors"),
            ),
            (
                "structural errors",
                count(&report, Finding::is_fatal),
                row.number_before("structural errors"),
            ),
        ] {
            match differs(name, fact) {
                None => assert_eq!(ours, theirs, "{name}: {fact}"),
                Some(why) => assert_ne!(ours, theirs, "{name}: {fact} no longer differs ({why})"),
            }
        }
        checked += 1;
    }
    assert!(checked > 70, "{checked} hives");
}

#[test]
fn hashes_hints_and_parents_are_right_but_in_two_tampered_hives() {
    let Some(corpus) = wimwright_testdata::corpus("hashes") else {
        return;
    };
    for row in common::hives(&corpus) {
        let Ok(report) = check(&row.read(&corpus)) else {
            continue;
        };
        let hashes = count(&report, |finding| matches!(finding, Finding::Hash { .. }));
        let parents = count(&report, |finding| matches!(finding, Finding::Parent { .. }));
        let expected = match row.name.as_str() {
            "yarp/CompHive" => (1, 0),
            "yarp/InvalidParentHive" => (0, 1),
            _ => (0, 0),
        };
        assert_eq!((hashes, parents), expected, "{}", row.name);
    }
}

#[test]
fn replayed_hives_equal_the_goldens_byte_for_byte() {
    let Some(corpus) = wimwright_testdata::corpus("replay") else {
        return;
    };
    for golden in common::goldens(&corpus) {
        let name = golden.name.as_str();
        let bytes = wimwright_testdata::read(&corpus.join("hives").join(name));
        let mut logs = common::logs(&corpus, name);
        for _ in 0..2 {
            let (hive, recovery) = Hive::open_with_logs(bytes.clone(), &logs)
                .unwrap_or_else(|error| panic!("{name}: {error}"));
            let recovery = recovery.expect(name);
            let bins = &hive.as_bytes()[4096..4096 + golden.bins_size];
            assert_eq!(sha256(bins), golden.sha256, "{name}");
            let report = hive.check();
            assert_eq!(
                (report.keys, report.values),
                (golden.keys, golden.values),
                "{name}"
            );
            assert_eq!(
                golden.applied.is_some(),
                recovery.format == LogFormat::New,
                "{name}"
            );
            if let Some((first, last)) = golden.applied {
                assert_eq!(recovery.applied, first..=last, "{name}");
            }
            if let Some(pages) = golden.pages {
                assert_eq!(recovery.pages, pages, "{name}");
            }
            // Clean now, and told apart from the file page by page.
            let after = hive.as_bytes();
            let sequence = recovery.applied.end() + 1;
            assert_eq!(
                after[4..12],
                [sequence.to_le_bytes(), sequence.to_le_bytes()].concat(),
                "{name}"
            );
            let mut patched = bytes.clone();
            patched.resize(after.len().max(bytes.len()), 0);
            for range in hive.dirty_pages() {
                let range =
                    usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap();
                patched[range.clone()].copy_from_slice(&after[range]);
            }
            assert!(
                patched == after,
                "{name}: a page that differs is not listed"
            );
            let reopened = Hive::open(after.to_vec());
            assert!(
                reopened.is_ok_and(|hive| !hive.is_edited() && hive.dirty_pages().is_empty()),
                "{name}"
            );
            // The logs in the other order give the same.
            logs.reverse();
        }
    }
}

#[test]
fn windows_own_recovery_is_equalled() {
    let Some(corpus) = wimwright_testdata::corpus("recovery by Windows") else {
        return;
    };
    let name = "yarp/NewDirtyHive1/NewDirtyHive";
    let bytes = wimwright_testdata::read(&corpus.join("hives").join(name));
    let (hive, _) = Hive::open_with_logs(bytes, &common::logs(&corpus, name)).unwrap();
    let windows = corpus.join("hives/yarp/NewDirtyHive1/RecoveredHive_Windows10");
    let windows = wimwright_testdata::read(&windows);
    // Everything but the base block's timestamps and GUIDs.
    assert!(hive.as_bytes()[4096..] == windows[4096..]);
    assert_eq!(hive.as_bytes()[4..12], windows[4..12], "sequence numbers");
}

#[test]
fn a_damaged_base_block_comes_back_from_the_log() {
    let Some(corpus) = wimwright_testdata::corpus("base block") else {
        return;
    };
    let name = "yarp/BadBaseBlockHive/BadBaseBlockHive";
    let bytes = wimwright_testdata::read(&corpus.join("hives").join(name));
    let (hive, recovery) = Hive::open_with_logs(bytes, &common::logs(&corpus, name)).unwrap();
    let recovery = recovery.unwrap();
    assert!(recovery.base_block_from_log);
    assert_eq!((recovery.format, recovery.applied), (LogFormat::Old, 5..=5));
    assert_eq!(hive.minor_version().number(), 3);
    // The same hive and log as OldDirtyHive, but for the base block.
    let report = hive.check();
    assert_eq!((report.keys, report.values, report.found), (5003, 1, 0));
    assert!(Hive::open(hive.into_bytes()).is_ok());
}

#[test]
fn logs_that_cannot_be_trusted_are_refused_by_name() {
    let Some(corpus) = wimwright_testdata::corpus("bad logs") else {
        return;
    };
    let refused = |name: &str| {
        let bytes = wimwright_testdata::read(&corpus.join("hives").join(name));
        match Hive::open_with_logs(bytes, &common::logs(&corpus, name)).map(drop) {
            Err(Error::NoUsableLog(refusals)) => refusals,
            other => panic!("{name}: {other:?}"),
        }
    };
    assert!(matches!(
        refused("yarp/BadLogHive1/BadLogHive")[..],
        [LogRefusal::Checksum { .. }, LogRefusal::Empty]
    ));
    assert!(matches!(
        refused("yarp/BadLogHive2/BadLogHive")[..],
        [LogRefusal::NoDirtyVector { .. }, LogRefusal::Empty]
    ));
    assert!(matches!(
        refused("yarp/BadLogHive3/BadLogHive")[..],
        [LogRefusal::Checksum { .. }, LogRefusal::Checksum { .. }]
    ));
    assert!(refused("SYSTEM-win81-x64-dirty").is_empty());
    // A log of another state of the hive: its timestamp tells.
    let hive = wimwright_testdata::read(&corpus.join("hives/yarp/TruncatedDirtyHive"));
    let log = wimwright_testdata::read(&corpus.join("hives/SYSTEM-winxp64-sp2.LOG"));
    assert!(matches!(
        Hive::open_with_logs(hive, &[log]).map(drop),
        Err(Error::NoUsableLog(refusals))
            if matches!(refusals[..], [LogRefusal::BaseBlock | LogRefusal::OtherTime { .. }])
    ));
}

#[test]
fn remnants_behind_an_old_log_do_no_harm() {
    let Some(corpus) = wimwright_testdata::corpus("log with remnants") else {
        return;
    };
    let golden = common::goldens(&corpus)
        .into_iter()
        .find(|golden| golden.name.contains("OldDirtyHive"))
        .unwrap();
    let hives = corpus.join("hives");
    let log = wimwright_testdata::read(&hives.join("yarp/OldLogWithRemnantData"));
    let bytes = wimwright_testdata::read(&hives.join(&golden.name));
    let (hive, recovery) = Hive::open_with_logs(bytes, &[log]).unwrap();
    assert_eq!(recovery.unwrap().pages, golden.pages.unwrap());
    assert_eq!(
        sha256(&hive.as_bytes()[4096..4096 + golden.bins_size]),
        golden.sha256
    );
}

#[test]
fn every_key_and_value_is_found_by_its_name_in_another_case() {
    fn search(key: Key<'_>) -> (usize, usize) {
        let (mut keys, mut values) = (0, 0);
        for value in key.values().unwrap().map(Result::unwrap) {
            let name: Vec<u16> = value.name().unwrap().units().map(upcase).collect();
            let found = key.value_units(&name).unwrap().unwrap();
            assert_eq!(found.name().unwrap(), value.name().unwrap());
            values += 1;
        }
        for subkey in key.subkeys().unwrap().map(Result::unwrap) {
            let name: Vec<u16> = subkey.name().unwrap().units().map(upcase).collect();
            let found = key.subkey_units(&name).unwrap().map(Key::id);
            assert_eq!(found, Some(subkey.id()), "{subkey:?}");
            let below = search(subkey);
            keys += 1 + below.0;
            values += below.1;
        }
        (keys, values)
    }
    let Some(corpus) = wimwright_testdata::corpus("search by name") else {
        return;
    };
    for name in [
        "SYSTEM-win10-2004-x64",
        "SYSTEM-winxp-sp3-x86",
        "NTUSER-vibranium.DAT",
    ] {
        let bytes = wimwright_testdata::read(&corpus.join("hives").join(name));
        let hive = Hive::open(bytes).unwrap();
        let report = hive.check();
        assert_eq!(
            search(hive.root()),
            (report.keys - 1, report.values),
            "{name}"
        );
        for name in ["", "No Such Key", "\u{f00d}", "Tcpip\0"] {
            assert!(
                name.is_empty() || hive.root().subkey(name).unwrap().is_none(),
                "{name}"
            );
        }
    }
}

#[test]
fn clean_hives_ignore_their_logs() {
    let Some(corpus) = wimwright_testdata::corpus("ignored logs") else {
        return;
    };
    for name in ["SYSTEM-winxp64-sp2", "DEFAULT-winxp64-sp2"] {
        let logs = common::logs(&corpus, name);
        assert_eq!(logs.len(), 1, "{name}");
        let bytes = wimwright_testdata::read(&corpus.join("hives").join(name));
        let (hive, recovery) = Hive::open_with_logs(bytes.clone(), &logs).unwrap();
        assert!(recovery.is_none() && hive.as_bytes() == bytes, "{name}");
    }
}

#[test]
fn a_differencing_hive_is_read_but_never_edited() {
    let Some(corpus) = wimwright_testdata::corpus("differencing hive") else {
        return;
    };
    let bytes = wimwright_testdata::read(&corpus.join("hives/System_Delta-v1.6"));
    let mut hive = Hive::open(bytes.clone()).unwrap();
    assert!(hive.is_differencing());
    let root = hive.root().id();
    let now = FileTime(1);
    let refused = [
        hive.create_key("New", Security::Inherit, now).map(drop),
        hive.create_subkey(root, &[0x41], Security::Inherit, now)
            .map(drop),
        hive.delete_key("ControlSet001", now).map(drop),
        hive.delete_key_by_id(root, now).map(drop),
        hive.set_value(root, &[0x41], 1, &[], now).map(drop),
        hive.delete_value(root, &[0x41], now).map(drop),
        hive.set_security(root, &[], now).map(drop),
    ];
    for (index, result) in refused.into_iter().enumerate() {
        assert!(
            matches!(result, Err(Error::Differencing)),
            "edit {index}: {result:?}"
        );
    }
    assert!(hive.as_bytes() == bytes && !hive.is_edited());
}

#[test]
fn opening_and_saving_gives_the_same_bytes() {
    let Some(corpus) = wimwright_testdata::corpus("identity") else {
        return;
    };
    let mut opened = 0;
    for row in common::hives(&corpus) {
        let bytes = row.read(&corpus);
        let Ok(hive) =
            Hive::open(bytes.clone()).or_else(|_| Hive::open_accepting_dirty(bytes.clone()))
        else {
            continue;
        };
        assert!(
            hive.dirty_pages().is_empty() && !hive.is_edited(),
            "{}",
            row.name
        );
        assert!(hive.into_bytes() == bytes, "{}", row.name);
        opened += 1;
    }
    assert!(opened > 60, "{opened} hives");
}
