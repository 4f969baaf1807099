//! Driver packages into images around real SYSTEM hives.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "a test program"
)]

mod support;

use std::collections::BTreeMap;

use support::{Around, TestImage, any_signature, package};
use wimwright_drivers::{Error, Outcome};
use wimwright_servicing::plan::{Change, Recovered};
use wimwright_servicing::registry::{HiveName, Key, KeyPath, RegistryError};
use wimwright_servicing::{Access, DraftError};

const VIOSTOR: (&str, &str) = ("virtio-viostor-w10-amd64", "viostor.inf");

in_each_store! {
fn the_second_add_is_unchanged_and_no_byte_differs() {
    let test = "add twice";
    let Some(image) = TestImage::new(Around::Windows10_2004, test) else {
        return;
    };
    let viostor = package(test, VIOSTOR.0, VIOSTOR.1).unwrap();
    let (first, _) = image.add(std::slice::from_ref(&viostor), false);
    assert_eq!(first[0].outcome, Outcome::Added, "{first:?}");
    let before = image.snapshot();
    let (second, receipt) = image.add(&[viostor], false);
    assert_eq!(second[0].outcome, Outcome::Unchanged);
    assert_eq!(second[0].published_name, first[0].published_name);
    assert!(!receipt.plan.writes());
    assert!(image.snapshot() == before, "a byte changed");
}
}

in_each_store! {
fn what_was_taken_away_is_put_back_under_the_same_name() {
    let test = "repair";
    let Some(image) = TestImage::new(Around::Windows10_2004, test) else {
        return;
    };
    let viostor = package(test, VIOSTOR.0, VIOSTOR.1).unwrap();
    let (first, _) = image.add(std::slice::from_ref(&viostor), false);
    let file = image.path("Windows/System32/drivers/viostor.sys");
    std::fs::remove_file(&file).unwrap();
    let (second, receipt) = image.add(&[viostor], false);
    assert_eq!(second[0].outcome, Outcome::Added);
    assert_eq!(second[0].published_name, first[0].published_name);
    assert!(image.path("Windows/System32/drivers/viostor.sys").exists());
    // The file, and the date of the database.
    assert_eq!(receipt.written.len(), 1, "{:?}", receipt.written);
}
}

in_each_store! {
fn each_package_gets_the_lowest_free_number_over_every_evidence() {
    let test = "numbers";
    let Some(image) = TestImage::new(Around::Windows10_2004, test) else {
        return;
    };
    // The map has oem0 to oem8; a file and a catalog that nothing names.
    std::fs::write(image.path("Windows/INF/OEM9.INF"), b"stray").unwrap();
    let catalogs = "Windows/System32/CatRoot/{F750E6C3-38EE-11D1-85E5-00C04FC295EE}";
    std::fs::write(image.path(catalogs).join("oem11.cat"), b"stray").unwrap();
    let packages = [
        package(test, VIOSTOR.0, VIOSTOR.1).unwrap(),
        package(test, "virtio-qemufwcfg-nulldrv", "qemufwcfg.inf").unwrap(),
        package(test, "wintun-0.14-amd64", "wintun.inf").unwrap(),
    ];
    let (results, _) = image.add(&packages, false);
    let names: Vec<_> = results
        .iter()
        .map(|result| result.published_name.as_deref())
        .collect();
    assert_eq!(
        names,
        [Some("oem10.inf"), Some("oem12.inf"), Some("oem13.inf")],
        "{results:?}"
    );
    let look = image.open(Access::Read).look(support::now());
    // A network driver's package lives in the DRIVERS node, its number in the
    // map of SYSTEM.
    let wintun = KeyPath::from("DriverDatabase\\DriverInfFiles\\oem13.inf");
    assert!(look.has_key(HiveName::Drivers, &wintun).unwrap());
    assert!(!look.has_key(HiveName::System, &wintun).unwrap());
    let map = look
        .value(HiveName::System, &"DriverDatabase".into(), "OemInfMap")
        .unwrap();
    assert_eq!(map.unwrap().bytes, [0xFF, 0xAC]);
}
}

in_each_store! {
fn included_inbox_infs_give_the_service_and_missing_ones_are_named() {
    let test = "includes";
    let Some(image) = TestImage::new(Around::Windows10_2004, test) else {
        return;
    };
    // esp32-usb-jtag takes WinUSB from winusb.inf alone; Arduino packages name
    // usbser themselves and take the file list from mdmcpq.inf.
    let esp = package(test, "espressif/esp32-usb-jtag", "USB_JTAG_debug_unit.inf").unwrap();
    let arduino = package(test, "codebndr-arduino", "arduino.inf").unwrap();
    let (results, _) = image.add(&[esp.clone(), arduino.clone()], false);
    let look = image.open(Access::Read).look(support::now());
    for (result, service) in results.iter().zip(["WinUSB", "usbser"]) {
        assert_eq!(result.outcome, Outcome::Added, "{result:?}");
        let missing = result
            .findings
            .iter()
            .filter(|found| found.name == "include-missing");
        assert_eq!(missing.count(), 0, "{result:?}");
        let id = result.package_id.as_deref().unwrap();
        let top = KeyPath::from(format!(
            "DriverDatabase\\DriverPackages\\{id}\\Configurations"
        ));
        let sections = look.subkeys(HiveName::System, &top).unwrap();
        assert!(!sections.is_empty(), "{id}");
        for section in sections {
            let value = look
                .value(HiveName::System, &top.join(&section), "Service")
                .unwrap();
            assert_eq!(
                value.unwrap().as_text().as_deref(),
                Some(service),
                "{section}"
            );
        }
    }

    let bare = TestImage::new(Around::Windows10_2004, test).unwrap();
    for inf in ["winusb.inf", "mdmcpq.inf", "usb.inf"] {
        std::fs::remove_file(bare.path("Windows/INF").join(inf)).unwrap();
    }
    let (results, _) = bare.add(&[esp, arduino], false);
    for (result, inf) in results.iter().zip(["winusb.inf", "mdmcpq.inf"]) {
        let names = |found: &&wimwright_servicing::Finding| {
            found.name == "include-missing" && found.message.to_lowercase().contains(inf)
        };
        assert!(
            result.findings.iter().any(|found| names(&found)),
            "{result:?}"
        );
    }
}
}

fn logical(key: Key<'_>, path: &mut Vec<String>, lines: &mut BTreeMap<String, String>) {
    lines.insert(
        format!("[{}]", path.join("\\").to_lowercase()),
        String::new(),
    );
    for value in key.values().unwrap() {
        let value = value.unwrap();
        let name = value.name().unwrap().to_string_lossy();
        let at = format!("{} {name}", path.join("\\").to_lowercase());
        lines.insert(
            at,
            format!("{:#x} {:?}", value.kind(), value.data().unwrap()),
        );
    }
    for below in key.subkeys().unwrap() {
        let below = below.unwrap();
        path.push(below.name().unwrap().to_string_lossy());
        logical(below, path, lines);
        path.pop();
    }
}

in_each_store! {
fn a_dirty_hive_is_replayed_first_and_loses_nothing() {
    let test = "dirty 1709";
    let Some(image) = TestImage::new(Around::Windows10_1709, test) else {
        return;
    };
    let read = || {
        let look = image.open(Access::Read).look(support::now());
        let hive = look.hive(HiveName::System).unwrap().unwrap();
        let mut lines = BTreeMap::new();
        logical(hive.root(), &mut Vec::new(), &mut lines);
        (lines, hive.check().keys)
    };
    let (before, keys) = read();
    // What the logs hold: 2472 keys more than the file alone.
    assert_eq!(keys, 35_595);
    let viostor = package(test, VIOSTOR.0, VIOSTOR.1).unwrap();
    let (results, receipt) = image.add(&[viostor], false);
    assert_eq!(results[0].outcome, Outcome::Added, "{results:?}");
    assert!(matches!(
        &receipt.recovered[..],
        [(HiveName::System, Recovered::Replayed { .. })]
    ));
    let steps = &receipt.plan.steps;
    let recover = steps
        .iter()
        .position(|step| matches!(step.change, Change::RecoverHive { .. }));
    let edit = steps
        .iter()
        .position(|step| matches!(step.change, Change::SetValue { .. }));
    assert!(recover < edit);
    let (after, _) = read();
    let changed: Vec<&String> = before
        .iter()
        .filter(|(at, data)| after.get(*at) != Some(*data))
        .map(|(at, _)| at)
        .collect();
    assert_eq!(
        changed,
        ["driverdatabase OemInfMap"],
        "something else changed or was lost"
    );
    assert!(
        image.open(Access::Read).findings().is_empty(),
        "still dirty"
    );
}
}

in_each_store! {
fn a_dirty_hive_without_logs_is_refused_by_name_unless_accepted() {
    let test = "dirty 8.1";
    let Some(image) = TestImage::new(Around::Windows81, test) else {
        return;
    };
    let viostor = package(test, VIOSTOR.0, VIOSTOR.1).unwrap();
    let before = image.snapshot();
    {
        let mut transaction = image.open(Access::Write).begin(support::options());
        let mut results = transaction.run("drivers add", |draft| {
            wimwright_drivers::add(draft, &viostor, &any_signature())
        });
        let error = results.remove(0).unwrap_err();
        let named = matches!(
            &error,
            Error::Draft(DraftError::Registry(RegistryError::Dirty {
                hive: HiveName::System,
                ..
            }))
        );
        assert!(named, "{error:?}");
        let hint = error.hint().unwrap();
        assert!(hint.contains("--accept-dirty-hive"), "{hint}");
    }
    assert!(image.snapshot() == before, "a refused hive was touched");

    let (results, receipt) = image.add(&[viostor], true);
    assert_eq!(results[0].outcome, Outcome::Added, "{results:?}");
    assert_eq!(
        receipt.recovered,
        [(HiveName::System, Recovered::AcceptedDirty)]
    );
    // Windows 8.1 has neither scope nor date nor catalog, and a mark of its own.
    let look = image.open(Access::Read).look(support::now());
    let id = results[0].package_id.as_deref().unwrap();
    let package = KeyPath::from(format!("DriverDatabase\\DriverPackages\\{id}"));
    for (name, there) in [
        ("Version", true),
        ("BootCritical", true),
        ("ImportDate", false),
        ("Catalog", false),
    ] {
        let value = look.value(HiveName::System, &package, name).unwrap();
        assert_eq!(value.is_some(), there, "{name}");
    }
    let section = package.join("Configurations\\scsi_inst");
    assert_eq!(
        look.value(HiveName::System, &section, "ConfigScope")
            .unwrap(),
        None
    );
}
}

in_each_store! {
fn compressed_sources_are_expanded_into_the_same_package() {
    let test = "compressed sources";
    let Some(plain) = TestImage::new(Around::Windows10_2004, test) else {
        return;
    };
    let (expected, _) = plain.add(&[package(test, VIOSTOR.0, VIOSTOR.1).unwrap()], false);
    for folder in ["derived-szdd-viostor", "derived-mszipcab-viostor"] {
        let image = TestImage::new(Around::Windows10_2004, test).unwrap();
        let (results, _) = image.add(&[package(test, folder, "viostor.inf").unwrap()], false);
        assert_eq!(
            results[0].package_id, expected[0].package_id,
            "{folder}: {results:?}"
        );
        let id = results[0].package_id.as_deref().unwrap();
        for file in [
            format!("Windows/System32/DriverStore/FileRepository/{id}/viostor.sys"),
            "Windows/System32/drivers/viostor.sys".to_owned(),
        ] {
            let (one, two) = (image.path(&file), plain.path(&file));
            assert!(
                std::fs::read(one).unwrap() == std::fs::read(two).unwrap(),
                "{folder}: {file}"
            );
        }
    }
}
}

in_each_store! {
fn services_go_to_the_default_and_the_current_control_set_and_no_other() {
    use wimwright_testdata::image::{Data, Windows, hive, write};
    let test = "control sets";
    let Some(viostor) = package(test, VIOSTOR.0, VIOSTOR.1) else {
        return;
    };
    let environment = "ControlSet001\\Control\\Session Manager\\Environment";
    let services = |set: &str| format!("{set}\\Services\\Other");
    let sets: Vec<String> = (1..=4)
        .map(|set| services(&format!("ControlSet00{set}")))
        .collect();
    let mut values = vec![
        ("Select", "Default", Data::Dword(1)),
        ("Select", "Current", Data::Dword(2)),
        ("Select", "LastKnownGood", Data::Dword(3)),
        ("Select", "Failed", Data::Dword(4)),
        (environment, "PROCESSOR_ARCHITECTURE", Data::Sz("AMD64")),
        ("DriverDatabase", "Version", Data::Dword(0x0A00_0000)),
    ];
    values.extend(
        sets.iter()
            .map(|key| (key.as_str(), "Start", Data::Dword(3))),
    );
    let system = hive("SYSTEM", &values);
    let image = TestImage::made(|root| write(root, &system, &[], &Windows::new(10, 0, 19045), 9));
    // A boot driver that Windows had turned off.
    let off = "ControlSet002\\Services\\viostor\\StartOverride";
    let mut transaction = image.open(Access::Write).begin(support::options());
    for result in transaction.run("test", |draft| {
        let basis = wimwright_servicing::plan::Basis::verified("test");
        draft.create_key(HiveName::System, &off.into(), &basis)
    }) {
        let _ = result.unwrap();
    }
    let _ = transaction.prepare().unwrap().commit().unwrap();

    let (results, _) = image.add(&[viostor], false);
    assert_eq!(results[0].outcome, Outcome::Added, "{results:?}");
    let look = image.open(Access::Read).look(support::now());
    assert!(
        look.facts()
            .findings
            .iter()
            .any(|found| found.name == "control-sets-differ")
    );
    for (set, there) in [(1, true), (2, true), (3, false), (4, false)] {
        let key = KeyPath::from(format!("ControlSet00{set}\\Services\\viostor"));
        assert_eq!(
            look.has_key(HiveName::System, &key).unwrap(),
            there,
            "{key}"
        );
    }
    assert!(!look.has_key(HiveName::System, &off.into()).unwrap());
}
}

in_each_store! {
fn a_plain_storage_driver_on_windows_10_rests_on_verified_and_stated_facts() {
    let test = "strict";
    let Some(image) = TestImage::new(Around::Windows10_2004, test) else {
        return;
    };
    let viostor = package(test, VIOSTOR.0, VIOSTOR.1).unwrap();
    let mut transaction = image
        .open(Access::Write)
        .begin(wimwright_servicing::BeginOptions {
            strict: true,
            ..support::options()
        });
    for result in transaction.run("drivers add", |draft| {
        wimwright_drivers::add(draft, &viostor, &any_signature())
    }) {
        assert_eq!(result.unwrap().outcome, Outcome::Added);
    }
    let receipt = transaction.prepare().unwrap().commit().unwrap().remove(0);
    assert_eq!((receipt.basis.recalled, receipt.basis.inferred), (0, 0));
}
}
