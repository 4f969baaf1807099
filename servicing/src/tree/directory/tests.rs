//! What a host directory looks like through the tree.

#![cfg(unix)]

use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;

use tempfile::TempDir;

use super::*;

fn image(files: &[&str]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for file in files {
        let path = folder.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, *file).unwrap();
    }
    folder
}

fn path(text: &str) -> ImagePath {
    ImagePath::parse(text).unwrap()
}

fn content(tree: &DirectoryTree, at: &str) -> Option<String> {
    let bytes = tree.read(&path(at), 1000).unwrap();
    bytes.map(|bytes| String::from_utf8(bytes).unwrap())
}

fn kind(tree: &DirectoryTree, at: &str) -> Option<Kind> {
    tree.metadata(&path(at))
        .unwrap()
        .map(|metadata| metadata.kind)
}

fn walk(tree: &DirectoryTree) -> Vec<String> {
    let mut seen = Vec::new();
    tree.walk(&ImagePath::root(), &mut |path, kind| {
        seen.push(format!("{path} {kind:?}"));
        Ok(())
    })
    .unwrap();
    seen
}

#[test]
fn windows_spellings_reach_host_files() {
    let folder = image(&["WINDOWS/system32/config/system", "bootmgr"]);
    let tree = DirectoryTree::open(folder.path()).unwrap();
    let at = "Windows\\System32\\config\\SYSTEM";
    assert_eq!(
        content(&tree, at).unwrap(),
        "WINDOWS/system32/config/system"
    );
    let metadata = tree.metadata(&path(at)).unwrap().unwrap();
    assert_eq!(
        (metadata.kind, metadata.len, metadata.links),
        (Kind::File, 30, 1)
    );
    let written = fs::metadata(folder.path().join("WINDOWS/system32/config/system"));
    let written = written.unwrap().modified().unwrap();
    assert_eq!(metadata.modified, Some(crate::time::from_system(written)));
    assert_eq!(kind(&tree, "windows\\SYSTEM32"), Some(Kind::Directory));
    assert_eq!(kind(&tree, "windows\\absent"), None);
    assert_eq!(kind(&tree, "bootmgr\\below a file"), None);
    assert!(tree.read_dir(&path("bootmgr")).unwrap().is_none());
    assert!(tree.open(&path("windows")).unwrap().is_none());
    assert_eq!(
        walk(&tree),
        [
            "bootmgr File",
            "WINDOWS Directory",
            "WINDOWS\\system32 Directory",
            "WINDOWS\\system32\\config Directory",
            "WINDOWS\\system32\\config\\system File",
        ]
    );
}

#[test]
fn of_names_that_differ_by_case_the_exact_one_answers_else_the_first() {
    let folder = image(&["Inf/a", "inf/a", "INF/a", "other"]);
    let tree = DirectoryTree::open(folder.path()).unwrap();
    for (asked, found) in [
        ("inf\\A", "inf/a"),
        ("INF\\a", "INF/a"),
        ("iNF\\a", "INF/a"),
    ] {
        assert_eq!(content(&tree, asked).unwrap(), found, "{asked}");
    }
    let clashes = tree.name_clashes();
    assert_eq!(clashes.len(), 1);
    assert!(clashes[0].directory.is_root());
    let names: Vec<_> = clashes[0].names.iter().map(Name::to_string).collect();
    assert_eq!(names, ["INF", "Inf", "inf"]);
}

#[test]
fn names_that_windows_cannot_have_are_left_out_and_told() {
    let folder = image(&["a/good"]);
    let inside = folder.path().join("a");
    for name in [&b"b\\ad"[..], b"latin1 \xFC"] {
        fs::write(inside.join(std::ffi::OsStr::from_bytes(name)), "").unwrap();
    }
    let tree = DirectoryTree::open(folder.path()).unwrap();
    assert_eq!(walk(&tree), ["a Directory", "a\\good File"]);
    let told: Vec<_> = tree.unreadable_names();
    assert!(
        told.iter()
            .all(|unreadable| unreadable.directory == path("a"))
    );
    let names: Vec<_> = told
        .iter()
        .map(|unreadable| unreadable.name.as_bytes())
        .collect();
    assert_eq!(names, [&b"b\\ad"[..], b"latin1 \xFC"]);
}

#[test]
fn the_reserved_name_is_invisible_whatever_leads_there() {
    let folder = image(&[".wimwright/new-0", "a/.wimwright/x"]);
    symlink("../.wimwright/new-0", folder.path().join("a/link")).unwrap();
    let tree = DirectoryTree::open(folder.path()).unwrap();
    assert_eq!(kind(&tree, ".wimwright"), None);
    assert_eq!(kind(&tree, ".WIMWRIGHT\\new-0"), None);
    assert_eq!(kind(&tree, "a\\link"), Some(Kind::Link));
    // Only the root's is ours.
    assert_eq!(
        content(&tree, "a\\.wimwright\\x").unwrap(),
        "a/.wimwright/x"
    );
}

#[test]
fn links_are_followed_inside_the_tree_and_never_out_of_it() {
    let outside = image(&["secret"]);
    let folder = image(&["real/file", "a/b/c"]);
    let root = folder.path();
    let absolute = outside.path().join("secret");
    for (link, target) in [
        ("to file", "real/file"),
        ("to directory", "real"),
        ("a/b/up", "../../real"),
        ("absolute", absolute.to_str().unwrap()),
        ("absolute inside", root.join("real").to_str().unwrap()),
        ("out", "../"),
        (
            "out and in",
            &format!("../{}/real", root.file_name().unwrap().to_str().unwrap()),
        ),
        ("dangling", "nothing"),
        ("self", "self"),
        ("ping", "pong"),
        ("pong", "ping"),
        ("case", "REAL/FILE"),
    ] {
        symlink(target, root.join(link)).unwrap();
    }
    let tree = DirectoryTree::open(root).unwrap();
    for (at, found) in [
        ("to file", Some("real/file")),
        ("TO DIRECTORY\\File", Some("real/file")),
        ("a\\b\\up\\file", Some("real/file")),
        ("absolute", None),
        ("out\\secret", None),
    ] {
        assert_eq!(content(&tree, at).as_deref(), found, "{at}");
    }
    for link in [
        "absolute",
        "absolute inside",
        "out",
        "out and in",
        "dangling",
        "self",
        "ping",
        "case",
    ] {
        assert_eq!(kind(&tree, link), Some(Kind::Link), "{link}");
        assert!(tree.read_dir(&path(link)).unwrap().is_none(), "{link}");
    }
    assert_eq!(kind(&tree, "to directory"), Some(Kind::Directory));
    assert_eq!(kind(&tree, "to file"), Some(Kind::File));
    // Named where it is, and not walked twice.
    assert!(walk(&tree).contains(&"to directory Link".to_owned()));
    assert!(walk(&tree).contains(&"to file File".to_owned()));
}

#[test]
fn nested_links_and_loops_end() {
    let folder = image(&["file"]);
    let root = folder.path();
    symlink(".", root.join("here")).unwrap();
    symlink("file", root.join("0")).unwrap();
    for number in 1..=64 {
        symlink((number - 1).to_string(), root.join(number.to_string())).unwrap();
    }
    // Each directory holds two links to the next: 2^30 ways down.
    for number in 0..30 {
        let directory = root.join(format!("d{number}"));
        fs::create_dir(&directory).unwrap();
        for link in ["x", "y"] {
            symlink(format!("../d{}", number + 1), directory.join(link)).unwrap();
        }
    }
    let tree = DirectoryTree::open(root).unwrap();
    let through = "here\\".repeat(64);
    assert_eq!(content(&tree, &format!("{through}file")).unwrap(), "file");
    assert_eq!(content(&tree, "20").unwrap(), "file");
    // Longer than the host follows: a link, as it is for the host's programs.
    assert_eq!(kind(&tree, "64"), Some(Kind::Link));
    assert_eq!(walk(&tree).len(), 1 + 1 + 65 + 30 + 60);
}

#[test]
fn special_files_are_links_and_never_opened() {
    let folder = image(&["file"]);
    let fifo = folder.path().join("fifo");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &fifo,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR,
        0,
    )
    .unwrap();
    let _socket = UnixListener::bind(folder.path().join("socket")).unwrap();
    symlink("fifo", folder.path().join("to fifo")).unwrap();
    let tree = DirectoryTree::open(folder.path()).unwrap();
    for at in ["fifo", "socket", "to fifo"] {
        assert_eq!(kind(&tree, at), Some(Kind::Link), "{at}");
        assert!(tree.open(&path(at)).unwrap().is_none(), "{at}");
    }
    // Not even where the listing did not know yet.
    let root = Dir::open_ambient_dir(folder.path(), ambient_authority()).unwrap();
    assert!(open_to_read(&root, Path::new("fifo")).is_err());
}

#[test]
fn listings_are_kept_until_forgotten() {
    let folder = image(&["a"]);
    let tree = DirectoryTree::open(folder.path()).unwrap();
    assert_eq!(walk(&tree).len(), 1);
    fs::write(folder.path().join("b"), "").unwrap();
    assert_eq!(walk(&tree).len(), 1);
    tree.forget();
    assert_eq!(walk(&tree).len(), 2);
}

#[test]
fn what_is_no_directory_is_refused_by_name() {
    let folder = image(&["file"]);
    for missing in ["file", "absent"] {
        let at = folder.path().join(missing);
        let error = DirectoryTree::open(&at).err().unwrap();
        assert!(
            error.source.to_string().contains(&*at.to_string_lossy()),
            "{error:?}"
        );
    }
}
