//! Every installed HAL on every class of computer, over images whose files say
//! of themselves what the real ones say.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test program")]

mod support;

use support::{audited, classes, grave};
use wimwright_hal::{HalType, StopCode, Verdict};
use wimwright_testdata::nt5::{Nt5, XP_SP1, hal_ids};

/// What Microsoft's tables say, by installed HAL and class (e_isa_up,
/// acpipic_up, acpiapic_up, acpiapic_mp, mps_up, mps_mp): Boots, Degraded,
/// Switch, stops with 0xA5, Hangs; 7 is degraded with stop 0x7B possible.
const TABLE: [(&str, &str); 8] = [
    ("e_isa_up", "B777DD"),
    ("acpipic_up", "ABDDAA"),
    ("acpiapic_up", "AHBSAA"),
    ("acpiapic_mp", "AHBBAA"),
    ("mps_up", "HHDHBS"),
    ("mps_mp", "HHDDBB"),
    ("syspro_mp", "HHHHHH"),
    ("sgi_mps_mp", "HHHHHH"),
];

fn expected(cell: char) -> (Verdict, Option<StopCode>) {
    match cell {
        'B' => (Verdict::Boots, None),
        'D' => (Verdict::BootsDegraded, None),
        '7' => (Verdict::BootsDegraded, Some(StopCode(0x7B))),
        'S' => (Verdict::NeedsHalSwitch, None),
        'A' => (Verdict::WillNotBoot, Some(StopCode(0xA5))),
        _ => (Verdict::WillNotBoot, None),
    }
}

#[test]
fn every_installed_hal_is_judged_on_every_class_of_computer() {
    assert!(hal_ids().eq(TABLE.iter().map(|(id, _)| *id)));
    for (id, row) in TABLE {
        let audit = audited(&Nt5::x86(id), &classes());
        assert_eq!(audit.installed.hal, HalType::from_id(id), "{id}");
        assert!(audit.installed.consistent, "{id}: {:?}", audit.findings);
        for (found, cell) in audit.targets.iter().zip(row.chars()) {
            let on = format!("{id} on {}", found.target);
            assert_eq!((found.verdict, found.stop_code), expected(cell), "{on}");
            let supported = matches!(cell, 'B' | 'S');
            assert_eq!(found.supported, Some(supported), "{on}");
            assert!(!found.reason.is_empty() && !found.source.is_empty(), "{on}");
            assert_eq!(
                found.remedy.is_none(),
                cell == 'B' && {
                    let to = HalType::from_id(&found.target);
                    HalType::from_id(id).unwrap().partner() != to
                },
                "{on}: {:?}",
                found.remedy
            );
        }
        // What the registry would not have is no part of the table.
        let odd: Vec<_> = grave(&audit)
            .into_iter()
            .filter(|name| *name != "hal-inf")
            .collect();
        assert_eq!(odd, [""; 0], "{id}: {:?}", audit.findings);
    }
}

#[test]
fn other_builds_are_known_by_what_is_in_them() {
    for version in [XP_SP1, [5, 1, 2600, 5657]] {
        for id in hal_ids() {
            let mut image = Nt5::x86(id);
            image.put_hal(id, version);
            image.put_kernels(id.ends_with("_mp"), version);
            let audit = audited(&image, &[]);
            assert_eq!(
                audit.installed.hal,
                HalType::from_id(id),
                "{id} {version:?}"
            );
        }
    }
}

#[test]
fn x64_is_one_row() {
    for (several, row) in [(false, "AABSAA"), (true, "AABBAA")] {
        let audit = audited(&Nt5::x64(several), &classes());
        let class = if several {
            HalType::AcpiApicMp
        } else {
            HalType::AcpiApicUp
        };
        assert_eq!(audit.installed.hal, Some(class));
        assert_eq!(grave(&audit), [""; 0], "{:?}", audit.findings);
        for (found, cell) in audit.targets.iter().zip(row.chars()) {
            let found = (found.verdict, found.stop_code);
            assert_eq!(found, expected(cell), "x64 {several} {cell}");
        }
    }
}

#[test]
fn an_image_that_waits_for_mini_setup_is_told_the_line_of_sysprep_inf() {
    let mut image = Nt5::x86("acpiapic_up");
    let remedy = |image: &Nt5| {
        let audit = audited(image, &classes());
        audit.targets.into_iter().nth(3).unwrap().remedy.unwrap()
    };
    assert_eq!(remedy(&image), "`wimwright hal set IMAGE acpiapic_mp`");
    image.sysprepped();
    let line = "UpdateHAL = \"ACPIAPIC_MP,%WINDIR%\\Inf\\Hal.inf\"";
    assert!(remedy(&image).contains(line), "{}", remedy(&image));
    let with_line = format!("[Unattended]\r\n{line}\r\n");
    image.put("Sysprep/sysprep.inf", with_line.as_bytes());
    assert!(
        remedy(&image).starts_with("nothing: "),
        "{}",
        remedy(&image)
    );
}
