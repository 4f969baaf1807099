//! Images that boot: a real SYSTEM hive, and placeholders for the files that it
//! names. What the hive says is read, and changed, by hivex alone.

use std::cell::RefCell;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;

use serde_json::{Value, json};
use tempfile::TempDir;
use wimwright_drivers::boot_path::{BootPath, BootPathOptions, Mend, Part, Verdict, boot_path};
use wimwright_servicing::hardware::{Bus, Device, Hardware};
use wimwright_servicing::registry::{Hive, Hives};
use wimwright_servicing::{
    Access, DirectoryTree, Draft, DraftOptions, FileTree, Image, ImageFacts, find_windows,
};
use wimwright_testdata::image::{self, Windows};

/// A real hive with the computer that it comes from.
pub struct Real {
    /// The corpus' name of the hive.
    pub hive: &'static str,
    /// Endings of the logs to replay before hivex sees it.
    pub logs: &'static [&'static str],
    /// Which Windows it is.
    pub version: (u32, u32, u32),
    /// Its machine, as PE files name it.
    pub machine: u16,
    /// The controller of its boot disk: id and instance in `Enum`.
    pub controller: (&'static str, &'static str),
}

pub const X86: u16 = 0x14C;
pub const X64: u16 = 0x8664;

pub const XP: Real = Real {
    hive: "SYSTEM-winxp-sp3-x86",
    logs: &[],
    version: (5, 1, 2600),
    machine: X86,
    controller: (
        "PCI\\VEN_8086&DEV_24CB&SUBSYS_01261028&REV_01",
        "3&172e68dd&0&F9",
    ),
};

pub const XP64: Real = Real {
    hive: "SYSTEM-winxp64-sp2",
    logs: &[],
    version: (5, 2, 3790),
    machine: X64,
    controller: (
        "PCI\\VEN_8086&DEV_7111&SUBSYS_00000000&REV_01",
        "3&267a616a&0&09",
    ),
};

/// The same at the end of text-mode Setup.
pub const XP64_SETUP: Real = Real {
    hive: "SYSTEM-winxp64-sp2.sav",
    ..XP64
};

pub const SEVEN: Real = Real {
    hive: "SYSTEM-win7-sp1-x86",
    logs: &[],
    version: (6, 1, 7601),
    machine: X86,
    controller: (
        "PCI\\VEN_1000&DEV_0054&SUBSYS_197615AD&REV_01",
        "4&2732702b&0&00A8",
    ),
};

pub const EIGHT_ONE: Real = Real {
    hive: "SYSTEM-win81-x64-dirty",
    logs: &[],
    version: (6, 3, 9600),
    machine: X64,
    controller: (
        "PCI\\VEN_8086&DEV_2829&SUBSYS_00000000&REV_02",
        "3&267a616a&2&68",
    ),
};

pub const TEN_1709: Real = Real {
    hive: "SYSTEM-win10-1709-x64-dirty",
    logs: &["LOG1", "LOG2"],
    version: (10, 0, 16299),
    machine: X64,
    controller: (
        "PCI\\VEN_8086&DEV_282A&SUBSYS_05341028&REV_04",
        "3&11583659&0&FA",
    ),
};

pub const TEN_2004: Real = Real {
    hive: "SYSTEM-win10-2004-x64",
    logs: &[],
    version: (10, 0, 19041),
    machine: X64,
    controller: (
        "PCI\\VEN_15AD&DEV_07F0&SUBSYS_07F015AD&REV_00",
        "4&3b50545d&0&00B8",
    ),
};

/// The IDE controller of the same computer.
pub const TEN_2004_IDE: Real = Real {
    controller: (
        "PCI\\VEN_8086&DEV_7111&SUBSYS_197615AD&REV_01",
        "3&61aaa01&0&39",
    ),
    ..TEN_2004
};

/// A PE file for `machine` that imports `modules`.
pub fn pe_importing(machine: u16, modules: &[&str]) -> Vec<u8> {
    let mut bytes = super::pe(machine);
    let optional = 0x58;
    let directories = match machine {
        X86 => optional + 96,
        _ => optional + 112,
    };
    let sections = optional + usize::from(u16::from_le_bytes([bytes[0x54], bytes[0x55]]));
    // One section at 0x1000 whose data begin where the header page ends.
    let (address, at) = (0x1000_u32, 0x400_usize);
    let names_at = 20 * (modules.len() + 1);
    let mut table = Vec::new();
    let mut names = Vec::new();
    for module in modules {
        let name = address + (names_at + names.len()) as u32;
        table.extend([0; 12]);
        table.extend(name.to_le_bytes());
        table.extend([0; 4]);
        names.extend(module.bytes().chain([0]));
    }
    table.extend([0; 20]);
    table.extend(names);
    // Readers take the longest name that fits into the section.
    table.resize(0x400, 0);
    bytes.resize(at, 0);
    let put = |bytes: &mut Vec<u8>, at: usize, number: u32| {
        bytes[at..at + 4].copy_from_slice(&number.to_le_bytes());
    };
    bytes[0x46..0x48].copy_from_slice(&1_u16.to_le_bytes());
    put(&mut bytes, directories - 4, 16);
    put(&mut bytes, directories + 8, address);
    put(&mut bytes, directories + 12, names_at as u32);
    put(&mut bytes, sections + 8, table.len() as u32);
    put(&mut bytes, sections + 12, address);
    put(&mut bytes, sections + 16, table.len() as u32);
    put(&mut bytes, sections + 20, at as u32);
    bytes.extend(table);
    bytes
}

/// hivex at work on one hive.
struct Hivex {
    child: Child,
    pipes: RefCell<(ChildStdin, BufReader<ChildStdout>)>,
}

impl Hivex {
    fn start(python: &str, hive: &Path) -> Hivex {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peer/hive_mutants.py");
        let mut child = Command::new(python)
            .arg(script)
            .arg(hive)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let input = child.stdin.take().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        Hivex {
            child,
            pipes: RefCell::new((input, output)),
        }
    }

    fn ask(&self, request: &Value) -> Value {
        let (input, output) = &mut *self.pipes.borrow_mut();
        writeln!(input, "{request}").unwrap();
        input.flush().unwrap();
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        assert!(!line.is_empty(), "hivex failed at {request}");
        serde_json::from_str(&line).unwrap()
    }
}

impl Drop for Hivex {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A change of a hive, in the words of `hive_mutants.py`.
pub type Edit = Value;

/// `REG_SZ` or another text.
pub fn set_text(key: &str, name: &str, kind: u32, text: &str) -> Edit {
    let units = text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes);
    json!(["set", key, name, kind, hex(units)])
}

/// `REG_MULTI_SZ`.
pub fn set_list(key: &str, name: &str, texts: &[&str]) -> Edit {
    let all: String = texts.iter().map(|text| format!("{text}\0")).collect();
    let units = all.encode_utf16().chain([0]).flat_map(u16::to_le_bytes);
    json!(["set", key, name, 7, hex(units)])
}

/// `REG_DWORD`.
pub fn set_number(key: &str, name: &str, number: u32) -> Edit {
    json!(["set", key, name, 4, hex(number.to_le_bytes())])
}

pub fn delete_key(key: &str) -> Edit {
    json!(["delete-key", key])
}

pub fn delete_value(key: &str, name: &str) -> Edit {
    json!(["delete-value", key, name])
}

pub fn copy_key(from: &str, to: &str) -> Edit {
    json!(["copy-key", from, to])
}

fn hex(bytes: impl IntoIterator<Item = u8>) -> String {
    bytes
        .into_iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// An image around a real hive that boots where the hive comes from.
pub struct Booting {
    pub real: Real,
    folder: TempDir,
    hivex: Hivex,
    /// The computer that the hive comes from.
    pub hardware: Hardware,
    /// What the hive itself says, read once, for changes of files alone.
    hives: Arc<Hives>,
    facts: Arc<ImageFacts>,
}

const SYSTEM: &str = "Windows/System32/config/SYSTEM";

impl Booting {
    /// Makes it; `None` without corpus or hivex.
    pub fn new(real: Real, test: &str) -> Option<Booting> {
        let hives = wimwright_testdata::corpus(test)?.join("hives");
        let python = wimwright_testdata::python_with("hivex", test)?;
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("image");
        let base = folder.path().join("base");
        fs::write(&base, clean(&hives, &real)).unwrap();
        let hivex = Hivex::start(python, &base);
        fill(&root, &fs::read(&base).unwrap(), &real, &hivex);

        let (id, instance) = real.controller;
        let key = format!("ControlSet001\\Enum\\{id}\\{instance}");
        let ids = hivex.ask(&json!({ "device": key }));
        let list = |name: &str| serde_json::from_value(ids[name].clone()).unwrap();
        let device = Device {
            bus: Bus::Pci,
            location: Some(format!("{id}\\{instance}")),
            hardware_ids: list("HardwareID"),
            compatible_ids: list("CompatibleIDs"),
            ..Device::default()
        };
        let hardware = Hardware {
            name: "its own".to_owned(),
            devices: vec![device],
            ..Hardware::default()
        };
        let tree: Arc<dyn FileTree> = Arc::new(DirectoryTree::open(&root).unwrap());
        let windows = find_windows(tree.as_ref()).unwrap();
        let hives = Arc::new(Hives::new(Arc::clone(&tree), &windows).unwrap());
        let facts = Arc::new(ImageFacts::read(&tree, &windows, &hives).unwrap());
        Some(Booting {
            real,
            folder,
            hivex,
            hardware,
            hives,
            facts,
        })
    }

    pub fn root(&self) -> PathBuf {
        self.folder.path().join("image")
    }

    /// The file of the image with this path, found without case.
    pub fn file(&self, below: &str) -> PathBuf {
        let mut at = self.root();
        for name in below.split('/') {
            let entries = fs::read_dir(&at).unwrap();
            let found = entries.map(|entry| entry.unwrap()).find(|entry| {
                entry
                    .file_name()
                    .to_string_lossy()
                    .eq_ignore_ascii_case(name)
            });
            at = found.unwrap_or_else(|| panic!("no {below}")).path();
        }
        at
    }

    /// The same controller in another slot: no device that the image knows.
    pub fn moved(&self) -> Hardware {
        let mut hardware = self.hardware.clone();
        hardware.devices[0].location = Some("0000:00:1e.7".to_owned());
        hardware
    }

    /// What is predicted with these changes of the hive, made by hivex.
    pub fn with_edits(&self, edits: &[Edit], hardware: &Hardware) -> BootPath {
        let path = self.root().join(SYSTEM);
        let request = json!({ "mutant": path, "edits": edits });
        assert_eq!(self.hivex.ask(&request), json!("done"));
        let image = Image::open(&self.root(), Access::Read).unwrap();
        let draft = image.look(super::now());
        boot_path(&draft, hardware, &BootPathOptions::default()).unwrap()
    }

    /// The package that is active under a published name.
    pub fn active(&self, inf: &str) -> Option<String> {
        let active = self.hivex.ask(&json!({ "active": inf }));
        active.as_str().map(str::to_owned)
    }

    /// What is predicted with the files as they are now, and the hive as it was.
    pub fn with_files(&self, hardware: &Hardware) -> BootPath {
        let path = self.with_options(hardware, &BootPathOptions::default());
        path.unwrap()
    }

    /// The same, asked for more precisely.
    pub fn with_options(
        &self,
        hardware: &Hardware,
        asked: &BootPathOptions,
    ) -> Result<BootPath, wimwright_drivers::Error> {
        let tree = Arc::new(DirectoryTree::open(&self.root()).unwrap());
        let options = DraftOptions::default();
        let (hives, facts) = (Arc::clone(&self.hives), Arc::clone(&self.facts));
        let draft = Draft::new(tree, hives, facts, super::now(), options);
        boot_path(&draft, hardware, asked)
    }
}

/// The hive as hivex may change it: with its logs replayed.
fn clean(hives: &Path, real: &Real) -> Vec<u8> {
    let bytes = wimwright_testdata::read(&hives.join(real.hive));
    if real.logs.is_empty() {
        return bytes;
    }
    let logs: Vec<Vec<u8>> = real
        .logs
        .iter()
        .map(|ending| wimwright_testdata::read(&hives.join(format!("{}.{ending}", real.hive))))
        .collect();
    Hive::open_with_logs(bytes, &logs).unwrap().0.into_bytes()
}

/// Writes an image: the hive, and every file that the kernel or one of its
/// driver services names.
pub fn fill_around(root: &Path, real: &Real, test: &str) -> Option<()> {
    let hives = wimwright_testdata::corpus(test)?.join("hives");
    let python = wimwright_testdata::python_with("hivex", test)?;
    let bytes = clean(&hives, real);
    let base = tempfile::NamedTempFile::new().unwrap();
    fs::write(base.path(), &bytes).unwrap();
    let hivex = Hivex::start(python, base.path());
    fill(root, &bytes, real, &hivex);
    Some(())
}

fn fill(root: &Path, system: &[u8], real: &Real, hivex: &Hivex) {
    let (major, minor, build) = real.version;
    image::write(root, system, &[], &Windows::new(major, minor, build), 9);
    let drivers = hivex.ask(&json!({ "drivers": "ControlSet001" }));
    let drivers: Vec<String> = serde_json::from_value(drivers).unwrap();
    assert!(drivers.len() > 60, "{} drivers", drivers.len());
    let plain = super::pe(real.machine);
    let put = |path: &str, bytes: &[u8]| {
        // Names differ in case between services; the image has one of each.
        let path = root
            .join("Windows")
            .join(path.to_lowercase().replace("system32", "System32"));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    };
    for driver in &drivers {
        put(driver, &plain);
    }
    // What no service names: kernel, HAL, loaders, and port drivers that are
    // libraries of others.
    for file in ["hal.dll", "kdcom.dll", "winload.exe", "winload.efi"] {
        put(&format!("System32/{file}"), &plain);
    }
    put("System32/drivers/ntfs.sys", &plain);
    put("System32/drivers/storport.sys", &plain);
    put("System32/drivers/pciidex.sys", &plain);
    put(
        "System32/ntoskrnl.exe",
        &pe_importing(
            real.machine,
            &["HAL.dll", "KDCOM.dll", "ext-ms-win-ntos-x-l1-1-0.dll"],
        ),
    );
}

/// What a prediction says in short: verdict, check and part of the reason.
pub type Short = (Verdict, Option<(&'static str, Part)>);

/// It boots.
pub const BOOTS: Short = (Verdict::Boots, None);

/// It stops with 0x7B.
pub fn stops(check: &'static str, part: Part) -> Short {
    (Verdict::Stop7b, Some((check, part)))
}

/// It is not known.
pub fn may(check: &'static str, part: Part) -> Short {
    (Verdict::Unknown, Some((check, part)))
}

/// It does not get to the disk's driver.
pub fn ends(check: &'static str, part: Part) -> Short {
    (Verdict::WillNotStart, Some((check, part)))
}

/// What `path` says in short.
pub fn short(path: &BootPath) -> Short {
    let reason = path.reason.as_ref();
    let reason = reason.map(|reason| (reason.check.name, reason.part));
    (path.verdict, reason)
}

/// Counts cases, and names every one that is judged wrongly.
#[derive(Default)]
pub struct Cases {
    count: usize,
    wrong: Vec<String>,
}

impl Cases {
    pub fn check(&mut self, name: &str, path: &BootPath, expected: Short) {
        self.count += 1;
        let found = short(path);
        if found != expected {
            let reason = path.reason.as_ref().map(|reason| &reason.message);
            let wrong = format!("{name}: {found:?}, expected {expected:?}: {reason:?}");
            self.wrong.push(wrong);
        }
    }

    pub fn end(self, at_least: usize) {
        assert!(self.wrong.is_empty(), "{}", self.wrong.join("\n"));
        assert!(self.count >= at_least, "{} cases", self.count);
    }
}

/// The mends of a prediction's reason as edits for hivex; `None` where they are
/// not all of the registry.
pub fn mends(path: &BootPath) -> Option<Vec<Edit>> {
    let mends = &path.reason.as_ref()?.mends;
    if mends.is_empty() {
        return None;
    }
    let in_hive = |key: &str| key.strip_prefix("SYSTEM\\").unwrap().to_owned();
    let edits = mends.iter().map(|mend| match mend {
        Mend::SetValue {
            key,
            name,
            kind,
            data,
        } => {
            let key = in_hive(key);
            Some(match *kind {
                "dword" => set_number(&key, name, data[0].parse().unwrap()),
                "multi-sz" => {
                    let texts: Vec<&str> = data.iter().map(String::as_str).collect();
                    set_list(&key, name, &texts)
                }
                _ => set_text(&key, name, 1, &data[0]),
            })
        }
        Mend::DeleteKey { key } => Some(delete_key(&in_hive(key))),
        Mend::DeleteValue { key, name } => Some(delete_value(&in_hive(key), name)),
        Mend::AddDriver { .. } | Mend::PutFile { .. } => None,
    });
    edits.collect()
}

/// A PCI device with the ids that Windows gives it by these numbers, in no slot
/// that an image knows.
pub fn pci(vendor: u16, device: u16, class: &str) -> Device {
    let id = format!("PCI\\VEN_{vendor:04X}&DEV_{device:04X}");
    let (base, _) = class.split_at(4);
    Device {
        bus: Bus::Pci,
        location: Some("0000:00:1e.7".to_owned()),
        hardware_ids: vec![
            format!("{id}&SUBSYS_00000000&REV_00"),
            format!("{id}&SUBSYS_00000000"),
            format!("{id}&CC_{class}"),
            format!("{id}&CC_{base}"),
        ],
        compatible_ids: vec![
            format!("{id}&REV_00"),
            id,
            format!("PCI\\VEN_{vendor:04X}&CC_{class}"),
            format!("PCI\\VEN_{vendor:04X}&CC_{base}"),
            format!("PCI\\VEN_{vendor:04X}"),
            format!("PCI\\CC_{class}"),
            format!("PCI\\CC_{base}"),
        ],
        ..Device::default()
    }
}

/// A computer of these devices.
pub fn computer(devices: Vec<Device>) -> Hardware {
    Hardware {
        name: "another".to_owned(),
        devices,
        ..Hardware::default()
    }
}
