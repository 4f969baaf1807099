//! The folder of each package in the driver store.

use wimwright_servicing::Draft;

use super::{Check, DATABASE, Fault, Severity, Survey};
use crate::error::Error;

pub(super) static CHECK: Check = Check {
    name: "package-folder",
    severity: Severity::Error,
    description: "every package has its folder in the driver store",
    effect: "Windows cannot install the driver, and an upgrade of Windows stops",
    source: "driverstore 2.4, 2.16",
    generations: DATABASE,
    run,
};

fn run(_: &Draft, survey: &Survey, found: &mut Vec<Fault>) -> Result<(), Error> {
    for entry in survey.packages().filter(|entry| entry.has_key) {
        if entry.has_folder {
            continue;
        }
        let fault = match &entry.folder {
            Some(folder) => Fault::new(
                &CHECK,
                folder,
                format!("the folder of `{}` is not there", entry.name()),
            ),
            None => Fault::new(
                &CHECK,
                entry.name(),
                "its id is no name that a folder can have",
            ),
        };
        found.push(match entry.stored.inbox {
            false => fault.lost_package(entry.name()),
            true => fault.not_mended(
                "this is a driver of Windows itself: copy the folder from an image of the same \
                 build",
            ),
        });
    }
    Ok(())
}
