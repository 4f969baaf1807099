//! Registry data from words that a person writes.

use std::fmt;
use std::str::FromStr;

use wimwright_hive::kind;

use super::RegData;

/// The type of a value, as a person names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueType {
    /// `sz`: text.
    Sz,
    /// `expand-sz`: text with `%variables%`.
    ExpandSz,
    /// `multi-sz`: texts.
    MultiSz,
    /// `dword`: a number of 32 bits.
    Dword,
    /// `qword`: a number of 64 bits.
    Qword,
    /// `binary`: bytes.
    Binary,
    /// `none`: nothing, or bytes.
    None,
    /// Any other type, by its number: bytes.
    Other(u32),
}

/// Why words are no data of a type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WordsError {
    /// Not a type.
    #[error(
        "`{word}` is no value type: expected sz, expand-sz, multi-sz, dword, qword, binary, none or \
         a number"
    )]
    Type {
        /// The word.
        word: String,
    },
    /// A type that takes one word got another number of them.
    #[error("{kind} data is one word, found {found}")]
    OneWord {
        /// The type.
        kind: ValueType,
        /// How many there are.
        found: usize,
    },
    /// Not a number, or one that is too large.
    #[error("`{word}` is no number of {bits} bits, decimal or hexadecimal with `0x`")]
    Number {
        /// The word.
        word: String,
        /// 32 or 64.
        bits: u32,
    },
    /// Not hexadecimal bytes.
    #[error("`{word}` is not bytes of two hexadecimal digits each")]
    Bytes {
        /// The word.
        word: String,
    },
}

impl ValueType {
    /// The type with this number.
    pub fn of_kind(number: u32) -> ValueType {
        match number {
            kind::SZ => ValueType::Sz,
            kind::EXPAND_SZ => ValueType::ExpandSz,
            kind::MULTI_SZ => ValueType::MultiSz,
            kind::DWORD => ValueType::Dword,
            kind::QWORD => ValueType::Qword,
            kind::BINARY => ValueType::Binary,
            kind::NONE => ValueType::None,
            other => ValueType::Other(other),
        }
    }

    /// The data that `words` spell in this type. Bytes may have blanks, commas,
    /// colons or hyphens between them.
    ///
    /// # Errors
    /// [`WordsError`] where they spell none.
    pub fn data(self, words: &[String]) -> Result<RegData, WordsError> {
        let one = || match words {
            [word] => Ok(word.as_str()),
            _ => Err(WordsError::OneWord {
                kind: self,
                found: words.len(),
            }),
        };
        Ok(match self {
            ValueType::Sz => RegData::sz(one()?),
            ValueType::ExpandSz => RegData::expand_sz(one()?),
            ValueType::MultiSz => RegData::multi_sz(words),
            ValueType::Dword => {
                let number = number(one()?, 32)?;
                // The number was held against 32 bits.
                RegData::dword(u32::try_from(number).unwrap_or(u32::MAX))
            }
            ValueType::Qword => RegData::qword(number(one()?, 64)?),
            ValueType::Binary => RegData::binary(bytes(words)?),
            ValueType::None => RegData {
                kind: kind::NONE,
                bytes: bytes(words)?,
            },
            ValueType::Other(kind) => RegData {
                kind,
                bytes: bytes(words)?,
            },
        })
    }
}

fn number(word: &str, bits: u32) -> Result<u64, WordsError> {
    let hexadecimal = word.strip_prefix("0x").or_else(|| word.strip_prefix("0X"));
    let number = match hexadecimal {
        Some(digits) => u64::from_str_radix(digits, 16),
        None => word.parse(),
    };
    let fits = |number: &u64| bits == 64 || *number <= u64::from(u32::MAX);
    // `+1` is a number to the library, not to people.
    let signed = word.contains('+');
    let number = number.ok().filter(fits).filter(|_| !signed);
    number.ok_or_else(|| WordsError::Number {
        word: word.to_owned(),
        bits,
    })
}

fn bytes(words: &[String]) -> Result<Vec<u8>, WordsError> {
    let mut bytes = Vec::new();
    for word in words {
        let wrong = || WordsError::Bytes { word: word.clone() };
        let parts = word
            .split([' ', ',', ':', '-'])
            .filter(|part| !part.is_empty());
        for part in parts {
            bytes.extend(crate::hex::parse(part).ok_or_else(wrong)?);
        }
    }
    Ok(bytes)
}

impl FromStr for ValueType {
    type Err = WordsError;

    fn from_str(word: &str) -> Result<ValueType, WordsError> {
        // `REG_EXPAND_SZ` is how Windows' own tools say it.
        let plain = word.to_ascii_lowercase().replace('_', "-");
        Ok(match plain.strip_prefix("reg-").unwrap_or(&plain) {
            "sz" => ValueType::Sz,
            "expand-sz" => ValueType::ExpandSz,
            "multi-sz" => ValueType::MultiSz,
            "dword" => ValueType::Dword,
            "qword" => ValueType::Qword,
            "binary" => ValueType::Binary,
            "none" => ValueType::None,
            other => match number(other, 32) {
                Ok(number) => ValueType::of_kind(u32::try_from(number).unwrap_or(u32::MAX)),
                Err(_) => {
                    let word = word.to_owned();
                    return Err(WordsError::Type { word });
                }
            },
        })
    }
}

impl fmt::Display for ValueType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ValueType::Sz => "sz",
            ValueType::ExpandSz => "expand-sz",
            ValueType::MultiSz => "multi-sz",
            ValueType::Dword => "dword",
            ValueType::Qword => "qword",
            ValueType::Binary => "binary",
            ValueType::None => "none",
            ValueType::Other(number) => return write!(f, "type 0x{number:x}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_become_data_of_their_type() {
        let raw = |kind, bytes: &[u8]| RegData {
            kind,
            bytes: bytes.to_vec(),
        };
        for (kind, words, data) in [
            ("sz", &["a b"][..], RegData::sz("a b")),
            ("REG_EXPAND_SZ", &["%x%"], RegData::expand_sz("%x%")),
            ("multi-sz", &["a", "b c"], RegData::multi_sz(&["a", "b c"])),
            ("multi-sz", &[], RegData::multi_sz::<&str>(&[])),
            ("dword", &["10"], RegData::dword(10)),
            ("reg_dword", &["0xFFFFFFFF"], RegData::dword(u32::MAX)),
            ("4", &["1"], RegData::dword(1)),
            ("qword", &["0x1ffffffff"], RegData::qword(0x1_FFFF_FFFF)),
            (
                "binary",
                &["01ff", "02:03-04,05 06"],
                raw(3, &[1, 255, 2, 3, 4, 5, 6]),
            ),
            ("none", &[], RegData::none()),
            ("0xffff0012", &["00"], raw(0xFFFF_0012, &[0])),
        ] {
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            let kind: ValueType = kind.parse().unwrap();
            assert_eq!(kind.data(&words), Ok(data), "{kind} {words:?}");
        }
    }

    #[test]
    fn words_that_are_no_data_are_refused() {
        for (kind, words, said) in [
            ("sz", &["a", "b"][..], "one word, found 2"),
            ("dword", &[], "one word, found 0"),
            ("dword", &["4294967296"], "32 bits"),
            ("dword", &["-1"], "32 bits"),
            ("dword", &["+1"], "32 bits"),
            ("dword", &["ff"], "32 bits"),
            ("qword", &["0x10000000000000000"], "64 bits"),
            ("binary", &["123"], "two hexadecimal digits"),
            ("binary", &["zz"], "two hexadecimal digits"),
        ] {
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            let kind: ValueType = kind.parse().unwrap();
            let error = kind.data(&words).unwrap_err().to_string();
            assert!(error.contains(said), "{kind} {words:?}: {error}");
        }
        assert!("word".parse::<ValueType>().is_err());
        assert!("0x100000000".parse::<ValueType>().is_err());
    }
}
