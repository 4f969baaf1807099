//! The checks, in the order in which they are listed and run.

mod boot_ini;
mod consistency;
mod drives;
mod files;
mod hives;
mod later;
mod leftovers;
mod processors;
mod registry;
mod switching;
mod target;

use super::check::Check;
pub(crate) use registry::{all_evidence, class_of_x64};
pub(crate) use switching::missing_for;

/// The name of the check that gives the verdict.
pub const HAL_CLASS: &str = "hal-class";

/// All checks.
pub const CHECKS: &[Check] = &[
    hives::HIVE_HEALTH,
    hives::CONTROL_SETS,
    boot_ini::BOOT_INI,
    boot_ini::OVERRIDE,
    boot_ini::PAE_KERNEL,
    files::HAL_IDENTITY,
    files::KERNEL_IDENTITY,
    files::MACHINE,
    files::CHECKSUM,
    consistency::KERNEL_KIND,
    consistency::KERNELS_AGREE,
    consistency::CHECKED_BUILD,
    consistency::LEVEL,
    consistency::SERVICE_PACK,
    registry::DEVICE,
    registry::AGREES,
    registry::ACPI_TREE,
    registry::SETUP_LOG,
    switching::MINI_SETUP,
    switching::SYSPREP_INF,
    switching::HAL_INF,
    switching::OTHER_HAL,
    target::HAL_CLASS_CHECK,
    target::ACPI_TABLES,
    target::FIRMWARE_DATE,
    processors::DRIVER,
    processors::EDITION,
    processors::MEMORY,
    leftovers::HYPERVISOR,
    leftovers::AGP,
    leftovers::APM,
    drives::DRIVE_LETTERS,
    later::FILES,
    later::BOOT_STORE,
    later::DETECT_HAL,
    later::NEEDS_ACPI,
];

/// The check with this name.
pub fn find(name: &str) -> Option<&'static Check> {
    CHECKS.iter().find(|check| check.name == name)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn checks_are_named_once_and_say_everything() {
        let names: BTreeSet<&str> = CHECKS.iter().map(|check| check.name).collect();
        assert_eq!(names.len(), CHECKS.len());
        for check in CHECKS {
            let kebab = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            assert!(check.name.chars().all(kebab), "{}", check.name);
            for text in [check.title, check.why, check.remedy, check.source] {
                assert!(text.len() > 8, "{}: {text:?}", check.name);
                assert!(!text.contains("  "), "{}: {text:?}", check.name);
                assert!(!text.ends_with('.'), "{}: {text:?}", check.name);
            }
        }
        assert!(find(HAL_CLASS).is_some());
    }
}
