//! `oemN.inf`: the name under which a package is published, and the bitmap of
//! the numbers in use.

use std::collections::BTreeSet;
use std::fmt;

/// The largest N that is read or given out: a map for more would be 8 KiB.
const MAX: u32 = 65_535;

/// The number of a third party's published INF.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OemNumber(pub u32);

impl OemNumber {
    /// Reads `oem7.inf` (or another ending, for `oem7.cat`); `None` for any
    /// other name.
    pub fn parse(name: &str, ending: &str) -> Option<OemNumber> {
        let name = name.to_ascii_lowercase();
        let digits = name.strip_prefix("oem")?.strip_suffix(ending)?;
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        digits.parse().ok().filter(|n| *n <= MAX).map(OemNumber)
    }

    /// `oem7.cat`.
    pub fn catalog(self) -> String {
        format!("oem{}.cat", self.0)
    }
}

impl fmt::Display for OemNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "oem{}.inf", self.0)
    }
}

/// Reads `OemInfMap`: bit `0x80 >> (N % 8)` of byte `N / 8` stands for N
/// (driverstore 2.2).
pub fn numbers_in_map(map: &[u8]) -> BTreeSet<OemNumber> {
    let bits = map.iter().enumerate().flat_map(|(index, byte)| {
        let set = move |bit: &u32| byte & (0x80 >> bit) != 0;
        (0..8_u32).filter(set).map(move |bit| (index, bit))
    });
    bits.filter_map(|(index, bit)| {
        let number = u32::try_from(index)
            .ok()?
            .checked_mul(8)?
            .checked_add(bit)?;
        (number <= MAX).then_some(OemNumber(number))
    })
    .collect()
}

/// `map` with the bit of `number` set, lengthened where needed.
pub fn with_number(map: &[u8], number: OemNumber) -> Vec<u8> {
    let index = (number.0 / 8) as usize;
    let mut map = map.to_vec();
    map.resize(map.len().max(index + 1), 0);
    if let Some(byte) = map.get_mut(index) {
        *byte |= 0x80 >> (number.0 % 8);
    }
    map
}

/// The lowest number that is not in `taken`; `None` when all are.
pub fn lowest_free(taken: &BTreeSet<OemNumber>) -> Option<OemNumber> {
    (0..=MAX)
        .map(OemNumber)
        .find(|number| !taken.contains(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_map_is_that_of_real_images() {
        for (map, numbers) in [
            (&[0x80_u8][..], vec![0]),
            (&[0xC0], vec![0, 1]),
            (&[0xA0], vec![0, 2]),
            (&[0xE0], vec![0, 1, 2]),
            (&[0xFF, 0xF0], (0..12).collect()),
            (&[0xFF, 0xFC], (0..14).collect()),
        ] {
            let expected: BTreeSet<_> = numbers.iter().copied().map(OemNumber).collect();
            assert_eq!(numbers_in_map(map), expected, "{map:x?}");
            let built = expected
                .iter()
                .fold(Vec::new(), |map, n| with_number(&map, *n));
            assert_eq!(built, map);
        }
    }

    #[test]
    fn the_lowest_free_number_is_taken_and_a_freed_one_again() {
        let taken = |list: &[u32]| list.iter().copied().map(OemNumber).collect();
        assert_eq!(lowest_free(&taken(&[])), Some(OemNumber(0)));
        assert_eq!(lowest_free(&taken(&[0, 1, 3])), Some(OemNumber(2)));
        assert_eq!(OemNumber(2).to_string(), "oem2.inf");
    }

    #[test]
    fn only_published_names_are_read_as_such() {
        for (name, number) in [
            ("oem7.inf", Some(7)),
            ("OEM12.INF", Some(12)),
            ("oem.inf", None),
            ("oem-viostor.inf", None),
            ("oem7.infx", None),
            ("oem99999999999.inf", None),
            ("usb.inf", None),
        ] {
            assert_eq!(
                OemNumber::parse(name, ".inf").map(|n| n.0),
                number,
                "{name}"
            );
        }
    }
}
