//! A second run, and one after a kill.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use wimwright::ExitCode;

use super::support::{content, run_in};
use super::{bench, file, one, process};

#[test]
fn what_is_there_already_is_left_as_it_is() {
    let top = bench();
    let at = |name: &str| top.path().join(name);
    for source in ["image", "base.wim"] {
        file(&top, "b.toml", &one(source));
        let key = |word: &str| {
            let run = run_in(top.path(), "build @b.toml --json").ends(ExitCode::Done);
            let found = run.json();
            assert_eq!(found["outputs"][0]["outcome"], word);
            assert_eq!(found["changed"], word != "unchanged");
            found["outputs"][0]["key"].as_str().unwrap().to_owned()
        };
        let first = key("built");
        let before = content(top.path());
        let written = fs::metadata(at("out/pro.wim")).unwrap().modified().unwrap();
        assert_eq!(key("unchanged"), first);
        run_in(top.path(), "build @b.toml")
            .ends(ExitCode::Done)
            .says(&["unchanged", "nothing to build"]);
        assert!(content(top.path()) == before);
        let now = fs::metadata(at("out/pro.wim")).unwrap().modified().unwrap();
        assert_eq!(now, written);

        // Packages are content, whenever they were copied there.
        let sys = fs::File::options()
            .write(true)
            .open(at("viostor/viostor.sys"))
            .unwrap();
        sys.set_modified(SystemTime::now() + Duration::from_secs(9))
            .unwrap();
        assert_eq!(key("unchanged"), first);

        // Each of these is another job.
        let mut keys = vec![first];
        let other = format!("REGEDIT4\n[HKEY_LOCAL_MACHINE\\SOFTWARE\\{source}]\n");
        fs::write(at("tweak.reg"), other).unwrap();
        keys.push(key("replaced"));
        fs::write(at("files/new.txt"), "new").unwrap();
        keys.push(key("replaced"));
        file(&top, "b.toml", &one(source).replace("\"Pro\"", "\"Other\""));
        keys.push(key("replaced"));
        let text = fs::read_to_string(at("b.toml")).unwrap();
        file(&top, "b.toml", &format!("{text}compress = \"xpress\"\n"));
        keys.push(key("replaced"));
        match source {
            "image" => fs::write(at("image/Users/x/new"), "new").unwrap(),
            _ => drop(run_in(top.path(), "set @base.wim --description other").ends(ExitCode::Done)),
        }
        keys.push(key("replaced"));
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), 6);
        let names: Vec<_> = content(&at("out")).into_keys().collect();
        assert_eq!(names.len(), 2, "{names:?}");
        fs::remove_dir_all(at("out")).unwrap();
    }
}

/// Changes a byte and leaves size and time as they were.
fn change_unseen(path: &Path, at: usize) {
    let time = fs::metadata(path).unwrap().modified().unwrap();
    let mut bytes = fs::read(path).unwrap();
    bytes[at] ^= 1;
    fs::write(path, bytes).unwrap();
    let file = fs::File::options().write(true).open(path).unwrap();
    file.set_modified(time).unwrap();
}

#[test]
fn without_a_change_only_headers_and_tables_are_read() {
    let top = bench();
    let at = |name: &str| top.path().join(name);
    file(&top, "b.toml", &one("base.wim"));
    run_in(top.path(), "build @b.toml").ends(ExitCode::Done);
    // Whoever read the content would find it changed, or damaged.
    for (path, place) in [
        ("base.wim", 300),
        ("out/pro.wim", 300),
        ("viostor/viostor.sys", 9),
    ] {
        change_unseen(&at(path), place);
        let run = run_in(top.path(), "build @b.toml");
        run.ends(ExitCode::Done).says(&["nothing to build"]);
    }
    for wim in ["base.wim", "out/pro.wim"] {
        run_in(top.path(), &format!("verify @{wim}")).ends(ExitCode::Findings);
    }
    // With another time it is looked at.
    change_unseen(&at("base.wim"), 300);
    fs::write(at("viostor/viostor.sys"), "other").unwrap();
    run_in(top.path(), "build @b.toml").ends(ExitCode::Refused);
}

#[test]
fn what_a_build_did_not_leave_there_is_not_replaced() {
    let top = bench();
    let at = |name: &str| top.path().join(name);
    file(&top, "b.toml", &one("base.wim"));
    fs::create_dir(at("out")).unwrap();
    fs::write(at("out/pro.wim"), "precious").unwrap();
    for words in ["build @b.toml", "build @b.toml --dry-run"] {
        run_in(top.path(), words)
            .ends(ExitCode::Refused)
            .complains(&["is no file that this build left there", "hint:", "--force"]);
    }
    assert_eq!(fs::read(at("out/pro.wim")).unwrap(), b"precious");
    run_in(top.path(), "build @b.toml --force")
        .ends(ExitCode::Done)
        .says(&["replaced"]);

    // Changed by hand since: somebody wants that.
    run_in(top.path(), "files put @out/pro.wim @tweak.reg mine.reg").ends(ExitCode::Done);
    run_in(top.path(), "build @b.toml").ends(ExitCode::Refused);
    // Gone: it is built again.
    fs::remove_file(at("out/pro.wim")).unwrap();
    run_in(top.path(), "build @b.toml")
        .ends(ExitCode::Done)
        .says(&["built"]);
    // A record that says nothing: nobody knows whose file it is.
    fs::write(at("out/.pro.wim.wimwright-build"), "{").unwrap();
    run_in(top.path(), "build @b.toml").ends(ExitCode::Refused);
}

#[test]
fn a_build_that_is_killed_is_run_again() {
    let top = bench();
    let at = |name: &str| top.path().join(name);
    file(&top, "b.toml", &one("base.wim"));
    let build = || {
        Command::new(env!("CARGO_BIN_EXE_wimwright"))
            .args(["build", "b.toml", "--progress", "none"])
            .current_dir(top.path())
            .env("SOURCE_DATE_EPOCH", "1700000000")
            .stdout(Stdio::null())
            .spawn()
            .unwrap()
    };
    assert!(build().wait().unwrap().success());
    let mut killed = 0;
    for wait in (0..24).map(|number| number * 15) {
        // Every other time there is an older one to replace.
        if wait % 30 == 0 {
            let _ = fs::remove_dir_all(at("out"));
        } else {
            fs::write(at("files/a.txt"), format!("{wait}")).unwrap();
        }
        let mut child = build();
        std::thread::sleep(Duration::from_millis(wait));
        child.kill().unwrap();
        killed += u32::from(!child.wait().unwrap().success());
        if at("out/pro.wim").exists() {
            run_in(top.path(), "verify @out/pro.wim").ends(ExitCode::Done);
        }
    }
    assert!(killed > 0);
    assert!(build().wait().unwrap().success());
    let built = content(&at("out"));
    let names: Vec<_> = built.keys().collect();
    assert_eq!(names.len(), 2, "{names:?}");
    let _ = fs::remove_dir_all(at("out"));
    assert!(build().wait().unwrap().success());
    let wim = Path::new("pro.wim");
    assert!(content(&at("out"))[wim] == built[wim]);
}

#[test]
fn a_set_that_was_half_replaced_is_built_again() {
    let top = bench();
    let at = |name: &str| top.path().join(name);
    let text = one("base.wim").replace("pro.wim\"", "pro.swm\"\nsplit = \"64K\"");
    file(&top, "b.toml", &text);
    process(top.path(), "build b.toml");
    let old = content(&at("out"));
    let other = "REGEDIT4\n[HKEY_LOCAL_MACHINE\\SOFTWARE\\New]\n";
    fs::write(at("tweak.reg"), other).unwrap();
    process(top.path(), "build b.toml");
    let new = content(&at("out"));
    let part = |number: usize| match number {
        1 => PathBuf::from("pro.swm"),
        _ => PathBuf::from(format!("pro{number}.swm")),
    };
    let count = new.len() - 1;
    assert!(count > 2 && old.len() == new.len(), "{count}");
    let record = Path::new(".pro.swm.wimwright-build");
    // As it is put in place: record, without the first part, the others from the
    // last on, the first.
    for replaced in 0..=count + 1 {
        fs::remove_dir_all(at("out")).unwrap();
        fs::create_dir(at("out")).unwrap();
        let put = |name: &Path, bytes: &Option<Vec<u8>>| {
            fs::write(at("out").join(name), bytes.as_ref().unwrap()).unwrap();
        };
        put(record, &new[record]);
        for number in 1..=count {
            let from = match number + replaced > count + 1 {
                true => &new,
                false if number == 1 && replaced > 0 => continue,
                false => &old,
            };
            put(&part(number), &from[&part(number)]);
        }
        process(top.path(), "build b.toml");
        let found = content(&at("out"));
        for number in 1..=count {
            let part = part(number);
            assert!(found[&part] == new[&part], "{replaced}: {number}");
        }
    }
    // A part of somebody else's is not replaced.
    fs::remove_dir_all(at("out")).unwrap();
    fs::create_dir(at("out")).unwrap();
    fs::write(at("out/pro2.swm"), "precious").unwrap();
    run_in(top.path(), "build @b.toml")
        .ends(ExitCode::Refused)
        .complains(&["pro2.swm"]);
    assert_eq!(fs::read(at("out/pro2.swm")).unwrap(), b"precious");
    run_in(top.path(), "build @b.toml --force").ends(ExitCode::Done);
}
