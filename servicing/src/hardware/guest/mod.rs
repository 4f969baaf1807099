//! The settings of a virtual machine: what a hypervisor will show its guest.
//!
//! A file of one form says all of it, defaults included, so that each form
//! fills in what it does not name. Where a hypervisor shows its guest an I/O
//! APIC without ACPI, its firmware tells of it in an MP table (SeaBIOS, QEMU and
//! Xen; for VirtualBox inferred).

mod libvirt;
mod proxmox;
mod qemu;
mod vbox;
mod vmx;
mod xen;

use super::ids::{Enumerator, PciClass, PciFunction};
use super::{FirmwareKind, Hardware, HardwareError};
use crate::facts::Architecture;

/// What the settings say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Guest {
    /// What the machine is called.
    name: Option<String>,
    /// Maker and model as the guest's SMBIOS has them.
    make: (&'static str, &'static str),
    /// Whether ACPI is shown.
    acpi: bool,
    /// Whether an I/O APIC is shown.
    io_apic: bool,
    /// How it starts.
    kind: Option<FirmwareKind>,
    /// Its logical processors.
    processors: Option<u32>,
    /// Its sockets, where that is told.
    sockets: Option<u32>,
    /// Whether they run 64-bit systems, where that is told.
    architecture: Option<Architecture>,
    /// Its memory in bytes.
    memory: Option<u64>,
    /// What its hard disks hang on.
    controllers: Vec<Controller>,
}

/// A storage controller that hypervisors show. Numbers: the PCI ID repository,
/// and listings of such guests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Controller {
    /// IDE of a PIIX3: QEMU and Xen, i440FX.
    Piix3,
    /// IDE of a PIIX4: VMware, VirtualBox.
    Piix4,
    /// IDE of an ICH6: VirtualBox.
    Ich6,
    /// AHCI of an ICH8: VirtualBox.
    Ich8Ahci,
    /// AHCI of an ICH9: QEMU.
    Ich9Ahci,
    /// AHCI of VMware.
    VmwareAhci,
    /// BusLogic: VMware, VirtualBox.
    BusLogic,
    /// LSI 53C1030, parallel SCSI: VMware, VirtualBox.
    Lsi53c1030,
    /// LSI 53C895A, parallel SCSI: QEMU.
    Lsi53c895a,
    /// LSI SAS 1068: VMware, VirtualBox, QEMU.
    LsiSas1068,
    /// VMware's paravirtual SCSI.
    Pvscsi,
    /// virtio block device.
    VirtioBlock,
    /// virtio SCSI.
    VirtioScsi,
    /// NVMe of VMware.
    VmwareNvme,
}

impl Controller {
    /// Vendor, device, class code, what it is.
    fn numbers(self) -> (u16, u16, [u8; 2], Option<u8>, &'static str) {
        let (ide, ahci, scsi) = ([1, 1], [1, 6], [1, 0]);
        match self {
            Controller::Piix3 => (0x8086, 0x7010, ide, Some(0x80), "PIIX3 IDE"),
            Controller::Piix4 => (0x8086, 0x7111, ide, Some(0x8A), "PIIX4 IDE"),
            Controller::Ich6 => (0x8086, 0x269E, ide, Some(0x8A), "ICH6 IDE"),
            Controller::Ich8Ahci => (0x8086, 0x2829, ahci, Some(1), "ICH8 AHCI"),
            Controller::Ich9Ahci => (0x8086, 0x2922, ahci, Some(1), "ICH9 AHCI"),
            Controller::VmwareAhci => (0x15AD, 0x07E0, ahci, Some(1), "VMware AHCI"),
            Controller::BusLogic => (0x104B, 0x1040, scsi, Some(0), "BusLogic SCSI"),
            Controller::Lsi53c1030 => (0x1000, 0x0030, scsi, Some(0), "LSI Logic SCSI"),
            Controller::Lsi53c895a => (0x1000, 0x0012, scsi, Some(0), "LSI 53C895A SCSI"),
            Controller::LsiSas1068 => (0x1000, 0x0054, scsi, Some(0), "LSI Logic SAS"),
            Controller::Pvscsi => (0x15AD, 0x07C0, [1, 7], Some(0), "VMware PVSCSI"),
            Controller::VirtioBlock => (0x1AF4, 0x1001, scsi, Some(0), "virtio block device"),
            Controller::VirtioScsi => (0x1AF4, 0x1004, scsi, Some(0), "virtio SCSI"),
            Controller::VmwareNvme => (0x15AD, 0x07F0, [1, 8], Some(2), "VMware NVMe"),
        }
    }
}

impl Guest {
    fn of(maker: &'static str, model: &'static str) -> Guest {
        Guest {
            make: (maker, model),
            acpi: true,
            io_apic: true,
            kind: Some(FirmwareKind::Bios),
            ..Guest::default()
        }
    }

    /// One with QEMU's defaults.
    fn of_qemu() -> Guest {
        Guest::of("QEMU", "Standard PC")
    }

    /// Adds a controller with a hard disk.
    fn disk_on(&mut self, controller: Controller) {
        if !self.controllers.contains(&controller) {
            self.controllers.push(controller);
        }
    }

    /// Puts it into `hardware`.
    fn put(self, hardware: &mut Hardware) {
        let (maker, model) = self.make;
        hardware.name = self.name.unwrap_or_default();
        let firmware = &mut hardware.firmware;
        firmware.manufacturer = Some(maker.to_owned());
        firmware.model = Some(model.to_owned());
        firmware.acpi = Some(self.acpi);
        firmware.io_apic = Some(self.io_apic);
        if !self.acpi {
            firmware.mp_table = Some(self.io_apic);
        }
        firmware.kind = self.kind;
        hardware.memory = self.memory;
        let processors = &mut hardware.processors;
        processors.logical = Some(self.processors.unwrap_or(1).max(1));
        processors.sockets = self.sockets;
        processors.architecture = self.architecture;
        for controller in self.controllers {
            let (vendor, device, [base, sub], interface, name) = controller.numbers();
            let function = PciFunction {
                vendor,
                device,
                class: Some(PciClass {
                    base,
                    sub,
                    interface,
                }),
                ..PciFunction::default()
            };
            let mut device = function.ids(Enumerator::default()).into_device();
            device.description = Some(name.to_owned());
            hardware.add_device(device);
        }
    }
}

/// Reads the settings in an XML file with this root; `false` where that is none
/// of them.
///
/// # Errors
/// [`HardwareError::Malformed`] where it breaks the rules of XML.
pub(super) fn read_xml(
    root: &str,
    text: &str,
    hardware: &mut Hardware,
) -> Result<bool, HardwareError> {
    let read = match root {
        libvirt::ROOT => libvirt::read,
        vbox::ROOT => vbox::read,
        _ => return Ok(false),
    };
    let (guest, cut) = read(text)?;
    guest.put(hardware);
    if let Some(finding) = cut {
        hardware.add_finding(finding);
    }
    Ok(true)
}

/// Reads the settings in a text file; `false` where there are none.
pub(super) fn read(text: &str, hardware: &mut Hardware) -> bool {
    let forms = [
        vmx::read,
        vbox::read_info,
        xen::read,
        proxmox::read,
        qemu::read,
    ];
    let guest = forms.into_iter().find_map(|read| read(text));
    let found = guest.is_some();
    if let Some(guest) = guest {
        guest.put(hardware);
    }
    found
}

/// `key = value` lines without remarks, the value without its quotation marks.
fn assignments(text: &str, separator: char) -> impl Iterator<Item = (&str, &str)> {
    let lines = text.lines().map(str::trim);
    let lines = lines.filter(|line| !line.starts_with('#'));
    lines.filter_map(move |line| {
        let (key, value) = line.split_once(separator)?;
        let value = value.trim();
        let bare = ['"', '\'']
            .into_iter()
            .find_map(|mark| value.strip_prefix(mark)?.split(mark).next());
        Some((key.trim(), bare.unwrap_or(value)))
    })
}

/// Whether a value says yes, however it is spelled.
fn is_on(value: &str) -> bool {
    ["1", "true", "on", "yes", "enabled"]
        .iter()
        .any(|yes| value.eq_ignore_ascii_case(yes))
}
