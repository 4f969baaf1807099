//! Bytes to text: which encoding an INF is in, and how Windows reads it.
//!
//! InfVerif accepts "ANSI or UTF-16 LE" only (rule 1003). Real files also come
//! as UTF-8 with a byte order mark. UTF-8 *without* one is ANSI to Windows, so
//! it is decoded with the caller's code page here too; it gets a finding.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};
use memchr::memchr2;

use crate::finding::{Findings, Rule};
use crate::position;

/// How the bytes of an INF were read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextEncoding {
    /// One of the ANSI code pages, the one of the options; plain ASCII is this.
    Ansi(&'static Encoding),
    /// UTF-8 with a byte order mark.
    Utf8WithBom,
    /// UTF-16, little endian, the encoding Microsoft recommends.
    Utf16Le {
        /// Whether the file starts with a byte order mark.
        bom: bool,
    },
    /// UTF-16, big endian, with a byte order mark.
    Utf16BeWithBom,
}

impl TextEncoding {
    /// Looks at the start of the file, as Windows does.
    fn detect(bytes: &[u8], ansi: &'static Encoding) -> (Self, usize) {
        match bytes {
            [0xFF, 0xFE, ..] => (TextEncoding::Utf16Le { bom: true }, 2),
            [0xFE, 0xFF, ..] => (TextEncoding::Utf16BeWithBom, 2),
            [0xEF, 0xBB, 0xBF, ..] => (TextEncoding::Utf8WithBom, 3),
            // Two ASCII characters as UTF-16. Windows asks `IsTextUnicode`,
            // a statistical test over the file; an INF starts with `[`, `;`
            // or blanks, so this shorter question has the same answer.
            [1..=255, 0, 1..=255, 0, ..] => (TextEncoding::Utf16Le { bom: false }, 0),
            _ => (TextEncoding::Ansi(ansi), 0),
        }
    }

    fn decoder(self) -> &'static Encoding {
        match self {
            TextEncoding::Ansi(ansi) => ansi,
            TextEncoding::Utf8WithBom => UTF_8,
            TextEncoding::Utf16Le { .. } => UTF_16LE,
            TextEncoding::Utf16BeWithBom => UTF_16BE,
        }
    }
}

/// Decodes a file. The text ends at the first Ctrl-Z, as it does for
/// `SetupOpenInfFile`, and each NUL is a blank in it: both facts are in Wine's
/// conformance tests, which pass on Windows.
pub(crate) fn decode(
    bytes: &[u8],
    ansi: &'static Encoding,
    findings: &mut Findings,
) -> (String, TextEncoding) {
    let (encoding, mark_len) = TextEncoding::detect(bytes, ansi);
    let body = bytes.get(mark_len..).unwrap_or_default();
    let (text, replaced) = match ascii_of_utf16(encoding, body) {
        Some(text) => (Cow::Owned(text), false),
        None => encoding.decoder().decode_without_bom_handling(body),
    };
    // Of an ANSI file the decoder lends the bytes if all are ASCII.
    let is_ascii = matches!(text, Cow::Borrowed(_));
    let mut text = text.into_owned();
    // Two signed libusbK packages of 2014 carry the mark twice.
    if text.starts_with('\u{FEFF}') {
        findings.add(0, 0, Rule::UnusualEncoding, || {
            "the file has more than one byte order mark".to_owned()
        });
        text = text.trim_start_matches('\u{FEFF}').to_owned();
    }
    if replaced {
        findings.add(0, 0, Rule::UndecodableBytes, || {
            format!(
                "some bytes mean nothing in {} and became U+FFFD",
                encoding.decoder().name()
            )
        });
    }
    match encoding {
        TextEncoding::Utf8WithBom | TextEncoding::Utf16BeWithBom => {
            findings.add(0, 0, Rule::UnusualEncoding, || {
                let name = encoding.decoder().name();
                format!("the file is {name} with a byte order mark, not ANSI or UTF-16LE")
            });
        }
        TextEncoding::Utf16Le { bom: false } => findings.add(0, 0, Rule::UnusualEncoding, || {
            "the file is UTF-16LE without a byte order mark".to_owned()
        }),
        TextEncoding::Ansi(ansi)
            if ansi != UTF_8 && !is_ascii && std::str::from_utf8(body).is_ok() =>
        {
            findings.add(0, 0, Rule::UnusualEncoding, || {
                let name = ansi.name();
                format!("the file is probably UTF-8, but Windows reads it as ANSI ({name})")
            });
        }
        _ => {}
    }
    // Both are rare, so one look for either is all that most files cost.
    if memchr2(0, 0x1A, text.as_bytes()).is_some() {
        if let Some(end) = text.find('\u{1A}') {
            end_at(end, &mut text, findings);
        }
        text = text.replace('\0', " ");
    }
    (text, encoding)
}

/// The text of a UTF-16LE file that has nothing but ASCII in it, as most have:
/// much faster than decoding.
fn ascii_of_utf16(encoding: TextEncoding, body: &[u8]) -> Option<String> {
    if !matches!(encoding, TextEncoding::Utf16Le { .. }) || !body.len().is_multiple_of(2) {
        return None;
    }
    let units = || {
        let pairs = body.chunks_exact(2);
        pairs.map(|pair| u16::from_le_bytes(pair.try_into().unwrap_or_default()))
    };
    // Or-ed together rather than tested one by one, for vector instructions.
    if units().fold(0, |all, unit| all | unit) >= 0x80 {
        return None;
    }
    let ascii = units().map(|unit| unit.to_le_bytes()[0]).collect();
    String::from_utf8(ascii).ok()
}

/// Ends the text at a Ctrl-Z. That something stands behind it is a finding.
fn end_at(end: usize, text: &mut String, findings: &mut Findings) {
    let rest = text.get(end..).unwrap_or_default();
    let is_nothing = |c: char| matches!(c, '\u{1A}' | '\0') || c.is_whitespace();
    if !rest.chars().all(is_nothing) {
        let before = text.bytes().take(end).filter(|&b| b == b'\n').count();
        let line = u32::try_from(before + 1).unwrap_or(u32::MAX);
        let column = position::column(text, &[], end);
        findings.add(line, column, Rule::TextAfterEndMark, || {
            "Ctrl-Z ends the file here, the rest is not read".to_owned()
        });
    }
    text.truncate(end);
}

#[cfg(test)]
mod tests {
    use super::*;
    use encoding_rs::{GBK, WINDOWS_1252};

    fn rules(bytes: &[u8], ansi: &'static Encoding) -> (String, TextEncoding, Vec<Rule>) {
        let mut findings = Findings::default();
        let (text, encoding) = decode(bytes, ansi, &mut findings);
        let rules = findings.into_sorted().iter().map(|f| f.rule).collect();
        (text, encoding, rules)
    }

    #[test]
    fn the_start_of_the_file_tells_its_encoding() {
        let ansi = TextEncoding::Ansi(WINDOWS_1252);
        let unusual = vec![Rule::UnusualEncoding];
        for (bytes, text, encoding, found) in [
            (&b""[..], "", ansi, vec![]),
            (b"[a]", "[a]", ansi, vec![]),
            (b"\xA9 x", "© x", ansi, vec![]),
            (b"\xC2\xA9", "Â©", ansi, unusual.clone()),
            (
                b"\xEF\xBB\xBF\xC2\xA9",
                "©",
                TextEncoding::Utf8WithBom,
                unusual.clone(),
            ),
            (
                b"\xFF\xFE[\0\xA9\0",
                "[©",
                TextEncoding::Utf16Le { bom: true },
                vec![],
            ),
            (
                b"[\0a\0",
                "[a",
                TextEncoding::Utf16Le { bom: false },
                unusual.clone(),
            ),
            (b"\xFE\xFF\0[", "[", TextEncoding::Utf16BeWithBom, unusual),
        ] {
            let (got, got_encoding, rules) = rules(bytes, WINDOWS_1252);
            assert_eq!(got, text, "text of {bytes:02x?}");
            assert_eq!(got_encoding, encoding, "encoding of {bytes:02x?}");
            assert_eq!(rules, found, "findings of {bytes:02x?}");
        }
    }

    #[test]
    fn a_bad_byte_is_replaced_and_never_fails_the_file() {
        let (text, _, found) = rules(b"\xFF\xFE[\0\x00\xD8]", WINDOWS_1252);
        assert!(text.starts_with("[\u{FFFD}"), "{text:?}");
        assert_eq!(found, [Rule::UndecodableBytes]);
        let (text, _, found) = rules(b"\xB2\xE2\xFF", GBK);
        assert_eq!(text, "测\u{FFFD}");
        assert_eq!(found, [Rule::UndecodableBytes]);
    }

    #[test]
    fn ctrl_z_ends_the_text_and_nul_is_a_blank() {
        let (text, _, found) = rules(b"a\0b\n\x1A\r\n", WINDOWS_1252);
        assert_eq!(text, "a b\n");
        assert_eq!(found, []);
        let (text, _, found) = rules(b"a\n\x1Ab", WINDOWS_1252);
        assert_eq!(text, "a\n");
        assert_eq!(found, [Rule::TextAfterEndMark]);
    }
}
