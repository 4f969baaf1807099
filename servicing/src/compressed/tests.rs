//! Compressed sources beside mscompress, gcab and cabextract.

use std::path::Path;
use std::process::Command;

use super::*;
use crate::cabinet::{CabinetError, MemberError};

fn blob(bytes: &[u8]) -> Arc<dyn Blob> {
    Arc::new(MemoryBlob::new(bytes))
}

/// The plain viostor.sys and its two compressed forms.
fn viostor(corpus: &Path) -> [Vec<u8>; 3] {
    [
        "virtio-viostor-w10-amd64/viostor.sys",
        "derived-szdd-viostor/viostor.sy_",
        "derived-mszipcab-viostor/viostor.sy_",
    ]
    .map(|file| wimwright_testdata::read(&corpus.join("drivers").join(file)))
}

/// Runs a program; its failure fails the test with what it said.
fn run(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{command:?}: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Inputs that exercise literals, long runs, the initial spaces and a window
/// that wraps; the generator is a plain linear congruence. None is shorter than
/// 17 bytes, because mscompress 0.4 damages such files.
fn samples() -> Vec<Vec<u8>> {
    let mut state = 1_u32;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_103_515_245).wrapping_add(12_345);
        (state >> 16) as u8
    })
    .take(40_000)
    .collect();
    let text = b"    [Version]\r\nSignature=\"$Windows NT$\"\r\n".repeat(900);
    vec![
        b"[Version]\r\nx=1\r\n".to_vec(),
        vec![b' '; 5000],
        vec![0; 70_000],
        text,
        noise,
    ]
}

#[test]
fn compressed_names_replace_the_last_of_three_characters() {
    for (name, compressed) in [
        ("viostor.sys", "viostor.sy_"),
        ("VIOSTOR.SYS", "VIOSTOR.SY_"),
        ("a.b.dll", "a.b.dl_"),
        ("readme.c", "readme.c_"),
        ("module.ax", "module.ax_"),
        ("kernel", "kernel._"),
        ("page.html", "page.htm_"),
        ("dot.", "dot._"),
        ("gr\u{fc}n.t\u{e4}\u{f6}", "gr\u{fc}n.t\u{e4}_"),
    ] {
        assert_eq!(compressed_name(name), compressed, "{name}");
    }
}

#[test]
fn missing_characters_come_back_from_the_contents() {
    let szdd = |missing: u8| [b"SZDD\x88\xf0\x27\x33A", &[missing][..], &[0; 4]].concat();
    for (name, bytes, restored) in [
        ("viostor.sy_", szdd(b's'), Some("viostor.sys")),
        ("viostor.sy$", szdd(b's'), Some("viostor.sys")),
        ("viostor.sy_", szdd(0), None),
        ("viostor.sy_", szdd(0x1b), None),
        ("viostor.sys", szdd(b's'), None),
        ("viostor.sy_", b"MZ".to_vec(), None),
    ] {
        assert_eq!(restored_name(name, &bytes).as_deref(), restored, "{name}");
    }
    let test = "missing_characters_come_back_from_the_contents";
    if let Some(corpus) = wimwright_testdata::corpus(test) {
        let [_, szdd, cabinet] = viostor(&corpus);
        assert_eq!(restored_name("viostor.sy_", &szdd), None);
        assert_eq!(
            restored_name("any.sy_", &cabinet).as_deref(),
            Some("viostor.sys")
        );
    }
}

#[test]
fn corpus_sources_expand_to_the_plain_driver() {
    let Some(corpus) = wimwright_testdata::corpus("corpus_sources_expand_to_the_plain_driver")
    else {
        return;
    };
    let [plain, szdd, cabinet] = viostor(&corpus);
    assert_eq!(Format::of(&szdd), Some(Format::Szdd));
    assert_eq!(Format::of(&cabinet), Some(Format::Cabinet));
    assert_eq!(Format::of(&plain), None);
    assert!(expand(&szdd, "viostor.sys").unwrap() == plain);
    assert!(expand(&cabinet, "viostor.sys").unwrap() == plain);
    // The only file of a cabinet is the wanted one.
    assert!(expand(&cabinet, "renamed.sys").unwrap() == plain);
}

#[test]
fn what_mscompress_compresses_expands_again() {
    let test = "what_mscompress_compresses_expands_again";
    if !wimwright_testdata::program("mscompress", test) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sample.bin");
    for (index, plain) in samples().into_iter().enumerate() {
        std::fs::write(&path, &plain).unwrap();
        run(Command::new("mscompress")
            .arg(&path)
            .current_dir(folder.path()));
        let compressed = std::fs::read(folder.path().join("sample.bin_")).unwrap();
        assert_eq!(Format::of(&compressed), Some(Format::Szdd));
        assert!(
            expand(&compressed, "sample.bin").unwrap() == plain,
            "sample {index}"
        );
        std::fs::remove_file(folder.path().join("sample.bin_")).unwrap();
    }
}

/// The QBasic variant by hand: literals, a copy of what was written, and one
/// of the spaces that fill the window before anything is.
#[test]
fn the_qbasic_variant_starts_two_bytes_earlier() {
    let expected = b"abcabc    ";
    let start = 4096 - 18;
    let copy = |from: usize, len: usize| [from as u8, (from >> 4 & 0xf0) as u8 | (len - 3) as u8];
    let data = [&[0b0000_0111][..], b"abc", &copy(start, 3), &copy(0, 4)].concat();
    let head = |start: &[u8]| [start, &(expected.len() as u32).to_le_bytes()[..], &data].concat();
    let qbasic = head(b"SZ \x88\xf0\x27\x33\xd1");
    assert_eq!(expand(&qbasic, "x").unwrap(), expected);
    // In the other variant the same copy reads two places too early.
    let szdd = head(b"SZDD\x88\xf0\x27\x33A\0");
    assert_eq!(expand(&szdd, "x").unwrap(), b"abc  a    ");
}

#[test]
fn cabinets_of_gcab_give_up_the_wanted_file() {
    let test = "cabinets_of_gcab_give_up_the_wanted_file";
    if !wimwright_testdata::program("gcab", test) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let names: Vec<String> = (0..samples().len())
        .map(|index| format!("File{index}.bin"))
        .collect();
    for (name, plain) in names.iter().zip(samples()) {
        std::fs::write(folder.path().join(name), plain).unwrap();
    }
    for options in [&["-c"][..], &["-c", "-z"]] {
        let cabinet = folder.path().join("sample.cab");
        let _ = std::fs::remove_file(&cabinet);
        let mut command = Command::new("gcab");
        run(command
            .current_dir(folder.path())
            .args(options)
            .arg(&cabinet)
            .args(&names));
        let bytes = std::fs::read(&cabinet).unwrap();
        for (name, plain) in names.iter().zip(samples()) {
            let expanded = expand(&bytes, &name.to_uppercase()).unwrap();
            assert!(expanded == plain, "{name} with {options:?}");
            let expanded = expand_blob(&blob(&bytes), name).unwrap();
            assert!(expanded == plain, "{name} with {options:?}, through a blob");
        }
        let listed = cabinet_files(&blob(&bytes)).unwrap();
        let expected = names
            .iter()
            .zip(samples())
            .map(|(name, plain)| CabinetFile {
                name: name.clone(),
                len: plain.len() as u64,
            });
        assert_eq!(listed, expected.collect::<Vec<_>>());
        let error = expand(&bytes, "other.bin").unwrap_err();
        assert!(
            matches!(error, Error::NotInCabinet { count: 5, .. }),
            "{error:?}"
        );
        assert_eq!(restored_name("sample.ca_", &bytes), None);
    }
}

/// libmspack's own test cabinets, unpacked by cabextract: LZX among them.
#[test]
fn cabinets_of_libmspack_expand_as_cabextract_expands_them() {
    let test = "cabinets_of_libmspack_expand_as_cabextract_expands_them";
    let Some(corpus) = wimwright_testdata::corpus(test) else {
        return;
    };
    if !wimwright_testdata::program("cabextract", test) {
        return;
    }
    let valid = corpus.join("packages/cab-valid");
    let mixed = wimwright_testdata::read(&valid.join("lm-mszip_lzx_qtm.cab"));
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new("cabextract");
    run(command
        .arg("-q")
        .arg("-d")
        .arg(folder.path())
        .arg(valid.join("lm-mszip_lzx_qtm.cab")));
    let mut expanded = 0;
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        match expand(&mixed, name) {
            Ok(bytes) => {
                assert_eq!(bytes, std::fs::read(&path).unwrap(), "{name}");
                expanded += 1;
            }
            Err(Error::Unsupported {
                format: "a Quantum cabinet",
            }) => {
                assert!(name.contains("qtm") || name.contains("quantum"), "{name}");
            }
            Err(error) => panic!("{name}: {error:?}"),
        }
    }
    assert_eq!(expanded, 2, "one MSZIP and one LZX file");

    let part = wimwright_testdata::read(&valid.join("lm-multi_basic_pt2.cab"));
    let error = expand(&part, "any").unwrap_err();
    assert!(
        matches!(
            error,
            Error::Unsupported {
                format: "a cabinet of several parts"
            }
        ),
        "{error:?}"
    );
}

#[test]
fn unreadable_formats_are_refused_by_name() {
    let error = expand(b"KWAJ\x88\xf0\x27\xd1\0\0", "x").unwrap_err();
    assert_eq!(
        error.to_string(),
        "the file is compressed as KWAJ, which is not read"
    );
    let error = expand(b"MZ\x90", "x").unwrap_err();
    assert_eq!(
        error.to_string(),
        "the file is not compressed in a known way: it begins with [4d, 5a, 90]"
    );
    let error = expand(b"SZDD\x88\xf0\x27\x33B\0\0\0\0\0", "x").unwrap_err();
    assert!(matches!(error, Error::SzddMode { mode: b'B' }), "{error:?}");
}

#[test]
fn claims_beyond_the_data_are_refused_before_memory_is_taken() {
    let szdd = [
        &b"SZDD\x88\xf0\x27\x33A\0"[..],
        &u32::MAX.to_le_bytes(),
        &[0; 100],
    ]
    .concat();
    let error = expand(&szdd, "x").unwrap_err();
    assert!(
        matches!(
            error,
            Error::TooLong {
                claimed: 0xffff_ffff,
                most: 900
            }
        ),
        "{error:?}"
    );

    let test = "claims_beyond_the_data_are_refused_before_memory_is_taken";
    if let Some(corpus) = wimwright_testdata::corpus(test) {
        let [_, _, mut cabinet] = viostor(&corpus);
        // The first CFFILE follows the header and one CFFOLDER.
        cabinet[44..48].copy_from_slice(&0x7fff_ffff_u32.to_le_bytes());
        let error = expand(&cabinet, "viostor.sys").unwrap_err();
        let beyond = matches!(
            &error,
            Error::Cabinet(CabinetError::Member {
                source: MemberError::BeyondFolder {
                    end: 0x7fff_ffff,
                    ..
                },
                ..
            })
        );
        assert!(beyond, "{error:?}");
    }
}

#[test]
fn truncated_sources_give_errors_and_never_short_files() {
    let test = "truncated_sources_give_errors_and_never_short_files";
    let Some(corpus) = wimwright_testdata::corpus(test) else {
        return;
    };
    let [_, szdd, cabinet] = viostor(&corpus);
    for bytes in [szdd, cabinet] {
        for len in (0..200).chain((200..bytes.len()).step_by(499)) {
            assert!(
                expand(&bytes[..len], "viostor.sys").is_err(),
                "cut to {len}"
            );
        }
    }
}

#[test]
fn a_file_offset_behind_the_data_is_an_error() {
    let test = "a_file_offset_behind_the_data_is_an_error";
    let Some(corpus) = wimwright_testdata::corpus(test) else {
        return;
    };
    let [_, _, mut cabinet] = viostor(&corpus);
    // uoffFolderStart of the first CFFILE.
    cabinet[48..52].copy_from_slice(&0x7fff_ffff_u32.to_le_bytes());
    let error = expand(&cabinet, "viostor.sys").unwrap_err();
    assert!(matches!(error, Error::Cabinet(_)), "{error:?}");
}

#[test]
fn damaged_sources_give_errors_or_the_claimed_length() {
    let test = "damaged_sources_give_errors_or_the_claimed_length";
    let Some(corpus) = wimwright_testdata::corpus(test) else {
        return;
    };
    let [plain, szdd, cabinet] = viostor(&corpus);
    for whole in [szdd, cabinet] {
        let mut damaged = whole.clone();
        for at in (0..120).chain((120..whole.len()).step_by(977)) {
            for value in [0x00, 0x7f, 0xff, whole[at] ^ 0x01] {
                damaged[at] = value;
                if let Ok(expanded) = expand(&damaged, "viostor.sys") {
                    let header = damaged[..120] != whole[..120];
                    assert!(header || expanded.len() == plain.len(), "byte {at:#x}");
                }
            }
            damaged[at] = whole[at];
        }
    }
    // Small LZX data without check sums, where damage reaches the decoder.
    let lzx = wimwright_testdata::read(&corpus.join("packages/cab-valid/lm-mszip_lzx_qtm.cab"));
    let mut damaged = lzx.clone();
    for at in 0..lzx.len() {
        for value in 0..=255 {
            damaged[at] = value;
            for name in ["mszip.txt", "lzx.txt"] {
                let _ = expand(&damaged, name);
            }
        }
        damaged[at] = lzx[at];
    }
    for entry in std::fs::read_dir(corpus.join("packages/cab-hostile")).unwrap() {
        let bytes = wimwright_testdata::read(&entry.unwrap().path());
        let _ = expand(&bytes, "any");
        let _ = cabinet_files(&blob(&bytes));
    }
}
