//! Plans that give files more names, on an image directory and on the same
//! image in a WIM file.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test program")]

mod capturing;

use std::ffi::OsStr;
use std::sync::Arc;

use capturing::{WIMLIB, captured, seen, utf8, wimlib};
use wimwright_servicing::plan::{Basis, Change, Content};
use wimwright_servicing::{
    Access, Applied, BeginOptions, Draft, DraftError, FileTree as _, ImageName, ImagePath,
    ImageSet, MemoryTree, Receipt, time,
};
use wimwright_testdata::image::{Data, Windows, hive, write};
use wimwright_testdata::program;

const BASIS: Basis = Basis::verified("test");
const OLD: &str = "Windows\\WinSxS\\c_1\\a.dll";
const NEW: &str = "Windows\\WinSxS\\c_2\\a.dll";
const NAME: &str = "Windows\\System32\\a.dll";
const OTHER: &str = "Windows\\SysWOW64\\a.dll";

fn path(text: &str) -> ImagePath {
    ImagePath::parse(text).unwrap()
}

/// An image in which a component's file has its second name in `System32`.
fn image() -> tempfile::TempDir {
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
    let host = |at: &str| root.path().join(at.replace('\\', "/"));
    std::fs::create_dir_all(host(OLD).parent().unwrap()).unwrap();
    std::fs::write(host(OLD), b"version 1").unwrap();
    std::fs::hard_link(host(OLD), host(NAME)).unwrap();
    root
}

fn link(name: &str, to: &str) -> Change {
    Change::Link {
        path: path(name),
        to: path(to),
    }
}

fn install(draft: &mut Draft) -> Result<Vec<Applied>, DraftError> {
    let put = Change::PutFile {
        path: path(NEW),
        content: Content::Inline(b"version 2".to_vec()),
    };
    Ok(vec![
        draft.plan_change(put, &BASIS)?,
        draft.plan_change(link(NAME, NEW), &BASIS)?,
        draft.plan_change(link(OTHER, NAME), &BASIS)?,
    ])
}

fn open(image: &str, access: Access) -> ImageSet {
    let name = ImageName::parse(OsStr::new(image)).unwrap();
    ImageSet::open(&name, &[], access).unwrap()
}

/// Runs an operation on the image and commits it.
fn commit<T>(
    image: &str,
    rebuild: bool,
    operation: impl Fn(&mut Draft) -> Result<T, DraftError> + Sync,
) -> (T, Receipt)
where
    T: Send,
{
    let options = BeginOptions {
        time: time::from_unix_seconds(1_767_225_600),
        accept_dirty_hive: false,
        strict: false,
    };
    let mut transaction = open(image, Access::Write).begin(options);
    if rebuild {
        assert!(transaction.rebuild());
    }
    let mut results = transaction.run("test", &operation);
    let result = results.remove(0).unwrap();
    let receipt = transaction.prepare().unwrap().commit().unwrap().remove(0);
    (result, receipt)
}

fn look(image: &str) -> Draft {
    let images = open(image, Access::Read).into_images();
    images[0].look(time::from_unix_seconds(0))
}

fn check(image: &str) {
    let draft = look(image);
    let same = |one: &str, other: &str| draft.same_file(&path(one), &path(other)).unwrap();
    let content = |at: &str| draft.read(&path(at), 99).unwrap().unwrap();
    let links = |at: &str| draft.metadata(&path(at)).unwrap().unwrap().links;
    assert!(same(NAME, NEW) && same(OTHER, NEW) && !same(OLD, NEW));
    assert_eq!(content(NAME), b"version 2");
    assert_eq!(content(OLD), b"version 1");
    assert_eq!((links(NEW), links(OLD)), (3, 1));
    assert!(same(NEW, NEW) && !same("Windows", "Windows") && !same("nothing", "nothing"));
}

/// The same on every kind of image: new names, a second run, and the way back.
fn round(image: &str, rebuild: bool) {
    let (applied, receipt) = commit(image, rebuild, install);
    assert_eq!(applied, [Applied::Changed; 3]);
    let written: Vec<_> = receipt
        .written
        .iter()
        .map(|written| written.path.to_string())
        .filter(|written| !written.contains("config"))
        .collect();
    assert_eq!(written, [NEW, NAME, OTHER]);
    check(image);
    let (applied, receipt) = commit(image, rebuild, install);
    assert_eq!(applied, [Applied::AlreadyTrue; 3]);
    assert!(receipt.written.is_empty());
    check(image);
    // Back to the old file, and the new names gone.
    let (_, _) = commit(image, rebuild, |draft| {
        let _ = draft.plan_change(link(NAME, OLD), &BASIS)?;
        for gone in [OTHER, "Windows\\WinSxS\\c_2"] {
            let _ = draft.plan_change(Change::Remove { path: path(gone) }, &BASIS)?;
        }
        Ok(())
    });
    let draft = look(image);
    assert!(draft.same_file(&path(NAME), &path(OLD)).unwrap());
    assert_eq!(draft.read(&path(NAME), 99).unwrap().unwrap(), b"version 1");
    assert!(!draft.has_file(&path(NEW)).unwrap() && !draft.has_file(&path(OTHER)).unwrap());
    // A name that is written is one no more.
    let (_, _) = commit(image, rebuild, |draft| {
        let put = Change::PutFile {
            path: path(NAME),
            content: Content::Inline(b"own".to_vec()),
        };
        draft.plan_change(put, &BASIS)
    });
    let draft = look(image);
    assert!(!draft.same_file(&path(NAME), &path(OLD)).unwrap());
    assert_eq!(draft.read(&path(OLD), 99).unwrap().unwrap(), b"version 1");
}

#[test]
fn names_of_one_file_in_a_directory() {
    let root = image();
    round(utf8(root.path()), false);
}

#[test]
fn names_of_one_file_in_a_wim() {
    let root = image();
    let folder = tempfile::tempdir().unwrap();
    for rebuild in [false, true] {
        let wim = folder.path().join(format!("{rebuild}.wim"));
        let _ = captured(root.path(), &wim);
        round(utf8(&wim), rebuild);
    }
}

#[test]
fn each_content_is_stored_once_and_the_peer_sees_the_links() {
    let root = image();
    let folder = tempfile::tempdir().unwrap();
    let wim = folder.path().join("image.wim");
    let _ = captured(root.path(), &wim);
    let (_, _) = commit(utf8(&wim), false, install);
    let archive = capturing::open(&wim);
    let all = seen(&archive, 1);
    for name in [NAME, NEW] {
        assert_eq!(all[name].linked_to.as_deref(), Some(OTHER), "{name}");
        assert_eq!(all[name].streams, all[OTHER].streams);
        assert_eq!(all[name].times, all[OTHER].times);
    }
    // In a group of one: what it was linked to is linked elsewhere.
    assert_eq!(all[OLD].linked_to, None);
    // The same tree, captured from the directory, has the same names.
    let (_, _) = commit(utf8(root.path()), false, install);
    let again = folder.path().join("again.wim");
    let _ = captured(root.path(), &again);
    let recaptured = seen(&capturing::open(&again), 1);
    for name in [NAME, NEW, OTHER, OLD] {
        assert_eq!(recaptured[name].linked_to, all[name].linked_to, "{name}");
    }
    if program(
        WIMLIB,
        "each_content_is_stored_once_and_the_peer_sees_the_links",
    ) {
        wimlib(&["verify", utf8(&wim)]);
        let target = tempfile::tempdir().unwrap();
        wimlib(&["apply", utf8(&wim), "1", utf8(target.path())]);
        check(utf8(target.path()));
    }
}

#[test]
fn what_cannot_be_a_link_is_refused_in_the_plan() {
    let root = image();
    let mut draft = look(utf8(root.path()));
    for (change, reason) in [
        (link("x", "nothing"), "nothing: there is no file to link to"),
        (
            link("x", "Windows"),
            "Windows: only files have more than one name",
        ),
        (link("Windows", NAME), "Windows: a directory is in the way"),
        (
            link("Windows\\INF\\usb.inf\\x", NAME),
            "this is not a directory",
        ),
    ] {
        let error = draft.plan_change(change, &BASIS).unwrap_err().to_string();
        assert!(error.contains(reason), "{reason}: {error}");
    }
    assert!(!draft.plan().writes());
}

#[test]
fn a_saved_plan_with_a_link_is_applied_and_taken_back() {
    let root = image();
    let mut draft = look(utf8(root.path()));
    draft
        .operation("install", |draft| install(draft).map(drop))
        .unwrap();
    let undo = draft.undo();
    let json = serde_json::to_string(draft.plan()).unwrap();
    let shown = draft.plan().to_string();
    assert!(
        shown.contains("~ Windows\\System32\\a.dll  hard link to Windows\\WinSxS\\c_2\\a.dll"),
        "{shown}"
    );
    let plan = serde_json::from_str(&json).unwrap();
    let mut again = look(utf8(root.path()));
    again.apply_plan(&plan, Vec::new()).unwrap();
    assert!(again.same_file(&path(NAME), &path(NEW)).unwrap());
    assert!(again.is_carried_out(&plan).unwrap());
    // Back: the name that was replaced has its content and its own file again.
    let mut displaced = MemoryTree::new();
    for step in &undo.steps {
        if let Change::PutFile {
            content: Content::Source { path, .. },
            ..
        } = &step.change
        {
            displaced
                .insert(&path.to_string(), b"version 1".to_vec())
                .unwrap();
        }
    }
    again.apply_plan(&undo, vec![Arc::new(displaced)]).unwrap();
    assert_eq!(again.read(&path(NAME), 99).unwrap().unwrap(), b"version 1");
    for gone in ["Windows\\SysWOW64", "Windows\\WinSxS\\c_2"] {
        assert_eq!(again.metadata(&path(gone)).unwrap(), None, "{gone}");
    }
}
