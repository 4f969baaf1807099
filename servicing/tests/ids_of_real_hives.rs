//! The ids made from a device's numbers are those that Windows made.
//!
//! For each device below `Enum` of installed systems the numbers are parsed
//! out of its most specific ids and its class code, the lists are built from
//! them alone, and whole lists are compared, letter case included. The tests
//! say how many devices there are of each kind; none is left out.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test program")]

use std::collections::BTreeMap;

use wimwright_hive::{Hive, Key};
use wimwright_servicing::hardware::Hardware;
use wimwright_servicing::hardware::ids::{
    AcpiDevice, AtaDrive, CompatibleId, DriveKind, Enumerator, HdAudioFunction, HidCollection, Ids,
    NvmeDisk, PciClass, PciFunction, ScsiDrive, UsbClass, UsbDevice, UsbDrive, UsbHub,
    UsbInterface, UsbRootHub,
};
use wimwright_testdata::{corpus, read};

const SYSTEMS: [(&str, &[&str], Enumerator); 6] = [
    ("SYSTEM-winxp-sp3-x86", &[], Enumerator::Nt5),
    ("SYSTEM-winxp64-sp2", &[], Enumerator::Nt5),
    ("SYSTEM-win7-sp1-x86", &[], Enumerator::Vista),
    ("SYSTEM-win81-x64-dirty", &[], Enumerator::Windows8),
    (
        "SYSTEM-win10-1709-x64-dirty",
        &["LOG1", "LOG2"],
        Enumerator::Windows10,
    ),
    ("SYSTEM-win10-2004-x64", &[], Enumerator::Windows10),
];

/// What Windows wrote of a device.
struct Device {
    path: String,
    ids: Ids,
    enumerator: Enumerator,
}

impl Device {
    /// The first id, as numbers are taken from it.
    fn first(&self) -> &str {
        &self.ids.hardware[0]
    }

    fn all(&self) -> impl Iterator<Item = &str> {
        let ids = self.ids.hardware.iter().chain(&self.ids.compatible);
        ids.map(String::as_str)
    }
}

fn texts(key: Key<'_>, name: &str) -> Vec<String> {
    let value = key.value(name).unwrap();
    value
        .and_then(|value| value.as_multi_string())
        .unwrap_or_default()
}

fn open(corpus: &std::path::Path, name: &str, logs: &[&str]) -> Hive {
    let file = |suffix: &str| read(&corpus.join("hives").join(format!("{name}{suffix}")));
    let logs: Vec<Vec<u8>> = logs.iter().map(|log| file(&format!(".{log}"))).collect();
    match Hive::open_with_logs(file(""), &logs) {
        Ok((hive, _)) => hive,
        // The logs of this one were not published.
        Err(_) => Hive::open_accepting_dirty(file("")).unwrap(),
    }
}

/// The devices of one enumerator on all systems.
fn devices(test: &str, enumerators: &[&str]) -> Option<Vec<Device>> {
    let corpus = corpus(test)?;
    let mut devices = Vec::new();
    for (name, logs, enumerator) in SYSTEMS {
        let hive = open(&corpus, name, logs);
        let select = hive.key("Select").unwrap().unwrap();
        let current = select.value("Current").unwrap().unwrap().as_u32().unwrap();
        for kind in enumerators {
            let path = format!("ControlSet{current:03}\\Enum\\{kind}");
            let Some(kind) = hive.key(&path).unwrap() else {
                continue;
            };
            for device in kind.subkeys().unwrap() {
                let device = device.unwrap();
                for instance in device.subkeys().unwrap() {
                    let instance = instance.unwrap();
                    let ids = Ids {
                        hardware: texts(instance, "HardwareID"),
                        compatible: texts(instance, "CompatibleIDs"),
                    };
                    // Leftovers of a device that was never started have a key
                    // and no ids.
                    if !ids.hardware.is_empty() {
                        devices.push(Device {
                            path: format!("{name}: {path}\\{}", device.name().unwrap()),
                            ids,
                            enumerator,
                        });
                    }
                }
            }
        }
    }
    Some(devices)
}

/// The digits behind `word` in an id.
fn digits<'i>(id: &'i str, word: &str) -> Option<&'i str> {
    let upper = id.to_ascii_uppercase();
    let at = upper.find(&word.to_ascii_uppercase())? + word.len();
    let rest = &id[at..];
    Some(
        &rest[..rest
            .find(|c: char| !c.is_ascii_hexdigit())
            .unwrap_or(rest.len())],
    )
}

fn number(id: &str, word: &str) -> Option<u32> {
    u32::from_str_radix(digits(id, word)?, 16).ok()
}

fn word(id: &str, name: &str) -> u16 {
    number(id, name).unwrap() as u16
}

/// Compares what `build` makes of each device with what Windows made, and
/// gives the count of devices by the word that `build` has for their kind.
fn compare(
    devices: &[Device],
    build: impl Fn(&Device) -> (&'static str, Ids),
) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    let mut wrong = Vec::new();
    for device in devices {
        let (kind, built) = build(device);
        *counts.entry(kind).or_default() += 1;
        if built != device.ids {
            wrong.push(format!(
                "{}\n  Windows {:#?}\n  built {built:#?}",
                device.path, device.ids
            ));
        }
    }
    assert!(wrong.is_empty(), "{}\n{}", wrong.len(), wrong.join("\n"));
    counts
}

#[test]
fn of_every_pci_device() {
    let Some(devices) = devices("ids of PCI devices", &["PCI"]) else {
        return;
    };
    let counts = compare(&devices, |device| {
        let subsystem = number(device.first(), "SUBSYS_").unwrap();
        let class = device.all().find_map(|id| digits(id, "&CC_")).unwrap();
        let byte = |at: usize| u8::from_str_radix(&class[at..at + 2], 16).unwrap();
        let express = device.all().find_map(|id| number(id, "&DT_"));
        let function = PciFunction {
            vendor: word(device.first(), "VEN_"),
            device: word(device.first(), "DEV_"),
            subsystem: Some((subsystem as u16, (subsystem >> 16) as u16)),
            revision: Some(number(device.first(), "REV_").unwrap() as u8),
            class: Some(PciClass {
                base: byte(0),
                sub: byte(2),
                interface: Some(byte(4)),
            }),
            express_type: express.map(|number| number as u8),
        };
        let kind = match (function.express_type, subsystem) {
            (Some(_), _) => "PCI Express",
            (None, 0) => "without subsystem",
            _ => "others",
        };
        (kind, function.ids(device.enumerator))
    });
    let expected = [
        ("PCI Express", 68),
        ("others", 54),
        ("without subsystem", 19),
    ];
    assert_eq!(counts, BTreeMap::from(expected));
}

#[test]
fn of_every_usb_device() {
    let Some(devices) = devices("ids of USB devices", &["USB"]) else {
        return;
    };
    let counts = compare(&devices, |device| {
        let first = device.first();
        if let Some(hub) = first.strip_prefix("USB\\ROOT_HUB") {
            let interface = match hub.split('&').next().unwrap() {
                "" => 0x10,
                "20" => 0x20,
                "30" => 0x30,
                other => panic!("{other}"),
            };
            let hub = UsbRootHub {
                vendor: word(first, "&VID"),
                device: word(first, "&PID"),
                revision: Some(number(first, "&REV").unwrap() as u8),
                interface,
            };
            return ("root hub", hub.ids().unwrap());
        }
        let (vendor, product) = (word(first, "VID_"), word(first, "PID_"));
        let revision = Some(word(first, "REV_"));
        if device.all().any(|id| id == "USB\\USB20_HUB") {
            let hub = UsbHub {
                vendor,
                product,
                revision,
                super_speed: false,
            };
            return ("hub below xHCI", hub.ids(device.enumerator));
        }
        let class = device.ids.compatible.first().map(|id| UsbClass {
            class: number(id, "Class_").unwrap() as u8,
            sub_class: number(id, "SubClass_").unwrap() as u8,
            protocol: number(id, "Prot_").unwrap() as u8,
        });
        if let Some(interface) = number(first, "&MI_") {
            let interface = UsbInterface {
                vendor,
                product,
                revision,
                number: interface as u8,
                class,
            };
            return ("interface", interface.ids(device.enumerator));
        }
        let composite = device.all().any(|id| id == "USB\\COMPOSITE");
        let built = UsbDevice {
            vendor,
            product,
            revision,
            class,
            composite,
        };
        let kind = match composite {
            true => "composite",
            false => "device",
        };
        (kind, built.ids(device.enumerator))
    });
    let expected = [
        ("composite", 3),
        ("device", 18),
        ("hub below xHCI", 2),
        ("interface", 5),
        ("root hub", 15),
    ];
    assert_eq!(counts, BTreeMap::from(expected));
}

#[test]
fn of_every_acpi_device_but_processors() {
    let Some(devices) = devices("ids of ACPI devices", &["ACPI"]) else {
        return;
    };
    let devices: Vec<Device> = devices
        .into_iter()
        .filter(|device| !device.all().any(|id| id == "ACPI\\Processor"))
        .collect();
    let counts = compare(&devices, |device| {
        let id = device.all().find_map(|id| id.strip_prefix('*')).unwrap();
        let compatible = device.ids.compatible.iter();
        let built = AcpiDevice {
            id: id.to_owned(),
            // A `_CID` that is a string stands twice: with the enumerator and
            // without.
            compatible: compatible
                .filter_map(
                    |id| match (id.strip_prefix('*'), id.strip_prefix("ACPI\\")) {
                        (Some(eisa), _) => Some(CompatibleId::Eisa(eisa.to_owned())),
                        (None, Some(text)) => Some(CompatibleId::Text(text.to_owned())),
                        (None, None) => None,
                    },
                )
                .collect(),
        };
        ("ACPI", built.ids(device.enumerator))
    });
    assert_eq!(counts["ACPI"], 244);
}

#[test]
fn of_every_usb_hid_collection() {
    let Some(devices) = devices("ids of HID collections", &["HID"]) else {
        return;
    };
    let usb = devices.into_iter();
    let usb: Vec<Device> = usb
        .filter(|device| device.first().to_ascii_uppercase().starts_with("HID\\VID_"))
        .collect();
    let counts = compare(&usb, |device| {
        let first = device.first();
        let usage = device
            .all()
            .find(|id| id.starts_with("HID_DEVICE_UP:"))
            .unwrap();
        let built = HidCollection {
            vendor: word(first, "VID_"),
            product: word(first, "PID_"),
            revision: word(first, "REV_"),
            interface: number(first, "&MI_").map(|number| number as u8),
            collection: number(first, "&COL").map(|number| number as u8),
            page: word(usage, "UP:"),
            usage: word(usage, "U:"),
        };
        ("HID", built.ids(device.enumerator))
    });
    assert_eq!(counts["HID"], 7);
}

#[test]
fn of_every_sound_codec() {
    let Some(devices) = devices("ids of sound codecs", &["HDAUDIO"]) else {
        return;
    };
    let counts = compare(&devices, |device| {
        let first = device.first();
        let controller = device.all().find(|id| id.contains("CTLR_DEV_"));
        let built = HdAudioFunction {
            function: number(first, "FUNC_").unwrap() as u8,
            vendor: word(first, "VEN_"),
            device: word(first, "DEV_"),
            subsystem: number(first, "SUBSYS_").unwrap(),
            revision: word(first, "REV_"),
            controller: controller.map(|id| (word(id, "CTLR_VEN_"), word(id, "CTLR_DEV_"))),
        };
        ("codec", built.ids(device.enumerator))
    });
    assert_eq!(counts["codec"], 10);
}

#[test]
fn of_every_drive() {
    let Some(devices) = devices("ids of drives", &["SCSI", "IDE", "USBSTOR"]) else {
        return;
    };
    let counts = compare(&devices, |device| {
        let kind = match device.all().any(|id| id == "GenDisk") {
            true => DriveKind::Disk,
            false => DriveKind::CdRom,
        };
        let (enumerator, rest) = device.first().split_once('\\').unwrap();
        let text = rest.trim_start_matches("Disk").trim_start_matches("CdRom");
        let part = |from: usize, to: usize| text[from..to].to_owned();
        if enumerator == "IDE" {
            let drive = AtaDrive {
                kind,
                model: part(0, 40),
                firmware: part(40, 48),
            };
            return ("IDE", drive.ids());
        }
        // The whole model of an NVMe disk comes before the inquiry data.
        if text.len() > 28 {
            let word = |from, to| part(from, to).trim_matches('_').replace('_', " ");
            let disk = NvmeDisk {
                model: word(8, 48),
                firmware: word(48, 56),
            };
            return ("NVMe", disk.ids());
        }
        // Blanks may stand in front too, where a driver aligns to the right.
        let part = |from, to| part(from, to).replace('_', " ");
        let (vendor, product, revision) = (part(0, 8), part(8, 24), part(24, 28));
        if enumerator == "USBSTOR" {
            let drive = UsbDrive {
                kind,
                vendor,
                product,
                revision,
            };
            return ("USB", drive.ids(device.enumerator));
        }
        let drive = ScsiDrive {
            kind,
            vendor,
            product,
            revision,
        };
        ("SCSI", drive.ids())
    });
    let expected = [("IDE", 8), ("NVMe", 1), ("SCSI", 8), ("USB", 8)];
    assert_eq!(counts, BTreeMap::from(expected));
}

/// Two machines of VirtualBox and VMware were listed by Linux, others of the
/// same make were installed with Windows: what they share has the same ids.
#[test]
fn a_listing_of_linux_gives_what_windows_gave_on_such_a_machine() {
    let Some(devices) = devices("ids of listed functions", &["PCI"]) else {
        return;
    };
    let folder = wimwright_testdata::files()
        .parent()
        .unwrap()
        .join("hardware");
    let mut shared = Vec::new();
    for name in ["virtualbox-2016", "vmware-2015"] {
        let listing = std::fs::read(folder.join(format!("{name}.txt"))).unwrap();
        let listed = Hardware::read(name, &listing).unwrap();
        for windows in &devices {
            let mut same = listed.devices.iter();
            let Some(listed) = same.find(|listed| listed.id() == windows.first()) else {
                continue;
            };
            assert_eq!(
                listed.ids_by(windows.enumerator),
                windows.ids,
                "{}",
                windows.path
            );
            shared.push(windows.path.as_str());
        }
    }
    assert!(shared.len() >= 8, "{shared:#?}");
}
