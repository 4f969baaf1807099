//! One package under two published names.

use std::collections::BTreeMap;

use wimwright_servicing::{ContentId, Draft, FileTree as _, TreeError};

use super::survey::PackageEntry;
use super::{Check, DATABASE, Fault, Severity, Survey};
use crate::error::Error;

pub(super) static CHECK: Check = Check {
    name: "same-package",
    severity: Severity::Warning,
    description: "no package is in the store twice",
    effect: "Windows has the same driver twice to choose from, and removing one leaves the other",
    source: "driverstore 2.2, 6",
    generations: DATABASE,
    run,
};

fn run(draft: &Draft, survey: &Survey, found: &mut Vec<Fault>) -> Result<(), Error> {
    let mut by_inf: BTreeMap<(String, String), Vec<&PackageEntry>> = BTreeMap::new();
    for entry in survey.third_party().filter(|entry| entry.has_key) {
        let (Some(inf), Some(original)) = (&entry.inf, &entry.stored.original) else {
            continue;
        };
        if let Some(blob) = draft.open(inf)? {
            let id = ContentId::of_blob(blob.as_ref());
            let id = id.map_err(|error| TreeError::new(inf, error))?;
            let inf = (original.to_lowercase(), id.to_string());
            by_inf.entry(inf).or_default().push(entry);
        }
    }
    for mut entries in by_inf.into_values() {
        entries.sort_by_key(|entry| entry.stored.number());
        let Some((first, others)) = entries.split_first() else {
            continue;
        };
        for other in others {
            let (Some(id), Some(folder)) = (&other.stored.id, &other.folder) else {
                continue;
            };
            if other.stored.published == first.stored.published {
                continue;
            }
            let message = format!(
                "`{}` is the same package as `{}`",
                other.name(),
                first.name()
            );
            let fault = Fault::new(&CHECK, folder, message);
            found.push(fault.mended_by(
                &["drivers", "remove", "IMAGE", id],
                format!("`{}` stays", first.name()),
            ));
        }
    }
    Ok(())
}
