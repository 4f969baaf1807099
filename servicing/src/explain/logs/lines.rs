//! Lines of a text, from bytes that come in pieces.

use std::borrow::Cow;

use encoding_rs::{UTF_16BE, UTF_16LE, WINDOWS_1252};

/// How a log is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogEncoding {
    /// ASCII alone.
    Ascii,
    /// UTF-8, with or without a mark.
    Utf8,
    /// A code page of Windows; read as the western one, 1252.
    Ansi,
    /// UTF-16, little endian.
    Utf16Le,
    /// UTF-16, big endian.
    Utf16Be,
}

impl LogEncoding {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            LogEncoding::Ascii => "ascii",
            LogEncoding::Utf8 => "utf-8",
            LogEncoding::Ansi => "ansi",
            LogEncoding::Utf16Le => "utf-16le",
            LogEncoding::Utf16Be => "utf-16be",
        }
    }
}

/// A line, without its end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line<'t> {
    /// Counted from 1.
    pub(super) number: u64,
    /// What it says.
    pub(super) text: &'t str,
}

/// Bytes of a line that are kept; entries of SetupAPI have 336 characters at
/// most, the longest lines of CBS.log seen some thousand.
const LONGEST: usize = 64 << 10;
/// How much is looked at to tell the encoding, in bytes.
const SNIFFED: usize = 4096;

/// Where the units of a text lie in its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coding {
    Bytes,
    Wide { big: bool },
}

/// Makes lines of bytes.
#[derive(Debug, Default)]
pub(super) struct Lines {
    coding: Option<Coding>,
    /// What came before the encoding was told, then the line that is not
    /// complete yet.
    pending: Vec<u8>,
    /// The first byte of a unit whose second has not come yet.
    half: Option<u8>,
    /// Whether the line that is being read was cut.
    cutting: bool,
    number: u64,
    /// Lines that were cut.
    pub(super) cut: u64,
    marked: bool,
    beyond_ascii: bool,
    not_utf8: bool,
    /// Bytes that no text has: control characters other than blanks.
    odd: u64,
    bytes: u64,
}

impl Lines {
    /// Takes bytes, and gives the lines that they complete.
    pub(super) fn feed(&mut self, mut bytes: &[u8], each: &mut dyn FnMut(Line<'_>)) {
        if self.coding.is_none() {
            let wanted = SNIFFED.saturating_sub(self.pending.len()).min(bytes.len());
            let (first, rest) = bytes.split_at(wanted);
            self.pending.extend_from_slice(first);
            bytes = rest;
            if self.pending.len() < SNIFFED {
                return;
            }
            self.tell(each);
        }
        self.split(bytes, each);
    }

    /// Gives the last line.
    pub(super) fn finish(&mut self, each: &mut dyn FnMut(Line<'_>)) {
        if self.coding.is_none() {
            self.tell(each);
        }
        if !self.pending.is_empty() || self.cutting {
            self.complete(each);
        }
    }

    /// Lines that were given.
    pub(super) fn count(&self) -> u64 {
        self.number
    }

    /// How the text is encoded, as far as was seen.
    pub(super) fn encoding(&self) -> LogEncoding {
        match self.coding {
            Some(Coding::Wide { big: false }) => LogEncoding::Utf16Le,
            Some(Coding::Wide { big: true }) => LogEncoding::Utf16Be,
            _ if self.not_utf8 => LogEncoding::Ansi,
            _ if self.marked || self.beyond_ascii => LogEncoding::Utf8,
            _ => LogEncoding::Ascii,
        }
    }

    /// Whether what was seen is no text: one byte of fifty is none that texts
    /// have. Runs of zeros are not counted: a power loss leaves them in logs.
    pub(super) fn is_binary(&self) -> bool {
        self.odd > 8 && self.odd.saturating_mul(50) > self.bytes
    }

    fn tell(&mut self, each: &mut dyn FnMut(Line<'_>)) {
        let sniffed = std::mem::take(&mut self.pending);
        let (coding, mark) = coding(&sniffed);
        self.coding = Some(coding);
        self.marked = mark > 0;
        self.split(sniffed.get(mark..).unwrap_or_default(), each);
    }

    fn split(&mut self, bytes: &[u8], each: &mut dyn FnMut(Line<'_>)) {
        self.bytes = self.bytes.saturating_add(bytes.len() as u64);
        match self.coding {
            Some(Coding::Wide { big }) => self.split_wide(bytes, big, each),
            _ => {
                let mut rest = bytes;
                while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
                    let (line, after) = rest.split_at(end);
                    self.add(line);
                    self.complete(each);
                    rest = after.get(1..).unwrap_or_default();
                }
                self.add(rest);
            }
        }
    }

    fn split_wide(&mut self, bytes: &[u8], big: bool, each: &mut dyn FnMut(Line<'_>)) {
        for byte in bytes {
            let Some(first) = self.half.take() else {
                self.half = Some(*byte);
                continue;
            };
            let unit = match big {
                true => u16::from_be_bytes([first, *byte]),
                false => u16::from_le_bytes([first, *byte]),
            };
            match unit == u16::from(b'\n') {
                true => self.complete(each),
                false => self.add(&[first, *byte]),
            }
        }
    }

    fn add(&mut self, bytes: &[u8]) {
        let room = LONGEST.saturating_sub(self.pending.len());
        self.cutting |= bytes.len() > room;
        let kept = bytes.get(..bytes.len().min(room)).unwrap_or_default();
        self.pending.extend_from_slice(kept);
    }

    fn complete(&mut self, each: &mut dyn FnMut(Line<'_>)) {
        self.number = self.number.saturating_add(1);
        self.cut = self.cut.saturating_add(u64::from(self.cutting));
        let cut = std::mem::take(&mut self.cutting);
        let bytes = std::mem::take(&mut self.pending);
        let text = match self.coding {
            Some(Coding::Wide { big }) => {
                let encoding = if big { UTF_16BE } else { UTF_16LE };
                encoding.decode_without_bom_handling(&bytes).0
            }
            _ => self.narrow(&bytes, cut),
        };
        let odd = |c: char| (c.is_control() && !matches!(c, '\t' | '\r' | '\0')) || c == '\u{FFFD}';
        self.odd = self.odd.saturating_add(text.matches(odd).count() as u64);
        let text = text.trim_end_matches(['\r', ' ', '\t', '\0']);
        let text = text.trim_start_matches('\0');
        each(Line {
            number: self.number,
            text,
        });
        // The room is used again.
        self.pending = bytes;
        self.pending.clear();
    }

    fn narrow<'b>(&mut self, bytes: &'b [u8], cut: bool) -> Cow<'b, str> {
        match std::str::from_utf8(bytes) {
            Ok(text) => {
                self.beyond_ascii |= !text.is_ascii();
                Cow::Borrowed(text)
            }
            // A cut may have gone through a character.
            Err(error) if cut && bytes.len() - error.valid_up_to() < 4 => {
                let whole = bytes.get(..error.valid_up_to()).unwrap_or_default();
                String::from_utf8_lossy(whole)
            }
            Err(_) => {
                self.not_utf8 = true;
                WINDOWS_1252.decode_without_bom_handling(bytes).0
            }
        }
    }
}

/// The encoding of a text that begins so, and the length of its mark.
fn coding(start: &[u8]) -> (Coding, usize) {
    match start {
        [0xFF, 0xFE, ..] => return (Coding::Wide { big: false }, 2),
        [0xFE, 0xFF, ..] => return (Coding::Wide { big: true }, 2),
        [0xEF, 0xBB, 0xBF, ..] => return (Coding::Bytes, 3),
        _ => {}
    }
    // Without a mark: logs begin with ASCII, whose high bytes are zero.
    let pairs = start.len() / 2;
    let zeros = |offset: usize| {
        let halves = start.iter().skip(offset).step_by(2).take(pairs);
        halves.filter(|byte| **byte == 0).count()
    };
    let (first, second) = (zeros(0), zeros(1));
    match pairs {
        0 => (Coding::Bytes, 0),
        _ if second * 10 > pairs * 7 && first * 10 < pairs => (Coding::Wide { big: false }, 0),
        _ if first * 10 > pairs * 7 && second * 10 < pairs => (Coding::Wide { big: true }, 0),
        _ => (Coding::Bytes, 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8], step: usize) -> (Vec<String>, LogEncoding) {
        let mut lines = Lines::default();
        let mut found = Vec::new();
        let mut each = |line: Line<'_>| found.push(line.text.to_owned());
        for piece in bytes.chunks(step.max(1)) {
            lines.feed(piece, &mut each);
        }
        lines.finish(&mut each);
        (found, lines.encoding())
    }

    #[test]
    fn every_encoding_gives_the_same_lines_however_it_comes() {
        let text = "erste Zeile\r\nGer\u{e4}t\r\n\r\nletzte";
        let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let ansi = b"erste Zeile\r\nGer\xe4t\r\n\r\nletzte".to_vec();
        for (bytes, encoding) in [
            (text.as_bytes().to_vec(), LogEncoding::Utf8),
            (
                [b"\xef\xbb\xbf", text.as_bytes()].concat(),
                LogEncoding::Utf8,
            ),
            (ansi, LogEncoding::Ansi),
            (wide.clone(), LogEncoding::Utf16Le),
            (
                [b"\xff\xfe".as_slice(), &wide].concat(),
                LogEncoding::Utf16Le,
            ),
            (big.clone(), LogEncoding::Utf16Be),
            (
                [b"\xfe\xff".as_slice(), &big].concat(),
                LogEncoding::Utf16Be,
            ),
        ] {
            for step in [1, 2, 3, 7, 10_000] {
                let found = read(&bytes, step);
                let expected = ["erste Zeile", "Ger\u{e4}t", "", "letzte"].map(str::to_owned);
                assert_eq!(found, (expected.to_vec(), encoding), "{step}");
            }
        }
    }

    #[test]
    fn an_endless_line_is_cut_and_the_next_one_whole() {
        let mut bytes = vec![b'x'; 3 << 20];
        bytes.extend_from_slice(b"\nnext\n");
        let mut lines = Lines::default();
        let mut lengths = Vec::new();
        let mut each = |line: Line<'_>| lengths.push(line.text.len());
        for piece in bytes.chunks(10_000) {
            lines.feed(piece, &mut each);
            assert!(lines.pending.len() <= LONGEST);
        }
        lines.finish(&mut each);
        assert_eq!(lengths, [LONGEST, 4]);
        assert_eq!(lines.cut, 1);
    }

    #[test]
    fn half_a_unit_at_the_end_is_no_character() {
        let (lines, _) = read(b"\xff\xfea\0b\0c", 2);
        assert_eq!(lines, ["ab"]);
        assert_eq!(read(b"", 1).0, [""; 0]);
    }

    #[test]
    fn programs_are_no_text_and_logs_with_runs_of_zeros_are() {
        let mut lines = Lines::default();
        let program: Vec<u8> = (0..20_000_u32)
            .map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8)
            .collect();
        lines.feed(&program, &mut |_| {});
        lines.finish(&mut |_| {});
        assert!(lines.is_binary());
        let mut lines = Lines::default();
        let log = [b"2024-01-01 00:00:00, Info\n".repeat(300), vec![0; 5000]].concat();
        lines.feed(&log, &mut |_| {});
        lines.finish(&mut |_| {});
        assert!(!lines.is_binary());
    }
}
