//! Every fault that the checks know, made with other tools than ours (hivex,
//! and the file system), is found under its name, mended where that is
//! promised, and gone afterwards; in a directory and in a WIM file.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "a test program"
)]

#[path = "support/faulty.rs"]
mod faulty;
#[path = "support/placeholders.rs"]
mod placeholders;
mod support;

use std::collections::BTreeSet;
use std::fs;

use faulty::{BINARY, Base, Faulty, MULTI_SZ, NONE, SZ, multi_sz, sz};
use support::pe;
use wimwright_drivers::check::{CHECKS, Mend, Repair, RepairOptions, repair};
use wimwright_servicing::{Access, BeginOptions, DraftError};

/// What becomes of a fault.
#[derive(Clone, Copy, Debug, PartialEq)]
enum After {
    /// A repair mends it, and all that came with it.
    Mended,
    /// It stays, and says what to do.
    Left,
    /// It stays, unless lost packages are removed.
    Lost,
}

use After::{Left, Lost, Mended};

/// A fault: the check that finds it, the hives that it is tried on, what it
/// comes to, and how it is made.
struct Row {
    check: &'static str,
    bases: &'static [Base],
    after: After,
    make: fn(&mut Faulty<'_>),
}

const fn row(
    check: &'static str,
    bases: &'static [Base],
    after: After,
    make: fn(&mut Faulty<'_>),
) -> Row {
    Row {
        check,
        bases,
        after,
        make,
    }
}

const W81: &[Base] = &[Base::Windows81];
const W1709: &[Base] = &[Base::Windows10_1709];
const W2004: &[Base] = &[Base::Windows10_2004];
const W7: &[Base] = &[Base::Windows7];
const XP: &[Base] = &[Base::WindowsXp];
const PE3: &[Base] = &[Base::WindowsPe3];

const ID: &str = "DriverDatabase\\DeviceIds\\PCI\\VEN_1AF4&DEV_1001";
const OTHER_CLASS: &str = "DriverDatabase\\DeviceIds\\{4d36e972-e325-11ce-bfc1-08002be10318}";

const ROWS: &[Row] = &[
    row("driver-database", W2004, Left, |f| f.drop("DriverDatabase")),
    row("drivers-hive", W1709, Left, |f| {
        f.remove("Windows/System32/config/DRIVERS");
    }),
    // Names and packages.
    row(
        "active-package",
        &[Base::Windows81, Base::Windows10_2004],
        Mended,
        |f| {
            f.drop(&f.package_key());
        },
    ),
    row("active-package", W1709, Mended, |f| {
        f.set(
            &f.name_key(),
            "Active",
            SZ,
            &sz("gone.inf_amd64_0123456789abcdef"),
        );
    }),
    row("active-package", W2004, Mended, |f| {
        f.unset(&f.name_key(), "Active");
    }),
    row("active-package", W81, Mended, |f| {
        let ids = [f.id(), "gone.inf_amd64_0123456789abcdef".to_owned()];
        f.set(&f.name_key(), "", MULTI_SZ, &multi_sz(&ids));
    }),
    row("active-package", W2004, Lost, |f| {
        f.drop_in_drivers(&format!("DriverDatabase\\DriverPackages\\{}", f.net_id()));
        f.remove(&f.store(&f.net_id()));
    }),
    // A template with the name of another package in it.
    row(
        "published-name",
        &[Base::Windows81, Base::Windows10_2004],
        Mended,
        |f| {
            f.set(&f.package_key(), "", SZ, &sz("oem0.inf"));
        },
    ),
    row("published-name", W1709, Mended, |f| f.drop(&f.name_key())),
    row("published-name", W81, Mended, |f| {
        f.unset(&f.package_key(), "");
    }),
    row("version-value", W2004, Mended, |f| {
        f.unset(&f.package_key(), "Version");
    }),
    row("version-value", W81, Mended, |f| {
        f.set(&f.package_key(), "Version", BINARY, &[0; 40]);
    }),
    // A template with the version of another driver in it.
    row("version-value", W1709, Mended, |f| {
        let mut blob = vec![0, 0xFF, 9, 0, 0, 0, 0, 0];
        blob.extend([0x7B, 0xE9, 0x36, 0x4D, 0x25, 0xE3, 0xCE, 0x11]);
        blob.extend([0xBF, 0xC1, 0x08, 0x00, 0x2B, 0xE1, 0x03, 0x18]);
        blob.extend([0, 0xC0, 0x97, 0x8C, 0x0F, 0xE7, 0xD7, 0x01]);
        blob.extend([0xFC, 0x53, 0x68, 0, 0x5A, 0, 0x64, 0]);
        blob.extend([0; 8]);
        f.set(&f.package_key(), "Version", BINARY, &blob);
    }),
    row("whole-entry", W81, Mended, |f| {
        f.unset(&f.package_key(), "Provider");
        f.unset(&f.package_key(), "SignerScore");
    }),
    row("whole-entry", W2004, Mended, |f| {
        f.drop(&format!("{}\\Descriptors", f.package_key()));
    }),
    // Files.
    row("package-folder", W2004, Lost, |f| {
        f.remove(&f.store(&f.net_id()));
    }),
    row("package-folder", W81, Left, |f| {
        f.remove(&f.store("acpi.inf_amd64_"));
    }),
    row("package-inf", W1709, Mended, |f| {
        f.remove(&f.in_store("viostor.inf"));
    }),
    row("package-inf", W2004, Mended, |f| {
        f.remove(&format!("{}/acpi.inf", f.store("acpi.inf_amd64_")));
    }),
    row("package-files", W2004, Left, |f| {
        f.remove(&f.in_store("viostor.sys"));
    }),
    row("store-catalog", W81, Mended, |f| {
        f.remove(&f.in_store("viostor.cat"));
    }),
    row("published-inf", W2004, Mended, |f| {
        f.remove(&f.published_inf());
    }),
    row("published-inf", W81, Mended, |f| {
        f.write(&f.published_inf(), b"[Version]\r\n");
    }),
    row("published-catalog", W1709, Mended, |f| {
        f.remove(&f.published_catalog());
    }),
    row("published-catalog", W2004, Mended, |f| {
        f.write(&f.published_catalog(), b"another");
    }),
    // What the kernel reads.
    row("configurations", W2004, Mended, |f| {
        f.drop(&format!("{}\\Configurations\\scsi_inst", f.package_key()));
    }),
    row("configurations", W81, Mended, |f| {
        f.unset(&f.name_key(), "Configurations");
    }),
    row("descriptors", W1709, Mended, |f| {
        f.drop(&format!(
            "{}\\Descriptors\\PCI\\VEN_1AF4&DEV_1001",
            f.package_key()
        ));
    }),
    row(
        "device-index",
        &[Base::Windows81, Base::Windows10_2004],
        Mended,
        |f| {
            f.unset(ID, &f.published());
        },
    ),
    row("device-index", W1709, Left, |f| {
        f.unset("DriverDatabase\\DeviceIds\\PCI\\CC_010802", "stornvme.inf");
    }),
    row("class-index", W2004, Mended, |f| {
        let key = "DriverDatabase\\DeviceIds\\{4d36e97b-e325-11ce-bfc1-08002be10318}";
        f.unset(key, &f.published());
    }),
    row("class-index", W81, Mended, |f| {
        f.set(OTHER_CLASS, &f.published(), NONE, &[]);
    }),
    row("index-orphan", W2004, Mended, |f| {
        let key = "DriverDatabase\\DeviceIds\\PCI\\VEN_DEAD&DEV_BEEF";
        f.set(key, "oem77.inf", BINARY, &[1, 0xFF, 0, 0]);
    }),
    row("index-value", W1709, Mended, |f| {
        f.set(ID, &f.published(), BINARY, &[1, 0xFF, 0]);
    }),
    row("index-inf", W2004, Mended, |f| {
        let key = "DriverDatabase\\DeviceIds\\PCI\\VEN_1AF4&DEV_9999";
        f.set(key, &f.published(), BINARY, &[1, 0xFF, 0, 0]);
    }),
    // A template with a map of its own.
    row(
        "oem-map",
        &[Base::Windows10_1709, Base::Windows10_2004],
        Mended,
        |f| {
            f.set("DriverDatabase", "OemInfMap", BINARY, &[0x80]);
        },
    ),
    row("oem-map-unused", W81, Mended, |f| {
        f.set("DriverDatabase", "OemInfMap", BINARY, &[0xFF; 4]);
    }),
    // Services.
    row(
        "boot-file",
        &[Base::Windows81, Base::Windows10_2004],
        Mended,
        |f| {
            f.remove("Windows/System32/drivers/viostor.sys");
        },
    ),
    row("boot-file", W1709, Mended, |f| {
        f.write("Windows/System32/drivers/viostor.sys", &pe(0x14C));
    }),
    row("boot-file", W2004, Mended, |f| {
        f.write("Windows/System32/drivers/viostor.sys", b"<html>404</html>");
    }),
    row("boot-file", W2004, Left, |f| {
        f.remove("Windows/System32/drivers/stornvme.sys");
    }),
    row("boot-file", XP, Mended, |f| {
        f.remove("Windows/System32/drivers/iaStor.sys");
    }),
    row("boot-file", W7, Left, |f| {
        f.remove("Windows/System32/drivers/disk.sys");
    }),
    row("configured-service", W2004, Mended, |f| {
        f.drop("ControlSet001\\Services\\viostor");
    }),
    row("configured-service", W81, Left, |f| {
        f.drop("ControlSet001\\Services\\stornvme");
    }),
    row("service-owners", W1709, Mended, |f| {
        let owners = multi_sz(&["oem99.inf".to_owned(), f.published()]);
        f.set(
            "ControlSet001\\Services\\viostor",
            "Owners",
            MULTI_SZ,
            &owners,
        );
    }),
    // Leftovers of other tools.
    row("virt-v2v-leftover", W2004, Mended, |f| {
        f.guestor("VEN_1AF4&DEV_1001");
    }),
    row("virt-v2v-leftover", W1709, Left, |f| {
        f.guestor("VEN_1AF4&DEV_1048");
    }),
    // Used twice: one of the devices has no other driver.
    row("virt-v2v-leftover", W2004, Left, |f| {
        f.guestor("VEN_1AF4&DEV_1001");
        let package = "DriverDatabase\\DriverPackages\\guestor.inf_amd64_0000000000000000";
        f.set(package, "", SZ, &sz("guestor.inf"));
        let key = format!("{package}\\Descriptors\\PCI\\VEN_1AF4&DEV_1048");
        f.set(&key, "Configuration", SZ, &sz("guestor_conf"));
    }),
    row("shared-name", W2004, Left, |f| {
        let key = "DriverDatabase\\DriverPackages\\netkvm.inf_amd64_805f45c5c0ef48d8";
        f.copy(&f.package_key(), key);
        f.set(key, "InfName", SZ, &sz("netkvm.inf"));
    }),
    row("same-package", W81, Left, |f| f.twice("oem40")),
    row("name-form", W2004, Left, |f| f.twice("oem-viostor")),
    row("orphan-published", W1709, Left, |f| {
        f.write("Windows/INF/oem88.inf", b"[Version]\r\n");
    }),
    row("orphan-folder", W2004, Left, |f| {
        let folder = "Windows/System32/DriverStore/FileRepository";
        f.write(
            &format!("{folder}/lost.inf_amd64_0123456789abcdef/lost.inf"),
            b"[Version]\r\n",
        );
    }),
    // Before Windows 8.
    row(
        "critical-device",
        &[Base::WindowsXp, Base::Windows7],
        Mended,
        |f| {
            f.drop("ControlSet001\\Services\\iaStor");
        },
    ),
    row("critical-device", XP, Left, |f| {
        let key = "ControlSet001\\Control\\CriticalDeviceDatabase\\PCI#VEN_1234&DEV_5678";
        f.set(key, "Service", SZ, &sz("ghost"));
    }),
    row("critical-device", W7, Left, |f| {
        let key = "ControlSet001\\Control\\CriticalDeviceDatabase\\PCI#VEN_1234&DEV_5678";
        f.set(
            key,
            "UpperFilters",
            MULTI_SZ,
            &multi_sz(&["ghost".to_owned()]),
        );
    }),
    row("critical-package", W7, Left, |f| {
        f.remove(&f.store("lsi_sas.inf_x86_neutral_"));
    }),
    row("waiting-package", W7, Left, |f| {
        f.remove(&format!("{}/iaStor.sys", f.waiting()));
    }),
    row(
        "waiting-parts",
        &[Base::WindowsXp, Base::Windows7],
        Mended,
        |f| {
            f.set_in_software(
                "Microsoft\\Windows\\CurrentVersion",
                "DevicePath",
                2,
                &sz("%SystemRoot%\\inf"),
            );
        },
    ),
    row("waiting-parts", W7, Mended, |f| {
        f.remove(&f.waiting_catalog());
    }),
    row("waiting-parts", XP, Mended, |f| {
        f.drop("ControlSet001\\Control\\CriticalDeviceDatabase\\PCI#VEN_8086&DEV_2681&CC_0106");
    }),
    row("device-path", XP, Mended, |f| f.remove(&f.waiting())),
    row("device-path-other", W7, Left, |f| {
        f.add_to_device_path("C:\\Drivers\\Net");
    }),
    row("drvload", PE3, Mended, |f| f.remove(&f.waiting())),
    row("published-folder", W7, Left, |f| {
        f.write("Windows/INF/oem5.inf", b"[Version]\r\n");
    }),
    row("stale-pnf", XP, Mended, |f| {
        f.write("Windows/INF/oem5.PNF", b"compiled");
    }),
    // An INF of Windows itself.
    row("service-owners", W2004, Left, |f| {
        let owners = multi_sz(&["ghost.inf".to_owned()]);
        f.set(
            "ControlSet001\\Services\\Ghost",
            "Owners",
            MULTI_SZ,
            &owners,
        );
    }),
];

/// A repair, committed; whether it wrote anything, and what it came to.
fn repaired(faulty: &Faulty<'_>, remove_lost: bool) -> (bool, Repair) {
    let mut options = RepairOptions::default();
    options.remove_lost = remove_lost;
    let mut transaction = faulty.image.open(Access::Write).begin(BeginOptions {
        time: support::now(),
        accept_dirty_hive: false,
        strict: false,
    });
    let done = transaction.run("repair", |draft| -> Result<_, DraftError> {
        Ok(repair(draft, &options).unwrap())
    });
    let done = done.into_iter().next().unwrap().unwrap();
    let receipt = transaction.prepare().unwrap().commit().unwrap().remove(0);
    for fault in &done.mended {
        assert!(fault.is_repairable() || remove_lost, "{fault:?}");
    }
    (receipt.plan.writes(), done)
}

/// A repair that is only planned.
fn planned(faulty: &Faulty<'_>) -> (bool, Vec<(String, Mend)>) {
    let mut draft = faulty.image.open(Access::Read).look(support::now());
    let done = repair(&mut draft, &RepairOptions::default()).unwrap();
    (draft.plan().writes(), left(&done))
}

fn left(done: &Repair) -> Vec<(String, Mend)> {
    let left = done.left.iter();
    left.map(|fault| (faulty::told(fault), fault.mend.clone()))
        .collect()
}

/// What does not hold of a row.
fn broken(row: &Row, base: Base) -> Option<String> {
    let name = format!("{} on {base:?}", row.check);
    let mut faulty = Faulty::new(base, "fault table")?;
    let known = faulty.base_faults().clone();
    (row.make)(&mut faulty);
    faulty.make();
    let new = |faults: Vec<String>| -> BTreeSet<String> {
        let new = faults.into_iter().filter(|fault| !known.contains(fault));
        new.collect()
    };
    let prefix = format!("{}: ", row.check);
    let named = |faults: &BTreeSet<String>| faults.iter().any(|fault| fault.starts_with(&prefix));
    let found = new(faulty.faults());
    if !named(&found) {
        return Some(format!("{name} is not found: {found:#?}"));
    }
    let (wrote, done) = repaired(&faulty, false);
    let left = left(&done);
    let after = new(faulty.faults());
    let fits = match row.after {
        Mended => wrote && after.is_empty(),
        // Nothing new comes of what can be mended beside it.
        Left | Lost => named(&after) && after.is_subset(&found),
    };
    if !fits {
        return Some(format!("{name}: {found:#?} became {after:#?}"));
    }
    for (fault, mend) in &left {
        if mend.to_string().is_empty() || matches!(mend, Mend::Repair(_)) {
            return Some(format!("{name}: {fault}: {mend:?}"));
        }
    }
    let (again, still) = planned(&faulty);
    if again || still != left {
        return Some(format!("{name}: a second repair: {still:#?}"));
    }
    if row.after == Lost {
        let (wrote, _) = repaired(&faulty, true);
        let after = new(faulty.faults());
        if !wrote || !after.is_empty() {
            return Some(format!("{name}, removed: {after:#?}"));
        }
    }
    None
}

#[test]
fn the_table_has_a_fault_for_every_check() {
    let made: BTreeSet<&str> = ROWS.iter().map(|row| row.check).collect();
    let all: BTreeSet<&str> = CHECKS.iter().map(|check| check.name).collect();
    assert_eq!(made, all);
}

/// The rows whose fault is of Windows 8 and later, or not.
fn hold(of_database: bool) {
    let cases = ROWS
        .iter()
        .flat_map(|row| row.bases.iter().map(move |base| (row, *base)));
    let cases = cases.filter(|(_, base)| base.has_database() == of_database);
    let broken: Vec<String> = cases.filter_map(|(row, base)| broken(row, base)).collect();
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn each_fault_of_a_driver_database_is_found_mended_and_gone() {
    hold(true);
}

#[test]
fn each_fault_before_windows_8_is_found_mended_and_gone() {
    hold(false);
}

in_each_store! {
/// Every fault of one image that a repair mends, all at once.
fn faults_that_come_together_are_mended_together() {
    for base in Base::ALL {
        let Some(mut faulty) = Faulty::new(base, "faults together") else {
            return;
        };
        let known = faulty.base_faults().clone();
        let rows = ROWS.iter().filter(|row| row.after == Mended && row.bases.contains(&base));
        let mut names = BTreeSet::new();
        for row in rows {
            // What another row takes the ground from.
            let apart = ["active-package", "published-name", "configured-service", "critical-device", "device-path"];
            if !apart.contains(&row.check) && names.insert(row.check) {
                (row.make)(&mut faulty);
            }
        }
        faulty.make();
        // Some are seen only when others are mended: an INF that is back says
        // what is missing.
        let (_, done) = repaired(&faulty, false);
        let mended: BTreeSet<&str> = done.mended.iter().map(|fault| fault.check.name).collect();
        assert!(names.is_subset(&mended), "{base:?}: {names:?} became {mended:?}");
        let before = (faulty.image.snapshot(), faulty.image.container());
        let (wrote, _) = repaired(&faulty, false);
        assert!(!wrote, "{base:?}");
        assert!(before == (faulty.image.snapshot(), faulty.image.container()), "{base:?}");
        let left: Vec<String> = faulty.faults().into_iter().filter(|fault| !known.contains(fault)).collect();
        assert!(left.is_empty(), "{base:?}: {left:#?}");
        assert!(!names.is_empty(), "{base:?}");
    }
}
}

/// A machine that boots from a driver of which only entries are left keeps
/// them: without them it would stop.
#[test]
fn a_boot_driver_of_which_only_entries_are_left_stays() {
    let Some(mut faulty) = Faulty::new(Base::Windows10_2004, "lost boot driver") else {
        return;
    };
    let folder = faulty.store(&faulty.id());
    faulty.remove(&folder);
    faulty.make();
    let (wrote, done) = repaired(&faulty, true);
    assert!(!wrote);
    let left = left(&done);
    let told = left
        .iter()
        .find(|(fault, _)| fault.starts_with("package-folder: "));
    let (_, mend) = told.unwrap();
    assert!(mend.to_string().contains("boot driver"), "{mend}");
    assert!(fs::exists(faulty.image.path("Windows/System32/drivers/viostor.sys")).unwrap());
}
