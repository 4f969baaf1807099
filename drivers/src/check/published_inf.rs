//! `Windows\INF`: the published copy of each package's INF.

use wimwright_servicing::plan::Basis;
use wimwright_servicing::{Draft, FileTree as _, Name};

use super::fault::Fix;
use super::{Check, DATABASE, Fault, Severity, Survey};
use crate::error::Error;
use crate::store::first_boot::published::same_content;

pub(super) static CHECK: Check = Check {
    name: "published-inf",
    severity: Severity::Error,
    description: "`Windows\\INF` holds the INF of every active package under its published name",
    effect: "Windows does not find the driver, or installs by another INF than the package's",
    source: "driverstore 2.14",
    generations: DATABASE,
    run,
};

const COPY: Basis = Basis::verified("driverstore 2.14");

fn run(draft: &Draft, survey: &Survey, found: &mut Vec<Fault>) -> Result<(), Error> {
    let folder = draft.facts().windows.join("INF")?;
    for name in survey.names() {
        let active = name.active.as_deref().unwrap_or_default();
        let Some(entry) = survey.package(name.node, active) else {
            continue;
        };
        // A name of several INFs is told of by itself.
        let of_name = survey.published_as(name.node, &name.name);
        if of_name
            .filter(|other| other.stored.original != entry.stored.original)
            .count()
            > 0
        {
            continue;
        }
        let Ok(file) = Name::new(&name.name) else {
            continue;
        };
        let to = folder.child(file);
        let wrong = match (survey.files.inf(&name.name), &entry.inf) {
            (None, _) => "is not there",
            (Some(path), Some(inf)) if !entry.stored.inbox => {
                let content = draft.open(inf)?;
                match content {
                    Some(content) if !same_content(draft, path, content.as_ref())? => {
                        "is not the INF of the package"
                    }
                    _ => continue,
                }
            }
            _ => continue,
        };
        let fault = Fault::new(&CHECK, &to, format!("the published INF {wrong}"));
        found.push(match &entry.inf {
            Some(from) => {
                let does = format!("copy `{from}`");
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
