//! `HID\` ids.
//!
//! "HIDClass Hardware IDs for Top-Level Collections" (Windows driver
//! documentation); the id of vendor and usage that Windows 10 adds is from
//! real hives.

use super::{Enumerator, Ids};

/// A top-level collection of a USB HID device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct HidCollection {
    /// `idVendor` of the device.
    pub vendor: u16,
    /// `idProduct` of the device.
    pub product: u16,
    /// `bcdDevice` of the device.
    pub revision: u16,
    /// The interface, where the device is composite.
    pub interface: Option<u8>,
    /// The number of the collection, counted from 1, where there are several.
    pub collection: Option<u8>,
    /// Its usage page.
    pub page: u16,
    /// Its usage.
    pub usage: u16,
}

impl HidCollection {
    /// Its ids; HID devices have no compatible ones.
    pub fn ids(&self, enumerator: Enumerator) -> Ids {
        let mixed = enumerator == Enumerator::Nt5;
        let HidCollection {
            vendor,
            product,
            revision,
            page,
            usage,
            ..
        } = *self;
        let interface = self.interface.map(|number| format!("&MI_{number:02X}"));
        let collection = self.collection.map(|number| match mixed {
            true => format!("&Col{number:02x}"),
            false => format!("&Col{number:02X}"),
        });
        let part = [interface, collection].into_iter().flatten();
        let part: String = part.collect();
        let mut hardware = match mixed {
            true => vec![
                format!("HID\\Vid_{vendor:04x}&Pid_{product:04x}&Rev_{revision:04x}{part}"),
                format!("HID\\Vid_{vendor:04x}&Pid_{product:04x}{part}"),
            ],
            false => vec![
                format!("HID\\VID_{vendor:04X}&PID_{product:04X}&REV_{revision:04X}{part}"),
                format!("HID\\VID_{vendor:04X}&PID_{product:04X}{part}"),
            ],
        };
        if enumerator >= Enumerator::Windows10 {
            hardware.push(format!("HID\\VID_{vendor:04X}&UP:{page:04X}_U:{usage:04X}"));
        }
        hardware.extend(
            self.system()
                .map(|role| format!("HID_DEVICE_SYSTEM_{role}")),
        );
        hardware.push(format!("HID_DEVICE_UP:{page:04X}_U:{usage:04X}"));
        hardware.push("HID_DEVICE".to_owned());
        Ids {
            hardware,
            compatible: Vec::new(),
        }
    }

    /// What Windows itself opens it for.
    fn system(&self) -> Option<&'static str> {
        Some(match (self.page, self.usage) {
            (1, 1 | 2) => "MOUSE",
            (1, 4 | 5) => "GAME",
            (1, 6 | 7) => "KEYBOARD",
            (1, 0x80) => "CONTROL",
            (0x0C, 1) => "CONSUMER",
            _ => return None,
        })
    }
}
