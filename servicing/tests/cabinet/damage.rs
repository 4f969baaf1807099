//! Cabinets cut short, and with bits turned over.

use wimwright_servicing::cabinet::{Cabinet, CabinetTree};
use wimwright_testdata::cabinet::{Cabinet as Made, File, Method};

use crate::support::{blob, noise, take_all};

/// A small cabinet with every method that is read, and every optional field.
fn small() -> (Vec<u8>, Vec<Vec<u8>>) {
    let mut made = Made {
        reserve: Some((20, 3, 5)),
        ..Made::default()
    };
    let mut contents = Vec::new();
    for (number, method) in [Method::Stored, Method::Mszip, Method::Lzx { window: 15 }]
        .into_iter()
        .enumerate()
    {
        let files = (0..3).map(|file| {
            let bytes = noise(number as u32 * 3 + file, 90 + 37 * file as usize);
            contents.push(bytes.clone());
            File::new(&format!("d{number}\\f{file}.bin"), bytes)
        });
        made.folders.push((method, files.collect()));
    }
    (made.build(), contents)
}

/// Opens and reads all; what comes out, whether right or not, has the length
/// that its entry claims.
fn read(bytes: &[u8]) -> Option<Vec<Vec<u8>>> {
    let cabinet = Cabinet::open(&blob(bytes)).ok()?;
    let tree = CabinetTree::new(cabinet).ok()?;
    let contents = take_all(tree.cabinet()).ok()?;
    for (member, content) in tree.cabinet().members().iter().zip(&contents) {
        assert_eq!(member.len, content.len() as u64, "{member:?}");
    }
    Some(contents)
}

#[test]
fn a_cabinet_that_is_cut_is_refused() {
    let (whole, contents) = small();
    assert_eq!(read(&whole), Some(contents));
    for len in 0..whole.len() {
        assert!(Cabinet::open(&blob(&whole[..len])).is_err(), "cut to {len}");
    }
    // One that hides that it is cut.
    for len in 36..whole.len() {
        let mut cut = whole[..len].to_vec();
        cut[8..12].copy_from_slice(&(len as u32).to_le_bytes());
        assert_eq!(read(&cut), None, "cut to {len}");
    }
}

#[test]
fn no_bit_of_the_data_turns_over_unnoticed() {
    let (whole, contents) = small();
    let cabinet = Cabinet::open(&blob(&whole)).unwrap();
    // Where the data begins: behind the last file's name.
    let last = cabinet.members().last().unwrap().name.as_bytes();
    let at = whole.windows(last.len()).position(|window| window == last);
    let data_at = at.unwrap() + last.len() + 1;
    for at in data_at..whole.len() {
        for bit in 0..8 {
            let mut damaged = whole.clone();
            damaged[at] ^= 1 << bit;
            if let Some(read) = read(&damaged) {
                // Reserved areas count for the checksum with some makers and
                // with some not; they change nothing.
                assert_eq!(read, contents, "bit {bit} of {at:#x}");
            }
        }
    }
    // Elsewhere: other names or an error, and never a panic.
    for at in 0..data_at {
        for value in [0, 0x7f, 0x80, 0xff, whole[at] ^ 1] {
            let mut damaged = whole.clone();
            damaged[at] = value;
            read(&damaged);
        }
    }
}

/// Without checksums damage reaches the decoders.
#[test]
fn decoders_are_total() {
    for method in [Method::Mszip, Method::Lzx { window: 15 }] {
        let made = Made {
            no_checksums: true,
            ..Made::of(method, &[("a", &noise(1, 300))])
        };
        let whole = made.build();
        for at in 36..whole.len() {
            for bit in 0..8 {
                let mut damaged = whole.clone();
                damaged[at] ^= 1 << bit;
                read(&damaged);
            }
        }
    }
}

#[test]
fn real_lzx_and_mszip_without_checksums_never_panic() {
    let test = "real_lzx_and_mszip_without_checksums_never_panic";
    let Some(corpus) = wimwright_testdata::corpus(test) else {
        return;
    };
    for name in ["lm-normal_2files_2folders.cab", "lm-mszip_lzx_qtm.cab"] {
        let whole = wimwright_testdata::read(&corpus.join("packages/cab-valid").join(name));
        let cabinet = Cabinet::open(&blob(&whole)).unwrap();
        let wanted: Vec<usize> = (0..cabinet.members().len()).collect();
        for at in 36..whole.len() {
            for value in [0, 0xff, whole[at] ^ 0x10, whole[at].wrapping_add(1)] {
                let mut damaged = whole.clone();
                damaged[at] = value;
                let Ok(cabinet) = Cabinet::open(&blob(&damaged)) else {
                    continue;
                };
                for number in &wanted {
                    let _ = cabinet.read_members(&[*number], &|_, bytes| {
                        std::io::copy(bytes, &mut std::io::sink()).map(drop)
                    });
                }
            }
        }
    }
}
