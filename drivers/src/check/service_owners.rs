//! `Owners`: the INFs that a service belongs to.

use wimwright_servicing::Draft;
use wimwright_servicing::plan::{Basis, Change};
use wimwright_servicing::registry::{HiveName, RegData};

use super::fault::{Fix, in_hive};
use super::survey::ServiceEntry;
use super::{Check, DATABASE, Fault, Severity, Survey};
use crate::error::Error;
use crate::store::published_name::OemNumber;
use crate::stored::same;

pub(super) static CHECK: Check = Check {
    name: "service-owners",
    severity: Severity::Warning,
    description: "the INFs that a service says it belongs to are there",
    effect: "the service stays in the image for ever, whichever drivers are removed",
    source: "driverstore 2.12",
    generations: DATABASE,
    run,
};

const OWNERS: Basis = Basis::inferred("driverstore 2.12");

fn run(draft: &Draft, survey: &Survey, found: &mut Vec<Fault>) -> Result<(), Error> {
    for service in &survey.services {
        let there = |owner: &&String| {
            survey.files.inf(owner).is_some()
                || survey.names.iter().any(|name| same(&name.name, owner))
                || survey
                    .packages
                    .iter()
                    .any(|entry| entry.stored.is_published_as(owner))
        };
        let missing: Vec<&String> = service
            .owners
            .iter()
            .filter(|owner| !there(owner))
            .collect();
        let (third, own): (Vec<&String>, Vec<&String>) = missing
            .into_iter()
            .partition(|owner| OemNumber::parse(owner, ".inf").is_some());
        if !third.is_empty() {
            let fault = fault(service, &third);
            found.push(match survey.both_nodes {
                true => {
                    let fix = without(draft, service, &third)?;
                    fault.repaired_by("take that out of its list of owners", fix)
                }
                false => fault.not_mended("restore the hive DRIVERS first, which may know them"),
            });
        }
        if !own.is_empty() {
            found.push(fault(service, &own).not_mended(
                "these are INFs of Windows itself: copy them from an image of the same build",
            ));
        }
    }
    Ok(())
}

fn fault(service: &ServiceEntry, missing: &[&String]) -> Fault {
    let names: Vec<String> = missing.iter().map(|owner| format!("`{owner}`")).collect();
    let place = in_hive(HiveName::System, &service.key);
    let message = format!(
        "belongs to {}, which the image does not have",
        names.join(", ")
    );
    Fault::new(&CHECK, place, message)
}

/// The list without them; Windows' own notes stay.
fn without(draft: &Draft, service: &ServiceEntry, gone: &[&String]) -> Result<Vec<Fix>, Error> {
    let owners = draft.value(HiveName::System, &service.key, "Owners")?;
    let mut owners = owners.and_then(|data| data.as_texts()).unwrap_or_default();
    owners.retain(|owner| !gone.iter().any(|gone| same(gone, owner)));
    let (hive, key) = (HiveName::System, service.key.clone());
    let name = "Owners".into();
    let change = match owners.is_empty() {
        true => Change::DeleteValue { hive, key, name },
        false => Change::SetValue {
            hive,
            key,
            name,
            data: RegData::multi_sz(&owners),
        },
    };
    Ok(vec![Fix::Change(change, OWNERS)])
}
