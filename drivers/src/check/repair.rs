//! Plans what mends the faults of a driver store.
//!
//! One mend makes another possible (an INF that is back in its folder says
//! which ids are missing), so it goes in rounds: look, plan, look again, until
//! nothing is left that can be mended.

use std::collections::{BTreeMap, BTreeSet};

use wimwright_servicing::plan::{Basis, Change, Content};
use wimwright_servicing::registry::{HiveName, RegData};
use wimwright_servicing::{Blob, Draft, FileTree as _, Generation, ImagePath, TreeError, read_all};

use super::fault::{Fix, Mend, Scope};
use super::rebuild;
use super::{Fault, check};
use crate::add::refusal::Stop;
use crate::error::Error;
use crate::remove::{RemoveOptions, RemoveOutcome, delete_id, free_number, remove};
use crate::store::first_boot::boot::Boot;
use crate::store::first_boot::content;
use crate::store::first_boot::folder::Folder;
use crate::store::first_boot::{catalog, device_path, pending, startnet};
use crate::store::node::Node;
use crate::store::published_name::with_number;
use crate::store::writer::update_date;
use crate::stored::{Stored, all};

/// How faults are mended.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct RepairOptions {
    /// Remove packages of third parties of which the image has nothing but
    /// entries.
    pub remove_lost: bool,
}

/// What became of the faults of an image.
#[derive(Clone, Debug, Default)]
pub struct Repair {
    /// Those that the planned changes mend.
    pub mended: Vec<Fault>,
    /// Those that are left.
    pub left: Vec<Fault>,
}

/// More rounds than mends can need each other.
const MAX_ROUNDS: usize = 8;
/// The largest file that is carried in a plan.
const MAX_INLINE: u64 = 256 * 1024 * 1024;

const MAP: Basis = Basis::verified("driverstore 2.2");

/// Plans the mends of every fault that can be mended from what the image holds.
/// A second repair plans nothing.
///
/// # Errors
/// [`Error`] when the image cannot be read, or a change not be planned; the
/// draft is then as it was.
pub fn repair(draft: &mut Draft, options: &RepairOptions) -> Result<Repair, Error> {
    draft.operation("drivers check --repair", |draft| {
        let start = draft.mark();
        let mut done = Repair::default();
        let mut refused: BTreeMap<String, String> = BTreeMap::new();
        for round in 0.. {
            done.left = check(draft)?;
            if round == MAX_ROUNDS {
                break;
            }
            let mark = draft.mark();
            let repairable = done.left.iter().filter(|fault| fault.is_repairable());
            let mut tried: Vec<Fault> = repairable.cloned().collect();
            apply_all(draft, tried.iter().flat_map(|fault| fault.fixes.clone()))?;
            if !draft.writes_since(&mark) && options.remove_lost {
                tried = take_out_lost(draft, &done.left, &mut refused)?;
            }
            if !draft.writes_since(&mark) {
                break;
            }
            tried.retain(|fault| !done.mended.contains(fault));
            done.mended.extend(tried);
        }
        // What was tried and is still there was not mended.
        done.mended.retain(|fault| !done.left.contains(fault));
        for fault in &mut done.left {
            if let Some(reason) = fault.lost.as_ref().and_then(|name| refused.get(name)) {
                fault.mend = Mend::Manual(format!("not removed: {reason}"));
            }
        }
        if draft.writes_since(&start) && draft.facts().generation == Generation::DriverDatabase {
            update_date(draft)?;
        }
        Ok(done)
    })
}

/// Takes out the packages of which nothing is left but entries.
fn take_out_lost(
    draft: &mut Draft,
    faults: &[Fault],
    refused: &mut BTreeMap<String, String>,
) -> Result<Vec<Fault>, Error> {
    let names: BTreeSet<&String> = faults
        .iter()
        .filter_map(|fault| fault.lost.as_ref())
        .collect();
    for name in names {
        for result in remove(draft, std::slice::from_ref(name), &RemoveOptions::default())? {
            if let (RemoveOutcome::Refused, Some(reason)) = (result.outcome, result.reason) {
                refused.insert(name.clone(), reason);
            }
        }
    }
    let lost = |fault: &&Fault| {
        let name = fault.lost.as_ref();
        name.is_some_and(|name| !refused.contains_key(name))
    };
    Ok(faults.iter().filter(lost).cloned().collect())
}

fn apply_all(draft: &mut Draft, fixes: impl Iterator<Item = Fix>) -> Result<(), Error> {
    let mut rebuilt: BTreeMap<String, Vec<Scope>> = BTreeMap::new();
    for fix in fixes {
        match fix {
            Fix::Rebuild { id, scope } => {
                let scopes = rebuilt.entry(id).or_default();
                if !scopes.contains(&scope) {
                    scopes.push(scope);
                }
            }
            other => apply(draft, other)?,
        }
    }
    for (id, scopes) in rebuilt {
        let stored = all(draft)?.into_iter().find(|stored| stored.has_id(&id));
        if let Some(stored) = stored {
            write_missing(draft, &stored, &scopes)?;
        }
    }
    Ok(())
}

fn write_missing(draft: &mut Draft, stored: &Stored, scopes: &[Scope]) -> Result<(), Error> {
    let missing = rebuild::missing(draft, stored, scopes)?;
    for (change, basis) in missing.changes {
        let _ = draft.plan_change(change, &basis)?;
    }
    for (path, blob, basis) in missing.files {
        put(draft, &path, blob.as_ref(), &basis)?;
    }
    Ok(())
}

fn apply(draft: &mut Draft, fix: Fix) -> Result<(), Error> {
    match fix {
        Fix::Change(
            Change::SetValue {
                hive,
                key,
                name,
                data,
            },
            basis,
        ) => {
            let _ = draft.set_value(hive, &key, &name.to_string(), data, &basis)?;
        }
        Fix::Change(change, basis) => {
            let _ = draft.plan_change(change, &basis)?;
        }
        Fix::Copy { from, to, basis } => {
            if let Some(blob) = draft.open(&from)? {
                put(draft, &to, blob.as_ref(), &basis)?;
            }
        }
        Fix::Unindex {
            node,
            key,
            published,
        } => delete_id(draft, node, &key, &published)?,
        Fix::TakeNumber(number) => {
            let (hive, root) = (HiveName::System, Node::System.root());
            let map = draft.value(&hive, &root, "OemInfMap")?;
            let map = map.map(|data| data.bytes).unwrap_or_default();
            let data = RegData::binary(with_number(&map, number));
            let _ = draft.set_value(hive, &root, "OemInfMap", data, &MAP)?;
        }
        Fix::FreeNumber(number) => free_number(draft, number)?,
        Fix::Restore { folder, inf } => restore(draft, &folder, &inf)?,
        Fix::Unlist { directory } => device_path::remove(draft, &directory)?,
        Fix::Unload { directory, inf } => startnet::remove(draft, &directory, &inf)?,
        // Collected, and done for each package at once.
        Fix::Rebuild { .. } => {}
    }
    Ok(())
}

fn put(draft: &mut Draft, path: &ImagePath, blob: &dyn Blob, basis: &Basis) -> Result<(), Error> {
    let bytes = read_all(blob, MAX_INLINE).map_err(|error| TreeError::new(path, error))?;
    let change = Change::PutFile {
        path: path.clone(),
        content: Content::Inline(bytes),
    };
    let _ = draft.plan_change(change, basis)?;
    Ok(())
}

/// Puts in place what a waiting package needs and does not have.
fn restore(draft: &mut Draft, folder: &ImagePath, inf: &str) -> Result<(), Error> {
    let Some(waiting) = pending::all(draft)?
        .into_iter()
        .find(|one| one.path == *folder)
    else {
        return Ok(());
    };
    let Some((package, read)) = pending::read(draft, &waiting, inf)? else {
        return Ok(());
    };
    let own = Folder::new(draft, &waiting.name)?;
    let restored = draft.attempt(|draft| -> Result<(), Stop> {
        let from = content::Content::Image;
        if own.path() == folder {
            if let Some(found) = &read.catalog {
                catalog::install(draft, &own, found, &from)?;
            }
            match draft.facts().windows_pe {
                true => startnet::add(draft, &waiting.variable_path, &package.inf_name())?,
                false => device_path::add(draft, &waiting.variable_path)?,
            }
        }
        Boot::of(&read).write(draft, &read, &from, true)
    });
    match restored {
        // A package that is refused is named by its own check.
        Ok(()) | Err(Stop::Refused(_)) => Ok(()),
        Err(Stop::Failed(error)) => Err(error),
    }
}
