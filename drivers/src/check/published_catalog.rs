//! `CatRoot`: the published copy of each signed package's catalog.

use wimwright_servicing::plan::Basis;
use wimwright_servicing::{Draft, FileTree as _};

use super::fault::Fix;
use super::store_catalog::place;
use super::{Check, DATABASE, Fault, Severity, Survey};
use crate::error::Error;
use crate::store::first_boot::published::same_content;
use crate::store::writer::files::DRIVER_CATALOGS;

pub(super) static CHECK: Check = Check {
    name: "published-catalog",
    severity: Severity::Error,
    description: "`CatRoot` holds the catalog of every signed package under its published name",
    effect: "the kernel takes the driver's files for unsigned, and does not load them",
    source: "driverstore 1, 11.1",
    generations: DATABASE,
    run,
};

const COPY: Basis = Basis::verified("driverstore 11.1");

fn run(draft: &Draft, survey: &Survey, found: &mut Vec<Fault>) -> Result<(), Error> {
    let folder = format!("System32\\CatRoot\\{DRIVER_CATALOGS}");
    let folder = draft.facts().windows.join(&folder)?;
    for name in survey.names() {
        let active = name.active.as_deref().unwrap_or_default();
        let Some(entry) = survey.package(name.node, active) else {
            continue;
        };
        let number = entry
            .stored
            .number()
            .filter(|_| entry.is_signed() && !entry.stored.inbox);
        let Some(number) = number else { continue };
        let of_name = survey.published_as(name.node, &name.name);
        if of_name
            .filter(|other| other.stored.original != entry.stored.original)
            .count()
            > 0
        {
            continue;
        }
        let own = place(entry);
        let own = match &own {
            Some(path) => draft.open(path)?.map(|blob| (path, blob)),
            None => None,
        };
        let wrong = match (survey.files.catalog(&number.catalog()), &own) {
            (None, _) => "is not there",
            (Some(path), Some((_, blob))) if !same_content(draft, path, blob.as_ref())? => {
                "is not the catalog of the package"
            }
            _ => continue,
        };
        let to = folder.join(&number.catalog())?;
        let fault = Fault::new(
            &CHECK,
            &to,
            format!("the published catalog of `{}` {wrong}", name.name),
        );
        found.push(match own {
            Some((from, _)) => {
                let does = format!("copy `{from}`");
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
