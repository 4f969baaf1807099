//! The virtio storage driver on Windows 10: every file, key and value of the
//! write-lists, compared with a golden list that was read against them, and
//! read back by hivex and regipy.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "a test program"
)]

mod support;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use support::{Around, TestImage, package};
use wimwright_servicing::registry::{Hive, HiveName, Key};
use wimwright_servicing::{Access, Draft};

/// Every key with its values: name → type and data in hex.
type Keys = BTreeMap<String, Vec<(String, u32, String)>>;

fn keys(draft: &Draft, hive: &HiveName) -> Keys {
    let open: std::sync::Arc<Hive> = draft.hive(hive).unwrap().unwrap();
    let mut found = Keys::new();
    collect(open.root(), &mut Vec::new(), &mut found);
    found
}

fn collect(key: Key<'_>, path: &mut Vec<String>, found: &mut Keys) {
    let values = key.values().unwrap().map(|value| {
        let value = value.unwrap();
        let data = value.data().unwrap();
        let hex = data.iter().map(|byte| format!("{byte:02x}")).collect();
        (value.name().unwrap().to_string_lossy(), value.kind(), hex)
    });
    found.insert(path.join("\\"), values.collect());
    for below in key.subkeys().unwrap() {
        let below = below.unwrap();
        path.push(below.name().unwrap().to_string_lossy());
        collect(below, path, found);
        path.pop();
    }
}

/// The bytes that `hex` spells, and the text that they are.
fn decoded(hex: &str) -> (Vec<u8>, String) {
    let bytes: Vec<u8> = (0..hex.len() / 2)
        .map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap())
        .collect();
    let units: Vec<u16> = bytes
        .chunks(2)
        .map(|pair| u16::from_le_bytes([pair[0], *pair.get(1).unwrap_or(&0)]))
        .collect();
    (bytes, String::from_utf16_lossy(&units))
}

/// The data of a value as a person reads it, where that says all of it.
fn readable(kind: u32, hex: &str) -> String {
    let (bytes, text) = decoded(hex);
    match kind {
        1 | 2 => format!("{text:?}"),
        7 => format!("{:?}", text.split('\0').collect::<Vec<_>>()),
        4 => format!("{}", u32::from_le_bytes(bytes.try_into().unwrap())),
        _ => hex.to_owned(),
    }
}

fn difference(before: &Keys, after: &Keys, hive: &HiveName, text: &mut String) -> Vec<String> {
    let mut touched = Vec::new();
    for (key, values) in after {
        let old = before.get(key);
        if old == Some(values) {
            continue;
        }
        touched.push(key.clone());
        writeln!(
            text,
            "{} {hive}\\{key}",
            if old.is_none() { "+" } else { "~" }
        )
        .unwrap();
        for (name, kind, data) in values {
            let was = old.and_then(|old| old.iter().find(|(known, _, _)| known == name));
            if was.is_some_and(|(_, old_kind, old_data)| old_kind == kind && old_data == data) {
                continue;
            }
            writeln!(
                text,
                "    {name:?} type {kind:#x} {}",
                readable(*kind, data)
            )
            .unwrap();
        }
    }
    for key in before.keys().filter(|key| !after.contains_key(*key)) {
        writeln!(text, "- {hive}\\{key}").unwrap();
    }
    touched
}

fn peer(python: &str, reader: &str, hive: &Path, keys: &[String]) -> String {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peer/read_keys.py");
    let mut child = Command::new(python)
        .args([script, reader])
        .arg(hive)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(keys.join("\n").as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{reader} failed");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_virtio_storage_driver_is_written_as_the_write_lists_say() {
    let test = "write-list of viostor";
    let Some(image) = TestImage::new(Around::Windows10_2004, test) else {
        return;
    };
    let hives = [HiveName::System, HiveName::Software, HiveName::Drivers];
    let look = image.open(Access::Read).look(support::now());
    let before: Vec<Keys> = hives.iter().map(|hive| keys(&look, hive)).collect();
    let files_before = image.snapshot();
    let viostor = package(test, "virtio-viostor-w10-amd64", "viostor.inf").unwrap();
    let (results, _) = image.add(&[viostor], false);
    assert_eq!(
        results[0].published_name.as_deref(),
        Some("oem9.inf"),
        "{results:?}"
    );

    let mut text = String::new();
    let source = wimwright_testdata::corpus(test)
        .unwrap()
        .join("drivers/virtio-viostor-w10-amd64");
    for (name, bytes) in image.snapshot() {
        if files_before.iter().any(|(known, _)| *known == name) {
            continue;
        }
        let origin = ["viostor.inf", "viostor.sys", "viostor.cat"]
            .into_iter()
            .find(|origin| std::fs::read(source.join(origin)).unwrap() == bytes);
        writeln!(text, "+ {name} = {}", origin.unwrap_or("?")).unwrap();
    }
    let look = image.open(Access::Read).look(support::now());
    let after: Vec<Keys> = hives.iter().map(|hive| keys(&look, hive)).collect();
    let mut touched = Vec::new();
    for ((hive, before), after) in hives.iter().zip(&before).zip(&after) {
        touched.push((hive, difference(before, after, hive, &mut text)));
    }
    support::compare_golden("viostor-on-10-2004.txt", &text);

    // Somebody else reads the same.
    for (hive, list) in touched.iter().filter(|(_, list)| !list.is_empty()) {
        let file = image.path("Windows/System32/config").join(hive.to_string());
        let own = &after[hives.iter().position(|known| known == *hive).unwrap()];
        if let Some(python) = wimwright_testdata::python_with("hivex", test) {
            let mut expected = String::new();
            for key in list {
                writeln!(expected, "[{key}]").unwrap();
                for (name, kind, data) in &own[key] {
                    writeln!(expected, "{name}\t{kind}\t{data}").unwrap();
                }
            }
            assert_eq!(
                peer(python, "hivex", &file, list),
                expected,
                "hivex reads {hive} differently"
            );
        }
        if let Some(python) = wimwright_testdata::python_with("regipy", test) {
            let seen = peer(python, "regipy", &file, list);
            assert!(!seen.contains("missing ["), "{seen}");
            for key in list {
                for (name, kind, data) in &own[key] {
                    let shown = regipy_text(*kind, data);
                    let line = format!("{name}\t{}\t{shown}", regipy_kind(*kind));
                    assert!(
                        seen.lines().any(|seen| seen == line),
                        "regipy does not read `{line}`:\n{seen}"
                    );
                }
            }
        }
    }
}

fn regipy_kind(kind: u32) -> &'static str {
    match kind {
        0 => "REG_NONE",
        1 => "REG_SZ",
        2 => "REG_EXPAND_SZ",
        3 => "REG_BINARY",
        4 => "REG_DWORD",
        7 => "REG_MULTI_SZ",
        other => panic!("type {other}"),
    }
}

/// A value as regipy's Python prints it.
fn regipy_text(kind: u32, hex: &str) -> String {
    let quote = |text: &str| match text.contains('\'') {
        true => format!("\"{}\"", text.replace('\\', "\\\\")),
        false => format!("'{}'", text.replace('\\', "\\\\")),
    };
    let (bytes, text) = decoded(hex);
    match kind {
        1 | 2 => quote(text.trim_end_matches('\0')),
        7 => {
            let items: Vec<String> = text
                .split('\0')
                .filter(|item| !item.is_empty())
                .map(quote)
                .collect();
            format!("[{}]", items.join(", "))
        }
        4 => u32::from_le_bytes(bytes.try_into().unwrap()).to_string(),
        _ => quote(hex),
    }
}
