//! Names without case: section names, keys and string tokens compare so.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};

/// Whether two names are the same to Windows: equal but for case, character
/// by character as NT upper-cases (one character always becomes one).
pub fn same_name(a: &str, b: &str) -> bool {
    if a.is_ascii() && b.is_ascii() {
        return a.eq_ignore_ascii_case(b);
    }
    a.chars().map(upper).eq(b.chars().map(upper))
}

/// The upper case form of one character; where Unicode answers with several
/// characters (`ß`), NT keeps the original.
fn upper(c: char) -> char {
    let mut upper = c.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(one), None) => one,
        _ => c,
    }
}

/// Finds numbered names without case. The names themselves stay with the
/// owner, who lends them for comparison, so that the index costs a few bytes
/// per name and no copy.
#[derive(Debug, Default)]
pub(crate) struct NameIndex {
    /// Randomly keyed, so that a file cannot aim its names at one bucket.
    hasher: RandomState,
    /// Hash of the upper-cased name to the number added last with that hash.
    newest: HashMap<u64, u32>,
    /// For each number, the one added before it with the same hash.
    older: Vec<Option<u32>>,
}

impl NameIndex {
    /// The number of `name`, with `name_of` lending the name of a number.
    pub(crate) fn find<'n>(&self, name: &str, name_of: impl Fn(u32) -> &'n str) -> Option<u32> {
        let mut number = self.newest.get(&self.hash(name)).copied();
        while let Some(at) = number {
            if same_name(name_of(at), name) {
                return Some(at);
            }
            number = *self.older.get(at as usize)?;
        }
        None
    }

    /// Adds `name` under the next number, counted from 0, which is returned.
    pub(crate) fn add(&mut self, name: &str) -> u32 {
        // Numbers are positions in a list no longer than the file, whose
        // length is limited far below `u32::MAX`.
        let number = u32::try_from(self.older.len()).unwrap_or(u32::MAX);
        let older = self.newest.insert(self.hash(name), number);
        self.older.push(older);
        number
    }

    fn hash(&self, name: &str) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        let mut buffer = [0; 4];
        for c in name.chars() {
            if c.is_ascii() {
                hasher.write_u8(c.to_ascii_uppercase() as u8);
            } else {
                hasher.write(upper(c).encode_utf8(&mut buffer).as_bytes());
            }
        }
        hasher.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_compare_without_case_as_nt_does() {
        for (a, b, same) in [
            ("Version", "VERSION", true),
            ("Gerät", "GERÄT", true),
            ("Straße", "STRASSE", false),
            ("Straße", "STRAßE", true),
            ("a", "ab", false),
            ("привет", "ПРИВЕТ", true),
            ("", "", true),
        ] {
            assert_eq!(same_name(a, b), same, "`{a}` and `{b}`");
        }
    }

    #[test]
    fn the_index_finds_what_was_added_under_any_case() {
        let names = ["Version", "Gerät", "strings", "STRINGS.0407"];
        let mut index = NameIndex::default();
        for name in names {
            index.add(name);
        }
        for (asked, found) in [
            ("VERSION", Some(0)),
            ("gerÄT", Some(1)),
            ("Strings", Some(2)),
            ("strings.0407", Some(3)),
            ("strings.0409", None),
        ] {
            let number = index.find(asked, |number| names[number as usize]);
            assert_eq!(number, found, "`{asked}`");
        }
    }
}
