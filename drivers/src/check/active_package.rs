//! `DriverInfFiles`: the packages that a published name stands for.

use wimwright_servicing::Draft;
use wimwright_servicing::plan::{Basis, Change};
use wimwright_servicing::registry::RegData;

use super::fault::{Fix, Scope, in_hive};
use super::survey::NameEntry;
use super::{Check, DATABASE, Fault, Severity, Survey};
use crate::error::Error;
use crate::store::published_name::OemNumber;
use crate::stored::same;

pub(super) static CHECK: Check = Check {
    name: "active-package",
    severity: Severity::Error,
    description: "every published name stands for packages that are there, one of them active",
    effect: "`pnputil /enum-drivers` and DISM fail with error 1168, and the driver is not installed",
    source: "driverstore 2.3",
    generations: DATABASE,
    run,
};

const NAMES: Basis = Basis::verified("driverstore 2.3");

fn run(_: &Draft, survey: &Survey, found: &mut Vec<Fault>) -> Result<(), Error> {
    for name in survey.names() {
        let there = |id: &&String| survey.package(name.node, id).is_some();
        let listed: Vec<&String> = name.ids.iter().filter(there).collect();
        let missing: Vec<&String> = name.ids.iter().filter(|id| !there(id)).collect();
        let place = in_hive(name.node.hive(), &name.key());
        let new = |message: String| Fault::new(&CHECK, &place, message);
        found.extend(match &name.active {
            Some(active) if survey.package(name.node, active).is_none() => {
                let message = format!("its package `{active}` has no entry in the database");
                Some(without_package(survey, name, active, &listed, new(message)))
            }
            None if listed.is_empty() => Some(lost(name, new("names no package".to_owned()))),
            None => {
                let ids: Vec<&str> = listed.iter().map(|id| id.as_str()).collect();
                let fixes = standing_for(name, &ids, None);
                let fault = new("names no active package".to_owned());
                Some(fault.repaired_by("make the last one that it lists active", fixes))
            }
            Some(active) if !name.ids.iter().any(|id| same(id, active)) => {
                let mut ids: Vec<&str> = listed.iter().map(|id| id.as_str()).collect();
                ids.push(active);
                let fixes = standing_for(name, &ids, Some(active));
                let message = format!("does not list `{active}`, which it calls active");
                Some(new(message).repaired_by("list it", fixes))
            }
            Some(active) if !missing.is_empty() => {
                let ids: Vec<&str> = listed.iter().map(|id| id.as_str()).collect();
                let fixes = standing_for(name, &ids, Some(active));
                let names: Vec<_> = missing.iter().map(|id| format!("`{id}`")).collect();
                let message = format!(
                    "lists {}, which the database does not know",
                    names.join(", ")
                );
                Some(new(message).repaired_by("take that out of the list", fixes))
            }
            Some(_) => None,
        });
    }
    Ok(())
}

fn without_package(
    survey: &Survey,
    name: &NameEntry,
    active: &str,
    listed: &[&String],
    fault: Fault,
) -> Fault {
    if !listed.is_empty() {
        let ids: Vec<&str> = listed.iter().map(|id| id.as_str()).collect();
        return fault.repaired_by(
            "make the last package that is there active",
            standing_for(name, &ids, None),
        );
    }
    let mut packages = survey.packages.iter();
    let entry =
        packages.find(|entry| entry.stored.node == name.node && entry.stored.has_id(active));
    match entry.and_then(|entry| Some((entry, survey.rebuildable(entry)?))) {
        Some((entry, id)) => {
            let scope = Scope::Key(entry.key());
            let does = "write the entry anew from the package in its folder";
            fault.repaired_by(does, vec![Fix::Rebuild { id, scope }])
        }
        None => lost(name, fault),
    }
}

fn lost(name: &NameEntry, fault: Fault) -> Fault {
    match OemNumber::parse(&name.name, ".inf") {
        Some(number) => fault.lost_package(&number.to_string()),
        None => fault.not_mended(
            "this is a driver of Windows itself: restore the hive from a copy of the image",
        ),
    }
}

/// The name stands for these packages; without an active one the last is it.
fn standing_for(name: &NameEntry, ids: &[&str], active: Option<&str>) -> Vec<Fix> {
    let set = |value: &str, data: RegData| {
        let change = Change::SetValue {
            hive: name.node.hive(),
            key: name.key(),
            name: value.into(),
            data,
        };
        Fix::Change(change, NAMES)
    };
    let mut fixes = vec![set("", RegData::multi_sz(ids))];
    if let (None, Some(last)) = (active, ids.last()) {
        fixes.push(set("Active", RegData::sz(last)));
    }
    fixes
}
