//! `packages check`, `list`, `info` and `inspect`, `features list`, on generated
//! images as directories and in WIM files.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on ends"
)]

mod support;

use std::path::{Path, PathBuf};

use serde_json::Value;
use support::run;
use wimwright::ExitCode;
use wimwright_testdata::cbs_image::{CbsImage, Pending};
use wimwright_testdata::corpus;

/// An image as a directory and in a WIM file.
struct Both {
    folder: tempfile::TempDir,
}

impl Both {
    fn new(image: &CbsImage) -> Both {
        let folder = tempfile::tempdir().unwrap();
        image.write(&folder.path().join("image"));
        let made = Both { folder };
        let [directory, file] = made.paths();
        let done = run(&["capture", &directory, &file, "-q"]);
        assert_eq!(done.code, ExitCode::Done, "{}", done.err);
        made
    }

    fn paths(&self) -> [String; 2] {
        ["image", "image.wim"].map(|name| text(&self.folder.path().join(name)))
    }
}

fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

fn json(words: &[&str]) -> (ExitCode, Value) {
    let done = run(&[words, &["--json"]].concat());
    let document = serde_json::from_str(&done.out);
    (
        done.code,
        document.unwrap_or_else(|_| panic!("{}{}", done.out, done.err)),
    )
}

fn msu(corpus: &Path, kb: &str) -> String {
    text(&corpus.join(format!("packages/msu/Windows6.1-{kb}-x64.msu")))
}

#[test]
fn packages_and_features_are_listed_alike_in_directories_and_wim_files() {
    for image in [CbsImage::windows_7(), CbsImage::windows_10()] {
        let both = Both::new(&image);
        let mut documents = Vec::new();
        for path in both.paths() {
            let (code, list) = json(&["packages", "list", &path, "--all"]);
            assert_eq!(code, ExitCode::Done);
            let listed = &list["images"][0];
            let packages = listed["packages"].as_array().unwrap();
            assert_eq!(packages.len(), image.packages.len());
            let (_, some) = json(&["packages", "list", &path]);
            let visible = image
                .packages
                .iter()
                .filter(|one| one.visibility == 1)
                .count();
            assert_eq!(
                some["images"][0]["packages"].as_array().unwrap().len(),
                visible
            );
            let foundation = packages
                .iter()
                .find(|one| one["name"] == "Microsoft-Windows-Foundation-Package");
            let foundation = foundation.unwrap();
            assert_eq!(foundation["package_state"], "permanent");
            assert_eq!(foundation["release_type"], "Foundation");
            assert_eq!(foundation["install_time"], "2026-01-01T00:00:00Z");

            let (_, features) = json(&["features", "list", &path]);
            let features = features["images"][0]["features"].clone();
            assert_eq!(features[0]["feature_name"], "TelnetClient");
            assert_eq!(features[0]["state"], "enabled");
            assert_eq!(features[1]["state"], "disabled");
            documents.push((
                listed["packages"].clone(),
                listed["servicing_stack"].clone(),
                features,
            ));
        }
        assert_eq!(documents[0], documents[1]);
    }
}

#[test]
fn a_package_is_described_by_any_part_of_its_name_that_is_its_own() {
    let both = Both::new(&CbsImage::windows_7());
    for path in both.paths() {
        let (code, info) = json(&["packages", "info", &path, "optionalfeatures"]);
        assert_eq!(code, ExitCode::Done);
        let info = &info["images"][0];
        assert_eq!(info["name"], "Example-OptionalFeatures-Package");
        assert_eq!(info["updates"][0]["state"], "installed");
        assert_eq!(
            info["updates"][0]["components"].as_array().unwrap().len(),
            1
        );
        let missing = run(&["packages", "info", &path, "KB1"]);
        assert_eq!(missing.code, ExitCode::Refused);
        assert!(
            missing.err.contains("has no package `KB1`"),
            "{}",
            missing.err
        );
        let several = run(&["packages", "info", &path, "Microsoft-Windows"]);
        assert_eq!(several.code, ExitCode::Refused);
        assert!(
            several.err.contains("3 packages of the image fit"),
            "{}",
            several.err
        );
    }
}

#[test]
fn every_rule_of_a_check_says_what_it_compared() {
    let Some(corpus) = corpus("every_rule_of_a_check_says_what_it_compared") else {
        return;
    };
    let file = msu(&corpus, "KB4528069");
    let both = Both::new(&CbsImage::windows_7());
    for path in both.paths() {
        let (code, check) = json(&["packages", "check", &path, &file]);
        assert_eq!(code, ExitCode::Done);
        let package = &check["images"][0]["packages"][0];
        assert_eq!(package["verdict"], "applicable");
        assert_eq!(package["signature"], "signed");
        let rules: Vec<&str> = package["rules"]
            .as_array()
            .unwrap()
            .iter()
            .map(|rule| rule["rule"].as_str().unwrap())
            .collect();
        let expected = [
            "architecture",
            "pending",
            "installed",
            "servicing-stack",
            "parent",
            "components",
        ];
        assert_eq!(rules, expected);
        let text = run(&["packages", "check", &path, &file]);
        assert_eq!(text.code, ExitCode::Done);
        for words in [
            "1. Windows6.1-KB4528069-x64.msu: applicable",
            "ok    servicing-stack: 6.1.7601.24544",
        ] {
            assert!(text.out.contains(words), "{words}: {}", text.out);
        }
    }
}

#[test]
fn what_stands_against_a_package_is_told_with_what_would_help() {
    let Some(corpus) = corpus("what_stands_against_a_package_is_told_with_what_would_help") else {
        return;
    };
    let files = [msu(&corpus, "KB2999226"), msu(&corpus, "KB4528069")];
    let old = CbsImage {
        stack: [6, 1, 7601, 17514],
        pending: Pending {
            session: true,
            ..Pending::default()
        },
        ..CbsImage::windows_7()
    };
    let both = Both::new(&old);
    for path in both.paths() {
        let words = [
            "packages",
            "check",
            &path,
            &files[0],
            &files[1],
            "/nowhere.cab",
        ];
        let text = run(&words);
        assert_eq!(text.code, ExitCode::Findings);
        for said in [
            "pending: session `30000000_1`",
            "asked  servicing stack 6.1.7601.24516 or newer",
            "found  6.1.7601.17514",
            "hint   add a servicing stack update",
        ] {
            assert!(text.out.contains(said), "{said}: {}", text.out);
        }
        assert!(
            text.err.contains("`/nowhere.cab` does not exist"),
            "{}",
            text.err
        );
        let (_, check) = json(&words);
        assert_eq!(check["unreadable"][0]["file"], "/nowhere.cab");
        for package in check["images"][0]["packages"].as_array().unwrap() {
            assert_eq!(package["verdict"], "blocked");
        }
    }
    // For another Windows.
    let both = Both::new(&CbsImage::windows_10());
    let (code, check) = json(&["packages", "check", &both.paths()[0], &files[1]]);
    assert_eq!(code, ExitCode::Findings);
    assert_eq!(
        check["images"][0]["packages"][0]["verdict"],
        "not-applicable"
    );
    // Fits, but nobody vouches for it.
    let own = "packages/cab-custom-cbs/Z-he3als-NoDefender-Package31bf3856ad364e35amd641.0.0.0.cab";
    let text = run(&[
        "packages",
        "check",
        &both.paths()[0],
        &text(&corpus.join(own)),
    ]);
    assert_eq!(text.code, ExitCode::Findings);
    // However long the maker's name is, the line is wrapped for the terminal.
    let words: Vec<&str> = text.out.split_whitespace().collect();
    let words = words.join(" ");
    assert!(words.contains("applicable, but not trusted"), "{words}");
    assert!(words.contains("that nobody vouches for"), "{words}");
}

#[test]
fn inspect_understands_the_real_packages() {
    let Some(corpus) = corpus("inspect_understands_the_real_packages") else {
        return;
    };
    let (code, found) = json(&["packages", "inspect", &msu(&corpus, "KB4528069")]);
    assert_eq!(code, ExitCode::Done);
    assert_eq!(
        found["identity"],
        "Package_for_KB4528069~31bf3856ad364e35~amd64~~6.1.1.1"
    );
    assert_eq!(found["kind"], "update");
    assert_eq!(found["verdict"], "needs-windows");
    assert_eq!(found["servicing_stack"], "6.1.7601.24516");
    assert_eq!(found["parents"].as_array().unwrap().len(), 4);
    assert_eq!(found["components"].as_array().unwrap().len(), 5);
    assert_eq!(found["catalog"]["signer"][0], "Microsoft Windows");
    assert_eq!(found["catalog"]["covered"], 10);
    assert_eq!(found["catalog"]["missing"].as_array().unwrap().len(), 0);
    let files = found["files"].as_array().unwrap();
    assert_eq!(files.len(), 17);
    let decodable = files.iter().filter(|file| file["decodable"] == true);
    assert_eq!(decodable.count(), 16);
    let calc = files.iter().find(|file| {
        file["name"].as_str().unwrap().ends_with("calc.exe") && file["decodable"] == true
    });
    // As the package's own index has it.
    assert_eq!(
        calc.unwrap()["sha256"],
        "7e1a2b97810e4f117bf1556f7e8d08da861e9a1a5388c72d6fa52a2eafd32be6"
    );
    let own = "packages/cab-custom-cbs/Z-he3als-NoDefender-Package31bf3856ad364e35amd641.0.0.0.cab";
    let own = text(&corpus.join(own));
    let (code, found) = json(&["packages", "inspect", &own]);
    assert_eq!(
        (code, &found["verdict"]),
        (ExitCode::Done, &Value::from("untrusted"))
    );
    // It claims a name that is not its own, and that is told as a claim.
    let text = run(&["packages", "inspect", &own]);
    assert!(
        text.out.contains("it claims the name Microsoft Windows"),
        "{}",
        text.out
    );
}

#[test]
fn turning_features_on_and_off_is_refused_by_name() {
    for verb in ["enable", "disable"] {
        let done = run(&["features", verb, "image.wim:1", "TelnetClient"]);
        assert_eq!(done.code, ExitCode::Refused);
        assert!(
            done.err.contains(&format!("`features {verb}` is refused")),
            "{}",
            done.err
        );
        assert!(
            done.err.contains(&format!("/{verb}-feature")),
            "{}",
            done.err
        );
    }
}

#[test]
fn an_image_without_update_state_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let root: PathBuf = folder.path().join("xp");
    wimwright_testdata::nt5::Nt5::x86("acpiapic_mp").write(&root);
    let done = run(&["packages", "list", root.to_str().unwrap()]);
    assert_eq!(done.code, ExitCode::Refused, "{}", done.err);
    assert!(done.err.contains("has no update state"), "{}", done.err);
}
