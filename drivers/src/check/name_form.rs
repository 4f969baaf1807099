//! Published names of third parties' packages have the form `oemN.inf`.

use wimwright_servicing::Draft;

use super::fault::in_hive;
use super::{Check, DATABASE, Fault, Severity, Survey};
use crate::error::Error;

pub(super) static CHECK: Check = Check {
    name: "name-form",
    severity: Severity::Warning,
    description: "third parties' packages are published as `oemN.inf`",
    effect: "Windows' own tools take the driver for one of Windows, and do not remove it",
    source: "driverstore 2.2",
    generations: DATABASE,
    run,
};

fn run(_: &Draft, survey: &Survey, found: &mut Vec<Fault>) -> Result<(), Error> {
    for entry in survey.third_party().filter(|entry| entry.has_key) {
        let (Some(name), Some(id), None) = (
            &entry.stored.published,
            &entry.stored.id,
            entry.stored.number(),
        ) else {
            continue;
        };
        let by = match name.to_lowercase().starts_with("oem-") {
            true => ", as distrobuilder does it",
            false => "",
        };
        let place = in_hive(entry.stored.node.hive(), &entry.key());
        let message = format!("a third party's driver is published as `{name}`{by}");
        let fault = Fault::new(&CHECK, place, message);
        found.push(fault.mended_by(
            &["drivers", "remove", "IMAGE", id],
            "then add its package again, which gives it a number",
        ));
    }
    Ok(())
}
