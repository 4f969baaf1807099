//! Every package of the corpus, into Windows 10 2004 on amd64: added, or
//! refused for a reason. Classes, versions and reasons of the golden table were
//! read against the INFs.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "a test program"
)]

mod support;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use support::{Around, TestImage};
use wimwright_drivers::{Outcome, Package, find_packages};
use wimwright_servicing::DirectoryTree;

fn packages(drivers: &Path) -> Vec<(String, Package)> {
    let mut folders: Vec<PathBuf> = std::fs::read_dir(drivers)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir() && !path.ends_with("inf-only"))
        .collect();
    folders.sort();
    let mut found = Vec::new();
    for folder in folders {
        let tree = Arc::new(DirectoryTree::open(&folder).unwrap());
        for inf in find_packages(tree.as_ref(), true).unwrap() {
            let name = folder.file_name().unwrap().to_string_lossy().into_owned();
            let parent = inf.parent().and_then(|parent| parent.file_name().cloned());
            let last = parent.map_or_else(|| name.clone(), |parent| parent.to_string());
            let package = Package::new(folder.display().to_string(), last, tree.clone(), inf);
            found.push((name, package));
        }
    }
    found
}

#[test]
fn every_package_of_the_corpus_is_added_or_refused_for_a_reason() {
    let test = "corpus on 10 2004";
    let Some(corpus) = wimwright_testdata::corpus(test) else {
        return;
    };
    let image = TestImage::new(Around::Windows10_2004, test).unwrap();
    let packages = packages(&corpus.join("drivers"));
    assert!(packages.len() >= 29, "{} packages", packages.len());
    let all: Vec<Package> = packages
        .iter()
        .map(|(_, package)| package.clone())
        .collect();
    let (results, _) = image.add(&all, false);
    let mut text = String::new();
    for ((folder, _), result) in packages.iter().zip(&results) {
        let outcome = match result.outcome {
            Outcome::Added => "added",
            Outcome::Unchanged => "unchanged",
            Outcome::Refused => "refused",
        };
        write!(text, "{outcome} {folder}: {}", result.inf).unwrap();
        let known = [
            &result.published_name,
            &result.class_name,
            &result.version,
            &result.signer_name,
        ];
        for known in known.into_iter().flatten() {
            write!(text, " | {known}").unwrap();
        }
        writeln!(
            text,
            "{}",
            result
                .reason
                .as_ref()
                .map_or(String::new(), |why| format!(" | {why}"))
        )
        .unwrap();
    }
    support::compare_golden("corpus-on-10-2004.txt", &text);

    // All of them again, in one transaction: nothing changes.
    let before = image.snapshot();
    let (results, receipt) = image.add(&all, false);
    assert!(!receipt.plan.writes(), "{}", receipt.plan);
    assert!(
        results
            .iter()
            .all(|result| result.outcome != Outcome::Added)
    );
    assert!(image.snapshot() == before, "a byte changed");
}
