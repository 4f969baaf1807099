//! The services that the SYSTEM node gives to devices.

use std::collections::BTreeSet;

use wimwright_servicing::Draft;
use wimwright_servicing::registry::HiveName;

use super::fault::{Fix, Scope, in_hive};
use super::{Check, DATABASE, Fault, Severity, Survey};
use crate::error::Error;
use crate::store::node::Node;
use crate::stored::same;

pub(super) static CHECK: Check = Check {
    name: "configured-service",
    severity: Severity::Error,
    description: "the services that packages of the SYSTEM hive bring and give to devices are there",
    effect: "the kernel finds the device's driver and cannot start it; for a boot disk it stops with 0x7B",
    source: "driverstore 2.8, 5",
    generations: DATABASE,
    run,
};

/// Packages of the DRIVERS node get their services when a device shows up.
fn run(draft: &Draft, survey: &Survey, found: &mut Vec<Fault>) -> Result<(), Error> {
    let known: BTreeSet<String> = survey
        .services
        .iter()
        .map(|service| service.name.to_lowercase())
        .collect();
    let system = survey
        .packages()
        .filter(|entry| entry.stored.node == Node::System);
    for entry in system {
        let sections = entry.configurations.iter().flatten();
        let mut services: Vec<&String> = sections
            .filter_map(|(_, service)| service.as_ref())
            .collect();
        services.sort_unstable();
        services.dedup();
        for service in services {
            if known.contains(&service.to_lowercase()) {
                continue;
            }
            // One that the package's INF takes from another INF comes with the
            // device.
            let says = entry.says.as_ref();
            let own = says.is_some_and(|says| says.services.iter().any(|own| same(own, service)));
            if !own && !entry.stored.inbox {
                continue;
            }
            let below = format!("Services\\{service}");
            let Some(key) = draft.facts().control_set_keys(&below).into_iter().next() else {
                continue;
            };
            let place = in_hive(HiveName::System, &key);
            let message = format!(
                "`{}` gives devices this service, which is not there",
                entry.name()
            );
            let fault = Fault::new(&CHECK, place, message);
            found.push(match survey.rebuildable(entry) {
                Some(id) => {
                    let scope = Scope::Service(service.clone());
                    let does = "write it anew from the INF in the package's folder";
                    fault.repaired_by(does, vec![Fix::Rebuild { id, scope }])
                }
                None if !entry.stored.inbox => fault.added_again(entry.name()),
                None => fault.not_mended(
                    "this is a driver of Windows itself: restore the hive from a copy of the image",
                ),
            });
        }
    }
    Ok(())
}
