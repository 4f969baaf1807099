//! `registry get`, `set`, `delete`, `export`, `import`, `diff`.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on ends"
)]

mod support;

use std::fs;
use std::path::Path;

use support::{Run, content, run, run_in, sample, snapshot};
use wimwright::ExitCode;
use wimwright_hive::{Hive, MinorVersion};
use wimwright_testdata::image::{Windows, hive, write};
use wimwright_testdata::{corpus, read};

/// Runs `registry` with these words; `image` is below `top`.
fn registry(top: &Path, verb: &str, words: &[&str]) -> Run {
    let image = top.join("image");
    let mut all = vec!["registry".to_owned(), verb.to_owned()];
    all.push(image.display().to_string());
    let below = |word: &str| match word.strip_prefix("./") {
        Some(file) => top.join(file).display().to_string(),
        None => word.to_owned(),
    };
    all.extend(words.iter().map(|word| below(word)));
    run(&all)
}

#[test]
fn a_value_is_set_shown_and_deleted_and_nothing_happens_twice() {
    let top = sample();
    let key = "HKLM\\SYSTEM\\CurrentControlSet\\Services\\Example";
    let set = ["-t", "dword", key, "Start", "3"];
    registry(top.path(), "set", &set)
        .ends(ExitCode::Done)
        .says(&[
            "set        SYSTEM\\ControlSet001\\Services\\Example  \"Start\"\n",
            "1 key created, 1 value set in 1 hive (SYSTEM)",
            "basis: 0 verified, 2 stated",
        ])
        .complains(&["`CurrentControlSet`: it stands for ControlSet001"]);
    let before = snapshot(top.path());
    registry(top.path(), "set", &set)
        .ends(ExitCode::Done)
        .says(&["unchanged  SYSTEM", "nothing to change"]);
    // The type of the value that is there is kept.
    registry(top.path(), "set", &[key, "start", "0x3"])
        .ends(ExitCode::Done)
        .says(&["unchanged"]);
    assert_eq!(snapshot(top.path()), before);

    registry(top.path(), "get", &[key, "start"])
        .ends(ExitCode::Done)
        .says(&["REG_DWORD 3 (0x3)\n"]);
    let raw = registry(top.path(), "get", &[key, "Start", "--raw"]).ends(ExitCode::Done);
    assert_eq!(raw.out, "\u{3}\0\0\0");
    let json = registry(top.path(), "get", &[key, "--json"]).json();
    let value = &json["images"][0]["keys"][0]["values"][0];
    assert_eq!(value["name"], "Start");
    assert_eq!(value["type"], "dword");
    assert_eq!(value["number"], 3);
    assert_eq!(value["hex"], "03000000");

    let below = "SYSTEM\\ControlSet001\\Services\\Example\\Below";
    registry(
        top.path(),
        "set",
        &["-t", "multi-sz", below, "@", "a", "b c"],
    )
    .ends(ExitCode::Done);
    registry(top.path(), "get", &[key, "-r"])
        .ends(ExitCode::Done)
        .says(&[
            "Example\\Below\n",
            "(default) = REG_MULTI_SZ [\"a\", \"b c\"]",
        ]);
    registry(top.path(), "delete", &[key])
        .ends(ExitCode::Refused)
        .complains(&["has 1 subkeys", "hint: -r deletes"]);
    registry(top.path(), "delete", &[key, "Start"])
        .ends(ExitCode::Done)
        .says(&["deleted    SYSTEM"]);
    registry(top.path(), "delete", &[key, "-r"]).ends(ExitCode::Done);
    registry(top.path(), "delete", &[key, "-r"])
        .ends(ExitCode::Done)
        .says(&["unchanged"]);
    registry(top.path(), "get", &[key])
        .ends(ExitCode::Refused)
        .complains(&["the image has no key `SYSTEM\\ControlSet001\\Services\\Example`"]);
}

#[test]
fn what_cannot_be_done_is_said_and_changes_nothing() {
    let top = sample();
    fs::write(
        top.path().join("bad.reg"),
        "REGEDIT4\n[HKLM\\SOFTWARE\\x]\n\"a\"=\"C:\\x\"\n",
    )
    .unwrap();
    fs::write(top.path().join("none.reg"), "[HKLM\\SOFTWARE\\x]\n").unwrap();
    fs::write(
        top.path().join("far.reg"),
        "REGEDIT4\n[HKLM\\SOFTWARE\\x]\n[HKLM\\FAR\\x]\n",
    )
    .unwrap();
    let before = snapshot(top.path());
    let set = ["SOFTWARE\\x", "n"];
    for (verb, words, code, said) in [
        (
            "get",
            &["NOWHERE\\x"][..],
            ExitCode::Usage,
            "begins with no root key",
        ),
        ("get", &["HKLM"], ExitCode::Usage, "is no hive"),
        (
            "get",
            &["HKLM\\FAR"],
            ExitCode::Refused,
            "--map 'HKLM\\FAR=SOFTWARE'",
        ),
        (
            "get",
            &["HKLM\\HARDWARE"],
            ExitCode::Refused,
            "kernel makes it",
        ),
        (
            "get",
            &["SAM\\SAM"],
            ExitCode::Refused,
            "has no key `SAM\\SAM`",
        ),
        (
            "get",
            &["SYSTEM\\Select", "x"],
            ExitCode::Refused,
            "has no value `\"x\"`",
        ),
        (
            "get",
            &["SYSTEM\\Select", "Default", "--raw", "--json"],
            ExitCode::Usage,
            "no JSON",
        ),
        ("set", &set, ExitCode::Usage, "one word, found 0"),
        (
            "set",
            &["SOFTWARE\\x", "n", "x", "-t", "dword"],
            ExitCode::Usage,
            "no number",
        ),
        (
            "set",
            &["SOFTWARE\\x", "n", "x", "-t", "word"],
            ExitCode::Usage,
            "no value type",
        ),
        (
            "set",
            &["SAM\\x", "n", "x"],
            ExitCode::Refused,
            "has no hive SAM",
        ),
        ("delete", &["HKCR", "-r"], ExitCode::Refused, "root key"),
        (
            "delete",
            &["SOFTWARE", "-r"],
            ExitCode::Refused,
            "never deleted",
        ),
        (
            "import",
            &["./gone.reg"],
            ExitCode::Damaged,
            "does not exist",
        ),
        (
            "import",
            &["./none.reg"],
            ExitCode::Damaged,
            "line 1: expected `Windows",
        ),
        (
            "import",
            &["./bad.reg"],
            ExitCode::Damaged,
            "line 3: `\\x` is no escape",
        ),
        (
            "import",
            &["./far.reg"],
            ExitCode::Refused,
            "far.reg`, line 3: `HKLM\\FAR`",
        ),
        (
            "import",
            &["./far.reg", "--code-page", "1"],
            ExitCode::Usage,
            "no ANSI code page",
        ),
        (
            "import",
            &["./far.reg", "--map", "x"],
            ExitCode::Usage,
            "is no mapping",
        ),
        (
            "export",
            &["SOFTWARE", "--json"],
            ExitCode::Usage,
            "no room for JSON",
        ),
        (
            "export",
            &["SOFTWARE\\gone"],
            ExitCode::Refused,
            "has no key",
        ),
        ("diff", &["./gone"], ExitCode::Damaged, "does not exist"),
    ] {
        registry(top.path(), verb, words)
            .ends(code)
            .complains(&[said]);
    }
    assert_eq!(snapshot(top.path()), before);
}

#[test]
fn files_are_imported_together_and_once() {
    let top = sample();
    fs::write(
        top.path().join("one.reg"),
        "REGEDIT4\r\n\r\n[HKEY_LOCAL_MACHINE\\OFFLINE\\Deep\\Er]\r\n\"Path\"=hex(2):25,50,25,00\r\n",
    )
    .unwrap();
    fs::write(
        top.path().join("two.reg"),
        "Windows Registry Editor Version 5.00\n\n[-HKEY_LOCAL_MACHINE\\OFFLINE\\Deep\\Er]\n\n\
         [HKEY_LOCAL_MACHINE\\OFFLINE\\Deep\\Er]\n\"New\"=\"Grö\u{DF}e\"\n\"C\"=\"C:\\x\"\n",
    )
    .unwrap();
    let words = [
        "./one.reg",
        "./two.reg",
        "--map",
        "HKLM\\OFFLINE=SOFTWARE",
        "--skip-bad-lines",
    ];
    let before = snapshot(top.path());
    let mut dry = words.to_vec();
    dry.push("--dry-run");
    registry(top.path(), "import", &dry)
        .ends(ExitCode::Done)
        .says(&[
            "+ SOFTWARE\\Deep\\Er",
            "two.reg:5]",
            "dry run: nothing was written",
        ]);
    assert_eq!(snapshot(top.path()), before);
    let done = registry(top.path(), "import", &words)
        .ends(ExitCode::Done)
        .says(&[
            "two.reg: 1 key, 1 value, 1 key to delete, 1 line skipped\n",
            "1 value set",
        ])
        .complains(&["line 7: `\\x` is no escape", "is read as UTF-8"]);
    assert!(!done.out.contains("key deleted"), "{}", done.out);
    registry(top.path(), "get", &["SOFTWARE\\Deep\\Er"])
        .ends(ExitCode::Done)
        .says(&["\"New\" = REG_SZ \"Größe\"\n"]);
    let after = snapshot(top.path());
    let again = registry(top.path(), "import", &words).ends(ExitCode::Done);
    again.says(&["nothing to change"]);
    let json = registry(top.path(), "import", &[&words[..], &["--json"]].concat()).json();
    assert_eq!(json["changed"], false);
    assert_eq!(json["images"][0]["results"][1]["skipped_lines"], 1);
    assert_eq!(snapshot(top.path()), after);
}

#[test]
fn an_exported_key_makes_another_image_equal() {
    let top = sample();
    let other = top.path().join("other");
    for (path, content) in content(&top.path().join("image")) {
        let to = other.join(path);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        if let Some(bytes) = content {
            fs::write(to, bytes).unwrap();
        }
    }
    let other = other.display().to_string();
    let no = registry(top.path(), "diff", &[&other]).ends(ExitCode::Done);
    assert_eq!(no.out, "no differences\n");

    registry(top.path(), "set", &["SOFTWARE\\X\\Y", "n", "1"]).ends(ExitCode::Done);
    registry(top.path(), "set", &["SYSTEM\\Select", "Failed", "7"]).ends(ExitCode::Done);
    let words = [&other, "--json"];
    let json = registry(top.path(), "diff", &words)
        .ends(ExitCode::Findings)
        .json();
    assert_eq!(json["different"], true);
    let hives = json["hives"].as_array().unwrap();
    assert_eq!(hives.len(), 2);
    assert_eq!(hives[0]["hive"], "SYSTEM");
    assert_eq!(hives[0]["differences"][0]["change"], "value-changed");
    assert_eq!(hives[0]["differences"][0]["old"]["number"], 7);
    assert_eq!(hives[1]["differences"][0]["change"], "key-removed");
    registry(top.path(), "diff", &[&other, "HKLM\\SYSTEM\\Select"])
        .ends(ExitCode::Findings)
        .says(&["  SYSTEM\\Select\n    ~ \"Failed\" = REG_DWORD 7 (0x7) -> REG_DWORD 0 (0x0)\n"]);
    registry(top.path(), "diff", &[&other, "SYSTEM\\ControlSet001"]).ends(ExitCode::Done);

    // The .reg file that a diff writes closes the gap, in the other direction.
    let reg = top.path().join("gap.reg");
    registry(top.path(), "diff", &[&other, "--reg", "./gap.reg"]).ends(ExitCode::Findings);
    registry(top.path(), "diff", &["./gap.reg"])
        .ends(ExitCode::Findings)
        .says(&["- SOFTWARE\\X\n", "- SOFTWARE\\X\\Y\n", "~ \"Failed\""]);
    registry(top.path(), "export", &["SOFTWARE\\X", "./x.reg"])
        .ends(ExitCode::Done)
        .says(&["x.reg: 2 keys, 1 value of HKEY_LOCAL_MACHINE\\SOFTWARE\\X\n"]);
    registry(top.path(), "import", &["./gap.reg"]).ends(ExitCode::Done);
    registry(top.path(), "diff", &[&other]).ends(ExitCode::Done);
    assert_eq!(fs::read(&reg).unwrap()[..2], [0xFF, 0xFE]);

    let written = fs::read(top.path().join("x.reg")).unwrap();
    let units: Vec<u16> = written
        .chunks(2)
        .map(|pair| u16::from_le_bytes([pair[0], pair[1]]))
        .collect();
    assert_eq!(
        String::from_utf16(&units).unwrap(),
        "\u{FEFF}Windows Registry Editor Version 5.00\r\n\r\n[HKEY_LOCAL_MACHINE\\SOFTWARE\\X]\r\n\r\n\
         [HKEY_LOCAL_MACHINE\\SOFTWARE\\X\\Y]\r\n\"n\"=\"1\"\r\n\r\n"
    );
    registry(top.path(), "import", &["./x.reg"]).ends(ExitCode::Done);
    registry(top.path(), "diff", &["./x.reg"])
        .ends(ExitCode::Done)
        .says(&["no differences"]);
    let ansi = ["HKCR\\..", "--format", "regedit4"];
    registry(top.path(), "export", &ansi).ends(ExitCode::Refused);
    let ansi = ["HKLM\\SOFTWARE\\X\\Y", "--format", "regedit4"];
    let text = registry(top.path(), "export", &ansi)
        .ends(ExitCode::Done)
        .out;
    assert_eq!(
        text,
        "REGEDIT4\r\n\r\n[HKEY_LOCAL_MACHINE\\SOFTWARE\\X\\Y]\r\n\"n\"=\"1\"\r\n\r\n"
    );
}

#[test]
fn profiles_and_boot_stores_are_hives_like_any_other() {
    let top = sample();
    let image = top.path().join("image");
    let security = Hive::open(hive("R", &[])).unwrap();
    let security = security.root().security().unwrap().to_vec();
    let time = wimwright_hive::FileTime(0x01DB_0000_0000_0000);
    let old = Hive::create(MinorVersion::V1_3, "R", &security, time).unwrap();
    for path in ["Users/Default", "Users/Ann", "EFI/Microsoft/Boot"] {
        fs::create_dir_all(image.join(path)).unwrap();
    }
    for path in [
        "Users/Default/NTUSER.DAT",
        "Users/Ann/ntuser.dat",
        "EFI/Microsoft/Boot/BCD",
    ] {
        fs::write(image.join(path), old.as_bytes()).unwrap();
    }
    registry(top.path(), "set", &["HKCU\\Control Panel", "x", "1"])
        .ends(ExitCode::Done)
        .says(&["set        Users\\Default\\NTUSER.DAT\\Control Panel  \"x\"\n"])
        .complains(&["profiles that are there keep what they have"]);
    registry(
        top.path(),
        "set",
        &["HKCU\\Control Panel", "x", "2", "--user", "ANN"],
    )
    .ends(ExitCode::Done)
    .says(&["set        Users\\Ann\\NTUSER.DAT\\Control Panel"]);
    registry(
        top.path(),
        "get",
        &["users/ann/NTUSER.DAT\\Control Panel", "x"],
    )
    .ends(ExitCode::Done)
    .says(&["REG_SZ \"2\""]);
    registry(top.path(), "set", &["BCD\\Objects\\x", "@", "1"])
        .ends(ExitCode::Done)
        .says(&["in 1 hive (EFI\\Microsoft\\Boot\\BCD)"]);
    let plan = [
        "HKU\\Ann\\Control Panel",
        "x",
        "--dry-run",
        "--plan-out",
        "./plan.json",
    ];
    registry(top.path(), "delete", &plan).ends(ExitCode::Done);
    let saved = fs::read_to_string(top.path().join("plan.json")).unwrap();
    assert!(saved.contains("\"file\": \"Users\\\\Ann\\\\"), "{saved}");
    run_in(top.path(), "plan apply @image @plan.json").ends(ExitCode::Done);
    registry(top.path(), "get", &["HKU\\Ann\\Control Panel", "x"]).ends(ExitCode::Refused);
}

#[test]
fn a_dirty_hive_is_edited_after_replay_or_with_consent() {
    let Some(corpus) = corpus("a_dirty_hive_is_edited_after_replay_or_with_consent") else {
        return;
    };
    let part = |name: &str| read(&corpus.join("hives").join(name));
    let key = [
        "HKLM\\SYSTEM\\CurrentControlSet\\Control\\Example",
        "n",
        "1",
    ];

    let top = tempfile::tempdir().unwrap();
    let image = top.path().join("image");
    let logs = ["LOG1", "LOG2"].map(|ending| {
        let name = format!("SYSTEM-win10-1709-x64-dirty.{ending}.zst");
        (ending, part(&name))
    });
    let system = part("SYSTEM-win10-1709-x64-dirty.zst");
    write(&image, &system, &logs, &Windows::new(10, 0, 16299), 9);
    registry(top.path(), "set", &key)
        .ends(ExitCode::Done)
        .says(&["1 value set"])
        .complains(&["its log was replayed"]);
    registry(top.path(), "set", &key)
        .ends(ExitCode::Done)
        .says(&["unchanged"]);

    let top = tempfile::tempdir().unwrap();
    let image = top.path().join("image");
    let system = part("SYSTEM-win81-x64-dirty.zst");
    write(&image, &system, &[], &Windows::new(6, 3, 9600), 9);
    let before = snapshot(&image);
    registry(top.path(), "set", &key)
        .ends(ExitCode::Refused)
        .complains(&["is dirty and cannot be recovered", "--accept-dirty-hive"]);
    fs::write(
        top.path().join("x.reg"),
        "REGEDIT4\n[HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Control\\Example]\n\"n\"=\"1\"\n",
    )
    .unwrap();
    registry(top.path(), "import", &["./x.reg"]).ends(ExitCode::Refused);
    // Reading and comparing change nothing, so they need no consent.
    registry(top.path(), "get", &["SYSTEM\\Select"]).ends(ExitCode::Done);
    registry(top.path(), "diff", &["./x.reg"])
        .ends(ExitCode::Findings)
        .says(&["+ \"n\" = REG_SZ \"1\""]);
    assert_eq!(snapshot(&image), before);
    registry(top.path(), "import", &["./x.reg", "--accept-dirty-hive"])
        .ends(ExitCode::Done)
        .says(&["1 value set"]);
    registry(top.path(), "import", &["./x.reg"])
        .ends(ExitCode::Done)
        .says(&["nothing to change"]);
}
