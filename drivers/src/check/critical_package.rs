//! The critical device database: the packages that it names.

use std::collections::BTreeMap;

use wimwright_servicing::registry::HiveName;
use wimwright_servicing::{Draft, Generation};

use super::{Check, Fault, Severity, Survey};
use crate::error::Error;

pub(super) static CHECK: Check = Check {
    name: "critical-package",
    severity: Severity::Warning,
    description: "the packages that the critical device database names are in the driver store",
    effect: "the device works at boot, and Windows cannot install its driver completely",
    source: "driverstore 4",
    generations: &[Generation::Nt6],
    run,
};

fn run(draft: &Draft, survey: &Survey, found: &mut Vec<Fault>) -> Result<(), Error> {
    let mut missing: BTreeMap<String, usize> = BTreeMap::new();
    let hive = HiveName::System;
    for database in draft
        .facts()
        .control_set_keys("Control\\CriticalDeviceDatabase")
    {
        for id in draft.subkeys(&hive, &database)? {
            let package = draft.value(&hive, &database.join(&id), "DriverPackageId")?;
            let package = package.and_then(|data| data.as_text()).unwrap_or_default();
            if !package.is_empty() && !survey.files.folders.contains_key(&package.to_lowercase()) {
                *missing.entry(package).or_default() += 1;
            }
        }
    }
    let store = draft
        .facts()
        .windows
        .join("System32\\DriverStore\\FileRepository")?;
    for (package, ids) in missing {
        let message = match ids {
            1 => "is not there, and 1 device id names it".to_owned(),
            ids => format!("is not there, and {ids} device ids name it"),
        };
        let fault = Fault::new(&CHECK, format!("{store}\\{package}"), message);
        found.push(fault.not_mended("copy the folder from an image of the same build"));
    }
    Ok(())
}
