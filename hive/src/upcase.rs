//! Upper-casing as NT does it: one UTF-16 unit to one UTF-16 unit.
//!
//! Names in hives and on NTFS are compared after this mapping. It is not
//! Unicode's: sharp s, dotless i, long s, the micro sign and the final sigma
//! stay as they are, surrogates are never paired, and nothing added to Unicode
//! after 5.1 is mapped.
//!
//! The 973 pairs are those that `RtlUpcaseUnicodeChar` of Windows itself gives
//! (asked for every unit on build 10.0.26300, confirmed there by
//! `CompareStringOrdinal`). nt-hive maps 212 units more, because its table was
//! generated from Unicode 13; the test below names each of them.

/// Runs of units that are mapped: first, last, step, what to add.
const RUNS: &[(u16, u16, u16, i32)] = &[
    (0x0061, 0x007a, 1, -32),
    (0x00e0, 0x00f6, 1, -32),
    (0x00f8, 0x00fe, 1, -32),
    (0x00ff, 0x00ff, 1, 121),
    (0x0101, 0x012f, 2, -1),
    (0x0133, 0x0137, 2, -1),
    (0x013a, 0x0148, 2, -1),
    (0x014b, 0x0177, 2, -1),
    (0x017a, 0x017e, 2, -1),
    (0x0180, 0x0180, 1, 195),
    (0x0183, 0x0185, 2, -1),
    (0x0188, 0x0188, 1, -1),
    (0x018c, 0x018c, 1, -1),
    (0x0192, 0x0192, 1, -1),
    (0x0195, 0x0195, 1, 97),
    (0x0199, 0x0199, 1, -1),
    (0x019a, 0x019a, 1, 163),
    (0x019e, 0x019e, 1, 130),
    (0x01a1, 0x01a5, 2, -1),
    (0x01a8, 0x01a8, 1, -1),
    (0x01ad, 0x01ad, 1, -1),
    (0x01b0, 0x01b0, 1, -1),
    (0x01b4, 0x01b6, 2, -1),
    (0x01b9, 0x01b9, 1, -1),
    (0x01bd, 0x01bd, 1, -1),
    (0x01bf, 0x01bf, 1, 56),
    (0x01c6, 0x01c6, 1, -2),
    (0x01c9, 0x01c9, 1, -2),
    (0x01cc, 0x01cc, 1, -2),
    (0x01ce, 0x01dc, 2, -1),
    (0x01dd, 0x01dd, 1, -79),
    (0x01df, 0x01ef, 2, -1),
    (0x01f3, 0x01f3, 1, -2),
    (0x01f5, 0x01f5, 1, -1),
    (0x01f9, 0x021f, 2, -1),
    (0x0223, 0x0233, 2, -1),
    (0x023c, 0x023c, 1, -1),
    (0x0242, 0x0242, 1, -1),
    (0x0247, 0x024f, 2, -1),
    (0x0250, 0x0250, 1, 10783),
    (0x0251, 0x0251, 1, 10780),
    (0x0253, 0x0253, 1, -210),
    (0x0254, 0x0254, 1, -206),
    (0x0256, 0x0257, 1, -205),
    (0x0259, 0x0259, 1, -202),
    (0x025b, 0x025b, 1, -203),
    (0x0260, 0x0260, 1, -205),
    (0x0263, 0x0263, 1, -207),
    (0x0268, 0x0268, 1, -209),
    (0x0269, 0x0269, 1, -211),
    (0x026b, 0x026b, 1, 10743),
    (0x026f, 0x026f, 1, -211),
    (0x0271, 0x0271, 1, 10749),
    (0x0272, 0x0272, 1, -213),
    (0x0275, 0x0275, 1, -214),
    (0x027d, 0x027d, 1, 10727),
    (0x0280, 0x0280, 1, -218),
    (0x0283, 0x0283, 1, -218),
    (0x0288, 0x0288, 1, -218),
    (0x0289, 0x0289, 1, -69),
    (0x028a, 0x028b, 1, -217),
    (0x028c, 0x028c, 1, -71),
    (0x0292, 0x0292, 1, -219),
    (0x0371, 0x0373, 2, -1),
    (0x0377, 0x0377, 1, -1),
    (0x037b, 0x037d, 1, 130),
    (0x03ac, 0x03ac, 1, -38),
    (0x03ad, 0x03af, 1, -37),
    (0x03b1, 0x03c1, 1, -32),
    (0x03c3, 0x03cb, 1, -32),
    (0x03cc, 0x03cc, 1, -64),
    (0x03cd, 0x03ce, 1, -63),
    (0x03d7, 0x03d7, 1, -8),
    (0x03d9, 0x03ef, 2, -1),
    (0x03f2, 0x03f2, 1, 7),
    (0x03f8, 0x03f8, 1, -1),
    (0x03fb, 0x03fb, 1, -1),
    (0x0430, 0x044f, 1, -32),
    (0x0450, 0x045f, 1, -80),
    (0x0461, 0x0481, 2, -1),
    (0x048b, 0x04bf, 2, -1),
    (0x04c2, 0x04ce, 2, -1),
    (0x04cf, 0x04cf, 1, -15),
    (0x04d1, 0x0523, 2, -1),
    (0x0561, 0x0586, 1, -48),
    (0x1d79, 0x1d79, 1, 35332),
    (0x1d7d, 0x1d7d, 1, 3814),
    (0x1e01, 0x1e95, 2, -1),
    (0x1ea1, 0x1eff, 2, -1),
    (0x1f00, 0x1f07, 1, 8),
    (0x1f10, 0x1f15, 1, 8),
    (0x1f20, 0x1f27, 1, 8),
    (0x1f30, 0x1f37, 1, 8),
    (0x1f40, 0x1f45, 1, 8),
    (0x1f51, 0x1f57, 2, 8),
    (0x1f60, 0x1f67, 1, 8),
    (0x1f70, 0x1f71, 1, 74),
    (0x1f72, 0x1f75, 1, 86),
    (0x1f76, 0x1f77, 1, 100),
    (0x1f78, 0x1f79, 1, 128),
    (0x1f7a, 0x1f7b, 1, 112),
    (0x1f7c, 0x1f7d, 1, 126),
    (0x1f80, 0x1f87, 1, 8),
    (0x1f90, 0x1f97, 1, 8),
    (0x1fa0, 0x1fa7, 1, 8),
    (0x1fb0, 0x1fb1, 1, 8),
    (0x1fb3, 0x1fb3, 1, 9),
    (0x1fc3, 0x1fc3, 1, 9),
    (0x1fd0, 0x1fd1, 1, 8),
    (0x1fe0, 0x1fe1, 1, 8),
    (0x1fe5, 0x1fe5, 1, 7),
    (0x1ff3, 0x1ff3, 1, 9),
    (0x214e, 0x214e, 1, -28),
    (0x2170, 0x217f, 1, -16),
    (0x2184, 0x2184, 1, -1),
    (0x24d0, 0x24e9, 1, -26),
    (0x2c30, 0x2c5e, 1, -48),
    (0x2c61, 0x2c61, 1, -1),
    (0x2c65, 0x2c65, 1, -10795),
    (0x2c66, 0x2c66, 1, -10792),
    (0x2c68, 0x2c6c, 2, -1),
    (0x2c73, 0x2c73, 1, -1),
    (0x2c76, 0x2c76, 1, -1),
    (0x2c81, 0x2ce3, 2, -1),
    (0x2d00, 0x2d25, 1, -7264),
    (0xa641, 0xa65f, 2, -1),
    (0xa663, 0xa66d, 2, -1),
    (0xa681, 0xa697, 2, -1),
    (0xa723, 0xa72f, 2, -1),
    (0xa733, 0xa76f, 2, -1),
    (0xa77a, 0xa77c, 2, -1),
    (0xa77f, 0xa787, 2, -1),
    (0xa78c, 0xa78c, 1, -1),
    (0xff41, 0xff5a, 1, -32),
];

/// The mapping of the units below 256, where nearly every name lives.
static LATIN1: [u16; 256] = latin1();

#[expect(
    clippy::indexing_slicing,
    reason = "in range, and evaluated when compiling"
)]
const fn latin1() -> [u16; 256] {
    let mut table = [0_u16; 256];
    let mut unit = 0;
    while unit < 256 {
        table[unit as usize] = match unit {
            0x61..=0x7A | 0xE0..=0xF6 | 0xF8..=0xFE => unit - 0x20,
            0xFF => 0x178,
            _ => unit,
        };
        unit += 1;
    }
    table
}

/// The upper-case form of a Latin-1 byte; one of them (`0xFF`) leaves Latin-1.
#[inline]
#[expect(
    clippy::indexing_slicing,
    reason = "a byte is always inside a table of 256"
)]
pub(crate) fn upcase_latin1(byte: u8) -> u16 {
    LATIN1[usize::from(byte)]
}

/// The upper-case form of one UTF-16 unit, by NT's table: one unit to one
/// unit, surrogates unchanged, sharp s unchanged.
#[inline]
pub fn upcase(unit: u16) -> u16 {
    match u8::try_from(unit) {
        Ok(byte) => upcase_latin1(byte),
        Err(_) => upcase_beyond_latin1(unit),
    }
}

fn upcase_beyond_latin1(unit: u16) -> u16 {
    let after = RUNS.partition_point(|&(first, ..)| first <= unit);
    let Some(&(first, last, step, add)) = after.checked_sub(1).and_then(|run| RUNS.get(run)) else {
        return unit;
    };
    if unit > last || !(unit - first).is_multiple_of(step) {
        return unit;
    }
    u16::try_from(i32::from(unit) + add).unwrap_or(unit)
}

#[cfg(test)]
mod tests {
    use std::cmp::Ordering;

    use nt_hive::NtHiveNameString;

    use super::*;

    /// Units that nt-hive maps and Windows does not: newer than Unicode 5.1,
    /// or mappings that NT leaves out on purpose. First, last, step.
    const ONLY_IN_NT_HIVE: &[(u16, u16, u16)] = &[
        (0x00b5, 0x00b5, 1),
        (0x0131, 0x0131, 1),
        (0x017f, 0x017f, 1),
        (0x01c5, 0x01c5, 1),
        (0x01c8, 0x01c8, 1),
        (0x01cb, 0x01cb, 1),
        (0x01f2, 0x01f2, 1),
        (0x023f, 0x0240, 1),
        (0x0252, 0x0252, 1),
        (0x025c, 0x025c, 1),
        (0x0261, 0x0261, 1),
        (0x0265, 0x0265, 1),
        (0x0266, 0x0266, 1),
        (0x026a, 0x026a, 1),
        (0x026c, 0x026c, 1),
        (0x0282, 0x0282, 1),
        (0x0287, 0x0287, 1),
        (0x029d, 0x029d, 1),
        (0x029e, 0x029e, 1),
        (0x0345, 0x0345, 1),
        (0x03c2, 0x03c2, 1),
        (0x03d0, 0x03d0, 1),
        (0x03d1, 0x03d1, 1),
        (0x03d5, 0x03d5, 1),
        (0x03d6, 0x03d6, 1),
        (0x03f0, 0x03f0, 1),
        (0x03f1, 0x03f1, 1),
        (0x03f3, 0x03f3, 1),
        (0x03f5, 0x03f5, 1),
        (0x0525, 0x052f, 2),
        (0x10d0, 0x10fa, 1),
        (0x10fd, 0x10ff, 1),
        (0x13f8, 0x13fd, 1),
        (0x1c80, 0x1c80, 1),
        (0x1c81, 0x1c81, 1),
        (0x1c82, 0x1c82, 1),
        (0x1c83, 0x1c84, 1),
        (0x1c85, 0x1c85, 1),
        (0x1c86, 0x1c86, 1),
        (0x1c87, 0x1c87, 1),
        (0x1c88, 0x1c88, 1),
        (0x1d8e, 0x1d8e, 1),
        (0x1e9b, 0x1e9b, 1),
        (0x1fbe, 0x1fbe, 1),
        (0x2cec, 0x2cee, 2),
        (0x2cf3, 0x2cf3, 1),
        (0x2d27, 0x2d27, 1),
        (0x2d2d, 0x2d2d, 1),
        (0xa661, 0xa661, 1),
        (0xa699, 0xa69b, 2),
        (0xa791, 0xa793, 2),
        (0xa794, 0xa794, 1),
        (0xa797, 0xa7a9, 2),
        (0xa7b5, 0xa7bf, 2),
        (0xa7c3, 0xa7c3, 1),
        (0xa7c8, 0xa7ca, 2),
        (0xa7f6, 0xa7f6, 1),
        (0xab53, 0xab53, 1),
        (0xab70, 0xabbf, 1),
    ];

    fn only_in_nt_hive(unit: u16) -> bool {
        ONLY_IN_NT_HIVE.iter().any(|&(first, last, step)| {
            (first..=last).contains(&unit) && (unit - first).is_multiple_of(step)
        })
    }

    fn nt_hive_order(a: u16, b: u16) -> Ordering {
        let (a, b) = (a.to_le_bytes(), b.to_le_bytes());
        NtHiveNameString::Utf16LE(&a).cmp(&NtHiveNameString::Utf16LE(&b))
    }

    #[test]
    fn every_unit_compares_as_in_nt_hive_but_for_the_named_ones() {
        // Equal to its own upper case, and the upper cases strictly ascending:
        // together this fixes the comparison of any two units.
        let mut fixed_before = None;
        let (mut mapped, mut named) = (0, 0);
        for unit in 0..=u16::MAX {
            let upper = upcase(unit);
            assert_eq!(
                upcase(upper),
                upper,
                "upper case of {unit:#x} is not stable"
            );
            assert_eq!(nt_hive_order(unit, upper), Ordering::Equal, "{unit:#x}");
            mapped += usize::from(upper != unit);
            if only_in_nt_hive(unit) {
                assert_eq!(upper, unit, "{unit:#x} is named as unmapped");
                named += 1;
            } else if upper == unit
                && let Some(before) = fixed_before.replace(unit)
            {
                let order = nt_hive_order(before, unit);
                assert_eq!(order, Ordering::Less, "{before:#x} {unit:#x}");
            }
        }
        assert_eq!((mapped, named), (973, 212));
    }

    #[test]
    fn traps_of_full_unicode_upper_casing_are_not_fallen_into() {
        for (unit, upper) in [
            (0xDF, 0xDF),   // sharp s, seen in a hive made by Windows
            (0xFF, 0x178),  // y with diaeresis leaves Latin-1
            (0xB5, 0xB5),   // micro sign
            (0x131, 0x131), // dotless i
            (0x17F, 0x17F), // long s
            (0x3C2, 0x3C2), // final sigma
            (0x1C5, 0x1C5), // title case letters are nobody's upper case
            (0x1C6, 0x1C4),
            (0xD83D, 0xD83D), // surrogates are units like any other
            (0xFF41, 0xFF21),
        ] {
            assert_eq!(upcase(unit), upper, "{unit:#x}");
        }
    }
}
