//! A source folder with one of each, wimlib as the peer, and trees of both in
//! one form that can be compared.

#![allow(dead_code, reason = "each test file uses its part of this")]

pub(crate) mod capture;
pub(crate) mod model;

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;

use wimwright_wim::metadata::{Dentry, StreamKind};
use wimwright_wim::{Archive, Hash, Metadata, NamedFile};

/// Name of the peer.
pub(crate) const WIMLIB: &str = "wimlib-imagex";

/// Runs wimlib; the test ends when it fails.
pub(crate) fn wimlib(arguments: &[&str]) -> String {
    let output = try_wimlib(arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    // Warnings that say nothing of the file.
    let harmless = [
        "does not contain integrity information",
        "Ignoring Windows NT security descriptors",
        "Creating a pipable WIM",
    ];
    let mut warnings = said.split("[WARNING]").skip(1);
    let odd = warnings.find(|warning| !harmless.iter().any(|known| warning.contains(known)));
    assert_eq!(odd, None, "wimlib-imagex {arguments:?}");
    assert!(
        output.status.success(),
        "wimlib-imagex {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Runs wimlib, whatever comes of it.
pub(crate) fn try_wimlib(arguments: &[&str]) -> Output {
    Command::new(WIMLIB).args(arguments).output().unwrap()
}

/// A file on disk as an archive takes it.
pub(crate) fn file(path: &Path) -> NamedFile {
    let name = path.file_name().unwrap().to_string_lossy();
    NamedFile::new(name, Arc::new(File::open(path).unwrap()))
}

pub(crate) fn open(path: &Path) -> Archive {
    Archive::open(file(path)).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Bytes that look random and are the same every time.
pub(crate) fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

/// Text that compresses well, the same every time.
pub(crate) fn text(seed: u64, length: usize) -> Vec<u8> {
    let noise = noise(seed, length / 4 + 1);
    let mut bytes = Vec::with_capacity(length + 32);
    for (number, byte) in noise.iter().enumerate() {
        if bytes.len() >= length {
            break;
        }
        bytes.extend_from_slice(format!("line {number}: value={byte}\r\n").as_bytes());
    }
    bytes.truncate(length);
    bytes
}

/// A folder with files of all kinds that Linux can hold.
pub(crate) fn make_source(at: &Path) {
    let write = |name: &str, bytes: &[u8]| fs::write(at.join(name), bytes).unwrap();
    for folder in ["a/b/c", "empty", "many", "Ünïcode \u{1F600}"] {
        fs::create_dir_all(at.join(folder)).unwrap();
    }
    write("zero", b"");
    write("one", b"1");
    write("a/text.txt", &text(1, 250_000));
    write("a/b/noise.bin", &noise(2, 100_000));
    write("a/b/c/zeros", &[0; 300_000]);
    // Chunks of noise between chunks of text.
    let mixed = [text(3, 65_536), noise(4, 65_536), text(5, 70_001)].concat();
    write("mixed", &mixed);
    write("exactly one chunk", &text(6, 32_768));
    write("one chunk and a byte", &text(7, 32_769));
    write("Ünïcode \u{1F600}/Straße.txt", b"name");
    for number in 0..40 {
        write(
            &format!("many/file{number:02}"),
            &text(number, 100 * number as usize),
        );
    }
    write("many/twin", &text(20, 2000));
    fs::hard_link(at.join("a/text.txt"), at.join("a/b/linked.txt")).unwrap();
    fs::hard_link(at.join("a/text.txt"), at.join("linked too")).unwrap();
    symlink("text.txt", at.join("a/link")).unwrap();
    fs::set_permissions(at.join("one"), fs::Permissions::from_mode(0o600)).unwrap();
}

/// What is compared of a file or directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) is_directory: bool,
    pub(crate) is_link: bool,
    /// Of the unnamed data; zero for none.
    pub(crate) content: Hash,
    /// The first path, in order, of its group of hard links.
    pub(crate) linked_to: String,
    /// When it was last written, in 100 ns since 1601.
    pub(crate) written: u64,
}

/// Paths with `/` in front of each name; the root is the empty one.
pub(crate) type Tree = BTreeMap<String, Entry>;

/// The tree of a folder.
pub(crate) fn tree_of_folder(root: &Path) -> Tree {
    let mut tree = Tree::new();
    let mut inodes = HashMap::new();
    add_folder(root, String::new(), &mut tree, &mut inodes);
    name_groups(&mut tree, &inodes);
    tree
}

fn add_folder(at: &Path, path: String, tree: &mut Tree, inodes: &mut HashMap<String, u64>) {
    let metadata = fs::symlink_metadata(at).unwrap();
    let content = match metadata.is_file() && metadata.len() > 0 {
        true => Hash::of(&fs::read(at).unwrap()),
        false => Hash::ZERO,
    };
    if metadata.is_dir() {
        for entry in fs::read_dir(at).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            add_folder(&entry.path(), format!("{path}/{name}"), tree, inodes);
        }
    } else {
        inodes.insert(path.clone(), metadata.ino());
    }
    let since_1970 = metadata.mtime() * 10_000_000 + metadata.mtime_nsec() / 100;
    let entry = Entry {
        is_directory: metadata.is_dir(),
        is_link: metadata.is_symlink(),
        content,
        linked_to: String::new(),
        written: 116_444_736_000_000_000 + since_1970 as u64,
    };
    tree.insert(path, entry);
}

/// Names each group of links by its first path.
fn name_groups(tree: &mut Tree, groups: &HashMap<String, u64>) {
    let mut first = HashMap::new();
    for (path, entry) in tree.iter_mut() {
        entry.linked_to = match groups.get(path) {
            Some(group) => first.entry(*group).or_insert_with(|| path.clone()).clone(),
            None => path.clone(),
        };
    }
}

/// The tree of an image, every blob looked up.
pub(crate) fn tree_of_image(archive: &Archive, index: u32) -> Tree {
    let metadata = archive.metadata(index).unwrap_or_else(|error| {
        panic!(
            "{:?} {}: {error:?}",
            archive.header().codec(),
            archive.header().chunk_size
        )
    });
    let mut groups = HashMap::new();
    let mut tree = Tree::new();
    for (path, dentry) in paths(&metadata) {
        for stream in dentry.streams() {
            assert!(
                stream.hash.is_zero() || archive.find(&stream.hash).is_some(),
                "{path}: {stream:?} has no blob"
            );
        }
        if dentry.link_group() != 0 {
            groups.insert(path.clone(), dentry.link_group());
        }
        let reparse = dentry
            .streams()
            .any(|stream| stream.kind == StreamKind::Reparse);
        assert_eq!(reparse, dentry.is_reparse_point(), "{path}");
        let entry = Entry {
            is_directory: dentry.is_directory(),
            is_link: reparse,
            content: dentry.content(),
            linked_to: String::new(),
            written: dentry.written().0,
        };
        assert!(
            tree.insert(path.clone(), entry).is_none(),
            "{path} is there twice"
        );
    }
    name_groups(&mut tree, &groups);
    tree
}

/// All entries with their paths.
pub(crate) fn paths(metadata: &Metadata) -> Vec<(String, Dentry<'_>)> {
    let mut names: Vec<String> = Vec::new();
    let walk = metadata.walk().map(|(depth, dentry)| {
        names.truncate(depth.saturating_sub(1));
        if depth > 0 {
            names.push(format!("/{}", dentry.name()));
        }
        (names.concat(), dentry)
    });
    walk.collect()
}

/// Reads every blob to its end; fails when one is not what its hash says.
pub(crate) fn read_everything(archive: &Archive) -> usize {
    let ids: Vec<_> = archive.blobs().map(|blob| blob.id).collect();
    struct Check;
    impl wimwright_wim::BlobConsumer for Check {
        fn data(&mut self, _: &[u8]) -> std::io::Result<()> {
            Ok(())
        }
        fn end(self: Box<Self>, outcome: Result<(), wimwright_wim::Error>) -> std::io::Result<()> {
            outcome.map_err(std::io::Error::from)
        }
    }
    archive.read_many(&ids, &|_| Ok(Box::new(Check))).unwrap();
    ids.len()
}
