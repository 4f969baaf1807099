//! Verification finds what is wrong, and nothing in files that wimlib wrote.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test ends where something is wrong"
)]

mod support;

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use support::{WIMLIB, file, make_source, open, wimlib};
use wimwright_testdata::program;
use wimwright_wim::{Archive, Finding, Hash, NamedFile, Severity, VerifyOptions};

fn verify(bytes: &[u8]) -> Vec<Finding> {
    let archive = Archive::open(NamedFile::new("x", Arc::new(bytes.to_vec()))).unwrap();
    archive
        .verify(VerifyOptions::default(), &|_| ())
        .unwrap()
        .findings
}

/// A damaged copy of a file: what was changed, the file, and what is found.
type Row = (&'static str, Vec<u8>, fn(&Finding) -> bool);

#[test]
fn each_damage_is_found_and_named() {
    if !program(WIMLIB, "each_damage_is_found_and_named") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (source, wim) = (folder.path().join("source"), folder.path().join("x.wim"));
    make_source(&source);
    let arguments = [
        "capture",
        source.to_str().unwrap(),
        wim.to_str().unwrap(),
        "--compress=xpress",
        "--check",
        "--boot",
    ];
    wimlib(&arguments);
    let bytes = fs::read(&wim).unwrap();
    let archive = open(&wim);
    let seen = AtomicU64::new(0);
    let count = |more| {
        seen.fetch_add(more, Ordering::Relaxed);
    };
    let sound = archive.verify(VerifyOptions::default(), &count).unwrap();
    assert!(sound.findings.is_empty(), "{:?}", sound.findings);
    assert_eq!(
        (sound.images, sound.dentries),
        (1, archive.metadata(1).unwrap().dentry_count())
    );
    assert_eq!(
        (sound.blobs, sound.bytes),
        (u64::from(archive.blob_count()), seen.into_inner())
    );

    let patched = |at: u64, patch: &[u8]| {
        let mut bytes = bytes.clone();
        bytes[at as usize..][..patch.len()].copy_from_slice(patch);
        bytes
    };
    let table = archive.header().blob_table;
    let entry = |hash: &Hash| {
        let table = &bytes[table.offset as usize..][..table.size as usize];
        let at = table
            .chunks(50)
            .position(|entry| entry[30..] == hash.0)
            .unwrap();
        archive.header().blob_table.offset + at as u64 * 50
    };
    let large = archive.blobs().max_by_key(|blob| blob.size).unwrap();
    let other = archive
        .blobs()
        .find(|blob| blob.hash != large.hash && blob.size > 60_000)
        .unwrap();
    let raw = archive.blobs().find(|blob| blob.size == 100_000).unwrap();
    let rows: [Row; 8] = [
        (
            "a byte of a blob",
            patched(raw.resource.offset + 5, &[0xAA, 0x55]),
            |f| matches!(f, Finding::Blob { .. }),
        ),
        (
            "the same, by the table",
            patched(raw.resource.offset + 5, &[0xAA, 0x55]),
            |f| matches!(f, Finding::Integrity { .. }),
        ),
        (
            "a hash",
            patched(entry(&large.hash) + 30, &[1, 2, 3]),
            |f| matches!(f, Finding::Dangling { references: 1, .. }),
        ),
        (
            "where a blob lies",
            patched(entry(&large.hash) + 8, &other.resource.offset.to_le_bytes()),
            |f| {
                matches!(
                    f,
                    Finding::Overlap {
                        first: ("blob", _),
                        second: ("blob", _),
                        ..
                    }
                )
            },
        ),
        ("a count", patched(entry(&large.hash) + 26, &[77]), |f| {
            matches!(
                f,
                Finding::ReferenceCount {
                    stored: 77,
                    blobs: 1,
                    ..
                }
            )
        }),
        ("the boot index", patched(0x78, &[9]), |f| {
            matches!(f, Finding::BootIndex { index: 9, count: 1 })
        }),
        ("boot metadata", patched(0x60, &[9]), |f| {
            matches!(f, Finding::BootMetadata { image: 1 })
        }),
        ("flags", patched(0x10, &[0x42 | 0x80]), |f| {
            matches!(f, Finding::WriteInProgress)
        }),
    ];
    for (what, bytes, is_it) in rows {
        let findings = verify(&bytes);
        assert!(findings.iter().any(is_it), "{what}: {findings:?}");
        assert!(
            findings
                .iter()
                .all(|finding| !finding.to_string().is_empty())
        );
    }
    // Damaged metadata: the blobs are still verified.
    let metadata = archive.metadata_entry(1).unwrap().resource;
    let findings = verify(&patched(metadata.offset + 100, &[0xFF; 8]));
    assert!(
        findings
            .iter()
            .any(|f| matches!(f, Finding::Metadata { image: 1, .. })),
        "{findings:?}"
    );
    assert!(
        findings.iter().all(|f| !matches!(f, Finding::Blob { .. })),
        "{findings:?}"
    );
}

#[test]
fn content_in_missing_parts_is_dangling() {
    if !program(WIMLIB, "content_in_missing_parts_is_dangling") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    make_source(&at("source"));
    wimlib(&[
        "capture",
        at("source").to_str().unwrap(),
        at("x.wim").to_str().unwrap(),
    ]);
    wimlib(&[
        "split",
        at("x.wim").to_str().unwrap(),
        at("x.swm").to_str().unwrap(),
        "0.1",
    ]);
    let archive = Archive::open_all(vec![file(&at("x.swm")), file(&at("x3.swm"))]).unwrap();
    let found = archive.verify(VerifyOptions::default(), &|_| ()).unwrap();
    assert_eq!(found.worst(), Some(Severity::Damage));
    assert!(
        found
            .findings
            .iter()
            .any(|f| matches!(f, Finding::PartMissing { part: 2 }))
    );
    assert!(
        found
            .findings
            .iter()
            .any(|f| matches!(f, Finding::Dangling { .. }))
    );
}
