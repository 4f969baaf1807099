//! Published files that no package goes by.

use std::collections::BTreeMap;

use wimwright_servicing::Draft;

use super::survey::knows_all;
use super::{Check, DATABASE, Fault, Severity, Survey};
use crate::error::Error;

pub(super) static CHECK: Check = Check {
    name: "orphan-published",
    severity: Severity::Note,
    description: "every `oemN.inf` and `oemN.cat` is that of a package",
    effect: "the number is not used again, and Windows may offer the INF to devices",
    source: "driverstore 2.2",
    generations: DATABASE,
    run,
};

fn run(draft: &Draft, survey: &Survey, found: &mut Vec<Fault>) -> Result<(), Error> {
    if !knows_all(draft, survey) {
        return Ok(());
    }
    let known = survey.numbers();
    let mut files: BTreeMap<_, Vec<_>> = BTreeMap::new();
    let all = survey
        .files
        .published()
        .chain(survey.files.published_catalogs());
    for (number, path) in all.filter(|(number, _)| !known.contains(number)) {
        files.entry(number).or_default().push(path);
    }
    for (number, paths) in files {
        let Some(path) = paths.first() else { continue };
        let fault = Fault::new(&CHECK, path, format!("no package goes by `{number}`"));
        found.push(fault.mended_by(&["drivers", "remove", "IMAGE", &number.to_string()], ""));
    }
    Ok(())
}
