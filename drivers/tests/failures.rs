//! The failures that users of other tools hit (driverstore 10), each by its
//! number: none of them happens here.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "a test program; it makes images on the host"
)]

mod support;

use std::path::Path;

use support::{Around, TestImage, any_signature, corpus_packages, made_package, now, options, pe};
use tempfile::TempDir;
use wimwright_drivers::{AddResult, Error, Outcome, Package, add, list};
use wimwright_servicing::registry::{Hive, HiveName};
use wimwright_servicing::{Access, Draft, FileTree as _, Image, ImagePath};
use wimwright_testdata::image::{self, Data, Windows};

const AMD64: u16 = 0x8664;
const SYSTEM: HiveName = HiveName::System;

/// What every made SYSTEM hive has.
fn system(more: &[(&str, &str, Data)]) -> Vec<u8> {
    let environment = "ControlSet001\\Control\\Session Manager\\Environment";
    let mut values = vec![
        ("Select", "Current", Data::Dword(1)),
        ("Select", "Default", Data::Dword(1)),
        (environment, "PROCESSOR_ARCHITECTURE", Data::Sz("AMD64")),
    ];
    values.extend(more.iter().cloned());
    image::hive("SYSTEM", &values)
}

fn database(windows: &Windows) -> (&'static str, &'static str, Data) {
    let version = windows.major << 24 | windows.minor << 16;
    ("DriverDatabase", "Version", Data::Dword(version))
}

/// A made image on amd64, with a driver database where its Windows has one.
fn made(windows: &Windows, more: &[(&str, &str, Data)]) -> TempDir {
    let root = tempfile::tempdir().unwrap();
    let mut values = more.to_vec();
    if (windows.major, windows.minor) >= (6, 2) {
        values.push(database(windows));
    }
    image::write(root.path(), &system(&values), &[], windows, 9);
    root
}

fn windows7() -> Windows {
    Windows::new(6, 1, 7601)
}

fn windows10() -> Windows {
    Windows::new(10, 0, 19041)
}

fn look(root: &Path) -> Draft {
    Image::open(root, Access::Read).unwrap().look(now())
}

fn added(draft: &mut Draft, package: &Package) -> AddResult {
    add(draft, package, &any_signature()).unwrap()
}

fn value(draft: &Draft, key: &str, name: &str) -> Option<wimwright_servicing::registry::RegData> {
    draft.value(&SYSTEM, &key.into(), name).unwrap()
}

fn has(result: &AddResult, finding: &str) -> bool {
    result.findings.iter().any(|found| found.name == finding)
}

/// A storage driver; `more` is appended, and may add to the named sections.
fn storage(models: &str, more: &str) -> String {
    format!(
        "[Version]\r\nSignature=\"$Windows NT$\"\r\nClass=SCSIAdapter\r\nProvider=%P%\r\n\
         ClassGuid={{4D36E97B-E325-11CE-BFC1-08002BE10318}}\r\nDriverVer=01/02/2020,1.2.3.4\r\n\
         CatalogFile=x.cat\r\nPnpLockdown=1\r\n[Manufacturer]\r\n%P%=M,NTamd64\r\n\
         [M.NTamd64]\r\n{models}\r\n[I]\r\nCopyFiles=L\r\n[I.Services]\r\nAddService=Xstor,2,S\r\n\
         [S]\r\nServiceType=1\r\nStartType=0\r\nErrorControl=1\r\nServiceBinary=%12%\\x.sys\r\n\
         LoadOrderGroup=SCSI miniport\r\nAddReg=R\r\n[R]\r\nHKR,Parameters,BusType,0x00010001,0x0A\r\n\
         [DestinationDirs]\r\nL=12\r\n[L]\r\nx.sys\r\n[SourceDisksNames]\r\n1=d\r\n\
         [SourceDisksFiles]\r\nx.sys=1\r\n[Strings]\r\nP=\"Maker\"\r\n{more}"
    )
}

const MODELS: &str =
    "d=I,PCI\\VEN_F1F1&DEV_1001\r\nd=I,PCI\\VEN_F1F1&DEV_1042,PCI\\VEN_F1F1&DEV_1043";

fn storage_package() -> Package {
    made_package(&storage(MODELS, ""), &[("x.sys", &pe(AMD64))])
}

#[test]
fn failure_01_every_value_is_the_infs_own() {
    let root = made(&windows10(), &[]);
    let mut draft = look(root.path());
    let result = added(&mut draft, &storage_package());
    assert_eq!(result.outcome, Outcome::Added, "{result:?}");
    let own = value(
        &draft,
        "ControlSet001\\Services\\Xstor\\Parameters",
        "BusType",
    );
    assert_eq!(own.unwrap().as_dword(), Some(0x0A));
    let recorded = format!(
        "DriverDatabase\\DriverPackages\\{}\\Configurations\\I\\Services\\Xstor\\Parameters",
        result.package_id.unwrap()
    );
    assert_eq!(
        value(&draft, &recorded, "BusType").unwrap().as_dword(),
        Some(0x0A)
    );
}

#[test]
fn failure_02_catalogs_are_published_and_the_version_is_the_images() {
    let test = "failure 2";
    for around in [Around::Windows7X86, Around::Windows10_2004] {
        let Some(packages) = corpus_packages(test) else {
            return;
        };
        let (_, arduino) = packages
            .into_iter()
            .find(|(folder, _)| folder == "codebndr-arduino")
            .unwrap();
        let image = TestImage::new(around, test).unwrap();
        image.try_add(&[arduino], false).unwrap();
        let catalogs =
            image.path("Windows/System32/CatRoot/{F750E6C3-38EE-11D1-85E5-00C04FC295EE}");
        let published: Vec<_> = std::fs::read_dir(catalogs)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name != "inbox.cat")
            .collect();
        assert_eq!(published.len(), 1, "{around:?}: {published:?}");
    }
    // Server 2022 (20348) and Windows 11 (22000) say the same 10.0.
    let inf = storage("", "").replace(
        "%P%=M,NTamd64",
        "%P%=M,NTamd64.10.0...20348,NTamd64.10.0...22000",
    ) + "[M.NTamd64.10.0...20348]\r\nd=I,PCI\\VEN_F1F1&DEV_2022\r\n\
           [M.NTamd64.10.0...22000]\r\nd=I,PCI\\VEN_F1F1&DEV_0011\r\n";
    let package = made_package(&inf, &[("x.sys", &pe(AMD64))]);
    for (build, id) in [(20348, "2022"), (22621, "0011")] {
        let root = made(&Windows::new(10, 0, build), &[]);
        let mut draft = look(root.path());
        assert_eq!(added(&mut draft, &package).outcome, Outcome::Added);
        let ids = draft
            .subkeys(&SYSTEM, &"DriverDatabase\\DeviceIds\\PCI".into())
            .unwrap();
        assert_eq!(ids, [format!("VEN_F1F1&DEV_{id}")]);
    }
}

#[test]
fn failure_03_published_names_in_use_are_left_alone() {
    let root = made(
        &windows10(),
        &[("DriverDatabase\\DriverInfFiles\\oem2.inf", "", Data::Sz(""))],
    );
    std::fs::write(root.path().join("Windows/INF/OEM0.INF"), b"x").unwrap();
    let catalogs = "Windows/System32/CatRoot/{F750E6C3-38EE-11D1-85E5-00C04FC295EE}/oem1.cat";
    std::fs::write(root.path().join(catalogs), b"x").unwrap();
    let mut draft = look(root.path());
    let result = added(&mut draft, &storage_package());
    assert_eq!(result.published_name.as_deref(), Some("oem3.inf"));
}

#[test]
fn failure_04_files_that_are_no_drivers_are_copied_too() {
    let inf = storage(MODELS, "")
        .replace(
            "[DestinationDirs]\r\nL=12",
            "[DestinationDirs]\r\nL=12\r\nT=11\r\nW=10,SysWOW64",
        )
        .replace("CopyFiles=L", "CopyFiles=L,T,W\r\n")
        .replace(
            "[SourceDisksFiles]\r\n",
            "[T]\r\nx.exe\r\n[W]\r\nx32.dll\r\n[SourceDisksFiles]\r\nx.exe=1\r\nx32.dll=1,wow\r\n",
        );
    let files: &[(&str, &[u8])] = &[
        ("x.sys", &pe(AMD64)),
        ("x.exe", b"exe"),
        ("wow\\x32.dll", b"dll"),
    ];
    let package = made_package(&inf, files);
    for windows in [windows7(), windows10()] {
        let root = made(&windows, &[]);
        let mut draft = look(root.path());
        let result = added(&mut draft, &package);
        assert_ne!(result.outcome, Outcome::Refused, "{result:?}");
        for path in [
            "System32\\drivers\\x.sys",
            "System32\\x.exe",
            "SysWOW64\\x32.dll",
        ] {
            let path = ImagePath::parse(&format!("Windows\\{path}")).unwrap();
            assert!(draft.has_file(&path).unwrap(), "{path}");
        }
    }
}

#[test]
fn failure_05_hives_are_those_of_the_generation_in_any_case() {
    // Windows 7 has no DRIVERS hive; 2003 spells the others in lower case.
    for windows in [windows7(), Windows::new(5, 2, 3790)] {
        let root = made(&windows, &[]);
        let config = root.path().join("Windows/System32/config");
        std::fs::rename(config.join("SYSTEM"), config.join("system")).unwrap();
        std::fs::rename(config.join("SOFTWARE"), config.join("software")).unwrap();
        assert!(!config.join("DRIVERS").exists());
        let mut transaction = Image::open(root.path(), Access::Write)
            .unwrap()
            .begin(options());
        let package = storage_package();
        let result = transaction
            .run("add", |draft| add(draft, &package, &any_signature()))
            .remove(0)
            .unwrap();
        assert_eq!(result.outcome, Outcome::Pending, "{result:?}");
        let _ = transaction.prepare().unwrap().commit().unwrap();
        let mut names: Vec<_> = std::fs::read_dir(&config)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        assert_eq!(names, ["software", "system"]);
    }
}

#[test]
fn failure_06_each_store_gets_its_own_kind_of_entry() {
    let cdd = "ControlSet001\\Control\\CriticalDeviceDatabase";
    for (windows, has_database) in [
        (Windows::new(5, 2, 3790), false),
        (Windows::new(6, 0, 6002), false),
        (windows7(), false),
        (Windows::new(6, 2, 9200), true),
        (windows10(), true),
    ] {
        let root = made(&windows, &[]);
        let mut draft = look(root.path());
        let result = added(&mut draft, &storage_package());
        assert_ne!(result.outcome, Outcome::Refused, "{result:?}");
        let found = draft.has_key(&SYSTEM, &"DriverDatabase".into()).unwrap();
        assert_eq!(found, has_database, "{windows:?}");
        let found = draft.has_key(&SYSTEM, &cdd.into()).unwrap();
        assert_eq!(found, !has_database, "{windows:?}");
    }
    // What contradicts itself gets neither.
    let root = made(&windows7(), &[database(&windows10())]);
    let error = add(&mut look(root.path()), &storage_package(), &any_signature());
    assert!(
        matches!(error, Err(Error::UnexpectedDatabase { .. })),
        "{error:?}"
    );
    let root = tempfile::tempdir().unwrap();
    image::write(root.path(), &system(&[]), &[], &windows10(), 9);
    let error = add(&mut look(root.path()), &storage_package(), &any_signature());
    assert!(matches!(error, Err(Error::NoDatabase { .. })), "{error:?}");
}

#[test]
fn failure_07_every_device_of_the_models_is_entered() {
    let root = made(&windows10(), &[]);
    let mut draft = look(root.path());
    added(&mut draft, &storage_package());
    for device in ["1001", "1042", "1043"] {
        let key = format!("DriverDatabase\\DeviceIds\\PCI\\VEN_F1F1&DEV_{device}");
        assert!(value(&draft, &key, "oem0.inf").is_some(), "{device}");
    }
    let root = made(&windows7(), &[]);
    let mut draft = look(root.path());
    added(&mut draft, &storage_package());
    for device in ["1001", "1042", "1043"] {
        let key =
            format!("ControlSet001\\Control\\CriticalDeviceDatabase\\PCI#VEN_F1F1&DEV_{device}");
        let service = value(&draft, &key, "Service").unwrap();
        assert_eq!(service.as_text().as_deref(), Some("Xstor"));
    }
}

#[test]
fn failure_08_a_driver_that_was_turned_off_starts_again() {
    let service = "ControlSet001\\Services\\Xstor";
    let more = [
        (service, "Start", Data::Dword(3)),
        (service, "Kept", Data::Dword(7)),
        (
            "ControlSet001\\Services\\Xstor\\StartOverride",
            "0",
            Data::Dword(3),
        ),
    ];
    for windows in [windows7(), windows10()] {
        let root = made(&windows, &more);
        let mut draft = look(root.path());
        added(&mut draft, &storage_package());
        assert_eq!(value(&draft, service, "Start").unwrap().as_dword(), Some(0));
        assert_eq!(value(&draft, service, "Kept").unwrap().as_dword(), Some(7));
        let off = format!("{service}\\StartOverride").as_str().into();
        assert!(!draft.has_key(&SYSTEM, &off).unwrap());
    }
}

#[test]
fn failure_09_boot_drivers_need_no_device_path_and_policy_is_told() {
    let root = made(&windows7(), &[]);
    let software = root.path().join("Windows/System32/config/SOFTWARE");
    let mut hive = Hive::open_with_logs(std::fs::read(&software).unwrap(), &[])
        .unwrap()
        .0;
    image::set(
        &mut hive,
        "Policies\\Microsoft\\Windows\\DeviceInstall\\Restrictions",
        "DenyUnspecified",
        &Data::Dword(1),
    );
    std::fs::write(&software, hive.into_bytes()).unwrap();
    let mut draft = look(root.path());
    let result = added(&mut draft, &storage_package());
    assert!(has(&result, "installation-policy"), "{result:?}");
    assert!(has(&result, "ready-at-boot"), "{result:?}");
    assert_eq!(
        value(&draft, "ControlSet001\\Services\\Xstor", "Start")
            .unwrap()
            .as_dword(),
        Some(0)
    );
}

#[test]
fn failure_10_every_control_set_that_may_boot_is_edited() {
    let more = [
        ("Select", "Default", Data::Dword(3)),
        ("Select", "LastKnownGood", Data::Dword(2)),
        ("ControlSet002\\Services", "x", Data::Dword(0)),
        ("ControlSet003\\Services", "x", Data::Dword(0)),
        (
            "ControlSet003\\Control\\Session Manager\\Environment",
            "PROCESSOR_ARCHITECTURE",
            Data::Sz("AMD64"),
        ),
    ];
    for windows in [windows7(), windows10()] {
        let root = made(&windows, &more);
        let mut draft = look(root.path());
        added(&mut draft, &storage_package());
        for (set, edited) in [(1, true), (2, false), (3, true)] {
            let key = format!("ControlSet00{set}\\Services\\Xstor")
                .as_str()
                .into();
            assert_eq!(draft.has_key(&SYSTEM, &key).unwrap(), edited, "{set}");
        }
    }
}

#[test]
fn failure_11_missing_parents_are_made_and_values_have_their_types() {
    // The made hive has neither `Services` nor `Control\CriticalDeviceDatabase`.
    let root = made(&windows7(), &[]);
    let mut draft = look(root.path());
    assert!(
        !draft
            .has_key(&SYSTEM, &"ControlSet001\\Services".into())
            .unwrap()
    );
    added(&mut draft, &storage_package());
    let service = "ControlSet001\\Services\\Xstor";
    for (name, kind) in [("ImagePath", 2), ("Group", 1), ("Start", 4)] {
        assert_eq!(value(&draft, service, name).unwrap().kind, kind, "{name}");
    }
    let root = made(&windows10(), &[]);
    let mut draft = look(root.path());
    added(&mut draft, &storage_package());
    let owners = value(&draft, service, "Owners").unwrap();
    assert_eq!(owners.kind, 7);
    assert_eq!(owners.as_texts().unwrap(), ["oem0.inf"]);
}

#[test]
fn failure_12_nothing_is_left_over_from_a_template() {
    let root = made(&windows10(), &[]);
    std::fs::write(root.path().join("Windows/INF/oem0.inf"), b"taken").unwrap();
    let mut draft = look(root.path());
    let result = added(&mut draft, &storage_package());
    let id = result.package_id.unwrap();
    let name = value(&draft, &format!("DriverDatabase\\DriverPackages\\{id}"), "").unwrap();
    assert_eq!(name.as_text().as_deref(), Some("oem1.inf"));
    let text = serde_json::to_string(draft.plan()).unwrap();
    assert!(
        !text.contains("oem0.inf\\u0000") && !text.contains("{{"),
        "{text}"
    );
}

#[test]
fn failure_13_two_packages_for_one_device_are_told_of() {
    let other = storage("d=I,PCI\\VEN_F1F1&DEV_1042", "").replace("Xstor", "Other");
    let other = made_package(&other, &[("x.sys", &pe(AMD64))]);
    let mut tree = wimwright_servicing::MemoryTree::new();
    let path = ImagePath::parse("other.inf").unwrap();
    tree.insert_blob(
        path.clone(),
        other.tree().open(other.inf()).unwrap().unwrap(),
    );
    tree.insert("x.sys", pe(AMD64)).unwrap();
    let other = Package::new("memory", "", std::sync::Arc::new(tree), path);
    for windows in [windows7(), windows10()] {
        let root = made(&windows, &[]);
        let mut draft = look(root.path());
        let first = added(&mut draft, &storage_package());
        assert!(!has(&first, "same-device"), "{first:?}");
        let second = added(&mut draft, &other);
        let told = second
            .findings
            .iter()
            .find(|found| found.name == "same-device");
        let told = &told.unwrap_or_else(|| panic!("{second:?}")).message;
        assert!(
            told.to_lowercase().contains("dev_1042") && told.contains("x.inf"),
            "{told}"
        );
    }
}

#[test]
fn failure_14_entries_are_complete_sets() {
    let test = "failure 14";
    let Some(packages) = corpus_packages(test) else {
        return;
    };
    let packages: Vec<Package> = packages.into_iter().map(|(_, package)| package).collect();
    for around in [Around::Windows10_1709, Around::Windows11Arm64] {
        let image = TestImage::new(around, test).unwrap();
        let (results, _) = image.add(&packages, false);
        let draft = image.open(Access::Read).look(now());
        let mut whole = 0;
        for result in results
            .iter()
            .filter(|result| result.outcome == Outcome::Added)
        {
            whole += 1;
            let published = result.published_name.as_deref().unwrap();
            let id = result.package_id.as_deref().unwrap();
            let nodes = [HiveName::System, HiveName::Drivers];
            let key = format!("DriverDatabase\\DriverInfFiles\\{published}")
                .as_str()
                .into();
            let node = nodes
                .iter()
                .find(|node| draft.has_key(*node, &key).unwrap());
            let node = node.unwrap_or_else(|| panic!("{published} is in no node"));
            let active = draft.value(node, &key, "Active").unwrap().unwrap();
            assert_eq!(active.as_text().as_deref(), Some(id));
            let package = format!("DriverDatabase\\DriverPackages\\{id}");
            let name = draft.value(node, &package.as_str().into(), "").unwrap();
            assert_eq!(name.unwrap().as_text().as_deref(), Some(published));
            let version = draft
                .value(node, &package.as_str().into(), "Version")
                .unwrap();
            assert_eq!(version.unwrap().bytes.len(), 48);
            // The folder with its INF, and the published INF, are one.
            let inf = result.inf.rsplit('\\').next().unwrap();
            let store = format!("Windows\\System32\\DriverStore\\FileRepository\\{id}\\{inf}");
            let read = |path: &str| {
                draft
                    .read(&ImagePath::parse(path).unwrap(), 1 << 24)
                    .unwrap()
            };
            let staged = read(&store).unwrap_or_else(|| panic!("{store}"));
            assert_eq!(read(&format!("Windows\\INF\\{published}")).unwrap(), staged);
            // Every id of a descriptor is listed for the published name.
            let descriptors = format!("{package}\\Descriptors");
            for id in leaves(&draft, node, &descriptors) {
                let key = format!("DriverDatabase\\DeviceIds{id}").as_str().into();
                let listed = draft.value(node, &key, published).unwrap();
                assert!(listed.is_some(), "{published}: {id}");
            }
        }
        assert!(whole >= 1, "{around:?}");
    }
}

/// Paths below `key` of those with values, each after a backslash.
fn leaves(draft: &Draft, hive: &HiveName, key: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![String::new()];
    while let Some(below) = open.pop() {
        let path = format!("{key}{below}").as_str().into();
        if !below.is_empty() && !draft.value_names(hive, &path).unwrap().is_empty() {
            found.push(below.clone());
        }
        let names = draft.subkeys(hive, &path).unwrap();
        open.extend(names.iter().map(|name| format!("{below}\\{name}")));
    }
    found
}

#[test]
fn failure_15_sha2_signatures_on_windows_7_are_warned_of_until_it_knows_them() {
    let test = "failure 15";
    let Some(packages) = corpus_packages(test) else {
        return;
    };
    let of = |folder: &str| {
        let mut found = packages.iter().filter(|(name, _)| name == folder);
        found.next().unwrap().1.clone()
    };
    let (sha2, sha1) = (of("vigembus-x64"), of("codebndr-arduino"));
    for (update, state, warned) in [
        ("KB976932", 0x70, true),
        ("KB3033929", 0x70, false),
        ("KB4474419", 0x70, false),
        // Staged, not installed.
        ("KB4474419", 0x40, true),
    ] {
        let root = made(&windows7(), &[]);
        let software = root.path().join("Windows/System32/config/SOFTWARE");
        let bytes = std::fs::read(&software).unwrap();
        let mut hive = Hive::open_with_logs(bytes, &[]).unwrap().0;
        let key = format!(
            "Microsoft\\Windows\\CurrentVersion\\Component Based Servicing\\Packages\\\
             Package_for_{update}~31bf3856ad364e35~amd64~~6.1.1.0"
        );
        image::set(&mut hive, &key, "CurrentState", &Data::Dword(state));
        std::fs::write(&software, hive.into_bytes()).unwrap();
        let mut draft = look(root.path());
        let result = added(&mut draft, &sha2);
        assert_eq!(
            has(&result, "sha2-signature"),
            warned,
            "{update}: {result:?}"
        );
        let facts = result.signature.as_ref().unwrap();
        assert_eq!(facts.digest_supported, Some(!warned), "{update}");
        let result = added(&mut draft, &sha1);
        assert!(!has(&result, "sha2-signature"), "{result:?}");
    }
}

/// Rollups bring what the update brought, without its name.
#[test]
fn failure_15_a_newer_wintrust_dll_is_proof_enough() {
    let test = "failure 15, by file";
    let Some(corpus) = wimwright_testdata::corpus(test) else {
        return;
    };
    let package = support::package(test, "vigembus-x64", "ViGEmBus.inf").unwrap();
    // Any image with a version, which then gets another one.
    let mut dll = wimwright_testdata::read(&corpus.join("drivers/vigembus-x64/ViGEmBus.sys"));
    let mark = 0xFEEF_04BD_u32.to_le_bytes();
    let at = dll.windows(4).position(|window| window == mark).unwrap();
    for (revision, warned) in [(17_514, true), (18_741, false), (24_520, false)] {
        let version = [1_u16, 6, revision, 7601].map(u16::to_le_bytes).concat();
        dll[at + 8..at + 16].copy_from_slice(&version);
        let root = made(&windows7(), &[]);
        let path = root.path().join("Windows/System32/wintrust.dll");
        std::fs::write(path, &dll).unwrap();
        let result = added(&mut look(root.path()), &package);
        assert_eq!(has(&result, "sha2-signature"), warned, "{revision}");
    }
}

#[test]
fn failure_16_a_dirty_hive_is_replayed_or_refused_and_clean_afterwards() {
    let test = "failure 16";
    let Some(image) = TestImage::new(Around::Windows81, test) else {
        return;
    };
    let before = image.snapshot();
    let refused = image.try_add(&[storage_package()], false).unwrap_err();
    assert!(refused.to_string().contains("dirty"), "{refused}");
    assert!(image.snapshot() == before);

    let image = TestImage::new(Around::Windows10_1709, test).unwrap();
    image.try_add(&[storage_package()], false).unwrap();
    // The hive is complete without its logs now.
    for ending in ["LOG1", "LOG2"] {
        let log = image.path(&format!("Windows/System32/config/SYSTEM.{ending}"));
        let _ = std::fs::remove_file(log);
    }
    let mut draft = image.open(Access::Read).look(now());
    assert!(
        draft
            .findings()
            .iter()
            .all(|found| !found.name.starts_with("dirty"))
    );
    let listed = list(&mut draft, false).unwrap();
    assert!(
        listed
            .iter()
            .any(|package| package.original_file_name == "x.inf")
    );
}
