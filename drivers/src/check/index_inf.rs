//! `DeviceIds`: a third party's INF is listed under ids that it names.
//!
//! Tools that write the database from templates list the ids of the driver
//! that the template was made of, whatever driver is put in.

use wimwright_inf::Inf;
use wimwright_servicing::{Draft, FileTree as _, ImagePath};

use super::fault::{Fix, in_hive};
use super::{Check, DATABASE, Fault, Severity, Survey};
use crate::error::Error;
use crate::inbox::{MAX_INF, parse_options};

pub(super) static CHECK: Check = Check {
    name: "index-inf",
    severity: Severity::Warning,
    description: "the index lists a third party's INF only under ids that stand in that INF",
    effect: "Windows takes the driver for a device that it does not serve, and the device fails",
    source: "driverstore 2.11, 10",
    generations: DATABASE,
    run,
};

fn run(draft: &Draft, survey: &Survey, found: &mut Vec<Fault>) -> Result<(), Error> {
    for package in survey.third_party() {
        let published = package.stored.published.as_deref().unwrap_or_default();
        let node = package.stored.node;
        let (Some(says), Some(inf)) = (&package.says, &package.inf) else {
            continue;
        };
        // Several packages of one name share its entries.
        if survey.published_as(node, published).count() > 1 {
            continue;
        }
        let mut text = None;
        for entry in survey.indexed_as(node, published) {
            let id = entry.id.to_lowercase();
            if entry.class.is_some() || says.ids.contains_key(&id) {
                continue;
            }
            // An id for another Windows is no mistake of whoever listed it.
            let text = match &mut text {
                Some(text) => text,
                none => none.insert(all_text(draft, inf)?),
            };
            if text.contains(&id) {
                continue;
            }
            let place = in_hive(node.hive(), &entry.key);
            let message = format!("lists `{published}`, whose INF does not have this id");
            let fix = Fix::Unindex {
                node,
                key: entry.key.clone(),
                published: entry.published.clone(),
            };
            let fault = Fault::new(&CHECK, place, message);
            found.push(fault.repaired_by("take it out of the index", vec![fix]));
        }
    }
    Ok(())
}

/// Every field of an INF, in lower case.
fn all_text(draft: &Draft, inf: &ImagePath) -> Result<String, Error> {
    let bytes = draft.read(inf, MAX_INF)?.unwrap_or_default();
    let Ok(inf) = Inf::try_parse(&bytes, &parse_options(draft)?) else {
        return Ok(String::new());
    };
    let mut text = String::new();
    for line in inf.sections().flat_map(|section| section.lines()) {
        for field in line.fields() {
            text.push_str(&field.to_lowercase());
            text.push('\n');
        }
    }
    Ok(text)
}
