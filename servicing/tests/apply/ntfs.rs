//! A mounted NTFS holds everything itself.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use wimwright_testdata::{program, skipped};
use wimwright_wim::metadata::{StreamKind, tag};
use wimwright_wim::{FileTime, Hash, Packing};

use crate::support::{
    Made, WIMLIB, apply, directory, file, junction, open, run, seen, symbolic_link, text, wim,
};

/// An empty volume.
fn volume(at: &Path, test: &str) -> bool {
    File::create(at).unwrap().set_len(24 << 20).unwrap();
    let made = Command::new("mkntfs")
        .args(["-F", "-q", "-f"])
        .arg(at)
        .output();
    let made = made.is_ok_and(|made| made.status.success());
    if !made {
        skipped(test, "`mkntfs` is not installed");
    }
    made
}

/// A volume, mounted as long as this lives.
struct Mounted(PathBuf);

impl Mounted {
    fn new(volume: &Path, at: PathBuf, options: &str, test: &str) -> Option<Mounted> {
        fs::create_dir(&at).unwrap();
        let mut command = Command::new("ntfs-3g");
        command.arg(volume).arg(&at).args(["-o", options]);
        match command.output() {
            Ok(output) if output.status.success() => Some(Mounted(at)),
            _ => {
                skipped(test, "`ntfs-3g` is not installed, or may not mount");
                None
            }
        }
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("fusermount").arg("-u").arg(&self.0).output();
    }
}

fn entries() -> Vec<Made> {
    let times = [
        0x01D0_1234_5678_9AB0,
        0x01D1_1111_1111_1110,
        0x01D2_2222_2222_2229,
    ];
    let both = |path: &str| {
        file(path, "the data")
            .security(1)
            .object_id(*b"an object id: 16")
            .link(3)
            .times(times)
    };
    vec![
        file("both", "the data")
            .stream("other", b"of a folder")
            .stream("Zone.Identifier", b"a stream")
            .times(times),
        file("only named", "")
            .attributes(0x6)
            .stream("Zone.Identifier", b"a stream")
            .security(0),
        directory("folder")
            .stream("other", b"of a folder")
            .security(1)
            .times(times),
        junction("junction", "\\??\\C:\\Windows")
            .security(1)
            .times(times),
        symbolic_link("symbolic", "folder\\inside").times(times),
        file("dedup", "")
            .reparse(0x8000_0013, &[7; 30])
            .times(times),
        both("Long name of a file.txt").short_name("LONGNA~1.TXT"),
        both("link"),
        file("plain", "").attributes(0x80).times(times),
        directory("Windows").short_name("WIN~1").times(times),
        file("folder/inside", vec![b'x'; 100_000]).times(times),
        file("folder/also inside", vec![b'x'; 100_000]).attributes(0x2023),
        file("\u{4E2D}".repeat(100).as_str(), "a long name").times(times),
        directory("hidden").attributes(0x6).security(0),
        file("hidden/read only", "r").attributes(1).times(times),
    ]
}

/// What is compared of an entry.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    attributes: u32,
    short_name: String,
    pub(crate) security: Option<Vec<u8>>,
    times: [FileTime; 3],
    reparse: Option<u32>,
    pub(crate) streams: BTreeSet<(u8, String, Hash)>,
    object_id: Option<Vec<u8>>,
    linked: bool,
}

/// All entries but the root, by path.
pub(crate) fn read(wim: &Path) -> BTreeMap<String, Entry> {
    let archive = open(wim);
    let metadata = archive.metadata(1).unwrap();
    let mut above: Vec<String> = Vec::new();
    let mut found = BTreeMap::new();
    for (depth, entry) in metadata.walk().skip(1) {
        above.truncate(depth - 1);
        above.push(entry.name().to_string());
        let streams = entry
            .streams()
            .map(|stream| (stream.kind as u8, stream.name.to_string(), stream.hash));
        let streams = streams.filter(|(_, name, hash)| !(name.is_empty() && hash.is_zero()));
        let mut tagged = entry.tagged_items();
        let object_id = tagged.find(|item| item.tag == tag::OBJECT_ID);
        found.insert(
            above.join("/"),
            Entry {
                attributes: entry.attributes(),
                short_name: entry.short_name().to_string(),
                security: entry
                    .security_id()
                    .map(|id| metadata.security(id).unwrap().to_vec()),
                times: [entry.created(), entry.accessed(), entry.written()],
                reparse: entry.reparse().map(|reparse| reparse.tag),
                streams: streams.collect(),
                object_id: object_id.map(|item| item.data[..16].to_vec()),
                linked: entry.link_group() != 0,
            },
        );
    }
    found
}

fn capture(volume: &Path, wim: &Path) {
    let arguments = [
        "capture",
        text(volume),
        text(wim),
        "--norpfix",
        "--compress=none",
    ];
    run(WIMLIB, &arguments);
}

fn compare(options: &str, test: &str) {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    if !program(WIMLIB, test) || !volume(&at("ours.ntfs"), test) {
        return;
    }
    volume(&at("theirs.ntfs"), test);
    wim(&at("x.wim"), Packing::STORED, &entries());
    let Some(mounted) = Mounted::new(&at("ours.ntfs"), at("mounted"), options, test) else {
        return;
    };
    let report = apply(&open(&at("x.wim")), &at("mounted"));
    assert!(report.findings.is_empty(), "{:?}", report.findings);
    assert!(report.damaged.is_empty(), "{:?}", report.damaged);
    assert!(!report.sidecar);
    // Once more onto what is there: the same again.
    let report = apply(&open(&at("x.wim")), &at("mounted"));
    assert!(report.findings.is_empty(), "{:?}", report.findings);
    assert_eq!(report.replaced, 12);
    drop(mounted);
    let theirs = at("theirs.ntfs");
    run(WIMLIB, &["apply", text(&at("x.wim")), "1", text(&theirs)]);
    capture(&at("ours.ntfs"), &at("ours.wim"));
    capture(&theirs, &at("theirs.wim"));
    let (ours, theirs) = (read(&at("ours.wim")), read(&at("theirs.wim")));
    assert_eq!(
        ours.keys().collect::<Vec<_>>(),
        theirs.keys().collect::<Vec<_>>()
    );
    for (path, entry) in &ours {
        assert_eq!(*entry, theirs[path], "{path}: ours, then wimlib's");
    }
}

#[test]
fn a_volume_gets_what_wimlib_gives_one() {
    compare(
        "streams_interface=xattr",
        "a_volume_gets_what_wimlib_gives_one",
    );
}

#[test]
fn streams_are_reached_by_name_where_the_volume_was_mounted_so() {
    let test = "streams_are_reached_by_name_where_the_volume_was_mounted_so";
    compare("streams_interface=windows", test);
}

#[test]
fn what_a_volume_cannot_hold_is_in_the_sidecar() {
    const TEST: &str = "what_a_volume_cannot_hold_is_in_the_sidecar";
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    if !volume(&at("volume"), TEST) {
        return;
    }
    let long = vec![b's'; 70_000];
    let entries = [
        file("a", "a").stream("long", &long),
        file("b", "b").stream("short", b"short"),
        file("encrypted", "").encrypted(b"raw"),
    ];
    wim(&at("x.wim"), Packing::STORED, &entries);
    let options = "streams_interface=xattr";
    let Some(mounted) = Mounted::new(&at("volume"), at("mounted"), options, TEST) else {
        return;
    };
    let report = apply(&open(&at("x.wim")), &mounted.0);
    let names: Vec<&str> = report.findings.iter().map(|finding| finding.name).collect();
    assert_eq!(names, ["encrypted", "stream-not-held"]);
    assert!(
        report.findings[1].message.contains("`a`"),
        "{:?}",
        report.findings
    );
    assert!(report.sidecar);
    let sidecar = wimwright_servicing::sidecar::Sidecar::open(&mounted.0)
        .unwrap()
        .unwrap();
    let path = wimwright_servicing::ImagePath::parse("a").unwrap();
    let entry = sidecar.find(&path).unwrap();
    let mut streams = entry.streams();
    let stream = streams.find(|stream| stream.kind == StreamKind::Data && !stream.name.is_empty());
    let blob = sidecar.open_blob(&stream.unwrap().hash).unwrap().unwrap();
    assert_eq!(blob.read_all(100_000).unwrap(), long);
    assert_eq!(seen(&mounted.0).len(), 4);
    drop(sidecar);
}
