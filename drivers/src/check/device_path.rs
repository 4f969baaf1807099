//! `DevicePath`: the directories in which Windows looks for drivers.

use wimwright_servicing::{Draft, FileTree as _, ImagePath};

use super::fault::Fix;
use super::{Check, FIRST_BOOT, Fault, Severity, Survey};
use crate::error::Error;
use crate::store::first_boot::device_path::directories;
use crate::store::first_boot::folder::roots;
use crate::store::first_boot::published::inf_of_folder;
use crate::store::package_id::PackageId;

pub(super) static CHECK: Check = Check {
    name: "device-path",
    severity: Severity::Warning,
    description: "the folders of packages that this program added and `DevicePath` lists are there",
    effect: "the first boot does not install the driver",
    source: "driverstore 3, 11.3",
    generations: FIRST_BOOT,
    run: ours,
};

pub(super) static FOREIGN: Check = Check {
    name: "device-path-other",
    severity: Severity::Note,
    description: "the other directories that `DevicePath` lists are there",
    effect: "Windows skips the directory; whoever lays it out later may do so before the first boot",
    source: "driverstore 3",
    generations: FIRST_BOOT,
    run: others,
};

const PLACE: &str = "SOFTWARE\\Microsoft\\Windows\\CurrentVersion \"DevicePath\"";

/// Listed directories that are not there, as spelled, and whether `add` made
/// them.
fn missing(draft: &Draft) -> Result<Vec<(String, bool)>, Error> {
    let facts = draft.facts();
    let roots: Vec<ImagePath> = roots(facts.generation)
        .into_iter()
        .map(|root| facts.windows.join(root))
        .collect::<Result<_, _>>()?;
    let mut found = Vec::new();
    for (spelled, path) in directories(draft)? {
        if draft.has_directory(&path)? {
            continue;
        }
        let name = path
            .file_name()
            .map(ToString::to_string)
            .unwrap_or_default();
        let named_so = inf_of_folder(&name)
            .is_some_and(|inf| PackageId::kept(&name, inf, facts.architecture).is_some());
        let parent = path.parent().unwrap_or_default();
        found.push((spelled, named_so && roots.contains(&parent)));
    }
    Ok(found)
}

fn ours(draft: &Draft, _: &Survey, found: &mut Vec<Fault>) -> Result<(), Error> {
    for (directory, _) in missing(draft)?.into_iter().filter(|(_, ours)| *ours) {
        let message = format!("lists `{directory}`, a package whose folder is gone");
        let fault = Fault::new(&CHECK, PLACE, message);
        let does = "take it out of the list; to have the driver, add its package again";
        found.push(fault.repaired_by(does, vec![Fix::Unlist { directory }]));
    }
    Ok(())
}

fn others(draft: &Draft, _: &Survey, found: &mut Vec<Fault>) -> Result<(), Error> {
    for (directory, _) in missing(draft)?.into_iter().filter(|(_, ours)| !*ours) {
        let message = format!("lists `{directory}`, which is not there");
        let fault = Fault::new(&FOREIGN, PLACE, message);
        found.push(
            fault.not_mended("lay the directory out, or set the value without it (`registry set`)"),
        );
    }
    Ok(())
}
