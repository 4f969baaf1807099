//! `drivers lint`: what is said where, and how it ends.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on ends"
)]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;
use support::{run_in, sample};
use wimwright::ExitCode;

/// The sample's package without its catalog, with a section that is missing
/// and one that nobody uses.
fn faulty(top: &Path) {
    let inf = fs::read_to_string(top.join("viostor/viostor.inf")).unwrap();
    let folder = top.join("faulty");
    fs::create_dir_all(folder.join("below")).unwrap();
    let broken = inf.replace("[Strings]", "[Nobody]\nx = 1\n[Strings]");
    let broken = broken.replacen("CopyFiles", "AddReg = Missing\nCopyFiles", 1);
    assert_ne!(broken, inf);
    fs::write(folder.join("a.inf"), broken).unwrap();
    fs::write(folder.join("below/b.inx"), inf.replace("amd64", "$ARCH$")).unwrap();
}

fn lines(text: &str) -> Vec<&str> {
    text.lines().collect()
}

#[test]
fn findings_have_file_line_column_number_and_a_hint() {
    let top = sample();
    faulty(top.path());
    let found = run_in(top.path(), "drivers lint @faulty").ends(ExitCode::Findings);
    let file = top.path().join("faulty/a.inf");
    let file = file.display();
    let text = lines(&found.out);
    let is = |start: &str, end: &str| {
        text.iter()
            .any(|line| line.starts_with(start) && line.ends_with(end))
    };
    assert!(
        is(
            &format!("{file}:"),
            ":10: error 1203: AddReg names [Missing], which does not exist"
        ),
        "{}",
        found.out
    );
    assert!(is(
        &format!("{file}:"),
        ":1: warning 2083: nothing uses [Nobody]"
    ));
    // The package's own files are not in this folder.
    assert!(is(
        &format!("{file}:"),
        " error 22.9.1: `viostor.sys` is not there"
    ));
    assert!(is("1 file: 2 errors, ", "warnings") || is("1 file: 2 errors, ", "warning"));
    // The INF alone is looked at as text.
    run_in(top.path(), "drivers lint @faulty/a.inf -q")
        .ends(ExitCode::Findings)
        .says(&["error 1203"]);
    let alone = run_in(top.path(), "drivers lint @faulty/a.inf -q").out;
    assert!(
        !alone.contains("22.9.1") && !alone.contains("hint:"),
        "{alone}"
    );
}

#[test]
fn warnings_are_no_errors_unless_strict() {
    let top = sample();
    let plain = run_in(top.path(), "drivers lint @viostor --json").ends(ExitCode::Done);
    let document = plain.json();
    assert_eq!(document["errors"], 0);
    let warnings = document["warnings"].as_u64().unwrap();
    assert!(warnings > 0, "{document}");
    let strict = run_in(top.path(), "drivers lint @viostor --strict --json");
    let document = strict.ends(ExitCode::Findings).json();
    assert_eq!(document["errors"], warnings);
    assert_eq!(document["warnings"], 0);
}

#[test]
fn inputs_of_a_build_are_read_as_stampinf_writes_them_and_said_to_be() {
    let top = sample();
    faulty(top.path());
    let found = run_in(top.path(), "drivers lint @faulty --recurse");
    let input = top.path().join("faulty/below/b.inx");
    let note = format!(
        "{}: note: an input of a build, read as stampinf writes it for amd64",
        input.display()
    );
    assert!(lines(&found.out).contains(&note.as_str()), "{}", found.out);
    assert!(!found.out.contains("1274"), "{}", found.out);
    // As an .inf file it is not finished.
    let renamed = top.path().join("faulty/below/b.inf");
    fs::rename(&input, &renamed).unwrap();
    let words = "drivers lint @faulty/below/b.inf";
    run_in(top.path(), words)
        .ends(ExitCode::Findings)
        .says(&["error 1274: `$ARCH$` is a variable of stampinf"]);
    run_in(top.path(), &format!("{words} --stampinf")).ends(ExitCode::Done);
}

#[test]
fn what_cannot_be_read_stops_nothing_else() {
    let top = sample();
    faulty(top.path());
    let found = run_in(top.path(), "drivers lint @none @faulty --json");
    let found = found
        .ends(ExitCode::Damaged)
        .complains(&["none` does not exist"]);
    let document = found.json();
    assert!(
        document["infs"][0]["error"]
            .as_str()
            .unwrap()
            .ends_with("does not exist")
    );
    assert!(document["errors"].as_u64().unwrap() > 0);
    // An image has no use for a picture, nor has lint.
    fs::write(top.path().join("x.png"), "x").unwrap();
    run_in(top.path(), "drivers lint @x.png").ends(ExitCode::Refused);
}

#[test]
fn sarif_names_rules_places_and_what_failed() {
    let top = sample();
    faulty(top.path());
    let words = "drivers lint @faulty @none --recurse --mode windows --sarif @found.sarif";
    run_in(top.path(), words).ends(ExitCode::Damaged);
    let text = fs::read_to_string(top.path().join("found.sarif")).unwrap();
    let document: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(document["version"], "2.1.0");
    let run = &document["runs"][0];
    assert_eq!(run["tool"]["driver"]["name"], "wimwright");
    assert_eq!(run["columnKind"], "unicodeCodePoints");
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let ids: BTreeSet<&str> = rules
        .iter()
        .map(|rule| rule["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids.len(), rules.len(), "each rule has an id of its own");
    for rule in rules {
        let page = rule["helpUri"].as_str().unwrap();
        assert!(page.starts_with("https://learn.microsoft.com/"), "{rule}");
        assert!(
            rule["shortDescription"]["text"]
                .as_str()
                .unwrap()
                .ends_with('.')
        );
    }
    let results = run["results"].as_array().unwrap();
    assert!(!results.is_empty());
    for result in results {
        let index = result["ruleIndex"].as_u64().unwrap() as usize;
        assert_eq!(result["ruleId"], rules[index]["id"]);
        let levels = ["note", "warning", "error"];
        assert!(
            levels.contains(&result["level"].as_str().unwrap()),
            "{result}"
        );
        let place = &result["locations"][0]["physicalLocation"];
        let uri = place["artifactLocation"]["uri"].as_str().unwrap();
        assert!(uri.starts_with("file:///") && !uri.contains(' '), "{uri}");
        if let Some(region) = place.get("region") {
            assert!(region["startLine"].as_u64().unwrap() > 0, "{result}");
            assert!(region["startColumn"].as_u64().unwrap() > 0, "{result}");
        }
    }
    let invocation = &run["invocations"][0];
    assert_eq!(invocation["executionSuccessful"], false);
    let said = &invocation["toolExecutionNotifications"][0]["message"]["text"];
    assert!(said.as_str().unwrap().contains("does not exist"), "{said}");
}

#[test]
fn a_sarif_file_that_is_there_stays_unless_forced() {
    let top = sample();
    fs::write(top.path().join("found.sarif"), "mine").unwrap();
    let words = "drivers lint @viostor --sarif @found.sarif";
    let read = || fs::read_to_string(top.path().join("found.sarif")).unwrap();
    run_in(top.path(), words)
        .ends(ExitCode::Refused)
        .complains(&["found.sarif` exists", "hint: `--force` replaces it"]);
    assert_eq!(read(), "mine");
    run_in(top.path(), &format!("{words} --force")).ends(ExitCode::Done);
    assert!(read().contains("\"version\": \"2.1.0\""));
    let mut names: Vec<_> = fs::read_dir(top.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["found.sarif", "image", "viostor"]);
}
