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
use support::{TestImage, package_at};
use tempfile::TempDir;
use wimwright_drivers::{
    AddOptions, Error, Outcome, Package, RemoveOptions, RemoveOutcome, RemoveResult,
};
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
    let root = tempfile::tempdir().unwrap();
    let system = hive("SYSTEM", &values);
    write(root.path(), &system, &[], &Windows::new(10, 0, 19045), 9);
    let image = TestImage { root };
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
            let _ = draft.create_key(hive, &key, &TEST).unwrap();
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
                    ("\"BusType\", %REG_DWORD%, 0x00000001", "\"BusType\", %REG_DWORD%, 0x0000000A"),
                    (
                        "[pnpsafe_pci_addreg_msix]",
                        "HKR,Parameters\\Deep\\Er,Two,%REG_DWORD%,2\r\n\
                         HKR,Parameters,List,0x00010008,\"two\"\r\n[pnpsafe_pci_addreg_msix]",
                    ),
                    ("LoadOrderGroup = SCSI miniport", "LoadOrderGroup = Other\r\nDisplayName=%Two%"),
                    ("[Strings]", "[Strings]\r\nTwo=\"The second\"\r\n"),
                    ("HKR,,TypesSupported,%REG_DWORD%,7", "HKR,,Second,%REG_DWORD%,7"),
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
                    ("CopyFiles=viostor_Files_Driver", "CopyFiles=viostor_Files_Driver,More"),
                    ("DefaultDestDir = 10", "DefaultDestDir = 10\r\nMore=12,Umdf\\Deep"),
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
    let result = wimwright_drivers::add(draft, package, &AddOptions::default())?;
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
                assert!(left.is_empty(), "added {order:?}, removed {out:?}: {left:#?}");
                remove(draft, &[&names[out[2]]])?;
                let left = difference(&before, &held(draft));
                assert!(left.is_empty(), "added {order:?}, removed {out:?}: {left:#?}");
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
