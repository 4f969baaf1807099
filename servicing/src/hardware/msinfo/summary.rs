//! The first category of a report: what the computer is.

use crate::facts::Architecture;
use crate::hardware::{FirmwareKind, Hardware};

/// The summary's rows.
#[derive(Default)]
pub(super) struct Summary {
    /// Values before the type of the system.
    before: Vec<String>,
    architecture: Option<Architecture>,
    manufacturer: Option<String>,
    model: Option<String>,
    processors: Vec<Processor>,
    firmware: Option<FirmwareKind>,
    /// Whether another category has begun.
    over: bool,
}

struct Processor {
    name: String,
    logical: Option<u32>,
    vendor: Option<&'static str>,
}

impl Summary {
    /// Another category begins.
    pub(super) fn category(&mut self) {
        self.over |= !self.before.is_empty() || self.architecture.is_some();
    }

    pub(super) fn row(&mut self, value: &str) {
        if self.over {
            return;
        }
        if self.architecture.is_none() {
            match architecture(value) {
                Some(architecture) => {
                    self.architecture = Some(architecture);
                    self.model = self.before.pop();
                    self.manufacturer = self.before.pop();
                }
                None => self.before.push(value.to_owned()),
            }
            return;
        }
        if let Some(processor) = processor(value) {
            self.processors.push(processor);
        }
        // `BIOS Mode` has this value in every language, and nothing else does.
        if value == "UEFI" {
            self.firmware = Some(FirmwareKind::Uefi);
        } else if value == "Legacy" {
            self.firmware = Some(FirmwareKind::Bios);
        }
    }

    pub(super) fn finish(self, hardware: &mut Hardware) {
        let Some(architecture) = self.architecture else {
            return;
        };
        let processors = &mut hardware.processors;
        processors.architecture = Some(architecture);
        let counted: Option<u32> = self.processors.iter().map(|found| found.logical).sum();
        if let Some(first) = self.processors.first() {
            let rows = u32::try_from(self.processors.len()).ok();
            // Windows before Vista lists each processor and counts no cores.
            processors.logical = counted.or(rows);
            processors.sockets = counted.and(rows);
            processors.model = Some(first.name.clone());
            processors.vendor = first.vendor.map(str::to_owned);
        }
        let firmware = &mut hardware.firmware;
        firmware.kind = self.firmware.or(firmware.kind);
        firmware.manufacturer = self.manufacturer;
        firmware.model = self.model;
    }
}

/// `x64-based PC`, `X86-basierter PC`, `ARM64-based PC`.
fn architecture(value: &str) -> Option<Architecture> {
    let word = value.split(|c: char| !c.is_ascii_alphanumeric()).next()?;
    let short = value.len() < 40 && value.len() > word.len();
    let architecture = match word.to_ascii_lowercase().as_str() {
        "x64" => Architecture::Amd64,
        "x86" => Architecture::X86,
        "arm64" => Architecture::Arm64,
        _ => return None,
    };
    short.then_some(architecture)
}

/// `Intel(R) Core(TM) i7-9750H CPU @ 2.60GHz, 2592 Mhz, 6 Core(s), 12 Logical
/// Processor(s)`, or before Vista `x86 Family 6 Model 23 Stepping 10
/// GenuineIntel ~2793 Mhz`.
fn processor(value: &str) -> Option<Processor> {
    let vendor = ["GenuineIntel", "AuthenticAMD", "CentaurHauls"];
    let vendor = vendor.into_iter().find(|vendor| value.contains(vendor));
    let parts: Vec<&str> = value.split(',').map(str::trim).collect();
    let number = |text: &str| -> Option<u32> {
        let digits = text.split(|c: char| !c.is_ascii_digit());
        digits
            .into_iter()
            .find(|text| !text.is_empty())?
            .parse()
            .ok()
    };
    if let [.., speed, cores, logical] = parts.as_slice()
        && speed.to_ascii_lowercase().contains("mhz")
        && number(cores).is_some()
    {
        let name = parts.get(..parts.len() - 3)?.join(", ");
        let vendor = match &name {
            name if name.contains("Intel") => Some("GenuineIntel"),
            name if name.contains("AMD") => Some("AuthenticAMD"),
            _ => vendor,
        };
        return Some(Processor {
            logical: number(logical),
            vendor,
            name,
        });
    }
    let old = vendor.is_some() && value.contains('~');
    old.then(|| Processor {
        name: value.split('~').next().unwrap_or(value).trim().to_owned(),
        logical: None,
        vendor,
    })
}
