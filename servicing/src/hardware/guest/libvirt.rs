//! libvirt's settings (`virsh dumpxml NAME`): a `domain`.
//!
//! `features/acpi` shows ACPI, and without it there is none. `features/apic`
//! counts for Xen alone: QEMU's machines have an I/O APIC in any case, but for
//! `isapc`.

use super::{Controller, Guest};
use crate::Finding;
use crate::facts::Architecture;
use crate::hardware::xml_file::{self, Piece};
use crate::hardware::{FirmwareKind, HardwareError};

pub(super) const ROOT: &str = "domain";

/// A disk: what it is, and the bus that it hangs on.
type Disk = (Option<String>, String);

/// Reads them, and says where the file was cut off.
pub(super) fn read(text: &str) -> Result<(Guest, Option<Finding>), HardwareError> {
    let mut guest = Guest {
        acpi: false,
        ..Guest::of_qemu()
    };
    let (mut apic, mut xen, mut machine) = (false, false, String::new());
    let (mut unit, mut scsi) = (String::new(), String::new());
    let mut device: Option<String> = None;
    let mut disks: Vec<Disk> = Vec::new();
    let cut = xml_file::read(text, |path, piece| {
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        match (path.as_slice(), piece) {
            (["domain"], Piece::Open(attributes)) => {
                xen = value(attributes, "type") == Some("xen");
            }
            (["domain", "name"], Piece::Text(name)) => guest.name = Some((*name).to_owned()),
            (["domain", "vcpu"], Piece::Open(attributes)) => {
                // More may be plugged in later.
                guest.processors = number(attributes, "current");
            }
            (["domain", "vcpu"], Piece::Text(count)) if guest.processors.is_none() => {
                guest.processors = count.parse().ok();
            }
            (["domain", "cpu", "topology"], Piece::Open(attributes)) => {
                guest.sockets = number(attributes, "sockets");
            }
            (["domain", "memory"], Piece::Open(attributes)) => {
                unit = value(attributes, "unit").unwrap_or("KiB").to_owned();
            }
            (["domain", "memory"], Piece::Text(amount)) => guest.memory = bytes(amount, &unit),
            (["domain", "features", "acpi"], Piece::Open(_)) => guest.acpi = true,
            (["domain", "features", "apic"], Piece::Open(_)) => apic = true,
            (["domain", "os"], Piece::Open(attributes))
                if value(attributes, "firmware") == Some("efi") =>
            {
                guest.kind = Some(FirmwareKind::Uefi);
            }
            (["domain", "os", "loader"], Piece::Open(attributes))
                if value(attributes, "type") == Some("pflash") =>
            {
                guest.kind = Some(FirmwareKind::Uefi);
            }
            (["domain", "os", "type"], Piece::Open(attributes)) => {
                machine = value(attributes, "machine").unwrap_or_default().to_owned();
                guest.architecture = match value(attributes, "arch") {
                    Some("x86_64") => Some(Architecture::Amd64),
                    Some("i686" | "i386") => Some(Architecture::X86),
                    Some("aarch64") => Some(Architecture::Arm64),
                    _ => None,
                };
            }
            (["domain", "devices", "disk"], Piece::Open(attributes)) => {
                device = value(attributes, "device").map(str::to_owned);
            }
            (["domain", "devices", "disk", "target"], Piece::Open(attributes)) => {
                let bus = value(attributes, "bus").unwrap_or_default();
                disks.push((device.clone(), bus.to_owned()));
            }
            (["domain", "devices", "controller"], Piece::Open(attributes))
                if value(attributes, "type") == Some("scsi") =>
            {
                scsi = value(attributes, "model").unwrap_or_default().to_owned();
            }
            _ => {}
        }
    })?;
    guest.io_apic = match xen {
        true => apic,
        false => !machine.contains("isapc"),
    };
    if xen {
        guest.make = ("Xen", "HVM domU");
    }
    let q35 = machine.contains("q35");
    for (device, bus) in disks {
        // Without a word it is a hard disk.
        if device.is_some_and(|device| device != "disk") {
            continue;
        }
        let controller = match (bus.as_str(), scsi.as_str()) {
            ("ide", _) => Controller::Piix3,
            ("sata", _) if q35 || !xen => Controller::Ich9Ahci,
            ("virtio", _) => Controller::VirtioBlock,
            ("scsi", "virtio-scsi") => Controller::VirtioScsi,
            ("scsi", "lsisas1068") => Controller::LsiSas1068,
            ("scsi", "vmpvscsi") => Controller::Pvscsi,
            ("scsi", "" | "lsilogic" | "auto") => Controller::Lsi53c895a,
            _ => continue,
        };
        guest.disk_on(controller);
    }
    Ok((guest, cut))
}

fn value<'a>(attributes: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let mut attributes = attributes.iter();
    let found = attributes.find(|(key, _)| key == name);
    found.map(|(_, value)| value.as_str())
}

fn number(attributes: &[(String, String)], name: &str) -> Option<u32> {
    value(attributes, name)?.parse().ok()
}

/// An amount of memory in its unit.
fn bytes(amount: &str, unit: &str) -> Option<u64> {
    let factor = match unit {
        "b" | "bytes" => 1,
        "KB" => 1000,
        "k" | "KiB" => 1 << 10,
        "MB" => 1_000_000,
        "M" | "MiB" => 1 << 20,
        "GB" => 1_000_000_000,
        "G" | "GiB" => 1 << 30,
        _ => return None,
    };
    amount.parse::<u64>().ok()?.checked_mul(factor)
}
