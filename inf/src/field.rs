//! One field of a line: where its text is, and how numbers are read from it.

/// A field's text is a range of the file's text; or, where quotes or continued
/// lines interrupt it, a range of the *joined* text beside it. Eight bytes,
/// because a hostile file can hold a field per byte.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Field {
    start: u32,
    /// Length in bytes, below [`QUOTED`]; the two upper bits are flags.
    len_and_flags: u32,
}

/// Where in the file a joined field stood.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Origin {
    /// Its position in the joined text.
    joined: u32,
    /// That of its first character in the file's text.
    at: u32,
}

impl Origin {
    pub(crate) fn new(joined: usize, at: usize) -> Self {
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Origin {
            joined: number(joined),
            at: number(at),
        }
    }
}

const JOINED: u32 = 1 << 31;
const QUOTED: u32 = 1 << 30;

impl Field {
    /// A field over `start..end` of the file's text, or of the joined text.
    /// Both texts are far shorter than the 1 GiB that the length can say
    /// ([`MAX_LEN`](crate::MAX_LEN), at most three bytes per byte read).
    pub(crate) fn new(start: usize, end: usize, joined: bool, quoted: bool) -> Self {
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let mut len_and_flags = number(end.saturating_sub(start)) & (QUOTED - 1);
        if joined {
            len_and_flags |= JOINED;
        }
        if quoted {
            len_and_flags |= QUOTED;
        }
        Field {
            start: number(start),
            len_and_flags,
        }
    }

    /// Whether any part of the field stood in quotes.
    pub(crate) fn is_quoted(self) -> bool {
        self.len_and_flags & QUOTED != 0
    }

    /// Length of the text in bytes.
    pub(crate) fn len(self) -> usize {
        (self.len_and_flags & (QUOTED - 1)) as usize
    }

    /// Position of its first character in the file's text. `origins` are those
    /// of all joined fields, in the order of the joined text.
    pub(crate) fn origin(self, origins: &[Origin]) -> usize {
        if self.len_and_flags & JOINED == 0 {
            return self.start as usize;
        }
        let known = origins.binary_search_by_key(&self.start, |origin| origin.joined);
        known
            .ok()
            .and_then(|index| origins.get(index))
            .map_or(0, |origin| origin.at as usize)
    }

    /// The field's text, out of the two texts it may lie in.
    pub(crate) fn text<'t>(self, text: &'t str, joined: &'t str) -> &'t str {
        let from = if self.len_and_flags & JOINED != 0 {
            joined
        } else {
            text
        };
        let start = self.start as usize;
        from.get(start..start + self.len()).unwrap_or_default()
    }
}

/// Reads a number as `SetupGetIntField` does: decimal or hexadecimal with
/// `0x`, with an optional sign; an empty field is 0. `None` for anything else
/// (Wine's conformance tests, which pass on Windows).
pub fn number(text: &str) -> Option<i64> {
    let text = text.trim();
    if text.is_empty() {
        return Some(0);
    }
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (radix, digits) = match digits.get(..2) {
        Some("0x" | "0X") => (16, digits.get(2..).unwrap_or_default()),
        _ => (10, digits),
    };
    // `from_str_radix` would take a second sign.
    if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let value = i64::from_str_radix(digits, radix).ok()?;
    Some(if negative { -value } else { value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_decimal_or_hexadecimal() {
        for (text, value) in [
            ("48", Some(48)),
            ("0x4", Some(4)),
            ("0XfF", Some(255)),
            ("0x80000000", Some(0x8000_0000)),
            ("-1", Some(-1)),
            ("+7", Some(7)),
            (" 12 ", Some(12)),
            ("010", Some(10)),
            ("", Some(0)),
            ("Field1", None),
            ("0x", None),
            ("--1", None),
            ("0x-1", None),
            ("ff", None),
            ("99999999999999999999", None),
        ] {
            assert_eq!(number(text), value, "`{text}`");
        }
    }

    #[test]
    fn a_field_knows_its_text_and_its_quotes() {
        let field = Field::new(2, 4, false, true);
        assert_eq!(field.text("abcdef", "xyz"), "cd");
        assert!(field.is_quoted());
        let field = Field::new(1, 3, true, false);
        assert_eq!(field.text("abcdef", "xyz"), "yz");
        assert!(!field.is_quoted());
    }
}
