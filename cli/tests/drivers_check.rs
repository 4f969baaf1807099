//! `drivers check`: what is wrong with a driver store, and what mends it.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on ends"
)]

mod support;

use std::fs;

use support::{content, run_in, sample};
use tempfile::TempDir;
use wimwright::ExitCode;

/// The smallest header of a driver for amd64.
fn pe() -> Vec<u8> {
    let mut bytes = vec![0; 512];
    bytes[..2].copy_from_slice(b"MZ");
    bytes[0x3C] = 0x40;
    bytes[0x40..0x48].copy_from_slice(b"PE\0\0\x64\x86\0\0");
    bytes[0x54] = 0xF0;
    bytes[0x58..0x5A].copy_from_slice(&0x20B_u16.to_le_bytes());
    bytes[0x58 + 0x44] = 1;
    bytes
}

/// The sample with the files that its hive names, and it does not have: the
/// drivers of Windows itself, and the INFs that they belong to. Some belonged
/// to third parties' drivers, too.
fn whole() -> TempDir {
    let top = sample();
    let image = top.path().join("image");
    let found = run_in(top.path(), "drivers check @image --json").json();
    for fault in found["images"][0]["faults"].as_array().unwrap() {
        if fault["repairable"] == true {
            continue;
        }
        let quoted = fault["message"]
            .as_str()
            .unwrap()
            .split('`')
            .skip(1)
            .step_by(2);
        for name in quoted {
            let (path, bytes) = match fault["check"].as_str().unwrap() {
                "boot-file" => (name.replace('\\', "/"), pe()),
                "service-owners" => (format!("Windows/INF/{name}"), b"; Windows' own".to_vec()),
                other => panic!("{other}: {fault}"),
            };
            let (folder, file) = path.rsplit_once('/').unwrap();
            let folder = folder.to_lowercase();
            let folder = match folder.strip_prefix("windows/system32") {
                Some(below) => format!("Windows/System32{below}"),
                None => "Windows/INF".to_owned(),
            };
            fs::create_dir_all(image.join(&folder)).unwrap();
            fs::write(image.join(folder).join(file), bytes).unwrap();
        }
    }
    run_in(top.path(), "drivers check @image --repair").ends(ExitCode::Done);
    top
}

/// The same with the package in its image.
fn added() -> TempDir {
    let top = whole();
    run_in(top.path(), "drivers add @image @viostor").ends(ExitCode::Done);
    top
}

#[test]
fn an_image_in_order_says_so() {
    let top = whole();
    run_in(top.path(), "drivers check @image")
        .ends(ExitCode::Done)
        .says(&["the driver store is in order\n"]);
    run_in(top.path(), "drivers add @image @viostor").ends(ExitCode::Done);
    let found = run_in(top.path(), "drivers check @image --json").ends(ExitCode::Done);
    let found = found.json();
    assert_eq!(found["schema"], "wimwright/drivers-check/1");
    assert_eq!(found["changed"], false);
    assert_eq!(found["images"][0]["faults"], serde_json::json!([]));
    run_in(top.path(), "drivers check @image --repair")
        .ends(ExitCode::Done)
        .says(&["nothing is left that is wrong", "nothing to change\n"]);
}

#[test]
fn a_fault_is_told_with_what_it_does_and_mended() {
    let top = added();
    let whole = content(&top.path().join("image"));
    fs::remove_file(top.path().join("image/Windows/INF/oem0.inf")).unwrap();
    let image = top.path().join("image").display().to_string();
    run_in(top.path(), "drivers check @image").ends(ExitCode::Findings).says(&[
        "error: published-inf: Windows does not find the driver",
        "Windows\\INF\\oem0.inf: the published INF is not there\n",
        "    mend with --repair: copy\n    `Windows\\System32\\DriverStore\\FileRepository\\viostor.inf_amd64_",
        &format!("1 error; mended by: wimwright drivers check {image} --repair\n"),
    ]);
    let before = content(&top.path().join("image"));
    run_in(top.path(), "drivers check @image --repair --dry-run")
        .ends(ExitCode::Done)
        .says(&[
            "to mend  Windows\\INF\\oem0.inf: ",
            "dry run: nothing was written\n",
        ]);
    assert_eq!(before, content(&top.path().join("image")));
    run_in(top.path(), "drivers check @image --repair")
        .ends(ExitCode::Done)
        .says(&[
            "mended  Windows\\INF\\oem0.inf: the published INF is not there\n",
            "nothing is left that is wrong",
            "1 file written",
        ]);
    let mended = content(&top.path().join("image"));
    let inf = std::path::Path::new("Windows/INF/oem0.inf");
    assert_eq!(mended[inf], whole[inf]);
    run_in(top.path(), "drivers check @image --repair").says(&["nothing to change\n"]);
    assert_eq!(mended, content(&top.path().join("image")));
}

#[test]
fn what_cannot_be_mended_says_why_and_who_does() {
    let top = added();
    let store = top
        .path()
        .join("image/Windows/System32/DriverStore/FileRepository");
    let folder = fs::read_dir(&store)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    fs::remove_dir_all(folder).unwrap();
    let image = top.path().join("image").display().to_string();
    let found = run_in(top.path(), "drivers check @image --json").ends(ExitCode::Findings);
    let faults = found.json()["images"][0]["faults"].clone();
    let folder = faults
        .as_array()
        .unwrap()
        .iter()
        .find(|fault| fault["check"] == "package-folder");
    let folder = folder.unwrap();
    assert_eq!(folder["severity"], "error");
    assert_eq!(folder["repairable"], false);
    let command = format!("wimwright drivers add {image} PACKAGE");
    assert_eq!(folder["command"], command.as_str());
    let mend = folder["mend"].as_str().unwrap();
    assert!(
        mend.contains(&format!("`wimwright drivers remove {image} oem0.inf`")),
        "{mend}"
    );
    // The machine may boot from it, so the entries stay.
    run_in(top.path(), "drivers check @image --repair --remove-lost")
        .ends(ExitCode::Findings)
        .says(&["not removed: this is a boot driver", "nothing to change\n"]);
    // The other commands that meet the broken driver say who knows more.
    run_in(top.path(), "drivers export @image @out").says(&["`drivers check` says what mends it"]);
    // Its own command mends it.
    run_in(top.path(), "drivers add @image @viostor").ends(ExitCode::Done);
    run_in(top.path(), "drivers check @image").ends(ExitCode::Done);
}

#[test]
fn words_about_writing_need_a_repair() {
    let top = sample();
    for words in [
        "--dry-run",
        "--remove-lost",
        "--plan-out @plan.json",
        "--rebuild",
    ] {
        run_in(top.path(), &format!("drivers check @image {words}"))
            .ends(ExitCode::Usage)
            .complains(&["--repair"]);
    }
}

#[test]
fn every_image_of_a_wim_file_is_checked_and_mended_in_one_commit() {
    let top = added();
    run_in(top.path(), "capture @image @a.wim --name whole").ends(ExitCode::Done);
    fs::remove_file(top.path().join("image/Windows/INF/oem0.inf")).unwrap();
    run_in(top.path(), "append @image @a.wim --name broken").ends(ExitCode::Done);
    let found = run_in(top.path(), "drivers check @a.wim:all --json").ends(ExitCode::Findings);
    let counts = |found: &serde_json::Value, of: &str| -> Vec<usize> {
        let images = found["images"].as_array().unwrap().iter();
        images
            .map(|image| image[of].as_array().unwrap().len())
            .collect()
    };
    assert_eq!(counts(&found.json(), "faults"), [0, 1]);
    let done = run_in(top.path(), "drivers check @a.wim:all --repair --json").ends(ExitCode::Done);
    let done = done.json();
    assert_eq!(done["changed"], true);
    assert_eq!(
        (counts(&done, "faults"), counts(&done, "mended")),
        (vec![0, 0], vec![0, 1])
    );
    run_in(top.path(), "drivers check @a.wim:all").ends(ExitCode::Done);
}
