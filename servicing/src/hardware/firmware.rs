//! What is known of a computer's firmware.

use serde::{Deserialize, Serialize};

/// How a computer starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FirmwareKind {
    /// As PCs always did, or through a compatibility module.
    Bios,
    /// UEFI.
    Uefi,
}

/// Firmware; each fact only where a file says it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Firmware {
    /// How the computer starts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<FirmwareKind>,
    /// Whether Secure Boot is on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secure_boot: Option<bool>,
    /// Whether it has ACPI.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acpi: Option<bool>,
    /// Whether it has a table of the MultiProcessor Specification that names an
    /// I/O APIC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mp_table: Option<bool>,
    /// Whether it has an I/O APIC, as the ACPI tables or the settings of a
    /// virtual machine say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub io_apic: Option<bool>,
    /// The date of the firmware as ISO 8601 writes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
    /// Who made the computer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub manufacturer: Option<String>,
    /// Its model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
}
