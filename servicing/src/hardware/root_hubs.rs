//! The root hubs of USB controllers, which only Windows lists.

use std::collections::HashMap;

use super::ids::UsbRootHub;
use super::merge::address;
use super::{Bus, Device, Hardware, IdOrigin};

/// Adds the root hub of each PCI host controller that has one, where no root
/// hub is listed.
pub(super) fn add(hardware: &mut Hardware) {
    let listed = hardware.devices.iter().any(|device| {
        let mut ids = device.ids();
        ids.any(|id| id.to_ascii_uppercase().starts_with("USB\\ROOT_HUB"))
    });
    if listed {
        return;
    }
    let hubs: Vec<Device> = hardware.devices.iter().filter_map(hub).collect();
    // What Linux says to hang on a controller hangs on its root hub.
    let places: HashMap<String, String> = hubs
        .iter()
        .filter_map(|hub| Some((address(hub.parent.as_deref()?), hub.location.clone()?)))
        .collect();
    for device in &mut hardware.devices {
        let controller = device.parent.as_deref().filter(|_| device.bus == Bus::Usb);
        if let Some(hub) = controller.and_then(|at| places.get(&address(at))) {
            device.parent = Some(hub.clone());
        }
    }
    for hub in hubs {
        hardware.add_device(hub);
    }
}

fn hub(controller: &Device) -> Option<Device> {
    // Windows itself would have listed the hub.
    if controller.origin == IdOrigin::Reported {
        return None;
    }
    let Some((0x0C, 0x03, Some(interface))) = controller.pci_class() else {
        return None;
    };
    let id = controller
        .hardware_ids
        .iter()
        .chain(&controller.compatible_ids);
    let number = |word: &str| {
        let ids = id.clone().filter(|_| controller.bus == Bus::Pci);
        let mut parts = ids.flat_map(|id| id.split(['\\', '&']));
        let digits = parts.find_map(|part| part.strip_prefix(word))?;
        u16::from_str_radix(digits, 16).ok()
    };
    let hub = UsbRootHub {
        vendor: number("VEN_")?,
        device: number("DEV_")?,
        revision: number("REV_").and_then(|number| u8::try_from(number).ok()),
        interface,
    };
    let at = controller.location.clone();
    Some(Device {
        location: at.as_ref().map(|at| format!("{at} root hub")),
        parent: at,
        ..hub.ids()?.into_device()
    })
}
