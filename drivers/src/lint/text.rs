//! What is odd about the text itself: 1002, 1003, 1209.

use wimwright_inf::{Inf, Position, Rule, TextEncoding};

use super::finding::Found;
use super::rule::LintRule;

/// Takes over what the parser found.
pub(super) fn check(inf: &Inf, found: &mut Found) {
    for finding in inf.findings() {
        let rule = match finding.rule {
            Rule::UnusualEncoding => match inf.encoding() {
                TextEncoding::Ansi(_) => LintRule::Utf8AsAnsi,
                TextEncoding::Utf16Le { bom: false } => LintRule::NoByteOrderMark,
                // A second mark is text before the first section.
                TextEncoding::Utf16Le { bom: true } => LintRule::TextIgnored,
                TextEncoding::Utf8WithBom | TextEncoding::Utf16BeWithBom => LintRule::Encoding,
            },
            Rule::SectionDefinedTwice => LintRule::SectionTwice,
            Rule::StringDefinedTwice => LintRule::StringTwice,
            // Samples of Microsoft start with `/*++`, and InfVerif lets them.
            Rule::TextAfterEndMark | Rule::TextAfterSectionName | Rule::LineBeforeSection => {
                LintRule::TextIgnored
            }
            Rule::FileTooLong | Rule::TooManyFindings => LintRule::TooMuch,
            Rule::UndecodableBytes
            | Rule::SectionNameUnclosed
            | Rule::SectionNameTooLong
            | Rule::QuoteUnclosed
            | Rule::ContinuationAtEnd
            | Rule::FieldTooLong => LintRule::Syntax,
        };
        // InfVerif names line 1 where the whole file is meant.
        let at = Position {
            line: finding.line.max(1),
            column: finding.column.max(1),
        };
        found.add(rule, "", Some(at), || finding.message.clone());
    }
}

/// Whether a file without a byte order mark is UTF-8.
pub(super) fn is_utf8(inf: &Inf) -> bool {
    let ansi = matches!(inf.encoding(), TextEncoding::Ansi(_));
    let unusual = |finding: &wimwright_inf::Finding| finding.rule == Rule::UnusualEncoding;
    ansi && inf.findings().iter().any(unusual)
}
