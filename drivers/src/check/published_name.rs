//! `DriverPackages`: the published name of each package.

use wimwright_servicing::Draft;
use wimwright_servicing::plan::{Basis, Change};
use wimwright_servicing::registry::RegData;

use super::fault::{Fix, in_hive};
use super::survey::{NameEntry, PackageEntry};
use super::{Check, DATABASE, Fault, Severity, Survey};
use crate::error::Error;
use crate::stored::same;

pub(super) static CHECK: Check = Check {
    name: "published-name",
    severity: Severity::Error,
    description: "a package and its published name name each other",
    effect: "Windows does not find the package by its name, and does not install it",
    source: "driverstore 2.3, 2.4, 10",
    generations: DATABASE,
    run,
};

const NAMES: Basis = Basis::verified("driverstore 2.3");
const PACKAGES: Basis = Basis::verified("driverstore 2.4");

fn run(_: &Draft, survey: &Survey, found: &mut Vec<Fault>) -> Result<(), Error> {
    for entry in survey.packages().filter(|entry| entry.has_key) {
        let Some(id) = &entry.stored.id else { continue };
        let node = entry.stored.node;
        let listing = survey.names.iter().filter(|name| name.node == node);
        let listing: Vec<&NameEntry> = listing.filter(|name| name.lists(id)).collect();
        let place = in_hive(node.hive(), &entry.key());
        let new = |message: String| Fault::new(&CHECK, &place, message);
        let default = entry.default.as_deref();
        match (default, listing.first()) {
            (Some(default), Some(_)) if listing.iter().any(|name| same(&name.name, default)) => {}
            (_, Some(name)) => {
                let message = match default {
                    None => format!("names no published INF, but `{}` lists it", name.name),
                    Some(default) => format!(
                        "says that it is published as `{default}`, but `{}` lists it",
                        name.name
                    ),
                };
                let fix = set(entry, "", RegData::sz(&name.name));
                found.push(new(message).repaired_by("name the one that lists it", vec![fix]));
            }
            (Some(default), None) => {
                let message = format!("`{default}` does not list it");
                if let Some(fault) = unlisted(survey, entry, id, default, new(message)) {
                    found.push(fault);
                }
            }
            (None, None) => {
                let fault = new("goes by no published name".to_owned());
                found.push(match entry.stored.inbox {
                    false => fault.lost_package(id),
                    true => fault.not_mended(
                        "this is a driver of Windows itself: restore the hive from a copy of the \
                         image",
                    ),
                });
            }
        }
    }
    Ok(())
}

/// A package whose name does not list it. `None` where the name is another
/// INF's: that is told of the name.
fn unlisted(
    survey: &Survey,
    entry: &PackageEntry,
    id: &str,
    default: &str,
    fault: Fault,
) -> Option<Fault> {
    let node = entry.stored.node;
    let mut ids = Vec::new();
    if let Some(name) = survey.name(node, default) {
        let mut others = survey.published_as(node, default);
        if others.any(|other| !same_inf(other, entry)) {
            return None;
        }
        ids.clone_from(&name.ids);
    }
    let new = ids.is_empty();
    ids.push(id.to_owned());
    let key = node.inf_file(default);
    let value = |name: &str, data: RegData| {
        let change = Change::SetValue {
            hive: node.hive(),
            key: key.clone(),
            name: name.into(),
            data,
        };
        Fix::Change(change, NAMES)
    };
    let mut fixes = vec![value("", RegData::multi_sz(&ids))];
    if new {
        fixes.push(value("Active", RegData::sz(id)));
        let sections = entry.configurations.iter().flatten();
        let sections: Vec<&String> = sections.map(|(section, _)| section).collect();
        if !sections.is_empty() {
            fixes.push(value("Configurations", RegData::multi_sz(&sections)));
        }
    }
    Some(fault.repaired_by("list it there", fixes))
}

fn same_inf(left: &PackageEntry, right: &PackageEntry) -> bool {
    match (&left.stored.original, &right.stored.original) {
        (Some(left), Some(right)) => same(left, right),
        _ => false,
    }
}

fn set(entry: &PackageEntry, name: &str, data: RegData) -> Fix {
    let change = Change::SetValue {
        hive: entry.stored.node.hive(),
        key: entry.key(),
        name: name.into(),
        data,
    };
    Fix::Change(change, PACKAGES)
}
