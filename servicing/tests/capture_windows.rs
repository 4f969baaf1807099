//! What the XML data say of a captured Windows is what wimlib says of it.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test ends where something is wrong"
)]

mod capturing;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use capturing::{WIMLIB, captured, open, utf8, wimlib};
use wimwright_hive::{FileTime, Hive, encode, kind};
use wimwright_testdata::image::{Data, create, hive, set};
use wimwright_testdata::{corpus, program, read};
use wimwright_wim::Element;

/// A PE file that is nothing but its headers.
fn pe(machine: u16) -> Vec<u8> {
    let mut file = vec![0; 0x200];
    file[..2].copy_from_slice(b"MZ");
    file[0x3C] = 0x80;
    file[0x80..0x84].copy_from_slice(b"PE\0\0");
    file[0x84..0x86].copy_from_slice(&machine.to_le_bytes());
    let (magic, optional) = match machine {
        0x014C => (0x010B_u16, 0xE0_u16),
        _ => (0x020B, 0xF0),
    };
    file[0x94..0x96].copy_from_slice(&optional.to_le_bytes());
    file[0x98..0x9A].copy_from_slice(&magic.to_le_bytes());
    file
}

/// The texts of an element by path; of several alike, in order.
fn texts(element: &Element) -> BTreeMap<String, Vec<String>> {
    fn walk(element: &Element, path: &str, all: &mut BTreeMap<String, Vec<String>>) {
        for child in element.elements() {
            let path = format!("{path}/{}", child.name());
            if child.elements().next().is_none() {
                all.entry(path).or_default().push(child.own_text());
            } else {
                walk(child, &path, all);
            }
        }
    }
    let mut all = BTreeMap::new();
    walk(element, "", &mut all);
    all
}

fn software(values: &[(&str, Data)]) -> Vec<u8> {
    let key = "Microsoft\\Windows NT\\CurrentVersion";
    let values: Vec<_> = values
        .iter()
        .map(|(name, data)| (key, *name, data.clone()))
        .collect();
    hive("SOFTWARE", &values)
}

/// A SYSTEM hive with everything that is asked of one.
fn system(set: u32) -> Vec<u8> {
    let control = format!("ControlSet{set:03}\\Control");
    let bytes = hive(
        "SYSTEM",
        &[
            ("Select", "Current", Data::Dword(set)),
            ("Select", "Default", Data::Dword(set)),
            (
                &format!("{control}\\Windows"),
                "CSDVersion",
                Data::Dword(0x300),
            ),
            (
                &format!("{control}\\Windows"),
                "CSDBuildNumber",
                Data::Dword(17514),
            ),
            (
                &format!("{control}\\ProductOptions"),
                "ProductType",
                Data::Sz("ServerNT"),
            ),
            (
                &format!("{control}\\Nls\\Language"),
                "InstallLanguage",
                Data::Sz("0407"),
            ),
            (
                &format!("{control}\\MUI\\UILanguages\\de-DE"),
                "LCID",
                Data::Dword(0x407),
            ),
            (
                &format!("{control}\\MUI\\UILanguages\\en-US"),
                "LCID",
                Data::Dword(0x409),
            ),
        ],
    );
    let mut hive = Hive::open(bytes).unwrap();
    let id = create(&mut hive, &format!("{control}\\ProductOptions"));
    let name: Vec<u16> = "ProductSuite".encode_utf16().collect();
    let suites = [
        encode::sz("Terminal Server"),
        encode::sz("Enterprise"),
        vec![0, 0],
    ]
    .concat();
    hive.set_value(id, &name, kind::MULTI_SZ, &suites, FileTime(0))
        .unwrap();
    hive.into_bytes()
}

fn put(tree: &Path, name: &str, bytes: &[u8]) {
    let path = tree.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

#[test]
fn the_windows_in_an_image_is_told_as_wimlib_tells_it() {
    const TEST: &str = "the_windows_in_an_image_is_told_as_wimlib_tells_it";
    if !program(WIMLIB, TEST) {
        return;
    }
    let version = |major: u32, minor: u32, build: &'static str| {
        vec![
            ("CurrentVersion", Data::Text(format!("{major}.{minor}"))),
            ("CurrentBuild", Data::Sz(build)),
            ("CurrentBuildNumber", Data::Sz(build)),
            ("ProductName", Data::Sz("Windows of a test & more")),
            ("EditionID", Data::Sz("Professional")),
            ("InstallationType", Data::Sz("Client")),
            ("SystemRoot", Data::Sz("C:\\Windows")),
        ]
    };
    let mut ten = version(6, 3, "19041");
    ten.extend([
        ("CurrentMajorVersionNumber", Data::Dword(10)),
        ("CurrentMinorVersionNumber", Data::Dword(0)),
        ("UBR", Data::Dword(1234)),
        (
            "BuildLabEx",
            Data::Sz("19041.1.amd64fre.vb_release.191206-1406"),
        ),
    ]);
    let mut seven = version(6, 1, "7601");
    seven.extend([
        (
            "BuildLabEx",
            Data::Sz("7601.17514.x86fre.win7sp1_rtm.101119-1850"),
        ),
        ("CSDVersion", Data::Sz("Service Pack 1")),
    ]);
    let rows = [
        ("ten", software(&ten), system(1), 0x8664),
        ("seven", software(&seven), system(1), 0x014C),
        (
            "bare",
            software(&version(5, 2, "3790")),
            hive("SYSTEM", &[]),
            0x0200,
        ),
        ("arm", software(&[]), system(1), 0xAA64),
    ];
    let mut rows: Vec<(String, Vec<u8>, Vec<u8>, u16)> = rows
        .into_iter()
        .map(|(name, software, system, machine)| (name.to_owned(), software, system, machine))
        .collect();
    if let Some(corpus) = corpus(TEST) {
        for (name, machine) in [
            ("SYSTEM-win10-2004-x64", 0x8664),
            ("SYSTEM-win7-sp1-x86", 0x014C),
            ("SYSTEM-winxp64-sp2", 0x8664),
            ("SYSTEM-winxp-sp3-x86", 0x014C),
        ] {
            let system = read(&corpus.join("hives").join(name));
            rows.push((name.to_owned(), software(&seven), system, machine));
        }
    }
    let folder = tempfile::tempdir().unwrap();
    for (name, software, system, machine) in rows {
        let tree = folder.path().join(&name);
        put(&tree, "Windows/System32/config/SYSTEM", &system);
        put(&tree, "Windows/System32/config/SOFTWARE", &software);
        put(&tree, "Windows/System32/kernel32.dll", &pe(machine));
        let [ours, theirs] =
            ["ours", "theirs"].map(|side| folder.path().join(format!("{name}-{side}.wim")));
        let done = captured(&tree, &ours);
        assert!(done.findings.is_empty(), "{name}: {:?}", done.findings);
        wimlib(&[
            "capture",
            utf8(&tree),
            utf8(&theirs),
            "x",
            "--compress=none",
        ]);
        let [ours, theirs] = [&ours, &theirs].map(|wim| {
            let archive = open(wim);
            let windows = archive.xml().image(1).unwrap().get("WINDOWS");
            let mut texts = texts(windows.unwrap());
            // Before Vista no key names languages; wimlib has a table.
            if !texts.contains_key("/LANGUAGES/LANGUAGE") {
                texts.remove("/LANGUAGES/DEFAULT");
            }
            texts
        });
        assert_eq!(ours, theirs, "{name}");
    }
}

#[test]
fn dirty_hives_are_replayed_and_damaged_ones_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let tree = folder.path().join("tree");
    let mut clean = Hive::open(system(1)).unwrap();
    set(
        &mut clean,
        "ControlSet002\\Control\\ProductOptions",
        "ProductType",
        &Data::Sz("WinNT"),
    );
    let mut broken = clean.into_bytes();
    // Its sequence numbers differ: dirty, and no log lies beside it.
    broken[4] ^= 1;
    put(&tree, "Windows/System32/config/SYSTEM", &broken);
    put(&tree, "Windows/System32/config/SOFTWARE", &software(&[]));
    let wim = folder.path().join("a.wim");
    let done = captured(&tree, &wim);
    assert_eq!(
        done.findings[0].name, "windows-unknown",
        "{:?}",
        done.findings
    );
    assert!(open(&wim).xml().image(1).unwrap().get("WINDOWS").is_none());

    let Some(corpus) = corpus("dirty_hives_are_replayed_and_damaged_ones_are_named") else {
        return;
    };
    let name = "SYSTEM-win10-1709-x64-dirty";
    for ending in ["", ".LOG1", ".LOG2"] {
        let bytes = read(&corpus.join("hives").join(format!("{name}{ending}")));
        put(
            &tree,
            &format!("Windows/System32/config/SYSTEM{ending}"),
            &bytes,
        );
    }
    let wim = folder.path().join("b.wim");
    let done = captured(&tree, &wim);
    assert!(done.findings.is_empty(), "{:?}", done.findings);
    let archive = open(&wim);
    let windows = archive.xml().image(1).unwrap().get("WINDOWS").unwrap();
    assert_eq!(windows.text("PRODUCTTYPE").as_deref(), Some("WinNT"));
}
