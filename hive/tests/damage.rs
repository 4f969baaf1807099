//! Damaged hives and logs: never a panic, an endless walk or a large
//! allocation; and what the structure check passes can be read and edited
//! without an error.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test ends where something is wrong"
)]

mod common;

use proptest::prelude::*;
use wimwright_hive::{
    Error, FileTime, Hive, Key, MinorVersion, Peek, Security, check, inherited_security,
};

/// One change to a file.
#[derive(Clone, Debug)]
enum Damage {
    /// A byte anywhere.
    Byte { at: usize, value: u8 },
    /// A field of four bytes with a number that has a meaning.
    Number { at: usize, value: u32 },
    /// A field that names a cell names another one.
    Offset { at: usize, cell: usize },
    /// The file ends early.
    Cut { length: usize },
    /// A part is copied over another.
    Copy {
        from: usize,
        to: usize,
        length: usize,
    },
}

fn damage() -> impl Strategy<Value = Damage> {
    let at = 0_usize..1 << 20;
    let number = prop::sample::select(vec![
        0,
        1,
        2,
        4,
        7,
        8,
        0x20,
        0x7F,
        0xFF,
        0x1000,
        0x3FD8,
        0x3FD9,
        0xFFFF,
        0x1_0000,
        0x7FFF_FFFF,
        0x8000_0000,
        0x8000_0001,
        0xFFFF_FFFF,
        0xFFFF_FFF8,
        0xFFFF_F000,
        u32::from_le_bytes(*b"lh\x01\0"),
        u32::from_le_bytes(*b"ri\x02\0"),
        u32::from_le_bytes(*b"li\xFF\xFF"),
        u32::from_le_bytes(*b"db\x02\0"),
        u32::from_le_bytes(*b"nk\x20\0"),
        u32::from_le_bytes(*b"hbin"),
    ]);
    prop_oneof![
        2 => (at.clone(), any::<u8>()).prop_map(|(at, value)| Damage::Byte { at, value }),
        3 => (at.clone(), number).prop_map(|(at, value)| Damage::Number { at, value }),
        3 => (at.clone(), at.clone()).prop_map(|(at, cell)| Damage::Offset { at, cell }),
        1 => at.clone().prop_map(|length| Damage::Cut { length }),
        1 => (at.clone(), at, 1_usize..200)
            .prop_map(|(from, to, length)| Damage::Copy { from, to, length }),
    ]
}

/// Starts of all cells, free ones included.
fn cells(hive: &[u8]) -> Vec<u32> {
    let field = |at: usize| u32::from_le_bytes(hive[at..at + 4].try_into().unwrap());
    let (mut cells, mut bin) = (Vec::new(), 4096);
    while bin < 4096 + field(40) as usize {
        let mut at = bin + 32;
        while at < bin + field(bin + 8) as usize {
            cells.push(u32::try_from(at - 4096).unwrap());
            at += field(at).cast_signed().unsigned_abs() as usize;
        }
        bin += field(bin + 8) as usize;
    }
    cells
}

fn apply(bytes: &mut Vec<u8>, cells: &[u32], damage: &Damage) {
    if bytes.len() < 8 {
        return;
    }
    match *damage {
        Damage::Byte { at, value } => {
            let at = at % bytes.len();
            bytes[at] = value;
        }
        Damage::Number { at, value } => {
            let at = at % (bytes.len() - 4) / 4 * 4;
            bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
        }
        Damage::Offset { at, cell } => {
            let at = at % (bytes.len() - 4) / 4 * 4;
            let cell = cells[cell % cells.len()];
            bytes[at..at + 4].copy_from_slice(&cell.to_le_bytes());
        }
        Damage::Cut { length } => bytes.truncate(length % bytes.len()),
        Damage::Copy { from, to, length } => {
            let (from, to) = (from % bytes.len(), to % bytes.len());
            let length = length.min(bytes.len() - from).min(bytes.len() - to);
            bytes.copy_within(from..from + length, to);
        }
    }
}

/// Small hives that hold every structure between them.
fn seeds() -> Vec<Vec<u8>> {
    let empty = [
        1, 0, 4, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    ];
    let descriptor = inherited_security(&empty).unwrap();
    let mut seeds: Vec<_> = [MinorVersion::V1_3, MinorVersion::V1_5]
        .into_iter()
        .map(|minor| {
            let mut hive = Hive::create(minor, "root", &descriptor, FileTime(1)).unwrap();
            let root = hive.root().id();
            let units = |text: &str| text.encode_utf16().collect::<Vec<_>>();
            for name in ["a", "Ω", "long name of a key"] {
                let (key, _) = hive
                    .create_subkey(root, &units(name), Security::Inherit, FileTime(2))
                    .unwrap();
                for (name, length) in [("", 2), ("x", 40), ("Ω", 300)] {
                    hive.set_value(key, &units(name), 1, &vec![1; length], FileTime(3))
                        .unwrap();
                }
                hive.create_subkey(key, &units("below"), Security::Inherit, FileTime(4))
                    .unwrap();
            }
            hive.set_value(root, &units("big"), 3, &[5; 33_000], FileTime(3))
                .unwrap();
            let mut other = descriptor.clone();
            other[2] = 0;
            hive.set_security(root, &other, FileTime(3)).unwrap();
            hive.into_bytes()
        })
        .collect();
    // An index over leaves.
    let mut wide = Hive::create(MinorVersion::V1_5, "wide", &descriptor, FileTime(1)).unwrap();
    for number in 0..1013 {
        wide.create_key(&format!("{number}"), Security::Inherit, FileTime(1))
            .unwrap();
    }
    seeds.push(wide.into_bytes());
    if let Some(corpus) = wimwright_testdata::corpus("more seeds") {
        for name in [
            "BCD-Template-win10",
            "edge/100_sub_keys.hiv",
            "hivex/rlenvalue_test_hive",
            "edge/UNICODE_TESTS",
            "System_Delta-v1.6",
            // Keys with class names.
            "DEFAULT-winxp64-sp2",
        ] {
            seeds.push(wimwright_testdata::read(&corpus.join("hives").join(name)));
        }
    }
    seeds
}

/// Reads everything below a key. Nothing may fail.
fn read_all(key: Key<'_>) -> usize {
    key.name().unwrap().to_string_lossy();
    key.security().unwrap();
    key.class_name().unwrap();
    let mut read = 1;
    for value in key.values().unwrap() {
        let value = value.unwrap();
        value.name().unwrap();
        read += value.data().unwrap().len();
    }
    for subkey in key.subkeys().unwrap() {
        read += read_all(subkey.unwrap());
    }
    read
}

/// Edits here and there. Only refusals of the hive as such may come.
fn edit(hive: &mut Hive) {
    let now = FileTime(9);
    let root = hive.root().id();
    let first = hive
        .root()
        .subkeys()
        .unwrap()
        .next()
        .map(|key| key.unwrap().id());
    let results = [
        hive.create_key(r"a\New\Below", Security::Inherit, now)
            .map(drop),
        hive.set_value(root, &[0x62], 3, &[1; 20_000], now)
            .map(drop),
        hive.set_value(root, &[], 3, &[1; 3], now).map(drop),
        hive.delete_value(root, &[0x62, 0x69, 0x67], now).map(drop),
        first.map_or(Ok(()), |key| hive.delete_key_by_id(key, now).map(drop)),
        hive.create_key("zz", Security::Inherit, now).map(drop),
    ];
    for result in results {
        assert!(
            matches!(
                result,
                Ok(())
                    | Err(Error::Differencing
                        | Error::WrongParent { .. }
                        | Error::PredefinedKey { .. }
                        | Error::TooDeep { .. })
            ),
            "{result:?}"
        );
    }
}

/// Looks at everything that a peek reaches, up to a bound: here loops are
/// possible.
fn peek_at(bytes: &[u8]) {
    // What an unchecked reader would open: everything but the base block.
    let Ok(peek) = Peek::open(bytes) else { return };
    let mut pending = vec![peek.root().map(|key| key.id())];
    for _ in 0..200 {
        let Some(id) = pending.pop() else { return };
        let Ok(key) = id.and_then(|id| peek.key_by_id(id)) else {
            continue;
        };
        drop((
            key.subkey("below"),
            key.value("x"),
            key.security(),
            key.class_name(),
        ));
        key.values()
            .into_iter()
            .flatten()
            .flatten()
            .for_each(|value| drop(value.data()));
        pending.extend(
            key.subkeys()
                .into_iter()
                .flatten()
                .map(|key| key.map(|key| key.id())),
        );
    }
}

fn seal(bytes: &mut [u8]) {
    if bytes.len() >= 512 {
        bytes.copy_within(4..8, 8);
        let sum = bytes[..508].chunks(4).fold(0, |sum, dword| {
            sum ^ u32::from_le_bytes(dword.try_into().unwrap())
        });
        let sum: u32 = match sum {
            0 => 1,
            u32::MAX => u32::MAX - 1,
            sum => sum,
        };
        bytes[508..512].copy_from_slice(&sum.to_le_bytes());
    }
}

#[test]
fn damaged_hives_are_refused_or_read_and_edited() {
    let seeds: Vec<_> = seeds()
        .into_iter()
        .map(|seed| (cells(&seed), seed))
        .collect();
    let (passed, edited) = (std::cell::Cell::new(0), std::cell::Cell::new(0));
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases: 6000,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let strategy = (0..seeds.len(), prop::collection::vec(damage(), 1..6));
    runner
        .run(&strategy, |(seed, damage)| {
            let (cells, bytes) = &seeds[seed];
            let mut bytes = bytes.clone();
            damage
                .iter()
                .for_each(|damage| apply(&mut bytes, cells, damage));
            seal(&mut bytes);
            peek_at(&bytes);
            let report = check(&bytes);
            let Ok(mut hive) = Hive::open(bytes) else {
                return Ok(());
            };
            passed.set(passed.get() + 1);
            // A check that passes is a promise.
            prop_assert!(report.is_ok_and(|report| report.first_broken().is_none()));
            read_all(hive.root());
            edit(&mut hive);
            edited.set(edited.get() + usize::from(hive.is_edited()));
            let after = hive.check();
            prop_assert!(after.first_broken().is_none(), "{:?}", after.first_broken());
            prop_assert!(Hive::open(hive.into_bytes()).is_ok());
            Ok(())
        })
        .unwrap();
    // Not everything was refused: damage in data and slack does no harm.
    assert!(
        passed.get() > 600 && edited.get() > 500,
        "{passed:?} {edited:?}"
    );
}

#[test]
fn damaged_logs_are_refused_or_replayed() {
    let Some(corpus) = wimwright_testdata::corpus("damaged logs") else {
        return;
    };
    let cases: Vec<_> = [
        "yarp/NewDirtyHive1/NewDirtyHive",
        "yarp/OldDirtyHive/OldDirtyHive",
    ]
    .into_iter()
    .map(|name| {
        (
            wimwright_testdata::read(&corpus.join("hives").join(name)),
            common::logs(&corpus, name),
        )
    })
    .collect();
    let replayed = std::cell::Cell::new(0);
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases: 400,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let strategy = (
        0..cases.len(),
        any::<bool>(),
        prop::collection::vec(damage(), 1..4),
    );
    runner
        .run(&strategy, |(case, repair, damage)| {
            let (hive, logs) = &cases[case];
            let mut logs = logs.clone();
            damage
                .iter()
                .for_each(|damage| apply(&mut logs[0], &[0x20], damage));
            if repair {
                seal(&mut logs[0]);
            }
            if let Ok((hive, _)) = Hive::open_with_logs(hive.clone(), &logs) {
                read_all(hive.root());
                replayed.set(replayed.get() + 1);
            }
            if let Ok((peek, _)) = Peek::open_with_logs(hive.as_slice(), &logs) {
                drop(peek.key("a"));
            }
            Ok(())
        })
        .unwrap();
    assert!(replayed.get() > 50, "{replayed:?}");
}

#[test]
fn a_hive_cut_anywhere_is_refused() {
    let seed = seeds().remove(1);
    let end = seed.len();
    for length in (0..end).step_by(97).chain([4095, 4096, 4097, end - 1]) {
        let cut = seed[..length].to_vec();
        assert!(
            Hive::open_accepting_dirty(cut.clone()).is_err(),
            "{length} bytes"
        );
        drop(check(&cut));
    }
}

#[test]
fn a_list_that_names_itself_or_its_parent_ends() {
    let Some(corpus) = wimwright_testdata::corpus("loops") else {
        return;
    };
    for name in ["yarp/BadListHive", "yarp/BadSubkeyHive"] {
        let bytes = wimwright_testdata::read(&corpus.join("hives").join(name));
        assert!(
            matches!(Hive::open(bytes.clone()), Err(Error::CellShared { .. })),
            "{name}"
        );
        // A peek follows what it is asked to, but each step ends.
        let peek = Peek::open(&bytes).unwrap();
        let mut key = peek.root().unwrap();
        for _ in 0..1000 {
            let Some(Ok(subkey)) = key.subkeys().unwrap().last() else {
                break;
            };
            key = subkey;
        }
    }
}
