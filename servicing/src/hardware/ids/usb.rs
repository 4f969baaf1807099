//! `USB\` ids.
//!
//! "Standard USB Identifiers", "Enumeration of USB Composite Devices" (Windows
//! driver documentation); letter case and what the class is taken from are
//! from real hives: a device that is not composite has the class of its first
//! interface, never that of its device descriptor.

use super::{Enumerator, Ids};

/// Class, sub-class and protocol of a device or an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct UsbClass {
    /// `bDeviceClass` or `bInterfaceClass`.
    pub class: u8,
    /// `bDeviceSubClass` or `bInterfaceSubClass`.
    pub sub_class: u8,
    /// `bDeviceProtocol` or `bInterfaceProtocol`.
    pub protocol: u8,
}

impl UsbClass {
    /// A hub below UHCI, OHCI and EHCI.
    pub(crate) const HUB: UsbClass = UsbClass {
        class: 9,
        sub_class: 0,
        protocol: 0,
    };

    /// `USB\Class_..` ids as the hub driver writes them.
    pub(crate) fn ids(self, enumerator: Enumerator) -> Vec<String> {
        match enumerator {
            Enumerator::Nt5 => self.lower("Class"),
            _ => self.upper("Class"),
        }
    }

    fn upper(self, word: &str) -> Vec<String> {
        let class = format!("USB\\{word}_{:02X}", self.class);
        let sub_class = format!("{class}&SubClass_{:02X}", self.sub_class);
        let all = format!("{sub_class}&Prot_{:02X}", self.protocol);
        vec![all, sub_class, class]
    }

    fn lower(self, word: &str) -> Vec<String> {
        let class = format!("USB\\{word}_{:02x}", self.class);
        let sub_class = format!("{class}&SubClass_{:02x}", self.sub_class);
        let all = format!("{sub_class}&Prot_{:02x}", self.protocol);
        vec![all, sub_class, class]
    }
}

/// A device, as its descriptors say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct UsbDevice {
    /// `idVendor`.
    pub vendor: u16,
    /// `idProduct`.
    pub product: u16,
    /// `bcdDevice`, where known.
    pub revision: Option<u16>,
    /// The class of the device descriptor of a composite device, else that of
    /// its first interface; where known.
    pub class: Option<UsbClass>,
    /// Whether the generic parent driver splits it into its interfaces.
    pub composite: bool,
}

impl UsbDevice {
    /// Whether a device is composite: no class of its own (or that of
    /// interface associations), several interfaces, one configuration.
    pub fn is_composite(device: UsbClass, interfaces: u8, configurations: u8) -> bool {
        let none = device.class == 0;
        let associations = (device.class, device.sub_class, device.protocol) == (0xEF, 2, 1);
        (none || associations) && interfaces > 1 && configurations == 1
    }

    /// Its ids.
    pub fn ids(&self, enumerator: Enumerator) -> Ids {
        let hardware = names(self.vendor, self.product, self.revision, "", enumerator);
        let compatible = match (self.class, self.composite) {
            (class, true) => {
                let class = class.map_or_else(Vec::new, |class| class.upper("DevClass"));
                let composite = "USB\\COMPOSITE".to_owned();
                class.into_iter().chain([composite]).collect()
            }
            (Some(class), false) => class.ids(enumerator),
            (None, false) => Vec::new(),
        };
        Ids {
            hardware,
            compatible,
        }
    }
}

/// One function of a composite device: an interface, or the first of those
/// that an association groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct UsbInterface {
    /// `idVendor` of the device.
    pub vendor: u16,
    /// `idProduct` of the device.
    pub product: u16,
    /// `bcdDevice` of the device, where known.
    pub revision: Option<u16>,
    /// `bInterfaceNumber`, of the first interface in a group.
    pub number: u8,
    /// Its class, or that of its association; where known.
    pub class: Option<UsbClass>,
}

impl UsbInterface {
    /// Its ids.
    pub fn ids(&self, enumerator: Enumerator) -> Ids {
        let number = format!("&MI_{:02X}", self.number);
        Ids {
            hardware: names(
                self.vendor,
                self.product,
                self.revision,
                &number,
                enumerator,
            ),
            // The generic parent driver writes small letters where the hub
            // driver writes capitals.
            compatible: self
                .class
                .map_or_else(Vec::new, |class| class.lower("Class")),
        }
    }
}

/// A hub that is no root hub and hangs below an xHCI controller, where
/// Windows 8 and later tell hubs by what they speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct UsbHub {
    /// `idVendor`.
    pub vendor: u16,
    /// `idProduct`.
    pub product: u16,
    /// `bcdDevice`, where known.
    pub revision: Option<u16>,
    /// Whether this is the SuperSpeed half of the hub.
    pub super_speed: bool,
}

impl UsbHub {
    /// Its ids.
    pub fn ids(&self, enumerator: Enumerator) -> Ids {
        let speaks = match self.super_speed {
            true => "USB\\USB30_HUB",
            false => "USB\\USB20_HUB",
        };
        let compatible = match enumerator >= Enumerator::Windows8 {
            true => vec![speaks.to_owned()],
            false => UsbClass::HUB.ids(enumerator),
        };
        Ids {
            hardware: names(self.vendor, self.product, self.revision, "", enumerator),
            compatible,
        }
    }
}

/// The root hub of a PCI host controller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct UsbRootHub {
    /// Vendor id of the controller.
    pub vendor: u16,
    /// Device id of the controller.
    pub device: u16,
    /// PCI revision of the controller, where known.
    pub revision: Option<u8>,
    /// Its programming interface: 0x00 UHCI, 0x10 OHCI, 0x20 EHCI, 0x30 xHCI.
    pub interface: u8,
}

impl UsbRootHub {
    /// Its ids; `None` where the interface is none that has a root hub.
    pub fn ids(&self) -> Option<Ids> {
        let hub = match self.interface {
            0x00 | 0x10 => "USB\\ROOT_HUB",
            0x20 => "USB\\ROOT_HUB20",
            0x30 => "USB\\ROOT_HUB30",
            _ => return None,
        };
        let of = format!("{hub}&VID{:04X}&PID{:04X}", self.vendor, self.device);
        let revision = self.revision.map(|byte| format!("{of}&REV{byte:04X}"));
        let hardware = revision.into_iter().chain([of, hub.to_owned()]);
        Some(Ids {
            hardware: hardware.collect(),
            compatible: Vec::new(),
        })
    }
}

/// `USB\VID_..&PID_..&REV_..` with and without the revision.
fn names(
    vendor: u16,
    product: u16,
    revision: Option<u16>,
    interface: &str,
    enumerator: Enumerator,
) -> Vec<String> {
    let mixed = enumerator == Enumerator::Nt5;
    let name = match mixed {
        true => format!("USB\\Vid_{vendor:04x}&Pid_{product:04x}"),
        false => format!("USB\\VID_{vendor:04X}&PID_{product:04X}"),
    };
    let revised = revision.map(|revision| match mixed {
        true => format!("{name}&Rev_{revision:04x}{interface}"),
        false => format!("{name}&REV_{revision:04X}{interface}"),
    });
    let plain = format!("{name}{interface}");
    revised.into_iter().chain([plain]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn composite_is_what_has_no_class_several_interfaces_and_one_configuration() {
        let class = |class, sub_class, protocol| UsbClass {
            class,
            sub_class,
            protocol,
        };
        assert!(UsbDevice::is_composite(class(0, 0, 0), 2, 1));
        assert!(UsbDevice::is_composite(class(0xEF, 2, 1), 2, 1));
        assert!(!UsbDevice::is_composite(class(0xEF, 1, 1), 2, 1));
        assert!(!UsbDevice::is_composite(class(0, 0, 0), 1, 1));
        assert!(!UsbDevice::is_composite(class(0, 0, 0), 2, 2));
        assert!(!UsbDevice::is_composite(class(0xE0, 1, 1), 2, 1));
    }

    #[test]
    fn a_controller_of_another_kind_has_no_root_hub() {
        let hub = UsbRootHub {
            vendor: 0x8086,
            device: 0x15ec,
            revision: Some(6),
            interface: 0x40,
        };
        assert_eq!(hub.ids(), None);
    }
}
