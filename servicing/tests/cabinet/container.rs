//! Containers of update packages: told by content, listed, taken out.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use wimwright_servicing::container::Meter;
use wimwright_servicing::update::container::{
    Container, ContainerError, Form, IndexKind, Role, extract,
};
use wimwright_testdata::cabinet::{Cabinet as Made, File, Method};

use crate::support::{cabextract, chain, files_below, noise};

fn put(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

fn opened(path: &Path) -> Container {
    Container::open(path).unwrap_or_else(|error| panic!("{}: {}", path.display(), chain(&error)))
}

fn refused(path: &Path) -> String {
    chain(&Container::open(path).err().unwrap())
}

/// A package of one file.
fn package() -> Vec<u8> {
    Made::of(
        Method::Mszip,
        &[
            ("update.mum", b"<assembly/>"),
            ("a\\b.dll", &noise(1, 40_000)),
        ],
    )
    .build()
}

/// An installer with a package and scan data.
fn installer() -> Vec<(&'static str, Vec<u8>)> {
    let scan = Made::of(Method::Stored, &[("package.cab", &package())]).build();
    vec![
        ("Windows-KB1-x64.cab", package()),
        ("Windows-KB1-x64-pkgProperties.txt", b"a=\"b\"\r\n".to_vec()),
        ("WSUSSCAN.cab", scan),
    ]
}

fn check_installer(container: &Container) {
    assert_eq!(container.role(), Role::Msu);
    let nested: Vec<(&str, Role)> = container
        .nested()
        .iter()
        .map(|nested| (nested.name(), nested.role()))
        .collect();
    assert_eq!(
        nested,
        [
            ("Windows-KB1-x64.cab", Role::Package),
            ("WSUSSCAN.cab", Role::ScanData)
        ]
    );
    assert_eq!(container.packages().len(), 2);
    let payload = container.nested()[0].payload().unwrap();
    assert_eq!(payload.files().unwrap().len(), 2);
}

#[test]
fn installers_are_told_by_their_content() {
    let folder = tempfile::tempdir().unwrap();
    let unpacked = folder.path().join("unpacked");
    std::fs::create_dir(&unpacked).unwrap();
    let files = installer();
    for (name, bytes) in &files {
        put(&unpacked, name, bytes);
    }
    let list: Vec<(&str, &[u8])> = files
        .iter()
        .map(|(name, bytes)| (*name, bytes.as_slice()))
        .collect();
    // The ending says nothing.
    let cabinet = put(
        folder.path(),
        "a.wim",
        &Made::of(Method::Mszip, &list).build(),
    );
    let container = opened(&cabinet);
    assert!(matches!(container.form(), Form::Cabinet(_)));
    check_installer(&container);

    let container = opened(&unpacked);
    assert_eq!((container.form(), container.len()), (&Form::Folder, 0));
    check_installer(&container);

    let test = "installers_are_told_by_their_content";
    if wimwright_testdata::program("wimlib-imagex", test) {
        let wim = folder.path().join("Windows11.0-KB1-x64.msu");
        let made = Command::new("wimlib-imagex")
            .arg("capture")
            .args([&unpacked, &wim])
            .output()
            .unwrap();
        assert!(made.status.success(), "{made:?}");
        let container = opened(&wim);
        assert_eq!(container.form(), &Form::Wim { image: 1 });
        check_installer(&container);
        let target = folder.path().join("out");
        extract(&container, &target, &Arc::new(Meter::default())).unwrap();
        assert_eq!(files_below(&target), files_below(&unpacked));
    }
    let text = put(folder.path(), "text.msu", b"just text");
    assert_eq!(
        refused(&text),
        "it is neither a cabinet, a WIM file, nor a program: it begins with \
         [6a, 75, 73, 74, 20, 74, 65, 78]"
    );
    assert!(refused(&folder.path().join("none")).contains("No such file"));
}

#[test]
fn hotfixes_are_programs_with_a_cabinet_inside() {
    let folder = tempfile::tempdir().unwrap();
    let hotfix = Made {
        behind: vec![9; 300],
        ..Made::of(
            Method::Lzx { window: 15 },
            &[
                ("sp3qfe\\a.dll", &noise(1, 90_000)),
                ("update\\update_SP3QFE.inf", b"[Version]\r\n"),
            ],
        )
    }
    .build();
    // Code that looks for cabinets holds their letters, and headers that are
    // none.
    let mut program = b"MZ\x90\0".to_vec();
    program.extend(noise(2, 70_000));
    program.extend(b"MSCFMSCF");
    program.extend(&hotfix[..40]);
    program.extend([0; 11]);
    let at = program.len() as u64;
    program.extend(&hotfix);
    let path = put(folder.path(), "WindowsXP-KB1.exe", &program);
    let container = opened(&path);
    assert_eq!(container.role(), Role::Hotfix);
    let Form::Program { at: found, cabinet } = container.form() else {
        panic!("{:?}", container.form());
    };
    assert_eq!((*found, cabinet.behind), (at, 300));
    let target = folder.path().join("out");
    let done = extract(&container, &target, &Arc::new(Meter::default())).unwrap();
    assert_eq!((done.files, done.bytes), (2, 90_011));
    assert!(std::fs::read(target.join("sp3qfe/a.dll")).unwrap() == noise(1, 90_000));

    let none = put(folder.path(), "none.exe", &program[..at as usize + 500]);
    assert_eq!(
        refused(&none),
        "it is a program, but no cabinet that can be read is inside"
    );
    program.extend(&hotfix);
    let two = put(folder.path(), "two.exe", &program);
    assert_eq!(
        refused(&two),
        "it is a program with 2 cabinets inside, expected one"
    );
}

#[test]
fn real_packages_are_listed_with_their_index() {
    let test = "real_packages_are_listed_with_their_index";
    let Some(corpus) = wimwright_testdata::corpus(test) else {
        return;
    };
    for (package, files, copies, members) in [
        ("Windows6.1-KB2999226-x64", 118, 48, 71),
        ("Windows6.1-KB4528069-x64", 17, 0, 18),
    ] {
        let container = opened(&corpus.join(format!("packages/msu/{package}.msu")));
        assert_eq!(container.role(), Role::Msu);
        let packages = container.packages();
        let [inner] = packages.as_slice() else {
            panic!("one package is in {package}");
        };
        let index = inner.index().unwrap().unwrap();
        assert_eq!(index.kind, IndexKind::Members);
        let all = index.files.files();
        let copied = all.iter().filter(|file| file.source.is_none()).count();
        assert_eq!(
            (all.len(), copied, inner.members().len()),
            (files, copies, members),
            "{package}"
        );
        let payload = inner.payload().unwrap();
        assert_eq!(payload.files().unwrap().len(), files);
        let scan = container
            .nested()
            .iter()
            .find(|nested| nested.role() == Role::ScanData);
        assert!(scan.unwrap().nested()[0].members().len() > 4000);
        assert!(container.refused().is_empty());
    }
}

#[test]
fn storage_is_found_with_its_index_wherever_that_lies() {
    let index = b"<Container xmlns='urn:ContainerIndex'><Files><File name='update.mum' length='4'>\
        <Delta><Source type='RAW' offset='200' length='4'/></Delta></File></Files></Container>";
    let mut storage = vec![0; 200];
    storage.extend(b"mum!");
    let with_index = Made::of(Method::Stored, &[("express.psf.cix.xml", index)]).build();
    let without = Made::of(Method::Stored, &[("update.cat", b"cat")]).build();
    let folder = tempfile::tempdir().unwrap();
    for (name, files) in [
        (
            "inside",
            vec![("u.cab", with_index), ("U.psf", storage.clone())],
        ),
        (
            "beside",
            vec![
                ("u.cab", without.clone()),
                ("u.psf", storage.clone()),
                ("u.psf.cix.xml", index.to_vec()),
            ],
        ),
    ] {
        let place = folder.path().join(name);
        std::fs::create_dir(&place).unwrap();
        for (name, bytes) in &files {
            put(&place, name, bytes);
        }
        let list: Vec<(&str, &[u8])> = files
            .iter()
            .map(|(name, bytes)| (*name, bytes.as_slice()))
            .collect();
        let outer = put(&place, "outer.msu", &Made::of(Method::Mszip, &list).build());
        let (host, outer, around) = (opened(&place.join("u.cab")), opened(&outer), opened(&place));
        for container in [&host, &outer.nested()[0], &around.nested()[1]] {
            assert_eq!(container.role(), Role::Package, "{name}");
            let index = container.index().unwrap().unwrap();
            assert_eq!(
                (index.kind, index.files.files().len()),
                (IndexKind::Storage, 1)
            );
            let payload = container.payload().unwrap();
            let mum = payload.files().unwrap().pop().unwrap();
            let blob = payload.read_file(&mum).unwrap();
            assert_eq!(
                wimwright_servicing::read_all(blob.as_ref(), 10).unwrap(),
                b"mum!"
            );
        }
    }
    // A storage file whose own index is packed in a way that nobody unpacks.
    let place = folder.path().join("packed");
    std::fs::create_dir(&place).unwrap();
    storage.resize(300, 0);
    storage[4..8].copy_from_slice(&50_u32.to_le_bytes());
    storage[0x80..0x84].copy_from_slice(b"PA30");
    put(&place, "u.psf", &storage);
    let container = opened(&put(&place, "u.cab", &without));
    let fault = container.index().unwrap().unwrap_err();
    assert!(
        chain(fault).starts_with("the index inside the storage file: "),
        "{}",
        chain(fault)
    );
}

#[test]
fn sets_are_one_container_and_broken_files_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let names = ["one.cab", "two.cab", "three.cab"];
    let made = Made::of(
        Method::Mszip,
        &[("update.mum", b"m"), ("big", &noise(3, 300_000))],
    );
    for (name, part) in names.iter().zip(made.build_set(&names)) {
        put(folder.path(), name, &part);
    }
    put(folder.path(), "broken.cab", &package()[..900]);
    put(folder.path(), "other.msu", b"text");
    let container = opened(folder.path());
    let [set] = container.nested() else {
        panic!("{} containers", container.nested().len());
    };
    let Form::Cabinet(form) = set.form() else {
        panic!("{:?}", set.form());
    };
    assert_eq!(form.parts, names);
    let broken: Vec<String> = container
        .refused()
        .iter()
        .map(|refused| format!("{}: {}", refused.path, chain(&refused.error)))
        .collect();
    assert!(
        broken[0].starts_with("broken.cab: the cabinet claims"),
        "{broken:?}"
    );
    assert!(
        broken[1].starts_with("other.msu: it is neither"),
        "{broken:?}"
    );
    assert_eq!(broken.len(), 2);
}

#[test]
fn containers_in_containers_end_somewhere() {
    let folder = tempfile::tempdir().unwrap();
    let mut bytes = package();
    for depth in 0..12 {
        bytes = Made::of(Method::Stored, &[(&format!("{depth}.cab"), &bytes)]).build();
    }
    let deep = opened(&put(folder.path(), "deep.cab", &bytes));
    let mut container = &deep;
    let mut depth = 1;
    while let [inner] = container.nested() {
        container = inner;
        depth += 1;
    }
    assert_eq!(depth, 4);
    assert_eq!(
        chain(&container.refused()[0].error),
        "it is inside more than 4 others"
    );

    let small = Made::of(Method::Stored, &[("x", b"x")]).build();
    let files = (0..300).map(|number| File::new(&format!("{number}.cab"), small.clone()));
    let many = Made {
        folders: vec![(Method::Stored, files.collect())],
        ..Made::default()
    };
    let many = put(folder.path(), "many.cab", &many.build());
    assert_eq!(refused(&many), "there are more than 256 containers in it");
}

#[test]
fn extraction_makes_a_new_folder_or_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let contents: Vec<(String, Vec<u8>)> = (0..200)
        .map(|n| {
            (
                format!("d{}\\f{n:03}.bin", n % 7),
                noise(n, 3_000 + n as usize * 97),
            )
        })
        .collect();
    let list: Vec<(&str, &[u8])> = contents
        .iter()
        .map(|(name, bytes)| (name.as_str(), bytes.as_slice()))
        .collect();
    let mut bytes = Made::of(Method::Mszip, &list).build();
    let path = put(folder.path(), "good.cab", &bytes);
    let meter = Arc::new(Meter::default());
    let target = folder.path().join("out");
    let done = extract(&opened(&path), &target, &meter).unwrap();
    let total: usize = contents.iter().map(|(_, bytes)| bytes.len()).sum();
    assert_eq!((done.files, done.bytes), (200, total as u64));
    assert_eq!((meter.done(), meter.total()), (total as u64, total as u64));
    let mut expected = contents.clone();
    expected.sort();
    assert!(files_below(&target) == expected);
    let modified = target
        .join("d0/f000.bin")
        .metadata()
        .unwrap()
        .modified()
        .unwrap();
    let modified = wimwright_servicing::time::from_system(modified);
    assert_eq!(
        wimwright_servicing::time::iso(modified),
        "2019-10-29T00:05:54Z"
    );
    let again = extract(&opened(&path), &target, &meter).unwrap_err();
    assert!(matches!(again, ContainerError::Exists { .. }), "{again:?}");

    // A bit near the end: nothing is left of what was written before.
    let end = bytes.len();
    bytes[end - 10] ^= 1;
    let broken = put(folder.path(), "broken.cab", &bytes);
    let target = folder.path().join("broken");
    let error = extract(&opened(&broken), &target, &meter).unwrap_err();
    assert!(
        chain(&error).contains("its checksum is"),
        "{}",
        chain(&error)
    );
    let mut left: Vec<_> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    left.sort();
    assert_eq!(left, ["broken.cab", "good.cab", "out"]);
}

#[test]
fn quantum_is_left_out_by_name() {
    let mut made = Made::of(Method::Mszip, &[("plain", b"plain")]);
    made.folders
        .push((Method::Named(0x1572), vec![File::new("packed", *b"?")]));
    let folder = tempfile::tempdir().unwrap();
    let container = opened(&put(folder.path(), "a.cab", &made.build()));
    let target = folder.path().join("out");
    let done = extract(&container, &target, &Arc::new(Meter::default())).unwrap();
    let left_out: Vec<String> = done
        .left_out
        .iter()
        .map(|file| format!("{} {} {}", file.path, file.folder, file.compression))
        .collect();
    assert_eq!(left_out, ["packed 1 Quantum:7:21"]);
    assert_eq!(
        files_below(&target),
        [("plain".to_owned(), b"plain".to_vec())]
    );
}

/// Names that lead elsewhere, one at a time and the corpus' collection.
#[test]
fn nothing_is_written_outside_the_target() {
    let folder = tempfile::tempdir().unwrap();
    let inside = folder.path().join("a/b/c");
    std::fs::create_dir_all(&inside).unwrap();
    let before = files_below(folder.path());
    let mut cabinets: Vec<Vec<u8>> = [
        "..\\evil",
        "../evil",
        "/evil",
        "\\evil",
        "C:\\evil",
        "C:evil",
        "a\\..\\..\\evil",
        "..",
        ".",
        "a\\",
        "\\\\host\\share\\evil",
        "a/./evil",
        "file:stream",
        "",
    ]
    .into_iter()
    .map(|name| Made::of(Method::Stored, &[("good", b"1"), (name, b"2")]).build())
    .collect();
    if let Some(corpus) = wimwright_testdata::corpus("nothing_is_written_outside_the_target") {
        let hostile = corpus.join("packages/cab-hostile/cx-dirwalk-vulns.cab");
        cabinets.push(wimwright_testdata::read(&hostile));
    }
    for bytes in cabinets {
        let path = put(&inside, "hostile.cab", &bytes);
        let error = Container::open(&path).err().unwrap();
        assert!(
            error.is_refusal() && chain(&error).contains("its name"),
            "{}",
            chain(&error)
        );
        std::fs::remove_file(path).unwrap();
        assert_eq!(files_below(folder.path()), before);
    }
    // Overlong forms of separators in UTF-8 are characters like others here.
    let mut bytes = Made::of(Method::Stored, &[("..\u{e9}..\u{e9}evil", b"1")]).build();
    let at = bytes
        .windows(2)
        .position(|two| two == "\u{e9}".as_bytes())
        .unwrap();
    bytes[at..at + 2].copy_from_slice(&[0xc0, 0xaf]);
    let container = opened(&put(&inside, "hostile.cab", &bytes));
    let target = inside.join("out");
    extract(&container, &target, &Arc::new(Meter::default())).unwrap();
    assert_eq!(files_below(&target).len(), 1);
    assert_eq!(files_below(folder.path()).len(), before.len() + 2);
}

#[test]
fn extraction_gives_what_cabextract_gives() {
    let test = "extraction_gives_what_cabextract_gives";
    let Some(corpus) = wimwright_testdata::corpus(test) else {
        return;
    };
    if !wimwright_testdata::program("cabextract", test) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for name in [
        "cab-valid/cx-large-files-cab.cab",
        "cab-valid/cx-case-utf8.cab",
        "cab-valid/cx-dir.cab",
        "cab-custom-cbs/Z-he3als-NoDefender-Package31bf3856ad364e35amd641.0.0.0.cab",
        "msu/Windows6.1-KB2999226-x64.msu",
    ] {
        let path = corpus.join("packages").join(name);
        let target = folder.path().join(path.file_stem().unwrap());
        extract(&opened(&path), &target, &Arc::new(Meter::default())).unwrap();
        assert!(files_below(&target) == cabextract(&path).unwrap(), "{name}");
    }
}
