//! `drivers match`, and `drivers add --for`.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on ends"
)]

mod support;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use support::{run_in, sample, snapshot};
use tempfile::TempDir;
use wimwright::ExitCode;

/// A disk controller that the sample's package drives.
const DISK: &str = "PCI\\VEN_1AF4&DEV_1001&SUBSYS_00021AF4&REV_00";
const NETWORK: &str = "PCI\\VEN_9999&DEV_0001";

/// The sample, with computers `one.json` (disk and network), `two.json` (disk)
/// and a package for neither, `other`.
fn lab() -> TempDir {
    let top = sample();
    let profile = |name: &str, devices: &[(&str, &str)]| {
        let devices: Vec<_> = devices
            .iter()
            .map(|(id, name)| serde_json::json!({"hardware_ids": [id], "description": name}))
            .collect();
        let text = serde_json::json!({
            "schema": "wimwright/hardware/1", "name": name, "devices": devices
        });
        fs::write(top.path().join(format!("{name}.json")), text.to_string()).unwrap();
    };
    profile("one", &[(DISK, "<disk> & \"co\""), (NETWORK, "network")]);
    profile("two", &[(DISK, "disk")]);
    fs::create_dir(top.path().join("other")).unwrap();
    let inf = "[Version]\nSignature=\"$Windows NT$\"\nClass=System\nProvider=x\n\
               ClassGuid={4D36E97D-E325-11CE-BFC1-08002BE10318}\nDriverVer=01/01/2020,1.0.0.0\n\
               [Manufacturer]\nm=M,NTamd64\n[M.NTamd64]\nd=I,PCI\\VEN_7777\n\
               [I]\n[I.Services]\nAddService=,2\n";
    fs::write(top.path().join("other/other.inf"), inf).unwrap();
    top
}

#[test]
fn a_device_without_driver_is_a_finding_until_it_has_one() {
    let top = lab();
    run_in(top.path(), "drivers match @image --hardware @one.json")
        .ends(ExitCode::Findings)
        .says(&[
            "one: 2 devices, 2 without a driver\n",
            &format!("no driver  {NETWORK}  network\n"),
        ]);
    run_in(top.path(), "drivers add @image @viostor").ends(ExitCode::Done);
    let before = snapshot(&top.path().join("image"));
    run_in(top.path(), "drivers match @image --hardware @two.json")
        .ends(ExitCode::Done)
        .says(&["two: 1 device, each with a driver\n", "oem0.inf  Red Hat"]);
    let found = run_in(
        top.path(),
        "drivers match @image --hardware @one.json --json",
    )
    .ends(ExitCode::Findings)
    .json();
    assert_eq!(found["schema"], "wimwright/drivers-match/1");
    let image = &found["images"][0];
    assert_eq!(image["missing"], 1);
    let [disk, network] = image["devices"].as_array().unwrap().as_slice() else {
        panic!("{image}");
    };
    assert_eq!(disk["id"], DISK);
    assert_eq!(disk["best"]["published_name"], "oem0.inf");
    assert_eq!(disk["best"]["rank"], "0x00FF0000");
    assert_eq!(disk["best"]["matched_id"], DISK);
    assert_eq!(disk["best"]["lost_by"], serde_json::Value::Null);
    assert_eq!(disk["candidates"][0], disk["best"]);
    assert_eq!(network["best"], serde_json::Value::Null);
    assert_eq!(network["state"], "missing");
    run_in(top.path(), "drivers match @image --hardware @one.json -v")
        .ends(ExitCode::Findings)
        .says(&[
            "    takes   oem0.inf (viostor.inf) [scsi_inst] Red Hat, Inc. 2021-08-30 ",
            &format!("hardware id {DISK}, rank 0x00FF0000\n"),
        ]);
    let after = snapshot(&top.path().join("image"));
    assert!(before == after, "looking changes nothing");
}

#[test]
fn packages_are_weighed_before_anything_is_staged() {
    let top = lab();
    fs::create_dir(top.path().join("all")).unwrap();
    for name in ["viostor", "other"] {
        fs::rename(top.path().join(name), top.path().join("all").join(name)).unwrap();
    }
    let words = "drivers match @image --hardware @one.json --packages @all --force-unsigned";
    run_in(top.path(), words).ends(ExitCode::Findings).says(&[
        "one: 2 devices, 1 without a driver\n",
        "viostor\\viostor.inf  Red Hat",
        "needed       viostor\\viostor.inf  ",
        &format!("  drives {DISK} of one\n"),
        "superfluous  other\\other.inf  ",
        "  fits none of the devices\n",
        "1 of 2 packages are needed: ",
    ]);
    // A folder for many Windows has hundreds that are refused: they are counted.
    for number in 0..11 {
        let copy = top.path().join(format!("all/copy{number}"));
        fs::create_dir(&copy).unwrap();
        fs::copy(top.path().join("all/other/other.inf"), copy.join("x.inf")).unwrap();
    }
    let words = "drivers match @image --hardware @one.json --packages @all";
    let found = run_in(top.path(), words).ends(ExitCode::Findings);
    assert!(!found.out.contains("x.inf"), "{}", found.out);
    assert!(found.out.contains("refused    12 more"), "{}", found.out);
    let found = run_in(top.path(), &format!("{words} -v")).ends(ExitCode::Findings);
    assert_eq!(found.out.matches("x.inf").count(), 11, "{}", found.out);
    for number in 0..11 {
        fs::remove_dir_all(top.path().join(format!("all/copy{number}"))).unwrap();
    }
    // Without force the unsigned one would not be added.
    let found = run_in(
        top.path(),
        "drivers match @image --hardware @two.json --packages @all --json",
    )
    .ends(ExitCode::Done)
    .json();
    let packages = found["images"][0]["packages"].as_array().unwrap();
    let [other, viostor] = packages.as_slice() else {
        panic!("{packages:?}");
    };
    assert!(
        other["refused"].as_str().unwrap().contains("sign"),
        "{other}"
    );
    assert_eq!(other["bytes"], serde_json::Value::Null);
    assert_eq!(viostor["needed"], true);
    assert_eq!(viostor["needs"][0]["kind"], "drives");
    let size: u64 = ["viostor.inf", "viostor.cat", "viostor.sys"]
        .iter()
        .map(|name| {
            let path = top.path().join("all/viostor").join(name);
            fs::metadata(path).unwrap().len()
        })
        .sum();
    assert_eq!(viostor["bytes"], size);
}

#[test]
fn only_what_a_computer_needs_is_added() {
    let top = lab();
    let words = "drivers add @image @viostor @other --for @two.json --force-unsigned";
    let found = run_in(top.path(), &format!("{words} --json"))
        .ends(ExitCode::Done)
        .json();
    let results = &found["images"][0]["results"];
    assert_eq!(results[0]["outcome"], "added");
    assert_eq!(results[1]["outcome"], "not-needed");
    assert_eq!(results[1]["reason"], "fits none of the devices");
    assert_eq!(results[1]["published_name"], serde_json::Value::Null);
    run_in(top.path(), "drivers list @image")
        .ends(ExitCode::Done)
        .says(&["oem0.inf", "viostor.inf"]);
    let before = snapshot(&top.path().join("image"));
    // A second run changes nothing, and knows that the first one's is needed.
    run_in(top.path(), words).ends(ExitCode::Done).says(&[
        "unchanged",
        "left out   other.inf: fits none of the devices\n",
    ]);
    let after = snapshot(&top.path().join("image"));
    assert!(before == after, "nothing was to be done");
    // A file that describes no computer adds nothing at all.
    fs::write(top.path().join("bad.json"), "{}").unwrap();
    run_in(top.path(), "drivers add @image @other --for @bad.json")
        .ends(ExitCode::Damaged)
        .complains(&["bad.json"]);
}

#[test]
fn computers_and_images_make_a_matrix() {
    let top = lab();
    wimwright::sample::write_image(&top.path().join("second")).unwrap();
    run_in(top.path(), "drivers add @image @viostor").ends(ExitCode::Done);
    let image = top.path().join("image").display().to_string();
    let words = "drivers match @image @second --hardware @one.json @two.json @two.json";
    let found = run_in(top.path(), words).ends(ExitCode::Findings);
    let lines: Vec<&str> = found.out.lines().collect();
    assert!(lines[0].contains(&image), "{}", found.out);
    let cells = |line: &str| -> Vec<String> {
        let cells = line.split("  ").map(str::trim);
        cells
            .filter(|cell| !cell.is_empty())
            .map(str::to_owned)
            .collect()
    };
    assert_eq!(cells(lines[1]), ["one", "1 of 2 missing", "2 of 2 missing"]);
    assert_eq!(cells(lines[2]), ["two", "all 1 driven", "1 of 1 missing"]);
    // The same file twice: two computers, told apart.
    assert_eq!(cells(lines[3])[0], "two (2)");
}

#[test]
fn the_page_is_whole_and_loads_nothing() {
    let top = lab();
    run_in(top.path(), "drivers add @image @viostor").ends(ExitCode::Done);
    let words = "drivers match @image --hardware @one.json @two.json --packages @other \
                 --force-unsigned --html @page.html";
    run_in(top.path(), words).ends(ExitCode::Findings);
    let page = fs::read_to_string(top.path().join("page.html")).unwrap();
    for word in [
        "<td class=\"bad\"><a href=\"#i0c0\">1 of 2 missing</a></td>",
        "<td class=\"good\"><a href=\"#i0c1\">all 1 driven</a></td>",
        "<h3 id=\"i0c0\">",
        "&lt;disk&gt; &amp; &quot;co&quot;",
        "<code>oem0.inf</code> (viostor.inf)",
        "superfluous",
    ] {
        assert!(page.contains(word), "no `{word}` in {page}");
    }
    for word in ["<script", "src=", "http:", "https:", "url(", "<disk>"] {
        assert!(!page.contains(word), "`{word}` in {page}");
    }
    // What is there is not overwritten by accident.
    run_in(top.path(), words)
        .ends(ExitCode::Refused)
        .complains(&["page.html", "is there already", "--force"]);
    run_in(top.path(), &format!("{words} --force")).ends(ExitCode::Findings);
    well_formed(&top.path().join("page.html"));
}

/// Elements are closed as they were opened, for a reader of XML as well.
fn well_formed(page: &Path) {
    let test = "the page is well-formed";
    let Some(python) = wimwright_testdata::python_with("xml.etree.ElementTree", test) else {
        return;
    };
    let check = "import sys, xml.etree.ElementTree as tree; tree.parse(sys.argv[1])";
    let output = Command::new(python)
        .args(["-c", check])
        .arg(page)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
}

#[test]
fn what_is_odd_about_a_hardware_file_is_told_once() {
    let top = lab();
    wimwright::sample::write_image(&top.path().join("second")).unwrap();
    // Without names `lspci -n` says little of a function, and `cpuinfo` names no
    // device at all.
    let listing = "00:1f.2 0106: 8086:2922 (rev 02)\n";
    fs::write(top.path().join("disk.txt"), listing).unwrap();
    fs::write(
        top.path().join("cpu.txt"),
        "processor\t: 0\nvendor_id\t: GenuineIntel\n",
    )
    .unwrap();
    let words = "drivers match @image @second --hardware @disk.txt @cpu.txt --html @page.html";
    let found = run_in(top.path(), words)
        .ends(ExitCode::Findings)
        .says(&["no devices", "cpu: its file lists no devices\n"]);
    let notes = found.err.matches("[lspci-").count();
    assert_eq!(notes, 1, "{}", found.err);
    assert!(found.err.contains("disk.txt`: "), "{}", found.err);
    let found = run_in(top.path(), &format!("{words} --force --json")).json();
    for image in found["images"].as_array().unwrap() {
        let [disk, cpu] = image["computers"].as_array().unwrap().as_slice() else {
            panic!("{image}");
        };
        assert_eq!(disk["findings"].as_array().unwrap().len(), 1);
        assert_eq!(cpu["devices"], 0);
        assert_eq!(image["findings"], serde_json::json!([]));
    }
    let mode =
        std::os::unix::fs::MetadataExt::mode(&fs::metadata(top.path().join("page.html")).unwrap());
    let other =
        std::os::unix::fs::MetadataExt::mode(&fs::metadata(top.path().join("disk.txt")).unwrap());
    assert_eq!(mode, other, "a page is a file like others");
}
