//! The plugin at work on an image directory.

use wimwright_servicing::registry::HiveName;
use wimwright_servicing::{Access, BeginOptions, FileTime, Image, time};
use wimwright_testdata::image::{self, Data, Windows};

fn options() -> BeginOptions {
    BeginOptions {
        time: time::from_unix_seconds(1_800_000_000),
        accept_dirty_hive: false,
        strict: true,
    }
}

fn stamp(root: &std::path::Path, build: &str) -> bool {
    let image = Image::open(root, Access::Write).unwrap();
    let mut transaction = image.begin(options());
    let results = transaction.run("stamp", |draft| {
        wimwright_plugin_example::stamp(draft, build)
    });
    let changed = results.into_iter().all(|result| result.unwrap());
    let receipt = transaction.prepare().unwrap().commit().unwrap().remove(0);
    assert_eq!(receipt.written.is_empty(), !changed);
    changed
}

#[test]
fn an_outside_operation_is_committed_and_the_second_run_changes_nothing() {
    let root = tempfile::tempdir().unwrap();
    let windows = Windows::new(10, 0, 19045);
    let system = image::hive(
        "SYSTEM",
        &[
            ("Select", "Default", Data::Dword(1)),
            ("Select", "Current", Data::Dword(1)),
            (
                "ControlSet001\\Control\\Session Manager\\Environment",
                "PROCESSOR_ARCHITECTURE",
                Data::Sz("AMD64"),
            ),
            ("DriverDatabase", "Architecture", Data::Dword(9)),
        ],
    );
    image::write(root.path(), &system, &[], &windows, 9);

    assert!(stamp(root.path(), "2026.11"));
    assert!(!stamp(root.path(), "2026.11"));
    assert!(stamp(root.path(), "2026.12"));

    let image = Image::open(root.path(), Access::Read).unwrap();
    let draft = image.look(FileTime(0));
    let key = wimwright_plugin_example::KEY.into();
    let value = draft.value(HiveName::Software, &key, "Build").unwrap();
    assert_eq!(value.unwrap().as_text().as_deref(), Some("2026.12"));
    let text = std::fs::read(root.path().join("Windows/deployment.txt")).unwrap();
    assert_eq!(text, b"2026.12\r\n");
}
