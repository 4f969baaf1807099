//! `hal audit`, `hal set`, `hal target`, `explain`: over directories and WIM
//! files alike.

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
use support::{Run, run, run_in};
use tempfile::TempDir;
use wimwright::ExitCode;
use wimwright_testdata::nt5::{Nt5, XP_SP3, hal_ids};

const CLASSES: &str = "e_isa_up acpipic_up acpiapic_up acpiapic_mp mps_up mps_mp";

/// An image of each HAL in a directory, and all of them in `all.wim`.
fn library() -> TempDir {
    let top = tempfile::tempdir().unwrap();
    let wim = top.path().join("all.wim");
    for (number, id) in hal_ids().enumerate() {
        Nt5::x86(id).write(&top.path().join(id));
        let verb = if number == 0 { "capture" } else { "append" };
        run_in(top.path(), &format!("{verb} @{id} @all.wim --name {id}")).ends(ExitCode::Done);
    }
    assert!(wim.is_file());
    top
}

fn audit(top: &Path, words: &str) -> Run {
    run_in(top, &format!("hal audit {words}"))
}

/// What is said of images, without their names.
fn nameless(document: &Value) -> Vec<Value> {
    let images = document["images"].as_array().unwrap().iter();
    let images = images.map(|image| {
        let name = image["image"].as_str().unwrap();
        let text = image.to_string().replace(name, "IMAGE");
        let mut image: Value = serde_json::from_str(&text).unwrap();
        image["title"] = Value::Null;
        image
    });
    images.collect()
}

#[test]
fn images_in_a_wim_file_are_judged_as_those_in_directories() {
    let top = library();
    let directories: Vec<String> = hal_ids().map(|id| format!("@{id}")).collect();
    let words = format!("{} --target {CLASSES} --json", directories.join(" "));
    let of_directories = audit(top.path(), &words).ends(ExitCode::Findings).json();
    let of_wim = audit(top.path(), &format!("@all.wim --target {CLASSES} --json"));
    let of_wim = of_wim.ends(ExitCode::Findings).json();
    let said = nameless(&of_directories).into_iter();
    for ((directory, wim), id) in said.zip(nameless(&of_wim)).zip(hal_ids()) {
        assert!(directory == wim, "{id}");
    }
    assert_eq!(of_wim["schema"], "wimwright/hal-audit/1");
    let images = of_wim["images"].as_array().unwrap();
    for (image, id) in images.iter().zip(hal_ids()) {
        assert_eq!(image["title"], id);
        assert_eq!(image["installed"]["hal"], id);
        assert_eq!(image["installed"]["consistent"], true);
        assert_eq!(image["targets"].as_array().unwrap().len(), 6);
    }
    // The row of the ACPI Uniprocessor HAL.
    let verdicts = images[2]["targets"].as_array().unwrap();
    let verdicts: Vec<_> = verdicts
        .iter()
        .map(|target| (target["verdict"].as_str().unwrap(), &target["stop_code"]))
        .collect();
    let (a5, none) = (Value::from("0xA5"), Value::Null);
    assert_eq!(
        verdicts,
        [
            ("will-not-boot", &a5),
            ("will-not-boot", &none),
            ("boots", &none),
            ("needs-hal-switch", &none),
            ("will-not-boot", &a5),
            ("will-not-boot", &a5),
        ]
    );
}

#[test]
fn the_text_tells_what_to_do_and_the_code_whether_anything_is() {
    let top = library();
    audit(top.path(), "@acpiapic_mp --target acpiapic_mp")
        .ends(ExitCode::Done)
        .says(&[
            "  Windows  5.1.2600 Service Pack 3, x86\n",
            "  HAL      ACPI Multiprocessor PC (acpiapic_mp): for a PC with ACPI",
            "  Files    halmacpi.dll, ntkrnlmp.exe, ntkrpamp.exe of 5.1.2600 Service Pack 3; of one \
             piece",
            "1 image, boots 1, 0 findings\n",
            "The HAL is the part of Windows",
        ]);
    audit(top.path(), "@acpiapic_up --target acpiapic_mp")
        .ends(ExitCode::Findings)
        .says(&["needs-hal-switch", "do: `wimwright hal set "]);
    // Without targets the six kinds of PC are shown, and bear on no code.
    audit(top.path(), "@acpiapic_up")
        .ends(ExitCode::Done)
        .says(&[
            "MPS Multiprocessor PC",
            "will-not-boot",
            "1 image, 0 findings",
        ]);
}

#[test]
fn checks_are_listed_explained_and_left_out_by_name() {
    let top = tempfile::tempdir().unwrap();
    let mut image = Nt5::x86("acpiapic_up");
    image.put_kernels(true, XP_SP3);
    image.write(&top.path().join("broken"));
    audit(top.path(), "@broken --target acpiapic_up")
        .ends(ExitCode::Findings)
        .says(&[
            "error: ",
            "stop 0x79 [kernel-kind]",
            "will-not-boot",
            "not of one piece",
        ]);
    audit(
        top.path(),
        "@broken --skip kernel-kind --target acpiapic_up",
    )
    .ends(ExitCode::Done);
    audit(top.path(), "@broken --skip no-such-check")
        .ends(ExitCode::Usage)
        .complains(&[
            "there is no check `no-such-check`",
            "hint: `hal audit --list`",
        ]);

    let list = audit(top.path(), "--list --json")
        .ends(ExitCode::Done)
        .json();
    let checks = list["checks"].as_array().unwrap();
    assert!(checks.len() >= 30);
    for check in checks {
        let name = check["name"].as_str().unwrap();
        run(&["explain", name])
            .ends(ExitCode::Done)
            .says(&[name, "Why", "Remedy", "Source"]);
    }
    run(&["explain", "[kernel-kind]", "--json"]).ends(ExitCode::Done);
    run(&["explain", "nothing"]).ends(ExitCode::Usage);
}

#[test]
fn an_image_that_cannot_be_audited_does_not_hide_the_others() {
    let top = tempfile::tempdir().unwrap();
    Nt5::x86("acpiapic_up").write(&top.path().join("good"));
    fs::create_dir_all(top.path().join("empty/Windows")).unwrap();
    let found = audit(top.path(), "@empty @good --json")
        .ends(ExitCode::Refused)
        .json();
    let images = found["images"].as_array().unwrap();
    assert!(
        images[0]["error"]
            .as_str()
            .unwrap()
            .contains("not a Windows image")
    );
    assert_eq!(images[1]["installed"]["hal"], "acpiapic_up");
    audit(top.path(), "@empty @good")
        .ends(ExitCode::Refused)
        .complains(&["error: "])
        .says(&["2 images, 1 not audited"]);
}

#[test]
fn a_page_is_one_file_and_replaces_none() {
    let top = library();
    fs::rename(top.path().join("acpiapic_up"), top.path().join("a<b>&'c")).unwrap();
    let page = top.path().join("page.html");
    let image = top.path().join("a<b>&'c").into_os_string();
    let words: Vec<std::ffi::OsString> = vec![
        "hal".into(),
        "audit".into(),
        image,
        top.path().join("mps_mp").into_os_string(),
        "--html".into(),
        page.clone().into_os_string(),
        "--target".into(),
        "acpiapic_mp".into(),
        "mps_up".into(),
    ];
    run(&words).ends(ExitCode::Findings);
    let text = fs::read_to_string(&page).unwrap();
    assert!(text.starts_with("<!DOCTYPE html>"));
    assert!(
        text.contains("a&lt;b&gt;&amp;&#39;c"),
        "names are no markup"
    );
    assert!(!text.contains("a<b>"));
    assert_eq!(text.matches("<td class=").count(), 4);
    // Nothing is loaded from anywhere.
    for word in ["src=", "http:", "https:", "@import", "<script", "<link"] {
        assert!(!text.contains(word), "{word}");
    }
    run(&words)
        .ends(ExitCode::Refused)
        .complains(&["is there already", "--force"]);
    let words: Vec<_> = words.into_iter().chain(["--force".into()]).collect();
    run(&words).ends(ExitCode::Findings);
}

#[test]
fn a_switch_is_the_same_in_a_directory_and_in_a_wim_file() {
    let top = tempfile::tempdir().unwrap();
    let mut image = Nt5::x86("acpiapic_up");
    image.put_cache("sp3.cab", XP_SP3);
    image.write(&top.path().join("image"));
    run_in(top.path(), "capture @image @image.wim").ends(ExitCode::Done);
    for image in ["@image", "@image.wim"] {
        let planned = run_in(
            top.path(),
            &format!("hal set {image} acpiapic_mp --dry-run --json"),
        );
        let planned = planned.ends(ExitCode::Done).json();
        assert_eq!(planned["changed"], true);
        audit(top.path(), &format!("{image} --target acpiapic_up")).ends(ExitCode::Done);

        run_in(top.path(), &format!("hal set {image} acpiapic_mp"))
            .ends(ExitCode::Done)
            .says(&[
                "switched: acpiapic_up (ACPI Uniprocessor PC) -> acpiapic_mp",
                "halmacpi.dll of Windows\\Driver Cache\\i386\\sp3.cab",
            ]);
        audit(top.path(), &format!("{image} --target acpiapic_mp")).ends(ExitCode::Done);
        let again = run_in(top.path(), &format!("hal set {image} acpiapic_mp --json"));
        let again = again.ends(ExitCode::Done).json();
        assert_eq!(again["changed"], false);
        run_in(top.path(), &format!("hal set {image} mps_mp"))
            .ends(ExitCode::Refused)
            .complains(&["is not supported", "hint: "]);
        run_in(top.path(), &format!("hal set {image} acpiapic")).ends(ExitCode::Usage);
    }
    let compared = run_in(top.path(), "diff @image @image.wim");
    compared.ends(ExitCode::Done);
    run_in(top.path(), "verify @image.wim").ends(ExitCode::Done);
}

#[test]
fn a_switch_is_taken_back_in_a_directory_and_in_a_wim_file() {
    let top = tempfile::tempdir().unwrap();
    let mut image = Nt5::x86("mps_mp");
    image.put_cache("sp3.cab", XP_SP3);
    let kernel = image.files["Windows/System32/ntoskrnl.exe"].clone();
    image.put("Windows/System32/dllcache/ntoskrnl.exe", &kernel);
    for name in ["image", "before"] {
        image.write(&top.path().join(name));
    }
    run_in(top.path(), "capture @image @image.wim").ends(ExitCode::Done);
    for (image, kept) in [("@image", "@one"), ("@image.wim", "@other")] {
        let set = format!("hal set {image} mps_up --undo-out {kept}");
        run_in(top.path(), &set).ends(ExitCode::Done);
        run_in(top.path(), &format!("diff @before {image}")).ends(ExitCode::Findings);
        run_in(top.path(), &format!("undo {image} {kept}")).ends(ExitCode::Done);
        run_in(top.path(), &format!("diff @before {image}")).ends(ExitCode::Done);
        audit(top.path(), &format!("{image} --target mps_mp")).ends(ExitCode::Done);
    }
}

#[test]
fn a_saved_plan_of_a_switch_is_applied_from_the_image_itself() {
    let top = tempfile::tempdir().unwrap();
    let mut image = Nt5::x86("mps_up");
    image.put_cache("sp3.cab", XP_SP3);
    image.write(&top.path().join("image"));
    run_in(
        top.path(),
        "hal set @image mps_mp --dry-run --plan-out @plan.json",
    )
    .ends(ExitCode::Done);
    assert!(fs::metadata(top.path().join("plan.json")).unwrap().len() < 20_000);
    run_in(top.path(), "plan show @plan.json")
        .ends(ExitCode::Done)
        .says(&["sp3.cab, expanded"]);
    run_in(top.path(), "plan apply @image @plan.json").ends(ExitCode::Done);
    audit(top.path(), "@image --target mps_mp").ends(ExitCode::Done);
}

/// An ACPI table with a right checksum.
fn acpi_table(signature: &str, body: &[u8]) -> Vec<u8> {
    let mut table = signature.as_bytes().to_vec();
    table.extend((36 + body.len() as u32).to_le_bytes());
    table.resize(36, 0);
    table.extend(body);
    let sum = table.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
    table[9] = sum.wrapping_neg();
    table
}

/// A MADT with this many processors, and an I/O APIC or none.
fn madt(processors: u8, io_apic: bool) -> Vec<u8> {
    let mut body = vec![0, 0, 0xE0, 0xFE, 1, 0, 0, 0];
    for number in 0..processors {
        body.extend([0, 8, number, number, 1, 0, 0, 0]);
    }
    if io_apic {
        body.extend([1, 12, 9, 0, 0, 0, 0xC0, 0xFE, 0, 0, 0, 0]);
    }
    acpi_table("APIC", &body)
}

/// A table of the MultiProcessor Specification with two processors and an I/O
/// APIC.
fn mp_table() -> Vec<u8> {
    let mut table = b"PCMP".to_vec();
    table.extend((44_u16 + 48).to_le_bytes());
    table.resize(44, 0);
    for number in 0..2 {
        table.extend([0, number, 0x14, 1]);
        table.resize(table.len() + 16, 0);
    }
    table.extend([2, 2, 0x11, 1, 0, 0, 0xC0, 0xFE]);
    let sum = table.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
    table[7] = sum.wrapping_neg();
    table
}

/// What `devcon hwids *` says of the Computer device.
fn devcon(device: &str, id: &str) -> Vec<u8> {
    format!(
        "ROOT\\{device}\\0000\r\n    Name: a PC\r\n    Hardware IDs:\r\n        {id}\r\n1 matching \
         device(s) found.\r\n"
    )
    .into_bytes()
}

/// A HAL class, and how sure it is.
type Class = (&'static str, &'static str);

/// Every kind of file that says something of a computer, with the class and how
/// sure it is.
fn computers() -> Vec<(&'static str, Vec<u8>, Option<Class>)> {
    let profile =
        |facts: &str| format!("{{\"schema\": \"wimwright/hardware/1\", {facts}}}").into_bytes();
    let cpuinfo = |count: usize| -> Vec<u8> {
        let one = |number| {
            format!(
                "processor\t: {number}\nvendor_id\t: AuthenticAMD\nflags\t\t: fpu apic pae nx sse2\n\n"
            )
        };
        (0..count).map(one).collect::<String>().into_bytes()
    };
    let dmidecode = "# dmidecode 3.3\nHandle 0x0000, DMI type 0, 24 bytes\nBIOS Information\n\tRelease \
                     Date: 04/28/2003\n\nHandle 0x0400, DMI type 4, 35 bytes\nProcessor \
                     Information\n\tStatus: Populated, Enabled\n\tType: Central \
                     Processor\n\tManufacturer: Intel\n\tCore Count: 2\n\tThread Count: 2\n";
    let tables = [
        acpi_table("FACP", &[0; 100]),
        acpi_table("DSDT", b"aml"),
        madt(4, true),
    ];
    let without_madt = [acpi_table("FACP", &[0; 100]), acpi_table("DSDT", b"aml")];
    let guest = |name: &str| {
        let guests = wimwright_testdata::files().parent().unwrap().join("guests");
        fs::read(guests.join(name)).unwrap()
    };
    let sure = |class| Some((class, "exact"));
    let inferred = |class| Some((class, "inferred"));
    let assumed = |class| Some((class, "assumed"));
    vec![
        // Firmware tables.
        ("acpi.bin", tables.concat(), sure("acpiapic_mp")),
        ("madt-one.bin", madt(1, true), sure("acpiapic_up")),
        ("madt-pic.bin", madt(2, false), sure("acpipic_up")),
        ("no-madt.bin", without_madt.concat(), sure("acpipic_up")),
        ("mp.bin", mp_table(), assumed("acpiapic_mp")),
        // What a Windows of that age reported.
        ("eisa.txt", devcon("PCI_HAL", "e_isa_up"), sure("e_isa_up")),
        (
            "pic.txt",
            devcon("ACPI_HAL", "acpipic_up"),
            sure("acpipic_up"),
        ),
        (
            "up.txt",
            devcon("ACPI_HAL", "acpiapic_up"),
            sure("acpiapic_up"),
        ),
        (
            "mp.txt",
            devcon("ACPI_HAL", "acpiapic_mp"),
            sure("acpiapic_mp"),
        ),
        ("mps.txt", devcon("PCI_HAL", "MPS_UP"), sure("mps_up")),
        ("mpsmp.txt", devcon("PCI_HAL", "mps_mp"), sure("mps_mp")),
        // What a later one, or Linux, saw.
        (
            "later.txt",
            [devcon("ACPI_HAL", "acpiapic"), cpuinfo(2)].concat(),
            inferred("acpiapic_mp"),
        ),
        (
            "dmi.txt",
            dmidecode.as_bytes().to_vec(),
            assumed("acpiapic_mp"),
        ),
        ("cpuinfo", cpuinfo(2), assumed("acpiapic_mp")),
        ("cpuinfo1", cpuinfo(1), assumed("acpiapic_up")),
        (
            "dual.json",
            profile(
                "\"firmware\": {\"acpi\": true, \"io_apic\": true}, \"processors\": {\"logical\": 2}",
            ),
            inferred("acpiapic_mp"),
        ),
        ("bare.json", profile("\"devices\": []"), None),
        // Settings of virtual machines.
        (
            "a.vmx",
            guest("vmware-server-xp.vmx"),
            inferred("acpiapic_mp"),
        ),
        (
            "b.vmx",
            guest("vmware-7-xp-scsi.vmx"),
            inferred("acpiapic_up"),
        ),
        (
            "a.xml",
            guest("virtualbox-2-xp.xml"),
            inferred("acpipic_up"),
        ),
        (
            "a.vbox",
            guest("virtualbox-6-ioapic.vbox"),
            inferred("acpiapic_mp"),
        ),
        (
            "info.txt",
            guest("virtualbox-info.txt"),
            inferred("e_isa_up"),
        ),
        ("b.xml", guest("libvirt-xp.xml"), inferred("acpiapic_mp")),
        ("c.xml", guest("libvirt-isapc.xml"), inferred("e_isa_up")),
        ("d.xml", guest("libvirt-xen.xml"), inferred("mps_mp")),
        ("a.sh", guest("qemu-no-acpi.sh"), inferred("mps_mp")),
        ("00.cfg", guest("xen-acpi0-apic0.cfg"), inferred("e_isa_up")),
        ("01.cfg", guest("xen-acpi0-apic1.cfg"), inferred("mps_up")),
        (
            "10.cfg",
            guest("xen-acpi1-apic0.cfg"),
            inferred("acpipic_up"),
        ),
        (
            "11.cfg",
            guest("xen-acpi1-apic1.cfg"),
            inferred("acpiapic_up"),
        ),
        ("a.conf", guest("proxmox-xp.conf"), inferred("acpiapic_mp")),
    ]
}

#[test]
fn the_class_of_a_computer_is_worked_out_from_its_files() {
    let top = tempfile::tempdir().unwrap();
    for (file, bytes, expected) in computers() {
        fs::write(top.path().join(file), bytes).unwrap();
        let found = run_in(top.path(), &format!("hal target @{file} --json"));
        let code = match expected {
            Some(_) => ExitCode::Done,
            None => ExitCode::Findings,
        };
        let found = found.ends(code).json();
        let target = &found["targets"][0];
        let said = target["hal"].as_str().zip(target["confidence"].as_str());
        assert_eq!(said, expected, "{file}: {target}");
        // What it was worked out from, and what is not sure of it.
        let inputs = target["inputs"].as_array().unwrap().len();
        let notes = target["notes"].as_array().unwrap().len();
        assert_eq!(inputs > 0, expected.is_some(), "{file}: {target}");
        let unsure = expected.is_none_or(|(_, confidence)| confidence == "assumed");
        assert!(notes > 0 || !unsure, "{file}: {target}");
    }
    run_in(top.path(), "hal target @dual.json")
        .ends(ExitCode::Done)
        .says(&[
            "acpiapic_mp (ACPI Multiprocessor PC), inferred",
            "from firmware: ACPI: yes",
        ]);
    run_in(top.path(), "hal target @none.json").ends(ExitCode::Damaged);
}

/// A computer for the multiprocessor HAL with these devices.
fn computer(devices: &str) -> String {
    format!(
        "{{\"schema\": \"wimwright/hardware/1\", \"firmware\": {{\"acpi\": true, \"io_apic\": \
         true}}, \"processors\": {{\"logical\": 2}}, \"devices\": [{devices}]}}"
    )
}

#[test]
fn the_way_to_the_boot_disk_is_part_of_the_audit() {
    let top = tempfile::tempdir().unwrap();
    let mut image = Nt5::x86("acpiapic_mp");
    image.put_disk();
    image.write(&top.path().join("image"));
    for (name, device, class) in [
        ("own", "7111", "010180"),
        ("ide", "24CB", "010180"),
        ("ahci", "2922", "010601"),
    ] {
        let id = format!("PCI\\\\VEN_8086&DEV_{device}");
        let device = format!(
            "{{\"bus\": \"pci\", \"hardware_ids\": [\"{id}&CC_{class}\"], \"compatible_ids\": \
             [\"{id}\"]}}"
        );
        fs::write(top.path().join(format!("{name}.json")), computer(&device)).unwrap();
    }
    fs::write(top.path().join("none.json"), computer("")).unwrap();

    // The controller that the image was installed behind.
    let sound = audit(top.path(), "@image --target @own.json --json");
    let sound = sound.ends(ExitCode::Done).json();
    assert_eq!(sound["images"][0]["targets"][0]["verdict"], "boots");

    for (name, says) in [("ide", "IDE"), ("ahci", "SATA")] {
        let found = audit(top.path(), &format!("@image --target @{name}.json --json"));
        let found = found.ends(ExitCode::Findings).json();
        let image = &found["images"][0];
        let target = &image["targets"][0];
        assert_eq!(target["verdict"], "will-not-boot", "{name}");
        assert_eq!(target["stop_code"], "0x7B", "{name}");
        let mut findings = image["findings"].as_array().unwrap().iter();
        let of_disk = findings.find(|finding| finding["target"] == name);
        let of_disk = of_disk.unwrap();
        assert_eq!(of_disk["check"], "boot-driver-bound", "{name}");
        let message = of_disk["message"].as_str().unwrap();
        assert!(message.contains(says), "{message}");
        assert!(of_disk["remedy"].as_str().unwrap().contains("wimwright"));
    }
    run(&["explain", "boot-driver-bound"])
        .ends(ExitCode::Done)
        .says(&["boot-driver-bound", "0x7B"]);
    // Left out, nothing else is in the way.
    audit(
        top.path(),
        "@image --target @ahci.json --skip boot-driver-bound",
    )
    .ends(ExitCode::Done);
    // A file without controllers leaves the disk out, and says so.
    audit(top.path(), "@image --target @none.json")
        .ends(ExitCode::Done)
        .says(&["names no storage controller"]);
    // Where another HAL is needed besides, both are told, each once.
    let mut other = Nt5::x86("acpiapic_up");
    other.put_disk();
    other.write(&top.path().join("other"));
    let both = audit(top.path(), "@other --target @ahci.json").ends(ExitCode::Findings);
    both.says(&[
        "Computers\n",
        "once the error below is mended: the HAL is for one processor",
        "do: then `wimwright hal set",
        "stop 0x7B [boot-driver-bound]",
    ]);
    // What the loader itself needs is needed by every computer; the note stands
    // all the same.
    fs::remove_file(top.path().join("image/Windows/System32/drivers/ntfs.sys")).unwrap();
    audit(top.path(), "@image --target @none.json")
        .ends(ExitCode::Findings)
        .says(&["[boot-loader-files]", "names no storage controller"]);
}
