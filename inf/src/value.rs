//! The text of one field while it is scanned: mostly one range of the file,
//! else put together from several.

use crate::field::{Field, Origin};

/// How many bytes at the start can be nothing but plain characters of a field.
/// It may stop before a plain one, but it never passes what the format gives a
/// meaning, a blank, or a character outside ASCII.
pub(crate) fn plain_len(bytes: &[u8]) -> usize {
    /// The byte in each of the eight places of a word.
    const fn each(byte: u8) -> u64 {
        u64::from_le_bytes([byte; 8])
    }
    let mut len = 0;
    for eight in bytes.chunks_exact(8) {
        let word = u64::from_le_bytes(eight.try_into().unwrap_or_default());
        // The top bit of each byte below 0x23: controls, blanks, `!`, `"`.
        let mut special = word.wrapping_sub(each(0x23)) & !word;
        for meaning in [b',', b';', b'=', b'\\'] {
            let equal_is_zero = word ^ each(meaning);
            special |= equal_is_zero.wrapping_sub(each(1)) & !equal_is_zero;
        }
        special = (special | word) & each(0x80);
        if special != 0 {
            // A borrow can mark bytes behind the first one wrongly, never one
            // before it.
            return len + special.trailing_zeros() as usize / 8;
        }
        len += 8;
    }
    let rest = bytes.get(len..).unwrap_or_default();
    let is_plain =
        |byte: &u8| matches!(byte, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'_');
    len + rest.iter().take_while(|byte| is_plain(byte)).count()
}

/// A field's text while it is put together from parts.
#[derive(Debug, Default)]
pub(crate) struct Value {
    /// Whether a part stood in quotes.
    pub(crate) quoted: bool,
    part: Part,
}

#[derive(Debug, Default)]
enum Part {
    #[default]
    Empty,
    /// All parts so far are one range of the file's text.
    Range(usize, usize),
    /// The parts were copied to the end of the joined text, from here on; the
    /// first of them stood there in the file.
    Joined { start: usize, at: usize },
}

impl Value {
    /// Takes over a range of the file's text.
    #[inline(always)]
    pub(crate) fn push(&mut self, text: &str, start: usize, end: usize, joined: &mut String) {
        if start >= end {
            return;
        }
        match self.part {
            Part::Empty => self.part = Part::Range(start, end),
            Part::Range(first, last) if last == start => self.part = Part::Range(first, end),
            _ => self.join(text, start, end, joined),
        }
    }

    /// Copies a part that does not follow on the one before it.
    #[cold]
    fn join(&mut self, text: &str, start: usize, end: usize, joined: &mut String) {
        if let Part::Range(first, last) = self.part {
            self.part = Part::Joined {
                start: joined.len(),
                at: first,
            };
            joined.push_str(text.get(first..last).unwrap_or_default());
        }
        joined.push_str(text.get(start..end).unwrap_or_default());
    }

    /// The field, whose text the parts are; an empty one lies at `at`. Where
    /// a joined one stood is noted in `origins`, for the field has no room.
    pub(crate) fn finish(self, at: usize, joined: &str, origins: &mut Vec<Origin>) -> Field {
        match self.part {
            Part::Empty => Field::new(at, at, false, self.quoted),
            Part::Range(start, end) => Field::new(start, end, false, self.quoted),
            Part::Joined { start, at } => {
                origins.push(Origin::new(start, at));
                Field::new(start, joined.len(), true, self.quoted)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_ends_before_everything_that_means_something() {
        for stop in [
            "", "\n", "\r", " ", "\t", ",", ";", "=", "\"", "\\", "ä", "\u{A0}", "!",
        ] {
            for len in 0..20 {
                let text = format!("{}{stop},abc=\"x y\"", "x".repeat(len));
                let plain = plain_len(text.as_bytes());
                assert_eq!(plain, len, "{text:?}");
            }
        }
        for byte in 0..=255 {
            for at in 0..8 {
                let mut word = [b'a'; 9];
                word[at] = byte;
                let plain = plain_len(&word);
                let meaning = b"\n\r\t\x0B\x0C ,;=\"\\".contains(&byte) || byte >= 0x80;
                assert!(plain >= at && (!meaning || plain == at), "{word:?} {plain}");
            }
        }
    }

    #[test]
    fn parts_that_follow_on_each_other_stay_a_range() {
        let (text, mut joined) = ("abcdef", String::new());
        for (parts, expected, copied) in [
            (&[(0, 2), (2, 4)][..], "abcd", false),
            (&[(0, 2), (3, 4), (5, 6)], "abdf", true),
            (&[(1, 1), (4, 5)], "e", false),
            (&[], "", false),
        ] {
            let mut value = Value::default();
            let before = joined.len();
            for &(start, end) in parts {
                value.push(text, start, end, &mut joined);
            }
            let field = value.finish(3, &joined, &mut Vec::new());
            assert_eq!(field.text(text, &joined), expected, "{parts:?}");
            assert_eq!(joined.len() > before, copied, "{parts:?}");
        }
    }
}
