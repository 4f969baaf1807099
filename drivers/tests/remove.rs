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

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use held::{difference, held, held_by};
use support::{Around, TestImage, package, package_at};
use wimwright_drivers::{
    AddOptions, Error, Outcome, Package, RemoveOptions, RemoveOutcome, RemoveResult, find_packages,
};
use wimwright_servicing::plan::{Basis, Change};
use wimwright_servicing::registry::{HiveName, Key, KeyPath, RegData};
use wimwright_servicing::{
    Access, BeginOptions, DirectoryTree, Draft, DraftError, FileTree as _, Finding, ImagePath, Kind,
    Receipt,
};

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

fn forced() -> RemoveOptions {
    let mut options = RemoveOptions::default();
    options.force = true;
    options
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
        let mut transaction = image.open(Access::Write).begin(begin(around));
        let results = transaction.run("test", |draft| -> Result<(), Error> {
            let before = held(draft);
            let mut added = 0;
            for package in &packages {
                let result = wimwright_drivers::add(draft, package, &AddOptions::default())?;
                if result.outcome != Outcome::Added {
                    continue;
                }
                added += 1;
                let names = [result.published_name.unwrap()];
                let results = wimwright_drivers::remove(draft, &names, &forced())?;
                assert_eq!(results[0].outcome, RemoveOutcome::Removed, "{results:?}");
                let left = difference(&before, &held(draft));
                assert!(left.is_empty(), "{around:?} {}: {left:#?}", package.inf());
                let mut findings = results[0].findings.iter();
                let odd = findings.find(|finding| finding.name != "boot-driver-removed");
                assert_eq!(odd, None, "{}", package.inf());
            }
            assert!(added >= 28, "{around:?}: {added} packages added");
            Ok(())
        });
        assert!(results[0].is_ok(), "{results:?}");
        // Nothing of it is left for the commit to write but the date.
        let before = held_by(&image);
        let receipt = transaction.prepare().unwrap().commit().unwrap();
        let files: Vec<String> = receipt.written.iter().map(|file| file.path.to_string()).collect();
        assert!(files.iter().all(|file| file.contains("\\config\\")), "{files:?}");
        assert_eq!(difference(&before, &held_by(&image)), [""; 0]);
    }
}
