//! `[Strings]`: which section is used, and the replacement of `%token%`.

use std::borrow::Cow;

use crate::finding::{Findings, Rule};
use crate::inf::Inf;
use crate::name::{NameIndex, same_name};

/// Longest text that Windows gives after expansion, in characters ("INF Size
/// Limits": 4096 with the NUL). This crate does not cut there; it bounds what
/// an expansion may grow to.
pub const MAX_STRING_LEN: usize = 4095;

/// The index of the chosen strings section.
#[derive(Debug, Default)]
pub(crate) struct Strings {
    /// Tokens that have a value.
    index: NameIndex,
    /// For each token, the number of its line among all lines of the file.
    lines: Vec<u32>,
}

/// Chooses one of the sections `Strings` and `Strings.LLLL` by the rules of
/// the page "INF Strings Section": the exact language; its primary language
/// with the neutral sublanguage; its primary language with any; else the plain
/// section. One section is used, without fall-back for single tokens.
pub(crate) fn choose<'n, N>(names: N, language: Option<u16>) -> Option<usize>
where
    N: IntoIterator<Item = &'n str>,
{
    // The lower ten bits of a language id are the primary language.
    const PRIMARY: u16 = 0x3FF;
    // How well each section fits; of equal ones the first of the file.
    let mut best = None;
    for (at, name) in names.into_iter().enumerate() {
        let (stem, id) = match name.split_once('.') {
            None => (name, None),
            Some((stem, digits)) => match u16::from_str_radix(digits, 16) {
                Ok(id) => (stem, Some(id)),
                Err(_) => continue,
            },
        };
        if !same_name(stem, "strings") {
            continue;
        }
        let fit = match (id, language) {
            (None, _) => 1,
            (Some(id), Some(wanted)) if id == wanted => 4,
            (Some(id), Some(wanted)) if id == wanted & PRIMARY => 3,
            (Some(id), Some(wanted)) if id & PRIMARY == wanted & PRIMARY => 2,
            _ => continue,
        };
        if best.is_none_or(|(best, _)| fit > best) {
            best = Some((fit, at));
        }
    }
    best.map(|(_, at)| at)
}

impl Strings {
    /// Chooses and indexes the strings of `inf`. The first value of a token
    /// counts, as for Wine; what Windows does with a second is not documented.
    pub(crate) fn of(inf: &Inf, language: Option<u16>, findings: &mut Findings) -> Self {
        let mut strings = Strings::default();
        let names = inf.sections().map(|section| section.name());
        let Some(section) = choose(names, language).and_then(|at| inf.sections().nth(at)) else {
            return strings;
        };
        strings.index = NameIndex::with_capacity(section.line_count());
        let lines = &mut strings.lines;
        for (number, line) in (section.record.first_line..).zip(section.lines()) {
            let Some(token) = line.raw_key() else {
                continue;
            };
            if strings.index.add(token, |at| key(inf, lines, at)).is_ok() {
                lines.push(number);
            } else {
                let at = line.position(0);
                findings.add(at.line, at.column, Rule::StringDefinedTwice, || {
                    format!("`{token}` was given a value above, which is the one used")
                });
            }
        }
        strings
    }

    /// The value of a token, unexpanded.
    pub(crate) fn value<'a>(&self, inf: &'a Inf, token: &str) -> Option<&'a str> {
        let at = self.index.find(token, |at| key(inf, &self.lines, at))?;
        inf.line_at(*self.lines.get(at as usize)?)?.raw_field(1)
    }

    /// The tokens that have a value, in the order of the file.
    pub(crate) fn tokens<'a>(&'a self, inf: &'a Inf) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.lines.iter().filter_map(|&at| {
            let line = inf.line_at(at)?;
            Some((line.raw_key()?, line.raw_field(1)?))
        })
    }
}

/// The token of a number of the index.
fn key<'i>(inf: &'i Inf, lines: &[u32], at: u32) -> &'i str {
    let line = lines.get(at as usize).and_then(|&at| inf.line_at(at));
    line.and_then(|line| line.raw_key()).unwrap_or_default()
}

/// Replaces each `%token%` by its value, and `%%` by `%`. A token without a
/// value stays as it is, with both signs; so does a single `%`. Values are
/// not expanded again.
pub(crate) fn expand<'a>(
    text: &'a str,
    mut value: impl FnMut(&str) -> Option<Cow<'a, str>>,
) -> Cow<'a, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let mut expanded = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('%') {
        let Some((token, behind)) = behind.split_once('%') else {
            break;
        };
        expanded.push_str(before);
        if token.is_empty() {
            expanded.push('%');
        } else if let Some(value) = value(token) {
            expanded.push_str(&value);
        } else {
            expanded.push('%');
            expanded.push_str(token);
            expanded.push('%');
        }
        rest = behind;
    }
    expanded.push_str(rest);
    Cow::Owned(expanded)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ParseOptions;

    #[test]
    fn tokens_are_replaced_once_and_unknown_ones_stay() {
        let inf = Inf::parse(
            b"[Strings]\nfoo=aaa\nbar=bbb\nloop=%loop2%\nloop2=%loop%\nper%%cent=abcd\n\
              per=1\ncent=2\nempty=\nalone\nbar=ccc\n",
            &ParseOptions::default(),
        );
        for (text, expanded) in [
            ("plain", "plain"),
            ("%foo%", "aaa"),
            ("%FOO%xx", "aaaxx"),
            ("%% %foo%", "% aaa"),
            ("%bar%", "bbb"),
            ("%loop%", "%loop2%"),
            ("%per%%cent%", "12"),
            ("%%SystemRoot%%\\x", "%SystemRoot%\\x"),
            ("%12%\\x.sys", "%12%\\x.sys"),
            ("%unknown%", "%unknown%"),
            ("100% of %foo%", "100% of %foo%"),
            ("50%", "50%"),
            ("%empty%", ""),
            ("%alone%", "alone"),
            ("%", "%"),
            ("%%%", "%%"),
        ] {
            assert_eq!(inf.expand(text), expanded, "`{text}`");
        }
        assert!(matches!(inf.expand("plain"), Cow::Borrowed(_)));
        assert_eq!(inf.string("BAR"), Some("bbb"));
        assert_eq!(inf.string("nothing"), None);
    }

    #[test]
    fn one_strings_section_is_chosen_by_language() {
        let names = [
            "Version",
            "strings",
            "Strings.0009",
            "Strings.0407",
            "Strings.0c09",
        ];
        for (language, chosen) in [
            (None, "strings"),
            (Some(0x0407), "Strings.0407"),
            (Some(0x0807), "Strings.0407"),
            (Some(0x0409), "Strings.0009"),
            (Some(0x0C09), "Strings.0c09"),
            (Some(0x040C), "strings"),
        ] {
            let at = choose(names, language);
            assert_eq!(at.map(|at| names[at]), Some(chosen), "{language:04x?}");
        }
        assert_eq!(choose(["a", "Strings.0407"], None), None);
    }

    #[test]
    fn a_language_section_is_used_alone() {
        let inf = Inf::parse(
            b"[Strings]\na=1\nb=2\n[Strings.0407]\na=eins\n",
            &ParseOptions {
                language: Some(0x0407),
                ..ParseOptions::default()
            },
        );
        assert_eq!(inf.string("a"), Some("eins"));
        assert_eq!(inf.expand("%b%"), "%b%");
    }
}
