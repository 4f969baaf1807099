//! The lines of a `.reg` file, as units. CR LF, LF and CR alone all end a line.

const CR: u16 = b'\r' as u16;
const LF: u16 = b'\n' as u16;

/// A line and what ended it.
#[derive(Clone, Copy)]
pub(super) struct Line<'t> {
    /// From 1.
    pub(super) number: u32,
    /// Without its end.
    pub(super) text: &'t [u16],
    /// CR LF, LF or CR; empty for the last line of the file.
    pub(super) end: &'t [u16],
}

/// Where the next line begins.
#[derive(Clone, Copy)]
pub(super) struct Lines<'t> {
    rest: &'t [u16],
    number: u32,
}

impl<'t> Lines<'t> {
    pub(super) fn of(text: &'t [u16]) -> Lines<'t> {
        Lines {
            rest: text,
            number: 0,
        }
    }
}

impl<'t> Iterator for Lines<'t> {
    type Item = Line<'t>;

    fn next(&mut self) -> Option<Line<'t>> {
        if self.rest.is_empty() {
            return None;
        }
        self.number = self.number.saturating_add(1);
        let ends = |unit: &u16| matches!(*unit, CR | LF);
        let length = self.rest.iter().position(ends).unwrap_or(self.rest.len());
        let (text, rest) = self.rest.split_at_checked(length)?;
        let end = match rest {
            [CR, LF, ..] => 2,
            [_, ..] => 1,
            [] => 0,
        };
        let (end, rest) = rest.split_at_checked(end)?;
        self.rest = rest;
        Some(Line {
            number: self.number,
            text,
            end,
        })
    }
}

/// Without blanks and tabs in front.
pub(super) fn trim_start(text: &[u16]) -> &[u16] {
    let first = text.iter().position(|unit| !is_blank(*unit));
    first
        .and_then(|first| text.get(first..))
        .unwrap_or_default()
}

/// Without blanks and tabs behind.
pub(super) fn trim_end(text: &[u16]) -> &[u16] {
    let last = text.iter().rposition(|unit| !is_blank(*unit));
    last.and_then(|last| text.get(..=last)).unwrap_or_default()
}

/// A blank or tab.
pub(super) fn is_blank(unit: u16) -> bool {
    unit == u16::from(b' ') || unit == u16::from(b'\t')
}

/// Whether nothing but a comment is left of a line. Behind data only `;` begins
/// one, not `#`.
pub(super) fn is_over(text: &[u16]) -> bool {
    let text = trim_start(text);
    text.is_empty() || text.first() == Some(&u16::from(b';'))
}

/// The start of what was found, for a message.
pub(super) fn shown(text: &[u16]) -> String {
    const MOST: usize = 40;
    let mut shown = String::from_utf16_lossy(text.get(..MOST).unwrap_or(text));
    if text.len() > MOST {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_end_of_line_counts_once() {
        let text: Vec<u16> = "a\r\nb\nc\rd\r\n\r\ne".encode_utf16().collect();
        let lines: Vec<(u32, String)> = Lines::of(&text)
            .map(|line| (line.number, String::from_utf16(line.text).unwrap()))
            .collect();
        let expected = [(1, "a"), (2, "b"), (3, "c"), (4, "d"), (5, ""), (6, "e")];
        let expected = expected.map(|(number, text)| (number, text.to_owned()));
        assert_eq!(lines, expected);
    }
}
