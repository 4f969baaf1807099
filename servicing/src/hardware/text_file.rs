//! The bytes of a text file as text, whatever program wrote them.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// Decodes UTF-16 and UTF-8 with and without a mark, and, where it is neither,
/// the code page of western Windows: ids are ASCII in all of them.
pub(super) fn decode(bytes: &[u8]) -> Cow<'_, str> {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        let rest = bytes.get(mark..).unwrap_or_default();
        return encoding.decode_without_bom_handling(rest).0;
    }
    if let Some(encoding) = wide(bytes) {
        return encoding.decode_without_bom_handling(bytes).0;
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => WINDOWS_1252.decode_without_bom_handling(bytes).0,
    }
}

/// UTF-16 without a mark, as shells that redirect write it: the first
/// characters of every known form are ASCII.
fn wide(bytes: &[u8]) -> Option<&'static Encoding> {
    let start = bytes.get(..bytes.len().min(16) & !1)?;
    let all = |low: usize| {
        let mut pairs = start.chunks_exact(2);
        !start.is_empty() && pairs.all(|pair| pair[low] != 0 && pair[1 - low] == 0)
    };
    match (all(0), all(1)) {
        (true, _) => Some(UTF_16LE),
        (_, true) => Some(UTF_16BE),
        _ => None,
    }
}

/// A line and its number, counted from 1, without its end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line<'t> {
    /// Where it is.
    pub(super) number: usize,
    /// What it says.
    pub(super) text: &'t str,
}

impl<'t> Line<'t> {
    /// Blanks in front of it; a tab counts as eight, to the next eighth column.
    pub(super) fn indent(self) -> usize {
        let mut column = 0;
        for character in self.text.chars() {
            match character {
                ' ' => column += 1,
                '\t' => column = (column / 8 + 1) * 8,
                _ => break,
            }
        }
        column
    }

    /// `key: value`, both trimmed.
    pub(super) fn pair(self) -> Option<(&'t str, &'t str)> {
        let (key, value) = self.text.split_once(':')?;
        Some((key.trim(), value.trim()))
    }
}

/// The lines of a text.
pub(super) fn lines(text: &str) -> impl Iterator<Item = Line<'_>> {
    let lines = text.split('\n').enumerate();
    lines.map(|(index, text)| Line {
        number: index + 1,
        text: text.trim_end_matches(['\r', ' ', '\t', '\0']),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

    use super::*;

    #[test]
    fn every_encoding_of_windows_and_linux_is_told() {
        let text = "Bus 001: Ger\u{e4}t\r\n";
        let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let marked = [b"\xff\xfe".as_slice(), &wide].concat();
        let utf8 = [b"\xef\xbb\xbf".as_slice(), text.as_bytes()].concat();
        let ansi = b"Bus 001: Ger\xe4t\r\n".to_vec();
        for bytes in [wide, big, marked, utf8, ansi, text.as_bytes().to_vec()] {
            assert_eq!(decode(&bytes), text, "{bytes:x?}");
        }
    }

    #[test]
    fn lines_are_counted_from_one_and_a_tab_is_eight_columns() {
        let found: Vec<Line<'_>> = lines("a\r\n  \tb: c ").collect();
        assert_eq!((found[1].number, found[1].indent()), (2, 8));
        assert_eq!(found[1].pair(), Some(("b", "c")));
        assert_eq!(found[0].text, "a");
    }
}
