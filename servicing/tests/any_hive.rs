//! Every hive of an image can be listed, read and edited, wherever its file
//! lies and whatever its version.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test program")]

use std::fs;
use std::path::Path;

use wimwright_hive::{FileTime, Hive, MinorVersion, Security};
use wimwright_servicing::plan::{Basis, Recovered};
use wimwright_servicing::registry::{HiveName, KeyPath, RegData, RegistryError};
use wimwright_servicing::{Access, BeginOptions, Image, ImagePath, time};
use wimwright_testdata::image::{Data, Windows, hive, software, write};
use wimwright_testdata::{corpus, read};

const BASIS: Basis = Basis::verified("test");
const NOW: FileTime = FileTime(0x01DB_0000_0000_0000);

fn options() -> BeginOptions {
    BeginOptions {
        time: time::from_unix_seconds(1_767_225_600),
        accept_dirty_hive: false,
        strict: false,
    }
}

fn put(root: &Path, path: &str, bytes: &[u8]) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

/// An image of Windows 10 with the hives of `more` in it.
fn image(more: &[(&str, &[u8])]) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    let environment = "ControlSet001\\Control\\Session Manager\\Environment";
    let system = hive(
        "SYSTEM",
        &[
            ("Select", "Default", Data::Dword(1)),
            (environment, "PROCESSOR_ARCHITECTURE", Data::Sz("AMD64")),
        ],
    );
    write(root.path(), &system, &[], &Windows::new(10, 0, 19045), 9);
    for (path, bytes) in more {
        put(root.path(), path, bytes);
    }
    root
}

/// A hive of version 1.3, as profiles and boot stores have it.
fn old_hive() -> Vec<u8> {
    let modern = Hive::open(hive("R", &[])).unwrap();
    let security = modern.root().security().unwrap();
    let mut hive = Hive::create(MinorVersion::V1_3, "R", security, NOW).unwrap();
    let _ = hive.create_key("Software", Security::Inherit, NOW).unwrap();
    hive.into_bytes()
}

#[test]
fn every_hive_of_an_image_is_listed_and_no_log_or_copy() {
    let (new, old) = (hive("R", &[]), old_hive());
    // A log starts with a base block too, of another type.
    let mut log = new.clone();
    log[28] = 6;
    let root = image(&[
        ("Windows/System32/config/SAM", &new),
        ("Windows/System32/config/ELAM", &new),
        ("Windows/System32/config/ELAM.LOG1", &log),
        ("Windows/System32/config/JOURNAL", &log),
        ("Windows/System32/config/SYSTEM.SAV", &new),
        ("Windows/System32/config/RegBack/SYSTEM", &new),
        ("Windows/System32/config/NOTES", b"no hive at all"),
        ("Users/Default/NTUSER.DAT", &old),
        ("Users/Default/ntuser.dat.LOG1", &log),
        ("Users/Ann/ntuser.dat", &old),
        (
            "Users/Ann/AppData/Local/Microsoft/Windows/UsrClass.dat",
            &old,
        ),
        ("Users/Public/desktop.ini", b""),
        ("Windows/ServiceProfiles/LocalService/NTUSER.DAT", &old),
        ("Boot/BCD", &old),
    ]);
    let image = Image::open(root.path(), Access::Read).unwrap();
    let look = image.look(NOW);
    let names: Vec<String> = look
        .hives()
        .unwrap()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        names,
        [
            "SYSTEM",
            "SOFTWARE",
            "DRIVERS",
            "SAM",
            "Boot\\BCD",
            "Users\\Ann\\AppData\\Local\\Microsoft\\Windows\\UsrClass.dat",
            "Users\\Ann\\NTUSER.DAT",
            "Users\\Default\\NTUSER.DAT",
            "Windows\\ServiceProfiles\\LocalService\\NTUSER.DAT",
            "Windows\\System32\\config\\ELAM",
        ]
    );
    let profiles = look.profiles().unwrap();
    let defaults = profiles.iter().filter(|profile| profile.is_default);
    let defaults: Vec<String> = defaults.map(|profile| profile.name()).collect();
    assert_eq!(defaults, ["Default"]);
}

#[test]
fn profiles_are_where_the_image_says() {
    let list = "Microsoft\\Windows NT\\CurrentVersion\\ProfileList";
    let account = format!("{list}\\S-1-5-21-1-2-3-1001");
    let root = image(&[
        (
            "Dokumente und Einstellungen/Default User/NTUSER.DAT",
            &old_hive(),
        ),
        ("Anderswo/Eva/NTUSER.DAT", &old_hive()),
    ]);
    let mut open = Hive::open(software(&Windows::new(5, 1, 2600))).unwrap();
    for (key, name, data) in [
        (
            list,
            "ProfilesDirectory",
            "%SystemDrive%\\Dokumente und Einstellungen",
        ),
        (list, "DefaultUserProfile", "Default User"),
        (&account, "ProfileImagePath", "C:\\Anderswo\\Eva"),
    ] {
        wimwright_testdata::image::set(&mut open, key, name, &Data::Text(data.to_owned()));
    }
    put(
        root.path(),
        "Windows/System32/config/SOFTWARE",
        open.as_bytes(),
    );
    let image = Image::open(root.path(), Access::Read).unwrap();
    let profiles = image.look(NOW).profiles().unwrap();
    let found: Vec<_> = profiles
        .iter()
        .map(|profile| (profile.name(), profile.sid.as_deref(), profile.is_default))
        .collect();
    assert_eq!(
        found,
        [
            ("Eva".to_owned(), Some("S-1-5-21-1-2-3-1001"), false),
            ("Default User".to_owned(), None, true),
        ]
    );
}

#[test]
fn any_hive_is_edited_and_a_second_run_changes_nothing() {
    let (new, old) = (hive("R", &[]), old_hive());
    let root = image(&[
        ("Windows/System32/config/SAM", &new),
        ("Windows/System32/config/SECURITY", &new),
        ("Windows/System32/config/DEFAULT", &new),
        ("Windows/System32/config/COMPONENTS", &new),
        ("Users/Default/NTUSER.DAT", &old),
        ("Boot/BCD", &old),
    ]);
    let (key, big) = (KeyPath::from("Software\\Deep\\Deeper"), vec![7; 20_000]);
    for changed in [true, false] {
        let image = Image::open(root.path(), Access::Write).unwrap();
        let hives = image.look(NOW).hives().unwrap();
        assert_eq!(hives.len(), 9);
        let mut transaction = image.begin(options());
        let results = transaction.run("edit", |draft| {
            for hive in &hives {
                let data = RegData::binary(big.clone());
                let _ = draft.set_value(hive, &key, "Big", data, &BASIS)?;
            }
            Ok::<_, wimwright_servicing::DraftError>(())
        });
        for result in results {
            result.unwrap();
        }
        let prepared = transaction.prepare().unwrap();
        assert_eq!(prepared.writes(), changed);
        let receipt = prepared.commit().unwrap().remove(0);
        assert_eq!(receipt.written.len(), if changed { 9 } else { 0 });
    }
    let look = Image::open(root.path(), Access::Read).unwrap().look(NOW);
    for hive in look.hives().unwrap() {
        let value = look.value(&hive, &key, "big").unwrap();
        assert_eq!(value, Some(RegData::binary(big.clone())), "{hive}");
    }
}

#[test]
fn a_hive_with_a_name_is_not_edited_under_another_one() {
    let root = image(&[]);
    let look = Image::open(root.path(), Access::Read).unwrap().look(NOW);
    let path = ImagePath::parse("windows/system32/config/system").unwrap();
    let error = look.hive(HiveName::File(path)).unwrap_err();
    assert!(matches!(error, RegistryError::OtherName { .. }), "{error}");
}

#[test]
fn the_logs_of_a_profile_are_replayed_whatever_their_case() {
    let Some(corpus) = corpus("the_logs_of_a_profile_are_replayed_whatever_their_case") else {
        return;
    };
    let part = |name: &str| read(&corpus.join("hives").join(name));
    let root = image(&[
        ("Users/Default/NTUSER.DAT", &part("NTUSER-newlog-dirty.DAT")),
        (
            "Users/Default/ntuser.dat.LOG1",
            &part("NTUSER-newlog-dirty.DAT.LOG1.zst"),
        ),
        (
            "Users/Default/ntuser.dat.LOG2",
            &part("NTUSER-newlog-dirty.DAT.LOG2"),
        ),
    ]);
    let hive = HiveName::File(ImagePath::parse("Users/Default/NTUSER.DAT").unwrap());
    let image = Image::open(root.path(), Access::Write).unwrap();
    let mut transaction = image.begin(options());
    for result in transaction.run("edit", |draft| {
        draft.set_value(&hive, &"Software\\X".into(), "v", RegData::dword(1), &BASIS)
    }) {
        let _ = result.unwrap();
    }
    let receipt = transaction.prepare().unwrap().commit().unwrap().remove(0);
    let [(recovered, Recovered::Replayed { .. })] = receipt.recovered.as_slice() else {
        panic!("{:?}", receipt.recovered);
    };
    assert_eq!(*recovered, hive);
    let written = fs::read(root.path().join("Users/Default/NTUSER.DAT")).unwrap();
    let open = Hive::open(written).unwrap();
    let value = open
        .key("Software\\X")
        .unwrap()
        .unwrap()
        .value("v")
        .unwrap();
    assert_eq!(value.unwrap().as_u32(), Some(1));
}
