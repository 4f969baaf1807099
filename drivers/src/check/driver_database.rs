//! Whether the image has the kind of driver store that its version says.

use wimwright_servicing::Draft;

use super::{Check, EVERY, Fault, Severity, Survey};
use crate::error::Error;
use crate::list::require_store;

pub(super) static CHECK: Check = Check {
    name: "driver-database",
    severity: Severity::Error,
    description: "the SYSTEM hive has a driver database if, and only if, this is Windows 8 or later",
    effect: "Windows finds no driver at boot, and stops with 0x7B (INACCESSIBLE_BOOT_DEVICE)",
    source: "driverstore 2.1",
    generations: EVERY,
    run,
};

fn run(draft: &Draft, _: &Survey, found: &mut Vec<Fault>) -> Result<(), Error> {
    match require_store(draft) {
        Ok(()) => Ok(()),
        Err(error @ (Error::NoDatabase { .. } | Error::UnexpectedDatabase { .. })) => {
            let fault = Fault::new(&CHECK, "SYSTEM\\DriverDatabase", error.to_string());
            found.push(fault.not_mended(
                "restore the SYSTEM hive from a copy of this image: nothing in the image says what \
                 the database held",
            ));
            Ok(())
        }
        Err(error) => Err(error),
    }
}
