//! How fast hives are read and edited, against others doing the same in the
//! same run: medians of interleaved rounds, and their ratios.
//!
//! Every reader gets the bytes in memory and reads all names and all data. A
//! peer in another process times itself, so that no start-up is counted, but
//! for `hivexregedit`, which is a program: its whole run counts, reading of its
//! `.reg` file included. For it, ours reads the file, checks the hive, makes the
//! values, edits, and writes: once over the file without a sync, as
//! hivexregedit does, and once as [`save`] does it.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a benchmark prints, and ends where something is wrong"
)]

use std::fmt::Write as _;
use std::hint::black_box;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use wimwright_hive::{FileTime, Hive, Key, Peek, Security, encode, kind, save};

const ROUNDS: usize = 11;

fn timed<T>(work: impl FnOnce() -> T) -> Duration {
    let start = Instant::now();
    let result = black_box(work());
    let took = start.elapsed();
    drop(result);
    took
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn ours(key: Key<'_>) -> usize {
    let mut bytes = key.name().unwrap().units().map(usize::from).sum();
    for value in key.values().unwrap() {
        let value = value.unwrap();
        bytes += value
            .name()
            .unwrap()
            .units()
            .map(usize::from)
            .sum::<usize>();
        bytes += sum(&value.data().unwrap());
    }
    for subkey in key.subkeys().unwrap() {
        bytes += ours(subkey.unwrap());
    }
    bytes
}

fn sum(data: &[u8]) -> usize {
    data.iter().map(|&byte| usize::from(byte)).sum()
}

fn nt_hive(bytes: &[u8]) -> usize {
    use nt_hive::{KeyNode, KeyValueData, NtHiveNameString};
    fn name(name: &NtHiveNameString<'_>) -> usize {
        match name {
            NtHiveNameString::Latin1(bytes) => sum(bytes),
            NtHiveNameString::Utf16LE(bytes) => bytes
                .as_chunks()
                .0
                .iter()
                .map(|&unit| usize::from(u16::from_le_bytes(unit)))
                .sum(),
        }
    }
    fn walk(key: &KeyNode<'_, &[u8]>) -> usize {
        let mut bytes = name(&key.name().unwrap());
        for value in key.values().into_iter().flat_map(Result::unwrap) {
            let value = value.unwrap();
            bytes += name(&value.name().unwrap());
            bytes += match value.data().unwrap() {
                KeyValueData::Small(data) => sum(data),
                KeyValueData::Big(parts) => parts.map(|part| sum(part.unwrap())).sum(),
            };
        }
        for subkey in key.subkeys().into_iter().flat_map(Result::unwrap) {
            bytes += walk(&subkey.unwrap());
        }
        bytes
    }
    let hive = nt_hive::Hive::new(bytes).unwrap();
    walk(&hive.root_key_node().unwrap())
}

/// Opening and walking a hive in hivex through Python, timed there.
const HIVEX: &str = r"
import hivex, sys, time
start = time.perf_counter()
reader = hivex.Hivex(sys.argv[1])
pending = [reader.root()]
while pending:
    node = pending.pop()
    reader.node_name(node)
    for value in reader.node_values(node):
        reader.value_key(value)
        reader.value_value(value)
    pending.extend(reader.node_children(node))
print(time.perf_counter() - start)
";

fn hivex(python: &str, path: &Path) -> Duration {
    let output = Command::new(python)
        .args(["-c", HIVEX])
        .arg(path)
        .output()
        .unwrap();
    let seconds = String::from_utf8(output.stdout).unwrap();
    Duration::from_secs_f64(seconds.trim().parse().unwrap())
}

fn show(what: &str, time: Duration) {
    println!("  {what:<58} {:>10.3} ms", time.as_secs_f64() * 1000.0);
}

fn ratio(what: &str, ours: Duration, theirs: Duration, goal: &str) {
    println!(
        "  {what:<58} {:>10.2}    (goal: {goal})",
        theirs.as_secs_f64() / ours.as_secs_f64()
    );
}

fn reading(corpus: &Path, folder: &Path) {
    let bytes = wimwright_testdata::read(&corpus.join("hives/SYSTEM-win10-2004-x64"));
    let path = folder.join("SYSTEM");
    std::fs::write(&path, &bytes).unwrap();
    let hive = Hive::open(bytes.clone()).unwrap();
    assert_eq!(
        ours(hive.root()),
        nt_hive(&bytes),
        "both readers see the same"
    );
    let python = wimwright_testdata::python_with("hivex", "hivex walk");
    let [mut walk, mut open, mut peek, mut theirs, mut through_hivex] = [const { Vec::new() }; 5];
    for round in 0..ROUNDS {
        walk.push(timed(|| ours(hive.root())));
        theirs.push(timed(|| nt_hive(&bytes)));
        let copy = bytes.clone();
        open.push(timed(|| Hive::open(copy).unwrap()));
        peek.push(timed(|| {
            let peek = Peek::open(&bytes).unwrap();
            peek.key(r"ControlSet001\Services\Tcpip\Parameters")
                .unwrap()
                .map(|key| key.id())
        }));
        if let Some(python) = python.filter(|_| round < 5) {
            through_hivex.push(hivex(python, &path));
        }
    }
    let (walk, open, peek, theirs) = (median(walk), median(open), median(peek), median(theirs));
    println!("reading an 11 MB hive of 33,317 keys and 74,454 values");
    show("walk, all names and data", walk);
    show("nt-hive: open and walk, all names and data", theirs);
    show("open with the full structure check", open);
    show("peek: open and one path of four keys", peek);
    ratio("walk: nt-hive / ours", walk, theirs, "at least 0.83");
    println!(
        "  {:<58} {:>10.2}    (goal: at most 4)",
        "open with check: ours / nt-hive's walk",
        open.as_secs_f64() / theirs.as_secs_f64()
    );
    if !through_hivex.is_empty() {
        let through_hivex = median(through_hivex);
        show("hivex through Python: open and walk", through_hivex);
        ratio(
            "open, check and walk: hivex / ours",
            open + walk,
            through_hivex,
            "at least 5",
        );
    }
}

/// Name, type and data.
type NewValue = (String, u32, Vec<u8>);

/// 500 keys with 20 values each.
fn new_values() -> Vec<(String, Vec<NewValue>)> {
    (0..500)
        .map(|key| {
            let values = (0..20)
                .map(|value| match value % 4 {
                    0 => (
                        format!("Number{value}"),
                        kind::DWORD,
                        encode::dword(key * 20 + value),
                    ),
                    1 => (
                        format!("Text{value}"),
                        kind::SZ,
                        encode::sz(&format!("text {key} {value}")),
                    ),
                    2 => {
                        let strings = ["first", "second", "third"];
                        (
                            format!("List{value}"),
                            kind::MULTI_SZ,
                            encode::multi_sz(&strings),
                        )
                    }
                    _ => (format!("Bytes{value}"), kind::BINARY, vec![value as u8; 60]),
                })
                .collect();
            (
                format!(r"ControlSet001\Services\Bench{key:03}\Parameters"),
                values,
            )
        })
        .collect()
}

fn merge(hive: &mut Hive) -> usize {
    let now = FileTime(0x01DB_0000_0000_0000);
    let mut changed = 0;
    for (path, values) in new_values() {
        let (key, _) = hive.create_key(&path, Security::Inherit, now).unwrap();
        for (name, kind, data) in values {
            let name: Vec<u16> = name.encode_utf16().collect();
            changed += usize::from(hive.set_value(key, &name, kind, &data, now).unwrap());
        }
    }
    changed
}

/// The same as a file for `hivexregedit`.
fn reg_file() -> String {
    let mut text = "Windows Registry Editor Version 5.00\n".to_owned();
    for (path, values) in new_values() {
        // hivexregedit makes no parents, so each gets a line of its own.
        let (parent, _) = path.rsplit_once('\\').unwrap();
        write!(text, "\n[\\{parent}]\n\n[\\{path}]\n").unwrap();
        for (name, kind, data) in values {
            let bytes: Vec<String> = data.iter().map(|byte| format!("{byte:02x}")).collect();
            writeln!(text, "\"{name}\"=hex({kind:x}):{}", bytes.join(",")).unwrap();
        }
    }
    text
}

fn editing(corpus: &Path, folder: &Path) {
    let bytes = wimwright_testdata::read(&corpus.join("hives/SYSTEM-win10-2004-x64"));
    let (reg, path) = (folder.join("values.reg"), folder.join("EDITED"));
    std::fs::write(&reg, reg_file()).unwrap();
    let has_hivexregedit = wimwright_testdata::program("hivexregedit", "10,000 values merged");
    let [
        mut first,
        mut unsynced,
        mut again,
        mut only_edit,
        mut theirs,
    ] = [const { Vec::new() }; 5];
    for _ in 0..5 {
        std::fs::write(&path, &bytes).unwrap();
        if has_hivexregedit {
            theirs.push(timed(|| {
                let status = Command::new("hivexregedit")
                    .arg("--merge")
                    .args([&path, &reg])
                    .status();
                assert!(status.unwrap().success());
            }));
            let merged = Hive::open(std::fs::read(&path).unwrap()).unwrap();
            assert_eq!(merged.check().values, 74_454 + 10_000);
            std::fs::write(&path, &bytes).unwrap();
        }
        unsynced.push(timed(|| {
            let mut hive = Hive::open(std::fs::read(&path).unwrap()).unwrap();
            assert_eq!(merge(&mut hive), 10_000);
            std::fs::write(&path, hive.as_bytes()).unwrap();
        }));
        std::fs::write(&path, &bytes).unwrap();
        first.push(timed(|| {
            let mut hive = Hive::open(std::fs::read(&path).unwrap()).unwrap();
            let edit = Instant::now();
            assert_eq!(merge(&mut hive), 10_000);
            only_edit.push(edit.elapsed());
            save(&hive, &path).unwrap();
        }));
        let before = std::fs::metadata(&path).unwrap().modified().unwrap();
        again.push(timed(|| {
            let mut hive = Hive::open(std::fs::read(&path).unwrap()).unwrap();
            assert_eq!(merge(&mut hive), 0, "nothing changes the second time");
            assert!(!hive.is_edited() && hive.dirty_pages().is_empty());
            save(&hive, &path).unwrap();
        }));
        let after = std::fs::metadata(&path).unwrap().modified().unwrap();
        assert_eq!(before, after, "nothing is written the second time");
    }
    println!("10,000 values in 500 new keys merged into that hive");
    let (first, unsynced) = (median(first), median(unsynced));
    show(
        "open, check, edit, save: new file, two syncs, rename",
        first,
    );
    show("open, check, edit, write over the file, no sync", unsynced);
    show("of which the edits", median(only_edit));
    show("the same again: nothing to write", median(again));
    if has_hivexregedit {
        let theirs = median(theirs);
        show(
            "hivexregedit --merge: writes over the file, no sync",
            theirs,
        );
        ratio(
            "the same work: hivexregedit / ours without sync",
            unsynced,
            theirs,
            "at least 10",
        );
        ratio(
            "made to survive a crash: hivexregedit / ours",
            first,
            theirs,
            "none",
        );
    }
}

fn main() {
    let Some(corpus) = wimwright_testdata::corpus("benchmarks") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    reading(&corpus, folder.path());
    editing(&corpus, folder.path());
}
