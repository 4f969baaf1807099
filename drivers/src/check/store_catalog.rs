//! The catalog in the folder of each signed package.

use wimwright_servicing::plan::Basis;
use wimwright_servicing::{Draft, FileTree as _, ImagePath};

use super::fault::Fix;
use super::survey::PackageEntry;
use super::{Check, DATABASE, Fault, Severity, Survey};
use crate::error::Error;

pub(super) static CHECK: Check = Check {
    name: "store-catalog",
    severity: Severity::Error,
    description: "the folder of a signed package holds its catalog",
    effect: "Windows takes the driver for unsigned, and does not install it",
    source: "driverstore 2.4, 11.1",
    generations: DATABASE,
    run,
};

const COPY: Basis = Basis::verified("driverstore 11.1");

/// Where the catalog of a signed third party's package must lie.
pub(super) fn place(entry: &PackageEntry) -> Option<ImagePath> {
    let named = entry.says.as_ref().and_then(|says| says.catalog.as_ref());
    let name = named.or(entry.catalog.as_ref())?;
    let folder = entry.folder.as_ref()?;
    entry.is_signed().then(|| folder.join(name).ok()).flatten()
}

fn run(draft: &Draft, survey: &Survey, found: &mut Vec<Fault>) -> Result<(), Error> {
    for entry in survey.third_party().filter(|entry| entry.has_folder) {
        let Some(to) = place(entry) else { continue };
        if draft.has_file(&to)? {
            continue;
        }
        let fault = Fault::new(&CHECK, &to, "the catalog of the package is not there");
        let number = entry.stored.number();
        let published = number.and_then(|number| survey.files.catalog(&number.catalog()));
        found.push(match published {
            Some(from) => {
                let does = format!("copy `{from}`, which was made from it");
                let fix = Fix::Copy {
                    from: from.clone(),
                    to,
                    basis: COPY,
                };
                fault.repaired_by(does, vec![fix])
            }
            None => fault.added_again(entry.name()),
        });
    }
    Ok(())
}
