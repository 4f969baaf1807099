//! Every INF of the corpus is read, whole and damaged, and nothing panics.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test support"
)]

mod infs;

use std::collections::BTreeMap;
use std::fs;

use proptest::prelude::*;
use wimwright_inf::{Inf, ParseOptions, Rule, TextEncoding};

/// Walks over everything the crate offers for a file: this is the invariant
/// that the fuzz target states too. Returns the number of lines.
fn walk(inf: &Inf) -> usize {
    let mut lines = 0;
    let mut last_header = 0;
    for section in inf.sections() {
        assert!(section.header_line() > last_header, "headers are in order");
        last_header = section.header_line();
        let found = inf.section(section.name()).unwrap();
        assert_eq!(found.header_line(), section.header_line());
        let mut last = 0;
        for line in section.lines() {
            assert!(line.number() >= section.header_line() && line.number() > last);
            last = line.number();
            assert_eq!(line.raw_fields().count(), line.field_count());
            assert_eq!(line.fields().count(), line.field_count());
            for index in 0..=line.field_count() {
                let raw = line.raw_field(index);
                assert_eq!(raw.is_some(), line.field(index).is_some());
                assert!(raw.is_some() || (index == 0 && line.field_count() != 1));
            }
            assert_eq!(line.raw_field(line.field_count() + 1), None);
            lines += 1;
        }
        assert_eq!(section.lines().count(), section.line_count());
    }
    for (token, value) in inf.strings() {
        assert_eq!(inf.string(token), Some(value));
    }
    assert!(inf.findings().is_sorted_by_key(|finding| finding.line));
    lines
}

#[test]
fn every_inf_of_the_corpus_is_read() {
    let Some(corpus) = wimwright_testdata::corpus("every_inf_of_the_corpus_is_read") else {
        return;
    };
    let mut paths = Vec::new();
    infs::inf_files(&corpus.join("drivers/inf-only"), &mut paths);
    assert_eq!(paths.len(), 842);
    let mut encodings = BTreeMap::new();
    let mut rules = BTreeMap::new();
    for path in &paths {
        let inf = Inf::parse(&fs::read(path).unwrap(), &ParseOptions::default());
        assert!(walk(&inf) > 0, "{} has lines", path.display());
        let encoding = match inf.encoding() {
            TextEncoding::Ansi(_) => "ansi",
            TextEncoding::Utf8WithBom => "utf-8 with mark",
            TextEncoding::Utf16Le { bom: true } => "utf-16le with mark",
            TextEncoding::Utf16Le { bom: false } => "utf-16le",
            TextEncoding::Utf16BeWithBom => "utf-16be",
        };
        *encodings.entry(encoding).or_insert(0) += 1;
        let mut of_file: Vec<Rule> = inf.findings().iter().map(|f| f.rule).collect();
        of_file.sort();
        of_file.dedup();
        for rule in of_file {
            *rules.entry(rule.name()).or_insert(0) += 1;
        }
    }
    // Counted files. The encodings agree with an independent count (corpus
    // provenance: 291 UTF-16LE, 8 UTF-8 with mark, 7 without).
    assert_eq!(
        encodings,
        BTreeMap::from([
            ("ansi", 543),
            ("utf-16le with mark", 291),
            ("utf-8 with mark", 8)
        ])
    );
    assert_eq!(
        rules,
        BTreeMap::from([
            ("line-before-section", 36),
            ("section-defined-twice", 56),
            ("unusual-encoding", 15)
        ])
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_bytes_give_sections(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        walk(&Inf::parse(&bytes, &ParseOptions::default()));
    }

    #[test]
    fn any_text_of_the_formats_own_characters_gives_sections(
        text in "[\\[\\]ab=,;\"\\\\ %\r\n\t\u{1A}\0\u{3000}ä]{0,80}",
        hash in any::<bool>(),
        continuation in any::<bool>(),
        wide in any::<bool>(),
    ) {
        let options = ParseOptions {
            comment_hash: hash,
            continuation,
            language: Some(0x0407),
            ..ParseOptions::default()
        };
        let mut bytes = text.as_bytes().to_vec();
        if wide {
            bytes = [0xFF, 0xFE].into_iter()
                .chain(text.encode_utf16().flat_map(u16::to_le_bytes))
                .collect();
        }
        walk(&Inf::parse(&bytes, &options));
    }
}

#[test]
fn damaged_infs_are_read_too() {
    let Some(corpus) = wimwright_testdata::corpus("damaged_infs_are_read_too") else {
        return;
    };
    let mut paths = Vec::new();
    infs::inf_files(&corpus.join("drivers"), &mut paths);
    // A small generator of our own: the same damage in every run.
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut random = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % u64::try_from(below.max(1)).unwrap()).unwrap()
    };
    let telling = b"[]=,;\"\\% \r\n\0\x1A\xFF\xFE";
    for path in paths.iter().step_by(7) {
        let whole = fs::read(path).unwrap();
        for _ in 0..4 {
            let mut bytes = whole.clone();
            for _ in 0..1 + random(8) {
                let at = random(bytes.len());
                match random(4) {
                    0 => bytes[at] = telling[random(telling.len())],
                    1 => bytes.truncate(at.max(1)),
                    2 => bytes.insert(at, telling[random(telling.len())]),
                    _ => {
                        bytes.remove(at);
                        bytes.push(b'\n');
                    }
                }
            }
            walk(&Inf::parse(&bytes, &ParseOptions::default()));
        }
    }
}
