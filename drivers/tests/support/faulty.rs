//! Images in which something is broken, with other tools than ours.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "test support; it makes images on the host"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, OnceLock};

use tempfile::TempDir;
use wimwright_drivers::check::{Fault, RepairOptions, check, repair};
use wimwright_servicing::{Access, BeginOptions, DraftError, Image};

use crate::placeholders::{copy, lay_out};
use crate::support::{Around, TestImage, any_signature, now, options, package};

pub(crate) const NONE: u32 = 0;
pub(crate) const SZ: u32 = 1;
pub(crate) const BINARY: u32 = 3;
pub(crate) const DWORD: u32 = 4;
pub(crate) const MULTI_SZ: u32 = 7;

pub(crate) fn sz(text: &str) -> Vec<u8> {
    text.encode_utf16()
        .chain([0])
        .flat_map(u16::to_le_bytes)
        .collect()
}

pub(crate) fn multi_sz(texts: &[String]) -> Vec<u8> {
    let mut bytes: Vec<u8> = texts.iter().flat_map(|text| sz(text)).collect();
    bytes.extend([0, 0]);
    bytes
}

/// The image that is broken: a real hive with placeholders, and packages that
/// `add` put in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Base {
    Windows81,
    Windows10_1709,
    Windows10_2004,
    Windows7,
    WindowsXp,
    WindowsPe3,
}

/// What every broken image begins as.
struct Whole {
    directory: TempDir,
    /// Published name and package id, by folder of the corpus.
    added: BTreeMap<&'static str, (String, String)>,
    faults: BTreeSet<String>,
}

impl Base {
    pub(crate) const ALL: [Base; 6] = [
        Base::Windows81,
        Base::Windows10_1709,
        Base::Windows10_2004,
        Base::Windows7,
        Base::WindowsXp,
        Base::WindowsPe3,
    ];

    /// Windows 8 and later.
    pub(crate) fn has_database(self) -> bool {
        self <= Base::Windows10_2004
    }

    fn around(self) -> Around {
        match self {
            Base::Windows81 => Around::Windows81,
            Base::Windows10_1709 => Around::Windows10_1709,
            Base::Windows10_2004 => Around::Windows10_2004,
            Base::Windows7 => Around::Windows7X86,
            Base::WindowsXp => Around::WindowsXpX86,
            Base::WindowsPe3 => Around::WindowsPe3X86,
        }
    }

    fn packages(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Base::Windows81 | Base::Windows10_1709 | Base::Windows10_2004 => &[
                ("virtio-viostor-w10-amd64", "viostor.inf"),
                ("wintun-0.14-amd64", "wintun.inf"),
            ],
            _ => &[("intel-iastor-xp-f6", "iaahci.inf")],
        }
    }

    /// Made once for all tests of the program.
    fn whole(self, test: &str) -> Option<&'static Whole> {
        static MADE: OnceLock<Mutex<BTreeMap<Base, &'static Whole>>> = OnceLock::new();
        let mut made = MADE.get_or_init(Mutex::default).lock().unwrap();
        if let Some(whole) = made.get(&self) {
            return Some(whole);
        }
        let whole: &'static Whole = Box::leak(Box::new(self.make(test)?));
        made.insert(self, whole);
        Some(whole)
    }

    fn make(self, test: &str) -> Option<Whole> {
        let corpus = wimwright_testdata::corpus(test)?;
        let catalog = corpus.join("drivers/virtio-viostor-w10-amd64/viostor.cat");
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        self.around().write(root, test)?;
        let _ = lay_out(root, &fs::read(catalog).unwrap());
        let mut added = BTreeMap::new();
        let mut transaction = Image::open(root, Access::Write)
            .unwrap()
            .begin(BeginOptions {
                accept_dirty_hive: true,
                ..options()
            });
        for (folder, inf) in self.packages() {
            let package = package(test, folder, inf)?;
            let results = transaction.run("add", |draft| {
                wimwright_drivers::add(draft, &package, &any_signature())
            });
            let result = results.into_iter().next().unwrap().unwrap();
            let id = result
                .package_id
                .unwrap_or_else(|| panic!("{:?}", result.reason));
            added.insert(*folder, (result.published_name.unwrap_or_default(), id));
        }
        // Numbers that were a DRIVERS hive's, which the corpus does not have.
        let repaired = transaction.run("repair", |draft| -> Result<_, DraftError> {
            Ok(repair(draft, &RepairOptions::default()).unwrap())
        });
        for fault in repaired.into_iter().next().unwrap().unwrap().mended {
            assert_eq!(fault.check.name, "oem-map-unused", "{fault:?}");
        }
        transaction.prepare().unwrap().commit().unwrap();
        let faults = check(&Image::open(root, Access::Read).unwrap().look(now())).unwrap();
        let faults: BTreeSet<String> = faults.iter().map(told).collect();
        // INFs that own services, of packages of that hive.
        for fault in &faults {
            assert!(fault.starts_with("orphan-published: "), "{self:?}: {fault}");
        }
        Some(Whole {
            directory,
            added,
            faults,
        })
    }
}

/// A fault in one line.
pub(crate) fn told(fault: &Fault) -> String {
    format!("{}: {}: {}", fault.check.name, fault.place, fault.message)
}

/// An image that is being broken.
pub(crate) struct Faulty<'w> {
    pub(crate) image: TestImage,
    whole: &'w Whole,
    edits: BTreeMap<&'static str, String>,
}

impl Faulty<'_> {
    /// `None` without corpus, or without hivex.
    pub(crate) fn new(base: Base, test: &str) -> Option<Faulty<'static>> {
        wimwright_testdata::python_with("hivex", test)?;
        let whole = base.whole(test)?;
        Some(Faulty {
            image: TestImage::made(|root| copy(whole.directory.path(), root)),
            whole,
            edits: BTreeMap::new(),
        })
    }

    pub(crate) fn base_faults(&self) -> &BTreeSet<String> {
        &self.whole.faults
    }

    pub(crate) fn faults(&self) -> Vec<String> {
        let draft = self.image.open(Access::Read).look(now());
        check(&draft).unwrap().iter().map(told).collect()
    }

    /// Makes the edits of hives, all of a hive at once.
    pub(crate) fn make(&mut self) {
        let python = wimwright_testdata::python_with("hivex", "edits").unwrap();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peer/edit_keys.py");
        for (hive, edits) in std::mem::take(&mut self.edits) {
            let config = self.image.path("Windows/System32/config");
            let mut child = Command::new(python)
                .arg(&script)
                .arg(config.join(hive))
                .stdin(Stdio::piped())
                .spawn()
                .unwrap();
            let mut input = child.stdin.take().unwrap();
            input.write_all(edits.as_bytes()).unwrap();
            drop(input);
            assert!(child.wait().unwrap().success(), "{hive}: {edits}");
        }
    }

    fn edit(&mut self, hive: &'static str, words: &[&str]) {
        let edits = self.edits.entry(hive).or_default();
        edits.push_str(&words.join("\t"));
        edits.push('\n');
    }

    pub(crate) fn set(&mut self, key: &str, name: &str, kind: u32, data: &[u8]) {
        let data: String = data.iter().map(|byte| format!("{byte:02x}")).collect();
        self.edit("SYSTEM", &["set", key, name, &kind.to_string(), &data]);
    }

    pub(crate) fn set_in_software(&mut self, key: &str, name: &str, kind: u32, data: &[u8]) {
        let data: String = data.iter().map(|byte| format!("{byte:02x}")).collect();
        self.edit("SOFTWARE", &["set", key, name, &kind.to_string(), &data]);
    }

    pub(crate) fn unset(&mut self, key: &str, name: &str) {
        self.edit("SYSTEM", &["unset", key, name]);
    }

    pub(crate) fn drop(&mut self, key: &str) {
        self.edit("SYSTEM", &["drop", key]);
    }

    pub(crate) fn drop_in_drivers(&mut self, key: &str) {
        self.edit("DRIVERS", &["drop", key]);
    }

    pub(crate) fn copy(&mut self, key: &str, to: &str) {
        self.edit("SYSTEM", &["copy", key, to]);
    }

    /// The path of a file, whatever the case of its names; the last one may be
    /// how it begins.
    fn find(&self, path: &str) -> PathBuf {
        path.split('/').fold(self.image.path(""), |folder, part| {
            let mut entries = fs::read_dir(&folder)
                .unwrap()
                .map(|entry| entry.unwrap().path());
            let found = entries.find(|entry| {
                let name = entry.file_name().unwrap().to_string_lossy().to_lowercase();
                let part = part.to_lowercase();
                name == part || (part.ends_with('_') && name.starts_with(&part))
            });
            found.unwrap_or_else(|| panic!("no {part} in {}", folder.display()))
        })
    }

    pub(crate) fn remove(&mut self, path: &str) {
        let path = self.find(path);
        match path.is_dir() {
            true => fs::remove_dir_all(path).unwrap(),
            false => fs::remove_file(path).unwrap(),
        }
    }

    pub(crate) fn write(&mut self, path: &str, bytes: &[u8]) {
        let path = self.image.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    fn added(&self, folder: &str) -> (String, String) {
        self.whole.added[folder].clone()
    }

    /// viostor's id.
    pub(crate) fn id(&self) -> String {
        self.added("virtio-viostor-w10-amd64").1
    }

    /// viostor's published name.
    pub(crate) fn published(&self) -> String {
        self.added("virtio-viostor-w10-amd64").0
    }

    /// wintun's id, in the DRIVERS node.
    pub(crate) fn net_id(&self) -> String {
        self.added("wintun-0.14-amd64").1
    }

    pub(crate) fn package_key(&self) -> String {
        format!("DriverDatabase\\DriverPackages\\{}", self.id())
    }

    pub(crate) fn name_key(&self) -> String {
        format!("DriverDatabase\\DriverInfFiles\\{}", self.published())
    }

    pub(crate) fn store(&self, id: &str) -> String {
        format!("Windows/System32/DriverStore/FileRepository/{id}")
    }

    pub(crate) fn in_store(&self, file: &str) -> String {
        format!("{}/{file}", self.store(&self.id()))
    }

    pub(crate) fn published_inf(&self) -> String {
        format!("Windows/INF/{}", self.published())
    }

    pub(crate) fn published_catalog(&self) -> String {
        let name = self.published().replace(".inf", ".cat");
        format!("Windows/System32/CatRoot/{{F750E6C3-38EE-11D1-85E5-00C04FC295EE}}/{name}")
    }

    /// The name of the folder that waits for the first boot.
    fn waiting_name(&self) -> String {
        let (_, id) = self.added("intel-iastor-xp-f6");
        id.strip_prefix("pending:").unwrap().to_owned()
    }

    pub(crate) fn waiting(&self) -> String {
        let root = match self.image.path("Windows/Drivers").exists() {
            true => "Drivers",
            false => "OEMDRIVERS",
        };
        format!("Windows/{root}/{}", self.waiting_name())
    }

    pub(crate) fn waiting_catalog(&self) -> String {
        let name = self.waiting_name();
        format!("Windows/System32/CatRoot/{{F750E6C3-38EE-11D1-85E5-00C04FC295EE}}/{name}.cat")
    }

    pub(crate) fn add_to_device_path(&mut self, directory: &str) {
        let waiting = self
            .waiting()
            .replace("Windows/", "%SystemRoot%\\")
            .replace('/', "\\");
        let list = format!("%SystemRoot%\\inf;{waiting};{directory}");
        self.set_in_software(
            "Microsoft\\Windows\\CurrentVersion",
            "DevicePath",
            2,
            &sz(&list),
        );
    }

    /// What virt-v2v registers for a device (driverstore 2.16).
    pub(crate) fn guestor(&mut self, device: &str) {
        let label = "guestor.inf_tmp";
        let name = "DriverDatabase\\DriverInfFiles\\guestor.inf";
        self.set(name, "", MULTI_SZ, &multi_sz(&[label.to_owned()]));
        self.set(name, "Active", SZ, &sz(label));
        self.set(
            name,
            "Configurations",
            MULTI_SZ,
            &multi_sz(&["guestor_conf".to_owned()]),
        );
        let index = format!("DriverDatabase\\DeviceIds\\PCI\\{device}");
        self.set(&index, "guestor.inf", BINARY, &[1, 0xFF, 0, 0]);
        let package = format!("DriverDatabase\\DriverPackages\\{label}");
        let mut version = vec![0, 0xFF, 9, 0, 0, 0, 0, 0];
        version.extend([0x7B, 0xE9, 0x36, 0x4D, 0x25, 0xE3, 0xCE, 0x11]);
        version.extend([0xBF, 0xC1, 0x08, 0x00, 0x2B, 0xE1, 0x03, 0x18]);
        version.extend([0; 24]);
        self.set(&package, "Version", BINARY, &version);
        let configuration = format!("{package}\\Configurations\\guestor_conf");
        self.set(&configuration, "ConfigFlags", DWORD, &[0; 4]);
        self.set(&configuration, "Service", SZ, &sz("viostor"));
        let descriptor = format!("{package}\\Descriptors\\PCI\\{device}");
        self.set(&descriptor, "Configuration", SZ, &sz("guestor_conf"));
    }

    /// viostor once more, under another name and id, complete.
    pub(crate) fn twice(&mut self, name: &str) {
        let (inf, id) = (format!("{name}.inf"), "viostor.inf_amd64_520417bbc533faba");
        let store = self.image.path(&self.store(id));
        copy(&self.find(&self.store(&self.id())), &store);
        let (published, catalog) = (
            self.find(&self.published_inf()),
            self.find(&self.published_catalog()),
        );
        fs::copy(&published, published.with_file_name(&inf)).unwrap();
        fs::copy(&catalog, catalog.with_file_name(format!("{name}.cat"))).unwrap();
        let package = format!("DriverDatabase\\DriverPackages\\{id}");
        self.copy(&self.package_key(), &package);
        self.set(&package, "", SZ, &sz(&inf));
        let key = format!("DriverDatabase\\DriverInfFiles\\{inf}");
        self.copy(&self.name_key(), &key);
        self.set(&key, "", MULTI_SZ, &multi_sz(&[id.to_owned()]));
        self.set(&key, "Active", SZ, &sz(id));
    }
}
