//! The control set that counts is the one that the next boot takes.

use wimwright_drivers::boot_path::Part;

use crate::support::boot::{
    BOOTS, Booting, Cases, SEVEN, TEN_2004, XP, XP64, copy_key, set_number, short, stops,
};

#[test]
fn only_the_default_set_counts() {
    let test = "boot path by control set";
    let mut cases = Cases::default();
    for (real, service) in [(XP, "IntelIde"), (XP64, "atapi"), (SEVEN, "LSI_SAS")] {
        let Some(image) = Booting::new(real, test) else {
            return;
        };
        let start = |set: &str| set_number(&format!("{set}\\Services\\{service}"), "Start", 4);
        let select = |name: &str, set: u32| set_number("Select", name, set);
        let part = match service {
            "atapi" => Part::Channel,
            _ => Part::Controller,
        };
        let broken = stops("boot-start", part);
        // These hives have a second set, the last known good one.
        for (name, edits, expected) in [
            ("second broken", vec![start("ControlSet002")], BOOTS),
            (
                "second broken and taken",
                vec![start("ControlSet002"), select("Default", 2)],
                broken,
            ),
            (
                "first broken, second taken",
                vec![start("ControlSet001"), select("Default", 2)],
                BOOTS,
            ),
            (
                "first broken, second taken by the last boot",
                vec![start("ControlSet001"), select("Current", 2)],
                broken,
            ),
        ] {
            let path = image.with_edits(&edits, &image.hardware);
            let name = format!("{service}: {name}");
            cases.check(&name, &path, expected);
            let differ = name.contains("taken");
            let said = path
                .findings
                .iter()
                .any(|found| found.name == "other-control-set");
            assert_eq!(said, differ, "{name}");
        }
    }
    cases.end(12);
}

/// 10 keeps one control set; a second one appears when the first fails.
#[test]
fn a_second_set_of_10_is_judged_by_its_own_services() {
    let test = "second control set of 10";
    let Some(image) = Booting::new(TEN_2004, test) else {
        return;
    };
    // Only what the prediction reads: a hive of two whole sets is twice as big.
    let mut edits = vec![set_number("Select", "Default", 3)];
    for key in [
        "Services",
        "Control\\Class",
        "Enum",
        "Control\\Session Manager",
    ] {
        edits.push(copy_key(
            &format!("ControlSet001\\{key}"),
            &format!("ControlSet003\\{key}"),
        ));
    }
    assert_eq!(short(&image.with_edits(&edits, &image.hardware)), BOOTS);
    edits.push(set_number(
        "ControlSet003\\Services\\stornvme\\StartOverride",
        "0",
        3,
    ));
    let path = image.with_edits(&edits, &image.hardware);
    assert_eq!(short(&path), stops("boot-start-override", Part::Controller));
    let reason = path.reason.unwrap().message;
    assert!(reason.contains("ControlSet003"), "{reason}");
}
