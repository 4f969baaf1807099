//! Switching within a pair: what is written, where it comes from, and what is
//! refused; and that an audit finds nothing afterwards.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "a test program that makes images on the host"
)]

mod support;

use std::path::Path;
use std::sync::Arc;

use support::{audited_at, grave, write};
use wimwright_hal::{HalType, Media, SetError, SetReport, Target, Verdict, set};
use wimwright_servicing::diff::{self, Exclude, Options};
use wimwright_servicing::{
    Access, BeginOptions, DirectoryTree, Draft, FileTree, Image, Receipt, Transaction, time,
};
use wimwright_testdata::nt5::{
    Nt5, SERVER_2003_SP2, XP_SP1, XP_SP3, cabinet, hal_parts, kernel_parts,
};
use wimwright_testdata::pe::{AMD64, X86};

const PAIRS: [(&str, &str); 4] = [
    ("acpiapic_up", "acpiapic_mp"),
    ("acpiapic_mp", "acpiapic_up"),
    ("mps_up", "mps_mp"),
    ("mps_mp", "mps_up"),
];

fn id(id: &str) -> HalType {
    HalType::from_id(id).unwrap()
}

fn begin(root: &Path, access: Access) -> Transaction {
    Image::open(root, access).unwrap().begin(BeginOptions {
        time: time::from_unix_seconds(1_767_225_600),
        accept_dirty_hive: false,
        strict: false,
    })
}

/// Switches the image in a directory.
fn switch(root: &Path, to: &str, media: Option<&Media>) -> Result<(SetReport, Receipt), SetError> {
    let mut transaction = begin(root, Access::Write);
    let done = transaction.run("hal set", |draft| set(draft, id(to), media));
    let report = done.into_iter().next().unwrap()?;
    let receipt = transaction.prepare().unwrap().commit().unwrap();
    Ok((report, receipt.into_iter().next().unwrap()))
}

fn with_cache(from: &str) -> Nt5 {
    let mut image = Nt5::x86(from);
    image.put_cache("driver.cab", [5, 1, 2600, 0]);
    image.put_cache("sp3.cab", XP_SP3);
    for name in ["hal.dll", "ntoskrnl.exe"] {
        let bytes = image.files[&format!("Windows/System32/{name}")].clone();
        image.put(&format!("Windows/System32/dllcache/{name}"), &bytes);
    }
    image
}

#[test]
fn a_switch_within_a_pair_leaves_nothing_for_the_audit_to_find() {
    for (from, to) in PAIRS {
        let image = with_cache(from);
        let root = write(&image);
        let (report, _) = switch(root.path(), to, None).unwrap();
        assert_eq!((report.from, report.to), (id(from), id(to)));
        let files: Vec<String> = report
            .files
            .iter()
            .map(|(path, _)| path.to_string())
            .collect();
        assert_eq!(
            files,
            [
                "Windows\\System32\\hal.dll",
                "Windows\\System32\\dllcache\\hal.dll",
                "Windows\\System32\\ntoskrnl.exe",
                "Windows\\System32\\dllcache\\ntoskrnl.exe",
                "Windows\\System32\\ntkrnlpa.exe",
            ]
        );
        for (_, place) in &report.files {
            assert!(
                place.ends_with("of Windows\\Driver Cache\\i386\\sp3.cab"),
                "{place}"
            );
        }
        let audit = audited_at(root.path(), &[Target::of_class(id(to))]);
        assert_eq!(
            grave(&audit),
            [""; 0],
            "{from} -> {to}: {:?}",
            audit.findings
        );
        assert_eq!(audit.targets[0].verdict, Verdict::Boots);
        assert!(audit.is_clean());

        // A second run changes nothing.
        let (again, receipt) = switch(root.path(), to, None).unwrap();
        assert!(!again.changed && again.files.is_empty());
        assert!(!receipt.plan.writes());

        // And back.
        let (back, _) = switch(root.path(), from, None).unwrap();
        assert!(back.changed);
        assert_same(root.path(), write(&image).path());
    }
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
    let found = diff::images(&one, &other, &options, &mut |_, _, _| {});
    let found = found.unwrap();
    assert!(found.files.is_empty(), "{:?}", found.files);
    assert!(found.registry.is_empty(), "{:?}", found.registry);
}

#[test]
fn the_receipt_takes_the_switch_back() {
    let image = with_cache("acpiapic_up");
    let before = write(&image);
    let root = write(&image);
    let scratch = tempfile::tempdir().unwrap();
    let bundle = scratch.path().join("bundle");
    let mut transaction = begin(root.path(), Access::Write);
    let done = transaction.run("hal set", |draft| set(draft, id("acpiapic_mp"), None));
    assert!(done.into_iter().all(|done| done.is_ok()));
    let prepared = transaction.prepare().unwrap();
    prepared.keep_displaced(&bundle).unwrap();
    let receipt = prepared.commit().unwrap().remove(0);
    let bundle: Arc<dyn FileTree> = Arc::new(DirectoryTree::open(&bundle).unwrap());
    let mut transaction = begin(root.path(), Access::Write);
    let applied = transaction.run("undo", |draft: &mut Draft| {
        draft.apply_plan(&receipt.undo, vec![Arc::clone(&bundle)])
    });
    assert!(applied.into_iter().all(|done| done.is_ok()));
    let _ = transaction.prepare().unwrap().commit().unwrap();
    assert_same(root.path(), before.path());
}

#[test]
fn everything_else_is_refused_with_its_reason() {
    for from in [
        "e_isa_up",
        "acpipic_up",
        "acpiapic_up",
        "mps_mp",
        "syspro_mp",
    ] {
        let root = write(&Nt5::x86(from));
        for to in HalType::ALL {
            if to == id(from) || id(from).partner() == Some(to) {
                continue;
            }
            let refused = switch(root.path(), to.id(), None).unwrap_err();
            assert!(
                matches!(refused, SetError::NotSupported { .. }),
                "{from} -> {to}: {refused}"
            );
            assert!(refused.hint().is_some());
        }
    }
    let mut later = Nt5::x86("acpiapic_up");
    later.windows = wimwright_testdata::image::Windows::new(6, 1, 7601);
    let refused = switch(write(&later).path(), "acpiapic_mp", None).unwrap_err();
    assert!(
        matches!(refused, SetError::NotImageBound { .. }),
        "{refused}"
    );

    let mut overridden = Nt5::x86("acpiapic_up");
    overridden.put(
        "boot.ini",
        b"[operating systems]\r\nx\\WINDOWS=\"XP\" /HAL=hal.dll\r\n",
    );
    let refused = switch(write(&overridden).path(), "acpiapic_mp", None).unwrap_err();
    assert!(matches!(refused, SetError::Overridden { .. }), "{refused}");

    let mut unknown = Nt5::x86("acpiapic_up");
    unknown.put("Windows/System32/hal.dll", b"no PE image");
    let refused = switch(write(&unknown).path(), "acpiapic_mp", None).unwrap_err();
    assert!(matches!(refused, SetError::UnknownHal { .. }), "{refused}");

    let mut twice = with_cache("acpiapic_up");
    let key = "ControlSet001\\Enum\\Root\\PCI_HAL\\0000";
    twice.text(key, "ClassGUID", wimwright_testdata::nt5::CLASS);
    let root = write(&twice);
    let before = std::fs::read(root.path().join("Windows/System32/hal.dll")).unwrap();
    let refused = switch(root.path(), "acpiapic_mp", None).unwrap_err();
    assert!(
        matches!(refused, SetError::Computers { count: 2, .. }),
        "{refused}"
    );
    let after = std::fs::read(root.path().join("Windows/System32/hal.dll")).unwrap();
    assert!(before == after, "a refusal changes nothing");
}

#[test]
fn files_of_another_level_are_never_taken() {
    // The cabinet of SP1 alone; a name that lies; nothing at all.
    let mut old = Nt5::x86("acpiapic_up");
    old.put_cache("sp1.cab", XP_SP1);
    let mut lying = Nt5::x86("acpiapic_up");
    let folder = "Windows/Driver Cache/i386";
    lying.put(
        &format!("{folder}/halmacpi.dll"),
        &hal_parts("acpiapic_up", XP_SP3).build(),
    );
    let none = Nt5::x86("acpiapic_up");
    // The kernel is of a hotfix, the cabinet of the service pack.
    let mut hotfixed = with_cache("acpiapic_up");
    hotfixed.put_kernels(false, [5, 1, 2600, 5657]);
    for (image, file, said) in [
        (old, "halmacpi.dll", "5.1.2600.1106"),
        (lying, "halmacpi.dll", "is not what its name says"),
        (none, "halmacpi.dll", "is at hand"),
        (hotfixed, "ntkrnlmp.exe", "5.1.2600.5512"),
    ] {
        let root = write(&image);
        let refused = switch(root.path(), "acpiapic_mp", None).unwrap_err();
        let SetError::NoFile { name, .. } = &refused else {
            panic!("{refused}");
        };
        assert_eq!(*name, file);
        assert!(refused.to_string().contains(said), "{refused}");
        let hint = refused.hint().unwrap();
        let line = "UpdateHAL = \"ACPIAPIC_MP,%WINDIR%\\Inf\\Hal.inf\"";
        assert!(hint.contains("--source") && hint.contains(line), "{hint}");
    }
}

#[test]
fn loose_files_of_a_hotfix_come_before_cabinets_and_a_folder_before_both() {
    let version = [5, 1, 2600, 5657];
    let mut image = with_cache("acpiapic_up");
    image.put_kernels(false, version);
    for media in ["ntkrnlmp.exe", "ntkrpamp.exe"] {
        let bytes = kernel_parts(media, X86, version).build();
        image.put(&format!("Windows/Driver Cache/i386/{media}"), &bytes);
    }
    let root = write(&image);
    let (report, _) = switch(root.path(), "acpiapic_mp", None).unwrap();
    let places: Vec<&str> = report
        .files
        .iter()
        .map(|(_, place)| place.as_str())
        .collect();
    assert!(places[0].ends_with("sp3.cab"), "{places:?}");
    assert_eq!(places[2], "Windows\\Driver Cache\\i386\\ntkrnlmp.exe");
    assert_eq!(grave(&audited_at(root.path(), &[])), [""; 0]);

    // Media as a CD has them: each file in a cabinet of its own.
    let media = tempfile::tempdir().unwrap();
    let i386 = media.path().join("I386");
    std::fs::create_dir(&i386).unwrap();
    for (name, bytes) in [
        ("halmacpi.dl_", hal_parts("acpiapic_mp", XP_SP3).build()),
        (
            "NTKRNLMP.EX_",
            kernel_parts("ntkrnlmp.exe", X86, XP_SP3).build(),
        ),
        (
            "ntkrpamp.ex_",
            kernel_parts("ntkrpamp.exe", X86, XP_SP3).build(),
        ),
    ] {
        let inside = name.to_lowercase().replace("l_", "ll").replace("x_", "xe");
        std::fs::write(i386.join(name), cabinet(&[(&inside, bytes)])).unwrap();
    }
    let root = write(&Nt5::x86("acpiapic_up"));
    let media = Media {
        name: media.path().display().to_string(),
        tree: Arc::new(DirectoryTree::open(media.path()).unwrap()),
    };
    let (report, _) = switch(root.path(), "acpiapic_mp", Some(&media)).unwrap();
    assert_eq!(report.files.len(), 3);
    assert_eq!(grave(&audited_at(root.path(), &[])), [""; 0]);
}

#[test]
fn on_x64_the_kernel_and_the_ids_change() {
    let mut image = Nt5::x64(false);
    let kernel = kernel_parts("ntkrnlmp.exe", AMD64, SERVER_2003_SP2).build();
    let cab = cabinet(&[("ntkrnlmp.exe", kernel)]);
    image.put("Windows/Driver Cache/amd64/sp2.cab", &cab);
    let root = write(&image);
    let (report, _) = switch(root.path(), "acpiapic_mp", None).unwrap();
    assert_eq!(report.files.len(), 1, "{:?}", report.files);
    assert_same_but_for_the_cabinet(root.path());
    let audit = audited_at(root.path(), &[Target::of_class(HalType::AcpiApicMp)]);
    assert!(audit.is_clean(), "{:?}", audit.findings);
}

/// That a switched x64 image is what one that was made so would be.
fn assert_same_but_for_the_cabinet(root: &Path) {
    let mut made = Nt5::x64(true);
    let cab = root.join("Windows/Driver Cache/amd64/sp2.cab");
    made.put(
        "Windows/Driver Cache/amd64/sp2.cab",
        &std::fs::read(cab).unwrap(),
    );
    for key in [
        "ControlSet001\\Enum\\Root\\ACPI_HAL\\0000".to_owned(),
        format!(
            "ControlSet001\\Control\\Class\\{}\\0000",
            wimwright_testdata::nt5::CLASS
        ),
    ] {
        let name = if key.contains("Class") {
            "DriverDesc"
        } else {
            "DeviceDesc"
        };
        made.text(&key, name, "ACPI Multiprocessor x64-based PC");
    }
    assert_same(root, write(&made).path());
}

#[test]
fn files_that_do_not_go_together_are_mended_by_setting_what_is_wanted() {
    let mut image = with_cache("acpiapic_up");
    image.put_kernels(true, XP_SP3);
    let root = write(&image);
    assert_eq!(grave(&audited_at(root.path(), &[])), ["kernel-kind"]);
    let (report, _) = switch(root.path(), "acpiapic_up", None).unwrap();
    assert!(report.changed);
    assert_eq!(grave(&audited_at(root.path(), &[])), [""; 0]);
}
