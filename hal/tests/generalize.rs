//! What cleaning and staging did is taken back with their receipts.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "a test program that makes images on the host"
)]

use std::path::Path;
use std::sync::Arc;

use wimwright_hal::generalize::{
    AnswerSource, NextBoot, StageOptions, Verdict, clean, report, stage, state,
};
use wimwright_servicing::diff::{self, Exclude, Options};
use wimwright_servicing::plan::Basis;
use wimwright_servicing::registry::{HiveName, KeyPath, RegData};
use wimwright_servicing::{
    Access, BeginOptions, DirectoryTree, Draft, FileTree, Image, ImagePath, MemoryTree,
    Transaction, time,
};
use wimwright_testdata::image::{Data, Windows, hive, write};

const SPENT: &str = r#"<unattend xmlns="urn:schemas-microsoft-com:unattend">
  <settings pass="specialize" wasPassProcessed="true">
    <component name="Microsoft-Windows-Shell-Setup"><ComputerName>*</ComputerName></component>
  </settings>
</unattend>"#;

const NEW: &str = r#"<unattend xmlns="urn:schemas-microsoft-com:unattend">
  <settings pass="specialize">
    <component name="Microsoft-Windows-Shell-Setup" processorArchitecture="amd64"
        publicKeyToken="31bf3856ad364e35" language="neutral" versionScope="nonSxS">
      <ComputerName>*</ComputerName>
    </component>
  </settings>
</unattend>"#;

fn begin(root: &Path) -> Transaction {
    Image::open(root, Access::Write)
        .unwrap()
        .begin(BeginOptions {
            time: time::from_unix_seconds(1_767_225_600),
            accept_dirty_hive: false,
            strict: false,
        })
}

/// A generalized Windows 10 with things left in it.
fn image(root: &Path) {
    let system = hive(
        "SYSTEM",
        &[
            ("Select", "Default", Data::Dword(1)),
            ("Select", "Current", Data::Dword(1)),
            (
                "ControlSet001\\Control\\Session Manager\\Environment",
                "PROCESSOR_ARCHITECTURE",
                Data::Sz("AMD64"),
            ),
            ("Setup", "SetupType", Data::Dword(2)),
            ("Setup", "SystemSetupInProgress", Data::Dword(1)),
            ("Setup", "CmdLine", Data::Sz("oobe\\windeploy.exe")),
            ("Setup", "UnattendFile", Data::Sz("C:\\old.xml")),
            ("DriverDatabase", "Version", Data::Dword(0x0A00_0000)),
        ],
    );
    write(root, &system, &[], &Windows::new(10, 0, 19041), 9);
    for (path, text) in [
        ("old.xml", SPENT),
        ("pagefile.sys", "x"),
        ("Windows/Panther/Unattend/unattend.xml", SPENT),
        ("Windows/Panther/unattend.xml", SPENT),
        ("Windows/System32/Sysprep/Sysprep_succeeded.tag", ""),
        (
            "Windows/SoftwareDistribution/Download/0a/deep/x.cab",
            "MSCF",
        ),
        ("Windows/SoftwareDistribution/Download/y", "y"),
    ] {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let mut transaction = begin(root);
    for (key, name, text) in [
        (
            "Microsoft\\Windows\\CurrentVersion\\Setup\\State",
            "ImageState",
            "IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE",
        ),
        (
            "Microsoft\\Windows\\CurrentVersion\\WindowsUpdate",
            "SusClientId",
            "1c4cfa45-0000-4000-8000-000000000000",
        ),
        (
            "Cloudbase Solutions\\Cloudbase-Init\\i-1\\Plugins",
            "x",
            "1",
        ),
    ] {
        let done = transaction.run("plant", |draft| {
            let (key, basis) = (KeyPath::from(key), Basis::verified("test"));
            draft.set_value(HiveName::Software, &key, name, RegData::sz(text), &basis)
        });
        let _ = done.into_iter().next().unwrap().unwrap();
    }
    let _ = transaction.prepare().unwrap().commit().unwrap();
}

/// That two images hold the same files and the same registry.
fn assert_same(one: &Path, other: &Path) {
    let [one, other] = [one, other].map(|root| Image::open(root, Access::Read).unwrap());
    let now = time::from_unix_seconds(1_767_225_600);
    let (one, other) = (one.look(now), other.look(now));
    let options = Options {
        exclude: Exclude::nothing(),
        ..Options::default()
    };
    let found = diff::images(&one, &other, &options, &mut |_, _, _| {}).unwrap();
    assert!(found.files.is_empty(), "{:?}", found.files);
    assert!(found.registry.is_empty(), "{:?}", found.registry);
}

/// Does something to an image, and takes it back with its receipt.
fn done_and_undone(what: impl Fn(&mut Draft)) {
    let scratch = tempfile::tempdir().unwrap();
    let [before, root, bundle] =
        ["before", "image", "bundle"].map(|name| scratch.path().join(name));
    image(&before);
    image(&root);
    let mut transaction = begin(&root);
    let done = transaction.run("it", |draft| {
        what(draft);
        Ok::<_, wimwright_servicing::DraftError>(())
    });
    assert!(done.into_iter().all(|done| done.is_ok()));
    let prepared = transaction.prepare().unwrap();
    prepared.keep_displaced(&bundle).unwrap();
    let receipt = prepared.commit().unwrap().remove(0);
    assert!(receipt.plan.writes());
    let bundle: Arc<dyn FileTree> = Arc::new(DirectoryTree::open(&bundle).unwrap());
    let mut transaction = begin(&root);
    let applied = transaction.run("undo", |draft: &mut Draft| {
        draft.apply_plan(&receipt.undo, vec![Arc::clone(&bundle)])
    });
    assert!(applied.into_iter().all(|done| done.is_ok()));
    let _ = transaction.prepare().unwrap().commit().unwrap();
    assert_same(&root, &before);
}

#[test]
fn the_receipt_takes_cleaning_back() {
    done_and_undone(|draft| {
        let cleaned = clean::<&str>(draft, &[]).unwrap();
        let names: Vec<_> = cleaned.iter().map(|cleaned| cleaned.name).collect();
        assert_eq!(
            names,
            [
                "update-client-id",
                "cloudbase-init-state",
                "spent-answer-file",
                "update-downloads",
                "page-file",
            ]
        );
    });
}

#[test]
fn the_receipt_takes_staging_back() {
    done_and_undone(|draft| {
        let mut tree = MemoryTree::new();
        tree.insert("answer.xml", NEW).unwrap();
        let options = StageOptions {
            answer_file: Some(AnswerSource {
                name: "here".to_owned(),
                tree: Arc::new(tree),
                path: ImagePath::parse("answer.xml").unwrap(),
            }),
            ..StageOptions::default()
        };
        let staged = stage(draft, &options).unwrap();
        assert_eq!(staged.passes, ["specialize"]);
        assert_eq!(staged.removed.len(), 2, "{:?}", staged.removed);
    });
}

#[test]
fn the_state_is_read_alone_as_in_the_report() {
    let root = tempfile::tempdir().unwrap();
    image(root.path());
    let opened = Image::open(root.path(), Access::Read).unwrap();
    let draft = opened.look(time::from_unix_seconds(1_767_225_600));
    let found = state(&draft).unwrap();
    assert_eq!(found.verdict, Verdict::Generalized);
    assert!(found.verdict.is_armed() && !found.is_half_done());
    assert_eq!(found.next_boot, NextBoot::Specialize);
    assert_eq!(found.next_boot.passes(), ["specialize", "oobeSystem"]);
    assert_eq!(found, report(&draft).unwrap().state);
}
