//! Whether a package has all that every package has.

use wimwright_servicing::Draft;

use super::fault::{Fix, Scope, in_hive};
use super::{Check, DATABASE, Fault, Severity, Survey};
use crate::error::Error;

pub(super) static CHECK: Check = Check {
    name: "whole-entry",
    severity: Severity::Warning,
    description: "a package has the values and keys that every package has",
    effect: "`pnputil` stops at it, and Windows cannot be upgraded to a later version",
    source: "driverstore 2.4, 2.16",
    generations: DATABASE,
    run,
};

fn run(_: &Draft, survey: &Survey, found: &mut Vec<Fault>) -> Result<(), Error> {
    for entry in survey.packages().filter(|entry| entry.has_key) {
        let mut missing: Vec<&str> = entry.missing_values.clone();
        let mut scopes = Vec::new();
        if !missing.is_empty() {
            scopes.push(Scope::Values(entry.key()));
        }
        // Of 620 packages of real images, each has both or none.
        let half = match (&entry.configurations, &entry.descriptors) {
            (Some(_), None) => Some("Descriptors"),
            (None, Some(_)) => Some("Configurations"),
            _ => None,
        };
        if let Some(half) = half {
            missing.push(half);
            for below in [half, "Strings"] {
                scopes.push(Scope::Key(entry.key().join(below)));
            }
        }
        if missing.is_empty() {
            continue;
        }
        let quoted: Vec<String> = missing.iter().map(|name| format!("`{name}`")).collect();
        let place = in_hive(entry.stored.node.hive(), &entry.key());
        let fault = Fault::new(&CHECK, place, format!("lacks {}", quoted.join(", ")));
        found.push(match survey.rebuildable(entry) {
            Some(id) => {
                let fixes = scopes.into_iter().map(|scope| Fix::Rebuild {
                    id: id.clone(),
                    scope,
                });
                let does = "write what is missing anew from the package in its folder";
                fault.repaired_by(does, fixes.collect())
            }
            None if !entry.stored.inbox => fault.added_again(entry.name()),
            None => fault.not_mended(
                "this is a driver of Windows itself: restore the hive from a copy of the image",
            ),
        });
    }
    Ok(())
}
