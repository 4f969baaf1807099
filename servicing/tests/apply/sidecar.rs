//! What the sidecar keeps.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use wimwright_servicing::apply::ApplyOptions;
use wimwright_servicing::sidecar::{
    HostTime, Sidecar, SidecarError, is_kept, kind_on_host, tagged_without_mark,
};
use wimwright_servicing::{DirectoryTree, FileTree as _, ImagePath, Kind};
use wimwright_testdata::program;
use wimwright_wim::Packing;
use wimwright_wim::compress::Codec;
use wimwright_wim::metadata::{StreamKind, tag};

use crate::support::{
    Made, TIME, WIMLIB, apply, apply_with, directory, file, junction, open, run, seen,
    symbolic_link, text, wim,
};

/// A reparse point that is no link: deduplicated.
const DEDUP: u32 = 0x8000_0013;

pub(crate) fn entries() -> Vec<Made> {
    let long = "\u{4E2D}".repeat(90);
    vec![
        directory("").security(9).attributes(0x2006),
        file("Long name.txt", "content")
            .short_name("LONGNA~1.TXT")
            .security(1)
            .attributes(0x7)
            .stream("Zone.Identifier", b"zone")
            .object_id(*b"an object id: 16")
            .times([1, 132_223_104_000_000_000, 130_000_000_012_345_670])
            .link(3),
        file("link to it", "content")
            .security(1)
            .attributes(0x7)
            .stream("Zone.Identifier", b"zone")
            .object_id(*b"an object id: 16")
            .times([1, 132_223_104_000_000_000, 130_000_000_012_345_670])
            .link(3),
        directory("folder")
            .stream("of folder", b"folder's")
            .security(2),
        file("folder/encrypted", "").encrypted(b"raw efs"),
        file("folder/dedup", "").reparse(DEDUP, b"where it is"),
        file("folder/1601", "old").times([0, 0, 0]),
        junction("junction", "\\??\\C:\\folder").stream("of junction", b"junction's"),
        symbolic_link("symbolic", "folder\\1601"),
        file(&format!("folder/{long}"), "too long a name").security(4),
        file(&format!("folder/x{long}/inside"), "below too long a name"),
        file(".wimwright-sidecar", "reserved"),
    ]
}

fn path(text: &str) -> ImagePath {
    ImagePath::parse(text).unwrap()
}

#[test]
fn nothing_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    wim(&at("x.wim"), Packing::new(Codec::Lzx), &entries());
    let archive = open(&at("x.wim"));
    let report = apply(&archive, &at("out"));
    let findings: Vec<&str> = report.findings.iter().map(|finding| finding.name).collect();
    assert_eq!(
        findings,
        [
            "name-reserved",
            "name-too-long-here",
            "name-too-long-here",
            "encrypted"
        ]
    );
    let sidecar = Sidecar::open(&at("out")).unwrap().unwrap();
    let metadata = archive.metadata(1).unwrap();
    // Entry by entry, in the order of both, which is the same.
    let (mut kept, mut beside) = (0, 0);
    let all: Vec<_> = metadata.walk().collect();
    let found: Vec<_> = sidecar.metadata().walk().collect();
    assert_eq!(all.len(), found.len());
    for ((depth, entry), (found_depth, found)) in all.iter().zip(&found) {
        let name = entry.name();
        assert_eq!((depth, name), (found_depth, found.name()));
        let whole = |entry: &wimwright_wim::metadata::Dentry<'_>| {
            (
                entry.short_name().to_string(),
                [entry.created(), entry.accessed(), entry.written()],
                entry.attributes(),
                entry.link_group(),
                entry.reparse(),
                entry.unknown(),
            )
        };
        assert_eq!(whole(entry), whole(found), "{name}");
        let descriptor = |metadata: &wimwright_wim::Metadata, id: Option<u32>| {
            id.and_then(|id| metadata.security(id).map(<[u8]>::to_vec))
        };
        assert_eq!(
            descriptor(&metadata, entry.security_id()),
            descriptor(sidecar.metadata(), found.security_id()),
            "{name}"
        );
        assert_eq!(entry.tagged_bytes(), tagged_without_mark(found), "{name}");
        let streams = |entry: &wimwright_wim::metadata::Dentry<'_>| {
            entry
                .streams()
                .map(|stream| (stream.kind as u8, stream.name.to_string(), stream.hash))
                .collect::<Vec<_>>()
        };
        assert_eq!(streams(entry), streams(found), "{name}");
        kept += usize::from(is_kept(found));
        for stream in found.streams().filter(|stream| !stream.hash.is_zero()) {
            let in_tree =
                stream.kind == StreamKind::Data && stream.name.is_empty() && !is_kept(found);
            let blob = sidecar.open_blob(&stream.hash).unwrap();
            assert_eq!(blob.is_none(), in_tree, "{name}: {}", stream.name);
            if let Some(blob) = blob {
                let original = archive
                    .open_blob(archive.find(&stream.hash).unwrap())
                    .unwrap();
                let bytes = |blob: &wimwright_wim::BlobReader| blob.read_all(1000).unwrap();
                assert_eq!(bytes(&blob), bytes(&original), "{name}");
                beside += 1;
            }
        }
    }
    assert_eq!((kept, beside), (4, 11));
    let entry = sidecar.find(&path("LONG NAME.txt")).unwrap();
    assert!(entry.tagged_items().any(|item| item.tag == tag::OBJECT_ID));
}

#[test]
fn what_was_not_written_to_is_unchanged() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    wim(&at("x.wim"), Packing::STORED, &entries());
    apply(&open(&at("x.wim")), &at("out"));
    let sidecar = Sidecar::open(&at("out")).unwrap().unwrap();
    let unchanged = |name: &str| {
        let host = fs::symlink_metadata(at("out").join(name)).unwrap();
        let kind = match () {
            () if host.is_dir() => Kind::Directory,
            () if host.is_symlink() => Kind::Link,
            () => Kind::File,
        };
        let written = HostTime {
            seconds: host.mtime(),
            nanoseconds: host.mtime_nsec() as u32,
        };
        let entry = sidecar.find(&path(&name.replace('/', "\\"))).unwrap();
        assert_eq!(kind_on_host(&entry), kind, "{name}");
        sidecar.is_unchanged(&entry, kind, written)
    };
    let names = [
        "",
        "Long name.txt",
        "link to it",
        "folder",
        "folder/encrypted",
        "folder/dedup",
        "folder/1601",
        "junction",
        "symbolic",
    ];
    for name in names {
        assert!(unchanged(name), "{name}");
    }
    fs::write(at("out/folder/1601"), "young").unwrap();
    fs::write(at("out/folder/new"), "new").unwrap();
    for name in names {
        let changed = ["folder", "folder/1601"].contains(&name);
        assert_eq!(unchanged(name), !changed, "{name}");
    }
}

#[test]
fn a_second_apply_keeps_what_is_known_of_what_stays() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let long = "\u{4E2D}".repeat(90);
    let first = [
        directory("").security(1),
        file("a/stays", "stays")
            .security(2)
            .stream("s", b"stream")
            .link(7),
        file("a/stays too", "stays")
            .security(2)
            .stream("s", b"stream")
            .link(7),
        file("A2/Replaced", "old").security(3),
        file("a/gone", "gone").security(3),
        file(&format!("a/{long}"), "kept").security(5),
    ];
    let second = [
        directory("").security(6),
        file("a/new", "new").security(7).link(7),
        file("a/new too", "new").security(7).link(7),
        file("a2/replaced", "new")
            .security(8)
            .stream("t", b"second"),
    ];
    wim(&at("1.wim"), Packing::STORED, &first);
    wim(&at("2.wim"), Packing::STORED, &second);
    apply(&open(&at("1.wim")), &at("out"));
    fs::remove_file(at("out/a/gone")).unwrap();
    let report = apply(&open(&at("2.wim")), &at("out"));
    assert!(report.sidecar);
    let sidecar = Sidecar::open(&at("out")).unwrap().unwrap();
    let mut found = Vec::new();
    for (depth, entry) in sidecar.metadata().walk() {
        let id = entry.security_id();
        let group = id.map(|id| sidecar.metadata().security(id).unwrap());
        let name: String = entry.name().to_string().chars().take(12).collect();
        found.push((depth, name, group.map(|bytes| bytes[bytes.len() - 4])));
        for stream in entry.streams().filter(|stream| !stream.name.is_empty()) {
            assert!(sidecar.open_blob(&stream.hash).unwrap().is_some());
        }
    }
    found.sort();
    let expected = [
        (0, String::new(), Some(6)),
        (1, "a".to_owned(), None),
        (1, "a2".to_owned(), None),
        (2, "new".to_owned(), Some(7)),
        (2, "new too".to_owned(), Some(7)),
        (2, "replaced".to_owned(), Some(8)),
        (2, "stays".to_owned(), Some(2)),
        (2, "stays too".to_owned(), Some(2)),
        (2, "\u{4E2D}".repeat(12), Some(5)),
    ];
    assert_eq!(found, expected);
    let group = |name: &str| sidecar.find(&path(name)).unwrap().link_group();
    assert_eq!(group("a\\stays"), group("a\\stays too"));
    assert_eq!(group("a\\new"), group("a\\new too"));
    assert_ne!(group("a\\stays"), group("a\\new"));
    let kept = sidecar.find(&path(&format!("a\\{long}"))).unwrap();
    assert!(is_kept(&kept));
    assert!(sidecar.open_blob(&kept.content()).unwrap().is_some());
    assert_eq!(kept.written(), TIME);
}

#[test]
fn nobody_but_capture_sees_it() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    wim(&at("x.wim"), Packing::STORED, &[file("a", "a")]);
    apply(&open(&at("x.wim")), &at("out"));
    fs::write(at("out/.wimwright-sidecar.new"), "").unwrap();
    let tree = DirectoryTree::open(&at("out")).unwrap();
    let names = tree.read_dir(&ImagePath::root()).unwrap().unwrap();
    assert_eq!(names.len(), 1);
    assert!(
        tree.metadata(&path(".wimwright-sidecar"))
            .unwrap()
            .is_none()
    );
    // Nothing is written, and nothing found, where none is wanted.
    let options = ApplyOptions {
        sidecar: false,
        ..ApplyOptions::default()
    };
    let report = apply_with(&open(&at("x.wim")), &at("without"), options).unwrap();
    assert_eq!(seen(&at("without")).len(), 2);
    assert!(!report.sidecar);
    assert!(Sidecar::open(&at("without")).unwrap().is_none());
    assert!(!at("without/.wimwright-sidecar").exists());
}

#[test]
fn what_is_no_sidecar_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let refused = |bytes: &[u8]| {
        fs::write(at(".wimwright-sidecar"), bytes).unwrap();
        Sidecar::open(folder.path()).err().unwrap()
    };
    assert!(matches!(refused(b"text"), SidecarError::Wim { .. }));
    assert!(matches!(refused(b""), SidecarError::Wim { .. }));
    wim(&at("x.wim"), Packing::STORED, &[file("a", "a")]);
    let bytes = fs::read(at("x.wim")).unwrap();
    assert!(matches!(refused(&bytes), SidecarError::NotASidecar { .. }));
    fs::remove_file(at(".wimwright-sidecar")).unwrap();
    std::os::unix::fs::symlink("x.wim", at(".wimwright-sidecar")).unwrap();
    assert!(matches!(
        Sidecar::open(folder.path()),
        Err(SidecarError::Host { .. })
    ));
    // Cut off anywhere, it is refused or read, and nothing else.
    fs::create_dir(at("tree")).unwrap();
    apply(&open(&at("x.wim")), &at("tree"));
    let bytes = fs::read(at("tree/.wimwright-sidecar")).unwrap();
    for length in (0..bytes.len()).step_by(37) {
        fs::write(at("tree/.wimwright-sidecar"), &bytes[..length]).unwrap();
        assert!(Sidecar::open(&at("tree")).is_err(), "{length}");
    }
}

#[test]
fn any_program_for_wim_files_can_list_it() {
    const TEST: &str = "any_program_for_wim_files_can_list_it";
    if !program(WIMLIB, TEST) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    wim(&at("x.wim"), Packing::STORED, &entries());
    apply(&open(&at("x.wim")), &at("out"));
    let sidecar = at("out/.wimwright-sidecar");
    let list = |file: &Path| run(WIMLIB, &["dir", text(file), "1"]);
    assert_eq!(list(&sidecar), list(&at("x.wim")));
    assert!(run(WIMLIB, &["info", text(&sidecar)]).contains("made for a test"));
}
