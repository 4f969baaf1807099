//! One published name for different INFs: what tools do that number blindly.

use std::collections::BTreeMap;

use wimwright_servicing::{Draft, FileTree as _};

use super::survey::PackageEntry;
use super::{Check, DATABASE, Fault, Severity, Survey};
use crate::error::Error;
use crate::store::first_boot::published::same_content;

pub(super) static CHECK: Check = Check {
    name: "shared-name",
    severity: Severity::Error,
    description: "a published name stands for packages of one INF, in one hive",
    effect: "Windows takes the files of one driver for those of another, and loads neither",
    source: "driverstore 2.2, 2.3, 10",
    generations: DATABASE,
    run,
};

fn run(draft: &Draft, survey: &Survey, found: &mut Vec<Fault>) -> Result<(), Error> {
    let mut by_name: BTreeMap<String, Vec<&PackageEntry>> = BTreeMap::new();
    for entry in survey.packages() {
        if let Some(name) = &entry.stored.published {
            by_name.entry(name.to_lowercase()).or_default().push(entry);
        }
    }
    for (name, entries) in by_name {
        let Some(first) = entries.first() else {
            continue;
        };
        let original =
            |entry: &PackageEntry| entry.stored.original.clone().map(|inf| inf.to_lowercase());
        let one_inf = entries
            .iter()
            .all(|entry| original(entry) == original(first));
        let one_node = entries
            .iter()
            .all(|entry| entry.stored.node == first.stored.node);
        if one_inf && one_node {
            continue;
        }
        let ids: Vec<String> = entries
            .iter()
            .filter_map(|entry| entry.stored.id.clone())
            .collect();
        let place = format!("DriverDatabase\\DriverInfFiles\\{name}");
        let message = match one_inf {
            false => format!("`{name}` stands for different drivers: {}", quoted(&ids)),
            true => format!("`{name}` stands in both SYSTEM and DRIVERS"),
        };
        let fault = Fault::new(&CHECK, place, message);
        let wrong = other_than_published(draft, survey, &name, &entries)?;
        found.push(match wrong {
            Some(id) => fault.mended_by(
                &["drivers", "remove", "IMAGE", &id],
                "the INF under that name is not its INF; then add its package again, which gives \
                 it a name of its own",
            ),
            None => fault.not_mended(format!(
                "which of them the name belongs to cannot be told: remove one by its id (`drivers \
                 remove IMAGE {}`), and add its package again",
                ids.last().map_or("", String::as_str)
            )),
        });
    }
    Ok(())
}

/// The only package whose INF is not the one that is published.
fn other_than_published(
    draft: &Draft,
    survey: &Survey,
    name: &str,
    entries: &[&PackageEntry],
) -> Result<Option<String>, Error> {
    let Some(path) = survey.files.inf(name) else {
        return Ok(None);
    };
    let Some(published) = draft.open(path)? else {
        return Ok(None);
    };
    let (mut right, mut wrong) = (0, Vec::new());
    for entry in entries {
        let its = match &entry.inf {
            Some(inf) => same_content(draft, inf, published.as_ref())?,
            None => false,
        };
        match its {
            true => right += 1,
            false => wrong.extend(entry.stored.id.clone()),
        }
    }
    Ok(match (right, wrong.len()) {
        (1, 1) => wrong.pop(),
        _ => None,
    })
}

fn quoted(ids: &[String]) -> String {
    let quoted: Vec<String> = ids.iter().map(|id| format!("`{id}`")).collect();
    quoted.join(", ")
}
