//! Deltas and compressed files, written by testdata and read here.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a panic is how a test fails"
)]

use wimwright_servicing::update::compressed_manifest::{
    Bases, ExpandError, Storage, base_manifest, expand, storage,
};
use wimwright_servicing::update::delta::{self, DeltaError, DeltaHeader, FileType};
use wimwright_servicing::update::version::AssemblyVersion;
use wimwright_testdata::cbs_image::{BASE_MANIFEST, CbsImage, compressed};
use wimwright_testdata::{corpus, pa30};

/// Bytes that repeat themselves in places, the same in every run.
fn noise(len: usize, seed: u64) -> Vec<u8> {
    let mut state = seed;
    let mut bytes = Vec::with_capacity(len);
    while bytes.len() < len {
        state = state
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        let number = state >> 33;
        match number % 4 {
            0 if bytes.len() > 64 => {
                let from = (number >> 8) as usize % (bytes.len() - 32);
                let some: Vec<u8> = bytes[from..from + (number >> 4) as usize % 32].to_vec();
                bytes.extend(some);
            }
            1 => bytes.extend(std::iter::repeat_n(
                number as u8,
                (number >> 8) as usize % 700,
            )),
            _ => bytes.push((number >> 3) as u8),
        }
    }
    bytes.truncate(len);
    bytes
}

#[test]
fn what_is_written_is_read_with_and_without_a_basis() {
    for (at, len) in [0, 1, 2, 100, 5_000, 200_000].into_iter().enumerate() {
        let target = noise(len, at as u64);
        let alone = pa30::delta(&target, b"");
        assert!(delta::apply(&alone, b"").unwrap() == target, "{len}");
        // Something of the basis is in the target, at other places.
        let mut basis = noise(len / 2 + 10, at as u64);
        basis.reverse();
        basis.extend(&target[len / 3..]);
        let against = pa30::delta(&target, &basis);
        assert!(delta::apply(&against, &basis).unwrap() == target, "{len}");
        let header = DeltaHeader::parse(&against[..against.len().min(512)]).unwrap();
        assert_eq!(
            (header.file_type, header.target_len),
            (FileType::RAW, len as u64)
        );
        if len >= 5_000 {
            assert!(against.len() < alone.len());
            basis[0] ^= 1;
            let changed = delta::apply(&against, &basis);
            assert!(matches!(changed, Ok(_) | Err(DeltaError::Hash { .. })));
            let cut = delta::apply(&against, &basis[..basis.len() - 1]);
            assert!(cut.is_err());
        }
    }
}

#[test]
fn all_kinds_of_compressed_files() {
    let manifest = CbsImage::windows_10()
        .stack_component()
        .manifest()
        .into_bytes();
    let with_base = Bases {
        manifest: Some(BASE_MANIFEST),
        ..Bases::default()
    };
    // As it is.
    assert_eq!(expand(&manifest, Bases::default()).unwrap(), manifest);
    // Against the base manifest.
    let stored = compressed(&manifest);
    assert!(stored.len() < manifest.len());
    assert_eq!(storage(&stored), Ok(Storage::BaseManifest));
    assert_eq!(expand(&stored, with_base).unwrap(), manifest);
    assert_eq!(
        expand(&stored, Bases::default()),
        Err(ExpandError::NoBaseManifest)
    );
    let other = Bases {
        manifest: Some(&manifest),
        ..Bases::default()
    };
    assert!(matches!(expand(&stored, other), Err(ExpandError::Delta(_))));
    // By itself.
    let alone = [b"DCN\x01".to_vec(), pa30::delta(&manifest, b"")].concat();
    assert_eq!(expand(&alone, Bases::default()).unwrap(), manifest);
    // Against version 1.2.3.4, whose numbers stand there from the last on.
    let before = b"<?xml version=\"1.0\"?> an older one, with some of the same: urn:schemas";
    let mut stored = b"DCD\x01".to_vec();
    stored.extend(
        [4_u16, 3, 2, 1]
            .iter()
            .flat_map(|number| number.to_le_bytes()),
    );
    stored.extend(pa30::delta(&manifest, before));
    let version = AssemblyVersion([1, 2, 3, 4]);
    assert_eq!(storage(&stored), Ok(Storage::Version(version)));
    let find = |asked: AssemblyVersion| (asked == version).then(|| before.to_vec());
    let with_version = Bases {
        version: Some(&find),
        ..Bases::default()
    };
    assert_eq!(expand(&stored, with_version).unwrap(), manifest);
    assert_eq!(
        expand(&stored, Bases::default()),
        Err(ExpandError::NoBasis { version })
    );
    // Kinds that nobody describes.
    for letter in [b'H', b'X'] {
        let stored = [b'D', b'C', letter, 1, 0, 0];
        let error = expand(&stored, Bases::default()).unwrap_err();
        assert!(matches!(error, ExpandError::Kind { .. }), "{error}");
    }
}

#[test]
fn a_file_in_blocks() {
    // Blocks that are stored as they are; packed ones are those of WIM files.
    let blocks = |claimed: u32, parts: &[&[u8]]| {
        let mut stored = b"DCS\x01".to_vec();
        stored.extend((parts.len() as u32).to_le_bytes());
        stored.extend(claimed.to_le_bytes());
        for part in parts {
            stored.extend((part.len() as u32 + 4).to_le_bytes());
            stored.extend((part.len() as u32).to_le_bytes());
            stored.extend(*part);
        }
        stored
    };
    let stored = blocks(9, &[b"one ", b"other"]);
    assert_eq!(expand(&stored, Bases::default()).unwrap(), b"one other");
    for cut in 12..stored.len() {
        let error = expand(&stored[..cut], Bases::default()).unwrap_err();
        assert!(matches!(error, ExpandError::Ends { .. }), "{cut}: {error}");
    }
    for claimed in [8, 10] {
        let error = expand(&blocks(claimed, &[b"one ", b"other"]), Bases::default());
        assert!(
            matches!(error, Err(ExpandError::Length { .. })),
            "{claimed}"
        );
    }
    let mut many = stored;
    many[7] = 0xff;
    let error = expand(&many, Bases::default());
    assert!(matches!(error, Err(ExpandError::TooMuch { .. })));
}

#[test]
fn the_base_manifest_is_a_resource_of_wcp() {
    let wcp = CbsImage::windows_10()
        .stack_component()
        .files
        .remove(0)
        .bytes;
    assert_eq!(base_manifest(&wcp).unwrap().unwrap(), BASE_MANIFEST);
    // A stack of Windows 7 has none; a text is no program.
    assert_eq!(base_manifest(b"text").unwrap(), None);
    for at in (0..wcp.len()).step_by(7) {
        let mut flipped = wcp.clone();
        flipped[at] ^= 0x55;
        let _ = base_manifest(&flipped);
    }
}

#[test]
fn no_flipped_bit_or_cut_of_a_real_delta_makes_it_panic() {
    let Some(corpus) = corpus("no_flipped_bit_or_cut_of_a_real_delta_makes_it_panic") else {
        return;
    };
    let files = packages::of_msu(&corpus, packages::MSUS[0]);
    // The smallest deltas of the package are for small libraries.
    let deltas = packages::ending(&files, "");
    let mut deltas: Vec<Vec<u8>> = deltas
        .into_iter()
        .map(|(_, bytes)| bytes)
        .filter(|bytes| bytes.starts_with(b"PA30"))
        .collect();
    deltas.sort_by_key(Vec::len);
    assert!(deltas.len() > 40);
    for delta in deltas.iter_mut().take(3) {
        for bit in 0..delta.len() * 8 {
            delta[bit / 8] ^= 1 << (bit % 8);
            let _ = delta::apply(delta, b"basis");
            delta[bit / 8] ^= 1 << (bit % 8);
        }
    }
    let mut raw = deltas.iter().filter(|delta| {
        let header = DeltaHeader::parse(delta).unwrap();
        header.file_type == FileType::RAW
    });
    let whole = raw.next_back().unwrap();
    for cut in (0..whole.len()).step_by(4097) {
        assert!(delta::apply(&whole[..cut], b"").is_err());
    }
    for at in (40..whole.len()).step_by(9973) {
        let mut flipped = whole.clone();
        flipped[at] ^= 0x10;
        assert!(delta::apply(&flipped, b"").is_err(), "{at}");
    }
}

mod packages;
