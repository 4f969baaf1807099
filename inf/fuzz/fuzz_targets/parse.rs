//! Invariant: any bytes give sections. Each is found by its name; its lines
//! are in the order of the file; every field that is counted is there, raw and
//! expanded, and none beyond; every listed token has its listed value; a text
//! without `%` expands to itself.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wimwright_inf::{Inf, ParseOptions};

fuzz_target!(|input: (u8, &[u8])| {
    let (choice, bytes) = input;
    let mut options = match choice & 1 {
        0 => ParseOptions::default(),
        _ => ParseOptions::txtsetup_oem(),
    };
    options.language = (choice & 2 != 0).then_some(0x0407);
    let inf = Inf::parse(bytes, &options);
    for section in inf.sections() {
        let found = inf.section(section.name()).expect("sections have names");
        assert_eq!(found.header_line(), section.header_line());
        assert_eq!(section.lines().count(), section.line_count());
        let mut last = section.header_line() - 1;
        for line in section.lines() {
            assert!(line.number() > last);
            last = line.number();
            let count = line.field_count();
            assert_eq!(line.raw_fields().count(), count);
            for index in 1..=count {
                let raw = line.raw_field(index).expect("counted fields are there");
                let expanded = line.field(index).expect("counted fields are there");
                assert!(raw.contains('%') || raw == expanded);
            }
            assert_eq!(line.raw_field(count + 1), None);
            assert_eq!(line.key().is_some(), line.raw_key().is_some());
        }
    }
    for (token, value) in inf.strings() {
        assert_eq!(inf.string(token), Some(value));
    }
});
