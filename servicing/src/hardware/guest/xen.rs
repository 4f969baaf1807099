//! Xen's settings of a guest with hardware virtualization (`xl.cfg`, `xm`):
//! lines of `key = value`, of which `acpi`, `apic` and `vcpus` give all six
//! classes of computers. ACPI and the APIC are on by default.

use std::collections::HashMap;

use super::{Controller, Guest, assignments, is_on};
use crate::hardware::FirmwareKind;

/// Reads them; `None` where the text is something else.
pub(super) fn read(text: &str) -> Option<Guest> {
    let all: HashMap<&str, &str> = assignments(text, '=').collect();
    let value = |key: &str| all.get(key).copied();
    let kind = value("builder").or(value("type"))?;
    if !kind.eq_ignore_ascii_case("hvm") {
        return None;
    }
    let mut guest = Guest {
        name: value("name").map(str::to_owned),
        acpi: value("acpi").is_none_or(is_on),
        io_apic: value("apic").is_none_or(is_on),
        processors: value("vcpus").and_then(|count| count.parse().ok()),
        memory: value("memory").and_then(|mib| mib.parse::<u64>().ok()?.checked_mul(1 << 20)),
        ..Guest::of("Xen", "HVM domU")
    };
    if value("bios").is_some_and(|bios| bios.eq_ignore_ascii_case("ovmf")) {
        guest.kind = Some(FirmwareKind::Uefi);
    }
    guest.disk_on(match value("hdtype") {
        Some("ahci") => Controller::Ich9Ahci,
        _ => Controller::Piix3,
    });
    Some(guest)
}
