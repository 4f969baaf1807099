//! Compiled INFs of Windows 2000, XP and 2003.

use wimwright_servicing::plan::{Basis, Change};
use wimwright_servicing::{Draft, Generation};

use super::fault::Fix;
use super::{Check, Fault, Severity, Survey};
use crate::error::Error;
use crate::store::published_name::OemNumber;

pub(super) static CHECK: Check = Check {
    name: "stale-pnf",
    severity: Severity::Note,
    description: "every compiled INF of a third party (`oemN.PNF`) has its INF",
    effect: "a driver that gets the number later may be taken for the one that is gone",
    source: "driverstore 3",
    generations: &[Generation::Nt5],
    run,
};

fn run(_: &Draft, survey: &Survey, found: &mut Vec<Fault>) -> Result<(), Error> {
    for (name, path) in &survey.files.infs {
        let Some(number) = OemNumber::parse(name, ".pnf") else {
            continue;
        };
        if survey.files.inf(&number.to_string()).is_some() {
            continue;
        }
        let fault = Fault::new(&CHECK, path, format!("there is no `{number}` any more"));
        let change = Change::Remove { path: path.clone() };
        let fix = Fix::Change(change, Basis::recalled("driverstore 3"));
        found.push(fault.repaired_by(
            "remove it: Windows compiles INFs when it needs them",
            vec![fix],
        ));
    }
    Ok(())
}
