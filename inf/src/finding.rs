//! What is odd about an INF: data for the caller, never a reason to stop.

use std::fmt;

/// How many findings are kept for one file. A hostile file could hold one per
/// two bytes; nobody reads more than this.
pub const MAX_FINDINGS: usize = 1000;

/// One oddity and the line it stands in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Line of the file, counted from 1; 0 where the whole file is meant.
    pub line: u32,
    /// Character of that line, counted from 1; 0 where the whole file is meant.
    pub column: u32,
    /// Which rule was broken.
    pub rule: Rule,
    /// One sentence for a person: lower case, no full stop.
    pub message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.rule, self.message),
            line => write!(f, "line {line}: {}: {}", self.rule, self.message),
        }
    }
}

/// The rules of the format that [`Inf::parse`](crate::Inf::parse) checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Rule {
    /// The file is longer than the limit, and nothing of it was read.
    FileTooLong,
    /// Neither UTF-16LE nor ANSI, which are all that InfVerif accepts.
    UnusualEncoding,
    /// Bytes that mean nothing in the file's encoding became U+FFFD.
    UndecodableBytes,
    /// Text behind the end mark (Ctrl-Z, 0x1A), which nobody reads.
    TextAfterEndMark,
    /// An entry before the first section header; it was skipped.
    LineBeforeSection,
    /// A section header without `]`; the rest of the line was taken as name.
    SectionNameUnclosed,
    /// A section name of more than 255 characters.
    SectionNameTooLong,
    /// Text behind `]`, which is ignored.
    TextAfterSectionName,
    /// A second header of the same name; the sections were merged.
    SectionDefinedTwice,
    /// An opening quote without a closing one; the line's end closes it.
    QuoteUnclosed,
    /// A continued line at the end of the file.
    ContinuationAtEnd,
    /// A field of more than 4095 characters.
    FieldTooLong,
    /// A token with two values in the chosen strings section; the first wins.
    StringDefinedTwice,
    /// More findings than [`MAX_FINDINGS`]; the rest was dropped.
    TooManyFindings,
}

impl Rule {
    /// The rule's name in kebab-case, stable across releases.
    pub fn name(self) -> &'static str {
        match self {
            Rule::FileTooLong => "file-too-long",
            Rule::UnusualEncoding => "unusual-encoding",
            Rule::UndecodableBytes => "undecodable-bytes",
            Rule::TextAfterEndMark => "text-after-end-mark",
            Rule::LineBeforeSection => "line-before-section",
            Rule::SectionNameUnclosed => "section-name-unclosed",
            Rule::SectionNameTooLong => "section-name-too-long",
            Rule::TextAfterSectionName => "text-after-section-name",
            Rule::SectionDefinedTwice => "section-defined-twice",
            Rule::QuoteUnclosed => "quote-unclosed",
            Rule::ContinuationAtEnd => "continuation-at-end",
            Rule::FieldTooLong => "field-too-long",
            Rule::StringDefinedTwice => "string-defined-twice",
            Rule::TooManyFindings => "too-many-findings",
        }
    }

    /// The number of the same rule in Microsoft's InfVerif, where it has one
    /// (devtest page "INF validation errors and warnings").
    pub fn infverif(self) -> Option<u16> {
        match self {
            Rule::UnusualEncoding => Some(1003),
            Rule::LineBeforeSection
            | Rule::SectionNameUnclosed
            | Rule::SectionNameTooLong
            | Rule::QuoteUnclosed => Some(1002),
            Rule::SectionDefinedTwice => Some(1209),
            _ => None,
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Collects findings up to [`MAX_FINDINGS`].
#[derive(Debug, Default)]
pub(crate) struct Findings(Vec<Finding>);

impl Findings {
    /// Adds a finding. The message is a closure, because past the limit
    /// nobody needs its text.
    pub(crate) fn add(
        &mut self,
        line: u32,
        column: u32,
        rule: Rule,
        message: impl FnOnce() -> String,
    ) {
        match self.0.len() {
            len if len + 1 < MAX_FINDINGS => self.0.push(Finding {
                line,
                column,
                rule,
                message: message(),
            }),
            len if len + 1 == MAX_FINDINGS => self.0.push(Finding {
                line,
                column,
                rule: Rule::TooManyFindings,
                message: format!("only the first {} findings are listed", MAX_FINDINGS - 1),
            }),
            _ => {}
        }
    }

    /// The findings in the order of their lines.
    pub(crate) fn into_sorted(mut self) -> Box<[Finding]> {
        self.0.sort_by_key(|finding| finding.line);
        self.0.into_boxed_slice()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_findings_ends_at_the_limit_and_says_so() {
        let mut findings = Findings::default();
        for line in 0..5000 {
            findings.add(line, 1, Rule::QuoteUnclosed, String::new);
        }
        let findings = findings.into_sorted();
        assert_eq!(findings.len(), MAX_FINDINGS);
        assert_eq!(findings[MAX_FINDINGS - 1].rule, Rule::TooManyFindings);
    }

    #[test]
    fn a_finding_reads_as_line_rule_and_sentence() {
        let mut finding = Finding {
            line: 7,
            column: 1,
            rule: Rule::QuoteUnclosed,
            message: "the quote has no end".to_owned(),
        };
        assert_eq!(
            finding.to_string(),
            "line 7: quote-unclosed: the quote has no end"
        );
        finding.line = 0;
        assert_eq!(finding.to_string(), "quote-unclosed: the quote has no end");
    }
}
