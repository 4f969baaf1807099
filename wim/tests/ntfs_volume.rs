//! Everything that only NTFS holds: wimlib applies our image to a volume and
//! captures it again, and the two images say the same.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test ends where something is wrong"
)]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::process::Command;

use support::capture::{create, element};
use support::{WIMLIB, open, paths, wimlib};
use wimwright_testdata::{program, skipped};
use wimwright_wim::metadata::{
    EntryFields, MetadataBuilder, Reparse, StreamFields, StreamKind, attribute, push_tagged, tag,
};
use wimwright_wim::{Archive, FileTime, Hash, NewBlob, Packing, WimWriter, WriteOptions};

/// A descriptor: owner and group SYSTEM, all rights to one well-known group.
fn descriptor(group: u8) -> Vec<u8> {
    let system = [1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0];
    let mut bytes = vec![1, 0, 4, 0x80];
    for offset in [20_u32, 32, 0, 44] {
        bytes.extend_from_slice(&offset.to_le_bytes());
    }
    bytes.extend_from_slice(&system);
    bytes.extend_from_slice(&system);
    bytes.extend_from_slice(&[2, 0, 28, 0, 1, 0, 0, 0, 0, 0, 20, 0, 0xFF, 1, 0x1F, 0]);
    bytes.extend_from_slice(&[1, 1, 0, 0, 0, 0, 0, 1, group, 0, 0, 0]);
    bytes
}

fn units(text: &str) -> Vec<u16> {
    text.encode_utf16().collect()
}

/// What a junction to `\Windows` of the same volume holds.
fn junction() -> Vec<u8> {
    let target: Vec<u8> = units(r"\??\C:\Windows")
        .into_iter()
        .flat_map(u16::to_le_bytes)
        .collect();
    let length = target.len() as u16;
    let mut data = Vec::new();
    for field in [0, length, length + 2, 0] {
        data.extend_from_slice(&field.to_le_bytes());
    }
    data.extend_from_slice(&target);
    data.extend_from_slice(&[0; 4]);
    data
}

/// What is compared of an entry.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    attributes: u32,
    short_name: String,
    security: Option<Vec<u8>>,
    times: [FileTime; 3],
    reparse: Option<u32>,
    streams: BTreeSet<(u8, String, Hash)>,
    object_id: Option<Vec<u8>>,
    linked: bool,
}

fn seen(archive: &Archive) -> BTreeMap<String, Seen> {
    let metadata = archive.metadata(1).unwrap();
    let all = paths(&metadata)
        .into_iter()
        .filter(|(path, _)| !path.is_empty());
    let seen = all.map(|(path, dentry)| {
        let streams = dentry
            .streams()
            .map(|stream| (stream.kind as u8, stream.name.to_string(), stream.hash));
        // An empty stream is one, whether it has an entry or not.
        let streams = streams.filter(|(_, name, hash)| !(name.is_empty() && hash.is_zero()));
        let object_id = dentry
            .tagged_items()
            .find(|item| item.tag == tag::OBJECT_ID);
        let seen = Seen {
            attributes: dentry.attributes(),
            short_name: dentry.short_name().to_string(),
            security: dentry
                .security_id()
                .map(|id| metadata.security(id).unwrap().to_vec()),
            times: [dentry.created(), dentry.accessed(), dentry.written()],
            reparse: dentry.reparse().map(|reparse| reparse.tag),
            streams: streams.collect(),
            object_id: object_id.map(|item| item.data[..16].to_vec()),
            linked: dentry.link_group() != 0,
        };
        (path, seen)
    });
    seen.collect()
}

#[test]
fn an_image_survives_a_volume() {
    const TEST: &str = "an_image_survives_a_volume";
    if !program(WIMLIB, TEST) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let volume = at("volume.ntfs");
    File::create(&volume).unwrap().set_len(16 << 20).unwrap();
    let made = Command::new("mkntfs")
        .args(["-F", "-q", "-f"])
        .arg(&volume)
        .output();
    if !made.is_ok_and(|made| made.status.success()) {
        skipped(TEST, "`mkntfs` is not installed");
        return;
    }

    let options = WriteOptions::new(Packing::STORED, [7; 16]);
    let mut writer = WimWriter::create(create(&at("ours.wim")), options).unwrap();
    let contents = [
        b"the data".to_vec(),
        b"a stream".to_vec(),
        b"of a folder".to_vec(),
        junction(),
    ];
    let hashes = writer
        .add_blobs(contents.into_iter().map(|bytes| Ok(NewBlob::new(bytes))))
        .unwrap();
    let [data, stream, of_folder, target] = hashes.try_into().unwrap();

    let name = [
        "both",
        "only named",
        "folder",
        "junction",
        "Long name of a file.txt",
        "link",
        "plain",
        "Windows",
    ]
    .map(units);
    let [short, stream_name, other_name] = ["LONGNA~1.TXT", "Zone.Identifier", "other"].map(units);
    let unnamed = StreamFields {
        kind: StreamKind::Data,
        name: &[],
        hash: data,
    };
    let named = StreamFields {
        kind: StreamKind::Data,
        name: &stream_name,
        hash: stream,
    };
    let folders = StreamFields {
        kind: StreamKind::Data,
        name: &other_name,
        hash: of_folder,
    };
    let link = StreamFields {
        kind: StreamKind::Reparse,
        name: &[],
        hash: target,
    };
    let mut tagged = Vec::new();
    push_tagged(&mut tagged, tag::OBJECT_ID, b"an object id: 16");
    let times = [
        FileTime(0x01D0_1234_5678_9AB0),
        FileTime(0x01D1_1111_1111_1110),
        FileTime(0x01D2_2222_2222_2229),
    ];
    let base = EntryFields {
        created: times[0],
        accessed: times[1],
        written: times[2],
        ..EntryFields::default()
    };
    let root = EntryFields {
        attributes: attribute::DIRECTORY,
        ..base
    };
    let (mut builder, id) = MetadataBuilder::new(&EntryFields {
        security_id: Some(0),
        ..root
    })
    .unwrap();
    let (one, two) = (
        builder.security(&descriptor(0)),
        builder.security(&descriptor(1)),
    );
    let file = EntryFields {
        attributes: 0x20,
        security_id: Some(one),
        ..base
    };
    let directory = EntryFields {
        security_id: Some(two),
        ..root
    };
    builder
        .list(
            id,
            [
                EntryFields {
                    name: &name[0],
                    streams: &[named, unnamed],
                    ..file
                },
                EntryFields {
                    name: &name[1],
                    attributes: 0x26,
                    streams: &[folders, named],
                    ..file
                },
                EntryFields {
                    name: &name[2],
                    streams: &[folders],
                    ..directory
                },
                EntryFields {
                    name: &name[3],
                    attributes: attribute::DIRECTORY | attribute::REPARSE_POINT,
                    streams: &[link, folders],
                    reparse: Some(Reparse {
                        tag: 0xA000_0003,
                        reserved: 0,
                        flags: 1,
                    }),
                    ..directory
                },
                EntryFields {
                    name: &name[4],
                    short_name: &short,
                    streams: &[unnamed],
                    link_group: 3,
                    tagged: &tagged,
                    ..file
                },
                EntryFields {
                    name: &name[5],
                    streams: &[unnamed],
                    link_group: 3,
                    tagged: &tagged,
                    ..file
                },
                EntryFields {
                    name: &name[6],
                    attributes: 0x80,
                    ..file
                },
                EntryFields {
                    name: &name[7],
                    ..directory
                },
            ],
        )
        .unwrap();
    writer
        .add_image(builder.finish().unwrap(), element("x"))
        .unwrap();
    writer.finish().unwrap();

    let [ours, theirs] =
        ["ours.wim", "theirs.wim"].map(|name| at(name).to_str().unwrap().to_owned());
    wimlib(&["verify", &ours]);
    wimlib(&["apply", &ours, "1", volume.to_str().unwrap()]);
    wimlib(&[
        "capture",
        volume.to_str().unwrap(),
        &theirs,
        "--norpfix",
        "--compress=none",
    ]);
    let (ours, theirs) = (seen(&open(&at("ours.wim"))), seen(&open(&at("theirs.wim"))));
    assert_eq!(
        ours.keys().collect::<Vec<_>>(),
        theirs.keys().collect::<Vec<_>>()
    );
    for (path, entry) in &ours {
        assert_eq!(*entry, theirs[path], "{path}");
    }
}
