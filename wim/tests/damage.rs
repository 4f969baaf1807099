//! Damaged files: never a panic, a hang or memory without end; and metadata
//! that the check passes can be walked and edited without an error.
//!
//! The damage is the same every time, so a failure comes again.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test ends where something is wrong"
)]

mod support;

use std::fs;

use support::capture::element;
use support::model::{Disk, Files, metadata_of};
use support::{WIMLIB, make_source, noise, text, wimlib};
use wimwright_testdata::program;
use wimwright_wim::compress::{Codec, Level};
use wimwright_wim::metadata::{
    EntryFields, MetadataBuilder, MetadataEditor, Reparse, StreamFields, StreamKind, attribute,
    push_tagged,
};
use wimwright_wim::{
    Archive, FileOffset, FileTime, Hash, Header, IntegrityTable, Metadata, NamedFile, NewBlob,
    Packing, Update, UpdateOptions, VerifyOptions, WimWriter, WimXml, WriteOptions,
};

/// Numbers that look random and are the same every time.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() >> 13) as usize % end.max(1)
    }
}

/// Numbers that have a meaning somewhere.
const NUMBERS: [u64; 18] = [
    0,
    1,
    2,
    7,
    8,
    101,
    102,
    104,
    207,
    208,
    0x8000,
    0xFFFF,
    0x7FFF_FFFF,
    0xFFFF_FFFF,
    0x1_0000_0000,
    0x00FF_FFFF_FFFF_FFFF,
    0x7FFF_FFFF_FFFF_FFFF,
    u64::MAX,
];

/// Changes a few bytes somewhere in a range.
fn damage(bytes: &mut Vec<u8>, range: std::ops::Range<usize>, dice: &mut Dice) {
    for _ in 0..=dice.below(3) {
        let at = range.start + dice.below(range.len());
        let width = [1, 2, 4, 8][dice.below(4)];
        let number = match dice.below(4) {
            0 => dice.next(),
            // A small step from what is there.
            1 => {
                let mut old = [0; 8];
                let end = (at + width).min(bytes.len());
                old[..end - at].copy_from_slice(&bytes[at..end]);
                u64::from_le_bytes(old)
                    .wrapping_add(dice.below(17) as u64)
                    .wrapping_sub(8)
            }
            // A position in the file.
            2 => dice.below(bytes.len() + 16) as u64,
            _ => NUMBERS[dice.below(NUMBERS.len())],
        };
        let aligned = match dice.below(2) {
            0 => at,
            _ => at / width * width,
        };
        for (place, byte) in bytes[aligned..]
            .iter_mut()
            .zip(&number.to_le_bytes()[..width])
        {
            *place = *byte;
        }
    }
    match dice.below(12) {
        0 => bytes.truncate(range.start + dice.below(range.len())),
        1 => {
            let (from, to) = (dice.below(bytes.len()), dice.below(bytes.len()));
            let length = dice
                .below(200)
                .min(bytes.len() - from)
                .min(bytes.len() - to);
            bytes.copy_within(from..from + length, to);
        }
        _ => {}
    }
}

/// Peak memory of this process, in bytes.
fn peak_memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes =
        line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
    kilobytes.unwrap_or_default() * 1024
}

fn small_wim(packing: Packing, integrity: bool) -> Vec<u8> {
    let disk = Disk::new(Vec::new());
    let options = WriteOptions {
        integrity,
        ..WriteOptions::new(packing, [3; 16])
    };
    let mut writer = WimWriter::create(disk.clone(), options).unwrap();
    let files: Files = (0..12)
        .map(|number: u64| {
            let bytes = match number % 3 {
                0 => noise(number, 700),
                1 => text(number, 70_000),
                _ => text(number, 300),
            };
            (format!("/d{}/file {number}", number % 4), bytes)
        })
        .collect();
    writer
        .add_blobs(files.values().map(|bytes| Ok(NewBlob::new(bytes.clone()))))
        .unwrap();
    for name in ["one", "two"] {
        writer
            .add_image(metadata_of(&files), element(name))
            .unwrap();
    }
    writer.set_boot(2);
    writer.finish().unwrap();
    disk.bytes()
}

/// Opens, verifies and changes a file, whatever is in it.
fn use_all(bytes: Vec<u8>) -> bool {
    let disk = Disk::new(bytes);
    let Ok(archive) = Archive::open(NamedFile::new("damaged", disk.clone())) else {
        return false;
    };
    let found = archive.verify(VerifyOptions::default(), &|_| ()).unwrap();
    for finding in &found.findings {
        assert!(!finding.to_string().is_empty());
    }
    let options = UpdateOptions::default();
    if let Ok(mut update) = Update::begin(&archive, disk, options)
        && let Ok(metadata) = archive.metadata(1)
        && update.add_blob(NewBlob::new(b"new".to_vec())).is_ok()
        && update.set_metadata(1, metadata, None, FileTime(1)).is_ok()
    {
        // It may well be refused; what is written must be no worse.
        let _ = update.commit();
    }
    true
}

#[test]
fn damaged_containers() {
    let lzx = Packing {
        level: Level::Fast,
        ..Packing::new(Codec::Lzx)
    };
    let mut seeds = vec![small_wim(Packing::STORED, true), small_wim(lzx, false)];
    if program(WIMLIB, "damaged_containers (the solid ones)") {
        let folder = tempfile::tempdir().unwrap();
        make_source(&folder.path().join("source"));
        let wim = folder.path().join("solid.wim");
        let arguments = [
            folder.path().join("source").to_str().unwrap().to_owned(),
            wim.to_str().unwrap().to_owned(),
        ];
        wimlib(&[
            "capture",
            &arguments[0],
            &arguments[1],
            "--solid",
            "--solid-compress=xpress",
            "--solid-chunk-size=32K",
        ]);
        seeds.push(fs::read(&wim).unwrap());
    }
    let mut dice = Dice(0x1234_5678_9ABC_DEF1);
    let mut opened = 0;
    for seed in &seeds {
        let header = Header::parse(seed).unwrap();
        let range = |resource: wimwright_wim::ResourceHeader| {
            resource.offset as usize..(resource.offset + resource.stored_size) as usize
        };
        let ranges = [
            0..208,
            range(header.blob_table),
            range(header.xml),
            range(header.boot_metadata),
            208..seed.len(),
        ];
        for round in 0..1500 {
            let mut bytes = seed.clone();
            let range = ranges[round % ranges.len()].clone();
            if !range.is_empty() {
                damage(&mut bytes, range, &mut dice);
            }
            opened += usize::from(use_all(bytes));
        }
    }
    assert!(
        opened > 500,
        "{opened} were opened: the damage is too great to test much"
    );
    let peak = peak_memory();
    assert!(peak < 1 << 30, "{peak} bytes of memory at the peak");
}

/// Metadata with one of each.
fn rich_metadata() -> Metadata {
    let units = |text: &str| text.encode_utf16().collect::<Vec<u16>>();
    let root = EntryFields {
        attributes: attribute::DIRECTORY,
        ..EntryFields::default()
    };
    let (mut builder, id) = MetadataBuilder::new(&root).unwrap();
    let security = [builder.security(&[1; 20]), builder.security(&[2; 33])];
    let names = ["a", "directory", "link", "stream", "SHORTN~1"].map(units);
    let mut tagged = Vec::new();
    push_tagged(&mut tagged, 1, &[7; 16]);
    let stream = |kind, name, byte| StreamFields {
        kind,
        name,
        hash: Hash([byte; 20]),
    };
    let streams = [
        stream(StreamKind::Data, &[], 1),
        stream(StreamKind::Data, names[3].as_slice(), 2),
    ];
    let link = [stream(StreamKind::Reparse, &[], 3)];
    let added = builder
        .list(
            id,
            [
                EntryFields {
                    name: &names[0],
                    short_name: &names[4],
                    streams: &streams,
                    tagged: &tagged,
                    security_id: Some(security[0]),
                    ..EntryFields::default()
                },
                EntryFields {
                    name: &names[1],
                    attributes: attribute::DIRECTORY,
                    security_id: Some(security[1]),
                    ..EntryFields::default()
                },
                EntryFields {
                    name: &names[2],
                    attributes: attribute::REPARSE_POINT,
                    streams: &link,
                    reparse: Some(Reparse {
                        tag: 9,
                        reserved: 1,
                        flags: 1,
                    }),
                    ..EntryFields::default()
                },
            ],
        )
        .unwrap();
    let below = builder
        .list(
            added[1].unwrap(),
            [
                EntryFields {
                    name: &names[0],
                    attributes: attribute::DIRECTORY,
                    ..EntryFields::default()
                },
                EntryFields {
                    name: &names[2],
                    link_group: 5,
                    streams: &streams[..1],
                    ..EntryFields::default()
                },
            ],
        )
        .unwrap();
    builder
        .list(
            below[0].unwrap(),
            [EntryFields {
                name: &names[3],
                ..EntryFields::default()
            }],
        )
        .unwrap();
    builder.finish().unwrap()
}

#[test]
fn damaged_metadata() {
    let seed = rich_metadata().into_bytes();
    let mut dice = Dice(99);
    let name: Vec<u16> = "new".encode_utf16().collect();
    let (mut good, mut bad) = (0, 0);
    for _ in 0..30_000 {
        let mut bytes = seed.clone();
        let range = 0..bytes.len();
        damage(&mut bytes, range, &mut dice);
        let Ok(metadata) = Metadata::parse(bytes) else {
            bad += 1;
            continue;
        };
        good += 1;
        let count = metadata.walk().count() as u64;
        assert_eq!(count, metadata.dentry_count());
        for (_, dentry) in metadata.walk() {
            let streams = dentry.streams().count();
            assert!(streams <= usize::from(dentry.extra_stream_count()) + 1);
            assert!(dentry.tagged_items().count() <= dentry.raw().len());
            let _ = (
                dentry.content(),
                dentry
                    .security_id()
                    .map(|id| metadata.security(id).is_some()),
            );
        }
        let tidy = metadata.in_tree_order().unwrap();
        assert_eq!(tidy.dentry_count(), count);
        let mut editor = MetadataEditor::new(metadata);
        let Some(root) = editor.metadata().root().map(|root| root.id()) else {
            continue;
        };
        let fields = EntryFields {
            name: &name,
            attributes: attribute::DIRECTORY,
            ..EntryFields::default()
        };
        editor.insert(root, &[fields]).unwrap();
        editor.security(&[dice.below(256) as u8; 40]).unwrap();
        let root = editor.metadata().root().unwrap();
        let children: Vec<_> = editor
            .metadata()
            .children(&root)
            .map(|child| child.id())
            .collect();
        let (root, chosen) = (root.id(), children[dice.below(children.len())]);
        editor.remove(root, chosen).unwrap();
        let expected = editor.metadata().dentry_count();
        let (metadata, _) = editor.finish().unwrap();
        assert_eq!(metadata.dentry_count(), expected);
    }
    assert!(good > 3000 && bad > 3000, "{good} good, {bad} bad");
}

#[test]
fn damaged_tables_and_xml() {
    let mut dice = Dice(4711);
    let text = "<WIM><TOTALBYTES>1</TOTALBYTES><IMAGE INDEX=\"1\" x='&amp;'><NAME>a &lt; b</NAME>\
        <!-- c --><![CDATA[d]]><WINDOWS><ARCH>9</ARCH></WINDOWS></IMAGE></WIM>";
    let xml: Vec<u8> = std::iter::once(0xFEFF)
        .chain(text.encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    let table = IntegrityTable {
        chunk_size: 10 << 20,
        hashes: vec![Hash::of(b"x"); 3],
    };
    let (mut read, mut parsed) = (0, 0);
    for _ in 0..20_000 {
        let mut bytes = xml.clone();
        let range = 0..bytes.len();
        damage(&mut bytes, range, &mut dice);
        if let Ok(mut xml) = WimXml::parse(&bytes, FileOffset(0)) {
            read += 1;
            assert_eq!(WimXml::parse(&xml.to_bytes(), FileOffset(0)).unwrap(), xml);
            xml.image_or_new(1).set_text("WINDOWS/ARCH", "<5>");
            xml.image_or_new(2).set_attribute("a", "\"<&");
            xml.remove_image(1);
            let again = WimXml::parse(&xml.to_bytes(), FileOffset(0)).unwrap();
            assert_eq!(
                again
                    .image(1)
                    .and_then(|image| image.attribute("a"))
                    .as_deref(),
                Some("\"<&")
            );
        }
        let mut bytes = table.to_bytes();
        let range = 0..bytes.len();
        damage(&mut bytes, range, &mut dice);
        if let Ok(table) = IntegrityTable::parse(&bytes, FileOffset(0)) {
            parsed += 1;
            let _ = table.verify(&[0_u8; 300].as_slice(), 300);
        }
    }
    assert!(
        read > 300 && parsed > 300,
        "{read} documents, {parsed} tables"
    );
}

/// A file of a few bytes that claims to be enormous.
#[test]
fn enormous_claims() {
    let seed = small_wim(Packing::STORED, false);
    let header = Header::parse(&seed).unwrap();
    let entry = header.blob_table.offset as usize;
    let rows: [(&str, usize, u64, u8); 6] = [
        ("blob table", 0x30, 1 << 40, 2),
        ("XML data", 0x48, 1 << 40, 2),
        ("compressed blob table", 0x30, 1 << 40, 6),
        ("metadata", entry, 1 << 40, 2),
        ("blob", entry + 100, 1 << 40, 0),
        ("compressed metadata", entry, 1 << 40, 6),
    ];
    for (what, at, size, flags) in rows {
        let mut bytes = seed.clone();
        bytes[at + 7] = flags;
        bytes[at + 16..at + 24].copy_from_slice(&size.to_le_bytes());
        use_all(bytes.clone());
        if flags != 6 {
            bytes[at..at + 7].copy_from_slice(&size.to_le_bytes()[..7]);
            use_all(bytes);
        }
        let peak = peak_memory();
        assert!(peak < 1 << 30, "{what}: {peak} bytes of memory at the peak");
    }
    // A compressed file whose chunk table would be most of it.
    let lzx = Packing {
        level: Level::Fast,
        ..Packing::new(Codec::Lzx)
    };
    let seed = small_wim(lzx, false);
    let header = Header::parse(&seed).unwrap();
    for stored in [100_u64, 1000, 10_000] {
        for size in [1 << 22, 1 << 25, 1_u64 << 30, 1 << 33, 1 << 50] {
            let mut bytes = seed.clone();
            let at = header.blob_table.offset as usize;
            bytes[at..at + 7].copy_from_slice(&stored.to_le_bytes()[..7]);
            bytes[at + 16..at + 24].copy_from_slice(&size.to_le_bytes());
            use_all(bytes);
        }
    }
    let peak = peak_memory();
    assert!(peak < 1 << 30, "{peak} bytes of memory at the peak");
}
