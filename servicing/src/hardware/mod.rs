//! What an administrator knows of a computer: its devices with the ids that
//! Windows gives them, its processors, its firmware.
//!
//! The facts come from files that are already at hand ([`Hardware::read`]) and
//! may be few: everything but the list of devices is optional, and nothing is
//! filled in by guess.

mod acpi;
mod cpuinfo;
mod devcon;
mod device;
mod dmidecode;
mod firmware;
mod guest;
pub mod ids;
mod instance;
mod lspci;
mod lsusb;
mod merge;
mod mp_table;
mod msinfo;
mod pnputil;
mod processor;
mod profile;
mod root_hubs;
mod sections;
mod text_file;
mod xml_file;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::Finding;

pub use device::{Bus, Device, IdOrigin, InstalledDriver};
pub use firmware::{Firmware, FirmwareKind};
pub use processor::Processors;

/// The largest hardware file that is read, in bytes: reports of MSInfo with
/// running tasks and event texts stay below a fifth of it.
pub const MAX_LEN: u64 = 32 << 20;

/// Most devices that are read; the largest servers have some thousand.
const MAX_DEVICES: usize = 1 << 15;

/// Most findings that are kept: who has read a hundred needs no more.
const MAX_FINDINGS: usize = 100;

/// A computer, as far as it is known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Hardware {
    /// What to call it: the model where the file says it, else the file's name.
    pub name: String,
    /// Its devices, in the order of the file.
    pub devices: Vec<Device>,
    /// Its firmware.
    pub firmware: Firmware,
    /// Its processors.
    pub processors: Processors,
    /// Its memory in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<u64>,
    /// The raw ACPI tables of which the file holds a copy, signature first; for
    /// those who need more than [`Firmware`] says.
    #[serde(skip)]
    pub acpi_tables: Vec<Arc<[u8]>>,
    /// What of the file was not understood or is odd, for the user to see.
    #[serde(skip)]
    pub findings: Vec<Finding>,
}

/// Why a hardware file cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum HardwareError {
    /// It is none of the forms that are known.
    #[error(
        "not a form of hardware description that is known (lspci -nnvk or -Dnmm, lsusb -v, \
         pnputil /enum-devices XML, devcon hwids, MSInfo NFO, dmidecode, /proc/cpuinfo, acpidump, \
         mptable, the settings of a virtual machine, or a JSON profile)"
    )]
    UnknownForm,
    /// It has a known form, and a place that breaks its rules.
    #[error("line {line}: {rule}")]
    Malformed {
        /// The line, counted from 1; 0 where the form has no lines.
        line: usize,
        /// What is wrong there.
        rule: String,
    },
    /// It is longer than any such file.
    #[error("longer than {max} bytes, which no hardware file is")]
    TooLong {
        /// The most that is read.
        max: u64,
    },
    /// It has a known form, in which what is needed is left out.
    #[error("{why}")]
    NothingUsable {
        /// What is left out, and how a file that has it is made.
        why: String,
    },
    /// It tells of no device, processor or firmware at all.
    #[error("nothing about a computer is in it")]
    Empty,
}

impl Hardware {
    /// Reads what `bytes` of a file called `name` say, in whichever of the
    /// known forms they are; the form is told by content, never by name.
    ///
    /// A text that holds several listings, as bug reports do, is one computer.
    ///
    /// # Errors
    /// [`HardwareError`]: an unknown form, a damaged one, or nothing in it.
    pub fn read(name: &str, bytes: &[u8]) -> Result<Hardware, HardwareError> {
        if bytes.len() as u64 > MAX_LEN {
            return Err(HardwareError::TooLong { max: MAX_LEN });
        }
        let mut hardware = match profile::read(bytes)? {
            Some(hardware) => hardware,
            None => Hardware::read_listing(bytes)?,
        };
        if hardware.name.is_empty() {
            hardware.name = hardware.model().unwrap_or_else(|| name.to_owned());
        }
        Ok(hardware)
    }

    /// Reads every form but the profile.
    fn read_listing(bytes: &[u8]) -> Result<Hardware, HardwareError> {
        let mut hardware = Hardware::default();
        if acpi::is_binary(bytes) {
            acpi::read_binary(bytes, &mut hardware);
            return Ok(hardware);
        }
        if mp_table::is_binary(bytes) {
            mp_table::read_binary(bytes, &mut hardware);
            return hardware.if_anything();
        }
        let text = text_file::decode(bytes);
        match xml_file::root(&text).as_deref() {
            Some(pnputil::ROOT) => pnputil::read_xml(&text, &mut hardware)?,
            Some(msinfo::ROOT) => msinfo::read_xml(&text, &mut hardware)?,
            Some(root) if guest::read_xml(root, &text, &mut hardware)? => {}
            _ => {
                let listed = sections::read(&text, &mut hardware);
                // After listings: one of a host may show how its guests are run.
                let guest = hardware.says_nothing() && guest::read(&text, &mut hardware);
                if !listed && !guest {
                    return Err(HardwareError::UnknownForm);
                }
            }
        }
        root_hubs::add(&mut hardware);
        if hardware.devices.len() >= MAX_DEVICES {
            hardware.add_finding(Finding::warning(
                "too-many-devices",
                format!("only the first {MAX_DEVICES} devices were read"),
            ));
        }
        hardware.if_anything()
    }

    /// Itself, where it says anything of a computer.
    fn if_anything(self) -> Result<Hardware, HardwareError> {
        match self.findings.first() {
            _ if !self.says_nothing() => Ok(self),
            Some(finding) => Err(HardwareError::NothingUsable {
                why: finding.message.clone(),
            }),
            None => Err(HardwareError::Empty),
        }
    }

    /// Whether it tells of no device, processor or firmware.
    fn says_nothing(&self) -> bool {
        self.devices.is_empty()
            && self.firmware == Firmware::default()
            && self.processors == Processors::default()
    }

    /// Maker and model, where the file says them.
    fn model(&self) -> Option<String> {
        let Firmware {
            manufacturer,
            model,
            ..
        } = &self.firmware;
        let model = model.as_deref()?;
        // Some makers write themselves into the model.
        Some(match manufacturer {
            Some(maker) if !model.starts_with(maker.as_str()) => format!("{maker} {model}"),
            _ => model.to_owned(),
        })
    }

    /// Adds a device that has ids: without any, nothing can be said of it.
    fn add_device(&mut self, device: Device) {
        if self.devices.len() < MAX_DEVICES && device.ids().next().is_some() {
            self.devices.push(device);
        }
    }

    fn add_finding(&mut self, finding: Finding) {
        if self.findings.len() < MAX_FINDINGS {
            self.findings.push(finding);
        }
    }
}
