//! One canonical dump of a hive's tree, taken by four readers.
//!
//! Depth first, in the order of the lists: for a key `K`, its depth and its
//! name; for a value `V`, its name, type and data; lengths before what they
//! count, numbers little-endian, names in UTF-16LE. Only the SHA-256 of it is
//! compared, so a Python reader can make the same without sharing a line.

use std::path::Path;
use std::process::Command;

use nt_hive::{KeyValueData, NtHiveError, NtHiveNameString};
use sha2::{Digest as _, Sha256};
use wimwright_hive::{Hive, Key};

/// What a reader found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Dump {
    pub(crate) keys: usize,
    pub(crate) values: usize,
    pub(crate) sha256: String,
}

#[derive(Default)]
struct Dumper {
    keys: usize,
    values: usize,
    hash: Sha256,
}

impl Dumper {
    fn number(&mut self, number: usize) {
        self.hash
            .update(u32::try_from(number).unwrap().to_le_bytes());
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len());
        self.hash.update(bytes);
    }

    fn key(&mut self, depth: usize, name: &[u8]) {
        self.keys += 1;
        self.hash.update(b"K");
        self.number(depth);
        self.bytes(name);
    }

    fn value(&mut self, name: &[u8], kind: u32, data: &[u8]) {
        self.values += 1;
        self.hash.update(b"V");
        self.bytes(name);
        self.number(kind as usize);
        self.bytes(data);
    }

    fn finish(self) -> Dump {
        let digest = self.hash.finalize();
        Dump {
            keys: self.keys,
            values: self.values,
            sha256: digest.iter().map(|byte| format!("{byte:02x}")).collect(),
        }
    }
}

/// Our own reader. Whatever a hive that has been opened holds, it is read
/// without an error.
pub(crate) fn ours(hive: &Hive) -> Dump {
    fn walk(dumper: &mut Dumper, key: Key<'_>, depth: usize) {
        let utf16 = |units: wimwright_hive::Name<'_>| -> Vec<u8> {
            units.units().flat_map(u16::to_le_bytes).collect()
        };
        dumper.key(depth, &utf16(key.name().unwrap()));
        for value in key.values().unwrap() {
            let value = value.unwrap();
            dumper.value(
                &utf16(value.name().unwrap()),
                value.kind(),
                &value.data().unwrap(),
            );
        }
        for subkey in key.subkeys().unwrap() {
            walk(dumper, subkey.unwrap(), depth + 1);
        }
    }
    let mut dumper = Dumper::default();
    walk(&mut dumper, hive.root(), 0);
    dumper.finish()
}

/// nt-hive, on bytes that our check has passed: it panics on some others.
pub(crate) fn nt_hive(bytes: &[u8]) -> Dump {
    type KeyNode<'h> = nt_hive::KeyNode<'h, &'h [u8]>;
    fn utf16(name: &NtHiveNameString<'_>) -> Vec<u8> {
        match name {
            NtHiveNameString::Latin1(bytes) => bytes.iter().flat_map(|&byte| [byte, 0]).collect(),
            NtHiveNameString::Utf16LE(bytes) => bytes.to_vec(),
        }
    }
    fn walk(dumper: &mut Dumper, key: &KeyNode<'_>, depth: usize) {
        dumper.key(depth, &utf16(&key.name().unwrap()));
        for value in key.values().into_iter().flat_map(Result::unwrap) {
            let value = value.unwrap();
            let kind = match value.data_type() {
                Ok(kind) => kind as u32,
                Err(NtHiveError::UnsupportedKeyValueDataType { actual, .. }) => actual,
                Err(error) => panic!("{error}"),
            };
            let data = match value.data().unwrap() {
                KeyValueData::Small(data) => data.to_vec(),
                big @ KeyValueData::Big(_) => big.into_vec().unwrap(),
            };
            dumper.value(&utf16(&value.name().unwrap()), kind, &data);
        }
        for subkey in key.subkeys().into_iter().flat_map(Result::unwrap) {
            walk(dumper, &subkey.unwrap(), depth + 1);
        }
    }
    let hive = nt_hive::Hive::new(bytes).unwrap();
    let mut dumper = Dumper::default();
    walk(&mut dumper, &hive.root_key_node().unwrap(), 0);
    dumper.finish()
}

/// hivex through its Python binding; `None` where that is missing. Names with
/// lone surrogates are beyond it.
pub(crate) fn hivex(path: &Path, test: &str) -> Option<Dump> {
    let python = wimwright_testdata::python_with("hivex", test)?;
    let output = Command::new(python)
        .arg(peer("hivex_dump.py"))
        .arg(path)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let words: Vec<&str> = text.split_whitespace().collect();
    let [keys, values, sha256] = words[..] else {
        panic!("hivex: {text}{}", String::from_utf8_lossy(&output.stderr));
    };
    Some(Dump {
        keys: keys.parse().unwrap(),
        values: values.parse().unwrap(),
        sha256: sha256.to_owned(),
    })
}

/// A script of this folder's `peers`.
pub(crate) fn peer(script: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/peers")
        .join(script)
}
