//! Every real hive boots the computer that it comes from, and stops doing so
//! when one driver on the way is broken.

use std::fs;

use wimwright_drivers::boot_path::Part;

use crate::support;
use crate::support::boot::{
    BOOTS, Booting, Cases, EIGHT_ONE, Edit, Real, SEVEN, Short, TEN_1709, TEN_2004, TEN_2004_IDE,
    X64, X86, XP, XP64, XP64_SETUP, delete_key, mends, pe_importing, set_number, set_text, stops,
};

/// A driver on the way, and what an obstacle of it is called.
#[derive(Clone, Copy, Debug)]
struct Driver {
    service: &'static str,
    part: Part,
    filter: bool,
}

const fn drives(service: &'static str, part: Part) -> Driver {
    Driver {
        service,
        part,
        filter: false,
    }
}

const fn filters(service: &'static str, part: Part) -> Driver {
    Driver {
        service,
        part,
        filter: true,
    }
}

/// A baseline: boots; each driver on its way, broken in every way, does not.
fn baseline(real: Real, test: &str, drivers: &[Driver], at_least: usize) {
    let newer = real.version >= (6, 2, 0);
    let wrong_machine = if real.machine == X86 { X64 } else { X86 };
    let Some(image) = Booting::new(real, test) else {
        return;
    };
    let mut cases = Cases::default();
    cases.check("as it is", &image.with_files(&image.hardware), BOOTS);
    cases.check("by hivex", &image.with_edits(&[], &image.hardware), BOOTS);
    for driver in drivers {
        let Driver {
            service,
            part,
            filter,
        } = *driver;
        let expect = |check: &'static str| {
            let check = if filter { "boot-filter" } else { check };
            stops(check, part)
        };
        let key = format!("ControlSet001\\Services\\{service}");
        let mut edits: Vec<(&str, Edit, Short)> = vec![
            ("no service", delete_key(&key), expect("boot-service")),
            (
                "Start 3",
                set_number(&key, "Start", 3),
                expect("boot-start"),
            ),
            (
                "Start 4",
                set_number(&key, "Start", 4),
                expect("boot-start"),
            ),
            (
                "Type 16",
                set_number(&key, "Type", 16),
                expect("boot-service"),
            ),
            (
                "other ImagePath",
                set_text(&key, "ImagePath", 2, "System32\\drivers\\gone.sys"),
                expect("boot-file"),
            ),
        ];
        if newer {
            let key = format!("{key}\\StartOverride");
            edits.push((
                "StartOverride 3",
                set_number(&key, "0", 3),
                expect("boot-start-override"),
            ));
            // The values of other computers' configurations mean nothing here.
            edits.push(("StartOverride of another", set_number(&key, "1", 3), BOOTS));
        }
        for (what, edit, expected) in edits {
            let path = image.with_edits(std::slice::from_ref(&edit), &image.hardware);
            cases.check(&format!("{service}: {what}"), &path, expected);
            // What is said to mend it mends it.
            let tried = matches!(what, "no service" | "Start 4" | "StartOverride 3");
            if let Some(mends) = mends(&path).filter(|_| tried) {
                let edits: Vec<Edit> = std::iter::once(edit).chain(mends).collect();
                let path = image.with_edits(&edits, &image.hardware);
                cases.check(&format!("{service}: {what}, mended"), &path, BOOTS);
            }
        }

        let path = image.with_files(&image.hardware);
        let mut met = path.controllers[0].drivers.iter();
        let met = met.find(|met| met.service.eq_ignore_ascii_case(service));
        let met = met.unwrap_or_else(|| panic!("{service} is not on the way"));
        assert_eq!(
            (met.part, met.filters.is_some()),
            (part, filter),
            "{service}"
        );
        let file = met.file.as_ref().unwrap().to_string().replace('\\', "/");
        let file = image.file(&file);
        let whole = fs::read(&file).unwrap();
        fs::remove_file(&file).unwrap();
        let name = |what: &str| format!("{service}: {what}");
        cases.check(
            &name("no file"),
            &image.with_files(&image.hardware),
            expect("boot-file"),
        );
        for (what, bytes, expected) in [
            (
                "machine",
                support::pe(wrong_machine),
                expect("boot-machine"),
            ),
            ("no PE file", b"MZ\0\0".to_vec(), expect("boot-file")),
            (
                "imports",
                pe_importing(image.real.machine, &["ntoskrnl.exe", "gone.sys"]),
                expect("boot-imports"),
            ),
            (
                "imports that are there",
                pe_importing(image.real.machine, &["NTOSKRNL.EXE", "storport.sys"]),
                BOOTS,
            ),
        ] {
            fs::write(&file, bytes).unwrap();
            cases.check(&name(what), &image.with_files(&image.hardware), expected);
        }
        fs::write(&file, whole).unwrap();
    }
    cases.end(at_least);
}

#[test]
fn xp_sp3() {
    let drivers = [
        drives("ACPI", Part::Bus),
        drives("PCI", Part::Bus),
        drives("IntelIde", Part::Controller),
        drives("atapi", Part::Channel),
        drives("Disk", Part::Disk),
        filters("PartMgr", Part::Disk),
        drives("Ftdisk", Part::VolumeManager),
        drives("MountMgr", Part::VolumeManager),
        filters("VolSnap", Part::Volume),
    ];
    baseline(XP, "boot path of XP SP3", &drivers, 95);
}

/// Volumes of 2003 and XP x64 have a driver, not a filter.
const XP64_DRIVERS: [Driver; 9] = [
    drives("ACPI", Part::Bus),
    drives("PCI", Part::Bus),
    drives("IntelIde", Part::Controller),
    drives("atapi", Part::Channel),
    drives("Disk", Part::Disk),
    filters("PartMgr", Part::Disk),
    drives("Ftdisk", Part::VolumeManager),
    drives("MountMgr", Part::VolumeManager),
    drives("VolSnap", Part::Volume),
];

#[test]
fn xp_x64() {
    baseline(XP64, "boot path of XP x64", &XP64_DRIVERS, 95);
}

#[test]
fn xp_x64_after_text_mode_setup() {
    let test = "boot path of XP x64 after text-mode Setup";
    baseline(XP64_SETUP, test, &XP64_DRIVERS, 95);
}

#[test]
fn windows_7() {
    let drivers = [
        drives("ACPI", Part::Bus),
        drives("pci", Part::Bus),
        drives("LSI_SAS", Part::Controller),
        drives("disk", Part::Disk),
        filters("partmgr", Part::Disk),
        drives("volmgr", Part::VolumeManager),
        drives("mountmgr", Part::VolumeManager),
        drives("volsnap", Part::Volume),
        filters("fvevol", Part::Volume),
        filters("rdyboost", Part::Volume),
    ];
    baseline(SEVEN, "boot path of Windows 7", &drivers, 105);
}

#[test]
fn windows_8_1() {
    let drivers = [
        drives("ACPI", Part::Bus),
        drives("pci", Part::Bus),
        drives("storahci", Part::Controller),
        drives("disk", Part::Disk),
        filters("partmgr", Part::Disk),
        filters("EhStorClass", Part::Disk),
        drives("volmgr", Part::VolumeManager),
        drives("mountmgr", Part::VolumeManager),
        drives("volsnap", Part::Volume),
        filters("fvevol", Part::Volume),
        filters("rdyboost", Part::Volume),
    ];
    baseline(EIGHT_ONE, "boot path of Windows 8.1", &drivers, 150);
}

/// What the volumes of 10 need.
const TEN_VOLUMES: [Driver; 9] = [
    drives("disk", Part::Disk),
    filters("partmgr", Part::Disk),
    filters("EhStorClass", Part::Disk),
    drives("volmgr", Part::VolumeManager),
    drives("mountmgr", Part::VolumeManager),
    drives("volume", Part::Volume),
    filters("volsnap", Part::Volume),
    filters("fvevol", Part::Volume),
    filters("rdyboost", Part::Volume),
];

#[test]
fn windows_10_1709() {
    let mut drivers = vec![
        drives("ACPI", Part::Bus),
        drives("pci", Part::Bus),
        drives("iaStorAV", Part::Controller),
        filters("stdcfltn", Part::Disk),
    ];
    drivers.extend(TEN_VOLUMES);
    baseline(TEN_1709, "boot path of Windows 10 1709", &drivers, 180);
}

#[test]
fn windows_10_2004() {
    let mut drivers = vec![
        drives("ACPI", Part::Bus),
        drives("pci", Part::Bus),
        drives("stornvme", Part::Controller),
    ];
    drivers.extend(TEN_VOLUMES);
    baseline(TEN_2004, "boot path of Windows 10 2004", &drivers, 165);
}

#[test]
fn windows_10_2004_from_ide() {
    let drivers = [
        drives("intelide", Part::Controller),
        drives("atapi", Part::Channel),
    ];
    let test = "boot path of Windows 10 2004 from IDE";
    baseline(TEN_2004_IDE, test, &drivers, 28);
}
