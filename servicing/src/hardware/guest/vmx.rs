//! VMware's settings (`.vmx`): lines of `key = "value"`.
//!
//! ```text
//! config.version = "8"
//! numvcpus = "2"
//! scsi0.present = "TRUE"
//! scsi0.virtualDev = "lsilogic"
//! scsi0:0.fileName = "xp.vmdk"
//! ```
//!
//! VMware always shows ACPI and an I/O APIC. A controller without `virtualDev`
//! is BusLogic.

use std::collections::HashMap;

use super::{Controller, Guest, assignments, is_on};
use crate::hardware::FirmwareKind;

/// Reads them; `None` where the text is something else.
pub(super) fn read(text: &str) -> Option<Guest> {
    // Keys count in any case.
    let all: HashMap<String, &str> = assignments(text, '=')
        .map(|(key, value)| (key.to_ascii_lowercase(), value))
        .collect();
    let value = |key: &str| all.get(key).copied();
    let hardware = value("virtualhw.version").or(value("config.version"))?;
    hardware.parse::<u32>().ok()?;
    let number = |key: &str| value(key)?.parse::<u32>().ok();

    let mut guest = Guest::of("VMware, Inc.", "VMware Virtual Platform");
    guest.name = value("displayname").map(str::to_owned);
    guest.processors = Some(number("numvcpus").unwrap_or(1));
    let per_socket = number("cpuid.corespersocket").unwrap_or(1).max(1);
    guest.sockets = guest.processors.map(|count| count.div_ceil(per_socket));
    guest.memory = number("memsize").map(|mib| u64::from(mib) << 20);
    if value("firmware").is_some_and(|kind| kind.eq_ignore_ascii_case("efi")) {
        guest.kind = Some(FirmwareKind::Uefi);
    }
    let mut disks: Vec<&str> = all
        .keys()
        .filter_map(|key| key.strip_suffix(".filename"))
        .filter(|device| is_disk(device, &value))
        .collect();
    disks.sort_unstable();
    for device in disks {
        let bus = device.split(':').next().unwrap_or_default();
        let kind = value(&format!("{bus}.virtualdev")).unwrap_or_default();
        let controller = match (bus.trim_end_matches(char::is_numeric), kind) {
            ("ide", _) => Controller::Piix4,
            ("sata", _) => Controller::VmwareAhci,
            ("nvme", _) => Controller::VmwareNvme,
            ("scsi", "" | "buslogic") => Controller::BusLogic,
            ("scsi", "lsilogic") => Controller::Lsi53c1030,
            ("scsi", "lsisas1068") => Controller::LsiSas1068,
            ("scsi", "pvscsi") => Controller::Pvscsi,
            _ => continue,
        };
        guest.disk_on(controller);
    }
    Some(guest)
}

/// Whether `ide0:0` is there and is no drive for discs.
fn is_disk<'v>(device: &str, value: &impl Fn(&str) -> Option<&'v str>) -> bool {
    let said = |name: &str| value(&format!("{device}.{name}"));
    // Old versions leave `present` out.
    let present = said("present").is_none_or(is_on);
    let kind = said("devicetype").unwrap_or_default().to_ascii_lowercase();
    let file = said("filename").unwrap_or_default().to_ascii_lowercase();
    present
        && device.contains(':')
        && !kind.contains("cdrom")
        && (file.ends_with(".vmdk") || kind.contains("disk") || kind == "rawdisk")
}
