//! Images around the corpus' real SYSTEM hives, for the tests of this crate.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::disallowed_types,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::panic,
    reason = "test support, shared by several test programs; it makes images on the host"
)]

use std::path::Path;
use std::sync::Arc;

use tempfile::TempDir;
use wimwright_drivers::{AddOptions, AddResult, Package};
use wimwright_servicing::{
    Access, BeginOptions, DirectoryTree, FileTime, Image, ImagePath, Receipt, time,
};
use wimwright_testdata::image::{self, Windows};

/// Which image to make.
#[derive(Clone, Copy, Debug)]
pub enum Around {
    /// The 8.1 SYSTEM: dirty, its logs are lost.
    Windows81,
    /// The 10 1709 SYSTEM: dirty, with its logs.
    Windows10_1709,
    /// The 10 2004 SYSTEM.
    Windows10_2004,
}

/// An image directory that goes away with the value.
pub struct TestImage {
    pub root: TempDir,
}

impl TestImage {
    /// Makes the image; `None` where there is no corpus.
    pub fn new(around: Around, test: &str) -> Option<TestImage> {
        let hives = wimwright_testdata::corpus(test)?.join("hives");
        let (name, logs, build): (_, &[&str], _) = match around {
            Around::Windows81 => ("SYSTEM-win81-x64-dirty", &[], (6, 3, 9600)),
            Around::Windows10_1709 => (
                "SYSTEM-win10-1709-x64-dirty",
                &["LOG1", "LOG2"],
                (10, 0, 16299),
            ),
            Around::Windows10_2004 => ("SYSTEM-win10-2004-x64", &[], (10, 0, 19041)),
        };
        let system = wimwright_testdata::read(&hives.join(name));
        let logs: Vec<(&str, Vec<u8>)> = logs
            .iter()
            .map(|ending| {
                let log = hives.join(format!("{name}.{ending}"));
                (*ending, wimwright_testdata::read(&log))
            })
            .collect();
        let root = tempfile::tempdir().unwrap();
        let (major, minor, build) = build;
        let windows = Windows::new(major, minor, build);
        image::write(root.path(), &system, &logs, &windows, 9);
        Some(TestImage { root })
    }

    pub fn open(&self, access: Access) -> Image {
        Image::open(self.root.path(), access).unwrap()
    }

    pub fn path(&self, below: &str) -> std::path::PathBuf {
        self.root.path().join(below)
    }

    /// Adds packages in one transaction and commits it.
    pub fn add(&self, packages: &[Package], accept_dirty_hive: bool) -> (Vec<AddResult>, Receipt) {
        let mut transaction = self.open(Access::Write).begin(BeginOptions {
            accept_dirty_hive,
            ..options()
        });
        let mut results = Vec::new();
        for package in packages {
            let added = transaction.run("drivers add", |draft| {
                wimwright_drivers::add(draft, package, &AddOptions::default())
            });
            results.extend(added.into_iter().map(|result| result.unwrap()));
        }
        let receipt = transaction.prepare().unwrap().commit().unwrap();
        (results, receipt)
    }

    /// Every file with its content, for comparing images.
    pub fn snapshot(&self) -> Vec<(String, Vec<u8>)> {
        snapshot(self.root.path())
    }
}

/// The time that all tests of this crate write.
pub const NOW: u64 = 1_767_225_600;

pub fn options() -> BeginOptions {
    BeginOptions {
        time: time::from_unix_seconds(NOW),
        accept_dirty_hive: false,
        strict: false,
    }
}

pub fn now() -> FileTime {
    time::from_unix_seconds(NOW)
}

/// Every file below `root` with its content, by relative path.
pub fn snapshot(root: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let mut open = vec![root.to_path_buf()];
    while let Some(directory) = open.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(root).unwrap().display().to_string();
                found.push((name, std::fs::read(&path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

/// A package of the corpus, by folder and INF.
pub fn package(test: &str, folder: &str, inf: &str) -> Option<Package> {
    let path = wimwright_testdata::corpus(test)?
        .join("drivers")
        .join(folder);
    Some(package_at(&path, inf))
}

/// A package in a host folder.
pub fn package_at(path: &Path, inf: &str) -> Package {
    let folder = path.file_name().unwrap().to_string_lossy().into_owned();
    let tree = Arc::new(DirectoryTree::open(path).unwrap());
    Package::new(
        path.display().to_string(),
        folder,
        tree,
        ImagePath::parse(inf).unwrap(),
    )
}

/// Compares with `golden/<name>`; `WIMWRIGHT_BLESS=1` writes the file anew, to
/// be read against its sources before it is kept.
pub fn compare_golden(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(name);
    if std::env::var_os("WIMWRIGHT_BLESS").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap();
    assert_eq!(text, golden, "{}", path.display());
}
