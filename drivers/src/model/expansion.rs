//! Field texts with their tokens and directory ids replaced.

use std::borrow::Cow;
use std::cell::RefCell;

use wimwright_inf::{Inf, number};

use super::dirid::{self, DirectoryTexts};
use super::finding::{Findings, Rule};
use super::target::Target;

/// Where a text stands, for findings.
#[derive(Clone, Copy, Debug)]
pub(crate) struct At<'a> {
    pub(crate) section: &'a str,
    pub(crate) line: u32,
}

impl At<'_> {
    pub(crate) fn add(self, findings: &mut Findings, rule: Rule, message: String) {
        findings.add(rule, self.section, self.line, message);
    }
}

/// Expands the tokens of a field. A token without a value stays, with a
/// finding; a directory id stays without one.
pub(crate) fn expand(inf: &Inf, raw: &str, at: At<'_>, findings: &mut Findings) -> String {
    let unknown = RefCell::new(Vec::new());
    let text = inf.expand_with(raw, |token| {
        if dirid_of(token).is_none() {
            unknown.borrow_mut().push(token.to_owned());
        }
        None
    });
    for token in unknown.take() {
        at.add(
            findings,
            Rule::UndefinedToken,
            format!("`%{token}%` has no value in [Strings]"),
        );
    }
    text.into_owned()
}

/// The number that a token like `%12%` or `%-1%` is.
fn dirid_of(token: &str) -> Option<i64> {
    token
        .starts_with(|c: char| c.is_ascii_digit() || c == '-')
        .then(|| number(token))?
}

/// How the directory ids of a text are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PathForm {
    /// With `%SystemRoot%`: the value's type expands variables.
    Variables,
    /// With the assumed drive letter.
    Absolute,
}

/// Expands the tokens and the directory ids of a field, as Setup does in every
/// field but those of `[Strings]`.
pub(crate) fn expand_paths(
    inf: &Inf,
    raw: &str,
    at: At<'_>,
    form: PathForm,
    target: &Target,
    texts: &DirectoryTexts,
    findings: &mut Findings,
) -> String {
    let unknown = RefCell::new(Vec::new());
    let text = inf.expand_with(raw, |token| {
        let Some(id) = dirid_of(token) else {
            unknown.borrow_mut().push((
                Rule::UndefinedToken,
                format!("`%{token}%` has no value in [Strings]"),
            ));
            return None;
        };
        let directory = dirid::from_number(id).and_then(|id| dirid::directory(id, target));
        match directory {
            Ok(directory) => {
                let text = texts.text(directory, form == PathForm::Variables);
                if text.is_none() {
                    unknown.borrow_mut().push((
                        Rule::UnusableDirid,
                        "the package's folder in the driver store is not known yet".to_owned(),
                    ));
                } else if form == PathForm::Absolute {
                    unknown.borrow_mut().push((
                        Rule::AssumedDriveLetter,
                        format!(
                            "`%{token}%` is written with `{}`, which the installed system may call otherwise",
                            texts.system_drive
                        ),
                    ));
                }
                text.map(Cow::Owned)
            }
            Err(error) => {
                unknown
                    .borrow_mut()
                    .push((Rule::UnusableDirid, error.to_string()));
                None
            }
        }
    });
    for (rule, message) in unknown.take() {
        at.add(findings, rule, message);
    }
    text.into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::target::Architecture;
    use wimwright_inf::ParseOptions;

    #[test]
    fn directories_are_written_as_the_type_wants_them() {
        let inf = Inf::parse(
            b"[Strings]\nname=x.sys\n11=mine\n",
            &ParseOptions::default(),
        );
        let target = Target::workstation(10, 0, 19041, Architecture::Amd64);
        let at = At {
            section: "s",
            line: 1,
        };
        for (raw, form, text, rules) in [
            (
                r"%12%\%name%",
                PathForm::Variables,
                r"%SystemRoot%\System32\drivers\x.sys",
                &[][..],
            ),
            (
                r"%12%\%name%",
                PathForm::Absolute,
                r"C:\Windows\System32\drivers\x.sys",
                &[Rule::AssumedDriveLetter],
            ),
            (
                r"%%SystemRoot%%\x",
                PathForm::Absolute,
                r"%SystemRoot%\x",
                &[],
            ),
            ("%11%", PathForm::Absolute, "mine", &[]),
            ("%1%", PathForm::Absolute, "%1%", &[Rule::UnusableDirid]),
            ("%13%", PathForm::Absolute, "%13%", &[Rule::UnusableDirid]),
            ("%no%", PathForm::Absolute, "%no%", &[Rule::UndefinedToken]),
        ] {
            let mut findings = Findings::default();
            let texts = DirectoryTexts::default();
            let got = expand_paths(&inf, raw, at, form, &target, &texts, &mut findings);
            assert_eq!(got, text, "`{raw}`");
            let got: Vec<_> = findings.as_slice().iter().map(|f| f.rule).collect();
            assert_eq!(got, rules, "findings of `{raw}`");
        }
    }
}
