//! A `txtsetup.oem`: no INF, and no checker of Microsoft reads it; what the
//! model cannot use of it is said.

use std::collections::HashMap;

use wimwright_inf::{Inf, ParseOptions};

use super::finding::Found;
use super::rule::LintRule;
use super::text;
use crate::model::{Severity, TextSetup};

/// Checks the bytes of a `txtsetup.oem`.
pub(super) fn check(bytes: &[u8], found: &mut Found) {
    let inf = Inf::parse(bytes, &ParseOptions::txtsetup_oem());
    text::check(&inf, found);
    let lines: HashMap<u32, _> = inf
        .sections()
        .flat_map(|section| section.lines())
        .map(|line| (line.number(), line))
        .collect();
    for finding in TextSetup::read(&inf).findings {
        let rule = match finding.severity {
            Severity::Error => LintRule::TextSetup,
            Severity::Warning | Severity::Note => LintRule::TextSetupUnused,
        };
        let at = lines.get(&finding.line).map(|line| line.position(0));
        found.add(rule, &finding.section, at, || finding.message.clone());
    }
}
