//! Trees to capture, and what an image says of its entries, in one form that
//! can be compared.

#![allow(dead_code, reason = "each test file uses its part of this")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;

use wimwright_servicing::capture::{
    CaptureError, CaptureOptions, Captured, Exclusions, ImageDescription, NewFile, append, capture,
};
use wimwright_servicing::{Overwrite, time};
use wimwright_wim::metadata::{Dentry, tag};
use wimwright_wim::{Archive, FileTime, Hash, NamedFile, Packing};

/// Name of the peer.
pub(crate) const WIMLIB: &str = "wimlib-imagex";

/// Runs wimlib; the test ends when it fails.
pub(crate) fn wimlib(arguments: &[&str]) -> String {
    let output = try_wimlib(arguments);
    assert!(
        output.status.success(),
        "wimlib-imagex {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub(crate) fn try_wimlib(arguments: &[&str]) -> Output {
    Command::new(WIMLIB).args(arguments).output().unwrap()
}

pub(crate) fn utf8(path: &Path) -> &str {
    path.to_str().unwrap()
}

pub(crate) fn image(name: &str) -> ImageDescription {
    ImageDescription {
        name: Some(name.to_owned()),
        description: None,
        flags: None,
        boot: false,
        time: time::from_unix_seconds(1_700_000_000),
    }
}

pub(crate) fn options() -> CaptureOptions {
    CaptureOptions {
        exclusions: Exclusions::windows(),
        fix_links: true,
        reproducible: false,
    }
}

pub(crate) fn new_file(packing: Packing) -> NewFile {
    NewFile {
        packing,
        overwrite: Overwrite::Refuse,
        integrity: false,
    }
}

/// Captures a tree as wimwright's command does.
pub(crate) fn try_capture(
    tree: &Path,
    wim: &Path,
    options: &CaptureOptions,
) -> Result<Captured, CaptureError> {
    let file = new_file(Packing::STORED);
    capture(tree, wim, &file, &image("test"), options, &mut |_, _| {})
}

pub(crate) fn captured(tree: &Path, wim: &Path) -> Captured {
    try_capture(tree, wim, &options()).unwrap_or_else(|error| panic!("{}", chain(&error)))
}

pub(crate) fn try_append(tree: &Path, wim: &Path, name: &str) -> Result<Captured, CaptureError> {
    append(tree, wim, &image(name), None, &options(), &mut |_, _| {})
}

pub(crate) fn open(path: &Path) -> Archive {
    let file = NamedFile::new(utf8(path), Arc::new(File::open(path).unwrap()));
    Archive::open(file).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What an image says of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) attributes: u32,
    pub(crate) short_name: String,
    pub(crate) security: Option<Vec<u8>>,
    /// Created, accessed, written.
    pub(crate) times: [FileTime; 3],
    /// Tag and flags.
    pub(crate) reparse: Option<(u32, u16)>,
    pub(crate) streams: BTreeSet<(u8, String, Hash)>,
    pub(crate) object_id: Option<Vec<u8>>,
    /// The first path of its link group, in the order of bytes.
    pub(crate) linked_to: Option<String>,
}

impl Seen {
    /// The data of its reparse point.
    pub(crate) fn reparse_hash(&self) -> Hash {
        let mut reparse = self.streams.iter().filter(|(kind, ..)| *kind == 1);
        reparse.next().map_or(Hash::ZERO, |(.., hash)| *hash)
    }
}

/// All entries of an image by path, the root as the empty one.
pub(crate) fn seen(archive: &Archive, index: u32) -> BTreeMap<String, Seen> {
    let metadata = archive.metadata(index).unwrap();
    let mut names: Vec<String> = Vec::new();
    let mut groups: BTreeMap<u64, String> = BTreeMap::new();
    let mut linked = Vec::new();
    let mut all = BTreeMap::new();
    for (depth, dentry) in metadata.walk() {
        names.truncate(depth.saturating_sub(1));
        if depth > 0 {
            names.push(dentry.name().to_string());
        }
        let path = names.join("\\");
        let streams = dentry
            .streams()
            .map(|stream| (stream.kind as u8, stream.name.to_string(), stream.hash))
            // An empty stream is one, whether it has an entry or not.
            .filter(|(_, name, hash)| !(name.is_empty() && hash.is_zero()));
        let group = dentry.link_group();
        if group != 0 {
            let first = groups.entry(group).or_insert(path.clone());
            *first = path.clone().min(first.clone());
            linked.push((path.clone(), group));
        }
        let entry = Seen {
            attributes: dentry.attributes(),
            short_name: dentry.short_name().to_string(),
            security: dentry
                .security_id()
                .map(|id| metadata.security(id).unwrap().to_vec()),
            times: [dentry.created(), dentry.accessed(), dentry.written()],
            reparse: dentry.reparse().map(|reparse| (reparse.tag, reparse.flags)),
            streams: streams.collect(),
            object_id: object_id(&dentry),
            linked_to: None,
        };
        assert!(all.insert(path.clone(), entry).is_none(), "{path} twice");
    }
    for (path, group) in &linked {
        // A group of one is none.
        let members = linked.iter().filter(|(_, other)| other == group);
        if members.count() > 1 {
            all.get_mut(path).unwrap().linked_to = groups.get(group).cloned();
        }
    }
    all
}

fn object_id(dentry: &Dentry<'_>) -> Option<Vec<u8>> {
    let mut items = dentry.tagged_items();
    let item = items.find(|item| item.tag == tag::OBJECT_ID)?;
    // The rest says where it was born, which not every writer has.
    Some(item.data[..16].to_vec())
}

/// Numbers that look random and are the same every time.
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    pub(crate) fn next(&mut self, below: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % below
    }
}

/// An error with its causes.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}
