//! `explain`: checks of every list, codes, exit codes and logs.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on ends"
)]

mod support;

use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

use support::{run, run_in, sample};
use wimwright::ExitCode;

const FAILING: &str = "2024-02-15 13:02:43, Info                  DISM   DISM.EXE: <----- Starting Dism.exe session ----->\r\n\
    2024-02-15 13:02:43, Info                  DISM   DISM.EXE: Executing command line: dism /Image:C:\\m /Add-Package /PackagePath:x.cab\r\n\
    2024-02-15 13:02:44, Error                 DISM   DISM Package Manager: PID=1 TID=2 The package Package_for_KB1~31bf3856ad364e35~amd64~~1.0.0.1 is not applicable to the image. - X::Y(hr:0x800f081e)\r\n\
    2024-02-15 13:02:44, Error                 DISM   DISM.EXE: DISM Package Manager processed the command line but failed. HRESULT=800F081E\r\n\
    2024-02-15 13:02:44, Info                  DISM   DISM.EXE: <----- Ending Dism.exe session ----->\r\n";
const FINE: &str = ">>>  [Device Install - ROOT\\X]\n>>>  Section start 2024/01/01 00:00:00.000\n<<<  Section end 2024/01/01 00:00:00.001\n<<<  [Exit status: SUCCESS]\n";

#[test]
fn codes_are_explained_however_they_are_written() {
    for words in [
        vec!["0x800f081e"],
        vec!["800f081e"],
        vec!["-2146498530"],
        vec!["2148468766"],
        vec!["CBS_E_NOT_APPLICABLE"],
    ] {
        run(&[&["explain"], words.as_slice()].concat())
            .ends(ExitCode::Done)
            .says(&[
                "CBS_E_NOT_APPLICABLE",
                "is installed already (stated)",
                "wimwright packages check IMAGE FILE",
                "Source: https://",
                "facility 15",
            ]);
    }
    run(&["explain", "STOP", "0x7B"])
        .ends(ExitCode::Done)
        .says(&["STOP 0x0000007B INACCESSIBLE_BOOT_DEVICE", "boot predict"]);
    let both = run(&["explain", "0x7b"]).ends(ExitCode::Done).out;
    let stop = both.find("INACCESSIBLE_BOOT_DEVICE").unwrap();
    assert!(stop < both.find("ERROR_INVALID_NAME").unwrap());
    for words in [
        vec!["0xC1900101-0x20017"],
        vec!["0xC1900101", "-", "0x20017"],
        vec!["0xC1900101 - 0x20017"],
    ] {
        run(&[&["explain"], words.as_slice()].concat())
            .ends(ExitCode::Done)
            .says(&[
                "SP_EXECUTION_SAFE_OS",
                "did not start into WinPE",
                "MOSETUP_E_SETUP_PLATFORM",
            ]);
    }
}

#[test]
fn an_unknown_code_is_said_to_be_its_structure_alone() {
    run(&["explain", "0x8ABC0001"])
        .ends(ExitCode::Done)
        .says(&["No list here has this code", "facility 700"]);
    let found = run(&["explain", "0x8ABC0001", "--json"]).json();
    assert_eq!(found["code"]["known"], false);
    assert_eq!(found["code"]["meanings"].as_array().unwrap().len(), 0);
}

#[test]
fn checks_of_every_list_and_exit_codes_are_words_too() {
    for (word, command) in [
        ("kernel-kind", "hal audit"),
        ("boot-start", "boot predict"),
        ("section-not-found", "drivers lint"),
        ("[22.9.1]", "drivers lint"),
        ("network-profiles", "generalize report"),
    ] {
        run(&["explain", word])
            .ends(ExitCode::Done)
            .says(&[command, "Why", "Remedy", "Source"]);
    }
    let store = wimwright_drivers::check::CHECKS;
    for check in store {
        run(&["explain", check.name])
            .ends(ExitCode::Done)
            .says(&["drivers check"]);
    }
    // A rule's number that is no error one meets is the rule alone.
    let rule = run(&["explain", "1203"]).ends(ExitCode::Done).out;
    assert!(
        rule.contains("section-not-found") && !rule.contains("Windows error"),
        "{rule}"
    );
    // Two commands have a check of this name.
    run(&["explain", "boot-file"])
        .ends(ExitCode::Done)
        .says(&["of `boot predict`", "of `drivers check`"]);
    for code in ExitCode::ALL {
        let number = (code as u8).to_string();
        run(&["explain", "exit", &number])
            .ends(ExitCode::Done)
            .says(&[&format!("exit {number} of wimwright"), "Then:"]);
    }
}

#[test]
fn what_is_nothing_is_refused_with_advice() {
    run(&["explain", "nothing"])
        .ends(ExitCode::Usage)
        .complains(&["no check, code or log", "hint: codes are written like"]);
    run(&["explain", "not-found"])
        .ends(ExitCode::Usage)
        .complains(&["section-not-found"]);
    run(&["explain", "exit", "9"]).ends(ExitCode::Usage);
    run(&["explain", "no/such/dism.log"]).ends(ExitCode::Damaged);
    run(&["explain", "a", "b", "c"]).ends(ExitCode::Usage);
    run(&["explain"]).ends(ExitCode::Usage);
    let top = sample();
    fs::write(top.path().join("notes.txt"), "some notes\n").unwrap();
    fs::write(top.path().join("empty.log"), "").unwrap();
    for file in [
        "@notes.txt",
        "@empty.log",
        "@image/Windows/System32/config/SYSTEM",
    ] {
        run_in(top.path(), &format!("explain {file}"))
            .ends(ExitCode::Refused)
            .complains(&["cannot be explained", "hint: logs that are known"]);
    }
    run_in(top.path(), "explain @image")
        .ends(ExitCode::Refused)
        .complains(&["is a directory", "Windows/INF/setupapi.dev.log"]);
}

#[test]
fn a_log_says_what_failed_why_and_what_to_do() {
    let top = sample();
    fs::write(top.path().join("odd.name"), FAILING).unwrap();
    let said = run_in(top.path(), "explain @odd.name")
        .ends(ExitCode::Findings)
        .says(&[
            "log of DISM",
            "5 lines, ASCII",
            "1 section: 1 failed",
            "failed: DISM, lines 1 to 5",
            "command  dism /Image:C:\\m /Add-Package",
            "package  Package_for_KB1~31bf3856ad364e35~amd64~~1.0.0.1",
            "result   0x800F081E CBS_E_NOT_APPLICABLE",
            "cause    line 3: DISM Package Manager",
            "[not-applicable,",
            "superseded",
        ]);
    assert_eq!(
        said.out
            .matches("The package is not for this image")
            .count(),
        1
    );
    // The same again is told once.
    fs::write(top.path().join("again.log"), FAILING.repeat(30)).unwrap();
    let again = run_in(top.path(), "explain @again.log").ends(ExitCode::Findings);
    let again = again.says(&["30 sections: 30 failed", "29 others before it failed alike"]);
    assert_eq!(again.out.matches("failed: DISM").count(), 1);
    let all = run_in(top.path(), "explain @again.log --verbose").out;
    assert_eq!(all.matches("failed: DISM").count(), 30);
    fs::write(top.path().join("fine.log"), FINE).unwrap();
    run_in(top.path(), "explain @fine.log")
        .ends(ExitCode::Done)
        .says(&["1 section: 1 succeeded"]);
    let found = run_in(top.path(), "explain @odd.name --json").json();
    let section = &found["log"]["sections"][0];
    assert_eq!(section["outcome"], "failed");
    assert_eq!(section["cause"]["line"], 3);
    assert_eq!(
        found["log"]["codes"][0]["explained"]["value"],
        0x800F_081E_u32
    );
}

#[test]
fn a_log_is_read_inside_an_image_and_from_standard_input() {
    let top = sample();
    let folder = top.path().join("image/Windows/Logs/DISM");
    fs::create_dir_all(&folder).unwrap();
    let wide: Vec<u8> = FAILING.encode_utf16().flat_map(u16::to_le_bytes).collect();
    fs::write(folder.join("dism.log"), wide).unwrap();
    run_in(top.path(), "explain @image windows/logs/dism/DISM.LOG")
        .ends(ExitCode::Findings)
        .says(&["CBS_E_NOT_APPLICABLE", "UTF-16LE"]);
    run_in(top.path(), "capture @image @a.wim").ends(ExitCode::Done);
    run_in(top.path(), "explain @a.wim Windows/Logs/DISM/dism.log").ends(ExitCode::Findings);
    run_in(top.path(), "explain @image Windows/none.log")
        .ends(ExitCode::Refused)
        .complains(&["has no"]);
    run_in(top.path(), "explain @image Windows").ends(ExitCode::Refused);
    let mut child = Command::new(env!("CARGO_BIN_EXE_wimwright"))
        .args(["explain", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(FAILING.as_bytes()).unwrap();
    drop(input);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.starts_with("standard input: log of DISM"), "{said}");
}

#[test]
fn strangers_text_cannot_steer_the_terminal() {
    let top = tempfile::tempdir().unwrap();
    let log = ">>>  [Device Install - a\u{1b}[2Jb]\n!!!  dvi: c\u{1b}]0;d\u{7} Error 0x80070005\n<<<  [Exit status: FAILURE(0x80070005)]\n";
    fs::write(top.path().join("x.log"), log).unwrap();
    for words in ["explain @x.log", "explain @x.log --verbose"] {
        let said = run_in(top.path(), words).ends(ExitCode::Findings).out;
        assert!(
            !said.contains('\u{1b}') && !said.contains('\u{7}'),
            "{said}"
        );
    }
}
