//! Nothing that Windows itself leaves behind is called a fault: every healthy
//! real hive, with placeholders for the files that it names, is in order but
//! for what the corpus does not have.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "a test program"
)]

#[path = "support/placeholders.rs"]
mod placeholders;
mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use placeholders::{Laid, lay_out};
use support::{TestImage, any_signature, corpus_packages, now, options};
use wimwright_drivers::Outcome;
use wimwright_drivers::check::{Fault, Severity, check};
use wimwright_servicing::registry::Hive;
use wimwright_servicing::{Access, BeginOptions, DraftError};
use wimwright_testdata::image::{self, Data, Windows};

/// A hive of the corpus, the endings of its logs, and what its SOFTWARE hive
/// would say.
struct Real {
    name: &'static str,
    logs: &'static [&'static str],
    version: (u32, u32, u32),
    /// Packages of the SYSTEM node, and services that start with the kernel.
    holds: (usize, usize),
}

/// Numbers by an independent reading (hivex).
const HIVES: &[Real] = &[
    real("SYSTEM-win81-x64-dirty", &[], (6, 3, 9600), (159, 78)),
    real(
        "SYSTEM-win10-1709-x64-dirty",
        &["LOG1", "LOG2"],
        (10, 0, 16299),
        (222, 86),
    ),
    real("SYSTEM-win10-2004-x64", &[], (10, 0, 19041), (239, 94)),
    real(
        "SYSTEM-win10-minimal-driverdb",
        &[],
        (10, 0, 15063),
        (0, 15),
    ),
    real("SYSTEM-win7-sp1-x86", &[], (6, 1, 7601), (0, 36)),
    real("SYSTEM-winxp-sp3-x86", &[], (5, 1, 2600), (0, 18)),
    real("SYSTEM-winxp64-sp2", &[], (5, 2, 3790), (0, 20)),
    real("SYSTEM-winxp64-sp2.sav", &[], (5, 2, 3790), (0, 16)),
];

const fn real(
    name: &'static str,
    logs: &'static [&'static str],
    version: (u32, u32, u32),
    holds: (usize, usize),
) -> Real {
    Real {
        name,
        logs,
        version,
        holds,
    }
}

/// An image around a real hive, with placeholders; without a DRIVERS hive,
/// which the corpus has none of.
fn image_around(real: &Real, corpus: &Path) -> (TestImage, Laid) {
    let hives = corpus.join("hives");
    let catalog = fs::read(corpus.join("drivers/virtio-viostor-w10-amd64/viostor.cat")).unwrap();
    let mut laid = None;
    let image = TestImage::made(|root| {
        let mut system = wimwright_testdata::read(&hives.join(real.name));
        if real.name.ends_with("minimal-driverdb") || real.name.ends_with(".sav") {
            // Reduced by whoever kept it, or not written to its end by setup:
            // it does not say for which processor.
            let mut hive = Hive::open(system).unwrap();
            let key = "ControlSet001\\Control\\Session Manager\\Environment";
            image::set(&mut hive, key, "PROCESSOR_ARCHITECTURE", &Data::Sz("AMD64"));
            system = hive.into_bytes();
        }
        let logs = real.logs.iter().map(|ending| {
            let log = hives.join(format!("{}.{ending}", real.name));
            (*ending, wimwright_testdata::read(&log))
        });
        let logs: Vec<(&str, Vec<u8>)> = logs.collect();
        let (major, minor, build) = real.version;
        image::write(root, &system, &logs, &Windows::new(major, minor, build), 9);
        let _ = fs::remove_file(root.join("Windows/System32/config/DRIVERS"));
        laid = Some(lay_out(root, &catalog));
    });
    (image, laid.unwrap())
}

fn faults(image: &TestImage) -> Vec<Fault> {
    check(&image.open(Access::Read).look(now())).unwrap()
}

fn names(faults: &[Fault]) -> BTreeMap<&'static str, Vec<String>> {
    let mut names: BTreeMap<&'static str, Vec<String>> = BTreeMap::new();
    for fault in faults {
        let told = format!("{}: {}", fault.place, fault.message);
        names.entry(fault.check.name).or_default().push(told);
    }
    names
}

#[test]
fn a_healthy_hive_lacks_nothing_but_what_is_not_there() {
    let Some(corpus) = wimwright_testdata::corpus("health of real hives") else {
        return;
    };
    for real in HIVES {
        let (image, laid) = image_around(real, &corpus);
        assert_eq!(
            (laid.packages, laid.boot_files),
            real.holds,
            "{}",
            real.name
        );
        let found = faults(&image);
        let expected: &[&str] = match real.version >= (6, 2, 0) {
            true => &["drivers-hive"],
            false => &[],
        };
        let names = names(&found);
        let listed: Vec<&str> = names.keys().copied().collect();
        assert_eq!(listed, expected, "{}: {names:#?}", real.name);
    }
}

/// The only DRIVERS hive of the corpus is a phone's, and knows no package: what
/// the SYSTEM hive's notes say of packages that it does not know is worth a
/// note.
#[test]
fn a_drivers_hive_of_another_image_is_worth_notes_alone() {
    let Some(corpus) = wimwright_testdata::corpus("health beside a phone's DRIVERS") else {
        return;
    };
    for real in &HIVES[..3] {
        let (image, _) = image_around(real, &corpus);
        let drivers = corpus.join("hives/DRIVERS-win10mobile");
        fs::copy(drivers, image.path("Windows/System32/config/DRIVERS")).unwrap();
        for fault in faults(&image) {
            let known = ["oem-map-unused", "orphan-published"].contains(&fault.check.name);
            assert!(
                known && fault.check.severity == Severity::Note,
                "{}: {fault:?}",
                real.name
            );
        }
    }
}

/// What is really absent is named, file by file.
#[test]
fn each_absent_file_of_a_real_hive_is_named() {
    let Some(corpus) = wimwright_testdata::corpus("absent files of real hives") else {
        return;
    };
    let (image, _) = image_around(&HIVES[2], &corpus);
    for (folder, name, check) in [
        ("System32/drivers", "stornvme.sys", "boot-file"),
        ("INF", "acpi.inf", "published-inf"),
        (
            "System32/DriverStore/FileRepository/vmci.inf_",
            "vmci.cat",
            "store-catalog",
        ),
        (
            "System32/DriverStore/FileRepository/acpi.inf_",
            "acpi.inf",
            "package-inf",
        ),
        (
            "System32/CatRoot/{F750E6C3-38EE-11D1-85E5-00C04FC295EE}",
            "oem2.cat",
            "published-catalog",
        ),
    ] {
        let path = find(&image.path("Windows"), folder, name);
        let bytes = fs::read(&path).unwrap();
        fs::remove_file(&path).unwrap();
        let mut found = names(&faults(&image));
        fs::write(&path, bytes).unwrap();
        found.remove("drivers-hive");
        assert_eq!(found.len(), 1, "{name}: {found:#?}");
        let told = &found[check];
        assert!(
            told.len() == 1 && told[0].to_lowercase().contains(name),
            "{told:?}"
        );
    }
}

/// A file, whatever its case; the last folder may be named by how it begins.
fn find(top: &Path, folder: &str, name: &str) -> PathBuf {
    let begins = |path: &Path, with: &str| {
        let mut entries = fs::read_dir(path)
            .unwrap()
            .map(|entry| entry.unwrap().path());
        let found = entries.find(|entry| {
            let name = entry.file_name().unwrap().to_string_lossy().to_lowercase();
            name.starts_with(&with.to_lowercase())
        });
        found.unwrap_or_else(|| panic!("{with} in {}", path.display()))
    };
    let folder = folder
        .split('/')
        .fold(top.to_path_buf(), |path, part| begins(&path, part));
    begins(&folder, name)
}

/// What `add` writes is what the checks expect, for every package of the corpus
/// that an image takes.
#[test]
fn nothing_is_wrong_with_what_add_writes() {
    let Some(corpus) = wimwright_testdata::corpus("health after drivers add") else {
        return;
    };
    let packages = corpus_packages("health after drivers add").unwrap();
    for real in HIVES {
        // One of each kind of store, and the oldest and newest of the last.
        if ![
            "SYSTEM-win81-x64-dirty",
            "SYSTEM-win10-2004-x64",
            "SYSTEM-win7-sp1-x86",
            "SYSTEM-winxp-sp3-x86",
        ]
        .contains(&real.name)
        {
            continue;
        }
        let (image, _) = image_around(real, &corpus);
        if real.version >= (6, 2, 0) {
            let (major, minor, build) = real.version;
            let drivers = image::drivers(&Windows::new(major, minor, build), 9);
            fs::write(image.path("Windows/System32/config/DRIVERS"), drivers).unwrap();
        }
        let mut transaction = image.open(Access::Read).begin(BeginOptions {
            accept_dirty_hive: true,
            ..options()
        });
        let results = transaction.run("add", |draft| -> Result<_, DraftError> {
            let before = names(&check(draft).unwrap());
            let mut taken = 0;
            for (_, package) in &packages {
                let result = wimwright_drivers::add(draft, package, &any_signature()).unwrap();
                taken += usize::from(result.outcome != Outcome::Refused);
            }
            Ok((before, taken, names(&check(draft).unwrap())))
        });
        let [Ok((before, taken, mut after))] = <[_; 1]>::try_from(results).unwrap() else {
            panic!("{}", real.name);
        };
        assert!(taken > 5, "{}: {taken}", real.name);
        // Two folders of the corpus hold the same package, packed differently.
        after.remove("same-package");
        assert_eq!(before, after, "{}", real.name);
    }
}
