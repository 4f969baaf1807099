//! The rules of editing, one by one: nothing grows or changes without need,
//! and what cannot be is refused by name.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test ends where something is wrong"
)]

use wimwright_hive::{Error, FileTime, Hive, MinorVersion, Security, inherited_security};

fn new_hive(minor: MinorVersion) -> Hive {
    let empty = [
        1, 0, 4, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    ];
    let descriptor = inherited_security(&empty).unwrap();
    Hive::create(minor, "ROOT", &descriptor, FileTime(1)).unwrap()
}

#[test]
fn adding_and_removing_the_same_tree_does_not_grow_the_file() {
    for minor in [MinorVersion::V1_3, MinorVersion::V1_5] {
        let mut hive = new_hive(minor);
        let mut sizes = Vec::new();
        for round in 0..1000_u64 {
            let now = FileTime(round);
            for name in ["A", "B", "Ω"] {
                let path = format!(r"Tree\{name}\Below");
                let (key, _) = hive.create_key(&path, Security::Inherit, now).unwrap();
                for (value, length) in [("small", 3), ("some", 200), ("big", 20_000)] {
                    let units: Vec<u16> = value.encode_utf16().collect();
                    hive.set_value(key, &units, 3, &vec![round as u8; length], now)
                        .unwrap();
                }
            }
            assert!(hive.delete_key("Tree", now).unwrap());
            sizes.push(hive.as_bytes().len());
        }
        assert!(
            sizes[1..].iter().all(|&size| size == sizes[0]),
            "{minor}: {sizes:?}"
        );
        let report = hive.check();
        assert_eq!((report.keys, report.security, report.found), (1, 1, 0));
    }
}

#[test]
fn an_edit_that_changes_nothing_writes_nothing() {
    let mut hive = new_hive(MinorVersion::V1_5);
    let (key, _) = hive
        .create_key(r"A\B", Security::Inherit, FileTime(5))
        .unwrap();
    let name = [0x56];
    for length in [0, 3, 4, 5, 100, 16_344, 16_345, 50_000] {
        assert!(
            hive.set_value(key, &name, 3, &vec![7; length], FileTime(6))
                .unwrap()
        );
        let mut again = Hive::open(hive.as_bytes().to_vec()).unwrap();
        let later = FileTime(99);
        assert!(
            !again
                .set_value(key, &[0x76], 3, &vec![7; length], later)
                .unwrap()
        );
        assert_eq!(
            again.create_key(r"a\B\", Security::Inherit, later).unwrap(),
            (key, false)
        );
        assert!(!again.delete_key(r"A\C", later).unwrap());
        assert!(!again.delete_value(key, &[0x57], later).unwrap());
        let descriptor = again.key_by_id(key).unwrap().security().unwrap().to_vec();
        assert!(!again.set_security(key, &descriptor, later).unwrap());
        assert!(!again.is_edited() && again.dirty_pages().is_empty());
        assert!(again.as_bytes() == hive.as_bytes());
    }
}

#[test]
fn sequence_numbers_go_up_once_for_each_open() {
    let sequence = |hive: &Hive| {
        let field = |at: usize| u32::from_le_bytes(hive.as_bytes()[at..at + 4].try_into().unwrap());
        (field(4), field(8))
    };
    let mut bytes = new_hive(MinorVersion::V1_5).into_bytes();
    for opened in 1..4 {
        let mut hive = Hive::open(bytes).unwrap();
        assert_eq!(sequence(&hive), (opened, opened));
        for round in 0..3 {
            hive.set_value(
                hive.root().id(),
                &[0x41],
                4,
                &[round; 4],
                FileTime(u64::from(opened)),
            )
            .unwrap();
            assert_eq!(sequence(&hive), (opened + 1, opened + 1));
            assert!(
                Hive::open(hive.as_bytes().to_vec()).is_ok(),
                "clean after each edit"
            );
        }
        bytes = hive.into_bytes();
    }
}

#[test]
fn edits_are_refused_by_name_and_leave_the_bytes_alone() {
    let mut hive = new_hive(MinorVersion::V1_3);
    let (key, _) = hive
        .create_key("Key", Security::Inherit, FileTime(1))
        .unwrap();
    let (gone, _) = hive
        .create_key("Gone", Security::Inherit, FileTime(1))
        .unwrap();
    assert!(hive.delete_key_by_id(gone, FileTime(1)).unwrap());
    let before = hive.as_bytes().to_vec();
    let root = hive.root().id();
    let now = FileTime(2);
    let too_long = [0x41; 256];
    type Refusal = fn(&Error) -> bool;
    let refusals: [(Result<(), Error>, Refusal); 10] = [
        (hive.delete_key("", now).map(drop), |error| {
            matches!(error, Error::DeleteRoot)
        }),
        (hive.delete_key_by_id(root, now).map(drop), |error| {
            matches!(error, Error::DeleteRoot)
        }),
        (
            hive.create_subkey(key, &too_long, Security::Inherit, now)
                .map(drop),
            |error| matches!(error, Error::KeyName { length: 256 }),
        ),
        (
            hive.create_subkey(key, &[], Security::Inherit, now)
                .map(drop),
            |error| matches!(error, Error::KeyName { length: 0 }),
        ),
        (
            hive.create_subkey(key, &[0x41, 0x5C], Security::Inherit, now)
                .map(drop),
            |error| matches!(error, Error::KeyName { length: 2 }),
        ),
        (
            hive.set_value(key, &vec![0x41; 16_384], 1, &[], now)
                .map(drop),
            |error| matches!(error, Error::ValueName { length: 16_384, .. }),
        ),
        (
            hive.set_value(key, &[0x41], 1, &vec![0; 1024 * 1024], now)
                .map(drop),
            |error| matches!(error, Error::ValueTooLong { .. }),
        ),
        (
            hive.create_subkey(key, &[0x41], Security::Descriptor(&[1, 2, 3]), now)
                .map(drop),
            |error| matches!(error, Error::Descriptor { .. }),
        ),
        (hive.set_security(key, &[0; 20], now).map(drop), |error| {
            matches!(error, Error::Descriptor { .. })
        }),
        (
            hive.set_value(gone, &[0x41], 1, &[], now).map(drop),
            |error| matches!(error, Error::NoSuchKey { .. }),
        ),
    ];
    for (index, (result, expected)) in refusals.into_iter().enumerate() {
        assert!(
            result.as_ref().is_err_and(expected),
            "refusal {index}: {result:?}"
        );
    }
    assert!(hive.as_bytes() == before);
    assert!(hive.key_by_id(gone).is_err());
}

#[test]
fn keys_nest_to_the_depth_that_windows_allows() {
    let mut hive = new_hive(MinorVersion::V1_5);
    let deepest = vec!["k"; 512].join("\\");
    hive.create_key(&deepest, Security::Inherit, FileTime(1))
        .unwrap();
    assert!(matches!(
        hive.create_key(&format!("{deepest}\\k"), Security::Inherit, FileTime(1)),
        Err(Error::TooDeep { limit: 512, .. })
    ));
    assert_eq!(
        Hive::open(hive.as_bytes().to_vec()).unwrap().check().keys,
        513
    );
    assert!(hive.delete_key("k", FileTime(2)).unwrap());
    assert_eq!(hive.check().keys, 1);
}

#[test]
fn a_padded_file_stays_padded_and_another_one_does_not() {
    for (tail, expected) in [(0, false), (40_000, true)] {
        let mut bytes = new_hive(MinorVersion::V1_5).into_bytes();
        // Whatever lies behind the last bin.
        bytes.extend((0..tail).map(|at| at as u8));
        let mut hive = Hive::open(bytes).unwrap();
        let root = hive.root().id();
        hive.set_value(root, &[0x41], 3, &[1; 10_000], FileTime(1))
            .unwrap();
        assert_eq!(
            hive.as_bytes().len(),
            8192 + tail.max(12_288),
            "grows into what was there"
        );
        hive.set_value(root, &[0x42], 3, &[1; 60_000], FileTime(1))
            .unwrap();
        assert_eq!(hive.as_bytes().len().is_multiple_of(256 * 1024), expected);
        let hive = Hive::open(hive.into_bytes()).unwrap();
        assert_eq!(hive.check().found, 0);
        assert_eq!(
            hive.root().value("b").unwrap().unwrap().data().unwrap(),
            vec![1; 60_000]
        );
    }
}

#[test]
fn hives_with_oddities_are_edited_without_harm() {
    let test = "odd hives";
    let Some(corpus) = wimwright_testdata::corpus(test) else {
        return;
    };
    for name in [
        "HealedHive",
        "WrongOrderHive",
        "InvalidParentHive",
        "UpcaseHive",
        "DupNameHive",
        "TwoOwnersHive",
    ] {
        let bytes = wimwright_testdata::read(&corpus.join("hives/yarp").join(name));
        let mut hive = Hive::open(bytes).unwrap();
        let before = hive.check();
        let (key, _) = hive
            .create_key("ZzNew", Security::Inherit, FileTime(7))
            .unwrap();
        hive.set_value(key, &[], 1, &[65, 0, 0, 0], FileTime(7))
            .unwrap();
        let with = hive.check();
        assert_eq!(with.keys, before.keys + 1, "{name}");
        assert_eq!(with.found, before.found, "{name}");
        assert!(hive.delete_key("zznew", FileTime(8)).unwrap());
        let after = hive.check();
        assert_eq!(
            (after.keys, after.values, after.found),
            (before.keys, before.values, before.found),
            "{name}"
        );
        // Every key that was there can go, too, but the one that names another parent.
        let subkeys: Vec<_> = hive
            .root()
            .subkeys()
            .unwrap()
            .map(|key| key.unwrap().id())
            .collect();
        let refused = subkeys
            .into_iter()
            .filter(|&key| {
                matches!(
                    hive.delete_key_by_id(key, FileTime(9)),
                    Err(Error::WrongParent { .. })
                )
            })
            .count();
        assert_eq!(hive.check().keys, 1 + refused, "{name}");
        assert!(Hive::open(hive.into_bytes()).is_ok(), "{name}");
    }
}
