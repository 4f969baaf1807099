//! The checks that are about a computer, about history or about later Windows:
//! each finds its case, and none of them anything in a sound image.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test program")]

mod support;

use std::collections::BTreeSet;

use support::audited;
use wimwright_hal::audit::{CHECKS, HAL_CLASS};
use wimwright_hal::{HalType, StopCode, Target, Verdict};
use wimwright_servicing::hardware::Hardware;
use wimwright_testdata::image::{Data, Windows, hive};
use wimwright_testdata::nt5::{Nt5, XP_SP3};
use wimwright_testdata::pe::{Pe, Version, X86};

/// A computer with ACPI and one processor, changed.
fn computer(change: impl Fn(&mut Hardware)) -> Target {
    let mut hardware = Hardware {
        name: "computer".to_owned(),
        ..Hardware::default()
    };
    hardware.firmware.acpi = Some(true);
    hardware.firmware.io_apic = Some(true);
    hardware.processors.logical = Some(1);
    change(&mut hardware);
    Target::of(&hardware)
}

/// An ACPI table with this body behind its header.
fn table(signature: &str, body: &[u8]) -> std::sync::Arc<[u8]> {
    let mut table = signature.as_bytes().to_vec();
    table.extend((36 + body.len() as u32).to_le_bytes());
    table.resize(36, 0);
    table.extend(body);
    table.into()
}

fn found(image: &Nt5, target: &Target) -> Vec<&'static str> {
    let audit = audited(image, std::slice::from_ref(target));
    for finding in &audit.findings {
        assert!(!finding.evidence.is_empty(), "{finding:?}");
        assert!(!finding.remedy.is_empty() && !finding.source.is_empty());
    }
    let mut names: Vec<_> = audit.findings.iter().map(|found| found.check).collect();
    names.dedup();
    names
}

/// What a case changes in a sound image, or the computer, and the check that
/// has to find it and nothing else.
type Case = (&'static str, fn(&mut Nt5), Target);

fn cases() -> Vec<Case> {
    let plain = || computer(|_| ());
    let madt = |flags: u32, entries: &[u8]| {
        let body = [&[0; 4][..], &flags.to_le_bytes(), entries].concat();
        table("APIC", &body)
    };
    let processor = [0, 8, 0, 0, 1, 0, 0, 0];
    let io_apic = [1, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    vec![
        (
            "setup-log",
            |image| {
                let log =
                    b"[Files.WinNt]\r\n\\WINDOWS\\system32\\hal.dll = \"halmacpi.dll\",\"1\"\r\n";
                image.put("Windows/repair/setup.log", log);
            },
            plain(),
        ),
        ("mini-setup", Nt5::sysprepped, plain()),
        (
            "other-hal",
            |image| {
                image.files.remove("Windows/Driver Cache/i386/sp3.cab");
            },
            plain(),
        ),
        (
            "control-sets",
            |image| {
                image.number("Select", "Current", 2);
                for (key, name, data) in image.values.clone() {
                    let other = key.replace("ControlSet001", "ControlSet002");
                    image.values.push((other, name, data));
                }
                image.number("Select", "Current", 2);
            },
            plain(),
        ),
        (
            "drive-letters",
            |image| {
                image.values.push((
                    "MountedDevices".to_owned(),
                    "\\DosDevices\\C:",
                    Data::Binary(vec![1, 2, 3, 4, 0, 0x7e, 0, 0, 0, 0, 0, 0]),
                ));
            },
            plain(),
        ),
        (
            "acpi-tables",
            |_| (),
            computer(|hardware| {
                let entries = [&processor[..], &io_apic].concat();
                hardware.acpi_tables.push(madt(0, &entries));
            }),
        ),
        (
            "acpi-tables",
            |_| (),
            computer(|hardware| {
                let x2apic = [9, 16, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0];
                let entries = [&processor[..], &io_apic, &x2apic].concat();
                hardware.acpi_tables.push(madt(1, &entries));
            }),
        ),
        (
            "firmware-date",
            |_| (),
            computer(|hardware| hardware.firmware.date = Some("1998-03-02".to_owned())),
        ),
        (
            "processor-driver",
            |image| image.number("ControlSet001\\Services\\AmdK8", "Start", 1),
            computer(|hardware| hardware.processors.vendor = Some("GenuineIntel".to_owned())),
        ),
        (
            "edition-limits",
            |image| {
                let manager = "ControlSet001\\Control\\Session Manager";
                image.number(manager, "LicensedProcessors", 2);
            },
            computer(|hardware| hardware.processors.sockets = Some(4)),
        ),
        (
            "edition-limits",
            |image| {
                let options = "ControlSet001\\Control\\ProductOptions".to_owned();
                image.text(&options, "ProductType", "WinNT");
                image
                    .values
                    .push((options, "ProductSuite", Data::Multi(vec!["Personal"])));
            },
            computer(|hardware| hardware.processors.sockets = Some(2)),
        ),
        (
            "edition-limits",
            |_| (),
            computer(|hardware| hardware.processors.logical = Some(48)),
        ),
        (
            "memory-limit",
            |_| (),
            computer(|hardware| hardware.memory = Some(16 << 30)),
        ),
        (
            "boot-ini-override",
            |image| {
                image.text(
                    "ControlSet001\\Control",
                    "SystemStartOptions",
                    "NOEXECUTE=OPTIN HAL=HALMACPI.DLL  FASTDETECT",
                );
            },
            plain(),
        ),
        (
            "boot-ini-override",
            |image| {
                let text = image.files.get_mut("boot.ini").unwrap();
                text.extend(
                    b"multi(0)disk(0)rdisk(0)partition(1)\\WINDOWS=\"PIC\" /HAL=halpic.dll\r\n",
                );
            },
            plain(),
        ),
        (
            "other-hal",
            |image| image.put_kernels(false, [5, 1, 2600, 6419]),
            plain(),
        ),
        (
            "hypervisor-leftovers",
            |image| image.number("ControlSet001\\Services\\vmscsi", "Start", 0),
            computer(|hardware| hardware.firmware.manufacturer = Some("QEMU".to_owned())),
        ),
        (
            "agp-filter",
            |image| image.number("ControlSet001\\Services\\agp440", "Start", 0),
            computer(|hardware| hardware.firmware.model = Some("VirtualBox".to_owned())),
        ),
        (
            "apm",
            |image| image.number("ControlSet001\\Services\\NtApm", "Start", 2),
            plain(),
        ),
    ]
}

/// A sound image that lacks nothing the checks look for.
fn sound() -> Nt5 {
    let mut image = Nt5::x86("acpiapic_up");
    image.put_cache("sp3.cab", XP_SP3);
    image
}

/// Checks that other test programs find their cases for.
const ELSEWHERE: [&str; 20] = [
    "hive-health",
    "boot-ini",
    "vista-detecthal",
    "pae-kernel",
    "hal-identity",
    "kernel-identity",
    "file-machine",
    "hal-checksum",
    "kernel-kind",
    "kernels-agree",
    "checked-build",
    "level",
    "service-pack",
    "computer-device",
    "registry-agrees",
    "acpi-tree",
    "sysprep-inf-hal",
    "hal-inf",
    "hal-files",
    "boot-store-hal",
];

#[test]
fn each_check_finds_its_case_and_nothing_in_a_sound_image() {
    let targets = cases();
    assert_eq!(found(&sound(), &computer(|_| ())), [""; 0]);
    let mut covered: BTreeSet<&str> = ELSEWHERE.into();
    covered.extend([HAL_CLASS, "needs-acpi"]);
    for (check, change, target) in targets {
        let mut image = sound();
        change(&mut image);
        let mut names = found(&image, &target);
        // A kernel of a hotfix has another last number than the HAL.
        names.retain(|name| *name != "level");
        assert_eq!(names, [check]);
        covered.insert(check);
    }
    let all: BTreeSet<&str> = CHECKS.iter().map(|check| check.name).collect();
    assert_eq!(covered, all, "every check has a case");
}

#[test]
fn a_computer_with_reduced_hardware_does_not_boot() {
    let mut body = vec![0; 100];
    body[76..80].copy_from_slice(&(1_u32 << 20).to_le_bytes());
    let target = computer(|hardware| hardware.acpi_tables.push(table("FACP", &body)));
    let audit = audited(&sound(), &[target]);
    assert_eq!(audit.targets[0].verdict, Verdict::WillNotBoot);
    assert!(audit.targets[0].reason.contains("hardware-reduced"));
}

#[test]
fn what_is_not_known_of_a_computer_gives_no_verdict() {
    let unknown = Target::of(&Hardware::default());
    let audit = audited(&sound(), &[unknown]);
    assert_eq!(audit.targets[0].verdict, Verdict::Unknown);
    assert!(!audit.targets[0].notes.is_empty());
    assert!(!audit.is_clean());
}

#[test]
fn a_damaged_boot_ini_or_cabinet_hides_no_other_finding() {
    let mut image = sound();
    image.put("Windows/Driver Cache/i386/sp3.cab", b"MSCF and no more");
    image.put("boot.ini", &[b'x'; 100_000]);
    image.put_kernels(true, XP_SP3);
    let audit = audited(&image, &[Target::of_class(HalType::AcpiApicUp)]);
    let of = |check: &str| {
        let mut all = audit.findings.iter();
        all.find(|finding| finding.check == check)
            .map(|finding| finding.message.clone())
    };
    assert!(
        of("other-hal")
            .unwrap()
            .starts_with("could not be checked: cabinet")
    );
    assert!(
        of("boot-ini")
            .unwrap()
            .starts_with("could not be checked: `boot.ini`")
    );
    assert!(of("kernel-kind").is_some());
    assert_eq!(audit.targets[0].stop_code, Some(StopCode::MISMATCHED_HAL));
}

#[test]
fn a_hive_that_was_not_closed_is_told() {
    let image = sound();
    let root = support::write(&image);
    let config = root.path().join("Windows/System32/config");
    let mut written = support::read(&config.join("SYSTEM"));
    // The primary sequence number: a write began and was not finished.
    written[4] ^= 1;
    support::replace(&config.join("SYSTEM"), &written);
    let audit = support::audited_at(root.path(), &[]);
    assert_eq!(support::grave(&audit), ["hive-health"]);
}

#[test]
fn later_windows_needs_its_files_and_no_hal_in_its_boot_store() {
    let file = |version, name: &str| {
        Pe {
            machine: X86,
            version: Some(Version::of_windows(version, name, "x")),
            ..Pe::default()
        }
        .build()
    };
    let mut image = Nt5::x86("acpiapic_up");
    image.windows = Windows::new(6, 1, 7601);
    image.put(
        "Windows/System32/hal.dll",
        &file([6, 1, 7601, 17514], "halmacpi.dll"),
    );
    let kernel = |version| file(version, "ntkrnlmp.exe");
    image.put(
        "Windows/System32/ntoskrnl.exe",
        &kernel([6, 1, 7601, 24000]),
    );
    let target = computer(|_| ());
    assert_eq!(
        found(&image, &target),
        ["hal-files"],
        "two HALs to choose from"
    );
    for name in ["halacpi.dll", "halmacpi.dll"] {
        let bytes = file([6, 1, 7601, 17514], name);
        image.put(&format!("Windows/System32/{name}"), &bytes);
    }
    assert_eq!(found(&image, &target), [""; 0]);

    // Vista chooses only where its boot store says so.
    let mut vista = image.clone();
    vista.windows = Windows::new(6, 0, 6002);
    let of_vista = [6, 0, 6002, 18005];
    vista.put("Windows/System32/hal.dll", &file(of_vista, "halmacpi.dll"));
    let bytes = file(of_vista, "ntkrnlmp.exe");
    vista.put("Windows/System32/ntoskrnl.exe", &bytes);
    assert_eq!(
        found(&vista, &target),
        [""; 0],
        "no boot store, nothing known"
    );
    let object = "Objects\\{c0ffee00-0000-0000-0000-000000000000}";
    let element = format!("{object}\\Elements\\26000010");
    let store = |on| {
        hive(
            "BCD",
            &[(element.as_str(), "Element", Data::Binary(vec![on]))],
        )
    };
    vista.put("Boot/BCD", &store(0));
    assert_eq!(found(&vista, &target), ["vista-detecthal"]);
    vista.put("Boot/BCD", &store(1));
    assert_eq!(found(&vista, &target), [""; 0]);

    let mut mixed = image.clone();
    mixed.put(
        "Windows/System32/ntoskrnl.exe",
        &kernel([6, 1, 7600, 16385]),
    );
    assert_eq!(found(&mixed, &target), ["hal-files"]);

    let mut named = image;
    let object = "Objects\\{c0ffee00-0000-0000-0000-000000000000}\\Elements\\22000012";
    let store = hive("BCD", &[(object, "Element", Data::Sz("halx.dll"))]);
    named.put("Boot/BCD", &store);
    assert_eq!(found(&named, &target), ["boot-store-hal"]);
}
