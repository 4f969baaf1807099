//! Names and paths inside an image.
//!
//! A path is relative to the image root, spelled as found, compared and
//! hashed without case as NT does. It cannot lead outside: `..`, drive letters
//! and separators inside a name are refused where a path is made. The
//! directory backend is the only door from here to host paths.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::text::{Text, cmp_ignore_case, hash_ignore_case};

/// Why a name or path was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// Nothing where a name must be.
    #[error("empty name in path `{path}`")]
    Empty {
        /// The path as given.
        path: String,
    },
    /// `.` or `..`: a path inside an image never goes up.
    #[error("`{name}` in path `{path}`: a path inside an image cannot go up")]
    GoesUp {
        /// The path as given.
        path: String,
        /// The name that goes up.
        name: String,
    },
    /// A drive letter: a path inside an image starts at its root.
    #[error("path `{path}` names a drive; give it from the image root, like `Windows\\System32`")]
    Drive {
        /// The path as given.
        path: String,
    },
    /// A character that Windows does not allow in names.
    #[error("character {character:?} is not allowed in a Windows name, in `{path}`")]
    Character {
        /// The path as given.
        path: String,
        /// The character.
        character: char,
    },
    /// A name ending in a blank or dot, which Windows programs cannot open.
    #[error("name `{name}` ends in a blank or dot, which Windows programs cannot open")]
    Trailing {
        /// The name.
        name: String,
    },
    /// Longer than NTFS allows.
    #[error("name `{name}` has {units} UTF-16 units, more than the 255 that NTFS allows")]
    TooLong {
        /// The name.
        name: String,
        /// Its length.
        units: usize,
    },
}

/// One name of a path: a file's or a directory's.
#[derive(Clone)]
pub struct Name(Text);

impl Name {
    /// A name for something new: only what Windows itself would create.
    ///
    /// # Errors
    /// [`PathError`] for forbidden characters, `.`, `..`, trailing blank or
    /// dot, and names over 255 units.
    pub fn new(name: &str) -> Result<Name, PathError> {
        let path = || name.to_owned();
        if name.is_empty() {
            return Err(PathError::Empty { path: path() });
        }
        if name == "." || name == ".." {
            return Err(PathError::GoesUp {
                path: path(),
                name: path(),
            });
        }
        let forbidden = |c: &char| (*c as u32) < 0x20 || "\\/:*?\"<>|".contains(*c);
        if let Some(character) = name.chars().find(forbidden) {
            return Err(PathError::Character {
                path: path(),
                character,
            });
        }
        if name.ends_with([' ', '.']) {
            return Err(PathError::Trailing { name: path() });
        }
        let units = name.encode_utf16().count();
        if units > 255 {
            return Err(PathError::TooLong {
                name: path(),
                units,
            });
        }
        Ok(Name(Text::from(name)))
    }

    /// A name found in an image: kept whatever it is, as long as it is one
    /// name. `None` for empty, `.`, `..`, or one with a separator or NUL.
    pub fn found(text: Text) -> Option<Name> {
        let bytes = text.as_wtf8();
        let separator = |byte: &u8| matches!(byte, b'\\' | b'/' | 0);
        if bytes.is_empty() || bytes == b"." || bytes == b".." || bytes.iter().any(separator) {
            return None;
        }
        Some(Name(text))
    }

    /// The name as text.
    pub fn as_text(&self) -> &Text {
        &self.0
    }

    /// Whether this is `name`, without case.
    pub fn is(&self, name: &str) -> bool {
        cmp_ignore_case(self.0.as_wtf8(), name.as_bytes()) == Ordering::Equal
    }

    /// Whether the name ends in `ending`, without case.
    pub fn ends_with(&self, ending: &str) -> bool {
        let bytes = self.0.as_wtf8();
        bytes
            .len()
            .checked_sub(ending.len())
            .and_then(|start| bytes.get(start..))
            .is_some_and(|tail| tail.eq_ignore_ascii_case(ending.as_bytes()))
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Name) -> bool {
        self.0.eq_ignore_case(&other.0)
    }
}
impl Eq for Name {}
impl PartialOrd for Name {
    fn partial_cmp(&self, other: &Name) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Name {
    fn cmp(&self, other: &Name) -> Ordering {
        self.0.cmp_ignore_case(&other.0)
    }
}
impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        hash_ignore_case(self.0.as_wtf8(), state);
    }
}
impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

/// A path from the image root, printed with backslashes. Empty is the root.
#[derive(Clone, Default)]
pub struct ImagePath {
    names: Vec<Name>,
}

impl ImagePath {
    /// The image root itself.
    pub fn root() -> ImagePath {
        ImagePath::default()
    }

    /// Reads a path as a person writes it: `\` or `/` between names, with or
    /// without one in front.
    ///
    /// # Errors
    /// [`PathError`] for anything that is not a path inside an image.
    pub fn parse(path: &str) -> Result<ImagePath, PathError> {
        let mut letters = path.chars();
        if letters.next().is_some_and(|c| c.is_ascii_alphabetic()) && letters.next() == Some(':') {
            return Err(PathError::Drive {
                path: path.to_owned(),
            });
        }
        let inner = path.strip_prefix(['\\', '/']).unwrap_or(path);
        let inner = inner.strip_suffix(['\\', '/']).unwrap_or(inner);
        if inner.is_empty() {
            return Ok(ImagePath::root());
        }
        let names = inner
            .split(['\\', '/'])
            .map(|name| match Name::new(name) {
                Err(PathError::Empty { .. }) => Err(PathError::Empty { path: path.into() }),
                Err(PathError::GoesUp { name, .. }) => Err(PathError::GoesUp {
                    path: path.into(),
                    name,
                }),
                Err(PathError::Character { character, .. }) => Err(PathError::Character {
                    path: path.into(),
                    character,
                }),
                other => other,
            })
            .collect::<Result<_, _>>()?;
        Ok(ImagePath { names })
    }

    /// The path with these names.
    pub fn from_names(names: impl IntoIterator<Item = Name>) -> ImagePath {
        ImagePath {
            names: names.into_iter().collect(),
        }
    }

    /// Its names, from the root down.
    pub fn names(&self) -> &[Name] {
        &self.names
    }

    /// The path as text, with backslashes; empty for the root.
    pub fn to_text(&self) -> Text {
        let mut units = Vec::new();
        for (index, name) in self.names.iter().enumerate() {
            if index > 0 {
                units.push(u16::from(b'\\'));
            }
            units.extend(name.as_text().units());
        }
        Text::from_units(&units)
    }

    /// Whether this is the image root.
    pub fn is_root(&self) -> bool {
        self.names.is_empty()
    }

    /// The last name; `None` for the root.
    pub fn file_name(&self) -> Option<&Name> {
        self.names.last()
    }

    /// The directory it lies in; `None` for the root.
    pub fn parent(&self) -> Option<ImagePath> {
        let (_, rest) = self.names.split_last()?;
        Some(ImagePath {
            names: rest.to_vec(),
        })
    }

    /// This path with one more name.
    #[must_use]
    pub fn child(&self, name: Name) -> ImagePath {
        let mut names = Vec::with_capacity(self.names.len() + 1);
        names.extend_from_slice(&self.names);
        names.push(name);
        ImagePath { names }
    }

    /// This path followed by a relative one, read as [`ImagePath::parse`] does.
    ///
    /// # Errors
    /// As [`ImagePath::parse`].
    pub fn join(&self, relative: &str) -> Result<ImagePath, PathError> {
        let mut joined = self.clone();
        joined.names.extend(ImagePath::parse(relative)?.names);
        Ok(joined)
    }

    /// The path of a file beside this one, whose name is this one's with
    /// `suffix` (part of a name, no separator) behind it; `None` for the root.
    pub fn with_suffix(&self, suffix: &str) -> Option<ImagePath> {
        let (last, above) = self.names.split_last()?;
        let units: Vec<u16> = last
            .as_text()
            .units()
            .chain(suffix.encode_utf16())
            .collect();
        let name = Name::found(Text::from_units(&units))?;
        Some(ImagePath::from_names(above.iter().cloned()).child(name))
    }

    /// This path followed by another.
    #[must_use]
    pub fn join_path(&self, relative: &ImagePath) -> ImagePath {
        let mut joined = self.clone();
        joined.names.extend_from_slice(&relative.names);
        joined
    }

    /// Whether it is `ancestor` or lies below it.
    pub fn starts_with(&self, ancestor: &ImagePath) -> bool {
        self.names.starts_with(&ancestor.names)
    }

    /// What is left of it below `ancestor`; `None` when it does not lie there.
    pub fn below(&self, ancestor: &ImagePath) -> Option<ImagePath> {
        let names = self.names.strip_prefix(ancestor.names.as_slice())?;
        Some(ImagePath {
            names: names.to_vec(),
        })
    }
}

impl PartialEq for ImagePath {
    fn eq(&self, other: &ImagePath) -> bool {
        self.names == other.names
    }
}
impl Eq for ImagePath {}
impl PartialOrd for ImagePath {
    fn partial_cmp(&self, other: &ImagePath) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for ImagePath {
    fn cmp(&self, other: &ImagePath) -> Ordering {
        self.names.cmp(&other.names)
    }
}
impl Hash for ImagePath {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.names.hash(state);
    }
}
impl fmt::Display for ImagePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.names.is_empty() {
            return f.write_str("\\");
        }
        for (index, name) in self.names.iter().enumerate() {
            if index > 0 {
                f.write_str("\\")?;
            }
            write!(f, "{name}")?;
        }
        Ok(())
    }
}
impl fmt::Debug for ImagePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

impl Serialize for ImagePath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_text().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for ImagePath {
    /// Takes what an image may hold: a saved plan names files as they were
    /// found, so only names that could lead elsewhere are refused.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<ImagePath, D::Error> {
        use serde::de::Error as _;
        let text = Text::deserialize(deserializer)?;
        if text.is_empty() {
            return Ok(ImagePath::root());
        }
        let units: Vec<u16> = text.units().collect();
        let names = units
            .split(|unit| *unit == u16::from(b'\\'))
            .map(|name| {
                Name::found(Text::from_units(name))
                    .ok_or_else(|| D::Error::custom(format!("`{text}` is not a path in an image")))
            })
            .collect::<Result<_, _>>()?;
        Ok(ImagePath { names })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read_with_either_separator_and_compared_without_case() {
        let path = ImagePath::parse("/Windows/System32\\config/").unwrap();
        assert_eq!(path.to_string(), "Windows\\System32\\config");
        assert_eq!(path, ImagePath::parse("WINDOWS\\system32\\CONFIG").unwrap());
        assert_eq!(
            path.below(&ImagePath::parse("windows").unwrap())
                .unwrap()
                .to_string(),
            "System32\\config"
        );
        assert_eq!(ImagePath::parse("\\").unwrap(), ImagePath::root());
    }

    #[test]
    fn a_path_never_leads_outside() {
        for (path, word) in [
            ("Windows\\..\\..\\etc", "go up"),
            ("C:\\Windows", "drive"),
            ("Windows\\\\System32", "empty name"),
            ("Windows\\a:b", "':'"),
            ("Windows\\a\u{1}", "'\\u{1}'"),
            ("Windows\\trailing. ", "blank or dot"),
            (".", "go up"),
        ] {
            let error = ImagePath::parse(path).unwrap_err().to_string();
            assert!(error.contains(word), "`{path}`: {error}");
        }
        for json in ["\"a\\\\..\\\\b\"", "\"a/b\"", "\"\\\\a\"", "\"a\\u0000\""] {
            assert!(serde_json::from_str::<ImagePath>(json).is_err(), "{json}");
        }
    }
}
