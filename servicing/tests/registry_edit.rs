//! Paths lead to hives; edits change what they come to, and nothing twice.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test program")]

use std::fs;
use std::path::Path;

use wimwright_hive::{FileTime, Hive, MinorVersion, Security};
use wimwright_servicing::plan::Change;
use wimwright_servicing::registry::reg_file::{CodePage, RegFile, RegFileOptions};
use wimwright_servicing::registry::{
    DiffOptions, EditError, HiveName, LocationOptions, Locator, RegData, delete_key, delete_value,
    import, set_value,
};
use wimwright_servicing::{Access, Applied, BeginOptions, Draft, Image, ImagePath, Receipt, Text};
use wimwright_testdata::image::{Data, Windows, hive, write};

const NOW: FileTime = FileTime(0x01DB_0000_0000_0000);
const LINKED: &str = "Classes\\WOW6432Node";

fn put(root: &Path, path: &str, bytes: &[u8]) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

/// An image whose next boot takes another control set than its last, with a
/// link in SOFTWARE, three profiles and a boot store.
fn image() -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    let environment = "ControlSet002\\Control\\Session Manager\\Environment";
    let system = hive(
        "SYSTEM",
        &[
            ("Select", "Default", Data::Dword(2)),
            ("Select", "Current", Data::Dword(1)),
            ("ControlSet001\\Services\\Old", "Start", Data::Dword(3)),
            ("ControlSet002\\Services\\Old", "Start", Data::Dword(2)),
            (environment, "PROCESSOR_ARCHITECTURE", Data::Sz("AMD64")),
        ],
    );
    let windows = Windows::new(10, 0, 19045);
    write(root.path(), &system, &[], &windows, 9);
    let mut software = Hive::open(wimwright_testdata::image::software(&windows)).unwrap();
    let link = "WOW6432Node\\Classes";
    let (id, _) = software.create_key(link, Security::Inherit, NOW).unwrap();
    let target: Vec<u8> = format!("\\Registry\\Machine\\Software\\{LINKED}")
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let name: Vec<u16> = "SymbolicLinkValue".encode_utf16().collect();
    assert!(software.set_value(id, &name, 6, &target, NOW).unwrap());
    software.create_key(LINKED, Security::Inherit, NOW).unwrap();
    let mut bytes = software.into_bytes();
    set_link_flag(&mut bytes, id.offset().in_file().0);
    put(root.path(), "Windows/System32/config/SOFTWARE", &bytes);

    let security = Hive::open(hive("R", &[])).unwrap();
    let security = security.root().security().unwrap().to_vec();
    let old = Hive::create(MinorVersion::V1_3, "R", &security, NOW).unwrap();
    let old = old.into_bytes();
    for path in [
        "Users/Default/NTUSER.DAT",
        "Users/Ann/NTUSER.DAT",
        "Users/Ann/AppData/Local/Microsoft/Windows/UsrClass.dat",
        "Windows/ServiceProfiles/LocalService/NTUSER.DAT",
        "Windows/System32/config/DEFAULT",
        "Windows/System32/config/ELAM",
        "EFI/Microsoft/Boot/BCD",
    ] {
        put(root.path(), path, &old);
    }
    root
}

/// The flags stand behind the cell's size and the signature; no checksum
/// covers them.
fn set_link_flag(bytes: &mut [u8], cell: u64) {
    let at = usize::try_from(cell).unwrap() + 4 + 2;
    assert_eq!(&bytes[at - 2..at], b"nk");
    bytes[at] |= 0x10;
}

fn look(root: &Path) -> Draft {
    Image::open(root, Access::Read).unwrap().look(NOW)
}

fn locator(user: Option<&str>, map: &[&str]) -> Locator {
    Locator::new(LocationOptions {
        user: user.map(str::to_owned),
        map: map.iter().map(|word| (*word).to_owned()).collect(),
    })
    .unwrap()
}

fn edit<T>(
    root: &Path,
    run: impl Fn(&mut Draft) -> Result<T, EditError>,
) -> (Result<T, EditError>, Receipt) {
    let image = Image::open(root, Access::Write).unwrap();
    let mut transaction = image.begin(BeginOptions {
        time: NOW,
        accept_dirty_hive: false,
        strict: true,
    });
    let done = transaction.run("edit", run).pop().unwrap();
    (
        done,
        transaction.prepare().unwrap().commit().unwrap().remove(0),
    )
}

fn imported(root: &Path, files: &[&str]) -> Receipt {
    let files: Vec<(String, RegFile)> = (1..)
        .zip(files)
        .map(|(number, text)| {
            let text = format!("Windows Registry Editor Version 5.00\n{text}");
            let file = RegFile::parse(text.as_bytes(), &RegFileOptions::default()).unwrap();
            (format!("{number}.reg"), file)
        })
        .collect();
    let locator = locator(None, &[]);
    let (done, receipt) = edit(root, |draft| import(draft, &locator, &files));
    let _ = done.unwrap();
    receipt
}

fn written(receipt: &Receipt) -> Vec<String> {
    let steps = receipt.plan.steps.iter();
    let writing = steps.filter(|step| step.change.writes());
    writing
        .map(|step| {
            let word = match step.change {
                Change::CreateKey { .. } | Change::SetValue { .. } => '+',
                Change::DeleteKey { .. } | Change::DeleteValue { .. } => '-',
                _ => '?',
            };
            format!("{word} {}", step.change.subject())
        })
        .collect()
}

#[test]
fn every_way_to_name_a_key_leads_to_its_hive() {
    let root = image();
    let mut look = look(root.path());
    let plain = locator(None, &[]);
    let ann = locator(Some("ann"), &[]);
    let mapped = locator(
        None,
        &[
            "HKLM\\OFFLINE=SOFTWARE",
            "HKEY_USERS\\M=Users\\Ann\\NTUSER.DAT",
        ],
    );
    for (locator, path, places) in [
        (&plain, "SOFTWARE\\Microsoft", "SOFTWARE\\Microsoft"),
        (&plain, "software", "SOFTWARE"),
        (&plain, "HKLM\\SOFTWARE\\a/b", "SOFTWARE\\a/b"),
        (&plain, "\\HKEY_LOCAL_MACHINE\\Software\\", "SOFTWARE"),
        (&plain, "HKLM/SYSTEM/Select", "SYSTEM\\Select"),
        (
            &plain,
            "HKLM\\SYSTEM\\CurrentControlSet\\Services\\x",
            "SYSTEM\\ControlSet002\\Services\\x | SYSTEM\\ControlSet001\\Services\\x",
        ),
        (
            &plain,
            "SYSTEM\\ControlSet001\\x",
            "SYSTEM\\ControlSet001\\x",
        ),
        (&plain, "HKCR\\.txt", "SOFTWARE\\Classes\\.txt"),
        (&plain, "HKEY_CLASSES_ROOT", "SOFTWARE\\Classes"),
        (&plain, "HKLM\\SAM\\SAM", "SAM\\SAM"),
        (&plain, "HKLM\\DRIVERS", "DRIVERS"),
        (
            &plain,
            "HKLM\\ELAM\\x",
            "Windows\\System32\\config\\ELAM\\x",
        ),
        (
            &plain,
            "HKLM\\BCD00000000\\Objects",
            "EFI\\Microsoft\\Boot\\BCD\\Objects",
        ),
        (&plain, "BCD\\Objects", "EFI\\Microsoft\\Boot\\BCD\\Objects"),
        (&plain, "HKU\\.DEFAULT\\Software", "DEFAULT\\Software"),
        (&plain, "HKU\\S-1-5-18", "DEFAULT"),
        (
            &plain,
            "HKU\\S-1-5-19\\x",
            "Windows\\ServiceProfiles\\LocalService\\NTUSER.DAT\\x",
        ),
        (&plain, "HKU\\Ann\\x", "Users\\Ann\\NTUSER.DAT\\x"),
        (
            &plain,
            "HKU\\Ann_Classes\\.txt",
            "Users\\Ann\\AppData\\Local\\Microsoft\\Windows\\UsrClass.dat\\.txt",
        ),
        (
            &plain,
            "HKCU\\Software\\x",
            "Users\\Default\\NTUSER.DAT\\Software\\x",
        ),
        (
            &ann,
            "HKCU\\Software\\x",
            "Users\\Ann\\NTUSER.DAT\\Software\\x",
        ),
        (
            &ann,
            "HKCU\\Software\\Classes\\.txt",
            "Users\\Ann\\AppData\\Local\\Microsoft\\Windows\\UsrClass.dat\\.txt",
        ),
        (
            &plain,
            "HKCU\\Software\\Classes\\.txt",
            "Users\\Default\\NTUSER.DAT\\Software\\Classes\\.txt",
        ),
        (
            &plain,
            "Users\\Ann\\NTUSER.DAT\\x",
            "Users\\Ann\\NTUSER.DAT\\x",
        ),
        (
            &plain,
            "users/ann/ntuser.dat\\x/y",
            "users\\ann\\ntuser.dat\\x/y",
        ),
        (
            &plain,
            "Windows\\System32\\config\\SYSTEM\\Select",
            "SYSTEM\\Select",
        ),
        (&mapped, "HKEY_LOCAL_MACHINE\\offline\\x", "SOFTWARE\\x"),
        (&mapped, "HKU\\M\\x", "Users\\Ann\\NTUSER.DAT\\x"),
        (
            &plain,
            "SOFTWARE\\Wow6432Node\\Classes\\a",
            "SOFTWARE\\Classes\\WOW6432Node\\a",
        ),
    ] {
        let location = locator.locate(&mut look, &Text::from(path)).unwrap();
        let found: Vec<String> = location.places().map(ToString::to_string).collect();
        assert_eq!(found.join(" | "), places, "{path}");
    }
    let said: Vec<&str> = look.findings().iter().map(|finding| finding.name).collect();
    assert_eq!(said, ["control-set", "default-user", "classes-in-profile"]);
}

#[test]
fn what_leads_nowhere_is_refused_with_its_reason() {
    let root = image();
    let mut look = look(root.path());
    let plain = locator(None, &[]);
    let bob = locator(Some("bob"), &[]);
    for (locator, path, said) in [
        (&plain, "HKLM", "is no hive: name one below it"),
        (&plain, "HKU", "is no hive: name one below it"),
        (
            &plain,
            "HKLM\\OFFLINE\\x",
            "`HKLM\\OFFLINE` is no hive of the image",
        ),
        (
            &plain,
            "HKLM\\HARDWARE\\x",
            "the kernel makes it at every boot",
        ),
        (&plain, "HKCC\\x", "hardware profile of the machine"),
        (&plain, "HKPD", "makes it up"),
        (
            &plain,
            "HKU\\Bob\\x",
            "no profile `Bob` (it has: Ann, Default, LocalService)",
        ),
        (&bob, "HKCU\\x", "no profile `bob`"),
        (&plain, "NONSENSE\\x", "begins with no root key"),
        (
            &plain,
            "Users\\Ann\\desktop.ini\\x",
            "begins with no root key",
        ),
        (&plain, "", "has an empty name"),
        (&plain, "SOFTWARE\\a\\\\b", "has an empty name"),
    ] {
        let error = locator.locate(&mut look, &Text::from(path)).unwrap_err();
        assert!(error.to_string().contains(said), "{path}: {error}");
    }
    let long = format!("SOFTWARE\\{}", "x".repeat(256));
    let deep = format!("SOFTWARE{}", "\\x".repeat(600));
    for (path, said) in [(long, "at most 255"), (deep, "at most 512 deep")] {
        let error = plain.locate(&mut look, &Text::from(path)).unwrap_err();
        assert!(error.to_string().contains(said), "{error}");
    }
    for mapping in ["HKLM\\X", "=SOFTWARE", "HKLM\\X="] {
        let options = LocationOptions {
            user: None,
            map: vec![mapping.to_owned()],
        };
        assert!(Locator::new(options).is_err(), "{mapping}");
    }
}

#[test]
fn an_import_writes_what_it_comes_to_and_nothing_the_second_time() {
    let root = image();
    let file = "[HKLM\\SYSTEM\\CurrentControlSet\\Services\\New\\Parameters]\n\
                \"a\"=\"1\"\n\"a\"=\"2\"\n@=dword:5\n\"gone\"=-\n\
                [-HKLM\\SYSTEM\\CurrentControlSet\\Services\\Old]\n\
                [HKCU\\Control Panel]\n\"x\"=hex(2):25,00,00,00\n[HKCR\\.new]\n";
    let receipt = imported(root.path(), &[file]);
    assert_eq!(
        written(&receipt),
        [
            "+ SYSTEM\\ControlSet001\\Services\\New\\Parameters",
            "+ SYSTEM\\ControlSet001\\Services\\New\\Parameters \"a\"",
            "+ SYSTEM\\ControlSet001\\Services\\New\\Parameters (default)",
            "- SYSTEM\\ControlSet001\\Services\\Old",
            "+ SYSTEM\\ControlSet002\\Services\\New\\Parameters",
            "+ SYSTEM\\ControlSet002\\Services\\New\\Parameters \"a\"",
            "+ SYSTEM\\ControlSet002\\Services\\New\\Parameters (default)",
            "- SYSTEM\\ControlSet002\\Services\\Old",
            "+ SOFTWARE\\Classes\\.new",
            "+ Users\\Default\\NTUSER.DAT\\Control Panel",
            "+ Users\\Default\\NTUSER.DAT\\Control Panel \"x\"",
        ]
    );
    let step = receipt.plan.steps.iter().find(|step| step.change.writes());
    assert_eq!(step.unwrap().basis.section, "1.reg:2");
    let look = look(root.path());
    let key = "ControlSet001\\Services\\New\\Parameters".into();
    let value = look.value(HiveName::System, &key, "A").unwrap();
    assert_eq!(value, Some(RegData::sz("2")));
    drop(look);

    let again = imported(root.path(), &[file]);
    assert_eq!(written(&again), [""; 0]);
    assert_eq!(again.written, []);
}

#[test]
fn a_key_deleted_and_set_again_changes_only_what_differs() {
    let root = image();
    let top = "HKEY_LOCAL_MACHINE\\SOFTWARE\\K";
    let first = format!(
        "[{top}]\n\"keep\"=\"1\"\n\"old\"=\"1\"\n[{top}\\Below\\Deep]\n\"x\"=\"1\"\n[{top}\\Gone\\Deep]\n"
    );
    let _ = imported(root.path(), &[&first]);
    // What a set-up program writes: away with it, and all of it anew.
    let anew = format!(
        "[-{top}]\n[{top}]\n\"KEEP\"=\"1\"\n\"new\"=\"1\"\n[{top}\\Below\\Deep]\n\"x\"=\"1\"\n"
    );
    let receipt = imported(root.path(), &[&anew]);
    assert_eq!(
        written(&receipt),
        [
            "- SOFTWARE\\K \"old\"",
            "- SOFTWARE\\K\\Gone",
            "+ SOFTWARE\\K \"new\"",
        ]
    );
    assert_eq!(written(&imported(root.path(), &[&anew])), [""; 0]);
    // The order of the file counts, over files too.
    let gone = format!("[-{top}\\Below]\n");
    let receipt = imported(root.path(), &[&anew, &gone]);
    assert_eq!(written(&receipt), ["- SOFTWARE\\K\\Below"]);
    let receipt = imported(root.path(), &[&gone, &anew]);
    assert_eq!(
        written(&receipt),
        [
            "+ SOFTWARE\\K\\Below",
            "+ SOFTWARE\\K\\Below\\Deep",
            "+ SOFTWARE\\K\\Below\\Deep \"x\"",
        ]
    );
    // A value under a key that a later line deletes is nothing at all.
    let nothing = format!("[{top}\\Tmp]\n\"x\"=\"1\"\n[-{top}\\Tmp]\n[-{top}\\Never]\n");
    assert_eq!(written(&imported(root.path(), &[&nothing])), [""; 0]);
}

#[test]
fn values_and_keys_are_set_and_deleted_in_every_control_set() {
    let root = image();
    let locator = locator(None, &[]);
    let key = Text::from("HKLM\\SYSTEM\\CurrentControlSet\\Services\\Old");
    let start = Text::from("START");
    for changed in [Applied::Changed, Applied::AlreadyTrue] {
        let (done, receipt) = edit(root.path(), |draft| {
            let location = locator.locate(draft, &key)?;
            set_value(draft, &location, &start, &RegData::dword(4))
        });
        assert_eq!(done.unwrap(), changed);
        let changes = if changed == Applied::Changed { 2 } else { 0 };
        assert_eq!(written(&receipt).len(), changes);
    }
    for changed in [Applied::Changed, Applied::AlreadyTrue] {
        let (done, _) = edit(root.path(), |draft| {
            let location = locator.locate(draft, &key)?;
            delete_value(draft, &location, &start)
        });
        assert_eq!(done.unwrap(), changed);
    }
    let services = Text::from("SYSTEM\\CurrentControlSet\\Services");
    let (done, receipt) = edit(root.path(), |draft| {
        let location = locator.locate(draft, &services)?;
        delete_key(draft, &location, false)
    });
    assert!(matches!(done, Err(EditError::HasSubkeys { count: 1, .. })));
    assert_eq!(written(&receipt), [""; 0]);
    for changed in [Applied::Changed, Applied::AlreadyTrue] {
        let (done, _) = edit(root.path(), |draft| {
            let location = locator.locate(draft, &services)?;
            delete_key(draft, &location, true)
        });
        assert_eq!(done.unwrap(), changed);
    }
}

#[test]
fn a_whole_hive_is_not_deleted_and_a_missing_one_not_made() {
    let root = image();
    for (line, said) in [
        ("[-HKLM\\SOFTWARE]", "a whole hive is never deleted"),
        ("[-HKEY_CLASSES_ROOT]", "HKEY_CLASSES_ROOT is a root key"),
        ("[HKLM\\SECURITY\\x]", "the image has no hive SECURITY"),
        ("[HKLM\\NOWHERE\\x]", "`HKLM\\NOWHERE` is no hive"),
    ] {
        let text = format!("REGEDIT4\n[HKLM\\SOFTWARE\\x]\n\n{line}\n");
        let file = RegFile::parse(text.as_bytes(), &RegFileOptions::default()).unwrap();
        let files = [("tweak.reg".to_owned(), file)];
        let locator = locator(None, &[]);
        let (done, receipt) = edit(root.path(), |draft| import(draft, &locator, &files));
        let error = done.unwrap_err();
        assert_eq!(error.to_string(), "`tweak.reg`, line 4");
        let source = std::error::Error::source(&error).unwrap().to_string();
        assert!(source.contains(said), "{source}");
        assert_eq!(receipt.written, []);
    }
}

#[test]
fn ansi_text_is_read_as_the_image_reads_it() {
    let root = image();
    let mut look = look(root.path());
    assert_eq!(CodePage::of_image(&look).unwrap(), CodePage::WESTERN);
    let locator = locator(None, &[]);
    let key = Text::from("SYSTEM\\CurrentControlSet\\Control\\Nls\\CodePage");
    let location = locator.locate(&mut look, &key).unwrap();
    let page = RegData::sz("1251");
    let _ = set_value(&mut look, &location, &Text::from("ACP"), &page).unwrap();
    let page = CodePage::of_image(&look).unwrap();
    assert_eq!(page.name(), "windows-1251");
}

#[test]
fn a_plan_says_what_it_comes_to_in_the_registry() {
    let root = image();
    let mut look = look(root.path());
    let text = "REGEDIT4\n[HKLM\\SOFTWARE\\x]\n\"v\"=\"1\"\n[-HKLM\\SOFTWARE\\y]\n";
    let file = RegFile::parse(text.as_bytes(), &RegFileOptions::default()).unwrap();
    let files = [("tweak.reg".to_owned(), file)];
    let _ = import(&mut look, &locator(None, &[]), &files).unwrap();
    let [(hive, differences)] = look
        .registry_changes(DiffOptions::default())
        .unwrap()
        .try_into()
        .unwrap();
    assert_eq!(hive, HiveName::Software);
    let keys: Vec<String> = differences
        .iter()
        .map(|found| found.key.to_string())
        .collect();
    assert_eq!(keys, ["x", "x"]);
    let file = ImagePath::parse("Windows/System32/config/SOFTWARE").unwrap();
    let named = HiveName::of_file(&file, &ImagePath::parse("Windows").unwrap());
    assert_eq!(named.unwrap(), hive);
}
