//! Two hives are compared key by key; the other direction is the mirror image.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test program")]

use wimwright_hive::{FileTime, Hive, Security, kind};
use wimwright_servicing::Text;
use wimwright_servicing::registry::{DiffOptions, RegChange, RegData, RegDifference, diff_keys};
use wimwright_testdata::image::{Data, hive};
use wimwright_testdata::{corpus, read};

const NOW: FileTime = FileTime(0x01DB_0000_0000_0000);

fn diff(a: &Hive, b: &Hive) -> Vec<RegDifference> {
    diff_keys(
        Some(a.root()),
        Some(b.root()),
        DiffOptions {
            security: true,
            ..DiffOptions::default()
        },
    )
    .unwrap()
}

fn mirrored(differences: Vec<RegDifference>) -> Vec<RegDifference> {
    let turn = |what| match what {
        RegChange::KeyAdded => RegChange::KeyRemoved,
        RegChange::KeyRemoved => RegChange::KeyAdded,
        RegChange::ValueAdded { name, new } => RegChange::ValueRemoved { name, old: new },
        RegChange::ValueRemoved { name, old } => RegChange::ValueAdded { name, new: old },
        RegChange::ValueChanged { name, old, new } => RegChange::ValueChanged {
            name,
            old: new,
            new: old,
        },
        RegChange::SecurityChanged { old, new } => {
            RegChange::SecurityChanged { old: new, new: old }
        }
        RegChange::Detail(detail) => panic!("not asked for: {detail:?}"),
    };
    let turned = differences.into_iter().map(|difference| RegDifference {
        key: difference.key,
        what: turn(difference.what),
    });
    turned.collect()
}

#[test]
fn each_kind_of_difference_is_named_once() {
    let a = hive(
        "R",
        &[
            ("same\\deep", "v", Data::Sz("x")),
            ("gone\\below", "v", Data::Dword(1)),
            ("changed", "First", Data::Sz("1")),
            ("changed", "second", Data::Dword(2)),
            ("changed", "third", Data::Dword(3)),
        ],
    );
    let b = hive(
        "R",
        &[
            // Another order and another case are no difference.
            ("CHANGED", "THIRD", Data::Dword(3)),
            ("CHANGED", "Second", Data::Sz("2")),
            ("CHANGED", "fourth", Data::Dword(4)),
            ("Same\\DEEP", "V", Data::Sz("x")),
            ("new\\below", "v", Data::Dword(1)),
        ],
    );
    let (a, b) = (Hive::open(a).unwrap(), Hive::open(b).unwrap());
    let name = Text::from;
    let expected = [
        (
            "CHANGED",
            RegChange::ValueRemoved {
                name: name("First"),
                old: RegData::sz("1"),
            },
        ),
        (
            "CHANGED",
            RegChange::ValueAdded {
                name: name("fourth"),
                new: RegData::dword(4),
            },
        ),
        (
            "CHANGED",
            RegChange::ValueChanged {
                name: name("Second"),
                old: RegData::dword(2),
                new: RegData::sz("2"),
            },
        ),
        ("gone", RegChange::KeyRemoved),
        ("gone\\below", RegChange::KeyRemoved),
        (
            "gone\\below",
            RegChange::ValueRemoved {
                name: name("v"),
                old: RegData::dword(1),
            },
        ),
        ("new", RegChange::KeyAdded),
        ("new\\below", RegChange::KeyAdded),
        (
            "new\\below",
            RegChange::ValueAdded {
                name: name("v"),
                new: RegData::dword(1),
            },
        ),
    ]
    .map(|(key, what)| RegDifference {
        key: key.into(),
        what,
    });
    let found = diff(&a, &b);
    assert_eq!(found, expected);
    // Order is by name on both sides, so only names of another case differ,
    // and paths compare without case.
    let mut back = mirrored(diff(&b, &a));
    for (back, found) in back.iter_mut().zip(&found) {
        if let RegChange::ValueChanged { name, .. } = &mut back.what {
            assert!(name.eq_ignore_case(&Text::from("second")));
            *name = Text::from("Second");
        }
        assert_eq!(back, found);
    }
    assert_eq!(back.len(), found.len());
}

#[test]
fn security_is_compared_only_where_asked() {
    let a = Hive::open(hive("R", &[("k", "v", Data::Dword(1))])).unwrap();
    let mut b = a.clone();
    let key = b.key("k").unwrap().unwrap().id();
    let mut other = b.key("k").unwrap().unwrap().security().unwrap().to_vec();
    // Another owner: the last part of its SID.
    let owner = u32::from_le_bytes(other[4..8].try_into().unwrap()) as usize;
    let last = owner + 8 + 4 * (usize::from(other[owner + 1]) - 1);
    other[last] ^= 1;
    let _ = b.set_security(key, &other, NOW).unwrap();
    let [difference] = diff(&a, &b).try_into().unwrap();
    assert_eq!(difference.key, "k".into());
    assert!(matches!(
        difference.what,
        RegChange::SecurityChanged { old, new } if new == other && old != other
    ));
    let roots = (Some(a.root()), Some(b.root()));
    let without = diff_keys(roots.0, roots.1, DiffOptions::default()).unwrap();
    assert_eq!(without, []);
}

#[test]
fn a_real_hive_differs_from_itself_in_what_was_edited() {
    let test = "a_real_hive_differs_from_itself_in_what_was_edited";
    let Some(corpus) = corpus(test) else {
        return;
    };
    let bytes = read(&corpus.join("hives/SYSTEM-win10-2004-x64.zst"));
    let a = Hive::open(bytes).unwrap();
    assert_eq!(diff(&a, &a), []);
    let mut b = a.clone();
    let (key, _) = b
        .create_key("ControlSet001\\Services\\Zz", Security::Inherit, NOW)
        .unwrap();
    let data = 4_u32.to_le_bytes();
    assert!(b.set_value(key, &[], kind::DWORD, &data, NOW).unwrap());
    assert!(b.delete_key("ControlSet001\\Services\\Tcpip", NOW).unwrap());
    let found = diff(&a, &b);
    let top: Vec<String> = found
        .iter()
        .filter(|difference| !matches!(difference.what, RegChange::ValueRemoved { .. }))
        .filter(|difference| {
            difference
                .key
                .as_text()
                .units()
                .filter(|unit| *unit == 92)
                .count()
                < 3
        })
        .map(|difference| format!("{} {:?}", difference.key, difference.what))
        .collect();
    assert_eq!(
        top,
        [
            "ControlSet001\\Services\\Tcpip KeyRemoved",
            "ControlSet001\\Services\\Zz KeyAdded",
            "ControlSet001\\Services\\Zz ValueAdded { name: \"\", new: REG_DWORD 4 (0x4) }",
        ]
    );
    assert_eq!(mirrored(diff(&b, &a)), found);
}
