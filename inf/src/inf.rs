//! [`Inf`]: the whole file, and how it is read.

use std::borrow::Cow;

use encoding_rs::{Encoding, WINDOWS_1252};

use crate::error::InfError;
use crate::field::{Field, Origin};
use crate::finding::{Finding, Findings, Rule};
use crate::line::Line;
use crate::name::NameIndex;
use crate::position::{self, Position, Replaced};
use crate::scan::{self, Dialect, LineRecord, Scan, SectionRecord};
use crate::section::Section;
use crate::strings::{self, Strings};
use crate::text::{self, TextEncoding};

/// Longest INF that is read, in bytes. The largest that Windows ships (printer
/// lists, layout files) have a few MiB; at 16 MiB, what the worst file can
/// make this crate hold stays below half a GiB.
pub const MAX_LEN: usize = 16 << 20;

/// How to read an INF. [`ParseOptions::default`] suits driver INFs.
#[derive(Clone, Copy, Debug)]
pub struct ParseOptions {
    /// The ANSI code page of a file without byte order mark: the one of the
    /// Windows that reads it. Windows-1252 by default.
    pub ansi: &'static Encoding,
    /// Language id (`0x0407`) that chooses among `[Strings.LLLL]`; `None`
    /// takes plain `[Strings]`.
    pub language: Option<u16>,
    /// Whether `#` at the start of a line starts a comment.
    pub comment_hash: bool,
    /// Whether `\` at the end of a line continues it.
    pub continuation: bool,
    /// Variables of a build and their values, `("$ARCH$", "amd64")`, which are
    /// replaced in the whole text, as `stampinf` does to an `.inx` file. A
    /// value that is longer than its variable is not used.
    pub variables: &'static [(&'static str, &'static str)],
    /// Longest input in bytes; more than [`MAX_LEN`] is [`MAX_LEN`].
    pub max_len: usize,
}

impl Default for ParseOptions {
    fn default() -> Self {
        ParseOptions::DEFAULT
    }
}

impl ParseOptions {
    /// What suits driver INFs.
    pub const DEFAULT: ParseOptions = ParseOptions {
        ansi: WINDOWS_1252,
        language: None,
        comment_hash: false,
        continuation: true,
        variables: &[],
        max_len: MAX_LEN,
    };

    /// The dialect of `txtsetup.oem`: `#` starts a comment line too, and a `\`
    /// at the end of a line is the root directory, not a continuation (the
    /// DDK page "Disks Section of a TxtSetup.oem File" ends two lines in
    /// succession with `,\`).
    pub fn txtsetup_oem() -> Self {
        ParseOptions {
            comment_hash: true,
            continuation: false,
            ..ParseOptions::default()
        }
    }

    fn limit(&self) -> usize {
        self.max_len.min(MAX_LEN)
    }
}

/// An INF file: its sections with their lines, its strings, and what is odd
/// about it. It owns its text.
///
/// Memory: the decoded text, at most three bytes per byte read, and eight to
/// sixteen bytes per field and line; for an ordinary file two to three times
/// its size, for the worst one about twenty times.
#[derive(Debug)]
pub struct Inf {
    text: Box<str>,
    joined: Box<str>,
    encoding: TextEncoding,
    sections: Box<[SectionRecord]>,
    index: NameIndex,
    lines: Box<[LineRecord]>,
    fields: Box<[Field]>,
    origins: Box<[Origin]>,
    replaced: Box<[Replaced]>,
    strings: Strings,
    findings: Box<[Finding]>,
}

impl Inf {
    /// Reads an INF; any bytes give one. A file longer than the limit gives
    /// one without sections, and the finding [`Rule::FileTooLong`]; use
    /// [`Inf::try_parse`] to have that as an error.
    pub fn parse(bytes: &[u8], options: &ParseOptions) -> Inf {
        Inf::try_parse(bytes, options).unwrap_or_else(|error| {
            let mut findings = Findings::default();
            findings.add(0, 0, Rule::FileTooLong, || error.to_string());
            Inf::read(b"", options, findings)
        })
    }

    /// Reads an INF, or refuses it for its length before anything is
    /// allocated.
    ///
    /// # Errors
    /// [`InfError::TooLong`], and no other.
    pub fn try_parse(bytes: &[u8], options: &ParseOptions) -> Result<Inf, InfError> {
        let (len, max) = (bytes.len(), options.limit());
        if len > max {
            return Err(InfError::TooLong { len, max });
        }
        Ok(Inf::read(bytes, options, Findings::default()))
    }

    fn read(bytes: &[u8], options: &ParseOptions, mut findings: Findings) -> Inf {
        let (mut text, encoding) = text::decode(bytes, options.ansi, &mut findings);
        let replaced = match options.variables {
            [] => Vec::new(),
            variables => position::replace_variables(&mut text, variables),
        };
        let dialect = Dialect {
            hash_comment: options.comment_hash,
            continuation: options.continuation,
        };
        let Scan {
            joined,
            sections,
            index,
            lines,
            fields,
            origins,
        } = scan::scan(&text, &replaced, dialect, &mut findings);
        let mut inf = Inf {
            text: text.into(),
            joined: joined.into(),
            encoding,
            sections: sections.into(),
            index,
            lines: lines.into(),
            fields: fields.into(),
            origins: origins.into(),
            replaced: replaced.into(),
            strings: Strings::default(),
            findings: Box::default(),
        };
        inf.strings = Strings::of(&inf, options.language, &mut findings);
        inf.findings = findings.into_sorted();
        inf
    }

    /// How the bytes were read.
    pub fn encoding(&self) -> TextEncoding {
        self.encoding
    }

    /// What is odd about the file, in the order of its lines.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// The first finding for which `SetupOpenInfFile` refuses the whole file.
    /// The cases are those of Wine's conformance tests, which pass on Windows
    /// (`ERROR_BAD_SECTION_NAME_LINE`, `ERROR_SECTION_NAME_TOO_LONG`, and
    /// `ERROR_EXPECTED_SECTION_NAME`, this one only for a file without
    /// `[Strings]`). Whether it is the INF of a certain kind, by its
    /// signature, is for the caller to say.
    pub fn refused_by_setupapi(&self) -> Option<&Finding> {
        let has_strings = self.section("Strings").is_some();
        self.findings.iter().find(|finding| match finding.rule {
            Rule::SectionNameUnclosed | Rule::SectionNameTooLong => true,
            Rule::LineBeforeSection => !has_strings,
            _ => false,
        })
    }

    /// All sections, in the order of their first headers.
    pub fn sections(&self) -> impl DoubleEndedIterator<Item = Section<'_>> + Clone {
        self.sections
            .iter()
            .map(move |record| Section { inf: self, record })
    }

    /// A section by name, without case. Blanks count: `[ a]` is not `a`.
    pub fn section(&self, name: &str) -> Option<Section<'_>> {
        let name_of = |number: u32| {
            self.sections
                .get(number as usize)
                .map_or("", |record| self.text_of(record.name))
        };
        let number = self.index.find(name, name_of)?;
        let record = self.sections.get(number as usize)?;
        Some(Section { inf: self, record })
    }

    /// The value of a token of the chosen strings section, by its name without
    /// percent signs and without case. Values are not expanded themselves.
    pub fn string(&self, token: &str) -> Option<&str> {
        self.strings.value(self, token)
    }

    /// All tokens of the chosen strings section with their values, in the
    /// order of the file.
    pub fn strings(&self) -> impl Iterator<Item = (&str, &str)> {
        self.strings.tokens(self)
    }

    /// Replaces each `%token%` by its value, and `%%` by `%`. A token without
    /// a value stays as it is, as Windows leaves it; so do directory ids like
    /// `%12%`.
    pub fn expand<'a>(&'a self, text: &'a str) -> Cow<'a, str> {
        strings::expand(text, |token| self.string(token).map(Cow::Borrowed))
    }

    /// [`Inf::expand`] with a second chance: `other` is asked for the tokens
    /// that have no value, which may be directory ids.
    pub fn expand_with<'a>(
        &'a self,
        text: &'a str,
        mut other: impl FnMut(&str) -> Option<Cow<'a, str>>,
    ) -> Cow<'a, str> {
        strings::expand(text, |token| {
            self.string(token)
                .map(Cow::Borrowed)
                .or_else(|| other(token))
        })
    }

    pub(crate) fn text_of(&self, field: Field) -> &str {
        field.text(&self.text, &self.joined)
    }

    /// Where a field of a line stands. A quoted one starts at its quote.
    pub(crate) fn position_of(&self, line: &LineRecord, field: Option<Field>) -> Position {
        let start = line.start as usize;
        let mut at = field.map_or(start, |field| field.origin(&self.origins));
        let quoted = field.is_some_and(Field::is_quoted);
        if quoted && at > start && self.text.as_bytes().get(at - 1) == Some(&b'"') {
            at -= 1;
        }
        let at = at.max(start);
        let feeds = self.text.get(start..at).unwrap_or_default();
        let feeds = feeds.bytes().filter(|&byte| byte == b'\n').count();
        Position {
            line: line
                .number
                .saturating_add(u32::try_from(feeds).unwrap_or(u32::MAX)),
            column: position::column(&self.text, &self.replaced, at),
        }
    }

    /// Where the first header of a section stands.
    pub(crate) fn header_of(&self, section: &SectionRecord) -> Position {
        let bracket = section.name.origin(&self.origins).saturating_sub(1);
        Position {
            line: section.header,
            column: position::column(&self.text, &self.replaced, bracket),
        }
    }

    pub(crate) fn line_at(&self, number: u32) -> Option<Line<'_>> {
        let record = self.lines.get(number as usize)?;
        Some(Line { inf: self, record })
    }

    pub(crate) fn lines_of(&self, section: &SectionRecord) -> &[LineRecord] {
        let first = section.first_line as usize;
        self.lines
            .get(first..first + section.line_count as usize)
            .unwrap_or_default()
    }

    pub(crate) fn fields_of(&self, line: &LineRecord) -> &[Field] {
        let first = line.first_field as usize;
        self.fields
            .get(first..first + line.field_count() as usize)
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_beyond_the_limit_is_refused_before_it_is_read() {
        let huge = vec![b'a'; 200 << 20];
        let refused = Inf::try_parse(&huge, &ParseOptions::default()).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "INF is 209715200 bytes long, the limit is 16777216"
        );
        let inf = Inf::parse(&huge, &ParseOptions::default());
        assert_eq!(inf.sections().count(), 0);
        assert_eq!(
            inf.findings().first().map(|f| f.rule),
            Some(Rule::FileTooLong)
        );
        let options = ParseOptions {
            max_len: 3,
            ..ParseOptions::default()
        };
        assert!(Inf::try_parse(b"[a]\n", &options).is_err());
        assert!(Inf::try_parse(b"[a]", &options).is_ok());
    }

    #[test]
    fn the_worst_file_costs_a_small_multiple_of_its_size() {
        for worst in [",\n", "a\n", "=", ",", "a\"\"b,", "[a]\n", "\"a\\\n"] {
            let mut text = "[s]\n".to_owned();
            while text.len() < 1 << 18 {
                text.push_str(worst);
            }
            let inf = Inf::parse(text.as_bytes(), &ParseOptions::default());
            let held = inf.text.len()
                + inf.joined.len()
                + size_of_val(&*inf.lines)
                + size_of_val(&*inf.fields)
                + size_of_val(&*inf.origins)
                + size_of_val(&*inf.sections);
            assert!(
                held <= 20 * text.len(),
                "{worst:?} repeated to {} bytes holds {held}",
                text.len()
            );
        }
    }

    #[test]
    fn txtsetup_oem_keeps_its_root_directories() {
        let text = b"# comment\n[Disks]\nd1 = \"disk\",\\disk1.tag,\\\nd2 = x,\\y,\\\n";
        let inf = Inf::parse(text, &ParseOptions::txtsetup_oem());
        let disks = inf.section("disks").unwrap();
        assert_eq!(disks.line_count(), 2);
        assert_eq!(
            disks.line_for_key("d1").unwrap().field(3).as_deref(),
            Some("\\")
        );
        assert_eq!(inf.findings(), []);
    }

    #[test]
    fn setupapi_refuses_what_wines_tests_say() {
        for (text, refused) in [
            ("garbage\n[abc]\n", Some(Rule::LineBeforeSection)),
            ("garbage\n[Strings]\n", None),
            ("[ab\n[Strings]\n", Some(Rule::SectionNameUnclosed)),
            (";aa\n[Version]\n[]\n", None),
        ] {
            let inf = Inf::parse(text.as_bytes(), &ParseOptions::default());
            let found = inf.refused_by_setupapi().map(|finding| finding.rule);
            assert_eq!(found, refused, "{text:?}");
        }
    }

    #[test]
    fn other_tokens_are_asked_for_second() {
        let inf = Inf::parse(b"[Strings]\n11=mine\n", &ParseOptions::default());
        let expanded = inf.expand_with("%11%\\%12%\\%x%", |token| {
            (token == "12").then_some(Cow::Borrowed("drivers"))
        });
        assert_eq!(expanded, "mine\\drivers\\%x%");
    }

    #[test]
    fn all_strings_are_listed() {
        let inf = Inf::parse(b"[Strings]\na=1\nb=2,x\nc,d\n", &ParseOptions::default());
        assert_eq!(inf.strings().collect::<Vec<_>>(), [("a", "1"), ("b", "2")]);
    }
}
