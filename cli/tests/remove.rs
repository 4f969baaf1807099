//! `drivers remove` and `drivers export`: out of an image again.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on ends"
)]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use support::{content, run_in, sample, snapshot};
use tempfile::TempDir;
use wimwright::{ExitCode, sample as parts};

const ID: &str = "viostor.inf_amd64_";

/// The sample with the package in its image.
fn added() -> TempDir {
    let top = sample();
    run_in(top.path(), "drivers add @image @viostor").ends(ExitCode::Done);
    top
}

/// The files of the image but its hives.
fn files(top: &Path) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
    let mut found = content(&top.join("image"));
    found.retain(|path, _| !path.starts_with("Windows/System32/config"));
    found
}

fn results(document: &Value) -> Vec<(String, String)> {
    let results = document["images"][0]["results"].as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    results
        .iter()
        .map(|result| (text(&result["outcome"]), text(&result["reason"])))
        .collect()
}

#[test]
fn a_removed_package_leaves_the_image_as_it_was() {
    let top = sample();
    let before = files(top.path());
    run_in(top.path(), "drivers add @image @viostor").ends(ExitCode::Done);
    run_in(top.path(), "drivers remove @image oem0 --force")
        .ends(ExitCode::Done)
        .says(&[
            "removed  oem0.inf  viostor.inf  viostor.inf_amd64_",
            "    warning: this is a boot driver",
            "[boot-driver-removed]",
            "2 files written, 4 files and folders removed, ",
            "keys deleted",
            "basis: ",
        ]);
    assert_eq!(before, files(top.path()));
    run_in(top.path(), "drivers list @image").says(&["no third-party driver packages"]);
    // The name is free again, and the package goes in as it did at first.
    run_in(top.path(), "drivers add @image @viostor").says(&["added      oem0.inf"]);
}

#[test]
fn a_boot_driver_needs_force_and_all_stay_when_one_is_refused() {
    let top = added();
    let before = snapshot(top.path());
    run_in(top.path(), "drivers remove @image oem0.inf")
        .ends(ExitCode::Refused)
        .says(&[
            "refused  oem0.inf  viostor.inf  ",
            "service `viostor` starts at boot",
            "0x7B",
            "use `--force`",
            "\nnothing was changed\n",
        ]);
    let mixed = run_in(top.path(), "drivers remove @image oem0 oem7 --force --json");
    let mixed = mixed.ends(ExitCode::Refused).json();
    assert_eq!(mixed["schema"], "wimwright/drivers-remove/1");
    assert_eq!(mixed["changed"], false);
    let refused = |reason: &str| ("refused".to_owned(), reason.to_owned());
    assert_eq!(
        results(&mixed),
        [
            refused("nothing is removed, because `oem7` is refused"),
            refused("the image has no driver `oem7`"),
        ]
    );
    run_in(top.path(), "drivers remove @image").ends(ExitCode::Usage);
    assert_eq!(before, snapshot(top.path()));
}

#[test]
fn the_json_of_a_removed_package_names_what_others_build_on() {
    let top = added();
    let before = snapshot(&top.path().join("image"));
    let words = "drivers remove @image oem0.inf --force --dry-run --json";
    let dry = run_in(top.path(), words).ends(ExitCode::Done).json();
    assert_eq!(dry["changed"], true, "it would change");
    assert!(!dry["plan"]["steps"].as_array().unwrap().is_empty());
    assert_eq!(before, snapshot(&top.path().join("image")));

    let words = "drivers remove @image OEM0.INF --force --json";
    let removed = run_in(top.path(), words).ends(ExitCode::Done).json();
    assert_eq!(removed["changed"], true);
    let result = &removed["images"][0]["results"][0];
    assert_eq!(result["name"], "OEM0.INF");
    assert_eq!(result["published_name"], "oem0.inf");
    assert_eq!(result["original_file_name"], "viostor.inf");
    assert!(result["package_id"].as_str().unwrap().starts_with(ID));
    assert_eq!(result["outcome"], "removed");
    assert_eq!(result["reason"], Value::Null);
    assert_eq!(result["findings"][0]["name"], "boot-driver-removed");
    assert!(
        removed["receipt"]["registry"]["keys_deleted"]
            .as_u64()
            .unwrap()
            > 5
    );
}

#[test]
fn a_saved_removal_gives_the_same_bytes_as_the_command() {
    let top = added();
    let image = top.path().join("image");
    let copy = top.path().join("copy");
    for (path, bytes) in content(&image) {
        match bytes {
            None => fs::create_dir_all(copy.join(path)).unwrap(),
            Some(bytes) => {
                let path = copy.join(path);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, bytes).unwrap();
            }
        }
    }
    let words = "drivers remove @image oem0 --force --plan-out @plan.json";
    run_in(top.path(), words).ends(ExitCode::Done);
    run_in(top.path(), "plan apply @copy @plan.json").ends(ExitCode::Done);
    assert_eq!(content(&image), content(&copy));
    // It is stale now.
    run_in(top.path(), "plan apply @copy @plan.json")
        .ends(ExitCode::Refused)
        .complains(&["the plan expects", "the image has nothing"]);
}

#[test]
fn an_exported_package_is_known_again() {
    let top = added();
    let image = snapshot(&top.path().join("image"));
    run_in(top.path(), "drivers export @image @out")
        .ends(ExitCode::Done)
        .says(&[
            "exported  oem0.inf  viostor.inf  viostor.inf_amd64_",
            "  (3 files)\n",
        ]);
    let out = content(&top.path().join("out"));
    let names: Vec<String> = out.keys().map(|path| path.display().to_string()).collect();
    let id = names[0].clone();
    assert!(id.starts_with(ID), "{names:?}");
    let file = |name: &str| format!("{id}/{name}");
    assert_eq!(
        names[1..],
        [
            file("viostor.cat"),
            file("viostor.inf"),
            file("viostor.sys")
        ]
    );
    for (name, bytes) in parts::PACKAGE_FILES {
        assert_eq!(
            out[Path::new(&file(name))].as_deref(),
            Some(bytes),
            "{name}"
        );
    }
    assert_eq!(
        image,
        snapshot(&top.path().join("image")),
        "export only reads"
    );
    run_in(top.path(), "drivers add @image @out --recurse")
        .ends(ExitCode::Done)
        .says(&[&format!("unchanged  oem0.inf  {id}\\viostor.inf  {id}")]);

    // Into an image that does not have it, under the same id.
    parts::write_image(&top.path().join("fresh")).unwrap();
    run_in(top.path(), "drivers add @fresh @out --recurse")
        .says(&[&format!("added      oem0.inf  {id}")]);
    let (one, two) = (top.path().join("image"), top.path().join("fresh"));
    assert_eq!(
        content(&one).into_keys().collect::<Vec<_>>(),
        content(&two).into_keys().collect::<Vec<_>>()
    );
}

#[test]
fn what_is_there_is_replaced_with_force_only() {
    let top = added();
    run_in(top.path(), "drivers export @image @out").ends(ExitCode::Done);
    let good = snapshot(&top.path().join("out"));
    let folder = good.keys().next().unwrap().clone();
    fs::write(folder.join("viostor.sys"), "mine").unwrap();
    fs::write(folder.join("notes.txt"), "mine").unwrap();
    let mine = snapshot(&top.path().join("out"));
    run_in(top.path(), "drivers export @image @out oem0")
        .ends(ExitCode::Refused)
        .says(&["refused   oem0.inf", "exists; `--force` replaces it"]);
    assert_eq!(mine, snapshot(&top.path().join("out")));
    run_in(top.path(), "drivers export @image @out --force").ends(ExitCode::Done);
    assert_eq!(good, snapshot(&top.path().join("out")));
}

#[test]
fn one_bad_name_does_not_keep_the_others_from_being_exported() {
    let top = added();
    let mixed = run_in(top.path(), "drivers export @image @out oem7 oem0 --json");
    let mixed = mixed.ends(ExitCode::Partly).json();
    assert_eq!(mixed["schema"], "wimwright/drivers-export/1");
    assert_eq!(
        results(&mixed),
        [
            (
                "refused".to_owned(),
                "the image has no driver `oem7`".to_owned()
            ),
            ("exported".to_owned(), String::new()),
        ]
    );
    let files = &mixed["images"][0]["results"][1]["files"];
    assert_eq!(files.as_array().unwrap().len(), 3, "{files}");
    run_in(top.path(), "drivers export @image @none oem7").ends(ExitCode::Refused);
    assert!(!top.path().join("none").exists(), "made for nothing");

    // A package whose folder is gone is refused by name.
    let id = mixed["images"][0]["results"][1]["package_id"]
        .as_str()
        .unwrap();
    let repository = top
        .path()
        .join("image/Windows/System32/DriverStore/FileRepository");
    fs::remove_dir_all(repository.join(id)).unwrap();
    run_in(top.path(), "drivers export @image @again")
        .ends(ExitCode::Refused)
        .says(&["refused   oem0.inf", id, "is not there"]);
}

#[test]
fn a_failed_export_leaves_nothing() {
    let top = added();
    fs::write(top.path().join("file"), "a file").unwrap();
    let before = snapshot(top.path());
    for directory in ["file", "file/deep", "none/deep"] {
        run_in(top.path(), &format!("drivers export @image @{directory}"))
            .ends(ExitCode::Damaged)
            .complains(&["error: `", directory]);
        assert_eq!(before, snapshot(top.path()), "{directory}");
    }
}

#[cfg(unix)]
#[test]
fn a_package_with_a_link_in_it_is_not_exported_in_part() {
    let top = added();
    let repository = top
        .path()
        .join("image/Windows/System32/DriverStore/FileRepository");
    let folder = fs::read_dir(&repository)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    std::os::unix::fs::symlink("/etc/passwd", folder.join("more.dll")).unwrap();
    run_in(top.path(), "drivers export @image @out")
        .ends(ExitCode::Refused)
        .says(&["more.dll` is a link, which is not followed"]);
    assert!(!top.path().join("out").exists());
}
