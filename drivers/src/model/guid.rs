//! GUIDs, kept as the sixteen bytes that Windows stores.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// A GUID in Windows' byte order: the first three groups of its text are
/// little-endian numbers, the rest are bytes as written.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Guid(pub [u8; 16]);

/// Where each byte stands in the text, in pairs of digits.
const ORDER: [usize; 16] = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];

/// The text is no GUID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a GUID of the form {{00000000-0000-0000-0000-000000000000}}")]
pub struct GuidError;

impl FromStr for Guid {
    type Err = GuidError;

    /// Reads `{...}`, in any case.
    fn from_str(text: &str) -> Result<Self, GuidError> {
        let inner = text
            .strip_prefix('{')
            .and_then(|text| text.strip_suffix('}'))
            .ok_or(GuidError)?;
        let mut groups = inner.split('-');
        let mut digits = String::with_capacity(32);
        for len in [8, 4, 4, 4, 12] {
            let group = groups.next().ok_or(GuidError)?;
            if group.len() != len || !group.bytes().all(|b| b.is_ascii_hexdigit()) {
                return Err(GuidError);
            }
            digits.push_str(group);
        }
        if groups.next().is_some() {
            return Err(GuidError);
        }
        let mut bytes = [0; 16];
        for (byte, at) in bytes.iter_mut().zip(ORDER) {
            let pair = digits.get(2 * at..2 * at + 2).ok_or(GuidError)?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| GuidError)?;
        }
        Ok(Guid(bytes))
    }
}

impl fmt::Display for Guid {
    /// Lower case with braces, as the registry's keys have it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{")?;
        for (place, at) in ORDER.into_iter().enumerate() {
            if matches!(place, 4 | 6 | 8 | 10) {
                f.write_str("-")?;
            }
            write!(f, "{:02x}", self.0.get(at).copied().unwrap_or_default())?;
        }
        f.write_str("}")
    }
}

impl fmt::Debug for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Guid {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guid_has_the_bytes_that_windows_stores() {
        // The class of a real `Version` value: pvscsi in a 1903 SYSTEM hive.
        let guid: Guid = "{4D36E97B-E325-11CE-BFC1-08002BE10318}".parse().unwrap();
        assert_eq!(
            guid.0,
            [
                0x7B, 0xE9, 0x36, 0x4D, 0x25, 0xE3, 0xCE, 0x11, 0xBF, 0xC1, 0x08, 0x00, 0x2B, 0xE1,
                0x03, 0x18
            ]
        );
        assert_eq!(guid.to_string(), "{4d36e97b-e325-11ce-bfc1-08002be10318}");
    }

    #[test]
    fn what_is_no_guid_is_refused() {
        for text in [
            "",
            "{}",
            "4D36E97B-E325-11CE-BFC1-08002BE10318",
            "{4D36E97B-E325-11CE-BFC1-08002BE1031}",
            "{4D36E97B-E325-11CE-BFC1-08002BE1031g}",
            "{4D36E97B-E325-11CE-BFC1-08002BE10318-}",
            "{4D36E97BE-325-11CE-BFC1-08002BE10318}",
            "{+D36E97B-E325-11CE-BFC1-08002BE10318}",
        ] {
            assert_eq!(text.parse::<Guid>(), Err(GuidError), "`{text}`");
        }
    }
}
