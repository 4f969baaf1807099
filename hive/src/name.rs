//! Names of keys and values, and how NT compares and hashes them.
//!
//! A name is stored as Latin-1 when each of its units is below 256, else as
//! UTF-16LE; a flag of the record says which. It may hold anything, lone
//! surrogates included, so it is shown with replacement characters but
//! compared and copied by units.

use std::cmp::Ordering;
use std::fmt;

use crate::upcase::{upcase, upcase_latin1};

/// The name of a key or value as it lies in the hive.
///
/// `==` compares the stored form; use [`Name::eq_ignore_case`] or
/// [`Name::compare`] to compare as the registry does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Name<'a> {
    /// One byte for each UTF-16 unit, all below 256.
    Latin1(&'a [u8]),
    /// Two bytes for each UTF-16 unit, little-endian.
    Utf16(&'a [u8]),
}

impl<'a> Name<'a> {
    /// The name's UTF-16 units.
    #[inline]
    pub fn units(self) -> Units<'a> {
        match self {
            Name::Latin1(bytes) => Units::Latin1(bytes.iter()),
            Name::Utf16(bytes) => Units::Utf16(bytes.as_chunks().0.iter()),
        }
    }

    /// Number of UTF-16 units.
    #[inline]
    pub fn len(self) -> usize {
        match self {
            Name::Latin1(bytes) => bytes.len(),
            Name::Utf16(bytes) => bytes.len() / 2,
        }
    }

    /// Whether the name is empty, as that of a key's default value is.
    #[inline]
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The name as a string; units that are no character become U+FFFD.
    pub fn to_string_lossy(self) -> String {
        char::decode_utf16(self.units())
            .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
            .collect()
    }

    /// Whether the registry takes `self` and `other` for the same name.
    pub fn eq_ignore_case(self, other: &str) -> bool {
        self.units()
            .map(upcase)
            .eq(other.encode_utf16().map(upcase))
    }

    /// The registry's order of names: by upper-cased units, the shorter first.
    #[inline]
    pub fn compare(self, other: Name<'_>) -> Ordering {
        if let (Name::Latin1(mine), Name::Latin1(theirs)) = (self, other) {
            // Equal leading bytes need no table.
            let common = mine.iter().zip(theirs).take_while(|(a, b)| a == b).count();
            let (mine, theirs) = (mine.get(common..), theirs.get(common..));
            let upcased = |rest: Option<&'a [u8]>| rest.unwrap_or_default().iter();
            let theirs = theirs.unwrap_or_default().iter();
            return upcased(mine)
                .map(|&byte| upcase_latin1(byte))
                .cmp(theirs.map(|&byte| upcase_latin1(byte)));
        }
        self.units().map(upcase).cmp(other.units().map(upcase))
    }

    /// The hash that `lh` lists store.
    #[inline]
    pub(crate) fn hash(self) -> u32 {
        let step = |hash: u32, unit: u16| hash.wrapping_mul(37).wrapping_add(u32::from(unit));
        match self {
            Name::Latin1(bytes) => bytes
                .iter()
                .fold(0, |hash, &byte| step(hash, upcase_latin1(byte))),
            Name::Utf16(_) => self.units().map(upcase).fold(0, step),
        }
    }

    /// The four bytes that `lf` lists store: the first four units as Latin-1,
    /// case kept; all zero when one of them is above Latin-1.
    pub(crate) fn hint(self) -> [u8; 4] {
        let mut hint = [0; 4];
        for (byte, unit) in hint.iter_mut().zip(self.units()) {
            let Ok(latin1) = u8::try_from(unit) else {
                return [0; 4];
            };
            *byte = latin1;
        }
        hint
    }
}

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for unit in char::decode_utf16(self.units()) {
            fmt::Write::write_char(f, unit.unwrap_or(char::REPLACEMENT_CHARACTER))?;
        }
        Ok(())
    }
}

/// The UTF-16 units of a [`Name`].
#[derive(Clone, Debug)]
pub enum Units<'a> {
    /// Over Latin-1 bytes.
    Latin1(std::slice::Iter<'a, u8>),
    /// Over UTF-16LE pairs.
    Utf16(std::slice::Iter<'a, [u8; 2]>),
}

impl Iterator for Units<'_> {
    type Item = u16;

    #[inline]
    fn next(&mut self) -> Option<u16> {
        match self {
            Units::Latin1(bytes) => bytes.next().map(|&byte| u16::from(byte)),
            Units::Utf16(pairs) => pairs.next().map(|&pair| u16::from_le_bytes(pair)),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match self {
            Units::Latin1(bytes) => bytes.size_hint(),
            Units::Utf16(pairs) => pairs.size_hint(),
        }
    }
}

/// A name that is looked for or about to be stored: its bytes in the form a
/// hive stores, Latin-1 where possible.
#[derive(Clone, Debug)]
pub(crate) struct StoredName {
    bytes: Vec<u8>,
    is_latin1: bool,
}

impl StoredName {
    pub(crate) fn from_units(units: &[u16]) -> Self {
        let latin1: Option<Vec<u8>> = units.iter().map(|&unit| u8::try_from(unit).ok()).collect();
        match latin1 {
            Some(bytes) => StoredName {
                bytes,
                is_latin1: true,
            },
            None => StoredName {
                bytes: units.iter().flat_map(|unit| unit.to_le_bytes()).collect(),
                is_latin1: false,
            },
        }
    }

    pub(crate) fn from_text(name: &str) -> Self {
        if name.is_ascii() {
            return StoredName {
                bytes: name.as_bytes().to_vec(),
                is_latin1: true,
            };
        }
        Self::from_units(&name.encode_utf16().collect::<Vec<_>>())
    }

    pub(crate) fn as_name(&self) -> Name<'_> {
        if self.is_latin1 {
            Name::Latin1(&self.bytes)
        } else {
            Name::Utf16(&self.bytes)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(text: &str) -> StoredName {
        StoredName::from_text(text)
    }

    #[test]
    fn names_are_stored_as_latin1_where_every_unit_fits() {
        assert_eq!(stored("Größe").as_name(), Name::Latin1(b"Gr\xF6\xDFe"));
        assert_eq!(stored("Ω").as_name(), Name::Utf16(&[0xA9, 0x03]));
        assert_eq!(
            StoredName::from_units(&[0xD800])
                .as_name()
                .to_string_lossy(),
            "\u{FFFD}"
        );
    }

    #[test]
    fn order_is_by_upper_cased_units_and_shorter_first() {
        for (low, high) in [
            ("abc", "ABCD"),
            ("ab", "a_b"), // `_` (0x5F) lies between upper and lower case
            ("SS3", "ss4"),
            ("zz", "\u{e9}"),
            ("\u{fe}", "\u{ff}"),      // upper case 0x178, beyond Latin-1
            ("\u{10331}", "\u{ff21}"), // surrogates sort below U+FF21
        ] {
            let order = stored(low).as_name().compare(stored(high).as_name());
            assert_eq!(order, Ordering::Less, "`{low}` against `{high}`");
        }
        assert_eq!(
            stored("Tcpip").as_name().compare(stored("TCPIP").as_name()),
            Ordering::Equal
        );
    }

    #[test]
    fn hints_keep_case_and_are_zero_beyond_latin1() {
        assert_eq!(&stored("Tcpip").as_name().hint(), b"Tcpi");
        assert_eq!(&stored("ab").as_name().hint(), b"ab\0\0");
        assert_eq!(stored("txt\u{f00d}").as_name().hint(), [0; 4]);
        assert_eq!(&stored("text\u{f00d}").as_name().hint(), b"text");
    }
}
