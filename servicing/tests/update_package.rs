//! Packages as a whole: what is in them, who signed, what can be had of it.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a panic is how a test fails"
)]

mod packages;

use packages::made::{self, Made, update};
use wimwright_servicing::MemoryTree;
use wimwright_servicing::update::package::{
    CatalogState, FileRole, Package, PackageError, PackageFile, PackageKind, PackageVerdict, Trust,
    Verified,
};
use wimwright_servicing::{FileTime, catalog::verify::TrustStore};
use wimwright_testdata::cbs_image::{Component, Identity};
use wimwright_testdata::corpus;

fn files(package: &Package) -> Vec<PackageFile> {
    let mut files = Vec::new();
    package.verify_files(|file| files.push(file)).unwrap();
    files
}

#[test]
fn the_real_packages_are_signed_covered_and_complete() {
    let Some(corpus) = corpus("the_real_packages_are_signed_covered_and_complete") else {
        return;
    };
    for (name, mums, components, of_payload) in
        [(packages::MSUS[0], 6, 10, 96), (packages::MSUS[1], 5, 5, 2)]
    {
        let package = made::open(name, packages::of_msu(&corpus, name));
        assert_eq!(package.kind(), PackageKind::Update);
        assert_eq!(package.mums().len(), mums);
        assert_eq!(package.components().len(), components);
        assert_eq!(package.catalogs().len(), mums);
        for catalog in package.catalogs() {
            assert_eq!(catalog.state, CatalogState::Signed, "{catalog:?}");
            assert_eq!(catalog.signer.as_deref(), Some("Microsoft Windows"));
        }
        assert_eq!(package.signature(), CatalogState::Signed);
        assert_eq!(package.uncovered(), []);
        // The update for those who stay on the old branch is in the first one.
        assert_eq!(package.missing(), [""; 0]);
        let files = files(&package);
        let payload: Vec<&PackageFile> = files
            .iter()
            .filter(|file| file.role == FileRole::Payload)
            .collect();
        assert_eq!(payload.len(), of_payload, "{name}");
        for file in &files {
            let expected = match (file.role, file.decodable) {
                (_, false) => Verified::NotExpanded,
                (FileRole::Catalog | FileRole::Other, _) => Verified::NoDigest,
                _ => Verified::Matches,
            };
            assert_eq!(file.verified, expected, "{file:?}");
            assert_eq!(file.decodable, file.sha256.is_some());
            assert!(file.decodable || file.beyond_us, "{file:?}");
        }
        let judged = package.judge(&files);
        assert_eq!(judged.verdict, PackageVerdict::NeedsWindows);
        assert!(
            judged.reasons[0].starts_with("only Windows can expand"),
            "{judged:?}"
        );
    }
}

#[test]
fn of_the_windows_7_calculator_one_file_needs_windows_itself() {
    let Some(corpus) = corpus("of_the_windows_7_calculator_one_file_needs_windows_itself") else {
        return;
    };
    let name = packages::MSUS[1];
    let package = made::open(name, packages::of_msu(&corpus, name));
    let files = files(&package);
    assert_eq!(files.len(), 17);
    let beyond: Vec<&PackageFile> = files.iter().filter(|file| !file.decodable).collect();
    let [only] = beyond.as_slice() else {
        panic!("{beyond:?}");
    };
    assert!(
        only.name.starts_with("x86_microsoft-windows-calc_"),
        "{only:?}"
    );
    assert!(
        only.reason.as_ref().unwrap().contains("AMD64 (8)"),
        "{only:?}"
    );
    assert_eq!(only.size, Some(776_192));
    let custom = package
        .components()
        .iter()
        .find(|one| !one.beyond.is_empty());
    let beyond: Vec<&str> = package
        .components()
        .iter()
        .flat_map(|one| one.beyond.iter().map(String::as_str))
        .collect();
    assert!(beyond.contains(&"ExtendedSecurityUpdatesAI"), "{custom:?}");
    assert!(beyond.contains(&"memberships/categoryMembership/categoryInstance/shortCut"));
}

#[test]
fn nobody_vouches_for_a_package_that_somebody_made() {
    let Some(corpus) = corpus("nobody_vouches_for_a_package_that_somebody_made") else {
        return;
    };
    let package = made::open("NoDefender", packages::hand_made(&corpus));
    assert_eq!(package.components().len(), 110);
    assert_eq!(package.signature(), CatalogState::Untrusted);
    let reason = package.catalogs()[0].reason.as_ref().unwrap();
    assert!(reason.contains("nobody vouches for"), "{reason}");
    let judged = package.judge(&files(&package));
    assert_eq!(judged.verdict, PackageVerdict::Untrusted);
    assert_eq!(judged.reasons, std::slice::from_ref(reason));
}

fn one_component() -> Made {
    let identity = Identity::component("Test-Component", [10, 0, 19041, 7], "amd64");
    update("KB7", [10, 0, 1, 0])
        .updating(Component::with_file(identity, "a.dll", b"abc"), "install")
}

/// The files of the package, changed.
fn changed(change: impl FnOnce(&mut Vec<(String, Vec<u8>)>)) -> MemoryTree {
    let mut files = one_component().files();
    change(&mut files);
    packages::tree(files)
}

#[test]
fn a_changed_or_missing_file_is_found() {
    let package = one_component().open();
    assert!(
        files(&package)
            .iter()
            .all(|file| file.verified != Verified::Differs)
    );
    let is_payload = |name: &str| name.ends_with("\\a.dll");
    // Payload: it does not have its digest.
    let tree = changed(|files| {
        let file = files.iter_mut().find(|(name, _)| is_payload(name)).unwrap();
        file.1[0] ^= 1;
    });
    let found = files(&made::open("x", tree));
    let file = found.iter().find(|file| is_payload(&file.name)).unwrap();
    assert_eq!(file.verified, Verified::Differs);
    assert_eq!(
        made::open("x", packages::tree(one_component().files()))
            .judge(&found)
            .verdict,
        PackageVerdict::Damaged
    );
    // Payload: it is not there.
    let tree = changed(|files| files.retain(|(name, _)| !is_payload(name)));
    let found = files(&made::open("x", tree));
    let file = found.iter().find(|file| is_payload(&file.name)).unwrap();
    assert_eq!(
        (file.decodable, file.verified),
        (false, Verified::NotExpanded)
    );
    assert!(!file.beyond_us);
    // A manifest: no catalog covers it.
    let tree = changed(|files| {
        let file = files
            .iter_mut()
            .find(|(name, _)| name.starts_with("amd64_test"))
            .unwrap();
        let text = String::from_utf8(file.1.clone()).unwrap();
        file.1 = text.replace("</assembly>", " </assembly>").into_bytes();
    });
    let package = made::open("x", tree);
    assert_eq!(package.uncovered().len(), 1);
    assert_eq!(package.signature(), CatalogState::Unsigned);
    // A manifest: it is not there.
    let tree = changed(|files| {
        files.retain(|(name, _)| !name.ends_with(".manifest") || name.contains("0123"));
    });
    let missing = made::open("x", tree).missing();
    assert_eq!(missing.len(), 1);
    assert!(
        missing[0].starts_with("amd64_test-component_"),
        "{missing:?}"
    );
}

#[test]
fn what_is_no_package_is_refused_by_its_rule() {
    let anchors = TrustStore::empty();
    let open = |tree: MemoryTree| {
        let trust = Trust {
            anchors: &anchors,
            now: FileTime(0),
        };
        Package::open("x", std::sync::Arc::new(tree), trust)
            .err()
            .unwrap()
    };
    let nothing = open(packages::tree(vec![(
        "readme.txt".to_owned(),
        b"".to_vec(),
    )]));
    assert!(matches!(nothing, PackageError::NoMum), "{nothing}");
    let renamed = changed(|files| {
        let file = files
            .iter_mut()
            .find(|(name, _)| name.starts_with("amd64_test"))
            .unwrap();
        file.0 = "amd64_other.manifest".to_owned();
    });
    assert!(matches!(open(renamed), PackageError::Name { .. }));
    let two = changed(|files| {
        let mum = files
            .iter()
            .find(|(name, _)| name == "update.mum")
            .unwrap()
            .1
            .clone();
        let other = String::from_utf8(mum.clone())
            .unwrap()
            .replace("KB7", "KB8");
        files.retain(|(name, _)| name != "update.mum");
        files.push(("one.mum".to_owned(), mum));
        files.push(("two.mum".to_owned(), other.into_bytes()));
    });
    assert!(matches!(open(two), PackageError::SeveralTops { .. }));
}
