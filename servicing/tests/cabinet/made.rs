//! Cabinets that gcab makes, and ones made here.

use std::process::Command;

use wimwright_servicing::cabinet::{Cabinet, CabinetError, Compression};
use wimwright_testdata::cabinet::{Cabinet as Made, File, Method};

use crate::support::{blob, cabextract, chain, noise, open, take, take_all};

const METHODS: [Method; 4] = [
    Method::Stored,
    Method::Mszip,
    Method::Lzx { window: 15 },
    Method::Lzx { window: 21 },
];

/// Lengths around the borders of data blocks, pieces and windows.
const LENGTHS: [usize; 12] = [
    0, 1, 31, 32_767, 32_768, 32_769, 65_535, 100_000, 262_144, 262_145, 1_048_576, 1_300_001,
];

fn files() -> Vec<File> {
    let files = LENGTHS.iter().enumerate();
    files
        .map(|(number, len)| File::new(&format!("f{number:02}.bin"), noise(number as u32, *len)))
        .collect()
}

#[test]
fn files_of_all_lengths_come_out_of_every_method() {
    for method in METHODS {
        let mut made = Made {
            folders: vec![(method, files())],
            ..Made::default()
        };
        made.folders
            .push((Method::Stored, vec![File::new("last", *b"last")]));
        let bytes = made.build();
        let cabinet = Cabinet::open(&blob(&bytes)).unwrap();
        let mut expected: Vec<Vec<u8>> = files().into_iter().map(|file| file.bytes).collect();
        expected.push(b"last".to_vec());
        assert!(take_all(&cabinet).unwrap() == expected, "{method:?}");
        // Some only, in any order: the same bytes.
        for numbers in [vec![10, 3], vec![12], vec![0], vec![6, 11, 1]] {
            let taken = take(&cabinet, &numbers).unwrap();
            let wanted = numbers.iter().map(|number| &expected[*number]);
            assert!(taken.iter().eq(wanted), "{method:?} {numbers:?}");
        }
    }
}

#[test]
fn cabextract_agrees_on_made_cabinets() {
    let test = "cabextract_agrees_on_made_cabinets";
    if !wimwright_testdata::program("cabextract", test) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for (number, method) in METHODS.into_iter().enumerate() {
        let made = Made {
            folders: vec![(method, files())],
            reserve: Some((number as u16 * 7, 4, 0)),
            behind: vec![7; 100],
            set: 77,
            ..Made::default()
        };
        let path = folder.path().join(format!("made-{number}.cab"));
        std::fs::write(&path, made.build()).unwrap();
        let expected = files().into_iter().map(|file| (file.name, file.bytes));
        assert!(
            cabextract(&path).unwrap().into_iter().eq(expected),
            "{method:?}"
        );
        let cabinet = open(&path).unwrap();
        assert_eq!(cabinet.parts()[0].behind, 100);
        assert_eq!(cabinet.parts()[0].header.reserve, number as u16 * 7);
        assert_eq!(cabinet.parts()[0].header.set, 77);
    }
}

#[test]
fn sets_are_one_cabinet_whichever_part_is_opened() {
    let names = ["one.cab", "two.cab", "three.cab", "four.cab"];
    let expected: Vec<Vec<u8>> = files().into_iter().map(|file| file.bytes).collect();
    let has_cabextract = wimwright_testdata::program(
        "cabextract",
        "sets_are_one_cabinet_whichever_part_is_opened",
    );
    for method in METHODS {
        let made = Made {
            folders: vec![(method, files())],
            set: 9,
            ..Made::default()
        };
        let folder = tempfile::tempdir().unwrap();
        for (name, part) in names.iter().zip(made.build_set(&names)) {
            std::fs::write(folder.path().join(name), part).unwrap();
        }
        for name in names {
            let cabinet = open(&folder.path().join(name)).unwrap();
            assert_eq!(cabinet.parts().len(), 4);
            assert!(
                take_all(&cabinet).unwrap() == expected,
                "{method:?} by {name}"
            );
        }
        // cabextract 1.9 takes it that no file begins in a folder that comes
        // from the part before, as makecab has it: only one goes over here.
        if has_cabextract {
            let made = Made {
                folders: vec![(method, files()[..11].to_vec())],
                ..made
            };
            for (name, part) in names.iter().zip(made.build_set(&names[..2])) {
                std::fs::write(folder.path().join(name), part).unwrap();
            }
            let theirs = cabextract(&folder.path().join("one.cab")).unwrap();
            let theirs: Vec<Vec<u8>> = theirs.into_iter().map(|file| file.1).collect();
            assert!(theirs == expected[..11], "{method:?}");
        }
    }
}

#[test]
fn parts_that_do_not_belong_together_are_refused() {
    let names = ["one.cab", "two.cab", "three.cab"];
    let made = |set| Made {
        set,
        ..Made::of(
            Method::Stored,
            &[("a", &noise(1, 200_000)), ("b", &noise(2, 200_000))],
        )
    };
    let folder = tempfile::tempdir().unwrap();
    let put = |parts: &[Vec<u8>]| {
        for (name, part) in names.iter().zip(parts) {
            std::fs::write(folder.path().join(name), part).unwrap();
        }
    };
    let refused = |by: &str| chain(&open(&folder.path().join(by)).err().unwrap());
    let good = made(1).build_set(&names);
    let other = made(2).build_set(&names);
    put(&[good[0].clone(), other[1].clone(), good[2].clone()]);
    assert_eq!(
        refused("one.cab"),
        "`two.cab` is part of set 2, expected set 1"
    );
    // The second part names itself as the next.
    let circle = made(1).build_set(&["one.cab", "two.cab", "two.cab"]);
    put(&[circle[0].clone(), circle[1].clone(), good[2].clone()]);
    assert_eq!(
        refused("one.cab"),
        "the parts of the set lead back to `two.cab`"
    );
    // A part is left out: the files of the folder between the others differ.
    let mut skipping = made(1).build_set(&["one.cab", "three.cab", "x"]);
    skipping[2] = good[2].clone();
    put(&skipping);
    assert!(
        refused("one.cab").contains("three.cab"),
        "{}",
        refused("one.cab")
    );
    put(&good);
    std::fs::write(folder.path().join("two.cab"), b"nothing").unwrap();
    assert_eq!(
        refused("three.cab"),
        "part `two.cab`: no cabinet: it begins with [6e, 6f, 74, 68], expected `MSCF`"
    );
    std::fs::remove_file(folder.path().join("two.cab")).unwrap();
    assert_eq!(
        refused("three.cab"),
        "`three.cab` goes on in `two.cab`, which is not beside it"
    );
    let alone = Cabinet::open(&blob(&good[1])).err().unwrap();
    assert!(matches!(alone, CabinetError::PartOfSet { .. }), "{alone:?}");
}

#[test]
fn a_quantum_folder_is_refused_by_name_and_the_others_are_read() {
    let mut made = Made::of(Method::Mszip, &[("plain", b"plain")]);
    made.folders
        .push((Method::Named(0x1572), vec![File::new("packed", *b"?")]));
    made.folders
        .push((Method::Stored, vec![File::new("stored", *b"stored")]));
    let cabinet = Cabinet::open(&blob(&made.build())).unwrap();
    assert_eq!(
        take(&cabinet, &[0, 2]).unwrap(),
        [b"plain".to_vec(), b"stored".to_vec()]
    );
    let (number, error) = take_all(&cabinet).unwrap_err();
    assert_eq!(number, 1);
    assert_eq!(
        error.to_string(),
        "folder 1 is compressed with Quantum:7:21, which is not read"
    );
    assert!(cabinet.open_member(1).is_err());
}

#[test]
fn attributes_times_and_names_are_kept() {
    let mut file = File::new("Ordner\\gr\u{fc}\u{df}e \u{65e5}\u{672c}.txt", *b"x");
    file.attributes = 0x27 | 0x40;
    let mut odd = File::new("odd", *b"y");
    odd.modified = (0, 0);
    let made = Made {
        folders: vec![(Method::Stored, vec![file, odd])],
        ..Made::default()
    };
    let cabinet = Cabinet::open(&blob(&made.build())).unwrap();
    let [file, odd] = cabinet.members() else {
        panic!("two files");
    };
    assert_eq!(file.name, "Ordner\\gr\u{fc}\u{df}e \u{65e5}\u{672c}.txt");
    assert_eq!(file.attributes, 0x27);
    let modified = file.modified.unwrap();
    assert_eq!(
        wimwright_servicing::time::iso(modified),
        "2019-10-29T00:05:54Z"
    );
    assert_eq!(odd.modified, None);
    assert_eq!(cabinet.folders()[0].compression, Compression::Stored);
}

#[test]
fn claims_are_checked_before_anything_is_decoded() {
    let whole = Made::of(Method::Stored, &[("one", &[1; 10]), ("two", &[2; 10])]).build();
    // The second file's entry: length, then offset in the folder.
    let entry = 44 + 16 + 4;
    for (at, value, word) in [
        (
            entry,
            0x7fff_ffff_u32,
            "member `two`: it ends at byte 2147483657 of folder 0",
        ),
        (
            entry + 4,
            32_760,
            "member `two`: it ends at byte 32770 of folder 0",
        ),
        (
            entry + 4,
            u32::MAX,
            "member `two`: it ends at byte 4294967305",
        ),
    ] {
        let mut claims = whole.clone();
        claims[at..at + 4].copy_from_slice(&value.to_le_bytes());
        let error = chain(&Cabinet::open(&blob(&claims)).err().unwrap());
        assert!(error.contains(word), "{error}");
    }
    // Inside what the blocks could hold, but not what they do.
    let mut claims = whole;
    claims[entry + 4..entry + 8].copy_from_slice(&15_u32.to_le_bytes());
    let cabinet = Cabinet::open(&blob(&claims)).unwrap();
    let (number, error) = take_all(&cabinet).unwrap_err();
    assert_eq!(number, 1);
    assert_eq!(
        chain(&error),
        "data block 1 of folder 0: there is none: the folder ends after 20 plain bytes, expected 25"
    );
}

/// Some makers store equal files once.
#[test]
fn files_that_share_bytes_are_all_read() {
    let content = noise(5, 70_000);
    let mut bytes = Made::of(
        Method::Mszip,
        &[
            ("one", &content),
            ("two", &content[..60_000]),
            ("end", b"end"),
        ],
    )
    .build();
    // The second file's offset in the folder: that of the first, then inside.
    let entry = 44 + 16 + 4;
    for (offset, expected) in [(0_u32, &content[..60_000]), (10_000, &content[10_000..])] {
        bytes[entry + 4..entry + 8].copy_from_slice(&offset.to_le_bytes());
        let cabinet = Cabinet::open(&blob(&bytes)).unwrap();
        let taken = take_all(&cabinet).unwrap();
        assert!(taken[0] == content && taken[1] == expected && taken[2] == b"end");
    }
}

#[test]
fn what_gcab_makes_is_read() {
    let test = "what_gcab_makes_is_read";
    if !wimwright_testdata::program("gcab", test) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let names = ["a.bin", "\u{e4}\u{f6}.bin", "c.bin"];
    let contents: Vec<Vec<u8>> = (1..4).map(|n| noise(n, n as usize * 50_000)).collect();
    for (name, content) in names.iter().zip(&contents) {
        std::fs::write(folder.path().join(name), content).unwrap();
    }
    for options in [&["-c"][..], &["-z", "-c"]] {
        let path = folder.path().join("made.cab");
        let _ = std::fs::remove_file(&path);
        let status = Command::new("gcab")
            .current_dir(folder.path())
            .args(options)
            .arg(&path)
            .args(names)
            .env("LC_ALL", "C.UTF-8")
            .output()
            .unwrap();
        assert!(status.status.success(), "{status:?}");
        let cabinet = open(&path).unwrap();
        let found: Vec<&str> = cabinet
            .members()
            .iter()
            .map(|member| member.name.as_str())
            .collect();
        assert_eq!(found, names);
        assert!(take_all(&cabinet).unwrap() == contents, "{options:?}");
    }
}
