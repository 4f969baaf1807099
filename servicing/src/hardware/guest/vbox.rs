//! VirtualBox' settings: the file `.vbox` (`.xml` before version 4), and what
//! `VBoxManage showvminfo NAME --machinereadable` writes.
//!
//! What is as by default is left out of the file: ACPI is on then, the I/O APIC
//! off. Elements are `Machine/Hardware/BIOS/ACPI`, `../IOAPIC`, `../CPU@count`,
//! `Memory@RAMSize` (MiB), `Firmware@type`, `StorageController@type` with
//! `AttachedDevice@type`; before version 3.1 `BIOS/IDEController@type`.

use std::collections::HashMap;

use super::{Controller, Guest, assignments, is_on};
use crate::Finding;
use crate::hardware::xml_file::{self, Piece};
use crate::hardware::{FirmwareKind, HardwareError};

pub(super) const ROOT: &str = "VirtualBox";

fn blank() -> Guest {
    Guest {
        io_apic: false,
        ..Guest::of("innotek GmbH", "VirtualBox")
    }
}

/// The controller of this type.
fn controller(kind: &str) -> Option<Controller> {
    Some(match kind.to_ascii_lowercase().as_str() {
        "piix3" => Controller::Piix3,
        "piix4" => Controller::Piix4,
        "ich6" => Controller::Ich6,
        "ahci" | "intelahci" => Controller::Ich8Ahci,
        "buslogic" => Controller::BusLogic,
        "lsilogic" => Controller::Lsi53c1030,
        "lsilogicsas" => Controller::LsiSas1068,
        _ => return None,
    })
}

/// Reads a settings file, and says where it was cut off.
pub(super) fn read(text: &str) -> Result<(Guest, Option<Finding>), HardwareError> {
    let mut guest = blank();
    let mut of_disks = None;
    let cut = xml_file::read(text, |path, piece| {
        let Piece::Open(attributes) = piece else {
            return;
        };
        let value = |name: &str| {
            let mut attributes = attributes.iter();
            let found = attributes.find(|(key, _)| key == name);
            found.map(|(_, value)| value.as_str())
        };
        let number = |name: &str| value(name)?.parse::<u32>().ok();
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        // Snapshots within the file have settings of their own.
        if path.contains(&"Snapshot") {
            return;
        }
        match path.as_slice() {
            [.., "Machine"] => guest.name = value("name").map(str::to_owned),
            [.., "Hardware", "CPU"] => guest.processors = number("count"),
            [.., "Hardware", "Memory"] => {
                guest.memory = number("RAMSize").map(|mib| u64::from(mib) << 20);
            }
            [.., "Hardware", "Firmware"] => {
                let efi = value("type").is_some_and(|kind| kind.starts_with("EFI"));
                if efi {
                    guest.kind = Some(FirmwareKind::Uefi);
                }
            }
            [.., "BIOS", "ACPI"] => guest.acpi = value("enabled").is_none_or(is_on),
            [.., "BIOS", "IOAPIC"] => guest.io_apic = value("enabled").is_some_and(is_on),
            [.., "BIOS", "IDEController"] => {
                if let Some(found) = value("type").and_then(controller) {
                    guest.disk_on(found);
                }
            }
            [.., "StorageController"] => of_disks = value("type").and_then(controller),
            [.., "StorageController", "AttachedDevice"] => {
                let is_disk = value("type") == Some("HardDisk");
                if let Some(found) = of_disks.filter(|_| is_disk) {
                    guest.disk_on(found);
                }
            }
            _ => {}
        }
    })?;
    Ok((guest, cut))
}

/// Reads what `showvminfo --machinereadable` writes; `None` where the text is
/// something else.
pub(super) fn read_info(text: &str) -> Option<Guest> {
    let all: HashMap<&str, &str> = assignments(text, '=').collect();
    let value = |key: &str| all.get(key).copied();
    let (ostype, acpi, io_apic) = (value("ostype"), value("acpi")?, value("ioapic")?);
    ostype.or(value("UUID"))?;
    let mut guest = Guest {
        name: value("name").map(str::to_owned),
        acpi: is_on(acpi),
        io_apic: is_on(io_apic),
        processors: value("cpus").and_then(|count| count.parse().ok()),
        memory: value("memory").and_then(|mib| mib.parse::<u64>().ok()?.checked_mul(1 << 20)),
        ..blank()
    };
    if value("firmware").is_some_and(|kind| kind.to_ascii_uppercase().starts_with("EFI")) {
        guest.kind = Some(FirmwareKind::Uefi);
    }
    for number in 0..8 {
        let name = value(&format!("storagecontrollername{number}"));
        let kind = value(&format!("storagecontrollertype{number}")).and_then(controller);
        let (Some(name), Some(kind)) = (name, kind) else {
            continue;
        };
        // `"SATA-0-0"="/path/disk.vdi"`
        let mut disks = all.iter().filter_map(|(key, file)| {
            let place = key
                .trim_matches('"')
                .strip_prefix(name)?
                .strip_prefix('-')?;
            let place = place.starts_with(|c: char| c.is_ascii_digit());
            let file = file.to_ascii_lowercase();
            let is_disc = file == "none" || file == "emptydrive" || file.ends_with(".iso");
            (place && !is_disc).then_some(())
        });
        if disks.next().is_some() {
            guest.disk_on(kind);
        }
    }
    Some(guest)
}
