//! Two packages or more for each generation: every file, key and value that
//! adding them writes, compared with a golden list that was read against the
//! write-lists, and read back by hivex and regipy.

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
    let mut found = Keys::new();
    let open: Option<std::sync::Arc<Hive>> = draft.hive(hive).unwrap();
    let Some(open) = open else { return found };
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

/// An image, a package, and what it is published as.
struct Case {
    golden: &'static str,
    around: Around,
    folder: &'static str,
    inf: &'static str,
    name: &'static str,
}

const CASES: &[Case] = &[
    Case {
        golden: "viostor-on-10-2004.txt",
        around: Around::Windows10_2004,
        folder: "virtio-viostor-w10-amd64",
        inf: "viostor.inf",
        name: "oem9.inf",
    },
    Case {
        golden: "netkvm-on-11-arm64.txt",
        around: Around::Windows11Arm64,
        folder: "virtio-netkvm-w10-arm64",
        inf: "netkvm.inf",
        name: "oem9.inf",
    },
    Case {
        golden: "iaahci-on-xp-x86.txt",
        around: Around::WindowsXpX86,
        folder: "intel-iastor-xp-f6",
        inf: "iaAHCI.inf",
        name: "pending:iaahci.inf_x86_",
    },
    Case {
        golden: "ftdibus-on-xp-x64.txt",
        around: Around::WindowsXpX64,
        folder: "ftdi-cdm-2.08.30",
        inf: "ftdibus.inf",
        name: "pending:ftdibus.inf_amd64_",
    },
    Case {
        golden: "txtsetup-on-xp-x86.txt",
        around: Around::WindowsXpX86,
        folder: "intel-iastor-xp-f6",
        inf: "TXTSETUP.OEM",
        name: "pending:txtsetup.oem_x86_",
    },
    Case {
        golden: "iastor-on-7-x86.txt",
        around: Around::Windows7X86,
        folder: "intel-iastor-xp-f6",
        inf: "iaStor.inf",
        name: "pending:iastor.inf_x86_",
    },
    Case {
        golden: "vigembus-on-7-x64.txt",
        around: Around::Windows7X64,
        folder: "vigembus-x64",
        inf: "ViGEmBus.inf",
        name: "pending:vigembus.inf_amd64_",
    },
    Case {
        golden: "vigembus-on-winpe-3.txt",
        around: Around::WindowsPe3X86,
        folder: "vigembus-x86",
        inf: "ViGEmBus.inf",
        name: "pending:vigembus.inf_x86_",
    },
];

in_each_store! {
fn packages_are_written_as_the_write_lists_say() {
    for case in CASES {
        check(case);
    }
}}

fn check(case: &Case) {
    let test = case.golden;
    let Some(image) = TestImage::new(case.around, test) else {
        return;
    };
    let hives = [HiveName::System, HiveName::Software, HiveName::Drivers];
    let look = image.open(Access::Read).look(support::now());
    let before: Vec<Keys> = hives.iter().map(|hive| keys(&look, hive)).collect();
    let files_before = image.snapshot();
    let given = package(test, case.folder, case.inf).unwrap();
    let (results, _) = image.add(&[given], false);
    let name = results[0].published_name.as_ref();
    let name = name.or(results[0].package_id.as_ref()).unwrap();
    assert!(name.starts_with(case.name), "{results:?}");

    let mut text = String::new();
    let source = wimwright_testdata::corpus(test)
        .unwrap()
        .join("drivers")
        .join(case.folder);
    let origins = support::snapshot(&source);
    for (name, bytes) in image.snapshot() {
        if files_before.contains(&(name.clone(), bytes.clone())) || name.contains("/config/") {
            continue;
        }
        let origin = origins.iter().find(|(_, origin)| *origin == bytes);
        match origin {
            Some((origin, _)) => writeln!(text, "+ {name} = {origin}").unwrap(),
            None => {
                let content = String::from_utf8(bytes).unwrap();
                writeln!(text, "~ {name} = {content:?}").unwrap();
            }
        }
    }
    let look = image.open(Access::Read).look(support::now());
    let after: Vec<Keys> = hives.iter().map(|hive| keys(&look, hive)).collect();
    let mut touched = Vec::new();
    for ((hive, before), after) in hives.iter().zip(&before).zip(&after) {
        touched.push((hive, difference(before, after, hive, &mut text)));
    }
    support::compare_golden(case.golden, &text);

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
