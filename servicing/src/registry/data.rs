//! A value's type and bytes, readable in a plan and exact all the same.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use wimwright_hive::{encode, kind};

use crate::hex::{Hex, parse};

/// The type and bytes of a registry value.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct RegData {
    /// The value type (`REG_SZ` is 1, ...); unknown ones are kept.
    pub kind: u32,
    /// The bytes as they lie in the hive.
    pub bytes: Vec<u8>,
}

impl RegData {
    /// What a value of a hive holds.
    ///
    /// # Errors
    /// [`HiveError`](wimwright_hive::Error) where its record is damaged.
    pub fn of(value: wimwright_hive::Value<'_>) -> Result<RegData, wimwright_hive::Error> {
        Ok(RegData {
            kind: value.kind(),
            bytes: value.data()?.into_owned(),
        })
    }

    /// `REG_SZ`, with its terminating NUL.
    pub fn sz(text: &str) -> RegData {
        RegData {
            kind: kind::SZ,
            bytes: encode::sz(text),
        }
    }

    /// `REG_EXPAND_SZ`, with its terminating NUL.
    pub fn expand_sz(text: &str) -> RegData {
        RegData {
            kind: kind::EXPAND_SZ,
            bytes: encode::sz(text),
        }
    }

    /// `REG_MULTI_SZ`, with both NULs.
    pub fn multi_sz<S: AsRef<str>>(items: &[S]) -> RegData {
        let items: Vec<&str> = items.iter().map(AsRef::as_ref).collect();
        RegData {
            kind: kind::MULTI_SZ,
            bytes: encode::multi_sz(&items),
        }
    }

    /// `REG_DWORD`.
    pub fn dword(number: u32) -> RegData {
        RegData {
            kind: kind::DWORD,
            bytes: number.to_le_bytes().into(),
        }
    }

    /// `REG_QWORD`.
    pub fn qword(number: u64) -> RegData {
        RegData {
            kind: kind::QWORD,
            bytes: number.to_le_bytes().into(),
        }
    }

    /// `REG_BINARY`.
    pub fn binary(bytes: impl Into<Vec<u8>>) -> RegData {
        RegData {
            kind: kind::BINARY,
            bytes: bytes.into(),
        }
    }

    /// `REG_NONE` without data.
    pub fn none() -> RegData {
        RegData {
            kind: kind::NONE,
            bytes: Vec::new(),
        }
    }

    /// The text of an `SZ` or `EXPAND_SZ`, up to its first NUL; lone
    /// surrogates are replaced.
    pub fn as_text(&self) -> Option<String> {
        matches!(self.kind, kind::SZ | kind::EXPAND_SZ).then(|| {
            let units = units(&self.bytes);
            let end = units.iter().position(|unit| *unit == 0);
            String::from_utf16_lossy(units.get(..end.unwrap_or(units.len())).unwrap_or_default())
        })
    }

    /// The strings of a `MULTI_SZ`.
    pub fn as_texts(&self) -> Option<Vec<String>> {
        (self.kind == kind::MULTI_SZ).then(|| {
            units(&self.bytes)
                .split(|unit| *unit == 0)
                .map(String::from_utf16_lossy)
                .take_while(|text| !text.is_empty())
                .collect()
        })
    }

    /// The number of a `DWORD`.
    pub fn as_dword(&self) -> Option<u32> {
        (self.kind == kind::DWORD)
            .then(|| Some(u32::from_le_bytes(self.bytes.as_slice().try_into().ok()?)))?
    }

    /// The number of a `DWORD` or `QWORD`.
    pub fn as_number(&self) -> Option<u64> {
        match self.kind {
            kind::QWORD => Some(u64::from_le_bytes(self.bytes.as_slice().try_into().ok()?)),
            _ => self.as_dword().map(u64::from),
        }
    }

    /// The readable form, where it says every byte of the data.
    fn readable(&self) -> Option<Readable> {
        let form = match self.kind {
            kind::SZ => Readable::Sz(self.as_text()?),
            kind::EXPAND_SZ => Readable::ExpandSz(self.as_text()?),
            kind::MULTI_SZ => Readable::MultiSz(self.as_texts()?),
            kind::DWORD => Readable::Dword(self.as_dword()?),
            kind::QWORD => {
                Readable::Qword(u64::from_le_bytes(self.bytes.as_slice().try_into().ok()?))
            }
            _ => return None,
        };
        (RegData::from(form.clone()) == *self).then_some(form)
    }
}

fn units(bytes: &[u8]) -> Vec<u16> {
    bytes
        .chunks_exact(2)
        .map(|pair| {
            pair.iter()
                .rev()
                .fold(0, |unit, byte| unit << 8 | u16::from(*byte))
        })
        .collect()
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Readable {
    Sz(String),
    ExpandSz(String),
    MultiSz(Vec<String>),
    Dword(u32),
    Qword(u64),
}

impl From<Readable> for RegData {
    fn from(form: Readable) -> RegData {
        match form {
            Readable::Sz(text) => RegData::sz(&text),
            Readable::ExpandSz(text) => RegData::expand_sz(&text),
            Readable::MultiSz(items) => RegData::multi_sz(&items),
            Readable::Dword(number) => RegData::dword(number),
            Readable::Qword(number) => RegData::qword(number),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Json {
    Readable(Readable),
    Raw { kind: u32, hex: String },
}

impl Serialize for RegData {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.readable() {
            Some(form) => Json::Readable(form),
            None => Json::Raw {
                kind: self.kind,
                hex: Hex(&self.bytes).to_string(),
            },
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for RegData {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<RegData, D::Error> {
        use serde::de::Error as _;
        match Json::deserialize(deserializer)? {
            Json::Readable(form) => Ok(form.into()),
            Json::Raw { kind, hex } => match parse(&hex) {
                Some(bytes) => Ok(RegData { kind, bytes }),
                None => Err(D::Error::custom(format!("`{hex}` is not hexadecimal"))),
            },
        }
    }
}

impl fmt::Display for RegData {
    /// As a person reads it: `REG_SZ "text"`, `REG_DWORD 3 (0x3)`. Long bytes
    /// are cut, unless in the alternate form (`{:#}`).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.readable() {
            Some(Readable::Sz(text)) => write!(f, "REG_SZ {}", Quoted(&text)),
            Some(Readable::ExpandSz(text)) => write!(f, "REG_EXPAND_SZ {}", Quoted(&text)),
            Some(Readable::MultiSz(items)) => {
                f.write_str("REG_MULTI_SZ [")?;
                for (index, item) in items.iter().enumerate() {
                    let comma = if index > 0 { ", " } else { "" };
                    write!(f, "{comma}{}", Quoted(item))?;
                }
                f.write_str("]")
            }
            Some(Readable::Dword(number)) => write!(f, "REG_DWORD {number} (0x{number:x})"),
            Some(Readable::Qword(number)) => write!(f, "REG_QWORD {number} (0x{number:x})"),
            None => {
                match self.kind {
                    kind::NONE => f.write_str("REG_NONE")?,
                    kind::SZ => f.write_str("REG_SZ")?,
                    kind::EXPAND_SZ => f.write_str("REG_EXPAND_SZ")?,
                    kind::BINARY => f.write_str("REG_BINARY")?,
                    kind::MULTI_SZ => f.write_str("REG_MULTI_SZ")?,
                    other => write!(f, "type 0x{other:x}")?,
                }
                let most = if f.alternate() { usize::MAX } else { 48 };
                let shown = self.bytes.get(..most).unwrap_or(&self.bytes);
                match shown {
                    [] => f.write_str(" (empty)")?,
                    some => write!(f, " {}", Hex(some))?,
                }
                if shown.len() < self.bytes.len() {
                    write!(f, "… ({} bytes)", self.bytes.len())?;
                }
                Ok(())
            }
        }
    }
}

/// Text in quotation marks, in one line: a value must not look like two.
struct Quoted<'t>(&'t str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"")?;
        for c in self.0.chars() {
            match c.is_control() {
                true => write!(f, "{}", c.escape_unicode())?,
                false => write!(f, "{c}")?,
            }
        }
        f.write_str("\"")
    }
}

impl fmt::Debug for RegData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_shown_in_one_line_with_its_backslashes() {
        for (data, shown) in [
            (RegData::sz("C:\\a\nb"), "REG_SZ \"C:\\a\\u{a}b\""),
            (
                RegData::multi_sz(&["C:\\a", "b"]),
                "REG_MULTI_SZ [\"C:\\a\", \"b\"]",
            ),
        ] {
            assert_eq!(data.to_string(), shown);
        }
        let long = RegData::binary(vec![0xAB; 60]);
        assert!(long.to_string().ends_with("ab… (60 bytes)"), "{long}");
        assert_eq!(format!("{long:#}").len(), "REG_BINARY ".len() + 120);
    }

    #[test]
    fn every_value_survives_json_to_the_byte() {
        for data in [
            RegData::sz("a"),
            RegData::sz(""),
            RegData::expand_sz("%SystemRoot%\\x"),
            RegData::multi_sz(&["a", "b"]),
            RegData::multi_sz::<&str>(&[]),
            RegData::dword(7),
            RegData::qword(u64::MAX),
            RegData::binary(vec![1, 2, 3]),
            RegData::none(),
            // Not what its type promises: the bytes count all the same.
            RegData {
                kind: 1,
                bytes: vec![b'a', 0],
            },
            RegData {
                kind: 1,
                bytes: vec![b'a'],
            },
            RegData {
                kind: 1,
                bytes: vec![0, 0xD8, 0, 0],
            },
            RegData {
                kind: 4,
                bytes: vec![1, 2],
            },
            RegData {
                kind: 7,
                bytes: vec![b'a', 0, 0, 0],
            },
            RegData {
                kind: 0xFFFF_0012,
                bytes: vec![b'a', 0, 0, 0],
            },
        ] {
            let json = serde_json::to_string(&data).unwrap();
            assert_eq!(
                serde_json::from_str::<RegData>(&json).unwrap(),
                data,
                "{json}"
            );
        }
        let json = serde_json::to_string(&RegData::multi_sz(&["oem0.inf"])).unwrap();
        assert_eq!(json, r#"{"multi_sz":["oem0.inf"]}"#);
    }
}
