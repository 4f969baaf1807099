//! Text as Windows stores it: UTF-16 that may hold lone surrogates.
//!
//! Inside it is WTF-8 (the UTF-8 of well-formed text, plus three-byte forms
//! for lone surrogates), so that ordinary names cost and compare like `str`.
//! In JSON it is a string, or `{"utf16": [..]}` where no string can say it.
//! Comparison without case is NT's: each UTF-16 unit upper-cased one to one.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use wimwright_hive::upcase;

/// UTF-16 text that may be ill-formed. Compared exactly; see
/// [`Text::eq_ignore_case`] for NT's comparison.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text(Box<[u8]>);

impl Text {
    /// The text with these UTF-16 units.
    pub fn from_units(units: &[u16]) -> Text {
        let mut bytes = Vec::with_capacity(units.len());
        for unit in char::decode_utf16(units.iter().copied()) {
            match unit {
                Ok(character) => {
                    let mut buffer = [0; 4];
                    bytes.extend_from_slice(character.encode_utf8(&mut buffer).as_bytes());
                }
                Err(lone) => {
                    let unit = lone.unpaired_surrogate();
                    bytes.push(0xE0 | (unit >> 12) as u8);
                    bytes.push(0x80 | ((unit >> 6) & 0x3F) as u8);
                    bytes.push(0x80 | (unit & 0x3F) as u8);
                }
            }
        }
        Text(bytes.into_boxed_slice())
    }

    /// Reads WTF-8, as Linux drivers for NTFS give names. `None` where the
    /// bytes are neither UTF-8 nor UTF-8 with surrogates.
    pub fn from_wtf8(bytes: &[u8]) -> Option<Text> {
        let mut rest = bytes;
        while let Err(error) = std::str::from_utf8(rest) {
            match rest.get(error.valid_up_to()..)? {
                [0xED, 0xA0..=0xBF, 0x80..=0xBF, tail @ ..] => rest = tail,
                _ => return None,
            }
        }
        Some(Text(bytes.into()))
    }

    /// The WTF-8 bytes: UTF-8 unless there are lone surrogates.
    pub fn as_wtf8(&self) -> &[u8] {
        &self.0
    }

    /// The text as a string; `None` where it holds a lone surrogate.
    pub fn as_str(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }

    /// The UTF-16 units.
    pub fn units(&self) -> Units<'_> {
        Units {
            rest: &self.0,
            low: None,
        }
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Compares as NT compares names: unit by unit, upper-cased one to one.
    pub fn cmp_ignore_case(&self, other: &Text) -> Ordering {
        cmp_ignore_case(&self.0, &other.0)
    }

    /// Equality under [`Text::cmp_ignore_case`].
    pub fn eq_ignore_case(&self, other: &Text) -> bool {
        self.cmp_ignore_case(other) == Ordering::Equal
    }
}

/// NT's comparison of two WTF-8 texts.
pub(crate) fn cmp_ignore_case(left: &[u8], right: &[u8]) -> Ordering {
    let units = |bytes| Units {
        rest: bytes,
        low: None,
    };
    units(left).map(upcase).cmp(units(right).map(upcase))
}

/// Feeds `hasher` so that texts equal without case hash alike.
pub(crate) fn hash_ignore_case<H: Hasher>(bytes: &[u8], hasher: &mut H) {
    let units = Units {
        rest: bytes,
        low: None,
    };
    for unit in units {
        hasher.write_u16(upcase(unit));
    }
    hasher.write_u8(0xFF);
}

/// The UTF-16 units of a [`Text`].
#[derive(Clone, Debug)]
pub struct Units<'a> {
    rest: &'a [u8],
    low: Option<u16>,
}

impl Iterator for Units<'_> {
    type Item = u16;

    fn next(&mut self) -> Option<u16> {
        if let Some(low) = self.low.take() {
            return Some(low);
        }
        // Only valid WTF-8 gets into a `Text`, so the length of a sequence
        // follows from its first byte.
        let six = |byte: u8| u32::from(byte & 0x3F);
        let (code, rest) = match *self.rest {
            [] => return None,
            [a @ 0..=0x7F, ref rest @ ..] => (u32::from(a), rest),
            [a @ 0..=0xDF, b, ref rest @ ..] => ((u32::from(a & 0x1F) << 6) | six(b), rest),
            [a @ 0..=0xEF, b, c, ref rest @ ..] => {
                ((u32::from(a & 0x0F) << 12) | (six(b) << 6) | six(c), rest)
            }
            [a, b, c, d, ref rest @ ..] => (
                (u32::from(a & 0x07) << 18) | (six(b) << 12) | (six(c) << 6) | six(d),
                rest,
            ),
            _ => return None,
        };
        self.rest = rest;
        match u16::try_from(code) {
            Ok(unit) => Some(unit),
            Err(_) => {
                let above = code - 0x1_0000;
                self.low = Some(0xDC00 | (above & 0x3FF) as u16);
                Some(0xD800 | (above >> 10) as u16)
            }
        }
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Text {
        Text(text.as_bytes().into())
    }
}

impl From<String> for Text {
    fn from(text: String) -> Text {
        Text(text.into_bytes().into_boxed_slice())
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.as_str() {
            Some(text) => f.pad(text),
            None => {
                for unit in char::decode_utf16(self.units()) {
                    match unit {
                        Ok(character) => write!(f, "{character}")?,
                        Err(lone) => write!(f, "\\u{{{:x}}}", lone.unpaired_surrogate())?,
                    }
                }
                Ok(())
            }
        }
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Json<'a> {
    Text(std::borrow::Cow<'a, str>),
    Units { utf16: Vec<u16> },
}

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.as_str() {
            Some(text) => Json::Text(text.into()),
            None => Json::Units {
                utf16: self.units().collect(),
            },
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Text, D::Error> {
        Ok(match Json::deserialize(deserializer)? {
            Json::Text(text) => Text::from(text.as_ref()),
            Json::Units { utf16 } => Text::from_units(&utf16),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_units_survive_the_way_through_wtf8_and_json() {
        for units in [
            vec![],
            "Windows".encode_utf16().collect(),
            "Grüße 中文 😀".encode_utf16().collect(),
            vec![0xD800],
            vec![0xDC00, 0xD800, 0x41],
            vec![0x41, 0xD83D, 0x42],
        ] as [Vec<u16>; 6]
        {
            let text = Text::from_units(&units);
            assert_eq!(text.units().collect::<Vec<_>>(), units, "{text:?}");
            assert_eq!(Text::from_wtf8(text.as_wtf8()), Some(text.clone()));
            let json = serde_json::to_string(&text).unwrap();
            assert_eq!(serde_json::from_str::<Text>(&json).unwrap(), text, "{json}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_refused() {
        for bytes in [&b"\xFF"[..], b"a\xC3", b"\xED\xA0", b"\xE2\x82"] {
            assert_eq!(Text::from_wtf8(bytes), None, "{bytes:x?}");
        }
    }

    #[test]
    fn case_is_ignored_one_unit_at_a_time() {
        let equal = |a: &str, b: &str| Text::from(a).eq_ignore_case(&Text::from(b));
        assert!(equal("SYSTEM32", "system32"));
        assert!(equal("Größe", "GRÖßE"));
        // Not `SS`: NT has no mapping for the sharp s.
        assert!(!equal("straße", "STRASSE"));
    }
}
