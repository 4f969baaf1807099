//! `drivers add`, `plan show`, `plan apply`, `demo`: writing to an image.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on ends"
)]

mod support;

use std::fs;
use std::path::Path;

use serde_json::Value;
use support::{broken_package, content, run_in, sample, snapshot};
use wimwright::{ExitCode, sample as parts};

const ADDED: &str = "added      oem0.inf  viostor.inf  viostor.inf_amd64_";

fn outcomes(document: &Value) -> Vec<String> {
    let results = document["images"][0]["results"].as_array().unwrap();
    let outcome = |result: &Value| result["outcome"].as_str().unwrap().to_owned();
    results.iter().map(outcome).collect()
}

#[test]
fn a_package_is_added_once_and_then_unchanged_to_the_byte() {
    let top = sample();
    run_in(top.path(), "drivers add @image @viostor")
        .ends(ExitCode::Done)
        .says(&[
            ADDED,
            "SCSIAdapter 100.85.104.20800",
            "files written",
            "values set",
            "basis: ",
            "    signed by Microsoft Windows Hardware Compatibility Publisher (Microsoft's hardware \
             program, attested), 2021-09-09\n",
        ]);
    let image = top.path().join("image");
    for file in [
        "Windows/INF/oem0.inf",
        "Windows/System32/drivers/viostor.sys",
    ] {
        assert!(image.join(file).is_file(), "{file}");
    }
    let after = snapshot(&image);

    let again = run_in(top.path(), "drivers add @image @viostor").ends(ExitCode::Done);
    again.says(&["unchanged  oem0.inf  viostor.inf", "nothing to change\n"]);
    let again = run_in(top.path(), "drivers add @image @viostor --json").ends(ExitCode::Done);
    let again = again.json();
    assert_eq!(again["changed"], false);
    assert_eq!(outcomes(&again), ["unchanged"]);
    assert_eq!(after, snapshot(&image));
}

#[test]
fn an_unsigned_package_is_refused_until_the_user_insists() {
    let top = sample();
    let before = snapshot(&top.path().join("image"));
    fs::remove_file(top.path().join("viostor/viostor.cat")).unwrap();
    let refused = run_in(top.path(), "drivers add @image @viostor").ends(ExitCode::Refused);
    refused.says(&[
        "refused    viostor.inf: Windows on amd64 takes signed drivers only, and this one is not",
        "`viostor.cat`, which is not there",
        "`--force-unsigned` adds it all the same\n",
    ]);
    let json = run_in(top.path(), "drivers add @image @viostor --json").ends(ExitCode::Refused);
    let json = json.json();
    let result = &json["images"][0]["results"][0];
    assert_eq!(result["driver_signature"], "unsigned");
    assert_eq!(result["signer_name"], Value::Null);
    assert_eq!(before, snapshot(&top.path().join("image")));

    run_in(top.path(), "drivers add @image @viostor --force-unsigned")
        .ends(ExitCode::Done)
        .says(&[ADDED, "unsigned", "a boot driver that it does not load"]);
    run_in(top.path(), "drivers list @image -v")
        .ends(ExitCode::Done)
        .says(&["  Signature        unsigned\n"]);
    run_in(top.path(), "drivers info @image oem0.inf")
        .ends(ExitCode::Done)
        .says(&["  Signature      unsigned: the INF names the catalog `viostor.cat`"]);
}

#[test]
fn an_older_package_is_superseded_until_the_user_insists() {
    let top = sample();
    let older = top.path().join("older");
    fs::create_dir(&older).unwrap();
    for name in ["viostor.inf", "viostor.sys", "viostor.cat"] {
        fs::copy(top.path().join("viostor").join(name), older.join(name)).unwrap();
    }
    let inf = fs::read_to_string(older.join("viostor.inf")).unwrap();
    let dated = inf.replace("08/30/2021,100.85", "01/02/2020,100.80");
    assert_ne!(inf, dated);
    fs::write(older.join("viostor.inf"), dated).unwrap();
    run_in(top.path(), "drivers add @image @viostor").ends(ExitCode::Done);

    let before = snapshot(top.path());
    run_in(top.path(), "drivers add @image @older --force-unsigned")
        .ends(ExitCode::Done)
        .says(&[
            "superseded  viostor.inf: `oem0.inf` in the image (`viostor.inf`, 2021-08-30, 100.85.",
            "`--allow-older` adds it all the same\n",
        ]);
    let again = run_in(
        top.path(),
        "drivers add @image @older --force-unsigned --json",
    );
    let document = again.ends(ExitCode::Done).json();
    assert_eq!(document["changed"], false);
    let result = &document["images"][0]["results"][0];
    assert_eq!(result["outcome"], "superseded");
    assert_eq!(result["superseded_by"], "oem0.inf");
    assert_eq!(before, snapshot(top.path()));

    run_in(
        top.path(),
        "drivers add @image @older --force-unsigned --allow-older",
    )
    .ends(ExitCode::Done)
    .says(&["added      oem1.inf  viostor.inf"]);
}

#[test]
fn certificates_to_trust_are_read_before_anything_is_done() {
    let top = sample();
    fs::write(top.path().join("text.cer"), "a certificate").unwrap();
    fs::write(top.path().join("pem.cer"), "-----BEGIN CERTIFICATE-----\n").unwrap();
    let before = snapshot(top.path());
    run_in(top.path(), "drivers add @image @viostor --trust @text.cer")
        .ends(ExitCode::Refused)
        .complains(&["text.cer` is no certificate"]);
    run_in(top.path(), "drivers info @viostor --trust @pem.cer")
        .ends(ExitCode::Refused)
        .complains(&["hint: it is in Base64", "openssl x509 -in "]);
    assert_eq!(before, snapshot(top.path()));
}

#[test]
fn info_tells_who_signed_a_package() {
    let top = sample();
    let publisher = "Microsoft Windows Hardware Compatibility Publisher";
    run_in(top.path(), "drivers info @viostor")
        .ends(ExitCode::Done)
        .says(&[
            "  Signature      signed\n",
            publisher,
            "    trusted by   Microsoft Root Certificate Authority 2010\n",
            "    time stamp   2021-09-09T15:37:05Z\n",
            "    digest       SHA-256\n",
            "    listed       2 of 2 files in viostor.cat\n",
        ]);
    let inf = top.path().join("viostor/viostor.inf");
    let text = fs::read(&inf).unwrap();
    let lost: Vec<u8> = text.into_iter().filter(|&byte| byte != b'\r').collect();
    fs::write(&inf, lost).unwrap();
    run_in(top.path(), "drivers info @viostor")
        .ends(ExitCode::Done)
        .says(&[
            "  Signature      invalid: `viostor.cat` lists `viostor.inf` with CR LF",
            "    listed       1 of 2 files in viostor.cat\n",
            "    not listed   viostor.inf (its line ends were changed)\n",
        ]);
    let found = run_in(top.path(), "drivers info @viostor --json").json();
    let signature = &found["packages"][0]["signature"];
    assert_eq!(signature["fault"], Value::Null);
    let states = ["line-ends-changed", "listed"];
    for (file, state) in signature["files"].as_array().unwrap().iter().zip(states) {
        assert_eq!(file["signature"], state, "{file}");
    }
}

#[test]
fn the_json_of_an_added_package_names_what_others_build_on() {
    let top = sample();
    let added = run_in(top.path(), "drivers add @image @viostor --json");
    let added = added.ends(ExitCode::Done).json();
    assert_eq!(added["schema"], "wimwright/drivers-add/1");
    assert_eq!(added["changed"], true);
    let result = &added["images"][0]["results"][0];
    assert_eq!(result["inf"], "viostor.inf");
    assert_eq!(result["outcome"], "added");
    assert_eq!(result["published_name"], "oem0.inf");
    assert_eq!(result["driver_signature"], "signed");
    let publisher = "Microsoft Windows Hardware Compatibility Publisher";
    assert_eq!(result["signer_name"], publisher);
    let signature = &result["signature"];
    assert_eq!(signature["signer_kind"], "hardware-program-attested");
    assert_eq!(signature["time_stamp"], "2021-09-09T15:37:05Z");
    assert_eq!(signature["for_this_windows"], true);
    assert_eq!(signature["files"][0]["signature"], "listed");
    assert_eq!(result["reason"], Value::Null);
    let receipt = &added["receipt"];
    let basis = receipt["basis"].as_object().unwrap();
    let count: u64 = basis.values().map(|count| count.as_u64().unwrap()).sum();
    assert!(count > 20, "{basis:?}");
    let files = receipt["files"].as_array().unwrap();
    let system = "Windows\\System32\\config\\SYSTEM";
    let system = files.iter().find(|file| file["path"] == system).unwrap();
    assert_ne!(system["before"], system["after"]);
    assert!(receipt["registry"]["values_set"].as_u64().unwrap() > 20);
    assert!(added.get("plan").is_none());
}

#[test]
fn a_dry_run_shows_the_plan_and_writes_nothing() {
    let top = sample();
    let before = snapshot(top.path());
    run_in(top.path(), "drivers add @image @viostor --dry-run")
        .ends(ExitCode::Done)
        .says(&[
            ADDED,
            "  + Windows\\INF\\oem0.inf",
            "  + SYSTEM\\DriverDatabase\\DriverInfFiles\\oem0.inf",
            "basis: ",
            "dry run: nothing was written\n",
        ]);
    let dry = run_in(top.path(), "drivers add @image @viostor --dry-run --json");
    let dry = dry.ends(ExitCode::Done).json();
    assert_eq!(dry["changed"], true, "it would change");
    assert!(!dry["plan"]["steps"].as_array().unwrap().is_empty());
    assert!(dry["plan"]["basis"]["verified"].as_u64().unwrap() > 0);
    assert!(dry.get("receipt").is_none());
    assert_eq!(before, snapshot(top.path()));
}

#[test]
fn one_bad_package_does_not_spoil_the_others() {
    let top = sample();
    broken_package(&top.path().join("broken"));
    fs::create_dir(top.path().join("empty")).unwrap();
    fs::write(top.path().join("setup.exe"), b"MZ").unwrap();
    let words = "drivers add @image @broken @none @empty @setup.exe @viostor";
    let mixed = run_in(top.path(), words).ends(ExitCode::Partly).says(&[
        ADDED,
        "refused    viostor.inf: ",
        "viostor.sys",
        "none: `",
        "does not exist",
        "holds no INF file",
        "neither a folder nor an .inf file",
    ]);
    assert_eq!(mixed.out.matches("refused    ").count(), 4, "{}", mixed.out);

    // The bad ones left nothing: the image is as if they had not been named.
    let alone = sample();
    let json = run_in(top.path(), "drivers list @image --json").json();
    run_in(alone.path(), "drivers add @image @viostor").ends(ExitCode::Done);
    let other = run_in(alone.path(), "drivers list @image --json").json();
    assert_eq!(json["images"][0]["drivers"], other["images"][0]["drivers"]);
    let names = |top: &Path| content(&top.join("image")).into_keys().collect::<Vec<_>>();
    assert_eq!(names(top.path()), names(alone.path()));
}

#[test]
fn when_all_are_refused_nothing_changes() {
    let top = sample();
    broken_package(&top.path().join("broken"));
    let before = snapshot(top.path());
    let refused = run_in(top.path(), "drivers add @image @broken @none --json");
    let refused = refused.ends(ExitCode::Refused).json();
    assert_eq!(outcomes(&refused), ["refused", "refused"]);
    assert_eq!(refused["changed"], false);
    for result in refused["images"][0]["results"].as_array().unwrap() {
        assert!(!result["reason"].as_str().unwrap().is_empty(), "{result}");
    }
    assert_eq!(before, snapshot(top.path()));
}

#[test]
fn recurse_finds_the_packages_below_and_an_inf_can_be_named() {
    let top = sample();
    parts::write_package(&top.path().join("all/storage/w10")).unwrap();
    run_in(top.path(), "drivers add @image @all")
        .ends(ExitCode::Refused)
        .says(&["holds no INF file"]);
    let deep = run_in(top.path(), "drivers add @image @all --recurse").ends(ExitCode::Done);
    deep.says(&["added      oem0.inf  storage\\w10\\viostor.inf"]);
    let named = run_in(
        top.path(),
        "drivers add @image @viostor/viostor.inf @viostor",
    );
    let named = named.ends(ExitCode::Done);
    assert_eq!(
        named.out.matches("unchanged  oem0.inf").count(),
        2,
        "{}",
        named.out
    );
}

#[test]
fn an_applied_plan_gives_the_same_bytes_as_the_command() {
    let top = sample();
    parts::write_image(&top.path().join("copy")).unwrap();
    run_in(
        top.path(),
        "drivers add @image @viostor --plan-out @plan.json",
    )
    .ends(ExitCode::Done);
    run_in(top.path(), "plan show @plan.json")
        .ends(ExitCode::Done)
        .says(&[
            "drivers add viostor.inf\n",
            "  + Windows\\INF\\oem0.inf",
            "basis: ",
        ]);
    let shown = run_in(top.path(), "plan show @plan.json --json").ends(ExitCode::Done);
    assert_eq!(
        shown.out,
        fs::read_to_string(top.path().join("plan.json")).unwrap()
    );

    let fresh = content(&top.path().join("copy"));
    run_in(top.path(), "plan apply @copy @plan.json --dry-run")
        .ends(ExitCode::Done)
        .says(&[
            "  + Windows\\INF\\oem0.inf",
            "dry run: nothing was written\n",
        ]);
    assert_eq!(fresh, content(&top.path().join("copy")));

    let applied = run_in(top.path(), "plan apply @copy @plan.json --json");
    let applied = applied.ends(ExitCode::Done).json();
    assert_eq!(applied["changed"], true);
    assert_eq!(
        content(&top.path().join("image")),
        content(&top.path().join("copy"))
    );
}

#[test]
fn a_stale_plan_is_refused_with_both_values() {
    let top = sample();
    run_in(
        top.path(),
        "drivers add @image @viostor --dry-run --plan-out @plan.json",
    )
    .ends(ExitCode::Done);
    run_in(top.path(), "drivers add @image @viostor").ends(ExitCode::Done);
    let before = snapshot(&top.path().join("image"));
    run_in(top.path(), "plan apply @image @plan.json")
        .ends(ExitCode::Refused)
        .complains(&[
            "the plan expects nothing, but the image has",
            "hint: ",
            "make the plan again",
        ]);
    assert_eq!(before, snapshot(&top.path().join("image")));

    // The image is as expected, but the package is not.
    parts::write_image(&top.path().join("copy")).unwrap();
    fs::write(top.path().join("viostor/viostor.sys"), b"MZ something else").unwrap();
    run_in(top.path(), "plan apply @copy @plan.json")
        .ends(ExitCode::Refused)
        .complains(&["the plan was made with 76288 bytes", "now it is 17 bytes"]);
    fs::remove_dir_all(top.path().join("viostor")).unwrap();
    run_in(top.path(), "plan apply @copy @plan.json")
        .ends(ExitCode::Refused)
        .complains(&["source `", "cannot be opened", "hint: "]);
}

#[test]
fn what_is_no_plan_is_refused() {
    let top = sample();
    let report = run_in(top.path(), "info @image --json").out;
    fs::write(top.path().join("report.json"), report).unwrap();
    fs::write(top.path().join("text"), "drivers add").unwrap();
    let mut plan = run_in(top.path(), "drivers add @image @viostor --dry-run --json").json();
    let mut plan = plan["plan"].take();
    plan["format"] = 999.into();
    fs::write(top.path().join("later.json"), plan.to_string()).unwrap();
    for (file, code, complaint) in [
        (
            "report.json",
            ExitCode::Refused,
            "a document `wimwright/info/1`",
        ),
        ("text", ExitCode::Damaged, "is no plan"),
        ("later.json", ExitCode::Refused, "format 999"),
    ] {
        run_in(top.path(), &format!("plan apply @image @{file}"))
            .ends(code)
            .complains(&[complaint]);
    }
}

#[test]
fn a_second_writer_is_locked_out_and_readers_are_not() {
    use wimwright_servicing::{Access, Image};
    let top = sample();
    let writer = Image::open(&top.path().join("image"), Access::Write).unwrap();
    run_in(top.path(), "drivers add @image @viostor")
        .ends(ExitCode::Refused)
        .complains(&["is locked by another process", "hint: wait"]);
    run_in(top.path(), "info @image").ends(ExitCode::Done);
    run_in(top.path(), "drivers add @image @viostor --dry-run").ends(ExitCode::Done);
    drop(writer);
    run_in(top.path(), "drivers add @image @viostor").ends(ExitCode::Done);
}

#[cfg(unix)]
#[test]
fn an_image_that_cannot_be_written_is_left_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    use std::os::unix::process::CommandExt as _;
    use std::process::Command;
    let top = sample();
    let image = top.path().join("image");
    let set = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    set(top.path(), 0o755);
    set(&image, 0o555);
    let before = snapshot(&image);
    // Root may write all the same: the program itself is run as nobody then.
    let program = top.path().join("wimwright");
    fs::copy(env!("CARGO_BIN_EXE_wimwright"), &program).unwrap();
    let probe = image.join("probe");
    let is_root = fs::write(&probe, "").is_ok();
    if is_root {
        fs::remove_file(probe).unwrap();
    }
    let run = |more: &[&str]| {
        let mut command = Command::new(&program);
        command
            .args(["drivers", "add"])
            .arg(&image)
            .arg(top.path().join("viostor"))
            .args(more);
        if is_root {
            command.uid(65_534).gid(65_534);
        }
        let output = command.output().unwrap();
        (
            output.status.code(),
            String::from_utf8_lossy(&output.stderr).into_owned(),
        )
    };
    let (code, said) = run(&[]);
    assert_eq!(code, Some(5), "{said}");
    assert!(
        said.contains("error: ") && said.contains("no permission"),
        "{said}"
    );
    assert!(said.contains("hint: "), "{said}");
    let (code, said) = run(&["--dry-run"]);
    assert_eq!((code, said.as_str()), (Some(0), ""));
    set(&image, 0o755);
    assert_eq!(before, snapshot(&image));
}

#[test]
fn a_plan_that_cannot_be_saved_stops_the_command() {
    let top = sample();
    let before = snapshot(top.path());
    run_in(
        top.path(),
        "drivers add @image @viostor --plan-out @none/plan.json",
    )
    .ends(ExitCode::Damaged)
    .complains(&["plan file `"]);
    assert_eq!(before, snapshot(top.path()));
}

#[test]
fn strict_refuses_what_is_not_sure() {
    let top = sample();
    // How Windows records a deletion is inferred, and how it records a package
    // that is not signed; the changed INF makes it one.
    let inf = top.path().join("viostor/viostor.inf");
    let mut text = fs::read(&inf).unwrap();
    text.extend_from_slice(b"\r\n[scsi_inst.HW]\r\nDelReg=gone\r\n[gone]\r\nHKR,,Old\r\n");
    fs::write(&inf, text).unwrap();
    let before = snapshot(&top.path().join("image"));
    run_in(
        top.path(),
        "drivers add @image @viostor --force-unsigned --strict",
    )
    .ends(ExitCode::Refused)
    .complains(&["strict: 3 changes", "hint: "]);
    run_in(
        top.path(),
        "drivers add @image @viostor --force-unsigned --strict --dry-run",
    )
    .ends(ExitCode::Refused)
    .complains(&["strict: "]);
    assert_eq!(before, snapshot(&top.path().join("image")));
}

#[test]
fn a_dirty_hive_is_edited_when_that_is_accepted() {
    let top = sample();
    let system = top.path().join("image/Windows/System32/config/SYSTEM");
    let mut bytes = fs::read(&system).unwrap();
    bytes[4] = bytes[4].wrapping_add(1);
    fs::write(&system, bytes).unwrap();
    let added = run_in(
        top.path(),
        "drivers add @image @viostor --accept-dirty-hive --json",
    );
    let added = added.ends(ExitCode::Done).json();
    let recovered = &added["receipt"]["recovered_hives"][0];
    assert_eq!(recovered["hive"], "SYSTEM");
    assert_eq!(recovered["replayed"], false);
    run_in(top.path(), "info @image").says(&["Hive SYSTEM        clean\n"]);
}

#[test]
fn progress_is_json_lines_on_request_and_nothing_otherwise() {
    let top = sample();
    let quiet = run_in(top.path(), "drivers add @image @viostor --dry-run").ends(ExitCode::Done);
    assert!(!quiet.err.contains("total"), "{}", quiet.err);
    let loud = run_in(
        top.path(),
        "drivers add @image @viostor --progress json --json",
    );
    let loud = loud.ends(ExitCode::Done);
    let lines: Vec<Value> = loud
        .err
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    let steps: Vec<&str> = lines
        .iter()
        .map(|line| line["step"].as_str().unwrap())
        .collect();
    assert_eq!(
        steps,
        ["open", "plan viostor.inf", "prepare", "commit", "done"]
    );
    let last = lines.last().unwrap();
    assert_eq!(last["done"], last["total"]);
    assert_eq!(
        loud.json()["changed"],
        true,
        "the document stands alone on standard output"
    );
}

#[test]
fn quiet_says_less_and_verbose_says_more() {
    let top = sample();
    let quiet = run_in(top.path(), "drivers add @image @viostor -q").ends(ExitCode::Done);
    assert!(!quiet.out.contains("note:"), "{}", quiet.out);
    let lines: Vec<&str> = quiet.out.lines().collect();
    assert_eq!(lines.len(), 1, "{}", quiet.out);
    assert!(lines[0].starts_with(ADDED), "{}", quiet.out);
    let top = sample();
    run_in(top.path(), "drivers add @image @viostor -v")
        .ends(ExitCode::Done)
        .says(&[ADDED, "  + Windows\\INF\\oem0.inf", "files written"]);
    run_in(top.path(), "drivers list @image -v")
        .ends(ExitCode::Done)
        .says(&["  Id               PCI\\VEN_1AF4&DEV_1042\n"]);
}

#[test]
fn the_demo_makes_an_image_and_says_what_is_real() {
    let top = tempfile::tempdir().unwrap();
    run_in(top.path(), "demo @demo")
        .ends(ExitCode::Done)
        .says(&[
            "The plan:\n",
            "  + Windows\\INF\\oem0.inf",
            "The result:\n",
            ADDED,
            "signed by Microsoft Windows Hardware Compatibility Publisher",
            "SYSTEM: real, completed\n",
            "SOFTWARE: made\n",
            "wimwright drivers add IMAGE PACKAGE --dry-run",
        ]);
    // What it tells to do works.
    run_in(top.path(), "info @demo/image")
        .ends(ExitCode::Done)
        .says(&["1 third party, 0 inbox"]);
    run_in(top.path(), "drivers list @demo/image")
        .ends(ExitCode::Done)
        .says(&["oem0.inf"]);
    run_in(top.path(), "drivers add @demo/image @demo/viostor")
        .ends(ExitCode::Done)
        .says(&["unchanged"]);
    assert!(top.path().join("demo/viostor-LICENSE.txt").is_file());

    let before = snapshot(top.path());
    run_in(top.path(), "demo @demo")
        .ends(ExitCode::Refused)
        .complains(&["holds the demo already", "hint: try it out"]);
    fs::create_dir(top.path().join("mine")).unwrap();
    fs::write(top.path().join("mine/file"), "").unwrap();
    run_in(top.path(), "demo @mine")
        .ends(ExitCode::Refused)
        .complains(&["exists and is not empty"]);
    fs::remove_dir_all(top.path().join("mine")).unwrap();
    assert_eq!(before, snapshot(top.path()));

    fs::create_dir(top.path().join("new")).unwrap();
    let demo = run_in(top.path(), "demo @new --json")
        .ends(ExitCode::Done)
        .json();
    assert_eq!(demo["schema"], "wimwright/demo/1");
    assert_eq!(outcomes(&demo), ["added"]);
}
