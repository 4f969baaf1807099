//! A hive read page by page answers as the whole hive does, and reads little.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test ends where something is wrong"
)]

mod common;

use wimwright_hive::{Error, Hive, Key, Peek, PeekKey};

/// Compares a key and everything below it.
fn assert_same(peeked: &PeekKey<'_, &Vec<u8>>, key: Key<'_>) -> usize {
    assert_eq!(peeked.id(), key.id());
    assert_eq!(peeked.name().unwrap(), key.name().unwrap());
    assert_eq!(peeked.flags().unwrap(), key.flags());
    assert_eq!(peeked.last_written().unwrap(), key.last_written());
    assert_eq!(peeked.security().unwrap(), key.security().unwrap());
    let class = key
        .class_name()
        .unwrap()
        .map(|name| name.units().collect::<Vec<u16>>());
    assert_eq!(peeked.class_name().unwrap(), class);
    assert_eq!(
        peeked.parent().unwrap().map(|key| key.id()),
        key.parent().unwrap().map(Key::id)
    );
    assert_eq!(peeked.value_count().unwrap(), key.value_count());
    let values: Vec<_> = peeked.values().unwrap().collect();
    assert_eq!(values.len(), key.values().unwrap().count());
    for (value, expected) in values.into_iter().zip(key.values().unwrap()) {
        let (value, expected) = (value.unwrap(), expected.unwrap());
        assert_eq!(value.name().unwrap(), expected.name().unwrap());
        assert_eq!(value.kind().unwrap(), expected.kind());
        assert_eq!(value.data_len().unwrap(), expected.data_len());
        assert!(*value.data().unwrap() == *expected.data().unwrap());
        assert_eq!(value.as_string().unwrap(), expected.as_string());
        assert_eq!(value.as_multi_string().unwrap(), expected.as_multi_string());
        assert_eq!(
            (value.as_u32().unwrap(), value.as_u64().unwrap()),
            (expected.as_u32(), expected.as_u64())
        );
    }
    let subkeys: Vec<_> = peeked.subkeys().unwrap().collect();
    assert_eq!(subkeys.len(), key.subkey_count() as usize);
    assert_eq!(peeked.subkey_count().unwrap(), key.subkey_count());
    let mut keys = 1;
    for (subkey, expected) in subkeys.into_iter().zip(key.subkeys().unwrap()) {
        keys += assert_same(&subkey.unwrap(), expected.unwrap());
    }
    keys
}

#[test]
fn every_key_and_value_is_the_same() {
    let Some(corpus) = wimwright_testdata::corpus("peek") else {
        return;
    };
    for name in [
        "SYSTEM-winxp64-sp2.sav",
        "NTUSER-vibranium.DAT",
        "nt-hive-testhive",
        "yarp/BigDataHive",
        "yarp/SlackHive",
    ] {
        let bytes = wimwright_testdata::read(&corpus.join("hives").join(name));
        let peek = Peek::open(&bytes).unwrap();
        let hive = Hive::open(bytes.clone()).unwrap();
        assert_eq!(peek.minor_version(), hive.minor_version());
        let keys = assert_same(&peek.root().unwrap(), hive.root());
        assert_eq!(keys, hive.check().keys, "{name}");
    }
}

#[test]
fn a_dirty_hive_is_seen_through_its_logs() {
    let Some(corpus) = wimwright_testdata::corpus("peek through logs") else {
        return;
    };
    for golden in common::goldens(&corpus) {
        let name = golden.name.as_str();
        // The largest one costs time and shows nothing new.
        if name.starts_with("SYSTEM") {
            continue;
        }
        let bytes = wimwright_testdata::read(&corpus.join("hives").join(name));
        assert!(
            matches!(Peek::open(&bytes), Err(Error::Dirty { .. })),
            "{name}"
        );
        let logs = common::logs(&corpus, name);
        let (peek, recovery) = Peek::open_with_logs(&bytes, &logs).unwrap();
        let (hive, expected) = Hive::open_with_logs(bytes.clone(), &logs).unwrap();
        assert_eq!(recovery, expected, "{name}");
        let keys = assert_same(&peek.root().unwrap(), hive.root());
        assert_eq!(keys, golden.keys, "{name}");
    }
    // A base block that only the log has.
    let name = "yarp/BadBaseBlockHive/BadBaseBlockHive";
    let bytes = wimwright_testdata::read(&corpus.join("hives").join(name));
    let logs = common::logs(&corpus, name);
    let (peek, recovery) = Peek::open_with_logs(&bytes, &logs).unwrap();
    assert!(recovery.unwrap().base_block_from_log);
    let (hive, _) = Hive::open_with_logs(bytes.clone(), &logs).unwrap();
    assert_eq!(assert_same(&peek.root().unwrap(), hive.root()), 5003);
}

#[test]
fn a_few_look_ups_read_a_few_pages() {
    let Some(corpus) = wimwright_testdata::corpus("pages read") else {
        return;
    };
    let bytes = wimwright_testdata::read(&corpus.join("hives/SYSTEM-win10-2004-x64"));
    let peek = Peek::open(&bytes).unwrap();
    let select = peek.key("Select").unwrap().unwrap();
    assert_eq!(
        select.value("default").unwrap().unwrap().as_u32().unwrap(),
        Some(1)
    );
    let environment = r"ControlSet001\Control\Session Manager\Environment";
    let environment = peek.key(environment).unwrap().unwrap();
    let processor = environment
        .value("PROCESSOR_ARCHITECTURE")
        .unwrap()
        .unwrap();
    assert_eq!(processor.as_string().unwrap().as_deref(), Some("AMD64"));
    assert!(
        peek.key(r"ControlSet001\Services\NoSuchService")
            .unwrap()
            .is_none()
    );
    assert!(peek.key(r"ControlSet001\Services\Tcpip").unwrap().is_some());
    // Of 349 that the file has.
    assert!(peek.pages_read() <= 24, "{} pages", peek.pages_read());
}

#[test]
fn hives_that_open_refuses_are_peeked_at_without_harm() {
    let Some(corpus) = wimwright_testdata::corpus("peek at damage") else {
        return;
    };
    for row in common::hives(&corpus) {
        let bytes = row.read(&corpus);
        let Ok(peek) = Peek::open(&bytes) else {
            continue;
        };
        let (mut pending, mut seen) = (vec![peek.root().map(|root| root.id())], 0);
        while let Some(id) = pending.pop() {
            seen += 1;
            let Ok(key) = id.and_then(|id| peek.key_by_id(id)) else {
                continue;
            };
            key.values()
                .into_iter()
                .flatten()
                .flatten()
                .for_each(|value| drop(value.data()));
            // Loops in the tree are the caller's to guard against.
            if seen < 10_000 {
                pending.extend(
                    key.subkeys()
                        .into_iter()
                        .flatten()
                        .map(|key| key.map(|key| key.id())),
                );
            }
        }
    }
}
