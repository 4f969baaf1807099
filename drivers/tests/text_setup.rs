//! Packages of text mode setup (F6): real `txtsetup.oem` files with stand-ins
//! for their drivers, and made ones that go wrong.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "a test program; it makes images on the host"
)]

mod support;

use std::sync::Arc;

use support::{Around, TestImage, any_signature, describe, now, pe};
use wimwright_drivers::{AddResult, Outcome, Package, add, list};
use wimwright_servicing::registry::HiveName;
use wimwright_servicing::{Access, Draft, FileTree as _, ImagePath, MemoryTree};

const X86: u16 = 0x14C;
const AMD64: u16 = 0x8664;
const SYSTEM: HiveName = HiveName::System;

fn package(setup: &[u8], files: &[(&str, Vec<u8>)]) -> Package {
    let mut tree = MemoryTree::new();
    tree.insert("txtsetup.oem", setup).unwrap();
    for (path, bytes) in files {
        tree.insert(path, bytes.clone()).unwrap();
    }
    let path = ImagePath::parse("txtsetup.oem").unwrap();
    Package::new("memory", "", Arc::new(tree), path)
}

/// Every driver file that the `txtsetup.oem` names, made for the processor that
/// its folder says.
fn with_drivers(setup: &[u8]) -> Package {
    let described = describe(&package(setup, &[]));
    let drivers = described
        .files
        .iter()
        .filter(|file| file.path.ends_with(".sys"));
    let files: Vec<(&str, Vec<u8>)> = drivers
        .map(|file| {
            let is_64_bit = file.path.contains("amd64") || file.path.contains("x64");
            (file.path.as_str(), pe(if is_64_bit { AMD64 } else { X86 }))
        })
        .collect();
    package(setup, &files)
}

fn added(draft: &mut Draft, package: &Package) -> AddResult {
    add(draft, package, &any_signature()).unwrap()
}

fn text(draft: &Draft, key: &str, name: &str) -> Option<String> {
    let value = draft.value(&SYSTEM, &key.into(), name).unwrap();
    value.and_then(|data| data.as_text())
}

fn number(draft: &Draft, key: &str, name: &str) -> Option<u32> {
    let value = draft.value(&SYSTEM, &key.into(), name).unwrap();
    value.and_then(|data| data.as_dword())
}

in_each_store! {
fn real_files_give_service_file_and_bindings_for_the_images_processor() {
    let test = "real txtsetup.oem files";
    let Some(corpus) = wimwright_testdata::corpus(test) else {
        return;
    };
    let read = |name: &str| std::fs::read(corpus.join("drivers/inf-only").join(name)).unwrap();
    for (around, folder) in [
        (Around::WindowsXpX86, "i386"),
        (Around::WindowsXpX64, "amd64"),
    ] {
        let image = TestImage::new(around, test).unwrap();
        let mut draft = image.open(Access::Read).look(now());
        let kvm = with_drivers(&read("kvm__viostor_txtsetup.oem"));
        let result = added(&mut draft, &kvm);
        assert_eq!(result.outcome, Outcome::Pending, "{result:?}");
        // Values under a key that no driver has are told of: real files do so.
        let unused = result
            .findings
            .iter()
            .filter(|found| found.name == "text-setup-unused");
        assert_eq!(unused.count(), 4, "{result:?}");
        for (service, device) in [("viostor", "1001"), ("vioscsi", "1004")] {
            let key = format!("ControlSet001\\Services\\{service}");
            assert_eq!(number(&draft, &key, "Start"), Some(0));
            assert_eq!(number(&draft, &key, "Type"), Some(1));
            assert_eq!(
                text(&draft, &key, "Group").as_deref(),
                Some("SCSI miniport")
            );
            let image_path = format!("System32\\drivers\\{service}.sys");
            assert_eq!(text(&draft, &key, "ImagePath"), Some(image_path.clone()));
            let path = ImagePath::parse(&format!("Windows\\{image_path}")).unwrap();
            let expected = kvm
                .tree()
                .read(
                    &ImagePath::parse(&format!("{folder}\\Win2003\\{service}.sys")).unwrap(),
                    1 << 20,
                )
                .unwrap();
            assert_eq!(draft.read(&path, 1 << 20).unwrap(), expected);
            let bindings = "ControlSet001\\Control\\CriticalDeviceDatabase";
            let names = draft.subkeys(&SYSTEM, &bindings.into()).unwrap();
            let prefix = format!("PCI#VEN_1AF4&DEV_{device}");
            let bound = names.iter().find(|name| name.starts_with(&prefix)).unwrap();
            let key = format!("{bindings}\\{bound}");
            assert_eq!(text(&draft, &key, "Service").as_deref(), Some(service));
        }
        assert_eq!(added(&mut draft, &kvm).outcome, Outcome::Unchanged);
        let listed = list(&mut draft, false).unwrap();
        assert_eq!(listed.len(), 1);
        assert_eq!(listed[0].name(), result.package_id.unwrap());
        assert!(listed[0].boot_critical && listed[0].hardware_ids.len() == 2);

        // Here the values stand under the driver's own key.
        let ahci = with_drivers(&read("genahci__txtsetup.oem"));
        let result = added(&mut draft, &ahci);
        assert_eq!(result.outcome, Outcome::Pending, "{result:?}");
        let parameters = "ControlSet001\\Services\\storahci\\Parameters";
        assert_eq!(number(&draft, parameters, "BusType"), Some(0x0B));
        let interface = format!("{parameters}\\PnpInterface");
        assert_eq!(number(&draft, &interface, "5"), Some(1));
    }
}
}

in_each_store! {
fn the_inf_and_the_txtsetup_of_one_driver_agree_in_any_order() {
    let test = "F6 beside its INFs";
    let folder = "intel-iastor-xp-f6";
    let of = |inf| support::package(test, folder, inf);
    let Some(setup) = of("TXTSETUP.OEM") else {
        return;
    };
    let (ahci, raid) = (of("iaAHCI.inf").unwrap(), of("iaStor.inf").unwrap());
    for order in [
        [&setup, &ahci, &raid],
        [&ahci, &setup, &raid],
        [&raid, &ahci, &setup],
    ] {
        let image = TestImage::new(Around::WindowsXpX86, test).unwrap();
        let mut draft = image.open(Access::Read).look(now());
        for package in order {
            assert_eq!(added(&mut draft, package).outcome, Outcome::Pending);
        }
        for package in order {
            let again = added(&mut draft, package);
            assert_eq!(again.outcome, Outcome::Unchanged, "{}", again.inf);
        }
        let key = "ControlSet001\\Services\\iaStor";
        assert_eq!(number(&draft, key, "Start"), Some(0));
    }
}
}

const SETUP: &str = "[Disks]\r\nd1=a,\\t,\\one\r\nd2=b,\\t,\\two\r\n[Defaults]\r\nscsi=B\r\n\
    [scsi]\r\nA=\"First\"\r\nB=\"Second\"\r\n[Files.scsi.A]\r\ndriver=d1,x.sys,x\r\n\
    [Files.scsi.B]\r\ndriver=d2,x.sys,x\r\n[HardwareIds.scsi.A]\r\nid=\"PCI\\VEN_F1F1&DEV_0001\",\"x\"\r\n\
    [HardwareIds.scsi.B]\r\nid=\"PCI\\VEN_F1F1&DEV_0002\",\"x\"\r\n";

in_each_store! {
fn options_that_exclude_each_other_are_settled_by_the_default_or_refused() {
    let test = "F6 options";
    let Some(image) = TestImage::new(Around::WindowsXpX86, test) else {
        return;
    };
    let mut second = pe(X86);
    second.push(2);
    let files = [("one\\x.sys", pe(X86)), ("two\\x.sys", second.clone())];
    let mut draft = image.open(Access::Read).look(now());
    let result = added(&mut draft, &package(SETUP.as_bytes(), &files));
    assert_eq!(result.outcome, Outcome::Pending, "{result:?}");
    let driver = ImagePath::parse("Windows\\System32\\drivers\\x.sys").unwrap();
    assert_eq!(draft.read(&driver, 1 << 20).unwrap().unwrap(), second);
    let bindings = "ControlSet001\\Control\\CriticalDeviceDatabase\\PCI#VEN_F1F1&DEV_000";
    assert_eq!(text(&draft, &format!("{bindings}1"), "Service"), None);
    assert_eq!(
        text(&draft, &format!("{bindings}2"), "Service").as_deref(),
        Some("x")
    );

    let steps = draft.plan().steps.len();
    for (setup, files, reason) in [
        (SETUP.replace("scsi=B", "scsi=C"), &files[..], "A and B"),
        (SETUP.to_owned(), &[], "lacks `one\\x.sys`"),
        (
            SETUP.to_owned(),
            &[("one\\x.sys", pe(AMD64)), ("two\\x.sys", pe(AMD64))],
            "is a driver for amd64, but the image is x86",
        ),
        (
            SETUP.replace("\\one", "\\..\\one"),
            &files,
            "[Disks] line 2",
        ),
        (
            SETUP.replace("d1,x.sys,x", "d1,..\\x.sys,x"),
            &files,
            "leaves its folder",
        ),
        ("[Disks]\r\n".to_owned(), &files, "no mass storage driver"),
    ] {
        let refused = added(&mut draft, &package(setup.as_bytes(), files));
        assert_eq!(refused.outcome, Outcome::Refused, "{reason}");
        let said = refused.reason.unwrap();
        assert!(said.contains(reason), "{said}");
        assert_eq!(draft.plan().steps.len(), steps, "{reason}");
    }
}
}

in_each_store! {
fn later_windows_refuse_it_by_name() {
    let test = "F6 on 7";
    let Some(image) = TestImage::new(Around::Windows7X86, test) else {
        return;
    };
    let mut draft = image.open(Access::Read).look(now());
    let result = added(&mut draft, &package(SETUP.as_bytes(), &[]));
    assert!(result.reason.unwrap().contains("text mode setup"));
}
}
