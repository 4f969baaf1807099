//! Another Windows on the target.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use wimwright_servicing::Name;
use wimwright_servicing::apply::{ApplyError, ApplyOptions};
use wimwright_servicing::sidecar::Sidecar;
use wimwright_wim::{Archive, Packing};

use crate::support::{Made, apply, apply_with, file, junction, open, seen, wim};

/// Files of the new system.
fn new_system() -> Vec<Made> {
    let mut entries: Vec<Made> = [
        "Windows/System32/config/SYSTEM",
        "Windows/System32/config/SOFTWARE",
        "Windows/System32/ntoskrnl.exe",
        "Program Files/new/new.exe",
        "ProgramData/new",
        "Users/Default/NTUSER.DAT",
    ]
    .into_iter()
    .map(|path| file(path, "regf new").security(0))
    .collect();
    entries.push(junction("Documents and Settings", "\\??\\C:\\Users"));
    entries.push(junction("Users/Default User", "\\??\\C:\\Users\\Default"));
    entries
}

fn archive(at: &Path, entries: &[Made]) -> Archive {
    wim(at, Packing::STORED, entries);
    open(at)
}

/// Makes a file with this content, and the directories above it.
fn put(root: &Path, path: &str, content: &str) {
    let at = root.join(path);
    fs::create_dir_all(at.parent().unwrap()).unwrap();
    fs::write(at, content).unwrap();
}

/// What the old system is, what of it must not stay where it is, and what has
/// to.
const OLD: [&str; 20] = [
    "WINNT/System32/config/system",
    "WINNT/System32/config/SYSTEM.LOG1",
    "WINNT/System32/config/SOFTWARE{53b39e3f-18c4-11ea-a811-000d3aa4692b}.TM.blf",
    "Windows/System32/config/SYSTEM",
    "Windows/System32/config/SYSTEM.LOG2",
    "Program Files/old/old.exe",
    "Program Files (x86)/old.exe",
    "ProgramData/old",
    "pagefile.sys",
    "hiberfil.sys",
    "swapfile.sys",
    "bootmgr",
    "BOOTNXT",
    "Boot/BCD",
    "Boot/BCD.LOG",
    "EFI/Microsoft/Boot/BCD",
    "boot.ini",
    "ntldr",
    "NTDETECT.COM",
    "Recovery/WindowsRE/Winre.wim",
];

const KEPT: [&str; 4] = [
    "Users/me/thesis.doc",
    "Users/me/NTUSER.DAT.LOG1",
    "my folder/mine",
    "Users/Default/mine",
];

#[test]
fn a_target_with_a_windows_is_refused_by_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let archive = archive(&folder.path().join("x.wim"), &new_system());
    let out = folder.path().join("out");
    for hive in [
        "WINNT/system32/CONFIG/sam",
        "Windows.old2/System32/config/SOFTWARE",
    ] {
        put(&out, hive, "regf");
    }
    put(&out, "Windows/System32/drivers/x", "not one");
    let before = seen(&out);
    let error = apply_with(&archive, &out, ApplyOptions::default()).unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("holds a Windows already, in `Windows.old2` and `WINNT`"),
        "{error}"
    );
    assert!(error.hint().unwrap().contains("--move-old"));
    assert_eq!(seen(&out), before);
}

#[test]
fn nothing_of_the_old_system_survives_beside_the_new_hives() {
    let folder = tempfile::tempdir().unwrap();
    let archive = archive(&folder.path().join("x.wim"), &new_system());
    let out = folder.path().join("out");
    for path in OLD.iter().chain(&KEPT) {
        put(&out, path, "regf old");
    }
    // Logs of a hive that is replaced where it is, and things named like them.
    let logs = [
        "Users/Default/NTUSER.DAT.LOG1",
        "Users/Default/ntuser.dat.log",
        "Users/Default/NTUSER.DAT{53b39e3f-18c4-11ea-a811-000d3aa4692b}.TM.blf",
        "Users/Default/NTUSER.DAT{53b39e3f}.TMContainer00000000000000000001.regtrans-ms",
    ];
    for path in logs {
        put(&out, path, "regf old");
    }
    put(&out, "Users/Default/NTUSER.DAT", "regf old");
    put(
        &out,
        "Users/Default/NTUSER.DAT.LOG2",
        "no log of the registry",
    );
    symlink("Users", out.join("Documents and Settings")).unwrap();

    let options = ApplyOptions {
        move_old: Some(Name::new("Windows.old").unwrap()),
        ..ApplyOptions::default()
    };
    let report = apply_with(&archive, &out, options.clone()).unwrap();
    let moved = report.moved.unwrap();
    assert_eq!(moved.into.to_string(), "Windows.old");
    assert_eq!(report.removed.len(), logs.len());
    let now = seen(&out);
    let content = |path: &str| fs::read(out.join(path)).ok();
    for path in OLD {
        assert_eq!(
            content(&format!("Windows.old/{path}")).unwrap(),
            b"regf old",
            "{path}"
        );
        let there = content(path);
        assert!(there.is_none() || there.unwrap() == b"regf new", "{path}");
    }
    for path in KEPT {
        assert_eq!(content(path).unwrap(), b"regf old", "{path}");
    }
    for path in logs {
        assert_eq!(content(path), None, "{path}");
    }
    assert_eq!(content("Users/Default/NTUSER.DAT").unwrap(), b"regf new");
    assert!(content("Users/Default/NTUSER.DAT.LOG2").is_some());
    // All that is outside of the old directory is the new system's, or kept.
    for path in now.keys().filter(|path| !path.starts_with("Windows.old")) {
        let path = path.to_str().unwrap();
        let new = new_system();
        let known = new.iter().any(|entry| entry.path().starts_with(path))
            || KEPT.iter().any(|kept| kept.starts_with(path))
            || path == "Users/Default/NTUSER.DAT.LOG2";
        assert!(known, "{path}");
    }
    // The same name is not taken twice, and without it the new one is refused.
    let error = apply_with(&archive, &out, options).unwrap_err();
    assert!(matches!(error, ApplyError::MoveOldTaken { .. }));
    let error = apply_with(&archive, &out, ApplyOptions::default()).unwrap_err();
    assert!(error.to_string().ends_with("in `Windows`"), "{error}");
}

#[test]
fn what_was_moved_keeps_what_the_sidecar_knows_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let old = archive(
        &folder.path().join("old.wim"),
        &[
            file("Windows/System32/config/SYSTEM", "regf old").security(1),
            file("Users/me/mine", "x").security(2).stream("s", b"mine"),
            file("Users/gone/file", "x").security(3),
        ],
    );
    let new = archive(&folder.path().join("new.wim"), &new_system());
    let out = folder.path().join("out");
    apply(&old, &out);
    fs::remove_dir_all(out.join("Users/gone")).unwrap();
    let options = ApplyOptions {
        move_old: Some(Name::new("Windows.old").unwrap()),
        ..ApplyOptions::default()
    };
    apply_with(&new, &out, options).unwrap();
    let sidecar = Sidecar::open(&out).unwrap().unwrap();
    let security = |path: &str| {
        let path = wimwright_servicing::ImagePath::parse(path).unwrap();
        let entry = sidecar.find(&path)?;
        let id = entry.security_id()?;
        // The last byte of the group's number.
        sidecar
            .metadata()
            .security(id)
            .map(|bytes| bytes[bytes.len() - 4])
    };
    for (path, group) in [
        ("Windows\\System32\\config\\SYSTEM", Some(0)),
        ("Windows.old\\Windows\\System32\\config\\SYSTEM", Some(1)),
        ("Users\\me\\mine", Some(2)),
        ("Users\\gone\\file", None),
        ("Users\\Default\\NTUSER.DAT", Some(0)),
        ("Windows.old\\Users\\me\\mine", None),
    ] {
        assert_eq!(security(path), group, "{path}");
    }
    let path = wimwright_servicing::ImagePath::parse("Users\\me\\mine").unwrap();
    let entry = sidecar.find(&path).unwrap();
    let stream = entry
        .streams()
        .find(|stream| !stream.name.is_empty())
        .unwrap();
    let blob = sidecar.open_blob(&stream.hash).unwrap().unwrap();
    assert_eq!(blob.read_all(100).unwrap(), b"mine");
}

#[test]
fn the_name_to_move_under_has_to_be_free_and_nothing_is_moved_in_vain() {
    let folder = tempfile::tempdir().unwrap();
    let mut entries = new_system();
    entries.push(file("Windows.OLD/x", "in the image"));
    let archive = archive(&folder.path().join("x.wim"), &entries);
    let out = folder.path().join("out");
    put(&out, "bootmgr", "nobody's");
    let options = ApplyOptions {
        move_old: Some(Name::new("Windows.old").unwrap()),
        ..ApplyOptions::default()
    };
    let report = apply_with(&archive, &out, options.clone()).unwrap();
    assert!(report.moved.is_none());
    assert!(
        report
            .findings
            .iter()
            .any(|finding| finding.name == "nothing-to-move")
    );
    assert!(out.join("bootmgr").exists());
    fs::remove_dir_all(out.join("Windows.OLD")).unwrap();
    let error = apply_with(&archive, &out, options).unwrap_err();
    assert!(matches!(error, ApplyError::MoveOldInImage { .. }));
    let reserved = ApplyOptions {
        move_old: Some(Name::new(".wimwright").unwrap()),
        ..ApplyOptions::default()
    };
    let error = apply_with(&archive, &out, reserved).unwrap_err();
    assert!(matches!(error, ApplyError::MoveOldReserved { .. }));
}

#[test]
fn profiles_of_an_old_kind_move_where_a_link_takes_their_place() {
    let folder = tempfile::tempdir().unwrap();
    let archive = archive(&folder.path().join("x.wim"), &new_system());
    let out = folder.path().join("out");
    put(&out, "WINDOWS/system32/config/system", "regf");
    put(&out, "Documents and Settings/me/thesis.doc", "mine");
    let options = ApplyOptions {
        move_old: Some(Name::new("XP").unwrap()),
        ..ApplyOptions::default()
    };
    apply_with(&archive, &out, options).unwrap();
    let moved = out.join("XP/Documents and Settings/me/thesis.doc");
    assert_eq!(fs::read(moved).unwrap(), b"mine");
    let link = fs::read_link(out.join("Documents and Settings")).unwrap();
    assert_eq!(link, PathBuf::from("Users"));
}
