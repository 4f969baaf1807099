//! Images whose parts do not go together: each is found, and nothing is
//! guessed.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test program"
)]

mod support;

use support::{audited, classes, grave};
use wimwright_hal::{HalType, StopCode, Verdict};
use wimwright_testdata::image::Data;
use wimwright_testdata::nt5::{
    CLASS, Nt5, XP_SP1, XP_SP3, hal_ids, hal_parts, kernel_parts, x64_hal_parts,
};
use wimwright_testdata::pe::{DEBUG_BUILD, X86, wide};

const HAL: &str = "Windows/System32/hal.dll";
const KERNEL: &str = "Windows/System32/ntoskrnl.exe";
const PAE: &str = "Windows/System32/ntkrnlpa.exe";

/// What a case changes in a sound image, which checks have to find it, and the
/// stop code of every verdict; without one the verdicts stay as they were.
struct Case {
    name: &'static str,
    change: fn(&mut Nt5),
    found: &'static [&'static str],
    stop: Option<u32>,
}

fn cases() -> Vec<Case> {
    let case = |name, found, stop, change| Case {
        name,
        change,
        found,
        stop,
    };
    vec![
        case(
            "HAL for one processor, kernels for several",
            &["kernel-kind"],
            Some(0x79),
            |image| image.put_kernels(true, XP_SP3),
        ),
        case(
            "one kernel for several",
            &["kernel-kind", "kernels-agree"],
            Some(0x79),
            |image| {
                let bytes = kernel_parts("ntkrpamp.exe", X86, XP_SP3).build();
                image.put(PAE, &bytes);
            },
        ),
        case("HAL of SP1", &["level"], Some(0x79), |image| {
            image.put_hal("acpiapic_up", XP_SP1);
        }),
        case(
            "kernels of SP1",
            &["level", "service-pack"],
            Some(0x79),
            |image| {
                image.put_kernels(false, XP_SP1);
            },
        ),
        case("HAL of Server 2003", &["level"], Some(0x79), |image| {
            image.put_hal("acpiapic_up", [5, 2, 3790, 3959]);
        }),
        case("hotfixed kernels", &[], None, |image| {
            image.put_kernels(false, [5, 1, 2600, 5657]);
        }),
        case(
            "checked HAL, free kernels",
            &["checked-build"],
            Some(0x79),
            |image| {
                let mut parts = hal_parts("acpiapic_up", XP_SP3);
                parts.version.as_mut().unwrap().flags = DEBUG_BUILD;
                image.put(HAL, &parts.build());
            },
        ),
        case(
            "another HAL than the registry knows",
            &["registry-agrees"],
            None,
            |image| {
                let class = format!("ControlSet001\\Control\\Class\\{CLASS}\\0000");
                image.text(&class, "MatchingDeviceId", "acpiapic_mp");
                image.text(&class, "InfSection", "ACPIAPIC_MP_HAL");
            },
        ),
        case(
            "the last boot took another control set, with another HAL",
            &["control-sets", "registry-agrees"],
            None,
            |image| {
                for (key, name, data) in image.values.clone() {
                    let other = key.replace("ControlSet001", "ControlSet002");
                    if other != key {
                        image.values.push((other, name, data));
                    }
                }
                image.number("Select", "Current", 2);
                let class = format!("ControlSet002\\Control\\Class\\{CLASS}\\0000");
                image.text(&class, "MatchingDeviceId", "acpipic_up");
            },
        ),
        case(
            "another choice of boot.ini with a file that is not there",
            &["boot-ini-override"],
            None,
            |image| {
                let text = image.files.get_mut("boot.ini").unwrap();
                text.extend(
                    b"multi(0)disk(0)rdisk(0)partition(1)\\WINDOWS=\"x\" /HAL=none.dll\r\n",
                );
            },
        ),
        case(
            "two computers in the registry",
            &["computer-device"],
            None,
            |image| {
                let key = "ControlSet001\\Enum\\Root\\PCI_HAL\\0000";
                image.text(key, "ClassGUID", &CLASS.to_lowercase());
                image
                    .values
                    .push((key.to_owned(), "HardwareID", Data::Multi(vec!["e_isa_up"])));
            },
        ),
        case(
            "the device tree of a computer without ACPI",
            &["acpi-tree"],
            None,
            |image| {
                image
                    .deleted_keys
                    .push("ControlSet001\\Enum\\ACPI_HAL".to_owned());
                image.values.retain(|(key, _, _)| !key.contains("PNP0C08"));
            },
        ),
        case("ACPI that does not start", &["acpi-tree"], None, |image| {
            image.number("ControlSet001\\Services\\ACPI", "Start", 4);
        }),
        case(
            "HAL for x64 in x86",
            &["file-machine", "registry-agrees"],
            None,
            |image| {
                image.put(HAL, &x64_hal_parts(XP_SP3).build());
            },
        ),
        case(
            "boot.ini with a HAL alone",
            &["boot-ini-override"],
            None,
            |image| {
                let bytes = hal_parts("acpiapic_up", XP_SP3).build();
                image.put("Windows/System32/halaacpi.dll", &bytes);
                boot_ini(image, "/HAL=halaacpi.dll");
            },
        ),
        case(
            "boot.ini with a HAL for several",
            &["boot-ini-override", "kernel-kind", "registry-agrees"],
            Some(0x79),
            |image| {
                let bytes = hal_parts("acpiapic_mp", XP_SP3).build();
                image.put("Windows/System32/halmacpi.dll", &bytes);
                boot_ini(image, "/hal=halmacpi.dll");
            },
        ),
        case(
            "boot.ini for another folder",
            &["boot-ini"],
            None,
            |image| {
                let text = image.files.get_mut("boot.ini").unwrap();
                *text = String::from_utf8(text.clone())
                    .unwrap()
                    .replace("\\WINDOWS", "\\WINNT")
                    .into_bytes();
            },
        ),
        case("no kernel for PAE", &["pae-kernel"], None, |image| {
            image.files.remove(PAE);
        }),
        case(
            "registry of another service pack",
            &["service-pack"],
            None,
            |image| {
                image.number("ControlSet001\\Control\\Windows", "CSDVersion", 0x200);
            },
        ),
        case("no hal.inf", &["hal-inf"], None, |image| {
            image.files.remove("Windows/Inf/hal.inf");
        }),
        case("a patched HAL", &["hal-checksum"], None, |image| {
            let file = image.files.get_mut(HAL).unwrap();
            *file.last_mut().unwrap() ^= 1;
        }),
        case("half a mini-setup", &["mini-setup"], None, |image| {
            image.number("Setup", "MiniSetupInProgress", 1);
        }),
        case(
            "both lines in sysprep.inf",
            &["sysprep-inf-hal"],
            None,
            |image| {
                image.put(
                    "Sysprep/sysprep.inf",
                    b"[Unattended]\r\nUpdateHAL=ACPIAPIC_MP,%WINDIR%\\Inf\\Hal.inf\r\n\
                  UpdateUPHAL=\"ACPIAPIC_UP,%WINDIR%\\Inf\\Hal.inf\"\r\n",
                );
            },
        ),
        case(
            "a HAL that sysprep.inf cannot switch to",
            &["sysprep-inf-hal"],
            None,
            |image| {
                image.put(
                    "Sysprep/sysprep.inf",
                    b"[Unattended]\r\nUpdateHAL=MPS_MP,x\r\n",
                );
            },
        ),
    ]
}

fn boot_ini(image: &mut Nt5, options: &str) {
    let text = image.files.get_mut("boot.ini").unwrap();
    let with = String::from_utf8(text.clone()).unwrap();
    *text = with.replace("/fastdetect", options).into_bytes();
}

#[test]
fn each_inconsistency_is_found_by_its_checks_and_no_other() {
    let sound = audited(&Nt5::x86("acpiapic_up"), &classes());
    assert_eq!(grave(&sound), [""; 0], "{:?}", sound.findings);
    for case in cases() {
        let mut image = Nt5::x86("acpiapic_up");
        (case.change)(&mut image);
        let audit = audited(&image, &classes());
        let name = case.name;
        assert_eq!(grave(&audit), case.found, "{name}: {:?}", audit.findings);
        for finding in &audit.findings {
            assert!(!finding.evidence.is_empty(), "{name}: {}", finding.message);
        }
        for (found, before) in audit.targets.iter().zip(&sound.targets) {
            match case.stop {
                Some(code) => {
                    assert_eq!(found.verdict, Verdict::WillNotBoot, "{name}");
                    assert_eq!(found.stop_code, Some(StopCode(code)), "{name}");
                }
                None if name == "HAL for x64 in x86" => {
                    assert_eq!(found.verdict, Verdict::WillNotBoot, "{name}");
                }
                None => assert_eq!(found.verdict, before.verdict, "{name}"),
            }
        }
    }
}

/// Every HAL under the kernels of the other kind, both of them or one.
#[test]
fn no_hal_goes_with_kernels_of_the_other_kind() {
    for id in hal_ids() {
        let several = id.ends_with("_mp");
        let names = match several {
            false => [("ntkrnlmp.exe", KERNEL), ("ntkrpamp.exe", PAE)],
            true => [("ntoskrnl.exe", KERNEL), ("ntkrnlpa.exe", PAE)],
        };
        for swapped in [&names[..], &names[..1], &names[1..]] {
            let mut image = Nt5::x86(id);
            for (media, path) in swapped {
                image.put(path, &kernel_parts(media, X86, XP_SP3).build());
            }
            let audit = audited(&image, &classes());
            let on = format!("{id} with {swapped:?}");
            let mismatches = audit.findings.iter();
            let mismatches = mismatches.filter(|found| found.check == "kernel-kind");
            assert_eq!(mismatches.count(), swapped.len(), "{on}");
            let disagree = grave(&audit).contains(&"kernels-agree");
            assert_eq!(disagree, swapped.len() == 1, "{on}");
            assert!(!audit.installed.consistent, "{on}");
            for found in &audit.targets {
                assert_eq!(found.verdict, Verdict::WillNotBoot, "{on}");
                assert_eq!(found.stop_code, Some(StopCode(0x79)), "{on}");
                assert!(found.remedy.is_some(), "{on}");
            }
        }
    }
}

/// Every pair of levels: a service pack goes with itself and its hotfixes.
#[test]
fn only_files_of_one_service_pack_go_together() {
    const LEVELS: [([u16; 4], u8); 6] = [
        ([5, 1, 2600, 0], 0),
        (XP_SP1, 1),
        ([5, 1, 2600, 2180], 2),
        ([5, 1, 2600, 3093], 2),
        (XP_SP3, 3),
        ([5, 1, 2600, 6419], 3),
    ];
    for (of_hal, one) in LEVELS {
        for (of_kernel, other) in LEVELS {
            let mut image = Nt5::x86("acpiapic_mp");
            image.put_hal("acpiapic_mp", of_hal);
            image.put_kernels(true, of_kernel);
            image.number(
                "ControlSet001\\Control\\Windows",
                "CSDVersion",
                u32::from(other) << 8,
            );
            let audit = audited(&image, &classes());
            let on = format!("HAL {of_hal:?}, kernels {of_kernel:?}");
            assert_eq!(
                grave(&audit) == ["level"],
                one != other,
                "{on}: {:?}",
                grave(&audit)
            );
            let stops = audit
                .targets
                .iter()
                .all(|found| found.stop_code == Some(StopCode(0x79)));
            assert_eq!(stops, one != other, "{on}");
        }
    }
}

#[test]
fn a_hal_that_contradicts_itself_is_unknown_and_never_guessed() {
    let rename = |original: &str| {
        let mut parts = hal_parts("acpiapic_up", XP_SP3);
        for (name, value) in &mut parts.version.as_mut().unwrap().strings {
            if name == "OriginalFilename" || name == "InternalName" {
                original.clone_into(value);
            }
        }
        parts
    };
    // A version resource that lies.
    let mut renamed = Nt5::x86("acpiapic_up");
    renamed.put(HAL, &rename("halmacpi.dll").build());
    // Strings of another HAL, in a build that nobody lists.
    let mut strings = Nt5::x86("acpiapic_up");
    let mut parts = hal_parts("acpiapic_up", XP_SP3);
    parts.time_date_stamp = 1;
    parts.sections[1] = wide("acpiapic_mp");
    strings.put(HAL, &parts.build());
    // Nothing in it says what it is.
    let mut mute = Nt5::x86("acpiapic_up");
    let mut parts = hal_parts("acpiapic_up", XP_SP3);
    parts.time_date_stamp = 1;
    parts.version = None;
    parts.pdb = None;
    parts.sections = [vec![0; 8], vec![0; 8], vec![0; 8]];
    mute.put(HAL, &parts.build());
    let mut empty = Nt5::x86("acpiapic_up");
    empty.put(HAL, b"");
    for (name, image) in [
        ("renamed", renamed),
        ("strings", strings),
        ("mute", mute),
        ("empty", empty),
    ] {
        let audit = audited(&image, &classes());
        assert!(
            grave(&audit).contains(&"hal-identity"),
            "{name}: {:?}",
            audit.findings
        );
        assert_eq!(audit.installed.hal, None, "{name}");
        assert!(!audit.installed.consistent, "{name}");
        for found in &audit.targets {
            assert_eq!(found.verdict, Verdict::Unknown, "{name}");
            assert!(
                found.reason.contains("cannot be told"),
                "{name}: {}",
                found.reason
            );
        }
    }
}

#[test]
fn one_kind_of_evidence_is_enough_to_know_and_not_to_be_sure() {
    let mut image = Nt5::x86("acpiapic_up");
    let mut parts = hal_parts("acpiapic_up", XP_SP3);
    parts.time_date_stamp = 1;
    parts.pdb = None;
    parts.sections = [vec![0; 8], vec![0; 8], vec![0; 8]];
    image.put(HAL, &parts.build());
    let audit = audited(&image, &classes());
    assert_eq!(grave(&audit), ["hal-identity"]);
    assert_eq!(audit.installed.hal, Some(HalType::AcpiApicUp));
}

#[test]
fn files_that_are_missing_keep_windows_from_starting() {
    for (path, check) in [(HAL, "hal-identity"), (KERNEL, "kernel-identity")] {
        let mut image = Nt5::x86("acpiapic_up");
        image.files.remove(path);
        let audit = audited(&image, &classes());
        assert!(
            grave(&audit).contains(&check),
            "{path}: {:?}",
            audit.findings
        );
        for found in &audit.targets {
            assert_eq!(found.verdict, Verdict::WillNotBoot, "{path}");
        }
    }
    let mut image = Nt5::x86("acpiapic_up");
    boot_ini(&mut image, "/HAL=none.dll /KERNEL=none.exe");
    let audit = audited(&image, &classes());
    assert_eq!(grave(&audit), ["boot-ini-override"]);
    assert_eq!(audit.targets[0].verdict, Verdict::WillNotBoot);
}

#[test]
fn boot_ini_decides_which_pair_is_judged() {
    let mut image = Nt5::x86("acpiapic_up");
    image.put(
        "Windows/System32/halmacpi.dll",
        &hal_parts("acpiapic_mp", XP_SP3).build(),
    );
    image.put(
        "Windows/System32/ntosM.exe",
        &kernel_parts("ntkrnlmp.exe", X86, XP_SP3).build(),
    );
    boot_ini(&mut image, "/HAL=halmacpi.dll /KERNEL=ntosM.exe");
    let audit = audited(&image, &classes());
    assert_eq!(audit.installed.hal, Some(HalType::AcpiApicMp));
    // The registry still tells of the installed one.
    assert_eq!(grave(&audit), ["registry-agrees"]);
    assert_eq!(audit.targets[3].verdict, Verdict::Boots);
}

#[test]
fn x64_takes_its_kind_from_the_kernel_and_holds_it_against_the_registry() {
    let mut image = Nt5::x64(false);
    let several = Nt5::x64(true);
    image.files.clone_from(&several.files);
    let audit = audited(&image, &classes());
    assert_eq!(grave(&audit), ["kernel-kind"]);
    assert_eq!(audit.installed.hal, Some(HalType::AcpiApicMp));
    assert_eq!(audit.targets[3].verdict, Verdict::Boots);
}
