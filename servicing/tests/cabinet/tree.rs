//! Cabinets as trees.

use std::sync::Mutex;

use wimwright_servicing::cabinet::{Cabinet, CabinetTree};
use wimwright_servicing::{FileTree, ImagePath, Kind};
use wimwright_testdata::cabinet::{Cabinet as Made, File, Method};

use crate::support::{blob, chain, noise};

fn tree(made: &Made) -> CabinetTree {
    CabinetTree::new(Cabinet::open(&blob(&made.build())).unwrap()).unwrap()
}

fn path(text: &str) -> ImagePath {
    ImagePath::parse(text).unwrap()
}

#[test]
fn directories_follow_from_the_names() {
    let made = Made::of(
        Method::Mszip,
        &[
            ("update.mum", b"mum"),
            ("Dir\\one.dll", b"one"),
            ("dir/Two/x", b"x"),
            ("DIR\\three", b""),
        ],
    );
    let tree = tree(&made);
    let mut seen = Vec::new();
    tree.walk(&ImagePath::root(), &mut |path, kind| {
        seen.push((path.to_string(), kind));
        Ok(())
    })
    .unwrap();
    let seen: Vec<(&str, Kind)> = seen
        .iter()
        .map(|(path, kind)| (path.as_str(), *kind))
        .collect();
    assert_eq!(
        seen,
        [
            ("Dir", Kind::Directory),
            ("Dir\\one.dll", Kind::File),
            ("Dir\\three", Kind::File),
            ("Dir\\Two", Kind::Directory),
            ("Dir\\Two\\x", Kind::File),
            ("update.mum", Kind::File),
        ]
    );
    let metadata = tree.metadata(&path("DIR\\ONE.DLL")).unwrap().unwrap();
    assert_eq!((metadata.len, metadata.attributes), (3, Some(0x20)));
    assert!(metadata.modified.is_some());
    assert_eq!(tree.read(&path("dir\\two\\X"), 10).unwrap().unwrap(), b"x");
    assert_eq!(tree.read(&path("dir\\three"), 10).unwrap().unwrap(), b"");
    assert!(tree.open(&path("dir")).unwrap().is_none());
    assert!(tree.read_dir(&path("update.mum")).unwrap().is_none());
    assert!(tree.metadata(&path("nothing")).unwrap().is_none());
}

#[test]
fn of_equal_names_the_later_file_is_there_and_a_directory_hides_a_file() {
    let made = Made::of(
        Method::Stored,
        &[
            ("a", b"1"),
            ("b", b"2"),
            ("a", b"3"),
            ("b\\c", b"4"),
            ("A", b"5"),
            ("b", b"6"),
        ],
    );
    let tree = tree(&made);
    assert_eq!(tree.read(&path("a"), 1).unwrap().unwrap(), b"3");
    assert_eq!(tree.read(&path("A"), 1).unwrap().unwrap(), b"5");
    assert_eq!(tree.read(&path("b\\c"), 1).unwrap().unwrap(), b"4");
    let hidden: Vec<u64> = tree.hidden().map(|member| member.offset).collect();
    assert_eq!(hidden, [0, 1, 5]);
}

/// Eight million directories fit into the names of one cabinet.
#[test]
fn names_make_no_more_directories_than_can_be_held() {
    let between = "d\\".repeat(20);
    let files = (0..13_000).map(|number| File::new(&format!("{number}\\{between}f"), *b""));
    let made = Made {
        folders: vec![(Method::Stored, files.collect())],
        ..Made::default()
    };
    let cabinet = Cabinet::open(&blob(&made.build())).unwrap();
    let error = CabinetTree::new(cabinet).err().unwrap();
    assert_eq!(
        error.to_string(),
        "the names of its files make more than 262144 directories"
    );
}

#[test]
fn blobs_are_read_at_any_place_in_any_order() {
    for method in [Method::Stored, Method::Mszip, Method::Lzx { window: 16 }] {
        let contents: Vec<Vec<u8>> = (0..4).map(|seed| noise(seed, 150_001)).collect();
        let names = ["a", "b", "c", "d"];
        let files: Vec<(&str, &[u8])> = names
            .into_iter()
            .zip(contents.iter().map(Vec::as_slice))
            .collect();
        let tree = tree(&Made::of(method, &files));
        let blobs: Vec<_> = names
            .iter()
            .map(|name| tree.open(&path(name)).unwrap().unwrap())
            .collect();
        // Scratch space is held by what is open, not by the tree.
        drop(tree);
        for (file, offset, len) in [
            (2, 7, 90_000),
            (0, 0, 10),
            (3, 150_000, 1),
            (2, 0, 150_001),
            (1, 3, 0),
        ] {
            let mut buffer = vec![0; len];
            blobs[file].read_into(offset, &mut buffer).unwrap();
            let start = offset as usize;
            assert!(
                buffer == contents[file][start..start + len],
                "{method:?} {file}"
            );
        }
        let behind = blobs[1].read_into(150_000, &mut [0; 2]).unwrap_err();
        assert_eq!(behind.kind(), std::io::ErrorKind::UnexpectedEof);
    }
}

#[test]
fn many_files_are_read_with_their_places_in_the_list() {
    let made = Made {
        folders: (0..5)
            .map(|folder| {
                let files = (0..20).map(|file| {
                    File::new(
                        &format!("{folder}\\{file}"),
                        noise(folder * 20 + file, 20_000),
                    )
                });
                (Method::Mszip, files.collect())
            })
            .collect(),
        ..Made::default()
    };
    let tree = tree(&made);
    let wanted = ["4\\7", "0\\0", "4\\19", "2\\3", "0\\0"];
    let paths: Vec<ImagePath> = wanted.iter().map(|text| path(text)).collect();
    let taken = Mutex::new(vec![Vec::new(); 5]);
    tree.read_many(&paths, &|place, bytes| {
        let mut content = Vec::new();
        bytes.read_to_end(&mut content)?;
        taken.lock().unwrap()[place] = content;
        Ok(())
    })
    .unwrap();
    let seeds = [87, 0, 99, 43, 0];
    let expected: Vec<Vec<u8>> = seeds.iter().map(|seed| noise(*seed, 20_000)).collect();
    assert!(taken.into_inner().unwrap() == expected);

    let nothing = |_: usize, _: &mut dyn std::io::BufRead| Ok(());
    let error = tree
        .read_many(&[path("0\\0"), path("9")], &nothing)
        .unwrap_err();
    assert_eq!(error.path, path("9"));
    let full = |_: usize, _: &mut dyn std::io::BufRead| Err(std::io::ErrorKind::StorageFull.into());
    let error = tree.read_many(&paths, &full).unwrap_err();
    assert_eq!(error.source.kind(), std::io::ErrorKind::StorageFull);
}

#[test]
fn damage_is_told_with_the_file_and_spares_what_lies_before() {
    let files: Vec<(String, Vec<u8>)> = (0..4)
        .map(|n| (format!("f{n}"), noise(n, 40_000)))
        .collect();
    let list: Vec<(&str, &[u8])> = files
        .iter()
        .map(|(name, bytes)| (name.as_str(), bytes.as_slice()))
        .collect();
    let mut bytes = Made::of(Method::Mszip, &list).build();
    // In the last of the five blocks.
    let end = bytes.len();
    bytes[end - 100] ^= 1;
    let tree = CabinetTree::new(Cabinet::open(&blob(&bytes)).unwrap()).unwrap();
    for _ in 0..2 {
        let error = tree.read(&path("f3"), 1 << 20).unwrap_err();
        assert_eq!(error.path, path("f3"));
        assert!(
            chain(&error).contains("data block 4 of folder 0: its checksum is"),
            "{}",
            chain(&error)
        );
        assert_eq!(
            tree.read(&path("f2"), 1 << 20).unwrap().unwrap(),
            files[2].1
        );
    }
    let long = noise(9, 3_000_000);
    let mut bytes = Made::of(Method::Mszip, &[("long", &long)]).build();
    let end = bytes.len();
    bytes[end - 100] ^= 1;
    let broken = CabinetTree::new(Cabinet::open(&blob(&bytes)).unwrap()).unwrap();
    for _ in 0..10 {
        let copy = |_: usize, bytes: &mut dyn std::io::BufRead| {
            std::io::copy(bytes, &mut std::io::sink()).map(drop)
        };
        let error = broken.read_many(&[path("long")], &copy).unwrap_err();
        assert!(
            chain(&error).contains("its checksum is"),
            "{}",
            chain(&error)
        );
    }
    let all: Vec<ImagePath> = (0..4).map(|n| path(&format!("f{n}"))).collect();
    let error = tree
        .read_many(&all, &|_, bytes| {
            std::io::copy(bytes, &mut std::io::sink()).map(drop)
        })
        .unwrap_err();
    assert_eq!(error.path, path("f3"));
}
