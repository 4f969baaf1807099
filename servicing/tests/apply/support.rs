//! WIM files made for the tests, wimlib as the peer, and trees on the host in
//! a form that can be compared.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use wimwright_servicing::Access;
use wimwright_servicing::apply::{ApplyError, ApplyOptions, Applying, Report};
use wimwright_servicing::container::Meter;
use wimwright_wim::metadata::{
    DirectoryId, EntryFields, MetadataBuilder, Reparse, StreamFields, StreamKind, attribute,
    push_tagged, tag,
};
use wimwright_wim::{
    Archive, Element, FileTime, Hash, NamedFile, NewBlob, Packing, WimWriter, WriteOptions,
};

pub(crate) const WIMLIB: &str = "wimlib-imagex";

/// 2020-01-01 00:00:01.2345678
pub(crate) const TIME: FileTime = FileTime(132_223_104_012_345_678);

/// Runs a program that has to succeed; gives what it said.
pub(crate) fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap();
    assert!(
        output.status.success(),
        "{program} {arguments:?}: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub(crate) fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

pub(crate) fn open(path: &Path) -> Archive {
    let file = Arc::new(File::open(path).unwrap());
    Archive::open(NamedFile::new(text(path), file)).unwrap()
}

/// Applies an image with these options.
pub(crate) fn apply_with(
    archive: &Archive,
    target: &Path,
    options: ApplyOptions,
) -> Result<Report, ApplyError> {
    Applying::new(archive, 1, target, options, Access::Write)?.run(&Meter::default())
}

/// Applies an image that has to go well.
pub(crate) fn apply(archive: &Archive, target: &Path) -> Report {
    apply_with(archive, target, ApplyOptions::default()).unwrap()
}

/// An entry to be made.
#[derive(Clone, Default)]
pub(crate) struct Made {
    pub(crate) path: String,
    pub(crate) content: Option<Vec<u8>>,
    pub(crate) streams: Vec<(String, Vec<u8>)>,
    pub(crate) reparse: Option<(u32, Vec<u8>)>,
    pub(crate) encrypted: Option<Vec<u8>>,
    pub(crate) attributes: u32,
    pub(crate) security: Option<Vec<u8>>,
    pub(crate) short_name: String,
    pub(crate) link_group: u64,
    pub(crate) object_id: Option<[u8; 16]>,
    pub(crate) times: Option<[FileTime; 3]>,
    /// Where a symbolic link leads.
    pub(crate) target: Option<String>,
}

pub(crate) fn file(path: &str, content: impl Into<Vec<u8>>) -> Made {
    Made {
        path: path.to_owned(),
        content: Some(content.into()),
        attributes: 0x20,
        ..Made::default()
    }
}

pub(crate) fn directory(path: &str) -> Made {
    Made {
        path: path.to_owned(),
        attributes: attribute::DIRECTORY,
        ..Made::default()
    }
}

/// A junction to `target`, like `\??\C:\Users`.
pub(crate) fn junction(path: &str, target: &str) -> Made {
    let mut made = directory(path).reparse(0xA000_0003, &reparse_data(target, false));
    made.attributes |= attribute::REPARSE_POINT;
    made
}

/// A symbolic link to a file.
pub(crate) fn symbolic_link(path: &str, target: &str) -> Made {
    let mut made = file(path, "").reparse(0xA000_000C, &reparse_data(target, true));
    made.content = None;
    made.target = Some(target.to_owned());
    made
}

fn reparse_data(target: &str, symbolic: bool) -> Vec<u8> {
    let bytes: Vec<u8> = target.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let length = bytes.len() as u16;
    let mut data = Vec::new();
    for field in [0, length, length + 2, 0] {
        data.extend_from_slice(&field.to_le_bytes());
    }
    if symbolic {
        data.extend_from_slice(&u32::from(!target.starts_with('\\')).to_le_bytes());
    }
    data.extend_from_slice(&bytes);
    data.extend_from_slice(&[0; 4]);
    data
}

/// A descriptor: owner and group SYSTEM, all rights to one well-known group.
pub(crate) fn descriptor(group: u8) -> Vec<u8> {
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

impl Made {
    pub(crate) fn stream(mut self, name: &str, content: &[u8]) -> Made {
        self.streams.push((name.to_owned(), content.to_vec()));
        self
    }

    pub(crate) fn reparse(mut self, tag: u32, data: &[u8]) -> Made {
        self.attributes |= attribute::REPARSE_POINT;
        self.reparse = Some((tag, data.to_vec()));
        self
    }

    pub(crate) fn encrypted(mut self, raw: &[u8]) -> Made {
        self.attributes |= attribute::ENCRYPTED;
        self.content = None;
        self.encrypted = Some(raw.to_vec());
        self
    }

    pub(crate) fn attributes(mut self, attributes: u32) -> Made {
        self.attributes |= attributes;
        self
    }

    pub(crate) fn security(mut self, group: u8) -> Made {
        self.security = Some(descriptor(group));
        self
    }

    pub(crate) fn short_name(mut self, name: &str) -> Made {
        self.short_name = name.to_owned();
        self
    }

    pub(crate) fn link(mut self, group: u64) -> Made {
        self.link_group = group;
        self
    }

    pub(crate) fn object_id(mut self, id: [u8; 16]) -> Made {
        self.object_id = Some(id);
        self
    }

    pub(crate) fn times(mut self, times: [u64; 3]) -> Made {
        self.times = Some(times.map(FileTime));
        self
    }

    fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap()
    }

    fn is_in(&self, directory: &str) -> bool {
        let above = self.path.rsplit_once('/').map_or("", |(above, _)| above);
        above == directory && !self.path.is_empty()
    }
}

/// A WIM file with one image of these entries; directories above them are
/// made. An entry with an empty path says what the root is.
pub(crate) fn wim(path: &Path, packing: Packing, entries: &[Made]) {
    let mut all = entries.to_vec();
    for entry in entries {
        let mut above = entry.path.as_str();
        while let Some((parent, _)) = above.rsplit_once('/') {
            if !all.iter().any(|entry| entry.path == parent) {
                all.push(directory(parent));
            }
            above = parent;
        }
    }
    if !all.iter().any(|entry| entry.path.is_empty()) {
        all.push(directory(""));
    }
    let file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(true)
        .open(path)
        .unwrap();
    let options = WriteOptions::new(packing, [7; 16]);
    let mut writer = WimWriter::create(Arc::new(file), options).unwrap();
    let mut hashes = HashMap::new();
    for entry in &all {
        let named = entry.streams.iter().map(|(_, bytes)| bytes);
        let reparse = entry.reparse.iter().map(|(_, bytes)| bytes);
        let contents = entry.content.iter().chain(&entry.encrypted);
        for bytes in named.chain(reparse).chain(contents) {
            let blob = std::iter::once(Ok(NewBlob::new(bytes.clone())));
            let hash = writer.add_blobs(blob).unwrap();
            hashes.insert(bytes.clone(), hash[0]);
        }
    }
    let root = all.iter().find(|entry| entry.path.is_empty()).unwrap();
    // The builder numbers descriptors from 0 on, but wants a root first.
    let owned = Owned::of(root, &hashes, root.security.as_ref().map(|_| 0));
    let (mut builder, id) = MetadataBuilder::new(&owned.fields(&owned.streams())).unwrap();
    if let Some(security) = &root.security {
        builder.security(security);
    }
    let mut open: Vec<(String, DirectoryId)> = vec![(String::new(), id)];
    let securities: HashMap<String, u32> = all
        .iter()
        .filter_map(|entry| {
            let security = entry.security.as_ref()?;
            Some((entry.path.clone(), builder.security(security)))
        })
        .collect();
    while let Some((above, id)) = open.pop() {
        let inside: Vec<&Made> = all.iter().filter(|entry| entry.is_in(&above)).collect();
        let owned: Vec<Owned> = inside
            .iter()
            .map(|entry| Owned::of(entry, &hashes, securities.get(&entry.path).copied()))
            .collect();
        let streams: Vec<_> = owned.iter().map(Owned::streams).collect();
        let list = owned.iter().zip(&streams);
        let added = builder
            .list(id, list.map(|(owned, streams)| owned.fields(streams)))
            .unwrap();
        for (entry, id) in inside.iter().zip(added) {
            if let Some(id) = id {
                open.push((entry.path.clone(), id));
            }
        }
    }
    let mut element = Element::new("IMAGE");
    element.set_text("NAME", "made for a test");
    writer
        .add_image(builder.finish().unwrap(), element)
        .unwrap();
    writer.finish().unwrap();
}

struct Owned {
    name: Vec<u16>,
    short_name: Vec<u16>,
    entry: Made,
    streams: Vec<(StreamKind, Vec<u16>, Hash)>,
    tagged: Vec<u8>,
    security: Option<u32>,
}

impl Owned {
    fn of(entry: &Made, hashes: &HashMap<Vec<u8>, Hash>, security: Option<u32>) -> Owned {
        let units = |text: &str| text.encode_utf16().collect::<Vec<u16>>();
        let hash = |bytes: &Vec<u8>| hashes[bytes];
        let mut streams = Vec::new();
        if let Some(content) = &entry.content {
            streams.push((StreamKind::Data, Vec::new(), hash(content)));
        }
        if let Some((_, data)) = &entry.reparse {
            streams.push((StreamKind::Reparse, Vec::new(), hash(data)));
        }
        if let Some(raw) = &entry.encrypted {
            streams.push((StreamKind::Encrypted, Vec::new(), hash(raw)));
        }
        for (name, bytes) in &entry.streams {
            streams.push((StreamKind::Data, units(name), hash(bytes)));
        }
        let mut tagged = Vec::new();
        if let Some(id) = entry.object_id {
            push_tagged(&mut tagged, tag::OBJECT_ID, &id);
        }
        Owned {
            name: units(entry.name()),
            short_name: units(&entry.short_name),
            entry: entry.clone(),
            streams,
            tagged,
            security,
        }
    }

    fn streams(&self) -> Vec<StreamFields<'_>> {
        let streams = self.streams.iter();
        let streams = streams.map(|(kind, name, hash)| StreamFields {
            kind: *kind,
            name,
            hash: *hash,
        });
        streams.collect()
    }

    fn fields<'f>(&'f self, streams: &'f [StreamFields<'f>]) -> EntryFields<'f> {
        let [created, accessed, written] = self.entry.times.unwrap_or([TIME; 3]);
        let reparse = self.entry.reparse.as_ref().map(|(tag, _)| Reparse {
            tag: *tag,
            reserved: 0,
            flags: 0,
        });
        EntryFields {
            name: &self.name,
            short_name: &self.short_name,
            attributes: self.entry.attributes,
            security_id: self.security,
            created,
            accessed,
            written,
            link_group: self.entry.link_group,
            reparse,
            streams,
            tagged: &self.tagged,
            ..EntryFields::default()
        }
    }
}

/// What is seen of a host file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) content: Content,
    /// Seconds and nanoseconds.
    pub(crate) written: (i64, i64),
    /// The first path of the same file.
    pub(crate) first_name: PathBuf,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    Directory,
    File(Vec<u8>),
    /// Where it leads: from the root of the tree, where it leads into it.
    Link(PathBuf),
}

/// Everything in a tree, by path; sidecars aside.
pub(crate) fn seen(root: &Path) -> BTreeMap<PathBuf, Seen> {
    let real = fs::canonicalize(root).unwrap();
    let mut paths = vec![PathBuf::new()];
    let mut open = vec![PathBuf::new()];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(root.join(&directory)).unwrap() {
            let entry = entry.unwrap();
            let path = directory.join(entry.file_name());
            if entry.file_type().unwrap().is_dir() {
                open.push(path.clone());
            }
            paths.push(path);
        }
    }
    paths.retain(|path| path != Path::new(".wimwright-sidecar"));
    paths.sort();
    let mut inodes = HashMap::new();
    let mut found = BTreeMap::new();
    for path in paths {
        let at = root.join(&path);
        let metadata = fs::symlink_metadata(&at).unwrap();
        let first_name = inodes
            .entry(metadata.ino())
            .or_insert_with(|| path.clone())
            .clone();
        let content = if metadata.is_dir() {
            Content::Directory
        } else if metadata.is_symlink() {
            let target = fs::read_link(&at).unwrap();
            let resolved = fs::canonicalize(&at).ok();
            let inside = resolved.and_then(|to| Some(to.strip_prefix(&real).ok()?.to_owned()));
            Content::Link(inside.unwrap_or(target))
        } else {
            Content::File(fs::read(&at).unwrap())
        };
        let seen = Seen {
            content,
            written: (metadata.mtime(), metadata.mtime_nsec()),
            first_name,
        };
        found.insert(path, seen);
    }
    found
}

/// That two trees are the same.
pub(crate) fn assert_same(ours: &Path, theirs: &Path) {
    let (ours, theirs) = (seen(ours), seen(theirs));
    assert_eq!(
        ours.keys().collect::<Vec<_>>(),
        theirs.keys().collect::<Vec<_>>()
    );
    for (path, found) in &ours {
        assert!(*found == theirs[path], "{path:?}");
    }
}

/// Numbers that look random and are the same every time.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    pub(crate) fn bytes(&mut self, length: u64) -> Vec<u8> {
        // Half of it can be compressed.
        let mut bytes: Vec<u8> = (0..length / 2).map(|_| self.next() as u8).collect();
        bytes.resize(length as usize, b'x');
        bytes
    }
}

impl Made {
    pub(crate) fn path(&self) -> &str {
        &self.path
    }
}
