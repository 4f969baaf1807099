//! The critical device database: the services that it gives to devices.

use std::collections::{BTreeMap, BTreeSet};

use wimwright_servicing::Draft;
use wimwright_servicing::registry::{HiveName, KeyPath};

use super::fault::{Fix, in_hive};
use super::{Check, FIRST_BOOT, Fault, Severity, Survey};
use crate::error::Error;
use crate::store::first_boot::boot::Boot;
use crate::store::first_boot::pending;
use crate::stored::same;

pub(super) static CHECK: Check = Check {
    name: "critical-device",
    severity: Severity::Error,
    description: "the services and filters that the critical device database names are there",
    effect: "the kernel cannot start the device: behind a boot disk, Windows stops with 0x7B",
    source: "driverstore 3, 4",
    generations: FIRST_BOOT,
    run,
};

fn run(draft: &Draft, survey: &Survey, found: &mut Vec<Fault>) -> Result<(), Error> {
    let facts = draft.facts();
    let databases = facts.control_set_keys("Control\\CriticalDeviceDatabase");
    let services = facts.control_set_keys("Services");
    for (database, services) in databases.iter().zip(&services) {
        let known: BTreeSet<String> = survey
            .services
            .iter()
            .filter(|service| service.key.starts_with(services))
            .map(|service| service.name.to_lowercase())
            .collect();
        let mut missing: BTreeMap<String, Vec<(KeyPath, String)>> = BTreeMap::new();
        for id in draft.subkeys(HiveName::System, database)? {
            let key = database.join(&id);
            for service in named(draft, &key)? {
                if !known.contains(&service.to_lowercase()) {
                    let ids = missing.entry(service.to_lowercase()).or_default();
                    ids.push((key.clone(), service));
                }
            }
        }
        for ids in missing.into_values() {
            let Some((key, service)) = ids.first() else {
                continue;
            };
            let message = match ids.len() {
                1 => format!("gives the device to `{service}`, which is not there"),
                more => format!(
                    "gives the device and {} more to `{service}`, which is not there",
                    more - 1
                ),
            };
            let fault = Fault::new(&CHECK, in_hive(HiveName::System, key), message);
            found.push(match brings(draft, survey, service)? {
                Some(fix) => {
                    let does = "put the service in place again from the package that waits";
                    fault.repaired_by(does, vec![fix])
                }
                None => fault.mended_by(
                    &["drivers", "add", "IMAGE", "PACKAGE"],
                    format!("with the folder of the driver that brings `{service}` as PACKAGE"),
                ),
            });
        }
    }
    Ok(())
}

/// The service and filters of an entry.
fn named(draft: &Draft, key: &KeyPath) -> Result<Vec<String>, Error> {
    let value = |name| draft.value(HiveName::System, key, name);
    let mut named = Vec::new();
    named.extend(value("Service")?.and_then(|data| data.as_text()));
    for filters in ["UpperFilters", "LowerFilters"] {
        let filters = value(filters)?.and_then(|data| data.as_texts());
        named.extend(filters.unwrap_or_default());
    }
    // Entries without a service say that the device needs none.
    named.retain(|name| !name.is_empty());
    Ok(named)
}

/// The waiting package that brings a service.
fn brings(draft: &Draft, survey: &Survey, service: &str) -> Result<Option<Fix>, Error> {
    for waiting in &survey.waiting {
        for inf in &waiting.pending.packages {
            let Some((_, read)) = pending::read(draft, &waiting.pending, inf)? else {
                continue;
            };
            let services = Boot::of(&read).services();
            if services.iter().any(|own| same(own, service)) {
                return Ok(Some(Fix::Restore {
                    folder: waiting.pending.path.clone(),
                    inf: inf.clone(),
                }));
            }
        }
    }
    Ok(None)
}
