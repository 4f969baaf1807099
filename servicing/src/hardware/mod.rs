//! What an administrator knows of a computer: its devices with the ids that
//! Windows gives them, its processors, its firmware.
//!
//! The facts come from files that are already at hand ([`Hardware::read`]) and
//! may be few: everything but the list of devices is optional, and nothing is
//! filled in by guess.

mod device;
mod firmware;
pub mod ids;
mod processor;
mod profile;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use device::{Bus, Device, IdOrigin, InstalledDriver};
pub use firmware::{Firmware, FirmwareKind};
pub use processor::Processors;

/// The largest hardware file that is read, in bytes: reports of MSInfo with
/// running tasks and event texts stay below a tenth of it.
pub const MAX_LEN: u64 = 64 << 20;

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
    /// The raw ACPI tables of which the file holds a copy, signature first; for
    /// those who need more than [`Firmware`] says.
    #[serde(skip)]
    pub acpi_tables: Vec<Arc<[u8]>>,
    /// What of the file was not understood or is odd, for the user to see.
    #[serde(skip)]
    pub findings: Vec<crate::Finding>,
}

/// Why a hardware file cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum HardwareError {
    /// It is none of the forms that are known.
    #[error(
        "not a form of hardware description that is known (lspci -nnvk or -Dnmm, lsusb -v, \
         pnputil /enum-devices XML, devcon hwids, MSInfo NFO, dmidecode, /proc/cpuinfo, acpidump, \
         or a JSON profile)"
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
    /// It tells of no device, processor or firmware at all.
    #[error("nothing about a computer is in it")]
    Empty,
}

impl Hardware {
    /// Reads what `bytes` of a file called `name` say, in whichever of the
    /// known forms they are; the form is told by content, never by name.
    ///
    /// # Errors
    /// [`HardwareError`]: an unknown form, a damaged one, or nothing in it.
    pub fn read(name: &str, bytes: &[u8]) -> Result<Hardware, HardwareError> {
        let mut hardware = profile::read(bytes)?.ok_or(HardwareError::UnknownForm)?;
        if hardware.name.is_empty() {
            name.clone_into(&mut hardware.name);
        }
        Ok(hardware)
    }
}
