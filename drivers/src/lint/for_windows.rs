//! What the model says of an INF, for every Windows that it has models for.
//!
//! Services, registry data and the places of files are the model's to read;
//! its findings are taken over under InfVerif's numbers.

use std::collections::BTreeSet;

use super::Subject;
use super::conflicts;
use super::finding::Found;
use super::rule::LintRule;
use crate::model::{
    Architecture, DriverModel, Findings, InfKind, ModelOptions, Rule, SelectOptions, Target, select,
};

/// How many Windows an INF is read for. Real ones tell a handful apart; a
/// hostile one could list a thousand decorations.
const MAX_TARGETS: usize = 32;

/// How many lines of `[Manufacturer]` have a say in which Windows those are.
const MAX_MAKERS: usize = 256;

/// The Windows that decorations can tell apart, newest first.
const VERSIONS: [(u32, u32, u32); 14] = [
    (10, 0, 26100),
    (10, 0, 22621),
    (10, 0, 22000),
    (10, 0, 19041),
    (10, 0, 18362),
    (10, 0, 17763),
    (10, 0, 16299),
    (10, 0, 15063),
    (10, 0, 14393),
    (6, 3, 9600),
    (6, 2, 9200),
    (6, 1, 7601),
    (6, 0, 6002),
    (5, 1, 2600),
];

/// Checks the INF as each Windows reads it.
pub(super) fn check(subject: &Subject<'_>, found: &mut Found) {
    // Protocols, services and clients of the network are installed like
    // devices, and drive none.
    let class = subject.version.class.as_deref().unwrap_or_default();
    let is_network_component = ["NetTrans", "NetService", "NetClient"]
        .iter()
        .any(|name| name.eq_ignore_ascii_case(class));
    let mut seen = BTreeSet::new();
    for target in targets(subject) {
        let options = ModelOptions::default();
        let model = DriverModel::read(subject.inf, &target, &options, &|_| None);
        for finding in &model.findings {
            let Some(rule) = rule_of(finding.rule) else {
                continue;
            };
            if rule == LintRule::NoAssociated && is_network_component {
                continue;
            }
            let key = (finding.rule, finding.line, finding.message.clone());
            if seen.insert(key) {
                let at = subject.position(finding.line);
                let at = at.or_else(|| {
                    let section = subject.inf.section(&finding.section)?;
                    Some(section.header_position())
                });
                found.add(rule, &finding.section, at, || finding.message.clone());
            }
        }
        conflicts::check(subject, &model, found);
        // A file that makes the model stop would do so for each of them.
        if model
            .findings
            .iter()
            .any(|f| f.rule == Rule::TooManyEntries)
        {
            break;
        }
    }
}

/// For each models section the newest Windows that uses it.
fn targets(subject: &Subject<'_>) -> Vec<Target> {
    let mut targets = Vec::new();
    let mut architectures = subject.usage.architectures().clone();
    if subject.version.kind != InfKind::Device {
        for section in subject.inf.sections() {
            let lower = section.name().to_ascii_lowercase();
            let nt = lower.rsplit_once(".nt").map(|(_, name)| name);
            architectures.extend(nt.and_then(Architecture::from_name));
        }
        if architectures.is_empty() {
            architectures.insert(Architecture::Amd64);
        }
    }
    for &architecture in &architectures {
        let mut used = BTreeSet::new();
        let mut versions: Vec<_> = VERSIONS.to_vec();
        for maker in subject.makers.iter().take(MAX_MAKERS) {
            let parsed = maker
                .decorations
                .iter()
                .filter_map(|d| d.parsed.as_ref().ok());
            let own = parsed.filter_map(|decoration| {
                let build = decoration.build.unwrap_or(0);
                Some((decoration.major?, decoration.minor.unwrap_or(0), build))
            });
            versions.extend(own.take(MAX_TARGETS));
        }
        versions.sort_unstable();
        versions.dedup();
        // The newest ones: those are the last.
        let surplus = versions.len().saturating_sub(VERSIONS.len() + MAX_TARGETS);
        versions.drain(..surplus);
        for (major, minor, build) in versions.into_iter().rev() {
            if targets.len() >= MAX_TARGETS {
                return targets;
            }
            let target = Target::workstation(major, minor, build, architecture);
            let mut quiet = Findings::default();
            let chosen: Vec<_> = subject
                .makers
                .iter()
                .take(MAX_MAKERS)
                .filter_map(|maker| {
                    select(
                        subject.inf,
                        maker,
                        &target,
                        SelectOptions::default(),
                        &mut quiet,
                    )
                    .ok()
                })
                .map(|selected| selected.section)
                .collect();
            let is_new = chosen.iter().any(|section| !used.contains(section));
            let whole = subject.makers.is_empty() && used.is_empty();
            if is_new || whole {
                used.extend(chosen);
                if whole {
                    used.insert(String::new());
                }
                targets.push(target);
            }
        }
    }
    targets
}

/// The rule of lint for one of the model's; what is left out is checked
/// elsewhere, or is about carrying an INF out and not about the INF.
fn rule_of(rule: Rule) -> Option<LintRule> {
    Some(match rule {
        Rule::NoInstallSection => LintRule::NoSectionName,
        Rule::NestedNeeds => LintRule::NestedNeeds,
        Rule::BadFeatureScore | Rule::BadEntry => LintRule::BadEntry,
        Rule::TwoAssociatedServices => LintRule::TwoAssociated,
        Rule::NoAssociatedService => LintRule::NoAssociated,
        Rule::AssociatedServiceDisabled => LintRule::AssociatedDisabled,
        Rule::ServiceIncomplete => LintRule::NoServiceValue,
        Rule::BadServiceValue => LintRule::BadServiceValue,
        Rule::BadServiceBinary => LintRule::BadServiceBinary,
        Rule::ServiceBinaryNotCopied => LintRule::BinaryNotCopied,
        Rule::BadServiceName => LintRule::BadServiceName,
        Rule::BadRegistryFlags => LintRule::BadFlags,
        Rule::BadRegistryData => LintRule::BadData,
        Rule::BadFileName => LintRule::BadFileName,
        Rule::NoSourceEntry => LintRule::NoSourceEntry,
        Rule::BadDiskId => LintRule::BadDiskId,
        Rule::DiskIdNotListed => LintRule::DiskNotListed,
        Rule::InfCopied => LintRule::InfCopied,
        Rule::NoDestination => LintRule::NoDestination,
        Rule::TooManyEntries => LintRule::TooMuch,
        Rule::StoreNameMismatch => LintRule::StoreNameMismatch,
        Rule::ExtensionAssociatesService => LintRule::ExtensionService,
        _ => return None,
    })
}
