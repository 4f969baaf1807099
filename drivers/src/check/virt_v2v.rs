//! The partial packages with which virt-v2v makes a converted machine boot.
//!
//! It registers a driver under an INF that does not exist (`guestor.inf`), so
//! that the kernel finds it (driverstore 2.16). Windows boots, and its own
//! tools stop at the entry. A real package for the same devices makes it
//! superfluous.

use wimwright_servicing::Draft;
use wimwright_servicing::plan::{Basis, Change};

use super::fault::{Fix, in_hive};
use super::survey::PackageEntry;
use super::{Check, DATABASE, Fault, Severity, Survey};
use crate::error::Error;
use crate::stored::same;

pub(super) static CHECK: Check = Check {
    name: "virt-v2v-leftover",
    severity: Severity::Warning,
    description: "there are no partial packages as virt-v2v writes them",
    effect: "`pnputil /enum-drivers` fails, and Windows cannot be upgraded to a later version",
    source: "driverstore 2.16",
    generations: DATABASE,
    run,
};

const CURE: Basis = Basis::stated("driverstore 2.16");

fn run(_: &Draft, survey: &Survey, found: &mut Vec<Fault>) -> Result<(), Error> {
    for entry in survey.packages.iter().filter(|entry| entry.is_virt_v2vs()) {
        let node = entry.stored.node;
        let name = entry.stored.published.clone().unwrap_or_default();
        let place = in_hive(node.hive(), &entry.key());
        let fault = Fault::new(
            &CHECK,
            place,
            format!("a driver is registered as `{name}`, of which there is no INF and no folder"),
        );
        let bare = uncovered(survey, entry, &name);
        found.push(match bare.as_slice() {
            [] => fault.repaired_by(
                "delete the entries: another package serves the same devices",
                fixes(survey, entry, &name),
            ),
            [first, ..] => fault.mended_by(
                &["drivers", "add", "IMAGE", "PACKAGE"],
                format!(
                    "with the folder of the real driver for `{first}` as PACKAGE; then `drivers \
                     check IMAGE --repair` takes these entries out; before, the machine may need \
                     them to boot"
                ),
            ),
        });
    }
    Ok(())
}

/// The ids that no other package of the node serves.
fn uncovered(survey: &Survey, entry: &PackageEntry, name: &str) -> Vec<String> {
    let node = entry.stored.node;
    // Several of its packages go by one name where it was used more than once.
    let packages = survey.published_as(node, name).chain([entry]);
    let described = packages.flat_map(|entry| entry.descriptors.iter().flatten());
    let described = described.map(|(id, _)| id.clone());
    let listed = survey.indexed_as(node, name);
    let listed = listed.filter(|found| found.class.is_none());
    let mut ids: Vec<String> = listed.map(|found| found.id.clone()).collect();
    ids.extend(described);
    let served = |id: &String| {
        let of_id = survey.index.iter();
        let mut of_id = of_id.filter(|found| found.node == node && same(&found.id, id));
        of_id.any(|found| {
            let mut packages = survey.published_as(node, &found.published);
            packages.any(|other| other.inf.is_some() && !other.is_virt_v2vs())
        })
    };
    ids.retain(|id| !served(id));
    ids
}

fn fixes(survey: &Survey, entry: &PackageEntry, name: &str) -> Vec<Fix> {
    let node = entry.stored.node;
    let mut fixes = Vec::new();
    let mut delete = |key| {
        let hive = node.hive();
        fixes.push(Fix::Change(Change::DeleteKey { hive, key }, CURE));
    };
    if entry.has_key {
        delete(entry.key());
    }
    if survey.name(node, name).is_some() {
        delete(node.inf_file(name));
    }
    for found in survey.indexed_as(node, name) {
        fixes.push(Fix::Unindex {
            node,
            key: found.key.clone(),
            published: found.published.clone(),
        });
    }
    fixes
}
