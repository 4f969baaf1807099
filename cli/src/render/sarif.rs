//! SARIF 2.1.0: findings for code scanning and other programs (OASIS, "Static
//! Analysis Results Interchange Format Version 2.1.0").
//!
//! One run, with all rules in its tool, so that a reader knows what was looked
//! for. Columns count code points, which the run says.

use std::collections::HashMap;

use serde::Serialize;
use serde_json::{Value, json};
use wimwright_drivers::{LintMode, LintRule};

use super::json::{LintLevel, LintedInf};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// The document for INFs that were linted.
pub(crate) fn document(infs: &[LintedInf], mode: LintMode) -> serde_json::Result<String> {
    let indexes: HashMap<&str, usize> = LintRule::ALL
        .iter()
        .enumerate()
        .map(|(index, rule)| (rule.id(), index))
        .collect();
    let results: Vec<Value> = infs
        .iter()
        .flat_map(|inf| inf.findings.iter().map(move |found| (inf, found)))
        .map(|(inf, found)| {
            let mut place = json!({ "artifactLocation": { "uri": uri(&inf.inf) } });
            if let (Some(line), Some(column)) = (found.line, found.column) {
                place["region"] = json!({ "startLine": line, "startColumn": column });
            }
            json!({
                "ruleId": found.rule,
                "ruleIndex": indexes.get(found.rule.as_str()),
                "level": found.severity,
                "message": { "text": found.message },
                "locations": [{ "physicalLocation": place }],
            })
        })
        .collect();
    let unread: Vec<Value> = infs
        .iter()
        .filter_map(|inf| Some((inf, inf.error.as_ref()?)))
        .map(|(inf, error)| {
            json!({
                "level": "error",
                "message": { "text": error },
                "locations": [{
                    "physicalLocation": { "artifactLocation": { "uri": uri(&inf.inf) } },
                }],
            })
        })
        .collect();
    let document = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {
                "driver": {
                    "name": "wimwright",
                    "version": env!("CARGO_PKG_VERSION"),
                    "rules": rules(mode),
                },
            },
            "columnKind": "unicodeCodePoints",
            "invocations": [{
                "executionSuccessful": unread.is_empty(),
                "toolExecutionNotifications": unread,
            }],
            "results": results,
        }],
    });
    let mut text = serde_json::to_string_pretty(&document)?;
    text.push('\n');
    Ok(text)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    id: &'static str,
    name: String,
    short_description: Text,
    help: Text,
    help_uri: String,
    default_configuration: Configuration,
}

#[derive(Serialize)]
struct Text {
    text: String,
}

#[derive(Serialize)]
struct Configuration {
    enabled: bool,
    level: LintLevel,
}

/// Every rule, with its weight in the mode; one that the mode does not ask
/// for is not enabled.
fn rules(mode: LintMode) -> Vec<Rule> {
    LintRule::ALL
        .iter()
        .map(|rule| {
            let severity = rule.severity(mode);
            let hint = rule.hint().unwrap_or(rule.title());
            Rule {
                id: rule.id(),
                name: pascal_case(rule.name()),
                short_description: sentence(rule.title()),
                help: sentence(hint),
                help_uri: rule.page(),
                default_configuration: Configuration {
                    enabled: severity.is_some(),
                    level: severity.map_or(LintLevel::Error, LintLevel::from),
                },
            }
        })
        .collect()
}

/// SARIF wants sentences; ours start small and have no full stop.
fn sentence(text: &str) -> Text {
    let mut chars = text.chars();
    let first = chars.next().map(|c| c.to_uppercase().to_string());
    Text {
        text: format!("{}{}.", first.unwrap_or_default(), chars.as_str()),
    }
}

/// `section-not-found` as `SectionNotFound`, the form that readers of SARIF
/// expect of a name.
fn pascal_case(name: &str) -> String {
    let words = name.split('-').map(|word| {
        let mut chars = word.chars();
        let first = chars.next().map(|c| c.to_ascii_uppercase());
        first.into_iter().chain(chars).collect::<String>()
    });
    words.collect()
}

/// A path as a URI: relative, or one of a file.
fn uri(path: &str) -> String {
    let mut uri = match path.starts_with('/') {
        true => "file://".to_owned(),
        false => String::new(),
    };
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(char::from(byte));
            }
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_uris() {
        for (path, expected) in [
            ("drivers/x.inf", "drivers/x.inf"),
            ("a b/100%#?.inf", "a%20b/100%25%23%3F.inf"),
            ("c:x.inf", "c%3Ax.inf"),
            ("Gerät.inf", "Ger%C3%A4t.inf"),
            ("/tmp/x.inf", "file:///tmp/x.inf"),
        ] {
            assert_eq!(uri(path), expected, "`{path}`");
        }
    }

    #[test]
    fn rules_have_names_and_sentences() {
        let rules = rules(LintMode::Basic);
        let rule = rules.iter().find(|rule| rule.id == "1203").unwrap();
        assert_eq!(rule.name, "SectionNotFound");
        assert_eq!(
            rule.short_description.text,
            "A section that is named does not exist."
        );
        let isolated = rules.iter().find(|rule| rule.id == "1322").unwrap();
        assert!(!isolated.default_configuration.enabled);
    }
}
