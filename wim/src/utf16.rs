//! Names as they are stored: UTF-16LE, perhaps with lone surrogates.

use std::fmt;

/// A name in the bytes of a metadata resource.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Utf16<'a>(&'a [u8]);

impl<'a> Utf16<'a> {
    /// A name in these bytes, two to a unit.
    pub(crate) fn new(bytes: &'a [u8]) -> Utf16<'a> {
        Utf16(bytes)
    }

    /// Its units.
    pub fn units(self) -> impl Iterator<Item = u16> + Clone + 'a {
        let units = self.0.chunks_exact(2);
        units.map(|unit| {
            unit.first_chunk()
                .map_or(0, |unit| u16::from_le_bytes(*unit))
        })
    }

    /// How many units it has.
    pub fn len(self) -> usize {
        self.0.len() / 2
    }

    /// Whether it has none.
    pub fn is_empty(self) -> bool {
        self.0.is_empty()
    }
}

impl PartialEq<str> for Utf16<'_> {
    fn eq(&self, other: &str) -> bool {
        self.units().eq(other.encode_utf16())
    }
}

impl PartialEq<&str> for Utf16<'_> {
    fn eq(&self, other: &&str) -> bool {
        self == *other
    }
}

impl fmt::Display for Utf16<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        char::decode_utf16(self.units()).try_for_each(|unit| {
            fmt::Write::write_char(f, unit.unwrap_or(char::REPLACEMENT_CHARACTER))
        })
    }
}

impl fmt::Debug for Utf16<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.to_string())
    }
}
