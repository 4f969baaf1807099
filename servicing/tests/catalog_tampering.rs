//! Every flipped bit of a catalog or of a file that it lists is noticed, or
//! lies where neither CMS nor Authenticode covers anything.
//!
//! By default some thousand bits of each file; with `WIMWRIGHT_ALL_BITS=1`
//! every byte of small files and 10,000 random ones of large files.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test program"
)]

use std::ops::Range;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use wimwright_servicing::catalog::Catalog;
use wimwright_servicing::catalog::verify::{Coverage, Signature, TrustStore};

/// Below this a file counts as small.
const SMALL: usize = 64 << 10;

fn all_bits() -> bool {
    std::env::var_os("WIMWRIGHT_ALL_BITS").is_some()
}

/// Every catalog of the corpus.
fn catalogs(test: &str) -> Vec<PathBuf> {
    let Some(corpus) = wimwright_testdata::corpus(test) else {
        return Vec::new();
    };
    let mut found = files_below(&corpus.join("drivers"));
    found.retain(|path| {
        let ending = path.extension().unwrap_or_default();
        let derived = path.to_string_lossy().contains("derived-");
        ending.eq_ignore_ascii_case("cat") && !derived
    });
    assert_eq!(found.len(), 30);
    found
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(files_below(&path)),
            false => found.push(path),
        }
    }
    found.sort();
    found
}

/// Which bits of a file with `len` bytes are flipped: `(byte, mask)`.
fn flips(len: usize, by_default: usize) -> Vec<(usize, u8)> {
    // xorshift: the same places in every run.
    let mut state = 0x9e37_79b9_7f4a_7c15_u64 ^ len as u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let count = match all_bits() {
        true if len <= SMALL => {
            return (0..len).map(|at| (at, 1 << (next() % 8))).collect();
        }
        true => 10_000,
        false => by_default.min(len),
    };
    (0..count)
        .map(|_| ((next() % len as u64) as usize, 1 << (next() % 8)))
        .collect()
}

/// A DER element by the test's own reading: tag, and where its value lies.
fn element(bytes: &[u8], at: usize) -> (u8, Range<usize>) {
    let first = usize::from(bytes[at + 1]);
    let (len, header) = match first {
        0..=0x7f => (first, 2),
        _ => {
            let count = first & 0x7f;
            let digits = &bytes[at + 2..at + 2 + count];
            let len = digits
                .iter()
                .fold(0, |len, &byte| len << 8 | usize::from(byte));
            (len, 2 + count)
        }
    };
    (bytes[at], at + header..at + header + len)
}

/// Tag, and whole extent, of each element in `value`.
fn children(bytes: &[u8], value: Range<usize>) -> Vec<(u8, Range<usize>)> {
    let mut found = Vec::new();
    let mut at = value.start;
    while at < value.end {
        let (tag, inside) = element(bytes, at);
        found.push((tag, at..inside.end));
        at = inside.end;
    }
    found
}

/// What CMS does not cover: unsigned attributes, certificates that have no part
/// in the chain from the signer, and the name of the signature's algorithm, of
/// which two may mean the same (RFC 6211, section 1: "RSA" and "RSA with
/// SHA-1" differ by one bit).
fn not_covered_by_cms(bytes: &[u8], signature: &Signature) -> Vec<Range<usize>> {
    let inside = |extent: &Range<usize>| children(bytes, element(bytes, extent.start).1);
    let content_info = children(bytes, element(bytes, 0).1);
    let signed_data = inside(&inside(&content_info[1].1)[0].1);
    let chain = &signature.chain.as_ref().unwrap().certificates;
    let mut free = Vec::new();
    for (tag, extent) in &signed_data {
        match tag {
            0xa0 => free.extend(inside(extent).into_iter().filter_map(|(_, certificate)| {
                let digest: [u8; 32] = Sha256::digest(&bytes[certificate.clone()]).into();
                let used = chain.iter().any(|facts| facts.sha256 == digest);
                (!used).then_some(certificate)
            })),
            0xa1 => free.push(extent.clone()),
            _ => {}
        }
    }
    let (_, signer_infos) = signed_data.last().unwrap();
    let signer_info = inside(&inside(signer_infos)[0].1);
    let unsigned = signer_info.iter().filter(|(tag, _)| *tag == 0xa1);
    free.extend(unsigned.map(|(_, extent)| extent.clone()));
    let signed_at = signer_info.iter().position(|(tag, _)| *tag == 0xa0);
    free.push(signer_info[signed_at.unwrap() + 1].1.clone());
    free
}

#[test]
fn every_flipped_bit_of_a_catalog_is_noticed_where_it_is_covered() {
    let test = "every_flipped_bit_of_a_catalog_is_noticed_where_it_is_covered";
    let trust = TrustStore::default();
    let (mut noticed, mut free) = (0, 0);
    for path in catalogs(test) {
        let mut bytes = wimwright_testdata::read(&path);
        let whole = Signature::read(&bytes, &trust).unwrap().unwrap();
        let not_covered = not_covered_by_cms(&bytes, &whole);
        for (at, mask) in flips(bytes.len(), 150) {
            bytes[at] ^= mask;
            let judged = Signature::read(&bytes, &trust);
            bytes[at] ^= mask;
            if not_covered.iter().any(|range| range.contains(&at)) {
                free += 1;
                continue;
            }
            let unnoticed = judged.is_ok_and(|judged| {
                judged.is_some_and(|judged| {
                    judged.check == Ok(())
                        && judged.chain == whole.chain
                        && judged.kind == whole.kind
                })
            });
            assert!(!unnoticed, "{} at {at:#x}, mask {mask:#x}", path.display());
            noticed += 1;
        }
    }
    println!("{noticed} flips noticed, {free} where nothing is covered");
}

/// What Authenticode does not cover, by the test's own reading of the headers:
/// checksum, directory entry of the certificate table, and that table.
fn not_covered_by_authenticode(bytes: &[u8]) -> Vec<Range<usize>> {
    let u32_at = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
    if !bytes.starts_with(b"MZ") || bytes.get(u32_at(0x3c)..).is_none() {
        return Vec::new();
    }
    let header = u32_at(0x3c);
    if !bytes[header..].starts_with(b"PE\0\0") {
        return Vec::new();
    }
    let optional = header + 24;
    let directories = match bytes[optional..optional + 2] {
        [0x0b, 0x01] => optional + 96,
        _ => optional + 112,
    };
    let entry = directories + 4 * 8;
    let table = u32_at(entry);
    let mut free = vec![optional + 64..optional + 68, entry..entry + 8];
    if table != 0 {
        free.push(table..table + u32_at(entry + 4));
    }
    free
}

#[test]
fn every_flipped_bit_of_a_listed_file_is_noticed_where_it_is_covered() {
    let test = "every_flipped_bit_of_a_listed_file_is_noticed_where_it_is_covered";
    let (mut files, mut noticed, mut free) = (0, 0, 0);
    for path in catalogs(test) {
        let catalog = Catalog::parse(&wimwright_testdata::read(&path)).unwrap();
        for file in files_below(path.parent().unwrap()) {
            let mut bytes = wimwright_testdata::read(&file);
            if !catalog.coverage(&bytes).is_listed() {
                continue;
            }
            files += 1;
            let not_covered = not_covered_by_authenticode(&bytes);
            let by_default = if bytes.len() <= SMALL { 300 } else { 10 };
            for (at, mask) in flips(bytes.len(), by_default) {
                bytes[at] ^= mask;
                let covered = catalog.coverage(&bytes);
                bytes[at] ^= mask;
                if not_covered.iter().any(|range| range.contains(&at)) {
                    // Both are right: the table itself is free, but where it
                    // begins must still be where the file's end fits.
                    free += 1;
                    continue;
                }
                assert!(
                    !covered.is_listed(),
                    "{} at {at:#x}, mask {mask:#x}",
                    file.display()
                );
                noticed += 1;
            }
        }
    }
    if files > 0 {
        println!("{files} files: {noticed} flips noticed, {free} where nothing is covered");
        assert_eq!(files, 79);
    }
}

/// A carriage return that is flipped away is not taken for a lost one.
#[test]
fn a_changed_text_is_never_called_one_that_lost_its_line_ends() {
    let test = "a_changed_text_is_never_called_one_that_lost_its_line_ends";
    let Some(corpus) = wimwright_testdata::corpus(test) else {
        return;
    };
    let folder = corpus.join("drivers/virtio-viostor-w10-amd64");
    let catalog = Catalog::parse(&wimwright_testdata::read(&folder.join("viostor.cat"))).unwrap();
    let mut inf = wimwright_testdata::read(&folder.join("viostor.inf"));
    for (at, mask) in flips(inf.len(), 1000) {
        inf[at] ^= mask;
        assert_eq!(catalog.coverage(&inf), Coverage::NotListed, "at {at:#x}");
        inf[at] ^= mask;
    }
    let lost: Vec<u8> = inf.iter().copied().filter(|&byte| byte != b'\r').collect();
    assert_eq!(catalog.coverage(&lost), Coverage::LineEndsChanged);
}

/// Whatever is changed, the answer is a verdict or an error.
#[test]
fn mutated_catalogs_give_verdicts_or_errors() {
    let trust = TrustStore::default();
    for path in catalogs("mutated_catalogs_give_verdicts_or_errors") {
        let whole = wimwright_testdata::read(&path);
        for (at, _) in flips(whole.len(), 60) {
            let mut cut = whole.clone();
            cut.truncate(at);
            assert!(Signature::read(&cut, &trust).is_err());
            // A piece moved elsewhere, lengths and tags with it.
            let mut moved = whole.clone();
            let len = 1 + at % 40;
            let (from, to) = (at % (whole.len() - len), (at * 7) % (whole.len() - len));
            moved.copy_within(from..from + len, to);
            if let Ok(Some(signature)) = Signature::read(&moved, &trust) {
                signature.verdict(u64::MAX);
                signature.verdict(0);
            }
        }
    }
}
