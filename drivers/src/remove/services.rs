//! Services of a package that goes.

use std::collections::BTreeSet;

use wimwright_servicing::plan::{Basis, Change};
use wimwright_servicing::registry::{HiveError, HiveName, Key, KeyPath, RegData};
use wimwright_servicing::{Draft, Finding, Text};

use super::devices::Installed;
use super::owners::Owned;
use super::part::Part;
use super::refusal::quoted;
use crate::error::Error;
use crate::stored::{in_hive, key_at};

const OWNERS: Basis = Basis::inferred("driverstore 8");
const TEXTS: Basis = Basis::inferred("driverstore 2.12");

/// Takes the package's services back. Says whether one of them stays because
/// a device uses it.
pub(super) fn take_back(
    draft: &mut Draft,
    part: &Part,
    installed: &Installed,
    findings: &mut Vec<Finding>,
) -> Result<bool, Error> {
    let (mut in_use, mut all_known) = (false, true);
    let mut deleted = BTreeSet::new();
    for service in &part.services {
        let users = installed.users_of(&service.name);
        if service.alone() && users.is_empty() {
            delete(draft, &service.key)?;
            deleted.insert(service.name.clone());
            continue;
        }
        service.give_up(draft, &OWNERS)?;
        if service.alone() {
            in_use = true;
            report(findings, kept_for_devices(&service.name, users));
        } else {
            let known = part.take_out_of(draft, &HiveName::System, &service.key, &OWNERS)?;
            if !known && part.wrote(service) {
                all_known = false;
                report(findings, values_kept(service));
            }
        }
        cut_loose(draft, &service.key, &part.published)?;
    }
    if !in_use {
        if all_known {
            part.take_out_of_logs(draft, &OWNERS)?;
        }
        // Where the package cannot be asked: the log that services have by
        // habit.
        for name in deleted {
            let below = format!("Services\\EventLog\\System\\{name}");
            for key in draft.facts().control_set_keys(&below) {
                delete(draft, &key)?;
            }
        }
    }
    Ok(in_use)
}

fn delete(draft: &mut Draft, key: &KeyPath) -> Result<(), Error> {
    if !draft.has_key(HiveName::System, key)? {
        return Ok(());
    }
    let change = Change::DeleteKey {
        hive: HiveName::System,
        key: key.clone(),
    };
    let _ = draft.plan_change(change, &OWNERS)?;
    Ok(())
}

/// The same service stands in two control sets at times: it is told once.
fn report(findings: &mut Vec<Finding>, finding: Finding) {
    if !findings.contains(&finding) {
        findings.push(finding);
    }
}

fn kept_for_devices(service: &str, users: &[String]) -> Finding {
    Finding::warning(
        "service-kept",
        format!(
            "service `{service}` and its files stay, because {} use{} it",
            quoted(users),
            if users.len() == 1 { "s" } else { "" }
        ),
    )
}

fn values_kept(service: &Owned) -> Finding {
    let others: Vec<String> = service.others().map(str::to_owned).collect();
    Finding::warning(
        "shared-service-values",
        format!(
            "service `{}` belongs to {} as well, and keeps the values that it has: what they would \
             set it to cannot be read from the store",
            service.name,
            quoted(&others)
        ),
    )
}

/// Texts that Windows would look up in the published INF become what it would
/// find there: the name may be another package's tomorrow.
fn cut_loose(draft: &mut Draft, key: &KeyPath, published: &str) -> Result<(), Error> {
    let mut found = Vec::new();
    if let Some(hive) = draft.hive(HiveName::System)? {
        let mut read = || -> Result<(), HiveError> {
            match key_at(&hive, key)? {
                Some(top) => looked_up(top, &mut key.units(), published, &mut found),
                None => Ok(()),
            }
        };
        read().map_err(in_hive(HiveName::System))?;
    }
    for (key, name, data) in found {
        let change = Change::SetValue {
            hive: HiveName::System,
            key,
            name,
            data,
        };
        let _ = draft.plan_change(change, &TEXTS)?;
    }
    Ok(())
}

/// Keys nest at most 512 deep: Windows' limit, which the hive's check holds.
fn looked_up(
    key: Key<'_>,
    path: &mut Vec<u16>,
    published: &str,
    found: &mut Vec<(KeyPath, Text, RegData)>,
) -> Result<(), HiveError> {
    for value in key.values()? {
        let value = value?;
        let Some(plain) = value.as_string().and_then(|text| plain(&text, published)) else {
            continue;
        };
        let name: Vec<u16> = value.name()?.units().collect();
        found.push((
            KeyPath::from(Text::from_units(path)),
            Text::from_units(&name),
            RegData {
                kind: value.kind(),
                ..RegData::sz(&plain)
            },
        ));
    }
    for below in key.subkeys()? {
        let below = below?;
        let len = path.len();
        path.push(u16::from(b'\\'));
        path.extend(below.name()?.units());
        looked_up(below, path, published, found)?;
        path.truncate(len);
    }
    Ok(())
}

/// `text` of `@oem2.inf,%token%;text`.
fn plain(text: &str, published: &str) -> Option<String> {
    let (inf, rest) = text.strip_prefix('@')?.split_once(',')?;
    let (_, plain) = rest.split_once(';')?;
    inf.eq_ignore_ascii_case(published)
        .then(|| plain.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_texts_of_the_published_inf_are_cut_loose() {
        for (text, found) in [
            ("@oem2.inf,%loc.Name%;VMware VMCI", Some("VMware VMCI")),
            ("@OEM2.INF,%a%;b;c", Some("b;c")),
            ("@oem2.inf,%a%;", Some("")),
            ("@oem2.inf,%a%", None),
            ("@oem22.inf,%a%;b", None),
            ("oem2.inf,%a%;b", None),
            ("VMware", None),
        ] {
            assert_eq!(plain(text, "oem2.inf").as_deref(), found, "{text}");
        }
    }
}
