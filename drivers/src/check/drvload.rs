//! The script of WinPE: the packages that it loads.

use wimwright_servicing::{Draft, FileTree as _};

use super::fault::Fix;
use super::{Check, EVERY, Fault, Severity, Survey};
use crate::error::Error;
use crate::store::first_boot::device_path::in_image;
use crate::store::first_boot::startnet;

pub(super) static CHECK: Check = Check {
    name: "drvload",
    severity: Severity::Warning,
    description: "the drivers that WinPE's startnet.cmd loads are there",
    effect: "WinPE starts without the driver",
    source: "driverstore 7",
    generations: EVERY,
    run,
};

fn run(draft: &Draft, _: &Survey, found: &mut Vec<Fault>) -> Result<(), Error> {
    if !draft.facts().windows_pe {
        return Ok(());
    }
    let windows = &draft.facts().windows;
    for (directory, inf) in startnet::loaded(draft)? {
        // Drives but X: are the machine's, and not in the image.
        let own = directory.starts_with('%') || directory.to_uppercase().starts_with("X:");
        let Some(path) = in_image(&directory, windows).filter(|_| own) else {
            continue;
        };
        let Ok(path) = path.join(&inf) else { continue };
        if draft.has_file(&path)? {
            continue;
        }
        let place = windows.join("System32\\startnet.cmd")?;
        let message = format!("loads `{path}`, which is not there");
        let fault = Fault::new(&CHECK, place, message);
        let does = "take the line out; to have the driver, add its package again";
        found.push(fault.repaired_by(does, vec![Fix::Unload { directory, inf }]));
    }
    Ok(())
}
