//! `DeviceIds\{class}`: every package stands in the index of its class.

use wimwright_servicing::Draft;
use wimwright_servicing::plan::{Basis, Change};
use wimwright_servicing::registry::RegData;

use super::fault::{Fix, in_hive};
use super::survey::{PackageEntry, VersionState};
use super::{Check, DATABASE, Fault, Severity, Survey};
use crate::error::Error;
use crate::model::Guid;

pub(super) static CHECK: Check = Check {
    name: "class-index",
    severity: Severity::Warning,
    description: "a package stands in the index of its own class, and of no other",
    effect: "Windows does not offer the driver among those of its class",
    source: "driverstore 2.11",
    generations: DATABASE,
    run,
};

const INDEX: Basis = Basis::verified("driverstore 2.11");

fn run(_: &Draft, survey: &Survey, found: &mut Vec<Fault>) -> Result<(), Error> {
    for entry in survey.packages().filter(|entry| entry.has_key) {
        let node = entry.stored.node;
        let (Some(published), Some(class)) = (&entry.stored.published, class_of(entry)) else {
            continue;
        };
        let mut index = survey.indexed_as(node, published);
        if index.any(|found| found.class == Some(class)) {
            continue;
        }
        let key = node.device_id(&class.to_string());
        let change = Change::SetValue {
            hive: node.hive(),
            key: key.clone(),
            name: published.as_str().into(),
            data: RegData::none(),
        };
        let message = format!("`{published}` is of this class, and not listed there");
        let fault = Fault::new(&CHECK, in_hive(node.hive(), &key), message);
        found.push(fault.repaired_by("list it", vec![Fix::Change(change, INDEX)]));
    }
    for entry in &survey.index {
        let Some(class) = entry.class else { continue };
        let of_name = survey.published_as(entry.node, &entry.published);
        let classes: Vec<Guid> = of_name.filter_map(class_of).collect();
        // A name without any package is told of by itself.
        if classes.is_empty() || classes.contains(&class) {
            continue;
        }
        let message = format!("lists `{}`, which is of another class", entry.published);
        let fault = Fault::new(&CHECK, in_hive(entry.node.hive(), &entry.key), message);
        let fix = Fix::Unindex {
            node: entry.node,
            key: entry.key.clone(),
            published: entry.published.clone(),
        };
        found.push(fault.repaired_by("take it out of the list", vec![fix]));
    }
    Ok(())
}

/// A package's class. Where its INF can be read that counts: the value follows.
fn class_of(entry: &PackageEntry) -> Option<Guid> {
    let said = entry.says.as_ref().and_then(|says| says.class);
    match &entry.version {
        VersionState::Read(blob) => Some(said.unwrap_or(blob.class)),
        _ => said,
    }
}
