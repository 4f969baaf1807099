//! The path of a registry key inside its hive.

use std::fmt;
use std::hash::{Hash, Hasher};

use serde::{Deserialize, Serialize};
use wimwright_hive::{Hive, Key, upcase};

use crate::text::{Text, hash_ignore_case};

/// A key's path from the root of its hive, with backslashes between names;
/// empty for the root key. Compared without case, as NT does.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeyPath(Text);

impl KeyPath {
    /// The path's UTF-16 units.
    pub fn units(&self) -> Vec<u16> {
        self.0.units().collect()
    }

    /// The path as text.
    pub fn as_text(&self) -> &Text {
        &self.0
    }

    /// Whether it is the hive's root.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether it is `ancestor` or lies below it.
    pub fn starts_with(&self, ancestor: &KeyPath) -> bool {
        let (own, above) = (self.units(), ancestor.units());
        let same = |a: &u16, b: &u16| upcase(*a) == upcase(*b);
        above.is_empty()
            || own.len() >= above.len()
                && own.iter().zip(&above).all(|(a, b)| same(a, b))
                && own
                    .get(above.len())
                    .is_none_or(|unit| *unit == u16::from(b'\\'))
    }

    /// The key of `hive` at this path; `None` where there is none.
    ///
    /// # Errors
    /// [`HiveError`](wimwright_hive::Error) where a record on the way is
    /// damaged.
    pub fn find<'h>(&self, hive: &'h Hive) -> Result<Option<Key<'h>>, wimwright_hive::Error> {
        let mut key = hive.root();
        if self.is_root() {
            return Ok(Some(key));
        }
        for name in self.units().split(|unit| *unit == u16::from(b'\\')) {
            match key.subkey_units(name)? {
                Some(below) => key = below,
                None => return Ok(None),
            }
        }
        Ok(Some(key))
    }

    /// This path with one or more names behind it.
    #[must_use]
    pub fn join(&self, below: &str) -> KeyPath {
        if self.is_root() {
            return KeyPath::from(below);
        }
        let units = self.0.units().chain([u16::from(b'\\')]);
        let units: Vec<u16> = units.chain(below.encode_utf16()).collect();
        KeyPath(Text::from_units(&units))
    }
}

impl From<&str> for KeyPath {
    fn from(path: &str) -> KeyPath {
        KeyPath(Text::from(path))
    }
}

impl From<String> for KeyPath {
    fn from(path: String) -> KeyPath {
        KeyPath(Text::from(path))
    }
}

impl From<Text> for KeyPath {
    fn from(path: Text) -> KeyPath {
        KeyPath(path)
    }
}

impl PartialEq for KeyPath {
    fn eq(&self, other: &KeyPath) -> bool {
        self.0.eq_ignore_case(&other.0)
    }
}
impl Eq for KeyPath {}
impl Hash for KeyPath {
    fn hash<H: Hasher>(&self, state: &mut H) {
        hash_ignore_case(self.0.as_wtf8(), state);
    }
}
impl fmt::Display for KeyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
impl fmt::Debug for KeyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}
