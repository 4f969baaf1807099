//! The real SYSTEM hives of XP SP3 and XP x64 give the evidence that the
//! reference lists.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test program")]

mod support;

use support::{audited, classes, grave};
use wimwright_hal::{Audit, EvidenceKind, HalType, Target, Verdict};
use wimwright_servicing::hardware::Hardware;
use wimwright_testdata::nt5::Nt5;

/// The image of these files around a real hive of the corpus.
fn around(test: &str, hive: &str, mut image: Nt5) -> Option<Nt5> {
    let corpus = wimwright_testdata::corpus(test)?;
    let hive = corpus.join("hives").join(hive);
    image.system = Some(wimwright_testdata::read(&hive));
    // All that it says is its own.
    image.values.clear();
    Some(image)
}

const MEMORY: &str = "Control\\Session Manager\\Memory Management";
const ENVIRONMENT: &str = "Control\\Session Manager\\Environment";

fn says(audit: &Audit, place: &str, value: &str) {
    let registry = audit.installed.evidence.iter();
    let registry = registry.filter(|piece| piece.kind == EvidenceKind::Registry);
    let all: Vec<String> = registry.map(ToString::to_string).collect();
    let wanted = format!("SYSTEM\\ControlSet001\\{place}: {value}");
    assert!(all.contains(&wanted), "no `{wanted}` in {all:#?}");
}

#[test]
fn xp_sp3_tells_of_its_acpi_uniprocessor_hal() {
    let test = "xp_sp3_tells_of_its_acpi_uniprocessor_hal";
    let Some(image) = around(test, "SYSTEM-winxp-sp3-x86", Nt5::x86("acpiapic_up")) else {
        return;
    };
    let audit = audited(&image, &classes());
    // As the reference lists them, read with another reader.
    let device = "Enum\\Root\\ACPI_HAL\\0000";
    let class = "Control\\Class\\{4D36E966-E325-11CE-BFC1-08002BE10318}\\0000";
    for (key, name, value) in [
        (device, "HardwareID", "acpiapic_up"),
        (
            device,
            "CompatibleIDs",
            "DETECTEDInternal\\ACPI_HAL, DETECTED\\ACPI_HAL",
        ),
        (device, "Service", "\\Driver\\ACPI_HAL"),
        (
            device,
            "ClassGUID",
            "{4D36E966-E325-11CE-BFC1-08002BE10318}",
        ),
        (device, "Class", "Computer"),
        (
            device,
            "Driver",
            "{4D36E966-E325-11CE-BFC1-08002BE10318}\\0000",
        ),
        (device, "DeviceDesc", "ACPI Uniprocessor PC"),
        (device, "Mfg", "(Standard computers)"),
        (class, "MatchingDeviceId", "acpiapic_up"),
        (class, "InfSection", "ACPIAPIC_UP_HAL"),
        (class, "InfPath", "hal.inf"),
        (class, "DriverDesc", "ACPI Uniprocessor PC"),
        (class, "ProviderName", "Microsoft"),
        (class, "DriverVersion", "5.1.2600.0"),
        (class, "DriverDate", "7-1-2001"),
        (
            "Enum\\ACPI_HAL\\PNP0C08\\0",
            "HardwareID",
            "ACPI_HAL\\PNP0C08, *PNP0C08",
        ),
        ("Enum\\ACPI_HAL\\PNP0C08\\0", "Service", "ACPI"),
        ("Services\\ACPI", "Start", "0"),
        ("Control\\Windows", "CSDVersion", "0x300"),
        (MEMORY, "PhysicalAddressExtension", "0"),
        (ENVIRONMENT, "NUMBER_OF_PROCESSORS", "1"),
        (
            ENVIRONMENT,
            "PROCESSOR_IDENTIFIER",
            "x86 Family 15 Model 2 Stepping 7, GenuineIntel",
        ),
        (ENVIRONMENT, "PROCESSOR_ARCHITECTURE", "x86"),
        ("Control\\Session Manager", "LicensedProcessors", "2"),
        ("Control\\Session Manager", "RegisteredProcessors", "2"),
        ("Control\\Biosinfo", "SystemBiosDate", "04/28/03"),
    ] {
        says(&audit, &format!("{key}\\{name}"), value);
    }
    assert_eq!(grave(&audit), [""; 0], "{:?}", audit.findings);
    assert_eq!(audit.installed.hal, Some(HalType::AcpiApicUp));
    let level = audit.installed.level.unwrap();
    assert_eq!(level.to_string(), "5.1.2600 Service Pack 3");
    // It came from a disk with the signature D350D350.
    let letters = audit
        .findings
        .iter()
        .find(|found| found.check == "drive-letters");
    let letters = letters.unwrap().evidence.iter().map(ToString::to_string);
    let drive = "SYSTEM\\MountedDevices\\C:: disk with signature D350D350";
    assert!(letters.into_iter().any(|letter| letter == drive));

    // Its own files disagree with a HAL that was swapped without Plug and Play.
    let swapped = around(test, "SYSTEM-winxp-sp3-x86", Nt5::x86("acpiapic_mp")).unwrap();
    assert_eq!(grave(&audited(&swapped, &[])), ["registry-agrees"]);

    // intelppm starts with the system: a trap on other processors.
    let mut amd = Hardware {
        name: "AMD".to_owned(),
        ..Hardware::default()
    };
    amd.firmware.acpi = Some(true);
    amd.firmware.io_apic = Some(true);
    amd.processors.logical = Some(1);
    amd.processors.vendor = Some("AuthenticAMD".to_owned());
    let audit = audited(&image, &[Target::of(&amd)]);
    assert_eq!(grave(&audit), ["processor-driver"]);
    assert_eq!(audit.targets[0].verdict, Verdict::Boots);
    amd.processors.vendor = Some("GenuineIntel".to_owned());
    assert_eq!(grave(&audited(&image, &[Target::of(&amd)])), [""; 0]);
}

#[test]
fn xp_x64_tells_of_its_own_sections_and_its_guest_tools() {
    let test = "xp_x64_tells_of_its_own_sections_and_its_guest_tools";
    let Some(image) = around(test, "SYSTEM-winxp64-sp2", Nt5::x64(false)) else {
        return;
    };
    let audit = audited(&image, &classes());
    let device = "Enum\\Root\\ACPI_HAL\\0000";
    let class = "Control\\Class\\{4D36E966-E325-11CE-BFC1-08002BE10318}\\0000";
    for (key, name, value) in [
        (device, "HardwareID", "acpiapic_up"),
        (device, "DeviceDesc", "ACPI Uniprocessor x64-based PC"),
        (class, "MatchingDeviceId", "acpiapic_up"),
        (class, "InfSection", "ACPI_AMD64_UP_HAL"),
        (class, "DriverDesc", "ACPI Uniprocessor x64-based PC"),
        (class, "DriverVersion", "5.2.3790.3959"),
        (class, "DriverDate", "10-1-2002"),
        (ENVIRONMENT, "PROCESSOR_ARCHITECTURE", "AMD64"),
        (MEMORY, "PhysicalAddressExtension", "1"),
        ("Control\\Windows", "CSDVersion", "0x200"),
        (
            "Control",
            "SystemStartOptions",
            "NOEXECUTE=OPTIN  FASTDETECT",
        ),
    ] {
        says(&audit, &format!("{key}\\{name}"), value);
    }
    assert_eq!(grave(&audit), [""; 0], "{:?}", audit.findings);
    // `setup -newsetup` is left over from its setup: no mini-setup.
    assert!(
        audit
            .findings
            .iter()
            .all(|found| found.check != "mini-setup")
    );

    let mut physical = Hardware::default();
    physical.firmware.manufacturer = Some("Dell Inc.".to_owned());
    let audit = audited(&image, &[Target::of(&physical)]);
    assert_eq!(grave(&audit), ["hypervisor-leftovers"]);
    physical.firmware.manufacturer = Some("innotek GmbH".to_owned());
    assert_eq!(grave(&audited(&image, &[Target::of(&physical)])), [""; 0]);
}

#[test]
fn later_windows_is_not_bound_to_a_kind_of_computer() {
    let test = "later_windows_is_not_bound_to_a_kind_of_computer";
    for (hive, version) in [
        ("SYSTEM-win7-sp1-x86", (6, 1, 7601)),
        ("SYSTEM-win10-2004-x64", (10, 0, 19041)),
    ] {
        let Some(mut image) = around(test, hive, Nt5::x86("acpiapic_up")) else {
            return;
        };
        let (major, minor, build) = version;
        image.windows = wimwright_testdata::image::Windows::new(major, minor, build);
        let mut no_acpi = Hardware::default();
        no_acpi.firmware.acpi = Some(false);
        let targets = [Target::of_class(HalType::AcpiApicMp), Target::of(&no_acpi)];
        let audit = audited(&image, &targets);
        assert_eq!(audit.installed.hal, None);
        assert_eq!(audit.targets[0].verdict, Verdict::NotImageBound, "{hive}");
        assert_eq!(audit.targets[1].verdict, Verdict::WillNotBoot, "{hive}");
    }
}
