//! Proxmox' settings of a QEMU guest (`/etc/pve/qemu-server/100.conf`, `qm
//! config`): lines of `key: value`, those of snapshots below `[name]`.

use std::collections::HashMap;

use super::{Controller, Guest, assignments, is_on};
use crate::hardware::FirmwareKind;

/// Reads them; `None` where the text is something else.
pub(super) fn read(text: &str) -> Option<Guest> {
    let now = text.split("\n[").next().unwrap_or_default();
    let all: HashMap<&str, &str> = assignments(now, ':').collect();
    let value = |key: &str| all.get(key).copied();
    let number = |key: &str| value(key)?.parse::<u32>().ok();
    let mut marks = ["ostype", "scsihw", "bootdisk", "vmgenid", "smbios1"].into_iter();
    let (memory, _) = (number("memory")?, marks.find(|mark| value(mark).is_some())?);

    let sockets = number("sockets").unwrap_or(1);
    let mut guest = Guest {
        name: value("name").map(str::to_owned),
        acpi: value("acpi").is_none_or(is_on),
        sockets: Some(sockets),
        processors: Some(sockets.saturating_mul(number("cores").unwrap_or(1))),
        memory: Some(u64::from(memory) << 20),
        ..Guest::of_qemu()
    };
    if value("bios") == Some("ovmf") {
        guest.kind = Some(FirmwareKind::Uefi);
    }
    let q35 = value("machine").is_some_and(|machine| machine.contains("q35"));
    let mut disks: Vec<_> = all
        .iter()
        .filter(|(_, file)| !file.contains("media=cdrom") && !file.starts_with("none"))
        .map(|(key, _)| *key)
        .collect();
    disks.sort_unstable();
    for disk in disks {
        let bus = disk.trim_end_matches(|c: char| c.is_ascii_digit());
        let numbered = bus.len() < disk.len();
        let controller = match (bus, value("scsihw")) {
            ("ide", _) if !q35 => Controller::Piix3,
            ("ide" | "sata", _) => Controller::Ich9Ahci,
            ("virtio", _) => Controller::VirtioBlock,
            ("scsi", Some(kind)) if kind.starts_with("virtio-scsi") => Controller::VirtioScsi,
            ("scsi", Some("pvscsi")) => Controller::Pvscsi,
            ("scsi", None | Some("lsi")) => Controller::Lsi53c895a,
            _ => continue,
        };
        if numbered {
            guest.disk_on(controller);
        }
    }
    Some(guest)
}
