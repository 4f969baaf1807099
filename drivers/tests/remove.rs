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

mod support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use support::{Around, TestImage, package, package_at};
use wimwright_drivers::{
    Outcome, Package, RemoveOptions, RemoveOutcome, RemoveResult, find_packages,
};
use wimwright_servicing::plan::{Basis, Change};
use wimwright_servicing::registry::{HiveName, Key, KeyPath, RegData};
use wimwright_servicing::{
    Access, BeginOptions, DirectoryTree, Draft, DraftError, Finding, Receipt,
};

const VIOSTOR: (&str, &str) = ("virtio-viostor-w10-amd64", "viostor.inf");
const TEST: Basis = Basis::verified("test");

/// Everything that an image holds: files by path, registry values by place.
/// The hives' files and the date of the database are left out.
type Held = BTreeMap<String, String>;

fn held(image: &TestImage) -> Held {
    let mut held: Held = image
        .snapshot()
        .into_iter()
        .filter(|(name, _)| !name.contains("/config/"))
        .map(|(name, bytes)| (name, hex(&bytes)))
        .collect();
    let look = image.open(Access::Read).look(support::now());
    for hive in HiveName::ALL {
        let open = look.hive(hive).unwrap().unwrap();
        assert!(open.check().problems.is_empty(), "{hive}");
        values(open.root(), &hive.to_string(), &mut held);
    }
    held.retain(|place, _| !place.ends_with("\\driverdatabase UpdateDate"));
    held
}

fn values(key: Key<'_>, path: &str, held: &mut Held) {
    held.insert(format!("[{path}]"), String::new());
    for value in key.values().unwrap() {
        let value = value.unwrap();
        let name = value.name().unwrap().to_string_lossy();
        let data = format!("{:#x} {}", value.kind(), hex(&value.data().unwrap()));
        held.insert(format!("{path} {name}"), data);
    }
    for below in key.subkeys().unwrap() {
        let below = below.unwrap();
        let name = below.name().unwrap().to_string_lossy().to_lowercase();
        values(below, &format!("{path}\\{name}"), held);
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What two images differ in.
fn difference(before: &Held, after: &Held) -> Vec<String> {
    let gone = before
        .iter()
        .filter(|(place, _)| !after.contains_key(*place))
        .map(|(place, _)| format!("- {place}"));
    let new = after.iter().filter_map(|(place, data)| match before.get(place) {
        None => Some(format!("+ {place}")),
        Some(old) if old != data => Some(format!("~ {place}: {old} -> {data}")),
        Some(_) => None,
    });
    gone.chain(new).collect()
}

fn begin(around: Around) -> BeginOptions {
    BeginOptions {
        accept_dirty_hive: matches!(around, Around::Windows81),
        ..support::options()
    }
}

/// An image whose DRIVERS node has the keys that real ones have.
fn image(around: Around, test: &str) -> Option<TestImage> {
    let image = TestImage::new(around, test)?;
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

fn edit(
    image: &TestImage,
    around: Around,
    change: impl Fn(&mut Draft) -> Result<(), DraftError>,
) {
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
    (results, transaction.prepare().unwrap().commit().unwrap())
}

fn removed(image: &TestImage, names: &[&str]) -> Vec<Finding> {
    let (results, _) = remove(image, names, true);
    for result in &results {
        assert_eq!(result.outcome, RemoveOutcome::Removed, "{result:?}");
    }
    results.into_iter().flat_map(|result| result.findings).collect()
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

fn add(image: &TestImage, packages: &[Package]) -> Vec<String> {
    let (results, _) = image.add(packages, true);
    results
        .into_iter()
        .map(|result| {
            assert_eq!(result.outcome, Outcome::Added, "{result:?}");
            result.published_name.unwrap()
        })
        .collect()
}

/// Every package of the corpus.
fn packages(test: &str) -> Option<Vec<Package>> {
    let drivers = wimwright_testdata::corpus(test)?.join("drivers");
    let mut folders: Vec<PathBuf> = std::fs::read_dir(drivers)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir() && !path.ends_with("inf-only"))
        .collect();
    folders.sort();
    let mut packages = Vec::new();
    for folder in folders {
        let tree = Arc::new(DirectoryTree::open(&folder).unwrap());
        for inf in find_packages(tree.as_ref(), true).unwrap() {
            let name = folder.display().to_string();
            packages.push(Package::new(name, "", tree.clone(), inf));
        }
    }
    Some(packages)
}

#[test]
fn add_and_remove_of_every_package_leaves_every_image_as_it_was() {
    let test = "add and remove";
    for around in [
        Around::Windows81,
        Around::Windows10_1709,
        Around::Windows10_2004,
    ] {
        let Some(packages) = packages(test) else {
            return;
        };
        let image = image(around, test).unwrap();
        let before = held(&image);
        let mut added = 0;
        for package in packages {
            let (results, _) = image.add(std::slice::from_ref(&package), true);
            if results[0].outcome != Outcome::Added {
                continue;
            }
            added += 1;
            let name = results[0].published_name.clone().unwrap();
            let findings = removed(&image, &[&name]);
            let left = difference(&before, &held(&image));
            assert!(left.is_empty(), "{around:?} {}: {left:#?}", package.inf());
            let only = |finding: &&Finding| finding.name != "boot-driver-removed";
            let findings: Vec<_> = findings.iter().filter(only).collect();
            assert!(findings.is_empty(), "{}: {findings:?}", package.inf());
        }
        assert!(added >= 25, "{around:?}: {added} packages added");
    }
}
