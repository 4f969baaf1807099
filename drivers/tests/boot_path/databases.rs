//! Which driver a device gets: the critical device database, the driver
//! database, and what the image knows of the very device.

use wimwright_drivers::boot_path::Part;
use wimwright_servicing::hardware::{Bus, Device, Hardware};

use crate::support::boot::{
    BOOTS, Booting, Cases, EIGHT_ONE, Edit, SEVEN, TEN_1709, TEN_2004, XP, XP64, XP64_SETUP,
    computer, copy_key, delete_key, delete_value, may, mends, pci, set_number, short, stops,
};

/// IDE controllers that MergeIDE has entries for: vendor and device ids that
/// `pciide` and `intelide` drive (hal-sysprep A9, from KB 314082).
const IDE: [(u16, u16); 26] = [
    (0x0E11, 0xAE33),
    (0x1039, 0x0601),
    (0x1039, 0x5513),
    (0x1042, 0x1000),
    (0x105A, 0x4D33),
    (0x1095, 0x0640),
    (0x1095, 0x0646),
    (0x1095, 0x0648),
    (0x1095, 0x0649),
    (0x1097, 0x0038),
    (0x10AD, 0x0001),
    (0x10AD, 0x0150),
    (0x10B9, 0x5215),
    (0x10B9, 0x5219),
    (0x10B9, 0x5229),
    (0x1106, 0x0571),
    (0x8086, 0x1222),
    (0x8086, 0x1230),
    (0x8086, 0x2411),
    (0x8086, 0x2421),
    (0x8086, 0x7010),
    (0x8086, 0x7111),
    (0x8086, 0x7199),
    (0x8086, 0x24CB),
    (0x1002, 0x4376),
    (0x8086, 0x27DF),
];

#[test]
fn xp_boots_from_its_own_ide_controller_and_from_no_other() {
    let test = "boot path of XP on other IDE controllers";
    let mut cases = Cases::default();
    for (real, own) in [(XP, (0x8086, 0x24CB)), (XP64, (0x8086, 0x7111))] {
        let hive = real.hive;
        let Some(image) = Booting::new(real, test) else {
            return;
        };
        for (vendor, device) in IDE {
            let hardware = computer(vec![pci(vendor, device, "01018A")]);
            let path = image.with_files(&hardware);
            let name = format!("{hive} on {vendor:04x}:{device:04x}");
            let expected = match (vendor, device) == own {
                true => BOOTS,
                false => stops("boot-driver-bound", Part::Controller),
            };
            cases.check(&name, &path, expected);
            // XP has the standard driver ready and lacks only the entry; XP x64
            // has it disabled.
            match mends(&path) {
                Some(mends) if hive == XP.hive => {
                    let path = image.with_edits(&mends, &hardware);
                    cases.check(&format!("{name}, mended"), &path, BOOTS);
                }
                found => assert!(found.is_none() && (hive != XP.hive || expected == BOOTS)),
            }
        }
        for (class, device) in [("010601", 0x2922), ("010400", 0x2822), ("010802", 0xF1A5)] {
            let path = image.with_files(&computer(vec![pci(0x8086, device, class)]));
            let name = format!("{hive} on {class}");
            cases.check(&name, &path, stops("boot-driver-bound", Part::Controller));
            let mends = &path.reason.unwrap().mends;
            assert!(format!("{mends:?}").contains("AddDriver"), "{mends:?}");
        }
    }
    cases.end(82);
}

/// The same controller in other slots: `moved` by its database, without a slot
/// by neither.
fn without_entry(image: &Booting, cases: &mut Cases, name: &str, edits: &[Edit], part: Part) {
    let bound = "boot-driver-bound";
    let path = image.with_edits(edits, &image.hardware);
    cases.check(&format!("{name}, its own"), &path, BOOTS);
    let path = image.with_edits(edits, &image.moved());
    cases.check(&format!("{name}, moved"), &path, stops(bound, part));
    if part == Part::Controller {
        let mut unplaced = image.hardware.clone();
        unplaced.devices[0].location = None;
        let path = image.with_edits(edits, &unplaced);
        cases.check(&format!("{name}, anywhere"), &path, may(bound, part));
    }
}

#[test]
fn a_controller_without_an_entry_boots_only_where_it_is_known() {
    let test = "boot path without an entry";
    let mut cases = Cases::default();
    for (real, id, other) in [
        (XP, "pci#ven_8086&dev_24cb", "pci#ven_8086&dev_24db"),
        (XP64, "pci#ven_8086&dev_7111", "pci#ven_8086&dev_7112"),
        (SEVEN, "PCI#VEN_1000&DEV_0054", "PCI#VEN_1000&DEV_0055"),
    ] {
        let hive = real.hive;
        let Some(image) = Booting::new(real, test) else {
            return;
        };
        let database = "ControlSet001\\Control\\CriticalDeviceDatabase";
        let key = format!("{database}\\{id}");
        cases.check(
            &format!("{hive}: moved"),
            &image.with_files(&image.moved()),
            BOOTS,
        );
        let gone = [delete_key(&key)];
        without_entry(
            &image,
            &mut cases,
            &format!("{hive}: gone"),
            &gone,
            Part::Controller,
        );
        let wrong = [
            copy_key(&key, &format!("{database}\\{other}")),
            delete_key(&key),
        ];
        without_entry(
            &image,
            &mut cases,
            &format!("{hive}: wrong"),
            &wrong,
            Part::Controller,
        );
        let silent = [delete_value(&key, "Service")];
        let path = image.with_edits(&silent, &image.moved());
        cases.check(
            &format!("{hive}: no Service"),
            &path,
            stops("boot-driver-bound", Part::Controller),
        );
        let whole = [delete_key(database)];
        let path = image.with_edits(&whole, &image.moved());
        cases.check(
            &format!("{hive}: no database"),
            &path,
            stops("boot-driver-bound", path.reason.as_ref().unwrap().part),
        );
    }
    // Channels have entries of their own.
    for real in [XP, XP64] {
        let hive = real.hive;
        let image = Booting::new(real, test).unwrap();
        let database = "ControlSet001\\Control\\CriticalDeviceDatabase";
        let gone = ["primary_ide_channel", "secondary_ide_channel"]
            .map(|name| delete_key(&format!("{database}\\{name}")));
        without_entry(
            &image,
            &mut cases,
            &format!("{hive}: channels"),
            &gone,
            Part::Channel,
        );
    }
    cases.end(31);
}

#[test]
fn the_driver_database_must_be_whole() {
    let test = "boot path with a broken driver database";
    let mut cases = Cases::default();
    for (real, inf, id, section) in [
        (EIGHT_ONE, "mshdc.inf", "PCI\\CC_010601", "msahci_Inst"),
        (
            TEN_1709,
            "iastorav.inf",
            "PCI\\VEN_8086&DEV_282A&CC_0104",
            "iaStorAV_inst",
        ),
        (TEN_2004, "stornvme.inf", "PCI\\CC_010802", "Stornvme_Inst"),
    ] {
        let hive = real.hive;
        let Some(image) = Booting::new(real, test) else {
            return;
        };
        let package = image.active(inf).unwrap();
        let top = "DriverDatabase";
        let at = format!("{top}\\DriverPackages\\{package}");
        cases.check(
            &format!("{hive}: moved"),
            &image.with_files(&image.moved()),
            BOOTS,
        );
        for (name, edit) in [
            ("id", delete_key(&format!("{top}\\DeviceIds\\{id}"))),
            ("INF", delete_key(&format!("{top}\\DriverInfFiles\\{inf}"))),
            (
                "Active",
                delete_value(&format!("{top}\\DriverInfFiles\\{inf}"), "Active"),
            ),
            ("package", delete_key(&at)),
            (
                "descriptor",
                delete_key(&format!("{at}\\Descriptors\\{id}")),
            ),
            (
                "configuration",
                delete_key(&format!("{at}\\Configurations\\{section}")),
            ),
        ] {
            let name = format!("{hive}: no {name}");
            without_entry(&image, &mut cases, &name, &[edit], Part::Controller);
        }
        // Found, but it names no driver.
        let silent = delete_value(&format!("{at}\\Configurations\\{section}"), "Service");
        let path = image.with_edits(&[silent], &image.moved());
        cases.check(
            &format!("{hive}: no Service"),
            &path,
            stops("boot-driver-bound", Part::Controller),
        );
        // A package without a signature, as scores say it; x64 all three.
        for score in [0x8000_0000, 0xC000_0000, 0xFF00_0000] {
            let unsigned = [set_number(&at, "SignerScore", score)];
            for (where_, hardware) in [("own", image.hardware.clone()), ("moved", image.moved())] {
                let path = image.with_edits(&unsigned, &hardware);
                cases.check(
                    &format!("{hive}: score {score:#x}, {where_}"),
                    &path,
                    stops("boot-signature", Part::Controller),
                );
            }
        }
        let authenticode = [set_number(&at, "SignerScore", 0x0F00_0000)];
        let path = image.with_edits(&authenticode, &image.moved());
        cases.check(&format!("{hive}: Authenticode"), &path, BOOTS);
        // Its volumes' and disks' drivers, too.
        for (inf, part) in [
            ("volume.inf", Part::Volume),
            ("disk.inf", Part::Disk),
            ("volmgr.inf", Part::VolumeManager),
            ("acpi.inf", Part::Bus),
        ] {
            let package = image.active(inf).unwrap();
            let at = format!("{top}\\DriverPackages\\{package}");
            let path = image.with_edits(
                &[set_number(&at, "SignerScore", 0x8000_0000)],
                &image.moved(),
            );
            cases.check(
                &format!("{hive}: {inf} unsigned"),
                &path,
                stops("boot-signature", part),
            );
        }
    }
    cases.end(90);
}

#[test]
fn a_device_that_the_image_disables_stays_off() {
    let test = "boot path of disabled devices";
    let mut cases = Cases::default();
    for real in [XP, XP64, XP64_SETUP, SEVEN, EIGHT_ONE, TEN_2004] {
        let hive = real.hive;
        let (id, instance) = real.controller;
        let Some(image) = Booting::new(real, test) else {
            return;
        };
        let key = format!("ControlSet001\\Enum\\{id}\\{instance}");
        let off = set_number(&key, "ConfigFlags", 1);
        let path = image.with_edits(std::slice::from_ref(&off), &image.hardware);
        cases.check(hive, &path, stops("boot-device-enabled", Part::Controller));
        let edits: Vec<Edit> = std::iter::once(off).chain(mends(&path).unwrap()).collect();
        let path = image.with_edits(&edits, &image.hardware);
        cases.check(&format!("{hive}, mended"), &path, BOOTS);
    }
    cases.end(12);
}

/// 8 and later set StartOverride on what the last computer did not need: the
/// inbox drivers are there, and switched off.
#[test]
fn inbox_drivers_that_were_not_needed_are_switched_off() {
    let test = "boot path of inbox drivers that are off";
    let mut cases = Cases::default();
    for (real, hardware) in [
        (EIGHT_ONE, computer(vec![pci(0x144D, 0xA808, "010802")])),
        (EIGHT_ONE, computer(vec![pci(0x1000, 0x0054, "010700")])),
        (TEN_1709, computer(vec![pci(0x144D, 0xA808, "010802")])),
        (TEN_2004, computer(vec![pci(0x1000, 0x0054, "010700")])),
        (TEN_2004, computer(vec![pci(0x1002, 0x4376, "01018A")])),
    ] {
        let name = format!("{} on {}", real.hive, hardware.devices[0].id());
        let Some(image) = Booting::new(real, test) else {
            return;
        };
        let path = image.with_files(&hardware);
        let stopped = stops("boot-start-override", Part::Controller);
        cases.check(&name, &path, stopped);
        let path = image.with_edits(&mends(&path).unwrap(), &hardware);
        cases.check(&format!("{name}, mended"), &path, BOOTS);
    }
    cases.end(10);
}

/// 7 does the same by Start alone: the stop that everybody met who turned AHCI
/// on in the firmware.
#[test]
fn windows_7_has_its_ahci_driver_off() {
    let Some(image) = Booting::new(SEVEN, "boot path of 7 on AHCI") else {
        return;
    };
    let hardware = computer(vec![pci(0x8086, 0x2922, "010601")]);
    let path = image.with_files(&hardware);
    assert_eq!(short(&path), stops("boot-start", Part::Controller));
    let service = path.controllers[0].driver().unwrap();
    assert_eq!(
        (service.service.as_str(), service.start),
        ("msahci", Some(3))
    );
    assert_eq!(
        short(&image.with_edits(&mends(&path).unwrap(), &hardware)),
        BOOTS
    );
}

/// Hyper-V's disks hang on VMBus: two drivers are off on an image that comes
/// from elsewhere.
#[test]
fn disks_on_vmbus_need_the_bus_as_well() {
    let test = "boot path on VMBus";
    let id = "VMBUS\\{ba6163d9-04a1-4d29-b605-72e2ffb1dc7f}";
    let hardware = computer(vec![Device {
        bus: Bus::Other,
        hardware_ids: vec![id.to_owned()],
        ..Device::default()
    }]);
    for real in [EIGHT_ONE, TEN_1709, TEN_2004] {
        let Some(image) = Booting::new(real, test) else {
            return;
        };
        let path = image.with_files(&hardware);
        assert_eq!(short(&path), stops("boot-start-override", Part::Bus));
        let mut edits = mends(&path).unwrap();
        let path = image.with_edits(&edits, &hardware);
        assert_eq!(short(&path), stops("boot-start-override", Part::Controller));
        edits.extend(mends(&path).unwrap());
        assert_eq!(short(&image.with_edits(&edits, &hardware)), BOOTS);
    }
}

/// A USB disk needs drivers that the loader takes under conditions of which
/// only the flags are known.
#[test]
fn what_hangs_on_boot_flags_is_not_known() {
    let test = "boot path from USB";
    let hardware = computer(vec![pci(0x8086, 0x1E31, "0C0330")]);
    for (real, expected) in [
        (TEN_2004, may("boot-start", Part::Controller)),
        (EIGHT_ONE, may("boot-start", Part::Controller)),
        (XP, stops("boot-driver-bound", Part::Controller)),
    ] {
        let Some(image) = Booting::new(real, test) else {
            return;
        };
        assert_eq!(short(&image.with_files(&hardware)), expected);
    }
}

#[test]
fn what_is_not_on_the_way_does_not_matter() {
    let test = "boot path beside the way";
    let mut cases = Cases::default();
    for (real, services) in [
        (
            XP,
            &["cdrom", "i8042prt", "Tcpip", "NDIS", "PCIIde", "Ntfs"][..],
        ),
        (XP64, &["cdrom", "i8042prt", "Tcpip", "VBoxGuest"][..]),
        (
            SEVEN,
            &["cdrom", "i8042prt", "LSI_SCSI", "intelide", "vmbus"][..],
        ),
        (EIGHT_ONE, &["cdrom", "stornvme", "VBoxGuest"][..]),
        (TEN_1709, &["cdrom", "stornvme", "storahci"][..]),
        (TEN_2004, &["cdrom", "storahci", "vmci", "intelide"][..]),
    ] {
        let hive = real.hive;
        let Some(image) = Booting::new(real, test) else {
            return;
        };
        for service in services {
            let key = format!("ControlSet001\\Services\\{service}");
            let path = image.with_edits(&[delete_key(&key)], &image.hardware);
            cases.check(&format!("{hive}: no {service}"), &path, BOOTS);
            let path = image.with_edits(&[set_number(&key, "Start", 4)], &image.hardware);
            cases.check(&format!("{hive}: {service} disabled"), &path, BOOTS);
        }
    }
    cases.end(50);
}

/// `lspci -nn` without `-v` gives no programming interface, and no subsystem of
/// some devices.
#[test]
fn a_listing_that_tells_too_little_is_not_judged() {
    let test = "boot path of short listings";
    let short_listing = |vendor, device, class: &str| {
        let mut device = pci(vendor, device, class);
        let shown = |id: &String| {
            let class = id.split("CC_").nth(1).is_none_or(|class| class.len() == 4);
            class && !id.contains("SUBSYS_")
        };
        device.hardware_ids.retain(shown);
        device.compatible_ids.retain(shown);
        computer(vec![device])
    };
    let unbound = "boot-driver-bound";
    for (real, vendor, device, class, expected) in [
        (
            TEN_2004,
            0x8086,
            0x3A02,
            "010601",
            may(unbound, Part::Controller),
        ),
        (
            TEN_2004,
            0x144D,
            0xA808,
            "010802",
            may(unbound, Part::Controller),
        ),
        (
            TEN_2004,
            0x1AF4,
            0x1001,
            "010000",
            stops(unbound, Part::Controller),
        ),
        (
            SEVEN,
            0x8086,
            0x3A02,
            "010601",
            may(unbound, Part::Controller),
        ),
        (
            XP,
            0x8086,
            0x3A02,
            "010601",
            stops(unbound, Part::Controller),
        ),
        (XP, 0x8086, 0x24CB, "01018A", BOOTS),
    ] {
        let name = format!("{} on {vendor:04x}:{device:04x}", real.hive);
        let Some(image) = Booting::new(real, test) else {
            return;
        };
        let path = image.with_files(&short_listing(vendor, device, class));
        assert_eq!(short(&path), expected, "{name}: {:?}", path.reason);
    }
}

#[test]
fn a_computer_without_controllers_is_not_judged() {
    let Some(image) = Booting::new(XP, "boot path without controllers") else {
        return;
    };
    let path = image.with_files(&Hardware::default());
    assert_eq!(short(&path), may("boot-controller", Part::Controller));
    assert!(path.controllers.is_empty());
}
