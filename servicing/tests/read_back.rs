//! The second reader's opinion on edited hives.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test program")]

use wimwright_servicing::FileTime;
use wimwright_servicing::registry::{Hive, ReadBackError, read_back};

const NOW: FileTime = FileTime(134_116_992_000_000_000);

fn set(hive: &mut Hive, name: &str, data: &[u8]) {
    let id = hive.root().id();
    let name: Vec<u16> = name.encode_utf16().collect();
    hive.set_value(id, &name, 3, data, NOW).unwrap();
}

#[test]
fn big_values_of_version_1_3_are_named_as_the_one_exception() {
    let test = "read back of 1.3 hives";
    let Some(corpus) = wimwright_testdata::corpus(test) else {
        return;
    };
    for (name, exceptions) in [
        // Version 1.3: one real value over 16,344 bytes, and the one added.
        ("NTUSER-vibranium.DAT", 2),
        ("SAM-regipy", 1),
        // Version 1.5 keeps such values in segments, which nt-hive reads.
        ("DEFAULT-winxp64-sp2", 0),
    ] {
        let bytes = wimwright_testdata::read(&corpus.join("hives").join(name));
        let before = Hive::open(bytes).unwrap();
        let mut edited = before.clone();
        set(&mut edited, "Big", &vec![7; 20_000]);
        set(&mut edited, "Small", b"x");
        let seen = read_back(&edited, &before).unwrap();
        assert_eq!(
            seen.exceptions.len(),
            exceptions,
            "{name}: {:?}",
            seen.exceptions
        );
        assert_eq!(
            seen.keys as u64,
            u64::from(edited.check().keys as u32),
            "{name}"
        );
    }
}

#[test]
fn what_the_second_reader_reads_differently_is_refused() {
    let test = "read back of a broken hive";
    let Some(corpus) = wimwright_testdata::corpus(test) else {
        return;
    };
    let bytes = wimwright_testdata::read(&corpus.join("hives/DEFAULT-winxp64-sp2"));
    let before = Hive::open(bytes).unwrap();
    let mut edited = before.clone();
    set(&mut edited, "x", b"12345678");
    // One more oddity than the hive had: a cell in use that nothing names.
    let mut bytes = edited.as_bytes().to_vec();
    let bins = 4096;
    let mut at = bins + 32;
    let free = loop {
        let size = i32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
        if size > 0 {
            break at;
        }
        at += size.unsigned_abs() as usize;
        if at % 4096 == 0 {
            at += 32;
        }
    };
    let size = i32::from_le_bytes(bytes[free..free + 4].try_into().unwrap());
    bytes[free..free + 4].copy_from_slice(&(-size).to_le_bytes());
    let odd = Hive::open(bytes).unwrap();
    let error = read_back(&odd, &before).unwrap_err();
    assert!(matches!(error, ReadBackError::Structure { .. }), "{error}");
    assert!(read_back(&edited, &before).is_ok());
}
