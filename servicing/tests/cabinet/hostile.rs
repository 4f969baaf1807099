//! What is said to each hostile cabinet of the corpus.
//!
//! Each verdict was reviewed against what the file is made to break (named in
//! libmspack's and cabextract's test lists) and what cabextract does with it.

use wimwright_servicing::cabinet::{Cabinet, CabinetError, CabinetTree};

use crate::support::{blob, chain, take};

/// What is to be said.
#[derive(Clone, Copy)]
enum Verdict {
    /// Harmless: so many files are read, with so many bytes in all.
    Reads(usize, usize),
    /// The cabinet is not opened, for this reason.
    NotOpened(&'static str),
    /// It is listed, but is no tree: a name leads out of it.
    NoTree(&'static str),
    /// It is opened, but not all files are read, for this reason.
    NotRead(&'static str),
}

use Verdict::{NoTree, NotOpened, NotRead, Reads};

/// File, verdict, and why it is right.
const VERDICTS: [(&str, Verdict, &str); 41] = [
    (
        "cx-bug-cve-2010-2801-qtm-flush",
        NotRead("member `zeroes`: folder 0 is compressed with Quantum:2:18, which is not read"),
        "Quantum",
    ),
    (
        "cx-bug-qtm-max-size-block",
        NotRead("member `test1.bin`: folder 0 is compressed with Quantum:7:21, which is not read"),
        "Quantum",
    ),
    (
        "cx-dirwalk-vulns",
        NoTree("member `/absolute/path`: its name is a path from the root of a drive"),
        "cabextract rewrites such names; nobody makes them in good faith",
    ),
    (
        "lm-bad_folderindex",
        NotOpened("member `welcome.c`: it is in folder 1, but there are 1"),
        "as cabextract",
    ),
    (
        "lm-bad_nofiles",
        NotOpened("the cabinet holds no file"),
        "as cabextract",
    ),
    (
        "lm-bad_nofolders",
        NotOpened("the cabinet holds no folder"),
        "as cabextract",
    ),
    (
        "lm-bad_signature",
        NotOpened("no cabinet: it begins with [6d, 73, 63, 66], expected `MSCF`"),
        "as cabextract",
    ),
    (
        "lm-cve-2010-2800-mszip-infinite-loop",
        NotRead("member `file.txt`: data block 0 of folder 0: it gives 1 plain bytes, expected 16"),
        "as cabextract",
    ),
    (
        "lm-cve-2014-9556-qtm-infinite-loop",
        NotOpened(
            "member `limerick`: it ends at byte 4294967486 of folder 0, which has at most 32768",
        ),
        "an absurd size",
    ),
    (
        "lm-cve-2014-9732-folders-segfault",
        NotOpened("member `2`: it ends at byte 1 of folder 1, which has at most 0"),
        "cabextract reads the other two; a package with a file that cannot be there is none",
    ),
    (
        "lm-cve-2015-4470-mszip-over-read",
        NotOpened("the cabinet has format 129.3, expected 1.3"),
        "cut short, and another format",
    ),
    (
        "lm-cve-2015-4471-lzx-under-read",
        NotOpened("the cabinet claims 220 bytes, but 152 are there"),
        "cut short",
    ),
    (
        "lm-cve-2017-11423-fname-overread",
        NotOpened("a file's name at 0x3c does not end within 255 bytes"),
        "as cabextract",
    ),
    (
        "lm-cve-2018-18584-qtm-max-size-block",
        NotRead("member `test1.bin`: folder 0 is compressed with Quantum:7:21, which is not read"),
        "Quantum",
    ),
    (
        "lm-filename-read-violation-1",
        NoTree("member ``: its name is empty in part"),
        "a file without a name",
    ),
    (
        "lm-filename-read-violation-2",
        NotOpened("the cabinet claims 84 bytes, but 78 are there"),
        "cut short",
    ),
    (
        "lm-filename-read-violation-3",
        NotOpened("member `\u{ee}`: it ends at byte 1191182340 of folder 0, which has at most 0"),
        "an absurd size",
    ),
    (
        "lm-filename-read-violation-4",
        NotOpened(
            "member `\u{ff}\u{ff}\u{fc}`: it ends at byte 65543 of folder 0, which has at most 32768",
        ),
        "it ends behind its folder",
    ),
    (
        "lm-hidden-file-bad-folderid",
        NotOpened("the cabinet claims 200 bytes, but 80 are there"),
        "cut short",
    ),
    (
        "lm-hidden-file-beyond-eof",
        NotOpened("the cabinet claims 200 bytes, but 62 are there"),
        "cut short",
    ),
    (
        "lm-hidden-files",
        Reads(2, 0),
        "harmless: the header points past bytes that look like files; as cabextract",
    ),
    (
        "lm-lzx-main-tree-no-lengths",
        NotRead("member `file.txt`: data block 0 of folder 0: its LZX stream is damaged: "),
        "as cabextract",
    ),
    (
        "lm-lzx-premature-matches",
        NotRead("member `file.txt`: data block 0 of folder 0: its LZX stream is damaged: "),
        "as cabextract",
    ),
    (
        "lm-partial_nodata",
        NotOpened("the cabinet claims 253 bytes, but 94 are there"),
        "cut short",
    ),
    (
        "lm-partial_nofiles",
        NotOpened("the cabinet claims 253 bytes, but 44 are there"),
        "cut short",
    ),
    (
        "lm-partial_nofolder",
        NotOpened("the cabinet claims 253 bytes, but 36 are there"),
        "cut short",
    ),
    (
        "lm-partial_shortextheader",
        NotOpened("the cabinet ends at 0x26, inside the reserve's lengths at 0x24"),
        "cut short",
    ),
    (
        "lm-partial_shortfile1",
        NotOpened("the cabinet claims 253 bytes, but 59 are there"),
        "cut short",
    ),
    (
        "lm-partial_shortfile2",
        NotOpened("the cabinet claims 253 bytes, but 83 are there"),
        "cut short",
    ),
    (
        "lm-partial_shortfolder",
        NotOpened("the cabinet claims 253 bytes, but 43 are there"),
        "cut short",
    ),
    (
        "lm-partial_shortheader",
        NotOpened("the cabinet ends at 0x23, inside the header at 0x0"),
        "cut short",
    ),
    (
        "lm-partial_str_nofname",
        NotOpened("the cabinet claims 156 bytes, but 134 are there"),
        "cut short",
    ),
    (
        "lm-partial_str_noninfo",
        NotOpened("the cabinet ends at 0x55, inside the next disk's name at 0x55"),
        "cut short",
    ),
    (
        "lm-partial_str_nonname",
        NotOpened("the cabinet ends at 0x49, inside the next part's name at 0x49"),
        "cut short",
    ),
    (
        "lm-partial_str_nopinfo",
        NotOpened("the cabinet ends at 0x30, inside the previous disk's name at 0x30"),
        "cut short",
    ),
    (
        "lm-partial_str_nopname",
        NotOpened("the cabinet ends at 0x24, inside the previous part's name at 0x24"),
        "cut short",
    ),
    (
        "lm-partial_str_shortfname",
        NotOpened("the cabinet claims 156 bytes, but 146 are there"),
        "cut short",
    ),
    (
        "lm-partial_str_shortninfo",
        NotOpened("the cabinet ends at 0x6d, inside the next disk's name at 0x55"),
        "cut short",
    ),
    (
        "lm-partial_str_shortnname",
        NotOpened("the cabinet ends at 0x54, inside the next part's name at 0x49"),
        "cut short",
    ),
    (
        "lm-partial_str_shortpinfo",
        NotOpened("the cabinet ends at 0x48, inside the previous disk's name at 0x30"),
        "cut short",
    ),
    (
        "lm-partial_str_shortpname",
        NotOpened("the cabinet ends at 0x2f, inside the previous part's name at 0x24"),
        "cut short",
    ),
];

/// How many files and bytes are read, or at which step it ends and why:
/// `o`pening, as a `t`ree, `r`eading.
fn verdict(bytes: &[u8]) -> Result<(usize, usize), (char, String)> {
    let cabinet = Cabinet::open(&blob(bytes)).map_err(|error| ('o', chain(&error)))?;
    let tree = CabinetTree::new(cabinet).map_err(|error| ('t', chain(&error)))?;
    let cabinet = tree.cabinet();
    let all: Vec<usize> = (0..cabinet.members().len()).collect();
    match take(cabinet, &all) {
        Ok(contents) => Ok((contents.len(), contents.iter().map(Vec::len).sum())),
        Err((number, source)) => {
            let name = cabinet.members()[number].name.clone();
            Err(('r', chain(&CabinetError::Member { name, source })))
        }
    }
}

#[test]
fn every_hostile_cabinet_has_its_verdict() {
    let test = "every_hostile_cabinet_has_its_verdict";
    let Some(corpus) = wimwright_testdata::corpus(test) else {
        return;
    };
    let folder = corpus.join("packages/cab-hostile");
    let mut names: Vec<String> = std::fs::read_dir(&folder)
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().into_string().ok())
        .filter_map(|name| name.strip_suffix(".cab").map(str::to_owned))
        .collect();
    names.sort();
    let reviewed = VERDICTS.iter().map(|row| row.0);
    assert!(names.iter().map(String::as_str).eq(reviewed), "{names:?}");
    for (name, expected, why) in VERDICTS {
        let bytes = wimwright_testdata::read(&folder.join(format!("{name}.cab")));
        let found = verdict(&bytes);
        let as_expected = match (expected, &found) {
            (Reads(files, len), Ok(found)) => (files, len) == *found,
            (NotOpened(text), Err(('o', found)))
            | (NoTree(text), Err(('t', found)))
            | (NotRead(text), Err(('r', found))) => found.starts_with(text),
            _ => false,
        };
        assert!(as_expected, "{name} ({why}): {found:?}");
    }
}
