//! The settings of virtual machines: published ones, and ones made after the
//! hypervisors' documentation (`testdata/guests`).

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test program"
)]

use std::fs;
use std::path::PathBuf;

use wimwright_servicing::hardware::{FirmwareKind, Hardware};

fn folder() -> PathBuf {
    wimwright_testdata::files().parent().unwrap().join("guests")
}

fn read(name: &str) -> Hardware {
    let bytes = fs::read(folder().join(name)).unwrap();
    Hardware::read("file", &bytes).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// A file; name, ACPI, I/O APIC, processors, sockets, MiB, and what its disks
/// hang on.
type Expected = (
    &'static str,
    &'static str,
    bool,
    bool,
    u32,
    Option<u32>,
    Option<u64>,
    &'static [&'static str],
);

const EXPECTED: [Expected; 17] = [
    (
        "vmware-server-xp.vmx",
        "Windows XP Pro",
        true,
        true,
        2,
        Some(2),
        Some(1024),
        &["8086:7111"],
    ),
    (
        "vmware-7-xp-scsi.vmx",
        "Windows XP Home Edition",
        true,
        true,
        1,
        Some(1),
        Some(512),
        &["104B:1040"],
    ),
    (
        "virtualbox-2-xp.xml",
        "XP",
        true,
        false,
        1,
        None,
        Some(200),
        &["8086:7111"],
    ),
    (
        "virtualbox-6-ioapic.vbox",
        "XP two processors",
        true,
        true,
        2,
        None,
        Some(2048),
        &["8086:2829"],
    ),
    (
        "virtualbox-info.txt",
        "XP without ACPI",
        false,
        false,
        1,
        None,
        Some(512),
        &["8086:7010"],
    ),
    (
        "libvirt-xp.xml",
        "winxp",
        true,
        true,
        4,
        Some(1),
        Some(2048),
        &["8086:7010"],
    ),
    (
        "libvirt-isapc.xml",
        "old",
        false,
        false,
        1,
        None,
        Some(64),
        &[],
    ),
    (
        "libvirt-xen.xml",
        "mps",
        false,
        true,
        2,
        None,
        Some(512),
        &["8086:7010"],
    ),
    (
        "qemu-no-acpi.sh",
        "old XP",
        false,
        true,
        2,
        Some(2),
        Some(1024),
        &["8086:7010"],
    ),
    (
        "qemu-q35.sh",
        "QEMU Standard PC",
        true,
        true,
        4,
        None,
        Some(4096),
        &["8086:2922"],
    ),
    (
        "qemu-virtio.sh",
        "QEMU Standard PC",
        false,
        false,
        1,
        None,
        None,
        &["1AF4:1001"],
    ),
    (
        "xen-hvm.cfg",
        "orthowin",
        true,
        true,
        2,
        None,
        Some(2048),
        &["8086:7010"],
    ),
    (
        "xen-acpi0-apic0.cfg",
        "x",
        false,
        false,
        1,
        None,
        Some(512),
        &["8086:7010"],
    ),
    (
        "xen-acpi0-apic1.cfg",
        "x",
        false,
        true,
        1,
        None,
        Some(512),
        &["8086:7010"],
    ),
    (
        "xen-acpi1-apic0.cfg",
        "x",
        true,
        false,
        1,
        None,
        Some(512),
        &["8086:7010"],
    ),
    (
        "xen-acpi1-apic1.cfg",
        "x",
        true,
        true,
        1,
        None,
        Some(512),
        &["8086:7010"],
    ),
    (
        "proxmox-xp.conf",
        "xp",
        true,
        true,
        2,
        Some(1),
        Some(2048),
        &["8086:7010"],
    ),
];

fn controllers(hardware: &Hardware) -> Vec<String> {
    let devices = hardware.devices.iter().map(|device| {
        let id = device.id().to_ascii_uppercase();
        let part = |name: &str| {
            let mut parts = id.split(['\\', '&']);
            parts
                .find_map(|part| part.strip_prefix(name).map(str::to_owned))
                .unwrap()
        };
        format!("{}:{}", part("VEN_"), part("DEV_"))
    });
    devices.collect()
}

#[test]
fn every_form_says_what_its_guest_is_shown() {
    for (file, name, acpi, io_apic, processors, sockets, mib, disks) in EXPECTED {
        let found = read(file);
        assert_eq!(found.name, name, "{file}");
        assert_eq!(found.firmware.acpi, Some(acpi), "{file}");
        assert_eq!(found.firmware.io_apic, Some(io_apic), "{file}");
        let mp_table = (!acpi).then_some(io_apic);
        assert_eq!(found.firmware.mp_table, mp_table, "{file}");
        assert_eq!(found.firmware.kind, Some(FirmwareKind::Bios), "{file}");
        assert_eq!(found.processors.logical, Some(processors), "{file}");
        assert_eq!(found.processors.sockets, sockets, "{file}");
        assert_eq!(found.memory, mib.map(|mib| mib << 20), "{file}");
        assert_eq!(controllers(&found), disks, "{file}");
    }
    assert_eq!(
        read("virtualbox-2-xp.xml").findings.len(),
        1,
        "it is cut off"
    );
}

#[test]
fn every_file_is_tested_and_in_the_readme() {
    let readme = fs::read_to_string(folder().join("README.md")).unwrap();
    for entry in fs::read_dir(folder()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let tested = EXPECTED.iter().any(|row| row.0 == name);
        assert!(tested || name == "README.md", "{name}");
        let family = name.split('-').next().unwrap();
        assert!(
            readme.contains(&format!("`{family}")) || name == "README.md",
            "{name}"
        );
    }
}

#[test]
fn uefi_is_told() {
    for text in [
        "config.version = \"8\"\nfirmware = \"efi\"\n",
        "<domain type='kvm'><os firmware='efi'><type machine='q35'>hvm</type></os></domain>",
        "qemu-system-x86_64 -bios /usr/share/OVMF/OVMF_CODE.fd\n",
        "type=\"hvm\"\nbios='ovmf'\n",
        "<VirtualBox><Machine><Hardware><Firmware type=\"EFI64\"/></Hardware></Machine></VirtualBox>",
        "memory: 512\nostype: win10\nbios: ovmf\n",
    ] {
        let found = Hardware::read("x", text.as_bytes()).unwrap();
        assert_eq!(found.firmware.kind, Some(FirmwareKind::Uefi), "{text}");
    }
}

#[test]
fn other_texts_are_no_settings() {
    for text in [
        "memory: 512\n",
        "type = \"pv\"\nvcpus = 1\n",
        "config.version = \"many\"\n",
        "the qemu-system-x86_64 program\n",
        "acpi=\"on\"\n",
        "<domainsnapshot/>",
    ] {
        assert!(Hardware::read("x", text.as_bytes()).is_err(), "{text}");
    }
}

/// Small changes of any kind end in an error or in a computer, never in a panic.
#[test]
fn damaged_settings_are_read_or_refused() {
    for (file, ..) in EXPECTED {
        let bytes = fs::read(folder().join(file)).unwrap();
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] = damaged[at].wrapping_add(13);
            let _ = Hardware::read("damaged", &damaged);
            let _ = Hardware::read("cut", &bytes[..at]);
        }
    }
}
