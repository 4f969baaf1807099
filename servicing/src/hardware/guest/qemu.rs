//! QEMU's command line, as a script, `ps` or a log of libvirt has it.
//!
//! ```text
//! qemu-system-i386 -M pc,acpi=off -smp 2,sockets=2 -m 512 -drive file=xp.img,if=ide
//! ```
//!
//! `pc` and `q35` always have an I/O APIC, `isapc` has none and no ACPI. Of what
//! stands twice the last counts.

use super::{Controller, Guest, is_on};
use crate::facts::Architecture;
use crate::hardware::FirmwareKind;

/// Reads the first command line in a text; `None` where there is none.
pub(super) fn read(text: &str) -> Option<Guest> {
    // A command may go on behind a backslash.
    let text = text.replace("\\\r\n", " ").replace("\\\n", " ");
    let mut commands = text.lines().filter_map(command);
    let (architecture, words) = commands.next()?;
    let mut guest = Guest {
        architecture,
        ..Guest::of_qemu()
    };
    let mut q35 = false;
    let mut disks = Vec::new();
    let mut words = words.iter().map(String::as_str).peekable();
    while let Some(word) = words.next() {
        let option = word.strip_prefix("--").or_else(|| word.strip_prefix('-'));
        let Some(option) = option else {
            continue;
        };
        let takes = words.peek().copied().filter(|next| !next.starts_with('-'));
        let value = takes.unwrap_or_default();
        match option {
            "no-acpi" => guest.acpi = false,
            "M" | "machine" => {
                q35 |= first(value).contains("q35");
                if first(value) == "isapc" {
                    (guest.acpi, guest.io_apic) = (false, false);
                }
                if let Some(acpi) = part(value, "acpi") {
                    guest.acpi = is_on(acpi);
                }
            }
            "smp" => processors(value, &mut guest),
            "cpu" => {
                if parts(value).any(|word| word == "-apic" || word == "apic=off") {
                    guest.io_apic = false;
                }
            }
            "m" => guest.memory = memory(part(value, "size").unwrap_or(first(value))),
            "name" => {
                let name = part(value, "guest").unwrap_or(first(value));
                guest.name = Some(name.to_owned());
            }
            "bios" if value.to_ascii_uppercase().contains("OVMF") => {
                guest.kind = Some(FirmwareKind::Uefi);
            }
            "hda" | "hdb" | "hdc" | "hdd" => disks.push("ide"),
            "drive" | "blockdev" => {
                if part(value, "if") == Some("pflash") {
                    guest.kind = Some(FirmwareKind::Uefi);
                } else if part(value, "media") != Some("cdrom") && option == "drive" {
                    disks.push(part(value, "if").unwrap_or("ide"));
                }
            }
            "device" => disks.push(first(value)),
            _ => continue,
        }
    }
    for disk in disks {
        let controller = match disk {
            "ide" | "ide-hd" if !q35 => Controller::Piix3,
            "ide" | "ide-hd" | "ahci" | "ich9-ahci" => Controller::Ich9Ahci,
            "virtio" | "virtio-blk-pci" => Controller::VirtioBlock,
            "virtio-scsi-pci" => Controller::VirtioScsi,
            "scsi" | "lsi53c895a" | "lsi" => Controller::Lsi53c895a,
            "mptsas1068" => Controller::LsiSas1068,
            "pvscsi" => Controller::Pvscsi,
            _ => continue,
        };
        guest.disk_on(controller);
    }
    Some(guest)
}

/// The words of a line that runs QEMU for a PC, and which one it runs.
fn command(line: &str) -> Option<(Option<Architecture>, Vec<String>)> {
    let words = words(line);
    let mut programs = words.iter().enumerate();
    let (at, architecture) = programs.find_map(|(at, word)| {
        let name = word.rsplit('/').next().unwrap_or_default();
        let name = name.trim_end_matches(".exe");
        let architecture = match name {
            "qemu-system-x86_64" => Some(Architecture::Amd64),
            "qemu-system-i386" => Some(Architecture::X86),
            "qemu-kvm" | "kvm" => None,
            _ => return None,
        };
        Some((at, architecture))
    })?;
    let rest: Vec<String> = words.into_iter().skip(at + 1).collect();
    // A name alone is no command.
    let mut options = rest.iter();
    options
        .any(|word| word.starts_with('-'))
        .then_some((architecture, rest))
}

/// The words of a shell's line, without its quotation marks.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut mark = None;
    for character in line.chars() {
        match (mark, character) {
            (None, '"' | '\'') => mark = Some(character),
            (Some(open), _) if open == character => mark = None,
            (None, _) if character.is_whitespace() => words.push(String::new()),
            _ => {
                if let Some(word) = words.last_mut() {
                    word.push(character);
                }
            }
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// The parts of `pc,acpi=off`.
fn parts(value: &str) -> impl Iterator<Item = &str> {
    value.split(',').map(str::trim)
}

/// The first part; `type=pc` and `driver=ahci` name it.
fn first(value: &str) -> &str {
    let first = parts(value).next().unwrap_or_default();
    ["type=", "driver="]
        .iter()
        .find_map(|name| first.strip_prefix(name))
        .unwrap_or(first)
}

/// The value of a part.
fn part<'v>(value: &'v str, name: &str) -> Option<&'v str> {
    parts(value).find_map(|part| part.strip_prefix(name)?.strip_prefix('='))
}

/// `2`, `cpus=2`, `sockets=1,cores=2,threads=1`.
fn processors(value: &str, guest: &mut Guest) {
    let number = |name: &str| part(value, name)?.parse::<u32>().ok();
    let stated = number("cpus").or_else(|| first(value).parse().ok());
    let one = |name| number(name).unwrap_or(1);
    let product = one("sockets")
        .saturating_mul(one("cores"))
        .saturating_mul(one("threads"));
    guest.processors = Some(stated.unwrap_or(product));
    guest.sockets = number("sockets");
}

/// `512`, `512M`, `2G`: MiB where no unit stands.
fn memory(value: &str) -> Option<u64> {
    let digits = value.trim_end_matches(|c: char| !c.is_ascii_digit());
    let shift = match value.get(digits.len()..)?.to_ascii_uppercase().as_str() {
        "" | "M" | "MB" => 20,
        "G" | "GB" => 30,
        "K" | "KB" => 10,
        _ => return None,
    };
    digits.parse::<u64>().ok()?.checked_mul(1 << shift)
}
