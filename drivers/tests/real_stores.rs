//! The driver stores of real images, read without exception.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test program"
)]

mod support;

use support::{Around, TestImage};
use wimwright_drivers::store::device_id::DeviceIdFlags;
use wimwright_drivers::store::node::Node;
use wimwright_drivers::store::published_name::{OemNumber, numbers_in_map};
use wimwright_drivers::store::version_blob::VersionBlob;
use wimwright_servicing::Access;
use wimwright_servicing::registry::{HiveName, Key};

/// Published name, original name, version, class.
type Listed = (&'static str, &'static str, &'static str, &'static str);

/// What the hives hold by an independent reading: packages, third parties'
/// packages with version and class.
const STORES: &[(Around, usize, &[Listed])] = &[
    (
        Around::Windows81,
        159,
        &[("oem1.inf", "VBoxGuest.inf", "5.0.10.0", "System")],
    ),
    (Around::Windows10_1709, 222, &[]),
    (
        Around::Windows10_2004,
        239,
        &[
            ("oem2.inf", "vmci.inf", "9.8.16.0", "System"),
            ("oem3.inf", "efifw.inf", "1.0.0.0", "Firmware"),
            ("oem5.inf", "pvscsi.inf", "1.3.17.0", "SCSIAdapter"),
            ("oem6.inf", "vmusbmouse.inf", "12.5.10.0", "Mouse"),
            ("oem7.inf", "vmmouse.inf", "12.5.10.0", "Mouse"),
        ],
    ),
];

#[test]
fn the_packages_of_real_images_are_listed_without_exception() {
    for (around, count, third_party) in STORES {
        let Some(image) = TestImage::new(*around, "packages of real images") else {
            return;
        };
        let mut draft = image.open(Access::Read).look(support::now());
        let all = wimwright_drivers::list(&mut draft, true).unwrap();
        assert_eq!(all.len(), *count, "{around:?}");
        let broken = draft
            .findings()
            .iter()
            .filter(|finding| finding.name == "broken-driver-package");
        assert_eq!(broken.count(), 0, "{around:?}: {:?}", draft.findings());
        for package in &all {
            assert!(
                package.inbox || !package.provider_name.is_empty(),
                "{package:?}"
            );
            assert_eq!(
                package.architecture.as_deref(),
                Some("amd64"),
                "{package:?}"
            );
            assert!(package.class_name.is_some(), "{package:?}");
        }
        let oem = wimwright_drivers::list(&mut draft, false).unwrap();
        if !third_party.is_empty() {
            let found: Vec<_> = oem
                .iter()
                .map(|package| {
                    (
                        package.name(),
                        package.original_file_name.as_str(),
                        package.version.as_deref().unwrap_or_default(),
                        package.class_name.as_deref().unwrap_or_default(),
                    )
                })
                .collect();
            assert_eq!(found, *third_party, "{around:?}");
        }
        assert_eq!(
            oem.len(),
            all.iter().filter(|package| !package.inbox).count()
        );
    }
}

#[test]
fn every_version_value_and_device_id_decodes_and_encodes_to_the_byte() {
    for (around, count, _) in STORES {
        let Some(image) = TestImage::new(*around, "values of real images") else {
            return;
        };
        let draft = image.open(Access::Read).look(support::now());
        let hive = draft.hive(HiveName::System).unwrap().unwrap();
        let database = hive.key("DriverDatabase").unwrap().unwrap();
        let mut versions = 0;
        for package in database
            .subkey("DriverPackages")
            .unwrap()
            .unwrap()
            .subkeys()
            .unwrap()
        {
            let bytes = package.unwrap().value("Version").unwrap().unwrap();
            let bytes = bytes.data().unwrap().into_owned();
            assert_eq!(VersionBlob::decode(&bytes).unwrap().encode(), bytes);
            versions += 1;
        }
        assert_eq!(versions, *count, "{around:?}");
        let ids = database.subkey("DeviceIds").unwrap().unwrap();
        let checked = check_ids(ids);
        assert!(checked > 1000, "{around:?}: {checked} ids");

        let map = draft.value(HiveName::System, &Node::System.root(), "OemInfMap");
        let map = map.unwrap().unwrap().bytes;
        let numbers = numbers_in_map(&map);
        let files = draft.subkeys(HiveName::System, &"DriverDatabase\\DriverInfFiles".into());
        for name in files.unwrap() {
            if let Some(number) = OemNumber::parse(&name, ".inf") {
                assert!(
                    numbers.contains(&number),
                    "{around:?}: {name} is not in the map"
                );
            }
        }
    }
}

fn check_ids(key: Key<'_>) -> usize {
    let mut checked = 0;
    for below in key.subkeys().unwrap() {
        let below = below.unwrap();
        for value in below.values().unwrap() {
            let value = value.unwrap();
            let data = value.data().unwrap();
            if value.kind() == 3 {
                let flags = DeviceIdFlags::decode(&data).unwrap();
                assert_eq!(flags.encode().as_slice(), &*data);
                checked += 1;
            } else {
                // The class index: no type, no data.
                assert_eq!((value.kind(), data.len()), (0, 0));
            }
        }
        checked += check_ids(below);
    }
    checked
}
