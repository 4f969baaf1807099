//! Folders of the store that are no package's.

use wimwright_servicing::Draft;

use super::survey::knows_all;
use super::{Check, DATABASE, Fault, Severity, Survey};
use crate::error::Error;
use crate::store::first_boot::published::inf_of_folder;

pub(super) static CHECK: Check = Check {
    name: "orphan-folder",
    severity: Severity::Note,
    description: "every folder of the driver store is that of a package",
    effect: "the folder takes room, and nothing uses it",
    source: "driverstore 2.4",
    generations: DATABASE,
    run,
};

fn run(draft: &Draft, survey: &Survey, found: &mut Vec<Fault>) -> Result<(), Error> {
    if !knows_all(draft, survey) || survey.packages.is_empty() {
        return Ok(());
    }
    for (name, path) in &survey.files.folders {
        let known = survey
            .packages
            .iter()
            .any(|entry| entry.stored.has_id(name));
        if known || inf_of_folder(name).is_none() {
            continue;
        }
        let fault = Fault::new(&CHECK, path, "the database does not know this package");
        found.push(fault.mended_by(
            &["files", "delete", "--recurse", "IMAGE", &path.to_string()],
            "or add the package again, if it is needed: `drivers add` of this folder",
        ));
    }
    Ok(())
}
