//! Thousands of random edits against a model that knows nothing of hives:
//! a map of names. What the hive says must be what the model says, to our own
//! check, to nt-hive and to hivex.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test ends where something is wrong"
)]

mod common;

use std::collections::BTreeMap;

use common::dump;
use wimwright_hive::{
    FileTime, Hive, Key, KeyId, MinorVersion, Security, inherited_security, save, upcase,
};

/// A small generator: the same edits in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        // xorshift64*
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() >> 33) as usize % bound
    }

    fn one_of<'t, T>(&mut self, choices: &'t [T]) -> &'t T {
        &choices[self.below(choices.len())]
    }
}

#[derive(Clone, Debug)]
struct ModelValue {
    name: Vec<u16>,
    kind: u32,
    data: Vec<u8>,
}

#[derive(Clone, Debug)]
struct ModelKey {
    id: KeyId,
    name: Vec<u16>,
    written: FileTime,
    security: Vec<u8>,
    values: Vec<ModelValue>,
    subkeys: BTreeMap<Vec<u16>, ModelKey>,
}

fn fold(name: &[u16]) -> Vec<u16> {
    name.iter().map(|&unit| upcase(unit)).collect()
}

impl ModelKey {
    fn read(key: Key<'_>) -> ModelKey {
        let name: Vec<u16> = key.name().unwrap().units().collect();
        ModelKey {
            id: key.id(),
            written: key.last_written(),
            security: key.security().unwrap().to_vec(),
            values: key
                .values()
                .unwrap()
                .map(Result::unwrap)
                .map(|value| ModelValue {
                    name: value.name().unwrap().units().collect(),
                    kind: value.kind(),
                    data: value.data().unwrap().into_owned(),
                })
                .collect(),
            subkeys: key
                .subkeys()
                .unwrap()
                .map(|subkey| ModelKey::read(subkey.unwrap()))
                .map(|subkey| (fold(&subkey.name), subkey))
                .collect(),
            name,
        }
    }

    fn value(&mut self, name: &[u16]) -> Option<usize> {
        self.values
            .iter()
            .position(|value| fold(&value.name) == fold(name))
    }

    /// A random key of the tree, by its path of folded names.
    fn pick(&self, random: &mut Random) -> Vec<Vec<u16>> {
        let mut path = Vec::new();
        let mut key = self;
        while !key.subkeys.is_empty() && path.len() < 6 && random.below(4) > 0 {
            let (name, subkey) = key
                .subkeys
                .iter()
                .nth(random.below(key.subkeys.len()))
                .unwrap();
            path.push(name.clone());
            key = subkey;
        }
        path
    }

    fn at(&mut self, path: &[Vec<u16>]) -> &mut ModelKey {
        path.iter()
            .fold(self, |key, name| key.subkeys.get_mut(name).unwrap())
    }

    /// Compares with the key of the hive, and all below.
    fn assert_same(&self, key: Key<'_>) {
        let name: Vec<u16> = key.name().unwrap().units().collect();
        assert_eq!(name, self.name);
        assert_eq!(key.id(), self.id, "{key:?} has moved");
        assert_eq!(key.last_written(), self.written, "{key:?}");
        assert!(
            key.security().unwrap() == self.security,
            "{key:?}: security"
        );
        assert_eq!(key.value_count() as usize, self.values.len(), "{key:?}");
        for (value, expected) in key.values().unwrap().zip(&self.values) {
            let value = value.unwrap();
            let name: Vec<u16> = value.name().unwrap().units().collect();
            assert_eq!(
                (name, value.kind()),
                (expected.name.clone(), expected.kind),
                "{key:?}"
            );
            assert!(
                value.data().unwrap() == expected.data,
                "{key:?}: data of {:?}",
                expected.name
            );
            assert_eq!(value.data_len(), expected.data.len());
        }
        assert_eq!(key.subkey_count() as usize, self.subkeys.len(), "{key:?}");
        // The map is in the registry's order.
        for (subkey, (folded, expected)) in key.subkeys().unwrap().zip(&self.subkeys) {
            let subkey = subkey.unwrap();
            expected.assert_same(subkey);
            let found = key.subkey_units(folded).unwrap().map(Key::id);
            assert_eq!(found, Some(expected.id), "search for {folded:x?}");
            assert_eq!(subkey.parent().unwrap().unwrap().id(), self.id);
        }
    }
}

/// What kind of names the edits use.
#[derive(Clone, Copy, PartialEq)]
enum Names {
    /// All that hivex can read.
    Characters,
    /// Lone surrogates among them.
    AnyUnits,
}

fn random_name(random: &mut Random, names: Names) -> Vec<u16> {
    let text = match random.below(10) {
        0 => format!(
            "{{{:08x}-{}}}",
            random.below(50),
            "long".repeat(random.below(20))
        ),
        1 => (*random.one_of(&["Größe", "GRÖSSE", "größe", "ÿ", "Ÿ", "µ"])).to_owned(),
        2 => {
            (*random.one_of(&["Ωmega", "ωMEGA", "日本語", "😀key", "txt\u{f00d}", "ı"])).to_owned()
        }
        3 => format!("KEY{}", random.below(60)),
        4 => "x".repeat(1 + random.below(255)),
        _ => format!("Key{}", random.below(400)),
    };
    let mut name: Vec<u16> = text.encode_utf16().collect();
    if names == Names::AnyUnits && random.below(4) == 0 {
        name[0] = *random.one_of(&[0xD800, 0xDFFF, 0xD83D, 0xFFFF, 1]);
    }
    name
}

fn random_data(random: &mut Random) -> Vec<u8> {
    let length = match random.below(100) {
        0..=29 => random.below(6),
        30..=79 => random.below(200),
        80..=94 => random.below(6000),
        95..=96 => 16340 + random.below(10),
        97 => 2 * 16344 - 2 + random.below(4),
        _ => random.below(100_000),
    };
    let start = random.next() as u8;
    (0..length).map(|at| start.wrapping_add(at as u8)).collect()
}

fn descriptors() -> Vec<Vec<u8>> {
    let empty = [
        1, 0, 4, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    ];
    let base = inherited_security(&empty).unwrap();
    (0..5_u8)
        .map(|rights| {
            let mut descriptor = base.clone();
            // Rights of the first entry, which children inherit.
            descriptor[20 + 8 + 1] = 2;
            descriptor[20 + 8 + 4] = rights;
            descriptor
        })
        .collect()
}

/// One random edit of hive and model.
fn edit(hive: &mut Hive, model: &mut ModelKey, random: &mut Random, names: Names, now: FileTime) {
    let descriptors = descriptors();
    let path = model.pick(random);
    match random.below(100) {
        0..=34 => {
            let name = random_name(random, names);
            let security = match random.below(3) {
                0 => Security::Descriptor(random.one_of::<Vec<u8>>(&descriptors)),
                _ => Security::Inherit,
            };
            create(hive, model.at(&path), &name, security, now);
        }
        // Many at once under one key, so that leaves are cut.
        35 => {
            for _ in 0..random.below(150) {
                let name: Vec<u16> = format!("Wide{:06x}", random.below(1 << 24))
                    .encode_utf16()
                    .collect();
                create(hive, model, &name, Security::Inherit, now);
            }
        }
        36..=52 => {
            let Some((last, parent)) = path.split_last() else {
                return;
            };
            let parent = model.at(parent);
            let key = parent.subkeys.remove(last).unwrap();
            parent.written = now;
            assert!(hive.delete_key_by_id(key.id, now).unwrap());
        }
        53..=84 => {
            let key = model.at(&path);
            let name = if random.below(8) == 0 {
                Vec::new()
            } else {
                random_name(random, names)
            };
            let data = random_data(random);
            let kind = *random.one_of(&[0, 1, 2, 3, 4, 7, 11, 0xFFFF_0012, 0x0010_0000]);
            let changed = hive.set_value(key.id, &name, kind, &data, now).unwrap();
            let existing = key.value(&name);
            let same = existing
                .is_some_and(|at| key.values[at].kind == kind && key.values[at].data == data);
            assert_eq!(changed, !same);
            match existing {
                Some(at) => (key.values[at].kind, key.values[at].data) = (kind, data),
                None => key.values.push(ModelValue { name, kind, data }),
            }
            if changed {
                key.written = now;
            }
        }
        85..=92 => {
            let key = model.at(&path);
            let name = match key.values.is_empty() {
                true => random_name(random, names),
                false => random.one_of(&key.values).name.clone(),
            };
            let existing = key.value(&name);
            assert_eq!(
                hive.delete_value(key.id, &fold(&name), now).unwrap(),
                existing.is_some()
            );
            if let Some(at) = existing {
                key.values.remove(at);
                key.written = now;
            }
        }
        _ => {
            let key = model.at(&path);
            let descriptor: &Vec<u8> = random.one_of(&descriptors);
            let changed = hive.set_security(key.id, descriptor, now).unwrap();
            assert_eq!(changed, key.security != *descriptor);
            if changed {
                key.security.clone_from(descriptor);
                key.written = now;
            }
        }
    }
}

fn create(
    hive: &mut Hive,
    parent: &mut ModelKey,
    name: &[u16],
    security: Security<'_>,
    now: FileTime,
) {
    let (id, is_new) = hive.create_subkey(parent.id, name, security, now).unwrap();
    let existing = parent.subkeys.get(&fold(name));
    assert_eq!(is_new, existing.is_none());
    if let Some(existing) = existing {
        assert_eq!(id, existing.id);
        return;
    }
    let security = match security {
        Security::Inherit => inherited_security(&parent.security).unwrap(),
        Security::Descriptor(descriptor) => descriptor.to_vec(),
    };
    parent.written = now;
    let (name, folded) = (name.to_vec(), fold(name));
    let (values, subkeys) = (Vec::new(), BTreeMap::new());
    parent.subkeys.insert(
        folded,
        ModelKey {
            id,
            name,
            written: now,
            security,
            values,
            subkeys,
        },
    );
}

/// Edits a hive `count` times and compares on the way.
fn run(mut hive: Hive, seed: u64, count: usize, names: Names, test: &str) -> Hive {
    let mut random = Random(seed);
    let mut model = ModelKey::read(hive.root());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hive");
    let (mut most_subkeys, mut read_by_nt_hive) = (0, 0);
    let unreferenced = hive.check().unreferenced;
    for number in 1..=count {
        edit(
            &mut hive,
            &mut model,
            &mut random,
            names,
            FileTime(1000 + number as u64),
        );
        if number % (count / 20) != 0 {
            continue;
        }
        most_subkeys = most_subkeys.max(model.subkeys.len());
        model.assert_same(hive.root());
        let reopened = Hive::open(hive.as_bytes().to_vec()).unwrap();
        let report = reopened.check();
        assert_eq!(
            (report.found, report.unreferenced),
            (unreferenced, unreferenced),
            "{:?}",
            report.findings
        );
        let expected = dump::ours(&reopened);
        if report.long_values == 0 {
            assert_eq!(
                dump::nt_hive(hive.as_bytes()),
                expected,
                "nt-hive after {number} edits"
            );
            read_by_nt_hive += 1;
        }
        if names == Names::Characters && number % (count / 4) == 0 {
            save(&hive, &path).unwrap();
            if let Some(hivex) = dump::hivex(&path, test) {
                assert_eq!(hivex, expected, "hivex after {number} edits");
            }
        }
    }
    // The edits have come to what they are to show.
    assert!(
        most_subkeys > 1100,
        "{most_subkeys} subkeys: no leaf was cut"
    );
    assert!(hive.minor_version() == MinorVersion::V1_3 || read_by_nt_hive == 20);
    hive
}

fn new_hive(minor: MinorVersion) -> Hive {
    Hive::create(minor, "ROOT", &descriptors()[0], FileTime(1)).unwrap()
}

#[test]
fn ten_thousand_edits_of_a_new_hive_of_version_1_5() {
    let hive = run(
        new_hive(MinorVersion::V1_5),
        1,
        10_000,
        Names::Characters,
        "model 1.5",
    );
    let report = hive.check();
    assert!(
        report.lists.lh > 2 && report.lists.ri > 0 && report.big_values > 0,
        "{report:?}"
    );
    assert_eq!(
        (report.lists.lf, report.lists.li, report.long_values),
        (0, 0, 0)
    );
}

#[test]
fn ten_thousand_edits_of_a_new_hive_of_version_1_3() {
    let hive = run(
        new_hive(MinorVersion::V1_3),
        2,
        10_000,
        Names::Characters,
        "model 1.3",
    );
    let report = hive.check();
    assert!(
        report.lists.lf > 0 && report.lists.li > 1 && report.lists.ri > 0,
        "{report:?}"
    );
    assert_eq!((report.lists.lh, report.big_values), (0, 0));
    assert!(report.long_values > 0);
}

#[test]
fn edits_with_lone_surrogates_in_names() {
    run(
        new_hive(MinorVersion::V1_5),
        3,
        5_000,
        Names::AnyUnits,
        "surrogates 1.5",
    );
    run(
        new_hive(MinorVersion::V1_3),
        4,
        5_000,
        Names::AnyUnits,
        "surrogates 1.3",
    );
}

#[test]
fn edits_of_real_hives() {
    let test = "edits of real hives";
    let Some(corpus) = wimwright_testdata::corpus(test) else {
        return;
    };
    for (seed, name) in ["SYSTEM-win10-minimal-driverdb", "NTUSER-vibranium.DAT"]
        .into_iter()
        .enumerate()
    {
        let bytes = wimwright_testdata::read(&corpus.join("hives").join(name));
        run(
            Hive::open(bytes).unwrap(),
            10 + seed as u64,
            4_000,
            Names::Characters,
            test,
        );
    }
}
