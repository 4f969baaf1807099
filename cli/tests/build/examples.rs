//! The build files of the guide, each run as it stands on images of the sample.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;
use wimwright::{ExitCode, sample};
use wimwright_testdata::cabinet::{Cabinet, Method};
use wimwright_testdata::nt5::{Nt5, XP_SP3};

use super::process;
use super::schema::validated;
use super::support::{content, copy, run, run_in};

/// An update for every image of the sample.
const UPDATE: &[u8] = br#"<?xml version="1.0" encoding="utf-8"?>
<assembly xmlns="urn:schemas-microsoft-com:asm.v3" manifestVersion="1.0">
  <assemblyIdentity name="Package_for_KB1" version="10.0.1.0" language="neutral"
    processorArchitecture="amd64" publicKeyToken="31bf3856ad364e35"/>
  <package identifier="KB1" releaseType="Update" restart="possible"/>
</assembly>"#;

const ANSWERS: &str = r#"<unattend xmlns="urn:schemas-microsoft-com:unattend">
  <settings pass="oobeSystem">
    <component name="Microsoft-Windows-Shell-Setup" processorArchitecture="amd64"
        publicKeyToken="31bf3856ad364e35" language="neutral" versionScope="nonSxS">
      <TimeZone>UTC</TimeZone>
    </component>
  </settings>
</unattend>"#;

const CBS: &str = "REGEDIT4\n[HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\\
    Component Based Servicing\\Packages\\Package_for_KB9~31bf3856ad364e35~amd64~~10.0.1.0]\n\
    \"CurrentState\"=dword:70\n";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/examples/build")
}

/// What the examples name, small.
fn bench() -> TempDir {
    let top = tempfile::tempdir().unwrap();
    let at = |name: &str| top.path().join(name);
    let put = |name: &str, bytes: &[u8]| {
        fs::create_dir_all(at(name).parent().unwrap()).unwrap();
        fs::write(at(name), bytes).unwrap();
    };
    for image in ["pe", "reference"] {
        sample::write_image(&at(image)).unwrap();
    }
    copy(&at("pe"), &at("pro"));
    // A Windows that updates are installed in.
    put("cbs.reg", CBS.as_bytes());
    run_in(top.path(), "registry import @pro @cbs.reg").ends(ExitCode::Done);
    fs::create_dir_all(at("media/sources")).unwrap();
    fs::create_dir_all(at("library")).unwrap();
    let capture = |words: &str, name: &str| {
        let words = format!("{words} --name");
        let words = words
            .split_whitespace()
            .map(|word| match word.strip_prefix('@') {
                Some(below) => at(below).display().to_string(),
                None => word.to_owned(),
            });
        run(&words.chain([name.to_owned()]).collect::<Vec<_>>()).ends(ExitCode::Done);
    };
    capture("capture @pe @winre.wim", "WinRE");
    put(
        "pro/Windows/System32/Recovery/Winre.wim",
        &fs::read(at("winre.wim")).unwrap(),
    );
    capture("capture @pro @media/sources/install.wim", "Windows 10 Pro");
    capture(
        "append @pro @media/sources/install.wim",
        "Windows 10 Enterprise",
    );
    capture("capture @pe @media/sources/boot.wim", "PE");
    capture("append @pe @media/sources/boot.wim", "Setup");
    capture("capture @pro @library/office.wim", "office");
    capture("capture @pro @library/accounting.wim", "accounting");
    let mut xp = Nt5::x86("acpiapic_up");
    xp.put_cache("sp3.cab", XP_SP3);
    xp.put_kernels(true, XP_SP3);
    xp.write(&at("library/machine-xp"));
    for package in [
        "drivers/storage/viostor",
        "drivers/network/viostor",
        "virtio-win/viostor/w10",
    ] {
        fs::create_dir_all(at(package)).unwrap();
        fs::remove_dir(at(package)).unwrap();
        sample::write_package(&at(package)).unwrap();
    }
    let computer = |name: &str, ids: &str| {
        let text = format!(
            r#"{{"schema": "wimwright/hardware/1", "name": "{name}", "devices": [{ids}]}}"#
        );
        put(name, text.as_bytes());
    };
    let disk = r#"{"bus": "pci", "hardware_ids": ["PCI\\VEN_1AF4&DEV_1001"]}"#;
    computer("kvm.json", disk);
    computer("hardware/desktop.json", disk);
    computer("hardware/laptop.json", "");
    let software = "REGEDIT4\n[HKEY_LOCAL_MACHINE\\SOFTWARE\\Company]\n\"x\"=\"y\"\n";
    put("settings/machine.reg", software.as_bytes());
    put("no-agents.reg", software.as_bytes());
    put("tools/tool.exe", b"MZ");
    put("reference/Temp/setup.log", b"log");
    put("reference/ProgramData/ssh/ssh_host_rsa_key", b"key");
    put("reference/Users/installer/NTUSER.DAT.LOG", b"log");
    put("unattend.xml", ANSWERS.as_bytes());
    let package = Cabinet::of(Method::Mszip, &[("update.mum", UPDATE)]).build();
    put("updates/kb1.cab", &package);
    top
}

/// Runs an example: planned, built, and nothing to build. Gives what the build
/// said.
fn example(top: &TempDir, name: &str) -> Value {
    let text = fs::read_to_string(folder().join(name)).unwrap();
    // Nobody here can sign an update as Microsoft does.
    let text = text.replace(
        "updates = { from = [\"updates\"]",
        "updates = { from = [\"updates\"], force-unsigned = true",
    );
    fs::write(top.path().join(name), text).unwrap();
    let before = content(top.path());
    process(top.path(), &format!("build {name} --dry-run"));
    assert!(content(top.path()) == before, "{name}");
    let done = process(top.path(), &format!("build {name} --json"));
    let found: Value = serde_json::from_slice(&done.stdout).unwrap();
    // Nothing that was there is any different.
    let after = content(top.path());
    assert!(
        before
            .iter()
            .all(|(path, bytes)| after.get(path) == Some(bytes)),
        "{name}"
    );
    for output in found["outputs"].as_array().unwrap() {
        let file = output["files"][0].as_str().unwrap();
        run_in(top.path(), &format!("verify @{file}")).ends(ExitCode::Done);
    }
    let again = process(top.path(), &format!("build {name}"));
    let said = String::from_utf8(again.stdout).unwrap();
    assert!(said.contains("nothing to build"), "{said}");
    found
}

/// The outcomes of a step, image by image.
fn outcomes(found: &Value, step: &str) -> Vec<Vec<String>> {
    let images = found["images"].as_array().unwrap().iter();
    let steps = images.flat_map(|image| image["steps"].as_array().unwrap());
    let steps = steps.filter(|found| found["step"] == step);
    let outcomes = steps.map(|step| {
        let results = step["results"].as_array().unwrap().iter();
        results.map(|result| result["outcome"].as_str().unwrap().to_owned())
    });
    outcomes.map(Iterator::collect).collect()
}

#[test]
fn thin() {
    let top = bench();
    let found = example(&top, "thin.toml");
    assert_eq!(outcomes(&found, "drivers"), [["added", "unchanged"]]);
    assert_eq!(outcomes(&found, "answer-file"), [["staged"]]);
    let info = run_in(top.path(), "info @out/thin.wim --json").json();
    assert_eq!(info["images"][0]["image_name"], "Windows 10 Pro, thin");
    run_in(top.path(), "cat @out/thin.wim Windows/Panther/unattend.xml").ends(ExitCode::Done);
}

#[test]
fn hybrid() {
    let top = bench();
    let found = example(&top, "hybrid.toml");
    assert_eq!(outcomes(&found, "updates"), [["first-boot"]]);
    assert_eq!(outcomes(&found, "drivers")[0][0], "added");
    run_in(
        top.path(),
        "registry get @out/hybrid.wim SOFTWARE\\Company x",
    )
    .ends(ExitCode::Done)
    .says(&["y"]);
    let info = run_in(top.path(), "info @out/hybrid.wim --json").json();
    assert_eq!(info["integrity_table"], true);
}

#[test]
fn thick() {
    let top = bench();
    let reference = content(&top.path().join("reference"));
    let found = example(&top, "thick.toml");
    assert_eq!(outcomes(&found, "remove"), [["removed", "unchanged"]]);
    assert_eq!(outcomes(&found, "clean"), [["removed"]]);
    assert_eq!(found["images"].as_array().unwrap().len(), 1);
    let listed = run_in(top.path(), "dir @out/thick.wim -r")
        .ends(ExitCode::Done)
        .out;
    assert!(
        listed.contains("tool.exe") && !listed.contains("setup.log"),
        "{listed}"
    );
    assert!(
        !listed.contains("installer") && !listed.contains("ssh_host"),
        "{listed}"
    );
    run_in(top.path(), "diff @out/thick.wim @out/stick/install.swm").ends(ExitCode::Done);
    assert!(content(&top.path().join("reference")) == reference);
}

#[test]
fn monthly_media() {
    let top = bench();
    let found = example(&top, "monthly.toml");
    assert_eq!(
        outcomes(&found, "updates"),
        [["first-boot"], ["first-boot"]]
    );
    // Two Windows with their recovery environments, and the two of Setup.
    let drivers = outcomes(&found, "drivers");
    assert_eq!(drivers.len(), 6, "{drivers:?}");
    assert!(
        drivers
            .iter()
            .all(|outcomes| outcomes == &["added", "unchanged"]),
        "{drivers:?}"
    );
    let boot = run_in(top.path(), "info @out/sources/boot.wim --json").json();
    assert_eq!(boot["boot_index"], 2);
    let install = run_in(top.path(), "info @out/sources/install.swm --json").json();
    let names = [0, 1].map(|at| install["images"][at]["image_name"].as_str().unwrap());
    assert_eq!(names, ["Windows 10 Pro", "Windows 10 Enterprise"]);
}

#[test]
fn migration_to_virtio() {
    let top = bench();
    let found = example(&top, "virtio.toml");
    assert_eq!(outcomes(&found, "hal"), [["set"]]);
    // In the order of sources by name; the package has nothing for XP.
    let drivers = outcomes(&found, "drivers");
    assert_eq!(drivers, [["added"], ["added"], ["for-other-windows"]]);
    let start = |image: &str| {
        let key = "SYSTEM\\ControlSet001\\Services\\viostor";
        run_in(top.path(), &format!("registry get @{image} {key} Start"))
    };
    start("library/office.wim").ends(ExitCode::Refused);
    // Started by the loader.
    start("kvm/office.wim").ends(ExitCode::Done).says(&["0"]);
    let listed = run_in(top.path(), "drivers list @kvm/accounting.wim --json").json();
    assert_eq!(listed["images"][0]["drivers"].as_array().unwrap().len(), 1);
}

#[test]
fn models() {
    let top = bench();
    let found = example(&top, "models.toml");
    let outputs = found["outputs"].as_array().unwrap().iter();
    let mut names: Vec<&str> = outputs
        .map(|output| output["name"].as_str().unwrap())
        .collect();
    names.sort_unstable();
    let expected = [
        "win10",
        "win10-desktop",
        "win10-laptop",
        "win10e",
        "win10e-desktop",
        "win10e-laptop",
        "win10e-workstation",
    ];
    assert_eq!(names, expected);
}

#[test]
fn examples_are_short_and_fit_the_schema() {
    let found = fs::read_dir(folder()).unwrap();
    let mut files: Vec<PathBuf> = found.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let guide = folder().join("../../guide/builds.md");
    let guide = fs::read_to_string(guide).unwrap();
    for path in &files {
        let lines = fs::read_to_string(path).unwrap().lines().count();
        assert!(lines <= 50, "{}: {lines}", path.display());
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(
            guide.contains(&format!("../examples/build/{name}")),
            "{name}"
        );
    }
    assert_eq!(files.len(), 6);
    let files: Vec<&Path> = files.iter().map(PathBuf::as_path).collect();
    let Some(said) = validated(&files, "examples_are_short_and_fit_the_schema") else {
        return;
    };
    assert!(said.iter().all(String::is_empty), "{said:?}");
}
