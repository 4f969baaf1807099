//! Real hives: all of deployed systems.

use std::fs;
use std::path::Path;

use wimwright_testdata::image::{Windows, write};
use wimwright_testdata::nt5::Nt5;

use crate::{names, report};

fn corpus(test: &str) -> Option<std::path::PathBuf> {
    Some(wimwright_testdata::corpus(test)?.join("hives"))
}

#[test]
fn deployed_systems_are_not_generalized_although_their_state_is_7() {
    let test = "deployed_systems_are_not_generalized_although_their_state_is_7";
    let Some(hives) = corpus(test) else {
        return;
    };
    let read = |name: &str| wimwright_testdata::read(&hives.join(name));
    for (hive, logs, version, wanted) in [
        (
            "SYSTEM-win7-sp1-x86",
            &[][..],
            (6, 1, 7601),
            &[
                "domain-membership",
                "computer-name",
                "mounted-devices",
                "device-instances",
            ][..],
        ),
        (
            "SYSTEM-win81-x64-dirty",
            &[],
            (6, 3, 9600),
            &["pending-renames", "dirty-hives", "computer-name"],
        ),
        (
            "SYSTEM-win10-1709-x64-dirty",
            &["LOG1", "LOG2"],
            (10, 0, 16299),
            &["dirty-hives", "computer-name", "mounted-devices"],
        ),
        (
            "SYSTEM-win10-2004-x64",
            &[],
            (10, 0, 19041),
            &["computer-name", "mounted-devices", "device-instances"],
        ),
    ] {
        let top = tempfile::tempdir().unwrap();
        let (major, minor, build) = version;
        let logs: Vec<(&str, Vec<u8>)> = logs
            .iter()
            .map(|ending| (*ending, read(&format!("{hive}.{ending}.zst"))))
            .collect();
        let windows = Windows::new(major, minor, build);
        write(&top.path().join("image"), &read(hive), &logs, &windows, 9);
        let found = report(top.path(), "@image");
        assert_eq!(found["verdict"], "not-generalized", "{hive}: {found}");
        let evidence = found["evidence"].as_array().unwrap();
        let state = evidence.iter().find(|piece| {
            let path = piece["path"].as_str().unwrap();
            path.ends_with("GeneralizationState")
        });
        assert_eq!(state.unwrap()["value"], "7", "{hive}");
        let names = names(&found);
        for name in wanted {
            assert!(names.contains(*name), "{hive}: no {name} in {names:?}");
        }
        assert_eq!(
            names.contains("domain-membership"),
            hive.contains("win7"),
            "{hive}"
        );
        assert!(
            !found["passes_noted"].as_array().unwrap().is_empty(),
            "{hive}"
        );
    }
}

#[test]
fn deployed_xp_is_not_generalized_whatever_its_command() {
    let test = "deployed_xp_is_not_generalized_whatever_its_command";
    let Some(hives) = corpus(test) else {
        return;
    };
    for (hive, mut image, command) in [
        (
            "SYSTEM-winxp-sp3-x86",
            Nt5::x86("acpiapic_up"),
            "REG_SZ \"\"",
        ),
        (
            "SYSTEM-winxp64-sp2",
            Nt5::x64(false),
            "REG_SZ \"setup -newsetup\"",
        ),
    ] {
        image.system = Some(wimwright_testdata::read(&hives.join(hive)));
        image.values.clear();
        let top = tempfile::tempdir().unwrap();
        image.write(&top.path().join("image"));
        let found = report(top.path(), "@image");
        assert_eq!(found["verdict"], "not-generalized", "{hive}");
        assert_eq!(found["evidence"][0]["value"], command, "{hive}");
        let names = names(&found);
        for name in ["computer-name", "mounted-devices"] {
            assert!(names.contains(name), "{hive}: {names:?}");
        }
        assert!(!names.contains("domain-membership"), "{hive}: {names:?}");
    }
}

#[test]
fn a_real_sam_gives_sid_and_accounts() {
    let test = "a_real_sam_gives_sid_and_accounts";
    let Some(hives) = corpus(test) else {
        return;
    };
    let top = tempfile::tempdir().unwrap();
    Nt5::x86("acpiapic_up").write(&top.path().join("image"));
    let config = Path::new("image/Windows/System32/config/SAM");
    fs::write(
        top.path().join(config),
        wimwright_testdata::read(&hives.join("SAM-regipy")),
    )
    .unwrap();
    let found = report(top.path(), "@image");
    let value = |name: &str| {
        let leftovers = found["leftovers"].as_array().unwrap();
        let found = leftovers.iter().find(|leftover| leftover["name"] == name);
        found.unwrap()["value"].as_str().unwrap().to_owned()
    };
    // As hivexsh shows the bytes of `V`, and regipy's tests have the SID.
    assert_eq!(
        value("machine-sid"),
        "S-1-5-21-1760460187-1592185332-161725925"
    );
    assert_eq!(value("local-accounts"), "Preston, number 1000");
}
