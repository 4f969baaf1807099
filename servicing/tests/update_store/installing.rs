//! Installing: what is simple, and the refusal of all else.

use wimwright_servicing::registry::{HiveName, KeyPath, RegData};
use wimwright_servicing::security::sddl;
use wimwright_servicing::update::installing::{InstallError, install};
use wimwright_servicing::update::staging::{StageError, StageOptions, stage, unstage};
use wimwright_servicing::update::store::{PackageState, PackageStore, WINNERS_KEY, winner};
use wimwright_servicing::update::{Identity, consistency};
use wimwright_servicing::{FileTree as _, ImagePath};
use wimwright_testdata::cbs_image::CbsImage;
use wimwright_testdata::update_package::{
    Brings, CatalogForm, Component, Deployment, KEY_SDDL, Package as Made,
};

use crate::support::{Stored, captured, now, on_every_image, open, trusted, update_for};

const OPTIONS: StageOptions<'_> = StageOptions {
    accept_untrusted: false,
    source_name: None,
};
const KEY: &str = "Test\\Calculator";

fn path(text: &str) -> ImagePath {
    ImagePath::parse(text).unwrap()
}

fn calculator(version: &str) -> Identity {
    let name = format!("Microsoft-Windows-calc~31bf3856ad364e35~amd64~~{version}");
    let mut identity = Identity::from_package_name(&name).unwrap();
    identity.version_scope = Some("nonSxS".to_owned());
    identity
}

#[test]
fn an_installed_package_is_in_use() {
    on_every_image(|image, stored| {
        let (made, form) = update_for(image);
        let package = trusted(&made, form);
        let (installed, receipt) = stored.commit(|draft| install(draft, &package, OPTIONS));
        let installed = installed.unwrap();
        let seven = image.windows.major == 6;
        // Of two branches the one that the image is on.
        let version = if seven {
            "6.1.7601.18000"
        } else {
            "10.0.19041.900"
        };
        assert_eq!(installed.in_use.len(), 2);
        assert_eq!(installed.staged_only, if seven { 2 } else { 0 });
        assert!(installed.lower.is_empty() && !installed.unchanged);
        assert!(receipt.basis.recalled > 0);
        assert_eq!(stored.inconsistencies(), []);

        let draft = stored.look();
        let in_place = path("Windows\\System32\\calc.exe");
        let bytes = draft.read(&in_place, 999).unwrap().unwrap();
        assert_eq!(bytes, version.as_bytes());
        let there = installed
            .in_use
            .iter()
            .find(|name| name.starts_with("amd64"));
        let stored_at = path(&format!("Windows\\WinSxS\\{}\\calc.exe", there.unwrap()));
        assert!(draft.same_file(&in_place, &stored_at).unwrap());
        let of_32_bit = draft
            .read(&path("Windows\\SysWOW64\\calc.exe"), 99)
            .unwrap();
        assert_eq!(of_32_bit.unwrap(), b"32 bits");
        assert!(
            !draft
                .has_file(&path("Windows\\SysWOW64\\template.dat"))
                .unwrap()
        );

        let family = calculator("6.1.0.0").with_version(version.parse().unwrap());
        let found = winner(&draft, &family).unwrap().unwrap();
        assert_eq!(found.to_string(), version);
        let value = |name: &str| draft.value(HiveName::Software, &KeyPath::from(KEY), name);
        assert_eq!(value("Version").unwrap(), Some(RegData::sz(version)));
        assert_eq!(value("Mode").unwrap(), Some(RegData::dword(2)));
        let hive = draft.hive(HiveName::Software).unwrap().unwrap();
        let key = hive.key(KEY).unwrap().unwrap();
        assert_eq!(
            key.security().unwrap(),
            sddl::parse(KEY_SDDL, &sddl::KEYS).unwrap()
        );
        let store = PackageStore::read(&draft).unwrap();
        for name in &installed.packages {
            let identity = Identity::from_package_name(name).unwrap();
            assert_eq!(
                store.package(&identity).unwrap().state,
                PackageState::INSTALLED
            );
        }
        let catalog = "Windows\\System32\\CatRoot\\{F750E6C3-38EE-11D1-85E5-00C04FC295EE}";
        let catalog = format!("{catalog}\\{}.cat", installed.packages[1]);
        assert!(draft.has_file(&path(&catalog)).unwrap());
        drop(draft);

        // A second run changes nothing; staging it changes nothing either.
        let bytes = stored.bytes();
        let (again, _) = stored.commit(|draft| install(draft, &package, OPTIONS));
        assert!(again.unwrap().unchanged);
        let (again, _) = stored.commit(|draft| stage(draft, &package, OPTIONS));
        assert!(again.unwrap().unchanged);
        assert!(stored.bytes() == bytes);
        // In use, only Windows removes it.
        let (removed, _) = stored.commit(|draft| unstage(draft, &installed.identity));
        assert!(matches!(removed, Err(StageError::InUse { .. })));
    });
}

#[test]
fn what_was_staged_goes_on_to_be_installed() {
    on_every_image(|image, stored| {
        let (made, form) = update_for(image);
        let package = trusted(&made, form);
        let (staged, _) = stored.commit(|draft| stage(draft, &package, OPTIONS));
        staged.unwrap();
        let (installed, _) = stored.commit(|draft| install(draft, &package, OPTIONS));
        assert_eq!(installed.unwrap().in_use.len(), 2);
        assert_eq!(stored.inconsistencies(), []);
        let straight = Stored::new(image, false);
        let (installed, _) = straight.commit(|draft| install(draft, &package, OPTIONS));
        installed.unwrap();
        let options = wimwright_servicing::diff::Options::default();
        let (one, other) = (stored.look(), straight.look());
        let found =
            wimwright_servicing::diff::images(&one, &other, &options, &mut |_, _, _| ()).unwrap();
        assert!(found.files.is_empty(), "{:?}", found.files);
        assert!(found.registry.is_empty(), "{:?}", found.registry);
    });
}

#[test]
fn a_lower_version_stays_in_the_store() {
    let image = CbsImage::windows_10();
    let stored = Stored::new(&image, true);
    let package = |kb: u32, revision: &str, elevate| {
        let component = Component::new("Microsoft-Windows-calc", "amd64", revision).file(
            "calc.exe",
            Some("$(runtime.system32)\\"),
            revision.as_bytes(),
        );
        let deployment = Deployment::new(kb, revision, vec![component]);
        let parent = ("Microsoft-Windows-Client-Features-Package", "10.0.19041.1");
        let made = Made::new(&format!("Package_for_KB{kb}"), "10.0.1.0", parent);
        trusted(
            &made.with("u", elevate, Brings::Deployment(deployment)),
            CatalogForm::V2,
        )
    };
    let (newer, older) = (
        package(2, "10.0.19041.900", None),
        package(1, "10.0.19041.800", None),
    );
    let (done, _) = stored.commit(|draft| install(draft, &newer, OPTIONS));
    assert_eq!(done.unwrap().in_use.len(), 1);
    let (done, _) = stored.commit(|draft| install(draft, &older, OPTIONS));
    let done = done.unwrap();
    assert_eq!((done.in_use.len(), done.lower.len()), (0, 1));
    assert_eq!(stored.inconsistencies(), []);
    let draft = stored.look();
    let bytes = draft
        .read(&path("Windows\\System32\\calc.exe"), 99)
        .unwrap();
    assert_eq!(bytes.unwrap(), b"10.0.19041.900");
    let names = draft
        .value_names(
            HiveName::Software,
            &KeyPath::from(format!(
                "{WINNERS_KEY}\\{}\\10.0",
                wimwright_servicing::update::key_form::winners_name(&calculator("10.0.19041.1"))
            )),
        )
        .unwrap();
    assert_eq!(names.len(), 4, "{names:?}");
    drop(draft);
    // With a condition it does not even apply.
    let conditional = package(3, "10.0.19041.850", Some("install"));
    let mut draft = stored.look();
    let error = install(&mut draft, &conditional, OPTIONS).unwrap_err();
    assert!(matches!(error, InstallError::NothingApplies), "{error}");
}

#[test]
fn what_is_not_simple_is_refused_by_its_name() {
    let image = CbsImage::windows_10();
    let stored = Stored::new(&image, false);
    let simple = || Component::new("Test-Component", "amd64", "10.0.19041.5");
    let in_system = Some("$(runtime.system32)\\");
    let calc = || Component::new("Microsoft-Windows-calc", "amd64", "10.0.19041.5");
    let key = |path: &str, name: &str, kind: &str, data: &str| {
        simple().key(path, &[(name, kind, data)], false)
    };
    let category = |instance: &str| {
        format!(
            "<memberships><categoryMembership><id name=\"C\" version=\"1.0.0.0\" \
             publicKeyToken=\"365143bb27e7ac8b\" typeName=\"BootRecovery\"/>{instance}\
             </categoryMembership></memberships>"
        )
    };
    for (component, expected) in [
        (simple().more("<taskScheduler/>"), "`taskScheduler`"),
        (
            simple().more("<ExtendedSecurityUpdatesAI SKUs=\"0x7\"/>"),
            "`ExtendedSecurityUpdatesAI`",
        ),
        (
            simple().more(&category("<categoryInstance subcategory=\"s\"><serviceData/></categoryInstance>")),
            "memberships/categoryMembership/categoryInstance/serviceData",
        ),
        (simple().more(&category("")), "`BootRecovery`"),
        (
            simple().more("<directories><directory destinationPath=\"$(runtime.system32)\\x\"/></directories>"),
            "directories/directory",
        ),
        (simple().file("a", Some("$(runtime.startMenu)\\"), b""), "`$(runtime.startMenu)`"),
        (
            Component::new("Test-Component", "x86", "10.0.19041.5")
                .file("a", Some("$(runtime.drivers)\\"), b""),
            "32-bit component",
        ),
        (simple().file("calc.exe", in_system, b"another"), "somebody put another one"),
        (calc().file("other.exe", in_system, b""), "calc.exe` of version 10.0.19041.1"),
        (key("HKEY_CURRENT_USER\\x", "n", "REG_SZ", "x"), "only SOFTWARE"),
        (
            key("HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Services\\x", "n", "REG_SZ", ""),
            "services are left to Windows",
        ),
        (key("HKEY_LOCAL_MACHINE\\SOFTWARE\\x", "n", "REG_LINK", "x"), "`REG_LINK`"),
        (key("HKEY_LOCAL_MACHINE\\SOFTWARE\\x", "n", "REG_DWORD", "x"), "no data of"),
        (
            key("HKEY_LOCAL_MACHINE\\SOFTWARE\\x", "n", "REG_SZ", "$(runtime.windows)"),
            "macro",
        ),
        (
            Component::new("Test-Component", "wow64", "10.0.19041.5").key(
                "HKEY_LOCAL_MACHINE\\SOFTWARE\\x",
                &[],
                false,
            ),
            "32-bit component",
        ),
    ] {
        let deployment = Deployment::new(9, "10.0.19041.5", vec![component]);
        let parent = ("Microsoft-Windows-Client-Features-Package", "10.0.19041.1");
        let made = Made::new("Package_for_KB9", "10.0.1.0", parent);
        let made = made.with("u", None, Brings::Deployment(deployment));
        let package = trusted(&made, CatalogForm::V2);
        let mut draft = stored.look();
        let error = install(&mut draft, &package, OPTIONS).unwrap_err();
        let mut text = error.to_string();
        let mut cause = std::error::Error::source(&error);
        while let Some(inner) = cause {
            text.push_str(&format!(": {inner}"));
            cause = inner.source();
        }
        assert!(text.contains(expected), "{expected}: {text}");
        assert!(error.can_wait(), "{text}");
        assert!(draft.plan().steps.is_empty());
        // In the store it can be all the same.
        assert!(!stage(&mut draft, &package, OPTIONS).unwrap().unchanged);
    }
}

#[test]
fn captured_again_the_wim_holds_each_payload_once() {
    let image = CbsImage::windows_10();
    let stored = Stored::new(&image, false);
    let (made, form) = update_for(&image);
    let package = trusted(&made, form);
    let (installed, _) = stored.commit(|draft| install(draft, &package, OPTIONS));
    installed.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let wim = folder.path().join("again.wim");
    captured(&stored.root(), &wim);
    let draft = open(&wim, wimwright_servicing::Access::Read).look(now());
    assert_eq!(consistency::check(&draft).unwrap(), []);
    // Its content is in the file once, whatever its names.
    let bytes = std::fs::read(&wim).unwrap();
    let needle = b"10.0.19041.900";
    let plain = bytes.windows(needle.len()).filter(|part| part == needle);
    assert_eq!(plain.count(), 1 + in_text(&stored, needle));
    let in_wim = Stored::new(&image, true);
    let (installed, _) = in_wim.commit(|draft| install(draft, &package, OPTIONS));
    installed.unwrap();
    let links = |draft: &wimwright_servicing::Draft| {
        let at = path("Windows\\System32\\calc.exe");
        draft.metadata(&at).unwrap().unwrap().links
    };
    assert_eq!((links(&draft), links(&in_wim.look())), (2, 2));
}

/// How often `needle` stands in files that are not the payload.
fn in_text(stored: &Stored, needle: &[u8]) -> usize {
    let mut seen = std::collections::BTreeSet::new();
    let mut count = 0;
    for (_, bytes) in stored.bytes() {
        // Equal contents are stored once.
        if bytes == needle || !seen.insert(bytes.clone()) {
            continue;
        }
        count += bytes
            .windows(needle.len())
            .filter(|part| *part == needle)
            .count();
    }
    count
}
