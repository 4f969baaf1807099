//! `[Version]`: what it must say, and whether that fits together.
//!
//! 1010, 1204, 1212, 1214, 1217, 1218, 1233, 1280, 1281, 1284, 1285,
//! 1324, and 22.9.7 of Inf2Cat.

use wimwright_inf::{Inf, Line, Section};

use super::class::{self, SAMPLE};
use super::finding::Found;
use super::role::Role;
use super::rule::LintRule;
use super::{Context, Subject};
use crate::model::{self, DriverDate, DriverVersion, InfKind, Rule, Signature};

/// Checks `[Version]`.
pub(super) fn check(subject: &Subject<'_>, context: &Context, found: &mut Found) {
    let has_bad_catalog = subject
        .version_findings
        .iter()
        .any(|finding| finding.rule == Rule::BadCatalogName);
    for finding in &subject.version_findings {
        // It does name one, which is said to be wrong.
        if finding.rule == Rule::NoCatalog && has_bad_catalog {
            continue;
        }
        let Some(rule) = rule_of(finding.rule) else {
            continue;
        };
        // A line of `[Version]` is wrong in its value.
        let value = subject
            .lines
            .get(&finding.line)
            .map(|line| line.position(1));
        let header = || Some(subject.inf.section(&finding.section)?.header_position());
        let at = value.or_else(header);
        found.add(rule, &finding.section, at, || finding.message.clone());
    }
    let Some(section) = subject.inf.section("Version") else {
        return;
    };
    if subject.version.signature == Signature::Chicago
        && let Some(line) = section.line_for_key("Signature")
    {
        // Windows takes it, and a sample of Microsoft has it.
        found.at_field(LintRule::ChicagoSignature, section, line, 1, || {
            "the signature is `$Chicago$`".to_owned()
        });
    }
    let installs = matches!(subject.version.kind, InfKind::Device | InfKind::Primitive);
    if installs && !subject.version.pnp_lockdown {
        found.at_header(LintRule::NoPnpLockdown, section, || {
            "PnpLockdown is not 1, so programs may replace the driver's files".to_owned()
        });
    }
    classes(subject, section, found);
    // stampinf writes the directive anew in every build.
    if !subject.stamped && installs {
        driver_ver(section, true, context, found);
    }
    for (section, role) in subject.usage.sections() {
        if matches!(role, Role::Install(_)) {
            driver_ver(section, false, context, found);
        }
    }
}

/// Says that the file is an input of a build.
pub(super) fn template(inf: &Inf, findings: &[model::Finding], found: &mut Found) {
    let templates = findings.iter().filter(|f| f.rule == Rule::Template);
    for finding in templates {
        // The variable may stand in a header, or in any field of a line.
        let at = inf.section(&finding.section).map(|section| {
            let mut lines = section.lines();
            let line = lines.find(|line| line.number() == finding.line);
            line.map_or(section.header_position(), |line| {
                let has_one = |field: &usize| {
                    let text = line.raw_field(*field).unwrap_or_default();
                    text.contains('$')
                };
                let field = (0..=line.field_count()).find(has_one);
                line.position(field.unwrap_or(0))
            })
        });
        found.add(LintRule::StampinfVariable, &finding.section, at, || {
            finding.message.clone()
        });
    }
}

/// The rule of lint for one of the model's; what is left out is checked here.
fn rule_of(rule: Rule) -> Option<LintRule> {
    Some(match rule {
        Rule::BadSignature => LintRule::BadSignature,
        Rule::BadClassGuid => LintRule::BadClassGuid,
        Rule::BadClass => LintRule::BadClass,
        Rule::NoProvider => LintRule::NoProvider,
        Rule::ProviderMicrosoft => LintRule::ProviderMicrosoft,
        Rule::NoCatalog => LintRule::NoCatalog,
        Rule::BadCatalogName => LintRule::BadCatalogName,
        Rule::BadExtensionId => LintRule::BadExtensionId,
        Rule::DefaultInstallAndManufacturer => LintRule::DefaultInstallAndManufacturer,
        _ => return None,
    })
}

fn classes(subject: &Subject<'_>, section: Section<'_>, found: &mut Found) {
    let version = &subject.version;
    let name = version.class.as_deref().unwrap_or_default();
    let by_guid = version.class_guid.and_then(class::by_guid);
    let by_name = class::by_name(name);
    let line = |key| section.line_for_key(key);
    if [by_guid, by_name].contains(&Some(SAMPLE))
        && let Some(line) = line("Class").or_else(|| line("ClassGuid"))
    {
        found.at_field(LintRule::SampleClass, section, line, 1, || {
            "the class `Sample` is reserved for Microsoft".to_owned()
        });
    }
    if let (Some(class), Some(line)) = (by_guid, line("Class"))
        && !class.name.eq_ignore_ascii_case(name)
    {
        found.at_field(LintRule::ClassNameMismatch, section, line, 1, || {
            let guid = class.guid;
            format!(
                "ClassGuid {guid} is that of `{}`, and Class says `{name}`",
                class.name
            )
        });
    } else if let (Some(class), Some(line), Some(_)) =
        (by_name, line("ClassGuid"), version.class_guid)
        && by_guid.is_none()
    {
        found.at_field(LintRule::ClassGuidMismatch, section, line, 1, || {
            format!(
                "the class `{name}` of Windows has the ClassGuid {}",
                class.guid
            )
        });
    }
    if by_guid.is_none() {
        return;
    }
    for section in subject.inf.sections() {
        let lower = section.name().to_ascii_lowercase();
        let rest = lower.strip_prefix("classinstall32");
        if rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(".nt")) {
            found.at_header(LintRule::SystemClassInstall, section, || {
                format!(
                    "[{}] sets up the class `{name}`, which is Windows'",
                    section.name()
                )
            });
        }
    }
}

/// Checks a `DriverVer`, of `[Version]` or of an install section, whose own one
/// beats it.
fn driver_ver(section: Section<'_>, needed: bool, context: &Context, found: &mut Found) {
    let Some(line) = section
        .line_for_key("DriverVer")
        .filter(|line| line.has_equals())
    else {
        if needed {
            found.at_header(LintRule::BadDriverDate, section, || {
                "there is no DriverVer".to_owned()
            });
        }
        return;
    };
    date(section, line, context, found);
    let text = line.field(2).unwrap_or_default();
    let parts = text.split('.').count();
    let version = DriverVersion::parse(&text);
    if parts != 4 || version.is_none_or(|version| version.0 == [0; 4]) {
        found.at_field(
            LintRule::BadDriverVersion,
            section,
            line,
            2,
            || match text.as_ref() {
                "" => "DriverVer has no version".to_owned(),
                text => format!("`{text}` is no version w.x.y.z with parts from 0 to 65535"),
            },
        );
    }
}

fn date(section: Section<'_>, line: Line<'_>, context: &Context, found: &mut Found) {
    let text = line.field(1).unwrap_or_default();
    let Some(date) = DriverDate::parse(&text) else {
        found.at_field(LintRule::BadDriverDate, section, line, 1, || {
            format!("`{text}` is no date mm/dd/yyyy")
        });
        return;
    };
    if context.now.is_some_and(|now| date.filetime() > now) {
        found.at_field(LintRule::DateInFuture, section, line, 1, || {
            format!("the date {text} lies in the future")
        });
    }
}
