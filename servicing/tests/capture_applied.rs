//! What was applied to a Linux filesystem is captured again with all that only
//! Windows keeps; what was written to in between keeps what it should.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test ends where something is wrong"
)]

mod capturing;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;

use capturing::{Numbers, Seen, WIMLIB, captured, open, seen, try_append, utf8, wimlib};
use wimwright_servicing::Access;
use wimwright_servicing::apply::{ApplyOptions, Applying};
use wimwright_servicing::container::Meter;
use wimwright_servicing::security::{inherited, volume_root};
use wimwright_testdata::program;
use wimwright_wim::metadata::{
    DirectoryId, EntryFields, MetadataBuilder, Reparse, StreamFields, StreamKind, attribute,
    push_tagged, tag,
};
use wimwright_wim::{
    Element, FileTime, Hash, NewBlob, Packing, VerifyOptions, WimWriter, WriteOptions,
};

/// An entry of a made image.
#[derive(Default)]
struct Node {
    name: Vec<u16>,
    short_name: Vec<u16>,
    attributes: u32,
    security: Option<Vec<u8>>,
    times: [FileTime; 3],
    reparse: Option<Reparse>,
    /// Kind, name, content.
    streams: Vec<(StreamKind, Vec<u16>, Vec<u8>)>,
    link_group: u64,
    tagged: Vec<u8>,
    unknown: u32,
    children: Vec<Node>,
}

fn units(text: &str) -> Vec<u16> {
    text.encode_utf16().collect()
}

const LINK: u32 = 0xA000_000C;

fn times(numbers: &mut Numbers) -> [FileTime; 3] {
    // From 1970 to 2098, to the tick.
    [(); 3].map(|()| FileTime(116_444_736_000_000_000 + numbers.next(40_000_000_000_000_000)))
}

fn security(numbers: &mut Numbers, directory: bool) -> Option<Vec<u8>> {
    match numbers.next(4) {
        0 => None,
        1 => Some(volume_root()),
        2 => inherited(&volume_root(), directory).ok(),
        _ => {
            let mut descriptor = volume_root();
            // Rights that nobody gives, so that it is one of its own.
            descriptor[32] = numbers.next(200) as u8;
            Some(descriptor)
        }
    }
}

/// Data of a symbolic link to `target`.
fn link_data(target: &str, relative: bool) -> Vec<u8> {
    let people = units(target);
    let system = match relative {
        true => people.clone(),
        false => units(&format!(r"\??\{target}")),
    };
    let length = system.len() as u16 * 2;
    let mut data = Vec::new();
    for field in [0, length, length + 2, people.len() as u16 * 2] {
        data.extend(u16::to_le_bytes(field));
    }
    data.extend(u32::from(relative).to_le_bytes());
    for name in [system, people] {
        data.extend(name.into_iter().chain([0]).flat_map(u16::to_le_bytes));
    }
    data
}

fn noise(numbers: &mut Numbers, length: u64) -> Vec<u8> {
    (0..length).map(|_| numbers.next(256) as u8).collect()
}

fn random_node(numbers: &mut Numbers, number: u64, depth: u32) -> Node {
    let odd = ["", " ", ".", " Grüße", " \u{1F600}", ";a=b,c", " [x]"];
    let ending = odd[numbers.next(odd.len() as u64) as usize];
    let mut name = format!("{number}{ending}");
    if numbers.next(40) == 0 {
        // 255 units that are more bytes than Linux takes for a name.
        name = format!(
            "{number}{}",
            "\u{4E2D}".repeat(255 - number.to_string().len())
        );
    }
    let is_directory = depth < 4 && numbers.next(3) == 0;
    let mut node = Node {
        name: units(&name),
        times: times(numbers),
        security: security(numbers, is_directory),
        unknown: numbers.next(3) as u32,
        ..Node::default()
    };
    if numbers.next(5) == 0 {
        node.short_name = units(&format!("SHORT~{number}"));
    }
    if numbers.next(6) == 0 {
        push_tagged(&mut node.tagged, tag::OBJECT_ID, &noise(numbers, 16));
    }
    if numbers.next(12) == 0 {
        push_tagged(&mut node.tagged, 0x1234_5678, &noise(numbers, 21));
    }
    let data = |bytes| (StreamKind::Data, Vec::new(), bytes);
    match (is_directory, numbers.next(12)) {
        (true, 0) => {
            node.attributes = attribute::DIRECTORY | attribute::REPARSE_POINT;
            let target = r"C:\0".to_owned();
            node.streams
                .push((StreamKind::Reparse, Vec::new(), link_data(&target, false)));
            node.reparse = Some(Reparse {
                tag: LINK,
                reserved: 0,
                flags: numbers.next(2) as u16,
            });
        }
        (true, 1) => {
            // Some reparse point that is no link.
            node.attributes = attribute::DIRECTORY | attribute::REPARSE_POINT;
            node.streams
                .push((StreamKind::Reparse, Vec::new(), noise(numbers, 40)));
            node.reparse = Some(Reparse {
                tag: 0x9000_101A,
                reserved: 7,
                flags: 0,
            });
        }
        (true, _) => {
            node.attributes = attribute::DIRECTORY | [0, 0x2, 0x2000][numbers.next(3) as usize];
            let count = numbers.next(9);
            let children = (0..count).map(|number| random_node(numbers, number, depth + 1));
            node.children = children.collect();
        }
        (false, 0) => {
            node.attributes = 0x20 | attribute::REPARSE_POINT;
            let target = ["nowhere", r"..\0", "a b"][numbers.next(3) as usize];
            node.streams
                .push((StreamKind::Reparse, Vec::new(), link_data(target, true)));
            node.reparse = Some(Reparse {
                tag: LINK,
                reserved: 0,
                flags: 1,
            });
        }
        (false, 1) => {
            // Compressed by the system: reparse data, and content beside it.
            node.attributes = 0x20 | attribute::REPARSE_POINT;
            node.streams
                .push((StreamKind::Reparse, Vec::new(), noise(numbers, 16)));
            let stream = units("WofCompressedData");
            node.streams
                .push((StreamKind::Data, stream, noise(numbers, 3000)));
            node.reparse = Some(Reparse {
                tag: 0x8000_0017,
                reserved: 0,
                flags: 0,
            });
        }
        (false, 2) => {
            node.attributes = 0x20 | attribute::ENCRYPTED;
            node.streams
                .push((StreamKind::Encrypted, Vec::new(), noise(numbers, 500)));
        }
        (false, kind) => {
            node.attributes = [0x20, 0x80, 0x27, 0x2020][numbers.next(4) as usize];
            let length = numbers.next(4) * numbers.next(20_000);
            let bytes = noise(numbers, length);
            if !bytes.is_empty() {
                node.streams.push(data(bytes));
            }
            node.link_group = u64::from(kind == 3) * (1 + numbers.next(3));
        }
    }
    if numbers.next(5) == 0 && node.attributes & attribute::ENCRYPTED == 0 {
        let length = numbers.next(2) * numbers.next(3000);
        let stream = (
            StreamKind::Data,
            units("Zone.Identifier"),
            noise(numbers, length),
        );
        node.streams.push(stream);
    }
    node
}

/// Makes all names of a file say the same.
fn share_links(nodes: &mut [Node], first: &mut BTreeMap<u64, Node>) {
    for node in nodes {
        if node.link_group != 0 {
            let known = first.entry(node.link_group).or_insert_with(|| Node {
                attributes: node.attributes,
                security: node.security.clone(),
                times: node.times,
                streams: node.streams.clone(),
                tagged: node.tagged.clone(),
                unknown: node.unknown,
                ..Node::default()
            });
            node.attributes = known.attributes;
            node.security.clone_from(&known.security);
            node.times = known.times;
            node.streams.clone_from(&known.streams);
            node.tagged.clone_from(&known.tagged);
            node.unknown = known.unknown;
        }
        share_links(&mut node.children, first);
    }
}

fn contents(node: &Node, all: &mut Vec<Vec<u8>>) {
    all.extend(node.streams.iter().map(|(.., bytes)| bytes.clone()));
    node.children.iter().for_each(|child| contents(child, all));
}

fn streams(node: &Node) -> Vec<StreamFields<'_>> {
    let streams = node.streams.iter().map(|(kind, name, bytes)| StreamFields {
        kind: *kind,
        name,
        hash: match bytes.is_empty() {
            true => Hash::ZERO,
            false => Hash::of(bytes),
        },
    });
    streams.collect()
}

fn fields<'n>(
    builder: &mut MetadataBuilder,
    node: &'n Node,
    streams: &'n [StreamFields<'n>],
) -> EntryFields<'n> {
    EntryFields {
        name: &node.name,
        short_name: &node.short_name,
        attributes: node.attributes,
        security_id: node
            .security
            .as_deref()
            .map(|descriptor| builder.security(descriptor)),
        created: node.times[0],
        accessed: node.times[1],
        written: node.times[2],
        link_group: node.link_group,
        reparse: node.reparse,
        streams,
        tagged: &node.tagged,
        unknown: node.unknown,
        ..EntryFields::default()
    }
}

fn add(builder: &mut MetadataBuilder, directory: DirectoryId, nodes: &[Node]) {
    let lists: Vec<_> = nodes.iter().map(streams).collect();
    let entries: Vec<_> = nodes
        .iter()
        .zip(&lists)
        .map(|(node, streams)| fields(builder, node, streams))
        .collect();
    let places = builder.list(directory, entries).unwrap();
    for (node, place) in nodes.iter().zip(places) {
        if let (Some(place), false) = (place, node.children.is_empty()) {
            add(builder, place, &node.children);
        }
    }
}

fn write_image(root: &Node, at: &Path) {
    let file = File::options()
        .read(true)
        .write(true)
        .create_new(true)
        .open(at)
        .unwrap();
    let options = WriteOptions::new(Packing::STORED, None);
    let mut writer = WimWriter::create(Arc::new(file), options).unwrap();
    let mut all = Vec::new();
    contents(root, &mut all);
    writer
        .add_blobs(all.into_iter().map(|bytes| Ok(NewBlob::new(bytes))))
        .unwrap();
    let root_fields = EntryFields {
        attributes: attribute::DIRECTORY,
        security_id: root.security.as_ref().map(|_| 0),
        created: root.times[0],
        accessed: root.times[1],
        written: root.times[2],
        ..EntryFields::default()
    };
    let (mut builder, id) = MetadataBuilder::new(&root_fields).unwrap();
    if let Some(descriptor) = &root.security {
        assert_eq!(builder.security(descriptor), 0);
    }
    add(&mut builder, id, &root.children);
    writer
        .add_image(builder.finish().unwrap(), Element::new("IMAGE"))
        .unwrap();
    writer.finish().unwrap();
}

fn apply(wim: &Path, target: &Path) {
    let archive = open(wim);
    let options = ApplyOptions::default();
    let applying = Applying::new(&archive, 1, target, options, Access::Write).unwrap();
    applying.run(&Meter::default()).unwrap();
}

fn random_root(seed: u64) -> Node {
    let mut numbers = Numbers(seed * 0x9E37_79B9 + 1);
    let children: Vec<Node> = (0..40)
        .map(|number| random_node(&mut numbers, number, 0))
        .collect();
    let mut root = Node {
        attributes: attribute::DIRECTORY,
        times: times(&mut numbers),
        security: Some(volume_root()),
        children,
        ..Node::default()
    };
    share_links(&mut root.children, &mut BTreeMap::new());
    root
}

/// Differences between what went in and what came out, by path.
fn differences(before: &BTreeMap<String, Seen>, after: &BTreeMap<String, Seen>) -> Vec<String> {
    let mut differences = Vec::new();
    for path in before
        .keys()
        .chain(after.keys().filter(|path| !before.contains_key(*path)))
    {
        let (before, after) = (before.get(path), after.get(path));
        if before != after {
            differences.push(format!("`{path}`:\n  {before:?}\n  {after:?}"));
        }
    }
    differences
}

#[test]
fn random_images_survive_a_linux_filesystem() {
    let peer = program(WIMLIB, "random_images_survive_a_linux_filesystem");
    for seed in 1..=12 {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        write_image(&random_root(seed), &at("before.wim"));
        apply(&at("before.wim"), &at("tree"));
        let done = captured(&at("tree"), &at("after.wim"));
        assert_eq!(done.lost, 0, "seed {seed}: {:?}", done.findings);
        let archive = open(&at("after.wim"));
        let before = seen(&open(&at("before.wim")), 1);
        let after = seen(&archive, 1);
        let differences = differences(&before, &after);
        assert!(
            differences.is_empty(),
            "seed {seed}: {}",
            differences.join("\n")
        );
        assert!(before.len() > 60, "seed {seed}: {}", before.len());
        let verified = archive.verify(VerifyOptions::default(), &|_| {}).unwrap();
        assert!(verified.findings.is_empty(), "{:?}", verified.findings);
        if peer {
            wimlib(&["verify", utf8(&at("after.wim"))]);
        }
        // Of an unchanged tree, in place, nothing but metadata is added.
        let length = fs::metadata(at("after.wim")).unwrap().len();
        let appended = try_append(&at("tree"), &at("after.wim"), "again").unwrap();
        assert!(appended.wim_len - length < 100_000, "seed {seed}");
        assert_eq!(seen(&open(&at("after.wim")), 2), after);
    }
}

/// A file with everything that can be kept.
fn rich_file(name: &str, numbers: &mut Numbers) -> Node {
    let mut node = Node {
        name: units(name),
        short_name: units(&format!("{}~1", name.to_uppercase())),
        attributes: 0x27,
        times: times(numbers),
        security: Some(inherited(&volume_root(), false).unwrap()),
        streams: vec![
            (StreamKind::Data, Vec::new(), noise(numbers, 1000)),
            (
                StreamKind::Data,
                units("Zone.Identifier"),
                noise(numbers, 30),
            ),
        ],
        ..Node::default()
    };
    push_tagged(&mut node.tagged, tag::OBJECT_ID, &noise(numbers, 16));
    node
}

fn directory(name: &str, security: Vec<u8>, children: Vec<Node>, numbers: &mut Numbers) -> Node {
    Node {
        name: units(name),
        attributes: attribute::DIRECTORY | 0x2,
        times: times(numbers),
        security: Some(security),
        children,
        ..Node::default()
    }
}

#[test]
fn what_was_written_to_keeps_what_windows_keeps() {
    let mut numbers = Numbers(5);
    let rich = |name: &str, numbers: &mut Numbers| rich_file(name, numbers);
    let mut own = volume_root();
    own[32] = 0x55;
    let mut files: Vec<Node> = ["changed", "touched", "removed", "same", "replaced"]
        .iter()
        .map(|name| rich(name, &mut numbers))
        .collect();
    let mut compressed = rich("wof", &mut numbers);
    compressed.attributes = 0x20 | attribute::REPARSE_POINT;
    compressed.streams = vec![(StreamKind::Reparse, Vec::new(), noise(&mut numbers, 16))];
    compressed.reparse = Some(Reparse {
        tag: 0x8000_0017,
        reserved: 0,
        flags: 0,
    });
    let mut link = rich("link", &mut numbers);
    link.attributes = 0x20 | attribute::REPARSE_POINT;
    link.streams = vec![(StreamKind::Reparse, Vec::new(), link_data("same", true))];
    link.reparse = Some(Reparse {
        tag: LINK,
        reserved: 0,
        flags: 1,
    });
    for name in ["hard1", "hard2", "hard3"] {
        let mut hard = rich("hard", &mut Numbers(77));
        hard.name = units(name);
        hard.short_name = units(&format!("{name}~1").to_uppercase());
        hard.link_group = 9;
        files.push(hard);
    }
    files.extend([compressed, link]);
    let sub = directory("sub", own.clone(), files, &mut numbers);
    let quiet_file = rich("inner", &mut numbers);
    let quiet = directory("quiet", own.clone(), vec![quiet_file], &mut numbers);
    let root = Node {
        attributes: attribute::DIRECTORY,
        times: times(&mut numbers),
        security: Some(volume_root()),
        children: vec![quiet, sub],
        ..Node::default()
    };
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    write_image(&root, &at("before.wim"));
    apply(&at("before.wim"), &at("tree"));

    let sub = at("tree").join("sub");
    let in_sub = |name: &str| sub.join(name);
    fs::write(in_sub("changed"), "other content").unwrap();
    File::open(in_sub("touched"))
        .unwrap()
        .set_modified(std::time::SystemTime::now())
        .unwrap();
    fs::remove_file(in_sub("removed")).unwrap();
    fs::remove_file(in_sub("replaced")).unwrap();
    fs::create_dir(in_sub("replaced")).unwrap();
    fs::write(in_sub("replaced/child"), "c").unwrap();
    fs::write(in_sub("added"), "new").unwrap();
    fs::write(in_sub("wof"), "plain again").unwrap();
    fs::remove_file(in_sub("link")).unwrap();
    symlink("changed", in_sub("link")).unwrap();
    fs::hard_link(in_sub("hard1"), in_sub("0hard")).unwrap();
    // No hard link any more, but still the same file.
    let copy = fs::read(in_sub("hard3")).unwrap();
    let written = fs::metadata(in_sub("hard3")).unwrap().modified().unwrap();
    fs::remove_file(in_sub("hard3")).unwrap();
    fs::write(in_sub("hard3"), copy).unwrap();
    File::open(in_sub("hard3"))
        .unwrap()
        .set_modified(written)
        .unwrap();

    let done = captured(&at("tree"), &at("after.wim"));
    assert!(done.findings.is_empty(), "{:?}", done.findings);
    let before = seen(&open(&at("before.wim")), 1);
    let after = seen(&open(&at("after.wim")), 1);
    for same in ["quiet", "quiet\\inner", "sub\\same", "sub\\hard3"] {
        let mut expected = before[same].clone();
        if expected.linked_to.is_some() {
            expected.linked_to = Some("sub\\0hard".to_owned());
        }
        assert_eq!(after[same], expected, "{same}");
    }
    assert!(!after.contains_key("sub\\removed"));

    let (was, is) = (&before["sub\\changed"], &after["sub\\changed"]);
    assert_eq!(is.attributes, was.attributes);
    assert_eq!(
        (&is.security, &is.short_name),
        (&was.security, &was.short_name)
    );
    assert_eq!(is.object_id, was.object_id);
    assert_eq!(is.times[0], was.times[0], "when it was created");
    assert_ne!(is.times[2], was.times[2], "when it was written");
    let content = (0, String::new(), Hash::of(b"other content"));
    assert!(is.streams.contains(&content), "{is:?}");
    assert_eq!(is.streams.len(), 2, "the named stream stays: {is:?}");

    let (was, is) = (&before["sub\\touched"], &after["sub\\touched"]);
    assert_ne!(is.times[2], was.times[2]);
    assert_eq!((&is.streams, is.attributes), (&was.streams, was.attributes));

    // New ones inherit, and a directory in the place of a file is new.
    let passed_on = |directory| Some(inherited(&own, directory).unwrap());
    assert_eq!(after["sub\\added"].security, passed_on(false));
    assert_eq!(after["sub\\added"].attributes, 0x20);
    assert_eq!(after["sub\\replaced"].security, passed_on(true));
    assert_eq!(after["sub\\replaced"].attributes, 0x10);
    let deeper = inherited(&passed_on(true).unwrap(), false).unwrap();
    assert_eq!(after["sub\\replaced\\child"].security, Some(deeper));

    let is = &after["sub\\wof"];
    assert_eq!((is.attributes, is.reparse), (0x20, None));
    assert_eq!(is.streams.len(), 1, "{is:?}");
    assert_eq!(is.security, before["sub\\wof"].security);

    let (was, is) = (&before["sub\\link"], &after["sub\\link"]);
    assert_eq!(is.reparse, Some((LINK, 1)));
    assert_eq!(is.reparse_hash(), Hash::of(&link_data("changed", true)));
    assert_eq!((&is.security, is.times[0]), (&was.security, was.times[0]));

    // A new name of a file that was applied has all but a short name.
    for name in ["0hard", "hard1", "hard2"] {
        let is = &after[&format!("sub\\{name}")];
        let was = &before["sub\\hard1"];
        assert_eq!(is.linked_to.as_deref(), Some("sub\\0hard"), "{name}");
        assert_eq!(
            (&is.security, &is.object_id),
            (&was.security, &was.object_id)
        );
        assert_eq!(is.short_name.is_empty(), name == "0hard");
    }
    // The directory was written to; what it is stays.
    let (was, is) = (&before["sub"], &after["sub"]);
    assert_eq!(
        (is.attributes, &is.security),
        (was.attributes, &was.security)
    );
    assert_eq!(is.times[0], was.times[0]);
    assert_ne!(is.times[2], was.times[2]);
}
