//! Which devices of a computer may carry its boot disk.

use wimwright_servicing::hardware::{Bus, Device, Hardware};

use super::filter::{HDC, SCSI_ADAPTER};

/// Storage devices of virtual machine buses, which have no class code: the ids
/// of the synthetic SCSI and IDE controllers that Microsoft documents for
/// Hyper-V's VMBus.
const VMBUS_STORAGE: [&str; 2] = [
    "VMBUS\\{ba6163d9-04a1-4d29-b605-72e2ffb1dc7f}",
    "VMBUS\\{32412632-86cb-44a2-9b5c-50d1417354f5}",
];

/// Enumerators below which setup class SCSIAdapter or HDC means something else:
/// software devices, channels of controllers, disks behind them.
const NOT_CONTROLLERS: [&str; 6] = ["ROOT", "SWD", "PCIIDE", "SW", "STORAGE", "HTREE"];

/// The devices that may carry the boot disk, in the file's order. Where the
/// file says which controllers have disks, these; USB and SD hosts only where
/// there is nothing else.
pub(super) fn of(hardware: &Hardware) -> Vec<&Device> {
    let all = |is: fn(&Device) -> bool| -> Vec<&Device> {
        hardware
            .devices
            .iter()
            .filter(|device| is(device))
            .collect()
    };
    let mut controllers = all(is_storage);
    if controllers.is_empty() {
        controllers = all(is_removable_host);
    }
    let with_disk = controllers.iter().copied();
    let with_disk: Vec<&Device> = with_disk
        .filter(|device| carries_disk(hardware, device))
        .collect();
    match with_disk.is_empty() {
        true => controllers,
        false => with_disk,
    }
}

/// PCI base class 01 but for floppy controllers, setup class HDC or
/// SCSIAdapter, or a storage device of a virtual bus.
fn is_storage(device: &Device) -> bool {
    if let Some((base, sub, _)) = device.pci_class() {
        return base == 0x01 && sub != 0x02;
    }
    let class = device.class_guid.as_deref().unwrap_or_default();
    let by_class = class.eq_ignore_ascii_case(HDC) || class.eq_ignore_ascii_case(SCSI_ADAPTER);
    let enumerator = enumerator(device.id());
    let elsewhere = NOT_CONTROLLERS
        .iter()
        .any(|known| known.eq_ignore_ascii_case(enumerator));
    let on_bus = matches!(device.bus, Bus::Pci | Bus::Acpi | Bus::Other);
    let virtual_storage = device.ids().any(|id| {
        let mut known = VMBUS_STORAGE.iter();
        known.any(|known| known.eq_ignore_ascii_case(id))
    });
    virtual_storage || by_class && on_bus && !elsewhere
}

/// A USB host controller (0C03) or an SD host (0805).
fn is_removable_host(device: &Device) -> bool {
    matches!(device.pci_class(), Some((0x0c, 0x03, _) | (0x08, 0x05, _)))
}

/// Whether the file shows a disk behind a controller.
fn carries_disk(hardware: &Hardware, controller: &Device) -> bool {
    !disks_behind(hardware, controller).is_empty()
}

/// The disks that the file shows behind a controller.
pub(super) fn disks_behind<'h>(hardware: &'h Hardware, controller: &Device) -> Vec<&'h Device> {
    let Some(location) = controller.location.as_deref() else {
        return Vec::new();
    };
    let disks = hardware.devices.iter().filter(|device| is_disk(device));
    disks
        .filter(|disk| {
            let mut above = ancestors(hardware, disk);
            above.any(|above| above.location.as_deref() == Some(location))
        })
        .collect()
}

fn is_disk(device: &Device) -> bool {
    device.bus == Bus::Storage
        && device.ids().any(|id| {
            let last = id.rsplit('\\').next().unwrap_or_default();
            last.eq_ignore_ascii_case("GenDisk")
                || last
                    .get(..4)
                    .is_some_and(|kind| kind.eq_ignore_ascii_case("Disk"))
        })
}

/// The devices that a device hangs on, the nearest first, as far as the file
/// says.
pub(super) fn ancestors<'h>(
    hardware: &'h Hardware,
    device: &'h Device,
) -> impl Iterator<Item = &'h Device> {
    let above = move |device: &&'h Device| {
        let parent = device.parent.as_deref()?;
        let mut devices = hardware.devices.iter();
        devices.find(|other| other.location.as_deref() == Some(parent))
    };
    // Buses nest a few deep; a file with a circle in it ends here.
    std::iter::successors(above(&device), above).take(32)
}

/// The first part of an id.
pub(super) fn enumerator(id: &str) -> &str {
    id.split('\\').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(bus: Bus, id: &str, location: &str, parent: &str) -> Device {
        let known = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Device {
            bus,
            location: known(location),
            parent: known(parent),
            hardware_ids: vec![id.to_owned()],
            ..Device::default()
        }
    }

    fn ids(devices: Vec<Device>) -> Vec<String> {
        let hardware = Hardware {
            devices,
            ..Hardware::default()
        };
        let found = of(&hardware);
        found.iter().map(|device| device.id().to_owned()).collect()
    }

    #[test]
    fn storage_goes_before_usb_and_floppies_carry_nothing() {
        let usb = device(Bus::Pci, "PCI\\VEN_1&DEV_1&CC_0C0330", "", "");
        let floppy = device(Bus::Pci, "PCI\\VEN_1&DEV_2&CC_0102", "", "");
        let nvme = device(Bus::Pci, "PCI\\VEN_1&DEV_3&CC_010802", "", "");
        assert_eq!(ids(vec![usb.clone(), floppy.clone(), nvme]).len(), 1);
        assert_eq!(ids(vec![usb, floppy]), ["PCI\\VEN_1&DEV_1&CC_0C0330"]);
    }

    #[test]
    fn where_disks_are_shown_other_controllers_carry_none() {
        let ide = device(Bus::Pci, "PCI\\VEN_1&DEV_1&CC_0101", "00:07.1", "");
        let sas = device(Bus::Pci, "PCI\\VEN_1&DEV_2&CC_0107", "03:00.0", "00:15.0");
        let disk = device(Bus::Storage, "SCSI\\DiskVMware__", "d", "03:00.0");
        let drive = device(Bus::Storage, "IDE\\CdRomNECVMWar", "c", "00:07.1");
        let found = ids(vec![ide, sas, disk, drive]);
        assert_eq!(found, ["PCI\\VEN_1&DEV_2&CC_0107"]);
    }

    #[test]
    fn devices_without_a_class_code_are_told_by_bus_or_setup_class() {
        let id = "VMBUS\\{BA6163D9-04A1-4d29-B605-72E2FFB1DC7F}";
        let synthetic = device(Bus::Other, id, "", "");
        let mut xen = device(Bus::Other, "XENBUS\\VEN_XP0001&DEV_VBD", "", "");
        xen.class_guid = Some(SCSI_ADAPTER.to_uppercase());
        let mut spaces = device(Bus::Other, "ROOT\\SPACEPORT", "", "");
        spaces.class_guid = Some(SCSI_ADAPTER.to_owned());
        assert_eq!(ids(vec![synthetic, xen, spaces]).len(), 2);
    }

    #[test]
    fn a_circle_of_parents_ends() {
        let left = device(Bus::Pci, "PCI\\A", "1", "2");
        let right = device(Bus::Pci, "PCI\\B", "2", "1");
        let hardware = Hardware {
            devices: vec![left, right],
            ..Hardware::default()
        };
        let first = hardware.devices.first().unwrap();
        assert_eq!(ancestors(&hardware, first).count(), 32);
    }
}
