//! Which driver an image's index names for a device, over all generations, in
//! directories and WIM files.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "a test program"
)]

mod support;

use std::fs;

use support::{Around, TestImage, any_signature, made_package, now, pe};
use wimwright_drivers::matching::{
    DeviceState, DriverIndex, Need, Scope, Source, match_device, match_packages, read_packages,
};
use wimwright_drivers::rank::{MatchType, SignatureClass};
use wimwright_drivers::{Outcome, Package};
use wimwright_servicing::hardware::{Device, Hardware};
use wimwright_servicing::{Access, Image};

const SYSTEM: &str = "System\nClassGuid={4D36E97D-E325-11CE-BFC1-08002BE10318}";
const EXTENSION: &str = "Extension\nClassGuid={E2F84CE7-8EFA-411C-AA69-97454CA4CB57}\n\
                         ExtensionId={11111111-2222-3333-4444-555555555555}";

/// An INF of a driver without files; `models` are lines of its models section.
fn inf(class: &str, version: &str, models: &str, more: &str) -> String {
    format!(
        "[Version]\nSignature=\"$Windows NT$\"\nClass={class}\nProvider=Maker\n\
         DriverVer={version}\nPnpLockdown=1\n[Manufacturer]\nMaker=M,NTamd64\n[M]\n{models}\n\
         [M.NTamd64]\n{models}\n[I.NT]\n[I.NT.Services]\nAddService=,2\n{more}"
    )
}

/// The same as a package with a name of its own.
fn package(name: &str, text: &str) -> Package {
    let mut tree = wimwright_servicing::MemoryTree::new();
    tree.insert(name, text).unwrap();
    let inf = wimwright_servicing::ImagePath::parse(name).unwrap();
    Package::new("memory", "", std::sync::Arc::new(tree), inf)
}

fn device(hardware: &[&str], compatible: &[&str]) -> Device {
    let owned = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect();
    Device {
        hardware_ids: owned(hardware),
        compatible_ids: owned(compatible),
        ..Device::default()
    }
}

fn stage(image: &TestImage, packages: &[Package], accept_dirty_hive: bool) {
    let (results, _) = image.add(packages, accept_dirty_hive);
    for result in results {
        assert_ne!(result.outcome, Outcome::Refused, "{result:?}");
    }
}

fn index(image: &Image) -> DriverIndex {
    DriverIndex::of_image(&image.look(now()), Scope::Everything).unwrap()
}

in_each_store! {
/// Of several drivers the rank decides, then the date, then the version; each
/// loser has its reason.
fn the_better_driver_wins_and_the_others_say_why() {
    let Some(image) = TestImage::new(Around::Windows10_2004, "the better driver wins") else {
        return;
    };
    let packages = [
        package("exact.inf", &inf(SYSTEM, "01/01/2010,1.0", "d=I,PCI\\VEN_9999&DEV_0001&REV_01", "")),
        package("newer.inf", &inf(SYSTEM, "01/01/2020,1.0", "d=I,PCI\\VEN_9999&DEV_0001", "")),
        package("older.inf", &inf(SYSTEM, "01/01/2019,9.0", "d=I,PCI\\VEN_9999&DEV_0001", "")),
        package("lower.inf", &inf(SYSTEM, "01/01/2020,0.9", "d=I,PCI\\VEN_9999&DEV_0001", "")),
        package("family.inf", &inf(SYSTEM, "01/01/2024,9.0", "d=I,X,PCI\\VEN_9999&DEV_0001", "")),
        package("class.inf", &inf(SYSTEM, "01/01/2024,9.0", "d=I,PCI\\CC_9999", "")),
    ];
    stage(&image, &packages, false);
    let image = image.open(Access::Read);
    let index = index(&image);
    let told = |device: &Device| -> Vec<(String, String)> {
        let found = match_device(&[&index], device).unwrap();
        let told = found.candidates.iter().map(|found| {
            let why = found.lost.map_or("wins".to_owned(), |lost| lost.to_string());
            (found.driver.original_file_name.clone(), why)
        });
        told.collect()
    };
    let known = device(
        &["PCI\\VEN_9999&DEV_0001&REV_01", "pci\\ven_9999&dev_0001"],
        &["PCI\\CC_9999"],
    );
    let hardware_or_not = "matches a hardware id that its INF calls compatible, the winner a hardware id";
    let hardware_or_class = "matches a compatible id, the winner a hardware id";
    let expected = |list: &[(&str, &str)]| -> Vec<(String, String)> {
        list.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect()
    };
    assert_eq!(
        told(&known),
        expected(&[
            ("exact.inf", "wins"),
            ("newer.inf", "matches a less specific id"),
            ("lower.inf", "matches a less specific id"),
            ("older.inf", "matches a less specific id"),
            ("family.inf", hardware_or_not),
            ("class.inf", hardware_or_class),
        ])
    );
    // Another revision: date and version decide.
    let revised = device(&["PCI\\VEN_9999&DEV_0001&REV_02", "PCI\\VEN_9999&DEV_0001"], &[]);
    assert_eq!(
        told(&revised),
        expected(&[
            ("newer.inf", "wins"),
            ("lower.inf", "same date, lower version"),
            ("older.inf", "older date"),
            ("family.inf", hardware_or_not),
        ])
    );
    // Two that are alike: nobody can say which, and we do not pretend.
    let strange = device(&["PCI\\VEN_9999&DEV_0002"], &[]);
    let found = match_device(&[&index], &strange).unwrap();
    assert_eq!(found.state(&strange), DeviceState::Missing);
    assert_eq!(found.state(&device(&[], &[])), DeviceState::WithoutIds);
    let found = match_device(&[&index], &known).unwrap();
    let best = found.best().unwrap();
    assert_eq!(best.section.as_deref(), Some("I.NT"));
    assert_eq!(best.driver.source, Source::SystemDatabase);
    assert!(best.driver.name().starts_with("oem"), "{}", best.driver.name());
    assert_eq!(best.driver.class_name.as_deref(), Some("System"));
    assert_eq!(best.driver.provider_name, "Maker");
    assert_eq!(best.signature, SignatureClass::Unsigned);
    assert_eq!(best.standing.rank.to_string(), "0x80FF0000");
}
}

in_each_store! {
/// A section that excludes a device is not for it, and an extension is no
/// driver.
fn excluded_devices_and_extensions() {
    let Some(image) = TestImage::new(Around::Windows10_2004, "excluded devices") else {
        return;
    };
    let not_for = "[I.NT.x]\n";
    let excluding = inf(SYSTEM, "01/01/2020,1.0", "d=I,USB\\VID_9999", not_for)
        .replace("[I.NT]\n", "[I.NT]\nExcludeID=USB\\VID_9999&PID_0002\n");
    let old = "ExtensionId={11111111-2222-3333-4444-555555555555}";
    let extension = |version| {
        inf(EXTENSION, version, "d=I,USB\\VID_9999", "").replace("AddService=,2\n", "")
    };
    assert!(extension("x").contains(old));
    stage(
        &image,
        &[
            package("ex.inf", &excluding),
            package("add1.inf", &extension("01/01/2021,1.0")),
            package("add2.inf", &extension("01/01/2022,1.0")),
        ],
        false,
    );
    let image = image.open(Access::Read);
    let index = index(&image);
    let first = device(&["USB\\VID_9999&PID_0001", "USB\\VID_9999"], &[]);
    let found = match_device(&[&index], &first).unwrap();
    assert_eq!(found.candidates.len(), 1);
    let extensions: Vec<_> = found
        .extensions
        .iter()
        .map(|found| found.driver.original_file_name.as_str())
        .collect();
    // One extension id: the newest alone.
    assert_eq!(extensions, ["add2.inf"]);
    let [older] = found.older_extensions.as_slice() else {
        panic!("{found:?}");
    };
    assert_eq!(older.driver.original_file_name, "add1.inf");
    assert_eq!(older.lost.unwrap().name(), "date");
    let second = device(&["USB\\VID_9999&PID_0002", "USB\\VID_9999"], &[]);
    let found = match_device(&[&index], &second).unwrap();
    assert_eq!(found.state(&second), DeviceState::Missing, "{found:?}");
}
}

in_each_store! {
/// Before Windows 8 the INFs themselves are read: Windows' own, published ones,
/// and those that wait for the first boot.
fn older_windows_are_read_from_their_infs() {
    for around in [Around::WindowsXpX86, Around::Windows7X86, Around::WindowsVistaX86] {
        let Some(image) = TestImage::new(around, "older Windows") else {
            return;
        };
        let folder = image.path("Windows/INF");
        fs::create_dir_all(&folder).unwrap();
        let own = inf(SYSTEM, "07/01/2001,5.1.2600.0", "d=I,PCI\\CC_9999\ne=I,Y,PCI\\VEN_9999", "");
        fs::write(folder.join("machine.inf"), own).unwrap();
        fs::write(folder.join("broken.inf"), [0xFF, 0xFE, 0x00]).unwrap();
        fs::write(folder.join("layout.inf"), "[Version]\nSignature=\"$Chicago$\"\n").unwrap();
        let published = inf(SYSTEM, "01/01/2005,1.0", "d=I,PCI\\VEN_9999&DEV_0001", "");
        fs::write(folder.join("oem0.inf"), &published).unwrap();
        if !matches!(around, Around::WindowsXpX86) {
            let store = image.path("Windows/System32/DriverStore/FileRepository");
            let stored = store.join("net9.inf_x86_neutral_0123456789abcdef");
            fs::create_dir_all(&stored).unwrap();
            fs::write(stored.join("net9.inf"), &published).unwrap();
        }
        let waits = inf(SYSTEM, "01/01/2004,1.0", "d=I,PCI\\VEN_9999&DEV_0001&REV_07", "");
        stage(&image, &[package("waits.inf", &waits)], true);
        let image = image.open(Access::Read);
        let index = index(&image);
        let best = |device: &Device| {
            let found = match_device(&[&index], device).unwrap();
            found.best().cloned().unwrap()
        };
        let found = best(&device(&["PCI\\VEN_9999&DEV_0009"], &["PCI\\CC_9999"]));
        assert_eq!(found.driver.name(), "machine.inf", "{around:?}");
        assert!(found.driver.inbox);
        assert_eq!(found.driver.source, Source::InfDirectory);
        assert_eq!(found.signature, SignatureClass::Microsoft);

        let found = best(&device(&["PCI\\VEN_9999&DEV_0001"], &[]));
        assert_eq!(found.driver.name(), "oem0.inf", "{around:?}");
        assert_eq!(found.signature, SignatureClass::Unsigned);
        let score = found.standing.rank.identifier_score();
        assert_eq!(score.match_type(), MatchType::HardwareHardware);
        // Of the store's folder and the published INF there is one driver.
        let same = index.drivers().iter().filter(|driver| driver.name() == "oem0.inf");
        assert_eq!(same.count(), 1, "{around:?}");
        match around {
            Around::WindowsXpX86 => {
                assert_eq!(found.driver.source, Source::InfDirectory);
                assert_eq!(found.standing.rank.to_string(), "0x00008000");
            }
            _ => {
                assert_eq!(found.driver.source, Source::DriverStore);
                assert_eq!(found.driver.original_file_name, "net9.inf");
                assert_eq!(found.standing.rank.to_string(), "0x80FF0000");
            }
        }

        let revised = device(&["PCI\\VEN_9999&DEV_0001&REV_07", "PCI\\VEN_9999&DEV_0001"], &[]);
        let found = best(&revised);
        assert!(found.driver.name().starts_with("pending:"), "{}", found.driver.name());
        assert_eq!(found.driver.source, Source::Pending);
        // Signed is better than exact.
        let signed = device(
            &["PCI\\VEN_9999&DEV_0001&REV_07", "PCI\\VEN_9999"],
            &[],
        );
        let found = match_device(&[&index], &signed).unwrap();
        assert_eq!(found.best().unwrap().driver.name(), "machine.inf");
        let lost = found.runners_up()[0].lost.unwrap();
        assert_eq!(lost.name(), "signature");
    }
}
}

in_each_store! {
/// What packages are worth before anything is staged.
fn packages_are_weighed_against_the_image_and_each_other() {
    let Some(image) = TestImage::new(Around::Windows10_2004, "packages are weighed") else {
        return;
    };
    let in_image = package("old.inf", &inf(SYSTEM, "01/01/2015,1.0", "d=I,PCI\\VEN_9999&DEV_0001", ""));
    stage(&image, std::slice::from_ref(&in_image), false);
    let image = image.open(Access::Read);
    let draft = image.look(now());
    let index = DriverIndex::of_image(&draft, Scope::Everything).unwrap();

    let driver = inf(SYSTEM, "01/01/2022,1.0", "d=I,PCI\\VEN_9999&DEV_0001", "")
        + "[I.NT.Components]\nAddComponent=c,,C\n[C]\nComponentIDs=VID9999&PID1\n";
    let packages = [
        package("new.inf", &driver),
        package("outdated.inf", &inf(SYSTEM, "01/01/2010,1.0", "d=I,PCI\\VEN_9999&DEV_0001", "")),
        package("other.inf", &inf(SYSTEM, "01/01/2022,1.0", "d=I,PCI\\VEN_8888", "")),
        package("part.inf", &inf(SYSTEM, "01/01/2022,1.0", "d=I,SWC\\VID9999&PID1", "")),
        made_package(
            "[Version]\nSignature=\"$Windows NT$\"\n",
            &[("x.sys", &pe(0x8664))],
        ),
        in_image,
        package("new.inf", &driver),
    ];
    let read = read_packages(&draft, &index, &packages, &any_signature()).unwrap();
    let computer = Hardware {
        name: "lab".to_owned(),
        devices: vec![
            device(&["PCI\\VEN_9999&DEV_0001"], &[]),
            device(&["PCI\\VEN_7777"], &[]),
        ],
        ..Hardware::default()
    };
    let computers = [computer];
    let found = match_packages(&index, &read, &computers).unwrap();
    assert_eq!(found.computers[0].missing(), 1);
    let [new, outdated, other, part, refused, present, again] = found.verdicts.as_slice() else {
        panic!("{:?}", found.verdicts);
    };
    let present_name = index
        .drivers()
        .iter()
        .find(|driver| driver.original_file_name == "old.inf")
        .unwrap()
        .name();
    assert_eq!(
        new.needs,
        [Need::Drives {
            computer: "lab".to_owned(),
            device: "PCI\\VEN_9999&DEV_0001".to_owned(),
            instead_of: Some(present_name.to_owned()),
        }]
    );
    assert_eq!(new.package.as_ref().unwrap().bytes, driver.len() as u64);
    assert!(!outdated.needed());
    let (id, winner, lost) = &outdated.loses[0];
    assert_eq!(
        (id.as_str(), winner.as_str(), lost.name()),
        ("PCI\\VEN_9999&DEV_0001", "new.inf", "date")
    );
    assert!(!other.needed() && other.loses.is_empty());
    assert_eq!(
        part.needs,
        [Need::Component {
            id: "SWC\\VID9999&PID1".to_owned(),
            of: "new.inf".to_owned(),
        }]
    );
    let reason = refused.package.as_ref().unwrap_err();
    assert!(reason.contains("[Manufacturer]"), "{reason}");
    assert!(present.package.as_ref().unwrap().in_image);
    assert!(!present.needed());
    let reason = again.superfluous();
    assert_eq!(reason.as_deref(), Some("the same package as new.inf"));
    assert_eq!(new.superfluous(), None);
    assert_eq!(other.superfluous().as_deref(), Some("fits none of the devices"));

    // Without the newer one, the package that the image holds is needed.
    let read = read_packages(&draft, &index, &packages[5..6], &any_signature()).unwrap();
    let found = match_packages(&index, &read, &computers).unwrap();
    assert!(found.verdicts[0].needed(), "{:?}", found.verdicts);
}
}
