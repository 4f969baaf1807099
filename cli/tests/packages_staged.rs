//! Update packages in the component store, as a user puts them there: inspect,
//! check, add, list, remove, on generated images of Windows 7 and 10.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test program"
)]

mod support;

use std::fs;
use std::path::Path;

use serde_json::Value;
use support::run_in;
use tempfile::TempDir;
use wimwright::ExitCode;
use wimwright_testdata::cbs_image::CbsImage;
use wimwright_testdata::image::{self, Data};
use wimwright_testdata::update_package::{root_certificate, update_for};

const NAME: &str = "Package_for_KB9000001";

/// Sealed for its first boot.
fn seal(root: &Path) {
    let set = |hive: &str, values: &[(&str, &str, Data)]| {
        let path = root.join("Windows/System32/config").join(hive);
        let mut open = wimwright_hive::Hive::open(fs::read(&path).unwrap()).unwrap();
        for (key, name, data) in values {
            image::set(&mut open, key, name, data);
        }
        fs::write(path, open.into_bytes()).unwrap();
    };
    set(
        "SYSTEM",
        &[
            ("Setup", "SetupType", Data::Dword(2)),
            ("Setup", "SystemSetupInProgress", Data::Dword(1)),
            ("Setup", "CmdLine", Data::Sz("oobe\\windeploy.exe")),
        ],
    );
    let key = "Microsoft\\Windows\\CurrentVersion\\Setup\\State";
    let state = Data::Sz("IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE");
    set("SOFTWARE", &[(key, "ImageState", state)]);
    let tag = root.join("Windows/System32/Sysprep/Sysprep_succeeded.tag");
    fs::create_dir_all(tag.parent().unwrap()).unwrap();
    fs::write(tag, b"").unwrap();
}

/// A folder with an image, as a directory and a WIM file, both kept a second
/// time; a package for it, and the certificate to trust.
fn bench(image: &CbsImage) -> TempDir {
    let top = tempfile::tempdir().unwrap();
    for name in ["image", "before"] {
        let root = top.path().join(name);
        image.write(&root);
        seal(&root);
        run_in(top.path(), &format!("capture @{name} @{name}.wim")).ends(ExitCode::Done);
    }
    let (package, form) = update_for(image);
    let msu = package.msu(&package.members(form));
    fs::write(top.path().join("kb.msu"), msu).unwrap();
    fs::write(top.path().join("root.cer"), root_certificate()).unwrap();
    top
}

fn on_every_image(body: impl Fn(&CbsImage, &Path, &str)) {
    for image in [CbsImage::windows_7(), CbsImage::windows_10()] {
        let top = bench(&image);
        for name in ["image", "image.wim"] {
            body(&image, top.path(), name);
        }
    }
}

fn result(document: &Value) -> (&str, &str) {
    let result = &document["images"][0]["results"][0];
    let text = |name: &str| result[name].as_str().unwrap_or("none");
    (text("outcome"), text("mechanism"))
}

fn identity(image: &CbsImage) -> String {
    let version = match image.windows.major {
        6 => "6.1.1.0",
        _ => "10.0.1.0",
    };
    format!("{NAME}~31bf3856ad364e35~amd64~~{version}")
}

/// What of other questions about the image may not change.
fn other_answers(top: &Path, image: &str) -> (String, String) {
    let ask = |words: &str| run_in(top, &format!("{words} @{image}")).out;
    (ask("generalize report"), ask("drivers check"))
}

fn same_as_before(top: &Path, image: &str) {
    let before = image.replace("image", "before");
    run_in(top, &format!("diff @{before} @{image} --security"))
        .ends(ExitCode::Done)
        .says(&["no differences"]);
}

#[test]
fn inspected_checked_staged_listed_and_removed() {
    on_every_image(|image, top, name| {
        run_in(top, "packages inspect @kb.msu --trust @root.cer")
            .ends(ExitCode::Done)
            .says(&[NAME]);
        run_in(
            top,
            &format!("packages check @{name} @kb.msu --trust @root.cer"),
        )
        .ends(ExitCode::Done)
        .says(&["applicable"]);
        let answers = other_answers(top, name);
        // Nobody vouches for who signed it.
        let refused = run_in(
            top,
            &format!("packages add @{name} @kb.msu --how stage --json"),
        )
        .ends(ExitCode::Refused)
        .json();
        assert_eq!(result(&refused), ("refused", "none"));
        let add = format!("packages add @{name} @kb.msu --how stage --trust @root.cer");
        let dry = run_in(top, &format!("{add} --dry-run"));
        dry.ends(ExitCode::Done).says(&[
            "Windows\\WinSxS\\Manifests\\amd64_microsoft-windows-calc",
            "COMPONENTS\\DerivedData\\Components\\",
            "\"S256H\"",
            "SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Component Based Servicing\\Packages\\",
            "[inferred, cbs 6.2]",
        ]);
        same_as_before(top, name);
        let added = run_in(top, &format!("{add} --json"))
            .ends(ExitCode::Done)
            .json();
        assert_eq!(result(&added), ("staged", "none"));
        assert_eq!(added["changed"], true);
        let reason = &added["images"][0]["results"][0]["reason"];
        assert!(reason.as_str().unwrap().contains("not applied"), "{reason}");
        let findings = added["images"][0]["findings"].to_string();
        assert!(findings.contains("store-not-certified"), "{findings}");
        let again = run_in(top, &format!("{add} --json"))
            .ends(ExitCode::Done)
            .json();
        assert_eq!(
            (result(&again), &again["changed"]),
            (("unchanged", "none"), &false.into())
        );
        run_in(top, &format!("packages list @{name}"))
            .ends(ExitCode::Done)
            .says(&[NAME, "staged"]);
        assert_eq!(other_answers(top, name), answers);
        run_in(top, &format!("{add} --strict")).ends(ExitCode::Done);
        let remove = format!("packages remove @{name} {}", identity(image));
        let removed = run_in(top, &format!("{remove} --json"))
            .ends(ExitCode::Done)
            .json();
        let staged = &removed["images"][0]["results"][0]["staged"];
        assert_eq!(staged.as_array().unwrap().len(), 2);
        same_as_before(top, name);
        run_in(top, &remove)
            .ends(ExitCode::Refused)
            .complains(&["waits for the first boot or is staged", "hint: "]);
        // Not everything is sure.
        run_in(top, &format!("{add} --strict")).ends(ExitCode::Refused);
        same_as_before(top, name);
    });
}

#[test]
fn what_is_staged_of_itself_waits_for_the_first_boot_as_well() {
    on_every_image(|_, top, name| {
        let answers = other_answers(top, name);
        let add = format!("packages add @{name} @kb.msu --trust @root.cer --json");
        let added = run_in(top, &add).ends(ExitCode::Done).json();
        assert_eq!(result(&added), ("staged", "setup-complete"));
        let again = run_in(top, &add).ends(ExitCode::Done).json();
        assert_eq!(result(&again).0, "unchanged");
        assert_eq!(again["changed"], false);
        run_in(top, &format!("packages list @{name}"))
            .ends(ExitCode::Done)
            .says(&["kb.msu", "staged"]);
        assert_eq!(other_answers(top, name), answers);
        // From both places.
        run_in(top, &format!("packages remove @{name} 1"))
            .ends(ExitCode::Done)
            .says(&["removed  1  kb.msu, and from the component store"]);
        same_as_before(top, name);
        // Where it was staged before, only the wait is new.
        let stage = format!("packages add @{name} @kb.msu --how stage --trust @root.cer");
        run_in(top, &stage).ends(ExitCode::Done);
        let added = run_in(top, &add).ends(ExitCode::Done).json();
        assert_eq!(result(&added), ("first-boot", "setup-complete"));
        run_in(top, &format!("packages remove @{name} kb.msu")).ends(ExitCode::Done);
        same_as_before(top, name);
    });
}

#[test]
fn installed_offline_where_that_is_asked_for() {
    on_every_image(|image, top, name| {
        let answers = other_answers(top, name);
        let add = format!("packages add @{name} @kb.msu --how install --trust @root.cer");
        let added = run_in(top, &format!("{add} --json"))
            .ends(ExitCode::Done)
            .json();
        assert_eq!(result(&added), ("installed", "none"));
        let again = run_in(top, &format!("{add} --json"))
            .ends(ExitCode::Done)
            .json();
        assert_eq!(
            (result(&again).0, &again["changed"]),
            ("unchanged", &false.into())
        );
        let version = match image.windows.major {
            6 => "6.1.7601.18000",
            _ => "10.0.19041.900",
        };
        let shown = run_in(top, &format!("cat @{name} Windows\\System32\\calc.exe"));
        assert_eq!(shown.ends(ExitCode::Done).out, version);
        run_in(top, &format!("packages list @{name}"))
            .ends(ExitCode::Done)
            .says(&[NAME, "installed"]);
        run_in(
            top,
            &format!("packages check @{name} @kb.msu --trust @root.cer"),
        )
        .ends(ExitCode::Done)
        .says(&["installed already"]);
        assert_eq!(other_answers(top, name), answers);
        run_in(top, &format!("packages remove @{name} {}", identity(image)))
            .ends(ExitCode::Refused)
            .complains(&["Windows itself has to remove it"]);
    });
}

#[test]
fn a_saved_plan_opens_the_package_again() {
    let image = CbsImage::windows_10();
    let top = bench(&image);
    let top = top.path();
    run_in(
        top,
        "packages add @image @kb.msu --how install --trust @root.cer --dry-run --plan-out @plan.json",
    )
    .ends(ExitCode::Done);
    run_in(top, "plan apply @image @plan.json").ends(ExitCode::Done);
    run_in(
        top,
        "packages add @before @kb.msu --how install --trust @root.cer",
    )
    .ends(ExitCode::Done);
    // But for the time, which was another.
    let differences = run_in(top, "diff @before @image --json").json();
    let files = differences["files"].to_string();
    assert!(!files.contains("WinSxS"), "{files}");
}
