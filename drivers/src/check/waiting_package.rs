//! Packages of ours that wait for the first boot: each is whole.

use wimwright_servicing::Draft;

use super::survey::Waiting;
use super::{Check, FIRST_BOOT, Fault, Severity, Survey};
use crate::add::read;
use crate::add::refusal::Stop;
use crate::error::Error;
use crate::store::first_boot::{pending, text_setup};

pub(super) static CHECK: Check = Check {
    name: "waiting-package",
    severity: Severity::Error,
    description: "a package that waits for the first boot is whole",
    effect: "the first boot does not install the driver",
    source: "driverstore 11.3, 11.4",
    generations: FIRST_BOOT,
    run,
};

fn run(draft: &Draft, survey: &Survey, found: &mut Vec<Fault>) -> Result<(), Error> {
    for waiting in survey.waiting.iter().filter(|waiting| waiting.ours) {
        for inf in &waiting.pending.packages {
            let Some(reason) = unfit(draft, waiting, inf)? else {
                continue;
            };
            let place = waiting.pending.path.join(inf)?;
            let fault = Fault::new(&CHECK, place, reason);
            found.push(fault.added_again(&waiting.pending.public_name()));
        }
    }
    Ok(())
}

/// Why a package is none for this image; `None` where it is one.
fn unfit(draft: &Draft, waiting: &Waiting, inf: &str) -> Result<Option<String>, Error> {
    if inf.eq_ignore_ascii_case(text_setup::FILE_NAME) {
        let chosen = text_setup::of_pending(draft, &waiting.pending)?;
        let unfit = || "text mode setup cannot use it".to_owned();
        return Ok(chosen.is_none().then(unfit));
    }
    let package = pending::package(draft, &waiting.pending, inf)?;
    match read::read(draft, &package) {
        Ok(_) => Ok(None),
        Err(Stop::Refused(refusal)) => Ok(Some(refusal.chain())),
        Err(Stop::Failed(error)) => Err(error),
    }
}
