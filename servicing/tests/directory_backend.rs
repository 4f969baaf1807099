//! Commits to real directories: what the host holds about files is kept,
//! links are not followed out, and what cannot be written is refused.

#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helper functions of tests"
)]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use rustix::fs::{CWD, FileType, Mode, XattrFlags, getxattr, mknodat, setxattr};
use tempfile::TempDir;
use wimwright_servicing::backend::{
    BackendError, DirectoryBackend, FileChange, RESERVED, Recovered,
};
use wimwright_servicing::plan::Times;
use wimwright_servicing::{Blob, FileTree as _, ImagePath, MemoryBlob, time};
use wimwright_testdata::{program, skipped};

fn path(text: &str) -> ImagePath {
    ImagePath::parse(text).unwrap()
}

fn put(at: &str, content: &str) -> FileChange {
    put_blob(at, Arc::new(MemoryBlob::new(content.as_bytes())))
}

fn put_blob(at: &str, content: Arc<dyn Blob>) -> FileChange {
    FileChange::Put {
        path: path(at),
        content,
        in_place_if_linked: false,
        differs: None,
    }
}

fn put_in_place(at: &str, content: &str) -> FileChange {
    FileChange::Put {
        path: path(at),
        content: Arc::new(MemoryBlob::new(content.as_bytes())),
        in_place_if_linked: true,
        differs: None,
    }
}

fn make(at: &str) -> FileChange {
    FileChange::MakeDirectory { path: path(at) }
}

fn remove(at: &str) -> FileChange {
    FileChange::Remove { path: path(at) }
}

fn rename(from: &str, to: &str) -> FileChange {
    FileChange::Rename {
        from: path(from),
        to: path(to),
    }
}

fn set_attributes(at: &str, attributes: u32) -> FileChange {
    FileChange::SetAttributes {
        path: path(at),
        attributes,
    }
}

fn set_times(at: &str, times: Times) -> FileChange {
    FileChange::SetTimes {
        path: path(at),
        times,
    }
}

/// A directory with these files; each holds its own path.
fn image(files: &[&str]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for file in files {
        let path = folder.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, file).unwrap();
    }
    folder
}

fn commit(root: &Path, changes: Vec<FileChange>) -> Result<(), BackendError> {
    let mut backend = DirectoryBackend::open(root)?;
    backend.lock()?;
    backend.stage(changes)?.commit()
}

/// Every path below `root` with what is there.
fn contents(root: &Path) -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    let mut open = vec![root.to_owned()];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            let file_type = fs::symlink_metadata(&path).unwrap().file_type();
            let shown = if file_type.is_dir() {
                open.push(path.clone());
                "directory".to_owned()
            } else if file_type.is_symlink() {
                format!("link to {}", fs::read_link(&path).unwrap().display())
            } else if file_type.is_fifo() {
                "pipe".to_owned()
            } else {
                fs::read_to_string(&path).unwrap()
            };
            found.insert(path.strip_prefix(root).unwrap().to_owned(), shown);
        }
    }
    found
}

#[test]
fn changes_are_made_under_the_spelling_that_is_there() {
    let folder = image(&["WINDOWS/system32/config/system", "WINDOWS/Temp/a/b", "old"]);
    commit(
        folder.path(),
        vec![
            put("Windows\\System32\\config\\SYSTEM", "new"),
            put("Windows\\System32\\drivers\\Neu Grün.sys", "driver"),
            make("windows\\INF"),
            make("windows\\system32"),
            remove("Windows\\TEMP"),
            remove("OLD"),
            remove("absent\\below"),
        ],
    )
    .unwrap();
    let found: Vec<(PathBuf, String)> = contents(folder.path()).into_iter().collect();
    let expected = [
        ("WINDOWS", "directory"),
        ("WINDOWS/INF", "directory"),
        ("WINDOWS/system32", "directory"),
        ("WINDOWS/system32/config", "directory"),
        ("WINDOWS/system32/config/system", "new"),
        ("WINDOWS/system32/drivers", "directory"),
        ("WINDOWS/system32/drivers/Neu Grün.sys", "driver"),
    ];
    assert_eq!(
        found,
        expected.map(|(path, shown)| (path.into(), shown.into()))
    );
}

#[test]
fn later_changes_see_what_earlier_ones_leave() {
    let folder = image(&["file", "directory/x/y", "kept"]);
    commit(
        folder.path(),
        vec![
            remove("directory\\x\\y"),
            put("directory\\x\\z", "never seen"),
            remove("directory"),
            put("directory\\new\\1", "1"),
            remove("file"),
            put("file\\inside", "2"),
            put("twice", "first"),
            put("TWICE", "second"),
            put("gone\\again", "3"),
            remove("gone"),
            put("kept", "replaced, then removed"),
            remove("kept"),
            make("empty\\below"),
            remove("empty\\below"),
        ],
    )
    .unwrap();
    let found: Vec<(PathBuf, String)> = contents(folder.path()).into_iter().collect();
    let expected = [
        ("directory", "directory"),
        ("directory/new", "directory"),
        ("directory/new/1", "1"),
        ("empty", "directory"),
        ("file", "directory"),
        ("file/inside", "2"),
        ("twice", "second"),
    ];
    assert_eq!(
        found,
        expected.map(|(path, shown)| (path.into(), shown.into()))
    );
}

#[test]
fn a_replaced_file_keeps_its_mode_owner_and_attributes() {
    let folder = image(&["a"]);
    let file = folder.path().join("a");
    if let Err(error) = setxattr(&file, "user.note", b"kept", XattrFlags::empty()) {
        skipped(
            "a_replaced_file_keeps_its_mode_owner_and_attributes",
            &error.to_string(),
        );
        return;
    }
    // Only root may give files away; others keep their own.
    let _ = std::os::unix::fs::chown(&file, Some(1234), Some(4321));
    fs::set_permissions(&file, fs::Permissions::from_mode(0o4750)).unwrap();
    let before = fs::metadata(&file).unwrap();
    commit(folder.path(), vec![put("a", "new")]).unwrap();
    let after = fs::metadata(&file).unwrap();
    assert_eq!(fs::read(&file).unwrap(), b"new");
    assert_ne!(after.ino(), before.ino(), "a new file took its place");
    assert_eq!(after.mode(), before.mode());
    assert_eq!((after.uid(), after.gid()), (before.uid(), before.gid()));
    let mut value = [0; 10];
    let len = getxattr(&file, "user.note", &mut value).unwrap();
    assert_eq!(&value[..len], b"kept");
    assert!(after.mtime() >= before.mtime());
}

#[test]
fn new_files_and_directories_get_the_usual_modes() {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let umask = status
        .lines()
        .find_map(|line| line.strip_prefix("Umask:"))
        .unwrap();
    let umask = u32::from_str_radix(umask.trim(), 8).unwrap();
    let folder = image(&[]);
    commit(folder.path(), vec![put("new\\file", "content")]).unwrap();
    let mode = |path: &str| fs::metadata(folder.path().join(path)).unwrap().mode() & 0o7777;
    assert_eq!(mode("new"), 0o755 & !umask);
    assert_eq!(mode("new/file"), 0o644 & !umask);
}

#[test]
fn names_of_one_file_stay_together_only_where_that_is_asked_for() {
    let folder = image(&["hive", "dll"]);
    let at = |name: &str| folder.path().join(name);
    fs::hard_link(at("hive"), at("hive 2")).unwrap();
    fs::hard_link(at("dll"), at("dll 2")).unwrap();
    commit(
        folder.path(),
        vec![put_in_place("hive", "H"), put("dll", "a longer text")],
    )
    .unwrap();
    for (name, content, links) in [
        ("hive", "H", 2),
        ("hive 2", "H", 2),
        ("dll", "a longer text", 1),
        ("dll 2", "dll", 1),
    ] {
        assert_eq!(fs::read_to_string(at(name)).unwrap(), content, "{name}");
        assert_eq!(fs::metadata(at(name)).unwrap().nlink(), links, "{name}");
    }
}

#[test]
fn what_is_staged_and_dropped_leaves_no_trace() {
    let folder = image(&["a", "b/c"]);
    let before = contents(folder.path());
    let mut backend = DirectoryBackend::open(folder.path()).unwrap();
    backend.lock().unwrap();
    let staged = backend.stage(vec![put("a", "new"), remove("b")]).unwrap();
    assert!(folder.path().join(RESERVED).exists());
    let tree = backend.tree();
    assert_eq!(tree.read(&path("a"), 10).unwrap().unwrap(), b"a");
    assert!(!tree.has_directory(&path(RESERVED)).unwrap());
    assert!(matches!(
        backend.stage(vec![]),
        Err(BackendError::AlreadyStaged { .. })
    ));
    drop(staged);
    assert_eq!(contents(folder.path()), before);
    // A failure while staging leaves none either.
    let refused = vec![put("a", "new"), put("b", "onto a directory")];
    assert!(matches!(
        backend.stage(refused),
        Err(BackendError::DirectoryInTheWay { .. })
    ));
    assert_eq!(contents(folder.path()), before);
    backend
        .stage(vec![put("a", "new")])
        .unwrap()
        .commit()
        .unwrap();
    assert_eq!(tree.read(&path("a"), 10).unwrap().unwrap(), b"new");
    assert_eq!(backend.recovered(), None);
}

#[test]
fn staged_leftovers_of_a_dead_process_are_undone_by_the_next_open() {
    let folder = image(&["a"]);
    fs::create_dir(folder.path().join(RESERVED)).unwrap();
    fs::write(folder.path().join(RESERVED).join("new-0"), "half").unwrap();
    let backend = DirectoryBackend::open(folder.path()).unwrap();
    assert_eq!(backend.recovered(), Some(Recovered::Undone));
    assert_eq!(contents(folder.path()).len(), 1);
}

/// A journal in format version 1, as it will be found for ever.
const JOURNAL_1: &str = concat!(
    "{\"format\":\"wimwright journal\",\"version\":1,\"changes\":3}\n",
    "{\"remove\":\"old\"}\n",
    "{\"make_directory\":\"Windows/INF\"}\n",
    "{\"rename\":{\"path\":\"Windows/INF/oem0.inf\",\"content\":{\"len\":11,\"sha1\":\"ca527369d9e8c1e081558bd92f90f65c4eb77e21\"}}}\n",
    "{\"write_in_place\":{\"path\":\"Windows/hive\",\"content\":{\"len\":11,\"sha1\":\"ca527369d9e8c1e081558bd92f90f65c4eb77e21\"}}}\n",
    "{\"sha1\":\"e492d673b8c9aacda96fd352fd57f41fc3dbb080\"}\n",
);

/// An image whose commit was cut right after its journal came into force.
fn with_journal(root: &Path) {
    let reserved = root.join(RESERVED);
    fs::create_dir_all(root.join("Windows")).unwrap();
    fs::create_dir_all(root.join("old/below")).unwrap();
    fs::write(root.join("Windows/hive"), "old content, longer").unwrap();
    fs::create_dir(&reserved).unwrap();
    for staged in ["new-0", "new-1"] {
        fs::write(reserved.join(staged), "new content").unwrap();
    }
    fs::write(reserved.join("journal"), JOURNAL_1).unwrap();
}

#[test]
fn a_journal_in_force_is_carried_out_by_the_next_open() {
    let folder = image(&[]);
    with_journal(folder.path());
    let backend = DirectoryBackend::open(folder.path()).unwrap();
    assert_eq!(
        backend.recovered(),
        Some(Recovered::Finished { changes: 3 })
    );
    let found: Vec<(PathBuf, String)> = contents(folder.path()).into_iter().collect();
    let expected = [
        ("Windows", "directory"),
        ("Windows/INF", "directory"),
        ("Windows/INF/oem0.inf", "new content"),
        ("Windows/hive", "new content"),
    ];
    assert_eq!(
        found,
        expected.map(|(path, shown)| (path.into(), shown.into()))
    );
}

#[test]
fn a_second_writer_is_refused_by_name_and_no_lock_file_stays() {
    let folder = image(&["a"]);
    let mut first = DirectoryBackend::open(folder.path()).unwrap();
    assert!(matches!(
        first.stage(vec![]),
        Err(BackendError::NotLocked { .. })
    ));
    first.lock().unwrap();
    first.lock().unwrap();
    let mut second = DirectoryBackend::open(folder.path()).unwrap();
    let error = second.lock().unwrap_err();
    assert!(matches!(error, BackendError::Locked { .. }), "{error:?}");
    assert!(
        error
            .to_string()
            .contains(&*folder.path().to_string_lossy()),
        "{error}"
    );
    assert!(error.hint().is_some());
    // While a commit is under way the image cannot be opened either.
    let staged = first.stage(vec![put("a", "new")]).unwrap();
    assert!(matches!(
        DirectoryBackend::open(folder.path()),
        Err(BackendError::Locked { .. })
    ));
    // What is staged keeps the lock without its backend.
    drop(first);
    assert!(matches!(second.lock(), Err(BackendError::Locked { .. })));
    staged.commit().unwrap();
    second.lock().unwrap();
    assert_eq!(second.tree().read(&path("a"), 10).unwrap().unwrap(), b"new");
    assert_eq!(contents(folder.path()).len(), 1);
}

#[test]
fn the_lock_holds_between_processes() {
    let name = "the_lock_holds_between_processes";
    if !program("flock", name) {
        return;
    }
    let folder = image(&["a"]);
    let mut backend = DirectoryBackend::open(folder.path()).unwrap();
    backend.lock().unwrap();
    let other = Command::new("flock")
        .arg("--nonblock")
        .arg(folder.path())
        .arg("true")
        .status();
    assert!(!other.unwrap().success(), "another process got the lock");
    drop(backend);
    // The other way round: it tells on a pipe that it has the lock, and keeps
    // it until its input ends.
    let mut other = Command::new("flock")
        .arg(folder.path())
        .args(["sh", "-c", "echo locked; read answer"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut told = [0; 6];
    std::io::Read::read_exact(other.stdout.as_mut().unwrap(), &mut told).unwrap();
    let mut backend = DirectoryBackend::open(folder.path()).unwrap();
    assert!(matches!(backend.lock(), Err(BackendError::Locked { .. })));
    drop(other.stdin.take());
    other.wait().unwrap();
    backend.lock().unwrap();
}

#[test]
fn what_stands_in_the_way_is_named() {
    let folder = image(&["directory/x", "file"]);
    let root = folder.path();
    symlink("file", root.join("link")).unwrap();
    symlink("/etc", root.join("outside")).unwrap();
    mknodat(CWD, root.join("pipe"), FileType::Fifo, Mode::RUSR, 0).unwrap();
    let before = contents(root);
    let long = "n".repeat(256);
    for (change, text) in [
        (put("link", "new"), "`link` is a symbolic link"),
        (
            put("outside\\passwd", "new"),
            "`outside` is a symbolic link",
        ),
        (make("outside"), "`outside` is a symbolic link"),
        (put("pipe", "new"), "`pipe` is a pipe"),
        (put("directory", "new"), "`directory` is a directory"),
        (put("file\\below", "new"), "`file` is a file"),
        (make("file"), "`file` is a file"),
        (make("directory\\X\\below"), "`directory\\X` is a file"),
        (
            put(".WimWright\\new-0", "new"),
            "keeps that name for itself",
        ),
        (make(".wimwright"), "keeps that name for itself"),
        (remove(".wimwright"), "keeps that name for itself"),
        (remove(""), "root itself"),
        (put("", "new"), "is a directory"),
        (
            FileChange::MakeDirectory {
                path: ImagePath::from_names([wimwright_servicing::Name::found(
                    long.as_str().into(),
                )
                .unwrap()]),
            },
            "nnnn",
        ),
    ] {
        let error = commit(root, vec![put("new", "new"), change]).unwrap_err();
        assert!(error.to_string().contains(text), "{error}");
        assert_eq!(contents(root), before, "{error}");
    }
}

#[test]
fn links_inside_the_image_lead_to_the_real_place_and_are_removed_alone() {
    let outside = image(&["secret/file"]);
    let folder = image(&["real/file", "going/x"]);
    let root = folder.path();
    symlink("real", root.join("alias")).unwrap();
    symlink("real/file", root.join("to file")).unwrap();
    symlink(outside.path(), root.join("going/out")).unwrap();
    symlink(outside.path(), root.join("out")).unwrap();
    commit(
        root,
        vec![
            put("ALIAS\\File", "through the link"),
            put("alias\\new", "new"),
            remove("to file"),
            remove("going"),
            remove("out\\secret"),
        ],
    )
    .unwrap();
    let found: Vec<(PathBuf, String)> = contents(root).into_iter().collect();
    let expected = [
        ("alias", "link to real".to_owned()),
        ("out", format!("link to {}", outside.path().display())),
        ("real", "directory".to_owned()),
        ("real/file", "through the link".to_owned()),
        ("real/new", "new".to_owned()),
    ];
    assert_eq!(found, expected.map(|(path, shown)| (path.into(), shown)));
    assert_eq!(contents(outside.path()).len(), 2);
    commit(root, vec![remove("alias")]).unwrap();
    assert!(!root.join("alias").is_symlink() && root.join("real/file").exists());
}

#[test]
fn of_two_spellings_the_exact_one_is_written() {
    let folder = image(&["Inf/a", "inf/a"]);
    commit(
        folder.path(),
        vec![put("inf\\A", "exact"), put("INF\\a", "first by bytes")],
    )
    .unwrap();
    assert_eq!(
        fs::read_to_string(folder.path().join("inf/a")).unwrap(),
        "exact"
    );
    assert_eq!(
        fs::read_to_string(folder.path().join("Inf/a")).unwrap(),
        "first by bytes"
    );
}

#[test]
fn a_file_may_be_rewritten_from_its_own_content() {
    let folder = image(&["a"]);
    fs::hard_link(folder.path().join("a"), folder.path().join("b")).unwrap();
    let mut backend = DirectoryBackend::open(folder.path()).unwrap();
    backend.lock().unwrap();
    let own = backend.tree().open(&path("a")).unwrap().unwrap();
    let changes = vec![
        FileChange::Put {
            path: path("b"),
            content: own,
            in_place_if_linked: true,
            differs: None,
        },
        make("c"),
    ];
    backend.stage(changes).unwrap().commit().unwrap();
    assert_eq!(fs::read_to_string(folder.path().join("a")).unwrap(), "a");
}

/// Runs the test `name` of this program again, by a shell script in a mount
/// namespace of its own: `$1` is the program with arguments, `$2` a folder.
/// `None` when the host does not allow that, or when this is that run; then
/// `there` is done.
fn in_namespace(name: &str, script: &str, there: impl FnOnce(&Path)) {
    const VARIABLE: &str = "WIMWRIGHT_TEST_FOLDER";
    if let Some(folder) = std::env::var_os(VARIABLE) {
        there(Path::new(&folder));
        return;
    }
    if !program("unshare", name) {
        return;
    }
    let allowed = Command::new("unshare").args(["--mount", "true"]).output();
    if !allowed.is_ok_and(|output| output.status.success()) {
        skipped(name, "no permission to mount (run it as root)");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new("unshare")
        .args(["--mount", "sh", "-e", "-c", script, "sh"])
        .arg(std::env::current_exe().unwrap())
        .arg(name)
        .arg(folder.path())
        .env(VARIABLE, folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    if output.status.code() == Some(77) {
        skipped(name, &said);
        return;
    }
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{said}"
    );
}

#[test]
fn a_read_only_filesystem_is_told_and_still_read() {
    let name = "a_read_only_filesystem_is_told_and_still_read";
    let script = r#"
        mkdir "$3/image"
        mount -t tmpfs tmpfs "$3/image"
        "$1" --exact "$2" --nocapture"#;
    in_namespace(name, script, |folder| {
        let image = folder.join("image");
        let (old, pending) = (image.join("old"), image.join("pending"));
        fs::create_dir_all(old.join(RESERVED)).unwrap();
        fs::write(old.join("file"), "old").unwrap();
        fs::write(old.join(RESERVED).join("new-0"), "half").unwrap();
        with_journal(&pending);
        let remount = |how| {
            let options = format!("remount,{how}");
            let status = Command::new("mount")
                .args(["-o", &options])
                .arg(&image)
                .status();
            assert!(status.unwrap().success());
        };
        remount("ro");
        // Leftovers of staging harm nobody who only reads.
        let mut backend = DirectoryBackend::open(&old).unwrap();
        assert_eq!(backend.recovered(), None);
        assert_eq!(
            backend.tree().read(&path("FILE"), 10).unwrap().unwrap(),
            b"old"
        );
        backend.lock().unwrap();
        let error = backend.stage(vec![put("file", "new")]).err().unwrap();
        assert!(matches!(error, BackendError::ReadOnly { .. }), "{error:?}");
        // A journal in force is another matter.
        let error = DirectoryBackend::open(&pending).err().unwrap();
        assert!(
            matches!(error, BackendError::PendingUnwritable { .. }),
            "{error:?}"
        );
        assert!(error.to_string().contains("pending"), "{error}");
        remount("rw");
        let recovered = DirectoryBackend::open(&pending).unwrap().recovered();
        assert_eq!(recovered, Some(Recovered::Finished { changes: 3 }));
    });
}

#[test]
fn a_full_filesystem_leaves_the_image_as_it_was() {
    let name = "a_full_filesystem_leaves_the_image_as_it_was";
    let script = r#"
        mount -t tmpfs -o size=256k tmpfs "$3"
        echo old > "$3/file"
        "$1" --exact "$2" --nocapture"#;
    in_namespace(name, script, |folder| {
        let before = contents(folder);
        let large = || Arc::new(MemoryBlob::new(vec![b'x'; 200 * 1024]));
        let error = commit(
            folder,
            vec![put_blob("file", large()), put_blob("new", large())],
        );
        let error = error.unwrap_err();
        assert!(matches!(error, BackendError::NoSpace { .. }), "{error:?}");
        assert_eq!(contents(folder), before);
        commit(folder, vec![put_blob("file", large())]).unwrap();
        assert_eq!(fs::metadata(folder.join("file")).unwrap().len(), 200 * 1024);
    });
}

#[test]
fn another_filesystem_inside_the_image_is_refused_before_anything_is_written() {
    let name = "another_filesystem_inside_the_image_is_refused_before_anything_is_written";
    let script = r#"
        mkdir -p "$3/a/mounted"
        mount -t tmpfs tmpfs "$3/a/mounted"
        echo x > "$3/a/mounted/file"
        "$1" --exact "$2" --nocapture"#;
    in_namespace(name, script, |folder| {
        let before = contents(folder);
        for change in [
            put("a\\mounted\\file", "new"),
            make("a\\mounted\\new"),
            remove("a"),
        ] {
            let error = commit(folder, vec![change]).unwrap_err();
            assert!(
                matches!(error, BackendError::OtherFilesystem { .. }),
                "{error:?}"
            );
            assert!(error.to_string().contains("a\\mounted"), "{error}");
        }
        assert_eq!(contents(folder), before);
    });
}

#[test]
fn a_file_on_ntfs_keeps_what_only_ntfs_knows() {
    let name = "a_file_on_ntfs_keeps_what_only_ntfs_knows";
    if std::env::var_os("WIMWRIGHT_TEST_FOLDER").is_none()
        && !(program("mkfs.ntfs", name) && program("ntfs-3g", name))
    {
        return;
    }
    let script = r#"
        mkdir "$3/image"
        truncate -s 16M "$3/disk"
        mkfs.ntfs --fast --force --quiet "$3/disk" > /dev/null 2>&1
        ntfs-3g "$3/disk" "$3/image" || exit 77
        "$1" --exact "$2" --nocapture || failed=1
        umount "$3/image"
        exit ${failed:-0}"#;
    in_namespace(name, script, |folder| {
        let root = folder.join("image");
        let (file, linked) = (root.join("A long name.txt"), root.join("two names.txt"));
        for file in [&file, &linked] {
            fs::write(file, "old").unwrap();
        }
        fs::hard_link(&linked, root.join("other.txt")).unwrap();
        fs::create_dir_all(root.join("Windows/Temp/x")).unwrap();
        setxattr(
            &file,
            "system.ntfs_dos_name",
            b"ALONGN~1.TXT",
            XattrFlags::empty(),
        )
        .unwrap();
        setxattr(
            &file,
            "user.stream",
            b"Zone.Identifier",
            XattrFlags::empty(),
        )
        .unwrap();
        let get = |path: &Path, name: &str| {
            let mut value = vec![0; 1000];
            let len = getxattr(path, name, value.as_mut_slice()).unwrap();
            value.truncate(len);
            value
        };
        let known = ["dos_name", "crtime", "acl", "attrib"];
        let all = |path: &Path| known.map(|known| get(path, &format!("system.ntfs_{known}")));
        let before = all(&file);
        assert_eq!(before[0], b"ALONGN~1.TXT");
        let copied = |path: &Path| {
            ["crtime", "acl", "attrib"].map(|known| get(path, &format!("system.ntfs_{known}")))
        };
        // Hidden and system, so that it differs from a new file's.
        setxattr(
            &linked,
            "system.ntfs_attrib",
            &[0x26, 0, 0, 0],
            XattrFlags::empty(),
        )
        .unwrap();
        let linked_before = copied(&linked);
        commit(
            &root,
            vec![
                put("a LONG name.TXT", "new content"),
                put("two names.txt", "of its own"),
                put("Windows\\INF\\oem0.inf", "inf"),
                remove("windows\\temp"),
            ],
        )
        .unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"new content");
        assert_eq!(all(&file), before);
        assert_eq!(get(&file, "user.stream"), b"Zone.Identifier");
        assert_eq!(fs::read(root.join("two names.txt")).unwrap(), b"of its own");
        assert_eq!(fs::read(root.join("other.txt")).unwrap(), b"old");
        assert_eq!(copied(&linked), linked_before);
        assert_eq!(linked_before[2], [0x26, 0, 0, 0]);
        assert_eq!(fs::read(root.join("Windows/INF/oem0.inf")).unwrap(), b"inf");
        assert!(!root.join("Windows/Temp").exists() && !root.join(RESERVED).exists());
    });
}

#[test]
fn attributes_and_the_time_of_creation_are_set_on_ntfs_and_read_back() {
    let name = "attributes_and_the_time_of_creation_are_set_on_ntfs_and_read_back";
    if std::env::var_os("WIMWRIGHT_TEST_FOLDER").is_none()
        && !(program("mkfs.ntfs", name) && program("ntfs-3g", name))
    {
        return;
    }
    let script = r#"
        mkdir "$3/image"
        truncate -s 16M "$3/disk"
        mkfs.ntfs --fast --force --quiet "$3/disk" > /dev/null 2>&1
        ntfs-3g "$3/disk" "$3/image" || exit 77
        "$1" --exact "$2" --nocapture || failed=1
        umount "$3/image"
        exit ${failed:-0}"#;
    in_namespace(name, script, |folder| {
        let root = folder.join("image");
        fs::create_dir_all(root.join("a/b")).unwrap();
        fs::write(root.join("a/b/c.txt"), "c").unwrap();
        let made = time::parse_iso("2001-02-03T04:05:06.1234567Z");
        let times = Times {
            created: made,
            accessed: time::parse_iso("2011-02-03T04:05:06Z"),
            written: time::parse_iso("2010-02-03T04:05:06.7654321Z"),
        };
        commit(
            &root,
            vec![
                rename("a", "Moved"),
                put("Moved\\new.txt", "new"),
                set_attributes("Moved\\b\\C.TXT", 0x27),
                set_times("moved\\b\\c.txt", times),
                set_attributes("Moved\\new.txt", 0x2022),
                set_attributes("Moved\\b", 0x12),
                set_times("Moved\\b", times),
            ],
        )
        .unwrap();
        let tree = DirectoryBackend::open(&root).unwrap().tree();
        for (at, attributes, stamped) in [
            ("Moved\\b\\c.txt", 0x27, true),
            ("Moved\\b", 0x12, true),
            ("Moved\\new.txt", 0x2022, false),
        ] {
            let found = tree.metadata(&path(at)).unwrap().unwrap();
            assert_eq!(found.attributes, Some(attributes), "{at}");
            assert_eq!(found.times().written == times.written, stamped, "{at}");
            assert_eq!(found.times().created == times.created, stamped, "{at}");
        }
    });
}

#[test]
fn names_move_with_all_that_the_host_holds_about_them() {
    let folder = image(&["a/b/c", "a/two", "swap1", "swap2", "Users/x/y"]);
    let root = folder.path();
    symlink("two", root.join("a/link")).unwrap();
    fs::hard_link(root.join("a/two"), root.join("other name")).unwrap();
    fs::set_permissions(root.join("a/two"), fs::Permissions::from_mode(0o600)).unwrap();
    let inode = |at: &str| fs::symlink_metadata(root.join(at)).unwrap().ino();
    let before = ["a/b", "a/two", "swap1", "swap2", "a/link"].map(inode);
    commit(
        root,
        vec![
            rename("A", "new place"),
            rename("swap1", "t"),
            rename("SWAP2", "swap1"),
            rename("t", "swap2"),
            rename("new place\\b\\c", "new place\\b\\C"),
            put("New Place\\b\\d", "d"),
            rename("Users\\x", "Users\\X y"),
        ],
    )
    .unwrap();
    let after = [
        "new place/b",
        "new place/two",
        "swap2",
        "swap1",
        "new place/link",
    ]
    .map(inode);
    assert_eq!(before, after);
    let found = contents(root);
    let text = |at: &str| found.get(Path::new(at)).map(String::as_str);
    assert_eq!(text("new place/b/C"), Some("a/b/c"));
    assert_eq!(text("new place/b/c"), None);
    assert_eq!(text("new place/b/d"), Some("d"));
    assert_eq!(text("Users/X y/y"), Some("Users/x/y"));
    assert_eq!(text("new place/link"), Some("link to two"));
    assert_eq!(text("a"), None);
    assert!(!root.join(RESERVED).exists());
    let mode = fs::metadata(root.join("new place/two")).unwrap().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn moves_that_cannot_be_made_are_refused_before_anything_is_written() {
    let folder = image(&["a/b/c", "file"]);
    let root = folder.path();
    let before = contents(root);
    let times = Times {
        created: Some(time::from_unix_seconds(1)),
        ..Times::default()
    };
    for (change, word) in [
        (rename("absent", "x"), "nothing is there"),
        (rename("a", "file"), "is there already"),
        (rename("a", "a\\b\\a"), "lies in it"),
        (rename("a", "file\\a"), "is a file"),
        (rename("", "x"), "root itself"),
        (rename("a", ".wimwright\\a"), "keeps that name"),
        (set_attributes("absent", 0x20), "nothing is there"),
        (
            set_attributes("file", 0x22),
            "cannot hold the attributes `hidden archive`",
        ),
        (set_times("file", times), "when a file was made"),
        (set_times("", times), "root itself"),
    ] {
        let error = commit(root, vec![put("new", "x"), change]).unwrap_err();
        assert!(error.to_string().contains(word), "{word}: {error}");
        assert_eq!(contents(root), before, "{word}");
    }
}

#[test]
fn times_are_set_when_nothing_else_changes_them() {
    let folder = image(&["a/b"]);
    let root = folder.path();
    let times = Times {
        written: time::parse_iso("2010-02-03T04:05:06.7654321Z"),
        accessed: time::parse_iso("2011-02-03T04:05:06.1Z"),
        created: None,
    };
    let changes = vec![
        set_times("a", times),
        put("a\\new", "x"),
        set_times("a\\new", times),
        // What any file and directory has.
        set_attributes("a\\new", 0x20),
        set_attributes("a", 0x10),
    ];
    commit(root, changes).unwrap();
    let tree = DirectoryBackend::open(root).unwrap().tree();
    for at in ["a", "a\\new"] {
        let found = tree.metadata(&path(at)).unwrap().unwrap().times();
        assert_eq!(
            (found.written, found.accessed),
            (times.written, times.accessed)
        );
    }
}

#[test]
fn a_directory_of_somebody_else_is_refused_before_anything_is_written() {
    let name = "a_directory_of_somebody_else_is_refused_before_anything_is_written";
    // Root may write everywhere: it goes on as nobody.
    if std::env::var_os("WIMWRIGHT_TEST_FOLDER").is_none() && !program("setpriv", name) {
        return;
    }
    let script = r#"
        mkdir -p "$3/image/theirs/below" "$3/image/free"
        echo x > "$3/image/theirs/file"
        echo x > "$3/image/free/file"
        chmod 755 "$3"
        chmod 777 "$3/image" "$3/image/free"
        as_nobody="setpriv --reuid=65534 --regid=65534 --clear-groups"
        $as_nobody "$1" --list > /dev/null || exit 77
        $as_nobody "$1" --exact "$2" --nocapture"#;
    in_namespace(name, script, |folder| {
        let root = folder.join("image");
        let before = contents(&root);
        for change in [
            put("theirs\\new", "new"),
            put("theirs\\file", "new"),
            make("theirs\\new\\below"),
            remove("theirs\\file"),
            remove("theirs"),
            rename("theirs\\file", "free\\theirs"),
            rename("free\\file", "theirs\\file of ours"),
            rename("theirs", "free\\theirs"),
            set_times(
                "theirs\\file",
                Times {
                    written: Some(time::from_unix_seconds(1)),
                    ..Times::default()
                },
            ),
        ] {
            let error = commit(&root, vec![put("free\\new", "new"), change]).unwrap_err();
            assert!(
                matches!(error, BackendError::Permission { .. }),
                "{error:?}"
            );
            assert!(error.to_string().contains("theirs"), "{error}");
            assert_eq!(contents(&root), before);
        }
        commit(&root, vec![put("free\\new", "new"), remove("free\\file")]).unwrap();
        assert!(root.join("free/new").exists() && !root.join("free/file").exists());
    });
}
