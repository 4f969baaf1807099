//! Every payload of the real packages, expanded and held against the digests
//! of its manifests and of the index.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a panic is how a test fails"
)]

mod packages;

use std::collections::BTreeMap;
use std::sync::Arc;

use wimwright_servicing::update::Mum;
use wimwright_servicing::update::delta::DeltaError;
use wimwright_servicing::update::file_index::FileIndex;
use wimwright_servicing::update::key_form::component_name;
use wimwright_servicing::update::manifest::Manifest;
use wimwright_servicing::update::payload::{Payload, PayloadError};
use wimwright_servicing::{ImagePath, read_all};
use wimwright_testdata::corpus;

/// What became of the files of a package.
#[derive(Default, Debug, PartialEq, Eq)]
struct Outcome {
    files: usize,
    expanded: usize,
    /// Files that only Windows can expand: by the type of their delta.
    beyond: BTreeMap<String, usize>,
    /// Expanded files with a digest in a manifest, which they have.
    in_manifests: usize,
}

fn expand_all(corpus: &std::path::Path, name: &str) -> Outcome {
    let tree = packages::of_msu(corpus, name);
    let mut digests = BTreeMap::new();
    for (_, bytes) in packages::ending(&tree, ".manifest") {
        let manifest = Manifest::parse(&bytes).unwrap();
        let folder = component_name(&manifest.identity);
        for file in manifest.files {
            let path = format!("{folder}\\{}", file.name).to_lowercase();
            assert!(digests.insert(path, file.digest.unwrap()).is_none());
        }
    }
    let payload = Payload::open(Arc::new(tree)).unwrap();
    let mut outcome = Outcome::default();
    for path in payload.files().unwrap() {
        outcome.files += 1;
        let checked = payload.check(&path);
        match payload.read_file(&path) {
            Ok(blob) => {
                outcome.expanded += 1;
                checked.unwrap();
                let bytes = read_all(blob.as_ref(), 1 << 28).unwrap();
                if let Some(digest) = digests.get(&path.to_string().to_lowercase()) {
                    assert_eq!(digest.matches(&bytes), Some(true), "{path}");
                    outcome.in_manifests += 1;
                }
            }
            Err(error) => {
                assert!(error.is_beyond_us(), "{path}: {error:?}");
                assert_eq!(checked.unwrap_err().to_string(), error.to_string());
                let PayloadError::Delta { source, .. } = error else {
                    panic!("{path}: {error}");
                };
                let DeltaError::Type { file_type } = source else {
                    panic!("{path}: {source}");
                };
                *outcome.beyond.entry(file_type.to_string()).or_default() += 1;
            }
        }
    }
    outcome
}

#[test]
fn of_kb4528069_all_files_but_one_are_expanded() {
    let Some(corpus) = corpus("of_kb4528069_all_files_but_one_are_expanded") else {
        return;
    };
    let expected = Outcome {
        files: 17,
        expanded: 16,
        beyond: BTreeMap::from([("AMD64 (8)".to_owned(), 1)]),
        in_manifests: 1,
    };
    assert_eq!(expand_all(&corpus, packages::MSUS[1]), expected);
}

#[test]
fn of_kb2999226_all_is_expanded_that_is_no_program_made_from_another() {
    let test = "of_kb2999226_all_is_expanded_that_is_no_program_made_from_another";
    let Some(corpus) = corpus(test) else {
        return;
    };
    let outcome = expand_all(&corpus, packages::MSUS[0]);
    assert_eq!((outcome.files, outcome.expanded), (118, 24));
    // The x86 library and its copy in the other branch.
    assert_eq!(outcome.in_manifests, 2);
}

#[test]
fn a_changed_member_is_noticed() {
    let Some(corpus) = corpus("a_changed_member_is_noticed") else {
        return;
    };
    let tree = packages::of_msu(&corpus, packages::MSUS[1]);
    let mut changed = tree.clone();
    let mut delta = packages::ending(&tree, "0")
        .into_iter()
        .find(|(name, _)| name == "0")
        .unwrap()
        .1;
    *delta.last_mut().unwrap() ^= 1;
    changed.insert("0", delta).unwrap();
    let payload = Payload::open(Arc::new(changed)).unwrap();
    let path = "amd64_microsoft-windows-calc_31bf3856ad364e35_6.1.7602.20587_none_0a0b815b47d56775\\calc.exe";
    let error = payload.read_file(&ImagePath::parse(path).unwrap());
    assert!(matches!(error, Err(PayloadError::Digest { .. })));
}

#[test]
fn no_cut_and_no_flipped_bit_of_a_description_makes_it_panic() {
    let Some(corpus) = corpus("no_cut_and_no_flipped_bit_of_a_description_makes_it_panic") else {
        return;
    };
    let tree = packages::of_msu(&corpus, packages::MSUS[1]);
    let read = |bytes: &[u8]| {
        let _ = Mum::parse(bytes);
        let _ = Manifest::parse(bytes);
        let _ = FileIndex::parse(bytes);
    };
    for end in [
        "update.mum",
        "208dabb65af9099b38bb2207abac32f_31bf3856ad364e35_6.1.7602.20587_none_85098b546dfae448.manifest",
        ".cix.xml",
    ] {
        let (_, bytes) = packages::ending(&tree, end).remove(0);
        for at in (0..bytes.len()).step_by(5) {
            read(&bytes[..at]);
            let mut flipped = bytes.clone();
            flipped[at] ^= 1 << (at % 8);
            read(&flipped);
        }
    }
}
