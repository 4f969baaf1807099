//! The INF in each package's folder.

use wimwright_servicing::plan::Basis;
use wimwright_servicing::{Draft, Name};

use super::fault::Fix;
use super::{Check, DATABASE, Fault, Severity, Survey};
use crate::error::Error;

pub(super) static CHECK: Check = Check {
    name: "package-inf",
    severity: Severity::Error,
    description: "the folder of every package holds its INF",
    effect: "Windows cannot install the driver",
    source: "driverstore 2.4, 2.14",
    generations: DATABASE,
    run,
};

/// The published INF is a copy of it.
const COPY: Basis = Basis::verified("driverstore 2.14");

fn run(_: &Draft, survey: &Survey, found: &mut Vec<Fault>) -> Result<(), Error> {
    for entry in survey
        .packages()
        .filter(|entry| entry.has_folder && entry.inf.is_none())
    {
        let Some(folder) = &entry.folder else {
            continue;
        };
        let name = entry.stored.original.as_deref();
        let name = name.and_then(|name| Name::new(name).ok());
        let (Some(id), Some(name)) = (&entry.stored.id, name) else {
            continue;
        };
        let to = folder.child(name);
        let fault = Fault::new(&CHECK, &to, "the INF of the package is not there");
        // The name may stand for another package of this INF by now.
        let published = entry.stored.published.as_deref().unwrap_or_default();
        let active = survey.name(entry.stored.node, published);
        let active = active.is_some_and(|name| name.ids.len() < 2 && name.lists(id));
        found.push(match survey.files.inf(published).filter(|_| active) {
            Some(from) => {
                let does = format!("copy `{from}`, which was made from it");
                let fix = Fix::Copy {
                    from: from.clone(),
                    to,
                    basis: COPY,
                };
                fault.repaired_by(does, vec![fix])
            }
            None if !entry.stored.inbox => fault.added_again(entry.name()),
            None => fault.not_mended("copy it from an image of the same build"),
        });
    }
    Ok(())
}
