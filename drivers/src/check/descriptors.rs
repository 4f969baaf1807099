//! `Descriptors`: what a package says of each id.
//!
//! Windows describes fewer ids than it indexes (1 of 12 of a package of
//! Intel's in 10 1709, and one more in 10 2004), so an id without a
//! description is a fault only of packages that this program added: it
//! describes all, or none.

use wimwright_servicing::Draft;

use super::fault::{Fix, Scope, in_hive};
use super::{Check, DATABASE, Fault, Severity, Survey};
use crate::error::Error;
use crate::stored::same;

pub(super) static CHECK: Check = Check {
    name: "descriptors",
    severity: Severity::Error,
    description: "a package that this program added describes every id that it serves",
    effect: "the kernel does not know what to do with the device at boot",
    source: "driverstore 2.9",
    generations: DATABASE,
    run,
};

/// Whether `add` filled in where a package came from: it names the folder
/// alone, and Windows a path with a drive.
fn is_ours(oem_path: &str) -> bool {
    !oem_path.is_empty() && !oem_path.contains([':', '\\'])
}

fn run(_: &Draft, survey: &Survey, found: &mut Vec<Fault>) -> Result<(), Error> {
    for entry in survey.third_party() {
        let path = entry.oem_path.as_deref().unwrap_or_default();
        let (Some(says), Some(described), true) = (&entry.says, &entry.descriptors, is_ours(path))
        else {
            continue;
        };
        let missing = says
            .ids
            .values()
            .filter(|(id, _)| !described.iter().any(|(known, _)| same(known, id)));
        for (id, _) in missing {
            let key = entry.key().join("Descriptors").join(id);
            let place = in_hive(entry.stored.node.hive(), &key);
            let fault = Fault::new(&CHECK, place, format!("`{id}` is not described"));
            found.push(match survey.rebuildable(entry) {
                Some(id) => {
                    let keys = [key, entry.key().join("Strings")];
                    let fixes = keys.map(|key| Fix::Rebuild {
                        id: id.clone(),
                        scope: Scope::Key(key),
                    });
                    fault.repaired_by("write it anew from the INF", fixes.to_vec())
                }
                None => fault.added_again(entry.name()),
            });
        }
    }
    Ok(())
}
