//! WIM files that wimlib makes, and what it says of ours.

use std::fmt;
use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use tempfile::TempDir;
use wimwright_testdata::program;
use wimwright_wim::metadata::{EntryFields, MetadataBuilder, StreamFields, StreamKind, attribute};
use wimwright_wim::{Element, NewBlob, Packing, WimWriter, WriteOptions};

use super::{Run, run};

/// Name of the peer.
pub(crate) const WIMLIB: &str = "wimlib-imagex";

/// Options of every compression that wimlib has.
pub(crate) const CODECS: [&[&str]; 6] = [
    &["--compress=none"],
    &["--compress=xpress", "--chunk-size=4096"],
    &["--compress=lzx", "--check"],
    &["--compress=lzx", "--chunk-size=65536"],
    &["--compress=lzms"],
    &["--solid", "--solid-chunk-size=65536", "--check"],
];

/// What wimlib says of the files of an image.
#[derive(PartialEq, Eq)]
pub(crate) struct Tree(Vec<String>);

impl fmt::Debug for Tree {
    /// Not all of it: the two sides of a failed comparison fill no screens.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut hasher = DefaultHasher::new();
        self.0.hash(&mut hasher);
        write!(f, "{} lines, {:x}", self.0.len(), hasher.finish())
    }
}

/// A folder with a source tree, to make WIM files in.
pub(crate) struct Bench(TempDir);

impl Bench {
    /// `None` says that `test` is skipped: wimlib is not here.
    pub(crate) fn new(test: &str) -> Option<Bench> {
        if !program(WIMLIB, test) {
            return None;
        }
        let bench = Bench(tempfile::tempdir().unwrap());
        let source = bench.path("source");
        for folder in ["many", "empty", "Ünïcode"] {
            fs::create_dir_all(source.join(folder)).unwrap();
        }
        let write = |name: &str, bytes: &[u8]| fs::write(source.join(name), bytes).unwrap();
        write("zero", b"");
        write("text.txt", &text(1, 200_000));
        write("noise", &noise(2, 150_000));
        write("Ünïcode/Straße.txt", &text(3, 40_000));
        for number in 0..20_u32 {
            let length = 5000 * number as usize;
            write(&format!("many/{number:02}"), &text(number.into(), length));
        }
        fs::hard_link(source.join("text.txt"), source.join("many/linked")).unwrap();
        Some(bench)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn text(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    /// Everything in the folder but the source.
    pub(crate) fn names(&self) -> Vec<String> {
        let found = fs::read_dir(self.0.path()).unwrap();
        let found = found.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = found.filter(|name| name != "source").collect();
        names.sort();
        names
    }

    pub(crate) fn remove(&self, names: &[&str]) {
        for name in names {
            let _ = fs::remove_file(self.path(name));
        }
    }

    /// Runs wimwright; `@` at the beginning of a word is the folder.
    pub(crate) fn run(&self, words: &str) -> Run {
        super::run_in(self.0.path(), words)
    }

    /// Runs wimwright with words that hold blanks.
    pub(crate) fn run_words(&self, words: &[&str]) -> Run {
        run(&self.words(words))
    }

    fn words(&self, words: &[&str]) -> Vec<String> {
        let word = |word: &&str| match word.strip_prefix('@') {
            Some(below) => self.text(below),
            None => (*word).to_owned(),
        };
        words.iter().map(word).collect()
    }

    /// Runs wimlib, which has to succeed; gives what it says.
    pub(crate) fn wimlib(&self, words: &[&str]) -> String {
        let words = self.words(words);
        let output = Command::new(WIMLIB).args(&words).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "wimlib-imagex {words:?}: {said}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// A file with the source as image `first` and its folder `many` as
    /// `second`, which is bootable.
    pub(crate) fn two_images(&self, name: &str, options: &[&str]) {
        let wim = format!("@{name}");
        self.remove(&[name]);
        let capture = ["capture", "@source", &wim, "first", "its description"];
        self.wimlib(&[&capture, options].concat());
        self.wimlib(&["append", "@source/many", &wim, "second", "--boot"]);
    }

    /// What wimlib says of every file of an image, but for where it lies.
    pub(crate) fn tree(&self, name: &str, image: u32) -> Tree {
        let references = match name.ends_with(".swm") {
            true => vec![format!(
                "--ref={}",
                self.text(&name.replace(".swm", "*.swm"))
            )],
            false => Vec::new(),
        };
        let (wim, image) = (format!("@{name}"), image.to_string());
        let mut words = vec!["dir", &wim, &image, "--detailed"];
        words.extend(references.iter().map(String::as_str));
        let said = self.wimlib(&words);
        let places = [
            "Offset in WIM",
            "Compressed size",
            "Part Number",
            "Reference Count",
            "Flags ",
            "Solid ",
        ];
        let lines = said.lines();
        let lines = lines.filter(|line| !places.iter().any(|place| line.starts_with(place)));
        Tree(lines.map(str::to_owned).collect())
    }

    /// That both find nothing wrong with a file.
    pub(crate) fn assert_sound(&self, name: &str) {
        let found = self.run(&format!("verify @{name} --json"));
        assert_eq!(found.json()["findings"], serde_json::json!([]), "{name}");
        self.wimlib(&["verify", &format!("@{name}")]);
    }

    /// That an image of a file, applied by wimlib, is this folder.
    pub(crate) fn assert_applies(&self, name: &str, image: u32, folder: &Path) {
        let target = tempfile::tempdir().unwrap();
        let target = target.path().join("applied");
        let (wim, image) = (format!("@{name}"), image.to_string());
        self.wimlib(&["apply", &wim, &image, target.to_str().unwrap()]);
        assert!(super::content(&target) == super::content(folder), "{name}");
    }

    /// The JSON of `info`.
    pub(crate) fn info(&self, name: &str) -> serde_json::Value {
        self.run(&format!("info @{name} --json")).json()
    }

    /// Changes bytes of a file.
    pub(crate) fn patch(&self, name: &str, at: usize, change: impl Fn(u8) -> u8) {
        let mut bytes = self.read(name);
        bytes[at] = change(bytes[at]);
        fs::write(self.path(name), bytes).unwrap();
    }
}

/// A small file with two images, made without wimlib.
pub(crate) fn small(path: &Path) {
    let mut create = fs::File::options();
    let file = create.read(true).write(true).create_new(true).open(path);
    let file = file.unwrap();
    let options = WriteOptions::new(Packing::STORED, None);
    let mut writer = WimWriter::create(Arc::new(file), options).unwrap();
    let content = [Ok(NewBlob::new(text(1, 1000)))];
    let hashes = writer.add_blobs(content.into_iter()).unwrap();
    for name in ["first", "second"] {
        let root = EntryFields {
            attributes: attribute::DIRECTORY,
            ..EntryFields::default()
        };
        let (mut tree, root) = MetadataBuilder::new(&root).unwrap();
        let file: Vec<u16> = name.encode_utf16().collect();
        let data = [StreamFields {
            kind: StreamKind::Data,
            name: &[],
            hash: hashes[0],
        }];
        let entry = EntryFields {
            name: &file,
            streams: &data,
            ..EntryFields::default()
        };
        tree.list(root, [entry]).unwrap();
        let mut about = Element::new("IMAGE");
        about.set_text("NAME", name);
        about.set_text("WINDOWS/ARCH", "9");
        writer.add_image(tree.finish().unwrap(), about).unwrap();
    }
    writer.finish().unwrap();
}

/// Bytes that look random and are the same every time.
fn noise(seed: u64, length: usize) -> Vec<u8> {
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

/// Text that compresses well.
fn text(seed: u64, length: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(length + 32);
    for (number, byte) in noise(seed, length / 8 + 1).iter().enumerate() {
        bytes.extend_from_slice(format!("line {number}: value={byte}\r\n").as_bytes());
    }
    bytes.truncate(length);
    bytes
}
