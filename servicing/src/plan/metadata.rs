//! What a change may set beside content: attributes and times.

use std::fmt;

use serde::{Deserialize, Serialize};
use wimwright_hive::FileTime;

use crate::time::iso;

/// Attributes that say what a file is, and how it is stored: directory,
/// device, sparse, reparse point, compressed, encrypted. They change with the
/// file, and are never set by themselves.
///
/// Source: \[MS-FSCC\] 2.6, file attributes.
pub const STRUCTURAL_ATTRIBUTES: u32 = 0x10 | 0x40 | 0x200 | 0x400 | 0x800 | 0x4000;

/// The attributes that have a name people know, by their bit.
///
/// Source: \[MS-FSCC\] 2.6.
const NAMES: [(u32, &str); 15] = [
    (0x1, "readonly"),
    (0x2, "hidden"),
    (0x4, "system"),
    (0x10, "directory"),
    (0x20, "archive"),
    (0x40, "device"),
    (0x80, "normal"),
    (0x100, "temporary"),
    (0x200, "sparse"),
    (0x400, "reparse-point"),
    (0x800, "compressed"),
    (0x1000, "offline"),
    (0x2000, "not-indexed"),
    (0x4000, "encrypted"),
    (0x8000, "integrity-stream"),
];

/// File attributes as a person reads them: `readonly hidden`, what has no name
/// as a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttributeNames(pub u32);

impl fmt::Display for AttributeNames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let AttributeNames(attributes) = *self;
        if attributes == 0 {
            return f.write_str("no attributes");
        }
        let mut rest = attributes;
        let mut separator = "";
        for (bit, name) in NAMES {
            if attributes & bit != 0 {
                write!(f, "{separator}{name}")?;
                separator = " ";
                rest &= !bit;
            }
        }
        match rest {
            0 => Ok(()),
            rest => write!(f, "{separator}{rest:#x}"),
        }
    }
}

/// Times of a file or directory. `None` where one is not known, or stays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Times {
    /// When it was made.
    #[serde(
        default,
        with = "crate::time::optional_json",
        skip_serializing_if = "Option::is_none"
    )]
    pub created: Option<FileTime>,
    /// When it was last read.
    #[serde(
        default,
        with = "crate::time::optional_json",
        skip_serializing_if = "Option::is_none"
    )]
    pub accessed: Option<FileTime>,
    /// When its content was last written.
    #[serde(
        default,
        with = "crate::time::optional_json",
        skip_serializing_if = "Option::is_none"
    )]
    pub written: Option<FileTime>,
}

impl Times {
    /// Whether none is given.
    pub fn is_empty(&self) -> bool {
        *self == Times::default()
    }

    /// These, and where one is not given that of `other`.
    #[must_use]
    pub fn or(self, other: Times) -> Times {
        Times {
            created: self.created.or(other.created),
            accessed: self.accessed.or(other.accessed),
            written: self.written.or(other.written),
        }
    }

    /// Those of `self` that `asked` gives, too.
    #[must_use]
    pub fn only(self, asked: Times) -> Times {
        Times {
            created: self.created.filter(|_| asked.created.is_some()),
            accessed: self.accessed.filter(|_| asked.accessed.is_some()),
            written: self.written.filter(|_| asked.written.is_some()),
        }
    }
}

impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for (name, time) in [
            ("created", self.created),
            ("accessed", self.accessed),
            ("written", self.written),
        ] {
            if let Some(time) = time {
                write!(f, "{separator}{name} {}", iso(time))?;
                separator = ", ";
            }
        }
        match separator {
            "" => f.write_str("times that are not known"),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::path::ImagePath;
    use crate::plan::Change;

    #[test]
    fn attributes_are_told_by_name_and_the_rest_as_a_number() {
        for (attributes, told) in [
            (0, "no attributes"),
            (0x1 | 0x20, "readonly archive"),
            (0x10, "directory"),
            (0x8_0002, "hidden 0x80000"),
        ] {
            assert_eq!(AttributeNames(attributes).to_string(), told);
        }
    }

    #[test]
    fn changes_of_metadata_are_read_back_from_json() {
        let path = ImagePath::parse("Windows\\x").unwrap();
        let written = crate::time::parse_iso("2019-08-02T00:00:00Z");
        let times = Times {
            written,
            ..Times::default()
        };
        for (change, json) in [
            (
                Change::SetTimes {
                    path: path.clone(),
                    times,
                },
                r#"{"change":"set-times","path":"Windows\\x","written":"2019-08-02T00:00:00Z"}"#,
            ),
            (
                Change::SetAttributes {
                    path: path.clone(),
                    attributes: 0x21,
                },
                r#"{"change":"set-attributes","path":"Windows\\x","attributes":33}"#,
            ),
            (
                Change::Rename {
                    from: path.clone(),
                    to: path,
                },
                r#"{"change":"rename","from":"Windows\\x","to":"Windows\\x"}"#,
            ),
        ] {
            assert_eq!(serde_json::to_string(&change).unwrap(), json);
            assert_eq!(serde_json::from_str::<Change>(json).unwrap(), change);
        }
    }
}
