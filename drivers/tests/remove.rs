//! Driver packages taken out again: of every image and package of the corpus,
//! and packages that real machines installed.

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

use std::io::Write as _;
use std::process::{Command, Stdio};

use held::{difference, held, held_by};
use support::{Around, TestImage, any_signature, corpus_packages, package};
use wimwright_drivers::{Error, Outcome, RemoveOptions, RemoveOutcome, RemoveResult};
use wimwright_servicing::plan::{Basis, Change};
use wimwright_servicing::registry::{HiveName, KeyPath, RegData};
use wimwright_servicing::{Access, BeginOptions, Draft, DraftError, Receipt};

const VIOSTOR: (&str, &str) = ("virtio-viostor-w10-amd64", "viostor.inf");
const REPOSITORY: &str = "Windows/System32/DriverStore/FileRepository";
const TEST: Basis = Basis::verified("test");

fn begin(around: Around) -> BeginOptions {
    BeginOptions {
        accept_dirty_hive: matches!(around, Around::Windows81),
        ..support::options()
    }
}

/// An image with the folders and keys of the driver store that real ones have.
fn image(around: Around, test: &str) -> Option<TestImage> {
    let image = TestImage::new(around, test)?;
    std::fs::create_dir_all(image.path(REPOSITORY)).unwrap();
    edit(&image, around, |draft| {
        for below in ["DeviceIds", "DriverInfFiles", "DriverPackages"] {
            let key = KeyPath::from("DriverDatabase").join(below);
            let _ = draft.create_key(HiveName::Drivers, &key, &TEST)?;
        }
        // The hive gets recovered here where it is dirty.
        let key = KeyPath::from("DriverDatabase\\DeviceIds");
        let _ = draft.set_value(HiveName::System, &key, "x", RegData::dword(1), &TEST)?;
        delete_value(draft, HiveName::System, &key, "x")
    });
    Some(image)
}

fn edit(image: &TestImage, around: Around, change: impl Fn(&mut Draft) -> Result<(), DraftError>) {
    let mut transaction = image.open(Access::Write).begin(begin(around));
    for result in transaction.run("test", &change) {
        result.unwrap();
    }
    let _ = transaction.prepare().unwrap().commit().unwrap();
}

fn delete_value(
    draft: &mut Draft,
    hive: HiveName,
    key: &KeyPath,
    name: &str,
) -> Result<(), DraftError> {
    let (key, name) = (key.clone(), name.into());
    let _ = draft.plan_change(Change::DeleteValue { hive, key, name }, &TEST)?;
    Ok(())
}

fn remove(image: &TestImage, names: &[&str], force: bool) -> (Vec<RemoveResult>, Receipt) {
    let mut options = RemoveOptions::default();
    options.force = force;
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut transaction = image.open(Access::Write).begin(BeginOptions {
        accept_dirty_hive: true,
        ..support::options()
    });
    let mut results = transaction.run("drivers remove", |draft| {
        wimwright_drivers::remove(draft, &names, &options)
    });
    let results = results.remove(0).unwrap();
    (
        results,
        transaction.prepare().unwrap().commit().unwrap().remove(0),
    )
}

fn refused(image: &TestImage, names: &[&str], force: bool) -> Vec<String> {
    let before = image.snapshot();
    let (results, receipt) = remove(image, names, force);
    assert!(!receipt.plan.writes(), "{}", receipt.plan);
    assert!(image.snapshot() == before, "a byte changed");
    results
        .into_iter()
        .map(|result| {
            assert_eq!(result.outcome, RemoveOutcome::Refused, "{result:?}");
            result.reason.unwrap()
        })
        .collect()
}

/// What is done on the real images is tried on drafts: their hives are large.
fn on(around: Around, test: &str, run: impl Fn(&mut Draft) -> Result<(), Error>) {
    let Some(image) = image(around, test) else {
        return;
    };
    let mut transaction = image.open(Access::Write).begin(begin(around));
    let results = transaction.run(test, run);
    assert!(results[0].is_ok(), "{around:?}: {results:?}");
}

fn try_remove(draft: &mut Draft, names: &[&str], force: bool) -> Result<Vec<RemoveResult>, Error> {
    let mut options = RemoveOptions::default();
    options.force = force;
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    wimwright_drivers::remove(draft, &names, &options)
}

fn names_of(result: &RemoveResult) -> Vec<&'static str> {
    result.findings.iter().map(|finding| finding.name).collect()
}

in_each_store! {
fn add_and_remove_of_every_package_leaves_every_image_as_it_was() {
    let test = "add and remove";
    let Some(packages) = corpus_packages(test) else {
        return;
    };
    for (around, one_by_one) in [
        (Around::Windows81, false),
        (Around::Windows10_1709, false),
        (Around::Windows10_2004, true),
    ] {
        let image = image(around, test).unwrap();
        let mut transaction = image.open(Access::Write).begin(begin(around));
        let results = transaction.run("test", |draft| -> Result<(), Error> {
            let before = held(draft);
            let mut added = 0;
            for (_, package) in &packages {
                let result = wimwright_drivers::add(draft, package, &any_signature())?;
                if result.outcome != Outcome::Added {
                    continue;
                }
                added += 1;
                let name = result.published_name.unwrap();
                let results = try_remove(draft, &[&name], true)?;
                assert_eq!(results[0].outcome, RemoveOutcome::Removed, "{results:?}");
                let odd = names_of(&results[0]);
                let odd = odd.iter().find(|name| **name != "boot-driver-removed");
                assert_eq!(odd, None, "{}", package.inf());
                if one_by_one {
                    let left = difference(&before, &held(draft));
                    assert!(left.is_empty(), "{}: {left:#?}", package.inf());
                }
            }
            assert!(added >= 28, "{around:?}: {added} packages added");
            let left = difference(&before, &held(draft));
            assert!(left.is_empty(), "{around:?}: {left:#?}");
            Ok(())
        });
        assert!(results[0].is_ok(), "{results:?}");
        // Nothing of it is left for the commit to write but the hives.
        let before = held_by(&image);
        let receipt = transaction.prepare().unwrap().commit().unwrap().remove(0);
        let written = receipt.written.iter().map(|file| file.path.to_string());
        let others: Vec<String> = written
            .filter(|path| !path.contains("\\config\\"))
            .collect();
        assert_eq!(others, [""; 0]);
        assert_eq!(difference(&before, &held_by(&image)), [""; 0]);
    }
}
}

in_each_store! {
fn an_image_without_the_stores_folders_gets_nothing_else() {
    let test = "no store folders";
    let Some(image) = TestImage::new(Around::Windows10_2004, test) else {
        return;
    };
    let before = held_by(&image);
    let viostor = package(test, VIOSTOR.0, VIOSTOR.1).unwrap();
    let ftdi = package(test, "ftdi-cdm-2.08.30", "ftdibus.inf").unwrap();
    let (results, _) = image.add(&[viostor, ftdi], false);
    let names = results
        .iter()
        .map(|result| result.published_name.clone().unwrap());
    let names: Vec<String> = names.collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let (results, receipt) = remove(&image, &names, true);
    assert!(
        results
            .iter()
            .all(|result| result.outcome == RemoveOutcome::Removed)
    );
    // `drivers` was there and stays; `SysWOW64` was not and is gone again.
    let left = difference(&before, &held_by(&image));
    assert_eq!(
        left,
        [
            "+ Windows\\System32\\DriverStore\\",
            "+ Windows\\System32\\DriverStore\\FileRepository\\",
        ]
    );
    // The plan says it all again, and a second run has nothing to remove.
    assert!(receipt.plan.writes());
    let reasons = refused(&image, &names, true);
    assert_eq!(
        reasons,
        [
            "the image has no driver `oem9.inf`",
            "the image has no driver `oem10.inf`"
        ]
    );
}
}

#[test]
fn what_may_not_be_removed_is_refused_with_the_reason_and_nothing_changes() {
    let test = "refusals";
    on(Around::Windows10_2004, test, |draft| {
        let viostor = package(test, VIOSTOR.0, VIOSTOR.1).unwrap();
        let _ = wimwright_drivers::add(draft, &viostor, &any_signature())?;
        let steps = draft.plan().steps.len();
        for (name, words) in [
            ("usbstor.inf", &["`usbstor.inf` came with Windows"][..]),
            ("oem4.inf", &["the image has no driver `oem4.inf`"]),
            ("OEM99", &["the image has no driver `OEM99`"]),
            ("", &["the image has no driver ``"]),
            (
                "vmci.inf",
                &["`vmci.inf` is published as oem2.inf; name it so"],
            ),
            (
                "oem9.inf",
                &[
                    "this is a boot driver",
                    "service `viostor` starts at boot, though no device of the image is known to use it",
                    "0x7B",
                    "`--force`",
                ],
            ),
            (
                "oem2",
                &[
                    "service `vmci` starts at boot",
                    "for `PCI\\VEN_15AD&DEV_0740&SUBSYS_074015AD&REV_10\\3&61aaa01&0&3F`",
                    "`ROOT\\VMWVMCIHOSTDEV\\0000`",
                ],
            ),
        ] {
            // One that could be removed is not removed either.
            let results = try_remove(draft, &["oem6.inf", name], false)?;
            let reasons: Vec<String> = results
                .iter()
                .map(|result| {
                    assert_eq!(result.outcome, RemoveOutcome::Refused, "{name}");
                    result.reason.clone().unwrap()
                })
                .collect();
            assert_eq!(
                reasons[0],
                format!("nothing is removed, because `{name}` is refused")
            );
            for word in words {
                assert!(reasons[1].contains(word), "no `{word}` in: {}", reasons[1]);
            }
            assert_eq!(
                draft.plan().steps.len(),
                steps,
                "{name} left something planned"
            );
        }
        Ok(())
    });
}

/// A third party's package of a real machine: which services and devices it
/// has, and what is said when it goes.
struct Real {
    around: Around,
    name: &'static str,
    original: &'static str,
    findings: &'static [&'static str],
    /// Values that the removal sets, below `ControlSet001\\Services`.
    set: &'static [(&'static str, &'static str, &'static str)],
    /// Keys and values of services that are gone.
    gone: &'static [&'static str],
}

const REAL: &[Real] = &[
    Real {
        around: Around::Windows10_2004,
        name: "oem2.inf",
        original: "vmci.inf",
        findings: &[
            "boot-driver-removed",
            "device-installed",
            "package-unreadable",
            "service-kept",
        ],
        set: &[("vmci", "DisplayName", "VMware VMCI Bus Driver")],
        gone: &["vmci Owners"],
    },
    Real {
        around: Around::Windows10_2004,
        name: "oem7.inf",
        original: "vmmouse.inf",
        findings: &["device-installed", "package-unreadable", "service-kept"],
        set: &[
            ("i8042prt", "Owners", "keyboard.inf msmouse.inf"),
            ("mouclass", "Owners", "oem6.inf termmou.inf msmouse.inf"),
            ("vmmouse", "DisplayName", "VMware Pointing Device"),
        ],
        gone: &["vmmouse Owners"],
    },
    Real {
        around: Around::Windows10_2004,
        name: "oem5.inf",
        original: "pvscsi.inf",
        findings: &["package-unreadable"],
        set: &[],
        gone: &[],
    },
    Real {
        around: Around::Windows81,
        name: "oem1.inf",
        original: "VBoxGuest.inf",
        findings: &[
            "boot-driver-removed",
            "device-installed",
            "package-unreadable",
            "service-kept",
        ],
        set: &[("VBoxGuest", "DisplayName", "VirtualBox Guest Driver")],
        gone: &["VBoxGuest Owners"],
    },
    Real {
        around: Around::Windows10_1709,
        name: "oem3.inf",
        original: "Apfiltr.inf",
        findings: &["device-installed", "package-unreadable", "service-kept"],
        set: &[
            (
                "ApfiltrService",
                "DisplayName",
                "Alps Touch Pad Filter Driver for Windows x64",
            ),
            ("i8042prt", "Owners", "msmouse.inf keyboard.inf"),
            ("mouclass", "Owners", "termmou.inf msmouse.inf"),
        ],
        gone: &["[ApHidMonitorService]", "ApfiltrService Owners"],
    },
];

#[test]
fn packages_of_real_machines_go_with_everything_that_names_them() {
    let test = "packages of real machines";
    for real in REAL {
        on(real.around, test, |draft| {
            let name = real.name;
            let before = held(draft);
            let results = try_remove(draft, &[name], true)?;
            let result = &results[0];
            assert_eq!(
                result.outcome,
                RemoveOutcome::Removed,
                "{name}: {results:?}"
            );
            assert_eq!(result.original_file_name.as_deref(), Some(real.original));
            assert_eq!(names_of(result), real.findings, "{name}: {results:#?}");
            let after = held(draft);
            let database = |place: &&String| place.starts_with("SYSTEM\\driverdatabase\\");
            let id = result.package_id.clone().unwrap();
            for place in after.keys().filter(database) {
                let place = place.to_lowercase();
                assert!(!place.ends_with(&format!(" {name}")), "{place}");
                assert!(!place.contains(&id), "{place}");
            }

            // Nothing else in the image is touched.
            let services = "SYSTEM\\controlset001\\services";
            let (mut set, mut gone) = (Vec::new(), Vec::new());
            for line in difference(&before, &after) {
                let place = line.split_at(2).1;
                match place.strip_prefix(services) {
                    Some(below) if line.starts_with('~') => {
                        let place = below.split(": ").next().unwrap();
                        set.push(place.trim_start_matches('\\').to_owned());
                    }
                    Some(below) => gone.push(below.trim_start_matches('\\').to_owned()),
                    None if place.starts_with('[') => {
                        let service = place.strip_prefix(&format!("[{services}\\"));
                        match service {
                            Some(service) => gone.push(format!("[{service}")),
                            None => assert!(place.contains("\\driverdatabase\\"), "{line}"),
                        }
                    }
                    None => assert!(place.starts_with("SYSTEM\\driverdatabase"), "{line}"),
                }
            }
            let expected: Vec<String> = real
                .set
                .iter()
                .map(|(service, value, _)| format!("{} {value}", service.to_lowercase()))
                .collect();
            assert_eq!(set, expected, "{name}");
            for (service, value, text) in real.set {
                let key = KeyPath::from(format!("ControlSet001\\Services\\{service}"));
                let data = draft.value(HiveName::System, &key, value)?.unwrap();
                let found = data.as_text().or_else(|| Some(data.as_texts()?.join(" ")));
                assert_eq!(found.as_deref(), Some(*text), "{name}: {service}");
            }
            for place in real.gone {
                let place = place.to_lowercase();
                let found = gone.iter().any(|gone| gone.to_lowercase() == place);
                assert!(found, "{name}: {place} in {gone:?}");
            }
            let tops = |place: &&String| place.starts_with('[') && !place.contains('\\');
            let deleted = gone.iter().filter(tops).count();
            let wanted = real
                .gone
                .iter()
                .filter(|gone| gone.starts_with('['))
                .count();
            assert_eq!(deleted, wanted, "{name}: {gone:?}");
            Ok(())
        });
    }
}

/// What another reader says of keys of a hive.
fn peer(python: &str, reader: &str, image: &TestImage, keys: &[&str]) -> String {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peer/read_keys.py");
    let mut child = Command::new(python)
        .args([script, reader])
        .arg(image.path("Windows/System32/config/SYSTEM"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(keys.join("\n").as_bytes()).unwrap();
    drop(input);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{reader} failed");
    String::from_utf8(output.stdout).unwrap()
}

in_each_store! {
fn what_is_removed_is_gone_for_other_readers_as_well() {
    let test = "removal read by others";
    let Some(image) = TestImage::new(Around::Windows10_2004, test) else {
        return;
    };
    let missing = [
        "DriverDatabase\\DriverInfFiles\\oem7.inf",
        "DriverDatabase\\DriverPackages\\vmmouse.inf_amd64_916101d3748847e7",
        "DriverDatabase\\DeviceIds\\ACPI\\VMW0003",
        "ControlSet001\\Services\\vm3dservice",
    ];
    let there = [
        "DriverDatabase\\DeviceIds\\*PNP0F13",
        "ControlSet001\\Services\\mouclass",
    ];
    // Of oem8.inf the SYSTEM hive has only what it left there.
    std::fs::write(image.path("Windows/INF/oem8.inf"), "stray").unwrap();
    let (results, _) = remove(&image, &["oem7.inf", "oem8.inf"], true);
    let removed = |result: &RemoveResult| result.outcome == RemoveOutcome::Removed;
    assert!(results.iter().all(removed), "{results:?}");
    let keys = [&missing[..], &there].concat();
    for reader in ["hivex", "regipy"] {
        let Some(python) = wimwright_testdata::python_with(reader, test) else {
            continue;
        };
        let seen = peer(python, reader, &image, &keys);
        for key in missing {
            assert!(
                seen.contains(&format!("missing [{key}]")),
                "{reader}: {seen}"
            );
        }
        for key in there {
            assert!(seen.contains(&format!("\n[{key}]")), "{reader}: {seen}");
        }
        assert!(seen.contains("msmouse.inf"), "{reader}: {seen}");
        assert!(!seen.contains("oem7.inf\t"), "{reader}: {seen}");
    }
}
}
