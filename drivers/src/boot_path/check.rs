//! What is checked on the way to the boot disk, as data: so that other commands
//! can list and explain it.

use wimwright_servicing::plan::Basis;

/// One thing that must be so for an image to reach its boot disk.
#[derive(Debug)]
pub struct BootCheck {
    /// Its kebab-case name.
    pub name: &'static str,
    /// What must be so, and what happens otherwise.
    pub description: &'static str,
    /// What that rests on.
    pub basis: Basis,
}

/// Defines the checks and the list of them.
macro_rules! checks {
    ($($(#[$about:meta])* $constant:ident = $name:literal, $basis:expr, $description:literal;)+) => {
        $(
            $(#[$about])*
            pub(super) static $constant: BootCheck = BootCheck {
                name: $name,
                description: $description,
                basis: $basis,
            };
        )+

        /// Every check, in the order in which a boot meets them.
        pub const CHECKS: &[&BootCheck] = &[$(&$constant),+];
    };
}

checks! {
    FIRMWARE = "boot-firmware", Basis::recalled("hal-sysprep A11"),
        "The image holds a loader for the firmware's kind. Windows before Vista starts by BIOS \
         only; Windows before 8 does not start under Secure Boot; later ones start by UEFI with \
         System32\\winload.efi, by BIOS with System32\\winload.exe.";
    ACPI = "boot-acpi", Basis::stated("hal-sysprep A11"),
        "Windows Vista and later need ACPI: without it they stop with 0xA5.";
    PROCESSOR = "boot-processor", Basis::recalled("hal-sysprep A11"),
        "The processor runs the image's architecture and can what its Windows needs: PAE, NX and \
         SSE2 from Windows 8 on, CMPXCHG16B and LAHF for 8.1 and later on x64, SSE4.2 and POPCNT \
         for 11 24H2.";
    LOADER = "boot-loader-files", Basis::inferred("hal-sysprep A9"),
        "The files that the loader itself reads are there: kernel, HAL, the driver of the boot \
         volume's file system, and the modules that these import.";
    CONTROLLER = "boot-controller", Basis::inferred("hal-sysprep A9"),
        "The hardware description names a controller that can carry the boot disk.";
    BOUND = "boot-driver-bound", Basis::verified("hal-sysprep A9; driverstore 5"),
        "A device on the way to the boot disk has a driver before anything can be installed: the \
         device itself is known to the image (Enum), or one of its ids stands in the critical \
         device database (2000 to 7) or in the SYSTEM driver database (8 and later).";
    ENABLED = "boot-device-enabled", Basis::recalled("hal-sysprep A9"),
        "The image has not disabled the device (ConfigFlags).";
    SERVICE = "boot-service", Basis::stated("hal-sysprep A9"),
        "The driver's service is in the control set that the next boot takes, and is a driver.";
    START = "boot-start", Basis::stated("hal-sysprep A9"),
        "The service starts with the kernel (Start 0): any other driver lies on the disk that is \
         not reached yet.";
    START_OVERRIDE = "boot-start-override", Basis::verified("driverstore 2.12"),
        "From Windows 8 on, no StartOverride of the hardware configuration that the image was last \
         used with raises the service's Start: Windows sets it on drivers that the last boot did \
         not need. A computer that Windows takes for another configuration may not heed it.";
    FILE = "boot-file", Basis::verified("hal-sysprep A9; driverstore 2.12"),
        "The driver's file is there: where ImagePath says, else System32\\drivers\\SERVICE.sys.";
    MACHINE = "boot-machine", Basis::verified("hal-sysprep A9"),
        "The driver's file is for the image's processor architecture.";
    IMPORTS = "boot-imports", Basis::inferred("hal-sysprep A9"),
        "The modules that the driver imports are there: the loader loads them with it.";
    SIGNATURE = "boot-signature", Basis::recalled("driverstore 9"),
        "From Vista on, on any architecture but x86, the driver's package is signed: the loader \
         refuses unsigned ones unless test signing is on.";
    FILTER = "boot-filter", Basis::stated("hal-sysprep A9"),
        "Every filter driver of the devices on the way and of their classes can be loaded, too: a \
         device with a filter that cannot does not start.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_have_names_of_their_own() {
        for (at, check) in CHECKS.iter().enumerate() {
            assert!(check.name.starts_with("boot-"), "{}", check.name);
            assert!(check.description.ends_with('.'), "{}", check.name);
            let later = CHECKS.iter().skip(at + 1);
            assert!(later.clone().all(|other| other.name != check.name));
        }
    }
}
