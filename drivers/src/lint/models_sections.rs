//! `[Manufacturer]`, models sections and `[DefaultInstall]`: whom an INF is
//! for. 1011, 1297, 1199, 1287, 1420, 1421, 2223.

use std::collections::{HashMap, HashSet};

use wimwright_inf::Section;

use super::Subject;
use super::finding::Found;
use super::role::Role;
use super::rule::LintRule;
use crate::model::{Architecture, DecorationError, InfKind, ManufacturerLine, actual_section};

/// Directives and the first build that reads them, by the sub-section they
/// stand in (pages "INF AddFilter Directive", "INF AddComponent Directive",
/// "INF AddSoftware Directive", "INF AddEventProvider Directive").
const INTRODUCED: [(&str, &str, u32); 4] = [
    ("Filters", "AddFilter", 18362),
    ("Components", "AddComponent", 15063),
    ("Software", "AddSoftware", 15063),
    ("Events", "AddEventProvider", 17763),
];

/// Checks whom the INF is for.
pub(super) fn check(subject: &Subject<'_>, found: &mut Found) {
    match subject.version.kind {
        InfKind::Device => {
            makers(subject, found);
            devices(subject, found);
        }
        InfKind::Primitive => {}
        _ => return,
    }
    default_install(subject, found);
}

fn makers(subject: &Subject<'_>, found: &mut Found) {
    let Some(section) = subject.inf.section("Manufacturer") else {
        return;
    };
    let by_line: HashMap<u32, &ManufacturerLine> = subject
        .makers
        .iter()
        .map(|maker| (maker.line, maker))
        .collect();
    let mut seen = HashSet::new();
    for line in section.lines() {
        let Some(maker) = by_line.get(&line.number()) else {
            found.at_field(LintRule::NoModelsName, section, line, 0, || {
                "the line names no models section".to_owned()
            });
            continue;
        };
        let mut listed = maker.decorations.iter();
        for field in 2..=line.field_count() {
            if line.field(field).is_none_or(|text| text.is_empty()) {
                continue;
            }
            let Some(decoration) = listed.next() else {
                break;
            };
            match &decoration.parsed {
                // A finding of the whole file.
                Err(DecorationError::Template(_)) => {}
                Err(error) => {
                    found.at_field(LintRule::BadDecoration, section, line, field, || {
                        error.to_string()
                    });
                }
                Ok(parsed) => {
                    let name = format!("{}.{}", maker.models, decoration.text);
                    let oldest = (parsed.major, parsed.minor, parsed.build);
                    if !seen.insert(name.to_lowercase()) {
                        continue;
                    }
                    new_syntax(subject, &name, parsed.architecture, oldest, found);
                    if parsed.architecture.is_none()
                        && let Some(models) = subject.inf.section(&name)
                    {
                        archless(models, found);
                    }
                }
            }
        }
        if maker.decorations.is_empty()
            && let Some(models) = subject.inf.section(&maker.models)
        {
            archless(models, found);
        }
    }
}

fn archless(models: Section<'_>, found: &mut Found) {
    found.at_header(LintRule::ArchlessModels, models, || {
        format!("[{}] has no architecture in its name", models.name())
    });
}

/// Directives that the oldest Windows of a models section does not read.
fn new_syntax(
    subject: &Subject<'_>,
    models: &str,
    architecture: Option<Architecture>,
    oldest: (Option<u32>, Option<u32>, Option<u32>),
    found: &mut Found,
) {
    let oldest = (
        oldest.0.unwrap_or(0),
        oldest.1.unwrap_or(0),
        oldest.2.unwrap_or(0),
    );
    let (Some(section), Some(architecture)) = (subject.inf.section(models), architecture) else {
        return;
    };
    for line in section.lines().filter(|line| line.has_equals()) {
        let named = line.field(1).unwrap_or_default();
        let Some(install) = actual_section(subject.inf, &named, architecture) else {
            continue;
        };
        for (suffix, directive, build) in INTRODUCED {
            let Some(sub) = subject.inf.section(&format!("{install}.{suffix}")) else {
                continue;
            };
            if oldest >= (10, 0, build) {
                continue;
            }
            if let Some(line) = sub.line_for_key(directive) {
                found.at_field(LintRule::NewSyntax, sub, line, 0, || {
                    format!(
                        "{directive} is read from build {build} on, and [{models}] is for older Windows too"
                    )
                });
            }
        }
    }
}

/// Models without any id are for no device.
fn devices(subject: &Subject<'_>, found: &mut Found) {
    let mut models = subject
        .usage
        .sections()
        .filter(|(_, role)| *role == Role::Models)
        .flat_map(|(section, _)| section.lines());
    let has_id = models.any(|line| {
        let mut ids = (2..=line.field_count()).filter_map(|field| line.field(field));
        line.has_equals() && ids.any(|id| !id.is_empty())
    });
    if !has_id {
        found.add(LintRule::NoDevices, "", None, || {
            "no models section has a hardware id".to_owned()
        });
    }
}

fn default_install(subject: &Subject<'_>, found: &mut Found) {
    let mut plain = false;
    for section in subject.inf.sections() {
        let lower = section.name().to_ascii_lowercase();
        if !matches!(
            lower.as_str(),
            "defaultinstall" | "defaultinstall.nt" | "defaultuninstall" | "defaultuninstall.nt"
        ) {
            continue;
        }
        plain |= lower.starts_with("defaultinstall");
        found.at_header(LintRule::DefaultInstallDecoration, section, || {
            format!("[{}] has no architecture in its name", section.name())
        });
    }
    if plain {
        found.add(LintRule::NotPrimitive, "", None, || {
            "an INF with an undecorated [DefaultInstall] is no primitive driver".to_owned()
        });
    }
}
