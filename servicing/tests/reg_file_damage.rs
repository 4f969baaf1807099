//! Damaged `.reg` files: an error or a result, never a panic, and what is
//! accepted can be written and read again.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test program"
)]

use std::fs;

use wimwright_servicing::registry::reg_file::{
    CodePage, RegFile, RegFileFormat, RegFileOptions, write_reg_file,
};
use wimwright_testdata::files;

/// The same numbers on every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit.max(1) as u64).unwrap()
    }
}

/// Bytes and words that mean something to the parser.
const WORDS: [&[u8]; 24] = [
    b"\"",
    b"\\",
    b"[",
    b"]",
    b"-",
    b"=",
    b",",
    b";",
    b"#",
    b"@",
    b"\n",
    b"\r",
    b"\0",
    b"\x1A",
    b"dword:",
    b"hex:",
    b"hex(2):",
    b"hex(ffffffff):",
    b"\\\n",
    b"REGEDIT4\n",
    b"\xFF\xFE",
    b"\xEF\xBB\xBF",
    b"\xD8",
    b"[-HKEY_LOCAL_MACHINE\\SOFTWARE\\x]\n",
];

fn damage(bytes: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..=dice.below(4) {
        let at = dice.below(bytes.len() + 1);
        match dice.below(5) {
            0 => bytes.truncate(at),
            1 => {
                let end = (at + dice.below(8)).min(bytes.len());
                bytes.drain(at..end);
            }
            2 => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = dice.below(256) as u8;
                }
            }
            3 => {
                let word = WORDS[dice.below(WORDS.len())];
                bytes.splice(at..at, word.iter().copied());
            }
            _ => {
                let end = (at + dice.below(40)).min(bytes.len());
                let copy = bytes[at..end].to_vec();
                let to = dice.below(bytes.len() + 1);
                bytes.splice(to..to, copy);
            }
        }
    }
    bytes
}

#[test]
fn damaged_files_end_in_an_error_or_a_result() {
    let mut originals = Vec::new();
    for entry in fs::read_dir(files().join("reg")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "reg") {
            originals.push(fs::read(path).unwrap());
        }
    }
    originals.sort();
    let mut dice = Dice(0x5EED_0F1E_6D0C_0FFE);
    let (mut accepted, mut refused, mut skipped) = (0, 0, 0);
    for round in 0..20_000 {
        let original = &originals[round % originals.len()];
        let bytes = damage(original, &mut dice);
        let japanese = CodePage::by_number("932").filter(|_| dice.below(4) == 0);
        let options = RegFileOptions {
            code_page: japanese,
            skip_bad_lines: dice.below(2) == 0,
            ..RegFileOptions::default()
        };
        let Ok(file) = RegFile::parse(&bytes, &options) else {
            refused += 1;
            continue;
        };
        accepted += 1;
        skipped += file.skipped.len();
        // What was understood is understood again, line numbers apart.
        let written = write_reg_file(&file.sections, RegFileFormat::Version5);
        if !written.omitted.is_empty() {
            continue;
        }
        let again = RegFile::parse(&written.bytes, &RegFileOptions::default());
        let again = again.unwrap_or_else(|error| panic!("round {round}: {error}"));
        assert_eq!(again.sections.len(), file.sections.len(), "round {round}");
        for (again, first) in again.sections.iter().zip(&file.sections) {
            assert_eq!((&again.key, again.delete), (&first.key, first.delete));
            let values = again.values.iter().zip(&first.values);
            for (again, first) in values {
                assert_eq!((&again.name, &again.data), (&first.name, &first.data));
            }
            assert_eq!(again.values.len(), first.values.len());
        }
    }
    // Each of the three happens often enough to mean something.
    assert!(accepted > 5_000, "{accepted}");
    assert!(refused > 2_000, "{refused}");
    assert!(skipped > 2_000, "{skipped}");
}

#[test]
fn no_input_takes_time_out_of_proportion() {
    // Lines that each begin something which the next line does not end.
    let options = RegFileOptions {
        skip_bad_lines: true,
        ..RegFileOptions::default()
    };
    for line in [
        "@=\"\\\\",
        "\"v\"=hex:00,\\",
        "\"v\"=hex:00,\\;",
        "[",
        "\"",
        "[a]];]",
        "\\",
    ] {
        let mut text = "REGEDIT4\n[HKEY_LOCAL_MACHINE\\SOFTWARE\\x]\n".to_owned();
        for _ in 0..50_000 {
            text.push_str(line);
            text.push('\n');
        }
        let _ = RegFile::parse(text.as_bytes(), &options);
    }
}
