//! `[Manufacturer]`: who makes the devices, and which models sections there
//! are for which Windows.

use serde::Serialize;
use wimwright_inf::Inf;

use super::decoration::{Decoration, DecorationError};
use super::expansion::{At, expand};
use super::finding::{Findings, Rule};

/// One decoration of a `[Manufacturer]` line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ListedDecoration {
    /// As written, expanded.
    pub text: String,
    /// Its parts, or why there are none.
    pub parsed: Result<Decoration, DecorationError>,
}

/// One line of `[Manufacturer]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ManufacturerLine {
    /// Line of the file, counted from 1.
    pub line: u32,
    /// The manufacturer with its tokens: what the driver database records.
    pub name_raw: String,
    /// The manufacturer, expanded.
    pub name: String,
    /// Name of the models section, expanded, without decoration.
    pub models: String,
    /// The decorations, in the order of the line.
    pub decorations: Vec<ListedDecoration>,
}

/// Reads `[Manufacturer]`. `None` if there is no such section.
pub fn manufacturers(inf: &Inf, findings: &mut Findings) -> Option<Vec<ManufacturerLine>> {
    let section = inf.section("Manufacturer")?;
    let mut found = Vec::new();
    for line in section.lines() {
        let at = At {
            section: section.name(),
            line: line.number(),
        };
        // A line without `=` is a name, and the name of its models section.
        let name_raw = line.raw_key().or(line.raw_field(1)).unwrap_or_default();
        let models_raw = line.raw_field(1).unwrap_or_default();
        let name = expand(inf, name_raw, at, findings);
        let models = expand(inf, models_raw, at, findings);
        if models.is_empty() {
            at.add(
                findings,
                Rule::NoModelsName,
                format!("`{name_raw}` has no models section"),
            );
            continue;
        }
        let mut decorations = Vec::new();
        for raw in line.raw_fields().skip(1) {
            let text = expand(inf, raw, at, findings);
            // A comma at the end of the line, as in a page's own example.
            if text.is_empty() {
                continue;
            }
            let parsed = Decoration::parse(&text);
            // A variable of stampinf is a finding of the whole file already.
            if let Err(error) = &parsed
                && !matches!(error, DecorationError::Template(_))
            {
                at.add(findings, Rule::BadDecoration, error.to_string());
            }
            decorations.push(ListedDecoration { text, parsed });
        }
        found.push(ManufacturerLine {
            line: line.number(),
            name_raw: name_raw.to_owned(),
            name,
            models,
            decorations,
        });
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use wimwright_inf::ParseOptions;

    #[test]
    fn lines_name_a_maker_a_section_and_decorations() {
        let inf = Inf::parse(
            b"[Manufacturer]\n%m% = %n%, NTamd64, NT.%v%,\nContoso\n%m%=\n\
              [Strings]\nm=Maker\nn=Models\nv=6.0\n",
            &ParseOptions::default(),
        );
        let mut findings = Findings::default();
        let lines = manufacturers(&inf, &mut findings).unwrap();
        let seen: Vec<_> = lines
            .iter()
            .map(|line| {
                let decorations: Vec<_> =
                    line.decorations.iter().map(|d| d.text.as_str()).collect();
                (
                    line.line,
                    line.name_raw.as_str(),
                    line.name.as_str(),
                    line.models.as_str(),
                    decorations,
                )
            })
            .collect();
        assert_eq!(
            seen,
            [
                (2, "%m%", "Maker", "Models", vec!["NTamd64", "NT.6.0"]),
                (3, "Contoso", "Contoso", "Contoso", vec![]),
            ]
        );
        let rules: Vec<_> = findings.as_slice().iter().map(|f| f.rule).collect();
        assert_eq!(rules, [Rule::NoModelsName]);
        let nothing = Inf::parse(b"[Version]\n", &ParseOptions::default());
        assert_eq!(manufacturers(&nothing, &mut findings), None);
    }
}
