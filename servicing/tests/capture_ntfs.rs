//! A mounted NTFS volume is captured with all that Windows keeps on it:
//! wimlib, which reads the volume itself, sees the same.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test ends where something is wrong"
)]

mod capturing;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use capturing::{WIMLIB, captured, open, options, seen, try_capture, utf8, wimlib};
use wimwright_servicing::capture::CaptureError;
use wimwright_servicing::security::{inherited, volume_root};
use wimwright_testdata::{program, skipped};
use wimwright_wim::metadata::{
    EntryFields, MetadataBuilder, Reparse, StreamFields, StreamKind, attribute, push_tagged, tag,
};
use wimwright_wim::{Element, FileTime, Hash, NewBlob, Packing, WimWriter, WriteOptions};

fn units(text: &str) -> Vec<u16> {
    text.encode_utf16().collect()
}

/// An NTFS volume in a file.
struct Volume {
    file: PathBuf,
    mounted: PathBuf,
}

impl Volume {
    fn make(folder: &Path, test: &str) -> Option<Volume> {
        let file = folder.join("volume.ntfs");
        File::create(&file).unwrap().set_len(32 << 20).unwrap();
        let made = Command::new("mkntfs")
            .args(["-F", "-q", "-f"])
            .arg(&file)
            .output();
        if !made.is_ok_and(|made| made.status.success()) {
            skipped(test, "`mkntfs` is not installed");
            return None;
        }
        let mounted = folder.join("mounted");
        fs::create_dir(&mounted).unwrap();
        Some(Volume { file, mounted })
    }

    /// Mounts it; `None` where that cannot be done here.
    fn mount(&self, options: &str, test: &str) -> Option<Mounted<'_>> {
        let mut command = Command::new("ntfs-3g");
        let command = command
            .args(["-o", options])
            .args([&self.file, &self.mounted]);
        match command.output() {
            Ok(done) if done.status.success() => Some(Mounted(self)),
            Ok(done) => {
                let said = String::from_utf8_lossy(&done.stderr);
                skipped(test, &format!("ntfs-3g cannot mount here: {}", said.trim()));
                None
            }
            Err(_) => {
                skipped(test, "`ntfs-3g` is not installed");
                None
            }
        }
    }
}

struct Mounted<'v>(&'v Volume);

impl Drop for Mounted<'_> {
    fn drop(&mut self) {
        // What was just closed may keep it busy for a moment.
        for _ in 0..100 {
            let done = Command::new("fusermount")
                .arg("-u")
                .arg(&self.0.mounted)
                .output();
            if done.is_ok_and(|done| done.status.success()) {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("{} stays mounted", self.0.mounted.display());
    }
}

/// Data of a link or junction to `target`.
fn link_data(target: &str, people: &str, flags: Option<u32>) -> Vec<u8> {
    let (target, people) = (units(target), units(people));
    let mut data = Vec::new();
    let length = target.len() as u16 * 2;
    for field in [0, length, length + 2, people.len() as u16 * 2] {
        data.extend(field.to_le_bytes());
    }
    data.extend(flags.map(u32::to_le_bytes).into_iter().flatten());
    for name in [target, people] {
        data.extend(name.into_iter().chain([0]).flat_map(u16::to_le_bytes));
    }
    data
}

/// A WIM file with one of each that NTFS holds.
fn make_image(at: &Path, long_stream: bool) {
    let file = File::options()
        .read(true)
        .write(true)
        .create_new(true)
        .open(at)
        .unwrap();
    let options = WriteOptions::new(Packing::STORED, None);
    let mut writer = WimWriter::create(Arc::new(file), options).unwrap();
    let stream_len = if long_stream { 200_000 } else { 30_000 };
    let contents = [
        b"the data".repeat(1000),
        b"stream ".repeat(stream_len / 7),
        b"of a folder".to_vec(),
        link_data(r"\??\C:\Windows", r"C:\Windows", None),
        link_data(r"..\plain", r"..\plain", Some(1)),
        link_data(r"\??\C:\Windows", r"C:\Windows", Some(0)),
    ];
    let hashes = writer.add_blobs(contents.into_iter().map(|bytes| Ok(NewBlob::new(bytes))));
    let [data, stream, of_folder, junction, relative, absolute] =
        hashes.unwrap().try_into().unwrap();
    let unnamed = StreamFields {
        kind: StreamKind::Data,
        name: &[],
        hash: data,
    };
    let [zone, other, umlaut] = ["Zone.Identifier", "other", "Grüße"].map(units);
    let named = |name, hash| StreamFields {
        kind: StreamKind::Data,
        name,
        hash,
    };
    let point = |hash| StreamFields {
        kind: StreamKind::Reparse,
        name: &[],
        hash,
    };
    let reparse = |tag| {
        Some(Reparse {
            tag,
            reserved: 0,
            flags: 0,
        })
    };
    let mut tagged = Vec::new();
    push_tagged(&mut tagged, tag::OBJECT_ID, b"an object id: 16");
    let base = EntryFields {
        created: FileTime(0x01D0_1234_5678_9AB1),
        accessed: FileTime(0x01D1_1111_1111_1112),
        written: FileTime(0x01D2_2222_2222_2223),
        ..EntryFields::default()
    };
    let root = EntryFields {
        attributes: attribute::DIRECTORY,
        security_id: Some(0),
        ..base
    };
    let (mut builder, id) = MetadataBuilder::new(&root).unwrap();
    let descriptor = volume_root();
    assert_eq!(builder.security(&descriptor), 0);
    let for_files = builder.security(&inherited(&descriptor, false).unwrap());
    let for_directories = builder.security(&inherited(&descriptor, true).unwrap());
    let file = EntryFields {
        attributes: 0x20,
        security_id: Some(for_files),
        ..base
    };
    let directory = EntryFields {
        security_id: Some(for_directories),
        ..root
    };
    let names = [
        "both",
        "folder",
        "hidden.sys",
        "junction",
        "link",
        "Long name of a file.txt",
        "only named",
        "plain",
        "to Windows",
        "Windows",
    ]
    .map(units);
    let short = units("LONGNA~1.TXT");
    let directory_link = attribute::DIRECTORY | attribute::REPARSE_POINT;
    let added = builder.list(
        id,
        [
            EntryFields {
                name: &names[0],
                streams: &[named(&zone, stream), named(&umlaut, of_folder), unnamed],
                ..file
            },
            EntryFields {
                name: &names[1],
                streams: &[named(&other, of_folder)],
                ..directory
            },
            EntryFields {
                name: &names[2],
                attributes: 0x27,
                streams: &[unnamed],
                ..file
            },
            EntryFields {
                name: &names[3],
                attributes: directory_link,
                streams: &[point(junction)],
                reparse: reparse(0xA000_0003),
                ..directory
            },
            EntryFields {
                name: &names[4],
                streams: &[unnamed],
                link_group: 3,
                tagged: &tagged,
                ..file
            },
            EntryFields {
                name: &names[5],
                short_name: &short,
                streams: &[unnamed],
                link_group: 3,
                tagged: &tagged,
                ..file
            },
            EntryFields {
                name: &names[6],
                streams: &[named(&zone, of_folder)],
                ..file
            },
            EntryFields {
                name: &names[7],
                attributes: 0x80,
                streams: &[named(&[], Hash::ZERO)],
                ..file
            },
            EntryFields {
                name: &names[8],
                attributes: directory_link,
                streams: &[point(absolute)],
                reparse: reparse(0xA000_000C),
                ..directory
            },
            EntryFields {
                name: &names[9],
                ..directory
            },
        ],
    );
    let windows = added.unwrap()[9].unwrap();
    let below = EntryFields {
        name: &units("relative"),
        attributes: 0x20 | attribute::REPARSE_POINT,
        streams: &[point(relative)],
        reparse: reparse(0xA000_000C),
        ..file
    };
    builder.list(windows, [below]).unwrap();
    let metadata = builder.finish().unwrap();
    writer.add_image(metadata, Element::new("IMAGE")).unwrap();
    writer.finish().unwrap();
}

#[test]
fn a_mounted_volume_is_captured_as_wimlib_captures_it() {
    const TEST: &str = "a_mounted_volume_is_captured_as_wimlib_captures_it";
    if !program(WIMLIB, TEST) {
        return;
    }
    for (streams, long) in [("xattr", false), ("windows", true)] {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let Some(volume) = Volume::make(folder.path(), TEST) else {
            return;
        };
        make_image(&at("source.wim"), long);
        wimlib(&["apply", utf8(&at("source.wim")), "1", utf8(&volume.file)]);
        wimlib(&[
            "capture",
            utf8(&volume.file),
            utf8(&at("theirs.wim")),
            "x",
            "--compress=none",
        ]);
        // What is read does not change when it was read last.
        let options = format!("streams_interface={streams},noatime");
        let Some(mounted) = volume.mount(&options, TEST) else {
            return;
        };
        let done = captured(&volume.mounted, &at("ours.wim"));
        drop(mounted);
        // Both names of the one file that has two.
        let names: Vec<_> = done.findings.iter().map(|finding| finding.name).collect();
        assert_eq!(names, ["short-name-unknown"; 2], "{:?}", done.findings);
        wimlib(&["verify", utf8(&at("ours.wim"))]);
        let [source, ours, theirs] = ["source", "ours", "theirs"].map(|name| {
            let mut seen = seen(&open(&at(&format!("{name}.wim"))), 1);
            let linked = seen.values_mut().filter(|entry| entry.linked_to.is_some());
            linked.for_each(|entry| entry.short_name.clear());
            seen
        });
        for (path, entry) in &theirs {
            assert_eq!(ours.get(path), Some(entry), "{streams}: `{path}`");
        }
        assert_eq!(ours.len(), theirs.len());
        for (path, entry) in source.iter().filter(|(path, _)| !path.is_empty()) {
            assert_eq!(ours.get(path), Some(entry), "{streams}: `{path}`");
        }
    }
}

#[test]
fn a_stream_that_the_mount_does_not_give_is_refused() {
    const TEST: &str = "a_stream_that_the_mount_does_not_give_is_refused";
    if !program(WIMLIB, TEST) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let Some(volume) = Volume::make(folder.path(), TEST) else {
        return;
    };
    make_image(&at("source.wim"), true);
    wimlib(&["apply", utf8(&at("source.wim")), "1", utf8(&volume.file)]);
    let Some(mounted) = volume.mount("streams_interface=xattr", TEST) else {
        return;
    };
    let refused = try_capture(&volume.mounted, &at("ours.wim"), &options());
    drop(mounted);
    let error = refused.unwrap_err();
    assert!(
        matches!(&error, CaptureError::StreamTooLong { stream, .. } if stream == "Zone.Identifier")
    );
    assert!(error.hint().unwrap().contains("streams_interface=windows"));
    assert!(!at("ours.wim").exists());
}
