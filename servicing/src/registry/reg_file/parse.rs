//! The parser: bytes of a `.reg` file to sections and values.

use wimwright_hive::kind;

use super::encoding::{CodePage, RegFileEncoding, decode};
use super::error::{RegFileError, RegFileRule};
use super::lines::{Line, Lines, is_over, shown, trim_end, trim_start};
use super::{RegFile, RegFileVersion, RegSection, RegValue, hex_data, text_data};
use crate::registry::RegData;
use crate::text::Text;

/// The longest file that is read, in bytes: an export of a whole large hive has
/// some hundred MiB.
pub const MAX_REG_FILE: u64 = 512 * 1024 * 1024;

/// How a `.reg` file is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RegFileOptions {
    /// The code page of a file without a byte order mark, where it is known.
    /// Else UTF-8 is recognised, and `ansi` is taken for all other text.
    pub code_page: Option<CodePage>,
    /// The code page that the image reads ANSI text in; also that of
    /// hexadecimal text data in `REGEDIT4` files.
    pub ansi: CodePage,
    /// Skip what cannot be understood, as regedit does, instead of refusing the
    /// file.
    pub skip_bad_lines: bool,
}

impl Default for RegFileOptions {
    fn default() -> RegFileOptions {
        RegFileOptions {
            code_page: None,
            ansi: CodePage::WESTERN,
            skip_bad_lines: false,
        }
    }
}

impl RegFile {
    /// Reads a `.reg` file.
    ///
    /// # Errors
    /// [`RegFileError`] for the first line that breaks a rule; with
    /// [`RegFileOptions::skip_bad_lines`] only where the file as a whole does.
    pub fn parse(bytes: &[u8], options: &RegFileOptions) -> Result<RegFile, RegFileError> {
        let in_first = |rule| RegFileError { line: 1, rule };
        let len = bytes.len() as u64;
        if len > MAX_REG_FILE {
            let max = MAX_REG_FILE;
            return Err(in_first(RegFileRule::TooLong { len, max }));
        }
        let (units, encoding) = decode(bytes, options.code_page, options.ansi).map_err(in_first)?;
        let mut lines = Lines::of(&units);
        let header = lines.next().map_or(&[][..], |line| line.text);
        let version = version(header).map_err(in_first)?;
        // Text in hexadecimal is ANSI by the version of the format: files of
        // version 5.00 that were saved as ANSI or UTF-8 hold UTF-16 there.
        let narrow = (version == RegFileVersion::Regedit4).then(|| match encoding {
            RegFileEncoding::Ansi(page) => page,
            _ => options.code_page.unwrap_or(options.ansi),
        });
        let mut parser = Parser {
            lines,
            narrow,
            sections: Vec::new(),
            open: false,
        };
        let mut skipped = Vec::new();
        while let Some(line) = parser.lines.next() {
            let behind = parser.lines;
            let Err(rule) = parser.line(line) else {
                continue;
            };
            let error = RegFileError {
                line: line.number,
                rule,
            };
            if !options.skip_bad_lines {
                return Err(error);
            }
            skipped.push(error);
            parser.lines = behind;
        }
        Ok(RegFile {
            version,
            encoding,
            sections: parser.sections,
            skipped,
        })
    }
}

/// The version by the first line. Blanks before it are allowed, an empty line
/// is not; regedit compares it exactly, with case.
fn version(line: &[u16]) -> Result<RegFileVersion, RegFileRule> {
    let line = trim_start(trim_end(line));
    let is = |text: &str| text.encode_utf16().eq(line.iter().copied());
    if is("Windows Registry Editor Version 5.00") {
        Ok(RegFileVersion::Version5)
    } else if is("REGEDIT4") {
        Ok(RegFileVersion::Regedit4)
    } else if is("REGEDIT") {
        Err(RegFileRule::Windows31)
    } else {
        let found = shown(line);
        Err(RegFileRule::Header { found })
    }
}

struct Parser<'t> {
    lines: Lines<'t>,
    /// The code page of text in hexadecimal; `None` where it is UTF-16LE.
    narrow: Option<CodePage>,
    sections: Vec<RegSection>,
    /// Whether the last section takes values.
    open: bool,
}

/// The first unit of `text`, if it is ASCII.
fn first(text: &[u16]) -> Option<u8> {
    text.first().and_then(|unit| u8::try_from(*unit).ok())
}

impl<'t> Parser<'t> {
    fn line(&mut self, line: Line<'t>) -> Result<(), RegFileRule> {
        let text = trim_start(line.text);
        let behind = text.get(1..).unwrap_or_default();
        match first(text) {
            None if text.is_empty() => Ok(()),
            // Old editors end a text with Ctrl-Z, some programs with NUL.
            Some(0 | 0x1A) if text.iter().all(|unit| matches!(unit, 0 | 0x1A)) => Ok(()),
            // Windows skips a line that begins with `#`, and people use it for
            // comments.
            Some(b';' | b'#') => Ok(()),
            Some(b'[') => {
                // Whatever is wrong with the key, what follows is not for the
                // key before it.
                self.open = false;
                self.key(behind, line.number)
            }
            Some(b'@') => self.value(&[], behind, line),
            Some(b'"') => {
                let (name, behind) = text_data::name(behind)?;
                self.value(&name, behind, line)
            }
            _ => Err(RegFileRule::NotALine { found: shown(text) }),
        }
    }

    fn key(&mut self, text: &[u16], line: u32) -> Result<(), RegFileRule> {
        let text = inside_brackets(text)?;
        let (delete, path) = match text {
            [minus, path @ ..] if *minus == u16::from(b'-') => (true, path),
            path => (false, path),
        };
        if path
            .first()
            .is_some_and(|unit| super::lines::is_blank(*unit))
        {
            return Err(RegFileRule::KeyBlank);
        }
        // Windows opens `key\` as `key`.
        let backslash = u16::from(b'\\');
        let last = path.iter().rposition(|unit| *unit != backslash);
        let path = last.and_then(|last| path.get(..=last)).unwrap_or_default();
        if path.split(|unit| *unit == backslash).any(<[u16]>::is_empty) {
            let found = shown(path);
            return Err(RegFileRule::KeyEmptyName { found });
        }
        self.sections.push(RegSection {
            line,
            key: Text::from_units(path),
            delete,
            values: Vec::new(),
        });
        self.open = !delete;
        Ok(())
    }

    fn value(
        &mut self,
        name: &[u16],
        behind: &'t [u16],
        line: Line<'t>,
    ) -> Result<(), RegFileRule> {
        let behind = trim_start(behind);
        if first(behind) != Some(b'=') {
            let found = shown(behind);
            return Err(RegFileRule::NoEquals { found });
        }
        let data = trim_start(behind.get(1..).unwrap_or_default());
        let data = self.data(data, line)?;
        match self.sections.last_mut().filter(|_| self.open) {
            Some(section) => section.values.push(RegValue {
                line: line.number,
                name: Text::from_units(name),
                data,
            }),
            None => return Err(RegFileRule::NoKey),
        }
        Ok(())
    }

    /// What stands behind `=`; `None` for `-`.
    fn data(&mut self, text: &'t [u16], line: Line<'t>) -> Result<Option<RegData>, RegFileRule> {
        let end = |behind: &[u16]| match is_over(behind) {
            true => Ok(()),
            false => Err(RegFileRule::Tail {
                found: shown(trim_start(behind)),
            }),
        };
        let behind = text.get(1..).unwrap_or_default();
        match first(text) {
            Some(b'-') => {
                end(behind)?;
                return Ok(None);
            }
            Some(b'"') => {
                let (mut units, behind) = text_data::data(behind, line, &mut self.lines)?;
                end(behind)?;
                units.push(0);
                return Ok(Some(RegData {
                    kind: kind::SZ,
                    bytes: little_endian(&units),
                }));
            }
            _ => {}
        }
        if let Some(digits) = strip(text, "dword:") {
            let number = hex_data::number(trim_start(digits));
            let Some((number, behind)) = number else {
                let found = shown(trim_start(digits));
                return Err(RegFileRule::Dword { found });
            };
            end(behind)?;
            return Ok(Some(RegData::dword(number)));
        }
        let (kind, bytes) = if let Some(bytes) = strip(text, "hex:") {
            (kind::BINARY, bytes)
        } else if let Some(number) = strip(text, "hex(") {
            let wrong = || RegFileRule::HexType {
                found: shown(number),
            };
            let (kind, behind) = hex_data::number(number).ok_or_else(wrong)?;
            (kind, strip(behind, "):").ok_or_else(wrong)?)
        } else {
            let found = shown(text);
            return Err(RegFileRule::DataType { found });
        };
        let mut bytes = hex_data::read(bytes, &mut self.lines)?;
        let is_text = matches!(kind, kind::SZ | kind::EXPAND_SZ | kind::MULTI_SZ);
        if let Some(page) = self.narrow.filter(|_| is_text) {
            let units = page.decode(&bytes);
            let units = units.ok_or_else(|| RegFileRule::DataUndecodable {
                encoding: page.name().to_owned(),
            })?;
            bytes = little_endian(&units);
        }
        Ok(Some(RegData { kind, bytes }))
    }
}

/// What stands between `[` and `]`; `text` begins behind `[`. A key's name may
/// hold `]`, so the key ends at the last one, unless that is in a comment.
fn inside_brackets(text: &[u16]) -> Result<&[u16], RegFileRule> {
    let closing = u16::from(b']');
    let trimmed = trim_end(text);
    let mut ends = trimmed
        .iter()
        .enumerate()
        .filter(|(_, unit)| **unit == closing)
        .map(|(at, _)| at);
    let behind = |end: usize| trimmed.get(end + 1..).unwrap_or_default();
    let Some(last) = ends.clone().next_back() else {
        return Err(RegFileRule::KeyNotClosed);
    };
    // `] ;` in the middle: where a comment begins, or a strange name?
    let comment = ends.find(|end| *end != last && is_over(behind(*end)));
    let end = match (comment, behind(last)) {
        (Some(_), []) => return Err(RegFileRule::KeyComment),
        (Some(comment), _) => comment,
        (None, rest) if is_over(rest) => last,
        (None, rest) => {
            let found = shown(trim_start(rest));
            return Err(RegFileRule::KeyTail { found });
        }
    };
    Ok(text.get(..end).unwrap_or_default())
}

/// What follows `word` (in ASCII, whatever its case) at the start of `text`.
fn strip<'t>(text: &'t [u16], word: &str) -> Option<&'t [u16]> {
    let (head, rest) = text.split_at_checked(word.len())?;
    let same = |(unit, byte): (&u16, u8)| {
        u8::try_from(*unit).is_ok_and(|unit| unit.eq_ignore_ascii_case(&byte))
    };
    head.iter().zip(word.bytes()).all(same).then_some(rest)
}

fn little_endian(units: &[u16]) -> Vec<u8> {
    units.iter().flat_map(|unit| unit.to_le_bytes()).collect()
}
