//! Real `.reg` files into a real hive, beside hivexregedit; and what we export,
//! read back by it. Where the two differ, the reason stands here as data.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test program"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, MutexGuard, PoisonError};

use wimwright_hive::{FileTime, Hive, MinorVersion};
use wimwright_servicing::registry::reg_file::{
    RegFile, RegFileFormat, RegFileOptions, RegFileRule, RegSection, write_reg_file,
};
use wimwright_servicing::registry::{
    DiffOptions, Key, LocationOptions, Locator, diff_keys, import,
};
use wimwright_servicing::{Access, BeginOptions, Image, Receipt, Text};
use wimwright_testdata::image::{Data, Windows, hive, write};
use wimwright_testdata::{corpus, files, program, python_with, read};

const NOW: FileTime = FileTime(0x01DB_0000_0000_0000);
/// All root keys lead into the one hive under test.
const ROOTS: [&str; 3] = [
    "HKEY_LOCAL_MACHINE",
    "HKEY_CLASSES_ROOT",
    "HKEY_CURRENT_USER",
];
const HIVE: &str = "Users/Default/NTUSER.DAT";

/// A process that is started while an image is locked inherits the lock for a
/// moment, so the tests here take turns.
static TURN: Mutex<()> = Mutex::new(());

fn turn() -> MutexGuard<'static, ()> {
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What hivexregedit makes of a file as it stands.
enum Peer {
    /// The same as we.
    Same,
    /// It refuses the file, which regedit and we accept.
    Refuses(&'static str),
    /// It writes something else.
    Differs(&'static str),
}

/// What we make of a file.
enum Ours {
    Accept,
    /// Refused for this rule, in this line.
    Refuse(fn(&RegFileRule) -> bool, u32),
}

use Ours::{Accept, Refuse};
use Peer::{Differs, Refuses, Same};

const BLANKS: &str = "blanks around `=`, which regedit allows";
const BLANK_BEHIND: &str = "a blank behind the data, which regedit allows";
const SHORT_DWORD: &str = "dword with fewer than 8 digits, which regedit allows";
const BLANK_LINE: &str = "a blank line or comment between the values of a key";
const ENCODING: &str = "UTF-16, which is how regedit writes its files";

/// Every file, what hivexregedit makes of it, and what we do.
const FILES: [(&str, Peer, Ours); 27] = [
    ("AcquireSamplePlugin.reg", Refuses(SHORT_DWORD), Accept),
    ("AppMem.reg", Refuses(BLANKS), Accept),
    ("Associations.reg", Same, Accept),
    ("Client.reg", Refuses(BLANKS), Accept),
    ("DefaultIntentWorkaround.reg", Same, Accept),
    ("Disable_Animations.reg", Same, Accept),
    ("Disable_Fast_Startup.reg", Refuses(BLANK_BEHIND), Accept),
    ("Disable_Location_Services.reg", Same, Accept),
    ("Disable_Shortcut_Arrow.reg", Same, Accept),
    ("Enable_Location_Services.reg", Same, Accept),
    ("Enable_Shortcut_Arrow.reg", Same, Accept),
    ("Install.reg", Refuses(BLANKS), Accept),
    ("L2SecExt.reg", Same, Accept),
    ("NonDefaultDropMenuVerb.reg", Same, Accept),
    ("Perfgen.reg", Refuses(BLANKS), Accept),
    ("alarms.reg", Same, Accept),
    ("dbauth.reg", Same, Accept),
    // A single backslash in `%windir%\system32`: hivexregedit would drop it
    // (as regedit does), but stops at the blank line before.
    (
        "kfdef.reg",
        Refuses(BLANK_LINE),
        Refuse(
            |rule| matches!(rule, RegFileRule::Escape { found } if found == "s"),
            29,
        ),
    ),
    ("localmachine.reg", Same, Accept),
    (
        "ours-regedit4-ansi.reg",
        Differs("text in hexadecimal is ANSI in REGEDIT4: it writes the bytes as they are"),
        Accept,
    ),
    ("ours-utf16.reg", Refuses(ENCODING), Accept),
    ("registerprovider.reg", Same, Accept),
    ("sampleosp_vc.reg", Same, Accept),
    ("shvui.reg", Same, Accept),
    // A file of Windows 3.1.
    (
        "sserver.reg",
        Refuses("the format of Windows 3.1"),
        Refuse(|rule| matches!(rule, RegFileRule::Windows31), 1),
    ),
    ("sync.reg", Same, Accept),
    ("uninstallsync.reg", Same, Accept),
];

fn reg_files() -> PathBuf {
    files().join("reg")
}

fn parse(name: &str, skip_bad_lines: bool) -> RegFile {
    let bytes = fs::read(reg_files().join(name)).unwrap();
    let options = RegFileOptions {
        skip_bad_lines,
        ..RegFileOptions::default()
    };
    RegFile::parse(&bytes, &options).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// An image whose only profile has this hive.
fn image(profile: &[u8]) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    let environment = "ControlSet001\\Control\\Session Manager\\Environment";
    let system = hive(
        "SYSTEM",
        &[
            ("Select", "Default", Data::Dword(1)),
            (environment, "PROCESSOR_ARCHITECTURE", Data::Sz("AMD64")),
        ],
    );
    write(root.path(), &system, &[], &Windows::new(10, 0, 19045), 9);
    fs::create_dir_all(root.path().join("Users/Default")).unwrap();
    fs::write(root.path().join(HIVE), profile).unwrap();
    root
}

/// Imports into the one hive.
fn import_ours(root: &Path, name: &str, file: RegFile) -> Receipt {
    let map = ROOTS.map(|root| format!("{root}=Users\\Default\\NTUSER.DAT\\{root}"));
    let locator = Locator::new(LocationOptions {
        user: None,
        map: map.to_vec(),
    })
    .unwrap();
    let files = [(name.to_owned(), file)];
    let image = Image::open(root, Access::Write).unwrap();
    let mut transaction = image.begin(BeginOptions {
        time: NOW,
        accept_dirty_hive: false,
        strict: true,
    });
    for done in transaction.run("import", |draft| import(draft, &locator, &files)) {
        let _ = done.unwrap();
    }
    transaction.prepare().unwrap().commit().unwrap().remove(0)
}

/// The keys above a section's, which hivexregedit does not make.
fn parents(section: &RegSection) -> Vec<RegSection> {
    let path = section.key.to_string();
    let ends = path.match_indices('\\').filter(|_| !section.delete);
    ends.map(|(end, _)| RegSection {
        line: 0,
        key: Text::from(&path[..end]),
        delete: false,
        values: Vec::new(),
    })
    .collect()
}

/// The sections, each with the keys above it before it.
fn with_parents(sections: &[RegSection]) -> Vec<RegSection> {
    let with = sections.iter().flat_map(|section| {
        let mut with = parents(section);
        with.push(section.clone());
        with
    });
    with.collect()
}

/// `hivexregedit --merge` of a `.reg` file whose keys begin with a root key.
fn merge(hive: &Path, text: &[u8]) -> Output {
    let reg = hive.with_extension("reg");
    fs::write(&reg, text).unwrap();
    Command::new("hivexregedit")
        .args(["--merge", "--encoding", "UTF-16LE", "--prefix", "P"])
        .args([hive, &reg])
        .output()
        .unwrap()
}

fn merged(hive: &Path, sections: &[RegSection]) {
    let prefixed = sections.iter().cloned().map(|mut section| {
        section.key = Text::from(format!("P\\{}", section.key));
        // It carries a key's deletions out before its settings, whatever their
        // order: only the last word on each value goes there.
        let names: Vec<Text> = section
            .values
            .iter()
            .map(|value| value.name.clone())
            .collect();
        let mut later = names.iter().skip(1);
        section.values.retain(|value| {
            let last = !later.clone().any(|name| name.eq_ignore_case(&value.name));
            later.next();
            last
        });
        // It takes text in quotation marks byte for byte: what is not ASCII
        // goes in hexadecimal, by way of a type that is not used else.
        for data in section.values.iter_mut().flat_map(|value| &mut value.data) {
            let text = data.as_text().filter(|_| data.kind == 1);
            if text.is_some_and(|text| !text.is_ascii()) {
                data.kind = 0xF1;
            }
        }
        section
    });
    let prefixed: Vec<RegSection> = prefixed.collect();
    let written = write_reg_file(&prefixed, RegFileFormat::Version5Utf8);
    assert_eq!(written.omitted, []);
    let text = String::from_utf8(written.bytes).unwrap();
    let text = text.replace("=hex(f1):", "=hex(1):");
    let output = merge(hive, text.as_bytes());
    assert!(output.status.success(), "{output:?}");
}

fn open(path: &Path) -> Hive {
    Hive::open(fs::read(path).unwrap()).unwrap()
}

fn differences(a: &Path, b: &Path) -> Vec<String> {
    let (a, b) = (open(a), open(b));
    let found = diff_keys(Some(a.root()), Some(b.root()), DiffOptions::default()).unwrap();
    found
        .iter()
        .map(|found| format!("{} {:?}", found.key, found.what))
        .collect()
}

/// A key as text: what is in it, for a comparison with somebody else's reader.
fn dump(key: Key<'_>, path: &str, text: &mut Vec<String>) {
    text.push(format!("[{path}]"));
    let mut values: Vec<String> = key
        .values()
        .unwrap()
        .map(|value| {
            let value = value.unwrap();
            let data: String = value
                .data()
                .unwrap()
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect();
            format!("{path}: {} {} {data}", value.name().unwrap(), value.kind())
        })
        .collect();
    values.sort();
    text.extend(values);
    for below in key.subkeys().unwrap() {
        let below = below.unwrap();
        let path = format!("{path}\\{}", below.name().unwrap());
        dump(below, &path, text);
    }
}

/// The same by regipy. It names no type above 11, and gives raw bytes where it
/// is asked not to interpret them.
const REGIPY: &str = r#"
import sys
from regipy.registry import RegistryHive
def walk(key, path):
    print(f"[{path}]")
    values = []
    for value in key.iter_values(as_json=False, trim_values=False):
        name = "" if value.name == "(default)" else value.name
        values.append(f"{path}: {name} {value.value_type}")
    print("\n".join(sorted(values))) if values else None
    for below in key.iter_subkeys():
        walk(below, path + "\\" + below.name)
hive = RegistryHive(sys.argv[1])
for below in hive.root.iter_subkeys():
    if below.name in sys.argv[2:]:
        walk(below, below.name)
"#;

#[test]
fn every_file_is_in_the_table_and_in_the_readme() {
    let listed = fs::read_dir(reg_files()).unwrap();
    let listed = listed.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let listed: BTreeSet<String> = listed.filter(|name| name.ends_with(".reg")).collect();
    let table: BTreeSet<String> = FILES.iter().map(|(name, ..)| (*name).to_owned()).collect();
    assert_eq!(listed, table);

    use sha2::{Digest as _, Sha256};
    let readme = fs::read_to_string(reg_files().join("README.md")).unwrap();
    for name in &table {
        let bytes = fs::read(reg_files().join(name)).unwrap();
        let digest: String = Sha256::digest(&bytes)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let mut rows = readme.lines();
        let row = rows.find(|line| line.starts_with(&format!("| `{name}` |")));
        let row = row.unwrap_or_else(|| panic!("no row for `{name}`"));
        assert!(row.contains(&digest), "{name}: {digest}");
    }
}

#[test]
fn what_we_refuse_is_refused_for_its_rule() {
    for (name, _, ours) in &FILES {
        let bytes = fs::read(reg_files().join(name)).unwrap();
        let parsed = RegFile::parse(&bytes, &RegFileOptions::default());
        match ours {
            Accept => drop(parsed.unwrap_or_else(|error| panic!("{name}: {error}"))),
            Refuse(rule, line) => {
                let error = parsed.unwrap_err();
                assert!(rule(&error.rule), "{name}: {error}");
                assert_eq!(error.line, *line, "{name}: {error}");
            }
        }
    }
}

#[test]
fn a_real_file_gives_what_hivexregedit_gives() {
    let _turn = turn();
    let test = "a_real_file_gives_what_hivexregedit_gives";
    let Some(corpus) = corpus(test) else {
        return;
    };
    if !program("hivexregedit", test) {
        return;
    }
    let real = read(&corpus.join("hives/NTUSER-vibranium.DAT"));
    let scratch = tempfile::tempdir().unwrap();
    for (name, peer, ours) in &FILES {
        // What is wrong with a file is skipped, to compare the rest.
        let skip = matches!(ours, Refuse(..));
        if skip && *name == "sserver.reg" {
            continue;
        }
        let root = image(&real);
        let file = parse(name, skip);
        let _ = import_ours(root.path(), name, file.clone());
        let ours = root.path().join(HIVE);

        // The same content in hivexregedit's own dialect must always agree.
        let canonical = scratch.path().join("canonical");
        fs::write(&canonical, &real).unwrap();
        merged(&canonical, &with_parents(&file.sections));
        assert_eq!(differences(&ours, &canonical), [""; 0], "{name}, canonical");

        // The file as it stands, but for the prefix of its keys.
        let raw = scratch.path().join("raw");
        fs::write(&raw, &real).unwrap();
        let above: Vec<RegSection> = file.sections.iter().flat_map(parents).collect();
        merged(&raw, &above);
        let bytes = fs::read(reg_files().join(name)).unwrap();
        let prefixed = match peer {
            Refuses(ENCODING) => bytes,
            _ => {
                let text: String = bytes.iter().map(|byte| char::from(*byte)).collect();
                let text = text.replace("\n[HKEY", "\n[P\\HKEY");
                let text = text.replace("\n[-HKEY", "\n[-P\\HKEY");
                text.chars().map(|c| c as u8).collect()
            }
        };
        let output = merge(&raw, &prefixed);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        match peer {
            Same => {
                assert!(output.status.success(), "{name}: {said}");
                assert_eq!(differences(&ours, &raw), [""; 0], "{name}, as it stands");
            }
            Refuses(why) => assert!(said.contains("parse error"), "{name}: {why}: {said}"),
            Differs(why) => {
                assert!(output.status.success(), "{name}: {said}");
                assert_ne!(
                    differences(&ours, &raw),
                    [""; 0],
                    "{name}: {why}: equal now"
                );
            }
        }
    }
}

#[test]
fn missing_parents_are_made_where_hivexregedit_gives_up() {
    let _turn = turn();
    let test = "missing_parents_are_made_where_hivexregedit_gives_up";
    if !program("hivexregedit", test) {
        return;
    }
    let empty = hive("R", &[]);
    let scratch = tempfile::tempdir().unwrap();
    let theirs = scratch.path().join("hive");
    fs::write(&theirs, &empty).unwrap();
    let text =
        "Windows Registry Editor Version 5.00\n\n[P\\HKEY_CURRENT_USER\\a\\b]\n\"v\"=\"1\"\n";
    let output = merge(&theirs, text.as_bytes());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("does not exist"), "{said}");

    let root = image(&empty);
    let bytes = text.replace("P\\", "");
    let file = RegFile::parse(bytes.as_bytes(), &RegFileOptions::default()).unwrap();
    let _ = import_ours(root.path(), "x.reg", file);
    let hive = open(&root.path().join(HIVE));
    let key = hive.key("HKEY_CURRENT_USER\\a\\b").unwrap().unwrap();
    assert_eq!(key.value("v").unwrap().unwrap().as_string().unwrap(), "1");
}

#[test]
fn importing_again_writes_nothing_and_the_hive_does_not_grow() {
    let _turn = turn();
    let test = "importing_again_writes_nothing_and_the_hive_does_not_grow";
    let Some(corpus) = corpus(test) else {
        return;
    };
    let root = image(&read(&corpus.join("hives/NTUSER-vibranium.DAT")));
    let path = root.path().join(HIVE);
    for (name, _, ours) in &FILES {
        if matches!(ours, Refuse(..)) {
            continue;
        }
        let _ = import_ours(root.path(), name, parse(name, false));
        let first = fs::read(&path).unwrap();
        for round in 2..=11 {
            let again = import_ours(root.path(), name, parse(name, false));
            assert_eq!(again.written, [], "{name}, import {round}");
        }
        assert_eq!(fs::read(&path).unwrap(), first, "{name}");
    }
}

#[test]
fn what_is_imported_is_read_by_hivex_and_regipy() {
    let _turn = turn();
    let test = "what_is_imported_is_read_by_hivex_and_regipy";
    let Some(corpus) = corpus(test) else {
        return;
    };
    let root = image(&read(&corpus.join("hives/NTUSER-vibranium.DAT")));
    let path = root.path().join(HIVE);
    for (name, _, ours) in &FILES {
        if *name != "sserver.reg" {
            let skip = matches!(ours, Refuse(..));
            let _ = import_ours(root.path(), name, parse(name, skip));
        }
    }
    let hive = open(&path);
    let mut all = Vec::new();
    for root in ROOTS {
        dump(hive.key(root).unwrap().unwrap(), root, &mut all);
    }
    assert!(all.len() > 150, "{}", all.len());

    if program("hivexregedit", test) {
        for root in ROOTS {
            let output = Command::new("hivexregedit")
                .args(["--export", "--prefix", "P"])
                .arg(&path)
                .arg(format!("\\{root}"))
                .output()
                .unwrap();
            assert!(output.status.success(), "{output:?}");
            // Read by our parser, so all bytes are compared.
            let file = RegFile::parse(&output.stdout, &RegFileOptions::default()).unwrap();
            let mut theirs = Vec::new();
            for section in &file.sections {
                let key = section.key.to_string();
                let key = key.strip_prefix("P\\").unwrap();
                theirs.push(format!("[{key}]"));
                let mut values: Vec<String> = section
                    .values
                    .iter()
                    .map(|value| {
                        let data = value.data.as_ref().unwrap();
                        let hex: String = data
                            .bytes
                            .iter()
                            .map(|byte| format!("{byte:02x}"))
                            .collect();
                        format!("{key}: {} {} {hex}", value.name, data.kind)
                    })
                    .collect();
                values.sort();
                theirs.extend(values);
            }
            let mut own = Vec::new();
            dump(hive.key(root).unwrap().unwrap(), root, &mut own);
            // Keys below are in another order there.
            own.sort();
            theirs.sort();
            assert_eq!(own, theirs, "{root} by hivex");
        }
    }
    if let Some(python) = python_with("regipy", test) {
        let output = Command::new(python)
            .args(["-c", REGIPY])
            .arg(&path)
            .args(ROOTS)
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        let theirs = String::from_utf8(output.stdout).unwrap();
        let theirs: BTreeSet<&str> = theirs.lines().collect();
        let named = |kind: &str| match kind.parse::<u32>().unwrap() {
            0 => "REG_NONE".to_owned(),
            1 => "REG_SZ".to_owned(),
            2 => "REG_EXPAND_SZ".to_owned(),
            3 => "REG_BINARY".to_owned(),
            4 => "REG_DWORD".to_owned(),
            7 => "REG_MULTI_SZ".to_owned(),
            11 => "REG_QWORD".to_owned(),
            other => other.to_string(),
        };
        let own: BTreeSet<String> = all
            .iter()
            .map(|line| match line.strip_prefix('[') {
                Some(_) => line.clone(),
                None => {
                    let (head, _) = line.rsplit_once(' ').unwrap();
                    let (head, kind) = head.rsplit_once(' ').unwrap();
                    format!("{head} {}", named(kind))
                }
            })
            .collect();
        let own: BTreeSet<&str> = own.iter().map(String::as_str).collect();
        let only = |a: &BTreeSet<&str>, b: &BTreeSet<&str>| -> Vec<String> {
            a.difference(b).map(|line| (*line).to_owned()).collect()
        };
        // It cuts the type 0xffff0012 to its lower half.
        let property = "HKEY_LOCAL_MACHINE\\Software\\Ours\\Wide: Property";
        let whole = format!("{property} 4294901778");
        assert_eq!(only(&own, &theirs), [whole], "not seen by regipy");
        let cut = format!("{property} 18");
        assert_eq!(only(&theirs, &own), [cut], "seen by regipy alone");
    }
}

#[test]
fn a_whole_part_of_a_real_hive_goes_through_a_reg_file() {
    let _turn = turn();
    let test = "a_whole_part_of_a_real_hive_goes_through_a_reg_file";
    let Some(corpus) = corpus(test) else {
        return;
    };
    let source = read(&corpus.join("hives/SYSTEM-win10-2004-x64.zst"));
    let source = Hive::open(source).unwrap();
    let services = source.key("ControlSet001\\Services").unwrap().unwrap();
    let name = "HKEY_LOCAL_MACHINE\\Services";
    let sections = RegSection::of_key(services, &Text::from(name)).unwrap();
    assert!(sections.len() > 1000, "{}", sections.len());
    let security = source.root().security().unwrap();
    let empty = Hive::create(MinorVersion::V1_5, "R", security, NOW).unwrap();
    let empty = empty.into_bytes();

    let written = write_reg_file(&sections, RegFileFormat::Version5);
    assert_eq!(written.omitted, []);
    let root = image(&empty);
    let file = RegFile::parse(&written.bytes, &RegFileOptions::default()).unwrap();
    let _ = import_ours(root.path(), "services.reg", file.clone());
    let target = open(&root.path().join(HIVE));
    let key = target.key(name).unwrap();
    let found = diff_keys(Some(services), key, DiffOptions::default()).unwrap();
    assert_eq!(found, []);
    let again = import_ours(root.path(), "services.reg", file);
    assert_eq!(again.written, []);

    // hivexregedit reads the same file once it is UTF-8.
    if program("hivexregedit", test) {
        let scratch = tempfile::tempdir().unwrap();
        let theirs = scratch.path().join("hive");
        fs::write(&theirs, &empty).unwrap();
        merged(&theirs, &with_parents(&sections[..1]));
        merged(&theirs, &sections);
        let theirs = open(&theirs);
        let key = theirs.key(name).unwrap();
        let found = diff_keys(Some(services), key, DiffOptions::default()).unwrap();
        assert_eq!(found, []);
    }
}
