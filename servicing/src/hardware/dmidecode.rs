//! `dmidecode`: what firmware says of the computer in its SMBIOS tables.
//!
//! SMBIOS does not say how the computer was started, so UEFI is never derived
//! from it, nor which processor features there are: its list is not whole.

use super::Hardware;
use super::sections::entries;
use super::text_file::Line;
use crate::facts::Architecture;

/// Whether a structure begins with this line.
pub(super) fn begins(line: &str) -> bool {
    line.starts_with("# dmidecode ") || kind(line).is_some()
}

/// `Handle 0x0001, DMI type 1, 27 bytes`.
fn kind(line: &str) -> Option<u8> {
    let rest = line.strip_prefix("Handle 0x")?;
    let (_, rest) = rest.split_once(", DMI type ")?;
    rest.split(',').next()?.trim().parse().ok()
}

/// Reads structures into `hardware`.
pub(super) fn read(lines: &[Line<'_>], hardware: &mut Hardware) {
    let mut board = (None, None);
    let mut processors = Sockets::default();
    let mut memory = 0_u64;
    for block in entries(lines, |line| kind(line.text).is_some()) {
        let kind = block.first().and_then(|line| kind(line.text));
        let fields = Fields(block);
        match kind {
            Some(0) => bios(&fields, hardware),
            Some(1) => {
                let firmware = &mut hardware.firmware;
                firmware.manufacturer =
                    fields.text("Manufacturer").or(firmware.manufacturer.take());
                firmware.model = fields.text("Product Name").or(firmware.model.take());
            }
            Some(2) => board = (fields.text("Manufacturer"), fields.text("Product Name")),
            Some(4) => processors.add(&fields, hardware),
            Some(17) => memory = memory.saturating_add(module(&fields).unwrap_or(0)),
            _ => {}
        }
    }
    // Boards that are sold alone have nothing to say of a system.
    let firmware = &mut hardware.firmware;
    if firmware.model.is_none() {
        let (manufacturer, model) = board;
        firmware.manufacturer = manufacturer.or(firmware.manufacturer.take());
        firmware.model = model;
    }
    processors.finish(hardware);
    if memory > 0 {
        hardware.memory = Some(memory);
    }
}

/// The bytes of a memory module: `2048 MB`, `4 GB`, `No Module Installed`.
fn module(fields: &Fields<'_>) -> Option<u64> {
    let (amount, unit) = fields.get("Size")?.split_once(' ')?;
    let factor = match unit {
        "kB" => 1 << 10,
        "MB" => 1 << 20,
        "GB" => 1 << 30,
        _ => return None,
    };
    amount.parse::<u64>().ok()?.checked_mul(factor)
}

/// The fields of one structure.
struct Fields<'l>(&'l [Line<'l>]);

impl Fields<'_> {
    fn get(&self, name: &str) -> Option<&str> {
        let mut pairs = self.0.iter().filter_map(|line| line.pair());
        pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
    }

    /// A text that says something.
    fn text(&self, name: &str) -> Option<String> {
        let value = self.get(name)?;
        let nothing = [
            "",
            "not specified",
            "none",
            "unknown",
            "to be filled by o.e.m.",
            "system manufacturer",
            "system product name",
            "default string",
            "<out of spec>",
            "empty",
            "o.e.m.",
            "oem",
        ];
        let said = !nothing.contains(&value.to_ascii_lowercase().as_str());
        said.then(|| value.to_owned())
    }

    fn number(&self, name: &str) -> Option<u32> {
        self.get(name)?.parse().ok()
    }

    /// Whether one of the lines says this.
    fn says(&self, text: &str) -> bool {
        self.0.iter().any(|line| line.text.trim() == text)
    }
}

fn bios(fields: &Fields<'_>, hardware: &mut Hardware) {
    let firmware = &mut hardware.firmware;
    if fields.says("ACPI is supported") {
        firmware.acpi = Some(true);
    }
    // `04/01/2014`; the oldest have two digits for a year of the 20th century.
    let date = fields.get("Release Date").and_then(|date| {
        let mut parts = date.split('/').map(str::parse::<u16>);
        let (month, day, year) = (
            parts.next()?.ok()?,
            parts.next()?.ok()?,
            parts.next()?.ok()?,
        );
        let year = if year < 100 { year + 1900 } else { year };
        let known = (1..=12).contains(&month) && (1..=31).contains(&day) && year < 10_000;
        known.then(|| format!("{year:04}-{month:02}-{day:02}"))
    });
    firmware.date = date.or(firmware.date.take());
}

/// Processors, added up over sockets.
#[derive(Default)]
struct Sockets {
    filled: u32,
    logical: Option<u32>,
    unknown: bool,
}

impl Sockets {
    fn add(&mut self, fields: &Fields<'_>, hardware: &mut Hardware) {
        let empty = fields
            .get("Status")
            .is_some_and(|status| !status.starts_with("Populated"));
        let central = fields
            .get("Type")
            .is_none_or(|kind| kind == "Central Processor");
        if empty || !central {
            return;
        }
        self.filled = self.filled.saturating_add(1);
        let threads = fields.number("Thread Count");
        let threads = threads.or_else(|| fields.number("Core Enabled"));
        match threads.or_else(|| fields.number("Core Count")) {
            Some(count) => self.logical = Some(self.logical.unwrap_or(0).saturating_add(count)),
            None => self.unknown = true,
        }
        let processors = &mut hardware.processors;
        processors.model = fields.text("Version").or(processors.model.take());
        let maker = fields.get("Manufacturer").unwrap_or_default();
        let vendor = match maker {
            maker if maker.contains("Intel") => Some("GenuineIntel"),
            maker if maker.contains("AMD") || maker.starts_with("Advanced Micro") => {
                Some("AuthenticAMD")
            }
            _ => None,
        };
        processors.vendor = vendor.map(str::to_owned).or(processors.vendor.take());
        if fields.says("64-bit capable") && vendor.is_some() {
            processors.architecture = Some(Architecture::Amd64);
        }
    }

    fn finish(self, hardware: &mut Hardware) {
        let processors = &mut hardware.processors;
        if self.filled > 0 {
            processors.sockets = Some(self.filled);
        }
        // Old firmware counts no cores, so the sum would be too small.
        if !self.unknown && self.logical.is_some() {
            processors.logical = self.logical;
        }
    }
}
