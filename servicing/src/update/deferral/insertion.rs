//! Text that is put into a file of the image, and taken out of it again so that
//! every other byte stays as it was.
//!
//! Bytes that are not ours are never decoded: they may be of any code page.
//! UTF-16, which Setup reads as well, is told by its byte order mark.

/// The bytes of a text file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TextFile {
    bytes: Vec<u8>,
    wide: bool,
}

/// A line: its place in the file, and its ASCII text without the end.
pub(super) struct Line {
    /// The first byte.
    pub(super) start: usize,
    /// The first byte behind its end.
    pub(super) end: usize,
    /// Its text; characters outside ASCII are replaced.
    pub(super) text: String,
    /// Whether it has an end.
    pub(super) ended: bool,
}

const MARK: [u8; 2] = [0xFF, 0xFE];

impl TextFile {
    pub(super) fn new(bytes: Vec<u8>) -> TextFile {
        let wide = bytes.starts_with(&MARK);
        TextFile { bytes, wide }
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes.len() == self.start()
    }

    /// Where its text begins.
    pub(super) fn start(&self) -> usize {
        if self.wide { MARK.len() } else { 0 }
    }

    pub(super) fn end(&self) -> usize {
        self.bytes.len()
    }

    /// An ASCII text as the file has it.
    fn encoded(&self, text: &str) -> Vec<u8> {
        match self.wide {
            true => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            false => text.as_bytes().to_vec(),
        }
    }

    /// The file with `text` at `at`.
    pub(super) fn insert(mut self, at: usize, text: &str) -> TextFile {
        let at = at.min(self.bytes.len());
        let new = self.encoded(text);
        self.bytes.splice(at..at, new);
        self
    }

    /// The file without `text`, where it stands once; `None` where it does not.
    pub(super) fn without(&self, text: &str) -> Option<TextFile> {
        let wanted = self.encoded(text);
        let step = if self.wide { 2 } else { 1 };
        let mut found = self
            .bytes
            .windows(wanted.len().max(1))
            .enumerate()
            .filter(|(at, window)| at % step == 0 && *window == wanted)
            .map(|(at, _)| at);
        let at = found.next()?;
        if found.next().is_some() {
            return None;
        }
        let mut left = self.clone();
        left.bytes.drain(at..at + wanted.len());
        Some(left)
    }

    /// The file without the bytes of a line.
    pub(super) fn without_line(mut self, line: &Line) -> TextFile {
        let end = line.end.min(self.bytes.len());
        self.bytes.drain(line.start.min(end)..end);
        self
    }

    /// The file with `new` in place of `len` characters from the one numbered
    /// `first` of a line on.
    pub(super) fn replaced(mut self, line: &Line, first: usize, len: usize, new: &str) -> TextFile {
        let step = if self.wide { 2 } else { 1 };
        let end = line.end.min(self.bytes.len());
        let from = (line.start + first * step).min(end);
        let to = (from + len * step).min(end);
        let new = self.encoded(new);
        self.bytes.splice(from..to, new);
        self
    }

    /// Its lines.
    pub(super) fn lines(&self) -> Vec<Line> {
        let mut lines = Vec::new();
        let step = if self.wide { 2 } else { 1 };
        let mut start = self.start();
        let mut text = String::new();
        let mut at = start;
        while let Some(unit) = self.bytes.get(at..at + step) {
            at += step;
            let unit = match unit {
                [byte] => u32::from(*byte),
                [low, high] => u32::from(u16::from_le_bytes([*low, *high])),
                _ => break,
            };
            let character = char::from_u32(unit).filter(char::is_ascii);
            if character == Some('\n') {
                let text = std::mem::take(&mut text);
                lines.push(Line {
                    start,
                    end: at,
                    text: text.trim_end_matches('\r').to_owned(),
                    ended: true,
                });
                start = at;
            } else {
                text.push(character.unwrap_or('\u{FFFD}'));
            }
        }
        if start < self.bytes.len() {
            lines.push(Line {
                start,
                end: self.bytes.len(),
                text: text.trim_end_matches('\r').to_owned(),
                ended: false,
            });
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_in_comes_out_and_the_rest_is_as_it_was() {
        let ansi = b"[A]\r\nb=\xE4\xF6\r\nc".to_vec();
        let wide: Vec<u8> = std::iter::once(0xFEFF)
            .chain("[A]\r\nb=\u{E4}\u{20AC}\r\nc".encode_utf16())
            .flat_map(u16::to_le_bytes)
            .collect();
        for bytes in [ansi, wide, Vec::new(), vec![0xFF, 0xFE]] {
            let file = TextFile::new(bytes.clone());
            for at in [file.start(), file.end()] {
                let with = file.clone().insert(at, "new\r\n");
                assert_ne!(with, file);
                let without = with.without("new\r\n").unwrap();
                assert_eq!(without.into_bytes(), bytes);
                let twice = with.clone().insert(at, "new\r\n");
                assert_eq!(twice.without("new\r\n"), None);
            }
            assert_eq!(file.without("new\r\n"), None);
        }
    }

    #[test]
    fn lines_are_found_in_either_form() {
        let wide: Vec<u8> = std::iter::once(0xFEFF)
            .chain("a\r\n\r\nb".encode_utf16())
            .flat_map(u16::to_le_bytes)
            .collect();
        for bytes in [b"a\r\n\r\nb".to_vec(), b"a\n\nb".to_vec(), wide] {
            let lines = TextFile::new(bytes).lines();
            let texts: Vec<&str> = lines.iter().map(|line| line.text.as_str()).collect();
            assert_eq!(texts, ["a", "", "b"]);
            assert!(!lines[2].ended);
        }
        // Half a character at the end is no reason to stop.
        let odd = TextFile::new(vec![0xFF, 0xFE, b'a', 0, b'b']);
        assert_eq!(odd.lines().len(), 1);
    }
}
