//! Verdicts on whole images.

use crate::plant::{Of, Planted, plant, write_clean};
use crate::support::run_in;
use crate::{document, generalized, names, report, set, vendor_media};
use wimwright::ExitCode;

/// An image for each state of a Windows, in a directory of its name.
fn states(of: Of) -> Vec<(&'static str, &'static str, Planted)> {
    let new = Planted::default;
    let mut all = vec![
        ("installed", "not-generalized", new()),
        ("sealed", "generalized", generalized(of)),
    ];
    if of == Of::Xp {
        all.extend([
            // Both types of CmdLine that real ones have, and what is left of an
            // installation.
            (
                "list",
                "generalized",
                generalized(of).texts("SYSTEM", "Setup", "CmdLine", &["setup", "-newsetup -mini"]),
            ),
            (
                "update",
                "not-generalized",
                new().texts(
                    "SYSTEM",
                    "Setup",
                    "CmdLine",
                    &["C:\\WINDOWS\\System32\\oobe\\msoobe.exe /update"],
                ),
            ),
            (
                "left-over",
                "not-generalized",
                new().text("SYSTEM", "Setup", "CmdLine", "setup -newsetup"),
            ),
            (
                "no-tools",
                "inconsistent",
                new()
                    .text("SYSTEM", "Setup", "CmdLine", "setup -newsetup -mini")
                    .number("SYSTEM", "Setup", "SystemSetupInProgress", 1),
            ),
        ]);
    } else {
        all.extend([
            ("media", "vendor-media", vendor_media()),
            (
                "logged",
                "inconsistent",
                vendor_media().file("Windows/Panther/setupact.log", "x"),
            ),
            (
                "lived-in",
                "inconsistent",
                vendor_media().copy("Windows/System32/config/DEFAULT", "Users/ann/NTUSER.DAT"),
            ),
            (
                "faked",
                "inconsistent",
                new().text(
                    "SOFTWARE",
                    "Microsoft\\Windows\\CurrentVersion\\Setup\\State",
                    "ImageState",
                    "IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE",
                ),
            ),
            (
                "windows-pe",
                "not-generalized",
                new()
                    .text(
                        "SOFTWARE",
                        "Microsoft\\Windows NT\\CurrentVersion",
                        "EditionID",
                        "WindowsPE",
                    )
                    .text("SYSTEM", "Setup", "CmdLine", "winpeshl.exe")
                    .number("SYSTEM", "Setup", "SetupType", 1)
                    .number("SYSTEM", "Setup", "SystemSetupInProgress", 1),
            ),
            (
                "broken",
                "inconsistent",
                new().text(
                    "SOFTWARE",
                    "Microsoft\\Windows\\CurrentVersion\\Setup\\State",
                    "ImageState",
                    "IMAGE_STATE_UNDEPLOYABLE",
                ),
            ),
        ]);
    }
    all
}

#[test]
fn every_state_of_every_generation_is_told() {
    let test = "every_state_of_every_generation_is_told";
    for of in Of::ALL {
        let top = tempfile::tempdir().unwrap();
        let top = top.path();
        write_clean(of, &top.join("clean"));
        let states = states(of);
        let jobs: Vec<_> = states
            .iter()
            .map(|(name, _, planted)| (top.join("clean"), top.join(name), planted.clone()))
            .collect();
        if !plant(test, &jobs) {
            return;
        }
        for (name, verdict, _) in &states {
            let found = report(top, &format!("@{name}"));
            assert_eq!(found["verdict"], *verdict, "{} {name}: {found}", of.name());
            assert!(!found["evidence"].as_array().unwrap().is_empty());
            let info = document(top, &format!("info @{name}"));
            assert_eq!(info["images"][0]["generalization"], *verdict, "{name}");
            let differences = found["differences"].as_array().unwrap();
            assert_eq!(differences.is_empty(), *verdict != "inconsistent", "{name}");
            let code = match *verdict {
                "inconsistent" => ExitCode::Refused,
                _ => ExitCode::Done,
            };
            run_in(top, &format!("generalize clean @{name} --dry-run")).ends(code);
            run_in(top, &format!("capture @{name} @{name}.wim")).ends(ExitCode::Done);
            let in_wim = report(top, &format!("@{name}.wim"));
            assert_eq!(in_wim["verdict"], *verdict);
            assert_eq!(in_wim["evidence"], found["evidence"]);
        }
        let sealed = report(top, "@sealed");
        let next = if of == Of::Xp {
            "mini-setup"
        } else {
            "specialize"
        };
        assert_eq!(sealed["next_pass"], next);
        assert_eq!(names(&sealed), set(&[]));
        run_in(top, "generalize report @sealed")
            .ends(ExitCode::Done)
            .says(&["generalized\n", &format!("next: {next}")]);
    }
}

#[test]
fn a_generalized_image_still_tells_what_sysprep_does_not_reset() {
    let test = "a_generalized_image_still_tells_what_sysprep_does_not_reset";
    let top = tempfile::tempdir().unwrap();
    let top = top.path();
    write_clean(Of::Ten, &top.join("clean"));
    // A SID and name are made anew at the first boot, the rest is not.
    let mut v = vec![0; 40];
    v.extend([1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0]);
    let left = generalized(Of::Ten)
        .value("SAM", "SAM\\Domains\\Account", "V", 3, &v)
        .text(
            "SYSTEM",
            "ControlSet001\\Control\\ComputerName\\ComputerName",
            "ComputerName",
            "WIN-1",
        )
        .text(
            "SOFTWARE",
            "Microsoft\\Windows\\CurrentVersion\\WindowsUpdate",
            "SusClientId",
            "x",
        )
        .file(
            "Windows/System32/Sysprep/Panther/setupact.log",
            "2024-06-20 22:22:28, Info                  SYSPRP ===          Beginning of a new sysprep run          ===\r\n\
             2024-06-20 22:22:28, Info                  SYSPRP SysprepSession::Validate: Beginning action execution from C:\\Windows\\System32\\Sysprep\\ActionFiles\\Generalize.xml\r\n\
             2024-06-20 22:22:29, Error                 SYSPRP ActionPlatform::LaunchModule: Failure occurred while executing 'SysprepGeneralizeValidate' from C:\\Windows\\System32\\AppxSysprep.dll; dwRet = 0x3cf2\r\n",
        );
    if !plant(test, &[(top.join("clean"), top.join("left"), left)]) {
        return;
    }
    let found = report(top, "@left");
    assert_eq!(found["verdict"], "generalized");
    assert_eq!(names(&found), set(&["update-client-id", "sysprep-logs"]));
    let log = &found["logs"][0];
    assert_eq!(log["last_phase"], "generalize");
    assert_eq!(
        log["failing_provider"],
        "C:\\Windows\\System32\\AppxSysprep.dll,SysprepGeneralizeValidate"
    );
    assert_eq!(log["code"], "0x3cf2");
    assert_eq!(log["line_number"], 3);
    // Cleaning does not change what it is.
    document(top, "generalize clean @left");
    let found = report(top, "@left");
    assert_eq!(found["verdict"], "generalized");
    assert_eq!(names(&found), set(&[]));
    run_in(top, "generalize report @left").ends(ExitCode::Done);
}
