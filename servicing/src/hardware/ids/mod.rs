//! The ids that Windows makes from a device's numbers, in its order.
//!
//! Proven on real hives: for every PCI and USB device of six installed systems
//! (XP to 10 2004) the lists built from its numbers equal `HardwareID` and
//! `CompatibleIDs` below `Enum`; so do those of disks, HID collections, sound
//! codecs and ACPI devices (`tests/ids_of_real_hives.rs`).

mod acpi;
mod hdaudio;
mod hid;
mod pci;
mod storage;
mod usb;

pub use acpi::{AcpiDevice, CompatibleId};
pub use hdaudio::HdAudioFunction;
pub use hid::HidCollection;
pub use pci::{PciClass, PciFunction};
pub use storage::{AtaDrive, DriveKind, NvmeDisk, ScsiDrive, UsbDrive};
pub use usb::{UsbClass, UsbDevice, UsbHub, UsbInterface, UsbRootHub};

use super::Device;
use crate::facts::WindowsVersion;

/// The Windows versions that make ids alike.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Enumerator {
    /// 2000, XP, 2003: no PCI Express types; USB ids in mixed case.
    Nt5,
    /// Vista and 7.
    Vista,
    /// 8 and 8.1: `ACPI\VEN_..&DEV_..`, hubs below xHCI by what they speak.
    Windows8,
    /// 10 and later: HID ids of a vendor and usage.
    #[default]
    Windows10,
}

impl Enumerator {
    /// That of a Windows version.
    pub fn of(version: WindowsVersion) -> Enumerator {
        match (version.major, version.minor) {
            (..6, _) => Enumerator::Nt5,
            (6, 0 | 1) => Enumerator::Vista,
            (6, _) => Enumerator::Windows8,
            _ => Enumerator::Windows10,
        }
    }

    /// Whether it makes ids of the form of `id`. Forms that came with a later
    /// Windows must not match where an older one looks for drivers.
    pub fn makes(self, id: &str) -> bool {
        let upper = id.to_ascii_uppercase();
        let since = if upper.starts_with("PCI\\CC_") && upper.contains("&DT_") {
            Enumerator::Vista
        } else if (upper.starts_with("ACPI\\VEN_") && upper.contains("&DEV_"))
            || matches!(upper.as_str(), "USB\\USB20_HUB" | "USB\\USB30_HUB")
        {
            Enumerator::Windows8
        } else if upper.starts_with("HID\\VID_") && upper.contains("&UP:") {
            Enumerator::Windows10
        } else {
            Enumerator::Nt5
        };
        self >= since
    }
}

/// The ids of a device.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ids {
    /// Hardware ids, most specific first.
    pub hardware: Vec<String>,
    /// Compatible ids, most specific first.
    pub compatible: Vec<String>,
}

impl Ids {
    /// A device that has these ids and nothing else that is known.
    pub fn into_device(self) -> Device {
        let first = self.hardware.iter().chain(&self.compatible).next();
        Device {
            bus: first.map(|id| super::Bus::of_id(id)).unwrap_or_default(),
            hardware_ids: self.hardware,
            compatible_ids: self.compatible,
            ..Device::default()
        }
    }
}

impl Device {
    /// Its ids as a Windows of another age would make them: without the forms
    /// that came later, and a hub by its USB class where it stood by what it
    /// speaks. [`Device::ids`] are those of the latest.
    pub fn ids_by(&self, enumerator: Enumerator) -> Ids {
        let made = |ids: &[String]| -> Vec<String> {
            let kept = ids.iter().filter(|id| enumerator.makes(id));
            kept.cloned().collect()
        };
        let mut ids = Ids {
            hardware: made(&self.hardware_ids),
            compatible: made(&self.compatible_ids),
        };
        let was_hub = |id: &String| id.to_ascii_uppercase().ends_with("0_HUB");
        if ids.compatible.is_empty() && self.compatible_ids.iter().any(was_hub) {
            ids.compatible = UsbClass::HUB.ids(enumerator);
        }
        ids
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_older_windows_makes_no_newer_forms() {
        let device = Device {
            hardware_ids: vec!["ACPI\\VEN_PNP&DEV_0303".into(), "ACPI\\PNP0303".into()],
            compatible_ids: vec!["*PNP0303".into()],
            ..Device::default()
        };
        assert_eq!(
            device.ids_by(Enumerator::Vista).hardware,
            ["ACPI\\PNP0303".to_owned()]
        );
        assert_eq!(device.ids_by(Enumerator::Windows8).hardware.len(), 2);
        assert_eq!(device.ids_by(Enumerator::Nt5).compatible.len(), 1);
    }

    #[test]
    fn a_hub_is_known_by_its_class_before_windows_8() {
        let hub = UsbHub {
            vendor: 0x0e0f,
            product: 2,
            revision: Some(0x100),
            super_speed: false,
        };
        let device = hub.ids(Enumerator::Windows10).into_device();
        assert_eq!(device.compatible_ids, ["USB\\USB20_HUB"]);
        assert_eq!(
            device.ids_by(Enumerator::Vista).compatible,
            [
                "USB\\Class_09&SubClass_00&Prot_00",
                "USB\\Class_09&SubClass_00",
                "USB\\Class_09"
            ]
        );
    }

    #[test]
    fn versions_sort_into_their_age() {
        let of = |major, minor| {
            Enumerator::of(WindowsVersion {
                major,
                minor,
                build: 0,
            })
        };
        assert_eq!(of(5, 2), Enumerator::Nt5);
        assert_eq!(of(6, 1), Enumerator::Vista);
        assert_eq!(of(6, 3), Enumerator::Windows8);
        assert_eq!(of(10, 0), Enumerator::Windows10);
    }
}
