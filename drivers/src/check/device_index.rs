//! `DeviceIds`: every id of a package is indexed.

use std::collections::{BTreeMap, BTreeSet};

use wimwright_servicing::Draft;
use wimwright_servicing::plan::{Basis, Change};
use wimwright_servicing::registry::RegData;

use super::fault::{Fix, in_hive};
use super::survey::index_of;
use super::{Check, DATABASE, Fault, Severity, Survey};
use crate::error::Error;
use crate::store::device_id::DeviceIdFlags;

pub(super) static CHECK: Check = Check {
    name: "device-index",
    severity: Severity::Error,
    description: "every id that a package serves is in the index of device ids",
    effect: "Windows does not find the driver for the device; for a boot disk it stops with 0x7B",
    source: "driverstore 2.9, 2.11",
    generations: DATABASE,
    run,
};

const INDEX: Basis = Basis::verified("driverstore 2.11");

fn run(draft: &Draft, survey: &Survey, found: &mut Vec<Fault>) -> Result<(), Error> {
    let mut indexed: BTreeSet<(bool, String, String)> = BTreeSet::new();
    let key = |node, published: &str, id: &str| {
        let system = node == crate::store::node::Node::System;
        (system, published.to_lowercase(), id.to_lowercase())
    };
    for entry in &survey.index {
        indexed.insert(key(entry.node, &entry.published, &entry.id));
    }
    for entry in survey.packages().filter(|entry| entry.has_key) {
        let node = entry.stored.node;
        let Some(published) = &entry.stored.published else {
            continue;
        };
        let described = entry.descriptors.iter().flatten().map(|(id, _)| id);
        let said = entry.says.iter().flat_map(|says| says.ids.values());
        let mut ids: BTreeMap<String, &String> = BTreeMap::new();
        for id in described.chain(said.map(|(id, _)| id)) {
            ids.entry(id.to_lowercase()).or_insert(id);
        }
        ids.retain(|id, _| !indexed.contains(&key(node, published, id)));
        if ids.is_empty() {
            continue;
        }
        let known: Option<BTreeMap<String, (String, DeviceIdFlags)>> =
            match (&entry.says, &entry.inf) {
                (Some(says), _) => Some(says.ids.clone()),
                (None, Some(inf)) => index_of(draft, inf)?,
                (None, None) => None,
            };
        for (lower, id) in ids {
            let flags = known.as_ref().and_then(|known| known.get(&lower));
            let key = node.device_id(id);
            let place = in_hive(node.hive(), &key);
            let fault = Fault::new(&CHECK, place, format!("`{published}` is not listed there"));
            found.push(match flags {
                Some((_, flags)) => {
                    let change = Change::SetValue {
                        hive: node.hive(),
                        key,
                        name: published.as_str().into(),
                        data: RegData::binary(flags.encode()),
                    };
                    let fix = Fix::Change(change, INDEX);
                    fault.repaired_by("list it as its INF says", vec![fix])
                }
                None if !entry.stored.inbox => fault.added_again(entry.name()),
                None => fault.not_mended(
                    "the INF of this driver of Windows itself does not say how: restore the hive \
                     from a copy of the image",
                ),
            });
        }
    }
    Ok(())
}
