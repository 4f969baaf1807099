//! Staging answer files, and describing images.

use std::fs;
use std::path::Path;

use serde_json::Value;
use wimwright::ExitCode;
use wimwright_testdata::nt5::{Nt5, XP_SP3};

use crate::plant::{Of, Planted, plant, write_clean};
use crate::recipes::{generalized, settings, unattend, vendor_media};
use crate::support::{content, run_in};
use crate::{document, names, report, set};

const PANTHER: &str = "Windows\\Panther\\unattend.xml";

fn good() -> String {
    unattend(&format!(
        "{}\n{}",
        settings("specialize", "", "<ComputerName>*</ComputerName>"),
        settings("oobeSystem", "", "<TimeZone>UTC</TimeZone>")
    ))
}

fn put(top: &Path, name: &str, text: impl AsRef<[u8]>) {
    let path = top.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// An image of Windows 10 with things planted, in `image`.
fn ten(test: &str, planted: Planted) -> Option<tempfile::TempDir> {
    let top = tempfile::tempdir().unwrap();
    write_clean(Of::Ten, &top.path().join("clean"));
    let image = top.path().join("image");
    plant(test, &[(top.path().join("clean"), image, planted)]).then_some(top)
}

fn findings(document: &Value) -> Vec<String> {
    let findings = document["images"][0]["findings"].as_array().unwrap().iter();
    findings
        .map(|finding| finding["name"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn the_file_is_placed_where_windows_looks_and_spent_ones_go() {
    let test = "the_file_is_placed_where_windows_looks_and_spent_ones_go";
    let spent = unattend(&settings(
        "specialize",
        " wasPassProcessed=\"true\"",
        "<ComputerName>*</ComputerName>",
    ));
    let planted = generalized(Of::Ten)
        .file("Windows/Panther/Unattend/Unattend.xml", &spent)
        .file("Windows/Panther/unattend.xml", &spent)
        .file("Windows/System32/Sysprep/unattend.xml", good());
    let Some(top) = ten(test, planted) else {
        return;
    };
    let top = top.path();
    put(top, "answer.xml", good());
    run_in(top, "capture @image @image.wim").ends(ExitCode::Done);
    for image in ["@image", "@image.wim"] {
        let words = format!("generalize stage {image} --answer-file @answer.xml");
        let dry = document(top, &format!("{words} --dry-run"));
        assert_eq!(dry["changed"], true);
        assert!(dry["plan"].is_object());
        let done = document(top, &words);
        assert_eq!(done["changed"], true);
        let staged = &done["images"][0];
        assert_eq!(staged["placed"], Value::from(vec![PANTHER]));
        assert_eq!(
            staged["removed"],
            Value::from(vec!["Windows\\Panther\\Unattend\\Unattend.xml"])
        );
        assert_eq!(
            staged["passes"],
            Value::from(vec!["specialize", "oobeSystem"])
        );
        assert_eq!(findings(&done), ["hidden-answer-file"; 2]);
        let found = report(top, image);
        for winner in found["winners"].as_array().unwrap() {
            assert_eq!(winner["path"], PANTHER);
            assert_eq!(winner["processed"], false);
        }
        assert_eq!(found["verdict"], "generalized");
        let again = document(top, &words);
        assert_eq!(again["changed"], false);
    }
    let placed = fs::read_to_string(top.join("image/Windows/Panther/unattend.xml")).unwrap();
    assert_eq!(placed, good());
    run_in(top, "diff @image @image.wim").ends(ExitCode::Done);
}

#[test]
fn what_was_not_used_yet_is_replaced_by_force_only() {
    let test = "what_was_not_used_yet_is_replaced_by_force_only";
    let other = unattend(&settings(
        "oobeSystem",
        "",
        "<TimeZone>GMT Standard Time</TimeZone>",
    ));
    let pointed = generalized(Of::Ten).file("answers.xml", &other).text(
        "SYSTEM",
        "Setup",
        "UnattendFile",
        "C:\\answers.xml",
    );
    for (planted, place) in [
        (
            generalized(Of::Ten).file("Windows/Panther/unattend.xml", &other),
            "Windows\\Panther\\unattend.xml",
        ),
        (
            generalized(Of::Ten).file("Windows/Panther/Unattend/autounattend.xml", &other),
            "Windows\\Panther\\Unattend\\autounattend.xml",
        ),
        (pointed, "answers.xml"),
    ] {
        let Some(top) = ten(test, planted) else {
            return;
        };
        let top = top.path();
        put(top, "answer.xml", good());
        let was = content(&top.join("image"));
        let words = "generalize stage @image --answer-file @answer.xml";
        run_in(top, words).ends(ExitCode::Refused).complains(&[
            &format!("`{place}` was not used yet (it has oobeSystem)"),
            "--force",
        ]);
        assert_eq!(content(&top.join("image")), was);
        let done = document(top, &format!("{words} --force"));
        assert_eq!(done["changed"], true);
        for winner in report(top, "@image")["winners"].as_array().unwrap() {
            assert_eq!(winner["path"], PANTHER);
        }
    }
}

#[test]
fn a_file_that_would_do_nothing_is_refused() {
    let test = "a_file_that_would_do_nothing_is_refused";
    let Some(top) = ten(test, generalized(Of::Ten)) else {
        return;
    };
    let top = top.path();
    let was = content(&top.join("image"));
    let processed = settings(
        "specialize",
        " wasPassProcessed=\"true\"",
        "<ComputerName>*</ComputerName>",
    );
    for (text, complaint) in [
        ("".to_owned(), "is no answer file"),
        (good().replace("</unattend>", ""), "ends in the middle"),
        (good().replace("unattend\"", "other\""), "namespace"),
        (
            good().replace("amd64", "x86"),
            "are for x86, expected amd64",
        ),
        (
            good().replace("\"specialize\"", "\"Specialise\""),
            "no pass `Specialise`",
        ),
        (
            unattend(&settings("windowsPE", "", "<a>1</a>")),
            "still to come: it has windowsPE",
        ),
        (unattend(&processed), "still to come: it has specialize"),
        (
            unattend(&settings("specialize", "", "")),
            "still to come: it has specialize",
        ),
        (
            "[Unattended]\r\nOemSkipEula=Yes\r\n".to_owned(),
            "is a sysprep.inf",
        ),
    ] {
        put(top, "answer.xml", &text);
        run_in(top, "generalize stage @image --answer-file @answer.xml")
            .ends(ExitCode::Refused)
            .complains(&[complaint]);
    }
    run_in(top, "generalize stage @image --answer-file @none.xml").ends(ExitCode::Damaged);
    run_in(top, "generalize stage @image").ends(ExitCode::Usage);
    put(top, "answer.xml", good());
    run_in(
        top,
        "generalize stage @image --answer-file @answer.xml --hal acpiapic_mp",
    )
    .ends(ExitCode::Refused)
    .complains(&["chooses its HAL at boot"]);
    assert_eq!(content(&top.join("image")), was);

    // Half of it fits: that is told, and the file is taken.
    let odd = unattend(&format!(
        "{}{}{}",
        settings(
            "specialize",
            "",
            "<AdministratorPassword>hunter2</AdministratorPassword>"
        ),
        settings("oobeSystem", "", "<TimeZone>UTC</TimeZone>").replace("amd64", "x86"),
        settings("generalize", "", "<a>1</a>")
            .replace(
                "Microsoft-Windows-Shell-Setup",
                "Microsoft-Windows-UnattendedJoin"
            )
            .replace(" language=\"neutral\"", ""),
    ));
    put(top, "answer.xml", &odd);
    let done = run_in(
        top,
        "generalize stage @image --answer-file @answer.xml --json",
    );
    let done = done.ends(ExitCode::Done);
    assert!(!done.out.contains("hunter2"));
    let mut named = findings(&done.json());
    named.sort();
    assert_eq!(
        named,
        [
            "answer-file-architecture",
            "answer-file-component",
            "answer-file-pass",
            "answer-file-pass",
            "answer-file-passwords",
        ]
    );
}

#[test]
fn audit_mode_is_armed_in_an_armed_image_only() {
    let test = "audit_mode_is_armed_in_an_armed_image_only";
    let Some(top) = ten(test, vendor_media()) else {
        return;
    };
    let top = top.path();
    put(top, "answer.xml", good());
    let arm = "--answer-file @answer.xml --arm-audit";
    run_in(top, &format!("generalize stage @clean {arm}"))
        .ends(ExitCode::Refused)
        .complains(&["the image is not-generalized"]);
    run_in(top, "generalize stage @image --arm-audit").ends(ExitCode::Usage);
    let done = document(top, &format!("generalize stage @image {arm}"));
    let sysprep = "Windows\\System32\\Sysprep\\unattend.xml";
    assert_eq!(
        done["images"][0]["placed"],
        Value::from(vec![PANTHER, sysprep])
    );
    assert_eq!(findings(&done), ["audit-mode"]);
    let arming = fs::read_to_string(top.join("image/Windows/Panther/unattend.xml")).unwrap();
    for word in [
        "<Mode>Audit</Mode>",
        "auditUser",
        "sysprep.exe /generalize /oobe /shutdown",
    ] {
        assert!(arming.contains(word), "{arming}");
    }
    let given = fs::read_to_string(top.join("image/Windows/System32/Sysprep/unattend.xml"));
    assert_eq!(given.unwrap(), good());
    // No value of Setup was written, and nothing of SetupComplete.
    let changed = run_in(top, "diff @clean @image --json").json();
    assert!(!changed.to_string().to_lowercase().contains("setupcomplete"));
    let found = report(top, "@image");
    assert_eq!(found["verdict"], "vendor-media");
    assert_eq!(
        document(top, &format!("generalize stage @image {arm}"))["changed"],
        false
    );
}

/// An XP image in `image`, sealed by Sysprep.
fn sealed() -> tempfile::TempDir {
    let top = tempfile::tempdir().unwrap();
    let mut image = Nt5::x86("acpiapic_up");
    image.sysprepped();
    image.put("Sysprep/sysprep.exe", b"MZ");
    image.put_cache("sp3.cab", XP_SP3);
    image.write(&top.path().join("image"));
    top
}

#[test]
fn sysprep_inf_gets_the_hal_line_of_a_supported_switch() {
    let top = sealed();
    let top = top.path();
    let done = document(top, "generalize stage @image --hal acpiapic_mp");
    assert_eq!(done["changed"], true);
    let text = fs::read_to_string(top.join("image/Sysprep/sysprep.inf")).unwrap();
    assert_eq!(
        text,
        "[Unattended]\r\nUpdateHAL = \"ACPIAPIC_MP,%WINDIR%\\Inf\\Hal.inf\"\r\nOemSkipEula=Yes\r\n"
    );
    assert_eq!(
        document(top, "generalize stage @image --hal acpiapic_mp")["changed"],
        false
    );
    for (hal, complaint) in [
        ("acpiapic_up", "has that HAL already"),
        ("mps_mp", "is not supported"),
        ("e_isa_up", "there is no line for it"),
    ] {
        run_in(top, &format!("generalize stage @image --hal {hal}"))
            .ends(ExitCode::Refused)
            .complains(&[complaint, "hint: "]);
    }
    run_in(top, "generalize stage @image --hal nonsense").ends(ExitCode::Usage);

    // A whole file replaces the one that waits by force only.
    let inf =
        "[Unattended]\r\nUpdateUPHAL=MPS_UP,x\r\n[UserData]\r\nFullName=\"A\"\r\n[Typo]\r\nx=y\r\n";
    put(top, "sysprep.inf", inf);
    let words = "generalize stage @image --answer-file @sysprep.inf";
    run_in(top, words)
        .ends(ExitCode::Refused)
        .complains(&["was not used yet"]);
    let done = document(top, &format!("{words} --force --hal acpiapic_mp"));
    assert_eq!(findings(&done), ["answer-file-section"]);
    let text = fs::read_to_string(top.join("image/Sysprep/sysprep.inf")).unwrap();
    assert_eq!(
        text,
        "[Unattended]\r\nUpdateHAL = \"ACPIAPIC_MP,%WINDIR%\\Inf\\Hal.inf\"\r\n[UserData]\r\nFullName=\"A\"\r\n[Typo]\r\nx=y\r\n"
    );
    put(top, "answer.xml", good());
    run_in(top, "generalize stage @image --answer-file @answer.xml")
        .ends(ExitCode::Refused)
        .complains(&["is XML"]);
    run_in(top, &format!("{words} --arm-audit --force"))
        .ends(ExitCode::Refused)
        .complains(&["have no audit mode"]);
}

#[test]
fn neither_plan_nor_receipt_holds_keys_and_passwords() {
    const KEY: &str = "ABCDE-FGHIJ-KLMNO-PQRST-UVW42";
    let hex = |text: &str| -> String { text.bytes().map(|byte| format!("{byte:02x}")).collect() };
    let top = sealed();
    let top = top.path();
    let inf =
        format!("[GuiUnattended]\r\nAdminPassword=hunter2\r\n[UserData]\r\nProductKey={KEY}\r\n");
    put(top, "sysprep.inf", &inf);
    // Given with a line to be put in, given as it is, and with one put into the
    // image's own.
    for words in [
        "--answer-file @sysprep.inf --hal acpiapic_mp --force --dry-run",
        "--answer-file @sysprep.inf --force",
        "--hal acpiapic_mp --dry-run --plan-out @plan.json",
        "--hal acpiapic_mp",
    ] {
        let words = format!("generalize stage @image {words}");
        let done = run_in(top, &format!("{words} --json --log-file @log")).ends(ExitCode::Done);
        let said = format!("{}{}", done.out, done.err);
        for secret in [KEY, "hunter2", &hex(KEY), &hex("hunter2")] {
            assert!(!said.contains(secret), "{words}: {said}");
        }
    }
    let saved = ["plan.json", "log"].map(|name| fs::read_to_string(top.join(name)).unwrap());
    for secret in [KEY, "hunter2", &hex(KEY), &hex("hunter2")] {
        assert!(saved.iter().all(|text| !text.contains(secret)), "{secret}");
    }
    let staged = fs::read_to_string(top.join("image/Sysprep/sysprep.inf")).unwrap();
    assert!(staged.contains("UpdateHAL = ") && staged.contains(KEY));
    let told = run_in(top, "generalize report @image --json");
    assert!(told.out.contains("XXXXX-XXXXX-XXXXX-XXXXX-UVW42"));
    assert!(!told.out.contains(KEY) && !told.out.contains("hunter2"));
}

/// A storage driver for XP, of nothing but our own.
const DISK_INF: &str = "[Version]\r\nSignature=\"$CHICAGO$\"\r\nClass=SCSIAdapter\r\n\
ClassGuid={4D36E97B-E325-11CE-BFC1-08002BE10318}\r\nProvider=%P%\r\nDriverVer=01/01/2008,1.0.0.0\r\n\
[Manufacturer]\r\n%P%=Models\r\n[Models]\r\n%D%=Inst,PCI\\VEN_8086&DEV_2922\r\n\
[Inst]\r\nCopyFiles=Files\r\n[Files]\r\ndisk9.sys\r\n\
[Inst.Services]\r\nAddService=disk9,2,Svc\r\n\
[Svc]\r\nServiceType=1\r\nStartType=0\r\nErrorControl=1\r\nServiceBinary=%12%\\disk9.sys\r\n\
LoadOrderGroup=SCSI miniport\r\n[DestinationDirs]\r\nFiles=12\r\n[SourceDisksNames]\r\n1=%D%\r\n\
[SourceDisksFiles]\r\ndisk9.sys=1\r\n[Strings]\r\nP=\"Example\"\r\nD=\"Disk controller\"\r\n";

#[test]
fn mass_storage_of_a_sealed_image_is_written_into_it() {
    let top = sealed();
    let top = top.path();
    put(top, "image/Drivers/disk9.inf", DISK_INF);
    put(
        top,
        "image/Drivers/disk9.sys",
        wimwright_testdata::pe::Pe::default().build(),
    );
    let inf = "[Unattended]\r\nOemSkipEula=Yes\r\n[SysprepMassStorage]\r\n\
               PCI\\VEN_8086&DEV_2922=\"C:\\Drivers\\disk9.inf\",\"\\\",\"x\",\"\\x\"\r\n\
               PCI\\VEN_8086&DEV_2923=\"C:\\Drivers\\none.inf\"\r\n";
    put(top, "sysprep.inf", inf);
    let words = "generalize stage @image --answer-file @sysprep.inf --force --json";
    let done = run_in(top, words).ends(ExitCode::Partly).json();
    let staged = &done["images"][0];
    assert!(
        findings(&done).contains(&"mass-storage".to_owned()),
        "{staged}"
    );
    let drivers = staged["drivers"].as_array().unwrap();
    assert_eq!(drivers.len(), 2);
    assert_eq!(drivers[0]["outcome"], "pending", "{staged}");
    assert_eq!(drivers[0]["hardware_ids"][0], "PCI\\VEN_8086&DEV_2922");
    assert_eq!(drivers[1]["outcome"], "refused");
    assert_eq!(drivers[1]["reason"], "the image does not have it");
    // What mini-setup needs to reach the disk is there.
    let device = "SYSTEM\\ControlSet001\\Control\\CriticalDeviceDatabase\\pci#ven_8086&dev_2922";
    for (key, value, data) in [
        (device, "Service", "disk9"),
        ("SYSTEM\\ControlSet001\\Services\\disk9", "Start", "0"),
    ] {
        run_in(top, &format!("registry get @image {key} {value}"))
            .ends(ExitCode::Done)
            .says(&[data]);
    }
    assert!(
        top.join("image/Windows/System32/drivers/disk9.sys")
            .is_file()
    );

    // In an image that is not sealed sysprep.exe will read it.
    let unsealed = tempfile::tempdir().unwrap();
    Nt5::x86("acpiapic_up").write(&unsealed.path().join("image"));
    put(unsealed.path(), "sysprep.inf", inf);
    let words = "generalize stage @image --answer-file @sysprep.inf";
    let done = document(unsealed.path(), words);
    assert_eq!(done["images"][0]["drivers"], Value::Array(Vec::new()));
    assert_eq!(findings(&done), ["not-generalized"]);
}

#[test]
fn nothing_is_staged_in_what_should_not_be_deployed() {
    let test = "nothing_is_staged_in_what_should_not_be_deployed";
    let aborted = Planted::default().number(
        "SYSTEM",
        "Setup\\Status\\SysprepStatus",
        "GeneralizationState",
        3,
    );
    let half = generalized(Of::Ten).number("SYSTEM", "Setup", "SetupType", 0);
    let undeployable = Planted::default().text(
        "SOFTWARE",
        "Microsoft\\Windows\\CurrentVersion\\Setup\\State",
        "ImageState",
        "IMAGE_STATE_UNDEPLOYABLE",
    );
    for (planted, complaint) in [
        (aborted, "stopped midway"),
        (half, "SetupType is 0, not 2"),
        (undeployable, "stopped midway"),
    ] {
        let Some(top) = ten(test, planted) else {
            return;
        };
        put(top.path(), "answer.xml", good());
        let was = content(&top.path().join("image"));
        run_in(
            top.path(),
            "generalize stage @image --answer-file @answer.xml",
        )
        .ends(ExitCode::Refused)
        .complains(&[complaint]);
        assert_eq!(content(&top.path().join("image")), was);
    }
}

#[test]
fn an_image_is_thin_hybrid_or_thick_by_its_programs() {
    let test = "an_image_is_thin_hybrid_or_thick_by_its_programs";
    let uninstall = "Microsoft\\Windows\\CurrentVersion\\Uninstall";
    let program = |planted: Planted, number: usize| {
        let key = format!("Wow6432Node\\{uninstall}\\Program{number}");
        planted
            .text(
                "SOFTWARE",
                &key,
                "DisplayName",
                &format!("Program {number}"),
            )
            .text("SOFTWARE", &key, "DisplayVersion", "1.0")
    };
    let packages = "Microsoft\\Windows\\CurrentVersion\\Component Based Servicing\\Packages";
    let package = |planted: Planted, name: &str, state| {
        planted.number(
            "SOFTWARE",
            &format!("{packages}\\{name}"),
            "CurrentState",
            state,
        )
    };
    // Hidden parts and updates are no programs.
    let mut base = Planted::default()
        .text(
            "SOFTWARE",
            &format!("{uninstall}\\Part"),
            "DisplayName",
            "A part",
        )
        .number(
            "SOFTWARE",
            &format!("{uninstall}\\Part"),
            "SystemComponent",
            1,
        )
        .text(
            "SOFTWARE",
            &format!("{uninstall}\\Browser"),
            "DisplayName",
            "Browser of Windows",
        )
        .text(
            "SOFTWARE",
            &format!("{uninstall}\\Browser"),
            "Publisher",
            "Microsoft Corporation",
        )
        .number("SOFTWARE", &format!("{uninstall}\\Browser"), "NoRemove", 1)
        .text(
            "SOFTWARE",
            &format!("{uninstall}\\Nameless"),
            "Publisher",
            "x",
        )
        .text(
            "SOFTWARE",
            &format!("{uninstall}\\KB958644"),
            "DisplayName",
            "Update",
        )
        .file("Program Files/x.bin", [0; 1000])
        .file("Users/Public/y.bin", [0; 500]);
    base = package(
        base,
        "Package_for_KB5005033~31bf3856ad364e35~amd64~~10.0.1.0",
        0x70,
    );
    base = package(
        base,
        "Package_for_KB5005034~31bf3856ad364e35~amd64~~10.0.1.0",
        0x40,
    );
    base = package(
        base,
        "Package_for_RollupFix~31bf3856ad364e35~amd64~~19041.1165.1.7",
        0x70,
    );
    for (programs, kind) in [(0, "thin"), (1, "hybrid"), (5, "hybrid"), (6, "thick")] {
        let planted = (0..programs).fold(base.clone(), program);
        let Some(top) = ten(test, planted) else {
            return;
        };
        let top = top.path();
        let found = document(top, "describe @image");
        let image = &found["images"][0];
        assert_eq!(image["kind"], kind);
        assert_eq!(image["programs"].as_array().unwrap().len(), programs);
        assert_eq!(
            image["updates"],
            Value::from(vec!["KB5005033", "cumulative update 19041.1165.1.7"])
        );
        assert_eq!(image["sizes"]["programs"], 1000);
        assert_eq!(image["sizes"]["profiles"], 500);
        assert_eq!(image["drivers"]["third_party"], 0);
        run_in(top, "capture @image @image.wim").ends(ExitCode::Done);
        let mut in_wim = document(top, "describe @image.wim")["images"][0].clone();
        for field in ["image", "title"] {
            in_wim[field] = image[field].clone();
        }
        assert_eq!(in_wim, *image);
        run_in(top, "describe @image")
            .ends(ExitCode::Done)
            .says(&[kind, "KB5005033"]);
    }
    let Some(top) = ten(test, Planted::default()) else {
        return;
    };
    assert_eq!(names(&report(top.path(), "@image")), set(&[]));
}
