//! Drafts, plans and transactions over small made images.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test program")]

use std::path::Path;
use std::sync::Arc;

use wimwright_servicing::plan::{Basis, Change, Content, Expect, State, Step, Subject, Times};
use wimwright_servicing::registry::{HiveName, KeyPath, RegData};
use wimwright_servicing::{
    Access, Applied, BeginOptions, CommitError, ContentId, DirectoryTree, Draft, DraftError,
    FileTree, Image, ImagePath, MemoryTree, OpenError, Plan, Text, time,
};
use wimwright_testdata::image::{Data, Windows, hive, write};

const BASIS: Basis = Basis::verified("test");
const KEY: &str = "ControlSet001\\Services\\Example";

fn system() -> Vec<u8> {
    let environment = "ControlSet001\\Control\\Session Manager\\Environment";
    hive(
        "SYSTEM",
        &[
            ("Select", "Default", Data::Dword(1)),
            (environment, "PROCESSOR_ARCHITECTURE", Data::Sz("AMD64")),
            ("ControlSet001\\Services\\Old", "Start", Data::Dword(3)),
            (
                "ControlSet001\\Services\\Old\\Parameters",
                "a",
                Data::Sz("b"),
            ),
        ],
    )
}

fn image() -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    write(root.path(), &system(), &[], &Windows::new(10, 0, 19045), 9);
    root
}

fn options() -> BeginOptions {
    BeginOptions {
        time: time::from_unix_seconds(1_767_225_600),
        accept_dirty_hive: false,
        strict: false,
    }
}

fn path(text: &str) -> ImagePath {
    ImagePath::parse(text).unwrap()
}

fn key() -> KeyPath {
    KeyPath::from(KEY)
}

fn put(path_text: &str, bytes: &[u8]) -> Change {
    Change::PutFile {
        path: path(path_text),
        content: Content::Inline(bytes.to_vec()),
    }
}

fn set(draft: &mut Draft, name: &str, data: RegData) -> Result<Applied, DraftError> {
    draft.set_value(HiveName::System, &key(), name, data, &BASIS)
}

/// A mix of every kind of change.
fn service(draft: &mut Draft) -> Result<(), DraftError> {
    let _ = draft.plan_change(put("Windows\\new\\deep\\file.txt", b"one"), &BASIS)?;
    let _ = draft.plan_change(put("Windows\\INF\\usb.inf", b"replaced"), &BASIS)?;
    let gm = path("Windows\\System32\\drivers\\gm.dls");
    let _ = draft.plan_change(Change::Remove { path: gm }, &BASIS)?;
    let catroot = path("Windows\\System32\\CatRoot");
    let _ = draft.plan_change(Change::Remove { path: catroot }, &BASIS)?;
    let _ = set(draft, "Start", RegData::dword(0))?;
    let _ = set(draft, "Owners", RegData::multi_sz(&["oem0.inf"]))?;
    let old = KeyPath::from("ControlSet001\\Services\\Old");
    let (hive, name) = (HiveName::System, Text::from("Start"));
    let change = Change::DeleteValue {
        hive: hive.clone(),
        key: old.clone(),
        name,
    };
    let _ = draft.plan_change(change, &BASIS)?;
    let _ = draft.plan_change(Change::DeleteKey { hive, key: old }, &BASIS)?;
    let software = KeyPath::from("Example");
    let _ = draft.set_value(HiveName::Software, &software, "", RegData::sz("x"), &BASIS)?;
    Ok(())
}

fn commit(
    root: &Path,
    operation: impl Fn(&mut Draft) -> Result<(), DraftError>,
) -> wimwright_servicing::Receipt {
    let mut transaction = Image::open(root, Access::Write).unwrap().begin(options());
    for result in transaction.run("test", &operation) {
        result.unwrap();
    }
    transaction.prepare().unwrap().commit().unwrap().remove(0)
}

fn commit_keeping(
    root: &Path,
    operation: impl Fn(&mut Draft) -> Result<(), DraftError>,
    bundle: &Path,
) -> wimwright_servicing::Receipt {
    let mut transaction = Image::open(root, Access::Write).unwrap().begin(options());
    for result in transaction.run("test", &operation) {
        result.unwrap();
    }
    let prepared = transaction.prepare().unwrap();
    prepared.keep_displaced(bundle).unwrap();
    prepared.commit().unwrap().remove(0)
}

fn plan_of(root: &Path, operation: impl Fn(&mut Draft) -> Result<(), DraftError>) -> Plan {
    let mut draft = Image::open(root, Access::Read)
        .unwrap()
        .look(options().time);
    draft.operation("test", operation).unwrap();
    draft.plan().clone()
}

fn snapshot(root: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    let mut open = vec![root.to_path_buf()];
    while let Some(directory) = open.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let entry = entry.unwrap().path();
            let name = entry.strip_prefix(root).unwrap().display().to_string();
            if entry.is_dir() {
                files.push((name, Vec::new()));
                open.push(entry);
            } else {
                files.push((name, std::fs::read(&entry).unwrap()));
            }
        }
    }
    files.sort();
    files
}

#[test]
fn a_draft_shows_the_plan_and_a_commit_makes_it_true() {
    let root = image();
    let before = snapshot(root.path());
    let planned = plan_of(root.path(), service);
    assert!(planned.writes());
    assert_eq!(snapshot(root.path()), before, "planning wrote something");

    let receipt = commit(root.path(), service);
    assert_eq!(receipt.plan, planned);
    let look = Image::open(root.path(), Access::Read)
        .unwrap()
        .look(options().time);
    let read = |name: &str| look.read(&path(name), 100).unwrap();
    assert_eq!(read("Windows\\new\\deep\\file.txt").unwrap(), b"one");
    assert_eq!(read("windows\\inf\\USB.INF").unwrap(), b"replaced");
    assert_eq!(read("Windows\\System32\\drivers\\gm.dls"), None);
    assert!(
        !look
            .has_directory(&path("Windows\\System32\\CatRoot"))
            .unwrap()
    );
    let start = look.value(HiveName::System, &key(), "start").unwrap();
    assert_eq!(start, Some(RegData::dword(0)));
    let old = KeyPath::from("ControlSet001\\Services\\Old");
    assert!(!look.has_key(HiveName::System, &old).unwrap());
    let value = look
        .value(HiveName::Software, &"Example".into(), "")
        .unwrap();
    assert_eq!(value, Some(RegData::sz("x")));
    assert!(!root.path().join(".wimwright").exists());
    assert_eq!(receipt.basis.verified, planned.basis().verified);
}

#[test]
fn the_second_run_changes_nothing() {
    let root = image();
    let _ = commit(root.path(), service);
    let before = snapshot(root.path());
    let receipt = commit(root.path(), service);
    assert!(!receipt.plan.writes(), "{}", receipt.plan);
    assert!(receipt.written.is_empty());
    assert_eq!(snapshot(root.path()), before);
}

#[test]
fn a_saved_plan_gives_the_same_bytes_as_the_operation() {
    let (one, two) = (image(), image());
    let _ = commit(one.path(), service);
    let json = serde_json::to_string_pretty(&plan_of(two.path(), service)).unwrap();
    let plan: Plan = serde_json::from_str(&json).unwrap();
    let _ = commit(two.path(), |draft| draft.apply_plan(&plan, Vec::new()));
    assert_eq!(snapshot(one.path()), snapshot(two.path()));
}

#[test]
fn a_stale_plan_is_refused_with_both_values_and_changes_nothing() {
    let root = image();
    let plan = plan_of(root.path(), service);
    let _ = commit(root.path(), |draft| {
        let _ = set(draft, "Start", RegData::dword(4))?;
        Ok(())
    });
    let before = snapshot(root.path());
    let mut draft = Image::open(root.path(), Access::Read)
        .unwrap()
        .look(options().time);
    let error = draft.apply_plan(&plan, Vec::new()).unwrap_err();
    let message = error.to_string();
    assert!(message.contains(KEY), "{message}");
    assert!(
        message.contains("nothing") && message.contains("a key"),
        "{message}"
    );
    assert!(!draft.plan().writes(), "half of a stale plan was taken");

    // A value that is another one than the plan saw.
    let step = |found| Step {
        change: Change::SetValue {
            hive: HiveName::System,
            key: key(),
            name: Text::from("Start"),
            data: RegData::dword(1),
        },
        expect: Expect::Exactly(State::Value(found)),
        basis: BASIS,
    };
    let error = draft
        .apply(step(RegData::dword(3)))
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("REG_DWORD 3") && error.contains("REG_DWORD 4"),
        "{error}"
    );
    assert_eq!(
        draft.apply(step(RegData::dword(4))).unwrap(),
        Applied::Changed
    );
    assert_eq!(snapshot(root.path()), before);
}

#[test]
fn what_a_failed_attempt_planned_is_taken_back_whole() {
    let root = image();
    let mut draft = Image::open(root.path(), Access::Read)
        .unwrap()
        .look(options().time);
    let _ = set(&mut draft, "Kept", RegData::dword(1)).unwrap();
    let kept = draft
        .hive(HiveName::System)
        .unwrap()
        .unwrap()
        .as_bytes()
        .to_vec();
    let plan = draft.plan().clone();
    let source = Arc::new(MemoryTree::new());
    let failed: Result<(), DraftError> = draft.attempt(|draft| {
        draft.add_source("gone", source.clone());
        service(draft)?;
        draft.attempt(service)?;
        Err(DraftError::Format { found: 0 })
    });
    assert!(failed.is_err());
    assert_eq!(draft.plan(), &plan);
    assert_eq!(
        draft.hive(HiveName::System).unwrap().unwrap().as_bytes(),
        kept
    );
    assert!(draft.findings().is_empty());
    assert!(
        draft
            .has_file(&path("Windows\\System32\\drivers\\gm.dls"))
            .unwrap()
    );
    let value = draft
        .value(HiveName::Software, &"Example".into(), "")
        .unwrap();
    assert_eq!(value, None);
}

#[test]
fn the_inverse_changes_take_a_plan_back() {
    let root = image();
    let logical = |root: &Path| {
        let look = Image::open(root, Access::Read)
            .unwrap()
            .look(options().time);
        let mut lines = Vec::new();
        for hive in [HiveName::System, HiveName::Software] {
            let open = look.hive(hive).unwrap().unwrap();
            walk(open.root(), &mut Vec::new(), &mut lines);
        }
        let files = snapshot(root)
            .into_iter()
            .filter(|(name, _)| !name.contains("config/S"));
        (lines, files.collect::<Vec<_>>())
    };
    let before = logical(root.path());
    let scratch = tempfile::tempdir().unwrap();
    let bundle = scratch.path().join("bundle");
    let receipt = commit_keeping(root.path(), service, &bundle);
    assert_ne!(logical(root.path()), before);
    let undo = |draft: &mut Draft| {
        let source: Arc<dyn FileTree> = Arc::new(DirectoryTree::open(&bundle).unwrap());
        let sources = receipt.undo.sources.iter().map(|_| Arc::clone(&source));
        draft.apply_plan(&receipt.undo, sources.collect())
    };
    let _ = commit(root.path(), undo);
    assert_eq!(logical(root.path()), before);

    // A second time there is nothing to undo, which is told from the image.
    let mut again = Image::open(root.path(), Access::Read)
        .unwrap()
        .look(options().time);
    assert!(again.is_carried_out(&receipt.undo).unwrap());
    assert!(matches!(undo(&mut again), Err(DraftError::Stale { .. })));
}

#[test]
fn what_was_added_since_is_not_removed_with_what_a_plan_made() {
    let change = |at: &str| Change::PutFile {
        path: path(at),
        content: Content::Inline(vec![1]),
    };
    for (later, word) in [(None, ""), (Some("New\\Below\\y"), "New\\Below")] {
        let root = image();
        let receipt = commit(root.path(), |draft| {
            let _ = draft.plan_change(change("New\\Below\\x"), &BASIS)?;
            draft
                .create_key(HiveName::Software, &"New\\Below".into(), &BASIS)
                .map(|_| ())
        });
        if let Some(later) = later {
            let _ = commit(root.path(), |draft| {
                draft.plan_change(change(later), &BASIS).map(|_| ())
            });
        }
        let mut look = Image::open(root.path(), Access::Read)
            .unwrap()
            .look(options().time);
        match look.apply_plan(&receipt.undo, Vec::new()) {
            Ok(()) => assert_eq!(later, None),
            Err(error) => assert!(error.to_string().contains(word), "{error}"),
        }
        assert_eq!(look.has_directory(&path("New")).unwrap(), later.is_some());
    }
    // The same for keys.
    let root = image();
    let receipt = commit(root.path(), |draft| {
        let key = "New\\Below".into();
        draft
            .create_key(HiveName::Software, &key, &BASIS)
            .map(|_| ())
    });
    let _ = commit(root.path(), |draft| {
        let key = "New\\Later".into();
        draft
            .create_key(HiveName::Software, &key, &BASIS)
            .map(|_| ())
    });
    let mut look = Image::open(root.path(), Access::Read)
        .unwrap()
        .look(options().time);
    let error = look.apply_plan(&receipt.undo, Vec::new()).unwrap_err();
    assert!(error.to_string().contains("New"), "{error}");
    assert!(
        look.has_key(HiveName::Software, &"New\\Below".into())
            .unwrap()
    );
}

fn walk(
    key: wimwright_servicing::registry::Key<'_>,
    path: &mut Vec<String>,
    lines: &mut Vec<String>,
) {
    lines.push(format!("[{}]", path.join("\\")));
    let mut values: Vec<String> = key
        .values()
        .unwrap()
        .map(|value| {
            let value = value.unwrap();
            let name = value.name().unwrap().to_string_lossy();
            format!("{name} {} {:?}", value.kind(), value.data().unwrap())
        })
        .collect();
    values.sort();
    lines.extend(values);
    for below in key.subkeys().unwrap() {
        let below = below.unwrap();
        path.push(below.name().unwrap().to_string_lossy());
        walk(below, path, lines);
        path.pop();
    }
}

#[test]
fn strict_refuses_what_is_not_sure_and_names_the_first() {
    let root = image();
    let strict = BeginOptions {
        strict: true,
        ..options()
    };
    let mut transaction = Image::open(root.path(), Access::Write)
        .unwrap()
        .begin(strict);
    let inferred = Basis::inferred("reference 1.2");
    for result in transaction.run("test", |draft| {
        let _ = set(draft, "Sure", RegData::dword(1))?;
        let name = "Unsure";
        draft.set_value(HiveName::System, &key(), name, RegData::dword(1), &inferred)
    }) {
        assert_eq!(result.unwrap(), Applied::Changed);
    }
    let Err(error) = transaction.prepare() else {
        panic!("an inferred change passed");
    };
    let message = error.to_string();
    assert!(
        message.contains("Unsure") && message.contains("reference 1.2"),
        "{message}"
    );
}

#[test]
fn a_second_writer_is_locked_out_and_a_reader_is_not() {
    let root = image();
    let first = Image::open(root.path(), Access::Write).unwrap();
    let second = Image::open(root.path(), Access::Write);
    match second {
        Err(OpenError::Backend(error)) => {
            let message = error.to_string();
            assert!(
                message.contains(&root.path().display().to_string()),
                "{message}"
            );
        }
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("two writers"),
    }
    let _reader = Image::open(root.path(), Access::Read).unwrap();
    drop(first);
    let _third = Image::open(root.path(), Access::Write).unwrap();
}

#[test]
fn a_hive_that_changed_meanwhile_is_not_overwritten() {
    let root = image();
    let mut transaction = Image::open(root.path(), Access::Write)
        .unwrap()
        .begin(options());
    for result in transaction.run("test", |draft| set(draft, "Start", RegData::dword(0))) {
        assert_eq!(result.unwrap(), Applied::Changed);
    }
    let other = hive("SYSTEM", &[("Select", "Default", Data::Dword(9))]);
    let file = root.path().join("Windows/System32/config/SYSTEM");
    std::fs::write(&file, &other).unwrap();
    match transaction.prepare() {
        Err(CommitError::BaseChanged { path }) => assert!(path.to_string().ends_with("SYSTEM")),
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("a changed hive was overwritten"),
    }
    assert_eq!(std::fs::read(&file).unwrap(), other);
}

#[test]
fn content_of_a_source_must_be_what_was_planned() {
    let root = image();
    let mut draft = Image::open(root.path(), Access::Read)
        .unwrap()
        .look(options().time);
    let mut tree = MemoryTree::new();
    tree.insert("a.sys", *b"now").unwrap();
    draft.add_source("package", Arc::new(tree));
    let change = |name: &str, id| Change::PutFile {
        path: path("Windows\\a.sys"),
        content: Content::Source {
            source: 0,
            path: path(name),
            expand: None,
            id,
        },
    };
    let then = ContentId::of(b"then");
    let error = draft
        .plan_change(change("a.sys", then), &BASIS)
        .unwrap_err();
    assert!(
        matches!(error, DraftError::ContentChanged { .. }),
        "{error}"
    );
    let error = draft
        .plan_change(change("b.sys", then), &BASIS)
        .unwrap_err();
    assert!(matches!(error, DraftError::NotInSource { .. }), "{error}");
    let now = ContentId::of(b"now");
    let applied = draft.plan_change(change("a.sys", now), &BASIS).unwrap();
    assert_eq!(applied, Applied::Changed);
}

#[test]
fn a_directory_or_the_root_in_the_way_is_named() {
    let root = image();
    let mut draft = Image::open(root.path(), Access::Read)
        .unwrap()
        .look(options().time);
    for (at, word) in [
        ("Windows\\System32", "a directory is in the way"),
        ("", "image root"),
        ("Windows\\INF\\usb.inf\\below", "not a directory"),
    ] {
        let error = draft.plan_change(put(at, b"x"), &BASIS).unwrap_err();
        assert!(error.to_string().contains(word), "{at}: {error}");
    }
    assert!(draft.plan().steps.is_empty());
    draft
        .require(Subject::Path(path("Windows\\nothing")), &BASIS)
        .unwrap();
    assert_eq!(draft.plan().steps[0].expect, Expect::Absent);
}

#[test]
fn names_that_differ_only_by_case_are_told() {
    let root = image();
    let config = root.path().join("Windows/System32/config");
    std::fs::write(config.join("system"), b"not the hive").unwrap();
    // The exact spelling wins, so the image is still one.
    let image = Image::open(root.path(), Access::Read).unwrap();
    let findings = image.name_findings();
    assert_eq!(findings[0].name, "names-differ-by-case");
    let message = &findings[0].message;
    assert!(
        message.contains("`SYSTEM`") && message.contains("`system`"),
        "{message}"
    );
}

#[test]
fn an_operation_that_sets_a_value_twice_changes_nothing_the_second_time() {
    let root = image();
    let twice = |draft: &mut Draft| {
        let mark = draft.mark();
        let _ = draft.plan_change(put("Windows\\twice.txt", b"one"), &BASIS)?;
        let _ = draft.plan_change(put("Windows\\twice.txt", b"two"), &BASIS)?;
        let _ = set(draft, "Start", RegData::dword(3))?;
        let _ = set(draft, "Other", RegData::sz("x"))?;
        let _ = set(draft, "Start", RegData::dword(4))?;
        // True already: a fact beside what was written.
        let _ = set(draft, "Other", RegData::sz("x"))?;
        draft.settle(&mark)
    };
    let receipt = commit(root.path(), twice);
    let written = receipt
        .plan
        .steps
        .iter()
        .filter(|step| step.change.writes());
    // The file, the key, and two values, each once.
    assert_eq!(written.count(), 4, "{}", receipt.plan);
    let look = Image::open(root.path(), Access::Read)
        .unwrap()
        .look(options().time);
    let start = look.value(HiveName::System, &key(), "Start").unwrap();
    assert_eq!(start, Some(RegData::dword(4)));
    let other = look.value(HiveName::System, &key(), "Other").unwrap();
    assert_eq!(other, Some(RegData::sz("x")));
    let receipt = commit(root.path(), twice);
    assert!(!receipt.plan.writes(), "{}", receipt.plan);

    // What is rebuilt after a deletion stays as planned.
    let rebuilt = |draft: &mut Draft| {
        let mark = draft.mark();
        let hive = HiveName::System;
        let _ = draft.plan_change(Change::DeleteKey { hive, key: key() }, &BASIS)?;
        let _ = set(draft, "Start", RegData::dword(1))?;
        draft.settle(&mark)
    };
    let _ = commit(root.path(), rebuilt);
    let look = Image::open(root.path(), Access::Read)
        .unwrap()
        .look(options().time);
    assert_eq!(look.value(HiveName::System, &key(), "Other").unwrap(), None);
}

#[test]
fn names_attributes_and_times_are_planned_committed_and_taken_back() {
    let root = image();
    let inf = path("Windows\\INF");
    let times = Times {
        written: time::parse_iso("2010-02-03T04:05:06Z"),
        ..Times::default()
    };
    let date = |root: &Path| {
        let file = std::fs::File::options()
            .write(true)
            .open(root.join("Windows/INF/usb.inf"));
        let time = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000);
        file.unwrap().set_modified(time).unwrap();
    };
    date(root.path());
    let before = std::fs::read(root.path().join("Windows/INF/usb.inf")).unwrap();
    let work = |draft: &mut Draft| {
        let renamed = Change::Rename {
            from: inf.clone(),
            to: path("Windows\\Old\\inf files"),
        };
        let _ = draft.plan_change(renamed, &BASIS)?;
        let file = path("Windows\\Old\\inf files\\usb.inf");
        let _ = draft.plan_change(put("Windows\\Old\\inf files\\new.inf", b"new"), &BASIS)?;
        let (path, attributes) = (file.clone(), 0x20);
        let _ = draft.plan_change(Change::SetAttributes { path, attributes }, &BASIS)?;
        let _ = draft.plan_change(Change::SetTimes { path: file, times }, &BASIS)?;
        Ok(())
    };
    let receipt = commit(root.path(), work);
    let told = receipt.plan.to_string();
    for line in [
        "  ~ Windows\\INF -> Windows\\Old\\inf files\n",
        "    Windows\\Old\\inf files\\usb.inf\n      ~ attributes = archive\n      \
         ~ times = written 1970-01-12T13:46:40Z -> 2010-02-03T04:05:06Z\n",
    ] {
        assert!(told.contains(line), "{line} in {told}");
    }
    assert_eq!(
        receipt.renamed,
        [(inf.clone(), path("Windows\\Old\\inf files"))]
    );
    assert_eq!(
        receipt.restamped,
        [path("Windows\\Old\\inf files\\usb.inf")]
    );
    let moved = root.path().join("Windows/Old/inf files");
    assert_eq!(std::fs::read(moved.join("usb.inf")).unwrap(), before);
    assert_eq!(std::fs::read(moved.join("new.inf")).unwrap(), b"new");
    assert!(!root.path().join("Windows/INF").exists());

    // The plan as JSON does the same to the same image, and to no other.
    let json = serde_json::to_string(&receipt.plan).unwrap();
    let plan: Plan = serde_json::from_str(&json).unwrap();
    assert_eq!(plan, receipt.plan);
    let again = image();
    date(again.path());
    let _ = commit(again.path(), |draft: &mut Draft| {
        draft.apply_plan(&plan, vec![])
    });
    assert_eq!(
        std::fs::read(again.path().join("Windows/Old/inf files/usb.inf")).unwrap(),
        before
    );
    let mut look = Image::open(root.path(), Access::Read)
        .unwrap()
        .look(options().time);
    let stale = look.apply_plan(&plan, vec![]).unwrap_err();
    assert!(matches!(stale, DraftError::Stale { .. }), "{stale}");

    // And back.
    let undo = receipt.undo;
    let _ = commit(root.path(), |draft: &mut Draft| {
        draft.apply_plan(&undo, vec![])
    });
    assert_eq!(
        std::fs::read(root.path().join("Windows/INF/usb.inf")).unwrap(),
        before
    );
    assert!(!root.path().join("Windows/Old").exists());
}

#[test]
fn what_cannot_be_renamed_or_set_is_named() {
    let root = image();
    let mut draft = Image::open(root.path(), Access::Read)
        .unwrap()
        .look(options().time);
    let rename = |from: &str, to: &str| Change::Rename {
        from: path(from),
        to: path(to),
    };
    let attributes = |at: &str, attributes| Change::SetAttributes {
        path: path(at),
        attributes,
    };
    for (change, word) in [
        (rename("", "x"), "image root"),
        (rename("absent", "x"), "nothing to rename"),
        (rename("Windows", "Windows\\INF\\x"), "into itself"),
        (rename("Windows\\INF", "windows\\system32"), "in the way"),
        (
            rename("Windows\\System32", "Windows\\INF\\usb.inf\\x"),
            "not a directory",
        ),
        (attributes("absent", 0x20), "nothing to set attributes of"),
        (attributes("Windows", 0x20), "cannot be set"),
        (attributes("Windows\\INF\\usb.inf", 0x420), "cannot be set"),
    ] {
        let error = draft.plan_change(change, &BASIS).unwrap_err();
        assert!(error.to_string().contains(word), "{word}: {error}");
    }
    assert!(draft.plan().steps.is_empty());
    let same = rename("windows\\inf", "Windows\\INF");
    assert_eq!(
        draft.plan_change(same, &BASIS).unwrap(),
        Applied::AlreadyTrue
    );
    let case = rename("windows\\inf", "Windows\\Inf");
    assert_eq!(draft.plan_change(case, &BASIS).unwrap(), Applied::Changed);
    let names = draft.read_dir(&path("Windows")).unwrap().unwrap();
    assert!(names.iter().any(|entry| entry.name.to_string() == "Inf"));
}
