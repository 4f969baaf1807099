//! `generalize` and `describe`, over directories and WIM files alike, on images
//! that hivex and plain files made.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on ends"
)]

mod answer_files;
mod plant;
mod real;
mod recipes;
mod stage;
mod states;
#[path = "../support/mod.rs"]
mod support;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use plant::{Of, Planted, plant, write_clean};
use recipes::{Recipe, generalized, recipes, vendor_media};
use serde_json::Value;
use support::{Run, content, run, run_in};
use tempfile::TempDir;
use wimwright::ExitCode;

/// Runs a command that gives JSON.
fn document(top: &Path, words: &str) -> Value {
    let found = run_in(top, &format!("{words} --json"));
    assert!(
        matches!(found.code, ExitCode::Done | ExitCode::Findings),
        "{words}: {}",
        found.err
    );
    found.json()
}

/// The report on the one image that `image` names.
fn report(top: &Path, image: &str) -> Value {
    document(top, &format!("generalize report {image}"))["images"][0].clone()
}

fn names(report: &Value) -> BTreeSet<String> {
    assert_eq!(report["unchecked"], Value::Array(Vec::new()), "{report}");
    let leftovers = report["leftovers"].as_array().unwrap().iter();
    leftovers
        .map(|leftover| leftover["name"].as_str().unwrap().to_owned())
        .collect()
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// Kinds that keep `clean` from doing anything.
const REFUSED: [&str; 2] = ["domain-membership", "sysprep-aborted"];

/// A clean image of a Windows in `clean`, one with each leftover in a directory
/// named after it, `all`, and `cleanable` without what `clean` refuses.
fn library(test: &str, of: Of) -> Option<(TempDir, Vec<Recipe>)> {
    let top = tempfile::tempdir().unwrap();
    let clean = top.path().join("clean");
    write_clean(of, &clean);
    let recipes = recipes(of);
    let mut jobs: Vec<(PathBuf, PathBuf, Planted)> = Vec::new();
    let (mut all, mut cleanable) = (Planted::default(), Planted::default());
    for recipe in &recipes {
        let to = top.path().join(recipe.name);
        jobs.push((clean.clone(), to, recipe.planted.clone()));
        all = all.and(recipe.planted.clone());
        if !REFUSED.contains(&recipe.name) {
            cleanable = cleanable.and(recipe.planted.clone());
        }
    }
    jobs.push((clean.clone(), top.path().join("all"), all));
    jobs.push((clean, top.path().join("cleanable"), cleanable));
    plant(test, &jobs).then_some((top, recipes))
}

/// Captures an image with page file, recycle bin and all, which are left out
/// otherwise.
fn whole(top: &Path, image: &str) {
    let words = format!("capture @{image} @{image}.wim --no-default-excludes");
    run_in(top, &words).ends(ExitCode::Done);
}

/// What `clean` did: nothing but removals of what was planted.
fn only_planted_went(top: &Path, before: &str, after: &str, planted: &Planted) {
    let found = run_in(top, &format!("diff {before} {after} --json"));
    let found = found.json();
    let mut removed = 0;
    for file in found["files"].as_array().unwrap() {
        assert_eq!(file["change"], "removed", "{file}");
        let path = file["path"].as_str().unwrap();
        assert!(planted.has(None, path), "{path} was not planted");
        removed += 1;
    }
    for entry in found["registry"].as_array().unwrap() {
        let change = entry["change"].as_str().unwrap();
        assert!(
            ["key-removed", "value-removed"].contains(&change),
            "{entry}"
        );
        let key = entry["key"].as_str().unwrap();
        let place = match entry["name"].as_str() {
            Some(name) => format!("{key}\\{name}"),
            None => key.to_owned(),
        };
        let hive = entry["hive"].as_str().unwrap();
        assert!(
            planted.has(Some(hive), &place),
            "{hive}\\{place} was not planted"
        );
        removed += 1;
    }
    assert!(removed > 0, "nothing was removed from {before}");
}

fn every_leftover_is_found_and_none_is_invented(test: &str, of: Of) {
    let Some((top, recipes)) = library(test, of) else {
        return;
    };
    let top = top.path();
    assert_eq!(names(&report(top, "@clean")), set(&[]));
    // 11 differs from 10 in its number only.
    let alone = recipes.iter().filter(|_| of != Of::Eleven);
    for recipe in alone {
        let image = format!("@{}", recipe.name);
        let found = report(top, &image);
        assert_eq!(names(&found), set(&[recipe.name]), "{of:?}");
        assert_eq!(found["verdict"], "not-generalized", "{}", recipe.name);
        let cleanable = found["leftovers"][0]["cleanable"].as_bool();
        assert_eq!(cleanable, Some(recipe.cleaned), "{}", recipe.name);
        let said = found.to_string();
        assert!(
            !said.contains("hunter2"),
            "{}: a password is shown",
            recipe.name
        );
    }
    let all: Vec<&str> = recipes.iter().map(|recipe| recipe.name).collect();
    let together = report(top, "@all");
    assert_eq!(names(&together), set(&all), "{of:?}");
    for image in ["clean", "all"] {
        whole(top, image);
    }
    assert_eq!(names(&report(top, "@clean.wim")), set(&[]));
    assert_eq!(report(top, "@all.wim")["leftovers"], together["leftovers"]);

    // All kinds that there are for this Windows have been planted.
    let list = document(top, "generalize report --list");
    let listed = list["leftovers"].as_array().unwrap().iter();
    let listed: BTreeSet<String> = listed
        .filter(|kind| of.is_later() || kind["applies_to"] == "every Windows")
        .map(|kind| kind["name"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(listed, set(&all));
    assert!(list["leftovers"].as_array().unwrap().len() >= 40);
}

#[test]
fn every_leftover_of_xp_is_found_and_none_is_invented() {
    let test = "every_leftover_of_xp_is_found_and_none_is_invented";
    every_leftover_is_found_and_none_is_invented(test, Of::Xp);
}

#[test]
fn every_leftover_of_windows_7_is_found_and_none_is_invented() {
    let test = "every_leftover_of_windows_7_is_found_and_none_is_invented";
    every_leftover_is_found_and_none_is_invented(test, Of::Seven);
}

#[test]
fn every_leftover_of_windows_10_is_found_and_none_is_invented() {
    let test = "every_leftover_of_windows_10_is_found_and_none_is_invented";
    every_leftover_is_found_and_none_is_invented(test, Of::Ten);
}

#[test]
fn every_leftover_of_windows_8_1_is_found_and_none_is_invented() {
    let test = "every_leftover_of_windows_8_1_is_found_and_none_is_invented";
    every_leftover_is_found_and_none_is_invented(test, Of::EightOne);
}

#[test]
fn every_leftover_of_windows_11_is_found_and_none_is_invented() {
    let test = "every_leftover_of_windows_11_is_found_and_none_is_invented";
    every_leftover_is_found_and_none_is_invented(test, Of::Eleven);
}

fn cleaning_removes_what_it_says_and_nothing_else(test: &str, of: Of) {
    let Some((library, recipes)) = library(test, of) else {
        return;
    };
    let top = library.path();
    let before = tempfile::tempdir().unwrap();
    let mut stays = BTreeSet::new();
    let mut planted = Planted::default();
    for recipe in &recipes {
        let image = top.join(recipe.name);
        let was = content(&image);
        let code = match REFUSED.contains(&recipe.name) {
            true => ExitCode::Refused,
            false => ExitCode::Done,
        };
        if recipe.cleaned {
            let kept = before.path().join(recipe.name);
            support::copy(&image, &kept);
        }
        let dry = run_in(top, &format!("generalize clean @{} --dry-run", recipe.name));
        dry.ends(code);
        assert_eq!(content(&image), was, "{}: a dry run wrote", recipe.name);
        run_in(top, &format!("generalize clean @{}", recipe.name)).ends(code);
        if recipe.cleaned {
            assert_eq!(names(&report(top, &format!("@{}", recipe.name))), set(&[]));
            let (old, new) = (before.path().join(recipe.name), image.clone());
            let (old, new) = (old.display().to_string(), new.display().to_string());
            only_planted_went(Path::new("/"), &old, &new, &recipe.planted);
            let was = content(&image);
            let again = run_in(top, &format!("generalize clean @{} --json", recipe.name));
            assert_eq!(again.ends(ExitCode::Done).json()["changed"], false);
            assert_eq!(content(&image), was, "{}: a second run wrote", recipe.name);
        } else {
            assert_eq!(content(&image), was, "{}", recipe.name);
            if !REFUSED.contains(&recipe.name) {
                stays.insert(recipe.name.to_owned());
            }
            let words = format!("generalize clean @{} --only {}", recipe.name, recipe.name);
            run_in(top, &words)
                .ends(ExitCode::Refused)
                .complains(&["is not cleaned offline"]);
        }
        if !REFUSED.contains(&recipe.name) {
            planted = planted.and(recipe.planted.clone());
        }
    }

    // All together, and in a WIM file the same.
    let before = before.path();
    support::copy(&top.join("cleanable"), &before.join("cleanable"));
    whole(top, "cleanable");
    let in_directory = report(top, "@cleanable")["leftovers"].clone();
    assert_eq!(report(top, "@cleanable.wim")["leftovers"], in_directory);
    for image in ["cleanable", "cleanable.wim"] {
        let done = document(top, &format!("generalize clean @{image}"));
        assert_eq!(done["changed"], true);
        let cleaned = done["images"][0]["cleaned"].as_array().unwrap();
        let recipes = recipes.iter().filter(|recipe| recipe.cleaned);
        assert_eq!(cleaned.len(), recipes.count());
        assert_eq!(names(&report(top, &format!("@{image}"))), stays, "{image}");
        let new = top.join(image).display().to_string();
        let old = before.join("cleanable").display().to_string();
        only_planted_went(Path::new("/"), &old, &new, &planted);
        let again = document(top, &format!("generalize clean @{image}"));
        assert_eq!(again["changed"], false);
    }
    run_in(top, "verify @cleanable.wim").ends(ExitCode::Done);
    run_in(top, "diff @cleanable @cleanable.wim").ends(ExitCode::Done);
}

#[test]
fn cleaning_xp_removes_what_it_says_and_nothing_else() {
    let test = "cleaning_xp_removes_what_it_says_and_nothing_else";
    cleaning_removes_what_it_says_and_nothing_else(test, Of::Xp);
}

#[test]
fn cleaning_windows_7_removes_what_it_says_and_nothing_else() {
    let test = "cleaning_windows_7_removes_what_it_says_and_nothing_else";
    cleaning_removes_what_it_says_and_nothing_else(test, Of::Seven);
}

#[test]
fn cleaning_windows_10_removes_what_it_says_and_nothing_else() {
    let test = "cleaning_windows_10_removes_what_it_says_and_nothing_else";
    cleaning_removes_what_it_says_and_nothing_else(test, Of::Ten);
}

#[test]
fn cleaning_windows_8_1_removes_what_it_says_and_nothing_else() {
    let test = "cleaning_windows_8_1_removes_what_it_says_and_nothing_else";
    cleaning_removes_what_it_says_and_nothing_else(test, Of::EightOne);
}

#[test]
fn only_what_is_named_is_cleaned() {
    let test = "only_what_is_named_is_cleaned";
    let top = tempfile::tempdir().unwrap();
    let clean = top.path().join("clean");
    write_clean(Of::Ten, &clean);
    let both = Planted::default()
        .file("pagefile.sys", "x")
        .file("Windows/Prefetch/A.pf", "x")
        .file("hiberfil.sys", "hibr");
    if !plant(test, &[(clean, top.path().join("both"), both)]) {
        return;
    }
    let top = top.path();
    run_in(top, "generalize clean @both --only page-file")
        .ends(ExitCode::Done)
        .says(&["page-file: 1 removed: pagefile.sys"]);
    let kinds = ["prefetch-files", "hibernation-file"];
    assert_eq!(names(&report(top, "@both")), set(&kinds));
    // A session waits in it.
    run_in(top, "generalize clean @both")
        .ends(ExitCode::Done)
        .says(&[
            "hibernation-file: nothing to remove",
            "stays: hiberfil.sys: a session waits",
        ]);
    assert_eq!(names(&report(top, "@both")), set(&kinds[1..]));
    run_in(top, "generalize clean @both --only none")
        .ends(ExitCode::Usage)
        .complains(&["no leftover is called `none`", "hint: "]);
}

#[test]
fn a_damaged_hive_hides_nothing_else_and_keeps_clean_away() {
    let test = "a_damaged_hive_hides_nothing_else_and_keeps_clean_away";
    let top = tempfile::tempdir().unwrap();
    let top = top.path();
    write_clean(Of::Ten, &top.join("clean"));
    let planted = Planted::default()
        .file("Windows/System32/config/SECURITY", [7; 9000])
        .file("pagefile.sys", "x");
    if !plant(test, &[(top.join("clean"), top.join("image"), planted)]) {
        return;
    }
    let found = report(top, "@image");
    assert_eq!(found["leftovers"][0]["name"], "page-file");
    let unchecked = found["unchecked"].as_array().unwrap().iter();
    let unchecked: Vec<_> = unchecked
        .map(|kind| kind["name"].as_str().unwrap())
        .collect();
    assert_eq!(
        unchecked,
        [
            "machine-sid",
            "domain-membership",
            "cached-logons",
            "dirty-hives"
        ]
    );
    run_in(top, "generalize report @image")
        .ends(ExitCode::Findings)
        .says(&["not looked for: machine-sid, domain-membership, cached-logons, dirty-hives"]);
    // Whether it belongs to a domain is not known.
    run_in(top, "generalize clean @image")
        .ends(ExitCode::Damaged)
        .complains(&["hive SECURITY: not a registry hive"]);
    assert!(top.join("image/pagefile.sys").is_file());
}

#[test]
fn nothing_makes_an_image_look_generalized() {
    let top = tempfile::tempdir().unwrap();
    let top = top.path();
    write_clean(Of::Ten, &top.join("image"));
    let was = content(&top.join("image"));
    for words in [
        "seal @image",
        "reseal @image --oobe",
        "set @image SetupType 2",
        "clean @image --only image-state",
        "clean @image --only page-file,generalization-state",
        "clean @image --only setup-type",
    ] {
        run_in(top, &format!("generalize {words}"))
            .ends(ExitCode::Refused)
            .complains(&[
                "are the work of Sysprep inside Windows",
                "only make an image look generalized",
                "hint: run `sysprep /generalize /oobe /shutdown`",
            ]);
    }
    assert_eq!(content(&top.join("image")), was);
}

#[test]
fn the_text_says_what_it_is_and_what_to_do() {
    let test = "the_text_says_what_it_is_and_what_to_do";
    let Some((top, _)) = library(test, Of::Ten) else {
        return;
    };
    run_in(top.path(), "generalize report @clean")
        .ends(ExitCode::Findings)
        .says(&[
            "not-generalized\n",
            "Nothing is left that must not be cloned.",
        ]);
    run_in(top.path(), "generalize report @all")
        .ends(ExitCode::Findings)
        .says(&[
            "  error: the SID of the computer [machine-sid]\n",
            "S-1-5-21-111-222-333",
            "`generalize clean` removes it:",
            "XXXXX-XXXXX-XXXXX-XXXXX-",
            "Windows\\Panther\\unattend.xml: passes oobeSystem (processed)",
        ]);
    run(&["generalize", "report", "--list"])
        .ends(ExitCode::Done)
        .says(&["machine-sid", "update-client-id"]);
    let _: Run = run(&["generalize", "report"]).ends(ExitCode::Usage);
}
