//! The driver store of Windows Vista and 7: the folders of published INFs.

use wimwright_servicing::{Draft, Generation};

use super::{Check, Fault, Severity, Survey};
use crate::error::Error;
use crate::store::first_boot::published::{all, store_folder, store_folders};

pub(super) static CHECK: Check = Check {
    name: "published-folder",
    severity: Severity::Warning,
    description: "every `oemN.inf` is the INF of a folder of the driver store",
    effect: "Windows knows the driver and cannot install it",
    source: "driverstore 4",
    generations: &[Generation::Nt6],
    run,
};

fn run(draft: &Draft, _: &Survey, found: &mut Vec<Fault>) -> Result<(), Error> {
    let folders = store_folders(draft)?;
    for (number, path) in all(draft)? {
        if store_folder(draft, &folders, &path)?.is_none() {
            let fault = Fault::new(&CHECK, path, "no folder of the driver store has this INF");
            found.push(fault.not_mended(format!(
                "the index of this Windows' driver store is written by Windows alone: remove the \
                 driver there with `pnputil -d {number}`, and add its package again"
            )));
        }
    }
    Ok(())
}
