//! The other files of third parties' packages.

use wimwright_servicing::Draft;

use super::{Check, DATABASE, Fault, Severity, Survey};
use crate::error::Error;

pub(super) static CHECK: Check = Check {
    name: "package-files",
    severity: Severity::Error,
    description: "the folder of every third party's package holds a package for this Windows, with all its files",
    effect: "Windows begins to install the driver, and fails",
    source: "driverstore 2.14, 11.1",
    generations: DATABASE,
    run,
};

fn run(_: &Draft, survey: &Survey, found: &mut Vec<Fault>) -> Result<(), Error> {
    for entry in survey.third_party() {
        if let (Some(Err(reason)), Some(folder)) = (&entry.whole, &entry.folder) {
            let fault = Fault::new(&CHECK, folder, format!("`{}`: {reason}", entry.name()));
            found.push(fault.added_again(entry.name()));
        }
    }
    Ok(())
}
