//! `DeviceIds`: nothing is listed that is not published.

use std::collections::BTreeMap;

use wimwright_servicing::Draft;

use super::fault::{Fix, in_hive};
use super::survey::IndexEntry;
use super::{Check, DATABASE, Fault, Severity, Survey};
use crate::error::Error;

pub(super) static CHECK: Check = Check {
    name: "index-orphan",
    severity: Severity::Warning,
    description: "the index of device ids lists only INFs that are published in its hive",
    effect: "Windows looks for a driver that is not there before it takes another",
    source: "driverstore 2.1, 2.11",
    generations: DATABASE,
    run,
};

fn run(_: &Draft, survey: &Survey, found: &mut Vec<Fault>) -> Result<(), Error> {
    let mut orphans: BTreeMap<(bool, String), Vec<&IndexEntry>> = BTreeMap::new();
    for entry in &survey.index {
        let known = survey.name(entry.node, &entry.published).is_some()
            || survey
                .published_as(entry.node, &entry.published)
                .next()
                .is_some();
        if !known {
            let drivers = entry.node == crate::store::node::Node::Drivers;
            let name = (drivers, entry.published.to_lowercase());
            orphans.entry(name).or_default().push(entry);
        }
    }
    for entries in orphans.into_values() {
        let Some(first) = entries.first() else {
            continue;
        };
        let place = in_hive(first.node.hive(), &first.key);
        let message = match entries.len() {
            1 => format!("lists `{}`, which is not published", first.published),
            more => format!(
                "lists `{}`, which is not published, and so do {} more keys",
                first.published,
                more - 1
            ),
        };
        let fixes = entries.iter().map(|entry| Fix::Unindex {
            node: entry.node,
            key: entry.key.clone(),
            published: entry.published.clone(),
        });
        let fault = Fault::new(&CHECK, place, message);
        found.push(fault.repaired_by("take it out of the index", fixes.collect()));
    }
    Ok(())
}
