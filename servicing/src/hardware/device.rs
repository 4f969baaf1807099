//! One device and the ids that drivers are chosen by.

use serde::{Deserialize, Serialize};

/// What a device hangs on: the enumerator of its ids.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Bus {
    /// `PCI\`.
    Pci,
    /// `USB\`, interfaces of composite devices included.
    Usb,
    /// `ACPI\`.
    Acpi,
    /// `HID\`.
    Hid,
    /// `SCSI\`, `IDE\`, `USBSTOR\`, `NVME\`: a disk or drive behind a controller.
    Storage,
    /// Every other one, such as `HDAUDIO\`, `VMBUS\` or `ROOT\`.
    #[default]
    Other,
}

impl Bus {
    /// The one that an id belongs to.
    pub fn of_id(id: &str) -> Bus {
        let enumerator = id.split('\\').next().unwrap_or_default();
        match enumerator.to_ascii_uppercase().as_str() {
            "PCI" => Bus::Pci,
            "USB" => Bus::Usb,
            "ACPI" => Bus::Acpi,
            "HID" => Bus::Hid,
            "SCSI" | "IDE" | "USBSTOR" | "NVME" | "STORAGE" | "SD" => Bus::Storage,
            _ => Bus::Other,
        }
    }
}

/// Where a device's ids come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IdOrigin {
    /// Windows itself reported them.
    Reported,
    /// They were made from the device's numbers as Windows makes them.
    #[default]
    Derived,
}

/// The driver that a device had where the file was made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct InstalledDriver {
    /// Its published INF (`oem7.inf`), or the driver's name on Linux.
    pub name: String,
    /// Its service, where the file says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// The id that it was chosen by, where the file says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub matched_id: Option<String>,
}

/// A device.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Device {
    /// What it hangs on.
    pub bus: Bus,
    /// What the file calls it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Where it is: a PCI address, a USB path or an instance id, as the file
    /// writes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// Its hardware ids, most specific first, in Windows' spelling.
    pub hardware_ids: Vec<String>,
    /// Its compatible ids, most specific first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub compatible_ids: Vec<String>,
    /// Where the ids come from.
    pub origin: IdOrigin,
    /// The GUID of its device setup class with braces, where the file says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class_guid: Option<String>,
    /// The [`location`](Device::location) of the device that it hangs on, where
    /// the file says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// The driver that it had where the file was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub installed: Option<InstalledDriver>,
}

impl Device {
    /// Its most specific id; empty where it has none.
    pub fn id(&self) -> &str {
        self.ids().next().unwrap_or_default()
    }

    /// All its ids, hardware ids first, each list in its order.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        let compatible = self.compatible_ids.iter();
        self.hardware_ids
            .iter()
            .chain(compatible)
            .map(String::as_str)
    }

    /// The PCI class code (base, sub, interface) that its ids name; the last is
    /// `None` where they name only the first two.
    pub fn pci_class(&self) -> Option<(u8, u8, Option<u8>)> {
        let codes = self.ids().filter_map(|id| {
            let upper = id.to_ascii_uppercase();
            let rest = upper.strip_prefix("PCI\\")?;
            let digits = rest.split('&').find_map(|part| part.strip_prefix("CC_"))?;
            let byte = |at: usize| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
            Some((byte(0)?, byte(2)?, byte(4)))
        });
        codes.max_by_key(|(_, _, interface)| interface.is_some())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

    use super::*;

    #[test]
    fn the_class_code_comes_from_the_id_that_says_most_of_it() {
        let device = Device {
            hardware_ids: vec!["PCI\\VEN_8086&DEV_24CB&CC_0101".to_owned()],
            compatible_ids: vec!["pci\\cc_01018a".to_owned(), "PCI\\CC_0101".to_owned()],
            ..Device::default()
        };
        assert_eq!(device.pci_class(), Some((1, 1, Some(0x8a))));
        assert_eq!(Device::default().pci_class(), None);
    }

    #[test]
    fn the_bus_is_the_enumerator_in_any_case() {
        assert_eq!(Bus::of_id("pci\\VEN_8086"), Bus::Pci);
        assert_eq!(Bus::of_id("*PNP0F13"), Bus::Other);
        assert_eq!(Bus::of_id("SCSI\\Disk"), Bus::Storage);
    }
}
