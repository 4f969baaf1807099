//! What differs between two images: exactly that, all of it, and nothing that
//! only looks so.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test program")]

use std::fs;
use std::path::Path;

use tempfile::TempDir;
use wimwright_hive::{FileTime, Hive, MinorVersion, Security};
use wimwright_servicing::diff::{
    DiffError, Exclude, FileChange, HiveChange, ImageDifferences, Options, images, registry,
};
use wimwright_servicing::plan::{Basis, Change, Content};
use wimwright_servicing::registry::{
    Condition, DiffOptions, HiveName, KeyDetail, KeyPath, RegChange, RegData, RegDifference,
    diff_keys,
};
use wimwright_servicing::{Access, BeginOptions, Draft, DraftError, Image, ImagePath, Text, time};
use wimwright_testdata::image::{Data, Windows, hive, set, write};
use wimwright_testdata::{corpus, read};

const BASIS: Basis = Basis::verified("test");
const NOW: FileTime = FileTime(134_116_992_000_000_000);
const KEY: &str = "ControlSet001\\Services\\Example";

fn system() -> Vec<u8> {
    let environment = "ControlSet001\\Control\\Session Manager\\Environment";
    hive(
        "SYSTEM",
        &[
            ("Select", "Default", Data::Dword(1)),
            (environment, "PROCESSOR_ARCHITECTURE", Data::Sz("AMD64")),
            (KEY, "Start", Data::Dword(3)),
            (KEY, "", Data::Sz("default")),
            (
                "ControlSet001\\Services\\Old\\Parameters",
                "a",
                Data::Sz("b"),
            ),
        ],
    )
}

fn image_with(system: &[u8]) -> TempDir {
    let root = tempfile::tempdir().unwrap();
    write(root.path(), system, &[], &Windows::new(10, 0, 19045), 9);
    root
}

fn image() -> TempDir {
    image_with(&system())
}

fn open(root: &Path) -> Image {
    Image::open(root, Access::Read).unwrap()
}

fn look(root: &Path) -> Draft {
    open(root).look(NOW)
}

fn compare(a: &Draft, b: &Draft, options: &Options) -> ImageDifferences {
    images(a, b, options, &mut |_, _, _| {}).unwrap()
}

/// A line a difference.
fn told(found: &ImageDifferences) -> Vec<String> {
    let condition = |condition: &Condition| match condition {
        Condition::Clean => "clean",
        Condition::Replayed(_) => "replayed",
        Condition::Unrecovered(_) => "lost",
    };
    let files = found.files.iter().map(|found| {
        let path = &found.path;
        match &found.change {
            FileChange::Added(_) => format!("+ {path}"),
            FileChange::Removed(_) => format!("- {path}"),
            FileChange::Content { .. } => format!("~ {path}"),
            FileChange::Spelling { old, new } => format!("~ {path} {old} > {new}"),
            FileChange::HiveCondition { old, new } => {
                format!("~ {path} {} > {}", condition(old), condition(new))
            }
            other => format!("~ {path} {other:?}"),
        }
    });
    let registry = found.registry.iter().map(|found| {
        let hive = &found.hive;
        let found = match &found.change {
            HiveChange::Added { keys, values } => return format!("+ {hive} {keys} {values}"),
            HiveChange::Removed { keys, values } => return format!("- {hive} {keys} {values}"),
            HiveChange::Key(found) => found,
        };
        let at = format!("{hive}\\{}", found.key);
        match &found.what {
            RegChange::KeyAdded => format!("+ {at}"),
            RegChange::KeyRemoved => format!("- {at}"),
            RegChange::ValueAdded { name, new } => format!("+ {at} \"{name}\" {new}"),
            RegChange::ValueRemoved { name, old } => format!("- {at} \"{name}\" {old}"),
            RegChange::ValueChanged { name, old, new } => {
                format!("~ {at} \"{name}\" {old} > {new}")
            }
            RegChange::SecurityChanged { .. } => format!("~ {at} security"),
            RegChange::Detail(detail) => format!("~ {at} {detail:?}"),
        }
    });
    files.chain(registry).collect()
}

/// The same differences, seen from the other side.
fn mirrored(found: &ImageDifferences) -> ImageDifferences {
    let mut found = found.clone();
    for file in &mut found.files {
        file.change = match file.change.clone() {
            FileChange::Added(state) => FileChange::Removed(state),
            FileChange::Removed(state) => FileChange::Added(state),
            FileChange::Content { old, new, first } => FileChange::Content {
                old: new,
                new: old,
                first,
            },
            FileChange::HiveCondition { old, new } => {
                FileChange::HiveCondition { old: new, new: old }
            }
            other => panic!("no test here makes {other:?}"),
        };
    }
    for entry in &mut found.registry {
        let HiveChange::Key(difference) = &mut entry.change else {
            panic!("no test here makes {entry:?}");
        };
        difference.what = match difference.what.clone() {
            RegChange::KeyAdded => RegChange::KeyRemoved,
            RegChange::KeyRemoved => RegChange::KeyAdded,
            RegChange::ValueAdded { name, new } => RegChange::ValueRemoved { name, old: new },
            RegChange::ValueRemoved { name, old } => RegChange::ValueAdded { name, new: old },
            RegChange::ValueChanged { name, old, new } => RegChange::ValueChanged {
                name,
                old: new,
                new: old,
            },
            RegChange::SecurityChanged { old, new } => {
                RegChange::SecurityChanged { old: new, new: old }
            }
            RegChange::Detail(detail) => RegChange::Detail(match detail {
                KeyDetail::KeySpelling { old, new } => {
                    KeyDetail::KeySpelling { old: new, new: old }
                }
                KeyDetail::ValueSpelling { old, new } => {
                    KeyDetail::ValueSpelling { old: new, new: old }
                }
                KeyDetail::Class { old, new } => KeyDetail::Class { old: new, new: old },
                KeyDetail::Flags { old, new } => KeyDetail::Flags { old: new, new: old },
            }),
        };
    }
    found
}

fn assert_same(left: &ImageDifferences, right: &ImageDifferences, what: &str) {
    assert_eq!(left.files, right.files, "{what}");
    assert_eq!(left.registry.len(), right.registry.len(), "{what}");
    for (left, right) in left.registry.iter().zip(&right.registry) {
        let (mut left, right) = (left.clone(), right.clone());
        // A value that both have is named as the second image spells it.
        if let (HiveChange::Key(left), HiveChange::Key(right)) = (&mut left.change, &right.change)
            && let RegChange::ValueChanged { name, .. } = &mut left.what
            && let RegChange::ValueChanged { name: other, .. } = &right.what
            && name.eq_ignore_case(other)
        {
            *name = other.clone();
        }
        assert_eq!(left, right, "{what}");
    }
}

/// All that two hives can differ in.
fn keys(a: &Hive, b: &Hive, security: bool) -> Vec<RegDifference> {
    let options = DiffOptions {
        security,
        details: true,
    };
    diff_keys(Some(a.root()), Some(b.root()), options).unwrap()
}

fn path(text: &str) -> ImagePath {
    ImagePath::parse(text).unwrap()
}

#[test]
fn one_change_of_a_draft_is_one_difference() {
    let root = image();
    let before = look(root.path());
    let key = || KeyPath::from(KEY);
    let set = |name: &str, data| Change::SetValue {
        hive: HiveName::System,
        key: key(),
        name: Text::from(name),
        data,
    };
    let put = |file: &str, bytes: &[u8]| Change::PutFile {
        path: path(file),
        content: Content::Inline(bytes.to_vec()),
    };
    let exact = RegData {
        kind: 3,
        bytes: 3_u32.to_le_bytes().to_vec(),
    };
    for (change, expected) in [
        (put("new.txt", b"1"), vec!["+ new.txt"]),
        (
            put("Windows\\INF\\usb.inf", b"1"),
            vec!["~ Windows\\INF\\usb.inf"],
        ),
        (
            Change::Remove {
                path: path("Windows\\INF\\usb.inf"),
            },
            vec!["- Windows\\INF\\usb.inf"],
        ),
        (Change::MakeDirectory { path: path("new") }, vec!["+ new"]),
        (
            Change::CreateKey {
                hive: HiveName::Software,
                key: KeyPath::from("Microsoft\\New"),
            },
            vec!["+ SOFTWARE\\Microsoft\\New"],
        ),
        (
            set("Start", RegData::dword(4)),
            vec![
                "~ SYSTEM\\ControlSet001\\Services\\Example \"Start\" REG_DWORD 3 (0x3) > REG_DWORD 4 (0x4)",
            ],
        ),
        // The type only.
        (
            set("Start", exact),
            vec![
                "~ SYSTEM\\ControlSet001\\Services\\Example \"Start\" REG_DWORD 3 (0x3) > REG_BINARY 03000000",
            ],
        ),
        (
            set("", RegData::sz("Default")),
            vec![
                "~ SYSTEM\\ControlSet001\\Services\\Example \"\" REG_SZ \"default\" > REG_SZ \"Default\"",
            ],
        ),
        (
            set("New", RegData::none()),
            vec!["+ SYSTEM\\ControlSet001\\Services\\Example \"New\" REG_NONE (empty)"],
        ),
        (
            Change::DeleteValue {
                hive: HiveName::System,
                key: key(),
                name: Text::from("START"),
            },
            vec!["- SYSTEM\\ControlSet001\\Services\\Example \"Start\" REG_DWORD 3 (0x3)"],
        ),
        // A key goes with all that is below it.
        (
            Change::DeleteKey {
                hive: HiveName::System,
                key: KeyPath::from("ControlSet001\\Services\\Old"),
            },
            vec![
                "- SYSTEM\\ControlSet001\\Services\\Old",
                "- SYSTEM\\ControlSet001\\Services\\Old\\Parameters",
                "- SYSTEM\\ControlSet001\\Services\\Old\\Parameters \"a\" REG_SZ \"b\"",
            ],
        ),
    ] {
        let mut after = look(root.path());
        let _ = after.plan_change(change.clone(), &BASIS).unwrap();
        let compared = compare(&before, &after, &Options::default());
        assert_eq!(told(&compared), expected, "{change:?}");
        let back = compare(&after, &before, &Options::default());
        assert_same(&mirrored(&back), &compared, &format!("{change:?}"));
    }
}

#[test]
fn names_in_another_case_are_told_as_that() {
    let mut one = Hive::open(hive("R", &[("Key\\Below", "Value", Data::Dword(1))])).unwrap();
    let two = Hive::open(hive("R", &[("KEY\\Below", "VALUE", Data::Dword(1))])).unwrap();
    let lines = |a: &Hive, b: &Hive| -> Vec<String> {
        let found = keys(a, b, true);
        let line = |found: &RegDifference| match &found.what {
            RegChange::Detail(
                KeyDetail::KeySpelling { old, new } | KeyDetail::ValueSpelling { old, new },
            ) => format!("{} {old} > {new}", found.key),
            other => format!("{} {other:?}", found.key),
        };
        found.iter().map(line).collect()
    };
    assert_eq!(
        lines(&one, &two),
        ["KEY Key > KEY", "KEY\\Below Value > VALUE"]
    );
    assert_eq!(
        lines(&two, &one),
        ["Key KEY > Key", "Key\\Below VALUE > Value"]
    );
    // A key that goes and one that comes are no key in another case.
    set(&mut one, "Keys", "x", &Data::Dword(1));
    assert_eq!(lines(&two, &one).len(), 4);
}

/// Where a record of the hive lies: the cell's content, by its key's name.
fn key_record(bytes: &[u8], name: &str) -> usize {
    let at = bytes
        .windows(name.len())
        .position(|found| found == name.as_bytes());
    at.unwrap() - 76
}

#[test]
fn flags_class_names_and_security_are_told() {
    let bytes = hive("R", &[("Example", "v", Data::Dword(1))]);
    let one = Hive::open(bytes.clone()).unwrap();

    let mut flagged = bytes.clone();
    let record = key_record(&flagged, "Example");
    let flags = flagged.get_mut(record + 2..record + 4).unwrap();
    assert_eq!(flags, [0x20, 0]);
    flags.copy_from_slice(&[0x28, 0]);
    let two = Hive::open(flagged).unwrap();
    let found = keys(&one, &two, false);
    assert_eq!(found.len(), 1);
    let expected = RegChange::Detail(KeyDetail::Flags { old: 0, new: 8 });
    assert_eq!(found.first().unwrap().what, expected);

    // A class name: the data of a value that the key does not have any more.
    let mut classed = hive("R", &[("Example", "v", Data::Sz("classy"))]);
    let record = key_record(&classed, "Example");
    let text: Vec<u8> = "classy".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let cell = classed.windows(12).position(|found| found == text).unwrap() - 4 - 4096;
    let mut field = |at: usize, bytes: &[u8]| {
        let field = classed.get_mut(record + at..record + at + bytes.len());
        field.unwrap().copy_from_slice(bytes);
    };
    field(36, &0_u32.to_le_bytes());
    field(48, &(cell as u32).to_le_bytes());
    field(74, &12_u16.to_le_bytes());
    let classed = Hive::open_accepting_dirty(classed).unwrap();
    let mut unclassed = Hive::open(hive("R", &[])).unwrap();
    let _ = unclassed
        .create_key("Example", Security::Inherit, NOW)
        .unwrap();
    let found = keys(&unclassed, &classed, false);
    assert_eq!(found.len(), 1);
    let expected = RegChange::Detail(KeyDetail::Class {
        old: None,
        new: Some(Text::from("classy")),
    });
    assert_eq!(found.first().unwrap().what, expected);

    // A key with security of its own: only when asked for.
    let mut own = Hive::open(bytes).unwrap();
    let mut descriptor = own.root().security().unwrap().to_vec();
    *descriptor.get_mut(2).unwrap() ^= 0x10;
    let root = own.root().id();
    let name: Vec<u16> = "Other".encode_utf16().collect();
    let mut twin = own.clone();
    own.create_subkey(root, &name, Security::Descriptor(&descriptor), NOW)
        .unwrap();
    twin.create_subkey(root, &name, Security::Inherit, NOW)
        .unwrap();
    assert_eq!(keys(&own, &twin, false), []);
    let found = keys(&own, &twin, true);
    assert_eq!(found.len(), 1);
    let found = found.first().unwrap();
    assert_eq!(found.key, KeyPath::from("Other"));
    assert!(matches!(&found.what, RegChange::SecurityChanged { old, .. } if *old == descriptor));
}

#[test]
fn an_edit_and_its_undoing_leave_no_difference_though_the_bytes_differ() {
    let (one, two) = (image(), image());
    let options = BeginOptions {
        time: time::from_unix_seconds(1_800_000_000),
        accept_dirty_hive: false,
        strict: false,
    };
    let edit = |name: &str, act: &dyn Fn(&mut Draft) -> Result<(), DraftError>| {
        let image = Image::open(two.path(), Access::Write).unwrap();
        let mut transaction = image.begin(options);
        for done in transaction.run(name, |draft| act(draft)) {
            done.unwrap();
        }
        let _ = transaction.prepare().unwrap().commit().unwrap();
    };
    let key = KeyPath::from("ControlSet001\\Services\\Added");
    edit("add", &|draft| {
        let _ = draft.set_value(HiveName::System, &key, "Start", RegData::dword(1), &BASIS)?;
        let change = Change::PutFile {
            path: path("Windows\\INF\\oem0.inf"),
            content: Content::Inline(b"x".to_vec()),
        };
        draft.plan_change(change, &BASIS).map(drop)
    });
    let (a, b) = (look(one.path()), look(two.path()));
    assert_eq!(
        told(&compare(&a, &b, &Options::default())),
        [
            "+ Windows\\INF\\oem0.inf",
            "+ SYSTEM\\ControlSet001\\Services\\Added",
            "+ SYSTEM\\ControlSet001\\Services\\Added \"Start\" REG_DWORD 1 (0x1)",
        ]
    );
    edit("remove", &|draft| {
        let (hive, key) = (HiveName::System, key.clone());
        let _ = draft.plan_change(Change::DeleteKey { hive, key }, &BASIS)?;
        let path = path("Windows\\INF\\oem0.inf");
        draft.plan_change(Change::Remove { path }, &BASIS).map(drop)
    });
    let (a, b) = (look(one.path()), look(two.path()));
    let options = Options {
        security: true,
        ..Options::default()
    };
    assert_eq!(told(&compare(&a, &b, &options)), [] as [String; 0]);
    let system = "Windows/System32/config/SYSTEM";
    let bytes = |root: &TempDir| fs::read(root.path().join(system)).unwrap();
    assert_ne!(bytes(&one), bytes(&two));
}

#[test]
fn any_hive_is_compared_and_one_that_is_missing_is_told() {
    let (one, two) = (image(), image());
    let put = |root: &TempDir, file: &str, bytes: &[u8]| {
        let file = root.path().join(file);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, bytes).unwrap();
    };
    let user = |data| hive("U", &[("Software\\x", "y", data)]);
    put(&one, "Users/Default/NTUSER.DAT", &user(Data::Dword(1)));
    put(&two, "Users/default/NTUSER.DAT", &user(Data::Dword(2)));
    put(&one, "Users/Default/NTUSER.DAT.LOG1", b"");
    put(&two, "Users/default/ntuser.dat.LOG1", b"some log");
    put(&one, "Windows/System32/config/SAM", &user(Data::Dword(1)));
    put(&two, "Boot/BCD", &user(Data::Dword(1)));
    // Not a hive's log, though it looks like one.
    put(&one, "Windows/other.LOG1", b"1");
    put(&two, "Windows/other.LOG1", b"2");
    let (a, b) = (look(one.path()), look(two.path()));
    let found = compare(&a, &b, &Options::default());
    let expected = [
        "+ Boot",
        "+ Boot\\BCD",
        "~ Users\\default Default > default",
        "~ Users\\default\\ntuser.dat.LOG1 NTUSER.DAT.LOG1 > ntuser.dat.LOG1",
        "~ Windows\\other.LOG1",
        "- Windows\\System32\\config\\SAM",
        "- SAM 3 1",
        "+ Boot\\BCD 3 1",
        "~ Users\\Default\\NTUSER.DAT\\Software\\x \"y\" REG_DWORD 1 (0x1) > REG_DWORD 2 (0x2)",
    ];
    assert_eq!(told(&found), expected);
    assert_eq!(found.findings, []);

    // A hive whose file is left out is left out of the registry, too.
    let options = Options {
        exclude: Exclude::new(&["Users", "SAM", "\\Boot", "*.LOG1"]).unwrap(),
        ..Options::default()
    };
    assert_eq!(told(&compare(&a, &b, &options)), [] as [String; 0]);
}

#[test]
fn what_keys_do_not_show_of_a_hive_is_told_with_its_file() {
    let one = image();
    // As a crash leaves it: the write was begun and not finished.
    let mut dirty = system();
    *dirty.get_mut(4).unwrap() += 1;
    let two = image_with(&dirty);
    let (a, b) = (look(one.path()), look(two.path()));
    let found = told(&compare(&a, &b, &Options::default()));
    // Its bytes are compared as well: what its last write was is lost.
    let system = "Windows\\System32\\config\\SYSTEM";
    assert_eq!(
        found,
        [format!("~ {system}"), format!("~ {system} clean > lost")]
    );
    let back = told(&compare(&b, &a, &Options::default()));
    assert_eq!(
        back,
        [format!("~ {system}"), format!("~ {system} lost > clean")]
    );
    let itself = compare(&b, &look(two.path()), &Options::default());
    assert_eq!(told(&itself), [] as [String; 0]);

    // Another format version, the same keys.
    let modern = hive("U", &[("Software", "y", Data::Dword(1))]);
    let security = Hive::open(modern.clone())
        .unwrap()
        .root()
        .security()
        .unwrap()
        .to_vec();
    let mut old = Hive::create(MinorVersion::V1_3, "U", &security, NOW).unwrap();
    set(&mut old, "Software", "y", &Data::Dword(1));
    let other = image();
    fs::write(one.path().join("Windows/System32/config/DEFAULT"), modern).unwrap();
    fs::write(
        other.path().join("Windows/System32/config/DEFAULT"),
        old.into_bytes(),
    )
    .unwrap();
    let found = compare(&look(one.path()), &look(other.path()), &Options::default());
    assert_eq!(
        told(&found),
        ["~ Windows\\System32\\config\\DEFAULT HiveVersion { old: V1_5, new: V1_3 }"]
    );
}

#[test]
fn a_damaged_hive_is_compared_as_a_file_and_this_is_said() {
    let (one, two) = (image(), image());
    let mut damaged = hive("S", &[("x", "y", Data::Dword(1))]);
    // The root key's signature.
    let root = damaged.windows(2).position(|found| found == b"nk").unwrap();
    *damaged.get_mut(root).unwrap() = b'x';
    let sam = "Windows/System32/config/SAM";
    for root in [&one, &two] {
        fs::write(root.path().join(sam), &damaged).unwrap();
    }
    let (a, b) = (look(one.path()), look(two.path()));
    let found = compare(&a, &b, &Options::default());
    assert_eq!(told(&found), [] as [String; 0]);
    let said: Vec<&str> = found.findings.iter().map(|finding| finding.name).collect();
    assert_eq!(said, ["hive-compared-as-file", "hive-compared-as-file"]);
    assert!(
        found
            .findings
            .iter()
            .any(|finding| finding.message.contains("the second image"))
    );

    *damaged.last_mut().unwrap() ^= 1;
    fs::write(two.path().join(sam), &damaged).unwrap();
    let found = compare(&a, &look(two.path()), &Options::default());
    assert_eq!(told(&found), ["~ Windows\\System32\\config\\SAM"]);

    // Where no files are compared there is nothing to fall back to.
    let error = registry(&a, &b, &Options::default(), &mut |_, _, _| {}).unwrap_err();
    assert!(matches!(error, DiffError::Registry { .. }), "{error:?}");
}

#[cfg(unix)]
#[test]
fn of_two_spellings_of_a_hive_none_goes_unseen() {
    let (one, two) = (image(), image());
    let config = "Windows/System32/config";
    for (root, bytes) in [(&one, b"1"), (&two, b"2")] {
        fs::write(root.path().join(config).join("system"), bytes).unwrap();
    }
    // Windows sees one of them; here it is the one that is spelled as asked.
    let found = compare(&look(one.path()), &look(two.path()), &Options::default());
    assert_eq!(told(&found), ["~ Windows\\System32\\config\\system"]);
}

/// An image around a hive of the corpus, with its logs.
fn corpus_image(hives: &Path, name: &str, logs: &[&str], build: u32) -> TempDir {
    let system = read(&hives.join(name));
    let logs: Vec<(&str, Vec<u8>)> = logs
        .iter()
        .map(|ending| (*ending, read(&hives.join(format!("{name}.{ending}")))))
        .collect();
    let root = tempfile::tempdir().unwrap();
    write(root.path(), &system, &logs, &Windows::new(10, 0, build), 9);
    root
}

#[test]
fn real_images_equal_themselves_and_mirror_each_other() {
    let Some(corpus) = corpus("differences of real images") else {
        return;
    };
    let hives = corpus.join("hives");
    let dirty = ["LOG1", "LOG2"];
    let roots = [
        corpus_image(&hives, "SYSTEM-win10-1709-x64-dirty", &dirty, 16299),
        corpus_image(&hives, "SYSTEM-win10-2004-x64", &[], 19041),
        corpus_image(&hives, "SYSTEM-win81-x64-dirty", &[], 9600),
    ];
    let options = Options {
        security: true,
        ..Options::default()
    };
    let drafts: Vec<Draft> = roots.iter().map(|root| look(root.path())).collect();
    for (draft, root) in drafts.iter().zip(&roots) {
        let itself = compare(draft, &look(root.path()), &options);
        assert_eq!(told(&itself), [] as [String; 0]);
    }
    for (a, b) in [(0, 1), (1, 2)] {
        let (a, b) = (drafts.get(a).unwrap(), drafts.get(b).unwrap());
        let there = compare(a, b, &Options::default());
        let back = compare(b, a, &Options::default());
        assert!(there.registry.len() > 10_000, "{}", there.registry.len());
        assert_same(&mirrored(&back), &there, "the other way");
    }
}

#[test]
fn a_dirty_image_says_what_it_says_after_replay() {
    let Some(corpus) = corpus("a dirty image and the same after replay") else {
        return;
    };
    let hives = corpus.join("hives");
    let name = "SYSTEM-win10-1709-x64-dirty";
    let logs = ["LOG1", "LOG2"];
    let dirty = corpus_image(&hives, name, &logs, 16299);
    let replayed = corpus_image(&hives, name, &logs, 16299);
    let logs: Vec<Vec<u8>> = logs
        .iter()
        .map(|ending| read(&hives.join(format!("{name}.{ending}"))))
        .collect();
    let (clean, recovery) = Hive::open_with_logs(read(&hives.join(name)), &logs).unwrap();
    assert!(recovery.is_some());
    let system = replayed.path().join("Windows/System32/config/SYSTEM");
    fs::write(system, clean.into_bytes()).unwrap();
    let (a, b) = (look(dirty.path()), look(replayed.path()));
    let found = compare(&a, &b, &Options::default());
    assert_eq!(found.registry, []);
    assert_eq!(
        told(&found),
        ["~ Windows\\System32\\config\\SYSTEM replayed > clean"]
    );
}

#[test]
fn damaged_and_odd_hives_equal_themselves() {
    let Some(corpus) = corpus("damaged hives compared with themselves") else {
        return;
    };
    let mut compared = 0;
    for folder in ["hives", "hives/yarp", "hives/edge", "hives/hivex"] {
        for entry in fs::read_dir(corpus.join(folder)).unwrap() {
            let file = entry.unwrap().path();
            if !file.is_file() {
                continue;
            }
            let Ok(hive) = Hive::open_accepting_dirty(read(&file)) else {
                continue;
            };
            assert_eq!(keys(&hive, &hive, true), [], "{}", file.display());
            compared += 1;
        }
    }
    assert!(compared > 50, "{compared}");
}
