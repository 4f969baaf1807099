//! Services, files and names that several packages share, when one of them
//! goes: on a small image with several control sets.

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

use held::{difference, held};
use support::{TestImage, any_package, any_signature, package_at};
use tempfile::TempDir;
use wimwright_drivers::{Error, Outcome, Package, RemoveOptions, RemoveOutcome, RemoveResult};
use wimwright_servicing::plan::{Basis, Change, Content};
use wimwright_servicing::registry::{HiveName, KeyPath, RegData};
use wimwright_servicing::{Access, Draft, DraftError, FileTree as _, ImagePath};
use wimwright_testdata::image::{Data, Windows, hive, write};

const TEST: Basis = Basis::verified("test");
const SYS: &str = "Windows\\System32\\drivers\\viostor.sys";

/// Windows 10 with control sets 1 (next boot), 2 (last boot) and 3 (known
/// good), all with a service of nobody.
fn image() -> TestImage {
    let environment = "ControlSet001\\Control\\Session Manager\\Environment";
    let mut values = vec![
        ("Select", "Default", Data::Dword(1)),
        ("Select", "Current", Data::Dword(2)),
        ("Select", "LastKnownGood", Data::Dword(3)),
        (environment, "PROCESSOR_ARCHITECTURE", Data::Sz("AMD64")),
        ("DriverDatabase", "Version", Data::Dword(0x0A00_0000)),
    ];
    for set in [
        "ControlSet001\\Services\\Other",
        "ControlSet002\\Services\\Other",
        "ControlSet003\\Services\\Other",
    ] {
        values.push((set, "Start", Data::Dword(3)));
    }
    let system = hive("SYSTEM", &values);
    let image = TestImage::made(|root| write(root, &system, &[], &Windows::new(10, 0, 19045), 9));
    let repository = "Windows/System32/DriverStore/FileRepository";
    std::fs::create_dir_all(image.path(repository)).unwrap();
    image
}

/// Runs a test on a draft of the image; nothing is written.
fn on<T>(image: &TestImage, test: impl FnOnce(&mut Draft) -> Result<T, Error>) -> T {
    let mut draft = image.open(Access::Read).look(support::now());
    for hive in [HiveName::System, HiveName::Drivers] {
        for below in ["DeviceIds", "DriverInfFiles", "DriverPackages"] {
            let key = KeyPath::from("DriverDatabase").join(below);
            let _ = draft.create_key(&hive, &key, &TEST).unwrap();
        }
    }
    for log in ["ControlSet001", "ControlSet002"] {
        let key = KeyPath::from(format!("{log}\\Services\\EventLog\\System"));
        let _ = draft.create_key(HiveName::System, &key, &TEST).unwrap();
    }
    test(&mut draft).unwrap()
}

/// Versions of one storage driver: the same service and file, each set up in
/// its own way.
struct Versions {
    top: TempDir,
}

const SIGNED: &str = "CatalogFile=viostor.cat";

impl Versions {
    fn new(test: &str) -> Option<Versions> {
        let source = wimwright_testdata::corpus(test)?.join("drivers/virtio-viostor-w10-amd64");
        let read = |name: &str| std::fs::read(source.join(name)).unwrap();
        let inf = String::from_utf8(read("viostor.inf")).unwrap();
        let top = tempfile::tempdir().unwrap();
        for (version, date, changes) in [
            (1, "01/01/2021", &[][..]),
            (
                2,
                "02/02/2022",
                &[
                    (
                        "\"BusType\", %REG_DWORD%, 0x00000001",
                        "\"BusType\", %REG_DWORD%, 0x0000000A",
                    ),
                    (
                        "[pnpsafe_pci_addreg_msix]",
                        "HKR,Parameters\\Deep\\Er,Two,%REG_DWORD%,2\r\n\
                         HKR,Parameters,List,0x00010008,\"two\"\r\n[pnpsafe_pci_addreg_msix]",
                    ),
                    (
                        "LoadOrderGroup = SCSI miniport",
                        "LoadOrderGroup = Other\r\nDisplayName=%Two%",
                    ),
                    ("[Strings]", "[Strings]\r\nTwo=\"The second\"\r\n"),
                    (
                        "HKR,,TypesSupported,%REG_DWORD%,7",
                        "HKR,,Second,%REG_DWORD%,7",
                    ),
                ],
            ),
            (
                3,
                "03/03/2023",
                &[
                    (
                        "[pnpsafe_pci_addreg_msix]",
                        "HKR,Parameters,List,0x00010008,\"three\"\r\n\
                         HKR,Parameters,BusType,0x00010003,9\r\n[pnpsafe_pci_addreg_msix]",
                    ),
                    ("PCI\\VEN_1AF4&DEV_1042\r", "PCI\\VEN_1AF4&DEV_1043\r"),
                    ("viostor.sys,,,2", "viostor.sys,,,2\r\n[More]\r\nmore.dll"),
                    (
                        "CopyFiles=viostor_Files_Driver",
                        "CopyFiles=viostor_Files_Driver,More",
                    ),
                    (
                        "DefaultDestDir = 10",
                        "DefaultDestDir = 10\r\nMore=12,Umdf\\Deep",
                    ),
                    ("viostor.sys = 1,,", "viostor.sys = 1,,\r\nmore.dll=1"),
                ],
            ),
        ] {
            let folder = top.path().join(version.to_string());
            std::fs::create_dir(&folder).unwrap();
            let mut text = inf.replace(SIGNED, "").replace("08/30/2021", date);
            for (old, new) in changes {
                assert!(text.contains(old), "{old}");
                text = text.replace(old, new);
            }
            std::fs::write(folder.join("viostor.inf"), text).unwrap();
            let mut sys = read("viostor.sys");
            sys.extend([0, 0, 0, version as u8]);
            std::fs::write(folder.join("viostor.sys"), sys).unwrap();
            std::fs::write(folder.join("more.dll"), "more").unwrap();
        }
        Some(Versions { top })
    }

    fn package(&self, version: usize) -> Package {
        package_at(&self.top.path().join(version.to_string()), "viostor.inf")
    }

    fn all(&self) -> Vec<Package> {
        (1..=3).map(|version| self.package(version)).collect()
    }
}

fn add(draft: &mut Draft, package: &Package) -> Result<String, Error> {
    let result = wimwright_drivers::add(draft, package, &any_package())?;
    assert_eq!(result.outcome, Outcome::Added, "{result:?}");
    Ok(result.published_name.unwrap())
}

fn remove(draft: &mut Draft, names: &[&str]) -> Result<Vec<RemoveResult>, Error> {
    let mut options = RemoveOptions::default();
    options.force = true;
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let results = wimwright_drivers::remove(draft, &names, &options)?;
    for result in &results {
        assert_eq!(result.outcome, RemoveOutcome::Removed, "{result:?}");
    }
    Ok(results)
}

fn findings(results: &[RemoveResult]) -> Vec<&'static str> {
    let findings = results.iter().flat_map(|result| &result.findings);
    findings.map(|finding| finding.name).collect()
}

/// The draft with that package alone, under that name.
fn alone(image: &TestImage, package: &Package, name: &str) -> held::Held {
    let number: u32 = name[3..name.len() - 4].parse().unwrap();
    on(image, |draft| {
        let strays: Vec<ImagePath> = (0..number)
            .map(|lower| ImagePath::parse(&format!("Windows\\INF\\oem{lower}.inf")).unwrap())
            .collect();
        for path in &strays {
            put(draft, path, b"stray")?;
        }
        assert_eq!(add(draft, package)?, name);
        for path in strays {
            let _ = draft.plan_change(Change::Remove { path }, &TEST)?;
        }
        Ok(held(draft))
    })
}

fn put(draft: &mut Draft, path: &ImagePath, bytes: &[u8]) -> Result<(), DraftError> {
    let change = Change::PutFile {
        path: path.clone(),
        content: Content::Inline(bytes.to_vec()),
    };
    let _ = draft.plan_change(change, &TEST)?;
    Ok(())
}

const ORDERS: [[usize; 3]; 6] = [
    [0, 1, 2],
    [0, 2, 1],
    [1, 0, 2],
    [1, 2, 0],
    [2, 0, 1],
    [2, 1, 0],
];

/// Adds three packages in every order and removes two of them in every order:
/// what is left is what adding the third alone gives.
fn any_order(packages: &[Package]) {
    let image = image();
    for order in ORDERS {
        for out in ORDERS {
            on(&image, |draft| {
                let before = held(draft);
                let mut names = ["", "", ""].map(str::to_owned);
                for index in order {
                    names[index] = add(draft, &packages[index])?;
                }
                remove(draft, &[&names[out[0]]])?;
                remove(draft, &[&names[out[1]]])?;
                let expected = alone(&image, &packages[out[2]], &names[out[2]]);
                let left = difference(&expected, &held(draft));
                assert!(
                    left.is_empty(),
                    "added {order:?}, removed {out:?}: {left:#?}"
                );
                remove(draft, &[&names[out[2]]])?;
                let left = difference(&before, &held(draft));
                assert!(
                    left.is_empty(),
                    "added {order:?}, removed {out:?}: {left:#?}"
                );
                Ok(())
            });
        }
    }
}

#[test]
fn versions_of_one_driver_leave_each_other_whole_in_any_order() {
    let Some(versions) = Versions::new("versions in any order") else {
        return;
    };
    any_order(&versions.all());
}

#[test]
fn packages_of_different_makers_leave_each_other_whole_in_any_order() {
    let test = "packages in any order";
    for packages in [
        [
            ("ftdi-cdm-2.08.30", "ftdibus.inf"),
            ("ftdi-cdm-2.08.30", "ftdiport.inf"),
            ("codebndr-arduino", "arduino.inf"),
        ],
        [
            ("osvr-hdk", "osvr_cdc.inf"),
            ("codebndr-sparkfun", "sparkfun.inf"),
            ("codebndr-cdc", "atmel_devices_cdc.inf"),
        ],
    ] {
        let packages: Option<Vec<Package>> = packages
            .into_iter()
            .map(|(folder, inf)| support::package(test, folder, inf))
            .collect();
        match packages {
            Some(packages) => any_order(&packages),
            None => return,
        }
    }
}

fn path(text: &str) -> ImagePath {
    ImagePath::parse(text).unwrap()
}

fn key(text: &str) -> KeyPath {
    KeyPath::from(text)
}

fn set(draft: &mut Draft, at: &str, name: &str, data: RegData) -> Result<(), Error> {
    let _ = draft.set_value(HiveName::System, &key(at), name, data, &TEST)?;
    Ok(())
}

fn value(draft: &Draft, at: &str, name: &str) -> Option<RegData> {
    draft.value(HiveName::System, &key(at), name).unwrap()
}

const CLASS: &str = "{4d36e97b-e325-11ce-bfc1-08002be10318}";
const SERVICE: &str = "ControlSet001\\Services\\viostor";

in_each_store! {
fn a_file_that_is_not_the_packages_own_stays_and_is_told() {
    let Some(versions) = Versions::new("foreign file") else {
        return;
    };
    on(&image(), |draft| {
        let name = add(draft, &versions.package(3))?;
        put(draft, &path(SYS), b"of somebody else")?;
        let results = remove(draft, &[&name])?;
        assert_eq!(findings(&results), ["boot-driver-removed", "file-kept"]);
        assert!(results[0].findings[1].message.contains(SYS), "{results:?}");
        assert_eq!(draft.read(&path(SYS), 99)?.unwrap(), b"of somebody else");
        assert!(!draft.has_key(HiveName::System, &key(SERVICE))?);
        // The folder that the package brought is gone, the file beside it not.
        assert!(!draft.has_directory(&path("Windows\\System32\\drivers\\Umdf"))?);
        assert!(draft.has_directory(&path("Windows\\System32\\drivers"))?);
        Ok(())
    });
}
}

in_each_store! {
fn a_service_and_file_of_windows_itself_are_put_back() {
    let Some(versions) = Versions::new("shared with Windows") else {
        return;
    };
    on(&image(), |draft| {
        let first = wimwright_drivers::add(draft, &versions.package(1), &any_signature())?;
        let id = first.package_id.unwrap();
        let package = format!("DriverDatabase\\DriverPackages\\{id}");
        let mut version = value(draft, &package, "Version").unwrap();
        version.bytes[0] = 0xFF;
        set(draft, &package, "Version", version)?;
        let before = held(draft);
        let name = add(draft, &versions.package(2))?;
        assert_ne!(difference(&before, &held(draft)), [""; 0]);
        remove(draft, &[&name])?;
        assert_eq!(difference(&before, &held(draft)), [""; 0]);
        Ok(())
    });
}
}

in_each_store! {
fn a_record_that_names_files_of_others_removes_none_of_them() {
    let Some(versions) = Versions::new("false records") else {
        return;
    };
    let own = "Windows\\System32\\drivers\\gm.dls";
    let top = "Microsoft\\Windows\\CurrentVersion\\Setup\\PnpLockdownFiles";
    let itself = "%SystemRoot%\\System32\\drivers\\gm.dls";
    for (file, source) in [
        ("%SystemRoot%/System32/drivers/gm.dls", itself),
        ("%SystemRoot%/System32/drivers/../drivers/gm.dls", itself),
        (
            "C:/Windows/System32/drivers/gm.dls",
            "C:\\Windows\\System32\\drivers\\gm.dls",
        ),
        ("%SystemRoot%", ""),
    ] {
        for whole in [true, false] {
            on(&image(), |draft| {
                let result = wimwright_drivers::add(draft, &versions.package(1), &any_signature())?;
                let (name, id) = (result.published_name.unwrap(), result.package_id.unwrap());
                if !whole {
                    let folder = "Windows\\System32\\DriverStore\\FileRepository";
                    let path = path(&format!("{folder}\\{id}"));
                    let _ = draft.plan_change(Change::Remove { path }, &TEST)?;
                }
                let at = key(top).join(file);
                for (value, data) in [
                    ("Owners", RegData::multi_sz(&[&name])),
                    ("Source", RegData::expand_sz(source)),
                ] {
                    let _ = draft.set_value(HiveName::Software, &at, value, data, &TEST)?;
                }
                remove(draft, &[&name])?;
                assert!(draft.has_file(&path(own))?, "{file}");
                assert!(!draft.has_key(HiveName::Software, &key(top))?, "{file}");
                // Without the package's own file, its copy cannot be told.
                assert_eq!(draft.has_file(&path(SYS))?, !whole, "{file}");
                Ok(())
            });
        }
    }
}
}

in_each_store! {
fn what_somebody_set_in_a_shared_service_stays() {
    let Some(versions) = Versions::new("own settings") else {
        return;
    };
    on(&image(), |draft| {
        add(draft, &versions.package(1))?;
        let name = add(draft, &versions.package(2))?;
        set(draft, SERVICE, "Start", RegData::dword(4))?;
        set(draft, SERVICE, "Group", RegData::sz("Mine"))?;
        set(
            draft,
            &format!("{SERVICE}\\Parameters\\Deep"),
            "Mine",
            RegData::dword(1),
        )?;
        remove(draft, &[&name])?;
        assert_eq!(value(draft, SERVICE, "Start"), Some(RegData::dword(4)));
        assert_eq!(value(draft, SERVICE, "Group"), Some(RegData::sz("Mine")));
        let deep = format!("{SERVICE}\\Parameters\\Deep");
        assert_eq!(value(draft, &deep, "Mine"), Some(RegData::dword(1)));
        let two = format!("{SERVICE}\\Parameters\\Deep\\Er");
        assert!(!draft.has_key(HiveName::System, &key(&two))?);
        // In the other control set, where nobody set anything, the first
        // driver's values are back.
        let other = "ControlSet002\\Services\\viostor";
        assert_eq!(value(draft, other, "Start"), Some(RegData::dword(0)));
        assert_eq!(
            value(draft, other, "Group"),
            Some(RegData::sz("SCSI miniport"))
        );
        assert_eq!(value(draft, other, "DisplayName"), None);
        Ok(())
    });
}
}

in_each_store! {
fn values_stay_and_texts_are_written_out_where_another_owner_cannot_be_read() {
    let Some(versions) = Versions::new("owner unreadable") else {
        return;
    };
    on(&image(), |draft| {
        let first = wimwright_drivers::add(draft, &versions.package(1), &any_signature())?;
        let name = add(draft, &versions.package(2))?;
        let id = first.package_id.unwrap();
        let folder = format!("Windows\\System32\\DriverStore\\FileRepository\\{id}");
        let change = Change::Remove {
            path: path(&folder),
        };
        let _ = draft.plan_change(change, &TEST)?;
        let results = remove(draft, &[&name])?;
        assert_eq!(
            findings(&results),
            ["boot-driver-removed", "shared-service-values"]
        );
        assert_eq!(value(draft, SERVICE, "Group"), Some(RegData::sz("Other")));
        assert_eq!(
            value(draft, SERVICE, "DisplayName"),
            Some(RegData::sz("The second"))
        );
        let owners = value(draft, SERVICE, "Owners").unwrap();
        assert_eq!(owners, RegData::multi_sz(&[first.published_name.unwrap()]));
        assert!(draft.has_file(&path(SYS))?);
        Ok(())
    });
}
}

in_each_store! {
fn a_service_that_a_device_or_a_class_uses_stays_with_its_file() {
    let Some(versions) = Versions::new("used service") else {
        return;
    };
    let device = "Enum\\PCI\\VEN_1AF4&DEV_1001\\3&1";
    let class = "Control\\Class\\{4d36e97b-e325-11ce-bfc1-08002be10318}";
    for (at, name, data, told) in [
        (
            device,
            "Service",
            RegData::sz("VIOSTOR"),
            "`PCI\\VEN_1AF4&DEV_1001\\3&1` uses it",
        ),
        (
            device,
            "LowerFilters",
            RegData::multi_sz(&["viostor"]),
            "`PCI\\VEN_1AF4&DEV_1001\\3&1`",
        ),
        (
            class,
            "UpperFilters",
            RegData::multi_sz(&["a", "viostor"]),
            class,
        ),
    ] {
        on(&image(), |draft| {
            let published = add(draft, &versions.package(2))?;
            set(draft, &format!("ControlSet002\\{at}"), name, data.clone())?;
            let results = remove(draft, &[&published])?;
            assert_eq!(findings(&results), ["boot-driver-removed", "service-kept"]);
            let message = &results[0].findings[1].message;
            assert!(
                message.contains("`viostor`") && message.contains(told),
                "{message}"
            );
            assert!(draft.has_file(&path(SYS))?);
            for set in ["ControlSet001", "ControlSet002"] {
                let service = format!("{set}\\Services\\viostor");
                assert_eq!(value(draft, &service, "Start"), Some(RegData::dword(0)));
                assert_eq!(value(draft, &service, "Owners"), None, "{set}");
                let text = value(draft, &service, "DisplayName");
                assert_eq!(text, Some(RegData::sz("The second")));
            }
            Ok(())
        });
    }
}
}

in_each_store! {
fn a_device_that_was_installed_with_the_driver_is_named_and_keeps_its_entries() {
    let Some(versions) = Versions::new("installed device") else {
        return;
    };
    on(&image(), |draft| {
        let name = add(draft, &versions.package(1))?;
        let class = "{4d36e97b-e325-11ce-bfc1-08002be10318}\\0007";
        let device = "ControlSet001\\Enum\\PCI\\VEN_1AF4&DEV_1001\\3&1";
        set(draft, device, "Driver", RegData::sz(class))?;
        let class = format!("ControlSet001\\Control\\Class\\{class}");
        set(draft, &class, "InfPath", RegData::sz(&name.to_uppercase()))?;
        let results = remove(draft, &[&name])?;
        assert_eq!(
            findings(&results),
            ["boot-driver-removed", "device-installed"]
        );
        let message = &results[0].findings[1].message;
        assert!(
            message.contains("`PCI\\VEN_1AF4&DEV_1001\\3&1`"),
            "{message}"
        );
        assert!(value(draft, device, "Driver").is_some());
        assert!(value(draft, &class, "InfPath").is_some());
        Ok(())
    });
}
}

/// Publishes the second version under the first one's name, as Windows does
/// with an update.
fn update(draft: &mut Draft, versions: &Versions) -> Result<(String, String, String), Error> {
    let options = any_signature();
    let first = wimwright_drivers::add(draft, &versions.package(1), &options)?;
    let third = wimwright_drivers::add(draft, &versions.package(3), &options)?;
    let (name, gone) = (first.published_name.unwrap(), third.published_name.unwrap());
    let (old, new) = (first.package_id.unwrap(), third.package_id.unwrap());
    let database = "DriverDatabase";
    let both = RegData::multi_sz(&[&old, &new]);
    set(
        draft,
        &format!("{database}\\DriverInfFiles\\{name}"),
        "",
        both,
    )?;
    let files = format!("{database}\\DriverInfFiles\\{name}");
    set(draft, &files, "Active", RegData::sz(&new))?;
    set(
        draft,
        &format!("{database}\\DriverPackages\\{new}"),
        "",
        RegData::sz(&name),
    )?;
    let ids = format!("{database}\\DeviceIds\\PCI");
    let pci = draft.subkeys(HiveName::System, &key(&ids))?.into_iter();
    let mut keys: Vec<String> = pci.map(|id| format!("{ids}\\{id}")).collect();
    keys.push(format!("{database}\\DeviceIds\\{CLASS}"));
    for at in keys {
        set(draft, &at, &name, RegData::binary([1, 0xFF, 0, 0]))?;
        let (hive, key, name) = (HiveName::System, key(&at), gone.as_str().into());
        let _ = draft.plan_change(Change::DeleteValue { hive, key, name }, &TEST)?;
    }
    let (hive, key) = (
        HiveName::System,
        key(&format!("{database}\\DriverInfFiles\\{gone}")),
    );
    let _ = draft.plan_change(Change::DeleteKey { hive, key }, &TEST)?;
    Ok((name, old, new))
}

in_each_store! {
fn of_several_packages_under_a_name_one_goes_and_the_name_stays() {
    let Some(versions) = Versions::new("several under a name") else {
        return;
    };
    on(&image(), |draft| {
        let (name, old, new) = update(draft, &versions)?;
        let results = remove(draft, &[&new])?;
        assert_eq!(
            findings(&results),
            ["boot-driver-removed", "published-name-kept"]
        );
        assert_eq!(results[0].published_name.as_deref(), Some(name.as_str()));
        let files = format!("DriverDatabase\\DriverInfFiles\\{name}");
        assert_eq!(value(draft, &files, "Active"), Some(RegData::sz(&old)));
        assert_eq!(value(draft, &files, ""), Some(RegData::multi_sz(&[&old])));
        let sections = RegData::multi_sz(&["scsi_inst"]);
        assert_eq!(value(draft, &files, "Configurations"), Some(sections));
        // Ids of the other stay, that of the package alone is gone.
        for (id, there) in [("1001", true), ("1042", true), ("1043", false)] {
            let at = format!("DriverDatabase\\DeviceIds\\PCI\\VEN_1AF4&DEV_{id}");
            assert_eq!(value(draft, &at, &name).is_some(), there, "{id}");
            assert_eq!(draft.has_key(HiveName::System, &key(&at))?, there, "{id}");
        }
        let published = draft.read(&path(&format!("Windows\\INF\\{name}")), 1 << 20)?;
        let inf = std::fs::read(versions.top.path().join("1/viostor.inf")).unwrap();
        assert!(
            published == Some(inf),
            "the other package's INF is published"
        );
        let repository = "Windows\\System32\\DriverStore\\FileRepository";
        for (id, there) in [(old, true), (new, false)] {
            let folder = path(&format!("{repository}\\{id}"));
            assert_eq!(draft.has_directory(&folder)?, there, "{id}");
        }
        assert!(draft.has_file(&path(SYS))?);
        Ok(())
    });
}
}

in_each_store! {
fn a_published_name_takes_all_its_packages_along() {
    let Some(versions) = Versions::new("all under a name") else {
        return;
    };
    on(&image(), |draft| {
        let (name, old, new) = update(draft, &versions)?;
        let results = remove(draft, &[name.trim_end_matches(".inf")])?;
        let ids: Vec<_> = results
            .iter()
            .filter_map(|result| result.package_id.clone())
            .collect();
        assert_eq!(ids.len(), 2);
        assert!(ids.contains(&old) && ids.contains(&new), "{ids:?}");
        for below in ["DriverInfFiles", "DriverPackages", "DeviceIds"] {
            let at = key("DriverDatabase").join(below);
            assert_eq!(draft.subkeys(HiveName::System, &at)?, [""; 0], "{below}");
        }
        assert!(!draft.has_file(&path(&format!("Windows\\INF\\{name}")))?);
        Ok(())
    });
}
}

in_each_store! {
fn broken_packages_can_be_removed() {
    let Some(versions) = Versions::new("broken packages") else {
        return;
    };
    let packages = "DriverDatabase\\DriverPackages";
    let files = "DriverDatabase\\DriverInfFiles";
    let ids = "DriverDatabase\\DeviceIds\\PCI\\VEN_1AF4&DEV_1001";
    let id = "viostor.inf_amd64_0000000000000000";
    // What a minimal boot set of other tools leaves, and less and less of it.
    let version = RegData::binary([&[0, 0xFF, 9, 0], [0; 44].as_slice()].concat());
    for (name, entries) in [
        (
            "viostor.inf",
            vec![
                (format!("{packages}\\{id}"), "", RegData::sz("viostor.inf")),
                (format!("{packages}\\{id}"), "Version", version),
                (
                    format!("{files}\\viostor.inf"),
                    "",
                    RegData::multi_sz(&[id]),
                ),
                (format!("{files}\\viostor.inf"), "Active", RegData::sz(id)),
                (
                    ids.to_owned(),
                    "viostor.inf",
                    RegData::binary([1, 0xFF, 0, 0]),
                ),
            ],
        ),
        (
            "oem3.inf",
            vec![
                (format!("{packages}\\{id}"), "", RegData::sz("oem3.inf")),
                (ids.to_owned(), "OEM3.inf", RegData::binary([1, 0xFF, 0, 0])),
            ],
        ),
        (
            id,
            vec![(format!("{packages}\\{id}"), "x", RegData::dword(1))],
        ),
        (
            "oem3",
            vec![(format!("{files}\\oem3.inf"), "Active", RegData::dword(1))],
        ),
        (
            "oem3.inf",
            vec![(
                format!("{files}\\oem3.inf"),
                "",
                RegData::multi_sz(&[id, "other"]),
            )],
        ),
        (
            "oem3.inf",
            vec![(ids.to_owned(), "oem3.inf", RegData::none())],
        ),
    ] {
        on(&image(), |draft| {
            // A whole package beside it stays whole.
            add(draft, &versions.package(1))?;
            let before = held(draft);
            for (at, name, data) in entries {
                set(draft, &at, name, data)?;
            }
            assert_ne!(difference(&before, &held(draft)), [""; 0], "{name}");
            remove(draft, &[name])?;
            assert_eq!(difference(&before, &held(draft)), [""; 0], "{name}");
            Ok(())
        });
    }
    // Files alone.
    on(&image(), |draft| {
        let before = held(draft);
        let catalogs = "Windows\\System32\\CatRoot\\{F750E6C3-38EE-11D1-85E5-00C04FC295EE}";
        for file in [
            "Windows\\INF\\oem3.inf",
            "Windows\\INF\\OEM3.pnf",
            &format!("{catalogs}\\oem3.cat"),
        ] {
            put(draft, &path(file), b"stray")?;
        }
        remove(draft, &["OEM3"])?;
        assert_eq!(difference(&before, &held(draft)), [""; 0]);
        Ok(())
    });
}
}

in_each_store! {
fn values_of_the_wrong_kind_stop_nothing() {
    let Some(versions) = Versions::new("wrong kinds") else {
        return;
    };
    let odd = [
        RegData::dword(7),
        RegData::sz("oem0.inf"),
        RegData::binary([0xFF; 3]),
        RegData::none(),
        RegData {
            kind: 7,
            bytes: vec![0; 3],
        },
    ];
    for data in odd {
        on(&image(), |draft| {
            let name = add(draft, &versions.package(2))?;
            let package =
                draft.subkeys(HiveName::System, &key("DriverDatabase\\DriverPackages"))?;
            let package = format!("DriverDatabase\\DriverPackages\\{}", package[0]);
            for (at, value) in [
                (SERVICE, "Owners"),
                ("ControlSet001\\Services\\Other", "Owners"),
                ("ControlSet001\\Enum\\A\\B\\C", "Service"),
                ("ControlSet001\\Enum\\A\\B\\C", "Driver"),
                ("ControlSet001\\Enum\\A\\B\\C", "UpperFilters"),
                ("ControlSet001\\Control\\Class\\x", "LowerFilters"),
                (&format!("DriverDatabase\\DriverInfFiles\\{name}"), ""),
                (&package, "Version"),
                ("DriverDatabase", "OemInfMap"),
            ] {
                set(draft, at, value, data.clone())?;
            }
            remove(draft, &[&name])?;
            let files = key("DriverDatabase\\DriverInfFiles");
            assert_eq!(
                draft.subkeys(HiveName::System, &files)?,
                [""; 0],
                "{data:?}"
            );
            assert!(
                !draft.has_key(HiveName::System, &key(&package))?,
                "{data:?}"
            );
            Ok(())
        });
    }
}
}
