//! Device instance ids: what they say of a device's ids.
//!
//! `PCI\VEN_8086&DEV_1502&SUBSYS_05341028&REV_04\3&11583659&0&C8` is
//! enumerator, device and instance. A report that lists nothing else gives
//! fewer ids than Windows has: the class, for one, is not in it.

use super::ids::{
    AcpiDevice, DriveKind, Enumerator, HdAudioFunction, Ids, PciFunction, UsbDevice, UsbInterface,
};
use super::{Bus, Device};

/// Whether a text has the form of an instance id: three parts, and an
/// enumerator that is a name.
pub(super) fn is_instance(text: &str) -> bool {
    let mut parts = text.splitn(3, '\\');
    let (enumerator, device, instance) = (parts.next(), parts.next(), parts.next());
    let filled = |part: Option<&str>| part.is_some_and(|part| !part.is_empty());
    let name = enumerator.is_some_and(|name| {
        let known = |byte: u8| byte.is_ascii_alphanumeric() || b"_{}-.".contains(&byte);
        // Keys of the registry look alike.
        name.len() >= 2 && name.bytes().all(known) && !name.starts_with("HK")
    });
    // A path of a file has a drive letter or begins with a separator.
    let printable = text
        .bytes()
        .all(|byte| byte.is_ascii_graphic() || byte == b' ');
    name && printable && text.len() <= 200 && filled(device) && filled(instance)
}

/// The device of an instance id; `None` for what no driver is chosen for.
pub(super) fn device(instance: &str) -> Option<Device> {
    let mut parts = instance.splitn(3, '\\');
    let (enumerator, name) = (parts.next()?, parts.next()?);
    let upper = name.to_ascii_uppercase();
    let latest = Enumerator::default();
    let ids = match enumerator.to_ascii_uppercase().as_str() {
        "PCI" => pci(&upper).map(|function| function.ids(latest)),
        "USB" => usb(&upper, latest),
        "ACPI" if upper.contains("_-_") => return None,
        "ACPI" => {
            let device = AcpiDevice {
                id: name.to_owned(),
                compatible: Vec::new(),
            };
            Some(device.ids(latest))
        }
        "HDAUDIO" => codec(&upper).map(|codec| codec.ids(latest)),
        "SCSI" | "IDE" | "USBSTOR" => drive(enumerator, name),
        "HTREE" => return None,
        _ => None,
    };
    let ids = ids.unwrap_or_else(|| Ids {
        hardware: vec![format!("{enumerator}\\{name}")],
        compatible: Vec::new(),
    });
    Some(Device {
        bus: Bus::of_id(instance),
        location: Some(instance.to_owned()),
        ..ids.into_device()
    })
}

/// The hexadecimal digits behind `word`.
fn number(name: &str, word: &str) -> Option<u32> {
    let mut parts = name.split('&');
    let digits = parts.find_map(|part| part.strip_prefix(word))?;
    let hexadecimal = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    u32::from_str_radix(digits, 16).ok().filter(|_| hexadecimal)
}

fn half(name: &str, word: &str) -> Option<u16> {
    number(name, word).and_then(|number| u16::try_from(number).ok())
}

fn pci(name: &str) -> Option<PciFunction> {
    let subsystem = number(name, "SUBSYS_");
    Some(PciFunction {
        vendor: half(name, "VEN_")?,
        device: half(name, "DEV_")?,
        subsystem: subsystem.map(|number| (number as u16, (number >> 16) as u16)),
        revision: number(name, "REV_").and_then(|number| u8::try_from(number).ok()),
        ..PciFunction::default()
    })
}

fn usb(name: &str, latest: Enumerator) -> Option<Ids> {
    let (vendor, product) = (half(name, "VID_")?, half(name, "PID_")?);
    Some(match number(name, "MI_") {
        Some(number) => UsbInterface {
            vendor,
            product,
            revision: None,
            number: u8::try_from(number).ok()?,
            class: None,
        }
        .ids(latest),
        None => UsbDevice {
            vendor,
            product,
            revision: None,
            class: None,
            composite: false,
        }
        .ids(latest),
    })
}

fn codec(name: &str) -> Option<HdAudioFunction> {
    Some(HdAudioFunction {
        function: u8::try_from(number(name, "FUNC_")?).ok()?,
        vendor: half(name, "VEN_")?,
        device: half(name, "DEV_")?,
        subsystem: number(name, "SUBSYS_")?,
        revision: half(name, "REV_")?,
        controller: None,
    })
}

/// Only what holds for every drive of its kind: padding and case of the name
/// are lost in an instance id.
fn drive(enumerator: &str, name: &str) -> Option<Ids> {
    let upper = name.to_ascii_uppercase();
    let kind = match upper.as_str() {
        name if name.starts_with("DISK") => DriveKind::Disk,
        name if name.starts_with("CDROM") => DriveKind::CdRom,
        _ => return None,
    };
    let (word, generic) = (kind.word(), kind.generic());
    let enumerator = enumerator.to_ascii_uppercase();
    let (mut hardware, mut compatible) = (vec![generic.to_owned()], Vec::new());
    match enumerator.as_str() {
        "IDE" => compatible.push(generic.to_owned()),
        other => {
            if other == "USBSTOR" {
                hardware.insert(0, format!("USBSTOR\\{generic}"));
            }
            compatible.push(format!("{other}\\{word}"));
            compatible.push(format!("{other}\\RAW"));
        }
    }
    Some(Ids {
        hardware,
        compatible,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

    use super::*;

    #[test]
    fn an_instance_id_has_three_parts_and_is_no_path() {
        assert!(is_instance("PCI\\VEN_8086&DEV_1502\\3&11583659&0&C8"));
        assert!(is_instance(
            "{5d624f94-8850-40c3-a3fa-a4fd2080baf3}\\vwifimp\\5&1"
        ));
        assert!(is_instance("ACPI\\PNP0C0C\\2&DABA3FF&0"));
        for text in [
            "C:\\Windows\\System32\\x.sys",
            "\\SystemRoot\\a\\b",
            "HKLM\\SOFTWARE\\Microsoft",
            "PCI\\VEN_8086",
            "PCI\\\\x",
            "",
        ] {
            assert!(!is_instance(text), "{text}");
        }
    }

    #[test]
    fn numbers_give_the_ids_that_need_no_class() {
        let device = device("PCI\\VEN_8086&DEV_1502&SUBSYS_05341028&REV_04\\3&1&0&C8").unwrap();
        assert_eq!(
            device.hardware_ids,
            [
                "PCI\\VEN_8086&DEV_1502&SUBSYS_05341028&REV_04",
                "PCI\\VEN_8086&DEV_1502&SUBSYS_05341028"
            ]
        );
        assert_eq!(
            device.compatible_ids,
            [
                "PCI\\VEN_8086&DEV_1502&REV_04",
                "PCI\\VEN_8086&DEV_1502",
                "PCI\\VEN_8086"
            ]
        );
        let name = "ACPI\\GENUINEINTEL_-_X86_FAMILY_6_MODEL_23\\_1";
        assert_eq!(super::device(name), None);
        let hub = super::device("USB\\ROOT_HUB30\\4&2D689036&0&0").unwrap();
        assert_eq!(hub.hardware_ids, ["USB\\ROOT_HUB30"]);
        let disk = super::device("SCSI\\DISK&VEN_VBOX&PROD_HARDDISK\\4&8&0&000000").unwrap();
        assert_eq!(disk.hardware_ids, ["GenDisk"]);
        assert_eq!(disk.compatible_ids, ["SCSI\\Disk", "SCSI\\RAW"]);
    }
}
