//! `OemInfMap`: which numbers of `oemN.inf` are taken.

use std::collections::BTreeSet;

use wimwright_servicing::Draft;
use wimwright_servicing::registry::HiveName;

use super::fault::Fix;
use super::survey::knows_all;
use super::{Check, DATABASE, Fault, Severity, Survey};
use crate::error::Error;
use crate::store::node::Node;
use crate::store::published_name::{OemNumber, numbers_in_map};

pub(super) static CHECK: Check = Check {
    name: "oem-map",
    severity: Severity::Error,
    description: "every published number is marked as taken in `OemInfMap`",
    effect: "Windows gives the number to the next driver, whose files replace this one's",
    source: "driverstore 2.2",
    generations: DATABASE,
    run: taken,
};

pub(super) static UNUSED: Check = Check {
    name: "oem-map-unused",
    severity: Severity::Note,
    description: "no number is marked as taken that nothing goes by",
    effect: "the number is never used again; nothing else",
    source: "driverstore 2.2",
    generations: DATABASE,
    run: unused,
};

const PLACE: &str = "SYSTEM\\DriverDatabase \"OemInfMap\"";

fn marked(draft: &Draft) -> Result<BTreeSet<OemNumber>, Error> {
    let map = draft.value(HiveName::System, &Node::System.root(), "OemInfMap")?;
    Ok(map
        .map(|map| numbers_in_map(&map.bytes))
        .unwrap_or_default())
}

fn taken(draft: &Draft, survey: &Survey, found: &mut Vec<Fault>) -> Result<(), Error> {
    let marked = marked(draft)?;
    for number in survey.numbers().difference(&marked) {
        let fault = Fault::new(&CHECK, PLACE, format!("`{number}` is not marked as taken"));
        found.push(fault.repaired_by("mark it", vec![Fix::TakeNumber(*number)]));
    }
    Ok(())
}

fn unused(draft: &Draft, survey: &Survey, found: &mut Vec<Fault>) -> Result<(), Error> {
    if !knows_all(draft, survey) {
        return Ok(());
    }
    let owners = survey.services.iter().flat_map(|service| &service.owners);
    let owners = owners.filter_map(|owner| OemNumber::parse(owner, ".inf"));
    let mut used: BTreeSet<OemNumber> = owners.collect();
    used.extend(survey.numbers());
    used.extend(survey.files.published().map(|(number, _)| number));
    used.extend(survey.files.published_catalogs().map(|(number, _)| number));
    for number in marked(draft)?.difference(&used) {
        let fault = Fault::new(&UNUSED, PLACE, format!("nothing goes by `{number}`"));
        found.push(fault.repaired_by("mark it as free", vec![Fix::FreeNumber(*number)]));
    }
    Ok(())
}
