//! `Configurations`: the sections that install a package's devices.

use wimwright_servicing::Draft;
use wimwright_servicing::plan::{Basis, Change};
use wimwright_servicing::registry::RegData;

use super::fault::{Fix, Scope, in_hive};
use super::survey::PackageEntry;
use super::{Check, DATABASE, Fault, Severity, Survey};
use crate::error::Error;
use crate::stored::same;

pub(super) static CHECK: Check = Check {
    name: "configurations",
    severity: Severity::Error,
    description: "the sections that devices are given are there, and the published name lists them",
    effect: "the kernel does not configure the device: a boot driver does not start, and Windows stops with 0x7B",
    source: "driverstore 2.3, 2.8, 2.9",
    generations: DATABASE,
    run,
};

const LIST: Basis = Basis::verified("driverstore 2.3");

fn run(_: &Draft, survey: &Survey, found: &mut Vec<Fault>) -> Result<(), Error> {
    for entry in survey.packages() {
        // What Windows does not configure ahead of time has none.
        let Some(sections) = &entry.configurations else {
            continue;
        };
        let there = |wanted: &str| sections.iter().any(|(name, _)| same(name, wanted));
        let mut wanted: Vec<&String> = Vec::new();
        let descriptors = entry.descriptors.iter().flatten();
        wanted.extend(descriptors.map(|(_, section)| section));
        let published = entry.stored.published.as_deref().unwrap_or_default();
        let name = survey.name(entry.stored.node, published);
        let name = name.filter(|name| {
            let active = name.active.as_deref();
            active.is_some_and(|active| entry.stored.has_id(active))
        });
        wanted.extend(name.iter().flat_map(|name| &name.configurations));
        let mut missing: Vec<&String> = wanted;
        missing.retain(|section| !there(section));
        missing.sort_unstable();
        missing.dedup();
        for section in missing {
            found.push(missing_section(survey, entry, section));
        }
        let Some(name) = name else { continue };
        let listed = |section: &str| name.configurations.iter().any(|known| same(known, section));
        let unlisted = sections.iter().map(|(section, _)| section);
        let unlisted: Vec<&String> = unlisted.filter(|section| !listed(section)).collect();
        if let Some(first) = unlisted.first() {
            let mut all: Vec<&String> = name.configurations.iter().collect();
            all.extend(&unlisted);
            let change = Change::SetValue {
                hive: name.node.hive(),
                key: name.key(),
                name: "Configurations".into(),
                data: RegData::multi_sz(&all),
            };
            let place = in_hive(name.node.hive(), &name.key());
            let message = match unlisted.len() {
                1 => format!("`{}` does not list section `{first}`", name.name),
                more => format!(
                    "`{}` does not list section `{first}` and {} more",
                    name.name,
                    more - 1
                ),
            };
            let fault = Fault::new(&CHECK, place, message);
            found.push(fault.repaired_by("list it", vec![Fix::Change(change, LIST)]));
        }
    }
    Ok(())
}

fn missing_section(survey: &Survey, entry: &PackageEntry, section: &str) -> Fault {
    let key = entry.key().join("Configurations").join(section);
    let place = in_hive(entry.stored.node.hive(), &key);
    let message = format!("`{}` has no configuration `{section}`", entry.name());
    let fault = Fault::new(&CHECK, place, message);
    match survey.rebuildable(entry) {
        Some(id) => {
            let scope = Scope::Key(key);
            let does = "write it anew from the INF in the package's folder";
            fault.repaired_by(does, vec![Fix::Rebuild { id, scope }])
        }
        None if !entry.stored.inbox => fault.added_again(entry.name()),
        None => fault.not_mended(
            "this is a driver of Windows itself: restore the hive from a copy of the image",
        ),
    }
}
