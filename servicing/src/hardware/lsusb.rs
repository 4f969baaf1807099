//! `lsusb` and `lsusb -v`: USB devices as Linux lists them.
//!
//! The plain listing gives vendor and product only; the descriptors behind
//! `-v` give revision, classes and interfaces. `lsusb(8)` of usbutils.

mod descriptors;

use self::descriptors::Descriptors;
use super::ids::{Enumerator, Ids, UsbDevice, UsbHub, UsbInterface};
use super::sections::entries;
use super::text_file::Line;
use super::{Device, Hardware, MAX_DEVICES};
use crate::Finding;

/// The vendor of the root hubs that Linux makes up.
const LINUX: u16 = 0x1D6B;

/// Whether a device begins with this line.
pub(super) fn begins(line: &str) -> bool {
    head_of(line).is_some()
}

/// Whether a line belongs to the device before it.
pub(super) fn goes_on(line: Line<'_>) -> bool {
    // Some descriptors are named at the beginning of a line.
    line.text.is_empty()
        || line.indent() > 0
        || [
            "Device Descriptor:",
            "Device Qualifier",
            "Binary Object Store",
            "Device Status:",
        ]
        .iter()
        .any(|title| line.text.starts_with(title))
        || line.text.starts_with("Couldn't open device")
        || line.text.starts_with("can't get")
}

/// A bus that Linux shows through a root hub.
struct Bus {
    number: u16,
    /// The PCI address of the controller, where the listing has it.
    controller: Option<String>,
    /// Whether the controller is xHCI, where the listing says it.
    xhci: Option<bool>,
    super_speed: bool,
}

/// Reads devices into `hardware`.
pub(super) fn read(lines: &[Line<'_>], hardware: &mut Hardware) {
    let mut devices = Vec::new();
    let mut buses = Vec::new();
    let mut plain = 0;
    for entry in entries(lines, |line| begins(line.text)) {
        let Some((head, block)) = entry.split_first() else {
            continue;
        };
        let Some(head) = head_of(head.text) else {
            continue;
        };
        let descriptors = Descriptors::read(block);
        if head.vendor == LINUX && (1..=3).contains(&head.product) {
            buses.push(bus(&head, &descriptors));
        } else if devices.len() < MAX_DEVICES {
            plain += usize::from(descriptors.revision.is_none());
            devices.push((head, descriptors));
        }
    }
    if plain > 0 {
        hardware.add_finding(Finding::note(
            "lsusb-without-descriptors",
            format!(
                "the descriptors of {plain} USB devices are not known, and with them their \
                 revision, class and interfaces: `lsusb -v` gives them"
            ),
        ));
    }
    for (head, descriptors) in devices {
        let bus = buses.iter().find(|bus| bus.number == head.bus);
        push(&head, &descriptors, bus, hardware);
    }
}

/// The line that a device begins with:
/// `Bus 001 Device 004: ID 0c45:643f Microdia Webcam`.
struct Head<'t> {
    bus: u16,
    device: u16,
    vendor: u16,
    product: u16,
    name: &'t str,
}

fn head_of(line: &str) -> Option<Head<'_>> {
    let (bus, rest) = line
        .trim_start()
        .strip_prefix("Bus ")?
        .split_once(" Device ")?;
    let (device, rest) = rest.split_once(": ID ")?;
    let (vendor, rest) = rest.split_once(':')?;
    let (product, name) = rest.split_once(' ').unwrap_or((rest, ""));
    let hex = |text: &str| {
        let four = text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        u16::from_str_radix(text, 16).ok().filter(|_| four)
    };
    Some(Head {
        bus: bus.parse().ok()?,
        device: device.parse().ok()?,
        vendor: hex(vendor)?,
        product: hex(product)?,
        name: name.trim(),
    })
}

fn bus(head: &Head<'_>, descriptors: &Descriptors) -> Bus {
    let product = descriptors
        .product_name
        .as_deref()
        .map(str::to_ascii_lowercase);
    let said = product.and_then(|name| match name {
        name if name.contains("xhci") => Some(true),
        name if ["ehci", "ohci", "uhci"]
            .iter()
            .any(|kind| name.contains(kind)) =>
        {
            Some(false)
        }
        _ => None,
    });
    Bus {
        number: head.bus,
        // Linux gives the root hub the controller's address for a serial.
        controller: descriptors
            .serial
            .clone()
            .filter(|serial| serial.contains(':') && serial.contains('.')),
        xhci: said.or((head.product == 3).then_some(true)),
        super_speed: head.product == 3,
    }
}

/// One device, and the functions of a composite one.
fn push(head: &Head<'_>, descriptors: &Descriptors, bus: Option<&Bus>, hardware: &mut Hardware) {
    let latest = Enumerator::default();
    let (vendor, product) = (head.vendor, head.product);
    let revision = descriptors.revision;
    let composite = descriptors.is_composite();
    let class = match composite {
        true => descriptors.class,
        false => descriptors.functions.first().map(|function| function.class),
    };
    let hub = class.is_some_and(|class| class.class == 9);
    let ids = match bus {
        Some(bus) if hub && bus.xhci == Some(true) => UsbHub {
            vendor,
            product,
            revision,
            super_speed: bus.super_speed,
        }
        .ids(latest),
        _ => UsbDevice {
            vendor,
            product,
            revision,
            class,
            composite,
        }
        .ids(latest),
    };
    let location = format!("{:03}:{:03}", head.bus, head.device);
    let device = |ids: Ids, location: String, parent: Option<String>| Device {
        description: Some(head.name.to_owned()).filter(|name| !name.is_empty()),
        location: Some(location),
        parent,
        ..ids.into_device()
    };
    let controller = bus.and_then(|bus| bus.controller.clone());
    hardware.add_device(device(ids, location.clone(), controller));
    if !composite {
        return;
    }
    for function in &descriptors.functions {
        let interface = UsbInterface {
            vendor,
            product,
            revision,
            number: function.number,
            class: Some(function.class),
        };
        let at = format!("{location} MI_{:02X}", function.number);
        let parent = Some(location.clone());
        hardware.add_device(device(interface.ids(latest), at, parent));
    }
}
