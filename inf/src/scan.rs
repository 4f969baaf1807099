//! Text to sections, lines and fields: one pass over the characters.
//!
//! Where the documentation ("General Syntax Rules for INF Files") and the
//! behaviour of `SetupOpenInfFile` part ways, this follows the behaviour, as
//! Wine's conformance tests of INF parsing record it; they pass on Windows:
//! * only a line feed ends a line; a carriage return is a blank;
//! * `;` starts a comment inside `%token%` too, only quotes protect it;
//! * an open quote ends with its line, and a `\` there is text;
//! * a backslash before the end of a line continues it, and so does a run of
//!   backslashes and blanks, or one that a comment follows.

use memchr::{memchr, memchr2};

use crate::field::{Field, Origin};
use crate::finding::{Findings, Rule};
use crate::name::NameIndex;
use crate::position::{self, Replaced};
use crate::value::{Value, plain_len};

/// Longest section name in characters ("General Syntax Rules": "A section
/// name has a maximum length of 255 characters").
const MAX_SECTION_NAME_LEN: usize = 255;

/// Longest field in characters ("INF Size Limits": 4096 with the NUL).
const MAX_FIELD_LEN: usize = 4095;

/// A section header; the lines are a range of the sorted list of lines.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SectionRecord {
    pub(crate) name: Field,
    /// Line of the first header of this name, counted from 1.
    pub(crate) header: u32,
    pub(crate) first_line: u32,
    pub(crate) line_count: u32,
}

/// One line with content.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LineRecord {
    /// First physical line, counted from 1.
    pub(crate) number: u32,
    /// Position of its first character in the text.
    pub(crate) start: u32,
    pub(crate) first_field: u32,
    /// Fields including the key; the top bit says that the first one is it.
    field_count_and_key: u32,
}

const HAS_KEY: u32 = 1 << 31;

impl LineRecord {
    /// Whether the first field stands before `=`.
    pub(crate) fn has_key(self) -> bool {
        self.field_count_and_key & HAS_KEY != 0
    }

    /// Number of fields, the key among them.
    pub(crate) fn field_count(self) -> u32 {
        self.field_count_and_key & !HAS_KEY
    }
}

/// What the scanner found.
#[derive(Debug, Default)]
pub(crate) struct Scan {
    /// Text of fields that quotes or continued lines interrupt.
    pub(crate) joined: String,
    pub(crate) sections: Vec<SectionRecord>,
    pub(crate) index: NameIndex,
    pub(crate) lines: Vec<LineRecord>,
    pub(crate) fields: Vec<Field>,
    /// Where the joined fields stood.
    pub(crate) origins: Vec<Origin>,
}

/// Which dialect of the format is read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dialect {
    /// `#` at the start of a line starts a comment (`txtsetup.oem`).
    pub(crate) hash_comment: bool,
    /// `\` at the end of a line continues it (not in `txtsetup.oem`, where it
    /// is the root directory).
    pub(crate) continuation: bool,
}

/// Scans the whole text.
pub(crate) fn scan(
    text: &str,
    replaced: &[Replaced],
    dialect: Dialect,
    findings: &mut Findings,
) -> Scan {
    // Counted first, so that a hostile file costs its exact size and not the
    // doubling of a growing list.
    let line_ends = 1 + count(text, |byte| byte == b'\n');
    // `[a]` and a line end: four bytes are the least a further section takes.
    let headers = count(text, |byte| byte == b'[').min(text.len() / 4 + 1);
    let separators = line_ends + count(text, |byte| matches!(byte, b',' | b'='));
    let mut scanner = Scanner {
        text,
        at: 0,
        line: 1,
        dialect,
        replaced,
        findings,
        found: Scan {
            fields: Vec::with_capacity(separators.min(text.len() + 1)),
            lines: Vec::with_capacity(line_ends.min(text.len())),
            sections: Vec::with_capacity(headers),
            index: NameIndex::with_capacity(headers.min(text.len() / 16)),
            joined: String::new(),
            origins: Vec::new(),
        },
        section_of_line: Vec::with_capacity(line_ends.min(text.len())),
        section: None,
    };
    scanner.run();
    let section_of_line = std::mem::take(&mut scanner.section_of_line);
    let mut found = scanner.found;
    group_by_section(&mut found, &section_of_line);
    found
}

/// Counts bytes in pieces whose count fits a byte, which the compiler turns
/// into vector instructions.
fn count(text: &str, wanted: impl Fn(u8) -> bool) -> usize {
    let pieces = text.as_bytes().chunks(128);
    let counts = pieces.map(|piece| {
        let count = |count: u8, &byte: &u8| count.wrapping_add(u8::from(wanted(byte)));
        usize::from(piece.iter().fold(0, count))
    });
    counts.sum()
}

/// What ended a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Equals,
    Comma,
    Line,
}

struct Scanner<'t, 'f> {
    text: &'t str,
    /// Position in the text, in bytes, always between two characters.
    at: usize,
    /// The line of `at`, counted from 1.
    line: u32,
    dialect: Dialect,
    /// Variables that were replaced in the text.
    replaced: &'t [Replaced],
    findings: &'f mut Findings,
    found: Scan,
    /// Section number of each line found, parallel to `found.lines`.
    section_of_line: Vec<u32>,
    section: Option<u32>,
}

impl Scanner<'_, '_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn run(&mut self) {
        while let Some(byte) = self.peek() {
            match byte {
                b'\n' => self.line_feed(),
                b';' => self.skip_line(),
                b'#' if self.dialect.hash_comment => self.skip_line(),
                b'[' => self.header(),
                _ => match self.blank_len(byte) {
                    0 => self.entry(),
                    len => self.at += len,
                },
            }
        }
    }

    /// Adds a finding about what stands at `at` in a line.
    fn report(&mut self, line: u32, at: usize, rule: Rule, message: impl FnOnce() -> String) {
        let column = position::column(self.text, self.replaced, at);
        self.findings.add(line, column, rule, message);
    }

    fn line_feed(&mut self) {
        self.at += 1;
        self.line = self.line.saturating_add(1);
    }

    /// Moves to the line feed that ends this line, or to the end of the text.
    fn skip_line(&mut self) {
        self.at = self.line_end();
    }

    fn line_end(&self) -> usize {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        self.at + memchr(b'\n', rest).unwrap_or(rest.len())
    }

    /// Length of the blank at the current position, 0 if there is none.
    #[inline(always)]
    fn blank_len(&self, byte: u8) -> usize {
        match byte {
            b' ' | b'\t' | b'\r' | 0x0B | 0x0C => 1,
            // Lead bytes of the blanks outside ASCII: U+0085, U+00A0, U+1680,
            // U+2000 to U+205F, U+3000.
            0xC2 | 0xE1..=0xE3 => self
                .text
                .get(self.at..)
                .and_then(|rest| rest.chars().next())
                .filter(|c| c.is_whitespace())
                .map_or(0, char::len_utf8),
            _ => 0,
        }
    }

    fn skip_blanks(&mut self) {
        while let Some(byte) = self.peek() {
            match self.blank_len(byte) {
                0 => return,
                len => self.at += len,
            }
        }
    }

    /// `[name]`, at its opening bracket. Blanks inside belong to the name, and
    /// so does `;`. The rest of the line is ignored.
    fn header(&mut self) {
        self.at += 1;
        let (start, line_end) = (self.at, self.line_end());
        let body = self.text.get(start..line_end).unwrap_or_default();
        let (name, rest) = match memchr(b']', body.as_bytes()) {
            Some(len) => (
                body.get(..len).unwrap_or_default(),
                body.get(len + 1..).unwrap_or_default().trim_start(),
            ),
            None => {
                self.report(self.line, start - 1, Rule::SectionNameUnclosed, || {
                    "the section header has no `]`".to_owned()
                });
                (body.trim_end(), "")
            }
        };
        if name.len() > MAX_SECTION_NAME_LEN {
            let len = name.chars().count();
            if len > MAX_SECTION_NAME_LEN {
                self.report(self.line, start - 1, Rule::SectionNameTooLong, || {
                    format!("the section name has {len} characters, at most 255 are allowed")
                });
            }
        }
        if !rest.is_empty() && !rest.starts_with(';') {
            let at = line_end - rest.len();
            self.report(self.line, at, Rule::TextAfterSectionName, || {
                format!("text behind `[{name}]` is ignored")
            });
        }
        self.open_section(name, start);
        self.at = line_end;
    }

    fn open_section(&mut self, name: &str, start: usize) {
        let (text, sections) = (self.text, &self.found.sections);
        let name_of = |number: u32| {
            sections
                .get(number as usize)
                .map_or("", |section| section.name.text(text, ""))
        };
        match self.found.index.add(name, name_of) {
            Ok(number) => self.section = Some(number),
            Err(number) => {
                let first = sections.get(number as usize).map_or(0, |s| s.header);
                self.section = Some(number);
                self.report(self.line, start - 1, Rule::SectionDefinedTwice, || {
                    format!("`[{name}]` was defined in line {first}, the entries are merged")
                });
                return;
            }
        }
        self.found.sections.push(SectionRecord {
            name: Field::new(start, start + name.len(), false, false),
            header: self.line,
            first_line: 0,
            line_count: 0,
        });
    }

    /// A line with content, at its first character.
    fn entry(&mut self) {
        let number = self.line;
        let start = self.at;
        let first_field = self.found.fields.len();
        let mut has_key = false;
        let mut end = self.field(true);
        if end == End::Equals {
            has_key = true;
            end = self.field(false);
        }
        while end == End::Comma {
            end = self.field(false);
        }
        let Some(section) = self.section else {
            self.found.fields.truncate(first_field);
            self.report(number, start, Rule::LineBeforeSection, || {
                "an entry before the first section is skipped".to_owned()
            });
            return;
        };
        // Both numbers are below the text's length, hence below 2^31.
        let count = self.found.fields.len() - first_field;
        let key = if has_key { HAS_KEY } else { 0 };
        self.section_of_line.push(section);
        self.found.lines.push(LineRecord {
            number,
            start: u32::try_from(start).unwrap_or(u32::MAX),
            first_field: u32::try_from(first_field).unwrap_or(u32::MAX),
            field_count_and_key: u32::try_from(count).unwrap_or(0) | key,
        });
    }

    /// One field and what ended it. Only the first one of a line can be ended
    /// by `=`.
    fn field(&mut self, first: bool) -> End {
        let number = self.line;
        let mut value = Value::default();
        if !first {
            self.skip_blanks();
        }
        let field_start = self.at;
        // `start..end` is text not yet taken over; the blanks behind `end`
        // count only if more text follows them.
        let mut start = self.at;
        let mut end = self.at;
        let ended_by = loop {
            let Some(byte) = self.peek() else {
                break End::Line;
            };
            match byte {
                b'\n' => break End::Line,
                b'=' if first => break End::Equals,
                b',' => break End::Comma,
                b';' => {
                    value.push(self.text, start, end, &mut self.found.joined);
                    self.skip_line();
                    (start, end) = (self.at, self.at);
                    break End::Line;
                }
                b'"' => {
                    value.push(self.text, start, self.at, &mut self.found.joined);
                    self.quoted(&mut value);
                    (start, end) = (self.at, self.at);
                }
                b'\\' => {
                    let run_start = self.at;
                    let run_end = self.backslashes();
                    if self.dialect.continuation && self.continues() {
                        value.push(self.text, start, end, &mut self.found.joined);
                        self.skip_line();
                        if self.peek().is_none() {
                            self.report(self.line, run_start, Rule::ContinuationAtEnd, || {
                                "the last line of the file is continued".to_owned()
                            });
                        } else {
                            self.line_feed();
                            self.skip_blanks();
                        }
                        (start, end) = (self.at, self.at);
                    } else {
                        debug_assert!(run_start < run_end, "a run has a backslash");
                        end = run_end;
                    }
                }
                _ => match self.blank_len(byte) {
                    0 => {
                        // A whole character, with the bytes behind a lead
                        // byte, and then as much of a word as is at hand.
                        self.at += 1;
                        while self.peek().is_some_and(|byte| byte & 0xC0 == 0x80) {
                            self.at += 1;
                        }
                        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
                        self.at += plain_len(rest);
                        end = self.at;
                    }
                    len => self.at += len,
                },
            }
        };
        value.push(self.text, start, end, &mut self.found.joined);
        if ended_by != End::Line {
            self.at += 1;
        }
        let at = self.at;
        let field = value.finish(at, &self.found.joined, &mut self.found.origins);
        if field.len() > MAX_FIELD_LEN {
            let len = field.text(self.text, &self.found.joined).chars().count();
            if len > MAX_FIELD_LEN {
                self.report(number, field_start, Rule::FieldTooLong, || {
                    format!("a field has {len} characters, Windows reads at most 4095")
                });
            }
        }
        self.found.fields.push(field);
        ended_by
    }

    /// Walks over a run of backslashes and blanks and returns the end of its
    /// last backslash. Taking the whole run at once keeps a line of
    /// backslashes linear.
    fn backslashes(&mut self) -> usize {
        let mut end = self.at;
        while let Some(byte) = self.peek() {
            match self.blank_len(byte) {
                0 if byte == b'\\' => {
                    self.at += 1;
                    end = self.at;
                }
                0 => break,
                len => self.at += len,
            }
        }
        end
    }

    /// Whether the line ends here, but for a comment.
    fn continues(&self) -> bool {
        matches!(self.peek(), None | Some(b'\n' | b';'))
    }

    /// A quoted part, at its opening quote. Two quotes stand for one; the
    /// line's end closes it.
    fn quoted(&mut self, value: &mut Value) {
        value.quoted = true;
        let quote = self.at;
        self.at += 1;
        let mut start = self.at;
        loop {
            match self.peek() {
                Some(b'"') => {
                    let doubled = self.text.as_bytes().get(self.at + 1) == Some(&b'"');
                    let end = self.at + usize::from(doubled);
                    value.push(self.text, start, end, &mut self.found.joined);
                    self.at = end + 1;
                    if !doubled {
                        return;
                    }
                    start = self.at;
                }
                None | Some(b'\n') => {
                    let part = self.text.get(start..self.at).unwrap_or_default();
                    let part = part.strip_suffix('\r').unwrap_or(part);
                    value.push(self.text, start, start + part.len(), &mut self.found.joined);
                    self.report(self.line, quote, Rule::QuoteUnclosed, || {
                        "a quote is closed by the line's end only".to_owned()
                    });
                    return;
                }
                Some(_) => {
                    let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
                    self.at += memchr2(b'"', b'\n', rest).unwrap_or(rest.len());
                }
            }
        }
    }
}

/// Puts the lines of each section side by side, in the order of the file.
fn group_by_section(found: &mut Scan, section_of_line: &[u32]) {
    for &section in section_of_line {
        if let Some(section) = found.sections.get_mut(section as usize) {
            section.line_count += 1;
        }
    }
    let mut first = 0;
    for section in &mut found.sections {
        section.first_line = first;
        first += section.line_count;
    }
    if section_of_line.is_sorted() {
        return;
    }
    let mut next: Vec<u32> = found.sections.iter().map(|s| s.first_line).collect();
    let mut sorted = found.lines.clone();
    for (line, &section) in found.lines.iter().zip(section_of_line) {
        if let Some(next) = next.get_mut(section as usize) {
            if let Some(place) = sorted.get_mut(*next as usize) {
                *place = *line;
            }
            *next += 1;
        }
    }
    found.lines = sorted;
}

#[cfg(test)]
mod tests {
    use crate::{Inf, ParseOptions, Rule};

    /// The key and the fields of the only line of `[Test]`.
    fn line(text: &str) -> (Option<String>, Vec<String>) {
        let options = ParseOptions {
            ansi: encoding_rs::UTF_8,
            ..ParseOptions::default()
        };
        let inf = Inf::parse(format!("[Test]\n{text}").as_bytes(), &options);
        let section = inf.section("test").unwrap();
        let line = section.lines().next().unwrap();
        (
            line.key().map(Into::into),
            line.fields().map(Into::into).collect(),
        )
    }

    // Facts of Wine's conformance tests, dlls/setupapi/tests/parser.c, which
    // pass on Windows; each row: text, key, fields.
    #[test]
    fn fields_are_split_as_windows_splits_them() {
        for (text, key, fields) in [
            ("ab=cd", Some("ab"), &["cd"][..]),
            ("ab=cd,ef,gh", Some("ab"), &["cd", "ef", "gh"]),
            ("ab", Some("ab"), &["ab"]),
            ("ab,cd", None, &["ab", "cd"]),
            ("ab,cd=ef", None, &["ab", "cd=ef"]),
            ("=abcd,ef", Some(""), &["abcd", "ef"]),
            // Continued lines.
            ("ba\\\ncd=ef", Some("bacd"), &["ef"]),
            ("ab  \\  \ncd=ef", Some("abcd"), &["ef"]),
            ("ab\\\ncd,ef", None, &["abcd", "ef"]),
            ("ab  \\ ;cc\ncd=ef", Some("abcd"), &["ef"]),
            ("ab \\ \\ \ncd=ef", Some("abcd"), &["ef"]),
            ("ba \\ dc=xx", Some("ba \\ dc"), &["xx"]),
            ("ba \\\\ \nc=d", Some("bac"), &["d"]),
            ("a=b\\\\c", Some("a"), &["b\\\\c"]),
            ("ab=cd \\ ", Some("ab"), &["cd"]),
            ("ba=c \\ \n \\ \n a", Some("ba"), &["ca"]),
            ("ba=c \\ \n \\ a", Some("ba"), &["c\\ a"]),
            ("  \\ a= \\ b", Some("\\ a"), &["\\ b"]),
            ("ab=cd,\\\r\n  ef", Some("ab"), &["cd", "ef"]),
            // Quotes.
            ("Ab\"Cd\"=Ef", Some("AbCd"), &["Ef"]),
            ("Ab\"Cd=Ef\"", Some("AbCd=Ef"), &["AbCd=Ef"]),
            (
                "ab\"\"\"cd,ef=gh\"",
                Some("ab\"cd,ef=gh"),
                &["ab\"cd,ef=gh"],
            ),
            ("ab\"\"cd=ef", Some("abcd"), &["ef"]),
            ("ab=cd\"\"ef", Some("ab"), &["cdef"]),
            ("ab=cd\",\"ef", Some("ab"), &["cd,ef"]),
            ("ab=cd\",ef", Some("ab"), &["cd,ef"]),
            ("ab=cd\",ef\\\nab", Some("ab"), &["cd,ef\\"]),
            ("ab=cd\",ef\r\nab", Some("ab"), &["cd,ef"]),
            ("A,B,'C',D", None, &["A", "B", "'C'", "D"]),
            // Blanks and empty fields.
            (" a b = c , d \n", Some("a b"), &["c", "d"]),
            (" a b = c ,\" d\" \n", Some("a b"), &["c", " d"]),
            (" a b\r = c\r\n", Some("a b"), &["c"]),
            ("a=b,,,c,,,d", Some("a"), &["b", "", "", "c", "", "", "d"]),
            ("a=b,\"\",c,\" \",d", Some("a"), &["b", "", "c", " ", "d"]),
            (",=,,b", None, &["", "=", "", "b"]),
            ("a=\n", Some("a"), &[""]),
            ("=", Some(""), &[""]),
            ("a=\u{3000}b\u{A0}\n", Some("a"), &["b"]),
            // The end mark and NUL.
            ("ab=c\x1Ad", Some("ab"), &["c"]),
            ("ab\x1A=cd", Some("ab"), &["ab"]),
            ("abcd=ef\0gh", Some("abcd"), &["ef gh"]),
            // Comments.
            ("a=b;c", Some("a"), &["b"]),
            ("a=\"b;c\" ; d", Some("a"), &["b;c"]),
            ("a=%b;c%", Some("a"), &["%b"]),
            (
                "a=\"dir\\\"\\ ; comment\n,file",
                Some("a"),
                &["dir\\", "file"],
            ),
        ] {
            let (got_key, got_fields) = line(text);
            assert_eq!(got_key.as_deref(), key, "key of {text:?}");
            assert_eq!(got_fields, fields, "fields of {text:?}");
        }
    }

    #[test]
    fn section_headers_are_read_as_windows_reads_them() {
        for (text, name) in [
            ("[TestSection]", "TestSection"),
            ("   [TestSection]   dummy\r\n", "TestSection"),
            (" [  Test Section  ] dummy\r\n", "  Test Section  "),
            ("[Test[Section]\r\n", "Test[Section"),
            ("[Test[S]ection]\r\n", "Test[S"),
            ("[]\r\n", ""),
            ("[Test\"Section]\r\n", "Test\"Section"),
            ("[Test;Section]\r\n", "Test;Section"),
            (" [Test\r\u{8}\tSection] \n", "Test\r\u{8}\tSection"),
            ("[;; Std Mfg ]", ";; Std Mfg "),
            ("[Test\0Section]", "Test Section"),
        ] {
            let inf = Inf::parse(text.as_bytes(), &ParseOptions::default());
            let names: Vec<_> = inf.sections().map(|section| section.name()).collect();
            assert_eq!(names, [name], "section of {text:?}");
        }
    }

    #[test]
    fn oddities_are_findings_with_their_line() {
        for (text, found) in [
            ("[a]\nb\n", vec![]),
            ("x\n[a]\n", vec![(1, Rule::LineBeforeSection)]),
            ("[a]\n\n[ab\nc=d", vec![(3, Rule::SectionNameUnclosed)]),
            ("[a]x\n", vec![(1, Rule::TextAfterSectionName)]),
            ("[a] ; x\n", vec![]),
            ("[a]\n[b]\n[A]\n", vec![(3, Rule::SectionDefinedTwice)]),
            ("[a]\nb=\"c\n", vec![(2, Rule::QuoteUnclosed)]),
            ("[a]\nb=c \\", vec![(2, Rule::ContinuationAtEnd)]),
            ("[Strings]\na=1\nA=2\n", vec![(3, Rule::StringDefinedTwice)]),
        ] {
            let inf = Inf::parse(text.as_bytes(), &ParseOptions::default());
            let got: Vec<_> = inf.findings().iter().map(|f| (f.line, f.rule)).collect();
            assert_eq!(got, found, "findings of {text:?}");
        }
        for (len, found) in [(255, None), (256, Some(Rule::SectionNameTooLong))] {
            let text = format!("[{}]", "a".repeat(len));
            let inf = Inf::parse(text.as_bytes(), &ParseOptions::default());
            assert_eq!(inf.findings().first().map(|f| f.rule), found, "{len}");
        }
        for (len, found) in [(4095, None), (4096, Some(Rule::FieldTooLong))] {
            let text = format!("[a]\n{}", "ä".repeat(len));
            let options = ParseOptions {
                ansi: encoding_rs::UTF_8,
                ..ParseOptions::default()
            };
            let inf = Inf::parse(text.as_bytes(), &options);
            assert_eq!(inf.findings().first().map(|f| f.rule), found, "{len}");
        }
    }

    #[test]
    fn an_unclosed_header_does_not_give_its_lines_to_the_section_before() {
        let inf = Inf::parse(b"[a]\nx\n[b \ny\n", &ParseOptions::default());
        assert_eq!(inf.section("a").unwrap().lines().count(), 1);
        assert_eq!(inf.section("b").unwrap().lines().count(), 1);
    }

    #[test]
    fn a_line_of_backslashes_and_quotes_stays_linear() {
        // Quadratic scanning of this would take minutes.
        let text = format!("[a]\nb={}x", "\\ ".repeat(2_000_000));
        let inf = Inf::parse(text.as_bytes(), &ParseOptions::default());
        assert_eq!(inf.section("a").unwrap().lines().count(), 1);
    }
}
