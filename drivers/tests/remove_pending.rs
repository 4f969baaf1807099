//! Packages that wait for the first boot, taken out again: nothing of them is
//! left, and what others need stays.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "a test program"
)]

#[path = "support/held.rs"]
mod held;
mod support;

use held::{difference, held, held_by};
use support::{Around, TestImage, any_signature, corpus_packages, now, package};
use wimwright_drivers::{
    Outcome, Package, RemoveOptions, RemoveOutcome, RemoveResult, add, export, find_packages, list,
    remove,
};
use wimwright_servicing::{Access, Draft, FileTree as _, ImagePath, MemoryTree};
use wimwright_testdata::image::{self, Data};

const FOLDER: &str = "intel-iastor-xp-f6";

fn forced() -> RemoveOptions {
    let mut options = RemoveOptions::default();
    options.force = true;
    options
}

fn removed(draft: &mut Draft, names: &[&str], options: &RemoveOptions) -> Vec<RemoveResult> {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    remove(draft, &names, options).unwrap()
}

fn name_of(draft: &mut Draft, package: &Package) -> String {
    let result = add(draft, package, &any_signature()).unwrap();
    assert_ne!(result.outcome, Outcome::Refused, "{result:?}");
    result.package_id.unwrap()
}

in_each_store! {
fn add_then_remove_leaves_nothing_for_every_package_and_generation() {
    let test = "pending packages removed";
    for around in [
        Around::Windows2000X86,
        Around::WindowsXpX86,
        Around::WindowsXpX64,
        Around::WindowsVistaX86,
        Around::Windows7X86,
        Around::Windows7X64,
        Around::WindowsPe3X86,
    ] {
        let Some(packages) = corpus_packages(test) else {
            return;
        };
        let image = TestImage::new(around, test).unwrap();
        let before = held_by(&image);
        let mut taken = 0;
        let mut draft = image.open(Access::Read).look(now());
        for (_, package) in &packages {
            let result = add(&mut draft, package, &any_signature()).unwrap();
            if result.outcome == Outcome::Refused {
                continue;
            }
            taken += 1;
            let name = result.package_id.unwrap();
            let gone = removed(&mut draft, &[&name], &forced());
            assert_eq!(gone[0].outcome, RemoveOutcome::Removed, "{gone:?}");
        }
        let left = difference(&before, &held(&draft));
        assert!(left.is_empty(), "{around:?}: {left:#?}");
        assert!(taken > 5, "{around:?}: {taken}");
    }
}
}

in_each_store! {
fn removing_is_committed_like_anything_else() {
    let test = "pending package removed and committed";
    let Some(image) = TestImage::new(Around::Windows7X86, test) else {
        return;
    };
    let before = held_by(&image);
    let given = package(test, FOLDER, "iaStor.inf").unwrap();
    let (results, _) = image.add(&[given], false);
    let name = results[0].package_id.clone().unwrap();
    let mut transaction = image.open(Access::Write).begin(support::options());
    let results = transaction.run("remove", |draft| {
        remove(draft, std::slice::from_ref(&name), &forced())
    });
    assert!(results[0].is_ok());
    let receipt = transaction.prepare().unwrap().commit().unwrap().remove(0);
    assert!(receipt.plan.writes());
    let left = difference(&before, &held_by(&image));
    assert!(left.is_empty(), "{left:#?}");
    assert!(!image.path("Windows/OEMDRIVERS").exists());
}
}

/// The orders of three.
const ORDERS: [[usize; 3]; 6] = [
    [0, 1, 2],
    [0, 2, 1],
    [1, 0, 2],
    [1, 2, 0],
    [2, 0, 1],
    [2, 1, 0],
];

in_each_store! {
fn three_added_and_two_removed_in_any_order_is_as_adding_the_one() {
    let test = "pending packages that share a service";
    let Some(ahci) = package(test, FOLDER, "iaAHCI.inf") else {
        return;
    };
    // All three bring the service iaStor, with values and files of their own.
    let packages = [
        ahci,
        package(test, FOLDER, "iaStor.inf").unwrap(),
        package(test, FOLDER, "TXTSETUP.OEM").unwrap(),
    ];
    let image = TestImage::new(Around::WindowsXpX86, test).unwrap();
    for stays in 0..3 {
        let mut draft = image.open(Access::Read).look(now());
        name_of(&mut draft, &packages[stays]);
        let alone = held(&draft);
        for order in ORDERS {
            for gone in [[0, 1, 2], [2, 1, 0]] {
                let mut draft = image.open(Access::Read).look(now());
                let mut names = vec![String::new(); 3];
                for at in order {
                    names[at] = name_of(&mut draft, &packages[at]);
                }
                for at in gone.into_iter().filter(|at| *at != stays) {
                    // Another one still brings the service: nothing is forced.
                    let results = removed(&mut draft, &[&names[at]], &RemoveOptions::default());
                    assert_eq!(results[0].outcome, RemoveOutcome::Removed, "{results:?}");
                }
                let left = difference(&alone, &held(&draft));
                assert!(left.is_empty(), "{order:?} {gone:?} {stays}: {left:#?}");
            }
        }
    }
}
}

in_each_store! {
fn three_added_and_one_removed_is_as_adding_the_two() {
    let test = "one of three pending packages removed";
    let Some(ahci) = package(test, FOLDER, "iaAHCI.inf") else {
        return;
    };
    let packages = [
        ahci,
        package(test, FOLDER, "iaStor.inf").unwrap(),
        package(test, FOLDER, "TXTSETUP.OEM").unwrap(),
    ];
    let image = TestImage::new(Around::WindowsXpX86, test).unwrap();
    for gone in 0..3 {
        let mut two = image.open(Access::Read).look(now());
        for (at, package) in packages.iter().enumerate() {
            if at != gone {
                name_of(&mut two, package);
            }
        }
        let mut draft = image.open(Access::Read).look(now());
        let names: Vec<String> = packages
            .iter()
            .map(|package| name_of(&mut draft, package))
            .collect();
        removed(&mut draft, &[&names[gone]], &RemoveOptions::default());
        let left = difference(&held(&two), &held(&draft));
        assert!(left.is_empty(), "{gone}: {left:#?}");
    }
}
}

in_each_store! {
fn what_boots_is_kept_unless_forced_and_unknown_names_are_refused() {
    let test = "pending boot driver";
    let Some(image) = TestImage::new(Around::WindowsXpX86, test) else {
        return;
    };
    let mut draft = image.open(Access::Read).look(now());
    let boots = name_of(&mut draft, &package(test, FOLDER, "iaAHCI.inf").unwrap());
    let port = package(test, "ftdi-cdm-2.08.30", "ftdiport.inf").unwrap();
    let port = name_of(&mut draft, &port);
    let before = held(&draft);
    let results = removed(&mut draft, &[&boots, &port], &RemoveOptions::default());
    let reason = results[0].reason.as_deref().unwrap();
    assert!(
        reason.contains("iaStor") && reason.contains("0x7B") && reason.contains("--force"),
        "{reason}"
    );
    // All of them, or none.
    assert_eq!(results[1].outcome, RemoveOutcome::Refused);
    assert!(difference(&before, &held(&draft)).is_empty());
    for (name, words) in [("oem77.inf", "no driver"), ("pending:nothing", "no driver")] {
        let results = removed(&mut draft, &[name], &forced());
        let reason = results[0].reason.as_deref().unwrap();
        assert!(reason.contains(words), "{reason}");
    }
    let results = removed(&mut draft, &["winusb.inf"], &forced());
    let reason = results[0].reason.as_deref().unwrap();
    assert!(reason.contains("came with Windows"), "{reason}");

    let results = removed(&mut draft, &[&boots, &port], &forced());
    assert!(
        results
            .iter()
            .all(|result| result.outcome == RemoveOutcome::Removed)
    );
    let warned = results[0].findings.iter();
    assert_eq!(
        warned.filter(|f| f.name == "boot-driver-removed").count(),
        1
    );
    assert!(list(&mut draft, false).unwrap().is_empty());
}
}

in_each_store! {
fn a_service_that_a_device_or_an_inf_of_windows_uses_stays() {
    let test = "service in use";
    let Some(ahci) = package(test, FOLDER, "iaAHCI.inf") else {
        return;
    };
    let inbox =
        "[Version]\r\nSignature=\"$Windows NT$\"\r\n[x.Services]\r\nAddService=iaStor,2,y\r\n";
    for by_inf in [true, false] {
        let image = TestImage::new(Around::WindowsXpX86, test).unwrap();
        match by_inf {
            true => std::fs::write(image.path("Windows/INF/mshdc.inf"), inbox).unwrap(),
            false => {
                let path = image.path("Windows/System32/config/SYSTEM");
                let bytes = std::fs::read(&path).unwrap();
                let (mut hive, _) =
                    wimwright_servicing::registry::Hive::open_with_logs(bytes, &[]).unwrap();
                let device = "ControlSet001\\Enum\\PCI\\VEN_8086&DEV_2922\\3&1";
                image::set(&mut hive, device, "Service", &Data::Sz("IASTOR"));
                std::fs::write(&path, hive.into_bytes()).unwrap();
            }
        }
        let mut draft = image.open(Access::Read).look(now());
        let name = name_of(&mut draft, &ahci);
        let results = removed(&mut draft, &[&name], &forced());
        assert_eq!(results[0].outcome, RemoveOutcome::Removed);
        let kept = results[0]
            .findings
            .iter()
            .find(|found| found.name == "service-kept");
        let kept = &kept.unwrap_or_else(|| panic!("{results:?}")).message;
        assert!(
            kept.contains(if by_inf { "mshdc.inf" } else { "DEV_2922" }),
            "{kept}"
        );
        let driver =
            wimwright_servicing::ImagePath::parse("Windows\\System32\\drivers\\iaStor.sys");
        assert!(draft.has_file(&driver.unwrap()).unwrap());
    }
}
}

in_each_store! {
fn published_infs_go_where_windows_keeps_nothing_else() {
    let test = "published INF";
    let Some(port) = package(test, "ftdi-cdm-2.08.30", "ftdiport.inf") else {
        return;
    };
    let bytes = { port.tree().read(port.inf(), 1 << 24).unwrap().unwrap() };
    let catalogs = "Windows/System32/CatRoot/{F750E6C3-38EE-11D1-85E5-00C04FC295EE}";
    for (around, goes) in [(Around::WindowsXpX86, true), (Around::Windows7X86, false)] {
        let image = TestImage::new(around, test).unwrap();
        let before = held_by(&image);
        std::fs::write(image.path("Windows/INF/oem4.inf"), &bytes).unwrap();
        std::fs::write(image.path("Windows/INF/OEM4.PNF"), b"compiled").unwrap();
        std::fs::write(image.path(catalogs).join("oem4.cat"), b"catalog").unwrap();
        let mut draft = image.open(Access::Read).look(now());
        let listed = list(&mut draft, false).unwrap();
        assert_eq!(listed[0].published_name.as_deref(), Some("oem4.inf"));
        // Windows has published it: adding it again stages nothing.
        let again = add(&mut draft, &port, &any_signature()).unwrap();
        assert_eq!(
            again.published_name.as_deref(),
            Some("oem4.inf"),
            "{again:?}"
        );
        assert!(again.package_id.is_none());

        let mut draft = image.open(Access::Read).look(now());
        let results = removed(&mut draft, &["oem4"], &RemoveOptions::default());
        if goes {
            assert_eq!(results[0].outcome, RemoveOutcome::Removed, "{results:?}");
            let left = difference(&before, &held(&draft));
            assert!(left.is_empty(), "{left:#?}");
        } else {
            let reason = results[0].reason.as_deref().unwrap();
            assert!(reason.contains("pnputil"), "{reason}");
        }
    }
}
}

in_each_store! {
fn an_exported_package_added_to_a_fresh_image_gives_the_same() {
    let test = "pending packages exported";
    for (around, folder, inf) in [
        (Around::WindowsXpX86, FOLDER, "iaAHCI.inf"),
        (Around::WindowsXpX86, FOLDER, "TXTSETUP.OEM"),
        (Around::Windows7X64, "ftdi-cdm-2.08.30", "ftdibus.inf"),
        (Around::WindowsPe3X86, "vigembus-x86", "ViGEmBus.inf"),
    ] {
        let Some(given) = package(test, folder, inf) else {
            return;
        };
        let image = TestImage::new(around, test).unwrap();
        let mut draft = image.open(Access::Read).look(now());
        let name = name_of(&mut draft, &given);
        let first = held(&draft);
        let exported = export(&draft, std::slice::from_ref(&name)).unwrap();
        let [exported] = exported.as_slice() else {
            panic!("{exported:?}");
        };
        let id = exported.package_id.as_deref().unwrap();
        assert_eq!(name, format!("pending:{id}"));
        let mut tree = MemoryTree::new();
        for file in &exported.files {
            let blob = draft.open(&file.image_path).unwrap().unwrap();
            tree.insert_blob(file.relative.clone(), blob);
        }
        let found = find_packages(&tree, false).unwrap();
        let setup = |path: &ImagePath| path.file_name().unwrap().is("txtsetup.oem");
        let inf = found.iter().find(|path| setup(path)).unwrap_or(&found[0]);
        let copy = Package::new("copy", id, std::sync::Arc::new(tree), inf.clone());
        let mut fresh = image.open(Access::Read).look(now());
        assert_eq!(name_of(&mut fresh, &copy), name);
        let left = difference(&first, &held(&fresh));
        assert!(left.is_empty(), "{name}: {left:#?}");
        // Without names everything of third parties is exported.
        let all = export(&draft, &[]).unwrap();
        assert_eq!(all.len(), 1);
    }
}
}
