//! Real cabinets, beside cabextract and the `cab` crate.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use wimwright_servicing::cabinet::{Cabinet, CabinetTree, Compression, find_cabinets};

use crate::support::{blob, cabextract, open, take, take_all};

/// Copies the corpus' cabinets to a folder, under the names that the parts of
/// sets give each other.
fn copies(corpus: &Path, folder: &Path) -> Vec<PathBuf> {
    let mut copies = Vec::new();
    for from in ["cab-valid", "cab-custom-cbs", "msu"] {
        for entry in std::fs::read_dir(corpus.join("packages").join(from)).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            let name = match name.strip_prefix("cx-split") {
                Some(rest) => format!("split{rest}"),
                None => name
                    .strip_prefix("lm-multi")
                    .map_or(name.to_owned(), |rest| format!("cabd_multi{rest}")),
            };
            if name.ends_with("cab") || name.ends_with("msu") {
                let copy = folder.join(name);
                std::fs::write(&copy, wimwright_testdata::read(&path)).unwrap();
                copies.push(copy);
            }
        }
    }
    copies.sort();
    copies
}

/// The bytes that are read of every file, and which were left out because of
/// their compression.
fn read_files(cabinet: &Cabinet) -> (Vec<(String, Vec<u8>)>, usize) {
    let numbers: Vec<usize> = (0..cabinet.members().len())
        .filter(|number| cabinet.check_method(&cabinet.members()[*number]).is_ok())
        .collect();
    let left_out = cabinet.members().len() - numbers.len();
    let contents = take(cabinet, &numbers).unwrap();
    let names = numbers
        .iter()
        .map(|number| cabinet.members()[*number].name.replace('/', "\\"));
    (names.zip(contents).collect(), left_out)
}

#[test]
fn every_cabinet_gives_the_bytes_that_cabextract_gives() {
    let test = "every_cabinet_gives_the_bytes_that_cabextract_gives";
    let Some(corpus) = wimwright_testdata::corpus(test) else {
        return;
    };
    if !wimwright_testdata::program("cabextract", test) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (mut compared, mut quantum) = (0, 0);
    for path in copies(&corpus, folder.path()) {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let expected = cabextract(&path).unwrap_or_else(|| panic!("cabextract fails on {name}"));
        let (mut files, left_out) = match open(&path) {
            Ok(cabinet) => read_files(&cabinet),
            // Cabinets inside other files.
            Err(_) if name.contains("search") => {
                let bytes = std::fs::read(&path).unwrap();
                let found = find_cabinets(&blob(&bytes), 0).unwrap();
                assert!(!found.is_empty(), "{name}");
                let files = found.iter().flat_map(|found| read_files(&found.cabinet).0);
                (files.collect(), 0)
            }
            Err(error) => panic!("{name}: {error:?}"),
        };
        quantum += left_out;
        // A name that stands in several cabinets is there once for cabextract.
        files.sort();
        files.dedup();
        let encoded = ["encoding", "utf8", "search"]
            .iter()
            .any(|word| name.contains(word));
        if encoded {
            // How names without a code page are spelled is a matter of taste.
            let contents = |files: &[(String, Vec<u8>)]| {
                let mut contents: Vec<Vec<u8>> = files.iter().map(|file| file.1.clone()).collect();
                contents.sort();
                contents.dedup();
                contents
            };
            assert_eq!(contents(&files), contents(&expected), "{name}");
        } else {
            let extracted = files.iter().filter(|file| expected.contains(file)).count();
            assert_eq!(extracted, files.len(), "{name}");
            assert_eq!(files.len() + left_out, expected.len(), "{name}");
        }
        compared += files.len();
    }
    assert_eq!(quantum, 2, "two cabinets hold a Quantum folder each");
    assert!(compared > 250, "only {compared} files were compared");
}

#[test]
fn every_part_of_a_set_opens_all_of_it() {
    let test = "every_part_of_a_set_opens_all_of_it";
    let Some(corpus) = wimwright_testdata::corpus(test) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    copies(&corpus, folder.path());
    for (first, count, parts) in [("split-1.cab", 6, 5), ("cabd_multi_basic_pt1.cab", 3, 5)] {
        let whole = open(&folder.path().join(first)).unwrap();
        assert_eq!((whole.members().len(), whole.parts().len()), (count, parts));
        let contents = take_all(&whole).unwrap();
        for part in 2..=parts {
            let name = first.replace('1', &part.to_string());
            let cabinet = open(&folder.path().join(name)).unwrap();
            assert_eq!(cabinet.members(), whole.members());
            assert_eq!(take_all(&cabinet).unwrap(), contents);
        }
        std::fs::remove_file(folder.path().join(first.replace('1', "3"))).unwrap();
        let missing = open(&folder.path().join(first)).err().unwrap().to_string();
        assert!(missing.contains("which is not beside it"), "{missing}");
    }
}

/// The outer cabinet is MSZIP, the inner ones LZX with a window of 2 MiB, one
/// of them with thousands of small files.
#[test]
fn the_cabinets_inside_update_packages_give_cabextracts_bytes() {
    let test = "the_cabinets_inside_update_packages_give_cabextracts_bytes";
    let Some(corpus) = wimwright_testdata::corpus(test) else {
        return;
    };
    if !wimwright_testdata::program("cabextract", test) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for package in ["Windows6.1-KB2999226-x64", "Windows6.1-KB4528069-x64"] {
        let path = corpus.join(format!("packages/msu/{package}.msu"));
        let outer = open(&path).unwrap();
        let signature = &outer.parts()[0];
        assert!(signature.behind > 8000 && signature.header.reserve == 20);
        let mut inner = Vec::new();
        for (member, content) in outer.members().iter().zip(take_all(&outer).unwrap()) {
            if member.name.ends_with(".cab") {
                inner.push((member.name.clone(), content));
            }
        }
        assert_eq!(inner.len(), 2);
        while let Some((name, bytes)) = inner.pop() {
            let copy = folder.path().join(&name);
            std::fs::write(&copy, &bytes).unwrap();
            let expected = cabextract(&copy).unwrap();
            let cabinet = Cabinet::open(&blob(&bytes)).unwrap();
            if name.contains("KB") {
                let method = cabinet.folders()[0].compression;
                assert_eq!(method, Compression::Lzx { window: 21 }, "{name}");
            }
            let (mut files, left_out) = read_files(&cabinet);
            files.sort();
            assert_eq!((files.len(), left_out), (expected.len(), 0), "{name}");
            assert!(files == expected, "{name}");
            inner.extend(files.into_iter().filter(|(name, _)| name.ends_with(".cab")));
        }
    }
}

/// The second opinion, where cabextract is not there to give it.
#[test]
fn the_cab_crate_reads_the_same() {
    let test = "the_cab_crate_reads_the_same";
    let Some(corpus) = wimwright_testdata::corpus(test) else {
        return;
    };
    for name in [
        "cab-valid/cx-simple.cab",
        "cab-valid/lm-normal_2files_2folders.cab",
        "cab-valid/lm-reserve_HFD.cab",
        "cab-valid/cx-case-utf8.cab",
        "msu/Windows6.1-KB4528069-x64.msu",
    ] {
        let bytes = wimwright_testdata::read(&corpus.join("packages").join(name));
        let ours = Cabinet::open(&blob(&bytes)).unwrap();
        let contents = take_all(&ours).unwrap();
        let mut theirs = cab::Cabinet::new(std::io::Cursor::new(&bytes)).unwrap();
        let names: Vec<String> = theirs
            .folder_entries()
            .flat_map(|folder| folder.file_entries())
            .map(|file| file.name().to_owned())
            .collect();
        assert_eq!(names.len(), contents.len(), "{name}");
        for (file, content) in names.iter().zip(contents) {
            let mut expected = Vec::new();
            theirs
                .read_file(file)
                .unwrap()
                .read_to_end(&mut expected)
                .unwrap();
            assert!(content == expected, "{name}: {file}");
        }
    }
}

#[test]
fn names_are_those_that_the_cabinet_holds() {
    let test = "names_are_those_that_the_cabinet_holds";
    let Some(corpus) = wimwright_testdata::corpus(test) else {
        return;
    };
    let valid = corpus.join("packages/cab-valid");
    for name in ["cx-case-utf8", "cx-case-ascii"] {
        let cabinet = open(&valid.join(format!("{name}.cab"))).unwrap();
        let listed = std::fs::read_to_string(valid.join(format!("{name}.txt"))).unwrap();
        let listed: Vec<&str> = listed
            .lines()
            .filter(|line| !line.starts_with('#'))
            .collect();
        let names: Vec<&str> = cabinet
            .members()
            .iter()
            .map(|member| member.name.as_str())
            .collect();
        assert_eq!(names, listed);
    }
    let latin1 = open(&valid.join("cx-encoding-latin1.cab")).unwrap();
    // The upper half of Latin-1, which code page 1252 shares from A0 on.
    assert!(
        latin1
            .members()
            .iter()
            .any(|member| member.name.contains('\u{e4}'))
    );
    // Malformed UTF-8 is read byte by byte, so only what is the same in the
    // cabinet is the same here.
    let stress = open(&valid.join("cx-utf8-stresstest.cab")).unwrap();
    let tree = CabinetTree::new(stress).unwrap();
    let members = tree.cabinet().members();
    let twice = |name: &str| members.iter().filter(|member| member.name == name).count() > 1;
    let hidden: Vec<_> = tree.hidden().map(|member| member.name.as_str()).collect();
    assert!(
        hidden.len() < 10 && hidden.iter().all(|name| twice(name)),
        "{hidden:?}"
    );
}
