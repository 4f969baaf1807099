//! `DeviceIds`: the form of its values.

use wimwright_servicing::Draft;
use wimwright_servicing::plan::{Basis, Change};
use wimwright_servicing::registry::RegData;

use super::fault::{Fix, in_hive};
use super::survey::index_of;
use super::{Check, DATABASE, Fault, Severity, Survey};
use crate::error::Error;
use crate::store::device_id::DeviceIdFlags;

pub(super) static CHECK: Check = Check {
    name: "index-value",
    severity: Severity::Error,
    description: "a value of the index has four bytes, one of the class index none",
    effect: "Windows cannot rank the driver for the device, and takes another or none",
    source: "driverstore 2.11",
    generations: DATABASE,
    run,
};

const INDEX: Basis = Basis::verified("driverstore 2.11");
const BINARY: u32 = 3;

fn run(draft: &Draft, survey: &Survey, found: &mut Vec<Fault>) -> Result<(), Error> {
    for entry in &survey.index {
        let fits = match entry.class {
            None => entry.kind == BINARY && DeviceIdFlags::decode(&entry.data).is_some(),
            Some(_) => entry.kind == 0 && entry.data.is_empty(),
        };
        let mut packages = survey.published_as(entry.node, &entry.published);
        let Some(package) = packages.next().filter(|_| !fits) else {
            // What is not published at all is told of by itself.
            continue;
        };
        if package.is_virt_v2vs() {
            continue;
        }
        let data = match (entry.class, &package.says, &package.inf) {
            (Some(_), _, _) => Some(RegData::none()),
            (None, Some(says), _) => flags(says.ids.get(&entry.id.to_lowercase())),
            (None, None, Some(inf)) => {
                let known = index_of(draft, inf)?.unwrap_or_default();
                flags(known.get(&entry.id.to_lowercase()))
            }
            (None, None, None) => None,
        };
        let place = in_hive(entry.node.hive(), &entry.key);
        let message = format!(
            "the value `{}` has type {} and {} bytes",
            entry.published,
            entry.kind,
            entry.data.len()
        );
        let fault = Fault::new(&CHECK, place, message);
        found.push(match data {
            Some(data) => {
                let change = Change::SetValue {
                    hive: entry.node.hive(),
                    key: entry.key.clone(),
                    name: entry.published.as_str().into(),
                    data,
                };
                let fix = Fix::Change(change, INDEX);
                fault.repaired_by("write it anew as the INF says", vec![fix])
            }
            None if !package.stored.inbox => fault.added_again(package.name()),
            None => fault.not_mended(
                "the INF of this driver of Windows itself does not say how: restore the hive from \
                 a copy of the image",
            ),
        });
    }
    Ok(())
}

fn flags(known: Option<&(String, DeviceIdFlags)>) -> Option<RegData> {
    known.map(|(_, flags)| RegData::binary(flags.encode()))
}
