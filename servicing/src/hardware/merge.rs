//! What several files or sections say of one computer, put together.

use std::collections::HashMap;

use super::{Bus, Device, Firmware, Hardware, IdOrigin, Processors};
use crate::Finding;

impl Hardware {
    /// Adds what `other` knows of the same computer. Where both tell of one
    /// thing, the list of ids that is longer counts, ids that Windows itself
    /// reported above all; for the rest what was known before.
    pub fn merge(&mut self, other: Hardware) {
        let mut places: HashMap<(Bus, String), usize> = HashMap::new();
        for (index, device) in self.devices.iter().enumerate() {
            places.extend(place(device).map(|place| (place, index)));
        }
        for device in other.devices {
            let place = place(&device);
            let known = place.as_ref().and_then(|place| places.get(place).copied());
            match known.and_then(|index| self.devices.get_mut(index)) {
                Some(known) if same(known, &device) => join(known, device),
                Some(known) => {
                    let contradiction = Finding::warning(
                        "contradiction",
                        format!(
                            "`{}` and `{}` are both said to be at {}: is this one computer?",
                            known.id(),
                            device.id(),
                            device.location.as_deref().unwrap_or_default()
                        ),
                    );
                    self.add_finding(contradiction);
                    self.add_device(device);
                }
                None => {
                    places.extend(place.map(|place| (place, self.devices.len())));
                    self.add_device(device);
                }
            }
        }
        firmware(&mut self.firmware, other.firmware);
        processors(&mut self.processors, other.processors);
        self.memory = self.memory.or(other.memory);
        for table in other.acpi_tables {
            if !self.acpi_tables.contains(&table) {
                self.acpi_tables.push(table);
            }
        }
        for finding in other.findings {
            if !self.findings.contains(&finding) {
                self.add_finding(finding);
            }
        }
        if self.name.is_empty() {
            self.name = other.name;
        }
    }
}

/// Where a device is, written alike: `lspci` leaves out the domain 0000.
fn place(device: &Device) -> Option<(Bus, String)> {
    let location = device.location.as_deref()?;
    let place = match device.bus {
        Bus::Pci => address(location),
        _ => location.to_ascii_uppercase(),
    };
    Some((device.bus, place))
}

/// A PCI address with its domain, in capitals.
pub(super) fn address(location: &str) -> String {
    let location = location.to_ascii_uppercase();
    match location.split(':').count() {
        2 => format!("0000:{location}"),
        _ => location,
    }
}

/// Whether two lists of ids can be of one device: they share one that says
/// more than a class or a maker.
fn same(left: &Device, right: &Device) -> bool {
    let right: Vec<String> = right.ids().map(str::to_ascii_uppercase).collect();
    let mut left = left.ids().map(str::to_ascii_uppercase).peekable();
    let names = |id: &String| {
        let bare = !id.starts_with("PCI\\") && !id.starts_with("USB\\");
        bare || ["&DEV_", "&PID_", "_HUB"]
            .iter()
            .any(|part| id.contains(part))
    };
    left.peek().is_none() || right.is_empty() || left.any(|id| names(&id) && right.contains(&id))
}

fn join(known: &mut Device, other: Device) {
    let worth = |device: &Device| (device.origin == IdOrigin::Reported, device.ids().count());
    if worth(&other) > worth(known) {
        known.hardware_ids = other.hardware_ids;
        known.compatible_ids = other.compatible_ids;
        known.origin = other.origin;
    }
    let Device {
        description,
        class_guid,
        parent,
        installed,
        ..
    } = other;
    known.description = known.description.take().or(description);
    known.class_guid = known.class_guid.take().or(class_guid);
    known.parent = known.parent.take().or(parent);
    known.installed = known.installed.take().or(installed);
}

fn firmware(known: &mut Firmware, other: Firmware) {
    let Firmware {
        kind,
        secure_boot,
        acpi,
        mp_table,
        io_apic,
        date,
        manufacturer,
        model,
    } = other;
    known.kind = known.kind.or(kind);
    known.secure_boot = known.secure_boot.or(secure_boot);
    known.acpi = known.acpi.or(acpi);
    known.mp_table = known.mp_table.or(mp_table);
    known.io_apic = known.io_apic.or(io_apic);
    known.date = known.date.take().or(date);
    known.manufacturer = known.manufacturer.take().or(manufacturer);
    known.model = known.model.take().or(model);
}

fn processors(known: &mut Processors, other: Processors) {
    let Processors {
        logical,
        sockets,
        vendor,
        model,
        architecture,
        features,
    } = other;
    known.logical = known.logical.or(logical);
    known.sockets = known.sockets.or(sockets);
    known.vendor = known.vendor.take().or(vendor);
    known.model = known.model.take().or(model);
    known.architecture = known.architecture.or(architecture);
    known.features.extend(features);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hardware::ids::{Enumerator, PciFunction};

    fn computer(location: &str, device: u16, subsystem: Option<(u16, u16)>) -> Hardware {
        let function = PciFunction {
            vendor: 0x8086,
            device,
            subsystem,
            ..PciFunction::default()
        };
        let device = Device {
            location: Some(location.to_owned()),
            ..function.ids(Enumerator::default()).into_device()
        };
        Hardware {
            devices: vec![device],
            ..Hardware::default()
        }
    }

    #[test]
    fn the_longer_list_of_one_device_counts() {
        let mut short = computer("00:1f.2", 0x1e03, None);
        short.merge(computer("0000:00:1F.2", 0x1e03, Some((0x1028, 0x0534))));
        assert_eq!(short.devices.len(), 1);
        assert_eq!(
            short.devices.first().map(Device::id),
            Some("PCI\\VEN_8086&DEV_1E03&SUBSYS_05341028")
        );
        assert!(short.findings.is_empty());
    }

    #[test]
    fn two_devices_at_one_place_are_kept_and_told() {
        let mut both = computer("00:1f.2", 0x1e03, None);
        both.merge(computer("00:1f.2", 0x2922, None));
        assert_eq!(both.devices.len(), 2);
        let names: Vec<&str> = both.findings.iter().map(|finding| finding.name).collect();
        assert_eq!(names, ["contradiction"]);
    }
}
