//! `report`: the page, the bills of materials, and what they say of images in
//! directories and WIM files, new and old.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on ends"
)]

mod support;

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use support::{content, run_in, sample};
use tempfile::TempDir;
use wimwright::ExitCode;
use wimwright_testdata::cbs_image::CbsImage;
use wimwright_testdata::image::{Windows, write};
use wimwright_testdata::nt5::Nt5;
use wimwright_testdata::{corpus, python_with, skipped};

/// Programs of several kinds, one with a name that is no markup, and a key that
/// must not be seen whole.
const PROGRAMS: &str = r#"REGEDIT4
[HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall\Editor]
"DisplayName"="Editor <b>&amp; more"
"DisplayVersion"="21.07"
"Publisher"="Example (UK)"
[HKEY_LOCAL_MACHINE\SOFTWARE\Wow6432Node\Microsoft\Windows\CurrentVersion\Uninstall\{A}]
"DisplayName"="Old Tool"
[HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall\Part]
"DisplayName"="A part"
"SystemComponent"=dword:1
[HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows NT\CurrentVersion\SoftwareProtectionPlatform]
"BackupProductKeyDefault"="VK7JG-NPHTM-C97JM-9MPGT-3V66T"
"#;

/// The sample with a driver and programs, as a directory and in a WIM file.
fn rich() -> TempDir {
    let top = sample();
    fs::write(top.path().join("p.reg"), PROGRAMS).unwrap();
    let unattend = "<unattend xmlns=\"urn:schemas-microsoft-com:unattend\"><settings \
        pass=\"specialize\"><component name=\"Microsoft-Windows-Shell-Setup\" \
        processorArchitecture=\"amd64\"><ProductKey>VK7JG-NPHTM-C97JM-9MPGT-3V66T</ProductKey>\
        </component></settings></unattend>";
    let panther = top.path().join("image/Windows/Panther");
    fs::create_dir(&panther).unwrap();
    fs::write(panther.join("unattend.xml"), unattend).unwrap();
    for words in [
        "drivers add @image @viostor",
        "registry import @image @p.reg",
        "capture @image @image.wim",
    ] {
        run_in(top.path(), words).ends(ExitCode::Done);
    }
    top
}

/// What `report` says of `image`, apart from its name and files.
fn document(top: &Path, image: &str) -> Value {
    let run = run_in(top, &format!("report {image} --json")).ends(ExitCode::Done);
    let mut found = run.json()["images"][0].take();
    for pointer in [
        "/image",
        "/title",
        "/info/image",
        "/description/image",
        "/description/title",
        "/generalization/image",
        "/generalization/title",
    ] {
        *found.pointer_mut(pointer).unwrap() = Value::Null;
    }
    found
}

#[test]
fn an_image_is_reported_alike_as_a_directory_and_in_a_wim_file() {
    let top = rich();
    let was = content(&top.path().join("image"));
    let [directory, wim] = ["@image", "@image.wim:1"].map(|image| document(top.path(), image));
    assert_eq!(directory, wim);
    assert_eq!(
        content(&top.path().join("image")),
        was,
        "nothing is written"
    );

    let driver = &directory["drivers"]["third_party"][0];
    assert_eq!(driver["published_name"], "oem0.inf");
    assert_eq!(driver["driver_signature"], "signed");
    let signer = "Microsoft Windows Hardware Compatibility Publisher";
    assert_eq!(driver["signature"]["signer_name"], signer);
    // The checksums are those of the files that were added.
    let found = driver["files"].as_array().unwrap();
    assert_eq!(found.len(), 3);
    for file in found {
        let name = file["path"].as_str().unwrap().rsplit('\\').next().unwrap();
        let bytes = fs::read(top.path().join("viostor").join(name)).unwrap();
        assert_eq!(file["len"], bytes.len() as u64, "{name}");
        assert_eq!(file["sha256"], sha256(&bytes), "{name}");
    }
    let programs = directory["description"]["programs"].as_array().unwrap();
    let keys: Vec<&str> = programs
        .iter()
        .map(|one| one["key"].as_str().unwrap())
        .collect();
    let uninstall = "Microsoft\\Windows\\CurrentVersion\\Uninstall";
    let expected = [
        format!("SOFTWARE\\{uninstall}\\Editor"),
        format!("SOFTWARE\\Wow6432Node\\{uninstall}\\{{A}}"),
    ];
    assert_eq!(keys, expected);
    assert_eq!(directory["description"]["hidden_programs"], 1);
    let services = directory["kernel_services"].as_array().unwrap();
    let viostor = services
        .iter()
        .find(|one| one["name"] == "viostor")
        .unwrap();
    assert_eq!(viostor["start"], "boot");
    assert_eq!(viostor["present"], true);
    // This sample holds no other file of Windows, which is said.
    let findings = directory["findings"].as_array().unwrap();
    let named = |name: &str| findings.iter().find(|one| one["name"] == name);
    let missing = named("loader-file-missing").unwrap()["message"]
        .as_str()
        .unwrap();
    assert!(
        missing.contains("ACPI") && !missing.contains("viostor"),
        "{missing}"
    );
    // It has no update state: a finding, and the rest is there.
    assert_eq!(directory["packages"], Value::Null);
    assert!(named("packages-not-read").is_some(), "{findings:?}");
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::{Digest as _, Sha256};
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn the_page_loads_nothing_runs_nothing_and_shows_no_key() {
    let top = rich();
    let words = "report @image --html @r.html --sbom @r.spdx.json --sbom @r.cdx.json";
    let run = run_in(top.path(), words).ends(ExitCode::Done);
    for words in ["hybrid: 2 programs", "1 third party (1 signed)", "wrote "] {
        assert!(run.out.contains(words), "no `{words}`: {}", run.out);
    }
    let page = fs::read_to_string(top.path().join("r.html")).unwrap();
    let (document, state) = (document(top.path(), "@image"), "generalization");
    let leftovers = document[state]["leftovers"].as_array().unwrap();
    let keys = leftovers
        .iter()
        .filter(|one| one.to_string().contains("3V66T"));
    assert!(keys.count() > 0, "the keys are found: {leftovers:?}");
    for file in ["r.html", "r.spdx.json", "r.cdx.json"] {
        let text = fs::read_to_string(top.path().join(file)).unwrap();
        assert!(!text.contains("NPHTM"), "{file} shows a product key");
    }
    for word in ["<script", "<link", "<img", "src=", "@import", "url(", "<b>"] {
        assert!(!page.contains(word), "`{word}` in the page");
    }
    for words in [
        "Editor &lt;b&gt;&amp;amp; more",
        "Microsoft Windows Hardware Compatibility Publisher",
        "id=\"findings-1\"",
        "href=\"#findings-1\"",
        "prefers-color-scheme:dark",
        "@media print",
        "loader-file-missing",
    ] {
        assert!(page.contains(words), "no `{words}` in the page");
    }
}

#[test]
fn the_page_is_well_formed() {
    let Some(python) = python_with("xml.dom.minidom", "the_page_is_well_formed") else {
        return;
    };
    let top = rich();
    Nt5::x86("acpiapic_up").write(&top.path().join("xp"));
    for image in ["image", "image.wim:all", "xp"] {
        run_in(
            top.path(),
            &format!("report @{image} --html @r.html --force"),
        )
        .ends(ExitCode::Done);
        // Written so that an XML parser, which forgives nothing, takes it.
        let parse = "import sys; from xml.dom.minidom import parse; d = parse(sys.argv[1]); \
            ids = [e.getAttribute('id') for e in d.getElementsByTagName('*') if e.hasAttribute('id')]; \
            refs = [e.getAttribute('href')[1:] for e in d.getElementsByTagName('a')]; \
            assert len(ids) == len(set(ids)), ids; assert set(refs) <= set(ids), refs; \
            assert len(refs) >= 8";
        let read = Command::new(python)
            .args(["-c", parse])
            .arg(top.path().join("r.html"))
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&read.stderr);
        assert!(read.status.success(), "{image}: {said}");
    }
}

/// Holds bills of materials against the formats' own validators: a line for each
/// fault, which begins with the file.
const VALIDATE: &str = r#"
import sys
from pathlib import Path
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from spdx_tools.spdx.parser.error import SPDXParsingError
from spdx_tools.spdx.parser.parse_anything import parse_file
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document
def fault(name, text):
    print(f"{Path(name).name}: {' '.join(str(text).split())[:300]}")

for name in sys.argv[1:]:
    if name.endswith(".spdx.json"):
        try:
            for found in validate_full_spdx_document(parse_file(name)):
                fault(name, found.validation_message)
        except SPDXParsingError as error:
            fault(name, error.get_messages())
    else:
        found = JsonStrictValidator(SchemaVersion.V1_6).validate_str(Path(name).read_text())
        if found:
            fault(name, found)
"#;

#[test]
fn bills_of_materials_pass_the_validators_of_their_formats() {
    let test = "bills_of_materials_pass_the_validators_of_their_formats";
    let top = rich();
    CbsImage::windows_7().write(&top.path().join("seven"));
    Nt5::x86("acpiapic_up").write(&top.path().join("xp"));
    run_in(top.path(), "append @seven @image.wim").ends(ExitCode::Done);
    let mut names = Vec::new();
    for image in ["image", "image.wim:all", "seven", "xp"] {
        let name = image.replace([':', '.'], "-");
        let words = format!("report @{image} --sbom @{name}.spdx.json --sbom @{name}.cdx.json");
        run_in(top.path(), &words).ends(ExitCode::Done);
        for end in ["spdx.json", "cdx.json"] {
            names.push(top.path().join(format!("{name}.{end}")));
        }
    }
    // The check can fail: each of these is wrong in one way.
    let mut wrong = Vec::new();
    for (number, (end, pointer, value)) in [
        ("spdx.json", "/packages/0/SPDXID", "no id".into()),
        (
            "spdx.json",
            "/relationships/0/relatedSpdxElement",
            "SPDXRef-none".into(),
        ),
        ("cdx.json", "/components/0/type", "driver".into()),
        ("cdx.json", "/serialNumber", Value::from(1)),
    ]
    .into_iter()
    .enumerate()
    {
        let right = top.path().join(format!("image.{end}"));
        let mut document: Value = serde_json::from_slice(&fs::read(right).unwrap()).unwrap();
        *document.pointer_mut(pointer).unwrap() = value;
        wrong.push(format!("wrong{number}.{end}"));
        let path = top.path().join(format!("wrong{number}.{end}"));
        fs::write(&path, document.to_string()).unwrap();
        names.push(path);
    }
    let modules = "spdx_tools.spdx.parser.parse_anything, cyclonedx.validation.json, jsonschema, \
                   referencing";
    let Some(python) = python_with(modules, test) else {
        return;
    };
    let found = Command::new(python)
        .args(["-c", VALIDATE])
        .args(&names)
        .output()
        .unwrap();
    let why = String::from_utf8_lossy(&found.stderr);
    assert!(found.status.success(), "{why}");
    let said = String::from_utf8_lossy(&found.stdout);
    for line in said.lines() {
        assert!(line.starts_with("wrong"), "{line}");
    }
    for name in wrong {
        assert!(said.contains(&format!("{name}: ")), "{name}: {said}");
    }
}

#[test]
fn both_formats_list_the_same_things() {
    let top = rich();
    let words = "report @image --sbom @bom.json --sbom @other --sbom-format spdx";
    run_in(top.path(), words).ends(ExitCode::Done);
    let read = |name: &str| -> Value {
        serde_json::from_slice(&fs::read(top.path().join(name)).unwrap()).unwrap()
    };
    let (cyclonedx, spdx) = (read("bom.json"), read("other"));
    assert_eq!(cyclonedx["bomFormat"], "CycloneDX");
    assert_eq!(spdx["spdxVersion"], "SPDX-2.3");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut listed: Vec<_> = { cyclonedx["components"].as_array().unwrap().iter() }
        .map(|one| {
            let supplier = one["supplier"]["name"].as_str();
            let supplier =
                supplier.map_or_else(String::new, |name| format!("Organization: {name}"));
            (text(&one["name"]), text(&one["version"]), supplier)
        })
        .collect();
    let mut described: Vec<_> = { spdx["packages"].as_array().unwrap().iter() }
        .filter(|one| one["primaryPackagePurpose"] != "OPERATING-SYSTEM")
        .map(|one| {
            let supplier = text(&one["supplier"]).trim_end_matches(" ()").to_owned();
            (text(&one["name"]), text(&one["versionInfo"]), supplier)
        })
        .collect();
    listed.sort();
    described.sort();
    assert_eq!(listed, described);
    let driver = (
        "viostor.inf",
        "100.85.104.20800",
        "Organization: Red Hat, Inc.",
    );
    let (name, version, supplier) = driver;
    let driver = (name.to_owned(), version.to_owned(), supplier.to_owned());
    assert!(listed.contains(&driver), "{listed:?}");
    // The checksums of a driver's file, in both.
    let bytes = fs::read(top.path().join("viostor/viostor.sys")).unwrap();
    for document in [&cyclonedx, &spdx] {
        assert!(document.to_string().contains(&sha256(&bytes)));
    }
    let signer = "signer: Microsoft Windows Hardware Compatibility Publisher";
    assert!(spdx.to_string().contains(signer));
}

#[test]
fn with_a_given_date_the_same_image_gives_the_same_bytes() {
    let top = rich();
    let at = |name: &str| top.path().join(name);
    let program = env!("CARGO_BIN_EXE_wimwright");
    let mut made = Vec::new();
    for number in 0..2 {
        let names = ["html", "spdx.json", "cdx.json"].map(|end| at(&format!("{number}.{end}")));
        let run = Command::new(program)
            .env("SOURCE_DATE_EPOCH", "1700000000")
            .arg("report")
            .arg(at("image"))
            .args(["-q", "--html"])
            .arg(&names[0])
            .arg("--sbom")
            .arg(&names[1])
            .arg("--sbom")
            .arg(&names[2])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&run.stderr);
        assert!(run.status.success(), "{said}");
        made.push(names.map(|name| fs::read_to_string(name).unwrap()));
    }
    assert_eq!(made[0], made[1]);
    for text in &made[0][1..] {
        assert!(text.contains("\"2023-11-14T22:13:20Z\""), "{text}");
    }
    assert!(made[0][0].contains("2023-11-14"));
}

#[test]
fn files_that_are_there_stay_and_nothing_is_written_in_part() {
    let top = sample();
    let was = "mine";
    fs::write(top.path().join("r.cdx.json"), was).unwrap();
    run_in(
        top.path(),
        "report @image --html @r.html --sbom @r.cdx.json",
    )
    .ends(ExitCode::Refused)
    .complains(&[
        "r.cdx.json` is there already",
        "hint: `--force` replaces it",
    ]);
    assert!(!top.path().join("r.html").exists());
    assert_eq!(
        fs::read_to_string(top.path().join("r.cdx.json")).unwrap(),
        was
    );
    run_in(
        top.path(),
        "report @image --html @r.html --sbom @no/r.cdx.json",
    )
    .ends(ExitCode::Damaged);
    assert!(!top.path().join("r.html").exists(), "all or nothing");
    for (words, complaint) in [
        (
            "report @image --sbom @bill.json",
            "does not tell which format",
        ),
        (
            "report @image --html @a.spdx.json --sbom @a.spdx.json",
            "is named twice",
        ),
        ("report @image --sbom-format spdx", "--sbom"),
    ] {
        run_in(top.path(), words)
            .ends(ExitCode::Usage)
            .complains(&[complaint]);
    }
    run_in(
        top.path(),
        "report @image --html @r.html --sbom @r.cdx.json --force",
    )
    .ends(ExitCode::Done);
}

#[test]
fn packages_and_features_stand_in_the_report_with_their_states() {
    let top = tempfile::tempdir().unwrap();
    CbsImage::windows_7().write(&top.path().join("image"));
    run_in(top.path(), "capture @image @image.wim").ends(ExitCode::Done);
    let [directory, wim] = ["@image", "@image.wim:1"].map(|image| document(top.path(), image));
    assert_eq!(directory, wim);
    let packages = directory["packages"]["packages"].as_array().unwrap();
    assert_eq!(packages.len(), 4);
    assert_eq!(directory["packages"]["hidden"], 1);
    assert_eq!(directory["packages"]["servicing_stack"], "6.1.7601.24544");
    assert_eq!(directory["features"][0]["feature_name"], "TelnetClient");
    let words = "report @image --html @r.html --sbom @r.spdx.json";
    run_in(top.path(), words).ends(ExitCode::Done).says(&[
        "4, 4 of them installed; 1 more that only others need",
        "2, 1 of them enabled",
    ]);
    let page = fs::read_to_string(top.path().join("r.html")).unwrap();
    for words in [
        "Telnet Client",
        "permanent",
        "Servicing stack: 6.1.7601.24544.",
    ] {
        assert!(page.contains(words), "no `{words}`");
    }
    let bill = fs::read_to_string(top.path().join("r.spdx.json")).unwrap();
    let stated = "state: permanent";
    assert!(bill.contains(stated) && bill.contains("Microsoft-Windows-Foundation-Package"));
}

/// A package as Windows XP keeps it: the INF, and the files that it copies.
const OLD_INF: &str = "[Version]\r\nSignature=\"$Windows NT$\"\r\nClass=USB\r\n\
    ClassGuid={36FC9E60-C465-11CF-8056-444553540000}\r\nProvider=Example\r\n\
    DriverVer=07/01/2004,1.2.3.4\r\n[Manufacturer]\r\nExample=Models\r\n[Models]\r\n\
    \"Thing\"=Install,USB\\VID_1234&PID_0001\r\n[DestinationDirs]\r\nDefaultDestDir=12\r\n\
    [Install]\r\nCopyFiles=Files\r\n[Install.Services]\r\nAddService=thing,2,Service\r\n\
    [Service]\r\nServiceType=1\r\nStartType=3\r\nErrorControl=1\r\n\
    ServiceBinary=%12%\\thing.sys\r\n[Files]\r\nthing.sys\r\n[SourceDisksNames]\r\n1=disk\r\n\
    [SourceDisksFiles]\r\nthing.sys=1\r\n";

#[test]
fn images_before_vista_are_reported_as_well() {
    let top = tempfile::tempdir().unwrap();
    let mut old = Nt5::x86("acpiapic_up");
    old.put("Windows/INF/oem3.inf", OLD_INF.as_bytes());
    old.put("Windows/System32/drivers/thing.sys", b"a driver");
    old.write(&top.path().join("image"));
    let hotfix = "REGEDIT4\n[HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Windows \
                  NT\\CurrentVersion\\HotFix\\KB958644]\n\"Installed\"=dword:1\n";
    fs::write(top.path().join("h.reg"), hotfix).unwrap();
    run_in(top.path(), "registry import @image @h.reg").ends(ExitCode::Done);
    run_in(top.path(), "capture @image @image.wim").ends(ExitCode::Done);
    let [directory, wim] = ["@image", "@image.wim:1"].map(|image| document(top.path(), image));
    assert_eq!(directory, wim);
    assert_eq!(directory["info"]["generation"], "nt5");
    assert_eq!(directory["packages"], Value::Null);
    let findings = directory["findings"].to_string();
    assert!(!findings.contains("packages-not-read"), "{findings}");
    let driver = &directory["drivers"]["third_party"][0];
    assert_eq!(driver["published_name"], "oem3.inf");
    assert_eq!(driver["version"], "1.2.3.4");
    let files = driver["files"].as_array().unwrap();
    let files: Vec<_> = files
        .iter()
        .map(|file| {
            (
                file["path"].as_str().unwrap().to_lowercase(),
                &file["sha256"],
            )
        })
        .collect();
    let (inf, sys) = (sha256(OLD_INF.as_bytes()), sha256(b"a driver"));
    let expected = [
        ("windows\\inf\\oem3.inf".to_owned(), &Value::from(inf)),
        (
            "windows\\system32\\drivers\\thing.sys".to_owned(),
            &Value::from(sys),
        ),
    ];
    assert_eq!(files, expected);
    let words = "report @image --html @r.html --sbom @r.cdx.json";
    run_in(top.path(), words)
        .ends(ExitCode::Done)
        .says(&["5.1.2600", "1 hotfix"]);
    let bill = fs::read_to_string(top.path().join("r.cdx.json")).unwrap();
    assert!(bill.contains("\"KB958644\""), "{bill}");
}

#[test]
fn what_cannot_be_read_is_a_finding_and_hides_nothing_else() {
    let top = sample();
    run_in(top.path(), "drivers add @image @viostor").ends(ExitCode::Done);
    let drivers = top.path().join("image/Windows/System32/config/DRIVERS");
    let mut bytes = fs::read(&drivers).unwrap();
    // The first cell claims to be longer than its bin.
    bytes[4096 + 32..4096 + 36].copy_from_slice(&0x8000_0001_u32.to_le_bytes());
    fs::write(&drivers, bytes).unwrap();
    // A profile whose hive is none behind its first block.
    let profile = top.path().join("image/Users/Ann");
    fs::create_dir_all(&profile).unwrap();
    let mut hive = fs::read(top.path().join("image/Windows/System32/config/SOFTWARE")).unwrap();
    hive[4096..].fill(0x5a);
    fs::write(profile.join("NTUSER.DAT"), hive).unwrap();
    let found = document(top.path(), "@image");
    assert_eq!(found["drivers"], Value::Null);
    let findings = found["findings"].as_array().unwrap();
    let named = |name: &str| findings.iter().any(|one| one["name"] == name);
    assert!(named("programs-not-read"), "{findings:?}");
    assert_eq!(found["description"]["profiles"][0], "Users\\Ann");
    let reason = found["description"]["reason"].as_str().unwrap();
    assert!(reason.ends_with(", as far as could be read"), "{reason}");
    assert!(
        named("drivers-not-read") && named("damaged-hive"),
        "{findings:?}"
    );
    assert!(found["kernel_services"].as_array().unwrap().len() > 5);
    let run = run_in(
        top.path(),
        "report @image --html @r.html --sbom @r.spdx.json",
    );
    run.ends(ExitCode::Done)
        .says(&["Driver packages    not read"])
        .complains(&["[drivers-not-read]"]);
}

/// What hivex says starts with the kernel: `0 name` and `1 name`.
const STARTING: &str = r#"
import hivex, sys
hive = hivex.Hivex(sys.argv[1])
def number(key, name):
    for value in hive.node_values(key):
        if hive.value_key(value).lower() == name:
            return hive.value_dword(value)
below = lambda key, name: key and hive.node_get_child(key, name)
default = number(below(hive.root(), "Select"), "default")
services = below(below(hive.root(), f"ControlSet{default:03}"), "Services")
found = []
for key in hive.node_children(services):
    if number(key, "type") in (1, 2, 8) and number(key, "start") in (0, 1):
        found.append(f"{number(key, 'start')} {hive.node_name(key).lower()}")
print("\n".join(sorted(found)))
"#;

#[test]
fn what_starts_with_the_kernel_of_real_hives_is_what_hivex_says() {
    let test = "what_starts_with_the_kernel_of_real_hives_is_what_hivex_says";
    let (Some(corpus), Some(python)) = (corpus(test), python_with("hivex", test)) else {
        return;
    };
    for (hive, windows, architecture) in [
        ("SYSTEM-win10-2004-x64", Windows::new(10, 0, 19041), 9),
        ("SYSTEM-win7-sp1-x86", Windows::new(6, 1, 7601), 0),
        ("SYSTEM-winxp-sp3-x86", Windows::new(5, 1, 2600), 0),
    ] {
        let top = tempfile::tempdir().unwrap();
        let system = wimwright_testdata::read(&corpus.join("hives").join(hive));
        write(
            &top.path().join("image"),
            &system,
            &[],
            &windows,
            architecture,
        );
        let found = document(top.path(), "@image");
        if hive.contains("win10") {
            // The image says that they are signed; their files are not here.
            run_in(top.path(), "report @image").says(&["5 third party (5 recorded as signed)"]);
        }
        let services = found["kernel_services"].as_array().unwrap().iter();
        let mut own: Vec<String> = services
            .map(|one| {
                let start = if one["start"] == "boot" { 0 } else { 1 };
                format!("{start} {}", one["name"].as_str().unwrap().to_lowercase())
            })
            .collect();
        own.sort();
        let peer = Command::new(python)
            .args(["-c", STARTING])
            .arg(top.path().join("image/Windows/System32/config/SYSTEM"))
            .output()
            .unwrap();
        let peer = String::from_utf8_lossy(&peer.stdout);
        let peer: Vec<&str> = peer.lines().collect();
        assert!(peer.len() > 20, "{hive}: {peer:?}");
        assert_eq!(own, peer, "{hive}");
    }
}

#[test]
fn who_signed_a_package_of_windows_7_is_told_by_its_folder() {
    let test = "who_signed_a_package_of_windows_7_is_told_by_its_folder";
    let Some(corpus) = corpus(test) else {
        return;
    };
    let top = tempfile::tempdir().unwrap();
    CbsImage::windows_7().write(&top.path().join("image"));
    let package = corpus.join("drivers/ftdi-cdm-2.08.30/ftdibus.inf");
    let words = format!("drivers add @image {}", package.display());
    run_in(top.path(), &words).ends(ExitCode::Done);
    let found = document(top.path(), "@image");
    let driver = &found["drivers"]["third_party"][0];
    assert_eq!(driver["published_name"], Value::Null, "it waits");
    assert_eq!(driver["driver_signature"], "signed");
    let signer = driver["signature"]["signer_name"].as_str().unwrap();
    assert!(signer.contains("Microsoft"), "{signer}");
    // A file that was changed since is not what was signed.
    let path = driver["files"].as_array().unwrap().iter();
    let path = path.map(|file| file["path"].as_str().unwrap());
    let path = { path }.find(|path| path.ends_with("ftdibus.sys")).unwrap();
    let path = top.path().join("image").join(path.replace('\\', "/"));
    let mut bytes = fs::read(&path).unwrap();
    let last = bytes.len() / 2;
    bytes[last] ^= 1;
    fs::write(&path, bytes).unwrap();
    let found = document(top.path(), "@image");
    let driver = &found["drivers"]["third_party"][0];
    assert_eq!(driver["driver_signature"], "invalid");
    run_in(top.path(), "report @image").says(&["1 third party (1 with an invalid signature)"]);
}

#[test]
fn what_a_browser_shows_is_what_is_written() {
    let test = "what_a_browser_shows_is_what_is_written";
    let browser = ["chromium", "chromium-browser", "google-chrome"];
    let mut found = browser.iter().filter(|name| {
        Command::new(name)
            .arg("--version")
            .output()
            .is_ok_and(|found| found.status.success())
    });
    let Some(browser) = found.next() else {
        skipped(test, "no Chromium");
        return;
    };
    let top = rich();
    run_in(top.path(), "report @image --html @r.html").ends(ExitCode::Done);
    let shown = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu"])
        .arg(format!(
            "--user-data-dir={}",
            top.path().join("profile").display()
        ))
        .arg("--dump-dom")
        .arg(format!("file://{}", top.path().join("r.html").display()))
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&shown.stdout);
    for words in [
        "Drivers of third parties",
        "viostor.sys",
        "Editor &lt;b&gt;&amp;amp; more",
    ] {
        assert!(text.contains(words), "no `{words}`: {text}");
    }
}
