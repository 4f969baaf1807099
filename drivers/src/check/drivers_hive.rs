//! The hive DRIVERS: the half of the driver database that is not needed at boot.

use wimwright_servicing::Draft;
use wimwright_servicing::registry::HiveName;

use super::{Check, DATABASE, Fault, Severity, Survey};
use crate::error::Error;

pub(super) static CHECK: Check = Check {
    name: "drivers-hive",
    severity: Severity::Warning,
    description: "the image has a hive DRIVERS with a driver database in it",
    effect: "Windows knows no network, display or sound driver, and this check sees half of the store",
    source: "driverstore 2.1",
    generations: DATABASE,
    run,
};

fn run(draft: &Draft, survey: &Survey, found: &mut Vec<Fault>) -> Result<(), Error> {
    if survey.both_nodes {
        return Ok(());
    }
    let message = match draft.hive(HiveName::Drivers)? {
        None => "the hive DRIVERS is not there",
        Some(_) => "the hive has no key `DriverDatabase`",
    };
    let place = draft.hive_file(HiveName::Drivers)?;
    found.push(Fault::new(&CHECK, place, message).not_mended(
        "copy the file from the image that this one was made of: nothing else says what it held",
    ));
    Ok(())
}
