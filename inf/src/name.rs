//! Names without case: section names, keys and string tokens compare so.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, BuildHasherDefault, Hasher, RandomState};

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
    newest: HashMap<u64, u32, BuildHasherDefault<AlreadyHashed>>,
    /// For each number, the one added before it with the same hash.
    older: Vec<Option<u32>>,
}

/// The keys of the map are hashes, and need none of their own.
#[derive(Debug, Default)]
struct AlreadyHashed(u64);

impl Hasher for AlreadyHashed {
    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

impl NameIndex {
    /// An index with room for so many names.
    pub(crate) fn with_capacity(names: usize) -> Self {
        NameIndex {
            newest: HashMap::with_capacity_and_hasher(names, BuildHasherDefault::default()),
            older: Vec::with_capacity(names),
            ..NameIndex::default()
        }
    }

    /// The number of `name`, with `name_of` lending the name of a number.
    pub(crate) fn find<'n>(&self, name: &str, name_of: impl Fn(u32) -> &'n str) -> Option<u32> {
        self.find_hash(self.hash(name), name, name_of)
    }

    /// Adds `name` under the next number, counted from 0, unless it is known.
    /// The error is the number it is known by.
    pub(crate) fn add<'n>(
        &mut self,
        name: &str,
        name_of: impl Fn(u32) -> &'n str,
    ) -> Result<u32, u32> {
        let hash = self.hash(name);
        if let Some(known) = self.find_hash(hash, name, name_of) {
            return Err(known);
        }
        // Numbers are positions in a list no longer than the file, whose
        // length is limited far below `u32::MAX`.
        let number = u32::try_from(self.older.len()).unwrap_or(u32::MAX);
        let older = self.newest.insert(hash, number);
        self.older.push(older);
        Ok(number)
    }

    fn find_hash<'n>(
        &self,
        hash: u64,
        name: &str,
        name_of: impl Fn(u32) -> &'n str,
    ) -> Option<u32> {
        let mut number = self.newest.get(&hash).copied();
        while let Some(at) = number {
            if same_name(name_of(at), name) {
                return Some(at);
            }
            number = *self.older.get(at as usize)?;
        }
        None
    }

    fn hash(&self, name: &str) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        // In pieces: the hasher is slow on single bytes.
        let mut buffer = [0; 64];
        if name.is_ascii() {
            for piece in name.as_bytes().chunks(buffer.len()) {
                if let Some(upper) = buffer.get_mut(..piece.len()) {
                    upper.copy_from_slice(piece);
                    upper.make_ascii_uppercase();
                    hasher.write(upper);
                }
            }
        } else {
            for c in name.chars() {
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
        let long = "x".repeat(200);
        let names = ["Version", "Gerät", "strings", "STRINGS.0407", &long];
        let name_of = |number: u32| names[number as usize];
        let mut index = NameIndex::default();
        for (number, name) in (0..).zip(names) {
            assert_eq!(index.add(name, name_of), Ok(number));
        }
        assert_eq!(index.add("STRINGS", name_of), Err(2));
        for (asked, found) in [
            ("VERSION", Some(0)),
            ("gerÄT", Some(1)),
            ("Strings", Some(2)),
            ("strings.0407", Some(3)),
            (&long.to_uppercase(), Some(4)),
            ("strings.0409", None),
        ] {
            assert_eq!(index.find(asked, name_of), found, "`{asked}`");
        }
    }
}
