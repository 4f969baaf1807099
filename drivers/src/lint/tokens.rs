//! Tokens without a value: 1235.

use wimwright_inf::{Inf, Line, Section, number};

use super::Subject;
use super::finding::Found;
use super::role::Role;
use super::rule::LintRule;

/// Checks the tokens of every section that is used. `[Strings]` itself is not
/// expanded.
pub(super) fn check(subject: &Subject<'_>, found: &mut Found) {
    for (section, role) in subject.usage.sections() {
        let lower = section.name().to_ascii_lowercase();
        let is_strings = lower == "strings" || lower.starts_with("strings.");
        // Whatever else uses it has its own turn.
        if is_strings || role == Role::Named {
            continue;
        }
        for line in section.lines() {
            check_line(subject.inf, section, line, found);
        }
    }
}

fn check_line(inf: &Inf, section: Section<'_>, line: Line<'_>, found: &mut Found) {
    let first = usize::from(!line.has_equals());
    for field in first..=line.field_count() {
        let raw = line.raw_field(field).unwrap_or_default();
        if !raw.contains('%') {
            continue;
        }
        inf.expand_with(raw, |token| {
            let is_dirid = token.starts_with(|c: char| c.is_ascii_digit() || c == '-')
                && number(token).is_some();
            if !is_dirid {
                found.at_field(LintRule::UndefinedToken, section, line, field, || {
                    format!("`%{token}%` is not defined in [Strings]")
                });
            }
            None
        });
    }
}
