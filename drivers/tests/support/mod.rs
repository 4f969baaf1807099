//! Images around the corpus' real SYSTEM hives, for the tests of this crate.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::disallowed_types,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test support, shared by several test programs; it makes images on the host"
)]

pub mod boot;
pub mod store;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use store::Stored;
pub use store::snapshot;
use wimwright_drivers::{AddOptions, AddResult, Package, PackageDescription, Trust, find_packages};
use wimwright_servicing::catalog::verify::TrustStore;
use wimwright_servicing::registry::Hive;
use wimwright_servicing::{
    Access, BeginOptions, DirectoryTree, FileTime, Image, ImagePath, MemoryTree, Receipt, time,
};
use wimwright_testdata::image::{self, Data, Windows};

/// Which image to make.
#[derive(Clone, Copy, Debug)]
pub enum Around {
    /// The 8.1 SYSTEM: dirty, its logs are lost.
    Windows81,
    /// The 10 1709 SYSTEM: dirty, with its logs.
    Windows10_1709,
    /// The 10 2004 SYSTEM.
    Windows10_2004,
    /// The XP SP3 x86 SYSTEM.
    WindowsXpX86,
    /// The XP x64 SP2 SYSTEM.
    WindowsXpX64,
    /// The 7 SP1 x86 SYSTEM.
    Windows7X86,
    /// Generated: XP's hive, as Windows 2000.
    Windows2000X86,
    /// Generated: XP's hive, as Server 2003.
    Windows2003X86,
    /// Generated: 7's hive, as Vista.
    WindowsVistaX86,
    /// Generated: 7's hive, as its 64-bit edition.
    Windows7X64,
    /// Generated: 7's hive, as WinPE 3.
    WindowsPe3X86,
    /// Generated: 10 2004's hive, as WinPE 10.
    WindowsPe10X64,
    /// Generated: 10 2004's hive, as 11.
    Windows11X64,
    /// Generated: 10 2004's hive, as 11 on ARM64.
    Windows11Arm64,
}

impl Around {
    /// The hive that the image is made around, and the endings of its logs.
    fn hive(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Around::Windows81 => ("SYSTEM-win81-x64-dirty", &[]),
            Around::Windows10_1709 => ("SYSTEM-win10-1709-x64-dirty", &["LOG1", "LOG2"]),
            Around::WindowsXpX86 | Around::Windows2000X86 | Around::Windows2003X86 => {
                ("SYSTEM-winxp-sp3-x86", &[])
            }
            Around::WindowsXpX64 => ("SYSTEM-winxp64-sp2", &[]),
            Around::Windows7X86
            | Around::WindowsVistaX86
            | Around::Windows7X64
            | Around::WindowsPe3X86 => ("SYSTEM-win7-sp1-x86", &[]),
            Around::Windows10_2004
            | Around::WindowsPe10X64
            | Around::Windows11X64
            | Around::Windows11Arm64 => ("SYSTEM-win10-2004-x64", &[]),
        }
    }

    fn windows(self) -> Windows {
        let (major, minor, build) = match self {
            Around::Windows2000X86 => (5, 0, 2195),
            Around::WindowsXpX86 => (5, 1, 2600),
            Around::WindowsXpX64 | Around::Windows2003X86 => (5, 2, 3790),
            Around::WindowsVistaX86 => (6, 0, 6002),
            Around::Windows7X86 | Around::Windows7X64 | Around::WindowsPe3X86 => (6, 1, 7601),
            Around::Windows81 => (6, 3, 9600),
            Around::Windows10_1709 => (10, 0, 16299),
            Around::Windows10_2004 | Around::WindowsPe10X64 => (10, 0, 19041),
            Around::Windows11X64 | Around::Windows11Arm64 => (10, 0, 22631),
        };
        let mut windows = Windows::new(major, minor, build);
        if matches!(self, Around::WindowsPe3X86 | Around::WindowsPe10X64) {
            windows.edition = "WindowsPE";
        }
        windows
    }

    /// What is rewritten in the hive: in every control set, by key below it.
    fn changes(self) -> Vec<(&'static str, &'static str, Data)> {
        let environment = "Control\\Session Manager\\Environment";
        match self {
            Around::Windows7X64 => {
                vec![(environment, "PROCESSOR_ARCHITECTURE", Data::Sz("AMD64"))]
            }
            Around::Windows11Arm64 => {
                vec![(environment, "PROCESSOR_ARCHITECTURE", Data::Sz("ARM64"))]
            }
            Around::Windows2003X86 => {
                vec![(
                    "Control\\ProductOptions",
                    "ProductType",
                    Data::Sz("ServerNT"),
                )]
            }
            Around::WindowsPe3X86 | Around::WindowsPe10X64 => {
                vec![("Control\\MiniNT", "", Data::Sz(""))]
            }
            _ => Vec::new(),
        }
    }

    /// Writes the image into a directory; `None` where there is no corpus.
    pub fn write(self, root: &Path, test: &str) -> Option<()> {
        let hives = wimwright_testdata::corpus(test)?.join("hives");
        let (name, logs) = self.hive();
        let system = self.system(&hives);
        let logs: Vec<(&str, Vec<u8>)> = logs
            .iter()
            .map(|ending| {
                let log = hives.join(format!("{name}.{ending}"));
                (*ending, wimwright_testdata::read(&log))
            })
            .collect();
        image::write(root, &system, &logs, &self.windows(), self.architecture());
        if let Around::WindowsPe3X86 = self {
            let script = root.join("Windows/System32/startnet.cmd");
            std::fs::write(script, "wpeinit\r\n").unwrap();
        }
        Some(())
    }

    fn architecture(self) -> u32 {
        match self {
            Around::Windows11Arm64 => 12,
            _ => 9,
        }
    }

    /// The SYSTEM hive, rewritten where the image is a generated one.
    fn system(self, hives: &Path) -> Vec<u8> {
        let bytes = wimwright_testdata::read(&hives.join(self.hive().0));
        let changes = self.changes();
        if changes.is_empty() {
            return bytes;
        }
        let (mut hive, _) = Hive::open_with_logs(bytes, &[]).unwrap();
        for (key, name, data) in &changes {
            for set in ["ControlSet001", "ControlSet002"] {
                if hive.key(set).unwrap().is_some() {
                    image::set(&mut hive, &format!("{set}\\{key}"), name, data);
                }
            }
        }
        if self.architecture() != 9 {
            let number = Data::Dword(self.architecture());
            image::set(&mut hive, "DriverDatabase", "Architecture", &number);
        }
        hive.into_bytes()
    }
}

/// An image that goes away with the value.
pub struct TestImage {
    stored: Stored,
}

impl TestImage {
    /// Makes the image; `None` where there is no corpus.
    pub fn new(around: Around, test: &str) -> Option<TestImage> {
        let stored = Stored::new();
        around.write(stored.path(), test)?;
        Some(TestImage { stored })
    }

    /// An image that `fill` makes in a directory.
    pub fn made(fill: impl FnOnce(&Path)) -> TestImage {
        let stored = Stored::new();
        fill(stored.path());
        TestImage { stored }
    }

    pub fn open(&self, access: Access) -> Image {
        self.stored.open(access)
    }

    pub fn path(&self, below: &str) -> std::path::PathBuf {
        self.stored.path().join(below)
    }

    /// Adds packages in one transaction and commits it.
    pub fn add(&self, packages: &[Package], accept_dirty_hive: bool) -> (Vec<AddResult>, Receipt) {
        self.add_or_fail(packages, accept_dirty_hive).unwrap()
    }

    /// The same, where the image may be refused.
    pub fn try_add(
        &self,
        packages: &[Package],
        accept_dirty_hive: bool,
    ) -> Result<Vec<AddResult>, wimwright_drivers::Error> {
        let done = self.add_or_fail(packages, accept_dirty_hive);
        done.map(|(results, _)| results)
    }

    fn add_or_fail(
        &self,
        packages: &[Package],
        accept_dirty_hive: bool,
    ) -> Result<(Vec<AddResult>, Receipt), wimwright_drivers::Error> {
        let mut transaction = self.open(Access::Write).begin(BeginOptions {
            accept_dirty_hive,
            ..options()
        });
        let mut results = Vec::new();
        for package in packages {
            let added = transaction.run("drivers add", |draft| {
                wimwright_drivers::add(draft, package, &any_package())
            });
            for result in added {
                results.push(result?);
            }
        }
        let receipt = transaction.prepare().unwrap().commit().unwrap().remove(0);
        Ok((results, receipt))
    }

    /// Every file with its content, for comparing images.
    pub fn snapshot(&self) -> Vec<(String, Vec<u8>)> {
        snapshot(self.stored.path())
    }

    /// Every byte of the WIM file that it is in; none for a directory.
    pub fn container(&self) -> Vec<u8> {
        self.stored.container()
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

/// What the program itself trusts, at the time of the tests.
pub fn describe(package: &Package) -> PackageDescription {
    let anchors = TrustStore::default();
    let trust = Trust {
        anchors: &anchors,
        now: now(),
    };
    wimwright_drivers::describe(package, trust).unwrap()
}

/// Adds packages whatever their signature: those that the tests make have none.
pub fn any_signature() -> AddOptions {
    let mut options = AddOptions::default();
    options.force_unsigned = true;
    options
}

/// The same, although the image may hold newer ones.
pub fn any_package() -> AddOptions {
    let mut options = any_signature();
    options.allow_older = true;
    options
}

/// A package of the corpus, by folder and INF.
pub fn package(test: &str, folder: &str, inf: &str) -> Option<Package> {
    let path = wimwright_testdata::corpus(test)?
        .join("drivers")
        .join(folder);
    Some(package_at(&path, inf))
}

/// Every package of the corpus' folders, with the folder's name.
pub fn corpus_packages(test: &str) -> Option<Vec<(String, Package)>> {
    let drivers = wimwright_testdata::corpus(test)?.join("drivers");
    let mut folders: Vec<PathBuf> = std::fs::read_dir(drivers)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir() && !path.ends_with("inf-only"))
        .collect();
    folders.sort();
    let mut found = Vec::new();
    for folder in folders {
        let tree = Arc::new(DirectoryTree::open(&folder).unwrap());
        for inf in find_packages(tree.as_ref(), true).unwrap() {
            let name = folder.file_name().unwrap().to_string_lossy().into_owned();
            let parent = inf.parent().and_then(|parent| parent.file_name().cloned());
            let last = parent.map_or_else(|| name.clone(), |parent| parent.to_string());
            let package = Package::new(folder.display().to_string(), last, tree.clone(), inf);
            found.push((name, package));
        }
    }
    assert!(found.len() >= 30, "{} packages", found.len());
    Some(found)
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

/// A package of files that are made here; `inf` is `x.inf` in it.
pub fn made_package(inf: &str, files: &[(&str, &[u8])]) -> Package {
    let mut tree = MemoryTree::new();
    tree.insert("x.inf", inf).unwrap();
    for (name, bytes) in files {
        tree.insert(name, *bytes).unwrap();
    }
    let inf = ImagePath::parse("x.inf").unwrap();
    Package::new("memory", "", Arc::new(tree), inf)
}

/// The smallest PE header that says `machine`.
pub fn pe(machine: u16) -> Vec<u8> {
    let mut bytes = vec![0; 512];
    bytes[..2].copy_from_slice(b"MZ");
    bytes[0x3C] = 0x40;
    bytes[0x40..0x44].copy_from_slice(b"PE\0\0");
    bytes[0x44..0x46].copy_from_slice(&machine.to_le_bytes());
    let (optional, magic): (u16, u16) = match machine {
        0x14C => (0xE0, 0x10B),
        _ => (0xF0, 0x20B),
    };
    bytes[0x54..0x56].copy_from_slice(&optional.to_le_bytes());
    bytes[0x58..0x5A].copy_from_slice(&magic.to_le_bytes());
    bytes[0x58 + 0x44] = 1;
    bytes
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
