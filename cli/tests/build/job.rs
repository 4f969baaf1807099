//! What comes out.

use std::fs;

use serde_json::Value;
use wimwright::ExitCode;

use super::support::{content, copy, run_in};
use super::{bench, file, one, process};

#[test]
fn a_build_does_what_the_single_commands_do() {
    let top = bench();
    let at = |name: &str| top.path().join(name);
    copy(&at("image"), &at("by-hand"));
    for words in [
        "drivers add @by-hand @viostor",
        "registry import @by-hand @tweak.reg",
        "files put @by-hand @files Tools",
        "files delete @by-hand Users/x/old.log",
    ] {
        // At the same time as the build: the import date of a package is in the registry.
        process(top.path(), &words.replace('@', ""));
    }
    let image = content(&at("image"));
    let wim = fs::read(at("base.wim")).unwrap();
    for source in ["image", "base.wim", "base.wim:1", "base.wim:Base"] {
        file(&top, "b.toml", &one(source));
        let run = process(top.path(), "build b.toml --json");
        let found: Value = serde_json::from_slice(&run.stdout).unwrap();
        assert_eq!(found["outputs"][0]["name"], "pro");
        let steps = found["images"][0]["steps"].as_array().unwrap();
        let outcomes = steps.iter().map(|step| {
            let results = step["results"].as_array().unwrap();
            let outcomes = results
                .iter()
                .map(|result| result["outcome"].as_str().unwrap());
            (step["step"].as_str().unwrap(), outcomes.collect::<Vec<_>>())
        });
        assert_eq!(
            outcomes.collect::<Vec<_>>(),
            [
                ("drivers", vec!["added"]),
                ("registry", vec!["imported"]),
                ("put", vec!["put"]),
                ("remove", vec!["removed", "unchanged"]),
            ]
        );
        run_in(top.path(), "verify @out/pro.wim").ends(ExitCode::Done);
        let info = run_in(top.path(), "info @out/pro.wim --json").json();
        assert_eq!(info["images"][0]["image_name"], "Pro");
        // Page files are not captured.
        run_in(
            top.path(),
            "diff @by-hand @out/pro.wim --exclude pagefile.sys",
        )
        .ends(ExitCode::Done);
        // And without a step of it there is a difference to be seen.
        run_in(
            top.path(),
            "diff @image @out/pro.wim --exclude pagefile.sys",
        )
        .ends(ExitCode::Findings);
        assert!(content(&at("image")) == image, "{source}");
        assert!(fs::read(at("base.wim")).unwrap() == wim, "{source}");
        fs::remove_dir_all(at("out")).unwrap();
    }
}

#[test]
fn the_same_job_gives_the_same_bytes() {
    for source in ["image", "base.wim"] {
        let top = bench();
        let text = one(source).replace("[[outputs]]", "[[outputs]]\ncheck = true");
        file(&top, "b.toml", &text);
        let mut built = Vec::new();
        for _ in 0..2 {
            process(top.path(), "build b.toml");
            built.push(fs::read(top.path().join("out/pro.wim")).unwrap());
            fs::remove_dir_all(top.path().join("out")).unwrap();
        }
        assert!(built[0] == built[1], "{source}");
    }
}

#[test]
fn exclusions_and_sources_of_steps_are_heeded() {
    let top = bench();
    fs::write(top.path().join("image/Users/x/a.tmp"), "x").unwrap();
    fs::write(top.path().join("list.ini"), "[ExclusionList]\n*.log\n").unwrap();
    file(
        &top,
        "b.toml",
        r#"
            [sources.dir]
            image = "image"
            description = "of a directory"
            exclude = ["*.tmp"]
            exclude-file = "list.ini"
            [sources.wim]
            image = "base.wim"
            name = "of a file"
            [[steps]]
            put = { from = "tweak.reg", to = "tweak.reg", sources = ["wim"] }
            [[outputs]]
            file = "both.wim"
        "#,
    );
    run_in(top.path(), "build @b.toml").ends(ExitCode::Done);
    let listed = |image: u32| {
        let run = run_in(top.path(), &format!("dir @both.wim:{image} -r"));
        run.ends(ExitCode::Done).out
    };
    let (dir, wim) = (listed(1), listed(2));
    assert!(!dir.contains("a.tmp") && !dir.contains("old.log"), "{dir}");
    assert!(!dir.contains("tweak.reg"), "{dir}");
    assert!(
        wim.contains("old.log") && wim.contains("tweak.reg"),
        "{wim}"
    );
    let info = run_in(top.path(), "info @both.wim --json").json();
    assert_eq!(info["images"][0]["image_name"], "image");
    assert_eq!(info["images"][0]["image_description"], "of a directory");
    assert_eq!(info["images"][1]["image_name"], "of a file");
}

#[test]
fn a_dry_run_tells_of_everything_and_writes_nothing() {
    let top = bench();
    for source in ["image", "base.wim"] {
        file(&top, "b.toml", &one(source));
        let before = content(top.path());
        let run = run_in(top.path(), "build @b.toml --dry-run").ends(ExitCode::Done);
        let run = run.says(&["pro", "drivers: 1 added", "viostor", "would build", "about"]);
        run.says(&["dry run: nothing was written"]);
        let found = run_in(top.path(), "build @b.toml --dry-run --json").json();
        assert_eq!(found["dry_run"], true);
        assert_eq!(found["changed"], true);
        let steps = found["images"][0]["plan"]["steps"].as_array().unwrap();
        assert!(steps.len() > 10, "{}", steps.len());
        assert!(content(top.path()) == before, "{source}");
        // Near what it comes to: the sample hardly compresses.
        let planned = found["outputs"][0]["size"].as_u64().unwrap();
        run_in(top.path(), "build @b.toml").ends(ExitCode::Done);
        let size = fs::metadata(top.path().join("out/pro.wim")).unwrap().len();
        assert!(
            size / 4 < planned && planned < size * 4,
            "{planned} for {size}"
        );
        fs::remove_dir_all(top.path().join("out")).unwrap();
    }
}
