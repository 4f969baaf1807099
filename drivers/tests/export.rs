//! Driver packages named for copying out, and added again from the copy.

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

use std::path::Path;

use held::{difference, held_by};
use support::{Around, TestImage, package, package_at};
use wimwright_drivers::{ExportOutcome, ExportedPackage, Outcome, Package};
use wimwright_servicing::{Access, Draft, FileTree as _};

const PACKAGES: &[(&str, &str)] = &[
    ("virtio-viostor-w10-amd64", "viostor.inf"),
    ("ftdi-cdm-2.08.30", "ftdibus.inf"),
    ("codebndr-AVRISP_mkII", "AVRISP_mkII.inf"),
    ("wintun-0.14-amd64", "wintun.inf"),
    ("virtio-qemufwcfg-nulldrv", "qemufwcfg.inf"),
];

fn look(image: &TestImage) -> Draft {
    image.open(Access::Read).look(support::now())
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// Copies the packages out; gives them as packages to be added.
fn copy_out(draft: &Draft, exported: &[ExportedPackage], to: &Path) -> Vec<Package> {
    exported
        .iter()
        .map(|package| {
            let folder = to.join(package.package_id.as_ref().unwrap());
            for file in &package.files {
                let below = file.relative.to_string().replace('\\', "/");
                let path = folder.join(below);
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                let bytes = draft.read(&file.image_path, 1 << 30).unwrap().unwrap();
                std::fs::write(path, bytes).unwrap();
            }
            package_at(&folder, package.original_file_name.as_ref().unwrap())
        })
        .collect()
}

in_each_store! {
fn an_exported_package_added_to_another_image_gives_the_same_image() {
    let test = "export and add";
    let packages: Option<Vec<Package>> = PACKAGES
        .iter()
        .map(|(folder, inf)| package(test, folder, inf))
        .collect();
    let Some(packages) = packages else {
        return;
    };
    let image = TestImage::new(Around::Windows10_2004, test).unwrap();
    let (added, _) = image.add(&packages, false);
    assert!(
        added.iter().all(|result| result.outcome == Outcome::Added),
        "{added:?}"
    );
    let draft = look(&image);
    let wanted: Vec<String> = added
        .iter()
        .filter_map(|one| one.published_name.clone())
        .collect();
    let exported = wimwright_drivers::export(&draft, &wanted).unwrap();
    for ((exported, added), (_, inf)) in exported.iter().zip(&added).zip(PACKAGES) {
        assert_eq!(exported.outcome, ExportOutcome::Exported, "{exported:?}");
        assert_eq!(exported.package_id, added.package_id);
        assert_eq!(exported.original_file_name.as_deref(), Some(*inf));
        let files = exported.files.iter().map(|file| file.relative.to_string());
        assert!(files.clone().any(|file| file == *inf), "{exported:?}");
    }
    let copy = tempfile::tempdir().unwrap();
    let again = copy_out(&draft, &exported, copy.path());
    let fresh = TestImage::new(Around::Windows10_2004, test).unwrap();
    let (added_again, _) = fresh.add(&again, false);
    for (one, two) in added.iter().zip(&added_again) {
        assert_eq!(one.package_id, two.package_id);
        assert_eq!(one.published_name, two.published_name);
    }
    // Only where the packages came from differs: `OemPath`.
    let left = difference(&held_by(&image), &held_by(&fresh));
    let other: Vec<_> = left
        .iter()
        .filter(|line| !line.contains(" OemPath: "))
        .collect();
    assert_eq!(other, Vec::<&String>::new());
    assert_eq!(left.len(), PACKAGES.len(), "{left:?}");
}
}

in_each_store! {
fn without_names_all_of_third_parties_are_named_and_missing_files_refused() {
    let test = "export all";
    let Some(image) = TestImage::new(Around::Windows10_2004, test) else {
        return;
    };
    let viostor = package(test, PACKAGES[0].0, PACKAGES[0].1).unwrap();
    let _ = image.add(&[viostor], false);
    let draft = look(&image);
    let exported = wimwright_drivers::export(&draft, &[]).unwrap();
    let seen: Vec<(&str, bool)> = exported
        .iter()
        .map(|one| (one.name.as_str(), one.outcome == ExportOutcome::Exported))
        .collect();
    // The hive of a real machine names packages whose files are not here.
    assert_eq!(
        seen,
        [
            ("oem2.inf", false),
            ("oem3.inf", false),
            ("oem5.inf", false),
            ("oem6.inf", false),
            ("oem7.inf", false),
            ("oem9.inf", true),
        ]
    );
    let reason = exported[0].reason.as_deref().unwrap();
    assert!(
        reason.contains("vmci.inf_amd64_5e38a278d114b813"),
        "{reason}"
    );
    assert!(reason.contains("is not there"), "{reason}");
    let files: Vec<String> = exported[5]
        .files
        .iter()
        .map(|file| file.relative.to_string())
        .collect();
    assert_eq!(files, ["viostor.cat", "viostor.inf", "viostor.sys"]);
}
}

in_each_store! {
fn names_are_read_as_removal_reads_them() {
    let test = "export names";
    let Some(image) = TestImage::new(Around::Windows10_2004, test) else {
        return;
    };
    let viostor = package(test, PACKAGES[0].0, PACKAGES[0].1).unwrap();
    let (added, _) = image.add(&[viostor], false);
    let id = added[0].package_id.as_deref().unwrap();
    let draft = look(&image);
    let wanted = names(&[
        "OEM9",
        id,
        "oem9.inf",
        "usbstor.inf",
        "oem44.inf",
        "viostor.inf",
    ]);
    let exported = wimwright_drivers::export(&draft, &wanted).unwrap();
    let reasons: Vec<Option<&str>> = exported.iter().map(|one| one.reason.as_deref()).collect();
    assert_eq!(
        reasons,
        [
            None,
            Some("`usbstor.inf` came with Windows; only drivers of third parties can be exported"),
            Some("the image has no driver `oem44.inf`"),
            Some("`viostor.inf` is published as oem9.inf; name it so"),
        ]
    );

    // A folder without its INF is no package.
    let folder = image
        .path("Windows/System32/DriverStore/FileRepository")
        .join(id);
    std::fs::remove_file(folder.join("viostor.inf")).unwrap();
    let exported = wimwright_drivers::export(&look(&image), &names(&["oem9"])).unwrap();
    let reason = exported[0].reason.as_deref().unwrap();
    assert!(reason.contains("holds no INF"), "{reason}");
}
}
