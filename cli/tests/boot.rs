//! `boot predict`.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on ends"
)]

mod support;

use std::fs;

use support::{run_in, sample};
use wimwright::ExitCode;

/// A computer with one controller that the sample's image knows nothing of.
const PROFILE: &str = r#"{"schema": "wimwright/hardware/1", "name": "Model 7", "devices": [
  {"bus": "pci", "location": "0000:00:1f.2", "hardware_ids":
   ["PCI\\VEN_1AF4&DEV_1001&SUBSYS_00021AF4&REV_00", "PCI\\VEN_1AF4&DEV_1001&CC_010000"]}]}"#;

/// The smallest file that the loader would take.
fn driver() -> Vec<u8> {
    let mut bytes = vec![0; 512];
    bytes[..2].copy_from_slice(b"MZ");
    bytes[0x3C] = 0x40;
    bytes[0x40..0x46].copy_from_slice(b"PE\0\0\x64\x86");
    bytes[0x54..0x56].copy_from_slice(&0xF0_u16.to_le_bytes());
    bytes[0x58..0x5A].copy_from_slice(&0x20B_u16.to_le_bytes());
    bytes[0x58 + 0x44] = 1;
    bytes
}

#[test]
fn what_is_missing_is_named_with_what_mends_it() {
    let top = sample();
    let file = top.path().join("model7.json");
    fs::write(&file, PROFILE).unwrap();
    let predict = "boot predict @image --hardware @model7.json";
    run_in(top.path(), predict).ends(ExitCode::Findings).says(&[
        "on Model 7: does not start\n",
        "[boot-loader-files]",
        "ntoskrnl.exe",
    ]);

    let system = top.path().join("image/Windows/System32");
    fs::create_dir_all(system.join("drivers")).unwrap();
    for name in ["ntoskrnl.exe", "hal.dll", "drivers/ntfs.sys"] {
        fs::write(system.join(name), driver()).unwrap();
    }
    let found = run_in(top.path(), &format!("{predict} --json"))
        .ends(ExitCode::Findings)
        .json();
    assert_eq!(found["schema"], "wimwright/boot-predict/1");
    let image = &found["images"][0];
    assert_eq!(image["hardware"], "Model 7");
    assert_eq!(image["verdict"], "stop-0x7b");
    assert_eq!(image["reason"]["check"], "boot-driver-bound");
    let controller = &image["controllers"][0];
    assert_eq!(
        controller["id"],
        "PCI\\VEN_1AF4&DEV_1001&SUBSYS_00021AF4&REV_00"
    );
    assert_eq!(controller["service"], serde_json::Value::Null);
    assert_eq!(controller["verdict"], "stop-0x7b");
    let all = controller["obstacles"].as_array().unwrap();
    let own = all.iter().find(|one| one["part"] == "controller").unwrap();
    assert_eq!(own["check"], "boot-driver-bound");
    let mend = own["mend"][0].as_str().unwrap();
    assert!(mend.starts_with("wimwright drivers add "), "{mend}");
}

#[test]
fn words_that_name_nothing_are_refused() {
    let top = sample();
    fs::write(top.path().join("model7.json"), PROFILE).unwrap();
    fs::write(top.path().join("notes.txt"), "buy milk").unwrap();
    run_in(top.path(), "boot predict @image").ends(ExitCode::Usage);
    run_in(top.path(), "boot predict @image --hardware @notes.txt").ends(ExitCode::Damaged);
    let words = "boot predict @image --hardware @model7.json --controller 0000:00:1f.9";
    let run = run_in(top.path(), words).ends(ExitCode::Refused);
    assert!(
        run.err.contains("has no device `0000:00:1f.9`"),
        "{}",
        run.err
    );
    assert!(
        run.err.contains("PCI\\VEN_1AF4&DEV_1001&SUBSYS_00021AF4"),
        "{}",
        run.err
    );
}
