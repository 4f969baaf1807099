//! Firmware, processor, loader, and several controllers.

use std::fs;

use wimwright_drivers::boot_path::{BootPathOptions, Part, Verdict};
use wimwright_servicing::Architecture;
use wimwright_servicing::hardware::{Bus, Device, FirmwareKind};

use crate::support::boot::{
    BOOTS, Booting, Cases, EIGHT_ONE, SEVEN, TEN_2004, XP, computer, delete_key, ends, pci, short,
    stops,
};

#[test]
fn firmware_and_processor_are_judged_as_far_as_they_are_known() {
    let test = "boot path by platform";
    let mut cases = Cases::default();
    let firmware = ends("boot-firmware", Part::Loader);
    let acpi = ends("boot-acpi", Part::Loader);
    let processor = ends("boot-processor", Part::Processor);
    let full = ["pae", "nx", "sse2", "cx16", "lahf_lm", "sse4_2", "popcnt"];
    for (real, uefi, secure, no_acpi, poor, x86) in [
        (XP, firmware, firmware, BOOTS, BOOTS, BOOTS),
        (SEVEN, BOOTS, firmware, acpi, BOOTS, BOOTS),
        (EIGHT_ONE, BOOTS, BOOTS, acpi, processor, processor),
        (TEN_2004, BOOTS, BOOTS, acpi, processor, processor),
    ] {
        let hive = real.hive;
        let Some(image) = Booting::new(real, test) else {
            return;
        };
        let own = || image.hardware.clone();
        let mut check = |what: &str, hardware, expected| {
            cases.check(
                &format!("{hive}: {what}"),
                &image.with_files(&hardware),
                expected,
            );
        };
        let mut hardware = own();
        hardware.firmware.kind = Some(FirmwareKind::Bios);
        check("BIOS", hardware, BOOTS);
        let mut hardware = own();
        hardware.firmware.kind = Some(FirmwareKind::Uefi);
        check("UEFI", hardware, uefi);
        let mut hardware = own();
        hardware.firmware.secure_boot = Some(true);
        check("Secure Boot", hardware, secure);
        let mut hardware = own();
        hardware.firmware.acpi = Some(false);
        check("no ACPI", hardware, no_acpi);
        let mut hardware = own();
        hardware.processors.features = full.iter().map(|it| (*it).to_owned()).collect();
        hardware.processors.architecture = Some(Architecture::Amd64);
        check("a good processor", hardware.clone(), BOOTS);
        hardware.processors.features.remove("nx");
        check("no NX", hardware, poor);
        let mut hardware = own();
        hardware.processors.architecture = Some(Architecture::X86);
        check("a 32-bit processor", hardware, x86);
        let mut hardware = own();
        hardware.processors.architecture = Some(Architecture::Arm64);
        check("an ARM processor", hardware, processor);
    }
    cases.end(32);
}

#[test]
fn the_loader_needs_its_own_files() {
    let test = "boot path by the loader's files";
    let mut cases = Cases::default();
    for (real, winload) in [(XP, false), (SEVEN, true), (TEN_2004, true)] {
        let hive = real.hive;
        let Some(image) = Booting::new(real, test) else {
            return;
        };
        let loader = ends("boot-loader-files", Part::Loader);
        let firmware = ends("boot-firmware", Part::Loader);
        let loader_of = |it: FirmwareKind, name: &'static str| {
            let mut hardware = image.hardware.clone();
            hardware.firmware.kind = Some(it);
            (name, hardware, firmware)
        };
        let mut all: Vec<_> = ["ntoskrnl.exe", "hal.dll", "kdcom.dll", "drivers/ntfs.sys"]
            .map(|name| (name, image.hardware.clone(), loader))
            .to_vec();
        if winload {
            all.push(loader_of(FirmwareKind::Uefi, "winload.efi"));
            all.push(loader_of(FirmwareKind::Bios, "winload.exe"));
        }
        for (name, hardware, expected) in all {
            let file = image.file(&format!("Windows/System32/{name}"));
            let whole = fs::read(&file).unwrap();
            fs::remove_file(&file).unwrap();
            // XP may lie on FAT.
            let fat = hive == XP.hive && name == "drivers/ntfs.sys";
            let expected = if fat { BOOTS } else { expected };
            let path = image.with_files(&hardware);
            cases.check(&format!("{hive}: no {name}"), &path, expected);
            fs::write(&file, whole).unwrap();
        }
    }
    cases.end(16);
}

#[test]
fn of_several_controllers_the_one_with_the_disk_counts() {
    let Some(image) = Booting::new(TEN_2004, "boot path of several controllers") else {
        return;
    };
    let nvme = image.moved().devices[0].clone();
    let mut raid = pci(0x1000, 0x0054, "010700");
    raid.location = Some("0000:03:00.0".to_owned());
    let both = computer(vec![nvme.clone(), raid.clone()]);
    let path = image.with_files(&both);
    assert_eq!(path.verdict, Verdict::Unknown);
    assert_eq!(path.reason.unwrap().check.name, "boot-start-override");
    let verdicts: Vec<Verdict> = path.controllers.iter().map(|it| it.verdict).collect();
    assert_eq!(verdicts, [Verdict::Boots, Verdict::Stop7b]);

    // Beside one that is not known, one that stops decides nothing.
    let mut sata = pci(0x8086, 0x2922, "010601");
    sata.hardware_ids = vec!["PCI\\VEN_8086&DEV_2922&CC_0106".to_owned()];
    sata.compatible_ids = vec!["PCI\\CC_0106".to_owned()];
    let path = image.with_files(&computer(vec![sata, raid.clone()]));
    let verdicts: Vec<Verdict> = path.controllers.iter().map(|it| it.verdict).collect();
    assert_eq!(verdicts, [Verdict::Unknown, Verdict::Stop7b]);
    assert_eq!(path.verdict, Verdict::Unknown);

    for (wanted, verdict) in [
        ("0000:03:00.0", Verdict::Stop7b),
        ("PCI\\VEN_1000&DEV_0054", Verdict::Stop7b),
        (nvme.location.as_deref().unwrap(), Verdict::Boots),
    ] {
        let options = BootPathOptions {
            controller: Some(wanted.to_owned()),
        };
        let path = image.with_options(&both, &options).unwrap();
        assert_eq!(
            (path.verdict, path.controllers.len()),
            (verdict, 1),
            "{wanted}"
        );
    }
    let options = BootPathOptions {
        controller: Some("0000:09:00.0".to_owned()),
    };
    let error = image.with_options(&both, &options).unwrap_err();
    assert!(error.to_string().contains("0000:09:00.0"), "{error}");

    let disk = |parent: &Device| Device {
        bus: Bus::Storage,
        hardware_ids: vec!["SCSI\\DiskX".to_owned(), "GenDisk".to_owned()],
        location: Some("disk".to_owned()),
        parent: parent.location.clone(),
        ..Device::default()
    };
    let first = computer(vec![nvme.clone(), raid.clone(), disk(&nvme)]);
    assert_eq!(short(&image.with_files(&first)), BOOTS);
    let second = computer(vec![nvme, raid.clone(), disk(&raid)]);
    assert_eq!(image.with_files(&second).verdict, Verdict::Stop7b);
}

/// As pnputil lists them: a bridge, and above it what firmware and image list.
#[test]
fn bridges_need_a_driver_and_what_firmware_lists_does_not() {
    let Some(image) = Booting::new(TEN_2004, "boot path through a bridge") else {
        return;
    };
    let at = |location: &str, parent: &str, device: Device| Device {
        location: Some(location.to_owned()),
        parent: (!parent.is_empty()).then(|| parent.to_owned()),
        ..device
    };
    let listed = |id: &str| Device {
        hardware_ids: vec![id.to_owned()],
        ..Device::default()
    };
    let bridge = pci(0x15AD, 0x07A0, "060400");
    let root = "ROOT\\ACPI_HAL\\0000";
    let hardware = computer(vec![
        at("nvme", "bridge", image.hardware.devices[0].clone()),
        at("bridge", "ACPI\\PNP0A08\\0", bridge),
        at(
            "ACPI\\PNP0A08\\0",
            "ACPI_HAL\\PNP0C08\\0",
            listed("ACPI\\PNP0A08"),
        ),
        at("ACPI_HAL\\PNP0C08\\0", root, listed("ACPI_HAL\\PNP0C08")),
        at(root, "", listed("ROOT\\ACPI_HAL")),
    ]);
    assert_eq!(short(&image.with_files(&hardware)), BOOTS);
    let gone = delete_key("DriverDatabase\\DeviceIds\\PCI\\CC_0604");
    let path = image.with_edits(&[gone], &hardware);
    assert_eq!(short(&path), stops("boot-driver-bound", Part::Bus));
}
