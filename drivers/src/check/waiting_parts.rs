//! Packages of ours that wait for the first boot: what that boot needs of them
//! is in place.

use wimwright_servicing::registry::HiveName;
use wimwright_servicing::{Draft, FileTree as _};

use super::fault::{Fix, in_hive};
use super::survey::Waiting;
use super::{Check, FIRST_BOOT, Fault, Severity, Survey};
use crate::add::read::ReadPackage;
use crate::error::Error;
use crate::store::first_boot::boot::Boot;
use crate::store::first_boot::critical_device::key_name;
use crate::store::first_boot::folder::Folder;
use crate::store::first_boot::{catalog, device_path, pending, startnet};

pub(super) static CHECK: Check = Check {
    name: "waiting-parts",
    severity: Severity::Error,
    description: "a package that waits for the first boot is where Windows looks, and what boots with it is in place",
    effect: "the first boot does not find the driver; for a boot disk it stops with 0x7B",
    source: "driverstore 11.3, 11.4",
    generations: FIRST_BOOT,
    run,
};

fn run(draft: &Draft, survey: &Survey, found: &mut Vec<Fault>) -> Result<(), Error> {
    for waiting in survey.waiting.iter().filter(|waiting| waiting.ours) {
        for inf in &waiting.pending.packages {
            let Some((_, read)) = pending::read(draft, &waiting.pending, inf)? else {
                continue;
            };
            for (place, message) in missing(draft, waiting, inf, &read)? {
                let fix = Fix::Restore {
                    folder: waiting.pending.path.clone(),
                    inf: inf.clone(),
                };
                let fault = Fault::new(&CHECK, place, message);
                found.push(fault.repaired_by("put it in place from the package", vec![fix]));
            }
        }
    }
    Ok(())
}

/// What of a package is not in place: where, and what.
fn missing(
    draft: &Draft,
    waiting: &Waiting,
    inf: &str,
    read: &ReadPackage,
) -> Result<Vec<(String, String)>, Error> {
    let mut found = Vec::new();
    let pending = &waiting.pending;
    let name = pending.public_name();
    if draft.facts().windows_pe {
        let loaded = startnet::loaded(draft)?;
        let own = |(directory, of): &(String, String)| {
            directory.eq_ignore_ascii_case(&pending.variable_path) && of.eq_ignore_ascii_case(inf)
        };
        if !loaded.iter().any(own) {
            let place = draft.facts().windows.join("System32\\startnet.cmd")?;
            let message = format!("no line loads `{name}`");
            found.push((place.to_string(), message));
        }
    } else {
        let listed = device_path::directories(draft)?;
        if !listed.iter().any(|(_, path)| *path == pending.path) {
            let place = "SOFTWARE\\Microsoft\\Windows\\CurrentVersion \"DevicePath\"";
            let message = format!("`{name}` is not listed");
            found.push((place.to_owned(), message));
        }
    }
    let folder = Folder::new(draft, &pending.name)?;
    if read.catalog.is_some() && *folder.path() == pending.path {
        let path = catalog::path(draft, folder.name())?;
        if !draft.has_file(&path)? {
            let message = format!("the catalog of `{name}` is not there");
            found.push((path.to_string(), message));
        }
    }
    let boot = Boot::of(read);
    for service in boot.services() {
        for key in draft
            .facts()
            .control_set_keys(&format!("Services\\{service}"))
        {
            if !draft.has_key(HiveName::System, &key)? {
                let place = in_hive(HiveName::System, &key).to_string();
                found.push((place, format!("the service of `{name}` is not there")));
            }
        }
    }
    for database in draft
        .facts()
        .control_set_keys("Control\\CriticalDeviceDatabase")
    {
        for id in boot.device_ids() {
            let key = database.join(&key_name(id));
            if !draft.has_key(HiveName::System, &key)? {
                let place = in_hive(HiveName::System, &key).to_string();
                found.push((place, format!("a device of `{name}` is not there")));
            }
        }
    }
    Ok(found)
}
